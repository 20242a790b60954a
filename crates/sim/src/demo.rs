//! A demonstration city from nothing: published, peopled, with a past; and kept moving.
//!
//! Start at [`settle`], then [`make`], then [`move_on`].

use crate::{
    days::{self, Numbers, Past, Progress},
    habits::Pace,
    photos::Album,
    texts::Texts,
    town::{Town, move_in},
    traffic::{Manners, Traffic},
    world::{Replayed, World},
};
use gewu_app::{App, AppError, city::Publishing};
use jiff::SignedDuration;
use std::{sync::Arc, time::Duration};

/// Cases that wait at each desk somebody can sit down at, at least.
pub const LEFT_AT_DESK: u32 = 3;
/// How long a visitor's case is left alone, in the visitor's own minutes.
const LEAVE_ALONE_MINUTES: i64 = 10;
/// How long a machine may sleep, in its own minutes, before what would have happened meanwhile is let go.
const CATCH_UP_MINUTES: i64 = 5;

/// Lives through the past of a town that is settled; goes on after the first `kept` slices of a past that was broken off.
///
/// The world's house must take its random bytes from `random`. `tell` hears of every slice that is kept.
///
/// # Errors
/// When the store or the blobs fail.
pub async fn make(
    world: Arc<World>,
    random: Arc<Replayed>,
    past: Past,
    numbers: &Numbers,
    kept: u32,
    tell: &mut (dyn FnMut(&Progress) + Send),
) -> Result<Progress, AppError> {
    let mut progress = days::live(world.clone(), random.clone(), past, numbers, kept, tell).await?;
    let app = world.app.clone();
    days::leave_work(world, random, past.until, LEFT_AT_DESK, &mut progress).await?;
    app.store.upkeep().analyze().await?;
    Ok(progress)
}

/// The town published and peopled, whether that was begun before or not.
///
/// # Errors
/// When the store fails, or another city is published.
pub async fn settle(app: &App, town: &Town) -> Result<(), AppError> {
    app.publish(&gewu_app::Caller::system(), None, town.drafts(), Publishing::default()).await?;
    match move_in(app, &town.people).await {
        Ok(()) | Err(AppError::Conflict) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The town with what happens in it.
///
/// # Errors
/// When the blobs fail, or nothing is published.
pub async fn world(app: Arc<App>, town: &Town) -> Result<Arc<World>, AppError> {
    let scenes = Texts::shipped().families.into_iter().map(|family| family.photo).collect();
    let album = Album::paint(&app, scenes, town.seed).await?;
    Ok(Arc::new(World::new(app, town.seed, &town.people, album)?))
}

/// How a demonstration is kept moving whose clock runs `speed` times as fast as the world's.
pub fn manners(reports_per_day: f64, speed: i32) -> Manners {
    let by_its_clock = |minutes: i64| SignedDuration::from_mins(minutes * i64::from(speed.max(1)));
    Manners {
        reports_per_day,
        pace: Pace::LIVELY,
        catch_up: by_its_clock(CATCH_UP_MINUTES),
        leave_alone: by_its_clock(LEAVE_ALONE_MINUTES),
        leave_at_desk: usize::try_from(LEFT_AT_DESK).unwrap_or(3),
    }
}

/// Keeps a city moving for as long as it is polled. `speed` is how fast the house's clock runs; `rounds` is called after
/// each round. A round that fails is told in the log, and the next one begins anew.
pub async fn move_on(world: Arc<World>, reports_per_day: f64, speed: i32, mut rounds: impl FnMut() + Send) {
    let manners = manners(reports_per_day, speed);
    let mut every = tokio::time::interval(Duration::from_secs(1));
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut traffic: Option<Traffic> = None;
    loop {
        every.tick().await;
        let moved = match &mut traffic {
            Some(traffic) => traffic.tick().await.map(drop),
            None => Traffic::begin(world.clone(), manners).await.map(|begun| traffic = Some(begun)),
        };
        if let Err(error) = moved {
            tracing::warn!(error = &error as &dyn std::error::Error, "the demo city stumbled and goes on");
            traffic = None;
        }
        rounds();
    }
}
