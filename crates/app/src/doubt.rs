//! Is the clock to be believed? Asked before anything is done that cannot be undone: sealing a day, sweeping what is past
//! its end, ending sessions.
//!
//! What is known of time besides the clock: when the jobs last ran, and which days are sealed. A clock that shows a moment
//! before these, or a day and more after, is wrong, or the house stood still for long; a person says which
//! ([`App::accept_clock`]). Everything else goes on meanwhile. A day that a wrong clock sealed is opened again by
//! [`App::reopen_day`].

use crate::{
    App, AppError, Caller, Problem,
    verify::{Link, chain, start_of, tomorrow},
};
use gewu_domain::{
    ids::{PersonId, RegionId},
    record::{GENESIS, Reopening},
};
use gewu_store::{Change, Changes, roots::ReopenedDay};
use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::Serialize;

/// So far apart two rounds of the jobs may lie.
const TRUST: SignedDuration = SignedDuration::from_hours(25);
/// So often it is noted that they ran.
const NOTED_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// Characters of a reason.
const REASON_CHARS: usize = 200;

/// Why the clock is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It shows a moment in a day that is sealed, or before it.
    Behind { now: Timestamp, sealed: Date },
    /// It shows a moment more than a day after the jobs last ran, or after the last day that is sealed.
    Ahead { now: Timestamp, last: Timestamp },
}

impl Doubt {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Doubt::Behind { .. } => "clock_behind",
            Doubt::Ahead { .. } => "clock_ahead",
        }
    }

    /// What is so, and what to do.
    pub fn zh(&self) -> String {
        match self {
            Doubt::Behind { now, sealed } => format!(
                "时钟显示 {now}，可是 {sealed} 已经封存。封存、清理到期数据、结束登录都已停下，其余照常。请校准时钟；如果时钟是对的，用 gewu clock reopen 重新打开封存过早的那几天"
            ),
            Doubt::Ahead { now, last } => format!(
                "时钟显示 {now}，而上一次运行是 {last}。封存、清理到期数据、结束登录都已停下，其余照常。请核对时钟；如果时钟是对的，运行 gewu clock accept"
            ),
        }
    }

    pub fn en(&self) -> String {
        match self {
            Doubt::Behind { now, sealed } => format!(
                "the clock shows {now}, but {sealed} is sealed already; sealing, sweeping and ending of sessions have stopped, all else goes on. Set the clock; if it is right, `gewu clock reopen` opens the days that were sealed too early"
            ),
            Doubt::Ahead { now, last } => format!(
                "the clock shows {now}, and the jobs last ran at {last}; sealing, sweeping and ending of sessions have stopped, all else goes on. Check the clock; if it is right, run `gewu clock accept`"
            ),
        }
    }

    pub fn problem(&self) -> Problem {
        Problem::new("clock", self.code(), self.zh(), self.en())
    }
}

/// What is known of time besides the clock.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Witness {
    ticked_at: Option<Timestamp>,
    /// The last day that is sealed, in any region.
    sealed: Option<Date>,
}

impl Witness {
    fn doubt(&self, now: Timestamp) -> Option<Doubt> {
        let over = self.sealed.map(|day| start_of(tomorrow(day)));
        if let Some((sealed, over)) = self.sealed.zip(over)
            && now < over
        {
            return Some(Doubt::Behind { now, sealed });
        }
        let last = self.ticked_at.or(over)?;
        (now.duration_since(last) > TRUST).then_some(Doubt::Ahead { now, last })
    }
}

/// A region whose day was opened again, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reopened {
    pub region: RegionId,
    /// Days whose roots are made anew, oldest first.
    pub days: Vec<Date>,
}

impl App {
    /// Why the clock is not believed now, by what was known at the last look at it. A demonstration's clock runs as it is
    /// told to.
    pub fn doubt(&self) -> Option<Doubt> {
        let witness = *self.witness.read().expect("no holder panics while copying");
        if self.settings.is_demo { None } else { witness.doubt(self.now()) }
    }

