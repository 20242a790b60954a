//! Moves pages from the write-ahead log into the database while the writer goes on, and keeps the log short.
//!
//! SQLite's own checkpoint runs inside a commit and makes that commit slow; this thread does it beside the commits. It
//! cannot start the log anew while commits follow each other closely, so beyond a size it moves what it can, quickly and
//! again, and asks the writer to stop for the little that is left. The file keeps its length meanwhile: giving 64 MB back
//! to the system and asking for them again takes longer than the rest. An idle log is emptied.
//!
//! What was moved is written to the disk at once. SQLite leaves that to the end of the log, and the system to whenever it
//! likes: then a hundred megabytes come together, and every commit waits for them.

use crate::{Settings, connect::PAGE_BYTES, error::unavailable, writer::Job};
use gewu_store::StoreError;
use rusqlite::Connection;
use std::{
    fs::File,
    mem::ManuallyDrop,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

const PASSIVE: &str = "pragma wal_checkpoint(passive)";
/// Moves everything, and the next commit writes where the log begins.
const RESTART: &str = "pragma wal_checkpoint(restart)";
const TRUNCATE: &str = "pragma wal_checkpoint(truncate)";
/// A reader that will not let go must not hold up the writer for long, nor often.
const PATIENCE: Duration = Duration::from_millis(20);
const ROUNDS_BETWEEN: u32 = 10;
/// About as long as another process takes to move what a round left it.
const OTHERS_TURN: Duration = Duration::from_millis(2);
/// So many rounds without a change make a log idle.
const ROUNDS_IDLE: u32 = 40;
/// So few pages are left to the writer, or what is left after so many tries.
const PAGES_LEFT: u64 = 100;
const TRIES: usize = 4;

/// Held while checkpointing: SQLite refuses a second checkpoint at once, without waiting for the first.
pub(crate) type Turn = Arc<Mutex<()>>;

pub(crate) struct Checkpointer {
    pub turn: Turn,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    pub fn start(connection: Connection, jobs: Option<Sender<Job>>, settings: &Settings) -> Result<Self, StoreError> {
        let (stop, stopped) = channel();
        let turn = Turn::default();
        let ours = turn.clone();
        let database = connection.path().map(File::open).transpose().map_err(|error| unavailable(error.to_string()))?;
        // Never closed: with any file a process closes, the system takes all its locks on that file away, SQLite's too.
        let database = database.map(ManuallyDrop::new);
        let (every, most_pages) = (settings.checkpoint_every, settings.log_bytes / PAGE_BYTES);
        let thread = std::thread::Builder::new()
            .name("gewu-sqlite-checkpoint".to_owned())
            .spawn(move || work(&connection, database.as_deref(), &ours, &stopped, jobs.as_ref(), every, most_pages))
            .map_err(|error| unavailable(error.to_string()))?;
        Ok(Checkpointer { turn, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that checkpoints SQLite had panicked");
        }
    }
}

/// Pages in the log, and how many of them are in the database too.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Log {
    pub is_busy: bool,
    pub pages: u64,
    pub moved: u64,
}

fn work(
    connection: &Connection,
    database: Option<&File>,
    turn: &Turn,
    stopped: &Receiver<()>,
    jobs: Option<&Sender<Job>>,
    every: Duration,
    most_pages: u64,
) {
    let mut before = Log::default();
    let (mut rounds, mut idle_rounds) = (0_u32, 0_u32);
    while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
        let log = match checkpoint(connection, turn, PASSIVE) {
            Ok(log) => log,
            Err(error) => {
                tracing::warn!(%error, "SQLite's log could not be moved into the database");
                continue;
            }
        };
        if let Some(database) = database.filter(|_| log != before)
            && let Err(error) = database.sync_data()
        {
            tracing::warn!(%error, "what was moved out of SQLite's log could not be written to the disk yet");
        }
        let is_quiet = log == before && log.pages > 0 && log.moved == log.pages;
        idle_rounds = if is_quiet { idle_rounds.saturating_add(1) } else { 0 };
        let is_idle = idle_rounds >= ROUNDS_IDLE;
        rounds = rounds.saturating_add(1);
        if (is_idle || log.pages > most_pages)
            && rounds >= ROUNDS_BETWEEN
            && let Some(jobs) = jobs
        {
            (rounds, idle_rounds) = (0, 0);
            let how = if is_idle { TRUNCATE } else { RESTART };
            if !is_idle {
                catch_up(connection, turn, log);
            }
            let turn = turn.clone();
            let _ = jobs.send(Job::Run(Box::new(move |connection| {
                if let Err(error) = waiting(connection, &turn, how, PATIENCE) {
                    tracing::warn!(%error, "SQLite's log could not be started anew");
                }
            })));
        }
        before = log;
    }
}

/// Each try is shorter than the last, and so leaves less.
fn catch_up(connection: &Connection, turn: &Turn, mut log: Log) {
    for _ in 0..TRIES {
        let known = log.pages;
        match checkpoint(connection, turn, PASSIVE) {
            Ok(next) => log = next,
            Err(_) => return,
        }
        if log.pages.saturating_sub(known) < PAGES_LEFT {
            return;
        }
    }
}

fn checkpoint(connection: &Connection, turn: &Turn, sql: &str) -> Result<Log, rusqlite::Error> {
    let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
    connection.query_row(sql, [], |row| {
        let pages = |at| row.get::<_, i64>(at).map(|pages| u64::try_from(pages).unwrap_or(0));
        Ok(Log { is_busy: row.get(0)?, pages: pages(1)?, moved: pages(2)? })
    })
}

/// Moves everything and empties the log, waiting so long for readers of old pages, and for another process that moves pages
/// at the moment: for that one SQLite itself never waits. Run by the writer.
pub(crate) fn truncate(connection: &Connection, turn: &Turn, patience: Duration) -> Result<Log, rusqlite::Error> {
    let begun = Instant::now();
    loop {
        let log = waiting(connection, turn, TRUNCATE, patience)?;
        if !log.is_busy || begun.elapsed() >= patience {
            return Ok(log);
        }
        std::thread::sleep(OTHERS_TURN);
    }
}

fn waiting(connection: &Connection, turn: &Turn, sql: &str, patience: Duration) -> Result<Log, rusqlite::Error> {
    connection.busy_timeout(patience)?;
    let log = checkpoint(connection, turn, sql);
    connection.busy_timeout(crate::connect::PATIENCE)?;
    log
}
