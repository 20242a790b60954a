//! The properties of clocks on random calendars, against a slow minute-by-minute reference; by name, the errors other
//! systems make; and the story a person is told.

use super::*;
use crate::calendar::tests::{CHINA, Plan, at, china, minute_near, minutes_between, plans};
use jiff::ToSpan;
use proptest::prelude::*;

fn handling(limit: Limit, start: &str, calendar: &Calendar) -> Clock {
    Clock::start(Stage::Handle, limit, at(calendar, start), calendar)
}

fn workdays(days: u32, calendar: &Calendar) -> Limit {
    Limit::of(days, LimitUnit::Workday, calendar).unwrap()
}

/// What may happen to a clock, and how many seconds after the last thing that happened.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// Pauses a running clock, resumes a paused one.
    Switch,
    Extend(u32),
}

#[derive(Debug, Clone)]
struct Course {
    plan: Plan,
    limit: Limit,
    started_at: Timestamp,
    acts: Vec<(Timestamp, Act)>,
    /// Some time after the start, before or after the last act.
    now: Timestamp,
}

impl Course {
    fn clock(&self, calendar: &Calendar) -> Clock {
        let mut clock = Clock::start(Stage::Handle, self.limit, self.started_at, calendar);
        for (at, act) in &self.acts {
            perform(&mut clock, *at, *act, calendar).unwrap();
        }
        clock
    }
}

fn perform(clock: &mut Clock, at: Timestamp, act: Act, calendar: &Calendar) -> Result<(), ClockError> {
    match act {
        Act::Switch if clock.paused_at().is_some() => clock.resume(at, calendar),
        Act::Switch => clock.pause(at, calendar),
        Act::Extend(minutes) => clock.extend(minutes, at, calendar),
    }
}

fn courses() -> impl Strategy<Value = Course> {
    let act = prop_oneof![
        5 => Just(Act::Switch),
        3 => (1_u32..600).prop_map(Act::Extend),
    ];
    let gap_s = prop_oneof![Just(0_i64), 0_i64..7_200, 0_i64..200_000];
    let minutes = prop_oneof![1 => Just(0_u32), 9 => 1_u32..1_500];
    let kind = prop_oneof![4 => Just(ClockKind::Working), 1 => Just(ClockKind::Continuous)];
    (
        plans(),
        (minutes, kind),
        -10_000_i64..5_000,
        0_i64..60,
        proptest::collection::vec((gap_s, act), 0..7),
        0_i64..900_000,
    )
        .prop_map(|((plan, around), (minutes, kind), start, second, acts, now_s)| {
            let started_at = minute_near(around, start) + second.seconds();
            let mut last_at = started_at;
            let acts = acts
                .into_iter()
                .map(|(gap_s, act)| {
                    last_at += gap_s.seconds();
                    (last_at, act)
                })
                .collect();
            Course { plan, limit: Limit { minutes, kind }, started_at, acts, now: started_at + now_s.seconds() }
        })
}

/// The first full minute not before an instant, by counting.
fn minute_up(at: Timestamp) -> Timestamp {
    let mut at = at;
    while at.as_second() % 60 != 0 || at.subsec_nanosecond() != 0 {
        at += 1.second();
    }
    at
}

/// What a clock says, found by walking through every minute.
struct Slow {
    used: u32,
    granted: u32,
    due_at: Option<Timestamp>,
}

