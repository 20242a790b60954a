//! Staff: persons, posts, accounts.

use crate::{
    row::{Stored, ms},
    snapshot::Snapshot,
    tx::Tx,
};
use async_trait::async_trait;
use gewu_domain::{
    ids::{AreaCode, Digest, PersonId, PostId, RegionId, UnitCode},
    people::Post,
};
use gewu_store::{
    Listing, Page, StoreError,
    people::{AccountRow, PasswordHash, People, PersonKey, PersonRow},
};
use jiff::Timestamp;
use tokio_postgres::{Error, Row};
use uuid::Uuid;

pub(crate) const PERSON: &str = "select id, name, unit, is_active from people where id = $1";
pub(crate) const NAMED: &str = "select id, name, unit, is_active from people where id = any($1) order by id";
pub(crate) const AFTER: &str = "
    select id, name, unit, is_active from people
    where ($1::text[] is null or unit = any($1)) and ($2::text is null or (unit collate \"C\", id) > ($2, $3))
    order by unit collate \"C\", id limit $4";
pub(crate) const BEFORE: &str = "
    select id, name, unit, is_active from people
    where ($1::text[] is null or unit = any($1)) and ($2::text is null or (unit collate \"C\", id) < ($2, $3))
    order by unit collate \"C\" desc, id desc limit $4";
pub(crate) const POSTS_OF: &str = "
    select id, person, role, unit, of_region, area, from_at, to_at from posts where person = $1 order by from_at desc, id desc";
pub(crate) const POST: &str = "select id, person, role, unit, of_region, area, from_at, to_at from posts where id = $1";
pub(crate) const POSTS_IN: &str = "
    select id, person, role, unit, of_region, area, from_at, to_at from posts
    where unit = $1 and from_at <= $2 and (to_at is null or to_at > $2) order by id";
pub(crate) const ACCOUNT: &str = "
    select person, login, password, must_change, changed_at, version, totp from accounts where login = $1";
pub(crate) const ACCOUNT_OF: &str = "
    select person, login, password, must_change, changed_at, version, totp from accounts where person = $1";
pub(crate) const TOTPS: &str = "select person, totp from accounts where totp is not null order by person";
pub(crate) const CODES: &str = "select person, code from recovery_codes where person = $1 order by code";

#[async_trait]
impl People for Snapshot {
    async fn person(&self, id: PersonId) -> Result<Option<PersonRow>, StoreError> {
        self.row(PERSON, &[&id.0]).await?.as_ref().map(read).transpose()
    }

    async fn people_named(&self, ids: &[PersonId]) -> Result<Vec<PersonRow>, StoreError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        self.rows(NAMED, &[&ids]).await?.iter().map(read).collect()
    }

    async fn people(
        &self,
        units: &[UnitCode],
        page: &Page<PersonKey>,
    ) -> Result<Listing<PersonRow, PersonKey>, StoreError> {
        let sql = if page.backwards { BEFORE } else { AFTER };
        let units: Vec<&str> = units.iter().map(UnitCode::as_str).collect();
        let units = (!units.is_empty()).then_some(units);
        let unit = page.after.as_ref().map(|key| key.unit.as_str());
        let id = page.after.as_ref().map_or(Uuid::nil(), |key| key.id.0);
        let rows = self.rows(sql, &[&units, &unit, &id, &page.fetch()]).await?;
        let rows = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Listing::of(rows, page, |row: &PersonRow| PersonKey { unit: row.unit.clone(), id: row.id }))
    }

    async fn posts_of(&self, person: PersonId) -> Result<Vec<Post>, StoreError> {
        self.rows(POSTS_OF, &[&person.0]).await?.iter().map(read_post).collect()
    }

    async fn post(&self, id: PostId) -> Result<Option<Post>, StoreError> {
        self.row(POST, &[&id.0]).await?.as_ref().map(read_post).transpose()
    }

    async fn posts_in(&self, unit: &UnitCode, at: Timestamp) -> Result<Vec<Post>, StoreError> {
        self.rows(POSTS_IN, &[&unit.as_str(), &ms(at)]).await?.iter().map(read_post).collect()
    }

    async fn account(&self, login: &str) -> Result<Option<AccountRow>, StoreError> {
        self.row(ACCOUNT, &[&login]).await?.as_ref().map(read_account).transpose()
    }

    async fn account_of(&self, person: PersonId) -> Result<Option<AccountRow>, StoreError> {
        self.row(ACCOUNT_OF, &[&person.0]).await?.as_ref().map(read_account).transpose()
    }

    async fn totps(&self) -> Result<Vec<(PersonId, Vec<u8>)>, StoreError> {
        let rows = self.rows(TOTPS, &[]).await?;
        let read = |row| {
            let row = Stored { row, table: "accounts", key: &["person"] };
            Ok((PersonId(row.take("person")?), row.take("totp")?))
        };
        rows.iter().map(read).collect()
    }

    async fn recovery_codes(&self, person: PersonId) -> Result<Vec<Digest>, StoreError> {
        let rows = self.rows(CODES, &[&person.0]).await?;
        rows.iter().map(|row| Stored { row, table: "recovery_codes", key: &["person"] }.digest("code")).collect()
    }
}

fn read(row: &Row) -> Result<PersonRow, StoreError> {
    let row = Stored { row, table: "people", key: &["id"] };
    Ok(PersonRow {
        id: PersonId(row.take("id")?),
        name: row.take("name")?,
        unit: UnitCode::new(row.take::<String>("unit")?),
        is_active: row.take("is_active")?,
    })
}

fn read_post(row: &Row) -> Result<Post, StoreError> {
    let row = Stored { row, table: "posts", key: &["id"] };
    Ok(Post {
        id: PostId(row.take("id")?),
        person: PersonId(row.take("person")?),
        role: row.role("role")?,
        unit: UnitCode::new(row.take::<String>("unit")?),
        region: row.number_or_none::<i64, u32>("of_region")?.map(RegionId),
        area: AreaCode::new(row.take::<String>("area")?),
        from: row.time("from_at")?,
        to: row.time_or_none("to_at")?,
    })
}

fn read_account(row: &Row) -> Result<AccountRow, StoreError> {
    let row = Stored { row, table: "accounts", key: &["person"] };
    Ok(AccountRow {
        person: PersonId(row.take("person")?),
        login: row.take("login")?,
        password: PasswordHash(row.take("password")?),
        must_change: row.take("must_change")?,
        changed_at: row.time("changed_at")?,
        version: row.number::<i32, _>("version")?,
        totp: row.take("totp")?,
    })
}

pub(crate) const INSERT: &str = "insert into people (id, name, unit, is_active) values ($1, $2, $3, $4)";

pub(crate) async fn insert(tx: &Tx, row: &PersonRow) -> Result<(), Error> {
    tx.run(INSERT, &[&row.id.0, &row.name, &row.unit.as_str(), &row.is_active]).await?;
    Ok(())
}

pub(crate) const INSERT_POST: &str = "
    insert into posts (id, person, role, unit, of_region, area, from_at, to_at) values ($1, $2, $3, $4, $5, $6, $7, $8)";

pub(crate) async fn insert_post(tx: &Tx, post: &Post) -> Result<(), Error> {
    let region = post.region.map(crate::row::region);
    let (from_at, to_at) = (ms(post.from), post.to.map(ms));
    let (role, unit, area) = (post.role.code(), post.unit.as_str(), post.area.as_str());
    tx.run(INSERT_POST, &[&post.id.0, &post.person.0, &role, &unit, &region, &area, &from_at, &to_at]).await?;
    Ok(())
}

pub(crate) const END_POST: &str = "update posts set to_at = $2 where id = $1 and (to_at is null or to_at > $2)";

pub(crate) async fn end_post(tx: &Tx, post: PostId, at: Timestamp) -> Result<(), Error> {
    tx.run(END_POST, &[&post.0, &ms(at)]).await?;
    Ok(())
}

pub(crate) const INSERT_ACCOUNT: &str = "
    insert into accounts (person, login, password, must_change, failures, changed_at, version, totp)
    values ($1, $2, $3, $4, 0, $5, $6, $7)";

pub(crate) async fn insert_account(tx: &Tx, row: &AccountRow) -> Result<(), Error> {
    let (changed_at, version) = (ms(row.changed_at), number(row.version));
    tx.run(
        INSERT_ACCOUNT,
        &[&row.person.0, &row.login, &row.password.0, &row.must_change, &changed_at, &version, &row.totp],
    )
    .await?;
    Ok(())
}

/// A number of versions, which count from one.
pub(crate) fn number(version: u32) -> i32 {
    i32::try_from(version).unwrap_or(i32::MAX)
}

pub(crate) const SET_PASSWORD: &str = "
    update accounts set password = $3, must_change = $4, changed_at = $5, version = version + 1
    where person = $1 and version = $2";

/// The account first: whoever opens a session holds it meanwhile, so that none is missed. Gives whether it was written, as
/// those below do.
pub(crate) async fn set_password(
    tx: &Tx,
    person: PersonId,
    was: u32,
    password: &PasswordHash,
    must_change: bool,
    at: Timestamp,
) -> Result<bool, Error> {
    let written = tx.run(SET_PASSWORD, &[&person.0, &number(was), &password.0, &must_change, &ms(at)]).await?;
    crate::sessions::end_all(tx, person).await?;
    Ok(written > 0)
}

pub(crate) const REHASH: &str = "update accounts set password = $3 where person = $1 and version = $2";

pub(crate) async fn rehash(tx: &Tx, person: PersonId, was: u32, password: &PasswordHash) -> Result<bool, Error> {
    Ok(tx.run(REHASH, &[&person.0, &number(was), &password.0]).await? > 0)
}

pub(crate) const SET_TOTP: &str = "
    update accounts set totp = $3, totp_step = null, version = version + 1 where person = $1 and version = $2";
pub(crate) const INSERT_CODE: &str = "insert into recovery_codes (person, code) values ($1, $2)";
pub(crate) const ERASE_CODES: &str = "delete from recovery_codes where person = $1";

pub(crate) async fn set_totp(
    tx: &Tx,
    person: PersonId,
    was: u32,
    totp: Option<&[u8]>,
    codes: &[Digest],
) -> Result<bool, Error> {
    let written = tx.run(SET_TOTP, &[&person.0, &number(was), &totp]).await?;
    tx.run(ERASE_CODES, &[&person.0]).await?;
    for code in codes {
        tx.run(INSERT_CODE, &[&person.0, &code.0.as_slice()]).await?;
    }
    Ok(written > 0)
}

pub(crate) const RESEAL_TOTP: &str = "update accounts set totp = $3 where person = $1 and totp = $2";

pub(crate) async fn reseal_totp(tx: &Tx, person: PersonId, [was, sealed]: [&[u8]; 2]) -> Result<(), Error> {
    tx.run(RESEAL_TOTP, &[&person.0, &was, &sealed]).await?;
    Ok(())
}

pub(crate) const USE_STEP: &str = "
    update accounts set totp_step = $2 where person = $1 and (totp_step is null or totp_step < $2)";

pub(crate) async fn use_step(tx: &Tx, person: PersonId, step: i64) -> Result<bool, Error> {
    Ok(tx.run(USE_STEP, &[&person.0, &step]).await? > 0)
}

pub(crate) const USE_CODE: &str = "delete from recovery_codes where person = $1 and code = $2";

pub(crate) async fn use_recovery_code(tx: &Tx, person: PersonId, code: Digest) -> Result<bool, Error> {
    Ok(tx.run(USE_CODE, &[&person.0, &code.0.as_slice()]).await? > 0)
}

pub(crate) const ERASE: &str = "update people set name = '', is_active = false where id = $1";
pub(crate) const ERASE_ACCOUNT: &str = "delete from accounts where person = $1";

/// The name and the account go, with every session and device; the id stays.
pub(crate) async fn erase(tx: &Tx, person: PersonId) -> Result<(), Error> {
    tx.run(ERASE, &[&person.0]).await?;
    tx.run(ERASE_ACCOUNT, &[&person.0]).await?;
    tx.run(ERASE_CODES, &[&person.0]).await?;
    crate::sessions::forget_devices(tx, person, None).await?;
    crate::sessions::end_all(tx, person).await
}
