//! Daily roots.

use crate::{
    RegionView,
    error::{broken, failed},
    row::{Cells, all, day, one, run, statements},
};
use async_trait::async_trait;
use gewu_domain::ids::RegionId;
use gewu_store::{
    StoreError,
    roots::{RootRow, Roots},
};
use rusqlite::{Connection, Row, params};

statements! {
    INSERT = "insert into roots (region, day, root, facts) values (?1, ?2, ?3, ?4)";
    OF_DAY = "select day, root, facts from roots where region = ?1 and day = ?2";
    OF_REGION = "select day, root, facts from roots where region = ?1 order by day";
}

/// Stores a day's root once.
pub(crate) fn put(connection: &Connection, region: RegionId, root: RootRow) -> Result<(), StoreError> {
    match one(connection, OF_DAY, params![region.0, day(root.day)], decode)? {
        Some(stood) if stood == root => Ok(()),
        Some(_) => Err(StoreError::Taken { what: "root of the day" }),
        None => {
            let facts = i64::try_from(root.facts).map_err(|error| broken(error.to_string()))?;
            run(connection, INSERT, params![region.0, day(root.day), root.root.0, facts]).map(drop).map_err(failed)
        }
    }
}

fn decode(row: &Row<'_>) -> Result<RootRow, StoreError> {
    let cells = Cells::of(row, "roots");
    Ok(RootRow { day: cells.date(0, "day")?, root: cells.digest(1, "root")?, facts: cells.count(2, "facts")? })
}

#[async_trait]
impl Roots for RegionView {
    async fn roots(&self) -> Result<Vec<RootRow>, StoreError> {
        self.read(move |connection, region| all(connection, OF_REGION, [region.0], decode)).await
    }
}
