//! Work on sets of rows: numbers, outbox, sweeps, copies, loads.

use super::{
    Fixture,
    kept::kept,
    people::{account, audit, client, open, person_row, post_row, session},
    publications::publication,
    sample::{HERE, THERE, answer, at, cases, change, contact, count, day, digest, look, new_case, outbox, photo},
    together,
    uploads::upload,
};
use crate::{
    Change, Changes, Store, StoreError, keys::KeyRow, origins::OriginRow, outbox::OutboxRow, roots::RootRow,
    texts::Giver, upkeep::Owned,
};

pub async fn numbers_never_repeat(fixture: &impl Fixture) {
    let upkeep = fixture.store().upkeep();
    assert_eq!(upkeep.take_numbers(HERE, "a", 3).await.unwrap(), 1);
    assert_eq!(upkeep.take_numbers(HERE, "a", 1).await.unwrap(), 4);
    assert_eq!(upkeep.take_numbers(HERE, "b", 1).await.unwrap(), 1);
    assert_eq!(upkeep.take_numbers(THERE, "a", 1).await.unwrap(), 1);
    let firsts = together((0..40).map(|no| upkeep.take_numbers(HERE, "a", 1 + no % 5))).await;
    let mut taken: Vec<u64> = Vec::new();
    for (no, first) in (0..).zip(firsts) {
        let first = first.unwrap();
        taken.extend(first..=first + no % 5);
    }
    taken.sort_unstable();
    assert_eq!(taken, (5..5 + u64::try_from(taken.len()).unwrap()).collect::<Vec<_>>());
}

pub async fn regions_are_those_with_cases(fixture: &impl Fixture) {
    let store = fixture.store();
    assert_eq!(store.upkeep().regions().await.unwrap(), []);
    store.apply(THERE, vec![change(&new_case(THERE, 1, at(0)))].into()).await.unwrap();
    assert_eq!(store.upkeep().regions().await.unwrap(), [THERE]);
    for no in 0..3 {
        store.apply(HERE, vec![change(&new_case(HERE, no, at(0)))].into()).await.unwrap();
    }
    assert_eq!(store.upkeep().regions().await.unwrap(), [HERE, THERE]);
}

pub async fn a_root_stands_once_stored(fixture: &impl Fixture) {
    let store = fixture.store();
    let [one, two] = [2, 1].map(|no| RootRow { day: day(no), root: digest(1), facts: 7 });
    for root in [one, two, one] {
        store.upkeep().put_root(HERE, root).await.unwrap();
    }
    let other = store.upkeep().put_root(HERE, RootRow { root: digest(2), ..one }).await;
    assert!(matches!(other, Err(StoreError::Taken { .. })), "{other:?}");
    assert_eq!(store.view(HERE).await.unwrap().roots().await.unwrap(), [two, one]);
    assert_eq!(store.view(THERE).await.unwrap().roots().await.unwrap(), []);
}

pub fn key(purpose: &str, number: u16, of: u64) -> KeyRow {
    KeyRow { purpose: purpose.to_owned(), number, digest: digest(of), noted_at: at(i64::from(number)) }
}

pub async fn a_key_is_noted_once_and_forgotten_when_it_is_dropped(fixture: &impl Fixture) {
    let upkeep = fixture.store().upkeep();
    let [seal, newest, lookup] = [key("seal", 1, 1), key("seal", u16::MAX, 2), key("lookup", 1, 3)];
    for row in [&newest, &lookup, &seal] {
        upkeep.put_key(row.clone()).await.unwrap();
    }
    // The same again keeps what was noted first, the time too.
    upkeep.put_key(KeyRow { noted_at: at(99), ..seal.clone() }).await.unwrap();
    let other = upkeep.put_key(key("seal", 1, 7)).await;
    assert!(matches!(other, Err(StoreError::Taken { .. })), "{other:?}");
    assert_eq!(upkeep.keys().await.unwrap(), [lookup.clone(), seal.clone(), newest.clone()]);
    for _ in 0..2 {
        upkeep.drop_key("seal", 1).await.unwrap();
        assert_eq!(upkeep.keys().await.unwrap(), [lookup.clone(), newest.clone()]);
    }
}

