//! A seeded town and its days: for demonstrations, loads and tests.
//!
//! Makes the files a city publishes, the people who work in it, and cases that go through the real rules. Knows no
//! database and no HTTP. Start at [`demo`] (all of it together), or at its parts: [`town`] (the city), [`world`] (what
//! happens in it), [`days`] (its past) and [`traffic`] (its present).

pub mod days;
pub mod demo;
pub mod dice;
mod divide;
pub mod habits;
pub mod names;
pub mod nyc;
pub mod photos;
pub mod rhythm;
pub mod staff;
pub mod texts;
pub mod town;
pub mod traffic;
pub mod world;

pub use town::Town;
