//! How an imported case came to where the row says it is: the steps between, by people called after the import.

use super::{Row, mapping::Stage};
use crate::{
    App, AppError,
    cases::{
        act::Step,
        history::History,
        report::{Contact, NewReport},
    },
};
use gewu_domain::{
    case::{Case, CheckKind, ClassRef, Command, Part, State},
    city::City,
    ids::{AreaCode, PersonId, PostId, UnitCode},
    people::{Actor, Axis, Post, Role},
    unit::propose::propose,
};
use gewu_store::people::PersonRow;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use uuid::Builder;

/// The roles of the loop, with what the people of an import are called.
const ROLES: [(Role, &str); 5] = [
    (Role::Collector, "导入（采集）"),
    (Role::Acceptor, "导入（受理）"),
    (Role::DutyChief, "导入（值班）"),
    (Role::Dispatcher, "导入（派遣）"),
    (Role::Handler, "导入（处置）"),
];

/// The people an import acts as. Nobody can sign in as them, and their posts end when the import begins.
pub(super) struct People {
    root: AreaCode,
    home: UnitCode,
    until: Timestamp,
}

impl People {
    pub(super) fn of(city: &City, until: Timestamp) -> People {
        let root = city.areas.roots().next().map_or_else(|| AreaCode::new(""), |area| area.code.clone());
        let home = city.units.all().next().map_or_else(|| UnitCode::new(""), |unit| unit.code.clone());
        People { root, home, until }
    }

    /// Their rows, each with the post in its home unit.
    pub(super) fn rows(&self) -> Vec<(PersonRow, Vec<Post>)> {
        let row = |(role, name): (Role, &str)| {
            let person =
                PersonRow { id: person(role), name: name.to_owned(), unit: self.home.clone(), is_active: false };
            let post = Post {
                id: post(role),
                person: person.id,
                role,
                unit: self.home.clone(),
                region: None,
                area: self.root.clone(),
                from: Timestamp::UNIX_EPOCH,
                to: Some(self.until),
            };
            (person, vec![post])
        };
        ROLES.into_iter().map(row).collect()
    }

    /// When the import began.
    pub(super) fn until(&self) -> Timestamp {
        self.until
    }

    /// Did somebody here do this, rather than an import or a timer?
    pub(super) fn are_not(&self, actor: &Actor) -> bool {
        match actor {
            Actor::Post { person: acted, .. } => ROLES.iter().all(|(role, _)| person(*role) != *acted),
            Actor::System => false,
            Actor::Reporter | Actor::Client { .. } => true,
        }
    }

    /// The duty chief of the import, who writes down what a newer export says.
    pub(super) fn chief(&self, city: &City, case: &Case) -> Actor {
        let centre = city.centre(Axis::Supervision, &case.place.path, case.level);
        self.actor(Role::DutyChief, &centre.unwrap_or_else(|| self.home.clone()))
    }

    fn actor(&self, role: Role, unit: &UnitCode) -> Actor {
        Actor::Post { person: person(role), post: post(role), role, unit: unit.clone(), area: self.root.clone() }
    }
}

fn person(role: Role) -> PersonId {
    PersonId(fixed("person", role))
}

fn post(role: Role) -> PostId {
    PostId(fixed("post", role))
}

/// The same id in every import.
fn fixed(what: &str, role: Role) -> uuid::Uuid {
    let hash = Sha256::digest(format!("gewu import {what} {}", role.code()));
    let mut bytes = [0_u8; 16];
    for (byte, hashed) in bytes.iter_mut().zip(hash) {
        *byte = hashed;
    }
    Builder::from_custom_bytes(bytes).into_uuid()
}

pub(super) fn new_report(row: &Row) -> NewReport {
    NewReport {
        source: row.source,
        location: row.location.clone(),
        class: row.class.clone(),
        words: row.words.clone(),
        photos: Vec::new(),
        contact: Contact::default(),
        is_confidential: false,
        is_urgent: false,
        is_fixed_on_spot: false,
    }
}

/// Takes a row through the loop as far as it says.
pub(super) fn tell<'a>(
    app: &'a App,
    city: &City,
    people: &People,
    row: &Row,
    new: &NewReport,
    number: &str,
) -> Result<History<'a>, AppError> {
    let mut history = app.history(&Actor::System, row.reported_at, |_| number.to_owned(), new)?.under(city.clone());
    go_on(&mut history, city, people, row, None)?;
    Ok(history)
}

/// Takes a case on through the loop as far as a row says, at the times that leads to, but none before `earliest`; gives
/// the time of the first step.
pub(super) fn go_on(
    history: &mut History<'_>,
    city: &City,
    people: &People,
    row: &Row,
    earliest: Option<Timestamp>,
) -> Result<Option<Timestamp>, AppError> {
    let mut first = None;
    // As many steps as the loop has, and some to spare: a policy may put verification and checks between.
    for _ in 0..16 {
        let Some((actor, step)) = next(city, people, row, &history.case) else { break };
        let at = when(row, &history.case, people.until);
        let at = earliest.map_or(at, |earliest| at.max(earliest));
        history.step(&actor, at, &step)?;
        first = first.or(Some(at));
    }
    tracing::trace!(line = row.line, state = history.case.state.kind().code(), "a row was told");
    Ok(first)
}

