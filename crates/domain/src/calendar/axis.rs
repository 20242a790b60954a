//! Working time as one ever-growing number, so that spans of any length cost the same.
//!
//! Definition: an instant is working time when the wall clock of the calendar's zone, read at that instant, shows a
//! time inside a shift of the day it shows. So an hour that the wall clock shows twice in autumn counts twice, and one
//! it never shows in spring counts nothing. [`Axis::worked_s`] counts the working seconds before an instant, up to a
//! constant; [`Axis::reach`] is its inverse. Both are a few binary searches: weeks are multiplied, exceptions and zone
//! changes are looked up. Start at `Axis::new`.

use super::Shift;
use jiff::{Timestamp, civil::Date, tz::TimeZone};

const DAY_S: i64 = 86_400;
/// Zone changes are taken from 1970 up to here; the offset then in force is kept for what lies after.
const ZONE_CHANGES_UNTIL_S: i64 = 4_102_444_800;

/// Days since 1970-01-01.
pub(super) fn day_number(date: Date) -> i64 {
    date.duration_since(Date::constant(1970, 1, 1)).as_hours() / 24
}

/// A day whose shifts differ from its weekday's, or that has a name.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Exception {
    day: i64,
    shifts: Vec<Shift>,
    /// Working seconds on the wall-clock axis before this day.
    before_s: i64,
}

/// A stretch of time in which the zone's offset does not change.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stretch {
    start_s: i64,
    offset_s: i64,
    /// `worked_s(start_s)`.
    worked_at_start_s: i64,
    /// What to add to the wall-clock axis to get `worked_s` inside this stretch.
    base_s: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Axis {
    /// Shifts of Monday to Sunday.
    week: [Vec<Shift>; 7],
    /// Working seconds of the week before each weekday begins.
    week_before_s: [i64; 7],
    week_s: i64,
    exceptions: Vec<Exception>,
    /// Ascending; the first one reaches back without end.
    stretches: Vec<Stretch>,
}

fn length_s(shifts: &[Shift]) -> i64 {
    shifts.iter().map(|shift| i64::from(shift.minutes()) * 60).sum()
}

/// Seconds of `shifts` before second `second` of the day.
fn before_second(shifts: &[Shift], second: i64) -> i64 {
    shifts.iter().map(|shift| (second.min(shift.end_s()) - shift.start_s()).max(0)).sum()
}

impl Axis {
    /// `exceptions` ascending by day. The week must hold working time, or nothing would ever fall due.
    pub fn new(
        week: [Vec<Shift>; 7],
        exceptions: impl IntoIterator<Item = (Date, Vec<Shift>)>,
        zone: &TimeZone,
    ) -> Self {
        let mut week_before_s = [0; 7];
        let mut week_s = 0;
        for (before, shifts) in week_before_s.iter_mut().zip(&week) {
            *before = week_s;
            week_s += length_s(shifts);
        }
        let mut axis = Self { week, week_before_s, week_s, exceptions: Vec::new(), stretches: Vec::new() };
        let mut gained_s = 0;
        for (date, shifts) in exceptions {
            let day = day_number(date);
            let before_s = axis.ordinary_before_s(day) + gained_s;
            gained_s += length_s(&shifts) - length_s(axis.ordinary(day));
            axis.exceptions.push(Exception { day, shifts, before_s });
        }
        axis.add_stretches(zone);
        axis
    }

    fn add_stretches(&mut self, zone: &TimeZone) {
        let offset_at = |instant| i64::from(zone.to_offset(instant).seconds());
        self.stretches.push(Stretch {
            start_s: i64::MIN,
            offset_s: offset_at(Timestamp::UNIX_EPOCH),
            worked_at_start_s: i64::MIN,
            base_s: 0,
        });
        for change in zone.following(Timestamp::UNIX_EPOCH) {
            let start_s = change.timestamp().as_second();
            if start_s >= ZONE_CHANGES_UNTIL_S {
                break;
            }
            let offset_s = offset_at(change.timestamp());
            let worked_at_start_s = self.worked_s(start_s);
            let base_s = worked_at_start_s - self.wall_s(start_s + offset_s);
            self.stretches.push(Stretch { start_s, offset_s, worked_at_start_s, base_s });
        }
    }

