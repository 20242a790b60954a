//! Is the process alive, and can it work? For load balancers and supervisors.

use crate::{Web, problem::Problem};
use axum::{Json, extract::State};
use gewu_domain::ids::Digest;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn doors() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz))
}

/// What a probe is told.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    #[schema(example = "ok")]
    status: &'static str,
    version: &'static str,
}

/// What a probe is told of a house that can work.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ready {
    #[schema(example = "ok")]
    status: &'static str,
    version: &'static str,
    /// What an operator must see to while everything else goes on.
    warnings: Vec<Warning>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Warning {
    /// `clock_ahead` or `clock_behind`: nothing is sealed, swept or ended until somebody says that the clock is right, or
    /// sets it.
    #[schema(example = "clock_ahead")]
    code: &'static str,
    zh: String,
    en: String,
}

const OK: Health = Health { status: "ok", version: env!("CARGO_PKG_VERSION") };

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = Health)))]
async fn healthz() -> Json<Health> {
    Json(OK)
}

/// The record answers and the city is published; and what an operator must see to.
#[utoipa::path(get, path = "/readyz", tag = "health", responses(
    (status = 200, body = Ready),
    (status = 503, description = "not published, or the record does not answer", body = crate::problem::Document, content_type = "application/problem+json"),
))]
async fn readyz(State(web): State<Web>) -> Result<Json<Ready>, Problem> {
    web.app.snapshot()?;
    web.app.store.city().await?.session(Digest([0; 32])).await?;
    let doubt = web.app.doubt();
    let warnings = doubt.iter().map(|doubt| Warning { code: doubt.code(), zh: doubt.zh(), en: doubt.en() }).collect();
    Ok(Json(Ready { status: OK.status, version: OK.version, warnings }))
}
