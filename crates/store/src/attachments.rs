//! Photos of a case: rows here, content-addressed files in `gewu-blobs`.

use crate::{StoreError, texts::Giver};
use async_trait::async_trait;
use gewu_domain::ids::{CaseId, Digest};
use jiff::Timestamp;

/// One photo of one case. Written again, it stays as it was first given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachmentRow {
    pub case: CaseId,
    /// SHA-256 of the file as kept (re-encoded, without metadata).
    pub digest: Digest,
    /// SHA-256 of its thumbnail.
    pub thumbnail: Digest,
    pub media_type: String,
    pub bytes: u64,
    pub width: u32,
    pub height: u32,
    pub by: Giver,
    pub given_at: Timestamp,
}

#[async_trait]
pub trait Attachments {
    /// Oldest first, then by digest.
    async fn attachments(&self, case: CaseId) -> Result<Vec<AttachmentRow>, StoreError>;

    /// When the reporter of this case had taken out what they gave, last; `None` if they never did.
    async fn erased_at(&self, case: CaseId) -> Result<Option<Timestamp>, StoreError>;
}
