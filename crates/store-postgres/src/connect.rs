//! Connections: two pools from one URL, one for reading and one for writing.

use crate::tx::STATEMENTS;
use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use gewu_store::StoreError;
use std::time::Duration;
use tokio_postgres::{Config, NoTls, config::SslMode};

/// How many connections, and how much is committed at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Connections for reading: so many views are open at the same time, others wait.
    pub readers: usize,
    /// Connections for writing, each committing a group of callers at a time.
    pub writers: usize,
    /// How many callers are committed together at most.
    pub group: usize,
    /// How long to wait for a connection before saying that the storage is unavailable.
    pub wait_ms: u64,
    /// So many of the newest cases are looked through for a filter before an index is asked for it: about a
    /// microsecond each.
    pub near: u32,
    /// With fewer candidates than this by one index, all of them are looked at.
    pub few: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { readers: 16, writers: 2, group: 256, wait_ms: 5_000, near: 4_000, few: 4_000 }
    }
}

#[derive(Debug, thiserror::Error)]
#[error(
    "the database URL asks for sslmode={0}, which this build cannot do: reach the database over loopback, a Unix socket or \
     a tunnel, with sslmode=prefer or disable"
)]
struct NoEncryption(&'static str);

/// Every read goes by an index, so the planner is kept from whole tables however old its statistics are.
const READING: &str = "-c jit=off -c random_page_cost=1.1 -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off \
                       -c max_parallel_workers_per_gather=0 -c application_name=gewu";
const WRITING: &str = "-c jit=off -c application_name=gewu";

/// Pools for reading and for writing; nothing is connected yet.
pub(crate) fn pools(url: &str, settings: &Settings) -> Result<(Pool, Pool), StoreError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| StoreError::Failed(error);
    let config: Config = url.parse().map_err(|error| failed(Box::new(error)))?;
    if config.get_ssl_mode() == SslMode::Require {
        return Err(failed(Box::new(NoEncryption("require"))));
    }
    let pool = |options: &str, size: usize| {
        let mut config = config.clone();
        config.options(format!("{options} {}", config.get_options().unwrap_or_default()));
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_millis(settings.wait_ms));
        }
        let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        Pool::builder(manager)
            .max_size(size.max(1))
            .wait_timeout(Some(Duration::from_millis(settings.wait_ms)))
            .runtime(Runtime::Tokio1)
    };
    let reads = pool(READING, settings.readers).build();
    // One more than there are writers, for loading.
    let writes = pool(WRITING, settings.writers.saturating_add(1))
        .post_create(Hook::async_fn(|client, _| {
            Box::pin(async move {
                for sql in STATEMENTS {
                    client.prepare_cached(sql).await.map_err(HookError::Backend)?;
                }
                Ok(())
            })
        }))
        .build();
    match (reads, writes) {
        (Ok(reads), Ok(writes)) => Ok((reads, writes)),
        (Err(error), _) | (_, Err(error)) => Err(failed(Box::new(error))),
    }
}
