//! A case as lists show it.

use crate::api::codes::{LightCode, SourceCode, StateCode};
use gewu_app::cases::list::light;
use gewu_domain::{
    case::{Source, StateKind},
    ids::{AreaCode, CaseId, ClassCode, RegionId, UnitCode},
    sla::Light,
};
use gewu_store::cases::CaseRow;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A point in degrees, WGS84.
#[derive(Debug, Clone, Copy, Serialize, serde::Deserialize, ToSchema)]
pub struct PointBody {
    pub lon: f64,
    pub lat: f64,
}

impl From<(f64, f64)> for PointBody {
    fn from((lon, lat): (f64, f64)) -> PointBody {
        PointBody { lon, lat }
    }
}

/// A case as lists show it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CaseSummary)]
pub struct Summary {
    #[schema(example = "370102")]
    pub region: String,
    #[schema(value_type = String)]
    pub id: CaseId,
    pub number: String,
    pub version: u32,
    #[schema(value_type = StateCode)]
    pub state: StateKind,
    #[schema(value_type = SourceCode)]
    pub source: Source,
    pub scheme: Option<String>,
    #[schema(value_type = Option<String>)]
    pub class: Option<ClassCode>,
    /// Areas, root first.
    #[schema(value_type = Vec<String>)]
    pub path: Vec<AreaCode>,
    pub is_placed: bool,
    pub point: Option<PointBody>,
    /// The unit that leads at present.
    #[schema(value_type = Option<String>)]
    pub unit: Option<UnitCode>,
    pub is_urgent: bool,
    pub reported_at: Timestamp,
    pub changed_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    /// When the next thing about it is due; nothing while nothing runs.
    pub due_at: Option<Timestamp>,
    #[schema(value_type = Option<LightCode>)]
    pub light: Option<Light>,
    /// The report's words, cut; nothing when there are none or they are not for this caller.
    pub excerpt: Option<String>,
    pub has_photo: bool,
}

impl Summary {
    pub fn of(region: RegionId, row: CaseRow, now: Timestamp) -> Summary {
        Summary {
            region: region.to_string(),
            light: light(row.warn_at, row.due_at, now),
            id: row.id,
            number: row.number,
            version: row.version,
            state: row.state,
            source: row.source,
            scheme: row.scheme,
            class: row.class,
            path: row.path,
            is_placed: row.is_placed,
            point: row.point.map(PointBody::from),
            unit: row.unit,
            is_urgent: row.is_urgent,
            reported_at: row.reported_at,
            changed_at: row.changed_at,
            closed_at: row.closed_at,
            due_at: row.due_at,
            excerpt: row.excerpt,
            has_photo: row.has_photo,
        }
    }
}
