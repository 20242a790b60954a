//! Deciding: a command, the case and the city of the day give facts, or a refusal.
//!
//! [`Case::permits`] asks everything that does not depend on the command's
//! details (the table, the person's permission, the rules that keep hands
//! apart), so that a page can say beforehand what is open and why the rest is
//! not. [`Case::decide`] asks it first, then the details, then writes the facts.
//! Clocks follow from the states in one place, [`Draft::push`].

use crate::{
    case::{
        Asking, Assignment, AssignmentState, Case, CaseStep, CheckKind, ClockSet, ClockSlot, Closing, Command, Deed,
        Entry, Fact, Given, Move, Part, Refused, Report, Rule, State, moves_from,
    },
    city::{COLLECTORS, City},
    ids::{Digest, ReasonCode, UnitCode},
    people::{Actor, permission},
    policy::{EntryRule, ReasonList},
    sla::{Clock, Limit, Stage, full_minute},
    unit::{Axis as UnitAxis, Unit},
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// What a decision is made against. Time is given, never asked for.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub at: Timestamp,
    pub actor: &'a Actor,
    pub city: &'a City,
}

/// A number drawn for one decision that nobody can know before it is made. Where it falls says who is checked on site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw(pub u64);

impl Draw {
    /// True for so many of a hundred draws.
    fn falls_within(self, percent: u8) -> bool {
        (u128::from(self.0) * 100) >> 64 < u128::from(percent)
    }
}

/// A move as it stands for one person: open, or refused by a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub step: Move,
    /// The assignment it is about, for the moves of units.
    pub assignment: Option<u8>,
    pub refused: Option<Refused>,
}

impl Case {
    /// Opens a case: the first facts of a report.
    ///
    /// # Errors
    /// [`Refused`] when the source may not report like this (on-the-spot fixes).
    pub fn open(report: Report, context: &Context<'_>) -> Result<(Case, Vec<Fact>), Refused> {
        let policy = &context.city.policy;
        let collectors = context.city.collectors_for(&report.place.path);
        let entry = if report.is_fixed_on_spot {
            Entry::Check
        } else {
            match (policy.entry_of(report.source), collectors) {
                (EntryRule::Verify, Some(unit)) => Entry::Verify { unit },
                (EntryRule::File, _) => Entry::File,
                (EntryRule::Accept | EntryRule::Verify, _) => Entry::Accept,
            }
        };
        let is_fixed_on_spot = report.is_fixed_on_spot;
        let has_photo = !report.photos.is_empty();
        let fact = Fact {
            at: context.at,
            by: context.actor.clone(),
            deed: Deed::Reported {
                is_public: !report.is_confidential && policy.shows_unseen(report.source),
                report: Box::new(report),
                policy_version: policy.version,
                entry,
            },
            clocks: Vec::new(),
        };
        let case = Case::begin(&fact).expect("the fact is a report");
        if is_fixed_on_spot {
            if !policy.on_spot.allowed || context.actor.role() != Some(crate::people::Role::Collector) {
                return Err(Refused::new(Rule::OnSpot, Move::Handle, &case));
            }
            if !has_photo {
                return Err(Refused::new(Rule::Photos, Move::Handle, &case));
            }
        }
        let mut fact = fact;
        if let Some(stage) = case.stage() {
            fact.clocks.push(ClockSet { slot: ClockSlot::Stage, clock: start(stage, context) });
        }
        let case = Case::begin(&fact).expect("the fact is a report");
        Ok((case, vec![fact]))
    }

