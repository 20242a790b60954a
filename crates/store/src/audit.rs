//! The audit record: every sign-in and every change that is not a case's own fact. Append-only.

use crate::{Listing, Page, StoreError};
use async_trait::async_trait;
use gewu_domain::ids::{ClientId, PersonId};
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
        person: Option<PersonId>,
        page: &Page<AuditKey>,
    ) -> Result<Listing<AuditRow, AuditKey>, StoreError>;
}
