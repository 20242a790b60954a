//! Every Rust file begins by saying what it is for.

use super::Fault;
use crate::tree::Tree;
use anyhow::Result;

pub fn check(tree: &Tree) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for file in tree.files()? {
        if file.ends_with(".rs") && !file.ends_with("/tests.rs") && !has_head(&tree.read(&file)?) {
            faults.push(Fault::at(
                &file,
                1,
                "has no //! head: say what the file is for, what it must not know, where to start",
            ));
        }
    }
    Ok(faults)
}

/// The first line that is not a lint or a build attribute must be a `//!`.
fn has_head(text: &str) -> bool {
    text.lines()
        .find(|line| !line.trim().is_empty() && !line.starts_with("#!["))
        .is_some_and(|line| line.starts_with("//!"))
}

#[cfg(test)]
mod tests {
    use super::has_head;

    #[test]
    fn a_head_comes_first() {
        assert!(has_head("//! What for.\nuse a;"));
        assert!(has_head("#![no_main]\n//! What for."));
        assert!(!has_head("use a;\n//! Late."));
        assert!(!has_head(""));
    }
}
