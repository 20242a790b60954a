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
    for no in [4, 1, 0, 3, 2] {
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
