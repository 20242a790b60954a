//! The writers: each commits together what callers have handed in while the commit before was on its way to the disk.
//!
//! A group is written in one transaction, in two round trips. When one caller's changes cannot be written, the others
//! are tried again without; when it is not plain whose they are, each half is tried. When the connection is lost while
//! a commit is under way, what the commit did is found out from the record before anybody is answered.

use crate::{
    changes::{self, Apart, Job, Obstacle},
    connect::Settings,
    error::{self, pool_error, store_error},
    idempotency,
    row::ms,
    tx::{Held, Tx},
};
use deadpool_postgres::{Pool, PoolError};
use gewu_store::{Change, Changes, StoreError, idempotency::Answer};
use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

const BEGIN: &str = "begin";
const COMMIT: &str = "commit";
const ROLLBACK: &str = "rollback";

/// How often a group is tried that lost its connection, or was in the way of another program's.
const TRIES: u32 = 3;
/// How long to wait before asking again for a connection to find out what a commit did.
const PAUSE: Duration = Duration::from_millis(100);

/// When so many came during the last commit, the next waits a little for more.
const BUSY: usize = 16;
const WAIT: Duration = Duration::from_millis(2);
/// So many callers wait for each writer before the next one waits for a place in the queue.
const QUEUE: usize = 4_096;

struct Queued {
    job: Job,
    done: oneshot::Sender<Result<(), StoreError>>,
}

#[derive(Debug, thiserror::Error)]
#[error("the writer has stopped")]
struct Stopped;

/// One failure told to several callers.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
struct Shared(Arc<str>);

/// The queues of all writers.
pub(crate) struct Writers {
    queues: Vec<mpsc::Sender<Queued>>,
}

impl Writers {
    /// Starts them on the present runtime; they end when this is dropped and what was queued is written.
    pub async fn start(pool: &Pool, settings: &Settings) -> Result<Writers, StoreError> {
        drop(pool.get().await.map_err(pool_error)?);
        let queues = (0..settings.writers.max(1)).map(|no| {
            let (queue, jobs) = mpsc::channel(QUEUE);
            let writer = Writer {
                pool: pool.clone(),
                no: i16::try_from(no).unwrap_or(i16::MAX),
                group: settings.group.max(1),
                patience: Duration::from_millis(settings.wait_ms),
            };
            tokio::spawn(writer.run(jobs));
            queue
        });
        Ok(Writers { queues: queues.collect() })
    }

    pub async fn apply(&self, region: i64, changes: Changes) -> Result<(), StoreError> {
        let job = Job::of(region, changes);
        let stopped = || StoreError::Unavailable(Box::new(Stopped));
        let (done, answered) = oneshot::channel();
        let queue = self.queues.get(self.place(&job)).ok_or_else(stopped)?;
        queue.send(Queued { job, done }).await.map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }

    /// Changes of one case always meet in one queue.
    fn place(&self, job: &Job) -> usize {
        let mut hasher = DefaultHasher::new();
        match (job.cases.first(), &job.answer) {
            (Some(case), _) => case.row.id.hash(&mut hasher),
            (None, Some(answer)) => answer.key.hash(&mut hasher),
            (None, None) => {}
        }
        let writers = u64::try_from(self.queues.len()).unwrap_or(u64::MAX).max(1);
        usize::try_from(hasher.finish() % writers).unwrap_or(0)
    }
}

struct Writer {
    pool: Pool,
    no: i16,
    group: usize,
    patience: Duration,
}

/// What became of a group.
enum Outcome {
    Written,
    /// Nothing was written, because of these; those without an obstacle may be tried again.
    Hindered(Vec<Option<Obstacle>>),
    /// Nothing was written; for [`StoreError::Unavailable`] out of a commit it may be that something was.
    Failed(StoreError),
}

