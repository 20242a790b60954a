//! The audit record.

use crate::{
    row::{Stored, ms},
    snapshot::Snapshot,
    tx::Tx,
};
use async_trait::async_trait;
use gewu_domain::ids::{AreaCode, ClientId, PersonId};
use gewu_store::{
    Listing, Page, StoreError,
    audit::{AuditFilter, AuditKey, AuditRow, Audits},
};
use tokio_postgres::{Error, Row};
use uuid::Uuid;

pub(crate) const OLDER: &str = "
    select id, at, person, client, action, object, succeeded, origin, area from audit
    where id <= $1 and ($2::uuid is null or person = $2) and ($4::text[] is null or area = any($4)) order by id desc limit $3";
pub(crate) const NEWER: &str = "
    select id, at, person, client, action, object, succeeded, origin, area from audit
    where id >= $1 and ($2::uuid is null or person = $2) and ($4::text[] is null or area = any($4)) order by id limit $3";

#[async_trait]
impl Audits for Snapshot {
    async fn audit(
        &self,
        filter: &AuditFilter,
        page: &Page<AuditKey>,
    ) -> Result<Listing<AuditRow, AuditKey>, StoreError> {
        let after = page.after.map(|key| key.id);
        let (sql, from) = match page.backwards {
            false => (OLDER, after.map_or(Some(u128::MAX), |id| id.checked_sub(1))),
            true => (NEWER, after.map_or(Some(0), |id| id.checked_add(1))),
        };
        let rows = match from {
            Some(from) => {
                let person = filter.person.map(|person| person.0);
                let areas: Vec<&str> = filter.areas.iter().map(AreaCode::as_str).collect();
                let areas = Some(areas).filter(|areas| !areas.is_empty());
                self.rows(sql, &[&Uuid::from_u128(from), &person, &page.fetch(), &areas]).await?
            }
            None => Vec::new(),
        };
        let rows = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Listing::of(rows, page, |row| AuditKey { id: row.id }))
    }
}

fn read(row: &Row) -> Result<AuditRow, StoreError> {
    let row = Stored { row, table: "audit", key: &["id"] };
    Ok(AuditRow {
        id: row.take::<Uuid>("id")?.as_u128(),
        at: row.time("at")?,
        person: row.take::<Option<Uuid>>("person")?.map(PersonId),
        client: row.take::<Option<Uuid>>("client")?.map(ClientId),
        action: row.take("action")?,
        object: row.take("object")?,
        succeeded: row.take("succeeded")?,
        origin: row.take("origin")?,
        area: row.take::<Option<String>>("area")?.map(AreaCode::new),
    })
}

pub(crate) const INSERT: &str = "
    insert into audit (id, at, person, client, action, object, succeeded, origin, area)
    select id, at, person, client, action, object, succeeded, origin, area
    from unnest($1::uuid[], $2::int8[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::bool[], $8::text[], $9::text[])
        as new (id, at, person, client, action, object, succeeded, origin, area)";

pub(crate) async fn insert(tx: &Tx, rows: &[&AuditRow]) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let id: Vec<_> = rows.iter().map(|row| Uuid::from_u128(row.id)).collect();
    let at: Vec<_> = rows.iter().map(|row| ms(row.at)).collect();
    let person: Vec<_> = rows.iter().map(|row| row.person.map(|id| id.0)).collect();
    let client: Vec<_> = rows.iter().map(|row| row.client.map(|id| id.0)).collect();
    let action: Vec<_> = rows.iter().map(|row| row.action.as_str()).collect();
    let object: Vec<_> = rows.iter().map(|row| row.object.as_str()).collect();
    let succeeded: Vec<_> = rows.iter().map(|row| row.succeeded).collect();
    let origin: Vec<_> = rows.iter().map(|row| row.origin.as_str()).collect();
    let area: Vec<_> = rows.iter().map(|row| row.area.as_ref().map(AreaCode::as_str)).collect();
    tx.run(INSERT, &[&id, &at, &person, &client, &action, &object, &succeeded, &origin, &area]).await?;
    Ok(())
}
