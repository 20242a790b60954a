//! From the first word of a report to a closed and rated case, by the API alone.

use crate::support::{House, Knocker, NOBODY};
use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use gewu_domain::people::Role;
use serde_json::{Value, json};

/// A place inside the town.
pub const HERE: (f64, f64) = (119.965, 38.5625);

pub fn picture() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_fn(640, 480, |x, y| image::Rgb([(x % 256) as u8, (y % 256) as u8, 90]));
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

pub async fn upload(house: &House, who: &Knocker) -> Value {
    let request = Request::post("/api/v1/photos").header(header::CONTENT_TYPE, "image/png");
    house.send(who, request.body(Body::from(picture())).unwrap()).await.ok()
}

async fn step(house: &House, who: &Knocker, case: &str, body: Value) -> Value {
    house.wait_min(1);
    house.post(who, &format!("{case}/steps"), body).await.ok()
}

#[tokio::test]
async fn a_report_becomes_a_verified_closed_and_rated_case() {
    let house = House::open().await;
    let photo = upload(&house, &NOBODY).await;
    let receipt = house
        .post(
            &NOBODY,
            "/api/v1/cases",
            json!({
                "location": { "point": { "lon": HERE.0, "lat": HERE.1 }, "address": "幸福路 3 号门口" },
                "words": "垃圾堆了三天没人清",
                "photos": [photo],
                "contact": { "name": "李小明", "phone": "13812345678" },
            }),
        )
        .await;
    assert_eq!(receipt.status, StatusCode::CREATED, "{}", receipt.text());
    let case = receipt.header("location").to_owned();
    let receipt = receipt.json();
    assert_eq!(receipt["is_placed"], true);
    let reporter = Knocker::receipt(&receipt);

    let acceptor = house.staff(Role::Acceptor).await;
    let chief = house.staff(Role::DutyChief).await;
    let dispatcher = house.staff(Role::Dispatcher).await;
    let inbox = house.get(&acceptor, "/api/v1/inbox").await.ok();
    assert_eq!((inbox["waiting"].as_u64(), inbox["tasks"][0]["kind"].as_str()), (Some(1), Some("accept")));

    step(&house, &acceptor, &case, json!({ "do": "submit", "version": 1 })).await;
    let class = json!({ "scheme": "gbt30428", "version": 1, "code": "event-01-10" });
    step(&house, &chief, &case, json!({ "do": "file", "class": class, "condition": 1 })).await;
    let page = house.get(&dispatcher, &case).await.ok();
    let unit = page["proposals"][0]["unit"].as_str().expect("a proposal").to_owned();
    step(&house, &dispatcher, &case, json!({ "do": "dispatch", "lead": { "unit": unit } })).await;
    let no = house.get(&dispatcher, &case).await.ok()["assignments"][0]["no"].clone();

    let handler = house.town.people.iter().find(|one| one.post.unit.as_str() == unit).expect("somebody works there");
    let handler = house.sign_in(handler).await;
    step(&house, &handler, &case, json!({ "do": "accept", "assignment": no })).await;
    let after = upload(&house, &handler).await;
    step(&house, &handler, &case, json!({ "do": "handle", "assignment": no, "note": "已清运", "photos": [after] }))
        .await;

    let page = house.get(&chief, &case).await.ok();
    let by_staff = page["photos"].as_array().unwrap().iter().find(|photo| photo["by"] == "staff").unwrap();
    let photo = by_staff["url"].as_str().unwrap();
    assert_eq!(house.get(&NOBODY, photo).await.status, StatusCode::NOT_FOUND);
    assert_eq!(house.get(&reporter, photo).await.status, StatusCode::NOT_FOUND);
    let seen = house.get(&chief, photo).await;
    assert_eq!((seen.status, seen.header("cache-control")), (StatusCode::OK, "private, no-cache"));
    let checker = match page["state"].as_str() {
        Some("checking") if page["timeline"].to_string().contains("station-") => {
            let unit = page["timeline"].as_array().unwrap().iter().rev().find_map(|entry| entry["units"][0].as_str());
            let unit = unit.expect("a collectors' unit").to_owned();
            let collector = house.town.people.iter().find(|one| one.post.unit.as_str() == unit).unwrap();
            house.sign_in(collector).await
        }
        _ => acceptor.clone(),
    };
    step(&house, &checker, &case, json!({ "do": "check", "passed": true })).await;
    let ticks: Vec<usize> = (0..page["closing_conditions"].as_array().unwrap().len()).collect();
    let closed =
        step(&house, &chief, &case, json!({ "do": "close", "ticks": ticks, "note": "已清运，谢谢反映" })).await;
    assert_eq!(closed["state"], "closed");

    let status = house.get(&reporter, "/api/v1/status").await.ok();
    assert_eq!((status["reply"].as_str(), status["may_rate"].as_bool()), (Some("已清运，谢谢反映"), Some(true)));
    step(&house, &reporter, &case, json!({ "do": "rate", "is_solved": true, "stars": 5 })).await;
    let page = house.get(&chief, &case).await.ok();
    assert_eq!(page["rating"]["stars"], 5);
}

