//! The clock of a promise: how long it is, how much of it is used, when it is due, and why.
//!
//! One [`Clock`] per stage of a case. A clock knows minutes and a calendar, not who may pause or extend it (that is
//! policy) nor what the case is. Start at [`Clock::start`]; `explain.rs` tells the story of a deadline to a person.
//!
//! # Whole minutes
//! Every instant that enters a clock is moved up to the next full minute: a promise is never shortened by the seconds
//! it was made at, and a minute begun counts as used. All arithmetic is then in whole minutes and these hold exactly,
//! for every calendar and zone (`tests.rs` proves them):
//! - `used + remaining = granted`;
//! - a pause that holds no time of the clock's kind changes nothing;
//! - the order of an extension and a pause makes no difference, and no extension is ever lost;
//! - a due instant never moves earlier by waiting;
//! - `is_overdue(now)` is `now > due_at`, to the nanosecond, so a listing may compare the stored instant.

mod explain;

#[cfg(test)]
mod tests;

pub use explain::Line;

use crate::calendar::{Calendar, CalendarRef, Minutes, ceil_s};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What runs the time down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// Shifts of the calendar only: 工作时, 工作日.
    Working,
    /// Day and night: 紧急工作时, 自然日.
    Continuous,
}

/// The units limits are written in (facts of the field: 工作时, 工作日, 紧急工作时, 自然日).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitUnit {
    WorkingMinute,
    WorkingHour,
    /// As long as the calendar says, see [`Calendar::workday_minutes`].
    Workday,
    Minute,
    Hour,
    Day,
}

/// How long a promise is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Limit {
    pub minutes: Minutes,
    pub kind: ClockKind,
}

impl Limit {
    pub const fn working(minutes: Minutes) -> Self {
        Self { minutes, kind: ClockKind::Working }
    }

    pub const fn continuous(minutes: Minutes) -> Self {
        Self { minutes, kind: ClockKind::Continuous }
    }

    /// A limit as a table of limits writes it, e.g. 2 工作日. `None` when it has more minutes than can be counted.
    pub fn of(value: u32, unit: LimitUnit, calendar: &Calendar) -> Option<Self> {
        let (unit_minutes, kind) = match unit {
            LimitUnit::WorkingMinute => (1, ClockKind::Working),
            LimitUnit::WorkingHour => (60, ClockKind::Working),
            LimitUnit::Workday => (calendar.workday_minutes(), ClockKind::Working),
            LimitUnit::Minute => (1, ClockKind::Continuous),
            LimitUnit::Hour => (60, ClockKind::Continuous),
            LimitUnit::Day => (1440, ClockKind::Continuous),
        };
        value.checked_mul(unit_minutes).map(|minutes| Self { minutes, kind })
    }

    /// In the largest unit that divides it: `2 工作日`, `4 工作时`, `30 工作分钟`; `2 天`, `4 小时`, `30 分钟`.
    pub fn text(self, calendar: &Calendar) -> Line {
        explain::span(self.minutes, self.kind, calendar)
    }
}

/// The stages of a case that are promised a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Accept,
    Verify,
    File,
    Dispatch,
    Handle,
    Check,
    Close,
}

impl Stage {
    pub const ALL: [Self; 7] =
        [Self::Accept, Self::Verify, Self::File, Self::Dispatch, Self::Handle, Self::Check, Self::Close];
}

/// What happened to a running clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum ClockChange {
    Paused,
    Resumed,
    Extended {
        minutes: Minutes,
    },
    /// Made anew by the next version of its calendar, which announced days that it rested on.
    Repromised {
        /// The version it was promised by before.
        version: u32,
        /// Due until then; nothing while it was paused.
        was: Option<Timestamp>,
        /// Granted on top, so that it is not due earlier than it was.
        minutes: Minutes,
    },
}

/// A change and its instant, a full minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockEvent {
    pub at: Timestamp,
    #[serde(flatten)]
    pub change: ClockChange,
}

