//! Room for bodies on their way in: so many bytes for all, and nobody the most of them.
//!
//! Whoever sends may hold an eighth of what is free at that moment, all bodies of one payer together. So one alone gets
//! a ninth of the whole, and the fuller it is, the less anybody gets: two hundred who hold what photos take leave room.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Of what is free, one payer may hold this part.
const PART: u64 = 8;

/// The room there is, and who holds how much of it.
#[derive(Debug)]
pub struct Budget {
    most: u64,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    total: u64,
    by_payer: HashMap<Arc<str>, u64>,
}

/// There is no room at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

impl Budget {
    pub fn new(most: u64) -> Arc<Budget> {
        Arc::new(Budget { most, held: Mutex::default() })
    }

    /// Room for so many bytes of one body, and no other.
    pub fn alone(bytes: usize) -> Arc<Budget> {
        Budget::new(u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(PART + 1))
    }

    /// A share of this payer's, of nothing yet.
    pub fn share(self: &Arc<Budget>, payer: &Arc<str>) -> Share {
        Share { budget: self.clone(), payer: payer.clone(), bytes: 0 }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one body holds; given back when dropped.
#[derive(Debug)]
pub struct Share {
    budget: Arc<Budget>,
    payer: Arc<str>,
    bytes: u64,
}

impl Share {
    /// Takes room for so many more bytes.
    ///
    /// # Errors
    /// [`Full`]; what is held stays held.
    pub fn grow(&mut self, bytes: u64) -> Result<(), Full> {
        let mut held = self.budget.held();
        let free = self.budget.most.saturating_sub(held.total);
        let own = held.by_payer.get(&self.payer).copied().unwrap_or_default();
        if own.saturating_add(bytes) > free / PART {
            return Err(Full);
        }
        held.total = held.total.saturating_add(bytes);
        held.by_payer.insert(self.payer.clone(), own.saturating_add(bytes));
        drop(held);
        self.bytes = self.bytes.saturating_add(bytes);
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.budget.held();
        held.total = held.total.saturating_sub(self.bytes);
        let left = held.by_payer.get(&self.payer).map_or(0, |own| own.saturating_sub(self.bytes));
        if left == 0 {
            held.by_payer.remove(&self.payer);
        } else {
            held.by_payer.insert(self.payer.clone(), left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes in steps of ten until there is no more; gives how much.
    fn all_of(share: &mut Share) -> u64 {
        (0_u64..).take_while(|_| share.grow(10).is_ok()).count() as u64 * 10
    }

    #[test]
    fn one_alone_gets_a_ninth_whether_in_one_body_or_in_many() {
        let budget = Budget::new(9_000);
        let payer = Arc::from("a");
        assert_eq!(all_of(&mut budget.share(&payer)), 1_000);
        let mut bodies: Vec<Share> = (0..50).map(|_| budget.share(&payer)).collect();
        assert_eq!(bodies.iter_mut().map(all_of).sum::<u64>(), 1_000);
    }

    #[test]
    fn among_two_hundred_who_hold_two_photos_each_there_is_room_for_more() {
        let budget = Budget::new(1 << 30);
        let many: Vec<Share> = (0..200)
            .map(|no| {
                let mut share = budget.share(&Arc::from(no.to_string()));
                assert_eq!(share.grow(4_000_000), Ok(()));
                share
            })
            .collect();
        assert_eq!(budget.share(&Arc::from("honest")).grow(15_000_000), Ok(()));
        drop(many);
    }

    #[test]
    fn what_ends_gives_its_room_back() {
        let budget = Budget::new(900);
        let payer = Arc::from("a");
        let mut first = budget.share(&payer);
        assert_eq!(first.grow(100), Ok(()));
        assert_eq!(budget.share(&payer).grow(1), Err(Full));
        drop(first);
        assert_eq!(budget.share(&payer).grow(100), Ok(()));
        assert!(budget.held().by_payer.is_empty());
    }
}
