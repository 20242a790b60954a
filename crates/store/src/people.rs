//! Staff: persons, the posts they hold, the accounts they sign in with.

use crate::{Listing, Page, StoreError};
use async_trait::async_trait;
use gewu_domain::{
    ids::{Digest, PersonId, PostId, UnitCode},
    people::Post,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRow {
    pub id: PersonId,
    /// What colleagues call them. Erasable.
    pub name: String,
    pub unit: UnitCode,
    pub is_active: bool,
}

/// A password as it is kept: a PHC string (argon2id). `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// How somebody signs in.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountRow {
    pub person: PersonId,
    /// Unique, case-folded by `app`.
    pub login: String,
    pub password: PasswordHash,
    pub must_change: bool,
    pub changed_at: Timestamp,
    /// Moves when the password or the second factor is set; what was decided under another is [`StoreError::Stale`].
    pub version: u32,
    /// The secret of the second factor, sealed; none while only the password is asked for.
    pub totp: Option<Vec<u8>>,
}

/// The version of an account that was just opened.
pub const FIRST_VERSION: u32 = 1;

impl std::fmt::Debug for AccountRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountRow").field("person", &self.person).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonKey {
    pub unit: UnitCode,
    pub id: PersonId,
}

#[async_trait]
pub trait People {
    async fn person(&self, id: PersonId) -> Result<Option<PersonRow>, StoreError>;

    /// Names of the given people; unknown ids are left out.
    async fn people_named(&self, ids: &[PersonId]) -> Result<Vec<PersonRow>, StoreError>;

    /// By unit, then id; `units` empty means all.
    async fn people(
        &self,
        units: &[UnitCode],
        page: &Page<PersonKey>,
    ) -> Result<Listing<PersonRow, PersonKey>, StoreError>;

    /// Every post a person holds or held, newest first.
    async fn posts_of(&self, person: PersonId) -> Result<Vec<Post>, StoreError>;

    async fn post(&self, id: PostId) -> Result<Option<Post>, StoreError>;

    /// Posts held in a unit at a time, by id.
    async fn posts_in(&self, unit: &UnitCode, at: Timestamp) -> Result<Vec<Post>, StoreError>;

    async fn account(&self, login: &str) -> Result<Option<AccountRow>, StoreError>;

    async fn account_of(&self, person: PersonId) -> Result<Option<AccountRow>, StoreError>;

    /// Sealed secrets of all second factors, by person.
    async fn totps(&self) -> Result<Vec<(PersonId, Vec<u8>)>, StoreError>;

    /// Recovery codes of a person that have not been used, ascending.
    async fn recovery_codes(&self, person: PersonId) -> Result<Vec<Digest>, StoreError>;
}
