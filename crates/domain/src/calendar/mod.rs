//! When a city works: shifts, weekends, public holidays and make-up workdays (调休), as published data.
//!
//! A promise names the calendar version it was made against ([`CalendarRef`]), so a calendar is never edited, only
//! followed by a version. Knows nothing of cases or clocks; those are in [`crate::sla`]. Start at [`Calendar`]; the
//! file format is in `parse.rs`, the arithmetic in `axis.rs`.

mod axis;
mod parse;

#[cfg(test)]
pub(crate) mod tests;

use axis::Axis;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// Working or wall-clock time in whole minutes.
pub type Minutes = u32;

/// Which calendar a promise was made against.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CalendarRef {
    pub id: String,
    pub version: u32,
}

impl fmt::Display for CalendarRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.id, self.version)
    }
}

/// A stretch of a day in which people work, in minutes after midnight by the wall clock: `from` included, `to` not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shift {
    from_minute: u16,
    to_minute: u16,
}

impl Shift {
    /// `None` unless `from < to <= 24:00`.
    pub fn new(from_minute: u16, to_minute: u16) -> Option<Self> {
        (from_minute < to_minute && to_minute <= 1440).then_some(Self { from_minute, to_minute })
    }

    pub fn from_minute(self) -> u16 {
        self.from_minute
    }

    /// At most 1440, which is 24:00.
    pub fn to_minute(self) -> u16 {
        self.to_minute
    }

    pub fn minutes(self) -> u16 {
        self.to_minute - self.from_minute
    }

    fn start_s(self) -> i64 {
        i64::from(self.from_minute) * 60
    }

    fn end_s(self) -> i64 {
        i64::from(self.to_minute) * 60
    }
}

impl fmt::Display for Shift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (self.from_minute, self.to_minute);
        write!(f, "{:02}:{:02}–{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

/// Why a day differs from its weekday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DayKind {
    /// Nobody works, though the weekday may.
    Holiday,
    /// 法定节假日: a day off that the law fixes, known before (or without) the announcement of its year.
    Statutory,
    /// 调休上班: worked in exchange for a day of a holiday.
    MakeUp,
    /// Shifts of its own, e.g. a half day.
    Special,
}

/// A day that differs from its weekday.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    pub kind: DayKind,
    pub name_zh: String,
    pub name_en: String,
    /// Ascending, without overlap; empty on a day off.
    pub shifts: Vec<Shift>,
    /// The law that fixes it, of a statutory day.
    pub source: Option<String>,
}

/// One published version of a calendar. Read with [`Calendar::parse`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    reference: CalendarRef,
    name_zh: String,
    name_en: String,
    sources: Vec<String>,
    zone_name: String,
    zone: TimeZone,
    days: BTreeMap<Date, Day>,
    announced_from: Date,
    announced_until: Date,
    workday_minutes: Minutes,
    axis: Axis,
}

