//! What nobody outside learns of a confidential case: its words, its photos, and where exactly.

use crate::{
    cases::{HERE, upload},
    support::{House, Knocker, NOBODY},
};
use axum::http::StatusCode;
use gewu_web::{
    Settings,
    access::{Access, TABLE},
};
use serde_json::json;

const WORDS: &str = "保密标记甲乙丙";
const OPEN_WORDS: &str = "公开标记丁戊己";
const ADDRESS: &str = "幸福路保密三号";

#[tokio::test]
async fn a_confidential_case_shows_nobody_its_words_its_photo_or_its_place_below_the_street() {
    let house = House::with(Settings { description_public: true, ..Settings::default() }).await;
    let photo = upload(&house, &NOBODY).await;
    let open = json!({ "class": "event-01-10", "words": OPEN_WORDS, "location": { "address": "别处" } });
    let open = house.post(&NOBODY, "/api/v1/cases", open).await;
    let chief = house.staff(gewu_domain::people::Role::DutyChief).await;
    let show = json!({ "do": "show", "words": true });
    house.post(&chief, &format!("{}/steps", open.header("location")), show).await.ok();
    house.wait_min(1);
    let report = json!({
        "class": "event-01-10", "words": WORDS, "photos": [photo], "is_confidential": true,
        "location": { "point": { "lon": HERE.0, "lat": HERE.1 }, "address": ADDRESS },
        "contact": { "phone": "13812345678" },
    });
    let hidden = house.post(&NOBODY, "/api/v1/cases", report).await.ok();
    let located = json!({ "point": { "lon": HERE.0, "lat": HERE.1 } });
    let path = house.post(&NOBODY, "/api/v1/areas/locate", located).await.ok()["path"].clone();
    let path: Vec<&str> = path.as_array().unwrap().iter().map(|area| area["code"].as_str().unwrap()).collect();
    let (street, below) = (path[2], &path[3..]);
    assert!(!below.is_empty(), "{path:?}");
    let secrets = || {
        [WORDS, ADDRESS, "13812345678", "119.96", "38.56"]
            .into_iter()
            .chain(below.iter().copied())
            .chain(photo["digest"].as_str())
    };

    // Whatever public door there is, asked for this very case and for everything.
    let (id, number) = (hidden["id"].as_str().unwrap(), hidden["number"].as_str().unwrap());
    let (mut shown, mut shown_open) = (0, 0);
    for row in TABLE.iter().filter(|row| row.method == "GET" && row.access == Access::Public) {
        let may_show_cases =
            row.path.contains("/cases") || row.path.contains("/requests") || row.path.contains("/tokens");
        if !may_show_cases || row.path.ends_with("{digest}") {
            continue;
        }
        let name = if row.path.contains("tokens") { id } else { number };
        let door = row.path.replace("{id}", &format!("{name}.json")).replace("{region}", "780101");
        for query in ["".to_owned(), format!("?service_request_id={number}"), format!("?area={street}")] {
            let answer = house.get(&NOBODY, &format!("{door}{query}")).await;
            let text = answer.text();
            shown += usize::from(text.contains(number));
            shown_open += usize::from(text.contains(OPEN_WORDS));
            if let Some(secret) = secrets().find(|secret| text.contains(secret)) {
                panic!("{door}{query} tells {secret} of a confidential case: {text}");
            }
        }
    }
    assert!(shown > 10, "the case itself is public: {shown}");
    assert!(shown_open >= 3, "the open case beside it shows its words where the city says so: {shown_open}");

    let digest = photo["digest"].as_str().unwrap();
    let picture = format!("/api/v1/cases/{}/{id}/photos/{digest}.jpg", hidden["region"].as_str().unwrap());
    assert_eq!(house.get(&NOBODY, &picture).await.status, StatusCode::NOT_FOUND);
    assert_eq!(house.get(&Knocker::receipt(&hidden), &picture).await.status, StatusCode::OK);
}

#[tokio::test]
async fn asked_by_an_area_below_the_street_the_public_list_tells_of_no_confidential_case() {
    let house = House::open().await;
    let point = json!({ "point": { "lon": HERE.0, "lat": HERE.1 } });
    let path = house.post(&NOBODY, "/api/v1/areas/locate", point.clone()).await.ok()["path"].clone();
    let path: Vec<&str> = path.as_array().unwrap().iter().map(|area| area["code"].as_str().unwrap()).collect();
    let grid = (*path.last().unwrap()).to_owned();
    let mut open = Vec::new();
    for no in 0..12 {
        house.wait_min(1);
        let report = json!({ "location": point, "words": "路灯", "is_confidential": no % 3 != 0 });
        let receipt = house.post(&NOBODY, "/api/v1/cases", report).await.ok();
        if no % 3 == 0 {
            open.push(receipt["number"].clone());
        }
    }
    open.reverse();
    let walk = async |area: &str, size: usize| {
        let (mut seen, mut token) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/v1/cases/public?area={area}&page_size={size}{token}");
            let page = house.get(&NOBODY, &path).await.ok();
            let rows = page["cases"].as_array().unwrap();
            let mut back = page.clone();
            while let Some(previous) = back["previous_page_token"].as_str() {
                let path = format!("/api/v1/cases/public?area={area}&page_size={size}&page_token={previous}");
                back = house.get(&NOBODY, &path).await.ok();
                assert!(back["cases"].as_array().unwrap().iter().all(|row| seen.contains(&row["number"])));
            }
            seen.extend(rows.iter().map(|row| row["number"].clone()));
            match page["next_page_token"].as_str() {
                Some(next) => token = format!("&page_token={next}"),
                None => return seen,
            }
        }
    };
    for size in [1, 2, 3, 4, 5, 100] {
        assert_eq!(walk(&grid, size).await, open, "pages of {size}");
    }
    assert_eq!(walk(path[2], 5).await.len(), 12);
}
