//! Licences, bans and sources of the crates by cargo-deny, as `deny.toml` says; advisories where their database can be had.

use super::{Prepared, Row};
use crate::run;
use crate::tree::cargo;
use anyhow::{Result, ensure};
use std::process::Command;
use std::time::Instant;

/// Built once into the target folder when it is not on the path: 220 CPU-seconds.
const VERSION: &str = "0.20.2";

pub fn run(prepared: &Prepared) -> Result<Vec<Row>> {
    let started = Instant::now();
    let tools = prepared.tree.target.join("tools");
    let path = std::env::join_paths(
        std::iter::once(tools.join("bin")).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    )?;
    let deny = |arguments: &[&str]| {
        let mut command = Command::new(cargo());
        command.args(["deny", "--locked"]).args(arguments).env("PATH", &path).current_dir(&prepared.tree.root);
        command
    };
    if !run::has("cargo-deny") && !tools.join("bin/cargo-deny").is_file() {
        let mut install = Command::new(cargo());
        install.args(["install", "cargo-deny", "--locked", "--version", VERSION, "--root"]).arg(&tools);
        let ended = run::stream(&mut install, &prepared.log("licences-install"))?;
        ensure!(ended.status.success(), "cargo-deny cannot be installed");
    }
    let log = prepared.log("licences");
    let ended = run::stream(&mut deny(&["check", "bans", "licenses", "sources"]), &log)?;
    let (mut passed, mut failed) = verdicts(&ended.output);
    ensure!(passed + failed == 3, "cargo-deny gave {} verdicts instead of 3; see above", passed + failed);
    ensure!(ended.status.success() == (failed == 0), "cargo-deny ended with {} beside its verdicts", ended.status);
    if run::logged(&mut deny(&["fetch", "db"]), &log)?.status.success() {
        let ended = run::stream(&mut deny(&["check", "--disable-fetch", "advisories"]), &log)?;
        let (good, bad) = verdicts(&ended.output);
        ensure!(good + bad == 1, "cargo-deny gave no verdict on advisories; see above");
        passed += good;
        failed += bad;
    } else {
        println!("advisories are not checked: their database cannot be reached from here");
    }
    Ok(vec![Row { name: "licences".to_owned(), passed, failed, took: started.elapsed() }])
}

/// Reads the last line of cargo-deny, such as `bans ok, licenses FAILED, sources ok`.
fn verdicts(output: &str) -> (u64, u64) {
    let last = output.lines().rev().find(|line| line.contains(" ok") || line.contains(" FAILED")).unwrap_or_default();
    let count = |word: &str| last.split(", ").filter(|verdict| verdict.ends_with(word)).count() as u64;
    (count(" ok"), count(" FAILED"))
}

#[cfg(test)]
mod tests {
    use super::verdicts;

    #[test]
    fn the_last_line_is_the_verdict() {
        assert_eq!(verdicts("warning\nbans ok, licenses FAILED, sources ok\n"), (2, 1));
        assert_eq!(verdicts("error: no such file"), (0, 0));
    }
}
