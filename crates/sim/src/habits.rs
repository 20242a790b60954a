//! What the people of a made-up city do next with a case, and when: the same for a past of 90 days and for today.
//!
//! Decides nothing: it asks the rules of the house like anybody else, through the steps it proposes. Start at
//! [`Habits::next`].

use crate::{
    dice::Dice,
    photos::Album,
    staff::Staff,
    texts::{Language, Surroundings, Texts},
    town::Member,
};
use gewu_app::{
    cases::{PhotoName, act::Step},
    locate::Location,
};
use gewu_domain::{
    case::{Asking, Assignment, AssignmentState, Case, CheckKind, ClassRef, Closing, Command, Part, State},
    catalogue::Class,
    city::City,
    ids::{AreaCode, ClassCode, PersonId, ReasonCode, UnitCode},
    people::{Actor, Axis, Role},
    unit::propose::propose,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// What is really the matter: people find out, the record does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    pub class: ClassCode,
    /// The condition it would be filed under.
    pub condition: u8,
    /// There is something there.
    pub is_so: bool,
    /// Somebody has reported it before.
    pub is_repeat: bool,
    /// Where it is, for reports that do not say.
    pub area: AreaCode,
}

/// The next thing that happens.
#[derive(Debug, Clone)]
pub struct Next {
    pub at: Timestamp,
    pub by: By,
    pub step: Step,
}

/// Who does it.
#[derive(Debug, Clone)]
pub enum By {
    Staff(Box<Member>),
    Reporter,
    /// A timer of the house: nobody needs to do anything.
    Timer,
}

impl By {
    pub fn actor(&self) -> Actor {
        match self {
            By::Staff(member) => member.actor(),
            By::Reporter => Actor::Reporter,
            By::Timer => Actor::System,
        }
    }
}

/// What everybody knows.
pub struct Habits<'w> {
    pub seed: u64,
    pub staff: &'w Staff,
    pub texts: &'w Texts,
    pub album: &'w Album,
    /// By community.
    pub surroundings: &'w BTreeMap<AreaCode, Surroundings>,
    pub city: &'w City,
    pub pace: Pace,
}

/// How fast people work.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// What they take of the time that people are wont to take. Who will be late is not hurried.
    pub part: f64,
    /// How much of what comes by night or on a day off does not wait for the morning.
    pub on_call: f64,
}

impl Pace {
    pub const LIFELIKE: Pace = Pace { part: 1.0, on_call: 0.0 };
    /// For somebody who watches for a few minutes: a report is filed, dispatched and accepted within ten of them.
    pub const LIVELY: Pace = Pace { part: 0.2, on_call: 0.9 };
}

/// How long the desks of the centres take, in minutes: half of the time less.
const ACCEPT: f64 = 7.0;
const FILE: f64 = 9.0;
const DISPATCH: f64 = 8.0;
const CLOSE: f64 = 22.0;
const DESK_CHECK: f64 = 15.0;
const ANSWER: f64 = 45.0;
/// Collectors are on their rounds between these hours.
const ROUNDS: (i8, i8) = (7, 21);

