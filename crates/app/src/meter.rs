//! Who owes how much: one small row for each name, in a table that never grows.
//!
//! A debt is a span of time and melts away as time passes; nothing is written for that. A name is kept as a keyed hash
//! in one of the eight places of its set, and the smallest debt of a set gives way to a newcomer: asking and charging
//! cost the same however many names there are, and whoever owes most is forgotten last. Two names with one hash would share
//! a row: one chance in 2^64. Behind the doors' limits and the turns of photos; kept in memory, per process.

use jiff::Timestamp;
use std::{
    hash::{BuildHasher, Hash, RandomState},
    sync::{Mutex, PoisonError},
};

/// Names in one set.
const WAYS: usize = 8;

#[derive(Debug, Clone, Copy, Default)]
struct Row {
    name: u64,
    /// When nothing is owed any more, in microseconds since 1970.
    until_us: i64,
}

/// The debts of all.
#[derive(Debug)]
pub struct Meter {
    sets: Box<[Mutex<[Row; WAYS]>]>,
    hasher: RandomState,
}

impl Meter {
    /// Room for eight times so many names; 136 bytes a set.
    pub fn new(sets: usize) -> Meter {
        Meter { sets: (0..sets.max(1)).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }

    /// Charges a debt that may not grow beyond `most_us`.
    ///
    /// # Errors
    /// The microseconds to wait until it may be charged; then nothing was.
    pub fn charge(&self, name: &impl Hash, cost_us: i64, most_us: i64, now: Timestamp) -> Result<(), i64> {
        self.with(name, now, |owed| {
            let owes = owed.min(most_us).saturating_add(cost_us);
            if owes > most_us { (None, Err(owes.saturating_sub(most_us))) } else { (Some(owes), Ok(())) }
        })
    }

    /// Adds to a debt, up to `most_us`, and gives what was owed before.
    pub fn add(&self, name: &impl Hash, cost_us: i64, most_us: i64, now: Timestamp) -> i64 {
        self.with(name, now, |owed| (Some(owed.saturating_add(cost_us).min(most_us)), owed.min(most_us)))
    }

    /// Takes a charge back.
    pub fn forgive(&self, name: &impl Hash, cost_us: i64, now: Timestamp) {
        self.with(name, now, |owed| (Some(owed.saturating_sub(cost_us).max(0)), ()));
    }

    fn with<T>(&self, name: &impl Hash, now: Timestamp, change: impl FnOnce(i64) -> (Option<i64>, T)) -> T {
        let hash = self.hasher.hash_one(name);
        let now_us = now.as_microsecond();
        // The upper half chooses the set, so that names of one set still differ in their lower half.
        let at = usize::try_from(hash >> 32).unwrap_or_default() % self.sets.len();
        let set = self.sets.get(at).expect("a remainder is less than the number of sets");
        let mut rows = set.lock().unwrap_or_else(PoisonError::into_inner);
        let own = rows.iter().position(|row| row.name == hash && row.until_us != 0);
        let owed = own.and_then(|own| rows.get(own)).map_or(0, |row| row.until_us.saturating_sub(now_us).max(0));
        let (owes, answer) = change(owed);
        if let Some(owes) = owes {
            let row = match own {
                Some(own) => rows.get_mut(own),
                None => rows.iter_mut().min_by_key(|row| row.until_us),
            };
            *row.expect("a set has eight rows") = Row { name: hash, until_us: now_us.saturating_add(owes) };
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).expect("a second of 2026")
    }

    const SECOND: i64 = 1_000_000;

    #[test]
    fn a_debt_melts_with_time_and_never_grows_beyond_what_is_allowed() {
        let meter = Meter::new(4);
        assert_eq!(meter.charge(&"a", 10 * SECOND, 20 * SECOND, at(0)), Ok(()));
        assert_eq!(meter.charge(&"a", 10 * SECOND, 20 * SECOND, at(0)), Ok(()));
        assert_eq!(meter.charge(&"a", 10 * SECOND, 20 * SECOND, at(0)), Err(10 * SECOND));
        assert_eq!(meter.charge(&"a", 10 * SECOND, 20 * SECOND, at(10)), Ok(()));
        assert_eq!(meter.add(&"a", 0, 60 * SECOND, at(10)), 20 * SECOND);
        meter.forgive(&"a", 20 * SECOND, at(10));
        assert_eq!(meter.add(&"a", 0, 60 * SECOND, at(10)), 0);
    }

    #[test]
    fn a_clock_put_back_leaves_nobody_with_more_than_the_most() {
        let meter = Meter::new(4);
        assert_eq!(meter.charge(&"a", SECOND, SECOND, at(100_000)), Ok(()));
        assert_eq!(meter.charge(&"a", SECOND, SECOND, at(0)), Err(SECOND));
    }

    #[test]
    fn whoever_owes_most_is_remembered_while_a_million_others_come_and_go() {
        let meter = Meter::new(1 << 12);
        assert_eq!(meter.charge(&"guesser", 60 * SECOND, 60 * SECOND, at(0)), Ok(()));
        for other in 0..1_000_000_u32 {
            assert_eq!(meter.charge(&other, SECOND, 60 * SECOND, at(1)), Ok(()));
        }
        assert_eq!(meter.charge(&"guesser", 60 * SECOND, 60 * SECOND, at(2)), Err(58 * SECOND));
    }
}