impl Writer {
    async fn run(self, mut jobs: mpsc::Receiver<Queued>) {
        let mut waiting = VecDeque::new();
        loop {
            if waiting.is_empty() {
                match jobs.recv().await {
                    Some(job) => waiting.push_back(job),
                    None => return,
                }
            }
            let mut until = None;
            while waiting.len() < self.group.saturating_mul(2) {
                let next = match jobs.try_recv() {
                    Err(_) if (BUSY..self.group).contains(&waiting.len()) => {
                        let until = *until.get_or_insert_with(|| tokio::time::Instant::now() + WAIT);
                        tokio::time::timeout_at(until, jobs.recv()).await.ok().flatten()
                    }
                    next => next.ok(),
                };
                match next {
                    Some(job) => waiting.push_back(job),
                    None => break,
                }
            }
            self.settle(next_group(&mut waiting, self.group)).await;
        }
    }

    /// Writes a group and answers every caller in it.
    async fn settle(&self, group: Vec<Queued>) {
        let mut groups = vec![group];
        while let Some(mut group) = groups.pop() {
            let jobs: Vec<&Job> = group.iter().map(|queued| &queued.job).collect();
            match self.attempt(&jobs).await {
                Outcome::Written => group.into_iter().for_each(|queued| answer(queued, Ok(()))),
                Outcome::Hindered(obstacles) => {
                    let mut rest = Vec::new();
                    for (queued, obstacle) in group.into_iter().zip(obstacles) {
                        match self.refusal(&queued.job, obstacle).await {
                            Some(refusal) => answer(queued, Err(refusal)),
                            None => rest.push(queued),
                        }
                    }
                    if !rest.is_empty() {
                        groups.push(rest);
                    }
                }
                Outcome::Failed(error) if group.len() < 2 => group.into_iter().for_each({
                    let mut error = Some(error);
                    move |queued| {
                        if let Some(error) = error.take() {
                            answer(queued, Err(error));
                        }
                    }
                }),
                Outcome::Failed(StoreError::Unavailable(source)) => {
                    let shared = Shared(source.to_string().into());
                    for queued in group {
                        answer(queued, Err(StoreError::Unavailable(Box::new(shared.clone()))));
                    }
                }
                Outcome::Failed(_) => {
                    let second = group.split_off(group.len() / 2);
                    groups.push(second);
                    groups.push(group);
                }
            }
        }
    }

    /// What a caller with this obstacle is told; none when it may be tried again.
    async fn refusal(&self, job: &Job, obstacle: Option<Obstacle>) -> Option<StoreError> {
        match obstacle? {
            Obstacle::Stale(case) => Some(StoreError::Stale { what: format!("case {case}") }),
            Obstacle::Gone => Some(StoreError::Taken { what: "upload" }),
            Obstacle::Moved(what) => Some(StoreError::Stale { what: what.to_owned() }),
            Obstacle::Repeated => match self.first_answer(job).await {
                Ok(Some(first)) => Some(StoreError::Repeated(Box::new(first))),
                // Swept away in between: the key is free again.
                Ok(None) => None,
                Err(error) => Some(error),
            },
        }
    }

    async fn first_answer(&self, job: &Job) -> Result<Option<Answer>, StoreError> {
        let Some(answer) = &job.answer else { return Ok(None) };
        let tx = self.connect().await.map_err(pool_error)?;
        let rows = tx.rows(idempotency::ONE, &[&job.region, &answer.key]).await.map_err(store_error)?;
        tx.client.release();
        rows.first().map(idempotency::read).transpose()
    }

    async fn connect(&self) -> Result<Tx, PoolError> {
        Ok(Tx { client: Held::from(&self.pool).await?, writer: self.no })
    }

