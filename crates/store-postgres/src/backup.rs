//! Copies of everything: one compressed file per table, as of one moment, with a manifest that tells how to check them.
//!
//! The files hold what `copy … to stdout` says, so that they can be read without Gewu. The manifest is written last: a
//! directory without it holds no copy.

use crate::{
    error::{pool_error, store_error},
    migrate,
    tx::Held,
};
use bytes::Bytes;
use deadpool_postgres::{Object, Pool};
use futures_util::{SinkExt, StreamExt};
use gewu_store::StoreError;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File},
    io::{Read, Write},
    path::{Path, PathBuf},
};
use tokio::{sync::mpsc, task::spawn_blocking};

const MANIFEST: &str = "manifest.json";
const FORMAT: u32 = 1;
/// Fast, and a quarter of the size.
const LEVEL: i32 = 3;
const CHUNK_BYTES: usize = 1 << 18;
const CHUNKS: usize = 16;

#[derive(Serialize, Deserialize)]
struct Manifest {
    format: u32,
    /// The number of the last migration.
    schema: i32,
    tables: Vec<Table>,
}

#[derive(Serialize, Deserialize)]
struct Table {
    name: String,
    columns: Vec<String>,
    rows: u64,
    /// SHA-256 of what was copied, before compression.
    sha256: String,
}

impl Table {
    fn file(&self, directory: &Path) -> PathBuf {
        directory.join(format!("{}.copy.zst", self.name))
    }

    fn copy(&self, direction: &str) -> String {
        format!("copy {} ({}) {direction}", self.name, self.columns.join(", "))
    }
}

