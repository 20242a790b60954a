//! The schema, made step by step. Each step is a file; a step that has run is never changed.
//!
//! Expand → deploy → contract: a step of one release only adds (tables, columns that may be null, indexes), so that the
//! release before can still run on it; what is no longer read or written goes with a step of a later release.

use crate::error::{broken, failed};
use gewu_store::StoreError;
use rusqlite::{Connection, TransactionBehavior};

const STEPS: &[(&str, &str)] = &[
    ("0001_the_record", include_str!("../migrations/0001_the_record.sql")),
    ("0002_merging", include_str!("../migrations/0002_merging.sql")),
    ("0003_in_the_key", include_str!("../migrations/0003_in_the_key.sql")),
    ("0004_newest_first", include_str!("../migrations/0004_newest_first.sql")),
    ("0005_photos", include_str!("../migrations/0005_photos.sql")),
    ("0006_accounts", include_str!("../migrations/0006_accounts.sql")),
    ("0007_keys", include_str!("../migrations/0007_keys.sql")),
    ("0009_import", include_str!("../migrations/0009_import.sql")),
    ("0011_calendars", include_str!("../migrations/0011_calendars.sql")),
];

const MAKE_LIST: &str = "create table if not exists migrations (name text not null primary key) strict";
const LIST: &str = "select name from migrations order by name";
const NOTE: &str = "insert into migrations (name) values (?1)";

/// Runs the steps that have not run yet, in one transaction.
///
/// # Errors
/// A database made by a newer release is refused, untouched.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    transaction.execute_batch(MAKE_LIST).map_err(failed)?;
    let done: Vec<String> = {
        let mut list = transaction.prepare(LIST).map_err(failed)?;
        let names = list.query_map([], |row| row.get(0)).map_err(failed)?;
        names.collect::<Result<_, _>>().map_err(failed)?
    };
    if let Some(unknown) = done.iter().find(|name| STEPS.iter().all(|(step, _)| step != name)) {
        return Err(broken(format!(
            "the database was made by a newer release: it has the step {unknown}; run that release"
        )));
    }
    for (name, sql) in STEPS.iter().filter(|(name, _)| done.iter().all(|done| done != name)) {
        transaction.execute_batch(sql).map_err(failed)?;
        transaction.execute(NOTE, [name]).map_err(failed)?;
    }
    transaction.commit().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A database as it was before a step.
    fn before(step: &str) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(MAKE_LIST).unwrap();
        for (name, sql) in STEPS.iter().take_while(|(name, _)| *name != step) {
            connection.execute_batch(sql).unwrap();
            connection.execute(NOTE, [name]).unwrap();
        }
        connection.execute_batch("pragma foreign_keys = off").unwrap();
        connection
    }

    #[test]
    fn words_and_texts_are_kept_when_they_move_into_their_keys() {
        let mut connection = before("0003_in_the_key");
        for (region, id, said) in [(2, 7_u8, "three"), (1, 8, "two"), (1, 7, "one")] {
            for sql in [
                "insert into case_words (region, id, words, marks) values (?1, ?2, ?3, upper(?3))",
                "insert into texts (region, case_id, digest, salt, body, giver, written_at)
                 values (?1, ?2, x'', x'', ?3, 'staff', 0)",
            ] {
                connection.execute(sql, rusqlite::params![region, [id; 16], said]).unwrap();
            }
        }

        migrate(&mut connection).unwrap();
        let rows = |sql: &str| -> Vec<String> {
            let mut statement = connection.prepare(sql).unwrap();
            statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        assert_eq!(
            rows("select region || hex(substr(id, 1, 1)) || words || marks from case_words"),
            ["107oneONE", "108twoTWO", "207threeTHREE"]
        );
        assert_eq!(
            rows("select region || hex(substr(case_id, 1, 1)) || body || giver from texts"),
            ["107onestaff", "108twostaff", "207threestaff"]
        );
        assert!(rows("select name from migrations").contains(&"0003_in_the_key".to_owned()));
    }

    #[test]
    fn what_was_found_before_is_found_when_the_newest_come_first() {
        let mut connection = before("0004_newest_first");
        for (id, found_at, words) in [(1_u8, 5_i64, "7w路灯"), (2, 9, "7w路灯 7w井盖"), (3, 7, "")] {
            let case = "insert into cases (region, id, number, version, head, state, source, path, is_placed, units,
                is_urgent, reported_at, changed_at, is_odd, found_at)
                values (7, ?1, hex(?1), 1, x'', 'reported', 'patrol', '', 1, '', 0, 0, 0, 0, ?2)";
            connection.execute(case, rusqlite::params![[id; 16], found_at]).unwrap();
            let sql = "insert into case_words (region, id, words, marks) values (7, ?1, ?2, '7spatrol')";
            connection.execute(sql, rusqlite::params![[id; 16], words]).unwrap();
        }

        migrate(&mut connection).unwrap();
        let found = |token: &str| -> Vec<i64> {
            let sql = "select rowid from case_terms where case_terms match ?1 order by rowid";
            let mut statement = connection.prepare(sql).unwrap();
            let rows = statement.query_map([format!("\"{token}\"")], |row| row.get(0)).unwrap();
            rows.map(|row| crate::words::mirrored(row.unwrap())).collect()
        };
        assert_eq!(found("7w路灯"), [9, 5]);
        assert_eq!(found("7w井盖"), [9]);
        assert_eq!(found("7spatrol"), [9, 7, 5]);
    }
}
