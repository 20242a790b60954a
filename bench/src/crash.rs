//! Kills the server again and again while it takes reports and steps, and looks for every answer it gave.
//!
//! Everything is sent with an idempotency key and noted before it is sent. After each kill the server is started on the
//! same record; what got no answer is sent again with its key, and so is some of what did. At the end the database
//! itself is read: a receipt without its case or a step without its fact is lost, a case or a fact that nobody was
//! answered for is doubled. Start at [`run`].

use anyhow::{Context, Result, ensure};
use gewu_bench::http::{Connection, Headers, closed_loop, request};
use gewu_bench::server::{Place, Server};
use gewu_bench::{Numbers, Row, Stand, Target, case_id, runtime, setting};
use rusqlite::OpenFlags;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio_postgres::NoTls;
use uuid::Uuid;

const ROUNDS: u64 = 1_000;
/// Cases that are there before.
const EARLIER: u64 = 2_000;
const REPORTERS: usize = 6;
const STEPPERS: usize = 6;
/// The work of a round lasts between these.
const WORK_MS: [f64; 2] = [40.0, 160.0];
/// Answers of a round that are asked for again, though they were given.
const REPEATED: usize = 12;
/// The whole chain is verified after so many rounds, and at the end.
const VERIFY_EVERY: u64 = 250;

/// The accounts that take the steps of one county, and the unit of the last.
const ACCOUNTS: [&str; 4] = ["acceptor1", "chief1", "dispatcher1", "water"];
const UNIT: &str = "water-wangchao";

pub fn run(stand: &Stand) -> Result<Vec<Row>> {
    let (server, _) = stand.postgres_url.rsplit_once('/').context("the database URL names no database")?;
    let (runtime, client) = stand.postgres()?;
    runtime.block_on(client.batch_execute("create database crash"))?;
    let sqlite = Place { gewu: stand.gewu.clone(), data: stand.scratch.join("sqlite"), database: None };
    let database = Some(format!("{server}/crash"));
    let postgres = Place { gewu: stand.gewu.clone(), data: stand.scratch.join("postgres"), database };
    // Both at once: a round is mostly waiting, and no speed is measured.
    let (one, other) = std::thread::scope(|scope| {
        let one = scope.spawn(|| on(stand, &sqlite, "SQLite"));
        let other = on(stand, &postgres, "PostgreSQL");
        (one.join(), other)
    });
    let one = one.map_err(|_| anyhow::anyhow!("the run on SQLite panicked"))?;
    Ok(vec![one?, other?])
}

/// Something sent with a key, and what came of it.
struct Sent {
    request: Vec<u8>,
    wanted: u16,
    answer: Option<Value>,
}

/// A case on its way through the steps.
#[derive(Clone)]
struct Walk {
    region: String,
    id: String,
    number: String,
    class: Value,
    /// Steps that were answered, each one fact.
    taken: usize,
    /// The step that got no answer.
    pending: Option<usize>,
}

#[derive(Default)]
struct Journal {
    reports: Vec<Sent>,
    steps: Vec<Sent>,
    /// Where each case stands, by id.
    walks: HashMap<String, Walk>,
    /// Cases whose next step can be taken.
    ready: VecDeque<String>,
}

/// What everybody who works shares.
struct Work {
    journal: Mutex<Journal>,
    samples: Vec<Value>,
    key: Headers,
    accounts: [Headers; 4],
}

