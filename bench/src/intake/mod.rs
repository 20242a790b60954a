//! Durable intake over HTTP beside the bare database: how much of what the disk and the engine can do is left after
//! locating, checking, deciding, sealing and answering.
//!
//! Ours: a client's `POST /api/v1/cases` with a point, a class and words, each answered with a receipt when it is
//! durable. Reference: a loop that writes the very rows the server wrote, with fresh ids, into a copy of the same
//! database made before: so both have the same schema, the same settings and the same earlier cases. Its groups are of
//! the size that is fastest for it. Start at [`run`]; [`sqlite`] and [`postgres`] are the two bare loops.

mod postgres;
mod sqlite;

use anyhow::{Context, Result, ensure};
use gewu_bench::http::{Connection, Round, closed_loop, open_loop, quantile, request};
use gewu_bench::server::{Place, Server};
use gewu_bench::{Numbers, Row, Stand, Target, in_turn, median, runtime};
use serde_json::{Value, json};
use std::sync::Arc;

/// Cases that are there before the first is measured.
const EARLIER: u64 = 50_000;
/// Clients that wait for their answers at the same time.
const CLIENTS: usize = 2_048;
/// Cases in one transaction of the reference: each is tried, the fastest is taken.
const GROUPS: [usize; 5] = [32, 64, 128, 256, 1_024];
const TRIED: usize = 6_000;
const ROUNDS: usize = 5;
/// Cases of one round: some seconds, so that its beginning and end, when not all clients wait, count little.
const CASES: usize = 60_000;
/// Cases that warm both up; what the server writes for them is what the reference writes.
const RECORDED: usize = 4_000;
/// Clients of the measurement of time; a round lasts so many seconds.
const OPEN_CLIENTS: usize = 256;
const OPEN_S: f64 = 10.0;
/// What the slowest hundredth may take.
const P99_MS: f64 = 20.0;
/// Of the reference's rate the server is to reach so much.
const ASKED: f64 = 0.6;

/// A bare loop on a copy of the database.
trait Bare {
    /// Takes over what the server wrote since the copy was made.
    fn record(&mut self) -> Result<()>;
    /// Transactions that wrote, in the server's database since it was made.
    fn commits(&mut self) -> Result<u64>;
    /// Writes so many cases, so many in one transaction; cases a second.
    fn write(&mut self, cases: usize, group: usize) -> Result<f64>;
    /// How the server's database and the copy have grown: for each, rows and bytes.
    fn growth(&mut self) -> Result<[Growth; 2]>;
    /// Waits for what the server does by itself when nobody reports, and writes to the disk what was left to the system,
    /// which would otherwise write it in the middle of somebody's turn.
    fn settle(&mut self) -> Result<()>;
}

#[derive(Debug, Clone, Copy)]
struct Growth {
    cases: u64,
    rows: u64,
    bytes: u64,
}

pub fn run(stand: &Stand) -> Result<Vec<Row>> {
    let mut rows = on_sqlite(stand)?;
    rows.extend(on_postgres(stand)?);
    Ok(rows)
}

pub fn on_sqlite(stand: &Stand) -> Result<Vec<Row>> {
    let place = Place { gewu: stand.gewu.clone(), data: stand.scratch.join("sqlite"), database: None };
    place.simulate(EARLIER)?;
    let key = place.client()?;
    let mut bare = sqlite::Copy::of(&place.sqlite(), &stand.scratch.join("bare.sqlite"))?;
    let what = "the same rows written by one thread with rusqlite, prepared statements, WAL, synchronous=FULL, a passive \
                checkpoint every 200 ms";
    measure(stand, &place, &key, &mut bare, "SQLite", what, Target::AtMost(1.0))
}

pub fn on_postgres(stand: &Stand) -> Result<Vec<Row>> {
    let (server, _) = stand.postgres_url.rsplit_once('/').context("the database URL names no database")?;
    let database = format!("{server}/intake");
    let (runtime, client) = stand.postgres()?;
    runtime.block_on(client.batch_execute("create database intake"))?;
    let place = Place { gewu: stand.gewu.clone(), data: stand.scratch.join("postgres"), database: Some(database) };
    place.simulate(EARLIER)?;
    let key = place.client()?;
    runtime.block_on(client.batch_execute("create database bare template intake"))?;
    let mut bare = postgres::Copy::of(&format!("{server}/intake"), &format!("{server}/bare"))?;
    let what = "the same rows written over two connections by tokio-postgres, one prepared insert of many rows for each \
                table, all statements of a transaction sent before the first is answered, synchronous_commit=on";
    measure(stand, &place, &key, &mut bare, "PostgreSQL", what, Target::NotAsked)
}

