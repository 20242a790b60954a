//! The story of a deadline, told to a person in both languages: what was promised, which days counted, which did not
//! and why, pauses, extensions, and what came of it.

use super::{Clock, ClockChange, ClockKind, Limit, Stage};
use crate::calendar::{Calendar, DayKind, Minutes, day_after};
use jiff::{
    Timestamp,
    civil::{Date, DateTime, Weekday},
};
use serde::Serialize;

/// A sentence in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    pub zh: String,
    pub en: String,
}

impl Line {
    fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }
}

/// With more lines of days than this, ordinary weeks are told in one line instead of week by week.
const LINES_OF_DAYS: usize = 30;

/// A span in the largest unit that divides it.
pub(super) fn span(minutes: Minutes, kind: ClockKind, calendar: &Calendar) -> Line {
    let (day, hour, minute) = match kind {
        ClockKind::Working => (
            (calendar.workday_minutes(), "工作日", "workday"),
            ("工作时", "working hour"),
            ("工作分钟", "working minute"),
        ),
        ClockKind::Continuous => ((1440, "天", "day"), ("小时", "hour"), ("分钟", "minute")),
    };
    let plural = |count: Minutes, unit: &str| format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
    let (day_minutes, day_zh, day_en) = day;
    if minutes > 0 && minutes.is_multiple_of(day_minutes) {
        let days = minutes / day_minutes;
        return Line::new(format!("{days} {day_zh}"), plural(days, day_en));
    }
    let (hours, rest) = (minutes / 60, minutes % 60);
    let in_hours = Line::new(format!("{hours} {}", hour.0), plural(hours, hour.1));
    let in_minutes = Line::new(format!("{rest} {}", minute.0), plural(rest, minute.1));
    match (hours, rest) {
        (0, _) => in_minutes,
        (_, 0) => in_hours,
        _ => Line::new(format!("{} {rest} 分", in_hours.zh), format!("{} {rest} min", in_hours.en)),
    }
}

/// Hours and minutes without a unit of work: `2 小时 40 分`.
fn plain(minutes: Minutes) -> Line {
    match (minutes / 60, minutes % 60) {
        (0, rest) => Line::new(format!("{rest} 分钟"), format!("{rest} min")),
        (hours, 0) => Line::new(format!("{hours} 小时"), format!("{hours} h")),
        (hours, rest) => Line::new(format!("{hours} 小时 {rest} 分"), format!("{hours} h {rest} min")),
    }
}

fn stage(stage: Stage) -> Line {
    match stage {
        Stage::Accept => Line::new("受理", "accepting"),
        Stage::Verify => Line::new("核实", "verifying"),
        Stage::File => Line::new("立案", "filing"),
        Stage::Dispatch => Line::new("派遣", "dispatching"),
        Stage::Handle => Line::new("处置", "handling"),
        Stage::Check => Line::new("核查", "checking"),
        Stage::Close => Line::new("结案", "closing"),
    }
}

fn weekday(date: Date) -> (&'static str, &'static str) {
    match date.weekday() {
        Weekday::Monday => ("周一", "Mon"),
        Weekday::Tuesday => ("周二", "Tue"),
        Weekday::Wednesday => ("周三", "Wed"),
        Weekday::Thursday => ("周四", "Thu"),
        Weekday::Friday => ("周五", "Fri"),
        Weekday::Saturday => ("周六", "Sat"),
        Weekday::Sunday => ("周日", "Sun"),
    }
}

fn date(date: Date) -> Line {
    let (zh, en) = weekday(date);
    Line::new(format!("{date} {zh}"), format!("{en} {date}"))
}

fn dates(from: Date, to: Date) -> Line {
    let (first, last) = (date(from), date(to));
    if from == to {
        first
    } else {
        Line::new(format!("{} 至 {}", first.zh, last.zh), format!("{} to {}", first.en, last.en))
    }
}

fn time(at: DateTime) -> String {
    format!("{:02}:{:02}", at.hour(), at.minute())
}

/// Why a day counted or did not.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Reason {
    /// An ordinary day of work.
    Work,
    /// A Saturday or Sunday without work.
    Weekend,
    /// Another day of the week on which this calendar never works.
    NeverWorked,
    Listed {
        kind: DayKind,
        zh: String,
        en: String,
    },
}

/// Days in a row with the same reason.
#[derive(Debug, Clone)]
struct Days {
    from: Date,
    to: Date,
    reason: Reason,
    minutes: Minutes,
    /// Days without work told with the days of work around them.
    idle_days: u32,
    is_provisional: bool,
}

