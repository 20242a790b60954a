//! How long lists take among many cases: `lists [cases] [directory]`. An existing directory is used as it is.
//!
//! A county of 12 streets of 20 communities of 6 grids, a hundred days for each million cases, the newest three percent
//! still open. Prints p50, p95 and the longest of 200 of each list, with its first page of 50.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "a measurement")]

use gewu_domain::{
    case::{Assignment, AssignmentState, ClassRef, Closing, Source, State, StateKind, TaskKind},
    ids::{AreaCode, ClassCode, ReasonCode, RegionId, UnitCode},
    people::Role,
};
use gewu_store::{
    Change, Changes, Page, Store,
    cases::CaseFilter,
    contract::sample::{self, Random},
    tasks::InboxFilter,
    texts::Giver,
};
use gewu_store_sqlite::{Settings, SqliteStore};
use jiff::{SignedDuration, Timestamp};
use std::{path::Path, time::Instant};

const REGION: RegionId = sample::HERE;
const APART_MS: i64 = 8_640;

fn path(grid: usize) -> Vec<AreaCode> {
    let (street, community) = (grid / 120, grid / 6);
    [
        "110000".to_owned(),
        "110101".to_owned(),
        format!("110101{street:03}"),
        format!("110101{street:03}{community:03}"),
        format!("110101{street:03}{community:03}{grid:05}"),
    ]
    .map(AreaCode::new)
    .to_vec()
}

/// Small numbers far more often than large ones.
fn skewed(random: &mut Random, most: f64) -> usize {
    let share = random.below(1 << 20) as f64 / f64::from(1 << 20);
    most.powf(share) as usize
}

fn word(rank: usize) -> String {
    [rank * 7_919 % 5_000, rank * 104_729 % 5_000]
        .iter()
        .map(|at| char::from_u32(0x4e00 + u32::try_from(*at).unwrap()).unwrap())
        .collect()
}

fn any_word(random: &mut Random) -> String {
    word(20 + skewed(random, 30_000.0))
}

fn case(no: u64, of: u64, random: &mut Random) -> Changes {
    let at = sample::at(i64::try_from(no).unwrap() * APART_MS);
    let (mut case, facts) = sample::reported(REGION, no, at);
    let grid = random.below(1_440);
    case.place.path = path(grid);
    case.place.point =
        Some((116.0 + (grid % 38) as f64 * 0.01 + random.below(1_000) as f64 / 1e5, 39.6 + (grid / 38) as f64 * 0.01));
    case.class = Some(ClassRef {
        scheme: "city".to_owned(),
        version: 1,
        code: ClassCode::new(format!("event-{:03}", skewed(random, 200.0))),
    });
    case.source = *random.pick(&Source::ALL);
    if random.one_in(200) {
        case.place.path.truncate(2);
        case.place.is_placed = false;
    }
    case.assignments.push(Assignment {
        no: 0,
        unit: UnitCode::new(format!("unit-{:03}", skewed(random, 300.0))),
        is_lead: true,
        state: AssignmentState::Accepted,
        clock: sample::clock(at, Some(at.checked_add(SignedDuration::from_hours(48)).unwrap())),
        extensions: 0,
        suspensions: 0,
    });
    let is_open = no + of / 33 > of;
    case.state = match (is_open, random.below(40)) {
        (true, 0..10) => State::AwaitingDispatch,
        (true, _) => State::Handling,
        (false, 0) => State::Void { reason: ReasonCode::from("x") },
        (false, 1) => State::NotAccepted { reason: ReasonCode::from("x") },
        (false, _) => State::Closed { how: Closing::Solved, confirm_until: None },
    };
    case.changed_at = if is_open { at } else { at.checked_add(SignedDuration::from_hours(50)).unwrap() };
    let body: String = (0..30).map(|_| any_word(random)).collect();
    let text = sample::text(case.id, no, &body, Giver::Reporter, at);
    case.text = Some(text.digest);
    let mut write = sample::first_write(case, &facts);
    write.at = vec![write.case.changed_at];
    write.terms = Some((0..30).map(|_| any_word(random)).collect());
    write.tasks = if is_open {
        vec![sample::task(
            Role::Handler,
            write.case.assignments[0].unit.as_str(),
            TaskKind::Handle,
            write.case.due_at(),
        )]
    } else {
        Vec::new()
    };
    vec![sample::change(&write), Change::Text(text)].into()
}

