//! A clock in doubt, a person's word for it, and days opened again; and times beside facts that were altered.

use crate::{
    former::moved_in,
    house::{House, Keeper},
};
use gewu_domain::people::Role;
use serde_json::{Value, json};

fn report(house: &House, key: &str) -> (u16, Value) {
    house.post("/api/v1/cases", None, Some(key), &json!({ "class": "event-01-10", "words": "垃圾" }))
}

fn console(house: &House, login: &str, path: &str) -> String {
    house.get(path, Some(&house.sign_in(login))).1.to_string()
}

/// As if the jobs had last run in 1970.
fn stand_still(house: &House) {
    house.tamper("delete from clock; insert into clock (id, ticked_at) values (1, 0)");
}

fn a_clock_in_doubt_is_told_everywhere_until_somebody_accepts_it(keeper: Keeper) {
    let mut house = House::set_up(keeper);
    house.employ("admin", Role::Administrator, None);
    house.employ("acceptor", Role::Acceptor, None);
    assert!(house.told(&["clock", "show"]).contains('✓'));
    stand_still(&house);
    house.serve();
    let (status, ready) = house.get("/readyz", None);
    assert_eq!((status, ready["warnings"][0]["code"].as_str()), (200, Some("clock_ahead")), "{ready}");
    assert_eq!(report(&house, "k1").0, 201, "what can be undone goes on");
    assert!(console(&house, "admin", "/people").contains("gewu clock accept"));
    assert!(!console(&house, "acceptor", "/inbox").contains("gewu clock accept"), "it is not theirs to see to");

    assert!(!house.run(&["clock", "show"]).status.success());
    let unasked = house.run(&["clock", "accept"]);
    assert!(!unasked.status.success() && String::from_utf8_lossy(&unasked.stderr).contains("--yes"));
    house.told(&["clock", "accept", "--yes"]);
    assert!(house.rows("select action from audit").contains(&"clock.accept".to_owned()));
    house.kill();
    house.serve();
    assert_eq!(house.get("/readyz", None).1["warnings"], json!([]));
    assert!(!console(&house, "admin", "/people").contains("gewu clock accept"));
}

fn days_of_an_old_record_are_opened_again_with_a_note_that_cannot_be_altered(keeper: Keeper) {
    let (house, _) = moved_in(keeper);
    house.told(&["verify"]);
    let roots = || house.rows("select cast(count(*) as text) from roots").remove(0);
    let reopen = |more: &[&str]| {
        house.run(&[&["clock", "reopen", "2026-11-10", "--reason", "时钟错了 wrong clock"], more].concat())
    };
    let before = roots();
    assert!(reopen(&["--dry-run"]).status.success() && !reopen(&[]).status.success());
    assert!(!house.run(&["clock", "reopen", "2099-01-01", "--reason", "x", "--yes"]).status.success());
    assert_eq!(roots(), before, "nothing is done without a yes");
    let output = reopen(&["--yes", "--by", "acceptor2"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_ne!(roots(), before);
    let said = house.told(&["verify"]);
    assert!(said.contains("· 780101: ") && said.contains("2026-11-10") && said.contains("wrong clock"), "{said}");
    assert!(said.contains("whole"), "a remark is no fault: {said}");

    house.tamper("update reopened_days set reason = 'x'");
    let output = house.run(&["verify"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(!output.status.success() && said.contains("a note of a day opened again was altered"), "{said}");
}

fn the_time_of_recording_beside_a_fact_is_no_other_than_the_fact_says(keeper: Keeper) {
    let mut house = House::set_up(keeper);
    house.serve();
    assert_eq!(report(&house, "k1").0, 201);
    house.kill();
    house.told(&["verify"]);
    house.tamper("update facts set late_at = at + 1");
    let output = house.run(&["verify"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(!output.status.success() && said.contains("the time beside a fact was altered"), "{said}");
}

on_both! {
    a_clock_in_doubt_is_told_everywhere_until_somebody_accepts_it
    days_of_an_old_record_are_opened_again_with_a_note_that_cannot_be_altered
    the_time_of_recording_beside_a_fact_is_no_other_than_the_fact_says
}
