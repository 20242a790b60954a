//! The city as data, in numbered versions, compressed.

use crate::{
    row::{Stored, long, ms},
    snapshot::Snapshot,
    tx::Tx,
};
use async_trait::async_trait;
use gewu_domain::ids::PersonId;
use gewu_store::{
    StoreError,
    publications::{Publication, PublicationHead, Publications},
};
use tokio_postgres::Error;
use uuid::Uuid;

pub(crate) const HEADS: &str = "
    select kind, name, version, published_at, person, digest, bytes from publications
    order by kind collate \"C\", name collate \"C\", version";
pub(crate) const COUNT: &str = "select count(*) as number from publications";
pub(crate) const ONE: &str = "
    select kind, name, version, published_at, person, digest, bytes, body, edition from publications
    where kind = $1 and name = $2 and version = $3";

const KEY: &[&str] = &["kind", "name", "version"];

#[async_trait]
impl Publications for Snapshot {
    async fn publications(&self) -> Result<Vec<PublicationHead>, StoreError> {
        let rows = self.rows(HEADS, &[]).await?;
        rows.iter().map(|row| head(&Stored { row, table: "publications", key: KEY })).collect()
    }

    async fn publication_count(&self) -> Result<u64, StoreError> {
        let row = self.row(COUNT, &[]).await?.expect("a count is a row");
        Stored { row: &row, table: "publications", key: &[] }.number::<i64, _>("number")
    }

    async fn publication(&self, kind: &str, name: &str, version: u32) -> Result<Option<Publication>, StoreError> {
        let Some(row) = self.row(ONE, &[&kind, &name, &i64::from(version)]).await? else { return Ok(None) };
        let row = Stored { row: &row, table: "publications", key: KEY };
        let head = head(&row)?;
        let packed: &[u8] = row.take("body")?;
        Ok(Some(Publication {
            kind: head.kind,
            name: head.name,
            version: head.version,
            published_at: head.published_at,
            by: head.by,
            digest: head.digest,
            edition: row.number_or_none::<i64, _>("edition")?,
            body: zstd::decode_all(packed).map_err(|error| row.corrupt("body", &error.to_string()))?,
        }))
    }
}

fn head(row: &Stored<'_>) -> Result<PublicationHead, StoreError> {
    Ok(PublicationHead {
        kind: row.take("kind")?,
        name: row.take("name")?,
        version: row.number::<i64, _>("version")?,
        published_at: row.time("published_at")?,
        by: row.take::<Option<Uuid>>("person")?.map(PersonId),
        digest: row.digest("digest")?,
        bytes: row.number::<i64, _>("bytes")?,
    })
}

pub(crate) const INSERT: &str = "
    insert into publications (kind, name, version, published_at, person, digest, bytes, body, edition)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// Documents reach tens of megabytes and are written a few times a year: worth the time of a good level.
const LEVEL: i32 = 9;

pub(crate) async fn insert(tx: &Tx, row: &Publication) -> Result<(), Error> {
    let packed = zstd::encode_all(row.body.as_slice(), LEVEL).expect("memory takes every write");
    let by = row.by.map(|person| person.0);
    tx.run(
        INSERT,
        &[
            &row.kind,
            &row.name,
            &i64::from(row.version),
            &ms(row.published_at),
            &by,
            &row.digest.0.as_slice(),
            &long(row.body.len() as u64),
            &packed,
            &row.edition.map(long),
        ],
    )
    .await?;
    Ok(())
}
