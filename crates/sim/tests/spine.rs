//! The spine, from the first word of a report to a verified, closed case: the use cases on both record keepers.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so"
)]

#[path = "spine/record.rs"]
mod record;

use gewu_app::{
    App, AppError, Caller, Identity, Settings,
    cases::{
        CaseAddress, IdempotencyKey, PhotoName,
        act::Step,
        report::{Contact, NewReport},
    },
    city::{Draft, Kind, Publishing},
    clock::{HandClock, SeededRandom},
    locate::Location,
    passwords::Cost,
    people::{
        sign_in::{Attempt, Browser, Entered, SignedIn},
        totp::TotpState,
    },
    sealing::Keyring,
};
use gewu_blobs::DiskBlobs;
use gewu_domain::{
    case::{Command, Part, Source, StateKind},
    ids::{CaseId, ClassCode, ReasonCode, UnitCode},
    people::{Post, Role},
};
use gewu_sim::town::{DEMO_PASSWORD, Member, Town};
use gewu_store::{Page, Store, cases::CaseFilter};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha1::Sha1;
use std::sync::Arc;

struct House {
    app: App,
    clock: Arc<HandClock>,
    town: Town,
    /// The key file.
    keys: std::path::PathBuf,
    _dir: tempfile::TempDir,
}

async fn house(store: Arc<dyn Store>, dir: tempfile::TempDir) -> House {
    house_with(Settings::default(), store, dir).await
}

async fn house_with(settings: Settings, store: Arc<dyn Store>, dir: tempfile::TempDir) -> House {
    let clock = Arc::new(HandClock::at("2026-11-02T01:00:00Z".parse::<Timestamp>().unwrap()));
    let blobs = Arc::new(DiskBlobs::open(dir.path().join("photos")).unwrap());
    let keys = dir.path().join("keys");
    Keyring::make(&keys, &SeededRandom::new(9)).unwrap();
    let keyring = Arc::new(Keyring::load(&keys).unwrap());
    let random = Arc::new(SeededRandom::new(5));
    let app = App::open(store, blobs, keyring, clock.clone(), random, settings).await.unwrap();
    let town = Town::tiny(1);
    town.settle(&app).await.unwrap();
    House { app, clock, town, keys, _dir: dir }
}

impl House {
    fn staff(&self, post: &Post) -> Caller {
        let identity = Identity::Staff { person: post.person, session: None, post: post.clone() };
        Caller { identity, origin: "test".to_owned() }
    }

    fn member(&self, role: Role, unit: Option<&UnitCode>, nth: usize) -> &Member {
        let fits = |member: &&Member| member.post.role == role && unit.is_none_or(|unit| *unit == member.post.unit);
        self.town.people.iter().filter(fits).nth(nth).unwrap_or_else(|| panic!("no {role:?} in {unit:?}"))
    }

    async fn step(&self, who: &Caller, address: CaseAddress, command: Command) -> StateKind {
        self.clock.advance(SignedDuration::from_mins(3));
        let step = Step { command, note: "说明".to_owned(), photos: Vec::new(), location: None, version: None };
        self.app.act(who, address, None, step).await.unwrap().state
    }
}

/// A point inside some grid of the town.
fn somewhere(app: &App) -> (f64, f64) {
    let snapshot = app.snapshot().unwrap();
    let grid = snapshot
        .shapes
        .iter()
        .find(|(code, _)| snapshot.city.areas.get(code).is_some_and(|area| area.is_grid()))
        .unwrap();
    let point = grid.1.point_on_surface();
    (point.lon(), point.lat())
}

fn report(app: &App) -> NewReport {
    NewReport {
        source: Source::Resident,
        location: Location { point: Some(somewhere(app)), ..Location::default() },
        class: Some(ClassCode::from("event-01-10")),
        words: "小区门口的垃圾桶满了三天，没人收，臭得开不了窗。".to_owned(),
        photos: Vec::new(),
        contact: Contact { phone: "138 0013 8000".to_owned(), ..Contact::default() },
        is_confidential: false,
        is_urgent: false,
        is_fixed_on_spot: false,
    }
}

