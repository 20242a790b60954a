//! Idempotency keys: every change may be sent twice and is made once.

use crate::{
    cases::HERE,
    support::{Answer, House, Knocker, NOBODY},
};
use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use gewu_app::{Caller, cases::CaseAddress};
use gewu_domain::{
    case::{Case, Fact},
    ids::{CaseId, RegionId},
    people::Role,
    record,
};
use gewu_store::{
    Changes, Page,
    cases::{CaseFilter, CaseWrite},
};
use gewu_web::access::{Row, TABLE};
use serde_json::{Value, json};

/// Changes that take no key, and why a repetition does no harm.
const WITHOUT: &[(&str, &str, &str)] = &[
    ("POST", "/api/v1/areas/locate", "asks and changes nothing"),
    ("POST", "/api/v1/photos", "each upload is a photo of its own, and one that nobody names goes by itself"),
    ("POST", "/api/v1/cases/{region}/{id}/contacts/{field}/looks", "whoever sees a contact twice has looked twice"),
    ("POST", "/api/v1/session", "every sign-in is a session of its own"),
    ("DELETE", "/api/v1/session", "a session that ended stays ended"),
    ("PUT", "/api/v1/session/post", "says which post, not another one"),
    ("PUT", "/api/v1/session/password", "ends the session it came in"),
    ("POST", "/api/v1/session/totp", "offers a secret and changes nothing"),
    ("PUT", "/api/v1/session/totp", "an offer and a code are good once, and recovery codes are told once"),
    ("POST", "/api/v1/session/totp/removal", "what is off stays off"),
    ("DELETE", "/api/v1/sessions/others", "sessions that ended stay ended"),
];

/// A change to be sent twice.
struct Change {
    who: Knocker,
    path: String,
    body: String,
    /// Something else to ask under the same key: path and body. `None` where a key's holder can ask for one thing only.
    other: Option<(String, String)>,
}

/// A house in which there is something to change.
struct World {
    house: House,
    admin: Knocker,
    acceptor: Knocker,
    open311_key: String,
    receipt: Value,
    people: [String; 2],
    posts: [String; 2],
    clients: [String; 2],
}

impl World {
    async fn new() -> World {
        let house = House::open().await;
        let admin = house.key(&["admin"]).await;
        let acceptor = house.staff(Role::Acceptor).await;
        let open311_key = house.key(&["report"]).await.authorization.unwrap().replace("Bearer ", "");
        let contact = json!({ "phone": "13812345678" });
        let body = json!({ "words": "路灯不亮", "contact": contact });
        let receipt = house.post(&NOBODY, "/api/v1/cases", body).await.ok();
        let id = async |path: &str, body: Value| {
            house.post(&admin, path, body).await.ok()["id"].as_str().unwrap().to_owned()
        };
        let unit = unit(&house);
        let mut people = Vec::new();
        let mut posts = Vec::new();
        let mut clients = Vec::new();
        for login in ["first", "second"] {
            let new = json!({ "name": login, "login": login, "password": "moving harbour lantern", "unit": unit });
            let person = id("/api/v1/people", new).await;
            posts.push(id("/api/v1/posts", json!({ "person": person, "role": "acceptor", "unit": unit })).await);
            people.push(person);
            clients.push(id("/api/v1/clients", json!({ "name": login, "scopes": ["read"] })).await);
        }
        let [people, posts, clients] = [people, posts, clients].map(|two| <[String; 2]>::try_from(two).unwrap());
        World { house, admin, acceptor, open311_key, receipt, people, posts, clients }
    }

