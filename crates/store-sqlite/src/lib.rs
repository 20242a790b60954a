//! The record kept in SQLite: one thread writes, many read, a third moves pages from the log into the database.
//!
//! Start at [`SqliteStore`]. `writer.rs` commits waiting changes together; `changes.rs` says how each kind of change is
//! written; `find.rs` chooses how a list of cases is looked up. The other files are named as those of `gewu-store`.

mod attachments;
mod audit;
mod cases;
mod changes;
mod checkpoint;
mod clients;
mod connect;
mod contacts;
mod counters;
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
mod readers;
mod repromises;
mod roots;
mod row;
mod sessions;
mod tasks;
mod texts;
mod tries;
mod upkeep;
mod uploads;
mod words;
mod writer;

use crate::{
    changes::Prepared,
    checkpoint::Checkpointer,
    error::failed,
    readers::{Lease, Readers},
    writer::Writer,
};
use async_trait::async_trait;
use gewu_domain::ids::RegionId;
use gewu_store::{Changes, CityView, Store, StoreError, Upkeep, View};
use rusqlite::Connection;
use std::{path::Path, sync::Arc, time::Duration};

/// The file in the store's directory; its log and index (`-wal`, `-shm`) lie beside it.
pub const FILE: &str = "gewu.sqlite";

#[derive(Debug, Clone)]
pub struct Settings {
    /// How many views can be read at the same time; more wait.
    pub readers: usize,
    pub read_cache_bytes: u64,
    pub write_cache_bytes: u64,
    /// How often pages are moved from the log into the database.
    pub checkpoint_every: Duration,
    /// Above this the writer stops for a moment and starts the log anew.
    pub log_bytes: u64,
    /// The database grows no further; changes that need more are [`StoreError::Unavailable`].
    pub most_bytes: Option<u64>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            readers: 8,
            read_cache_bytes: 4 << 20,
            write_cache_bytes: 48 << 20,
            checkpoint_every: Duration::from_millis(50),
            log_bytes: 128 << 20,
            most_bytes: None,
        }
    }
}

/// A store in a directory. Dropping it ends its threads, after what waits has been written.
pub struct SqliteStore {
    readers: Arc<Readers>,
    // Before the writer, which takes its last jobs from the checkpointer.
    checkpointer: Checkpointer,
    writer: Writer,
}

impl SqliteStore {
    /// Opens the store in a directory, makes it when there is none, and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the directory cannot be written, [`StoreError::Failed`] when the file is no
    /// database of this or an earlier release.
    pub fn open(directory: &Path, settings: Settings) -> Result<SqliteStore, StoreError> {
        std::fs::create_dir_all(directory).map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        let file = directory.join(FILE);
        let mut connection = connect::writer(&file, &settings)?;
        migrate::migrate(&mut connection)?;
        let readers = Readers::new(file.clone(), &settings);
        let writer = Writer::start(connection)?;
        let checkpointer = Checkpointer::start(connect::checkpointer(&file)?, writer.jobs(), &settings)?;
        Ok(SqliteStore { readers, checkpointer, writer })
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn view(&self, region: RegionId) -> Result<Box<dyn View + '_>, StoreError> {
        Ok(Box::new(RegionView { region, lease: self.readers.lease().await? }))
    }

    async fn apply(&self, region: RegionId, changes: Changes) -> Result<(), StoreError> {
        self.writer.apply(region, Prepared::of(changes)?).await
    }

    async fn city(&self) -> Result<Box<dyn CityView + '_>, StoreError> {
        Ok(Box::new(WholeView { lease: self.readers.lease().await? }))
    }

    fn upkeep(&self) -> &dyn Upkeep {
        self
    }
}

/// Reads of one region as of one moment.
struct RegionView {
    region: RegionId,
    lease: Lease,
}

impl RegionView {
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection, RegionId) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let region = self.region;
        self.lease.read(move |connection| read(connection, region)).await
    }
}

impl View for RegionView {}

/// Reads of what has no region.
struct WholeView {
    lease: Lease,
}

impl WholeView {
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.lease.read(read).await
    }
}

impl CityView for WholeView {}

/// Runs `work` in one transaction that takes the write lock at once.
fn transact<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(failed)?;
    let done = work(&transaction)?;
    transaction.commit().map_err(failed)?;
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_fits_the_schema() {
        let directory = tempfile::tempdir().unwrap();
        let mut connection = connect::writer(&directory.path().join(FILE), &Settings::default()).unwrap();
        migrate::migrate(&mut connection).unwrap();
        let lists = [
            attachments::STATEMENTS,
            audit::STATEMENTS,
            cases::STATEMENTS,
            clients::STATEMENTS,
            contacts::STATEMENTS,
            counters::STATEMENTS,
            facts::STATEMENTS,
            find::STATEMENTS,
            idempotency::STATEMENTS,
            keys::STATEMENTS,
            origins::STATEMENTS,
            outbox::STATEMENTS,
            people::STATEMENTS,
            publications::STATEMENTS,
            repromises::STATEMENTS,
            roots::STATEMENTS,
            sessions::STATEMENTS,
            tasks::STATEMENTS,
            texts::STATEMENTS,
            tries::STATEMENTS,
            upkeep::STATEMENTS,
            uploads::STATEMENTS,
            words::STATEMENTS,
        ];
        for sql in lists.concat() {
            connection.prepare(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
        }
    }

    #[test]
    fn a_database_of_a_newer_release_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        drop(SqliteStore::open(directory.path(), Settings::default()).unwrap());
        let connection = Connection::open(directory.path().join(FILE)).unwrap();
        connection.execute("insert into migrations (name) values ('9999_later')", []).unwrap();
        drop(connection);
        let refused = SqliteStore::open(directory.path(), Settings::default()).err();
        assert!(matches!(refused, Some(StoreError::Failed(_))), "{refused:?}");
    }
}
