//! How often strangers may do things that cost: one bucket of tokens for each kind and address.
//!
//! Kept in memory and per process: a limit guards the machine, it judges nobody. Addresses come cut (see
//! [`crate::session::origin`]), so a bucket is a neighbourhood's; rates are set for that. Callers with an API key or a
//! session are not counted here.

use jiff::{SignedDuration, Timestamp};
use std::{collections::HashMap, sync::Mutex};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A report, a photo, a step by a receipt: anything a stranger writes.
    Write,
    /// A try to sign in.
    SignIn,
    /// A try to open a case by number and code, or an API by key.
    Secret,
}

/// How many at once, and how many more each minute. No minutely share means no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub burst: u32,
    pub per_minute: u32,
}

/// The rates of an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    pub write: Rate,
    pub sign_in: Rate,
    pub secret: Rate,
}

impl Default for Rates {
    fn default() -> Rates {
        Rates {
            write: Rate { burst: 120, per_minute: 60 },
            sign_in: Rate { burst: 30, per_minute: 20 },
            secret: Rate { burst: 60, per_minute: 30 },
        }
    }
}

/// Buckets kept at most; full ones are forgotten first, because a new one is full as well.
const BUCKETS_MOST: usize = 50_000;

/// A full minute of milliseconds; tokens are counted in 60,000ths so that sums stay whole.
const MINUTE_MS: i64 = 60_000;

#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// Tokens times [`MINUTE_MS`].
    parts: i64,
    at: Timestamp,
}

/// All buckets.
#[derive(Debug)]
pub struct Limits {
    rates: Rates,
    buckets: Mutex<HashMap<(Kind, String), Bucket>>,
}

impl Limits {
    pub fn new(rates: Rates) -> Limits {
        Limits { rates, buckets: Mutex::default() }
    }

    /// Takes a token.
    ///
    /// # Errors
    /// How many seconds to wait for one.
    pub fn take(&self, kind: Kind, origin: &str, now: Timestamp) -> Result<(), u32> {
        let rate = match kind {
            Kind::Write => self.rates.write,
            Kind::SignIn => self.rates.sign_in,
            Kind::Secret => self.rates.secret,
        };
        if rate.per_minute == 0 {
            return Ok(());
        }
        let full = i64::from(rate.burst.max(1)) * MINUTE_MS;
        let mut buckets = self.buckets.lock().expect("no holder panics while counting tokens");
        if buckets.len() >= BUCKETS_MOST {
            buckets.retain(|(kind, _), bucket| bucket.at.duration_since(now).abs() < self.refill(*kind));
        }
        let bucket = buckets.entry((kind, origin.to_owned())).or_insert(Bucket { parts: full, at: now });
        let passed_ms = i64::try_from(now.duration_since(bucket.at).as_millis()).unwrap_or(i64::MAX).max(0);
        bucket.parts = bucket.parts.saturating_add(passed_ms.saturating_mul(i64::from(rate.per_minute))).min(full);
        bucket.at = now;
        if bucket.parts >= MINUTE_MS {
            bucket.parts -= MINUTE_MS;
            return Ok(());
        }
        let wait_ms = (MINUTE_MS - bucket.parts) / i64::from(rate.per_minute) + 1;
        Err(u32::try_from(wait_ms / 1_000 + 1).unwrap_or(u32::MAX))
    }

    /// How long until an empty bucket of this kind is full.
    fn refill(&self, kind: Kind) -> SignedDuration {
        let rate = match kind {
            Kind::Write => self.rates.write,
            Kind::SignIn => self.rates.sign_in,
            Kind::Secret => self.rates.secret,
        };
        SignedDuration::from_mins(i64::from(rate.burst / rate.per_minute.max(1)) + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).expect("a second of 2026")
    }

    fn limits(burst: u32, per_minute: u32) -> Limits {
        let rate = Rate { burst, per_minute };
        Limits::new(Rates { write: rate, sign_in: rate, secret: rate })
    }

    #[test]
    fn a_burst_is_served_and_then_the_wait_is_told() {
        let limits = limits(2, 6);
        assert_eq!(limits.take(Kind::Write, "a", at(0)), Ok(()));
        assert_eq!(limits.take(Kind::Write, "a", at(0)), Ok(()));
        assert_eq!(limits.take(Kind::Write, "a", at(0)), Err(11));
        assert_eq!(limits.take(Kind::Write, "a", at(11)), Ok(()));
        assert!(limits.take(Kind::Write, "a", at(11)).is_err());
    }

    #[test]
    fn one_address_never_takes_from_another_nor_one_kind_from_another() {
        let limits = limits(1, 1);
        assert_eq!(limits.take(Kind::SignIn, "a", at(0)), Ok(()));
        assert!(limits.take(Kind::SignIn, "a", at(0)).is_err());
        assert_eq!(limits.take(Kind::SignIn, "b", at(0)), Ok(()));
        assert_eq!(limits.take(Kind::Write, "a", at(0)), Ok(()));
    }

    #[test]
    fn waiting_never_fills_a_bucket_beyond_its_burst() {
        let limits = limits(2, 60);
        assert_eq!(limits.take(Kind::Write, "a", at(0)), Ok(()));
        let taken = (0..10).filter(|_| limits.take(Kind::Write, "a", at(100_000)).is_ok()).count();
        assert_eq!(taken, 2);
    }

    #[test]
    fn no_minutely_share_means_no_limit() {
        let limits = limits(1, 0);
        assert!((0..100).all(|_| limits.take(Kind::Write, "a", at(0)).is_ok()));
    }
}