/// `due_at` is looked for until `horizon`.
fn slow(course: &Course, now: Timestamp, horizon: Timestamp) -> Slow {
    let acts: Vec<(Timestamp, Act)> = course.acts.iter().map(|(at, act)| (minute_up(*at), *act)).collect();
    let granted = acts.iter().fold(course.limit.minutes, |granted, (_, act)| match act {
        Act::Extend(minutes) => granted + minutes,
        _ => granted,
    });
    let is_paused = |minute: Timestamp| {
        acts.iter().filter(|(at, act)| *at <= minute && matches!(act, Act::Switch)).count() % 2 == 1
    };
    let (started_at, now) = (minute_up(course.started_at), minute_up(now));
    let mut slow = Slow { used: 0, granted, due_at: (granted == 0).then_some(started_at) };
    let mut ran = 0;
    for minute in minutes_between(started_at, horizon) {
        let counts = course.limit.kind == ClockKind::Continuous || course.plan.is_working(minute);
        if counts && !is_paused(minute) {
            ran += 1;
            slow.used += u32::from(minute < now);
            if ran == granted {
                slow.due_at = Some(minute + 1.minute());
            }
        }
    }
    // Pausing at the due instant is in time: the clock owes no due instant until it runs again.
    let switches: Vec<Timestamp> =
        acts.iter().filter(|(_, act)| matches!(act, Act::Switch)).map(|(at, _)| *at).collect();
    if switches.len() % 2 == 1 && slow.due_at >= switches.last().copied() {
        slow.due_at = None;
    }
    slow
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_clock_says_what_walking_through_every_minute_finds(course in courses()) {
        let calendar = course.plan.calendar();
        let clock = course.clock(&calendar);
        let horizon = minute_up(course.started_at) + (14 * 24).hours();
        let slow = slow(&course, course.now, horizon);
        prop_assert_eq!(clock.granted(), slow.granted);
        prop_assert_eq!(clock.used(course.now, &calendar), slow.used);
        prop_assert_eq!(
            clock.remaining(course.now, &calendar),
            i64::from(slow.granted) - i64::from(slow.used)
        );
        match slow.due_at {
            Some(due_at) => prop_assert_eq!(clock.due_at, Some(due_at)),
            None => prop_assert!(clock.due_at.is_none_or(|due_at| due_at > horizon)),
        }
    }

    #[test]
    fn the_granted_minutes_are_used_at_the_due_instant_and_not_a_minute_before(course in courses()) {
        let calendar = course.plan.calendar();
        let clock = course.clock(&calendar);
        if let Some(due_at) = clock.due_at {
            prop_assert_eq!(clock.used(due_at, &calendar), clock.granted());
            prop_assert_eq!(clock.remaining(due_at, &calendar), 0);
            if clock.granted() > 0 {
                prop_assert_eq!(clock.used(due_at - 1.minute(), &calendar), clock.granted() - 1);
            }
        }
    }

    #[test]
    fn a_pause_holding_no_time_changes_nothing(course in courses(), share in 0.0_f64..=1.0) {
        let calendar = course.plan.calendar();
        let clock = course.clock(&calendar);
        let mut paused = clock.clone();
        let last_at = course.acts.last().map_or(course.started_at, |(at, _)| *at);
        let from = full_minute(last_at.max(course.now));
        let idle_s = match clock.limit.kind {
            ClockKind::Working => calendar.next_working(from).duration_since(from).as_secs_f64() * share,
            ClockKind::Continuous => 0.0,
        };
        if paused.paused_at().is_none() {
            paused.pause(from, &calendar).unwrap();
            paused.resume(from + (idle_s as i64).seconds(), &calendar).unwrap();
            prop_assert_eq!(paused.due_at, clock.due_at);
            for later in [0, 500, 3_000, 20_000] {
                let now = from + (idle_s as i64).seconds() + later.minutes();
                prop_assert_eq!(paused.used(now, &calendar), clock.used(now, &calendar));
                prop_assert_eq!(paused.light(now, &calendar), clock.light(now, &calendar));
            }
        }
    }

    #[test]
    fn an_extension_counts_the_same_whenever_it_is_granted(
        course in courses(), minutes in 1_u32..3_000, early in any::<prop::sample::Index>(), late in any::<prop::sample::Index>(),
    ) {
        let calendar = course.plan.calendar();
        let extended_after = |count: usize| {
            let mut course = course.clone();
            let at = count.checked_sub(1).map_or(course.started_at, |last| course.acts[last].0);
            course.acts.insert(count, (at, Act::Extend(minutes)));
            course.clock(&calendar)
        };
        let (early, late) = (extended_after(early.index(course.acts.len() + 1)), extended_after(late.index(course.acts.len() + 1)));
        prop_assert_eq!(early.due_at, late.due_at);
        prop_assert_eq!(early.granted(), course.clock(&calendar).granted() + minutes);
        prop_assert_eq!(early.granted(), late.granted());
        prop_assert_eq!(early.used(course.now, &calendar), late.used(course.now, &calendar));
    }

    #[test]
    fn resuming_later_never_makes_it_due_earlier(course in courses(), wait_s in 0_i64..300_000, more_s in 0_i64..300_000) {
        let calendar = course.plan.calendar();
        let mut clock = course.clock(&calendar);
        let last_at = course.acts.last().map_or(course.started_at, |(at, _)| *at);
        if clock.paused_at().is_none() {
            clock.pause(last_at, &calendar).unwrap();
        }
        let resumed = |seconds: i64| {
            let mut clock = clock.clone();
            clock.resume(last_at + seconds.seconds(), &calendar).unwrap();
            clock.due_at.unwrap()
        };
        prop_assert!(resumed(wait_s) <= resumed(wait_s + more_s));
    }

    #[test]
    fn starting_later_never_makes_it_due_earlier(course in courses(), wait_s in 0_i64..300_000) {
        let calendar = course.plan.calendar();
        let due_at = |at: Timestamp| Clock::start(Stage::Handle, course.limit, at, &calendar).due_at.unwrap();
        prop_assert!(due_at(course.started_at) <= due_at(course.started_at + wait_s.seconds()));
    }

    #[test]
    fn a_running_clock_is_overdue_exactly_after_its_due_instant(course in courses(), ns in -2_i64..=2) {
        let calendar = course.plan.calendar();
        let mut clock = course.clock(&calendar);
        if clock.paused_at().is_some() {
            clock.resume(course.acts.last().unwrap().0, &calendar).unwrap();
        }
        let due_at = clock.due_at.unwrap();
        prop_assert_eq!(clock.is_overdue(due_at + ns.nanoseconds()), ns > 0);
        prop_assert_eq!(clock.light(due_at + ns.nanoseconds(), &calendar) == Light::Red, ns > 0);
        let (used, granted) = (clock.used(course.now, &calendar), clock.granted());
        prop_assert!(used <= granted || clock.is_overdue(course.now));
        prop_assert!(used >= granted || !clock.is_overdue(course.now));
    }

    #[test]
    fn two_stored_instants_give_the_light_of_a_running_clock(course in courses(), ns in -2_i64..=2) {
        let calendar = course.plan.calendar();
        let mut clock = course.clock(&calendar);
        if clock.paused_at().is_some() {
            clock.resume(course.acts.last().unwrap().0, &calendar).unwrap();
        }
        let (warn_at, due_at) = (clock.warn_at(&calendar).unwrap(), clock.due_at.unwrap());
        for now in [course.now, warn_at + ns.nanoseconds(), due_at + ns.nanoseconds()] {
            let light = if now > due_at {
                Light::Red
            } else if now > warn_at {
                Light::Yellow
            } else {
                Light::Green
            };
            prop_assert_eq!(clock.light(now, &calendar), light);
        }
    }

    #[test]
    fn a_stopped_clock_stands_still(course in courses(), wait_s in 0_i64..3_000_000) {
        let calendar = course.plan.calendar();
        let mut clock = course.clock(&calendar);
        let at = course.acts.last().map_or(course.started_at, |(at, _)| *at);
        clock.stop(at, &calendar).unwrap();
        let reading = |now| (clock.used(now, &calendar), clock.is_overdue(now), clock.light(now, &calendar));
        prop_assert_eq!(reading(full_minute(at)), reading(at + wait_s.seconds()));
        prop_assert_eq!(clock.pause(at, &calendar), Err(ClockError::Stopped(full_minute(at))));
    }

    #[test]
    fn a_refused_change_leaves_the_clock_as_it_was(course in courses(), earlier_s in 60_i64..100_000) {
        let calendar = course.plan.calendar();
        let clock = course.clock(&calendar);
        let last_at = clock.events.last().map_or(clock.started_at, |event| event.at);
        for act in [Act::Switch, Act::Extend(5)] {
            let mut refused = clock.clone();
            prop_assert!(perform(&mut refused, last_at - earlier_s.seconds(), act, &calendar).is_err());
            prop_assert_eq!(&refused, &clock);
        }
    }

    #[test]
    fn a_clock_survives_being_written_down(course in courses()) {
        let clock = course.clock(&course.plan.calendar());
        let written = serde_json::to_string(&clock).unwrap();
        prop_assert_eq!(serde_json::from_str::<Clock>(&written).unwrap(), clock);
    }

    #[test]
    fn a_promise_made_anew_is_never_due_earlier_and_keeps_its_books(course in courses(), cut_days in 0_i64..6) {
        let after = Calendar::parse("plan.toml", &course.plan.file().replace("version = 3", "version = 4")).unwrap();
        let cut = after.reading(course.started_at).date() + cut_days.days();
        let mut plan = course.plan.clone();
        plan.off.retain(|day| *day <= cut);
        plan.work.retain(|day| *day <= cut);
        plan.special.retain(|(day, _)| *day <= cut);
        let until = format!("announced_until = \"{cut}\"");
        let text = plan.file().replace("announced_until = \"2030-12-31\"", &until);
        let before = Calendar::parse("plan.toml", &text).unwrap();

        let was = course.clock(&before);
        let mut clock = was.clone();
        let anew = clock.repromise(course.now, &before, &after);
        if !anew {
            prop_assert_eq!(&clock, &was);
            return Ok(());
        }
        prop_assert!(after.is(&clock.calendar));
        if let (Some(was), Some(due)) = (was.due_at, clock.due_at) {
            prop_assert!(due >= was, "{due} is earlier than {was}");
        }
        let now = course.now;
        prop_assert_eq!(
            i64::from(clock.used(now, &after)) + clock.remaining(now, &after),
            i64::from(clock.granted())
        );
        prop_assert!(clock.granted() >= was.granted());
        let again = clock.clone();
        prop_assert!(!clock.repromise(now, &before, &after), "twice changes nothing");
        prop_assert_eq!(&clock, &again);
        let later = now + 400.hours();
        clock.extend(60, later, &after).unwrap();
        let written = serde_json::to_string(&clock).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Clock>(&written).unwrap(), &clock);
        prop_assert!(clock.explain(now, &after).len() >= 5);
    }

    #[test]
    fn every_clock_can_be_explained_in_both_languages(course in courses()) {
        let calendar = course.plan.calendar();
        let clock = course.clock(&calendar);
        let lines = clock.explain(course.now, &calendar);
        prop_assert!(lines.iter().all(|line| !line.zh.is_empty() && !line.en.is_empty()));
        prop_assert!(lines.len() >= 4);
    }
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

