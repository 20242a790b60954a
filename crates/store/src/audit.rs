//! The audit record: every sign-in and every change that is not a case's own fact. Append-only.

use crate::{Listing, Page, StoreError};
use async_trait::async_trait;
use gewu_domain::ids::{AreaCode, ClientId, PersonId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Time-ordered and unique, minted by `app`.
    pub id: u128,
    pub at: Timestamp,
    pub person: Option<PersonId>,
    pub client: Option<ClientId>,
    /// What was done, e.g. `signed_in`, `sign_in_refused`, `published`.
    pub action: String,
    /// To what, e.g. `person_…`, `catalogue 3`. Never personal data.
    pub object: String,
    pub succeeded: bool,
    /// The network address it came from, cut to /24 or /48.
    pub origin: String,
    /// Where what it was done to belongs; nothing for what is the whole city's. A post of an area reads only what is its own.
    pub area: Option<AreaCode>,
}

/// Which rows are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    pub person: Option<PersonId>,
    /// Of any of these areas; empty means all rows, those of no area too.
    pub areas: Vec<AreaCode>,
}

/// Newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditKey {
    pub id: u128,
}

#[async_trait]
pub trait Audits {
    async fn audit(
        &self,
        filter: &AuditFilter,
        page: &Page<AuditKey>,
    ) -> Result<Listing<AuditRow, AuditKey>, StoreError>;
}
