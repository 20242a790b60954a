//! Long chores: a past that is simulated, an export that is taken in, boundaries that are published. Killed in the
//! middle, given bad files.

use crate::house::{House, Keeper};
use gewu_domain::people::Role;
use gewu_sim::nyc;
use serde_json::Value;
use std::{fs::OpenOptions, io::Write, process::Command};

const SIMULATE: [&str; 7] = ["simulate", "--cases", "240", "--days", "4", "--until", "2026-11-20T03:00:00Z"];
const FACTS: &str = "select body from facts order by region, case_id, seq";
const NUMBERS: &str = "select number from cases order by number";

fn a_simulation_killed_in_the_middle_goes_on_to_the_same_record(keeper: Keeper) {
    let whole = House::empty(keeper);
    whole.told(&SIMULATE);

    let broken = House::empty(keeper);
    let keys = broken.data().join("keys");
    std::fs::create_dir_all(broken.data()).unwrap();
    std::fs::copy(whole.data().join("keys"), keys).unwrap();
    let noted = broken.data().join("simulate-1-240-4.json");
    let slices = || -> u64 {
        let text = std::fs::read_to_string(&noted).unwrap_or_default();
        serde_json::from_str::<Value>(&text).ok().and_then(|noted| noted["slices"].as_u64()).unwrap_or(0)
    };
    for enough in [1, 3, 6] {
        let mut child = broken.command(&SIMULATE).spawn().unwrap();
        while slices() < enough {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it could be killed");
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    broken.told(&SIMULATE);
    assert!(whole.rows(FACTS).len() > 1_000);
    assert!(whole.rows(FACTS) == broken.rows(FACTS), "the facts differ");
    assert_eq!(whole.rows(NUMBERS), broken.rows(NUMBERS));
    broken.told(&SIMULATE);
    assert_eq!(whole.rows(NUMBERS), broken.rows(NUMBERS), "when all is there, nothing is added");
}

const MAPPING: &str = r#"
words = "{问题}"
[csv]
encoding = "gb18030"
[id]
column = "工单号"
[reported_at]
column = "来电时间"
formats = ["%Y-%m-%d %H:%M"]
[place]
lon = "经度"
lat = "纬度"
[class]
column = "问题"
table = { "路灯不亮" = "part-01-37" }
"#;

/// An export as it is usual in China: GB 18030, CR LF.
fn export(rows: impl Iterator<Item = String>) -> Vec<u8> {
    let text: String = std::iter::once("工单号,来电时间,问题,经度,纬度".to_owned())
        .chain(rows)
        .flat_map(|row| [row, "\r\n".to_owned()])
        .collect();
    encoding_rs::GB18030.encode(&text).0.into_owned()
}

fn row(no: usize) -> String {
    format!("G{no},2026-03-02 09:{:02},路灯不亮,,", no % 60)
}

fn an_import_killed_in_the_middle_takes_every_row_once(keeper: Keeper) {
    const ROWS: usize = 2_600;
    let house = House::set_up(keeper);
    let mapping = house.file("mapping.toml", MAPPING);
    let export = export((0..ROWS).map(row));
    let pipe = house.dir.path().join("pipe.csv").display().to_string();
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut child = house.command(&["import", "cases", &pipe, "--mapping", &mapping]).spawn().unwrap();
    let mut into = OpenOptions::new().write(true).open(&pipe).unwrap();
    // What a pipe cannot hold has been read: all but its last 64 KiB, and some buffers.
    into.write_all(&export[..export.len() - 1]).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    drop(into);
    let count = |house: &House| house.rows(NUMBERS).len();
    let taken = count(&house);
    assert!(taken < ROWS, "it was killed too late to prove anything");

    let file = house.file("export.csv", &export);
    let said = house.told(&["import", "cases", &file, "--mapping", &mapping]);
    assert!(said.contains(&format!("{} taken", ROWS - taken)), "{said}");
    assert!(said.contains(&format!("{taken} known")), "{said}");
    assert_eq!(count(&house), ROWS);
    let mut numbers = house.rows(NUMBERS);
    numbers.dedup();
    assert_eq!(numbers.len(), ROWS);
    assert!(house.told(&["verify"]).contains("whole"));
}

fn a_hostile_export_is_taken_as_far_as_it_is_sound_and_the_rest_is_listed(keeper: Keeper) {
    let house = House::set_up(keeper);
    let mapping = house.file("mapping.toml", MAPPING);
    let mut file = export((0..3).map(row));
    for bad in [
        &b"N1,2026-03-02 09:00,\0,,\r\n"[..],
        b"N2,2026-03-02 09:00,\xff\xff,,\r\n",
        b"N3,2026-03-02 09:00\r\n",
        b"N4,2026-03-02 09:00,\"many\r\nlines\",,\r\n",
        b"N5,yesterday,x,,\r\n",
    ] {
        file.extend_from_slice(bad);
    }
    file.extend(format!("N6,2026-03-02 09:00,{},,\r\n", "x".repeat(10_000_000)).into_bytes());
    let file = house.file("export.csv", &file);
    let list = house.dir.path().join("rejected.csv").display().to_string();
    let import = ["import", "cases", &file, "--mapping", &mapping, "--rejected", &list];
    house.told(&[&import[..], &["--dry-run"]].concat());
    assert_eq!(house.rows(NUMBERS).len(), 0, "a dry run changes nothing");
    assert_eq!(house.rows("select name from people").len(), 0);
    house.told(&import);
    assert_eq!(house.rows(NUMBERS).len(), 3);
    let listed = std::fs::read_to_string(&list).unwrap();
    let heads: Vec<String> =
        listed.lines().skip(1).map(|line| line.split(',').take(3).collect::<Vec<_>>().join(",")).collect();
    let expected = [
        r#"5,"",nul"#,
        r#"6,"",encoding"#,
        r#"7,"N3",cells"#,
        r#"8,"N4",unknown_class"#,
        r#"10,"N5",bad_time"#,
        r#"11,"N6",unknown_class"#,
    ];
    assert_eq!(heads, expected);
}

fn what_an_export_brings_is_listed_privately_and_found_by_its_number_elsewhere(keeper: Keeper) {
    let mut house = House::set_up(keeper);
    let mapping = house.file("mapping.toml", MAPPING);
    let rows = [
        r#""=HYPERLINK(""http://x"",""open"")",soon,路灯不亮,,"#,
        "@SUM(1),soon,路灯不亮,,",
        "2024/000 123,2026-03-02 09:00,路灯不亮,,",
    ];
    let file = house.file("export.csv", export(rows.into_iter().map(str::to_owned)));
    let list = house.file("rejected.csv", "of an earlier run, for everybody to read");
    let said = house.told(&["import", "cases", &file, "--mapping", &mapping, "--rejected", &list]);
    assert!(said.contains("1 taken") && said.contains("2 × bad_time"), "{said}");
    let listed = std::fs::read_to_string(&list).unwrap();
    let ids: Vec<&str> = listed.lines().skip(1).map(|line| line.split(",bad_time").next().unwrap()).collect();
    assert_eq!(ids, [r#"2,"'=HYPERLINK(""http://x"",""open"")""#, r#"3,"'@SUM(1)""#]);
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&list).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);

    house.employ("chief", Role::DutyChief, None);
    house.serve();
    let desk = house.sign_in("chief");
    let (status, found) = house.get("/api/v1/cases/number/2024%2F000%20123", Some(&desk));
    assert_eq!(status, 200, "{found}");
    let place = format!("{}/{}", found["region"].as_str().unwrap(), found["id"].as_str().unwrap());
    let (_, case) = house.get(&format!("/api/v1/cases/{place}"), Some(&desk));
    assert_eq!(case["origin"], serde_json::json!({ "number": "2024/000 123", "system": "" }));
    let (_, page) = house.get(&format!("/cases/{place}"), Some(&desk));
    let page = page.as_str().unwrap();
    assert!(page.contains("原编号") && page.contains("2024/000 123"), "{page}");
    // The way there drops the cookie: what is asked for then is to sign in and go on to the case.
    let (_, page) = house.get("/cases?words=2024%2F000+123", Some(&desk));
    assert!(page.as_str().unwrap().contains(&format!("/cases/{place}")), "searching for it opens the case: {page}");
}

fn a_data_file_that_is_no_utf_8_is_refused_with_the_cure(keeper: Keeper) {
    let house = House::empty(keeper);
    house.told(&["init"]);
    let (gbk, ..) = encoding_rs::GBK.encode(&house.town.areas_csv);
    for (file, says) in
        [(house.file("areas.csv", &gbk), "iconv -f gb18030"), (house.file("areas.xlsx", b"PK\x03\x04rest"), "xlsx")]
    {
        let output = house.run(&["import", "data", &format!("areas={file}")]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(&file) && said.contains(says), "{said}");
    }
    let utf_16: Vec<u8> =
        format!("\u{feff}{}", house.town.areas_csv).encode_utf16().flat_map(u16::to_le_bytes).collect();
    let areas = format!("areas={}", house.file("areas.csv", utf_16));
    let shapes = format!("shapes={}", house.file("shapes.geojson", &house.town.shapes_geojson));
    let units = format!("units={}", house.file("units.csv", &house.town.units_csv));
    house.told(&["import", "data", &areas, &shapes, &units]);
}

/// From the name and the text of a file to another text.
type Spoil = fn(&str, &str) -> String;

/// New York's files, with something done to one of them.
fn new_york(house: &House, spoil: Spoil) -> Vec<String> {
    nyc::FILES
        .iter()
        .map(|(kind, name, text)| {
            let name = name.rsplit('/').next().unwrap();
            format!("{}={}", kind.code(), house.file(name, spoil(name, text)))
        })
        .collect()
}

/// Setting up a city has published the first version of a policy.
fn next_policy(name: &str, text: &str) -> String {
    if name == "nyc.toml" { text.replacen("version = 1", "version = 2", 1) } else { text.to_owned() }
}

fn a_bad_file_among_new_york_s_changes_nothing_and_says_where(keeper: Keeper) {
    let house = House::empty(keeper);
    house.told(&["init"]);
    let before = house.rows("select name from publications order by name");
    let publish = |files: &[String]| {
        let args: Vec<&str> = ["import", "data"].into_iter().chain(files.iter().map(String::as_str)).collect();
        let output = house.run(&args);
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let off_the_globe = |name: &str, text: &str| match name {
        "tracts.geojson" => text.replacen(",40.785983]", ",940.785983]", 1),
        _ => next_policy(name, text),
    };
    let unknown_parent = |name: &str, text: &str| match name {
        "nyc.csv" => text.replacen(",MN,", ",ATLANTIS,", 1),
        _ => next_policy(name, text),
    };
    let cut = |name: &str, text: &str| match name {
        "tracts.geojson" => text[..text.len() / 2].to_owned(),
        _ => next_policy(name, text),
    };
    let spoils: [(Spoil, &str, &str); 3] = [
        (off_the_globe, "tracts.geojson:", "feature 1"),
        (unknown_parent, "nyc.csv:", "ATLANTIS"),
        (cut, "tracts.geojson:", "export it again"),
    ];
    let strange = house.file("tiny.geojson", house.town.shapes_geojson.replacen("\"code\":\"", "\"code\":\"9", 1));
    let areas = format!("areas={}", house.file("areas.csv", &house.town.areas_csv));
    let units = format!("units={}", house.file("units.csv", &house.town.units_csv));
    let (is_taken, said) = publish(&[areas, format!("shapes={strange}"), units]);
    assert!(!is_taken && said.contains("tiny.geojson"), "the first boundaries are looked at too: {said}");
    for (spoil, file, what) in spoils {
        let spoilt = new_york(&house, spoil);
        let (is_taken, said) = publish(&spoilt);
        assert!(!is_taken, "{file} was taken");
        assert!(said.contains(file) && said.contains(what), "{said}");
        assert_eq!(house.rows("select name from publications order by name"), before, "something was published");
    }
    let (is_taken, said) = publish(&new_york(&house, next_policy));
    assert!(is_taken, "{said}");
}

on_both! {
    a_simulation_killed_in_the_middle_goes_on_to_the_same_record
    an_import_killed_in_the_middle_takes_every_row_once
    a_hostile_export_is_taken_as_far_as_it_is_sound_and_the_rest_is_listed
    a_bad_file_among_new_york_s_changes_nothing_and_says_where
    what_an_export_brings_is_listed_privately_and_found_by_its_number_elsewhere
    a_data_file_that_is_no_utf_8_is_refused_with_the_cure
}
