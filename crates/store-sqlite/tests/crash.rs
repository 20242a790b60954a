//! Killing the process in the middle of its work, again and again: every receipt given is there afterwards.
//!
//! The test starts itself as a child (told by `GEWU_CRASH_CHILD`), which works until it is killed. `GEWU_CRASH_ROUNDS`
//! makes it last longer.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout, reason = "this is a test")]

use gewu_store::contract::{
    crash::{Receipt, check, churn},
    sample::Random,
};
use gewu_store_sqlite::{Settings, SqliteStore};
use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

const CHILD: &str = "GEWU_CRASH_CHILD";
const ROUNDS: u64 = 20;

#[test]
fn every_receipt_is_there_after_a_kill() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if let Ok(told) = std::env::var(CHILD) {
        let (round, directory) = told.split_once(' ').unwrap();
        return runtime.block_on(child(Path::new(directory), round.parse().unwrap()));
    }
    let rounds = std::env::var("GEWU_CRASH_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let mut random = Random(5);
    let mut receipts = Vec::new();
    for round in 0..rounds {
        let before = receipts.len();
        receipts.extend(one_life(directory.path(), round, 1 + random.below(300)));
        assert!(receipts.len() > before, "round {round} gave no receipt");
        let store = SqliteStore::open(directory.path(), Settings::default()).unwrap();
        runtime.block_on(check(&store, &receipts));
    }
}

async fn child(directory: &Path, round: u64) {
    // A log that is emptied often, so that some of the kills meet a checkpoint.
    let settings =
        Settings { log_bytes: 1 << 20, checkpoint_every: std::time::Duration::from_millis(5), ..Settings::default() };
    let store = SqliteStore::open(directory, settings).unwrap();
    let give = |receipt: Receipt| {
        let mut out = std::io::stdout().lock();
        writeln!(out, "\n{receipt}").unwrap();
        out.flush().unwrap();
    };
    churn(&store, round, &give).await;
}

/// Starts a child, kills it after so many receipts, and gives all it had printed.
fn one_life(directory: &Path, round: u64, enough: usize) -> Vec<Receipt> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "every_receipt_is_there_after_a_kill", "--nocapture"])
        .env(CHILD, format!("{round} {}", directory.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut receipts = Vec::new();
    while receipts.len() < enough {
        receipts.extend(lines.next().expect("the child ended by itself").unwrap().parse::<Receipt>());
    }
    child.kill().unwrap();
    // What it had still printed was received too; the last line may be cut off in the middle.
    receipts.extend(lines.map_while(Result::ok).filter_map(|line| line.parse::<Receipt>().ok()));
    child.wait().unwrap();
    receipts
}
