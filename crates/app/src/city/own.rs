//! What a post of one area may publish: files whose every change lies in it.
//!
//! Files are published whole. Whoever is limited to an area takes the file in force, changes rows of their own and leaves
//! all others as they are.

use super::{Kind, Snapshot, fault};
use gewu_domain::{
    area::{Area, Areas},
    fault::Fault,
    ids::{AreaCode, UnitCode},
};
use gewu_geo::datum::Point;
use std::collections::{BTreeMap, BTreeSet};

/// Named singly up to here, then counted.
const NAMED_MOST: usize = 20;

/// Do the rows of such a file belong to areas? The others are the whole city's.
pub(super) fn is_by_area(kind: Kind) -> bool {
    match kind {
        Kind::Areas | Kind::Shapes | Kind::Units | Kind::Parts => true,
        Kind::UnitKinds | Kind::Catalogue | Kind::Calendar | Kind::Policy => false,
    }
}

/// Changes that lie outside an area, in the files offered.
pub(super) fn check(
    own: &AreaCode,
    before: &Snapshot,
    after: &Snapshot,
    offered: &BTreeMap<Kind, String>,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (kind, file) in offered {
        let others: Vec<String> = match kind {
            Kind::Areas => areas(own, &before.city.areas, &after.city.areas),
            Kind::Shapes => shapes(own, before, after),
            Kind::Units => units(own, before, after),
            Kind::Parts => parts(own, before, after),
            // Asked before: they need the whole city.
            Kind::UnitKinds | Kind::Catalogue | Kind::Calendar | Kind::Policy => Vec::new(),
        };
        faults.extend(others.iter().take(NAMED_MOST).map(|what| {
            fault(
                file,
                &format!("{what} is changed, and does not lie in {own}"),
                &format!("改动了 {what}，它不在 {own} 之内"),
                "take this row over from the version in force, or have somebody with a post of the whole city publish",
                "请照抄现行版本的这一行，或请全市岗位的管理员发布",
            )
        }));
        if let Some(more) = others.len().checked_sub(NAMED_MOST).filter(|more| *more > 0) {
            faults.push(fault(
                file,
                &format!("{more} more changes do not lie in {own}"),
                &format!("另有 {more} 处改动不在 {own} 之内"),
                "begin with the version in force",
                "请从现行版本改起",
            ));
        }
    }
    faults
}

/// Rows that are not below the area: its own row says where it lies, which is not for itself to say.
fn areas(own: &AreaCode, before: &Areas, after: &Areas) -> Vec<String> {
    if (&before.levels, before.scheme) != (&after.levels, after.scheme) {
        return vec!["#level, #scheme".to_owned()];
    }
    let [old, new] = [before, after].map(by_code);
    let is_below = |areas: &Areas, area: &Area| area.parent.as_ref().is_some_and(|parent| areas.is_within(parent, own));
    let codes: BTreeSet<&AreaCode> = old.keys().chain(new.keys()).copied().collect();
    let mut others = Vec::new();
    for code in codes {
        let [old, new] = [&old, &new].map(|rows| rows.get(code).map_or(&[][..], Vec::as_slice));
        let gone = old.iter().filter(|row| !new.contains(row)).map(|row| is_below(before, row));
        let come = new.iter().filter(|row| !old.contains(row)).map(|row| is_below(after, row));
        if !gone.chain(come).all(|is_below| is_below) {
            others.push(code.to_string());
        }
    }
    others
}

fn by_code(areas: &Areas) -> BTreeMap<&AreaCode, Vec<&Area>> {
    let mut rows: BTreeMap<&AreaCode, Vec<&Area>> = BTreeMap::new();
    for area in areas.all() {
        rows.entry(&area.code).or_default().push(area);
    }
    rows
}

/// Shapes of areas that are not below (the boundary of the area itself is its neighbours' too), and those laid over the
/// neighbours: reports from there would come here.
fn shapes(own: &AreaCode, before: &Snapshot, after: &Snapshot) -> Vec<String> {
    let codes: BTreeSet<&AreaCode> = before.shapes.keys().chain(after.shapes.keys()).collect();
    let is_below = |code: &AreaCode| code != own && after.city.areas.is_within(code, own);
    let is_over_others = |code: &AreaCode| {
        let found = after.shapes.get(code).and_then(|shape| before.area_at(shape.point_on_surface(), before.day));
        found.is_some_and(|found| !before.city.areas.is_within(found, own))
    };
    let changed = codes.into_iter().filter(|code| before.shapes.get(*code) != after.shapes.get(*code));
    changed.filter(|code| !is_below(code) || is_over_others(code)).map(AreaCode::to_string).collect()
}

fn units(own: &AreaCode, before: &Snapshot, after: &Snapshot) -> Vec<String> {
    let of = |snapshot: &Snapshot, code: &UnitCode| snapshot.city.units.get(code).cloned();
    let codes: BTreeSet<&UnitCode> =
        before.city.units.all().chain(after.city.units.all()).map(|unit| &unit.code).collect();
    let is_other = |code: &UnitCode| {
        let (old, new) = (of(before, code), of(after, code));
        let lies_in = |snapshot: &Snapshot, area: &AreaCode| snapshot.city.areas.is_within(area, own);
        old != new
            && !(old.is_none_or(|unit| lies_in(before, &unit.area))
                && new.is_none_or(|unit| lies_in(after, &unit.area)))
    };
    codes.into_iter().filter(|code| is_other(code)).map(UnitCode::to_string).collect()
}

/// Parts that stood, or will stand, elsewhere or nowhere.
fn parts(own: &AreaCode, before: &Snapshot, after: &Snapshot) -> Vec<String> {
    let lies_in = |snapshot: &Snapshot, point: Point| {
        snapshot.area_at(point, snapshot.day).is_some_and(|area| snapshot.city.areas.is_within(area, own))
    };
    let [old, new]: [BTreeMap<&str, Point>; 2] = [before, after].map(|snapshot| snapshot.parts.all().collect());
    let codes: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
    let is_other = |code: &str| {
        let (old, new) = (old.get(code).copied(), new.get(code).copied());
        old != new && !(old.is_none_or(|point| lies_in(before, point)) && new.is_none_or(|point| lies_in(after, point)))
    };
    codes.into_iter().filter(|code| is_other(code)).map(str::to_owned).collect()
}
