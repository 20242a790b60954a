//! Work on sets of rows that no use case decides row by row.

use crate::{
    PostgresStore, backup,
    changes::{self, Apart, Job, Obstacle},
    error::{pool_error, store_error},
    idempotency, keys, outbox, roots,
    row::{Stored, long, ms, region as column},
    snapshot::Params,
    tries,
    tx::{Held, Tx},
};
use async_trait::async_trait;
use gewu_domain::ids::{CaseId, Digest, RegionId};
use gewu_store::{
    Changes, StoreError, Upkeep,
    keys::KeyRow,
    outbox::OutboxRow,
    roots::RootRow,
    tries::TryKey,
    upkeep::{Owned, Stray},
};
use jiff::Timestamp;
use std::{path::Path, time::Duration};
use tokio_postgres::Row;
use uuid::Uuid;

pub(crate) const TAKE: &str = "
    insert into numbers (region, series, taken) values ($1, $2, $3)
    on conflict (region, series) do update set taken = numbers.taken + excluded.taken returning taken";
/// Steps from region to region instead of reading every case.
pub(crate) const REGIONS: &str = "
    with recursive known as (
        (select region from cases order by region limit 1)
        union all
        select (select c.region from cases c where c.region > known.region order by c.region limit 1)
        from known where known.region is not null)
    select region from known where region is not null order by region";
pub(crate) const PUT_ROOT: &str = "
    insert into roots (region, day, root, facts) values ($1, $2, $3, $4) on conflict (region, day) do nothing";
pub(crate) const ROOT: &str = "select day, root, facts from roots where region = $1 and day = $2";
/// Two that claim at once step over each other's rows.
pub(crate) const CLAIM: &str = "
    with claimed as (
        update outbox set claimed_at = $2
        where region = $1 and id in (
            select id from outbox where region = $1 and (claimed_at is null or claimed_at <= $3)
            order by id limit $4 for update skip locked)
        returning id, case_id, topic, body, at)
    select id, case_id, topic, body, at from claimed order by id";
pub(crate) const SENT: &str = "delete from outbox where region = $1 and id = any($2)";
pub(crate) const SWEEP_ANSWERS: &str = "delete from answers where at < $1";
pub(crate) const SWEEP_SESSIONS: &str = "delete from sessions where seen_at < $1";
pub(crate) const SWEEP_CONTACTS: &str = "delete from contacts where ends_at < $1";
pub(crate) const SWEEP_UPLOADS: &str = "delete from uploads where ends_at < $1";
pub(crate) const UNREFERENCED: &str = "
    select asked.digest from unnest($1::bytea[]) with ordinality as asked (digest, no)
    where not exists (select 1 from attachments a where a.digest = asked.digest)
        and not exists (select 1 from attachments a where a.thumbnail = asked.digest)
        and not exists (select 1 from uploads u where u.digest = asked.digest)
        and not exists (select 1 from uploads u where u.thumbnail = asked.digest)
    order by asked.no";
