//! All or nothing, and who comes first.

use super::{
    Fixture,
    kept::{all_cases, kept},
    people::{account, person_row},
    publications::publication,
    sample::{
        HERE, THERE, answer, at, cases, change, contact, count, day, digest, new_case, next_write, outbox, person, text,
    },
    together,
};
use crate::{Change, Changes, Store, StoreError, cases::CaseFilter, idempotency::Answer, texts::Giver};
use gewu_domain::ids::RegionId;

pub async fn a_write_is_whole_or_not_at_all(fixture: &impl Fixture) {
    let store = fixture.store();
    let there = new_case(HERE, 1, at(0));
    let fixed = Change::Publication(publication("areas", "", 1, b"x"));
    store.apply(HERE, vec![change(&there), fixed.clone()].into()).await.unwrap();
    let before = kept(store).await;

    let new = new_case(HERE, 2, at(1));
    let id = new.case.id;
    let good = [
        change(&new),
        change(&next_write(&there, "{}", at(1), |case| case.is_urgent = true)),
        Change::Text(text(id, 1, "words", Giver::Reporter, at(1))),
        Change::Contact(contact(id, "phone", b"x", 1, at(9))),
        Change::Count(count(day(1), "reported", None, 1)),
        Change::Outbox(outbox(1, at(1))),
        Change::Erase { case: there.case.id, at: at(1) },
    ];
    let bad = [fixed, change(&next_write(&new_case(HERE, 3, at(0)), "{}", at(1), |_| ()))];
    for bad in bad {
        for place in [0, 3, good.len()] {
            let mut list = good.to_vec();
            list.insert(place, bad.clone());
            let changes = Changes { answer: Some(answer("key", "{}", at(1))), list };
            let refused = store.apply(HERE, changes).await;
            assert!(matches!(refused, Err(StoreError::Taken { .. } | StoreError::Stale { .. })), "{refused:?}");
            assert_eq!(kept(store).await, before);
        }
    }
    assert_eq!(store.view(HERE).await.unwrap().answer("key").await.unwrap(), None);
    assert_eq!(store.upkeep().claim_outbox(HERE, at(2), 0, 10).await.unwrap(), []);
    store.apply(HERE, good.to_vec().into()).await.unwrap();
    assert_ne!(kept(store).await, before);
}

pub async fn a_stale_version_is_refused_and_changes_nothing(fixture: &impl Fixture) {
    let store = fixture.store();
    let first = new_case(HERE, 1, at(0));
    let second = next_write(&first, "{}", at(1), |_| ());
    store.apply(HERE, vec![change(&first)].into()).await.unwrap();
    store.apply(HERE, vec![change(&second)].into()).await.unwrap();
    let before = kept(store).await;
    let late = next_write(&first, "{\"late\":1}", at(2), |case| case.is_urgent = true);
    let early = next_write(&next_write(&second, "{}", at(2), |_| ()), "{}", at(3), |_| ());
    for write in [late, early] {
        let refused = store.apply(HERE, vec![change(&write)].into()).await;
        assert!(matches!(refused, Err(StoreError::Stale { .. })), "{refused:?}");
        assert_eq!(kept(store).await, before);
    }
}

pub async fn a_new_case_that_exists_is_stale(fixture: &impl Fixture) {
    let store = fixture.store();
    let first = new_case(HERE, 1, at(0));
    store.apply(HERE, vec![change(&first)].into()).await.unwrap();
    let refused = store.apply(HERE, vec![change(&first)].into()).await;
    assert!(matches!(refused, Err(StoreError::Stale { .. })), "{refused:?}");
    let nowhere = next_write(&new_case(HERE, 2, at(0)), "{}", at(1), |_| ());
    let refused = store.apply(HERE, vec![change(&nowhere)].into()).await;
    assert!(matches!(refused, Err(StoreError::Stale { .. })), "{refused:?}");
}

pub async fn of_writers_of_one_case_exactly_one_wins(fixture: &impl Fixture) {
    let store = fixture.store();
    let mut stands = new_case(HERE, 1, at(0));
    store.apply(HERE, vec![change(&stands)].into()).await.unwrap();
    for round in 1..6 {
        let writes: Vec<_> =
            (0..9).map(|no| next_write(&stands, &format!("{{\"no\":{no}}}"), at(round), |_| ())).collect();
        let results = together(writes.iter().map(|write| store.apply(HERE, vec![change(write)].into()))).await;
        let won: Vec<usize> = (0..9).filter(|no| results[*no].is_ok()).collect();
        assert_eq!(won.len(), 1, "{results:?}");
        assert!(results.iter().all(|result| matches!(result, Ok(()) | Err(StoreError::Stale { .. }))), "{results:?}");
        stands = writes[won[0]].clone();
    }
    let view = store.view(HERE).await.unwrap();
    assert_eq!(view.facts(stands.case.id).await.unwrap().len(), 6);
    assert_eq!(view.head(stands.case.id).await.unwrap(), Some(stands.head));
}

