//! Cases: the projection that lists and searches read, written together with the facts.

use crate::{Listing, Page, StoreError};
use async_trait::async_trait;
use gewu_domain::{
    case::{Case, Source, StateKind, Task},
    ids::{AreaCode, CaseId, ClassCode, Digest, UnitCode},
    record::Sealed,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A case as one use case leaves it.
#[derive(Debug, Clone)]
pub struct CaseWrite {
    pub case: Case,
    /// The version it had when read; `None` for a new case. Another version now is [`StoreError::Stale`].
    pub was: Option<u32>,
    /// The facts that lead from there to here, sealed; their `seq` run from `was` (or 0) on.
    pub facts: Vec<Sealed>,
    /// When each of these facts happened, in the same order.
    pub at: Vec<Timestamp>,
    /// When each was written down. A day that has its root takes none ([`StoreError::Sealed`]).
    pub recorded_at: Vec<Timestamp>,
    /// Hash of the last fact, so that the next write can go on from it.
    pub head: Digest,
    /// Replaces the case's tasks.
    pub tasks: Vec<Task>,
    /// From when on the light is yellow; `None` while nothing runs.
    pub warn_at: Option<Timestamp>,
    /// Terms to find it by (from `gewu-text`); `None` leaves the terms as they are.
    pub terms: Option<Vec<String>>,
    /// The case is what the one fact of this write says ([`Case::begin`]) and is read from it: nothing more is kept of it.
    pub is_as_reported: bool,
}

/// Why a case cannot be read that has neither a body nor is as its first fact says.
pub const BODY_LOST: &str = "it is not there, and the case is not as it was reported";

/// The case that the body of its first fact tells of, as [`CaseWrite::is_as_reported`] promised.
///
/// # Errors
/// Why the body tells of none.
pub fn as_reported(fact: &str) -> Result<Case, String> {
    let fact = serde_json::from_str(fact).map_err(|error| error.to_string())?;
    Case::begin(&fact).ok_or_else(|| "a case without a body of its own must begin with a report".to_owned())
}

/// A row of a list: what is shown without opening the case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseRow {
    pub id: CaseId,
    pub number: String,
    pub version: u32,
    pub state: StateKind,
    pub source: Source,
    pub scheme: Option<String>,
    pub class: Option<ClassCode>,
    /// Root first.
    pub path: Vec<AreaCode>,
    pub is_placed: bool,
    pub point: Option<(f64, f64)>,
    /// The present lead.
    pub unit: Option<UnitCode>,
    pub is_urgent: bool,
    pub reported_at: Timestamp,
    /// When something was last written down about it, whenever that had happened: what mirrors ask by.
    pub changed_at: Timestamp,
    /// When it came to its present end, whichever end that was; kept while later facts (a rating) leave it ended.
    pub closed_at: Option<Timestamp>,
    pub warn_at: Option<Timestamp>,
    pub due_at: Option<Timestamp>,
    /// The report's words, cut to 120 characters; `None` when there are none or they were erased.
    pub excerpt: Option<String>,
    pub has_photo: bool,
}

/// How much of a report's words a list shows.
pub const EXCERPT_CHARS: usize = 120;

impl CaseRow {
    /// What a list shows of a case, as far as its write says it: a backend adds `excerpt` and `has_photo` from the side
    /// stores, and an earlier `closed_at` from the row it replaces.
    pub fn of(write: &CaseWrite) -> CaseRow {
        let case = &write.case;
        let state = case.state.kind();
        CaseRow {
            id: case.id,
            number: case.number.clone(),
            version: case.version,
            state,
            source: case.source,
            scheme: case.class.as_ref().map(|class| class.scheme.clone()),
            class: case.class.as_ref().map(|class| class.code.clone()),
            path: case.place.path.clone(),
            is_placed: case.place.is_placed,
            point: case.place.point,
            unit: case.lead().map(|lead| lead.unit.clone()),
            is_urgent: case.is_urgent,
            reported_at: case.reported_at,
            changed_at: write.recorded_at.iter().copied().max().unwrap_or(case.changed_at),
            closed_at: state.is_final().then_some(case.changed_at),
            warn_at: write.warn_at,
            due_at: case.due_at(),
            excerpt: None,
            has_photo: false,
        }
    }
}

/// Which cases. Every field narrows; the default is all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CaseFilter {
    /// Any of these; empty means every state.
    pub states: Vec<StateKind>,
    /// In this area or below it.
    pub area: Option<AreaCode>,
    pub class: Option<ClassCode>,
    pub source: Option<Source>,
    /// With a part in it, now or before, as lead.
    pub unit: Option<UnitCode>,
    /// Reported at or after.
    pub from: Option<Timestamp>,
    /// Reported before.
    pub to: Option<Timestamp>,
    /// Changed at or after: something was written down since then.
    pub changed_from: Option<Timestamp>,
    /// Changed before, the last time.
    pub changed_to: Option<Timestamp>,
    /// Due before, and still open.
    pub due_before: Option<Timestamp>,
    /// `Some(false)`: in no grid yet.
    pub is_placed: Option<bool>,
    /// Having all of these terms.
    pub terms: Vec<String>,
    /// Within west, south, east, north, edges included (WGS84 degrees times 10⁷, so that the filter can be hashed).
    pub within: Option<[i64; 4]>,
}

/// Newest first; the key is the id, which sorts by the time of reporting: its first 48 bits are `reported_at` in
/// milliseconds. An id that is not costs time, not rows.
pub type CaseKey = CaseId;

#[async_trait]
pub trait Cases {
    async fn case(&self, id: CaseId) -> Result<Option<Case>, StoreError>;

    /// The hash of the case's last fact; `None` when there is no such case.
    async fn head(&self, id: CaseId) -> Result<Option<Digest>, StoreError>;

    async fn case_by_number(&self, number: &str) -> Result<Option<Case>, StoreError>;

    /// Newest reported first.
    async fn cases(&self, filter: &CaseFilter, page: &Page<CaseKey>) -> Result<Listing<CaseRow, CaseKey>, StoreError>;

    /// How many match, counting no further than `most` (an exact count of millions is not worth its time).
    async fn count_cases(&self, filter: &CaseFilter, most: u32) -> Result<u32, StoreError>;

    /// Rows of the named cases, in the order named; unknown ids are left out.
    async fn case_rows(&self, ids: &[CaseId]) -> Result<Vec<CaseRow>, StoreError>;
}
