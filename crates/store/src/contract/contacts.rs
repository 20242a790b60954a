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
