//! Rows of the photos of a case.

use crate::{
    row::{Stored, long, ms},
    snapshot::RegionSnapshot,
    tx::Tx,
};
use async_trait::async_trait;
use gewu_domain::ids::CaseId;
use gewu_store::{
    StoreError,
    attachments::{AttachmentRow, Attachments},
};
use jiff::Timestamp;
use tokio_postgres::{Error, Row};

pub(crate) const OF_CASE: &str = "
    select case_id, digest, thumbnail, media_type, bytes, width, height, giver, given_at
    from attachments where region = $1 and case_id = $2 order by given_at, digest";
pub(crate) const ERASED_AT: &str = "select at from erasures where region = $1 and case_id = $2";

#[async_trait]
impl Attachments for RegionSnapshot {
    async fn attachments(&self, case: CaseId) -> Result<Vec<AttachmentRow>, StoreError> {
        self.snapshot.rows(OF_CASE, &[&self.region, &case.0]).await?.iter().map(read).collect()
    }

    async fn erased_at(&self, case: CaseId) -> Result<Option<Timestamp>, StoreError> {
        let Some(row) = self.snapshot.row(ERASED_AT, &[&self.region, &case.0]).await? else { return Ok(None) };
        Stored { row: &row, table: "erasures", key: &[] }.time("at").map(Some)
    }
}

fn read(row: &Row) -> Result<AttachmentRow, StoreError> {
    let row = Stored { row, table: "attachments", key: &["case_id", "digest"] };
    Ok(AttachmentRow {
        case: CaseId(row.take("case_id")?),
        digest: row.digest("digest")?,
        thumbnail: row.digest("thumbnail")?,
        media_type: row.take("media_type")?,
        bytes: row.number::<i64, _>("bytes")?,
        width: row.number::<i64, _>("width")?,
        height: row.number::<i64, _>("height")?,
        by: row.giver("giver")?,
        given_at: row.time("given_at")?,
    })
}

pub(crate) const INSERT: &str = "
    insert into attachments
        (region, case_id, digest, thumbnail, media_type, bytes, width, height, giver, given_at, is_public)
    select region, case_id, digest, thumbnail, media_type, bytes, width, height, giver, given_at, false
    from unnest($1::int8[], $2::uuid[], $3::bytea[], $4::bytea[], $5::text[], $6::int8[], $7::int8[], $8::int8[],
        $9::text[], $10::int8[])
        as new (region, case_id, digest, thumbnail, media_type, bytes, width, height, giver, given_at)
    on conflict (region, case_id, digest) do nothing";

/// Inserts them; those that stand stay as they are.
pub(crate) async fn insert(tx: &Tx, rows: &[(i64, &AttachmentRow)]) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let region: Vec<_> = rows.iter().map(|row| row.0).collect();
    let case: Vec<_> = rows.iter().map(|row| row.1.case.0).collect();
    let digest: Vec<_> = rows.iter().map(|row| row.1.digest.0.as_slice()).collect();
    let thumbnail: Vec<_> = rows.iter().map(|row| row.1.thumbnail.0.as_slice()).collect();
    let media_type: Vec<_> = rows.iter().map(|row| row.1.media_type.as_str()).collect();
    let bytes: Vec<_> = rows.iter().map(|row| long(row.1.bytes)).collect();
    let width: Vec<_> = rows.iter().map(|row| i64::from(row.1.width)).collect();
    let height: Vec<_> = rows.iter().map(|row| i64::from(row.1.height)).collect();
    let giver: Vec<_> = rows.iter().map(|row| row.1.by.code()).collect();
    let given_at: Vec<_> = rows.iter().map(|row| ms(row.1.given_at)).collect();
    tx.run(INSERT, &[&region, &case, &digest, &thumbnail, &media_type, &bytes, &width, &height, &giver, &given_at])
        .await?;
    Ok(())
}

pub(crate) const ERASE: &str = "delete from attachments where region = $1 and case_id = $2 and giver = 'reporter'";

pub(crate) const NOTE_ERASURE: &str = "
    insert into erasures (region, case_id, at) values ($1, $2, $3)
    on conflict (region, case_id) do update set at = greatest(erasures.at, excluded.at)";

/// Removes the rows of what the reporter gave, and notes that it was done; the files go when nothing refers to them any
/// more.
pub(crate) async fn erase(tx: &Tx, region: i64, case: CaseId, at: Timestamp) -> Result<(), Error> {
    tx.run(ERASE, &[&region, &case.0]).await?;
    tx.run(NOTE_ERASURE, &[&region, &case.0, &ms(at)]).await?;
    Ok(())
}
