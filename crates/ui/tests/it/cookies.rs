//! Cookies, and where a browser is sent on to.

use crate::{get, house, kept, send};
use gewu_domain::people::Role;
use gewu_sim::town::DEMO_PASSWORD;
use gewu_web::Settings;

/// Set-Cookie of every page that sets one, and of the API.
async fn all_set_at(public_url: &str) -> Vec<String> {
    let house = house(Settings { public_url: public_url.to_owned(), ..Settings::default() }).await;
    let login = house.town.accounts().find(|one| one.post.role == Role::Acceptor).unwrap().login.clone().unwrap();
    let mut set = vec![get(&house, "/language?to=en", "").await];
    set.push(send(&house, "/report", "", &[("words", "路灯不亮")]).await);
    let signed = send(&house, "/sign-in", "", &[("login", &login), ("password", DEMO_PASSWORD)]).await;
    let cookie = kept(&signed);
    set.push(signed);
    let page = get(&house, "/account", &cookie).await.text();
    let csrf = page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    set.push(send(&house, "/sign-out", &cookie, &[("csrf", &csrf)]).await);
    let body = serde_json::json!({ "login": login, "password": DEMO_PASSWORD });
    set.push(house.post(&crate::support::NOBODY, "/api/v1/session", body).await);
    set.iter().map(|answer| answer.header("set-cookie").to_owned()).collect()
}

#[tokio::test]
async fn every_cookie_travels_in_secret_where_people_come_by_https_and_only_there() {
    for cookie in all_set_at("https://311.example.org").await {
        assert!(cookie.contains("; Secure"), "{cookie:?}");
    }
    for cookie in all_set_at("http://localhost:8080").await {
        assert!(!cookie.is_empty() && !cookie.contains("Secure"), "{cookie:?}");
    }
}

#[tokio::test]
async fn nobody_is_sent_on_to_another_site_nor_stopped_by_an_odd_address() {
    let house = house(Settings::default()).await;
    let login = house.town.accounts().next().unwrap().login.clone().unwrap();
    for next in ["/%09/evil.example", "/%5Cevil.example", "//evil.example", "/%01", "/%0d%0a/evil", "/%E8%B7%AF"] {
        let answer = get(&house, &format!("/language?to=en&next={next}"), "").await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/"), "{next}");
        let plain: Vec<u8> = gewu_web::media::unescaped(next.as_bytes());
        let plain = String::from_utf8(plain).unwrap();
        let form = [("login", login.as_str()), ("password", DEMO_PASSWORD), ("next", plain.as_str())];
        let answer = send(&house, "/sign-in", "", &form).await;
        assert_eq!(answer.status.as_u16(), 303, "{next}");
        assert!(!answer.header("location").contains("evil"), "{next}: {}", answer.header("location"));
    }
    let answer = get(&house, "/language?to=en&next=/areas%3Farea%3D1", "").await;
    assert_eq!(answer.header("location"), "/areas?area=1");
}
