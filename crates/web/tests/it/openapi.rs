//! The committed description is the one the handlers have.

use gewu_web::{access::TABLE, openapi_json};
use serde_json::Value;
use std::{collections::BTreeSet, path::Path};

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");

#[test]
fn the_committed_description_is_the_one_the_handlers_have() {
    let committed = std::fs::read_to_string(COMMITTED).unwrap_or_default();
    let generated = openapi_json();
    if committed != generated {
        let differing = committed.lines().zip(generated.lines()).position(|(one, other)| one != other);
        let line = differing.map_or(committed.lines().count().min(generated.lines().count()), |line| line) + 1;
        let anew = concat!(env!("CARGO_TARGET_TMPDIR"), "/openapi.json");
        std::fs::write(anew, &generated).unwrap();
        panic!(
            "docs/openapi.json differs from line {line} on; read what changed and then `cp {anew} docs/openapi.json`"
        );
    }
}

#[test]
fn every_described_route_has_its_row_of_access_and_every_row_of_the_api_is_described() {
    let document: Value = serde_json::from_str(&openapi_json()).unwrap();
    let mut described = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys().filter(|key| *key != "parameters") {
            described.insert((method.to_uppercase(), path.clone()));
        }
    }
    let rows: BTreeSet<(String, String)> = TABLE
        .iter()
        .filter(|row| !row.path.starts_with("/open311/"))
        .map(|row| (row.method.to_string(), row.path.to_owned()))
        .collect();
    assert_eq!(described, rows);
}

#[test]
fn the_description_is_openapi_3_1_and_every_reference_in_it_leads_somewhere() {
    let document: Value = serde_json::from_str(&openapi_json()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut open = vec![&document];
    let mut references = 0;
    while let Some(value) = open.pop() {
        match value {
            Value::Object(fields) => {
                if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                    let pointer = reference.strip_prefix('#').expect("inside this document");
                    assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
                    references += 1;
                }
                open.extend(fields.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    assert!(references > 50);
}

/// Files of Rust below a folder.
fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push(std::fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn no_two_schemas_share_a_name_because_the_description_would_hold_one_of_them_only() {
    let mut texts = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut texts);
    let mut seen = BTreeSet::new();
    for text in &texts {
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if !(line.starts_with("#[derive(") && line.contains("ToSchema")) {
                continue;
            }
            let mut name = None;
            for line in lines.by_ref() {
                if let Some((_, rest)) = line.split_once("schema(as = ") {
                    name = rest.split(')').next().map(str::to_owned);
                } else if let Some((_, rest)) = line.split_once("struct ").or(line.split_once("enum ")) {
                    name = name.or(rest.split([' ', '{', '<']).next().map(str::to_owned));
                    break;
                }
            }
            let name = name.expect("a derive stands before a type");
            assert!(seen.insert(name.clone()), "two schemas are named {name}");
        }
    }
    assert!(seen.len() > 60, "only {} schemas were found", seen.len());
}
