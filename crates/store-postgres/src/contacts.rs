//! What a reporter gave to be reached by, encrypted before it comes here, and every look at it.

use crate::{
    row::{Stored, ms},
    snapshot::RegionSnapshot,
    tx::Tx,
};
use async_trait::async_trait;
use gewu_domain::ids::{CaseId, Digest, PersonId, PostId};
use gewu_store::{
    Listing, Page, StoreError,
    contacts::{ContactKey, ContactRow, Contacts, LookRow, SealedKey},
};
use tokio_postgres::{Error, Row};
use uuid::Uuid;

pub(crate) const OF_CASE: &str = "
    select case_id, field, sealed, value_digest, purpose, basis, given_at, ends_at
    from contacts where region = $1 and case_id = $2 order by field";
pub(crate) const ALL_ON: &str = "
    select case_id, field, sealed, value_digest, purpose, basis, given_at, ends_at from contacts
    where region = $1 and ($2::uuid is null or (case_id, field collate \"C\") > ($2, $3::text))
    order by case_id, field collate \"C\" limit $4";
pub(crate) const ALL_BACK: &str = "
    select case_id, field, sealed, value_digest, purpose, basis, given_at, ends_at from contacts
    where region = $1 and ($2::uuid is null or (case_id, field collate \"C\") < ($2, $3::text))
    order by case_id desc, field collate \"C\" desc limit $4";
pub(crate) const RESEAL: &str =
    "update contacts set sealed = $5 where region = $1 and case_id = $2 and field = $3 and sealed = $4";
pub(crate) const AFTER: &str = "
    select distinct case_id from contacts where region = $1 and value_digest = $2 and ($3::uuid is null or case_id > $3)
    order by case_id limit $4";
pub(crate) const BEFORE: &str = "
    select distinct case_id from contacts where region = $1 and value_digest = $2 and ($3::uuid is null or case_id < $3)
    order by case_id desc limit $4";
pub(crate) const LOOKS: &str = "
    select case_id, at, person, post, field, reason
    from looks where region = $1 and case_id = $2 order by at, person, field, post, reason";

#[async_trait]
impl Contacts for RegionSnapshot {
    async fn sealed(&self, page: &Page<SealedKey>) -> Result<Listing<ContactRow, SealedKey>, StoreError> {
        let sql = if page.backwards { ALL_BACK } else { ALL_ON };
        let case = page.after.as_ref().map(|key| key.case.0);
        let field = page.after.as_ref().map(|key| key.field.as_str());
        let rows = self.snapshot.rows(sql, &[&self.region, &case, &field, &page.fetch()]).await?;
        let rows = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Listing::of(rows, page, |row: &ContactRow| SealedKey { case: row.case, field: row.field.clone() }))
    }

    async fn contacts(&self, case: CaseId) -> Result<Vec<ContactRow>, StoreError> {
        self.snapshot.rows(OF_CASE, &[&self.region, &case.0]).await?.iter().map(read).collect()
    }

    async fn cases_of_contact(
        &self,
        index: Digest,
        page: &Page<ContactKey>,
    ) -> Result<Listing<CaseId, ContactKey>, StoreError> {
        let sql = if page.backwards { BEFORE } else { AFTER };
        let after = page.after.map(|key| key.case.0);
        let rows = self.snapshot.rows(sql, &[&self.region, &index.0.as_slice(), &after, &page.fetch()]).await?;
        let cases = rows
            .iter()
            .map(|row| Stored { row, table: "contacts", key: &["case_id"] }.take("case_id").map(CaseId))
            .collect::<Result<_, _>>()?;
        Ok(Listing::of(cases, page, |case| ContactKey { case: *case }))
    }

    async fn looks(&self, case: CaseId) -> Result<Vec<LookRow>, StoreError> {
        self.snapshot.rows(LOOKS, &[&self.region, &case.0]).await?.iter().map(read_look).collect()
    }
}

fn read(row: &Row) -> Result<ContactRow, StoreError> {
    let row = Stored { row, table: "contacts", key: &["case_id", "field"] };
    Ok(ContactRow {
        case: CaseId(row.take("case_id")?),
        field: row.take("field")?,
        sealed: row.take("sealed")?,
        index: row.digest("value_digest")?,
        purpose: row.take("purpose")?,
        basis: row.take("basis")?,
        given_at: row.time("given_at")?,
        ends_at: row.time("ends_at")?,
    })
}

fn read_look(row: &Row) -> Result<LookRow, StoreError> {
    let row = Stored { row, table: "looks", key: &["case_id", "at", "person"] };
    Ok(LookRow {
        case: CaseId(row.take("case_id")?),
        at: row.time("at")?,
        person: PersonId(row.take::<Uuid>("person")?),
        post: PostId(row.take::<Uuid>("post")?),
        field: row.take("field")?,
        reason: row.take("reason")?,
    })
}

pub(crate) const INSERT: &str = "
    insert into contacts (region, case_id, field, sealed, value_digest, purpose, basis, given_at, ends_at)
    select region, case_id, field, sealed, value_digest, purpose, basis, given_at, ends_at
    from unnest($1::int8[], $2::uuid[], $3::text[], $4::bytea[], $5::bytea[], $6::text[], $7::text[], $8::int8[], $9::int8[])
        as new (region, case_id, field, sealed, value_digest, purpose, basis, given_at, ends_at)
    on conflict (region, case_id, field) do update set sealed = excluded.sealed, value_digest = excluded.value_digest,
        purpose = excluded.purpose, basis = excluded.basis, given_at = excluded.given_at, ends_at = excluded.ends_at";

/// Inserts them, or puts them in the place of what was given before.
pub(crate) async fn insert(tx: &Tx, rows: &[(i64, &ContactRow)]) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let region: Vec<_> = rows.iter().map(|row| row.0).collect();
    let case: Vec<_> = rows.iter().map(|row| row.1.case.0).collect();
    let field: Vec<_> = rows.iter().map(|row| row.1.field.as_str()).collect();
    let sealed: Vec<_> = rows.iter().map(|row| row.1.sealed.as_slice()).collect();
    let index: Vec<_> = rows.iter().map(|row| row.1.index.0.as_slice()).collect();
    let purpose: Vec<_> = rows.iter().map(|row| row.1.purpose.as_str()).collect();
    let basis: Vec<_> = rows.iter().map(|row| row.1.basis.as_str()).collect();
    let given_at: Vec<_> = rows.iter().map(|row| ms(row.1.given_at)).collect();
    let ends_at: Vec<_> = rows.iter().map(|row| ms(row.1.ends_at)).collect();
    tx.run(INSERT, &[&region, &case, &field, &sealed, &index, &purpose, &basis, &given_at, &ends_at]).await?;
    Ok(())
}

pub(crate) const LOOK: &str = "
    insert into looks (region, case_id, at, person, post, field, reason)
    select region, case_id, at, person, post, field, reason
    from unnest($1::int8[], $2::uuid[], $3::int8[], $4::uuid[], $5::uuid[], $6::text[], $7::text[])
        as new (region, case_id, at, person, post, field, reason)
    on conflict do nothing";

/// The same look of the same person in the same millisecond is one look.
pub(crate) async fn look(tx: &Tx, rows: &[(i64, &LookRow)]) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let region: Vec<_> = rows.iter().map(|row| row.0).collect();
    let case: Vec<_> = rows.iter().map(|row| row.1.case.0).collect();
    let at: Vec<_> = rows.iter().map(|row| ms(row.1.at)).collect();
    let person: Vec<_> = rows.iter().map(|row| row.1.person.0).collect();
    let post: Vec<_> = rows.iter().map(|row| row.1.post.0).collect();
    let field: Vec<_> = rows.iter().map(|row| row.1.field.as_str()).collect();
    let reason: Vec<_> = rows.iter().map(|row| row.1.reason.as_str()).collect();
    tx.run(LOOK, &[&region, &case, &at, &person, &post, &field, &reason]).await?;
    Ok(())
}

pub(crate) async fn reseal(
    tx: &Tx,
    region: i64,
    case: CaseId,
    field: &str,
    [was, sealed]: [&[u8]; 2],
) -> Result<(), Error> {
    tx.run(RESEAL, &[&region, &case.0, &field, &was, &sealed]).await?;
    Ok(())
}

pub(crate) const ERASE: &str = "delete from contacts where region = $1 and case_id = $2";

pub(crate) async fn erase(tx: &Tx, region: i64, case: CaseId) -> Result<(), Error> {
    tx.run(ERASE, &[&region, &case.0]).await?;
    Ok(())
}
