//! Cases: written with their facts, tasks, words and units; read one by one and in lists (`find.rs`).

use crate::{
    RegionView,
    error::{broken, failed, taken},
    find, roots,
    row::{Cells, SEPARATOR, Writing, ms, one, statements},
    words,
};
use async_trait::async_trait;
use gewu_domain::{
    case::{Case, Source, State, StateKind},
    ids::{CaseId, ClassCode, Digest, RegionId, UnitCode},
};
use gewu_store::{
    Listing, Page, StoreError,
    cases::{BODY_LOST, CaseFilter, CaseKey, CaseRow, CaseWrite, Cases, EXCERPT_CHARS, as_reported},
};
use rusqlite::{Connection, Params, Row, params};

const TABLE: &str = "cases";
const BODIES: &str = "case_bodies";

statements! {
    STANDING = "select version, found_at from cases where region = ?1 and id = ?2";
    INSERT = "insert into cases (region, id, number, version, head, state, source, scheme, class, path, is_placed, lon, lat,
        unit, units, is_urgent, reported_at, changed_at, closed_at, warn_at, due_at, wake_at, text_digest, is_odd, found_at)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24,
        ?25)";
    UPDATE = "update cases set version = ?3, head = ?4, state = ?5, source = ?6, scheme = ?7, class = ?8, path = ?9,
        is_placed = ?10, lon = ?11, lat = ?12, unit = ?13, units = ?14, is_urgent = ?15, reported_at = ?16, changed_at = ?17,
        closed_at = case when ?18 is null then null else coalesce(closed_at, ?18) end, warn_at = ?19, due_at = ?20,
        wake_at = ?21, text_digest = ?22, is_odd = ?23 where region = ?1 and id = ?2";
    PUT_BODY = "insert into case_bodies (region, id, body) values (?1, ?2, ?3)
        on conflict (region, id) do update set body = excluded.body";
    BODY = "select c.id, b.body, c.version from cases c
        left join case_bodies b on b.region = c.region and b.id = c.id where c.region = ?1 and c.id = ?2";
    BODY_BY_NUMBER = "select c.id, b.body, c.version from cases c
        left join case_bodies b on b.region = c.region and b.id = c.id where c.region = ?1 and c.number = ?2";
    FIRST_FACT = "select case_id, body from facts where region = ?1 and case_id = ?2 and seq = 0";
    HEAD = "select id, head from cases where region = ?1 and id = ?2";
    ROW = "select c.id, c.number, c.version, c.state, c.source, c.scheme, c.class, c.path, c.is_placed, c.lon, c.lat, c.unit,
        c.is_urgent, c.reported_at, c.changed_at, c.closed_at, c.warn_at, c.due_at,
        (select substr(t.body, 1, ?3) from texts t
            where t.region = c.region and t.case_id = c.id and t.digest = c.text_digest),
        exists (select 1 from attachments a where a.region = c.region and a.case_id = c.id)
        from cases c where c.region = ?1 and c.id = ?2";
}

/// A case on its way in, with everything that can be made ready before the writing thread has it.
pub(crate) struct Written {
    write: Box<CaseWrite>,
    row: CaseRow,
    /// `None` while the first fact says it all.
    body: Option<String>,
    path: String,
    units: String,
    words: Option<String>,
    marks: String,
}

impl Written {
    pub fn of(write: Box<CaseWrite>) -> Result<Written, StoreError> {
        let facts = write.facts.len();
        if [write.at.len(), write.recorded_at.len()] != [facts; 2] {
            return Err(broken(format!("{} comes with {facts} facts, and not as many times", write.case.id)));
        }
        let case = &write.case;
        let mut units: Vec<&str> = Vec::new();
        for lead in case.assignments.iter().filter(|assignment| assignment.is_lead) {
            if !units.contains(&lead.unit.as_str()) {
                units.push(lead.unit.as_str());
            }
        }
        Ok(Written {
            row: CaseRow::of(&write),
            body: match write.is_as_reported {
                true => None,
                false => Some(serde_json::to_string(case).map_err(|error| broken(error.to_string()))?),
            },
            path: enclosed(case.place.path.iter().map(gewu_domain::ids::AreaCode::as_str)),
            units: enclosed(units.into_iter()),
            words: write.terms.as_ref().map(|terms| words::words(case.region, terms)),
            marks: words::marks(case),
            write,
        })
    }
}

/// Codes, each between separators; empty when there are none.
fn enclosed<'a>(codes: impl Iterator<Item = &'a str>) -> String {
    let mut joined = String::new();
    for code in codes {
        if joined.is_empty() {
            joined.push(SEPARATOR);
        }
        joined.push_str(code);
        joined.push(SEPARATOR);
    }
    joined
}

