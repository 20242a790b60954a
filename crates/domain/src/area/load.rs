//! Reads the document of areas and says everything that is wrong with it.

use super::code::{BadCode, CodeRole, CodeScheme, DivisionCode};
use super::{Area, AreaClass, Areas, GridKind, LevelName, LevelRole, code_role, usual_levels};
use crate::fault::Fault;
use crate::ids::{AreaCode, RegionId, UnitCode};
use crate::table::{Row, Table, fault, words};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

pub(super) const COLUMNS: [&str; 14] = [
    "code",
    "name_zh",
    "name_en",
    "level",
    "parent",
    "grid_kind",
    "host",
    "class",
    "valid_from",
    "valid_to",
    "successors",
    "households",
    "population",
    "region",
];
const REQUIRED: [&str; 5] = ["code", "name_zh", "level", "parent", "valid_from"];

/// A row as read: the area without its region, and what is still text.
struct Draft<'t> {
    row: Row<'t>,
    area: Area,
    /// Of the `region` column.
    region: Option<RegionId>,
}

impl Areas {
    /// Reads a CSV document of areas: settings `#version`, `#scheme` and, when they are not the usual five, one
    /// `#level,code,zh,en,role` per level from the top; then one row per area.
    ///
    /// # Errors
    /// Every fault of the document, by line.
    pub fn parse(file: &str, text: &str) -> Result<Areas, Vec<Fault>> {
        let mut faults = Vec::new();
        let optional: Vec<&str> = COLUMNS.into_iter().filter(|column| !REQUIRED.contains(column)).collect();
        let table = Table::read(file, text, &REQUIRED, &optional, &mut faults);
        table.only_settings(&["version", "scheme", "level"], &mut faults);
        let version = table.version(&mut faults);
        let scheme = scheme(&table, &mut faults);
        let levels = levels(&table, &mut faults);

        let mut drafts = Vec::new();
        let mut unread = BTreeSet::new();
        for row in table.rows() {
            match draft(row, &levels, &mut faults) {
                Some(draft) => drafts.push(draft),
                None => {
                    unread.insert(row.cell("code"));
                }
            }
        }
        if table.is_empty() && faults.is_empty() {
            faults.push(fault(
                file,
                None,
                None,
                words("一个区域也没有", "there is not one area"),
                words("至少写出城市本身", "give at least the city itself"),
            ));
        }
        let lines = drafts.iter().map(|draft| draft.row.line).collect();
        let by_code = index(&drafts, &mut faults);
        let is_unread = |code: &AreaCode| unread.contains(code.as_str());
        check_tree(&drafts, &by_code, &is_unread, &levels, scheme, &mut faults);
        check_spellings(&drafts, &levels, scheme, &mut faults);
        check_successors(&drafts, &by_code, &is_unread, &mut faults);
        let regions = regions(&drafts, &by_code, &levels, scheme, &mut faults);

        if !faults.is_empty() {
            faults.sort();
            return Err(faults);
        }
        let all: Vec<Area> =
            drafts.into_iter().zip(regions).map(|(draft, region)| Area { region, ..draft.area }).collect();
        let mut children: BTreeMap<AreaCode, Vec<AreaCode>> = BTreeMap::new();
        for (code, periods) in &by_code {
            let latest = periods.last().and_then(|at| all.get(*at));
            if let Some(parent) = latest.and_then(|area| area.parent.clone()) {
                children.entry(parent).or_default().push(code.clone());
            }
        }
        let scheme = scheme.expect("a document without a scheme has a fault");
        let latest = |code: &AreaCode| by_code.get(code)?.last().and_then(|at| all.get(*at));
        let is_root = |code: &&AreaCode| latest(code).is_some_and(|area: &Area| area.parent.is_none());
        let roots = by_code.keys().filter(is_root).cloned().collect();
        Ok(Areas { version, scheme, levels, all, by_code, children, roots, lines })
    }
}

