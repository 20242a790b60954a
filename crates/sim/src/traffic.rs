//! A present for a made-up city: residents report and staff act at their desks while somebody watches.
//!
//! Everything goes through the same doors as a visitor's own steps. What a visitor has touched is left alone for a
//! while, and some work is always left at the desks a visitor can sit down at. Start at [`Traffic::tick`].

use crate::{
    dice::Dice,
    habits::{By, Next, Pace, Truth},
    rhythm,
    town::Member,
    world::{Begun, Recent, World},
};
use gewu_app::{
    AppError, Caller, Event, Identity,
    cases::{CaseAddress, PhotoName},
};
use gewu_domain::{
    case::{Case, StateKind},
    ids::{CaseId, RegionId, UnitCode},
    people::Role,
};
use gewu_store::{Page, cases::CaseFilter};
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};
use tokio::sync::broadcast::{Receiver, error::TryRecvError};

/// How lively, and how considerate.
#[derive(Debug, Clone, Copy)]
pub struct Manners {
    pub reports_per_day: f64,
    pub pace: Pace,
    /// What would have happened in a longer break than this is not made up for, by the demonstration's clock.
    pub catch_up: SignedDuration,
    /// How long a case is left alone that a visitor has touched, by the demonstration's clock.
    pub leave_alone: SignedDuration,
    /// Cases left at each desk a visitor can sit down at.
    pub leave_at_desk: usize,
}

/// How much of what is reported comes as evenly as a clock ticks: a night in which nothing happens would be true to life,
/// and nothing to look at. The rest has the day's rhythm.
const STEADY: f64 = 0.8;

/// What happens from now on.
pub struct Traffic {
    world: Arc<World>,
    manners: Manners,
    events: Receiver<Event>,
    waiting: BTreeSet<(Timestamp, CaseId)>,
    open: HashMap<CaseId, Open>,
    recent: BTreeMap<RegionId, Vec<Recent>>,
    /// How much of a report is still missing until the next one.
    missing: BTreeMap<RegionId, f64>,
    dice: Dice,
    last: Timestamp,
    is_behind: bool,
}

/// A case that somebody will do something about.
struct Open {
    region: RegionId,
    at: Timestamp,
    /// The desk whose turn it is.
    desk: Option<(Role, UnitCode)>,
    truth: Truth,
    /// Changed by us up to here; what is beyond was done by somebody else.
    version: u32,
}

/// What one round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moved {
    pub reports: u32,
    pub steps: u32,
}

