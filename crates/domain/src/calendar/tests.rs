//! Calendars against a slow, minute-by-minute reading of the wall clock; the shipped files; the faults of bad ones.

use super::*;
use jiff::{ToSpan, civil::date};
use proptest::prelude::*;

pub(crate) const CHINA: &str = include_str!("../../../../data/calendars/cn.toml");
const NEW_YORK: &str = include_str!("../../../../data/calendars/us-nyc.toml");

pub(crate) fn china() -> Calendar {
    Calendar::parse("cn.toml", CHINA).unwrap()
}

fn new_york() -> Calendar {
    Calendar::parse("us-nyc.toml", NEW_YORK).unwrap()
}

/// `at(&calendar, "2026-09-04 18:00")`, by the calendar's own wall clock.
pub(crate) fn at(calendar: &Calendar, reading: &str) -> Timestamp {
    let reading: jiff::civil::DateTime = reading.replace(' ', "T").parse().unwrap();
    calendar.zone().to_timestamp(reading).unwrap()
}

/// Zones with changes of offset at various hours, of half an hour, across midnight, and none.
const ZONES: [&str; 9] = [
    "Asia/Shanghai",
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "America/Santiago",
    "Pacific/Apia",
    "Africa/Casablanca",
    "Asia/Kathmandu",
];

/// A calendar as it was made up, for the reference to read without the code under test.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub zone: TimeZone,
    pub week: Vec<Vec<(u16, u16)>>,
    pub make_up: Vec<(u16, u16)>,
    pub off: Vec<Date>,
    pub work: Vec<Date>,
    pub special: Vec<(Date, Vec<(u16, u16)>)>,
}

impl Plan {
    pub fn file(&self) -> String {
        let minute = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        let shifts = |shifts: &[(u16, u16)]| {
            let shifts: Vec<String> =
                shifts.iter().map(|(from, to)| format!("\"{}-{}\"", minute(*from), minute(*to))).collect();
            format!("[{}]", shifts.join(", "))
        };
        let dates = |dates: &[Date]| {
            let dates: Vec<String> = dates.iter().map(|date| format!("\"{date}\"")).collect();
            format!("[{}]", dates.join(", "))
        };
        let workday: u16 =
            self.week.iter().find(|day| !day.is_empty()).unwrap().iter().map(|(from, to)| to - from).sum();
        let mut file = format!(
            "id = \"plan\"\nversion = 3\nzone = \"{}\"\nname_zh = \"计划\"\nname_en = \"plan\"\nannounced_until = \"2030-12-31\"\nworkday_minutes = {workday}\n\n[week]\n",
            self.zone.iana_name().unwrap()
        );
        for (weekday, day) in ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].iter().zip(&self.week) {
            file += &format!("{weekday} = {}\n", shifts(day));
        }
        file += &format!("make_up = {}\n", shifts(&self.make_up));
        file += &format!(
            "\n[[holiday]]\nname_zh = \"节\"\nname_en = \"feast\"\noff = {}\nwork = {}\n",
            dates(&self.off),
            dates(&self.work)
        );
        for (date, day) in &self.special {
            file += &format!(
                "\n[[special]]\nname_zh = \"半天\"\nname_en = \"half day\"\non = [\"{date}\"]\nshifts = {}\n",
                shifts(day)
            );
        }
        file
    }

    pub fn calendar(&self) -> Calendar {
        let file = self.file();
        Calendar::parse("plan.toml", &file).unwrap_or_else(|faults| panic!("{file}\n{faults:#?}"))
    }

    /// The definition, read plainly: does the wall clock show a time inside a shift of the day it shows?
    pub fn is_working(&self, at: Timestamp) -> bool {
        let reading = self.zone.to_datetime(at);
        let date = reading.date();
        let special = self.special.iter().find(|(on, _)| *on == date);
        let shifts: &[(u16, u16)] = match special {
            Some((_, shifts)) => shifts,
            None if self.off.contains(&date) => &[],
            None if self.work.contains(&date) => &self.make_up,
            None => &self.week[date.weekday().to_monday_zero_offset() as usize],
        };
        let minute = reading.hour() as u16 * 60 + reading.minute() as u16;
        shifts.iter().any(|(from, to)| (*from..*to).contains(&minute))
    }

    /// Minute by minute. Both instants are full minutes.
    pub fn working_minutes(&self, from: Timestamp, to: Timestamp) -> u32 {
        minutes_between(from, to).filter(|minute| self.is_working(*minute)).count() as u32
    }
}

