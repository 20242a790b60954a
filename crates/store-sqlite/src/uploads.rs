//! Rows of photos that wait to be named.

use crate::{
    WholeView,
    error::{broken, failed, taken},
    row::{Cells, ms, one, run, statements},
};
use async_trait::async_trait;
use gewu_domain::ids::Digest;
use gewu_store::{
    StoreError,
    uploads::{UploadRow, Uploads},
};
use jiff::Timestamp;
use rusqlite::{Connection, params};

statements! {
    INSERT = "insert into uploads (token, digest, thumbnail, bytes, width, height, sent, holder, ends_at)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    TAKE = "delete from uploads where token = ?1";
    SWEEP = "delete from uploads where ends_at < ?1";
    HOLDS = "select exists (select 1 from uploads where digest = ?1)
        or exists (select 1 from uploads where thumbnail = ?1)";
    BY_TOKEN = "select token, digest, thumbnail, bytes, width, height, sent, holder, ends_at from uploads where token = ?1";
}

pub(crate) fn insert(connection: &Connection, upload: &UploadRow) -> Result<(), StoreError> {
    let bytes = i64::try_from(upload.bytes).map_err(|error| broken(error.to_string()))?;
    let values = params![
        upload.token.0,
        upload.digest.0,
        upload.thumbnail.0,
        bytes,
        upload.width,
        upload.height,
        upload.sent.0,
        upload.holder,
        ms(upload.ends_at),
    ];
    run(connection, INSERT, values).map(drop).map_err(taken("upload"))
}

pub(crate) fn take(connection: &Connection, token: Digest) -> Result<(), StoreError> {
    match run(connection, TAKE, [token.0]).map_err(failed)? {
        0 => Err(StoreError::Taken { what: "upload" }),
        _ => Ok(()),
    }
}

pub(crate) fn sweep(connection: &Connection, now: Timestamp) -> Result<usize, StoreError> {
    run(connection, SWEEP, [ms(now)]).map_err(failed)
}

/// Does an upload wait for this file or thumbnail?
pub(crate) fn holds(connection: &Connection, digest: Digest) -> Result<bool, StoreError> {
    one(connection, HOLDS, [digest.0], |row| row.get(0).map_err(failed)).map(|holds| holds.unwrap_or(false))
}

#[async_trait]
impl Uploads for WholeView {
    async fn upload(&self, token: Digest) -> Result<Option<UploadRow>, StoreError> {
        self.read(move |connection| {
            one(connection, BY_TOKEN, [token.0], |row| {
                let cells = Cells::of(row, "uploads");
                Ok(UploadRow {
                    token: cells.digest(0, "token")?,
                    digest: cells.digest(1, "digest")?,
                    thumbnail: cells.digest(2, "thumbnail")?,
                    bytes: cells.count(3, "bytes")?,
                    width: cells.cell(4, "width")?,
                    height: cells.cell(5, "height")?,
                    sent: cells.digest(6, "sent")?,
                    holder: cells.cell(7, "holder")?,
                    ends_at: cells.time(8, "ends_at")?,
                })
            })
        })
        .await
    }
}
