//! What Open311 calls what Gewu has: service ↔ class, request ↔ case, status ↔ state.

use super::tree::Tree;
use crate::{Web, api::photo_url, language::Language};
use gewu_app::{cases::feed::PublicCase, city::Snapshot};
use gewu_domain::{
    case::StateKind,
    catalogue::{Attribute, Catalogue, Class},
    city::City,
    ids::AreaCode,
};
use jiff::Timestamp;

/// The catalogue new reports are filed under.
pub fn catalogue(city: &City) -> Option<&Catalogue> {
    city.catalogues.current(&city.policy.scheme)
}

/// In the city's zone, to the second, with its offset.
pub fn time(at: Timestamp, city: &City) -> String {
    at.to_zoned(city.calendar.zone().clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

pub fn service(class: &Class, language: Language) -> Tree {
    let conditions: Vec<&str> =
        class.conditions.iter().map(|one| language.of(&one.filing_zh, &one.filing_en)).collect();
    // What the other language and the officials call it, so that a search finds it by any of its names.
    let mut keywords: Vec<&str> = Vec::new();
    for name in [&class.name_zh, &class.name_en, &class.plain_zh, &class.plain_en, &class.major_zh, &class.major_en] {
        if !name.is_empty() && !keywords.contains(&name.as_str()) && !name.contains(',') {
            keywords.push(name);
        }
    }
    Tree::record([
        ("service_code", Tree::text(class.code.as_str())),
        ("service_name", Tree::text(name(class, language))),
        ("description", Tree::text(conditions.join(language.of("；", "; ")))),
        ("metadata", Tree::Flag(!class.attributes.is_empty())),
        ("type", Tree::text("realtime")),
        ("keywords", Tree::text(keywords.join(", "))),
        ("group", Tree::text(language.of(&class.major_zh, &class.major_en))),
    ])
}

/// What a resident would call it; the official name where there is no other.
fn name(class: &Class, language: Language) -> &str {
    let (plain, official) =
        (language.of(&class.plain_zh, &class.plain_en), language.of(&class.name_zh, &class.name_en));
    if plain.is_empty() { official } else { plain }
}

pub fn definition(class: &Class, language: Language) -> Tree {
    let attributes = class.attributes.iter().zip(1_u64..).map(|(one, order)| attribute(one, order, language));
    Tree::record([
        ("service_code", Tree::text(class.code.as_str())),
        ("attributes", Tree::list("attribute", attributes)),
    ])
}

fn attribute(attribute: &Attribute, order: u64, language: Language) -> Tree {
    let mut fields = vec![
        ("variable", Tree::Flag(true)),
        ("code", Tree::text(&attribute.code)),
        ("datatype", Tree::text(attribute.datatype.name())),
        ("required", Tree::Flag(attribute.is_required)),
        ("datatype_description", Tree::Null),
        ("order", Tree::Whole(order)),
        ("description", Tree::text(language.of(&attribute.question_zh, &attribute.question_en))),
    ];
    if !attribute.values.is_empty() {
        let values = attribute.values.iter().map(|value| {
            Tree::record([("key", Tree::text(&value.key)), ("name", Tree::text(language.of(&value.zh, &value.en)))])
        });
        fields.push(("values", Tree::list("value", values)));
    }
    Tree::record(fields)
}

/// `open` or `closed`.
pub fn status(state: StateKind) -> &'static str {
    if state.is_open() { "open" } else { "closed" }
}

/// The states that are `open`, or those that are `closed`.
pub fn states(status: &str) -> Option<Vec<StateKind>> {
    let is_open = match status {
        "open" => true,
        "closed" => false,
        _ => return None,
    };
    Some(StateKind::ALL.iter().copied().filter(|state| state.is_open() == is_open).collect())
}

pub fn request(case: &PublicCase, snapshot: &Snapshot, web: &Web, language: Language) -> Tree {
    let city = &snapshot.city;
    let row = &case.row;
    let class = row.class.as_ref().zip(row.scheme.as_ref()).and_then(|(code, scheme)| {
        // A code keeps its meaning through the versions of a scheme, and the newest has its present name.
        city.catalogues.current(scheme)?.get(code)
    });
    let unit = row.unit.as_ref().and_then(|unit| city.units.get(unit));
    let agency = unit.map(|unit| language.of(&unit.name_zh, unit.name_en.as_deref().unwrap_or(&unit.name_zh)));
    let coordinate = |pick: fn((f64, f64)) -> f64| row.point.map_or(Tree::Null, |point| Tree::Number(pick(point)));
    let photo = case.photos.first();
    let media_url =
        photo.map(|photo| format!("{}{}", web.settings.public_url, photo_url(case.region, row.id, photo.digest)));
    Tree::record([
        ("service_request_id", Tree::text(&row.number)),
        ("status", Tree::text(status(row.state))),
        ("status_notes", Tree::text(notes(case, city, language))),
        ("service_name", Tree::maybe(class.map(|class| name(class, language)))),
        ("service_code", Tree::maybe(row.class.as_ref().map(|class| class.as_str()))),
        ("description", Tree::maybe(case.words.as_deref())),
        ("agency_responsible", Tree::maybe(agency)),
        ("service_notice", Tree::Null),
        ("requested_datetime", Tree::text(time(row.reported_at, city))),
        ("updated_datetime", Tree::text(time(row.changed_at, city))),
        ("expected_datetime", Tree::maybe(case.expected_at.map(|at| time(at, city)))),
        ("address", Tree::maybe(address(case, snapshot, language))),
        ("address_id", Tree::maybe(row.path.last().map(AreaCode::as_str))),
        ("zipcode", Tree::Null),
        ("lat", coordinate(|(_, lat)| lat)),
        ("long", coordinate(|(lon, _)| lon)),
        ("media_url", Tree::maybe(media_url)),
    ])
}

/// What the city calls the state, and why it stands there.
fn notes(case: &PublicCase, city: &City, language: Language) -> String {
    let state = case.row.state;
    let label = city.policy.labels.get(state.code());
    let label = label.map_or(language.of(state.zh(), state.en()), |label| language.of(&label.zh, &label.en));
    match &case.reason {
        Some(reason) => {
            let (zh, en) = city.policy.reason_label(reason);
            format!("{label}{}{}", language.of("：", ": "), language.of(zh, en))
        }
        None => label.to_owned(),
    }
}

/// The reporter's words where they are public, else the areas: from most specific to most general.
fn address(case: &PublicCase, snapshot: &Snapshot, language: Language) -> Option<String> {
    if let Some(address) = &case.address {
        return Some(address.clone());
    }
    let areas = &snapshot.city.areas;
    let names: Vec<&str> = case
        .row
        .path
        .iter()
        .rev()
        .filter_map(|code| areas.get(code))
        .map(|area| language.of(&area.name_zh, area.name_en.as_deref().unwrap_or(&area.name_zh)))
        .collect();
    (!names.is_empty()).then(|| names.join(", "))
}
