//! Signed-in browsers.

use crate::{
    row::{Stored, ms},
    snapshot::Snapshot,
    tx::Tx,
};
use async_trait::async_trait;
use gewu_domain::ids::{Digest, PersonId, PostId, SessionId};
use gewu_store::{
    StoreError,
    sessions::{SessionRow, Sessions},
};
use tokio_postgres::Error;
use uuid::Uuid;

pub(crate) const ONE: &str = "select id, secret, person, post, started_at, seen_at from sessions where secret = $1";

#[async_trait]
impl Sessions for Snapshot {
    async fn session(&self, secret: Digest) -> Result<Option<SessionRow>, StoreError> {
        let Some(row) = self.row(ONE, &[&secret.0.as_slice()]).await? else { return Ok(None) };
        let row = Stored { row: &row, table: "sessions", key: &["id"] };
        Ok(Some(SessionRow {
            id: SessionId(row.take("id")?),
            secret: row.digest("secret")?,
            person: PersonId(row.take("person")?),
            post: row.take::<Option<Uuid>>("post")?.map(PostId),
            started_at: row.time("started_at")?,
            seen_at: row.time("seen_at")?,
        }))
    }
}

pub(crate) const PUT: &str = "
    insert into sessions (id, secret, person, post, started_at, seen_at) values ($1, $2, $3, $4, $5, $6)
    on conflict (id) do update set secret = excluded.secret, person = excluded.person, post = excluded.post,
        started_at = excluded.started_at, seen_at = excluded.seen_at";

pub(crate) async fn put(tx: &Tx, row: &SessionRow) -> Result<(), Error> {
    let post = row.post.map(|post| post.0);
    let (started_at, seen_at) = (ms(row.started_at), ms(row.seen_at));
    tx.run(PUT, &[&row.id.0, &row.secret.0.as_slice(), &row.person.0, &post, &started_at, &seen_at]).await?;
    Ok(())
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
