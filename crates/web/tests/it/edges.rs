//! The edges of the doors: what is decided before a body is read, charsets, addresses, keys of strangers, lists that cost.

use crate::{
    cases::{HERE, picture},
    support::{Answer, House, Knocker, NOBODY},
};
use axum::{
    body::{Body, Bytes},
    http::{Request, StatusCode, header},
};
use futures_util::stream;
use gewu_domain::people::Role;
use gewu_web::{
    Settings,
    body::Pace,
    limits::{Rate, Rates},
};
use serde_json::{Value, json};
use std::{convert::Infallible, time::Duration};

fn endless() -> Body {
    Body::from_stream(stream::pending::<Result<Bytes, Infallible>>())
}

/// The answer to a request whose body never comes; it must not be waited for.
async fn at_once(house: &House, who: &Knocker, request: axum::http::request::Builder) -> Answer {
    let asked = house.send(who, request.body(endless()).unwrap());
    tokio::time::timeout(Duration::from_secs(10), asked).await.expect("it does not wait for the body")
}

#[tokio::test]
async fn a_body_that_declares_too_much_is_refused_before_a_byte_of_it_is_read() {
    let house = House::open().await;
    for (path, kind, length) in [
        ("/api/v1/cases", "application/json", "300000"),
        ("/api/v1/photos", "image/jpeg", "17000000"),
        ("/api/v1/photos", "multipart/form-data; boundary=b", "17000000"),
    ] {
        let request = Request::post(path).header(header::CONTENT_TYPE, kind).header(header::CONTENT_LENGTH, length);
        assert_eq!(at_once(&house, &NOBODY, request).await.status, StatusCode::PAYLOAD_TOO_LARGE, "{path} {kind}");
    }
    let text = Request::post("/api/v1/cases").header(header::CONTENT_TYPE, "text/plain");
    assert_eq!(at_once(&house, &NOBODY, text).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn open311_asks_for_the_key_before_it_reads() {
    let house = House::open().await;
    let form = |path: &str| Request::post(path).header(header::CONTENT_TYPE, "multipart/form-data; boundary=b");
    let path = "/open311/v2/requests.json";
    let wrong = form(path).header(header::AUTHORIZATION, "bearer gw_wrong");
    assert_eq!(at_once(&house, &NOBODY, wrong).await.status, StatusCode::FORBIDDEN);
    assert_eq!(at_once(&house, &NOBODY, form(&format!("{path}?api_key=gw_wrong"))).await.status, StatusCode::FORBIDDEN);
    let long = Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::CONTENT_LENGTH, "200000");
    assert_eq!(at_once(&house, &NOBODY, long).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn in_an_open311_form_the_key_stands_before_the_files() {
    let house = House::open().await;
    let key = house.key(&["report"]).await.authorization.unwrap().replace("Bearer ", "");
    let send = async |parts: &[(&str, &[u8])]| {
        let mut form = Vec::new();
        for (head, body) in parts {
            form.extend_from_slice(format!("--b\r\ncontent-disposition: form-data; {head}\r\n\r\n").as_bytes());
            form.extend_from_slice(body);
            form.extend_from_slice(b"\r\n");
        }
        form.extend_from_slice(b"--b--\r\n");
        let request = Request::post("/open311/v2/requests.json");
        let request = request.header(header::CONTENT_TYPE, "Multipart/Form-Data; boundary=b").body(Body::from(form));
        house.send(&NOBODY, request.unwrap()).await
    };
    let (lat, long) = (HERE.1.to_string(), HERE.0.to_string());
    let place: [(&str, &[u8]); 3] =
        [("name=service_code", b"event-01-10"), ("name=lat", lat.as_bytes()), ("name=long", long.as_bytes())];
    let api_key: (&str, &[u8]) = ("name=api_key", key.as_bytes());
    let photo = picture();
    let file: (&str, &[u8]) = ("name=media; filename=\"a.jpg\"", &photo);
    let empty: (&str, &[u8]) = ("name=media; filename=\"\"", b"");
    assert_eq!(send(&[&[file], &place[..], &[api_key]].concat()).await.status, StatusCode::FORBIDDEN);
    assert_eq!(send(&[&place[..], &[("name=api_key", b"gw_x"), file]].concat()).await.status, StatusCode::FORBIDDEN);
    for parts in [[&[api_key], &place[..], &[file]].concat(), [&[api_key], &place[..], &[empty]].concat()] {
        let taken = send(&parts).await;
        assert_eq!(taken.status, StatusCode::CREATED, "{}", taken.text());
    }
}

#[tokio::test]
async fn media_types_know_no_case_and_text_is_read_in_the_charset_declared() {
    let house = House::open().await;
    let post = async |path: &str, kind: &str, body: Vec<u8>| {
        let request = Request::post(path).header(header::CONTENT_TYPE, kind).body(Body::from(body)).unwrap();
        house.send(&NOBODY, request).await
    };
    assert_eq!(post("/api/v1/photos", "IMAGE/JPEG", picture()).await.status, StatusCode::CREATED);
    let (gbk, ..) = encoding_rs::GBK.encode("{\"words\":\"路灯不亮\"}");
    let taken = post("/api/v1/cases", "Application/JSON; Charset=\"GBK\"", gbk.to_vec()).await;
    let status = house.get(&Knocker::receipt(&taken.ok()), "/api/v1/status").await.ok();
    assert_eq!(status["words"], "路灯不亮");
    assert_eq!(post("/api/v1/cases", "application/json", gbk.to_vec()).await.status, StatusCode::BAD_REQUEST);
    let unknown = post("/api/v1/cases", "application/json; charset=klingon", b"{}".to_vec()).await;
    assert_eq!((unknown.status, unknown.json()["code"].as_str()), (StatusCode::BAD_REQUEST, Some("bad_request")));
}

#[tokio::test]
async fn whoever_sends_too_slowly_is_let_go() {
    let pace = Pace { grace: Duration::from_millis(50), bytes_per_s: u32::MAX };
    let house = House::with(Settings { pace, ..Settings::default() }).await;
    for (path, kind) in [("/api/v1/cases", "application/json"), ("/api/v1/photos", "image/jpeg")] {
        let answer = at_once(&house, &NOBODY, Request::post(path).header(header::CONTENT_TYPE, kind)).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (StatusCode::REQUEST_TIMEOUT, Some("timeout")));
    }
}

#[tokio::test]
async fn when_there_is_no_room_for_a_photo_one_is_told_when_to_come_back() {
    let house = House::with(Settings { bodies_bytes_most: 9_000, ..Settings::default() }).await;
    let request = Request::post("/api/v1/photos").header(header::CONTENT_TYPE, "image/jpeg");
    let full = house.send(&NOBODY, request.body(Body::from(vec![0xff; 2_000])).unwrap()).await;
    assert_eq!((full.status, full.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "2"));
    assert_eq!(full.json()["code"], "busy");
}

/// Somebody's report under a key, from an address.
async fn report(house: &House, from: &str, key: &str, words: &str) -> Value {
    let request = Request::post("/api/v1/cases")
        .header(header::CONTENT_TYPE, "application/json")
        .header("x-forwarded-for", from)
        .header("idempotency-key", key)
        .body(Body::from(json!({ "words": words }).to_string()));
    house.send(&NOBODY, request.unwrap()).await.ok()
}

#[tokio::test]
async fn strangers_never_share_an_idempotency_key_and_each_may_try_again_with_it() {
    let house = House::with(Settings { trusted_proxies: 1, ..Settings::default() }).await;
    let first = report(&house, "203.0.113.7", "1", "路灯不亮").await;
    assert_eq!(report(&house, "203.0.113.7", "1", "路灯不亮").await, first, "trying again reports nothing twice");
    let elsewhere = report(&house, "198.51.100.7", "1", "路灯不亮").await;
    let otherwise = report(&house, "203.0.113.8", "1", "井盖没了").await;
    for other in [&elsewhere, &otherwise] {
        assert!(other["number"] != first["number"] && other["code"] != first["code"], "{other}");
    }
}

#[tokio::test]
async fn reads_are_limited_for_each_origin_and_each_key_and_not_for_whoever_is_signed_in() {
    let read = Rate { burst: 2, per_minute: 60 };
    let rates = Rates { read, ..Rates::OFF };
    let house = House::with(Settings { rates, trusted_proxies: 1, ..Settings::default() }).await;
    let ask = async |from: &str| {
        let request = Request::get("/open311/v2/requests.json").header("x-forwarded-for", from);
        house.send(&NOBODY, request.body(Body::empty()).unwrap()).await
    };
    let first = [ask("203.0.113.7").await.status, ask("203.0.113.8").await.status];
    assert_eq!(first, [StatusCode::OK; 2]);
    let stopped = ask("203.0.113.9").await;
    assert_eq!((stopped.status, stopped.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "2"));
    assert_eq!(ask("198.51.100.7").await.status, StatusCode::OK, "another neighbourhood");
    let (key, other) = (house.key(&["read"]).await, house.key(&["read"]).await);
    let mut asked = Vec::new();
    for who in [&key, &key, &key, &other] {
        asked.push(house.get(who, "/api/v1/cases").await.status.as_u16());
    }
    assert_eq!(asked, [200, 200, 429, 200]);
    let chief = house.staff(Role::DutyChief).await;
    for _ in 0..5 {
        assert_eq!(house.get(&chief, "/api/v1/cases").await.status, StatusCode::OK);
        assert_eq!(house.get(&NOBODY, "/healthz").await.status, StatusCode::OK);
    }
}

/// Numbers of an Open311 list.
fn numbers(list: &Answer) -> Vec<String> {
    assert_eq!(list.status, StatusCode::OK, "{}", list.text());
    let text = |one: &Value| one["service_request_id"].as_str().unwrap().to_owned();
    list.json().as_array().unwrap().iter().map(text).collect()
}

async fn open311(house: &House, query: &str) -> Answer {
    house.get(&NOBODY, &format!("/open311/v2/requests.json?{query}")).await
}

/// A report of a class, and its number.
async fn of_class(house: &House, class: &str) -> String {
    let body = json!({ "words": "x", "class": class, "location": { "point": { "lon": HERE.0, "lat": HERE.1 } } });
    house.post(&NOBODY, "/api/v1/cases", body).await.ok()["number"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn several_services_are_one_list_that_names_each_case_once_whatever_its_pages() {
    let house = House::open().await;
    let classes = ["event-01-10", "part-03-01", "event-01-13"];
    let mut all = Vec::new();
    for no in 0..14 {
        house.wait_min(1);
        all.push(of_class(&house, classes[no % 3]).await);
    }
    all.reverse();
    let codes = format!("service_code={},{},{}", classes.join(","), classes[0], classes[1]);
    assert_eq!(numbers(&open311(&house, &codes).await), all);
    for size in [1, 3, 5, 14, 20] {
        let mut seen = Vec::new();
        for page in 1..=14 / size + 1 {
            seen.extend(numbers(&open311(&house, &format!("{codes}&page_size={size}&page={page}")).await));
        }
        assert_eq!(seen, all, "pages of {size}");
    }
    let only = open311(&house, "service_code=part-03-01,part-03-01").await;
    assert_eq!(numbers(&only).len(), 5);
    assert_eq!(open311(&house, "service_code=part-03-01,none").await.status, StatusCode::NOT_FOUND);
    let public = house.get(&NOBODY, "/api/v1/cases/public?page_size=1000").await.ok();
    let listed: Vec<&str> =
        public["cases"].as_array().unwrap().iter().map(|one| one["number"].as_str().unwrap()).collect();
    assert_eq!(listed, all);
}

#[tokio::test]
async fn lists_are_narrowed_by_when_a_request_was_updated() {
    let house = House::open().await;
    let old = of_class(&house, "event-01-10").await;
    house.wait_min(60);
    let new = of_class(&house, "event-01-10").await;
    let border = "2026-11-02T01:30:00Z";
    assert_eq!(numbers(&open311(&house, &format!("updated_after={border}")).await), std::slice::from_ref(&new));
    assert_eq!(numbers(&open311(&house, &format!("updated_before={border}")).await), std::slice::from_ref(&old));
    assert_eq!(numbers(&open311(&house, "").await), [new, old]);
    assert_eq!(open311(&house, "updated_after=lately").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_filter_that_lists_do_not_have_is_refused_and_other_names_are_told() {
    let house = House::open().await;
    for odd in ["lat=38.5&long=119.9&radius=100", "q=x", "Status=open", "status[]=open", "status=open&status=closed"] {
        assert_eq!(open311(&house, odd).await.status, StatusCode::BAD_REQUEST, "{odd}");
    }
    let fine = open311(&house, "status=open&extensions=true&%E8%B7%AF=1").await;
    assert_eq!(fine.status, StatusCode::OK);
    assert_eq!(fine.header("gewu-ignored-parameters"), "extensions, %E8%B7%AF");
    assert_eq!(open311(&house, "status=open").await.header("gewu-ignored-parameters"), "");
}
