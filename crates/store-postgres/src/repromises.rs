//! How far promises have been made anew.

use crate::{
    row::{Stored, long, ms},
    snapshot::RegionSnapshot,
    tx::Tx,
};
use async_trait::async_trait;
use gewu_domain::ids::CaseId;
use gewu_store::{
    StoreError,
    repromises::{RepromiseRow, Repromises},
};
use tokio_postgres::{Error, Row};
use uuid::Uuid;

pub(crate) const ALL: &str = "
    select calendar, version, last, cases, looked_at, repromised, begun_at, ended_at from repromises
    where region = $1 order by calendar collate \"C\", version";
pub(crate) const PUT: &str = "
    insert into repromises (region, calendar, version, last, cases, looked_at, repromised, begun_at, ended_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    on conflict (region, calendar, version) do update set last = excluded.last, cases = excluded.cases,
    looked_at = excluded.looked_at, repromised = excluded.repromised, begun_at = excluded.begun_at,
    ended_at = excluded.ended_at where excluded.looked_at >= repromises.looked_at";

#[async_trait]
impl Repromises for RegionSnapshot {
    async fn repromises(&self) -> Result<Vec<RepromiseRow>, StoreError> {
        self.snapshot.rows(ALL, &[&self.region]).await?.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<RepromiseRow, StoreError> {
    let row = Stored { row, table: "repromises", key: &["calendar", "version"] };
    Ok(RepromiseRow {
        calendar: row.take("calendar")?,
        version: row.number::<i64, _>("version")?,
        last: row.take::<Option<Uuid>>("last")?.map(CaseId),
        cases: row.number::<i64, _>("cases")?,
        looked_at: row.number::<i64, _>("looked_at")?,
        repromised: row.number::<i64, _>("repromised")?,
        begun_at: row.time("begun_at")?,
        ended_at: row.time_or_none("ended_at")?,
    })
}

/// There are few: one for each slice of a walk.
pub(crate) async fn put(tx: &Tx, rows: &[(i64, &RepromiseRow)]) -> Result<(), Error> {
    for (region, row) in rows {
        let (last, ended_at) = (row.last.map(|id| id.0), row.ended_at.map(ms));
        tx.run(
            PUT,
            &[
                region,
                &row.calendar,
                &i64::from(row.version),
                &last,
                &long(row.cases),
                &long(row.looked_at),
                &long(row.repromised),
                &ms(row.begun_at),
                &ended_at,
            ],
        )
        .await?;
    }
    Ok(())
}
