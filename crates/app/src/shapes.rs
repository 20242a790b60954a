//! Boundaries of areas: reading them, and what to say of new ones before they come into force.
//!
//! What may be meant and may not is a [`Finding`]; one by which ground or cases change hands must be accepted. Knows the
//! city as it is and as it would be. Start at [`findings`] and [`App::displaced`].

use crate::{
    App, AppError,
    city::{Kind, Snapshot, fault},
};
use gewu_domain::{
    area::Areas,
    case::StateKind,
    fault::Fault,
    ids::{AreaCode, RegionId},
};
use gewu_geo::{
    datum::Point,
    geojson::{self, Feature},
    shape::{Bbox, Shape},
    topology::{self, Area, GeoFault, Tolerance},
};
use gewu_store::{Page, cases::CaseFilter};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Something about offered files that may be meant, and may not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable code.
    pub kind: String,
    /// The areas concerned.
    pub areas: Vec<AreaCode>,
    pub zh: String,
    pub en: String,
    /// Published only when somebody says that it is meant.
    pub must_be_accepted: bool,
}

/// Of one kind so many are told one by one; `gewu check grids` lists them all.
const TOLD_MOST: usize = 20;
/// So many areas are named when all of them have the same thing.
const NAMED_MOST: usize = 10;
/// A few kilometres in degrees: the table of countries is rounded.
const AROUND_DEGREES: f64 = 0.1;
const COUNTRIES: &str = include_str!("../../../data/countries.csv");

/// Chinese and English.
type Words = (String, String);

/// The area a feature is the boundary of.
///
/// # Errors
/// What is wrong with its property `code`, and what to do.
pub fn code_of(feature: &Feature) -> Result<AreaCode, (Words, Words)> {
    let no = feature.number;
    let wrong = |zh: String, en: String, fix_zh: String, fix: String| {
        Err(((format!("第 {no} 个图形{zh}"), format!("feature {no} {en}")), (fix_zh, fix)))
    };
    let rename = |found: &str| {
        wrong(
            format!("没有 code 属性，只有 {found}"),
            format!("has no property \"code\", but {found}"),
            "请把区域代码写在属性 code 里（小写）".to_owned(),
            "put the area's code into the property \"code\", in lower case".to_owned(),
        )
    };
    match feature.properties.get("code") {
        Some(serde_json::Value::String(code)) if code.trim() != code => wrong(
            format!("的区域代码“{code}”前后有空白"),
            format!("has blanks around its code {code:?}"),
            "请去掉空白".to_owned(),
            "take the blanks away".to_owned(),
        ),
        Some(serde_json::Value::String(code)) if !code.is_empty() => Ok(AreaCode::from(code.as_str())),
        Some(serde_json::Value::Number(number)) => wrong(
            format!("的区域代码 {number} 是数字"),
            format!("has the number {number} for its code"),
            format!("请改成文本 \"{number}\"：数字会丢掉开头的 0 和最后几位"),
            format!("write it as the text \"{number}\": a number loses zeros at its front and digits at its end"),
        ),
        _ => match (feature.properties.keys().find(|key| key.eq_ignore_ascii_case("code")), &feature.id) {
            (Some(key), _) if key != "code" => rename(key),
            (_, Some(id)) => rename(&format!("id {id}")),
            _ => wrong(
                "没有 code 属性".to_owned(),
                "has no property \"code\"".to_owned(),
                "请给每个图形写上区域代码（文本）".to_owned(),
                "give each feature the code of its area as a text".to_owned(),
            ),
        },
    }
}

/// The faults of a file that does not read.
pub(crate) fn unreadable(file: &str, found: Vec<geojson::Fault>) -> Vec<Fault> {
    let told = |found: geojson::Fault| {
        let (en, zh) = match found.feature {
            Some(no) => (format!("feature {no}: "), format!("第 {no} 个图形：")),
            None => Default::default(),
        };
        let (what, what_zh) = (format!("{en}{}", found.what), format!("{zh}{}", found.what));
        let fix_zh = format!("请在制图软件里改正，重新导出（{}）", found.remedy);
        Fault { line: u32::try_from(found.line).ok(), ..fault(file, &what, &what_zh, &found.remedy, &fix_zh) }
    };
    found.into_iter().map(told).collect()
}

