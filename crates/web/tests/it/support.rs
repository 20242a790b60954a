//! A house with all doors, and somebody who knocks at them.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use gewu_app::{
    App, Caller,
    clock::{HandClock, SeededRandom},
    passwords::Cost,
    sealing::Keyring,
};
use gewu_blobs::DiskBlobs;
use gewu_domain::{ids::RegionId, people::Role};
use gewu_sim::{
    Town,
    town::{DEMO_PASSWORD, Member},
};
use gewu_store::{
    Change,
    people::{AccountRow, FIRST_VERSION, PasswordHash},
};
use gewu_store_sqlite::SqliteStore;
use gewu_web::{Settings, gate::Gate, session};
use jiff::SignedDuration;
use serde_json::Value;
use std::sync::Arc;
use tempfile::TempDir;
use tower::ServiceExt;

/// As little as argon2 takes: here nobody guesses.
const COST: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };

/// A Monday morning in the town.
pub const MORNING: &str = "2026-11-02T01:00:00Z";

pub struct House {
    pub app: Arc<App>,
    pub router: Router,
    #[allow(dead_code, reason = "the pages are put behind the same gate")]
    pub gate: Arc<Gate>,
    pub town: Town,
    pub clock: Arc<HandClock>,
    directory: TempDir,
}

impl House {
    /// A settled town with usual settings.
    pub async fn open() -> House {
        House::with(Settings { public_url: "https://gewu.example.org".to_owned(), ..Settings::default() }).await
    }

    pub async fn with(settings: Settings) -> House {
        let house = House::unpublished(settings).await;
        house.town.settle(&house.app).await.expect("the town settles");
        house
    }

    pub async fn unpublished(settings: Settings) -> House {
        let directory = tempfile::tempdir().expect("a directory");
        let store = SqliteStore::open(directory.path(), gewu_store_sqlite::Settings::default()).expect("a store");
        let blobs = DiskBlobs::open(directory.path().join("photos")).expect("a folder");
        let random = Arc::new(SeededRandom::new(7));
        let clock = Arc::new(HandClock::at(MORNING.parse().expect("a time")));
        let keyring = Arc::new(Keyring::fresh(random.as_ref()));
        let app_settings = gewu_app::Settings { password_cost: COST, ..gewu_app::Settings::default() };
        let app = App::open(Arc::new(store), Arc::new(blobs), keyring, clock.clone(), random, app_settings);
        let app = Arc::new(app.await.expect("the house opens"));
        let gate = Gate::new(&settings);
        let router = gewu_web::routes(app.clone(), settings, gate.clone());
        House { app, router, gate, town: Town::tiny(7), clock, directory }
    }

    /// Does any file of the house hold these bytes?
    pub fn keeps(&self, word: &str) -> bool {
        let mut folders = vec![self.directory.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else if std::fs::read(path)
                    .is_ok_and(|bytes| bytes.windows(word.len()).any(|one| one == word.as_bytes()))
                {
                    return true;
                }
            }
        }
        false
    }

    pub fn wait_min(&self, minutes: i64) {
        self.clock.advance(SignedDuration::from_mins(minutes));
    }

    /// An API key.
    pub async fn key(&self, scopes: &[&str]) -> Knocker {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let (_, key) = self.app.add_client(&Caller::system(), None, "test", scopes, None).await.expect("a key");
        Knocker { authorization: Some(format!("Bearer {key}")), cookie: None, csrf: None }
    }

    /// Somebody who holds a post of this role, signed in.
    pub async fn staff(&self, role: Role) -> Knocker {
        let member = self.town.people.iter().find(|member| member.post.role == role && in_town(member));
        self.sign_in(member.unwrap_or_else(|| panic!("nobody is {role:?}"))).await
    }

    pub async fn sign_in(&self, member: &Member) -> Knocker {
        let login = match &member.login {
            Some(login) => login.clone(),
            None => self.give_account(member).await,
        };
        let body = serde_json::json!({ "login": login, "password": DEMO_PASSWORD });
        let answer = self.knock(&NOBODY, Method::POST, "/api/v1/session", body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
        let cookie = answer.headers.get(header::SET_COOKIE).expect("a cookie").to_str().expect("ASCII");
        Knocker {
            authorization: None,
            cookie: Some(cookie.split(';').next().expect("a pair").to_owned()),
            csrf: answer.json()["csrf_token"].as_str().map(str::to_owned),
        }
    }

    async fn give_account(&self, member: &Member) -> String {
        let login = format!("{}-{}", member.post.role.code(), member.post.unit);
        let row = AccountRow {
            person: member.post.person,
            login: login.clone(),
            password: PasswordHash(COST.hash(DEMO_PASSWORD, &[7; 16])),
            must_change: false,
            changed_at: self.app.now(),
            version: FIRST_VERSION,
            totp: None,
        };
        self.app.store.apply(RegionId(0), vec![Change::OpenAccount(row)].into()).await.expect("an account");
        login
    }

    pub async fn get(&self, who: &Knocker, path: &str) -> Answer {
        self.knock(who, Method::GET, path, Value::Null).await
    }

    pub async fn post(&self, who: &Knocker, path: &str, body: Value) -> Answer {
        self.knock(who, Method::POST, path, body).await
    }

    pub async fn knock(&self, who: &Knocker, method: Method, path: &str, body: Value) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        let body = if body.is_null() {
            Body::empty()
        } else {
            request = request.header(header::CONTENT_TYPE, "application/json");
            Body::from(body.to_string())
        };
        self.send(who, request.body(body).expect("a request")).await
    }

    pub async fn send(&self, who: &Knocker, mut request: Request<Body>) -> Answer {
        let headers = request.headers_mut();
        let mut add = |name: &'static str, value: &Option<String>| {
            if let Some(value) = value {
                headers.insert(name, value.parse().expect("visible ASCII"));
            }
        };
        add("authorization", &who.authorization);
        add("cookie", &who.cookie);
        add(session::CSRF_HEADER, &who.csrf);
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a whole body");
        Answer { status: parts.status, headers: parts.headers, body: body.to_vec() }
    }
}

/// Of the town's own centres, not the city's: everybody here works in one county.
fn in_town(member: &Member) -> bool {
    member.post.region.is_some() || matches!(member.post.role, Role::Administrator | Role::Auditor | Role::Assessor)
}

/// Whoever stands at a door.
#[derive(Debug, Clone, Default)]
pub struct Knocker {
    pub authorization: Option<String>,
    pub cookie: Option<String>,
    pub csrf: Option<String>,
}

/// Whoever says nothing of themselves.
pub static NOBODY: Knocker = Knocker { authorization: None, cookie: None, csrf: None };

impl Knocker {
    pub fn receipt(receipt: &Value) -> Knocker {
        let part = |name: &str| receipt[name].as_str().expect("a receipt has it").to_owned();
        let authorization = format!("Receipt {}:{}", part("number"), part("code"));
        Knocker { authorization: Some(authorization), ..Knocker::default() }
    }
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("visible ASCII"))
    }

    /// The JSON of an answer that must be a success.
    pub fn ok(self) -> Value {
        assert!(self.status.is_success(), "{}: {}", self.status, self.text());
        self.json()
    }
}
