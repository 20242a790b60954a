//! Lists of cases: every filter against a plain look at all rows.

use super::{
    Fixture, every_size,
    kept::all_cases,
    sample::{
        CLASSES, HERE, Random, Sample, TERMS, THERE, UNITS, at, case_id, cases, change, new_case, next_write,
        seal_bodies,
    },
    some_sizes, walk,
};
use crate::{
    Change, Store, StoreError,
    cases::{CaseFilter, CaseRow, CaseWrite},
};
use gewu_domain::{
    case::{Closing, Source, State, StateKind},
    ids::{AreaCode, CaseId, ClassCode, ReasonCode, UnitCode},
    record::GENESIS,
};
use uuid::Uuid;

/// A plain look: what the words of [`CaseFilter`] say.
fn matches(sample: &Sample, filter: &CaseFilter) -> bool {
    let case = &sample.write.case;
    let terms = sample.write.terms.as_deref().unwrap_or_default();
    (filter.states.is_empty() || filter.states.contains(&case.state.kind()))
        && filter.area.as_ref().is_none_or(|area| case.place.path.contains(area))
        && filter.class.as_ref().is_none_or(|code| case.class.as_ref().is_some_and(|class| class.code == *code))
        && filter.source.is_none_or(|source| case.source == source)
        && filter
            .unit
            .as_ref()
            .is_none_or(|unit| case.assignments.iter().any(|part| part.is_lead && part.unit == *unit))
        && filter.from.is_none_or(|from| case.reported_at >= from)
        && filter.to.is_none_or(|to| case.reported_at < to)
        && filter.changed_from.is_none_or(|from| sample.write.recorded_at.iter().any(|at| *at >= from))
        && filter.changed_to.is_none_or(|to| sample.write.recorded_at.iter().all(|at| *at < to))
        && filter
            .due_before
            .is_none_or(|before| case.state.kind().is_open() && case.due_at().is_some_and(|due| due < before))
        && filter.is_placed.is_none_or(|is_placed| case.place.is_placed == is_placed)
        && filter.terms.iter().all(|term| terms.contains(term))
        && filter.within.is_none_or(|[west, south, east, north]| {
            case.place.point.is_some_and(|(lon, lat)| {
                let degrees = |scaled: i64| scaled as f64 / 1e7;
                degrees(west) <= lon && lon <= degrees(east) && degrees(south) <= lat && lat <= degrees(north)
            })
        })
}

fn expected(samples: &[Sample], filter: &CaseFilter) -> Vec<CaseRow> {
    let mut rows: Vec<CaseRow> = samples.iter().filter(|sample| matches(sample, filter)).map(Sample::row).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.id));
    rows
}

async fn stored(fixture: &impl Fixture, count: u64) -> Vec<Sample> {
    let samples = cases(HERE, count, 1);
    // Not in the order of their ids: cases of the past are imported late.
    let mut order: Vec<usize> = (0..samples.len()).collect();
    order.sort_by_key(|no| (no % 7, *no));
    for no in order {
        fixture.store().apply(HERE, samples[no].changes()).await.unwrap();
    }
    for sample in cases(THERE, 40, 2) {
        fixture.store().apply(THERE, sample.changes()).await.unwrap();
    }
    samples
}

