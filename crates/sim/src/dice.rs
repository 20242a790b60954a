//! Chance that can be repeated: the same seed and key give the same throws, on every machine.
//!
//! Knows nothing of what is thrown for. A [`Dice`] is made anew for each thing (a case, a day, a spot) from the seed and
//! that thing's key, so that what happens to one never depends on how many others there were before it.

use uuid::Builder;

/// A stream of throws (SplitMix64).
#[derive(Debug, Clone)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// Dice for the thing with this key.
    pub fn new(seed: u64, key: &[u64]) -> Dice {
        let state = key.iter().fold(mix(seed), |state, part| mix(state ^ part.wrapping_mul(0xff51_afd7_ed55_8ccd)));
        Dice { state }
    }

    /// Dice for the thing with this name.
    pub fn named(seed: u64, name: &str) -> Dice {
        Dice::new(seed, &[hash(name)])
    }

    pub fn throw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        finish(self.state)
    }

    /// In 0..1.
    pub fn unit(&mut self) -> f64 {
        to_unit(self.throw())
    }

    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// From `low` on, below `high`; `low` when there is nothing between.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.throw() % high.saturating_sub(low).max(1)
    }

    /// One of these; `None` of none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.index(of.len()))
    }

    /// A position in a list of `length`; 0 for an empty one.
    pub fn index(&mut self, length: usize) -> usize {
        let length = u64::try_from(length).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.throw() % length).unwrap_or(0)
    }

    /// The position of a weight, each as likely as it is heavy.
    pub fn weighted(&mut self, weights: impl IntoIterator<Item = f64> + Clone) -> usize {
        let total: f64 = weights.clone().into_iter().sum();
        let mut left = self.unit() * total;
        let mut last = 0;
        for (position, weight) in weights.into_iter().enumerate() {
            if weight > 0.0 {
                last = position;
                left -= weight;
                if left < 0.0 {
                    break;
                }
            }
        }
        last
    }

    /// Around 1, skewed to the right: half of the throws lie below 1, two thirds within a factor e^`spread`.
    pub fn skewed(&mut self, spread: f64) -> f64 {
        (self.bell() * spread).exp()
    }

    /// A standard normal throw.
    pub fn bell(&mut self) -> f64 {
        let (radius, angle) = (self.unit().max(f64::MIN_POSITIVE), self.unit());
        (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    }

    /// The order of a list, shuffled.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            let other = self.index(last + 1);
            list.swap(last, other);
        }
    }

    /// An id that sorts by `ms` since 1970, as all ids of the house do.
    pub fn id(&mut self, ms: u64) -> uuid::Uuid {
        let mut bytes = [0_u8; 10];
        for (byte, random) in
            bytes.iter_mut().zip(self.throw().to_le_bytes().into_iter().chain(self.throw().to_le_bytes()))
        {
            *byte = random;
        }
        Builder::from_unix_timestamp_millis(ms, &bytes).into_uuid()
    }
}

/// A number for a name (FNV-1a).
pub fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn mix(state: u64) -> u64 {
    finish(state.wrapping_add(0x9e37_79b9_7f4a_7c15))
}

fn finish(mut mixed: u64) -> u64 {
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn to_unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_throws_the_same_and_another_key_differs() {
        let throws = |seed, key: &[u64]| {
            let mut dice = Dice::new(seed, key);
            [dice.throw(), dice.throw()]
        };
        assert_eq!(throws(1, &[2, 3]), throws(1, &[2, 3]));
        assert_ne!(throws(1, &[2, 3]), throws(1, &[3, 2]));
        assert_ne!(throws(1, &[2, 3]), throws(2, &[2, 3]));
    }

    #[test]
    fn weights_are_met_and_the_weightless_never_chosen() {
        let mut dice = Dice::new(7, &[]);
        let mut counts = [0_u32; 3];
        for _ in 0..10_000 {
            counts[dice.weighted([1.0, 0.0, 3.0])] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((2_300..2_700).contains(&counts[0]), "{counts:?}");
    }

    #[test]
    fn half_of_the_skewed_throws_lie_below_one() {
        let mut dice = Dice::new(7, &[]);
        let below = (0..10_000).filter(|_| dice.skewed(0.8) < 1.0).count();
        assert!((4_800..5_200).contains(&below), "{below}");
    }
}
