//! Who may open a connection to another machine: `notify`, the photo bucket in `blobs`, and the
//! database in `store-postgres` (docs/adr/0003).

use super::{Fault, source};
use crate::tree::Tree;
use anyhow::Result;

const DOORS_OUT: [&str; 3] = ["gewu-notify", "gewu-blobs", "gewu-store-postgres"];

/// Outside the product: they speak to the product from outside, or start it.
const EXEMPT: [&str; 3] = ["xtask", "gewu-bench", "gewu-fuzz"];

/// Crates that speak to other machines on their own account.
const CLIENTS: [&str; 13] = [
    "async-nats",
    "attohttpc",
    "aws-sdk-s3",
    "curl",
    "isahc",
    "lettre",
    "minreq",
    "object_store",
    "opendal",
    "reqwest",
    "rumqttc",
    "tungstenite",
    "ureq",
];

/// What hyper-util gives a server is nobody's business here; its client is told by its name.
const CALLS: [&str; 7] = [
    "TcpStream::connect",
    "UnixStream::connect",
    "UdpSocket",
    "TcpSocket",
    "reqwest::",
    "hyper_util::client",
    "client::legacy",
];

pub fn check(tree: &Tree) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for member in tree.members() {
        let name = member.name();
        if DOORS_OUT.contains(&name) || EXEMPT.contains(&name) {
            continue;
        }
        for (dependency, kind) in member.dependencies() {
            if kind != Some("dev") && CLIENTS.contains(&dependency) {
                faults.push(Fault::new(
                    name,
                    format!("depends on {dependency}, a client; only {} may", DOORS_OUT.join(", ")),
                ));
            }
        }
        let folder = member.folder();
        let folder = folder.strip_prefix(&tree.root).unwrap_or(&folder).join("src");
        for file in tree.files()? {
            if file.ends_with(".rs") && !source::is_tests(&file) && file.starts_with(&*folder.to_string_lossy()) {
                faults.extend(calls(&file, &tree.read(&file)?));
            }
        }
    }
    Ok(faults)
}

fn calls(file: &str, text: &str) -> Vec<Fault> {
    let bare = source::bare(text);
    bare.lines()
        .enumerate()
        .flat_map(|(index, line)| {
            CALLS.iter().filter(|call| line.contains(*call)).map(move |call| {
                Fault::at(file, index + 1, format!("{call} opens a connection; only {} may", DOORS_OUT.join(", ")))
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::calls;

    #[test]
    fn a_connection_outside_the_doors_out_is_a_fault() {
        let faults = calls("a.rs", "fn f() {\n  TcpStream::connect(a);\n}");
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].place, "a.rs:2");
        assert_eq!(calls("a.rs", "use hyper_util::{client::legacy::Client, rt::TokioIo};").len(), 1);
    }

    #[test]
    fn a_connection_in_a_test_is_not() {
        assert_eq!(calls("a.rs", "#[cfg(test)]\nmod tests {\n  fn f() { TcpStream::connect(a); }\n}"), []);
    }
}
