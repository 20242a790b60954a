//! The areas of the city: what maps need to show them.

use crate::{Ui, failure::Failure, names, session::Visitor};
use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use gewu_geo::shape::{Bbox, Shape};

/// Levels whose names stand on the map: county, street, community. Grids are too many, and have numbers for names.
const LABEL_DEPTH_MOST: u8 = 3;

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
