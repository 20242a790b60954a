//! Both kinds of storage keep the same promises: see `contract.rs`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on says so")]

mod contract;
mod disk;
mod s3;
mod server;