    /// Decides a command. The facts are not applied: the caller does that, and stores both.
    ///
    /// # Errors
    /// [`Refused`], naming the rule and what would be allowed.
    pub fn decide(&self, command: Command, draw: Draw, context: &Context<'_>) -> Result<Vec<Fact>, Refused> {
        let step = command.step();
        let target = command.assignment().map_or(CaseStep::Whole, CaseStep::Assignment);
        self.permits(step, target, context)?;
        let refuse = |rule: Rule| Err(Refused::new(rule, step, self));
        let policy = &context.city.policy;
        let mut draft = Draft { case: self.clone(), facts: Vec::new(), context };
        match command {
            Command::SendToVerify { unit } => {
                self.collectors(step, &unit, context)?;
                draft.push(Deed::SentToVerify { unit });
            }
            Command::Verify { is_true, note, photos } => draft.push(Deed::Verified { is_true, note, photos }),
            Command::Submit => draft.push(Deed::Submitted),
            Command::File { class, condition } => {
                if !self.place.is_placed {
                    return refuse(Rule::Unplaced);
                }
                let limit = context
                    .city
                    .limit(&class, condition, &self.place)
                    .ok_or_else(|| Refused::new(Rule::Class, step, self).because(class.code.to_string()))?;
                draft.push(Deed::Filed { class, condition, limit });
            }
            Command::Refuse { reason, note } => {
                self.reason(step, ReasonList::Refuse, &reason, note, context)?;
                draft.push(Deed::Refused { reason, note });
            }
            Command::Void { reason, note } => {
                self.reason(step, ReasonList::Void, &reason, note, context)?;
                draft.push(Deed::Voided { reason, note });
            }
            Command::SendBack { reason, note } => {
                self.reason(step, ReasonList::SendBack, &reason, note, context)?;
                draft.push(Deed::SentBack { reason, note });
            }
            Command::Dispatch { lead, assisting } => {
                let filed = self.filed.as_ref().ok_or_else(|| Refused::new(Rule::Class, step, self))?;
                let limit = filed.limit;
                self.dispatch(&mut draft, limit, lead, assisting)?;
            }
            Command::Accept { assignment } => draft.push(Deed::Accepted { assignment }),
            Command::Return { assignment, reason, note } => {
                self.reason(step, ReasonList::Return, &reason, note, context)?;
                if self.is_backstopped(assignment, context) {
                    return refuse(Rule::Backstop);
                }
                draft.push(Deed::Returned { assignment, reason, note });
                draft.send_to_check_if_automatic(draw);
            }
            Command::Handle { assignment, note, photos } => {
                if policy.check.needs_photo && photos.is_empty() {
                    return refuse(Rule::Photos);
                }
                draft.push(Deed::Handled { assignment, note, photos });
                draft.send_to_check_if_automatic(draw);
            }
            Command::SendToCheck { check, unit } => {
                match (check, &unit) {
                    (CheckKind::Field, Some(unit)) => self.collectors(step, unit, context)?,
                    (CheckKind::Field, None) => return refuse(Rule::Units),
                    (CheckKind::Desk, Some(_)) => return refuse(Rule::Units),
                    (CheckKind::Desk, None) => {}
                }
                draft.push(Deed::SentToCheck { check, unit });
            }
            Command::Check { passed, reason, note, photos } => {
                match &reason {
                    None if !passed => return refuse(Rule::Reason),
                    Some(reason) if !passed => self.reason(step, ReasonList::CheckFailed, reason, note, context)?,
                    _ => {}
                }
                let reason = reason.filter(|_| !passed);
                draft.push(Deed::Checked { passed, reason, note, photos });
            }
            Command::Close { ticks, reply } => {
                let missing = self.unticked(&ticks, context);
                if !missing.is_empty() {
                    let missing: Vec<String> = missing.iter().map(u8::to_string).collect();
                    return Err(Refused::new(Rule::Conditions, step, self).because(missing.join(", ")));
                }
                draft.close(Closing::Solved, ticks, reply);
            }
            Command::ForceClose { reason, note } => {
                self.reason(step, ReasonList::ForceClose, &reason, note, context)?;
                draft.close(Closing::Forced { reason }, BTreeSet::new(), note);
            }
            Command::Reopen { reason, note } => {
                self.reason(step, ReasonList::Reopen, &reason, note, context)?;
                draft.push(Deed::Reopened { reason, note });
            }
            Command::Resume => draft.push(Deed::Resumed),
            Command::Ask { assignment, asking, reason, note } => {
                self.ask(step, assignment, &asking, &reason, note, context)?;
                draft.push(Deed::Asked { assignment, asking, reason, note });
            }
            Command::Answer { granted, note } => draft.answer(granted, note),
            Command::Escalate { reason, note } => {
                self.reason(step, ReasonList::Escalate, &reason, note, context)?;
                if self.level >= self.top_level(context) {
                    return refuse(Rule::TopLevel);
                }
                draft.push(Deed::Escalated { level: self.level.saturating_add(1), reason, note });
            }
            Command::Urge { note } => draft.push(Deed::Urged { note }),
            Command::Place { place } => {
                if !place.is_placed {
                    return refuse(Rule::Unplaced);
                }
                draft.push(Deed::Placed { place });
            }
            Command::Correct { class } => {
                if context.city.class_in_force(&class).is_none() {
                    return Err(Refused::new(Rule::Class, step, self).because(class.code.to_string()));
                }
                draft.push(Deed::Corrected { class });
            }
            Command::Rate { is_solved, stars, note } => draft.rate(is_solved, stars, note),
            Command::Remark { text: None } => return refuse(Rule::Note),
            Command::Remark { text: Some(text) } => draft.push(Deed::Remarked { text }),
            Command::Show { words, photos } => {
                if !words && photos.is_empty() {
                    return refuse(Rule::NothingChosen);
                }
                draft.push(Deed::Shown { words, photos });
            }
            Command::Withhold { words, photos, reason } => {
                self.reason(step, ReasonList::Withhold, &reason, None, context)?;
                if !words && photos.is_empty() {
                    return refuse(Rule::NothingChosen);
                }
                draft.push(Deed::Withheld { words, photos, reason });
            }
        }
        Ok(draft.facts)
    }

