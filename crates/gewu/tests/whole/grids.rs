//! `gewu check grids` on a file with one of each fault, on one without, and on New York's tracts.

use crate::house::{House, Keeper};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::{Command, Output},
};

/// Corners in thousandths of a degree from 116° E, 40° N.
type Corners<'a> = &'a [(f64, f64)];

fn ring(corners: Corners<'_>) -> Value {
    let points: Vec<Value> = corners.iter().map(|(x, y)| json!([116.0 + x / 1e3, 40.0 + y / 1e3])).collect();
    json!(points)
}

fn feature(code: Option<&str>, parent: Option<&str>, rings: &[Corners<'_>]) -> Value {
    let rings: Vec<Value> = rings.iter().map(|corners| ring(corners)).collect();
    let mut properties = serde_json::Map::new();
    properties.extend(code.map(|code| ("code".to_owned(), json!(code))));
    properties.extend(parent.map(|parent| ("parent".to_owned(), json!(parent))));
    json!({ "type": "Feature", "properties": properties, "geometry": { "type": "Polygon", "coordinates": rings } })
}

fn rectangle(west: f64, south: f64, east: f64, north: f64) -> [(f64, f64); 5] {
    [(west, south), (east, south), (east, north), (west, north), (west, south)]
}

fn collection(features: Vec<Value>) -> String {
    json!({ "type": "FeatureCollection", "features": features }).to_string()
}

/// Four grids around empty ground.
fn around(code: &str, west: f64, south: f64, east: f64, north: f64) -> Vec<Value> {
    let parts = [
        rectangle(west - 1.0, south - 1.0, east + 1.0, south),
        rectangle(west - 1.0, north, east + 1.0, north + 1.0),
        rectangle(west - 1.0, south, west, north),
        rectangle(east, south, east + 1.0, north),
    ];
    (1..).zip(parts).map(|(no, part)| feature(Some(&format!("{code}{no}")), None, &[&part])).collect()
}

/// One of each fault, each ten thousandths of a degree from the next; half a metre is 0.005 of a thousandth.
fn faulty() -> (String, String) {
    let mut grids = around("gap", 1.0, 1.0, 2.0, 2.0);
    grids.push(feature(Some("hole"), None, &[&rectangle(10.0, 0.0, 13.0, 3.0), &rectangle(11.0, 1.0, 12.0, 2.0)]));
    grids.push(feature(Some("over1"), None, &[&rectangle(20.0, 0.0, 22.0, 2.0)]));
    grids.push(feature(Some("over2"), None, &[&rectangle(21.0, 0.0, 23.0, 2.0)]));
    grids.extend(around("slit", 31.0, 1.0, 32.0, 1.005));
    grids.push(feature(Some("thin1"), None, &[&rectangle(40.0, 0.0, 42.0, 1.005)]));
    grids.push(feature(Some("thin2"), None, &[&rectangle(40.0, 1.0, 42.0, 2.0)]));
    grids.push(feature(Some("bow"), None, &[&[(50.0, 0.0), (52.0, 2.0), (52.0, 0.0), (50.0, 2.0), (50.0, 0.0)]]));
    grids.push(feature(
        Some("twice"),
        None,
        &[&[(60.0, 0.0), (62.0, 0.0), (62.0, 0.0), (62.0, 2.0), (60.0, 2.0), (60.0, 0.0)]],
    ));
    grids.push(feature(Some("open"), None, &[&[(70.0, 0.0), (72.0, 0.0), (72.0, 2.0), (70.0, 2.0)]]));
    grids.push(feature(Some("child"), Some("P1"), &[&rectangle(79.0, 0.0, 81.0, 2.0)]));
    grids.push(feature(None, None, &[&rectangle(90.0, 0.0, 91.0, 1.0)]));
    grids.push(feature(Some("hole"), None, &[&rectangle(100.0, 0.0, 101.0, 1.0)]));
    grids.push(feature(Some("lost"), Some("P9"), &[&rectangle(110.0, 0.0, 111.0, 1.0)]));
    let parents = vec![feature(Some("P1"), None, &[&rectangle(80.0, 0.0, 83.0, 2.0)])];
    (collection(grids), collection(parents))
}

/// Every kind, what the text says of it, and between which degrees its place lies.
const KINDS: [(&str, &str, &[f64]); 12] = [
    ("gap", "缝隙 gap", &[116.0]),
    ("hole", "孔洞 hole", &[116.01]),
    ("overlap", "重叠 overlap", &[116.02]),
    ("sliver_gap", "细缝 sliver gap", &[116.03]),
    ("sliver_overlap", "细条重叠 sliver overlap", &[116.04]),
    ("self_crossing", "边界自相交 self-crossing", &[116.05]),
    ("duplicate_vertex", "重复顶点 duplicate vertex", &[116.06]),
    ("unclosed_ring", "边界未闭合 unclosed ring", &[116.07]),
    ("outside_parent", "超出上级 outside its parent", &[116.079]),
    ("parent_not_covered", "上级未覆盖 parent not covered", &[116.08]),
    ("wrong_code", "没有 code 属性", &[116.09, 116.1]),
    ("wrong_parent", "上级 P9 不在上级文件里", &[116.11]),
];

struct Files {
    dir: tempfile::TempDir,
}

impl Files {
    fn new(grids: &str, parents: Option<&str>) -> Files {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("grids.geojson"), grids).unwrap();
        if let Some(parents) = parents {
            std::fs::write(dir.path().join("parents.geojson"), parents).unwrap();
        }
        Files { dir }
    }

    fn check(&self, args: &[&str]) -> Output {
        check(&self.dir.path().join("grids.geojson"), self.dir.path(), args)
    }
}

