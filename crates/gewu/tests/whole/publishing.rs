//! What one process publishes is in force in every other, and a new day begins everywhere at the city's midnight.

use crate::house::{House, Keeper};
use gewu_app::{
    App, AppError, Caller, Settings,
    city::{Draft, Kind, Publishing},
    clock::{HandClock, SeededRandom},
    locate::Location,
    sealing::Keyring,
};
use gewu_blobs::DiskBlobs;
use gewu_domain::ids::AreaCode;
use gewu_sim::town::Town;
use gewu_store::Store;
use jiff::Timestamp;
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

/// A Monday evening in the town: 23:59 there.
const EVENING: &str = "2026-11-02T15:59:00Z";
const GRID: &str = "780101002001006";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

async fn server(store: Arc<dyn Store>, dir: &Path, now: &str, seed: u64) -> (App, Arc<HandClock>) {
    let clock = Arc::new(HandClock::at(at(now)));
    let blobs = Arc::new(DiskBlobs::open(dir.join("photos")).unwrap());
    let keyring = Arc::new(Keyring::fresh(&SeededRandom::new(3)));
    let random = Arc::new(SeededRandom::new(seed));
    (App::open(store, blobs, keyring, clock.clone(), random, Settings::default()).await.unwrap(), clock)
}

async fn publish(app: &App, kind: Kind, text: String) {
    let draft = Draft { kind, file: kind.code().to_owned(), text, datum: None };
    app.publish(&Caller::system(), None, vec![draft], Publishing::default()).await.unwrap();
}

fn name_of(app: &App, code: &str) -> String {
    app.snapshot().unwrap().city.areas.get(&AreaCode::from(code)).unwrap().name_zh.clone()
}

/// Two servers, each with a store of its own over the same record.
async fn what_one_server_publishes_is_in_force_in_the_other(one: Arc<dyn Store>, two: Arc<dyn Store>) {
    let dir = tempfile::tempdir().unwrap();
    let ((one, _), (two, _)) = (server(one, dir.path(), EVENING, 1).await, server(two, dir.path(), EVENING, 2).await);
    let town = Town::tiny(1);
    town.settle(&one).await.unwrap();
    assert!(two.snapshot().is_err(), "it has not looked yet");
    assert!(two.refresh().await.unwrap());
    let before = name_of(&two, GRID);
    for _ in 0..2 {
        assert!(!two.refresh().await.unwrap(), "nothing is new");
        assert!(!one.refresh().await.unwrap(), "what it published itself is not new");
    }
    let renamed = town.areas_csv.replace("#version,1", "#version,2").replace(&before, "改名的网格");
    publish(&one, Kind::Areas, renamed.clone()).await;
    assert_eq!(name_of(&two, GRID), before);
    assert!(two.refresh().await.unwrap());
    assert_eq!(name_of(&two, GRID), "改名的网格");
    // Publishing looks first: what the other published a moment ago is what this must follow.
    let policy = include_str!("../../../../data/policy/default.toml").replace("version = 1", "version = 2");
    publish(&one, Kind::Policy, policy.clone()).await;
    publish(&two, Kind::Areas, renamed.replace("#version,2", "#version,3")).await;
    assert_eq!(two.snapshot().unwrap().city.policy.version, 2);
    assert!(one.refresh().await.unwrap());
    assert_eq!(one.snapshot().unwrap().city.areas.version, 3);
}

/// Both look, both find the same, both publish: what each checked against is not what would stand.
async fn of_two_that_publish_at_once_one_is_told_to_look_again(one: Arc<dyn Store>, two: Arc<dyn Store>) {
    let dir = tempfile::tempdir().unwrap();
    let ((one, _), (two, _)) = (server(one, dir.path(), EVENING, 1).await, server(two, dir.path(), EVENING, 2).await);
    let town = Town::tiny(1);
    town.settle(&one).await.unwrap();
    let areas = town.areas_csv.replace("#version,1", "#version,2");
    let policy = include_str!("../../../../data/policy/default.toml").replace("version = 1", "version = 2");
    for no in 0..5 {
        let next = |text: &str, was: &str| text.replace(&format!("{was}2"), &format!("{was}{}", no + 2));
        let draft = |kind: Kind, text: String| vec![Draft { kind, file: kind.code().to_owned(), text, datum: None }];
        let areas = draft(Kind::Areas, next(&areas, "#version,"));
        let policy = draft(Kind::Policy, next(&policy, "version = "));
        let system = Caller::system();
        let both = tokio::join!(
            one.publish(&system, None, areas.clone(), Publishing::default()),
            two.publish(&system, None, policy.clone(), Publishing::default())
        );
        let told = [both.0.map(drop), both.1.map(drop)];
        assert!(told.iter().any(Result::is_ok), "{told:?}");
        for (app, draft, told) in [(&one, areas, &told[0]), (&two, policy, &told[1])] {
            match told {
                Ok(()) => {}
                Err(AppError::Conflict) => {
                    drop(app.publish(&system, None, draft, Publishing::default()).await.unwrap())
                }
                Err(other) => panic!("{other:?}"),
            }
        }
    }
    let numbers = |app: &App| {
        let snapshot = app.snapshot().unwrap();
        (snapshot.city.areas.version, snapshot.city.policy.version)
    };
    one.refresh().await.unwrap();
    two.refresh().await.unwrap();
    assert_eq!((numbers(&one), numbers(&two)), ((6, 6), (6, 6)));
}