pub(crate) fn minutes_between(from: Timestamp, to: Timestamp) -> impl Iterator<Item = Timestamp> {
    std::iter::successors(Some(from), |minute| Some(*minute + 1.minute())).take_while(move |minute| *minute < to)
}

/// Up to three shifts, ascending, on any minute; they may touch and may end at 24:00.
fn shifts() -> impl Strategy<Value = Vec<(u16, u16)>> {
    prop_oneof![
        3 => Just(vec![(480, 720), (840, 1080)]),
        1 => Just(vec![(0, 1440)]),
        1 => Just(vec![(0, 360), (1320, 1440)]),
        4 => proptest::collection::btree_set(0_u16..=1440, 2..=6).prop_map(|minutes| {
            let minutes: Vec<u16> = minutes.into_iter().collect();
            minutes.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
        }),
        1 => (1_u16..1439).prop_map(|noon| vec![(0, noon), (noon, 1440)]),
    ]
}

/// Centres of interest: zone changes in both halves of the year, and the day Apia skipped.
fn around() -> impl Strategy<Value = Date> {
    prop_oneof![
        Just(date(2026, 3, 8)),
        Just(date(2026, 11, 1)),
        Just(date(2026, 3, 29)),
        Just(date(2026, 4, 5)),
        Just(date(2026, 9, 6)),
        Just(date(2011, 12, 30)),
        Just(date(2026, 2, 15)),
        Just(date(2024, 2, 29)),
        Just(date(2026, 10, 1)),
    ]
}

pub(crate) fn plans() -> impl Strategy<Value = (Plan, Date)> {
    let off_or_shifts = prop_oneof![1 => Just(Vec::new()), 3 => shifts()];
    let week = proptest::collection::vec(off_or_shifts, 7)
        .prop_filter("a week has working time", |week| week.iter().any(|day| !day.is_empty()));
    let offsets = proptest::collection::btree_map(-9_i64..9, (0_u8..4, shifts()), 0..10);
    (proptest::sample::select(&ZONES[..]), week, shifts(), offsets, around()).prop_map(
        |(zone, week, make_up, offsets, around)| {
            let mut plan = Plan {
                zone: TimeZone::get(zone).unwrap(),
                week,
                make_up,
                off: Vec::new(),
                work: Vec::new(),
                special: Vec::new(),
            };
            for (days, (kind, shifts)) in offsets {
                let date = around + days.days();
                let is_worked = !plan.week[date.weekday().to_monday_zero_offset() as usize].is_empty();
                match kind {
                    0 | 1 => plan.off.push(date),
                    2 if !is_worked => plan.work.push(date),
                    _ => plan.special.push((date, shifts)),
                }
            }
            (plan, around)
        },
    )
}

