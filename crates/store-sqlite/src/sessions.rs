//! Signed-in browsers.

use crate::{
    WholeView,
    error::{failed, taken},
    row::{Cells, ms, one, run, statements},
};
use async_trait::async_trait;
use gewu_domain::ids::{Digest, PersonId, PostId, SessionId};
use gewu_store::{
    StoreError,
    sessions::{SessionRow, Sessions},
};
use rusqlite::{Connection, params};

statements! {
    PUT = "insert into sessions (id, secret, person, post, started_at, seen_at) values (?1, ?2, ?3, ?4, ?5, ?6)
        on conflict (id) do update set secret = excluded.secret, person = excluded.person, post = excluded.post,
        started_at = excluded.started_at, seen_at = excluded.seen_at";
    END = "delete from sessions where id = ?1";
    END_OF = "delete from sessions where person = ?1";
    BY_SECRET = "select id, secret, person, post, started_at, seen_at from sessions where secret = ?1";
}

pub(crate) fn put(connection: &Connection, session: &SessionRow) -> Result<(), StoreError> {
    let values = params![
        session.id.0.as_bytes(),
        session.secret.0,
        session.person.0.as_bytes(),
        session.post.map(|post| *post.0.as_bytes()),
        ms(session.started_at),
        ms(session.seen_at),
    ];
    run(connection, PUT, values).map(drop).map_err(taken("session secret"))
}

pub(crate) fn end(connection: &Connection, session: SessionId) -> Result<(), StoreError> {
    run(connection, END, [session.0.as_bytes()]).map(drop).map_err(failed)
}

pub(crate) fn end_of(connection: &Connection, person: PersonId) -> Result<(), StoreError> {
    run(connection, END_OF, [person.0.as_bytes()]).map(drop).map_err(failed)
}

#[async_trait]
impl Sessions for WholeView {
    async fn session(&self, secret: Digest) -> Result<Option<SessionRow>, StoreError> {
        self.read(move |connection| {
            one(connection, BY_SECRET, [secret.0], |row| {
                let cells = Cells::of(row, "sessions");
                Ok(SessionRow {
                    id: cells.id(0, "id", SessionId)?,
                    secret: cells.digest(1, "secret")?,
                    person: cells.id(2, "person", PersonId)?,
                    post: cells.maybe_id(3, "post", PostId)?,
                    started_at: cells.time(4, "started_at")?,
                    seen_at: cells.time(5, "seen_at")?,
                })
            })
        })
        .await
    }
}
