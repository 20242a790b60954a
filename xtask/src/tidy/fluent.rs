//! A message exists in every language or in none.
//!
//! Languages are the folders, or the files, of `crates/ui/i18n`; the first by rank is zh-CN.

use super::Fault;
use crate::tree::Tree;
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};

const FOLDER: &str = "crates/ui/i18n/";

pub fn check(tree: &Tree) -> Result<Vec<Fault>> {
    let mut languages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in tree.files()? {
        let Some(rest) = file.strip_prefix(FOLDER) else {
            continue;
        };
        let Some(stem) = rest.strip_suffix(".ftl") else {
            continue;
        };
        let language = stem.split('/').next().unwrap_or(stem);
        languages.entry(language.to_owned()).or_default().extend(keys(&tree.read(&file)?));
    }
    Ok(missing(&languages))
}

/// The keys of messages and terms: names at the head of a line, before `=`; with `.attribute` where there is one.
fn keys(text: &str) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    let mut message = String::new();
    for line in text.lines() {
        let Some((name, _)) = line.split_once('=') else {
            continue;
        };
        let name = name.trim_end();
        let is_name =
            |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        if is_name(name) {
            message = name.to_owned();
            keys.insert(message.clone());
        } else if let Some(attribute) = name.trim_start().strip_prefix('.').filter(|name| is_name(name)) {
            keys.insert(format!("{message}.{attribute}"));
        }
    }
    keys
}

fn missing(languages: &BTreeMap<String, BTreeSet<String>>) -> Vec<Fault> {
    let all: BTreeSet<&String> = languages.values().flatten().collect();
    languages
        .iter()
        .flat_map(|(language, keys)| {
            all.iter().filter(|key| !keys.contains(**key)).map(move |key| {
                Fault::new(format!("{FOLDER}{language}"), format!("has no message {key}, and another language has"))
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_or_attribute_in_one_language_only_is_a_fault() {
        let languages = BTreeMap::from([
            (
                "zh-CN".to_owned(),
                keys("# a\nhello = 你好\n    .title = 问候\nbye = 再见 { $a -> \n  [one] x = 1\n *[other] y\n}\n"),
            ),
            ("en".to_owned(), keys("hello = Hello\nbye = Bye\n")),
        ]);
        let faults = missing(&languages);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].what.contains("hello.title") && faults[0].place.ends_with("en"));
    }
}
