//! Whose a photo is: whoever brought it names it, once, where photos are taken; nobody names one by knowing of it.

use crate::{
    cases::{HERE, picture, upload},
    support::{Answer, House, Knocker, NOBODY},
};
use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use gewu_app::{
    cases::{PhotoName, history::Recorded, report::NewReport},
    locate::Location,
};
use gewu_domain::{
    case::{Move, Source},
    people::{Actor, Role},
};
use gewu_store::Change;
use serde_json::{Value, json};

/// A case that a handler can close, with a photo of its reporter.
pub struct Scene {
    pub house: House,
    pub case: String,
    pub reporter: Knocker,
    pub handler: Knocker,
    pub acceptor: Knocker,
    pub chief: Knocker,
}

impl Scene {
    pub async fn handling(is_confidential: bool) -> Scene {
        let house = House::open().await;
        let report = json!({
            "location": { "point": { "lon": HERE.0, "lat": HERE.1 } }, "words": "垃圾没人清",
            "photos": [upload(&house, &NOBODY).await], "is_confidential": is_confidential,
        });
        let receipt = house.post(&NOBODY, "/api/v1/cases", report).await;
        let case = receipt.header("location").to_owned();
        let receipt = receipt.ok();
        let [acceptor, chief, dispatcher] = [
            house.staff(Role::Acceptor).await,
            house.staff(Role::DutyChief).await,
            house.staff(Role::Dispatcher).await,
        ];
        let class = json!({ "scheme": "gbt30428", "version": 1, "code": "event-01-10" });
        let steps = format!("{case}/steps");
        for (who, body) in
            [(&acceptor, json!({ "do": "submit" })), (&chief, json!({ "do": "file", "class": class, "condition": 1 }))]
        {
            house.wait_min(1);
            house.post(who, &steps, body).await.ok();
        }
        let unit = house.get(&dispatcher, &case).await.ok()["proposals"][0]["unit"].as_str().unwrap().to_owned();
        house.post(&dispatcher, &steps, json!({ "do": "dispatch", "lead": { "unit": unit } })).await.ok();
        let handler = house.town.people.iter().find(|one| one.post.unit.as_str() == unit).unwrap().clone();
        let handler = house.sign_in(&handler).await;
        house.post(&handler, &steps, json!({ "do": "accept", "assignment": 1 })).await.ok();
        Scene { reporter: Knocker::receipt(&receipt), house, case, handler, acceptor, chief }
    }

    pub async fn step(&self, who: &Knocker, body: Value) -> Answer {
        self.house.wait_min(1);
        self.house.post(who, &format!("{}/steps", self.case), body).await
    }

    async fn handle(&self, photos: Value) -> Answer {
        self.step(&self.handler, json!({ "do": "handle", "assignment": 1, "photos": photos })).await
    }

    pub async fn photos(&self) -> Vec<Value> {
        self.house.get(&self.chief, &self.case).await.ok()["photos"].as_array().unwrap().clone()
    }
}

pub async fn upload_bytes(house: &House, who: &Knocker, kind: &str, bytes: Vec<u8>) -> Value {
    let request = Request::post("/api/v1/photos").header(header::CONTENT_TYPE, kind);
    house.send(who, request.body(Body::from(bytes)).unwrap()).await.ok()
}

fn code(answer: &Answer) -> String {
    let json = answer.json();
    format!("{} {}", answer.status.as_u16(), json["problems"][0]["code"].as_str().or(json["code"].as_str()).unwrap())
}

#[tokio::test]
async fn with_a_receipt_nobody_makes_the_proof_of_the_unit_their_own() {
    let scene = Scene::handling(false).await;
    let proof = upload(&scene.house, &scene.handler).await;
    scene.handle(json!([proof])).await.ok();
    let shown = scene.photos().await;
    let staff = shown.iter().find(|photo| photo["by"] == "staff").unwrap();
    for named in [staff.clone(), proof.clone(), json!({ "token": staff["digest"] })] {
        let urged = scene.step(&scene.reporter, json!({ "do": "urge", "photos": [named] })).await;
        assert!(urged.status.is_client_error(), "{}", urged.text());
    }
    let erased = scene.house.knock(&scene.reporter, Method::DELETE, "/api/v1/status", Value::Null).await.ok();
    assert_eq!(erased["photos"], 1);
    let left = scene.photos().await;
    assert_eq!(left.iter().map(|photo| &photo["digest"]).collect::<Vec<_>>(), [&staff["digest"]]);
    let seen = scene.house.get(&scene.chief, staff["url"].as_str().unwrap()).await;
    assert_eq!(seen.status, StatusCode::OK);
    let verified = scene.house.app.verify(true, &mut |_| {}).await.unwrap();
    assert!(verified.findings.is_empty(), "{:?}", verified.findings);
}

