//! API keys: machines, what they may do, and taking it away again.

use crate::{App, AppError, Caller, Identity, Problem, secrets, secrets::digest};
use gewu_domain::ids::{ClientId, RegionId};
use gewu_store::{Change, clients::ClientRow};

/// What a key can be given for.
pub const SCOPES: [&str; 3] = ["report", "read", "admin"];

impl App {
    /// Makes an API key. The key itself is given here and never again.
    ///
    /// # Errors
    /// [`AppError::Forbidden`], [`AppError::Invalid`] for an unknown scope.
    pub async fn add_client(
        &self,
        caller: &Caller,
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
        let now = self.now();
        let key = secrets::token("gw_", self.random.as_ref());
        let client = ClientRow {
            id: self.ids.client(now, self.random.as_ref()),
            name: name.trim().to_owned(),
            secret: digest(&key),
            scopes,
            made_at: now,
            revoked_at: None,
        };
        let id = client.id;
        let changes =
            vec![Change::Client(client), Change::Audit(self.audit_row(caller, "client_added", id.to_string(), true))];
        self.store.apply(RegionId(0), changes.into()).await?;
        Ok((id, key))
    }

    /// Takes a key back.
    ///
    /// # Errors
    /// [`AppError::Forbidden`].
    pub async fn revoke_client(&self, caller: &Caller, client: ClientId) -> Result<(), AppError> {
        caller.administrator()?;
        let changes = vec![
            Change::RevokeClient { client, at: self.now() },
            Change::Audit(self.audit_row(caller, "client_revoked", client.to_string(), true)),
        ];
        Ok(self.store.apply(RegionId(0), changes.into()).await?)
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

    /// Who calls with this key.
    ///
    /// # Errors
    /// [`AppError::SignedOut`] for an unknown key, [`AppError::Forbidden`] for a revoked one.
    pub async fn client(&self, key: &str, origin: &str) -> Result<Caller, AppError> {
        let view = self.store.city().await?;
        let client = view.client(digest(key)).await?.ok_or(AppError::SignedOut)?;
        if client.revoked_at.is_some() {
            return Err(AppError::Forbidden("the API key was revoked"));
        }
        let identity = Identity::Client { client: client.id, scopes: client.scopes };
        Ok(Caller { identity, origin: origin.to_owned() })
    }
}
