//! The city as data: each kind published as numbered versions that never change.

use crate::StoreError;
use async_trait::async_trait;
use gewu_domain::ids::{Digest, PersonId};
use jiff::Timestamp;

/// One published version of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// `areas`, `units`, `catalogue`, `calendar` or `policy`.
    pub kind: String,
    /// Which one of its kind: a catalogue scheme, a calendar id; empty where there is only one.
    pub name: String,
    /// 1, 2, 3 … within kind and name. A version that exists already is [`StoreError::Taken`].
    pub version: u32,
    pub published_at: Timestamp,
    pub by: Option<PersonId>,
    pub digest: Digest,
    /// Its place among all publications, as whoever published counted them. Two who counted the same cannot both publish: the
    /// second is [`StoreError::Taken`], for it does not know what it follows. Nothing in what older releases wrote.
    pub edition: Option<u64>,
    /// The document as it was given. Backends compress it.
    pub body: Vec<u8>,
}

/// A publication without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicationHead {
    pub kind: String,
    pub name: String,
    pub version: u32,
    pub published_at: Timestamp,
    pub by: Option<PersonId>,
    pub digest: Digest,
    pub bytes: u64,
}

#[async_trait]
pub trait Publications {
    /// All of them, by kind, name and version.
    async fn publications(&self) -> Result<Vec<PublicationHead>, StoreError>;

    /// How many there are. They are never changed and never go, so that it grows with every publication: asked every second
    /// by whoever wants to know of new ones.
    async fn publication_count(&self) -> Result<u64, StoreError>;

    async fn publication(&self, kind: &str, name: &str, version: u32) -> Result<Option<Publication>, StoreError>;
}