fn measure(
    stand: &Stand,
    place: &Place,
    key: &[(String, String)],
    bare: &mut impl Bare,
    engine: &str,
    reference: &str,
    of_waits: Target,
) -> Result<Vec<Row>> {
    let runtime = runtime()?;
    let server = Server::start(place, &stand.scratch)?;
    let mut desk = Desk { samples: runtime.block_on(samples(&server, key))?, key: key.to_vec(), sent: 0 };
    let send = |desk: &mut Desk, cases: usize| -> Result<Round> {
        let requests = desk.requests(cases);
        runtime.block_on(closed_loop(server.address, CLIENTS, &requests, 201))
    };

    bare.settle()?;
    let first = send(&mut desk, RECORDED)?;
    eprintln!("  {engine}: warmed up at {:.0} cases/s", first.per_second());
    bare.record()?;
    bare.write(RECORDED, 1_024)?;
    let mut tried = Vec::new();
    for group in GROUPS {
        let rate = bare.write(TRIED, group)?;
        eprintln!("  {engine}: bare, {group} cases a transaction: {rate:.0} cases/s");
        tried.push((rate, group));
    }
    let (_, group) = tried.into_iter().max_by(|(one, _), (other, _)| one.total_cmp(other)).context("none was tried")?;

    let bare = std::cell::RefCell::new(bare);
    let groups = std::cell::RefCell::new(Vec::new());
    let closed_p99 = std::cell::RefCell::new(Vec::new());
    let open = |desk: &mut Desk, rate: f64| -> Result<Waits> {
        let requests = desk.requests((rate * OPEN_S) as usize);
        bare.borrow_mut().settle()?;
        let mut round = runtime.block_on(open_loop(server.address, OPEN_CLIENTS, &requests, rate, 201))?;
        let [p50, p99] = [0.5, 0.99].map(|part| quantile(&mut round.latencies_ms, part));
        eprintln!(
            "  {rate:.0} reports/s at random times: p50 {p50:.2} ms, p99 {p99:.2} ms, {:.0}/s were answered",
            round.per_second()
        );
        Ok(Waits { rate, p50, p99 })
    };
    let (mut at_half, mut at_half_of_asked) = (Vec::new(), Vec::new());
    let (ours, theirs) = in_turn(
        ROUNDS,
        || {
            let before = bare.borrow_mut().commits()?;
            let mut round = send(&mut desk, CASES)?;
            let commits = bare.borrow_mut().commits()?.saturating_sub(before).max(1);
            groups.borrow_mut().push(CASES as f64 / commits as f64);
            closed_p99.borrow_mut().push(quantile(&mut round.latencies_ms, 0.99));
            // The machine is not always as fast: half of what it did just now.
            at_half.push(open(&mut desk, round.per_second() / 2.0)?);
            Ok(round.per_second())
        },
        || bare.borrow_mut().write(CASES, group),
    )?;
    for _ in 0..ROUNDS {
        at_half_of_asked.push(open(&mut desk, theirs * ASKED / 2.0)?);
    }
    let bare = bare.into_inner();
    bare.settle()?;
    let [server_grew, copy_grew] = bare.growth()?;
    eprintln!("  the server's database grew by {server_grew:?}, the copy by {copy_grew:?}");
    ensure!(
        server_grew.cases == desk.sent as u64,
        "{} cases were answered and {} are there",
        desk.sent,
        server_grew.cases
    );
    let a_case = |grew: Growth| (grew.rows as f64 / grew.cases as f64, grew.bytes as f64 / grew.cases as f64);
    let ((our_rows, our_bytes), (their_rows, their_bytes)) = (a_case(server_grew), a_case(copy_grew));
    ensure!((our_rows / their_rows - 1.0).abs() < 0.02, "{our_rows} rows a case and {their_rows} in the reference");

    server.stop()?;

    let closed = median(&mut closed_p99.into_inner());
    let ours_group = median(&mut groups.into_inner());
    Ok(vec![
        Row {
            name: format!("durable intake over HTTP, {engine}"),
            what: format!(
                "POST /api/v1/cases with point, class and words: located, checked, decided, sealed, committed, answered with a receipt; \
                 {CLIENTS} keep-alive clients on the same machine (p99 {closed:.1} ms), {EARLIER} cases before. Reference: {reference}, \
                 {group} cases a transaction, its fastest (the server's had {ours_group:.0}); {our_rows:.1} rows and {our_bytes:.0} bytes a case, in the reference \
                 {their_rows:.1} and {their_bytes:.0}."
            ),
            ours,
            reference: theirs,
            unit: "cases/s",
            target: Target::AtLeast(ASKED),
        },
        waits(
            &at_half,
            &format!("p99 of intake at half of that load, {engine}"),
            "half of what was reached just before",
            of_waits,
        ),
        waits(
            &at_half_of_asked,
            &format!("p99 of intake at half of the load asked, {engine}"),
            "half of what it is to reach, which is 60 % of the reference's rate",
            of_waits,
        ),
    ])
}

