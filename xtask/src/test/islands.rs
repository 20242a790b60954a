//! The scripts of the pages: their types hold, and the bundle in the repository is what they make.
//!
//! The bundle is committed, so that building the server needs no Node.

use super::{Prepared, Row};
use crate::run;
use anyhow::{Result, ensure};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

const SOURCES: &str = "crates/ui/islands";
const BUNDLE: &str = "crates/ui/assets/islands";

pub fn run(prepared: &Prepared) -> Result<Vec<Row>> {
    let started = Instant::now();
    let sources = prepared.tree.root.join(SOURCES);
    let log = prepared.log("islands");
    let npm = |arguments: &[&str]| {
        let mut command = Command::new("npm");
        command.args(arguments).current_dir(&sources);
        run::stream(&mut command, &log).map(|ended| ended.status.success())
    };
    ensure!(npm(&["ci", "--no-audit", "--no-fund"])?, "npm ci failed in {SOURCES}");
    let types_hold = npm(&["run", "check"])?;
    let made = prepared.tree.target.join("islands");
    let builds = npm(&["run", "build", "--", "--outDir", &made.to_string_lossy(), "--emptyOutDir"])?;
    let is_fresh = builds && {
        let different = different(&made, &prepared.tree.root.join(BUNDLE))?;
        for name in &different {
            println!("{BUNDLE}/{name} is not what {SOURCES} makes; run `npm run build` there and commit");
        }
        different.is_empty()
    };
    let passed = u64::from(types_hold) + u64::from(is_fresh);
    Ok(vec![Row { name: "islands".to_owned(), passed, failed: 2 - passed, took: started.elapsed() }])
}

/// Names of files that one folder has and the other has not, or has otherwise.
fn different(one: &Path, other: &Path) -> Result<Vec<String>> {
    let (one, other) = (contents(one)?, contents(other)?);
    let mut names: Vec<String> = one
        .iter()
        .filter(|(name, bytes)| other.get(*name) != Some(bytes))
        .map(|(name, _)| name.clone())
        .chain(other.keys().filter(|name| !one.contains_key(*name)).cloned())
        .collect();
    names.sort();
    Ok(names)
}

fn contents(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut contents = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            contents.insert(entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path())?);
        }
    }
    Ok(contents)
}

#[cfg(test)]
mod tests {
    use super::different;

    #[test]
    fn files_that_differ_or_are_on_one_side_only_are_named() {
        let root = std::env::temp_dir().join(format!("gewu-islands-{}", std::process::id()));
        let (one, other) = (root.join("one"), root.join("other"));
        for folder in [&one, &other] {
            std::fs::create_dir_all(folder).expect("a folder");
            std::fs::write(folder.join("same"), "1").expect("a file");
        }
        std::fs::write(one.join("a"), "1").expect("a file");
        std::fs::write(other.join("a"), "2").expect("a file");
        std::fs::write(other.join("b"), "2").expect("a file");
        assert_eq!(different(&one, &other).expect("both can be read"), ["a", "b"]);
        std::fs::remove_dir_all(root).expect("the folder is ours");
    }
}
