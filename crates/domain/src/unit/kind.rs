//! The kinds of unit a catalogue may name as responsible: data, one row each.

use super::Axis;
use crate::fault::Fault;
use crate::ids::UnitKind;
use crate::table::{Table, fault, words};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Why a unit of this kind would get a case. It decides the order of proposals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KindRole {
    /// 权属: it owns or maintains the thing.
    Owner,
    /// 行业: the matter is its trade or its duty.
    Trade,
    /// 属地: the place is its territory.
    Territory,
    /// 中心: it runs the service itself and handles only what the city gives it.
    Centre,
}

impl KindRole {
    const ALL: [KindRole; 4] = [KindRole::Owner, KindRole::Trade, KindRole::Territory, KindRole::Centre];

    pub const fn name(self) -> &'static str {
        match self {
            KindRole::Owner => "owner",
            KindRole::Trade => "trade",
            KindRole::Territory => "territory",
            KindRole::Centre => "centre",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitKindName {
    pub code: UnitKind,
    pub zh: String,
    pub en: String,
    pub role: KindRole,
    /// The axis of its units unless they say otherwise.
    pub axis: Axis,
    /// Marks the one kind that takes a case for which nobody else is found 属地兜底: the street office, as a rule.
    pub is_backstop: bool,
}

/// All kinds, in file order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitKinds {
    pub all: Vec<UnitKindName>,
    by_code: BTreeMap<UnitKind, usize>,
}

impl UnitKinds {
    /// Reads a CSV document with the columns `code,zh,en,role,axis,backstop`.
    ///
    /// # Errors
    /// Every fault of the document, by line.
    pub fn parse(file: &str, text: &str) -> Result<UnitKinds, Vec<Fault>> {
        let mut faults = Vec::new();
        let table = Table::read(file, text, &["code", "zh", "en", "role"], &["axis", "backstop"], &mut faults);
        table.only_settings(&[], &mut faults);
        let mut kinds = UnitKinds { all: Vec::new(), by_code: BTreeMap::new() };
        let mut backstop_line = None;
        for row in table.rows() {
            let code = UnitKind::from(row.needed("code", &mut faults));
            let zh = row.needed("zh", &mut faults).to_owned();
            let en = row.needed("en", &mut faults).to_owned();
            let role_name = row.needed("role", &mut faults);
            let role = KindRole::ALL.into_iter().find(|role| role.name() == role_name);
            if role.is_none() && !role_name.is_empty() {
                faults.push(row.fault(
                    "role",
                    words(format!("类别“{role_name}”不认识"), format!("{role_name:?} is not a role of units")),
                    words("写 owner、trade、territory 或 centre", "write owner, trade, territory or centre"),
                ));
            }
            let axis = super::load::axis(row, &mut faults).unwrap_or(Axis::Handling);
            let is_backstop = row.is_yes("backstop", &mut faults);
            if is_backstop && let Some(line) = backstop_line.replace(row.line) {
                faults.push(row.fault(
                    "backstop",
                    words(format!("兜底类别已在第 {line} 行"), format!("the backstop is already on line {line}")),
                    words("只留一个 yes", "keep one yes"),
                ));
            }
            if kinds.by_code.insert(code.clone(), kinds.all.len()).is_some() {
                faults.push(row.fault(
                    "code",
                    words(format!("单位类别 {code} 重复"), format!("the kind {code} is given twice")),
                    words("删去一行", "remove one"),
                ));
            }
            let role = role.unwrap_or(KindRole::Trade);
            kinds.all.push(UnitKindName { code, zh, en, role, axis, is_backstop });
        }
        if faults.is_empty() { Ok(kinds) } else { Err(faults) }
    }

    pub fn get(&self, code: &UnitKind) -> Option<&UnitKindName> {
        self.by_code.get(code).and_then(|at| self.all.get(*at))
    }

    pub fn contains(&self, code: &UnitKind) -> bool {
        self.by_code.contains_key(code)
    }

    /// What is wrong with publishing these kinds after `previous`: published catalogues name kinds, so none may vanish.
    pub fn check_after(&self, file: &str, previous: &UnitKinds) -> Vec<Fault> {
        let gone = previous.all.iter().filter(|kind| !self.contains(&kind.code));
        gone.map(|kind| {
            fault(
                file,
                None,
                Some("code"),
                words(
                    format!("单位类别 {} {} 不见了", kind.code, kind.zh),
                    format!("the kind of unit {} is gone", kind.code),
                ),
                words("把这一行放回来，已发布的目录还在用它", "put the row back: published catalogues name it"),
            )
        })
        .collect()
    }

    /// The kind that takes what nobody else answers for.
    pub fn backstop(&self) -> Option<&UnitKindName> {
        self.all.iter().find(|kind| kind.is_backstop)
    }
}
