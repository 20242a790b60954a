//! Contacts: masked with the case; one look in the clear, with a reason, logged before it is given.

use super::cases::address;
use crate::{
    Web,
    access::Who,
    api::codes::ContactFieldCode,
    extract::{Body, Path},
    problem::{Document, Problem},
};
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn doors() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(look))
}

/// Why somebody needs to see it. The reporter will be shown this.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LookBody {
    reason: String,
}

/// A contact in the clear.
#[derive(Serialize, ToSchema)]
struct ContactValue {
    #[schema(value_type = ContactFieldCode)]
    field: String,
    value: String,
}

/// Looks at a contact.
#[utoipa::path(post, path = "/api/v1/cases/{region}/{id}/contacts/{field}/looks", tag = "cases", request_body = LookBody,
    params(("region" = String, Path), ("id" = String, Path), ("field" = String, Path, description = "`name`, `phone` or `email`")),
    security(("session" = [])),
    responses((status = 200, body = ContactValue), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn look(
    State(web): State<Web>,
    Who(caller): Who,
    Path((region, id, field)): Path<(String, String, String)>,
    Body(body): Body<LookBody>,
) -> Result<Json<ContactValue>, Problem> {
    let value = web.app.look_at_contact(&caller, address(&region, &id)?, &field, &body.reason).await?;
    Ok(Json(ContactValue { field, value }))
}
