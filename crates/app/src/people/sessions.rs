//! One's own sessions: which there are, and ending the others.

use crate::{App, AppError, Caller};
use gewu_domain::ids::RegionId;
use gewu_store::{Change, sessions::SessionRow};
use jiff::{SignedDuration, Timestamp};

impl App {
    /// The caller's sessions that still hold, newest first.
    ///
    /// # Errors
    /// [`AppError::SignedOut`] for callers who are no person.
    pub async fn own_sessions(&self, caller: &Caller) -> Result<Vec<SessionRow>, AppError> {
        let person = caller.person().ok_or(AppError::SignedOut)?;
        let mut sessions = self.store.city().await?.sessions_of(person).await?;
        let now = self.now();
        sessions.retain(|session| self.holds(session, now));
        Ok(sessions)
    }

    /// Ends every session of the caller's but the one that asks.
    ///
    /// # Errors
    /// [`AppError::SignedOut`] for callers who are no person.
    pub async fn end_other_sessions(&self, caller: &Caller) -> Result<(), AppError> {
        let (Some(person), Some(but)) = (caller.person(), caller.session()) else { return Err(AppError::SignedOut) };
        let changes = vec![
            Change::EndOtherSessions { person, but },
            Change::Audit(self.audit_row(caller, "sessions_ended", person.to_string(), true)),
        ];
        Ok(self.store.apply(RegionId(0), changes.into()).await?)
    }

    /// Neither idle for too long nor too old.
    pub(super) fn holds(&self, session: &SessionRow, now: Timestamp) -> bool {
        let idle = SignedDuration::from_mins(i64::from(self.settings.idle_minutes));
        let whole = SignedDuration::from_hours(i64::from(self.settings.session_hours));
        now.duration_since(session.seen_at) <= idle && now.duration_since(session.started_at) <= whole
    }
}
