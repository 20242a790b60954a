//! Rows of photos that wait to be named.

use crate::{
    row::{Stored, long, ms},
    snapshot::Snapshot,
    tx::Tx,
};
use async_trait::async_trait;
use gewu_domain::ids::Digest;
use gewu_store::{
    StoreError,
    uploads::{UploadRow, Uploads},
};
use tokio_postgres::Error;

pub(crate) const ONE: &str = "
    select token, digest, thumbnail, bytes, width, height, sent, holder, ends_at from uploads where token = $1";

#[async_trait]
impl Uploads for Snapshot {
    async fn upload(&self, token: Digest) -> Result<Option<UploadRow>, StoreError> {
        let Some(row) = self.row(ONE, &[&token.0.as_slice()]).await? else { return Ok(None) };
        let row = Stored { row: &row, table: "uploads", key: &["digest"] };
        Ok(Some(UploadRow {
            token: row.digest("token")?,
            digest: row.digest("digest")?,
            thumbnail: row.digest("thumbnail")?,
            bytes: row.number::<i64, _>("bytes")?,
            width: row.number::<i64, _>("width")?,
            height: row.number::<i64, _>("height")?,
            sent: row.digest("sent")?,
            holder: row.take("holder")?,
            ends_at: row.time("ends_at")?,
        }))
    }
}

pub(crate) const INSERT: &str = "
    insert into uploads (token, digest, thumbnail, bytes, width, height, sent, holder, ends_at)
    select token, digest, thumbnail, bytes, width, height, sent, holder, ends_at
    from unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::int8[], $5::int8[], $6::int8[], $7::bytea[], $8::text[],
        $9::int8[]) as new (token, digest, thumbnail, bytes, width, height, sent, holder, ends_at)";

pub(crate) async fn insert(tx: &Tx, rows: &[&UploadRow]) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let token: Vec<_> = rows.iter().map(|row| row.token.0.as_slice()).collect();
    let digest: Vec<_> = rows.iter().map(|row| row.digest.0.as_slice()).collect();
    let thumbnail: Vec<_> = rows.iter().map(|row| row.thumbnail.0.as_slice()).collect();
    let bytes: Vec<_> = rows.iter().map(|row| long(row.bytes)).collect();
    let width: Vec<_> = rows.iter().map(|row| i64::from(row.width)).collect();
    let height: Vec<_> = rows.iter().map(|row| i64::from(row.height)).collect();
    let sent: Vec<_> = rows.iter().map(|row| row.sent.0.as_slice()).collect();
    let holder: Vec<_> = rows.iter().map(|row| row.holder.as_deref()).collect();
    let ends_at: Vec<_> = rows.iter().map(|row| ms(row.ends_at)).collect();
    tx.run(INSERT, &[&token, &digest, &thumbnail, &bytes, &width, &height, &sent, &holder, &ends_at]).await?;
    Ok(())
}

pub(crate) const TAKE: &str = "delete from uploads where token = any($1) returning token";

/// Takes them and gives the tokens that were there.
pub(crate) async fn take(tx: &Tx, tokens: &[Digest]) -> Result<Vec<Digest>, Error> {
    if tokens.is_empty() {
        return Ok(Vec::new());
    }
    let asked: Vec<_> = tokens.iter().map(|token| token.0.as_slice()).collect();
    let taken = tx.rows(TAKE, &[&asked]).await?;
    let taken = taken.iter().map(|row| row.try_get::<_, &[u8]>(0));
    let mut found = Vec::new();
    for token in taken {
        found.extend(<[u8; 32]>::try_from(token?).map(Digest));
    }
    Ok(found)
}
