//! Idempotency keys.

use crate::{
    RegionView,
    error::failed,
    row::{Cells, ms, one, run, statements},
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

/// Refuses a key that was used before, before anything is written.
pub(crate) fn refuse_repeated(connection: &Connection, region: RegionId, key: &str) -> Result<(), StoreError> {
    match by_key(connection, region, key)? {
        Some(answer) => Err(StoreError::Repeated(Box::new(answer))),
        None => Ok(()),
    }
}

pub(crate) fn insert(connection: &Connection, region: RegionId, answer: &Answer) -> Result<(), StoreError> {
    let values = params![region.0, answer.key, answer.request.0, answer.body, ms(answer.at)];
    run(connection, INSERT, values).map(drop).map_err(failed)
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
