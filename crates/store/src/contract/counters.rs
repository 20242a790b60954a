//! Counters.

use super::{
    Fixture,
    sample::{HERE, THERE, count, day},
};
use crate::{Change, counters::CountRow};
use gewu_domain::ids::AreaCode;

pub async fn counters_add_up_over_days(fixture: &impl Fixture) {
    let store = fixture.store();
    let counts = [
        count(day(1), "reported", Some("b"), 1),
        count(day(2), "reported", Some("b"), 2),
        count(day(2), "reported", Some("a"), 4),
        count(day(2), "closed", None, 8),
        count(day(2), "closed", Some("a"), 16),
        count(day(2), "closed", Some("a"), -5),
        count(day(3), "reported", Some("b"), 32),
        count(day(4), "reported", Some("b"), 64),
    ];
    for counts in counts.chunks(3) {
        let list: Vec<Change> = counts.iter().cloned().map(Change::Count).collect();
        store.apply(HERE, list.into()).await.unwrap();
    }
    store.apply(THERE, vec![Change::Count(count(day(2), "reported", Some("b"), 128))].into()).await.unwrap();

    let row = |measure: &str, area: Option<&str>, n| CountRow {
        measure: measure.to_owned(),
        area: area.map(AreaCode::from),
        n,
    };
    let view = store.view(HERE).await.unwrap();
    assert_eq!(
        view.counts(day(2), day(3)).await.unwrap(),
        [
            row("closed", None, 8),
            row("closed", Some("a"), 11),
            row("reported", Some("a"), 4),
            row("reported", Some("b"), 34)
        ]
    );
    assert_eq!(view.counts(day(5), day(9)).await.unwrap(), []);
}