#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("{0} holds a copy already: name an empty directory")]
    Occupied(PathBuf),
    #[error("{0} is not a copy this program can read: format {1}, schema {2}; it reads format {FORMAT}, schema {3}")]
    Foreign(PathBuf, u32, i32, i32),
    #[error("{0} does not hold what the manifest says: the copy is damaged, use another")]
    Damaged(PathBuf),
    #[error("{0}")]
    Io(PathBuf, #[source] std::io::Error),
    #[error("{0} does not read")]
    Manifest(PathBuf, #[source] serde_json::Error),
}

fn failed(fault: Fault) -> StoreError {
    StoreError::Failed(Box::new(fault))
}

const OPEN: &str = "start transaction isolation level repeatable read read only";
const BEGIN: &str = "begin";
const COMMIT: &str = "commit";
const ROLLBACK: &str = "rollback";
pub(crate) const TABLES: &str = "
    select t.table_name::text as name, array_agg(c.column_name::text order by c.ordinal_position) as columns
    from information_schema.tables t
    join information_schema.columns c on c.table_schema = t.table_schema and c.table_name = t.table_name
    where t.table_schema = current_schema() and t.table_type = 'BASE TABLE' and t.table_name <> 'migrations'
    group by t.table_name order by t.table_name";

pub(crate) async fn backup(pool: &Pool, into: &Path) -> Result<(), StoreError> {
    let manifest = into.join(MANIFEST);
    if manifest.exists() {
        return Err(failed(Fault::Occupied(into.to_owned())));
    }
    fs::create_dir_all(into).map_err(|error| failed(Fault::Io(into.to_owned(), error)))?;
    let client = Held::from(pool).await.map_err(pool_error)?;
    client.batch_execute(OPEN).await.map_err(store_error)?;
    let copied = copy_out(&client, into).await?;
    client.batch_execute(ROLLBACK).await.map_err(store_error)?;
    client.release();
    let text = serde_json::to_vec_pretty(&copied).expect("a manifest is plain data");
    write_whole(&manifest, &text).map_err(|error| failed(Fault::Io(manifest.clone(), error)))?;
    File::open(into).and_then(|folder| folder.sync_all()).map_err(|error| failed(Fault::Io(into.to_owned(), error)))
}

async fn copy_out(client: &Object, into: &Path) -> Result<Manifest, StoreError> {
    let schema = client.query_one_scalar(migrate::LAST, &[]).await.map_err(store_error)?;
    let mut tables = tables(client).await?;
    for table in &mut tables {
        let stream = client.copy_out(&table.copy("to stdout")).await.map_err(store_error)?;
        let mut stream = std::pin::pin!(stream);
        let (chunks, taken) = mpsc::channel::<Bytes>(CHUNKS);
        let path = table.file(into);
        let packer = spawn_blocking(move || pack(&path, taken).map_err(|error| failed(Fault::Io(path, error))));
        while let Some(chunk) = stream.next().await {
            // A packer that is gone says below why.
            if chunks.send(chunk.map_err(store_error)?).await.is_err() {
                break;
            }
        }
        drop(chunks);
        (table.rows, table.sha256) = packer.await.expect("packing does not panic")?;
    }
    Ok(Manifest { format: FORMAT, schema, tables })
}

/// Every table of the present schema, with its columns.
async fn tables(client: &Object) -> Result<Vec<Table>, StoreError> {
    let rows = client.query(TABLES, &[]).await.map_err(store_error)?;
    rows.iter()
        .map(|row| {
            Ok(Table { name: row.try_get("name")?, columns: row.try_get("columns")?, rows: 0, sha256: String::new() })
        })
        .collect::<Result<_, _>>()
        .map_err(store_error)
}

/// Gives rows and digest. A line feed ends a row and stands nowhere else.
fn pack(path: &Path, mut chunks: mpsc::Receiver<Bytes>) -> std::io::Result<(u64, String)> {
    let mut packed = zstd::Encoder::new(File::create(path)?, LEVEL)?;
    let mut digest = Sha256::new();
    let mut rows = 0_u64;
    while let Some(chunk) = chunks.blocking_recv() {
        rows += chunk.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
        digest.update(&chunk);
        packed.write_all(&chunk)?;
    }
    packed.finish()?.sync_all()?;
    Ok((rows, hex(digest)))
}

fn hex(digest: Sha256) -> String {
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

pub(crate) async fn restore(pool: &Pool, from: &Path) -> Result<(), StoreError> {
    let path = from.join(MANIFEST);
    let text = fs::read(&path).map_err(|error| failed(Fault::Io(path.clone(), error)))?;
    let manifest: Manifest =
        serde_json::from_slice(&text).map_err(|error| failed(Fault::Manifest(path.clone(), error)))?;
    if manifest.format != FORMAT || manifest.schema != migrate::known() {
        return Err(failed(Fault::Foreign(path, manifest.format, manifest.schema, migrate::known())));
    }
    let client = Held::from(pool).await.map_err(pool_error)?;
    client.batch_execute(BEGIN).await.map_err(store_error)?;
    copy_in(&client, &manifest, from).await?;
    client.batch_execute(COMMIT).await.map_err(store_error)?;
    client.release();
    Ok(())
}

async fn copy_in(client: &Object, manifest: &Manifest, from: &Path) -> Result<(), StoreError> {
    for table in tables(client).await? {
        let any = format!("select 1 from {} limit 1", table.name);
        if client.query_opt(&any, &[]).await.map_err(store_error)?.is_some() {
            return Err(StoreError::Taken { what: "record" });
        }
    }
    for table in &manifest.tables {
        let path = table.file(from);
        let sink = client.copy_in::<_, Bytes>(&table.copy("from stdin")).await.map_err(store_error)?;
        let mut sink = std::pin::pin!(sink);
        let (chunks, mut taken) = mpsc::channel::<Bytes>(CHUNKS);
        let file = path.clone();
        let unpacker = spawn_blocking(move || unpack(&file, &chunks).map_err(|error| failed(Fault::Io(file, error))));
        let mut sent = Ok(());
        while let Some(chunk) = taken.recv().await {
            sent = sink.send(chunk).await.map_err(store_error);
            if sent.is_err() {
                break;
            }
        }
        drop(taken);
        let sha256 = unpacker.await.expect("unpacking does not panic")?;
        sent?;
        let rows = sink.finish().await.map_err(store_error)?;
        if (rows, &sha256) != (table.rows, &table.sha256) {
            return Err(failed(Fault::Damaged(path)));
        }
    }
    Ok(())
}

/// Gives the digest of what it hands on.
fn unpack(path: &Path, chunks: &mpsc::Sender<Bytes>) -> std::io::Result<String> {
    let mut file = zstd::Decoder::new(File::open(path)?)?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        let read = file.read(&mut buffer)?;
        let chunk = buffer.get(..read).unwrap_or_default();
        if chunk.is_empty() {
            return Ok(hex(digest));
        }
        digest.update(chunk);
        if chunks.blocking_send(Bytes::copy_from_slice(chunk)).is_err() {
            return Ok(hex(digest));
        }
    }
}
