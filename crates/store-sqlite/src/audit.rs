//! The audit record.

use crate::{
    WholeView,
    error::taken,
    row::{Cells, FIRST_ID, LAST_ID, all, ms, run, statements},
};
use async_trait::async_trait;
use gewu_domain::ids::{AreaCode, ClientId, PersonId};
use gewu_store::{
    Listing, Page, StoreError,
    audit::{AuditFilter, AuditKey, AuditRow, Audits},
};
use rusqlite::{Connection, Row, params};

statements! {
    INSERT = "insert into audit (id, at, person, client, action, object, succeeded, origin, area)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    ALL_ON = "select id, at, person, client, action, object, succeeded, origin, area from audit
        where id <= ?1 and id <> ?2 and (?4 = '[]' or area in (select value from json_each(?4)))
        order by id desc limit ?3";
    ALL_BACK = "select id, at, person, client, action, object, succeeded, origin, area from audit
        where id >= ?1 and id <> ?2 and (?4 = '[]' or area in (select value from json_each(?4)))
        order by id limit ?3";
    OF_ON = "select id, at, person, client, action, object, succeeded, origin, area from audit
        where person = ?5 and id <= ?1 and id <> ?2 and (?4 = '[]' or area in (select value from json_each(?4)))
        order by id desc limit ?3";
    OF_BACK = "select id, at, person, client, action, object, succeeded, origin, area from audit
        where person = ?5 and id >= ?1 and id <> ?2 and (?4 = '[]' or area in (select value from json_each(?4)))
        order by id limit ?3";
}

pub(crate) fn insert(connection: &Connection, row: &AuditRow) -> Result<(), StoreError> {
    let values = params![
        row.id.to_be_bytes(),
        ms(row.at),
        row.person.map(|person| *person.0.as_bytes()),
        row.client.map(|client| *client.0.as_bytes()),
        row.action,
        row.object,
        row.succeeded,
        row.origin,
        row.area.as_ref().map(AreaCode::as_str),
    ];
    run(connection, INSERT, values).map(drop).map_err(taken("audit row"))
}

fn decode(row: &Row<'_>) -> Result<AuditRow, StoreError> {
    let cells = Cells::of(row, "audit");
    Ok(AuditRow {
        id: cells.cell(0, "id").map(u128::from_be_bytes)?,
        at: cells.time(1, "at")?,
        person: cells.maybe_id(2, "person", PersonId)?,
        client: cells.maybe_id(3, "client", ClientId)?,
        action: cells.cell(4, "action")?,
        object: cells.cell(5, "object")?,
        succeeded: cells.cell(6, "succeeded")?,
        origin: cells.cell(7, "origin")?,
        area: cells.cell::<Option<String>>(8, "area")?.map(AreaCode::new),
    })
}

#[async_trait]
impl Audits for WholeView {
    async fn audit(
        &self,
        filter: &AuditFilter,
        page: &Page<AuditKey>,
    ) -> Result<Listing<AuditRow, AuditKey>, StoreError> {
        let page = page.clone();
        let person = filter.person.map(|person| *person.0.as_bytes());
        let areas = serde_json::to_string(&filter.areas).expect("codes are plain data");
        self.read(move |connection| {
            let after = page.after.map(|key| key.id.to_be_bytes());
            let edge = after.unwrap_or(if page.backwards { FIRST_ID } else { LAST_ID });
            let but = after.as_ref().map_or(&[][..], |id| &id[..]);
            let rows = match person {
                Some(person) => {
                    let sql = if page.backwards { OF_BACK } else { OF_ON };
                    all(connection, sql, params![edge, but, page.fetch(), areas, person], decode)?
                }
                None => {
                    let sql = if page.backwards { ALL_BACK } else { ALL_ON };
                    all(connection, sql, params![edge, but, page.fetch(), areas], decode)?
                }
            };
            Ok(Listing::of(rows, &page, |row| AuditKey { id: row.id }))
        })
        .await
    }
}
