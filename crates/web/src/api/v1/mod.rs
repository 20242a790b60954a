//! Version 1: one file per resource.

mod areas;
mod audit;
mod calendars;
mod cases;
mod catalogue;
mod clients;
mod contacts;
mod erasures;
mod events;
mod people;
pub mod photos;
mod policy;
mod publications;
mod sessions;
mod tasks;
pub mod tiles;
mod units;

use crate::Web;
use utoipa_axum::router::OpenApiRouter;

pub fn doors() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .merge(areas::doors())
        .merge(audit::doors())
        .merge(calendars::doors())
        .merge(cases::doors())
        .merge(catalogue::doors())
        .merge(clients::doors())
        .merge(contacts::doors())
        .merge(erasures::doors())
        .merge(events::doors())
        .merge(people::doors())
        .merge(photos::doors())
        .merge(policy::doors())
        .merge(publications::doors())
        .merge(sessions::doors())
        .merge(tasks::doors())
        .merge(tiles::doors())
        .merge(units::doors())
}
