//! Staff, accounts, sessions, clients and the audit record.

use super::{
    Fixture, every_size,
    sample::{HERE, at, digest, person, post},
    walk,
};
use crate::{
    Change, Page, StoreError,
    audit::AuditRow,
    clients::ClientRow,
    people::{AccountRow, PersonRow},
    sessions::SessionRow,
};
use gewu_domain::{
    ids::{AreaCode, ClientId, SessionId, UnitCode},
    people::{Post, Role},
};
use uuid::Uuid;

pub fn person_row(no: u128, unit: &str) -> PersonRow {
    PersonRow {
        id: person(no),
        name: format!("网格员{no}"),
        unit: UnitCode::from(unit),
        is_active: no.is_multiple_of(2),
    }
}

pub fn post_row(no: u128, of: u128, unit: &str, from: i64, to: Option<i64>) -> Post {
    Post {
        id: post(no),
        person: person(of),
        role: Role::Collector,
        unit: UnitCode::from(unit),
        region: (no.is_multiple_of(2)).then_some(HERE),
        area: AreaCode::from("110101001"),
        from: at(from),
        to: to.map(at),
    }
}

pub fn account(of: u128, login: &str) -> AccountRow {
    AccountRow {
        person: person(of),
        login: login.to_owned(),
        password: "$argon2id$x".to_owned(),
        must_change: of.is_multiple_of(2),
        failures: 3,
        locked_until: (of % 2 == 1).then(|| at(9)),
        changed_at: at(1),
    }
}

pub fn session(no: u128, of: u128, seen: i64) -> SessionRow {
    SessionRow {
        id: SessionId(Uuid::from_u128(no)),
        secret: digest(u64::try_from(no).unwrap()),
        person: person(of),
        post: (no.is_multiple_of(2)).then(|| post(no)),
        started_at: at(0),
        seen_at: at(seen),
    }
}

pub fn client(no: u128) -> ClientRow {
    ClientRow {
        id: ClientId(Uuid::from_u128(no)),
        name: format!("系统 {no}"),
        secret: digest(u64::try_from(no).unwrap()),
        scopes: if no == 1 { Vec::new() } else { vec!["report".to_owned(), "read".to_owned()] },
        made_at: at(1),
        revoked_at: None,
    }
}

pub fn audit(id: u128, of: Option<u128>) -> AuditRow {
    AuditRow {
        id,
        at: at(i64::try_from(id).unwrap()),
        person: of.map(person),
        client: of.is_none().then(|| ClientId(Uuid::from_u128(id))),
        action: "signed_in".to_owned(),
        object: format!("person_{id}"),
        succeeded: id.is_multiple_of(2),
        origin: "10.0.0.0/24".to_owned(),
    }
}

async fn apply(fixture: &impl Fixture, list: impl IntoIterator<Item = Change>) {
    fixture.store().apply(HERE, list.into_iter().collect::<Vec<_>>().into()).await.unwrap();
}

pub async fn people_are_walked_by_unit_both_ways(fixture: &impl Fixture) {
    let mut rows: Vec<PersonRow> =
        (0..12).map(|no| person_row(no * 7 % 12, ["b", "a", "c"][usize::try_from(no % 3).unwrap()])).collect();
    apply(fixture, rows.iter().cloned().map(Change::Person)).await;
    rows[5].name = "换了".to_owned();
    apply(fixture, [Change::Person(rows[5].clone())]).await;
    rows.sort_by_key(|row| (row.unit.clone(), row.id));
    let city = fixture.store().city().await.unwrap();
    for units in [vec![], vec!["a"], vec!["c", "b"], vec!["d"]] {
        let units: Vec<UnitCode> = units.into_iter().map(UnitCode::from).collect();
        let rows: Vec<PersonRow> =
            rows.iter().filter(|row| units.is_empty() || units.contains(&row.unit)).cloned().collect();
        walk(&rows, every_size(rows.len()), async |page| city.people(&units, &page).await.unwrap()).await;
    }
}

pub async fn names_are_found_by_id(fixture: &impl Fixture) {
    let rows: Vec<PersonRow> = (0..4).map(|no| person_row(no, "a")).collect();
    apply(fixture, rows.iter().cloned().map(Change::Person)).await;
    let city = fixture.store().city().await.unwrap();
    assert_eq!(city.person(person(2)).await.unwrap(), Some(rows[2].clone()));
    assert_eq!(city.person(person(9)).await.unwrap(), None);
    let mut named = city.people_named(&[person(3), person(9), person(0)]).await.unwrap();
    named.sort_by_key(|row| row.id);
    assert_eq!(named, [rows[0].clone(), rows[3].clone()]);
    assert_eq!(city.people_named(&[]).await.unwrap(), []);
}

pub async fn posts_are_found_by_person_and_by_unit_and_time(fixture: &impl Fixture) {
    let posts = [
        post_row(1, 1, "a", 0, Some(10)),
        post_row(2, 1, "a", 10, None),
        post_row(3, 2, "a", 5, Some(15)),
        post_row(4, 1, "b", 5, None),
    ];
    apply(fixture, posts.iter().cloned().map(Change::Post)).await;
    let [one, two, three, four] = posts;
    {
        let city = fixture.store().city().await.unwrap();
        assert_eq!(city.posts_of(person(1)).await.unwrap(), [two.clone(), four.clone(), one.clone()]);
        let held = async |ms| city.posts_in(&UnitCode::from("a"), at(ms)).await.unwrap();
        assert_eq!(held(4).await, std::slice::from_ref(&one));
        assert_eq!(held(9).await, [one.clone(), three.clone()]);
        assert_eq!(held(10).await, [two.clone(), three.clone()]);
        assert_eq!(held(15).await, std::slice::from_ref(&two));
        assert_eq!(city.post(three.id).await.unwrap(), Some(three.clone()));
        assert_eq!(city.post(post_row(9, 1, "a", 0, None).id).await.unwrap(), None);
    }
    apply(fixture, [Change::EndPost { post: two.id, at: at(20) }]).await;
    let city = fixture.store().city().await.unwrap();
    assert_eq!(city.posts_in(&UnitCode::from("a"), at(20)).await.unwrap(), []);
    assert_eq!(city.posts_of(person(1)).await.unwrap(), [Post { to: Some(at(20)), ..two }, four, one]);
}

