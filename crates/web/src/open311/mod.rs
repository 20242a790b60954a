//! Open311 GeoReport v2, for clients that know nothing of Gewu.
//!
//! Follows the specification at wiki.open311.org/GeoReport_v2, in XML and JSON, with the extension `page`/`page_size`
//! that most servers have. What it leaves to the server is decided so:
//! - A service is a class of the catalogue in force, a request is a case, `service_request_id` its number.
//! - `description` and the reporter's own words of the `address` are published only where the city says so
//!   ([`crate::Settings::description_public`]) and once somebody has read them and shown them. Else `address` names the areas.
//! - A confidential case shows neither words, photo nor point, and its areas down to the street.
//! - `media_url` of a report is kept as text with its words. Nothing is fetched: this server opens no connection because a
//!   stranger named an address. A photo itself can be sent as a file of a form (`multipart/form-data`, field `media`).
//! - `device_id` and `account_id` are read by nobody and kept nowhere.
//! - Every service is `realtime`, so no token is handed out; `tokens/{id}` knows the case ids of the JSON API.
//! - Errors have the statuses of the specification (404, 403, 400), and those of HTTP where it has none (405, 413, 429, 5xx).

mod discovery;
mod mapping;
mod query;
mod report;
mod requests;
mod services;
mod tree;

use crate::{
    Web,
    language::Language,
    problem::{NOT_ACCEPTABLE, NOT_FOUND, Problem},
};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::get,
};
use tree::Tree;
use utoipa_axum::router::OpenApiRouter;

pub fn doors() -> OpenApiRouter<Web> {
    let requests = get(requests::list).post(report::report);
    OpenApiRouter::new()
        .route("/open311/discovery.json", get(discovery::open))
        .route("/open311/discovery.xml", get(discovery::open))
        .route("/open311/v2/discovery.json", get(discovery::open))
        .route("/open311/v2/discovery.xml", get(discovery::open))
        .route("/open311/v2/requests", requests.clone())
        .route("/open311/v2/requests.json", requests.clone())
        .route("/open311/v2/requests.xml", requests)
        .route("/open311/v2/requests/{id}", get(requests::open))
        .route("/open311/v2/services", get(services::list))
        .route("/open311/v2/services.json", get(services::list))
        .route("/open311/v2/services.xml", get(services::list))
        .route("/open311/v2/services/{id}", get(services::open))
        .route("/open311/v2/tokens/{id}", get(requests::token))
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Xml,
    Json,
}

impl Format {
    /// The format an error is written in; `None` outside this door.
    pub fn asked(path: &str, headers: &HeaderMap) -> Option<Format> {
        let is_ours = path == "/open311" || path.starts_with("/open311/");
        is_ours.then(|| Format::of_suffix(path).or(Format::accepted(headers)).unwrap_or(Format::Xml))
    }

    fn of_suffix(path: &str) -> Option<Format> {
        match path.rsplit_once('.') {
            Some((_, "xml")) => Some(Format::Xml),
            Some((_, "json")) => Some(Format::Json),
            _ => None,
        }
    }

    /// By `Accept`, for addresses without an ending: XML unless JSON is named first. `None` when neither will do.
    fn accepted(headers: &HeaderMap) -> Option<Format> {
        let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if accept.trim().is_empty() {
            return Some(Format::Xml);
        }
        accept.split(',').find_map(|one| match one.split(';').next().unwrap_or_default().trim() {
            "application/json" => Some(Format::Json),
            "text/xml" | "application/xml" | "*/*" | "text/*" | "application/*" => Some(Format::Xml),
            _ => None,
        })
    }
}

impl<S: Sync> FromRequestParts<S> for Format {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Format, Problem> {
        let asked = Format::of_suffix(parts.uri.path()).or_else(|| Format::accepted(&parts.headers));
        asked.ok_or_else(|| {
            NOT_ACCEPTABLE.because(
                "有 XML 和 JSON 两种：请在地址后加 .xml 或 .json",
                "there is XML and JSON: end the address in .xml or .json",
            )
        })
    }
}

/// A name at the end of a path, without the ending that says the format.
fn bare(id: &str) -> &str {
    id.strip_suffix(".json").or(id.strip_suffix(".xml")).unwrap_or(id)
}

/// An answer in the format asked for, which scripts of any site may read.
fn answer(status: StatusCode, format: Format, language: Language, root: &str, tree: &Tree) -> Response {
    let (body, media_type) = match format {
        Format::Xml => (tree.xml(root), "text/xml; charset=utf-8"),
        Format::Json => (tree.json().to_string(), "application/json; charset=utf-8"),
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag())),
        (header::VARY, HeaderValue::from_static("accept, accept-language")),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("link, location, gewu-ignored-parameters")),
    ];
    (status, headers, body).into_response()
}

/// A problem as this door tells it: a list of code and description.
pub fn errors(problem: &Problem, language: Language, format: Format) -> Response {
    let status = match problem.kind.status {
        StatusCode::UNAUTHORIZED => StatusCode::FORBIDDEN,
        StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
        status => status,
    };
    let errors = problem
        .sentences(language)
        .into_iter()
        .map(|sentence| Tree::record([("code", Tree::whole(status.as_u16())), ("description", Tree::text(sentence))]));
    answer(status, format, language, "errors", &Tree::list("error", errors))
}

/// The jurisdiction a request is for.
///
/// # Errors
/// 404 for one that is not served here, 400 when several are and none is named.
fn jurisdiction<'w>(web: &'w Web, asked: Option<&str>) -> Result<&'w crate::Jurisdiction, Problem> {
    let served = &web.settings.jurisdictions;
    match (asked.filter(|id| !id.is_empty()), served.as_slice()) {
        (None, [only]) => Ok(only),
        (None, _) => Err(crate::problem::BAD_REQUEST.because(
            "没有给出 jurisdiction_id，这里有多个辖区",
            "jurisdiction_id was not provided, and several are served here",
        )),
        (Some(id), _) => served
            .iter()
            .find(|one| one.id == id)
            .ok_or_else(|| NOT_FOUND.because(format!("没有辖区 {id}"), format!("jurisdiction_id {id} was not found"))),
    }
}
