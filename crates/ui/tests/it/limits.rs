//! How often strangers may come: one count for pages and machines, and none that a neighbour can use up for others.

use crate::{get, house, kept, send, support::NOBODY};
use gewu_web::{
    Settings,
    limits::{Rate, Rates},
};
use serde_json::json;

const TWO: Rate = Rate { burst: 2, per_minute: 1 };

#[tokio::test]
async fn pages_and_machines_share_one_count_of_what_strangers_write() {
    let house = house(Settings { rates: Rates { write: TWO, ..Rates::OFF }, ..Settings::default() }).await;
    assert_eq!(house.post(&NOBODY, "/api/v1/cases", json!({ "words": "一" })).await.status, 201);
    assert_eq!(send(&house, "/report", "", &[("words", "二")]).await.status, 303);
    let stopped = send(&house, "/report", "", &[("words", "三")]).await;
    assert_eq!((stopped.status.as_u16(), stopped.header("retry-after")), (429, "61"));
    assert_eq!(house.post(&NOBODY, "/api/v1/cases", json!({ "words": "四" })).await.status, 429);
}

#[tokio::test]
async fn pages_are_read_by_strangers_as_often_as_the_setting_says() {
    let house = house(Settings { rates: Rates { read: TWO, ..Rates::OFF }, ..Settings::default() }).await;
    let mut seen = Vec::new();
    for path in ["/", "/report", "/status", "/sign-in"] {
        let answer = get(&house, path, "gewu_session=forged").await;
        seen.push((answer.status.as_u16(), answer.header("retry-after").to_owned()));
    }
    let (fine, stopped) = ((200, String::new()), (429, "61".to_owned()));
    assert_eq!(seen, [fine.clone(), fine, stopped.clone(), stopped]);
}

#[tokio::test]
async fn codes_in_a_forged_cookie_cannot_be_tried_without_end_and_the_right_one_is_never_counted() {
    let house = house(Settings { rates: Rates { secret: TWO, ..Rates::OFF }, ..Settings::default() }).await;
    let sent = send(&house, "/report", "", &[("words", "路灯不亮")]).await;
    let own = kept(&sent);
    let number = own.split(['=', '.']).nth(1).unwrap().to_owned();
    let path = format!("/status/{number}");
    for _ in 0..5 {
        assert_eq!(get(&house, &path, &own).await.status, 200);
        assert_eq!(get(&house, "/receipt", &own).await.status, 200);
    }
    let forged = format!("gewu_receipt={number}.AAAA2222");
    assert_eq!(get(&house, &path, &forged).await.status, 303);
    assert_eq!(get(&house, "/receipt", &forged).await.status, 404);
    assert_eq!(get(&house, &path, &forged).await.status, 429);
    assert_eq!(get(&house, &format!("{path}/photos/0"), &forged).await.status, 429);
    assert_eq!(send(&house, "/status", "", &[("number", &number), ("code", "AAAA2222")]).await.status, 429);
}