async fn fill(store: &SqliteStore, cases: u64) {
    let mut random = Random(7);
    let began = Instant::now();
    for first in (0..cases).step_by(2_000) {
        let batch = (first..(first + 2_000).min(cases)).map(|no| case(no, cases, &mut random)).collect();
        store.upkeep().load(REGION, batch).await.unwrap();
    }
    println!("loaded {cases} in {:?}", began.elapsed());
    store.upkeep().analyze().await.unwrap();
    println!("{:?} with statistics", began.elapsed());
}

/// A list by name, and how to make one of its filters.
type List = (&'static str, fn(&mut Random, Timestamp) -> CaseFilter);

fn lists() -> Vec<List> {
    fn all() -> CaseFilter {
        CaseFilter::default()
    }
    fn area(random: &mut Random, level: usize) -> Option<AreaCode> {
        path(random.below(1_440)).get(level).cloned()
    }
    fn class(random: &mut Random) -> Option<ClassCode> {
        Some(ClassCode::new(format!("event-{:03}", skewed(random, 200.0))))
    }
    fn unit(random: &mut Random) -> Option<UnitCode> {
        Some(UnitCode::new(format!("unit-{:03}", skewed(random, 300.0))))
    }
    fn within(random: &mut Random, side: f64) -> Option<[i64; 4]> {
        let (lon, lat) = (116.0 + random.below(300) as f64 / 1e3, 39.6 + random.below(300) as f64 / 1e3);
        Some([lon, lat, lon + side, lat + side].map(|degrees| (degrees * 1e7) as i64))
    }
    fn month(random: &mut Random, end: Timestamp) -> (Option<Timestamp>, Option<Timestamp>) {
        let days = (end.as_millisecond() - sample::at(0).as_millisecond()) / 86_400_000;
        let from =
            sample::at(i64::try_from(random.below(usize::try_from((days - 30).max(1)).unwrap())).unwrap() * 86_400_000);
        (Some(from), Some(from.checked_add(SignedDuration::from_hours(720)).unwrap()))
    }
    fn opens() -> Vec<StateKind> {
        StateKind::ALL.iter().copied().filter(|state| state.is_open()).collect()
    }
    vec![
        ("newest", |_, _| all()),
        ("street", |random, _| CaseFilter { area: area(random, 2), ..all() }),
        ("grid", |random, _| CaseFilter { area: area(random, 4), ..all() }),
        ("class", |random, _| CaseFilter { class: class(random), ..all() }),
        ("community, class", |random, _| CaseFilter { area: area(random, 3), class: class(random), ..all() }),
        ("street, class, closed", |random, _| CaseFilter {
            area: area(random, 2),
            class: class(random),
            states: vec![StateKind::Closed],
            ..all()
        }),
        ("street, void", |random, _| CaseFilter { area: area(random, 2), states: vec![StateKind::Void], ..all() }),
        ("void", |_, _| CaseFilter { states: vec![StateKind::Void], ..all() }),
        ("open", |_, _| CaseFilter { states: opens(), ..all() }),
        ("open, street", |random, _| CaseFilter { states: opens(), area: area(random, 2), ..all() }),
        ("open, community, class", |random, _| CaseFilter {
            states: opens(),
            area: area(random, 3),
            class: class(random),
            ..all()
        }),
        ("dispatching, grid", |random, _| CaseFilter {
            states: vec![StateKind::AwaitingDispatch],
            area: area(random, 4),
            ..all()
        }),
        ("overdue, street", |random, end| CaseFilter { due_before: Some(end), area: area(random, 2), ..all() }),
        ("unit", |random, _| CaseFilter { unit: unit(random), ..all() }),
        ("unit, community", |random, _| CaseFilter { unit: unit(random), area: area(random, 3), ..all() }),
        ("unit, class", |random, _| CaseFilter { unit: unit(random), class: class(random), ..all() }),
        ("unplaced", |_, _| CaseFilter { is_placed: Some(false), ..all() }),
        ("a month", |random, end| {
            let (from, to) = month(random, end);
            CaseFilter { from, to, ..all() }
        }),
        ("a month, community", |random, end| {
            let (from, to) = month(random, end);
            CaseFilter { from, to, area: area(random, 3), ..all() }
        }),
        ("a month, unit", |random, end| {
            let (from, to) = month(random, end);
            CaseFilter { from, to, unit: unit(random), ..all() }
        }),
        ("changed in a day", |_, end| CaseFilter {
            changed_from: Some(end.checked_sub(SignedDuration::from_hours(24)).unwrap()),
            ..all()
        }),
        ("within 300 m", |random, _| CaseFilter { within: within(random, 0.003), ..all() }),
        ("within 300 m, open", |random, _| CaseFilter { within: within(random, 0.003), states: opens(), ..all() }),
        ("within 5 km, class", |random, _| CaseFilter { within: within(random, 0.05), class: class(random), ..all() }),
        ("within 30 km", |random, _| CaseFilter { within: within(random, 0.3), ..all() }),
        ("a word", |random, _| CaseFilter { terms: vec![any_word(random)], ..all() }),
        ("two words", |random, _| CaseFilter { terms: vec![any_word(random), any_word(random)], ..all() }),
        ("three words", |random, _| CaseFilter {
            terms: vec![any_word(random), any_word(random), any_word(random)],
            ..all()
        }),
        ("two words, street", |random, _| CaseFilter {
            terms: vec![any_word(random), any_word(random)],
            area: area(random, 2),
            ..all()
        }),
        ("a word, community, class", |random, _| CaseFilter {
            terms: vec![any_word(random)],
            area: area(random, 3),
            class: class(random),
            ..all()
        }),
        ("a word, a month", |random, end| {
            let (from, to) = month(random, end);
            CaseFilter { terms: vec![any_word(random)], from, to, ..all() }
        }),
        ("a word, open", |random, _| CaseFilter { terms: vec![any_word(random)], states: opens(), ..all() }),
    ]
}

/// Processor time of this process so far: what a list costs when others use the machine too.
fn cpu_ms() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").unwrap().map(|thread| thread.unwrap().path().join("schedstat"));
    threads.filter_map(|file| std::fs::read_to_string(file).ok()?.split(' ').next()?.parse::<f64>().ok()).sum::<f64>()
        / 1e6
}

