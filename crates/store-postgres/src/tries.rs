//! Tries of a secret, counted before it is looked at.

use crate::{
    error::store_error,
    people::number,
    row::{Stored, ms},
    tx::{Held, Tx},
};
use gewu_domain::ids::Digest;
use gewu_store::{
    StoreError,
    tries::{TryKey, TryRow},
};
use jiff::Timestamp;
use tokio_postgres::Error;

const BEGIN: &str = "begin";
const COMMIT: &str = "commit";
const ROLLBACK: &str = "rollback";
/// A row for each key, so that there is something to hold. Those that are new tell of no try.
pub(crate) const MAKE: &str = "
    insert into tries (key, count, at, opens_at) select key, 0, $2, $2 from unnest($1::bytea[]) as asked (key) order by key
    on conflict (key) do nothing";
/// Holds the rows in one order, so that two who count at once wait for each other and never in a ring.
pub(crate) const HOLD: &str = "
    select key, count, at, opens_at from tries where key = any($1) order by key for update";
pub(crate) const PUT: &str = "update tries set count = $2, at = $3, opens_at = $4 where key = $1";
pub(crate) const FORGET: &str = "delete from tries where key = any($1)";
pub(crate) const SWEEP: &str = "delete from tries where at < $1";
pub(crate) const SWEEP_DEVICES: &str = "delete from devices where ends_at < $1";

/// On a connection that is in no transaction.
pub(crate) async fn take(client: Held, keys: &[TryKey], now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    client.batch_execute(BEGIN).await.map_err(store_error)?;
    let digests: Vec<&[u8]> = keys.iter().map(|one| one.key.0.as_slice()).collect();
    let make = client.prepare_cached(MAKE).await.map_err(store_error)?;
    client.execute(&make, &[&digests, &ms(now)]).await.map_err(store_error)?;
    let hold = client.prepare_cached(HOLD).await.map_err(store_error)?;
    let rows = client.query(&hold, &[&digests]).await.map_err(store_error)?;
    let mut counted = Vec::with_capacity(keys.len());
    let mut barred_until = None;
    for row in &rows {
        let stored = Stored { row, table: "tries", key: &[] };
        let key = stored.digest("key")?;
        let (at, opens_at) = (stored.time("at")?, stored.time("opens_at")?);
        let row = TryRow { count: stored.number::<i32, _>("count")?, at, opens_at };
        for TryKey { pace, .. } in keys.iter().filter(|one| one.key == key) {
            barred_until = barred_until.max(pace.barred_until(&row, now));
            counted.push((key, pace.counted(Some(&row), now)));
        }
    }
    if barred_until.is_some() {
        client.batch_execute(ROLLBACK).await.map_err(store_error)?;
        client.release();
        return Ok(barred_until);
    }
    let put = client.prepare_cached(PUT).await.map_err(store_error)?;
    for (key, row) in counted {
        let (count, at, opens_at) = (number(row.count), ms(row.at), ms(row.opens_at));
        client.execute(&put, &[&key.0.as_slice(), &count, &at, &opens_at]).await.map_err(store_error)?;
    }
    client.batch_execute(COMMIT).await.map_err(store_error)?;
    client.release();
    Ok(None)
}

pub(crate) async fn forget(tx: &Tx, keys: &[Digest]) -> Result<(), Error> {
    let keys: Vec<&[u8]> = keys.iter().map(|key| key.0.as_slice()).collect();
    tx.run(FORGET, &[&keys]).await?;
    Ok(())
}