/// How long reporters waited in one round.
struct Waits {
    rate: f64,
    p50: f64,
    p99: f64,
}

fn waits(rounds: &[Waits], name: &str, load: &str, target: Target) -> Row {
    let of = |value: fn(&Waits) -> f64| -> Vec<f64> { rounds.iter().map(value).collect() };
    let p99 = of(|round| round.p99);
    let (least, most) = p99.iter().fold((f64::MAX, 0.0_f64), |(least, most), p99| (least.min(*p99), most.max(*p99)));
    Row {
        name: name.to_owned(),
        what: format!(
            "{:.0} reports a second at random times, {load} (open loop: a report's time counts from when it was due); \
             medians of {} rounds of {OPEN_S:.0} s, whose p99 were {least:.1} to {most:.1} ms; p50 {:.2} ms. Reference: what \
             is asked on SQLite.",
            median(&mut of(|round| round.rate)),
            rounds.len(),
            median(&mut of(|round| round.p50)),
        ),
        ours: median(&mut of(|round| round.p99)),
        reference: P99_MS,
        unit: "ms",
        target,
    }
}

/// Makes reports like those of the town's history.
struct Desk {
    samples: Vec<Value>,
    key: Vec<(String, String)>,
    sent: usize,
}

impl Desk {
    fn requests(&mut self, count: usize) -> Arc<Vec<Vec<u8>>> {
        let mut numbers = Numbers(self.sent as u64);
        let requests = (self.sent..).take(count).filter_map(|no| {
            let at = (numbers.next()? * self.samples.len() as f64) as usize;
            let mut headers = self.key.clone();
            headers.push(("idempotency-key".to_owned(), format!("bench-{no:012}")));
            Some(request("POST", "/api/v1/cases", &headers, self.samples.get(at)))
        });
        let requests = requests.collect();
        self.sent += count;
        Arc::new(requests)
    }
}

/// Reports as they could have begun cases of the history: each with its point, class and words.
async fn samples(server: &Server, key: &[(String, String)]) -> Result<Vec<Value>> {
    let mut connection = Connection::open(server.address).await?;
    let mut samples = Vec::new();
    let mut path = "/api/v1/cases?page_size=1000".to_owned();
    for _ in 0..5 {
        let answer = connection.call(&request("GET", &path, key, None)).await?.json(200)?;
        for case in answer.get("cases").and_then(Value::as_array).into_iter().flatten() {
            let (Some(point), Some(class), Some(words)) = (case.get("point"), case.get("class"), case.get("excerpt"))
            else {
                continue;
            };
            if [point, class, words].into_iter().all(|given| !given.is_null()) {
                samples.push(json!({ "location": { "point": point }, "class": class, "words": words }));
            }
        }
        let Some(token) = answer.get("next_page_token").and_then(Value::as_str) else { break };
        path = format!("/api/v1/cases?page_size=1000&page_token={token}");
    }
    ensure!(samples.len() > 500, "the history has {} cases with point, class and words: too few", samples.len());
    Ok(samples)
}
