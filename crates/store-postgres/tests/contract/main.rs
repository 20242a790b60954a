//! The contract of the record, kept by PostgreSQL. `GEWU_TEST_POSTGRES` names a throw-away server, with a superuser:
//! `cargo xtask test` makes one, `cargo xtask postgres` lends one.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "these are tests")]

mod database;
mod encrypting;
mod finding;
mod keeping;
mod losing;
mod proxy;

use async_trait::async_trait;
use database::Database;
use gewu_store::{
    Store,
    contract::{Fixture, Table},
};
use gewu_store_postgres::{PostgresStore, Settings};

/// How long a busy machine may keep a test waiting for a connection.
const PATIENCE_MS: u64 = 60_000;

/// As in service.
struct Usual {
    database: Database,
    store: PostgresStore,
}

impl Usual {
    async fn with(settings: Settings) -> Usual {
        let database = Database::make().await;
        let store = PostgresStore::open(&database.url, settings).await.unwrap();
        Usual { database, store }
    }
}

#[async_trait]
impl Fixture for Usual {
    async fn new() -> Usual {
        Usual::with(Settings { readers: 4, wait_ms: PATIENCE_MS, ..Settings::default() }).await
    }

    fn store(&self) -> &dyn Store {
        &self.store
    }

    async fn tables(&self) -> Vec<Table> {
        self.database.tables().await
    }

    async fn holds(&self, marker: &str) -> bool {
        self.database.holds(marker).await
    }

    async fn spoil_cases(&self) {
        self.database.run("update case_bodies set body = 'no case'").await;
    }

    async fn lose_cases(&self) {
        self.database.run("delete from case_bodies").await;
    }
}

gewu_store::contract_suite!(Usual);
