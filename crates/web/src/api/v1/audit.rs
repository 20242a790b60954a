//! The audit record: every sign-in and every change that is not a case's own fact.

use crate::{
    Web,
    access::Who,
    api::listing,
    extract::Query,
    problem::{Document, INVALID, Problem},
};
use axum::{Json, extract::State};
use gewu_domain::ids::{ClientId, PersonId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn doors() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Narrows the record.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct AuditQuery {
    /// Of this person.
    person: Option<String>,
    /// 1 to 1,000.
    page_size: Option<u16>,
    page_token: Option<String>,
}

/// A page of the record.
#[derive(Debug, Serialize, ToSchema)]
struct Audit {
    entries: Vec<AuditEntry>,
    next_page_token: Option<String>,
    previous_page_token: Option<String>,
}

/// One thing that was done, or tried.
#[derive(Debug, Serialize, ToSchema)]
struct AuditEntry {
    at: Timestamp,
    #[schema(value_type = Option<String>)]
    person: Option<PersonId>,
    #[schema(value_type = Option<String>)]
    client: Option<ClientId>,
    #[schema(example = "signed_in")]
    action: String,
    object: String,
    succeeded: bool,
    /// The network address it came from, cut.
    origin: String,
}

/// The record, newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(AuditQuery), security(("session" = []), ("key" = [])),
    responses((status = 200, body = Audit), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn list(
    State(web): State<Web>,
    Who(caller): Who,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Audit>, Problem> {
    let person: Option<PersonId> = match query.person.as_deref().filter(|person| !person.is_empty()) {
        None => None,
        Some(person) => Some(person.parse().map_err(|_| {
            INVALID.because("person 应为 person_… 形式的编号", "person is an id that starts with person_")
        })?),
    };
    let scan = listing::scan_of("audit", &person);
    let page = listing::page(&scan, query.page_size, query.page_token.as_deref())?;
    let listing = web.app.audit(&caller, person, &page).await?;
    let (next_page_token, previous_page_token) = listing::tokens(&scan, &listing);
    let entries = listing.rows.into_iter().map(|row| AuditEntry {
        at: row.at,
        person: row.person,
        client: row.client,
        action: row.action,
        object: row.object,
        succeeded: row.succeeded,
        origin: row.origin,
    });
    Ok(Json(Audit { entries: entries.collect(), next_page_token, previous_page_token }))
}
