//! Words, apart from the record.

use crate::{
    row::{Stored, ms},
    snapshot::RegionSnapshot,
    tx::Tx,
};
use async_trait::async_trait;
use gewu_domain::ids::{CaseId, Digest};
use gewu_store::{
    StoreError,
    texts::{TextRow, Texts},
};
use tokio_postgres::{Error, Row};

pub(crate) const OF_CASE: &str = "
    select case_id, digest, salt, body, giver, written_at
    from texts where region = $1 and case_id = $2 order by written_at, digest";

#[async_trait]
impl Texts for RegionSnapshot {
    async fn texts(&self, case: CaseId) -> Result<Vec<TextRow>, StoreError> {
        self.snapshot.rows(OF_CASE, &[&self.region, &case.0]).await?.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<TextRow, StoreError> {
    let row = Stored { row, table: "texts", key: &["case_id", "digest"] };
    Ok(TextRow {
        case: CaseId(row.take("case_id")?),
        digest: row.digest("digest")?,
        salt: row.take::<&[u8]>("salt")?.try_into().map_err(|_| row.corrupt("salt", "a salt has 16 bytes"))?,
        body: row.take("body")?,
        by: row.giver("giver")?,
        written_at: row.time("written_at")?,
    })
}

pub(crate) const INSERT: &str = "
    insert into texts (region, case_id, digest, salt, body, giver, written_at)
    select region, case_id, digest, salt, body, giver, written_at
    from unnest($1::int8[], $2::uuid[], $3::bytea[], $4::bytea[], $5::text[], $6::text[], $7::int8[])
        as new (region, case_id, digest, salt, body, giver, written_at)
    on conflict (region, case_id, digest) do nothing";

/// The same digest is the same words.
pub(crate) async fn insert(tx: &Tx, rows: &[(i64, &TextRow)]) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let region: Vec<_> = rows.iter().map(|row| row.0).collect();
    let case: Vec<_> = rows.iter().map(|row| row.1.case.0).collect();
    let digest: Vec<_> = rows.iter().map(|row| row.1.digest.0.as_slice()).collect();
    let salt: Vec<_> = rows.iter().map(|row| row.1.salt.as_slice()).collect();
    let body: Vec<_> = rows.iter().map(|row| row.1.body.as_str()).collect();
    let giver: Vec<_> = rows.iter().map(|row| row.1.by.code()).collect();
    let written_at: Vec<_> = rows.iter().map(|row| ms(row.1.written_at)).collect();
    tx.run(INSERT, &[&region, &case, &digest, &salt, &body, &giver, &written_at]).await?;
    Ok(())
}

pub(crate) const ERASE: &str = "delete from texts where region = $1 and case_id = $2 and giver = 'reporter'";

pub(crate) async fn erase(tx: &Tx, region: i64, case: CaseId) -> Result<(), Error> {
    tx.run(ERASE, &[&region, &case.0]).await?;
    Ok(())
}

pub(crate) const ERASE_ONE: &str = "delete from texts where region = $1 and case_id = $2 and digest = $3";

pub(crate) async fn erase_one(tx: &Tx, region: i64, case: CaseId, digest: Digest) -> Result<(), Error> {
    tx.run(ERASE_ONE, &[&region, &case.0, &digest.0.as_slice()]).await?;
    Ok(())
}
