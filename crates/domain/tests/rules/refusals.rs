//! What each rule keeps from happening: one story a rule, each seen to fail without it.

use crate::town::*;
use gewu_domain::{
    case::{
        Asking, Case, CaseStep, CheckKind, ClassRef, Command, Context, Move, Part, Report, Rule, Source, State,
        StateKind, TRANSITIONS,
    },
    catalogue::Catalogue,
    ids::{ReasonCode, UnitCode},
    people::{Actor, Role, permission},
    policy::Policy,
    unit::{Axis, UnitKinds},
};

/// The person who holds a post on either axis and one in a unit, in the post asked for.
fn both(role: Role) -> Actor {
    let all = actors();
    all.into_iter().rev().find(|actor| actor.role() == Some(role)).unwrap()
}

fn desk_checks() -> Policy {
    let mut rules = policy();
    rules.check.field_percent = 0;
    rules
}

fn reason(code: &str) -> ReasonCode {
    ReasonCode::from(code)
}

fn refused(walk: &mut Walk, actor: &Actor, command: Command) -> Rule {
    walk.step(actor, command).unwrap_err().rule
}

#[test]
fn whoever_dispatched_cannot_file_it_when_it_comes_back() {
    let (mut walk, cast) = walk_with(policy());
    walk.step(&cast.acceptor, Command::Submit).unwrap();
    walk.step(&cast.chief, file()).unwrap();
    walk.step(&both(Role::Dispatcher), dispatch(&["clean"])).unwrap();
    let back = Command::Return { assignment: 1, reason: reason("not_our_area"), note: None };
    walk.step(&cast.cleaner, back).unwrap();
    walk.step(&cast.dispatcher, Command::SendBack { reason: reason("wrong_place"), note: None }).unwrap();
    assert_eq!(refused(&mut walk, &both(Role::DutyChief), file()), Rule::FilesOrDispatches);
    walk.step(&cast.chief_2, file()).unwrap();
}

#[test]
fn a_report_that_comes_back_is_sent_on_by_a_colleague_who_then_is_the_one_to_receive_it() {
    let actors = actors();
    let colleague = person_of(&actors, Role::Acceptor, 1);
    let back = || Command::SendBack { reason: reason("incomplete"), note: None };
    let on = |walk: &mut Walk, cast: &Cast, actor: &Actor, is_verified: bool| {
        let step = if is_verified { Command::SendToVerify { unit: "station-1".into() } } else { Command::Submit };
        walk.step(actor, step)?;
        let verify = Command::Verify { is_true: true, note: None, photos: vec![digest(9)] };
        if is_verified { walk.step(&cast.collector, verify) } else { Ok(()) }
    };
    for is_verified in [false, true] {
        let (mut walk, cast) = walk_with(policy());
        let first = both(Role::Acceptor);
        on(&mut walk, &cast, &first, is_verified).unwrap();
        walk.step(&cast.chief, back()).unwrap();
        assert_eq!(on(&mut walk, &cast, &first, is_verified).unwrap_err().rule, Rule::ReturnReceiver);
        on(&mut walk, &cast, colleague, is_verified).unwrap();
        walk.step(&cast.chief, back()).unwrap();
        assert_eq!(on(&mut walk, &cast, colleague, is_verified).unwrap_err().rule, Rule::ReturnReceiver);
        on(&mut walk, &cast, &first, is_verified).unwrap();
        walk.step(&cast.chief, back()).unwrap();
        on(&mut walk, &cast, colleague, is_verified).unwrap();
        walk.step(&both(Role::DutyChief), file()).expect("a colleague has sent it on: nothing is held against anybody");
    }
}

