//! A present that moves by itself and leaves a visitor's work alone.

use crate::house::{House, at, house, settled};
use gewu_app::{
    Caller, Identity,
    cases::{CaseAddress, act::Step, report::NewReport},
    locate::Location,
};
use gewu_domain::{
    case::{Command, Source, StateKind},
    ids::{CaseId, RegionId},
    people::Role,
};
use gewu_sim::{
    Town,
    days::{self, Numbers, Past},
    demo,
    habits::Pace,
    traffic::{Manners, Moved, Traffic},
    world::World,
};
use gewu_store::{Page, cases::CaseFilter};
use jiff::SignedDuration;
use std::sync::Arc;

const NOON: &str = "2026-11-19T02:00:00Z";
const COUNTY: RegionId = RegionId(780_101);

fn manners() -> Manners {
    Manners {
        reports_per_day: 240.0,
        pace: Pace::LIFELIKE,
        catch_up: SignedDuration::from_hours(24),
        leave_alone: SignedDuration::from_mins(10),
        leave_at_desk: 0,
    }
}

/// A county as a demonstration has it after this past.
async fn with_past(house: &House, past: Past) -> Arc<World> {
    let world = settled(house, &Town::tiny(1)).await;
    let numbers = Numbers::ahead(&world, &past).await.unwrap();
    demo::make(world.clone(), house.random.clone(), past, &numbers, 0, &mut |_| {}).await.unwrap();
    world
}

async fn living(house: &House, manners: Manners) -> Traffic {
    let world = settled(house, &Town::tiny(1)).await;
    let past = Past { until: at(NOON), days: 2, cases: 30 };
    let numbers = Numbers::ahead(&world, &past).await.unwrap();
    days::live(world.clone(), house.random.clone(), past, &numbers, 0, &mut |_| {}).await.unwrap();
    Traffic::begin(world, manners).await.unwrap()
}

async fn hours(house: &House, traffic: &mut Traffic, hours: u32) -> Moved {
    let mut sum = Moved::default();
    for _ in 0..hours * 30 {
        house.clock.advance(SignedDuration::from_mins(2));
        let moved = traffic.tick().await.unwrap();
        sum.reports += moved.reports;
        sum.steps += moved.steps;
    }
    sum
}

#[tokio::test(flavor = "multi_thread")]
async fn cases_come_in_and_are_closed_while_the_clock_runs() {
    let house = house(1, at(NOON)).await;
    let mut traffic = living(&house, manners()).await;
    let moved = hours(&house, &mut traffic, 8).await;
    assert!((40..160).contains(&moved.reports), "{moved:?}");
    assert!(moved.steps > 3 * moved.reports, "{moved:?}");
    let view = house.app.store.view(COUNTY).await.unwrap();
    let closed = CaseFilter { states: vec![StateKind::Closed], changed_from: Some(at(NOON)), ..CaseFilter::default() };
    assert!(view.count_cases(&closed, 100).await.unwrap() > 10);
}

async fn reported(house: &House) -> CaseId {
    let region = house.app.snapshot().unwrap();
    let grid = region.city.areas.all().iter().find(|area| area.is_grid()).unwrap().code.clone();
    let new = NewReport {
        source: Source::Resident,
        location: Location { area: Some(grid), ..Location::default() },
        class: None,
        words: "门口的路灯不亮".to_owned(),
        photos: Vec::new(),
        contact: Default::default(),
        is_confidential: false,
        is_urgent: false,
        is_fixed_on_spot: false,
    };
    house.app.report(&Caller::public("test"), None, new).await.unwrap().id
}

