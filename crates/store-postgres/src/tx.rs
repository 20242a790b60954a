//! A writing connection inside a transaction. What it may be asked to run stands in `statements.rs`.

use deadpool_postgres::{Object, Pool, PoolError};
use std::ops::Deref;
use tokio_postgres::{Error, Row, types::ToSql};

/// What is bound to a statement, in order.
pub(crate) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

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
