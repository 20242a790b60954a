//! Rows of photos.

use crate::{
    RegionView,
    error::{broken, failed},
    row::{Cells, all, ms, one, run, statements},
};
use async_trait::async_trait;
use gewu_domain::ids::{CaseId, Digest, RegionId};
use gewu_store::{
    StoreError,
    attachments::{AttachmentRow, Attachments},
    texts::Giver,
};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

statements! {
    PUT = "insert into attachments (region, case_id, digest, thumbnail, media_type, bytes, width, height, giver, given_at,
        is_public) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0)
        on conflict (region, case_id, digest) do nothing";
    NOTE_ERASURE = "insert into erasures (region, case_id, at) values (?1, ?2, ?3)
        on conflict (region, case_id) do update set at = max(at, excluded.at)";
    ERASED_AT = "select at from erasures where region = ?1 and case_id = ?2";
    ERASE_GIVEN = "delete from attachments where region = ?1 and case_id = ?2 and giver = ?3";
    OF_CASE = "select case_id, digest, thumbnail, media_type, bytes, width, height, giver, given_at
        from attachments where region = ?1 and case_id = ?2 order by given_at, digest";
    HOLDS = "select exists (select 1 from attachments where region = ?1 and digest = ?2)
        or exists (select 1 from attachments where region = ?1 and thumbnail = ?2)";
}

/// Keeps a photo's row; one that stands stays as it is.
pub(crate) fn put(connection: &Connection, region: RegionId, photo: &AttachmentRow) -> Result<(), StoreError> {
    let bytes = i64::try_from(photo.bytes).map_err(|error| broken(error.to_string()))?;
    let values = params![
        region.0,
        photo.case.0.as_bytes(),
        photo.digest.0,
        photo.thumbnail.0,
        photo.media_type,
        bytes,
        photo.width,
        photo.height,
        photo.by.code(),
        ms(photo.given_at),
    ];
    run(connection, PUT, values).map(drop).map_err(failed)
}

/// Takes out what the reporter gave, and notes that it was done.
pub(crate) fn erase_given(
    connection: &Connection,
    region: RegionId,
    case: CaseId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let values = params![region.0, case.0.as_bytes(), Giver::Reporter.code()];
    run(connection, ERASE_GIVEN, values).map_err(failed)?;
    run(connection, NOTE_ERASURE, params![region.0, case.0.as_bytes(), ms(at)]).map(drop).map_err(failed)
}

/// Does a case of the region hold this file or thumbnail?
pub(crate) fn holds(connection: &Connection, region: RegionId, digest: Digest) -> Result<bool, StoreError> {
    let holds = one(connection, HOLDS, params![region.0, digest.0], |row| row.get(0).map_err(failed))?;
    Ok(holds.unwrap_or(false))
}

fn decode(row: &Row<'_>) -> Result<AttachmentRow, StoreError> {
    let cells = Cells::of_case(row, "attachments");
    Ok(AttachmentRow {
        case: cells.id(0, "case_id", CaseId)?,
        digest: cells.digest(1, "digest")?,
        thumbnail: cells.digest(2, "thumbnail")?,
        media_type: cells.cell(3, "media_type")?,
        bytes: cells.count(4, "bytes")?,
        width: cells.cell(5, "width")?,
        height: cells.cell(6, "height")?,
        by: cells.code(7, "giver", Giver::from_code)?,
        given_at: cells.time(8, "given_at")?,
    })
}

#[async_trait]
impl Attachments for RegionView {
    async fn attachments(&self, case: CaseId) -> Result<Vec<AttachmentRow>, StoreError> {
        self.read(move |connection, region| all(connection, OF_CASE, params![region.0, case.0.as_bytes()], decode))
            .await
    }

    async fn erased_at(&self, case: CaseId) -> Result<Option<Timestamp>, StoreError> {
        self.read(move |connection, region| {
            one(connection, ERASED_AT, params![region.0, case.0.as_bytes()], |row| {
                Cells::of(row, "erasures").time(0, "at")
            })
        })
        .await
    }
}
