//! `cargo xtask demo`: the first command of the README.

use crate::machine;
use crate::tree::{Tree, cargo};
use anyhow::{Context, Result, ensure};
use std::process::{Command, Stdio};

/// Built for speed of the first start, or of the city; a release build takes some minutes on two cores.
const IS_RELEASE: bool = true;

/// Builds everything and becomes the demo city until it is stopped.
pub fn run(tree: &Tree, options: &[String]) -> Result<bool> {
    machine::provide(&[machine::C_COMPILER])?;
    let profile: &[&str] = if IS_RELEASE { &["--release"] } else { &[] };
    let status = Command::new(cargo())
        .args(["build", "--locked", "-p", "gewu"])
        .args(profile)
        .current_dir(&tree.root)
        .stdin(Stdio::null())
        .status()?;
    ensure!(status.success(), "the server does not build");
    let program = tree.target.join(if IS_RELEASE { "release/gewu" } else { "debug/gewu" });
    let mut demo = Command::new(&program);
    demo.arg("demo");
    let is_given = |name: &str| options.iter().any(|option| option.split('=').next() == Some(name));
    let city = options
        .iter()
        .zip(options.iter().skip(1))
        .find_map(|(option, value)| (option == "--city").then_some(value.as_str()))
        .or_else(|| options.iter().find_map(|option| option.strip_prefix("--city=")))
        .unwrap_or("town");
    if !is_given("--listen") {
        demo.args(["--listen", "127.0.0.1:8311"]);
    }
    if !is_given("--data") {
        demo.arg("--data").arg(tree.target.join(format!("demo-{city}")));
    }
    let status = demo
        .args(options)
        .current_dir(&tree.root)
        .status()
        .with_context(|| format!("cannot start {}", program.display()))?;
    Ok(status.success())
}
