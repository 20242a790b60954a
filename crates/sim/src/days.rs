//! A past for a made-up city: days of reports, each case taken through the real rules at the times things happened.
//!
//! The past is cut into slices, one region and at most [`SLICE`] cases each, in order of time. A slice is made from the
//! seed and its own place alone, and kept all or nothing: so memory does not grow with the past, and what was begun can
//! be gone on with. Start at [`Past::plan`] and [`live`].

use crate::{
    dice::{Dice, hash},
    habits::Pace,
    rhythm,
    world::{Begun, Replayed, World, due},
};
use gewu_app::{
    App, AppError,
    cases::history::{History, Recorded, load},
};
use gewu_domain::{
    case::{Case, Desk, StateKind},
    ids::{AreaCode, ClassCode, RegionId},
    people::{Axis, Role},
};
use gewu_store::{Changes, StoreError};
use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::mpsc;

/// Cases of a slice, at most.
pub const SLICE: u32 = 500;
/// A story that goes on for longer than this is no story.
const STEPS_MOST: u32 = 80;
/// So often a story is told anew that shall end somewhere.
const TRIES: u32 = 2_000;

/// How much past there shall be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past {
    pub until: Timestamp,
    pub days: u16,
    pub cases: u64,
}

/// A part of the past: so many cases of a region's day, between two shares of its reports.
#[derive(Debug, Clone, PartialEq)]
pub struct Slice {
    pub no: u32,
    pub date: Date,
    pub region: RegionId,
    pub cases: u32,
    /// Cases of this region's day that come before.
    pub before: u64,
    from: f64,
    to: f64,
}

/// The number before the first that a past gives, by region and day. Whoever goes on with a past that was broken off
/// brings those it was begun with, so that it becomes the same past.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbers(Vec<(RegionId, Date, u64)>);

impl Numbers {
    /// The numbers a past will be given, if it is begun now. Nothing is taken yet.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn ahead(world: &World, past: &Past) -> Result<Numbers, AppError> {
        let mut numbers = Vec::new();
        for (region, date) in past.counts(world).into_keys() {
            let first = world.app.store.upkeep().take_numbers(region, &series(date), 0).await?;
            numbers.push((region, date, first));
        }
        Ok(Numbers(numbers))
    }

    /// Takes them, unless they are taken already, so that nobody else is given one of them.
    async fn take(&self, world: &World, past: &Past) -> Result<(), AppError> {
        for ((region, date), count) in past.counts(world) {
            let upkeep = world.app.store.upkeep();
            let end = self.first(region, date) + count;
            let next = upkeep.take_numbers(region, &series(date), 0).await?;
            let missing = u32::try_from(end.saturating_sub(next)).unwrap_or(u32::MAX);
            if missing > 0 {
                upkeep.take_numbers(region, &series(date), missing).await?;
            }
        }
        Ok(())
    }

    fn first(&self, region: RegionId, date: Date) -> u64 {
        let found = self.0.binary_search_by_key(&(region, date), |(region, date, _)| (*region, *date));
        found.ok().and_then(|at| self.0.get(at)).map_or(1, |(.., first)| *first)
    }
}

/// What became of a slice.
#[derive(Debug, Default)]
pub struct Told {
    pub batch: Vec<Changes>,
    pub states: BTreeMap<StateKind, u64>,
    /// What is owed at the end, by desk.
    pub waiting: BTreeMap<Desk, u32>,
    pub facts: u64,
    /// Steps the rules refused, with the rule: none, unless the habits do not fit the city's policy.
    pub refused: Vec<String>,
}

/// Where a case shall be left lying.
enum Goal {
    /// At a desk, with the area of its unit.
    Desk(Desk, AreaCode),
    State(StateKind),
}

impl Goal {
    fn desk(&self) -> Option<&Desk> {
        match self {
            Goal::Desk(desk, _) => Some(desk),
            Goal::State(_) => None,
        }
    }

    /// How long ago such a case was reported, at most.
    fn hours(&self) -> f64 {
        match self {
            Goal::Desk(desk, _) if matches!(desk.role, Role::Handler | Role::Collector) => 30.0,
            Goal::Desk(..) => 4.0,
            Goal::State(_) => 96.0,
        }
    }
}

/// How far it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Slices that are kept.
    pub slices: u32,
    pub cases: u64,
    pub facts: u64,
    pub states: BTreeMap<StateKind, u64>,
    pub waiting: BTreeMap<Desk, u32>,
    pub refused: Vec<String>,
}

