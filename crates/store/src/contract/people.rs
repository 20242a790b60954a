//! Staff, accounts, sessions, clients and the audit record.

use super::{
    Fixture, every_size,
    kept::kept,
    sample::{HERE, at, digest, person, post},
    together, walk,
};
use crate::{
    Change, Changes, Page, Store, StoreError,
    audit::{AuditFilter, AuditRow},
    clients::ClientRow,
    people::{AccountRow, FIRST_VERSION, PasswordHash, PersonRow},
    sessions::{DeviceRow, SessionRow},
    tries::{Pace, TryKey},
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
        password: PasswordHash("$argon2id$x".to_owned()),
        must_change: of.is_multiple_of(2),
        changed_at: at(1),
        version: FIRST_VERSION,
        totp: (of % 2 == 1).then(|| vec![7; 9]),
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
        device: "Firefox · Windows".to_owned(),
    }
}

pub fn client(no: u128) -> ClientRow {
    ClientRow {
        id: ClientId(Uuid::from_u128(no)),
        name: format!("系统 {no}"),
        secret: digest(u64::try_from(no).unwrap()),
        scopes: if no == 1 { Vec::new() } else { vec!["report".to_owned(), "read".to_owned()] },
        area: (no == 2).then(|| AreaCode::from("110101")),
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
        area: [None, Some("110101"), Some("110101001"), Some("110102")][usize::try_from(id % 4).unwrap()]
            .map(AreaCode::from),
    }
}

async fn apply(fixture: &impl Fixture, list: impl IntoIterator<Item = Change>) {
    fixture.store().apply(HERE, list.into_iter().collect::<Vec<_>>().into()).await.unwrap();
}

pub async fn people_are_walked_by_unit_both_ways(fixture: &impl Fixture) {
    let mut rows: Vec<PersonRow> =
        (0..12).map(|no| person_row(no * 7 % 12, ["b", "a", "c"][usize::try_from(no % 3).unwrap()])).collect();
    apply(fixture, rows.iter().cloned().map(Change::Person)).await;
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
    apply(fixture, (0..4).map(|no| Change::Person(person_row(no, "a")))).await;
    apply(fixture, [account(1, "li"), account(2, "wang")].map(Change::OpenAccount)).await;
    let taken = refused(fixture, Change::OpenAccount(account(3, "li"))).await;
    assert!(matches!(taken, StoreError::Taken { .. }), "{taken:?}");
    let city = fixture.store().city().await.unwrap();
    assert_eq!(city.account("li").await.unwrap(), Some(account(1, "li")));
    assert_eq!(city.account_of(person(2)).await.unwrap(), Some(account(2, "wang")));
    assert_eq!(city.account("nobody").await.unwrap(), None);
    assert_eq!(city.account_of(person(0)).await.unwrap(), None);
    assert_eq!(city.account_of(person(3)).await.unwrap(), None);
    assert_eq!(city.totps().await.unwrap(), [(person(1), vec![7; 9])]);
}

/// What a single change is refused with.
async fn refused(fixture: &impl Fixture, change: Change) -> StoreError {
    fixture.store().apply(HERE, vec![change].into()).await.unwrap_err()
}

/// Somebody with an account and two sessions, seen at 0.
async fn signed_in(fixture: &impl Fixture) {
    apply(fixture, [Change::Person(person_row(1, "a")), Change::OpenAccount(account(1, "li"))]).await;
    apply(fixture, [open(session(1, 1, 0)), open(session(2, 1, 0))]).await;
}

pub fn open(session: SessionRow) -> Change {
    Change::OpenSession { session, was: FIRST_VERSION }
}

fn set_password(was: u32, password: &str) -> Change {
    let password = PasswordHash(password.to_owned());
    Change::SetPassword { person: person(1), was, password, must_change: false, at: at(5) }
}

pub async fn what_is_there_already_is_not_written_over(fixture: &impl Fixture) {
    let post = post_row(1, 1, "a", 0, Some(10));
    signed_in(fixture).await;
    apply(fixture, [Change::Post(post.clone()), Change::Client(client(1))]).await;
    let before = kept(fixture.store()).await;
    for again in [
        Change::Person(PersonRow { name: "换了".to_owned(), ..person_row(1, "a") }),
        Change::Post(Post { to: None, ..post }),
        Change::OpenAccount(account(1, "li-hua")),
        open(SessionRow { secret: digest(9), ..session(1, 1, 0) }),
        open(SessionRow { id: SessionId(Uuid::from_u128(9)), ..session(1, 1, 0) }),
        Change::Client(ClientRow { scopes: vec!["admin".to_owned()], ..client(1) }),
    ] {
        let taken = refused(fixture, again.clone()).await;
        assert!(matches!(taken, StoreError::Taken { .. }), "{again:?}: {taken:?}");
        assert_eq!(kept(fixture.store()).await, before, "{again:?}");
    }
}

