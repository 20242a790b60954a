//! The hash chain: what makes the record tamper-evident.
//!
//! Each case is a chain of its own: a fact's hash covers the hash before it, the
//! region, the case, its place in the case and the bytes of the fact as stored.
//! Each region gets a root over the facts that were recorded on a day (UTC), chained to the root before. A day that was
//! sealed by a wrong clock can be opened again: what was done so stands in the same chain.

use crate::{
    case::Fact,
    ids::{CaseId, Digest, PersonId, RegionId},
};
use jiff::{Timestamp, civil::Date};
use sha2::{Digest as _, Sha256};

/// The hash before the first fact.
pub const GENESIS: Digest = Digest([0; 32]);

/// A fact as it is stored: its exact bytes and the hash that seals them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Position in the case, from 0.
    pub seq: u32,
    /// JSON; these very bytes are what is hashed, so nothing depends on how JSON is written later.
    pub body: String,
    pub hash: Digest,
}

/// Seals facts that follow `previous`, the first at position `seq`.
pub fn seal<'a>(
    region: RegionId,
    case: CaseId,
    mut seq: u32,
    mut previous: Digest,
    facts: impl IntoIterator<Item = &'a Fact>,
) -> Vec<Sealed> {
    facts
        .into_iter()
        .map(|fact| {
            let body = serde_json::to_string(fact).expect("a fact holds nothing JSON cannot say");
            let hash = hash(region, case, seq, previous, body.as_bytes());
            let sealed = Sealed { seq, body, hash };
            seq = seq.saturating_add(1);
            previous = hash;
            sealed
        })
        .collect()
}

/// The hash of one fact in its place.
pub fn hash(region: RegionId, case: CaseId, seq: u32, previous: Digest, body: &[u8]) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update(previous.0);
    hasher.update(region.0.to_be_bytes());
    hasher.update(case.0.as_bytes());
    hasher.update(seq.to_be_bytes());
    hasher.update(body);
    Digest(hasher.finalize().into())
}

/// The reference that stands in the record for words kept apart.
///
/// Salted, so that short words (a phone number, a name) cannot be guessed from
/// the record once the words and the salt are erased.
pub fn text_digest(salt: &[u8; 16], text: &str) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update(salt);
    hasher.update(text.as_bytes());
    Digest(hasher.finalize().into())
}

/// A region's root for one day: chained to what stands before it (a root, or a [`Reopening`]), over the hashes of the
/// facts recorded that day, ordered by the time they were recorded, case and position.
#[derive(Debug, Clone)]
pub struct DayRoot(Sha256);

impl DayRoot {
    /// `date` as `YYYY-MM-DD` in UTC.
    pub fn new(region: RegionId, date: &str, previous: Digest) -> DayRoot {
        let mut hasher = Sha256::new();
        hasher.update(previous.0);
        hasher.update(region.0.to_be_bytes());
        hasher.update(date.as_bytes());
        DayRoot(hasher)
    }

    pub fn add(&mut self, fact: Digest) {
        self.0.update(fact.0);
    }

    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

/// A day opened again: its root and all after it were taken away, to be made anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reopening {
    pub region: RegionId,
    /// Of the region's reopenings, from 1.
    pub no: u32,
    /// The first day that was opened, in UTC.
    pub day: Date,
    /// What the day's root was chained to: the root before it, or the reopening before it.
    pub previous: Digest,
    /// The last root that was taken away.
    pub removed: Digest,
    pub at: Timestamp,
    /// `None` when it was done at the command line without naming anybody.
    pub by: Option<PersonId>,
    pub reason: String,
}