/// What a file of boundaries draws.
#[derive(Debug, Default)]
pub(crate) struct Drawn {
    pub shapes: BTreeMap<AreaCode, Shape>,
    /// Where rings had to be closed.
    pub unclosed: BTreeMap<AreaCode, Vec<Point>>,
}

/// Reads a file that may have been published long ago.
pub(crate) fn read(file: &str, text: &str, areas: &Areas, faults: &mut Vec<Fault>) -> Drawn {
    let features = match geojson::read_published(text) {
        Ok(features) => features,
        Err(found) => {
            faults.extend(unreadable(file, found));
            return Drawn::default();
        }
    };
    let mut drawn = Drawn::default();
    for feature in features {
        let no = feature.number;
        let code = match code_of(&feature) {
            Ok(code) => code,
            Err(((what_zh, what), (fix_zh, fix))) => {
                faults.push(fault(file, &what, &what_zh, &fix, &fix_zh));
                continue;
            }
        };
        if areas.get(&code).is_none() {
            faults.push(fault(
                file,
                &format!("feature {no} names area {code}, which the areas do not have"),
                &format!("第 {no} 个图形的区域代码 {code} 不在区域表里"),
                "correct the code, or publish the areas first",
                "请改正代码，或先发布区域表",
            ));
        } else if drawn.shapes.insert(code.clone(), feature.shape).is_some() {
            faults.push(fault(
                file,
                &format!("feature {no} is a second shape of area {code}"),
                &format!("第 {no} 个图形是区域 {code} 的第二个图形"),
                "dissolve them into one feature: what adjoins or overlaps becomes one polygon, what lies apart the parts of one MultiPolygon",
                "请用制图软件的“融合”合并成一个图形：相连或重叠的成为一个多边形，分开的成为一个 MultiPolygon 的各部分",
            ));
        }
        drawn.unclosed.insert(code, feature.unclosed);
    }
    drawn
}

/// A fault of the drawing in one line, with the areas called as `name` says.
pub fn told(fault: &GeoFault, name: impl Fn(u32) -> String) -> (String, String) {
    let names: Vec<String> = fault.handles.iter().map(|&handle| name(handle)).collect();
    let (lon, lat) = (fault.place.lon(), fault.place.lat());
    let size = if fault.size_m2 > 0.0 { format!(" · {:.1} m²", fault.size_m2) } else { String::new() };
    let place = format!("{} · {lon:.6}, {lat:.6}{size}", names.join(" | "));
    (format!("{}：{place}", fault.kind.zh()), format!("{}: {place}", fault.kind.en()))
}

/// Everything there is to say of the boundaries as they would be; what was so before needs no second word.
pub(crate) fn findings(after: &Snapshot, before: Option<&Snapshot>, today: Date) -> Vec<Finding> {
    let mut found = drawn(after, today);
    found.extend(abroad(after));
    if let Some(before) = before.filter(|_| found.iter().any(|finding| finding.must_be_accepted)) {
        let mut old = drawn(before, today);
        old.extend(abroad(before));
        let of = |finding: &Finding| (finding.kind.clone(), finding.areas.clone());
        let known: BTreeSet<_> = old.iter().map(of).collect();
        found.iter_mut().for_each(|finding| finding.must_be_accepted &= !known.contains(&of(finding)));
    }
    found.extend(bare(after, before, today));
    found.sort_by_key(|finding| !finding.must_be_accepted);
    found
}

