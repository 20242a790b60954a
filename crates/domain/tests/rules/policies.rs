//! What holds for every policy that can be written, not only for the shipped one.

use crate::town::*;
use gewu_domain::{
    case::{
        Asking, AssignmentState, Case, CheckKind, Closing, Command, Context, Deed, Fact, Shown, Source, State,
        StateKind, TRANSITIONS,
    },
    city::City,
    ids::{PersonId, ReasonCode, UnitCode},
    people::{Actor, Role},
    policy::{EntryRule, Policy},
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use std::collections::{BTreeSet, VecDeque};
use uuid::Uuid;

/// Any policy that loads: every switch, every count, every entry.
fn policies() -> impl Strategy<Value = Policy> {
    let entry = prop_oneof![Just(EntryRule::Accept), Just(EntryRule::Verify), Just(EntryRule::File)];
    (
        proptest::collection::vec(entry, Source::ALL.len()),
        (any::<bool>(), any::<bool>(), 0_u8..=100, any::<bool>()),
        (any::<bool>(), 0_u8..3, 0_u16..200, any::<bool>(), 0_u8..3, 1_u16..400),
        (0_u32..400, 0_u8..3, 0_u8..4, 0_u32..200),
        proptest::collection::vec(1_u32..600, 6),
    )
        .prop_map(|(entries, check, asking, rest, limits)| {
            let mut policy = policy();
            policy.entry = Source::ALL.into_iter().zip(entries).collect();
            policy.on_spot.allowed = check.0;
            policy.check.is_automatic = check.1;
            policy.check.field_percent = check.2;
            policy.check.needs_photo = check.3;
            policy.asking.decided_by = if asking.0 { Role::Dispatcher } else { Role::DutyChief };
            policy.asking.extensions_most = asking.1;
            policy.asking.extension_percent_most = asking.2;
            policy.asking.before_due = asking.3;
            policy.asking.suspensions_most = asking.4;
            policy.asking.suspension_days_most = asking.5;
            policy.confirmation.window_hours = rest.0;
            policy.confirmation.reopenings_most = rest.1;
            policy.backstop.after_returns = rest.2;
            policy.urge_every_minutes = rest.3;
            for (limit, minutes) in policy.stages.values_mut().zip(limits) {
                limit.minutes = minutes;
            }
            assert!(policy.faults("generated").is_empty());
            policy
        })
}

/// Every command worth trying in a state, with details that are right if any are.
fn commands(case: &Case, now: Timestamp) -> Vec<Command> {
    let reason = ReasonCode::from;
    let note = Some(digest(7));
    let station = UnitCode::from("station-1");
    let mut commands = vec![
        Command::SendToVerify { unit: station.clone() },
        Command::Verify { is_true: true, note, photos: vec![digest(8)] },
        Command::Submit,
        file(),
        Command::Refuse { reason: reason("not_found"), note },
        Command::Void { reason: reason("mistake"), note },
        Command::SendBack { reason: reason("incomplete"), note },
        dispatch(&["clean"]),
        dispatch(&["office-1", "clean"]),
        Command::SendToCheck { check: CheckKind::Field, unit: Some(station) },
        Command::SendToCheck { check: CheckKind::Desk, unit: None },
        check(true),
        check(false),
        close(),
        Command::Close { ticks: BTreeSet::new(), reply: note },
        Command::ForceClose { reason: reason("no_means"), note },
        Command::Reopen { reason: reason("not_solved"), note },
        Command::Resume,
        Command::Answer { granted: true, note },
        Command::Answer { granted: false, note },
        Command::Escalate { reason: reason("overdue"), note },
        Command::Urge { note },
        Command::Correct { class: waste() },
        Command::Rate { is_solved: false, stars: 1, note },
        Command::Rate { is_solved: true, stars: 5, note },
        Command::Remark { text: note },
        Command::Show { words: true, photos: vec![Shown { photo: digest(8), instead: Some(digest(9)) }] },
        Command::Withhold { words: true, photos: vec![digest(8)], reason: reason("face") },
    ];
    for no in case.assignments.iter().map(|assignment| assignment.no) {
        commands.push(Command::Accept { assignment: no });
        commands.push(Command::Return { assignment: no, reason: reason("not_our_area"), note });
        commands.push(handle(no));
        commands.push(Command::Ask {
            assignment: no,
            asking: Asking::Extension { minutes: 1 },
            reason: reason("parts"),
            note,
        });
        let until = now.checked_add(SignedDuration::from_hours(20)).unwrap();
        commands.push(Command::Ask {
            assignment: no,
            asking: Asking::Suspension { until },
            reason: reason("season"),
            note,
        });
    }
    commands
}

/// All that anybody could do now: who, and the facts that follow.
fn possible(case: &Case, city: &City, now: Timestamp, actors: &[Actor]) -> Vec<(Actor, Vec<Fact>)> {
    let mut found = Vec::new();
    for actor in actors {
        let context = Context { at: now, actor, city };
        for command in commands(case, now) {
            if let Ok(facts) = case.decide(command, DRAW, &context) {
                found.push((actor.clone(), facts));
            }
        }
    }
    found
}

fn both() -> Option<PersonId> {
    Some(PersonId(Uuid::from_u128(100)))
}

fn after(case: &Case, facts: &[Fact]) -> Case {
    let mut case = case.clone();
    facts.iter().for_each(|fact| case.apply(fact));
    case
}

/// Each clock that was started has been stopped, or runs for something that is still owed.
fn clocks_fit(case: &Case) {
    let ended = case.state.kind().is_final();
    let timed = case.stage().is_some_and(|stage| stage != gewu_domain::sla::Stage::Handle);
    assert_eq!(case.clock.is_some(), timed, "stage clock in {:?}", case.state);
    for assignment in &case.assignments {
        let runs = assignment.clock.stopped_at.is_none();
        assert_eq!(runs, assignment.state.is_running(), "clock of assignment {assignment:?} in {:?}", case.state);
    }
    assert!(case.past.iter().all(|clock| clock.stopped_at.is_some()));
    if let Some(original) = &case.original {
        assert_eq!(original.stopped_at.is_some(), ended, "the original clock in {:?}", case.state);
    }
    let paused = matches!(case.state, State::Suspended { .. });
    assert_eq!(case.due_at().is_none(), ended || (paused && case.due_at().is_none()), "due in {:?}", case.state);
}

/// Nobody files and dispatches, or handles and judges, the same case.
fn hands_are_apart(case: &Case) {
    assert!(case.hands.filed.is_disjoint(&case.hands.dispatched));
    assert!(case.hands.handled.is_disjoint(&case.hands.judged));
}

/// Read from the facts alone: who got a case back did not make the next forward step.
fn returns_are_answered_by_others(facts: &[Fact]) {
    let mut receiver = None;
    let mut dispatched_by = None;
    let mut filed_by = None;
    let mut accepted_by = None;
    let mut lead = 0;
    let mut filing = false;
    for fact in facts {
        let person = fact.by.person();
        match &fact.deed {
            Deed::SentToVerify { .. } | Deed::Submitted | Deed::Filed { .. } | Deed::Dispatched { .. } => {
                assert!(receiver.is_none() || receiver != person, "{fact:?} by the one who got it back");
                receiver = None;
                match &fact.deed {
                    Deed::Filed { .. } => filed_by = person,
                    Deed::Dispatched { given } => {
                        dispatched_by = person;
                        lead = given.iter().find(|given| given.is_lead).unwrap().no;
                    }
                    _ => accepted_by = person,
                }
                filing = matches!(fact.deed, Deed::Submitted);
            }
            Deed::Verified { .. } => filing = true,
            Deed::Reported { entry, .. } => filing = *entry == gewu_domain::case::Entry::File,
            Deed::Returned { assignment, .. } if *assignment == lead => receiver = dispatched_by,
            Deed::SentBack { .. } => {
                receiver = if filing { accepted_by } else { filed_by };
                filing = !filing;
            }
            Deed::Escalated { .. } => receiver = None,
            Deed::Checked { passed: false, .. } => filing = lead == 0,
            _ => {}
        }
    }
}

/// Who handled did not check or close, read from the facts alone.
fn judged_by_others(facts: &[Fact]) {
    let handlers: BTreeSet<_> = facts
        .iter()
        .filter(|fact| matches!(fact.deed, Deed::Handled { .. }))
        .filter_map(|fact| fact.by.person())
        .collect();
    for fact in facts {
        if matches!(fact.deed, Deed::Checked { .. } | Deed::Closed { .. }) {
            assert!(fact.by.person().is_none_or(|person| !handlers.contains(&person)), "{fact:?}");
        }
        if let Deed::Closed { how: Closing::Solved, .. } = fact.deed {
            let checked = facts.iter().any(|fact| matches!(fact.deed, Deed::Checked { passed: true, .. }));
            assert!(checked, "closed as solved without a check");
        }
    }
}

/// From here, people of good will bring the case to an end in so many steps, each by somebody who may.
fn has_a_way_out(case: &Case, city: &City, now: Timestamp, actors: &[Actor]) {
    let mut case = case.clone();
    let mut now = now;
    for _ in 0..14 {
        if case.state.kind().is_final() {
            return;
        }
        now = now.checked_add(SignedDuration::from_hours(24)).unwrap();
        let closer = |state: StateKind| match state {
            StateKind::Reported => 10,
            StateKind::Verifying => 9,
            StateKind::AwaitingFiling => 8,
            StateKind::AwaitingDispatch | StateKind::Returned | StateKind::Reopened => 7,
            StateKind::Dispatched => 6,
            StateKind::Suspended => 6,
            StateKind::Handling | StateKind::Rework => 5,
            StateKind::Handled => 4,
            StateKind::Checking => 3,
            StateKind::AwaitingClose => 2,
            StateKind::Closed => 1,
            StateKind::NotAccepted | StateKind::Void => 1,
        };
        let owed = |case: &Case| case.round().filter(|assignment| assignment.state.is_running()).count();
        let best = possible(&case, city, now, actors)
            .into_iter()
            .filter(|(_, facts)| {
                !facts.iter().any(|fact| matches!(fact.deed, Deed::Closed { how: Closing::Forced { .. }, .. }))
            })
            .map(|(_, facts)| after(&case, &facts))
            .min_by_key(|after| (closer(after.state.kind()), owed(after)))
            .unwrap_or_else(|| panic!("nobody can do anything in {:?}", case.state));
        case = best;
    }
    panic!("no end in sight: {:?}", case.state);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_walk_under_any_policy_keeps_clocks_hands_and_ways_out(
        policy in policies(),
        source in prop::sample::select(Source::ALL.to_vec()),
        choices in proptest::collection::vec((any::<prop::sample::Index>(), 0_i64..3_000), 1..28),
    ) {
        let actors = actors();
        let mut walk = Walk::begin(city(policy), source, &Actor::Reporter);
        clocks_fit(&walk.case);
        for (choice, minutes) in choices {
            walk.wait_min(minutes);
            let options = possible(&walk.case, &walk.city, walk.now, &actors);
            prop_assert!(!options.is_empty(), "nobody can do anything in {:?}", walk.case.state);
            // Every other step by the person with posts on both axes, where they can: that is who the rules are for.
            let by_both: Vec<_> = options.iter().filter(|(actor, _)| actor.person() == both()).cloned().collect();
            let options = if minutes % 2 == 0 && !by_both.is_empty() { by_both } else { options };
            let (_, facts) = choice.get(&options).clone();
            walk.case = after(&walk.case, &facts);
            walk.facts.extend(facts);
            clocks_fit(&walk.case);
            hands_are_apart(&walk.case);
        }
        returns_are_answered_by_others(&walk.facts);
        judged_by_others(&walk.facts);
        has_a_way_out(&walk.case, &walk.city, walk.now, &actors);
        prop_assert_eq!(Case::replay(&walk.facts), Some(walk.case.clone()));
        let sealed = gewu_domain::record::seal(walk.case.region, walk.case.id, 0, gewu_domain::record::GENESIS, &walk.facts);
        let read: Vec<Fact> = sealed.iter().map(|sealed| serde_json::from_str(&sealed.body).unwrap()).collect();
        prop_assert_eq!(read, walk.facts);
    }

    #[test]
    fn every_step_a_walk_takes_stands_in_the_table(
        policy in policies(),
        choices in proptest::collection::vec(any::<prop::sample::Index>(), 1..20),
    ) {
        let actors = actors();
        let mut walk = Walk::begin(city(policy), Source::Resident, &Actor::Reporter);
        for choice in choices {
            walk.wait_min(5);
            let options = possible(&walk.case, &walk.city, walk.now, &actors);
            let (_, facts) = choice.get(&options).clone();
            for fact in &facts {
                let from = walk.case.state.kind();
                walk.case.apply(fact);
                let to = walk.case.state.kind();
                let listed = TRANSITIONS.iter().any(|(_, froms, tos)| froms.contains(&from) && tos.contains(&to));
                prop_assert!(from == to || listed, "{} went from {from:?} to {to:?}", fact.deed.code());
            }
        }
    }
}

/// Every state kind that anything reachable rests in, by breadth-first search over what anybody can do.
fn reached(policy: Policy) -> BTreeSet<StateKind> {
    let city = city(policy);
    let actors = actors();
    let mut seen = BTreeSet::new();
    let mut states = BTreeSet::new();
    let mut queue = VecDeque::new();
    for source in Source::ALL {
        let walk = Walk::begin(city.clone(), source, &Actor::Reporter);
        queue.push_back((walk.case, walk.now, 0_u8));
    }
    while let Some((case, now, depth)) = queue.pop_front() {
        let kind = case.state.kind();
        states.insert(kind);
        let shape: Vec<AssignmentState> = case.round().map(|assignment| assignment.state).collect();
        if depth > 12 || !seen.insert((kind, shape, case.asked.is_some(), case.hands.return_receiver.is_some())) {
            continue;
        }
        let now = now.checked_add(SignedDuration::from_hours(24)).unwrap();
        for (_, facts) in possible(&case, &city, now, &actors) {
            queue.push_back((after(&case, &facts), now, depth + 1));
        }
    }
    states
}

#[test]
fn each_state_can_be_reached_or_is_provably_unused() {
    for (is_automatic, suspensions_most) in [(true, 1), (true, 0), (false, 1), (false, 0)] {
        let mut policy = policy();
        policy.check.is_automatic = is_automatic;
        policy.asking.suspensions_most = suspensions_most;
        let unused: BTreeSet<StateKind> = policy.unused_states().into_iter().collect();
        let reached = reached(policy);
        for state in StateKind::ALL {
            assert_ne!(
                reached.contains(state),
                unused.contains(state),
                "{state:?}, {is_automatic}, {suspensions_most}"
            );
        }
    }
}

#[test]
fn every_state_that_is_not_final_has_a_row_that_leads_out_of_it() {
    for state in StateKind::ALL {
        let out = TRANSITIONS
            .iter()
            .filter(|(_, from, _)| from.contains(state))
            .any(|(_, _, to)| to.iter().any(|to| to != state));
        assert!(out || matches!(state, StateKind::NotAccepted | StateKind::Void), "{state:?}");
    }
}

#[test]
fn a_policy_that_leaves_a_step_without_reasons_or_a_stage_without_limit_does_not_load() {
    let text = include_str!("../../../../data/policy/default.toml");
    let broken = text.replace("accept = { minutes = 30", "accept = { minutes = 0");
    let faults = Policy::parse("p.toml", &broken).unwrap_err();
    assert_eq!(faults[0].field.as_deref(), Some("stages.accept"));
    let broken = text.replace("decided_by = \"dispatcher\"", "decided_by = \"handler\"");
    assert_eq!(Policy::parse("p.toml", &broken).unwrap_err()[0].field.as_deref(), Some("asking.decided_by"));
    let mut empty = policy();
    empty.reasons.clear();
    assert_eq!(empty.faults("p.toml").len(), 11);
    let typo = text.replace("urge_every_minutes", "urge_each_minutes");
    assert!(Policy::parse("p.toml", &typo).unwrap_err()[0].line.is_some());
}
