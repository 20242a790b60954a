//! What the announcement of a year does to promises that rested on its days.

use crate::town::*;
use gewu_domain::{
    calendar::Calendar,
    case::{Asking, Case, Command, Context, Deed, Fact, State, StateKind},
    city::City,
    ids::ReasonCode,
    people::Actor,
};
use jiff::Timestamp;
use std::sync::Arc;

/// The last working afternoon that the shipped calendar knows the days after of: 2026-12-31 16:00 in China.
const EVE: &str = "2026-12-31T08:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The city once it has published 2027: the Monday after New Year is off.
fn announced(city: &City) -> City {
    let text = include_str!("../../../../data/calendars/cn.toml")
        .replace("version = 2", "version = 3")
        .replace("announced_until = 2026-12-31", "announced_until = 2027-12-31");
    let new_year = "[[holiday]]\nname_zh = \"元旦\"\nname_en = \"New Year\"\noff = [\"2027-01-01..2027-01-04\"]\n";
    let mut calendars = (*city.calendars).clone();
    calendars.publish(Calendar::parse("cn.toml", &format!("{text}\n{new_year}")).unwrap()).unwrap();
    City {
        calendar: Arc::new(calendars.current("cn").unwrap().clone()),
        calendars: Arc::new(calendars),
        ..city.clone()
    }
}

fn repromised(walk: &Walk, city: &City) -> Option<Fact> {
    walk.case.repromise(&Context { at: walk.now, actor: &Actor::System, city })
}

/// Being handled since the afternoon of the eve, four working hours long, with somebody who assists.
fn on_the_eve() -> (Walk, Cast) {
    let (mut walk, cast) = walk_with(policy());
    walk.step(&cast.acceptor, Command::Submit).unwrap();
    walk.step(&cast.chief, file()).unwrap();
    walk.now = at("2026-12-31T07:59:00Z");
    walk.step(&cast.dispatcher, dispatch(&["clean", "office-1"])).unwrap();
    walk.step(&cast.cleaner, Command::Accept { assignment: 1 }).unwrap();
    (walk, cast)
}

fn take(walk: &mut Walk, fact: Fact) {
    walk.case.apply(&fact);
    walk.facts.push(fact);
}

#[test]
fn every_running_promise_of_a_case_is_made_anew_in_one_fact_of_the_system() {
    let (mut walk, _) = on_the_eve();
    let was = at("2027-01-04T02:00:00Z");
    let due = at("2027-01-05T02:00:00Z");
    assert_eq!(walk.case.due_at(), Some(was));

    let fact = repromised(&walk, &announced(&walk.city)).unwrap();
    assert_eq!(fact.deed, Deed::Repromised { was: Some(was), due_at: Some(due) });
    assert_eq!((&fact.by, fact.at, fact.clocks.len()), (&Actor::System, walk.now, 2));
    let state = walk.case.state.clone();
    take(&mut walk, fact);
    assert_eq!((walk.case.due_at(), &walk.case.state), (Some(due), &state));
    assert!(walk.case.assignments.iter().all(|one| one.clock.due_at == Some(due)));
    assert_eq!(walk.case.tasks(&walk.city)[0].due_at, Some(due));
    assert_eq!(Case::replay(&walk.facts), Some(walk.case.clone()));
    let city = announced(&walk.city);
    assert_eq!(repromised(&walk, &city), None, "once is enough");
    let lines = walk.case.explain(walk.now, &city);
    assert!(lines.iter().any(|line| line.zh.contains("放假安排已公布，重新承诺")), "{lines:?}");
}

#[test]
fn a_stage_of_the_whole_case_is_made_anew_as_a_units_part_is() {
    let (mut walk, cast) = walk_with(policy());
    walk.now = at("2026-12-31T09:50:00Z");
    walk.step(&cast.acceptor, Command::Submit).unwrap();
    assert_eq!(walk.case.state.kind(), StateKind::AwaitingFiling);
    let was = walk.case.due_at().unwrap();
    let fact = repromised(&walk, &announced(&walk.city)).unwrap();
    take(&mut walk, fact);
    assert_eq!(walk.case.due_at().unwrap().duration_since(was).as_hours(), 24);
    assert!(walk.case.past.iter().all(|clock| clock.calendar.version == 2), "stages that have ended stay as they were");
}

#[test]
fn nothing_is_made_anew_while_nothing_was_announced_or_the_case_rests_on_no_such_day() {
    let (walk, _) = on_the_eve();
    assert_eq!(repromised(&walk, &walk.city), None);
    let (early, _) = to_handling(policy());
    assert_eq!(repromised(&early, &announced(&early.city)), None);
}

#[test]
fn a_case_that_has_ended_keeps_its_promises_and_one_reopened_takes_the_announced_days() {
    let (mut walk, cast) = on_the_eve();
    let lead = walk.case.assignment(1).unwrap().clock.due_at;
    let forced = Command::ForceClose { reason: ReasonCode::from("no_means"), note: Some(digest(7)) };
    walk.step(&cast.chief, forced).unwrap();
    assert!(matches!(walk.case.state, State::Closed { .. }));
    let city = announced(&walk.city);
    assert_eq!(repromised(&walk, &city), None);

    walk.city = city;
    walk.step(&Actor::Reporter, Command::Reopen { reason: ReasonCode::from("not_solved"), note: None }).unwrap();
    let original = walk.case.original.as_ref().unwrap();
    assert_eq!((original.calendar.version, original.due_at > lead), (3, true));
    assert_eq!(walk.case.assignment(1).unwrap().clock.due_at, lead, "the part that ended stays as it was");
}

#[test]
fn a_unit_that_must_do_it_again_goes_on_by_the_announced_days() {
    let mut rules = policy();
    rules.check.field_percent = 0;
    let (mut walk, cast) = walk_with(rules);
    walk.step(&cast.acceptor, Command::Submit).unwrap();
    walk.step(&cast.chief, file()).unwrap();
    walk.now = at(EVE);
    walk.step(&cast.dispatcher, dispatch(&["clean"])).unwrap();
    walk.step(&cast.cleaner, Command::Accept { assignment: 1 }).unwrap();
    walk.step(&cast.cleaner, handle(1)).unwrap();
    walk.city = announced(&walk.city);
    walk.step(&cast.acceptor, check(false)).unwrap();
    let clock = &walk.case.assignment(1).unwrap().clock;
    assert_eq!((clock.calendar.version, walk.case.state.kind()), (3, StateKind::Rework));
}

#[test]
fn a_suspended_case_resumes_by_the_announced_days() {
    let (mut walk, cast) = on_the_eve();
    let asking = Asking::Suspension { until: at("2027-01-04T01:00:00Z") };
    let reason = ReasonCode::from("season");
    let ask = Command::Ask { assignment: 1, asking, reason, note: Some(digest(7)) };
    walk.step(&cast.cleaner, ask).unwrap();
    walk.step(&cast.dispatcher, Command::Answer { granted: true, note: None }).unwrap();
    assert_eq!(walk.case.due_at(), None);
    walk.city = announced(&walk.city);
    let fact = repromised(&walk, &walk.city).unwrap();
    assert_eq!(fact.deed, Deed::Repromised { was: None, due_at: None });
    take(&mut walk, fact);
    walk.now = at("2027-01-04T01:00:00Z");
    walk.step(&Actor::System, Command::Resume).unwrap();
    let clock = &walk.case.assignment(1).unwrap().clock;
    assert!(clock.due_at.unwrap() > at("2027-01-05T00:00:00Z"), "{:?}", clock.due_at);
}
