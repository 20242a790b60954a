//! How fast cases are taken in, against a bare loop that inserts the same rows in groups: `intake [cases] [callers] [group]`.
//!
//! Both write to a directory of their own under `TMPDIR`, one after the other, three times; medians are printed.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "a measurement")]

use gewu_domain::{
    case::Case,
    ids::{CaseId, RegionId},
};
use gewu_store::{
    Change, Changes, Store,
    contract::sample::{self, Random},
    texts::Giver,
};
use gewu_store_sqlite::{FILE, Settings, SqliteStore};
use rusqlite::{Connection, params};
use std::{sync::Arc, time::Instant};

const REGION: RegionId = sample::HERE;

/// A report as a resident makes it: five areas, a point, sixty characters, thirty terms.
fn report(no: u64, random: &mut Random) -> Changes {
    let at = sample::at(i64::try_from(no / 8).unwrap());
    let (mut case, _) = sample::reported(REGION, no, at);
    case.place.point = Some((116.3 + random.below(200_000) as f64 / 1e6, 39.8 + random.below(200_000) as f64 / 1e6));
    let body: String =
        (0..60).map(|_| char::from_u32(0x4e00 + u32::try_from(random.below(3_000)).unwrap()).unwrap()).collect();
    let text = sample::text(case.id, no, &body, Giver::Reporter, at);
    case.text = Some(text.digest);
    let (_, facts) = sample::reported(REGION, no, at);
    let mut write = sample::first_write(case, &facts);
    write.terms = Some((0..30).map(|_| word(random)).collect());
    let id = write.case.id;
    let outbox = gewu_store::outbox::OutboxRow { case: Some(id), ..sample::outbox(id.0.as_u128(), at) };
    let answer = sample::answer(&format!("client_{:016x}:{no}", random.bits()), &"x".repeat(250), at);
    let area = write.case.place.path[2].to_string();
    let list = vec![
        sample::change(&write),
        Change::Text(text),
        Change::Count(sample::count(sample::day(1), "reported", Some(&area), 1)),
        Change::Outbox(outbox),
    ];
    Changes { answer: Some(answer), list }
}

/// Two characters, some far more often than others.
fn word(random: &mut Random) -> String {
    let share = random.below(1 << 20) as f64 / f64::from(1 << 20);
    let rank = (30_000_f64.powf(0.25 + 0.75 * share)) as u32;
    [rank * 7_919 % 5_000, rank * 104_729 % 5_000].iter().map(|at| char::from_u32(0x4e00 + at).unwrap()).collect()
}

async fn through_the_store(cases: u64, callers: u64) -> f64 {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(directory.path(), Settings::default()).unwrap());
    let batches: Vec<Vec<Changes>> = (0..callers)
        .map(|caller| {
            let mut random = Random(caller);
            (0..cases / callers).map(|no| report(no * callers + caller, &mut random)).collect()
        })
        .collect();
    let began = Instant::now();
    let tasks: Vec<_> = batches
        .into_iter()
        .map(|batch| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut waits = Vec::with_capacity(batch.len());
                for changes in batch {
                    let began = Instant::now();
                    store.apply(REGION, changes).await.unwrap();
                    waits.push(began.elapsed());
                }
                waits
            })
        })
        .collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await.unwrap());
    }
    let rate = waits.len() as f64 / began.elapsed().as_secs_f64();
    waits.sort_unstable();
    let writer = cpu_us("gewu-sqlite-wri") / cases as f64;
    println!(
        "store  {rate:7.0}/s  writer {writer:.1} us  p50 {:?}  p99 {:?}",
        waits[waits.len() / 2],
        waits[waits.len() * 99 / 100]
    );
    rate
}

fn bare(cases: u64, group: usize) -> f64 {
    let directory = tempfile::tempdir().unwrap();
    drop(SqliteStore::open(directory.path(), Settings::default()).unwrap());
    let file = directory.path().join(FILE);
    let connection = Connection::open(&file).unwrap();
    connection
        .execute_batch("pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 0; pragma cache_size = -49152")
        .unwrap();
    connection.set_prepared_statement_cache_capacity(64);
    let mut random = Random(1);
    let reports: Vec<(Changes, String)> = (0..cases)
        .map(|no| {
            let changes = report(no, &mut random);
            let Change::Case(write) = &changes.list[0] else { unreachable!() };
            let body = serde_json::to_string::<Case>(&write.case).unwrap();
            (changes, body)
        })
        .collect();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let other = Connection::open(&file).unwrap();
    let checkpoints = std::thread::spawn(move || {
        while stopped
            .recv_timeout(std::time::Duration::from_millis(200))
            .is_err_and(|why| why == std::sync::mpsc::RecvTimeoutError::Timeout)
        {
            let _ = other.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(()));
        }
    });
    let before = cpu_us("intake");
    let began = Instant::now();
    let mut place = 0_i64;
    for group in reports.chunks(group) {
        connection.execute_batch("begin immediate").unwrap();
        for (changes, body) in group {
            place += 1;
            insert(&connection, changes, body, place).unwrap();
        }
        connection.execute_batch("commit").unwrap();
    }
    let rate = cases as f64 / began.elapsed().as_secs_f64();
    let cpu = (cpu_us("intake") - before) / cases as f64;
    drop(stop);
    checkpoints.join().unwrap();
    println!("bare   {rate:7.0}/s  {cpu:.1} us  in groups of {group}");
    rate
}

