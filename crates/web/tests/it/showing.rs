//! What everybody may see of a case's words and photos: nothing before somebody has looked, nothing that was withheld,
//! and nothing any more within minutes of its being taken down.

use crate::{
    cases::{HERE, picture, upload},
    photos::{Scene, upload_bytes},
    support::{Answer, House, Knocker, NOBODY},
};
use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use gewu_domain::people::Role;
use gewu_web::Settings;
use serde_json::{Value, json};

const WORDS: &str = "井盖没了标记";

/// A report with words and a photo, as a system sends it, in a city that publishes words.
struct Seen {
    house: House,
    case: String,
    number: String,
    reporter: Knocker,
    chief: Knocker,
    digest: String,
    url: String,
}

impl Seen {
    async fn new(is_confidential: bool) -> Seen {
        let house = House::with(Settings { description_public: true, ..Settings::default() }).await;
        let report = json!({
            "class": "event-01-10", "words": WORDS, "photos": [upload(&house, &NOBODY).await],
            "location": { "point": { "lon": HERE.0, "lat": HERE.1 } }, "is_confidential": is_confidential,
        });
        let receipt = house.post(&NOBODY, "/api/v1/cases", report).await;
        let case = receipt.header("location").to_owned();
        let receipt = receipt.ok();
        let chief = house.staff(Role::DutyChief).await;
        let photo = house.get(&chief, &case).await.ok()["photos"][0].clone();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Seen {
            number: text(&receipt["number"]),
            digest: text(&photo["digest"]),
            url: text(&photo["url"]),
            reporter: Knocker::receipt(&receipt),
            house,
            case,
            chief,
        }
    }

    async fn step(&self, who: &Knocker, body: Value) -> Answer {
        self.house.wait_min(1);
        self.house.post(who, &format!("{}/steps", self.case), body).await
    }

    async fn show(&self) {
        let body = json!({ "do": "show", "words": true, "shown": [{ "photo": self.digest }] });
        self.step(&self.chief, body).await.ok();
    }

    /// Whether strangers get the photo, its address and the words.
    async fn public(&self) -> (bool, bool, bool) {
        let path = format!("/open311/v2/requests/{}.json", self.number);
        let request = self.house.get(&NOBODY, &path).await.ok()[0].clone();
        let photo = self.house.get(&NOBODY, &self.url).await;
        (photo.status == StatusCode::OK, request["media_url"].is_string(), request["description"] == WORDS)
    }
}

#[tokio::test]
async fn nobodys_words_and_picture_are_public_before_somebody_has_looked() {
    let seen = Seen::new(false).await;
    assert_eq!(seen.public().await, (false, false, false));
    let page = seen.house.get(&seen.chief, &seen.case).await.ok();
    let photo = &page["photos"][0];
    assert_eq!(
        (&photo["showing"], &photo["is_public"], &page["words_showing"]),
        (&json!("unseen"), &json!(false), &json!("unseen"))
    );
    let own = seen.house.get(&seen.reporter, &seen.url).await;
    assert_eq!((own.status, own.header("cache-control")), (StatusCode::OK, "private, no-cache"));
    seen.show().await;
    assert_eq!(seen.public().await, (true, true, true));
}

#[tokio::test]
async fn what_is_taken_down_is_gone_for_whoever_asks_again_within_minutes() {
    let seen = Seen::new(false).await;
    seen.show().await;
    let before = seen.house.get(&seen.chief, &seen.case).await.ok();
    let photo = seen.house.get(&NOBODY, &seen.url).await;
    assert_eq!(photo.header("cache-control"), "public, max-age=120, must-revalidate");
    let again =
        || Request::get(&seen.url).header(header::IF_NONE_MATCH, photo.header("etag")).body(Body::empty()).unwrap();
    assert_eq!(seen.house.send(&NOBODY, again()).await.status, StatusCode::NOT_MODIFIED);
    let body = json!({ "do": "withhold", "words": true, "withheld": [seen.digest], "reason": "face" });
    seen.step(&seen.chief, body).await.ok();
    assert_eq!(seen.public().await, (false, false, false));
    assert_eq!(seen.house.send(&NOBODY, again()).await.status, StatusCode::NOT_FOUND);
    let after = seen.house.get(&seen.chief, &seen.case).await.ok();
    assert_ne!(before["changed_at"], after["changed_at"], "mirrors must hear of it");
    let photo = &after["photos"][0];
    assert_eq!((&photo["showing"], &photo["withheld_for"]), (&json!("withheld"), &json!("face")));
}