async fn the_whole_loop(house: House) {
    let app = &house.app;
    let key = IdempotencyKey::new("test", "one").unwrap();
    let public = Caller::public("test");
    let receipt = app.report(&public, Some(&key), report(app)).await.unwrap();
    assert!(receipt.is_placed && receipt.code.is_some());
    assert_eq!(app.report(&public, Some(&key), report(app)).await.unwrap(), receipt, "the same again is the same");
    let address = CaseAddress { region: receipt.region, id: receipt.id };

    let acceptor = house.staff(&house.member(Role::Acceptor, None, 0).post);
    let inbox = app.inbox(&acceptor, receipt.region, &[], &Page::first(20)).await.unwrap();
    assert_eq!(inbox.rows.rows.len(), 1);
    let page = app.case_page(&acceptor, address).await.unwrap();
    assert_eq!(page.contacts[0].masked.as_deref(), Some("138****8000"));
    assert_eq!(app.look_at_contact(&acceptor, address, "phone", "回访").await.unwrap(), "138 0013 8000");

    assert_eq!(house.step(&acceptor, address, Command::Submit).await, StateKind::AwaitingFiling);
    let chief = house.staff(&house.member(Role::DutyChief, None, 0).post);
    let class = app.case_page(&chief, address).await.unwrap().case.class.unwrap();
    assert_eq!(house.step(&chief, address, Command::File { class, condition: 1 }).await, StateKind::AwaitingDispatch);

    let dispatcher = house.staff(&house.member(Role::Dispatcher, None, 0).post);
    let page = app.case_page(&dispatcher, address).await.unwrap();
    let unit = page.proposals[0].unit.clone();
    assert!(page.contacts.iter().all(|contact| contact.masked.is_some()) && !page.may_unmask);
    let lead = Part { unit: unit.clone(), minutes: None };
    let dispatch = Command::Dispatch { lead, assisting: Vec::new() };
    assert_eq!(house.step(&dispatcher, address, dispatch).await, StateKind::Dispatched);

    let handler = house.staff(&house.member(Role::Handler, Some(&unit), 0).post);
    assert_eq!(house.step(&handler, address, Command::Accept { assignment: 1 }).await, StateKind::Handling);
    let picture = photo();
    let brought = app.upload(&handler, picture).await.unwrap();
    house.clock.advance(SignedDuration::from_mins(30));
    let step = Step {
        command: Command::Handle { assignment: 1, note: None, photos: Vec::new() },
        note: "已清运".to_owned(),
        photos: vec![PhotoName::Upload(brought.token)],
        location: None,
        version: None,
    };
    assert_eq!(app.act(&handler, address, None, step).await.unwrap().state, StateKind::Checking);

    let page = app.case_page(&acceptor, address).await.unwrap();
    let task = page.case.tasks(&app.snapshot().unwrap().city).remove(0);
    let checker = match task.desk.role {
        Role::Collector => house.staff(&house.member(Role::Collector, Some(&task.desk.unit), 0).post),
        _ => acceptor.clone(),
    };
    let check = Command::Check { passed: true, reason: None, note: None, photos: Vec::new() };
    assert_eq!(house.step(&checker, address, check).await, StateKind::AwaitingClose);
    let ticks = (0_u8..).zip(&page.closing_conditions).map(|(no, _)| no).collect();
    assert_eq!(house.step(&chief, address, Command::Close { ticks, reply: None }).await, StateKind::Closed);

    let (reporter, own) = app.receipt_holder(&receipt.number, &receipt.code.clone().unwrap()).await.unwrap();
    let status = app.status_page(&reporter, own).await.unwrap();
    assert_eq!((status.state, status.looks.len(), status.may_rate), (StateKind::Closed, 1, true));
    assert!(app.receipt_holder(&receipt.number, "WRONGONE").await.is_err());

    let found = CaseFilter { terms: gewu_text::query_terms("垃圾桶"), ..CaseFilter::default() };
    let cases = app.cases(&chief, receipt.region, found, &Page::first(5)).await.unwrap();
    assert_eq!(cases.rows.len(), 1);
    assert!(cases.rows[0].excerpt.as_deref().unwrap().contains("臭得"));

    house.clock.advance(SignedDuration::from_hours(26));
    let ticked = app.tick().await.unwrap();
    assert!(ticked.roots >= 1, "the day has its root");
    let verified = app.verify(true, &mut |_| {}).await.unwrap();
    assert!(verified.findings.is_empty(), "{:?}", verified.findings);
    assert_eq!((verified.cases, verified.facts, verified.photos), (1, 13, 1));

    let erased = app.erase_report(&reporter, None, own, false).await.unwrap();
    assert_eq!((erased.texts, erased.contacts), (1, 1));
    let page = app.case_page(&acceptor, address).await.unwrap();
    assert!(page.contacts.is_empty() && page.texts.values().all(|text| !text.contains("垃圾桶")));
    let verified = app.verify(true, &mut |_| {}).await.unwrap();
    assert!(verified.findings.is_empty(), "the chain is whole after erasing: {:?}", verified.findings);
}

