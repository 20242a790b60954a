//! Made-up rows for the contract: repeatable by seed, and covering what a real city seldom does on one day.

use crate::{
    Change, Changes,
    attachments::AttachmentRow,
    cases::{CaseRow, CaseWrite, EXCERPT_CHARS},
    contacts::{ContactRow, LookRow},
    counters::Count,
    idempotency::Answer,
    outbox::OutboxRow,
    texts::{Giver, TextRow},
};
use gewu_domain::{
    calendar::CalendarRef,
    case::{
        Assignment, AssignmentState, Case, CheckKind, ClassRef, Closing, Deed, Desk, Entry, Fact, Place, Report,
        Source, State, Task, TaskKind,
    },
    ids::{AreaCode, CaseId, ClassCode, Digest, PersonId, PostId, ReasonCode, RegionId, UnitCode},
    people::{Actor, Role},
    record::{self, Sealed},
    sla::{Clock, Limit, Stage},
};
use jiff::{SignedDuration, Timestamp, civil::Date};
use uuid::{Builder, Uuid};

pub const HERE: RegionId = RegionId(110_101);
pub const THERE: RegionId = RegionId(110_102);

pub const UNITS: [&str; 5] = ["sanitation", "water", "lamps", "street-1", "station-1"];
pub const CLASSES: [&str; 4] = ["event-01-10", "event-02-03", "part-03-01", "part-03-02"];
/// Words as `gewu-text` makes them, and some it may come to make.
pub const TERMS: [&str; 9] = ["路灯", "垃圾", "井盖", "噪音", "lamp", "c3", "a-b", "Ünlü", "x\"y"];

/// Small and quick, and the same on every machine.
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.bits() % u64::try_from(end).unwrap()).unwrap()
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// Milliseconds after the first of March 2026.
pub fn at(ms: i64) -> Timestamp {
    "2026-03-01T00:00:00Z".parse::<Timestamp>().unwrap().checked_add(SignedDuration::from_millis(ms)).unwrap()
}

pub fn day(no: i8) -> Date {
    jiff::civil::date(2026, 3, no)
}

/// The id `app` would mint: its first 48 bits are the time.
pub fn case_id(at: Timestamp, no: u64) -> CaseId {
    let mut bytes = [0_u8; 10];
    bytes[2..].copy_from_slice(&no.to_be_bytes());
    CaseId(Builder::from_unix_timestamp_millis(u64::try_from(at.as_millisecond()).unwrap(), &bytes).into_uuid())
}

pub fn digest(no: u64) -> Digest {
    record::text_digest(&[7; 16], &no.to_string())
}

pub fn person(no: u128) -> PersonId {
    PersonId(Uuid::from_u128(no))
}

pub fn post(no: u128) -> PostId {
    PostId(Uuid::from_u128(no))
}

/// A case as it is when it has just been reported, with its first fact.
pub fn reported(region: RegionId, no: u64, at: Timestamp) -> (Case, Vec<Fact>) {
    let report = Report {
        id: case_id(at, no),
        region,
        number: format!("{region}-{no:06}"),
        source: Source::Resident,
        place: Place {
            path: path(region, no),
            areas_version: 1,
            is_placed: true,
            point: Some((116.4, 39.9)),
            part: None,
            address: None,
        },
        class: None,
        text: None,
        photos: Vec::new(),
        receipt: Some(digest(no)),
        is_answerable: true,
        is_confidential: false,
        is_urgent: false,
        is_fixed_on_spot: false,
    };
    let deed = Deed::Reported { report: Box::new(report), policy_version: 1, entry: Entry::Accept, is_public: false };
    let fact = Fact::new(at, Actor::Reporter, deed);
    (Case::begin(&fact).unwrap(), vec![fact])
}

/// The write that brings a case that has just been reported into the store.
pub fn first_write(case: Case, facts: &[Fact]) -> CaseWrite {
    let sealed = record::seal(case.region, case.id, 0, record::GENESIS, facts);
    CaseWrite {
        was: None,
        at: facts.iter().map(|fact| fact.at).collect(),
        recorded_at: facts.iter().map(Fact::recorded_at).collect(),
        head: sealed.last().unwrap().hash,
        facts: sealed,
        tasks: vec![task(Role::Acceptor, UNITS[0], TaskKind::Accept, Some(case.reported_at))],
        warn_at: None,
        terms: None,
        is_as_reported: false,
        case,
    }
}

/// A plain new case.
pub fn new_case(region: RegionId, no: u64, at: Timestamp) -> CaseWrite {
    let (case, facts) = reported(region, no, at);
    first_write(case, &facts)
}