fn insert(connection: &Connection, changes: &Changes, body: &str, place: i64) -> rusqlite::Result<()> {
    let [Change::Case(write), Change::Text(text), Change::Count(count), Change::Outbox(out)] = &changes.list[..] else {
        unreachable!()
    };
    let (case, fact, answer) = (&write.case, &write.facts[0], changes.answer.as_ref().unwrap());
    let id: &CaseId = &case.id;
    let id = id.0.as_bytes();
    let path: Vec<&str> = case.place.path.iter().map(|area| area.as_str()).collect();
    let path = path.join("\u{1f}");
    let (lon, lat) = case.place.point.unwrap();
    let at = case.reported_at.as_millisecond();
    let words = write.terms.as_ref().unwrap().join(" ");
    let marks = format!("110101a{} 110101s x1_1 y1_1 z1_1", path.replace('\u{1f}', " 110101a"));
    let run = |sql: &str, params: &[&dyn rusqlite::ToSql]| connection.prepare_cached(sql)?.execute(params).map(drop);
    run(
        "insert into cases (region, id, number, version, head, state, source, path, is_placed, lon, lat, units, is_urgent,
         reported_at, changed_at, text_digest, is_odd, found_at) values (?, ?, ?, 1, ?, 'reported', 'resident', ?, 1, ?, ?, '', 0, ?, ?, ?, 0, ?)",
        params![REGION.0, id, case.number, fact.hash.0, path, lon, lat, at, at, text.digest.0, place],
    )?;
    run("insert into case_bodies (region, id, body) values (?, ?, ?)", params![REGION.0, id, body])?;
    run("insert into case_words (region, id, words, marks) values (?, ?, ?, ?)", params![REGION.0, id, words, marks])?;
    run("insert into case_terms (rowid, terms) values (?, ?)", params![place, format!("{words} {marks}")])?;
    run(
        "insert into facts (region, case_id, seq, at, body, hash) values (?, ?, 0, ?, ?, ?)",
        params![REGION.0, id, at, fact.body, fact.hash.0],
    )?;
    run(
        "insert into tasks (region, case_id, no, role, unit, kind, due_at) values (?, ?, 0, 'acceptor', 'sanitation', 'accept', ?)",
        params![REGION.0, id, at],
    )?;
    run(
        "insert into texts (region, case_id, digest, salt, body, giver, written_at) values (?, ?, ?, ?, ?, 'reporter', ?)",
        params![REGION.0, id, text.digest.0, text.salt, text.body, at],
    )?;
    run(
        "insert into counters (region, day, measure, area, class, unit, n) values (?, 20260301, ?, ?, '', '', 1)
         on conflict do update set n = n + 1",
        params![REGION.0, count.measure, count.area.as_ref().map(|area| area.as_str())],
    )?;
    run(
        "insert into outbox (region, id, case_id, topic, body, at) values (?, ?, ?, ?, ?, ?)",
        params![REGION.0, out.id.to_be_bytes(), id, out.topic, out.body, at],
    )?;
    run(
        "insert into answers (region, key, request, body, at) values (?, ?, ?, ?, ?)",
        params![REGION.0, answer.key, answer.request.0, answer.body, at],
    )
}

/// Processor time of a thread of this process so far.
fn cpu_us(name: &str) -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").unwrap().map(|thread| thread.unwrap().path());
    let of_thread = |path: std::path::PathBuf| {
        let is_it = std::fs::read_to_string(path.join("comm")).is_ok_and(|comm| comm.trim() == name);
        let ns = std::fs::read_to_string(path.join("schedstat")).ok()?.split(' ').next()?.parse::<f64>().ok()?;
        is_it.then_some(ns / 1_000.0)
    };
    threads.filter_map(of_thread).sum()
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>().unwrap());
    let cases = arguments.next().unwrap_or(60_000);
    let callers = arguments.next().unwrap_or(128);
    let group = arguments.next().unwrap_or(callers);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut rates: Vec<(f64, f64)> = (0..3)
        .map(|_| (bare(cases, usize::try_from(group).unwrap()), runtime.block_on(through_the_store(cases, callers))))
        .collect();
    rates.sort_by(|one, other| (one.1 / one.0).total_cmp(&(other.1 / other.0)));
    let (bare, store) = rates[1];
    println!("median: {store:.0}/s of {bare:.0}/s = {:.2}", store / bare);
}
