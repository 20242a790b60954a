//! The case: decided, not edited.
//!
//! [`Case::open`] and [`decide`](Case::decide) turn a command into facts or a
//! [`Refused`]; [`Case::apply`] turns facts into the case. Both are pure. Read
//! [`state`] first (the table of transitions), then [`decide`](mod@decide).

mod command;
mod decide;
mod desk;
mod explain;
mod fact;
mod refused;
mod repromise;
mod showing;
pub mod state;

pub use command::{Asking, ClassRef, Command, Part, Place, Report, Source};
pub use decide::{Choice, Context, Draw, collectors_in_sight, handlers_in_sight};
pub use desk::{Desk, Task, TaskKind};
pub use explain::Line;
pub use fact::{ClockSet, ClockSlot, Deed, Entry, Fact, Given};
pub use refused::{Refused, Rule};
pub use showing::{Showing, Showings, Shown};
pub use state::{CheckKind, Closing, Move, State, StateKind, TRANSITIONS, moves_from};

use crate::{
    ids::{CaseId, Digest, PersonId, ReasonCode, RegionId, UnitCode},
    sla::{Clock, Limit, Stage},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A case as its facts leave it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    pub id: CaseId,
    pub region: RegionId,
    pub number: String,
    /// How many facts it has; the next fact has this sequence number.
    pub version: u32,
    pub source: Source,
    pub state: State,
    pub place: Place,
    pub class: Option<ClassRef>,
    /// The filing condition and the limit promised by it.
    pub filed: Option<Filed>,
    pub text: Option<Digest>,
    pub photos: Vec<Digest>,
    pub receipt: Option<Digest>,
    pub is_answerable: bool,
    pub is_confidential: bool,
    pub is_urgent: bool,
    pub is_fixed_on_spot: bool,
    pub reported_at: Timestamp,
    pub changed_at: Timestamp,
    /// The clock of the stage the whole case is in; handling runs on the assignments' clocks.
    pub clock: Option<Clock>,
    /// The first lead's clock, once the case has been reopened: the second number.
    pub original: Option<Clock>,
    /// Stages that have ended, in order.
    pub past: Vec<Clock>,
    pub assignments: Vec<Assignment>,
    pub asked: Option<Pending>,
    /// 0 is the lowest centre that covers the place.
    pub level: u8,
    pub hands: Hands,
    pub returns: u8,
    pub reworks: u8,
    pub reopenings: u8,
    pub urges: u8,
    pub last_urged_at: Option<Timestamp>,
    pub rating: Option<Rating>,
    #[serde(default, skip_serializing_if = "Showings::is_empty")]
    pub showings: Showings,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filed {
    pub condition: u8,
    pub limit: Limit,
    pub at: Timestamp,
}

/// One unit's part in a case: lead 牵头 or assisting 协办, with its own state and clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assignment {
    pub no: u8,
    pub unit: UnitCode,
    pub is_lead: bool,
    pub state: AssignmentState,
    pub clock: Clock,
    pub extensions: u8,
    pub suspensions: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssignmentState {
    /// Given, not taken yet.
    Offered,
    /// Taken.
    Accepted,
    /// Done as far as the unit is concerned.
    Done,
    /// To be done again after a failed check.
    Rework,
    /// Handed back.
    Returned,
    /// Withdrawn, because the case went another way.
    Withdrawn,
}

impl AssignmentState {
    /// The unit still owes something.
    pub fn is_running(self) -> bool {
        matches!(self, AssignmentState::Offered | AssignmentState::Accepted | AssignmentState::Rework)
    }
}

/// A request that waits for its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    pub assignment: u8,
    pub asking: Asking,
    pub reason: ReasonCode,
    pub by: Option<PersonId>,
    pub at: Timestamp,
}

/// Who did what, for the rules that keep hands apart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hands {
    pub accepted: Option<PersonId>,
    pub filed: BTreeSet<PersonId>,
    pub dispatched: BTreeSet<PersonId>,
    pub handled: BTreeSet<PersonId>,
    /// Checked or closed.
    pub judged: BTreeSet<PersonId>,
    /// Who a return went back to, until somebody else makes the next forward step.
    pub return_receiver: Option<PersonId>,
    last_filed: Option<PersonId>,
    last_dispatched: Option<PersonId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rating {
    pub is_solved: bool,
    pub stars: u8,
    pub at: Timestamp,
}