    fn weekday(day: i64) -> usize {
        // 1970-01-01 was a Thursday.
        usize::try_from((day + 3).rem_euclid(7)).expect("a remainder of seven")
    }

    fn ordinary(&self, day: i64) -> &[Shift] {
        self.week.get(Self::weekday(day)).map_or(&[], Vec::as_slice)
    }

    /// Working seconds before `day` if there were no exceptions.
    fn ordinary_before_s(&self, day: i64) -> i64 {
        let into_week = self.week_before_s.get(Self::weekday(day)).copied().unwrap_or(0);
        (day + 3).div_euclid(7) * self.week_s + into_week
    }

    /// The shifts of a day and the working seconds on the wall-clock axis before it.
    fn day(&self, day: i64) -> (&[Shift], i64) {
        let next = self.exceptions.partition_point(|exception| exception.day <= day);
        let last = next.checked_sub(1).and_then(|index| self.exceptions.get(index));
        match last {
            Some(exception) if exception.day == day => (&exception.shifts, exception.before_s),
            _ => (self.ordinary(day), self.ordinary_before_s(day) + self.gained_s(last)),
        }
    }

    /// By how much the days up to and including this exception depart from ordinary weeks.
    fn gained_s(&self, last: Option<&Exception>) -> i64 {
        last.map_or(0, |exception| {
            exception.before_s + length_s(&exception.shifts) - self.ordinary_before_s(exception.day + 1)
        })
    }

    /// Working seconds before a reading of the wall clock, in seconds since it read 1970-01-01 00:00.
    fn wall_s(&self, reading_s: i64) -> i64 {
        let (shifts, before_s) = self.day(reading_s.div_euclid(DAY_S));
        before_s + before_second(shifts, reading_s.rem_euclid(DAY_S))
    }

    /// The earliest reading of the wall clock with `wall_s(reading) >= target_s`, just behind working time.
    fn reading_s(&self, target_s: i64) -> i64 {
        let next = self.exceptions.partition_point(|exception| exception.before_s < target_s);
        let last = next.checked_sub(1).and_then(|index| self.exceptions.get(index));
        let day = match last {
            Some(exception) if exception.before_s + length_s(&exception.shifts) >= target_s => exception.day,
            _ => self.ordinary_day(target_s - self.gained_s(last)),
        };
        let (shifts, before_s) = self.day(day);
        let mut rest_s = target_s - before_s;
        for shift in shifts {
            let shift_s = shift.end_s() - shift.start_s();
            if rest_s <= shift_s {
                return day * DAY_S + shift.start_s() + rest_s;
            }
            rest_s -= shift_s;
        }
        day * DAY_S + DAY_S
    }

    /// The day within which the ordinary weeks reach `target_s`.
    fn ordinary_day(&self, target_s: i64) -> i64 {
        let weeks = (target_s - 1).div_euclid(self.week_s);
        let rest_s = target_s - weeks * self.week_s;
        let begun = self.week_before_s.iter().filter(|before_s| **before_s < rest_s).count();
        weeks * 7 - 3 + i64::try_from(begun).expect("at most seven") - 1
    }

    /// Working seconds before an instant (seconds since 1970, UTC), up to a constant.
    pub fn worked_s(&self, instant_s: i64) -> i64 {
        let begun = self.stretches.partition_point(|stretch| stretch.start_s <= instant_s);
        let stretch = begun.checked_sub(1).and_then(|index| self.stretches.get(index));
        let (offset_s, base_s) = stretch.map_or((0, 0), |stretch| (stretch.offset_s, stretch.base_s));
        base_s + self.wall_s(instant_s + offset_s)
    }

    /// The earliest instant (seconds since 1970, UTC) with `worked_s(instant) >= target_s`: the end of working time,
    /// never the beginning of the next.
    pub fn reach(&self, target_s: i64) -> i64 {
        let begun = self.stretches.partition_point(|stretch| stretch.worked_at_start_s < target_s);
        let stretch = begun.checked_sub(1).and_then(|index| self.stretches.get(index));
        let (offset_s, base_s) = stretch.map_or((0, 0), |stretch| (stretch.offset_s, stretch.base_s));
        self.reading_s(target_s - base_s) - offset_s
    }

    pub fn shifts_on(&self, date: Date) -> &[Shift] {
        self.day(day_number(date)).0
    }
}
