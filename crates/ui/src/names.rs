//! What codes are called on screen: areas, units, classes, states, roles, in the visitor's language and the city's words.

use crate::words::Words;
use gewu_app::city::Snapshot;
use gewu_domain::{
    area::{Area, LevelRole},
    case::{Move, Source, StateKind, TaskKind},
    catalogue::{Catalogue, Class},
    ids::{AreaCode, ReasonCode, RegionId, UnitCode},
    people::Role,
};
use gewu_store::cases::CaseRow;

pub fn area(snapshot: &Snapshot, words: &Words, code: &AreaCode) -> String {
    snapshot.city.areas.get(code).map_or_else(|| code.to_string(), |area| area_name(words, area).to_owned())
}

pub fn area_name<'a>(words: &Words, area: &'a Area) -> &'a str {
    words.name(&area.name_zh, area.name_en.as_deref())
}

/// The county a region is.
pub fn region(snapshot: &Snapshot, words: &Words, region: RegionId) -> String {
    let areas = &snapshot.city.areas;
    let level = areas.levels.iter().position(|level| level.role == LevelRole::Region);
    areas
        .all()
        .iter()
        .find(|area| area.region == region && Some(usize::from(area.level)) == level)
        .map_or_else(|| region.to_string(), |area| area_name(words, area).to_owned())
}

pub fn unit(snapshot: &Snapshot, words: &Words, code: &UnitCode) -> String {
    snapshot
        .city
        .units
        .get(code)
        .map_or_else(|| code.to_string(), |unit| words.name(&unit.name_zh, unit.name_en.as_deref()).to_owned())
}

/// The two smallest areas of a path: enough for somebody who works there.
pub fn place_short(snapshot: &Snapshot, words: &Words, path: &[AreaCode]) -> String {
    joined(snapshot, words, path.get(path.len().saturating_sub(2).max(1)..).unwrap_or_default())
}

/// All areas of a path below the city.
pub fn place_long(snapshot: &Snapshot, words: &Words, path: &[AreaCode]) -> String {
    joined(snapshot, words, path.get(1..).unwrap_or_default())
}

fn joined(snapshot: &Snapshot, words: &Words, path: &[AreaCode]) -> String {
    let mut names: Vec<String> = path.iter().map(|code| area(snapshot, words, code)).collect();
    // A name that begins with the one above says both: 柳苑第三网格 · 柳苑第三网格微网格一.
    for at in (1..names.len()).rev() {
        if names
            .get(at.saturating_sub(1))
            .is_some_and(|above| names.get(at).is_some_and(|name| name.starts_with(above)))
        {
            names.remove(at.saturating_sub(1));
        }
    }
    names.join(" · ")
}

/// What the people of the city call a class.
pub fn class_plain<'c>(words: &Words, class: &'c Class) -> &'c str {
    words.of(&class.plain_zh, &class.plain_en)
}

/// The official name of a class.
pub fn class_name<'c>(words: &Words, class: &'c Class) -> &'c str {
    words.of(&class.name_zh, &class.name_en)
}

/// The class of a row of a list, in its newest version.
pub fn class_of_row<'s>(snapshot: &'s Snapshot, row: &CaseRow) -> Option<&'s Class> {
    snapshot.city.catalogues.current(row.scheme.as_deref()?)?.get(row.class.as_ref()?)
}

/// The catalogue new reports are filed under.
pub fn catalogue(snapshot: &Snapshot) -> Option<&Catalogue> {
    snapshot.city.catalogues.current(&snapshot.city.policy.scheme)
}

/// A state in the city's own words, where it has any.
pub fn state(snapshot: &Snapshot, words: &Words, state: StateKind) -> String {
    label(snapshot, words, state.code(), state.zh(), state.en())
}

pub fn step(snapshot: &Snapshot, words: &Words, step: Move) -> String {
    label(snapshot, words, step.code(), step.zh(), step.en())
}

fn label(snapshot: &Snapshot, words: &Words, code: &str, zh: &str, en: &str) -> String {
    match snapshot.city.policy.labels.get(code) {
        Some(label) => words.of(&label.zh, &label.en).to_owned(),
        None => words.of(zh, en).to_owned(),
    }
}

pub fn reason(snapshot: &Snapshot, words: &Words, code: &ReasonCode) -> String {
    let (zh, en) = snapshot.city.policy.reason_label(code);
    words.of(zh, en).to_owned()
}

pub fn role(words: &Words, role: Role) -> String {
    words.t(&format!("role-{}", role.code().replace('_', "-")))
}

pub fn source(words: &Words, source: Source) -> String {
    words.t1(&format!("source-{}", source.code()), "number", &words.own.hotline)
}

pub fn task(words: &Words, kind: TaskKind) -> String {
    words.t(&format!("task-{}", kind.code().replace('_', "-")))
}
