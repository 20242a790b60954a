//! Starting a city with a long past, with nothing of it in memory.

use crate::reads::CASES;
use anyhow::Result;
use gewu_bench::http::{Connection, request};
use gewu_bench::server::{Engine, Server, lasting};
use gewu_bench::{Row, Stand, Target, grouped, median, runtime, setting};
use std::time::Instant;

const ROUNDS: usize = 5;
const START_S: f64 = 1.0;
const RESIDENT_MB: f64 = 200.0;

/// From nothing in memory to the first answer, and how much memory that took.
pub fn run(stand: &Stand) -> Result<Vec<Row>> {
    let cases = setting("GEWU_BENCH_CASES", CASES)?;
    let place = lasting(stand, Engine::Sqlite, cases)?;
    let key = place.client()?;
    let runtime = runtime()?;
    let first = request("GET", "/api/v1/cases?page_size=50", &key, None);
    let (mut seconds, mut megabytes) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        place.forget()?;
        let started = Instant::now();
        let server = Server::start(&place, &stand.scratch)?;
        let listened = started.elapsed().as_secs_f64();
        runtime.block_on(async {
            let mut connection = Connection::open(server.address).await?;
            connection.call(&first).await?.json(200)
        })?;
        let answered = started.elapsed().as_secs_f64();
        seconds.push(answered);
        megabytes.push(server.resident_mb()?);
        eprintln!("  start {round}: listening after {listened:.3} s, answered after {answered:.3} s");
        server.stop()?;
    }
    Ok(vec![
        Row {
            name: format!("cold start to the first answer at {} cases", grouped(cases)),
            what: "From starting the process to the first page of a list of cases, files dropped from the system's cache before. \
                   Reference: what was asked."
                .to_owned(),
            ours: median(&mut seconds),
            reference: START_S,
            unit: "s",
            target: Target::AtMost(1.0),
        },
        Row {
            name: format!("resident memory after the first answer at {} cases", grouped(cases)),
            what: "VmRSS of the server in megabytes of 10⁶ bytes. Reference: what was asked.".to_owned(),
            ours: median(&mut megabytes),
            reference: RESIDENT_MB,
            unit: "MB",
            target: Target::AtMost(1.0),
        },
    ])
}