/// The checks of `gewu check grids` on the areas of today.
fn drawn(city: &Snapshot, today: Date) -> Vec<Finding> {
    let areas = &city.city.areas;
    let listed: Vec<(&AreaCode, &Shape)> =
        city.shapes.iter().filter(|(code, _)| areas.get_on(code, today).is_some()).collect();
    let handles: BTreeMap<&AreaCode, u32> = listed.iter().map(|(code, _)| *code).zip(0..).collect();
    let drawn: Vec<Area> = listed
        .iter()
        .zip(0..)
        .map(|((code, shape), handle)| {
            let mut above = areas.path_on(code, today);
            above.pop();
            let parent = above.iter().rev().find_map(|parent| handles.get(parent)).copied();
            let unclosed = city.unclosed.get(*code).map_or(&[][..], Vec::as_slice);
            Area { handle, parent, shape, unclosed }
        })
        .collect();
    let code =
        |handle: u32| usize::try_from(handle).ok().and_then(|at| listed.get(at)).map(|(code, _)| (*code).clone());
    let mut counts = BTreeMap::new();
    let mut found = Vec::new();
    for fault in topology::check(&drawn, Tolerance::default()) {
        let count: &mut usize = counts.entry(fault.kind).or_default();
        *count += 1;
        let must_be_accepted = fault.kind.is_of_ground();
        if *count > TOLD_MOST && !must_be_accepted {
            continue;
        }
        let (zh, en) = told(&fault, |handle| code(handle).map(|code| code.to_string()).unwrap_or_default());
        let kind = serde_json::to_value(fault.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned));
        found.push(Finding {
            kind: kind.unwrap_or_default(),
            areas: fault.handles.iter().filter_map(|&handle| code(handle)).collect(),
            zh,
            en,
            must_be_accepted,
        });
    }
    for (kind, count) in counts.into_iter().filter(|(kind, count)| *count > TOLD_MOST && !kind.is_of_ground()) {
        let more = count - TOLD_MOST;
        found.push(Finding {
            kind: "more".to_owned(),
            areas: Vec::new(),
            zh: format!("{}：还有 {more} 处，用 gewu check grids 看全部", kind.zh()),
            en: format!("{}: {more} more; `gewu check grids` lists them all", kind.en()),
            must_be_accepted: false,
        });
    }
    found
}

/// Boundaries outside the country whose time the city keeps: often longitude and latitude are exchanged.
fn abroad(city: &Snapshot) -> Vec<Finding> {
    let Some(zone) = city.city.calendar.zone().iana_name() else { return Vec::new() };
    let homes = countries_of(zone);
    let lies_in = |bbox: Bbox| homes.iter().any(|home| home.intersects(bbox));
    if homes.is_empty() {
        return Vec::new();
    }
    let strangers: Vec<(&AreaCode, Bbox)> =
        city.shapes.iter().map(|(code, shape)| (code, shape.bbox())).filter(|(_, bbox)| !lies_in(*bbox)).collect();
    let Some((_, first)) = strangers.first() else { return Vec::new() };
    let turned = |bbox: &Bbox| Bbox { west: bbox.south, south: bbox.west, east: bbox.north, north: bbox.east };
    let is_exchanged = strangers.iter().all(|(_, bbox)| lies_in(turned(bbox)));
    let codes: Vec<AreaCode> = strangers.iter().map(|(code, _)| (*code).clone()).collect();
    let (hint_zh, hint) =
        if is_exchanged { ("：经度和纬度写反了", ": longitude and latitude are exchanged") } else { ("", "") };
    let place = format!("{:.4}, {:.4}", first.west, first.south);
    vec![Finding {
        kind: if is_exchanged { "exchanged" } else { "abroad" }.to_owned(),
        zh: format!("不在时区 {zone} 的国家境内：{}（{place}）{hint_zh}", named(&codes)),
        en: format!("outside the country of time zone {zone}: {} ({place}){hint}", named(&codes)),
        areas: codes,
        must_be_accepted: true,
    }]
}

/// The rectangles of the countries that keep the time of a zone; none for a zone of no country.
fn countries_of(zone: &str) -> Vec<Bbox> {
    let rows = COUNTRIES.lines().skip(1).filter_map(|row| {
        let cells: Vec<&str> = row.split(',').collect();
        let [_, west, south, east, north, zones] = cells.as_slice() else { return None };
        let degrees = |cell: &&str| cell.parse::<f64>().ok();
        let bbox = Bbox {
            west: degrees(west)? - AROUND_DEGREES,
            south: degrees(south)? - AROUND_DEGREES,
            east: degrees(east)? + AROUND_DEGREES,
            north: degrees(north)? + AROUND_DEGREES,
        };
        zones.split(';').any(|one| one == zone).then_some(bbox)
    });
    rows.collect()
}