impl Habits<'_> {
    /// What happens next with a case, as the people at its desks are wont; `None` when nothing is to come.
    ///
    /// The same case in the same version always gets the same answer.
    pub fn next(&self, case: &Case, truth: &Truth) -> Option<Next> {
        let mut dice = self.dice(case, u64::from(case.version));
        if !matches!(case.state, State::Closed { .. })
            && let Some(next) = self.answer(case, &mut dice)
        {
            return Some(next);
        }
        match &case.state {
            State::Reported => self.accept(case, truth, &mut dice),
            State::Verifying { unit } => self.verify(case, truth, unit, &mut dice),
            State::AwaitingFiling => self.file(case, truth, &mut dice),
            State::AwaitingDispatch | State::Returned { .. } | State::Reopened => self.dispatch(case, truth, &mut dice),
            State::Dispatched | State::Handling | State::Rework => self.handle(case, truth, &mut dice),
            State::Suspended { until, .. } => Some(Next { at: *until, by: By::Timer, step: plain(Command::Resume) }),
            State::Handled => {
                let by = self.centre(case, Role::Acceptor, &BTreeSet::new(), &mut dice)?;
                let step = plain(Command::SendToCheck { check: CheckKind::Desk, unit: None });
                Some(self.soon(case, by, step, DESK_CHECK, &mut dice))
            }
            State::Checking { check, unit } => self.check(case, truth, *check, unit.as_ref(), &mut dice),
            State::AwaitingClose => self.close(case, &mut dice),
            State::Closed { how, confirm_until } => self.rate(case, how, *confirm_until, &mut dice),
            State::NotAccepted { .. } | State::Void { .. } => None,
        }
    }

    fn accept(&self, case: &Case, truth: &Truth, dice: &mut Dice) -> Option<Next> {
        let by = self.centre(case, Role::Acceptor, &receiver(case), dice)?;
        if !case.place.is_placed {
            let location = Location { area: Some(truth.area.clone()), ..Location::default() };
            let step = Step { location: Some(location), ..plain(Command::Place { place: Default::default() }) };
            return Some(self.soon(case, by, step, 3.0 * ACCEPT, dice));
        }
        let collectors = self.city.collectors_for(&case.place.path);
        let step = match collectors {
            _ if self.can_rise(case) && dice.chance(0.02) => self.escalate(case, dice),
            Some(unit) if dice.chance(0.42) => plain(Command::SendToVerify { unit }),
            _ => plain(Command::Submit),
        };
        Some(self.soon(case, by, step, ACCEPT, dice))
    }

    fn verify(&self, case: &Case, truth: &Truth, unit: &UnitCode, dice: &mut Dice) -> Option<Next> {
        let by = self.staff.at(Role::Collector, unit, &BTreeSet::new(), dice)?;
        let words = self.say(case, if truth.is_so { "verified" } else { "unfounded" }, dice);
        let photos = if truth.is_so { self.picture(truth, false, dice) } else { Vec::new() };
        let command = Command::Verify { is_true: truth.is_so, note: None, photos: Vec::new() };
        let at = self.on_rounds(later(case.changed_at, self.pace.part * 35.0 * dice.skewed(0.6)), dice);
        Some(Next { at, by: staff(by), step: Step { note: words, photos, ..plain(command) } })
    }

    fn file(&self, case: &Case, truth: &Truth, dice: &mut Dice) -> Option<Next> {
        let mut apart = receiver(case);
        apart.extend(&case.hands.dispatched);
        let by = self.centre(case, Role::DutyChief, &apart, dice)?;
        let reason = |code: &str| ReasonCode::new(code);
        let first_time = case.assignments.is_empty();
        let step = match () {
            () if !case.place.is_placed => self.send_back("wrong_place"),
            () if first_time && truth.is_repeat && dice.chance(0.7) => self.refuse(case, "known", dice),
            () if first_time && truth.is_repeat => plain(Command::Void { reason: reason("repeated"), note: None }),
            () if first_time && !truth.is_so && dice.chance(0.85) => self.refuse(case, "not_found", dice),
            () if first_time && !truth.is_so => plain(Command::Void { reason: reason("gone"), note: None }),
            () if first_time && dice.chance(0.02) => {
                let code = ["below_condition", "not_ours", "unclear"];
                self.refuse(case, dice.pick(&code).copied().unwrap_or("unclear"), dice)
            }
            () if first_time && dice.chance(0.015) => self.send_back("incomplete"),
            () if self.can_rise(case) && dice.chance(0.01) => self.escalate(case, dice),
            () => plain(Command::File { class: self.class_ref(&truth.class)?, condition: truth.condition }),
        };
        Some(self.soon(case, by, step, FILE, dice))
    }

    fn dispatch(&self, case: &Case, truth: &Truth, dice: &mut Dice) -> Option<Next> {
        let mut apart = receiver(case);
        apart.extend(&case.hands.filed);
        let by = self.centre(case, Role::Dispatcher, &apart, dice)?;
        let class = self.class(&truth.class)?;
        let deepest = case.place.deepest()?;
        let proposed: Vec<UnitCode> =
            propose(&class.responsible, class.kind, deepest, &self.city.units, &self.city.areas)
                .into_iter()
                .map(|proposal| proposal.unit)
                .collect();
        let returned: BTreeSet<&UnitCode> = case
            .assignments
            .iter()
            .filter(|assignment| assignment.state == AssignmentState::Returned)
            .map(|assignment| &assignment.unit)
            .collect();
        let is_first = case.assignments.is_empty();
        // What was mended on the spot was never filed: reopened, it must be before anybody can be sent.
        if case.filed.is_none() || is_first && dice.chance(0.012) {
            return Some(self.soon(case, by, self.send_back("wrong_class"), DISPATCH, dice));
        }
        if is_first && self.can_rise(case) && dice.chance(0.02) {
            let step = self.escalate(case, dice);
            return Some(self.soon(case, by, step, DISPATCH, dice));
        }
        let right = proposed.iter().find(|unit| !returned.contains(unit));
        let lead = if is_first && dice.chance(0.07) {
            proposed.get(1).or(self.stranger(case, dice)).or(right)
        } else {
            right.or(proposed.first())
        }?;
        let assisting = proposed
            .iter()
            .find(|unit| *unit != lead && !returned.contains(unit))
            .filter(|_| is_first && dice.chance(0.05))
            .map(|unit| Part { unit: unit.clone(), minutes: None });
        let command = Command::Dispatch {
            lead: Part { unit: lead.clone(), minutes: None },
            assisting: assisting.into_iter().collect(),
        };
        Some(self.soon(case, by, plain(command), DISPATCH, dice))
    }

    /// A unit of the region that has nothing to do with it.
    fn stranger(&self, case: &Case, dice: &mut Dice) -> Option<&UnitCode> {
        let units: Vec<&UnitCode> = self
            .city
            .units
            .all()
            .filter(|unit| unit.region == case.region && unit.axis == gewu_domain::unit::Axis::Handling)
            .filter(|unit| case.place.path.contains(&unit.area))
            .map(|unit| &unit.code)
            .collect();
        dice.pick(&units).copied()
    }

    fn handle(&self, case: &Case, truth: &Truth, dice: &mut Dice) -> Option<Next> {
        let waiting = case.round().filter(|assignment| assignment.state.is_running());
        waiting.filter_map(|assignment| self.part(case, truth, assignment, dice)).min_by_key(|next| next.at)
    }

    /// What a unit does next about its part.
    fn part(&self, case: &Case, truth: &Truth, part: &Assignment, dice: &mut Dice) -> Option<Next> {
        let by = self.staff.at(Role::Handler, &part.unit, &case.hands.judged, dice)?;
        let urgent = part.clock.limit.kind == gewu_domain::sla::ClockKind::Continuous;
        let now = case.changed_at;
        if part.state == AssignmentState::Offered {
            let step = match self.is_theirs(case, truth, part, dice) {
                true => plain(Command::Accept { assignment: part.no }),
                false => {
                    let reason = dice.pick(&["not_our_duty", "not_our_area", "other_owner"]).copied();
                    let reason = ReasonCode::new(reason.unwrap_or("not_our_duty"));
                    let note = self.say(case, "returned", dice);
                    Step { note, ..plain(Command::Return { assignment: part.no, reason, note: None }) }
                }
            };
            let minutes = self.pace.part * if urgent { 6.0 } else { 18.0 } * dice.skewed(0.8);
            return Some(Next { at: self.at_work(later(now, minutes), urgent, dice), by: staff(by), step });
        }
        let left = part.clock.due_at.map_or(240.0, |due| minutes_between(now, due));
        let usual = Dice::named(self.seed, part.unit.as_str()).skewed(0.18);
        let mut own = self.dice(case, 1_000 + u64::from(part.no) * 16 + u64::from(case.reworks));
        let needed = 0.5 * usual * own.skewed(0.45);
        let span = if left > 1.0 { left } else { 180.0 };
        let pace = if needed > 1.0 { 1.0 } else { self.pace.part };
        if needed > 1.0 && left > 1.0 {
            if case.urges == 0 && own.chance(0.35) {
                return self.urge(case, later(now, left + 60.0 + 240.0 * dice.unit()), dice);
            }
            if part.extensions == 0 && case.asked.is_none() && dice.chance(0.4) {
                let minutes = (part.clock.limit.minutes / 2).max(30);
                let reason = dice.pick(&["parts", "weather", "large_work"]).copied().unwrap_or("parts");
                return Some(self.ask(case, part, by, Asking::Extension { minutes }, reason, 0.6 * left, dice));
            }
        }
        let is_slow_work = truth.class.as_str().starts_with("part-04") || truth.class.as_str().contains("01-13");
        if part.is_lead && part.suspensions == 0 && case.asked.is_none() && is_slow_work && own.chance(0.07) {
            let days = i64::try_from(dice.between(15, 70)).unwrap_or(30);
            let until = later(now, 0.4 * left).checked_add(SignedDuration::from_hours(24 * days)).ok()?;
            let reason = dice.pick(&["season", "project"]).copied().unwrap_or("project");
            return Some(self.ask(case, part, by, Asking::Suspension { until }, reason, 0.4 * left, dice));
        }
        if left < -3.0 * 1_440.0 && dice.chance(0.15) {
            let chief = self.centre(case, Role::DutyChief, &case.hands.handled, dice)?;
            let reason = dice.pick(&["no_means", "owner_unknown", "legal_path"]).copied().unwrap_or("no_means");
            let note = self.say(case, "forced", dice);
            let command = Command::ForceClose { reason: ReasonCode::new(reason), note: None };
            return Some(self.soon(case, chief, Step { note, ..plain(command) }, 90.0, dice));
        }
        if dice.chance(0.03) {
            let note = self.say(case, "remark", dice);
            let at = self.at_work(later(now, pace * 0.3 * needed * span), urgent, dice);
            return Some(Next { at, by: staff(by), step: Step { note, ..plain(Command::Remark { text: None }) } });
        }
        let at = self.at_work(later(now, pace * (needed * span).max(12.0)), urgent, dice);
        let family = self.texts.family_of(&truth.class);
        let done = family.map(|family| family.said_of(&truth.class).done).unwrap_or_default();
        let note = self.texts.one_of(done, self.around(case), dice);
        let photos = self.picture(truth, true, dice);
        let command = Command::Handle { assignment: part.no, note: None, photos: Vec::new() };
        Some(Next { at, by: staff(by), step: Step { note, photos, ..plain(command) } })
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one sentence")]
    fn ask(
        &self,
        case: &Case,
        part: &Assignment,
        by: &Member,
        asking: Asking,
        reason: &str,
        minutes: f64,
        dice: &mut Dice,
    ) -> Next {
        let name = if matches!(asking, Asking::Extension { .. }) { "extension" } else { "suspension" };
        let note = self.say(case, name, dice);
        let command = Command::Ask { assignment: part.no, asking, reason: ReasonCode::new(reason), note: None };
        // Before the limit passes, whatever the hour: afterwards nobody may ask.
        Next { at: later(case.changed_at, minutes), by: staff(by), step: Step { note, ..plain(command) } }
    }

    /// Does the unit take it? Strangers hand it back; now and then somebody does whose duty it is.
    fn is_theirs(&self, case: &Case, truth: &Truth, part: &Assignment, dice: &mut Dice) -> bool {
        let Some((class, deepest)) = self.class(&truth.class).zip(case.place.deepest()) else { return true };
        let proposed = propose(&class.responsible, class.kind, deepest, &self.city.units, &self.city.areas);
        let place = proposed.iter().position(|proposal| proposal.unit == part.unit);
        let policy = &self.city.policy.backstop;
        let is_last = policy.after_returns > 0 && case.returns >= policy.after_returns;
        match place {
            _ if is_last || !part.is_lead => true,
            Some(0) => !dice.chance(0.015),
            Some(_) if case.returns > 0 => true,
            Some(_) => dice.chance(0.3),
            None => dice.chance(0.05),
        }
    }

    fn urge(&self, case: &Case, at: Timestamp, dice: &mut Dice) -> Option<Next> {
        let note = self.say(case, "urged", dice);
        let step = Step { note, ..plain(Command::Urge { note: None }) };
        if case.is_answerable && dice.chance(0.5) {
            return Some(Next { at, by: By::Reporter, step });
        }
        let by = self.centre(case, Role::Supervisor, &BTreeSet::new(), dice)?;
        Some(Next { at: self.at_work(at, false, dice), by: staff(by), step })
    }

    /// Somebody asked for time: it is granted, as a rule.
    fn answer(&self, case: &Case, dice: &mut Dice) -> Option<Next> {
        let asked = case.asked.as_ref()?;
        let apart: BTreeSet<PersonId> = asked.by.into_iter().collect();
        let by = self.centre(case, self.city.policy.asking.decided_by, &apart, dice)?;
        let granted = dice.chance(0.85);
        let note = self.say(case, if granted { "granted" } else { "denied" }, dice);
        let step = Step { note, ..plain(Command::Answer { granted, note: None }) };
        Some(self.soon(case, by, step, ANSWER, dice))
    }

    fn check(
        &self,
        case: &Case,
        truth: &Truth,
        check: CheckKind,
        unit: Option<&UnitCode>,
        dice: &mut Dice,
    ) -> Option<Next> {
        let passed = dice.chance(if case.reworks > 0 { 0.97 } else { 0.93 });
        let reason = dice.pick(&["not_done", "partly_done", "photo_mismatch"]).copied().unwrap_or("partly_done");
        let note = self.say(case, if passed { "passed" } else { "failed" }, dice);
        let photos = match check {
            CheckKind::Field => self.picture(truth, passed, dice),
            CheckKind::Desk => Vec::new(),
        };
        let command = Command::Check {
            passed,
            reason: (!passed).then(|| ReasonCode::new(reason)),
            note: None,
            photos: Vec::new(),
        };
        let step = Step { note, photos, ..plain(command) };
        match (check, unit) {
            (CheckKind::Field, Some(unit)) => {
                let by = self.staff.at(Role::Collector, unit, &case.hands.handled, dice)?;
                let at = self.on_rounds(later(case.changed_at, self.pace.part * 50.0 * dice.skewed(0.7)), dice);
                Some(Next { at, by: staff(by), step })
            }
            _ => {
                let by = self.centre(case, Role::Acceptor, &case.hands.handled, dice)?;
                Some(self.soon(case, by, step, DESK_CHECK, dice))
            }
        }
    }

    fn close(&self, case: &Case, dice: &mut Dice) -> Option<Next> {
        let by = self.centre(case, Role::DutyChief, &case.hands.handled, dice)?;
        let conditions = case.closing_conditions(self.city).len();
        let ticks = (0..u8::try_from(conditions).unwrap_or(u8::MAX)).collect();
        let unit = case.lead().and_then(|lead| self.city.units.get(&lead.unit));
        let unit = match (unit, self.texts.language) {
            (Some(unit), Language::English) => unit.name_en.as_deref().unwrap_or(&unit.name_zh),
            (Some(unit), Language::Chinese) => unit.name_zh.as_str(),
            (None, _) => "网格员",
        };
        let reply =
            if case.is_answerable { self.say(case, "reply", dice).replace("{unit}", unit) } else { String::new() };
        Some(self.soon(case, by, Step { note: reply, ..plain(Command::Close { ticks, reply: None }) }, CLOSE, dice))
    }

    fn rate(&self, case: &Case, how: &Closing, until: Option<Timestamp>, dice: &mut Dice) -> Option<Next> {
        if case.rating.is_some() || !matches!(how, Closing::Solved) {
            return None;
        }
        let mut own = self.dice(case, 2_000 + u64::from(case.reopenings));
        if case.reopenings == 0 && own.chance(0.006) {
            let by = self.centre(case, Role::DutyChief, &BTreeSet::new(), dice)?;
            let step = plain(Command::Reopen { reason: ReasonCode::new("found_later"), note: None });
            return Some(self.soon(case, by, step, 2_880.0, dice));
        }
        let until = until.filter(|_| own.chance(0.34))?;
        let at = later(case.changed_at, self.pace.part * 480.0 * own.skewed(1.1));
        if at >= until {
            return None;
        }
        let (is_solved, stars, words) = match own.weighted([0.62, 0.24, 0.14]) {
            0 => (true, 5, "happy"),
            1 => (true, 4 - u8::from(own.chance(0.3)), "so_so"),
            _ => (false, 1 + u8::from(own.chance(0.4)), "unhappy"),
        };
        let note = self.say(case, words, dice);
        Some(Next {
            at,
            by: By::Reporter,
            step: Step { note, ..plain(Command::Rate { is_solved, stars, note: None }) },
        })
    }

    fn refuse(&self, case: &Case, code: &str, dice: &mut Dice) -> Step {
        let note = self.say(case, "refused", dice);
        Step { note, ..plain(Command::Refuse { reason: ReasonCode::new(code), note: None }) }
    }

    fn send_back(&self, code: &str) -> Step {
        plain(Command::SendBack { reason: ReasonCode::new(code), note: None })
    }

    fn escalate(&self, case: &Case, dice: &mut Dice) -> Step {
        let note = self.say(case, "escalated", dice);
        Step { note, ..plain(Command::Escalate { reason: ReasonCode::new("several_units"), note: None }) }
    }

    fn can_rise(&self, case: &Case) -> bool {
        case.level < self.city.top_level(&case.place.path)
    }

    fn class(&self, code: &ClassCode) -> Option<&Class> {
        self.city.catalogues.current(&self.city.policy.scheme)?.get(code)
    }

    fn class_ref(&self, code: &ClassCode) -> Option<ClassRef> {
        let scheme = &self.city.policy.scheme;
        let version = self.city.catalogues.current(scheme)?.version;
        Some(ClassRef { scheme: scheme.clone(), version, code: code.clone() })
    }

    /// Somebody at the centre that works on the case now.
    fn centre(&self, case: &Case, role: Role, apart: &BTreeSet<PersonId>, dice: &mut Dice) -> Option<&Member> {
        let axis = if role == Role::Dispatcher { Axis::Command } else { Axis::Supervision };
        let level = if role == Role::Supervisor { 0 } else { case.level };
        let unit = self.city.centre(axis, &case.place.path, level)?;
        self.staff.at(role, &unit, apart, dice)
    }

    /// A step at a centre, which is never closed but slower by night.
    fn soon(&self, case: &Case, by: &Member, step: Step, minutes: f64, dice: &mut Dice) -> Next {
        let hour = self.hour(case.changed_at);
        let slower = if (7..22).contains(&hour) { 1.0 } else { 3.0 };
        let minutes = self.pace.part * minutes * slower * dice.skewed(0.8);
        Next { at: later(case.changed_at, minutes), by: staff(by), step }
    }

    /// The time itself, or when the unit is back at work; what is urgent does not wait.
    fn at_work(&self, at: Timestamp, is_urgent: bool, dice: &mut Dice) -> Timestamp {
        if is_urgent || self.city.calendar.is_working(at) || self.is_on_call(dice) {
            return at;
        }
        later(self.city.calendar.next_working(at), 40.0 * dice.unit() + 2.0)
    }

    fn is_on_call(&self, dice: &mut Dice) -> bool {
        self.pace.on_call > 0.0 && dice.chance(self.pace.on_call)
    }

    fn on_rounds(&self, at: Timestamp, dice: &mut Dice) -> Timestamp {
        let local = at.to_zoned(self.city.calendar.zone().clone());
        let (from, to) = ROUNDS;
        if (from..to).contains(&local.hour()) || self.is_on_call(dice) {
            return at;
        }
        let hours = i64::from(if local.hour() < from { from - local.hour() } else { 24 + from - local.hour() });
        let minutes = hours * 60 - i64::from(local.minute());
        later(at.checked_add(SignedDuration::from_mins(minutes)).unwrap_or(at), 90.0 * dice.unit())
    }

    fn hour(&self, at: Timestamp) -> i8 {
        at.to_zoned(self.city.calendar.zone().clone()).hour()
    }

    fn around(&self, case: &Case) -> &Surroundings {
        case.place
            .path
            .iter()
            .rev()
            .find_map(|area| self.surroundings.get(area))
            .or_else(|| self.surroundings.values().next())
            .expect("a town has communities")
    }

    fn say(&self, case: &Case, name: &str, dice: &mut Dice) -> String {
        self.texts.common(name, self.around(case), dice)
    }

    fn picture(&self, truth: &Truth, is_mended: bool, dice: &mut Dice) -> Vec<PhotoName> {
        let Some(family) = self.texts.family_of(&truth.class) else { return Vec::new() };
        if is_mended { self.album.after(&family.photo, dice) } else { self.album.before(&family.photo, dice) }
    }

    fn dice(&self, case: &Case, key: u64) -> Dice {
        let id = case.id.0.as_u128();
        let half = |bits: u128| u64::try_from(bits & u128::from(u64::MAX)).unwrap_or(0);
        Dice::new(self.seed, &[half(id), half(id >> 64), key])
    }
}

fn plain(command: Command) -> Step {
    Step { command, note: String::new(), photos: Vec::new(), location: None, version: None }
}

fn staff(member: &Member) -> By {
    By::Staff(Box::new(member.clone()))
}

/// Who may not take the next forward step, because a return came back to them.
fn receiver(case: &Case) -> BTreeSet<PersonId> {
    case.hands.return_receiver.into_iter().collect()
}

/// So many minutes later, to the millisecond.
pub fn later(at: Timestamp, minutes: f64) -> Timestamp {
    let ms = (minutes.max(0.0) * 60_000.0) as i64;
    at.checked_add(SignedDuration::from_millis(ms)).unwrap_or(Timestamp::MAX)
}

fn minutes_between(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64() / 60.0
}
