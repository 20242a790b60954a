//! Whose photo is decoded next: whoever asked least of late.
//!
//! Two lanes, as decoding is all work: one takes any photo, the other none that is large, so that nobody waits behind four
//! seconds of somebody's panorama. Every asking is charged to its payer, by what it would cost and whether or not it is
//! served; the debt melts in ten times as long. So who keeps asking falls behind who asks now and then, from one origin or
//! from two hundred. Few may wait: beyond that the one who owes most is told at once to come back.

use super::cost::Cost;
use crate::meter::Meter;
use jiff::Timestamp;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::oneshot, time::timeout};

/// What the lane for small ones takes: a phone's twelve million pixels, as cameras write them.
const SMALL: Cost = Cost { pixels: 13_000_000, memory: 40 << 20 };
/// Photos that wait at most.
const WAITING_MOST: usize = 32;
/// Nobody waits longer.
const PATIENCE: Duration = Duration::from_secs(20);
/// What a pixel takes of a processor, in microseconds: just under a second for twelve million.
const PIXELS_A_US: u64 = 12;
/// A debt melts in so many times what it cost.
const MEMORY: u64 = 10;
const DEBT_MOST_US: i64 = 600_000_000;

/// Everybody waits already who may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy;

/// The lanes and who waits for them.
#[derive(Debug)]
pub struct Turns {
    line: Mutex<Line>,
    debts: Meter,
}

#[derive(Debug, Default)]
struct Line {
    /// Any photo; small ones.
    taken: [bool; 2],
    waiting: Vec<Waiting>,
    next: u64,
}

#[derive(Debug)]
struct Waiting {
    owed_us: i64,
    no: u64,
    is_small: bool,
    call: oneshot::Sender<Turn>,
}

/// A lane, for as long as this lives.
#[derive(Debug)]
pub struct Turn {
    lane: usize,
    turns: Option<Arc<Turns>>,
}

impl Turns {
    pub fn new() -> Arc<Turns> {
        Arc::new(Turns { line: Mutex::default(), debts: Meter::new(1 << 12) })
    }

