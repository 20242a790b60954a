//! Reads the document of units and says everything that is wrong with it.

use super::{Axis, Unit, UnitKinds, Units};
use crate::area::Areas;
use crate::fault::Fault;
use crate::ids::{AreaCode, UnitCode, UnitKind};
use crate::table::{Row, Table, words};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const COLUMNS: [&str; 8] = ["code", "name_zh", "name_en", "kind", "parent", "area", "axis", "closed"];
const REQUIRED: [&str; 4] = ["code", "name_zh", "kind", "area"];

impl Units {
    /// Reads a CSV document of units: `#version`, then one row per unit.
    ///
    /// # Errors
    /// Every fault of the document, by line.
    pub fn parse(file: &str, text: &str, areas: &Areas, kinds: &UnitKinds) -> Result<Units, Vec<Fault>> {
        let mut faults = Vec::new();
        let table = Table::read(file, text, &REQUIRED, &["name_en", "parent", "axis", "closed"], &mut faults);
        table.only_settings(&["version"], &mut faults);
        let version = table.version(&mut faults);
        let mut all: BTreeMap<UnitCode, Unit> = BTreeMap::new();
        let mut lines: BTreeMap<UnitCode, u32> = BTreeMap::new();
        let mut unread = BTreeSet::new();
        for row in table.rows() {
            let code = UnitCode::from(row.needed("code", &mut faults));
            if !code.as_str().is_empty()
                && let Some(line) = lines.insert(code.clone(), row.line)
            {
                faults.push(row.fault(
                    "code",
                    words(
                        format!("编码 {code} 与第 {line} 行重复"),
                        format!("the code {code} is already on line {line}"),
                    ),
                    words("一个编码只写一行", "give each code once"),
                ));
                continue;
            }
            match unit(row, &code, areas, kinds, &mut faults) {
                Some(unit) => {
                    all.insert(code, unit);
                }
                None => {
                    unread.insert(code);
                }
            }
        }
        for row in table.rows() {
            let code = UnitCode::from(row.cell("code"));
            if lines.get(&code) == Some(&row.line) {
                check_parent(row, &code, &all, &unread, &mut faults);
            }
        }
        if !faults.is_empty() {
            faults.sort();
            return Err(faults);
        }
        let mut children: BTreeMap<UnitCode, Vec<UnitCode>> = BTreeMap::new();
        let mut posted: BTreeMap<(UnitKind, AreaCode), Vec<UnitCode>> = BTreeMap::new();
        for unit in all.values() {
            if let Some(parent) = &unit.parent {
                children.entry(parent.clone()).or_default().push(unit.code.clone());
            }
            if unit.is_closed {
                continue;
            }
            posted.entry((unit.kind.clone(), unit.area.clone())).or_default().push(unit.code.clone());
        }
        Ok(Units { version, kinds: kinds.clone(), all, children, posted })
    }
}

fn unit(row: Row, code: &UnitCode, areas: &Areas, kinds: &UnitKinds, faults: &mut Vec<Fault>) -> Option<Unit> {
    if !code.as_str().is_empty() && !is_plain(code.as_str()) {
        faults.push(row.fault(
            "code",
            words(format!("“{code}”不能用作编码"), format!("{:?} cannot be a code", code.as_str())),
            words("用 1–40 个字母、数字、- _ .", "use 1 to 40 letters, digits, - _ ."),
        ));
    }
    let name_zh = row.needed("name_zh", faults).to_owned();
    let kind = UnitKind::from(row.needed("kind", faults));
    let known_kind = kinds.get(&kind);
    if known_kind.is_none() && !kind.as_str().is_empty() {
        faults.push(row.fault(
            "kind",
            words(format!("没有单位类别 {kind}"), format!("there is no kind of unit {kind}")),
            words("改正，或在单位类别表里补上", "correct it, or add it to the kinds of unit"),
        ));
    }
    let area = AreaCode::from(row.needed("area", faults));
    let territory = areas.get(&area);
    if territory.is_none() && !area.as_str().is_empty() {
        faults.push(row.fault(
            "area",
            words(format!("没有编码为 {area} 的区域"), format!("there is no area {area}")),
            words("改正编码，或在区域表里补上", "correct the code, or add the area"),
        ));
    }
    let own_axis = axis(row, faults);
    let is_closed = row.is_yes("closed", faults);
    Some(Unit {
        code: code.clone(),
        name_zh,
        name_en: row.some("name_en").map(str::to_owned),
        parent: row.some("parent").map(UnitCode::from),
        axis: own_axis.or_else(|| known_kind.map(|kind| kind.axis))?,
        region: territory?.region,
        is_closed,
        kind,
        area,
    })
}

fn check_parent(
    row: Row,
    code: &UnitCode,
    all: &BTreeMap<UnitCode, Unit>,
    unread: &BTreeSet<UnitCode>,
    faults: &mut Vec<Fault>,
) {
    let Some(parent) = row.some("parent").map(UnitCode::from) else {
        return;
    };
    if !all.contains_key(&parent) {
        if !unread.contains(&parent) {
            faults.push(row.fault(
                "parent",
                words(format!("没有编码为 {parent} 的上级"), format!("there is no unit {parent}")),
                words("改正编码，或补上这个单位", "correct the code, or add that unit"),
            ));
        }
        return;
    }
    let mut at = Some(&parent);
    for _ in 0..=all.len() {
        match at {
            Some(above) if above == code => {
                faults.push(row.fault(
                    "parent",
                    words(
                        format!("{code} 绕了一圈成了自己的上级"),
                        format!("{code} is part of itself by way of its parents"),
                    ),
                    words("改正这一圈里的一个上级", "correct one of the parents on the way"),
                ));
                return;
            }
            Some(above) => at = all.get(above).and_then(|unit| unit.parent.as_ref()),
            None => return,
        }
    }
}

/// The cell under `axis`; nothing when it is empty or, with a fault, when it is not an axis.
pub(super) fn axis(row: Row, faults: &mut Vec<Fault>) -> Option<Axis> {
    let text = row.some("axis")?;
    let axis = Axis::ALL.into_iter().find(|axis| axis.name() == text);
    if axis.is_none() {
        faults.push(row.fault(
            "axis",
            words(format!("“{text}”不是监督、指挥、处置、督查中的一个"), format!("{text:?} is not an axis")),
            words(
                "写 supervision、command、handling 或 oversight",
                "write supervision, command, handling or oversight",
            ),
        ));
    }
    axis
}

fn is_plain(code: &str) -> bool {
    code.len() <= 40 && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}