#[test]
fn a_late_case_stays_late_when_it_is_paused() {
    let china = china();
    let mut clock = handling(Limit::working(60), "2026-09-07 08:00", &china);
    clock.pause(at(&china, "2026-09-07 10:00"), &china).unwrap();
    let later = at(&china, "2026-09-09 10:00");
    assert!(clock.is_overdue(later));
    assert_eq!(clock.light(later, &china), Light::Red);
    clock.extend(240, at(&china, "2026-09-08 10:00"), &china).unwrap();
    assert_eq!((clock.due_at, clock.light(later, &china)), (None, Light::Paused));
}

#[test]
fn a_pause_that_begins_at_the_due_instant_is_in_time() {
    let china = china();
    let mut clock = handling(Limit::working(60), "2026-09-07 08:00", &china);
    let due_at = clock.due_at;
    clock.pause(at(&china, "2026-09-07 09:00"), &china).unwrap();
    let later = at(&china, "2026-09-09 10:00");
    assert_eq!((clock.due_at, clock.is_overdue(later)), (None, false));
    assert_eq!(clock.light(later, &china), Light::Paused);
    clock.resume(later, &china).unwrap();
    assert_eq!(clock.due_at, due_at, "nothing is left to run, so the due instant is the one it had");
}

#[test]
fn the_light_is_green_to_eighty_percent_and_yellow_to_the_last_minute() {
    let china = china();
    let clock = handling(Limit::working(100), "2026-09-07 08:00", &china);
    let light = |reading: &str| clock.light(at(&china, reading), &china);
    assert_eq!(light("2026-09-07 09:20"), Light::Green);
    assert_eq!(light("2026-09-07 09:21"), Light::Yellow);
    assert_eq!(light("2026-09-07 09:40"), Light::Yellow);
    assert_eq!(light("2026-09-07 09:40:01"), Light::Red);
}

