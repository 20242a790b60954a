//! Published data.

use super::{
    Fixture,
    kept::kept,
    sample::{HERE, at, digest, person},
};
use crate::{
    Change, StoreError,
    publications::{Publication, PublicationHead},
};

pub fn publication(kind: &str, name: &str, version: u32, body: &[u8]) -> Publication {
    Publication {
        kind: kind.to_owned(),
        name: name.to_owned(),
        version,
        published_at: at(i64::from(version)),
        by: (version > 1).then(|| person(4)),
        digest: digest(u64::from(version)),
        edition: None,
        body: body.to_vec(),
    }
}

pub async fn versions_never_change(fixture: &impl Fixture) {
    let store = fixture.store();
    let first = Change::Publication(publication("areas", "", 1, b"one"));
    store.apply(HERE, vec![first].into()).await.unwrap();
    let before = kept(store).await;
    let again = Change::Publication(publication("areas", "", 1, b"other"));
    let refused = store.apply(HERE, vec![again].into()).await;
    assert!(matches!(refused, Err(StoreError::Taken { .. })), "{refused:?}");
    assert_eq!(kept(store).await, before);
}

pub async fn of_two_who_counted_the_same_one_publishes(fixture: &impl Fixture) {
    let store = fixture.store();
    let numbered = |kind: &str, edition: u64| {
        Change::Publication(Publication { edition: Some(edition), ..publication(kind, "", 1, b"x") })
    };
    // Those of older releases have no number, and stand in nobody's way.
    let old = ["calendar", "shapes"].map(|kind| Change::Publication(publication(kind, "", 1, b"x")));
    store.apply(HERE, old.to_vec().into()).await.unwrap();
    store.apply(HERE, vec![numbered("areas", 3), numbered("units", 4)].into()).await.unwrap();
    let before = kept(store).await;
    let refused = store.apply(HERE, vec![numbered("parts", 5), numbered("policy", 4)].into()).await;
    assert!(matches!(refused, Err(StoreError::Taken { .. })), "{refused:?}");
    assert_eq!(kept(store).await, before);
    store.apply(HERE, vec![numbered("policy", 5)].into()).await.unwrap();
    let policy = store.city().await.unwrap().publication("policy", "", 1).await.unwrap().unwrap();
    assert_eq!(policy.edition, Some(5));
}

pub async fn publications_come_back_as_given_and_in_order(fixture: &impl Fixture) {
    let store = fixture.store();
    let long: Vec<u8> = (0..100_000_u32).flat_map(|n| n.to_string().into_bytes()).collect();
    let all = [
        publication("areas", "", 1, &long),
        publication("areas", "", 2, b""),
        publication("catalogue", "city", 1, &[0, 255, 10]),
        publication("catalogue", "gb", 1, b"b"),
        publication("catalogue", "gb", 10, b"c"),
    ];
    for (before, no) in [4, 1, 0, 3, 2].into_iter().enumerate() {
        assert_eq!(store.city().await.unwrap().publication_count().await.unwrap(), u64::try_from(before).unwrap());
        store.apply(HERE, vec![Change::Publication(all[no].clone())].into()).await.unwrap();
    }
    let city = store.city().await.unwrap();
    let heads = all.clone().map(|one| PublicationHead {
        bytes: u64::try_from(one.body.len()).unwrap(),
        kind: one.kind,
        name: one.name,
        version: one.version,
        published_at: one.published_at,
        by: one.by,
        digest: one.digest,
    });
    assert_eq!(city.publications().await.unwrap(), heads);
    for one in all {
        assert_eq!(city.publication(&one.kind, &one.name, one.version).await.unwrap(), Some(one));
    }
    assert_eq!(city.publication("areas", "", 3).await.unwrap(), None);
}
