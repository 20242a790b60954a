//! What must go out: written here, claimed and removed in `upkeep`.

use crate::{
    row::{Stored, ms},
    tx::Tx,
};
use gewu_domain::ids::CaseId;
use gewu_store::{StoreError, outbox::OutboxRow};
use tokio_postgres::{Error, Row};
use uuid::Uuid;

pub(crate) fn read(row: &Row) -> Result<OutboxRow, StoreError> {
    let row = Stored { row, table: "outbox", key: &["id"] };
    Ok(OutboxRow {
        id: row.take::<Uuid>("id")?.as_u128(),
        case: row.take::<Option<Uuid>>("case_id")?.map(CaseId),
        topic: row.take("topic")?,
        body: row.take("body")?,
        at: row.time("at")?,
    })
}

pub(crate) const INSERT: &str = "
    insert into outbox (region, id, case_id, topic, body, at)
    select region, id, case_id, topic, body, at
    from unnest($1::int8[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::int8[])
        as new (region, id, case_id, topic, body, at)";

pub(crate) async fn insert(tx: &Tx, rows: &[(i64, &OutboxRow)]) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let region: Vec<_> = rows.iter().map(|row| row.0).collect();
    let id: Vec<_> = rows.iter().map(|row| Uuid::from_u128(row.1.id)).collect();
    let case: Vec<_> = rows.iter().map(|row| row.1.case.map(|case| case.0)).collect();
    let topic: Vec<_> = rows.iter().map(|row| row.1.topic.as_str()).collect();
    let body: Vec<_> = rows.iter().map(|row| row.1.body.as_str()).collect();
    let at: Vec<_> = rows.iter().map(|row| ms(row.1.at)).collect();
    tx.run(INSERT, &[&region, &id, &case, &topic, &body, &at]).await?;
    Ok(())
}
