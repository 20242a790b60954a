//! API keys: machines, what they may do, and taking it away again.

use crate::{App, AppError, Caller, Identity, Problem, cases::IdempotencyKey, secrets, secrets::digest};
use gewu_domain::ids::{ClientId, Digest, RegionId};
use gewu_store::{Change, clients::ClientRow};
use jiff::{SignedDuration, Timestamp};
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

impl App {
    /// Makes an API key. The key itself is given here, to whoever repeats the request under its idempotency key, and
    /// never again.
    ///
    /// # Errors
    /// [`AppError::Forbidden`], [`AppError::Invalid`] for an unknown scope.
    pub async fn add_client(
        &self,
        caller: &Caller,
        key: Option<&IdempotencyKey>,
        name: &str,
        scopes: Vec<String>,
    ) -> Result<(ClientId, String), AppError> {
        caller.administrator()?;
        if let Some(unknown) = scopes.iter().find(|scope| !SCOPES.contains(&scope.as_str())) {
            return Err(Problem::new(
                "scopes",
                "unknown_scope",
                format!("没有权限范围 {unknown}"),
                format!("there is no scope {unknown}"),
            )
            .into());
        }
        let once = self.once(RegionId(0), key, "add_client", &(name, &scopes));
        let secret_of = |id: ClientId| secrets::token_of("gw_", self.keyring.client_key(id));
        if let Some(id) = self.answered(&once).await? {
            return Ok((id, secret_of(id)));
        }
        let now = self.now();
        let id = self.ids.client(now, self.random.as_ref());
        let client = ClientRow {
            id,
            name: name.trim().to_owned(),
            secret: digest(&secret_of(id)),
            scopes,
            made_at: now,
            revoked_at: None,
        };
        let changes =
            vec![Change::Client(client), Change::Audit(self.audit_row(caller, "client_added", id.to_string(), true))];
        let id = self.apply_once(&once, changes, id).await?;
        Ok((id, secret_of(id)))
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
        caller.administrator()?;
        let once = self.once(RegionId(0), key, "revoke_client", &client);
        if self.answered::<()>(&once).await?.is_some() {
            return Ok(());
        }
        let view = self.store.city().await?;
        view.clients().await?.iter().find(|known| known.id == client).ok_or(AppError::NotFound)?;
        drop(view);
        let changes = vec![
            Change::RevokeClient { client, at: self.now() },
            Change::Audit(self.audit_row(caller, "client_revoked", client.to_string(), true)),
        ];
        self.apply_once(&once, changes, ()).await?;
        self.known_clients.forget();
        Ok(())
    }

    /// All keys' names and scopes.
    ///
    /// # Errors
    /// [`AppError::Forbidden`].
    pub async fn clients(&self, caller: &Caller) -> Result<Vec<ClientRow>, AppError> {
        caller.administrator()?;
        let view = self.store.city().await?;
        Ok(view.clients().await?)
    }

    /// Who calls with this key. What was looked up is believed for a second.
    ///
    /// # Errors
    /// [`AppError::SignedOut`] for an unknown key, [`AppError::Forbidden`] for a revoked one.
    pub async fn client(&self, key: &str, origin: &str) -> Result<Caller, AppError> {
        let (secret, now) = (digest(key), self.now());
        let client = match self.known_clients.find(secret, now) {
            Some(client) => client,
            None => {
                let client = self.store.city().await?.client(secret).await?.ok_or(AppError::SignedOut)?;
                if client.revoked_at.is_some() {
                    return Err(AppError::Forbidden("the API key was revoked"));
                }
                self.known_clients.keep(&client, now);
                client
            }
        };
        let identity = Identity::Client { client: client.id, scopes: client.scopes };
        Ok(Caller { identity, origin: origin.to_owned() })
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
