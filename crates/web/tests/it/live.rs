//! What is looked at rather than read: tiles and the live stream.

use crate::{
    cases::HERE,
    support::{House, Knocker, NOBODY},
};
use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use futures_util::StreamExt;
use gewu_app::Caller;
use gewu_domain::{ids::RegionId, people::Role};
use gewu_geo::{datum::Point, tile::TileId};
use gewu_sim::town::Member;
use gewu_store::Change;
use gewu_web::{
    Settings,
    limits::{Rate, Rates},
};
use serde_json::{Value, json};
use std::time::Duration;
use tower::ServiceExt;

fn tile(layer: &str, lon: f64, lat: f64) -> String {
    let id = TileId::holding(Point::new(lon, lat).unwrap(), 14);
    format!("/api/v1/tiles/{layer}/{}/{}/{}.mvt", id.z(), id.x(), id.y())
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|one| one == word.as_bytes())
}

#[tokio::test]
async fn areas_are_drawn_for_everybody_and_sent_compressed_to_whoever_takes_it() {
    let house = House::open().await;
    let plain = house.get(&NOBODY, &tile("areas", HERE.0, HERE.1)).await;
    assert_eq!((plain.status, plain.header("content-type")), (StatusCode::OK, "application/vnd.mapbox-vector-tile"));
    assert!(holds(&plain.body, "780101002001006") && holds(&plain.body, "street"));
    let request = Request::get(tile("areas", HERE.0, HERE.1)).header(header::ACCEPT_ENCODING, "br, gzip");
    let packed = house.send(&NOBODY, request.body(Body::empty()).unwrap()).await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    let mut unpacked = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(packed.body.as_slice()), &mut unpacked).unwrap();
    assert_eq!(unpacked, plain.body);
    assert_eq!(house.get(&NOBODY, &tile("areas", 0.0, 0.0)).await.status, StatusCode::NO_CONTENT);
    for none in ["/api/v1/tiles/areas/3/9/0.mvt", "/api/v1/tiles/areas/x/0/0.mvt", "/api/v1/tiles/areas/40/0/0.mvt"] {
        assert_eq!(house.get(&NOBODY, none).await.status, StatusCode::NOT_FOUND, "{none}");
    }
}

#[tokio::test]
async fn a_new_boundary_is_drawn_as_soon_as_it_is_published() {
    let house = House::open().await;
    let path = tile("areas", HERE.0, HERE.1);
    let before = house.get(&NOBODY, &path).await.body;
    assert_eq!(house.get(&NOBODY, &path).await.body, before);
    let areas = house.town.areas_csv.replace("#version,1", "#version,2").replace("桂园第六网格", "改名的网格");
    let drafts = json!({ "drafts": [{ "kind": "areas", "file": "areas.csv", "text": areas }] });
    house.post(&house.key(&["admin"]).await, "/api/v1/publications", drafts).await.ok();
    let after = house.get(&NOBODY, &path).await.body;
    assert!(!holds(&before, "改名的网格") && holds(&after, "改名的网格"));
}

#[tokio::test]
async fn cases_are_drawn_for_those_who_may_see_them() {
    let house = House::open().await;
    let body = json!({ "words": "一", "location": { "point": { "lon": HERE.0, "lat": HERE.1 } } });
    let number = house.post(&NOBODY, "/api/v1/cases", body).await.ok()["number"].as_str().unwrap().to_owned();
    let path = tile("cases", HERE.0, HERE.1);
    let chief = house.get(&house.staff(Role::DutyChief).await, &path).await;
    assert!(holds(&chief.body, &number));
    assert_eq!((chief.header("gewu-left-off"), chief.header("cache-control")), ("no", "private, max-age=15"));
    let handler = house.get(&house.staff(Role::Handler).await, &path).await;
    assert_eq!(handler.status, StatusCode::NO_CONTENT);
    assert_eq!(house.get(&house.staff(Role::Auditor).await, &path).await.status, StatusCode::FORBIDDEN);
    assert_eq!(house.get(&NOBODY, &path).await.status, StatusCode::UNAUTHORIZED);
}

struct Stream(axum::body::BodyDataStream);

