//! Reading rows: each cell decoded, or told by table, column and row.

use crate::error::failed;
use gewu_domain::ids::{AreaCode, Digest, RegionId};
use gewu_store::StoreError;
use jiff::{Timestamp, civil::Date};
use rusqlite::{CachedStatement, Connection, Params, Row, types::FromSql};
use std::{cell::RefCell, collections::HashMap, ops::Deref};
use uuid::Uuid;

/// Between the codes of a path or a list of units, and around them.
pub(crate) const SEPARATOR: char = '\u{1f}';

/// Defines constants of SQL, and `STATEMENTS`, the list of them that a test prepares.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:literal;)*) => {
        $($(#[$doc])* const $name: &str = $sql;)*
        #[cfg(test)]
        pub(crate) const STATEMENTS: &[&str] = &[$($name),*];
    };
}
pub(crate) use statements;

/// One row on its way out, with what is needed to say which it was.
pub(crate) struct Cells<'a> {
    row: &'a Row<'a>,
    table: &'static str,
    /// How the first column is said.
    label: fn(Vec<u8>) -> String,
}

impl<'a> Cells<'a> {
    /// A row whose first column is the id of a case.
    pub fn of_case(row: &'a Row<'a>, table: &'static str) -> Self {
        Cells { row, table, label: |bytes| format!("case_{}", hex(&bytes)) }
    }

    /// A row whose first column says which it is.
    pub fn of(row: &'a Row<'a>, table: &'static str) -> Self {
        Cells { row, table, label: |bytes| String::from_utf8(bytes).unwrap_or_else(|error| hex(error.as_bytes())) }
    }

    /// The cell at a position; `column` is its name in the table.
    pub fn cell<T: FromSql>(&self, at: usize, column: &'static str) -> Result<T, StoreError> {
        self.row.get(at).map_err(|error| self.corrupt(column, error))
    }

    pub fn read<T: FromSql, U, E: ToString>(
        &self,
        at: usize,
        column: &'static str,
        read: impl FnOnce(T) -> Result<U, E>,
    ) -> Result<U, StoreError> {
        read(self.cell(at, column)?).map_err(|why| self.corrupt(column, why.to_string()))
    }

    pub fn time(&self, at: usize, column: &'static str) -> Result<Timestamp, StoreError> {
        self.read(at, column, Timestamp::from_millisecond)
    }

    pub fn maybe_time(&self, at: usize, column: &'static str) -> Result<Option<Timestamp>, StoreError> {
        self.read(at, column, |ms: Option<i64>| ms.map(Timestamp::from_millisecond).transpose())
    }

    pub fn date(&self, at: usize, column: &'static str) -> Result<Date, StoreError> {
        self.read(at, column, day_from)
    }

    pub fn id<T>(&self, at: usize, column: &'static str, id: fn(Uuid) -> T) -> Result<T, StoreError> {
        self.cell::<[u8; 16]>(at, column).map(|bytes| id(Uuid::from_bytes(bytes)))
    }

    pub fn maybe_id<T>(&self, at: usize, column: &'static str, id: fn(Uuid) -> T) -> Result<Option<T>, StoreError> {
        self.cell::<Option<[u8; 16]>>(at, column).map(|bytes| bytes.map(|bytes| id(Uuid::from_bytes(bytes))))
    }

    pub fn digest(&self, at: usize, column: &'static str) -> Result<Digest, StoreError> {
        self.cell(at, column).map(Digest)
    }

    /// A word of a closed list.
    pub fn code<T>(&self, at: usize, column: &'static str, from: fn(&str) -> Option<T>) -> Result<T, StoreError> {
        self.read(at, column, |code: String| from(&code).ok_or_else(|| format!("no such word: {code:?}")))
    }

    /// An unsigned number, which SQLite keeps as a signed one.
    pub fn count(&self, at: usize, column: &'static str) -> Result<u64, StoreError> {
        self.read(at, column, |n: i64| u64::try_from(n))
    }

