//! The one thread that writes. Whatever waits is committed together; each caller is answered for their own changes.
//!
//! The changes of all callers run one after another in one transaction. A caller who is refused before anything of
//! theirs is written (a stale version, a repeated key: nearly every refusal) costs the others nothing. A caller refused
//! later makes the thread undo the whole and run it again with a savepoint around each; savepoints always would make
//! the term index flush to disk for each caller.

use crate::{
    changes::Prepared,
    error::{failed, unavailable},
    row::Writing,
    transact,
    words::{self, Unmerged},
};
use gewu_domain::ids::RegionId;
use gewu_store::StoreError;
use rusqlite::Connection;
use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread::JoinHandle,
    time::Duration,
};
use tokio::sync::oneshot;

/// How many callers are committed together at most, so that nobody waits for a commit without end.
const GROUP: usize = 1_024;
/// So long nothing is to be written before a step of the merging that was put off; a step takes half of that.
const QUIET: Duration = Duration::from_millis(10);

pub(crate) enum Job {
    Apply(Apply),
    Run(Box<dyn FnOnce(&mut Connection) + Send>),
}

pub(crate) struct Apply {
    region: RegionId,
    prepared: Prepared,
    reply: oneshot::Sender<Told>,
}

/// What a caller is answered, and their changes back: so it is the caller who spends time on freeing them.
type Told = (Result<(), StoreError>, Prepared);

pub(crate) struct Writer {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub fn start(connection: Connection) -> Result<Writer, StoreError> {
        let (jobs, queue) = channel();
        let thread = std::thread::Builder::new()
            .name("gewu-sqlite-writer".to_owned())
            .spawn(move || work(connection, &queue))
            .map_err(|error| unavailable(error.to_string()))?;
        Ok(Writer { jobs: Some(jobs), thread: Some(thread) })
    }

    /// For others that give the thread something to do.
    pub fn jobs(&self) -> Option<Sender<Job>> {
        self.jobs.clone()
    }

    pub async fn apply(&self, region: RegionId, prepared: Prepared) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Job::Apply(Apply { region, prepared, reply }))?;
        answer.await.map_err(|_| stopped())?.0
    }

    /// Runs something between two groups, alone with the connection.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Job::Run(Box::new(move |connection| {
            // Whoever asked may have gone.
            let _ = reply.send(work(connection));
        })))?;
        answer.await.map_err(|_| stopped())?
    }

    /// The same, in one transaction.
    pub async fn transact<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run(move |connection| transact(connection, work)).await
    }

    fn send(&self, job: Job) -> Result<(), StoreError> {
        self.jobs.as_ref().and_then(|jobs| jobs.send(job).ok()).ok_or_else(stopped)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that writes to SQLite had panicked");
        }
    }
}

fn stopped() -> StoreError {
    unavailable("the thread that writes has stopped")
}

fn work(mut connection: Connection, queue: &Receiver<Job>) {
    let mut unmerged = Unmerged::unknown();
    // Who only reads, such as a check of the record beside a busy server, merges nothing.
    let mut next = queue.recv().ok();
    while let Some(job) = next {
        next = match job {
            Job::Run(run) => {
                run(&mut connection);
                None
            }
            Job::Apply(first) => {
                let (group, rest) = gather(first, queue);
                commit(&connection, group, &mut unmerged);
                rest
            }
        };
        if next.is_none() {
            next = wait(&mut connection, queue, &mut unmerged);
        }
    }
    // The last one out empties the log; what it leaves, the next to open will.
    let _ = connection.execute_batch("pragma wal_checkpoint(truncate)");
}

/// The next job; until it comes, merging that was put off is done step by step.
fn wait(connection: &mut Connection, queue: &Receiver<Job>, unmerged: &mut Unmerged) -> Option<Job> {
    while unmerged.is_due() {
        match queue.recv_timeout(QUIET) {
            Ok(job) => return Some(job),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {}
        }
        let step = transact(connection, |connection| words::merge_step(connection, unmerged));
        if let Err(error) = step {
            tracing::warn!(error = %chain(&error), "the term index could not be merged now; it will be with later reports");
            *unmerged = Unmerged::default();
        }
    }
    queue.recv().ok()
}

