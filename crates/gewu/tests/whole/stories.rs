//! What must hold of the whole.

use crate::house::{Desk, House, Keeper};
use gewu_domain::people::Role;
use serde_json::{Value, json};
use std::path::Path;

/// Words nobody else would write, planted to be found again.
const MARKER: &str = "独一无二的标记甲乙丙";
const PHONE: &str = "13912345678";

fn report(house: &House, key: &str, words: &str, phone: &str) -> (u16, Value) {
    let point = a_point(house);
    let body = json!({
        "class": "event-01-10",
        "words": words,
        "location": { "point": point },
        "contact": { "phone": phone },
    });
    house.post("/api/v1/cases", None, Some(key), &body)
}

/// Longitude and latitude inside the first grid of the town's shapes.
fn a_point(house: &House) -> Value {
    let features = gewu_geo::geojson::read(&house.town.shapes_geojson).unwrap();
    let grid = features.iter().find(|feature| feature.properties.get("level") == Some(&json!("grid"))).unwrap();
    let point = grid.shape.point_on_surface();
    json!({ "lon": point.lon(), "lat": point.lat() })
}

fn step(house: &House, desk: &Desk, case: &Value, body: Value) -> Value {
    let path = format!("/api/v1/cases/{}/{}/steps", case["region"].as_str().unwrap(), case["id"].as_str().unwrap());
    let (status, answer) = house.post(&path, Some(desk), None, &body);
    assert_eq!(status, 200, "{body} → {answer}");
    answer
}

fn page(house: &House, desk: &Desk, case: &Value) -> Value {
    let path = format!("/api/v1/cases/{}/{}", case["region"].as_str().unwrap(), case["id"].as_str().unwrap());
    let (status, page) = house.get(&path, Some(desk));
    assert_eq!(status, 200, "{page}");
    page
}

/// Everybody the loop needs.
fn employ_all(house: &House) {
    house.employ("acceptor", Role::Acceptor, None);
    house.employ("chief", Role::DutyChief, None);
    house.employ("dispatcher", Role::Dispatcher, None);
    house.employ("collector", Role::Collector, None);
}

fn the_whole_loop(keeper: Keeper) {
    let mut house = House::set_up(keeper);
    employ_all(&house);
    house.serve();
    let (status, receipt) = report(&house, "k1", "垃圾桶满了三天没人收", PHONE);
    assert_eq!(status, 201, "{receipt}");
    let (_, again) = report(&house, "k1", "垃圾桶满了三天没人收", PHONE);
    assert_eq!(again["number"], receipt["number"], "the same key gives the same receipt");

    let acceptor = house.sign_in("acceptor");
    let chief = house.sign_in("chief");
    let dispatcher = house.sign_in("dispatcher");
    step(&house, &acceptor, &receipt, json!({ "do": "submit" }));
    let class = page(&house, &chief, &receipt)["class"].clone();
    let class = json!({ "scheme": class["scheme"], "version": class["version"], "code": class["code"] });
    step(&house, &chief, &receipt, json!({ "do": "file", "class": class, "condition": 1 }));
    let proposed = page(&house, &dispatcher, &receipt)["proposals"][0]["unit"].clone();
    let unit = proposed.as_str().unwrap().to_owned();
    let refused = house.post(
        &format!("/api/v1/cases/{}/{}/steps", receipt["region"].as_str().unwrap(), receipt["id"].as_str().unwrap()),
        Some(&chief),
        None,
        &json!({ "do": "dispatch", "lead": { "unit": unit }, "assisting": [] }),
    );
    assert_eq!((refused.0, refused.1["rule"].as_str()), (403, Some("role")), "{}", refused.1);
    step(&house, &dispatcher, &receipt, json!({ "do": "dispatch", "lead": { "unit": unit }, "assisting": [] }));

    house.employ("handler", Role::Handler, Some(&unit));
    let handler = house.sign_in("handler");
    step(&house, &handler, &receipt, json!({ "do": "accept", "assignment": 1 }));
    let (status, photo) = house.upload_as(Some(&handler), include_bytes!("../../../app/tests/photos/grey.jpg"));
    assert_eq!(status, 201, "{photo}");
    step(&house, &handler, &receipt, json!({ "do": "handle", "assignment": 1, "photos": [photo], "note": "已清运" }));
    let may_check = |desk: &Desk| {
        let choices = page(&house, desk, &receipt)["choices"].as_array().unwrap().clone();
        choices.iter().any(|choice| choice["do"] == json!("check") && choice["is_open"] == json!(true))
    };
    let checker = if may_check(&acceptor) { "acceptor" } else { "collector" };
    step(&house, &house.sign_in(checker), &receipt, json!({ "do": "check", "passed": true }));
    let ticks: Vec<usize> =
        (0..page(&house, &chief, &receipt)["closing_conditions"].as_array().unwrap().len()).collect();
    let closed = step(&house, &chief, &receipt, json!({ "do": "close", "ticks": ticks, "note": "谢谢反映" }));
    assert_eq!(closed["state"], json!("closed"));

    let (status, seen) = house.status(&receipt);
    assert_eq!((status, seen["state"].as_str()), (200, Some("closed")), "{seen}");
    house.kill();
    assert!(house.told(&["verify", "--photos"]).contains("whole"));
}

