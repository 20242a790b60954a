//! Contacts, encrypted before they come here, and looks at them.

use crate::{
    RegionView,
    error::failed,
    row::{Cells, FIRST_ID, LAST_ID, all, ms, run, statements},
};
use async_trait::async_trait;
use gewu_domain::ids::{CaseId, Digest, PersonId, PostId, RegionId};
use gewu_store::{
    Listing, Page, StoreError,
    contacts::{ContactKey, ContactRow, Contacts, LookRow, SealedKey},
};
use rusqlite::{Connection, Row, params};

statements! {
    PUT = "insert into contacts (region, case_id, field, sealed, value_digest, purpose, basis, given_at, ends_at)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        on conflict (region, case_id, field) do update set sealed = excluded.sealed, value_digest = excluded.value_digest,
        purpose = excluded.purpose, basis = excluded.basis, given_at = excluded.given_at, ends_at = excluded.ends_at";
    ERASE = "delete from contacts where region = ?1 and case_id = ?2";
    OF_CASE = "select case_id, field, sealed, value_digest, purpose, basis, given_at, ends_at from contacts
        where region = ?1 and case_id = ?2 order by field";
    ALL_ON = "select case_id, field, sealed, value_digest, purpose, basis, given_at, ends_at from contacts
        where region = ?1 and (case_id, field) > (?2, ?3) order by case_id, field limit ?4";
    ALL_BACK = "select case_id, field, sealed, value_digest, purpose, basis, given_at, ends_at from contacts
        where region = ?1 and (?5 or (case_id, field) < (?2, ?3)) order by case_id desc, field desc limit ?4";
    RESEAL = "update contacts set sealed = ?5 where region = ?1 and case_id = ?2 and field = ?3 and sealed = ?4";
    WITH_VALUE_ON = "select distinct case_id from contacts where region = ?1 and value_digest = ?2 and case_id > ?3
        order by case_id limit ?4";
    WITH_VALUE_BACK = "select distinct case_id from contacts where region = ?1 and value_digest = ?2 and case_id < ?3
        order by case_id desc limit ?4";
    INSERT_LOOK = "insert into looks (region, case_id, no, at, person, post, field, reason)
        select ?1, ?2, coalesce(max(no), 0) + 1, ?3, ?4, ?5, ?6, ?7 from looks where region = ?1 and case_id = ?2";
    LOOKS = "select case_id, at, person, post, field, reason from looks where region = ?1 and case_id = ?2 order by at, no";
}

/// Keeps a contact in place of what stood in its field.
pub(crate) fn put(connection: &Connection, region: RegionId, contact: &ContactRow) -> Result<(), StoreError> {
    let values = params![
        region.0,
        contact.case.0.as_bytes(),
        contact.field,
        contact.sealed,
        contact.index.0,
        contact.purpose,
        contact.basis,
        ms(contact.given_at),
        ms(contact.ends_at),
    ];
    run(connection, PUT, values).map(drop).map_err(failed)
}

pub(crate) fn reseal(
    connection: &Connection,
    region: RegionId,
    case: CaseId,
    field: &str,
    [was, sealed]: [&[u8]; 2],
) -> Result<(), StoreError> {
    run(connection, RESEAL, params![region.0, case.0.as_bytes(), field, was, sealed]).map(drop).map_err(failed)
}

pub(crate) fn erase(connection: &Connection, region: RegionId, case: CaseId) -> Result<(), StoreError> {
    run(connection, ERASE, params![region.0, case.0.as_bytes()]).map(drop).map_err(failed)
}

pub(crate) fn insert_look(connection: &Connection, region: RegionId, look: &LookRow) -> Result<(), StoreError> {
    let (person, post) = (look.person.0.as_bytes(), look.post.0.as_bytes());
    let values = params![region.0, look.case.0.as_bytes(), ms(look.at), person, post, look.field, look.reason];
    run(connection, INSERT_LOOK, values).map(drop).map_err(failed)
}

fn decode(row: &Row<'_>) -> Result<ContactRow, StoreError> {
    let cells = Cells::of_case(row, "contacts");
    Ok(ContactRow {
        case: cells.id(0, "case_id", CaseId)?,
        field: cells.cell(1, "field")?,
        sealed: cells.cell(2, "sealed")?,
        index: cells.digest(3, "value_digest")?,
        purpose: cells.cell(4, "purpose")?,
        basis: cells.cell(5, "basis")?,
        given_at: cells.time(6, "given_at")?,
        ends_at: cells.time(7, "ends_at")?,
    })
}

fn decode_look(row: &Row<'_>) -> Result<LookRow, StoreError> {
    let cells = Cells::of_case(row, "looks");
    Ok(LookRow {
        case: cells.id(0, "case_id", CaseId)?,
        at: cells.time(1, "at")?,
        person: cells.id(2, "person", PersonId)?,
        post: cells.id(3, "post", PostId)?,
        field: cells.cell(4, "field")?,
        reason: cells.cell(5, "reason")?,
    })
}

#[async_trait]
impl Contacts for RegionView {
    async fn sealed(&self, page: &Page<SealedKey>) -> Result<Listing<ContactRow, SealedKey>, StoreError> {
        let page = page.clone();
        self.read(move |connection, region| {
            let key = page.after.as_ref().map(|key| (*key.case.0.as_bytes(), key.field.as_str()));
            let rows = if page.backwards {
                let (case, field) = key.unwrap_or((LAST_ID, ""));
                all(connection, ALL_BACK, params![region.0, case, field, page.fetch(), key.is_none()], decode)?
            } else {
                // No field's name is empty, so nothing lies before this.
                let (case, field) = key.unwrap_or((FIRST_ID, ""));
                all(connection, ALL_ON, params![region.0, case, field, page.fetch()], decode)?
            };
            Ok(Listing::of(rows, &page, |row| SealedKey { case: row.case, field: row.field.clone() }))
        })
        .await
    }

    async fn contacts(&self, case: CaseId) -> Result<Vec<ContactRow>, StoreError> {
        self.read(move |connection, region| all(connection, OF_CASE, params![region.0, case.0.as_bytes()], decode))
            .await
    }

    async fn cases_of_contact(
        &self,
        index: Digest,
        page: &Page<ContactKey>,
    ) -> Result<Listing<CaseId, ContactKey>, StoreError> {
        let page = page.clone();
        self.read(move |connection, region| {
            let key = page.after.map(|key| *key.case.0.as_bytes());
            let (sql, case) = if page.backwards {
                (WITH_VALUE_BACK, key.unwrap_or(LAST_ID))
            } else {
                (WITH_VALUE_ON, key.unwrap_or(FIRST_ID))
            };
            let rows = all(connection, sql, params![region.0, index.0, case, page.fetch()], |row| {
                Cells::of_case(row, "contacts").id(0, "case_id", CaseId)
            })?;
            Ok(Listing::of(rows, &page, |case| ContactKey { case: *case }))
        })
        .await
    }

    async fn looks(&self, case: CaseId) -> Result<Vec<LookRow>, StoreError> {
        self.read(move |connection, region| all(connection, LOOKS, params![region.0, case.0.as_bytes()], decode_look))
            .await
    }
}
