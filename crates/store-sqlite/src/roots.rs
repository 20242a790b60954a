//! Daily roots, and days opened again.

use crate::{
    RegionView,
    error::{broken, failed, taken},
    row::{Cells, all, day, ms, one, run, statements},
};
use async_trait::async_trait;
use gewu_domain::{
    ids::{PersonId, RegionId},
    record::Reopening,
};
use gewu_store::{
    StoreError,
    roots::{ReopenedDay, RootRow, Roots},
};
use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};
use rusqlite::{Connection, Row, params};

statements! {
    INSERT = "insert into roots (region, day, root, facts) values (?1, ?2, ?3, ?4)";
    OF_DAY = "select day, root, facts from roots where region = ?1 and day = ?2";
    OF_REGION = "select day, root, facts from roots where region = ?1 order by day";
    LAST = "select day, root, facts from roots where region = ?1 order by day desc limit 1";
    /// Steps from region to region instead of reading every root.
    LAST_DAYS = "with recursive known (region) as (
            select min(region) from roots
            union all
            select (select min(r.region) from roots r where r.region > known.region) from known where known.region is not null)
        select region, (select max(r.day) from roots r where r.region = known.region) from known
        where region is not null order by region";
    RECORDED = "select count(*) from facts where region = ?1 and recorded_at >= ?2 and recorded_at < ?3";
    REMOVE = "delete from roots where region = ?1 and day >= ?2";
    NOTE = "insert into reopened_days (region, no, day, previous, removed, at, person, reason, hash)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    REOPENED = "select no, day, previous, removed, at, person, reason, hash from reopened_days where region = ?1 order by no";
}

/// Refuses what was recorded on a day that has its root, or before it.
pub(crate) fn takes(connection: &Connection, region: RegionId, recorded_at: &[Timestamp]) -> Result<(), StoreError> {
    let Some(last) = one(connection, LAST, [region.0], decode)? else { return Ok(()) };
    let first = recorded_at.iter().min().map(|at| at.to_zoned(TimeZone::UTC).date());
    match first {
        Some(first) if first <= last.day => Err(StoreError::Sealed { day: last.day }),
        _ => Ok(()),
    }
}

/// Stores a day's root once, if it covers every fact of the day.
pub(crate) fn put(connection: &Connection, region: RegionId, root: RootRow) -> Result<(), StoreError> {
    match one(connection, OF_DAY, params![region.0, day(root.day)], decode)? {
        Some(stood) if stood == root => Ok(()),
        Some(_) => Err(StoreError::Taken { what: "root of the day" }),
        None => {
            let facts = i64::try_from(root.facts).map_err(|error| broken(error.to_string()))?;
            let (from, to) = (midnight(root.day)?, midnight(root.day.saturating_add(Span::new().days(1)))?);
            let recorded = one(connection, RECORDED, params![region.0, from, to], |row| {
                Cells::of(row, "facts").cell::<i64>(0, "recorded_at")
            })?;
            if recorded != Some(facts) {
                return Err(StoreError::Stale { what: format!("facts of {}", root.day) });
            }
            run(connection, INSERT, params![region.0, day(root.day), root.root.0, facts]).map(drop).map_err(failed)
        }
    }
}

fn midnight(day: Date) -> Result<i64, StoreError> {
    let midnight = day.to_zoned(TimeZone::UTC).map_err(|error| broken(error.to_string()))?;
    Ok(midnight.timestamp().as_millisecond())
}

/// Takes roots away, the last of which is `removed`, and notes it.
pub(crate) fn reopen(connection: &Connection, reopened: &ReopenedDay) -> Result<(), StoreError> {
    let ReopenedDay { reopening, hash } = reopened;
    let region = reopening.region.0;
    let last = one(connection, LAST, [region], decode)?;
    if last.is_none_or(|last| last.root != reopening.removed || last.day < reopening.day) {
        return Err(StoreError::Stale { what: format!("roots of {region}") });
    }
    run(connection, REMOVE, params![region, day(reopening.day)]).map_err(failed)?;
    let person = reopening.by.map(|person| *person.0.as_bytes());
    let values = params![
        region,
        reopening.no,
        day(reopening.day),
        reopening.previous.0,
        reopening.removed.0,
        ms(reopening.at),
        person,
        reopening.reason,
        hash.0
    ];
    run(connection, NOTE, values).map(drop).map_err(taken("number of the reopening"))
}

/// The last day of each region that has a root.
pub(crate) fn last_days(connection: &Connection) -> Result<Vec<(RegionId, Date)>, StoreError> {
    all(connection, LAST_DAYS, [], |row| {
        let cells = Cells::of(row, "roots");
        Ok((RegionId(cells.cell(0, "region")?), cells.date(1, "day")?))
    })
}

fn decode(row: &Row<'_>) -> Result<RootRow, StoreError> {
    let cells = Cells::of(row, "roots");
    Ok(RootRow { day: cells.date(0, "day")?, root: cells.digest(1, "root")?, facts: cells.count(2, "facts")? })
}

fn decode_reopened(row: &Row<'_>, region: RegionId) -> Result<ReopenedDay, StoreError> {
    let cells = Cells::of(row, "reopened_days");
    let reopening = Reopening {
        region,
        no: cells.cell(0, "no")?,
        day: cells.date(1, "day")?,
        previous: cells.digest(2, "previous")?,
        removed: cells.digest(3, "removed")?,
        at: cells.time(4, "at")?,
        by: cells.maybe_id(5, "person", PersonId)?,
        reason: cells.cell(6, "reason")?,
    };
    Ok(ReopenedDay { reopening, hash: cells.digest(7, "hash")? })
}

#[async_trait]
impl Roots for RegionView {
    async fn roots(&self) -> Result<Vec<RootRow>, StoreError> {
        self.read(move |connection, region| all(connection, OF_REGION, [region.0], decode)).await
    }

    async fn reopened_days(&self) -> Result<Vec<ReopenedDay>, StoreError> {
        self.read(move |connection, region| all(connection, REOPENED, [region.0], |row| decode_reopened(row, region)))
            .await
    }
}
