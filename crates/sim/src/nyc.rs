//! New York as it is: the boundaries, agencies, classes and requests under `data/`, and invented people at the desks.
//!
//! Nothing here is made up but the people. The requests go in by the same door as any city's export
//! (`gewu_app::import`).

use crate::{
    dice::Dice,
    texts::{Family, Texts},
    town::Member,
    world::{Real, World},
};
use gewu_app::{
    App, AppError, Caller,
    city::{Draft, Kind, Publishing},
    import::{ImportOptions, Imported, Told, mapping::Mapping},
};
use gewu_domain::{
    area::Areas,
    catalogue::Catalogue,
    ids::{AreaCode, ClassCode, PersonId, PostId, UnitCode},
    people::{Post, Role},
    unit::{Axis, UnitKinds, Units},
};
use gewu_geo::{geojson, shape::Shape, tessellate::merge};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::{collections::BTreeMap, sync::Arc};

/// What New York publishes.
pub const FILES: [(Kind, &str, &str); 7] = [
    (Kind::UnitKinds, "data/units/kinds.csv", include_str!("../../../data/units/kinds.csv")),
    (Kind::Areas, "data/areas/nyc.csv", include_str!("../../../data/areas/nyc.csv")),
    (Kind::Shapes, "data/real/nyc/tracts.geojson", include_str!("../../../data/real/nyc/tracts.geojson")),
    (Kind::Units, "data/units/nyc_agencies.csv", include_str!("../../../data/units/nyc_agencies.csv")),
    (Kind::Catalogue, "data/catalogue/nyc311.csv", include_str!("../../../data/catalogue/nyc311.csv")),
    (Kind::Calendar, "data/calendars/us-nyc.toml", include_str!("../../../data/calendars/us-nyc.toml")),
    (Kind::Policy, "data/policy/nyc.toml", include_str!("../../../data/policy/nyc.toml")),
];

const MAPPING: &str = include_str!("../../../data/real/nyc/mapping.toml");
const REQUESTS: &str = include_str!("../../../data/real/nyc/requests.csv");

/// When people began to work there, for a demonstration: before the first request.
const BEGAN_MS: u64 = 1_262_304_000_000;

const SURNAMES: [&str; 24] = [
    "Alvarez", "Baptiste", "Chen", "Diaz", "Edwards", "Fischer", "Gupta", "Hassan", "Ivanov", "Johnson", "Kowalski",
    "Liu", "Morales", "Nguyen", "Okafor", "Park", "Quinn", "Rossi", "Singh", "Torres", "Usman", "Vega", "Walsh",
    "Young",
];
const GIVEN: [&str; 24] = [
    "Ana", "Ben", "Carla", "David", "Elena", "Frank", "Grace", "Hugo", "Iris", "James", "Kim", "Leo", "Maria", "Noah",
    "Olga", "Paul", "Rosa", "Sam", "Tara", "Uma", "Victor", "Wendy", "Yusuf", "Zoe",
];

/// Desks somebody looking around can sit down at: unit, role, sign-in name.
const SHOWN: [(&str, Role, &str); 13] = [
    ("nyc311", Role::Acceptor, "acceptor"),
    ("nyc311", Role::DutyChief, "chief"),
    ("nyc-operations", Role::Dispatcher, "dispatcher"),
    ("nypd", Role::Handler, "nypd"),
    ("hpd", Role::Handler, "hpd"),
    ("dsny", Role::Handler, "dsny"),
    ("dot", Role::Handler, "dot"),
    ("dohmh", Role::Handler, "dohmh"),
    ("mn-office", Role::Handler, "manhattan"),
    ("nyc-inspection", Role::Supervisor, "supervisor"),
    ("nyc-inspection", Role::Assessor, "assessor"),
    ("nyc-inspection", Role::Administrator, "admin"),
    ("nyc-inspection", Role::Auditor, "auditor"),
];