fn check(file: &Path, dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gewu"))
        .args(["check", "grids"])
        .arg(file)
        .args(args)
        .current_dir(dir)
        .output()
        .unwrap()
}

fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

#[test]
fn one_of_each_fault_is_told_as_text_as_json_and_on_a_map() {
    let (grids, parents) = faulty();
    let files = Files::new(&grids, Some(&parents));
    let args = ["--parents", "parents.geojson", "--faults", "faults.geojson"];
    let text = files.check(&args);
    let json = files.check(&[args.as_slice(), &["--json"]].concat());
    for output in [&text, &json] {
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("faults found"), "{output:?}");
    }
    let told = json_of(&json);
    let faults = told["faults"].as_array().unwrap();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for fault in faults {
        *kinds.entry(fault["kind"].as_str().unwrap()).or_default() += 1;
    }
    let expected: BTreeMap<&str, usize> = KINDS.iter().map(|(kind, _, places)| (*kind, places.len())).collect();
    assert_eq!(kinds, expected, "{faults:#?}");
    assert_eq!(told["areas"], 20);

    let map: Value =
        serde_json::from_str(&std::fs::read_to_string(files.dir.path().join("faults.geojson")).unwrap()).unwrap();
    let drawn = map["features"].as_array().unwrap();
    assert_eq!(drawn.len(), faults.len());
    let said = String::from_utf8(text.stdout).unwrap();
    for (kind, words, places) in KINDS {
        assert!(said.contains(words), "{words} is not in {said}");
        let here = drawn.iter().filter(|one| one["properties"]["kind"] == kind);
        for (one, west) in here.zip(places) {
            let bounds = lons(&one["geometry"]);
            let (least, most) = (bounds[0], bounds[bounds.len() - 1]);
            assert!(*west - 1e-9 <= least && most <= west + 0.004, "{kind} lies at {bounds:?}");
        }
    }
    let ground = |kind: &str| faults.iter().find(|fault| fault["kind"] == kind).unwrap();
    let gap_m2 = ground("gap")["size_m2"].as_f64().unwrap();
    assert!((9_300.0..9_600.0).contains(&gap_m2), "a thousandth of a degree squared is some 9,470 m² there: {gap_m2}");
    let width_m = ground("sliver_gap")["width_m"].as_f64().unwrap();
    assert!((0.5..0.6).contains(&width_m), "{width_m}");
    let owners: BTreeSet<&str> =
        ground("outside_parent")["areas"].as_array().unwrap().iter().map(|area| area.as_str().unwrap()).collect();
    assert_eq!(owners, BTreeSet::from(["P1", "child"]));
}

/// Every longitude of a geometry, ascending.
fn lons(geometry: &Value) -> Vec<f64> {
    fn walk(value: &Value, found: &mut Vec<f64>) {
        match value.as_array().map(Vec::as_slice) {
            Some([lon, lat]) if lon.is_number() && lat.is_number() => found.extend(lon.as_f64()),
            Some(parts) => parts.iter().for_each(|part| walk(part, found)),
            None => {}
        }
    }
    let mut found = Vec::new();
    walk(&geometry["coordinates"], &mut found);
    found.sort_by(f64::total_cmp);
    assert!(!found.is_empty(), "{geometry}");
    found
}

#[test]
fn grids_without_a_fault_are_whole_in_every_format() {
    let grids = collection(vec![
        feature(Some("a"), Some("P"), &[&rectangle(0.0, 0.0, 1.0, 1.0)]),
        feature(Some("b"), Some("P"), &[&rectangle(1.0, 0.0, 2.0, 1.0)]),
    ]);
    let parents = collection(vec![feature(Some("P"), None, &[&rectangle(0.0, 0.0, 2.0, 1.0)])]);
    let files = Files::new(&grids, Some(&parents));
    let args = ["--parents", "parents.geojson", "--faults", "faults.geojson"];
    let text = files.check(&args);
    assert!(text.status.success() && String::from_utf8_lossy(&text.stdout).contains("no faults"), "{text:?}");
    let json = files.check(&[args.as_slice(), &["--json"]].concat());
    assert_eq!(json_of(&json), json!({ "areas": 2, "faults": [] }));
    let map: Value =
        serde_json::from_str(&std::fs::read_to_string(files.dir.path().join("faults.geojson")).unwrap()).unwrap();
    assert_eq!(map["features"], json!([]));
}

