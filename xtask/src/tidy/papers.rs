//! The papers name only what exists: crates, paths, chores.

use super::Fault;
use crate::tree::Tree;
use anyhow::Result;
use std::collections::BTreeSet;

pub fn check(tree: &Tree) -> Result<Vec<Fault>> {
    let files = tree.files()?;
    let members = tree.members();
    let packages: BTreeSet<&str> = members.iter().map(|member| member.name()).collect();
    let mut faults = Vec::new();
    for paper in files.iter().filter(|file| file.ends_with(".md") && is_about_the_tree(file)) {
        let text = tree.read(paper)?;
        for (line, word) in quoted(&text) {
            if let Some(what) = missing(&word, &files, &packages) {
                faults.push(Fault::at(paper, line, what));
            }
        }
        for (line, link) in links(&text) {
            let from = paper.rsplit_once('/').map_or("", |(folder, _)| folder);
            if !exists(&resolved(from, &link), &files) {
                faults.push(Fault::at(paper, line, format!("links to {link}, and there is none")));
            }
        }
    }
    Ok(faults)
}

/// Papers at the root and in `docs/`; a data folder's README speaks of other things.
fn is_about_the_tree(file: &str) -> bool {
    !file.contains('/') || file.starts_with("docs/")
}

/// The words between backticks, outside blocks, with their lines.
fn quoted(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut is_block = false;
    for (index, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            is_block = !is_block;
        } else if !is_block {
            found.extend(line.split('`').skip(1).step_by(2).map(|word| (index + 1, word.to_owned())));
        }
    }
    found
}

/// Where `](…)` leads inside the tree, with its line.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for link in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = link.split('#').next().unwrap_or_default();
            if !path.is_empty() && !link.contains("://") {
                found.push((index + 1, path.to_owned()));
            }
        }
    }
    found
}

/// A link from a folder, as a path from the root.
fn resolved(from: &str, link: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').filter(|part| !part.is_empty()).collect();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn exists(path: &str, files: &[String]) -> bool {
    let folder = format!("{}/", path.trim_end_matches('/'));
    files.iter().any(|file| file == path || file.starts_with(&folder))
}

/// What is wrong with a quoted word, if it reads as a crate or a path and there is none.
fn missing(word: &str, files: &[String], packages: &BTreeSet<&str>) -> Option<String> {
    let is_plain = |word: &str| word.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    if !is_plain(word) {
        return None;
    }
    if word.starts_with("gewu-") && !word.contains('.') {
        return (!packages.contains(word)).then(|| format!("names the crate {word}, and there is none"));
    }
    const ROOTS: [&str; 8] = ["crates/", "docs/", "data/", "xtask/", "tests/", "bench/", "fuzz/", ".ci/"];
    let is_path = ROOTS.iter().any(|root| word.starts_with(root)) || (!word.contains('/') && word.ends_with(".md"));
    if !is_path {
        return None;
    }
    (!exists(word, files)).then(|| format!("names the path {word}, and there is none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_crates_that_are_gone_are_faults_and_other_words_are_not() {
        let files = ["crates/geo/src/lib.rs".to_owned(), "README.md".to_owned()];
        let packages = BTreeSet::from(["gewu-geo"]);
        let is_fault = |word: &str| missing(word, &files, &packages).is_some();
        assert!(
            is_fault("crates/geo/src/gone.rs") && is_fault("GONE.md") && is_fault("gewu-gone") && is_fault("crates/ge")
        );
        assert!(!is_fault("crates/geo/") && !is_fault("README.md") && !is_fault("gewu-geo"));
        assert!(!is_fault("crates/<name>") && !is_fault("gewu openapi") && !is_fault("_at"));
    }

    #[test]
    fn links_are_followed_from_where_they_stand() {
        let text = "see [a](../README.md#top), [b](https://example.org/x) and [c](gone.md)";
        let targets: Vec<String> = links(text).into_iter().map(|(_, link)| resolved("docs", &link)).collect();
        assert_eq!(targets, ["README.md", "docs/gone.md"]);
    }

    #[test]
    fn blocks_are_not_read() {
        assert_eq!(quoted("a `b` c `d`\n```\n`e`\n```\n`f`"), [(1, "b".into()), (1, "d".into()), (5, "f".into())]);
    }
}
