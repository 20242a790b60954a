//! Published data, compressed.

use crate::{
    WholeView,
    error::{broken, taken},
    row::{Cells, all, ms, one, run, statements},
};
use async_trait::async_trait;
use gewu_domain::ids::PersonId;
use gewu_store::{
    StoreError,
    publications::{Publication, PublicationHead, Publications},
};
use rusqlite::{Connection, params};

const TABLE: &str = "publications";
/// Zstandard's own default: quick, and a third of the size for areas and catalogues.
const LEVEL: i32 = 3;

statements! {
    INSERT = "insert into publications (kind, name, version, published_at, person, digest, bytes, body, edition)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    HEADS = "select kind, name, version, published_at, person, digest, bytes from publications order by kind, name, version";
    COUNT = "select count(*) from publications";
    ONE = "select kind, name, version, published_at, person, digest, bytes, body, edition from publications
        where kind = ?1 and name = ?2 and version = ?3";
}

/// Makes a body ready for [`insert`].
pub(crate) fn compress(body: &[u8]) -> Result<Vec<u8>, StoreError> {
    zstd::bulk::compress(body, LEVEL).map_err(|error| broken(error.to_string()))
}

/// Stores a version, its body compressed already.
pub(crate) fn insert(connection: &Connection, publication: &Publication, body: &[u8]) -> Result<(), StoreError> {
    let bytes = i64::try_from(publication.body.len()).map_err(|error| broken(error.to_string()))?;
    let values = params![
        publication.kind,
        publication.name,
        publication.version,
        ms(publication.published_at),
        publication.by.map(|person| *person.0.as_bytes()),
        publication.digest.0,
        bytes,
        body,
        publication.edition.map(i64::try_from).transpose().map_err(|error| broken(error.to_string()))?,
    ];
    run(connection, INSERT, values).map(drop).map_err(taken("publication"))
}

fn decode(cells: &Cells<'_>) -> Result<PublicationHead, StoreError> {
    Ok(PublicationHead {
        kind: cells.cell(0, "kind")?,
        name: cells.cell(1, "name")?,
        version: cells.cell(2, "version")?,
        published_at: cells.time(3, "published_at")?,
        by: cells.maybe_id(4, "person", PersonId)?,
        digest: cells.digest(5, "digest")?,
        bytes: cells.count(6, "bytes")?,
    })
}

#[async_trait]
impl Publications for WholeView {
    async fn publications(&self) -> Result<Vec<PublicationHead>, StoreError> {
        self.read(|connection| all(connection, HEADS, [], |row| decode(&Cells::of(row, TABLE)))).await
    }

    async fn publication_count(&self) -> Result<u64, StoreError> {
        let count = self.read(|connection| one(connection, COUNT, [], |row| Cells::of(row, TABLE).count(0, "kind")));
        count.await?.ok_or_else(|| broken("a count gave no number"))
    }

    async fn publication(&self, kind: &str, name: &str, version: u32) -> Result<Option<Publication>, StoreError> {
        let (kind, name) = (kind.to_owned(), name.to_owned());
        self.read(move |connection| {
            one(connection, ONE, params![kind, name, version], |row| {
                let cells = Cells::of(row, TABLE);
                let head = decode(&cells)?;
                let size = cells.read(6, "bytes", |bytes: i64| usize::try_from(bytes))?;
                Ok(Publication {
                    kind: head.kind,
                    name: head.name,
                    version: head.version,
                    published_at: head.published_at,
                    by: head.by,
                    digest: head.digest,
                    edition: cells.read(8, "edition", |edition: Option<i64>| edition.map(u64::try_from).transpose())?,
                    body: cells.read(7, "body", |body: Vec<u8>| zstd::bulk::decompress(&body, size))?,
                })
            })
        })
        .await
    }
}
