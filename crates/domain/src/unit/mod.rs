//! The organisations that answer for the city: departments, streets, communities, utilities, contractors.
//!
//! Knows what a unit is, where it stands in its tree and which territory it answers for; knows nothing of the people
//! in it. Start at [`Units::parse`] and, for who should get a case, at [`propose::propose`].

mod kind;
mod load;
pub mod propose;

pub use kind::{KindRole, UnitKindName, UnitKinds};

use crate::area::{Areas, GridKind};
use crate::fault::Fault;
use crate::ids::{AreaCode, RegionId, UnitCode, UnitKind};
use crate::table::{self, fault, words};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// On which of the two axes a unit stands. Supervision collects, files, checks and closes; command dispatches; nobody
/// is on both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    Supervision,
    Command,
    Handling,
    /// Sees, urges and decides on extensions; handles nothing: leaders, inspection, audit.
    Oversight,
}

impl Axis {
    pub const ALL: [Axis; 4] = [Axis::Supervision, Axis::Command, Axis::Handling, Axis::Oversight];

    pub const fn name(self) -> &'static str {
        match self {
            Axis::Supervision => "supervision",
            Axis::Command => "command",
            Axis::Handling => "handling",
            Axis::Oversight => "oversight",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    pub code: UnitCode,
    pub name_zh: String,
    pub name_en: Option<String>,
    pub kind: UnitKind,
    pub parent: Option<UnitCode>,
    /// The territory it answers for.
    pub area: AreaCode,
    pub axis: Axis,
    /// The region of its territory.
    pub region: RegionId,
    /// It is no more. It keeps its row, because old cases name it, and is given nothing new.
    pub is_closed: bool,
}

/// A published version of the units. Every unit has its ancestors and its territory; nothing lies in itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Units {
    pub version: u32,
    pub kinds: UnitKinds,
    /// By code.
    all: BTreeMap<UnitCode, Unit>,
    children: BTreeMap<UnitCode, Vec<UnitCode>>,
    /// Units at work, by kind and territory, each list by code.
    posted: BTreeMap<(UnitKind, AreaCode), Vec<UnitCode>>,
}

impl Units {
    /// By code, closed ones too.
    pub fn all(&self) -> impl Iterator<Item = &Unit> {
        self.all.values()
    }

    pub fn get(&self, code: &UnitCode) -> Option<&Unit> {
        self.all.get(code)
    }

    /// From the topmost unit down to the unit itself; empty when there is no such unit.
    pub fn path(&self, code: &UnitCode) -> Vec<UnitCode> {
        let mut path: Vec<UnitCode> = self.upwards(code).map(|unit| unit.code.clone()).collect();
        path.reverse();
        path
    }

    /// The unit itself, then its parent, up to the top.
    pub fn upwards(&self, code: &UnitCode) -> impl Iterator<Item = &Unit> {
        std::iter::successors(self.get(code), |unit| self.get(unit.parent.as_ref()?))
    }

    /// Direct children, by code.
    pub fn children(&self, code: &UnitCode) -> &[UnitCode] {
        self.children.get(code).map_or(&[], Vec::as_slice)
    }

    /// Is the unit part of the other, or the same?
    pub fn within(&self, code: &UnitCode, ancestor: &UnitCode) -> bool {
        self.upwards(code).any(|unit| unit.code == *ancestor)
    }

    /// The unit at work of this kind whose territory contains the place most closely: `area_path` runs from the root to the
    /// place, as [`Areas::path`] gives it. Of several for the same territory, the first by code.
    pub fn of_kind_for(&self, kind: &UnitKind, area_path: &[AreaCode]) -> Option<&Unit> {
        self.all_of_kind_for(kind, area_path).next()
    }

    /// All units at work of this kind whose territory contains the place, the closest first.
    pub fn all_of_kind_for<'u>(&'u self, kind: &UnitKind, area_path: &[AreaCode]) -> impl Iterator<Item = &'u Unit> {
        let codes: Vec<&'u UnitCode> = area_path
            .iter()
            .rev()
            .filter_map(|area| self.posted.get(&(kind.clone(), area.clone())))
            .flatten()
            .collect();
        codes.into_iter().filter_map(|code| self.get(code))
    }

    /// What is wrong with the hosts of the dedicated grids: `areas_file` is the file the areas came from.
    pub fn check_hosts(&self, areas_file: &str, areas: &Areas) -> Vec<Fault> {
        let unknown = |(at, host): (usize, &UnitCode)| {
            (!self.all.contains_key(host)).then(|| {
                fault(
                    areas_file,
                    areas.line_of(at),
                    Some("host"),
                    words(format!("没有编码为 {host} 的主体单位"), format!("there is no unit {host}")),
                    words("改正编码，或在单位表里补上它", "correct the code, or add the unit"),
                )
            })
        };
        let hosts = areas.all().iter().enumerate().filter_map(|(at, area)| match &area.grid_kind {
            Some(GridKind::Dedicated { host }) => Some((at, host)),
            _ => None,
        });
        hosts.filter_map(unknown).collect()
    }

    /// What is wrong with publishing these units after `previous`: old cases name units, so none may vanish.
    pub fn check_after(&self, file: &str, previous: &Units) -> Vec<Fault> {
        let gone = previous.all().filter(|unit| !self.all.contains_key(&unit.code));
        gone.map(|unit| {
            fault(
                file,
                None,
                Some("code"),
                words(format!("单位 {} {} 不见了", unit.code, unit.name_zh), format!("the unit {} is gone", unit.code)),
                words("把这一行放回来，撤销的单位在 closed 列写 yes", "put the row back, with yes under closed"),
            )
        })
        .collect()
    }

    /// Writes the document so that [`Units::parse`] reads the same units back.
    pub fn to_csv(&self) -> String {
        let settings = [vec!["#version".to_owned(), self.version.to_string()]];
        let rows = self.all().map(|unit| {
            vec![
                unit.code.to_string(),
                unit.name_zh.clone(),
                unit.name_en.clone().unwrap_or_default(),
                unit.kind.to_string(),
                unit.parent.as_ref().map_or_else(String::new, UnitCode::to_string),
                unit.area.to_string(),
                unit.axis.name().to_owned(),
                if unit.is_closed { "yes" } else { "" }.to_owned(),
            ]
        });
        table::write(&settings, &load::COLUMNS, rows)
    }
}

#[cfg(test)]
mod tests;
