//! Case numbers: six digits of region, eight of date, five (or more, on a very busy day) of sequence.

use gewu_domain::ids::RegionId;
use gewu_store::{Store, StoreError};
use jiff::civil::Date;
use std::collections::HashMap;
use tokio::sync::Mutex;

/// Numbers taken from the store at once. A restart leaves the rest of a block unused: gaps, never repetitions.
const BLOCK: u32 = 100;

/// Hands out numbers from blocks, so that a report costs no extra round trip.
#[derive(Debug, Default)]
pub struct Numbers {
    blocks: Mutex<HashMap<(RegionId, Date), (u64, u64)>>,
}

impl Numbers {
    /// The next number of the region's day.
    ///
    /// # Errors
    /// When a new block is needed and the store does not answer.
    pub async fn next(&self, store: &dyn Store, region: RegionId, day: Date) -> Result<String, StoreError> {
        let mut blocks = self.blocks.lock().await;
        let (next, end) = blocks.get(&(region, day)).copied().unwrap_or((0, 0));
        let (next, end) = if next < end {
            (next, end)
        } else {
            let series = format!("case {day}");
            let first = store.upkeep().take_numbers(region, &series, BLOCK).await?;
            blocks.retain(|(_, other), _| *other >= day);
            (first, first.saturating_add(u64::from(BLOCK)))
        };
        blocks.insert((region, day), (next.saturating_add(1), end));
        Ok(format!("{region}{:04}{:02}{:02}{next:05}", day.year(), day.month(), day.day()))
    }
}
