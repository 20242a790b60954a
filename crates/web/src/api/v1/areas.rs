//! Areas: the tree from the city down to the grid, shapes, and which area a place lies in.

use super::cases::{LocationBody, PointBody};
use crate::{
    Web,
    api::listing,
    extract::{Body, Path, Query},
    problem::{Document, INVALID, NOT_FOUND, Problem},
};
use axum::{
    Json,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use gewu_app::city::Snapshot;
use gewu_domain::{
    area::{Area, GridKind},
    ids::{AreaCode, UnitCode},
};
use gewu_store::Page;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn doors() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(tree))
        .routes(routes!(open))
        .routes(routes!(children))
        .routes(routes!(shape))
        .routes(routes!(locate))
}

/// An area. Population enters as totals only.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Area)]
pub struct AreaBody {
    #[schema(value_type = String)]
    code: AreaCode,
    name_zh: String,
    name_en: Option<String>,
    /// Code of its level, e.g. `street`.
    level: String,
    #[schema(value_type = Option<String>)]
    parent: Option<AreaCode>,
    #[schema(example = "370102")]
    region: String,
    /// `general`, `dedicated` or `micro`, for grids.
    grid_kind: Option<&'static str>,
    /// The organisation that answers for a dedicated grid.
    #[schema(value_type = Option<String>)]
    host: Option<UnitCode>,
    /// The management grade that holds here: `A`, `B` or `C`; picks the limit.
    class: &'static str,
    #[schema(value_type = String, format = Date)]
    valid_from: Date,
    #[schema(value_type = Option<String>, format = Date)]
    valid_to: Option<Date>,
    #[schema(value_type = Vec<String>)]
    successors: Vec<AreaCode>,
    households: Option<u32>,
    population: Option<u32>,
    has_shape: bool,
    has_children: bool,
}

impl AreaBody {
    fn of(area: &Area, snapshot: &Snapshot) -> AreaBody {
        let areas = &snapshot.city.areas;
        AreaBody {
            code: area.code.clone(),
            name_zh: area.name_zh.clone(),
            name_en: area.name_en.clone(),
            level: areas.level_name(area).map(|level| level.code.clone()).unwrap_or_default(),
            parent: area.parent.clone(),
            region: area.region.to_string(),
            grid_kind: area.grid_kind.as_ref().map(GridKind::name),
            host: match &area.grid_kind {
                Some(GridKind::Dedicated { host }) => Some(host.clone()),
                _ => None,
            },
            class: areas.class_of(&area.code).name(),
            valid_from: area.valid_from,
            valid_to: area.valid_to,
            successors: area.successors.clone(),
            households: area.households,
            population: area.population,
            has_shape: snapshot.shapes.contains_key(&area.code),
            has_children: !areas.children(&area.code).is_empty(),
        }
    }
}

/// Narrows a list of areas.
#[derive(Debug, Default, Deserialize, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct AreasQuery {
    /// Below this area.
    under: Option<String>,
    /// Of this level, e.g. `street`.
    level: Option<String>,
    /// Whose Chinese or English name or code contains this.
    q: Option<String>,
    /// Also those that ended.
    ended: Option<bool>,
    /// 1 to 1,000.
    page_size: Option<u16>,
    page_token: Option<String>,
}

/// A page of areas.
#[derive(Debug, Serialize, ToSchema)]
struct AreaList {
    /// The version of the areas these come from.
    version: u32,
    areas: Vec<AreaBody>,
    next_page_token: Option<String>,
}

