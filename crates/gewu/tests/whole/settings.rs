//! What an operator chooses reaches the doors, by flag and by variable.

use crate::house::{Desk, House, Keeper};
use gewu_domain::people::Role;
use serde_json::{Value, json};

fn report(house: &House, key: &str, words: &str) -> (u16, Value) {
    let body = json!({ "class": "event-01-10", "words": words, "location": { "address": "幸福路 3 号" } });
    house.post("/api/v1/cases", None, Some(key), &body)
}

fn descriptions(house: &House, jurisdiction: &str) -> (u16, String) {
    let (status, feed) = house.get(&format!("/open311/v2/requests.json?jurisdiction_id={jurisdiction}"), None);
    (status, feed.to_string())
}

/// Lets the words of a case be read by everybody, as far as the city publishes any.
fn show(house: &House, acceptor: &Desk, case: &Value) {
    let path = format!("/api/v1/cases/{}/{}/steps", case["region"].as_str().unwrap(), case["id"].as_str().unwrap());
    let (status, answer) = house.post(&path, Some(acceptor), None, &json!({ "do": "show", "words": true }));
    assert_eq!(status, 200, "{answer}");
}

#[test]
fn without_a_word_words_are_not_public_and_the_endpoint_is_for_production() {
    let mut house = House::set_up(Keeper::Sqlite);
    house.employ("acceptor", Role::Acceptor, None);
    house.serve();
    let (status, receipt) = report(&house, "k1", "路灯不亮");
    assert_eq!(status, 201, "{receipt}");
    show(&house, &house.sign_in("acceptor"), &receipt);
    let (_, discovery) = house.get("/open311/discovery.json", None);
    assert_eq!(discovery["endpoints"][0]["type"], "production");
    let (status, feed) = descriptions(&house, "gewu");
    assert!(status == 200 && !feed.contains("路灯不亮") && !feed.contains("幸福路"), "{feed}");
}

#[test]
fn flags_reach_the_doors() {
    let mut house = House::set_up(Keeper::Sqlite);
    house.employ("acceptor", Role::Acceptor, None);
    house.employ("chief", Role::DutyChief, None);
    house.serve();
    let acceptor = house.sign_in("acceptor");
    house.kill();
    house.serve_with(
        &[
            "--public-url",
            "https://311.example.org/",
            "--jurisdiction",
            "city.example.org",
            "--jurisdiction",
            "east.example.org=780101",
            "--publish-descriptions",
            "--test-endpoint",
            "--contact",
            "接口办公室 8600-0000",
            "--key-service",
            "写信到接口办公室",
            "--rate-write",
            "3/1",
            "--idle-minutes",
            "7",
            "--session-hours",
            "9",
        ],
        &[],
    );
    assert!(house.cookie_of("chief").contains("; Secure"), "the public address is https");
    let (_, discovery) = house.get("/open311/discovery.json", None);
    assert_eq!(discovery["endpoints"][0]["type"], "test");
    assert_eq!(discovery["endpoints"][0]["url"], "https://311.example.org/open311/v2");
    assert_eq!(
        (&discovery["contact"], &discovery["key_service"]),
        (&json!("接口办公室 8600-0000"), &json!("写信到接口办公室"))
    );
    let (status, receipt) = report(&house, "k1", "路灯不亮");
    assert_eq!(status, 201, "{receipt}");
    assert_eq!(report(&house, "k2", "路灯又不亮").0, 201);
    assert_eq!(report(&house, "k3", "路灯还不亮").0, 429);
    show(&house, &acceptor, &receipt);
    for jurisdiction in ["city.example.org", "east.example.org"] {
        let (status, feed) = descriptions(&house, jurisdiction);
        assert!(status == 200 && feed.contains("路灯不亮") && feed.contains("幸福路"), "{jurisdiction}: {feed}");
        assert!(!feed.contains("路灯又不亮"), "nobody has looked: {feed}");
    }
    assert_eq!(descriptions(&house, "").0, 400, "with two jurisdictions one must be named");
    assert_eq!(descriptions(&house, "gewu").0, 404);
    let (_, page) = house.get("/sign-in", None);
    assert!(page.as_str().unwrap().contains("7 分钟不操作"), "{page}");
    assert!(page.as_str().unwrap().contains("登录满 9 小时"), "{page}");
}

#[test]
fn variables_reach_the_doors_and_a_flag_is_stronger() {
    let mut house = House::set_up(Keeper::Sqlite);
    house.employ("acceptor", Role::Acceptor, None);
    house.serve();
    let (status, receipt) = report(&house, "k1", "路灯不亮");
    assert_eq!(status, 201, "{receipt}");
    show(&house, &house.sign_in("acceptor"), &receipt);
    let (status, feed) = descriptions(&house, "gewu");
    assert!(status == 200 && !feed.contains("路灯不亮"), "shown, and the city publishes none: {feed}");
    house.kill();
    let variables = [
        ("GEWU_PUBLIC_URL", "http://311.example.org:8080"),
        ("GEWU_JURISDICTIONS", "city.example.org,east.example.org=780101"),
        ("GEWU_PUBLISH_DESCRIPTIONS", "yes"),
        ("GEWU_TEST_ENDPOINT", "false"),
        ("GEWU_RATE_WRITE", "1/1"),
    ];
    house.serve_with(&["--rate-write", "off", "--rate-sign-in", "2/1"], &variables);
    let sign_in = || house.post("/api/v1/session", None, None, &json!({ "login": "nobody", "password": "x" })).0;
    assert_eq!([sign_in(), sign_in(), sign_in()], [401, 401, 429]);
    for no in 0..3 {
        assert_eq!(report(&house, &no.to_string(), "路灯又不亮").0, 201);
    }
    let (_, discovery) = house.get("/open311/discovery.json", None);
    assert_eq!(discovery["endpoints"][0]["type"], "production");
    assert_eq!(discovery["endpoints"][0]["url"], "http://311.example.org:8080/open311/v2");
    assert!(descriptions(&house, "east.example.org").1.contains("路灯不亮"));
}

#[test]
fn a_setting_that_is_none_is_named_before_anything_is_served() {
    let house = House::set_up(Keeper::Sqlite);
    for (flag, value, said) in [
        ("--public-url", "311.example.org", "https://311.example.org"),
        ("--jurisdiction", "a=b", "six digits"),
        ("--rate-write", "fast", "120/60"),
        ("--idle-minutes", "0", "1..=1440"),
        ("--session-hours", "0", "1..=720"),
    ] {
        let output = house.run(&["serve", flag, value]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && error.contains(flag) && error.contains(said), "{flag}: {error}");
    }
}

#[test]
fn the_help_names_every_setting_in_both_languages() {
    let house = House::set_up(Keeper::Sqlite);
    let help = house.told(&["serve", "--help"]);
    for flag in [
        "listen",
        "public-url",
        "jurisdiction",
        "publish-descriptions",
        "test-endpoint",
        "contact",
        "key-service",
        "trusted-proxies",
        "rate-read",
        "rate-write",
        "rate-sign-in",
        "rate-secret",
        "bodies-mb",
        "idle-minutes",
        "session-hours",
    ] {
        let (_, about) = help.split_once(&format!("--{flag}")).unwrap_or_else(|| panic!("no --{flag} in {help}"));
        let about = about.split("\n      --").next().unwrap();
        assert!(about.contains("· ") && about.contains("[env: GEWU_"), "--{flag}: {about}");
        assert!(about.chars().any(|letter| ('一'..='龥').contains(&letter)), "--{flag}: {about}");
    }
}
