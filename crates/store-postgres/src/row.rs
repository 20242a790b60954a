//! Values as columns hold them, and rows read back with every fault named.

use crate::error::store_error;
use gewu_domain::{
    ids::{CaseId, Digest, RegionId},
    people::Role,
};
use gewu_store::{StoreError, texts::Giver};
use jiff::Timestamp;
use tokio_postgres::{Row, types::FromSql};
use uuid::Uuid;

pub(crate) fn region(region: RegionId) -> i64 {
    i64::from(region.0)
}

pub(crate) fn ms(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// Sizes and counts: nothing here reaches nine million million million.
pub(crate) fn long(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// An array as PostgreSQL writes it, for statements that unnest columns (arrays of arrays would be flattened).
pub(crate) fn array<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::from("{");
    for item in items {
        if text.len() > 1 {
            text.push(',');
        }
        text.push('"');
        for char in item.chars() {
            if matches!(char, '"' | '\\') {
                text.push('\\');
            }
            text.push(char);
        }
        text.push('"');
    }
    text.push('}');
    text
}

/// A row of a table, which knows how to say what is wrong with it.
pub(crate) struct Stored<'a> {
    pub row: &'a Row,
    pub table: &'static str,
    /// The columns that tell which row it is.
    pub key: &'static [&'static str],
}

impl Stored<'_> {
    pub fn take<'a, T: FromSql<'a>>(&'a self, column: &'static str) -> Result<T, StoreError> {
        self.row.try_get(column).map_err(|error| match std::error::Error::source(&error) {
            Some(source) => self.corrupt(column, &source.to_string()),
            None => store_error(error),
        })
    }

    pub fn time(&self, column: &'static str) -> Result<Timestamp, StoreError> {
        self.as_time(column, self.take(column)?)
    }

    pub fn time_or_none(&self, column: &'static str) -> Result<Option<Timestamp>, StoreError> {
        self.take::<Option<i64>>(column)?.map(|ms| self.as_time(column, ms)).transpose()
    }

    pub fn digest(&self, column: &'static str) -> Result<Digest, StoreError> {
        self.take::<&[u8]>(column)?.try_into().map(Digest).map_err(|_| self.corrupt(column, "a digest has 32 bytes"))
    }

    /// A number that the type of the column could hold negative or too large.
    pub fn number<From, To>(&self, column: &'static str) -> Result<To, StoreError>
    where
        From: for<'a> FromSql<'a>,
        To: TryFrom<From>,
    {
        To::try_from(self.take::<From>(column)?).map_err(|_| self.corrupt(column, "out of range"))
    }

    pub fn number_or_none<From, To>(&self, column: &'static str) -> Result<Option<To>, StoreError>
    where
        From: for<'a> FromSql<'a>,
        To: TryFrom<From>,
    {
        self.take::<Option<From>>(column)?
            .map(|number| To::try_from(number).map_err(|_| self.corrupt(column, "out of range")))
            .transpose()
    }

    /// A word of a closed list.
    pub fn code<T>(&self, column: &'static str, read: impl Fn(&str) -> Option<T>) -> Result<T, StoreError> {
        let code: &str = self.take(column)?;
        read(code).ok_or_else(|| self.corrupt(column, &format!("unknown code {code:?}")))
    }

    pub fn role(&self, column: &'static str) -> Result<Role, StoreError> {
        self.code(column, Role::from_code)
    }

    pub fn giver(&self, column: &'static str) -> Result<Giver, StoreError> {
        self.code(column, Giver::from_code)
    }

    pub fn corrupt(&self, column: &'static str, why: &str) -> StoreError {
        let row: Vec<String> = self.key.iter().map(|key| self.say(key)).collect();
        StoreError::Corrupt { table: self.table, column, row: row.join(" "), why: why.to_owned() }
    }

    fn as_time(&self, column: &'static str, ms: i64) -> Result<Timestamp, StoreError> {
        Timestamp::from_millisecond(ms).map_err(|error| self.corrupt(column, &error.to_string()))
    }

    fn say(&self, column: &str) -> String {
        let row = self.row;
        let is_case = column == "case_id" || (column == "id" && self.table.starts_with("case"));
        let id = |id: Uuid| if is_case { CaseId(id).to_string() } else { id.simple().to_string() };
        let value = None
            .or_else(|| row.try_get(column).ok().map(id))
            .or_else(|| row.try_get::<_, String>(column).ok())
            .or_else(|| row.try_get::<_, i16>(column).ok().map(|value| value.to_string()))
            .or_else(|| row.try_get::<_, i32>(column).ok().map(|value| value.to_string()))
            .or_else(|| row.try_get::<_, i64>(column).ok().map(|value| value.to_string()))
            .or_else(|| row.try_get::<_, jiff::civil::Date>(column).ok().map(|value| value.to_string()))
            .or_else(|| {
                let bytes = row.try_get::<_, &[u8]>(column).ok()?;
                Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
            });
        format!("{column} {}", value.as_deref().unwrap_or("?"))
    }
}

#[cfg(test)]
mod tests {
    use super::array;

    #[test]
    fn an_array_survives_quotes_commas_and_nothing() {
        assert_eq!(array(["a,b", "c\"d", "e\\f", ""]), r#"{"a,b","c\"d","e\\f",""}"#);
        assert_eq!(array([]), "{}");
    }
}
