//! A city with many times the past of another, on a disk that could not hold all its rows.
//!
//! The other city's cases are written again, a past earlier each time, oldest first: with new ids, numbers, times and
//! places in the term index. What lists and searches touch is all there: the rows of cases with their indexes, the term
//! index, merged as the server merges it, the words that a list shows, the photos' rows; and of the newest past, where
//! all open cases are, the tasks and the words beside the index (`case_words`). Only of every twentieth case there is
//! what its page shows besides ([`is_whole`]): the case itself, its facts, texts, contacts and looks; inside these
//! bodies times are not moved. Counters are the other city's. Start at [`lengthened`].

use super::asked::{date, day_number};
use anyhow::{Context, Result, ensure};
use gewu_bench::Stand;
use gewu_bench::server::{Place, lasting_in};
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, Error, named_params};

const DAY_MS: i64 = 86_400_000;
/// Bits of `cases.found_at` below the second.
const SECOND_BITS: u32 = 30;
/// From here the rows of the term index are counted back (`mirrored` in the SQLite store's `words.rs`).
const LAST_PLACE: i64 = i64::MAX;

/// Fast, and lost only with the machine; the server turns to its own settings.
const SETTINGS: &str = "pragma page_size = 4096; pragma journal_mode = truncate; pragma synchronous = off;
    pragma cache_size = -1000000; pragma foreign_keys = off;";
/// Tables with rows of one case, the column that names it, and of which cases and copies rows are written.
const OF_CASE: [(&str, &str, &str); 9] = [
    ("cases", "id", "true"),
    ("tasks", "case_id", ":earlier_ms = 0"),
    ("case_words", "id", ":earlier_ms = 0"),
    ("attachments", "case_id", "true"),
    ("texts", "case_id", "x.digest = c.text_digest or substr(c.number, -2) % 20 = 13"),
    ("case_bodies", "id", "substr(c.number, -2) % 20 = 13"),
    ("facts", "case_id", "substr(c.number, -2) % 20 = 13"),
    ("contacts", "case_id", "substr(c.number, -2) % 20 = 13"),
    ("looks", "case_id", "substr(c.number, -2) % 20 = 13"),
];
/// Tables copied once as they are.
const OF_CITY: [&str; 12] = [
    "migrations",
    "regions",
    "roots",
    "reopened_days",
    "clock",
    "counters",
    "numbers",
    "publications",
    "people",
    "posts",
    "accounts",
    "clients",
];
/// In the order of the index, or each row would end a segment of it.
const TERMS: &str = "insert into main.case_terms (rowid, terms)
    select :last_place - (c.found_at - (:earlier_ms / 1000 << 30)),
        replace(w.words, c.number, earlier_number(c.number, :earlier_ms)) || ' ' || w.marks
    from base.regions r
    cross join base.cases c on c.region = r.region and c.id >= :first and c.id < :last
    cross join base.case_words w on w.region = c.region and w.id = c.id
    order by 1";
/// As the server merges the index (see `words.rs` of the SQLite store): while rows come, a page for so many of them, as soon
/// as so many segments are of one size; when no more come, until few segments are left.
const ROWS_PER_MERGED_PAGE: usize = 2;
const SETTING: &str = "insert into main.case_terms (case_terms, rank) values (?, ?)";
const SETTINGS_OF_TERMS: [(&str, i64); 3] = [("automerge", 0), ("usermerge", 8), ("crisismerge", 64)];
const QUIET: (&str, i64) = ("usermerge", 2);
const MERGE: &str = "insert into main.case_terms (case_terms, rank) values ('merge', ?)";
const PAGES_AT_ONCE: i64 = 1_000;

/// Whether a lengthened city has everything of the case of that number.
pub fn is_whole(number: &str) -> bool {
    let last = number.len().checked_sub(2).and_then(|from| number.get(from..)?.parse::<u8>().ok());
    last.is_some_and(|last| last % 20 == 13)
}

/// The city of another with so many times its cases; what was broken off is gone on with.
pub fn lengthened(stand: &Stand, base: &Place, cases: u64, times: i64) -> Result<Place> {
    let data = stand.data.join(format!("sqlite-{cases}"));
    let place = Place { gewu: stand.gewu.clone(), data: data.clone(), database: None };
    let begin = || {
        std::fs::create_dir(data.join("record"))?;
        std::fs::copy(base.data.join("keys"), data.join("keys"))?;
        copy_city(&open(&place, base)?)
    };
    let go_on = || {
        let connection = open(&place, base)?;
        while copy_slice(&connection, times)? {}
        merge_further(&connection)?;
        connection.execute_batch("pragma analysis_limit = 1000; analyze main; drop table main.slices")?;
        Ok(())
    };
    lasting_in(stand, &data, begin, go_on)?;
    Ok(place)
}

fn open(place: &Place, base: &Place) -> Result<Connection> {
    let connection = Connection::open(place.sqlite())?;
    connection.execute_batch(SETTINGS)?;
    let file = base.sqlite();
    connection.execute("attach ? as base", [file.to_str().context("the folder has a name that is no text")?])?;
    add_functions(&connection)?;
    Ok(connection)
}

