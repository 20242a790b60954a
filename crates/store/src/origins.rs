//! Where imported cases come from: the number another system gave them, which is one case in the whole city.

use crate::StoreError;
use async_trait::async_trait;
use gewu_domain::ids::{CaseId, RegionId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginRow {
    /// As the other system writes it, whatever its characters.
    pub number: String,
    /// Which system; empty where the mapping of the import names none.
    pub system: String,
    pub region: RegionId,
    pub case: CaseId,
    /// What that system said of the case last, as digests that `app` alone reads.
    pub said: Vec<u8>,
}

#[async_trait]
pub trait Origins {
    /// The cases that have this number in one system or another, by system.
    async fn origins(&self, number: &str) -> Result<Vec<OriginRow>, StoreError>;

    async fn origin_of(&self, region: RegionId, case: CaseId) -> Result<Option<OriginRow>, StoreError>;
}