/// What a move is aimed at, for the question whose unit makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseStep {
    /// The case as a whole.
    Whole,
    /// One assignment.
    Assignment(u8),
}

impl CaseStep {
    /// The unit that alone may make the move, when there is one.
    pub fn unit(self, case: &Case) -> Option<&UnitCode> {
        match (self, &case.state) {
            (CaseStep::Assignment(no), _) => case.assignment(no).map(|assignment| &assignment.unit),
            (CaseStep::Whole, State::Verifying { unit }) => Some(unit),
            (CaseStep::Whole, State::Checking { unit, .. }) => unit.as_ref(),
            _ => None,
        }
    }
}

impl Case {
    /// A case from its first fact; `None` when that fact reports nothing.
    pub fn begin(first: &Fact) -> Option<Case> {
        let Deed::Reported { report, entry, is_public, .. } = &first.deed else {
            return None;
        };
        let report = (**report).clone();
        let state = match entry {
            Entry::Accept => State::Reported,
            Entry::Verify { unit } => State::Verifying { unit: unit.clone() },
            Entry::File => State::AwaitingFiling,
            Entry::Check => State::Checking { check: CheckKind::Desk, unit: None },
        };
        let mut case = Case {
            id: report.id,
            region: report.region,
            number: report.number,
            version: 0,
            source: report.source,
            state,
            place: report.place,
            class: report.class,
            filed: None,
            text: report.text,
            photos: report.photos,
            receipt: report.receipt,
            is_answerable: report.is_answerable,
            is_confidential: report.is_confidential,
            is_urgent: report.is_urgent,
            is_fixed_on_spot: report.is_fixed_on_spot,
            reported_at: first.at,
            changed_at: first.at,
            clock: None,
            original: None,
            past: Vec::new(),
            assignments: Vec::new(),
            asked: None,
            level: 0,
            hands: Hands::default(),
            returns: 0,
            reworks: 0,
            reopenings: 0,
            urges: 0,
            last_urged_at: None,
            rating: None,
            showings: Showings::default(),
        };
        if *is_public {
            let photos: Vec<Shown> = case.photos.iter().map(|photo| Shown { photo: *photo, instead: None }).collect();
            case.showings.show(true, &photos);
        }
        if case.is_fixed_on_spot {
            case.hands.handled.extend(first.by.person());
        }
        case.finish(first);
        Some(case)
    }