/// A try to sign in from a place, with a browser nobody knows.
async fn sign_in(app: &App, login: &str, password: &str, origin: &str) -> Result<SignedIn, AppError> {
    let browser = Browser { origin, agent: "Firefox Windows", device: None };
    match app.sign_in(Attempt { login, password, code: "", browser }).await? {
        Entered::In(signed_in) => Ok(signed_in),
        Entered::CodeNeeded(_) => panic!("a code is asked for"),
    }
}

impl House {
    fn login(&self) -> String {
        self.town.accounts().next().unwrap().login.clone().unwrap()
    }
}

const WRONG: &str = "wrong password";

async fn signing_in(house: House) {
    let (app, login) = (&house.app, house.login());
    for _ in 0..5 {
        assert!(matches!(sign_in(app, &login, WRONG, "here").await, Err(AppError::Invalid(_))));
    }
    let barred = sign_in(app, &login, DEMO_PASSWORD, "here").await;
    assert!(matches!(barred, Err(AppError::TooMany { wait_s: 30..=31 })), "five wrong ones make one wait");
    sign_in(app, &login, DEMO_PASSWORD, "elsewhere").await.expect("who is elsewhere does not wait");
    house.clock.advance(SignedDuration::from_secs(31));
    let signed_in = sign_in(app, &login, DEMO_PASSWORD, "here").await.unwrap();
    let signed = app.signed(&signed_in.secret, "test").await.unwrap();
    assert_eq!(signed.person.id, signed_in.person);
    let sessions = app.own_sessions(&signed.caller).await.unwrap();
    assert_eq!(sessions.iter().map(|one| one.device.as_str()).collect::<Vec<_>>(), ["Firefox · Windows"; 2]);
    app.end_other_sessions(&signed.caller).await.unwrap();
    assert_eq!(app.own_sessions(&signed.caller).await.unwrap()[..], sessions[..1], "the newest asks, and stays");
    house.clock.advance(SignedDuration::from_mins(31));
    assert!(app.signed(&signed_in.secret, "test").await.is_err(), "an idle session ends");

    let signed_in = sign_in(app, &login, DEMO_PASSWORD, "here").await.unwrap();
    for _ in 0..36 {
        house.clock.advance(SignedDuration::from_mins(20));
        app.signed(&signed_in.secret, "test").await.expect("it is in use, and not yet twelve hours old");
    }
    house.clock.advance(SignedDuration::from_secs(1));
    let old = app.signed(&signed_in.secret, "test").await;
    assert!(matches!(old, Err(AppError::SignedOut)), "however busy, a session ends after twelve hours");
}

