//! Vector tiles: the areas, the same for everybody and kept compressed; and the cases the caller sees.

use super::cases::{merged, of_region, tenth_micro};
use crate::{
    Web,
    access::Who,
    extract::Path,
    problem::{Document, FAILED, NOT_FOUND, Problem},
};
use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use flate2::{Compression, write::GzEncoder};
use gewu_app::city::Snapshot;
use gewu_domain::area::GridKind;
use gewu_geo::{
    datum::Point,
    tile::{Place, TagValue, TileFeature, TileId, TileLayer},
};
use gewu_store::{
    Page,
    cases::{CaseFilter, CaseRow},
};
use std::{
    collections::HashMap,
    io::Write,
    sync::{Arc, Mutex, Weak},
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn doors() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(areas)).routes(routes!(cases))
}

/// The areas of one snapshot, cut and compressed once for each tile.
#[derive(Default)]
pub struct TileCache(Mutex<Option<Arc<Prepared>>>);

struct Prepared {
    of: Weak<Snapshot>,
    layer: TileLayer,
    /// Compressed; an empty tile has no bytes.
    tiles: Mutex<HashMap<TileId, Bytes>>,
}

/// Kept tiles; a city looked at from all heights has some thousands. Then they are cut anew.
const TILES_MOST: usize = 20_000;

impl TileCache {
    /// The layer of this snapshot; building it takes some milliseconds for each thousand areas.
    fn prepared(&self, snapshot: &Arc<Snapshot>) -> Arc<Prepared> {
        let mut kept = self.0.lock().expect("no holder panics while comparing pointers");
        match kept.as_ref().filter(|prepared| Weak::as_ptr(&prepared.of) == Arc::as_ptr(snapshot)) {
            Some(prepared) => prepared.clone(),
            None => {
                let prepared = Arc::new(Prepared {
                    of: Arc::downgrade(snapshot),
                    layer: layer_of_areas(snapshot),
                    tiles: Mutex::default(),
                });
                *kept = Some(prepared.clone());
                prepared
            }
        }
    }
}

impl Prepared {
    fn tile(&self, id: TileId) -> Bytes {
        if let Some(tile) = self.tiles.lock().expect("no holder panics while copying a pointer").get(&id) {
            return tile.clone();
        }
        let plain = self.layer.encode(id);
        let tile = if plain.is_empty() { Bytes::new() } else { Bytes::from(compressed(&plain)) };
        let mut tiles = self.tiles.lock().expect("no holder panics while keeping a pointer");
        if tiles.len() >= TILES_MOST {
            tiles.clear();
        }
        tiles.insert(id, tile.clone());
        tile
    }
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory takes every byte");
    encoder.finish().expect("memory takes every byte")
}

/// Every area with a shape: deeper ones are drawn over those they lie in.
fn layer_of_areas(snapshot: &Snapshot) -> TileLayer {
    let areas = &snapshot.city.areas;
    let mut shown: Vec<_> =
        snapshot.shapes.iter().filter_map(|(code, shape)| Some((areas.get(code)?, shape))).collect();
    shown.sort_by_key(|(area, _)| area.level);
    let features = shown.into_iter().zip(1_u64..).map(|((area, shape), id)| {
        let level = areas.level_name(area).map_or("", |level| level.code.as_str());
        let mut tags = vec![
            ("code", TagValue::Text(area.code.as_str())),
            ("name", TagValue::Text(&area.name_zh)),
            ("level", TagValue::Text(level)),
            ("depth", TagValue::Integer(i64::from(area.level))),
            ("class", TagValue::Text(areas.class_of(&area.code).name())),
        ];
        tags.extend(area.name_en.as_deref().map(|name| ("name_en", TagValue::Text(name))));
        tags.extend(area.grid_kind.as_ref().map(|kind| ("grid_kind", TagValue::Text(GridKind::name(kind)))));
        TileFeature { id, place: Place::Area(shape), tags }
    });
    TileLayer::build("areas", features)
}

/// Zoom, column and row; the row may end in `.mvt`.
fn tile_id((z, x, y): (String, String, String)) -> Result<TileId, Problem> {
    let y = y.strip_suffix(".mvt").or(y.strip_suffix(".pbf")).unwrap_or(&y);
    let (z, x, y) = (z.parse(), x.parse(), y.parse());
    match (z, x, y) {
        (Ok(z), Ok(x), Ok(y)) => TileId::new(z, x, y).map_err(|_| NOT_FOUND.into()),
        _ => Err(NOT_FOUND.into()),
    }
}

const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/vnd.mapbox-vector-tile");

