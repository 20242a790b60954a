//! The keys a record was written with, as digests: a key file that belongs to another record is known by them.

use gewu_domain::ids::Digest;
use jiff::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// What it is for: `seal` or `lookup`.
    pub purpose: String,
    /// Keys of one purpose are told apart by it.
    pub number: u16,
    /// What tells this key from another and says nothing of it.
    pub digest: Digest,
    pub noted_at: Timestamp,
}
