//! What every schema of the record must look like, whichever backend keeps it.

/// Tables of the whole city. All others belong to regions: `region` comes first in each of their primary keys, unique
/// indexes and foreign keys, so that the record can be sharded by it.
pub const REFERENCE_TABLES: &[&str] = &[
    "accounts",
    "audit",
    "clients",
    "devices",
    "keys",
    "migrations",
    "origins",
    "people",
    "posts",
    "publications",
    "recovery_codes",
    "sessions",
    "tries",
    "uploads",
];