/// Places by themselves that have no boundary, where the city draws any.
fn bare(after: &Snapshot, before: Option<&Snapshot>, today: Date) -> Vec<Finding> {
    if after.shapes.is_empty() && before.is_none_or(|before| before.shapes.is_empty()) {
        return Vec::new();
    }
    let had = |code: &AreaCode| before.is_some_and(|before| before.shapes.contains_key(code));
    let bare =
        after.city.areas.current_on(today).map(|area| &area.code).filter(|code| !after.shapes.contains_key(*code));
    let (lost, never): (Vec<AreaCode>, Vec<AreaCode>) = bare.cloned().partition(|code| had(code));
    let never: Vec<AreaCode> = never.into_iter().filter(|code| after.is_deepest_on(code, today)).collect();
    let mut found = Vec::new();
    if !lost.is_empty() {
        found.push(Finding {
            kind: "shape_lost".to_owned(),
            zh: format!("{} 个区域现在有边界，新文件里没有：{}", lost.len(), named(&lost)),
            en: format!("{} areas have a shape now and none in the new file: {}", lost.len(), named(&lost)),
            areas: lost,
            must_be_accepted: true,
        });
    }
    if !never.is_empty() {
        found.push(Finding {
            kind: "no_shape".to_owned(),
            zh: format!("{} 个最小的区域没有边界：{}", never.len(), named(&never)),
            en: format!("{} of the smallest areas have no shape: {}", never.len(), named(&never)),
            areas: never,
            must_be_accepted: false,
        });
    }
    found
}

fn named(codes: &[AreaCode]) -> String {
    let mut list: Vec<&str> = codes.iter().take(NAMED_MOST).map(AreaCode::as_str).collect();
    list.extend((codes.len() > NAMED_MOST).then_some("…"));
    list.join(", ")
}

/// What is found in files, as faults: nobody said that it is meant.
pub(crate) fn unaccepted(file: &str, findings: &[Finding]) -> Vec<Fault> {
    let must = findings.iter().filter(|finding| finding.must_be_accepted);
    let told = must.map(|finding| {
        fault(
            file,
            &finding.en,
            &finding.zh,
            "correct it; if it is meant, publish with --accept (API: \"accept\": true; page: tick the box)",
            "请改正；确实如此就加 --accept 发布（接口 \"accept\": true，页面上勾选）",
        )
    });
    told.collect()
}

impl App {
    /// Areas whose open cases would lie in another area or in none, with how many.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn displaced(&self, before: &Snapshot, after: &Snapshot) -> Result<Vec<Finding>, AppError> {
        let today = self.today();
        let mut found = Vec::new();
        for (code, region) in in_doubt(before, after, today) {
            let filter = CaseFilter {
                states: StateKind::ALL.iter().copied().filter(|state| state.is_open()).collect(),
                area: Some(code.clone()),
                ..CaseFilter::default()
            };
            let view = self.store.view(region).await?;
            let mut page = Page::first(PAGE);
            let mut gone = 0_u64;
            loop {
                let listing = view.cases(&filter, &page).await?;
                for row in listing.rows.iter().filter(|row| row.path.last() == Some(&code)) {
                    let point = row.point.and_then(|(lon, lat)| Point::new(lon, lat).ok());
                    gone += u64::from(point.is_some_and(|point| after.area_at(point, today) != Some(&code)));
                }
                let Some(next) = listing.next else { break };
                page = page.after(next);
            }
            if gone > 0 {
                found.push(Finding {
                    kind: "cases_displaced".to_owned(),
                    zh: format!("{code}：{gone} 件未结案件的坐标不再落在这个区域里"),
                    en: format!("{code}: {gone} open cases would not lie in it any more"),
                    areas: vec![code],
                    must_be_accepted: true,
                });
            }
        }
        Ok(found)
    }
}

/// Cases read at once.
const PAGE: u16 = 200;

/// The areas of today in which a point may lie now and not afterwards: what is drawn otherwise or not at all, and what
/// lies beneath a boundary that is drawn otherwise.
fn in_doubt(before: &Snapshot, after: &Snapshot, today: Date) -> Vec<(AreaCode, RegionId)> {
    let changed: Vec<Bbox> = after
        .shapes
        .iter()
        .filter(|(code, shape)| before.shapes.get(*code) != Some(*shape) || !before.is_deepest_on(code, today))
        .filter(|(code, _)| after.is_deepest_on(code, today))
        .map(|(_, shape)| shape.bbox())
        .collect();
    let is_in_doubt = |code: &AreaCode, shape: &Shape| {
        let bbox = shape.bbox();
        after.shapes.get(code) != Some(shape)
            || !after.is_deepest_on(code, today)
            || changed.iter().any(|other| other.intersects(bbox))
    };
    let mine =
        before.shapes.iter().filter(|(code, shape)| before.is_deepest_on(code, today) && is_in_doubt(code, shape));
    mine.filter_map(|(code, _)| Some((code.clone(), before.city.areas.get_on(code, today)?.region))).collect()
}

