//! Every statement there is, so that a test can have a database read each.

use crate::{
    attachments, audit, backup, cases, clients, contacts, counters, facts, find, idempotency, keys, migrate, origins,
    outbox, people, publications, repromises, roots, sessions, tasks, texts, tries, upkeep, uploads, writer,
};
use tokio_postgres::types::Type;

/// Everything a writer runs: prepared when its connection is made.
pub(crate) const WRITTEN: &[&str] = &[
    attachments::INSERT,
    audit::INSERT,
    cases::INSERT,
    cases::UPDATE,
    cases::INSERT_BODY,
    cases::UPDATE_BODY,
    clients::INSERT,
    clients::REVOKE,
    contacts::ERASE,
    contacts::INSERT,
    contacts::LOOK,
    contacts::RESEAL,
    counters::ADD,
    facts::INSERT,
    attachments::ERASE,
    attachments::NOTE_ERASURE,
    find::ERASE,
    find::INSERT,
    find::UPDATE,
    idempotency::INSERT,
    idempotency::ONE,
    origins::INSERT,
    origins::PUT_SAID,
    outbox::INSERT,
    people::ERASE,
    people::ERASE_ACCOUNT,
    people::ERASE_CODES,
    people::INSERT,
    people::INSERT_ACCOUNT,
    people::INSERT_CODE,
    people::INSERT_POST,
    people::END_POST,
    people::REHASH,
    people::RESEAL_TOTP,
    people::SET_PASSWORD,
    people::SET_TOTP,
    people::USE_CODE,
    people::USE_STEP,
    publications::INSERT,
    repromises::PUT,
    roots::INSERT,
    roots::LAST,
    roots::NOTE,
    roots::OF_DAY,
    roots::RECORDED,
    roots::REMOVE,
    roots::SEALED,
    sessions::END,
    sessions::END_ALL,
    sessions::END_OTHERS,
    sessions::FORGET,
    sessions::KNOW,
    sessions::OPEN,
    sessions::SEE,
    sessions::SWITCH_POST,
    tasks::DELETE,
    tasks::INSERT,
    texts::ERASE,
    texts::ERASE_ONE,
    texts::INSERT,
    tries::FORGET,
    uploads::INSERT,
    uploads::TAKE,
    writer::FACT_STANDS,
    writer::AUDIT_STANDS,
];

/// Statements whose parameters the database can tell the types of.
const PLAIN: &[&str] = &[
    attachments::ERASED_AT,
    attachments::OF_CASE,
    audit::NEWER,
    audit::OLDER,
    backup::TABLES,
    cases::BY_NUMBER,
    cases::HEAD,
    cases::ONE,
    cases::ROWS,
    clients::ALL,
    clients::ONE,
    contacts::ALL_BACK,
    contacts::ALL_ON,
    contacts::AFTER,
    contacts::BEFORE,
    contacts::LOOKS,
    contacts::OF_CASE,
    counters::SUMS,
    facts::AFTER,
    facts::BEFORE,
    facts::EARLIER,
    facts::LATER,
    facts::OF_CASE,
    find::NEXT_DOWN,
    find::NEXT_UP,
    find::ODD,
    idempotency::ONE,
    keys::ALL,
    keys::DELETE,
    keys::INSERT,
    keys::ONE,
    migrate::LAST,
    origins::NUMBERED,
    origins::OF_CASE,
    people::ACCOUNT,
    people::ACCOUNT_OF,
    people::AFTER,
    people::BEFORE,
    people::CODES,
    people::NAMED,
    people::PERSON,
    people::POST,
    people::POSTS_IN,
    people::POSTS_OF,
    people::TOTPS,
    publications::COUNT,
    publications::HEADS,
    publications::ONE,
    repromises::ALL,
    roots::ALL,
    roots::LAST_DAYS,
    roots::REOPENED,
    sessions::DEVICE,
    sessions::OF_PERSON,
    sessions::ONE,
    tasks::AFTER,
    tasks::BEFORE,
    tasks::COUNT,
    tasks::SUSPENDED,
    texts::OF_CASE,
    tries::HOLD,
    tries::MAKE,
    tries::PUT,
    tries::SWEEP,
    tries::SWEEP_DEVICES,
    upkeep::CLAIM,
    upkeep::NOW,
    upkeep::OLDER_READS,
    upkeep::REGIONS,
    upkeep::SENT,
    upkeep::SWEEP_ANSWERS,
    upkeep::SWEEP_CONTACTS,
    upkeep::SWEEP_SESSIONS,
    upkeep::SWEEP_UPLOADS,
    upkeep::TAKE,
    upkeep::TICKED_AT,
    upkeep::TICK_AT,
    upkeep::STRAY_CASE,
    upkeep::STRAY_CONTACT,
    upkeep::STRAY_FACT,
    upkeep::STRAY_LOOK,
    upkeep::STRAY_PHOTO,
    upkeep::STRAY_TASK,
    upkeep::STRAY_TEXT,
    upkeep::UNREFERENCED,
    uploads::ONE,
];

