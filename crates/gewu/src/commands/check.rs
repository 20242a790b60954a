//! `gewu check grids`: gaps, overlaps, slivers, crossings, holes, wrong codes and wrong parents, each with its place.

use crate::args::{Check, CheckGrids};
use anyhow::{Context, Result, bail};
use gewu_app::{city::Kind, shapes::code_of};
use gewu_domain::area::code::{CodeRole, CodeScheme};
use gewu_geo::{
    datum::{Datum, Point},
    geojson::{self, Feature},
    index::GridIndex,
    shape::Shape,
    topology::{self, Area, GeoFault, Tolerance},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::Path};

pub fn run(check: Check) -> Result<()> {
    let Check::Grids(check) = check;
    let datum: Option<Datum> =
        check.datum.as_deref().map(str::parse).transpose().context("坐标系 · datum: wgs84, gcj02, bd09, cgcs2000")?;
    let scheme = CodeScheme::ALL
        .into_iter()
        .find(|scheme| scheme.name() == check.scheme)
        .with_context(|| format!("没有代码方案 {} · schemes: unit15, unit14, cjt349, free", check.scheme))?;
    let children = Division::read(&check.file, datum)?;
    let parents = check.parents.as_deref().map(|file| Division::read(file, datum)).transpose()?;
    let coded = wrong_codes(&children, parents.as_ref(), scheme);
    let drawn = drawn_faults(&children, parents.as_ref());
    report(&check, &children, parents.as_ref(), &coded, &drawn)?;
    let found = coded.len() + drawn.len();
    if found > 0 {
        bail!("发现 {found} 处问题 · {found} faults found");
    }
    Ok(())
}

/// Chinese and English.
type Words = (String, String);

/// A file of areas, in WGS 84.
struct Division {
    /// Or what is wrong with it and what to do, in Chinese and English.
    codes: Vec<Result<String, (Words, Words)>>,
    parents: Vec<Option<String>>,
    shapes: Vec<Shape>,
    unclosed: Vec<Vec<Point>>,
}

impl Division {
    fn read(file: &Path, datum: Option<Datum>) -> Result<Division> {
        let bytes = std::fs::read(file).with_context(|| format!("读取 {} · reading", file.display()))?;
        let text = gewu_app::shapes::text_of(&file.display().to_string(), Kind::Shapes, &bytes)
            .map_err(|fault| anyhow::anyhow!("{fault}"))?;
        let features = geojson::read_as(&text, datum).map_err(|faults| {
            let lines: Vec<String> = faults.iter().map(|fault| format!("{}: {fault}", file.display())).collect();
            anyhow::anyhow!("文件无法读取 · the file does not read:\n{}", lines.join("\n"))
        })?;
        let mut division =
            Division { codes: Vec::new(), parents: Vec::new(), shapes: Vec::new(), unclosed: Vec::new() };
        for feature in features {
            division.codes.push(code_of(&feature).map(|code| code.to_string()));
            let Feature { properties, shape, unclosed, .. } = feature;
            division.parents.push(properties.get("parent").and_then(Value::as_str).map(str::to_owned));
            division.shapes.push(shape);
            division.unclosed.push(unclosed);
        }
        Ok(division)
    }

    fn name(&self, index: usize) -> String {
        let no = index + 1;
        self.code(index).map_or_else(|| format!("第 {no} 个图形 (feature {no})"), str::to_owned)
    }

    fn code(&self, index: usize) -> Option<&str> {
        self.codes.get(index).and_then(|code| code.as_deref().ok())
    }
}

/// A code that cannot stand where it stands.
struct CodeFault {
    area: String,
    what: &'static str,
    zh: String,
    en: String,
    place: Point,
}

fn wrong_codes(children: &Division, parents: Option<&Division>, scheme: CodeScheme) -> Vec<CodeFault> {
    let mut faults = Vec::new();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, shape) in children.shapes.iter().enumerate() {
        let mut fault = |what, zh: String, en: String| {
            faults.push(CodeFault { area: children.name(index), what, zh, en, place: shape.point_on_surface() });
        };
        let code = match children.codes.get(index) {
            Some(Ok(code)) => code.as_str(),
            Some(Err(((what_zh, what), (fix_zh, fix)))) => {
                fault("wrong_code", format!("{what_zh}；{fix_zh}"), format!("{what}; {fix}"));
                continue;
            }
            None => continue,
        };
        if let Some(first) = seen.insert(code, index) {
            fault(
                "wrong_code",
                format!("代码 {code} 已用于第 {} 个图形", first + 1),
                format!("code {code} is used by feature {} already", first + 1),
            );
        }
        if let Err(bad) = scheme.check(code, CodeRole::Grid) {
            fault("wrong_code", bad.what.zh.clone(), bad.what.en.clone());
        }
        let Some(parent) = children.parents.get(index).and_then(Option::as_deref) else { continue };
        if let Err(bad) = scheme.check_parent(code, CodeRole::Grid, parent) {
            fault("wrong_parent", bad.what.zh.clone(), bad.what.en.clone());
        }
        let known = parents.is_none_or(|parents| parents.codes.iter().flatten().any(|code| code == parent));
        if !known {
            fault(
                "wrong_parent",
                format!("上级 {parent} 不在上级文件里"),
                format!("parent {parent} is not in the file of parents"),
            );
        }
    }
    faults
}

