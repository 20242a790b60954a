//! What Gewu never keeps or does: no name in code, schema, interface or data speaks of it, and no screen offers it.
//!
//! `docs/never.toml` has the words, each tied to the requirements it keeps out. A sentence that says that
//! something is *not* done may be listed there as allowed, with its reason. Start at [`check`].

use super::{Fault, requirements, source, words};
use crate::tree::Tree;
use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::BTreeSet;

const LIST: &str = "docs/never.toml";

/// One thing that is kept out.
pub struct Concept {
    name: String,
    ids: Vec<String>,
    words: Vec<Vec<String>>,
    phrases: Vec<String>,
}

/// A place that may use a word or phrase, because it says that the thing is not done.
struct Allowed {
    file: String,
    word: String,
}

pub fn check(tree: &Tree) -> Result<Vec<Fault>> {
    let text = tree.read(LIST)?;
    let (concepts, allowed) = read(&text)?;
    let mut faults = unanswered(&concepts, &requirements::read(tree)?);
    let mut used = BTreeSet::new();
    for file in tree.files()? {
        let Some(kind) = Kind::of(&file) else {
            continue;
        };
        for (line, word, fault) in find(&file, &tree.read(&file)?, kind, &concepts) {
            match allowed.iter().position(|exception| exception.file == file && exception.word == word) {
                Some(index) => {
                    used.insert(index);
                }
                None => faults.push(Fault::at(&file, line, fault)),
            }
        }
    }
    for (index, exception) in allowed.iter().enumerate() {
        if !used.contains(&index) {
            faults.push(Fault::new(
                LIST,
                format!("allows {:?} in {}, where it does not stand", exception.word, exception.file),
            ));
        }
    }
    Ok(faults)
}

fn read(text: &str) -> Result<(Vec<Concept>, Vec<Allowed>)> {
    let list: toml::Table = text.parse().context(LIST)?;
    let tables = |field: &str| -> Vec<&toml::Value> {
        list.get(field).and_then(toml::Value::as_array).map(|values| values.iter().collect()).unwrap_or_default()
    };
    let concepts = tables("concept")
        .into_iter()
        .map(|table| {
            let strings = |field: &str| -> Vec<String> {
                table
                    .get(field)
                    .and_then(toml::Value::as_array)
                    .map(|values| values.iter().filter_map(toml::Value::as_str).map(str::to_owned).collect())
                    .unwrap_or_default()
            };
            Concept {
                name: table.get("name").and_then(toml::Value::as_str).unwrap_or_default().to_owned(),
                ids: strings("ids"),
                words: strings("words").iter().map(|word| words::parts(word)).collect(),
                phrases: strings("phrases"),
            }
        })
        .collect();
    let allowed = tables("allowed")
        .into_iter()
        .map(|table| {
            let field = |name: &str| {
                let value = table.get(name).and_then(toml::Value::as_str);
                value.map(str::to_owned).with_context(|| format!("{LIST}: an [[allowed]] needs file, word and reason"))
            };
            field("reason")?;
            Ok(Allowed { file: field("file")?, word: field("word")? })
        })
        .collect::<Result<_>>()?;
    Ok((concepts, allowed))
}

/// Requirements of class never that no concept answers, and ids that are none.
fn unanswered(concepts: &[Concept], requirements: &[requirements::Requirement]) -> Vec<Fault> {
    let answered: BTreeSet<&str> = concepts
        .iter()
        .filter(|concept| !concept.words.is_empty())
        .flat_map(|concept| concept.ids.iter().map(String::as_str))
        .collect();
    let never: BTreeSet<&str> = requirements
        .iter()
        .filter(|requirement| requirement.class == "never")
        .map(|requirement| requirement.id.as_str())
        .collect();
    let open = never.difference(&answered).map(|id| Fault::new(LIST, format!("keeps {id} out by no word")));
    let strange = answered
        .difference(&never)
        .map(|id| Fault::new(LIST, format!("names {id}, which is no requirement of class never")));
    open.chain(strange).collect()
}

/// How a file is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rust,
    /// SQL, scripts, templates, styles, the API document.
    Names,
    /// Messages on screen: keys and texts.
    Messages,
    /// A table: its head speaks of what is kept.
    Csv,
    /// A tree of fields.
    Json,
    Toml,
}

impl Kind {
    fn of(file: &str) -> Option<Kind> {
        let is_product = (file.starts_with("crates/") && !source::is_tests(file))
            || file.starts_with("data/")
            || file == "docs/openapi.json";
        if !is_product {
            return None;
        }
        match file.rsplit('.').next()? {
            "rs" => Some(Kind::Rust),
            "sql" | "ts" | "js" | "html" | "css" => Some(Kind::Names),
            "ftl" => Some(Kind::Messages),
            "csv" => Some(Kind::Csv),
            "json" | "geojson" if !file.ends_with("package-lock.json") => Some(Kind::Json),
            "toml" if !file.ends_with("Cargo.toml") => Some(Kind::Toml),
            _ => None,
        }
    }
}

