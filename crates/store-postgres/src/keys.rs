//! The keys the record was written with; they are put by `upkeep`.

use crate::row::Stored;
use gewu_store::{StoreError, keys::KeyRow};
use tokio_postgres::Row;

pub(crate) const INSERT: &str = "
    insert into keys (purpose, number, digest, noted_at) values ($1, $2, $3, $4) on conflict (purpose, number) do nothing";
pub(crate) const ONE: &str = "select purpose, number, digest, noted_at from keys where purpose = $1 and number = $2";
pub(crate) const DELETE: &str = "delete from keys where purpose = $1 and number = $2";
pub(crate) const ALL: &str =
    "select purpose, number, digest, noted_at from keys order by purpose collate \"C\", number";

pub(crate) fn read(row: &Row) -> Result<KeyRow, StoreError> {
    let row = Stored { row, table: "keys", key: &["purpose", "number"] };
    Ok(KeyRow {
        purpose: row.take("purpose")?,
        number: row.number::<i32, _>("number")?,
        digest: row.digest("digest")?,
        noted_at: row.time("noted_at")?,
    })
}