/// Guesses, resets and changes of a password, all at once.
async fn racing(house: House) {
    let (login, clock) = (house.login(), house.clock.clone());
    let app = Arc::new(house.app);
    let guesses: Vec<_> = (0..80)
        .map(|_| {
            let (app, login) = (app.clone(), login.clone());
            tokio::spawn(async move { sign_in(&app, &login, WRONG, "here").await.err().unwrap() })
        })
        .collect();
    let mut compared = 0;
    for guess in guesses {
        match guess.await.unwrap() {
            AppError::Invalid(_) => compared += 1,
            AppError::TooMany { .. } => {}
            error => panic!("{error:?}"),
        }
    }
    assert_eq!(compared, 5, "of 80 guesses at once so many were compared");

    let mut password = DEMO_PASSWORD.to_owned();
    for round in 0..20 {
        clock.advance(SignedDuration::from_hours(2));
        let stolen = sign_in(&app, &login, &password, "thief").await.unwrap();
        let owner = sign_in(&app, &login, &password, "owner").await.unwrap();
        let caller = app.signed(&owner.secret, "owner").await.unwrap().caller;
        // From here on every use of a session moves its time on.
        clock.advance(SignedDuration::from_mins(2));
        let new = format!("quiet copper meadow {round}");
        let mut tasks = Vec::new();
        for no in 0..12 {
            let (app, login, password, secret) = (app.clone(), login.clone(), password.clone(), stolen.secret.clone());
            tasks.push(tokio::spawn(async move {
                let _ = app.signed(&secret, "thief").await;
                let _ = sign_in(&app, &login, &password, &format!("thief {no}")).await;
            }));
        }
        let (there, old, chosen) = (app.clone(), password.clone(), new.clone());
        tasks.push(tokio::spawn(async move {
            there.change_password(&caller, &old, &chosen, None).await.unwrap();
        }));
        for task in tasks {
            task.await.unwrap();
        }
        let left = app.store.city().await.unwrap().sessions_of(owner.person).await.unwrap();
        assert_eq!(left, [], "round {round}: a session outlived the password it was opened with");
        password = new;
    }

    for round in 0..20 {
        clock.advance(SignedDuration::from_hours(2));
        let new = format!("moving harbour lantern {round}");
        let mut tasks = Vec::new();
        for no in 0..3 {
            let (app, login) = (app.clone(), login.clone());
            tasks.push(tokio::spawn(async move {
                let _ = sign_in(&app, &login, WRONG, &format!("somewhere {no}")).await;
            }));
        }
        let (there, login_there, set) = (app.clone(), login.clone(), new.clone());
        tasks.push(tokio::spawn(async move {
            there.reset_password(&Caller::system(), None, &login_there, &set).await.unwrap();
        }));
        for task in tasks {
            task.await.unwrap();
        }
        let signed_in = sign_in(&app, &login, &new, "owner").await.expect("a reset stands whoever fails to sign in");
        assert!(signed_in.must_change, "round {round}");
    }
}

