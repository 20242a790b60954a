//! Use cases: what people do with the city, one file a verb.
//!
//! An [`App`] reads a view, lets `domain` decide, and hands the store one
//! value to apply. It names no database and no status code. Time, ids and
//! randomness enter here ([`clock`]) and go down as values.
//!
//! Start at [`cases::report`] (how a case begins) and [`cases::act`] (everything done to it after).

pub mod audit;
pub mod caller;
pub mod cases;
pub mod city;
pub mod clock;
pub mod doubt;
pub mod erase;
pub mod error;
pub mod import;
pub mod jobs;
pub mod keys;
pub mod locate;
pub mod meter;
pub mod numbers;
mod once;
pub mod orphans;
pub mod parts;
pub mod passwords;
pub mod people;
pub mod photos;
pub mod publications;
pub mod reach;
mod refusals;
pub mod repromise;
pub mod reseal;
pub mod sealing;
pub mod secrets;
pub mod shapes;
pub mod uploads;
pub mod verify;

pub use caller::{Caller, Identity};
pub use error::{AppError, Problem};

use city::{Shelf, Snapshot};
use clock::{Clock, Ids, Random};
use gewu_blobs::Blobs;
use gewu_domain::{
    case::StateKind,
    ids::{AreaCode, CaseId, RegionId, UnitCode},
};
use gewu_store::Store;
use jiff::{Timestamp, ToSpan, civil::Date};
use numbers::Numbers;
use serde::Serialize;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio::sync::broadcast;

/// What an installation chooses; everything a city chooses is published data instead.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Minutes without a request after which a session ends.
    pub idle_minutes: u32,
    /// Hours after the sign-in at which a session ends, however busy it is.
    pub session_hours: u32,
    pub password_cost: passwords::Cost,
    /// How long a contact is kept after it was given.
    pub contact_days: u16,
    /// How long an uploaded photo may wait for the report or step that names it.
    pub upload_hours: u16,
    /// Characters a text may have. Open311 allows 4,000 for a description, and the answers to its questions come on top.
    pub text_chars_most: usize,
    /// Topics that a channel takes, such as `case.changed`; for others nothing goes to the outbox. None as long as there is
    /// no channel.
    pub outgoing: Vec<String>,
    /// The accounts of a demonstration are listed on the sign-in page.
    pub is_demo: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            idle_minutes: 30,
            session_hours: 12,
            password_cost: passwords::Cost::default(),
            contact_days: 365,
            upload_hours: 72,
            text_chars_most: 5_000,
            outgoing: Vec::new(),
            is_demo: false,
        }
    }
}

/// How long before a calendar ends the next year should be published.
const CALENDAR_WARNING_DAYS: i32 = 60;

/// Something changed about a case; goes to the live stream after it is durable.
#[derive(Debug, Clone, Serialize)]
pub struct Event {
    pub region: RegionId,
    pub case: CaseId,
    pub version: u32,
    pub at: Timestamp,
    /// What happened, as `domain::case::Deed::code` says it.
    pub did: &'static str,
    pub state: StateKind,
    /// Root first: what listeners are filtered by.
    pub path: Vec<AreaCode>,
    pub units: Vec<UnitCode>,
}

/// The house, wired: shared by all doors.
pub struct App {
    pub store: Arc<dyn Store>,
    pub blobs: Arc<dyn Blobs>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub keyring: Arc<sealing::Keyring>,
    pub settings: Settings,
    ids: Ids,
    numbers: Numbers,
    known_clients: people::clients::Known,
    refusals: refusals::Refusals,
    snapshot: RwLock<Option<Arc<Snapshot>>>,
    /// How many publications there were, and which day it was, when they were looked at.
    looked_at: Mutex<Option<(u64, Date)>>,
    events: broadcast::Sender<Event>,
    witness: RwLock<doubt::Witness>,
    turns: Arc<photos::Turns>,
}

