//! Exports as other systems really write them, taken into a city of two counties with a grid each.

use crate::house::{House, at, house};
use gewu_app::{
    AppError, Caller,
    cases::{
        CaseAddress,
        history::Recorded,
        report::{Contact, NewReport},
    },
    city::{Draft, Kind, Publishing},
    import::{ImportOptions, Imported, Rejected, Told, mapping::Mapping},
    locate::Location,
};
use gewu_domain::{
    case::{Case, Deed, Fact, Source, StateKind},
    ids::{Digest, RegionId},
    people::Actor,
};
use gewu_store::{
    Page,
    cases::{CaseFilter, CaseRow},
    roots::RootRow,
};
use std::collections::BTreeMap;

const EAST: RegionId = RegionId(990_001);
const WEST: RegionId = RegionId(990_002);
const NOW: &str = "2024-06-01T03:00:00Z";

const CITY: [(Kind, &str); 6] = [
    (Kind::UnitKinds, include_str!("../../../../data/units/kinds.csv")),
    (Kind::Catalogue, include_str!("../../../../data/catalogue/gbt30428.csv")),
    (Kind::Calendar, include_str!("../../../../data/calendars/cn.toml")),
    (Kind::Policy, include_str!("../../../../data/policy/default.toml")),
    (Kind::Areas, include_str!("../exports/areas.csv")),
    (Kind::Units, include_str!("../exports/units.csv")),
];

const BASE: &str = include_str!("../exports/base.toml");
const HEADER: &str = "id,opened,closed,status,lon,lat,class,what\n";

async fn city() -> House {
    let house = house(1, at(NOW)).await;
    let shapes = (Kind::Shapes, include_str!("../exports/shapes.geojson"));
    let drafts = CITY.into_iter().chain([shapes]).map(|(kind, text)| Draft {
        kind,
        file: kind.code().to_owned(),
        text: text.to_owned(),
        datum: None,
    });
    house.app.publish(&Caller::system(), None, drafts.collect(), Publishing::default()).await.unwrap();
    house
}

type Taken = Result<(Imported, Vec<Rejected>), AppError>;

async fn tried(house: &House, mapping: &str, file: &[u8], dry_run: bool) -> Taken {
    let mapping = Mapping::parse("mapping.toml", mapping).unwrap();
    let mut rejected = Vec::new();
    let file = Box::new(std::io::Cursor::new(file.to_vec()));
    let mut tell = |told: Told<'_>| {
        if let Told::Rejected(row) = told {
            rejected.push(row.clone());
        }
    };
    let options = ImportOptions { dry_run };
    let imported = house.app.import_cases(&Caller::system(), file, &mapping, &options, &mut tell).await?;
    Ok((imported, rejected))
}

/// Tells what a dry run says first, which must be the same.
async fn taken_by(house: &House, mapping: &str, file: impl AsRef<[u8]>) -> (Imported, Vec<Rejected>) {
    let dry = tried(house, mapping, file.as_ref(), true).await.unwrap();
    let taken = tried(house, mapping, file.as_ref(), false).await.unwrap();
    assert_eq!(dry, taken, "a dry run says what the run does");
    taken
}

async fn taken(house: &House, file: impl AsRef<[u8]>) -> (Imported, Vec<Rejected>) {
    taken_by(house, BASE, file).await
}

async fn refused(house: &House, mapping: &str, file: &[u8]) -> String {
    match tried(house, mapping, file, false).await {
        Err(AppError::Invalid(problems)) => format!("{}: {}", problems[0].code, problems[0].en),
        other => panic!("{other:?}"),
    }
}

fn codes(rejected: &[Rejected]) -> Vec<(&str, &str)> {
    rejected.iter().map(|row| (row.id.as_str(), row.code)).collect()
}