#[test]
fn what_comes_back_to_the_chief_is_held_against_nobody_once_a_colleague_has_filed_it() {
    let (mut walk, cast) = walk_with(policy());
    walk.step(&cast.acceptor, Command::Submit).unwrap();
    walk.step(&cast.chief, file()).unwrap();
    walk.step(&cast.dispatcher, Command::SendBack { reason: reason("wrong_class"), note: None }).unwrap();
    assert_eq!(walk.case.hands.return_receiver, cast.chief.person());
    assert_eq!(refused(&mut walk, &cast.chief, file()), Rule::ReturnReceiver);
    walk.step(&cast.chief_2, file()).unwrap();
    assert_eq!(walk.case.hands.return_receiver, None);
}

#[test]
fn whoever_mended_it_on_the_spot_does_not_check_it() {
    let city = city(policy());
    let mended = Report { is_fixed_on_spot: true, ..report(&city, Source::Patrol) };
    let Actor::Post { person, .. } = both(Role::Acceptor) else { unreachable!("both hold posts") };
    let collector = match post(1, Role::Collector, "station-1", "s1") {
        Actor::Post { post, role, unit, area, .. } => Actor::Post { person, post, role, unit, area },
        other => other,
    };
    let mut walk = Walk::begin(city, Source::Resident, &Actor::Reporter);
    let context = Context { at: walk.now, actor: &collector, city: &walk.city };
    (walk.case, walk.facts) = Case::open(mended, &context).unwrap();
    assert_eq!(refused(&mut walk, &both(Role::Acceptor), check(true)), Rule::HandlesOrJudges);
    walk.step(&cast().acceptor, check(true)).unwrap();
}

#[test]
fn whoever_handled_can_neither_check_nor_close_by_force() {
    let (mut walk, cast) = to_handling(desk_checks());
    walk.step(&both(Role::Handler), handle(1)).unwrap();
    assert_eq!(refused(&mut walk, &both(Role::Acceptor), check(true)), Rule::HandlesOrJudges);
    let force = || Command::ForceClose { reason: reason("owner_unknown"), note: None };
    assert_eq!(refused(&mut walk, &both(Role::DutyChief), force()), Rule::HandlesOrJudges);
    walk.step(&cast.chief, force()).unwrap();
}

#[test]
fn a_unit_that_is_no_more_is_given_nothing_new() {
    let (mut walk, cast) = walk_with(policy());
    let verify = |unit: &str| Command::SendToVerify { unit: unit.into() };
    assert_eq!(refused(&mut walk, &cast.acceptor, verify("station-old")), Rule::Units);
    walk.step(&cast.acceptor, Command::Submit).unwrap();
    walk.step(&cast.chief, file()).unwrap();
    assert_eq!(refused(&mut walk, &cast.dispatcher, dispatch(&["clean-old"])), Rule::Units);
    assert_eq!(refused(&mut walk, &cast.dispatcher, dispatch(&["clean", "clean-old"])), Rule::Units);
    walk.step(&cast.dispatcher, dispatch(&["clean"])).unwrap();
}

#[test]
fn a_failed_check_says_why() {
    let (mut walk, cast) = to_handling(desk_checks());
    walk.step(&cast.cleaner, handle(1)).unwrap();
    let bare = Command::Check { passed: false, reason: None, note: None, photos: Vec::new() };
    assert_eq!(refused(&mut walk, &cast.acceptor, bare), Rule::Reason);
}

#[test]
fn a_check_on_the_spot_is_a_collectors_and_one_at_the_desk_an_acceptors() {
    // Each is of the unit that is asked, so that nothing but the role is wrong.
    let (acceptor, collector) =
        (post(410, Role::Acceptor, "station-1", "d"), post(411, Role::Collector, "supervise", "d"));
    for (percent, wrong) in [(0, collector), (100, acceptor)] {
        let mut rules = policy();
        rules.check.field_percent = percent;
        let (mut walk, cast) = to_handling(rules);
        walk.step(&cast.cleaner, handle(1)).unwrap();
        assert_eq!(refused(&mut walk, &wrong, check(true)), Rule::Role, "{percent} %");
        walk.step(if percent == 0 { &cast.acceptor } else { &cast.collector }, check(true)).unwrap();
    }
}

