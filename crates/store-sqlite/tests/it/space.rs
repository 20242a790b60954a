//! When there is no room left: nothing is half written, and work goes on when there is room again.

use gewu_store::{
    Change, Changes, Store, StoreError, Upkeep,
    contract::{
        kept::{all_cases, kept},
        sample::{self, HERE, at, change, new_case},
    },
};
use gewu_store_sqlite::{FILE, Settings, SqliteStore};

const MOST_BYTES: u64 = 2 << 20;

fn changes(no: u64) -> Changes {
    of_size(no, 20_000)
}

/// A case, and an answer of so many bytes.
fn of_size(no: u64, bytes: usize) -> Changes {
    let write = new_case(HERE, no, at(i64::try_from(no).unwrap()));
    let answer = Some(sample::answer(&no.to_string(), &"x".repeat(bytes), at(0)));
    Changes { answer, list: vec![change(&write), Change::Count(sample::count(sample::day(1), "reported", None, 1))] }
}

/// Writes until there is no room; gives how many fitted.
async fn fill(store: &SqliteStore, from: u64) -> u64 {
    for no in from.. {
        match store.apply(HERE, changes(no)).await {
            Ok(()) => {}
            Err(StoreError::Unavailable(_)) => return no - from,
            Err(other) => panic!("{other:?}"),
        }
    }
    0
}

#[tokio::test]
async fn a_full_disk_refuses_whole_writes_and_work_goes_on_when_there_is_room() {
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings { most_bytes: Some(MOST_BYTES), ..Settings::default() };
    let store = SqliteStore::open(directory.path(), settings).unwrap();
    let fitted = fill(&store, 0).await;
    assert!(fitted > 20, "only {fitted} cases fitted");
    let before = kept(&store).await;
    for no in 1_000..1_010 {
        // Of a size that no half-empty page takes in.
        let refused = store.apply(HERE, of_size(no, 200_000)).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    }
    assert_eq!(kept(&store).await, before);
    {
        let view = store.view(HERE).await.unwrap();
        let listed = all_cases(view.as_ref(), &gewu_store::cases::CaseFilter::default()).await.len();
        assert_eq!(u64::try_from(listed).unwrap(), fitted);
        let counted = view.counts(sample::day(1), sample::day(1)).await.unwrap()[0].n;
        assert_eq!(u64::try_from(counted).unwrap(), fitted);
    }
    assert_eq!(store.sweep(at(1), at(0), at(0)).await.unwrap(), fitted);
    assert!(fill(&store, 2_000).await > 20);
    assert!(std::fs::metadata(directory.path().join(FILE)).unwrap().len() <= MOST_BYTES);
}

/// Callers who never leave the writer alone: without a pause in which everything is moved, the log begins anew only when
/// the writer is asked to.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_does_not_grow_without_end_under_steady_work() {
    const CALLERS: u64 = 8;
    const EACH: u64 = 750;
    let directory = tempfile::tempdir().unwrap();
    let every = std::time::Duration::from_millis(20);
    let settings = Settings { log_bytes: 1 << 20, checkpoint_every: every, ..Settings::default() };
    let store = std::sync::Arc::new(SqliteStore::open(directory.path(), settings).unwrap());
    let callers = (0..CALLERS).map(|caller| {
        let store = store.clone();
        tokio::spawn(async move {
            for no in 0..EACH {
                store.apply(HERE, changes(caller * EACH + no)).await.unwrap();
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    let length = std::fs::metadata(directory.path().join(format!("{FILE}-wal"))).unwrap().len();
    assert!(length < 200 << 20, "of 600 MB written the log kept {length} bytes");
}

#[tokio::test]
async fn an_idle_log_is_emptied() {
    let directory = tempfile::tempdir().unwrap();
    let every = std::time::Duration::from_millis(1);
    let store =
        SqliteStore::open(directory.path(), Settings { checkpoint_every: every, ..Settings::default() }).unwrap();
    for no in 0..20 {
        store.apply(HERE, changes(no)).await.unwrap();
    }
    let log = directory.path().join(format!("{FILE}-wal"));
    let emptied = async {
        let mut look = tokio::time::interval(std::time::Duration::from_millis(10));
        while std::fs::metadata(&log).unwrap().len() > 0 {
            look.tick().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), emptied).await.expect("the log is emptied when idle");
}

/// A search looks into every segment of the term index, and each transaction adds one.
#[tokio::test]
async fn the_term_index_is_merged_as_it_grows() {
    const TRANSACTIONS: u64 = 60;
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path(), Settings::default()).unwrap();
    // Made before, and small: no pause between them counts as quiet.
    let transactions: Vec<Changes> = (0..TRANSACTIONS).map(|no| cases(no * 16, 16)).collect();
    for changes in transactions {
        store.apply(HERE, changes).await.unwrap();
    }
    let segments = segments(directory.path());
    assert!((1..25).contains(&segments), "{segments} segments after {TRANSACTIONS} transactions");
}

#[tokio::test]
async fn few_segments_are_left_when_nobody_writes() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path(), Settings::default()).unwrap();
    for no in 0..20 {
        store.apply(HERE, cases(no * 64, 64)).await.unwrap();
    }
    until_few(directory.path()).await;
}

#[tokio::test]
async fn reports_that_come_one_by_one_do_not_leave_a_segment_each() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path(), Settings::default()).unwrap();
    // After its first it looks what an earlier run left.
    store.apply(HERE, changes(100)).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    for no in 0..20 {
        store.apply(HERE, changes(no)).await.unwrap();
    }
    until_few(directory.path()).await;
}

