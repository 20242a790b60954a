//! The bare loop on PostgreSQL: the rows of recorded cases, with fresh ids, as pipelined inserts of many rows each.
//!
//! Cells travel as the bytes the server gave them in; nothing is decoded.

use super::{Bare, Growth};
use anyhow::{Context, Result, bail, ensure};
use bytes::{BufMut, BytesMut};
use futures_util::future::join_all;
use gewu_bench::{per_second, runtime};
use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::pin::Pin;
use tokio::runtime::Runtime;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, NoTls, Statement};
use uuid::{Builder, Uuid};

/// As many connections write as in the server.
const WRITERS: usize = 2;
/// Tables with rows of one case, each with the column that names the case.
const OF_CASE: [(&str, &str); 11] = [
    ("cases", "id"),
    ("case_bodies", "id"),
    ("finds", "case_id"),
    ("facts", "case_id"),
    ("tasks", "case_id"),
    ("texts", "case_id"),
    ("contacts", "case_id"),
    ("looks", "case_id"),
    ("attachments", "case_id"),
    ("outbox", "case_id"),
    ("answers", ""),
];
const FINDS: usize = 2;
const OUTBOX: usize = 9;
const ANSWERS: usize = 10;
/// Counters go in the order of their keys, or two connections would wait for each other in a ring.
const COUNTERS: usize = 11;
/// What else may grow without belonging to a case.
const OTHERS: [&str; 2] = ["counters", "numbers"];

/// The bytes of a cell; none when it is null.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Raw(Option<Vec<u8>>);

impl<'a> FromSql<'a> for Raw {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Raw, Box<dyn Error + Sync + Send>> {
        Ok(Raw(Some(raw.to_vec())))
    }