fn scheme(table: &Table, faults: &mut Vec<Fault>) -> Option<CodeScheme> {
    let setting = table.setting("scheme", "unit15", faults)?;
    match setting.values.first()?.parse() {
        Ok(scheme) => Some(scheme),
        Err(BadCode { what, fix }) => {
            faults.push(fault(&table.file, Some(setting.line), Some("scheme"), what, fix));
            None
        }
    }
}

fn levels(table: &Table, faults: &mut Vec<Fault>) -> Vec<LevelName> {
    let mut levels: Vec<LevelName> = Vec::new();
    let mut last_line = None;
    for setting in table.settings("level") {
        last_line = Some(setting.line);
        let mut bad = |what, fix| faults.push(fault(&table.file, Some(setting.line), Some("level"), what, fix));
        let value = |at: usize| setting.values.get(at).map_or("", String::as_str);
        let (code, zh, en) = (value(0), value(1), value(2));
        if code.is_empty() || zh.is_empty() || en.is_empty() {
            bad(
                words("层级缺代码或名称", "a level lacks its code or a name"),
                words("写成 #level,street,街道,Street", "write it like #level,street,街道,Street"),
            );
            continue;
        }
        let role = match value(3) {
            "" => LevelRole::Plain,
            "region" => LevelRole::Region,
            "grid" => LevelRole::Grid,
            other => {
                bad(
                    words(format!("层级的作用“{other}”不认识"), format!("{other:?} is not the role of a level")),
                    words("写 region、grid，或留空", "write region, grid or nothing"),
                );
                LevelRole::Plain
            }
        };
        if levels.iter().any(|level| level.code == code) {
            bad(
                words(format!("层级“{code}”写了两次"), format!("the level {code:?} is given twice")),
                words("删去一行", "remove one"),
            );
            continue;
        }
        if role != LevelRole::Grid && levels.last().is_some_and(|above| above.role == LevelRole::Grid) {
            bad(
                words("网格之下只能再分网格", "only grids can lie below grids"),
                words("把它移到网格之上，或注明 grid", "move it above the grid, or mark it grid"),
            );
        }
        levels.push(LevelName { code: code.to_owned(), zh: zh.to_owned(), en: en.to_owned(), role });
    }
    if last_line.is_none() {
        return usual_levels();
    }
    if levels.iter().filter(|level| level.role == LevelRole::Region).count() != 1 {
        faults.push(fault(
            &table.file,
            last_line,
            Some("level"),
            words("没有指明哪一级是分区", "it is not said which level divides the record"),
            words("恰好一个层级注明 region（一般是区县）", "mark exactly one level region, as a rule the county"),
        ));
    }
    levels
}

