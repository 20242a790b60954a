//! Connections that are cut, servers that are gone, disks that are full: what was acknowledged stands, nothing is doubled.

use crate::{
    PATIENCE_MS, Usual,
    database::{self, Database},
    proxy::{Cut, Proxy},
};
use gewu_domain::ids::CaseId;
use gewu_store::{
    Change, Changes, Store, StoreError,
    cases::CaseFilter,
    contract::{
        Fixture,
        sample::{HERE, answer, at, change, count, day, new_case, next_write, outbox},
    },
};
use gewu_store_postgres::{PostgresStore, Settings};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};
use tokio::{sync::Notify, task::JoinSet};

/// A report as `app` hands it in, with a key and a counter.
fn report(no: u64) -> Changes {
    let mut changes = Changes::one(change(&new_case(HERE, no, at(0))));
    changes.push(Change::Count(count(day(1), "reported", None, 1)));
    changes.push(Change::Outbox(outbox(u128::from(no), at(0))));
    changes.answer = Some(answer(&format!("key {no}"), "{}", at(0)));
    changes
}

fn id(no: u64) -> CaseId {
    new_case(HERE, no, at(0)).case.id
}

/// Behind a line that can be cut.
async fn behind_proxy() -> (Database, Proxy, PostgresStore) {
    let database = Database::make().await;
    let proxy = Proxy::to(database::port()).await;
    let url = database.url.replace(&format!(":{}/", database::port()), &format!(":{}/", proxy.port));
    assert_ne!(url, database.url);
    let store =
        PostgresStore::open(&url, Settings { readers: 2, wait_ms: PATIENCE_MS, ..Settings::default() }).await.unwrap();
    (database, proxy, store)
}

async fn reported(store: &dyn Store) -> i64 {
    let counts = store.view(HERE).await.unwrap().counts(day(1), day(1)).await.unwrap();
    counts.iter().map(|row| row.n).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_is_lost_is_found_to_stand() {
    let (_database, proxy, store) = behind_proxy().await;
    store.apply(HERE, report(1)).await.unwrap();
    proxy.cut_next(Cut::AfterCommit);
    store.apply(HERE, report(2)).await.unwrap();
    assert!(proxy.has_cut());
    proxy.cut_next(Cut::AfterCommit);
    let second = next_write(&new_case(HERE, 2, at(0)), "{}", at(1), |case| case.is_urgent = true);
    store.apply(HERE, vec![change(&second), Change::Count(count(day(1), "urged", None, 1))].into()).await.unwrap();
    assert!(proxy.has_cut());
    assert_eq!(reported(&store).await, 3);
    assert_eq!(store.view(HERE).await.unwrap().facts(id(2)).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_never_arrived_is_made_again() {
    let (_database, proxy, store) = behind_proxy().await;
    store.apply(HERE, report(1)).await.unwrap();
    proxy.cut_next(Cut::BeforeCommit);
    store.apply(HERE, report(2)).await.unwrap();
    assert!(proxy.has_cut());
    assert_eq!(reported(&store).await, 2);
    assert_eq!(store.view(HERE).await.unwrap().facts(id(2)).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_used_before_is_told_also_after_a_lost_answer() {
    let (_database, proxy, store) = behind_proxy().await;
    store.apply(HERE, report(1)).await.unwrap();
    proxy.cut_next(Cut::BeforeCommit);
    let mut again = report(2);
    again.answer = Some(answer("key 1", "{\"another\":1}", at(5)));
    let refused = store.apply(HERE, again).await;
    assert!(matches!(refused, Err(StoreError::Repeated(_))), "{refused:?}");
    assert_eq!(reported(&store).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_gone_is_told_and_found_again() {
    let (database, proxy, store) = behind_proxy().await;
    store.apply(HERE, report(1)).await.unwrap();
    proxy.be_down(true);
    cut(&database).await;
    let refused = store.apply(HERE, report(2)).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    let refused = store.view(HERE).await.err();
    assert!(matches!(refused, Some(StoreError::Unavailable(_))), "{refused:?}");
    proxy.be_down(false);
    assert_eq!(reported(&store).await, 1);
    store.apply(HERE, report(2)).await.unwrap();
    assert_eq!(reported(&store).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_never_there_is_unavailable() {
    let opened = PostgresStore::open("postgres://nobody@127.0.0.1:1/nothing", Settings::default()).await;
    assert!(matches!(opened.err(), Some(StoreError::Unavailable(_))));
}

/// Ends every connection of the store under test, and gives how many there were.
async fn cut(database: &Database) -> i64 {
    let sql = "select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity where application_name = $1";
    database.client.query_one(sql, &[&database.schema]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_stands_once_while_connections_are_cut() {
    const CALLERS: u64 = 16;
    const CUTS: u64 = 10;
    let database = Database::make().await;
    let store = Arc::new(PostgresStore::open(&database.url, Settings::default()).await.unwrap());
    let (done, progress) = (Arc::new(AtomicU64::new(0)), Arc::new(Notify::new()));
    let is_over = Arc::new(AtomicBool::new(false));
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let (store, done, progress, is_over) = (store.clone(), done.clone(), progress.clone(), is_over.clone());
        callers.spawn(async move {
            for no in (caller..).step_by(usize::try_from(CALLERS).unwrap()) {
                if is_over.load(Ordering::SeqCst) {
                    break;
                }
                let changes = report(no);
                loop {
                    match store.apply(HERE, changes.clone()).await {
                        Ok(()) | Err(StoreError::Repeated(_)) => break,
                        Err(StoreError::Unavailable(_)) => tokio::task::yield_now().await,
                        Err(error) => panic!("{error:?}"),
                    }
                }
                done.fetch_add(1, Ordering::SeqCst);
                progress.notify_one();
            }
        });
    }
    for _ in 0..CUTS {
        // More than can have been on their way at the cut before: so somebody writes over a connection made since.
        let enough = done.load(Ordering::SeqCst) + 2 * CALLERS;
        while done.load(Ordering::SeqCst) < enough {
            tokio::select! {
                () = progress.notified() => {}
                Some(ended) = callers.join_next() => panic!("a caller has ended early: {ended:?}"),
            }
        }
        assert!(cut(&database).await > 0, "there was nothing to cut");
    }
    is_over.store(true, Ordering::SeqCst);
    callers.join_all().await;
    let written = i64::try_from(done.load(Ordering::SeqCst)).unwrap();
    assert_eq!(reported(store.as_ref()).await, written);
    let view = store.view(HERE).await.unwrap();
    assert_eq!(i64::from(view.count_cases(&CaseFilter::default(), u32::MAX).await.unwrap()), written);
    drop(view);
    assert_eq!(database.count("select count(*) from facts").await, written);
    assert_eq!(database.count("select count(*) from outbox").await, written);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_and_nothing_is_left_behind() {
    let fixture = Usual::new().await;
    fixture
        .database
        .run(
            "create function is_full() returns trigger language plpgsql as
                 $$ begin raise exception 'no space left on device' using errcode = 'disk_full'; end $$;
             create trigger is_full before insert on facts execute function is_full()",
        )
        .await;
    let refused = fixture.store().apply(HERE, report(1)).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    let view = fixture.store().view(HERE).await.unwrap();
    assert_eq!(view.case(id(1)).await.unwrap(), None);
    assert_eq!(view.answer("key 1").await.unwrap(), None);
    drop(view);
    fixture.database.run("drop trigger is_full on facts").await;
    fixture.store().apply(HERE, report(1)).await.unwrap();
}
