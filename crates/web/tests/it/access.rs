//! Every route asks who is there.

use crate::support::{House, Knocker, NOBODY};
use axum::http::{Method, StatusCode};
use gewu_domain::people::Role;
use gewu_web::access::{Access, Row, TABLE};
use serde_json::{Value, json};

/// The path with names filled in that are well-formed and name nothing.
fn path(row: &Row) -> String {
    let case = "case_0199aaaa00007000800000000000002a";
    let id = match row.path {
        path if path.contains("/people/") => "person_0199aaaa00007000800000000000002a",
        path if path.contains("/posts/") => "post_0199aaaa00007000800000000000002a",
        path if path.contains("/clients/") => "client_0199aaaa00007000800000000000002a",
        path if path.starts_with("/open311/") => "none.json",
        _ => case,
    };
    row.path
        .replace("{id}", id)
        .replace("{region}", "780101")
        .replace("{number}", "7801012026110200001")
        .replace("{digest}", &"0".repeat(64))
        .replace("{field}", "phone")
        .replace("{code}", "none")
        .replace("{kind}", "policy")
        .replace("{version}", "1")
        .replace("{z}", "14")
        .replace("{x}", "0")
        .replace("{y}", "0.mvt")
}

/// A body the route can read, so that only access can turn it away.
fn body(row: &Row) -> Value {
    let json = match (row.method.clone(), row.path) {
        (Method::GET | Method::DELETE, _) => return Value::Null,
        (_, "/api/v1/cases/{region}/{id}/steps") => r#"{"do":"submit"}"#,
        (_, "/api/v1/cases/{region}/{id}/contacts/{field}/looks") => r#"{"reason":"回访"}"#,
        (_, "/api/v1/erasures") => r#"{"field":"phone","value":"13812345678","dry_run":true}"#,
        (_, "/api/v1/clients") => r#"{"name":"x","scopes":[]}"#,
        (_, "/api/v1/passwords") => r#"{"login":"nobody","password":"a long enough passphrase"}"#,
        (_, "/api/v1/people") => r#"{"name":"x","login":"xyz","password":"a long enough passphrase","unit":"none"}"#,
        (_, "/api/v1/posts") => {
            r#"{"person":"person_0199aaaa00007000800000000000002a","role":"handler","unit":"none"}"#
        }
        (_, "/api/v1/publications") => r#"{"drafts":[],"dry_run":true}"#,
        (_, "/api/v1/session/password") => r#"{"present":"x","new":"a long enough passphrase"}"#,
        (Method::PUT, "/api/v1/session/totp") => r#"{"present":"x","offer":"","code":""}"#,
        (_, "/api/v1/session/totp/removal") => r#"{"present":"x"}"#,
        (_, "/api/v1/session/post") => r#"{"post":"post_0199aaaa00007000800000000000002a"}"#,
        _ => "{}",
    };
    serde_json::from_str(json).unwrap()
}

async fn status(house: &House, who: &Knocker, row: &Row) -> StatusCode {
    house.knock(who, row.method.clone(), &path(row), body(row)).await.status
}

