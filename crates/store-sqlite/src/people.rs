//! Staff, their posts and accounts.

use crate::{
    WholeView,
    error::{failed, taken},
    row::{Cells, FIRST_ID, LAST_ID, all, ms, one, run, statements},
};
use async_trait::async_trait;
use gewu_domain::{
    ids::{AreaCode, PersonId, PostId, RegionId, UnitCode},
    people::{Post, Role},
};
use gewu_store::{
    Listing, Page, StoreError,
    people::{AccountRow, People, PersonKey, PersonRow},
};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

statements! {
    PUT = "insert into people (id, name, unit, is_active) values (?1, ?2, ?3, ?4)
        on conflict (id) do update set name = excluded.name, unit = excluded.unit, is_active = excluded.is_active";
    EMPTY = "update people set name = '', is_active = 0 where id = ?1";
    PUT_POST = "insert into posts (id, person, role, unit, of_region, area, from_at, to_at)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        on conflict (id) do update set person = excluded.person, role = excluded.role, unit = excluded.unit,
        of_region = excluded.of_region, area = excluded.area, from_at = excluded.from_at, to_at = excluded.to_at";
    END_POST = "update posts set to_at = ?2 where id = ?1";
    PUT_ACCOUNT = "insert into accounts (person, login, password, must_change, failures, locked_until, changed_at)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        on conflict (person) do update set login = excluded.login, password = excluded.password,
        must_change = excluded.must_change, failures = excluded.failures, locked_until = excluded.locked_until,
        changed_at = excluded.changed_at";
    END_ACCOUNT = "delete from accounts where person = ?1";
    PERSON = "select id, name, unit, is_active from people where id = ?1";
    PEOPLE_ON = "select id, name, unit, is_active from people where (unit, id) > (?1, ?2)
        and (?3 = '[]' or unit in (select value from json_each(?3))) order by unit, id limit ?4";
    PEOPLE_BACK = "select id, name, unit, is_active from people where (?5 or (unit, id) < (?1, ?2))
        and (?3 = '[]' or unit in (select value from json_each(?3))) order by unit desc, id desc limit ?4";
    POSTS_OF = "select id, person, role, unit, of_region, area, from_at, to_at from posts where person = ?1
        order by from_at desc, id desc";
    POST = "select id, person, role, unit, of_region, area, from_at, to_at from posts where id = ?1";
    POSTS_IN = "select id, person, role, unit, of_region, area, from_at, to_at from posts
        where unit = ?1 and from_at <= ?2 and (to_at is null or to_at > ?2) order by id";
    ACCOUNT = "select person, login, password, must_change, failures, locked_until, changed_at from accounts where login = ?1";
    ACCOUNT_OF = "select person, login, password, must_change, failures, locked_until, changed_at from accounts
        where person = ?1";
}

pub(crate) fn put(connection: &Connection, person: &PersonRow) -> Result<(), StoreError> {
    let values = params![person.id.0.as_bytes(), person.name, person.unit.as_str(), person.is_active];
    run(connection, PUT, values).map(drop).map_err(failed)
}

/// Empties the name, ends account and sessions.
pub(crate) fn erase(connection: &Connection, person: PersonId) -> Result<(), StoreError> {
    run(connection, EMPTY, [person.0.as_bytes()]).map_err(failed)?;
    run(connection, END_ACCOUNT, [person.0.as_bytes()]).map_err(failed)?;
    crate::sessions::end_of(connection, person)
}

pub(crate) fn put_post(connection: &Connection, post: &Post) -> Result<(), StoreError> {
    let values = params![
        post.id.0.as_bytes(),
        post.person.0.as_bytes(),
        post.role.code(),
        post.unit.as_str(),
        post.region.map(|region| region.0),
        post.area.as_str(),
        ms(post.from),
        post.to.map(ms),
    ];
    run(connection, PUT_POST, values).map(drop).map_err(failed)
}

pub(crate) fn end_post(connection: &Connection, post: PostId, at: Timestamp) -> Result<(), StoreError> {
    run(connection, END_POST, params![post.0.as_bytes(), ms(at)]).map(drop).map_err(failed)
}

pub(crate) fn put_account(connection: &Connection, account: &AccountRow) -> Result<(), StoreError> {
    let values = params![
        account.person.0.as_bytes(),
        account.login,
        account.password,
        account.must_change,
        account.failures,
        account.locked_until.map(ms),
        ms(account.changed_at),
    ];
    run(connection, PUT_ACCOUNT, values).map(drop).map_err(taken("login"))
}