/// What the statements ask of ids and numbers.
fn add_functions(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    let other = |what: anyhow::Error| Error::UserFunctionError(what.into());
    connection.create_scalar_function("earlier_id", 2, flags, move |given| {
        earlier_id(given.get(0)?, given.get(1)?).map_err(other).map(Vec::from)
    })?;
    connection.create_scalar_function("earlier_number", 2, flags, move |given| {
        earlier_number(given.get_raw(0).as_str()?, given.get(1)?).map_err(other)
    })?;
    Ok(())
}

/// The schema and the tables of the whole city; no slice is done.
fn copy_city(connection: &Connection) -> Result<()> {
    let mut sql = connection.prepare(
        "select sql || ';' from base.sqlite_schema
         where sql is not null and name not like 'sqlite%' and name not like 'case_terms_%'",
    )?;
    let schema: Vec<String> = sql.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    connection.execute_batch(&schema.concat())?;
    for setting in SETTINGS_OF_TERMS {
        connection.execute(SETTING, setting)?;
    }
    for table in OF_CITY {
        connection.execute(&format!("insert into main.{table} select * from base.{table}"), [])?;
    }
    connection.execute_batch("create table main.slices (n integer not null); insert into main.slices values (0)")?;
    Ok(())
}

/// Copies one more day of one more copy; false when there was none left.
fn copy_slice(connection: &Connection, times: i64) -> Result<bool> {
    let (from, to) = connection.query_row(
        "select min(reported_at), max(reported_at) from (
             select reported_at from base.regions r cross join base.cases c on c.region = r.region
                 and c.id = (select min(id) from base.cases where region = r.region)
             union all
             select reported_at from base.regions r cross join base.cases c on c.region = r.region
                 and c.id = (select max(id) from base.cases where region = r.region))",
        [],
        |row| Ok((row.get::<_, i64>(0)? / DAY_MS, row.get::<_, i64>(1)? / DAY_MS)),
    )?;
    let days = to - from + 1;
    let done: i64 = connection.query_row("select n from main.slices", [], |row| row.get(0))?;
    if done == times * days {
        return Ok(false);
    }
    let earlier_ms = (times - 1 - done / days) * days * DAY_MS;
    let day = from + done % days;
    let [first, last] = [day, day + 1].map(|day| first_id(day * DAY_MS));
    let (first, last) = (first?, last?);
    connection.execute_batch("begin")?;
    for (table, case, which) in OF_CASE {
        let sql = insert(connection, table, case, which)?;
        connection
            .prepare_cached(&sql)?
            .execute(named_params! { ":earlier_ms": earlier_ms, ":first": first, ":last": last })
            .context(sql)?;
    }
    let terms = named_params! {
        ":earlier_ms": earlier_ms, ":first": first, ":last": last, ":last_place": LAST_PLACE
    };
    let rows = connection.prepare_cached(TERMS)?.execute(terms)?;
    let pages = i64::try_from(rows.div_ceil(ROWS_PER_MERGED_PAGE))?;
    connection.prepare_cached(MERGE)?.execute([pages])?;
    connection.execute("update main.slices set n = ?", [done + 1])?;
    connection.execute_batch("commit")?;
    if (done + 1) % 20 == 0 {
        eprintln!("  {} of {} slices", done + 1, times * days);
    }
    Ok(true)
}

/// As the server does when nobody writes.
fn merge_further(connection: &Connection) -> Result<()> {
    connection.execute(SETTING, QUIET)?;
    loop {
        let before = connection.total_changes();
        connection.prepare_cached(MERGE)?.execute([PAGES_AT_ONCE])?;
        // The command itself counts as a change.
        if connection.total_changes() - before <= 1 {
            return Ok(());
        }
    }
}

/// The statement that writes a table's rows of a slice, each column moved as its name says.
fn insert(connection: &Connection, table: &str, case: &str, which: &str) -> Result<String> {
    let mut names = connection.prepare_cached("select name from pragma_table_info(?)")?;
    let names: Vec<String> = names.query_map([table], |row| row.get(0))?.collect::<Result<_, _>>()?;
    ensure!(!names.is_empty(), "there is no table {table}");
    let moved = |name: &String| match name.as_str() {
        "id" | "case_id" => format!("earlier_id(x.{name}, :earlier_ms)"),
        "number" => "earlier_number(x.number, :earlier_ms)".to_owned(),
        "found_at" => format!("x.found_at - (:earlier_ms / 1000 << {SECOND_BITS})"),
        "state" => "iif(:earlier_ms > 0 and x.closed_at is null, 'closed', x.state)".to_owned(),
        "closed_at" => {
            "iif(:earlier_ms > 0, coalesce(x.closed_at, x.changed_at), x.closed_at) - :earlier_ms".to_owned()
        }
        "body" => "replace(replace(x.body, lower(hex(c.id)), lower(hex(earlier_id(c.id, :earlier_ms)))),
                       c.number, earlier_number(c.number, :earlier_ms))"
            .to_owned(),
        // Nothing wakes that has no case to wake, and nothing ends because it was moved.
        "wake_at" => "null".to_owned(),
        "ends_at" => "x.ends_at".to_owned(),
        name if name == "at" || name.ends_with("_at") => format!("x.{name} - :earlier_ms"),
        name => format!("x.{name}"),
    };
    let moved: Vec<String> = names.iter().map(moved).collect();
    Ok(format!(
        "insert into main.{table} ({}) select {} from base.regions r
         cross join base.cases c on c.region = r.region and c.id >= :first and c.id < :last
         cross join base.{table} x on x.region = c.region and x.{case} = c.id
         where {which}",
        names.join(", "),
        moved.join(", ")
    ))
}

