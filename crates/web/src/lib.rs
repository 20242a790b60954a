//! The doors for machines: Open311, JSON API, tiles, live stream; and the session both doors share.

pub mod session;
