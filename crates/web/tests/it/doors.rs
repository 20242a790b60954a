//! What every door does: limits, sizes, health, sessions, people, publishing, areas.

use crate::support::{Answer, House, Knocker, NOBODY};
use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Method, Request, StatusCode, header},
};
use gewu_domain::{ids::RegionId, people::Role};
use gewu_sim::town::DEMO_PASSWORD;
use gewu_store::Change;
use gewu_web::{
    Settings,
    limits::{Rate, Rates},
};
use insta::assert_json_snapshot;
use serde_json::{Value, json};

#[tokio::test]
async fn strangers_who_write_too_often_are_told_when_to_come_back() {
    let rates = Rates { write: Rate { burst: 2, per_minute: 6 }, ..Rates::default() };
    let house = House::with(Settings { rates, ..Settings::default() }).await;
    let report = || house.post(&NOBODY, "/api/v1/cases", json!({ "words": "一" }));
    assert_eq!(report().await.status, StatusCode::CREATED);
    assert_eq!(report().await.status, StatusCode::CREATED);
    let stopped = report().await;
    assert_eq!((stopped.status, stopped.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "11"));
    assert_eq!(stopped.json()["code"], "too_many");
    let key = house.key(&["read"]).await;
    assert_eq!(house.get(&key, "/api/v1/cases").await.ok()["cases"].as_array().unwrap().len(), 2);
    house.wait_min(1);
    assert_eq!(report().await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn secrets_cannot_be_tried_without_end() {
    let few = Rate { burst: 2, per_minute: 1 };
    let rates = Rates { secret: few, sign_in: few, ..Rates::default() };
    let house = House::with(Settings { rates, ..Settings::default() }).await;
    let guess = Knocker { authorization: Some("Bearer gw_guess".to_owned()), ..Knocker::default() };
    let codes = async |who: &Knocker, path: &str| {
        let mut codes = Vec::new();
        for _ in 0..3 {
            codes.push(house.get(who, path).await.status.as_u16());
        }
        codes
    };
    assert_eq!(codes(&guess, "/api/v1/cases").await, [401, 401, 429]);
    house.wait_min(5);
    let guess =
        Knocker { authorization: Some("Receipt 7801012026110200001:AAAA2222".to_owned()), ..Knocker::default() };
    assert_eq!(codes(&guess, "/api/v1/status").await, [404, 404, 429]);
    let mut signed = Vec::new();
    for _ in 0..3 {
        let body = json!({ "login": "nobody", "password": "wrong" });
        signed.push(house.post(&NOBODY, "/api/v1/session", body).await.status.as_u16());
    }
    assert_eq!(signed, [401, 401, 429]);
}

#[tokio::test]
async fn what_is_too_large_or_not_json_is_told_as_a_problem() {
    let house = House::open().await;
    let send = |kind: &'static str, body: Vec<u8>| {
        let request = Request::post("/api/v1/cases").header(header::CONTENT_TYPE, kind).body(Body::from(body)).unwrap();
        house.send(&NOBODY, request)
    };
    let large = send("application/json", vec![b' '; 300_000]).await;
    assert_eq!((large.status, large.json()["code"].as_str()), (StatusCode::PAYLOAD_TOO_LARGE, Some("too_large")));
    let cut = send("application/json", b"{".to_vec()).await;
    assert_eq!((cut.status, cut.json()["code"].as_str()), (StatusCode::BAD_REQUEST, Some("bad_request")));
    let odd = send("application/json", br#"{"word":"x"}"#.to_vec()).await;
    assert_eq!((odd.status, odd.json()["code"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("invalid")));
    let text = send("text/plain", b"x".to_vec()).await;
    assert_eq!(
        (text.status, text.json()["code"].as_str()),
        (StatusCode::UNSUPPORTED_MEDIA_TYPE, Some("unsupported_media_type"))
    );
}

#[tokio::test]
async fn a_city_that_is_not_published_is_alive_and_not_ready() {
    let house = House::unpublished(Settings::default()).await;
    assert_eq!(house.get(&NOBODY, "/healthz").await.status, StatusCode::OK);
    let ready = house.get(&NOBODY, "/readyz").await;
    assert_eq!(
        (ready.status, ready.json()["code"].as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, Some("city_not_published"))
    );
    house.town.settle(&house.app).await.unwrap();
    assert_eq!(house.get(&NOBODY, "/readyz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_takes_too_long_is_told_so() {
    let house = House::with(Settings { timeout_s: 0, ..Settings::default() }).await;
    let endless = Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let request =
        Request::post("/api/v1/cases").header(header::CONTENT_TYPE, "application/json").body(endless).unwrap();
    let late = house.send(&NOBODY, request).await;
    assert_eq!((late.status, late.json()["code"].as_str()), (StatusCode::REQUEST_TIMEOUT, Some("timeout")));
}

#[tokio::test]
async fn every_answer_says_how_it_may_be_kept_and_read() {
    let house = House::open().await;
    for path in ["/healthz", "/api/v1/session", "/api/v1/nothing", "/open311/v2/services.json"] {
        let answer = house.get(&NOBODY, path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn a_session_is_opened_used_and_ended() {
    let house = House::open().await;
    let member = house.town.accounts().find(|member| member.post.role == Role::Acceptor).unwrap().clone();
    let wrong = json!({ "login": member.login, "password": "not this one at all" });
    let refused = house.post(&NOBODY, "/api/v1/session", wrong).await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (StatusCode::UNAUTHORIZED, Some("wrong_password")));
    let body = json!({ "login": member.login, "password": DEMO_PASSWORD });
    let opened = house.post(&NOBODY, "/api/v1/session", body).await;
    let cookie = opened.header("set-cookie").to_owned();
    for part in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let who = house.sign_in(&member).await;
    let session = house.get(&who, "/api/v1/session").await.ok();
    assert_eq!(session["posts"][0]["role"], "acceptor");
    let post = json!({ "post": session["posts"][0]["id"] });
    assert_eq!(house.knock(&who, Method::PUT, "/api/v1/session/post", post).await.status, StatusCode::NO_CONTENT);
    let ended = house.knock(&who, Method::DELETE, "/api/v1/session", Value::Null).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    assert!(ended.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(house.get(&who, "/api/v1/session").await.status, StatusCode::UNAUTHORIZED);
}

/// A try to sign in from an address, with the cookies of a browser.
async fn sign_in_from(house: &House, address: &str, cookie: &str, login: &str, password: &str) -> Answer {
    let body = json!({ "login": login, "password": password }).to_string();
    let mut request = Request::post("/api/v1/session").header("content-type", "application/json");
    request = request.header("cookie", cookie);
    let mut request = request.body(Body::from(body)).unwrap();
    let peer = std::net::SocketAddr::new(address.parse().unwrap(), 1);
    request.extensions_mut().insert(ConnectInfo(peer));
    house.send(&NOBODY, request).await
}

const WRONG: &str = "not this one at all";

#[tokio::test]
async fn wrong_passwords_are_slowed_down_where_they_come_from_and_nowhere_else() {
    let house = House::open().await;
    let login = house.town.accounts().next().unwrap().login.clone().unwrap();
    for _ in 0..5 {
        assert_eq!(sign_in_from(&house, "203.0.113.7", "", &login, WRONG).await.status, StatusCode::UNAUTHORIZED);
    }
    let barred = sign_in_from(&house, "203.0.113.99", "", &login, DEMO_PASSWORD).await;
    assert_eq!((barred.status, barred.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "30"));
    let elsewhere = sign_in_from(&house, "198.51.100.7", "", &login, DEMO_PASSWORD).await;
    assert_eq!(elsewhere.status, StatusCode::CREATED, "{}", elsewhere.text());
}

#[tokio::test]
async fn a_known_browser_signs_in_whatever_strangers_have_tried() {
    let house = House::open().await;
    let login = house.town.accounts().next().unwrap().login.clone().unwrap();
    let opened = sign_in_from(&house, "203.0.113.7", "", &login, DEMO_PASSWORD).await;
    let cookies: Vec<&str> = opened.headers.get_all("set-cookie").iter().map(|one| one.to_str().unwrap()).collect();
    let device = cookies.iter().find(|cookie| cookie.starts_with("gewu_device=")).unwrap();
    for part in ["HttpOnly", "SameSite=Lax", "Secure", "Max-Age=15552000"] {
        assert!(device.contains(part), "{device}");
    }
    let device = device.split(';').next().unwrap().to_owned();
    for no in 0..30 {
        sign_in_from(&house, &format!("198.51.{no}.7"), "", &login, WRONG).await;
    }
    for _ in 0..5 {
        sign_in_from(&house, "203.0.113.7", "", &login, WRONG).await;
    }
    let sign_in = async |cookie: &str| sign_in_from(&house, "203.0.113.7", cookie, &login, DEMO_PASSWORD).await.status;
    assert_eq!(sign_in("").await, StatusCode::TOO_MANY_REQUESTS, "a browser nobody knows waits");
    let forged = format!("gewu_device={}", "0".repeat(64));
    assert_eq!(sign_in(&forged).await, StatusCode::TOO_MANY_REQUESTS, "so does one that claims to be known");
    assert_eq!(sign_in(&device).await, StatusCode::CREATED);
    let other = house.town.accounts().nth(1).unwrap().login.clone().unwrap();
    for _ in 0..5 {
        sign_in_from(&house, "203.0.113.7", &device, &other, WRONG).await;
    }
    let others = sign_in_from(&house, "203.0.113.7", &device, &other, DEMO_PASSWORD).await;
    assert_eq!(others.status, StatusCode::TOO_MANY_REQUESTS, "it is known for those who signed in with it");
    for _ in 0..5 {
        sign_in_from(&house, "203.0.113.7", &device, &login, WRONG).await;
    }
    assert_eq!(sign_in(&device).await, StatusCode::TOO_MANY_REQUESTS, "its own wrong ones count");
}

#[tokio::test]
async fn a_name_nobody_has_is_answered_like_one_that_somebody_has() {
    let house = House::open().await;
    let login = house.town.accounts().next().unwrap().login.clone().unwrap();
    let mut told = [Vec::new(), Vec::new()];
    for no in 0..40 {
        for (told, login) in told.iter_mut().zip([login.as_str(), "nobody-at-all"]) {
            let answer = sign_in_from(&house, &format!("198.51.{}.7", no / 8), "", login, WRONG).await;
            told.push((answer.status, answer.header("retry-after").to_owned(), answer.text()));
        }
    }
    let [somebody, nobody] = told;
    assert!(somebody.iter().any(|(status, ..)| *status == StatusCode::TOO_MANY_REQUESTS));
    assert!(somebody.iter().any(|(status, ..)| *status == StatusCode::UNAUTHORIZED));
    assert_eq!(somebody, nobody);
}

#[tokio::test]
async fn where_a_second_factor_is_on_the_password_alone_is_told_so() {
    let house = House::open().await;
    let member = house.town.accounts().next().unwrap().clone();
    let totp = Change::SetTotp { person: member.post.person, was: 1, totp: Some(vec![0]), recovery_codes: Vec::new() };
    house.app.store.apply(RegionId(0), vec![totp].into()).await.unwrap();
    let sign_in = async |body: Value| house.post(&NOBODY, "/api/v1/session", body).await;
    let wrong = sign_in(json!({ "login": member.login, "password": WRONG })).await;
    assert_eq!((wrong.status, wrong.json()["code"].clone()), (StatusCode::UNAUTHORIZED, json!("wrong_password")));
    let right = sign_in(json!({ "login": member.login, "password": DEMO_PASSWORD })).await;
    assert_eq!((right.status, right.json()["code"].clone()), (StatusCode::UNAUTHORIZED, json!("code_needed")));
    let code = sign_in(json!({ "login": member.login, "password": DEMO_PASSWORD, "code": "ABCD2345" })).await;
    assert_eq!((code.status, code.json()["code"].clone()), (StatusCode::UNAUTHORIZED, json!("wrong_code")));
    assert!(right.headers.get("set-cookie").is_none() && code.headers.get("set-cookie").is_none());
}

#[tokio::test]
async fn a_role_that_must_have_a_second_factor_gets_to_nothing_else_before() {
    let house = House::open().await;
    let admin = house.staff(Role::Administrator).await;
    let who = house.staff(Role::Acceptor).await;
    let policy = gewu_sim::town::SHIPPED[3].2.replace("version = 1\n", "version = 2\nsecond_factor = [\"acceptor\"]\n");
    let drafts = json!({ "drafts": [{ "kind": "policy", "file": "policy.toml", "text": policy }] });
    house.post(&admin, "/api/v1/publications", drafts).await.ok();
    assert_eq!(house.get(&who, "/api/v1/inbox").await.json()["code"], "totp_must_enrol");
    assert_eq!(house.get(&who, "/api/v1/session").await.ok()["must_enrol"], true);
    assert_eq!(house.get(&who, "/api/v1/session/totp").await.ok()["is_needed"], true);
    let offer = house.post(&who, "/api/v1/session/totp", json!({})).await.ok();
    assert!(offer["uri"].as_str().unwrap().starts_with("otpauth://totp/Gewu:"));
    assert_eq!(house.get(&admin, "/api/v1/people").await.status, StatusCode::OK, "the policy names other roles");
}

#[tokio::test]
async fn ones_own_sessions_are_listed_and_the_others_ended() {
    let house = House::open().await;
    let member = house.town.accounts().next().unwrap().clone();
    let [here, elsewhere] = [house.sign_in(&member).await, house.sign_in(&member).await];
    let listed = house.get(&here, "/api/v1/sessions").await.ok();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    let mine = listed.as_array().unwrap().iter().filter(|one| one["is_this"] == true).count();
    assert_eq!(mine, 1);
    let ended = house.knock(&here, Method::DELETE, "/api/v1/sessions/others", Value::Null).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    assert_eq!(house.get(&elsewhere, "/api/v1/session").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(house.get(&here, "/api/v1/sessions").await.ok().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_session_left_open_is_no_place_to_guess_the_password() {
    let house = House::open().await;
    let member = house.town.accounts().next().unwrap().clone();
    let who = house.sign_in(&member).await;
    let change = async |present: &str| {
        let body = json!({ "present": present, "new": "quiet copper meadow" });
        house.knock(&who, Method::PUT, "/api/v1/session/password", body).await
    };
    for guess in 0..5 {
        let refused = change(&format!("not this one {guess}")).await;
        assert_eq!(refused.json()["problems"][0]["code"], "wrong", "guess {guess}: {}", refused.text());
    }
    let locked = change(DEMO_PASSWORD).await;
    assert_eq!((locked.status, locked.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "30"));
    let sign_in = async || {
        let body = json!({ "login": member.login, "password": DEMO_PASSWORD });
        house.post(&NOBODY, "/api/v1/session", body).await.status
    };
    assert_eq!(sign_in().await, StatusCode::CREATED, "who guesses in a session hinders nobody who signs in");
    house.wait_min(16);
    assert_eq!(change(DEMO_PASSWORD).await.status, StatusCode::NO_CONTENT);
    assert_eq!(house.get(&who, "/api/v1/session").await.status, StatusCode::UNAUTHORIZED);
    let audit = house.get(&house.key(&["admin"]).await, "/api/v1/audit?page_size=100").await.ok();
    let refused = audit["entries"].as_array().unwrap().iter().filter(|one| one["action"] == "password_refused").count();
    assert_eq!(refused, 5);
}

#[tokio::test]
async fn signing_in_gives_a_new_session_and_ends_the_one_the_browser_had() {
    let house = House::open().await;
    let member = house.town.accounts().next().unwrap().clone();
    let before = house.sign_in(&member).await;
    let elsewhere = house.sign_in(&member).await;
    let body = json!({ "login": member.login, "password": DEMO_PASSWORD });
    let again = Knocker { csrf: None, ..before.clone() };
    let opened = house.post(&again, "/api/v1/session", body.clone()).await;
    assert_eq!(opened.status, StatusCode::CREATED);
    let cookie = opened.header("set-cookie").split(';').next().unwrap().to_owned();
    assert_ne!(Some(&cookie), before.cookie.as_ref());
    assert_ne!(opened.json()["csrf_token"].as_str(), before.csrf.as_deref());
    assert_eq!(house.get(&before, "/api/v1/session").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(house.get(&elsewhere, "/api/v1/session").await.status, StatusCode::OK);
    // A secret somebody else chose is never taken over.
    let planted = Knocker { cookie: Some("gewu_session=chosen".to_owned()), ..Knocker::default() };
    let opened = house.post(&planted, "/api/v1/session", body).await;
    assert!(!opened.header("set-cookie").contains("chosen"));
    assert_eq!(house.get(&planted, "/api/v1/session").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_administrator_opens_an_account_that_must_choose_its_password_first() {
    let house = House::open().await;
    let admin = house.staff(Role::Administrator).await;
    let unit = house.town.people.iter().find(|one| one.post.role == Role::Acceptor).unwrap().post.unit.clone();
    let new = json!({ "name": "新同事", "login": "newcomer", "password": "moving harbour lantern", "unit": unit });
    let person = house.post(&admin, "/api/v1/people", new.clone()).await.ok()["id"].clone();
    assert_eq!(house.post(&admin, "/api/v1/people", new).await.json()["problems"][0]["code"], "taken");
    let post = json!({ "person": person, "role": "acceptor", "unit": unit });
    let post = house.post(&admin, "/api/v1/posts", post).await.ok()["id"].as_str().unwrap().to_owned();
    let other_axis = json!({ "person": person, "role": "dispatcher", "unit": unit });
    assert_eq!(house.post(&admin, "/api/v1/posts", other_axis).await.json()["problems"][0]["code"], "other_axis");

    let sign_in = async |password: &str| {
        let body = json!({ "login": "newcomer", "password": password });
        let answer = house.post(&NOBODY, "/api/v1/session", body).await;
        let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
        Knocker {
            authorization: None,
            cookie: Some(cookie),
            csrf: Some(answer.json()["csrf_token"].as_str().unwrap().to_owned()),
        }
    };
    let who = sign_in("moving harbour lantern").await;
    assert_eq!(house.get(&who, "/api/v1/inbox").await.json()["code"], "password_must_change");
    let change = json!({ "present": "moving harbour lantern", "new": "quiet copper meadow" });
    let changed = house.knock(&who, Method::PUT, "/api/v1/session/password", change).await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT, "{}", changed.text());
    let who = sign_in("quiet copper meadow").await;
    assert_eq!(house.get(&who, "/api/v1/inbox").await.status, StatusCode::OK);

    let posts = house.get(&admin, &format!("/api/v1/people/{}/posts", person.as_str().unwrap())).await.ok();
    assert_eq!(posts[0]["role"], "acceptor");
    let ended = house.knock(&admin, Method::DELETE, &format!("/api/v1/posts/{post}"), Value::Null).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    house.wait_min(1);
    assert_eq!(house.get(&who, "/api/v1/inbox").await.status, StatusCode::FORBIDDEN);
    let audit = house.get(&house.staff(Role::Auditor).await, "/api/v1/audit?page_size=100").await.ok();
    let actions: Vec<&str> =
        audit["entries"].as_array().unwrap().iter().map(|one| one["action"].as_str().unwrap()).collect();
    for action in ["person_added", "post_added", "post_ended", "password_changed", "signed_in"] {
        assert!(actions.contains(&action), "{action} is not in {actions:?}");
    }
}

#[tokio::test]
async fn a_bad_file_changes_nothing_and_each_fault_is_told_with_its_line() {
    let house = House::open().await;
    let admin = house.key(&["admin"]).await;
    let before = house.get(&admin, "/api/v1/publications").await.ok();
    let bad = house.town.areas_csv.replace("#version,1", "#version,2").replacen(",street,", ",avenue,", 1);
    let drafts = json!({ "drafts": [{ "kind": "areas", "file": "my areas.csv", "text": bad }] });
    let refused = house.post(&admin, "/api/v1/publications", drafts).await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("faulty")));
    let fault = &refused.json()["faults"][0];
    assert_eq!(fault["file"], "my areas.csv");
    assert!(fault["line"].as_u64().is_some() && !fault["fix"].as_str().unwrap().is_empty());
    assert_eq!(house.get(&admin, "/api/v1/publications").await.ok(), before);

    let good = house.town.areas_csv.replace("#version,1", "#version,2");
    let publish = async |dry_run: bool| {
        let drafts = json!({ "drafts": [{ "kind": "areas", "file": "areas.csv", "text": good }], "dry_run": dry_run });
        house.post(&admin, "/api/v1/publications", drafts).await.ok()
    };
    assert_eq!(publish(true).await[0]["version"], 2);
    assert_eq!(house.get(&admin, "/api/v1/publications").await.ok(), before);
    publish(false).await;
    assert_eq!(house.get(&NOBODY, "/api/v1/areas").await.ok()["version"], 2);
    let body = house.get(&admin, "/api/v1/publications/areas/2").await;
    assert_eq!((body.text(), body.header("content-type")), (good, "text/csv; charset=utf-8"));
}

#[tokio::test]
async fn boundaries_that_leave_an_area_out_are_published_only_when_that_is_accepted() {
    let house = House::open().await;
    let admin = house.key(&["admin"]).await;
    let mut shapes: Value = serde_json::from_str(&house.town.shapes_geojson).unwrap();
    let lost = shapes["features"].as_array_mut().unwrap().pop().unwrap();
    let draft = json!({ "kind": "shapes", "file": "s.geojson", "text": shapes.to_string(), "datum": "cgcs2000" });
    let publish = async |how: Value| {
        let mut body = json!({ "drafts": [draft.clone()] });
        body.as_object_mut().unwrap().extend(how.as_object().unwrap().clone());
        house.post(&admin, "/api/v1/publications", body).await
    };
    let told = publish(json!({ "dry_run": true })).await.ok();
    let findings = told[0]["findings"].as_array().unwrap();
    let of_kind = findings.iter().find(|finding| finding["kind"] == "shape_lost").unwrap();
    assert_eq!((&of_kind["areas"][0], &of_kind["must_be_accepted"]), (&lost["properties"]["code"], &json!(true)));
    let refused = publish(json!({})).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.json()["faults"][0]["fix"].as_str().unwrap().contains("accept"));
    assert_eq!(publish(json!({ "accept": true })).await.ok()[0]["version"], 2);
    let mars = json!({ "drafts": [{ "kind": "shapes", "file": "s.geojson", "text": "{}", "datum": "mars" }] });
    assert_eq!(house.post(&admin, "/api/v1/publications", mars).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn areas_are_read_as_a_list_a_tree_and_one_by_one() {
    let house = House::open().await;
    let get = async |path: &str| house.get(&NOBODY, &format!("/api/v1{path}")).await.ok();
    assert_json_snapshot!("area", get("/areas/780101002001").await);
    assert_json_snapshot!("tree", get("/areas/tree?depth=2").await);
    let all = get("/areas?page_size=1000").await["areas"].as_array().unwrap().len();
    let (mut seen, mut path) = (0, "/areas?page_size=7".to_owned());
    loop {
        let page = get(&path).await;
        seen += page["areas"].as_array().unwrap().len();
        let Some(token) = page["next_page_token"].as_str() else { break };
        path = format!("/areas?page_size=7&page_token={token}");
    }
    assert_eq!(seen, all);
    assert_eq!(get("/areas?level=street").await["areas"].as_array().unwrap().len(), 2);
    let children = get("/areas/780101002000/children").await;
    assert!(children.as_array().unwrap().iter().all(|area| area["parent"] == "780101002000"));
    assert_eq!(get("/areas/780101002000/shape").await["properties"]["code"], "780101002000");
    assert_eq!(house.get(&NOBODY, "/api/v1/areas/none").await.status, StatusCode::NOT_FOUND);
    let here = json!({ "point": { "lon": 119.965, "lat": 38.5625 } });
    let located = house.post(&NOBODY, "/api/v1/areas/locate", here).await.ok();
    assert_eq!((located["is_placed"].as_bool(), located["region"].as_str()), (Some(true), Some("780101")));
    let sea = json!({ "point": { "lon": 0.0, "lat": 0.0 } });
    assert_eq!(house.post(&NOBODY, "/api/v1/areas/locate", sea).await.ok()["is_placed"], false);
}

#[tokio::test]
async fn the_catalogue_the_calendar_the_policy_and_the_units_are_open_to_all() {
    let house = House::open().await;
    let get = async |path: &str| house.get(&NOBODY, &format!("/api/v1{path}")).await.ok();
    assert_json_snapshot!("class", get("/catalogue/classes/event-04-96").await);
    let found = get("/catalogue/search?q=%E8%B7%AF%E7%81%AF").await;
    assert_eq!(found["classes"][0]["code"], "part-01-37");
    assert_json_snapshot!("calendar", get("/calendars/cn?from=2026-10-09&to=2026-10-11").await["days"]);
    assert_eq!(get("/policy").await["steps"].as_array().unwrap().len(), 27);
    let units = get("/units?kind=supervision_centre").await;
    assert!(units["units"].as_array().unwrap().iter().all(|unit| unit["axis"] == "supervision"));
    let code = units["units"][0]["code"].as_str().unwrap();
    assert_eq!(get(&format!("/units/{code}")).await["code"], code);
}
