//! What is wrong with a file somebody wants to publish: where, what, and what to do about it.

use serde::Serialize;

/// One fault in a file offered for publishing.
///
/// A bad file changes nothing; every fault in it is listed, not only the first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fault {
    /// The file as the person named it, e.g. `areas.csv`.
    pub file: String,
    /// 1-based line in that file; `None` when the fault belongs to the file as a whole.
    pub line: Option<u32>,
    /// Column name or property the fault is in, when there is one.
    pub field: Option<String>,
    /// What is wrong, in one sentence: English, lower case, no full stop.
    pub what: String,
    /// The same in Chinese.
    pub what_zh: String,
    /// What to do about it, in one sentence.
    pub fix: String,
    /// The same in Chinese.
    pub fix_zh: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(field) = &self.field {
            write!(f, " [{field}]")?;
        }
        write!(f, ": {} ({}) — {} ({})", self.what_zh, self.what, self.fix_zh, self.fix)
    }
}
