//! Counters written with the facts, so that no dashboard scans cases.

use crate::StoreError;
use async_trait::async_trait;
use gewu_domain::ids::{AreaCode, ClassCode, UnitCode};
use jiff::civil::Date;

/// Adds to one counter. What is not known is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// The day in the city's zone.
    pub day: Date,
    /// What happened, e.g. `reported`, `closed`, `closed_late`.
    pub measure: String,
    /// The street (or whatever lies two levels below the root).
    pub area: Option<AreaCode>,
    pub class: Option<ClassCode>,
    pub unit: Option<UnitCode>,
    pub by: i64,
}

/// A sum over days `[from, to]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountRow {
    pub measure: String,
    pub area: Option<AreaCode>,
    pub n: i64,
}

#[async_trait]
pub trait Counters {
    /// Sums by measure and area over days `[from, to]`, ordered by measure and area, what is not known first.
    async fn counts(&self, from: Date, to: Date) -> Result<Vec<CountRow>, StoreError>;
}
