//! `docs/requirements.csv`, what Gewu was commissioned from, and the page written from it.
//!
//! Each row says where it lives now (paths, separated by spaces, or "not yet"), and a row of class never
//! names the test that keeps it out. Start at [`check`] and [`page`].

use super::Fault;
use crate::tree::Tree;
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::fmt::Write;

pub const LIST: &str = "docs/requirements.csv";
pub const PAGE: &str = "docs/requirements.md";
const NOT_YET: &str = "not yet";

#[derive(Default)]
pub struct Requirement {
    pub id: String,
    pub class: String,
    pub zh: String,
    pub en: String,
    pub software: String,
    pub place: String,
    pub test: String,
}

pub fn read(tree: &Tree) -> Result<Vec<Requirement>> {
    parse(&tree.read(LIST)?)
}

fn parse(text: &str) -> Result<Vec<Requirement>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head: Vec<String> = reader.headers()?.iter().map(str::to_owned).collect();
    anyhow::ensure!(
        head == ["id", "class", "zh", "en", "software", "where", "test"],
        "{LIST} must have the columns id,class,zh,en,software,where,test"
    );
    reader
        .records()
        .map(|record| {
            let record = record.context(LIST)?;
            let cell = |index: usize| record.get(index).unwrap_or_default().trim().to_owned();
            Ok(Requirement {
                id: cell(0),
                class: cell(1),
                zh: cell(2),
                en: cell(3),
                software: cell(4),
                place: cell(5),
                test: cell(6),
            })
        })
        .collect()
}

pub fn check(tree: &Tree) -> Result<Vec<Fault>> {
    let requirements = read(tree)?;
    let files = tree.files()?;
    let mut faults = untrue(&requirements, &files);
    if tree.read(PAGE).ok().as_deref() != Some(page(&requirements)?.as_str()) {
        faults.push(Fault::new(PAGE, format!("is not what {LIST} says; run `cargo xtask write`")));
    }
    Ok(faults)
}

/// Rows that claim what is not there.
fn untrue(requirements: &[Requirement], files: &[String]) -> Vec<Fault> {
    let exists = |path: &str| {
        let folder = format!("{}/", path.trim_end_matches('/'));
        files.iter().any(|file| file == path || file.starts_with(&folder))
    };
    let mut seen = BTreeSet::new();
    let mut faults = Vec::new();
    for requirement in requirements {
        let mut fault = |what: String| faults.push(Fault::new(LIST, format!("{}: {what}", requirement.id)));
        if !seen.insert(&requirement.id) {
            fault("stands twice".to_owned());
        }
        for path in requirement.test.split_whitespace().filter(|path| !exists(path)) {
            fault(format!("names the test {path}, and there is none"));
        }
        match requirement.class.as_str() {
            "build" | "support" if requirement.place == NOT_YET => {}
            "build" | "support" if requirement.place.is_empty() => {
                fault(format!("says not where it lives; write {NOT_YET:?} or a path"))
            }
            "build" | "support" => {
                for path in requirement.place.split_whitespace().filter(|path| !exists(path)) {
                    fault(format!("lives in {path}, and there is no such path"));
                }
            }
            "never" if requirement.test.is_empty() => fault("no test keeps it out".to_owned()),
            "never" => {}
            other => fault(format!("is of class {other:?}; there are build, support and never")),
        }
    }
    faults
}

/// The page for people: totals, then the rows by class.
pub fn page(requirements: &[Requirement]) -> Result<String> {
    let of = |class: &str| requirements.iter().filter(|requirement| requirement.class == class).collect::<Vec<_>>();
    let mut page = format!(
        "<!-- Written from {LIST} by `cargo xtask write`; change that. -->\n# Requirements 需求对照\n\nWhat the field has and Gewu was commissioned from, \
         and where it lives now. *build* is software, *support* a practice that the software helps, *never* is kept out by a test.\n\n\
         | class | all | here | not yet |\n|---|---|---|---|\n"
    );
    for class in ["build", "support"] {
        let rows = of(class);
        let open = rows.iter().filter(|requirement| requirement.place == NOT_YET).count();
        writeln!(page, "| {class} | {} | {} | {open} |", rows.len(), rows.len() - open)?;
    }
    writeln!(page, "| never | {} | kept out | |", of("never").len())?;
    for (class, title) in [("build", "Build 软件实现"), ("support", "Support 支持实践"), ("never", "Never 绝不")]
    {
        let (middle, last) = if class == "never" { ("in its place", "kept out by") } else { ("in Gewu", "where") };
        write!(page, "\n## {title}\n| id | 中文 | English | {middle} | {last} |\n|---|---|---|---|---|\n")?;
        for requirement in of(class) {
            let place = if class == "never" { &requirement.test } else { &requirement.place };
            let place: Vec<String> = if place == NOT_YET {
                vec![NOT_YET.to_owned()]
            } else {
                place.split_whitespace().map(|path| format!("`{path}`")).collect()
            };
            let cells = [&requirement.zh, &requirement.en, &requirement.software].map(|cell| cell.replace('|', "\\|"));
            writeln!(page, "| {} | {} | {} |", requirement.id, cells.join(" | "), place.join(" "))?;
        }
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "id,class,zh,en,software,where,test\n";

    fn faults(rows: &str) -> usize {
        let files = ["crates/geo/src/lib.rs".to_owned()];
        untrue(&parse(&format!("{HEAD}{rows}")).expect("it is read"), &files).len()
    }

    #[test]
    fn a_row_may_say_not_yet_or_name_what_exists() {
        assert_eq!(
            faults(
                "M1,build,a,b,c,not yet,\nM2,support,a,b,c,crates/geo crates/geo/src/lib.rs,\nM3,never,a,b,c,,crates/geo\n"
            ),
            0
        );
    }

    #[test]
    fn a_row_that_claims_what_is_not_there_is_a_fault() {
        assert_eq!(faults("M1,build,a,b,c,crates/gone,\n"), 1);
        assert_eq!(faults("M1,build,a,b,c,,\n"), 1);
        assert_eq!(faults("M1,never,a,b,c,,\n"), 1);
        assert_eq!(faults("M1,never,a,b,c,,crates/gone.rs\n"), 1);
        assert_eq!(faults("M1,later,a,b,c,not yet,\n"), 1);
        assert_eq!(faults("M1,build,a,b,c,not yet,\nM1,build,a,b,c,not yet,\n"), 1);
    }

    #[test]
    fn the_page_counts_what_is_open() {
        let requirements =
            parse(&format!("{HEAD}M1,build,甲,a,x|y,not yet,\nM2,build,乙,b,c,crates/geo,\n")).expect("it is read");
        let page = page(&requirements).expect("it is written");
        assert!(page.contains("| build | 2 | 1 | 1 |") && page.contains("x\\|y") && page.contains("`crates/geo`"));
    }
}
