//! What the city looks after, and how fast: classes, filing conditions, limits, closing conditions.
//!
//! Knows the words and figures a city published; knows no case and no calendar. Two national numberings use the same
//! digits for different things, so a class is always named together with its scheme and version. Start at
//! [`Catalogue::parse`] and [`Catalogues::current`].

mod attributes;
mod limit_text;
mod load;

pub use attributes::{Attribute, AttributeValue, Datatype};
pub use limit_text::limit_text;

use crate::area::AreaClass;
use crate::ids::{ClassCode, UnitKind};
use crate::sla::Limit;
use crate::table;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A thing that stands in the city 部件, or something that happens in it 事件.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassKind {
    Part,
    Event,
}

impl ClassKind {
    pub const fn name(self) -> &'static str {
        match self {
            ClassKind::Part => "part",
            ClassKind::Event => "event",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Class {
    /// Kind, major and minor, e.g. `part-01-02`: unique in its scheme only.
    pub code: ClassCode,
    pub kind: ClassKind,
    pub major_code: String,
    pub major_zh: String,
    pub major_en: String,
    pub minor_code: String,
    /// The official name 上水井盖.
    pub name_zh: String,
    pub name_en: String,
    /// What a resident would call it 自来水井盖坏了.
    pub plain_zh: String,
    pub plain_en: String,
    /// By number, at least one.
    pub conditions: Vec<Condition>,
    /// Kinds of unit that answer for it, the first asked first; may be empty, then the territory answers.
    pub responsible: Vec<UnitKind>,
    /// Added by a city to its national scheme.
    pub is_local: bool,
    /// Where the class and its code come from.
    pub provenance: String,
    /// What a reporter is asked beside place and words; for Open311.
    pub attributes: Vec<Attribute>,
}

/// One of the ways a class goes wrong: it, not the class, has the limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// From 1, within its class.
    pub no: u8,
    /// What sort of defect, e.g. `missing`, `dirty`: the same word across classes, for statistics.
    pub code: String,
    pub filing_zh: String,
    pub filing_en: String,
    pub limits: Limits,
    /// What must be ticked before the case can be closed; at least one.
    pub closing: Vec<Tick>,
    /// Danger to life or traffic: shown first, dispatched by telephone as well.
    pub urgent: bool,
    /// Where filing condition and limit come from.
    pub source: String,
}

/// The limit for each management grade of the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    pub a: Limit,
    pub b: Limit,
    pub c: Limit,
}

impl Limits {
    pub const fn all(limit: Limit) -> Self {
        Self { a: limit, b: limit, c: limit }
    }

    pub const fn of(&self, class: AreaClass) -> Limit {
        match class {
            AreaClass::A => self.a,
            AreaClass::B => self.b,
            AreaClass::C => self.c,
        }
    }
}

/// One closing condition, in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    pub zh: String,
    pub en: String,
}

impl Class {
    pub fn condition(&self, no: u8) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.no == no)
    }
}

/// One version of one scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogue {
    pub scheme: String,
    pub version: u32,
    pub title_zh: String,
    pub title_en: String,
    /// Minutes in a working day, for limits given in days.
    pub working_day_minutes: u32,
    /// In file order.
    classes: Vec<Class>,
    by_code: BTreeMap<ClassCode, usize>,
}

impl Catalogue {
    /// In file order: by major and minor, as published.
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    pub fn get(&self, code: &ClassCode) -> Option<&Class> {
        self.by_code.get(code).and_then(|at| self.classes.get(*at))
    }

    /// Writes the document so that [`Catalogue::parse`] reads the same classes back.
    pub fn to_csv(&self) -> String {
        let setting = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        let mut settings = vec![
            setting(&["#scheme", &self.scheme]),
            setting(&["#version", &self.version.to_string()]),
            setting(&["#title", &self.title_zh, &self.title_en]),
            setting(&["#working_day_minutes", &self.working_day_minutes.to_string()]),
        ];
        settings.extend(attributes::settings(&self.classes));
        let rows = self.classes.iter().flat_map(|class| {
            class.conditions.iter().enumerate().map(move |(at, condition)| self.to_row(class, condition, at == 0))
        });
        table::write(&settings, &load::COLUMNS, rows)
    }

    fn to_row(&self, class: &Class, condition: &Condition, is_first: bool) -> Vec<String> {
        let once = |text: &str| {
            if is_first { text.to_owned() } else { String::new() }
        };
        let kinds: Vec<&str> = class.responsible.iter().map(UnitKind::as_str).collect();
        let ticks = |of: fn(&Tick) -> &str| condition.closing.iter().map(of).collect::<Vec<_>>().join(";");
        let Limits { a, b, c } = condition.limits;
        let text = |limit: Limit| limit_text(limit, self.working_day_minutes);
        let unless_b = |limit: Limit| {
            if limit == b { String::new() } else { text(limit) }
        };
        vec![
            class.code.to_string(),
            once(&class.major_zh),
            once(&class.major_en),
            once(&class.name_zh),
            once(&class.name_en),
            once(&class.plain_zh),
            once(&class.plain_en),
            once(if class.is_local { "yes" } else { "" }),
            once(&kinds.join(";")),
            once(&class.provenance),
            condition.no.to_string(),
            condition.code.clone(),
            condition.filing_zh.clone(),
            condition.filing_en.clone(),
            text(b),
            unless_b(a),
            String::new(),
            unless_b(c),
            if condition.urgent { "yes" } else { "" }.to_owned(),
            ticks(|tick| &tick.zh),
            ticks(|tick| &tick.en),
            condition.source.clone(),
        ]
    }
}

/// Every published version of every scheme. Cases filed under an old version keep finding it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogues {
    by_scheme: BTreeMap<String, BTreeMap<u32, Catalogue>>,
}

impl Catalogues {
    /// Adds a version; answers with the one that stood in its place, if any: the caller decides whether that may be.
    pub fn insert(&mut self, catalogue: Catalogue) -> Option<Catalogue> {
        self.by_scheme.entry(catalogue.scheme.clone()).or_default().insert(catalogue.version, catalogue)
    }

    pub fn get(&self, scheme: &str, version: u32) -> Option<&Catalogue> {
        self.by_scheme.get(scheme)?.get(&version)
    }

    /// The highest version of the scheme.
    pub fn current(&self, scheme: &str) -> Option<&Catalogue> {
        self.by_scheme.get(scheme)?.values().next_back()
    }

    /// By name.
    pub fn schemes(&self) -> impl Iterator<Item = &str> {
        self.by_scheme.keys().map(String::as_str)
    }

    /// By scheme and version.
    pub fn all(&self) -> impl Iterator<Item = &Catalogue> {
        self.by_scheme.values().flat_map(BTreeMap::values)
    }
}

#[cfg(test)]
mod tests;
