//! Inboxes.

use super::{
    Fixture, every_size,
    sample::{HERE, Sample, THERE, UNITS, at, cases, change, new_case, next_write, task},
    walk,
};
use crate::tasks::{InboxFilter, TaskKey, TaskRow};
use gewu_domain::{
    case::{StateKind, Task, TaskKind},
    ids::{AreaCode, UnitCode},
    people::Role,
};
use jiff::Timestamp;

fn desk(role: Role, unit: &str) -> InboxFilter {
    InboxFilter { role, unit: UnitCode::from(unit), area: None, kinds: Vec::new() }
}

async fn stored(fixture: &impl Fixture, count: u64) -> Vec<Sample> {
    let samples = cases(HERE, count, 3);
    for sample in &samples {
        fixture.store().apply(HERE, sample.changes()).await.unwrap();
    }
    for sample in cases(THERE, 20, 4) {
        fixture.store().apply(THERE, sample.changes()).await.unwrap();
    }
    samples
}

/// The inbox by a plain look at everything.
fn expected(samples: &[Sample], filter: &InboxFilter) -> Vec<(TaskKey, TaskRow)> {
    let mut rows: Vec<(TaskKey, TaskRow)> = samples
        .iter()
        .flat_map(|sample| {
            sample.write.tasks.iter().enumerate().map(move |(no, task)| {
                let key = TaskKey { due_at: task.due_at, case: sample.write.case.id, no: u8::try_from(no).unwrap() };
                let row =
                    TaskRow { kind: task.kind, assignment: task.assignment, due_at: task.due_at, case: sample.row() };
                (key, row, task.desk.clone())
            })
        })
        .filter(|(_, row, desk)| {
            desk.role == filter.role
                && desk.unit == filter.unit
                && (filter.kinds.is_empty() || filter.kinds.contains(&row.kind))
                && filter.area.as_ref().is_none_or(|area| row.case.path.contains(area))
        })
        .map(|(key, row, _)| (key, row))
        .collect();
    rows.sort_by_key(|(key, _)| (key.due_at.is_none(), key.due_at, key.case, key.no));
    rows
}

pub async fn an_inbox_is_walked_by_due_time_both_ways(fixture: &impl Fixture) {
    let samples = stored(fixture, 40).await;
    let view = fixture.store().view(HERE).await.unwrap();
    let filter = desk(Role::Handler, UNITS[1]);
    let rows = expected(&samples, &filter);
    assert!(rows.len() > 5 && rows.iter().any(|(key, _)| key.due_at.is_none()));
    walk(&rows, every_size(rows.len()), async |page| view.inbox(&filter, &page).await.unwrap()).await;
}

pub async fn an_inbox_shows_its_desk_its_kinds_and_its_area(fixture: &impl Fixture) {
    let samples = stored(fixture, 120).await;
    let view = fixture.store().view(HERE).await.unwrap();
    for role in [Role::Acceptor, Role::Handler, Role::Auditor] {
        for unit in &UNITS[..3] {
            for area in
                [None, Some("110000"), Some("110101001"), Some("110101001001"), Some("11010100100101"), Some("1101")]
            {
                for kinds in [vec![], vec![TaskKind::File], vec![TaskKind::File, TaskKind::Check, TaskKind::Take]] {
                    let filter = InboxFilter { area: area.map(AreaCode::from), kinds, ..desk(role, unit) };
                    let rows = expected(&samples, &filter);
                    walk(&rows, [2, 1_000], async |page| view.inbox(&filter, &page).await.unwrap()).await;
                }
            }
        }
    }
}

pub async fn the_size_of_an_inbox_counts_what_is_due(fixture: &impl Fixture) {
    let samples = stored(fixture, 120).await;
    let view = fixture.store().view(HERE).await.unwrap();
    let now = at(3_600_000 * 20);
    for area in [None, Some("110101001"), Some("110101002001")] {
        let filter = InboxFilter { area: area.map(AreaCode::from), ..desk(Role::Acceptor, UNITS[0]) };
        let rows = expected(&samples, &filter);
        let all = u32::try_from(rows.len()).unwrap();
        let due =
            u32::try_from(rows.iter().filter(|(key, _)| key.due_at.is_some_and(|due| due < now)).count()).unwrap();
        assert!(due > 2 && due < all);
        assert_eq!(view.inbox_size(&filter, now, 10_000).await.unwrap(), (all, due));
        assert_eq!(view.inbox_size(&filter, now, 2).await.unwrap(), (2, 2));
    }
}

pub async fn a_write_replaces_the_tasks_of_its_case(fixture: &impl Fixture) {
    let store = fixture.store();
    let mut first = new_case(HERE, 1, at(0));
    let both: [Task; 2] = [
        task(Role::Acceptor, UNITS[0], TaskKind::Accept, Some(at(9))),
        task(Role::Handler, UNITS[1], TaskKind::Take, None),
    ];
    first.tasks = both.to_vec();
    let mut second = next_write(&first, "{}", at(1), |_| ());
    second.tasks = vec![both[1].clone()];
    let third = {
        let mut write = next_write(&second, "{}", at(2), |_| ());
        write.tasks.clear();
        write
    };
    for (write, sizes) in [(&first, (1, 1)), (&second, (0, 1)), (&third, (0, 0))] {
        store.apply(HERE, vec![change(write)].into()).await.unwrap();
        let view = store.view(HERE).await.unwrap();
        let size = async |role, unit| view.inbox_size(&desk(role, unit), at(0), 10).await.unwrap().0;
        assert_eq!((size(Role::Acceptor, UNITS[0]).await, size(Role::Handler, UNITS[1]).await), sizes);
    }
}

pub async fn suspended_cases_come_up_when_their_time_has_come(fixture: &impl Fixture) {
    let samples = stored(fixture, 200).await;
    let mut suspended: Vec<(Timestamp, _)> = samples
        .iter()
        .filter_map(|sample| match sample.write.case.state {
            gewu_domain::case::State::Suspended { until, .. } => Some((until, sample.write.case.id)),
            _ => None,
        })
        .collect();
    suspended.sort_unstable();
    assert!(suspended.len() > 4);
    let view = fixture.store().view(HERE).await.unwrap();
    let ids = |count: usize| suspended.iter().take(count).map(|(_, id)| *id).collect::<Vec<_>>();
    let middle = suspended.len() / 2;
    assert_eq!(view.suspended_until(suspended[middle].0, 1_000).await.unwrap(), ids(middle + 1));
    assert_eq!(view.suspended_until(suspended[middle].0, 2).await.unwrap(), ids(2));
    assert_eq!(view.suspended_until(at(-1), 10).await.unwrap(), ids(0));

    let sample = samples.iter().find(|sample| sample.write.case.id == suspended[0].1).unwrap();
    let resumed = next_write(&sample.write, "{}", at(1), |case| case.state = gewu_domain::case::State::Handling);
    assert_eq!(resumed.case.state.kind(), StateKind::Handling);
    fixture.store().apply(HERE, vec![change(&resumed)].into()).await.unwrap();
    let view = fixture.store().view(HERE).await.unwrap();
    assert_eq!(view.suspended_until(suspended[0].0, 10).await.unwrap(), []);
}
