//! Single rules, told as short stories.

use crate::town::*;
use gewu_domain::{
    case::{Asking, AssignmentState, Command, Context, Deed, Move, Rule, Source, StateKind, TaskKind},
    ids::{ReasonCode, UnitCode},
    people::Role,
    sla::Stage,
};

#[test]
fn a_report_goes_all_the_way_to_a_verified_close() {
    let (walk, _) = to_closed(policy());
    assert_eq!(walk.case.state.kind(), StateKind::Closed);
    let deeds: Vec<&str> = walk.facts.iter().map(|fact| fact.deed.code()).collect();
    assert_eq!(
        deeds,
        ["reported", "submitted", "filed", "dispatched", "accepted", "handled", "sent_to_check", "checked", "closed"]
    );
    assert!(walk.case.clock.is_none(), "no clock runs on after the end");
    assert!(walk.case.assignments.iter().all(|assignment| assignment.clock.stopped_at.is_some()));
    assert!(walk.case.tasks(&walk.city).is_empty());
}

#[test]
fn replaying_the_facts_gives_the_very_same_case() {
    let (walk, _) = to_closed(policy());
    assert_eq!(gewu_domain::case::Case::replay(&walk.facts), Some(walk.case));
}

#[test]
fn one_person_with_posts_on_both_axes_cannot_file_and_dispatch() {
    let actors = actors();
    let both_chief = person_of(&actors, Role::DutyChief, 2).clone();
    let both_dispatcher = person_of(&actors, Role::Dispatcher, 2).clone();
    let (mut walk, cast) = walk_with(policy());
    walk.step(&cast.acceptor, Command::Submit).unwrap();
    walk.step(&both_chief, file()).unwrap();
    let refused = walk.step(&both_dispatcher, dispatch(&["clean"])).unwrap_err();
    assert_eq!(refused.rule, Rule::FilesOrDispatches);
}

#[test]
fn one_person_cannot_handle_and_close() {
    let actors = actors();
    let both_handler = person_of(&actors, Role::Handler, 4).clone();
    let both_chief = person_of(&actors, Role::DutyChief, 2).clone();
    let (mut walk, cast) = to_handling(policy());
    walk.step(&both_handler, handle(1)).unwrap();
    let passed = walk.step(&cast.collector, check(true)).is_ok() || walk.step(&cast.acceptor, check(true)).is_ok();
    assert!(passed);
    assert_eq!(walk.step(&both_chief, close()).unwrap_err().rule, Rule::HandlesOrJudges);
}

#[test]
fn whoever_checked_cannot_do_the_rework() {
    let actors = actors();
    let both_acceptor = person_of(&actors, Role::Acceptor, 2).clone();
    let both_handler = person_of(&actors, Role::Handler, 4).clone();
    let mut rules = policy();
    rules.check.field_percent = 0;
    let (mut walk, cast) = to_handling(rules);
    walk.step(&cast.cleaner, handle(1)).unwrap();
    walk.step(&both_acceptor, check(false)).unwrap();
    assert_eq!(walk.step(&both_handler, handle(1)).unwrap_err().rule, Rule::HandlesOrJudges);
    walk.step(&cast.cleaner, handle(1)).unwrap();
}

#[test]
fn whoever_receives_a_return_leaves_the_next_step_to_a_colleague() {
    let (mut walk, cast) = to_handling(policy());
    let back = Command::Return { assignment: 1, reason: ReasonCode::from("not_our_area"), note: None };
    walk.step(&cast.cleaner, back).unwrap();
    assert_eq!(walk.step(&cast.dispatcher, dispatch(&["office-1"])).unwrap_err().rule, Rule::ReturnReceiver);
    walk.step(&cast.dispatcher_2, dispatch(&["office-1"])).unwrap();
    assert_eq!(walk.case.hands.return_receiver, None, "and is free again afterwards");
}

fn back(assignment: u8) -> Command {
    Command::Return { assignment, reason: ReasonCode::from("not_our_area"), note: None }
}

#[test]
fn when_the_lead_hands_it_back_nobody_assists_any_longer() {
    let (mut walk, cast) = with_two_parts(policy());
    walk.step(&cast.cleaner, back(1)).unwrap();
    let office = walk.case.assignment(2).unwrap();
    assert_eq!(office.state, AssignmentState::Withdrawn);
    assert!(office.clock.stopped_at.is_some());
}