fn turned_away(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

/// A change here is a change of who may see or do something: read it twice.
#[test]
fn the_table_is_the_one_that_was_agreed() {
    let rows: Vec<String> = TABLE.iter().map(|row| format!("{:<7}{} {:?}", row.method, row.path, row.access)).collect();
    insta::assert_snapshot!("table", rows.join("\n"));
}

#[tokio::test]
async fn nobody_gets_through_a_door_that_is_not_public() {
    let house = House::open().await;
    for row in TABLE.iter().filter(|row| row.access != Access::Public) {
        let status = status(&house, &NOBODY, row).await;
        let expected = if matches!(row.access, Access::Key(_)) { status } else { StatusCode::UNAUTHORIZED };
        assert_eq!(status, expected, "{} {}", row.method, row.path);
        assert!(status.is_client_error(), "{} {}", row.method, row.path);
    }
}

#[tokio::test]
async fn everybody_gets_through_a_public_door() {
    let house = House::open().await;
    for row in TABLE.iter().filter(|row| row.access == Access::Public) {
        let status = status(&house, &NOBODY, row).await;
        assert!(!turned_away(status) && !status.is_server_error(), "{} {}: {status}", row.method, row.path);
    }
}

#[tokio::test]
async fn a_post_opens_the_doors_of_its_role_and_no_others() {
    let house = House::open().await;
    for role in [Role::Collector, Role::Handler, Role::Auditor, Role::Administrator] {
        let who = house.staff(role).await;
        for row in TABLE {
            let opens = match row.access {
                Access::Public | Access::SignedIn | Access::Staff | Access::StaffOr(_) | Access::StaffOrReceipt => true,
                Access::Administrator => role == Role::Administrator,
                Access::Auditor => matches!(role, Role::Administrator | Role::Auditor),
                Access::Receipt | Access::Key(_) => false,
            };
            // These end the session, or judge again by the role: tested where they belong.
            let ends = row.path == "/api/v1/session" && row.method == Method::DELETE;
            let judges_again = matches!(
                row.path,
                "/api/v1/cases" | "/api/v1/inbox" | "/api/v1/tiles/cases/{z}/{x}/{y}" | "/api/v1/session/post"
            ) || row.path.ends_with("/posts");
            if ends || row.path == "/api/v1/events" || (opens && judges_again) {
                continue;
            }
            let status = status(&house, &who, row).await;
            assert!(!status.is_server_error(), "{role:?} {} {}: {status}", row.method, row.path);
            if matches!(row.access, Access::Key(_)) {
                assert!(status.is_client_error(), "{role:?} {} {}: {status}", row.method, row.path);
            } else {
                assert_eq!(!turned_away(status), opens, "{role:?} {} {}: {status}", row.method, row.path);
            }
        }
    }
}

#[tokio::test]
async fn a_key_opens_the_doors_of_its_scopes_and_no_others() {
    let house = House::open().await;
    for scope in ["report", "read", "admin"] {
        let who = house.key(&[scope]).await;
        for row in TABLE {
            let opens = match row.access {
                Access::Public => true,
                Access::StaffOr(wanted) => wanted == scope,
                Access::Administrator | Access::Auditor => scope == "admin",
                Access::SignedIn | Access::Staff | Access::StaffOrReceipt | Access::Receipt | Access::Key(_) => false,
            };
            let judges_again = row.path == "/api/v1/cases" && row.method == Method::POST;
            if row.path == "/api/v1/events" || matches!(row.access, Access::Key(_)) || judges_again {
                continue;
            }
            let status = status(&house, &who, row).await;
            assert!(!status.is_server_error(), "{scope} {} {}: {status}", row.method, row.path);
            assert_eq!(!turned_away(status), opens, "{scope} {} {}: {status}", row.method, row.path);
        }
    }
}

#[tokio::test]
async fn a_change_by_cookie_needs_the_sessions_token() {
    let house = House::open().await;
    let mut who = house.staff(Role::Administrator).await;
    who.csrf = None;
    for row in TABLE.iter().filter(|row| !row.method.is_safe() && row.access != Access::Public) {
        if matches!(row.access, Access::Key(_) | Access::Receipt) {
            continue;
        }
        let answer = house.knock(&who, row.method.clone(), &path(row), body(row)).await;
        assert_eq!(answer.json()["code"], "csrf_token_wrong", "{} {}", row.method, row.path);
    }
    who.csrf = Some("0".repeat(64));
    let answer = house.knock(&who, Method::DELETE, "/api/v1/session", Value::Null).await;
    assert_eq!(answer.json()["code"], "csrf_token_wrong");
    assert_eq!(house.get(&who, "/api/v1/session").await.status, StatusCode::OK);
}

#[tokio::test]
async fn on_a_public_door_a_cookie_without_its_token_is_nobodys() {
    let house = House::open().await;
    let who = house.staff(Role::Acceptor).await;
    let hotline = json!({ "source": "hotline", "words": "一" });
    assert_eq!(house.post(&who, "/api/v1/cases", hotline.clone()).await.status, StatusCode::CREATED);
    let forged = Knocker { csrf: None, ..who };
    assert_eq!(house.post(&forged, "/api/v1/cases", hotline).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_revoked_key_opens_nothing() {
    let house = House::open().await;
    let who = house.key(&["read"]).await;
    let admin = house.staff(Role::Administrator).await;
    let id = house.get(&admin, "/api/v1/clients").await.ok()[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(house.get(&who, "/api/v1/cases").await.status, StatusCode::OK);
    let gone = house.knock(&admin, Method::DELETE, &format!("/api/v1/clients/{id}"), Value::Null).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(house.get(&who, "/api/v1/cases").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_address_or_a_method_that_is_none_is_told_as_a_problem() {
    let house = House::open().await;
    let none = house.get(&NOBODY, "/api/v1/nothing/here").await;
    assert_eq!((none.status, none.json()["code"].as_str()), (StatusCode::NOT_FOUND, Some("no_such_route")));
    assert_eq!(none.header("content-type"), "application/problem+json");
    let wrong = house.knock(&NOBODY, Method::PUT, "/api/v1/areas", Value::Null).await;
    assert_eq!(wrong.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!((wrong.json()["code"].as_str(), wrong.header("allow")), (Some("method_not_allowed"), "GET"));
}