#[test]
fn a_case_is_sent_back_by_whoever_it_waits_for() {
    let back = || Command::SendBack { reason: reason("wrong_place"), note: None };
    let (mut walk, cast) = walk_with(policy());
    walk.step(&cast.acceptor, Command::Submit).unwrap();
    assert_eq!(refused(&mut walk, &cast.dispatcher, back()), Rule::Role);
    walk.step(&cast.chief, file()).unwrap();
    assert_eq!(refused(&mut walk, &cast.chief, back()), Rule::Role);
    walk.step(&cast.dispatcher, back()).unwrap();
}

#[test]
fn nobody_answers_what_they_asked_for_themselves() {
    let (mut walk, cast) = to_handling(policy());
    let asking = Asking::Extension { minutes: 60 };
    walk.step(&both(Role::Handler), Command::Ask { assignment: 1, asking, reason: reason("parts"), note: None })
        .unwrap();
    let yes = || Command::Answer { granted: true, note: None };
    assert_eq!(refused(&mut walk, &both(Role::Dispatcher), yes()), Rule::AskerAnswers);
    walk.step(&cast.dispatcher, yes()).unwrap();
}

#[test]
fn more_extensions_than_the_policy_allows_are_refused() {
    let mut rules = policy();
    rules.asking.extensions_most = 1;
    let (mut walk, cast) = to_handling(rules);
    let ask = || Command::Ask {
        assignment: 1,
        asking: Asking::Extension { minutes: 30 },
        reason: reason("parts"),
        note: None,
    };
    walk.step(&cast.cleaner, ask()).unwrap();
    walk.step(&cast.dispatcher, Command::Answer { granted: true, note: None }).unwrap();
    assert_eq!(refused(&mut walk, &cast.cleaner, ask()), Rule::TooOften);
}

#[test]
fn the_reporter_reopens_as_often_as_the_policy_allows() {
    let mut rules = desk_checks();
    rules.confirmation.reopenings_most = 1;
    let (mut walk, cast) = to_closed(rules);
    let again = || Command::Reopen { reason: reason("not_solved"), note: None };
    walk.step(&Actor::Reporter, again()).unwrap();
    walk.step(&cast.dispatcher, dispatch(&["clean"])).unwrap();
    walk.step(&cast.cleaner, Command::Accept { assignment: 2 }).unwrap();
    walk.step(&cast.cleaner, handle(2)).unwrap();
    walk.step(&cast.acceptor, check(true)).unwrap();
    walk.step(&cast.chief, close()).unwrap();
    assert_eq!(refused(&mut walk, &Actor::Reporter, again()), Rule::TooOften);
}

#[test]
fn who_could_not_see_a_case_is_not_sent_it_and_who_could_is_named() {
    let said = |walk: &mut Walk, actor: &Actor, command: Command| {
        let refused = walk.step(actor, command).unwrap_err();
        (refused.rule, refused.detail.unwrap_or_default())
    };
    let away = |rule: &str| (Rule::OutOfSight, rule.to_owned());
    let mut rules = policy();
    rules.check.is_automatic = false;
    let (mut walk, cast) = walk_with(rules);
    let verify = Command::SendToVerify { unit: "station-2".into() };
    assert_eq!(said(&mut walk, &cast.acceptor, verify), away("station-1"));
    walk.step(&cast.acceptor, Command::Submit).unwrap();
    walk.step(&cast.chief, file()).unwrap();
    for units in [&["office-2"] as &[&str], &["clean", "office-2"]] {
        assert_eq!(said(&mut walk, &cast.dispatcher, dispatch(units)), away("clean, office-1"));
    }
    walk.step(&cast.dispatcher, dispatch(&["clean", "office-1"])).unwrap();
    for (no, handler) in [(1, &cast.cleaner), (2, &cast.office)] {
        walk.step(handler, Command::Accept { assignment: no }).unwrap();
        walk.step(handler, handle(no)).unwrap();
    }
    let check = |unit: &str| Command::SendToCheck { check: CheckKind::Field, unit: Some(unit.into()) };
    assert_eq!(said(&mut walk, &cast.acceptor, check("station-2")), away("station-1"));
    walk.step(&cast.acceptor, check("station-1")).unwrap();
}

