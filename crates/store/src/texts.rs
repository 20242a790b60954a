//! Words, kept apart from the record so that they can be erased; the record holds their digests.

use crate::StoreError;
use async_trait::async_trait;
use gewu_domain::ids::{CaseId, Digest};
use jiff::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextRow {
    pub case: CaseId,
    /// `record::text_digest(salt, body)`.
    pub digest: Digest,
    pub salt: [u8; 16],
    pub body: String,
    pub by: Giver,
    pub written_at: Timestamp,
}

/// Who gave something to a case: what a reporter gave goes when they ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Giver {
    Reporter,
    Staff,
}

impl Giver {
    pub fn code(self) -> &'static str {
        match self {
            Giver::Reporter => "reporter",
            Giver::Staff => "staff",
        }
    }

    pub fn from_code(code: &str) -> Option<Giver> {
        match code {
            "reporter" => Some(Giver::Reporter),
            "staff" => Some(Giver::Staff),
            _ => None,
        }
    }
}

#[async_trait]
pub trait Texts {
    /// All words of a case that have not been erased, oldest first, then by digest.
    async fn texts(&self, case: CaseId) -> Result<Vec<TextRow>, StoreError>;
}
