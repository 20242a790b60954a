//! `cargo xtask tidy`: the rules of the house that a program can check.
//!
//! Each check is a file beside this one: a function from the tree to the [`Fault`]s it found. Those
//! that judge text take the text, so that their tests can plant a fault. Start at [`check`].

mod arrows;
mod fluent;
mod glossary;
mod heads;
mod licences;
mod never;
mod outbound;
mod papers;
mod purity;
pub mod requirements;
mod source;
mod unfinished;
mod words;

use crate::run;
use crate::tree::{Tree, cargo};
use anyhow::{Result, bail};
use std::process::Command;

/// Something that breaks a rule: where, what, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// A path relative to the root, with a line where there is one, or the name of a crate.
    pub place: String,
    pub what: String,
}

impl Fault {
    pub fn new(place: impl Into<String>, what: impl Into<String>) -> Fault {
        Fault { place: place.into(), what: what.into() }
    }

    pub fn at(file: &str, line: usize, what: impl Into<String>) -> Fault {
        Fault::new(format!("{file}:{line}"), what)
    }
}

/// How much of it to run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What needs no compiler: a second.
    Quick,
    Whole,
}

type Check = (&'static str, Extent, fn(&Tree) -> Result<Vec<Fault>>);

const CHECKS: [Check; 13] = [
    ("format", Extent::Quick, format),
    ("arrows between crates point upward", Extent::Quick, arrows::check),
    ("domain, geo and text are pure", Extent::Quick, purity::check),
    ("only the doors out open connections", Extent::Quick, outbound::check),
    ("every Rust file has a head", Extent::Quick, heads::check),
    ("nothing unfinished, nothing of one machine", Extent::Quick, unfinished::check),
    ("papers name what exists", Extent::Quick, papers::check),
    ("one word per thing", Extent::Quick, glossary::check),
    ("messages in every language", Extent::Quick, fluent::check),
    ("requirements are true", Extent::Quick, requirements::check),
    ("what Gewu never does is not there", Extent::Quick, never::check),
    ("licences of browser packages", Extent::Quick, licences::check),
    ("clippy", Extent::Whole, clippy),
];

/// `cargo xtask tidy [quick]`.
pub fn run(tree: &Tree, arguments: &[String]) -> Result<bool> {
    let extent = match arguments {
        [] => Extent::Whole,
        [word] if word == "quick" => Extent::Quick,
        _ => bail!("usage: cargo xtask tidy [quick]"),
    };
    let (passed, failed) = check(tree, extent)?;
    println!("{passed} passed, {failed} failed");
    Ok(failed == 0)
}

/// Runs the checks and prints what they found: how many passed and failed.
pub fn check(tree: &Tree, extent: Extent) -> Result<(u64, u64)> {
    let mut passed = 0;
    let mut failed = 0;
    for (name, needs, check) in CHECKS {
        if needs == Extent::Whole && extent == Extent::Quick {
            continue;
        }
        let faults = check(tree)?;
        println!("{} {name}", if faults.is_empty() { "ok    " } else { "FAILED" });
        for fault in &faults {
            println!("         {}: {}", fault.place, fault.what);
        }
        if faults.is_empty() {
            passed += 1;
        } else {
            failed += 1;
        }
    }
    Ok((passed, failed))
}

fn format(tree: &Tree) -> Result<Vec<Fault>> {
    let output = Command::new(cargo())
        .args(["fmt", "--all", "--check", "--", "--files-with-diff"])
        .current_dir(&tree.root)
        .output()?;
    let mut faults: Vec<Fault> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|file| {
            let file = file.strip_prefix(&format!("{}/", tree.root.display())).unwrap_or(file);
            Fault::new(file, "is not formatted; run `cargo fmt --all`")
        })
        .collect();
    if !output.status.success() && faults.is_empty() {
        faults.push(Fault::new("cargo fmt", String::from_utf8_lossy(&output.stderr).trim()));
    }
    Ok(faults)
}

fn clippy(tree: &Tree) -> Result<Vec<Fault>> {
    let mut command = Command::new(cargo());
    command
        .args(["clippy", "--workspace", "--all-targets", "--locked", "--quiet", "--", "-D", "warnings"])
        .current_dir(&tree.root);
    let ended = run::stream(&mut command, &tree.target.join("test-logs/clippy.log"))?;
    Ok(if ended.status.success() { Vec::new() } else { vec![Fault::new("cargo clippy", "complains; see above")] })
}

/// `cargo xtask write`: writes again what is generated from something else.
pub fn write(tree: &Tree) -> Result<bool> {
    let page = requirements::page(&requirements::read(tree)?)?;
    std::fs::write(tree.root.join(requirements::PAGE), page)?;
    println!("wrote {}", requirements::PAGE);
    Ok(true)
}
