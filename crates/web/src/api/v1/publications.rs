//! Publishing: files offered together are checked with one another, and all of them come into force or none.

use crate::{
    Web,
    access::Who,
    api::codes::{DatumCode, PublicationKind},
    extract::{Files, Key, Path, Query},
    problem::{Document, NOT_FOUND, Problem},
};
use axum::{
    Json,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use gewu_app::{
    city::{Draft, Kind, Publishing},
    shapes::Finding,
};
use gewu_domain::ids::{Digest, PersonId};
use gewu_geo::datum::Datum;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn doors() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(publish)).routes(routes!(list)).routes(routes!(open))
}

/// One published version of one document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Publication)]
struct PublicationBody {
    #[schema(value_type = PublicationKind)]
    kind: String,
    /// Which one of its kind: a scheme, a calendar; empty where there is only one.
    name: String,
    version: u32,
    published_at: Timestamp,
    #[schema(value_type = Option<String>)]
    by: Option<PersonId>,
    #[schema(value_type = String)]
    digest: Digest,
    bytes: u64,
}

/// Every version of every document, by kind, name and version.
#[utoipa::path(get, path = "/api/v1/publications", tag = "publications", security(("session" = []), ("key" = [])),
    responses((status = 200, body = Vec<PublicationBody>), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn list(State(web): State<Web>, Who(caller): Who) -> Result<Json<Vec<PublicationBody>>, Problem> {
    let heads = web.app.publications(&caller).await?.into_iter().map(|head| PublicationBody {
        kind: head.kind,
        name: head.name,
        version: head.version,
        published_at: head.published_at,
        by: head.by,
        digest: head.digest,
        bytes: head.bytes,
    });
    Ok(Json(heads.collect()))
}

/// Which one of its kind.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct NameQuery {
    /// Empty where there is only one.
    #[serde(default)]
    name: String,
}

/// One version as it was given.
#[utoipa::path(get, path = "/api/v1/publications/{kind}/{version}", tag = "publications",
    params(("kind" = String, Path), ("version" = u32, Path), NameQuery), security(("session" = []), ("key" = [])),
    responses((status = 200, description = "a table, a settings file or shapes, as its kind is written",
            content((String = "text/csv"), (String = "application/toml"), (Object = "application/geo+json"))),
        (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn open(
    State(web): State<Web>,
    Who(caller): Who,
    Path((kind, version)): Path<(String, u32)>,
    Query(query): Query<NameQuery>,
) -> Result<Response, Problem> {
    let kind = Kind::from_code(&kind).ok_or(NOT_FOUND)?;
    let publication = web.app.publication(&caller, kind, &query.name, version).await?;
    let media_type = match kind {
        Kind::Shapes => "application/geo+json",
        Kind::Calendar | Kind::Policy => "application/toml; charset=utf-8",
        _ => "text/csv; charset=utf-8",
    };
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static(media_type))], publication.body).into_response())
}

/// Files offered for publishing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Drafts {
    drafts: Vec<DraftBody>,
    /// Everything is checked and nothing is written.
    #[serde(default)]
    dry_run: bool,
    /// What `must_be_accepted` is meant so: publish all the same.
    #[serde(default)]
    accept: bool,
}

/// A file offered for publishing.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = Draft)]
#[serde(deny_unknown_fields)]
struct DraftBody {
    #[schema(value_type = PublicationKind)]
    kind: Kind,
    /// As the person named it, for messages.
    file: String,
    text: String,
    /// What the coordinates of shapes are in: `wgs84`, `gcj02`, `bd09` or `cgcs2000`. Without it what the file's own
    /// member `datum` says, else `wgs84`.
    #[serde(default)]
    #[schema(value_type = Option<DatumCode>)]
    datum: Option<Datum>,
}

/// What publishing did, or would do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Published)]
struct PublishedBody {
    #[schema(value_type = PublicationKind)]
    kind: Kind,
    name: String,
    version: u32,
    /// The very same document was published before: nothing was written.
    is_unchanged: bool,
    /// What there is to say of the boundaries, what must be accepted first.
    findings: Vec<FindingBody>,
}

/// Something about offered files that may be meant, and may not.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Finding)]
struct FindingBody {
    /// Stable: as `gewu check grids` names it, or `shape_lost`, `no_shape`, `cases_displaced`, `abroad`, `exchanged`, `more`.
    kind: String,
    /// Codes of the areas concerned.
    areas: Vec<String>,
    zh: String,
    en: String,
    /// Without `accept` nothing is published.
    must_be_accepted: bool,
}

impl From<Finding> for FindingBody {
    fn from(finding: Finding) -> FindingBody {
        let Finding { kind, areas, zh, en, must_be_accepted } = finding;
        FindingBody { kind, areas: areas.iter().map(ToString::to_string).collect(), zh, en, must_be_accepted }
    }
}

/// Publishes files together. A fault in one changes nothing; every fault is told with its file and line.
#[utoipa::path(post, path = "/api/v1/publications", tag = "publications", request_body = Drafts,
    params(("idempotency-key" = Option<String>, Header, description = "sent again with the same content: the same answer, nothing done twice")),
    security(("session" = []), ("key" = [])),
    responses((status = 200, body = Vec<PublishedBody>), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn publish(
    State(web): State<Web>,
    Who(caller): Who,
    Key(key): Key,
    Files(body): Files<Drafts>,
) -> Result<Json<Vec<PublishedBody>>, Problem> {
    let drafts = body.drafts.into_iter().map(|draft| {
        let DraftBody { kind, file, text, datum } = draft;
        Draft { kind, file, text, datum }
    });
    let how = Publishing { dry_run: body.dry_run, accept: body.accept };
    let published = web.app.publish(&caller, key.as_ref(), drafts.collect(), how).await?;
    let bodies = published.into_iter().map(|one| PublishedBody {
        kind: one.kind,
        name: one.name,
        version: one.version,
        is_unchanged: one.is_unchanged,
        findings: one.findings.into_iter().map(FindingBody::from).collect(),
    });
    Ok(Json(bodies.collect()))
}