#[test]
fn an_urgent_clock_runs_through_the_holiday() {
    let china = china();
    let urgent = Limit::of(2, LimitUnit::Hour, &china).unwrap();
    let clock = handling(urgent, "2026-10-01 23:30", &china);
    assert_eq!(clock.due_at, Some(at(&china, "2026-10-02 01:30")));
}

#[test]
fn seconds_are_given_to_the_one_who_was_promised() {
    let china = china();
    let clock = handling(Limit::working(30), "2026-09-07 08:00:01", &china);
    assert_eq!(clock.started_at, at(&china, "2026-09-07 08:01"));
    assert_eq!(clock.due_at, Some(at(&china, "2026-09-07 08:31")));
}

#[test]
fn a_clock_refuses_another_calendar_than_it_was_promised_by() {
    let china = china();
    let next = Calendar::parse("cn.toml", &CHINA.replace("version = 2", "version = 3")).unwrap();
    let mut clock = handling(Limit::working(30), "2026-09-07 08:00", &china);
    let refused = clock.pause(at(&china, "2026-09-07 08:10"), &next);
    assert_eq!(refused, Err(ClockError::OtherCalendar { promised: china.reference(), offered: next.reference() }));
}

#[test]
fn limits_are_written_in_the_largest_unit_that_divides_them() {
    let china = china();
    let text = |limit: Limit| {
        let text = limit.text(&china);
        (text.zh, text.en)
    };
    let pair = |zh: &str, en: &str| (zh.to_owned(), en.to_owned());
    assert_eq!(text(Limit::working(960)), pair("2 工作日", "2 workdays"));
    assert_eq!(text(Limit::working(240)), pair("4 工作时", "4 working hours"));
    assert_eq!(text(Limit::working(90)), pair("1 工作时 30 分", "1 working hour 30 min"));
    assert_eq!(text(Limit::working(30)), pair("30 工作分钟", "30 working minutes"));
    assert_eq!(text(Limit::continuous(120)), pair("2 小时", "2 hours"));
    assert_eq!(text(Limit::continuous(1440)), pair("1 天", "1 day"));
}

