//! The record: what was sealed comes back, in order, and can be walked.

use super::{
    Fixture, every_size,
    sample::{HERE, THERE, at, change, first_write, new_case, next_write, reported, seal_bodies},
    walk,
};
use crate::{
    Change,
    cases::CaseWrite,
    facts::{FactRow, TimeKey},
};
use gewu_domain::record;

pub async fn facts_come_back_byte_for_byte_and_in_order(fixture: &impl Fixture) {
    let store = fixture.store();
    let bodies =
        ["{}", r#"{ "b":1,  "a":2.50 }"#, "{\"zh\":\"路灯\\u706f\",\"n\":1e400}", " \u{1F6B0} ", "'\"\\\n\t\u{7f}"];
    let (mut case, facts) = reported(HERE, 1, at(0));
    case.version = 2;
    let mut write = first_write(case.clone(), &facts);
    write.facts = seal_bodies(&case, 0, record::GENESIS, &bodies[..2]);
    write.at = vec![at(0), at(5)];
    write.recorded_at = vec![at(5), at(5)];
    write.head = write.facts[1].hash;
    store.apply(HERE, vec![change(&write)].into()).await.unwrap();
    case.version = 5;
    let mut more = next_write(&write, "", at(9), |_| ());
    more.case = case.clone();
    more.facts = seal_bodies(&case, 2, write.head, &bodies[2..]);
    more.at = vec![at(9), at(9), at(7)];
    more.recorded_at = vec![at(8), at(9), at(10)];
    more.head = more.facts[2].hash;
    store.apply(HERE, vec![change(&more)].into()).await.unwrap();

    let expected: Vec<FactRow> = rows(&write).chain(rows(&more)).collect();
    let view = store.view(HERE).await.unwrap();
    assert_eq!(view.facts(case.id).await.unwrap(), expected);
    let mut previous = record::GENESIS;
    for fact in view.facts(case.id).await.unwrap() {
        assert_eq!(fact.hash, record::hash(HERE, case.id, fact.seq, previous, fact.body.as_bytes()));
        previous = fact.hash;
    }
}

/// The facts of a write as they come back.
fn rows(write: &CaseWrite) -> impl Iterator<Item = FactRow> {
    let times = write.at.iter().zip(&write.recorded_at);
    write.facts.iter().zip(times).map(|(sealed, (at, recorded_at))| FactRow {
        case: write.case.id,
        seq: sealed.seq,
        at: *at,
        recorded_at: *recorded_at,
        body: sealed.body.clone(),
        hash: sealed.hash,
    })
}

pub async fn the_head_is_the_hash_of_the_last_fact(fixture: &impl Fixture) {
    let store = fixture.store();
    let write = new_case(HERE, 1, at(0));
    store.apply(HERE, vec![change(&write)].into()).await.unwrap();
    let next = next_write(&write, "{}", at(1), |_| ());
    store.apply(HERE, vec![change(&next)].into()).await.unwrap();
    let view = store.view(HERE).await.unwrap();
    assert_eq!(view.head(write.case.id).await.unwrap(), Some(next.head));
    assert_eq!(view.head(new_case(HERE, 2, at(0)).case.id).await.unwrap(), None);
    assert_eq!(view.case(write.case.id).await.unwrap(), Some(next.case));
}

/// Seven cases with one to three facts, in two regions; some at the same millisecond, some recorded later than they
/// happened.
async fn some_facts(fixture: &impl Fixture) -> Vec<FactRow> {
    let mut facts = Vec::new();
    for no in 0..7 {
        let first = new_case(HERE, no, at(i64::try_from(no / 2).unwrap() * 10));
        let second = CaseWrite { recorded_at: vec![at(40)], ..next_write(&first, "{\"n\":2}", at(30), |_| ()) };
        let third = next_write(&second, "{\"n\":3}", at(20), |_| ());
        let writes = [&first, &second, &third];
        for write in writes.iter().take(1 + usize::try_from(no % 3).unwrap()) {
            fixture.store().apply(HERE, vec![change(write)].into()).await.unwrap();
            facts.extend(rows(write));
        }
        let elsewhere: Vec<Change> = vec![change(&new_case(THERE, no, at(20)))];
        fixture.store().apply(THERE, elsewhere.into()).await.unwrap();
    }
    facts
}

pub async fn the_record_is_walked_both_ways_in_pages_of_any_size(fixture: &impl Fixture) {
    let mut facts = some_facts(fixture).await;
    facts.sort_by_key(|fact| (fact.case, fact.seq));
    let view = fixture.store().view(HERE).await.unwrap();
    walk(&facts, every_size(facts.len()), async |page| view.record(&page).await.unwrap()).await;
}

pub async fn facts_recorded_between_two_times_are_walked_both_ways(fixture: &impl Fixture) {
    let all = some_facts(fixture).await;
    let view = fixture.store().view(HERE).await.unwrap();
    for (from, to) in [(0, 1_000), (10, 30), (20, 41), (30, 30), (11, 12), (40, 41)] {
        let mut facts: Vec<FactRow> =
            all.iter().filter(|fact| at(from) <= fact.recorded_at && fact.recorded_at < at(to)).cloned().collect();
        facts.sort_by_key(|fact| (fact.recorded_at, fact.case, fact.seq));
        walk(&facts, every_size(facts.len()), async |page: crate::Page<TimeKey>| {
            view.facts_recorded(at(from), at(to), &page).await.unwrap()
        })
        .await;
    }
}