#[test]
fn what_a_unit_asked_for_goes_with_it_when_it_hands_its_part_back() {
    let (mut walk, cast) = with_two_parts(policy());
    walk.step(&cast.office, ask_for_time(2)).unwrap();
    walk.step(&cast.office, back(2)).unwrap();
    assert_eq!((asking(&walk), walk.case.state.kind()), (None, StateKind::Handling));
}

fn ask_for_time(assignment: u8) -> Command {
    let asking = Asking::Extension { minutes: 60 };
    Command::Ask { assignment, asking, reason: ReasonCode::from("parts"), note: None }
}

fn asking(walk: &Walk) -> Option<u8> {
    walk.case.asked.as_ref().map(|asked| asked.assignment)
}

#[test]
fn what_a_unit_asked_for_goes_when_its_part_is_done_and_no_sooner() {
    let (mut walk, cast) = with_two_parts(policy());
    walk.step(&cast.office, ask_for_time(2)).unwrap();
    walk.step(&cast.cleaner, handle(1)).unwrap();
    assert_eq!(asking(&walk), Some(2), "the lead's part is not what it asked about");
    walk.step(&cast.office, handle(2)).unwrap();
    assert_eq!((asking(&walk), walk.case.state.kind()), (None, StateKind::Checking));

    let (mut walk, cast) = with_two_parts(policy());
    walk.step(&cast.office, ask_for_time(2)).unwrap();
    walk.step(&cast.office, handle(2)).unwrap();
    assert_eq!((asking(&walk), walk.case.state.kind()), (None, StateKind::Handling));
}

#[test]
fn what_the_lead_asked_for_stays_when_another_hands_its_part_back() {
    let (mut walk, cast) = with_two_parts(policy());
    walk.step(&cast.cleaner, ask_for_time(1)).unwrap();
    walk.step(&cast.office, back(2)).unwrap();
    assert_eq!(asking(&walk), Some(1));
}

#[test]
fn what_an_assisting_unit_asked_for_goes_when_the_lead_hands_it_back() {
    let (mut walk, cast) = with_two_parts(policy());
    walk.step(&cast.office, ask_for_time(2)).unwrap();
    walk.step(&cast.cleaner, back(1)).unwrap();
    assert_eq!(asking(&walk), None);
}

#[test]
fn what_was_granted_or_refused_is_asked_no_longer() {
    for granted in [true, false] {
        let (mut walk, cast) = to_handling(policy());
        walk.step(&cast.cleaner, ask_for_time(1)).unwrap();
        walk.step(&cast.dispatcher, Command::Answer { granted, note: None }).unwrap();
        assert_eq!(asking(&walk), None);
        assert!(walk.case.tasks(&walk.city).iter().all(|task| task.kind != TaskKind::Answer));
    }
}

#[test]
fn the_last_part_handed_back_leaves_the_case_handled() {
    let (mut walk, cast) = with_two_parts(policy());
    walk.step(&cast.cleaner, handle(1)).unwrap();
    assert_eq!(walk.case.state.kind(), StateKind::Handling);
    walk.step(&cast.office, back(2)).unwrap();
    assert_eq!(walk.case.state.kind(), StateKind::Checking);
}

#[test]
fn every_return_needs_a_reason_from_the_list_and_some_need_words() {
    let (mut walk, cast) = to_handling(policy());
    let back = |reason: &str, note| Command::Return { assignment: 1, reason: ReasonCode::from(reason), note };
    assert_eq!(walk.step(&cast.cleaner, back("because", None)).unwrap_err().rule, Rule::Reason);
    assert_eq!(walk.step(&cast.cleaner, back("not_our_duty", None)).unwrap_err().rule, Rule::Note);
    walk.step(&cast.cleaner, back("not_our_duty", Some(digest(5)))).unwrap();
}

#[test]
fn a_refusal_names_its_rule_and_what_would_be_allowed() {
    let (mut walk, cast) = walk_with(policy());
    let refused = walk.step(&cast.chief, close()).unwrap_err();
    assert_eq!((refused.rule, refused.state), (Rule::State, StateKind::Reported));
    assert!(refused.allowed.contains(&gewu_domain::case::Move::Submit));
}

