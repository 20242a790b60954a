//! `cargo xtask test`: every test there is, and one honest sum at the end.
//!
//! Each suite is a file beside this one and answers with [`Row`]s; a suite that cannot run is a
//! failed row, never a missing one. Start at [`run`].

mod fuzz;
mod house;
mod islands;
mod licences;
mod outside;
mod rust;

use crate::machine;
use crate::postgres::{Cluster, Durability};
use crate::tree::Tree;
use anyhow::{Result, bail};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// One line of the summary.
pub struct Row {
    pub name: String,
    pub passed: u64,
    pub failed: u64,
    pub took: Duration,
}

/// What every suite is given.
pub struct Prepared<'a> {
    pub tree: &'a Tree,
    pub postgres_url: String,
}

impl Prepared<'_> {
    /// Where a suite keeps what it printed.
    pub fn log(&self, suite: &str) -> PathBuf {
        logs(self.tree).join(format!("{}.log", suite.replace([' ', '/'], "-")))
    }
}

fn logs(tree: &Tree) -> PathBuf {
    tree.target.join("test-logs")
}

type Suite = (&'static str, fn(&Prepared) -> Result<Vec<Row>>);

/// In the order of what is cheap to know.
const SUITES: [Suite; 7] = [
    ("tidy", house::tidy),
    ("rust", rust::tests),
    ("docs", rust::doc_tests),
    ("islands", islands::run),
    ("licences", licences::run),
    ("outside", outside::folders),
    ("fuzz", fuzz::run),
];

/// Sets the machine up and runs the suites named, or all; true when nothing failed.
pub fn run(tree: &Tree, only: &[String]) -> Result<bool> {
    if only == ["list"] {
        SUITES.iter().for_each(|(suite, _)| println!("{suite}"));
        return Ok(true);
    }
    for name in only {
        if !SUITES.iter().any(|(suite, _)| suite == name) {
            let known: Vec<&str> = SUITES.iter().map(|(suite, _)| *suite).collect();
            bail!("there is no suite {name:?}; there are: {}", known.join(", "));
        }
    }
    machine::demand_node(20)?;
    machine::provide(&[machine::C_COMPILER, machine::POSTGRES, machine::CHROMIUM, machine::CHINESE_FONT])?;
    let _ = std::fs::remove_dir_all(logs(tree));
    std::fs::create_dir_all(logs(tree))?;
    let cluster = Cluster::start(tree, Durability::Off)?;
    let prepared = Prepared { tree, postgres_url: cluster.url() };

    let mut rows = Vec::new();
    for (name, suite) in SUITES {
        if !only.is_empty() && !only.iter().any(|wanted| wanted == name) {
            continue;
        }
        println!("\n── {name} ──");
        let started = Instant::now();
        match suite(&prepared) {
            Ok(found) => rows.extend(found),
            Err(error) => {
                println!("{name}: {error:#}");
                rows.push(Row { name: name.to_owned(), passed: 0, failed: 1, took: started.elapsed() });
            }
        }
    }
    drop(cluster);
    Ok(summary(&rows, tree))
}

/// Prints the table and the last line; true when nothing failed and something ran.
fn summary(rows: &[Row], tree: &Tree) -> bool {
    let width = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
    println!("\n{:width$}  {:>7}  {:>7}  {:>7}", "suite", "passed", "failed", "seconds");
    for row in rows {
        println!("{:width$}  {:>7}  {:>7}  {:>7.1}", row.name, row.passed, row.failed, row.took.as_secs_f64());
    }
    let passed: u64 = rows.iter().map(|row| row.passed).sum();
    let failed: u64 = rows.iter().map(|row| row.failed).sum();
    println!("\nlogs: {}", logs(tree).display());
    println!("{passed} passed, {failed} failed");
    failed == 0 && passed > 0
}
