//! A writing connection inside a transaction, and the list of every statement it may be asked to run.

use crate::snapshot::Params;
use deadpool_postgres::{Object, Pool, PoolError};
use std::ops::Deref;
use tokio_postgres::{Error, Row};

/// A connection that is closed, not given back to its pool, unless it is released: so one that is left in the middle of
/// something, because the caller went away or an error came up, is never met again.
pub(crate) struct Held(Option<Object>);

impl Held {
    pub async fn from(pool: &Pool) -> Result<Held, PoolError> {
        Ok(Held(Some(pool.get().await?)))
    }

    /// Nothing is under way on it: others may have it.
    pub fn release(mut self) {
        drop(self.0.take());
    }
}

impl Deref for Held {
    type Target = Object;

    fn deref(&self) -> &Object {
        self.0.as_ref().expect("the connection is taken when this goes, not before")
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(client) = self.0.take() {
            drop(Object::take(client));
        }
    }
}

/// Statements are prepared when the connection is made, so that each is sent the moment its future is first polled:
/// polled together they travel in that order, in one round trip.
pub(crate) struct Tx {
    pub client: Held,
    /// Which writer this is, for rows that each writer keeps for itself.
    pub writer: i16,
}

/// Everything a writer runs.
pub(crate) const STATEMENTS: &[&str] = &[
    crate::attachments::INSERT,
    crate::audit::INSERT,
    crate::cases::INSERT,
    crate::cases::UPDATE,
    crate::cases::INSERT_BODY,
    crate::cases::UPDATE_BODY,
    crate::clients::INSERT,
    crate::clients::REVOKE,
    crate::contacts::ERASE,
    crate::contacts::INSERT,
    crate::contacts::LOOK,
    crate::contacts::RESEAL,
    crate::counters::ADD,
    crate::facts::INSERT,
    crate::attachments::ERASE,
    crate::attachments::NOTE_ERASURE,
    crate::find::ERASE,
    crate::find::INSERT,
    crate::find::UPDATE,
    crate::idempotency::INSERT,
    crate::idempotency::ONE,
    crate::outbox::INSERT,
    crate::people::ERASE,
    crate::people::ERASE_ACCOUNT,
    crate::people::ERASE_CODES,
    crate::people::INSERT,
    crate::people::INSERT_ACCOUNT,
    crate::people::INSERT_CODE,
    crate::people::INSERT_POST,
    crate::people::END_POST,
    crate::people::REHASH,
    crate::people::RESEAL_TOTP,
    crate::people::SET_PASSWORD,
    crate::people::SET_TOTP,
    crate::people::USE_CODE,
    crate::people::USE_STEP,
    crate::publications::INSERT,
    crate::repromises::PUT,
    crate::sessions::END,
    crate::sessions::END_ALL,
    crate::sessions::END_OTHERS,
    crate::sessions::FORGET,
    crate::sessions::KNOW,
    crate::sessions::OPEN,
    crate::sessions::SEE,
    crate::sessions::SWITCH_POST,
    crate::tasks::DELETE,
    crate::tasks::INSERT,
    crate::texts::ERASE,
    crate::texts::ERASE_ONE,
    crate::texts::INSERT,
    crate::tries::FORGET,
    crate::uploads::INSERT,
    crate::uploads::TAKE,
    crate::writer::FACT_STANDS,
    crate::writer::AUDIT_STANDS,
];

impl Tx {
    /// Gives how many rows were touched.
    pub async fn run(&self, sql: &'static str, params: Params<'_>) -> Result<u64, Error> {
        let statement = self.client.prepare_cached(sql).await?;
        self.client.execute(&statement, params).await
    }

    pub async fn rows(&self, sql: &'static str, params: Params<'_>) -> Result<Vec<Row>, Error> {
        let statement = self.client.prepare_cached(sql).await?;
        self.client.query(&statement, params).await
    }
}
