//! `cargo xtask demo`: the first command of the README.

use crate::machine;
use crate::tree::{Tree, fresh_cargo};
use anyhow::{Context, Result, ensure};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

/// Quicker to build than a release, and quick enough to look at.
const PROFILE: &str = "demo";

/// Builds the server and becomes `gewu demo` with the same options.
pub fn run(tree: &Tree, options: &[String]) -> Result<bool> {
    machine::provide(&[machine::C_COMPILER])?;
    let status = fresh_cargo()
        .args(["build", "--locked", "-p", "gewu", "--profile", PROFILE])
        .current_dir(&tree.root)
        .stdin(Stdio::null())
        .status()?;
    ensure!(status.success(), "the server does not build");
    let program = tree.target.join(PROFILE).join("gewu");
    let error = Command::new(&program).arg("demo").args(options).exec();
    Err(error).with_context(|| format!("cannot start {}", program.display()))
}
