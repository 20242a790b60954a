//! The doors for people: resident pages and the console, rendered on the server.
//!
//! A page is one handler in [`pages`] and one template; both are named after the resource. Pages work without script
//! and without the map. Handlers read forms, ask [`gewu_app::App`] and choose words; they decide nothing. Start at
//! [`routes`] and [`frame::Frame`].

mod assets;
mod failure;
mod fields;
mod frame;
mod guard;
mod names;
mod pages;
mod paging;
mod photos;
mod receipts;
mod rows;
mod session;
mod words;

use axum::{
    Extension, Router,
    extract::FromRef,
    middleware::from_fn_with_state,
    routing::{get, post},
};
use gewu_app::{App, AppError};
use gewu_domain::people::Role;
use gewu_web::{body::form::Most, gate::Gate};
use std::sync::Arc;
use tower_http::compression::CompressionLayer;

/// An account of a demonstration city, shown on the sign-in page with its password. Real cities have none.
#[derive(Debug, Clone)]
pub struct DemoAccount {
    pub role: Role,
    pub login: String,
    pub password: String,
    /// Person and unit as one would introduce them, e.g. `王芳 · 滨河街道网格站`.
    pub who_zh: String,
    pub who_en: String,
}

/// What handlers share.
#[derive(Clone)]
struct Ui {
    app: Arc<App>,
    accounts: Arc<[DemoAccount]>,
    /// The one gate of pages and machines.
    gate: Arc<Gate>,
}

impl FromRef<Ui> for Arc<App> {
    fn from_ref(ui: &Ui) -> Arc<App> {
        ui.app.clone()
    }
}

/// A form with photos: six large ones and the words.
const PHOTOS_MOST: Most = Most { words: 256 * 1024, file: PHOTO_BYTES_MOST, total: 6 * PHOTO_BYTES_MOST };
const PHOTO_BYTES_MOST: u64 = 15 * 1024 * 1024;
/// Files to publish: a city's boundaries, once as a file and once as a rehearsal put them back into the page.
const FILES_MOST: Most = Most { words: 96 * 1024 * 1024, file: 96 * 1024 * 1024, total: 96 * 1024 * 1024 };

/// All pages, ready to be merged with the doors for machines. Pages that do not exist answer here.
///
/// Serve it with `into_make_service_with_connect_info::<SocketAddr>()`, or the audit record knows no addresses.
pub fn routes(app: Arc<App>, accounts: Vec<DemoAccount>, gate: Arc<Gate>) -> Router {
    let ui = Ui { app, accounts: accounts.into(), gate };
    let with_files = Router::new()
        .route("/report", get(pages::report::show).post(pages::report::send))
        .route("/intake", get(pages::intake::show).post(pages::intake::send))
        .route("/patrol", get(pages::patrol::show).post(pages::patrol::send))
        .route("/cases/{region}/{id}", get(pages::case::show).post(pages::case::step))
        .layer(Extension(PHOTOS_MOST));
    let publishing =
        Router::new().route("/data", get(pages::data::show).post(pages::data::send)).layer(Extension(FILES_MOST));
    Router::new()
        .route("/", get(pages::home::show))
        .route("/language", get(pages::account::language))
        .route("/receipt", get(pages::report::receipt))
        .route("/status", get(pages::status::find).post(pages::status::open))
        .route("/status/{number}", get(pages::status::show).post(pages::status::answer))
        .route("/status/{number}/photos/{digest}", get(pages::status::photo))
        .route("/sign-in", get(pages::sign_in::show).post(pages::sign_in::send))
        .route("/sign-out", post(pages::sign_in::leave))
        .route("/post", post(pages::account::choose_post))
        .route("/account", get(pages::account::show))
        .route("/account/sessions", post(pages::account::end_others))
        .route(pages::account::TOTP, get(pages::totp::show).post(pages::totp::send))
        .route(pages::account::PASSWORD, get(pages::account::password).post(pages::account::change_password))
        .route("/inbox", get(pages::inbox::show))
        .route("/cases", get(pages::cases::show))
        .route("/cases/{region}/{id}/contacts/{field}", post(pages::case::look))
        .route("/cases/{region}/{id}/photos/{digest}", get(pages::case::photo))
        .route("/cases/{region}/{id}/classes", get(pages::case::classes))
        .route("/intake/similar", get(pages::intake::similar))
        .route("/areas", get(pages::areas::show))
        .route("/areas/map.json", get(pages::areas::map))
        .route("/audit", get(pages::audit::show))
        .route("/people", get(pages::people::show).post(pages::people::add))
        .route("/people/{id}", get(pages::people::show_person).post(pages::people::change))
        .route("/pick/areas", get(pages::pick::areas))
        .route("/assets/{*name}", get(assets::show))
        .merge(with_files)
        .merge(publishing)
        .fallback(|| async { failure::Failure::from(AppError::NotFound) })
        .method_not_allowed_fallback(|| async { failure::Failure::from(AppError::NotFound) })
        .with_state(ui.clone())
        .layer(from_fn_with_state(ui.clone(), failure::show))
        .layer(from_fn_with_state(ui, guard::guard))
        .layer(CompressionLayer::new())
}
