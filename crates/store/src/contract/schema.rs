//! What the tables must look like.

use super::Fixture;
use crate::schema::REFERENCE_TABLES;

pub async fn every_regional_key_starts_with_the_region(fixture: &impl Fixture) {
    let tables = fixture.tables().await;
    for name in ["cases", "facts", "tasks", "texts", "contacts", "attachments", "erasures", "outbox"] {
        assert!(tables.iter().any(|table| table.name == name), "there is no table {name}");
    }
    for table in tables.iter().filter(|table| !REFERENCE_TABLES.contains(&table.name.as_str())) {
        assert_eq!(table.columns.first().map(String::as_str), Some("region"), "first column of {}", table.name);
        assert!(!table.keys.is_empty(), "{} has no key", table.name);
        for key in &table.keys {
            assert_eq!(key.first().map(String::as_str), Some("region"), "a key of {}: {key:?}", table.name);
        }
    }
}
