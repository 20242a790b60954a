//! Roots: a day that has one takes nothing more, until it is opened again.

use super::{
    Fixture,
    sample::{HERE, THERE, at, change, day, digest, new_case, next_write, person},
    together,
};
use crate::{
    Changes, Page, Store, StoreError,
    cases::CaseWrite,
    facts::TimeKey,
    roots::{ReopenedDay, RootRow},
};
use gewu_domain::{
    ids::Digest,
    record::{GENESIS, Reopening},
};
use std::pin::Pin;

const DAY_MS: i64 = 86_400_000;
const WRITERS: u64 = 12;
/// Cases of each writer, one after another.
const EACH: u64 = 40;

fn root(no: i8, hash: u64, facts: u64) -> RootRow {
    RootRow { day: day(no), root: digest(hash), facts }
}

async fn roots(store: &dyn Store) -> Vec<RootRow> {
    store.view(HERE).await.unwrap().roots().await.unwrap()
}

pub async fn a_root_stands_once_stored(fixture: &impl Fixture) {
    let store = fixture.store();
    let [one, two] = [root(2, 1, 0), root(1, 1, 0)];
    for root in [one, two, one] {
        store.upkeep().put_root(HERE, root).await.unwrap();
    }
    let other = store.upkeep().put_root(HERE, RootRow { root: digest(2), ..one }).await;
    assert!(matches!(other, Err(StoreError::Taken { .. })), "{other:?}");
    assert_eq!(roots(store).await, [two, one]);
    assert_eq!(store.view(THERE).await.unwrap().roots().await.unwrap(), []);
    assert_eq!(store.upkeep().sealed_days().await.unwrap(), [(HERE, day(2))]);
    store.upkeep().put_root(THERE, root(1, 3, 0)).await.unwrap();
    assert_eq!(store.upkeep().sealed_days().await.unwrap(), [(HERE, day(2)), (THERE, day(1))]);
}

pub async fn a_day_that_has_a_root_takes_no_fact_recorded_on_it_or_before(fixture: &impl Fixture) {
    let store = fixture.store();
    let known = new_case(HERE, 1, at(0));
    store.apply(HERE, vec![change(&known)].into()).await.unwrap();
    store.upkeep().put_root(HERE, root(1, 1, 1)).await.unwrap();
    let recorded = |no, ms| CaseWrite { recorded_at: vec![at(ms)], ..new_case(HERE, no, at(5)) };
    for late in [recorded(2, DAY_MS - 1), recorded(2, -1), next_write(&known, "{}", at(9), |_| ())] {
        let refused = store.apply(HERE, vec![change(&late)].into()).await;
        assert!(matches!(refused, Err(StoreError::Sealed { day: sealed }) if sealed == day(1)), "{refused:?}");
        let refused = store.upkeep().load(HERE, vec![vec![change(&late)].into()]).await;
        assert!(matches!(refused, Err(StoreError::Sealed { .. })), "{refused:?}");
    }
    let view = store.view(HERE).await.unwrap();
    let page: Page<TimeKey> = Page::first(9);
    assert_eq!(view.facts_recorded(at(-DAY_MS), at(DAY_MS), &page).await.unwrap().rows.len(), 1);
    drop(view);
    // What happened that day can be told the next, and elsewhere nothing is sealed.
    store.apply(HERE, vec![change(&recorded(3, DAY_MS))].into()).await.unwrap();
    store.apply(THERE, vec![change(&new_case(THERE, 2, at(5)))].into()).await.unwrap();
}

pub async fn a_root_that_misses_a_fact_is_not_stored(fixture: &impl Fixture) {
    let store = fixture.store();
    for (no, ms) in [(1, 0), (2, DAY_MS - 1), (3, DAY_MS)] {
        store.apply(HERE, vec![change(&new_case(HERE, no, at(ms)))].into()).await.unwrap();
    }
    for facts in [0, 1, 3] {
        let refused = store.upkeep().put_root(HERE, root(1, 1, facts)).await;
        assert!(matches!(refused, Err(StoreError::Stale { .. })), "{facts}: {refused:?}");
    }
    assert_eq!(roots(store).await, []);
    store.upkeep().put_root(HERE, root(1, 1, 2)).await.unwrap();
}

