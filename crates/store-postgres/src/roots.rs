//! Daily roots, and days opened again.
//!
//! Whoever writes facts holds [`SHARED`] until its transaction ends, whoever stores a root [`ALONE`]: so no fact comes to a
//! day between counting its facts and storing its root.

use crate::{
    row::{Stored, long, ms, region as column},
    snapshot::RegionSnapshot,
    tx::Tx,
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
use jiff::{Span, civil::Date, tz::TimeZone};
use tokio_postgres::{Error, Row};
use uuid::Uuid;

/// Begins a transaction in which facts may be written.
pub(crate) const SHARED: &str = "begin; select pg_advisory_xact_lock_shared(7305804403)";
/// Begins one in which no others write facts.
pub(crate) const ALONE: &str = "begin; select pg_advisory_xact_lock(7305804403)";

pub(crate) const ALL: &str = "select day, root, facts from roots where region = $1 order by day";
pub(crate) const REOPENED: &str = "
    select no, day, previous, removed, at, person, reason, hash from reopened_days where region = $1 order by no";
/// The last day that has a root, for each of these regions.
pub(crate) const SEALED: &str = "
    select asked.region, (select max(r.day) from roots r where r.region = asked.region) as day
    from unnest($1::int8[]) as asked (region)";
/// Steps from region to region instead of reading every root.
pub(crate) const LAST_DAYS: &str = "
    with recursive known (region) as (
        select min(region) from roots
        union all
        select (select min(r.region) from roots r where r.region > known.region)
        from known where known.region is not null)
    select region, (select max(r.day) from roots r where r.region = known.region) as day
    from known where region is not null order by region";
pub(crate) const OF_DAY: &str = "select day, root, facts from roots where region = $1 and day = $2";
pub(crate) const LAST: &str = "select day, root, facts from roots where region = $1 order by day desc limit 1";
pub(crate) const RECORDED: &str = "
    select count(*) as facts from facts
    where region = $1 and coalesce(late_at, at) >= $2 and coalesce(late_at, at) < $3";
pub(crate) const INSERT: &str = "insert into roots (region, day, root, facts) values ($1, $2, $3, $4)";
pub(crate) const REMOVE: &str = "delete from roots where region = $1 and day >= $2";
pub(crate) const NOTE: &str = "
    insert into reopened_days (region, no, day, previous, removed, at, person, reason, hash)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

#[async_trait]
impl Roots for RegionSnapshot {
    async fn roots(&self) -> Result<Vec<RootRow>, StoreError> {
        self.snapshot.rows(ALL, &[&self.region]).await?.iter().map(read).collect()
    }

    async fn reopened_days(&self) -> Result<Vec<ReopenedDay>, StoreError> {
        self.snapshot.rows(REOPENED, &[&self.region]).await?.iter().map(|row| read_reopened(row, self.region)).collect()
    }
}

pub(crate) fn read(row: &Row) -> Result<RootRow, StoreError> {
    let row = Stored { row, table: "roots", key: &["day"] };
    Ok(RootRow { day: row.take("day")?, root: row.digest("root")?, facts: row.number::<i64, _>("facts")? })
}

fn read_reopened(row: &Row, region: i64) -> Result<ReopenedDay, StoreError> {
    let row = Stored { row, table: "reopened_days", key: &["no"] };
    let reopening = Reopening {
        region: RegionId(u32::try_from(region).map_err(|error| row.corrupt("region", &error.to_string()))?),
        no: row.number::<i64, _>("no")?,
        day: row.take("day")?,
        previous: row.digest("previous")?,
        removed: row.digest("removed")?,
        at: row.time("at")?,
        by: row.take::<Option<Uuid>>("person")?.map(PersonId),
        reason: row.take("reason")?,
    };
    Ok(ReopenedDay { reopening, hash: row.digest("hash")? })
}

/// The last day of each region that has a root.
pub(crate) fn read_last(row: &Row) -> Result<(RegionId, Date), StoreError> {
    let row = Stored { row, table: "roots", key: &["region"] };
    Ok((RegionId(row.number::<i64, _>("region")?), row.take("day")?))
}

/// Which of these regions have a root, with the day of the last.
pub(crate) async fn sealed(tx: &Tx, regions: &[i64]) -> Result<Vec<(i64, Option<Date>)>, Error> {
    if regions.is_empty() {
        return Ok(Vec::new());
    }
    tx.rows(SEALED, &[&regions]).await?.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Stores a day's root once, if it covers every fact of the day; inside a transaction begun by [`ALONE`].
pub(crate) async fn put(tx: &Tx, region: RegionId, root: RootRow) -> Result<Result<(), StoreError>, Error> {
    let region = column(region);
    let stood = tx.rows(OF_DAY, &[&region, &root.day]).await?;
    match stood.first().map(read) {
        Some(Ok(stood)) if stood == root => return Ok(Ok(())),
        Some(Ok(_)) => return Ok(Err(StoreError::Taken { what: "root of the day" })),
        Some(Err(error)) => return Ok(Err(error)),
        None => {}
    }
    let midnight =
        |day: Date| day.to_zoned(TimeZone::UTC).map_or(i64::MAX, |midnight| midnight.timestamp().as_millisecond());
    let (from, to) = (midnight(root.day), midnight(root.day.saturating_add(Span::new().days(1))));
    let counted = tx.rows(RECORDED, &[&region, &from, &to]).await?;
    let recorded: i64 = counted.first().map_or(Ok(0), |row| row.try_get(0))?;
    if recorded != long(root.facts) {
        return Ok(Err(StoreError::Stale { what: format!("facts of {}", root.day) }));
    }
    tx.run(INSERT, &[&region, &root.day, &root.root.0.as_slice(), &long(root.facts)]).await?;
    Ok(Ok(()))
}

/// Takes roots away, the last of which is `removed`, and notes it; inside a transaction begun by [`ALONE`].
pub(crate) async fn reopen(tx: &Tx, reopened: &ReopenedDay) -> Result<Result<(), StoreError>, Error> {
    let ReopenedDay { reopening, hash } = reopened;
    let region = column(reopening.region);
    let last = tx.rows(LAST, &[&region]).await?;
    match last.first().map(read) {
        Some(Ok(last)) if last.root == reopening.removed && last.day >= reopening.day => {}
        Some(Err(error)) => return Ok(Err(error)),
        _ => return Ok(Err(StoreError::Stale { what: format!("roots of {region}") })),
    }
    tx.run(REMOVE, &[&region, &reopening.day]).await?;
    let (no, at) = (i64::from(reopening.no), ms(reopening.at));
    let (previous, removed) = (reopening.previous.0.as_slice(), reopening.removed.0.as_slice());
    let person = reopening.by.map(|person| person.0);
    let (reason, hash) = (&reopening.reason, hash.0.as_slice());
    tx.run(NOTE, &[&region, &no, &reopening.day, &previous, &removed, &at, &person, reason, &hash]).await?;
    Ok(Ok(()))
}
