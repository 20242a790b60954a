//! Tasks: what is owed, by desk; the rows of an inbox. Written with their case.

use crate::{Listing, Page, StoreError, cases::CaseRow};
use async_trait::async_trait;
use gewu_domain::{
    case::TaskKind,
    ids::{AreaCode, CaseId, UnitCode},
    people::Role,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq)]
pub struct TaskRow {
    pub kind: TaskKind,
    pub assignment: Option<u8>,
    pub due_at: Option<Timestamp>,
    pub case: CaseRow,
}

/// What is due first, comes first; what is paused comes last. One case can owe several things to one desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskKey {
    /// `None` sorts after every time.
    pub due_at: Option<Timestamp>,
    pub case: CaseId,
    /// Position among the tasks of the case.
    pub no: u8,
}

/// Whose inbox.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct InboxFilter {
    pub role: Role,
    pub unit: UnitCode,
    /// Only cases in this area or below it.
    pub area: Option<AreaCode>,
    /// Any of these; empty means every kind.
    pub kinds: Vec<TaskKind>,
}

#[async_trait]
pub trait Tasks {
    /// The inbox of a desk, due first.
    async fn inbox(
        &self,
        filter: &InboxFilter,
        page: &Page<TaskKey>,
    ) -> Result<Listing<(TaskKey, TaskRow), TaskKey>, StoreError>;

    /// How many tasks wait at a desk: all, and those due before `now`; counting no further than `most`.
    async fn inbox_size(&self, filter: &InboxFilter, now: Timestamp, most: u32) -> Result<(u32, u32), StoreError>;

    /// Suspended cases whose time has come at `now`, those that waited longest first.
    async fn suspended_until(&self, now: Timestamp, most: u16) -> Result<Vec<CaseId>, StoreError>;
}
