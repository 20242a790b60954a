//! The contract on SQLite, and what only SQLite promises.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "these are tests")]

mod contract;
mod space;