/// Areas, by code.
#[utoipa::path(get, path = "/api/v1/areas", tag = "areas", params(AreasQuery),
    responses((status = 200, body = AreaList), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn list(State(web): State<Web>, Query(query): Query<AreasQuery>) -> Result<Json<AreaList>, Problem> {
    let snapshot = web.app.snapshot()?;
    let areas = &snapshot.city.areas;
    let today = web.app.today();
    let narrowing = (&query.under, &query.level, &query.q, query.ended);
    let scan = listing::scan_of("areas", &(areas.version, narrowing));
    let page: Page<AreaCode> = listing::page(&scan, query.page_size, query.page_token.as_deref())?;
    let under = query.under.as_deref().map(AreaCode::from);
    if under.as_ref().is_some_and(|under| areas.get(under).is_none()) {
        return Err(NOT_FOUND.into());
    }
    let wanted = query.q.as_deref().map(str::to_lowercase).unwrap_or_default();
    let mut found: Vec<&Area> = match &under {
        Some(under) => areas.descendants(under),
        None => areas.all().iter().collect(),
    };
    found.retain(|area| {
        (query.ended == Some(true) || area.is_valid_on(today))
            && query.level.as_ref().is_none_or(|level| areas.level(level) == Some(area.level))
            && (wanted.is_empty() || is_named(area, &wanted))
            && page.after.as_ref().is_none_or(|after| area.code > *after)
    });
    found.sort_by(|one, other| (&one.code, one.valid_from).cmp(&(&other.code, other.valid_from)));
    let size = usize::from(page.size);
    // Periods of one code stay on one page, because the code is the key to go on from.
    let cut = found.get(size).map_or(found.len(), |next| {
        let same = found.iter().position(|area| area.code == next.code).unwrap_or(size);
        if same == 0 { found.iter().take_while(|area| area.code == next.code).count() } else { same }
    });
    let next = (cut < found.len()).then(|| found.get(cut.saturating_sub(1)).map(|last| last.code.clone())).flatten();
    let next_page_token = next.map(|key| gewu_store::PageToken::of(&scan, &key).0);
    let areas_found = found.iter().take(cut).map(|area| AreaBody::of(area, &snapshot)).collect();
    Ok(Json(AreaList { version: areas.version, areas: areas_found, next_page_token }))
}

fn is_named(area: &Area, wanted: &str) -> bool {
    area.name_zh.to_lowercase().contains(wanted)
        || area.name_en.as_ref().is_some_and(|name| name.to_lowercase().contains(wanted))
        || area.code.as_str().to_lowercase().contains(wanted)
}

/// How much of the tree.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct TreeQuery {
    /// Starts here; at the top when not given.
    root: Option<String>,
    /// How many levels below the start, 0 to 9; 2 when not given.
    depth: Option<u8>,
}

/// An area with those below it.
#[derive(Debug, Serialize, ToSchema)]
struct Branch {
    #[schema(value_type = String)]
    code: AreaCode,
    name_zh: String,
    name_en: Option<String>,
    level: String,
    has_children: bool,
    /// Nothing where the wanted depth ends.
    #[schema(no_recursion)]
    children: Vec<Branch>,
}

/// The levels, top first, and the tree.
#[derive(Debug, Serialize, ToSchema)]
struct Tree {
    version: u32,
    levels: Vec<Level>,
    roots: Vec<Branch>,
}

/// One level of the tree.
#[derive(Debug, Serialize, ToSchema)]
struct Level {
    code: String,
    zh: String,
    en: String,
}

