//! Another system's export, taken in row by row.

use crate::house::{House, at, house};
use gewu_app::{
    AppError, Caller,
    city::{Draft, Kind, Publishing},
    import::{ImportOptions, Imported, Rejected, Told, mapping::Mapping},
};
use gewu_domain::{
    area::Areas,
    case::{Case, Closing, State, StateKind},
    ids::RegionId,
};
use gewu_geo::geojson;
use gewu_sim::{Town, nyc};
use gewu_store::{Page, cases::CaseFilter, roots::RootRow};
use std::collections::BTreeMap;

const COUNTY: RegionId = RegionId(780_101);
const NOW: &str = "2026-11-20T03:00:00Z";

const MAPPING: &str = r#"
words = "{问题}：{描述}"
reply = "{答复}"
[id]
column = "工单号"
[[skip]]
column = "问题"
values = ["测试"]
[reported_at]
column = "来电时间"
formats = ["%Y-%m-%d %H:%M", "%Y/%m/%d"]
[closed_at]
column = "办结时间"
formats = ["%Y-%m-%d %H:%M"]
[reached]
column = "状态"
table = { "处理中" = "handling", "已派" = "dispatched", "已立案" = "filed" }
[place]
lon = "经度"
lat = "纬度"
address = ["地址"]
ignore = [[1.5, 1.5]]
[place.area]
column = "网格"
by = "name"
[class]
column = "问题"
table = { "路灯不亮" = "part-01-37", "垃圾成堆" = "event-01-10" }
[unit]
column = "单位"
by = "name"
[source]
column = "来源"
table = { "电话" = "hotline", "网页" = "resident" }
"#;

const HEADER: &str = "工单号,来电时间,办结时间,状态,问题,描述,经度,纬度,地址,网格,单位,来源,答复\n";

/// A house with the tiny town, and a point and a grid of it.
async fn town(seed: u64) -> (House, (f64, f64), String) {
    let house = house(seed, at(NOW)).await;
    Town::tiny(seed).settle(&house.app).await.unwrap();
    let snapshot = house.app.snapshot().unwrap();
    let (code, shape) = snapshot
        .shapes
        .iter()
        .find(|(code, _)| {
            snapshot.city.areas.get(code).is_some_and(|area| area.is_grid())
                && snapshot.city.areas.children(code).is_empty()
        })
        .unwrap();
    let point = shape.point_on_surface();
    let name = snapshot.city.areas.get(code).unwrap().name_zh.clone();
    (house, (point.lon(), point.lat()), name)
}

async fn taken(house: &House, rows: &str, options: ImportOptions) -> (Imported, Vec<Rejected>) {
    taken_by(house, MAPPING, format!("{HEADER}{rows}").into_bytes(), options).await.unwrap()
}

async fn taken_by(
    house: &House,
    mapping: &str,
    file: Vec<u8>,
    options: ImportOptions,
) -> Result<(Imported, Vec<Rejected>), AppError> {
    let mapping = Mapping::parse("mapping.toml", mapping).unwrap();
    let mut rejected = Vec::new();
    let file = Box::new(std::io::Cursor::new(file));
    let imported = house
        .app
        .import_cases(&Caller::system(), file, &mapping, &options, &mut |told| {
            if let Told::Rejected(row) = told {
                rejected.push(row.clone());
            }
        })
        .await?;
    Ok((imported, rejected))
}