fn say(name: &str, mut times: Vec<f64>, rows: usize, cpu_ms: f64) {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!(
        "{name:28} p50 {:8.2}  p95 {:8.2}  most {:8.2}  cpu {:7.2} ms  {:5.1} rows",
        at(0.5),
        at(0.95),
        at(1.0),
        cpu_ms / times.len() as f64,
        rows as f64 / times.len() as f64
    );
}

async fn measure(store: &SqliteStore) {
    let view = store.view(REGION).await.unwrap();
    let newest = view.cases(&CaseFilter::default(), &Page::first(1)).await.unwrap().rows;
    let end = newest[0].reported_at;
    let mut random = Random(99);
    for (name, filter) in lists() {
        let (mut times, mut rows, cpu) = (Vec::new(), 0, cpu_ms());
        for _ in 0..200 {
            let filter = filter(&mut random, end);
            let began = Instant::now();
            rows += view.cases(&filter, &Page::first(50)).await.unwrap().rows.len();
            times.push(began.elapsed().as_secs_f64() * 1e3);
        }
        say(name, times, rows, cpu_ms() - cpu);
    }
    let (mut inbox, mut rows, mut pages) = (Vec::new(), 0, Vec::new());
    for _ in 0..200 {
        let unit = UnitCode::new(format!("unit-{:03}", skewed(&mut random, 300.0)));
        let filter = InboxFilter { role: Role::Handler, unit, area: None, kinds: Vec::new() };
        let began = Instant::now();
        rows += view.inbox(&filter, &Page::first(50)).await.unwrap().rows.len();
        view.inbox_size(&filter, end, 1_000).await.unwrap();
        inbox.push(began.elapsed().as_secs_f64() * 1e3);
        let no =
            random.below(usize::try_from((end.as_millisecond() - sample::at(0).as_millisecond()) / APART_MS).unwrap());
        let id = sample::case_id(sample::at(i64::try_from(no).unwrap() * APART_MS), u64::try_from(no).unwrap());
        let began = Instant::now();
        view.case(id).await.unwrap().unwrap();
        view.facts(id).await.unwrap();
        view.texts(id).await.unwrap();
        view.attachments(id).await.unwrap();
        view.contacts(id).await.unwrap();
        pages.push(began.elapsed().as_secs_f64() * 1e3);
    }
    say("inbox and its size", inbox, rows, 0.0);
    say("one case", pages, 200, 0.0);
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let cases: u64 = arguments.next().map_or(200_000, |cases| cases.parse().unwrap());
    let directory = arguments.next().unwrap_or_else(|| std::env::temp_dir().join("gewu-lists").display().to_string());
    let directory = Path::new(&directory);
    let is_there = directory.exists();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let began = Instant::now();
    let store = SqliteStore::open(directory, Settings::default()).unwrap();
    println!("opened in {:?}", began.elapsed());
    if !is_there {
        runtime.block_on(fill(&store, cases));
    }
    runtime.block_on(measure(&store));
    let bytes: u64 = std::fs::read_dir(directory).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
    let memory = std::fs::read_to_string("/proc/self/status").unwrap();
    let memory = memory.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default().to_owned();
    println!("{} MB on disk, {memory}", bytes / 1_000_000);
}
