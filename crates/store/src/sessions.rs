//! Signed-in browsers, and browsers that somebody has signed in with before.

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
    /// A few words for the person who looks for their own, e.g. `Firefox · Windows`; empty when not known.
    pub device: String,
}

/// A browser that somebody signed in with: failures of strangers do not hinder it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRow {
    pub person: PersonId,
    /// SHA-256 of the cookie's secret.
    pub secret: Digest,
    pub ends_at: Timestamp,
}

#[async_trait]
pub trait Sessions {
    async fn session(&self, secret: Digest) -> Result<Option<SessionRow>, StoreError>;

    /// All of a person's, newest first.
    async fn sessions_of(&self, person: PersonId) -> Result<Vec<SessionRow>, StoreError>;

    /// Also one whose time is over.
    async fn device(&self, person: PersonId, secret: Digest) -> Result<Option<DeviceRow>, StoreError>;
}
