//! The bare loop on SQLite: the rows of recorded cases, with fresh ids, in groups, and nothing else.

use super::{Bare, Growth};
use anyhow::{Context, Result, bail, ensure};
use gewu_bench::{case_id, per_second};
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, Statement};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;
use uuid::{Builder, Uuid};

/// Tables with rows of one case, in the order in which they can be written, each with the column that names the case.
const OF_CASE: [(&str, &str); 10] = [
    ("cases", "id"),
    ("case_bodies", "id"),
    ("case_words", "id"),
    ("facts", "case_id"),
    ("tasks", "case_id"),
    ("texts", "case_id"),
    ("contacts", "case_id"),
    ("looks", "case_id"),
    ("attachments", "case_id"),
    ("outbox", "case_id"),
];
const CASES: usize = 0;
const WORDS: usize = 2;
const OUTBOX: usize = 9;
/// The statements after those of these tables: the answer kept under its key, the row of the term index, a count.
const ANSWER: usize = OF_CASE.len();
const TERMS: usize = ANSWER + 1;
const COUNTED: usize = TERMS + 1;
/// What the reference writes besides.
const OTHERS: [&str; 3] = ["answers", "counters", "case_terms"];
const INSERT_TERMS: &str = "insert into case_terms (rowid, terms) values (?, ?)";
/// As the writer merges the term index while others wait: a page for four cases, as soon as there are so many, where as
/// many segments of one size are as it waits for.
const WHEN_BUSY: &str = "insert into case_terms (case_terms, rank) values ('usermerge', 8)";
const MERGED_TOGETHER: usize = 128;
const ROWS_PER_MERGED_PAGE: usize = 4;
/// Without a commit for so long, the server has done what it put off.
const QUIET: Duration = Duration::from_millis(200);
const MERGE: &str = "insert into case_terms (case_terms, rank) values ('merge', ?)";
const COUNT: &str = "insert into counters (region, day, measure, area, class, unit, n) values (?, ?, ?, ?, ?, ?, 1)
    on conflict (region, day, measure, area, class, unit) do update set n = n + 1";

/// As the server sets its own connections.
const SETTINGS: &str = "pragma cache_size = -49152; pragma temp_store = memory; pragma foreign_keys = on;
    pragma secure_delete = on; pragma wal_autocheckpoint = 0; pragma synchronous = full;";
const CHECKPOINT_EVERY: Duration = Duration::from_millis(200);
const LOG_PAGES: i64 = (128 << 20) / 4_096;

/// A row on its way: the statement of its table, and its cells.
struct Cells {
    statement: usize,
    values: Vec<Value>,
}

/// What the server wrote for one case.
struct Recorded {
    id: Uuid,
    number: String,
    rows: Vec<Cells>,
    answer: Option<Vec<Value>>,
}

pub struct Copy {
    server: PathBuf,
    copy: PathBuf,
    connection: Connection,
    recorded: Vec<Recorded>,
    /// A row's key for each time that it was added to, spread evenly.
    counts: Vec<Vec<Value>>,
    counts_per_case: f64,
    written: usize,
    /// How many places of a second are taken.
    places: HashMap<i64, i64>,
    needs_restart: Arc<AtomicBool>,
    before: [Growth; 2],
    _stop: Sender<()>,
}

impl Copy {
    /// Copies the database of a server that is not running.
    pub fn of(server: &Path, copy: &Path) -> Result<Copy> {
        let mut log = server.as_os_str().to_owned();
        log.push("-wal");
        ensure!(std::fs::metadata(log).map_or(0, |log| log.len()) == 0, "the log of {} is not empty", server.display());
        std::fs::copy(server, copy)?;
        let connection = Connection::open(copy)?;
        connection.execute_batch(SETTINGS)?;
        connection.execute(WHEN_BUSY, [])?;
        connection.set_prepared_statement_cache_capacity(64);
        let (stop, stopped) = channel();
        let needs_restart = Arc::new(AtomicBool::new(false));
        let (theirs, needs) = (copy.to_owned(), needs_restart.clone());
        std::thread::spawn(move || -> Result<()> {
            let connection = Connection::open(theirs)?;
            connection.execute_batch(SETTINGS)?;
            while stopped.recv_timeout(CHECKPOINT_EVERY) == Err(RecvTimeoutError::Timeout) {
                let pages: i64 = connection.query_row("pragma wal_checkpoint(passive)", [], |row| row.get(1))?;
                needs.store(pages > LOG_PAGES, Ordering::Relaxed);
            }
            Ok(())
        });
        let before = [size(server)?, size(copy)?];
        Ok(Copy {
            server: server.to_owned(),
            copy: copy.to_owned(),
            connection,
            recorded: Vec::new(),
            counts: Vec::new(),
            counts_per_case: 0.0,
            written: 0,
            places: HashMap::new(),
            needs_restart,
            before,
            _stop: stop,
        })
    }