/// How far an id may be from the time of reporting and still tell it.
pub(crate) const ODD_MS: i64 = 60_000;

/// Writes a case with its facts, its tasks, its words and its units.
pub(crate) fn write(writing: &Writing<'_>, region: RegionId, written: &Written) -> Result<(), StoreError> {
    let Written { write, row, body, .. } = written;
    let id = row.id.0.as_bytes();
    let stale = || StoreError::Stale { what: row.id.to_string() };
    roots::takes(writing, region, &write.recorded_at)?;
    // A new case is not looked for first: when it is there all the same, the insert fails.
    let standing = match write.was {
        None => None,
        Some(was) => {
            let standing = standing(writing, region, row.id)?.filter(|(version, _)| *version == was);
            Some(standing.ok_or_else(stale)?)
        }
    };
    let (lon, lat) = row.point.unzip();
    let (scheme, class) = (row.scheme.as_deref(), row.class.as_ref().map(ClassCode::as_str));
    let unit = row.unit.as_ref().map(UnitCode::as_str);
    let wake_at = match write.case.state {
        State::Suspended { until, .. } => Some(ms(until)),
        _ => None,
    };
    let text = write.case.text.map(|text| text.0);
    let is_odd = (words::id_ms(row.id) - ms(row.reported_at)).abs() > ODD_MS;
    if let Some((_, found_at)) = standing {
        writing
            .run(
                UPDATE,
                params![
                    region.0,
                    id,
                    row.version,
                    write.head.0,
                    row.state.code(),
                    row.source.code(),
                    scheme,
                    class,
                    written.path,
                    row.is_placed,
                    lon,
                    lat,
                    unit,
                    written.units,
                    row.is_urgent,
                    ms(row.reported_at),
                    ms(row.changed_at),
                    row.closed_at.map(ms),
                    row.warn_at.map(ms),
                    row.due_at.map(ms),
                    wake_at,
                    text,
                    is_odd,
                ],
            )
            .map_err(failed)?;
        words::update(writing, region, row.id, found_at, written.words.as_deref(), Some(&written.marks))?;
    } else {
        let insert = || {
            let words = written.words.as_deref().unwrap_or_default();
            let found_at = words::insert(writing, region, row.id, words, &written.marks)?;
            writing
                .run(
                    INSERT,
                    params![
                        region.0,
                        id,
                        row.number,
                        row.version,
                        write.head.0,
                        row.state.code(),
                        row.source.code(),
                        scheme,
                        class,
                        written.path,
                        row.is_placed,
                        lon,
                        lat,
                        unit,
                        written.units,
                        row.is_urgent,
                        ms(row.reported_at),
                        ms(row.changed_at),
                        row.closed_at.map(ms),
                        row.warn_at.map(ms),
                        row.due_at.map(ms),
                        wake_at,
                        text,
                        is_odd,
                        found_at,
                    ],
                )
                .map_err(taken("case number"))?;
            Ok(())
        };
        insert().map_err(|error| match self::standing(writing, region, row.id) {
            Ok(Some(_)) => stale(),
            _ => error,
        })?;
    }
    if let Some(body) = body {
        writing.run(PUT_BODY, params![region.0, id, body]).map_err(failed)?;
    }
    crate::facts::append(writing, region, write)?;
    crate::tasks::replace(writing, region, write)
}

/// Version and place in the term index of a case that is there.
fn standing(connection: &Connection, region: RegionId, id: CaseId) -> Result<Option<(u32, i64)>, StoreError> {
    one(connection, STANDING, params![region.0, id.0.as_bytes()], |row| {
        let cells = Cells::of_case(row, TABLE);
        Ok((cells.cell(0, "version")?, cells.cell(1, "found_at")?))
    })
}

/// Takes the words a case is found by away; it is still found by its area, class, source and place.
pub(crate) fn forget_words(writing: &Writing<'_>, region: RegionId, id: CaseId) -> Result<(), StoreError> {
    match standing(writing, region, id)? {
        Some((_, found_at)) => words::update(writing, region, id, found_at, Some(""), None),
        None => Ok(()),
    }
}

