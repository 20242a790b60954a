//! How far promises have been made anew.

use crate::{
    RegionView,
    error::{broken, failed},
    row::{Cells, Writing, all, ms, statements},
};
use async_trait::async_trait;
use gewu_domain::ids::{CaseId, RegionId};
use gewu_store::{
    StoreError,
    repromises::{RepromiseRow, Repromises},
};
use rusqlite::{Row, params};

statements! {
    PUT = "insert into repromises (region, calendar, version, last, cases, looked_at, repromised, begun_at, ended_at)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        on conflict (region, calendar, version) do update set last = excluded.last, cases = excluded.cases,
        looked_at = excluded.looked_at, repromised = excluded.repromised, begun_at = excluded.begun_at,
        ended_at = excluded.ended_at where excluded.looked_at >= repromises.looked_at";
    OF_REGION = "select calendar, version, last, cases, looked_at, repromised, begun_at, ended_at from repromises
        where region = ?1 order by calendar, version";
}

pub(crate) fn put(writing: &Writing<'_>, region: RegionId, row: &RepromiseRow) -> Result<(), StoreError> {
    let number = |number: u64| i64::try_from(number).map_err(|error| broken(error.to_string()));
    let values = params![
        region.0,
        row.calendar,
        row.version,
        row.last.map(|id| *id.0.as_bytes()),
        number(row.cases)?,
        number(row.looked_at)?,
        number(row.repromised)?,
        ms(row.begun_at),
        row.ended_at.map(ms),
    ];
    writing.run(PUT, values).map(drop).map_err(failed)
}

fn decode(row: &Row<'_>) -> Result<RepromiseRow, StoreError> {
    let cells = Cells::of(row, "repromises");
    Ok(RepromiseRow {
        calendar: cells.cell(0, "calendar")?,
        version: cells.cell(1, "version")?,
        last: cells.maybe_id(2, "last", CaseId)?,
        cases: cells.count(3, "cases")?,
        looked_at: cells.count(4, "looked_at")?,
        repromised: cells.count(5, "repromised")?,
        begun_at: cells.time(6, "begun_at")?,
        ended_at: cells.maybe_time(7, "ended_at")?,
    })
}

#[async_trait]
impl Repromises for RegionView {
    async fn repromises(&self) -> Result<Vec<RepromiseRow>, StoreError> {
        self.read(move |connection, region| all(connection, OF_REGION, [region.0], decode)).await
    }
}
