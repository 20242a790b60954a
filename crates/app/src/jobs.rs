//! What happens by itself: suspended cases come back, promises are made anew after an announcement, days get their
//! roots, old rows are swept, messages leave.
//!
//! Each job can run twice without harm; `gewu serve` runs [`App::tick`] every few seconds.

use crate::{
    App, AppError, Caller,
    cases::{CaseAddress, act::Step},
    verify::{day_root, start_of},
};
use gewu_domain::{case::Command, ids::RegionId, record::GENESIS};
use gewu_store::{Page, facts::TimeKey, roots::RootRow};
use jiff::{SignedDuration, ToSpan, civil::Date, tz::TimeZone};

/// How long after midnight a day counts as over: facts are stamped before they are written.
const SETTLED_MINUTES: i64 = 10;
/// Slices of cases looked at for new promises in one round: some thousand cases, and a second of work.
const SLICES: u32 = 20;
/// How long answers to idempotency keys are kept.
const ANSWERS_DAYS: i64 = 3;

/// What one round did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ticked {
    pub resumed: u32,
    pub repromised: u32,
    pub roots: u32,
    pub swept: u64,
    pub sent: u32,
}

impl App {
    /// One round of everything that is due.
    ///
    /// # Errors
    /// The first job that fails; the rest waits for the next round.
    pub async fn tick(&self) -> Result<Ticked, AppError> {
        let mut ticked = Ticked::default();
        for region in self.store.upkeep().regions().await? {
            ticked.resumed += self.resume_due(region).await?;
            ticked.repromised += self.repromise(region, SLICES).await?;
            ticked.roots += self.root_days(region).await?;
            ticked.sent += self.send(region).await?;
        }
        ticked.swept = self.sweep().await? + self.store.upkeep().sweep_uploads(self.now()).await?;
        Ok(ticked)
    }

    async fn resume_due(&self, region: RegionId) -> Result<u32, AppError> {
        let view = self.store.view(region).await?;
        let due = view.suspended_until(self.now(), 100).await?;
        drop(view);
        let mut resumed = 0;
        for id in due {
            let step = Step {
                command: Command::Resume,
                note: String::new(),
                photos: Vec::new(),
                location: None,
                version: None,
            };
            match self.act(&Caller::system(), CaseAddress { region, id }, None, step).await {
                Ok(_) => resumed += 1,
                Err(AppError::Refused(_) | AppError::Conflict) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(resumed)
    }

    /// Gives every finished day its root, from the first day with facts on.
    async fn root_days(&self, region: RegionId) -> Result<u32, AppError> {
        let settled = self.now().checked_sub(SignedDuration::from_mins(SETTLED_MINUTES)).unwrap_or_default();
        let today = settled.to_zoned(TimeZone::UTC).date();
        let view = self.store.view(region).await?;
        let roots = view.roots().await?;
        let (mut day, mut previous) = match roots.last() {
            Some(last) => (tomorrow(last.day), last.root),
            None => {
                let first: Page<TimeKey> = Page::first(1);
                let facts = view.facts_between(jiff::Timestamp::UNIX_EPOCH, start_of(today), &first).await?;
                match facts.rows.first() {
                    Some(fact) => (fact.at.to_zoned(TimeZone::UTC).date(), GENESIS),
                    None => return Ok(0),
                }
            }
        };
        let mut made = 0;
        while day < today {
            let (root, facts) = day_root(view.as_ref(), region, day, previous).await?;
            self.store.upkeep().put_root(region, RootRow { day, root, facts }).await?;
            made += 1;
            previous = root;
            day = tomorrow(day);
        }
        Ok(made)
    }

    async fn sweep(&self) -> Result<u64, AppError> {
        let now = self.now();
        let before = |duration: SignedDuration| now.checked_sub(duration).unwrap_or_default();
        let idle = SignedDuration::from_mins(i64::from(self.settings.idle_minutes));
        let upkeep = self.store.upkeep();
        let swept = upkeep.sweep(before(SignedDuration::from_hours(24 * ANSWERS_DAYS)), before(idle), now).await?;
        Ok(swept + upkeep.sweep_tries(before(crate::people::tries::KEPT), now).await?)
    }

    /// Takes messages out of the outbox. There is no channel yet, so they count as sent.
    async fn send(&self, region: RegionId) -> Result<u32, AppError> {
        let rows = self.store.upkeep().claim_outbox(region, self.now(), 60, 500).await?;
        let ids: Vec<u128> = rows.iter().map(|row| row.id).collect();
        if !ids.is_empty() {
            self.store.upkeep().outbox_sent(region, &ids).await?;
        }
        Ok(u32::try_from(ids.len()).unwrap_or(u32::MAX))
    }
}

fn tomorrow(day: Date) -> Date {
    day.saturating_add(1.day())
}
