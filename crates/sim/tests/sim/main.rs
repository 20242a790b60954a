//! The made-up city on a real record keeper.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot go on has failed")]

mod exports;
mod house;
mod import;
mod past;
mod present;
mod shapes;
