//! The doors for machines: Open311, JSON API, tiles, live stream; and the session both doors share.
//!
//! Knows HTTP and nothing of storage: every answer comes from a use case of [`gewu_app`]. Who may use which route
//! stands in [`access`], what a refusal looks like in [`problem`]. Start at [`routes`].

pub mod access;
mod api;
pub mod body;
mod extract;
pub mod gate;
mod health;
pub mod language;
pub mod limits;
pub mod media;
mod open311;
pub mod problem;
pub mod session;
mod spoken;

pub use api::photo_sent;

use axum::{
    Router,
    extract::{FromRef, Request},
    http::{HeaderValue, StatusCode, header},
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
    routing::any,
};
use gewu_app::App;
use gewu_domain::ids::RegionId;
use std::{
    ops::Deref,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};
use tower::{Service, ServiceBuilder, layer::layer_fn};
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer, timeout::TimeoutLayer};
use utoipa_axum::router::OpenApiRouter;

/// What an installation chooses about its doors.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How people reach it from outside, e.g. `https://gewu.example.org`; without a slash at the end.
    pub public_url: String,
    /// At least one. With several, Open311 callers must say which.
    pub jurisdictions: Vec<Jurisdiction>,
    /// Whom to ask about the API, and how to get a key: shown in the Open311 discovery.
    pub contact: String,
    pub key_service: String,
    /// Publishes reporters' words and addresses in the Open311 feed, once somebody has shown them.
    pub description_public: bool,
    /// Announces the Open311 endpoint as `test` instead of `production`.
    pub is_test: bool,
    /// How often strangers may read, write, sign in and try secrets.
    pub rates: limits::Rates,
    /// Proxies before this server, each of which adds whom it heard to `X-Forwarded-For`. None: nobody is believed.
    pub trusted_proxies: u8,
    /// How slow a body may come before it is cut off.
    pub pace: body::Pace,
    /// Bytes of files that may be on their way in at once; one caller gets a ninth at most.
    pub bodies_bytes_most: u64,
    /// A folder on a disk, for files on their way in; they have no name there.
    pub folder: std::path::PathBuf,
    /// After this long without an answer the caller is told so.
    pub timeout_s: u64,
    /// How often a quiet live stream says that it is alive.
    pub heartbeat_s: u64,
}

/// What Open311 calls a jurisdiction: the whole city, or one of its regions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jurisdiction {
    /// As callers name it, e.g. the city's web address without `www`.
    pub id: String,
    /// `None`: all regions.
    pub region: Option<RegionId>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            public_url: "http://localhost:8080".to_owned(),
            jurisdictions: vec![Jurisdiction { id: "gewu".to_owned(), region: None }],
            contact: "请联系本系统管理员 · ask the administrator of this system".to_owned(),
            key_service: "请向本系统管理员申请 · ask the administrator of this system".to_owned(),
            description_public: false,
            is_test: false,
            rates: limits::Rates::default(),
            trusted_proxies: 0,
            pace: body::Pace::default(),
            bodies_bytes_most: 1 << 30,
            folder: std::env::temp_dir(),
            timeout_s: 60,
            heartbeat_s: 15,
        }
    }
}

/// What every handler has at hand. A copy is one count more: each request makes several.
#[derive(Clone)]
pub struct Web(Arc<Hall>);

/// What lies behind all doors.
pub struct Hall {
    pub app: Arc<App>,
    pub settings: Settings,
    pub gate: Arc<gate::Gate>,
    tiles: api::TileCache,
}

impl Deref for Web {
    type Target = Hall;

    fn deref(&self) -> &Hall {
        &self.0
    }
}

impl FromRef<Web> for Arc<App> {
    fn from_ref(web: &Web) -> Arc<App> {
        web.app.clone()
    }
}

/// A body that is neither a photo nor a file to publish.
pub(crate) const BODY_BYTES_MOST: usize = 256 * 1024;

/// All doors of this room, ready to be served or merged with the pages.
pub fn routes(app: Arc<App>, settings: Settings, gate: Arc<gate::Gate>) -> Router {
    let timeout = Duration::from_secs(settings.timeout_s);
    let web = Web(Arc::new(Hall { app, settings, gate, tiles: api::TileCache::default() }));
    let (doors, _) = doors().split_for_parts();
    doors
        .route_layer(from_fn_with_state(web.clone(), access::authorize))
        .route("/api", any(nothing))
        .route("/api/{*rest}", any(nothing))
        .route("/open311", any(nothing))
        .route("/open311/{*rest}", any(nothing))
        // One layer of all: each that is put on by itself costs every request a copy of those within.
        .layer(
            ServiceBuilder::new()
                .layer(layer_fn(Manners))
                .layer(CatchPanicLayer::new())
                .layer(CompressionLayer::new())
                .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, timeout)),
        )
        .with_state(web)
}

/// The API's description (OpenAPI 3.1), as served and as committed in `docs/openapi.json`.
pub fn openapi_json() -> String {
    let (_, document) = doors().split_for_parts();
    let mut json = document.to_pretty_json().expect("the document is plain data");
    json.push('\n');
    json
}

fn doors() -> OpenApiRouter<Web> {
    OpenApiRouter::with_openapi(api::document()).merge(health::doors()).merge(api::doors()).merge(open311::doors())
}

async fn nothing() -> problem::Problem {
    problem::NO_ROUTE.into()
}

/// What is done around every request: problems put into words, headers every answer has, the line in the log.
///
/// Written out as a service, because a function as a layer costs every request a copy of all that lies within.
#[derive(Clone)]
struct Manners<S>(S);

impl<S> Service<Request> for Manners<S>
where
    S: Service<Request>,
    S::Response: IntoResponse,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let started = Instant::now();
        let asked = spoken::Asked::of(&request);
        let answer = self.0.call(request);
        Box::pin(async move {
            let response = spoken::spoken(&asked, answer.await?.into_response());
            Ok(finished(&asked, started, response))
        })
    }
}

fn finished(asked: &spoken::Asked, started: Instant, mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    // The route and never the path: whatever somebody typed stays out of the log.
    let (method, route) = (asked.method.as_str(), asked.route());
    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let status = response.status().as_u16();
    if response.status().is_server_error() {
        tracing::warn!(method, route, status, took_ms, "answered");
    } else {
        tracing::debug!(method, route, status, took_ms, "answered");
    }
    response
}