#[test]
fn whoever_is_given_a_case_can_take_it_up_and_whoever_could_not_is_not_given_it() {
    let city = city(policy());
    let cast = cast();
    for grid in ["g1", "g2", "g3"] {
        for unit in city.units.all().filter(|unit| !unit.is_closed && unit.axis == Axis::Handling) {
            let (mut walk, _) = walk_with(policy());
            walk.case.place = place(&city, grid);
            walk.step(&cast.acceptor, Command::Submit).unwrap();
            walk.step(&cast.chief, file()).unwrap();
            let given = dispatch(&[unit.code.as_str()]);
            let is_given = walk.step(&cast.dispatcher, given).is_ok();
            let handler = post(500, Role::Handler, unit.code.as_str(), unit.area.as_str());
            let may = permission::sees(&unit.area, &walk.case, &city.areas);
            assert_eq!(is_given, may, "{} at {grid}", unit.code);
            assert_eq!(walk.step(&handler, Command::Accept { assignment: 1 }).is_ok(), may, "{} at {grid}", unit.code);
        }
    }
}

#[test]
fn verifying_is_not_offered_where_nobody_could_be_sent() {
    let (mut walk, cast) = walk_with(policy());
    let verifies = |walk: &Walk| {
        let context = Context { at: walk.now, actor: &cast.acceptor, city: &walk.city };
        walk.case.permits(Move::SendToVerify, CaseStep::Whole, &context).map_err(|refused| refused.rule)
    };
    assert_eq!(verifies(&walk), Ok(()));
    walk.case.place.path.truncate(2);
    assert_eq!(verifies(&walk), Err(Rule::NoOneToAsk));
    walk.case.place.is_placed = false;
    assert_eq!(verifies(&walk), Err(Rule::Unplaced));
}

#[test]
fn only_units_that_handle_are_dispatched_to() {
    let (mut walk, cast) = walk_with(policy());
    walk.step(&cast.acceptor, Command::Submit).unwrap();
    walk.step(&cast.chief, file()).unwrap();
    for units in [&["station-1"] as &[&str], &["clean", "command"], &["clean", "clean"], &["nobody"]] {
        assert_eq!(refused(&mut walk, &cast.dispatcher, dispatch(units)), Rule::Units, "{units:?}");
    }
}

#[test]
fn the_lead_has_the_limit_that_was_promised_and_an_assisting_unit_the_one_it_is_given() {
    let (mut walk, cast) = walk_with(policy());
    walk.step(&cast.acceptor, Command::Submit).unwrap();
    walk.step(&cast.chief, file()).unwrap();
    let part = |unit: &str| Part { unit: UnitCode::from(unit), minutes: Some(30) };
    let both = Command::Dispatch { lead: part("clean"), assisting: vec![part("office-1")] };
    walk.step(&cast.dispatcher, both).unwrap();
    let granted: Vec<u32> = walk.case.assignments.iter().map(|assignment| assignment.clock.granted()).collect();
    assert_eq!(granted, [240, 30]);
}

#[test]
fn there_is_a_window_for_confirming_only_where_somebody_can_be_asked() {
    for is_answerable in [true, false] {
        let town = city(desk_checks());
        let mut report = report(&town, Source::Resident);
        report.is_answerable = is_answerable;
        let now = "2026-11-02T01:00:00Z".parse().unwrap();
        let (case, facts) = Case::open(report, &Context { at: now, actor: &Actor::Reporter, city: &town }).unwrap();
        let (mut walk, cast) = (Walk { city: town, case, facts, now }, cast());
        walk.step(&cast.acceptor, Command::Submit).unwrap();
        walk.step(&cast.chief, file()).unwrap();
        walk.step(&cast.dispatcher, dispatch(&["clean"])).unwrap();
        walk.step(&cast.cleaner, Command::Accept { assignment: 1 }).unwrap();
        walk.step(&cast.cleaner, handle(1)).unwrap();
        walk.step(&cast.acceptor, check(true)).unwrap();
        walk.step(&cast.chief, close()).unwrap();
        let State::Closed { confirm_until, .. } = &walk.case.state else { panic!("{:?}", walk.case.state) };
        assert_eq!(confirm_until.is_some(), is_answerable);
    }
}

