//! How tries of a password are slowed down.
//!
//! Each try is counted before the password is looked at, so that many at once are no way round. It is counted under the
//! sign-in name, and under the name together with where it comes from: strangers elsewhere slow nobody down for long, and
//! whoever signed in with a browser before is counted under that browser alone. Names nobody has are counted like all
//! others. What is kept are keyed digests, for a day.

use crate::{App, AppError};
use gewu_domain::ids::{Digest, PersonId};
use gewu_store::tries::{Pace, TryKey};
use jiff::{SignedDuration, Timestamp};

/// Wrong passwords from one place before there is to be waited.
pub const FREE: u32 = 5;

const HOUR_S: u32 = 60 * 60;
/// Of one browser, one session, or one neighbourhood and name.
const NARROW: Pace = Pace { free: FREE, first_s: 30, most_s: 15 * 60, forgotten_s: HOUR_S };
/// Of everybody who tries one name. Short waits: a colleague at an unknown browser must get through.
const WIDE: Pace = Pace { free: 20, first_s: 10, most_s: 5 * 60, forgotten_s: HOUR_S };

/// What is counted is kept so long.
pub(crate) const KEPT: SignedDuration = SignedDuration::from_hours(24);

impl App {
    /// What tries of a sign-in name are counted under.
    pub(super) fn sign_in_keys(&self, login: &str, device: Option<Digest>, origin: &str) -> Vec<TryKey> {
        let key = |of: &[&str], pace| TryKey { key: self.keyring.try_digest(of), pace };
        match device {
            Some(device) => vec![key(&["device", login, &device.to_string()], NARROW)],
            None => vec![key(&["name", login], WIDE), key(&["origin", login, origin], NARROW)],
        }
    }

    /// What tries of somebody who is signed in are counted under: nobody else can use them up.
    pub(super) fn own_keys(&self, person: PersonId) -> Vec<TryKey> {
        vec![TryKey { key: self.keyring.try_digest(&["own", &person.to_string()]), pace: NARROW }]
    }

    /// Counts a try, or says that there is to be waited.
    ///
    /// # Errors
    /// [`AppError::TooMany`]; nothing is counted then.
    pub(super) async fn take_try(&self, keys: &[TryKey], now: Timestamp) -> Result<(), AppError> {
        let Some(until) = self.store.upkeep().take_try(keys, now).await? else { return Ok(()) };
        let wait_ms = until.duration_since(now).as_millis();
        Err(AppError::TooMany { wait_s: u32::try_from((wait_ms + 999) / 1_000).unwrap_or(u32::MAX) })
    }
}

/// Their digests, to forget them by.
pub(super) fn digests(keys: &[TryKey]) -> Vec<Digest> {
    keys.iter().map(|one| one.key).collect()
}
