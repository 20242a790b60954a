//! What the tests need of the machine beyond Rust and Node, installed when it is missing.
//!
//! Debian and its relatives only; anywhere else the message names the packages, so that a person
//! can find their counterparts. Start at [`provide`].

use crate::run;
use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// One thing a suite needs, the Debian package that brings it, and how to see that it is there.
pub struct Need {
    pub package: &'static str,
    pub is_there: fn() -> bool,
}

pub const POSTGRES: Need = Need { package: "postgresql", is_there: || postgres_programs().is_ok() };
pub const POSTGIS: Need = Need { package: "postgresql-postgis", is_there: has_postgis };
pub const CHROMIUM: Need = Need { package: "chromium", is_there: || run::has("chromium") };
/// Without it Chinese shows as boxes in headless screenshots.
pub const CHINESE_FONT: Need = Need { package: "fonts-noto-cjk", is_there: has_chinese_font };
/// The linker and the C compiler that SQLite is built with.
pub const C_COMPILER: Need = Need { package: "build-essential", is_there: || run::has("cc") && run::has("g++") };

/// Installs what is missing, or says exactly what to install.
pub fn provide(needs: &[Need]) -> Result<()> {
    let missing: Vec<&str> = needs.iter().filter(|need| !(need.is_there)()).map(|need| need.package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    install(&missing)?;
    for need in needs {
        ensure!((need.is_there)(), "{} was installed and is still not found", need.package);
    }
    Ok(())
}

/// Installs the Debian packages named that are not installed yet.
pub fn provide_packages(packages: &[&str]) -> Result<()> {
    let missing: Vec<&str> = packages
        .iter()
        .filter(|package| {
            !run::capture(Command::new("dpkg-query").args(["-W", "-f", "${db:Status-Status}", package]))
                .is_ok_and(|status| status == "installed")
        })
        .copied()
        .collect();
    if missing.is_empty() { Ok(()) } else { install(&missing) }
}

fn install(missing: &[&str]) -> Result<()> {
    println!("xtask: missing on this machine: {}", missing.join(" "));
    let by_hand = format!("apt-get install --no-install-recommends {}", missing.join(" "));
    ensure!(run::has("apt-get"), "no apt-get here; install the counterparts of: {}", missing.join(" "));
    apt(&["update", "-q"], &by_hand)?;
    let mut install = vec!["install", "-q", "-y", "--no-install-recommends"];
    install.extend(missing);
    apt(&install, &by_hand)
}

/// Runs apt-get as root, directly or by a sudo that asks nothing.
fn apt(arguments: &[&str], by_hand: &str) -> Result<()> {
    let mut command = if is_root()? {
        Command::new("apt-get")
    } else if run::has("sudo") && Command::new("sudo").args(["-n", "true"]).output()?.status.success() {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        sudo
    } else {
        bail!("not root, and no sudo without a password; install by hand and run again:\n  {by_hand}");
    };
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdin(std::process::Stdio::null());
    println!("$ {}", run::spelled(&command));
    let status = command.status()?;
    ensure!(status.success(), "apt-get ended with {status}; install by hand and run again:\n  {by_hand}");
    Ok(())
}

/// Are we the superuser?
pub fn is_root() -> Result<bool> {
    Ok(run::capture(Command::new("id").arg("-u"))?.trim() == "0")
}

/// The folder of `initdb` and `postgres`: the newest under `/usr/lib/postgresql`, else the path's.
pub fn postgres_programs() -> Result<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            let folder = entry.path().join("bin");
            folder.join("initdb").is_file().then_some((version, folder))
        })
        .collect();
    found.sort();
    if let Some((version, folder)) = found.pop() {
        ensure!(version >= 15, "PostgreSQL {version} is too old; 15 or newer is needed");
        return Ok(folder);
    }
    std::env::var_os("PATH")
        .iter()
        .flat_map(std::env::split_paths)
        .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
        .context("no PostgreSQL server programs (initdb, postgres) on this machine")
}

fn has_postgis() -> bool {
    let Ok(programs) = postgres_programs() else {
        return false;
    };
    run::capture(Command::new(programs.join("pg_config")).arg("--sharedir"))
        .is_ok_and(|share| Path::new(share.trim()).join("extension/postgis.control").is_file())
        || Path::new("/usr/share/postgresql")
            .read_dir()
            .into_iter()
            .flatten()
            .flatten()
            .any(|version| version.path().join("extension/postgis.control").is_file())
}

/// By its files where `fc-list` is not installed.
fn has_chinese_font() -> bool {
    const FOLDER: &str = "/usr/share/fonts/opentype/noto";
    std::fs::read_dir(FOLDER)
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| entry.file_name().to_string_lossy().starts_with("NotoSansCJK"))
        || run::capture(Command::new("fc-list").arg(":lang=zh-cn")).is_ok_and(|fonts| !fonts.trim().is_empty())
}

/// Fails unless Node of at least this major version and npm are there; Debian's own is too old to install.
pub fn demand_node(major: u32) -> Result<()> {
    let version = run::capture(Command::new("node").arg("--version"))
        .with_context(|| format!("Node {major} or newer is needed, and npm with it"))?;
    let found: u32 = version
        .trim()
        .trim_start_matches('v')
        .split('.')
        .next()
        .and_then(|number| number.parse().ok())
        .with_context(|| format!("cannot read Node's version from {version:?}"))?;
    ensure!(found >= major, "Node {found} is too old; {major} or newer is needed");
    ensure!(run::has("npm"), "Node is here but npm is not; install npm");
    Ok(())
}
