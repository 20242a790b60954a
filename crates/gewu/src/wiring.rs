//! How store, photos, keys and clock come together. The only place that names a backend.

use crate::{args::Place, private};
use anyhow::{Context, Result, bail};
use gewu_app::{
    App, Settings,
    clock::{Clock, Random, SystemClock, SystemRandom},
    sealing::Keyring,
};
use gewu_blobs::{Blobs, DiskBlobs, S3Blobs, S3Settings};
use gewu_store::Store;
use std::{path::Path, sync::Arc};

/// Opens the house where it is kept. The place must have been set up by `gewu init` or `gewu demo`.
pub async fn open(place: &Place, settings: Settings) -> Result<App> {
    open_with(place, settings, Arc::new(SystemClock)).await
}

/// Opens the house on another clock.
pub async fn open_with(place: &Place, settings: Settings, clock: Arc<dyn Clock>) -> Result<App> {
    parts(place).await?.app(settings, clock, Arc::new(SystemRandom)).await
}

/// What a house is put together from.
pub struct Parts {
    store: Arc<dyn Store>,
    blobs: Arc<dyn Blobs>,
    keyring: Arc<Keyring>,
}

/// Opens what is kept at a place.
pub async fn parts(place: &Place) -> Result<Parts> {
    let keys = place.data.join("keys");
    if !keys.exists() {
        refuse_without_keys(place).await?;
        bail!(
            "{} 还不是一座城市：先运行 gewu init 或 gewu demo（{} is not a city yet: run `gewu init` or `gewu demo` first）",
            place.data.display(),
            place.data.display()
        );
    }
    private::tighten(&place.data);
    let keyring = Keyring::load(&keys).with_context(|| format!("读取密钥 {} · reading the keys", keys.display()))?;
    Ok(Parts { store: store(place).await?, blobs: blobs(&place.data).await?, keyring: Arc::new(keyring) })
}

impl Parts {
    /// A house of these parts; several may share them, one after the other.
    pub async fn app(&self, settings: Settings, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Result<App> {
        App::open(self.store.clone(), self.blobs.clone(), self.keyring.clone(), clock, random, settings)
            .await
            .context("打开城市 · opening the city")
    }
}

/// The record keeper the command line asks for.
pub async fn store(place: &Place) -> Result<Arc<dyn Store>> {
    Ok(match &place.database {
        Some(url) => Arc::new(
            gewu_store_postgres::PostgresStore::open(url, gewu_store_postgres::Settings::default())
                .await
                .context("打开 PostgreSQL · opening PostgreSQL")?,
        ),
        None => Arc::new(
            gewu_store_sqlite::SqliteStore::open(&place.data.join("record"), gewu_store_sqlite::Settings::default())
                .with_context(|| format!("打开 {} · opening the record", place.data.join("record").display()))?,
        ),
    })
}

/// The settings file that puts the photos into an S3-compatible bucket.
pub const BUCKET: &str = "photos.toml";

/// Where the photos lie: in the bucket that `photos.toml` names, or in a folder beside the record.
pub async fn blobs(data: &Path) -> Result<Arc<dyn Blobs>> {
    let file = data.join(BUCKET);
    if !file.exists() {
        return Ok(Arc::new(DiskBlobs::open(data.join("photos")).context("打开照片目录 · opening the photos")?));
    }
    let text = std::fs::read_to_string(&file).with_context(|| format!("读取 {} · reading", file.display()))?;
    let settings: S3Settings =
        toml::from_str(&text).with_context(|| format!("{} 写得不对 · does not read", file.display()))?;
    let bucket = S3Blobs::open(settings).context("照片存储桶的设置 · the settings of the bucket")?;
    bucket.check().await.context("连接照片存储桶 · reaching the bucket")?;
    Ok(Arc::new(bucket))
}

/// A record that is lived in has keys: without them contact data does not open, and new ones would not change that.
///
/// # Errors
/// When there is a record without its key file: what to put back.
async fn refuse_without_keys(place: &Place) -> Result<()> {
    let is_kept = place.database.is_some() || place.data.join("record").exists();
    if is_kept && App::is_lived_in(store(place).await?.as_ref()).await.context("读取记录 · reading the record")? {
        let keys = place.data.join("keys");
        bail!(
            "记录还在，但密钥文件 {} 不见了：请把它放回来，每份备份里都有一份 keys；没有它，联系方式打不开。不会另做新密钥\n\
             the record is here, but its key file {} is gone: put it back, each backup holds a copy named keys; without it contact data does not open. No new keys are made",
            keys.display(),
            keys.display()
        );
    }
    Ok(())
}

/// Makes the directory and its keys; existing keys are kept, and a record that had keys gets no others.
pub async fn prepare(place: &Place) -> Result<()> {
    private::folder(&place.data)?;
    let keys = place.data.join("keys");
    if !keys.exists() {
        refuse_without_keys(place).await?;
        Keyring::make(&keys, &SystemRandom)
            .with_context(|| format!("写入密钥 {} · writing the keys", keys.display()))?;
    }
    Ok(())
}