impl Work {
    fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn on(stand: &Stand, place: &Place, engine: &str) -> Result<Row> {
    let rounds = setting("GEWU_BENCH_ROUNDS", ROUNDS)?;
    place.simulate(EARLIER)?;
    let before = record(place)?;
    let runtime = runtime()?;
    let mut server = Server::start(place, &stand.scratch)?;
    let key = place.client()?;
    let work = runtime.block_on(async {
        let mut accounts = Vec::new();
        for login in ACCOUNTS {
            accounts.push(server.sign_in(login).await?);
        }
        let accounts = accounts.try_into().ok().context("four accounts")?;
        let samples = samples(&server, &key).await?;
        anyhow::Ok(Arc::new(Work { journal: Mutex::default(), samples, key, accounts }))
    })?;

    let mut numbers = Numbers(3);
    let mut next = |from: f64, to: f64| from + (to - from) * numbers.next().unwrap_or_default();
    let started = Instant::now();
    for round in 1..=rounds {
        let [shortest, longest] = WORK_MS;
        let for_ms = next(shortest, longest);
        let reports = work.journal().reports.len();
        let steps = work.journal().steps.len();
        runtime.block_on(work_until_killed(&work, server, Duration::from_secs_f64(for_ms / 1_000.0)))?;
        if round % VERIFY_EVERY == 0 {
            place.gewu(&["verify"])?;
        }
        server = Server::start(place, &stand.scratch)?;
        runtime.block_on(settle(&work, &server, reports, steps)).with_context(|| format!("after kill {round}"))?;
        if round % 50 == 0 {
            let journal = work.journal();
            eprintln!(
                "  {engine}: {round} kills in {:.0} s, {} receipts, {} steps",
                started.elapsed().as_secs_f64(),
                journal.reports.len(),
                journal.steps.len()
            );
        }
    }
    server.stop()?;
    place.gewu(&["verify"])?;

    let journal = work.journal();
    let after = record(place)?;
    let (mut lost, mut doubled) = (0, 0);
    for walk in journal.walks.values() {
        match after.get(&case_id(&walk.id)?) {
            Some((number, facts)) if *number == walk.number => {
                // The report is the first fact.
                lost += (1 + walk.taken).saturating_sub(*facts);
                doubled += facts.saturating_sub(1 + walk.taken);
            }
            _ => lost += 1 + walk.taken,
        }
    }
    let answered: HashSet<Uuid> = journal.walks.keys().map(|id| case_id(id)).collect::<Result<_>>()?;
    doubled += after.keys().filter(|id| !before.contains_key(id) && !answered.contains(id)).count();
    let (receipts, steps) = (journal.reports.len(), journal.steps.len());
    let given = receipts + steps;
    eprintln!("  {engine}: {receipts} receipts, {steps} steps, {lost} lost, {doubled} doubled");
    Ok(Row {
        name: format!("kept through kill -9, {engine}"),
        what: format!(
            "Answers there exactly once after {rounds} × kill -9 of the server, each {:.0} to {:.0} ms into the work of {REPORTERS} clients \
             that report and {STEPPERS} that take steps; everything unanswered sent again with its idempotency key. {receipts} receipts, \
             {steps} steps, {lost} lost, {doubled} doubled; `gewu verify` found the chain whole. Reference: answers given.",
            WORK_MS[0], WORK_MS[1]
        ),
        ours: given.saturating_sub(lost + doubled) as f64,
        reference: given as f64,
        unit: "answers",
        target: Target::AtLeast(1.0),
    })
}

/// Reports and steps until the server is gone.
async fn work_until_killed(work: &Arc<Work>, server: Server, after: Duration) -> Result<()> {
    let mut busy = JoinSet::new();
    let address = server.address;
    for _ in 0..REPORTERS {
        let work = work.clone();
        busy.spawn(async move {
            let Ok(mut connection) = Connection::open(address).await else { return };
            loop {
                let (no, request) = begin_report(&work);
                let Some(answer) = answered(&mut connection, &request, 201).await else { return };
                end_report(&work, no, answer);
            }
        });
    }
    for _ in 0..STEPPERS {
        let work = work.clone();
        busy.spawn(async move {
            let Ok(mut connection) = Connection::open(address).await else { return };
            loop {
                let Some((id, no, request)) = begin_step(&work) else {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    continue;
                };
                let Some(answer) = answered(&mut connection, &request, 200).await else { return };
                end_step(&work, &id, no, answer);
            }
        });
    }
    tokio::time::sleep(after).await;
    server.kill()?;
    // Whoever waits for an answer sees the connection end; whoever waits for a case to step with does not.
    tokio::time::sleep(Duration::from_millis(5)).await;
    busy.abort_all();
    while busy.join_next().await.is_some() {}
    Ok(())
}

/// The whole answer, if it came and said what was wanted.
async fn answered(connection: &mut Connection, request: &[u8], wanted: u16) -> Option<Value> {
    let answer = connection.call(request).await.ok()?;
    match answer.json(wanted) {
        Ok(value) => Some(value),
        // Kept as unanswered: asking again tells whether it is an error, and fails the run then.
        Err(error) => {
            eprintln!("  {error}");
            None
        }
    }
}

fn begin_report(work: &Work) -> (usize, Vec<u8>) {
    let mut journal = work.journal();
    let no = journal.reports.len();
    let mut headers = work.key.clone();
    headers.push(("idempotency-key".to_owned(), format!("crash-report-{no}")));
    let request = request("POST", "/api/v1/cases", &headers, work.samples.get(no % work.samples.len()));
    journal.reports.push(Sent { request: request.clone(), wanted: 201, answer: None });
    (no, request)
}

fn end_report(work: &Work, no: usize, answer: Value) {
    let mut journal = work.journal();
    let text = |field: &str| answer.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let class = work.samples.get(no % work.samples.len()).and_then(|sample| sample.get("class")).cloned();
    let walk = Walk {
        region: text("region"),
        id: text("id"),
        number: text("number"),
        class: class.unwrap_or_default(),
        taken: 0,
        pending: None,
    };
    journal.ready.push_back(walk.id.clone());
    journal.walks.insert(walk.id.clone(), walk);
    if let Some(sent) = journal.reports.get_mut(no) {
        sent.answer = Some(answer);
    }
}

/// Who takes the step of this number, and what it is; remarks could be made twice if a key did not count.
fn step(taken: usize, class: &Value) -> Option<(usize, Value)> {
    let remark = |who| Some((who, json!({ "do": "remark", "note": format!("备注 {taken}") })));
    let class = json!({ "scheme": "gbt30428", "version": 1, "code": class });
    match taken {
        0 | 2 | 4 | 6 | 8.. => remark([0, 0, 1, 0, 2, 0, 3].get(taken).copied().unwrap_or(3)),
        1 => Some((0, json!({ "do": "submit" }))),
        3 => Some((1, json!({ "do": "file", "class": class, "condition": 1 }))),
        5 => Some((2, json!({ "do": "dispatch", "lead": { "unit": UNIT } }))),
        7 => Some((3, json!({ "do": "accept", "assignment": 1 }))),
    }
    .filter(|_| taken < 12)
}

fn begin_step(work: &Work) -> Option<(String, usize, Vec<u8>)> {
    let mut journal = work.journal();
    let journal = &mut *journal;
    let id = journal.ready.pop_front()?;
    let walk = journal.walks.get_mut(&id)?;
    let (who, body) = step(walk.taken, &walk.class)?;
    let no = journal.steps.len();
    let mut headers = work.accounts.get(who)?.clone();
    headers.push(("idempotency-key".to_owned(), format!("crash-step-{no}")));
    let request = request("POST", &format!("/api/v1/cases/{}/{id}/steps", walk.region), &headers, Some(&body));
    walk.pending = Some(no);
    journal.steps.push(Sent { request: request.clone(), wanted: 200, answer: None });
    Some((id, no, request))
}

fn end_step(work: &Work, id: &str, no: usize, answer: Value) {
    let mut journal = work.journal();
    let journal = &mut *journal;
    if let Some(walk) = journal.walks.get_mut(id) {
        walk.taken += 1;
        walk.pending = None;
        journal.ready.push_back(id.to_owned());
    }
    if let Some(sent) = journal.steps.get_mut(no) {
        sent.answer = Some(answer);
    }
}

/// Sends what got no answer again, and some of what did; looks whether each case of the round is there.
async fn settle(work: &Arc<Work>, server: &Server, reports: usize, steps: usize) -> Result<()> {
    let mut connection = Connection::open(server.address).await?;
    let pending = |sent: &[Sent]| -> Vec<(usize, Vec<u8>)> {
        let open = sent.iter().enumerate().filter(|(_, sent)| sent.answer.is_none());
        open.map(|(no, sent)| (no, sent.request.clone())).collect()
    };
    // One after the other: in one statement both guards would be held to its end.
    let open_reports = pending(&work.journal().reports);
    let open_steps = pending(&work.journal().steps);
    for (no, request) in open_reports {
        let answer = connection.call(&request).await?.json(201)?;
        end_report(work, no, answer);
    }
    let walking: HashMap<usize, String> = {
        let journal = work.journal();
        journal.walks.values().filter_map(|walk| walk.pending.map(|no| (no, walk.id.clone()))).collect()
    };
    for (no, request) in open_steps {
        let answer = connection.call(&request).await?.json(200)?;
        let id = walking.get(&no).context("a step of no case")?;
        end_step(work, id, no, answer);
    }
    // The same key again gives the same answer.
    let given: Vec<(Vec<u8>, u16, Value)> = {
        let journal = work.journal();
        let last = |sent: &[Sent], from: usize| -> Vec<(Vec<u8>, u16, Value)> {
            let fresh = sent.iter().skip(from).rev().take(REPEATED);
            fresh.filter_map(|sent| Some((sent.request.clone(), sent.wanted, sent.answer.clone()?))).collect()
        };
        [last(&journal.reports, reports), last(&journal.steps, steps)].concat()
    };
    for (request, wanted, first) in given {
        let again = connection.call(&request).await?.json(wanted)?;
        for field in ["id", "number", "version"] {
            ensure!(
                again.get(field) == first.get(field),
                "the same key was answered with {first} and then with {again}"
            );
        }
    }
    let there: Vec<Vec<u8>> = {
        let journal = work.journal();
        let fresh = journal.reports.iter().skip(reports).filter_map(|sent| sent.answer.as_ref());
        fresh
            .filter_map(|receipt| {
                let (region, id) = (receipt.get("region")?.as_str()?, receipt.get("id")?.as_str()?);
                Some(request("GET", &format!("/api/v1/cases/{region}/{id}"), &work.key, None))
            })
            .collect()
    };
    closed_loop(server.address, 4, &Arc::new(there), 200).await?;
    Ok(())
}

/// Reports of one county, so that its desks can take the steps.
async fn samples(server: &Server, key: &Headers) -> Result<Vec<Value>> {
    let mut connection = Connection::open(server.address).await?;
    let path = "/api/v1/cases?page_size=1000&region=780101&is_placed=true";
    let answer = connection.call(&request("GET", path, key, None)).await?.json(200)?;
    let cases = answer.get("cases").and_then(Value::as_array).into_iter().flatten();
    let samples: Vec<Value> = cases
        .filter_map(|case| {
            let given = |field| case.get(field).filter(|value| !value.is_null());
            let words = given("excerpt")?;
            Some(json!({ "location": { "point": given("point")? }, "class": given("class")?, "words": words }))
        })
        .collect();
    ensure!(samples.len() > 100, "the history has only {} cases to report like", samples.len());
    Ok(samples)
}

/// Number and count of facts of every case, read from the database itself.
fn record(place: &Place) -> Result<HashMap<Uuid, (String, usize)>> {
    let sql = "select c.id, c.number, count(*) from cases c join facts f on f.region = c.region and f.case_id = c.id
        group by c.region, c.id, c.number";
    let mut record = HashMap::new();
    match &place.database {
        None => {
            let connection = rusqlite::Connection::open_with_flags(place.sqlite(), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            let mut statement = connection.prepare(sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                record.insert(Uuid::from_bytes(row.get(0)?), (row.get(1)?, usize::try_from(row.get::<_, i64>(2)?)?));
            }
        }
        Some(url) => {
            let runtime = runtime()?;
            runtime.block_on(async {
                let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
                tokio::spawn(connection);
                for row in client.query(sql, &[]).await? {
                    record.insert(row.get(0), (row.get(1), usize::try_from(row.get::<_, i64>(2))?));
                }
                anyhow::Ok(())
            })?;
        }
    }
    Ok(record)
}
