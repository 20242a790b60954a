//! From the driver's errors to the store's: what may be tried again, what may not.

use gewu_store::StoreError;
use rusqlite::{Error, ErrorCode, ffi};

/// What an error of the driver means for the caller.
pub(crate) fn failed(error: Error) -> StoreError {
    use ErrorCode::{
        CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, FileLockingProtocolFailed, OutOfMemory, ReadOnly,
        SystemIoFailure,
    };
    match error.sqlite_error_code() {
        Some(
            DiskFull
            | SystemIoFailure
            | DatabaseBusy
            | DatabaseLocked
            | CannotOpen
            | ReadOnly
            | OutOfMemory
            | FileLockingProtocolFailed,
        ) => StoreError::Unavailable(Box::new(error)),
        _ => StoreError::Failed(Box::new(error)),
    }
}

/// The same, where a broken uniqueness means that `what` exists already.
pub(crate) fn taken(what: &'static str) -> impl Fn(Error) -> StoreError {
    move |error| match &error {
        Error::SqliteFailure(cause, _)
            if matches!(
                cause.extended_code,
                ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID
            ) =>
        {
            StoreError::Taken { what }
        }
        _ => failed(error),
    }
}

/// What a conditional write of one row did: nothing means that the row moved on, or is gone.
pub(crate) fn written(changed: Result<usize, Error>, what: &str) -> Result<(), StoreError> {
    match changed.map_err(failed)? {
        0 => Err(StoreError::Stale { what: what.to_owned() }),
        _ => Ok(()),
    }
}

/// A failure of our own, in words.
pub(crate) fn broken(why: impl Into<String>) -> StoreError {
    StoreError::Failed(why.into().into())
}

/// The store cannot be reached, in words.
pub(crate) fn unavailable(why: impl Into<String>) -> StoreError {
    StoreError::Unavailable(why.into().into())
}