/// A case by one of the statements that give its id, its body and its version.
fn read_case(
    connection: &Connection,
    region: RegionId,
    sql: &str,
    key: impl Params,
) -> Result<Option<Case>, StoreError> {
    let found = one(connection, sql, key, |row| {
        let cells = Cells::of_case(row, BODIES);
        let body = |body: Option<String>| body.map(|body| serde_json::from_str::<Case>(&body)).transpose();
        let case = cells.read(1, "body", body)?;
        if case.is_none() && cells.cell::<u32>(2, "version")? != 1 {
            return Err(cells.corrupt("body", BODY_LOST));
        }
        Ok((cells.id(0, "id", CaseId)?, case))
    })?;
    let Some((id, None)) = found else { return Ok(found.and_then(|(_, case)| case)) };
    one(connection, FIRST_FACT, params![region.0, id.0.as_bytes()], |row| {
        Cells::of_case(row, "facts").read(1, "body", |body: String| as_reported(&body))
    })
}

fn decode_row(row: &Row<'_>) -> Result<CaseRow, StoreError> {
    let cells = Cells::of_case(row, TABLE);
    let (lon, lat): (Option<f64>, Option<f64>) = (cells.cell(9, "lon")?, cells.cell(10, "lat")?);
    Ok(CaseRow {
        id: cells.id(0, "id", CaseId)?,
        number: cells.cell(1, "number")?,
        version: cells.cell(2, "version")?,
        state: cells.code(3, "state", StateKind::from_code)?,
        source: cells.code(4, "source", Source::from_code)?,
        scheme: cells.cell(5, "scheme")?,
        class: cells.cell::<Option<String>>(6, "class")?.map(ClassCode::new),
        path: cells.path(7, "path")?,
        is_placed: cells.cell(8, "is_placed")?,
        point: lon.zip(lat),
        unit: cells.cell::<Option<String>>(11, "unit")?.map(UnitCode::new),
        is_urgent: cells.cell(12, "is_urgent")?,
        reported_at: cells.time(13, "reported_at")?,
        changed_at: cells.time(14, "changed_at")?,
        closed_at: cells.maybe_time(15, "closed_at")?,
        warn_at: cells.maybe_time(16, "warn_at")?,
        due_at: cells.maybe_time(17, "due_at")?,
        excerpt: cells.cell(18, "text_digest")?,
        has_photo: cells.cell(19, "id")?,
    })
}

/// The rows of the named cases that are there, in the order named.
pub(crate) fn rows(connection: &Connection, region: RegionId, ids: &[CaseId]) -> Result<Vec<CaseRow>, StoreError> {
    let excerpt = i64::try_from(EXCERPT_CHARS).expect("a line of text");
    let mut rows = Vec::with_capacity(ids.len());
    for id in ids {
        rows.extend(one(connection, ROW, params![region.0, id.0.as_bytes(), excerpt], decode_row)?);
    }
    Ok(rows)
}

#[async_trait]
impl Cases for RegionView {
    async fn case(&self, id: CaseId) -> Result<Option<Case>, StoreError> {
        self.read(move |connection, region| read_case(connection, region, BODY, params![region.0, id.0.as_bytes()]))
            .await
    }

    async fn head(&self, id: CaseId) -> Result<Option<Digest>, StoreError> {
        self.read(move |connection, region| {
            one(connection, HEAD, params![region.0, id.0.as_bytes()], |row| {
                Cells::of_case(row, TABLE).digest(1, "head")
            })
        })
        .await
    }

    async fn case_by_number(&self, number: &str) -> Result<Option<Case>, StoreError> {
        let number = number.to_owned();
        self.read(move |connection, region| read_case(connection, region, BODY_BY_NUMBER, params![region.0, number]))
            .await
    }

    async fn cases(&self, filter: &CaseFilter, page: &Page<CaseKey>) -> Result<Listing<CaseRow, CaseKey>, StoreError> {
        let (filter, page) = (filter.clone(), page.clone());
        self.read(move |connection, region| {
            let most = usize::from(page.size) + 1;
            let ids = find::find(connection, region, &filter, page.after, page.backwards, most)?;
            Ok(Listing::of(rows(connection, region, &ids)?, &page, |row| row.id))
        })
        .await
    }

    async fn count_cases(&self, filter: &CaseFilter, most: u32) -> Result<u32, StoreError> {
        let filter = filter.clone();
        self.read(move |connection, region| {
            let ids =
                find::find(connection, region, &filter, None, false, usize::try_from(most).unwrap_or(usize::MAX))?;
            Ok(u32::try_from(ids.len()).unwrap_or(most))
        })
        .await
    }

    async fn case_rows(&self, ids: &[CaseId]) -> Result<Vec<CaseRow>, StoreError> {
        let ids = ids.to_vec();
        self.read(move |connection, region| rows(connection, region, &ids)).await
    }
}
