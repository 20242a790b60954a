//! Units: the organisations that answer for the city.

use crate::{
    Web,
    extract::{Path, Query},
    problem::{Document, NOT_FOUND, Problem},
};
use axum::{Json, extract::State};
use gewu_domain::{
    ids::{AreaCode, UnitCode, UnitKind},
    unit::Unit,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn doors() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(open))
}

/// A unit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Unit)]
struct UnitBody {
    #[schema(value_type = String)]
    code: UnitCode,
    name_zh: String,
    name_en: Option<String>,
    #[schema(value_type = String, example = "sanitation")]
    kind: UnitKind,
    #[schema(value_type = Option<String>)]
    parent: Option<UnitCode>,
    /// The territory it answers for.
    #[schema(value_type = String)]
    area: AreaCode,
    /// `supervision`, `command`, `handling` or `oversight`.
    axis: &'static str,
    #[schema(example = "370102")]
    region: String,
}

impl UnitBody {
    fn of(unit: &Unit) -> UnitBody {
        UnitBody {
            code: unit.code.clone(),
            name_zh: unit.name_zh.clone(),
            name_en: unit.name_en.clone(),
            kind: unit.kind.clone(),
            parent: unit.parent.clone(),
            area: unit.area.clone(),
            axis: unit.axis.name(),
            region: unit.region.to_string(),
        }
    }
}

/// Narrows a list of units.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct UnitsQuery {
    /// Of this kind, e.g. `sanitation`.
    kind: Option<String>,
    /// Whose territory lies in this area.
    area: Option<String>,
    /// `supervision`, `command`, `handling` or `oversight`.
    axis: Option<String>,
}

/// All units, in one list: a city has hundreds, not millions.
#[derive(Debug, Serialize, ToSchema)]
struct UnitList {
    version: u32,
    kinds: Vec<Kind>,
    units: Vec<UnitBody>,
}

/// A kind of unit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UnitKind)]
struct Kind {
    #[schema(value_type = String)]
    code: UnitKind,
    zh: String,
    en: String,
    /// `owner`, `trade`, `territory` or `centre`.
    role: &'static str,
    /// Takes a case for which nobody else is found.
    is_backstop: bool,
}

/// Units, by code.
#[utoipa::path(get, path = "/api/v1/units", tag = "units", params(UnitsQuery),
    responses((status = 200, body = UnitList), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn list(State(web): State<Web>, Query(query): Query<UnitsQuery>) -> Result<Json<UnitList>, Problem> {
    let snapshot = web.app.snapshot()?;
    let (units, areas) = (&snapshot.city.units, &snapshot.city.areas);
    let area = query.area.as_deref().map(AreaCode::from);
    let found = units.all().filter(|unit| {
        query.kind.as_ref().is_none_or(|kind| unit.kind.as_str() == kind)
            && query.axis.as_ref().is_none_or(|axis| unit.axis.name() == axis)
            && area.as_ref().is_none_or(|area| areas.is_within(&unit.area, area))
    });
    let kinds = units.kinds.all.iter().map(|kind| Kind {
        code: kind.code.clone(),
        zh: kind.zh.clone(),
        en: kind.en.clone(),
        role: kind.role.name(),
        is_backstop: kind.is_backstop,
    });
    Ok(Json(UnitList { version: units.version, kinds: kinds.collect(), units: found.map(UnitBody::of).collect() }))
}

/// One unit, with where it stands.
#[derive(Debug, Serialize, ToSchema)]
struct UnitDetail {
    #[serde(flatten)]
    unit: UnitBody,
    /// Units above it, topmost first, itself last.
    #[schema(value_type = Vec<String>)]
    path: Vec<UnitCode>,
    #[schema(value_type = Vec<String>)]
    children: Vec<UnitCode>,
}

/// One unit.
#[utoipa::path(get, path = "/api/v1/units/{code}", tag = "units", params(("code" = String, Path)),
    responses((status = 200, body = UnitDetail), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn open(State(web): State<Web>, Path(code): Path<String>) -> Result<Json<UnitDetail>, Problem> {
    let snapshot = web.app.snapshot()?;
    let units = &snapshot.city.units;
    let unit = units.get(&UnitCode::new(code)).ok_or(NOT_FOUND)?;
    Ok(Json(UnitDetail {
        unit: UnitBody::of(unit),
        path: units.path(&unit.code),
        children: units.children(&unit.code).to_vec(),
    }))
}
