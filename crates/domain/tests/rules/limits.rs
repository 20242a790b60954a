//! At the limit: for each "at most", "not before" and "until", the last instant or number that will do, and the first
//! that will not.

use crate::town::*;
use gewu_domain::{
    case::{Asking, Command, Deed, Rule, State, StateKind},
    ids::ReasonCode,
    people::Actor,
    policy::Policy,
};
use jiff::{SignedDuration, Timestamp};

const MS: SignedDuration = SignedDuration::from_millis(1);

/// What comes of a command decided at this very instant; the walk waits a minute before each.
fn at_instant(walk: &mut Walk, at: Timestamp, actor: &Actor, command: Command) -> Option<Rule> {
    walk.now = at - SignedDuration::from_mins(1);
    walk.step(actor, command).err().map(|refused| refused.rule)
}

fn handling_with(change: impl FnOnce(&mut Policy)) -> (Walk, Cast) {
    let mut rules = policy();
    rules.check.field_percent = 0;
    change(&mut rules);
    to_handling(rules)
}

fn closed_with(change: impl FnOnce(&mut Policy)) -> (Walk, Cast) {
    let mut rules = policy();
    rules.check.field_percent = 0;
    change(&mut rules);
    to_closed(rules)
}

fn more_time(minutes: u32) -> Command {
    Command::Ask { assignment: 1, asking: Asking::Extension { minutes }, reason: ReasonCode::from("parts"), note: None }
}

fn suspension(until: Timestamp) -> Command {
    Command::Ask { assignment: 1, asking: Asking::Suspension { until }, reason: ReasonCode::from("season"), note: None }
}

fn reopen() -> Command {
    Command::Reopen { reason: ReasonCode::from("not_solved"), note: None }
}

fn confirm_until(walk: &Walk) -> Option<Timestamp> {
    match walk.case.state {
        State::Closed { confirm_until, .. } => confirm_until,
        _ => panic!("{:?}", walk.case.state),
    }
}

#[test]
fn an_extension_may_be_as_long_as_the_share_of_the_limit_says_and_not_empty() {
    for (percent, minutes, expected) in [
        (100, 240, None),
        (100, 241, Some(Rule::TooLong)),
        (50, 120, None),
        (50, 121, Some(Rule::TooLong)),
        (100, 1, None),
        (100, 0, Some(Rule::TooLong)),
    ] {
        let (mut walk, cast) = handling_with(|rules| rules.asking.extension_percent_most = percent);
        let at = walk.now + SignedDuration::from_mins(1);
        assert_eq!(at_instant(&mut walk, at, &cast.cleaner, more_time(minutes)), expected, "{minutes} of {percent} %");
    }
}

#[test]
fn more_time_may_be_asked_for_up_to_the_due_instant_where_the_policy_says_before_it() {
    for (before_due, after, expected) in
        [(true, SignedDuration::ZERO, None), (true, MS, Some(Rule::TooLate)), (false, MS, None)]
    {
        let (mut walk, cast) = handling_with(|rules| rules.asking.before_due = before_due);
        let due = walk.case.due_at().unwrap();
        assert_eq!(at_instant(&mut walk, due + after, &cast.cleaner, more_time(30)), expected, "{before_due} {after}");
    }
}

#[test]
fn a_suspension_ends_after_now_and_within_the_days_of_the_policy() {
    let days = SignedDuration::from_hours(24 * 365);
    for (length, expected) in [
        (-MS, Some(Rule::TooEarly)),
        (SignedDuration::ZERO, Some(Rule::TooEarly)),
        (MS, None),
        (days, None),
        (days + MS, Some(Rule::TooLong)),
    ] {
        let (mut walk, cast) = handling_with(|_| {});
        let at = walk.now + SignedDuration::from_mins(1);
        assert_eq!(at_instant(&mut walk, at, &cast.cleaner, suspension(at + length)), expected, "{length}");
    }
}

#[test]
fn a_unit_is_suspended_and_given_time_as_often_as_the_policy_says_and_no_oftener() {
    for most in [0, 1, 2] {
        let (mut walk, cast) = handling_with(|rules| rules.asking.suspensions_most = most);
        for _ in 0..most {
            let until = walk.now + SignedDuration::from_hours(1);
            walk.step(&cast.cleaner, suspension(until)).unwrap();
            walk.step(&cast.dispatcher, Command::Answer { granted: true, note: None }).unwrap();
            walk.step(&cast.dispatcher, Command::Resume).unwrap();
        }
        let again = suspension(walk.now + SignedDuration::from_hours(1));
        assert_eq!(walk.step(&cast.cleaner, again).unwrap_err().rule, Rule::TooOften, "suspended {most} times");

        let (mut walk, cast) = handling_with(|rules| rules.asking.extensions_most = most);
        for _ in 0..most {
            walk.step(&cast.cleaner, more_time(30)).unwrap();
            walk.step(&cast.dispatcher, Command::Answer { granted: true, note: None }).unwrap();
        }
        assert_eq!(walk.step(&cast.cleaner, more_time(30)).unwrap_err().rule, Rule::TooOften, "extended {most} times");
    }
}