/// Statements that share one list of parameters, of which each uses some.
const FINDING: &[&str] = &[
    find::ALL_DOWN,
    find::ALL_UP,
    find::CELLS_DOWN,
    find::CELLS_UP,
    find::CHANGED_DOWN,
    find::CHANGED_UP,
    find::COUNT_CHANGED,
    find::COUNT_DUE,
    find::COUNT_STATES,
    find::DUE_DOWN,
    find::DUE_UP,
    find::MERGED_DOWN,
    find::MERGED_UP,
    find::NEAR_BOTH_DOWN,
    find::NEAR_BOTH_UP,
    find::NEAR_KEYS_DOWN,
    find::NEAR_KEYS_UP,
    find::NEAR_ROWS_DOWN,
    find::NEAR_ROWS_UP,
    find::SPANS_DOWN,
    find::SPANS_UP,
    find::SPAN_ROWS_DOWN,
    find::SPAN_ROWS_UP,
    find::STATES_DOWN,
    find::STATES_UP,
];

/// Each with the types of its parameters, as far as the database must be told them.
pub fn statements() -> impl Iterator<Item = (&'static str, Vec<Type>)> {
    let plain = WRITTEN.iter().chain(PLAIN).map(|sql| (*sql, Vec::new()));
    plain.chain(FINDING.iter().map(|sql| (*sql, find::types())))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    /// What begins and ends transactions, sets and vacuums is no statement that can be prepared.
    const COMMANDS: [&str; 17] = [
        "ALONE",
        "ANALYZE",
        "BEGIN",
        "CLOSE",
        "COMMIT",
        "FORMAT",
        "IMPATIENCE",
        "LOCK",
        "MANIFEST",
        "OPEN",
        "PATIENCE",
        "READING",
        "RECORD",
        "ROLLBACK",
        "SHARED",
        "TABLE",
        "WRITING",
    ];

    #[test]
    fn no_statement_is_left_out_of_the_lists() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let listed = fs::read_to_string(source.join("statements.rs")).unwrap();
        let mut left_out = BTreeSet::new();
        for entry in fs::read_dir(&source).unwrap() {
            let path = entry.unwrap().path();
            let module = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(&path).unwrap();
            let constants = text.lines().filter_map(|line| line.trim().split_once("const ")?.1.split_once(": &str"));
            let twins = text.lines().map(str::trim).filter_map(|line| line.strip_suffix(',').map(|name| (name, "")));
            for (name, _) in constants.chain(twins) {
                let is_name = name.chars().all(|char| char.is_ascii_uppercase() || char == '_') && name.len() > 2;
                if is_name && !COMMANDS.contains(&name) && !listed.contains(&format!("{module}::{name},")) {
                    left_out.insert(format!("{module}::{name}"));
                }
            }
        }
        assert!(left_out.is_empty(), "{left_out:?}");
    }
}