/// Each field narrowing alone, then many made-up filters with several.
fn filters(samples: &[Sample]) -> Vec<CaseFilter> {
    let all = CaseFilter::default;
    let some = &samples[samples.len() / 2].write.case;
    let mut filters = vec![all()];
    filters.extend(StateKind::ALL.iter().map(|state| CaseFilter { states: vec![*state], ..all() }));
    let areas = ["110000", "110101", "110101001", "110101001001", "11010100100100", "1101", "110102", "no%_", ""];
    filters.extend(areas.map(|area| CaseFilter { area: Some(AreaCode::from(area)), ..all() }));
    filters.extend(CLASSES.map(|class| CaseFilter { class: Some(ClassCode::from(class)), ..all() }));
    filters.extend(Source::ALL.map(|source| CaseFilter { source: Some(source), ..all() }));
    filters.extend(UNITS.map(|unit| CaseFilter { unit: Some(UnitCode::from(unit)), ..all() }));
    filters.extend(TERMS.map(|term| CaseFilter { terms: vec![term.to_owned()], ..all() }));
    let dropped = [StateKind::NotAccepted, StateKind::Void];
    for states in [dropped.to_vec(), vec![StateKind::Void], vec![StateKind::Void, StateKind::Closed]] {
        let of_class = |class| CaseFilter { states: states.clone(), class: Some(ClassCode::from(class)), ..all() };
        filters.extend(CLASSES.map(of_class));
    }
    filters.push(CaseFilter { from: Some(some.reported_at), ..all() });
    filters.push(CaseFilter { to: Some(some.reported_at), ..all() });
    filters.push(CaseFilter { changed_from: Some(some.changed_at), ..all() });
    filters.push(CaseFilter { changed_to: Some(some.changed_at), ..all() });
    filters.push(CaseFilter { due_before: Some(some.changed_at), ..all() });
    filters.extend([true, false].map(|is_placed| CaseFilter { is_placed: Some(is_placed), ..all() }));
    let mut random = Random(11);
    for _ in 0..150 {
        let mut filter = all();
        for _ in 0..1 + random.below(4) {
            narrow(&mut filter, samples, &mut random);
        }
        filters.push(filter);
    }
    filters
}

fn narrow(filter: &mut CaseFilter, samples: &[Sample], random: &mut Random) {
    let case = &random.pick(samples).write.case;
    match random.below(14) {
        0 => filter.states = vec![*random.pick(StateKind::ALL)],
        1 => filter.states = vec![*random.pick(StateKind::ALL), *random.pick(StateKind::ALL), StateKind::Closed],
        2 => filter.states = StateKind::ALL.iter().copied().filter(|state| state.is_open()).collect(),
        3 if !case.place.path.is_empty() => filter.area = Some(random.pick(&case.place.path).clone()),
        4 => filter.class = Some(ClassCode::from(*random.pick(&CLASSES))),
        5 => filter.source = Some(*random.pick(&Source::ALL)),
        6 => filter.unit = Some(UnitCode::from(*random.pick(&UNITS))),
        7 => filter.from = Some(case.reported_at),
        8 => filter.to = Some(case.reported_at),
        9 => filter.changed_from = Some(case.changed_at),
        10 => filter.due_before = Some(case.changed_at),
        12 => filter.changed_to = Some(case.changed_at),
        11 => filter.terms.push((*random.pick(&TERMS)).to_owned()),
        _ => {
            let (lon, lat) = case.place.point.unwrap_or((116.4, 39.9));
            let span = *random.pick(&[0.0, 0.001, 0.02, 0.1, 2.0, 90.0]);
            filter.within =
                Some([lon - span, lat - span, lon + span, lat + span].map(|degrees| (degrees * 1e7).round() as i64));
        }
    }
}

pub async fn every_filter_gives_what_a_plain_look_at_all_rows_gives(fixture: &impl Fixture) {
    let samples = stored(fixture, 300).await;
    let view = fixture.store().view(HERE).await.unwrap();
    let mut hits = 0;
    for filter in filters(&samples) {
        let rows = expected(&samples, &filter);
        assert_eq!(all_cases(view.as_ref(), &filter).await, rows, "{filter:?}");
        let count = u32::try_from(rows.len()).unwrap();
        assert_eq!(view.count_cases(&filter, 100_000).await.unwrap(), count, "{filter:?}");
        hits += usize::from(count > 0);
    }
    assert!(hits > 120, "only {hits} filters find anything");
}

pub async fn a_list_of_cases_is_walked_both_ways_in_pages_of_any_size(fixture: &impl Fixture) {
    let samples = stored(fixture, 90).await;
    let view = fixture.store().view(HERE).await.unwrap();
    for (no, filter) in filters(&samples).into_iter().enumerate() {
        let rows = expected(&samples, &filter);
        let sizes = if no == 0 || rows.len() < 9 { every_size(rows.len()).collect() } else { some_sizes(rows.len()) };
        walk(&rows, sizes, async |page| view.cases(&filter, &page).await.unwrap()).await;
    }
}

