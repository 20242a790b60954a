//! What people look at all day, in a city with a long past: the inbox, the case page, search.
//!
//! Each request is timed where it is made, over a kept connection on the same machine, one after another: that is the
//! server's time and a little more. The mix is of every kind of desk, of pages far down, of cases from all of the past,
//! of words that are everywhere and words that are nearly nowhere, and of areas, states, classes and times together.

mod asked;
mod past;

use anyhow::{Context, Result};
use asked::{DEEP, DESKS};
use gewu_bench::http::{one_by_one, quantile};
use gewu_bench::server::{Engine, Place, Server, lasting};
use gewu_bench::{Row, Stand, Target, grouped, median, runtime, setting};
use past::lengthened;
use std::collections::{BTreeMap, HashMap};
use tokio::runtime::Runtime;

/// How many cases the city has when nobody says otherwise.
pub const CASES: u64 = 1_000_000;
/// How many times as many the larger city has.
const TIMES: u64 = 10;
const ROUNDS: usize = 3;
/// Requests of each kind in a round.
const REQUESTS: usize = 600;
const P95_MS: f64 = 20.0;
/// What is asked, and through which door.
const KINDS: [&str; 6] = ["inbox page", "case page", "search page", "inbox, API", "case, API", "search, API"];

/// A city with a server on it and everything that will be asked of it.
struct City {
    place: Place,
    server: Server,
    cases: u64,
    requests: BTreeMap<&'static str, Vec<Vec<u8>>>,
}

pub fn on_sqlite(stand: &Stand) -> Result<Vec<Row>> {
    run(stand, Engine::Sqlite, "")
}

pub fn on_postgres(stand: &Stand) -> Result<Vec<Row>> {
    run(stand, Engine::Postgres, ", PostgreSQL")
}

/// What is said of the engine stands behind each row's name.
fn run(stand: &Stand, engine: Engine, said: &str) -> Result<Vec<Row>> {
    let cases = setting("GEWU_BENCH_CASES", CASES)?;
    let place = lasting(stand, engine, cases)?;
    let runtime = runtime()?;
    let city = City::open(stand, &place, cases, &runtime)?;
    let taken = measure(&[&city], &runtime)?.pop().context("one city was measured")?;
    city.server.stop()?;
    let row = |(kind, times): (&str, Times)| Row {
        name: format!("{kind} at {} cases{said}", grouped(cases)),
        what: format!("p95 of {}; {times}. Reference: what was asked.", mix(kind)),
        ours: times.p95,
        reference: P95_MS,
        unit: "ms",
        target: Target::AtMost(1.0),
    };
    Ok(taken.into_iter().map(row).collect())
}

/// The same at ten times the past, beside the smaller city.
pub fn run_many(stand: &Stand) -> Result<Vec<Row>> {
    let (few, times) = (setting("GEWU_BENCH_CASES", CASES)?, setting("GEWU_BENCH_TIMES", TIMES)?);
    let many = few * times;
    let runtime = runtime()?;
    let small = lasting(stand, Engine::Sqlite, few)?;
    let large = lengthened(stand, &small, many, i64::try_from(times)?)?;
    let mut small = City::open(stand, &small, few, &runtime)?;
    let mut large = City::open(stand, &large, many, &runtime)?;
    let cold = [large.measure_cold(stand, &runtime)?, small.measure_cold(stand, &runtime)?];
    let taken = measure(&[&large, &small], &runtime)?;
    small.server.stop()?;
    large.server.stop()?;
    let [large, small] = taken.as_slice() else { anyhow::bail!("two cities were measured") };
    let row = |((kind, ours), (_, reference)): (&(&'static str, Times), &(&str, Times))| {
        let [cold, reference_cold] = cold.each_ref().map(|cold| cold.get(kind).copied().unwrap_or(f64::NAN));
        Row {
            name: format!("{kind} at {} cases", grouped(many)),
            what: format!(
                "p95 of {}; {ours}; once after the files were dropped from the system's cache p95 {cold:.1} ms. \
                 Reference: the same at {} cases in the same run, {reference}, after dropping {reference_cold:.1} ms. \
                 The past is that of the smaller city {times} times, each time earlier, with its lists and indexes, \
                 the term index merged as the server merges it; what was open is open in the newest only; the facts, \
                 texts and contacts that a case page shows are there of every twentieth case, and only these are \
                 opened in both. Left out: in the earlier copies the words kept beside the term index (case_words), \
                 which only changes and open cases read; counters, which are the smaller city's once; and the times \
                 inside copied bodies, which are not moved.",
                mix(kind),
                grouped(few)
            ),
            ours: ours.p95,
            reference: reference.p95,
            unit: "ms",
            target: Target::AtMost(1.5),
        }
    };
    Ok(large.iter().zip(small).map(row).collect())
}

fn mix(kind: &str) -> String {
    let what = match kind.split([' ', ',']).next() {
        Some("inbox") => format!("the inboxes of {} desks of every kind, to their ends or page {DEEP}", DESKS.len()),
        Some("case") => "cases from all of the past, opened by chance".to_owned(),
        _ => "searches by common and rare words, with areas, states, classes, units and times, down to deep pages"
            .to_owned(),
    };
    format!("{ROUNDS} × {REQUESTS} requests: {what}")
}

/// Milliseconds: of each round its quantiles, of these the median.
struct Times {
    p50: f64,
    p95: f64,
    p99: f64,
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "p50 {:.2} ms, p99 {:.2} ms", self.p50, self.p99)
    }
}

