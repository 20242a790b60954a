//! Choosing an area step by step, level by level: a part of several forms, and what scripts fetch when one is chosen.

use crate::{Ui, failure::Failure, fields::Fields, names, rows::Choice, session::Visitor, words::Words};
use askama::Template;
use axum::{
    extract::{Query, State},
    response::{Html, IntoResponse, Response},
};
use gewu_app::{city::Snapshot, locate::Location};
use gewu_domain::ids::AreaCode;

/// One select for each level that can be chosen now.
#[derive(Debug, Clone)]
pub struct AreaPick {
    pub levels: Vec<AreaLevel>,
    /// What was found at a point, in words; `None` when no point was asked for.
    pub found: Option<String>,
}

#[derive(Debug, Clone)]
pub struct AreaLevel {
    pub name: String,
    pub options: Vec<Choice>,
}

impl AreaPick {
    /// From what was chosen at each level, top first. Choices that do not lie in the one above are forgotten.
    pub fn of(snapshot: &Snapshot, words: &Words, chosen: &[AreaCode]) -> AreaPick {
        let areas = &snapshot.city.areas;
        let today = words.now.to_zoned(words.zone.clone()).date();
        let mut levels = Vec::new();
        let mut above = areas.roots().next();
        while let Some(parent) = above {
            let children: Vec<_> = areas
                .children(&parent.code)
                .iter()
                .filter_map(|code| areas.get(code))
                .filter(|area| area.is_valid_on(today))
                .collect();
            let Some(first) = children.first() else { break };
            let level = areas.level_name(first);
            let next = children.iter().find(|area| chosen.contains(&area.code)).copied();
            levels.push(AreaLevel {
                name: level.map_or_else(String::new, |level| words.of(&level.zh, &level.en).to_owned()),
                options: children
                    .iter()
                    .map(|area| {
                        let is_chosen = next.is_some_and(|next| next.code == area.code);
                        Choice::new(&area.code, names::area_name(words, area), is_chosen)
                    })
                    .collect(),
            });
            above = next;
        }
        AreaPick { levels, found: None }
    }

    /// As a form sent it.
    pub fn of_fields(snapshot: &Snapshot, words: &Words, fields: &Fields) -> AreaPick {
        let chosen: Vec<AreaCode> = fields.all("area").map(AreaCode::from).collect();
        AreaPick::of(snapshot, words, &chosen)
    }

    /// With one area and all above it chosen.
    pub fn at(snapshot: &Snapshot, words: &Words, area: &AreaCode) -> AreaPick {
        AreaPick::of(snapshot, words, &snapshot.city.areas.path(area))
    }

    /// The deepest area chosen.
    pub fn deepest(&self) -> Option<AreaCode> {
        let chosen = |level: &AreaLevel| level.options.iter().find(|option| option.is_chosen).map(|o| o.value.clone());
        self.levels.iter().filter_map(chosen).next_back().map(AreaCode::new)
    }
}

#[derive(Template)]
#[template(path = "parts/areas.html")]
struct AreasPart {
    f: Words,
    pick: AreaPick,
}

/// The selects, with what was chosen just now: an area at some level, or a point.
pub async fn areas(
    State(ui): State<Ui>,
    visitor: Visitor,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let snapshot = ui.app.snapshot()?;
    let words = &visitor.words;
    let fields = Fields::of(pairs);
    let pick = match (fields.number("lon"), fields.number("lat")) {
        (Some(lon), Some(lat)) => {
            let place = ui.app.locate(&Location { point: Some((lon, lat)), ..Location::default() })?.place;
            let found = match place.deepest() {
                Some(_) => words.t1("place-found", "area", names::place_long(&snapshot, words, &place.path)),
                None => words.t("place-outside"),
            };
            AreaPick { found: Some(found), ..AreaPick::of(&snapshot, words, &place.path) }
        }
        _ => AreaPick::of_fields(&snapshot, words, &fields),
    };
    Ok(Html(AreasPart { f: visitor.words, pick }.render()?).into_response())
}
