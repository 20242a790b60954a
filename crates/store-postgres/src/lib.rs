//! The record kept in PostgreSQL: the ports of `gewu-store` over tokio-postgres.
//!
//! Reads go through [`snapshot`] (a pooled connection in one read-only transaction), writes through [`writer`]
//! (a few tasks that commit waiting callers together). One file per aggregate holds its statements, beside the
//! functions that use them; `migrations/` holds the schema. Start at [`PostgresStore`].
//! Nothing here knows the rules of the city, HTTP, or what a case means beyond its rows.

mod attachments;
mod audit;
mod backup;
mod cases;
mod changes;
mod clients;
mod connect;
mod contacts;
mod counters;
mod encryption;
mod error;
mod facts;
mod find;
mod idempotency;
mod keys;
mod migrate;
mod origins;
mod outbox;
mod people;
mod publications;
mod repromises;
mod roots;
mod row;
mod sessions;
mod snapshot;
mod statements;
mod tasks;
mod texts;
mod tries;
mod tx;
mod upkeep;
mod uploads;
mod writer;

pub use connect::Settings;
pub use statements::statements;

use async_trait::async_trait;
use deadpool_postgres::Pool;
use gewu_domain::ids::RegionId;
use gewu_store::{Changes, CityView, Store, StoreError, Upkeep, View};
use snapshot::{RegionSnapshot, Snapshot};
use writer::Writers;

/// A record kept in one PostgreSQL database (or schema, by `options=-csearch_path=…` in the URL).
pub struct PostgresStore {
    pub(crate) reads: Pool,
    pub(crate) writes: Pool,
    writers: Writers,
    settings: Settings,
}

impl PostgresStore {
    /// Connects, brings the schema up to date, and starts the writers on the present tokio runtime.
    ///
    /// `url` is what libpq takes: `postgres://user:password@host:port/database?sslmode=verify-full`; see [`encryption`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when nobody answers there; [`StoreError::Failed`] when the URL does not read, the
    /// server's certificate is not to be trusted, the role may not make tables, or the schema was made by a newer program.
    pub async fn open(url: &str, settings: Settings) -> Result<PostgresStore, StoreError> {
        let (reads, writes) = connect::pools(url, &settings)?;
        migrate::bring_up(&reads).await?;
        let writers = Writers::start(&writes, &settings).await?;
        Ok(PostgresStore { reads, writes, writers, settings })
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn view(&self, region: RegionId) -> Result<Box<dyn View + '_>, StoreError> {
        let snapshot = Snapshot::open(&self.reads).await?;
        Ok(Box::new(RegionSnapshot { snapshot, region: row::region(region), settings: self.settings }))
    }

    async fn apply(&self, region: RegionId, changes: Changes) -> Result<(), StoreError> {
        self.writers.apply(row::region(region), changes).await
    }

    async fn city(&self) -> Result<Box<dyn CityView + '_>, StoreError> {
        Ok(Box::new(Snapshot::open(&self.reads).await?))
    }

    fn upkeep(&self) -> &dyn Upkeep {
        self
    }
}

impl View for RegionSnapshot {}
impl CityView for Snapshot {}
