//! Forgetting what somebody gave: by the holder of a receipt, or by a contact for whoever asks in writing.

use crate::{
    Web,
    access::Who,
    api::codes::ContactFieldCode,
    extract::{Body, Key},
    problem::{Document, NOT_FOUND, Problem},
};
use axum::{Json, extract::State};
use gewu_app::{AppError, Identity, cases::CaseAddress, erase::Erased};
use gewu_domain::ids::CaseId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn doors() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(own)).routes(routes!(by_contact))
}

/// What went, or would go.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Erased)]
struct ErasedBody {
    #[schema(value_type = Vec<String>)]
    cases: Vec<CaseId>,
    texts: u32,
    contacts: u32,
    photos: u32,
}

impl From<Erased> for ErasedBody {
    fn from(erased: Erased) -> ErasedBody {
        let Erased { cases, texts, contacts, photos } = erased;
        ErasedBody { cases, texts, contacts, photos }
    }
}

/// Erases what one gave with one's own report: words, contacts, photos. The case and its record stay.
#[utoipa::path(delete, path = "/api/v1/status", tag = "erasures",
    params(("idempotency-key" = Option<String>, Header, description = "sent again with the same content: the same answer, nothing done twice")), security(("receipt" = [])),
    responses((status = 200, body = ErasedBody),
        (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn own(State(web): State<Web>, Who(caller): Who, Key(key): Key) -> Result<Json<ErasedBody>, Problem> {
    let Identity::Reporter { case } = caller.identity else { return Err(NOT_FOUND.into()) };
    for region in web.app.regions_of(&caller)? {
        match web.app.erase_report(&caller, key.as_ref(), CaseAddress { region, id: case }, false).await {
            Ok(erased) => return Ok(Json(erased.into())),
            Err(AppError::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(NOT_FOUND.into())
}

/// Whose data.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Erasure {
    #[schema(value_type = ContactFieldCode)]
    field: String,
    value: String,
    /// Says what would go and changes nothing.
    #[serde(default)]
    dry_run: bool,
}

/// Erases everything one person gave, found by a telephone number or e-mail address, in every region.
#[utoipa::path(post, path = "/api/v1/erasures", tag = "erasures", request_body = Erasure,
    params(("idempotency-key" = Option<String>, Header, description = "sent again with the same content: the same answer, nothing done twice")),
    security(("session" = []), ("key" = [])),
    responses((status = 200, body = ErasedBody),
        (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn by_contact(
    State(web): State<Web>,
    Who(caller): Who,
    Key(key): Key,
    Body(body): Body<Erasure>,
) -> Result<Json<ErasedBody>, Problem> {
    let erased = web.app.erase_person_by_contact(&caller, key.as_ref(), &body.field, &body.value, body.dry_run).await?;
    Ok(Json(erased.into()))
}
