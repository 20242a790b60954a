//! A past made for a town: whole, repeatable, and to be gone on with.

use crate::house::{House, at, house, settled};
use gewu_app::Caller;
use gewu_domain::{
    case::{Case, StateKind},
    ids::RegionId,
    people::Role,
};
use gewu_sim::{
    Town,
    days::{self, Numbers, Past, Progress},
};
use gewu_store::{Change, Page, cases::CaseFilter, facts::FactKey};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

const UNTIL: &str = "2026-11-20T03:00:00Z";

fn past(days: u16, cases: u64) -> Past {
    Past { until: at(UNTIL), days, cases }
}

async fn lived(house: &House, town: &Town, past: Past) -> Progress {
    let world = settled(house, town).await;
    let numbers = Numbers::ahead(&world, &past).await.unwrap();
    let mut progress = days::live(world.clone(), house.random.clone(), past, &numbers, 0, &mut |_| {}).await.unwrap();
    days::leave_work(world, house.random.clone(), past.until, 3, &mut progress).await.unwrap();
    progress
}

/// Every fact of every region, as it is kept.
async fn record(house: &House) -> Vec<String> {
    let mut record = Vec::new();
    for region in house.app.store.upkeep().regions().await.unwrap() {
        let mut page: Page<FactKey> = Page::first(Page::<FactKey>::MOST);
        loop {
            let view = house.app.store.view(region).await.unwrap();
            let listing = view.record(&page).await.unwrap();
            record.extend(listing.rows.into_iter().map(|row| format!("{} {} {}", row.case, row.hash, row.body)));
            match listing.next {
                Some(next) => page = page.after(next),
                None => break,
            }
        }
    }
    record
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_gives_the_same_past_to_the_last_hash_and_another_seed_another() {
    let mut records = Vec::new();
    for seed in [1, 1, 2] {
        let house = house(seed, at(UNTIL)).await;
        lived(&house, &Town::tiny(seed), past(5, 60)).await;
        records.push(record(&house).await);
    }
    assert!(records[0].len() > 300);
    assert_eq!(records[0], records[1]);
    assert_ne!(records[0], records[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_step_of_a_past_is_refused_and_every_state_is_come_to() {
    let house = house(1, at(UNTIL)).await;
    let progress = lived(&house, &Town::demo(1), past(60, 2_400)).await;
    assert_eq!(progress.refused, Vec::<String>::new());
    let states: BTreeSet<StateKind> = progress.states.keys().copied().collect();
    let unused = house.app.snapshot().unwrap().city.policy.unused_states();
    let missing: Vec<&StateKind> =
        StateKind::ALL.iter().filter(|state| !states.contains(state) && !unused.contains(state)).collect();
    assert!(missing.is_empty(), "{missing:?} of {:?}", progress.states);
    let closed = progress.states[&StateKind::Closed] as f64 / progress.cases as f64;
    assert!((0.6..0.9).contains(&closed), "{closed} of {:?}", progress.states);
}

#[tokio::test(flavor = "multi_thread")]
async fn work_waits_at_every_desk_that_can_be_signed_in_at() {
    let house = house(1, at(UNTIL)).await;
    let town = Town::demo(1);
    lived(&house, &town, past(3, 120)).await;
    for member in town.accounts() {
        if matches!(member.post.role, Role::Supervisor | Role::Assessor | Role::Administrator | Role::Auditor) {
            continue;
        }
        let identity =
            gewu_app::Identity::Staff { person: member.post.person, session: None, post: member.post.clone() };
        let caller = Caller { identity, origin: "test".to_owned() };
        let mut waiting = 0;
        for region in [780_101, 780_102].map(RegionId) {
            if member.post.region.is_none_or(|own| own == region) {
                waiting += house.app.inbox(&caller, region, &[], &Page::first(5)).await.unwrap().waiting;
            }
        }
        assert!(waiting >= 3, "{:?} has {waiting}", member.login);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_past_broken_off_is_gone_on_with_and_is_the_same() {
    let whole = house(1, at(UNTIL)).await;
    let town = Town::tiny(1);
    let past = past(6, 90);
    let world = settled(&whole, &town).await;
    let numbers = Numbers::ahead(&world, &past).await.unwrap();
    days::live(world, whole.random.clone(), past, &numbers, 0, &mut |_| {}).await.unwrap();

    let broken = house(1, at(UNTIL)).await;
    let world = settled(&broken, &town).await;
    let slices = past.plan(&world);
    assert!(slices.len() > 3);
    let numbers = Numbers::ahead(&world, &past).await.unwrap();
    // The first attempt took its numbers, wrote four slices and noted three of them.
    let all = u32::try_from(slices.len()).unwrap();
    days::live(world.clone(), broken.random.clone(), past, &numbers, all, &mut |_| {}).await.unwrap();
    for slice in slices.iter().take(4) {
        let (region, slice) = (slice.region, slice.clone());
        let (random, world) = (broken.random.clone(), world.clone());
        let told = tokio::task::spawn_blocking(move || world.tell(&slice, 1, past.until, &random).unwrap());
        broken.app.store.upkeep().load(region, told.await.unwrap().batch).await.unwrap();
    }
    days::live(world, broken.random.clone(), past, &numbers, 3, &mut |_| {}).await.unwrap();
    assert_eq!(record(&whole).await, record(&broken).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_of_a_past_verifies_and_its_words_are_there() {
    let house = house(3, at(UNTIL)).await;
    let progress = lived(&house, &Town::tiny(3), past(8, 80)).await;
    let verified = house.app.verify(true, &mut |_| {}).await.unwrap();
    assert_eq!(verified.findings, []);
    assert_eq!(verified.cases, progress.cases);
    assert_eq!(verified.facts, progress.facts);
    assert!(verified.texts > progress.cases);
    let view = house.app.store.view(RegionId(780_101)).await.unwrap();
    let rows = view.cases(&CaseFilter::default(), &Page::first(50)).await.unwrap().rows;
    assert!(rows.iter().all(|row| row.excerpt.as_ref().is_some_and(|words| words.chars().count() > 6)));
    let mut numbers: Vec<&String> = rows.iter().map(|row| &row.number).collect();
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), rows.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_past_of_ten_million_cases_has_each_once_on_its_day_and_under_its_own_number() {
    let house = house(1, at(UNTIL)).await;
    let world = settled(&house, &Town::tiny(1)).await;
    let past = past(90, 10_000_000);
    let slices = past.plan(&world);
    assert_eq!(slices.iter().map(|slice| u64::from(slice.cases)).sum::<u64>(), past.cases);
    assert!(slices.iter().all(|slice| (1..=days::SLICE).contains(&slice.cases)));
    assert!((0..).zip(&slices).all(|(no, slice)| slice.no == no));
    let mut told: BTreeMap<(RegionId, Date), u64> = BTreeMap::new();
    for slice in &slices {
        let before = told.entry((slice.region, slice.date)).or_default();
        assert_eq!(slice.before, *before, "{slice:?}");
        *before += u64::from(slice.cases);
    }
    assert_eq!(told.len(), 91, "days of the one region");

    // The last case of the busiest day, whose number has six digits after the day, and the last of all.
    let busiest = slices.iter().max_by_key(|slice| slice.before).unwrap().clone();
    assert!(busiest.before > 100_000, "{busiest:?}");
    let zone = world.snapshot.city.calendar.zone().clone();
    for slice in [busiest, slices.last().unwrap().clone()] {
        let (random, world, given) = (house.random.clone(), world.clone(), slice.clone());
        let told = tokio::task::spawn_blocking(move || world.tell(&given, 1, past.until, &random).unwrap());
        let batch = told.await.unwrap().batch;
        let case = |change: &Change| match change {
            Change::Case(write) => Some(write.case.clone()),
            _ => None,
        };
        let rows: Vec<Case> = batch.iter().flat_map(|changes| &changes.list).filter_map(case).collect();
        assert_eq!(rows.len(), usize::try_from(slice.cases).unwrap());
        let head = format!("{}{}", slice.region, slice.date.strftime("%Y%m%d"));
        for (no, row) in (1 + slice.before..).zip(&rows) {
            assert_eq!(row.number, format!("{head}{no:05}"));
            assert_eq!(row.reported_at.to_zoned(zone.clone()).date(), slice.date);
            assert!(row.changed_at <= past.until);
        }
        assert!(rows.is_sorted_by_key(|row| row.reported_at.as_second() / 60), "in order of time, to the minute");
    }
}