/// The files, ready to be published together.
///
/// # Panics
/// Never: the shipped files are sound, as a test says.
pub fn drafts() -> Vec<Draft> {
    let draft = |(kind, file, text): &(Kind, &str, &str)| {
        let text = if *kind == Kind::Shapes { shapes(text) } else { (*text).to_owned() };
        Draft { kind: *kind, file: (*file).to_owned(), text, datum: None }
    };
    FILES.iter().map(draft).collect()
}

/// The shapes of the tracts, and of what they make up together: neighborhoods, boroughs and the city, which a map from
/// far above shows.
fn shapes(tracts: &str) -> String {
    let areas = Areas::parse("data/areas/nyc.csv", published(Kind::Areas)).expect("the shipped areas are sound");
    let tracts = geojson::read(tracts).expect("the shipped tracts are sound");
    let mut parts: BTreeMap<(u8, AreaCode), Vec<&Shape>> = BTreeMap::new();
    for tract in &tracts {
        let code = tract.properties.get("code").and_then(Value::as_str).unwrap_or_default();
        let path = areas.path(&AreaCode::from(code));
        let above = path.split_last().map_or(&[][..], |(_tract, above)| above);
        for above in above.iter().filter_map(|code| areas.get(code)) {
            parts.entry((above.level, above.code.clone())).or_default().push(&tract.shape);
        }
    }
    let whole = parts.iter().filter_map(|((_, code), parts)| {
        let properties = Map::from_iter([("code".to_owned(), Value::from(code.as_str()))]);
        Some(geojson::feature_to_json(None, properties, &merge(parts)?))
    });
    let tracts = tracts.iter().map(|tract| geojson::feature_to_json(None, tract.properties.clone(), &tract.shape));
    geojson::write(whole.chain(tracts))
}

fn published(kind: Kind) -> &'static str {
    FILES.iter().find(|(other, ..)| *other == kind).map_or("", |(.., text)| text)
}