#[test]
fn fixing_on_the_spot_is_what_the_policy_allows_and_a_collector_does_with_a_photo() {
    let open = |rules: Policy, actor: &Actor, has_photo: bool| {
        let town = city(rules);
        let mut report = report(&town, Source::Patrol);
        report.is_fixed_on_spot = true;
        report.photos.truncate(usize::from(has_photo));
        let at = "2026-11-02T01:00:00Z".parse().unwrap();
        Case::open(report, &Context { at, actor, city: &town }).map(drop).map_err(|refused| refused.rule)
    };
    let cast = cast();
    let mut forbidding = policy();
    forbidding.on_spot.allowed = false;
    assert_eq!(open(policy(), &cast.collector, true), Ok(()));
    assert_eq!(open(forbidding, &cast.collector, true), Err(Rule::OnSpot));
    assert_eq!(open(policy(), &cast.acceptor, true), Err(Rule::OnSpot));
    assert_eq!(open(policy(), &cast.collector, false), Err(Rule::Photos));
}

#[test]
fn a_post_of_another_area_does_nothing_to_a_case() {
    let (mut walk, cast) = walk_with(policy());
    let elsewhere = post(400, Role::Acceptor, "supervise", "s2");
    assert_eq!(refused(&mut walk, &elsewhere, Command::Submit), Rule::Area);
    let here = post(401, Role::Acceptor, "supervise", "g1");
    walk.step(&here, Command::Submit).unwrap();
    let above = post(402, Role::DutyChief, "supervise-city", "c");
    walk.step(&above, file()).unwrap();
    walk.step(&cast.dispatcher, dispatch(&["clean"])).unwrap();
}

#[test]
fn the_reporter_the_timer_and_another_system_do_what_is_theirs_and_nothing_else() {
    let (walk, _) = to_closed(policy());
    let may = |actor: &Actor, step: Move| {
        permission::may(actor, step, &walk.case, CaseStep::Whole, &walk.city.areas, &walk.city.policy).is_ok()
    };
    let client = Actor::Client { client: gewu_domain::ids::ClientId(uuid::Uuid::nil()) };
    for step in Move::ALL.iter().copied() {
        assert_eq!(may(&Actor::Reporter, step), matches!(step, Move::Reopen | Move::Urge | Move::Rate), "{step:?}");
        assert_eq!(may(&Actor::System, step), matches!(step, Move::Resume | Move::Escalate), "{step:?}");
        assert!(!may(&client, step), "{step:?}");
    }
}

#[test]
fn closed_means_checked_and_what_was_dispatched_is_never_just_turned_down() {
    use StateKind as S;
    let sources = |target: S| -> Vec<(Move, S)> {
        let leads = TRANSITIONS.iter().filter(|(_, _, to)| to.contains(&target));
        leads.flat_map(|(step, from, _)| from.iter().map(|from| (*step, *from))).collect()
    };
    assert_eq!(sources(S::AwaitingClose), [(Move::Check, S::Checking)]);
    assert_eq!(sources(S::NotAccepted), [(Move::Refuse, S::Reported), (Move::Refuse, S::AwaitingFiling)]);
    let ways_to_close = sources(S::Closed);
    assert!(ways_to_close.contains(&(Move::Close, S::AwaitingClose)));
    for state in StateKind::ALL.iter().copied() {
        let is_filed = state.is_open() && !matches!(state, S::Reported | S::Verifying | S::AwaitingFiling);
        assert_eq!(ways_to_close.contains(&(Move::ForceClose, state)), is_filed, "{state:?}");
        assert_eq!(ways_to_close.contains(&(Move::Close, state)), state == S::AwaitingClose, "{state:?}");
    }
}

