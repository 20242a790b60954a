//! A change of the keys that seal contact data: while serving, cut short, and to the end.

use crate::house::{Desk, House, Keeper};
use async_trait::async_trait;
use gewu_app::{
    App, Caller, Settings,
    cases::report::NewReport,
    clock::{Clock, SeededRandom, SystemClock},
    sealing::Keyring,
};
use gewu_blobs::DiskBlobs;
use gewu_domain::{case::Source, ids::RegionId, people::Role};
use gewu_sim::town::Town;
use gewu_store::{Changes, CityView, Store, StoreError, Upkeep, View};
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::SystemTime,
};

fn phone(no: u64) -> String {
    format!("139{no:08}")
}

fn report(house: &House, no: u64) -> Value {
    let body = json!({ "words": "路灯不亮", "contact": { "phone": phone(no) } });
    let (status, receipt) = house.post("/api/v1/cases", None, Some(&no.to_string()), &body);
    assert_eq!(status, 201, "{receipt}");
    receipt
}

fn look(house: &House, desk: &Desk, receipt: &Value) -> Value {
    let (region, id) = (receipt["region"].as_str().unwrap(), receipt["id"].as_str().unwrap());
    let path = format!("/api/v1/cases/{region}/{id}/contacts/phone/looks");
    let (status, seen) = house.post(&path, Some(desk), None, &json!({ "reason": "回访" }));
    assert_eq!(status, 200, "{seen}");
    seen["value"].clone()
}

fn seals(house: &House) -> Vec<String> {
    house.told(&["keys", "list"]).lines().map(str::to_owned).collect()
}

/// As if the key file had been changed long ago.
fn settle(house: &House) {
    let file = std::fs::File::options().write(true).open(house.data().join("keys")).unwrap();
    file.set_modified(SystemTime::from(SystemClock.now() - SignedDuration::from_mins(2))).unwrap();
}

fn a_key_is_changed_while_serving_and_the_old_one_dropped(keeper: Keeper) {
    let mut house = House::set_up(keeper);
    house.employ("acceptor", Role::Acceptor, None);
    house.serve_with(&["--rate-write", "off"], &[]);
    let receipts: Vec<Value> = (0..3).map(|no| report(&house, no)).collect();
    let acceptor = house.sign_in("acceptor");
    assert_eq!(seals(&house), ["1 在用 in use · 联系方式与两步验证 contacts and second factors 3"]);
    let before = std::fs::read_to_string(house.data().join("keys")).unwrap();

    let said = house.told(&["keys", "rotate"]);
    assert!(said.contains("new key: 2") && said.contains("sealed anew 3"), "{said}");
    assert_eq!(
        seals(&house),
        [
            "2 在用 in use · 联系方式与两步验证 contacts and second factors 3",
            "1 旧 old · 联系方式与两步验证 contacts and second factors 0"
        ]
    );
    for (no, receipt) in (0..).zip(&receipts) {
        assert_eq!(look(&house, &acceptor, receipt), phone(no), "the server finds the new key by itself");
    }
    house.kill();
    house.serve();
    let acceptor = house.sign_in("acceptor");
    let fourth = report(&house, 3);
    assert_eq!(seals(&house)[0], "2 在用 in use · 联系方式与两步验证 contacts and second factors 4");

    let refused = |args: &[&str], why: &str| {
        let output = house.run(args);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.contains(why), "{args:?}: {error}");
    };
    refused(&["keys", "drop", "1"], "try again in a minute");
    settle(&house);
    refused(&["keys", "drop", "2"], "still seals 4");
    refused(&["keys", "drop", "7"], "cannot be dropped");
    assert!(house.told(&["keys", "drop", "1"]).contains("dropped 1"));
    assert_eq!(seals(&house), ["2 在用 in use · 联系方式与两步验证 contacts and second factors 4"]);
    let after = std::fs::read_to_string(house.data().join("keys")).unwrap();
    let key = |text: &str, start: &str| text.lines().find(|line| line.starts_with(start)).map(str::to_owned);
    assert_eq!(key(&after, "seal 1 "), None);
    assert_eq!(key(&after, "lookup "), key(&before, "lookup "), "contacts are found as before");
    assert_eq!(look(&house, &acceptor, &fourth), phone(3));
    assert_eq!(look(&house, &acceptor, &receipts[0]), phone(0));
    house.kill();
    house.told(&["person", "erase", "--phone", &phone(0), "--yes"]);
    assert_eq!(
        seals(&house),
        ["2 在用 in use · 联系方式与两步验证 contacts and second factors 3"],
        "everything one person gave is still found"
    );
}

