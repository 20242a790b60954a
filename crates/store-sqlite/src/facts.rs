//! Facts: appended, never changed, read in order.

use crate::{
    RegionView,
    error::taken,
    row::{Cells, FIRST_ID, LAST_ID, Writing, all, ms, statements},
};
use async_trait::async_trait;
use gewu_domain::ids::{CaseId, RegionId};
use gewu_store::{
    Listing, Page, StoreError,
    cases::CaseWrite,
    facts::{FactKey, FactRow, Facts, TimeKey},
};
use jiff::Timestamp;
use rusqlite::{Row, params};

statements! {
    INSERT = "insert into facts (region, case_id, seq, at, late_at, body, hash) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    OF_CASE = "select case_id, seq, at, recorded_at, body, hash from facts where region = ?1 and case_id = ?2 order by seq";
    RECORD_ON = "select case_id, seq, at, recorded_at, body, hash from facts where region = ?1 and (case_id, seq) > (?2, ?3)
        order by case_id, seq limit ?4";
    RECORD_BACK = "select case_id, seq, at, recorded_at, body, hash from facts where region = ?1 and (case_id, seq) < (?2, ?3)
        order by case_id desc, seq desc limit ?4";
    RECORDED_ON = "select case_id, seq, at, recorded_at, body, hash from facts
        where region = ?1 and recorded_at < ?2 and (recorded_at, case_id, seq) > (?3, ?4, ?5)
        order by recorded_at, case_id, seq limit ?6";
    RECORDED_BACK = "select case_id, seq, at, recorded_at, body, hash from facts
        where region = ?1 and recorded_at >= ?2 and (recorded_at, case_id, seq) < (?3, ?4, ?5)
        order by recorded_at desc, case_id desc, seq desc limit ?6";
}

/// Appends the new facts of a case.
pub(crate) fn append(writing: &Writing<'_>, region: RegionId, write: &CaseWrite) -> Result<(), StoreError> {
    for (fact, (at, recorded_at)) in write.facts.iter().zip(write.at.iter().zip(&write.recorded_at)) {
        let late_at = (ms(*recorded_at) != ms(*at)).then_some(ms(*recorded_at));
        let values = params![region.0, write.case.id.0.as_bytes(), fact.seq, ms(*at), late_at, fact.body, fact.hash.0];
        writing.run(INSERT, values).map_err(taken("fact"))?;
    }
    Ok(())
}

fn decode(row: &Row<'_>) -> Result<FactRow, StoreError> {
    let cells = Cells::of_case(row, "facts");
    Ok(FactRow {
        case: cells.id(0, "case_id", CaseId)?,
        seq: cells.cell(1, "seq")?,
        at: cells.time(2, "at")?,
        recorded_at: cells.time(3, "late_at")?,
        body: cells.cell(4, "body")?,
        hash: cells.digest(5, "hash")?,
    })
}

#[async_trait]
impl Facts for RegionView {
    async fn facts(&self, case: CaseId) -> Result<Vec<FactRow>, StoreError> {
        self.read(move |connection, region| all(connection, OF_CASE, params![region.0, case.0.as_bytes()], decode))
            .await
    }

    async fn record(&self, page: &Page<FactKey>) -> Result<Listing<FactRow, FactKey>, StoreError> {
        let page = page.clone();
        self.read(move |connection, region| {
            let key = page.after.map(|key| (*key.case.0.as_bytes(), i64::from(key.seq)));
            let (sql, (case, seq)) = if page.backwards {
                (RECORD_BACK, key.unwrap_or((LAST_ID, i64::MAX)))
            } else {
                (RECORD_ON, key.unwrap_or((FIRST_ID, -1)))
            };
            let rows = all(connection, sql, params![region.0, case, seq, page.fetch()], decode)?;
            Ok(Listing::of(rows, &page, |row| FactKey { case: row.case, seq: row.seq }))
        })
        .await
    }

    async fn facts_recorded(
        &self,
        from: Timestamp,
        to: Timestamp,
        page: &Page<TimeKey>,
    ) -> Result<Listing<FactRow, TimeKey>, StoreError> {
        let page = page.clone();
        self.read(move |connection, region| {
            let key = page.after.map(|key| (ms(key.recorded_at), *key.case.0.as_bytes(), i64::from(key.seq)));
            // The far end of the span is a bound of its own; the near end is where the walk begins.
            let (sql, end, (recorded_at, case, seq)) = if page.backwards {
                (RECORDED_BACK, ms(from), key.unwrap_or((ms(to), FIRST_ID, -1)))
            } else {
                (RECORDED_ON, ms(to), key.unwrap_or((ms(from), FIRST_ID, -1)))
            };
            let rows = all(connection, sql, params![region.0, end, recorded_at, case, seq, page.fetch()], decode)?;
            Ok(Listing::of(rows, &page, |row| TimeKey { recorded_at: row.recorded_at, case: row.case, seq: row.seq }))
        })
        .await
    }
}
