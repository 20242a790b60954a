//! The outbox.

use crate::{
    error::{failed, taken},
    row::{Cells, Writing, all, ms, run, statements},
};
use gewu_domain::ids::{CaseId, RegionId};
use gewu_store::{StoreError, outbox::OutboxRow};
use jiff::Timestamp;
use rusqlite::{Connection, params};

statements! {
    INSERT = "insert into outbox (region, id, case_id, topic, body, at) values (?1, ?2, ?3, ?4, ?5, ?6)";
    WAITING = "select id, case_id, topic, body, at from outbox where region = ?1 and (claimed_at is null or claimed_at <= ?2)
        order by id limit ?3";
    CLAIM = "update outbox set claimed_at = ?3 where region = ?1 and id = ?2";
    SENT = "delete from outbox where region = ?1 and id = ?2";
}

pub(crate) fn insert(writing: &Writing<'_>, region: RegionId, row: &OutboxRow) -> Result<(), StoreError> {
    let case = row.case.map(|case| *case.0.as_bytes());
    let values = params![region.0, row.id.to_be_bytes(), case, row.topic, row.body, ms(row.at)];
    writing.run(INSERT, values).map(drop).map_err(taken("outbox row"))
}

/// Claims rows that nobody has claimed since the lease began.
pub(crate) fn claim(
    connection: &Connection,
    region: RegionId,
    now: Timestamp,
    lease_s: u32,
    most: u16,
) -> Result<Vec<OutboxRow>, StoreError> {
    let lapsed = ms(now).saturating_sub(i64::from(lease_s) * 1_000);
    let rows = all(connection, WAITING, params![region.0, lapsed, most], |row| {
        let cells = Cells::of(row, "outbox");
        Ok(OutboxRow {
            id: cells.cell(0, "id").map(u128::from_be_bytes)?,
            case: cells.maybe_id(1, "case_id", CaseId)?,
            topic: cells.cell(2, "topic")?,
            body: cells.cell(3, "body")?,
            at: cells.time(4, "at")?,
        })
    })?;
    for row in &rows {
        run(connection, CLAIM, params![region.0, row.id.to_be_bytes(), ms(now)]).map_err(failed)?;
    }
    Ok(rows)
}

pub(crate) fn sent(connection: &Connection, region: RegionId, ids: &[u128]) -> Result<(), StoreError> {
    for id in ids {
        run(connection, SENT, params![region.0, id.to_be_bytes()]).map_err(failed)?;
    }
    Ok(())
}
