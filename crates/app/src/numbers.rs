//! Case numbers: six digits of region, eight of date, five (or more, on a very busy day) of sequence.

use gewu_domain::ids::RegionId;
use gewu_store::{Store, StoreError};
use jiff::civil::Date;
use std::{collections::HashMap, ops::Range};
use tokio::sync::Mutex;

/// Numbers taken from the store at once: this many first, and twice as many each time they are used up, so that a quiet
/// region has small gaps and a busy one seldom asks. A restart leaves what was taken unused: gaps, never repetitions.
const FIRST: u32 = 100;
const MOST: u32 = 3_200;
/// A region so busy that it takes so many at once has its next block ready before the last is used up: otherwise all its
/// reports would wait for the store at the same time.
const BUSY: u32 = 800;

/// Hands out numbers from blocks, so that a report costs no extra round trip.
#[derive(Debug, Default)]
pub struct Numbers {
    series: Mutex<HashMap<(RegionId, Date), Series>>,
}

/// The numbers of one region's day that were taken and not yet given out.
#[derive(Debug)]
struct Series {
    block: Range<u64>,
    /// The block after it, once it is there.
    spare: Option<Range<u64>>,
    /// How many are taken next.
    size: u32,
    is_asking: bool,
}

impl Default for Series {
    fn default() -> Series {
        Series { block: 0..0, spare: None, size: FIRST, is_asking: false }
    }
}

impl Series {
    fn give(&mut self) -> Option<u64> {
        if self.block.is_empty() {
            self.block = self.spare.take()?;
        }
        self.block.next()
    }

    /// How many to take now, so that the next block is there in time; `None` while there is enough, or somebody asks.
    fn wants(&mut self) -> Option<u32> {
        let left = self.block.end - self.block.start;
        let runs_low = self.size > BUSY && self.spare.is_none() && left < u64::from(self.size / 4);
        (runs_low && !std::mem::replace(&mut self.is_asking, true)).then_some(self.size)
    }

    fn took(&mut self, first: u64, count: u32) {
        self.spare = Some(first..first.saturating_add(u64::from(count)));
        self.size = count.saturating_mul(2).min(MOST);
        self.is_asking = false;
    }
}

impl Numbers {
    /// The next number of the region's day.
    ///
    /// # Errors
    /// When none is left and the store does not answer.
    pub async fn next(&self, store: &dyn Store, region: RegionId, day: Date) -> Result<String, StoreError> {
        let name = format!("case {day}");
        let mut all = self.series.lock().await;
        let series = all.entry((region, day)).or_default();
        let number = match series.give() {
            Some(number) => number,
            None => {
                let size = series.size;
                series.took(store.upkeep().take_numbers(region, &name, size).await?, size);
                let number = series.give().expect("a block was just taken");
                all.retain(|(_, other), _| *other >= day);
                number
            }
        };
        let wanted = all.get_mut(&(region, day)).and_then(Series::wants);
        drop(all);
        if let Some(size) = wanted {
            let first = store.upkeep().take_numbers(region, &name, size).await;
            if let Some(series) = self.series.lock().await.get_mut(&(region, day)) {
                match first {
                    Ok(first) if series.spare.is_none() => series.took(first, size),
                    // Whoever finds none left asks again, and is told why there are none.
                    _ => series.is_asking = false,
                }
            }
        }
        Ok(format!("{region}{:04}{:02}{:02}{number:05}", day.year(), day.month(), day.day()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_region_asks_once_and_in_time_and_a_quiet_one_only_when_none_is_left() {
        let mut series = Series::default();
        let (mut next, mut given, mut asked) = (0, Vec::new(), Vec::new());
        while given.len() < 20_000 {
            match series.give() {
                Some(number) => given.push(number),
                None => {
                    let size = series.size;
                    assert!(size <= BUSY, "a region that takes {size} at once ran out of numbers");
                    series.took(next, size);
                    next += u64::from(size);
                }
            }
            if let Some(size) = series.wants() {
                assert_eq!(series.wants(), None, "two ask for the same block");
                asked.push(size);
                series.took(next, size);
                next += u64::from(size);
            }
        }
        assert_eq!(given, (0..20_000).collect::<Vec<u64>>());
        assert_eq!(asked[..3], [1_600, 3_200, 3_200]);
    }

    #[test]
    fn whoever_asked_and_went_away_does_not_keep_the_others_from_asking() {
        let mut series = Series { block: 0..10, spare: None, size: MOST, is_asking: false };
        assert_eq!(series.wants(), Some(MOST));
        while series.give().is_some() {}
        series.took(10, MOST);
        assert_eq!(series.give(), Some(10));
        while series.block.end - series.block.start > 10 {
            series.give();
        }
        assert_eq!(series.wants(), Some(MOST));
    }
}
