//! A seeded town and its days: for demonstrations, loads and tests.
//!
//! Makes the files a city publishes, the people who work in it, and cases that go through the real rules. Knows no
//! database and no HTTP. Start at [`town`].

pub mod dice;
mod divide;
pub mod names;
pub mod town;

pub use town::Town;
