//! Through the router, on a real store, in a small town.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what the tests share is not inside a test"
)]

mod access;
mod cases;
mod confidential;
mod doors;
mod edges;
mod hostile;
mod keys;
mod live;
mod open311;
mod openapi;
mod photos;
mod scope;
mod showing;
mod support;
