//! Counters.

use crate::{
    RegionView,
    error::failed,
    row::{Cells, Writing, all, day, statements},
};
use async_trait::async_trait;
use gewu_domain::ids::{AreaCode, ClassCode, RegionId, UnitCode};
use gewu_store::{
    StoreError,
    counters::{Count, CountRow, Counters},
};
use jiff::civil::Date;
use rusqlite::params;

statements! {
    ADD = "insert into counters (region, day, measure, area, class, unit, n) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        on conflict (region, day, measure, area, class, unit) do update set n = n + excluded.n";
    SUMS = "select measure, area, sum(n) from counters where region = ?1 and day between ?2 and ?3 group by measure, area
        order by measure, area";
}

pub(crate) fn add(writing: &Writing<'_>, region: RegionId, count: &Count) -> Result<(), StoreError> {
    let area = count.area.as_ref().map_or("", AreaCode::as_str);
    let class = count.class.as_ref().map_or("", ClassCode::as_str);
    let unit = count.unit.as_ref().map_or("", UnitCode::as_str);
    let values = params![region.0, day(count.day), count.measure, area, class, unit, count.by];
    writing.run(ADD, values).map(drop).map_err(failed)
}

#[async_trait]
impl Counters for RegionView {
    async fn counts(&self, from: Date, to: Date) -> Result<Vec<CountRow>, StoreError> {
        self.read(move |connection, region| {
            all(connection, SUMS, params![region.0, day(from), day(to)], |row| {
                let cells = Cells::of(row, "counters");
                let area: String = cells.cell(1, "area")?;
                Ok(CountRow {
                    measure: cells.cell(0, "measure")?,
                    area: (!area.is_empty()).then_some(AreaCode::new(area)),
                    n: cells.cell(2, "n")?,
                })
            })
        })
        .await
    }
}
