//! A reading connection, held in one read-only transaction so that everything read is as of one moment.

use crate::{
    connect::Settings,
    error::{pool_error, store_error},
    tx::Params,
};
use deadpool_postgres::{Object, Pool};
use gewu_store::StoreError;
use tokio::runtime::Handle;
use tokio_postgres::{
    Row,
    types::{ToSql, Type},
};

/// The `select` fixes the moment now, not at the first read.
const OPEN: &str = "start transaction isolation level repeatable read read only; select 1";
const CLOSE: &str = "rollback";

/// As of the moment it was opened; the connection goes back to the pool when this is dropped.
pub(crate) struct Snapshot {
    client: Option<Object>,
}

/// A snapshot seen from one region.
pub(crate) struct RegionSnapshot {
    pub snapshot: Snapshot,
    pub region: i64,
    pub settings: Settings,
}

impl Snapshot {
    pub async fn open(pool: &Pool) -> Result<Snapshot, StoreError> {
        let client = pool.get().await.map_err(pool_error)?;
        let snapshot = Snapshot { client: Some(client) };
        snapshot.client().batch_execute(OPEN).await.map_err(store_error)?;
        Ok(snapshot)
    }

    fn client(&self) -> &Object {
        self.client.as_ref().expect("the connection is taken when the snapshot is dropped, not before")
    }

    /// Rows of a statement that is prepared once per connection.
    pub async fn rows(&self, sql: &'static str, params: Params<'_>) -> Result<Vec<Row>, StoreError> {
        let statement = self.client().prepare_cached(sql).await.map_err(store_error)?;
        self.client().query(&statement, params).await.map_err(store_error)
    }

    pub async fn row(&self, sql: &'static str, params: Params<'_>) -> Result<Option<Row>, StoreError> {
        let statement = self.client().prepare_cached(sql).await.map_err(store_error)?;
        self.client().query_opt(&statement, params).await.map_err(store_error)
    }

    /// Rows of a statement that is planned anew for these very values: conditions that are null cost nothing then.
    pub async fn planned(
        &self,
        sql: &'static str,
        params: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, StoreError> {
        self.client().query_typed(sql, params).await.map_err(store_error)
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        match Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(async move {
                    if client.batch_execute(CLOSE).await.is_err() {
                        drop(Object::take(client));
                    }
                });
            }
            Err(_) => drop(Object::take(client)),
        }
    }
}
