//! A pool of read-only connections. One view holds one connection in one read transaction, from its first read on.

use crate::{
    Settings, connect,
    error::{failed, unavailable},
};
use gewu_store::StoreError;
use rusqlite::Connection;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(crate) struct Readers {
    file: PathBuf,
    cache_bytes: u64,
    idle: Mutex<Vec<Connection>>,
    free: Arc<Semaphore>,
}

impl Readers {
    pub fn new(file: PathBuf, settings: &Settings) -> Arc<Readers> {
        Arc::new(Readers {
            file,
            cache_bytes: settings.read_cache_bytes,
            idle: Mutex::new(Vec::new()),
            free: Arc::new(Semaphore::new(settings.readers.max(1))),
        })
    }

    /// A connection of one's own, as soon as one is free.
    pub async fn lease(self: &Arc<Self>) -> Result<Lease, StoreError> {
        let permit = self.free.clone().acquire_owned().await.map_err(|error| unavailable(error.to_string()))?;
        Ok(Lease(Arc::new(Mutex::new(Held { connection: None, readers: self.clone(), _permit: permit }))))
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection in use. It goes back when the last read on it is done.
#[derive(Clone)]
pub(crate) struct Lease(Arc<Mutex<Held>>);

struct Held {
    connection: Option<Connection>,
    readers: Arc<Readers>,
    _permit: OwnedSemaphorePermit,
}

impl Held {
    fn connection(&mut self) -> Result<&Connection, StoreError> {
        if self.connection.is_none() {
            let idle = self.readers.idle().pop();
            let connection = match idle {
                Some(connection) => connection,
                None => connect::reader(&self.readers.file, self.readers.cache_bytes)?,
            };
            connection.execute_batch("begin").map_err(failed)?;
            self.connection = Some(connection);
        }
        self.connection.as_ref().ok_or_else(|| unavailable("no connection to read with"))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && connection.execute_batch("rollback").is_ok()
        {
            self.readers.idle().push(connection);
        }
    }
}

impl Lease {
    /// Reads on a thread that may wait for the disk.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let lease = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let mut held = lease.0.lock().unwrap_or_else(PoisonError::into_inner);
            read(held.connection()?)
        });
        done.await.map_err(|error| unavailable(error.to_string()))?
    }
}
