//! Brings the schema up to date: numbered files, each run once, in order, under a lock.

use crate::{
    error::{pool_error, store_error},
    tx::Held,
};
use deadpool_postgres::Pool;
use gewu_store::StoreError;

/// Number, name and statements. A file that has been released never changes: what follows is a new file.
const MIGRATIONS: &[(i32, &str, &str)] = &[
    (1, "the_record", include_str!("../migrations/0001_the_record.sql")),
    (2, "photos", include_str!("../migrations/0002_photos.sql")),
    (3, "accounts", include_str!("../migrations/0003_accounts.sql")),
    (4, "keys", include_str!("../migrations/0004_keys.sql")),
    (6, "import", include_str!("../migrations/0006_import.sql")),
    (8, "calendars", include_str!("../migrations/0008_calendars.sql")),
];

/// The number this program knows.
pub(crate) fn known() -> i32 {
    MIGRATIONS.last().map_or(0, |last| last.0)
}

#[derive(Debug, thiserror::Error)]
#[error("the database has schema {found}, this program knows {known}: start the newer program that made it")]
struct Newer {
    found: i32,
    known: i32,
}

const BEGIN: &str = "begin";
const COMMIT: &str = "commit";
const LOCK: &str = "select pg_advisory_xact_lock(7305804402)";
const TABLE: &str = "create table if not exists migrations (
    number integer not null, name text not null, applied_at timestamptz not null default now(),
    constraint migrations_pk primary key (number))";
pub(crate) const LAST: &str = "select coalesce(max(number), 0) from migrations";
const RECORD: &str = "insert into migrations (number, name) values ($1, $2)";

/// Applies what is missing, all or nothing. Several programs may start at once.
pub(crate) async fn bring_up(pool: &Pool) -> Result<(), StoreError> {
    let client = Held::from(pool).await.map_err(pool_error)?;
    client.batch_execute(BEGIN).await.map_err(store_error)?;
    client.batch_execute(LOCK).await.map_err(store_error)?;
    client.batch_execute(TABLE).await.map_err(store_error)?;
    let found: i32 = client.query_one_scalar(LAST, &[]).await.map_err(store_error)?;
    if found > known() {
        return Err(StoreError::Failed(Box::new(Newer { found, known: known() })));
    }
    for (number, name, statements) in MIGRATIONS.iter().filter(|migration| migration.0 > found) {
        client.batch_execute(statements).await.map_err(store_error)?;
        client.execute(RECORD, &[number, name]).await.map_err(store_error)?;
        tracing::info!(number, name, "schema brought up to date");
    }
    client.batch_execute(COMMIT).await.map_err(store_error)?;
    client.release();
    Ok(())
}
