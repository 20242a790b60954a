//! Clients that send what nobody should: each is told so in its language and its door's format, and nothing breaks.

use crate::support::{Answer, House, Knocker, NOBODY};
use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Method, Request, StatusCode, header},
};
use gewu_domain::people::Role;
use gewu_web::{Settings, access::TABLE, limits::Rates};
use serde_json::{Value, json};

/// Nobody is turned away for asking often: here it is about what they ask.
async fn house() -> House {
    House::with(Settings { rates: Rates::OFF, ..Settings::default() }).await
}

struct Sent {
    what: String,
    method: Method,
    path: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
    /// Answers that are fine; empty: any that is an error of the client's.
    expected: Vec<u16>,
}

impl Sent {
    fn get(path: impl Into<String>) -> Sent {
        let path = path.into();
        let what = format!("GET {}", path.chars().take(80).collect::<String>());
        Sent { what, method: Method::GET, path, headers: Vec::new(), body: Vec::new(), expected: Vec::new() }
    }

    fn post(path: &str, kind: &'static str, body: impl Into<Vec<u8>>) -> Sent {
        let body = body.into();
        let start = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let what = format!("POST {path} {kind} {start}");
        let headers = vec![(header::CONTENT_TYPE, HeaderValue::from_static(kind))];
        Sent { what, method: Method::POST, path: path.to_owned(), headers, body, expected: Vec::new() }
    }

    fn json(path: &str, body: impl Into<Vec<u8>>) -> Sent {
        Sent::post(path, "application/json", body)
    }

    fn with(mut self, name: HeaderName, value: &[u8]) -> Sent {
        self.what.push_str(&format!(" with {name}"));
        self.headers.push((name, HeaderValue::from_bytes(value).unwrap()));
        self
    }

    fn is(mut self, expected: &[u16]) -> Sent {
        self.expected = expected.to_vec();
        self
    }

    async fn to(&self, house: &House, who: &Knocker, language: &'static str) -> Answer {
        let mut request = Request::builder().method(self.method.clone()).uri(&self.path);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if !self.headers.iter().any(|(name, _)| *name == header::ACCEPT_LANGUAGE) {
            request = request.header(header::ACCEPT_LANGUAGE, language);
        }
        house.send(who, request.body(Body::from(self.body.clone())).unwrap()).await
    }

    /// The answer is one this client can read: of the right sort, in the door's format and the client's language.
    fn check(&self, answer: &Answer, language: &'static str) {
        let (what, status, text) = (&self.what, answer.status, answer.text());
        assert!(!status.is_server_error(), "{what}: {status} {text}");
        if self.expected.is_empty() {
            assert!(status.is_client_error(), "{what}: {status} {text}");
        } else {
            assert!(self.expected.contains(&status.as_u16()), "{what}: {status} {text}");
        }
        if !status.is_client_error() {
            return;
        }
        let chosen = self.headers.iter().any(|(name, _)| *name == header::ACCEPT_LANGUAGE);
        let language = if chosen { "zh" } else { language };
        assert!(answer.header("content-language").starts_with(language), "{what}: {:?}", answer.headers);
        let said = if self.path.starts_with("/open311") {
            match answer.header("content-type") {
                "application/json; charset=utf-8" => {
                    let errors: Value = serde_json::from_slice(&answer.body).unwrap();
                    assert_eq!(errors[0]["code"], status.as_u16(), "{what}: {text}");
                    errors[0]["description"].as_str().unwrap().to_owned()
                }
                "text/xml; charset=utf-8" => {
                    assert!(text.contains("<errors><error><code>"), "{what}: {text}");
                    text.clone()
                }
                other => panic!("{what}: {other}: {text}"),
            }
        } else {
            assert_eq!(answer.header("content-type"), "application/problem+json", "{what}: {text}");
            let problem = answer.json();
            assert_eq!(problem["status"], status.as_u16(), "{what}");
            assert!(problem["type"].as_str().unwrap().starts_with("urn:gewu:problem:"), "{what}: {text}");
            problem["title"].as_str().unwrap().to_owned()
        };
        let is_chinese = said.chars().any(|letter| ('一'..='龥').contains(&letter));
        assert_eq!(is_chinese, language == "zh", "{what}: {said}");
        assert!(!text.contains("/src/") && !text.contains("panicked"), "{what}: {text}");
    }
}