impl Past {
    /// Cuts the past into slices, in order of time.
    pub fn plan(&self, world: &World) -> Vec<Slice> {
        let calendar = &world.snapshot.city.calendar;
        let last = self.until.to_zoned(calendar.zone().clone());
        let second = u32::try_from(last.hour()).unwrap_or(0) * 3_600
            + u32::try_from(last.minute()).unwrap_or(0) * 60
            + u32::try_from(last.second()).unwrap_or(0);
        let first = last.date().saturating_sub(i64::from(self.days).days());
        let mut days = Vec::new();
        let mut date = first;
        while date <= last.date() {
            let to = if date == last.date() { rhythm::share_by(world.seed, date, second) } else { 1.0 };
            days.push((date, to, rhythm::liveliness(world.seed, calendar, date) * to));
            date = date.saturating_add(1.day());
        }
        let total: f64 = days.iter().map(|(.., weight)| weight).sum();
        let shares = world.shares();
        let mut slices = Vec::new();
        let mut passed = 0.0;
        let whole = |passed: f64| (passed / total * self.cases as f64).round() as u64;
        for (date, to, weight) in days {
            for (region, share) in &shares {
                let before = whole(passed);
                passed += weight * share;
                let cases = u32::try_from(whole(passed) - before).unwrap_or(u32::MAX);
                let parts = cases.div_ceil(SLICE);
                for part in 0..parts {
                    let cut = |part: u32| u64::from(cases) * u64::from(part) / u64::from(parts);
                    let along = |part: u32| cut(part) as f64 / f64::from(cases) * to;
                    slices.push(Slice {
                        no: u32::try_from(slices.len()).unwrap_or(u32::MAX),
                        date,
                        region: *region,
                        cases: u32::try_from(cut(part + 1) - cut(part)).unwrap_or(0),
                        before: cut(part),
                        from: along(part),
                        to: along(part + 1),
                    });
                }
            }
        }
        slices
    }

    /// Cases of each region's days.
    fn counts(&self, world: &World) -> BTreeMap<(RegionId, Date), u64> {
        let mut counts = BTreeMap::new();
        for slice in self.plan(world) {
            *counts.entry((slice.region, slice.date)).or_default() += u64::from(slice.cases);
        }
        counts
    }
}

impl World {
    /// Makes a slice; `first` is the number of the first case of the region's day.
    ///
    /// # Errors
    /// When nothing is published any more.
    pub fn tell(&self, slice: &Slice, first: u64, until: Timestamp, random: &Replayed) -> Result<Told, AppError> {
        let key = [hash("slice"), u64::from(slice.region.0), u64::from(slice.no), hash(&slice.date.to_string())];
        random.begin(&key);
        let mut dice = Dice::new(self.seed, &key);
        let mut told = Told::default();
        let mut recent = Vec::new();
        let zone = self.snapshot.city.calendar.zone();
        let midnight = slice.date.to_zoned(zone.clone()).map_or(until, |midnight| midnight.timestamp());
        let count = f64::from(slice.cases);
        for no in 0..slice.cases {
            let share = slice.from + (slice.to - slice.from) * (f64::from(no) + dice.unit()) / count;
            let second = rhythm::second_at(self.seed, slice.date, share);
            let ms = i64::from(second) * 1_000 + i64::try_from(dice.between(0, 1_000)).unwrap_or(0);
            let at = midnight.checked_add(SignedDuration::from_millis(ms)).unwrap_or(until).min(until);
            let begun = (0..8).find_map(|_| self.report(slice.region, at, &mut recent, &mut dice));
            let Some(begun) = begun else { continue };
            let no = first + slice.before + u64::from(no);
            let history =
                self.story(&begun, until, |region| number(region, slice.date, no), &mut told.refused, |_| false)?;
            told.take(history);
        }
        Ok(told)
    }