/// A full minute within ten days of a date.
pub(crate) fn minute_near(around: Date, minutes: i64) -> Timestamp {
    let midnight = around.at(0, 0, 0, 0).in_tz("UTC").unwrap().timestamp();
    midnight + minutes.minutes()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn working_minutes_are_those_a_slow_reading_of_the_wall_clock_counts(
        (plan, around) in plans(), start in -14_400_i64..14_400, length in 0_i64..12_000,
    ) {
        let calendar = plan.calendar();
        let from = minute_near(around, start);
        let to = from + length.minutes();
        prop_assert_eq!(calendar.working_minutes(from, to), plan.working_minutes(from, to));
        prop_assert_eq!(calendar.is_working(from), plan.is_working(from));
    }

    #[test]
    fn advancing_reaches_the_first_instant_by_which_the_minutes_have_run(
        (plan, around) in plans(), start in -14_400_i64..14_400, minutes in 1_u32..4_000, length in 0_i64..12_000,
        is_between_shifts in any::<bool>(),
    ) {
        let calendar = plan.calendar();
        let from = minute_near(around, start);
        // What a span holds that ends out of hours is reached at the end of a shift.
        let held = if is_between_shifts { plan.working_minutes(from, from + length.minutes()) } else { 0 };
        let minutes = if held > 0 { held } else { minutes };
        let reached = calendar.advance(from, minutes);
        let horizon = from + (20 * 24).hours();
        let slow = minutes_between(from, horizon).filter(|minute| plan.is_working(*minute)).nth(minutes as usize - 1);
        match slow {
            Some(minute) => prop_assert_eq!(reached, minute + 1.minute()),
            None => prop_assert!(reached > horizon),
        }
    }

    #[test]
    fn the_next_working_instant_is_the_first_a_slow_search_finds(
        (plan, around) in plans(), start in -14_400_i64..14_400,
    ) {
        let from = minute_near(around, start);
        let slow = minutes_between(from, Timestamp::MAX).find(|minute| plan.is_working(*minute));
        prop_assert_eq!(Some(plan.calendar().next_working(from)), slow);
    }

    #[test]
    fn spans_of_decades_add_up(
        (plan, _) in plans(), a in 0_i64..4_000_000_000, b in 0_i64..4_000_000_000, minutes in 1_u32..10_000_000,
    ) {
        let calendar = plan.calendar();
        let minute = |second: i64| Timestamp::from_second(second.div_euclid(60) * 60).unwrap();
        let (from, to) = (minute(a.min(b)), minute(a.max(b)));
        let middle = minute((a + b) / 2);
        prop_assert_eq!(
            calendar.working_minutes(from, middle) + calendar.working_minutes(middle, to),
            calendar.working_minutes(from, to)
        );
        prop_assert_eq!(calendar.working_minutes(from, calendar.advance(from, minutes)), minutes);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,200}") {
        let _ = Calendar::parse("any.toml", &text);
    }

    #[test]
    fn no_damage_to_a_good_file_makes_the_reader_panic(
        begin in 0..CHINA.len(), length in 0_usize..40,
        put in prop_oneof![".{0,12}", Just("[]".to_owned()), Just("\"2026-10-01..9999-12-31\"".to_owned()), Just("-1".to_owned())],
    ) {
        let begin = CHINA.floor_char_boundary(begin);
        let end = CHINA.floor_char_boundary((begin + length).min(CHINA.len())).max(begin);
        if let Err(faults) = Calendar::parse("cn.toml", &format!("{}{put}{}", &CHINA[..begin], &CHINA[end..])) {
            prop_assert!(!faults.is_empty());
        }
    }
}

#[test]
fn friday_evening_to_monday_morning_holds_no_working_time() {
    let china = china();
    assert_eq!(china.working_minutes(at(&china, "2026-09-04 18:00"), at(&china, "2026-09-07 08:00")), 0);
}

#[test]
fn a_make_up_sunday_is_worked_and_the_holiday_it_pays_for_is_not() {
    let china = china();
    let day = |from: &str, to: &str| china.working_minutes(at(&china, from), at(&china, to));
    assert_eq!(day("2026-09-20 00:00", "2026-09-21 00:00"), 480);
    assert_eq!(day("2026-10-01 00:00", "2026-10-08 00:00"), 0);
}

#[test]
fn a_deadline_falls_on_the_end_of_a_shift_not_on_the_next_morning() {
    let china = china();
    assert_eq!(china.advance(at(&china, "2026-09-04 14:00"), 240), at(&china, "2026-09-04 18:00"));
    assert_eq!(china.advance(at(&china, "2026-09-19 11:00"), 480), at(&china, "2026-09-20 18:00"));
    assert_eq!(china.advance(at(&china, "2026-09-18 17:00"), 60), at(&china, "2026-09-18 18:00"));
    assert_eq!(china.advance(at(&china, "2026-10-09 17:00"), 60), at(&china, "2026-10-09 18:00"));
    assert_eq!(china.advance(at(&china, "2026-09-04 18:00"), 1), at(&china, "2026-09-07 08:01"));
    assert_eq!(china.advance(at(&china, "2026-09-05 11:11"), 0), at(&china, "2026-09-05 11:11"));
}

#[test]
fn the_last_deadline_before_a_zone_change_is_told_by_the_clock_of_its_own_day() {
    let calendar = new_york();
    for friday in ["2026-10-30", "2026-03-06"] {
        let due_at = calendar.advance(at(&calendar, &format!("{friday} 16:00")), 60);
        assert_eq!(due_at, at(&calendar, &format!("{friday} 17:00")));
    }
}

