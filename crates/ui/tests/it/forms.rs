//! Forms as they arrive: in any charset that is declared, at any pace that is bearable, and no larger than they may be.

use crate::{
    house,
    support::{Answer, House, NOBODY},
};
use axum::{
    body::{Body, Bytes},
    http::{Request, header},
};
use futures_util::{StreamExt, stream};
use gewu_web::{Settings, body::Pace};
use std::{convert::Infallible, time::Duration};

/// A form with these parts, each a head and a body.
fn multipart(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut form = Vec::new();
    for (head, body) in parts {
        form.extend_from_slice(format!("--b\r\ncontent-disposition: form-data; {head}\r\n\r\n").as_bytes());
        form.extend_from_slice(body);
        form.extend_from_slice(b"\r\n");
    }
    form.extend_from_slice(b"--b--\r\n");
    form
}

async fn report(house: &House, kind: &str, body: impl Into<Body>) -> Answer {
    let request = Request::post("/report").header(header::CONTENT_TYPE, kind).body(body.into()).unwrap();
    house.send(&NOBODY, request).await
}

const MULTIPART: &str = "multipart/form-data; boundary=b";

/// The words of the one case there is.
async fn words(house: &House) -> String {
    let chief = house.staff(gewu_domain::people::Role::DutyChief).await;
    let list = house.get(&chief, "/api/v1/cases").await.ok();
    let case = &list["cases"][0];
    let path = format!("/api/v1/cases/{}/{}", case["region"].as_str().unwrap(), case["id"].as_str().unwrap());
    house.get(&chief, &path).await.ok()["words"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_form_is_read_in_the_charset_it_declares() {
    let (gbk, ..) = encoding_rs::GBK.encode("路灯不亮");
    let escaped: String = gbk.iter().map(|byte| format!("%{byte:02X}")).collect();
    let declared = "Application/X-WWW-Form-Urlencoded; Charset=GBK";
    let house = house(Settings::default()).await;
    assert_eq!(report(&house, declared, format!("words={escaped}")).await.status, 303);
    assert_eq!(words(&house).await, "路灯不亮");

    let house = crate::house(Settings::default()).await;
    let part = "name=\"words\"\r\ncontent-type: text/plain; charset=gbk";
    assert_eq!(report(&house, "Multipart/Form-Data; boundary=b", multipart(&[(part, &gbk)])).await.status, 303);
    assert_eq!(words(&house).await, "路灯不亮");
}

#[tokio::test]
async fn bytes_that_are_no_text_in_the_charset_are_refused() {
    let house = house(Settings::default()).await;
    let form = "application/x-www-form-urlencoded";
    assert_eq!(report(&house, form, "words=%c2%b7").await.status, 303, "it is a dot in the middle");
    assert_eq!(report(&house, form, "words=%c2").await.status, 400);
    assert_eq!(report(&house, &format!("{form}; charset=gbk"), "words=%ff%ff").await.status, 400);
    assert_eq!(report(&house, MULTIPART, multipart(&[("name=\"words\"", b"\xc2")])).await.status, 400);
}

#[tokio::test]
async fn an_input_for_files_that_was_left_empty_is_no_photo() {
    let house = house(Settings::default()).await;
    let empty = "name=\"photos\"; filename=\"\"\r\ncontent-type: application/octet-stream";
    let form = multipart(&[("name=\"words\"", "路灯不亮".as_bytes()), (empty, b"")]);
    assert_eq!(report(&house, MULTIPART, form).await.status, 303);
    let named = "name=\"photos\"; filename=\"a.jpg\"\r\ncontent-type: image/jpeg";
    let answer = report(&house, MULTIPART, multipart(&[("name=\"words\"", b"x"), (named, b"")])).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("照片是空的"), "a chosen file without a byte is told of");
}

#[tokio::test]
async fn a_photo_that_is_too_large_is_told_of_beside_what_was_written() {
    let house = house(Settings::default()).await;
    let large = "name=\"photos\"; filename=\"large.jpg\"\r\ncontent-type: image/jpeg";
    let form = multipart(&[("name=\"words\"", "路灯不亮".as_bytes()), (large, &vec![0xff; 17 << 20])]);
    let answer = report(&house, MULTIPART, form).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("最大 15 MB") && answer.text().contains("路灯不亮"), "the form is there again");
}

#[tokio::test]
async fn a_form_that_declares_too_much_is_refused_before_a_byte_is_read() {
    let house = house(Settings::default()).await;
    for (path, length) in [("/report", "97000000"), ("/sign-in", "200000"), ("/status", "200000")] {
        let endless = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, MULTIPART)
            .header(header::CONTENT_LENGTH, length)
            .body(endless);
        let answer = tokio::time::timeout(Duration::from_secs(10), house.send(&NOBODY, request.unwrap())).await;
        assert_eq!(answer.expect("it does not wait for the body").status, 413, "{path}");
    }
}

#[tokio::test]
async fn whoever_sends_too_slowly_is_let_go() {
    let pace = Pace { grace: Duration::from_millis(100), bytes_per_s: u32::MAX };
    let house = house(Settings { pace, ..Settings::default() }).await;
    for kind in [MULTIPART, "application/x-www-form-urlencoded"] {
        let begun = stream::once(async { Ok::<_, Infallible>(Bytes::from_static(b"--b\r\n")) });
        let answer = report(&house, kind, Body::from_stream(begun.chain(stream::pending()))).await;
        assert_eq!(answer.status, 408, "{kind}");
        assert!(answer.text().contains("传得太慢"), "{kind}: the page says so");
    }
}

#[tokio::test]
async fn when_there_is_no_room_for_a_photo_the_page_says_when_to_come_back() {
    let house = house(Settings { bodies_bytes_most: 900_000, ..Settings::default() }).await;
    let photo = "name=\"photos\"; filename=\"a.jpg\"\r\ncontent-type: image/jpeg";
    let answer = report(&house, MULTIPART, multipart(&[(photo, &vec![0xff; 200_000])])).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "2"));
    assert!(answer.text().contains("发送的人太多"));
    assert_eq!(report(&house, MULTIPART, multipart(&[("name=\"words\"", b"x")])).await.status, 303, "words have room");
}