pub async fn what_has_ended_keeps_its_end(fixture: &impl Fixture) {
    let (ended, lasting) = (post_row(1, 1, "a", 0, Some(10)), post_row(2, 1, "a", 0, None));
    apply(fixture, [Change::Post(ended.clone()), Change::Post(lasting.clone()), Change::Client(client(1))]).await;
    for ms in [20, 30] {
        let ends = [ended.id, lasting.id].map(|post| Change::EndPost { post, at: at(ms) });
        apply(fixture, ends.into_iter().chain([Change::RevokeClient { client: client(1).id, at: at(ms) }])).await;
    }
    let city = fixture.store().city().await.unwrap();
    assert_eq!(city.post(ended.id).await.unwrap().unwrap().to, Some(at(10)));
    assert_eq!(city.post(lasting.id).await.unwrap().unwrap().to, Some(at(20)));
    assert_eq!(city.clients().await.unwrap()[0].revoked_at, Some(at(20)));
}

pub async fn an_account_is_changed_only_as_it_was_read(fixture: &impl Fixture) {
    signed_in(fixture).await;
    let rehash = |was| Change::Rehash { person: person(1), was, password: PasswordHash("costlier".to_owned()) };
    let set_totp = |was| Change::SetTotp {
        person: person(1),
        was,
        totp: Some(vec![1]),
        recovery_codes: vec![digest(4), digest(3)],
    };
    apply(fixture, [rehash(1), set_password(1, "new"), set_totp(2)]).await;
    let stands = AccountRow {
        password: PasswordHash("new".to_owned()),
        must_change: false,
        changed_at: at(5),
        version: 3,
        totp: Some(vec![1]),
        ..account(1, "li")
    };
    {
        let city = fixture.store().city().await.unwrap();
        assert_eq!(city.account("li").await.unwrap(), Some(stands.clone()));
        let mut codes = [digest(3), digest(4)];
        codes.sort();
        assert_eq!(city.recovery_codes(person(1)).await.unwrap(), codes);
        assert_eq!(city.sessions_of(person(1)).await.unwrap(), []);
    }
    for was in [1, 2, 4] {
        for late in [
            rehash(was),
            set_password(was, "late"),
            set_totp(was),
            Change::OpenSession { session: session(7, 1, 0), was },
        ] {
            let stale = refused(fixture, late.clone()).await;
            assert!(matches!(stale, StoreError::Stale { .. }), "{late:?}: {stale:?}");
        }
    }
    let nobody = Change::OpenSession { session: session(7, 2, 0), was: 1 };
    assert!(matches!(refused(fixture, nobody).await, StoreError::Stale { .. }));
    let city = fixture.store().city().await.unwrap();
    assert_eq!(city.account("li").await.unwrap(), Some(stands));
    assert_eq!(city.sessions_of(person(1)).await.unwrap(), []);
}

pub async fn a_session_is_found_by_its_secret_until_it_ends(fixture: &impl Fixture) {
    signed_in(fixture).await;
    let [id, other] = [1, 2].map(|no| session(no, 1, 0).id);
    apply(fixture, [Change::SeeSession { session: id, at: at(77) }]).await;
    apply(fixture, [Change::SeeSession { session: id, at: at(7) }]).await;
    apply(fixture, [Change::SwitchPost { session: id, post: post(5) }]).await;
    {
        let city = fixture.store().city().await.unwrap();
        let stands = SessionRow { seen_at: at(77), post: Some(post(5)), ..session(1, 1, 0) };
        assert_eq!(city.session(digest(1)).await.unwrap(), Some(stands.clone()));
        assert_eq!(city.session(digest(3)).await.unwrap(), None);
        assert_eq!(city.sessions_of(person(1)).await.unwrap(), [session(2, 1, 0), stands]);
        assert_eq!(city.sessions_of(person(2)).await.unwrap(), []);
    }
    apply(fixture, [Change::EndSession(id), Change::EndSession(id)]).await;
    apply(fixture, [Change::SeeSession { session: id, at: at(99) }]).await;
    let gone = refused(fixture, Change::SwitchPost { session: id, post: post(6) }).await;
    assert!(matches!(gone, StoreError::Stale { .. }), "{gone:?}");
    let city = fixture.store().city().await.unwrap();
    assert_eq!(city.session(digest(1)).await.unwrap(), None);
    assert_eq!(city.sessions_of(person(1)).await.unwrap(), [session(2, 1, 0)]);
    assert_eq!(city.session(digest(2)).await.unwrap().unwrap().id, other);
}