pub async fn a_list_row_says_what_the_case_says(fixture: &impl Fixture) {
    let samples = stored(fixture, 60).await;
    let view = fixture.store().view(HERE).await.unwrap();
    for sample in samples {
        let case = &sample.write.case;
        assert_eq!(view.case_rows(&[case.id]).await.unwrap(), [sample.row()]);
        assert_eq!(view.case(case.id).await.unwrap().as_ref(), Some(case));
    }
}

pub async fn rows_come_in_the_order_they_were_named(fixture: &impl Fixture) {
    let samples = stored(fixture, 10).await;
    let view = fixture.store().view(HERE).await.unwrap();
    let ids = [4, 9, 0, 4].map(|no: usize| samples[no].write.case.id);
    let unknown = CaseId(Uuid::from_u128(1));
    let named = [ids[0], unknown, ids[1], ids[2], ids[3]];
    let rows: Vec<CaseId> = view.case_rows(&named).await.unwrap().into_iter().map(|row| row.id).collect();
    assert_eq!(rows, ids);
    assert_eq!(view.case_rows(&[]).await.unwrap(), []);
}

pub async fn a_case_is_found_by_its_number_in_its_region(fixture: &impl Fixture) {
    let samples = stored(fixture, 5).await;
    let view = fixture.store().view(HERE).await.unwrap();
    let case = &samples[3].write.case;
    assert_eq!(view.case_by_number(&case.number).await.unwrap().as_ref(), Some(case));
    assert_eq!(view.case_by_number("nothing").await.unwrap(), None);
    let there = fixture.store().view(THERE).await.unwrap();
    assert_eq!(there.case_by_number(&case.number).await.unwrap(), None);
}

pub async fn a_case_as_reported_is_read_from_its_fact_until_it_changes(fixture: &impl Fixture) {
    let store = fixture.store();
    let mut write = new_case(HERE, 1, at(0));
    write.is_as_reported = true;
    let loaded = CaseWrite { is_as_reported: true, ..new_case(HERE, 2, at(0)) };
    store.apply(HERE, vec![change(&write)].into()).await.unwrap();
    store.upkeep().load(HERE, vec![vec![change(&loaded)].into()]).await.unwrap();
    fixture.spoil_cases().await;
    for CaseWrite { case, .. } in [&write, &loaded] {
        let view = store.view(HERE).await.unwrap();
        assert_eq!(view.case(case.id).await.unwrap().as_ref(), Some(case), "nothing was kept that could be spoiled");
        assert_eq!(view.case_by_number(&case.number).await.unwrap().as_ref(), Some(case));
        assert_eq!(store.view(THERE).await.unwrap().case(case.id).await.unwrap(), None);
    }
    let mut before = write;
    for minutes in 1..3 {
        let next = next_write(&before, "a fact", at(minutes), |case| case.urges += 1);
        store.apply(HERE, vec![change(&next)].into()).await.unwrap();
        let view = store.view(HERE).await.unwrap();
        assert_eq!(view.case(next.case.id).await.unwrap().as_ref(), Some(&next.case));
        assert_eq!(view.case_by_number(&next.case.number).await.unwrap().as_ref(), Some(&next.case));
        before = next;
    }
}

pub async fn a_first_fact_that_tells_no_case_is_named(fixture: &impl Fixture) {
    let store = fixture.store();
    let mut write = new_case(HERE, 1, at(0));
    write.facts = seal_bodies(&write.case, 0, GENESIS, &["{}"]);
    write.is_as_reported = true;
    store.apply(HERE, vec![change(&write)].into()).await.unwrap();
    let view = store.view(HERE).await.unwrap();
    for read in [view.case(write.case.id).await, view.case_by_number(&write.case.number).await] {
        let Err(StoreError::Corrupt { table, column, row, .. }) = read else { panic!("{read:?}") };
        assert_eq!((table, column), ("facts", "body"));
        assert!(row.contains(&write.case.id.to_string()), "{row}");
    }
}

pub async fn a_changed_case_whose_body_is_lost_is_named(fixture: &impl Fixture) {
    let store = fixture.store();
    let first = CaseWrite { is_as_reported: true, ..new_case(HERE, 1, at(0)) };
    let next = next_write(&first, "a fact", at(1), |case| case.urges += 1);
    for write in [&first, &next] {
        store.apply(HERE, vec![change(write)].into()).await.unwrap();
    }
    fixture.lose_cases().await;
    let view = store.view(HERE).await.unwrap();
    for read in [view.case(first.case.id).await, view.case_by_number(&first.case.number).await] {
        let Err(StoreError::Corrupt { table, column, row, .. }) = read else { panic!("not as it once was: {read:?}") };
        assert_eq!((table, column), ("case_bodies", "body"));
        assert!(row.contains(&first.case.id.to_string()), "{row}");
    }
}

