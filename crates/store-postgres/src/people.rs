//! Staff: persons, posts, accounts.

use crate::{
    row::{Stored, ms},
    snapshot::Snapshot,
    tx::Tx,
};
use async_trait::async_trait;
use gewu_domain::{
    ids::{AreaCode, PersonId, PostId, RegionId, UnitCode},
    people::Post,
};
use gewu_store::{
    Listing, Page, StoreError,
    people::{AccountRow, People, PersonKey, PersonRow},
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
    select person, login, password, must_change, failures, locked_until, changed_at from accounts where login = $1";
pub(crate) const ACCOUNT_OF: &str = "
    select person, login, password, must_change, failures, locked_until, changed_at from accounts where person = $1";

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
        password: row.take("password")?,
        must_change: row.take("must_change")?,
        failures: row.number::<i32, _>("failures")?,
        locked_until: row.time_or_none("locked_until")?,
        changed_at: row.time("changed_at")?,
    })
}

pub(crate) const PUT: &str = "
    insert into people (id, name, unit, is_active) values ($1, $2, $3, $4)
    on conflict (id) do update set name = excluded.name, unit = excluded.unit, is_active = excluded.is_active";

pub(crate) async fn put(tx: &Tx, row: &PersonRow) -> Result<(), Error> {
    tx.run(PUT, &[&row.id.0, &row.name, &row.unit.as_str(), &row.is_active]).await?;
    Ok(())
}

pub(crate) const PUT_POST: &str = "
    insert into posts (id, person, role, unit, of_region, area, from_at, to_at) values ($1, $2, $3, $4, $5, $6, $7, $8)
    on conflict (id) do update set person = excluded.person, role = excluded.role, unit = excluded.unit,
        of_region = excluded.of_region, area = excluded.area, from_at = excluded.from_at, to_at = excluded.to_at";

pub(crate) async fn put_post(tx: &Tx, post: &Post) -> Result<(), Error> {
    let region = post.region.map(crate::row::region);
    let (from_at, to_at) = (ms(post.from), post.to.map(ms));
    let (role, unit, area) = (post.role.code(), post.unit.as_str(), post.area.as_str());
    tx.run(PUT_POST, &[&post.id.0, &post.person.0, &role, &unit, &region, &area, &from_at, &to_at]).await?;
    Ok(())
}

pub(crate) const END_POST: &str = "update posts set to_at = $2 where id = $1 and (to_at is null or to_at > $2)";

pub(crate) async fn end_post(tx: &Tx, post: PostId, at: Timestamp) -> Result<(), Error> {
    tx.run(END_POST, &[&post.0, &ms(at)]).await?;
    Ok(())
}

pub(crate) const PUT_ACCOUNT: &str = "
    insert into accounts (person, login, password, must_change, failures, locked_until, changed_at)
    values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (person) do update set login = excluded.login, password = excluded.password,
        must_change = excluded.must_change, failures = excluded.failures, locked_until = excluded.locked_until,
        changed_at = excluded.changed_at";

pub(crate) async fn put_account(tx: &Tx, row: &AccountRow) -> Result<(), Error> {
    let (locked_until, changed_at) = (row.locked_until.map(ms), ms(row.changed_at));
    let failures = i32::from(row.failures);
    tx.run(
        PUT_ACCOUNT,
        &[&row.person.0, &row.login, &row.password, &row.must_change, &failures, &locked_until, &changed_at],
    )
    .await?;
    Ok(())
}

pub(crate) const ERASE: &str = "update people set name = '', is_active = false where id = $1";
pub(crate) const ERASE_ACCOUNT: &str = "delete from accounts where person = $1";

/// The name and the account go, with every session; the id stays.
pub(crate) async fn erase(tx: &Tx, person: PersonId) -> Result<(), Error> {
    tx.run(ERASE, &[&person.0]).await?;
    tx.run(ERASE_ACCOUNT, &[&person.0]).await?;
    crate::sessions::end_all(tx, person).await
}
