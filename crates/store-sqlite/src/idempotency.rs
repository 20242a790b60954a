//! Idempotency keys.

use crate::{
    RegionView,
    error::taken,
    row::{Cells, Writing, ms, one, statements},
};
use async_trait::async_trait;
use gewu_domain::ids::RegionId;
use gewu_store::{
    StoreError,
    idempotency::{Answer, Idempotencies},
};
use rusqlite::{Connection, params};

statements! {
    INSERT = "insert into answers (region, key, request, body, at) values (?1, ?2, ?3, ?4, ?5)";
    BY_KEY = "select key, request, body, at from answers where region = ?1 and key = ?2";
}

/// Keeps the answer. It is written first of all, so that a key used before costs nobody else anything.
pub(crate) fn insert(writing: &Writing<'_>, region: RegionId, answer: &Answer) -> Result<(), StoreError> {
    let values = params![region.0, answer.key, answer.request.0, answer.body, ms(answer.at)];
    match writing.run(INSERT, values).map_err(taken("idempotency key")) {
        Err(StoreError::Taken { what }) => Err(match by_key(writing, region, &answer.key)? {
            Some(stood) => StoreError::Repeated(Box::new(stood)),
            None => StoreError::Taken { what },
        }),
        other => other.map(drop),
    }
}

fn by_key(connection: &Connection, region: RegionId, key: &str) -> Result<Option<Answer>, StoreError> {
    one(connection, BY_KEY, params![region.0, key], |row| {
        let cells = Cells::of(row, "answers");
        Ok(Answer {
            key: cells.cell(0, "key")?,
            request: cells.digest(1, "request")?,
            body: cells.cell(2, "body")?,
            at: cells.time(3, "at")?,
        })
    })
}

#[async_trait]
impl Idempotencies for RegionView {
    async fn answer(&self, key: &str) -> Result<Option<Answer>, StoreError> {
        let key = key.to_owned();
        self.read(move |connection, region| by_key(connection, region, &key)).await
    }
}
