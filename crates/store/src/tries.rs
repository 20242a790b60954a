//! Tries of a secret, counted before it is looked at, and how long to wait after too many.
//!
//! What is counted under stands as a keyed digest: whose secret it is, and from where, cannot be read from it.

use gewu_domain::ids::Digest;
use jiff::{SignedDuration, Timestamp};

/// How tries under one key are slowed down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// So many go without a wait.
    pub free: u32,
    /// The wait after the last free one, in seconds; it doubles with each further one.
    pub first_s: u32,
    /// No wait is longer.
    pub most_s: u32,
    /// After so many seconds without a try all are forgotten.
    pub forgotten_s: u32,
}

/// What a try is counted under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TryKey {
    pub key: Digest,
    pub pace: Pace,
}

/// What is kept of the tries under one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TryRow {
    pub count: u32,
    /// When the last was counted.
    pub at: Timestamp,
    /// The next is not looked at before.
    pub opens_at: Timestamp,
}

impl Pace {
    /// Until when there is to be waited. A wait longer than any that is given comes from another clock and is none.
    pub fn barred_until(self, row: &TryRow, now: Timestamp) -> Option<Timestamp> {
        let wait = row.opens_at.duration_since(now);
        let is_barred = wait > SignedDuration::ZERO && wait <= SignedDuration::from_secs(self.most_s.into());
        is_barred.then_some(row.opens_at)
    }

    /// What is kept after one more try.
    pub fn counted(self, before: Option<&TryRow>, now: Timestamp) -> TryRow {
        let silence = SignedDuration::from_secs(self.forgotten_s.into());
        let remembered = before.filter(|row| now.duration_since(row.at) <= silence);
        let count = remembered.map_or(0, |row| row.count).saturating_add(1);
        let wait_s = match count.checked_sub(self.free) {
            None => 0,
            Some(beyond) => u64::from(self.first_s).saturating_mul(1 << beyond.min(30)).min(self.most_s.into()),
        };
        let wait = SignedDuration::from_secs(i64::try_from(wait_s).unwrap_or(i64::MAX));
        TryRow { count, at: now, opens_at: now.saturating_add(wait).unwrap_or(now) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace { free: 3, first_s: 30, most_s: 200, forgotten_s: 3_600 };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).expect("a second of 2026")
    }

    #[test]
    fn the_free_tries_are_followed_by_waits_that_double_up_to_the_longest() {
        let mut row = None;
        let mut waits = Vec::new();
        for _ in 0..7 {
            let next = PACE.counted(row.as_ref(), at(0));
            waits.push(next.opens_at.duration_since(at(0)).as_secs());
            row = Some(next);
        }
        assert_eq!(waits, [0, 0, 30, 60, 120, 200, 200]);
    }

    #[test]
    fn after_a_long_silence_everything_is_forgotten() {
        let row = TryRow { count: 9, at: at(0), opens_at: at(200) };
        assert_eq!(PACE.counted(Some(&row), at(3_600)).count, 10);
        assert_eq!(PACE.counted(Some(&row), at(3_601)).count, 1);
    }

    #[test]
    fn a_wait_ends_at_its_time_and_one_of_another_clock_is_none() {
        let row = TryRow { count: 9, at: at(0), opens_at: at(200) };
        assert_eq!(PACE.barred_until(&row, at(0)), Some(at(200)));
        assert_eq!(PACE.barred_until(&row, at(199)), Some(at(200)));
        assert_eq!(PACE.barred_until(&row, at(200)), None);
        assert_eq!(PACE.barred_until(&row, at(-1)), None, "nobody was told to wait for 201 seconds");
    }
}