/// Whoever comes in time is under the root, whoever does not is told so.
pub async fn no_writer_lands_behind_a_root_that_is_stored_meanwhile(fixture: &impl Fixture) {
    let store = fixture.store();
    let write = async |writer: u64| {
        let mut written = 0_usize;
        for no in writer * EACH..(writer + 1) * EACH {
            let list = vec![change(&new_case(HERE, no, at(i64::try_from(no).unwrap())))];
            match store.apply(HERE, list.into()).await {
                Ok(()) => written += 1,
                Err(StoreError::Sealed { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        written
    };
    let seal = async || loop {
        let view = store.view(HERE).await.unwrap();
        let page: Page<TimeKey> = Page::first(Page::<TimeKey>::MOST);
        let facts = view.facts_recorded(at(0), at(DAY_MS), &page).await.unwrap().rows.len();
        drop(view);
        // In the middle of it.
        if facts < 30 {
            continue;
        }
        // Some come between the count and the root: one of these is right when it is asked.
        for facts in facts..facts + 9 {
            match store.upkeep().put_root(HERE, root(1, 1, u64::try_from(facts).unwrap())).await {
                Ok(()) => return facts,
                Err(StoreError::Stale { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    };
    let sealing: Pin<Box<dyn Future<Output = usize> + Send>> = Box::pin(seal());
    let writers = (0..WRITERS).map(|no| Box::pin(write(no)) as Pin<Box<dyn Future<Output = usize> + Send>>);
    let done = together(std::iter::once(sealing).chain(writers)).await;
    assert_eq!(done[1..].iter().sum::<usize>(), done[0]);
}

pub async fn a_day_opened_again_loses_its_root_and_keeps_a_note(fixture: &impl Fixture) {
    let store = fixture.store();
    for no in 1..=3 {
        store.upkeep().put_root(HERE, root(no, u64::try_from(no).unwrap(), 0)).await.unwrap();
    }
    store.upkeep().put_root(THERE, root(3, 3, 0)).await.unwrap();
    let reopened = |no, removed: u64, before: Digest| {
        let reopening = Reopening {
            region: HERE,
            no,
            day: day(2),
            previous: digest(1),
            removed: digest(removed),
            at: at(7),
            by: (no == 1).then(|| person(1)),
            reason: "时钟错了 'x'".to_owned(),
        };
        let hash = reopening.hash(before);
        ReopenedDay { reopening, hash }
    };
    let first = reopened(1, 3, GENESIS);
    let stale = store.upkeep().reopen_day(reopened(1, 2, GENESIS)).await;
    assert!(matches!(stale, Err(StoreError::Stale { .. })), "{stale:?}");
    store.upkeep().reopen_day(first.clone()).await.unwrap();
    assert_eq!(roots(store).await, [root(1, 1, 0)]);
    assert_eq!(store.upkeep().sealed_days().await.unwrap(), [(HERE, day(1)), (THERE, day(3))]);
    let twice = store.upkeep().reopen_day(first.clone()).await;
    assert!(matches!(twice, Err(StoreError::Stale { .. })), "nothing is left to be removed: {twice:?}");
    store.apply(HERE, Changes::one(change(&new_case(HERE, 1, at(DAY_MS + 1))))).await.unwrap();

    store.upkeep().put_root(HERE, root(2, 4, 1)).await.unwrap();
    let second = reopened(2, 4, first.hash);
    store.upkeep().reopen_day(second.clone()).await.unwrap();
    let view = store.view(HERE).await.unwrap();
    assert_eq!(view.reopened_days().await.unwrap(), [first, second]);
    assert_eq!(store.view(THERE).await.unwrap().reopened_days().await.unwrap(), []);
}

pub async fn when_the_jobs_last_ran_is_kept(fixture: &impl Fixture) {
    let upkeep = fixture.store().upkeep();
    assert_eq!(upkeep.ticked_at().await.unwrap(), None);
    for ms in [5, 3] {
        upkeep.tick_at(at(ms)).await.unwrap();
        assert_eq!(upkeep.ticked_at().await.unwrap(), Some(at(ms)));
    }
}