#[test]
fn a_night_shift_is_an_hour_longer_when_the_clock_is_set_back() {
    let plan = Plan {
        zone: TimeZone::get("America/New_York").unwrap(),
        week: vec![vec![(0, 360)]; 7],
        make_up: vec![],
        off: vec![],
        work: vec![],
        special: vec![],
    };
    let calendar = plan.calendar();
    let night = |day: &str| {
        calendar.working_minutes(at(&calendar, &format!("{day} 00:00")), at(&calendar, &format!("{day} 12:00")))
    };
    assert_eq!((night("2026-10-31"), night("2026-11-01"), night("2026-03-08")), (360, 420, 300));
}

#[test]
fn days_outside_the_announced_years_are_provisional_and_know_only_weekends_and_the_law() {
    let china = china();
    let are_provisional = [(2023, 12, 31), (2024, 1, 1), (2026, 12, 31), (2027, 1, 1)]
        .map(|(year, month, day)| china.is_provisional(date(year, month, day)));
    assert_eq!(are_provisional, [true, false, false, true]);
    // A weekday, a Saturday, New Year's Day; and the make-up Sunday of 2018, which this calendar does not know.
    let days = [date(2027, 1, 4), date(2027, 1, 2), date(2027, 1, 1), date(2018, 9, 30)];
    assert_eq!(days.map(|day| china.minutes_on(day)), [480, 0, 0, 0]);
}

#[test]
fn a_file_that_does_not_say_where_it_begins_begins_with_the_year_of_its_first_listed_day() {
    let from = |text: &str| Calendar::parse("x", text).unwrap().announced_from();
    let old = CHINA.replace("announced_from = 2024-01-01\n", "").replace("2024-01-01", "2024-01-15");
    assert_eq!(from(&old), date(2024, 1, 1));
    assert_eq!(from(&small("", "")), Date::MIN);
    assert_eq!(Calendar::always("Asia/Shanghai").unwrap().announced_from(), Date::MIN);
}

/// The decree that makes a day of the shipped calendar a day off, outside its announced years.
fn decree(day: Date) -> Option<String> {
    let china = china();
    let found = china.days().get(&day).filter(|day| day.kind == DayKind::Statutory && day.shifts.is_empty())?;
    let source = found.source.as_ref().unwrap();
    let (_, number) = source.split_once("国务院令第").unwrap();
    Some(number.chars().take_while(char::is_ascii_digit).collect())
}

#[test]
fn each_year_has_the_days_off_of_the_decree_then_in_force() {
    let law = |no: &str| Some(no.to_owned());
    for (day, expected) in [
        (date(2007, 5, 3), law("270")),
        (date(2008, 5, 2), None),
        (date(2007, 4, 5), None),
        (date(2008, 4, 4), law("513")),
        (date(2013, 2, 9), law("513")),
        (date(2013, 2, 12), None),
        (date(2018, 2, 15), None),
        (date(2018, 2, 18), law("644")),
        (date(2018, 10, 3), law("644")),
        (date(2018, 10, 4), None),
        (date(2027, 2, 5), law("795")),
        (date(2027, 2, 8), law("795")),
        (date(2027, 2, 9), None),
        (date(2027, 5, 2), law("795")),
        (date(2088, 9, 29), law("795")),
    ] {
        assert_eq!(decree(day), expected, "{day}");
    }
    let china = china();
    let off_in = |year: i16| {
        china.days().iter().filter(|(day, one)| day.year() == year && one.kind == DayKind::Statutory).count()
    };
    // 2020 and 2031: Mid-Autumn falls on National Day.
    assert_eq!([2000, 2008, 2018, 2020, 2027, 2031].map(off_in), [10, 11, 11, 10, 13, 12]);
}

