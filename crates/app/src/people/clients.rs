//! API keys: machines, what they may do, and taking it away again.

use crate::{
    App, AppError, Caller, Identity, Problem,
    cases::IdempotencyKey,
    once::Once,
    reach::Reach,
    secrets::{self, digest},
};
use gewu_domain::ids::{AreaCode, ClientId, Digest, RegionId};
use gewu_store::{Change, audit::AuditRow, clients::ClientRow};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// What a key can be given for.
pub const SCOPES: [&str; 3] = ["report", "read", "admin"];

/// How long a key that was looked up is known without asking the store again.
const KNOWN_FOR: SignedDuration = SignedDuration::from_secs(1);
/// More keys than this are not remembered at once.
const KNOWN_MOST: usize = 1_024;

/// Keys that were looked up just now, by digest: a machine that reports a thousand times a second is looked up once.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<HashMap<Digest, (Timestamp, ClientRow)>>);

impl Known {
    fn held(&self) -> MutexGuard<'_, HashMap<Digest, (Timestamp, ClientRow)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, secret: Digest, now: Timestamp) -> Option<ClientRow> {
        self.held().get(&secret).filter(|(at, _)| is_recent(*at, now)).map(|(_, client)| client.clone())
    }

    fn keep(&self, client: &ClientRow, now: Timestamp) {
        let mut held = self.held();
        if held.len() >= KNOWN_MOST {
            held.retain(|_, (at, _)| is_recent(*at, now));
        }
        if held.len() < KNOWN_MOST {
            held.insert(client.secret, (now, client.clone()));
        }
    }

    fn forget(&self) {
        self.held().clear();
    }
}

/// Also when the clock was set back.
fn is_recent(at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(at).abs() < KNOWN_FOR
}

/// What making a key answers, as it is kept for a repetition.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Made {
    Sealed {
        id: ClientId,
        /// The key, sealed to this answer; it goes with it.
        sealed: String,
    },
    /// Nobody can repeat it.
    Unkeyed { id: ClientId },
    /// By the first releases, which derived the key.
    Derived(ClientId),
}

impl App {
    /// Makes an API key. The key itself is given here, to whoever repeats the request under its idempotency key, and
    /// never again. It does what it does in `area` only, which is that of whoever makes it when not said.
    ///
    /// # Errors
    /// [`AppError::Forbidden`], [`AppError::Invalid`] for an unknown scope or area.
    pub async fn add_client(
        &self,
        caller: &Caller,
        key: Option<&IdempotencyKey>,
        name: &str,
        scopes: Vec<String>,
        area: Option<AreaCode>,
    ) -> Result<(ClientId, String), AppError> {
        let reach = self.reach(caller)?;
        if let Some(unknown) = scopes.iter().find(|scope| !SCOPES.contains(&scope.as_str())) {
            return Err(Problem::new(
                "scopes",
                "unknown_scope",
                format!("没有权限范围 {unknown}"),
                format!("there is no scope {unknown}"),
            )
            .into());
        }
        if let Some(area) = &area
            && self.snapshot()?.city.areas.get(area).is_none()
        {
            return Err(Problem::new("area", "unknown_area", "没有这个区域", "there is no such area").into());
        }
        let area = match (&area, &reach) {
            (Some(wanted), _) => {
                reach.over(wanted)?;
                area
            }
            (None, Reach::Area(own, _)) => Some(own.clone()),
            (None, Reach::City) => None,
        };
        let once = match &area {
            None => self.once(RegionId(0), key, "add_client", &(name, &scopes)),
            Some(area) => self.once(RegionId(0), key, "add_client", &(name, &scopes, area)),
        };
        if let Some(made) = self.answered(&once).await? {
            return self.shown(&once, made);
        }
        let now = self.now();
        let id = self.ids.client(now, self.random.as_ref());
        let secret = secrets::token("gw_", self.random.as_ref());
        let row = self.audit_row(caller, "client_added", id.to_string(), true);
        let audit = Change::Audit(AuditRow { area: area.clone(), ..row });
        let client = ClientRow {
            id,
            name: name.trim().to_owned(),
            secret: digest(&secret),
            scopes,
            area,
            made_at: now,
            revoked_at: None,
        };
        let made = match self.seal_answer(&once, &secret) {
            Some(sealed) => Made::Sealed { id, sealed },
            None => Made::Unkeyed { id },
        };
        match self.apply_once(&once, vec![Change::Client(client), audit], made).await? {
            Made::Unkeyed { .. } => Ok((id, secret)),
            made => self.shown(&once, made),
        }
    }

    fn shown(&self, once: &Once<'_>, made: Made) -> Result<(ClientId, String), AppError> {
        match made {
            Made::Sealed { id, sealed } => Ok((id, self.open_answer(once, &sealed)?)),
            Made::Derived(id) => Ok((id, secrets::token_of("gw_", self.keyring.derived_client_key(id)))),
            Made::Unkeyed { id } => Err(AppError::Failed(format!("the key of {id} was not kept").into())),
        }
    }

