//! Staff and machines: signing in, accounts, posts, API keys.

pub mod accounts;
pub mod clients;
pub mod sign_in;
