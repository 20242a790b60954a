//! Numbers of other systems.

use super::{
    Fixture,
    kept::kept,
    sample::{HERE, THERE, at, change, new_case},
};
use crate::{Change, Changes, Store, StoreError, origins::OriginRow};
use gewu_domain::ids::{CaseId, RegionId};

/// A new case that another system gave this number.
fn taken_in(region: RegionId, no: u64, number: &str, system: &str) -> (OriginRow, Changes) {
    let write = new_case(region, no, at(0));
    let (number, system) = (number.to_owned(), system.to_owned());
    let origin = OriginRow { number, system, region, case: write.case.id, said: vec![0, 255] };
    (origin.clone(), vec![change(&write), Change::Origin(origin)].into())
}

async fn numbered(store: &dyn Store, number: &str) -> Vec<OriginRow> {
    store.city().await.unwrap().origins(number).await.unwrap()
}

pub async fn a_number_of_another_system_is_one_case_in_the_whole_city(fixture: &impl Fixture) {
    let store = fixture.store();
    let odd = "市长热线[2024] /0456 '\"%";
    let (first, changes) = taken_in(HERE, 1, odd, "");
    store.apply(HERE, changes).await.unwrap();
    let (other, changes) = taken_in(THERE, 2, odd, "hotline");
    store.upkeep().load(THERE, vec![changes]).await.unwrap();
    let before = kept(store).await;
    for (region, system) in [(HERE, ""), (THERE, ""), (THERE, "hotline")] {
        let (_, changes) = taken_in(region, 3, odd, system);
        let refused = store.apply(region, changes.clone()).await;
        assert!(matches!(refused, Err(StoreError::Taken { .. })), "{refused:?}");
        let refused = store.upkeep().load(region, vec![changes]).await;
        assert!(matches!(refused, Err(StoreError::Taken { .. })), "{refused:?}");
    }
    let second = Change::Origin(OriginRow { number: "2".to_owned(), ..first.clone() });
    let refused = store.apply(HERE, vec![second].into()).await;
    assert!(matches!(refused, Err(StoreError::Taken { .. })), "a case has two numbers of other systems: {refused:?}");
    assert_eq!(kept(store).await, before);
    assert_eq!(numbered(store, odd).await, [first.clone(), other.clone()]);
    assert_eq!(numbered(store, &odd.to_uppercase().replace('[', "(")).await, []);
    let city = store.city().await.unwrap();
    assert_eq!(city.origin_of(HERE, first.case).await.unwrap(), Some(first.clone()));
    assert_eq!(city.origin_of(THERE, first.case).await.unwrap(), None);
    assert_eq!(city.origin_of(HERE, CaseId(uuid::Uuid::nil())).await.unwrap(), None);
}

pub async fn what_another_system_says_now_replaces_what_it_said(fixture: &impl Fixture) {
    let store = fixture.store();
    let (first, changes) = taken_in(HERE, 1, "7", "");
    store.apply(HERE, changes).await.unwrap();
    let (other, changes) = taken_in(HERE, 2, "7", "hotline");
    store.apply(HERE, changes).await.unwrap();
    let said = |system: &str| Change::OriginSaid { number: "7".to_owned(), system: system.to_owned(), said: vec![9] };
    for _ in 0..2 {
        store.apply(HERE, vec![said("hotline")].into()).await.unwrap();
        assert_eq!(numbered(store, "7").await, [first.clone(), OriginRow { said: vec![9], ..other.clone() }]);
    }
    store.apply(HERE, vec![said("nobody")].into()).await.unwrap();
    assert_eq!(numbered(store, "7").await.len(), 2);
}
