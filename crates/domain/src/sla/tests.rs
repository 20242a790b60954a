//! The properties of clocks on random calendars, and by name the errors other systems make.

use super::*;
use crate::calendar::tests::{CHINA, Plan, at, china, minute_near, minutes_between, plans};
use jiff::{ToSpan, civil::Date};
use proptest::prelude::*;

fn handling(limit: Limit, start: &str, calendar: &Calendar) -> Clock {
    Clock::start(Stage::Handle, limit, at(calendar, start), calendar)
}

fn workdays(days: u32, calendar: &Calendar) -> Limit {
    Limit::of(days, LimitUnit::Workday, calendar).unwrap()
}

#[test]
fn a_pause_from_friday_evening_to_monday_morning_changes_nothing() {
    let china = china();
    let untouched = handling(workdays(1, &china), "2026-09-04 09:00", &china);
    let mut paused = untouched.clone();
    paused.pause(at(&china, "2026-09-04 18:00"), &china).unwrap();
    assert_eq!(paused.due_at, None);
    paused.resume(at(&china, "2026-09-07 08:00"), &china).unwrap();
    assert_eq!(paused.due_at, Some(at(&china, "2026-09-07 09:00")));
    assert_eq!(paused.due_at, untouched.due_at);
    let tuesday = at(&china, "2026-09-08 10:30");
    assert_eq!(paused.used(tuesday, &china), untouched.used(tuesday, &china));
}

#[test]
fn resuming_keeps_an_approved_extension() {
    let china = china();
    let mut clock = handling(workdays(1, &china), "2026-09-07 08:00", &china);
    clock.extend(480, at(&china, "2026-09-07 10:00"), &china).unwrap();
    clock.pause(at(&china, "2026-09-07 12:00"), &china).unwrap();
    clock.resume(at(&china, "2026-09-08 08:00"), &china).unwrap();
    assert_eq!(clock.granted(), 960);
    assert_eq!(clock.due_at, Some(at(&china, "2026-09-09 12:00")));
}

#[test]
fn a_workday_is_as_long_as_the_calendar_says() {
    let short = CHINA.replace("\"08:00-12:00\", \"14:00-18:00\"", "\"09:00-12:00\", \"13:30-17:00\"");
    let short = Calendar::parse("short.toml", &short).unwrap();
    let clock = handling(workdays(2, &short), "2026-09-07 09:00", &short);
    assert_eq!(clock.limit.minutes, 2 * 390);
    assert_eq!(clock.due_at, Some(at(&short, "2026-09-08 17:00")));
    assert_eq!(clock.limit.text(&short).zh, "2 工作日");
}
