//! Contacts and looks at them.

use super::{
    Fixture, every_size,
    sample::{HERE, THERE, at, change, contact, digest, look, new_case},
    walk,
};
use crate::Change;

pub async fn contacts_come_back_as_given_and_are_replaced_by_field(fixture: &impl Fixture) {
    let store = fixture.store();
    let write = new_case(HERE, 1, at(0));
    let id = write.case.id;
    let phone = contact(id, "phone", &[0, 255, 1], 1, at(10));
    let name = contact(id, "name", b"sealed", 2, at(20));
    store
        .apply(HERE, vec![change(&write), Change::Contact(phone), Change::Contact(name.clone())].into())
        .await
        .unwrap();
    let other = contact(id, "phone", &[3, 0], 3, at(30));
    store.apply(HERE, vec![Change::Contact(other.clone())].into()).await.unwrap();
    let view = store.view(HERE).await.unwrap();
    assert_eq!(view.contacts(id).await.unwrap(), [name, other]);
    let page = crate::Page::first(9);
    assert_eq!(view.cases_of_contact(digest(1), &page).await.unwrap().rows, []);
    assert_eq!(view.cases_of_contact(digest(3), &page).await.unwrap().rows, [id]);
}

pub async fn looks_are_kept_in_order(fixture: &impl Fixture) {
    let store = fixture.store();
    let write = new_case(HERE, 1, at(0));
    let id = write.case.id;
    let looks = [look(id, 2, at(5)), look(id, 1, at(7)), look(id, 1, at(9))];
    store.apply(HERE, vec![change(&write), Change::Look(looks[2].clone())].into()).await.unwrap();
    store.apply(HERE, vec![Change::Look(looks[0].clone()), Change::Look(looks[1].clone())].into()).await.unwrap();
    let view = store.view(HERE).await.unwrap();
    assert_eq!(view.looks(id).await.unwrap(), looks);
}

pub async fn cases_of_a_contact_are_walked_both_ways(fixture: &impl Fixture) {
    let store = fixture.store();
    let mut expected = Vec::new();
    for no in 0..9 {
        for region in [HERE, THERE] {
            let write = new_case(region, no, at(0));
            let id = write.case.id;
            let index = if no == 4 { 2 } else { 1 };
            let mut list = vec![change(&write), Change::Contact(contact(id, "phone", b"x", index, at(1)))];
            if no == 3 {
                list.push(Change::Contact(contact(id, "email", b"y", index, at(1))));
            }
            store.apply(region, list.into()).await.unwrap();
            if region == HERE && index == 1 {
                expected.push(id);
            }
        }
    }
    let view = store.view(HERE).await.unwrap();
    walk(&expected, every_size(expected.len()), async |page| view.cases_of_contact(digest(1), &page).await.unwrap())
        .await;
}

pub async fn every_contact_is_walked_by_case_and_field_both_ways(fixture: &impl Fixture) {
    let store = fixture.store();
    let mut expected = Vec::new();
    for no in 0..4 {
        for region in [HERE, THERE] {
            let write = new_case(region, no, at(0));
            let id = write.case.id;
            let rows = ["email", "name", "phone"].map(|field| contact(id, field, field.as_bytes(), 1, at(1)));
            let given = rows.iter().take(usize::try_from(no).unwrap()).cloned();
            let list: Vec<Change> = std::iter::once(change(&write)).chain(given.clone().map(Change::Contact)).collect();
            store.apply(region, list.into()).await.unwrap();
            if region == HERE {
                expected.extend(given);
            }
        }
    }
    expected.sort_by_key(|row| (row.case, row.field.clone()));
    assert_eq!(expected.len(), 6);
    let view = store.view(HERE).await.unwrap();
    walk(&expected, every_size(expected.len()), async |page| view.sealed(&page).await.unwrap()).await;
}

pub async fn a_contact_is_sealed_anew_only_where_it_still_stands_as_it_was_read(fixture: &impl Fixture) {
    let store = fixture.store();
    let mut ids = Vec::new();
    for no in 1..=3 {
        let write = new_case(HERE, no, at(0));
        let id = write.case.id;
        let rows = ["name", "phone"].map(|field| Change::Contact(contact(id, field, b"old", 1, at(9))));
        let list: Vec<Change> = std::iter::once(change(&write)).chain(rows).collect();
        store.apply(HERE, list.into()).await.unwrap();
        ids.push(id);
    }
    let [stands, changed, erased] = [ids[0], ids[1], ids[2]];
    let other = contact(changed, "phone", b"other", 2, at(9));
    store
        .apply(HERE, vec![Change::Contact(other.clone()), Change::Erase { case: erased, at: at(5) }].into())
        .await
        .unwrap();
    let reseal =
        |case| Change::Reseal { case, field: "phone".to_owned(), was: b"old".to_vec(), sealed: b"new".to_vec() };
    store.apply(HERE, ids.iter().copied().map(reseal).collect::<Vec<_>>().into()).await.unwrap();
    let view = store.view(HERE).await.unwrap();
    let name = |id| contact(id, "name", b"old", 1, at(9));
    assert_eq!(view.contacts(stands).await.unwrap(), [name(stands), contact(stands, "phone", b"new", 1, at(9))]);
    assert_eq!(view.contacts(changed).await.unwrap(), [name(changed), other]);
    assert_eq!(view.contacts(erased).await.unwrap(), []);
}
