//! What is owed next, and at which desk: the rows of an inbox.

use crate::{
    case::{AssignmentState, Case, CheckKind, State},
    city::City,
    ids::UnitCode,
    people::{Axis, Role},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where work waits: a role in a unit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Desk {
    pub role: Role,
    pub unit: UnitCode,
}

/// One thing somebody at a desk must do next about a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    pub desk: Desk,
    pub kind: TaskKind,
    /// The assignment it is about, for units and for answers to them.
    pub assignment: Option<u8>,
    /// `None` while the clock is paused.
    pub due_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    Accept,
    Verify,
    File,
    Dispatch,
    Take,
    Handle,
    Rework,
    Wait,
    SendToCheck,
    Check,
    Close,
    Answer,
}

impl TaskKind {
    pub const ALL: [TaskKind; 12] = [
        TaskKind::Accept,
        TaskKind::Verify,
        TaskKind::File,
        TaskKind::Dispatch,
        TaskKind::Take,
        TaskKind::Handle,
        TaskKind::Rework,
        TaskKind::Wait,
        TaskKind::SendToCheck,
        TaskKind::Check,
        TaskKind::Close,
        TaskKind::Answer,
    ];

    pub fn code(self) -> &'static str {
        match self {
            TaskKind::Accept => "accept",
            TaskKind::Verify => "verify",
            TaskKind::File => "file",
            TaskKind::Dispatch => "dispatch",
            TaskKind::Take => "take",
            TaskKind::Handle => "handle",
            TaskKind::Rework => "rework",
            TaskKind::Wait => "wait",
            TaskKind::SendToCheck => "send_to_check",
            TaskKind::Check => "check",
            TaskKind::Close => "close",
            TaskKind::Answer => "answer",
        }
    }

    pub fn from_code(code: &str) -> Option<TaskKind> {
        TaskKind::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

impl Case {
    /// Everything that is owed now, by desk. Empty when the case has ended.
    ///
    /// Work of the two centres goes to the centre of the case's level: the
    /// lowest that covers the place, or higher after an escalation.
    pub fn tasks(&self, city: &City) -> Vec<Task> {
        let due_at = self.due_at();
        let centre = |role: Role, kind: TaskKind| {
            let axis = if role == Role::Dispatcher { Axis::Command } else { Axis::Supervision };
            city.centre(axis, &self.place.path, self.level).map(|unit| Task {
                desk: Desk { role, unit },
                kind,
                assignment: None,
                due_at,
            })
        };
        let at = |role: Role, unit: &UnitCode, kind: TaskKind| {
            Some(Task { desk: Desk { role, unit: unit.clone() }, kind, assignment: None, due_at })
        };
        let one = match &self.state {
            State::Reported => centre(Role::Acceptor, TaskKind::Accept),
            State::Verifying { unit } => at(Role::Collector, unit, TaskKind::Verify),
            State::AwaitingFiling => centre(Role::DutyChief, TaskKind::File),
            State::AwaitingDispatch | State::Returned { .. } | State::Reopened => {
                centre(Role::Dispatcher, TaskKind::Dispatch)
            }
            State::Handled => centre(Role::Acceptor, TaskKind::SendToCheck),
            State::Checking { check: CheckKind::Field, unit: Some(unit) } => at(Role::Collector, unit, TaskKind::Check),
            State::Checking { .. } => centre(Role::Acceptor, TaskKind::Check),
            State::AwaitingClose => centre(Role::DutyChief, TaskKind::Close),
            State::Dispatched | State::Handling | State::Rework | State::Suspended { .. } => None,
            State::NotAccepted { .. } | State::Void { .. } | State::Closed { .. } => return Vec::new(),
        };
        let suspended = matches!(self.state, State::Suspended { .. });
        let units = self.round().filter_map(|assignment| {
            let kind = match assignment.state {
                _ if suspended && assignment.state.is_running() => TaskKind::Wait,
                AssignmentState::Offered => TaskKind::Take,
                AssignmentState::Accepted => TaskKind::Handle,
                AssignmentState::Rework => TaskKind::Rework,
                AssignmentState::Done | AssignmentState::Returned | AssignmentState::Withdrawn => return None,
            };
            Some(Task {
                desk: Desk { role: Role::Handler, unit: assignment.unit.clone() },
                kind,
                assignment: Some(assignment.no),
                due_at: assignment.clock.due_at,
            })
        });
        let answer = self.asked.as_ref().and_then(|asked| {
            let task = centre(city.policy.asking.decided_by, TaskKind::Answer)?;
            Some(Task { assignment: Some(asked.assignment), ..task })
        });
        one.into_iter().chain(units).chain(answer).collect()
    }
}