#[tokio::test]
async fn what_an_earlier_run_left_is_merged_by_the_next() {
    let directory = tempfile::tempdir().unwrap();
    drop(SqliteStore::open(directory.path(), Settings::default()).unwrap());
    let connection = rusqlite::Connection::open(directory.path().join(FILE)).unwrap();
    for row in 0..20 {
        connection.execute("insert into case_terms (rowid, terms) values (?, 'w')", [row]).unwrap();
    }
    drop(connection);
    let store = SqliteStore::open(directory.path(), Settings::default()).unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert_eq!(segments(directory.path()), 20, "who only reads merges nothing");
    store.apply(HERE, changes(0)).await.unwrap();
    until_few(directory.path()).await;
}

/// Segments of sizes that differ by half or more: so many are left of a thousand cases.
const FEW: u32 = 4;

fn segments(directory: &std::path::Path) -> u32 {
    let connection = rusqlite::Connection::open(directory.join(FILE)).unwrap();
    // Pages of a segment are numbered from its own number times 2³⁷ on; what is below are the index's own.
    let sql = "select count(distinct id >> 37) from case_terms_data where id >> 37 > 0";
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

async fn until_few(directory: &std::path::Path) {
    let mut look = tokio::time::interval(std::time::Duration::from_millis(20));
    let few = async {
        while segments(directory) > FEW {
            look.tick().await;
        }
    };
    let waited = tokio::time::timeout(std::time::Duration::from_secs(20), few).await;
    assert!(waited.is_ok(), "{} segments are left", segments(directory));
}

/// Cases with words that no other has.
fn cases(first: u64, count: u64) -> Changes {
    let case = |no: u64| {
        let mut write = new_case(HERE, no, at(0));
        write.terms = Some((0..20).map(|word| format!("{no:x}w{word}")).collect());
        change(&write)
    };
    (first..first + count).map(case).collect::<Vec<_>>().into()
}

#[tokio::test]
async fn a_copy_made_while_others_write_is_of_one_moment() {
    let directory = tempfile::tempdir().unwrap();
    let copy = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&directory.path().join("a"), Settings::default()).unwrap();
    for no in 0..50 {
        store.apply(HERE, changes(no)).await.unwrap();
    }
    let writing = async {
        for no in 50..150 {
            store.apply(HERE, changes(no)).await.unwrap();
        }
    };
    let (copied, ()) = tokio::join!(store.backup(copy.path()), writing);
    copied.unwrap();
    let again = store.backup(copy.path()).await;
    assert!(matches!(again, Err(StoreError::Taken { .. })), "a copy is never written over: {again:?}");
    let restored = SqliteStore::open(&directory.path().join("b"), Settings::default()).unwrap();
    restored.restore(copy.path()).await.unwrap();
    let view = restored.view(HERE).await.unwrap();
    let cases = all_cases(view.as_ref(), &gewu_store::cases::CaseFilter::default()).await;
    let counted = view.counts(sample::day(1), sample::day(1)).await.unwrap()[0].n;
    assert!(cases.len() >= 50 && i64::try_from(cases.len()).unwrap() == counted);
    for row in cases {
        assert_eq!(view.facts(row.id).await.unwrap().len(), 1);
    }
}

/// As the command line does beside a server: the other process moves pages all the time, and writes.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_erased_is_left_in_the_log_though_another_process_moves_pages_all_the_time() {
    let directory = tempfile::tempdir().unwrap();
    let every = std::time::Duration::from_millis(1);
    let server = SqliteStore::open(directory.path(), Settings { checkpoint_every: every, ..Settings::default() });
    let server = std::sync::Arc::new(server.unwrap());
    let beside = SqliteStore::open(directory.path(), Settings::default()).unwrap();
    let is_done = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let writing = tokio::spawn({
        let (server, is_done) = (server.clone(), is_done.clone());
        async move {
            for no in (0..).take_while(|no| *no < 200 || !is_done.load(std::sync::atomic::Ordering::Relaxed)) {
                server.apply(HERE, changes(no)).await.unwrap();
            }
        }
    });
    for _ in 0..500 {
        beside.scrub().await.unwrap();
    }
    is_done.store(true, std::sync::atomic::Ordering::Relaxed);
    writing.await.unwrap();
}
