//! Reading the audit record: every sign-in and every change that is not a case's own fact.

use crate::{App, AppError, Caller};
use gewu_domain::{ids::PersonId, people::Role};
use gewu_store::{
    Listing, Page,
    audit::{AuditKey, AuditRow},
};

impl App {
    /// The audit record, newest first; of one person, or whole.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] for anybody but auditors and administrators.
    pub async fn audit(
        &self,
        caller: &Caller,
        person: Option<PersonId>,
        page: &Page<AuditKey>,
    ) -> Result<Listing<AuditRow, AuditKey>, AppError> {
        if caller.role() != Some(Role::Auditor) {
            caller.administrator()?;
        }
        let view = self.store.city().await?;
        Ok(view.audit(person, page).await?)
    }
}