fn one_altered_byte_is_found_and_named(keeper: Keeper) {
    let mut house = House::set_up(keeper);
    house.serve();
    let (_, receipt) = report(&house, "k1", "路灯坏了", "");
    house.kill();
    assert!(house.run(&["verify"]).status.success());
    let change = "update facts set body = replace(body, '\"is_urgent\":false', '\"is_urgent\":true ') where seq = 0";
    house.tamper(change);
    let output = house.run(&["verify"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(!output.status.success());
    assert!(said.contains(receipt["id"].as_str().unwrap()) && said.contains("#0"), "{said}");
}

fn every_case_that_does_not_read_is_named(keeper: Keeper) {
    let mut house = House::set_up(keeper);
    house.serve();
    let [one, other] = [("k1", "路灯坏了"), ("k2", "井盖松了")].map(|(key, words)| report(&house, key, words, "").1);
    house.kill();
    house.tamper("insert into case_bodies (region, id, body) select region, id, 'no case' from cases");
    let output = house.run(&["verify"]);
    assert!(!output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    for receipt in [one, other] {
        let id = receipt["id"].as_str().unwrap();
        assert!(said.lines().any(|line| line.contains(id) && line.contains("(the case does not read)")), "{said}");
    }
}

fn what_belongs_to_no_case_is_named_row_by_row(keeper: Keeper) {
    let mut house = House::set_up(keeper);
    house.serve();
    let (_, photo) = house.upload(include_bytes!("../../../app/tests/photos/grey.jpg"));
    let body = json!({
        "class": "event-01-10", "words": "垃圾", "location": { "point": a_point(&house), "address": "某处" },
        "photos": [photo], "contact": { "phone": PHONE },
    });
    let (status, lost) = house.post("/api/v1/cases", None, Some("k1"), &body);
    assert_eq!(status, 201, "{lost}");
    report(&house, "k2", "井盖", "");
    house.kill();
    let kept = house.rows("select number from cases order by number").pop().unwrap();
    house.tamper(&format!(
        "with recursive many(n) as (select 1 union all select n + 1 from many where n < 1200)
         insert into tasks select * from (select {} from tasks t join cases c on c.region = t.region and c.id = t.case_id
             cross join many where c.number <> '{kept}') more",
        match keeper {
            Keeper::Sqlite => "t.region, t.case_id, 100 + n, t.role, t.unit, t.kind, t.assignment, t.due_at",
            Keeper::Postgres =>
                "t.region, t.case_id, (100 + n)::smallint, t.role, t.unit, t.kind, t.assignment, t.due_at, t.path",
        }
    ));
    let somebody = "00000000000000000000000000000001";
    let looks = [("name", 1), ("name", 2), ("place", 3)].map(|(field, no)| match keeper {
        Keeper::Sqlite => format!("select {no} as no, 5 as at, x'{somebody}' as person, '{field}' as field"),
        Keeper::Postgres => format!("select {no} as no, 5 as at, uuid '{somebody}' as person, '{field}' as field"),
    });
    house.tamper(&format!(
        "insert into looks select c.region, c.id, {} at, person, person, field, 'because ' || no
         from cases c cross join ({}) more where c.number <> '{kept}'",
        match keeper {
            Keeper::Sqlite => "no,",
            Keeper::Postgres => "",
        },
        looks.join(" union all ")
    ));
    house.tamper(&format!("delete from cases where number <> '{kept}'"));
    let output = house.run(&["verify"]);
    assert!(!output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    let named = |what: &str| {
        let mut lines: Vec<&str> = said.lines().filter(|line| line.contains(&format!("({what} to no case)"))).collect();
        assert!(lines.iter().all(|line| line.contains(lost["id"].as_str().unwrap())), "{lines:?}");
        lines.sort_unstable();
        lines.dedup();
        lines.len()
    };
    let counts =
        ["a fact belongs", "a task belongs", "words belong", "a contact belongs", "a photo belongs"].map(named);
    assert_eq!(counts, [1, 1_201, 2, 1, 1], "{said}");
    assert!(said.contains("phone"), "which contact");
    let looks = match keeper {
        Keeper::Sqlite => 3,
        // Two differ in nothing but the reason, and what somebody wrote is not printed.
        Keeper::Postgres => 2,
    };
    assert_eq!(named("a look at a contact belongs"), looks, "{said}");
    assert!(!said.contains("because"), "{said}");

    house.tamper("delete from facts");
    let output = house.run(&["verify"]);
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stdout).unwrap().contains("(a case has no facts)"));
}

fn an_erased_person_is_in_no_file_and_no_table(keeper: Keeper) {
    let mut house = House::set_up(keeper);
    house.serve();
    report(&house, "k1", MARKER, PHONE);
    report(&house, "k2", "别人的事", "13800000000");
    house.kill();
    assert!(finds(&house, MARKER), "the marker was kept to begin with");
    assert!(!finds(&house, PHONE), "contacts are never kept in the clear");
    let refused = house.run(&["person", "erase", "--phone", PHONE]);
    assert!(!refused.status.success(), "without --yes and without a terminal nothing is erased");
    assert!(finds(&house, MARKER));
    house.told(&["person", "erase", "--phone", PHONE, "--yes"]);
    assert!(!finds(&house, MARKER), "the marker is still in a file or table");
    for pair in MARKER.chars().collect::<Vec<_>>().windows(2) {
        let term: String = pair.iter().collect();
        assert!(!finds(&house, &term) || "甲乙丙".contains(&term), "the search term {term} is still there");
    }
    assert!(house.told(&["verify"]).contains("whole"), "the chain is whole after erasing");
}

/// Is this text in any file of the data directory or, on PostgreSQL, in any table?
fn finds(house: &House, text: &str) -> bool {
    fn in_files(dir: &Path, needle: &[u8]) -> bool {
        std::fs::read_dir(dir).unwrap().flatten().any(|entry| {
            let path = entry.path();
            if path.is_dir() {
                in_files(&path, needle)
            } else {
                std::fs::read(&path).unwrap().windows(needle.len()).any(|window| window == needle)
            }
        })
    }
    let in_tables = house.database.as_ref().is_some_and(|database| {
        let output = std::process::Command::new("pg_dump").args(["--data-only", "-d", database]).output().unwrap();
        assert!(output.status.success());
        String::from_utf8_lossy(&output.stdout).contains(text)
    });
    in_tables || in_files(&house.data(), text.as_bytes())
}

fn every_receipt_given_survives_a_kill(keeper: Keeper) {
    let mut house = House::set_up(keeper);
    let mut receipts: Vec<Value> = Vec::new();
    for round in 0..5 {
        house.serve();
        let served = &house;
        let given: Vec<Value> = std::thread::scope(|scope| {
            let talkers: Vec<_> = (0..4)
                .map(|talker| {
                    scope.spawn(move || {
                        (0..12)
                            .map(|no| report(served, &format!("{round}-{talker}-{no}"), "井盖松动", ""))
                            .take_while(|(status, _)| *status != 0)
                            .filter(|(status, _)| *status == 201)
                            .map(|(_, receipt)| receipt)
                            .collect::<Vec<Value>>()
                    })
                })
                .collect();
            talkers.into_iter().flat_map(|talker| talker.join().unwrap()).collect()
        });
        house.kill();
        receipts.extend(given);
    }
    assert!(receipts.len() >= 20, "only {} receipts", receipts.len());
    house.serve();
    for receipt in &receipts {
        let (status, seen) = house.status(receipt);
        assert!(status == 200 || status == 429, "{receipt} is lost: {status} {seen}");
    }
    house.kill();
    let said = house.told(&["verify"]);
    assert!(said.contains(&format!("cases {} ", receipts.len())), "{} receipts, but {said}", receipts.len());
}

fn a_backup_taken_while_serving_restores_to_the_same_record(keeper: Keeper) {
    let mut house = House::set_up(keeper);
    house.serve();
    let (_, receipt) = report(&house, "k1", "树枝挡住了红绿灯", PHONE);
    let backup = house.dir.path().join("backup");
    house.told(&["backup", &backup.display().to_string()]);
    house.kill();
    let place = house.dir.path().join("restored");
    let database = house.database.as_ref().map(|_| crate::house::make_database());
    let before = house.told(&["verify"]);
    let run = |args: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_gewu"));
        command.arg("--data").arg(&place).args(args);
        if let Some(database) = &database {
            command.arg("--database").arg(database);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    run(&["restore", &backup.display().to_string(), "--dry-run"]);
    run(&["restore", &backup.display().to_string()]);
    assert_eq!(run(&["verify", "--photos"]).lines().next(), before.lines().next());
    assert!(receipt["number"].is_string());
}

on_both! {
    the_whole_loop
    one_altered_byte_is_found_and_named
    every_case_that_does_not_read_is_named
    what_belongs_to_no_case_is_named_row_by_row
    an_erased_person_is_in_no_file_and_no_table
    every_receipt_given_survives_a_kill
    a_backup_taken_while_serving_restores_to_the_same_record
}
