//! The tests of the crates: built once together, then each test program by itself.
//!
//! Plain cargo, so that a fresh machine needs no test runner. Running the programs ourselves gives
//! each crate its row and its log, and tells a program that crashed from one that had nothing to say.

use super::{Prepared, Row};
use crate::run;
use crate::tree::{cargo, fresh_cargo, text};
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// A test program that takes longer than this hangs.
const LIMIT_S: u32 = 20 * 60;

/// A built test program.
struct Program {
    package: String,
    target: String,
    executable: String,
}

pub fn tests(prepared: &Prepared) -> Result<Vec<Row>> {
    let programs = build(prepared)?;
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for program in programs {
        let folder = prepared
            .tree
            .members()
            .into_iter()
            .find(|member| member.name() == program.package)
            .context("cargo built a test of a package that is not a member")?
            .folder();
        println!("· {} {}", program.package, program.target);
        let started = Instant::now();
        let ended = run::stream(
            run::limited(&program.executable, LIMIT_S)
                .current_dir(&folder)
                .env("CARGO_MANIFEST_DIR", &folder)
                .env("CARGO_PKG_NAME", &program.package)
                .env("GEWU_TEST_POSTGRES", &prepared.postgres_url),
            &prepared.log(&program.package),
        )?;
        let (passed, failed) = count(&ended.output, ended.status.success());
        let row = rows.entry(program.package.clone()).or_insert_with(|| Row {
            name: program.package.clone(),
            passed: 0,
            failed: 0,
            took: Duration::ZERO,
        });
        row.passed += passed;
        row.failed += failed;
        row.took += started.elapsed();
    }
    Ok(rows.into_values().filter(|row| row.passed + row.failed > 0).collect())
}

/// Builds every test program and lists them.
fn build(prepared: &Prepared) -> Result<Vec<Program>> {
    let mut command = fresh_cargo();
    command
        .args(["test", "--workspace", "--locked", "--no-run"])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(&prepared.tree.root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    let output = command.output()?;
    let mut programs = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(message) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        let is_test = message.pointer("/profile/test").and_then(Value::as_bool).unwrap_or_default();
        let Some(executable) = message.get("executable").and_then(Value::as_str) else {
            continue;
        };
        if !is_test {
            continue;
        }
        let id = text(&message, "package_id");
        let members = prepared.tree.members();
        let package = members
            .iter()
            .find(|member| member.id() == id)
            .context("cargo built a test of a package that is not a member")?;
        programs.push(Program {
            package: package.name().to_owned(),
            target: message.pointer("/target/name").and_then(Value::as_str).unwrap_or_default().to_owned(),
            executable: executable.to_owned(),
        });
    }
    ensure!(output.status.success(), "the tests do not build");
    if programs.is_empty() {
        bail!("cargo built no test program");
    }
    programs.sort_by(|a, b| (&a.package, &a.target).cmp(&(&b.package, &b.target)));
    Ok(programs)
}

pub fn doc_tests(prepared: &Prepared) -> Result<Vec<Row>> {
    let started = Instant::now();
    let mut command = run::limited(&cargo(), LIMIT_S);
    command
        .args(["test", "--workspace", "--locked", "--doc", "--no-fail-fast"])
        .current_dir(&prepared.tree.root)
        .env("GEWU_TEST_POSTGRES", &prepared.postgres_url);
    let ended = run::stream(&mut command, &prepared.log("docs"))?;
    let (passed, failed) = count(&ended.output, ended.status.success());
    Ok(vec![Row { name: "docs".to_owned(), passed, failed, took: started.elapsed() }])
}

/// Sums the `test result:` lines; an ignored test counts as failed, and so does an unhappy end without a failure.
fn count(output: &str, is_success: bool) -> (u64, u64) {
    let mut passed = 0;
    let mut failed = 0;
    for line in output.lines().filter(|line| line.starts_with("test result: ")) {
        passed += number_before(line, " passed");
        failed += number_before(line, " failed") + number_before(line, " ignored");
    }
    if !is_success && failed == 0 {
        failed = 1;
    }
    (passed, failed)
}

/// The number that stands right before `word`.
fn number_before(line: &str, word: &str) -> u64 {
    line.split(word).next().and_then(|head| head.rsplit(' ').next()).and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn results_of_several_programs_are_summed() {
        let output = "\
test a ... ok
test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
test result: FAILED. 12 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s";
        assert_eq!(count(output, false), (15, 2));
    }

    #[test]
    fn an_ignored_test_is_a_failed_one() {
        let output = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out";
        assert_eq!(count(output, true), (3, 1));
    }

    #[test]
    fn a_crash_without_a_result_is_one_failure() {
        assert_eq!(count("running 3 tests\n", false), (0, 1));
    }
}
