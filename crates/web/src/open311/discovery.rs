//! Discovery: which endpoint there is, and when its services last changed.

use super::{Format, answer, tree::Tree};
use crate::{Web, language::Language, problem::Problem};
use axum::{extract::State, http::StatusCode, response::Response};
use gewu_app::city::{Kind, Snapshot};

const SPECIFICATION: &str = "http://wiki.open311.org/GeoReport_v2";

pub async fn open(State(web): State<Web>, format: Format, language: Language) -> Result<Response, Problem> {
    let snapshot = web.app.snapshot()?;
    let changeset = changeset(&snapshot);
    let settings = &web.settings;
    let formats = ["text/xml", "application/json"].map(Tree::text);
    let endpoint = Tree::record([
        ("specification", Tree::text(SPECIFICATION)),
        ("url", Tree::text(format!("{}/open311/v2", settings.public_url))),
        ("changeset", Tree::text(&changeset)),
        ("type", Tree::text(if settings.is_test { "test" } else { "production" })),
        ("formats", Tree::list("format", formats)),
    ]);
    let discovery = Tree::record([
        ("changeset", Tree::text(changeset)),
        ("contact", Tree::text(&settings.contact)),
        ("key_service", Tree::text(&settings.key_service)),
        ("endpoints", Tree::list("endpoint", [endpoint])),
    ]);
    Ok(answer(StatusCode::OK, format, language, "discovery", &discovery))
}

/// When the catalogue in force was published: services and their definitions change with it and with nothing else.
fn changeset(snapshot: &Snapshot) -> String {
    let scheme = &snapshot.city.policy.scheme;
    let published = snapshot
        .versions()
        .filter(|file| file.kind == Kind::Catalogue.code() && file.name == *scheme)
        .map(|file| file.published_at)
        .max();
    published.map_or_else(String::new, |at| super::mapping::time(at, &snapshot.city))
}
