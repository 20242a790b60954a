//! How often strangers may do things that cost: so many at once and so many more each minute, by kind and origin.
//!
//! Kept in memory and per process: a limit guards the machine, it judges nobody. Addresses come cut (see
//! [`crate::gate::Gate::origin`]), so a bucket is a neighbourhood's; rates are set for that. Pages and machines share one
//! set of limits. Sessions are not counted here; API keys are, by key, for what they read.

use gewu_app::meter::Meter;
use jiff::Timestamp;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Anything read: a page, a list, a tile.
    Read,
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

impl Rate {
    /// No limit.
    pub const OFF: Rate = Rate { burst: 0, per_minute: 0 };
}

/// The rates of an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    pub read: Rate,
    pub write: Rate,
    pub sign_in: Rate,
    pub secret: Rate,
}

impl Default for Rates {
    fn default() -> Rates {
        Rates {
            read: Rate { burst: 600, per_minute: 1_200 },
            write: Rate { burst: 120, per_minute: 60 },
            sign_in: Rate { burst: 30, per_minute: 20 },
            secret: Rate { burst: 60, per_minute: 30 },
        }
    }
}

impl Rates {
    /// No limits at all.
    pub const OFF: Rates = Rates { read: Rate::OFF, write: Rate::OFF, sign_in: Rate::OFF, secret: Rate::OFF };
}

/// Room for a quarter of a million buckets that are not full.
const SETS: usize = 1 << 15;
const MINUTE_US: i64 = 60_000_000;

/// All buckets.
#[derive(Debug)]
pub struct Limits {
    rates: Rates,
    meter: Meter,
}

impl Limits {
    pub fn new(rates: Rates) -> Limits {
        Limits { rates, meter: Meter::new(SETS) }
    }

    /// What a token is worth, and how much may be owed; `None` without a limit.
    fn worth(&self, kind: Kind) -> Option<(i64, i64)> {
        let rate = match kind {
            Kind::Read => self.rates.read,
            Kind::Write => self.rates.write,
            Kind::SignIn => self.rates.sign_in,
            Kind::Secret => self.rates.secret,
        };
        let each_us = MINUTE_US.checked_div(i64::from(rate.per_minute))?;
        Some((each_us, each_us.saturating_mul(i64::from(rate.burst.max(1)))))
    }

    /// Takes a token.
    ///
    /// # Errors
    /// How many seconds to wait for one.
    pub fn take(&self, kind: Kind, origin: &str, now: Timestamp) -> Result<(), u32> {
        let Some((each_us, most_us)) = self.worth(kind) else { return Ok(()) };
        let charged = self.meter.charge(&(kind, origin), each_us, most_us, now);
        charged.map_err(|wait_us| u32::try_from(wait_us / 1_000_000 + 1).unwrap_or(u32::MAX))
    }

    /// Gives a token back: what was tried was no guess.
    pub fn give_back(&self, kind: Kind, origin: &str, now: Timestamp) {
        if let Some((each_us, _)) = self.worth(kind) {
            self.meter.forgive(&(kind, origin), each_us, now);
        }
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
        Limits::new(Rates { read: rate, write: rate, sign_in: rate, secret: rate })
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

    #[test]
    fn a_token_given_back_can_be_taken_again() {
        let limits = limits(1, 1);
        assert_eq!(limits.take(Kind::Secret, "a", at(0)), Ok(()));
        limits.give_back(Kind::Secret, "a", at(0));
        assert_eq!(limits.take(Kind::Secret, "a", at(0)), Ok(()));
        assert!(limits.take(Kind::Secret, "a", at(0)).is_err());
    }
}
