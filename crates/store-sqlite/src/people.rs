//! Staff, their posts and accounts.

use crate::{
    WholeView,
    error::{failed, taken, written},
    row::{Cells, FIRST_ID, LAST_ID, all, ms, one, run, statements},
};
use async_trait::async_trait;
use gewu_domain::{
    ids::{AreaCode, Digest, PersonId, PostId, RegionId, UnitCode},
    people::{Post, Role},
};
use gewu_store::{
    Listing, Page, StoreError,
    people::{AccountRow, PasswordHash, People, PersonKey, PersonRow},
};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

statements! {
    INSERT = "insert into people (id, name, unit, is_active) values (?1, ?2, ?3, ?4)";
    EMPTY = "update people set name = '', is_active = 0 where id = ?1";
    INSERT_POST = "insert into posts (id, person, role, unit, of_region, area, from_at, to_at)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    END_POST = "update posts set to_at = ?2 where id = ?1 and (to_at is null or to_at > ?2)";
    INSERT_ACCOUNT = "insert into accounts (person, login, password, must_change, failures, changed_at, version, totp)
        values (?1, ?2, ?3, ?4, 0, ?5, ?6, ?7)";
    SET_PASSWORD = "update accounts set password = ?3, must_change = ?4, changed_at = ?5, version = version + 1
        where person = ?1 and version = ?2";
    REHASH = "update accounts set password = ?3 where person = ?1 and version = ?2";
    SET_TOTP = "update accounts set totp = ?3, totp_step = null, version = version + 1
        where person = ?1 and version = ?2";
    RESEAL_TOTP = "update accounts set totp = ?3 where person = ?1 and totp = ?2";
    USE_STEP = "update accounts set totp_step = ?2 where person = ?1 and (totp_step is null or totp_step < ?2)";
    TOTPS = "select person, totp from accounts where totp is not null order by person";
    INSERT_CODE = "insert into recovery_codes (person, code) values (?1, ?2)";
    USE_CODE = "delete from recovery_codes where person = ?1 and code = ?2";
    END_CODES = "delete from recovery_codes where person = ?1";
    CODES = "select code from recovery_codes where person = ?1 order by code";
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
    ACCOUNT = "select person, login, password, must_change, changed_at, version, totp from accounts where login = ?1";
    ACCOUNT_OF = "select person, login, password, must_change, changed_at, version, totp from accounts where person = ?1";
}

pub(crate) fn insert(connection: &Connection, person: &PersonRow) -> Result<(), StoreError> {
    let values = params![person.id.0.as_bytes(), person.name, person.unit.as_str(), person.is_active];
    run(connection, INSERT, values).map(drop).map_err(taken("person"))
}

/// Empties the name, ends account, sessions and devices.
pub(crate) fn erase(connection: &Connection, person: PersonId) -> Result<(), StoreError> {
    run(connection, EMPTY, [person.0.as_bytes()]).map_err(failed)?;
    run(connection, END_ACCOUNT, [person.0.as_bytes()]).map_err(failed)?;
    run(connection, END_CODES, [person.0.as_bytes()]).map_err(failed)?;
    crate::sessions::forget_devices(connection, person, None)?;
    crate::sessions::end_of(connection, person)
}

pub(crate) fn insert_post(connection: &Connection, post: &Post) -> Result<(), StoreError> {
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
    run(connection, INSERT_POST, values).map(drop).map_err(taken("post"))
}

pub(crate) fn end_post(connection: &Connection, post: PostId, at: Timestamp) -> Result<(), StoreError> {
    run(connection, END_POST, params![post.0.as_bytes(), ms(at)]).map(drop).map_err(failed)
}

pub(crate) fn insert_account(connection: &Connection, account: &AccountRow) -> Result<(), StoreError> {
    let values = params![
        account.person.0.as_bytes(),
        account.login,
        account.password.0,
        account.must_change,
        ms(account.changed_at),
        account.version,
        account.totp,
    ];
    run(connection, INSERT_ACCOUNT, values).map(drop).map_err(taken("login"))
}

/// Also ends every session of the person.
pub(crate) fn set_password(
    connection: &Connection,
    person: PersonId,
    was: u32,
    password: &PasswordHash,
    must_change: bool,
    at: Timestamp,
) -> Result<(), StoreError> {
    let values = params![person.0.as_bytes(), was, password.0, must_change, ms(at)];
    written(run(connection, SET_PASSWORD, values), "account")?;
    crate::sessions::end_of(connection, person)
}

pub(crate) fn rehash(
    connection: &Connection,
    person: PersonId,
    was: u32,
    password: &PasswordHash,
) -> Result<(), StoreError> {
    written(run(connection, REHASH, params![person.0.as_bytes(), was, password.0]), "account")
}

pub(crate) fn set_totp(
    connection: &Connection,
    person: PersonId,
    was: u32,
    totp: Option<&[u8]>,
    codes: &[Digest],
) -> Result<(), StoreError> {
    written(run(connection, SET_TOTP, params![person.0.as_bytes(), was, totp]), "account")?;
    run(connection, END_CODES, [person.0.as_bytes()]).map_err(failed)?;
    for code in codes {
        run(connection, INSERT_CODE, params![person.0.as_bytes(), code.0]).map_err(taken("recovery code"))?;
    }
    Ok(())
}

pub(crate) fn reseal_totp(
    connection: &Connection,
    person: PersonId,
    [was, sealed]: [&[u8]; 2],
) -> Result<(), StoreError> {
    run(connection, RESEAL_TOTP, params![person.0.as_bytes(), was, sealed]).map(drop).map_err(failed)
}

pub(crate) fn use_step(connection: &Connection, person: PersonId, step: i64) -> Result<(), StoreError> {
    written(run(connection, USE_STEP, params![person.0.as_bytes(), step]), "time step")
}

pub(crate) fn use_recovery_code(connection: &Connection, person: PersonId, code: Digest) -> Result<(), StoreError> {
    written(run(connection, USE_CODE, params![person.0.as_bytes(), code.0]), "recovery code")
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
        password: PasswordHash(cells.cell(2, "password")?),
        must_change: cells.cell(3, "must_change")?,
        changed_at: cells.time(4, "changed_at")?,
        version: cells.cell(5, "version")?,
        totp: cells.cell(6, "totp")?,
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

    async fn totps(&self) -> Result<Vec<(PersonId, Vec<u8>)>, StoreError> {
        self.read(|connection| {
            all(connection, TOTPS, [], |row| {
                let cells = Cells::of(row, "accounts");
                Ok((cells.id(0, "person", PersonId)?, cells.cell(1, "totp")?))
            })
        })
        .await
    }

    async fn recovery_codes(&self, person: PersonId) -> Result<Vec<Digest>, StoreError> {
        self.read(move |connection| {
            all(connection, CODES, [person.0.as_bytes()], |row| Cells::of(row, "recovery_codes").digest(0, "code"))
        })
        .await
    }
}
