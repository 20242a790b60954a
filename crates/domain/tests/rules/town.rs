//! A town small enough to read: one county, two streets, three grids, two people at each desk.

use gewu_domain::{
    area::Areas,
    calendar::{Calendar, Calendars},
    case::{Case, CheckKind, ClassRef, Command, Context, Draw, Fact, Part, Place, Report, Source, State, StateKind},
    catalogue::{Catalogue, Catalogues},
    city::City,
    ids::{AreaCode, CaseId, ClassCode, Digest, PersonId, PostId, ReasonCode, RegionId, UnitCode},
    people::{Actor, Role},
    policy::Policy,
    unit::{UnitKinds, Units},
};
use jiff::Timestamp;
use std::sync::Arc;
use uuid::Uuid;

pub const KINDS: &str = "code,zh,en,role,axis,backstop\n\
    sanitation,环卫,Sanitation,trade,,\n\
    subdistrict_office,街道办,Street office,territory,,yes\n\
    grid_station,网格站,Grid station,centre,supervision,\n\
    supervision_centre,监督中心,Supervision centre,centre,supervision,\n\
    command_centre,指挥中心,Command centre,centre,command,\n";
const AREAS: &str = "#version,1\n#scheme,free\ncode,name_zh,name_en,level,parent,grid_kind,valid_from,region\n\
    c,泉城,Spring City,city,,,2024-01-01,370100\n\
    d,历下,,county,c,,2024-01-01,370102\n\
    s1,解放路,,street,d,,2024-01-01,\n\
    s2,大明湖,,street,d,,2024-01-01,\n\
    k1,青年,,community,s1,,2024-01-01,\n\
    k2,湖滨,,community,s2,,2024-01-01,\n\
    g1,一,,grid,k1,general,2024-01-01,\n\
    g2,二,,grid,k1,general,2024-01-01,\n\
    g3,三,,grid,k2,general,2024-01-01,\n";
const UNITS: &str = "#version,1\ncode,name_zh,kind,parent,area,closed\n\
    clean,环卫局,sanitation,,d,\n\
    office-1,解放路街道办,subdistrict_office,,s1,\n\
    office-2,大明湖街道办,subdistrict_office,,s2,\n\
    station-1,青年网格站,grid_station,,s1,\n\
    station-2,湖滨网格站,grid_station,,s2,\n\
    supervise,区监督中心,supervision_centre,,d,\n\
    supervise-city,市监督中心,supervision_centre,,c,\n\
    command,区指挥中心,command_centre,,d,\n\
    command-city,市指挥中心,command_centre,,c,\n\
    clean-old,旧环卫所,sanitation,,d,yes\n\
    station-old,旧网格站,grid_station,,s1,yes\n";
pub const CATALOGUE: &str = "#scheme,gbt30428\n#version,1\n#title,测试,Test\n\
    code,major_zh,major_en,name_zh,name_en,responsible,condition,defect,filing_zh,filing_en,limit,limit_a,limit_b,limit_c,closing_zh,closing_en,source\n\
    event-01-01,市容,Appearance,暴露垃圾,Waste,sanitation,1,waste,有垃圾,waste,4wh,,,,清掉;冲洗,cleared;washed,S\n";

pub fn policy() -> Policy {
    Policy::parse("default.toml", include_str!("../../../../data/policy/default.toml")).expect("the shipped policy")
}

pub fn city(policy: Policy) -> City {
    let kinds = UnitKinds::parse("kinds.csv", KINDS).unwrap();
    let areas = Areas::parse("areas.csv", AREAS).unwrap();
    let units = Units::parse("units.csv", UNITS, &areas, &kinds).unwrap();
    let mut catalogues = Catalogues::default();
    catalogues.insert(Catalogue::parse("catalogue.csv", CATALOGUE, &kinds).unwrap());
    let mut calendars = Calendars::default();
    calendars.publish(Calendar::parse("cn.toml", include_str!("../../../../data/calendars/cn.toml")).unwrap()).unwrap();
    City::new(Arc::new(areas), Arc::new(units), Arc::new(catalogues), Arc::new(calendars), Arc::new(policy)).unwrap()
}

pub fn post(person: u128, role: Role, unit: &str, area: &str) -> Actor {
    Actor::Post {
        person: PersonId(Uuid::from_u128(person)),
        post: PostId(Uuid::from_u128(person * 10 + role as u128)),
        role,
        unit: UnitCode::from(unit),
        area: AreaCode::from(area),
    }
}

/// Two people at each desk there is, the reporter and the timer.
pub fn actors() -> Vec<Actor> {
    let mut actors = vec![Actor::Reporter, Actor::System];
    for (no, (role, unit, area)) in (1_u128..).zip([
        (Role::Collector, "station-1", "s1"),
        (Role::Acceptor, "supervise", "d"),
        (Role::DutyChief, "supervise", "d"),
        (Role::Dispatcher, "command", "d"),
        (Role::Handler, "clean", "d"),
        (Role::Handler, "office-1", "s1"),
        (Role::Supervisor, "supervise", "d"),
    ]) {
        actors.push(post(no * 2, role, unit, area));
        actors.push(post(no * 2 + 1, role, unit, area));
    }
    // Somebody who holds a post on either axis, and in a unit: what one person may not do to the same case.
    actors.push(post(100, Role::DutyChief, "supervise", "d"));
    actors.push(post(100, Role::Dispatcher, "command", "d"));
    actors.push(post(100, Role::Handler, "clean", "d"));
    actors.push(post(100, Role::Acceptor, "supervise", "d"));
    actors
}

pub fn person_of(actors: &[Actor], role: Role, nth: usize) -> &Actor {
    actors.iter().filter(|actor| actor.role() == Some(role)).nth(nth).unwrap()
}