    /// The same, after looking up what is known.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn look_at_clock(&self) -> Result<Option<Doubt>, AppError> {
        let upkeep = self.store.upkeep();
        let sealed = upkeep.sealed_days().await?.into_iter().map(|(_, day)| day).max();
        let witness = Witness { ticked_at: upkeep.ticked_at().await?, sealed };
        *self.witness.write().expect("no holder panics while storing") = witness;
        Ok(self.doubt())
    }

    /// Notes that the jobs run, by a clock that is believed.
    pub(crate) async fn note_tick(&self) -> Result<(), AppError> {
        let (now, last) = (self.now(), self.witness.read().expect("no holder panics while copying").ticked_at);
        if last.is_some_and(|last| now.duration_since(last).abs() < NOTED_EVERY) {
            return Ok(());
        }
        self.believe(now).await
    }

    async fn believe(&self, now: Timestamp) -> Result<(), AppError> {
        self.store.upkeep().tick_at(now).await?;
        self.witness.write().expect("no holder panics while storing").ticked_at = Some(now);
        Ok(())
    }

    /// A person says that the clock is right; it stands in the audit record.
    ///
    /// # Errors
    /// [`AppError::Forbidden`]; [`AppError::Invalid`] while the clock is behind, because then either it is wrong or a day was
    /// sealed too early.
    pub async fn accept_clock(&self, caller: &Caller) -> Result<Timestamp, AppError> {
        caller.administrator()?;
        if let Some(behind @ Doubt::Behind { .. }) = self.look_at_clock().await? {
            return Err(behind.problem().into());
        }
        let now = self.now();
        let row = self.audit_row(caller, "clock.accept", now.to_string(), true);
        self.store.apply(RegionId(0), Changes::one(Change::Audit(row))).await?;
        self.believe(now).await?;
        Ok(now)
    }

    /// Opens a day that was sealed too early, and all after it: their roots are taken away and will be made anew when the
    /// days are over. A note of it stands in the chain of roots for good, and in the audit record. Of one region, or of all.
    /// With `dry_run` it says what would be done.
    ///
    /// # Errors
    /// [`AppError::Forbidden`]; [`AppError::Invalid`] without a reason; [`AppError::Conflict`] when a root is made meanwhile.
    pub async fn reopen_day(
        &self,
        caller: &Caller,
        day: Date,
        region: Option<RegionId>,
        by: Option<PersonId>,
        reason: &str,
        dry_run: bool,
    ) -> Result<Vec<Reopened>, AppError> {
        caller.administrator()?;
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > REASON_CHARS {
            return Err(Problem::new(
                "reason",
                "bad_reason",
                format!("请用 1 到 {REASON_CHARS} 个字写明原因"),
                format!("say why, in 1 to {REASON_CHARS} characters"),
            )
            .into());
        }
        let mut done = Vec::new();
        for (of, _) in self.store.upkeep().sealed_days().await? {
            if region.is_some_and(|region| region != of) {
                continue;
            }
            let view = self.store.view(of).await?;
            let (mut kept, mut stood) = (view.roots().await?, view.reopened_days().await?);
            drop(view);
            let removed = kept.split_off(kept.partition_point(|row| row.day < day));
            let Some(last) = removed.last() else { continue };
            if !dry_run {
                let no = u32::try_from(stood.len()).unwrap_or(u32::MAX).saturating_add(1);
                let before = stood.last().map_or(GENESIS, |day| day.hash);
                stood.retain(|stood| stood.reopening.day < day);
                let reopening = Reopening {
                    region: of,
                    no,
                    day,
                    previous: chain(kept, stood).last().map_or(GENESIS, Link::hash),
                    removed: last.root,
                    at: self.now(),
                    by,
                    reason: reason.to_owned(),
                };
                let hash = reopening.hash(before);
                self.store.upkeep().reopen_day(ReopenedDay { reopening, hash }).await?;
                let row = self.audit_row(caller, "clock.reopen", format!("{of} {day}"), true);
                self.store.apply(RegionId(0), Changes::one(Change::Audit(row))).await?;
            }
            done.push(Reopened { region: of, days: removed.iter().map(|row| row.day).collect() });
        }
        self.look_at_clock().await?;
        Ok(done)
    }
}
