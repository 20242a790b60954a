//! Work on sets of rows, and on the database as a whole.

use crate::{
    FILE, SqliteStore, attachments,
    changes::Prepared,
    checkpoint, connect,
    error::{broken, failed, unavailable},
    keys, migrate, outbox, roots,
    row::{Cells, Writing, all, ms, one, run, statements},
    transact, tries, uploads, words,
};
use async_trait::async_trait;
use gewu_domain::ids::{CaseId, Digest, RegionId};
use gewu_store::{
    Changes, StoreError,
    keys::KeyRow,
    outbox::OutboxRow,
    roots::RootRow,
    tries::TryKey,
    upkeep::{Owned, Stray, Upkeep},
};
use jiff::Timestamp;
use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
    params,
};
use std::path::Path;

statements! {
    TAKE = "insert into numbers (region, series, next) values (?1, ?2, 1 + ?3)
        on conflict (region, series) do update set next = next + ?3 returning next - ?3";
    REGIONS = "select region from regions order by region";
    OLD_ANSWERS = "select region, key from answers where at < ?1";
    END_ANSWER = "delete from answers where region = ?1 and key = ?2";
    OLD_SESSIONS = "select id from sessions where seen_at < ?1";
    END_SESSION = "delete from sessions where id = ?1 and seen_at < ?2";
    OLD_CONTACTS = "select case_id, field from contacts where region = ?1 and ends_at < ?2";
    END_CONTACT = "delete from contacts where region = ?1 and case_id = ?2 and field = ?3 and ends_at < ?4";
    IS_USED = "select exists (select 1 from regions) or exists (select 1 from publications) or exists (select 1 from people)
        or exists (select 1 from clients) or exists (select 1 from audit) or exists (select 1 from outbox)
        or exists (select 1 from numbers) or exists (select 1 from answers) or exists (select 1 from counters)
        or exists (select 1 from keys)";
    STRAY_CASE = "select o.region, o.id, '' as key from cases o
        where not exists (select 1 from facts f where f.region = o.region and f.case_id = o.id)
            and (o.region, o.id, '') > (?1, ?2, ?3) order by 1, 2, 3 limit ?4";
    STRAY_FACT = "select o.region, o.case_id, cast(o.seq as text) as key from facts o
        where not exists (select 1 from cases c where c.region = o.region and c.id = o.case_id)
            and (o.region, o.case_id, cast(o.seq as text)) > (?1, ?2, ?3) order by 1, 2, 3 limit ?4";
    STRAY_TASK = "select o.region, o.case_id, cast(o.no as text) as key from tasks o
        where not exists (select 1 from cases c where c.region = o.region and c.id = o.case_id)
            and (o.region, o.case_id, cast(o.no as text)) > (?1, ?2, ?3) order by 1, 2, 3 limit ?4";
    STRAY_TEXT = "select o.region, o.case_id, lower(hex(o.digest)) as key from texts o
        where not exists (select 1 from cases c where c.region = o.region and c.id = o.case_id)
            and (o.region, o.case_id, lower(hex(o.digest))) > (?1, ?2, ?3) order by 1, 2, 3 limit ?4";
    STRAY_CONTACT = "select o.region, o.case_id, o.field as key from contacts o
        where not exists (select 1 from cases c where c.region = o.region and c.id = o.case_id)
            and (o.region, o.case_id, o.field) > (?1, ?2, ?3) order by 1, 2, 3 limit ?4";
    STRAY_LOOK = "select o.region, o.case_id, cast(o.no as text) as key from looks o
        where not exists (select 1 from cases c where c.region = o.region and c.id = o.case_id)
            and (o.region, o.case_id, cast(o.no as text)) > (?1, ?2, ?3) order by 1, 2, 3 limit ?4";
    STRAY_PHOTO = "select o.region, o.case_id, lower(hex(o.digest)) as key from attachments o
        where not exists (select 1 from cases c where c.region = o.region and c.id = o.case_id)
            and (o.region, o.case_id, lower(hex(o.digest))) > (?1, ?2, ?3) order by 1, 2, 3 limit ?4";
}

/// Rows of a sweep removed between two groups of the writer, so that nobody waits long.
const SLICE: usize = 2_000;
/// Pages of the term index rewritten between two groups.
const MERGE_PAGES: i64 = 250;
/// What `ANALYZE` reads of each index: enough for its shape, whatever its size.
const ANALYZE: &str = "pragma analysis_limit = 1000; analyze";

#[async_trait]
impl Upkeep for SqliteStore {
    async fn take_numbers(&self, region: RegionId, series: &str, count: u32) -> Result<u64, StoreError> {
        let series = series.to_owned();
        let taken = self.writer.transact(move |connection| {
            one(connection, TAKE, params![region.0, series, count], |row| Cells::of(row, "numbers").count(0, "next"))
        });
        taken.await?.ok_or_else(|| broken("a series gave no number"))
    }

