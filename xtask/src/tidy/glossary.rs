//! One word per thing: the last column of `GLOSSARY.md` lists the words that are not used, and no name uses them.

use super::{Fault, source, words};
use crate::tree::Tree;
use anyhow::Result;

pub fn check(tree: &Tree) -> Result<Vec<Fault>> {
    let instead = synonyms(&tree.read("GLOSSARY.md")?);
    if instead.is_empty() {
        return Ok(vec![Fault::new("GLOSSARY.md", "lists no word that is not used; its last column is read for them")]);
    }
    let mut faults = Vec::new();
    for file in tree.files()? {
        let is_ours = !source::is_tests(&file)
            && file.starts_with("crates/")
            && (file.ends_with(".rs") || file.ends_with(".sql"));
        if is_ours {
            faults.extend(misnamed(&file, &tree.read(&file)?, &instead));
        }
    }
    Ok(faults)
}

/// Word not used → word used, from the tables of the glossary.
fn synonyms(glossary: &str) -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    for line in glossary.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| word ")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        if let [word, _, _, _, not] = cells.as_slice() {
            found.extend(
                not.split(", ").filter(|not| !not.is_empty()).map(|not| (words::parts(not), (*word).to_owned())),
            );
        }
    }
    found
}

fn misnamed(file: &str, text: &str, instead: &[(Vec<String>, String)]) -> Vec<Fault> {
    let bare = if file.ends_with(".rs") { source::bare(text) } else { text.to_owned() };
    let mut faults = Vec::new();
    for (line, name) in words::names(&bare) {
        let parts = words::parts(name);
        if let Some((_, word)) = instead.iter().find(|(not, _)| words::holds(&parts, not)) {
            faults.push(Fault::at(file, line, format!("{name}: the word for it is {word:?}, see GLOSSARY.md")));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    const GLOSSARY: &str = "| word | 中文 | standard | what it is | not |\n|---|---|---|---|---|\n| case | 案件 | | one matter | ticket, work_order |\n";

    #[test]
    fn a_word_the_glossary_does_not_want_is_found_in_names() {
        let instead = synonyms(GLOSSARY);
        let faults = misnamed("a.rs", "struct OpenTicket;\nfn work_orders() {}\nfn ticketed() {} // ticket", &instead);
        let places: Vec<&str> = faults.iter().map(|fault| fault.place.as_str()).collect();
        assert_eq!(places, ["a.rs:1", "a.rs:2"]);
    }
}