    /// May this actor make this move now, whatever its details turn out to be?
    ///
    /// # Errors
    /// The first rule that says no.
    pub fn permits(&self, step: Move, target: CaseStep, context: &Context<'_>) -> Result<(), Refused> {
        let refuse = |rule: Rule| Err(Refused::new(rule, step, self));
        if !moves_from(self.state.kind()).any(|open| open == step) {
            return refuse(Rule::State);
        }
        if let CaseStep::Assignment(no) = target {
            let fits = self.assignment(no).is_some_and(|assignment| match step {
                Move::Accept => assignment.state == AssignmentState::Offered,
                Move::Return => assignment.state.is_running(),
                _ => matches!(assignment.state, AssignmentState::Accepted | AssignmentState::Rework),
            });
            if !fits {
                return refuse(Rule::Assignment);
            }
        }
        permission::may(context.actor, step, self, target, &context.city.areas, &context.city.policy)?;
        self.keeps_hands_apart(step, context)?;
        match step {
            Move::Check => {
                let field = matches!(self.state, State::Checking { check: CheckKind::Field, .. });
                let collects = context.actor.role() == Some(crate::people::Role::Collector);
                if field != collects { refuse(Rule::Role) } else { Ok(()) }
            }
            Move::SendToVerify if collectors_in_sight(self, context.city).next().is_none() => {
                refuse(if self.place.is_placed { Rule::NoOneToAsk } else { Rule::Unplaced })
            }
            Move::SendBack => {
                let filing = self.state == State::AwaitingFiling;
                let files = context.actor.role() == Some(crate::people::Role::DutyChief);
                if filing != files { refuse(Rule::Role) } else { Ok(()) }
            }
            Move::Ask if self.asked.is_some() => refuse(Rule::AskedAlready),
            Move::Answer => match &self.asked {
                None => refuse(Rule::NothingAsked),
                Some(asked) if asked.by.is_some() && asked.by == context.actor.person() => refuse(Rule::AskerAnswers),
                Some(_) => Ok(()),
            },
            Move::Reopen if matches!(context.actor, Actor::Reporter) => self.window(step, context),
            Move::Rate if self.rating.is_some() => refuse(Rule::Rated),
            Move::Show if self.is_confidential => refuse(Rule::Confidential),
            Move::Urge => {
                let pause = SignedDuration::from_mins(i64::from(context.city.policy.urge_every_minutes));
                let next = self.last_urged_at.and_then(|last| last.checked_add(pause).ok());
                if next.is_some_and(|next| context.at < next) { refuse(Rule::TooEarly) } else { Ok(()) }
            }
            Move::Resume if matches!(context.actor, Actor::System) => match self.state {
                State::Suspended { until, .. } if context.at < until => refuse(Rule::TooEarly),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// Every move of the table in this state, as it stands for this actor.
    pub fn choices(&self, context: &Context<'_>) -> Vec<Choice> {
        let mut choices = Vec::new();
        for step in moves_from(self.state.kind()) {
            let targets: Vec<CaseStep> = match step {
                Move::Accept | Move::Return | Move::Handle | Move::Ask => self
                    .round()
                    .filter(|assignment| assignment.state.is_running())
                    .map(|assignment| CaseStep::Assignment(assignment.no))
                    .collect(),
                _ => vec![CaseStep::Whole],
            };
            for target in targets {
                choices.push(Choice {
                    step,
                    assignment: match target {
                        CaseStep::Assignment(no) => Some(no),
                        CaseStep::Whole => None,
                    },
                    refused: self.permits(step, target, context).err(),
                });
            }
        }
        choices
    }

    /// The closing conditions that apply: the condition's own, numbered from 0; none for a trifle mended on the spot.
    pub fn closing_conditions<'a>(&self, city: &'a City) -> &'a [crate::catalogue::Tick] {
        match (&self.class, &self.filed) {
            (Some(class), Some(filed)) => {
                city.condition(class, filed.condition).map(|condition| condition.closing.as_slice()).unwrap_or_default()
            }
            _ => &[],
        }
    }

    fn unticked(&self, ticks: &BTreeSet<u8>, context: &Context<'_>) -> Vec<u8> {
        (0_u8..).zip(self.closing_conditions(context.city)).map(|(no, _)| no).filter(|no| !ticks.contains(no)).collect()
    }

    /// Nobody files and dispatches, or handles and judges, the same case; and a
    /// return is not answered by whoever it came back to.
    fn keeps_hands_apart(&self, step: Move, context: &Context<'_>) -> Result<(), Refused> {
        let Some(person) = context.actor.person() else {
            return Ok(());
        };
        let hands = &self.hands;
        let broken = match step {
            Move::File if hands.dispatched.contains(&person) => Some(Rule::FilesOrDispatches),
            Move::Dispatch if hands.filed.contains(&person) => Some(Rule::FilesOrDispatches),
            Move::Check | Move::Close | Move::ForceClose if hands.handled.contains(&person) => {
                Some(Rule::HandlesOrJudges)
            }
            Move::Accept | Move::Handle if hands.judged.contains(&person) => Some(Rule::HandlesOrJudges),
            Move::SendToVerify | Move::Submit | Move::File | Move::Dispatch
                if hands.return_receiver == Some(person) =>
            {
                Some(Rule::ReturnReceiver)
            }
            _ => None,
        };
        match broken {
            Some(rule) => Err(Refused::new(rule, step, self)),
            None => Ok(()),
        }
    }

    fn reason(
        &self,
        step: Move,
        list: ReasonList,
        code: &ReasonCode,
        note: Option<Digest>,
        context: &Context<'_>,
    ) -> Result<(), Refused> {
        match context.city.policy.reason(list, code) {
            None => Err(Refused::new(Rule::Reason, step, self).because(code.to_string())),
            Some(reason) if reason.needs_note && note.is_none() => Err(Refused::new(Rule::Note, step, self)),
            Some(_) => Ok(()),
        }
    }

    fn collectors(&self, step: Move, unit: &UnitCode, context: &Context<'_>) -> Result<(), Refused> {
        match context.city.units.get(unit) {
            Some(unit) if unit.axis == UnitAxis::Supervision && unit.kind.as_str() == COLLECTORS && !unit.is_closed => {
                self.in_sight(step, unit, || collectors_in_sight(self, context.city), context)
            }
            _ => Err(Refused::new(Rule::Units, step, self).because(unit.to_string())),
        }
    }

    /// Who is in a unit must see the case, or it would wait there for good.
    fn in_sight<'c, Others: Iterator<Item = &'c Unit>>(
        &self,
        step: Move,
        unit: &Unit,
        instead: impl FnOnce() -> Others,
        context: &Context<'_>,
    ) -> Result<(), Refused> {
        if permission::sees(&unit.area, self, &context.city.areas) {
            return Ok(());
        }
        let instead: Vec<&str> = instead().map(|unit| unit.code.as_str()).collect();
        let refused = Refused::new(if instead.is_empty() { Rule::NoOneToAsk } else { Rule::OutOfSight }, step, self);
        Err(if instead.is_empty() { refused } else { refused.because(instead.join(", ")) })
    }

    fn dispatch(&self, draft: &mut Draft<'_>, limit: Limit, lead: Part, assisting: Vec<Part>) -> Result<(), Refused> {
        let context = draft.context;
        let mut units = BTreeSet::new();
        let mut given = Vec::new();
        let mut clocks = Vec::new();
        let first = self.assignments.iter().map(|assignment| assignment.no).max().map_or(1, |no| no.saturating_add(1));
        for (no, (is_lead, part)) in
            (first..).zip(std::iter::once((true, lead)).chain(assisting.into_iter().map(|part| (false, part))))
        {
            let unit = context.city.units.get(&part.unit);
            let handler = unit.filter(|unit| unit.axis == UnitAxis::Handling && !unit.is_closed);
            let Some(unit) = handler.filter(|_| units.insert(part.unit.clone())) else {
                return Err(Refused::new(Rule::Units, Move::Dispatch, self).because(part.unit.to_string()));
            };
            self.in_sight(Move::Dispatch, unit, || handlers_in_sight(self, context.city), context)?;
            let minutes = part.minutes.filter(|_| !is_lead).unwrap_or(limit.minutes);
            let limit = Limit { minutes, kind: limit.kind };
            clocks.push(ClockSet {
                slot: ClockSlot::Assignment(no),
                clock: Clock::start(Stage::Handle, limit, context.at, &context.city.calendar),
            });
            given.push(Given { no, unit: part.unit, is_lead });
        }
        draft.push_with(Deed::Dispatched { given }, context.actor.clone(), clocks);
        Ok(())
    }

    fn ask(
        &self,
        step: Move,
        assignment: u8,
        asking: &Asking,
        reason: &ReasonCode,
        note: Option<Digest>,
        context: &Context<'_>,
    ) -> Result<(), Refused> {
        let rules = &context.city.policy.asking;
        let refuse = |rule: Rule| Err(Refused::new(rule, step, self));
        let Some(assignment) = self.assignment(assignment) else {
            return refuse(Rule::Assignment);
        };
        match asking {
            Asking::Extension { minutes } => {
                self.reason(step, ReasonList::Extension, reason, note, context)?;
                let most = u64::from(assignment.clock.limit.minutes) * u64::from(rules.extension_percent_most) / 100;
                if assignment.extensions >= rules.extensions_most {
                    return refuse(Rule::TooOften);
                }
                if u64::from(*minutes) > most || *minutes == 0 {
                    return Err(Refused::new(Rule::TooLong, step, self).because(most.to_string()));
                }
                if rules.before_due && assignment.clock.is_overdue(context.at) {
                    return refuse(Rule::TooLate);
                }
            }
            Asking::Suspension { until } => {
                self.reason(step, ReasonList::Suspension, reason, note, context)?;
                if !assignment.is_lead {
                    return refuse(Rule::Assignment);
                }
                if assignment.suspensions >= rules.suspensions_most {
                    return refuse(Rule::TooOften);
                }
                let longest = SignedDuration::from_hours(24 * i64::from(rules.suspension_days_most));
                if until.duration_since(context.at) > longest {
                    return Err(Refused::new(Rule::TooLong, step, self).because(rules.suspension_days_most.to_string()));
                }
                if *until <= context.at {
                    return refuse(Rule::TooEarly);
                }
            }
        }
        Ok(())
    }

    fn window(&self, step: Move, context: &Context<'_>) -> Result<(), Refused> {
        let State::Closed { confirm_until: Some(until), .. } = &self.state else {
            return Err(Refused::new(Rule::WindowPassed, step, self));
        };
        if context.at > *until {
            return Err(Refused::new(Rule::WindowPassed, step, self));
        }
        if self.reopenings >= context.city.policy.confirmation.reopenings_most {
            return Err(Refused::new(Rule::TooOften, step, self));
        }
        Ok(())
    }

    fn is_backstopped(&self, assignment: u8, context: &Context<'_>) -> bool {
        let after = context.city.policy.backstop.after_returns;
        after > 0
            && self.returns >= after
            && self
                .assignment(assignment)
                .is_some_and(|assignment| context.city.is_territory(&assignment.unit, &self.place.path))
    }

    fn top_level(&self, context: &Context<'_>) -> u8 {
        context.city.top_level(&self.place.path)
    }
}

/// Facts in the making, with the case as they leave it.
struct Draft<'a> {
    case: Case,
    facts: Vec<Fact>,
    context: &'a Context<'a>,
}

