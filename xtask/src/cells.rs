//! `cargo xtask cells`: changes one cell of the tables of duties at a time and looks whether a test turns red.
//!
//! The tables say who makes which move (`people::permission`) and at which desk work waits (`case::desk`). A copy of the
//! tree is given one switch for each cell, built once, and its tests are run once for each switch: some 400 runs, a few
//! minutes. A cell whose change no test notices is named. Start at [`run`].

use crate::run;
use crate::tree::{Tree, cargo};
use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Names the cell that is changed in a run.
const SWITCH: &str = "GEWU_CELL";

/// File, what stands there, what stands there in the copy. Text that is not found stops the chore: it must follow the code.
const SWITCHES: [(&str, &str, &str); 5] = [
    (
        "crates/domain/src/people/permission.rs",
        "if !roles(step, policy).contains(&role) {",
        "if roles(step, policy).contains(&role) == crate::cell(&format!(\"{} {}\", step.code(), role.code())) {",
    ),
    (
        "crates/domain/src/people/permission.rs",
        "Actor::Reporter if by_reporter(step) =>",
        "Actor::Reporter if by_reporter(step) != crate::cell(&format!(\"{} reporter\", step.code())) =>",
    ),
    (
        "crates/domain/src/people/permission.rs",
        "Actor::System if by_system(step) =>",
        "Actor::Client { .. } if crate::cell(&format!(\"{} client\", step.code())) => return Ok(()),
        Actor::System if by_system(step) != crate::cell(&format!(\"{} system\", step.code())) =>",
    ),
    (
        "crates/domain/src/case/desk.rs",
        "one.into_iter().chain(units).chain(answer).collect()",
        "crate::moved(one.into_iter().chain(units).chain(answer).collect())",
    ),
    ("crates/domain/tests/rules/main.rs", "mod duties;", LISTING),
];

const LISTING: &str = "#[test]
fn list_of_cells() {
    gewu_domain::cells().iter().for_each(|cell| println!(\"cell {cell}\"));
}
mod duties;";

/// What the copy's library has besides.
const SWITCHED: &str = r#"
/// Is this the cell that is changed in this run?
pub(crate) fn cell(name: &str) -> bool {
    std::env::var("GEWU_CELL").is_ok_and(|cell| cell == name)
}

/// The tasks of a case, one kind of them at another desk, elsewhere or gone.
pub(crate) fn moved(tasks: Vec<case::Task>) -> Vec<case::Task> {
    let all = people::Role::ALL;
    let mut moved = Vec::new();
    for mut task in tasks {
        let kind = task.kind.code();
        if cell(&format!("task {kind} gone")) {
            continue;
        }
        if cell(&format!("task {kind} elsewhere")) {
            task.desk.unit = ids::UnitCode::from("elsewhere");
        }
        let at = all.iter().position(|role| *role == task.desk.role).unwrap();
        for by in 1..all.len() {
            if cell(&format!("task {kind} +{by}")) {
                task.desk.role = all[(at + by) % all.len()];
            }
        }
        moved.push(task);
    }
    moved
}

/// Every cell there is.
pub fn cells() -> Vec<String> {
    let mut cells = Vec::new();
    for step in case::Move::ALL {
        let others = ["reporter", "system", "client"];
        for actor in people::Role::ALL.iter().map(|role| role.code()).chain(others) {
            cells.push(format!("{} {actor}", step.code()));
        }
    }
    for kind in case::TaskKind::ALL {
        cells.push(format!("task {} gone", kind.code()));
        cells.push(format!("task {} elsewhere", kind.code()));
        cells.extend((1..people::Role::ALL.len()).map(|by| format!("task {} +{by}", kind.code())));
    }
    cells
}
"#;

/// True when every change of one cell turned a test red.
pub fn run(tree: &Tree) -> Result<bool> {
    let place = tree.target.join("cells");
    copy(tree, &place.join("tree"))?;
    let tests = build(&place)?;
    let listed = run::capture(Command::new(&tests).args(["list_of_cells", "--nocapture", "--exact"]))?;
    let cells: Vec<&str> = listed.lines().filter_map(|line| line.split_once("cell ")).map(|(_, cell)| cell).collect();
    ensure!(!cells.is_empty(), "the copy names no cell");
    if !is_green(&tests, "", &[])? {
        bail!("the tests are red with no cell changed: mend them first");
    }
    let mut unnoticed = Vec::new();
    for (no, cell) in cells.iter().enumerate() {
        if no % 50 == 0 {
            println!("{no} of {} cells changed, {} of them unnoticed", cells.len(), unnoticed.len());
        }
        // The truth tables first: they are quick and notice nearly everything.
        if is_green(&tests, cell, &["duties"])? && is_green(&tests, cell, &[])? {
            println!("no test notices: {cell}");
            unnoticed.push(*cell);
        }
    }
    println!("{} cells changed one by one, {} unnoticed", cells.len(), unnoticed.len());
    Ok(unnoticed.is_empty())
}

/// The tree as it is, with the switches in it.
fn copy(tree: &Tree, to: &Path) -> Result<()> {
    for file in tree.files()? {
        let mut bytes = std::fs::read(tree.root.join(&file))?;
        for (_, stands, instead) in SWITCHES.iter().filter(|(of, _, _)| *of == file) {
            let text = String::from_utf8(bytes)?;
            ensure!(
                text.matches(stands).count() == 1,
                "{file} does not hold this line once, follow it in cells.rs: {stands}"
            );
            bytes = text.replace(stands, instead).into_bytes();
        }
        if file == "crates/domain/src/lib.rs" {
            bytes.extend_from_slice(SWITCHED.as_bytes());
        }
        let path = to.join(&file);
        // What is the same keeps its time, so that cargo builds only what changed.
        if std::fs::read(&path).is_ok_and(|there| there == bytes) {
            continue;
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&path, bytes)?;
    }
    Ok(())
}

/// The program with the copy's tests.
fn build(place: &Path) -> Result<PathBuf> {
    let mut command = Command::new(cargo());
    command
        .args(["test", "--locked", "--package", "gewu-domain", "--test", "rules", "--no-run", "--message-format=json"])
        .current_dir(place.join("tree"))
        .env("CARGO_TARGET_DIR", place.join("target"))
        .env_remove("CARGO_MANIFEST_DIR");
    let told = run::capture(&mut command)?;
    told.lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message.pointer("/target/name").is_some_and(|name| name == "rules"))
        .filter_map(|message| message.get("executable")?.as_str().map(PathBuf::from))
        .next_back()
        .context("cargo names no program for the test `rules`")
}

fn is_green(tests: &Path, cell: &str, only: &[&str]) -> Result<bool> {
    let status = Command::new(tests)
        .args(only)
        .args(["--quiet", "--skip", "list_of_cells"])
        .env(SWITCH, cell)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .with_context(|| format!("cannot start {}", tests.display()))?;
    Ok(status.success())
}