pub async fn counting_stops_where_it_is_told(fixture: &impl Fixture) {
    let samples = stored(fixture, 40).await;
    let view = fixture.store().view(HERE).await.unwrap();
    for filter in filters(&samples).iter().take(40) {
        let all = u32::try_from(expected(&samples, filter).len()).unwrap();
        for most in [0, 1, 5] {
            assert_eq!(view.count_cases(filter, most).await.unwrap(), all.min(most), "{filter:?}");
        }
    }
}

pub async fn an_end_keeps_its_time_while_the_case_stays_ended(fixture: &impl Fixture) {
    let store = fixture.store();
    let closed = State::Closed { how: Closing::Solved, confirm_until: None };
    let states = [
        (State::Reported, None),
        (closed.clone(), Some(1)),
        (closed.clone(), Some(1)),
        (State::Reopened, None),
        (closed, Some(4)),
        (State::Reopened, None),
        (State::Void { reason: ReasonCode::from("x") }, Some(6)),
    ];
    let mut write = new_case(HERE, 1, at(0));
    for (ms, (state, closed_at)) in (0..).zip(states) {
        if ms > 0 {
            write = next_write(&write, "{}", at(ms), |case| case.state = state);
        }
        store.apply(HERE, vec![change(&write)].into()).await.unwrap();
        let rows = store.view(HERE).await.unwrap().case_rows(&[write.case.id]).await.unwrap();
        assert_eq!(rows[0].closed_at, closed_at.map(at), "after {ms} changes");
    }
}

pub async fn new_terms_replace_old_ones_and_none_leave_them(fixture: &impl Fixture) {
    let store = fixture.store();
    let found = async |term: &str, area: Option<&str>| {
        let filter =
            CaseFilter { terms: vec![term.to_owned()], area: area.map(AreaCode::from), ..CaseFilter::default() };
        all_cases(store.view(HERE).await.unwrap().as_ref(), &filter).await.len()
    };
    let apply = async |write| store.apply(HERE, vec![change(write)].into()).await.unwrap();
    let mut first = new_case(HERE, 1, at(0));
    first.terms = Some(vec!["路灯".to_owned(), "不亮".to_owned()]);
    apply(&first).await;
    let moved =
        next_write(&first, "{}", at(1), |case| case.place.path = vec![AreaCode::from("110000"), AreaCode::from("x")]);
    apply(&moved).await;
    assert_eq!((found("路灯", None).await, found("路灯", Some("x")).await), (1, 1));
    let old = first.case.place.path[2].as_str();
    assert_eq!(found("路灯", Some(old)).await, 0);
    let mut renamed = next_write(&moved, "{}", at(2), |_| ());
    renamed.terms = Some(vec!["路灯".to_owned(), "闪".to_owned()]);
    apply(&renamed).await;
    assert_eq!((found("路灯", None).await, found("闪", None).await, found("不亮", None).await), (1, 1, 0));
    let mut silent = next_write(&renamed, "{}", at(3), |_| ());
    silent.terms = Some(Vec::new());
    apply(&silent).await;
    assert_eq!((found("路灯", None).await, found("闪", None).await), (0, 0));
}