/// Both tellings, line by line.
fn told(lines: &[Line]) -> (Vec<&str>, Vec<&str>) {
    lines.iter().map(|line| (line.zh.as_str(), line.en.as_str())).unzip()
}

#[test]
fn the_story_names_the_holiday_the_make_up_day_the_pause_and_the_extension() {
    let china = china();
    let mut clock = handling(workdays(2, &china), "2026-09-30 15:20", &china);
    clock.extend(480, at(&china, "2026-09-30 16:00"), &china).unwrap();
    clock.pause(at(&china, "2026-10-08 10:00"), &china).unwrap();
    clock.resume(at(&china, "2026-10-08 16:00"), &china).unwrap();
    let lines = clock.explain(at(&china, "2026-10-09 09:00"), &china);
    let (zh, en) = told(&lines);
    assert_eq!(
        zh,
        [
            "处置时限 2 工作日，按日历“中国法定工作日”第 2 版计算（每工作日 8 小时）",
            "2026-09-30 周三 15:20 起算",
            "2026-09-30 周三 16:00 批准延期 1 工作日，总时限 3 工作日",
            "2026-09-30 周三：计 2 小时 40 分",
            "2026-10-01 周四 至 2026-10-07 周三：国庆节放假，不计",
            "2026-10-08 周四：计 2 小时",
            "2026-10-08 周四 10:00 暂停计时",
            "2026-10-08 周四 16:00 恢复计时；暂停期间的 4 工作时 不计入",
            "2026-10-08 周四 至 2026-10-09 周五：计 10 小时",
            "2026-10-10 周六：国庆节调休上班，计 8 小时",
            "2026-10-11 周日：周末，不计",
            "2026-10-12 周一：计 1 小时 20 分",
            "截止 2026-10-12 周一 09:20",
            "已用 7 工作时 40 分，共 3 工作日",
            "剩余 16 工作时 20 分",
        ]
    );
    assert_eq!(
        en,
        [
            "handling was promised within 2 workdays, by calendar \"China, statutory working days\", version 2 (one workday is 8 h)",
            "started Wed 2026-09-30 15:20",
            "extended Wed 2026-09-30 16:00 by 1 workday, 3 workdays in all",
            "Wed 2026-09-30: 2 h 40 min counted",
            "Thu 2026-10-01 to Wed 2026-10-07: National Day, not counted",
            "Thu 2026-10-08: 2 h counted",
            "paused Thu 2026-10-08 10:00",
            "resumed Thu 2026-10-08 16:00; the 4 working hours of the pause do not count",
            "Thu 2026-10-08 to Fri 2026-10-09: 10 h counted",
            "Sat 2026-10-10: make-up workday for National Day, 8 h counted",
            "Sun 2026-10-11: weekend, not counted",
            "Mon 2026-10-12: 1 h 20 min counted",
            "due Mon 2026-10-12 09:20",
            "7 working hours 40 min used of 3 workdays",
            "16 working hours 20 min left",
        ]
    );
}

