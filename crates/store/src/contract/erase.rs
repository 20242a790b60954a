//! What somebody gave can be taken back, and the record stays whole.

use super::{
    Fixture,
    kept::all_cases,
    people::{account, open, person_row, post_row, session},
    sample::{HERE, THERE, at, change, contact, digest, look, new_case, person, photo, text},
};
use crate::{Change, Page, View, cases::CaseFilter, sessions::DeviceRow, texts::Giver};
use gewu_domain::ids::CaseId;

/// Two cases alike: with the reporter's words, a staff note, contacts, photos, looks and terms.
async fn two_cases(fixture: &impl Fixture) -> [CaseId; 2] {
    let mut ids = Vec::new();
    for no in 1..=2_u64 {
        let mut write = new_case(HERE, no, at(0));
        let id = write.case.id;
        let words = text(id, 10 * no, "words 路灯", Giver::Reporter, at(1));
        write.case.text = Some(words.digest);
        write.terms = Some(vec!["路灯".to_owned()]);
        let list = vec![
            change(&write),
            Change::Text(words),
            Change::Text(text(id, 10 * no + 1, "staff note", Giver::Staff, at(2))),
            Change::Contact(contact(id, "phone", b"contact", 1, at(9))),
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
    let [erased, other] = two_cases(fixture).await;
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

pub async fn that_something_was_erased_stays_known(fixture: &impl Fixture) {
    let store = fixture.store();
    let [erased, other] = two_cases(fixture).await;
    let erased_at = async |case| store.view(HERE).await.unwrap().erased_at(case).await.unwrap();
    assert_eq!(erased_at(erased).await, None);
    for ms in [5, 7, 6] {
        store.apply(HERE, vec![Change::Erase { case: erased, at: at(ms) }].into()).await.unwrap();
    }
    assert_eq!((erased_at(erased).await, erased_at(other).await), (Some(at(7)), None));
}

pub async fn erasing_words_takes_those_words_and_the_terms(fixture: &impl Fixture) {
    let store = fixture.store();
    let [erased, other] = two_cases(fixture).await;
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

/// Each step that wipes what was erased is needed somewhere: words in a row of their own and over several pages, terms in
/// parts of an index that happen to be merged and in parts that happen not to be, the neighbours few and many.
pub async fn nothing_erased_can_be_read_from_what_is_kept(fixture: &impl Fixture) {
    let store = fixture.store();
    let mut no = 0;
    for (round, beside) in [0, 1, 2, 3, 5, 8, 60].into_iter().enumerate() {
        // No digit and no letter of it stands elsewhere in a row; an index may keep of a word only what its neighbour does
        // not begin with, so less than the whole is looked for.
        let marker = format!("qzx{}marker", "abcdefg".chars().nth(round).unwrap());
        let sought = &marker[2..];
        let mut planted = Vec::new();
        for part in ["short", "long"] {
            no += 1;
            let mut write = new_case(HERE, no, at(0));
            let id = write.case.id;
            let body =
                if part == "long" { format!("{} {marker}", "路灯不亮".repeat(4_000)) } else { marker.clone() };
            let words = text(id, no, &body, Giver::Reporter, at(1));
            write.terms = Some(vec!["路灯".to_owned(), format!("{marker}{part}")]);
            let contact = contact(id, "phone", format!("{marker}contact").as_bytes(), 1, at(9));
            let list = vec![
                change(&write),
                Change::Text(words),
                Change::Text(text(id, 10_000 + no, "staff note", Giver::Staff, at(2))),
                Change::Contact(contact),
            ];
            store.apply(HERE, list.into()).await.unwrap();
            // Rewritten terms must not leave the old ones behind either.
            let mut again = super::sample::next_write(&write, "{}", at(1), |_| ());
            again.terms = Some(vec![format!("{marker}too")]);
            store.apply(HERE, vec![change(&again)].into()).await.unwrap();
            planted.push(id);
        }
        for _ in 0..beside {
            no += 1;
            let mut write = new_case(HERE, no, at(0));
            write.terms = Some(vec!["路灯".to_owned(), format!("q{no}"), format!("qzy{no}")]);
            let words = text(write.case.id, no, &"路灯不亮".repeat(50), Giver::Reporter, at(1));
            store.apply(HERE, vec![change(&write), Change::Text(words)].into()).await.unwrap();
        }
        assert!(fixture.holds(sought).await, "round {round}: the marker was never there to be found");
        for case in planted {
            store.apply(HERE, vec![Change::Erase { case, at: at(5) }].into()).await.unwrap();
        }
        store.upkeep().scrub().await.unwrap();
        assert!(!fixture.holds(sought).await, "round {round}: something erased is still there");
        assert!(fixture.holds("staff note").await);
    }
}

/// Cases of two regions that were reported in the same second stand side by side in an index: erasing one of them
/// leaves the other to be found, and nothing of the one.
pub async fn erasing_in_one_region_leaves_the_same_second_of_another_alone(fixture: &impl Fixture) {
    let store = fixture.store();
    let regions = [(HERE, "here"), (THERE, "there")];
    let words = || (1_u64..).zip(["qalpha", "qbravo", "qcarol", "qdelta"]);
    for (no, word) in words() {
        for (region, place) in regions {
            let mut write = new_case(region, no, at(0));
            write.terms = Some(vec!["路灯".to_owned(), format!("{word}{place}")]);
            store.apply(region, vec![change(&write)].into()).await.unwrap();
        }
    }
    let erased = new_case(HERE, 2, at(0)).case.id;
    store.apply(HERE, vec![Change::Erase { case: erased, at: at(5) }].into()).await.unwrap();
    store.upkeep().scrub().await.unwrap();
    assert!(!fixture.holds("bravohere").await, "something erased is still there");
    for (region, place) in regions {
        let view = store.view(region).await.unwrap();
        for (no, word) in words() {
            let filter = CaseFilter { terms: vec![format!("{word}{place}")], ..CaseFilter::default() };
            let found: Vec<CaseId> = all_cases(view.as_ref(), &filter).await.into_iter().map(|row| row.id).collect();
            let id = new_case(region, no, at(0)).case.id;
            let expected = if id == erased && region == HERE { Vec::new() } else { vec![id] };
            assert_eq!(found, expected, "{word}{place} in {region}");
        }
    }
}

pub async fn forgetting_a_person_leaves_the_id_and_the_posts(fixture: &impl Fixture) {
    let store = fixture.store();
    let list = vec![
        Change::Person(person_row(1, "a")),
        Change::Person(person_row(2, "a")),
        Change::Post(post_row(1, 1, "a", 0, None)),
        Change::OpenAccount(account(1, "li")),
        Change::OpenAccount(account(2, "wang")),
        open(session(1, 1, 0)),
        open(session(2, 2, 0)),
        Change::KnowDevice(DeviceRow { person: person(1), secret: digest(1), ends_at: at(9) }),
        Change::SetTotp { person: person(1), was: 1, totp: None, recovery_codes: vec![digest(1)] },
    ];
    store.apply(HERE, list.into()).await.unwrap();
    store.apply(HERE, vec![Change::ErasePerson(person(1))].into()).await.unwrap();
    let city = store.city().await.unwrap();
    let row = city.person(person(1)).await.unwrap().unwrap();
    assert_eq!((row.name.as_str(), row.unit.as_str(), row.is_active), ("", "a", false));
    assert_eq!(city.posts_of(person(1)).await.unwrap().len(), 1);
    assert_eq!(city.account("li").await.unwrap(), None);
    assert_eq!(city.recovery_codes(person(1)).await.unwrap(), []);
    assert_eq!(city.device(person(1), digest(1)).await.unwrap(), None);
    assert_eq!(city.session(digest(1)).await.unwrap(), None);
    assert_eq!(city.person(person(2)).await.unwrap(), Some(person_row(2, "a")));
    assert_eq!(city.account("wang").await.unwrap(), Some(account(2, "wang")));
    assert_eq!(city.session(digest(2)).await.unwrap(), Some(session(2, 2, 0)));
}