#[tokio::test]
async fn a_digest_names_no_photo_at_any_door() {
    let scene = Scene::handling(true).await;
    let photo = scene.photos().await.remove(0);
    let (digest, url) = (photo["digest"].clone(), photo["url"].as_str().unwrap());
    let old = json!({ "digest": digest, "thumbnail": digest, "width": 1, "height": 1, "bytes": 1 });
    for named in [
        old,
        digest.clone(),
        json!({ "token": digest }),
        json!({ "token": format!("up_{}", digest.as_str().unwrap()) }),
    ] {
        let report = json!({ "words": "x", "photos": [named] });
        let answer = scene.house.post(&NOBODY, "/api/v1/cases", report).await;
        assert!(answer.status.is_client_error(), "{named}: {}", answer.text());
        assert!(scene.handle(json!([named])).await.status.is_client_error(), "{named}");
    }
    assert_eq!(scene.house.get(&NOBODY, url).await.status, StatusCode::NOT_FOUND);
    assert_eq!(scene.photos().await.len(), 1);
}

#[tokio::test]
async fn a_photo_is_named_once_and_the_same_request_again_is_the_same_report() {
    let house = House::open().await;
    let photo = upload(&house, &NOBODY).await;
    let report = json!({ "words": "x", "photos": [photo] });
    let send = async |key: &str| {
        let request = Request::post("/api/v1/cases").header(header::CONTENT_TYPE, "application/json");
        let request = request.header("idempotency-key", key).body(Body::from(report.to_string())).unwrap();
        house.send(&NOBODY, request).await
    };
    let first = send("one").await.ok();
    assert_eq!(send("one").await.ok(), first);
    let other = send("two").await;
    assert_eq!(code(&other), "422 photo_not_there", "{}", other.text());
}

#[tokio::test]
async fn a_photo_is_named_by_whoever_brought_it_and_by_nobody_else() {
    let scene = Scene::handling(false).await;
    let house = &scene.house;
    let key = house.key(&["report"]).await;
    for (no, who) in [&NOBODY, &scene.reporter, &scene.acceptor, &scene.chief, &key].into_iter().enumerate() {
        let photo = upload(house, who).await;
        let refused = scene.handle(json!([photo])).await;
        assert_eq!(code(&refused), "422 photo_not_there", "brought by {no}");
    }
    let own = upload(house, &scene.handler).await;
    let report = json!({ "words": "x", "photos": [own] });
    let stranger = house.post(&NOBODY, "/api/v1/cases", report).await;
    assert_eq!(code(&stranger), "422 photo_not_there");
    scene.handle(json!([own])).await.ok();
}

#[tokio::test]
async fn an_upload_waits_for_three_days_and_no_longer() {
    let house = House::open().await;
    let [early, late] = [upload(&house, &NOBODY).await, upload(&house, &NOBODY).await];
    let report =
        async |photo: &Value| house.post(&NOBODY, "/api/v1/cases", json!({ "words": "x", "photos": [photo] })).await;
    house.wait_min(72 * 60 - 1);
    report(&early).await.ok();
    house.wait_min(1);
    assert_eq!(code(&report(&late).await), "422 photo_not_there");
}

#[tokio::test]
async fn a_unit_cannot_show_the_reporters_own_picture_as_its_work() {
    let scene = Scene::handling(false).await;
    let photo = scene.photos().await.remove(0);
    for url in ["url", "thumbnail_url"] {
        let picture = scene.house.get(&scene.handler, photo[url].as_str().unwrap()).await;
        assert_eq!(picture.status, StatusCode::OK);
        let again = upload_bytes(&scene.house, &scene.handler, "image/jpeg", picture.body).await;
        let refused = scene.handle(json!([again])).await;
        assert_eq!(code(&refused), "422 photo_of_the_case");
    }
}

