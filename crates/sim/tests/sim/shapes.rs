//! Boundaries of a small city: what is said before they are published, and which day's grid a point lies in.

use crate::house::{House, at, house};
use gewu_app::{
    AppError, Caller,
    cases::report::{Contact, NewReport},
    city::{Draft, Kind, Published, Publishing},
    import::{ImportOptions, Told, mapping::Mapping},
    locate::Location,
    shapes::Finding,
};
use gewu_domain::{
    case::Source,
    fault::Fault,
    ids::{AreaCode, RegionId},
};
use gewu_geo::{Datum, Point};

const NOW: &str = "2026-11-20T03:00:00Z";
const BASE: &str = include_str!("../files/shapes.geojson");
const ONLY_A: &str = include_str!("../files/only_a.geojson");
const A_OVER_B: &str = include_str!("../files/a_over_b.geojson");
const MAPPING: &str = include_str!("../files/base.toml");

fn draft(kind: Kind, text: &str) -> Draft {
    Draft { kind, file: format!("{}.file", kind.code()), text: text.to_owned(), datum: None }
}

/// What every city of these tests has beside its areas and boundaries.
fn rules() -> Vec<Draft> {
    vec![
        draft(Kind::UnitKinds, include_str!("../../../../data/units/kinds.csv")),
        draft(Kind::Units, include_str!("../files/units.csv")),
        draft(Kind::Catalogue, include_str!("../../../../data/catalogue/gbt30428.csv")),
        draft(Kind::Calendar, include_str!("../../../../data/calendars/cn.toml")),
        draft(Kind::Policy, include_str!("../../../../data/policy/default.toml")),
    ]
}

async fn city(areas: &str, shapes: Draft) -> Result<House, AppError> {
    let house = house(3, at(NOW)).await;
    let mut drafts = rules();
    drafts.extend([draft(Kind::Areas, areas), shapes]);
    house.app.publish(&Caller::system(), None, drafts, Publishing::default()).await?;
    Ok(house)
}

async fn small_city() -> House {
    city(include_str!("../files/areas.csv"), draft(Kind::Shapes, BASE)).await.unwrap()
}

async fn offer(house: &House, shapes: Draft, how: Publishing) -> Result<Published, AppError> {
    let mut published = house.app.publish(&Caller::system(), None, vec![shapes], how).await?;
    Ok(published.remove(0))
}

const DRY: Publishing = Publishing { dry_run: true, accept: false };
const SURE: Publishing = Publishing { dry_run: false, accept: true };

fn faulty(error: AppError) -> Vec<Fault> {
    match error {
        AppError::Faulty(faults) => faults,
        other => panic!("{other:?}"),
    }
}

fn of_kind<'f>(findings: &'f [Finding], kind: &str) -> &'f Finding {
    findings.iter().find(|finding| finding.kind == kind).unwrap_or_else(|| panic!("no {kind} in {findings:?}"))
}

/// Rows of an export; what was not taken, with its code.
async fn import(house: &House, mapping: &str, rows: &str) -> Vec<(String, &'static str)> {
    let mapping = Mapping::parse("mapping.toml", mapping).unwrap();
    let file = Box::new(std::io::Cursor::new(rows.to_owned().into_bytes()));
    let mut rejected = Vec::new();
    house
        .app
        .import_cases(&Caller::system(), file, &mapping, &ImportOptions::default(), &mut |told| {
            if let Told::Rejected(row) = told {
                rejected.push((row.id.clone(), row.code));
            }
        })
        .await
        .unwrap();
    rejected
}

async fn grid_of(house: &House, region: u32, id: &str) -> Option<String> {
    let view = house.app.store.view(RegionId(region)).await.unwrap();
    let case = view.case_by_number(&format!("{region:06}-{id}")).await.unwrap()?;
    case.place.deepest().map(|area| area.to_string())
}

