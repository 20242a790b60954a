//! API keys: machines, what they may do, and taking it away again.

use crate::{
    Web,
    access::Who,
    extract::{Body, Key, Path},
    problem::{Document, NOT_FOUND, Problem},
};
use axum::{Json, extract::State, http::StatusCode};
use gewu_domain::ids::{AreaCode, ClientId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn doors() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(revoke))
}

/// A machine that may call the API.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Client)]
struct ClientBody {
    #[schema(value_type = String)]
    id: ClientId,
    name: String,
    /// `report`, `read`, `admin`.
    scopes: Vec<String>,
    /// It does so in this area only; nothing for the whole city.
    #[schema(value_type = Option<String>)]
    area: Option<AreaCode>,
    made_at: Timestamp,
    revoked_at: Option<Timestamp>,
}

/// All keys, without the keys themselves; of an area, those limited to it.
#[utoipa::path(get, path = "/api/v1/clients", tag = "clients", security(("session" = []), ("key" = [])),
    responses((status = 200, body = Vec<ClientBody>), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn list(State(web): State<Web>, Who(caller): Who) -> Result<Json<Vec<ClientBody>>, Problem> {
    let clients = web.app.clients(&caller).await?.into_iter().map(|client| ClientBody {
        id: client.id,
        name: client.name,
        scopes: client.scopes,
        area: client.area,
        made_at: client.made_at,
        revoked_at: client.revoked_at,
    });
    Ok(Json(clients.collect()))
}

/// A key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewClient {
    name: String,
    /// Any of `report`, `read`, `admin`.
    scopes: Vec<String>,
    /// Where it may do so; when not said, where whoever makes it may.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    area: Option<AreaCode>,
}

/// A key, shown this once.
#[derive(Serialize, ToSchema)]
struct MadeClient {
    #[schema(value_type = String)]
    id: ClientId,
    #[schema(example = "gw_…")]
    key: String,
}

/// Makes a key. It is shown here, and once more to whoever repeats the request under its idempotency key.
#[utoipa::path(post, path = "/api/v1/clients", tag = "clients", request_body = NewClient,
    params(("idempotency-key" = Option<String>, Header, description = "sent again with the same content: the same answer, nothing done twice")),
    security(("session" = []), ("key" = [])),
    responses((status = 201, body = MadeClient), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn add(
    State(web): State<Web>,
    Who(caller): Who,
    Key(key): Key,
    Body(body): Body<NewClient>,
) -> Result<(StatusCode, Json<MadeClient>), Problem> {
    let (id, key) = web.app.add_client(&caller, key.as_ref(), &body.name, body.scopes, body.area).await?;
    Ok((StatusCode::CREATED, Json(MadeClient { id, key })))
}

/// Takes a key back.
#[utoipa::path(delete, path = "/api/v1/clients/{id}", tag = "clients",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header, description = "sent again with the same content: the same answer, nothing done twice")),
    security(("session" = []), ("key" = [])),
    responses((status = 204, description = "taken back"), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn revoke(
    State(web): State<Web>,
    Who(caller): Who,
    Key(key): Key,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let client: ClientId = id.parse().map_err(|_| NOT_FOUND)?;
    web.app.revoke_client(&caller, key.as_ref(), client).await?;
    Ok(StatusCode::NO_CONTENT)
}