/// Nothing when the row has no code or no level; with other faults it still counts, so that what hangs on it is checked.
fn draft<'t>(row: Row<'t>, levels: &[LevelName], faults: &mut Vec<Fault>) -> Option<Draft<'t>> {
    let code = AreaCode::new(row.needed("code", faults));
    let name_zh = row.needed("name_zh", faults).to_owned();
    let level_code = row.needed("level", faults);
    let level = levels.iter().position(|level| level.code == level_code);
    if level.is_none() && !level_code.is_empty() {
        let known: Vec<&str> = levels.iter().map(|level| level.code.as_str()).collect();
        faults.push(row.fault(
            "level",
            words(format!("没有层级“{level_code}”"), format!("there is no level {level_code:?}")),
            words(format!("可用：{}", known.join("、")), format!("known: {}", known.join(", "))),
        ));
    }
    row.needed("valid_from", faults);
    let valid_from = row.date("valid_from", faults).unwrap_or(Date::MIN);
    let valid_to = row.date("valid_to", faults);
    if valid_to.is_some_and(|last| last < valid_from) {
        faults.push(row.fault(
            "valid_to",
            words("最后一天早于第一天", "the last day is before the first"),
            words("改正日期", "correct the dates"),
        ));
    }
    let grid_kind = grid_kind(row, level.and_then(|at| levels.get(at)), faults);
    let class = class(row, faults);
    let region = row.some("region").and_then(|text| {
        let region = text.parse().ok();
        if region.is_none() {
            faults.push(row.fault(
                "region",
                words(format!("“{text}”不是六位分区代码"), format!("{text:?} is not a region's six digits")),
                words("写六位数字", "write six digits"),
            ));
        }
        region
    });
    let households = row.number("households", faults);
    let population = row.number("population", faults);
    let parent = row.some("parent").map(AreaCode::from);
    if parent.as_ref() == Some(&code) {
        faults.push(row.fault(
            "parent",
            words("上级就是自己", "the parent is the area itself"),
            words("写它的上一级", "give the area above it"),
        ));
    }
    let level = u8::try_from(level?).ok()?;
    let name_en = row.some("name_en").map(str::to_owned);
    let successors = row.list("successors").map(AreaCode::from).collect();
    (!code.as_str().is_empty()).then_some(Draft {
        row,
        region,
        area: Area {
            code,
            name_zh,
            name_en,
            level,
            parent,
            grid_kind,
            class,
            valid_from,
            valid_to,
            successors,
            households,
            population,
            region: RegionId(0),
        },
    })
}

fn grid_kind(row: Row, level: Option<&LevelName>, faults: &mut Vec<Fault>) -> Option<GridKind> {
    let is_grid = level.is_some_and(|level| level.role == LevelRole::Grid);
    let kind = row.cell("grid_kind");
    let host = row.some("host");
    if host.is_some() && kind != "dedicated" {
        faults.push(row.fault(
            "host",
            words("只有专属网格才有主体单位", "only a dedicated grid has a host"),
            words("删去主体单位，或把网格类型写成 dedicated", "remove the host, or write dedicated as the kind"),
        ));
    }
    match (is_grid, kind) {
        (false, "") => None,
        (false, _) => {
            if level.is_some() {
                faults.push(row.fault(
                    "grid_kind",
                    words("不是网格却写了网格类型", "it has a grid's kind but is no grid"),
                    words("留空", "leave it empty"),
                ));
            }
            None
        }
        (true, "general") => Some(GridKind::General),
        (true, "micro") => Some(GridKind::Micro),
        (true, "dedicated") => {
            if host.is_none() {
                faults.push(row.fault(
                    "host",
                    words("专属网格没有主体单位", "the dedicated grid has no host"),
                    words("在 host 列写主体单位的编码", "give the code of the unit that answers for it under host"),
                ));
            }
            host.map(|host| GridKind::Dedicated { host: UnitCode::from(host) })
        }
        (true, other) => {
            faults.push(row.fault(
                "grid_kind",
                words(format!("网格类型“{other}”不认识"), format!("{other:?} is not a kind of grid")),
                words("写 general（综合）、dedicated（专属）或 micro（微）", "write general, dedicated or micro"),
            ));
            None
        }
    }
}

fn class(row: Row, faults: &mut Vec<Fault>) -> Option<AreaClass> {
    let text = row.some("class")?;
    let class = AreaClass::ALL.into_iter().find(|class| class.name() == text);
    if class.is_none() {
        faults.push(row.fault(
            "class",
            words(format!("管理等级“{text}”不认识"), format!("{text:?} is not a management grade")),
            words("写 A、B、C，或留空沿用上级", "write A, B or C, or nothing to take the parent's"),
        ));
    }
    class
}