#[test]
fn the_story_of_a_weekend_start_and_an_empty_pause_says_that_nothing_moved() {
    let china = china();
    let mut clock = handling(Limit::working(60), "2026-09-05 10:00", &china);
    clock.pause(at(&china, "2026-09-05 11:00"), &china).unwrap();
    clock.resume(at(&china, "2026-09-06 11:00"), &china).unwrap();
    clock.stop(at(&china, "2026-09-07 08:30"), &china).unwrap();
    let lines = clock.explain(at(&china, "2026-09-09 09:00"), &china);
    assert_eq!(
        told(&lines).0,
        [
            "处置时限 1 工作时，按日历“中国法定工作日”第 2 版计算（每工作日 8 小时）",
            "2026-09-05 周六 10:00 起算；当时不在工作时间，自 2026-09-07 周一 08:00 开始计时",
            "2026-09-05 周六：周末，不计",
            "2026-09-05 周六 11:00 暂停计时",
            "2026-09-06 周日 11:00 恢复计时；暂停期间没有工作时间，截止时间不变",
            "2026-09-06 周日：周末，不计",
            "2026-09-07 周一：计 1 小时",
            "截止 2026-09-07 周一 09:00",
            "2026-09-07 周一 08:30 完成，停止计时",
            "已用 30 工作分钟，共 1 工作时",
            "按时完成",
        ]
    );
}

#[test]
fn the_story_says_where_the_holidays_are_not_announced_yet() {
    let china = china();
    let clock = handling(workdays(2, &china), "2026-12-31 08:00", &china);
    let lines = clock.explain(at(&china, "2026-12-31 08:00"), &china);
    let (zh, _) = told(&lines);
    assert!(zh.contains(&"2027-01-01 周五：元旦法定放假，不计"), "{zh:?}");
    assert!(zh.contains(&"2027-01-04 周一：计 8 小时（放假安排尚未公布，暂按周末和法定节假日计算）"), "{zh:?}");
}