fn a_change_of_keys_that_is_killed_is_finished_later(keeper: Keeper) {
    let mut house = House::set_up(keeper);
    house.employ("acceptor", Role::Acceptor, None);
    house.serve_with(&["--rate-write", "off"], &[]);
    let receipts: Vec<Value> = (0..450).map(|no| report(&house, no)).collect();
    let mut child = house.command_in(&house.data(), &["keys", "rotate"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    lines
        .find(|line| line.as_ref().is_ok_and(|line| line.contains("sealed anew")))
        .expect("it says how far it is")
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let said = house.told(&["keys", "reseal"]);
    assert!(said.contains("looked at 450"), "{said}");
    assert_eq!(
        seals(&house),
        [
            "2 在用 in use · 联系方式与两步验证 contacts and second factors 450",
            "1 旧 old · 联系方式与两步验证 contacts and second factors 0"
        ]
    );
    let acceptor = house.sign_in("acceptor");
    for no in [0, 199, 200, 449] {
        let receipt = &receipts[usize::try_from(no).unwrap()];
        assert_eq!(look(&house, &acceptor, receipt), phone(no));
    }
}

fn a_record_is_opened_by_its_own_keys_only(keeper: Keeper) {
    let mut house = House::set_up(keeper);
    house.serve_with(&["--rate-write", "off"], &[]);
    report(&house, 1);
    house.kill();
    let file = house.data().join("keys");
    let own = std::fs::read_to_string(&file).unwrap();
    let refused = |args: &[&str], why: &str| {
        let output = house.run(args);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.contains(why), "{args:?}: {error}");
    };
    std::fs::remove_file(&file).unwrap();
    for args in [&["init"][..], &["verify"], &["keys", "list"], &["simulate", "--cases", "1"]] {
        refused(args, "put it back");
        assert!(!file.exists(), "{args:?} made new keys over a record");
    }
    let other = Keyring::fresh(&SeededRandom::new(9));
    Keyring::make(&file, &SeededRandom::new(9)).unwrap();
    refused(&["init"], "another key than this record was written with");
    let line = |text: &str, start: &str| text.lines().find(|line| line.starts_with(start)).unwrap().to_owned();
    let strange = std::fs::read_to_string(&file).unwrap();
    assert_eq!(other.numbers(), [1]);
    for start in ["seal 1 ", "lookup "] {
        std::fs::write(&file, own.replace(&line(&own, start), &line(&strange, start))).unwrap();
        refused(&["verify"], "another key than this record was written with");
    }
    std::fs::write(&file, own.replace("seal 1 ", "seal 3 ")).unwrap();
    refused(&["verify"], "no line `seal 1`");
    // As an older release left it: nothing noted. What is sealed must open, and be found.
    house.tamper("delete from keys");
    refused(&["verify"], "does not open what this record holds");
    std::fs::write(&file, own.replace(&line(&own, "lookup "), &line(&strange, "lookup "))).unwrap();
    refused(&["verify"], "`lookup 0` of the key file holds another key");
    std::fs::write(&file, &own).unwrap();
    house.told(&["verify"]);
    assert_eq!(house.rows("select purpose from keys order by purpose"), ["lookup", "seal"]);
    house.told(&["init"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), own);
}

fn a_restored_record_knows_its_keys(keeper: Keeper) {
    let mut house = House::set_up(keeper);
    house.serve_with(&["--rate-write", "off"], &[]);
    let receipt = report(&house, 1);
    house.told(&["keys", "rotate"]);
    house.kill();
    let copy = house.dir.path().join("copy");
    house.told(&["backup", copy.to_str().unwrap()]);
    let mut other = House::empty(keeper);
    other.told(&["restore", copy.to_str().unwrap()]);
    assert_eq!(other.rows("select cast(number as text) from keys where purpose = 'seal' order by number"), ["1", "2"]);
    other.serve();
    assert_eq!(other.status(&receipt).0, 200, "the code on a receipt holds after a restore");
    other.kill();
    Keyring::drop_key(&other.data().join("keys"), 1).unwrap();
    let output = other.run(&["verify"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("no line `seal 1`"), "a line that went by hand is missed");
}

/// A store that takes so many changes more and then none, as if the power went.
struct Failing {
    store: Arc<dyn Store>,
    left: AtomicU32,
}

#[async_trait]
impl Store for Failing {
    async fn view(&self, region: RegionId) -> Result<Box<dyn View + '_>, StoreError> {
        self.store.view(region).await
    }

    async fn apply(&self, region: RegionId, changes: Changes) -> Result<(), StoreError> {
        let left = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        left.map_err(|_| StoreError::Unavailable("the power went".into()))?;
        self.store.apply(region, changes).await
    }

    async fn city(&self) -> Result<Box<dyn CityView + '_>, StoreError> {
        self.store.city().await
    }

    fn upkeep(&self) -> &dyn Upkeep {
        self.store.upkeep()
    }
}

