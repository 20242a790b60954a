//! The resident's first page: report, find a report, see what is happening nearby.

use crate::{
    Ui,
    failure::Failure,
    frame::{Frame, page},
    names,
    rows::{CaseLine, Choice},
    session::Visitor,
};
use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use gewu_app::AppError;
use gewu_domain::{area::STREET, case::StateKind, ids::AreaCode};
use gewu_store::{Page, cases::CaseFilter};
use serde::Deserialize;

/// Rows of "nearby".
const ROWS: u16 = 8;
/// Days the figures look back.
const DAYS: u8 = 7;

/// States in which a case is shown to everybody: taken on, and not withdrawn.
const PUBLIC: [StateKind; 11] = [
    StateKind::AwaitingDispatch,
    StateKind::Dispatched,
    StateKind::Returned,
    StateKind::Handling,
    StateKind::Suspended,
    StateKind::Handled,
    StateKind::Checking,
    StateKind::Rework,
    StateKind::AwaitingClose,
    StateKind::Closed,
    StateKind::Reopened,
];

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    f: Frame,
    reported: u64,
    closed: u64,
    open: u64,
    days: u8,
    /// Counties and their streets.
    areas: Vec<(String, Vec<Choice>)>,
    lines: Vec<CaseLine>,
}

#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    area: String,
}

pub async fn show(State(ui): State<Ui>, visitor: Visitor, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let snapshot = ui.app.snapshot()?;
    let words = &visitor.words;
    let areas = &snapshot.city.areas;
    let chosen = Some(AreaCode::new(asked.area)).filter(|area| areas.get(area).is_some());
    let filter = CaseFilter { states: PUBLIC.to_vec(), area: chosen.clone(), ..CaseFilter::default() };
    let mut found = Vec::new();
    for region in areas.regions() {
        let wanted = chosen.as_ref().and_then(|area| areas.get(area)).is_none_or(|area| area.region == region);
        if wanted {
            let listing = ui.app.public_feed(region, &filter, &Page::first(ROWS), false).await?;
            found.extend(listing.rows.into_iter().map(|case| (region, case.row)));
        }
    }
    found.sort_by_key(|(_, row)| std::cmp::Reverse(row.reported_at));
    found.truncate(usize::from(ROWS));
    let lines = found.iter().map(|(region, row)| CaseLine::of(&snapshot, words, *region, row)).collect();
    let figures = ui.app.public_figures(DAYS).await?;
    let street = areas.level(STREET);
    let today = ui.app.today();
    let of_county = |code: &AreaCode| -> Vec<Choice> {
        let below = areas.descendants(code);
        let streets = below.into_iter().filter(|area| Some(area.level) == street && area.is_valid_on(today));
        streets
            .map(|area| Choice::new(&area.code, names::area_name(words, area), chosen.as_ref() == Some(&area.code)))
            .collect()
    };
    let root = areas.roots().next().map(|root| root.code.clone()).ok_or(AppError::NotFound)?;
    let areas = areas
        .children(&root)
        .iter()
        .filter_map(|code| areas.get(code))
        .map(|county| (names::area_name(words, county).to_owned(), of_county(&county.code)))
        .filter(|(_, streets)| !streets.is_empty())
        .collect();
    let f = Frame::of(&ui, visitor, "home");
    let gewu_app::cases::list::PublicFigures { reported, closed, open } = figures;
    Ok(page(&HomePage { f, reported, closed, open, days: DAYS, areas, lines })?.into_response())
}