impl Traffic {
    /// Looks at everything that is open and begins from there.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn begin(world: Arc<World>, manners: Manners) -> Result<Traffic, AppError> {
        let now = world.app.now();
        let mut traffic = Traffic {
            events: world.app.events(),
            dice: Dice::new(world.seed, &[u64::try_from(now.as_millisecond()).unwrap_or(0)]),
            world,
            manners,
            waiting: BTreeSet::new(),
            open: HashMap::new(),
            recent: BTreeMap::new(),
            missing: BTreeMap::new(),
            last: now,
            is_behind: false,
        };
        traffic.look_around(now).await?;
        Ok(traffic)
    }

    /// One round: whatever has come due since the last.
    ///
    /// # Errors
    /// When the store fails; a case the rules are against is dropped until somebody changes it.
    pub async fn tick(&mut self) -> Result<Moved, AppError> {
        let now = self.world.app.now();
        let mut moved = Moved::default();
        if let Ok(earliest) = now.checked_sub(self.manners.catch_up)
            && self.last < earliest
        {
            self.last = earliest;
            self.is_behind = true;
        }
        self.hear(now).await?;
        for begun in self.reports(now) {
            if self.report(begun).await? {
                moved.reports += 1;
            }
        }
        while let Some((_, id)) = self.waiting.first().copied().filter(|(at, _)| *at <= now) {
            if self.act(id, now).await? {
                moved.steps += 1;
            }
        }
        self.hear(now).await?;
        self.last = now;
        Ok(moved)
    }

    /// Reads every open case anew.
    async fn look_around(&mut self, now: Timestamp) -> Result<(), AppError> {
        self.waiting.clear();
        let world = self.world.clone();
        let known: HashMap<CaseId, Truth> = self.open.drain().map(|(id, open)| (id, open.truth)).collect();
        let states = StateKind::ALL.iter().copied().filter(|state| state.is_open()).collect();
        let filter = CaseFilter { states, ..CaseFilter::default() };
        for (region, _) in world.shares() {
            let mut page = Page::first(200);
            loop {
                let view = world.app.store.view(region).await?;
                let listing = view.cases(&filter, &page).await?;
                for row in listing.rows {
                    if let Some(case) = view.case(row.id).await? {
                        let truth = known.get(&row.id).cloned();
                        let words = row.excerpt.unwrap_or_default();
                        let truth = truth.unwrap_or_else(|| world.suppose(&case, &words));
                        self.expect(&case, truth, now, now);
                    }
                }
                match listing.next {
                    Some(next) => page = page.after(next),
                    None => break,
                }
            }
        }
        Ok(())
    }

    /// Notes what comes next about a case, not before `earliest`.
    fn expect(&mut self, case: &Case, truth: Truth, now: Timestamp, earliest: Timestamp) {
        self.forget(case.id);
        let next = self.world.habits(self.manners.pace).next(case, &truth);
        let Some(next) = next.filter(|next| !matches!(next.by, By::Timer)) else { return };
        // What has been left lying is not all taken up in the same minute.
        let soon = if next.at > now { next.at } else { self.in_minutes(now, 1.0, 40.0) };
        let at = soon.max(earliest);
        self.waiting.insert((at, case.id));
        self.open.insert(case.id, Open { region: case.region, at, desk: desk(&next), truth, version: case.version });
    }

    fn forget(&mut self, id: CaseId) -> Option<Open> {
        let open = self.open.remove(&id)?;
        self.waiting.remove(&(open.at, id));
        Some(open)
    }

    fn in_minutes(&mut self, now: Timestamp, from: f64, to: f64) -> Timestamp {
        crate::habits::later(now, from + self.dice.unit() * (to - from))
    }

    /// Hears what others did: visitors, and the timers of the house.
    async fn hear(&mut self, now: Timestamp) -> Result<(), AppError> {
        let mut touched = BTreeMap::new();
        loop {
            match self.events.try_recv() {
                Ok(event) => {
                    let is_ours = self.open.get(&event.case).is_some_and(|open| event.version <= open.version);
                    if !is_ours && !matches!(event.state, StateKind::NotAccepted | StateKind::Void) {
                        touched.insert(event.case, event.region);
                    }
                }
                Err(TryRecvError::Lagged(_)) => self.is_behind = true,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        if std::mem::take(&mut self.is_behind) {
            return self.look_around(now).await;
        }
        let earliest = now.checked_add(self.manners.leave_alone).unwrap_or(now);
        for (id, region) in touched {
            self.look_at(region, id, now, earliest).await?;
        }
        Ok(())
    }

    async fn look_at(
        &mut self,
        region: RegionId,
        id: CaseId,
        now: Timestamp,
        earliest: Timestamp,
    ) -> Result<(), AppError> {
        let view = self.world.app.store.view(region).await?;
        let case = view.case(id).await?;
        let words = view.case_rows(&[id]).await?.pop().and_then(|row| row.excerpt).unwrap_or_default();
        drop(view);
        let Some(case) = case else { return Ok(()) };
        let known = self.forget(id).map(|open| open.truth);
        let truth = known.unwrap_or_else(|| self.world.suppose(&case, &words));
        self.expect(&case, truth, now, earliest);
        Ok(())
    }

    /// What is reported between the last round and this.
    fn reports(&mut self, now: Timestamp) -> Vec<Begun> {
        let calendar = self.world.snapshot.city.calendar.clone();
        let share = |at: Timestamp| {
            let local = at.to_zoned(calendar.zone().clone());
            let second =
                u32::try_from(at.duration_since(local.start_of_day().map_or(at, |day| day.timestamp())).as_secs());
            (local.date(), rhythm::share_by(self.world.seed, local.date(), second.unwrap_or(0).min(86_399)))
        };
        let ((before, from), (today, to)) = (share(self.last), share(now));
        let part = if before == today { to - from } else { (1.0 - from).max(0.0) + to };
        let lively = part * rhythm::liveliness(self.world.seed, &calendar, today);
        let even = now.duration_since(self.last).as_secs_f64() / 86_400.0;
        let expected = self.manners.reports_per_day * (STEADY * even + (1.0 - STEADY) * lively);
        let mut begun = Vec::new();
        for (region, share) in self.world.shares() {
            let recent = self.recent.entry(region).or_default();
            let missing = self.missing.entry(region).or_insert_with(|| self.dice.unit());
            *missing -= expected * share;
            while *missing < 0.0 {
                *missing += 0.7 + 0.6 * self.dice.unit();
                begun.extend(self.world.report(region, now, recent, &mut self.dice));
            }
        }
        begun
    }

    async fn report(&mut self, begun: Begun) -> Result<bool, AppError> {
        let caller = match (&begun.reporter, begun.new.source) {
            (Some(member), _) => at_desk(member),
            (None, gewu_domain::case::Source::Resident) => Caller::public("demo"),
            (None, _) => Caller::system(),
        };
        let now = self.world.app.now();
        let mut new = begun.new;
        new.photos = self.brought(&caller, new.photos).await?;
        let receipt = match self.world.app.report(&caller, None, new).await {
            Ok(receipt) => receipt,
            Err(AppError::Refused(refused)) => {
                tracing::debug!(rule = refused.rule.code(), "a made-up report was refused");
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        let view = self.world.app.store.view(receipt.region).await?;
        let case = view.case(receipt.id).await?;
        drop(view);
        if let Some(case) = case {
            self.expect(&case, begun.truth, now, now);
        }
        Ok(true)
    }

    /// The album's pictures, brought as whoever names them would bring theirs.
    async fn brought(&self, caller: &Caller, photos: Vec<PhotoName>) -> Result<Vec<PhotoName>, AppError> {
        let app = &self.world.app;
        let mut brought = Vec::new();
        for photo in photos {
            let PhotoName::Kept(kept) = photo else { continue };
            let mut bytes = app.blobs.get(kept.digest).await?.ok_or(AppError::NotFound)?;
            // No camera gives the same file twice: what follows the end of a JPEG is part of the file, not of the picture.
            let mut taken = [0; 8];
            app.random.fill(&mut taken);
            bytes.extend(taken);
            brought.push(PhotoName::Upload(app.upload(caller, bytes).await?.token));
        }
        Ok(brought)
    }

    /// Lets somebody do the next thing about a case.
    async fn act(&mut self, id: CaseId, now: Timestamp) -> Result<bool, AppError> {
        let Some(open) = self.forget(id) else { return Ok(false) };
        if let Some((role, unit)) = &open.desk
            && self.world.staff.is_shown(*role, unit)
            && self.open.values().filter(|other| other.desk == open.desk).count() < self.manners.leave_at_desk
        {
            let at = self.in_minutes(now, 15.0, 45.0);
            self.waiting.insert((at, id));
            self.open.insert(id, Open { at, ..open });
            return Ok(false);
        }
        let view = self.world.app.store.view(open.region).await?;
        let case = view.case(id).await?;
        drop(view);
        let Some(case) = case else { return Ok(false) };
        if case.version > open.version {
            // A visitor was faster; the event that says so is on its way.
            let earliest = now.checked_add(self.manners.leave_alone).unwrap_or(now);
            self.expect(&case, open.truth, now, earliest);
            return Ok(false);
        }
        let Some(next) = self.world.habits(self.manners.pace).next(&case, &open.truth) else { return Ok(false) };
        let caller = match &next.by {
            By::Staff(member) => at_desk(member),
            By::Reporter => Caller { identity: Identity::Reporter { case: id }, origin: "demo".to_owned() },
            By::Timer => return Ok(false),
        };
        let mut step = next.step;
        step.version = Some(case.version);
        step.photos = self.brought(&caller, step.photos).await?;
        let address = CaseAddress { region: open.region, id };
        match self.world.app.act(&caller, address, None, step).await {
            Ok(_) => {}
            Err(AppError::Refused(refused)) => {
                tracing::debug!(rule = refused.rule.code(), "a made-up step was refused");
                return Ok(false);
            }
            // The city was published anew, and who has it does not see it any more: it waits for somebody to change it.
            Err(AppError::NotFound) => return Ok(false),
            Err(AppError::Conflict) => {
                let earliest = now.checked_add(self.manners.leave_alone).unwrap_or(now);
                self.look_at(open.region, id, now, earliest).await?;
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
        let view = self.world.app.store.view(open.region).await?;
        let after = view.case(id).await?;
        drop(view);
        if let Some(after) = after {
            self.expect(&after, open.truth, now, now);
        }
        Ok(true)
    }
}

fn at_desk(member: &Member) -> Caller {
    let identity = Identity::Staff { person: member.post.person, session: None, post: member.post.clone() };
    Caller { identity, origin: "demo".to_owned() }
}

fn desk(next: &Next) -> Option<(Role, UnitCode)> {
    match &next.by {
        By::Staff(member) => Some((member.post.role, member.post.unit.clone())),
        By::Reporter | By::Timer => None,
    }
}