/// The write that follows `before`, with one more fact of these bytes, seen at `at`.
pub fn next_write(before: &CaseWrite, body: &str, at: Timestamp, change: impl FnOnce(&mut Case)) -> CaseWrite {
    let mut case = before.case.clone();
    change(&mut case);
    case.version = before.case.version + 1;
    case.changed_at = at;
    let facts = seal_bodies(&case, before.case.version, before.head, &[body]);
    CaseWrite {
        was: Some(before.case.version),
        at: vec![at],
        recorded_at: vec![at],
        head: facts[0].hash,
        facts,
        tasks: before.tasks.clone(),
        warn_at: before.warn_at,
        terms: None,
        is_as_reported: false,
        case,
    }
}

/// Seals bytes as facts, whatever they say.
pub fn seal_bodies(case: &Case, mut seq: u32, mut previous: Digest, bodies: &[&str]) -> Vec<Sealed> {
    let mut facts = Vec::new();
    for body in bodies {
        let hash = record::hash(case.region, case.id, seq, previous, body.as_bytes());
        facts.push(Sealed { seq, body: (*body).to_owned(), hash });
        previous = hash;
        seq += 1;
    }
    facts
}

pub fn change(write: &CaseWrite) -> Change {
    Change::Case(Box::new(write.clone()))
}

pub fn task(role: Role, unit: &str, kind: TaskKind, due_at: Option<Timestamp>) -> Task {
    Task { desk: Desk { role, unit: UnitCode::from(unit) }, kind, assignment: None, due_at }
}

pub fn clock(at: Timestamp, due_at: Option<Timestamp>) -> Clock {
    Clock {
        stage: Stage::Handle,
        limit: Limit::working(240),
        calendar: CalendarRef { id: "cn".to_owned(), version: 1 },
        started_at: at,
        events: Vec::new(),
        stopped_at: None,
        due_at,
    }
}

pub fn text(case: CaseId, no: u64, body: &str, by: Giver, at: Timestamp) -> TextRow {
    let salt = *Uuid::from_u64_pair(no, no).as_bytes();
    TextRow { case, digest: record::text_digest(&salt, body), salt, body: body.to_owned(), by, written_at: at }
}

pub fn contact(case: CaseId, field: &str, sealed: &[u8], index: u64, ends_at: Timestamp) -> ContactRow {
    ContactRow {
        case,
        field: field.to_owned(),
        sealed: sealed.to_vec(),
        index: digest(index),
        purpose: "reply".to_owned(),
        basis: "consent".to_owned(),
        given_at: at(0),
        ends_at,
    }
}

pub fn look(case: CaseId, no: u128, at: Timestamp) -> LookRow {
    LookRow { case, at, person: person(no), post: post(no), field: "phone".to_owned(), reason: "call back".to_owned() }
}

pub fn photo(case: CaseId, no: u64, by: Giver, at: Timestamp) -> AttachmentRow {
    AttachmentRow {
        case,
        digest: digest(no),
        thumbnail: digest(no + 1_000_000),
        media_type: "image/jpeg".to_owned(),
        bytes: 123_456 + no,
        width: 1_600,
        height: 1_200,
        by,
        given_at: at,
    }
}

pub fn count(day: Date, measure: &str, area: Option<&str>, by: i64) -> Count {
    Count {
        day,
        measure: measure.to_owned(),
        area: area.map(AreaCode::from),
        class: Some(ClassCode::from(CLASSES[0])),
        unit: None,
        by,
    }
}