struct Story<'c> {
    clock: &'c Clock,
    calendar: &'c Calendar,
    lines: Vec<Line>,
}

pub(super) fn explain(clock: &Clock, now: Timestamp, calendar: &Calendar) -> Vec<Line> {
    let mut story = Story { clock, calendar, lines: Vec::new() };
    story.promise();
    story.course(now);
    story.outcome(now);
    story.lines
}

impl Story<'_> {
    fn say(&mut self, zh: impl Into<String>, en: impl Into<String>) {
        self.lines.push(Line::new(zh, en));
    }

    fn span(&self, minutes: Minutes) -> Line {
        span(minutes, self.clock.limit.kind, self.calendar)
    }

    fn instant(&self, at: Timestamp) -> Line {
        let reading = self.calendar.reading(at);
        let (date, time) = (date(reading.date()), time(reading));
        Line::new(format!("{} {time}", date.zh), format!("{} {time}", date.en))
    }

    fn promise(&mut self) {
        let calendar = self.calendar;
        let (stage, limit) = (stage(self.clock.stage), self.clock.limit.text(calendar));
        let workday = plain(calendar.workday_minutes());
        match self.clock.limit {
            Limit { kind: ClockKind::Working, .. } => self.say(
                format!(
                    "{}时限 {}，按日历“{}”第 {} 版计算（每工作日 {}）",
                    stage.zh,
                    limit.zh,
                    calendar.name_zh(),
                    calendar.version(),
                    workday.zh
                ),
                format!(
                    "{} was promised within {}, by calendar \"{}\", version {} (one workday is {})",
                    stage.en,
                    limit.en,
                    calendar.name_en(),
                    calendar.version(),
                    workday.en
                ),
            ),
            Limit { kind: ClockKind::Continuous, .. } => self.say(
                format!("{}时限 {}，昼夜连续计算，不分工作日与节假日", stage.zh, limit.zh),
                format!(
                    "{} was promised within {}, counted day and night, workdays and holidays alike",
                    stage.en, limit.en
                ),
            ),
        }
        let start = self.instant(self.clock.started_at);
        let is_idle = self.clock.limit.kind == ClockKind::Working && !calendar.is_working(self.clock.started_at);
        if is_idle {
            let first = self.instant(calendar.next_working(self.clock.started_at));
            self.say(
                format!("{} 起算；当时不在工作时间，自 {} 开始计时", start.zh, first.zh),
                format!("started {}; outside working hours, so time runs from {}", start.en, first.en),
            );
        } else {
            self.say(format!("{} 起算", start.zh), format!("started {}", start.en));
        }
    }

    /// What happened, in order, with the days between. Days are told up to the due instant, or to now when that is later.
    fn course(&mut self, now: Timestamp) {
        let clock = self.clock;
        let now = clock.effective(now);
        let end = clock.due_at.map_or(now, |due_at| due_at.max(now));
        let mut running_since = clock.started_at;
        let mut paused_since = None;
        let mut granted = clock.limit.minutes;
        for event in &clock.events {
            let at = self.instant(event.at);
            match event.change {
                ClockChange::Paused => {
                    self.days(running_since, event.at);
                    self.say(format!("{} 暂停计时", at.zh), format!("paused {}", at.en));
                    paused_since = Some(event.at);
                }
                ClockChange::Resumed => {
                    let paused_at = paused_since.take().unwrap_or(event.at);
                    self.resumed(clock.minutes(paused_at, event.at, self.calendar), &at);
                    running_since = event.at;
                }
                ClockChange::Extended { minutes } => {
                    granted = granted.saturating_add(minutes);
                    let (by, total) = (self.span(minutes), self.span(granted));
                    self.say(
                        format!("{} 批准延期 {}，总时限 {}", at.zh, by.zh, total.zh),
                        format!("extended {} by {}, {} in all", at.en, by.en, total.en),
                    );
                }
                ClockChange::Repromised { version, was, minutes } => {
                    granted = granted.saturating_add(minutes);
                    self.repromised(&at, version, was, minutes);
                }
            }
        }
        if paused_since.is_none() {
            self.days(running_since, end);
        }
    }

    fn repromised(&mut self, at: &Line, version: u32, was: Option<Timestamp>, minutes: Minutes) {
        let was = match was.map(|was| self.instant(was)) {
            Some(was) => Line::new(format!("截止 {}", was.zh), format!("due {}", was.en)),
            None => Line::new("暂停中没有截止时间", "without a due time while paused"),
        };
        let mut line = Line::new(
            format!("{} 放假安排已公布，重新承诺；此前按第 {version} 版，{}", at.zh, was.zh),
            format!("promised anew {}, as the holidays are announced; before by version {version}, {}", at.en, was.en),
        );
        if minutes > 0 {
            let more = self.span(minutes);
            line.zh.push_str(&format!("；为不早于原截止时间，补足 {}", more.zh));
            line.en.push_str(&format!("; {} granted so that it is not due earlier", more.en));
        }
        self.lines.push(line);
    }

    fn resumed(&mut self, lost: Minutes, at: &Line) {
        let (kind_zh, kind_en) = match self.clock.limit.kind {
            ClockKind::Working => ("工作时间", "working time"),
            ClockKind::Continuous => ("时间", "time"),
        };
        if lost == 0 {
            self.say(
                format!("{} 恢复计时；暂停期间没有{kind_zh}，截止时间不变", at.zh),
                format!("resumed {}; the pause held no {kind_en}, so nothing moved", at.en),
            );
        } else {
            let span = self.span(lost);
            self.say(
                format!("{} 恢复计时；暂停期间的 {} 不计入", at.zh, span.zh),
                format!("resumed {}; the {} of the pause do not count", at.en, span.en),
            );
        }
    }

    /// The days between two instants of a running clock.
    fn days(&mut self, from: Timestamp, to: Timestamp) {
        if self.clock.limit.kind == ClockKind::Continuous || to <= from {
            return;
        }
        let mut days = self.days_between(from, to);
        if days.len() > LINES_OF_DAYS {
            days = told_by_weeks(days);
        }
        for days in days {
            self.tell(&days);
        }
    }

    fn days_between(&self, from: Timestamp, to: Timestamp) -> Vec<Days> {
        let (first, last) = (self.calendar.reading(from).date(), self.calendar.reading(to).date());
        let mut told: Vec<Days> = Vec::new();
        let mut begins_at = from;
        for date in std::iter::successors(Some(first), |date| day_after(*date).filter(|date| *date <= last)) {
            let ends_at =
                day_after(date).and_then(|next| self.calendar.midnight(next)).map_or(to, |midnight| midnight.min(to));
            let minutes = self.calendar.working_minutes(begins_at, ends_at);
            begins_at = ends_at.max(begins_at);
            let is_provisional = self.calendar.is_provisional(date);
            let reason = self.reason(date);
            // The clock started after the last shift of the day, or ended before the first.
            if minutes == 0 && reason == Reason::Work {
                continue;
            }
            match told.last_mut() {
                Some(days) if days.reason == reason && days.is_provisional == is_provisional => {
                    days.to = date;
                    days.minutes = days.minutes.saturating_add(minutes);
                }
                _ => told.push(Days { from: date, to: date, reason, minutes, idle_days: 0, is_provisional }),
            }
        }
        told
    }

    fn reason(&self, date: Date) -> Reason {
        match self.calendar.days().get(&date) {
            Some(day) => Reason::Listed { kind: day.kind, zh: day.name_zh.clone(), en: day.name_en.clone() },
            None if !self.calendar.shifts_on(date).is_empty() => Reason::Work,
            None if matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) => Reason::Weekend,
            None => Reason::NeverWorked,
        }
    }

    fn tell(&mut self, days: &Days) {
        let (when, counted) = (dates(days.from, days.to), plain(days.minutes));
        let mut line = match &days.reason {
            Reason::Work if days.idle_days > 0 => Line::new(
                format!("{}：计 {}（不上班的 {} 天不计）", when.zh, counted.zh, days.idle_days),
                format!("{}: {} counted ({} days off do not count)", when.en, counted.en, days.idle_days),
            ),
            Reason::Work => {
                Line::new(format!("{}：计 {}", when.zh, counted.zh), format!("{}: {} counted", when.en, counted.en))
            }
            Reason::Weekend => {
                Line::new(format!("{}：周末，不计", when.zh), format!("{}: weekend, not counted", when.en))
            }
            Reason::NeverWorked => {
                Line::new(format!("{}：不上班，不计", when.zh), format!("{}: not a working day, not counted", when.en))
            }
            Reason::Listed { kind: DayKind::Holiday, zh, en } => {
                Line::new(format!("{}：{zh}放假，不计", when.zh), format!("{}: {en}, not counted", when.en))
            }
            Reason::Listed { kind: DayKind::Statutory, zh, en } => Line::new(
                format!("{}：{zh}法定放假，不计", when.zh),
                format!("{}: {en}, a day off by law, not counted", when.en),
            ),
            Reason::Listed { kind: DayKind::MakeUp, zh, en } => Line::new(
                format!("{}：{zh}调休上班，计 {}", when.zh, counted.zh),
                format!("{}: make-up workday for {en}, {} counted", when.en, counted.en),
            ),
            Reason::Listed { kind: DayKind::Special, zh, en } => Line::new(
                format!("{}：{zh}，班次不同，计 {}", when.zh, counted.zh),
                format!("{}: {en}, other hours, {} counted", when.en, counted.en),
            ),
        };
        let is_statutory = matches!(days.reason, Reason::Listed { kind: DayKind::Statutory, .. });
        if days.is_provisional && !is_statutory {
            let why = self.provisional(days.from);
            line.zh.push_str(&why.zh);
            line.en.push_str(&why.en);
        }
        self.lines.push(line);
    }

    /// Why the days of a year are provisional, and what is known of them.
    fn provisional(&self, date: Date) -> Line {
        let knows_law = self.calendar.days().values().any(|day| day.kind == DayKind::Statutory);
        let (zh, en) = match knows_law {
            true => ("周末和法定节假日", "weekends and days off by law"),
            false => ("周末", "weekends"),
        };
        if date < self.calendar.announced_from() {
            Line::new(
                format!("（日历没有这一年的放假安排，暂按{zh}计算）"),
                format!(" (the calendar does not go back to this year's holidays, so only {en} are known)"),
            )
        } else {
            Line::new(
                format!("（放假安排尚未公布，暂按{zh}计算）"),
                format!(" (holidays not announced yet, so only {en} are known)"),
            )
        }
    }

    fn outcome(&mut self, now: Timestamp) {
        let clock = self.clock;
        let (used, granted) = (self.span(clock.used(now, self.calendar)), self.span(clock.granted()));
        match clock.due_at.map(|due_at| self.instant(due_at)) {
            Some(due) => self.say(format!("截止 {}", due.zh), format!("due {}", due.en)),
            None => self
                .say("暂停期间没有截止时间，恢复计时后给出", "no due time while paused; it is set again on resuming"),
        }
        if let Some(stopped_at) = clock.stopped_at {
            let at = self.instant(stopped_at);
            self.say(format!("{} 完成，停止计时", at.zh), format!("done {}, the clock stopped", at.en));
        }
        self.say(format!("已用 {}，共 {}", used.zh, granted.zh), format!("{} used of {}", used.en, granted.en));
        let remaining = clock.remaining(now, self.calendar);
        let minutes = self.span(Minutes::try_from(remaining.unsigned_abs()).unwrap_or(Minutes::MAX));
        match (clock.is_overdue(now), remaining < 0) {
            (true, true) => self.say(format!("超时 {}", minutes.zh), format!("{} overdue", minutes.en)),
            (true, false) => self.say("已过截止时间", "past the due time"),
            (false, _) if clock.stopped_at.is_some() => self.say("按时完成", "done in time"),
            (false, _) => self.say(format!("剩余 {}", minutes.zh), format!("{} left", minutes.en)),
        }
    }
}

/// Joins ordinary days of work and the days off between them.
fn told_by_weeks(days: Vec<Days>) -> Vec<Days> {
    let mut told: Vec<Days> = Vec::new();
    for next in days {
        let is_ordinary = |reason: &Reason| !matches!(reason, Reason::Listed { .. });
        match told.last_mut() {
            Some(last)
                if is_ordinary(&last.reason)
                    && is_ordinary(&next.reason)
                    && last.is_provisional == next.is_provisional =>
            {
                last.idle_days = last.idle_days.saturating_add(idle_days(&next));
                last.minutes = last.minutes.saturating_add(next.minutes);
                last.to = next.to;
                last.reason = Reason::Work;
            }
            _ => told.push(Days { idle_days: idle_days(&next), ..next }),
        }
    }
    told
}

fn idle_days(days: &Days) -> u32 {
    if !matches!(days.reason, Reason::Weekend | Reason::NeverWorked) {
        return 0;
    }
    u32::try_from(days.to.duration_since(days.from).as_hours() / 24 + 1).unwrap_or(0)
}