pub fn digest(no: u8) -> Digest {
    Digest([no; 32])
}

pub fn place(city: &City, grid: &str) -> Place {
    Place {
        path: city.areas.path(&AreaCode::from(grid)),
        areas_version: 1,
        is_placed: true,
        point: None,
        part: None,
        address: None,
    }
}

pub fn report(city: &City, source: Source) -> Report {
    Report {
        id: CaseId(Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0042)),
        region: RegionId(370_102),
        number: "3701022026110200001".to_owned(),
        source,
        place: place(city, "g1"),
        class: None,
        text: Some(digest(1)),
        photos: vec![digest(2)],
        receipt: Some(digest(3)),
        is_answerable: true,
        is_confidential: false,
        is_urgent: false,
        is_fixed_on_spot: false,
    }
}

pub fn waste() -> ClassRef {
    ClassRef { scheme: "gbt30428".to_owned(), version: 1, code: ClassCode::from("event-01-01") }
}

pub fn file() -> Command {
    Command::File { class: waste(), condition: 1 }
}

pub fn dispatch(units: &[&str]) -> Command {
    let mut parts = units.iter().map(|unit| Part { unit: UnitCode::from(*unit), minutes: None });
    Command::Dispatch { lead: parts.next().unwrap(), assisting: parts.collect() }
}

pub fn handle(assignment: u8) -> Command {
    Command::Handle { assignment, note: None, photos: vec![digest(9)] }
}

pub fn check(passed: bool) -> Command {
    let reason = (!passed).then(|| ReasonCode::from("not_done"));
    Command::Check { passed, reason, note: None, photos: Vec::new() }
}

pub fn close() -> Command {
    Command::Close { ticks: [0, 1].into(), reply: None }
}

/// Within 91 of a hundred, and not within 90.
pub const DRAW: Draw = Draw(u64::MAX / 1_000 * 905);

/// A case under way, with its city, its clock and all its facts.
pub struct Walk {
    pub city: City,
    pub case: Case,
    pub facts: Vec<Fact>,
    pub now: Timestamp,
}

impl Walk {
    pub fn begin(city: City, source: Source, actor: &Actor) -> Walk {
        let now: Timestamp = "2026-11-02T01:00:00Z".parse().unwrap();
        let report = report(&city, source);
        let (case, facts) = Case::open(report, &Context { at: now, actor, city: &city }).unwrap();
        Walk { city, case, facts, now }
    }

    pub fn wait_min(&mut self, minutes: i64) {
        self.now = self.now.checked_add(jiff::SignedDuration::from_mins(minutes)).unwrap();
    }

    pub fn step(&mut self, actor: &Actor, command: Command) -> Result<(), gewu_domain::case::Refused> {
        self.wait_min(1);
        let facts = self.case.decide(command, DRAW, &Context { at: self.now, actor, city: &self.city })?;
        for fact in facts {
            self.case.apply(&fact);
            self.facts.push(fact);
        }
        Ok(())
    }
}

/// One person at each desk, two where a second is needed.
pub struct Cast {
    pub collector: Actor,
    pub acceptor: Actor,
    pub chief: Actor,
    pub chief_2: Actor,
    pub dispatcher: Actor,
    pub dispatcher_2: Actor,
    pub cleaner: Actor,
    pub office: Actor,
}

pub fn cast() -> Cast {
    let actors = actors();
    let one = |role, nth| person_of(&actors, role, nth).clone();
    Cast {
        collector: one(Role::Collector, 0),
        acceptor: one(Role::Acceptor, 0),
        chief: one(Role::DutyChief, 0),
        chief_2: one(Role::DutyChief, 1),
        dispatcher: one(Role::Dispatcher, 0),
        dispatcher_2: one(Role::Dispatcher, 1),
        cleaner: one(Role::Handler, 0),
        office: one(Role::Handler, 2),
    }
}

pub fn walk_with(policy: Policy) -> (Walk, Cast) {
    (Walk::begin(city(policy), Source::Resident, &Actor::Reporter), cast())
}

pub fn to_handling(policy: Policy) -> (Walk, Cast) {
    let (mut walk, cast) = walk_with(policy);
    walk.step(&cast.acceptor, Command::Submit).unwrap();
    walk.step(&cast.chief, file()).unwrap();
    walk.step(&cast.dispatcher, dispatch(&["clean"])).unwrap();
    walk.step(&cast.cleaner, Command::Accept { assignment: 1 }).unwrap();
    (walk, cast)
}

/// Being handled by the cleaners, with an office that assists.
pub fn with_two_parts(policy: Policy) -> (Walk, Cast) {
    let (mut walk, cast) = walk_with(policy);
    walk.step(&cast.acceptor, Command::Submit).unwrap();
    walk.step(&cast.chief, file()).unwrap();
    walk.step(&cast.dispatcher, dispatch(&["clean", "office-1"])).unwrap();
    walk.step(&cast.cleaner, Command::Accept { assignment: 1 }).unwrap();
    walk.step(&cast.office, Command::Accept { assignment: 2 }).unwrap();
    (walk, cast)
}

pub fn to_closed(policy: Policy) -> (Walk, Cast) {
    let (mut walk, cast) = to_handling(policy);
    walk.step(&cast.cleaner, handle(1)).unwrap();
    let checker = if walk.case.state.kind() == StateKind::Checking
        && matches!(walk.case.state, State::Checking { check: CheckKind::Field, .. })
    {
        &cast.collector
    } else {
        &cast.acceptor
    };
    walk.step(checker, check(true)).unwrap();
    walk.step(&cast.chief, close()).unwrap();
    (walk, cast)
}
