//! Cases: the row that lists read, with the case itself beside it. Which cases match a filter is found in `find`.

use crate::{
    facts::NewFact,
    find::{self, Find},
    row::{Stored, array, ms},
    snapshot::{RegionSnapshot, Snapshot},
    tx::{Params, Tx},
};
use async_trait::async_trait;
use gewu_domain::{
    case::{Case, Source, State, StateKind, Task},
    ids::{AreaCode, CaseId, ClassCode, Digest, UnitCode},
    record::Sealed,
};
use gewu_store::{
    Listing, Page, StoreError,
    cases::{BODY_LOST, CaseFilter, CaseKey, CaseRow, CaseWrite, Cases, as_reported},
};
use std::collections::HashMap;
use tokio_postgres::{Error, Row};
use uuid::Uuid;

/// A case without a body of its own is what its first fact says.
pub(crate) const ONE: &str = "
    select c.id as case_id, b.body, f.body as fact from cases c
    left join case_bodies b on b.region = c.region and b.id = c.id
    left join facts f on b.id is null and c.version = 1 and f.region = c.region and f.case_id = c.id and f.seq = 0
    where c.region = $1 and c.id = $2";
pub(crate) const HEAD: &str = "select id, head from cases where region = $1 and id = $2";
pub(crate) const BY_NUMBER: &str = "
    select c.id as case_id, b.body, f.body as fact from cases c
    left join case_bodies b on b.region = c.region and b.id = c.id
    left join facts f on b.id is null and c.version = 1 and f.region = c.region and f.case_id = c.id and f.seq = 0
    where c.region = $1 and c.number = $2";
/// The excerpt is cut to `EXCERPT_CHARS`.
pub(crate) const ROWS: &str = "
    select c.id, c.number, c.version, c.state, c.source, c.scheme, c.class, c.path, c.is_placed, c.lon, c.lat, c.unit,
        c.is_urgent, c.reported_at, c.changed_at, c.closed_at, c.warn_at, c.due_at, left(t.body, $3) as excerpt,
        exists (select 1 from attachments a where a.region = $1 and a.case_id = c.id) as has_photo
    from cases c
    left join texts t on t.region = $1 and t.case_id = c.id and t.digest = c.text_digest
    where c.region = $1 and c.id = any($2)";

#[async_trait]
impl Cases for RegionSnapshot {
    async fn case(&self, id: CaseId) -> Result<Option<Case>, StoreError> {
        self.snapshot.row(ONE, &[&self.region, &id.0]).await?.as_ref().map(read).transpose()
    }

    async fn head(&self, id: CaseId) -> Result<Option<Digest>, StoreError> {
        let row = self.snapshot.row(HEAD, &[&self.region, &id.0]).await?;
        row.map(|row| Stored { row: &row, table: "cases", key: &["id"] }.digest("head")).transpose()
    }

    async fn case_by_number(&self, number: &str) -> Result<Option<Case>, StoreError> {
        self.snapshot.row(BY_NUMBER, &[&self.region, &number]).await?.as_ref().map(read).transpose()
    }

    async fn cases(&self, filter: &CaseFilter, page: &Page<CaseKey>) -> Result<Listing<CaseRow, CaseKey>, StoreError> {
        let find = Find::after(self, filter, page.after.map(|key| key.0), page.backwards);
        let ids = find.ids(page.fetch()).await?;
        let ids: Listing<Uuid, CaseKey> = Listing::of(ids, page, |id| CaseId(*id));
        let rows = rows(&self.snapshot, self.region, &ids.rows).await?;
        Ok(Listing { rows, next: ids.next, previous: ids.previous })
    }

    async fn count_cases(&self, filter: &CaseFilter, most: u32) -> Result<u32, StoreError> {
        Find::after(self, filter, None, false).count(most).await
    }

    async fn case_rows(&self, ids: &[CaseId]) -> Result<Vec<CaseRow>, StoreError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        rows(&self.snapshot, self.region, &ids).await
    }
}