/// Two open cases in B, one in A, one in B that is closed.
const CASES: &str = "\
id,what,opened,closed,status,lon,lat,class\n\
1,a,2026-11-02 09:00:00,,Open,116.015,39.005,\n\
2,b,2026-11-02 09:00:00,,Open,116.012,39.002,\n\
3,c,2026-11-02 09:00:00,,Open,116.005,39.005,\n\
4,d,2026-11-02 09:00:00,2026-11-03 09:00:00,Closed,116.015,39.005,\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_that_leaves_an_area_without_a_shape_says_so_and_is_published_only_when_that_is_meant() {
    let house = small_city().await;
    assert_eq!(import(&house, MAPPING, CASES).await, []);
    let told = offer(&house, draft(Kind::Shapes, ONLY_A), DRY).await.unwrap();
    let lost = of_kind(&told.findings, "shape_lost");
    assert_eq!((lost.areas.as_slice(), lost.must_be_accepted), ([AreaCode::from("B")].as_slice(), true));
    let displaced = of_kind(&told.findings, "cases_displaced");
    assert_eq!(displaced.areas, [AreaCode::from("B")]);
    assert!(displaced.zh.contains("2 件") && displaced.en.contains("2 open cases"), "{displaced:?}");

    let faults = faulty(offer(&house, draft(Kind::Shapes, ONLY_A), Publishing::default()).await.unwrap_err());
    assert_eq!(faults.len(), 2);
    assert!(faults.iter().all(|fault| fault.file == "shapes.file" && fault.fix.contains("--accept")), "{faults:?}");
    let in_b = Point::new(116.015, 39.005).unwrap();
    assert!(house.app.snapshot().unwrap().area_at(in_b, house.app.today()).is_some(), "nothing changed");

    assert_eq!(offer(&house, draft(Kind::Shapes, ONLY_A), SURE).await.unwrap().version, 2);
    assert_eq!(house.app.snapshot().unwrap().area_at(in_b, house.app.today()), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_area_laid_over_another_is_named_with_the_cases_that_would_change_hands() {
    let house = small_city().await;
    import(&house, MAPPING, CASES).await;
    let faults = faulty(offer(&house, draft(Kind::Shapes, A_OVER_B), Publishing::default()).await.unwrap_err());
    let said: Vec<&str> = faults.iter().map(|fault| fault.what.as_str()).collect();
    assert!(said.iter().any(|what| what.starts_with("B: 2 open cases")), "{said:?}");
    assert!(said.iter().any(|what| what.starts_with("overlap: A | B")), "{said:?}");
    offer(&house, draft(Kind::Shapes, A_OVER_B), SURE).await.unwrap();
    let again = A_OVER_B.replace("\"A\"", " \"A\"");
    let known = offer(&house, draft(Kind::Shapes, &again), Publishing::default()).await.unwrap();
    assert!(!of_kind(&known.findings, "overlap").must_be_accepted, "what was accepted needs no second word");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_boundaries_too_are_looked_over_and_those_that_are_sound_say_nothing() {
    let areas = include_str!("../files/areas.csv");
    let house = small_city().await;
    let moved = BASE.replace("39.01],[116,39.01]", "39.011],[116,39.011]");
    let told = offer(&house, draft(Kind::Shapes, &moved), DRY).await.unwrap();
    assert_eq!(told.findings, [], "a border moved where there was nothing");
    let nested = include_str!("../../../geo/tests/files/nested.geojson");
    let faults = faulty(city(areas, draft(Kind::Shapes, nested)).await.err().unwrap());
    assert!(faults.len() == 1 && faults[0].what_zh.contains("一部分在另一部分之内"), "{faults:?}");
    assert!(city(areas, draft(Kind::Shapes, ONLY_A)).await.is_ok(), "a city may draw its areas one after the other");
}

#[tokio::test(flavor = "multi_thread")]
async fn boundaries_outside_the_country_are_told_before_they_are_published_and_exchanged_coordinates_by_name() {
    let house = small_city().await;
    let abroad = include_str!("../files/swapped.geojson");
    let told = offer(&house, draft(Kind::Shapes, abroad), DRY).await.unwrap();
    let finding = of_kind(&told.findings, "abroad");
    assert!(finding.must_be_accepted && finding.en.contains("Asia/Shanghai: A, B"), "{finding:?}");
    let new_york = include_str!("../../../../data/calendars/us-nyc.toml");
    let policy = include_str!("../../../../data/policy/default.toml");
    let calendar = new_york.lines().find(|line| line.starts_with("id")).unwrap().split('"').nth(1).unwrap();
    let own = policy.lines().find(|line| line.starts_with("calendar")).unwrap();
    let mut drafts = rules();
    drafts.retain(|draft| !matches!(draft.kind, Kind::Calendar | Kind::Policy));
    drafts.extend([
        draft(Kind::Areas, include_str!("../files/areas.csv")),
        draft(Kind::Shapes, abroad),
        draft(Kind::Calendar, new_york),
        draft(Kind::Policy, &policy.replace(own, &format!("calendar = \"{calendar}\""))),
    ]);
    let fresh = crate::house::house(4, at(NOW)).await;
    let told = fresh.app.publish(&Caller::system(), None, drafts, DRY).await.unwrap();
    let finding = told.iter().find_map(|one| one.findings.iter().find(|finding| finding.kind == "exchanged")).unwrap();
    assert!(finding.en.contains("longitude and latitude are exchanged"), "{finding:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_boundary_drawn_on_gcj02_holds_the_points_that_lie_in_it_on_the_ground() {
    // A point of Shanghai as eviltransform publishes it, in WGS84 and in GCJ-02; 200 m around it drawn on GCJ-02.
    let (wgs, gcj) = (Point::new(121.5272106, 31.1774276).unwrap(), (121.531541859215, 31.17530398364597));
    let (west, south, east, north) = (gcj.0 - 0.001, gcj.1 - 0.001, gcj.0 + 0.001, gcj.1 + 0.001);
    let text = format!(
        r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{"code":"A"}},"geometry":{{"type":"Polygon","coordinates":[[[{west},{south}],[{east},{south}],[{east},{north}],[{west},{north}],[{west},{south}]]]}}}}]}}"#
    );
    let areas = include_str!("../files/areas.csv");
    let said = Draft { datum: Some(Datum::Gcj02), ..draft(Kind::Shapes, &text) };
    let house = city(areas, said.clone()).await.unwrap();
    let snapshot = house.app.snapshot().unwrap();
    assert_eq!(snapshot.area_at(wgs, house.app.today()), Some(&AreaCode::from("A")));
    assert!(offer(&house, said.clone(), DRY).await.unwrap().is_unchanged, "the same file in the same datum");
    let other = offer(&house, Draft { datum: Some(Datum::Bd09), ..said.clone() }, DRY).await.unwrap();
    assert!(!other.is_unchanged, "the same file in another is another boundary");
    let kept = house.app.publication(&Caller::system(), Kind::Shapes, "", 1).await.unwrap();
    assert!(String::from_utf8(kept.body).unwrap().starts_with("{\"datum\":\"gcj02\","));
    let plain = city(areas, draft(Kind::Shapes, &text)).await.unwrap();
    assert_eq!(plain.app.snapshot().unwrap().area_at(wgs, plain.app.today()), None, "taken as WGS84 it lies elsewhere");
}