    async fn take_try(&self, keys: &[TryKey], now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let keys = keys.to_vec();
        self.writer.transact(move |connection| tries::take(connection, &keys, now)).await
    }

    async fn sweep_tries(&self, tries_before: Timestamp, devices_before: Timestamp) -> Result<u64, StoreError> {
        let swept = self.writer.transact(move |connection| tries::sweep(connection, tries_before, devices_before));
        u64::try_from(swept.await?).map_err(|error| broken(error.to_string()))
    }

    async fn regions(&self) -> Result<Vec<RegionId>, StoreError> {
        let read = |connection: &Connection| {
            all(connection, REGIONS, [], |row| Cells::of(row, "regions").cell(0, "region").map(RegionId))
        };
        self.readers.lease().await?.read(read).await
    }

    async fn put_root(&self, region: RegionId, root: RootRow) -> Result<(), StoreError> {
        self.writer.transact(move |connection| roots::put(connection, region, root)).await
    }

    async fn keys(&self) -> Result<Vec<KeyRow>, StoreError> {
        self.readers.lease().await?.read(keys::list).await
    }

    async fn put_key(&self, key: KeyRow) -> Result<(), StoreError> {
        self.writer.transact(move |connection| keys::put(connection, &key)).await
    }

    async fn drop_key(&self, purpose: &str, number: u16) -> Result<(), StoreError> {
        let purpose = purpose.to_owned();
        self.writer.transact(move |connection| keys::drop(connection, &purpose, number)).await
    }

    async fn claim_outbox(
        &self,
        region: RegionId,
        now: Timestamp,
        lease_s: u32,
        most: u16,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        self.writer.transact(move |connection| outbox::claim(connection, region, now, lease_s, most)).await
    }

    async fn outbox_sent(&self, region: RegionId, ids: &[u128]) -> Result<(), StoreError> {
        let ids = ids.to_vec();
        self.writer.transact(move |connection| outbox::sent(connection, region, &ids)).await
    }

    async fn sweep(
        &self,
        answers_before: Timestamp,
        sessions_before: Timestamp,
        contacts_before: Timestamp,
    ) -> Result<u64, StoreError> {
        let [answers, sessions, contacts] = [answers_before, sessions_before, contacts_before].map(ms);
        let lease = self.readers.lease().await?;
        let old = lease.read(move |connection| old(connection, answers, sessions, contacts)).await?;
        drop(lease);
        let mut swept = 0;
        for slice in old.chunks(SLICE) {
            let slice = slice.to_vec();
            swept += self
                .writer
                .transact(move |connection| {
                    let mut swept = 0;
                    for row in &slice {
                        swept += row.end(connection, sessions, contacts).map_err(failed)?;
                    }
                    Ok(swept)
                })
                .await?;
        }
        u64::try_from(swept).map_err(|error| broken(error.to_string()))
    }

    async fn sweep_uploads(&self, now: Timestamp) -> Result<u64, StoreError> {
        let swept = self.writer.transact(move |connection| uploads::sweep(connection, now)).await?;
        u64::try_from(swept).map_err(|error| broken(error.to_string()))
    }

    async fn unreferenced(&self, digests: &[Digest]) -> Result<Vec<Digest>, StoreError> {
        let regions = self.regions().await?;
        let digests = digests.to_vec();
        let read = move |connection: &Connection| {
            let mut unreferenced = Vec::new();
            for digest in digests {
                let mut is_held = uploads::holds(connection, digest)?;
                for region in &regions {
                    is_held = is_held || attachments::holds(connection, *region, digest)?;
                }
                if !is_held {
                    unreferenced.push(digest);
                }
            }
            Ok(unreferenced)
        };
        self.readers.lease().await?.read(read).await
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
        let after = after.cloned();
        let read = move |connection: &Connection| {
            let (region, case, key) = after.map_or((-1, Vec::new(), String::new()), |after| {
                (i64::from(after.region.0), after.case.0.as_bytes().to_vec(), after.key)
            });
            all(connection, sql, params![region, case, key, most], |row| {
                let cells = Cells::of(row, "strays");
                Ok(Stray {
                    region: RegionId(cells.cell(0, "region")?),
                    case: cells.id(1, "case_id", CaseId)?,
                    key: cells.cell(2, "key")?,
                })
            })
        };
        self.readers.lease().await?.read(read).await
    }