#[test]
fn closing_needs_every_condition_ticked() {
    let (mut walk, cast) = to_handling(policy());
    walk.step(&cast.cleaner, handle(1)).unwrap();
    let _ = walk.step(&cast.collector, check(true)).or_else(|_| walk.step(&cast.acceptor, check(true)));
    let half = Command::Close { ticks: [0].into(), reply: None };
    let refused = walk.step(&cast.chief, half).unwrap_err();
    assert_eq!((refused.rule, refused.detail.as_deref()), (Rule::Conditions, Some("1")));
    walk.step(&cast.chief, close()).unwrap();
}

#[test]
fn handling_needs_a_photo_where_the_policy_says_so() {
    let (mut walk, cast) = to_handling(policy());
    let bare = Command::Handle { assignment: 1, note: None, photos: Vec::new() };
    assert_eq!(walk.step(&cast.cleaner, bare).unwrap_err().rule, Rule::Photos);
}

#[test]
fn a_failed_check_sends_it_back_to_the_same_unit_on_the_same_clock() {
    let mut rules = policy();
    rules.check.field_percent = 100;
    let (mut walk, cast) = to_handling(rules);
    walk.wait_min(30);
    walk.step(&cast.cleaner, handle(1)).unwrap();
    let used = walk.case.assignments[0].clock.used(walk.now, &walk.city.calendar);
    walk.wait_min(60);
    walk.step(&cast.collector, check(false)).unwrap();
    assert_eq!((walk.case.state.kind(), walk.case.reworks), (StateKind::Rework, 1));
    let clock = &walk.case.assignments[0].clock;
    assert!(clock.stopped_at.is_none() && clock.due_at.is_some());
    assert_eq!(clock.used(walk.now, &walk.city.calendar), used, "the checker's hour is not the unit's");
    walk.step(&cast.cleaner, handle(1)).unwrap();
    walk.step(&cast.collector, check(true)).unwrap();
    assert_eq!(walk.case.state.kind(), StateKind::AwaitingClose);
}

#[test]
fn not_solved_inside_the_window_reopens_and_keeps_the_original_clock() {
    let (mut walk, _) = to_closed(policy());
    let first_due = walk.case.assignments[0].clock.due_at;
    walk.wait_min(60);
    let rate = Command::Rate { is_solved: false, stars: 1, note: None };
    walk.step(&gewu_domain::people::Actor::Reporter, rate).unwrap();
    assert_eq!(walk.case.state.kind(), StateKind::Reopened);
    let original = walk.case.original.as_ref().unwrap();
    assert_eq!((original.due_at, original.stopped_at), (first_due, None));
    assert!(walk.case.tasks(&walk.city).iter().any(|task| task.desk.role == Role::Dispatcher));
}

#[test]
fn refusing_a_reopened_case_stops_the_original_clock_too() {
    let (mut walk, cast) = to_closed(policy());
    walk.step(&gewu_domain::people::Actor::Reporter, Command::Rate { is_solved: false, stars: 1, note: None }).unwrap();
    let back = Command::SendBack { reason: ReasonCode::from("wrong_place"), note: None };
    walk.step(&cast.dispatcher, back).unwrap();
    walk.step(&cast.chief, Command::Refuse { reason: ReasonCode::from("not_found"), note: None }).unwrap();
    assert!(walk.case.original.unwrap().stopped_at.is_some());
}

#[test]
fn not_solved_after_the_window_is_kept_as_a_rating_only() {
    let (mut walk, _) = to_closed(policy());
    walk.wait_min(169 * 60);
    let reporter = gewu_domain::people::Actor::Reporter;
    let reopen = Command::Reopen { reason: ReasonCode::from("not_solved"), note: None };
    assert_eq!(walk.step(&reporter, reopen).unwrap_err().rule, Rule::WindowPassed);
    walk.step(&reporter, Command::Rate { is_solved: false, stars: 2, note: None }).unwrap();
    assert_eq!(walk.case.state.kind(), StateKind::Closed);
}

