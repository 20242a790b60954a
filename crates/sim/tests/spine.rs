//! The spine, from the first word of a report to a verified, closed case: the use cases on both record keepers.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so"
)]

use gewu_app::{
    App, Caller, Identity, Settings,
    cases::{
        CaseAddress, IdempotencyKey, PhotoName,
        act::Step,
        report::{Contact, NewReport},
    },
    clock::{HandClock, SeededRandom},
    locate::Location,
    sealing::Keyring,
};
use gewu_blobs::DiskBlobs;
use gewu_domain::{
    case::{Command, Part, Source, StateKind},
    ids::{ClassCode, UnitCode},
    people::{Post, Role},
};
use gewu_sim::town::{DEMO_PASSWORD, Member, Town};
use gewu_store::{Page, Store, cases::CaseFilter};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

struct House {
    app: App,
    clock: Arc<HandClock>,
    town: Town,
    _dir: tempfile::TempDir,
}

async fn house(store: Arc<dyn Store>, dir: tempfile::TempDir) -> House {
    house_with(Settings::default(), store, dir).await
}

async fn house_with(settings: Settings, store: Arc<dyn Store>, dir: tempfile::TempDir) -> House {
    let clock = Arc::new(HandClock::at("2026-11-02T01:00:00Z".parse::<Timestamp>().unwrap()));
    let blobs = Arc::new(DiskBlobs::open(dir.path().join("photos")).unwrap());
    let keyring = Arc::new(Keyring::fresh(&SeededRandom::new(9)));
    let random = Arc::new(SeededRandom::new(5));
    let app = App::open(store, blobs, keyring, clock.clone(), random, settings).await.unwrap();
    let town = Town::tiny(1);
    town.settle(&app).await.unwrap();
    House { app, clock, town, _dir: dir }
}

impl House {
    fn staff(&self, post: &Post) -> Caller {
        let identity = Identity::Staff { person: post.person, session: None, post: post.clone() };
        Caller { identity, origin: "test".to_owned() }
    }

    fn member(&self, role: Role, unit: Option<&UnitCode>, nth: usize) -> &Member {
        let fits = |member: &&Member| member.post.role == role && unit.is_none_or(|unit| *unit == member.post.unit);
        self.town.people.iter().filter(fits).nth(nth).unwrap_or_else(|| panic!("no {role:?} in {unit:?}"))
    }

    async fn step(&self, who: &Caller, address: CaseAddress, command: Command) -> StateKind {
        self.clock.advance(SignedDuration::from_mins(3));
        let step = Step { command, note: "说明".to_owned(), photos: Vec::new(), location: None, version: None };
        self.app.act(who, address, None, step).await.unwrap().state
    }
}

/// A point inside some grid of the town.
fn somewhere(app: &App) -> (f64, f64) {
    let snapshot = app.snapshot().unwrap();
    let grid = snapshot
        .shapes
        .iter()
        .find(|(code, _)| snapshot.city.areas.get(code).is_some_and(|area| area.is_grid()))
        .unwrap();
    let point = grid.1.point_on_surface();
    (point.lon(), point.lat())
}

fn report(app: &App) -> NewReport {
    NewReport {
        source: Source::Resident,
        location: Location { point: Some(somewhere(app)), ..Location::default() },
        class: Some(ClassCode::from("event-01-10")),
        words: "小区门口的垃圾桶满了三天，没人收，臭得开不了窗。".to_owned(),
        photos: Vec::new(),
        contact: Contact { phone: "138 0013 8000".to_owned(), ..Contact::default() },
        is_confidential: false,
        is_urgent: false,
        is_fixed_on_spot: false,
    }
}

