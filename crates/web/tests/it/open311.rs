//! Open311 GeoReport v2 as its specification draws it, and what this city leaves out of it.

use crate::{
    cases::{HERE, picture},
    support::{Answer, House, NOBODY},
};
use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use gewu_domain::people::Role;
use gewu_web::{Jurisdiction, Settings};
use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const V2: &str = "/open311/v2";

struct Client<'h> {
    house: &'h House,
    key: String,
}

impl<'h> Client<'h> {
    async fn of(house: &'h House) -> Client<'h> {
        let key = house.key(&["report"]).await.authorization.unwrap();
        Client { house, key: key.strip_prefix("Bearer ").unwrap().to_owned() }
    }

    async fn get(&self, path: &str) -> Answer {
        self.house.get(&NOBODY, &format!("{V2}{path}")).await
    }

    /// Sends the fields as a form, with the key before them.
    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("api_key", &self.key).extend_pairs(fields);
        self.send(path, &form.finish()).await
    }

    async fn send(&self, path: &str, form: &str) -> Answer {
        let request = Request::post(format!("{V2}{path}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8");
        self.house.send(&NOBODY, request.body(Body::from(form.to_owned())).unwrap()).await
    }

    /// Reports waste here and gives the number.
    async fn report(&self) -> String {
        let (lat, long) = (HERE.1.to_string(), HERE.0.to_string());
        let fields = [("service_code", "event-01-10"), ("lat", lat.as_str()), ("long", long.as_str())];
        let taken = self.post("/requests.json", &fields).await;
        assert_eq!(taken.status, StatusCode::CREATED, "{}", taken.text());
        taken.json()[0]["service_request_id"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn discovery_names_the_endpoint_in_both_formats() {
    let house = House::open().await;
    let json = house.get(&NOBODY, "/open311/discovery.json").await;
    assert_eq!(json.header("content-type"), "application/json; charset=utf-8");
    assert_json_snapshot!("discovery_json", json.json());
    let xml = house.get(&NOBODY, "/open311/v2/discovery.xml").await;
    assert_eq!(xml.header("content-type"), "text/xml; charset=utf-8");
    assert_snapshot!("discovery_xml", xml.text());
}

#[tokio::test]
async fn services_are_the_classes_in_force() {
    let house = House::open().await;
    let client = Client::of(&house).await;
    let services = client.get("/services.json").await.json();
    let catalogue = house.get(&NOBODY, "/api/v1/catalogue").await.json();
    assert_eq!(services.as_array().unwrap().len(), catalogue["classes"].as_array().unwrap().len());
    let find =
        |code: &str| services.as_array().unwrap().iter().find(|one| one["service_code"] == code).unwrap().clone();
    assert_json_snapshot!("service_json", find("event-04-96"));
    assert_eq!(
        (find("event-04-96")["metadata"].clone(), find("part-01-01")["metadata"].clone()),
        (json!(true), json!(false))
    );
    let xml = client.get("/services.xml").await.text();
    let end = xml.find("</service>").unwrap() + "</service>".len();
    assert_snapshot!("service_xml", &xml[..end]);
}

#[tokio::test]
async fn a_definition_asks_what_the_class_asks() {
    let house = House::open().await;
    let client = Client::of(&house).await;
    assert_json_snapshot!("definition_json", client.get("/services/event-04-96.json").await.json());
    assert_snapshot!("definition_xml", client.get("/services/part-03-01.xml").await.text());
    assert_eq!(client.get("/services/part-01-01.json").await.json()["attributes"], json!([]));
    assert_eq!(client.get("/services/none.xml").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_request_is_taken_and_read_back() {
    let house = House::open().await;
    let client = Client::of(&house).await;
    let (lat, long) = (HERE.1.to_string(), HERE.0.to_string());
    let fields = [
        ("service_code", "part-03-01"),
        ("lat", lat.as_str()),
        ("long", long.as_str()),
        ("address_string", "公园北门公厕"),
        ("first_name", "John"),
        ("last_name", "Smith"),
        ("email", "john@example.org"),
        ("phone", "13812345678"),
        ("description", "No water & no <light>"),
        ("attribute[toilet_part][]", "water"),
        ("attribute[toilet_part][]", "light"),
        ("media_url", "https://example.org/1.jpg"),
    ];
    let taken = client.post("/requests.xml", &fields).await;
    assert_eq!(taken.status, StatusCode::CREATED);
    let text = taken.text();
    let (before, rest) = text.split_once("查询码 ").expect("the notice names the code");
    assert_snapshot!("taken_xml", format!("{before}查询码 ········{}", &rest[8..]));
    let number = taken.header("location").split('/').next_back().unwrap().strip_suffix(".xml").unwrap().to_owned();
    assert_json_snapshot!("request_json", client.get(&format!("/requests/{number}.json")).await.json());
    assert_snapshot!("request_xml", client.get(&format!("/requests/{number}.xml")).await.text());

    let chief = house.staff(Role::DutyChief).await;
    let found = house.get(&chief, &format!("/api/v1/cases/number/{number}")).await.ok();
    let place = format!("/api/v1/cases/{}/{}", found["region"].as_str().unwrap(), found["id"].as_str().unwrap());
    let case = house.get(&chief, &place).await.ok();
    assert_eq!(case["words"], "No water & no <light>\n哪里有问题：没水、灯\nmedia_url：https://example.org/1.jpg");
    assert_eq!((case["source"].clone(), case["place"]["address"].clone()), (json!("system"), json!("公园北门公厕")));
    assert_eq!(case["contacts"].as_array().unwrap().len(), 3);
    let token = client.get(&format!("/tokens/{}.json", found["id"].as_str().unwrap())).await.json();
    assert_eq!(token[0]["service_request_id"], number);
    assert_eq!(client.get("/tokens/12345.json").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn every_mistake_has_the_status_and_the_body_of_the_specification() {
    let house = House::open().await;
    let client = Client::of(&house).await;
    let (lat, long) = (HERE.1.to_string(), HERE.0.to_string());
    let here = [("lat", lat.as_str()), ("long", long.as_str())];
    let with = |fields: &[(&'static str, &'static str)]| [&here[..], fields].concat();
    let mistakes = [
        ("no service", 400, with(&[])),
        ("unknown service", 404, with(&[("service_code", "none")])),
        ("no place", 400, vec![("service_code", "event-01-10")]),
        ("half a place", 400, vec![("service_code", "event-01-10"), ("lat", "38.5")]),
        ("no degrees", 400, vec![("service_code", "event-01-10"), ("lat", "x"), ("long", "y")]),
        ("beyond the pole", 400, vec![("service_code", "event-01-10"), ("lat", "91"), ("long", "0")]),
        ("unknown address_id", 400, vec![("service_code", "event-01-10"), ("address_id", "none")]),
        ("an answer is missing", 400, with(&[("service_code", "event-04-96")])),
        ("no such choice", 400, with(&[("service_code", "event-04-96"), ("attribute[danger]", "perhaps")])),
        ("no number", 400, with(&[("service_code", "event-01-13"), ("attribute[depth_cm]", "deep")])),
        (
            "two of one",
            400,
            with(&[("service_code", "event-04-96"), ("attribute[danger][]", "yes"), ("attribute[danger][]", "no")]),
        ),
        ("not from the web", 400, with(&[("service_code", "event-01-10"), ("media_url", "file:///etc/passwd")])),
        ("bad address", 400, with(&[("service_code", "event-01-10"), ("email", "nobody")])),
        ("unknown jurisdiction", 404, with(&[("service_code", "event-01-10"), ("jurisdiction_id", "elsewhere")])),
    ];
    let mut told = Vec::new();
    for (name, status, fields) in mistakes {
        let answer = client.post("/requests.json", &fields).await;
        assert_eq!(answer.status.as_u16(), status, "{name}: {}", answer.text());
        assert_eq!(answer.json()[0]["code"], status, "{name}");
        told.push((name, answer.json()));
    }
    assert_json_snapshot!("mistakes", told);
    let long: String = "长".repeat(4_001);
    let fields = [&here[..], &[("service_code", "event-01-10"), ("description", &long)]].concat();
    assert_eq!(client.post("/requests.json", &fields).await.status, StatusCode::BAD_REQUEST);
    let longest = [&here[..], &[("service_code", "event-01-10"), ("description", &long[3..])]].concat();
    assert_eq!(client.post("/requests.json", &longest).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_key_that_is_missing_wrong_or_given_for_something_else_is_403() {
    let house = House::open().await;
    let client = Client::of(&house).await;
    let form = "service_code=event-01-10&address_string=x";
    let missing = client.send("/requests.xml", form).await;
    assert_eq!(missing.status, StatusCode::FORBIDDEN);
    assert_snapshot!("no_key_xml", missing.text());
    let reader = house.key(&["read"]).await.authorization.unwrap().replace("Bearer ", "");
    for key in ["gw_wrong", "", &reader] {
        let answer = client.send("/requests.json", &format!("api_key={key}&{form}")).await;
        assert_eq!((answer.status, answer.json()[0]["code"].as_u64()), (StatusCode::FORBIDDEN, Some(403)), "{key}");
    }
}

#[tokio::test]
async fn a_wrong_address_method_or_format_is_told_in_the_format_asked_for() {
    let house = House::open().await;
    let client = Client::of(&house).await;
    assert_eq!(client.get("/services.yaml").await.status, StatusCode::NOT_FOUND);
    let none = client.get("/nothing.json").await;
    assert_eq!((none.status, none.json()[0]["code"].as_u64()), (StatusCode::NOT_FOUND, Some(404)));
    let request = Request::put(format!("{V2}/requests.xml")).body(Body::empty()).unwrap();
    let method = house.send(&NOBODY, request).await;
    assert_eq!((method.status, method.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "GET, POST"));
    assert!(method.text().starts_with("<?xml"), "{}", method.text());
    let accept = |accept: &'static str| {
        let request = Request::get(format!("{V2}/services")).header(header::ACCEPT, accept);
        house.send(&NOBODY, request.body(Body::empty()).unwrap())
    };
    for (asked, media_type) in [
        ("application/json", "application/json; charset=utf-8"),
        ("text/html, application/xml;q=0.9", "text/xml; charset=utf-8"),
        ("*/*", "text/xml; charset=utf-8"),
    ] {
        assert_eq!(accept(asked).await.header("content-type"), media_type, "{asked}");
    }
    assert_eq!(accept("image/png").await.status, StatusCode::NOT_ACCEPTABLE);
    let json = Request::post(format!("{V2}/requests.json")).header(header::CONTENT_TYPE, "application/json");
    let json = house.send(&NOBODY, json.body(Body::from("{}")).unwrap()).await;
    assert_eq!(json.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn nothing_a_reporter_said_of_themselves_is_ever_in_the_feed() {
    let house = House::open().await;
    let client = Client::of(&house).await;
    let (lat, long) = (HERE.1.to_string(), HERE.0.to_string());
    let marked = [
        ("email", "marker-email@example.org"),
        ("phone", "13800001111"),
        ("first_name", "MarkerFirst"),
        ("last_name", "MarkerLast"),
        ("device_id", "MarkerDevice"),
        ("account_id", "MarkerAccount"),
        ("description", "MarkerWords"),
        ("address_string", "MarkerAddress"),
        ("media_url", "https://marker-media.example.org/x"),
    ];
    let fields = [&marked[..], &[("service_code", "event-01-10"), ("lat", &lat), ("long", &long)]].concat();
    let taken = client.post("/requests.json", &fields).await;
    let number = taken.json()[0]["service_request_id"].as_str().unwrap().to_owned();
    let mut seen = String::new();
    for path in [
        "/requests.json".to_owned(),
        "/requests.xml".to_owned(),
        format!("/requests.json?service_request_id={number}"),
        format!("/requests/{number}.json"),
        format!("/requests/{number}.xml"),
    ] {
        seen.push_str(&client.get(&path).await.text());
    }
    seen.push_str(&house.get(&NOBODY, "/api/v1/cases/public").await.text());
    assert!(seen.contains(&number));
    for word in ["Marker", "marker", "13800001111"] {
        assert!(!seen.contains(word), "{word} in {seen}");
    }
    // These two are not even kept.
    for word in ["MarkerDevice", "MarkerAccount"] {
        assert!(!house.keeps(word), "{word} is kept");
    }
}

#[tokio::test]
async fn words_are_published_where_the_city_says_so_and_never_those_of_a_confidential_case() {
    let house = House::with(Settings { description_public: true, ..Settings::default() }).await;
    let client = Client::of(&house).await;
    let report = |words: &str, is_confidential: bool| {
        json!({
            "words": words,
            "location": { "point": { "lon": HERE.0, "lat": HERE.1 }, "address": format!("{words} 门口") },
            "is_confidential": is_confidential,
        })
    };
    let open = house.post(&NOBODY, "/api/v1/cases", report("open words", false)).await;
    let chief = house.staff(Role::DutyChief).await;
    let show = json!({ "do": "show", "words": true });
    house.post(&chief, &format!("{}/steps", open.header("location")), show).await.ok();
    house.post(&NOBODY, "/api/v1/cases", report("secret words", true)).await.ok();
    let feed = client.get("/requests.json").await.json();
    assert_eq!(
        (feed[1]["description"].clone(), feed[1]["address"].clone()),
        (json!("open words"), json!("open words 门口"))
    );
    assert_eq!(feed[1]["lat"], HERE.1);
    let hidden = &feed[0];
    assert_eq!((&hidden["description"], &hidden["lat"], &hidden["long"]), (&Value::Null, &Value::Null, &Value::Null));
    assert!(!feed.to_string().contains("secret"));
    assert_ne!(hidden["address_id"], feed[1]["address_id"]);
    let public = house.get(&NOBODY, "/api/v1/cases/public").await.ok();
    assert_eq!((&public["cases"][0]["point"], public["cases"][0]["path"].as_array().unwrap().len()), (&Value::Null, 3));
}

#[tokio::test]
async fn a_photo_sent_with_the_form_is_public_once_somebody_has_shown_it() {
    let house = House::open().await;
    let client = Client::of(&house).await;
    let mut body = Vec::new();
    for (name, value) in [
        ("api_key", client.key.as_str()),
        ("service_code", "event-01-10"),
        ("lat", &HERE.1.to_string()),
        ("long", &HERE.0.to_string()),
    ] {
        body.extend(format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes());
    }
    body.extend(
        b"--x\r\ncontent-disposition: form-data; name=\"media\"; filename=\"a.png\"\r\ncontent-type: image/png\r\n\r\n",
    );
    body.extend(picture());
    body.extend(b"\r\n--x--\r\n");
    let request =
        Request::post(format!("{V2}/requests.json")).header(header::CONTENT_TYPE, "multipart/form-data; boundary=x");
    let taken = house.send(&NOBODY, request.body(Body::from(body)).unwrap()).await;
    let number = taken.ok()[0]["service_request_id"].as_str().unwrap().to_owned();
    let request = client.get(&format!("/requests/{number}.json")).await.json();
    assert_eq!(request[0]["media_url"], json!(null));
    let chief = house.staff(Role::DutyChief).await;
    let found = house.get(&chief, &format!("/api/v1/cases/number/{number}")).await.ok();
    let case = format!("/api/v1/cases/{}/{}", found["region"].as_str().unwrap(), found["id"].as_str().unwrap());
    let photo = house.get(&chief, &case).await.ok()["photos"][0]["digest"].clone();
    let show = json!({ "do": "show", "shown": [{ "photo": photo }] });
    house.post(&chief, &format!("{case}/steps"), show).await.ok();
    let request = client.get(&format!("/requests/{number}.json")).await.json();
    let url = request[0]["media_url"].as_str().unwrap().strip_prefix("https://gewu.example.org").unwrap().to_owned();
    let photo = house.get(&NOBODY, &url).await;
    assert_eq!((photo.status, photo.header("content-type")), (StatusCode::OK, "image/jpeg"));
    let again = Request::get(&url).header(header::IF_NONE_MATCH, photo.header("etag")).body(Body::empty()).unwrap();
    assert_eq!(house.send(&NOBODY, again).await.status, StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn requests_are_narrowed_by_date_service_and_status() {
    let house = House::open().await;
    let client = Client::of(&house).await;
    let first = client.report().await;
    house.wait_min(24 * 60);
    let fields = [("service_code", "part-01-01"), ("address_string", "x")];
    let second =
        client.post("/requests.json", &fields).await.json()[0]["service_request_id"].as_str().unwrap().to_owned();
    let chief = house.staff(Role::DutyChief).await;
    let found = house.get(&chief, &format!("/api/v1/cases/number/{first}")).await.ok();
    let place = format!("/api/v1/cases/{}/{}", found["region"].as_str().unwrap(), found["id"].as_str().unwrap());
    house.post(&chief, &format!("{place}/steps"), json!({ "do": "refuse", "reason": "not_found" })).await.ok();
    let numbers = async |query: &str| -> Vec<String> {
        let answer = client.get(&format!("/requests.json?{query}")).await;
        let list = answer.ok();
        list.as_array().unwrap().iter().map(|one| one["service_request_id"].as_str().unwrap().to_owned()).collect()
    };
    let both = vec![second.clone(), first.clone()];
    let (one, two) = (vec![first.clone()], vec![second.clone()]);
    assert_eq!(numbers("").await, both);
    assert_eq!(numbers("status=closed").await, one);
    assert_eq!(numbers("status=open").await, two);
    assert_eq!(numbers("status=open,closed").await, both);
    assert_eq!(numbers("service_code=event-01-10").await, one);
    assert_eq!(numbers("service_code=event-01-10,part-01-01&status=").await, both);
    assert_eq!(client.get("/requests.json?service_code=event-01-10,none").await.status, StatusCode::NOT_FOUND);
    assert_eq!(numbers("start_date=2026-11-03T00:00:00Z").await, two);
    assert_eq!(numbers("end_date=2026-11-02T12:00:00%2B08:00").await, one);
    assert_eq!(numbers("start_date=2026-01-01T00:00:00Z&end_date=2026-02-01T00:00:00Z").await, Vec::<String>::new());
    // The numbers override everything else, come as named, and those there are none of are left out.
    assert_eq!(
        numbers(&format!("service_request_id={first},9,{second}&status=open")).await,
        [first.clone(), second.clone()]
    );
    let refused = client.get(&format!("/requests/{first}.json")).await.json();
    assert_eq!(
        (refused[0]["status"].clone(), refused[0]["status_notes"].clone()),
        (json!("closed"), json!("不予受理：现场没有发现所反映的问题"))
    );
    for query in
        ["start_date=2026-01-01T00:00:00Z&end_date=2026-06-01T00:00:00Z", "status=lost", "start_date=soon", "page=0"]
    {
        let answer = client.get(&format!("/requests.json?{query}")).await;
        assert_eq!((answer.status, answer.json()[0]["code"].as_u64()), (StatusCode::BAD_REQUEST, Some(400)), "{query}");
    }
}

#[tokio::test]
async fn pages_give_each_request_once_by_number_and_by_link() {
    let house = House::open().await;
    let client = Client::of(&house).await;
    let mut reported = BTreeSet::new();
    for _ in 0..10 {
        reported.insert(client.report().await);
    }
    let ids = |answer: &Answer| -> Vec<String> {
        let list = answer.json();
        list.as_array().unwrap().iter().map(|one| one["service_request_id"].as_str().unwrap().to_owned()).collect()
    };
    let mut by_number = Vec::new();
    for page in 1..=5 {
        by_number.extend(ids(&client.get(&format!("/requests.json?page={page}&page_size=3")).await));
    }
    assert_eq!(by_number.len(), 10);
    assert_eq!(by_number.iter().cloned().collect::<BTreeSet<_>>(), reported);

    let mut by_link = Vec::new();
    let mut next = Some("/requests.json?page_size=3&status=open".to_owned());
    while let Some(path) = next {
        let answer = client.get(&path).await;
        by_link.extend(ids(&answer));
        let link = answer.header("link").split(", ").find(|link| link.contains("rel=\"next\""));
        next = link.map(|link| {
            let url = link.trim_start_matches('<').split('>').next().unwrap();
            url.strip_prefix("https://gewu.example.org/open311/v2").unwrap().to_owned()
        });
        assert!(by_link.len() <= 10);
    }
    assert_eq!(by_link, by_number);
    let foreign = client.get("/requests.json?page_token=00&page_size=3").await;
    assert_eq!(foreign.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn several_jurisdictions_must_be_named_and_keep_to_their_region() {
    let region = "780101".parse().unwrap();
    let jurisdictions = vec![
        Jurisdiction { id: "here".to_owned(), region: Some(region) },
        Jurisdiction { id: "there".to_owned(), region: Some("780102".parse().unwrap()) },
    ];
    let house = House::with(Settings { jurisdictions, ..Settings::default() }).await;
    let client = Client::of(&house).await;
    assert_eq!(client.get("/services.json").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(client.get("/services.json?jurisdiction_id=nowhere").await.status, StatusCode::NOT_FOUND);
    assert_eq!(client.get("/services.json?jurisdiction_id=here").await.status, StatusCode::OK);
    let (lat, long) = (HERE.1.to_string(), HERE.0.to_string());
    let at = |jurisdiction: &'static str| {
        [("jurisdiction_id", jurisdiction), ("service_code", "event-01-10"), ("lat", &lat), ("long", &long)]
            .map(|(a, b)| (a, b.to_owned()))
    };
    let send = async |fields: [(&'static str, String); 4]| {
        let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        client.post("/requests.json", &fields).await
    };
    assert_eq!(send(at("there")).await.status, StatusCode::BAD_REQUEST);
    let number = send(at("here")).await.ok()[0]["service_request_id"].as_str().unwrap().to_owned();
    assert_eq!(client.get(&format!("/requests/{number}.json?jurisdiction_id=here")).await.status, StatusCode::OK);
    assert_eq!(
        client.get(&format!("/requests/{number}.json?jurisdiction_id=there")).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(client.get("/requests.json?jurisdiction_id=there").await.json(), json!([]));
}

#[tokio::test]
async fn the_same_idempotency_key_reports_once() {
    let house = House::open().await;
    let client = Client::of(&house).await;
    let send = || {
        let form = format!("api_key={}&service_code=event-01-10&address_string=x", client.key);
        let request = Request::post(format!("{V2}/requests.json"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("idempotency-key", "one");
        house.send(&NOBODY, request.body(Body::from(form)).unwrap())
    };
    assert_eq!(send().await.ok(), send().await.ok());
    assert_eq!(client.get("/requests.json").await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn english_is_spoken_to_whoever_asks_for_it() {
    let house = House::open().await;
    let get = |path: String| {
        let request = Request::get(path).header(header::ACCEPT_LANGUAGE, "en").body(Body::empty()).unwrap();
        house.send(&NOBODY, request)
    };
    let client = Client::of(&house).await;
    let number = client.report().await;
    let request = get(format!("{V2}/requests/{number}.json")).await;
    assert_eq!(request.header("content-language"), "en");
    assert_eq!(request.json()[0]["status_notes"], "Reported");
    let none = get(format!("{V2}/requests/9.json")).await;
    assert_eq!(none.json()[0]["description"], "service_request_id 9 was not found");
}