async fn app(store: Arc<dyn Store>, dir: &Path) -> App {
    let keyring = Arc::new(Keyring::load(&dir.join("keys")).unwrap());
    let blobs = Arc::new(DiskBlobs::open(dir.join("photos")).unwrap());
    let random = Arc::new(SeededRandom::new(1));
    App::open(store, blobs, keyring, Arc::new(SystemClock), random, Settings::default()).await.unwrap()
}

async fn cut_after_any_batch_nothing_is_lost_and_the_rest_is_done_later(store: Arc<dyn Store>) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("keys");
    Keyring::make(&file, &SeededRandom::new(3)).unwrap();
    let whole = app(store.clone(), dir.path()).await;
    Town::tiny(1).settle(&whole).await.unwrap();
    for no in 0..450 {
        let new = json!({ "source": Source::Resident, "words": "路灯", "contact": { "phone": phone(no) } });
        let new: NewReport = serde_json::from_value(new).unwrap();
        whole.report(&Caller::public(""), None, new).await.unwrap();
    }
    assert_eq!(Keyring::rotate(&file, &SeededRandom::new(4)).unwrap(), 2);
    let cut = app(Arc::new(Failing { store: store.clone(), left: AtomicU32::new(1) }), dir.path()).await;
    let mut told = Vec::new();
    cut.reseal(&mut |done| told.push(done.resealed)).await.unwrap_err();
    assert_eq!(told, [200], "one batch was done before the power went");
    whole.keyring.reload().unwrap();
    assert_eq!(whole.seals().await.unwrap(), [(Some(1), 250), (Some(2), 200)].into());
    let done = whole.reseal(&mut |_| ()).await.unwrap();
    assert_eq!((done.looked_at, done.resealed, done.unopened), (450, 250, 0));
    assert_eq!(whole.seals().await.unwrap(), [(Some(2), 450)].into());
    whole.forget_key(1).await.unwrap();
    Keyring::drop_key(&file, 1).unwrap();
    let after = app(store.clone(), dir.path()).await;
    let mut phones = Vec::new();
    for region in store.upkeep().regions().await.unwrap() {
        let view = store.view(region).await.unwrap();
        for row in view.sealed(&gewu_store::Page::first(1_000)).await.unwrap().rows {
            phones.push(after.keyring.open(region, row.case, &row.field, &row.sealed).unwrap());
        }
    }
    phones.sort();
    assert_eq!(phones, (0..450).map(phone).collect::<Vec<_>>());
    assert_eq!(after.reseal(&mut |_| ()).await.unwrap().resealed, 0, "there is nothing left to do");
}

mod sqlite {
    use super::*;

    #[test]
    fn a_key_is_changed_while_serving_and_the_old_one_dropped() {
        super::a_key_is_changed_while_serving_and_the_old_one_dropped(Keeper::Sqlite);
    }

    #[test]
    fn a_change_of_keys_that_is_killed_is_finished_later() {
        super::a_change_of_keys_that_is_killed_is_finished_later(Keeper::Sqlite);
    }

    #[test]
    fn a_record_is_opened_by_its_own_keys_only() {
        super::a_record_is_opened_by_its_own_keys_only(Keeper::Sqlite);
    }

    #[test]
    fn a_restored_record_knows_its_keys() {
        super::a_restored_record_knows_its_keys(Keeper::Sqlite);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn cut_after_any_batch_nothing_is_lost_and_the_rest_is_done_later() {
        let dir = tempfile::tempdir().unwrap();
        let settings = gewu_store_sqlite::Settings::default();
        let store = Arc::new(gewu_store_sqlite::SqliteStore::open(dir.path(), settings).unwrap());
        super::cut_after_any_batch_nothing_is_lost_and_the_rest_is_done_later(store).await;
    }
}

mod postgres {
    use super::*;

    #[test]
    fn a_key_is_changed_while_serving_and_the_old_one_dropped() {
        super::a_key_is_changed_while_serving_and_the_old_one_dropped(Keeper::Postgres);
    }

    #[test]
    fn a_change_of_keys_that_is_killed_is_finished_later() {
        super::a_change_of_keys_that_is_killed_is_finished_later(Keeper::Postgres);
    }

    #[test]
    fn a_record_is_opened_by_its_own_keys_only() {
        super::a_record_is_opened_by_its_own_keys_only(Keeper::Postgres);
    }

    #[test]
    fn a_restored_record_knows_its_keys() {
        super::a_restored_record_knows_its_keys(Keeper::Postgres);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn cut_after_any_batch_nothing_is_lost_and_the_rest_is_done_later() {
        let url = crate::house::make_database();
        let settings = gewu_store_postgres::Settings::default();
        let store = Arc::new(gewu_store_postgres::PostgresStore::open(&url, settings).await.unwrap());
        super::cut_after_any_batch_nothing_is_lost_and_the_rest_is_done_later(store).await;
    }
}
