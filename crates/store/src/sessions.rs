//! Signed-in browsers.

use crate::StoreError;
use async_trait::async_trait;
use gewu_domain::ids::{Digest, PersonId, PostId, SessionId};
use jiff::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    pub id: SessionId,
    /// SHA-256 of the cookie's secret; the secret itself is never stored.
    pub secret: Digest,
    pub person: PersonId,
    /// The post the person acts in at the moment.
    pub post: Option<PostId>,
    pub started_at: Timestamp,
    pub seen_at: Timestamp,
}

#[async_trait]
pub trait Sessions {
    async fn session(&self, secret: Digest) -> Result<Option<SessionRow>, StoreError>;
}
