//! What must go out, written in the same transaction as the facts and sent afterwards.

use gewu_domain::ids::CaseId;
use jiff::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// Time-ordered and unique, minted by `app`.
    pub id: u128,
    pub case: Option<CaseId>,
    /// What it is, e.g. `case.changed`.
    pub topic: String,
    /// JSON. Never personal data: the sender looks that up when it sends.
    pub body: String,
    pub at: Timestamp,
}