    /// Tells one case from its first word on, until nothing more happens by `until`, or `enough` says so.
    fn story(
        &self,
        begun: &Begun,
        until: Timestamp,
        number: impl FnOnce(RegionId) -> String,
        refused: &mut Vec<String>,
        enough: impl Fn(&Case) -> bool,
    ) -> Result<History<'_>, AppError> {
        let mut history = self.app.history(&begun.by, begun.at, Recorded::AsTold(until), number, &begun.new)?;
        let habits = self.habits(Pace::LIFELIKE);
        for _ in 0..STEPS_MOST {
            if enough(&history.case) {
                break;
            }
            let next = habits.next(&history.case, &begun.truth);
            let Some(next) = due(next, &history.case, until) else { break };
            match history.step(&next.by.actor(), next.at, &next.step) {
                Ok(()) => {}
                Err(AppError::Refused(refusal)) => {
                    let state = history.case.state.kind().code();
                    refused.push(format!("{state}: {} by {}", next.step.command.step().code(), refusal.rule.code()));
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(history)
    }

    /// Cases that still wait at each desk somebody can sit down at, and in each state a case can wait in, where fewer
    /// than `least` do.
    ///
    /// # Errors
    /// When nothing is published any more.
    fn leave_work(
        &self,
        so_far: &Progress,
        least: u32,
        until: Timestamp,
        random: &Replayed,
        numbers: &mut Blocks,
    ) -> Result<BTreeMap<RegionId, Told>, AppError> {
        random.begin(&[hash("left")]);
        let mut dice = Dice::named(self.seed, "left");
        let mut left: BTreeMap<RegionId, Told> = BTreeMap::new();
        let mut waiting = so_far.waiting.clone();
        let mut states = so_far.states.clone();
        let city = &self.snapshot.city;
        for goal in self.goals() {
            let classes = goal.desk().map_or_else(|| self.classes_for(None), |desk| self.classes_for(Some(desk)));
            for _ in 0..TRIES {
                let count = match &goal {
                    Goal::Desk(desk, _) => waiting.get(desk).copied().unwrap_or(0),
                    Goal::State(state) => {
                        states.get(state).map_or(0, |count| u32::try_from(*count).unwrap_or(u32::MAX))
                    }
                };
                if count >= least {
                    break;
                }
                let ago = SignedDuration::from_millis((goal.hours() * dice.unit() * 3_600_000.0) as i64);
                let at = until.checked_sub(ago).unwrap_or(until);
                let area = match &goal {
                    Goal::Desk(_, area) => Some(area.clone()),
                    Goal::State(_) => dice.pick(&self.regions()).cloned(),
                };
                let Some((class, area)) = dice.pick(&classes).zip(area) else { break };
                let Some(begun) = self.report_of(class, &area, at, &mut dice) else { continue };
                let is_reached = |case: &Case| match &goal {
                    Goal::Desk(desk, _) => case.tasks(city).iter().any(|task| task.desk == *desk),
                    // Nobody leaves a case like that for long.
                    Goal::State(state) => {
                        case.state.kind() == *state && until.duration_since(case.changed_at).as_hours() < 10
                    }
                };
                let date = at.to_zoned(city.calendar.zone().clone()).date();
                let number = |region| numbers.next(region, date);
                let history = self.story(&begun, until, number, &mut Vec::new(), is_reached)?;
                if !is_reached(&history.case) {
                    continue;
                }
                numbers.use_up(history.case.region, date);
                for task in history.case.tasks(city) {
                    *waiting.entry(task.desk).or_default() += 1;
                }
                *states.entry(history.case.state.kind()).or_default() += 1;
                left.entry(history.case.region).or_default().take(history);
            }
        }
        Ok(left)
    }

    fn goals(&self) -> Vec<Goal> {
        let city = &self.snapshot.city;
        let unused = city.policy.unused_states();
        let works = |role: Role| !matches!(role.axis(), Axis::Oversight | Axis::Administration);
        let desks = self.staff.shown().filter(|(role, _)| works(*role)).filter_map(|(role, unit)| {
            let area = city.units.get(unit)?.area.clone();
            Some(Goal::Desk(Desk { role: *role, unit: unit.clone() }, area))
        });
        let states = StateKind::ALL.iter().filter(|state| state.is_open() && !unused.contains(state));
        desks.chain(states.map(|state| Goal::State(*state))).collect()
    }

    fn regions(&self) -> Vec<AreaCode> {
        let regions = self.shares().into_iter().filter_map(|(region, _)| self.snapshot.region_area(region));
        regions.cloned().collect()
    }

    /// Classes that lead a case to a desk.
    fn classes_for(&self, desk: Option<&Desk>) -> Vec<ClassCode> {
        let city = &self.snapshot.city;
        let Some(catalogue) = city.catalogues.current(&city.policy.scheme) else { return Vec::new() };
        let handler = desk.filter(|desk| desk.role == Role::Handler);
        let kind = handler.and_then(|desk| city.units.get(&desk.unit)).map(|unit| &unit.kind);
        self.texts
            .families
            .iter()
            .flat_map(|family| family.classes.keys())
            .filter(|class| {
                let responsible = catalogue.get(class).map(|class| class.responsible.as_slice()).unwrap_or_default();
                kind.is_none_or(|kind| responsible.contains(kind))
            })
            .cloned()
            .collect()
    }
}

impl Told {
    fn take(&mut self, history: History<'_>) {
        let city = &history.snapshot().city;
        for task in history.case.tasks(city) {
            *self.waiting.entry(task.desk).or_default() += 1;
        }
        *self.states.entry(history.case.state.kind()).or_default() += 1;
        self.facts += u64::from(history.case.version);
        self.batch.push(history.finish().1);
    }
}

impl Progress {
    fn add(&mut self, told: &Told) {
        self.cases += told.states.values().sum::<u64>();
        self.facts += told.facts;
        for (state, count) in &told.states {
            *self.states.entry(*state).or_default() += count;
        }
        for (desk, count) in &told.waiting {
            *self.waiting.entry(desk.clone()).or_default() += count;
        }
        self.refused.extend(told.refused.iter().take(100usize.saturating_sub(self.refused.len())).cloned());
    }
}

/// Numbers of a region's day, taken from the store in blocks.
struct Blocks {
    app: Arc<App>,
    blocks: BTreeMap<(RegionId, Date), (u64, u64)>,
    failed: Option<StoreError>,
}

impl Blocks {
    const BLOCK: u32 = 20;

    /// The next number; after a failure any, and `failed` says so.
    fn next(&mut self, region: RegionId, date: Date) -> String {
        let (next, end) = self.blocks.get(&(region, date)).copied().unwrap_or((0, 0));
        if next < end {
            return number(region, date, next);
        }
        let first = taken(&self.app, region, date, Blocks::BLOCK).unwrap_or_else(|error| {
            self.failed = Some(error);
            0
        });
        self.blocks.insert((region, date), (first, first + u64::from(Blocks::BLOCK)));
        number(region, date, first)
    }

    fn use_up(&mut self, region: RegionId, date: Date) {
        if let Some((next, _)) = self.blocks.get_mut(&(region, date)) {
            *next += 1;
        }
    }
}

fn taken(app: &App, region: RegionId, date: Date, count: u32) -> Result<u64, StoreError> {
    tokio::runtime::Handle::current().block_on(app.store.upkeep().take_numbers(region, &series(date), count))
}

/// The series that today's reports take their numbers from too, so that none is given twice.
fn series(date: Date) -> String {
    format!("case {date}")
}

fn number(region: RegionId, date: Date, no: u64) -> String {
    format!("{region}{:04}{:02}{:02}{no:05}", date.year(), date.month(), date.day())
}

/// Lives through the past and keeps it, one slice being made while the one before is written. Begins after the first
/// `kept` slices, and gives the numbers that were [`Numbers::ahead`] when it was begun; `tell` hears of every slice that
/// is kept.
///
/// A slice that is there already, because it was written but not told of, is passed over.
///
/// # Errors
/// When the store fails: what was told of as kept is kept.
pub async fn live(
    world: Arc<World>,
    random: Arc<Replayed>,
    past: Past,
    numbers: &Numbers,
    kept: u32,
    tell: &mut (dyn FnMut(&Progress) + Send),
) -> Result<Progress, AppError> {
    numbers.take(&world, &past).await?;
    let numbers = numbers.clone();
    let (sender, mut receiver) = mpsc::channel::<Result<(Slice, Told), AppError>>(2);
    let app = world.app.clone();
    let making = tokio::task::spawn_blocking(move || {
        for slice in past.plan(&world).into_iter().filter(|slice| slice.no >= kept) {
            let told = world.tell(&slice, numbers.first(slice.region, slice.date), past.until, &random);
            let is_end = told.is_err();
            if sender.blocking_send(told.map(|told| (slice, told))).is_err() || is_end {
                break;
            }
        }
    });
    let mut progress = Progress { slices: kept, ..Progress::default() };
    while let Some(made) = receiver.recv().await {
        let (slice, mut told) = made?;
        let batch = std::mem::take(&mut told.batch);
        match load(app.store.as_ref(), app.now(), slice.region, batch).await {
            Ok(()) => {}
            Err(StoreError::Taken { .. } | StoreError::Stale { .. }) if slice.no == kept => {}
            Err(error) => return Err(error.into()),
        }
        progress.slices = slice.no + 1;
        progress.add(&told);
        tell(&progress);
    }
    making.await.map_err(|error| AppError::Failed(Box::new(error)))?;
    Ok(progress)
}

/// Sees to it that at least so many cases wait at each desk somebody can sit down at, and in each state.
///
/// # Errors
/// When the store fails.
pub async fn leave_work(
    world: Arc<World>,
    random: Arc<Replayed>,
    until: Timestamp,
    least: u32,
    progress: &mut Progress,
) -> Result<(), AppError> {
    let app = world.app.clone();
    let so_far = progress.clone();
    let left = tokio::task::spawn_blocking(move || {
        let mut numbers = Blocks { app: world.app.clone(), blocks: BTreeMap::new(), failed: None };
        let left = world.leave_work(&so_far, least, until, &random, &mut numbers)?;
        numbers.failed.map_or(Ok(left), |error| Err(AppError::from(error)))
    })
    .await
    .map_err(|error| AppError::Failed(Box::new(error)))??;
    for (region, mut told) in left {
        match load(app.store.as_ref(), app.now(), region, std::mem::take(&mut told.batch)).await {
            // Left there before the last attempt was broken off.
            Ok(()) | Err(StoreError::Taken { .. } | StoreError::Stale { .. }) => progress.add(&told),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