/// The code an authenticator on a phone shows for a key.
fn phone(key: &str, at: Timestamp) -> String {
    let (mut bits, mut held, mut secret) = (0_u32, 0, Vec::new());
    for letter in key.bytes() {
        let five = if letter.is_ascii_digit() { letter - b'2' + 26 } else { letter - b'A' };
        bits = bits << 5 | u32::from(five);
        held += 5;
        if held >= 8 {
            held -= 8;
            secret.push((bits >> held & 0xff) as u8);
        }
    }
    let mut mac = Hmac::<Sha1>::new_from_slice(&secret).unwrap();
    mac.update(&(at.as_second() / 30).to_be_bytes());
    let mac = mac.finalize().into_bytes();
    let from = usize::from(mac[19] & 15);
    let number = u32::from_be_bytes(mac[from..from + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

async fn second_factor(house: House) {
    let (app, login) = (&house.app, house.login());
    let browser = Browser { origin: "here", ..Browser::default() };
    let owner = sign_in(app, &login, DEMO_PASSWORD, "here").await.unwrap();
    let caller = app.signed(&owner.secret, "here").await.unwrap().caller;
    let offer = app.offer_totp(&caller).await.unwrap();
    assert!(offer.uri.contains(&format!("secret={}&", offer.key)));
    let code = async || phone(&offer.key, app.now());
    for (present, sent, typed) in [
        (WRONG, &offer.sealed, code().await),
        (DEMO_PASSWORD, &offer.sealed, "000000".to_owned()),
        (DEMO_PASSWORD, &"00".repeat(60), code().await),
    ] {
        let refused = app.enrol_totp(&caller, present, sent, &typed).await;
        assert!(matches!(refused, Err(AppError::Invalid(_))), "{refused:?}");
    }
    let codes = app.enrol_totp(&caller, DEMO_PASSWORD, &offer.sealed, &code().await).await.unwrap();
    assert_eq!(app.totp_state(&caller).await.unwrap(), TotpState { is_on: true, is_needed: false, recovery_codes: 10 });

    let attempt = |typed| app.sign_in(Attempt { login: &login, password: DEMO_PASSWORD, code: typed, browser });
    let Entered::CodeNeeded(step) = attempt("").await.unwrap() else { panic!("no code was asked for") };
    let with = async |typed: &str| app.sign_in_with_code(&step, typed, browser).await;
    let wrong = |answer: Result<SignedIn, AppError>| matches!(answer, Err(AppError::Invalid(_)));
    assert!(wrong(with(&code().await).await), "the code it was set up with is used up");
    house.clock.advance(SignedDuration::from_secs(30));
    with(&code().await).await.expect("the next code opens");
    assert!(wrong(with(&code().await).await), "but once");
    house.clock.advance(SignedDuration::from_secs(30));
    let both = gewu_store::contract::together([code().await, code().await].iter().map(|typed| attempt(typed))).await;
    assert_eq!(both.iter().filter(|one| one.is_ok()).count(), 1, "of two with one code at once, one gets in");
    let lower = format!("{}-{}", &codes[0][..4], &codes[0][4..]).to_lowercase();
    with(&lower).await.expect("a recovery code as it is typed");
    assert!(wrong(with(&codes[0]).await), "good once");
    assert_eq!(app.totp_state(&caller).await.unwrap().recovery_codes, 9);
    for forged in [step.replace('.', ".0"), step[..step.len() - 1].to_owned(), String::new()] {
        let forged = app.sign_in_with_code(&forged, &codes[1], browser).await;
        assert!(matches!(forged, Err(AppError::SignedOut)), "{:?}", forged.err());
    }
    house.clock.advance(SignedDuration::from_mins(6));
    assert!(matches!(with(&codes[1]).await, Err(AppError::SignedOut)), "the password was too long ago");

    app.reset_totp(&Caller::system(), &login).await.unwrap();
    assert!(app.signed(&owner.secret, "here").await.is_err(), "their sessions end");
    let again = sign_in(app, &login, DEMO_PASSWORD, "here").await.unwrap();
    let caller = app.signed(&again.secret, "here").await.unwrap().caller;
    assert_eq!(app.totp_state(&caller).await.unwrap(), TotpState { is_on: false, is_needed: false, recovery_codes: 0 });
    asked_for_by_policy(&house, &again.secret).await;
}

/// The policy asks a role for a second factor, and a change of keys leaves it working.
async fn asked_for_by_policy(house: &House, secret: &str) {
    let (app, login) = (&house.app, house.login());
    let signed = app.signed(secret, "here").await.unwrap();
    let role = signed.caller.role().unwrap().code();
    assert!(!signed.must_enrol);
    let text = gewu_sim::town::SHIPPED[3].2.replace("version = 1\n", "version = 2\n");
    let draft = Draft {
        kind: Kind::Policy,
        file: "policy.toml".to_owned(),
        text: text.replacen("scheme =", &format!("second_factor = [\"{role}\"]\nscheme ="), 1),
        datum: None,
    };
    app.publish(&Caller::system(), None, vec![draft], Publishing::default()).await.unwrap();
    let signed = app.signed(secret, "here").await.unwrap();
    assert!(signed.must_enrol);
    let offer = app.offer_totp(&signed.caller).await.unwrap();
    let code = phone(&offer.key, app.now());
    app.enrol_totp(&signed.caller, DEMO_PASSWORD, &offer.sealed, &code).await.unwrap();
    assert!(!app.signed(secret, "here").await.unwrap().must_enrol);
    assert!(app.remove_totp(&signed.caller, DEMO_PASSWORD).await.is_err(), "what the policy asks for stays on");

    Keyring::rotate(&house.keys, &SeededRandom::new(3)).unwrap();
    app.keyring.reload().unwrap();
    assert_eq!(app.seals().await.unwrap().get(&Some(1)), Some(&1));
    app.reseal(&mut |_| {}).await.unwrap();
    assert_eq!(app.seals().await.unwrap().into_iter().collect::<Vec<_>>(), [(Some(2), 1)]);
    house.clock.advance(SignedDuration::from_secs(30));
    let code = phone(&offer.key, app.now());
    let browser = Browser { origin: "here", ..Browser::default() };
    let entered = app.sign_in(Attempt { login: &login, password: DEMO_PASSWORD, code: &code, browser }).await;
    assert!(matches!(entered, Ok(Entered::In(_))), "it opens with the new key");
}

/// What no channel takes is not written for one.
async fn going_out(house: House, sent: u32) {
    house.app.report(&Caller::public("test"), None, report(&house.app)).await.unwrap();
    assert_eq!(house.app.tick().await.unwrap().sent, sent);
    assert_eq!(house.app.tick().await.unwrap().sent, 0, "nothing goes out twice");
}

/// The calendar that follows the shipped one: 2027 is announced, and the Monday after New Year is off.
fn announcement() -> Draft {
    let text = include_str!("../../../data/calendars/cn.toml")
        .replace("version = 2", "version = 3")
        .replace("announced_until = 2026-12-31", "announced_until = 2027-12-31");
    let new_year = "[[holiday]]\nname_zh = \"元旦\"\nname_en = \"New Year\"\noff = [\"2027-01-01..2027-01-04\"]\n";
    Draft { kind: Kind::Calendar, file: "cn.toml".to_owned(), text: format!("{text}\n{new_year}"), datum: None }
}

/// Another process on the same record.
async fn beside(house: &House) -> App {
    let blobs = house.app.blobs.clone();
    let keyring = house.app.keyring.clone();
    let random = Arc::new(SeededRandom::new(6));
    App::open(house.app.store.clone(), blobs, keyring, house.clock.clone(), random, Settings::default()).await.unwrap()
}

/// When a year is announced, what rested on its days is promised anew, once, whatever is cut short and whoever helps.
async fn an_announcement(house: House) {
    // Ten minutes before the last announced workday ends: half an hour to accept a report reaches into the new year.
    house.clock.set("2026-12-31T09:50:00Z".parse().unwrap());
    let public = Caller::public("test");
    let mut receipts = Vec::new();
    for _ in 0..250 {
        receipts.push(house.app.report(&public, None, report(&house.app)).await.unwrap());
    }
    let (region, was) = (receipts[0].region, receipts[0].due_at.unwrap());
    assert_eq!(was, "2027-01-04T00:20:00Z".parse().unwrap());
    let refused = Command::Refuse { reason: ReasonCode::from("not_found"), note: None };
    let ended = CaseAddress { region, id: receipts[7].id };
    let [acceptor, chief] =
        [Role::Acceptor, Role::DutyChief].map(|role| house.staff(&house.member(role, None, 0).post));
    house.step(&acceptor, ended, Command::Submit).await;
    house.step(&chief, ended, refused).await;

    house.app.publish(&Caller::system(), None, vec![announcement()], Publishing::default()).await.unwrap();
    assert_eq!(house.app.tick().await.unwrap().repromised, 0, "what was decided by the old version comes in first");
    house.clock.advance(SignedDuration::from_mins(2));
    assert_eq!(house.app.repromise(region, 1).await.unwrap(), 100);
    let walk = async |app: &App| app.repromises(&Caller::system()).await.unwrap().remove(0).1;
    let row = walk(&house.app).await;
    assert_eq!((row.cases, row.looked_at, row.repromised, row.ended_at), (249, 100, 100, None));

    let other = beside(&house).await;
    let (here, there) = tokio::join!(house.app.repromise(region, 9), other.repromise(region, 9));
    let mut made = here.unwrap() + there.unwrap();
    while walk(&other).await.ended_at.is_none() {
        made += other.tick().await.unwrap().repromised;
    }
    assert_eq!(made, 149);
    let row = walk(&other).await;
    assert_eq!((row.looked_at, row.repromised, row.ended_at.is_some()), (249, 249, true));
    assert_eq!(house.app.tick().await.unwrap().repromised, 0, "a walk that has ended is not taken again");

    let due = "2027-01-05T00:20:00Z".parse().unwrap();
    for receipt in &receipts {
        let page = house.app.case_page(&chief, CaseAddress { region, id: receipt.id }).await.unwrap();
        let anew = page.facts.iter().filter(|fact| fact.deed.code() == "repromised").count();
        let expected = if receipt.id == ended.id { (0, None) } else { (1, Some(due)) };
        assert_eq!((anew, page.case.due_at()), expected);
    }
    let inbox = house.app.inbox(&acceptor, region, &[], &Page::first(1)).await.unwrap();
    assert_eq!(inbox.rows.rows[0].1.due_at, Some(due), "the desk goes by the new date");
    let (reporter, own) =
        house.app.receipt_holder(&receipts[0].number, &receipts[0].code.clone().unwrap()).await.unwrap();
    let status = house.app.status_page(&reporter, own).await.unwrap();
    let told = status.steps.last().unwrap();
    assert_eq!((status.due_at, told.did, told.due_at), (Some(due), "repromised", Some(due)));
    let verified = house.app.verify(true, &mut |_| {}).await.unwrap();
    assert!(verified.findings.is_empty(), "{:?}", verified.findings);
}

#[tokio::test]
async fn that_the_calendar_ends_is_said_from_sixty_days_before_on() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(sqlite(&dir), dir).await;
    for (now, ends) in [
        ("2026-10-31T15:00:00Z", None),
        ("2026-10-31T16:00:00Z", Some(jiff::civil::date(2026, 12, 31))),
        ("2027-03-01T00:00:00Z", Some(jiff::civil::date(2026, 12, 31))),
    ] {
        house.clock.set(now.parse().unwrap());
        assert_eq!(house.app.calendar_ends(), ends, "{now}");
    }
    house.app.publish(&Caller::system(), None, vec![announcement()], Publishing::default()).await.unwrap();
    assert_eq!(house.app.calendar_ends(), None, "the next year is announced");
}

/// A case's id and number, and which of its two rounds was drawn to be checked on site.
type Drawn = (CaseId, String, [bool; 2]);

/// Handles cases one after the other, each twice.
async fn drawn(house: &House, cases: usize) -> Vec<Drawn> {
    let app = &house.app;
    let who = |role| house.staff(&house.member(role, None, 0).post);
    let (acceptor, chief, dispatcher) = (who(Role::Acceptor), who(Role::DutyChief), who(Role::Dispatcher));
    let mut drawn = Vec::new();
    for _ in 0..cases {
        let receipt = app.report(&Caller::public("test"), None, report(app)).await.unwrap();
        let address = CaseAddress { region: receipt.region, id: receipt.id };
        house.step(&acceptor, address, Command::Submit).await;
        let class = app.case_page(&chief, address).await.unwrap().case.class.unwrap();
        house.step(&chief, address, Command::File { class, condition: 1 }).await;
        let unit = app.case_page(&dispatcher, address).await.unwrap().proposals[0].unit.clone();
        let lead = Part { unit: unit.clone(), minutes: None };
        house.step(&dispatcher, address, Command::Dispatch { lead, assisting: Vec::new() }).await;
        let handler = house.staff(&house.member(Role::Handler, Some(&unit), 0).post);
        house.step(&handler, address, Command::Accept { assignment: 1 }).await;
        let mut rounds = [false; 2];
        for round in &mut rounds {
            let command = Command::Handle { assignment: 1, note: None, photos: Vec::new() };
            let brought = app.upload(&handler, photo()).await.unwrap();
            let photos = vec![PhotoName::Upload(brought.token)];
            let step = Step { command, note: String::new(), photos, location: None, version: None };
            app.act(&handler, address, None, step).await.unwrap();
            let task =
                app.case_page(&acceptor, address).await.unwrap().case.tasks(&app.snapshot().unwrap().city).remove(0);
            *round = task.desk.role == Role::Collector;
            let checker = match task.desk.role {
                Role::Collector => house.staff(&house.member(Role::Collector, Some(&task.desk.unit), 0).post),
                _ => acceptor.clone(),
            };
            let reason = Some(ReasonCode::from("not_done"));
            let check = Command::Check { passed: false, reason, note: None, photos: Vec::new() };
            house.step(&checker, address, check).await;
        }
        drawn.push((receipt.id, receipt.number, rounds));
    }
    drawn
}

#[tokio::test]
async fn who_is_checked_on_site_cannot_be_told_from_what_is_public_nor_from_the_round_before() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(sqlite(&dir), dir).await;
    let cases = drawn(&house, 80).await;
    let percent = u128::from(house.app.snapshot().unwrap().city.policy.check.field_percent);
    assert_eq!(percent, 60);
    let hits = |guess: &dyn Fn(&Drawn) -> bool| cases.iter().filter(|case| guess(case) == case.2[1]).count();
    let number = |case: &Drawn| case.1.parse::<u128>().unwrap();
    // A guess that knows nothing is right in 42 of 80, give or take; one that knows, in all.
    for (what, right) in [
        ("the id", hits(&|case| case.0.0.as_u128() % 100 < percent)),
        ("the number", hits(&|case| number(case) % 100 < percent)),
        ("the number, backwards", hits(&|case| number(case) % 100 >= 100 - percent)),
        ("the round before", hits(&|case| case.2[0])),
    ] {
        assert!((24..=60).contains(&right), "{what} tells {right} of 80");
    }
    let on_site = cases.iter().flat_map(|case| case.2).filter(|is_on_site| *is_on_site).count();
    assert!((76..=116).contains(&on_site), "{on_site} of 160 were checked on site");
}

/// A small grey picture, as a phone might send it.
fn photo() -> Vec<u8> {
    include_bytes!("../../app/tests/photos/grey.jpg").to_vec()
}

fn sqlite(dir: &tempfile::TempDir) -> Arc<dyn Store> {
    let settings = gewu_store_sqlite::Settings::default();
    Arc::new(gewu_store_sqlite::SqliteStore::open(&dir.path().join("record"), settings).unwrap())
}

/// A database of its own on the server the tests were given.
async fn postgres(name: &str) -> Arc<dyn Store> {
    let server = std::env::var("GEWU_TEST_POSTGRES").expect("GEWU_TEST_POSTGRES names a PostgreSQL server for tests");
    let (client, connection) = tokio_postgres::connect(&server, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let database = format!("gewu_spine_{name}_{}", std::process::id());
    client.batch_execute(&format!("create database {database}")).await.unwrap();
    let url = match server.rsplit_once('/') {
        Some((host, rest)) if host.contains("//") => {
            let options = rest.split_once('?').map(|(_, options)| format!("?{options}")).unwrap_or_default();
            format!("{host}/{database}{options}")
        }
        _ => format!("{server}/{database}"),
    };
    let settings = gewu_store_postgres::Settings::default();
    Arc::new(gewu_store_postgres::PostgresStore::open(&url, settings).await.unwrap())
}

#[tokio::test]
async fn the_whole_loop_runs_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    the_whole_loop(house(sqlite(&dir), dir).await).await;
}

#[tokio::test]
async fn the_whole_loop_runs_on_postgres() {
    let dir = tempfile::tempdir().unwrap();
    the_whole_loop(house(postgres("loop").await, dir).await).await;
}

#[tokio::test]
async fn signing_in_waits_idles_and_ends_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    signing_in(house(sqlite(&dir), dir).await).await;
}

