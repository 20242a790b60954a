//! Connections: two pools from one URL, one for reading and one for writing.

use crate::tx::STATEMENTS;
use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use gewu_store::StoreError;
use rustls::{ClientConfig, RootCertStore};
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio_postgres::{
    Config, NoTls,
    config::{Host, SslMode},
};
use tokio_postgres_rustls::MakeRustlsConnect;

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
enum Unreadable {
    #[error(
        "the database URL does not read: it looks like postgres://user:password@host:5432/database?sslmode=require"
    )]
    Url(#[source] tokio_postgres::Error),
    #[error(
        "no certificate of an authority was found to check the database's against: name a file of them in SSL_CERT_FILE"
    )]
    NoAuthorities,
    #[error("encryption cannot be set up")]
    Encryption(#[source] rustls::Error),
}

/// Every read goes by an index, so the planner is kept from whole tables however old its statistics are.
const READING: &str = "-c jit=off -c random_page_cost=1.1 -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off \
                       -c max_parallel_workers_per_gather=0 -c application_name=gewu";
const WRITING: &str = "-c jit=off -c application_name=gewu";

/// A peer that does not answer for so long is gone.
const SILENCE: Duration = Duration::from_secs(30);

/// Pools for reading and for writing; nothing is connected yet.
pub(crate) fn pools(url: &str, settings: &Settings) -> Result<(Pool, Pool), StoreError> {
    let mut config: Config = url.parse().map_err(|error| failed(Unreadable::Url(error)))?;
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
    if config.get_ssl_mode() == SslMode::Prefer && config.get_hosts().iter().all(is_here) {
        config.ssl_mode(SslMode::Disable);
    }
    let tls = match config.get_ssl_mode() {
        SslMode::Disable => None,
        _ => Some(encryption()?),
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
        .post_create(Hook::async_fn(|client, _| {
            Box::pin(async move {
                for sql in STATEMENTS {
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

/// With a certificate that an authority of this machine, or of `SSL_CERT_FILE`, has signed for the server's name:
/// `sslmode=require` means here what libpq calls `verify-full`.
fn encryption() -> Result<MakeRustlsConnect, StoreError> {
    let mut authorities = RootCertStore::empty();
    authorities.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if authorities.is_empty() {
        return Err(failed(Unreadable::NoAuthorities));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(Unreadable::Encryption(error)))?
        .with_root_certificates(authorities)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