    /// Replays a case from its facts; `None` when the first is not a report.
    pub fn replay<'a>(facts: impl IntoIterator<Item = &'a Fact>) -> Option<Case> {
        let mut facts = facts.into_iter();
        let mut case = Case::begin(facts.next()?)?;
        facts.for_each(|fact| case.apply(fact));
        Some(case)
    }

    /// Makes the case what it is after this fact. Never fails: facts were decided.
    pub fn apply(&mut self, fact: &Fact) {
        let person = fact.by.person();
        match &fact.deed {
            Deed::Reported { .. } => {}
            Deed::SentToVerify { unit } => {
                self.hands.accepted = person;
                self.state = State::Verifying { unit: unit.clone() };
                self.forward();
            }
            Deed::Verified { .. } => self.state = State::AwaitingFiling,
            Deed::Submitted => {
                self.hands.accepted = person;
                self.state = State::AwaitingFiling;
                self.forward();
            }
            Deed::Filed { class, condition, limit } => {
                self.class = Some(class.clone());
                self.filed = Some(Filed { condition: *condition, limit: *limit, at: fact.at });
                self.hands.filed.extend(person);
                self.hands.last_filed = person;
                self.state = State::AwaitingDispatch;
                self.forward();
            }
            Deed::Refused { reason, .. } => self.state = State::NotAccepted { reason: reason.clone() },
            Deed::Voided { reason, .. } => {
                self.state = State::Void { reason: reason.clone() };
            }
            Deed::SentBack { .. } => {
                if self.state == State::AwaitingFiling {
                    self.hands.return_receiver = self.hands.accepted;
                    self.state = State::Reported;
                } else {
                    self.hands.return_receiver = self.hands.last_filed;
                    self.state = State::AwaitingFiling;
                }
            }
            Deed::Dispatched { given } => {
                self.hands.dispatched.extend(person);
                self.hands.last_dispatched = person;
                for given in given {
                    if let Some(clock) = clock_for(fact, ClockSlot::Assignment(given.no)) {
                        self.assignments.push(Assignment {
                            no: given.no,
                            unit: given.unit.clone(),
                            is_lead: given.is_lead,
                            state: AssignmentState::Offered,
                            clock: clock.clone(),
                            extensions: 0,
                            suspensions: 0,
                        });
                    }
                }
                self.state = State::Dispatched;
                self.forward();
            }
            Deed::Accepted { assignment } => {
                self.set_assignment(*assignment, AssignmentState::Accepted);
                if self.assignment(*assignment).is_some_and(|assignment| assignment.is_lead) {
                    self.state = State::Handling;
                }
            }
            Deed::Returned { assignment, reason, .. } => {
                self.returns = self.returns.saturating_add(1);
                self.set_assignment(*assignment, AssignmentState::Returned);
                if self.asked.as_ref().is_some_and(|asked| asked.assignment == *assignment) {
                    self.asked = None;
                }
                if self.assignment(*assignment).is_some_and(|assignment| assignment.is_lead) {
                    self.withdraw();
                    self.hands.return_receiver = self.hands.last_dispatched;
                    self.state = State::Returned { reason: reason.clone() };
                } else {
                    self.settle();
                }
            }
            Deed::Handled { assignment, .. } => {
                self.hands.handled.extend(person);
                self.set_assignment(*assignment, AssignmentState::Done);
                if self.asked.as_ref().is_some_and(|asked| asked.assignment == *assignment) {
                    self.asked = None;
                }
                self.settle();
            }
            Deed::SentToCheck { check, unit } => {
                self.state = State::Checking { check: *check, unit: unit.clone() };
            }
            Deed::Checked { passed, .. } => {
                self.hands.judged.extend(person);
                if *passed {
                    self.state = State::AwaitingClose;
                } else if let Some(lead) = self.lead().map(|lead| lead.no) {
                    self.reworks = self.reworks.saturating_add(1);
                    self.set_assignment(lead, AssignmentState::Rework);
                    self.state = State::Rework;
                } else {
                    self.state = State::AwaitingFiling;
                }
            }
            Deed::Closed { how, confirm_until, .. } => {
                self.hands.judged.extend(person);
                self.withdraw();
                self.state = State::Closed { how: how.clone(), confirm_until: *confirm_until };
            }
            Deed::Reopened { .. } => {
                self.reopenings = self.reopenings.saturating_add(1);
                self.rating = None;
                self.state = State::Reopened;
            }
            Deed::Suspended { until, reason } => {
                let in_rework = self.state == State::Rework;
                if let Some(no) = self.asked.take().map(|asked| asked.assignment) {
                    self.count(no, |assignment| {
                        assignment.suspensions = assignment.suspensions.saturating_add(1);
                    });
                }
                self.state = State::Suspended { until: *until, reason: reason.clone(), in_rework };
            }
            Deed::Resumed => {
                if let State::Suspended { in_rework, .. } = self.state {
                    self.state = if in_rework { State::Rework } else { State::Handling };
                }
            }
            Deed::Asked { assignment, asking, reason, .. } => {
                self.asked = Some(Pending {
                    assignment: *assignment,
                    asking: asking.clone(),
                    reason: reason.clone(),
                    by: person,
                    at: fact.at,
                });
            }
            Deed::Answered { granted, .. } => {
                if *granted {
                    if let Some(Pending { assignment, asking: Asking::Extension { .. }, .. }) = &self.asked {
                        let no = *assignment;
                        self.count(no, |assignment| {
                            assignment.extensions = assignment.extensions.saturating_add(1);
                        });
                        self.asked = None;
                    }
                } else {
                    self.asked = None;
                }
            }
            Deed::Escalated { level, .. } => {
                self.level = *level;
                self.hands.return_receiver = None;
            }
            Deed::Urged { .. } => {
                self.urges = self.urges.saturating_add(1);
                self.last_urged_at = Some(fact.at);
            }
            Deed::Placed { place } => self.place = place.clone(),
            Deed::Corrected { class } => self.class = Some(class.clone()),
            Deed::Rated { is_solved, stars, .. } => {
                self.rating = Some(Rating { is_solved: *is_solved, stars: *stars, at: fact.at });
            }
            Deed::Remarked { .. } | Deed::Repromised { .. } => {}
            Deed::Shown { words, photos } => self.showings.show(*words, photos),
            Deed::Withheld { words, photos, reason } => self.showings.withhold(*words, photos, reason),
        }
        self.finish(fact);
    }

    pub fn assignment(&self, no: u8) -> Option<&Assignment> {
        self.assignments.iter().find(|assignment| assignment.no == no)
    }

    /// The lead of the round that runs or has just ended.
    pub fn lead(&self) -> Option<&Assignment> {
        self.assignments.iter().rev().find(|assignment| assignment.is_lead)
    }

    /// Assignments of the present round: those given with the present lead.
    pub fn round(&self) -> impl Iterator<Item = &Assignment> {
        let lead = self.lead().map_or(0, |lead| lead.no);
        self.assignments.iter().filter(move |assignment| assignment.no >= lead)
    }

    /// The clock that comes due first; `None` when nothing runs.
    pub fn first_clock(&self) -> Option<&Clock> {
        match &self.clock {
            Some(clock) if clock.stopped_at.is_none() => Some(clock),
            _ => self
                .round()
                .filter(|assignment| assignment.state.is_running() && assignment.clock.due_at.is_some())
                .map(|assignment| &assignment.clock)
                .min_by_key(|clock| clock.due_at),
        }
    }

    /// When the next thing about the case is due; `None` when nothing runs.
    pub fn due_at(&self) -> Option<Timestamp> {
        self.first_clock().and_then(|clock| clock.due_at)
    }

    /// The stage a state is timed by; handling states are timed by the assignments.
    pub fn stage(&self) -> Option<Stage> {
        match self.state {
            State::Reported => Some(Stage::Accept),
            State::Verifying { .. } => Some(Stage::Verify),
            State::AwaitingFiling => Some(Stage::File),
            State::AwaitingDispatch | State::Returned { .. } | State::Reopened => Some(Stage::Dispatch),
            State::Dispatched | State::Handling | State::Rework | State::Suspended { .. } => Some(Stage::Handle),
            State::Handled | State::Checking { .. } => Some(Stage::Check),
            State::AwaitingClose => Some(Stage::Close),
            State::NotAccepted { .. } | State::Void { .. } | State::Closed { .. } => None,
        }
    }

    /// A clock that stands in a slot.
    pub fn clock_in(&self, slot: ClockSlot) -> Option<&Clock> {
        match slot {
            ClockSlot::Stage => self.clock.as_ref(),
            ClockSlot::Assignment(no) => self.assignment(no).map(|assignment| &assignment.clock),
            ClockSlot::Original => self.original.as_ref(),
        }
    }

    /// Every unit that has or had a part in it.
    pub fn units(&self) -> impl Iterator<Item = &UnitCode> {
        self.assignments.iter().map(|assignment| &assignment.unit)
    }

    fn forward(&mut self) {
        self.hands.return_receiver = None;
    }

    /// Ends what the units still owe. Nothing is owed outside the handling states, as each way out of them does this.
    fn withdraw(&mut self) {
        self.asked = None;
        for assignment in &mut self.assignments {
            if assignment.state.is_running() {
                assignment.state = AssignmentState::Withdrawn;
            }
        }
    }

    /// Nothing of the round is owed any more: the case counts as handled.
    fn settle(&mut self) {
        if self.round().all(|assignment| !assignment.state.is_running()) {
            self.state = State::Handled;
        }
    }

    fn set_assignment(&mut self, no: u8, state: AssignmentState) {
        self.count(no, |assignment| assignment.state = state);
    }

    fn count(&mut self, no: u8, change: impl FnOnce(&mut Assignment)) {
        if let Some(assignment) = self.assignments.iter_mut().find(|assignment| assignment.no == no) {
            change(assignment);
        }
    }

    fn finish(&mut self, fact: &Fact) {
        for set in &fact.clocks {
            match set.slot {
                ClockSlot::Stage if set.clock.stopped_at.is_some() => {
                    self.past.push(set.clock.clone());
                    self.clock = None;
                }
                ClockSlot::Stage => self.clock = Some(set.clock.clone()),
                ClockSlot::Assignment(no) => {
                    self.count(no, |assignment| assignment.clock = set.clock.clone());
                }
                ClockSlot::Original => self.original = Some(set.clock.clone()),
            }
        }
        self.version = self.version.saturating_add(1);
        self.changed_at = fact.at;
    }
}

fn clock_for(fact: &Fact, slot: ClockSlot) -> Option<&Clock> {
    fact.clocks.iter().find(|set| set.slot == slot).map(|set| &set.clock)
}