#[test]
fn a_promise_before_the_first_year_of_a_calendar_keeps_to_the_law_and_says_that_it_is_provisional() {
    let china = china();
    let clock = handling(workdays(1, &china), "2018-09-30 16:00", &china);
    assert_eq!(clock.due_at, Some(at(&china, "2018-10-04 18:00")));
    let lines = clock.explain(at(&china, "2018-09-30 16:00"), &china);
    assert_eq!(
        told(&lines).0[2..5],
        [
            "2018-09-30 周日：周末，不计（日历没有这一年的放假安排，暂按周末和法定节假日计算）",
            "2018-10-01 周一 至 2018-10-03 周三：国庆节法定放假，不计",
            "2018-10-04 周四：计 8 小时（日历没有这一年的放假安排，暂按周末和法定节假日计算）",
        ]
    );
    assert_eq!(
        told(&lines).1[3..5],
        [
            "Mon 2018-10-01 to Wed 2018-10-03: National Day, a day off by law, not counted",
            "Thu 2018-10-04: 8 h counted (the calendar does not go back to this year's holidays, so only weekends and \
             days off by law are known)",
        ]
    );
}

/// The shipped calendar once 2027 is announced, as far as a test says.
fn with_2027(holiday: &str) -> Calendar {
    let text = CHINA
        .replace("version = 2", "version = 3")
        .replace("announced_until = 2026-12-31", "announced_until = 2027-12-31");
    let text = format!("{text}\n[[holiday]]\nname_zh = \"元旦\"\nname_en = \"New Year's Day\"\n{holiday}\n");
    Calendar::parse("cn.toml", &text).unwrap()
}

/// A clock promised on the last afternoon of the announced years, made anew; when it was due and is due.
fn made_anew(limit: Limit, holiday: &str) -> (Clock, Calendar, [String; 2]) {
    let (before, after) = (china(), with_2027(holiday));
    let mut clock = handling(limit, "2026-12-31 16:00", &before);
    let was = clock.due_at.unwrap();
    assert!(clock.repromise(at(&before, "2026-12-31 17:00"), &before, &after));
    let due = clock.due_at.unwrap();
    (clock, after, [was, due].map(|at| before.reading(at).strftime("%F %H:%M").to_string()))
}

#[test]
fn a_promise_that_rested_on_a_provisional_day_is_due_later_when_that_day_turns_out_to_be_off() {
    let (clock, after, [was, due]) =
        made_anew(workdays(2, &china()), "off = [\"2027-01-01..2027-01-04\"]\nwork = [\"2027-01-09\"]");
    assert_eq!((was.as_str(), due.as_str()), ("2027-01-05 16:00", "2027-01-06 16:00"));
    let lines = clock.explain(at(&after, "2026-12-31 17:00"), &after);
    let (zh, en) = told(&lines);
    assert!(zh.contains(&"处置时限 2 工作日，按日历“中国法定工作日”第 3 版计算（每工作日 8 小时）"), "{zh:?}");
    assert!(
        zh.contains(&"2026-12-31 周四 17:00 放假安排已公布，重新承诺；此前按第 2 版，截止 2027-01-05 周二 16:00"),
        "{zh:?}"
    );
    assert!(
        en.contains(&"promised anew Thu 2026-12-31 17:00, as the holidays are announced; before by version 2, due Tue 2027-01-05 16:00"),
        "{en:?}"
    );
    assert!(zh.contains(&"截止 2027-01-06 周三 16:00"), "{zh:?}");
}

