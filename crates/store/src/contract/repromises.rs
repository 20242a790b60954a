//! How far promises have been made anew.

use super::{
    Fixture,
    kept::kept,
    sample::{HERE, THERE, at, case_id, change, new_case},
};
use crate::{Change, StoreError, repromises::RepromiseRow};

/// A walk for a version of a calendar that has looked at so many cases.
pub(super) fn walk(calendar: &str, version: u32, looked_at: u64) -> RepromiseRow {
    RepromiseRow {
        calendar: calendar.to_owned(),
        version,
        last: (looked_at > 0).then(|| case_id(at(1), looked_at)),
        cases: 9,
        looked_at,
        repromised: looked_at / 2,
        begun_at: at(5),
        ended_at: (looked_at == 9).then(|| at(6)),
    }
}

pub async fn a_walk_comes_back_as_it_was_left_and_never_goes_back(fixture: &impl Fixture) {
    let store = fixture.store();
    let put = async |region, row: RepromiseRow| store.apply(region, vec![Change::Repromise(row)].into()).await.unwrap();
    put(HERE, walk("cn", 3, 0)).await;
    put(HERE, walk("cn", 2, 4)).await;
    put(HERE, walk("a", 7, 9)).await;
    put(THERE, walk("cn", 3, 5)).await;
    let rows = async |region| store.view(region).await.unwrap().repromises().await.unwrap();
    assert_eq!(rows(HERE).await, [walk("a", 7, 9), walk("cn", 2, 4), walk("cn", 3, 0)]);
    assert_eq!(rows(THERE).await, [walk("cn", 3, 5)]);

    for looked_at in [6, 3, 9, 6] {
        put(HERE, walk("cn", 2, looked_at)).await;
    }
    assert_eq!(rows(HERE).await, [walk("a", 7, 9), walk("cn", 2, 9), walk("cn", 3, 0)]);
    let ended = RepromiseRow { ended_at: Some(at(7)), ..walk("cn", 3, 0) };
    put(HERE, ended.clone()).await;
    assert_eq!(rows(HERE).await[2], ended);
}

pub async fn what_a_walk_makes_anew_and_how_far_it_is_stand_or_fall_together(fixture: &impl Fixture) {
    let store = fixture.store();
    store.apply(HERE, vec![change(&new_case(HERE, 1, at(0)))].into()).await.unwrap();
    let before = kept(store).await;
    let stale =
        vec![change(&new_case(HERE, 2, at(0))), Change::Repromise(walk("cn", 2, 4)), change(&new_case(HERE, 1, at(0)))];
    let refused = store.apply(HERE, stale.into()).await;
    assert!(matches!(refused, Err(StoreError::Stale { .. })), "{refused:?}");
    assert_eq!(kept(store).await, before);

    let fresh =
        vec![Change::Repromise(walk("cn", 2, 4)), change(&new_case(HERE, 2, at(0))), change(&new_case(HERE, 3, at(0)))];
    store.apply(HERE, fresh.into()).await.unwrap();
    let view = store.view(HERE).await.unwrap();
    assert_eq!(view.repromises().await.unwrap(), [walk("cn", 2, 4)]);
    for no in [2, 3] {
        assert!(view.case(new_case(HERE, no, at(0)).case.id).await.unwrap().is_some());
    }
}