async fn version(house: &House, id: CaseId) -> u32 {
    house.app.store.view(COUNTY).await.unwrap().case(id).await.unwrap().unwrap().version
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_visitor_touches_is_left_alone_for_ten_minutes_and_taken_up_afterwards() {
    let house = house(2, at(NOON)).await;
    let mut traffic = living(&house, manners()).await;
    let id = reported(&house).await;
    for _ in 0..9 {
        traffic.tick().await.unwrap();
        house.clock.advance(SignedDuration::from_mins(1));
    }
    assert_eq!(version(&house, id).await, 1, "nobody came between");
    let town = Town::tiny(1);
    let acceptor = town.people.iter().find(|member| member.post.role == Role::Acceptor && member.post.region.is_some());
    let post = acceptor.unwrap().post.clone();
    let caller =
        Caller { identity: Identity::Staff { person: post.person, session: None, post }, origin: "test".to_owned() };
    let step =
        Step { command: Command::Submit, note: String::new(), photos: Vec::new(), location: None, version: Some(1) };
    house.app.act(&caller, CaseAddress { region: COUNTY, id }, None, step).await.unwrap();
    for _ in 0..9 {
        traffic.tick().await.unwrap();
        house.clock.advance(SignedDuration::from_mins(1));
    }
    assert_eq!(version(&house, id).await, 2, "nobody came between again");
    hours(&house, &mut traffic, 30).await;
    assert!(version(&house, id).await > 4, "it was taken up");
}

#[tokio::test(flavor = "multi_thread")]
async fn some_work_is_left_at_the_desks_that_are_shown() {
    let house = house(3, at(NOON)).await;
    let mut traffic = living(&house, Manners { leave_at_desk: 4, ..manners() }).await;
    hours(&house, &mut traffic, 10).await;
    let town = Town::tiny(1);
    let chief = town.accounts().find(|member| member.post.role == Role::DutyChief && member.post.region.is_some());
    let post = chief.unwrap().post.clone();
    let caller =
        Caller { identity: Identity::Staff { person: post.person, session: None, post }, origin: "test".to_owned() };
    let inbox = house.app.inbox(&caller, COUNTY, &[], &Page::first(5)).await.unwrap();
    assert!(inbox.waiting >= 4, "{}", inbox.waiting);
}

#[tokio::test(flavor = "multi_thread")]
async fn new_york_s_requests_come_again_and_are_handled() {
    let house = house(4, at(NOON)).await;
    let people = gewu_sim::nyc::people(1);
    gewu_sim::nyc::settle(&house.app, &people, &mut |_| {}).await.unwrap();
    let world = Arc::new(gewu_sim::nyc::world(house.app.clone(), 1, &people).unwrap());
    let mut traffic = Traffic::begin(world, manners()).await.unwrap();
    house.clock.advance(SignedDuration::from_hours(13));
    traffic.tick().await.unwrap();
    let moved = hours(&house, &mut traffic, 6).await;
    assert!(moved.reports > 20 && moved.steps > 2 * moved.reports, "{moved:?}");
}

/// What somebody sees who comes at this time and watches a county for ten minutes, and the longest wait for a report.
async fn ten_minutes(time: &str, seed: u64) -> (Moved, i64) {
    let house = house(seed, at(time)).await;
    let past = Past { until: at(time), days: 4, cases: 120 };
    let world = with_past(&house, past).await;
    let half_a_city = demo::manners(1_440.0, 1);
    let mut traffic = Traffic::begin(world, half_a_city).await.unwrap();
    let (mut sum, mut waited, mut longest) = (Moved::default(), 0, 0);
    for _ in 0..150 {
        house.clock.advance(SignedDuration::from_secs(4));
        let moved = traffic.tick().await.unwrap();
        sum.reports += moved.reports;
        sum.steps += moved.steps;
        waited = if moved.reports > 0 { 0 } else { waited + 4 };
        longest = longest.max(waited);
    }
    (sum, longest)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_at_noon_sees_reports_arrive_and_work_being_done() {
    let (moved, longest_s) = ten_minutes("2026-11-19T04:00:00Z", 1).await;
    assert!((8..=16).contains(&moved.reports) && moved.steps >= 15, "{moved:?}");
    assert!(longest_s <= 120, "{longest_s}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_at_three_in_the_night_sees_reports_arrive_and_work_being_done() {
    let (moved, longest_s) = ten_minutes("2026-11-18T19:00:00Z", 1).await;
    assert!((6..=12).contains(&moved.reports) && moved.steps >= 10, "{moved:?}");
    assert!(longest_s <= 120, "{longest_s}");
}

#[tokio::test(flavor = "multi_thread")]
async fn work_does_not_pile_up_however_long_the_demonstration_runs() {
    let house = house(6, at("2026-11-16T02:00:00Z")).await;
    let world = settled(&house, &Town::tiny(1)).await;
    let mut traffic = Traffic::begin(world, demo::manners(200.0, 1)).await.unwrap();
    let mut open = Vec::new();
    for _ in 0..3 {
        hours(&house, &mut traffic, 24).await;
        let states = StateKind::ALL.iter().copied().filter(|state| state.is_open()).collect();
        let view = house.app.store.view(COUNTY).await.unwrap();
        let filter = CaseFilter { states, ..CaseFilter::default() };
        open.push(view.count_cases(&filter, 10_000).await.unwrap());
    }
    assert!(open[2] < 100, "{open:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_machine_slept_through_is_let_go() {
    let house = house(7, at(NOON)).await;
    let mut traffic = living(&house, demo::manners(1_440.0, 1)).await;
    house.clock.advance(SignedDuration::from_hours(9));
    let moved = traffic.tick().await.unwrap();
    assert!(moved.reports <= 8 && moved.steps < 8, "{moved:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_reported_where_nothing_is_to_be() {
    let house = house(8, at(NOON)).await;
    let mut traffic = living(&house, demo::manners(0.0, 60)).await;
    let moved = hours(&house, &mut traffic, 24).await;
    assert!(moved.reports == 0 && moved.steps > 0, "{moved:?}");
}