/// The lowest id of a millisecond.
fn first_id(ms: i64) -> Result<[u8; 16]> {
    Ok((u128::try_from(ms)? << 80).to_be_bytes())
}

/// The id that begins with an earlier time, otherwise the same.
fn earlier_id(id: [u8; 16], earlier_ms: i64) -> Result<[u8; 16]> {
    let earlier = u128::try_from(earlier_ms)? << 80;
    Ok(u128::from_be_bytes(id).checked_sub(earlier).context("an id before 1970")?.to_be_bytes())
}

/// The number of an earlier date: six digits of the region, eight of the date, and the rest.
fn earlier_number(number: &str, earlier_ms: i64) -> Result<String> {
    let part = |range: std::ops::Range<usize>| number.get(range).with_context(|| format!("{number} is no number"));
    let written = format!("{}-{}-{}", part(6..10)?, part(10..12)?, part(12..14)?);
    let day = day_number(&written).and_then(|day| day.checked_sub(u64::try_from(earlier_ms / DAY_MS).ok()?));
    let day = date(day.with_context(|| format!("{number} has no date"))?).replace('-', "");
    Ok(format!("{}{day}{}", part(0..6)?, part(14..number.len())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HUNDRED_DAYS: i64 = 100 * DAY_MS;

    #[test]
    fn an_earlier_number_has_an_earlier_date_and_nothing_else_of_it_changes() {
        assert_eq!(earlier_number("7801012026030102345", HUNDRED_DAYS).unwrap(), "7801012025112102345");
        assert_eq!(earlier_number("7801012026030102345", 0).unwrap(), "7801012026030102345");
        assert!(earlier_number("780101", DAY_MS).is_err());
    }

    #[test]
    fn an_earlier_id_sorts_by_its_time() {
        let id = (u128::from(1_787_500_899_053_u64) << 80 | 77).to_be_bytes();
        let earlier = u128::from_be_bytes(earlier_id(id, HUNDRED_DAYS).unwrap());
        assert_eq!(earlier >> 80, 1_787_500_899_053 - HUNDRED_DAYS as u128);
        assert_eq!(earlier & 0xff, 77);
        assert!(earlier_id([0; 16], DAY_MS).is_err());
    }

    #[test]
    fn an_earlier_copy_of_an_open_case_is_closed_and_found_at_its_own_time() {
        let connection = Connection::open_in_memory().unwrap();
        add_functions(&connection).unwrap();
        let columns = "(region, id, number, state, changed_at, closed_at, found_at)";
        connection
            .execute_batch(&format!(
                "attach ':memory:' as base; create table cases {columns}; create table base.cases {columns};
                 create table base.regions (region); insert into base.regions values (780101);
                 insert into base.cases values (780101, x'01a02f5b2aed70009700000000000000', '7801012026082400001',
                     'handling', 1787500900000, null, 1787500899 << 30 | 7)"
            ))
            .unwrap();
        let sql = insert(&connection, "cases", "id", "true").unwrap();
        for earlier_ms in [0, HUNDRED_DAYS] {
            let values = named_params! { ":earlier_ms": earlier_ms, ":first": [0_u8; 16], ":last": [255_u8; 16] };
            connection.execute(&sql, values).unwrap();
        }
        let mut rows = connection.prepare("select number, state, closed_at, found_at from main.cases").unwrap();
        let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).unwrap();
        let rows: Vec<(String, String, Option<i64>, i64)> = rows.map(Result::unwrap).collect();
        let second = 1_787_500_899 - 100 * 86_400;
        assert_eq!(
            rows,
            [
                ("7801012026082400001".into(), "handling".into(), None, 1_787_500_899 << 30 | 7),
                ("7801012026051600001".into(), "closed".into(), Some((second + 1) * 1_000), second << 30 | 7),
            ]
        );
    }

    #[test]
    fn every_twentieth_number_is_whole() {
        let whole: Vec<u32> = (0..100).filter(|no| is_whole(&format!("78010120260301{no:05}"))).collect();
        assert_eq!(whole, [13, 33, 53, 73, 93]);
    }
}