pub async fn a_refused_write_leaves_those_beside_it_alone(fixture: &impl Fixture) {
    let store = fixture.store();
    store.apply(HERE, vec![Change::Publication(publication("areas", "", 1, b"x"))].into()).await.unwrap();
    let changes: Vec<Changes> = (0..60)
        .map(|no| {
            let write = new_case(HERE, no, at(0));
            let mut list = vec![change(&write), Change::Count(count(day(1), "reported", None, 1))];
            if no % 3 == 0 {
                list.push(Change::Publication(publication("areas", "", 1, b"y")));
            }
            list.into()
        })
        .collect();
    let results = together(changes.into_iter().map(|changes| store.apply(HERE, changes))).await;
    let good = results.iter().enumerate().all(|(no, result)| match result {
        Ok(()) => no % 3 != 0,
        Err(error) => no % 3 == 0 && matches!(error, StoreError::Taken { .. }),
    });
    assert!(good, "{results:?}");
    let view = store.view(HERE).await.unwrap();
    assert_eq!(all_cases(view.as_ref(), &CaseFilter::default()).await.len(), 40);
    assert_eq!(view.counts(day(1), day(1)).await.unwrap()[0].n, 40);
}

pub async fn a_repeated_key_gives_the_first_answer_and_changes_nothing(fixture: &impl Fixture) {
    let store = fixture.store();
    let first =
        Changes { answer: Some(answer("a", "{\"n\":1}", at(1))), list: vec![change(&new_case(HERE, 1, at(0)))] };
    store.apply(HERE, first).await.unwrap();
    let before = kept(store).await;
    let other = Answer { request: digest(2), ..answer("a", "{\"n\":2}", at(2)) };
    let stale = next_write(&new_case(HERE, 9, at(0)), "{}", at(1), |_| ());
    let taken = new_case(HERE, 1, at(0)).case.id;
    for list in [
        vec![change(&new_case(HERE, 2, at(0)))],
        vec![change(&stale)],
        vec![Change::Person(person_row(1, "a")), Change::OpenAccount(account(1, "li"))],
        vec![Change::Erase { case: taken, at: at(5) }, Change::EndSessionsOf(person(1))],
        Vec::new(),
    ] {
        let repeated = store.apply(HERE, Changes { answer: Some(other.clone()), list }).await;
        let Err(StoreError::Repeated(stood)) = repeated else { panic!("{repeated:?}") };
        assert_eq!(*stood, answer("a", "{\"n\":1}", at(1)));
        assert_eq!(kept(store).await, before);
    }
    let view = store.view(HERE).await.unwrap();
    assert_eq!(view.answer("a").await.unwrap(), Some(answer("a", "{\"n\":1}", at(1))));
    assert_eq!(view.answer("b").await.unwrap(), None);
}

pub async fn one_key_many_times_at_once_has_one_effect(fixture: &impl Fixture) {
    let store = fixture.store();
    let results = together((0..50).map(|no| attempt(store, no))).await;
    let won: Vec<usize> = (0..50).filter(|no| results[*no].is_ok()).collect();
    assert_eq!(won.len(), 1, "{results:?}");
    for result in &results {
        match result {
            Ok(()) => {}
            Err(StoreError::Repeated(stood)) => assert_eq!(stood.body, won[0].to_string()),
            Err(other) => panic!("{other:?}"),
        }
    }
    let view = store.view(HERE).await.unwrap();
    assert_eq!(all_cases(view.as_ref(), &CaseFilter::default()).await.len(), 1);
    assert_eq!(view.counts(day(1), day(1)).await.unwrap()[0].n, 1);
}

async fn attempt(store: &dyn Store, no: u64) -> Result<(), StoreError> {
    let list = vec![change(&new_case(HERE, no, at(0))), Change::Count(count(day(1), "reported", None, 1))];
    store.apply(HERE, Changes { answer: Some(answer("a", &no.to_string(), at(1))), list }).await
}

pub async fn the_keys_of_two_regions_never_meet(fixture: &impl Fixture) {
    let store = fixture.store();
    for region in [HERE, THERE] {
        let list = vec![change(&new_case(region, 1, at(0)))];
        store.apply(region, Changes { answer: Some(answer("a", &region.to_string(), at(1))), list }).await.unwrap();
    }
    let view = store.view(THERE).await.unwrap();
    assert_eq!(view.answer("a").await.unwrap().unwrap().body, THERE.to_string());
}

