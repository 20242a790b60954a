//! Signed-in browsers, and browsers that somebody has signed in with before.

use crate::{
    people::number,
    row::{Stored, ms},
    snapshot::Snapshot,
    tx::Tx,
};
use async_trait::async_trait;
use gewu_domain::ids::{Digest, PersonId, PostId, SessionId};
use gewu_store::{
    StoreError,
    sessions::{DeviceRow, SessionRow, Sessions},
};
use jiff::Timestamp;
use tokio_postgres::{Error, Row};
use uuid::Uuid;

pub(crate) const ONE: &str = "
    select id, secret, person, post, started_at, seen_at, device from sessions where secret = $1";
pub(crate) const OF_PERSON: &str = "
    select id, secret, person, post, started_at, seen_at, device from sessions where person = $1
    order by started_at desc, id desc";
pub(crate) const DEVICE: &str = "select person, secret, ends_at from devices where person = $1 and secret = $2";

#[async_trait]
impl Sessions for Snapshot {
    async fn session(&self, secret: Digest) -> Result<Option<SessionRow>, StoreError> {
        self.row(ONE, &[&secret.0.as_slice()]).await?.as_ref().map(read).transpose()
    }

    async fn sessions_of(&self, person: PersonId) -> Result<Vec<SessionRow>, StoreError> {
        self.rows(OF_PERSON, &[&person.0]).await?.iter().map(read).collect()
    }

    async fn device(&self, person: PersonId, secret: Digest) -> Result<Option<DeviceRow>, StoreError> {
        let row = self.row(DEVICE, &[&person.0, &secret.0.as_slice()]).await?;
        let read = |row: &Row| {
            let row = Stored { row, table: "devices", key: &["person"] };
            let ends_at = row.time("ends_at")?;
            Ok(DeviceRow { person: PersonId(row.take("person")?), secret: row.digest("secret")?, ends_at })
        };
        row.as_ref().map(read).transpose()
    }
}

fn read(row: &Row) -> Result<SessionRow, StoreError> {
    let row = Stored { row, table: "sessions", key: &["id"] };
    Ok(SessionRow {
        id: SessionId(row.take("id")?),
        secret: row.digest("secret")?,
        person: PersonId(row.take("person")?),
        post: row.take::<Option<Uuid>>("post")?.map(PostId),
        started_at: row.time("started_at")?,
        seen_at: row.time("seen_at")?,
        device: row.take("device")?,
    })
}

/// Holds the account until the end of the transaction: a password set meanwhile waits and then ends this session too, or
/// was first and this one is not opened.
pub(crate) const OPEN: &str = "
    insert into sessions (id, secret, person, post, started_at, seen_at, device)
    select $1, $2, person, $4, $5, $6, $7 from accounts where person = $3 and version = $8 for no key update";

/// Gives whether the account stood at that version.
pub(crate) async fn open(tx: &Tx, row: &SessionRow, was: u32) -> Result<bool, Error> {
    let post = row.post.map(|post| post.0);
    let (started_at, seen_at) = (ms(row.started_at), ms(row.seen_at));
    let (secret, was) = (row.secret.0.as_slice(), number(was));
    let opened =
        tx.run(OPEN, &[&row.id.0, &secret, &row.person.0, &post, &started_at, &seen_at, &row.device, &was]).await?;
    Ok(opened > 0)
}

pub(crate) const SEE: &str = "update sessions set seen_at = $2 where id = $1 and seen_at < $2";

pub(crate) async fn see(tx: &Tx, session: SessionId, at: Timestamp) -> Result<(), Error> {
    tx.run(SEE, &[&session.0, &ms(at)]).await?;
    Ok(())
}

pub(crate) const SWITCH_POST: &str = "update sessions set post = $2 where id = $1";

/// Gives whether the session is still there.
pub(crate) async fn switch_post(tx: &Tx, session: SessionId, post: PostId) -> Result<bool, Error> {
    Ok(tx.run(SWITCH_POST, &[&session.0, &post.0]).await? > 0)
}

pub(crate) const END: &str = "delete from sessions where id = $1";

pub(crate) async fn end(tx: &Tx, session: SessionId) -> Result<(), Error> {
    tx.run(END, &[&session.0]).await?;
    Ok(())
}

pub(crate) const END_ALL: &str = "delete from sessions where person = $1";

pub(crate) async fn end_all(tx: &Tx, person: PersonId) -> Result<(), Error> {
    tx.run(END_ALL, &[&person.0]).await?;
    Ok(())
}

pub(crate) const END_OTHERS: &str = "delete from sessions where person = $1 and id <> $2";

pub(crate) async fn end_others(tx: &Tx, person: PersonId, but: SessionId) -> Result<(), Error> {
    tx.run(END_OTHERS, &[&person.0, &but.0]).await?;
    Ok(())
}

pub(crate) const KNOW: &str = "
    insert into devices (person, secret, ends_at) values ($1, $2, $3)
    on conflict (person, secret) do update set ends_at = excluded.ends_at";

pub(crate) async fn know_device(tx: &Tx, device: &DeviceRow) -> Result<(), Error> {
    tx.run(KNOW, &[&device.person.0, &device.secret.0.as_slice(), &ms(device.ends_at)]).await?;
    Ok(())
}

pub(crate) const FORGET: &str = "delete from devices where person = $1 and ($2::bytea is null or secret <> $2)";

pub(crate) async fn forget_devices(tx: &Tx, person: PersonId, but: Option<Digest>) -> Result<(), Error> {
    tx.run(FORGET, &[&person.0, &but.as_ref().map(|but| but.0.as_slice())]).await?;
    Ok(())
}