    /// Waits for a lane. Without a payer (the house itself) one waits as long as it takes.
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn take(self: &Arc<Turns>, payer: Option<&str>, cost: Cost, now: Timestamp) -> Result<Turn, Busy> {
        let charge = i64::try_from(cost.pixels / PIXELS_A_US * MEMORY).unwrap_or(DEBT_MOST_US);
        let owed_us = payer.map_or(i64::MAX, |payer| self.debts.add(&payer, charge, DEBT_MOST_US, now));
        let is_small = cost.pixels <= SMALL.pixels && cost.memory <= SMALL.memory;
        let (call, called) = oneshot::channel();
        {
            let mut line = self.line();
            line.waiting.retain(|waiting| !waiting.call.is_closed());
            if payer.is_some() && line.waiting.len() >= WAITING_MOST {
                let last = line.waiting.iter().enumerate().max_by_key(|(_, waiting)| (waiting.owed_us, waiting.no));
                match last.map(|(at, waiting)| (at, waiting.owed_us)) {
                    // Dropped, it learns that it was sent away.
                    Some((at, owed)) if owed > owed_us => drop(line.waiting.swap_remove(at)),
                    _ => return Err(Busy),
                }
            }
            line.next = line.next.wrapping_add(1);
            let no = line.next;
            line.waiting.push(Waiting { owed_us, no, is_small, call });
        }
        self.call();
        match payer {
            None => called.await.map_err(|_| Busy),
            Some(_) => timeout(PATIENCE, called).await.map_err(|_| Busy)?.map_err(|_| Busy),
        }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls those whose turn it is.
    fn call(self: &Arc<Turns>) {
        loop {
            let called = {
                let mut line = self.line();
                line.next_call()
            };
            let Some((lane, call)) = called else { return };
            if let Err(mut unheard) = call.send(Turn { lane, turns: Some(self.clone()) }) {
                // Whoever it was for has gone: the lane is free again, and the next is called.
                unheard.turns = None;
                self.free(lane);
            }
        }
    }

    fn free(&self, lane: usize) {
        if let Some(taken) = self.line().taken.get_mut(lane) {
            *taken = false;
        }
    }
}

impl Line {
    fn next_call(&mut self) -> Option<(usize, oneshot::Sender<Turn>)> {
        // The lane for small ones first, so that the other stays free for what only fits there.
        for (lane, is_for_small) in [(1, true), (0, false)] {
            let taken = self.taken.get_mut(lane)?;
            if *taken {
                continue;
            }
            let fitting = self.waiting.iter().enumerate().filter(|(_, waiting)| waiting.is_small || !is_for_small);
            let first = fitting.min_by_key(|(_, waiting)| (waiting.owed_us, waiting.no)).map(|(at, _)| at);
            if let Some(at) = first {
                *taken = true;
                return Some((lane, self.waiting.swap_remove(at).call));
            }
        }
        None
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(turns) = self.turns.take() {
            turns.free(self.lane);
            turns.call();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{sync::mpsc, task::yield_now};

    const PHOTO: Cost = Cost { pixels: 12_000_000, memory: 36_000_000 };
    const PANORAMA: Cost = Cost { pixels: 50_000_000, memory: 150_000_000 };

    fn now() -> Timestamp {
        Timestamp::from_second(1_790_000_000).expect("a second of 2026")
    }

    /// Lets everybody who waits and can go on do so.
    async fn settle() {
        for _ in 0..100 {
            yield_now().await;
        }
    }

    /// Somebody who asks in a task of their own, and says so when the turn has come.
    fn ask(
        turns: &Arc<Turns>,
        payer: &'static str,
        cost: Cost,
        said: &mpsc::UnboundedSender<(&'static str, Result<Turn, Busy>)>,
    ) {
        let (turns, said) = (turns.clone(), said.clone());
        tokio::spawn(async move {
            let turn = turns.take(Some(payer), cost, now()).await;
            said.send((payer, turn)).ok();
        });
    }

    #[tokio::test]
    async fn who_asks_now_and_then_goes_before_who_keeps_asking() {
        let turns = Turns::new();
        let (first, second) = (turns.take(Some("x"), PHOTO, now()).await, turns.take(Some("y"), PHOTO, now()).await);
        let (said, mut heard) = mpsc::unbounded_channel();
        for _ in 0..10 {
            ask(&turns, "greedy", PHOTO, &said);
            settle().await;
        }
        ask(&turns, "honest", PHOTO, &said);
        settle().await;
        drop(first);
        let (who, turn) = heard.recv().await.expect("somebody");
        assert_eq!((who, turn.is_ok()), ("greedy", true), "the first of the greedy owed nothing and came before");
        drop(turn);
        let (who, turn) = heard.recv().await.expect("somebody");
        assert_eq!((who, turn.is_ok()), ("honest", true));
        drop((second, turn));
    }

    #[tokio::test]
    async fn a_large_photo_never_takes_the_lane_for_small_ones() {
        let turns = Turns::new();
        let large = turns.take(Some("a"), PANORAMA, now()).await.expect("the wide lane");
        let (said, mut heard) = mpsc::unbounded_channel();
        ask(&turns, "b", PANORAMA, &said);
        settle().await;
        let small = turns.take(Some("c"), PHOTO, now()).await.expect("the lane for small ones");
        drop(small);
        settle().await;
        assert!(heard.try_recv().is_err(), "the second panorama waits for the first");
        drop(large);
        assert_eq!(heard.recv().await.expect("its turn").0, "b");
    }

    #[tokio::test]
    async fn when_too_many_wait_whoever_owes_most_is_told_at_once() {
        let turns = Turns::new();
        let held = [turns.take(Some("x"), PHOTO, now()).await, turns.take(Some("x"), PHOTO, now()).await];
        let (said, mut heard) = mpsc::unbounded_channel();
        for _ in 0..WAITING_MOST {
            ask(&turns, "greedy", PHOTO, &said);
            settle().await;
        }
        assert_eq!(turns.take(Some("greedy"), PHOTO, now()).await.err(), Some(Busy));
        ask(&turns, "honest", PHOTO, &said);
        let (who, turn) = heard.recv().await.expect("somebody");
        assert_eq!((who, turn.is_err()), ("greedy", true), "the last of the greedy made room");
        drop(held);
        let mut served = Vec::new();
        while served.len() < 2 {
            served.push(heard.recv().await.expect("somebody").0);
        }
        assert!(served.contains(&"honest"), "{served:?}");
    }

    #[tokio::test]
    async fn who_went_away_holds_no_lane() {
        let turns = Turns::new();
        let held = [turns.take(Some("x"), PHOTO, now()).await, turns.take(Some("x"), PHOTO, now()).await];
        let gone = tokio::spawn({
            let turns = turns.clone();
            async move { turns.take(Some("gone"), PHOTO, now()).await }
        });
        settle().await;
        gone.abort();
        drop(gone.await);
        drop(held);
        assert!(turns.take(Some("y"), PHOTO, now()).await.is_ok() && turns.take(Some("y"), PHOTO, now()).await.is_ok());
    }
}
