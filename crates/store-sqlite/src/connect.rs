//! Opening connections, each with what its task needs.

use crate::{Settings, error::failed};
use gewu_store::StoreError;
use rusqlite::{Connection, OpenFlags, config::DbConfig};
use std::{path::Path, time::Duration};

/// How long a connection waits for another process before it gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// Above the number of statements there are, so that each is prepared once.
const STATEMENTS: usize = 256;

/// Bytes of a page: fixed, so that a copy can be restored page by page.
pub(crate) const PAGE_BYTES: u64 = 4_096;

fn open(file: &Path, flags: OpenFlags, cache_bytes: u64) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(file, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(failed)?;
    connection.busy_timeout(PATIENCE).map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Otherwise a statement is planned anew whenever a bound value changes.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(failed)?;
    let settings = format!(
        "pragma page_size = {PAGE_BYTES}; pragma cache_size = -{}; pragma temp_store = memory; pragma foreign_keys = on;
         pragma secure_delete = on; pragma wal_autocheckpoint = 0; pragma synchronous = full; pragma trusted_schema = off;",
        cache_bytes / 1_024
    );
    connection.execute_batch(&settings).map_err(failed)?;
    Ok(connection)
}

/// The one connection that writes; makes the file when there is none.
pub(crate) fn writer(file: &Path, settings: &Settings) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connection = open(file, flags, settings.write_cache_bytes)?;
    connection.pragma_update(None, "journal_mode", "wal").map_err(failed)?;
    if let Some(bytes) = settings.most_bytes {
        let pages = i64::try_from(bytes / PAGE_BYTES).unwrap_or(i64::MAX);
        connection.pragma_update(None, "max_page_count", pages).map_err(failed)?;
    }
    Ok(connection)
}

/// For moving pages from the log into the database while the writer goes on.
pub(crate) fn checkpointer(file: &Path) -> Result<Connection, StoreError> {
    open(file, OpenFlags::SQLITE_OPEN_READ_WRITE, 1_048_576)
}

pub(crate) fn reader(file: &Path, cache_bytes: u64) -> Result<Connection, StoreError> {
    let connection = open(file, OpenFlags::SQLITE_OPEN_READ_WRITE, cache_bytes)?;
    connection.pragma_update(None, "query_only", "on").map_err(failed)?;
    Ok(connection)
}
