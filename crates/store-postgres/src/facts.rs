//! Facts: the exact bytes that were hashed, in order.

use crate::{
    row::{Stored, ms},
    snapshot::RegionSnapshot,
    tx::Tx,
};
use async_trait::async_trait;
use gewu_domain::{ids::CaseId, record::Sealed};
use gewu_store::{
    Listing, Page, StoreError,
    facts::{FactKey, FactRow, Facts, TimeKey},
};
use jiff::Timestamp;
use tokio_postgres::{Error, Row};
use uuid::Uuid;

pub(crate) const OF_CASE: &str = "
    select case_id, seq, at, coalesce(late_at, at) as recorded_at, body, hash from facts where region = $1 and case_id = $2 order by seq";
pub(crate) const AFTER: &str = "
    select case_id, seq, at, coalesce(late_at, at) as recorded_at, body, hash from facts where region = $1 and (case_id, seq) > ($2, $3)
    order by case_id, seq limit $4";
pub(crate) const BEFORE: &str = "
    select case_id, seq, at, coalesce(late_at, at) as recorded_at, body, hash from facts where region = $1 and (case_id, seq) < ($2, $3)
    order by case_id desc, seq desc limit $4";
pub(crate) const LATER: &str = "
    select case_id, seq, at, coalesce(late_at, at) as recorded_at, body, hash from facts
    where region = $1 and coalesce(late_at, at) >= $2 and coalesce(late_at, at) < $3
        and (coalesce(late_at, at), case_id, seq) > ($4, $5, $6)
    order by coalesce(late_at, at), case_id, seq limit $7";
pub(crate) const EARLIER: &str = "
    select case_id, seq, at, coalesce(late_at, at) as recorded_at, body, hash from facts
    where region = $1 and coalesce(late_at, at) >= $2 and coalesce(late_at, at) < $3
        and (coalesce(late_at, at), case_id, seq) < ($4, $5, $6)
    order by coalesce(late_at, at) desc, case_id desc, seq desc limit $7";

#[async_trait]
impl Facts for RegionSnapshot {
    async fn facts(&self, case: CaseId) -> Result<Vec<FactRow>, StoreError> {
        self.snapshot.rows(OF_CASE, &[&self.region, &case.0]).await?.iter().map(read).collect()
    }

    async fn record(&self, page: &Page<FactKey>) -> Result<Listing<FactRow, FactKey>, StoreError> {
        let sql = if page.backwards { BEFORE } else { AFTER };
        let (case, seq) = match page.after {
            Some(key) => (key.case.0, i64::from(key.seq)),
            None if page.backwards => (Uuid::max(), i64::MAX),
            None => (Uuid::nil(), -1),
        };
        let rows = self.snapshot.rows(sql, &[&self.region, &case, &seq, &page.fetch()]).await?;
        let rows = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Listing::of(rows, page, |row| FactKey { case: row.case, seq: row.seq }))
    }

    async fn facts_recorded(
        &self,
        from: Timestamp,
        to: Timestamp,
        page: &Page<TimeKey>,
    ) -> Result<Listing<FactRow, TimeKey>, StoreError> {
        let sql = if page.backwards { EARLIER } else { LATER };
        let (at, case, seq) = match page.after {
            Some(key) => (ms(key.recorded_at), key.case.0, i64::from(key.seq)),
            None if page.backwards => (i64::MAX, Uuid::max(), i64::MAX),
            None => (i64::MIN, Uuid::nil(), -1),
        };
        let rows =
            self.snapshot.rows(sql, &[&self.region, &ms(from), &ms(to), &at, &case, &seq, &page.fetch()]).await?;
        let rows = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Listing::of(rows, page, |row| TimeKey { recorded_at: row.recorded_at, case: row.case, seq: row.seq }))
    }
}

fn read(row: &Row) -> Result<FactRow, StoreError> {
    let row = Stored { row, table: "facts", key: &["case_id", "seq"] };
    Ok(FactRow {
        case: CaseId(row.take("case_id")?),
        seq: row.number::<i64, _>("seq")?,
        at: row.time("at")?,
        recorded_at: row.time("recorded_at")?,
        body: row.take("body")?,
        hash: row.digest("hash")?,
    })
}

pub(crate) const INSERT: &str = "
    insert into facts (region, case_id, seq, at, late_at, body, hash)
    select region, case_id, seq, at, late_at, body, hash
    from unnest($1::int8[], $2::uuid[], $3::int8[], $4::int8[], $5::int8[], $6::text[], $7::bytea[])
        as new (region, case_id, seq, at, late_at, body, hash)";

/// A sealed fact of a case, with when it happened in milliseconds, and when it was recorded if that was another moment.
pub(crate) struct NewFact<'a> {
    pub region: i64,
    pub case: Uuid,
    pub at: i64,
    pub late_at: Option<i64>,
    pub sealed: &'a Sealed,
}

pub(crate) async fn insert(tx: &Tx, rows: &[NewFact<'_>]) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let region: Vec<_> = rows.iter().map(|row| row.region).collect();
    let case: Vec<_> = rows.iter().map(|row| row.case).collect();
    let seq: Vec<_> = rows.iter().map(|row| i64::from(row.sealed.seq)).collect();
    let at: Vec<_> = rows.iter().map(|row| row.at).collect();
    let late_at: Vec<_> = rows.iter().map(|row| row.late_at).collect();
    let body: Vec<_> = rows.iter().map(|row| row.sealed.body.as_str()).collect();
    let hash: Vec<_> = rows.iter().map(|row| row.sealed.hash.0.as_slice()).collect();
    tx.run(INSERT, &[&region, &case, &seq, &at, &late_at, &body, &hash]).await?;
    Ok(())
}