async fn case(house: &House, id: &str) -> Option<Case> {
    let view = house.app.store.view(COUNTY).await.unwrap();
    view.case_by_number(&format!("{COUNTY}-{id}")).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_row_has_gone_through_the_whole_loop_at_the_times_it_gives() {
    let (house, (lon, lat), _) = town(1).await;
    let row = format!(
        "A1,2026-03-02 09:00,2026-03-04 16:30,办结,路灯不亮,三盏不亮,{lon},{lat},柳堤路1号,,望潮区市政设施养护中心,电话,已修好\n"
    );
    let (imported, rejected) = taken(&house, &row, ImportOptions::default()).await;
    assert_eq!(rejected, []);
    assert_eq!((imported.taken, imported.closed, imported.located, imported.placed), (1, 1, 1, 1));
    let case = case(&house, "A1").await.unwrap();
    assert_eq!(case.reported_at, at("2026-03-02T01:00:00Z"));
    assert_eq!(case.changed_at, at("2026-03-04T08:30:00Z"));
    assert!(matches!(&case.state, State::Closed { how: Closing::Solved, .. }), "{:?}", case.state);
    assert_eq!(case.lead().unwrap().unit.as_str(), "works-wangchao");
    assert!(case.place.is_placed && case.place.path.len() >= 5);
    assert!(
        case.lead().unwrap().clock.is_overdue(case.changed_at),
        "one working day was granted, it took two and a half"
    );
    let view = house.app.store.view(COUNTY).await.unwrap();
    let texts: Vec<String> = view.texts(case.id).await.unwrap().into_iter().map(|text| text.body).collect();
    for words in ["路灯不亮：三盏不亮", "柳堤路1号", "已修好"] {
        assert!(texts.iter().any(|text| text == words), "{words} in {texts:?}");
    }
    let verified = house.app.verify(false, &mut |_| {}).await.unwrap();
    assert_eq!(verified.findings, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_row_stands_where_it_says() {
    let (house, (lon, lat), grid) = town(2).await;
    let rows = format!(
        "B1,2026-11-18 09:00,,处理中,路灯不亮,,{lon},{lat},,,,网页,\n\
         B2,2026-11-18 09:00,,已派,路灯不亮,,,,,{grid},,网页,\n\
         B3,2026/11/18,,已立案,垃圾成堆,,{lon},{lat},,,,,\n\
         B4,2026-11-18 09:00,,新,垃圾成堆,,,,某处,,,,\n\
         B5,2026-11-18 09:00,,新,垃圾成堆,,1.5,1.5,某处,,,,\n"
    );
    let (imported, rejected) = taken(&house, &rows, ImportOptions::default()).await;
    assert_eq!(rejected, []);
    assert_eq!((imported.taken, imported.closed, imported.located, imported.placed), (5, 0, 2, 2));
    for (id, state) in [
        ("B1", StateKind::Handling),
        ("B2", StateKind::Dispatched),
        ("B3", StateKind::AwaitingDispatch),
        ("B4", StateKind::Reported),
        ("B5", StateKind::Reported),
    ] {
        assert_eq!(case(&house, id).await.unwrap().state.kind(), state, "{id}");
    }
    assert!(!case(&house, "B4").await.unwrap().place.is_placed, "it waits in the queue of the unplaced");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_row_that_is_not_taken_is_told_with_its_line_and_reason() {
    let (house, (lon, lat), _) = town(3).await;
    let rows = format!(
        "C1,2026-03-02 09:00,2026-03-04 16:30,,路灯不亮,,{lon},{lat},,,,,\n\
         C2,31.12.2025,,,路灯不亮,,{lon},{lat},,,,,\n\
         C3,2026-03-02 09:00,2026-03-01 09:00,,路灯不亮,,{lon},{lat},,,,,\n\
         C4,2026-03-02 09:00,2026-03-04 09:00,,路灯不亮,,,,,,,,\n\
         C5,2026-03-02 09:00,,,外星人,,{lon},{lat},,,,,\n\
         C6,2026-03-02 09:00,,,路灯不亮,,{lon},{lat},,,没有的单位,,\n\
         C7,2026-03-02 09:00,,,路灯不亮,,{lon},{lat},,没有的网格,,,\n\
         C8,2026-03-02 09:00,,,路灯不亮,,东经,{lat},,,,,\n\
         C1,2026-03-02 09:00,,,路灯不亮,,{lon},{lat},,,,,\n\
         ,2026-03-02 09:00,,,路灯不亮,,{lon},{lat},,,,,\n\
         C9,2027-03-02 09:00,,,路灯不亮,,{lon},{lat},,,,,\n\
         C10,,,,路灯不亮,,{lon},{lat},,,,,\n\
         C11,2026-03-02 09:00\n\
         C12,2026-03-02 09:00,,,测试,,{lon},{lat},,,,,\n\
         C13,2026-03-02 09:00,2026-03-04 09:00,,路灯不亮,,1.0,1.0,,,,,\n"
    );
    let (imported, rejected) = taken(&house, &rows, ImportOptions::default()).await;
    let told: Vec<(u64, &str)> = rejected.iter().map(|row| (row.line, row.code)).collect();
    assert_eq!(
        told,
        [
            (3, "bad_time"),
            (4, "closed_before_reported"),
            (5, "no_place"),
            (6, "unknown_class"),
            (7, "unknown_unit"),
            (8, "unknown_area"),
            (9, "bad_point"),
            (10, "repeated_id"),
            (11, "no_id"),
            (12, "future"),
            (13, "no_time"),
            (14, "cells"),
            (16, "no_place"),
        ]
    );
    assert_eq!((imported.rows, imported.taken, imported.skipped), (15, 1, 1));
    assert!(rejected[3].zh.contains("外星人") && rejected[3].en.contains("外星人"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_was_filed_nowhere_is_told_what_it_lacks() {
    let (house, ..) = town(8).await;
    let street = {
        let areas = &house.app.snapshot().unwrap().city.areas;
        areas.all().iter().find(|area| !areas.children(&area.code).is_empty()).unwrap().name_zh.clone()
    };
    let rows = format!(
        "P1,2026-03-02 09:00,,处理中,路灯不亮,,,,,,,,\n\n\n\
         P2,2026-03-02 09:00,,处理中,路灯不亮,,1.0,2.0,,,,,\n\
         P3,2026-03-02 09:00,,处理中,路灯不亮,\"两\n行\",,,,{street},,,\n"
    );
    let (imported, rejected) = taken(&house, &rows, ImportOptions::default()).await;
    assert_eq!(imported.taken, 0);
    let told: Vec<(u64, &str)> = rejected.iter().map(|row| (row.line, row.code)).collect();
    assert_eq!(told, [(2, "no_place"), (5, "no_place"), (6, "no_place")]);
    for (row, what) in
        rejected.iter().zip(["neither coordinates nor an area", "1, 2 lies in no grid", "smaller ones below"])
    {
        assert!(row.en.contains(what), "{}", row.en);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_cell_takes_the_default_where_there_is_one() {
    let (house, _, grid) = town(9).await;
    let code = {
        let snapshot = house.app.snapshot().unwrap();
        snapshot.city.areas.all().iter().find(|area| area.name_zh == grid).unwrap().code.clone()
    };
    let mapping = MAPPING.replace("column = \"网格\"\nby", &format!("column = \"网格\"\ndefault = \"{code}\"\nby"));
    let mapping = mapping.replace("column = \"单位\"", "column = \"单位\"\ndefault = \"works-wangchao\"");
    let file = format!("{HEADER}Q1,2026-03-02 09:00,,处理中,垃圾成堆,,,,,,,,\n");
    let (imported, rejected) = taken_by(&house, &mapping, file.into_bytes(), ImportOptions::default()).await.unwrap();
    assert_eq!((imported.taken, rejected), (1, Vec::new()));
    let case = case(&house, "Q1").await.unwrap();
    assert_eq!(case.place.deepest(), Some(&code));
    assert_eq!(case.lead().unwrap().unit.as_str(), "works-wangchao");
}

#[tokio::test(flavor = "multi_thread")]
async fn words_alone_become_reports_that_wait_to_be_placed_and_accepted() {
    let (house, ..) = town(10).await;
    let mapping = include_str!("../../../../data/real/messages_zh/mapping.toml");
    let file = "留言编号,留言用户,留言主题,留言时间,留言详情\nR1,甲,路灯不亮,2026/2/28 11:25:05,三盏\n";
    let (imported, rejected) =
        taken_by(&house, mapping, file.as_bytes().to_vec(), ImportOptions::default()).await.unwrap();
    assert_eq!((imported.taken, rejected), (1, Vec::new()));
    let waiting = case(&house, "R1").await.unwrap();
    assert_eq!((waiting.state.kind(), &waiting.class, waiting.place.is_placed), (StateKind::Reported, &None, false));
    let filed = format!(
        "{mapping}[reached]\ncolumn = \"留言用户\"\ndefault = \"filed\"\n[place.area]\ncolumn = \"留言编号\"\n"
    );
    let grid = {
        let areas = &house.app.snapshot().unwrap().city.areas;
        areas.all().iter().find(|area| areas.children(&area.code).is_empty()).unwrap().code.clone()
    };
    let file = file.replace("R1", grid.as_str());
    let (_, rejected) = taken_by(&house, &filed, file.into_bytes(), ImportOptions::default()).await.unwrap();
    assert_eq!(rejected.iter().map(|row| row.code).collect::<Vec<_>>(), ["unknown_class"]);
    assert!(rejected[0].en.contains("no [class]"), "{}", rejected[0].en);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_import_takes_nothing_twice_and_a_longer_file_only_what_is_new() {
    let (house, (lon, lat), _) = town(4).await;
    let row = |id: &str| format!("{id},2026-03-02 09:00,2026-03-04 16:30,,垃圾成堆,,{lon},{lat},,,,,\n");
    taken(&house, &row("D1"), ImportOptions::default()).await;
    let rows = format!("{}{}", row("D1"), row("D2"));
    let (dry, _) = taken(&house, &rows, ImportOptions { dry_run: true }).await;
    assert_eq!((dry.taken, dry.known), (1, 1));
    assert!(case(&house, "D2").await.is_none(), "a dry run writes nothing");
    let (imported, _) = taken(&house, &rows, ImportOptions::default()).await;
    assert_eq!((imported.taken, imported.known), (1, 1));
    let view = house.app.store.view(COUNTY).await.unwrap();
    assert_eq!(view.count_cases(&CaseFilter::default(), 10).await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_day_takes_nothing_more() {
    let (house, (lon, lat), _) = town(5).await;
    let root = RootRow { day: "2026-03-05".parse().unwrap(), root: gewu_domain::ids::Digest([1; 32]), facts: 0 };
    house.app.store.upkeep().put_root(COUNTY, root).await.unwrap();
    let rows = format!(
        "E1,2026-03-02 09:00,2026-03-04 16:30,,垃圾成堆,,{lon},{lat},,,,,\n\
         E2,2026-03-07 09:00,2026-03-08 16:30,,垃圾成堆,,{lon},{lat},,,,,\n"
    );
    let (imported, rejected) = taken(&house, &rows, ImportOptions::default()).await;
    assert_eq!(imported.taken, 1);
    assert_eq!(rejected.iter().map(|row| row.code).collect::<Vec<_>>(), ["day_sealed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_in_another_encoding_or_without_a_column_says_so() {
    let (house, ..) = town(6).await;
    let mut file = HEADER.as_bytes().to_vec();
    file.extend(b"F1,2026-03-02 09:00,,,\xc2\xb7\xb5\xc6,,,,,,,,\n");
    let (_, rejected) = taken_by(&house, MAPPING, file, ImportOptions::default()).await.unwrap();
    assert_eq!(rejected.iter().map(|row| row.code).collect::<Vec<_>>(), ["encoding"]);
    let refused = taken_by(&house, MAPPING, b"a,b\n1,2\n".to_vec(), ImportOptions::default()).await;
    assert!(matches!(refused, Err(AppError::Invalid(problems)) if problems[0].en.contains("工单号")));
}

#[tokio::test(flavor = "multi_thread")]
async fn new_york_s_requests_go_through_the_whole_loop() {
    let house = house(7, at(NOW)).await;
    let people = nyc::people(1);
    let mut rejected = Vec::new();
    let imported = nyc::settle(&house.app, &people, &mut |told| {
        if let Told::Rejected(row) = told {
            rejected.push(row.clone());
        }
    })
    .await
    .unwrap();
    assert_eq!(imported.rows, 1_000);
    assert_eq!(imported.skipped, 12);
    assert!(imported.located - imported.placed <= 2, "{imported:?}");
    assert_eq!(imported.taken + imported.skipped + u64::try_from(rejected.len()).unwrap(), imported.rows);
    let codes: BTreeMap<&str, usize> = rejected.iter().fold(BTreeMap::new(), |mut codes, row| {
        *codes.entry(row.code).or_default() += 1;
        codes
    });
    assert!(imported.taken > 850 && imported.closed > 830, "{imported:?} {codes:?}");
    assert!(codes.keys().all(|code| ["no_place", "closed_before_reported"].contains(code)), "{codes:?}");
    let verified = house.app.verify(false, &mut |_| {}).await.unwrap();
    assert_eq!((verified.findings.len(), verified.cases), (0, imported.taken));

    let queens = RegionId(36_081);
    let view = house.app.store.view(queens).await.unwrap();
    let rows = view.cases(&CaseFilter::default(), &Page::first(200)).await.unwrap().rows;
    assert!(rows.iter().filter(|row| row.is_placed).all(|row| row.path.len() == 4 && row.path[1].as_str() == "QN"));
    assert!(rows.iter().any(|row| row.unit.as_ref().is_some_and(|unit| unit.as_str() == "nypd")));
    drop(view);

    let again = nyc::settle(&house.app, &people, &mut |_| {}).await.unwrap();
    assert_eq!((again.taken, again.known), (0, imported.taken));
}

/// Boston as its folder publishes it: no boundaries, the precinct says where.
const BOSTON: [(Kind, &str, &str); 7] = [
    (Kind::UnitKinds, "kinds.csv", include_str!("../../../../data/units/kinds.csv")),
    (Kind::Areas, "areas.csv", include_str!("../../../../data/real/boston/areas.csv")),
    (Kind::Shapes, "shapes.geojson", include_str!("../../../../data/real/boston/shapes.geojson")),
    (Kind::Units, "units.csv", include_str!("../../../../data/real/boston/units.csv")),
    (Kind::Catalogue, "catalogue.csv", include_str!("../../../../data/real/boston/catalogue.csv")),
    (Kind::Calendar, "us-nyc.toml", include_str!("../../../../data/calendars/us-nyc.toml")),
    (Kind::Policy, "policy.toml", include_str!("../../../../data/real/boston/policy.toml")),
];

#[tokio::test(flavor = "multi_thread")]
async fn boston_s_requests_go_through_the_whole_loop_without_boundaries() {
    let house = house(11, at(NOW)).await;
    let draft = |(kind, file, text): &(Kind, &str, &str)| Draft {
        kind: *kind,
        file: (*file).to_owned(),
        text: (*text).to_owned(),
        datum: None,
    };
    house
        .app
        .publish(&Caller::system(), None, BOSTON.iter().map(draft).collect(), Publishing::default())
        .await
        .unwrap();
    let mapping = include_str!("../../../../data/real/boston/mapping.toml");
    let requests = include_bytes!("../../../../data/real/boston/requests.csv").to_vec();
    let (imported, rejected) = taken_by(&house, mapping, requests, ImportOptions::default()).await.unwrap();
    assert_eq!(rejected, []);
    assert_eq!((imported.rows, imported.taken, imported.closed, imported.skipped), (503, 502, 470, 1), "{imported:?}");
    let verified = house.app.verify(false, &mut |_| {}).await.unwrap();
    assert_eq!((verified.findings.len(), verified.cases), (0, imported.taken));
    let view = house.app.store.view(RegionId(25_025)).await.unwrap();
    let case = view.case_by_number("025025-101000295613").await.unwrap().unwrap();
    assert_eq!(case.place.deepest().unwrap().as_str(), "p-1714");
    assert_eq!(case.changed_at, at("2011-07-01T09:06:58Z"));
}

#[test]
fn two_people_sit_at_every_desk_of_new_york_and_every_role_but_the_collector_is_shown() {
    let people = nyc::people(1);
    let mut desks: BTreeMap<_, usize> = BTreeMap::new();
    for member in &people {
        *desks.entry((member.post.role, member.post.unit.clone())).or_default() += 1;
    }
    assert!(desks.values().all(|count| *count == 2));
    let logins: Vec<&String> = people.iter().filter_map(|member| member.login.as_ref()).collect();
    assert_eq!(logins.len(), 13);
    assert_eq!(logins[0], "acceptor");
}

#[test]
fn new_york_is_drawn_from_the_whole_city_down_to_the_tract() {
    let drafts = nyc::drafts();
    let text = |kind: Kind| &drafts.iter().find(|draft| draft.kind == kind).unwrap().text;
    let areas = Areas::parse("nyc.csv", text(Kind::Areas)).unwrap();
    let shapes = geojson::read(text(Kind::Shapes)).unwrap();
    let mut size: BTreeMap<&str, f64> = BTreeMap::new();
    for feature in &shapes {
        let code = feature.properties["code"].as_str().unwrap();
        assert!(size.insert(code, feature.shape.area_m2()).is_none(), "{code} is drawn once");
    }
    for area in areas.all() {
        assert!(size.contains_key(area.code.as_str()), "{} has a shape", area.code);
        let below: f64 = areas.children(&area.code).iter().map(|child| size[child.as_str()]).sum();
        let own = size[area.code.as_str()];
        assert!(below == 0.0 || (below / own - 1.0).abs() < 1e-6, "{}: {own} m² of {below} m²", area.code);
    }
}