async fn changing_city() -> House {
    let shapes = draft(Kind::Shapes, include_str!("../files/ended/shapes.geojson"));
    city(include_str!("../files/ended/areas.csv"), shapes).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_an_export_goes_to_the_grid_that_was_in_force_on_its_day() {
    let house = changing_city().await;
    let rows = include_str!("../files/ended/a.csv");
    let rejected = import(&house, include_str!("../files/ended/m.toml"), rows).await;
    assert_eq!(rejected, [("3".to_owned(), "area_not_in_force")], "A ended, and two took it over");
    for (id, grid) in [("1", "A"), ("2", "A"), ("4", "A"), ("5", "A1")] {
        assert_eq!(grid_of(&house, 990_001, id).await.as_deref(), Some(grid), "row {id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_area_takes_no_new_case() {
    let house = changing_city().await;
    let report = async |location: Location| {
        let new = NewReport {
            source: Source::Hotline,
            location,
            class: None,
            words: "路灯不亮".to_owned(),
            photos: Vec::new(),
            contact: Contact::default(),
            is_confidential: false,
            is_urgent: false,
            is_fixed_on_spot: false,
        };
        house.app.report(&Caller::system(), None, new).await
    };
    let by_code = |code: &str| Location { area: Some(AreaCode::from(code)), ..Location::default() };
    let error = report(by_code("A")).await.unwrap_err();
    let AppError::Invalid(problems) = error else { panic!("{error:?}") };
    assert_eq!(problems[0].code, "area_not_in_force");
    assert!(problems[0].zh.contains("A1, A2"), "{problems:?}");
    let point = Some((116.002, 39.005));
    assert!(report(Location { point, ..by_code("A") }).await.unwrap().is_placed, "the point says which of the two");
    let place = house.app.locate(&Location { point, ..Location::default() }).unwrap().place;
    assert_eq!(place.deepest(), Some(&AreaCode::from("A1")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feature_that_cannot_be_named_is_refused_with_its_number_and_the_cure() {
    let house = small_city().await;
    let files = [
        (include_str!("../../../geo/tests/files/code_number.geojson"), "feature 1", "370102001001001", "as the text"),
        (include_str!("../../../geo/tests/files/code_upper.geojson"), "feature 1", "CODE", "in lower case"),
        (include_str!("../../../geo/tests/files/code_in_id.geojson"), "feature 1", "id", "property \"code\""),
        (include_str!("../../../geo/tests/files/space_code.geojson"), "feature 2", "blanks", "take the blanks away"),
        (
            include_str!("../../../geo/tests/files/same_code_two_features.geojson"),
            "feature 2",
            "second shape",
            "dissolve",
        ),
        (include_str!("../../../geo/tests/files/crs_code.geojson"), "", "EPSG:2263", "EPSG:4490"),
    ];
    for (text, feature, what, fix) in files {
        let faults = faulty(offer(&house, draft(Kind::Shapes, text), DRY).await.unwrap_err());
        let [fault] = faults.as_slice() else { panic!("{faults:?}") };
        assert!(fault.what.contains(feature) && fault.what.contains(what) && fault.fix.contains(fix), "{fault}");
    }
}

#[test]
fn a_file_of_another_encoding_is_read_where_it_says_so_and_refused_where_it_does_not() {
    let gbk = include_bytes!("../files/gbk.geojson");
    let utf16 = include_bytes!("../files/utf16.geojson");
    let read = |bytes: &[u8]| Draft::of_bytes(Kind::Shapes, "s.geojson".to_owned(), bytes);
    assert!(read(utf16).unwrap().text.starts_with("{\"type\""), "its mark says that it is UTF-16");
    for (bytes, name) in [(gbk.as_slice(), "GBK"), (&utf16[2..], "UTF-16")] {
        let fault = read(bytes).unwrap_err();
        assert!(fault.what.contains(name) && fault.fix.contains("UTF-8"), "{fault}");
        assert_eq!((fault.file.as_str(), fault.line), ("s.geojson", Some(1)));
    }
    assert!(read("网格".as_bytes()).is_ok());
}
