//! Cases: report one, act on it, read it, list them.

pub mod act;
pub mod feed;
pub mod history;
pub mod list;
pub mod photo;
pub mod read;
pub mod report;
mod write;

pub use crate::once::IdempotencyKey;
use gewu_domain::ids::{Digest, RegionId};
use serde::{Deserialize, Serialize};

/// A photo that lies in the blobs already, as uploading it answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhotoRef {
    pub digest: Digest,
    pub thumbnail: Digest,
    pub width: u32,
    pub height: u32,
    pub bytes: u64,
}

/// Which case, as callers point at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaseAddress {
    pub region: RegionId,
    pub id: gewu_domain::ids::CaseId,
}
