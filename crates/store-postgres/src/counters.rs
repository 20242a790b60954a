//! Counters written with the facts.

use crate::{row::Stored, snapshot::RegionSnapshot, tx::Tx};
use async_trait::async_trait;
use gewu_domain::ids::AreaCode;
use gewu_store::{
    StoreError,
    counters::{Count, CountRow, Counters},
};
use jiff::civil::Date;
use std::collections::BTreeMap;
use tokio_postgres::Error;

pub(crate) const SUMS: &str = "
    select measure, area, sum(n)::int8 as n from counters
    where region = $1 and day >= $2 and day <= $3 group by measure, area order by measure collate \"C\", area collate \"C\"";

#[async_trait]
impl Counters for RegionSnapshot {
    async fn counts(&self, from: Date, to: Date) -> Result<Vec<CountRow>, StoreError> {
        let rows = self.snapshot.rows(SUMS, &[&self.region, &from, &to]).await?;
        rows.iter()
            .map(|row| {
                let row = Stored { row, table: "counters", key: &["measure", "area"] };
                Ok(CountRow {
                    measure: row.take("measure")?,
                    area: Some(row.take::<String>("area")?).filter(|area| !area.is_empty()).map(AreaCode::new),
                    n: row.take("n")?,
                })
            })
            .collect()
    }
}

/// Rows go in the order of their key, so that two programs writing the same days never wait for each other in a ring.
pub(crate) const ADD: &str = "
    insert into counters (region, day, measure, area, class, unit, writer, n)
    select region, day, measure, area, class, unit, $8::int2, n
    from unnest($1::int8[], $2::date[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int8[])
        as new (region, day, measure, area, class, unit, n)
    on conflict (region, day, measure, area, class, unit, writer) do update set n = counters.n + excluded.n";

type Key<'a> = (i64, Date, &'a str, &'a str, &'a str, &'a str);

pub(crate) async fn add(tx: &Tx, counts: &[(i64, &Count)]) -> Result<(), Error> {
    if counts.is_empty() {
        return Ok(());
    }
    let mut sums: BTreeMap<Key<'_>, i64> = BTreeMap::new();
    for (region, count) in counts {
        let area = count.area.as_ref().map_or("", |area| area.as_str());
        let class = count.class.as_ref().map_or("", |class| class.as_str());
        let unit = count.unit.as_ref().map_or("", |unit| unit.as_str());
        let sum = sums.entry((*region, count.day, &count.measure, area, class, unit)).or_default();
        *sum = sum.saturating_add(count.by);
    }
    let region: Vec<_> = sums.keys().map(|key| key.0).collect();
    let day: Vec<_> = sums.keys().map(|key| key.1).collect();
    let measure: Vec<_> = sums.keys().map(|key| key.2).collect();
    let area: Vec<_> = sums.keys().map(|key| key.3).collect();
    let class: Vec<_> = sums.keys().map(|key| key.4).collect();
    let unit: Vec<_> = sums.keys().map(|key| key.5).collect();
    let n: Vec<_> = sums.values().copied().collect();
    tx.run(ADD, &[&region, &day, &measure, &area, &class, &unit, &n, &tx.writer]).await?;
    Ok(())
}
