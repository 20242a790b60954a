//! Where time and ids come in; everything below takes them as values.

use gewu_domain::ids::{CaseId, ClientId, PersonId, PostId, SessionId};
use jiff::{SignedDuration, Timestamp};
use std::sync::Mutex;
use uuid::{Builder, Uuid};

/// The time of day. Milliseconds: what the store keeps.
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is where time comes in")]
    fn now(&self) -> Timestamp {
        whole_ms(Timestamp::now())
    }
}

/// A clock that runs faster than the machine's, for demonstrations.
#[derive(Debug)]
pub struct FastClock {
    started_at: Timestamp,
    shows: Timestamp,
    times: i32,
}

impl FastClock {
    /// Shows `shows` now and runs `times` as fast from here on.
    pub fn new(shows: Timestamp, times: i32) -> FastClock {
        FastClock { started_at: SystemClock.now(), shows, times: times.max(1) }
    }
}

impl Clock for FastClock {
    fn now(&self) -> Timestamp {
        let passed = SystemClock.now().duration_since(self.started_at);
        let shown = passed.checked_mul(self.times).unwrap_or(SignedDuration::MAX);
        whole_ms(self.shows.checked_add(shown).unwrap_or(Timestamp::MAX))
    }
}

/// A clock that stands where it is put, for tests and for replaying history.
#[derive(Debug)]
pub struct HandClock(Mutex<Timestamp>);

impl HandClock {
    pub fn at(at: Timestamp) -> HandClock {
        HandClock(Mutex::new(at))
    }

    pub fn set(&self, at: Timestamp) {
        *self.0.lock().expect("no holder panics while setting a value") = at;
    }

    pub fn advance(&self, by: SignedDuration) {
        let mut at = self.0.lock().expect("no holder panics while adding a duration");
        *at = at.checked_add(by).unwrap_or(Timestamp::MAX);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        whole_ms(*self.0.lock().expect("no holder panics while reading a value"))
    }
}

fn whole_ms(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

/// Random bytes: the machine's, or seeded for repeatable towns and tests.
pub trait Random: Send + Sync + 'static {
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's random numbers.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}

/// A seeded stream (SplitMix64): repeatable, never for secrets of a real city.
#[derive(Debug)]
pub struct SeededRandom(Mutex<u64>);

impl SeededRandom {
    pub fn new(seed: u64) -> SeededRandom {
        SeededRandom(Mutex::new(seed))
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.0.lock().expect("no holder panics while mixing numbers");
        for chunk in bytes.chunks_mut(8) {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = *state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^= mixed >> 31;
            for (byte, random) in chunk.iter_mut().zip(mixed.to_le_bytes()) {
                *byte = random;
            }
        }
    }
}

/// Mints ids: version-7 UUIDs, which sort by their millisecond and never repeat.
#[derive(Debug, Default)]
pub struct Ids {
    last: Mutex<(i64, u16)>,
}

impl Ids {
    fn next(&self, at: Timestamp, random: &dyn Random) -> Uuid {
        let mut bytes = [0_u8; 10];
        random.fill(&mut bytes);
        let counter = {
            let mut last = self.last.lock().expect("no holder panics while counting");
            if last.0 == at.as_millisecond() {
                last.1 = last.1.wrapping_add(1);
            } else {
                *last = (at.as_millisecond(), 0);
            }
            last.1
        };
        // Ids of one millisecond sort by the order in which they were given (12 bits of counter; past 4,096 by chance).
        let [high, low] = (counter & 0x0fff).to_be_bytes();
        bytes[0] = high;
        bytes[1] = low;
        let ms = u64::try_from(at.as_millisecond()).unwrap_or(0);
        Builder::from_unix_timestamp_millis(ms, &bytes).into_uuid()
    }

    pub fn case(&self, at: Timestamp, random: &dyn Random) -> CaseId {
        CaseId(self.next(at, random))
    }

    pub fn person(&self, at: Timestamp, random: &dyn Random) -> PersonId {
        PersonId(self.next(at, random))
    }

    pub fn post(&self, at: Timestamp, random: &dyn Random) -> PostId {
        PostId(self.next(at, random))
    }

    pub fn session(&self, at: Timestamp, random: &dyn Random) -> SessionId {
        SessionId(self.next(at, random))
    }

    pub fn client(&self, at: Timestamp, random: &dyn Random) -> ClientId {
        ClientId(self.next(at, random))
    }

    /// For rows of the audit record and the outbox.
    pub fn row(&self, at: Timestamp, random: &dyn Random) -> u128 {
        self.next(at, random).as_u128()
    }
}