/// Finds the periods of each code, and those that overlap.
fn index(drafts: &[Draft], faults: &mut Vec<Fault>) -> BTreeMap<AreaCode, Vec<usize>> {
    let mut by_code: BTreeMap<AreaCode, Vec<usize>> = BTreeMap::new();
    for (at, draft) in drafts.iter().enumerate() {
        by_code.entry(draft.area.code.clone()).or_default().push(at);
    }
    for periods in by_code.values_mut() {
        periods.sort_by_key(|at| drafts.get(*at).map(|draft| (draft.area.valid_from, draft.row.line)));
        let mut earlier: Option<&Draft> = None;
        for draft in periods.iter().filter_map(|at| drafts.get(*at)) {
            if let Some(earlier) = earlier
                && earlier.area.valid_to.is_none_or(|last| draft.area.valid_from <= last)
            {
                faults.push(overlap(earlier, draft));
            }
            earlier = Some(draft);
        }
    }
    by_code
}

fn overlap(earlier: &Draft, later: &Draft) -> Fault {
    let (code, line) = (&later.area.code, earlier.row.line);
    if earlier.area.valid_from == later.area.valid_from {
        return later.row.fault(
            "code",
            words(format!("编码 {code} 与第 {line} 行重复"), format!("the code {code} is already on line {line}")),
            words("一个编码只写一行", "give each code once"),
        );
    }
    later.row.fault(
        "valid_from",
        words(
            format!("编码 {code} 的有效期与第 {line} 行重叠"),
            format!("the validity of {code} overlaps that on line {line}"),
        ),
        words("先给前一行写上最后一天", "give the earlier row its last day"),
    )
}

fn latest<'d, 't>(
    drafts: &'d [Draft<'t>],
    by_code: &BTreeMap<AreaCode, Vec<usize>>,
    code: &AreaCode,
) -> Option<&'d Draft<'t>> {
    by_code.get(code)?.last().and_then(|at| drafts.get(*at))
}

/// Parents, levels, codes, validity within the parent's, and rings.
fn check_tree(
    drafts: &[Draft],
    by_code: &BTreeMap<AreaCode, Vec<usize>>,
    is_unread: &dyn Fn(&AreaCode) -> bool,
    levels: &[LevelName],
    scheme: Option<CodeScheme>,
    faults: &mut Vec<Fault>,
) {
    let role_of = |area: &Area| levels.get(usize::from(area.level)).map_or(LevelRole::Plain, |level| level.role);
    for Draft { row, area, .. } in drafts {
        let parent = area.parent.as_ref().and_then(|code| latest(drafts, by_code, code));
        let role = code_role(role_of(area), parent.is_some_and(|parent| role_of(&parent.area) == LevelRole::Grid));
        let own_code = scheme.map_or(Ok(()), |scheme| scheme.check(area.code.as_str(), role));
        let code_is_sound = own_code.is_ok();
        if let Err(BadCode { what, fix }) = own_code {
            faults.push(row.fault("code", what, fix));
        }
        let Some(parent_code) = &area.parent else {
            if area.level != 0 {
                faults.push(row.fault(
                    "parent",
                    words("没有写上级", "it has no parent"),
                    words("写上一级区域的编码", "give the code of the area above it"),
                ));
            }
            continue;
        };
        let Some(parent) = parent else {
            if !is_unread(parent_code) {
                faults.push(row.fault(
                    "parent",
                    words(format!("没有编码为 {parent_code} 的上级"), format!("there is no area {parent_code}")),
                    words("改正编码，或补上这个区域", "correct the code, or add that area"),
                ));
            }
            continue;
        };
        if *parent_code == area.code || is_in_ring(drafts, by_code, &area.code) {
            if *parent_code != area.code {
                faults.push(row.fault(
                    "parent",
                    words(
                        format!("{} 绕了一圈成了自己的上级", area.code),
                        format!("{} lies in itself by way of its parents", area.code),
                    ),
                    words("改正这一圈里的一个上级", "correct one of the parents on the way"),
                ));
            }
            continue;
        }
        check_levels(*row, area, &parent.area, levels, faults);
        if let Some(scheme) = scheme
            && code_is_sound
            && let Err(BadCode { what, fix }) = scheme.check_parent(area.code.as_str(), role, parent_code.as_str())
        {
            faults.push(row.fault("code", what, fix));
        }
        check_period(*row, area, drafts, by_code.get(parent_code).map_or(&[], Vec::as_slice), faults);
    }
}

