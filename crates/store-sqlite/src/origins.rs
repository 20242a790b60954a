//! Numbers of other systems, and the cases they are.

use crate::{
    WholeView,
    error::{failed, taken},
    row::{Cells, Writing, all, one, run, statements},
};
use async_trait::async_trait;
use gewu_domain::ids::{CaseId, RegionId};
use gewu_store::{
    StoreError,
    origins::{OriginRow, Origins},
};
use rusqlite::{Connection, Row, params};

statements! {
    INSERT = "insert into origins (number, system, of_region, case_id, said) values (?1, ?2, ?3, ?4, ?5)";
    PUT_SAID = "update origins set said = ?3 where number = ?1 and system = ?2";
    NUMBERED = "select number, system, of_region, case_id, said from origins where number = ?1 order by system";
    OF_CASE = "select number, system, of_region, case_id, said from origins where of_region = ?1 and case_id = ?2";
}

pub(crate) fn insert(writing: &Writing<'_>, origin: &OriginRow) -> Result<(), StoreError> {
    let values = params![origin.number, origin.system, origin.region.0, origin.case.0.as_bytes(), origin.said];
    writing.run(INSERT, values).map(drop).map_err(taken("number of another system"))
}

pub(crate) fn put_said(connection: &Connection, number: &str, system: &str, said: &[u8]) -> Result<(), StoreError> {
    run(connection, PUT_SAID, params![number, system, said]).map(drop).map_err(failed)
}

fn decode(row: &Row<'_>) -> Result<OriginRow, StoreError> {
    let cells = Cells::of(row, "origins");
    Ok(OriginRow {
        number: cells.cell(0, "number")?,
        system: cells.cell(1, "system")?,
        region: RegionId(cells.cell(2, "of_region")?),
        case: cells.id(3, "case_id", CaseId)?,
        said: cells.cell(4, "said")?,
    })
}

#[async_trait]
impl Origins for WholeView {
    async fn origins(&self, number: &str) -> Result<Vec<OriginRow>, StoreError> {
        let number = number.to_owned();
        self.read(move |connection| all(connection, NUMBERED, [number], decode)).await
    }

    async fn origin_of(&self, region: RegionId, case: CaseId) -> Result<Option<OriginRow>, StoreError> {
        self.read(move |connection| one(connection, OF_CASE, params![region.0, case.0.as_bytes()], decode)).await
    }
}
