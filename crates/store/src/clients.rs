//! Machines that may call the API, and what for.

use crate::StoreError;
use async_trait::async_trait;
use gewu_domain::ids::{AreaCode, ClientId, Digest};
use jiff::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientRow {
    pub id: ClientId,
    pub name: String,
    /// SHA-256 of the key; the key itself is shown once and never stored.
    pub secret: Digest,
    /// What it may do, e.g. `report`, `read`, `admin`.
    pub scopes: Vec<String>,
    /// What it does, it does in this area only; nothing for the whole city.
    pub area: Option<AreaCode>,
    pub made_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

#[async_trait]
pub trait Clients {
    /// Also a revoked one: the caller says why it is refused.
    async fn client(&self, secret: Digest) -> Result<Option<ClientRow>, StoreError>;

    /// All of them, by id.
    async fn clients(&self) -> Result<Vec<ClientRow>, StoreError>;
}
