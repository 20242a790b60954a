//! Where photos lie: files named by their content, on disk or in an S3-compatible bucket.
//!
//! Knows nothing of photos, cases or who may see what: bytes under their SHA-256, durable when a call returns and
//! compared with their name when they are read. The same content given twice is one file, so whoever deletes must know
//! that nothing else points at it. Both kinds lay files out alike, `<first two hex digits>/<hex>`: a folder can be
//! copied into a bucket and back with any tool. Start at [`Blobs`].

mod disk;
mod s3;

pub use disk::DiskBlobs;
pub use s3::{S3Blobs, S3Settings};

use async_trait::async_trait;
use gewu_domain::ids::Digest;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

/// Files named by their SHA-256.
#[async_trait]
pub trait Blobs: Send + Sync + 'static {
    /// Keeps a file; durable when it returns. Keeping the same file again is fine, and mends it if it was damaged.
    ///
    /// # Errors
    /// [`BlobError::Misnamed`] when `digest` is not that of `bytes`; [`BlobError::Unavailable`].
    async fn put(&self, digest: Digest, bytes: Vec<u8>) -> Result<(), BlobError>;

    /// `None` when there is no such file.
    ///
    /// # Errors
    /// [`BlobError::Damaged`] when the bytes are no longer those that were kept; [`BlobError::Unavailable`].
    async fn get(&self, digest: Digest) -> Result<Option<Vec<u8>>, BlobError>;

    /// Is there such a file? Says nothing of its bytes.
    ///
    /// # Errors
    /// [`BlobError::Unavailable`].
    async fn exists(&self, digest: Digest) -> Result<bool, BlobError>;

    /// Removes a file, durably; one that is not there is fine.
    ///
    /// # Errors
    /// [`BlobError::Unavailable`].
    async fn delete(&self, digest: Digest) -> Result<(), BlobError>;

    /// Up to `most` digests after `after`, ascending; fewer only at the end. Names that are no digest are passed over.
    ///
    /// # Errors
    /// [`BlobError::Unavailable`].
    async fn list(&self, after: Option<Digest>, most: usize) -> Result<Vec<Digest>, BlobError> {
        Ok(self.list_dated(after, most).await?.into_iter().map(|(digest, _)| digest).collect())
    }

    /// As [`Blobs::list`], with the time each file was last put, as the storage's clock had it.
    ///
    /// # Errors
    /// [`BlobError::Unavailable`].
    async fn list_dated(&self, after: Option<Digest>, most: usize) -> Result<Vec<(Digest, Timestamp)>, BlobError>;
}

/// Why a file could not be kept or given.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// What lies under this name is not what was kept there: bring the file back from a backup.
    #[error("{place} is damaged: its content has the SHA-256 {found}; bring it back from a backup")]
    Damaged { place: String, found: Digest },
    /// A mistake of the caller; nothing was kept.
    #[error("content with the SHA-256 {found} was to be kept as {named}")]
    Misnamed { named: Digest, found: Digest },
    #[error("settings for photos: {0}")]
    Settings(String),
    #[error("files are unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What was tried where, and how it went wrong.
#[derive(Debug, thiserror::Error)]
#[error("cannot {what} {place}")]
struct Failure {
    what: &'static str,
    place: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl BlobError {
    fn unavailable(
        what: &'static str,
        place: impl ToString,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> BlobError {
        BlobError::Unavailable(Box::new(Failure { what, place: place.to_string(), source: source.into() }))
    }
}

/// The name that bytes are kept under.
pub fn digest(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

/// `ab/ab12…`, below the folder or prefix.
fn key(digest: Digest) -> String {
    let hex = digest.to_string();
    format!("{}/{hex}", hex.get(..2).expect("64 hex digits"))
}

/// The digest that a key or file name ends with.
fn digest_of(key: &str) -> Option<Digest> {
    key.rsplit('/').next()?.parse().ok()
}

fn named_rightly(named: Digest, bytes: &[u8]) -> Result<(), BlobError> {
    let found = digest(bytes);
    if found == named { Ok(()) } else { Err(BlobError::Misnamed { named, found }) }
}

fn undamaged(named: Digest, bytes: Vec<u8>, place: impl ToString) -> Result<Vec<u8>, BlobError> {
    let found = digest(&bytes);
    if found == named { Ok(bytes) } else { Err(BlobError::Damaged { place: place.to_string(), found }) }
}
