//! Case numbers: six digits of region, eight of date, five (or more, on a very busy day) of sequence.

use gewu_domain::ids::RegionId;
use gewu_store::{Store, StoreError};
use jiff::civil::Date;
use std::collections::HashMap;
use tokio::sync::Mutex;

/// Numbers taken from the store at once: this many first, and twice as many each time they are used up, so that a quiet
/// region has small gaps and a busy one seldom asks. A restart leaves the rest of a block unused: gaps, never repetitions.
const FIRST: u32 = 100;
const MOST: u32 = 3_200;

/// Hands out numbers from blocks, so that a report costs no extra round trip.
#[derive(Debug, Default)]
pub struct Numbers {
    blocks: Mutex<HashMap<(RegionId, Date), Block>>,
}

/// Numbers from `next` up to `end`, which is not among them; the block after it has `size`.
#[derive(Debug, Clone, Copy)]
struct Block {
    next: u64,
    end: u64,
    size: u32,
}

impl Numbers {
    /// The next number of the region's day.
    ///
    /// # Errors
    /// When a new block is needed and the store does not answer.
    pub async fn next(&self, store: &dyn Store, region: RegionId, day: Date) -> Result<String, StoreError> {
        let mut blocks = self.blocks.lock().await;
        let mut block = blocks.get(&(region, day)).copied().unwrap_or(Block { next: 0, end: 0, size: FIRST });
        if block.next >= block.end {
            let series = format!("case {day}");
            let first = store.upkeep().take_numbers(region, &series, block.size).await?;
            blocks.retain(|(_, other), _| *other >= day);
            block = Block {
                next: first,
                end: first.saturating_add(u64::from(block.size)),
                size: block.size.saturating_mul(2).min(MOST),
            };
        }
        let number = block.next;
        blocks.insert((region, day), Block { next: number.saturating_add(1), ..block });
        Ok(format!("{region}{:04}{:02}{:02}{number:05}", day.year(), day.month(), day.day()))
    }
}