    /// Writes a group in one transaction.
    async fn attempt(&self, jobs: &[&Job]) -> Outcome {
        let mut tries = 0;
        // Set when a commit got no answer: then a group may stand already when it is tried again.
        let mut in_doubt_since: Option<Instant> = None;
        loop {
            tries += 1;
            let tx = match self.connect().await {
                Ok(tx) => tx,
                Err(_) if in_doubt_since.is_some_and(|since| since.elapsed() < self.patience) => {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
                Err(error) => return Outcome::Failed(pool_error(error)),
            };
            if in_doubt_since.is_some() && stands(&tx, jobs).await {
                tx.client.release();
                return Outcome::Written;
            }
            let written = changes::write(&tx, Some(BEGIN), jobs).await;
            if let Ok(obstacles) = &written
                && obstacles.iter().all(Option::is_none)
            {
                match tx.client.batch_execute(COMMIT).await {
                    Ok(()) => {
                        tx.client.release();
                        return Outcome::Written;
                    }
                    Err(error) if tries < TRIES => {
                        tracing::warn!(error = %error, "a commit got no answer, asking what it did");
                        in_doubt_since.get_or_insert_with(Instant::now);
                        continue;
                    }
                    Err(error) => return Outcome::Failed(StoreError::Unavailable(Box::new(error))),
                }
            }
            let is_lost = tx.client.batch_execute(ROLLBACK).await.is_err();
            let is_written = !is_lost && in_doubt_since.is_some() && stands(&tx, jobs).await;
            if !is_lost {
                tx.client.release();
            }
            if is_written {
                return Outcome::Written;
            }
            match written {
                Ok(obstacles) => return Outcome::Hindered(obstacles),
                Err(error) if tries < TRIES && (is_lost || error::collided(&error)) => {}
                Err(error) => return Outcome::Failed(store_error(error)),
            }
        }
    }
}

/// Takes callers from the front who can be written together; the others keep their places.
fn next_group(waiting: &mut VecDeque<Queued>, most: usize) -> Vec<Queued> {
    let mut apart = Apart::default();
    let mut group = Vec::new();
    let mut rest = VecDeque::new();
    for queued in waiting.drain(..) {
        let is_alone = group.is_empty() && rest.is_empty();
        if is_alone && !queued.job.is_plain {
            group.push(queued);
            apart.close();
        } else if queued.job.is_plain && group.len() < most && apart.takes(&queued.job) {
            group.push(queued);
        } else {
            rest.push_back(queued);
        }
    }
    *waiting = rest;
    group
}

fn answer(queued: Queued, answer: Result<(), StoreError>) {
    // Whoever asked may have gone; what was written stays written.
    let _ = queued.done.send(answer);
}

pub(crate) const FACT_STANDS: &str = "
    select 1 from facts where region = $1 and case_id = $2 and seq = $3 and hash = $4";
pub(crate) const AUDIT_STANDS: &str = "select 1 from audit where id = $1 and at = $2";

/// Whether a group, of which it is not known, was written: one row tells for all. Groups without a fact, a key or an
/// audit row hold nothing that writing twice would double.
async fn stands(tx: &Tx, jobs: &[&Job]) -> bool {
    let fact = jobs.iter().flat_map(|job| job.cases.iter().flat_map(|case| case.new_facts(job.region))).next();
    let key = jobs.iter().find_map(|job| job.answer.as_ref().map(|answer| (job.region, answer)));
    let audit = jobs.iter().flat_map(|job| &job.others).find_map(|change| match change {
        Change::Audit(row) => Some(row),
        _ => None,
    });
    if let Some(fact) = fact {
        let seq = i64::from(fact.sealed.seq);
        let hash = fact.sealed.hash.0.as_slice();
        return tx.rows(FACT_STANDS, &[&fact.region, &fact.case, &seq, &hash]).await.is_ok_and(|rows| !rows.is_empty());
    }
    if let Some((region, answer)) = key {
        let rows = tx.rows(idempotency::ONE, &[&region, &answer.key]).await.unwrap_or_default();
        let first = rows.first().and_then(|row| idempotency::read(row).ok());
        return first.is_some_and(|first| {
            first.request == answer.request && first.body == answer.body && ms(first.at) == ms(answer.at)
        });
    }
    match audit {
        Some(row) => {
            tx.rows(AUDIT_STANDS, &[&Uuid::from_u128(row.id), &ms(row.at)]).await.is_ok_and(|rows| !rows.is_empty())
        }
        None => false,
    }
}