#[test]
fn an_announcement_stands_before_the_law_but_cannot_make_its_days_workdays() {
    let law =
        "[[statutory]]\nname_zh = \"节\"\nname_en = \"day\"\nsource = \"law\"\non = [\"2026-10-01..2026-10-03\"]\n";
    let china = Calendar::parse("x", &small("", &format!("{}\n{law}", holiday("off = [\"2026-10-01\"]")))).unwrap();
    let kinds = [1, 2, 3, 4].map(|day| china.days().get(&date(2026, 10, day)).map(|day| day.kind));
    assert_eq!(kinds, [Some(DayKind::Holiday), Some(DayKind::Statutory), Some(DayKind::Statutory), None]);
    let worked = small("", &format!("{}\n{law}", holiday("work = [\"2026-10-03\"]")));
    assert_eq!(faults(&worked).iter().map(|(_, field)| field.as_str()).collect::<Vec<_>>(), ["statutory.on"]);
    let unsourced = small("", &law.replace("source = \"law\"\n", ""));
    assert_eq!(faults(&unsourced).iter().map(|(_, field)| field.as_str()).collect::<Vec<_>>(), ["source"]);
}

#[test]
fn a_version_settles_the_days_it_announces_and_the_one_before_did_not() {
    let with = |version: u32, from: Date, until: Date| {
        let text = small("", "").replace("version = 1", &format!("version = {version}"));
        let until = format!("announced_from = \"{from}\"\nannounced_until = \"{until}\"");
        let text = text.lines().map(|line| if line.starts_with("announced_until") { &until } else { line });
        Calendar::parse("x", &text.collect::<Vec<_>>().join("\n")).unwrap()
    };
    let before = with(1, date(2025, 1, 1), date(2026, 12, 31));
    let after = with(2, date(2024, 1, 1), date(2027, 12, 31));
    for (first, last, settles) in [
        (date(2026, 12, 1), date(2026, 12, 31), false),
        (date(2026, 12, 1), date(2027, 1, 1), true),
        (date(2024, 12, 31), date(2025, 1, 1), true),
        (date(2023, 1, 1), date(2028, 6, 1), true),
        (date(2023, 1, 1), date(2023, 12, 31), false),
        (date(2028, 1, 1), date(2028, 6, 1), false),
        (date(2025, 1, 1), date(2026, 12, 31), false),
    ] {
        assert_eq!(after.settles(&before, first, last), settles, "{first} to {last}");
    }
    assert!(!before.settles(&after, date(2023, 1, 1), date(2028, 6, 1)), "what was announced stays so");
}

#[test]
fn the_shipped_calendars_have_their_own_workdays() {
    assert_eq!((china().workday_minutes(), new_york().workday_minutes()), (480, 480));
    assert_eq!(new_york().minutes_on(date(2026, 7, 3)), 0, "Independence Day 2026 is a Saturday, kept on the Friday");
}

#[test]
fn part_minutes_are_dropped_from_a_span_and_advancing_is_never_early() {
    let china = china();
    let morning = at(&china, "2026-09-04 08:00");
    assert_eq!(china.working_minutes(morning + 30.seconds(), morning + 149.seconds()), 1);
    assert_eq!(china.advance(morning + 30.seconds() + 1.nanosecond(), 1), morning + 91.seconds());
}

#[test]
fn a_version_once_published_stays_as_it_was() {
    let mut calendars = Calendars::default();
    calendars.publish(china()).unwrap();
    calendars.publish(china()).unwrap();
    let altered = Calendar::parse("cn.toml", &CHINA.replace("\"08:00-12:00\"", "\"09:00-12:00\"")).unwrap();
    assert_eq!(calendars.publish(altered), Err(AlreadyPublished(china().reference())));
    let next = Calendar::parse("cn.toml", &CHINA.replace("version = 2", "version = 3")).unwrap();
    calendars.publish(next).unwrap();
    assert_eq!(calendars.current("cn").map(Calendar::version), Some(3));
    assert!(calendars.version(&china().reference()).is_some_and(|calendar| calendar.version() == 2));
}

/// Line and field of every fault.
fn faults(text: &str) -> Vec<(u32, String)> {
    let faults = Calendar::parse("bad.toml", text).unwrap_err();
    faults.into_iter().map(|fault| (fault.line.unwrap_or(0), fault.field.unwrap_or_default())).collect()
}

