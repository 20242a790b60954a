//! Daily roots; they are put by `upkeep`.

use crate::{row::Stored, snapshot::RegionSnapshot};
use async_trait::async_trait;
use gewu_store::{
    StoreError,
    roots::{RootRow, Roots},
};
use tokio_postgres::Row;

pub(crate) const ALL: &str = "select day, root, facts from roots where region = $1 order by day";

#[async_trait]
impl Roots for RegionSnapshot {
    async fn roots(&self) -> Result<Vec<RootRow>, StoreError> {
        self.snapshot.rows(ALL, &[&self.region]).await?.iter().map(read).collect()
    }
}

pub(crate) fn read(row: &Row) -> Result<RootRow, StoreError> {
    let row = Stored { row, table: "roots", key: &["day"] };
    Ok(RootRow { day: row.take("day")?, root: row.digest("root")?, facts: row.number::<i64, _>("facts")? })
}