impl Reopening {
    /// Its place in the chain; `before` is the hash of the region's reopening before it, [`GENESIS`] for the first.
    pub fn hash(&self, before: Digest) -> Digest {
        let mut hasher = Sha256::new();
        hasher.update(before.0);
        hasher.update(self.previous.0);
        hasher.update(self.region.0.to_be_bytes());
        hasher.update(self.no.to_be_bytes());
        hasher.update(self.day.to_string().as_bytes());
        hasher.update(self.removed.0);
        hasher.update(self.at.as_millisecond().to_be_bytes());
        hasher.update(self.by.map_or([0; 16], |person| *person.0.as_bytes()));
        hasher.update(self.reason.as_bytes());
        Digest(hasher.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    proptest! {
        #[test]
        fn one_altered_byte_changes_the_hash(body in proptest::collection::vec(any::<u8>(), 1..200), at in any::<prop::sample::Index>(), by in 1_u8..) {
            let case = CaseId(Uuid::from_u128(7));
            let whole = hash(RegionId(110_101), case, 3, GENESIS, &body);
            let mut altered = body.clone();
            let at = at.index(altered.len());
            altered[at] ^= by;
            prop_assert_ne!(whole, hash(RegionId(110_101), case, 3, GENESIS, &altered));
        }
    }

    /// Worked out apart from this program, with another library: SHA-256 over the parts one after another.
    #[test]
    fn hashes_are_the_ones_that_anybody_can_work_out() {
        let (region, case) = (RegionId(110_101), CaseId(Uuid::from_u128(7)));
        let first = hash(region, case, 0, GENESIS, br#"{"a":1}"#);
        let second = hash(region, case, 1, first, br#"{"b":2}"#);
        assert_eq!(first.to_string(), "2fb07c4be0851c3ef767353b5dddb35c37bbc234413c04799dc766ab65aa4add");
        assert_eq!(second.to_string(), "f9a41bec41be18aca5b839ef6be69c0a192b47885a033c995f465e0faa97ad61");
        let words = text_digest(&[9; 16], "路灯不亮");
        assert_eq!(words.to_string(), "60978af533b5cc72075831884301771616d23a646ba19814d7169347ba930a62");
        let mut root = DayRoot::new(region, "2026-11-22", first);
        root.add(first);
        root.add(second);
        let root = root.finish();
        assert_eq!(root.to_string(), "3de1fed8b05049a608e64b914bc3b5e67362aff000647967be16c76428a3c08a");
    }

    #[test]
    fn whatever_a_reopening_says_is_in_its_hash() {
        let day = |day| jiff::civil::date(2026, 11, day);
        let one = Reopening {
            region: RegionId(110_101),
            no: 1,
            day: day(22),
            previous: Digest([1; 32]),
            removed: Digest([2; 32]),
            at: Timestamp::UNIX_EPOCH,
            by: None,
            reason: "the clock was wrong".to_owned(),
        };
        let others = [
            Reopening { region: RegionId(110_102), ..one.clone() },
            Reopening { no: 2, ..one.clone() },
            Reopening { day: day(23), ..one.clone() },
            Reopening { previous: GENESIS, ..one.clone() },
            Reopening { removed: GENESIS, ..one.clone() },
            Reopening { at: Timestamp::from_millisecond(1).unwrap(), ..one.clone() },
            Reopening { by: Some(PersonId(Uuid::from_u128(1))), ..one.clone() },
            Reopening { reason: String::new(), ..one.clone() },
        ];
        for other in others {
            assert_ne!(one.hash(GENESIS), other.hash(GENESIS), "{other:?}");
        }
        assert_ne!(one.hash(GENESIS), one.hash(Digest([3; 32])));
    }

    #[test]
    fn a_fact_recorded_late_says_so_and_one_recorded_at_once_is_as_it_was_before() {
        use crate::{case::Deed, people::Actor};
        let at: Timestamp = "2026-03-02T01:00:00Z".parse().unwrap();
        let late: Timestamp = "2026-11-22T08:00:00Z".parse().unwrap();
        let mut fact = Fact::new(at, Actor::System, Deed::Resumed);
        let sealed = |fact: &Fact| seal(RegionId(1), CaseId(Uuid::from_u128(1)), 0, GENESIS, [fact]).remove(0);
        let before = sealed(&fact);
        assert_eq!(before.body, r#"{"at":"2026-03-02T01:00:00Z","by":{"as":"system"},"deed":{"did":"resumed"}}"#);
        assert_eq!(serde_json::from_str::<Fact>(&before.body).unwrap().recorded_at(), at);
        fact.record_at(late);
        let after = sealed(&fact);
        let read: Fact = serde_json::from_str(&after.body).unwrap();
        assert_eq!((read.at, read.recorded_at()), (at, late));
        assert_ne!(after.hash, before.hash, "the hash covers it");
        fact.record_at(at);
        assert_eq!(sealed(&fact), before);
    }

    #[test]
    fn a_fact_cannot_move_to_another_place_or_case() {
        let one = CaseId(Uuid::from_u128(1));
        let two = CaseId(Uuid::from_u128(2));
        let here = hash(RegionId(1), one, 0, GENESIS, b"x");
        assert_ne!(here, hash(RegionId(1), one, 1, GENESIS, b"x"));
        assert_ne!(here, hash(RegionId(1), two, 0, GENESIS, b"x"));
        assert_ne!(here, hash(RegionId(2), one, 0, GENESIS, b"x"));
    }
}