pub async fn sessions_of_a_person_end_together_or_all_but_one(fixture: &impl Fixture) {
    apply(fixture, (0..3).map(|no| Change::Person(person_row(no, "a")))).await;
    apply(fixture, [account(1, "li"), account(2, "wang")].map(Change::OpenAccount)).await;
    apply(fixture, [session(1, 1, 0), session(2, 1, 0), session(3, 2, 0)].map(open)).await;
    let left = async |of| fixture.store().city().await.unwrap().sessions_of(person(of)).await.unwrap();
    apply(fixture, [Change::EndOtherSessions { person: person(1), but: session(2, 1, 0).id }]).await;
    assert_eq!(left(1).await, [session(2, 1, 0)]);
    apply(fixture, [Change::EndSessionsOf(person(1))]).await;
    assert_eq!((left(1).await, left(2).await), (vec![], vec![session(3, 2, 0)]));
}

pub async fn devices_are_known_until_their_time_or_forgotten(fixture: &impl Fixture) {
    let device = |of, no, ms| DeviceRow { person: person(of), secret: digest(no), ends_at: at(ms) };
    let known = async |of, no| fixture.store().city().await.unwrap().device(person(of), digest(no)).await.unwrap();
    let rows = [device(1, 1, 5), device(1, 2, 5), device(1, 3, 50), device(2, 1, 50)];
    apply(fixture, rows.map(Change::KnowDevice)).await;
    apply(fixture, [Change::KnowDevice(device(1, 1, 60))]).await;
    assert_eq!(known(1, 1).await, Some(device(1, 1, 60)));
    assert_eq!((known(1, 4).await, known(2, 2).await), (None, None));
    assert_eq!(fixture.store().upkeep().sweep_tries(at(0), at(6)).await.unwrap(), 1);
    assert_eq!((known(1, 2).await, known(1, 3).await.is_some()), (None, true));
    apply(fixture, [Change::ForgetDevicesOf { person: person(1), but: Some(digest(3)) }]).await;
    assert_eq!((known(1, 1).await, known(1, 3).await.is_some()), (None, true));
    apply(fixture, [Change::ForgetDevicesOf { person: person(1), but: None }]).await;
    assert_eq!((known(1, 3).await, known(2, 1).await), (None, Some(device(2, 1, 50))));
}

/// One change under a key of its own, so that a keeper with several writers spreads them.
async fn one(store: &dyn Store, no: usize, list: Vec<Change>) -> Result<(), StoreError> {
    let answer = super::sample::answer(&format!("race {no}"), "{}", at(0));
    store.apply(HERE, Changes { answer: Some(answer), list }).await
}

pub async fn no_session_outlives_the_password_it_was_opened_with(fixture: &impl Fixture) {
    let store = fixture.store();
    signed_in(fixture).await;
    for round in 0..20_u32 {
        let was = FIRST_VERSION + round;
        let rows: Vec<SessionRow> = (0..12).map(|no| session(u128::from(100 * round + 100 + no), 1, 0)).collect();
        let mut writes = vec![vec![set_password(was, "new")]];
        for row in &rows {
            writes.push(vec![Change::OpenSession { session: row.clone(), was }]);
            writes.push(vec![Change::SeeSession { session: row.id, at: at(9) }]);
        }
        let middle = writes.len() / 2;
        writes.swap(0, middle);
        let tries = (100 * usize::try_from(round).unwrap()..).zip(writes).map(|(no, list)| one(store, no, list));
        let results = together(tries).await;
        assert!(results[middle].is_ok(), "{results:?}");
        assert!(results.iter().all(|one| matches!(one, Ok(()) | Err(StoreError::Stale { .. }))), "{results:?}");
        assert_eq!(store.city().await.unwrap().sessions_of(person(1)).await.unwrap(), [], "round {round}");
    }
}

pub async fn of_many_who_set_a_password_at_once_one_does(fixture: &impl Fixture) {
    let store = fixture.store();
    signed_in(fixture).await;
    for round in 0..10_usize {
        let was = FIRST_VERSION + u32::try_from(round).unwrap();
        let tries = (0..9).map(|no| one(store, 100 * round + no, vec![set_password(was, &no.to_string())]));
        let results = together(tries).await;
        let won: Vec<usize> = (0..9).filter(|no| results[*no].is_ok()).collect();
        assert_eq!(won.len(), 1, "{results:?}");
        let account = store.city().await.unwrap().account("li").await.unwrap().unwrap();
        assert_eq!((account.password.0, account.version), (won[0].to_string(), was + 1));
    }
}

