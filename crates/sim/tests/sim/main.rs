//! The made-up city on a real record keeper.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod house;
mod past;
mod present;
