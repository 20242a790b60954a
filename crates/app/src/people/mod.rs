//! Staff and machines: signing in, accounts, posts, API keys.

pub mod accounts;
pub mod clients;
pub mod devices;
pub mod sessions;
pub mod sign_in;
pub mod totp;
pub mod tries;