/// The text of a file of the city: UTF-8, or UTF-16 with its mark, packed with gzip or not.
///
/// # Errors
/// What kind of file it is, or what it is written in as far as its bytes tell, and how to write it again.
pub fn text_of(file: &str, kind: Kind, bytes: &[u8]) -> Result<String, Box<Fault>> {
    match crate::import::bytes::text(bytes) {
        Ok(text) => return Ok(text),
        Err(AppError::Invalid(problems)) => {
            if let Some(problem) = problems.iter().find(|problem| problem.code != "encoding") {
                return Err(Box::new(fault(
                    file,
                    &problem.en,
                    &problem.zh,
                    "bring the file itself, as text",
                    "请用文本文件",
                )));
            }
        }
        Err(other) => return Err(Box::new(fault(file, &other.to_string(), "文件读不了", "try again", "请再试一次"))),
    }
    let error = std::str::from_utf8(bytes).err();
    let is_utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) || bytes.contains(&0);
    let is_gbk = !is_utf16 && !encoding_rs::GB18030.decode_without_bom_handling(bytes).1;
    let (name_zh, name) = match (is_utf16, is_gbk) {
        (true, _) => ("UTF-16（或者不是文本）", "UTF-16, or no text at all"),
        (_, true) => ("GBK / GB18030", "GBK / GB18030"),
        _ => ("别的编码", "another encoding"),
    };
    let at = error.map_or(1, |error| error.valid_up_to() + 1);
    let line = bytes.get(..at).unwrap_or(bytes).iter().filter(|byte| **byte == b'\n').count() + 1;
    let program = if kind == Kind::Shapes {
        ("制图软件里选 UTF-8 导出", "export it as UTF-8")
    } else {
        ("另存为 UTF-8", "save it as UTF-8")
    };
    Err(Box::new(Fault {
        line: u32::try_from(line).ok(),
        ..fault(
            file,
            &format!("is not UTF-8 from byte {at} on; it looks like {name}"),
            &format!("从第 {at} 个字节起不是 UTF-8，看起来是 {name_zh}"),
            &format!("{}, or convert it, e.g. with iconv -f gb18030 -t utf-8", program.1),
            &format!("请{}，或者转换，例如 iconv -f gb18030 -t utf-8", program.0),
        )
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_example_in_the_paper_on_formats_is_read_and_drawn_soundly() {
        let paper = include_str!("../../../docs/data-formats.md");
        let example = |begin: &str| paper.split(begin).nth(1).unwrap().split("```").next().unwrap();
        let areas = Areas::parse("areas.csv", example("```csv areas\n")).unwrap();
        let text = example("```json shapes\n");
        assert_eq!(geojson::datum_of(text), Some(gewu_geo::Datum::Gcj02));
        let mut faults = Vec::new();
        let drawn = read("shapes.geojson", text, &areas, &mut faults);
        assert_eq!((faults, drawn.shapes.len()), (Vec::new(), 2));
        let listed: Vec<Area> = drawn
            .shapes
            .values()
            .zip(0..)
            .map(|(shape, handle)| Area { handle, parent: None, shape, unclosed: &[] })
            .collect();
        assert_eq!(topology::check(&listed, Tolerance::default()), []);
        assert!(areas.get_on(&AreaCode::from("370102001001001"), date(2024, 6, 1)).is_some());
    }

    #[test]
    fn every_country_has_a_rectangle_on_the_globe_and_the_zones_of_the_shipped_calendars_have_one() {
        for row in COUNTRIES.lines().skip(1) {
            let cells: Vec<&str> = row.split(',').collect();
            let degrees: Vec<f64> = cells[1..5].iter().map(|cell| cell.parse().unwrap()).collect();
            let [west, south, east, north] = degrees[..] else { panic!("{row}") };
            assert!(-180.0 <= west && west < east && east <= 180.0, "{row}");
            assert!(-90.0 <= south && south < north && north <= 90.0, "{row}");
        }
        let shanghai = countries_of("Asia/Shanghai");
        let lies_in = |lon, lat| shanghai.iter().any(|home| home.contains(Point::new(lon, lat).unwrap()));
        for (lon, lat) in [(116.4, 39.9), (87.6, 43.8), (112.3, 16.8), (131.2, 48.5)] {
            assert!(lies_in(lon, lat), "{lon}, {lat}");
        }
        assert!(!lies_in(139.7, 35.7));
        assert_eq!(countries_of("America/New_York").len(), 2);
        assert!(countries_of("UTC").is_empty());
    }
}
