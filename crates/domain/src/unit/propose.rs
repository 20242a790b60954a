//! Which units should be asked to handle a case, and why, in the order in which to ask them.
//!
//! Knows the catalogue's responsible kinds and the two trees; decides nothing: a dispatcher does, or a routing rule.

use super::{KindRole, Unit, Units};
use crate::area::{Areas, GridKind};
use crate::catalogue::ClassKind;
use crate::ids::{AreaCode, UnitCode, UnitKind};
use crate::table::{Words, words};

/// A unit that could handle the case, and one sentence why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    pub unit: UnitCode,
    pub reason: Words,
}

/// Proposes units for a case of a class with these responsible kinds, at a place.
///
/// Of each kind, the unit whose territory contains the place most closely. Parts: owner, then trade, then territory.
/// Events: the smallest territory first, so that whoever is nearest acts first. Equal ranks keep the order of
/// `responsible`. The host of a dedicated grid, if its territory contains it, comes first for events and after the owners
/// for parts. When nobody is found the backstop kind's unit is proposed 属地兜底; empty only when the place has none, or is
/// unknown.
pub fn propose(
    responsible: &[UnitKind],
    class: ClassKind,
    place: &AreaCode,
    units: &Units,
    areas: &Areas,
) -> Vec<Proposal> {
    let path = areas.path(place);
    let depth_of = |unit: &Unit| path.iter().position(|area| *area == unit.area).unwrap_or(0);
    let role_of = |unit: &Unit| units.kinds.get(&unit.kind).map_or(KindRole::Trade, |kind| kind.role);

    let mut found: Vec<(usize, &Unit, Words)> = Vec::new();
    let host = host_of(place, areas).and_then(|code| units.get(code));
    let host = host.filter(|host| !host.is_closed && path.contains(&host.area));
    if let Some(host) = host {
        let rank = match class {
            ClassKind::Part => part_rank(KindRole::Owner) + 1,
            ClassKind::Event => 0,
        };
        let reason = words(
            format!("这里是专属网格，由{}负责", host.name_zh),
            format!("this is a dedicated grid; {} answers for it", name_en(host)),
        );
        found.push((rank, host, reason));
    }
    for kind in responsible {
        let Some(unit) = units.of_kind_for(kind, &path) else {
            continue;
        };
        if found.iter().any(|(_, known, _)| known.code == unit.code) {
            continue;
        }
        let role = role_of(unit);
        let rank = match class {
            ClassKind::Part => part_rank(role),
            ClassKind::Event => 1 + path.len().saturating_sub(depth_of(unit)),
        };
        found.push((rank, unit, reason(role, unit, areas)));
    }
    found.sort_by_key(|(rank, ..)| *rank);
    if found.is_empty()
        && let Some(unit) = units.kinds.backstop().and_then(|kind| units.of_kind_for(&kind.code, &path))
    {
        let reason = words(
            format!("没有找到责任单位，由属地{}兜底", unit.name_zh),
            format!("nobody else was found, so the territory's {} takes it", name_en(unit)),
        );
        found.push((0, unit, reason));
    }
    found.into_iter().map(|(_, unit, reason)| Proposal { unit: unit.code.clone(), reason }).collect()
}

fn part_rank(role: KindRole) -> usize {
    match role {
        KindRole::Owner => 0,
        KindRole::Trade => 2,
        KindRole::Territory => 3,
        KindRole::Centre => 4,
    }
}

fn host_of<'a>(place: &AreaCode, areas: &'a Areas) -> Option<&'a UnitCode> {
    areas.upwards(place).find_map(|area| match &area.grid_kind {
        Some(GridKind::Dedicated { host }) => Some(host),
        _ => None,
    })
}

fn reason(role: KindRole, unit: &Unit, areas: &Areas) -> Words {
    let area = areas.get(&unit.area);
    let area_zh = area.map_or("", |area| area.name_zh.as_str());
    let area_en = area.map_or("", |area| area.name_en.as_deref().unwrap_or(&area.name_zh));
    let (unit_zh, unit_en) = (&unit.name_zh, name_en(unit));
    match role {
        KindRole::Owner => words(
            format!("{unit_zh}是{area_zh}内这类设施的权属或维护单位"),
            format!("{unit_en} owns or maintains this in {area_en}"),
        ),
        KindRole::Trade => words(
            format!("这类问题在{area_zh}由{unit_zh}主管"),
            format!("{unit_en} is responsible for this in {area_en}"),
        ),
        KindRole::Territory => words(
            format!("事发地在{area_zh}，属{unit_zh}辖区"),
            format!("the place is in {area_en}, the territory of {unit_en}"),
        ),
        KindRole::Centre => words(format!("{area_zh}由{unit_zh}承办"), format!("{unit_en} takes this in {area_en}")),
    }
}

fn name_en(unit: &Unit) -> &str {
    unit.name_en.as_deref().unwrap_or(&unit.name_zh)
}
