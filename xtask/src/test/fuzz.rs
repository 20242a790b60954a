//! The fuzz targets, each for a minute, guided by coverage.
//!
//! libFuzzer with the compiler's own coverage pass: that much works on stable Rust, without cargo-fuzz and
//! without a sanitizer, which safe code needs least. The package says which targets there are. What breaks one is kept in
//! the target folder; put it among the seeds with the mending.

use super::{Prepared, Row};
use crate::run;
use crate::tree::cargo;
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// How long each target is attacked; `GEWU_FUZZ_SECONDS` says otherwise.
const SECONDS: u32 = 60;

/// What cargo-fuzz passes to the compiler.
const COVERAGE: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// A target, and the folders of its seeds from the root.
struct Target<'a> {
    name: &'a str,
    seeds: Vec<&'a str>,
}

pub fn run(prepared: &Prepared) -> Result<Vec<Row>> {
    let seconds = match std::env::var("GEWU_FUZZ_SECONDS") {
        Ok(text) => text.parse().context("GEWU_FUZZ_SECONDS is a number of seconds")?,
        Err(_) => SECONDS,
    };
    let listed = run::capture(
        Command::new(cargo()).args(["run", "--quiet", "--locked", "-p", "gewu-fuzz"]).current_dir(&prepared.tree.root),
    )?;
    let targets: Vec<Target> = listed
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some(Target { name: words.next()?, seeds: words.collect() })
        })
        .collect();
    let program = build(prepared)?;
    let started = Instant::now();
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let mut rows: Vec<Row> = std::thread::scope(|scope| {
        let work = || {
            let mut rows = Vec::new();
            while let Some(target) = targets.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                rows.push(attack(prepared, &program, target, seconds));
            }
            rows
        };
        let running: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        running.into_iter().flat_map(|worker| worker.join().expect("a worker does not panic")).collect()
    });
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    println!("{} targets, {:.0} s", rows.len(), started.elapsed().as_secs_f64());
    Ok(rows)
}

/// Builds the fuzzer's program into a folder of its own, since every dependency is built with counters.
fn build(prepared: &Prepared) -> Result<PathBuf> {
    let host = run::capture(Command::new("rustc").arg("-vV"))?
        .lines()
        .find_map(|line| line.strip_prefix("host: ").map(str::to_owned))
        .context("rustc -vV names no host")?;
    let folder = prepared.tree.target.join("fuzz");
    let mut command = Command::new(cargo());
    command
        .args(["build", "--locked", "-p", "gewu-fuzz", "--profile", "fuzz", "--target", &host, "--target-dir"])
        .arg(&folder)
        .env("RUSTFLAGS", COVERAGE)
        .current_dir(&prepared.tree.root);
    ensure!(run::stream(&mut command, &prepared.log("fuzz-build"))?.status.success(), "the fuzz targets do not build");
    Ok(folder.join(host).join("fuzz/gewu-fuzz"))
}

/// Attacks one target; a row with one test, the survival.
fn attack(prepared: &Prepared, program: &Path, target: &Target, seconds: u32) -> Row {
    let started = Instant::now();
    let survived = survives(prepared, program, target, seconds).unwrap_or_else(|error| {
        println!("fuzz {}: {error:#}", target.name);
        false
    });
    Row {
        name: format!("fuzz {}", target.name),
        passed: survived.into(),
        failed: (!survived).into(),
        took: started.elapsed(),
    }
}

fn survives(prepared: &Prepared, program: &Path, target: &Target, seconds: u32) -> Result<bool> {
    let Target { name: target, seeds } = target;
    let corpus = prepared.tree.target.join("fuzz-corpus").join(target);
    let found = prepared.tree.target.join("fuzz-found").join(target);
    std::fs::create_dir_all(&corpus)?;
    let scratch = prepared.tree.target.join("fuzz-scratch").join(target);
    for folder in [&found, &scratch] {
        let _ = std::fs::remove_dir_all(folder);
        std::fs::create_dir_all(folder)?;
    }
    let mut command = run::limited(&program.to_string_lossy(), seconds + 120);
    command
        .arg(format!("-max_total_time={seconds}"))
        .args(["-timeout=10", "-rss_limit_mb=2048", "-max_len=8192", "-print_final_stats=1", "-verbosity=0"])
        .arg(format!("-artifact_prefix={}/", found.display()))
        .arg(&corpus)
        .args(seeds)
        .env("GEWU_FUZZ_TARGET", target)
        .env("TMPDIR", &scratch)
        .current_dir(&prepared.tree.root);
    let log = prepared.log(&format!("fuzz-{target}"));
    let ended = run::logged(&mut command, &log)?;
    std::fs::remove_dir_all(&scratch)?;
    let runs = ended
        .output
        .lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:").map(str::trim))
        .unwrap_or("0");
    if ended.status.success() && runs != "0" {
        println!("fuzz {target}: survived {runs} inputs");
        return Ok(true);
    }
    println!("fuzz {target}: broken; the end of {}:", log.display());
    let lines: Vec<&str> = ended.output.lines().collect();
    lines.iter().skip(lines.len().saturating_sub(40)).for_each(|line| println!("    {line}"));
    for input in std::fs::read_dir(&found)?.flatten() {
        println!("    input: {}; keep it in fuzz/seeds/{target}/ with the mending", input.path().display());
    }
    Ok(false)
}