#[test]
fn an_extension_is_asked_for_by_the_unit_and_granted_by_somebody_else() {
    let (mut walk, cast) = to_handling(policy());
    let due = walk.case.due_at().unwrap();
    let ask = |minutes| Command::Ask {
        assignment: 1,
        asking: Asking::Extension { minutes },
        reason: ReasonCode::from("parts"),
        note: None,
    };
    assert_eq!(walk.step(&cast.cleaner, ask(241)).unwrap_err().rule, Rule::TooLong);
    walk.step(&cast.cleaner, ask(60)).unwrap();
    assert_eq!(walk.step(&cast.cleaner, ask(60)).unwrap_err().rule, Rule::AskedAlready);
    let yes = Command::Answer { granted: true, note: None };
    assert_eq!(walk.step(&cast.cleaner, yes.clone()).unwrap_err().rule, Rule::Role);
    walk.step(&cast.dispatcher, yes).unwrap();
    assert!(walk.case.due_at().unwrap() > due);
    assert_eq!(walk.case.assignments[0].clock.granted(), 300);
}

#[test]
fn a_suspension_stops_the_clock_and_comes_back_by_itself() {
    let (mut walk, cast) = to_handling(policy());
    let until = walk.now.checked_add(jiff::SignedDuration::from_hours(24 * 30)).unwrap();
    let ask = Command::Ask {
        assignment: 1,
        asking: Asking::Suspension { until },
        reason: ReasonCode::from("season"),
        note: None,
    };
    walk.step(&cast.cleaner, ask).unwrap();
    walk.step(&cast.dispatcher, Command::Answer { granted: true, note: None }).unwrap();
    assert_eq!((walk.case.state.kind(), walk.case.due_at()), (StateKind::Suspended, None));
    let used = walk.case.assignments[0].clock.used(walk.now, &walk.city.calendar);
    let timer = gewu_domain::people::Actor::System;
    assert_eq!(walk.step(&timer, Command::Resume).unwrap_err().rule, Rule::TooEarly);
    walk.now = until;
    walk.step(&timer, Command::Resume).unwrap();
    assert_eq!(walk.case.state.kind(), StateKind::Handling);
    assert!(walk.case.assignments[0].clock.used(walk.now, &walk.city.calendar) <= used + 1);
}

#[test]
fn a_case_is_handled_when_every_unit_of_the_round_has_done_its_part() {
    let (mut walk, cast) = walk_with(policy());
    walk.step(&cast.acceptor, Command::Submit).unwrap();
    walk.step(&cast.chief, file()).unwrap();
    walk.step(&cast.dispatcher, dispatch(&["clean", "office-1"])).unwrap();
    walk.step(&cast.cleaner, Command::Accept { assignment: 1 }).unwrap();
    walk.step(&cast.cleaner, handle(1)).unwrap();
    assert_eq!(walk.case.state.kind(), StateKind::Handling);
    assert_eq!(walk.step(&cast.cleaner, Command::Accept { assignment: 2 }).unwrap_err().rule, Rule::Unit);
    walk.step(&cast.office, Command::Accept { assignment: 2 }).unwrap();
    walk.step(&cast.office, handle(2)).unwrap();
    assert_eq!(walk.case.state.kind(), StateKind::Checking);
}

#[test]
fn after_three_returns_the_territory_may_not_hand_it_back() {
    let (mut walk, cast) = to_handling(policy());
    let back = |no| Command::Return { assignment: no, reason: ReasonCode::from("not_our_area"), note: None };
    walk.step(&cast.cleaner, back(1)).unwrap();
    walk.step(&cast.dispatcher_2, dispatch(&["clean"])).unwrap();
    walk.step(&cast.cleaner, back(2)).unwrap();
    walk.step(&cast.dispatcher, dispatch(&["office-1"])).unwrap();
    walk.step(&cast.office, back(3)).unwrap();
    walk.step(&cast.dispatcher_2, dispatch(&["office-1"])).unwrap();
    assert_eq!(walk.step(&cast.office, back(4)).unwrap_err().rule, Rule::Backstop);
}

#[test]
fn escalating_hands_the_desk_to_the_next_centre_up() {
    let (mut walk, cast) = walk_with(policy());
    walk.step(&cast.acceptor, Command::Submit).unwrap();
    let desk = |walk: &Walk| walk.case.tasks(&walk.city)[0].desk.unit.clone();
    assert_eq!(desk(&walk), UnitCode::from("supervise"));
    let up = Command::Escalate { reason: ReasonCode::from("beyond_level"), note: None };
    walk.step(&cast.chief, up.clone()).unwrap();
    assert_eq!(desk(&walk), UnitCode::from("supervise-city"));
    assert_eq!(walk.step(&cast.chief, up).unwrap_err().rule, Rule::TopLevel);
}

