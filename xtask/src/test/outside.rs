//! Suites that are not Rust: each folder of `tests/` at the root that has an executable `run`.
//!
//! Such a folder may have a `package.json` (installed by `npm ci` first) and a file `apt` that names
//! Debian packages, one a line. `run` finds the built binary in `GEWU_BIN`, the database in
//! `GEWU_TEST_POSTGRES`, the browser in `GEWU_CHROMIUM`, and must end with a line
//! `N passed, N failed`.

use super::{Prepared, Row};
use crate::machine;
use crate::run;
use anyhow::{Result, bail};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// A suite that takes longer than this hangs.
const LIMIT_S: u32 = 20 * 60;

pub fn folders(prepared: &Prepared) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let root = prepared.tree.root.join("tests");
    if !root.is_dir() {
        return Ok(rows);
    }
    let mut folders: Vec<_> = std::fs::read_dir(&root)?
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .map(|entry| entry.path())
        .filter(|path| path.join("run").is_file())
        .collect();
    folders.sort();
    for folder in folders {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        println!("· {name}");
        let started = Instant::now();
        let (passed, failed) = match folder_counts(prepared, &folder, &name) {
            Ok(counts) => counts,
            Err(error) => {
                println!("{name}: {error:#}");
                (0, 1)
            }
        };
        rows.push(Row { name, passed, failed, took: started.elapsed() });
    }
    Ok(rows)
}

fn folder_counts(prepared: &Prepared, folder: &Path, name: &str) -> Result<(u64, u64)> {
    let log = prepared.log(name);
    if folder.join("package.json").is_file() {
        let mut npm = Command::new("npm");
        npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(folder);
        if !run::stream(&mut npm, &log)?.status.success() {
            bail!("npm ci failed");
        }
    }
    if let Ok(packages) = std::fs::read_to_string(folder.join("apt")) {
        machine::provide_packages(&packages.split_whitespace().collect::<Vec<_>>())?;
    }
    let program = folder.join("run");
    let mut command = run::limited(&program.to_string_lossy(), LIMIT_S);
    command
        .current_dir(folder)
        .env("GEWU_BIN", prepared.tree.target.join("debug/gewu"))
        .env("GEWU_CHROMIUM", "/usr/bin/chromium")
        .env("GEWU_TEST_POSTGRES", &prepared.postgres_url);
    let ended = run::stream(&mut command, &log)?;
    match closing_line(&ended.output) {
        Some((passed, 0)) if !ended.status.success() => {
            println!("{name}: ended with {}", ended.status);
            Ok((passed, 1))
        }
        Some(counts) => Ok(counts),
        None => bail!("no closing line `N passed, N failed`; it ended with {}", ended.status),
    }
}

/// Reads the last line of the form `N passed, N failed`.
fn closing_line(output: &str) -> Option<(u64, u64)> {
    output.lines().rev().find_map(|line| {
        let (passed, failed) = line.trim().strip_suffix(" failed")?.split_once(" passed, ")?;
        Some((passed.parse().ok()?, failed.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::closing_line;

    #[test]
    fn the_last_closing_line_counts() {
        assert_eq!(closing_line("1 passed, 0 failed\nmore\n12 passed, 3 failed\n\n"), Some((12, 3)));
        assert_eq!(closing_line("all is well\n"), None);
    }
}
