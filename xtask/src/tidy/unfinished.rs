//! Nothing unfinished and nothing of one machine: no reminders to oneself, no tests put aside, no
//! absolute paths of somebody's computer.

use super::Fault;
use crate::tree::Tree;
use anyhow::Result;

/// What gives unfinished work away; cut in two so that this file does not give itself away.
const REMINDERS: [&str; 4] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:"), concat!("HA", "CK:")];

const PUT_ASIDE: [&str; 6] = [
    concat!("#[ig", "nore"),
    concat!("test.sk", "ip("),
    concat!("test.on", "ly("),
    concat!("it.sk", "ip("),
    concat!("describe.sk", "ip("),
    concat!("pytest.mark.sk", "ip"),
];

const MACHINE_PATHS: [&str; 4] =
    [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];

/// Endings of files written by hand that a program reads.
const CODE: [&str; 14] =
    [".rs", ".ts", ".js", ".mjs", ".html", ".css", ".sql", ".toml", ".py", ".sh", ".ftl", ".json", ".yml", ".yaml"];

pub fn check(tree: &Tree) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for file in tree.files()? {
        let is_generated = file.ends_with("package-lock.json") || file.contains("/vendor/");
        let is_code = CODE.iter().any(|ending| file.ends_with(ending)) || file.starts_with(".ci/");
        let is_prose = file.ends_with(".md");
        if !is_generated
            && (is_code || is_prose)
            && let Ok(text) = tree.read(&file)
        {
            faults.extend(marks(&file, &text, is_code));
        }
    }
    Ok(faults)
}

fn marks(file: &str, text: &str, is_code: bool) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let mut find = |words: &[&str], what: &str| {
            for word in words.iter().filter(|word| line.contains(**word)) {
                faults.push(Fault::at(file, index + 1, format!("{word}: {what}")));
            }
        };
        if is_code {
            find(&REMINDERS, "finish it, or write an issue");
            find(&PUT_ASIDE, "a test put aside is a failed test; mend it or delete it");
        }
        find(&MACHINE_PATHS, "a path of one machine; name it relative to the root");
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reminders_and_paths_of_one_machine_are_found() {
        let text = format!("ok\n// {} later\nlet a = \"{}x\";", REMINDERS[0], MACHINE_PATHS[1]);
        let places: Vec<String> = marks("a.rs", &text, true).into_iter().map(|fault| fault.place).collect();
        assert_eq!(places, ["a.rs:2", "a.rs:3"]);
    }

    #[test]
    fn prose_may_speak_of_reminders_and_not_of_paths() {
        let text = format!("No {}.\n`{}me`", REMINDERS[0], MACHINE_PATHS[2]);
        assert_eq!(marks("a.md", &text, false).len(), 1);
    }
}