impl Draft<'_> {
    fn push(&mut self, deed: Deed) {
        self.push_with(deed, self.context.actor.clone(), Vec::new());
    }

    /// Adds a fact and the clocks that follow from the state it leads to.
    fn push_with(&mut self, deed: Deed, by: Actor, clocks: Vec<ClockSet>) {
        let mut fact = Fact { at: self.context.at, by, deed, clocks };
        let before = self.case.clone();
        self.case.apply(&fact);
        let following = self.clocks_after(&before);
        fact.clocks.extend(following);
        self.case = before;
        self.case.apply(&fact);
        self.facts.push(fact);
    }

    /// Which clocks must start, stop, pause or run on, given where the case was and where it is.
    fn clocks_after(&self, before: &Case) -> Vec<ClockSet> {
        let context = self.context;
        let after = &self.case;
        let mut sets = Vec::new();
        let moved = before.state.kind() != after.state.kind();
        if moved {
            if let Some(clock) = before.clock.clone() {
                sets.push(ClockSet { slot: ClockSlot::Stage, clock: stopped(clock, context) });
            }
            if let Some(stage) = after.stage().filter(|stage| *stage != Stage::Handle) {
                sets.push(ClockSet { slot: ClockSlot::Stage, clock: start(stage, context) });
            }
        }
        let was_suspended = matches!(before.state, State::Suspended { .. });
        let is_suspended = matches!(after.state, State::Suspended { .. });
        for assignment in &after.assignments {
            if let Some(clock) = follow(assignment, was_suspended, is_suspended, context) {
                sets.push(ClockSet { slot: ClockSlot::Assignment(assignment.no), clock });
            }
        }
        sets.extend(self.original_after(before).map(|clock| ClockSet { slot: ClockSlot::Original, clock }));
        sets
    }

    /// The original clock: reopening lets the first lead's run on, and any end stops it.
    fn original_after(&self, before: &Case) -> Option<Clock> {
        let after = &self.case;
        if after.state.kind().is_final() {
            let clock = after.original.clone().filter(|clock| clock.stopped_at.is_none())?;
            return Some(stopped(clock, self.context));
        }
        if after.state != State::Reopened || before.state == State::Reopened {
            return None;
        }
        let first = || after.assignments.iter().find(|assignment| assignment.is_lead);
        let mut clock = after.original.clone().or_else(|| first().map(|first| first.clock.clone()))?;
        clock.stopped_at = None;
        self.context.city.repromise(&mut clock, self.context.at);
        Some(clock)
    }

    fn send_to_check_if_automatic(&mut self, draw: Draw) {
        if self.case.state != State::Handled || !self.context.city.policy.check.is_automatic {
            return;
        }
        let chosen = draw.falls_within(self.context.city.policy.check.field_percent);
        let collectors = self.context.city.collectors_for(&self.case.place.path);
        let (check, unit) = match collectors {
            Some(unit) if chosen => (CheckKind::Field, Some(unit)),
            _ => (CheckKind::Desk, None),
        };
        self.push_with(Deed::SentToCheck { check, unit }, Actor::System, Vec::new());
    }

    fn close(&mut self, how: Closing, ticks: BTreeSet<u8>, reply: Option<Digest>) {
        let hours = self.context.city.policy.confirmation.window_hours;
        let confirm_until = (hours > 0 && self.case.is_answerable)
            .then(|| self.context.at.checked_add(SignedDuration::from_hours(i64::from(hours))).ok())
            .flatten();
        self.push(Deed::Closed { how, ticks, confirm_until, reply });
    }

    fn answer(&mut self, granted: bool, note: Option<Digest>) {
        let asked = self.case.asked.clone();
        let mut clocks = Vec::new();
        if let (true, Some(asked)) = (granted, &asked)
            && let Asking::Extension { minutes } = asked.asking
            && let Some(assignment) = self.case.assignment(asked.assignment)
        {
            let mut clock = assignment.clock.clone();
            let calendar = self.context.calendar_of(&clock);
            if clock.extend(minutes, self.context.at, calendar).is_ok() {
                clocks.push(ClockSet { slot: ClockSlot::Assignment(asked.assignment), clock });
            }
        }
        self.push_with(Deed::Answered { granted, note }, self.context.actor.clone(), clocks);
        if let (true, Some(asked)) = (granted, asked)
            && let Asking::Suspension { until } = asked.asking
        {
            self.push(Deed::Suspended { until, reason: asked.reason });
        }
    }

    fn rate(&mut self, is_solved: bool, stars: u8, note: Option<Digest>) {
        let reopens = !is_solved && self.case.window(Move::Rate, self.context).is_ok();
        self.push(Deed::Rated { is_solved, stars: stars.clamp(1, 5), note });
        if reopens {
            self.push(Deed::Reopened { reason: ReasonCode::new("not_solved"), note });
        }
    }
}

