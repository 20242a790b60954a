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

/// How a report or a step names a photo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhotoName {
    /// By the token that uploading it gave. Doors know no other way.
    Upload(String),
    /// By itself: for cases with a past, which are told by the operator and not through a door.
    Kept(PhotoRef),
}

/// A photo that lies in the blobs already. What it says comes from our own decoding.
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
