//! What the papers say can be asked of the program can be asked of it: every command, flag and variable they name.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::Command,
};

/// What a command's help says: its flags and variables, and the commands below it.
#[derive(Default)]
struct Help {
    flags: BTreeSet<String>,
    variables: BTreeSet<String>,
    below: BTreeMap<String, Help>,
}

fn help(path: &[&str]) -> Help {
    let output = Command::new(env!("CARGO_BIN_EXE_gewu")).args(path).arg("--help").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut help = Help::default();
    let mut is_list = false;
    for line in text.lines() {
        let words = || line.split(|char: char| !(char.is_ascii_alphanumeric() || "-_".contains(char)));
        help.flags.extend(words().filter(|word| word.starts_with("--")).map(str::to_owned));
        help.variables.extend(words().filter(|word| word.starts_with("GEWU_")).map(str::to_owned));
        is_list = match line {
            "Commands:" => true,
            "" => false,
            _ => is_list,
        };
        let name = line.split_whitespace().next().unwrap_or_default();
        if is_list && line.starts_with("  ") && !line.starts_with("   ") && name != "help" {
            let below = self::help(&[path, &[name]].concat());
            help.below.insert(name.to_owned(), below);
        }
    }
    help
}

impl Help {
    fn has_anywhere(&self, flag: &str) -> bool {
        self.flags.contains(flag) || self.below.values().any(|below| below.has_anywhere(flag))
    }

    fn variables(&self) -> BTreeSet<&str> {
        let below = self.below.values().flat_map(|below| below.variables());
        self.variables.iter().map(String::as_str).chain(below).collect()
    }

    /// What of a command line there is not.
    fn missing<'a>(&self, line: &'a str) -> Vec<&'a str> {
        let mut at = self;
        let mut missing = Vec::new();
        for word in line.split_whitespace() {
            if let Some(flag) = word.strip_prefix("--") {
                let name = flag.split('=').next().unwrap_or_default();
                if !at.flags.contains(&format!("--{name}")) {
                    missing.push(word);
                }
            } else if !at.below.is_empty() {
                // Several commands in one, as in `gewu clock show | accept`, are named one after another.
                match at.below.get(word) {
                    Some(below) => at = below,
                    None if word.chars().all(|char| char.is_ascii_lowercase()) => missing.push(word),
                    None => return missing,
                }
            }
        }
        missing
    }
}

fn papers() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let markdown = |folder: PathBuf| {
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|path| path.extension().is_some_and(|end| end == "md"))
    };
    let papers: Vec<PathBuf> = markdown(root.clone()).chain(markdown(root.join("docs"))).collect();
    assert!(papers.len() > 8, "{papers:?}");
    papers
}

#[test]
fn every_command_flag_and_variable_that_a_paper_names_is_there() {
    let gewu = help(&[]);
    assert!(gewu.below.len() > 10 && gewu.below["serve"].flags.contains("--listen"));
    let variables = gewu.variables();
    let mut untrue = Vec::new();
    for paper in papers() {
        let text = std::fs::read_to_string(&paper).unwrap();
        let spans = text.split('`').skip(1).step_by(2);
        let lines = text.lines().map(str::trim).filter(|line| line.starts_with("gewu "));
        for span in spans.chain(lines) {
            let span = span.split(" #").next().unwrap_or_default();
            let missing: Vec<&str> = match span.strip_prefix("gewu ") {
                Some(line) => gewu.missing(line.split(" | ").next().unwrap_or_default()),
                None if span.starts_with("--") => {
                    let flag = span.split([' ', '=']).next().unwrap_or_default();
                    if flag.contains('*') || gewu.has_anywhere(flag) { Vec::new() } else { vec![flag] }
                }
                None => Vec::new(),
            };
            untrue.extend(missing.iter().map(|what| format!("{}: `{span}`: {what}", paper.display())));
        }
        let named = text.split(|char: char| !(char.is_ascii_alphanumeric() || char == '_'));
        let named = named.filter(|word| word.starts_with("GEWU_") && word.len() > 5);
        // Those of the tests are set by them, not read by the program.
        let of_tests = ["GEWU_BIN", "GEWU_CHROMIUM", "GEWU_TEST_POSTGRES"];
        let unknown = named.filter(|word| !variables.contains(word) && !of_tests.contains(word));
        untrue.extend(unknown.map(|what| format!("{}: {what}", paper.display())));
    }
    assert!(untrue.is_empty(), "{untrue:#?}");
}