    /// What is sent to a route, or `None` for a route that this table does not know.
    fn change(&self, row: &Row) -> Option<Change> {
        let unit = unit(&self.house);
        let admin = |path: &str, body: Value, other: Value| Change {
            who: self.admin.clone(),
            path: path.to_owned(),
            body: body.to_string(),
            other: Some((path.to_owned(), other.to_string())),
        };
        let gone = |kind: &str, [one, two]: &[String; 2]| Change {
            who: self.admin.clone(),
            path: format!("/api/v1/{kind}/{one}"),
            body: String::new(),
            other: Some((format!("/api/v1/{kind}/{two}"), String::new())),
        };
        let person =
            |login: &str| json!({ "name": "丙", "login": login, "password": "quiet copper meadow", "unit": unit });
        let post = |role: &str| json!({ "person": self.people[1], "role": role, "unit": unit });
        let areas = |version: u32| {
            let text = self.house.town.areas_csv.replace("#version,1", &format!("#version,{version}"));
            json!({ "drafts": [{ "kind": "areas", "file": "areas.csv", "text": text }] })
        };
        let words = |words: &str| json!({ "words": words }).to_string();
        let open311 = |description: &str| {
            let (lat, long) = (HERE.1.to_string(), HERE.0.to_string());
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.append_pair("api_key", &self.open311_key).append_pair("service_code", "event-01-10");
            form.append_pair("lat", &lat).append_pair("long", &long).append_pair("description", description).finish()
        };
        let (region, id) = (self.receipt["region"].as_str().unwrap(), self.receipt["id"].as_str().unwrap());
        Some(match (row.method.as_str(), row.path) {
            ("POST", "/api/v1/cases") => Change {
                who: NOBODY.clone(),
                path: row.path.to_owned(),
                body: words("一"),
                // A stranger's key goes with what was sent.
                other: None,
            },
            ("POST", "/api/v1/cases/{region}/{id}/steps") => {
                let path = format!("/api/v1/cases/{region}/{id}/steps");
                let remark = |note: &str| json!({ "do": "remark", "note": note }).to_string();
                let other = Some((path.clone(), remark("二")));
                Change { who: self.acceptor.clone(), path, body: remark("一"), other }
            }
            ("POST", "/api/v1/clients") => {
                let client = |name: &str| json!({ "name": name, "scopes": ["read"] });
                admin(row.path, client("a"), client("b"))
            }
            ("DELETE", "/api/v1/clients/{id}") => gone("clients", &self.clients),
            ("POST", "/api/v1/erasures") => {
                let erase = |phone: &str| json!({ "field": "phone", "value": phone });
                admin(row.path, erase("13812345678"), erase("13812345679"))
            }
            ("POST", "/api/v1/passwords") => {
                let set = |password: &str| json!({ "login": "second", "password": password });
                admin(row.path, set("quiet copper meadow"), set("moving harbour meadow"))
            }
            ("POST", "/api/v1/people") => admin(row.path, person("third"), person("fourth")),
            ("DELETE", "/api/v1/people/{id}") => gone("people", &self.people),
            ("POST", "/api/v1/posts") => admin(row.path, post("acceptor"), post("duty_chief")),
            ("DELETE", "/api/v1/posts/{id}") => gone("posts", &self.posts),
            ("POST", "/api/v1/publications") => admin(row.path, areas(2), areas(3)),
            ("DELETE", "/api/v1/status") => Change {
                who: Knocker::receipt(&self.receipt),
                path: row.path.to_owned(),
                body: String::new(),
                other: None,
            },
            ("POST", "/open311/v2/requests" | "/open311/v2/requests.json" | "/open311/v2/requests.xml") => Change {
                who: NOBODY.clone(),
                path: row.path.to_owned(),
                body: open311("一"),
                other: Some((row.path.to_owned(), open311("二"))),
            },
            _ => return None,
        })
    }