async fn all_are_told(house: &House, who: &Knocker, sent: Vec<Sent>) {
    for (no, one) in sent.iter().enumerate() {
        // Each in one language, all of them in both.
        let language = ["zh", "en"][no % 2];
        one.check(&one.to(house, who, language).await, language);
    }
}

const NOT_UTF8: &[u8] = b"{\"words\":\"\xff\xfe\"}";

#[tokio::test]
async fn bodies_that_are_too_large_too_deep_or_no_text_are_refused() {
    let house = house().await;
    let deep = |open: &str, no: usize| open.repeat(no).into_bytes();
    let mut sent = vec![
        Sent::json("/api/v1/cases", vec![b' '; 300_000]).is(&[413]),
        Sent::json("/api/v1/cases", vec![b' '; 300_000]).is(&[413]),
        Sent::post("/api/v1/photos", "image/jpeg", vec![0; 17 << 20]).is(&[413]),
        Sent::post("/api/v1/photos", "image/jpeg", vec![0; 100]).is(&[422]),
        Sent::post("/api/v1/photos", "multipart/form-data", "x").is(&[400]),
        Sent::post("/api/v1/photos", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data")
            .is(&[400]),
        Sent::post("/open311/v2/requests.json", "application/x-www-form-urlencoded", vec![b'a'; 65 << 20]).is(&[413]),
        Sent::json("/api/v1/cases", deep("[", 100_000)).is(&[400]),
        Sent::json("/api/v1/cases", deep("{\"location\":", 10_000)).is(&[400, 422]),
        Sent::json("/api/v1/session", deep("{\"login\":", 10_000)).is(&[400, 422]),
        Sent::json("/api/v1/cases", "{\"words\":1e999}"),
        Sent::json("/api/v1/cases", "{\"words\":\"a\",\"words\":\"b\"}"),
        Sent::json("/api/v1/cases", "{\"words\":\"\\ud800\"}").is(&[400]),
        Sent::json("/api/v1/cases", "{\"words\":\"a\\u0000b\"}").is(&[400]),
        Sent::json("/api/v1/cases", b"{\"words\":\"a\0b\"}".to_vec()).is(&[400]),
        Sent::json("/api/v1/cases", "{\"location\":{\"point\":{\"lon\":1e308,\"lat\":-1e308}}}").is(&[422]),
        Sent::json("/api/v1/cases", "{\"location\":{\"point\":{\"lon\":null,\"lat\":1}}}").is(&[422]),
        Sent::json("/api/v1/areas/locate", "{\"point\":{\"lon\":999,\"lat\":0}}").is(&[422]),
        Sent::json("/api/v1/session", "{\"login\":\"a\\u0000\",\"password\":\"b\"}").is(&[400]),
        Sent::json("/api/v1/session", format!("{{\"login\":\"{}\",\"password\":\"b\"}}", "x".repeat(200_000)))
            .is(&[401, 422]),
        Sent::json("/api/v1/session", format!("{{\"login\":\"a\",\"password\":\"{}\"}}", "x".repeat(200_000)))
            .is(&[401, 422]),
    ];
    // Whatever takes a body: no text, no JSON, nothing, of no type, of the wrong type.
    for row in TABLE.iter().filter(|row| row.method == Method::POST || row.method == Method::PUT) {
        let path = row.path.replace("{region}", "780101").replace("{id}", "case_0199aaaa00007000800000000000002a");
        let path = path.replace("{field}", "phone");
        for (kind, body) in [
            ("application/json", NOT_UTF8),
            ("application/json", b"\xff\xfe".as_slice()),
            ("application/json", b"null"),
            ("application/json", b"[]"),
            ("text/plain", b"{}"),
            ("application/x-www-form-urlencoded", b"api_key=%ff&lat=%00"),
            ("multipart/form-data; boundary=一", b"--x"),
        ] {
            let headers = vec![(header::CONTENT_TYPE, HeaderValue::from_bytes(kind.as_bytes()).unwrap())];
            let what = format!("{} {path} {kind} {body:?}", row.method);
            let (method, path, body) = (row.method.clone(), path.clone(), body.to_vec());
            sent.push(Sent { what, method, path, headers, body, expected: Vec::new() });
        }
    }
    all_are_told(&house, &NOBODY, sent).await;
    assert_eq!(house.get(&NOBODY, "/api/v1/cases/public").await.ok()["cases"], json!([]), "something was taken in");
}

#[tokio::test]
async fn strange_headers_are_told_or_ignored() {
    let house = house().await;
    let key = HeaderName::from_static("idempotency-key");
    let forwarded = HeaderName::from_static("x-forwarded-for");
    let words = || Sent::json("/api/v1/cases", "{\"words\":\"x\"}");
    let sent = vec![
        words().with(key.clone(), b"").is(&[400]),
        words().with(key.clone(), &[b'x'; 201]).is(&[400]),
        words().with(key.clone(), b"a b").is(&[400]),
        words().with(key.clone(), b"\xe4\xb8\x80").is(&[400]),
        words().with(header::AUTHORIZATION, b"\xff\xff").is(&[401]),
        words().with(header::AUTHORIZATION, b"Bearer").is(&[401]),
        words().with(header::AUTHORIZATION, b"Receipt 1").is(&[404]),
        words().with(header::AUTHORIZATION, b"Receipt \xe4:\xb8").is(&[401, 404]),
        words().with(header::AUTHORIZATION, "Receipt 7801012026:".as_bytes()).is(&[404]),
        words().with(header::AUTHORIZATION, "Basic YTpi".as_bytes()).is(&[401]),
        words().with(header::ACCEPT_LANGUAGE, b"\xff;q=\xff,,;;,en;q=-1").is(&[201]),
        words().with(header::COOKIE, b"gewu_session=\xff; gewu_session=; =; ;;").is(&[201]),
        words().with(header::COOKIE, &[b'a'; 20_000]).is(&[201]),
        words().with(forwarded, b"\xff, 1.2.3.4.5").is(&[201]),
        words().with(header::CONTENT_ENCODING, b"gzip").is(&[201, 415]),
        Sent::get("/open311/v2/requests").with(header::ACCEPT, b"image/png").is(&[406]),
        Sent::get("/open311/v2/requests").with(header::ACCEPT, b"\xff").is(&[200, 406]),
        Sent::get("/api/v1/areas").with(header::RANGE, b"bytes=99999999999-").is(&[200]),
        Sent::get("/api/v1/areas").with(header::IF_NONE_MATCH, &[b'"'; 9_000]).is(&[200]),
    ];
    all_are_told(&house, &NOBODY, sent).await;
}

#[tokio::test]
async fn queries_of_ten_thousand_parts_and_of_nonsense_are_told() {
    let house = house().await;
    let chief = house.staff(Role::DutyChief).await;
    // Ten thousand, or as many as an address of 64 KiB holds.
    let times = |part: &str| 10_000.min(60_000 / (part.len() + 1));
    let many = |part: &str| part.repeat(times(part));
    let list = |part: &str| vec![part; times(part)].join(",");
    let sent = vec![
        Sent::get(format!("/api/v1/cases?{}", many("a=1&"))).is(&[400]),
        Sent::get(format!("/api/v1/cases?{}", many("class=a&"))).is(&[400]),
        Sent::get(format!("/api/v1/cases?{}", many("&"))).is(&[200, 400]),
        Sent::get(format!("/api/v1/cases?{}", many("q=a&"))).is(&[400]),
        Sent::get(format!("/api/v1/cases?q={}", many("%E8%B7%AF"))).is(&[200, 400]),
        Sent::get(format!("/api/v1/cases?state={}", list("closed"))).is(&[200, 400]),
        Sent::get(format!("/api/v1/people?unit={}", list("a"))).is(&[200, 400]),
        Sent::get("/api/v1/cases?q=%00").is(&[400]),
        Sent::get("/api/v1/cases?area=%00").is(&[400]),
        Sent::get("/api/v1/cases?unit=%ff").is(&[200, 400]),
        Sent::get("/api/v1/cases?q=%F0%9F%92%A9'%22;--%25_*()").is(&[200]),
        Sent::get("/api/v1/cases?q=NEAR(a%20OR%20%22b)").is(&[200]),
        Sent::get("/api/v1/cases?page_size=0").is(&[400, 422]),
        Sent::get("/api/v1/cases?page_size=1001").is(&[400, 422]),
        Sent::get("/api/v1/cases?page_size=99999999999999999999").is(&[400]),
        Sent::get("/api/v1/cases?page_size=-1").is(&[400]),
        Sent::get(format!("/api/v1/cases?page_token={}", many("A"))).is(&[400]),
        Sent::get("/api/v1/cases?from=0000-00-00T99:99:99Z").is(&[400]),
        Sent::get("/api/v1/cases?from=9999-12-30T22:00:00Z&to=-009999-01-02T00:00:00Z").is(&[200, 400]),
        Sent::get("/api/v1/cases?within=NaN,1,2,inf").is(&[400, 422]),
        Sent::get("/api/v1/cases?region=99999999999").is(&[400, 404, 422]),
        Sent::get("/api/v1/areas/tree?depth=99999999999").is(&[400, 422]),
        Sent::get("/api/v1/areas/tree?depth=255").is(&[200, 400, 422]),
        Sent::get("/api/v1/calendars/cn?from=0001-01-01&to=9999-12-31").is(&[400, 422]),
        Sent::get("/api/v1/calendars/cn?from=2026-02-30&to=2026-03-01").is(&[400, 422]),
        Sent::get("/api/v1/catalogue/search?q=%00").is(&[400]),
        Sent::get(format!("/api/v1/catalogue/search?q={}", many("a"))).is(&[200, 400, 422]),
        Sent::get(format!("/open311/v2/requests.json?service_request_id={}", list("1"))).is(&[400]),
        Sent::get(format!("/open311/v2/requests.xml?service_code={}", list("event-01-10"))).is(&[200, 400]),
        Sent::get(format!("/open311/v2/requests.json?{}", many("status=open&"))).is(&[400]),
        Sent::get("/open311/v2/requests.json?status=%00").is(&[400]),
        Sent::get("/open311/v2/requests.json?service_code=%00").is(&[400]),
        Sent::get("/open311/v2/requests.json?page=99999999999").is(&[400]),
        Sent::get("/open311/v2/requests.json?page_size=0").is(&[400]),
        Sent::get("/open311/v2/requests.xml?start_date=yesterday").is(&[400]),
        Sent::get("/open311/v2/requests.xml?start_date=9999-12-31&end_date=9999-12-31").is(&[200, 400]),
        Sent::get("/open311/v2/requests.xml?jurisdiction_id=%ff").is(&[400]),
    ];
    all_are_told(&house, &chief, sent).await;
}

#[tokio::test]
async fn tricks_with_paths_lead_nowhere() {
    let house = house().await;
    let chief = house.staff(Role::DutyChief).await;
    let mut sent = Vec::new();
    for trick in [
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e%2f%2e%2e%2fkeys",
        "..%5c..%5ckeys",
        "%00",
        "a%00b",
        "%ff%fe",
        "%F0%9F%92%A9",
        "'%20or%201=1--",
        "-1",
        "99999999999999999999",
        "case_",
        "case_zzzz",
        "{id}",
        "%252e%252e",
    ] {
        for door in [
            "/api/v1/areas/",
            "/api/v1/calendars/",
            "/api/v1/catalogue/classes/",
            "/api/v1/units/",
            "/api/v1/cases/number/",
            "/api/v1/cases/780101/",
            "/open311/v2/requests/",
            "/open311/v2/services/",
            "/open311/v2/tokens/",
        ] {
            sent.push(Sent::get(format!("{door}{trick}")).is(&[400, 404]));
        }
        sent.push(Sent::get(format!("/api/v1/cases/{trick}/{trick}")).is(&[400, 404]));
        sent.push(
            Sent::get(format!("/api/v1/cases/780101/case_0199aaaa00007000800000000000002a/photos/{trick}.jpg"))
                .is(&[400, 404]),
        );
        sent.push(Sent::get(format!("/api/v1/tiles/areas/{trick}/{trick}/{trick}")).is(&[400, 404, 422]));
        sent.push(Sent::get(format!("/api/v1/people/{trick}/posts")).is(&[400, 404]));
    }
    for path in [
        "//api/v1/cases",
        "/api//v1/cases",
        "/api/v1/cases/",
        "/api/v1/./cases",
        "/api/v1/../v1/cases",
        "/api/V1/cases",
        "/open311/",
        "/open311/v2",
        "/open311/v2/requests.JSON",
        "/open311/v2/requests.html",
        "/open311/v3/requests.json",
        "/api/v1/tiles/areas/-1/0/0.mvt",
        "/api/v1/tiles/areas/40/0/0.mvt",
        "/api/v1/tiles/areas/14/999999/0.mvt",
        "/api/v1/tiles/areas/14/0/0.png",
    ] {
        // What begins with two slashes belongs to the pages.
        let expected: &[u16] = if path.starts_with("//") { &[404] } else { &[400, 404] };
        sent.push(Sent::get(path).is(expected));
    }
    sent.retain(|one| !one.path.starts_with("//"));
    sent.push(Sent::get(format!("/api/v1/areas/{}", "a".repeat(8_000))).is(&[404]));
    sent.push(Sent::get(format!("/api/{}", "x/".repeat(2_000))).is(&[404]));
    all_are_told(&house, &chief, sent).await;
}

#[tokio::test]
async fn methods_nobody_asked_for_are_told_which_there_are() {
    let house = house().await;
    let mut sent = Vec::new();
    for method in [Method::PATCH, Method::TRACE, Method::CONNECT, Method::from_bytes(b"BREW").unwrap()] {
        for path in
            ["/api/v1/cases", "/api/v1/session", "/open311/v2/requests.json", "/open311/v2/services.xml", "/healthz"]
        {
            let what = format!("{method} {path}");
            let (headers, body) = (Vec::new(), Vec::new());
            sent.push(Sent { what, method: method.clone(), path: path.to_owned(), headers, body, expected: vec![405] });
        }
    }
    all_are_told(&house, &NOBODY, sent).await;
}

/// A body that trickles in is waited for no longer than any other.
#[tokio::test]
async fn a_body_that_never_ends_is_told_in_the_format_of_its_door() {
    let settings = Settings { timeout_s: 0, ..Settings::default() };
    let house = House::with(settings).await;
    for (path, kind) in [
        ("/api/v1/photos", "image/jpeg"),
        ("/api/v1/session", "application/json"),
        ("/open311/v2/requests.json", "application/x-www-form-urlencoded"),
        ("/open311/v2/requests.xml", "multipart/form-data; boundary=x"),
    ] {
        let endless = Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>());
        let request = Request::post(path).header(header::CONTENT_TYPE, kind).header(header::ACCEPT_LANGUAGE, "en");
        let answer = house.send(&NOBODY, request.body(endless).unwrap()).await;
        assert_eq!(answer.status, StatusCode::REQUEST_TIMEOUT, "{path}: {}", answer.text());
        Sent::post(path, kind, "").check(&answer, "en");
    }
}
