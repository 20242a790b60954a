//! Services: the classes of the catalogue in force, and what is asked for each.

use super::{Format, answer, bare, jurisdiction, mapping, tree::Tree};
use crate::{
    Web,
    extract::{Path, Query},
    language::Language,
    problem::{NOT_FOUND, Problem},
};
use axum::{extract::State, http::StatusCode, response::Response};
use gewu_domain::ids::ClassCode;
use serde::Deserialize;

/// What every read takes; what else is sent is not looked at.
#[derive(Debug, Deserialize)]
pub struct Jurisdiction {
    pub jurisdiction_id: Option<String>,
}

pub async fn list(
    State(web): State<Web>,
    format: Format,
    language: Language,
    Query(query): Query<Jurisdiction>,
) -> Result<Response, Problem> {
    jurisdiction(&web, query.jurisdiction_id.as_deref())?;
    let snapshot = web.app.snapshot()?;
    let classes = mapping::catalogue(&snapshot.city).map(|catalogue| catalogue.classes()).unwrap_or_default();
    let services = Tree::list("service", classes.iter().map(|class| mapping::service(class, language)));
    Ok(answer(StatusCode::OK, format, language, "services", &services))
}

pub async fn open(
    State(web): State<Web>,
    format: Format,
    language: Language,
    Path(code): Path<String>,
    Query(query): Query<Jurisdiction>,
) -> Result<Response, Problem> {
    jurisdiction(&web, query.jurisdiction_id.as_deref())?;
    let snapshot = web.app.snapshot()?;
    let code = bare(&code);
    let class = mapping::catalogue(&snapshot.city).and_then(|catalogue| catalogue.get(&ClassCode::from(code)));
    let class = class.ok_or_else(|| unknown_service(code))?;
    let definition = mapping::definition(class, language);
    Ok(answer(StatusCode::OK, format, language, "service_definition", &definition))
}

pub fn unknown_service(code: &str) -> Problem {
    NOT_FOUND.because(format!("没有 service_code {code}"), format!("service_code {code} was not found"))
}
