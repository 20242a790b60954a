//! What measurements share: rows, medians, rounds that alternate, a database connection.
//!
//! Absolute figures wander on shared machines; ratios taken in turn, round by round, do not. Start at [`in_turn`].

pub mod http;
pub mod server;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Instant;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

/// One figure: what was measured, beside what, and what was asked of it.
pub struct Row {
    /// Unique; a later run replaces the row of the same name.
    pub name: String,
    /// A sentence for the page.
    pub what: String,
    pub ours: f64,
    pub reference: f64,
    /// Of `ours` and `reference`, such as `lookups/s` or `ms`.
    pub unit: &'static str,
    pub target: Target,
}

/// What the ratio ours ÷ reference must be.
#[derive(Clone, Copy)]
pub enum Target {
    AtLeast(f64),
    AtMost(f64),
    /// Told because somebody will want to know.
    NotAsked,
}

impl Row {
    pub fn to_json(&self, measurement: &str) -> Value {
        let ratio = self.ours / self.reference;
        let (target, is_met) = match self.target {
            Target::AtLeast(limit) => (format!("≥ {limit}"), Some(ratio >= limit)),
            Target::AtMost(limit) => (format!("≤ {limit}"), Some(ratio <= limit)),
            Target::NotAsked => ("–".to_owned(), None),
        };
        json!({
            "name": self.name,
            "what": self.what,
            "ours": rounded(self.ours),
            "reference": rounded(self.reference),
            "ratio": rounded(ratio),
            "unit": self.unit,
            "target": target,
            "is_met": is_met,
            "command": format!("cargo xtask bench {measurement}"),
        })
    }
}

/// Four significant digits: more would be noise.
fn rounded(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

/// What `cargo xtask bench` provides.
pub struct Stand {
    /// A durable PostgreSQL with PostGIS, used by nobody else.
    pub postgres_url: String,
    /// The release build of the server.
    pub gewu: PathBuf,
    /// An empty folder on the disk of the target folder.
    pub scratch: PathBuf,
    /// A folder beside it that lasts: for what takes long to make.
    pub data: PathBuf,
}

impl Stand {
    pub fn from_environment() -> Result<Stand> {
        let variable =
            |name: &str| std::env::var(name).with_context(|| format!("{name} is not set; run `cargo xtask bench`"));
        Ok(Stand {
            postgres_url: variable("GEWU_BENCH_POSTGRES")?,
            gewu: variable("GEWU_BIN")?.into(),
            scratch: variable("GEWU_BENCH_SCRATCH")?.into(),
            data: variable("GEWU_BENCH_DATA")?.into(),
        })
    }

    /// Where a database of that name is in the stand's PostgreSQL.
    pub fn database(&self, name: &str) -> Result<String> {
        let (server, _) = self.postgres_url.rsplit_once('/').context("the database URL names no database")?;
        Ok(format!("{server}/{name}"))
    }

    /// A connection of its own, and the runtime that drives it.
    pub fn postgres(&self) -> Result<(Runtime, Client)> {
        connect(&self.postgres_url)
    }
}

/// A connection to a PostgreSQL, and the runtime that drives it.
pub fn connect(url: &str) -> Result<(Runtime, Client)> {
    let runtime = runtime()?;
    let (client, connection) = runtime.block_on(tokio_postgres::connect(url, NoTls))?;
    runtime.spawn(async move {
        if let Err(error) = connection.await {
            eprintln!("the database connection ended: {error}");
        }
    });
    Ok((runtime, client))
}

/// Measures both, one round of each in turn, and answers the median of each.
///
/// Each closure does one round and answers its figure. An odd number of rounds gives a median that was measured.
pub fn in_turn(
    rounds: usize,
    mut ours: impl FnMut() -> Result<f64>,
    mut reference: impl FnMut() -> Result<f64>,
) -> Result<(f64, f64)> {
    let mut all_ours = Vec::with_capacity(rounds);
    let mut all_reference = Vec::with_capacity(rounds);
    for round in 1..=rounds {
        let (one, other) = (ours()?, reference()?);
        eprintln!("  round {round}: ours {one:.4e}, reference {other:.4e}");
        all_ours.push(one);
        all_reference.push(other);
    }
    Ok((median(&mut all_ours), median(&mut all_reference)))
}

/// The middle value; of an even number, the upper of the two. NaN of none.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A number from the environment, such as how many cases or rounds; another when it is not set.
///
/// # Errors
/// When it is set and no whole number.
pub fn setting(name: &str, otherwise: u64) -> Result<u64> {
    match std::env::var(name) {
        Ok(value) => value.replace('_', "").parse().with_context(|| format!("{name}={value} is no whole number")),
        Err(_) => Ok(otherwise),
    }
}

/// The id in `case_01a2…`, as ids are written outside.
///
/// # Errors
/// When it is none.
pub fn case_id(written: &str) -> Result<Uuid> {
    let digits = written.strip_prefix("case_").with_context(|| format!("{written:?} is no id of a case"))?;
    Ok(Uuid::try_parse(digits)?)
}

/// 1000000 as 1,000,000.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let group = |(at, digit): (usize, char)| {
        let comma = (at > 0 && (digits.len() - at).is_multiple_of(3)).then_some(',');
        comma.into_iter().chain([digit])
    };
    digits.char_indices().flat_map(group).collect()
}

/// A runtime on the current thread: clients that take one core at most.
pub fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// How many times a second something happened that happened `times` times while `work` ran.
pub fn per_second(times: usize, work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let started = Instant::now();
    work()?;
    Ok(times as f64 / started.elapsed().as_secs_f64())
}

/// Evenly spread numbers in 0..1, the same for the same seed (SplitMix64).
pub struct Numbers(pub u64);

impl Iterator for Numbers {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        Some((mixed >> 11) as f64 / (1_u64 << 53) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_knows_its_ratio_and_whether_it_meets_its_target() {
        let row = |target| {
            Row { name: "a".into(), what: "b".into(), ours: 30.0, reference: 20.0, unit: "ms", target }.to_json("c")
        };
        assert_eq!(row(Target::AtMost(1.5))["is_met"], true);
        assert_eq!(row(Target::AtLeast(1.6))["is_met"], false);
        assert_eq!(row(Target::AtLeast(1.6))["ratio"], 1.5);
        assert_eq!(row(Target::NotAsked)["is_met"], Value::Null);
    }

    #[test]
    fn another_database_of_the_stand_is_on_the_same_server() {
        let here = PathBuf::new();
        let stand = Stand {
            postgres_url: "postgres://postgres@127.0.0.1:5/postgres".into(),
            gewu: here.clone(),
            scratch: here.clone(),
            data: here,
        };
        assert_eq!(stand.database("city").unwrap(), "postgres://postgres@127.0.0.1:5/city");
    }

    #[test]
    fn the_id_of_a_case_is_read_as_it_is_written() {
        let id = case_id("case_01a20146852a700096febfd6e0aebd2c").unwrap();
        assert_eq!(id.simple().to_string(), "01a20146852a700096febfd6e0aebd2c");
        assert!(case_id("01a20146852a700096febfd6e0aebd2c").is_err());
    }

    #[test]
    fn numbers_are_written_as_people_write_them() {
        assert_eq!(grouped(1_000_000), "1,000,000");
        assert_eq!(grouped(999), "999");
    }

    #[test]
    fn the_median_is_one_of_the_values() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert!(median(&mut []).is_nan());
    }
}