/// All changes that wait, up to the first job of another kind, which is given back.
fn gather(first: Apply, queue: &Receiver<Job>) -> (Vec<Apply>, Option<Job>) {
    let mut group = vec![first];
    while group.len() < GROUP {
        match queue.try_recv() {
            Ok(Job::Apply(apply)) => group.push(apply),
            other => return (group, other.ok()),
        }
    }
    (group, None)
}

/// Somebody was refused after something of theirs had been written.
struct Spoiled;

fn commit(connection: &Connection, group: Vec<Apply>, unmerged: &mut Unmerged) {
    let results = match together(connection, &group, unmerged) {
        Ok(Ok(results)) => Ok(results),
        Ok(Err(Spoiled)) => one_by_one(connection, &group, unmerged),
        Err(error) => Err(error),
    };
    if !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("rollback")
    {
        tracing::error!(%error, "a transaction of SQLite could not be undone");
    }
    match results {
        Ok(results) => {
            for (apply, result) in group.into_iter().zip(results) {
                let _ = apply.reply.send((result, apply.prepared));
            }
        }
        Err(error) => {
            tracing::error!(error = %chain(&error), callers = group.len(), "nothing could be written to SQLite");
            let is_passing = matches!(error, StoreError::Unavailable(_));
            for apply in group {
                let why = chain(&error);
                let told = if is_passing { unavailable(why) } else { crate::error::broken(why) };
                let _ = apply.reply.send((Err(told), apply.prepared));
            }
        }
    }
}

/// What each caller is answered; the outer error is everybody's.
type Answers = Result<Vec<Result<(), StoreError>>, StoreError>;

fn together(
    connection: &Connection,
    group: &[Apply],
    unmerged: &mut Unmerged,
) -> Result<Result<Vec<Result<(), StoreError>>, Spoiled>, StoreError> {
    connection.prepare_cached("begin immediate").and_then(|mut begin| begin.execute([])).map_err(failed)?;
    let mut results = Vec::with_capacity(group.len());
    let writing = Writing::of(connection);
    for apply in group {
        let before = connection.total_changes();
        let result = apply.prepared.write(&writing, apply.region);
        if let Err(error) = &result {
            // The engine has undone everything by itself (disk full): nobody's changes are there.
            if connection.is_autocommit() || matches!(error, StoreError::Unavailable(_)) {
                return Err(unavailable(chain(error)));
            }
            if connection.total_changes() != before {
                connection.execute_batch("rollback").map_err(failed)?;
                return Ok(Err(Spoiled));
            }
        }
        results.push(result);
    }
    words::write_terms(&writing, unmerged)?;
    words::merge_half(&writing, unmerged)?;
    connection.prepare_cached("commit").and_then(|mut commit| commit.execute([])).map_err(failed)?;
    Ok(Ok(results))
}

fn one_by_one(connection: &Connection, group: &[Apply], unmerged: &mut Unmerged) -> Answers {
    connection.execute_batch("begin immediate").map_err(failed)?;
    let mut results = Vec::with_capacity(group.len());
    for apply in group {
        connection.execute_batch("savepoint caller").map_err(failed)?;
        let writing = Writing::of(connection);
        let result = apply.prepared.write(&writing, apply.region);
        let result = result.and_then(|()| words::write_terms(&writing, unmerged));
        if let Err(error) = &result {
            if connection.is_autocommit() || matches!(error, StoreError::Unavailable(_)) {
                return Err(unavailable(chain(error)));
            }
            connection.execute_batch("rollback to caller").map_err(failed)?;
        }
        connection.execute_batch("release caller").map_err(failed)?;
        results.push(result);
    }
    connection.execute_batch("commit").map_err(failed)?;
    Ok(results)
}

/// An error with all its causes, in one line.
fn chain(error: &StoreError) -> String {
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        said.push_str(": ");
        said.push_str(&next.to_string());
        cause = next.source();
    }
    said
}