    /// Tables overwrite what is deleted from them; what is left are older pages in the log, and words in parts of the
    /// term index that have not been merged with their deletion. Costs the size of the term index, in slices between
    /// which others write.
    async fn scrub(&self) -> Result<(), StoreError> {
        let mut pages = -MERGE_PAGES;
        while self.writer.transact(move |connection| words::merge_pages(connection, pages)).await? {
            pages = MERGE_PAGES;
        }
        let turn = self.checkpointer.turn.clone();
        let log = self
            .writer
            .run(move |connection| checkpoint::truncate(connection, &turn, connect::PATIENCE).map_err(failed))
            .await?;
        if log.is_busy {
            return Err(unavailable("somebody is still reading pages from before the erasure: try again"));
        }
        Ok(())
    }

    async fn backup(&self, into: &Path) -> Result<(), StoreError> {
        let (into, unfinished) = (into.join(FILE), into.join(format!("{FILE}.part")));
        if into.exists() {
            return Err(StoreError::Taken { what: "copy in this directory" });
        }
        let copy = move |connection: &Connection| {
            let mut target = Connection::open(&unfinished).map_err(failed)?;
            let copied = Backup::new(connection, &mut target).and_then(|backup| backup.step(-1)).map_err(failed)?;
            if copied != StepResult::Done {
                return Err(unavailable("the copy could not be finished: try again"));
            }
            target.close().map_err(|(_, error)| failed(error))?;
            std::fs::rename(&unfinished, &into).map_err(|error| StoreError::Unavailable(Box::new(error)))
        };
        self.readers.lease().await?.read(copy).await
    }

    async fn restore(&self, from: &Path) -> Result<(), StoreError> {
        let from = from.join(FILE);
        self.writer
            .run(move |connection| {
                let is_used = one(connection, IS_USED, [], |row| row.get::<_, bool>(0).map_err(failed))?;
                if is_used.unwrap_or(true) {
                    return Err(StoreError::Taken { what: "data in this store" });
                }
                let source = Connection::open_with_flags(&from, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(failed)?;
                connection.flush_prepared_statement_cache();
                let copied = Backup::new(&source, connection).and_then(|backup| backup.step(-1)).map_err(failed)?;
                if copied != StepResult::Done {
                    return Err(unavailable("the store is in use: stop it and restore again"));
                }
                migrate::migrate(connection)
            })
            .await
    }

    async fn load(&self, region: RegionId, batch: Vec<Changes>) -> Result<(), StoreError> {
        let batch = batch.into_iter().map(Prepared::of).collect::<Result<Vec<_>, _>>()?;
        self.writer
            .run(move |connection| {
                transact(connection, |connection| {
                    let writing = Writing::of(connection);
                    batch.iter().try_for_each(|prepared| prepared.write(&writing, region))?;
                    let mut unmerged = words::Unmerged::default();
                    words::write_terms(&writing, &mut unmerged)?;
                    words::merge_load(&writing, &unmerged)
                })
            })
            .await
    }

    /// Merges the term index as far as it is when nobody writes, in slices between which others write.
    async fn analyze(&self) -> Result<(), StoreError> {
        while self.writer.transact(words::merge_further).await? {}
        self.writer.run(|connection| connection.execute_batch(ANALYZE).map_err(failed)).await
    }
}

/// A row whose time is over.
#[derive(Clone)]
enum Old {
    Answer(u32, String),
    Session(Vec<u8>),
    Contact(u32, Vec<u8>, String),
}

impl Old {
    /// Removes it, unless it has been renewed meanwhile.
    fn end(&self, connection: &Connection, sessions: i64, contacts: i64) -> Result<usize, rusqlite::Error> {
        match self {
            Old::Answer(region, key) => run(connection, END_ANSWER, params![region, key]),
            Old::Session(id) => run(connection, END_SESSION, params![id, sessions]),
            Old::Contact(region, case, field) => run(connection, END_CONTACT, params![region, case, field, contacts]),
        }
    }
}

fn old(connection: &Connection, answers: i64, sessions: i64, contacts: i64) -> Result<Vec<Old>, StoreError> {
    let mut old = all(connection, OLD_ANSWERS, [answers], |row| {
        Ok(Old::Answer(row.get(0).map_err(failed)?, row.get(1).map_err(failed)?))
    })?;
    old.extend(all(connection, OLD_SESSIONS, [sessions], |row| Ok(Old::Session(row.get(0).map_err(failed)?)))?);
    for region in all(connection, REGIONS, [], |row| row.get::<_, u32>(0).map_err(failed))? {
        old.extend(all(connection, OLD_CONTACTS, params![region, contacts], |row| {
            Ok(Old::Contact(region, row.get(0).map_err(failed)?, row.get(1).map_err(failed)?))
        })?);
    }
    Ok(old)
}
