//! The working tree: where it is, which files it holds, which crates and arrows cargo sees in it.
//!
//! Start at [`Tree::open`]. Nothing here judges; the checks in `tidy/` do.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the repository and the folder cargo builds into.
pub struct Tree {
    pub root: PathBuf,
    pub target: PathBuf,
    /// What `cargo metadata` says, with the resolved dependency graph.
    pub metadata: Value,
}

impl Tree {
    /// Finds the tree that cargo runs this program in, or the one it was built from. Costs one `cargo metadata`, about 0.2 s.
    pub fn open() -> Result<Tree> {
        let manifest = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
        let root = Path::new(&manifest).parent().context("xtask lies in the root of the repository")?.to_path_buf();
        let output = Command::new(cargo())
            .args(["metadata", "--format-version", "1", "--locked"])
            .current_dir(&root)
            .output()
            .context("cannot start cargo")?;
        ensure!(
            output.status.success(),
            "cargo metadata failed; if Cargo.lock is behind, run `cargo check` once and commit it:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let metadata: Value = serde_json::from_slice(&output.stdout)?;
        let target = metadata
            .get("target_directory")
            .and_then(Value::as_str)
            .context("cargo metadata names no target directory")?
            .into();
        Ok(Tree { root, target, metadata })
    }

    /// Every file git tracks or would track, relative to the root, sorted.
    pub fn files(&self) -> Result<Vec<String>> {
        let output = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(&self.root)
            .output()
            .context("cannot start git; install it and try again")?;
        ensure!(
            output.status.success(),
            "git ls-files failed in {}: {}",
            self.root.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        let mut files: Vec<String> = String::from_utf8(output.stdout)?
            .split_terminator('\0')
            .map(str::to_owned)
            .filter(|file| self.root.join(file).is_file())
            .collect();
        files.sort();
        files.dedup();
        Ok(files)
    }

    /// The text of a file named relative to the root.
    pub fn read(&self, file: &str) -> Result<String> {
        std::fs::read_to_string(self.root.join(file)).with_context(|| format!("cannot read {file}"))
    }

    /// The packages of this workspace.
    pub fn members(&self) -> Vec<Package<'_>> {
        let ids = list(&self.metadata, "workspace_members");
        list(&self.metadata, "packages")
            .iter()
            .filter(|package| package.get("id").is_some_and(|id| ids.contains(id)))
            .map(Package)
            .collect()
    }
}

/// The cargo that started us, or the one on the path.
pub fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// A call of cargo that does not know which package it is started from: build scripts that ask for it, as ring's does,
/// would run anew each time that cargo is started the other way.
pub fn fresh_cargo() -> Command {
    let mut command = Command::new(cargo());
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            command.env_remove(name);
        }
    }
    command
}

/// A package as `cargo metadata` describes it.
#[derive(Clone, Copy)]
pub struct Package<'a>(pub &'a Value);

impl<'a> Package<'a> {
    pub fn id(self) -> &'a str {
        text(self.0, "id")
    }

    pub fn name(self) -> &'a str {
        text(self.0, "name")
    }

    /// The folder of its manifest.
    pub fn folder(self) -> PathBuf {
        Path::new(text(self.0, "manifest_path")).parent().map(Path::to_path_buf).unwrap_or_default()
    }

    /// Names of the packages it depends on, with the kind: `None`, `Some("dev")` or `Some("build")`.
    pub fn dependencies(self) -> Vec<(&'a str, Option<&'a str>)> {
        list(self.0, "dependencies")
            .iter()
            .map(|dependency| (text(dependency, "name"), dependency.get("kind").and_then(Value::as_str)))
            .collect()
    }
}

/// A string field of a JSON object, empty when it is not there.
pub fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// An array field of a JSON object, empty when it is not there.
pub fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