fn read(row: &Row) -> Result<Case, StoreError> {
    let body = Stored { row, table: "case_bodies", key: &["case_id"] };
    if let Some(case) = body.take::<Option<&str>>("body")? {
        return serde_json::from_str(case).map_err(|error| body.corrupt("body", &error.to_string()));
    }
    let fact = Stored { row, table: "facts", key: &["case_id"] };
    match fact.take::<Option<&str>>("fact")? {
        Some(reported) => as_reported(reported).map_err(|why| fact.corrupt("body", &why)),
        None => Err(body.corrupt("body", BODY_LOST)),
    }
}

/// Rows of these cases in this order; unknown ids are left out.
pub(crate) async fn rows(snapshot: &Snapshot, region: i64, ids: &[Uuid]) -> Result<Vec<CaseRow>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let chars = i32::try_from(gewu_store::cases::EXCERPT_CHARS).unwrap_or(i32::MAX);
    let rows = snapshot.rows(ROWS, &[&region, &ids, &chars]).await?;
    let rows: HashMap<Uuid, CaseRow> =
        rows.iter().map(|row| read_row(row).map(|row| (row.id.0, row))).collect::<Result<_, _>>()?;
    Ok(ids.iter().filter_map(|id| rows.get(id).cloned()).collect())
}

fn read_row(row: &Row) -> Result<CaseRow, StoreError> {
    let row = Stored { row, table: "cases", key: &["id"] };
    Ok(CaseRow {
        id: CaseId(row.take("id")?),
        number: row.take("number")?,
        version: row.number::<i64, _>("version")?,
        state: row.code("state", StateKind::from_code)?,
        source: row.code("source", Source::from_code)?,
        scheme: row.take("scheme")?,
        class: row.take::<Option<String>>("class")?.map(ClassCode::new),
        path: row.take::<Vec<String>>("path")?.into_iter().map(AreaCode::new).collect(),
        is_placed: row.take("is_placed")?,
        point: row.take::<Option<f64>>("lon")?.zip(row.take("lat")?),
        unit: row.take::<Option<String>>("unit")?.map(UnitCode::new),
        is_urgent: row.take("is_urgent")?,
        reported_at: row.time("reported_at")?,
        changed_at: row.time("changed_at")?,
        closed_at: row.time_or_none("closed_at")?,
        warn_at: row.time_or_none("warn_at")?,
        due_at: row.time_or_none("due_at")?,
        excerpt: row.take("excerpt")?,
        has_photo: row.take("has_photo")?,
    })
}

/// A case ready to be written: everything that costs time is worked out before the writers see it.
pub(crate) struct Write {
    pub row: CaseRow,
    pub was: Option<u32>,
    pub facts: Vec<Sealed>,
    /// In milliseconds, one for each fact.
    pub fact_at: Vec<i64>,
    pub recorded_at: Vec<i64>,
    pub head: Digest,
    pub tasks: Vec<Task>,
    /// See `find`: keys to find it by; those of its terms only when `has_terms`.
    pub keys: Vec<i64>,
    pub has_terms: bool,
    path: String,
    units: String,
    text: Option<Digest>,
    wake_at: Option<i64>,
    /// `None` while the first fact says it all.
    body: Option<String>,
}

impl Write {
    pub fn of(region: i64, write: CaseWrite) -> Write {
        let case = &write.case;
        let row = CaseRow::of(&write);
        let mut units: Vec<&str> =
            case.assignments.iter().filter(|part| part.is_lead).map(|part| part.unit.as_str()).collect();
        units.sort_unstable();
        units.dedup();
        Write {
            keys: find::keys(region, &row, &units, write.terms.as_deref().unwrap_or_default()),
            has_terms: write.terms.is_some(),
            path: array(row.path.iter().map(AreaCode::as_str)),
            units: array(units),
            text: case.text,
            wake_at: match case.state {
                State::Suspended { until, .. } => Some(ms(until)),
                _ => None,
            },
            body: (!write.is_as_reported)
                .then(|| serde_json::to_string(case).expect("a case holds nothing JSON cannot say")),
            row,
            was: write.was,
            facts: write.facts,
            fact_at: write.at.into_iter().map(ms).collect(),
            recorded_at: write.recorded_at.into_iter().map(ms).collect(),
            head: write.head,
            tasks: write.tasks,
        }
    }

