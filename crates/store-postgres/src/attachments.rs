//! Rows of the photos of a case.

use crate::{
    row::{Stored, long, ms},
    snapshot::RegionSnapshot,
    tx::Tx,
};
use async_trait::async_trait;
use gewu_domain::ids::{CaseId, Digest};
use gewu_store::{
    StoreError,
    attachments::{AttachmentRow, Attachments},
};
use tokio_postgres::{Error, Row};

pub(crate) const OF_CASE: &str = "
    select case_id, digest, thumbnail, media_type, bytes, width, height, giver, given_at, is_public
    from attachments where region = $1 and case_id = $2 order by given_at, digest";
pub(crate) const ANY: &str = "
    select case_id, digest, thumbnail, media_type, bytes, width, height, giver, given_at, is_public
    from attachments where region = $1 and (digest = $2 or thumbnail = $2)
    order by is_public desc, case_id limit 1";

#[async_trait]
impl Attachments for RegionSnapshot {
    async fn attachments(&self, case: CaseId) -> Result<Vec<AttachmentRow>, StoreError> {
        self.snapshot.rows(OF_CASE, &[&self.region, &case.0]).await?.iter().map(read).collect()
    }

    async fn attachment(&self, digest: Digest) -> Result<Option<AttachmentRow>, StoreError> {
        self.snapshot.row(ANY, &[&self.region, &digest.0.as_slice()]).await?.as_ref().map(read).transpose()
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
        is_public: row.take("is_public")?,
    })
}

pub(crate) const INSERT: &str = "
    insert into attachments
        (region, case_id, digest, thumbnail, media_type, bytes, width, height, giver, given_at, is_public)
    select region, case_id, digest, thumbnail, media_type, bytes, width, height, giver, given_at, is_public
    from unnest($1::int8[], $2::uuid[], $3::bytea[], $4::bytea[], $5::text[], $6::int8[], $7::int8[], $8::int8[],
        $9::text[], $10::int8[], $11::bool[])
        as new (region, case_id, digest, thumbnail, media_type, bytes, width, height, giver, given_at, is_public)
    on conflict (region, case_id, digest) do update set thumbnail = excluded.thumbnail,
        media_type = excluded.media_type, bytes = excluded.bytes, width = excluded.width, height = excluded.height,
        giver = excluded.giver, given_at = excluded.given_at, is_public = excluded.is_public";

/// Inserts them, or puts them in the place of what stood.
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
    let is_public: Vec<_> = rows.iter().map(|row| row.1.is_public).collect();
    tx.run(
        INSERT,
        &[&region, &case, &digest, &thumbnail, &media_type, &bytes, &width, &height, &giver, &given_at, &is_public],
    )
    .await?;
    Ok(())
}

pub(crate) const ERASE: &str = "delete from attachments where region = $1 and case_id = $2 and giver = 'reporter'";

/// Removes the rows of what the reporter gave; the files go when nothing refers to them any more.
pub(crate) async fn erase(tx: &Tx, region: i64, case: CaseId) -> Result<(), Error> {
    tx.run(ERASE, &[&region, &case.0]).await?;
    Ok(())
}