#[test]
fn a_class_is_filed_and_corrected_to_in_the_scheme_and_the_version_in_force_only() {
    let kinds = UnitKinds::parse("kinds.csv", KINDS).unwrap();
    let (mut walk, cast) = walk_with(policy());
    walk.step(&cast.acceptor, Command::Submit).unwrap();
    let mut catalogues = (*walk.city.catalogues).clone();
    for (from, to) in [("#version,1", "#version,2"), ("#scheme,gbt30428", "#scheme,other")] {
        catalogues.insert(Catalogue::parse("catalogue.csv", &CATALOGUE.replace(from, to), &kinds).unwrap());
    }
    walk.city.catalogues = std::sync::Arc::new(catalogues);
    let class = |scheme: &str, version: u32| ClassRef { scheme: scheme.to_owned(), version, ..waste() };
    for stale in [class("gbt30428", 1), class("other", 1), class("gbt30428", 3), class("none", 1)] {
        assert_eq!(
            refused(&mut walk, &cast.chief, Command::Correct { class: stale.clone() }),
            Rule::Class,
            "{stale:?}"
        );
        let file = Command::File { class: stale.clone(), condition: 1 };
        assert_eq!(refused(&mut walk, &cast.chief, file), Rule::Class, "{stale:?}");
    }
    walk.step(&cast.chief, Command::Correct { class: class("gbt30428", 2) }).unwrap();
    walk.step(&cast.chief, Command::File { class: class("gbt30428", 2), condition: 1 }).unwrap();
}

#[test]
fn only_a_unit_of_collectors_is_sent_to_look() {
    let (mut walk, cast) = walk_with(policy());
    let send = |unit: &str| Command::SendToVerify { unit: UnitCode::from(unit) };
    for unit in ["supervise", "supervise-city", "command", "clean", "nobody", "station-old"] {
        assert_eq!(refused(&mut walk, &cast.acceptor, send(unit)), Rule::Units, "{unit}");
    }
    walk.step(&cast.acceptor, send("station-1")).unwrap();
}

#[test]
fn the_facts_of_a_case_are_sealed_one_on_the_other() {
    let (walk, _) = to_closed(policy());
    let (region, case) = (walk.case.region, walk.case.id);
    let sealed = gewu_domain::record::seal(region, case, 0, gewu_domain::record::GENESIS, &walk.facts);
    let mut previous = gewu_domain::record::GENESIS;
    for (seq, fact) in (0..).zip(&sealed) {
        previous = gewu_domain::record::hash(region, case, seq, previous, fact.body.as_bytes());
        assert_eq!((fact.seq, fact.hash), (seq, previous));
    }
    assert_eq!(sealed.len(), walk.facts.len());
}

#[test]
fn a_policy_that_could_not_work_is_told_field_by_field() {
    type Spoil = fn(&mut Policy);
    let spoil: [(&str, Spoil); 5] = [
        ("check.field_percent", |policy| policy.check.field_percent = 101),
        ("asking.decided_by", |policy| policy.asking.decided_by = Role::Handler),
        ("asking.suspension_days_most", |policy| policy.asking.suspension_days_most = 0),
        ("stages.dispatch", |policy| policy.stages.retain(|stage, _| *stage != gewu_domain::sla::Stage::Dispatch)),
        ("reasons.return", |policy| {
            let reasons = policy.reasons.get_mut(&gewu_domain::policy::ReasonList::Return).unwrap();
            reasons.push(reasons[0].clone());
        }),
    ];
    assert_eq!(policy().faults("policy.toml"), []);
    for (field, spoil) in spoil {
        let mut rules = policy();
        spoil(&mut rules);
        let told: Vec<_> = rules.faults("policy.toml").into_iter().filter_map(|fault| fault.field).collect();
        assert_eq!(told, [field]);
    }
}
