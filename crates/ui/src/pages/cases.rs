//! Finding cases: words, number, state, class, area, unit, source, time; as a list or on the map.

use crate::{
    Ui,
    failure::Failure,
    fields::Fields,
    frame::{Frame, encode, page},
    names,
    pages::inbox,
    paging,
    rows::{CaseLine, Choice},
    session::Staff,
    words::Words,
};
use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};
use gewu_app::{App, AppError, city::Snapshot};
use gewu_domain::{
    case::{Source, StateKind},
    ids::{AreaCode, ClassCode, RegionId, UnitCode},
    unit::Axis,
};
use gewu_store::cases::CaseFilter;
use jiff::{Timestamp, ToSpan, civil::Date};

const ROWS: u16 = 50;
/// Digits of one of our numbers: nobody else types so many in a row. Blanks between them are left out.
const NUMBER_DIGITS: usize = 19;

#[derive(Template)]
#[template(path = "cases.html")]
struct CasesPage {
    f: Frame,
    words: String,
    from: String,
    to: String,
    regions: Vec<Choice>,
    states: Vec<Choice>,
    sources: Vec<Choice>,
    units: Vec<Choice>,
    areas: Vec<(String, Vec<Choice>)>,
    classes: Vec<(String, Vec<Choice>)>,
    is_unplaced: bool,
    is_overdue: bool,
    is_filtered: bool,
    is_map: bool,
    other_view: String,
    lines: Vec<CaseLine>,
    /// Of the rows on this page, for the map: title, light, address and point of each.
    points: String,
    next: Option<String>,
    previous: Option<String>,
}