    /// Recorded cases with ids, numbers, places and keys of their own, ready to be written.
    fn fresh(&mut self, cases: usize) -> Result<Vec<Vec<Cells>>> {
        let places = &mut self.places;
        let first = self.recorded.iter().map(|one| one.id.as_u128() >> 80).max().context("nothing was recorded")?;
        let mut count = 0.0;
        let mut next_count = self.written;
        let recorded = self.recorded.iter().cycle();
        let fresh = (self.written..).zip(recorded).take(cases).map(|(no, recorded)| -> Result<Vec<Cells>> {
            // Eight in a millisecond, after all that were recorded.
            let ms = first as u64 + 1_000 + no as u64 / 8;
            let id = fresh_id(ms, no);
            let region = recorded.number.get(..6).unwrap_or_default();
            let day = 29_990_101 + no / 90_000;
            let change = Change {
                ids: [(recorded.id, id)],
                number: (&recorded.number, format!("{region}{day:08}{:05}", no % 90_000)),
            };
            let mut rows: Vec<Cells> = Vec::with_capacity(recorded.rows.len() + 4);
            if let Some(answer) = &recorded.answer {
                let mut values = change.applied(answer);
                // region, key, …
                if let Some(Value::Text(key)) = values.get_mut(1) {
                    *key = format!("{:0width$x}", no, width = key.len());
                }
                rows.push(Cells { statement: ANSWER, values });
            }
            let mut found_at = None;
            for row in &recorded.rows {
                let mut values = change.applied(&row.values);
                if row.statement == OUTBOX {
                    // region, id, …
                    if let Some(id) = values.get_mut(1) {
                        *id = Value::Blob(fresh_id(ms, no + 0x8000_0000).as_bytes().to_vec());
                    }
                }
                if row.statement == CASES {
                    // …, found_at: the next free place of the second.
                    let Some(Value::Integer(found)) = values.last_mut() else { bail!("a case without a place") };
                    let at = ((ms as i64 / 1_000) << 30) | (*found & (1_023 << 20));
                    let taken = places.entry(at).and_modify(|taken| *taken += 1).or_insert(0);
                    *found = at | *taken;
                    found_at = Some(*found);
                }
                if row.statement == WORDS {
                    let ([_, _, Value::Text(words), Value::Text(marks)], Some(place)) = (values.as_slice(), found_at)
                    else {
                        bail!("the words of a case are not as region, id, words, marks, after the case")
                    };
                    // The index counts its rows from the newest.
                    let terms = vec![Value::Integer(i64::MAX - place), Value::Text(format!("{words} {marks}"))];
                    rows.push(Cells { statement: TERMS, values: terms });
                }
                rows.push(Cells { statement: row.statement, values });
            }
            count += self.counts_per_case;
            while count >= 1.0 {
                count -= 1.0;
                next_count += 1;
                if let Some(values) = self.counts.get(next_count % self.counts.len().max(1)) {
                    rows.push(Cells { statement: COUNTED, values: values.clone() });
                }
            }
            Ok(rows)
        });
        fresh.collect()
    }

    /// Until the server commits nothing more by itself.
    fn wait_for_quiet(&mut self) -> Result<()> {
        let mut commits = self.commits()?;
        loop {
            std::thread::sleep(QUIET);
            let now = self.commits()?;
            if now == commits {
                return Ok(());
            }
            commits = now;
        }
    }

    fn restart(&self) -> Result<()> {
        self.connection.busy_timeout(Duration::from_millis(20))?;
        self.connection.query_row("pragma wal_checkpoint(restart)", [], |_| Ok(()))?;
        self.needs_restart.store(false, Ordering::Relaxed);
        Ok(())
    }
}

/// What is another in the fresh case: the id as bytes and as text, and the number.
struct Change<'a> {
    ids: [(Uuid, Uuid); 1],
    number: (&'a str, String),
}

impl Change<'_> {
    fn applied(&self, values: &[Value]) -> Vec<Value> {
        let [(old, new)] = self.ids;
        let (old_text, new_text) = (old.simple().to_string(), new.simple().to_string());
        let cell = |value: &Value| match value {
            Value::Blob(bytes) if bytes == old.as_bytes() => Value::Blob(new.as_bytes().to_vec()),
            Value::Text(text) => Value::Text(text.replace(&old_text, &new_text).replace(self.number.0, &self.number.1)),
            other => other.clone(),
        };
        values.iter().map(cell).collect()
    }
}