async fn an_area_begins_at_the_citys_midnight(store: Arc<dyn Store>) {
    let dir = tempfile::tempdir().unwrap();
    let (app, clock) = server(store.clone(), dir.path(), EVENING, 1).await;
    let mut town = Town::tiny(1);
    let row = town.areas_csv.lines().find(|line| line.starts_with(&format!("{GRID},"))).unwrap().to_owned();
    town.areas_csv = town.areas_csv.replace(&row, &row.replace("2020-01-01", "2026-11-03"));
    town.settle(&app).await.unwrap();
    let point = app.snapshot().unwrap().shapes[&AreaCode::from(GRID)].point_on_surface();
    let location = Location { point: Some((point.lon(), point.lat())), ..Location::default() };
    let lies_in = |app: &App| app.locate(&location).unwrap().place.path.iter().any(|area| area.as_str() == GRID);
    assert!(!lies_in(&app), "it begins tomorrow");
    clock.set(at("2026-11-02T15:59:59.999Z"));
    assert!(!app.refresh().await.unwrap());
    clock.set(at("2026-11-02T16:00:00Z"));
    assert!(app.refresh().await.unwrap());
    assert!(lies_in(&app));
    assert!(!app.refresh().await.unwrap());
    // A server that starts in the city's morning, when it is still yesterday in UTC.
    let (late, _) = server(store, dir.path(), "2026-11-02T16:00:00Z", 2).await;
    assert!(lies_in(&late));
}

fn an_import_reaches_a_running_server(keeper: Keeper) {
    let mut house = House::set_up(keeper);
    house.serve();
    let path = format!("/api/v1/areas/{GRID}");
    let (_, before) = house.get(&path, None);
    let name = before["name_zh"].as_str().unwrap().to_owned();
    let areas = house.town.areas_csv.replace("#version,1", "#version,2").replace(&name, "改名的网格");
    let areas = format!("areas={}", house.file("areas-2.csv", areas));
    house.told(&["import", "data", &areas]);
    let since = Instant::now();
    // As often as it answers; a busy machine may take longer than the second it takes a quiet one.
    while house.get(&path, None).1["name_zh"] != "改名的网格" {
        assert!(since.elapsed() < Duration::from_secs(30), "the server keeps the old areas");
        std::thread::yield_now();
    }
}

mod sqlite {
    use super::*;

    fn store(dir: &Path) -> Arc<dyn Store> {
        let settings = gewu_store_sqlite::Settings::default();
        Arc::new(gewu_store_sqlite::SqliteStore::open(dir, settings).unwrap())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_one_server_publishes_is_in_force_in_the_other() {
        let dir = tempfile::tempdir().unwrap();
        super::what_one_server_publishes_is_in_force_in_the_other(store(dir.path()), store(dir.path())).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_two_that_publish_at_once_one_is_told_to_look_again() {
        let dir = tempfile::tempdir().unwrap();
        super::of_two_that_publish_at_once_one_is_told_to_look_again(store(dir.path()), store(dir.path())).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_area_begins_at_the_citys_midnight() {
        let dir = tempfile::tempdir().unwrap();
        super::an_area_begins_at_the_citys_midnight(store(dir.path())).await;
    }

    #[test]
    fn an_import_reaches_a_running_server() {
        super::an_import_reaches_a_running_server(Keeper::Sqlite);
    }
}

mod postgres {
    use super::*;

    async fn store(url: &str) -> Arc<dyn Store> {
        let settings = gewu_store_postgres::Settings::default();
        Arc::new(gewu_store_postgres::PostgresStore::open(url, settings).await.unwrap())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_one_server_publishes_is_in_force_in_the_other() {
        let url = crate::house::make_database();
        super::what_one_server_publishes_is_in_force_in_the_other(store(&url).await, store(&url).await).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_two_that_publish_at_once_one_is_told_to_look_again() {
        let url = crate::house::make_database();
        super::of_two_that_publish_at_once_one_is_told_to_look_again(store(&url).await, store(&url).await).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_area_begins_at_the_citys_midnight() {
        let url = crate::house::make_database();
        super::an_area_begins_at_the_citys_midnight(store(&url).await).await;
    }

    #[test]
    fn an_import_reaches_a_running_server() {
        super::an_import_reaches_a_running_server(Keeper::Postgres);
    }
}
