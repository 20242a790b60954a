//! Ports: what the house asks of its record keeper. No driver is named here.
//!
//! A use case reads a [`View`], lets `domain` decide, and hands the store one
//! [`Changes`] to apply: all of it or none. No transaction is open across an
//! `await` of the caller. The store mints neither ids nor times, and keeps
//! times to the millisecond: what is finer is cut off.
//!
//! Start at [`Store`]; one file per aggregate holds its rows, its reads and the
//! changes to it. Both backends keep the same file names and pass [`contract`].

pub mod attachments;
pub mod audit;
pub mod cases;
pub mod changes;
pub mod clients;
pub mod contacts;
pub mod contract;
pub mod counters;
pub mod facts;
pub mod idempotency;
pub mod keys;
pub mod origins;
pub mod outbox;
pub mod page;
pub mod people;
pub mod publications;
pub mod repromises;
pub mod roots;
pub mod schema;
pub mod sessions;
pub mod tasks;
pub mod texts;
pub mod tries;
pub mod upkeep;
pub mod uploads;

pub use changes::{Change, Changes};
pub use page::{Listing, Page, PageToken};
pub use upkeep::Upkeep;

use async_trait::async_trait;
use gewu_domain::ids::RegionId;

/// The record keeper.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// A consistent read of one region.
    async fn view(&self, region: RegionId) -> Result<Box<dyn View + '_>, StoreError>;

    /// Writes everything one use case decided, or nothing. Durable when it returns.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when a version moved or what was to be changed is gone, [`StoreError::Repeated`] when the idempotency key was used before,
    /// [`StoreError::Taken`] when something unique exists already.
    async fn apply(&self, region: RegionId, changes: Changes) -> Result<(), StoreError>;

    /// What belongs to the whole city: published data, people, sessions, clients, the audit record.
    async fn city(&self) -> Result<Box<dyn CityView + '_>, StoreError>;

    /// Set-based work that no use case decides row by row.
    fn upkeep(&self) -> &dyn Upkeep;
}

/// Reads of one region, all as of one moment.
pub trait View:
    cases::Cases
    + facts::Facts
    + tasks::Tasks
    + texts::Texts
    + contacts::Contacts
    + attachments::Attachments
    + counters::Counters
    + idempotency::Idempotencies
    + repromises::Repromises
    + roots::Roots
    + Send
    + Sync
{
}

/// Reads of what has no region.
pub trait CityView:
    publications::Publications
    + people::People
    + sessions::Sessions
    + clients::Clients
    + audit::Audits
    + uploads::Uploads
    + origins::Origins
    + Send
    + Sync
{
}

/// What can go wrong between the house and its record keeper.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else was faster: read again and decide again.
    #[error("version of {what} moved")]
    Stale { what: String },
    /// The idempotency key was used before; here is what was answered then.
    #[error("idempotency key was used before")]
    Repeated(Box<idempotency::Answer>),
    /// Something that must be unique exists already.
    #[error("{what} exists already")]
    Taken { what: &'static str },
    /// A stored row does not decode: it names table, column and row.
    #[error("{table}.{column} of {row} does not decode: {why}")]
    Corrupt { table: &'static str, column: &'static str, row: String, why: String },
    /// The disk is full, the connection is gone: nothing was written, trying later may help.
    #[error("storage is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The driver says no for a reason that trying again will not mend.
    #[error("storage failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}
