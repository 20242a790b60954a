//! Numbers of other systems, and the cases they are.

use crate::{
    row::{Stored, region as column},
    snapshot::Snapshot,
    tx::Tx,
};
use async_trait::async_trait;
use gewu_domain::ids::{CaseId, RegionId};
use gewu_store::{
    StoreError,
    origins::{OriginRow, Origins},
};
use tokio_postgres::{Error, Row};

pub(crate) const NUMBERED: &str = "
    select number, system, of_region, case_id, said from origins where number = $1 order by system collate \"C\"";
pub(crate) const OF_CASE: &str = "
    select number, system, of_region, case_id, said from origins where of_region = $1 and case_id = $2";

#[async_trait]
impl Origins for Snapshot {
    async fn origins(&self, number: &str) -> Result<Vec<OriginRow>, StoreError> {
        self.rows(NUMBERED, &[&number]).await?.iter().map(read).collect()
    }

    async fn origin_of(&self, region: RegionId, case: CaseId) -> Result<Option<OriginRow>, StoreError> {
        self.row(OF_CASE, &[&column(region), &case.0]).await?.as_ref().map(read).transpose()
    }
}

fn read(row: &Row) -> Result<OriginRow, StoreError> {
    let row = Stored { row, table: "origins", key: &["case_id"] };
    Ok(OriginRow {
        number: row.take("number")?,
        system: row.take("system")?,
        region: RegionId(row.number::<i64, _>("of_region")?),
        case: CaseId(row.take("case_id")?),
        said: row.take("said")?,
    })
}

pub(crate) const INSERT: &str = "
    insert into origins (number, system, of_region, case_id, said)
    select number, system, of_region, case_id, said
    from unnest($1::text[], $2::text[], $3::int8[], $4::uuid[], $5::bytea[])
        as new (number, system, of_region, case_id, said)";

pub(crate) async fn insert(tx: &Tx, rows: &[&OriginRow]) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let number: Vec<_> = rows.iter().map(|row| row.number.as_str()).collect();
    let system: Vec<_> = rows.iter().map(|row| row.system.as_str()).collect();
    let of_region: Vec<_> = rows.iter().map(|row| column(row.region)).collect();
    let case: Vec<_> = rows.iter().map(|row| row.case.0).collect();
    let said: Vec<_> = rows.iter().map(|row| row.said.as_slice()).collect();
    tx.run(INSERT, &[&number, &system, &of_region, &case, &said]).await?;
    Ok(())
}

pub(crate) const PUT_SAID: &str = "update origins set said = $3 where number = $1 and system = $2";

pub(crate) async fn put_said(tx: &Tx, number: &str, system: &str, said: &[u8]) -> Result<(), Error> {
    tx.run(PUT_SAID, &[&number, &system, &said]).await?;
    Ok(())
}