type Taken = Vec<(&'static str, Times)>;

/// All kinds on all cities in turn, round by round.
fn measure(cities: &[&City], runtime: &Runtime) -> Result<Vec<Taken>> {
    let mut rounds: HashMap<(usize, &str), [Vec<f64>; 3]> = HashMap::new();
    for round in 1..=ROUNDS {
        for kind in KINDS {
            for (no, city) in cities.iter().enumerate() {
                let requests = city.requests.get(kind).context("nothing to ask")?;
                let mut times = runtime.block_on(one_by_one(city.server.address, requests, 200))?;
                if round == ROUNDS {
                    tell_slowest(kind, requests, &times);
                }
                let quantiles = [0.5, 0.95, 0.99].map(|share| quantile(&mut times, share));
                let [p50, p95, p99] = quantiles;
                eprintln!("  round {round}, {} cases, {kind}: p50 {p50:.2}, p95 {p95:.2}, p99 {p99:.2} ms", city.cases);
                let kept = rounds.entry((no, kind)).or_default();
                kept.iter_mut().zip(quantiles).for_each(|(kept, value)| kept.push(value));
            }
        }
    }
    Ok((0..cities.len())
        .map(|no| {
            let of_kind = |kind| {
                let [p50, p95, p99] =
                    rounds.remove(&(no, kind)).unwrap_or_default().map(|mut values| median(&mut values));
                (kind, Times { p50, p95, p99 })
            };
            KINDS.into_iter().map(of_kind).collect()
        })
        .collect())
}

fn tell_slowest(kind: &str, requests: &[Vec<u8>], times: &[f64]) {
    let mut slowest: Vec<(f64, &[u8])> = times.iter().copied().zip(requests.iter().map(Vec::as_slice)).collect();
    slowest.sort_by(|one, other| other.0.total_cmp(&one.0));
    for (ms, request) in slowest.iter().take(5) {
        let line = String::from_utf8_lossy(request).lines().next().unwrap_or_default().to_owned();
        eprintln!("    slow {kind}: {ms:.1} ms {}", line.chars().take(260).collect::<String>());
    }
}

impl City {
    fn open(stand: &Stand, place: &Place, cases: u64, runtime: &Runtime) -> Result<City> {
        let key = place.client()?;
        let server = Server::start(place, &stand.scratch)?;
        let requests = runtime.block_on(asked::of(&server, &key, REQUESTS))?;
        Ok(City { place: place.clone(), server, cases, requests })
    }

    /// The p95 of each kind, asked once with nothing in memory: on SQLite.
    fn measure_cold(&mut self, stand: &Stand, runtime: &Runtime) -> Result<HashMap<&'static str, f64>> {
        let mut p95 = HashMap::new();
        for (kind, requests) in &self.requests {
            self.server.end()?;
            self.place.forget()?;
            self.server = Server::start(&self.place, &stand.scratch)?;
            let mut times = runtime.block_on(one_by_one(self.server.address, requests, 200))?;
            p95.insert(*kind, quantile(&mut times, 0.95));
            eprintln!("  {} cases, {kind}, cold: p95 {:.2} ms", self.cases, quantile(&mut times, 0.95));
        }
        Ok(p95)
    }
}