pub fn outbox(no: u128, at: Timestamp) -> OutboxRow {
    OutboxRow { id: no, case: None, topic: "case.changed".to_owned(), body: format!(r#"{{"no":{no}}}"#), at }
}

pub fn answer(key: &str, body: &str, at: Timestamp) -> Answer {
    Answer { key: key.to_owned(), request: digest(1), body: body.to_owned(), at }
}

/// City, county, street, community, grid; three streets of two communities of two grids.
fn path(region: RegionId, no: u64) -> Vec<AreaCode> {
    let street = format!("{region}00{}", no % 3);
    let community = format!("{street}00{}", no / 3 % 2);
    let grid = format!("{community}0{}", no / 6 % 2);
    vec![
        AreaCode::from("110000"),
        AreaCode::new(region.to_string()),
        AreaCode::new(street),
        AreaCode::new(community),
        AreaCode::new(grid),
    ]
}

/// A case with everything that was written beside it, so that a plain look can say what a filter should give.
#[derive(Debug, Clone)]
pub struct Sample {
    pub write: CaseWrite,
    pub text: Option<TextRow>,
    pub photo: Option<AttachmentRow>,
}

impl Sample {
    pub fn changes(&self) -> Changes {
        let mut changes = Changes::one(change(&self.write));
        self.text.iter().for_each(|text| changes.push(Change::Text(text.clone())));
        self.photo.iter().for_each(|photo| changes.push(Change::Attachment(photo.clone())));
        changes
    }

    pub fn row(&self) -> CaseRow {
        CaseRow {
            excerpt: self.text.as_ref().map(|text| text.body.chars().take(EXCERPT_CHARS).collect()),
            has_photo: self.photo.is_some(),
            ..CaseRow::of(&self.write)
        }
    }
}

/// Cases of one region in all states, sources, classes and places, newest last. Several share a millisecond.
pub fn cases(region: RegionId, count: u64, seed: u64) -> Vec<Sample> {
    let mut random = Random(seed);
    let mut ms = 0;
    (0..count)
        .map(|no| {
            if !random.one_in(4) {
                ms += i64::try_from(random.below(7_200_000)).unwrap();
            }
            one(region, no, at(ms), &mut random)
        })
        .collect()
}

fn one(region: RegionId, no: u64, reported_at: Timestamp, random: &mut Random) -> Sample {
    let (mut case, facts) = reported(region, no, reported_at);
    let later = |random: &mut Random| {
        at(reported_at.as_millisecond() - at(0).as_millisecond() + i64::try_from(random.below(900_000_000)).unwrap())
    };
    case.source = *random.pick(&Source::ALL);
    let until = later(random);
    case.state = state(random, until);
    case.is_urgent = random.one_in(5);
    if random.one_in(6) {
        case.place =
            Place { path: case.place.path[..random.below(3)].to_vec(), is_placed: false, point: None, ..case.place };
    } else {
        let lon = 116.3 + f64::from(u32::try_from(random.below(200_000)).unwrap()) / 1e6;
        let lat = 39.8 + f64::from(u32::try_from(random.below(200_000)).unwrap()) / 1e6;
        case.place.point = Some((lon, lat));
    }
    if !random.one_in(4) {
        case.class =
            Some(ClassRef { scheme: "city".to_owned(), version: 1, code: ClassCode::from(*random.pick(&CLASSES)) });
    }
    for no in 0..random.below(4) {
        let due_at = if random.one_in(3) { None } else { Some(later(random)) };
        case.assignments.push(Assignment {
            no: u8::try_from(no).unwrap(),
            unit: UnitCode::from(*random.pick(&UNITS)),
            is_lead: no == 0 || random.one_in(2),
            state: if random.one_in(2) { AssignmentState::Accepted } else { AssignmentState::Returned },
            clock: clock(reported_at, due_at),
            extensions: 0,
            suspensions: 0,
        });
    }
    case.changed_at = later(random);
    let text = (!random.one_in(4)).then(|| {
        let body = format!("第 {no} 件：路灯不亮，{}", "夜里看不见路。".repeat(random.below(30)));
        text(case.id, no, &body, Giver::Reporter, reported_at)
    });
    case.text = text.as_ref().map(|text| text.digest);
    let photo = random.one_in(3).then(|| photo(case.id, no, Giver::Reporter, reported_at));
    let mut write = first_write(case, &facts);
    write.at = vec![write.case.changed_at];
    let late_ms = if no.is_multiple_of(3) { 86_400_000 * i64::try_from(no % 7).unwrap() } else { 0 };
    write.recorded_at = vec![at(write.case.changed_at.as_millisecond() - at(0).as_millisecond() + late_ms)];
    write.warn_at = random.one_in(2).then(|| later(random));
    write.terms = (!random.one_in(5)).then(|| {
        let mut terms: Vec<String> = TERMS.iter().filter(|_| random.one_in(3)).map(|term| (*term).to_owned()).collect();
        terms.dedup();
        terms
    });
    write.tasks = (0..random.below(4))
        .map(|_| Task {
            desk: Desk {
                role: *random.pick(&[Role::Acceptor, Role::Handler]),
                unit: UnitCode::from(*random.pick(&UNITS[..2])),
            },
            kind: *random.pick(&TaskKind::ALL),
            assignment: random.one_in(2).then_some(1),
            due_at: (!random.one_in(4)).then(|| at(3_600_000 * i64::try_from(random.below(40)).unwrap())),
        })
        .collect();
    Sample { write, text, photo }
}

fn state(random: &mut Random, until: Timestamp) -> State {
    let reason = || ReasonCode::from("because");
    let states = [
        State::Reported,
        State::Verifying { unit: UnitCode::from("station-1") },
        State::AwaitingFiling,
        State::NotAccepted { reason: reason() },
        State::Void { reason: reason() },
        State::AwaitingDispatch,
        State::Dispatched,
        State::Returned { reason: reason() },
        State::Handling,
        State::Suspended { until, reason: reason(), in_rework: false },
        State::Handled,
        State::Checking { check: CheckKind::Desk, unit: None },
        State::Rework,
        State::AwaitingClose,
        State::Closed { how: Closing::Solved, confirm_until: Some(until) },
        State::Closed { how: Closing::Forced { reason: reason() }, confirm_until: None },
        State::Reopened,
    ];
    if random.one_in(3) { states[14].clone() } else { random.pick(&states).clone() }
}