pub async fn show(
    State(ui): State<Ui>,
    staff: Staff,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let here = address(&pairs, &["after", "before", "view"]);
    let fields = Fields::of(pairs);
    let snapshot = ui.app.snapshot()?;
    let words = staff.visitor.words.clone();
    let typed = fields.text("words");
    let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    let is_ours = digits.len() >= NUMBER_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = if is_ours { digits.as_str() } else { typed.trim() };
    if !number.is_empty() {
        match ui.app.case_by_number(staff.caller(), number).await {
            Ok((region, id)) => return Ok(Redirect::to(&format!("/cases/{region}/{id}")).into_response()),
            Err(AppError::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let (region, regions) = inbox::region(&ui, &staff, fields.given("region"))?;
    let filter = filter(&fields, &words);
    let is_filtered = filter != CaseFilter::default();
    let wanted = paging::asked(&fields, &here, ROWS);
    let listing = ui.app.cases(staff.caller(), region, filter, &wanted).await?;
    let lines: Vec<CaseLine> = listing.rows.iter().map(|row| CaseLine::of(&snapshot, &words, region, row)).collect();
    let is_map = fields.text("view") == "map";
    let view = if is_map { "&view=map" } else { "" };
    let [next, previous] = paging::beside(&here, &format!("{here}{view}"), &listing);
    let shown = CasesPage {
        words: typed.to_owned(),
        from: fields.text("from").to_owned(),
        to: fields.text("to").to_owned(),
        regions: inbox::region_choices(&snapshot, &words, region, &regions),
        states: states(&snapshot, &words, fields.text("state")),
        sources: Source::ALL
            .into_iter()
            .map(|source| {
                Choice::new(source.code(), names::source(&words, source), source.code() == fields.text("source"))
            })
            .collect(),
        units: units(&snapshot, &words, region, fields.text("unit")),
        areas: areas(&snapshot, &words, region, fields.text("area")),
        classes: super::report::classes(&snapshot, &words, fields.text("class")),
        is_unplaced: fields.is_ticked("unplaced"),
        is_overdue: fields.is_ticked("overdue"),
        is_filtered,
        is_map,
        other_view: if is_map { here.clone() } else { format!("{here}&view=map") },
        points: points(&lines),
        lines,
        next,
        previous,
        f: Frame::of(&ui, staff.visitor, "cases"),
    };
    Ok(page(&shown)?.into_response())
}

/// The page's own address without some of its parameters.
fn address(pairs: &[(String, String)], without: &[&str]) -> String {
    let kept = pairs.iter().filter(|(name, value)| !without.contains(&name.as_str()) && !value.is_empty());
    let query: Vec<String> = kept.map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    format!("/cases?{}", query.join("&"))
}

fn filter(fields: &Fields, words: &Words) -> CaseFilter {
    let is_overdue = fields.is_ticked("overdue");
    let states = match fields.text("state") {
        "" => Vec::new(),
        "open" => App::open_states(),
        code => StateKind::from_code(code).into_iter().collect(),
    };
    CaseFilter {
        states,
        area: fields.given("area").map(AreaCode::from),
        class: fields.given("class").map(ClassCode::from),
        source: fields.given("source").and_then(Source::from_code),
        unit: fields.given("unit").map(UnitCode::from),
        from: fields.given("from").and_then(|day| start_of(day, words, 0)),
        to: fields.given("to").and_then(|day| start_of(day, words, 1)),
        due_before: is_overdue.then_some(words.now),
        is_placed: fields.is_ticked("unplaced").then_some(false),
        terms: gewu_text::query_terms(fields.text("words")),
        ..CaseFilter::default()
    }
}

/// The first instant of a day, or of one some days later.
fn start_of(day: &str, words: &Words, later: i32) -> Option<Timestamp> {
    let day: Date = day.parse().ok()?;
    let day = day.checked_add(later.days()).ok()?;
    day.to_zoned(words.zone.clone()).ok().map(|start| start.timestamp())
}

fn states(snapshot: &Snapshot, words: &Words, chosen: &str) -> Vec<Choice> {
    let open = Choice::new("open", words.t("state-open"), chosen == "open");
    let each = StateKind::ALL
        .iter()
        .map(|state| Choice::new(state.code(), names::state(snapshot, words, *state), state.code() == chosen));
    std::iter::once(open).chain(each).collect()
}

/// Units that handle cases in a region.
pub fn units(snapshot: &Snapshot, words: &Words, region: RegionId, chosen: &str) -> Vec<Choice> {
    let is_near = |area: &AreaCode| {
        snapshot.city.areas.get(area).is_some_and(|area| area.region == region || area.parent.is_none())
    };
    let units = snapshot.city.units.all().filter(|unit| unit.axis == Axis::Handling && is_near(&unit.area));
    units
        .map(|unit| {
            let name = words.name(&unit.name_zh, unit.name_en.as_deref());
            Choice::new(&unit.code, name, unit.code.as_str() == chosen)
        })
        .collect()
}

/// Streets of a region with their communities; the street itself comes first.
fn areas(snapshot: &Snapshot, words: &Words, region: RegionId, chosen: &str) -> Vec<(String, Vec<Choice>)> {
    let areas = &snapshot.city.areas;
    let street = areas.level(gewu_domain::area::STREET);
    let is_street = |area: &&gewu_domain::area::Area| area.region == region && Some(area.level) == street;
    let choice =
        |area: &gewu_domain::area::Area, name: String| Choice::new(&area.code, name, area.code.as_str() == chosen);
    let today = words.now.to_zoned(words.zone.clone()).date();
    areas
        .current_on(today)
        .filter(is_street)
        .map(|street| {
            let name = names::area_name(words, street).to_owned();
            let whole = choice(street, words.t1("area-whole", "area", &name));
            let below = areas.children(&street.code).iter().filter_map(|code| areas.get(code));
            let below = below.map(|area| choice(area, names::area_name(words, area).to_owned()));
            (name, std::iter::once(whole).chain(below).collect())
        })
        .collect()
}

fn points(lines: &[CaseLine]) -> String {
    let points: Vec<_> = lines
        .iter()
        .filter_map(|line| {
            let (lon, lat) = line.point?;
            Some(serde_json::json!({
                "lon": lon, "lat": lat, "title": line.title, "light": line.light.kind, "href": line.href,
            }))
        })
        .collect();
    serde_json::Value::from(points).to_string()
}