/// What happened next, unless the case is where the row says.
fn next(city: &City, people: &People, row: &Row, case: &Case) -> Option<(Actor, Step)> {
    let path = &case.place.path;
    let centre = |role: Role| {
        let axis = if role == Role::Dispatcher { Axis::Command } else { Axis::Supervision };
        let unit = city.centre(axis, path, case.level).unwrap_or_else(|| people.home.clone());
        people.actor(role, &unit)
    };
    let step =
        |command: Command| Step { command, note: String::new(), photos: Vec::new(), location: None, version: None };
    let lead = case.lead().map(|lead| (lead.no, lead.unit.clone()));
    match (&case.state, row.reached) {
        (State::Reported | State::Verifying { .. } | State::AwaitingFiling, Stage::Reported) => None,
        (State::Reported, _) => Some((centre(Role::Acceptor), step(Command::Submit))),
        (State::Verifying { unit }, _) => {
            let command = Command::Verify { is_true: true, note: None, photos: Vec::new() };
            Some((people.actor(Role::Collector, unit), step(command)))
        }
        (State::AwaitingFiling, _) => {
            let class = class(city, row)?;
            Some((centre(Role::DutyChief), step(Command::File { class, condition: condition(city, row) })))
        }
        (State::AwaitingDispatch | State::Reopened, Stage::Dispatched | Stage::Handling | Stage::Closed) => {
            let unit = row.unit.clone().or_else(|| proposed(city, row, case))?;
            let lead = Part { unit, minutes: None };
            Some((centre(Role::Dispatcher), step(Command::Dispatch { lead, assisting: Vec::new() })))
        }
        (State::Dispatched, Stage::Handling | Stage::Closed) => {
            let (assignment, unit) = lead?;
            Some((people.actor(Role::Handler, &unit), step(Command::Accept { assignment })))
        }
        (State::Handling | State::Rework, Stage::Closed) => {
            let (assignment, unit) = lead?;
            let command = Command::Handle { assignment, note: None, photos: Vec::new() };
            Some((people.actor(Role::Handler, &unit), step(command)))
        }
        (State::Handled, Stage::Closed) => {
            let command = Command::SendToCheck { check: CheckKind::Desk, unit: None };
            Some((centre(Role::Acceptor), step(command)))
        }
        (State::Checking { check, unit }, Stage::Closed) => {
            let command = Command::Check { passed: true, reason: None, note: None, photos: Vec::new() };
            let actor = match (check, unit) {
                (CheckKind::Field, Some(unit)) => people.actor(Role::Collector, unit),
                _ => centre(Role::Acceptor),
            };
            Some((actor, step(command)))
        }
        (State::AwaitingClose, Stage::Closed) => {
            let conditions = u8::try_from(case.closing_conditions(city).len()).unwrap_or(u8::MAX);
            let command = Command::Close { ticks: (0..conditions).collect(), reply: None };
            Some((centre(Role::DutyChief), Step { note: row.reply.clone(), ..step(command) }))
        }
        _ => None,
    }
}

pub(super) fn class(city: &City, row: &Row) -> Option<ClassRef> {
    let scheme = &city.policy.scheme;
    let version = city.catalogues.current(scheme)?.version;
    Some(ClassRef { scheme: scheme.clone(), version, code: row.class.clone()? })
}

/// The first condition of the class: an export does not say which.
fn condition(city: &City, row: &Row) -> u8 {
    let catalogue = city.catalogues.current(&city.policy.scheme);
    let class = catalogue.zip(row.class.as_ref()).and_then(|(catalogue, class)| catalogue.get(class));
    class.and_then(|class| class.conditions.first()).map_or(1, |condition| condition.no)
}

fn proposed(city: &City, row: &Row, case: &Case) -> Option<UnitCode> {
    let class = city.catalogues.current(&city.policy.scheme)?.get(row.class.as_ref()?)?;
    let proposed = propose(&class.responsible, class.kind, case.place.deepest()?, &city.units, &city.areas);
    proposed.into_iter().next().map(|proposal| proposal.unit)
}

/// When the next step was taken: reporting and closing as the row says, the steps between in proportion, most of the
/// time with the unit. Of a case that is still open, in the first hours.
fn when(row: &Row, case: &Case, now: Timestamp) -> Timestamp {
    let share = match case.state {
        State::Reported => 0.02,
        State::Verifying { .. } => 0.04,
        State::AwaitingFiling => 0.05,
        State::AwaitingDispatch => 0.07,
        State::Dispatched => 0.12,
        State::Handling | State::Rework => 0.85,
        State::Handled => 0.87,
        State::Checking { .. } => 0.95,
        _ => 1.0,
    };
    let first_day = SignedDuration::from_hours(24);
    let end = row.closed_at.or_else(|| row.reported_at.checked_add(first_day).ok()).unwrap_or(now).min(now);
    let ms = end.duration_since(row.reported_at).as_millis() as f64 * share;
    let at = row.reported_at.checked_add(SignedDuration::from_millis(ms as i64)).unwrap_or(end);
    at.max(case.changed_at)
}
