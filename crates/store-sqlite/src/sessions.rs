//! Signed-in browsers, and browsers that somebody has signed in with before.

use crate::{
    WholeView,
    error::{failed, taken, written},
    row::{Cells, all, ms, one, run, statements},
};
use async_trait::async_trait;
use gewu_domain::ids::{Digest, PersonId, PostId, SessionId};
use gewu_store::{
    StoreError,
    sessions::{DeviceRow, SessionRow, Sessions},
};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

statements! {
    OPEN = "insert into sessions (id, secret, person, post, started_at, seen_at, device)
        select ?1, ?2, person, ?4, ?5, ?6, ?7 from accounts where person = ?3 and version = ?8";
    SEE = "update sessions set seen_at = ?2 where id = ?1 and seen_at < ?2";
    SWITCH_POST = "update sessions set post = ?2 where id = ?1";
    END = "delete from sessions where id = ?1";
    END_OF = "delete from sessions where person = ?1";
    END_OTHERS = "delete from sessions where person = ?1 and id <> ?2";
    BY_SECRET = "select id, secret, person, post, started_at, seen_at, device from sessions where secret = ?1";
    OF_PERSON = "select id, secret, person, post, started_at, seen_at, device from sessions where person = ?1
        order by started_at desc, id desc";
    KNOW = "insert into devices (person, secret, ends_at) values (?1, ?2, ?3)
        on conflict (person, secret) do update set ends_at = excluded.ends_at";
    FORGET = "delete from devices where person = ?1 and (?2 is null or secret <> ?2)";
    DEVICE = "select person, secret, ends_at from devices where person = ?1 and secret = ?2";
}

pub(crate) fn open(connection: &Connection, session: &SessionRow, was: u32) -> Result<(), StoreError> {
    let values = params![
        session.id.0.as_bytes(),
        session.secret.0,
        session.person.0.as_bytes(),
        session.post.map(|post| *post.0.as_bytes()),
        ms(session.started_at),
        ms(session.seen_at),
        session.device,
        was,
    ];
    match run(connection, OPEN, values).map_err(taken("session"))? {
        0 => Err(StoreError::Stale { what: "account".to_owned() }),
        _ => Ok(()),
    }
}

pub(crate) fn see(connection: &Connection, session: SessionId, at: Timestamp) -> Result<(), StoreError> {
    run(connection, SEE, params![session.0.as_bytes(), ms(at)]).map(drop).map_err(failed)
}

pub(crate) fn switch_post(connection: &Connection, session: SessionId, post: PostId) -> Result<(), StoreError> {
    written(run(connection, SWITCH_POST, params![session.0.as_bytes(), post.0.as_bytes()]), "session")
}

pub(crate) fn end(connection: &Connection, session: SessionId) -> Result<(), StoreError> {
    run(connection, END, [session.0.as_bytes()]).map(drop).map_err(failed)
}

pub(crate) fn end_of(connection: &Connection, person: PersonId) -> Result<(), StoreError> {
    run(connection, END_OF, [person.0.as_bytes()]).map(drop).map_err(failed)
}

pub(crate) fn end_others(connection: &Connection, person: PersonId, but: SessionId) -> Result<(), StoreError> {
    run(connection, END_OTHERS, [person.0.as_bytes(), but.0.as_bytes()]).map(drop).map_err(failed)
}

pub(crate) fn know_device(connection: &Connection, device: &DeviceRow) -> Result<(), StoreError> {
    let values = params![device.person.0.as_bytes(), device.secret.0, ms(device.ends_at)];
    run(connection, KNOW, values).map(drop).map_err(failed)
}

pub(crate) fn forget_devices(connection: &Connection, person: PersonId, but: Option<Digest>) -> Result<(), StoreError> {
    run(connection, FORGET, params![person.0.as_bytes(), but.map(|but| but.0)]).map(drop).map_err(failed)
}

fn decode(row: &Row<'_>) -> Result<SessionRow, StoreError> {
    let cells = Cells::of(row, "sessions");
    Ok(SessionRow {
        id: cells.id(0, "id", SessionId)?,
        secret: cells.digest(1, "secret")?,
        person: cells.id(2, "person", PersonId)?,
        post: cells.maybe_id(3, "post", PostId)?,
        started_at: cells.time(4, "started_at")?,
        seen_at: cells.time(5, "seen_at")?,
        device: cells.cell(6, "device")?,
    })
}

#[async_trait]
impl Sessions for WholeView {
    async fn session(&self, secret: Digest) -> Result<Option<SessionRow>, StoreError> {
        self.read(move |connection| one(connection, BY_SECRET, [secret.0], decode)).await
    }

    async fn sessions_of(&self, person: PersonId) -> Result<Vec<SessionRow>, StoreError> {
        self.read(move |connection| all(connection, OF_PERSON, [person.0.as_bytes()], decode)).await
    }

    async fn device(&self, person: PersonId, secret: Digest) -> Result<Option<DeviceRow>, StoreError> {
        self.read(move |connection| {
            one(connection, DEVICE, params![person.0.as_bytes(), secret.0], |row| {
                let cells = Cells::of(row, "devices");
                Ok(DeviceRow {
                    person: cells.id(0, "person", PersonId)?,
                    secret: cells.digest(1, "secret")?,
                    ends_at: cells.time(2, "ends_at")?,
                })
            })
        })
        .await
    }
}