pub async fn the_outbox_is_claimed_once_per_lease_and_emptied_when_sent(fixture: &impl Fixture) {
    let store = fixture.store();
    let rows: Vec<OutboxRow> = (1..=7)
        .map(|no| OutboxRow { case: (no == 3).then(|| new_case(HERE, 1, at(0)).case.id), ..outbox(no, at(0)) })
        .collect();
    let mut list = vec![change(&new_case(HERE, 1, at(0)))];
    list.extend(rows.iter().rev().cloned().map(Change::Outbox));
    store.apply(HERE, list.into()).await.unwrap();
    store.apply(THERE, vec![Change::Outbox(outbox(1, at(0)))].into()).await.unwrap();
    let upkeep = store.upkeep();
    let claim = async |ms, most| upkeep.claim_outbox(HERE, at(ms), 10, most).await.unwrap();
    assert_eq!(claim(0, 3).await, rows[..3]);
    assert_eq!(claim(1_000, 2).await, rows[3..5]);
    upkeep.outbox_sent(HERE, &[1, 4, 99]).await.unwrap();
    assert_eq!(claim(9_999, 9).await, rows[5..]);
    assert_eq!(claim(10_000, 9).await, rows[1..3]);
    assert_eq!(claim(11_000, 9).await, rows[4..5]);
    let claims = together((0..20).map(|_| upkeep.claim_outbox(HERE, at(60_000), 10, 1))).await;
    let mut ids: Vec<u128> = claims.into_iter().flat_map(|claim| claim.unwrap()).map(|row| row.id).collect();
    ids.sort_unstable();
    assert_eq!(ids, [2, 3, 5, 6, 7]);
    assert_eq!(upkeep.claim_outbox(THERE, at(0), 10, 9).await.unwrap(), [outbox(1, at(0))]);
}

pub async fn a_sweep_takes_what_is_older_and_leaves_the_rest(fixture: &impl Fixture) {
    let store = fixture.store();
    let mut ids = Vec::new();
    for region in [HERE, THERE] {
        for no in 0..4_u64 {
            let write = new_case(region, no, at(0));
            let id = write.case.id;
            let ms = i64::try_from(no).unwrap() * 10;
            let list = vec![change(&write), Change::Contact(contact(id, "phone", b"x", no, at(ms)))];
            let key = format!("k{no}");
            store.apply(region, Changes { answer: Some(answer(&key, "{}", at(ms))), list }).await.unwrap();
            ids.push((region, id, key, no));
        }
    }
    store
        .apply(
            HERE,
            vec![
                Change::Person(person_row(1, "a")),
                Change::OpenAccount(account(1, "li")),
                open(session(1, 1, 9)),
                open(session(2, 1, 10)),
            ]
            .into(),
        )
        .await
        .unwrap();
    let swept = store.upkeep().sweep(at(20), at(10), at(30)).await.unwrap();
    assert_eq!(swept, 2 * 2 + 1 + 2 * 3);
    for (region, id, key, no) in ids {
        let view = store.view(region).await.unwrap();
        assert_eq!(view.answer(&key).await.unwrap().is_some(), no >= 2);
        assert_eq!(view.contacts(id).await.unwrap().is_empty(), no < 3);
        assert!(view.case(id).await.unwrap().is_some());
    }
    let city = store.city().await.unwrap();
    assert_eq!(city.session(digest(1)).await.unwrap(), None);
    assert!(city.session(digest(2)).await.unwrap().is_some());
    assert_eq!(store.upkeep().sweep(at(20), at(10), at(30)).await.unwrap(), 0);
}

pub async fn files_no_case_holds_are_told(fixture: &impl Fixture) {
    let store = fixture.store();
    for (region, no) in [(HERE, 1), (THERE, 2)] {
        let write = new_case(region, no, at(0));
        let photo = photo(write.case.id, no, Giver::Reporter, at(0));
        store.apply(region, vec![change(&write), Change::Attachment(photo)].into()).await.unwrap();
    }
    store.apply(HERE, vec![Change::Upload(upload(4, 9))].into()).await.unwrap();
    let asked = [
        digest(1),
        digest(3),
        digest(1_000_002),
        digest(1_000_003),
        digest(2),
        digest(4),
        digest(1_000_004),
        digest(5),
    ];
    assert_eq!(store.upkeep().unreferenced(&asked).await.unwrap(), [digest(3), digest(1_000_003), digest(5)]);
    assert_eq!(store.upkeep().unreferenced(&[]).await.unwrap(), []);
}

pub async fn nothing_that_was_written_is_left_alone(fixture: &impl Fixture) {
    let store = fixture.store();
    fill(store).await;
    for kind in Owned::ALL {
        assert_eq!(store.upkeep().strays(kind, None, 10).await.unwrap(), [], "{kind:?}");
    }
}