#[test]
fn a_trifle_mended_on_the_spot_is_checked_by_somebody_else_before_it_is_closed() {
    let cast = cast();
    let town = city(policy());
    let mut report = report(&town, Source::Patrol);
    report.is_fixed_on_spot = true;
    let now = "2026-11-02T01:00:00Z".parse().unwrap();
    let context = gewu_domain::case::Context { at: now, actor: &cast.collector, city: &town };
    let (case, facts) = gewu_domain::case::Case::open(report, &context).unwrap();
    let mut walk = Walk { city: town, case, facts, now };
    assert_eq!(walk.case.state.kind(), StateKind::Checking);
    walk.step(&cast.acceptor, check(true)).unwrap();
    walk.step(&cast.chief_2, Command::Close { ticks: [].into(), reply: None }).unwrap();
    assert_eq!(walk.case.state.kind(), StateKind::Closed);
    assert!(matches!(walk.facts[0].deed, Deed::Reported { .. }));
}

#[test]
fn a_trifle_that_is_not_mended_after_all_waits_to_be_filed() {
    let town = city(policy());
    let cast = cast();
    let mut report = report(&town, Source::Patrol);
    report.is_fixed_on_spot = true;
    let now = "2026-11-02T01:00:00Z".parse().unwrap();
    let context = Context { at: now, actor: &cast.collector, city: &town };
    let (case, facts) = gewu_domain::case::Case::open(report, &context).unwrap();
    let mut walk = Walk { city: town, case, facts, now };
    walk.step(&cast.acceptor, check(false)).unwrap();
    assert_eq!((walk.case.state.kind(), walk.case.reworks), (StateKind::AwaitingFiling, 0));
    walk.step(&cast.chief, file()).unwrap();
}

#[test]
fn whoever_closed_does_not_mend_it_after_it_is_reopened() {
    let mut rules = policy();
    rules.check.field_percent = 0;
    let (mut walk, cast) = to_handling(rules);
    let actors = actors();
    let (chief, handler) = (person_of(&actors, Role::DutyChief, 2), person_of(&actors, Role::Handler, 4));
    assert_eq!(chief.person(), handler.person());
    walk.step(&cast.cleaner, handle(1)).unwrap();
    walk.step(&cast.acceptor, check(true)).unwrap();
    walk.step(chief, close()).unwrap();
    let rate = Command::Rate { is_solved: false, stars: 1, note: None };
    walk.step(&gewu_domain::people::Actor::Reporter, rate).unwrap();
    walk.step(&cast.dispatcher, dispatch(&["clean"])).unwrap();
    assert_eq!(walk.step(handler, Command::Accept { assignment: 2 }).unwrap_err().rule, Rule::HandlesOrJudges);
    walk.step(&cast.cleaner, Command::Accept { assignment: 2 }).unwrap();
}

#[test]
fn after_a_reopening_the_reporter_is_asked_anew() {
    let (mut walk, _) = to_closed(policy());
    let reporter = gewu_domain::people::Actor::Reporter;
    walk.step(&reporter, Command::Rate { is_solved: false, stars: 1, note: None }).unwrap();
    assert_eq!((walk.case.reopenings, walk.case.rating), (1, None));
    let (mut walk, _) = to_closed(policy());
    walk.step(&reporter, Command::Rate { is_solved: true, stars: 4, note: None }).unwrap();
    assert_eq!(walk.case.rating.map(|rating| rating.stars), Some(4));
}

#[test]
fn a_case_handed_up_is_held_against_nobody_below() {
    let (mut walk, cast) = to_handling(policy());
    walk.step(&cast.cleaner, back(1)).unwrap();
    assert_eq!(walk.case.hands.return_receiver, cast.dispatcher.person());
    let up = Command::Escalate { reason: ReasonCode::from("beyond_level"), note: None };
    walk.step(&cast.dispatcher, up).unwrap();
    assert_eq!((walk.case.level, walk.case.hands.return_receiver), (1, None));
}