#[test]
fn urging_again_is_open_from_the_last_instant_of_the_pause_on() {
    for (before, expected) in [(MS, Some(Rule::TooEarly)), (SignedDuration::ZERO, None)] {
        let (mut walk, _) = handling_with(|_| {});
        walk.step(&Actor::Reporter, Command::Urge { note: None }).unwrap();
        let next = walk.now + SignedDuration::from_mins(i64::from(walk.city.policy.urge_every_minutes));
        let urge = Command::Urge { note: None };
        assert_eq!(at_instant(&mut walk, next - before, &Actor::Reporter, urge), expected, "{before} before");
    }
}

#[test]
fn the_timer_resumes_from_the_very_instant_on_and_a_person_at_any_time() {
    for (by_system, before, expected) in [
        (true, MS, Some(Rule::TooEarly)),
        (true, SignedDuration::ZERO, None),
        (false, SignedDuration::from_hours(1), None),
    ] {
        let (mut walk, cast) = handling_with(|_| {});
        let until = walk.now + SignedDuration::from_hours(5);
        walk.step(&cast.cleaner, suspension(until)).unwrap();
        walk.step(&cast.dispatcher, Command::Answer { granted: true, note: None }).unwrap();
        let actor = if by_system { &Actor::System } else { &cast.dispatcher };
        assert_eq!(at_instant(&mut walk, until - before, actor, Command::Resume), expected, "{by_system} {before}");
    }
}

#[test]
fn the_reporter_reopens_up_to_the_last_instant_of_the_window_and_not_after() {
    for (after, expected, left) in
        [(SignedDuration::ZERO, None, StateKind::Reopened), (MS, Some(Rule::WindowPassed), StateKind::Closed)]
    {
        let (mut walk, _) = closed_with(|_| {});
        let until = confirm_until(&walk).unwrap();
        assert_eq!(at_instant(&mut walk, until + after, &Actor::Reporter, reopen()), expected);
        assert_eq!(walk.case.state.kind(), left);

        let (mut walk, _) = closed_with(|_| {});
        let until = confirm_until(&walk).unwrap();
        let not_solved = Command::Rate { is_solved: false, stars: 1, note: None };
        assert_eq!(at_instant(&mut walk, until + after, &Actor::Reporter, not_solved), None);
        assert_eq!(walk.case.state.kind(), left, "saying so with stars is the same");
    }
}

#[test]
fn a_window_of_no_hours_is_none_and_one_of_an_hour_ends_after_it() {
    let (walk, _) = closed_with(|rules| rules.confirmation.window_hours = 0);
    assert_eq!(confirm_until(&walk), None);
    let (walk, _) = closed_with(|rules| rules.confirmation.window_hours = 1);
    assert_eq!(confirm_until(&walk), Some(walk.now + SignedDuration::from_hours(1)));
}

#[test]
fn a_reporter_who_may_reopen_no_time_does_not_reopen() {
    let (mut walk, _) = closed_with(|rules| rules.confirmation.reopenings_most = 0);
    assert_eq!(walk.step(&Actor::Reporter, reopen()).unwrap_err().rule, Rule::TooOften);
    let (mut walk, _) = closed_with(|rules| rules.confirmation.reopenings_most = 1);
    walk.step(&Actor::Reporter, reopen()).unwrap();
}

#[test]
fn the_territory_hands_it_back_until_so_many_returns_and_for_ever_where_the_policy_says_none() {
    for (after_returns, expected) in [(0, None), (1, Some(Rule::Backstop)), (2, None)] {
        let (mut walk, cast) = handling_with(|rules| rules.backstop.after_returns = after_returns);
        let back = |assignment| Command::Return { assignment, reason: ReasonCode::from("not_our_area"), note: None };
        walk.step(&cast.cleaner, back(1)).unwrap();
        walk.step(&cast.dispatcher_2, dispatch(&["office-1"])).unwrap();
        let refused = walk.step(&cast.office, back(2)).err().map(|refused| refused.rule);
        assert_eq!(refused, expected, "after {after_returns} returns");
    }
}

#[test]
fn stars_are_one_to_five_whatever_is_sent() {
    for (sent, kept) in [(0, 1), (1, 1), (5, 5), (6, 5), (255, 5)] {
        let (mut walk, _) = closed_with(|_| {});
        walk.step(&Actor::Reporter, Command::Rate { is_solved: true, stars: sent, note: None }).unwrap();
        assert!(matches!(walk.facts.last().unwrap().deed, Deed::Rated { stars, .. } if stars == kept), "{sent}");
    }
}
