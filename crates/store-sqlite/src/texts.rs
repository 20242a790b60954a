//! Words, apart from the record, erasable.

use crate::{
    RegionView,
    error::failed,
    row::{Cells, Writing, all, ms, run, statements},
};
use async_trait::async_trait;
use gewu_domain::ids::{CaseId, Digest, RegionId};
use gewu_store::{
    StoreError,
    texts::{Giver, TextRow, Texts},
};
use rusqlite::{Connection, Row, params};

statements! {
    INSERT = "insert into texts (region, case_id, digest, salt, body, giver, written_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        on conflict (region, case_id, digest) do nothing";
    ERASE_GIVEN = "delete from texts where region = ?1 and case_id = ?2 and giver = ?3";
    ERASE_ONE = "delete from texts where region = ?1 and case_id = ?2 and digest = ?3";
    OF_CASE = "select case_id, digest, salt, body, giver, written_at from texts where region = ?1 and case_id = ?2
        order by written_at, digest";
}

/// Keeps words; the same digest means the same words.
pub(crate) fn insert(writing: &Writing<'_>, region: RegionId, text: &TextRow) -> Result<(), StoreError> {
    let (case, giver) = (text.case.0.as_bytes(), text.by.code());
    let values = params![region.0, case, text.digest.0, text.salt, text.body, giver, ms(text.written_at)];
    writing.run(INSERT, values).map(drop).map_err(failed)
}

/// Takes out what the reporter wrote.
pub(crate) fn erase_given(connection: &Connection, region: RegionId, case: CaseId) -> Result<(), StoreError> {
    let values = params![region.0, case.0.as_bytes(), Giver::Reporter.code()];
    run(connection, ERASE_GIVEN, values).map(drop).map_err(failed)
}

pub(crate) fn erase_one(
    connection: &Connection,
    region: RegionId,
    case: CaseId,
    text: Digest,
) -> Result<(), StoreError> {
    run(connection, ERASE_ONE, params![region.0, case.0.as_bytes(), text.0]).map(drop).map_err(failed)
}

fn decode(row: &Row<'_>) -> Result<TextRow, StoreError> {
    let cells = Cells::of_case(row, "texts");
    Ok(TextRow {
        case: cells.id(0, "case_id", CaseId)?,
        digest: cells.digest(1, "digest")?,
        salt: cells.cell(2, "salt")?,
        body: cells.cell(3, "body")?,
        by: cells.code(4, "giver", Giver::from_code)?,
        written_at: cells.time(5, "written_at")?,
    })
}

#[async_trait]
impl Texts for RegionView {
    async fn texts(&self, case: CaseId) -> Result<Vec<TextRow>, StoreError> {
        self.read(move |connection, region| all(connection, OF_CASE, params![region.0, case.0.as_bytes()], decode))
            .await
    }
}
