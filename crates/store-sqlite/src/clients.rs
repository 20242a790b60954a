//! Machines that may call the API.

use crate::{
    WholeView,
    error::{broken, failed, taken},
    row::{Cells, all, ms, one, run, statements},
};
use async_trait::async_trait;
use gewu_domain::ids::{AreaCode, ClientId, Digest};
use gewu_store::{
    StoreError,
    clients::{ClientRow, Clients},
};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

statements! {
    INSERT = "insert into clients (id, name, secret, scopes, made_at, revoked_at, area)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    REVOKE = "update clients set revoked_at = ?2 where id = ?1 and revoked_at is null";
    BY_SECRET = "select id, name, secret, scopes, made_at, revoked_at, area from clients where secret = ?1";
    ALL = "select id, name, secret, scopes, made_at, revoked_at, area from clients order by id";
}

pub(crate) fn insert(connection: &Connection, client: &ClientRow) -> Result<(), StoreError> {
    let scopes = serde_json::to_string(&client.scopes).map_err(|error| broken(error.to_string()))?;
    let (made_at, revoked_at) = (ms(client.made_at), client.revoked_at.map(ms));
    let area = client.area.as_ref().map(AreaCode::as_str);
    let values = params![client.id.0.as_bytes(), client.name, client.secret.0, scopes, made_at, revoked_at, area];
    run(connection, INSERT, values).map(drop).map_err(taken("client"))
}

pub(crate) fn revoke(connection: &Connection, client: ClientId, at: Timestamp) -> Result<(), StoreError> {
    run(connection, REVOKE, params![client.0.as_bytes(), ms(at)]).map(drop).map_err(failed)
}

fn decode(row: &Row<'_>) -> Result<ClientRow, StoreError> {
    let cells = Cells::of(row, "clients");
    Ok(ClientRow {
        id: cells.id(0, "id", ClientId)?,
        name: cells.cell(1, "name")?,
        secret: cells.digest(2, "secret")?,
        scopes: cells.read(3, "scopes", |scopes: String| serde_json::from_str(&scopes))?,
        area: cells.cell::<Option<String>>(6, "area")?.map(AreaCode::new),
        made_at: cells.time(4, "made_at")?,
        revoked_at: cells.maybe_time(5, "revoked_at")?,
    })
}

#[async_trait]
impl Clients for WholeView {
    async fn client(&self, secret: Digest) -> Result<Option<ClientRow>, StoreError> {
        self.read(move |connection| one(connection, BY_SECRET, [secret.0], decode)).await
    }

    async fn clients(&self) -> Result<Vec<ClientRow>, StoreError> {
        self.read(|connection| all(connection, ALL, [], decode)).await
    }
}