/// Line, word or phrase, and what to say about it.
fn find(file: &str, text: &str, kind: Kind, concepts: &[Concept]) -> Vec<(usize, String, String)> {
    let mut found = Vec::new();
    for (line, name) in spoken(text, kind) {
        let parts = words::parts(&name);
        for concept in concepts {
            if concept.words.iter().any(|word| words::holds(&parts, word)) {
                found.push((
                    line,
                    name.clone(),
                    format!("{name} speaks of {}, which Gewu never keeps or does", concept.name),
                ));
            }
        }
    }
    // Real extracts of other cities' data hold their words, not ours.
    if file.starts_with("data/real/") {
        return found;
    }
    let said = if kind == Kind::Rust { source::without_comments(text) } else { text.to_owned() };
    for (index, line) in said.lines().enumerate() {
        for concept in concepts {
            for phrase in concept.phrases.iter().filter(|phrase| line.contains(phrase.as_str())) {
                found.push((
                    index + 1,
                    phrase.clone(),
                    format!("{phrase} offers {}, which Gewu never keeps or does", concept.name),
                ));
            }
        }
    }
    found
}

/// The names a file uses, each with its line (0 where the format has none).
fn spoken(text: &str, kind: Kind) -> Vec<(usize, String)> {
    let owned = |text: &str| words::names(text).map(|(line, name)| (line, name.to_owned())).collect();
    match kind {
        Kind::Rust => owned(&source::without_comments(text)),
        Kind::Names => owned(text),
        Kind::Csv => owned(text.lines().next().unwrap_or_default()),
        Kind::Messages | Kind::Toml => text
            .lines()
            .enumerate()
            .filter_map(|(index, line)| {
                let key = line.split('=').next().filter(|_| line.contains('=') || line.starts_with('['))?;
                Some((index + 1, key.replace('-', "_")))
            })
            .collect(),
        Kind::Json => {
            let mut keys = BTreeSet::new();
            match serde_json::from_str::<Value>(text) {
                Ok(value) => collect_keys(&value, &mut keys),
                Err(_) => return owned(text),
            }
            keys.into_iter().map(|key| (0, key)).collect()
        }
    }
}

fn collect_keys(value: &Value, keys: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                keys.insert(key.clone());
                collect_keys(value, keys);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect_keys(value, keys)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../../docs/never.toml");

    #[test]
    fn every_word_of_the_shipped_list_is_found_as_a_column_a_field_and_a_property() {
        let (concepts, _) = read(SHIPPED).expect("the shipped list is read");
        assert!(concepts.len() >= 7);
        for concept in &concepts {
            for word in &concept.words {
                let name = word.join("_");
                let planted = [
                    (Kind::Names, format!("create table cases (\n  {name} text\n);")),
                    (Kind::Rust, format!("struct A {{\n  {name}: String,\n}}")),
                    (Kind::Rust, format!("const A: &str = \"create table a ({name} text)\";")),
                    (Kind::Json, format!("{{\"a\": [{{\"{name}\": 1}}]}}")),
                    (Kind::Csv, format!("id,{name}\n")),
                    (Kind::Toml, format!("{name} = 1")),
                    (Kind::Messages, format!("{} = x", name.replace('_', "-"))),
                ];
                for (kind, text) in planted {
                    assert!(!find("a", &text, kind, &concepts).is_empty(), "{text}");
                }
            }
        }
    }

    #[test]
    fn every_phrase_of_the_shipped_list_is_found_on_a_screen_and_in_data() {
        let (concepts, _) = read(SHIPPED).expect("the shipped list is read");
        for phrase in concepts.iter().flat_map(|concept| &concept.phrases) {
            assert!(!find("a.ftl", &format!("menu = {phrase}"), Kind::Messages, &concepts).is_empty(), "{phrase}");
            assert!(!find("a.csv", &format!("id,name\n1,{phrase}"), Kind::Csv, &concepts).is_empty(), "{phrase}");
        }
    }

    #[test]
    fn comments_and_the_cells_of_tables_may_use_the_words() {
        let (concepts, _) = read(SHIPPED).expect("the shipped list is read");
        assert_eq!(find("a", "// no gait, no 人脸识别\nstruct Surface;", Kind::Rust, &concepts), []);
        assert_eq!(find("a", "id,name\n1,gait\n", Kind::Csv, &concepts), []);
    }

    #[test]
    fn a_requirement_kept_out_by_no_word_is_a_fault() {
        let (concepts, _) =
            read("[[concept]]\nname = \"a\"\nids = [\"M001\"]\nwords = [\"gait\"]\n").expect("it is read");
        let never = |id: &str| requirements::Requirement { id: id.into(), class: "never".into(), ..Default::default() };
        assert_eq!(unanswered(&concepts, &[never("M001")]), []);
        assert_eq!(unanswered(&concepts, &[never("M001"), never("M002")]).len(), 1);
        assert_eq!(unanswered(&concepts, &[]).len(), 1);
    }
}
