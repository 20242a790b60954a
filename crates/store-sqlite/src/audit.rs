//! The audit record.

use crate::{
    WholeView,
    error::taken,
    row::{Cells, FIRST_ID, LAST_ID, all, ms, run, statements},
};
use async_trait::async_trait;
use gewu_domain::ids::{ClientId, PersonId};
use gewu_store::{
    Listing, Page, StoreError,
    audit::{AuditKey, AuditRow, Audits},
};
use rusqlite::{Connection, Row, params};

statements! {
    INSERT = "insert into audit (id, at, person, client, action, object, succeeded, origin)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    ALL_ON = "select id, at, person, client, action, object, succeeded, origin from audit where id <= ?1 and id <> ?2
        order by id desc limit ?3";
    ALL_BACK = "select id, at, person, client, action, object, succeeded, origin from audit where id >= ?1 and id <> ?2
        order by id limit ?3";
    OF_ON = "select id, at, person, client, action, object, succeeded, origin from audit
        where person = ?4 and id <= ?1 and id <> ?2 order by id desc limit ?3";
    OF_BACK = "select id, at, person, client, action, object, succeeded, origin from audit
        where person = ?4 and id >= ?1 and id <> ?2 order by id limit ?3";
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
    })
}

#[async_trait]
impl Audits for WholeView {
    async fn audit(
        &self,
        person: Option<PersonId>,
        page: &Page<AuditKey>,
    ) -> Result<Listing<AuditRow, AuditKey>, StoreError> {
        let page = page.clone();
        self.read(move |connection| {
            let after = page.after.map(|key| key.id.to_be_bytes());
            let edge = after.unwrap_or(if page.backwards { FIRST_ID } else { LAST_ID });
            let rows = match person.map(|person| *person.0.as_bytes()) {
                Some(person) => {
                    let sql = if page.backwards { OF_BACK } else { OF_ON };
                    all(
                        connection,
                        sql,
                        params![edge, after.as_ref().map_or(&[][..], |id| &id[..]), page.fetch(), person],
                        decode,
                    )?
                }
                None => {
                    let sql = if page.backwards { ALL_BACK } else { ALL_ON };
                    all(
                        connection,
                        sql,
                        params![edge, after.as_ref().map_or(&[][..], |id| &id[..]), page.fetch()],
                        decode,
                    )?
                }
            };
            Ok(Listing::of(rows, &page, |row| AuditKey { id: row.id }))
        })
        .await
    }
}