/// Without the parent, ground that is open to the outside is nobody's fault.
#[test]
fn grids_that_name_no_parent_are_measured_by_the_one_they_lie_in() {
    let grids = collection(vec![
        feature(Some("a"), None, &[&rectangle(0.0, 0.0, 1.0, 1.0)]),
        feature(Some("b"), None, &[&rectangle(0.0, 1.005, 1.0, 2.0)]),
    ]);
    let parents = collection(vec![
        feature(Some("P"), None, &[&rectangle(0.0, 0.0, 1.0, 2.0)]),
        feature(Some("Q"), None, &[&rectangle(1.0, 0.0, 2.0, 2.0)]),
    ]);
    let files = Files::new(&grids, Some(&parents));
    assert_eq!(json_of(&files.check(&["--json"]))["faults"], json!([]));
    let told = json_of(&files.check(&["--json", "--parents", "parents.geojson"]));
    let [fault] = told["faults"].as_array().unwrap().as_slice() else { panic!("{told:#}") };
    assert_eq!((&fault["kind"], &fault["areas"]), (&json!("parent_not_covered"), &json!(["P"])));
    let width_m = fault["width_m"].as_f64().unwrap();
    assert!((0.5..0.6).contains(&width_m), "{width_m}");
}

#[test]
fn a_code_that_is_none_of_its_scheme_is_told_and_what_cannot_be_read_names_what_is_wrong() {
    let grids = collection(vec![feature(Some("11010100100101"), None, &[&rectangle(0.0, 0.0, 1.0, 1.0)])]);
    let files = Files::new(&grids, None);
    let told = json_of(&files.check(&["--json", "--scheme", "unit15"]));
    assert_eq!(told["faults"][0]["kind"], "wrong_code", "{told}");
    assert!(files.check(&["--scheme", "unit14"]).status.success());
    for (args, said) in [
        (["--scheme", "unit99"], "unit15, unit14"),
        (["--datum", "mars"], "gcj02"),
        (["--parents", "none.geojson"], "none.geojson"),
    ] {
        let output = files.check(&args);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.contains(said), "{args:?}: {error}");
    }
    let broken = Files::new("{\"type\":\"FeatureCollection\",\"features\":[{}]}", None);
    let output = broken.check(&[]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && error.contains("grids.geojson"), "{error}");
}

#[test]
fn publishing_prints_what_the_checks_say_and_waits_for_accept_where_ground_changes_hands() {
    let house = House::set_up(Keeper::Sqlite);
    let mut shapes: Value = serde_json::from_str(&house.town.shapes_geojson).unwrap();
    let lost = shapes["features"].as_array_mut().unwrap().pop().unwrap();
    let code = lost["properties"]["code"].as_str().unwrap();
    let file = format!("shapes={}", house.file("less.geojson", shapes.to_string()));
    let publish = |more: &[&str]| {
        let output = house.run(&[&["import", "data", &file], more].concat());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    };
    let (is_taken, told, _) = publish(&["--dry-run"]);
    let line = told.lines().find(|line| line.contains("--accept")).unwrap_or_else(|| panic!("{told}"));
    assert!(is_taken && line.contains(code), "{told}");
    let (is_taken, _, error) = publish(&[]);
    assert!(!is_taken && error.contains("less.geojson") && error.contains("--accept"), "{error}");
    let (is_taken, told, _) = publish(&["--accept", "--datum", "cgcs2000"]);
    assert!(is_taken && told.contains("accepted") && told.contains("shapes  v2"), "{told}");
    let units = format!("units={}", house.file("units.csv", &house.town.units_csv));
    let alone = house.run(&["import", "data", &units, "--datum", "gcj02"]);
    assert!(!alone.status.success(), "there is nothing --datum could be of");
}

#[test]
fn new_yorks_tracts_are_read_whole_and_each_fault_of_them_has_a_place_in_new_york() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/real/nyc/tracts.geojson");
    let dir = tempfile::tempdir().unwrap();
    let output = check(&file, dir.path(), &["--json", "--faults", "faults.geojson"]);
    let told = json_of(&output);
    let tracts = std::fs::read_to_string(&file).unwrap().matches("\"type\":\"Feature\",").count();
    assert_eq!(told["areas"], tracts);
    let faults = told["faults"].as_array().unwrap();
    assert_eq!(output.status.success(), faults.is_empty());
    let map: Value =
        serde_json::from_str(&std::fs::read_to_string(dir.path().join("faults.geojson")).unwrap()).unwrap();
    for one in map["features"].as_array().unwrap() {
        let lons = lons(&one["geometry"]);
        assert!(lons.iter().all(|lon| (-74.3..-73.6).contains(lon)), "{one}");
    }
    assert_eq!(faults.len(), 0, "the census draws its tracts without a fault: {faults:#?}");
}