/// Two people at every desk. Invented: nobody who works for New York is called so for that reason.
///
/// # Panics
/// Never: the shipped files are sound, as a test says.
pub fn people(seed: u64) -> Vec<Member> {
    let kinds = UnitKinds::parse("kinds.csv", published(Kind::UnitKinds)).expect("the shipped kinds are sound");
    let areas = Areas::parse("nyc.csv", published(Kind::Areas)).expect("the shipped areas are sound");
    let units =
        Units::parse("nyc_agencies.csv", published(Kind::Units), &areas, &kinds).expect("the agencies are sound");
    let mut dice = Dice::named(seed, "nyc people");
    let mut members = Vec::new();
    for unit in units.all() {
        let roles: &[Role] = match (unit.kind.as_str(), unit.axis) {
            ("supervision_centre", _) => &[Role::Acceptor, Role::DutyChief],
            (_, Axis::Command) => &[Role::Dispatcher],
            (_, Axis::Handling) => &[Role::Handler],
            (_, Axis::Oversight) => &[Role::Supervisor, Role::Assessor, Role::Administrator, Role::Auditor],
            (_, Axis::Supervision) => &[],
        };
        let is_city = areas.get(&unit.area).is_some_and(|area| area.parent.is_none());
        for (role, no) in roles.iter().flat_map(|role| [(*role, 0), (*role, 1)]) {
            let ms = BEGAN_MS + u64::try_from(members.len()).unwrap_or(0);
            let part = |list: &[&'static str], dice: &mut Dice| dice.pick(list).copied().unwrap_or_default();
            let shown = SHOWN.iter().find(|(code, shown, _)| *code == unit.code.as_str() && *shown == role);
            members.push(Member {
                name: format!("{} {}", part(&GIVEN, &mut dice), part(&SURNAMES, &mut dice)),
                post: Post {
                    id: PostId(dice.id(ms)),
                    person: PersonId(dice.id(ms)),
                    role,
                    unit: UnitCode::new(unit.code.as_str()),
                    region: (!is_city).then_some(unit.region),
                    area: AreaCode::new(unit.area.as_str()),
                    from: Timestamp::from_millisecond(i64::try_from(BEGAN_MS).unwrap_or(0)).unwrap_or_default(),
                    to: None,
                },
                unit_zh: unit.name_zh.clone(),
                unit_en: unit.name_en.clone().unwrap_or_else(|| unit.name_zh.clone()),
                login: shown.filter(|_| no == 0).map(|(.., login)| (*login).to_owned()),
            });
        }
    }
    let place = |member: &Member| {
        let is_shown =
            |(code, role, _): &(&str, Role, &str)| *code == member.post.unit.as_str() && *role == member.post.role;
        if member.login.is_some() { SHOWN.iter().position(is_shown).unwrap_or(SHOWN.len()) } else { SHOWN.len() }
    };
    members.sort_by_key(place);
    members
}

/// New York with its requests coming again, handled by the invented people.
///
/// # Errors
/// When it is not published.
pub fn world(app: Arc<App>, seed: u64, people: &[Member]) -> Result<World, AppError> {
    let snapshot = app.snapshot()?;
    let catalogue = snapshot.city.catalogues.current(&snapshot.city.policy.scheme);
    let classes = catalogue.map(Catalogue::classes).unwrap_or_default();
    let mut families: BTreeMap<ClassCode, Family> = BTreeMap::new();
    let mut requests = Vec::new();
    let mut reader = csv::Reader::from_reader(REQUESTS.as_bytes());
    for request in reader.deserialize::<Request>().filter_map(Result::ok) {
        let Some(class) = classes.iter().find(|class| class.name_en == request.kind) else { continue };
        let family = families.entry(class.code.clone()).or_insert_with(|| family(&request.kind, &class.code));
        // Brackets would be read as choices.
        if !request.resolution.is_empty() && !request.resolution.contains(['[', '{']) && family.done.len() < 20 {
            family.done.push(request.resolution);
        }
        if let (Some(lon), Some(lat)) = (request.lon, request.lat) {
            requests.push(Real {
                point: (lon, lat),
                class: class.code.clone(),
                words: format!("{}: {}", request.kind, request.descriptor),
                address: request.street,
            });
        }
    }
    World::real(app, seed, people, Texts::english(families.into_values().collect()), requests)
}

/// The columns of a request that are said again.
#[derive(Deserialize)]
struct Request {
    #[serde(rename = "Complaint Type")]
    kind: String,
    #[serde(rename = "Descriptor")]
    descriptor: String,
    #[serde(rename = "Street Name")]
    street: String,
    #[serde(rename = "Resolution Description")]
    resolution: String,
    #[serde(rename = "Longitude")]
    lon: Option<f64>,
    #[serde(rename = "Latitude")]
    lat: Option<f64>,
}

fn family(kind: &str, class: &ClassCode) -> Family {
    Family {
        name: kind.to_owned(),
        photo: String::new(),
        words: vec![kind.to_owned()],
        rain: 1.0,
        hours: [0, 24],
        classes: BTreeMap::from([(class.clone(), 1.0)]),
        say: Vec::new(),
        patrol: Vec::new(),
        call: Vec::new(),
        done: Vec::new(),
        own: BTreeMap::new(),
    }
}

/// Publishes New York, moves the people in under the password of all demonstrations and takes its requests in; what is there is left.
///
/// # Errors
/// When the store fails, or another city is published.
pub async fn settle(
    app: &App,
    people: &[Member],
    tell: &mut (dyn FnMut(Told<'_>) + Send),
) -> Result<Imported, AppError> {
    app.publish(&Caller::system(), None, drafts(), Publishing::default()).await?;
    match crate::town::move_in(app, people).await {
        Ok(()) | Err(AppError::Conflict) => {}
        Err(error) => return Err(error),
    }
    let mapping = Mapping::parse("data/real/nyc/mapping.toml", MAPPING).map_err(AppError::Faulty)?;
    let file = Box::new(REQUESTS.as_bytes());
    let imported = app.import_cases(&Caller::system(), file, &mapping, &ImportOptions::default(), tell).await?;
    app.store.upkeep().analyze().await?;
    Ok(imported)
}