    fn from_sql_null(_: &Type) -> Result<Raw, Box<dyn Error + Sync + Send>> {
        Ok(Raw(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl ToSql for Raw {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match &self.0 {
            Some(bytes) => {
                out.put_slice(bytes);
                Ok(IsNull::No)
            }
            None => Ok(IsNull::Yes),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// What the server wrote for one case: table and cells.
struct Recorded {
    id: Uuid,
    number: String,
    rows: Vec<(usize, Vec<Raw>)>,
}

pub struct Copy {
    runtime: Runtime,
    server: Client,
    copy: Client,
    writers: Vec<Writer>,
    /// The newest case of the database as it was copied.
    last: Uuid,
    recorded: Vec<Recorded>,
    /// Keys of `finds` that only one recorded case has, such as that of its number.
    lone_keys: HashMap<Vec<u8>, usize>,
    counts: Vec<Vec<Raw>>,
    counts_per_case: f64,
    written: usize,
    before: [Growth; 2],
}

struct Writer {
    client: Client,
    no: i16,
    /// By table and number of rows.
    statements: HashMap<(usize, usize), Statement>,
}

impl Copy {
    pub fn of(server: &str, copy: &str) -> Result<Copy> {
        let runtime = runtime()?;
        let connect = |url: &str| -> Result<Client> {
            let (client, connection) = runtime.block_on(tokio_postgres::connect(url, NoTls))?;
            runtime.spawn(connection);
            Ok(client)
        };
        let (server, copy_url, copy) = (connect(server)?, copy, connect(copy)?);
        let mut writers = Vec::new();
        for no in 0..WRITERS {
            let client = connect(copy_url)?;
            runtime.block_on(client.batch_execute("set jit = off"))?;
            writers.push(Writer { client, no: i16::try_from(no)?, statements: HashMap::new() });
        }
        let last = runtime.block_on(server.query_one("select coalesce(max(id::text), '')::text from cases", &[]))?;
        let last: String = last.get(0);
        let before = [runtime.block_on(size(&server))?, runtime.block_on(size(&copy))?];
        Ok(Copy {
            runtime,
            server,
            copy,
            writers,
            last: last.parse().unwrap_or(Uuid::nil()),
            recorded: Vec::new(),
            lone_keys: HashMap::new(),
            counts: Vec::new(),
            counts_per_case: 0.0,
            written: 0,
            before,
        })
    }

    async fn rows(&self, sql: &str) -> Result<Vec<Vec<Raw>>> {
        let rows = self.server.query(sql, &[]).await.with_context(|| sql.to_owned())?;
        Ok(rows.iter().map(|row| (0..row.len()).map(|at| row.get(at)).collect()).collect())
    }

    async fn recording(&self) -> Result<(BTreeMap<Uuid, Recorded>, Vec<Vec<Raw>>)> {
        let new = format!("> '{}'", self.last);
        let mut recorded = BTreeMap::new();
        for row in self.server.query(&format!("select id, number from cases where id {new}"), &[]).await? {
            let id: Uuid = row.get(0);
            recorded.insert(id, Recorded { id, number: row.get(1), rows: Vec::new() });
        }
        for (table, (name, case)) in OF_CASE.iter().enumerate() {
            let sql = if table == ANSWERS {
                format!(
                    "select substr(body::jsonb ->> 'id', 6)::uuid, * from answers where substr(body::jsonb ->> 'id', 6)::uuid {new}"
                )
            } else {
                format!("select {case}, * from {name} where {case} {new}")
            };
            for mut cells in self.rows(&sql).await? {
                let id = cells.remove(0);
                let id = Uuid::from_slice(id.0.as_deref().unwrap_or_default())?;
                let case = recorded.get_mut(&id).context("a row of no case")?;
                case.rows.push((table, cells));
            }
        }
        // What the copy has not is what the server has counted since.
        let sql = "select region, day, measure, area, class, unit, writer, n from counters";
        let before: HashMap<Vec<Raw>, i64> = {
            let rows = self.copy.query(sql, &[]).await?;
            rows.iter().map(|row| ((0..7).map(|at| row.get(at)).collect::<Vec<Raw>>(), row.get(7))).collect()
        };
        let mut counts = Vec::new();
        for row in self.server.query(sql, &[]).await? {
            let key: Vec<Raw> = (0..7).map(|at| row.get(at)).collect();
            let times = row.get::<_, i64>(7) - before.get(&key).copied().unwrap_or_default();
            counts.extend(std::iter::repeat_n(key, usize::try_from(times)?));
        }
        Ok((recorded, counts))
    }

    /// Recorded cases with ids, numbers and keys of their own, by group; each group's rows by table.
    fn fresh(&self, cases: usize, group: usize) -> Result<Vec<Vec<Vec<Vec<Raw>>>>> {
        let first = self.recorded.iter().map(|one| one.id.as_u128() >> 80).max().context("nothing was recorded")?;
        let first = u64::try_from(first)?;
        let mut groups = Vec::new();
        let mut count = 0.0;
        let mut next_count = self.written;
        let numbers: Vec<usize> = (self.written..self.written + cases).collect();
        for together in numbers.chunks(group) {
            let mut tables: Vec<Vec<Vec<Raw>>> = vec![Vec::new(); COUNTERS + 1];
            for no in together {
                let recorded = self.recorded.get(no % self.recorded.len()).context("nothing was recorded")?;
                let ms = first + 1_000 + *no as u64 / 8;
                let id = fresh_id(ms, *no);
                let region = recorded.number.get(..6).unwrap_or_default();
                let number = format!("{region}{:08}{:05}", 29_990_101 + no / 90_000, no % 90_000);
                for (table, cells) in &recorded.rows {
                    let mut cells = cells.clone();
                    for bytes in cells.iter_mut().filter_map(|cell| cell.0.as_mut()) {
                        replace(bytes, recorded.id.as_bytes(), id.as_bytes());
                        replace(bytes, recorded.id.simple().to_string().as_bytes(), id.simple().to_string().as_bytes());
                        replace(bytes, recorded.number.as_bytes(), number.as_bytes());
                    }
                    // region, case_id, stamp, keys; region, id, …; region, key, …
                    match (*table, cells.as_mut_slice()) {
                        (FINDS, [.., Raw(Some(keys))]) => self.freshen(keys, *no),
                        (OUTBOX, [_, Raw(Some(row)), ..]) => {
                            *row = fresh_id(ms, no + 0x8000_0000).as_bytes().to_vec();
                        }
                        (ANSWERS, [_, Raw(Some(key)), ..]) => {
                            *key = format!("{no:0width$x}", width = key.len()).into_bytes();
                        }
                        _ => {}
                    }
                    tables.get_mut(*table).context("a row of no table")?.push(cells);
                }
                count += self.counts_per_case;
                while count >= 1.0 {
                    count -= 1.0;
                    next_count += 7_919;
                    let counts = tables.get_mut(COUNTERS).context("counters")?;
                    counts.extend(self.counts.get(next_count % self.counts.len().max(1)).cloned());
                }
            }
            groups.push(tables);
        }
        Ok(groups)
    }

    /// The array's keys that stand for this case alone become others: its number, for one.
    fn freshen(&self, keys: &mut [u8], no: usize) {
        // Five words of head; then each element with its length before it.
        for element in keys.get_mut(20..).unwrap_or_default().chunks_exact_mut(12) {
            if let Some((_, key)) = element.split_at_mut_checked(4)
                && self.lone_keys.get(&*key) == Some(&1)
            {
                let mixed = (no as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
                for (byte, mixed) in key.iter_mut().zip(mixed).skip(1) {
                    *byte ^= mixed;
                }
            }
        }
    }
}

fn fresh_id(ms: u64, no: usize) -> Uuid {
    let mut random = [0_u8; 10];
    for (byte, value) in random.iter_mut().zip((no as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()) {
        *byte = value;
    }
    let [.., low] = (no as u64 % 8).to_be_bytes();
    random[0] = 0;
    random[1] = low;
    Builder::from_unix_timestamp_millis(ms, &random).into_uuid()
}

/// Puts one run of bytes for another of the same length, wherever it stands.
fn replace(bytes: &mut [u8], old: &[u8], new: &[u8]) {
    let mut from = 0;
    while let Some(at) =
        bytes.get(from..).and_then(|rest| rest.windows(old.len()).position(|window| window == old)).map(|at| at + from)
    {
        if let Some(place) = bytes.get_mut(at..at + old.len()) {
            place.copy_from_slice(new);
        }
        from = at + old.len();
    }
}

impl Writer {
    async fn statement(&mut self, table: usize, rows: usize, width: usize) -> Result<Statement> {
        if let Some(statement) = self.statements.get(&(table, rows)) {
            return Ok(statement.clone());
        }
        let mut place = 0;
        let mut row = |_| {
            let places: Vec<String> = (0..width)
                .map(|_| {
                    place += 1;
                    format!("${place}")
                })
                .collect();
            format!("({})", places.join(", "))
        };
        let values: Vec<String> = (0..rows).map(&mut row).collect();
        let values = values.join(", ");
        let sql = match OF_CASE.get(table) {
            Some((name, _)) => format!("insert into {name} values {values}"),
            None => format!(
                "insert into counters (region, day, measure, area, class, unit, writer, n) values {values}
                 on conflict (region, day, measure, area, class, unit, writer) do update set n = counters.n + excluded.n"
            ),
        };
        let statement =
            self.client.prepare(&sql).await.with_context(|| format!("preparing an insert of table {table}"))?;
        self.statements.insert((table, rows), statement.clone());
        Ok(statement)
    }

    /// The counters a group adds to, each once, with how much; in the order of their keys.
    fn counts(&self, tables: &[Vec<Vec<Raw>>]) -> Vec<Vec<Raw>> {
        let mut counts: BTreeMap<Vec<Raw>, i64> = BTreeMap::new();
        for key in tables.get(COUNTERS).into_iter().flatten() {
            let mut key = key.clone();
            if let Some(writer) = key.get_mut(6) {
                *writer = Raw(Some(self.no.to_be_bytes().to_vec()));
            }
            *counts.entry(key).or_default() += 1;
        }
        counts
            .into_iter()
            .map(|(mut key, n)| {
                key.push(Raw(Some(n.to_be_bytes().to_vec())));
                key
            })
            .collect()
    }

    /// Prepares every statement that a group takes.
    async fn prepare(&mut self, tables: &[Vec<Vec<Raw>>]) -> Result<()> {
        let counts = self.counts(tables);
        for (table, rows) in tables.iter().take(COUNTERS).chain([&counts]).enumerate() {
            if let Some(first) = rows.first() {
                self.statement(table, rows.len(), first.len()).await?;
            }
        }
        Ok(())
    }

    /// Writes a group in one transaction, everything sent before the first answer.
    async fn write(&mut self, tables: &[Vec<Vec<Raw>>]) -> Result<()> {
        let counts = self.counts(tables);
        let mut inserts = Vec::new();
        for (table, rows) in tables.iter().take(COUNTERS).chain([&counts]).enumerate() {
            if let Some(first) = rows.first() {
                inserts.push((self.statement(table, rows.len(), first.len()).await?, rows));
            }
        }
        type Sent<'a> = Pin<Box<dyn Future<Output = Result<u64, tokio_postgres::Error>> + 'a>>;
        let client = &self.client;
        let mut sent: Vec<Sent<'_>> = vec![Box::pin(async { client.batch_execute("begin").await.map(|()| 0) })];
        for (statement, rows) in &inserts {
            let cells: Vec<&Raw> = rows.iter().flatten().collect();
            sent.push(Box::pin(async move { client.execute_raw(statement, cells).await }));
        }
        sent.push(Box::pin(async { client.batch_execute("commit").await.map(|()| 0) }));
        for done in join_all(sent).await {
            done?;
        }
        Ok(())
    }
}

impl Bare for Copy {
    fn record(&mut self) -> Result<()> {
        let (recorded, counts) = self.runtime.block_on(self.recording())?;
        ensure!(!recorded.is_empty(), "the server has written nothing");
        self.counts_per_case = counts.len() as f64 / recorded.len() as f64;
        self.counts = counts;
        self.recorded = recorded.into_values().collect();
        for recorded in &self.recorded {
            for (table, cells) in &recorded.rows {
                let Some(Raw(Some(keys))) = cells.last().filter(|_| *table == FINDS) else { continue };
                for element in keys.get(20..).unwrap_or_default().chunks_exact(12) {
                    if let Some((_, key)) = element.split_at_checked(4) {
                        *self.lone_keys.entry(key.to_vec()).or_default() += 1;
                    }
                }
            }
        }
        let lone = self.lone_keys.values().filter(|count| **count == 1).count();
        let rows: usize = self.recorded.iter().map(|one| one.rows.len()).sum();
        eprintln!("  recorded {} cases: {rows} rows, {lone} keys of one case alone", self.recorded.len());
        self.runtime.block_on(complete(&self.server, &self.copy, self.recorded.len()))
    }

    fn commits(&mut self) -> Result<u64> {
        // Only transactions that write are given a number.
        let row = self
            .runtime
            .block_on(self.server.query_one("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint", &[]))?;
        Ok(u64::try_from(row.get::<_, i64>(0))?)
    }

    fn write(&mut self, cases: usize, group: usize) -> Result<f64> {
        let groups = self.fresh(cases, group)?;
        self.written += cases;
        // Planning is not what is measured: each statement is known before.
        let (writers, runtime) = (&mut self.writers, &self.runtime);
        for (no, writer) in writers.iter_mut().enumerate() {
            for tables in groups.iter().skip(no).step_by(WRITERS) {
                runtime.block_on(writer.prepare(tables))?;
            }
        }
        per_second(cases, || {
            let all = writers.iter_mut().enumerate().map(|(no, writer)| {
                let groups = groups.iter().skip(no).step_by(WRITERS);
                async move {
                    for tables in groups {
                        writer.write(tables).await?;
                    }
                    anyhow::Ok(())
                }
            });
            for done in runtime.block_on(join_all(all)) {
                done?;
            }
            Ok(())
        })
    }

    fn settle(&mut self) -> Result<()> {
        Ok(self.runtime.block_on(self.server.batch_execute("checkpoint"))?)
    }

    fn growth(&mut self) -> Result<[Growth; 2]> {
        let after = [self.runtime.block_on(size(&self.server))?, self.runtime.block_on(size(&self.copy))?];
        let [server, copy] = self.before;
        let grown = |after: Growth, before: Growth| Growth {
            cases: after.cases - before.cases,
            rows: after.rows - before.rows,
            bytes: after.bytes.saturating_sub(before.bytes),
        };
        let [server_after, copy_after] = after;
        Ok([grown(server_after, server), grown(copy_after, copy)])
    }
}

/// Nothing the server wrote with its cases may be missing from what the reference writes. What a job wrote meanwhile (the
/// roots of past days) are few rows.
async fn complete(server: &Client, copy: &Client, cases: usize) -> Result<()> {
    let few = i64::try_from(cases / 10)?;
    let names = server.query("select tablename::text from pg_tables where schemaname = current_schema()", &[]).await?;
    for name in names {
        let name: String = name.get(0);
        let sql = format!("select count(*) from {name}");
        let now: i64 = server.query_one(&sql, &[]).await?.get(0);
        let before: i64 = copy.query_one(&sql, &[]).await?.get(0);
        let is_known = OF_CASE.iter().any(|(known, _)| *known == name) || OTHERS.contains(&name.as_str());
        if !is_known && now - before >= few {
            bail!("the server writes rows of {name}, and the reference does not");
        }
    }
    Ok(())
}

async fn size(client: &Client) -> Result<Growth> {
    let count = async |table: &str| -> Result<u64> {
        let row = client.query_one(&format!("select count(*) from {table}"), &[]).await?;
        Ok(u64::try_from(row.get::<_, i64>(0))?)
    };
    let mut rows = 0;
    // What waited in the outbox is sent and taken away meanwhile.
    for (table, _) in OF_CASE.iter().filter(|(table, _)| *table != "outbox") {
        rows += count(table).await?;
    }
    let bytes: i64 = client.query_one("select pg_database_size(current_database())", &[]).await?.get(0);
    Ok(Growth { cases: count("cases").await?, rows, bytes: u64::try_from(bytes)? })
}