pub async fn a_code_is_taken_once_however_many_bring_it(fixture: &impl Fixture) {
    let store = fixture.store();
    signed_in(fixture).await;
    let codes = vec![digest(1), digest(2)];
    apply(fixture, [Change::SetTotp { person: person(1), was: 1, totp: Some(vec![1]), recovery_codes: codes }]).await;
    let step = |step| Change::UseStep { person: person(1), step };
    let recovery = |no| Change::UseRecoveryCode { person: person(1), code: digest(no) };
    for (round, change) in [step(7), recovery(1), step(8)].into_iter().enumerate() {
        let results = together((0..9).map(|no| one(store, 100 * round + no, vec![change.clone()]))).await;
        assert_eq!(results.iter().filter(|one| one.is_ok()).count(), 1, "{results:?}");
        assert!(results.iter().all(|one| matches!(one, Ok(()) | Err(StoreError::Stale { .. }))), "{results:?}");
    }
    for late in [step(8), step(7), recovery(1), recovery(9)] {
        let stale = refused(fixture, late.clone()).await;
        assert!(matches!(stale, StoreError::Stale { .. }), "{late:?}: {stale:?}");
    }
    assert_eq!(store.city().await.unwrap().recovery_codes(person(1)).await.unwrap(), [digest(2)]);
}

pub async fn of_many_tries_at_once_only_the_free_ones_go_through(fixture: &impl Fixture) {
    let upkeep = fixture.store().upkeep();
    let narrow = Pace { free: 5, first_s: 60, most_s: 600, forgotten_s: 3_600 };
    let wide = Pace { free: 20, ..narrow };
    let keys =
        |origin: u64| [TryKey { key: digest(1), pace: wide }, TryKey { key: digest(100 + origin), pace: narrow }];
    let tries = async |origins: u64| {
        let asked: Vec<[TryKey; 2]> = (0..80).map(|no| keys(no % origins)).collect();
        let answers = together(asked.iter().map(|keys| upkeep.take_try(keys, at(0)))).await;
        answers.into_iter().filter(|answer| answer.as_ref().unwrap().is_none()).count()
    };
    assert_eq!(tries(1).await, 5, "of one origin");
    assert_eq!(tries(80).await, 15, "of all origins");
    assert_eq!(upkeep.take_try(&keys(0), at(1)).await.unwrap(), Some(at(60_000)));
    assert_eq!(upkeep.take_try(&keys(0), at(60_000)).await.unwrap(), None);
    assert_eq!(upkeep.take_try(&keys(0), at(60_001)).await.unwrap(), Some(at(180_000)), "the wait has doubled");
    assert_eq!(upkeep.take_try(&[TryKey { key: digest(9), pace: narrow }], at(0)).await.unwrap(), None);
}

pub async fn tries_are_forgotten_when_they_are_told_to_be(fixture: &impl Fixture) {
    let upkeep = fixture.store().upkeep();
    let pace = Pace { free: 1, first_s: 600, most_s: 600, forgotten_s: 3_600 };
    let keys = [1, 2, 3].map(|no| TryKey { key: digest(no), pace });
    assert_eq!(upkeep.take_try(&keys[..2], at(0)).await.unwrap(), None);
    assert_eq!(upkeep.take_try(&keys[2..], at(5)).await.unwrap(), None);
    assert_eq!(upkeep.take_try(&keys, at(6)).await.unwrap(), Some(at(600_005)));
    apply(fixture, [Change::ForgetTries(vec![digest(1), digest(8)])]).await;
    assert_eq!(upkeep.take_try(&keys[..1], at(6)).await.unwrap(), None);
    assert_eq!(upkeep.sweep_tries(at(5), at(0)).await.unwrap(), 1);
    assert_eq!(upkeep.take_try(&keys[1..2], at(6)).await.unwrap(), None);
    assert_eq!(upkeep.take_try(&keys[2..], at(6)).await.unwrap(), Some(at(600_005)));
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
        for areas in [&[][..], &["110101"], &["110101001", "110102"], &["1"]] {
            let areas: Vec<AreaCode> = areas.iter().copied().map(AreaCode::from).collect();
            let is_in = |row: &AuditRow| row.area.as_ref().is_some_and(|area| areas.contains(area));
            let rows: Vec<AuditRow> = rows
                .iter()
                .filter(|row| (of.is_none() || row.person == of) && (areas.is_empty() || is_in(row)))
                .cloned()
                .collect();
            let filter = AuditFilter { person: of, areas };
            walk(&rows, every_size(rows.len()), async |page: Page<_>| city.audit(&filter, &page).await.unwrap()).await;
        }
    }
}
