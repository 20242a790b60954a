//! What others on the machine can see of a city: no file, no folder, and in no log what somebody wrote.

use crate::house::{House, Keeper, PASSWORD};
use gewu_domain::people::Role;
use serde_json::json;
use std::fs::File;

/// Modes of everything in a folder that somebody else may use.
#[cfg(unix)]
fn open_to_others(folder: &std::path::Path) -> Vec<String> {
    use std::os::unix::fs::PermissionsExt;
    let mut open = Vec::new();
    let mut paths = vec![folder.to_owned()];
    while let Some(path) = paths.pop() {
        let about = std::fs::symlink_metadata(&path).unwrap();
        if about.permissions().mode() & 0o077 != 0 {
            open.push(format!("{:o} {}", about.permissions().mode() & 0o777, path.display()));
        }
        if about.is_dir() {
            paths.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    open
}

#[cfg(unix)]
#[test]
fn nobody_else_on_the_machine_can_look_into_a_city_or_its_backup() {
    use std::os::unix::fs::PermissionsExt;
    let mut house = House::set_up(Keeper::Sqlite);
    house.serve();
    assert_eq!(house.post("/api/v1/cases", None, None, &json!({ "words": "路灯不亮" })).0, 201);
    house.kill();
    house.told(&["verify"]);
    assert_eq!(open_to_others(&house.data()), [""; 0]);

    let mut paths = vec![house.data()];
    while let Some(path) = paths.pop() {
        let is_folder = path.is_dir();
        if is_folder {
            paths.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        let mode = if is_folder { 0o755 } else { 0o644 };
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    house.told(&["verify"]);
    assert_eq!(open_to_others(&house.data()), [""; 0], "what was open before is closed");

    let backup = house.dir.path().join("backup");
    house.told(&["backup", &backup.display().to_string()]);
    assert_eq!(open_to_others(&backup), [""; 0]);
}

#[test]
fn no_log_at_any_level_holds_a_statement_or_what_somebody_wrote() {
    let mut house = House::set_up(Keeper::Postgres);
    house.employ("acceptor", Role::Acceptor, None);
    let log = house.dir.path().join("log");
    let everything = [("GEWU_LOG", "trace,tokio_postgres::query=trace")];
    house.serve_logged(&[], &everything, File::create(&log).unwrap().into());
    let report = json!({
        "words": "三单元的路灯不亮",
        "location": { "address": "柳荫胡同甲七号" },
        "contact": { "name": "张三丰", "phone": "13812345678" },
    });
    assert_eq!(house.post("/api/v1/cases", None, None, &report).0, 201);
    house.sign_in("acceptor");
    house.tamper("alter table texts add constraint never check (false) not valid");
    assert_eq!(house.post("/api/v1/cases", None, None, &report).0, 500);
    house.kill();
    let log = std::fs::read_to_string(log).unwrap();
    for told in ["a request failed", "DEBUG"] {
        assert!(log.contains(told), "the log holds what was asked for: {told}");
    }
    for word in ["三单元", "柳荫", "张三丰", "13812345678", PASSWORD, "argon2", "insert into", "Failing row"] {
        let line = log.lines().find(|line| line.contains(word));
        assert_eq!(line, None, "{word}");
    }
}
