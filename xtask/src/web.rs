//! The scripts and styles of the pages, which the server embeds: bundled before it is built.

use crate::machine;
use crate::run;
use crate::tree::Tree;
use anyhow::{Result, ensure};
use std::process::Command;

const FOLDER: &str = "crates/ui/web";

/// Installs and bundles, when there is something to bundle: about 20 s the first time.
pub fn bundle(tree: &Tree) -> Result<()> {
    let folder = tree.root.join(FOLDER);
    if !folder.join("package.json").is_file() {
        return Ok(());
    }
    machine::demand_node(20)?;
    let log = tree.target.join("test-logs/web.log");
    for arguments in [&["ci", "--no-audit", "--no-fund"][..], &["run", "build"]] {
        let mut npm = Command::new("npm");
        npm.args(arguments).current_dir(&folder);
        println!("$ {} ({FOLDER})", run::spelled(&npm));
        ensure!(run::stream(&mut npm, &log)?.status.success(), "`{}` failed in {FOLDER}", run::spelled(&npm));
    }
    Ok(())
}