/// A tile of the layer `areas`: `code`, `name`, `name_en`, `level`, `depth`, `class`, `grid_kind`.
#[utoipa::path(get, path = "/api/v1/tiles/areas/{z}/{x}/{y}", tag = "tiles",
    params(("z" = u8, Path), ("x" = u32, Path), ("y" = String, Path, description = "row, with or without `.mvt`", example = "388.mvt")),
    responses((status = 200, content_type = "application/vnd.mapbox-vector-tile", body = [u8]),
        (status = 204, description = "nothing there"), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn areas(
    State(web): State<Web>,
    Path(path): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id = tile_id(path)?;
    let snapshot = web.app.snapshot()?;
    let tile = tokio::task::spawn_blocking(move || web.tiles.prepared(&snapshot).tile(id)).await.map_err(|_| FAILED)?;
    let kept = (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    if tile.is_empty() {
        return Ok((StatusCode::NO_CONTENT, [kept]).into_response());
    }
    let takes_gzip = headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.split(',').any(|one| one.trim().starts_with("gzip") || one.trim().starts_with('*')));
    let described = [
        (header::CONTENT_TYPE, MEDIA_TYPE),
        kept,
        (header::VARY, HeaderValue::from_static("accept-encoding")),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    ];
    if takes_gzip {
        let encoding = [(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))];
        return Ok((described, encoding, tile).into_response());
    }
    let mut plain = Vec::new();
    flate2::write::GzDecoder::new(&mut plain).write_all(&tile).map_err(|_| FAILED)?;
    Ok((described, plain).into_response())
}

/// Cases drawn on one tile; a closer look shows the rest.
const CASES_MOST: usize = 5_000;

/// A tile of the layer `cases`: `id`, `region`, `number`, `state`, `class`, `light`, `is_urgent`; newest first.
///
/// Only what the caller may see. Where more than 5,000 cases lie on a tile, the newest are drawn and the header
/// `gewu-left-off` says `yes`.
#[utoipa::path(get, path = "/api/v1/tiles/cases/{z}/{x}/{y}", tag = "tiles", security(("session" = []), ("key" = [])),
    params(("z" = u8, Path), ("x" = u32, Path), ("y" = String, Path, description = "row, with or without `.mvt`", example = "388.mvt")),
    responses((status = 200, content_type = "application/vnd.mapbox-vector-tile", body = [u8]),
        (status = 204, description = "nothing there"), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn cases(
    State(web): State<Web>,
    Who(caller): Who,
    Path(path): Path<(String, String, String)>,
) -> Result<Response, Problem> {
    let id = tile_id(path)?;
    let bbox = id.bbox();
    let edges = [bbox.west, bbox.south, bbox.east, bbox.north].map(tenth_micro);
    let filter = CaseFilter { within: Some(edges), ..CaseFilter::default() };
    let regions = web.app.regions_of(&caller)?;
    let mut rows = Vec::new();
    let mut page = Page::first(Page::<gewu_domain::ids::CaseId>::MOST);
    let mut left_off = false;
    loop {
        let mut listings = Vec::new();
        for region in &regions {
            listings.push(of_region(*region, web.app.cases(&caller, *region, filter.clone(), &page).await?));
        }
        let listing = merged(listings, &page);
        rows.extend(listing.rows);
        match listing.next {
            Some(_) if rows.len() >= CASES_MOST => {
                left_off = true;
                break;
            }
            Some(next) => page = page.after(next),
            None => break,
        }
    }
    let now = web.app.now();
    let drawn: Vec<_> = rows.iter().filter_map(|(region, row)| Some((region.to_string(), row, point(row)?))).collect();
    let texts: Vec<_> = drawn.iter().map(|(_, row, _)| (row.id.to_string(), light(row, now))).collect();
    let features = drawn.iter().zip(&texts).zip(1_u64..).map(|(((region, row, point), (id, light)), no)| {
        let mut tags = vec![
            ("id", TagValue::Text(id)),
            ("region", TagValue::Text(region)),
            ("number", TagValue::Text(&row.number)),
            ("state", TagValue::Text(row.state.code())),
            ("light", TagValue::Text(light)),
            ("is_urgent", TagValue::Flag(row.is_urgent)),
        ];
        tags.extend(row.class.as_ref().map(|class| ("class", TagValue::Text(class.as_str()))));
        TileFeature { id: no, place: Place::Point(*point), tags }
    });
    let tile = TileLayer::build("cases", features).encode(id);
    let kept = [
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=15")),
        (header::VARY, HeaderValue::from_static("cookie, authorization")),
    ];
    let more = HeaderValue::from_static(if left_off { "yes" } else { "no" });
    let told = [(HeaderName::from_static("gewu-left-off"), more)];
    if tile.is_empty() {
        return Ok((StatusCode::NO_CONTENT, kept, told).into_response());
    }
    Ok((kept, told, [(header::CONTENT_TYPE, MEDIA_TYPE)], tile).into_response())
}

fn point(row: &CaseRow) -> Option<Point> {
    let (lon, lat) = row.point?;
    Point::new(lon, lat).ok()
}

fn light(row: &CaseRow, now: jiff::Timestamp) -> &'static str {
    use gewu_domain::sla::Light;
    match gewu_app::cases::list::light(row.warn_at, row.due_at, now) {
        Some(Light::Green) => "green",
        Some(Light::Yellow) => "yellow",
        Some(Light::Red) => "red",
        Some(Light::Paused) => "paused",
        None => "",
    }
}