impl<'a> Context<'a> {
    /// The calendar a promise was made against; the one in force when that version is gone.
    fn calendar_of(&self, clock: &Clock) -> &'a crate::calendar::Calendar {
        self.city.calendar_of(clock)
    }
}

/// The collectors who can be sent to look at a case.
pub fn collectors_in_sight<'c>(case: &Case, city: &'c City) -> impl Iterator<Item = &'c Unit> {
    in_sight(case, city, UnitAxis::Supervision).filter(|unit| unit.kind.as_str() == COLLECTORS)
}

/// The units a case can be dispatched to.
pub fn handlers_in_sight<'c>(case: &Case, city: &'c City) -> impl Iterator<Item = &'c Unit> {
    in_sight(case, city, UnitAxis::Handling)
}

fn in_sight<'c>(case: &Case, city: &'c City, axis: UnitAxis) -> impl Iterator<Item = &'c Unit> {
    let sees = |unit: &&Unit| permission::sees(&unit.area, case, &city.areas);
    city.units.all().filter(move |unit| unit.axis == axis && !unit.is_closed).filter(sees)
}

fn start(stage: Stage, context: &Context<'_>) -> Clock {
    let limit = context.city.policy.stage_limit(stage).expect("Policy::faults refuses a policy that lacks a stage");
    Clock::start(stage, limit, context.at, &context.city.calendar)
}