    async fn send(&self, row: &Row, who: &Knocker, path: &str, body: &str) -> Answer {
        let kind = if path.starts_with("/open311/") { "application/x-www-form-urlencoded" } else { "application/json" };
        let request = Request::builder().method(row.method.clone()).uri(path).header("idempotency-key", "the-key-1");
        let request = if body.is_empty() { request } else { request.header(header::CONTENT_TYPE, kind) };
        self.house.send(who, request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// Everything a change leaves behind: cases, people, posts, keys, publications, and the audit record.
    async fn state(&self) -> String {
        let store = &self.house.app.store;
        let mut state = Vec::new();
        for region in store.upkeep().regions().await.unwrap() {
            let view = store.view(region).await.unwrap();
            let cases = view.cases(&CaseFilter::default(), &Page::first(1_000)).await.unwrap().rows;
            state.push(format!("{cases:?}"));
        }
        let city = store.city().await.unwrap();
        let people = city.people(&[], &Page::first(1_000)).await.unwrap().rows;
        for person in &people {
            state.push(format!("{:?}", city.posts_of(person.id).await.unwrap()));
        }
        state.push(format!("{people:?} {:?} {:?}", city.clients().await.unwrap(), city.publications().await.unwrap()));
        drop(city);
        let audit = self.house.app.audit(&Caller::system(), None, &Page::first(1_000)).await.unwrap().rows;
        state.push(format!("{audit:?}"));
        state.join("\n")
    }
}

fn unit(house: &House) -> String {
    house.town.people.iter().find(|one| one.post.role == Role::Acceptor).unwrap().post.unit.to_string()
}

#[tokio::test]
async fn every_change_sent_again_under_its_key_is_made_once() {
    for row in TABLE.iter().filter(|row| !row.method.is_safe()) {
        let name = format!("{} {}", row.method, row.path);
        if WITHOUT.iter().any(|(method, path, _)| row.method.as_str() == *method && row.path == *path) {
            continue;
        }
        let world = World::new().await;
        let change = world.change(row).unwrap_or_else(|| {
            panic!("{name} is new: say here what is sent to it twice, or in WITHOUT why it needs no key")
        });
        let before = world.state().await;
        let first = world.send(row, &change.who, &change.path, &change.body).await;
        assert!(first.status.is_success(), "{name}: {}", first.text());
        let after = world.state().await;
        assert_ne!(before, after, "{name} changes nothing that this test sees");
        world.house.wait_min(3);
        let again = world.send(row, &change.who, &change.path, &change.body).await;
        assert_eq!((again.status, again.text()), (first.status, first.text()), "{name}");
        assert_eq!(world.state().await, after, "{name} was done twice");
        let Some((path, body)) = change.other else { continue };
        let other = world.send(row, &change.who, &path, &body).await;
        if path.starts_with("/open311/") {
            assert_eq!(other.status, StatusCode::BAD_REQUEST, "{name}: {}", other.text());
        } else {
            assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}: {}", other.text());
            assert_eq!(other.json()["code"], "idempotency_key_reused", "{name}");
        }
        assert_eq!(world.state().await, after, "{name} was done under a key of something else");
    }
}

#[test]
fn what_needs_no_key_is_in_the_table_of_routes() {
    for (method, path, _) in WITHOUT {
        assert!(TABLE.iter().any(|row| row.method.as_str() == *method && row.path == *path), "{method} {path}");
    }
}

#[tokio::test]
async fn one_persons_key_says_nothing_about_anothers() {
    let world = World::new().await;
    let other = world.house.key(&["admin"]).await;
    let row = TABLE.iter().find(|row| row.method == Method::POST && row.path == "/api/v1/clients").unwrap();
    let body = json!({ "name": "a", "scopes": [] }).to_string();
    let mine = world.send(row, &world.admin, row.path, &body).await.ok();
    let theirs = world.send(row, &other, row.path, &body).await.ok();
    assert_ne!(mine["id"], theirs["id"]);
}

#[tokio::test]
async fn what_was_answered_under_a_key_holds_no_secret() {
    let world = World::new().await;
    let row = TABLE.iter().find(|row| row.method == Method::POST && row.path == "/api/v1/clients").unwrap();
    let made = world.send(row, &world.admin, row.path, r#"{"name":"a","scopes":["read"]}"#).await.ok();
    let key = made["key"].as_str().unwrap();
    let who = Knocker { authorization: Some(format!("Bearer {key}")), ..Knocker::default() };
    assert_eq!(world.house.get(&who, "/api/v1/cases").await.status, StatusCode::OK);
    assert!(!world.house.keeps(key.strip_prefix("gw_").unwrap()), "the key itself is kept somewhere");
    let answer = world.house.app.store.view(RegionId(0)).await.unwrap();
    let scope = world.house.app.clients(&Caller::system()).await.unwrap()[0].id;
    let answer = answer.answer(&format!("{scope} the-key-1")).await.unwrap().expect("the answer is kept");
    assert!(answer.body.contains(made["id"].as_str().unwrap()) && answer.body.contains("sealed"), "{}", answer.body);
}

#[tokio::test]
async fn a_repeated_report_gives_the_code_it_gave_and_nothing_keeps_it_in_the_clear() {
    let house = House::open().await;
    let send = async |key: &str| {
        let request = Request::post("/api/v1/cases").header("idempotency-key", key);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        house.send(&NOBODY, request.body(Body::from(r#"{"words":"路灯不亮"}"#)).unwrap()).await.ok()
    };
    let (first, again, other) = (send("one").await, send("one").await, send("two").await);
    assert_eq!(first, again);
    let code = first["code"].as_str().unwrap();
    assert_ne!(other["code"].as_str().unwrap(), code);
    assert!(!house.keeps(code), "the code is kept somewhere");
    let derived = house.app.keyring.derived_receipt_code(first["id"].as_str().unwrap());
    assert_ne!(derived, code);
    let number = first["number"].as_str().unwrap();
    assert!(house.app.receipt_holder(number, code).await.is_ok());
    assert!(house.app.receipt_holder(number, &derived).await.is_err(), "the installation's key gives no code any more");
}

/// Rewrites a case as the first releases wrote it: its code is derived from its id.
async fn as_before(house: &House, receipt: &Value) -> String {
    let (region, id) = (receipt["region"].as_str().unwrap(), receipt["id"].as_str().unwrap());
    let address = CaseAddress { region: region.parse().unwrap(), id: id.parse().unwrap() };
    let view = house.app.store.view(address.region).await.unwrap();
    let was = view.case(address.id).await.unwrap().unwrap();
    let facts = view.facts(address.id).await.unwrap();
    drop(view);
    let new_id: CaseId = "case_0199aaaa00007000800000000000002a".parse().unwrap();
    let code = house.app.keyring.derived_receipt_code(&new_id.to_string());
    let digest_of_new = house.app.keyring.receipt_digest(new_id, &code);
    let old = was.receipt.unwrap().to_string();
    let body =
        facts[0].body.replace(&old, &digest_of_new.to_string()).replace(&address.id.to_string(), &new_id.to_string());
    let number = format!("{}9", was.number);
    let body = body.replace(&was.number, &number);
    let fact: Fact = serde_json::from_str(&body).unwrap();
    let case = Case::replay(std::slice::from_ref(&fact)).unwrap();
    let facts = record::seal(address.region, new_id, 0, record::GENESIS, [&fact]);
    let write = CaseWrite {
        was: None,
        at: vec![fact.at],
        recorded_at: vec![fact.recorded_at()],
        head: facts[0].hash,
        facts,
        tasks: Vec::new(),
        warn_at: None,
        terms: None,
        is_as_reported: true,
        case,
    };
    house.app.store.apply(address.region, Changes::one(gewu_store::Change::Case(Box::new(write)))).await.unwrap();
    format!("{number}:{code}")
}

#[tokio::test]
async fn a_code_of_the_first_releases_opens_its_case_until_that_has_ended() {
    let house = House::open().await;
    let receipt = house.post(&NOBODY, "/api/v1/cases", json!({ "words": "路灯不亮" })).await.ok();
    let old = as_before(&house, &receipt).await;
    let who = Knocker { authorization: Some(format!("Receipt {old}")), ..Knocker::default() };
    let status = house.get(&who, "/api/v1/status").await.ok();
    house.wait_min(60 * 24 * 400);
    assert_eq!(house.get(&who, "/api/v1/status").await.status, StatusCode::OK, "open, however old");
    let chief = house.staff(Role::DutyChief).await;
    let steps =
        format!("/api/v1/cases/{}/{}/steps", status["region"].as_str().unwrap(), status["id"].as_str().unwrap());
    let acceptor = house.staff(Role::Acceptor).await;
    house.post(&acceptor, &steps, json!({ "do": "submit" })).await.ok();
    house.post(&chief, &steps, json!({ "do": "refuse", "reason": "not_found", "note": "重复" })).await.ok();
    house.wait_min(60 * 24 * 30);
    assert_eq!(house.get(&who, "/api/v1/status").await.status, StatusCode::OK, "its end can be read for a while");
    house.wait_min(1);
    assert_eq!(house.get(&who, "/api/v1/status").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_not_there_cannot_be_ended() {
    let house = House::open().await;
    let admin = house.key(&["admin"]).await;
    for path in [
        "/api/v1/posts/post_0199aaaa00007000800000000000002a",
        "/api/v1/clients/client_0199aaaa00007000800000000000002a",
        "/api/v1/people/person_0199aaaa00007000800000000000002a",
        "/api/v1/posts/none",
    ] {
        let answer = house.knock(&admin, Method::DELETE, path, Value::Null).await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (StatusCode::NOT_FOUND, Some("not_found")),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_post_that_ended_keeps_its_end() {
    let world = World::new().await;
    let path = format!("/api/v1/posts/{}", world.posts[0]);
    let end = async || world.house.knock(&world.admin, Method::DELETE, &path, Value::Null).await.status;
    assert_eq!(end().await, StatusCode::NO_CONTENT);
    let after = world.state().await;
    world.house.wait_min(60);
    assert_eq!(end().await, StatusCode::NO_CONTENT);
    assert_eq!(world.state().await, after);
}