#[tokio::test]
async fn only_steps_that_take_photos_take_them_and_no_more_than_the_policy_says() {
    let scene = Scene::handling(false).await;
    let photo = upload(&scene.house, &scene.handler).await;
    for body in [
        json!({ "do": "return", "assignment": 1, "reason": "not_our_area" }),
        json!({ "do": "ask", "assignment": 1, "asking": { "for": "extension", "minutes": 60 }, "reason": "parts" }),
        json!({ "do": "remark", "note": "x" }),
        json!({ "do": "accept", "assignment": 1 }),
    ] {
        let mut with = body.clone();
        with["photos"] = json!([photo]);
        assert_eq!(code(&scene.step(&scene.handler, with).await), "422 photos_not_taken", "{body}");
    }
    let urged = scene.step(&scene.reporter, json!({ "do": "urge", "photos": [photo] })).await;
    assert_eq!(code(&urged), "422 photos_not_taken");
    let many: Vec<&Value> = vec![&photo; 7];
    assert_eq!(code(&scene.handle(json!(many)).await), "422 too_many");
    scene.handle(json!([photo, photo])).await.ok();
    assert_eq!(scene.photos().await.len(), 2, "named twice in one step it is one photo");
    assert_eq!(Move::ALL.len(), 27, "a new step: does it take photos?");
}

#[tokio::test]
async fn what_a_photo_measures_is_not_believed_from_outside() {
    let house = House::open().await;
    let mut photo = upload(&house, &NOBODY).await;
    let measures = ["width", "height", "bytes", "digest", "thumbnail"].map(|name| photo[name].clone());
    photo["width"] = json!(1);
    photo["height"] = json!(99_999);
    photo["bytes"] = json!(3);
    photo["thumbnail"] = json!("00".repeat(32));
    photo["digest"] = json!("11".repeat(32));
    let receipt = house.post(&NOBODY, "/api/v1/cases", json!({ "words": "x", "photos": [photo] })).await;
    let page = house.get(&house.staff(Role::DutyChief).await, receipt.header("location")).await.ok();
    let kept = &page["photos"][0];
    assert_eq!(
        [&kept["width"], &kept["height"], &kept["bytes"], &kept["digest"]],
        [&measures[0], &measures[1], &measures[2], &measures[3]]
    );
    assert!(kept["thumbnail_url"].as_str().unwrap().contains(measures[4].as_str().unwrap()));
}

/// The same picture, brought by many while one of them takes theirs out again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn taking_out_ones_photo_takes_nobody_elses_who_brings_the_same_picture_meanwhile() {
    let house = House::open().await;
    let report = async || {
        let photo = upload_bytes(&house, &NOBODY, "image/png", picture()).await;
        house.post(&NOBODY, "/api/v1/cases", json!({ "words": "x", "photos": [photo] })).await
    };
    let mut kept = Vec::new();
    for _ in 0..12 {
        let (one, two) = tokio::join!(report(), async {
            let gone = report().await.ok();
            house.knock(&Knocker::receipt(&gone), Method::DELETE, "/api/v1/status", Value::Null).await.ok();
        });
        let () = two;
        kept.push(one.header("location").to_owned());
    }
    let chief = house.staff(Role::DutyChief).await;
    for case in &kept {
        let photo = house.get(&chief, case).await.ok()["photos"][0]["url"].as_str().unwrap().to_owned();
        assert_eq!(house.get(&chief, &photo).await.status, StatusCode::OK, "{case}");
    }
}

#[tokio::test]
async fn a_photo_that_a_fact_names_and_nobody_keeps_is_found() {
    let house = House::open().await;
    let photo = house.app.keep_photo(picture()).await.unwrap();
    let new = NewReport {
        source: Source::Patrol,
        location: Location { point: Some(HERE), ..Location::default() },
        class: None,
        words: "x".to_owned(),
        photos: vec![PhotoName::Kept(photo.clone())],
        contact: Default::default(),
        is_confidential: false,
        is_urgent: false,
        is_fixed_on_spot: false,
    };
    let number = |region: gewu_domain::ids::RegionId| format!("{region}202611020001");
    let history =
        house.app.history(&Actor::System, house.app.now(), Recorded::At(house.app.now()), number, &new).unwrap();
    let (region, mut changes) = history.finish();
    changes.list.retain(|change| !matches!(change, Change::Attachment(_)));
    house.app.store.upkeep().load(region, vec![changes]).await.unwrap();
    let verified = house.app.verify(true, &mut |_| {}).await.unwrap();
    let found: Vec<_> =
        verified.findings.iter().map(|finding| (finding.what, finding.seq, finding.detail.clone())).collect();
    assert_eq!(found, [("a photo that a fact names is not kept", Some(0), photo.digest.to_string())]);
    assert_eq!(house.app.verify(false, &mut |_| {}).await.unwrap().findings, []);
}