pub async fn ids_of_one_millisecond_keep_their_order_in_a_search(fixture: &impl Fixture) {
    let store = fixture.store();
    let mut rows = Vec::new();
    let ids: Vec<CaseId> =
        (0..40_u64)
            .map(|no| {
                if no % 2 == 0 {
                    case_id(at(0), no * 29 % 40)
                } else {
                    CaseId(Uuid::from_u128(u128::from(no * 7 % 40)))
                }
            })
            .collect();
    for (no, id) in (0..).zip(&ids) {
        let mut write = new_case(HERE, no, at(0));
        write.case.id = *id;
        write.facts = super::sample::seal_bodies(&write.case, 0, gewu_domain::record::GENESIS, &["{}"]);
        write.head = write.facts[0].hash;
        write.terms = Some(vec!["路灯".to_owned()]);
        store.apply(HERE, vec![change(&write)].into()).await.unwrap();
        rows.push(CaseRow::of(&write));
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.id));
    let view = store.view(HERE).await.unwrap();
    for filter in [
        CaseFilter { terms: vec!["路灯".to_owned()], ..CaseFilter::default() },
        CaseFilter { area: Some(AreaCode::from("110000")), ..CaseFilter::default() },
        CaseFilter { from: Some(at(0)), ..CaseFilter::default() },
    ] {
        walk(&rows, [1, 3, 39, 40, 41], async |page| view.cases(&filter, &page).await.unwrap()).await;
    }
}

pub async fn a_search_by_words_and_time_asks_for_the_words_of_cases_whose_id_tells_no_time(fixture: &impl Fixture) {
    let store = fixture.store();
    for (no, terms) in (0..).zip([["路灯", "不亮"], ["路灯", "闪"], ["井盖", "闪"]]) {
        let mut write = new_case(HERE, no, at(0));
        write.case.id = CaseId(Uuid::from_u128(u128::from(no + 1)));
        write.facts = super::sample::seal_bodies(&write.case, 0, gewu_domain::record::GENESIS, &["{}"]);
        write.head = write.facts[0].hash;
        write.terms = Some(terms.map(str::to_owned).to_vec());
        store.apply(HERE, vec![change(&write)].into()).await.unwrap();
    }
    let view = store.view(HERE).await.unwrap();
    for (terms, count) in [(vec!["路灯"], 2), (vec!["闪"], 2), (vec!["路灯", "闪"], 1), (vec!["灯"], 0)] {
        let terms = terms.into_iter().map(str::to_owned).collect();
        let filter = CaseFilter { terms, from: Some(at(0)), to: Some(at(1)), ..CaseFilter::default() };
        assert_eq!(all_cases(view.as_ref(), &filter).await.len(), count, "{filter:?}");
    }
}

pub async fn terms_are_matched_whole_whatever_is_in_them(fixture: &impl Fixture) {
    let store = fixture.store();
    let terms = [
        "a",
        "A",
        "ab",
        "a b",
        "a-b",
        "a_b",
        "a*",
        "\"a\"",
        "and",
        "or",
        "near",
        "路",
        "路灯",
        "灯 OR 路",
        "é",
        "e\u{301}",
        "E",
        "ß",
        "'",
        "\\",
        "%",
        ":",
        "\u{1F6B0}",
    ];
    for (no, term) in (0..).zip(terms) {
        let mut write = new_case(HERE, no, at(i64::try_from(no).unwrap()));
        write.terms = Some(vec![term.to_owned(), "every".to_owned()]);
        store.apply(HERE, vec![change(&write)].into()).await.unwrap();
    }
    let view = store.view(HERE).await.unwrap();
    for (no, term) in (0..).zip(terms) {
        let filter = CaseFilter { terms: vec![term.to_owned(), "every".to_owned()], ..CaseFilter::default() };
        let found: Vec<CaseId> = all_cases(view.as_ref(), &filter).await.iter().map(|row| row.id).collect();
        assert_eq!(found, [case_id(at(i64::try_from(no).unwrap()), no)], "{term:?}");
    }
    for term in ["every ", "ever", "eve*", ""] {
        let filter = CaseFilter { terms: vec![term.to_owned()], ..CaseFilter::default() };
        assert_eq!(all_cases(view.as_ref(), &filter).await.len(), 0, "{term:?}");
    }
}

pub async fn a_case_that_does_not_decode_is_named(fixture: &impl Fixture) {
    let store: &dyn Store = fixture.store();
    let write = new_case(HERE, 1, at(0));
    let list: Vec<Change> = vec![change(&write)];
    store.apply(HERE, list.into()).await.unwrap();
    fixture.spoil_cases().await;
    let read = store.view(HERE).await.unwrap().case(write.case.id).await;
    let Err(StoreError::Corrupt { table, column, row, .. }) = read else { panic!("{read:?}") };
    assert!(table.starts_with("case") && column == "body", "{table}.{column}");
    assert!(row.contains(&write.case.id.to_string()), "{row}");
}