async fn report_as(house: &House, who: &Knocker, key: &str, body: &Value) -> crate::support::Answer {
    let mut request = Request::post("/api/v1/cases").header(header::CONTENT_TYPE, "application/json");
    if !key.is_empty() {
        request = request.header("idempotency-key", key);
    }
    house.send(who, request.body(Body::from(body.to_string())).unwrap()).await
}

fn words(words: &str) -> Value {
    json!({ "words": words, "location": { "point": { "lon": HERE.0, "lat": HERE.1 } } })
}

#[tokio::test]
async fn the_same_report_under_the_same_key_is_taken_once() {
    let house = House::open().await;
    let client = house.key(&["report"]).await;
    let first = report_as(&house, &client, "k-1", &words("一")).await;
    let again = report_as(&house, &client, "k-1", &words("一")).await;
    assert_eq!((again.status, again.json()), (first.status, first.json()));
    let other = report_as(&house, &client, "k-1", &words("二")).await;
    assert_eq!((other.status.as_u16(), other.json()["code"].as_str()), (422, Some("idempotency_key_reused")));
    let reader = house.key(&["read"]).await;
    assert_eq!(house.get(&reader, "/api/v1/cases").await.ok()["cases"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_reports_with_an_idempotency_key_and_as_a_system_only() {
    let house = House::open().await;
    let client = house.key(&["report"]).await;
    let without = report_as(&house, &client, "", &words("一")).await;
    assert_eq!(without.json()["code"], "idempotency_key_needed");
    assert_eq!(report_as(&house, &client, "k", &words("一")).await.status, StatusCode::CREATED);
    let mut as_patrol = words("二");
    as_patrol["source"] = json!("patrol");
    assert_eq!(report_as(&house, &client, "k2", &as_patrol).await.status, StatusCode::FORBIDDEN);
    assert_eq!(report_as(&house, &NOBODY, "", &as_patrol).await.status, StatusCode::FORBIDDEN);
    let blank = report_as(&house, &client, &"k".repeat(201), &words("三")).await;
    assert_eq!(blank.json()["code"], "idempotency_key_bad");
}

#[tokio::test]
async fn what_is_wrong_with_a_report_is_told_field_by_field_in_the_language_asked_for() {
    let house = House::open().await;
    let body = json!({ "words": "x", "class": "none", "contact": { "email": "nobody", "phone": "1" } });
    let zh = report_as(&house, &NOBODY, "", &body).await;
    assert_eq!((zh.status.as_u16(), zh.header("content-language")), (422, "zh-CN"));
    insta::assert_json_snapshot!("report_problems_zh", zh.json());
    let english = Request::post("/api/v1/cases")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT_LANGUAGE, "en-US,en;q=0.9")
        .body(Body::from(body.to_string()));
    let en = house.send(&NOBODY, english.unwrap()).await;
    assert_eq!(en.header("content-language"), "en");
    insta::assert_json_snapshot!("report_problems_en", en.json());
}

#[tokio::test]
async fn a_list_is_walked_in_pages_both_ways_and_narrowed() {
    let house = House::open().await;
    let reader = house.key(&["read"]).await;
    for no in 0..7 {
        house.wait_min(1);
        report_as(&house, &NOBODY, "", &words(&format!("第{no}件 路灯不亮"))).await.ok();
    }
    report_as(&house, &NOBODY, "", &json!({ "words": "说不清在哪里" })).await.ok();
    let numbers = |page: &Value| -> Vec<String> {
        page["cases"].as_array().unwrap().iter().map(|case| case["number"].as_str().unwrap().to_owned()).collect()
    };
    let all = numbers(&house.get(&reader, "/api/v1/cases").await.ok());
    assert_eq!(all.len(), 8);
    let (mut seen, mut path) = (Vec::new(), "/api/v1/cases?page_size=3".to_owned());
    let mut last;
    loop {
        last = house.get(&reader, &path).await.ok();
        seen.extend(numbers(&last));
        let Some(token) = last["next_page_token"].as_str() else { break };
        path = format!("/api/v1/cases?page_size=3&page_token={token}");
    }
    assert_eq!(seen, all);
    let back = last["previous_page_token"].as_str().unwrap();
    let back = house.get(&reader, &format!("/api/v1/cases?page_size=3&page_token={back}")).await.ok();
    assert_eq!(numbers(&back), all[3..6]);
    let foreign = format!("/api/v1/cases?state=closed&page_token={}", path.rsplit('=').next().unwrap());
    assert_eq!(house.get(&reader, &foreign).await.json()["code"], "bad_page_token");

    let count = async |query: &str| numbers(&house.get(&reader, &format!("/api/v1/cases?{query}")).await.ok()).len();
    assert_eq!(count("is_placed=false").await, 1);
    assert_eq!(count("state=open").await, 8);
    assert_eq!(count("state=closed,void").await, 0);
    assert_eq!(count("source=patrol").await, 0);
    assert_eq!(count("from=2026-11-02T01:05:00Z").await, 4);
    assert_eq!(count("q=%E8%B7%AF%E7%81%AF").await, 7);
    assert_eq!(count(&format!("q={}", all[0])).await, 1);
    assert_eq!(count("within=119.9,38.5,120.0,38.6").await, 7);
    assert_eq!(count("within=0,0,1,1").await, 0);
    for wrong in ["state=lost", "within=1,2", "page_size=0", "source=x", "unknown=1", "from=soon"] {
        let status = house.get(&reader, &format!("/api/v1/cases?{wrong}")).await.status;
        assert!(status == StatusCode::BAD_REQUEST || status == StatusCode::UNPROCESSABLE_ENTITY, "{wrong}: {status}");
    }
}

#[tokio::test]
async fn a_refusal_says_which_rule_and_what_would_be_allowed() {
    let house = House::open().await;
    let receipt = report_as(&house, &NOBODY, "", &words("一")).await;
    let case = receipt.header("location").to_owned();
    let chief = house.staff(Role::DutyChief).await;
    let refused = house.post(&chief, &format!("{case}/steps"), json!({ "do": "close", "ticks": [] })).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    insta::assert_json_snapshot!("refused", refused.json());
    let stale =
        house.post(&chief, &format!("{case}/steps"), json!({ "do": "remark", "note": "x", "version": 9 })).await;
    assert_eq!((stale.status, stale.json()["code"].as_str()), (StatusCode::CONFLICT, Some("conflict")));
    let reporter = Knocker::receipt(&receipt.json());
    let not_theirs = house.post(&reporter, &format!("{case}/steps"), json!({ "do": "submit" })).await;
    assert_eq!((not_theirs.status, not_theirs.json()["rule"].as_str()), (StatusCode::FORBIDDEN, Some("role")));
}

#[tokio::test]
async fn a_contact_is_masked_and_one_look_with_a_reason_is_shown_to_the_reporter() {
    let house = House::open().await;
    let mut body = words("一");
    body["contact"] = json!({ "phone": "13812345678" });
    let receipt = report_as(&house, &NOBODY, "", &body).await;
    let case = receipt.header("location").to_owned();
    let acceptor = house.staff(Role::Acceptor).await;
    let page = house.get(&acceptor, &case).await.ok();
    assert_eq!(
        (page["contacts"][0]["masked"].as_str(), page["may_unmask"].as_bool()),
        (Some("138****5678"), Some(true))
    );
    assert!(!page.to_string().contains("13812345678"));
    let looks = format!("{case}/contacts/phone/looks");
    assert_eq!(house.post(&acceptor, &looks, json!({ "reason": " " })).await.status.as_u16(), 422);
    let seen = house.post(&acceptor, &looks, json!({ "reason": "核实地点" })).await.ok();
    assert_eq!(seen["value"], "13812345678");
    let collector = house.staff(Role::Collector).await;
    let refused = house.post(&collector, &looks, json!({ "reason": "好奇" })).await.status;
    assert!(refused == StatusCode::FORBIDDEN || refused == StatusCode::NOT_FOUND);
    let status = house.get(&Knocker::receipt(&receipt.json()), "/api/v1/status").await.ok();
    assert_eq!(status["looks"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_reporter_erases_what_they_gave_and_the_case_stays() {
    let house = House::open().await;
    let mut body = words("MarkerWords 在这里");
    body["contact"] = json!({ "phone": "13812345678" });
    body["photos"] = json!([upload(&house, &NOBODY).await]);
    let receipt = report_as(&house, &NOBODY, "", &body).await;
    let case = receipt.header("location").to_owned();
    let reporter = Knocker::receipt(&receipt.json());
    let erased = house.knock(&reporter, Method::DELETE, "/api/v1/status", Value::Null).await.ok();
    assert_eq!((&erased["texts"], &erased["contacts"], &erased["photos"]), (&json!(1), &json!(1), &json!(1)));
    let page = house.get(&house.staff(Role::DutyChief).await, &case).await.ok();
    assert_eq!((&page["words"], &page["contacts"], &page["photos"]), (&Value::Null, &json!([]), &json!([])));
    assert_eq!(page["timeline"][0]["did"], "reported");
    assert!(!house.keeps("MarkerWords"));
}

#[tokio::test]
async fn an_administrator_erases_everything_given_with_a_telephone_number() {
    let house = House::open().await;
    let admin = house.key(&["admin"]).await;
    let mut body = words("一");
    body["contact"] = json!({ "phone": "138-1234-5678" });
    for _ in 0..2 {
        report_as(&house, &NOBODY, "", &body).await.ok();
    }
    let ask = |dry_run: bool| json!({ "field": "phone", "value": "13812345678", "dry_run": dry_run });
    let erase = async |dry_run: bool| {
        let erased = house.post(&admin, "/api/v1/erasures", ask(dry_run)).await.ok();
        erased["cases"].as_array().unwrap().len()
    };
    assert_eq!((erase(true).await, erase(false).await, erase(false).await), (2, 2, 0));
    let misspelt = house.post(&admin, "/api/v1/erasures", json!({ "field": "phones", "value": "13812345678" })).await;
    assert_eq!(misspelt.status, StatusCode::UNPROCESSABLE_ENTITY, "nothing found is not nothing there");
    assert_eq!(misspelt.json()["problems"][0]["code"], "contact_field_unknown");
}

#[tokio::test]
async fn the_receipt_itself_is_nowhere_in_what_staff_see() {
    let house = House::open().await;
    let receipt = report_as(&house, &NOBODY, "", &words("一")).await;
    let case = receipt.header("location").to_owned();
    let receipt = receipt.json();
    let page = house.get(&house.staff(Role::DutyChief).await, &case).await;
    assert!(!page.text().contains(receipt["code"].as_str().unwrap()) && !page.text().contains("receipt"));
    let mut wrong = receipt.clone();
    wrong["code"] = json!("AAAA2222");
    assert_eq!(house.get(&Knocker::receipt(&wrong), "/api/v1/status").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_code_on_a_lamp_post_places_a_report_and_free_words_are_no_code() {
    let house = House::open().await;
    let part = house.town.parts_csv.lines().nth(5).unwrap().split(',').next().unwrap();
    let of_part = |part: &str| json!({ "location": { "part": part }, "words": "路灯不亮" });
    let receipt = house.post(&NOBODY, "/api/v1/cases", of_part(part)).await;
    assert_eq!(receipt.status, StatusCode::CREATED, "{}", receipt.text());
    let case = receipt.header("location").to_owned();
    assert_eq!(receipt.json()["is_placed"], true);
    let acceptor = house.staff(Role::Acceptor).await;
    let case = house.get(&acceptor, &case).await.ok();
    assert_eq!(case["place"]["part"], part);
    assert!(case["place"]["point"]["lon"].is_number(), "{case}");

    let county = part.split_at(6).0;
    let unsurveyed = house.post(&NOBODY, "/api/v1/cases", of_part(&format!("{county}0137999999"))).await;
    assert_eq!((unsurveyed.status, &unsurveyed.json()["is_placed"]), (StatusCode::CREATED, &json!(false)));

    let words = house.post(&NOBODY, "/api/v1/cases", of_part("王大妈家门口")).await;
    assert_eq!(words.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", words.text());
    assert!(words.text().contains("没有这个部件编码"), "{}", words.text());
}
