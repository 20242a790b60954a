//! The areas of the city: the tree, one area with what lies in it, and what maps need to show them.

use crate::{
    Ui,
    failure::Failure,
    frame::{Frame, page},
    names,
    session::{Staff, Visitor},
    words::Words,
};
use askama::Template;
use axum::{
    Json,
    extract::{Query, State},
    http::header,
    response::{IntoResponse, Redirect, Response},
};
use gewu_app::{AppError, city::Snapshot, locate::Location};
use gewu_domain::{
    area::{Area, AreaClass, GridKind},
    ids::AreaCode,
};
use gewu_geo::shape::{Bbox, Shape};
use serde::Deserialize;

/// Levels whose names stand on the map: county, street, community. Grids are too many, and have numbers for names.
const LABEL_DEPTH_MOST: u8 = 3;

#[derive(Template)]
#[template(path = "areas.html")]
struct AreasPage {
    f: Frame,
    path: Vec<(String, String)>,
    name: String,
    code: String,
    level: String,
    kind: Option<String>,
    host: Option<String>,
    class: String,
    households: Option<u32>,
    population: Option<u32>,
    valid_from: String,
    valid_to: Option<String>,
    successors: Vec<(String, String)>,
    units: Vec<(String, String)>,
    child_level: String,
    children: Vec<Child>,
    has_kinds: bool,
    /// West, south, east, north.
    bounds: Option<String>,
    version: u32,
}

struct Child {
    href: String,
    name: String,
    code: String,
    kind: String,
    class: &'static str,
    below: usize,
    households: Option<u32>,
}

#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    area: String,
    lon: Option<f64>,
    lat: Option<f64>,
}

fn href(code: &AreaCode) -> String {
    format!("/areas?area={code}")
}

pub async fn show(State(ui): State<Ui>, staff: Staff, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let snapshot = ui.app.snapshot()?;
    if let (Some(lon), Some(lat)) = (asked.lon, asked.lat) {
        let place = ui.app.locate(&Location { point: Some((lon, lat)), ..Location::default() })?.place;
        let to = place.deepest().map_or_else(|| "/areas".to_owned(), href);
        return Ok(Redirect::to(&to).into_response());
    }
    let words = staff.visitor.words.clone();
    let areas = &snapshot.city.areas;
    let asked = AreaCode::new(asked.area);
    let area = match areas.get(&asked) {
        Some(area) => area,
        None if asked.as_str().is_empty() => areas.roots().next().ok_or(AppError::NotFound)?,
        None => return Err(AppError::NotFound.into()),
    };
    let named = |code: &AreaCode| (href(code), names::area(&snapshot, &words, code));
    let mut path: Vec<(String, String)> = areas.path(&area.code).iter().map(named).collect();
    path.pop();
    let today = words.now.to_zoned(words.zone.clone()).date();
    let children: Vec<&Area> = areas
        .children(&area.code)
        .iter()
        .filter_map(|code| areas.get(code))
        .filter(|area| area.is_valid_on(today))
        .collect();
    let level = |area: &Area| {
        areas.level_name(area).map_or_else(String::new, |level| words.of(&level.zh, &level.en).to_owned())
    };
    let units = snapshot.city.units.all().filter(|unit| unit.area == area.code).map(|unit| {
        let kind = snapshot.city.units.kinds.get(&unit.kind);
        let name = words.name(&unit.name_zh, unit.name_en.as_deref()).to_owned();
        (name, kind.map(|kind| words.of(&kind.zh, &kind.en).to_owned()).unwrap_or_default())
    });
    let view = AreasPage {
        path,
        name: names::area_name(&words, area).to_owned(),
        code: area.code.to_string(),
        level: level(area),
        kind: area.grid_kind.as_ref().map(|kind| grid_kind(&words, kind)),
        host: match &area.grid_kind {
            Some(GridKind::Dedicated { host }) => Some(names::unit(&snapshot, &words, host)),
            _ => None,
        },
        class: match areas.class_of(&area.code) {
            AreaClass::A => words.t("area-class-a"),
            AreaClass::B => words.t("area-class-b"),
            AreaClass::C => words.t("area-class-c"),
        },
        households: area.households,
        population: area.population,
        valid_from: words.long_day(area.valid_from),
        valid_to: area.valid_to.map(|last| words.long_day(last)),
        successors: area.successors.iter().map(named).collect(),
        units: units.collect(),
        child_level: children.first().map(|child| level(child)).unwrap_or_default(),
        has_kinds: children.iter().any(|child| child.grid_kind.is_some()),
        children: children.iter().map(|child| row(&snapshot, &words, child)).collect(),
        bounds: snapshot.shapes.get(&area.code).map(|shape| bounds(shape.bbox())),
        version: areas.version,
        f: Frame::of(&ui, staff.visitor, "areas"),
    };
    Ok(page(&view)?.into_response())
}

fn row(snapshot: &Snapshot, words: &Words, area: &Area) -> Child {
    let areas = &snapshot.city.areas;
    Child {
        href: href(&area.code),
        name: names::area_name(words, area).to_owned(),
        code: area.code.to_string(),
        kind: area.grid_kind.as_ref().map(|kind| grid_kind(words, kind)).unwrap_or_default(),
        class: areas.class_of(&area.code).name(),
        below: areas.children(&area.code).len(),
        households: area.households,
    }
}

fn grid_kind(words: &Words, kind: &GridKind) -> String {
    match kind {
        GridKind::General => words.t("grid-general"),
        GridKind::Dedicated { .. } => words.t("grid-dedicated"),
        GridKind::Micro => words.t("grid-micro"),
    }
}

fn bounds(bbox: Bbox) -> String {
    format!("{},{},{},{}", bbox.west, bbox.south, bbox.east, bbox.north)
}

/// The city's bounds and the names of its larger areas, each at a point inside it.
pub async fn map(State(ui): State<Ui>, visitor: Visitor) -> Result<Response, Failure> {
    let snapshot = ui.app.snapshot()?;
    let areas = &snapshot.city.areas;
    let mut labels = Vec::new();
    let mut bounds: Option<Bbox> = None;
    for (code, shape) in &snapshot.shapes {
        let Some(area) = areas.get(code) else { continue };
        let bbox = shape.bbox();
        bounds = Some(bounds.map_or(bbox, |bounds| bounds.union(bbox)));
        if (1..=LABEL_DEPTH_MOST).contains(&area.level) {
            labels.push(label(names::area_name(&visitor.words, area), area.level, shape));
        }
    }
    let bounds = bounds.map(|bbox| [bbox.west, bbox.south, bbox.east, bbox.north]);
    let body = serde_json::json!({
        "bounds": bounds,
        "labels": { "type": "FeatureCollection", "features": labels },
    });
    Ok(([(header::CACHE_CONTROL, "private, max-age=300")], Json(body)).into_response())
}

fn label(name: &str, depth: u8, shape: &Shape) -> serde_json::Value {
    let point = shape.point_on_surface();
    serde_json::json!({
        "type": "Feature",
        "geometry": { "type": "Point", "coordinates": [point.lon(), point.lat()] },
        "properties": { "name": name, "depth": depth },
    })
}
