//! Who may make which move: the one table of it, and the one function that asks it.
//!
//! Three questions in this order: does the actor's role make this move at all;
//! does the case lie in the actor's area; does the step wait at the actor's unit.

use crate::{
    area::Areas,
    case::{Case, CaseStep, Move, Refused, Rule},
    people::{Actor, Role},
    policy::Policy,
};

/// The roles that make a move. The reporter and Gewu itself are named by [`by_reporter`] and [`by_system`].
///
/// The two axes never meet in one row: filing, checking and closing belong to
/// supervision, dispatching to command, handling to the units.
pub fn roles(step: Move, policy: &Policy) -> &'static [Role] {
    match step {
        Move::SendToVerify | Move::Submit | Move::SendToCheck => &[Role::Acceptor],
        Move::Verify => &[Role::Collector],
        Move::File | Move::Refuse | Move::Void | Move::Close | Move::ForceClose => &[Role::DutyChief],
        Move::SendBack => &[Role::DutyChief, Role::Dispatcher],
        Move::Dispatch => &[Role::Dispatcher],
        Move::Accept | Move::Return | Move::Handle | Move::Ask => &[Role::Handler],
        Move::Check => &[Role::Collector, Role::Acceptor],
        Move::Reopen => &[Role::DutyChief],
        Move::Resume | Move::Answer => match policy.asking.decided_by {
            Role::DutyChief => &[Role::DutyChief],
            _ => &[Role::Dispatcher],
        },
        Move::Escalate => &[Role::Acceptor, Role::DutyChief, Role::Dispatcher],
        Move::Urge => &[Role::Supervisor, Role::DutyChief, Role::Acceptor],
        Move::Place | Move::Correct | Move::Show | Move::Withhold => &[Role::Acceptor, Role::DutyChief],
        Move::Rate => &[],
        Move::Remark => {
            &[Role::Collector, Role::Acceptor, Role::DutyChief, Role::Dispatcher, Role::Handler, Role::Supervisor]
        }
    }
}

/// What the holder of the receipt may do.
pub fn by_reporter(step: Move) -> bool {
    matches!(step, Move::Reopen | Move::Urge | Move::Rate)
}

/// What a timer may do.
pub fn by_system(step: Move) -> bool {
    matches!(step, Move::Resume | Move::Escalate)
}

/// May this actor make this move on this case, as far as role, area and unit say?
///
/// # Errors
/// [`Refused`] with [`Rule::Role`], [`Rule::Area`] or [`Rule::Unit`].
pub fn may(
    actor: &Actor,
    step: Move,
    case: &Case,
    target: CaseStep,
    areas: &Areas,
    policy: &Policy,
) -> Result<(), Refused> {
    let refuse = |rule| Err(Refused::new(rule, step, case));
    let (role, unit, area) = match actor {
        Actor::Post { role, unit, area, .. } => (*role, unit, area),
        Actor::Reporter if by_reporter(step) => return Ok(()),
        Actor::System if by_system(step) => return Ok(()),
        Actor::Reporter | Actor::System | Actor::Client { .. } => return refuse(Rule::Role),
    };
    if !roles(step, policy).contains(&role) {
        return refuse(Rule::Role);
    }
    if !sees(area, case, areas) {
        return refuse(Rule::Area);
    }
    match target.unit(case) {
        Some(asked) if asked != unit => refuse(Rule::Unit),
        _ => Ok(()),
    }
}

/// Is the case filed in this area or below it? A case in no grid is seen from its region and above.
pub fn sees(area: &crate::ids::AreaCode, case: &Case, areas: &Areas) -> bool {
    areas.is_whole(area) || case.place.path.contains(area)
}