/// A child that names no parent is the child of the one it lies in.
fn drawn_faults(children: &Division, parents: Option<&Division>) -> Vec<GeoFault> {
    let handle = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
    let first_parent = handle(children.shapes.len());
    let parent_handles: BTreeMap<&str, u32> = parents
        .iter()
        .flat_map(|parents| parents.codes.iter().enumerate())
        .filter_map(|(index, code)| Some((code.as_deref().ok()?, first_parent.saturating_add(handle(index)))))
        .collect();
    let parent_shapes = parents.iter().flat_map(|parents| parents.shapes.iter().enumerate());
    let lies_in =
        GridIndex::build(parent_shapes.map(|(index, shape)| (first_parent.saturating_add(handle(index)), shape)));
    let mut areas = Vec::new();
    for ((index, shape), unclosed) in children.shapes.iter().enumerate().zip(&children.unclosed) {
        let parent = match children.parents.get(index).and_then(Option::as_deref) {
            Some(named) => parent_handles.get(named).copied(),
            None => lies_in.locate(shape.point_on_surface()),
        };
        areas.push(Area { handle: handle(index), parent, shape, unclosed });
    }
    if let Some(parents) = parents {
        for ((index, shape), unclosed) in parents.shapes.iter().enumerate().zip(&parents.unclosed) {
            areas.push(Area { handle: first_parent.saturating_add(handle(index)), parent: None, shape, unclosed });
        }
    }
    topology::check(&areas, Tolerance::default())
}

fn report(
    check: &CheckGrids,
    children: &Division,
    parents: Option<&Division>,
    coded: &[CodeFault],
    drawn: &[GeoFault],
) -> Result<()> {
    let name = |handle: u32| {
        let index = usize::try_from(handle).unwrap_or(usize::MAX);
        match (index.checked_sub(children.shapes.len()), parents) {
            (Some(index), Some(parents)) => parents.name(index),
            _ => children.name(index),
        }
    };
    let features: Vec<Value> = drawn
        .iter()
        .map(|fault| fault.to_feature(name))
        .chain(coded.iter().map(|fault| {
            json!({
                "type": "Feature",
                "geometry": { "type": "Point", "coordinates": [fault.place.lon(), fault.place.lat()] },
                "properties": { "kind": fault.what, "areas": [fault.area], "zh": fault.zh, "en": fault.en },
            })
        }))
        .collect();
    if let Some(file) = &check.faults {
        std::fs::write(file, geojson::write(features.clone()))
            .with_context(|| format!("写入 {} · writing", file.display()))?;
    }
    if check.json {
        let properties: Vec<&Value> = features.iter().filter_map(|feature| feature.get("properties")).collect();
        println!("{}", serde_json::to_string_pretty(&json!({ "areas": children.shapes.len(), "faults": properties }))?);
        return Ok(());
    }
    println!("{} 个区域 areas", children.shapes.len());
    for fault in drawn {
        let (zh, en) = (fault.kind.zh(), fault.kind.en());
        let names: Vec<String> = fault.handles.iter().map(|&handle| name(handle)).collect();
        println!(
            "✗ {zh} {en}: {} · {:.6}, {:.6} · {:.1} m² · {}",
            names.join(" | "),
            fault.place.lon(),
            fault.place.lat(),
            fault.size_m2,
            if fault.width_m > 0.0 { format!("宽 width {:.2} m", fault.width_m) } else { String::new() },
        );
    }
    for fault in coded {
        println!("✗ {}: {} ({}) · {:.6}, {:.6}", fault.area, fault.zh, fault.en, fault.place.lon(), fault.place.lat());
    }
    if drawn.is_empty() && coded.is_empty() {
        println!("✓ 没有问题 no faults");
    }
    Ok(())
}
