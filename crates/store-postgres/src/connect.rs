//! Connections: two pools from one URL, one for reading and one for writing.

use crate::encryption::Wish;
use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use gewu_store::StoreError;
use std::{net::IpAddr, time::Duration};
use tokio_postgres::{
    Config, NoTls,
    config::{Host, SslMode},
};

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
    /// So many of the newest cases are looked through for a filter before an index is asked for it: one or two
    /// microseconds each.
    pub near: u32,
    /// With fewer candidates than this by one index, all of them are looked at.
    pub few: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { readers: 16, writers: 2, group: 256, wait_ms: 5_000, near: 500, few: 1_000 }
    }
}

#[derive(Debug, thiserror::Error)]
#[error(
    "the database URL does not read: it looks like postgres://user:password@host:5432/database?sslmode=verify-full"
)]
struct Unreadable(#[source] tokio_postgres::Error);

/// Every read goes by an index, so the planner is kept from whole tables however old its statistics are.
const READING: &str = "-c jit=off -c random_page_cost=1.1 -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off \
                       -c max_parallel_workers_per_gather=0 -c application_name=gewu";
const WRITING: &str = "-c jit=off -c application_name=gewu";

/// A peer that does not answer for so long is gone.
const SILENCE: Duration = Duration::from_secs(30);

/// Pools for reading and for writing; nothing is connected yet. A writer's connection prepares what it will be asked to run.
pub(crate) fn pools(
    url: &str,
    settings: &Settings,
    written: &'static [&'static str],
) -> Result<(Pool, Pool), StoreError> {
    let wish = Wish::of(url);
    let mut config: Config = wish.url.parse().map_err(|error| failed(Unreadable(error)))?;
    let wait = Duration::from_millis(settings.wait_ms);
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(wait);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(SILENCE);
    }
    config.keepalives_idle(config.get_keepalives_idle().min(SILENCE));
    // A server on this very machine is not spoken to through a cipher unless that is asked for: its certificate is
    // seldom one that an authority has signed.
    if config.get_ssl_mode() == SslMode::Prefer && wish.authorities.is_some() {
        config.ssl_mode(SslMode::Require);
    } else if config.get_ssl_mode() == SslMode::Prefer && config.get_hosts().iter().all(is_here) {
        config.ssl_mode(SslMode::Disable);
    }
    let tls = match config.get_ssl_mode() {
        SslMode::Disable => None,
        _ => Some(wish.connector().map_err(failed)?),
    };
    let pool = |options: &str, size: usize| {
        let mut config = config.clone();
        config.options(format!("{options} {}", config.get_options().unwrap_or_default()));
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = match &tls {
            None => Manager::from_config(config, NoTls, recycling),
            Some(tls) => Manager::from_config(config, tls.clone(), recycling),
        };
        Pool::builder(manager).max_size(size.max(1)).wait_timeout(Some(wait)).runtime(Runtime::Tokio1)
    };
    let reads = pool(READING, settings.readers).build().map_err(failed)?;
    // One more than there are writers, for loading.
    let writes = pool(WRITING, settings.writers.saturating_add(1))
        .post_create(Hook::async_fn(move |client, _| {
            Box::pin(async move {
                for sql in written {
                    client.prepare_cached(sql).await.map_err(HookError::Backend)?;
                }
                Ok(())
            })
        }))
        .build()
        .map_err(failed)?;
    Ok((reads, writes))
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Failed(Box::new(error))
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
    }
}
