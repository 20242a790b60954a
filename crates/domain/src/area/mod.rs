//! The city's areas: a tree from the city down to the grid, as deep as its data says.
//!
//! Knows codes, names, parents and validity; knows no shapes (those are `geo`'s) and no people, only totals. An area
//! is never changed or deleted: it ends and has successors, so that a boundary change alters no old figure. Start at
//! [`Areas::parse`] and [`Areas::path`].

pub mod code;
mod load;
mod succession;

use crate::ids::{AreaCode, RegionId, UnitCode};
use crate::table;
use code::{CodeRole, CodeScheme};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One level of the tree; its place in [`Areas::levels`] is its depth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelName {
    pub code: String,
    pub zh: String,
    pub en: String,
    pub role: LevelRole,
}

/// What a level means to the system, beside its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LevelRole {
    Plain,
    /// Its areas are the regions the record is divided by: the county, as a rule. Exactly one level.
    Region,
    /// Its areas are grids and have a [`GridKind`].
    Grid,
}

/// The codes of the usual five levels.
pub const CITY: &str = "city";
pub const COUNTY: &str = "county";
pub const STREET: &str = "street";
pub const COMMUNITY: &str = "community";
pub const GRID: &str = "grid";

/// City, county, street, community, grid: what a document has that lists no levels.
pub fn usual_levels() -> Vec<LevelName> {
    [
        (CITY, "市", "City", LevelRole::Plain),
        (COUNTY, "区县", "County", LevelRole::Region),
        (STREET, "街道（乡镇）", "Street", LevelRole::Plain),
        (COMMUNITY, "社区（村）", "Community", LevelRole::Plain),
        (GRID, "网格", "Grid", LevelRole::Grid),
    ]
    .into_iter()
    .map(|(code, zh, en, role)| LevelName { code: code.to_owned(), zh: zh.to_owned(), en: en.to_owned(), role })
    .collect()
}

/// What sort of grid an area is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum GridKind {
    /// 综合网格: homes and streets.
    General,
    /// 专属网格: a school, a factory, a market, that one organisation answers for.
    Dedicated { host: UnitCode },
    /// 微网格: a part of a grid, such as one stairwell.
    Micro,
}

impl GridKind {
    pub const fn name(&self) -> &'static str {
        match self {
            GridKind::General => "general",
            GridKind::Dedicated { .. } => "dedicated",
            GridKind::Micro => "micro",
        }
    }
}

/// Management grade 管理等级: it picks the limit of a filing condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AreaClass {
    /// core
    A,
    /// general; what an area has for which no ancestor says otherwise
    B,
    /// outer
    C,
}

impl AreaClass {
    pub const ALL: [AreaClass; 3] = [AreaClass::A, AreaClass::B, AreaClass::C];

    pub const fn name(self) -> &'static str {
        match self {
            AreaClass::A => "A",
            AreaClass::B => "B",
            AreaClass::C => "C",
        }
    }
}

/// One area, for as long as it stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Area {
    pub code: AreaCode,
    pub name_zh: String,
    pub name_en: Option<String>,
    /// Depth: index into [`Areas::levels`].
    pub level: u8,
    /// Nothing at the top level only.
    pub parent: Option<AreaCode>,
    /// Present on the levels of role [`LevelRole::Grid`] only.
    pub grid_kind: Option<GridKind>,
    /// Its own grade; ask [`Areas::class_of`] for the one that holds.
    pub class: Option<AreaClass>,
    /// First day.
    pub valid_from: Date,
    /// Last day; nothing while it goes on.
    pub valid_to: Option<Date>,
    /// What took its place after its last day.
    pub successors: Vec<AreaCode>,
    /// Totals; never a list of anybody.
    pub households: Option<u32>,
    pub population: Option<u32>,
    /// The region it lies in; above the region level, six digits of its own.
    pub region: RegionId,
}

/// First and last day.
pub type Period = (Date, Date);

/// What is left of a period when another is taken out.
fn without((from, to): Period, (first, last): Period) -> impl Iterator<Item = Period> {
    let is_apart = last < from || to < first;
    let before = if is_apart { Some((from, to)) } else { first.yesterday().ok().map(|end| (from, end)) };
    let after = if is_apart { None } else { last.tomorrow().ok().map(|start| (start, to)) };
    [before, after].into_iter().flatten().filter(|(from, to)| from <= to)
}

impl Area {
    fn period(&self) -> Period {
        (self.valid_from, self.valid_to.unwrap_or(Date::MAX))
    }

    pub fn is_valid_on(&self, date: Date) -> bool {
        self.valid_from <= date && self.valid_to.is_none_or(|last| date <= last)
    }

