//! Tasks: the rows of inboxes, replaced with their case.

use crate::{
    RegionView, cases,
    error::{broken, failed},
    row::{Cells, FIRST_ID, LAST_ID, SEPARATOR, Writing, all, ms, one, statements},
};
use async_trait::async_trait;
use gewu_domain::{
    case::TaskKind,
    ids::{CaseId, RegionId},
};
use gewu_store::{
    Listing, Page, StoreError,
    cases::CaseWrite,
    tasks::{InboxFilter, TaskKey, TaskRow, Tasks},
};
use jiff::Timestamp;
use rusqlite::{Row, params};

/// What stands for "nothing runs", so that it sorts after every time.
const NEVER: i64 = i64::MAX;

statements! {
    CLEAR = "delete from tasks where region = ?1 and case_id = ?2";
    INSERT = "insert into tasks (region, case_id, no, role, unit, kind, assignment, due_at)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    INBOX_ON = "select t.case_id, t.no, t.kind, t.assignment, t.due_at from tasks t indexed by tasks_by_desk
        cross join cases c on c.region = t.region and c.id = t.case_id
        where t.region = ?1 and t.unit = ?2 and t.role = ?3 and (t.due_at, t.case_id, t.no) > (?4, ?5, ?6)
        and (?7 = '' or instr(?7, ',' || t.kind || ',') > 0) and (?8 = '' or instr(c.path, ?8) > 0)
        order by t.due_at, t.case_id, t.no limit ?9";
    INBOX_BACK = "select t.case_id, t.no, t.kind, t.assignment, t.due_at from tasks t indexed by tasks_by_desk
        cross join cases c on c.region = t.region and c.id = t.case_id
        where t.region = ?1 and t.unit = ?2 and t.role = ?3 and (t.due_at, t.case_id, t.no) < (?4, ?5, ?6)
        and (?7 = '' or instr(?7, ',' || t.kind || ',') > 0) and (?8 = '' or instr(c.path, ?8) > 0)
        order by t.due_at desc, t.case_id desc, t.no desc limit ?9";
    SIZE = "select count(*) from (select 1 from tasks t indexed by tasks_by_desk
        where t.region = ?1 and t.unit = ?2 and t.role = ?3 and t.due_at <= ?4
        and (?5 = '' or instr(?5, ',' || t.kind || ',') > 0)
        and (?6 = '' or exists (select 1 from cases c where c.region = t.region and c.id = t.case_id and instr(c.path, ?6) > 0))
        limit ?7)";
    SUSPENDED = "select id from cases indexed by cases_wake where region = ?1 and wake_at <= ?2 order by wake_at, id limit ?3";
}

/// Replaces the tasks of a case.
pub(crate) fn replace(writing: &Writing<'_>, region: RegionId, write: &CaseWrite) -> Result<(), StoreError> {
    let case = write.case.id.0.as_bytes();
    if write.was.is_some() {
        writing.run(CLEAR, params![region.0, case]).map_err(failed)?;
    }
    for (no, task) in write.tasks.iter().enumerate() {
        let no = u8::try_from(no).map_err(|_| broken(format!("{} owes more than 256 tasks", write.case.id)))?;
        let (role, kind) = (task.desk.role.code(), task.kind.code());
        let due_at = task.due_at.map_or(NEVER, ms);
        let values = params![region.0, case, no, role, task.desk.unit.as_str(), kind, task.assignment, due_at];
        writing.run(INSERT, values).map_err(failed)?;
    }
    Ok(())
}

/// `,file,,check,`: a kind is among these when the list holds it between commas; empty for all.
fn kinds(filter: &InboxFilter) -> String {
    filter.kinds.iter().map(|kind| format!(",{},", kind.code())).collect()
}

fn area(filter: &InboxFilter) -> String {
    filter.area.as_ref().map_or_else(String::new, |area| format!("{SEPARATOR}{area}{SEPARATOR}"))
}

fn decode(row: &Row<'_>) -> Result<(TaskKey, TaskKind, Option<u8>), StoreError> {
    let cells = Cells::of_case(row, "tasks");
    let due_at = cells
        .read(4, "due_at", |at: i64| if at == NEVER { Ok(None) } else { Timestamp::from_millisecond(at).map(Some) })?;
    let key = TaskKey { due_at, case: cells.id(0, "case_id", CaseId)?, no: cells.cell(1, "no")? };
    Ok((key, cells.code(2, "kind", TaskKind::from_code)?, cells.cell(3, "assignment")?))
}

#[async_trait]
impl Tasks for RegionView {
    async fn inbox(
        &self,
        filter: &InboxFilter,
        page: &Page<TaskKey>,
    ) -> Result<Listing<(TaskKey, TaskRow), TaskKey>, StoreError> {
        let (filter, page) = (filter.clone(), page.clone());
        self.read(move |connection, region| {
            let key = page.after.map(|key| (key.due_at.map_or(NEVER, ms), *key.case.0.as_bytes(), i64::from(key.no)));
            let (sql, (due_at, case, no)) = if page.backwards {
                (INBOX_BACK, key.unwrap_or((NEVER, LAST_ID, i64::MAX)))
            } else {
                (INBOX_ON, key.unwrap_or((i64::MIN, FIRST_ID, -1)))
            };
            let (unit, role) = (filter.unit.as_str(), filter.role.code());
            let values = params![region.0, unit, role, due_at, case, no, kinds(&filter), area(&filter), page.fetch()];
            let mut rows = Vec::new();
            for (key, kind, assignment) in all(connection, sql, values, decode)? {
                if let Some(case) = cases::rows(connection, region, &[key.case])?.pop() {
                    rows.push((key, TaskRow { kind, assignment, due_at: key.due_at, case }));
                }
            }
            Ok(Listing::of(rows, &page, |(key, _)| *key))
        })
        .await
    }

    async fn inbox_size(&self, filter: &InboxFilter, now: Timestamp, most: u32) -> Result<(u32, u32), StoreError> {
        let filter = filter.clone();
        self.read(move |connection, region| {
            let count = |before: i64| {
                let (unit, role) = (filter.unit.as_str(), filter.role.code());
                let values = params![region.0, unit, role, before, kinds(&filter), area(&filter), most];
                one(connection, SIZE, values, |row| row.get(0).map_err(failed)).map(Option::unwrap_or_default)
            };
            Ok((count(NEVER)?, count(ms(now).saturating_sub(1))?))
        })
        .await
    }

    async fn suspended_until(&self, now: Timestamp, most: u16) -> Result<Vec<CaseId>, StoreError> {
        self.read(move |connection, region| {
            all(connection, SUSPENDED, params![region.0, ms(now), most], |row| {
                Cells::of_case(row, "cases").id(0, "id", CaseId)
            })
        })
        .await
    }
}