/// Why a clock cannot be changed so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    #[error("the clock has stopped at {0}")]
    Stopped(Timestamp),
    #[error("the clock is paused since {0}")]
    Paused(Timestamp),
    #[error("the clock is running")]
    Running,
    #[error("{at} lies before the clock's last change at {last_at}")]
    OutOfOrder { at: Timestamp, last_at: Timestamp },
    #[error("the clock counts by calendar {promised}, not {offered}")]
    OtherCalendar { promised: CalendarRef, offered: CalendarRef },
    #[error("an extension must be longer than nought minutes")]
    EmptyExtension,
}

/// How urgent a clock is, for a person (green ≤ 80 % of the granted time used, yellow ≤ 100 %, red over).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Light {
    Green,
    Yellow,
    /// Overdue; stays so through a later pause.
    Red,
    /// Paused in time.
    Paused,
}

/// A promise of time and what became of it.
///
/// Changed through its methods only: `due_at` is computed when the promise changes, and stored. The calendar given to
/// a method must be the one the promise names; changes refuse another, readings would be wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    pub stage: Stage,
    /// As promised at the start; extensions are events.
    pub limit: Limit,
    pub calendar: CalendarRef,
    /// A full minute.
    pub started_at: Timestamp,
    /// In order of time.
    pub events: Vec<ClockEvent>,
    pub stopped_at: Option<Timestamp>,
    /// The instant at which the granted minutes are used up; it is in time until then, inclusive. `None` while paused,
    /// unless it had passed before: pausing a late case does not make it timely.
    pub due_at: Option<Timestamp>,
}

/// The first full minute not before an instant.
pub fn full_minute(at: Timestamp) -> Timestamp {
    let minutes = ceil_s(at).saturating_add(59).div_euclid(60);
    Timestamp::from_second(minutes.saturating_mul(60)).unwrap_or(Timestamp::MAX)
}

/// A stretch in which the clock runs; `to` is `None` for the stretch that is still open.
#[derive(Debug, Clone, Copy)]
struct Run {
    from: Timestamp,
    to: Option<Timestamp>,
}

impl Clock {
    /// Starts at the first full minute not before `at`.
    pub fn start(stage: Stage, limit: Limit, at: Timestamp, calendar: &Calendar) -> Self {
        let mut clock = Self {
            stage,
            limit,
            calendar: calendar.reference(),
            started_at: full_minute(at),
            events: Vec::new(),
            stopped_at: None,
            due_at: None,
        };
        clock.due_at = clock.due(calendar);
        clock
    }

    /// Nothing is used until [`Clock::resume`].
    pub fn pause(&mut self, at: Timestamp, calendar: &Calendar) -> Result<(), ClockError> {
        let at = self.admit(at, calendar)?;
        if let Some(since) = self.paused_at() {
            return Err(ClockError::Paused(since));
        }
        self.record(at, ClockChange::Paused, calendar);
        Ok(())
    }

    pub fn resume(&mut self, at: Timestamp, calendar: &Calendar) -> Result<(), ClockError> {
        let at = self.admit(at, calendar)?;
        if self.paused_at().is_none() {
            return Err(ClockError::Running);
        }
        self.record(at, ClockChange::Resumed, calendar);
        Ok(())
    }

    /// Grants more minutes of the limit's kind; allowed while paused, and after the due instant (policy may forbid it).
    pub fn extend(&mut self, minutes: Minutes, at: Timestamp, calendar: &Calendar) -> Result<(), ClockError> {
        let at = self.admit(at, calendar)?;
        if minutes == 0 {
            return Err(ClockError::EmptyExtension);
        }
        self.record(at, ClockChange::Extended { minutes }, calendar);
        Ok(())
    }

    /// What was promised is done; a paused clock may be stopped too.
    pub fn stop(&mut self, at: Timestamp, calendar: &Calendar) -> Result<(), ClockError> {
        self.stopped_at = Some(self.admit(at, calendar)?);
        Ok(())
    }

