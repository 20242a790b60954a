//! No form of a page can be sent by another site, nor in a signed-in person's name without their session's token.
//!
//! The forms are read out of the pages' own list of routes, so a new one is here by itself.

use crate::house::{Desk, House, Keeper};
use gewu_domain::people::Role;
use serde_json::json;

const ROUTES: &str = include_str!("../../../ui/src/lib.rs");
const ACCOUNT: &str = include_str!("../../../ui/src/pages/account.rs");

/// Forms of people who are not signed in: there is no session to carry a token of, and no name to act in.
const OF_STRANGERS: [&str; 4] = ["/report", "/status", "/status/{number}", "/sign-in"];

/// Every address that takes a form.
fn forms() -> Vec<String> {
    let address = |name: &str| {
        let rest = ACCOUNT.split(&format!("pub const {name}: &str = \"")).nth(1).unwrap();
        rest.split('"').next().unwrap()
    };
    let routes: Vec<&str> = ROUTES.split(".route(").skip(1).collect();
    assert!(routes.len() > 25, "the routes of the pages are written otherwise now: read them here");
    let forms = routes.into_iter().filter_map(|route| {
        let route = route.split("\n        .").next().unwrap();
        let (path, handlers) = route.split_once(',').unwrap();
        let path = path.trim().trim_matches('"');
        let path = path.strip_prefix("pages::account::").map_or(path, address).to_owned();
        handlers.contains("post(").then_some(path)
    });
    forms.collect()
}

#[test]
fn no_form_is_taken_from_another_site_or_without_the_sessions_token() {
    let mut house = House::set_up(Keeper::Sqlite);
    let roles =
        [Role::Acceptor, Role::DutyChief, Role::Dispatcher, Role::Collector, Role::Handler, Role::Administrator];
    for role in roles {
        house.employ(role.code(), role, None);
    }
    house.serve_with(&["--rate-sign-in", "off", "--rate-write", "off"], &[]);
    let body = json!({ "words": "路灯不亮", "contact": { "phone": "13812345678" } });
    let (_, receipt) = house.post("/api/v1/cases", None, None, &body);
    let named = |name: &str| receipt[name].as_str().unwrap().to_owned();
    let forms = forms();
    assert!(forms.len() >= 12, "{forms:?}");
    for form in &forms {
        let desks: Vec<Desk> = roles.iter().map(|role| house.sign_in(role.code())).collect();
        let path = form.replace("{region}", &named("region")).replace("{id}", &named("id"));
        let path = path.replace("{number}", &named("number")).replace("{field}", "phone");
        for site in ["cross-site", "same-site"] {
            assert_eq!(house.form(&path, None, false, site), 403, "{form} from {site}");
            assert_eq!(house.form(&path, Some(&desks[0]), true, site), 403, "{form} from {site} with a token");
        }
        if OF_STRANGERS.contains(&form.as_str()) {
            assert_ne!(house.form(&path, None, false, "same-origin"), 403, "{form} is for everybody");
            continue;
        }
        let nobody = house.form(&path, None, false, "same-origin");
        assert!(matches!(nobody, 303 | 401), "{form} without a session: {nobody}");
        let forged: Vec<u16> = desks.iter().map(|desk| house.form(&path, Some(desk), false, "same-origin")).collect();
        assert!(forged.iter().all(|status| *status == 403), "{form} without a token: {forged:?}");
        let own: Vec<u16> = desks.iter().map(|desk| house.form(&path, Some(desk), true, "same-origin")).collect();
        assert!(own.iter().any(|status| *status != 403), "{form} takes nobody's form: {own:?}");
        assert!(own.iter().all(|status| *status < 500), "{form}: {own:?}");
    }
}
