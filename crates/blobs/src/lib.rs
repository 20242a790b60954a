//! Where photos lie: content-addressed files on disk or in an S3-compatible bucket.

use async_trait::async_trait;
use gewu_domain::ids::Digest;

/// Files named by their SHA-256.
#[async_trait]
pub trait Blobs: Send + Sync + 'static {
    /// Keeps a file; durable when it returns. Keeping the same file again does nothing.
    async fn put(&self, digest: Digest, bytes: Vec<u8>) -> Result<(), BlobError>;
    /// `None` when there is no such file.
    async fn get(&self, digest: Digest) -> Result<Option<Vec<u8>>, BlobError>;
    async fn exists(&self, digest: Digest) -> Result<bool, BlobError>;
    async fn delete(&self, digest: Digest) -> Result<(), BlobError>;
}

#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// What lies under this name is not what was kept there.
    #[error("file {0} is damaged")]
    Damaged(Digest),
    #[error("files are unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}