async fn the_whole_loop(house: House) {
    let app = &house.app;
    let key = IdempotencyKey::new("test", "one").unwrap();
    let public = Caller::public("test");
    let receipt = app.report(&public, Some(&key), report(app)).await.unwrap();
    assert!(receipt.is_placed && receipt.code.is_some());
    assert_eq!(app.report(&public, Some(&key), report(app)).await.unwrap(), receipt, "the same again is the same");
    let address = CaseAddress { region: receipt.region, id: receipt.id };

    let acceptor = house.staff(&house.member(Role::Acceptor, None, 0).post);
    let inbox = app.inbox(&acceptor, receipt.region, &[], &Page::first(20)).await.unwrap();
    assert_eq!(inbox.rows.rows.len(), 1);
    let page = app.case_page(&acceptor, address).await.unwrap();
    assert_eq!(page.contacts[0].masked.as_deref(), Some("138****8000"));
    assert_eq!(app.look_at_contact(&acceptor, address, "phone", "回访").await.unwrap(), "138 0013 8000");

    assert_eq!(house.step(&acceptor, address, Command::Submit).await, StateKind::AwaitingFiling);
    let chief = house.staff(&house.member(Role::DutyChief, None, 0).post);
    let class = app.case_page(&chief, address).await.unwrap().case.class.unwrap();
    assert_eq!(house.step(&chief, address, Command::File { class, condition: 1 }).await, StateKind::AwaitingDispatch);

    let dispatcher = house.staff(&house.member(Role::Dispatcher, None, 0).post);
    let page = app.case_page(&dispatcher, address).await.unwrap();
    let unit = page.proposals[0].unit.clone();
    assert!(page.contacts.iter().all(|contact| contact.masked.is_some()) && !page.may_unmask);
    let lead = Part { unit: unit.clone(), minutes: None };
    let dispatch = Command::Dispatch { lead, assisting: Vec::new() };
    assert_eq!(house.step(&dispatcher, address, dispatch).await, StateKind::Dispatched);

    let handler = house.staff(&house.member(Role::Handler, Some(&unit), 0).post);
    assert_eq!(house.step(&handler, address, Command::Accept { assignment: 1 }).await, StateKind::Handling);
    let picture = photo();
    let brought = app.upload(&handler, picture).await.unwrap();
    house.clock.advance(SignedDuration::from_mins(30));
    let step = Step {
        command: Command::Handle { assignment: 1, note: None, photos: Vec::new() },
        note: "已清运".to_owned(),
        photos: vec![PhotoName::Upload(brought.token)],
        location: None,
        version: None,
    };
    assert_eq!(app.act(&handler, address, None, step).await.unwrap().state, StateKind::Checking);

    let page = app.case_page(&acceptor, address).await.unwrap();
    let task = page.case.tasks(&app.snapshot().unwrap().city).remove(0);
    let checker = match task.desk.role {
        Role::Collector => house.staff(&house.member(Role::Collector, Some(&task.desk.unit), 0).post),
        _ => acceptor.clone(),
    };
    let check = Command::Check { passed: true, reason: None, note: None, photos: Vec::new() };
    assert_eq!(house.step(&checker, address, check).await, StateKind::AwaitingClose);
    let ticks = (0_u8..).zip(&page.closing_conditions).map(|(no, _)| no).collect();
    assert_eq!(house.step(&chief, address, Command::Close { ticks, reply: None }).await, StateKind::Closed);

    let (reporter, own) = app.receipt_holder(&receipt.number, &receipt.code.clone().unwrap()).await.unwrap();
    let status = app.status_page(&reporter, own).await.unwrap();
    assert_eq!((status.state, status.looks.len(), status.may_rate), (StateKind::Closed, 1, true));
    assert!(app.receipt_holder(&receipt.number, "WRONGONE").await.is_err());

    let found = CaseFilter { terms: gewu_text::query_terms("垃圾桶"), ..CaseFilter::default() };
    let cases = app.cases(&chief, receipt.region, found, &Page::first(5)).await.unwrap();
    assert_eq!(cases.rows.len(), 1);
    assert!(cases.rows[0].excerpt.as_deref().unwrap().contains("臭得"));

    house.clock.advance(SignedDuration::from_hours(26));
    let ticked = app.tick().await.unwrap();
    assert!(ticked.roots >= 1, "the day has its root");
    let verified = app.verify(true, &mut |_| {}).await.unwrap();
    assert!(verified.findings.is_empty(), "{:?}", verified.findings);
    assert_eq!((verified.cases, verified.facts, verified.photos), (1, 13, 1));

    let erased = app.erase_report(&reporter, None, own, false).await.unwrap();
    assert_eq!((erased.texts, erased.contacts), (1, 1));
    let page = app.case_page(&acceptor, address).await.unwrap();
    assert!(page.contacts.is_empty() && page.texts.values().all(|text| !text.contains("垃圾桶")));
    let verified = app.verify(true, &mut |_| {}).await.unwrap();
    assert!(verified.findings.is_empty(), "the chain is whole after erasing: {:?}", verified.findings);
}

