//! Tasks: the rows of an inbox, written with their case.

use crate::{
    cases,
    row::{Stored, array, ms},
    snapshot::RegionSnapshot,
    tx::Tx,
};
use async_trait::async_trait;
use gewu_domain::{
    case::TaskKind,
    ids::{AreaCode, CaseId},
};
use gewu_store::{
    Listing, Page, StoreError,
    tasks::{InboxFilter, TaskKey, TaskRow, Tasks},
};
use jiff::Timestamp;
use std::collections::HashMap;
use tokio_postgres::{Error, Row, types::Type};
use uuid::Uuid;

/// Sorts what runs on no clock after everything that does.
const NEVER: i64 = i64::MAX;

pub(crate) const AFTER: &str = "
    select case_id, no, kind, assignment, due_at from tasks
    where region = $1 and role = $2 and unit = $3 and ($4::text is null or path @> array[$4])
        and ($5::text[] is null or kind = any($5)) and (due_at, case_id, no) > ($6, $7, $8)
    order by due_at, case_id, no limit $9";
pub(crate) const BEFORE: &str = "
    select case_id, no, kind, assignment, due_at from tasks
    where region = $1 and role = $2 and unit = $3 and ($4::text is null or path @> array[$4])
        and ($5::text[] is null or kind = any($5)) and (due_at, case_id, no) < ($6, $7, $8)
    order by due_at desc, case_id desc, no desc limit $9";
pub(crate) const COUNT: &str = "
    select count(*) from (
        select 1 from tasks
        where region = $1 and role = $2 and unit = $3 and ($4::text is null or path @> array[$4])
            and ($5::text[] is null or kind = any($5)) and ($6::int8 is null or due_at < $6)
        limit $7) as counted";
pub(crate) const SUSPENDED: &str = "
    select id from cases where region = $1 and wake_at <= $2 order by wake_at, id limit $3";

const PAGE_TYPES: [Type; 9] =
    [Type::INT8, Type::TEXT, Type::TEXT, Type::TEXT, Type::TEXT_ARRAY, Type::INT8, Type::UUID, Type::INT2, Type::INT8];

#[async_trait]
impl Tasks for RegionSnapshot {
    async fn inbox(
        &self,
        filter: &InboxFilter,
        page: &Page<TaskKey>,
    ) -> Result<Listing<(TaskKey, TaskRow), TaskKey>, StoreError> {
        let sql = if page.backwards { BEFORE } else { AFTER };
        let (due_at, case, no) = match page.after {
            Some(key) => (key.due_at.map_or(NEVER, ms), key.case.0, i16::from(key.no)),
            None if page.backwards => (NEVER, Uuid::max(), i16::MAX),
            None => (i64::MIN, Uuid::nil(), -1),
        };
        let desk = Desk::of(filter);
        let [region, role, unit, area, kinds, from, from_case, from_no, most] = PAGE_TYPES;
        let tasks = self
            .snapshot
            .planned(
                sql,
                &[
                    (&self.region, region),
                    (&desk.role, role),
                    (&desk.unit, unit),
                    (&desk.area, area),
                    (&desk.kinds, kinds),
                    (&due_at, from),
                    (&case, from_case),
                    (&no, from_no),
                    (&page.fetch(), most),
                ],
            )
            .await?;
        let tasks = tasks.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let tasks = Listing::of(tasks, page, |task| task.key);
        let mut ids: Vec<Uuid> = tasks.rows.iter().map(|task| task.key.case.0).collect();
        ids.sort_unstable();
        ids.dedup();
        let cases = cases::rows(&self.snapshot, self.region, &ids).await?;
        let cases: HashMap<CaseId, _> = cases.into_iter().map(|row| (row.id, row)).collect();
        let rows = tasks.rows.into_iter().map(|task| {
            let case = cases.get(&task.key.case).cloned().ok_or_else(|| StoreError::Corrupt {
                table: "tasks",
                column: "case_id",
                row: format!("{} {}", task.key.case, task.key.no),
                why: "there is no such case".to_owned(),
            })?;
            let row = TaskRow { kind: task.kind, assignment: task.assignment, due_at: task.key.due_at, case };
            Ok((task.key, row))
        });
        Ok(Listing { rows: rows.collect::<Result<_, StoreError>>()?, next: tasks.next, previous: tasks.previous })
    }

    async fn inbox_size(&self, filter: &InboxFilter, now: Timestamp, most: u32) -> Result<(u32, u32), StoreError> {
        let desk = Desk::of(filter);
        let all = self.count(&desk, None, most).await?;
        let due = self.count(&desk, Some(ms(now)), most).await?;
        Ok((all, due))
    }

    async fn suspended_until(&self, now: Timestamp, most: u16) -> Result<Vec<CaseId>, StoreError> {
        let rows = self.snapshot.rows(SUSPENDED, &[&self.region, &ms(now), &i64::from(most)]).await?;
        rows.iter().map(|row| Stored { row, table: "cases", key: &["id"] }.take("id").map(CaseId)).collect()
    }
}

