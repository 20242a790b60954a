//! Roots: one hash per region and day over the facts recorded that day, chained to the root before; and which days were
//! opened again.

use crate::StoreError;
use async_trait::async_trait;
use gewu_domain::{ids::Digest, record::Reopening};
use jiff::civil::Date;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RootRow {
    /// The day in UTC.
    pub day: Date,
    pub root: Digest,
    /// How many facts it covers.
    pub facts: u64,
}

/// A day opened again, with its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReopenedDay {
    pub reopening: Reopening,
    pub hash: Digest,
}

#[async_trait]
pub trait Roots {
    /// All roots of the region, oldest first.
    async fn roots(&self) -> Result<Vec<RootRow>, StoreError>;

    /// All days of the region that were opened again, in the order in which they were.
    async fn reopened_days(&self) -> Result<Vec<ReopenedDay>, StoreError>;
}
