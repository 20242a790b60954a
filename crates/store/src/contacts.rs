//! What a reporter gave to be reached by: encrypted, with purpose, legal basis and end date; every look logged.

use crate::{Listing, Page, StoreError};
use async_trait::async_trait;
use gewu_domain::ids::{CaseId, Digest, PersonId, PostId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One field somebody gave: a name, a phone number, an e-mail address. Given again, it replaces what stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactRow {
    pub case: CaseId,
    /// `name`, `phone` or `email`.
    pub field: String,
    /// Nonce and ciphertext; the store never sees the plain value.
    pub sealed: Vec<u8>,
    /// Keyed digest of the normalised value, to find everything one person gave.
    pub index: Digest,
    /// What it is used for, e.g. `reply`.
    pub purpose: String,
    /// On what ground, e.g. `consent`.
    pub basis: String,
    pub given_at: Timestamp,
    /// When it is swept.
    pub ends_at: Timestamp,
}

/// One look at a contact, by whom, in which post, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookRow {
    pub case: CaseId,
    pub at: Timestamp,
    pub person: PersonId,
    pub post: PostId,
    pub field: String,
    pub reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactKey {
    pub case: CaseId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedKey {
    pub case: CaseId,
    pub field: String,
}

#[async_trait]
pub trait Contacts {
    /// Every contact of the region, by case and field: to seal them anew.
    async fn sealed(&self, page: &Page<SealedKey>) -> Result<Listing<ContactRow, SealedKey>, StoreError>;

    /// By field.
    async fn contacts(&self, case: CaseId) -> Result<Vec<ContactRow>, StoreError>;

    /// Cases to which somebody gave a value with this index, by case.
    async fn cases_of_contact(
        &self,
        index: Digest,
        page: &Page<ContactKey>,
    ) -> Result<Listing<CaseId, ContactKey>, StoreError>;

    /// Looks at a case's contacts, oldest first.
    async fn looks(&self, case: CaseId) -> Result<Vec<LookRow>, StoreError>;
}