impl RegionSnapshot {
    async fn count(&self, desk: &Desk<'_>, due_before: Option<i64>, most: u32) -> Result<u32, StoreError> {
        let [region, role, unit, area, kinds, due, ..] = PAGE_TYPES;
        let most = i64::from(most);
        let rows = self
            .snapshot
            .planned(
                COUNT,
                &[
                    (&self.region, region),
                    (&desk.role, role),
                    (&desk.unit, unit),
                    (&desk.area, area),
                    (&desk.kinds, kinds),
                    (&due_before, due),
                    (&most, Type::INT8),
                ],
            )
            .await?;
        let row = rows.first().expect("a count is one row");
        Stored { row, table: "tasks", key: &[] }.number::<i64, _>("count")
    }
}

/// A filter as parameters.
struct Desk<'a> {
    role: &'static str,
    unit: &'a str,
    area: Option<&'a str>,
    kinds: Option<Vec<&'static str>>,
}

impl Desk<'_> {
    fn of(filter: &InboxFilter) -> Desk<'_> {
        let kinds: Vec<_> = filter.kinds.iter().map(|kind| kind.code()).collect();
        Desk {
            role: filter.role.code(),
            unit: filter.unit.as_str(),
            area: filter.area.as_ref().map(AreaCode::as_str),
            kinds: (!kinds.is_empty()).then_some(kinds),
        }
    }
}

struct Found {
    key: TaskKey,
    kind: TaskKind,
    assignment: Option<u8>,
}

fn read(row: &Row) -> Result<Found, StoreError> {
    let row = Stored { row, table: "tasks", key: &["case_id", "no"] };
    let due_at = if row.take::<i64>("due_at")? == NEVER { None } else { Some(row.time("due_at")?) };
    Ok(Found {
        key: TaskKey { due_at, case: CaseId(row.take("case_id")?), no: row.number::<i16, _>("no")? },
        kind: row.code("kind", TaskKind::from_code)?,
        assignment: row.number_or_none::<i16, _>("assignment")?,
    })
}

pub(crate) const DELETE: &str = "
    delete from tasks t using unnest($1::int8[], $2::uuid[]) as old (region, case_id)
    where t.region = old.region and t.case_id = old.case_id";
pub(crate) const INSERT: &str = "
    insert into tasks (region, case_id, no, role, unit, kind, assignment, due_at, path)
    select region, case_id, no, role, unit, kind, assignment, due_at, path::text[]
    from unnest($1::int8[], $2::uuid[], $3::int2[], $4::text[], $5::text[], $6::text[], $7::int2[], $8::int8[], $9::text[])
        as new (region, case_id, no, role, unit, kind, assignment, due_at, path)";

/// Takes away the tasks of cases that were known before.
pub(crate) async fn delete(tx: &Tx, writes: &[(i64, &cases::Write)]) -> Result<(), Error> {
    let known: Vec<_> = writes.iter().filter(|write| write.1.was.is_some()).collect();
    if known.is_empty() {
        return Ok(());
    }
    let region: Vec<_> = known.iter().map(|write| write.0).collect();
    let case: Vec<_> = known.iter().map(|write| write.1.row.id.0).collect();
    tx.run(DELETE, &[&region, &case]).await?;
    Ok(())
}

pub(crate) async fn insert(tx: &Tx, writes: &[(i64, &cases::Write)]) -> Result<(), Error> {
    let mut tasks = Vec::new();
    for (region, write) in writes {
        let path = array(write.row.path.iter().map(AreaCode::as_str));
        for (no, task) in (0_i16..).zip(&write.tasks) {
            tasks.push((*region, write.row.id.0, no, task, path.clone()));
        }
    }
    if tasks.is_empty() {
        return Ok(());
    }
    let region: Vec<_> = tasks.iter().map(|task| task.0).collect();
    let case: Vec<_> = tasks.iter().map(|task| task.1).collect();
    let no: Vec<_> = tasks.iter().map(|task| task.2).collect();
    let role: Vec<_> = tasks.iter().map(|task| task.3.desk.role.code()).collect();
    let unit: Vec<_> = tasks.iter().map(|task| task.3.desk.unit.as_str()).collect();
    let kind: Vec<_> = tasks.iter().map(|task| task.3.kind.code()).collect();
    let assignment: Vec<_> = tasks.iter().map(|task| task.3.assignment.map(i16::from)).collect();
    let due_at: Vec<_> = tasks.iter().map(|task| task.3.due_at.map_or(NEVER, ms)).collect();
    let path: Vec<_> = tasks.iter().map(|task| task.4.as_str()).collect();
    tx.run(INSERT, &[&region, &case, &no, &role, &unit, &kind, &assignment, &due_at, &path]).await?;
    Ok(())
}