fn fresh_id(ms: u64, no: usize) -> Uuid {
    let mut random = [0_u8; 10];
    for (byte, value) in random.iter_mut().zip((no as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()) {
        *byte = value;
    }
    // Ids of one millisecond in the order in which they are given.
    let [.., low] = (no as u64 % 8).to_be_bytes();
    random[0] = 0;
    random[1] = low;
    Builder::from_unix_timestamp_millis(ms, &random).into_uuid()
}

fn insert(connection: &Connection, table: &str) -> Result<String> {
    let columns = columns(connection, table)?;
    let places = vec!["?"; columns.len()].join(", ");
    Ok(format!("insert into {table} ({}) values ({places})", columns.join(", ")))
}

/// Those that are written; what a table works out by itself is left out.
fn columns(connection: &Connection, table: &str) -> Result<Vec<String>> {
    let mut names = connection.prepare("select name from pragma_table_info(?)")?;
    Ok(names.query_map([table], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

impl Bare for Copy {
    fn record(&mut self) -> Result<()> {
        let server = Connection::open_with_flags(&self.server, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        server.execute("attach ? as before", [self.copy.to_string_lossy()])?;
        server.execute_batch(
            "create temp table new_ids as select id, number from main.cases where id not in (select id from before.cases)",
        )?;
        let mut recorded: BTreeMap<Uuid, Recorded> = BTreeMap::new();
        let mut ids = server.prepare("select id, number from temp.new_ids")?;
        let mut rows = ids.query([])?;
        while let Some(row) = rows.next()? {
            let id = Uuid::from_bytes(row.get(0)?);
            recorded.insert(id, Recorded { id, number: row.get(1)?, rows: Vec::new(), answer: None });
        }
        for (statement, (table, case)) in OF_CASE.iter().enumerate() {
            let columns = columns(&server, table)?.join(", ");
            let sql =
                format!("select {case}, {columns} from main.{table} where {case} in (select id from temp.new_ids)");
            for values in all(&server, &sql)? {
                let (Some(Value::Blob(case)), Some(cells)) = (values.first(), values.get(1..)) else { continue };
                let case = recorded.get_mut(&Uuid::from_slice(case)?).context("a row of no case")?;
                case.rows.push(Cells { statement, values: cells.to_vec() });
            }
        }
        for values in all(
            &server,
            "select * from main.answers where (region, key) not in (select region, key from before.answers)",
        )? {
            // region, key, request, body, at
            let Some(Value::Text(body)) = values.get(3) else { continue };
            let body: serde_json::Value = serde_json::from_str(body)?;
            let id = body.get("id").and_then(|id| id.as_str()).context("an answer without an id")?;
            if let Some(case) = recorded.get_mut(&case_id(id)?) {
                case.answer = Some(values);
            }
        }
        let counted = "select c.region, c.day, c.measure, c.area, c.class, c.unit, c.n - coalesce(b.n, 0)
            from main.counters c left join before.counters b using (region, day, measure, area, class, unit)
            where c.n > coalesce(b.n, 0)";
        for mut values in all(&server, counted)? {
            let Some(Value::Integer(times)) = values.pop() else { continue };
            self.counts.extend(std::iter::repeat_n(values, usize::try_from(times)?));
        }
        // Neighbours are seldom of one kind.
        let len = self.counts.len();
        let mut at = 0;
        for one in (1..len).rev() {
            at = (at + 7_919) % (one + 1);
            self.counts.swap(one, at);
        }
        self.recorded = recorded.into_values().collect();
        self.counts_per_case = len as f64 / self.recorded.len().max(1) as f64;
        let rows: usize = self.recorded.iter().map(|one| one.rows.len()).sum();
        let answers = self.recorded.iter().filter(|one| one.answer.is_some()).count();
        eprintln!("  recorded {} cases: {rows} rows, {answers} answers, {len} counts", self.recorded.len());
        complete(&server, self.recorded.len())
    }

    fn commits(&mut self) -> Result<u64> {
        // The index of the log counts the transactions; the field is the third of its first words.
        let mut index = self.server.as_os_str().to_owned();
        index.push("-shm");
        let bytes = std::fs::read(index)?;
        let field =
            bytes.get(8..12).and_then(|field| field.try_into().ok()).context("the index of the log is short")?;
        Ok(u64::from(u32::from_ne_bytes(field)))
    }

    fn write(&mut self, cases: usize, group: usize) -> Result<f64> {
        let fresh = self.fresh(cases)?;
        self.written += cases;
        self.wait_for_quiet()?;
        let connection = &self.connection;
        let mut sql: Vec<String> = OF_CASE.iter().map(|(table, _)| insert(connection, table)).collect::<Result<_>>()?;
        sql.extend([insert(connection, "answers")?, INSERT_TERMS.to_owned(), COUNT.to_owned()]);
        let mut statements: Vec<Statement<'_>> =
            sql.iter().map(|sql| connection.prepare(sql)).collect::<Result<_, _>>()?;
        let (mut begin, mut commit) = (connection.prepare("begin immediate")?, connection.prepare("commit")?);
        let mut merge = connection.prepare(MERGE)?;
        let mut unmerged = 0;
        let rate = per_second(cases, || {
            for together in fresh.chunks(group) {
                begin.raw_execute()?;
                // The rows of the term index in its order, which is the reverse.
                let rows = together.iter().flatten().filter(|row| row.statement != TERMS);
                let terms = together.iter().rev().flatten().filter(|row| row.statement == TERMS);
                for row in rows.chain(terms) {
                    let statement = statements.get_mut(row.statement).context("a row of no table")?;
                    for (place, value) in (1..).zip(&row.values) {
                        statement.raw_bind_parameter(place, value)?;
                    }
                    statement.raw_execute()?;
                }
                unmerged += together.len();
                if unmerged >= MERGED_TOGETHER {
                    merge.execute([std::mem::take(&mut unmerged).div_ceil(ROWS_PER_MERGED_PAGE) as i64])?;
                }
                commit.raw_execute()?;
                if self.needs_restart.load(Ordering::Relaxed) {
                    self.restart()?;
                }
            }
            Ok(())
        })?;
        sync(&self.copy)?;
        Ok(rate)
    }

    fn settle(&mut self) -> Result<()> {
        self.wait_for_quiet()?;
        sync(&self.server)?;
        sync(&self.copy)
    }

    fn growth(&mut self) -> Result<[Growth; 2]> {
        let after = [size(&self.server)?, size(&self.copy)?];
        let [server, copy] = self.before;
        let grown = |after: Growth, before: Growth| Growth {
            cases: after.cases - before.cases,
            rows: after.rows - before.rows,
            bytes: after.bytes - before.bytes,
        };
        let [server_after, copy_after] = after;
        Ok([grown(server_after, server), grown(copy_after, copy)])
    }
}

/// Writes a database to the disk through a descriptor that stays open: with any that is closed, the system takes all locks
/// of this process on the file away, SQLite's too.
fn sync(file: &Path) -> Result<()> {
    Ok(std::mem::ManuallyDrop::new(std::fs::File::open(file)?).sync_all()?)
}

/// Nothing the server wrote with its cases may be missing from what the reference writes. What a job wrote meanwhile (the
/// roots of past days) are few rows.
fn complete(server: &Connection, cases: usize) -> Result<()> {
    let few = i64::try_from(cases / 10)?;
    let mut names = server.prepare(
        "select name from main.sqlite_schema where type = 'table' and name not like 'sqlite%' and name not like 'case_terms%'",
    )?;
    let names: Vec<String> = names.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for name in names {
        let known = OF_CASE.iter().map(|(table, _)| *table).chain(OTHERS);
        let count = |schema: &str| -> Result<i64> {
            Ok(server.query_row(&format!("select count(*) from {schema}.{name}"), [], |row| row.get(0))?)
        };
        let (now, before) = (count("main")?, count("before")?);
        ensure!(
            known.into_iter().any(|known| known == name) || now - before < few,
            "the server writes rows of {name}, and the reference does not"
        );
    }
    Ok(())
}

/// Every row of a query.
fn all(connection: &Connection, sql: &str) -> Result<Vec<Vec<Value>>> {
    let mut statement = connection.prepare(sql).with_context(|| sql.to_owned())?;
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| (0..columns).map(|at| row.get(at)).collect())?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn size(file: &Path) -> Result<Growth> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let count = |table: &str| -> Result<u64> {
        let count: i64 = connection.query_row(&format!("select count(*) from {table}"), [], |row| row.get(0))?;
        Ok(u64::try_from(count)?)
    };
    let mut rows = count("answers")?;
    // What waited in the outbox is sent and taken away meanwhile.
    for (table, _) in OF_CASE.iter().filter(|(table, _)| *table != "outbox") {
        rows += count(table)?;
    }
    // Each case has a row in the term index, and those of the larger region stand under one term: so many are counted.
    connection.execute_batch("create virtual table temp.terms using fts5vocab(main, case_terms, row)")?;
    let found: i64 = connection.query_row("select coalesce(max(doc), 0) from temp.terms", [], |row| row.get(0))?;
    rows += u64::try_from(found)?;
    let bytes: i64 =
        connection.query_row("select page_count * page_size from pragma_page_count, pragma_page_size", [], |row| {
            row.get(0)
        })?;
    Ok(Growth { cases: count("cases")?, rows, bytes: u64::try_from(bytes)? })
}
