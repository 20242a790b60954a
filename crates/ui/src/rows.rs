//! Lights and rows of lists, as people read them.

use crate::{names, words::Words};
use gewu_app::{cases::list, city::Snapshot};
use gewu_domain::{ids::RegionId, sla::Light};
use gewu_store::cases::CaseRow;
use jiff::Timestamp;

/// A light: a shape by `kind`, a word, and the exact deadline on demand.
#[derive(Debug, Clone)]
pub struct LightView {
    /// `green`, `yellow`, `red`, `paused` or `none`.
    pub kind: &'static str,
    /// The light's name, for those who hear the page.
    pub name: String,
    pub word: String,
    pub exactly: String,
}

impl LightView {
    pub fn of(words: &Words, light: Option<Light>, due_at: Option<Timestamp>) -> LightView {
        let exactly = due_at.map(|due_at| words.t1("light-due", "at", words.exactly(due_at))).unwrap_or_default();
        let left = || due_at.map(|due_at| words.left(due_at)).unwrap_or_default();
        let (kind, name, word) = match light {
            Some(Light::Green) => ("green", words.t("light-green"), left()),
            Some(Light::Yellow) => ("yellow", String::new(), words.t1("light-yellow", "left", left())),
            Some(Light::Red) => ("red", String::new(), left()),
            Some(Light::Paused) => ("paused", String::new(), words.t("light-paused")),
            None => ("none", String::new(), words.t("light-none")),
        };
        LightView { kind, name, word, exactly }
    }
}

/// A case as a row of a list.
#[derive(Debug, Clone)]
pub struct CaseLine {
    pub href: String,
    pub title: String,
    pub excerpt: Option<String>,
    pub number: String,
    pub state: String,
    pub state_code: &'static str,
    pub light: LightView,
    pub place: String,
    pub is_placed: bool,
    pub unit: String,
    pub source: String,
    pub reported: String,
    pub reported_exactly: String,
    pub reported_at: String,
    pub is_urgent: bool,
    pub point: Option<(f64, f64)>,
}

impl CaseLine {
    pub fn of(snapshot: &Snapshot, words: &Words, region: RegionId, row: &CaseRow) -> CaseLine {
        let class = names::class_of_row(snapshot, row);
        let title = class.map(|class| names::class_plain(words, class).to_owned());
        let excerpt = row.excerpt.clone();
        let (title, excerpt) = match (title, excerpt) {
            (Some(title), excerpt) => (title, excerpt),
            (None, Some(excerpt)) => (excerpt, None),
            (None, None) => (words.t("case-untitled"), None),
        };
        CaseLine {
            href: format!("/cases/{region}/{}", row.id),
            title,
            excerpt,
            number: row.number.clone(),
            state: names::state(snapshot, words, row.state),
            state_code: row.state.code(),
            light: LightView::of(words, list::light(row.warn_at, row.due_at, words.now), row.due_at),
            place: names::place_short(snapshot, words, &row.path),
            is_placed: row.is_placed,
            unit: row.unit.as_ref().map(|unit| names::unit(snapshot, words, unit)).unwrap_or_default(),
            source: names::source(words, row.source),
            reported: words.when(row.reported_at),
            reported_exactly: words.exactly(row.reported_at),
            reported_at: row.reported_at.to_string(),
            is_urgent: row.is_urgent,
            point: row.point,
        }
    }
}

/// One of several to choose from.
#[derive(Debug, Clone)]
pub struct Choice {
    pub value: String,
    pub label: String,
    pub is_chosen: bool,
}

impl Choice {
    pub fn new(value: impl ToString, label: impl Into<String>, is_chosen: bool) -> Choice {
        Choice { value: value.to_string(), label: label.into(), is_chosen }
    }
}