#[test]
fn each_urging_counts_and_each_stage_that_is_over_leaves_its_clock() {
    let (mut walk, _) = to_handling(policy());
    let reporter = gewu_domain::people::Actor::Reporter;
    for _ in 0..2 {
        walk.step(&reporter, Command::Urge { note: None }).unwrap();
        walk.wait_min(i64::from(walk.city.policy.urge_every_minutes));
    }
    assert_eq!(walk.case.urges, 2);
    let past: Vec<_> = walk.case.past.iter().map(|clock| (clock.stage, clock.stopped_at.is_some())).collect();
    assert_eq!(past, [(Stage::Accept, true), (Stage::File, true), (Stage::Dispatch, true)]);
}

#[test]
fn a_case_in_no_grid_cannot_be_filed_until_it_is_placed() {
    let cast = cast();
    let town = city(policy());
    let mut report = report(&town, Source::Resident);
    report.place = gewu_domain::case::Place::default();
    let now = "2026-11-02T01:00:00Z".parse().unwrap();
    let reporter = gewu_domain::people::Actor::Reporter;
    let context = gewu_domain::case::Context { at: now, actor: &reporter, city: &town };
    let (case, facts) = gewu_domain::case::Case::open(report, &context).unwrap();
    let mut walk = Walk { city: town, case, facts, now };
    // Desks of the county do not see what is nowhere; those of the whole city do.
    let acceptor = post(300, Role::Acceptor, "supervise-city", "c");
    let chief = post(301, Role::DutyChief, "supervise-city", "c");
    walk.step(&acceptor, Command::Submit).unwrap();
    assert_eq!(walk.step(&chief, file()).unwrap_err().rule, Rule::Unplaced);
    let grid = place(&walk.city, "g3");
    walk.step(&chief, Command::Place { place: grid }).unwrap();
    walk.step(&cast.chief, file()).unwrap();
}

#[test]
fn urging_again_too_soon_is_refused() {
    let (mut walk, _) = to_handling(policy());
    let reporter = gewu_domain::people::Actor::Reporter;
    walk.step(&reporter, Command::Urge { note: None }).unwrap();
    let offered = |walk: &Walk| {
        let context = Context { at: walk.now, actor: &reporter, city: &walk.city };
        let urging = walk.case.choices(&context).into_iter().find(|choice| choice.step == Move::Urge);
        urging.unwrap().refused.map(|refused| refused.rule)
    };
    assert_eq!(offered(&walk), Some(Rule::TooEarly), "a page says so before anybody tries");
    assert_eq!(walk.step(&reporter, Command::Urge { note: None }).unwrap_err().rule, Rule::TooEarly);
    walk.wait_min(i64::from(walk.city.policy.urge_every_minutes) - 2);
    assert_eq!(offered(&walk), Some(Rule::TooEarly));
    walk.wait_min(1);
    assert_eq!(offered(&walk), None);
    walk.step(&reporter, Command::Urge { note: None }).unwrap();
}

#[test]
fn a_unit_that_assists_may_ask_for_time_before_the_lead_has_accepted() {
    let (mut walk, cast) = walk_with(policy());
    walk.step(&cast.acceptor, Command::Submit).unwrap();
    walk.step(&cast.chief, file()).unwrap();
    walk.step(&cast.dispatcher, dispatch(&["clean", "office-1"])).unwrap();
    let ask = |assignment| Command::Ask {
        assignment,
        asking: Asking::Extension { minutes: 60 },
        reason: ReasonCode::from("parts"),
        note: Some(digest(7)),
    };
    assert_eq!(
        walk.step(&cast.office, ask(2)).unwrap_err().rule,
        Rule::Assignment,
        "not before it has accepted itself"
    );
    walk.step(&cast.office, Command::Accept { assignment: 2 }).unwrap();
    assert_eq!(walk.case.state.kind(), StateKind::Dispatched);
    let due = walk.case.assignment(2).unwrap().clock.due_at;
    walk.step(&cast.office, ask(2)).unwrap();
    walk.step(&cast.dispatcher, Command::Answer { granted: true, note: None }).unwrap();
    assert!(walk.case.assignment(2).unwrap().clock.due_at > due);
    assert_eq!(walk.case.state.kind(), StateKind::Dispatched);
    assert_eq!(walk.step(&cast.cleaner, ask(1)).unwrap_err().rule, Rule::Assignment, "the lead has not accepted");
    walk.step(&cast.cleaner, Command::Accept { assignment: 1 }).unwrap();
    assert_eq!(walk.case.state.kind(), StateKind::Handling);
}