    pub fn is_grid(&self) -> bool {
        self.grid_kind.is_some()
    }
}

/// A published version of the tree. Every area has its ancestors, nothing lies in itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Areas {
    pub version: u32,
    pub scheme: CodeScheme,
    pub levels: Vec<LevelName>,
    /// In file order. A code may stand here more than once, for periods that do not overlap.
    all: Vec<Area>,
    /// Oldest period first.
    by_code: BTreeMap<AreaCode, Vec<usize>>,
    /// Of the latest period of each code, by code.
    children: BTreeMap<AreaCode, Vec<AreaCode>>,
    /// Those without a parent, by code.
    roots: Vec<AreaCode>,
    /// 1-based lines in the file it came from, in the order of `all`.
    lines: Vec<u32>,
}

impl Areas {
    pub fn all(&self) -> &[Area] {
        &self.all
    }

    /// The area of this code in its latest period.
    pub fn get(&self, code: &AreaCode) -> Option<&Area> {
        self.by_code.get(code)?.last().and_then(|at| self.all.get(*at))
    }

    /// The area as it was on a day.
    pub fn get_on(&self, code: &AreaCode, date: Date) -> Option<&Area> {
        self.by_code.get(code)?.iter().filter_map(|at| self.all.get(*at)).find(|area| area.is_valid_on(date))
    }

    /// From the root down to the area itself; empty when there is no such area.
    pub fn path(&self, code: &AreaCode) -> Vec<AreaCode> {
        let mut path: Vec<AreaCode> = self.upwards(code).map(|area| area.code.clone()).collect();
        path.reverse();
        path
    }

    /// The area itself, then its parent, up to the root.
    pub fn upwards(&self, code: &AreaCode) -> impl Iterator<Item = &Area> {
        std::iter::successors(self.get(code), |area| self.get(area.parent.as_ref()?))
    }

    /// As [`Areas::path`], by the parents of that day.
    pub fn path_on(&self, code: &AreaCode, date: Date) -> Vec<AreaCode> {
        let up = std::iter::successors(self.get_on(code, date), |area| self.get_on(area.parent.as_ref()?, date));
        let mut path: Vec<AreaCode> = up.map(|area| area.code.clone()).collect();
        path.reverse();
        path
    }

    /// The area whose ground this was on a day: itself; after its end its one successor, before its beginning the one
    /// area it took over from.
    ///
    /// # Errors
    /// The areas that may be meant, when there are several or none.
    pub fn in_force(&self, code: &AreaCode, date: Date) -> Result<&Area, Vec<AreaCode>> {
        let mut code = code.clone();
        for _ in 0..=self.all.len() {
            if let Some(area) = self.get_on(&code, date) {
                return Ok(area);
            }
            let Some(latest) = self.get(&code) else { break };
            let next: Vec<AreaCode> = if latest.valid_to.is_some_and(|last| last < date) {
                latest.successors.clone()
            } else {
                let before = self.all.iter().filter(|area| area.valid_from <= date && area.successors.contains(&code));
                before.map(|area| area.code.clone()).collect()
            };
            match next.as_slice() {
                [one] => code = one.clone(),
                _ => return Err(next),
            }
        }
        Err(Vec::new())
    }

    /// When each area is a place by itself: there, and with nothing below it. Areas that never are have no entry.
    pub fn deepest_periods(&self) -> BTreeMap<AreaCode, Vec<Period>> {
        let mut below: BTreeMap<&AreaCode, Vec<Period>> = BTreeMap::new();
        for area in &self.all {
            if let Some(parent) = &area.parent {
                below.entry(parent).or_default().push(area.period());
            }
        }
        let mut periods: BTreeMap<AreaCode, Vec<Period>> = BTreeMap::new();
        for area in &self.all {
            let mut free = vec![area.period()];
            for taken in below.get(&area.code).into_iter().flatten() {
                free = free.into_iter().flat_map(|period| without(period, *taken)).collect();
            }
            if !free.is_empty() {
                periods.entry(area.code.clone()).or_default().extend(free);
            }
        }
        periods
    }

    /// Direct children, by code.
    pub fn children(&self, code: &AreaCode) -> &[AreaCode] {
        self.children.get(code).map_or(&[], Vec::as_slice)
    }

    /// Everything below, parents before children; without the area itself.
    pub fn descendants(&self, code: &AreaCode) -> Vec<&Area> {
        let mut found = Vec::new();
        let mut open: Vec<&AreaCode> = self.children(code).iter().rev().collect();
        while let Some(next) = open.pop() {
            found.extend(self.get(next));
            open.extend(self.children(next).iter().rev());
        }
        found
    }