/// A division may be written with 6, 9 or 12 digits, but always the same way.
fn check_spellings(drafts: &[Draft], levels: &[LevelName], scheme: Option<CodeScheme>, faults: &mut Vec<Fault>) {
    if scheme.is_none_or(|scheme| scheme == CodeScheme::Free) {
        return;
    }
    let mut spelled: BTreeMap<DivisionCode, &AreaCode> = BTreeMap::new();
    for draft in drafts {
        let area = &draft.area;
        if levels.get(usize::from(area.level)).is_some_and(|level| level.role == LevelRole::Grid) {
            continue;
        }
        let Ok(division) = area.code.as_str().parse::<DivisionCode>() else { continue };
        let first = *spelled.entry(division).or_insert(&area.code);
        if *first != area.code {
            faults.push(draft.row.fault(
                "code",
                words(
                    format!("{} 与 {first} 是同一个区划", area.code),
                    format!("{} is the same division as {first}", area.code),
                ),
                words("同一区划只用一种写法，建议 12 位", "write a division one way only, best with 12 digits"),
            ));
        }
    }
}

fn is_in_ring(drafts: &[Draft], by_code: &BTreeMap<AreaCode, Vec<usize>>, code: &AreaCode) -> bool {
    let mut at = code;
    for _ in 0..=u8::MAX {
        match latest(drafts, by_code, at).and_then(|draft| draft.area.parent.as_ref()) {
            Some(parent) if parent == code => return true,
            Some(parent) => at = parent,
            None => return false,
        }
    }
    false
}

fn check_levels(row: Row, area: &Area, parent: &Area, levels: &[LevelName], faults: &mut Vec<Fault>) {
    let level = levels.get(usize::from(area.level));
    let above = levels.get(usize::from(parent.level));
    let (Some(level), Some(above)) = (level, above) else {
        return;
    };
    if area.level <= parent.level {
        faults.push(row.fault(
            "level",
            words(
                format!("“{}”不能在“{}”之下", level.zh, above.zh),
                format!("a {} cannot lie in a {}", level.code, above.code),
            ),
            words("改正层级或上级", "correct the level or the parent"),
        ));
    } else if level.role == LevelRole::Grid && area.level != parent.level + 1 {
        faults.push(row.fault(
            "parent",
            words(format!("网格直接挂在了“{}”之下", above.zh), format!("the grid lies directly in a {}", above.code)),
            words(
                "网格只能在它的上一级之下，一般是社区（村）",
                "let a grid lie in the level just above it, as a rule the community",
            ),
        ));
    }
    let in_a_grid = above.role == LevelRole::Grid;
    let is_micro = area.grid_kind == Some(GridKind::Micro);
    if area.grid_kind.is_some() && in_a_grid != is_micro {
        faults.push(row.fault(
            "grid_kind",
            words("微网格在网格之内，别的网格不在网格之内", "micro-grids lie in grids, and other grids do not"),
            words("改正网格类型或上级", "correct the kind or the parent"),
        ));
    }
}

/// An area cannot be there while its parent is not.
fn check_period(row: Row, area: &Area, drafts: &[Draft], parents: &[usize], faults: &mut Vec<Fault>) {
    let mut uncovered_from = Some(area.valid_from);
    for parent in parents.iter().filter_map(|at| drafts.get(*at)) {
        if let Some(from) = uncovered_from
            && parent.area.is_valid_on(from)
        {
            uncovered_from = parent.area.valid_to.and_then(|last| last.tomorrow().ok());
        }
    }
    let is_covered = match (uncovered_from, area.valid_to) {
        (None, _) => true,
        (Some(from), Some(last)) => last < from,
        (Some(_), None) => false,
    };
    if !is_covered {
        faults.push(row.fault(
            "valid_from",
            words("上级不在的日子它还在", "it is valid on days on which its parent is not"),
            words("让它的有效期落在上级之内", "let its validity lie within its parent's"),
        ));
    }
}