    /// Takes a key back; it opens nothing any more within a second.
    ///
    /// # Errors
    /// [`AppError::Forbidden`], [`AppError::NotFound`].
    pub async fn revoke_client(
        &self,
        caller: &Caller,
        key: Option<&IdempotencyKey>,
        client: ClientId,
    ) -> Result<(), AppError> {
        let reach = self.reach(caller)?;
        let once = self.once(RegionId(0), key, "revoke_client", &client);
        if self.answered::<()>(&once).await?.is_some() {
            return Ok(());
        }
        let clients = self.store.city().await?.clients().await?;
        let known = clients.into_iter().find(|known| known.id == client).ok_or(AppError::NotFound)?;
        over_client(&reach, &known)?;
        let row = self.audit_row(caller, "client_revoked", client.to_string(), true);
        let changes =
            vec![Change::RevokeClient { client, at: self.now() }, Change::Audit(AuditRow { area: known.area, ..row })];
        self.apply_once(&once, changes, ()).await?;
        self.known_clients.forget();
        Ok(())
    }

    /// All keys' names and scopes; of an area, those limited to it.
    ///
    /// # Errors
    /// [`AppError::Forbidden`].
    pub async fn clients(&self, caller: &Caller) -> Result<Vec<ClientRow>, AppError> {
        let reach = self.reach(caller)?;
        let view = self.store.city().await?;
        let mut clients = view.clients().await?;
        clients.retain(|client| over_client(&reach, client).is_ok());
        Ok(clients)
    }

    /// Who calls with this key. What was looked up is believed for a second.
    ///
    /// # Errors
    /// [`AppError::SignedOut`] for an unknown key, [`AppError::Forbidden`] for a revoked one.
    pub async fn client(&self, key: &str, origin: &str) -> Result<Caller, AppError> {
        match self.known_clients.find(digest(key), self.now()) {
            Some(client) => Ok(caller_of(client, origin)),
            None => self.still_client(key, origin).await,
        }
    }

    /// As [`App::client`], but asked of the store, whatever was looked up before.
    ///
    /// # Errors
    /// As [`App::client`].
    pub async fn still_client(&self, key: &str, origin: &str) -> Result<Caller, AppError> {
        let client = self.store.city().await?.client(digest(key)).await?.ok_or(AppError::SignedOut)?;
        if client.revoked_at.is_some() {
            self.note_refusal(&caller_of(client, origin), "revoked key").await;
            return Err(AppError::Forbidden("the API key was revoked"));
        }
        self.known_clients.keep(&client, self.now());
        Ok(caller_of(client, origin))
    }
}

fn caller_of(client: ClientRow, origin: &str) -> Caller {
    let ClientRow { id, scopes, area, .. } = client;
    Caller { identity: Identity::Client { client: id, scopes, area }, origin: origin.to_owned() }
}

/// A key of the whole city is the city's.
fn over_client(reach: &Reach, client: &ClientRow) -> Result<(), AppError> {
    match &client.area {
        Some(area) => reach.over(area),
        None => reach.over_city(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(1_790_000_000_000 + ms).expect("a time of 2026")
    }

    fn client(no: u64) -> ClientRow {
        let mut secret = [0; 32];
        secret[..8].copy_from_slice(&no.to_be_bytes());
        ClientRow {
            id: ClientId(Uuid::from_u128(no.into())),
            name: String::new(),
            secret: Digest(secret),
            scopes: vec!["report".to_owned()],
            area: None,
            made_at: at(0),
            revoked_at: None,
        }
    }

    #[test]
    fn a_key_is_believed_for_less_than_a_second_and_not_before_it_was_looked_up() {
        let known = Known::default();
        let one = client(1);
        known.keep(&one, at(0));
        assert_eq!(known.find(one.secret, at(999)), Some(one.clone()));
        assert_eq!(known.find(one.secret, at(1_000)), None);
        assert_eq!(known.find(one.secret, at(-1_000)), None);
        assert_eq!(known.find(client(2).secret, at(0)), None);
    }

    #[test]
    fn nothing_is_known_after_a_key_was_taken_back() {
        let known = Known::default();
        known.keep(&client(1), at(0));
        known.forget();
        assert_eq!(known.find(client(1).secret, at(0)), None);
    }

    #[test]
    fn however_many_keys_come_few_are_remembered_and_old_ones_make_room() {
        let known = Known::default();
        for no in 0..5_000 {
            known.keep(&client(no), at(0));
        }
        assert_eq!(known.held().len(), KNOWN_MOST);
        known.keep(&client(9_999), at(2_000));
        assert_eq!(known.held().len(), 1);
    }
}
