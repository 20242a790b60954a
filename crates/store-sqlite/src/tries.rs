//! Tries of a secret, counted before it is looked at.

use crate::{
    error::failed,
    row::{Cells, ms, one, run, statements},
};
use gewu_domain::ids::Digest;
use gewu_store::{
    StoreError,
    tries::{TryKey, TryRow},
};
use jiff::Timestamp;
use rusqlite::{Connection, params};

statements! {
    ROW = "select key, count, at, opens_at from tries where key = ?1";
    PUT = "insert into tries (key, count, at, opens_at) values (?1, ?2, ?3, ?4)
        on conflict (key) do update set count = excluded.count, at = excluded.at, opens_at = excluded.opens_at";
    FORGET = "delete from tries where key = ?1";
    SWEEP = "delete from tries where at < ?1";
    SWEEP_DEVICES = "delete from devices where ends_at < ?1";
}

/// Inside a transaction that holds the write lock, so that nobody counts between the look and the count.
pub(crate) fn take(connection: &Connection, keys: &[TryKey], now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    let mut counted = Vec::with_capacity(keys.len());
    let mut barred_until = None;
    for TryKey { key, pace } in keys {
        let row = one(connection, ROW, [key.0], |row| {
            let cells = Cells::of(row, "tries");
            let (at, opens_at) = (cells.time(2, "at")?, cells.time(3, "opens_at")?);
            Ok(TryRow { count: cells.cell(1, "count")?, at, opens_at })
        })?;
        barred_until = barred_until.max(row.as_ref().and_then(|row| pace.barred_until(row, now)));
        counted.push((key, pace.counted(row.as_ref(), now)));
    }
    if barred_until.is_none() {
        for (key, row) in counted {
            run(connection, PUT, params![key.0, row.count, ms(row.at), ms(row.opens_at)]).map_err(failed)?;
        }
    }
    Ok(barred_until)
}

pub(crate) fn forget(connection: &Connection, keys: &[Digest]) -> Result<(), StoreError> {
    keys.iter().try_for_each(|key| run(connection, FORGET, [key.0]).map(drop).map_err(failed))
}

pub(crate) fn sweep(connection: &Connection, tries: Timestamp, devices: Timestamp) -> Result<usize, StoreError> {
    let swept = run(connection, SWEEP, [ms(tries)]).map_err(failed)?;
    Ok(swept + run(connection, SWEEP_DEVICES, [ms(devices)]).map_err(failed)?)
}
