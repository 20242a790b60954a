//! What a use case can answer instead of what was asked.

use gewu_domain::{case::Refused, fault::Fault};
use gewu_store::StoreError;
use serde::Serialize;

/// An answer the caller did not hope for. `web` and `ui` turn it into a status and words.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The rules say no: which, and what would be allowed.
    #[error("refused by rule {}", .0.rule.code())]
    Refused(Box<Refused>),
    /// Something in the request is wrong; every problem found.
    #[error("the request has {} problem(s)", .0.len())]
    Invalid(Vec<Problem>),
    /// A file offered for publishing has faults; nothing changed.
    #[error("the files have {} fault(s)", .0.len())]
    Faulty(Vec<Fault>),
    /// Not there, or not for this caller: the two are not told apart.
    #[error("not found")]
    NotFound,
    /// Nobody is signed in, or the sign-in does not hold any more.
    #[error("not signed in")]
    SignedOut,
    /// Signed in, but this is not theirs to do.
    #[error("forbidden: {0}")]
    Forbidden(&'static str),
    /// The key was used before for another request.
    #[error("idempotency key was used before for another request")]
    KeyReused,
    /// Somebody else changed it meanwhile, and kept doing so.
    #[error("changed by somebody else at the same time")]
    Conflict,
    /// Too many tries.
    #[error("too many tries, wait {wait_s} s")]
    TooMany { wait_s: u32 },
    /// Too much is being asked at the moment; nothing was done.
    #[error("busy, come back in {wait_s} s")]
    Busy { wait_s: u32 },
    /// The store or the disk is not there; nothing was changed, trying later may help.
    #[error("unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// One thing wrong with a request: where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The field as the caller named it.
    pub field: String,
    /// Stable code.
    pub code: &'static str,
    pub zh: String,
    pub en: String,
}

impl Problem {
    pub fn new(field: &str, code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Problem {
        Problem { field: field.to_owned(), code, zh: zh.into(), en: en.into() }
    }
}

impl From<Refused> for AppError {
    fn from(refused: Refused) -> AppError {
        AppError::Refused(Box::new(refused))
    }
}

impl From<Problem> for AppError {
    fn from(problem: Problem) -> AppError {
        AppError::Invalid(vec![problem])
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> AppError {
        match error {
            StoreError::Taken { what: "upload" } => crate::uploads::not_there().into(),
            StoreError::Stale { .. } | StoreError::Taken { .. } | StoreError::Sealed { .. } => AppError::Conflict,
            StoreError::Unavailable(source) => AppError::Unavailable(source),
            other => AppError::Failed(Box::new(other)),
        }
    }
}

impl From<gewu_blobs::BlobError> for AppError {
    fn from(error: gewu_blobs::BlobError) -> AppError {
        match error {
            gewu_blobs::BlobError::Unavailable(source) => AppError::Unavailable(source),
            damaged => AppError::Failed(Box::new(damaged)),
        }
    }
}