#[test]
fn every_fault_of_a_bad_file_is_listed_with_its_line() {
    let bad = r#"id = "C N"
version = 0
zone = "Asia/Peking"
name_en = ""
announced_until = "2026-12-31..2027-01-01"
colour = "red"
workday_minutes = 480

[week]
mon = ["08:00-12:00", "11:00-18:00"]
tue = ["22:00-06:00", "8-12", 9]
wen = []

[[holiday]]
name_zh = "节"
name_en = "feast"
off = ["2026-02-30", "2026-10-01..2026-10-03"]
work = ["2026-10-02", "2026-10-05"]

[[special]]
name_zh = "半天"
name_en = "half day"
shifts = []
"#;
    let expected = [
        (1, "id"),
        (1, "name_zh"),
        (2, "version"),
        (3, "zone"),
        (4, "name_en"),
        (5, "announced_until"),
        (6, "colour"),
        (7, "workday_minutes"),
        (10, "mon"),
        (11, "tue"),
        (11, "tue"),
        (11, "tue"),
        (12, "week.wen"),
        (17, "off"),
        (18, "holiday.work"),
        (18, "holiday.work"),
        (20, "on"),
        (20, "shifts"),
    ];
    assert_eq!(faults(bad), expected.map(|(line, field)| (line, field.to_owned())));
}

#[test]
fn a_file_that_is_not_toml_names_the_line() {
    assert_eq!(faults("id = \"cn\"\nversion = = 1\n").first().map(|(line, _)| *line), Some(2));
}

#[test]
fn a_day_before_the_announcements_is_a_fault() {
    let text = CHINA.replace("announced_from = 2024-01-01", "announced_from = 2024-01-02");
    assert_eq!(faults(&text).iter().map(|(_, field)| field.as_str()).collect::<Vec<_>>(), ["holiday.off"]);
}

#[test]
fn a_day_after_the_announcement_is_a_fault() {
    let text = CHINA.replace("announced_until = 2026-12-31", "announced_until = 2026-10-09");
    assert_eq!(faults(&text).iter().map(|(_, field)| field.as_str()).collect::<Vec<_>>(), ["holiday.work"]);
}

#[test]
fn weekdays_of_different_length_need_the_length_of_a_workday() {
    let text = CHINA.replace("fri = [\"08:00-12:00\", \"14:00-18:00\"]", "fri = [\"08:00-12:00\"]");
    assert_eq!(faults(&text), [(0, "workday_minutes".to_owned())]);
}

#[test]
fn a_calendar_without_working_time_is_refused() {
    let text = "id = \"idle\"\nversion = 1\nzone = \"UTC\"\nname_zh = \"闲\"\nname_en = \"idle\"\nannounced_until = 2026-12-31\n[week]\nmon = []\n";
    assert_eq!(faults(text), [(7, "week".to_owned())]);
}

/// A calendar of five days of eight hours, with these lines before the week and those after it.
fn small(top: &str, rest: &str) -> String {
    let week: String =
        ["mon", "tue", "wed", "thu", "fri"].iter().map(|day| format!("{day} = [\"09:00-17:00\"]\n")).collect();
    format!(
        "id = \"small\"\nversion = 1\nzone = \"UTC\"\nname_zh = \"小\"\nname_en = \"small\"\n\
         announced_until = 2027-12-31\n{top}[week]\n{week}{rest}"
    )
}

fn holiday(lines: &str) -> String {
    format!("[[holiday]]\nname_zh = \"节\"\nname_en = \"feast\"\n{lines}\n")
}

#[test]
fn a_list_of_days_takes_days_and_ranges_of_up_to_a_leap_year() {
    let days = |off: &str| Calendar::parse("small.toml", &small("", &holiday(off))).map(|calendar| calendar.days.len());
    assert_eq!(days("off = [\"2026-01-01\"]").ok(), Some(1));
    assert_eq!(days("off = [\"2026-01-01..2026-01-01\", 2026-01-02]").ok(), Some(2));
    assert_eq!(days("off = [\"2026-01-01..2027-01-01\"]").ok(), Some(366));
    assert_eq!(days("off = [2027-12-31]").ok(), Some(1), "the day the announcement ends on is announced");
    for wrong in ["2026-01-01..2027-01-02", "2026-01-02..2026-01-01", "1969-12-31", "2100-01-01", "2026-1-1", "today"] {
        assert_eq!(faults(&small("", &holiday(&format!("off = [\"{wrong}\"]")))), [(16, "off".to_owned())], "{wrong}");
    }
    assert_eq!(faults(&small("", &holiday("off = 2026-01-01"))), [(16, "off".to_owned())], "not a list");
}