fn decode(row: &Row<'_>) -> Result<PersonRow, StoreError> {
    let cells = Cells::of(row, "people");
    Ok(PersonRow {
        id: cells.id(0, "id", PersonId)?,
        name: cells.cell(1, "name")?,
        unit: UnitCode::new(cells.cell::<String>(2, "unit")?),
        is_active: cells.cell(3, "is_active")?,
    })
}

fn decode_post(row: &Row<'_>) -> Result<Post, StoreError> {
    let cells = Cells::of(row, "posts");
    Ok(Post {
        id: cells.id(0, "id", PostId)?,
        person: cells.id(1, "person", PersonId)?,
        role: cells.code(2, "role", Role::from_code)?,
        unit: UnitCode::new(cells.cell::<String>(3, "unit")?),
        region: cells.cell::<Option<u32>>(4, "of_region")?.map(RegionId),
        area: AreaCode::new(cells.cell::<String>(5, "area")?),
        from: cells.time(6, "from_at")?,
        to: cells.maybe_time(7, "to_at")?,
    })
}

fn decode_account(row: &Row<'_>) -> Result<AccountRow, StoreError> {
    let cells = Cells::of(row, "accounts");
    Ok(AccountRow {
        person: cells.id(0, "person", PersonId)?,
        login: cells.cell(1, "login")?,
        password: cells.cell(2, "password")?,
        must_change: cells.cell(3, "must_change")?,
        failures: cells.cell(4, "failures")?,
        locked_until: cells.maybe_time(5, "locked_until")?,
        changed_at: cells.time(6, "changed_at")?,
    })
}

#[async_trait]
impl People for WholeView {
    async fn person(&self, id: PersonId) -> Result<Option<PersonRow>, StoreError> {
        self.read(move |connection| one(connection, PERSON, [id.0.as_bytes()], decode)).await
    }

    async fn people_named(&self, ids: &[PersonId]) -> Result<Vec<PersonRow>, StoreError> {
        let ids = ids.to_vec();
        self.read(move |connection| {
            let mut rows = Vec::with_capacity(ids.len());
            for id in ids {
                rows.extend(one(connection, PERSON, [id.0.as_bytes()], decode)?);
            }
            Ok(rows)
        })
        .await
    }

    async fn people(
        &self,
        units: &[UnitCode],
        page: &Page<PersonKey>,
    ) -> Result<Listing<PersonRow, PersonKey>, StoreError> {
        let (units, page) = (serde_json::to_string(units).expect("codes are plain data"), page.clone());
        self.read(move |connection| {
            let key = page.after.as_ref().map(|key| (key.unit.as_str(), *key.id.0.as_bytes()));
            let rows = if page.backwards {
                let (unit, id) = key.unwrap_or(("", LAST_ID));
                all(connection, PEOPLE_BACK, params![unit, id, units, page.fetch(), key.is_none()], decode)?
            } else {
                // No unit's code is empty, so nothing lies before this.
                let (unit, id) = key.unwrap_or(("", FIRST_ID));
                all(connection, PEOPLE_ON, params![unit, id, units, page.fetch()], decode)?
            };
            Ok(Listing::of(rows, &page, |row| PersonKey { unit: row.unit.clone(), id: row.id }))
        })
        .await
    }

    async fn posts_of(&self, person: PersonId) -> Result<Vec<Post>, StoreError> {
        self.read(move |connection| all(connection, POSTS_OF, [person.0.as_bytes()], decode_post)).await
    }

    async fn post(&self, id: PostId) -> Result<Option<Post>, StoreError> {
        self.read(move |connection| one(connection, POST, [id.0.as_bytes()], decode_post)).await
    }

    async fn posts_in(&self, unit: &UnitCode, at: Timestamp) -> Result<Vec<Post>, StoreError> {
        let unit = unit.clone();
        self.read(move |connection| all(connection, POSTS_IN, params![unit.as_str(), ms(at)], decode_post)).await
    }

    async fn account(&self, login: &str) -> Result<Option<AccountRow>, StoreError> {
        let login = login.to_owned();
        self.read(move |connection| one(connection, ACCOUNT, [login], decode_account)).await
    }

    async fn account_of(&self, person: PersonId) -> Result<Option<AccountRow>, StoreError> {
        self.read(move |connection| one(connection, ACCOUNT_OF, [person.0.as_bytes()], decode_account)).await
    }
}