    /// Makes the promise anew by the version `after` of its calendar, when it rested on days that were provisional in
    /// `before`, which it was promised by, and are announced now. Never due earlier than it was. Says whether it did.
    pub fn repromise(&mut self, at: Timestamp, before: &Calendar, after: &Calendar) -> bool {
        if self.stopped_at.is_some() || !self.is_settled_by(before, after) {
            return false;
        }
        let at = full_minute(at).max(self.events.last().map_or(self.started_at, |event| event.at));
        let (version, was) = (self.calendar.version, self.due_at);
        let anew = |clock: &Clock, minutes: Minutes| {
            let mut clock = clock.clone();
            clock.calendar = after.reference();
            clock.record(at, ClockChange::Repromised { version, was, minutes }, after);
            clock
        };
        let is_earlier = |clock: &Clock| clock.due_at.zip(was).is_some_and(|(due_at, was)| due_at < was);
        let mut clock = anew(self, 0);
        if let Some(was) = was.filter(|_| is_earlier(&clock)) {
            let minutes = clock.used(was, after).saturating_sub(clock.granted());
            clock = anew(self, minutes);
            if is_earlier(&clock) {
                // No working time lies between the two: it ends with the first minute after the old instant.
                clock = anew(self, minutes.saturating_add(1));
            }
        }
        *self = clock;
        true
    }

    /// Whether `after` follows `before`, the version it was promised by, and announces days that it rests on.
    fn is_settled_by(&self, before: &Calendar, after: &Calendar) -> bool {
        let first = before.reading(self.started_at).date();
        let last = self.due_at.map_or(jiff::civil::Date::MAX, |due_at| before.reading(due_at).date());
        self.limit.kind == ClockKind::Working
            && before.is(&self.calendar)
            && after.id() == before.id()
            && after.version() > before.version()
            && after.settles(before, first, last)
    }

    fn record(&mut self, at: Timestamp, change: ClockChange, calendar: &Calendar) {
        self.events.push(ClockEvent { at, change });
        self.due_at = self.due(calendar);
    }

    /// The full minute a change happens at, if there may be one.
    fn admit(&self, at: Timestamp, calendar: &Calendar) -> Result<Timestamp, ClockError> {
        if let Some(stopped_at) = self.stopped_at {
            return Err(ClockError::Stopped(stopped_at));
        }
        if !calendar.is(&self.calendar) {
            return Err(ClockError::OtherCalendar { promised: self.calendar.clone(), offered: calendar.reference() });
        }
        let at = full_minute(at);
        let last_at = self.events.last().map_or(self.started_at, |event| event.at);
        if at < last_at {
            return Err(ClockError::OutOfOrder { at, last_at });
        }
        Ok(at)
    }

    /// Since when the clock is paused, if it is.
    pub fn paused_at(&self) -> Option<Timestamp> {
        let is_switch = |event: &&ClockEvent| matches!(event.change, ClockChange::Paused | ClockChange::Resumed);
        self.events
            .iter()
            .rev()
            .find(is_switch)
            .filter(|event| event.change == ClockChange::Paused)
            .map(|event| event.at)
    }

    /// All minutes promised: the limit and every extension.
    pub fn granted(&self) -> Minutes {
        self.events.iter().fold(self.limit.minutes, |granted, event| match event.change {
            ClockChange::Extended { minutes } | ClockChange::Repromised { minutes, .. } => {
                granted.saturating_add(minutes)
            }
            _ => granted,
        })
    }

    /// Minutes of the clock's kind that ran until `now` (or until it stopped), pauses left out.
    pub fn used(&self, now: Timestamp, calendar: &Calendar) -> Minutes {
        let now = self.effective(full_minute(now));
        self.runs().fold(0, |used: Minutes, run| {
            let to = run.to.map_or(now, |to| to.min(now));
            used.saturating_add(self.minutes(run.from, to, calendar))
        })
    }

    /// Granted minus used; negative when over.
    pub fn remaining(&self, now: Timestamp, calendar: &Calendar) -> i64 {
        i64::from(self.granted()) - i64::from(self.used(now, calendar))
    }