pub(crate) const STRAY_CASE: &str = "
    select o.region, o.id as case_id, '' as key from cases o
    where not exists (select 1 from facts f where f.region = o.region and f.case_id = o.id)
        and (o.region, o.id, '' collate \"C\") > ($1, $2, $3)
    order by 1, 2, '' collate \"C\" limit $4";
pub(crate) const STRAY_FACT: &str = "
    select o.region, o.case_id as case_id, cast(o.seq as text) as key from facts o
    where not exists (select 1 from cases c where c.region = o.region and c.id = o.case_id)
        and (o.region, o.case_id, cast(o.seq as text) collate \"C\") > ($1, $2, $3)
    order by 1, 2, cast(o.seq as text) collate \"C\" limit $4";
pub(crate) const STRAY_TASK: &str = "
    select o.region, o.case_id as case_id, cast(o.no as text) as key from tasks o
    where not exists (select 1 from cases c where c.region = o.region and c.id = o.case_id)
        and (o.region, o.case_id, cast(o.no as text) collate \"C\") > ($1, $2, $3)
    order by 1, 2, cast(o.no as text) collate \"C\" limit $4";
pub(crate) const STRAY_TEXT: &str = "
    select o.region, o.case_id as case_id, encode(o.digest, 'hex') as key from texts o
    where not exists (select 1 from cases c where c.region = o.region and c.id = o.case_id)
        and (o.region, o.case_id, encode(o.digest, 'hex') collate \"C\") > ($1, $2, $3)
    order by 1, 2, encode(o.digest, 'hex') collate \"C\" limit $4";
pub(crate) const STRAY_CONTACT: &str = "
    select o.region, o.case_id as case_id, o.field as key from contacts o
    where not exists (select 1 from cases c where c.region = o.region and c.id = o.case_id)
        and (o.region, o.case_id, o.field collate \"C\") > ($1, $2, $3)
    order by 1, 2, o.field collate \"C\" limit $4";
// Without the reason, which is what somebody wrote: looks that differ in nothing else are one row.
pub(crate) const STRAY_LOOK: &str = "
    select o.region, o.case_id as case_id, concat_ws(' ', o.at, o.person, o.post, o.field) as key from looks o
    where not exists (select 1 from cases c where c.region = o.region and c.id = o.case_id)
        and (o.region, o.case_id, concat_ws(' ', o.at, o.person, o.post, o.field) collate \"C\") > ($1, $2, $3)
    group by o.region, o.case_id, o.at, o.person, o.post, o.field
    order by 1, 2, concat_ws(' ', o.at, o.person, o.post, o.field) collate \"C\" limit $4";
pub(crate) const STRAY_PHOTO: &str = "
    select o.region, o.case_id as case_id, encode(o.digest, 'hex') as key from attachments o
    where not exists (select 1 from cases c where c.region = o.region and c.id = o.case_id)
        and (o.region, o.case_id, encode(o.digest, 'hex') collate \"C\") > ($1, $2, $3)
    order by 1, 2, encode(o.digest, 'hex') collate \"C\" limit $4";
/// Reads and writes of this database that began before the transaction with this number: what they may still see is kept.
pub(crate) const OLDER_READS: &str = "
    select count(*) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
        and greatest(age(backend_xmin), age(backend_xid)) > age($1::text::xid)";
pub(crate) const NOW: &str = "select pg_current_xact_id()::xid::text";
const PATIENCE: &str = "set lock_timeout = '30s'";
const IMPATIENCE: &str = "reset lock_timeout";
const ANALYZE: &str = "analyze";
/// Tables with what people gave; they are written anew. `finds` holds hashes only: there it is enough that nothing
/// points at them any more.
const SCRUBBED: [&str; 6] = [
    "vacuum finds",
    "vacuum (full, analyze) texts",
    "vacuum (full, analyze) contacts",
    "vacuum (full, analyze) people",
    "vacuum (full, analyze) accounts",
    "vacuum (full, analyze) sessions",
];

/// How long to wait for reads that still see what was erased.
const WAITS: u32 = 300;
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Debug, thiserror::Error)]
#[error("reads that began before the erasure are still under way")]
struct StillRead;

#[async_trait]
impl Upkeep for PostgresStore {
    async fn take_numbers(&self, region: RegionId, series: &str, count: u32) -> Result<u64, StoreError> {
        let rows = self.query(TAKE, &[&column(region), &series, &i64::from(count)]).await?;
        let row = rows.first().expect("an upsert returns its row");
        let taken: u64 = Stored { row, table: "numbers", key: &[] }.number::<i64, _>("taken")?;
        Ok((taken + 1).saturating_sub(u64::from(count)))
    }

    async fn take_try(&self, keys: &[TryKey], now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        tries::take(Held::from(&self.reads).await.map_err(pool_error)?, keys, now).await
    }

    async fn sweep_tries(&self, tries_before: Timestamp, devices_before: Timestamp) -> Result<u64, StoreError> {
        let tries = self.execute(tries::SWEEP, &[&ms(tries_before)]).await?;
        Ok(tries + self.execute(tries::SWEEP_DEVICES, &[&ms(devices_before)]).await?)
    }

    async fn regions(&self) -> Result<Vec<RegionId>, StoreError> {
        let rows = self.query(REGIONS, &[]).await?;
        rows.iter()
            .map(|row| Stored { row, table: "cases", key: &[] }.number::<i64, _>("region").map(RegionId))
            .collect()
    }

    async fn put_root(&self, region: RegionId, root: RootRow) -> Result<(), StoreError> {
        let region = column(region);
        self.execute(PUT_ROOT, &[&region, &root.day, &root.root.0.as_slice(), &long(root.facts)]).await?;
        let rows = self.query(ROOT, &[&region, &root.day]).await?;
        let stands = rows.first().map(roots::read).transpose()?;
        if stands == Some(root) { Ok(()) } else { Err(StoreError::Taken { what: "root" }) }
    }

    async fn keys(&self) -> Result<Vec<KeyRow>, StoreError> {
        self.query(keys::ALL, &[]).await?.iter().map(keys::read).collect()
    }

    async fn put_key(&self, key: KeyRow) -> Result<(), StoreError> {
        let number = i32::from(key.number);
        self.execute(keys::INSERT, &[&key.purpose, &number, &key.digest.0.as_slice(), &ms(key.noted_at)]).await?;
        let rows = self.query(keys::ONE, &[&key.purpose, &number]).await?;
        let stands = rows.first().map(keys::read).transpose()?;
        if stands.is_some_and(|row| row.digest == key.digest) { Ok(()) } else { Err(StoreError::Taken { what: "key" }) }
    }

    async fn drop_key(&self, purpose: &str, number: u16) -> Result<(), StoreError> {
        self.execute(keys::DELETE, &[&purpose, &i32::from(number)]).await?;
        Ok(())
    }

    async fn claim_outbox(
        &self,
        region: RegionId,
        now: Timestamp,
        lease_s: u32,
        most: u16,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        let free_since = ms(now).saturating_sub(i64::from(lease_s) * 1_000);
        let rows = self.query(CLAIM, &[&column(region), &ms(now), &free_since, &i64::from(most)]).await?;
        rows.iter().map(outbox::read).collect()
    }

    async fn outbox_sent(&self, region: RegionId, ids: &[u128]) -> Result<(), StoreError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| Uuid::from_u128(*id)).collect();
        self.execute(SENT, &[&column(region), &ids]).await?;
        Ok(())
    }

    async fn sweep(
        &self,
        answers_before: Timestamp,
        sessions_before: Timestamp,
        contacts_before: Timestamp,
    ) -> Result<u64, StoreError> {
        let answers = self.execute(SWEEP_ANSWERS, &[&ms(answers_before)]).await?;
        let sessions = self.execute(SWEEP_SESSIONS, &[&ms(sessions_before)]).await?;
        let contacts = self.execute(SWEEP_CONTACTS, &[&ms(contacts_before)]).await?;
        Ok(answers + sessions + contacts)
    }

    async fn sweep_uploads(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.execute(SWEEP_UPLOADS, &[&ms(now)]).await
    }

    async fn unreferenced(&self, digests: &[Digest]) -> Result<Vec<Digest>, StoreError> {
        let digests: Vec<&[u8]> = digests.iter().map(|digest| digest.0.as_slice()).collect();
        let rows = self.query(UNREFERENCED, &[&digests]).await?;
        rows.iter().map(|row| Stored { row, table: "attachments", key: &[] }.digest("digest")).collect()
    }

    async fn strays(&self, kind: Owned, after: Option<&Stray>, most: u16) -> Result<Vec<Stray>, StoreError> {
        let sql = match kind {
            Owned::Case => STRAY_CASE,
            Owned::Fact => STRAY_FACT,
            Owned::Task => STRAY_TASK,
            Owned::Text => STRAY_TEXT,
            Owned::Contact => STRAY_CONTACT,
            Owned::Look => STRAY_LOOK,
            Owned::Photo => STRAY_PHOTO,
        };
        let (region, case, key) =
            after.map_or((-1, Uuid::nil(), ""), |after| (i64::from(after.region.0), after.case.0, after.key.as_str()));
        let rows = self.query(sql, &[&region, &case, &key, &i64::from(most)]).await?;
        rows.iter()
            .map(|row| {
                let row = Stored { row, table: "strays", key: &["region", "case_id"] };
                Ok(Stray {
                    region: RegionId(row.number::<i64, _>("region")?),
                    case: CaseId(row.take("case_id")?),
                    key: row.take("key")?,
                })
            })
            .collect()
    }

    /// Writes the tables anew that hold what people gave: while one is written, nobody else reads it (some 20 s for ten
    /// million texts). What the server's write-ahead log and its archive still hold is the server's to recycle.
    async fn scrub(&self) -> Result<(), StoreError> {
        let client = Held::from(&self.reads).await.map_err(pool_error)?;
        let now: String = client.query_one_scalar(NOW, &[]).await.map_err(store_error)?;
        let mut waits = 0;
        while client.query_one_scalar::<i64, _>(OLDER_READS, &[&now]).await.map_err(store_error)? > 0 {
            waits += 1;
            if waits > WAITS {
                return Err(StoreError::Unavailable(Box::new(StillRead)));
            }
            tokio::time::sleep(PAUSE).await;
        }
        client.batch_execute(PATIENCE).await.map_err(store_error)?;
        for statement in SCRUBBED {
            client.batch_execute(statement).await.map_err(store_error)?;
        }
        client.batch_execute(IMPATIENCE).await.map_err(store_error)?;
        client.release();
        Ok(())
    }

    async fn backup(&self, into: &Path) -> Result<(), StoreError> {
        backup::backup(&self.reads, into).await
    }

    async fn restore(&self, from: &Path) -> Result<(), StoreError> {
        backup::restore(&self.reads, from).await?;
        self.analyze().await
    }

    async fn load(&self, region: RegionId, batch: Vec<Changes>) -> Result<(), StoreError> {
        let region = column(region);
        let jobs: Vec<Job> = batch.into_iter().map(|changes| Job::of(region, changes)).collect();
        let tx = Tx { client: Held::from(&self.writes).await.map_err(pool_error)?, writer: LOADER };
        tx.client.batch_execute(BEGIN).await.map_err(store_error)?;
        load(&tx, &jobs).await?;
        tx.client.batch_execute(COMMIT).await.map_err(store_error)?;
        tx.client.release();
        Ok(())
    }

    async fn analyze(&self) -> Result<(), StoreError> {
        let client = self.reads.get().await.map_err(pool_error)?;
        client.batch_execute(ANALYZE).await.map_err(store_error)
    }
}

/// Counters of loads are kept apart from those of the writers.
const LOADER: i16 = -1;
/// So many callers' changes go in one round trip.
const TOGETHER: usize = 256;

const BEGIN: &str = "begin";
const COMMIT: &str = "commit";

async fn load(tx: &Tx, jobs: &[Job]) -> Result<(), StoreError> {
    let mut rest = jobs;
    while !rest.is_empty() {
        let mut apart = Apart::default();
        let fit = rest.iter().take(TOGETHER).take_while(|job| job.is_plain && apart.takes(job)).count();
        let (group, after) = rest.split_at(fit.max(1));
        rest = after;
        let group: Vec<&Job> = group.iter().collect();
        let obstacles = changes::write(tx, None, &group).await.map_err(store_error)?;
        let hindered = group.iter().zip(obstacles).find_map(|(job, obstacle)| Some((job, obstacle?)));
        match hindered {
            None => {}
            Some((_, Obstacle::Stale(case))) => return Err(StoreError::Stale { what: format!("case {case}") }),
            Some((_, Obstacle::Gone)) => return Err(StoreError::Taken { what: "upload" }),
            Some((_, Obstacle::Moved(what))) => return Err(StoreError::Stale { what: what.to_owned() }),
            Some((job, Obstacle::Repeated)) => {
                let key = job.answer.as_ref().map_or("", |answer| answer.key.as_str());
                let rows = tx.rows(idempotency::ONE, &[&job.region, &key]).await.map_err(store_error)?;
                let first = rows.first().map(idempotency::read).transpose()?;
                return Err(match first {
                    Some(first) => StoreError::Repeated(Box::new(first)),
                    None => StoreError::Stale { what: format!("idempotency key {key}") },
                });
            }
        }
    }
    Ok(())
}

impl PostgresStore {
    async fn query(&self, sql: &'static str, params: Params<'_>) -> Result<Vec<Row>, StoreError> {
        let client = self.reads.get().await.map_err(pool_error)?;
        let statement = client.prepare_cached(sql).await.map_err(store_error)?;
        client.query(&statement, params).await.map_err(store_error)
    }

    async fn execute(&self, sql: &'static str, params: Params<'_>) -> Result<u64, StoreError> {
        let client = self.reads.get().await.map_err(pool_error)?;
        let statement = client.prepare_cached(sql).await.map_err(store_error)?;
        client.execute(&statement, params).await.map_err(store_error)
    }
}
