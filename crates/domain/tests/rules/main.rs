//! The rules of a case, as stories and as properties over every policy that can be written.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on says so")]

mod duties;
mod limits;
mod policies;
mod refusals;
mod repromises;
mod showing;
mod stories;
mod town;