fn stopped(mut clock: Clock, context: &Context<'_>) -> Clock {
    let calendar = context.calendar_of(&clock);
    if clock.stop(context.at, calendar).is_err() {
        clock.stopped_at = Some(full_minute(context.at));
    }
    clock
}

/// The clock of an assignment as its state demands, or `None` when it is so already.
fn follow(assignment: &Assignment, was_suspended: bool, is_suspended: bool, context: &Context<'_>) -> Option<Clock> {
    let calendar = context.calendar_of(&assignment.clock);
    let mut clock = assignment.clock.clone();
    let running = assignment.state.is_running();
    if !running {
        return clock.stopped_at.is_none().then(|| stopped(clock, context));
    }
    if let Some(stopped_at) = clock.stopped_at.take() {
        // Done again after a failed check: the time it lay with the checker is not the unit's.
        if clock.paused_at().is_none() {
            clock.pause(stopped_at, calendar).ok()?;
        }
        clock.resume(context.at, calendar).ok()?;
        context.city.repromise(&mut clock, context.at);
        return Some(clock);
    }
    if is_suspended && !was_suspended {
        clock.pause(context.at, calendar).ok()?;
        return Some(clock);
    }
    if was_suspended && !is_suspended {
        clock.resume(context.at, calendar).ok()?;
        return Some(clock);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::Draw;

    #[test]
    fn a_draw_falls_within_a_share_as_often_as_the_share_says() {
        const STEPS: u64 = 10_000;
        for percent in 0..=100_u8 {
            let draws = (0..STEPS).map(|no| Draw(u64::MAX / STEPS * no));
            let within = draws.filter(|draw| draw.falls_within(percent)).count();
            assert!(within.abs_diff(usize::from(percent) * 100) <= 1, "{within} of 10,000 draws at {percent} %");
        }
        assert!(Draw(u64::MAX).falls_within(100) && !Draw(0).falls_within(0));
    }
}
