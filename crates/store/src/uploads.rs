//! Photos that were brought and that no case names yet: who brought each, and until when it may be named.
//!
//! A row stands from the moment its files are kept until a report or a step takes it, or its time is over. It is taken
//! in the transaction that names the photo, once: so nobody names a photo by anything but what its upload gave them,
//! and a file whose row is gone and that no case holds can be deleted without a lock. No row outlives its hours.

use crate::StoreError;
use async_trait::async_trait;
use gewu_domain::ids::Digest;
use jiff::Timestamp;

/// One photo that waits to be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadRow {
    /// Digest of the token that uploading it gave.
    pub token: Digest,
    /// SHA-256 of the file as kept. Each upload has files of its own.
    pub digest: Digest,
    pub thumbnail: Digest,
    pub bytes: u64,
    pub width: u32,
    pub height: u32,
    /// SHA-256 of the bytes as they were sent.
    pub sent: Digest,
    /// Who brought it: a person, an API client, the holder of a receipt; `None` for a stranger, who has only the token.
    pub holder: Option<String>,
    /// May not be named from then on.
    pub ends_at: Timestamp,
}

#[async_trait]
pub trait Uploads {
    /// By the digest of its token; until it is taken or swept.
    async fn upload(&self, token: Digest) -> Result<Option<UploadRow>, StoreError>;
}