async fn signing_in(house: House) {
    let app = &house.app;
    let login = house.town.accounts().next().unwrap().login.clone().unwrap();
    for _ in 0..5 {
        assert!(app.sign_in(&login, "wrong password", "test").await.is_err());
    }
    let locked = app.sign_in(&login, DEMO_PASSWORD, "test").await;
    assert!(matches!(locked, Err(gewu_app::AppError::TooMany { .. })), "five failures lock the account");
    house.clock.advance(SignedDuration::from_mins(16));
    let signed_in = app.sign_in(&login, DEMO_PASSWORD, "test").await.unwrap();
    let signed = app.signed(&signed_in.secret, "test").await.unwrap();
    assert_eq!(signed.person.id, signed_in.person);
    house.clock.advance(SignedDuration::from_mins(31));
    assert!(app.signed(&signed_in.secret, "test").await.is_err(), "an idle session ends");
}

/// What no channel takes is not written for one.
async fn going_out(house: House, sent: u32) {
    house.app.report(&Caller::public("test"), None, report(&house.app)).await.unwrap();
    assert_eq!(house.app.tick().await.unwrap().sent, sent);
    assert_eq!(house.app.tick().await.unwrap().sent, 0, "nothing goes out twice");
}

/// A small grey picture, as a phone might send it.
fn photo() -> Vec<u8> {
    include_bytes!("../../app/tests/photos/grey.jpg").to_vec()
}

fn sqlite(dir: &tempfile::TempDir) -> Arc<dyn Store> {
    let settings = gewu_store_sqlite::Settings::default();
    Arc::new(gewu_store_sqlite::SqliteStore::open(&dir.path().join("record"), settings).unwrap())
}

/// A database of its own on the server the tests were given.
async fn postgres(name: &str) -> Arc<dyn Store> {
    let server = std::env::var("GEWU_TEST_POSTGRES").expect("GEWU_TEST_POSTGRES names a PostgreSQL server for tests");
    let (client, connection) = tokio_postgres::connect(&server, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let database = format!("gewu_spine_{name}_{}", std::process::id());
    client.batch_execute(&format!("create database {database}")).await.unwrap();
    let url = match server.rsplit_once('/') {
        Some((host, rest)) if host.contains("//") => {
            let options = rest.split_once('?').map(|(_, options)| format!("?{options}")).unwrap_or_default();
            format!("{host}/{database}{options}")
        }
        _ => format!("{server}/{database}"),
    };
    let settings = gewu_store_postgres::Settings::default();
    Arc::new(gewu_store_postgres::PostgresStore::open(&url, settings).await.unwrap())
}

#[tokio::test]
async fn the_whole_loop_runs_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    the_whole_loop(house(sqlite(&dir), dir).await).await;
}

#[tokio::test]
async fn the_whole_loop_runs_on_postgres() {
    let dir = tempfile::tempdir().unwrap();
    the_whole_loop(house(postgres("loop").await, dir).await).await;
}

#[tokio::test]
async fn signing_in_locks_idles_and_ends_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    signing_in(house(sqlite(&dir), dir).await).await;
}

#[tokio::test]
async fn signing_in_locks_idles_and_ends_on_postgres() {
    let dir = tempfile::tempdir().unwrap();
    signing_in(house(postgres("sign_in").await, dir).await).await;
}

fn with_a_channel() -> Settings {
    Settings { outgoing: vec!["case.changed".to_owned()], ..Settings::default() }
}

#[tokio::test]
async fn what_a_channel_takes_goes_out_on_sqlite() {
    let [without, with] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    going_out(house(sqlite(&without), without).await, 0).await;
    going_out(house_with(with_a_channel(), sqlite(&with), with).await, 1).await;
}

#[tokio::test]
async fn what_a_channel_takes_goes_out_on_postgres() {
    let [without, with] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    going_out(house(postgres("no_channel").await, without).await, 0).await;
    going_out(house_with(with_a_channel(), postgres("channel").await, with).await, 1).await;
}