impl Stream {
    async fn open(house: &House, who: &Knocker, last: Option<&str>) -> Stream {
        let mut request = Request::get("/api/v1/events");
        for (name, value) in [("cookie", &who.cookie), ("authorization", &who.authorization)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = house.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        Stream(response.into_body().into_data_stream())
    }

    async fn next(&mut self) -> Option<String> {
        let bytes = self.0.next().await?.unwrap();
        Some(String::from_utf8(bytes.to_vec()).unwrap())
    }
}

async fn report(house: &House, location: Value) -> String {
    let body = json!({ "words": "不可说出去的话", "location": location });
    house.post(&NOBODY, "/api/v1/cases", body).await.ok()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn listeners_hear_of_changes_in_their_area_and_of_no_words() {
    let house = House::open().await;
    let here = json!({ "point": { "lon": HERE.0, "lat": HERE.1 } });
    let path = house.post(&NOBODY, "/api/v1/areas/locate", here.clone()).await.ok()["path"].clone();
    let street = path[2]["code"].as_str().unwrap();
    let collector = |inside: bool| {
        let is = move |area: &str| (area == street) == inside;
        house.town.people.iter().find(|one| one.post.role == Role::Collector && is(one.post.area.as_str())).unwrap()
    };
    let mut near = Stream::open(&house, &house.sign_in(collector(true)).await, None).await;
    let mut far = Stream::open(&house, &house.sign_in(collector(false)).await, None).await;
    let mut all = Stream::open(&house, &house.key(&["read"]).await, None).await;
    for stream in [&mut near, &mut far, &mut all] {
        assert_eq!(stream.next().await.unwrap(), ": listening\n\n");
    }
    let first = report(&house, here).await;
    let elsewhere = house.town.people.iter().find(|one| one.post.area.as_str() == collector(false).post.area.as_str());
    let second = report(&house, json!({ "area": elsewhere.unwrap().post.area })).await;
    let told = near.next().await.unwrap();
    assert!(told.contains("event: change") && told.contains(&first) && told.contains("\"did\":\"reported\""), "{told}");
    assert!(!told.contains("不可说"));
    // What the far one hears first is the second report: the first was kept from them.
    assert!(far.next().await.unwrap().contains(&second));
    assert!(all.next().await.unwrap().contains(&first));
    assert!(all.next().await.unwrap().contains(&second));
}

#[tokio::test]
async fn a_listener_who_comes_back_or_falls_behind_is_told_so() {
    let write = Rate { burst: 1, per_minute: 0 };
    let settings = Settings { rates: Rates { write, ..Rates::default() }, ..Settings::default() };
    let house = House::with(settings).await;
    let key = house.key(&["read"]).await;
    let mut back = Stream::open(&house, &key, Some("case_x-1")).await;
    assert!(back.next().await.unwrap().contains("event: lag"));
    let mut slow = Stream::open(&house, &key, None).await;
    assert_eq!(slow.next().await.unwrap(), ": listening\n\n");
    let many = (0..1_100).map(|_| report(&house, json!({})));
    futures_util::future::join_all(many).await;
    let told = slow.next().await.unwrap();
    assert!(told.contains("event: lag") && told.contains("changes were missed"), "{told}");
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let house = House::with(Settings { heartbeat_s: 1, ..Settings::default() }).await;
    let who = house.staff(Role::DutyChief).await;
    let mut stream = Stream::open(&house, &who, None).await;
    assert_eq!(stream.next().await.unwrap(), ": listening\n\n");
    assert_eq!(stream.next().await.unwrap(), ": alive\n\n");
    house.knock(&who, Method::DELETE, "/api/v1/session", Value::Null).await;
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn listening_keeps_no_session_from_going_idle() {
    let house = House::with(Settings { heartbeat_s: 1, ..Settings::default() }).await;
    let mut stream = Stream::open(&house, &house.staff(Role::DutyChief).await, None).await;
    assert_eq!(stream.next().await.unwrap(), ": listening\n\n");
    house.wait_min(20);
    assert_eq!(stream.next().await.unwrap(), ": alive\n\n");
    house.wait_min(20);
    assert_eq!(stream.next().await, None);
}

/// Waits for the end of a stream that says nothing by itself: its heartbeat is a day away.
async fn ends(mut stream: Stream) -> bool {
    tokio::time::timeout(Duration::from_secs(30), stream.next()).await.expect("it ends by itself").is_none()
}

#[tokio::test]
async fn a_stream_ends_with_its_key_and_with_its_post() {
    let house = House::with(Settings { heartbeat_s: 86_400, ..Settings::default() }).await;
    let admin = house.staff(Role::Administrator).await;
    let mut by_key = Stream::open(&house, &house.key(&["read"]).await, None).await;
    let mut kept = Stream::open(&house, &house.key(&["read"]).await, None).await;
    let mut by_post = Stream::open(&house, &house.staff(Role::DutyChief).await, None).await;
    for stream in [&mut by_key, &mut kept, &mut by_post] {
        assert_eq!(stream.next().await.unwrap(), ": listening\n\n");
    }
    let clients = house.get(&admin, "/api/v1/clients").await.ok();
    let id = clients[0]["id"].as_str().unwrap();
    // By another process, which this one does not hear of.
    let client = Change::RevokeClient { client: id.parse().unwrap(), at: house.app.now() };
    house.app.store.apply(RegionId(0), vec![client].into()).await.unwrap();
    assert!(ends(by_key).await);
    let is_chief = |one: &&Member| one.post.role == Role::DutyChief && one.post.region.is_some();
    let chief = house.town.people.iter().find(is_chief).unwrap();
    house.app.end_post(&Caller::system(), None, chief.post.id).await.unwrap();
    assert!(ends(by_post).await);
    let case = report(&house, json!({})).await;
    assert!(kept.next().await.unwrap().contains(&case), "another's key goes on");
}
