//! Which crate may use which: the picture in ARCHITECTURE.md as a table.
//!
//! Judged on what cargo resolved, so that a detour through another crate counts too. Dependencies of
//! tests are free: only tests may set a backend behind a port.

use super::Fault;
use crate::tree::{Package, Tree, list, text};
use anyhow::Result;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Each room and the rooms below which it stands. A new edge needs a line here and one in `docs/adr/`.
const MAY_USE: [(&str, &[&str]); 13] = [
    ("gewu-domain", &[]),
    ("gewu-geo", &[]),
    ("gewu-text", &[]),
    ("gewu-notify", &[]),
    ("gewu-blobs", &["gewu-domain"]),
    ("gewu-store", &["gewu-domain"]),
    ("gewu-store-sqlite", &["gewu-domain", "gewu-store"]),
    ("gewu-store-postgres", &["gewu-domain", "gewu-store"]),
    ("gewu-app", &["gewu-blobs", "gewu-domain", "gewu-geo", "gewu-notify", "gewu-store", "gewu-text"]),
    ("gewu-sim", &["gewu-app", "gewu-blobs", "gewu-domain", "gewu-geo", "gewu-store", "gewu-text"]),
    ("gewu-web", &["gewu-app", "gewu-blobs", "gewu-domain", "gewu-geo", "gewu-store", "gewu-text"]),
    ("gewu-ui", &["gewu-app", "gewu-blobs", "gewu-domain", "gewu-geo", "gewu-store", "gewu-text", "gewu-web"]),
    ("xtask", &[]),
];

/// Packages above the house, which may use all of it: the binary, and what measures and attacks it.
const ABOVE: [&str; 3] = ["gewu", "gewu-bench", "gewu-fuzz"];

/// Rooms that must not reach a database driver or a backend, not even by a detour.
const DRIVERLESS: [&str; 5] = ["gewu-store", "gewu-app", "gewu-sim", "gewu-web", "gewu-ui"];

const DRIVERS: [&str; 11] = [
    "gewu-store-postgres",
    "gewu-store-sqlite",
    "deadpool-postgres",
    "diesel",
    "libsqlite3-sys",
    "postgres",
    "rusqlite",
    "sea-orm",
    "sqlx",
    "sqlx-core",
    "tokio-postgres",
];

pub fn check(tree: &Tree) -> Result<Vec<Fault>> {
    let members = tree.members();
    let ours: BTreeSet<&str> = members.iter().map(|member| member.name()).collect();
    let mut faults = Vec::new();
    for member in &members {
        faults.extend(upward(*member, &ours));
    }
    let graph = normal_graph(&tree.metadata);
    for room in DRIVERLESS.iter().filter(|room| ours.contains(*room)) {
        faults.extend(drivers_reached(room, &graph));
    }
    Ok(faults)
}

fn upward(member: Package, ours: &BTreeSet<&str>) -> Vec<Fault> {
    let name = member.name();
    if ABOVE.contains(&name) {
        return Vec::new();
    }
    let Some((_, allowed)) = MAY_USE.iter().find(|(room, _)| *room == name) else {
        return vec![Fault::new(
            name,
            "is not in the picture: give it a row in xtask/src/tidy/arrows.rs, a line in ARCHITECTURE.md and one in docs/adr/",
        )];
    };
    member
        .dependencies()
        .iter()
        .filter(|(dependency, kind)| *kind != Some("dev") && ours.contains(dependency) && !allowed.contains(dependency))
        .map(|(dependency, _)| Fault::new(name, format!("may not use {dependency}: the arrow does not point upward")))
        .collect()
}

/// Package name → names of what it uses outside tests, as cargo resolved it.
fn normal_graph(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let names: BTreeMap<&str, &str> =
        list(metadata, "packages").iter().map(|package| (text(package, "id"), text(package, "name"))).collect();
    let nodes = metadata.get("resolve").map_or(&[][..], |resolve| list(resolve, "nodes"));
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for node in nodes {
        let Some(name) = names.get(text(node, "id")) else {
            continue;
        };
        let uses = list(node, "deps").iter().filter(|dependency| {
            list(dependency, "dep_kinds").iter().any(|kind| kind.get("kind").and_then(Value::as_str).is_none())
        });
        graph
            .entry((*name).to_owned())
            .or_default()
            .extend(uses.filter_map(|dependency| names.get(text(dependency, "pkg")).map(|name| (*name).to_owned())));
    }
    graph
}

fn drivers_reached(room: &str, graph: &BTreeMap<String, BTreeSet<String>>) -> Vec<Fault> {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut next = vec![room];
    while let Some(name) = next.pop() {
        if seen.insert(name) {
            next.extend(graph.get(name).into_iter().flatten().map(String::as_str));
        }
    }
    DRIVERS
        .iter()
        .filter(|driver| seen.contains(*driver))
        .map(|driver| {
            Fault::new(room, format!("reaches {driver}; only the binary and tests may name a driver or backend"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_arrow_downward_is_a_fault_and_one_for_tests_is_not() {
        let package = json!({
            "name": "gewu-domain",
            "dependencies": [
                {"name": "serde", "kind": null},
                {"name": "gewu-store", "kind": null},
                {"name": "gewu-sim", "kind": "dev"},
            ],
        });
        let ours = BTreeSet::from(["gewu-domain", "gewu-store", "gewu-sim"]);
        let faults = upward(Package(&package), &ours);
        assert_eq!(faults.len(), 1);
        assert!(faults[0].what.contains("gewu-store"));
    }

    #[test]
    fn a_crate_outside_the_picture_is_a_fault() {
        let package = json!({"name": "gewu-shed", "dependencies": []});
        assert_eq!(upward(Package(&package), &BTreeSet::new()).len(), 1);
    }

    #[test]
    fn a_driver_reached_by_a_detour_is_a_fault() {
        let graph = BTreeMap::from([
            ("gewu-web".to_owned(), BTreeSet::from(["shed".to_owned()])),
            ("shed".to_owned(), BTreeSet::from(["rusqlite".to_owned()])),
        ]);
        assert_eq!(drivers_reached("gewu-web", &graph).len(), 1);
        assert_eq!(drivers_reached("gewu-app", &graph).len(), 0);
    }
}
