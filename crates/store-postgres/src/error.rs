//! What PostgreSQL says, in the words of [`StoreError`].

use crate::encryption::Untrusted;
use deadpool_postgres::PoolError;
use gewu_store::StoreError;
use tokio_postgres::{Error, error::SqlState};

/// What each unique constraint guards, for [`StoreError::Taken`].
const UNIQUE: &[(&str, &str)] = &[
    ("cases_pk", "case"),
    ("cases_by_number", "case number"),
    ("facts_pk", "fact"),
    ("origins_pk", "number of another system"),
    ("origins_by_case", "number of another system"),
    ("outbox_pk", "outbox row"),
    ("publications_pk", "publication"),
    ("people_pk", "person"),
    ("posts_pk", "post"),
    ("accounts_pk", "login"),
    ("accounts_by_login", "login"),
    ("recovery_codes_pk", "recovery code"),
    ("sessions_pk", "session"),
    ("sessions_by_secret", "session"),
    ("clients_pk", "client"),
    ("clients_by_secret", "client"),
    ("audit_pk", "audit row"),
];

pub(crate) fn store_error(error: Error) -> StoreError {
    let error = match Untrusted::of(error) {
        Ok(untrusted) => return StoreError::Failed(Box::new(untrusted)),
        Err(error) => error,
    };
    if is_passing(&error) {
        return StoreError::Unavailable(told(error));
    }
    let constraint = error.as_db_error().and_then(|db| match *db.code() {
        SqlState::UNIQUE_VIOLATION => db.constraint(),
        _ => None,
    });
    match constraint {
        Some(name) => {
            StoreError::Taken { what: UNIQUE.iter().find(|(known, _)| *known == name).map_or("row", |u| u.1) }
        }
        None => StoreError::Failed(told(error)),
    }
}

/// What the server said, as the log may have it: its details, and its words about data, quote what stands in rows.
#[derive(Debug, thiserror::Error)]
#[error("the database says {code}: {words}")]
struct Said {
    code: String,
    words: String,
}

fn told(error: Error) -> Box<dyn std::error::Error + Send + Sync> {
    let Some(db) = error.as_db_error() else { return Box::new(error) };
    let code = db.code().code().to_owned();
    let words = if code.starts_with("22") { "a value does not fit" } else { db.message() };
    Box::new(Said { words: words.to_owned(), code })
}

pub(crate) fn pool_error(error: PoolError) -> StoreError {
    match error {
        PoolError::Backend(error) => store_error(error),
        error => StoreError::Unavailable(Box::new(error)),
    }
}

/// Trying later may help: the connection or the server is gone, or it has run out of something.
fn is_passing(error: &Error) -> bool {
    if error.is_closed() {
        return true;
    }
    let Some(code) = error.code() else {
        // No answer of the server: the socket failed, or nobody listens. A value that does not encode or decode is ours.
        return std::error::Error::source(error).is_some_and(|source| source.is::<std::io::Error>());
    };
    // Connection exceptions, insufficient resources (disk full among them), operator intervention (shutdown),
    // system errors (I/O), and a standby that has taken over and does not take writes yet.
    ["08", "53", "57", "58"].iter().any(|class| code.code().starts_with(class))
        || *code == SqlState::READ_ONLY_SQL_TRANSACTION
        || collided(error)
}

/// Two transactions were in each other's way and this one was given up: doing it again is right.
pub(crate) fn collided(error: &Error) -> bool {
    matches!(
        error.code(),
        Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED | &SqlState::LOCK_NOT_AVAILABLE)
    )
}

/// A statement failed only because one before it in the same transaction had failed.
pub(crate) fn followed(error: &Error) -> bool {
    error.code() == Some(&SqlState::IN_FAILED_SQL_TRANSACTION)
}