/// The tree of areas, as deep as wanted.
#[utoipa::path(get, path = "/api/v1/areas/tree", tag = "areas", params(TreeQuery),
    responses((status = 200, body = Tree), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn tree(State(web): State<Web>, Query(query): Query<TreeQuery>) -> Result<Json<Tree>, Problem> {
    let depth = query.depth.unwrap_or(2);
    if depth > 9 {
        return Err(INVALID.because("depth 应为 0 到 9", "depth must be from 0 to 9"));
    }
    let snapshot = web.app.snapshot()?;
    let areas = &snapshot.city.areas;
    let today = web.app.today();
    let roots = match query.root.as_deref() {
        Some(root) => vec![areas.get(&AreaCode::from(root)).ok_or(NOT_FOUND)?],
        None => areas.roots().filter(|area| area.is_valid_on(today)).collect(),
    };
    let levels =
        areas.levels.iter().map(|level| Level { code: level.code.clone(), zh: level.zh.clone(), en: level.en.clone() });
    Ok(Json(Tree {
        version: areas.version,
        levels: levels.collect(),
        roots: roots.into_iter().map(|area| branch(area, depth, &snapshot, today)).collect(),
    }))
}

fn branch(area: &Area, depth: u8, snapshot: &Snapshot, today: Date) -> Branch {
    let areas = &snapshot.city.areas;
    let below = areas.children(&area.code).iter().filter_map(|code| areas.get(code));
    let below: Vec<&Area> = below.filter(|area| area.is_valid_on(today)).collect();
    Branch {
        code: area.code.clone(),
        name_zh: area.name_zh.clone(),
        name_en: area.name_en.clone(),
        level: areas.level_name(area).map(|level| level.code.clone()).unwrap_or_default(),
        has_children: !below.is_empty(),
        children: match depth.checked_sub(1) {
            Some(depth) => below.into_iter().map(|area| branch(area, depth, snapshot, today)).collect(),
            None => Vec::new(),
        },
    }
}

/// An area with its path.
#[derive(Debug, Serialize, ToSchema)]
struct AreaDetail {
    #[serde(flatten)]
    area: AreaBody,
    /// Areas, root first, itself last.
    #[schema(value_type = Vec<String>)]
    path: Vec<AreaCode>,
}

/// One area, in its latest period.
#[utoipa::path(get, path = "/api/v1/areas/{code}", tag = "areas", params(("code" = String, Path)),
    responses((status = 200, body = AreaDetail), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn open(State(web): State<Web>, Path(code): Path<String>) -> Result<Json<AreaDetail>, Problem> {
    let snapshot = web.app.snapshot()?;
    let area = snapshot.city.areas.get(&AreaCode::new(code)).ok_or(NOT_FOUND)?;
    let path = snapshot.city.areas.path(&area.code);
    Ok(Json(AreaDetail { area: AreaBody::of(area, &snapshot), path }))
}

/// The areas directly below one, by code.
#[utoipa::path(get, path = "/api/v1/areas/{code}/children", tag = "areas", params(("code" = String, Path)),
    responses((status = 200, body = Vec<AreaBody>), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn children(State(web): State<Web>, Path(code): Path<String>) -> Result<Json<Vec<AreaBody>>, Problem> {
    let snapshot = web.app.snapshot()?;
    let areas = &snapshot.city.areas;
    let area = areas.get(&AreaCode::new(code)).ok_or(NOT_FOUND)?;
    let today = web.app.today();
    let below = areas.children(&area.code).iter().filter_map(|code| areas.get(code));
    Ok(Json(below.filter(|area| area.is_valid_on(today)).map(|area| AreaBody::of(area, &snapshot)).collect()))
}

/// The shape of an area: a GeoJSON feature in WGS84.
#[utoipa::path(get, path = "/api/v1/areas/{code}/shape", tag = "areas", params(("code" = String, Path)),
    responses((status = 200, content_type = "application/geo+json", body = Object),
        (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn shape(State(web): State<Web>, Path(code): Path<String>) -> Result<Response, Problem> {
    let snapshot = web.app.snapshot()?;
    let code = AreaCode::new(code);
    let shape = snapshot.shapes.get(&code).ok_or(NOT_FOUND)?;
    let mut properties = serde_json::Map::new();
    properties.insert("code".to_owned(), code.as_str().into());
    let feature = gewu_geo::geojson::feature_to_json(None, properties, shape);
    let mut response = Json(feature).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/geo+json"));
    Ok(response)
}

/// Which area a place lies in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Located)]
struct LocatedBody {
    #[schema(example = "370102")]
    region: String,
    /// Areas, root first.
    path: Vec<Named>,
    /// `false`: in no grid; a report from there waits in the queue of what must be placed.
    is_placed: bool,
    /// In WGS84, whatever it was given in.
    point: Option<PointBody>,
}

/// An area by its names.
#[derive(Debug, Serialize, ToSchema)]
struct Named {
    #[schema(value_type = String)]
    code: AreaCode,
    name_zh: String,
    name_en: Option<String>,
}

/// Finds the areas of a place without reporting anything: for forms that show the area while people type.
#[utoipa::path(post, path = "/api/v1/areas/locate", tag = "areas", request_body = LocationBody,
    responses((status = 200, body = LocatedBody), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn locate(State(web): State<Web>, Body(location): Body<LocationBody>) -> Result<Json<LocatedBody>, Problem> {
    let located = web.app.locate(&location.into())?;
    let snapshot = web.app.snapshot()?;
    let path = located.place.path.iter().filter_map(|code| snapshot.city.areas.get(code)).map(|area| Named {
        code: area.code.clone(),
        name_zh: area.name_zh.clone(),
        name_en: area.name_en.clone(),
    });
    Ok(Json(LocatedBody {
        region: located.region.to_string(),
        path: path.collect(),
        is_placed: located.place.is_placed,
        point: located.place.point.map(PointBody::from),
    }))
}