pub async fn a_login_belongs_to_one_person(fixture: &impl Fixture) {
    apply(fixture, (0..3).map(|no| Change::Person(person_row(no, "a")))).await;
    apply(fixture, [Change::Account(account(1, "li")), Change::Account(account(2, "wang"))]).await;
    let taken = fixture.store().apply(HERE, vec![Change::Account(account(2, "li"))].into()).await;
    assert!(matches!(taken, Err(StoreError::Taken { .. })), "{taken:?}");
    {
        let city = fixture.store().city().await.unwrap();
        assert_eq!(city.account("li").await.unwrap(), Some(account(1, "li")));
        assert_eq!(city.account_of(person(2)).await.unwrap(), Some(account(2, "wang")));
        assert_eq!(city.account("nobody").await.unwrap(), None);
        assert_eq!(city.account_of(person(0)).await.unwrap(), None);
    }
    let changed = AccountRow { failures: 0, locked_until: None, ..account(1, "li-hua") };
    apply(fixture, [Change::Account(changed.clone()), Change::Account(account(2, "li"))]).await;
    let city = fixture.store().city().await.unwrap();
    assert_eq!(city.account_of(person(1)).await.unwrap(), Some(changed));
    assert_eq!(city.account("li").await.unwrap(), Some(account(2, "li")));
}

pub async fn a_session_is_found_by_its_secret_until_it_ends(fixture: &impl Fixture) {
    apply(fixture, [Change::Person(person_row(1, "a"))]).await;
    apply(fixture, [Change::Session(session(1, 1, 0)), Change::Session(session(2, 1, 0))]).await;
    let seen = SessionRow { seen_at: at(77), post: Some(post(5)), ..session(1, 1, 0) };
    apply(fixture, [Change::Session(seen.clone())]).await;
    {
        let city = fixture.store().city().await.unwrap();
        assert_eq!(city.session(digest(1)).await.unwrap(), Some(seen));
        assert_eq!(city.session(digest(3)).await.unwrap(), None);
    }
    apply(fixture, [Change::EndSession(session(1, 1, 0).id)]).await;
    let city = fixture.store().city().await.unwrap();
    assert_eq!(city.session(digest(1)).await.unwrap(), None);
    assert_eq!(city.session(digest(2)).await.unwrap(), Some(session(2, 1, 0)));
}

pub async fn sessions_of_a_person_end_together(fixture: &impl Fixture) {
    apply(fixture, (0..3).map(|no| Change::Person(person_row(no, "a")))).await;
    apply(fixture, [session(1, 1, 0), session(2, 1, 0), session(3, 2, 0)].map(Change::Session)).await;
    apply(fixture, [Change::EndSessionsOf(person(1))]).await;
    let city = fixture.store().city().await.unwrap();
    assert_eq!(city.session(digest(1)).await.unwrap(), None);
    assert_eq!(city.session(digest(2)).await.unwrap(), None);
    assert_eq!(city.session(digest(3)).await.unwrap(), Some(session(3, 2, 0)));
}

pub async fn a_client_is_found_by_its_secret_also_when_revoked(fixture: &impl Fixture) {
    apply(fixture, [client(2), client(1)].map(Change::Client)).await;
    apply(fixture, [Change::RevokeClient { client: client(1).id, at: at(5) }]).await;
    let city = fixture.store().city().await.unwrap();
    let revoked = ClientRow { revoked_at: Some(at(5)), ..client(1) };
    assert_eq!(city.client(digest(1)).await.unwrap(), Some(revoked.clone()));
    assert_eq!(city.client(digest(2)).await.unwrap(), Some(client(2)));
    assert_eq!(city.client(digest(3)).await.unwrap(), None);
    assert_eq!(city.clients().await.unwrap(), [revoked, client(2)]);
}

pub async fn the_audit_record_is_walked_newest_first(fixture: &impl Fixture) {
    let mut rows: Vec<AuditRow> =
        (0..13).map(|no| audit(no * 5 % 13, [Some(1), None, Some(2)][usize::try_from(no % 3).unwrap()])).collect();
    apply(fixture, rows.iter().cloned().map(Change::Audit)).await;
    let again = fixture.store().apply(HERE, vec![Change::Audit(audit(3, Some(2)))].into()).await;
    assert!(matches!(again, Err(StoreError::Taken { .. })), "{again:?}");
    rows.sort_by_key(|row| std::cmp::Reverse(row.id));
    let city = fixture.store().city().await.unwrap();
    for of in [None, Some(person(1)), Some(person(2)), Some(person(3))] {
        let rows: Vec<AuditRow> = rows.iter().filter(|row| of.is_none() || row.person == of).cloned().collect();
        walk(&rows, every_size(rows.len()), async |page: Page<_>| city.audit(of, &page).await.unwrap()).await;
    }
}