#[test]
fn a_promise_made_anew_is_never_due_earlier_and_says_what_was_granted_for_that() {
    // The Sunday is worked in exchange, which would make it due on Monday.
    let (clock, after, [was, due]) = made_anew(workdays(2, &china()), "work = [\"2027-01-03\"]");
    assert_eq!((was.as_str(), due.as_str()), ("2027-01-05 16:00", "2027-01-05 16:00"));
    let lines = clock.explain(at(&after, "2026-12-31 17:00"), &after);
    assert!(told(&lines).0.iter().any(|line| line.ends_with("；为不早于原截止时间，补足 1 工作日")), "{lines:?}");
    assert!(told(&lines).1.iter().any(|line| line.ends_with("; 1 workday granted so that it is not due earlier")));

    // The Monday it was due on turns out to be off, after a Sunday that is worked: the first minute after it will do.
    let (clock, after, [was, due]) = made_anew(Limit::working(240), "off = [\"2027-01-04\"]\nwork = [\"2027-01-03\"]");
    assert_eq!((was.as_str(), due.as_str()), ("2027-01-04 10:00", "2027-01-05 08:01"));
    assert_eq!(clock.remaining(clock.due_at.unwrap(), &after), 0);
}

#[test]
fn a_promise_that_does_not_rest_on_what_was_announced_stays_as_it_was() {
    let (before, after) = (china(), with_2027("off = [\"2027-01-01..2027-01-04\"]"));
    let same = |mut clock: Clock, before: &Calendar, after: &Calendar| {
        let was = clock.clone();
        !clock.repromise(at(&china(), "2026-12-31 17:00"), before, after) && clock == was
    };
    let provisional = handling(workdays(2, &before), "2026-12-31 16:00", &before);
    assert!(same(handling(workdays(1, &before), "2026-12-30 16:00", &before), &before, &after), "all announced");
    assert!(same(handling(Limit::continuous(9_999), "2026-12-31 16:00", &before), &before, &after), "day and night");
    assert!(same(provisional.clone(), &before, &before), "the same version");
    assert!(same(provisional.clone(), &after, &before), "not the version it was promised by");
    let other = Calendar::parse("x", &CHINA.replace("id = \"cn\"", "id = \"x\"")).unwrap();
    assert!(same(provisional.clone(), &before, &other), "another calendar");
    let mut done = provisional;
    done.stop(at(&before, "2026-12-31 16:30"), &before).unwrap();
    assert!(same(done, &before, &after), "a clock that has stopped");
}

#[test]
fn a_paused_promise_is_made_anew_too_and_resumes_by_the_announced_days() {
    let (before, after) = (china(), with_2027("off = [\"2027-01-01..2027-01-04\"]"));
    let mut clock = handling(workdays(1, &before), "2026-12-30 16:00", &before);
    clock.pause(at(&before, "2026-12-31 10:00"), &before).unwrap();
    assert!(clock.repromise(at(&before, "2026-12-31 11:00"), &before, &after));
    assert_eq!(clock.due_at, None);
    clock.resume(at(&after, "2026-12-31 17:00"), &after).unwrap();
    assert_eq!(clock.due_at, Some(at(&after, "2027-01-05 11:00")));
}

#[test]
fn the_story_of_a_year_is_told_by_weeks() {
    let china = china();
    let clock = handling(workdays(240, &china), "2025-01-06 08:00", &china);
    let lines = clock.explain(at(&china, "2025-01-06 08:00"), &china);
    let zh = told(&lines).0;
    assert!(zh.len() < 40, "{zh:#?}");
    assert!(zh.contains(&"2025-06-03 周二 至 2025-09-27 周六：计 672 小时（不上班的 33 天不计）"), "{zh:#?}");
}

#[test]
fn the_story_of_a_late_case_ends_with_how_late_it_is() {
    let china = china();
    let clock = handling(Limit::working(60), "2026-09-07 08:00", &china);
    let lines = clock.explain(at(&china, "2026-09-08 09:30"), &china);
    assert_eq!(told(&lines).0.last(), Some(&"超时 8 工作时 30 分"));
}
