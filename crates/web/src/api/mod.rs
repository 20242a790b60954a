//! The JSON API: `/api/v1`, and its description.
//!
//! One file per resource, each with the same name as its port in `store` where it has one. JSON is snake_case, times
//! are RFC 3339 in UTC, lists go on by `page_token`, errors are problem documents.

mod codes;
mod listing;
mod v1;

pub use v1::{
    photos::{PHOTO_BYTES_MOST, sent as photo_sent, url as photo_url},
    tiles::TileCache,
};

use crate::Web;
use axum::{Json, http::header, response::IntoResponse};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub use listing::scan_of;

pub fn doors() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(openapi)).merge(v1::doors())
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Gewu 格物",
        description = "网格化城市服务 · Grid-based city services.\n\n\
            Errors are problem documents (RFC 9457) in Chinese, or in English when `Accept-Language` says so.\n\n\
            A report and every step take an `Idempotency-Key`: the same key with the same request again gives the same answer \
            and does nothing. API keys must send one with a report; everybody should.\n\n\
            Staff in a browser are known by the cookie `gewu_session` and send `x-csrf-token` with every change; other systems by \
            `Authorization: Bearer gw_…`; the holder of a receipt by `Authorization: Receipt NUMBER:CODE`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    modifiers(&Credentials),
)]
struct Api;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let header = |name: &str| SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new(name)));
        components.add_security_scheme("key", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
        components.add_security_scheme("receipt", header("authorization"));
        components.add_security_scheme(
            "session",
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(crate::session::COOKIE))),
        );
    }
}

/// The document before any route has been added.
pub fn document() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

/// This description.
#[utoipa::path(get, path = "/api/openapi.json", tag = "api", responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
async fn openapi() -> impl IntoResponse {
    // Described once: the document does not change while the process lives.
    static DOCUMENT: std::sync::OnceLock<serde_json::Value> = std::sync::OnceLock::new();
    let document = DOCUMENT.get_or_init(|| serde_json::from_str(&crate::openapi_json()).unwrap_or_default());
    ([(header::CACHE_CONTROL, "public, max-age=300"), (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")], Json(document))
}
