//! When things happened and when they were written down; and a clock that is wrong.

use super::{House, house, postgres, report, sqlite};
use gewu_app::{
    AppError, Caller,
    cases::{
        CaseAddress,
        act::Step,
        history::{Recorded, load},
    },
    doubt::Doubt,
    import::{ImportOptions, mapping::Mapping},
    verify::Verified,
};
use gewu_domain::{
    case::{Command, Fact},
    ids::{Digest, RegionId},
    people::{Actor, Role},
};
use gewu_sim::town::DEMO_PASSWORD;
use gewu_store::{Page, facts::FactRow, roots::RootRow};
use jiff::{SignedDuration, Timestamp, civil::Date};

/// One test for each record keeper.
macro_rules! on_both {
    ($($name:ident)*) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let dir = tempfile::tempdir().unwrap();
                super::$name(super::house(super::sqlite(&dir), dir).await).await;
            })*
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let dir = tempfile::tempdir().unwrap();
                let store = super::postgres(&format!("{:.40}", stringify!($name))).await;
                super::$name(super::house(store, dir).await).await;
            })*
        }
    };
}

on_both! {
    an_import_into_the_past_beside_a_running_server_verifies
    who_comes_after_the_seal_is_recorded_on_the_next_day
    every_day_with_facts_has_a_root_whatever_its_year
    facts_of_a_day_that_was_passed_over_are_found
    what_lies_too_far_from_its_recording_is_refused
    a_clock_that_is_wrong_for_a_moment_seals_and_sweeps_nothing
    after_a_long_stop_the_jobs_wait_for_a_word
    a_day_sealed_by_a_wrong_clock_is_opened_again_and_verify_says_so
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

async fn verified(house: &House) -> Verified {
    house.app.verify(false, &mut |_| {}).await.unwrap()
}

async fn reported(house: &House) -> CaseAddress {
    let receipt = house.app.report(&Caller::public("test"), None, report(&house.app)).await.unwrap();
    CaseAddress { region: receipt.region, id: receipt.id }
}

async fn facts(house: &House, address: CaseAddress) -> Vec<FactRow> {
    house.app.store.view(address.region).await.unwrap().facts(address.id).await.unwrap()
}

async fn roots(house: &House, region: RegionId) -> Vec<RootRow> {
    house.app.store.view(region).await.unwrap().roots().await.unwrap()
}

/// Lets the time pass as it does in service: no round of the jobs is left out for long.
async fn pass(house: &House, until: &str) {
    loop {
        let left = at(until).duration_since(house.app.now());
        if left <= SignedDuration::ZERO {
            return;
        }
        house.clock.advance(left.min(SignedDuration::from_hours(20)));
        house.app.tick().await.unwrap();
    }
}

const MAPPING: &str = r#"
words = "{words}"
[id]
column = "id"
[reported_at]
column = "from"
formats = ["%Y-%m-%d %H:%M"]
[closed_at]
column = "to"
formats = ["%Y-%m-%d %H:%M"]
[place]
lon = "lon"
lat = "lat"
[class]
column = "words"
default = "event-01-10"
"#;

async fn an_import_into_the_past_beside_a_running_server_verifies(house: House) {
    let address = reported(&house).await;
    pass(&house, "2026-11-05T03:00:00Z").await;
    assert_eq!(roots(&house, address.region).await.len(), 1, "a day is sealed before the import begins");
    let (lon, lat) = super::somewhere(&house.app);
    let mut file = "id,from,to,words,lon,lat\n".to_owned();
    for no in 0..900 {
        let (month, day) = (1 + no % 9, 1 + no % 27);
        file.push_str(&format!("A{no},2026-0{month}-{day:02} 09:00,2026-0{month}-{day:02} 18:00,x,{lon},{lat}\n"));
    }
    // Rows that happened on the sealed day too.
    file.push_str(&format!("B1,2026-11-02 09:00,2026-11-02 18:00,x,{lon},{lat}\n"));
    let mapping = Mapping::parse("mapping.toml", MAPPING).unwrap();
    let options = ImportOptions { dry_run: false };
    let (caller, file, mut tell) =
        (Caller::system(), Box::new(std::io::Cursor::new(file)), |_: gewu_app::import::Told<'_>| ());
    let mut import = Box::pin(house.app.import_cases(&caller, file, &mapping, &options, &mut tell));
    let imported = loop {
        tokio::select! {
            biased;
            imported = &mut import => break imported.unwrap(),
            ticked = house.app.tick() => { ticked.unwrap(); }
        }
    };
    drop(import);
    assert_eq!((imported.taken, imported.rejected.len()), (901, 0), "{imported:?}");

    pass(&house, "2026-11-08T03:00:00Z").await;
    let verified = verified(&house).await;
    assert_eq!((verified.findings, verified.remarks, verified.cases), (vec![], vec![], 902));
    let roots = roots(&house, address.region).await;
    assert_eq!(roots.iter().map(|root| root.day).collect::<Vec<_>>(), [day("2026-11-02"), day("2026-11-05")]);
    assert_eq!(roots.iter().map(|root| root.facts).sum::<u64>(), verified.facts, "every fact is under a root");
    let view = house.app.store.view(address.region).await.unwrap();
    let late = view.case_by_number(&format!("{}-B1", address.region)).await.unwrap().unwrap();
    assert_eq!((late.reported_at, late.changed_at), (at("2026-11-02T01:00:00Z"), at("2026-11-02T10:00:00Z")));
    let row = view.case_rows(&[late.id]).await.unwrap().remove(0);
    assert_eq!(row.closed_at, Some(at("2026-11-02T10:00:00Z")), "figures go by when it happened");
    assert_eq!(row.changed_at, at("2026-11-05T03:00:00Z"), "mirrors ask by when it was written down");
}

async fn who_comes_after_the_seal_is_recorded_on_the_next_day(house: House) {
    let before = reported(&house).await;
    let today = day("2026-11-02");
    // Somebody else's clock is ahead, and has sealed today.
    let store = &house.app.store;
    store.upkeep().put_root(before.region, RootRow { day: today, root: Digest([1; 32]), facts: 1 }).await.unwrap();
    let now = house.app.now();
    let after = reported(&house).await;
    let acceptor = house.staff(&house.member(Role::Acceptor, None, 0).post);
    house.step(&acceptor, before, Command::Remark { text: None }).await;
    let midnight = at("2026-11-03T00:00:00Z");
    let late: Vec<FactRow> = facts(&house, before).await.split_off(1);
    for fact in facts(&house, after).await.iter().chain(&late) {
        assert_eq!((fact.at.duration_since(now).as_mins() < 5, fact.recorded_at), (true, midnight));
        let said: Fact = serde_json::from_str(&fact.body).unwrap();
        assert_eq!((said.at, said.recorded_at()), (fact.at, midnight), "and the fact itself says so");
    }
    // A history that would be recorded on that day is recorded now, or as soon as it can be.
    let told = house.app.history(
        &Actor::System,
        at("2026-10-01T01:00:00Z"),
        Recorded::AsTold(now),
        |_| "X1".to_owned(),
        &report(&house.app),
    );
    let (region, changes) = told.unwrap().finish();
    load(store.as_ref(), now, region, vec![changes]).await.unwrap();
    let view = store.view(region).await.unwrap();
    let told = view.case_by_number("X1").await.unwrap().unwrap();
    drop(view);
    let told = facts(&house, CaseAddress { region, id: told.id }).await;
    assert_eq!((told[0].at, told[0].recorded_at), (at("2026-10-01T01:00:00Z"), midnight));
    let findings: Vec<&str> = verified(&house).await.findings.iter().map(|finding| finding.what).collect();
    assert_eq!(findings, ["a day's root does not fit its facts"], "only the made-up root");
}

async fn every_day_with_facts_has_a_root_whatever_its_year(house: House) {
    let mut told = Vec::new();
    let mut region = RegionId(0);
    for (no, happened) in [(0, "1977-05-01T01:00:00Z"), (1, "1999-12-31T23:59:59Z"), (2, "2026-11-01T01:00:00Z")] {
        let recorded = Recorded::AsTold(house.app.now());
        let history = house
            .app
            .history(&Actor::System, at(happened), recorded, |_| format!("X{no}"), &report(&house.app))
            .unwrap();
        let (of, changes) = history.finish();
        region = of;
        told.push(changes);
    }
    load(house.app.store.as_ref(), house.app.now(), region, told).await.unwrap();
    assert_eq!(house.app.tick().await.unwrap().roots, 3, "days without facts need none");
    let roots = roots(&house, region).await;
    let days: Vec<(Date, u64)> = roots.iter().map(|root| (root.day, root.facts)).collect();
    assert_eq!(days, [(day("1977-05-01"), 1), (day("1999-12-31"), 1), (day("2026-11-01"), 1)]);

    // What comes from elsewhere is recorded now, sealed days or not.
    let recorded = Recorded::At(house.app.now());
    let happened = at("2026-11-01T12:00:00Z");
    let history =
        house.app.history(&Actor::System, happened, recorded, |_| "X3".to_owned(), &report(&house.app)).unwrap();
    let id = history.case.id;
    let (region, changes) = history.finish();
    house.app.store.upkeep().load(region, vec![changes]).await.unwrap();
    let fact = facts(&house, CaseAddress { region, id }).await.remove(0);
    assert_eq!((fact.at, fact.recorded_at), (happened, house.app.now()));
    assert_eq!(verified(&house).await.findings, []);
}

async fn facts_of_a_day_that_was_passed_over_are_found(house: House) {
    let address = reported(&house).await;
    let root = RootRow { day: day("2026-11-03"), root: Digest([1; 32]), facts: 0 };
    house.app.store.upkeep().put_root(address.region, root).await.unwrap();
    let findings = verified(&house).await.findings;
    let without = findings.iter().find(|finding| finding.what == "facts of a day without a root").unwrap();
    assert_eq!(without.detail, "2026-11-02");
}

async fn what_lies_too_far_from_its_recording_is_refused(house: House) {
    let code = |refused: Result<_, AppError>| match refused {
        Ok(()) => "taken",
        Err(AppError::Invalid(problems)) => problems[0].code,
        Err(error) => panic!("{error}"),
    };
    let app = &house.app;
    let back = i64::from(app.snapshot().unwrap().city.policy.occurrence.back_days);
    let told = |happened: Timestamp| {
        let recorded = Recorded::At(app.now());
        app.history(&Actor::System, happened, recorded, |_| "X".to_owned(), &report(app)).map(drop)
    };
    let ago = |hours: i64| app.now().checked_sub(SignedDuration::from_hours(hours)).unwrap();
    assert_eq!(code(told(ago(24 * back))), "taken");
    assert_eq!(code(told(ago(24 * back + 1))), "out_of_time");
    assert_eq!(code(told(at("1969-12-31T23:59:59Z"))), "out_of_time");
    assert_eq!(code(told(ago(-1))), "out_of_time", "what has not happened yet");

    let address = reported(&house).await;
    let acceptor = house.staff(&house.member(Role::Acceptor, None, 0).post);
    house.clock.set(at("1969-12-31T23:00:00Z"));
    let step =
        Step { command: Command::Submit, note: String::new(), photos: Vec::new(), location: None, version: None };
    assert_eq!(code(app.act(&acceptor, address, None, step).await.map(drop)), "out_of_time");
    assert_eq!(code(app.report(&Caller::public("test"), None, report(app)).await.map(drop)), "out_of_time");
}

async fn a_clock_that_is_wrong_for_a_moment_seals_and_sweeps_nothing(house: House) {
    let app = &house.app;
    let address = reported(&house).await;
    let login = house.town.accounts().next().unwrap().login.clone().unwrap();
    app.tick().await.unwrap();
    let signed_in = super::sign_in(app, &login, DEMO_PASSWORD, "test").await.unwrap();
    let right = app.now();
    for wrong in [at("2038-01-19T03:14:07Z"), right.checked_add(SignedDuration::from_hours(26)).unwrap()] {
        house.clock.set(wrong);
        for _ in 0..4 {
            let ticked = app.tick().await.unwrap();
            assert_eq!((ticked.roots, ticked.swept, ticked.resumed), (0, 0, 0));
            house.clock.advance(SignedDuration::from_secs(5));
        }
        assert!(app.signed(&signed_in.secret, "test").await.is_err(), "by this clock it is idle for too long");
        assert!(matches!(app.doubt(), Some(Doubt::Ahead { last, .. }) if last == right));
        let swept = app.sweep_photos(None, wrong, false).await;
        assert!(matches!(swept, Err(AppError::Invalid(_))), "{swept:?}");
        house.clock.set(right);
        app.tick().await.unwrap();
        assert_eq!(app.doubt(), None);
        assert!(app.signed(&signed_in.secret, "test").await.is_ok(), "the session was not ended");
    }
    let view = app.store.view(address.region).await.unwrap();
    assert_eq!(view.contacts(address.id).await.unwrap().len(), 1, "nothing was erased");
    assert_eq!(view.roots().await.unwrap(), []);
    drop(view);
    pass(&house, "2026-11-04T01:00:00Z").await;
    let verified = verified(&house).await;
    assert_eq!((verified.findings, verified.remarks, verified.days), (vec![], vec![], 1));
}

async fn after_a_long_stop_the_jobs_wait_for_a_word(house: House) {
    let app = &house.app;
    let address = reported(&house).await;
    app.tick().await.unwrap();
    house.clock.advance(SignedDuration::from_hours(25));
    assert_eq!(app.tick().await.unwrap().roots, 1, "a day without a round is no long stop");
    reported(&house).await;
    house.clock.advance(SignedDuration::from_hours(72));
    assert_eq!(app.tick().await.unwrap().roots, 0);
    assert!(matches!(app.doubt(), Some(Doubt::Ahead { .. })));
    reported(&house).await;
    let strange = app.accept_clock(&Caller::public("test")).await;
    assert!(matches!(strange, Err(AppError::Forbidden(_) | AppError::SignedOut)), "{strange:?}");
    app.accept_clock(&Caller::system()).await.unwrap();
    assert_eq!((app.doubt(), app.tick().await.unwrap().roots), (None, 1));
    assert_eq!(roots(&house, address.region).await.len(), 2);
    let audit = app.audit(&Caller::system(), None, &Page::first(5)).await.unwrap();
    assert!(audit.rows.iter().any(|row| row.action == "clock.accept"), "{audit:?}");
}

async fn a_day_sealed_by_a_wrong_clock_is_opened_again_and_verify_says_so(house: House) {
    let app = &house.app;
    let address = reported(&house).await;
    app.tick().await.unwrap();
    let right = app.now();
    house.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(app.tick().await.unwrap().roots, 1, "a clock that is ahead by less than a day is believed");
    house.clock.set(right);
    let reports = reported(&house).await;
    assert_eq!(app.tick().await.unwrap().roots, 0);
    let sealed = day("2026-11-02");
    assert!(matches!(app.doubt(), Some(Doubt::Behind { sealed: day, .. }) if day == sealed));
    let refused = app.accept_clock(&Caller::system()).await;
    assert!(matches!(refused, Err(AppError::Invalid(_))), "a word does not make it tomorrow: {refused:?}");

    let (system, region) = (Caller::system(), address.region);
    let reopen = async |dry_run| app.reopen_day(&system, sealed, None, None, "时钟快了一天", dry_run).await.unwrap();
    let before = roots(&house, region).await;
    assert_eq!(reopen(true).await.len(), 1);
    assert_eq!(roots(&house, region).await, before, "a dry run changes nothing");
    assert!(app.reopen_day(&system, sealed, None, None, " ", false).await.is_err(), "without a reason it is not done");
    assert!(app.reopen_day(&Caller::public("test"), sealed, None, None, "x", false).await.is_err());
    let reopened = reopen(false).await;
    assert_eq!((reopened[0].region, &reopened[0].days[..]), (region, &[sealed][..]));
    assert_eq!((roots(&house, region).await, app.doubt()), (vec![], None));
    let third = reported(&house).await;
    assert_eq!(facts(&house, third).await[0].recorded_at, right, "the day is open");

    pass(&house, "2026-11-05T01:00:00Z").await;
    let whole = verified(&house).await;
    assert_eq!(whole.findings, []);
    assert_eq!(whole.remarks.len(), 1);
    assert!(whole.remarks[0].detail.contains("2026-11-02") && whole.remarks[0].detail.contains("时钟快了一天"));
    let days: Vec<(Date, u64)> = roots(&house, region).await.iter().map(|root| (root.day, root.facts)).collect();
    assert_eq!(days, [(sealed, 2), (day("2026-11-03"), 1)], "what came after the seal was recorded the day after");
    assert_eq!(facts(&house, reports).await[0].recorded_at, at("2026-11-03T00:00:00Z"));

    // Opened twice more, later days first: the last stands for those it took away.
    for again in [day("2026-11-03"), day("2026-11-01")] {
        app.reopen_day(&system, again, None, None, "再来", false).await.unwrap();
        app.tick().await.unwrap();
        let whole = verified(&house).await;
        assert_eq!((whole.findings, whole.days), (vec![], 2));
    }
    assert_eq!(verified(&house).await.remarks.len(), 3);
    let audit = app.audit(&Caller::system(), None, &Page::first(9)).await.unwrap();
    assert_eq!(audit.rows.iter().filter(|row| row.action == "clock.reopen").count(), 3);
}