pub async fn a_number_is_given_once(fixture: &impl Fixture) {
    let store = fixture.store();
    let first = new_case(HERE, 1, at(0));
    store.apply(HERE, vec![change(&first)].into()).await.unwrap();
    let before = kept(store).await;
    let mut second = new_case(HERE, 2, at(0));
    second.case.number.clone_from(&first.case.number);
    let refused = store.apply(HERE, vec![change(&second)].into()).await;
    assert!(matches!(refused, Err(StoreError::Taken { .. })), "{refused:?}");
    assert_eq!(kept(store).await, before);
    second.case.region = THERE;
    store.apply(THERE, vec![change(&second)].into()).await.unwrap();
}

pub async fn changes_may_stand_before_the_case_they_hang_on(fixture: &impl Fixture) {
    let store = fixture.store();
    let write = new_case(HERE, 1, at(0));
    let words = text(write.case.id, 1, "words", Giver::Reporter, at(0));
    store.apply(HERE, vec![Change::Text(words.clone()), change(&write)].into()).await.unwrap();
    assert_eq!(store.view(HERE).await.unwrap().texts(write.case.id).await.unwrap(), [words]);
}

pub async fn a_view_sees_one_moment(fixture: &impl Fixture) {
    let store = fixture.store();
    let first = new_case(HERE, 1, at(0));
    store.apply(HERE, vec![change(&first)].into()).await.unwrap();
    let view = store.view(HERE).await.unwrap();
    assert_eq!(view.case(first.case.id).await.unwrap().unwrap().version, 1);
    let next = next_write(&first, "{}", at(1), |_| ());
    store.apply(HERE, vec![change(&next), change(&new_case(HERE, 2, at(1)))].into()).await.unwrap();
    assert_eq!(view.case(first.case.id).await.unwrap().unwrap().version, 1);
    assert_eq!(view.facts(first.case.id).await.unwrap().len(), 1);
    assert_eq!(all_cases(view.as_ref(), &CaseFilter::default()).await.len(), 1);
    drop(view);
    let view = store.view(HERE).await.unwrap();
    assert_eq!(view.case(first.case.id).await.unwrap().unwrap().version, 2);
}

pub async fn regions_never_see_each_other(fixture: &impl Fixture) {
    let store = fixture.store();
    for sample in cases(HERE, 30, 1) {
        let id = sample.write.case.id;
        let mut changes = sample.changes();
        changes.push(Change::Contact(contact(id, "phone", b"x", 1, at(1))));
        changes.push(Change::Count(count(day(1), "reported", None, 1)));
        changes.push(Change::Outbox(outbox(id.0.as_u128(), at(0))));
        store.apply(HERE, changes).await.unwrap();
    }
    let before = kept(store).await;
    assert_eq!(seen(store, THERE).await, 0);
    assert!(seen(store, HERE).await > 100);

    // The same ids, keys and digests in another region are other rows.
    for mut sample in cases(HERE, 30, 2) {
        sample.write.case.region = THERE;
        store.apply(THERE, sample.changes()).await.unwrap();
        store.apply(THERE, vec![Change::Erase { case: sample.write.case.id, at: at(1) }].into()).await.unwrap();
    }
    let after = kept(store).await;
    assert_eq!(after.of(HERE), before.of(HERE));
}

/// How many rows a region shows of what `regions_never_see_each_other` wrote to the other.
async fn seen(store: &dyn Store, region: RegionId) -> usize {
    let view = store.view(region).await.unwrap();
    let mut seen = store.upkeep().claim_outbox(region, at(0), 0, 100).await.unwrap().len();
    seen += all_cases(view.as_ref(), &CaseFilter::default()).await.len();
    seen += view.counts(day(1), day(31)).await.unwrap().len();
    seen += view.cases_of_contact(digest(1), &crate::Page::first(100)).await.unwrap().rows.len();
    for sample in cases(HERE, 30, 1) {
        let case = &sample.write.case;
        seen += usize::from(view.case(case.id).await.unwrap().is_some());
        seen += usize::from(view.case_by_number(&case.number).await.unwrap().is_some());
        seen += view.facts(case.id).await.unwrap().len();
        seen += view.texts(case.id).await.unwrap().len();
        seen += view.attachments(case.id).await.unwrap().len();
        seen += usize::from(view.erased_at(case.id).await.unwrap().is_some());
    }
    seen
}
