//! After a calendar has announced a year: every open case whose promise rested on its days is promised anew.
//!
//! One walk for each region and version, newest case first, in slices. A slice and how far the walk has come are
//! written together, so it can be cut short anywhere, goes on where it was, and makes no promise anew twice. New cases
//! are promised by the new version from the start.

use crate::{
    App, AppError, Caller,
    city::{Kind, Snapshot},
};
use gewu_domain::{
    case::{Case, Context, Fact, StateKind},
    ids::{CaseId, RegionId},
    people::Actor,
};
use gewu_store::{Change, Changes, Page, StoreError, cases::CaseFilter, repromises::RepromiseRow};
use jiff::{SignedDuration, Timestamp};

/// Cases looked at, and written, in one transaction.
const SLICE: u16 = 100;
/// By then every server has the new version, and what was decided by the old one is written.
const SETTLED: SignedDuration = SignedDuration::from_mins(1);

impl App {
    /// Goes on with the walks that are due in a region, by so many slices at most. Gives how many cases were promised
    /// anew.
    ///
    /// # Errors
    /// When the store fails; what was promised anew until then stays so.
    pub async fn repromise(&self, region: RegionId, slices: u32) -> Result<u32, AppError> {
        let Ok(snapshot) = self.snapshot() else { return Ok(0) };
        let settled = self.now().checked_sub(SETTLED).unwrap_or_default();
        let mut left = slices;
        let mut made = 0;
        for (calendar, version) in announcements(&snapshot, settled) {
            let Some(mut row) = self.walk_for(region, calendar, version).await? else { continue };
            while left > 0 && row.ended_at.is_none() {
                left -= 1;
                match self.repromise_slice(region, &snapshot, row).await? {
                    Some((next, anew)) => (row, made) = (next, made + anew),
                    // Somebody changed one of these cases meanwhile: the next round reads them anew.
                    None => return Ok(made),
                }
                tracing::info!(
                    region = region.0,
                    calendar,
                    version,
                    looked_at = row.looked_at,
                    cases = row.cases,
                    repromised = row.repromised,
                    is_ended = row.ended_at.is_some(),
                    "promises are made anew after an announcement"
                );
            }
        }
        Ok(made)
    }

    /// How far the walks of every region are, by region, calendar and version.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] unless an administrator asks.
    pub async fn repromises(&self, caller: &Caller) -> Result<Vec<(RegionId, RepromiseRow)>, AppError> {
        caller.administrator()?;
        let mut rows = Vec::new();
        for region in self.store.upkeep().regions().await? {
            let view = self.store.view(region).await?;
            rows.extend(view.repromises().await?.into_iter().map(|row| (region, row)));
        }
        Ok(rows)
    }

    /// The walk as it stands, or as it begins; `None` when it has ended.
    async fn walk_for(&self, region: RegionId, calendar: &str, version: u32) -> Result<Option<RepromiseRow>, AppError> {
        let view = self.store.view(region).await?;
        let rows = view.repromises().await?;
        if let Some(row) = rows.into_iter().find(|row| row.calendar == calendar && row.version == version) {
            return Ok(row.ended_at.is_none().then_some(row));
        }
        Ok(Some(RepromiseRow {
            calendar: calendar.to_owned(),
            version,
            last: None,
            cases: view.count_cases(&open_cases(), u32::MAX).await?.into(),
            looked_at: 0,
            repromised: 0,
            begun_at: self.now(),
            ended_at: None,
        }))
    }

    /// One slice: the walk after it and how many cases were promised anew, or `None` when one of them changed meanwhile.
    async fn repromise_slice(
        &self,
        region: RegionId,
        snapshot: &Snapshot,
        mut row: RepromiseRow,
    ) -> Result<Option<(RepromiseRow, u32)>, AppError> {
        let now = self.now();
        let view = self.store.view(region).await?;
        let mut page: Page<CaseId> = Page::first(SLICE);
        page.after = row.last;
        let listing = view.cases(&open_cases(), &page).await?;
        let context = Context { at: now, actor: &Actor::System, city: &snapshot.city };
        let mut changes = Changes::default();
        let mut told: Vec<(Case, [Fact; 1])> = Vec::new();
        for one in &listing.rows {
            row.looked_at = row.looked_at.saturating_add(1);
            row.last = Some(one.id);
            let Some(mut case) = view.case(one.id).await? else { continue };
            let Some(fact) = case.repromise(&context) else { continue };
            let Some(head) = view.head(one.id).await? else { continue };
            let was = case.version;
            case.apply(&fact);
            let facts = [fact];
            self.write_case(&mut changes, snapshot, case.clone(), Some((was, head)), &facts, None);
            told.push((case, facts));
        }
        drop(view);
        let made = u32::try_from(told.len()).unwrap_or(u32::MAX);
        row.repromised = row.repromised.saturating_add(made.into());
        row.ended_at = listing.next.is_none().then_some(now);
        changes.push(Change::Repromise(row.clone()));
        match self.store.apply(region, changes).await {
            Ok(()) => {}
            Err(StoreError::Stale { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        for (case, facts) in &told {
            self.announce_facts(case, facts);
        }
        Ok(Some((row, made)))
    }
}

fn open_cases() -> CaseFilter {
    let states = StateKind::ALL.iter().copied().filter(|state| state.is_open()).collect();
    CaseFilter { states, ..CaseFilter::default() }
}

/// The calendars whose version in force follows another, and was published long enough ago.
fn announcements(snapshot: &Snapshot, settled: Timestamp) -> impl Iterator<Item = (&str, u32)> {
    let calendars = &snapshot.city.calendars;
    let published = snapshot.versions().filter(move |one| {
        one.kind == Kind::Calendar.code()
            && one.published_at <= settled
            && calendars.iter().any(|other| other.id() == one.name && other.version() < one.version)
    });
    published.map(|one| (one.name.as_str(), one.version))
}
