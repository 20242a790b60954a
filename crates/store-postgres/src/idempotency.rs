//! Idempotency keys and what was answered under them.

use crate::{
    row::{Stored, ms},
    snapshot::RegionSnapshot,
    tx::Tx,
};
use async_trait::async_trait;
use gewu_store::{
    StoreError,
    idempotency::{Answer, Idempotencies},
};
use tokio_postgres::{Error, Row};

pub(crate) const ONE: &str = "select key, request, body, at from answers where region = $1 and key = $2";

#[async_trait]
impl Idempotencies for RegionSnapshot {
    async fn answer(&self, key: &str) -> Result<Option<Answer>, StoreError> {
        self.snapshot.row(ONE, &[&self.region, &key]).await?.as_ref().map(read).transpose()
    }
}

pub(crate) fn read(row: &Row) -> Result<Answer, StoreError> {
    let row = Stored { row, table: "answers", key: &["key"] };
    Ok(Answer { key: row.take("key")?, request: row.digest("request")?, body: row.take("body")?, at: row.time("at")? })
}

pub(crate) const INSERT: &str = "
    insert into answers (region, key, request, body, at)
    select region, key, request, body, at
    from unnest($1::int8[], $2::text[], $3::bytea[], $4::text[], $5::int8[]) as new (region, key, request, body, at)
    on conflict (region, key) do nothing
    returning region, key";

/// Gives the keys that were free; those left out were used before.
pub(crate) async fn insert(tx: &Tx, rows: &[(i64, &Answer)]) -> Result<Vec<(i64, String)>, Error> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let region: Vec<_> = rows.iter().map(|row| row.0).collect();
    let key: Vec<_> = rows.iter().map(|row| row.1.key.as_str()).collect();
    let request: Vec<_> = rows.iter().map(|row| row.1.request.0.as_slice()).collect();
    let body: Vec<_> = rows.iter().map(|row| row.1.body.as_str()).collect();
    let at: Vec<_> = rows.iter().map(|row| ms(row.1.at)).collect();
    let free = tx.rows(INSERT, &[&region, &key, &request, &body, &at]).await?;
    free.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}
