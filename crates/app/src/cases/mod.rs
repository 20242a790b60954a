//! Cases: report one, act on it, read it, list them.

pub mod act;
pub mod feed;
pub mod history;
pub mod list;
pub mod photo;
pub mod read;
pub mod report;
mod write;

use gewu_domain::ids::{Digest, RegionId};
use gewu_store::idempotency::Answer;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A key the client chose so that the same change is never made twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// 1 to 200 visible ASCII characters; `scope` keeps two callers' keys apart.
    pub fn new(scope: &str, key: &str) -> Option<IdempotencyKey> {
        let fits = (1..=200).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| IdempotencyKey(format!("{scope} {key}")))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn answer(&self, request: Digest, body: String, at: Timestamp) -> Answer {
        Answer { key: self.0.clone(), request, body, at }
    }
}

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

/// What was asked under an idempotency key, to tell a repetition from a mistake.
fn request_digest(request: &impl Serialize) -> Digest {
    let json = serde_json::to_vec(request).expect("requests are plain data");
    Digest(Sha256::digest(json).into())
}