impl Calendar {
    /// Reads a calendar file; lists every fault of it, with its line.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<crate::fault::Fault>> {
        parse::calendar(file, text)
    }

    /// A calendar that always works, under the id `always`, for clocks that know no nights and for trying things out.
    /// `None` when the zone is not in the IANA database.
    pub fn always(zone_name: &str) -> Option<Self> {
        let zone = parse::zone(zone_name)?;
        let week: [Vec<Shift>; 7] = std::array::from_fn(|_| vec![Shift { from_minute: 0, to_minute: 1440 }]);
        Some(Self {
            reference: CalendarRef { id: "always".to_owned(), version: 1 },
            name_zh: "全天候".to_owned(),
            name_en: "around the clock".to_owned(),
            sources: Vec::new(),
            zone_name: zone_name.to_owned(),
            axis: Axis::new(week, [], &zone),
            zone,
            days: BTreeMap::new(),
            announced_from: Date::MIN,
            announced_until: Date::MAX,
            workday_minutes: 1440,
        })
    }

    pub fn reference(&self) -> CalendarRef {
        self.reference.clone()
    }

    /// Whether this is the version a promise names.
    pub fn is(&self, reference: &CalendarRef) -> bool {
        self.reference == *reference
    }

    pub fn id(&self) -> &str {
        &self.reference.id
    }

    pub fn version(&self) -> u32 {
        self.reference.version
    }

    pub fn name_zh(&self) -> &str {
        &self.name_zh
    }

    pub fn name_en(&self) -> &str {
        &self.name_en
    }

    /// Where the days were announced, as the file says.
    pub fn sources(&self) -> &[String] {
        &self.sources
    }

    /// IANA name, e.g. `Asia/Shanghai`.
    pub fn zone_name(&self) -> &str {
        &self.zone_name
    }

    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// How long one workday (工作日) is: this calendar's own, never a fixed eight hours.
    pub fn workday_minutes(&self) -> Minutes {
        self.workday_minutes
    }

    /// The first day whose holidays are in here.
    pub fn announced_from(&self) -> Date {
        self.announced_from
    }

    /// The last day whose holidays have been announced.
    pub fn announced_until(&self) -> Date {
        self.announced_until
    }

    /// True for days before the first announced one and after the last: only weekends and statutory days off are known
    /// of them.
    pub fn is_provisional(&self, date: Date) -> bool {
        date < self.announced_from || date > self.announced_until
    }

    /// Whether a day from `first` to `last` that was provisional in the version `before` is announced in this one.
    pub fn settles(&self, before: &Calendar, first: Date, last: Date) -> bool {
        let (first, last) = (first.max(self.announced_from), last.min(self.announced_until));
        first <= last && (before.is_provisional(first) || before.is_provisional(last))
    }

    /// The days that differ from their weekday, ascending.
    pub fn days(&self) -> &BTreeMap<Date, Day> {
        &self.days
    }

    /// Ascending, without overlap; empty when nobody works that day.
    pub fn shifts_on(&self, date: Date) -> &[Shift] {
        self.axis.shifts_on(date)
    }

    /// Working minutes on the wall clock of that day; a change of the zone's offset is left out.
    pub fn minutes_on(&self, date: Date) -> Minutes {
        self.shifts_on(date).iter().map(|shift| Minutes::from(shift.minutes())).sum()
    }

    /// The day and the minute after midnight that the wall clock shows.
    pub fn reading(&self, at: Timestamp) -> jiff::civil::DateTime {
        self.zone.to_datetime(at)
    }

    pub fn is_working(&self, at: Timestamp) -> bool {
        let reading = self.reading(at);
        let second = i64::from(reading.hour()) * 3600 + i64::from(reading.minute()) * 60 + i64::from(reading.second());
        self.shifts_on(reading.date()).iter().any(|shift| shift.start_s() <= second && second < shift.end_s())
    }

    /// Whole working minutes between two instants; none when `to` is not after `from`. Part minutes are dropped.
    /// Costs the same for any span: a few binary searches.
    pub fn working_minutes(&self, from: Timestamp, to: Timestamp) -> Minutes {
        let worked_s = self.axis.worked_s(floor_s(to)) - self.axis.worked_s(floor_s(from));
        Minutes::try_from(worked_s.max(0) / 60).unwrap_or(Minutes::MAX)
    }

    /// The earliest instant by which that many working minutes have run since `from`: the end of a working stretch
    /// (Friday 18:00), not the beginning of the next (Monday 08:00). Nought minutes give `from` itself.
    /// Stops at the end of representable time (the year 9999).
    pub fn advance(&self, from: Timestamp, minutes: Minutes) -> Timestamp {
        if minutes == 0 {
            return from;
        }
        let reached_s = self.axis.reach(self.axis.worked_s(ceil_s(from)) + i64::from(minutes) * 60);
        Timestamp::from_second(reached_s).unwrap_or(Timestamp::MAX)
    }

    /// The first working instant at or after `at`.
    pub fn next_working(&self, at: Timestamp) -> Timestamp {
        if self.is_working(at) {
            return at;
        }
        let first_second_done = self.axis.reach(self.axis.worked_s(ceil_s(at)) + 1);
        Timestamp::from_second(first_second_done - 1).unwrap_or(Timestamp::MAX)
    }

    /// When a day begins; `None` after the end of representable time.
    pub(crate) fn midnight(&self, date: Date) -> Option<Timestamp> {
        self.zone.to_ambiguous_timestamp(date.at(0, 0, 0, 0)).compatible().ok()
    }
}

/// `None` after the last day there is.
pub(crate) fn day_after(date: Date) -> Option<Date> {
    date.tomorrow().ok()
}

/// The second an instant lies in.
fn floor_s(at: Timestamp) -> i64 {
    at.as_second() - i64::from(at.subsec_nanosecond() < 0)
}

/// The first full second not before an instant.
pub(crate) fn ceil_s(at: Timestamp) -> i64 {
    at.as_second() + i64::from(at.subsec_nanosecond() > 0)
}

/// Every calendar version a city has published; old ones stay, because promises name them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calendars {
    versions: BTreeMap<String, BTreeMap<u32, Calendar>>,
}

/// A published calendar version cannot be changed, only followed by another.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("calendar {0} is already published with other content; give the file the next version number")]
pub struct AlreadyPublished(pub CalendarRef);

impl Calendars {
    /// Adds a version. The same content again changes nothing.
    pub fn publish(&mut self, calendar: Calendar) -> Result<(), AlreadyPublished> {
        let versions = self.versions.entry(calendar.reference.id.clone()).or_default();
        match versions.get(&calendar.reference.version) {
            Some(known) if *known != calendar => Err(AlreadyPublished(calendar.reference)),
            Some(_) => Ok(()),
            None => {
                versions.insert(calendar.reference.version, calendar);
                Ok(())
            }
        }
    }

    pub fn version(&self, reference: &CalendarRef) -> Option<&Calendar> {
        self.versions.get(&reference.id)?.get(&reference.version)
    }

    /// The highest version of an id: what new promises are made against.
    pub fn current(&self, id: &str) -> Option<&Calendar> {
        self.versions.get(id)?.values().next_back()
    }

    /// Every version, by id and version, ascending.
    pub fn iter(&self) -> impl Iterator<Item = &Calendar> {
        self.versions.values().flat_map(BTreeMap::values)
    }
}
