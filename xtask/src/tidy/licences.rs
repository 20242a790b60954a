//! Licences of what the browser runs: the npm lock files, held to the list in `deny.toml`.
//!
//! Rust's crates are held to it by cargo-deny, in the suite `licences` of the tests.

use super::Fault;
use crate::tree::{Tree, text};
use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::BTreeSet;
use toml::Table;

/// Licences that a package may have beyond `deny.toml` when it never leaves the developer's machine.
const FOR_DEVELOPMENT: [&str; 4] = ["BlueOak-1.0.0", "CC-BY-4.0", "MPL-2.0", "Python-2.0"];

pub fn check(tree: &Tree) -> Result<Vec<Fault>> {
    let rules: Table = tree.read("deny.toml")?.parse()?;
    let allowed: BTreeSet<String> = strings(&rules, "licenses", "allow").context("deny.toml has no licenses.allow")?;
    let mut faults = Vec::new();
    for file in tree.files()? {
        if file.ends_with("package-lock.json") {
            let lock: Value = serde_json::from_str(&tree.read(&file)?).with_context(|| file.clone())?;
            faults.extend(judge(&file, &lock, &allowed));
        }
    }
    Ok(faults)
}

fn strings(rules: &Table, section: &str, field: &str) -> Option<BTreeSet<String>> {
    let values = rules.get(section)?.get(field)?.as_array()?;
    Some(values.iter().filter_map(toml::Value::as_str).map(str::to_owned).collect())
}

fn judge(file: &str, lock: &Value, allowed: &BTreeSet<String>) -> Vec<Fault> {
    let mut for_development = allowed.clone();
    for_development.extend(FOR_DEVELOPMENT.map(str::to_owned));
    let Some(packages) = lock.get("packages").and_then(Value::as_object) else {
        return vec![Fault::new(file, "has no packages; write it with npm 7 or newer")];
    };
    // The whole suite of tests is development, though its lock does not say so.
    let is_suite = file.starts_with("tests/");
    packages
        .iter()
        .filter(|(path, _)| !path.is_empty())
        .filter(|(_, package)| {
            let is_development = is_suite || package.get("dev").and_then(Value::as_bool).unwrap_or_default();
            !is_allowed(text(package, "license"), if is_development { &for_development } else { allowed })
        })
        .map(|(path, package)| {
            Fault::new(
                file,
                format!("{path} has licence {:?}, which deny.toml does not allow", text(package, "license")),
            )
        })
        .collect()
}

/// Does an SPDX expression leave a choice that is allowed? An older `MIT/Apache-2.0` counts as `OR`.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    !words.is_empty() && any(&words, &mut at, allowed) && at == words.len()
}

fn any(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut is_good = all(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        is_good |= all(words, at, allowed);
    }
    is_good
}

fn all(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut is_good = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        is_good &= one(words, at, allowed);
    }
    is_good
}

fn one(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let Some(word) = words.get(*at) else {
        return false;
    };
    *at += 1;
    if *word == "(" {
        let is_good = any(words, at, allowed);
        *at += 1;
        return is_good;
    }
    if words.get(*at) == Some(&"WITH") {
        let exception = words.get(*at + 1).copied().unwrap_or_default();
        *at += 2;
        return allowed.contains(&format!("{word} WITH {exception}"));
    }
    allowed.contains(by_its_name(word))
}

/// The SPDX name of a licence that a package of ours calls by another: htmx writes "Zero-Clause BSD" in its licence and
/// this in its package.
fn by_its_name(word: &str) -> &str {
    if word == "BSD-0-Clause" { "0BSD" } else { word }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn allowed() -> BTreeSet<String> {
        ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "Unicode-3.0"].map(str::to_owned).into()
    }

    #[test]
    fn a_choice_needs_one_good_branch_and_a_sum_all() {
        for good in [
            "MIT",
            "MIT OR GPL-3.0",
            "GPL-3.0/MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
        ] {
            assert!(is_allowed(good, &allowed()), "{good}");
        }
        for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT", "GPL-2.0 WITH LLVM-exception", "MIT Apache-2.0"] {
            assert!(!is_allowed(bad, &allowed()), "{bad}");
        }
    }

    #[test]
    fn what_only_developers_use_may_be_mpl() {
        let lock = json!({"packages": {"": {}, "node_modules/a": {"license": "MPL-2.0", "dev": true}, "node_modules/b": {"license": "MPL-2.0"}}});
        assert_eq!(judge("crates/ui/web/package-lock.json", &lock, &allowed()).len(), 1);
    }
}
