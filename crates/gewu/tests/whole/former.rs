//! A record that the version before made: opened, migrated, read, gone on with, verified.
//!
//! What lies there and how it was made: `tests/former/README.md`.

use crate::house::{House, Keeper};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The password of everybody in a simulated city.
const PASSWORD: &str = "gewu-demo-311";

fn kept(keeper: Keeper) -> PathBuf {
    let name = match keeper {
        Keeper::Sqlite => "sqlite",
        Keeper::Postgres => "postgres",
    };
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/former").join(name)
}

/// A house with the old record laid into it, untouched by this program; and what had been given out.
pub fn moved_in(keeper: Keeper) -> (House, Value) {
    let house = House::empty(keeper);
    let kept = kept(keeper);
    std::fs::create_dir_all(house.data().join("record")).unwrap();
    std::fs::copy(kept.join("keys"), house.data().join("keys")).unwrap();
    let record = zstd::decode_all(std::fs::File::open(kept.join("record.zst")).unwrap()).unwrap();
    match &house.database {
        None => std::fs::write(house.data().join("record").join(gewu_store_sqlite::FILE), record).unwrap(),
        Some(database) => {
            let dump = house.file("former.sql", record);
            let restored = std::process::Command::new("psql")
                .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database, "-f", &dump])
                .output()
                .unwrap();
            assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
        }
    }
    let given = std::fs::read_to_string(kept.join("given.json")).unwrap();
    (house, serde_json::from_str(&given).unwrap())
}

/// The head of every case's chain, every fact's hash, and the root of every day.
fn hashes(house: &House) -> [Vec<String>; 3] {
    let hex = |column: &str| match house.database {
        None => format!("lower(hex({column}))"),
        Some(_) => format!("encode({column}, 'hex')"),
    };
    [
        format!("select number || ' ' || {} from cases order by region, number", hex("head")),
        format!("select {} from facts order by region, case_id, seq", hex("hash")),
        format!("select {} from roots order by region, day", hex("root")),
    ]
    .map(|query| house.rows(&query))
}

fn a_record_of_the_version_before_opens_with_every_hash_it_had(keeper: Keeper) {
    let (house, _) = moved_in(keeper);
    let before = hashes(&house);
    assert_eq!(before.each_ref().map(Vec::len), [154, 1_273, 61]);
    let said = house.told(&["verify"]);
    assert!(said.contains("whole"), "{said}");
    assert!(hashes(&house) == before, "a hash changed by being opened");
}

fn what_the_version_before_gave_out_still_opens_its_doors(keeper: Keeper) {
    let (mut house, given) = moved_in(keeper);
    house.serve();
    let receipts = given["receipts"].as_array().unwrap();
    for (no, receipt) in receipts.iter().enumerate() {
        let (status, seen) = house.status(receipt);
        assert_eq!(status, 200, "receipt {no}: {seen}");
        assert_eq!(seen["number"], receipt["number"]);
    }
    let mut wrong = receipts[0].clone();
    wrong["code"] = json!("AAAAAAAA");
    assert_ne!(house.status(&wrong).0, 200, "a wrong code opens nothing");

    let (status, listed) = house.get_by_key("/api/v1/cases?page_size=5", given["key"].as_str().unwrap());
    assert_eq!(status, 200, "{listed}");
    let acceptor = house.sign_in_by("acceptor2", PASSWORD);
    let case = &receipts[3];
    let path = format!("/api/v1/cases/{}/{}", case["region"].as_str().unwrap(), case["id"].as_str().unwrap());
    let (status, page) = house.get(&path, Some(&acceptor));
    assert_eq!((status, page["words"].as_str()), (200, Some("前一版的原话3 former words")), "{page}");
    let (status, answer) = house.post(&format!("{path}/steps"), Some(&acceptor), None, &json!({ "do": "submit" }));
    assert_eq!(status, 200, "{answer}");
    let (status, receipt) = house.post(
        "/api/v1/cases",
        None,
        Some("after-1"),
        &json!({ "class": "event-01-10", "words": "新版的第一件", "location": { "area": "780101001001001" } }),
    );
    assert_eq!(status, 201, "{receipt}");
    house.kill();
    let said = house.told(&["verify"]);
    assert!(said.contains("whole"), "{said}");
}

fn one_altered_byte_of_an_old_record_is_found(keeper: Keeper) {
    let (house, _) = moved_in(keeper);
    house.told(&["verify"]);
    let altered = "update facts set body = replace(body, 'reported', 'repotred') where seq = 0 and case_id in
        (select id from cases where number = '7801012026113000001')";
    house.tamper(altered);
    let output = house.run(&["verify"]);
    assert!(!output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("a fact was altered"), "{said}");
}

on_both! {
    a_record_of_the_version_before_opens_with_every_hash_it_had
    what_the_version_before_gave_out_still_opens_its_doors
    one_altered_byte_of_an_old_record_is_found
}
