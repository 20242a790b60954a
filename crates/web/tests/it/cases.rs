//! From the first word of a report to a closed and rated case, by the API alone.

use crate::support::{House, Knocker};
use axum::{
    body::Body,
    http::{Request, StatusCode, header},
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
    let nobody = Knocker::nobody();
    let photo = upload(&house, &nobody).await;
    let receipt = house
        .post(
            &nobody,
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
