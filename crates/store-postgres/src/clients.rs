//! Machines that may call the API.

use crate::{
    row::{Stored, ms},
    snapshot::Snapshot,
    tx::Tx,
};
use async_trait::async_trait;
use gewu_domain::ids::{AreaCode, ClientId, Digest};
use gewu_store::{
    StoreError,
    clients::{ClientRow, Clients},
};
use jiff::Timestamp;
use tokio_postgres::{Error, Row};

pub(crate) const ONE: &str =
    "select id, name, secret, scopes, made_at, revoked_at, area from clients where secret = $1";
pub(crate) const ALL: &str = "select id, name, secret, scopes, made_at, revoked_at, area from clients order by id";

#[async_trait]
impl Clients for Snapshot {
    async fn client(&self, secret: Digest) -> Result<Option<ClientRow>, StoreError> {
        self.row(ONE, &[&secret.0.as_slice()]).await?.as_ref().map(read).transpose()
    }

    async fn clients(&self) -> Result<Vec<ClientRow>, StoreError> {
        self.rows(ALL, &[]).await?.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<ClientRow, StoreError> {
    let row = Stored { row, table: "clients", key: &["id"] };
    Ok(ClientRow {
        id: ClientId(row.take("id")?),
        name: row.take("name")?,
        secret: row.digest("secret")?,
        scopes: row.take("scopes")?,
        area: row.take::<Option<String>>("area")?.map(AreaCode::new),
        made_at: row.time("made_at")?,
        revoked_at: row.time_or_none("revoked_at")?,
    })
}

pub(crate) const INSERT: &str = "
    insert into clients (id, name, secret, scopes, made_at, revoked_at, area) values ($1, $2, $3, $4, $5, $6, $7)";

pub(crate) async fn insert(tx: &Tx, row: &ClientRow) -> Result<(), Error> {
    let revoked_at = row.revoked_at.map(ms);
    let area = row.area.as_ref().map(AreaCode::as_str);
    let secret = row.secret.0.as_slice();
    tx.run(INSERT, &[&row.id.0, &row.name, &secret, &row.scopes, &ms(row.made_at), &revoked_at, &area]).await?;
    Ok(())
}

pub(crate) const REVOKE: &str = "update clients set revoked_at = $2 where id = $1 and revoked_at is null";

pub(crate) async fn revoke(tx: &Tx, client: ClientId, at: Timestamp) -> Result<(), Error> {
    tx.run(REVOKE, &[&client.0, &ms(at)]).await?;
    Ok(())
}