#[test]
fn shifts_may_touch_and_end_at_midnight_and_are_read_in_any_order() {
    let shifts = |list: &str| {
        let special =
            format!("[[special]]\nname_zh = \"夜\"\nname_en = \"night\"\non = [2026-01-03]\nshifts = {list}\n");
        let calendar = Calendar::parse("small.toml", &small("", &special)).ok()?;
        let shifts = &calendar.days.get(&date(2026, 1, 3))?.shifts;
        Some(shifts.iter().map(|shift| (shift.from_minute(), shift.to_minute())).collect::<Vec<_>>())
    };
    assert_eq!(shifts("[\"12:00–24:00\", \"00:00-12:00\"]"), Some(vec![(0, 720), (720, 1440)]));
    for wrong in ["12:00-24:01", "12:00-25:00", "08:60-12:00", "8:00-12:00", "12:00-12:00", "08:00", "ab:cd-12:00"] {
        assert_eq!(shifts(&format!("[\"{wrong}\"]")), None, "{wrong}");
    }
    assert_eq!(shifts("[\"08:00-12:00\", \"11:59-13:00\"]"), None, "they overlap");
    assert_eq!(shifts("\"08:00-12:00\""), None, "not a list");
}

#[test]
fn a_holiday_needs_days_and_a_special_day_both_days_and_shifts() {
    let special = |lines: &str| format!("[[special]]\nname_zh = \"半天\"\nname_en = \"half day\"\n{lines}\n");
    let missing = |text: String| faults(&small("", &text)).into_iter().map(|(_, field)| field).collect::<Vec<_>>();
    assert_eq!(missing(holiday("")), ["off"]);
    assert_eq!(missing(special("on = [2026-01-03]")), ["shifts"]);
    assert_eq!(missing(special("shifts = [\"09:00-12:00\"]")), ["on"]);
    let calendar = Calendar::parse("small.toml", &small("", &holiday("work = [2026-01-03]"))).unwrap();
    assert_eq!(calendar.days.get(&date(2026, 1, 3)).map(|day| day.kind), Some(DayKind::MakeUp));
}

#[test]
fn a_section_that_is_a_value_and_sources_that_are_no_texts_are_told() {
    for (top, line, field) in [
        ("holiday = \"none\"\n", 7, "holiday"),
        ("special = [1]\n", 7, "special"),
        ("sources = \"a notice\"\n", 7, "sources"),
        ("sources = [1]\n", 7, "sources"),
        ("workday_minutes = 0\n", 7, "workday_minutes"),
        ("workday_minutes = 1441\n", 7, "workday_minutes"),
        ("workday_minutes = 479\n", 7, "workday_minutes"),
    ] {
        assert_eq!(faults(&small(top, "")), [(line, field.to_owned())], "{top}");
    }
    let calendar =
        Calendar::parse("small.toml", &small("sources = [\"a notice\"]\nworkday_minutes = 480\n", "")).unwrap();
    assert_eq!((calendar.sources, calendar.workday_minutes), (vec!["a notice".to_owned()], 480));
}

#[test]
fn what_is_missing_is_named_and_the_rest_still_read() {
    let all = small("", "");
    for (line, key) in [(1, "id"), (2, "version"), (3, "zone"), (4, "name_zh"), (5, "name_en"), (6, "announced_until")]
    {
        let text: Vec<&str> = all.lines().enumerate().filter(|(at, _)| at + 1 != line).map(|(_, text)| text).collect();
        assert_eq!(faults(&text.join("\n")), [(1, key.to_owned())]);
    }
}

#[test]
fn a_make_up_day_is_worked_as_the_file_says_or_else_as_the_first_working_day() {
    let minutes = |make_up: &str| {
        let text = small("", &format!("{make_up}{}", holiday("work = [2026-01-03]")));
        let calendar = Calendar::parse("small.toml", &text).unwrap();
        calendar.days.get(&date(2026, 1, 3)).map(|day| day.shifts.iter().map(|shift| shift.minutes()).sum::<u16>())
    };
    assert_eq!(minutes(""), Some(480));
    assert_eq!(minutes("make_up = [\"09:00-12:00\"]\n"), Some(180));
}
