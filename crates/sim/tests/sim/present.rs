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
    traffic::{Manners, Moved, Traffic},
};
use gewu_store::{Page, cases::CaseFilter};
use jiff::SignedDuration;

const NOON: &str = "2026-11-19T02:00:00Z";
const COUNTY: RegionId = RegionId(780_101);

fn manners() -> Manners {
    Manners { reports_per_day: 240.0, leave_alone: SignedDuration::from_mins(10), leave_at_desk: 0 }
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
async fn a_case_a_visitor_sent_to_collectors_of_another_street_stops_nobody_else() {
    let house = house(5, at(NOON)).await;
    let mut traffic = living(&house, manners()).await;
    let id = reported(&house).await;
    let place = house.app.store.view(COUNTY).await.unwrap().case(id).await.unwrap().unwrap().place;
    let town = Town::tiny(1);
    let post = |role: Role, is_here: bool| {
        let mut posts = town.people.iter().map(|member| &member.post).filter(|post| post.role == role);
        posts.find(|post| post.region == Some(COUNTY) && place.path.contains(&post.area) == is_here).unwrap().clone()
    };
    let acceptor = post(Role::Acceptor, true);
    let command = Command::SendToVerify { unit: post(Role::Collector, false).unit };
    let identity = Identity::Staff { person: acceptor.person, session: None, post: acceptor };
    let step = Step { command, note: String::new(), photos: Vec::new(), location: None, version: Some(1) };
    let caller = Caller { identity, origin: "test".to_owned() };
    house.app.act(&caller, CaseAddress { region: COUNTY, id }, None, step).await.unwrap();
    let moved = hours(&house, &mut traffic, 12).await;
    assert!(moved.steps > 40, "{moved:?}");
    assert_eq!(version(&house, id).await, 2, "nobody who sees it can verify it");
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
    let world = std::sync::Arc::new(gewu_sim::nyc::world(house.app.clone(), 1, &people).unwrap());
    let mut traffic = Traffic::begin(world, manners()).await.unwrap();
    house.clock.advance(SignedDuration::from_hours(13));
    traffic.tick().await.unwrap();
    let moved = hours(&house, &mut traffic, 6).await;
    assert!(moved.reports > 20 && moved.steps > 2 * moved.reports, "{moved:?}");
}
