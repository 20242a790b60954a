//! What somebody gave can be taken back, and the record stays whole.

use super::{
    Fixture,
    kept::all_cases,
    people::{account, person_row, post_row, session},
    sample::{HERE, at, change, contact, digest, look, new_case, person, photo, text},
};
use crate::{Change, Page, View, cases::CaseFilter, texts::Giver};
use gewu_domain::ids::CaseId;

/// Two cases alike: with the reporter's words, a staff note, contacts, photos, looks and terms.
async fn two_cases(fixture: &impl Fixture, marker: &str) -> [CaseId; 2] {
    let mut ids = Vec::new();
    for no in 1..=2_u64 {
        let mut write = new_case(HERE, no, at(0));
        let id = write.case.id;
        let words = text(id, 10 * no, &format!("{marker}words 路灯"), Giver::Reporter, at(1));
        write.case.text = Some(words.digest);
        write.terms = Some(vec!["路灯".to_owned(), format!("{marker}term")]);
        let list = vec![
            change(&write),
            Change::Text(words),
            Change::Text(text(id, 10 * no + 1, "staff note", Giver::Staff, at(2))),
            Change::Contact(contact(id, "phone", format!("{marker}contact").as_bytes(), 1, at(9))),
            Change::Attachment(photo(id, 10 * no, Giver::Reporter, at(1))),
            Change::Attachment(photo(id, 10 * no + 1, Giver::Staff, at(2))),
            Change::Look(look(id, 1, at(3))),
        ];
        fixture.store().apply(HERE, list.into()).await.unwrap();
        ids.push(id);
    }
    [ids[0], ids[1]]
}

/// How many texts, contacts, attachments, looks and facts a case shows, and whether it is found by a word.
async fn shown(view: &dyn View, id: CaseId) -> (usize, usize, usize, usize, usize, bool) {
    let filter = CaseFilter { terms: vec!["路灯".to_owned()], ..CaseFilter::default() };
    (
        view.texts(id).await.unwrap().len(),
        view.contacts(id).await.unwrap().len(),
        view.attachments(id).await.unwrap().len(),
        view.looks(id).await.unwrap().len(),
        view.facts(id).await.unwrap().len(),
        all_cases(view, &filter).await.iter().any(|row| row.id == id),
    )
}

pub async fn erasing_takes_what_the_reporter_gave_and_nothing_else(fixture: &impl Fixture) {
    let store = fixture.store();
    let [erased, other] = two_cases(fixture, "").await;
    store.apply(HERE, vec![Change::Erase { case: erased, at: at(5) }].into()).await.unwrap();
    let view = store.view(HERE).await.unwrap();
    assert_eq!(shown(view.as_ref(), erased).await, (1, 0, 1, 1, 1, false));
    assert_eq!(shown(view.as_ref(), other).await, (2, 1, 2, 1, 1, true));
    assert_eq!(view.texts(erased).await.unwrap()[0].body, "staff note");
    assert_eq!(view.attachments(erased).await.unwrap()[0].by, Giver::Staff);
    assert_eq!(view.cases_of_contact(digest(1), &Page::first(9)).await.unwrap().rows, [other]);
    let rows = view.case_rows(&[erased, other]).await.unwrap();
    assert_eq!((rows[0].excerpt.as_deref(), rows[1].excerpt.as_deref()), (None, Some("words 路灯")));
    let filter = CaseFilter { area: Some(rows[0].path[1].clone()), ..CaseFilter::default() };
    assert_eq!(all_cases(view.as_ref(), &filter).await.len(), 2, "an erased case is still listed by its area");
}

pub async fn erasing_words_takes_those_words_and_the_terms(fixture: &impl Fixture) {
    let store = fixture.store();
    let [erased, other] = two_cases(fixture, "").await;
    let view = store.view(HERE).await.unwrap();
    let texts = view.texts(erased).await.unwrap();
    drop(view);
    let [words, note] = [texts[0].digest, texts[1].digest];
    store.apply(HERE, vec![Change::EraseText { case: erased, digest: words }].into()).await.unwrap();
    {
        let view = store.view(HERE).await.unwrap();
        assert_eq!(shown(view.as_ref(), erased).await, (1, 1, 2, 1, 1, false));
        assert_eq!(shown(view.as_ref(), other).await, (2, 1, 2, 1, 1, true));
        assert_eq!(view.texts(erased).await.unwrap()[0].digest, note);
    }
    store.apply(HERE, vec![Change::EraseText { case: erased, digest: note }].into()).await.unwrap();
    assert_eq!(store.view(HERE).await.unwrap().texts(erased).await.unwrap(), []);
}

pub async fn nothing_erased_can_be_read_from_what_is_kept(fixture: &impl Fixture) {
    let store = fixture.store();
    let [first, second] = two_cases(fixture, "qzxmarker").await;
    // An index may keep of a word only what its neighbour does not begin with, so less than the whole is looked for.
    // Rewritten terms must not leave the old ones behind either.
    let mut write = super::sample::next_write(&new_case(HERE, 1, at(0)), "{}", at(1), |_| ());
    write.terms = Some(vec!["qzxmarkertoo".to_owned()]);
    store.apply(HERE, vec![change(&write)].into()).await.unwrap();
    // Enough beside it that the marker lies in the middle of things.
    for no in 3..60 {
        let mut write = new_case(HERE, no, at(0));
        write.terms = Some(vec!["路灯".to_owned(), format!("q{no}"), format!("qzy{no}")]);
        let words = text(write.case.id, no, &"路灯不亮".repeat(50), Giver::Reporter, at(1));
        store.apply(HERE, vec![change(&write), Change::Text(words)].into()).await.unwrap();
    }
    assert!(fixture.holds("xmarker").await, "the marker was never there to be found");
    let both = [first, second].map(|case| Change::Erase { case, at: at(5) });
    store.apply(HERE, both.to_vec().into()).await.unwrap();
    store.upkeep().scrub().await.unwrap();
    assert!(!fixture.holds("xmarker").await, "something erased is still there");
    assert!(fixture.holds("staff note").await);
}

pub async fn forgetting_a_person_leaves_the_id_and_the_posts(fixture: &impl Fixture) {
    let store = fixture.store();
    let list = vec![
        Change::Person(person_row(1, "a")),
        Change::Person(person_row(2, "a")),
        Change::Post(post_row(1, 1, "a", 0, None)),
        Change::Account(account(1, "li")),
        Change::Account(account(2, "wang")),
        Change::Session(session(1, 1, 0)),
        Change::Session(session(2, 2, 0)),
    ];
    store.apply(HERE, list.into()).await.unwrap();
    store.apply(HERE, vec![Change::ErasePerson(person(1))].into()).await.unwrap();
    let city = store.city().await.unwrap();
    let row = city.person(person(1)).await.unwrap().unwrap();
    assert_eq!((row.name.as_str(), row.unit.as_str(), row.is_active), ("", "a", false));
    assert_eq!(city.posts_of(person(1)).await.unwrap().len(), 1);
    assert_eq!(city.account("li").await.unwrap(), None);
    assert_eq!(city.session(digest(1)).await.unwrap(), None);
    assert_eq!(city.person(person(2)).await.unwrap(), Some(person_row(2, "a")));
    assert_eq!(city.account("wang").await.unwrap(), Some(account(2, "wang")));
    assert_eq!(city.session(digest(2)).await.unwrap(), Some(session(2, 2, 0)));
}