    /// The areas without a parent, by code.
    pub fn roots(&self) -> impl Iterator<Item = &Area> {
        self.roots.iter().filter_map(|code| self.get(code))
    }

    /// The level the record is divided by, as the city calls it.
    pub fn region_level(&self) -> Option<&LevelName> {
        self.levels.iter().find(|level| level.role == LevelRole::Region)
    }

    /// The regions the record is divided by, ascending.
    pub fn regions(&self) -> Vec<RegionId> {
        let Some(level) = self.levels.iter().position(|level| level.role == LevelRole::Region) else {
            return Vec::new();
        };
        let regions: BTreeSet<RegionId> =
            self.all.iter().filter(|area| usize::from(area.level) == level).map(|area| area.region).collect();
        regions.into_iter().collect()
    }

    /// The grade of the nearest area upwards that has one; [`AreaClass::B`] when none has.
    pub fn class_of(&self, code: &AreaCode) -> AreaClass {
        self.upwards(code).find_map(|area| area.class).unwrap_or(AreaClass::B)
    }

    pub fn current_on(&self, date: Date) -> impl Iterator<Item = &Area> {
        self.all.iter().filter(move |area| area.is_valid_on(date))
    }

    /// Does everything lie in it? So it is with the only area that has no parent; of several none covers the others.
    pub fn is_whole(&self, code: &AreaCode) -> bool {
        matches!(self.roots.as_slice(), [only] if only == code)
    }

    /// Does the area lie in the other, or is it the same?
    pub fn is_within(&self, code: &AreaCode, ancestor: &AreaCode) -> bool {
        self.upwards(code).any(|area| area.code == *ancestor)
    }

    /// The nearest area upwards, itself included, at the level of this code, e.g. [`STREET`].
    pub fn at_level(&self, code: &AreaCode, level: &str) -> Option<&Area> {
        let level = self.level(level)?;
        self.upwards(code).find(|area| area.level == level)
    }

    /// Depth of the level with this code.
    pub fn level(&self, code: &str) -> Option<u8> {
        self.levels.iter().position(|level| level.code == code).and_then(|depth| u8::try_from(depth).ok())
    }

    pub fn level_name(&self, area: &Area) -> Option<&LevelName> {
        self.levels.get(usize::from(area.level))
    }

    /// Where an area stands in the file it came from: 1-based.
    pub(crate) fn line_of(&self, at: usize) -> Option<u32> {
        self.lines.get(at).copied()
    }

    /// Writes the document so that [`Areas::parse`] reads the same areas back.
    pub fn to_csv(&self) -> String {
        let mut settings = vec![
            vec!["#version".to_owned(), self.version.to_string()],
            vec!["#scheme".to_owned(), self.scheme.name().to_owned()],
        ];
        for level in &self.levels {
            let role = match level.role {
                LevelRole::Plain => "",
                LevelRole::Region => "region",
                LevelRole::Grid => "grid",
            };
            let setting = ["#level", &level.code, &level.zh, &level.en, role];
            settings.push(setting.map(str::to_owned).to_vec());
        }
        let rows = self.all.iter().map(|area| {
            let host = match &area.grid_kind {
                Some(GridKind::Dedicated { host }) => host.to_string(),
                _ => String::new(),
            };
            let successors: Vec<&str> = area.successors.iter().map(AreaCode::as_str).collect();
            let number = |total: Option<u32>| total.map_or_else(String::new, |total| total.to_string());
            vec![
                area.code.to_string(),
                area.name_zh.clone(),
                area.name_en.clone().unwrap_or_default(),
                self.level_name(area).map_or_else(String::new, |level| level.code.clone()),
                area.parent.as_ref().map_or_else(String::new, AreaCode::to_string),
                area.grid_kind.as_ref().map_or("", GridKind::name).to_owned(),
                host,
                area.class.map_or("", AreaClass::name).to_owned(),
                area.valid_from.to_string(),
                area.valid_to.map_or_else(String::new, |date| date.to_string()),
                successors.join(";"),
                number(area.households),
                number(area.population),
                area.region.to_string(),
            ]
        });
        table::write(&settings, &load::COLUMNS, rows)
    }
}

/// How the code of an area on this level is read: grids in grids are micro-grids.
fn code_role(level: LevelRole, parent_is_grid: bool) -> CodeRole {
    match (level, parent_is_grid) {
        (LevelRole::Grid, true) => CodeRole::Micro,
        (LevelRole::Grid, false) => CodeRole::Grid,
        _ => CodeRole::Division,
    }
}

#[cfg(test)]
mod tests;
