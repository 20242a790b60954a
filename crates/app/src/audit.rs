//! Reading the audit record: every sign-in and every change that is not a case's own fact.

use crate::{App, AppError, Caller};
use gewu_domain::{
    ids::{AreaCode, PersonId, UnitCode},
    people::Role,
};
use gewu_store::{
    Listing, Page,
    audit::{AuditFilter, AuditKey, AuditRow},
};

impl App {
    /// The audit record, newest first; of one person, or whole. A post or key of an area reads what belongs to it.
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
        let filter = AuditFilter { person, areas: self.reach_of(caller)?.areas() };
        let view = self.store.city().await?;
        Ok(view.audit(&filter, page).await?)
    }

    /// A row of the audit record. It belongs to the area of whoever did it, unless what it was done to has one of its own.
    pub(crate) fn audit_row(&self, caller: &Caller, action: &str, object: String, succeeded: bool) -> AuditRow {
        let now = self.now();
        AuditRow {
            id: self.ids.row(now, self.random.as_ref()),
            at: now,
            person: caller.person(),
            client: caller.client(),
            action: action.to_owned(),
            object,
            succeeded,
            origin: caller.origin.clone(),
            area: caller.area().cloned(),
        }
    }

    /// The area a unit's affairs belong to; `None` for a unit nobody knows.
    pub(crate) fn area_of_unit(&self, unit: &UnitCode) -> Option<AreaCode> {
        self.snapshot().ok()?.city.units.get(unit).map(|unit| unit.area.clone())
    }
}
