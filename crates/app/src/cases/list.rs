//! Lists: the inbox of a desk, search and filter, what the public may see.

use crate::{App, AppError, Caller, Identity, reach::region_of};
use gewu_domain::{
    case::{StateKind, TaskKind},
    ids::{CaseId, RegionId},
    people::Role,
    sla::Light,
};
use gewu_store::{
    Listing, Page,
    cases::{CaseFilter, CaseKey, CaseRow},
    tasks::{InboxFilter, TaskKey, TaskRow},
};
use jiff::{Timestamp, ToSpan};

/// The light of a list row, from what was stored when the promise was made.
pub fn light(warn_at: Option<Timestamp>, due_at: Option<Timestamp>, now: Timestamp) -> Option<Light> {
    match (warn_at, due_at) {
        (_, Some(due_at)) if now > due_at => Some(Light::Red),
        (Some(warn_at), Some(_)) if now > warn_at => Some(Light::Yellow),
        (_, Some(_)) => Some(Light::Green),
        (_, None) => None,
    }
}

/// One page of the inbox, and how much waits in all.
#[derive(Debug, Clone)]
pub struct Inbox {
    pub rows: Listing<(TaskKey, TaskRow), TaskKey>,
    /// Counted no further than 1,000.
    pub waiting: u32,
    pub overdue: u32,
}

/// Sums anybody may see.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PublicFigures {
    pub reported: u64,
    pub closed: u64,
    /// Filed and not ended now. Counted no further than 10,000 in each region.
    pub open: u64,
}

/// Open cases of one region counted no further than this.
const OPEN_MOST: u32 = 10_000;

impl App {
    /// Sums over the whole city: the last `days` days, today included, and what is open now.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn public_figures(&self, days: u8) -> Result<PublicFigures, AppError> {
        let today = self.today();
        let from = today.saturating_sub(i64::from(days.saturating_sub(1)).days());
        let mut figures = PublicFigures::default();
        let open = CaseFilter { states: App::open_states(), ..CaseFilter::default() };
        for region in self.snapshot()?.city.areas.regions() {
            let view = self.store.view(region).await?;
            for row in view.counts(from, today).await? {
                let sum = u64::try_from(row.n).unwrap_or(0);
                match row.measure.as_str() {
                    "reported" => figures.reported = figures.reported.saturating_add(sum),
                    "closed" | "closed_late" => figures.closed = figures.closed.saturating_add(sum),
                    _ => {}
                }
            }
            figures.open = figures.open.saturating_add(u64::from(view.count_cases(&open, OPEN_MOST).await?));
        }
        Ok(figures)
    }

    /// The inbox of the caller's desk in a region, due first; of these kinds only, unless there are none.
    ///
    /// # Errors
    /// [`AppError::SignedOut`], [`AppError::Forbidden`] without a desk there.
    pub async fn inbox(
        &self,
        caller: &Caller,
        region: RegionId,
        kinds: &[TaskKind],
        page: &Page<TaskKey>,
    ) -> Result<Inbox, AppError> {
        let snapshot = self.snapshot()?;
        let filter = InboxFilter { kinds: kinds.to_vec(), ..caller.inbox(&snapshot.city.areas)? };
        if caller.post().and_then(|post| post.region).is_some_and(|own| own != region) {
            return Err(AppError::NotFound);
        }
        let view = self.store.view(region).await?;
        let rows = view.inbox(&filter, page).await?;
        let (waiting, overdue) = view.inbox_size(&filter, self.now(), 1_000).await?;
        Ok(Inbox { rows, waiting, overdue })
    }

    /// Cases the caller may see, newest first.
    ///
    /// # Errors
    /// [`AppError::SignedOut`], [`AppError::Forbidden`], [`AppError::NotFound`] for an area that is not the caller's.
    pub async fn cases(
        &self,
        caller: &Caller,
        region: RegionId,
        mut filter: CaseFilter,
        page: &Page<CaseKey>,
    ) -> Result<Listing<CaseRow, CaseKey>, AppError> {
        let snapshot = self.snapshot()?;
        caller.narrow(&mut filter, region, &snapshot.city.areas)?;
        let view = self.store.view(region).await?;
        Ok(view.cases(&filter, page).await?)
    }

    /// Finds a case by its number, or by the number it has in the system it was taken in from; where several systems have
    /// that number, the first the caller may see.
    ///
    /// # Errors
    /// [`AppError::NotFound`], also for cases the caller may not see.
    pub async fn case_by_number(&self, caller: &Caller, number: &str) -> Result<(RegionId, CaseId), AppError> {
        let snapshot = self.snapshot()?;
        let mut hidden = None;
        if let Some(region) = number.get(..6).and_then(|region| region.parse::<RegionId>().ok()) {
            let view = self.store.view(region).await?;
            hidden = view.case_by_number(number).await?;
            if let Some(case) = hidden.as_ref().filter(|case| caller.sees(case, &snapshot.city.areas)) {
                return Ok((case.region, case.id));
            }
        }
        let origins = self.store.city().await?.origins(number).await?;
        for origin in origins {
            let view = self.store.view(origin.region).await?;
            let Some(case) = view.case(origin.case).await? else { continue };
            if caller.sees(&case, &snapshot.city.areas) {
                return Ok((origin.region, origin.case));
            }
            hidden = Some(case);
        }
        self.seen(caller, hidden, &snapshot).await.map(|case| (case.region, case.id))
    }

    /// Regions this caller can look into, ascending.
    ///
    /// # Errors
    /// While nothing is published.
    pub fn regions_of(&self, caller: &Caller) -> Result<Vec<RegionId>, AppError> {
        let all = self.snapshot()?.city.areas.regions();
        Ok(match &caller.identity {
            Identity::Staff { post, .. } => match post.region {
                Some(own) => vec![own],
                None => all,
            },
            Identity::Client { area: Some(own), .. } => match region_of(own, &self.snapshot()?.city.areas) {
                Some(own) => vec![own],
                None => all,
            },
            _ => all,
        })
    }

    /// States in which a case counts as open.
    pub fn open_states() -> Vec<StateKind> {
        StateKind::ALL.iter().copied().filter(|state| state.is_open()).collect()
    }

    /// Does this role have an inbox at all?
    pub fn has_desk(role: Role) -> bool {
        matches!(role, Role::Collector | Role::Acceptor | Role::DutyChief | Role::Dispatcher | Role::Handler)
    }
}