    pub fn new_facts(&self, region: i64) -> impl Iterator<Item = NewFact<'_>> {
        let case = self.row.id.0;
        self.facts.iter().zip(self.fact_at.iter().zip(&self.recorded_at)).map(move |(sealed, (at, recorded_at))| {
            let late_at = (recorded_at != at).then_some(*recorded_at);
            NewFact { region, case, at: *at, late_at, sealed }
        })
    }
}

pub(crate) const INSERT: &str = "
    insert into cases (region, id, number, version, state, source, scheme, class, path, is_placed, lon, lat, unit, units,
        is_urgent, reported_at, changed_at, closed_at, warn_at, due_at, wake_at, is_odd, text_digest, head)
    select region, id, number, version, state, source, scheme, class, path::text[], is_placed, lon, lat, unit,
        units::text[], is_urgent, reported_at, changed_at, closed_at, warn_at, due_at, wake_at, is_odd, text_digest,
        head
    from unnest($1::int8[], $2::uuid[], $3::text[], $4::int8[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::text[], $10::bool[], $11::float8[], $12::float8[], $13::text[], $14::text[], $15::bool[], $16::int8[],
        $17::int8[], $18::int8[], $19::int8[], $20::int8[], $21::int8[], $22::bool[], $23::bytea[], $24::bytea[])
        as new (region, id, number, version, state, source, scheme, class, path, is_placed, lon, lat, unit, units,
        is_urgent, reported_at, changed_at, closed_at, warn_at, due_at, wake_at, is_odd, text_digest, head)
    on conflict on constraint cases_pk do nothing
    returning region, id";

/// The number, the source and the time of reporting never change; an end keeps its time while the case stays ended.
pub(crate) const UPDATE: &str = "
    update cases c set version = new.version, state = new.state, scheme = new.scheme, class = new.class,
        path = new.path::text[], is_placed = new.is_placed, lon = new.lon, lat = new.lat, unit = new.unit,
        units = new.units::text[], is_urgent = new.is_urgent, changed_at = new.changed_at,
        closed_at = case when new.closed_at is null then null else coalesce(c.closed_at, new.closed_at) end,
        warn_at = new.warn_at, due_at = new.due_at, wake_at = new.wake_at, text_digest = new.text_digest,
        head = new.head
    from unnest($1::int8[], $2::uuid[], $3::int8[], $4::int8[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::bool[], $10::float8[], $11::float8[], $12::text[], $13::text[], $14::bool[], $15::int8[], $16::int8[],
        $17::int8[], $18::int8[], $19::int8[], $20::bytea[], $21::bytea[])
        as new (region, id, was, version, state, scheme, class, path, is_placed, lon, lat, unit, units, is_urgent,
        changed_at, closed_at, warn_at, due_at, wake_at, text_digest, head)
    where c.region = new.region and c.id = new.id and c.version = new.was
    returning c.region, c.id";

/// Writes the rows of new cases (`was` is none) or of known ones, and gives which were written: one left out exists
/// already, or has another version by now.
pub(crate) async fn put(tx: &Tx, is_new: bool, writes: &[(i64, &Write)]) -> Result<Vec<(i64, Uuid)>, Error> {
    let writes: Vec<_> = writes.iter().filter(|write| write.1.was.is_none() == is_new).collect();
    if writes.is_empty() {
        return Ok(Vec::new());
    }
    let region: Vec<_> = writes.iter().map(|write| write.0).collect();
    let writes: Vec<_> = writes.iter().map(|write| write.1).collect();
    let rows: Vec<_> = writes.iter().map(|write| &write.row).collect();
    let id: Vec<_> = rows.iter().map(|row| row.id.0).collect();
    let version: Vec<_> = rows.iter().map(|row| i64::from(row.version)).collect();
    let state: Vec<_> = rows.iter().map(|row| row.state.code()).collect();
    let scheme: Vec<_> = rows.iter().map(|row| row.scheme.as_deref()).collect();
    let class: Vec<_> = rows.iter().map(|row| row.class.as_ref().map(ClassCode::as_str)).collect();
    let path: Vec<_> = writes.iter().map(|write| write.path.as_str()).collect();
    let is_placed: Vec<_> = rows.iter().map(|row| row.is_placed).collect();
    let lon: Vec<_> = rows.iter().map(|row| row.point.map(|point| point.0)).collect();
    let lat: Vec<_> = rows.iter().map(|row| row.point.map(|point| point.1)).collect();
    let unit: Vec<_> = rows.iter().map(|row| row.unit.as_ref().map(UnitCode::as_str)).collect();
    let units: Vec<_> = writes.iter().map(|write| write.units.as_str()).collect();
    let is_urgent: Vec<_> = rows.iter().map(|row| row.is_urgent).collect();
    let changed_at: Vec<_> = rows.iter().map(|row| ms(row.changed_at)).collect();
    let closed_at: Vec<_> = rows.iter().map(|row| row.closed_at.map(ms)).collect();
    let warn_at: Vec<_> = rows.iter().map(|row| row.warn_at.map(ms)).collect();
    let due_at: Vec<_> = rows.iter().map(|row| row.due_at.map(ms)).collect();
    let wake_at: Vec<_> = writes.iter().map(|write| write.wake_at).collect();
    let text: Vec<_> = writes.iter().map(|write| write.text.as_ref().map(|digest| digest.0.as_slice())).collect();
    let head: Vec<_> = writes.iter().map(|write| write.head.0.as_slice()).collect();
    let written = if is_new {
        let number: Vec<_> = rows.iter().map(|row| row.number.as_str()).collect();
        let source: Vec<_> = rows.iter().map(|row| row.source.code()).collect();
        let reported_at: Vec<_> = rows.iter().map(|row| ms(row.reported_at)).collect();
        let is_odd: Vec<_> = rows.iter().map(|row| find::is_odd(row.id, row.reported_at)).collect();
        tx.rows(
            INSERT,
            &[
                &region,
                &id,
                &number,
                &version,
                &state,
                &source,
                &scheme,
                &class,
                &path,
                &is_placed,
                &lon,
                &lat,
                &unit,
                &units,
                &is_urgent,
                &reported_at,
                &changed_at,
                &closed_at,
                &warn_at,
                &due_at,
                &wake_at,
                &is_odd,
                &text,
                &head,
            ],
        )
        .await?
    } else {
        let was: Vec<_> = writes.iter().map(|write| write.was.map(i64::from)).collect();
        tx.rows(
            UPDATE,
            &[
                &region,
                &id,
                &was,
                &version,
                &state,
                &scheme,
                &class,
                &path,
                &is_placed,
                &lon,
                &lat,
                &unit,
                &units,
                &is_urgent,
                &changed_at,
                &closed_at,
                &warn_at,
                &due_at,
                &wake_at,
                &text,
                &head,
            ],
        )
        .await?
    };
    written.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

pub(crate) const INSERT_BODY: &str = "
    insert into case_bodies (region, id, body)
    select region, id, body from unnest($1::int8[], $2::uuid[], $3::text[]) as new (region, id, body)
    on conflict (region, id) do nothing";
pub(crate) const UPDATE_BODY: &str = "
    update case_bodies b set body = new.body
    from unnest($1::int8[], $2::uuid[], $3::text[]) as new (region, id, body)
    where b.region = new.region and b.id = new.id";

/// Writes the cases themselves beside their rows: new ones (`was` is none) or known ones.
pub(crate) async fn put_bodies(tx: &Tx, is_new: bool, writes: &[(i64, &Write)]) -> Result<(), Error> {
    let bodies: Vec<_> = writes
        .iter()
        .filter(|(_, write)| write.was.is_none() == is_new)
        .filter_map(|(region, write)| Some((*region, write.row.id.0, write.body.as_deref()?)))
        .collect();
    if bodies.is_empty() {
        return Ok(());
    }
    let region: Vec<_> = bodies.iter().map(|body| body.0).collect();
    let id: Vec<_> = bodies.iter().map(|body| body.1).collect();
    let body: Vec<_> = bodies.iter().map(|body| body.2).collect();
    let values: Params<'_> = &[&region, &id, &body];
    // A known case may have had none so far.
    let update = async { if is_new { Ok(0) } else { tx.run(UPDATE_BODY, values).await } };
    tokio::try_join!(update, tx.run(INSERT_BODY, values))?;
    Ok(())
}