/// Something of everything.
async fn fill(store: &dyn Store) {
    for region in [HERE, THERE] {
        for sample in cases(region, 40, u64::from(region.0)) {
            let id = sample.write.case.id;
            let mut changes = sample.changes();
            changes.push(Change::Contact(contact(id, "phone", b"x", 1, at(9))));
            changes.push(Change::Look(look(id, 1, at(1))));
            changes.push(Change::Count(count(day(1), "reported", None, 1)));
            changes.push(Change::Outbox(outbox(id.0.as_u128(), at(0))));
            let (number, system) = (id.to_string(), "hotline".to_owned());
            changes.push(Change::Origin(OriginRow { number, system, region, case: id, said: vec![1] }));
            changes.answer = Some(answer(&id.to_string(), "{}", at(0)));
            store.apply(region, changes).await.unwrap();
        }
        store.upkeep().put_root(region, RootRow { day: day(1), root: digest(1), facts: 40 }).await.unwrap();
        store.upkeep().take_numbers(region, "a", 5).await.unwrap();
        store.apply(region, vec![Change::Repromise(super::repromises::walk("cn", 2, 4))].into()).await.unwrap();
    }
    for no in [1, 2] {
        store.upkeep().put_key(key("seal", no, no.into())).await.unwrap();
    }
    let list = vec![
        Change::Publication(publication("areas", "", 1, b"body")),
        Change::Person(person_row(1, "a")),
        Change::Post(post_row(1, 1, "a", 0, None)),
        Change::OpenAccount(account(1, "li")),
        open(session(1, 1, 0)),
        Change::Client(client(1)),
        Change::Audit(audit(1, Some(1))),
        Change::Upload(upload(1, 9)),
    ];
    store.apply(HERE, list.into()).await.unwrap();
}

pub async fn a_restored_copy_equals_what_was_copied<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    fill(store).await;
    let before = kept(store).await;
    let directory = std::env::temp_dir().join(format!("gewu-contract-{}-{:p}", std::process::id(), fixture));
    std::fs::create_dir_all(&directory).unwrap();
    store.upkeep().backup(&directory).await.unwrap();
    store.apply(HERE, vec![change(&new_case(HERE, 9_999, at(1)))].into()).await.unwrap();

    let other = F::new().await;
    let restored = other.store().upkeep().restore(&directory).await;
    std::fs::remove_dir_all(&directory).unwrap();
    restored.unwrap();
    assert_eq!(kept(other.store()).await, before);
    assert_eq!(other.store().upkeep().take_numbers(HERE, "a", 1).await.unwrap(), 6);
    assert_eq!(other.store().upkeep().claim_outbox(HERE, at(1), 0, 1_000).await.unwrap().len(), 40);
    assert!(other.store().city().await.unwrap().session(digest(1)).await.unwrap().is_some());
    other.store().apply(HERE, vec![change(&new_case(HERE, 9_999, at(1)))].into()).await.unwrap();
    assert_eq!(kept(other.store()).await, kept(store).await);
}

pub async fn a_store_that_holds_something_is_not_restored_over<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    let directory = std::env::temp_dir().join(format!("gewu-contract-full-{}-{:p}", std::process::id(), fixture));
    std::fs::create_dir_all(&directory).unwrap();
    store.upkeep().backup(&directory).await.unwrap();
    store.apply(HERE, vec![change(&new_case(HERE, 1, at(1)))].into()).await.unwrap();
    let before = kept(store).await;
    let refused = store.upkeep().restore(&directory).await;
    std::fs::remove_dir_all(&directory).unwrap();
    assert!(matches!(refused, Err(StoreError::Taken { .. })), "{refused:?}");
    assert_eq!(kept(store).await, before);
}

pub async fn loading_is_the_same_as_applying<F: Fixture>(fixture: &F) {
    let other = F::new().await;
    let samples = cases(HERE, 60, 5);
    for sample in &samples {
        fixture.store().apply(HERE, sample.changes()).await.unwrap();
    }
    for batch in samples.chunks(25) {
        other.store().upkeep().load(HERE, batch.iter().map(|sample| sample.changes()).collect()).await.unwrap();
    }
    assert_eq!(kept(other.store()).await, kept(fixture.store()).await);
}

pub async fn a_load_is_whole_or_not_at_all(fixture: &impl Fixture) {
    let store = fixture.store();
    store.apply(HERE, vec![change(&new_case(HERE, 5, at(0)))].into()).await.unwrap();
    let before = kept(store).await;
    let batch = (0..9).map(|no| vec![change(&new_case(HERE, no, at(0)))].into()).collect();
    let refused = store.upkeep().load(HERE, batch).await;
    assert!(matches!(refused, Err(StoreError::Stale { .. })), "{refused:?}");
    assert_eq!(kept(store).await, before);
}

pub async fn statistics_and_scrubbing_change_nothing(fixture: &impl Fixture) {
    let store = fixture.store();
    fill(store).await;
    let before = kept(store).await;
    store.upkeep().analyze().await.unwrap();
    store.upkeep().scrub().await.unwrap();
    assert_eq!(kept(store).await, before);
}
