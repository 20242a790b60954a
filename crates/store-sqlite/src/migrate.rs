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

    #[test]
    fn words_and_texts_are_kept_when_they_move_into_their_keys() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(MAKE_LIST).unwrap();
        for (name, sql) in STEPS.iter().take_while(|(name, _)| *name != "0003_in_the_key") {
            connection.execute_batch(sql).unwrap();
            connection.execute(NOTE, [name]).unwrap();
        }
        connection.execute_batch("pragma foreign_keys = off").unwrap();
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
}
