//! Repromises: how far the promises of a region have been made anew for a version of a calendar.

use crate::StoreError;
use async_trait::async_trait;
use gewu_domain::ids::CaseId;
use jiff::Timestamp;

/// One walk over the open cases of a region, newest first. It can be cut short anywhere and goes on after `last`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepromiseRow {
    pub calendar: String,
    /// The version whose announcement it follows.
    pub version: u32,
    /// The case looked at last; `None` before the first.
    pub last: Option<CaseId>,
    /// How many cases were open when it began.
    pub cases: u64,
    pub looked_at: u64,
    /// How many of them had a promise that rested on what was announced.
    pub repromised: u64,
    pub begun_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

#[async_trait]
pub trait Repromises {
    /// All of the region, by calendar and version.
    async fn repromises(&self) -> Result<Vec<RepromiseRow>, StoreError>;
}
