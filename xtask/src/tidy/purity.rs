//! `domain`, `geo` and `text` take values and return values: no I/O, clock, randomness, environment or global.

use super::{Fault, source};
use crate::tree::Tree;
use anyhow::Result;

const PURE: [&str; 3] = ["crates/domain/", "crates/geo/", "crates/text/"];

/// What a pure crate must not say, and what that would bring in.
const FORBIDDEN: [(&str, &str); 30] = [
    ("std::fs", "I/O"),
    ("std::net", "I/O"),
    ("std::process", "I/O"),
    ("io::stdin", "I/O"),
    ("io::stdout", "I/O"),
    ("io::stderr", "I/O"),
    ("println!", "I/O"),
    ("print!", "I/O"),
    ("dbg!", "I/O"),
    ("tokio::", "I/O"),
    ("tracing::", "I/O"),
    ("File::", "I/O"),
    ("std::env", "the environment"),
    ("env!(", "the environment"),
    ("std::time::Instant", "a clock"),
    ("SystemTime", "a clock"),
    ("Timestamp::now", "a clock"),
    ("Zoned::now", "a clock"),
    ("rand::", "randomness"),
    ("getrandom::", "randomness"),
    ("RandomState", "randomness"),
    ("new_v4", "randomness"),
    ("now_v7", "a clock and randomness"),
    ("thread::", "threads"),
    ("static mut", "a global"),
    ("thread_local!", "a global"),
    ("OnceLock", "a global"),
    ("LazyLock", "a global"),
    ("OnceCell", "a global"),
    ("Atomic", "a global"),
];

pub fn check(tree: &Tree) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for file in tree.files()? {
        let is_source = PURE.iter().any(|room| file.starts_with(&format!("{room}src/")))
            && file.ends_with(".rs")
            && !source::is_tests(&file);
        if is_source {
            faults.extend(impurities(&file, &tree.read(&file)?));
        }
    }
    Ok(faults)
}

fn impurities(file: &str, text: &str) -> Vec<Fault> {
    let bare = source::bare(text);
    let mut faults = Vec::new();
    for (index, line) in bare.lines().enumerate() {
        for (word, brings) in FORBIDDEN {
            if starts_a_word(line, word) {
                faults.push(Fault::at(
                    file,
                    index + 1,
                    format!("{word} brings in {brings}; take the value as a parameter"),
                ));
            }
        }
    }
    faults
}

/// Does `word` occur in `line` where no longer name ends with it?
fn starts_a_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        !line.get(..at).and_then(|head| head.chars().next_back()).is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::impurities;

    #[test]
    fn a_clock_in_a_pure_crate_is_a_fault_with_its_line() {
        let faults = impurities("a.rs", "//! Head.\nfn now() { let t = jiff::Timestamp::now(); }\n");
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].place, "a.rs:2");
    }

    #[test]
    fn words_in_comments_strings_and_tests_are_not() {
        let text =
            "// std::fs\nconst A: &str = \"std::fs\";\n#[cfg(test)]\nmod tests { use std::fs; }\nfn operand::x() {}";
        assert_eq!(impurities("a.rs", text), []);
    }
}
