//! Set-based work that no use case decides row by row.

use crate::{StoreError, keys::KeyRow, outbox::OutboxRow, roots::RootRow, tries::TryKey};
use async_trait::async_trait;
use gewu_domain::ids::{CaseId, Digest, RegionId};
use jiff::Timestamp;
use std::path::Path;

/// What belongs to a case, and cannot be without it; and the case, which cannot be without its facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owned {
    Case,
    Fact,
    Task,
    Text,
    Contact,
    Look,
    Photo,
}

impl Owned {
    pub const ALL: [Owned; 7] =
        [Owned::Case, Owned::Fact, Owned::Task, Owned::Text, Owned::Contact, Owned::Look, Owned::Photo];
}

/// A row that is left alone: one of a case that is not there, or a case without facts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stray {
    pub region: RegionId,
    pub case: CaseId,
    /// Which row of the case: a digest, a number, a field; empty for the case itself.
    pub key: String,
}

#[async_trait]
pub trait Upkeep: Send + Sync {
    /// Takes `count` numbers of a series, which begins at 1, and gives the first. Numbers taken and not used leave gaps.
    async fn take_numbers(&self, region: RegionId, series: &str, count: u32) -> Result<u64, StoreError>;

    /// Counts a try under each of these keys, durably, before anybody looks at the secret. While one of them is to wait, none
    /// is counted, and until when is given. Tries at once are counted one after another.
    async fn take_try(&self, keys: &[TryKey], now: Timestamp) -> Result<Option<Timestamp>, StoreError>;

    /// Removes tries last counted before, and devices known until; gives how many rows went.
    async fn sweep_tries(&self, tries_before: Timestamp, devices_before: Timestamp) -> Result<u64, StoreError>;

    /// Regions that have cases, ascending.
    async fn regions(&self) -> Result<Vec<RegionId>, StoreError>;

    /// Stores a day's root; the same root again is fine, another for the same day is [`StoreError::Taken`].
    async fn put_root(&self, region: RegionId, root: RootRow) -> Result<(), StoreError>;

    /// The keys this record was written with, by purpose and number.
    async fn keys(&self) -> Result<Vec<KeyRow>, StoreError>;

    /// Notes a key; the same again is fine, another under the same purpose and number is [`StoreError::Taken`].
    async fn put_key(&self, key: KeyRow) -> Result<(), StoreError>;

    /// Forgets a key that nothing is sealed with any more; one that is not there is fine.
    async fn drop_key(&self, purpose: &str, number: u16) -> Result<(), StoreError>;

    /// Outbox rows to send, oldest first; those claimed less than `lease_s` seconds before `now` are left out.
    async fn claim_outbox(
        &self,
        region: RegionId,
        now: Timestamp,
        lease_s: u32,
        most: u16,
    ) -> Result<Vec<OutboxRow>, StoreError>;

    async fn outbox_sent(&self, region: RegionId, ids: &[u128]) -> Result<(), StoreError>;

    /// Removes idempotency keys given, sessions last seen and contacts ended before these times; gives how many rows went.
    async fn sweep(
        &self,
        answers_before: Timestamp,
        sessions_before: Timestamp,
        contacts_before: Timestamp,
    ) -> Result<u64, StoreError>;

    /// Removes uploads whose time ended before `now`; gives how many.
    async fn sweep_uploads(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// Which of these files no case holds any more, and no upload.
    async fn unreferenced(&self, digests: &[Digest]) -> Result<Vec<Digest>, StoreError>;

    /// Rows of one kind that are left alone, in any region, ascending: at most `most` of those after `after`. Looks at
    /// every row of the kind.
    async fn strays(&self, kind: Owned, after: Option<&Stray>, most: u16) -> Result<Vec<Stray>, StoreError>;

    /// Rewrites what erasures left behind on disk, so that no erased byte can be read from a file of the store.
    async fn scrub(&self) -> Result<(), StoreError>;

    /// Writes a consistent copy of everything into a directory while work goes on.
    async fn backup(&self, into: &Path) -> Result<(), StoreError>;

    /// Fills an empty store from a copy made by [`Upkeep::backup`]; one that holds anything is [`StoreError::Taken`].
    async fn restore(&self, from: &Path) -> Result<(), StoreError>;

    /// Bulk insert for imports and simulations: same rows as `apply`, many at once, all or nothing, durable when it returns.
    async fn load(&self, region: RegionId, batch: Vec<crate::Changes>) -> Result<(), StoreError>;

    /// Brings indexes and the planner's statistics into shape after bulk work.
    async fn analyze(&self) -> Result<(), StoreError>;
}
