//! Daily roots: one hash per region and day over that day's facts, chained to the day before.

use crate::StoreError;
use async_trait::async_trait;
use gewu_domain::ids::Digest;
use jiff::civil::Date;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RootRow {
    /// The day in UTC.
    pub day: Date,
    pub root: Digest,
    /// How many facts it covers.
    pub facts: u64,
}

#[async_trait]
pub trait Roots {
    /// All roots of the region, oldest first.
    async fn roots(&self) -> Result<Vec<RootRow>, StoreError>;
}