fn check_successors(
    drafts: &[Draft],
    by_code: &BTreeMap<AreaCode, Vec<usize>>,
    is_unread: &dyn Fn(&AreaCode) -> bool,
    faults: &mut Vec<Fault>,
) {
    for Draft { row, area, .. } in drafts {
        if !area.successors.is_empty() && area.valid_to.is_none() {
            faults.push(row.fault(
                "successors",
                words("还在用的区域有了后继", "an area that goes on has successors"),
                words("写上最后一天，或删去后继", "give its last day, or remove the successors"),
            ));
        }
        for successor in &area.successors {
            let Some(periods) = by_code.get(successor) else {
                if !is_unread(successor) {
                    faults.push(row.fault(
                        "successors",
                        words(format!("没有编码为 {successor} 的后继"), format!("there is no area {successor}")),
                        words("改正编码，或补上这个区域", "correct the code, or add that area"),
                    ));
                }
                continue;
            };
            let follows = area.valid_to.is_none_or(|last| {
                periods
                    .iter()
                    .filter_map(|at| drafts.get(*at))
                    .any(|draft| draft.area.valid_to.is_none_or(|end| end > last))
            });
            if !follows {
                faults.push(row.fault(
                    "successors",
                    words(
                        format!("后继 {successor} 在它之后已不存在"),
                        format!("the successor {successor} is not there after it"),
                    ),
                    words("写接替它的区域", "give the area that took its place"),
                ));
            }
        }
    }
}

/// The region of each draft, in their order. Official codes say it; free ones give it in the `region` column down to
/// the region level, and inherit it below.
fn regions(
    drafts: &[Draft],
    by_code: &BTreeMap<AreaCode, Vec<usize>>,
    levels: &[LevelName],
    scheme: Option<CodeScheme>,
    faults: &mut Vec<Fault>,
) -> Vec<RegionId> {
    let Some(region_level) = levels.iter().position(|level| level.role == LevelRole::Region) else {
        return Vec::new();
    };
    drafts
        .iter()
        .map(|draft| {
            let mut holder = draft;
            for _ in levels {
                if usize::from(holder.area.level) <= region_level {
                    break;
                }
                match holder.area.parent.as_ref().and_then(|code| latest(drafts, by_code, code)) {
                    Some(parent) => holder = parent,
                    None => break,
                }
            }
            if usize::from(draft.area.level) > region_level && usize::from(holder.area.level) < region_level {
                let name = levels.get(region_level).map_or("", |level| level.code.as_str());
                faults.push(draft.row.fault(
                    "parent",
                    words(format!("它之上没有分区一级（{name}）的区域"), format!("there is no {name} above it")),
                    words("在中间补上这一级", "put an area of that level between"),
                ));
            }
            let by_code = scheme.and_then(|scheme| scheme.region_of(holder.area.code.as_str(), CodeRole::Division));
            let region = by_code.or(holder.region);
            if region.is_none() && std::ptr::eq(holder, draft) && scheme == Some(CodeScheme::Free) {
                faults.push(draft.row.fault(
                    "region",
                    words("自定编码的区域没有六位分区代码", "an area with a free code lacks its region's six digits"),
                    words("在 region 列写六位数字", "give six digits under region"),
                ));
            }
            if let (Some(said), Some(region)) = (draft.region, region)
                && said != region
            {
                faults.push(draft.row.fault(
                    "region",
                    words(format!("分区代码 {said} 应为 {region}"), format!("the region {said} should be {region}")),
                    words("改正，或留空", "correct it or leave it empty"),
                ));
            }
            region.unwrap_or(RegionId(0))
        })
        .collect()
}
