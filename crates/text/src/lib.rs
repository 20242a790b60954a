//! Words: what a text is found by, and how it is shown in short.
//!
//! Takes text and returns values; knows nothing of cases, storage or languages on screen, keeps no dictionary and reads
//! no clock. Start at [`terms()`].

mod excerpt;
mod terms;

pub use excerpt::excerpt;
pub use terms::{TERM_CHARS_MOST, query_terms, terms};