    /// Later than the due instant, now or when it stopped. Needs no calendar: a listing compares `due_at` alike.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.due_at.is_some_and(|due_at| self.effective(now) > due_at)
    }

    pub fn light(&self, now: Timestamp, calendar: &Calendar) -> Light {
        if self.is_overdue(now) {
            return Light::Red;
        }
        if self.stopped_at.is_none() && self.paused_at().is_some() {
            return Light::Paused;
        }
        let (used, granted) = (u64::from(self.used(now, calendar)), u64::from(self.granted()));
        if used * 100 <= granted * 80 { Light::Green } else { Light::Yellow }
    }

    /// How the deadline came about, line by line, for a person.
    pub fn explain(&self, now: Timestamp, calendar: &Calendar) -> Vec<Line> {
        explain::explain(self, now, calendar)
    }

    /// A stopped clock stands still.
    fn effective(&self, now: Timestamp) -> Timestamp {
        self.stopped_at.map_or(now, |stopped_at| stopped_at.min(now))
    }

    /// Minutes of the clock's kind between two full minutes.
    fn minutes(&self, from: Timestamp, to: Timestamp, calendar: &Calendar) -> Minutes {
        match self.limit.kind {
            ClockKind::Working => calendar.working_minutes(from, to),
            ClockKind::Continuous => {
                Minutes::try_from((to.as_second() - from.as_second()).max(0) / 60).unwrap_or(Minutes::MAX)
            }
        }
    }

    fn advance(&self, from: Timestamp, minutes: Minutes, calendar: &Calendar) -> Timestamp {
        match self.limit.kind {
            ClockKind::Working => calendar.advance(from, minutes),
            ClockKind::Continuous => {
                Timestamp::from_second(from.as_second() + i64::from(minutes) * 60).unwrap_or(Timestamp::MAX)
            }
        }
    }

    /// The stretches between pauses, in order.
    fn runs(&self) -> impl Iterator<Item = Run> + '_ {
        let resumed = |event: &ClockEvent| (event.change == ClockChange::Resumed).then_some(event.at);
        let paused = |event: &ClockEvent| (event.change == ClockChange::Paused).then_some(event.at);
        let ends = self.events.iter().filter_map(paused).map(Some).chain([None]);
        std::iter::once(self.started_at)
            .chain(self.events.iter().filter_map(resumed))
            .zip(ends)
            .map(|(from, to)| Run { from, to })
    }

    /// The last instant at which the light is green, unless it is red by then; `None` if the clock is paused before
    /// that. A listing compares it with now as it compares `due_at`, and gets the light of [`Clock::light`].
    pub fn warn_at(&self, calendar: &Calendar) -> Option<Timestamp> {
        let green = Minutes::try_from(u64::from(self.granted()) * 80 / 100).unwrap_or(Minutes::MAX);
        let yellow_at = self.reached(green.saturating_add(1), calendar)?;
        Some(yellow_at.saturating_sub(jiff::SignedDuration::from_mins(1)).unwrap_or(yellow_at))
    }

    /// The earliest instant at which the granted minutes are used; `None` if the clock is paused before that.
    fn due(&self, calendar: &Calendar) -> Option<Timestamp> {
        self.reached(self.granted(), calendar)
    }

    /// The earliest instant at which so many minutes are used; `None` if the clock is paused before that.
    fn reached(&self, minutes: Minutes, calendar: &Calendar) -> Option<Timestamp> {
        let paused_at = self.paused_at();
        let mut rest = minutes;
        for run in self.runs() {
            let used_up = run.to.map(|to| self.minutes(run.from, to, calendar)).filter(|minutes| *minutes < rest);
            if let Some(minutes) = used_up {
                rest -= minutes;
                continue;
            }
            let reached_at = self.advance(run.from, rest, calendar);
            let is_paused_in_time =
                paused_at.is_some_and(|paused_at| run.to == Some(paused_at) && reached_at >= paused_at);
            return (!is_paused_in_time).then_some(reached_at);
        }
        None
    }
}