#[tokio::test]
async fn everybody_sees_the_blurred_version_and_only_colleagues_the_photo() {
    let seen = Seen::new(false).await;
    let blurred = image::RgbImage::from_pixel(640, 480, image::Rgb([90, 90, 90]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    blurred.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    let version = upload_bytes(&seen.house, &seen.chief, "image/png", bytes.into_inner()).await;
    let body = json!({ "do": "show", "shown": [{ "photo": seen.digest, "instead": version }] });
    seen.step(&seen.chief, body).await.ok();

    assert_eq!(seen.public().await, (false, true, false));
    let page = seen.house.get(&seen.chief, &seen.case).await.ok();
    let photos = page["photos"].as_array().unwrap();
    let [photo, made] = [&seen.digest, version["digest"].as_str().unwrap()]
        .map(|digest| photos.iter().find(|photo| photo["digest"] == digest).unwrap());
    assert_eq!((&photo["is_public"], &photo["instead"]), (&json!(false), &made["digest"]));
    assert_eq!((&made["is_public"], &made["by"]), (&json!(true), &json!("reporter")));
    let request = seen.house.get(&NOBODY, &format!("/open311/v2/requests/{}.json", seen.number)).await.ok();
    assert!(request[0]["media_url"].as_str().unwrap().ends_with(made["url"].as_str().unwrap()));
    for (photo, status) in [(photo, StatusCode::NOT_FOUND), (made, StatusCode::OK)] {
        for url in ["url", "thumbnail_url"] {
            let url = photo[url].as_str().unwrap();
            assert_eq!(seen.house.get(&NOBODY, url).await.status, status, "{url}");
            assert_eq!(seen.house.get(&seen.chief, url).await.status, StatusCode::OK, "{url}");
        }
    }
    let whole = async || seen.house.app.verify(true, &mut |_| {}).await.unwrap().findings;
    assert_eq!(whole().await, []);

    seen.house.knock(&seen.reporter, Method::DELETE, "/api/v1/status", Value::Null).await.ok();
    for url in [&photo["url"], &made["url"]] {
        assert_eq!(seen.house.get(&seen.chief, url.as_str().unwrap()).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(whole().await, [], "what its reporter took out is missing rightly");
}

#[tokio::test]
async fn acceptors_and_duty_chiefs_show_and_withhold_and_nobody_else() {
    let scene = Scene::handling(false).await;
    let photo = scene.photos().await[0]["digest"].clone();
    let show = json!({ "do": "show", "words": true, "shown": [{ "photo": photo }] });
    let withhold = json!({ "do": "withhold", "withheld": [photo], "reason": "plate" });
    let dispatcher = scene.house.staff(Role::Dispatcher).await;
    for who in [&scene.handler, &dispatcher, &scene.reporter] {
        for body in [&show, &withhold] {
            let refused = scene.step(who, body.clone()).await;
            assert_eq!((refused.status, &refused.json()["rule"]), (StatusCode::FORBIDDEN, &json!("role")), "{body}");
        }
    }
    for who in [&scene.acceptor, &scene.chief] {
        for body in [&show, &withhold] {
            scene.step(who, body.clone()).await.ok();
        }
    }
}

#[tokio::test]
async fn a_case_that_is_refused_shows_nothing_whatever_was_shown_before() {
    let seen = Seen::new(false).await;
    seen.show().await;
    let acceptor = seen.house.staff(Role::Acceptor).await;
    seen.step(&acceptor, json!({ "do": "submit" })).await.ok();
    assert_eq!(seen.public().await, (true, true, true));
    seen.step(&seen.chief, json!({ "do": "refuse", "reason": "not_found" })).await.ok();
    assert_eq!(seen.public().await, (false, false, false));
    let refused = seen.step(&seen.chief, json!({ "do": "show", "words": true })).await;
    assert_eq!((refused.status, &refused.json()["rule"]), (StatusCode::CONFLICT, &json!("state")));
}

#[tokio::test]
async fn of_a_confidential_case_nothing_can_be_shown() {
    let seen = Seen::new(true).await;
    let refused = seen.step(&seen.chief, json!({ "do": "show", "shown": [{ "photo": seen.digest }] })).await;
    assert_eq!((refused.status, &refused.json()["rule"]), (StatusCode::CONFLICT, &json!("confidential")));
    assert_eq!(seen.public().await, (false, false, false));
}

#[tokio::test]
async fn only_photos_of_the_case_are_shown_and_only_by_versions_that_are_brought() {
    let seen = Seen::new(false).await;
    let other = upload(&seen.house, &NOBODY).await;
    let report = json!({ "words": "x", "photos": [other] });
    seen.house.post(&NOBODY, "/api/v1/cases", report).await.ok();
    let same = seen.house.get(&seen.chief, &seen.url).await.body;
    let same = upload_bytes(&seen.house, &seen.chief, "image/jpeg", same).await;
    let strangers = upload(&seen.house, &NOBODY).await;
    let own = upload_bytes(&seen.house, &seen.chief, "image/png", picture()).await;
    let mine = &seen.digest;
    for (body, code) in [
        (json!({ "do": "show", "shown": [{ "photo": other["digest"] }] }), "photo_not_of_the_case"),
        (json!({ "do": "withhold", "withheld": [other["digest"]], "reason": "face" }), "photo_not_of_the_case"),
        (
            json!({ "do": "show", "shown": [{ "photo": mine, "instead": { "token": other["digest"] } }] }),
            "photo_not_there",
        ),
        (json!({ "do": "show", "shown": [{ "photo": mine, "instead": strangers }] }), "photo_not_there"),
        (json!({ "do": "show", "shown": [{ "photo": mine, "instead": same }] }), "photo_of_the_case"),
        (json!({ "do": "show", "words": true, "photos": [own] }), "photo_not_there"),
    ] {
        let refused = seen.step(&seen.chief, body.clone()).await;
        assert_eq!(
            (refused.status, &refused.json()["problems"][0]["code"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(code)),
            "{body}"
        );
    }
    for (body, rule) in [
        (json!({ "do": "show" }), "nothing_chosen"),
        (json!({ "do": "withhold", "reason": "face" }), "nothing_chosen"),
        (json!({ "do": "withhold", "words": true, "reason": "because" }), "reason"),
    ] {
        let refused = seen.step(&seen.chief, body.clone()).await;
        assert_eq!(
            (refused.status, &refused.json()["rule"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(rule)),
            "{body}"
        );
    }
    assert_eq!(seen.public().await, (false, false, false));
}
