//! The keys the record was written with.

use crate::{
    error::failed,
    row::{Cells, all, ms, one, run, statements},
};
use gewu_domain::ids::Digest;
use gewu_store::{StoreError, keys::KeyRow};
use rusqlite::{Connection, params};

statements! {
    INSERT = "insert into keys (purpose, number, digest, noted_at) values (?1, ?2, ?3, ?4)
        on conflict (purpose, number) do nothing";
    DIGEST = "select digest from keys where purpose = ?1 and number = ?2";
    DELETE = "delete from keys where purpose = ?1 and number = ?2";
    ALL = "select purpose, number, digest, noted_at from keys order by purpose, number";
}

pub(crate) fn put(connection: &Connection, key: &KeyRow) -> Result<(), StoreError> {
    let values = params![key.purpose, key.number, key.digest.0, ms(key.noted_at)];
    run(connection, INSERT, values).map_err(failed)?;
    let stands: Option<Digest> =
        one(connection, DIGEST, params![key.purpose, key.number], |row| Cells::of(row, "keys").digest(0, "digest"))?;
    if stands == Some(key.digest) { Ok(()) } else { Err(StoreError::Taken { what: "key" }) }
}

pub(crate) fn drop(connection: &Connection, purpose: &str, number: u16) -> Result<(), StoreError> {
    run(connection, DELETE, params![purpose, number]).map(|_| ()).map_err(failed)
}

pub(crate) fn list(connection: &Connection) -> Result<Vec<KeyRow>, StoreError> {
    all(connection, ALL, [], |row| {
        let cells = Cells::of(row, "keys");
        Ok(KeyRow {
            purpose: cells.cell(0, "purpose")?,
            number: cells.cell(1, "number")?,
            digest: cells.digest(2, "digest")?,
            noted_at: cells.time(3, "noted_at")?,
        })
    })
}