/// Every case of the city, with the number of the other system.
async fn cases(house: &House) -> BTreeMap<String, (CaseRow, Case, Vec<Fact>)> {
    let mut cases = BTreeMap::new();
    for region in [EAST, WEST] {
        let view = house.app.store.view(region).await.unwrap();
        for row in view.cases(&CaseFilter::default(), &Page::first(200)).await.unwrap().rows {
            let page = house.app.case_page(&Caller::system(), CaseAddress { region, id: row.id }).await.unwrap();
            let origin = page.origin.map_or_else(|| row.number.clone(), |origin| origin.number);
            assert!(cases.insert(origin.clone(), (row, page.case, page.facts)).is_none(), "{origin} is two cases");
        }
    }
    cases
}

async fn words(house: &House, id: &str) -> Vec<String> {
    let case = cases(house).await.remove(id).unwrap().1;
    let view = house.app.store.view(case.region).await.unwrap();
    view.texts(case.id).await.unwrap().into_iter().map(|text| text.body).collect()
}

async fn is_whole(house: &House) {
    assert_eq!(house.app.verify(false, &mut |_| {}).await.unwrap().findings, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_export_closes_reopens_and_moves_the_cases_it_brought_and_doubles_none() {
    let house = city().await;
    let (first, _) = taken(&house, include_str!("../exports/first.csv")).await;
    assert_eq!(first.taken, 3);
    house.clock.set(at("2024-06-02T03:00:00Z"));
    let (newer, rejected) = taken(&house, include_str!("../exports/newer.csv")).await;
    assert_eq!(rejected, []);
    assert_eq!((newer.rows, newer.taken, newer.updated, newer.known), (4, 1, 3, 0));
    assert_eq!(newer.changes, BTreeMap::from([("closed", 1), ("moved", 1), ("reopened", 1)]));

    let now = cases(&house).await;
    assert_eq!(now.keys().collect::<Vec<_>>(), ["1001", "1002", "1003", "1004"]);
    let (row, closed, _) = &now["1001"];
    assert_eq!((row.state, closed.changed_at), (StateKind::Closed, at("2024-05-03T01:00:00Z")));
    let (_, moved, facts) = &now["1002"];
    assert_eq!(moved.region, EAST, "a case stays where its record is kept");
    assert!(matches!(facts.last().unwrap().deed, Deed::Remarked { .. }));
    let said = words(&house, "1002").await;
    assert!(said.iter().any(|text| text.contains("116.015000, 39.005000; B")), "{said:?}");
    let (row, _, facts) = &now["1003"];
    assert_eq!(row.state, StateKind::Handling);
    let reopened = facts.iter().find(|fact| matches!(fact.deed, Deed::Reopened { .. })).unwrap();
    assert_eq!(reopened.at, at("2024-06-02T03:00:00Z"));
    is_whole(&house).await;

    let (again, _) = taken(&house, include_str!("../exports/newer.csv")).await;
    assert_eq!((again.taken, again.updated, again.known), (0, 0, 4), "what was followed is known");
    let line = "1003,2024-05-02 10:00:00,2024-06-02 18:00:00,Closed,116.015,39.005,,rubbish\n";
    house.clock.set(at("2024-06-03T03:00:00Z"));
    let (third, rejected) = taken(&house, format!("{HEADER}{line}")).await;
    assert_eq!((third.updated, rejected), (1, Vec::new()));
    assert_eq!(cases(&house).await["1003"].0.state, StateKind::Closed);
    is_whole(&house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_newer_export_corrects_becomes_a_step_where_the_rules_allow_it_and_a_remark_elsewhere() {
    let house = city().await;
    let mapping = BASE.replace("default = \"handling\"", "table = { New = \"reported\", Done = \"filed\" }");
    let row = |id: &str, status: &str, lon: &str, class: &str, what: &str| {
        format!("{id},2024-05-01 09:00:00,,{status},{lon},39.005,{class},{what}\n")
    };
    let before = [row("1", "New", "116.005", "", "lamp"), row("2", "Done", "116.005", "", "lamp")].concat();
    taken_by(&house, &mapping, format!("{HEADER}{before}")).await;
    let after =
        [row("1", "New", "116.006", "part-01-01", "lamp out"), row("2", "Done", "116.006", "part-01-01", "lamp out")];
    let (newer, rejected) = taken_by(&house, &mapping, format!("{HEADER}{}", after.concat())).await;
    assert_eq!(rejected, []);
    assert_eq!(newer.changes, BTreeMap::from([("moved", 2), ("reclassified", 2), ("reworded", 2)]));
    let now = cases(&house).await;
    let did = |id: &str| now[id].2.iter().map(|fact| fact.deed.code()).collect::<Vec<_>>();
    assert_eq!(did("1"), ["reported", "placed", "corrected", "remarked"]);
    assert_eq!(now["1"].1.place.point, Some((116.006, 39.005)));
    assert_eq!(did("2"), ["reported", "submitted", "filed", "remarked"]);
    let said = words(&house, "2").await;
    assert!(
        said.iter().any(|text| text.contains("116.006") && text.contains("part-01-01") && text.contains("lamp out"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_were_erased_are_not_brought_back_by_a_newer_export() {
    let house = city().await;
    let row = |what: &str| format!("{HEADER}1,2024-05-01 09:00:00,,Open,116.005,39.005,,{what}\n");
    taken(&house, row("tel 555-0100")).await;
    let id = cases(&house).await["1"].1.id;
    house.app.erase_report(&Caller::system(), None, CaseAddress { region: EAST, id }, false).await.unwrap();
    let (newer, _) = taken(&house, row("tel 555-0100 call back")).await;
    assert_eq!(newer.changes, BTreeMap::from([("reworded", 1)]));
    let said = words(&house, "1").await;
    assert!(said.iter().all(|text| !text.contains("555-0100")), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_that_somebody_here_has_worked_on_is_not_closed_by_an_export_but_listed() {
    let house = city().await;
    let row =
        |closed: &str, status: &str| format!("{HEADER}1,2024-05-01 09:00:00,{closed},{status},116.005,39.005,,lamp\n");
    taken(&house, row("", "Open")).await;
    let case = cases(&house).await.remove("1").unwrap().1;
    let urge = serde_json::from_value(serde_json::json!({"do": "urge"})).unwrap();
    let reporter = gewu_app::Identity::Reporter { case: case.id };
    let caller = Caller { identity: reporter, origin: String::new() };
    house.app.act(&caller, CaseAddress { region: EAST, id: case.id }, None, urge).await.unwrap();
    let (newer, rejected) = taken(&house, row("2024-06-01 10:00:00", "Closed")).await;
    assert_eq!((newer.updated, codes(&rejected)), (0, vec![("1", "changed_here")]));
    assert_eq!(cases(&house).await["1"].0.state, StateKind::Handling);
    let (_, rejected) = taken(&house, row("2024-06-01 10:00:00", "Closed")).await;
    assert_eq!(codes(&rejected), [("1", "changed_here")], "it is listed until it is settled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stray_quotation_mark_costs_its_own_row_and_no_other() {
    let house = city().await;
    let (imported, rejected) = taken(&house, include_str!("../exports/stray_quotes.csv")).await;
    assert_eq!((imported.taken, codes(&rejected)), (2, vec![("1", "quote"), ("3", "quote")]));
    let house = city().await;
    let (imported, rejected) = taken(&house, include_str!("../exports/lone_quote.csv")).await;
    assert_eq!((imported.taken, codes(&rejected)), (30, vec![("1", "quote")]));
    for (id, ..) in cases(&house).await {
        let said = words(&house, &id).await;
        assert!(said.iter().all(|text| text.matches("tel").count() <= 1 && !text.contains('\n')), "{id}: {said:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_number_is_one_case_in_whatever_region_its_rows_lie() {
    let house = city().await;
    let (imported, rejected) = taken(&house, include_str!("../exports/two_regions.csv")).await;
    assert_eq!((imported.taken, codes(&rejected)), (2, vec![("7", "repeated_id"), ("8", "repeated_id")]));
    assert_eq!(cases(&house).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_of_two_systems_do_not_meet() {
    let house = city().await;
    let file = format!("{HEADER}7,2024-05-01 09:00:00,,Open,116.005,39.005,,lamp\n");
    let hotline = BASE.replace("column = \"id\"", "column = \"id\"\nsystem = \"hotline\"");
    let patrol = BASE.replace("column = \"id\"", "column = \"id\"\nsystem = \"patrol\"");
    for mapping in [&hotline, &patrol] {
        assert_eq!(taken_by(&house, mapping, &file).await.0.taken, 1);
        assert_eq!(taken_by(&house, mapping, &file).await.0.known, 1);
    }
    let view = house.app.store.city().await.unwrap();
    let systems: Vec<String> = view.origins("7").await.unwrap().into_iter().map(|origin| origin.system).collect();
    assert_eq!(systems, ["hotline", "patrol"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_of_the_other_system_are_kept_as_they_are_and_find_their_case() {
    let house = city().await;
    let (imported, _) = taken(&house, include_str!("../exports/old_numbers.csv")).await;
    assert_eq!(imported.taken, 4);
    let cases = cases(&house).await;
    for id in ["2024/000123", "市长热线[2024]0456", "SR #778 812", "PB-PGR-2024-05-01-000777"] {
        let (row, case, _) = &cases[id];
        let found = house.app.case_by_number(&Caller::system(), id).await.unwrap();
        assert_eq!(found, (EAST, case.id), "{id}");
        let ours = house.app.case_by_number(&Caller::system(), &row.number).await.unwrap();
        assert_eq!(ours, found, "ours stands beside it");
        let filter = CaseFilter { terms: gewu_text::query_terms(id), ..CaseFilter::default() };
        let view = house.app.store.view(EAST).await.unwrap();
        let listed = view.cases(&filter, &Page::first(9)).await.unwrap().rows;
        assert!(listed.iter().any(|row| row.id == case.id), "{id} in the search by words");
    }
    let unknown = house.app.case_by_number(&Caller::system(), "2024/000124").await;
    assert!(matches!(unknown, Err(AppError::NotFound)));
    let public = house.app.case_by_number(&Caller::public(""), "2024/000123").await;
    assert!(public.is_err(), "who may not see the case does not find it");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_in_before_numbers_were_kept_is_known_by_the_number_made_of_it() {
    let house = city().await;
    for id in ["7", "8"] {
        let new = NewReport {
            source: Source::System,
            location: Location { point: Some((116.005, 39.005)), ..Location::default() },
            class: None,
            words: "lamp".to_owned(),
            photos: Vec::new(),
            contact: Contact::default(),
            is_confidential: false,
            is_urgent: false,
            is_fixed_on_spot: false,
        };
        let number = |region: RegionId| format!("{region}-{id}");
        let history = house
            .app
            .history(&Actor::System, at("2024-05-01T01:00:00Z"), Recorded::At(house.app.now()), number, &new)
            .unwrap();
        let (region, changes) = history.finish();
        house.app.store.upkeep().load(region, vec![changes]).await.unwrap();
    }
    let rows = format!(
        "{HEADER}7,2024-05-01 09:00:00,,Open,116.015,39.005,,lamp\n\
         8,2024-05-01 09:00:00,2024-05-03 09:00:00,Closed,116.005,39.005,,lamp\n"
    );
    let (imported, _) = taken(&house, &rows).await;
    assert_eq!((imported.taken, imported.known, imported.updated), (0, 1, 1));
    assert_eq!(imported.changes, BTreeMap::from([("closed", 1)]));
    let cases = cases(&house).await;
    assert_eq!(cases.keys().collect::<Vec<_>>(), ["7", "8"], "now their numbers are kept");
    assert_eq!(taken(&house, &rows).await.0.known, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_is_known_also_when_its_day_is_sealed() {
    let house = city().await;
    let file = include_str!("../exports/first.csv");
    taken(&house, file).await;
    for region in [EAST, WEST] {
        let root = RootRow { day: "2024-05-31".parse().unwrap(), root: Digest([1; 32]), facts: 0 };
        house.app.store.upkeep().put_root(region, root).await.unwrap();
    }
    let (imported, rejected) = taken(&house, file).await;
    assert_eq!((imported.known, rejected), (3, Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn times_that_no_case_can_have_are_refused_unless_the_mapping_says_what_they_mean() {
    let house = city().await;
    let (_, rejected) = taken(&house, include_str!("../exports/no_real_times.csv")).await;
    let all = ["1", "2", "3", "4", "6", "7", "8"].map(|id| (id, "no_real_time"));
    assert_eq!(codes(&rejected), all);
    assert!(rejected[0].en.contains("0001-01-01") && rejected[0].en.contains("`none` of this column (opened)"));
    let house = city().await;
    let closed = "[closed_at]\ncolumn = \"closed\"\n";
    let mapping = BASE.replace(closed, &format!("{closed}none = [\"0001\", \"9999\", \"2099\"]\n"));
    let (_, rejected) = taken_by(&house, &mapping, include_str!("../exports/no_real_times.csv")).await;
    let told = codes(&rejected);
    assert_eq!(told[4..], [("6", "no_closing_time"), ("7", "no_closing_time")], "{told:?}");
    let old = format!("earliest = \"1960-01-01\"\n{BASE}");
    let row = format!("{HEADER}1,1978-05-01 09:00:00,,Open,116.005,39.005,,lamp\n");
    let (imported, rejected) = taken_by(&house, &old, row).await;
    assert_eq!((imported.taken, codes(&rejected)), (1, Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closing_given_as_a_day_is_at_the_end_of_that_day_in_the_city() {
    let house = city().await;
    let mapping = include_str!("../exports/bare_days.toml");
    let (imported, rejected) = taken_by(&house, mapping, include_str!("../exports/bare_days.csv")).await;
    assert_eq!((imported.closed, rejected), (3, Vec::new()));
    let cases = cases(&house).await;
    let closed = |id: &str| cases[id].1.changed_at;
    assert_eq!(closed("1"), at("2024-05-01T15:59:59.999Z"));
    assert_eq!(closed("2"), at("2024-05-02T15:59:59.999Z"));
    assert_eq!((cases["3"].1.reported_at, closed("3")), (at("2024-04-30T16:00:00Z"), at("2024-05-01T15:59:59.999Z")));
    let today = format!("{HEADER}4,2024-06-01 09:00:00,2024-06-01,Closed,116.005,39.005,,lamp\n");
    assert_eq!(taken_by(&house, mapping, today).await.0.closed, 1, "a day that has not ended is closed by now");
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_may_be_apart_by_as_much_as_the_mapping_says() {
    let house = city().await;
    let rows = format!(
        "{HEADER}1,2024-05-01 09:00:00,2024-05-01 08:58:00,Closed,116.005,39.005,,a\n\
         2,2024-05-01 09:00:00,2024-05-01 08:50:00,Closed,116.005,39.005,,a\n\
         3,2024-06-01 11:04:00,,Open,116.005,39.005,,a\n"
    );
    let mapping = format!("slack_minutes = 5\n{BASE}");
    let (imported, rejected) = taken_by(&house, &mapping, &rows).await;
    assert_eq!((imported.taken, codes(&rejected)), (2, vec![("2", "closed_before_reported")]));
    assert_eq!(cases(&house).await["1"].1.changed_at, at("2024-05-01T01:00:00Z"));
    let (_, rejected) = taken(&city().await, &rows).await;
    assert_eq!(codes(&rejected), [("1", "closed_before_reported"), ("2", "closed_before_reported"), ("3", "future")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_no_table_names_are_counted_and_an_open_row_has_no_time_of_closing() {
    let house = city().await;
    let mapping = include_str!("../exports/unnamed.toml");
    let (imported, rejected) = taken_by(&house, mapping, include_str!("../exports/unnamed.csv")).await;
    let open = ["1", "2", "3", "4"].map(|id| (id, "closing_time_on_open"));
    assert_eq!((imported.taken, codes(&rejected)), (1, open.to_vec()));
    assert!(rejected[3].en.contains("Fermé"), "{}", rejected[3].en);
    let counts = |values: &[(&str, u64)]| values.iter().map(|(value, n)| ((*value).to_owned(), *n)).collect();
    let expected: BTreeMap<&str, BTreeMap<String, u64>> = BTreeMap::from([
        ("class", counts(&[("", 1), ("Gas leak", 1), ("Pot hole", 1), ("pothole", 1)])),
        ("reached", counts(&[("CLOSED", 1), ("Closed (Duplicate)", 1), ("Fermé", 1), ("closed", 1)])),
    ]);
    assert_eq!(imported.unnamed, expected);
    let despite = "despite_closing_time = [\"closed\", \"CLOSED\"]";
    let mapping = mapping.replace("default = \"handling\"", &format!("default = \"handling\"\n{despite}"));
    let (imported, _) = taken_by(&house, &mapping, include_str!("../exports/unnamed.csv")).await;
    assert_eq!((imported.taken, imported.closed), (2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_of_free_words_does_not_fill_the_memory_with_its_values() {
    let house = city().await;
    let row = |no: usize| format!("{no},2024-05-01 09:00:00,,Open,116.005,39.005,value {no},lamp\n");
    let rows: String = (0..230).map(row).collect();
    let (imported, _) = taken(&house, format!("{HEADER}{rows}")).await;
    let classes = &imported.unnamed["class"];
    assert_eq!((classes.len(), classes["…"]), (201, 30));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_cut_without_a_word() {
    let house = city().await;
    let mapping = BASE.replace("[place]", "[place]\naddress = [\"addr\"]");
    let header = HEADER.replace("what", "what,addr");
    let row =
        |id: u8, what: &str, addr: &str| format!("{id},2024-05-01 09:00:00,,Open,116.005,39.005,,{what},{addr}\n");
    let (kept, long) = ("长".repeat(4_001), "字".repeat(5_001));
    let rows = [row(1, &kept, "street"), row(2, &long, "street"), row(3, "ok", &"a".repeat(213))].concat();
    let (imported, rejected) = taken_by(&house, &mapping, format!("{header}{rows}")).await;
    assert_eq!((imported.taken, codes(&rejected)), (1, vec![("2", "too_long"), ("3", "too_long")]));
    assert!(rejected[0].en.contains("words: at most 5000"), "{}", rejected[0].en);
    assert!(rejected[1].en.contains("address: at most 200"), "{}", rejected[1].en);
    assert!(words(&house, "1").await.contains(&kept));
    let id = "x".repeat(201);
    let (_, rejected) = taken_by(&house, &mapping, format!("{header}{}", row(1, "a", "b").replacen('1', &id, 1))).await;
    assert_eq!(rejected[0].code, "long_id");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_does_not_read_is_told_with_what_was_tried() {
    let house = city().await;
    let (_, rejected) = taken(&house, format!("{HEADER}1,01.05.2024,,Open,116.005,39.005,,lamp\n")).await;
    assert_eq!(rejected[0].code, "bad_time");
    for tried in ["RFC 3339", "%Y-%m-%d %H:%M:%S"] {
        assert!(rejected[0].en.contains(tried) && rejected[0].zh.contains(tried), "{}", rejected[0].en);
    }
    let unix = BASE.replace("[\"%Y-%m-%d %H:%M:%S\"]", "[\"unix_ms\"]");
    let (imported, _) =
        taken_by(&house, &unix, format!("{HEADER}1,1714525200123,1714528800000,Closed,116.005,39.005,,lamp\n")).await;
    assert_eq!(imported.closed, 1);
    assert_eq!(cases(&house).await["1"].1.reported_at, at("2024-05-01T01:00:00.123Z"));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_in_every_dress_are_read_or_refused_by_their_name() {
    let [utf8, gbk, utf16, cp1252, semicolon] =
        [("utf-8", ","), ("gb18030", ","), ("utf-16le", ","), ("windows-1252", ","), ("utf-8", ";")].map(
            |(encoding, delimiter)| format!("{BASE}[csv]\nencoding = \"{encoding}\"\ndelimiter = \"{delimiter}\"\n"),
        );
    macro_rules! file {
        ($name:literal) => {
            include_bytes!(concat!("../exports/kinds/", $name)).as_slice()
        };
    }
    for (what, mapping, file, rejected) in [
        ("plain", &utf8, file!("utf8.csv"), vec![]),
        ("byte order mark", &utf8, file!("utf8bom.csv"), vec![]),
        ("CR", &utf8, file!("crlf_cr.csv"), vec![]),
        ("gzip", &utf8, file!("utf8.csv.gz"), vec![]),
        ("GB 18030", &gbk, file!("gb.csv"), vec![]),
        ("UTF-16 by its mark", &utf8, file!("utf16le_bom.csv"), vec![]),
        ("UTF-16", &utf16, file!("utf16le_bom.csv"), vec![]),
        ("western", &cp1252, file!("cp1252.csv"), vec![]),
        ("semicolons", &semicolon, file!("semicolon.csv"), vec![]),
        ("semicolons that are said", &semicolon, file!("sep.csv"), vec![]),
        ("a comma behind each row", &utf8, file!("trailing_comma.csv"), vec![]),
        ("a row of sums", &utf8, file!("total_row.csv"), vec![("Total: 2 rows", "no_time")]),
        ("a row in another encoding", &utf8, file!("mixed.csv"), vec![("", "encoding")]),
    ] {
        let house = city().await;
        let (imported, told) = taken_by(&house, mapping, file).await;
        assert_eq!((imported.taken, codes(&told)), (2, rejected), "{what}");
    }
    let house = city().await;
    for (what, mapping, file, says) in [
        ("a workbook", &utf8, file!("book.xlsx"), "kind: the file is an Excel workbook (xlsx)"),
        ("nothing", &utf8, file!("empty.csv"), "empty: "),
        ("a title", &utf8, file!("title_row.csv"), "remove the title above"),
        ("semicolons", &utf8, file!("semicolon.csv"), "write delimiter = \";\""),
        ("UTF-8 as GB 18030", &gbk, file!("utf8.csv"), "the file is UTF-8"),
        ("UTF-8 as windows-1252", &cp1252, file!("utf8.csv"), "the file is UTF-8"),
    ] {
        let told = refused(&house, mapping, file).await;
        assert!(told.contains(says), "{what}: {told}");
    }
    let (_, told) = taken_by(&house, &utf8, file!("nulltext.csv")).await;
    let codes_told: Vec<&str> = told.iter().map(|row| row.code).take(7).collect();
    assert_eq!(
        codes_told,
        ["bad_time", "bad_time", "bad_point", "bad_point", "bad_point", "no_place", "bad_point"],
        "words that stand for nothing, and points that are none"
    );
    let (imported, told) = taken_by(&house, &utf8, file!("header_only.csv")).await;
    assert_eq!((imported.rows, told), (0, Vec::new()));
    let (_, told) = taken_by(&house, &utf8, file!("gb.csv")).await;
    assert_eq!(codes(&told), [("", "encoding"), ("", "encoding")], "GB 18030 read as UTF-8");
}