impl App {
    /// Wires the house and loads what is published.
    ///
    /// # Errors
    /// When the store fails or published data does not read.
    pub async fn open(
        store: Arc<dyn Store>,
        blobs: Arc<dyn Blobs>,
        keyring: Arc<sealing::Keyring>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        settings: Settings,
    ) -> Result<App, AppError> {
        let (events, _) = broadcast::channel(1_024);
        let app = App {
            store,
            blobs,
            clock,
            random,
            keyring,
            settings,
            ids: Ids::default(),
            numbers: Numbers::default(),
            known_clients: Default::default(),
            refusals: Default::default(),
            snapshot: RwLock::new(None),
            looked_at: Mutex::default(),
            events,
            witness: RwLock::default(),
            turns: photos::Turns::new(),
        };
        app.check_keys().await?;
        app.reload().await?;
        app.look_at_clock().await?;
        Ok(app)
    }

    /// Loads what is published now.
    ///
    /// # Errors
    /// When the store fails, or a published file does not read any more (then `gewu` is older than its data).
    pub async fn reload(&self) -> Result<(), AppError> {
        let shelf = Shelf::of(self.store.as_ref()).await?;
        let count = shelf.count;
        // Known from here on, also when it does not read: a second later it would not either.
        self.looked_at(count, self.today());
        if let Some(snapshot) = shelf.open(self.now()).await? {
            self.replace_snapshot(snapshot);
        }
        Ok(())
    }

    /// Loads what is published if another process has published since, or a new day has begun in the city. Asked every
    /// second: it costs one count as long as nothing is new.
    ///
    /// # Errors
    /// As [`App::reload`]; what was loaded before stays in force.
    pub async fn refresh(&self) -> Result<bool, AppError> {
        let count = self.store.city().await?.publication_count().await?;
        if *self.looked_at.lock().unwrap_or_else(PoisonError::into_inner) == Some((count, self.today())) {
            return Ok(false);
        }
        self.reload().await?;
        Ok(true)
    }

    fn looked_at(&self, count: u64, day: Date) {
        *self.looked_at.lock().unwrap_or_else(PoisonError::into_inner) = Some((count, day));
    }

    /// The published city.
    ///
    /// # Errors
    /// [`AppError::Invalid`] while nothing, or not everything, has been published.
    pub fn snapshot(&self) -> Result<Arc<Snapshot>, AppError> {
        self.snapshot.read().expect("no holder panics while copying a pointer").clone().ok_or_else(|| {
            Problem::new(
                "city",
                "city_not_published",
                "这座城市还没有发布全部数据：区域、边界、单位、类别、日历和政策，请先用 gewu import data 发布",
                "this city has not published all of its areas, boundaries, units, classes, calendar and policy: use `gewu import data` first",
            )
            .into()
        })
    }

    /// Unless one of more publications stands there already: two that load at once need not end in the order they began.
    pub(crate) fn replace_snapshot(&self, snapshot: Snapshot) {
        let (count, day) = (snapshot.count, snapshot.day);
        {
            let mut stands = self.snapshot.write().expect("no holder panics while storing a pointer");
            if stands.as_ref().is_none_or(|stands| stands.count <= count) {
                *stands = Some(Arc::new(snapshot));
            }
        }
        self.looked_at(count, day);
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The day in the city's zone; in UTC while nothing is published.
    pub fn today(&self) -> Date {
        let zone = self.snapshot().map_or(jiff::tz::TimeZone::UTC, |snapshot| snapshot.city.calendar.zone().clone());
        self.now().to_zoned(zone).date()
    }

    /// The last announced day of the calendar in force, from [`CALENDAR_WARNING_DAYS`] before it on; `None` earlier, and
    /// while nothing is published.
    pub fn calendar_ends(&self) -> Option<Date> {
        let until = self.snapshot().ok()?.city.calendar.announced_until();
        (self.today().saturating_add(CALENDAR_WARNING_DAYS.days()) >= until).then_some(until)
    }

    /// Listens to what changes. A listener that falls behind by 1,024 events is told so and reads anew.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    pub(crate) fn announce(&self, event: Event) {
        // Nobody listening is fine.
        self.events.send(event).ok();
    }
}
