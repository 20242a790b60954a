//! Facts: appended with their case (see `cases::CaseWrite`), read in order.

use crate::{Listing, Page, StoreError};
use async_trait::async_trait;
use gewu_domain::ids::{CaseId, Digest};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A fact as stored: the exact bytes that were hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactRow {
    pub case: CaseId,
    pub seq: u32,
    /// When it happened.
    pub at: Timestamp,
    pub recorded_at: Timestamp,
    pub body: String,
    pub hash: Digest,
}

/// Order of the whole record of a region: by case, then position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactKey {
    pub case: CaseId,
    pub seq: u32,
}

/// Order of what was written down: by time, then case and position. What roots walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeKey {
    pub recorded_at: Timestamp,
    pub case: CaseId,
    pub seq: u32,
}

#[async_trait]
pub trait Facts {
    /// All facts of a case, in order.
    async fn facts(&self, case: CaseId) -> Result<Vec<FactRow>, StoreError>;

    /// The whole region's record, by case and position, for verifying.
    async fn record(&self, page: &Page<FactKey>) -> Result<Listing<FactRow, FactKey>, StoreError>;

    /// Facts that were recorded in `[from, to)`, by that time.
    async fn facts_recorded(
        &self,
        from: Timestamp,
        to: Timestamp,
        page: &Page<TimeKey>,
    ) -> Result<Listing<FactRow, TimeKey>, StoreError>;
}
