//! Idempotency keys: the same request again gets the same answer and does nothing.

use crate::StoreError;
use async_trait::async_trait;
use gewu_domain::ids::Digest;
use jiff::Timestamp;

/// A key with what was asked under it and what was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Scoped by the caller, e.g. `person_…:key`, so that two people's keys never meet.
    pub key: String,
    /// Digest of the request, to tell a repetition from a mistake.
    pub request: Digest,
    /// What to answer again, as JSON.
    pub body: String,
    pub at: Timestamp,
}

#[async_trait]
pub trait Idempotencies {
    async fn answer(&self, key: &str) -> Result<Option<Answer>, StoreError>;
}
