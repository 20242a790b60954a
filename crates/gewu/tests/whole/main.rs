//! The real binary, from outside: set up by its commands, spoken to over HTTP, killed, altered, erased and restored.
//!
//! Each story runs on both record keepers.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so"
)]

/// Makes a test of each story on each record keeper.
macro_rules! on_both {
    ($($story:ident)*) => {
        mod sqlite {
            $(#[test] fn $story() { super::$story(crate::house::Keeper::Sqlite); })*
        }
        mod postgres {
            $(#[test] fn $story() { super::$story(crate::house::Keeper::Postgres); })*
        }
    };
}

mod accounts;
mod chores;
mod clock;
mod former;
mod forms;
mod grids;
mod house;
mod keys;
mod papers;
mod photos;
mod privacy;
mod publishing;
#[path = "../../../blobs/tests/blobs/server.rs"]
mod server;
mod settings;
mod stories;