    pub fn path(&self, at: usize, column: &'static str) -> Result<Vec<AreaCode>, StoreError> {
        let joined: String = self.cell(at, column)?;
        Ok(joined.split(SEPARATOR).filter(|code| !code.is_empty()).map(AreaCode::from).collect())
    }

    pub fn corrupt(&self, column: &'static str, why: impl ToString) -> StoreError {
        let first = self.row.get_ref(0).ok();
        let bytes = match first {
            Some(rusqlite::types::ValueRef::Blob(bytes) | rusqlite::types::ValueRef::Text(bytes)) => bytes.to_vec(),
            Some(rusqlite::types::ValueRef::Integer(n)) => n.to_string().into_bytes(),
            _ => Vec::new(),
        };
        StoreError::Corrupt { table: self.table, column, row: (self.label)(bytes), why: why.to_string() }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// All rows of a query, decoded.
pub(crate) fn all<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    mut decode: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query(params).map_err(failed)?;
    let mut decoded = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        decoded.push(decode(row)?);
    }
    Ok(decoded)
}

/// The first row of a query, decoded.
pub(crate) fn one<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    decode: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query(params).map_err(failed)?;
    rows.next().map_err(failed)?.map(decode).transpose()
}

/// Runs a statement that gives no rows; says how many it changed.
pub(crate) fn run(connection: &Connection, sql: &str, params: impl Params) -> Result<usize, rusqlite::Error> {
    connection.prepare_cached(sql)?.execute(params)
}

/// A transaction that writes, with the statements it has used so far: to look one up again by its words costs as much as
/// a small insert.
pub(crate) struct Writing<'c> {
    connection: &'c Connection,
    statements: RefCell<Vec<(&'static str, CachedStatement<'c>)>>,
    /// The second and the place in the term index that each region was given last: no other transaction gives any out
    /// while this one goes on.
    pub last_places: RefCell<HashMap<RegionId, (i64, i64)>>,
    /// What is to be done in the term index before the end.
    pub terms: RefCell<Vec<Terms>>,
}

/// A row that goes into the term index, or out of it.
pub(crate) struct Terms {
    pub row: i64,
    pub goes_out: bool,
    pub text: String,
}

impl<'c> Writing<'c> {
    pub fn of(connection: &'c Connection) -> Writing<'c> {
        Writing {
            connection,
            statements: RefCell::default(),
            last_places: RefCell::default(),
            terms: RefCell::default(),
        }
    }

    /// As [`run()`].
    pub fn run(&self, sql: &'static str, params: impl Params) -> Result<usize, rusqlite::Error> {
        let mut statements = self.statements.borrow_mut();
        let at = match statements.iter().position(|(held, _)| std::ptr::eq(*held, sql)) {
            Some(at) => at,
            None => {
                statements.push((sql, self.connection.prepare_cached(sql)?));
                statements.len() - 1
            }
        };
        let (_, statement) = statements.get_mut(at).expect("it was found or pushed");
        statement.execute(params)
    }
}

impl Deref for Writing<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

pub(crate) fn ms(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// 20260301.
pub(crate) fn day(date: Date) -> i64 {
    i64::from(date.year()) * 10_000 + i64::from(date.month()) * 100 + i64::from(date.day())
}

fn day_from(day: i64) -> Result<Date, String> {
    let parts = (i16::try_from(day / 10_000), i8::try_from(day / 100 % 100), i8::try_from(day % 100));
    match parts {
        (Ok(year), Ok(month), Ok(date)) => Date::new(year, month, date).map_err(|error| error.to_string()),
        _ => Err(format!("{day} is no day")),
    }
}

/// The largest id of a page without an `after` is above every id, the smallest below.
pub(crate) const LAST_ID: [u8; 16] = [255; 16];
pub(crate) const FIRST_ID: [u8; 16] = [0; 16];