#[tokio::test]
async fn signing_in_waits_idles_and_ends_on_postgres() {
    let dir = tempfile::tempdir().unwrap();
    signing_in(house(postgres("sign_in").await, dir).await).await;
}

/// Hashes that cost nothing, so that many meet.
fn cheap() -> Settings {
    Settings { password_cost: Cost { memory_kib: 8, passes: 1, lanes: 1 }, ..Settings::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn guesses_resets_and_changes_at_once_undo_and_outlive_nothing_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    racing(house_with(cheap(), sqlite(&dir), dir).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn guesses_resets_and_changes_at_once_undo_and_outlive_nothing_on_postgres() {
    let dir = tempfile::tempdir().unwrap();
    racing(house_with(cheap(), postgres("racing").await, dir).await).await;
}

#[tokio::test]
async fn a_second_factor_opens_once_and_is_replaced_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    second_factor(house_with(cheap(), sqlite(&dir), dir).await).await;
}

#[tokio::test]
async fn a_second_factor_opens_once_and_is_replaced_on_postgres() {
    let dir = tempfile::tempdir().unwrap();
    second_factor(house_with(cheap(), postgres("totp").await, dir).await).await;
}

#[tokio::test]
async fn an_announcement_makes_promises_anew_once_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    an_announcement(house(sqlite(&dir), dir).await).await;
}

#[tokio::test]
async fn an_announcement_makes_promises_anew_once_on_postgres() {
    let dir = tempfile::tempdir().unwrap();
    an_announcement(house(postgres("announcement").await, dir).await).await;
}

fn with_a_channel() -> Settings {
    Settings { outgoing: vec!["case.changed".to_owned()], ..Settings::default() }
}

#[tokio::test]
async fn what_a_channel_takes_goes_out_on_sqlite() {
    let [without, with] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    going_out(house(sqlite(&without), without).await, 0).await;
    going_out(house_with(with_a_channel(), sqlite(&with), with).await, 1).await;
}

#[tokio::test]
async fn what_a_channel_takes_goes_out_on_postgres() {
    let [without, with] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    going_out(house(postgres("no_channel").await, without).await, 0).await;
    going_out(house_with(with_a_channel(), postgres("channel").await, with).await, 1).await;
}
