//! The pages as a browser and as a stranger meet them: one house, asked over its router.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so"
)]

mod cookies;
mod forms;
mod limits;
#[allow(dead_code, reason = "the doors for machines use more of it")]
#[path = "../../../web/tests/it/support.rs"]
mod support;

use axum::{
    body::Body,
    http::{Request, header},
};
use gewu_web::Settings;
use support::{Answer, House, NOBODY};

/// A house with both rooms of doors behind one gate.
async fn house(settings: Settings) -> House {
    let mut house = House::with(settings).await;
    let pages = gewu_ui::routes(house.app.clone(), Vec::new(), house.gate.clone());
    house.router = house.router.clone().merge(pages);
    house
}

/// Sends a form of a page as a browser does.
async fn send(house: &House, path: &str, cookie: &str, form: &[(&str, &str)]) -> Answer {
    let body: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::COOKIE, cookie)
        .body(Body::from(body.join("&")));
    house.send(&NOBODY, request.unwrap()).await
}

async fn get(house: &House, path: &str, cookie: &str) -> Answer {
    house.send(&NOBODY, Request::get(path).header(header::COOKIE, cookie).body(Body::empty()).unwrap()).await
}

fn escaped(value: &str) -> String {
    value.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// The pair that a browser sends back.
fn kept(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}
