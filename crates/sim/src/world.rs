//! A made-up city come alive: where things happen, who is there, and how a report comes about.
//!
//! Start at [`World::new`]; [`crate::days`] makes a past of it, [`crate::traffic`] a present.

use crate::{
    dice::{Dice, hash},
    habits::{Habits, Pace, Truth, later},
    photos::Album,
    rhythm,
    staff::Staff,
    texts::{Family, Surroundings, Texts, address},
    town::Member,
};
use gewu_app::{
    App, AppError,
    cases::report::{Contact, NewReport},
    city::Snapshot,
    locate::Location,
};
use gewu_domain::{
    area::{AreaClass, GridKind},
    case::{Case, Source},
    ids::{AreaCode, ClassCode, RegionId},
    people::{Actor, Axis, Role},
};
use gewu_geo::{datum::Point, shape::Shape};
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

/// How many places of a region have a trouble that keeps coming back.
const HOT_SPOTS: usize = 30;

/// Everything there is in the city but its cases.
pub struct World {
    pub app: Arc<App>,
    pub seed: u64,
    pub staff: Staff,
    pub texts: Texts,
    pub album: Album,
    pub snapshot: Arc<Snapshot>,
    surroundings: BTreeMap<AreaCode, Surroundings>,
    quarters: BTreeMap<RegionId, Quarter>,
    /// Real requests that come again, where there are any: then nothing is made up but who handles them.
    real: BTreeMap<RegionId, Vec<Real>>,
}

/// A request somebody really made.
#[derive(Debug, Clone, PartialEq)]
pub struct Real {
    pub point: (f64, f64),
    pub class: ClassCode,
    pub words: String,
    pub address: String,
}

/// A region as the ground on which things happen.
struct Quarter {
    /// Deepest areas with how much happens there.
    leaves: Vec<(AreaCode, f64)>,
    hot: Vec<HotSpot>,
    households: f64,
}

#[derive(Debug, Clone)]
struct HotSpot {
    area: AreaCode,
    point: (f64, f64),
    class: ClassCode,
    weight: f64,
}

/// A report in the making, with what is really the matter.
#[derive(Debug, Clone)]
pub struct Begun {
    pub at: Timestamp,
    pub by: Actor,
    pub reporter: Option<Member>,
    pub new: NewReport,
    pub truth: Truth,
}

/// What was reported a short while ago, for those who report it again.
#[derive(Debug, Clone)]
pub struct Recent {
    at: Timestamp,
    point: (f64, f64),
    truth: Truth,
}

impl World {
    /// Looks the city over as it is published now.
    ///
    /// # Errors
    /// When nothing is published.
    pub fn new(app: Arc<App>, seed: u64, people: &[Member], album: Album) -> Result<World, AppError> {
        World::speaking(app, seed, people, album, Texts::shipped())
    }

    /// A real city, in which what was once requested is requested again.
    ///
    /// # Errors
    /// When nothing is published.
    pub fn real(
        app: Arc<App>,
        seed: u64,
        people: &[Member],
        texts: Texts,
        requests: Vec<Real>,
    ) -> Result<World, AppError> {
        let mut world = World::speaking(app, seed, people, Album::default(), texts)?;
        let today = world.app.today();
        for request in requests {
            let at = Point::new(request.point.0, request.point.1).ok();
            let area = at.and_then(|point| world.snapshot.area_at(point, today));
            if let Some(area) = area.and_then(|area| world.snapshot.city.areas.get(area)) {
                world.real.entry(area.region).or_default().push(request);
            }
        }
        Ok(world)
    }

    fn speaking(app: Arc<App>, seed: u64, people: &[Member], album: Album, texts: Texts) -> Result<World, AppError> {
        let snapshot = app.snapshot()?;
        let areas = &snapshot.city.areas;
        let mut surroundings = BTreeMap::new();
        let mut quarters: BTreeMap<RegionId, Quarter> = BTreeMap::new();
        let is_deepest = |code: &AreaCode| areas.children(code).is_empty() && snapshot.shapes.contains_key(code);
        for area in areas.all().iter().filter(|area| is_deepest(&area.code)) {
            let path = areas.path(&area.code);
            if let Some((street, community)) = path.get(2).zip(path.get(3))
                && !surroundings.contains_key(community)
            {
                let name = areas.get(community).map_or("", |community| community.name_zh.as_str());
                surroundings.insert(community.clone(), Surroundings::of(seed, street, community, name));
            }
            let grade = match areas.class_of(&area.code) {
                AreaClass::A => 2.0,
                AreaClass::B => 1.2,
                AreaClass::C => 0.7,
            };
            let kind = match area.grid_kind {
                Some(GridKind::Micro) => 0.5,
                Some(GridKind::Dedicated { .. }) => 0.6,
                _ => 1.0,
            };
            let own = Dice::named(seed, area.code.as_str()).skewed(0.5);
            let quarter = quarters.entry(area.region).or_insert_with(|| Quarter {
                leaves: Vec::new(),
                hot: Vec::new(),
                households: 0.0,
            });
            quarter.leaves.push((area.code.clone(), grade * kind * own));
            quarter.households += f64::from(area.households.unwrap_or(60)) * grade;
        }
        for (region, quarter) in &mut quarters {
            let mut dice = Dice::new(seed, &[hash("hot spots"), u64::from(region.0)]);
            for _ in 0..HOT_SPOTS {
                let Some((area, _)) = dice.pick(&quarter.leaves).cloned() else { continue };
                let Some(shape) = snapshot.shapes.get(&area) else { continue };
                let Some(class) =
                    texts.families.get(dice.index(texts.families.len())).and_then(|family| class_of(family, &mut dice))
                else {
                    continue;
                };
                quarter.hot.push(HotSpot { point: somewhere(shape, &mut dice), area, class, weight: dice.skewed(0.9) });
            }
        }
        Ok(World {
            app,
            seed,
            staff: Staff::new(people),
            texts,
            album,
            snapshot,
            surroundings,
            quarters,
            real: BTreeMap::new(),
        })
    }

    pub fn habits(&self, pace: Pace) -> Habits<'_> {
        Habits {
            pace,
            seed: self.seed,
            staff: &self.staff,
            texts: &self.texts,
            album: &self.album,
            surroundings: &self.surroundings,
            city: &self.snapshot.city,
        }
    }

    /// The regions with their shares of what happens.
    pub fn shares(&self) -> Vec<(RegionId, f64)> {
        let total: f64 = self.quarters.values().map(|quarter| quarter.households).sum();
        self.quarters.iter().map(|(region, quarter)| (*region, quarter.households / total)).collect()
    }

    /// A report of this moment in a region; `recent` is what came in a short while ago, oldest first.
    pub fn report(&self, region: RegionId, at: Timestamp, recent: &mut Vec<Recent>, dice: &mut Dice) -> Option<Begun> {
        if !self.real.is_empty() {
            return self.again(region, at, dice);
        }
        recent.retain(|earlier| at.duration_since(earlier.at).as_hours() < 8);
        let local = at.to_zoned(self.snapshot.city.calendar.zone().clone());
        let hour = u8::try_from(local.hour()).unwrap_or(12);
        let source = rhythm::source(hour, dice);
        let again = (source != Source::Patrol && dice.chance(0.12)).then(|| dice.pick(recent).cloned()).flatten();
        let (point, truth) = match again {
            Some(earlier) => {
                let mut truth = earlier.truth;
                truth.is_repeat = true;
                (near(earlier.point, 40.0, dice), truth)
            }
            None => self.trouble(region, hour, rhythm::is_wet(self.seed, local.date(), hour), source, dice)?,
        };
        let (point, truth) = self.kept_within(region, at, point, truth)?;
        if !truth.is_repeat {
            recent.push(Recent { at, point, truth: truth.clone() });
        }
        self.told(source, at, point, truth, dice)
    }

    /// A real request, made once more.
    fn again(&self, region: RegionId, at: Timestamp, dice: &mut Dice) -> Option<Begun> {
        let request = dice.pick(self.real.get(&region)?)?.clone();
        let area = self.area_at(request.point, at)?.clone();
        let truth = self.truth(request.class, area, dice);
        let centre = self.snapshot.city.centre(Axis::Supervision, &self.snapshot.city.areas.path(&truth.area), 0)?;
        let by_phone = dice.chance(0.5);
        let reporter = if by_phone { self.staff.at(Role::Acceptor, &centre, &BTreeSet::new(), dice) } else { None };
        Some(Begun {
            at,
            by: reporter.map_or(Actor::Reporter, Member::actor),
            reporter: reporter.cloned(),
            new: NewReport {
                source: if by_phone { Source::Hotline } else { Source::Resident },
                location: Location {
                    point: Some(request.point),
                    address: Some(request.address).filter(|address| !address.is_empty()),
                    ..Location::default()
                },
                class: Some(truth.class.clone()),
                words: request.words,
                photos: Vec::new(),
                contact: Contact::default(),
                is_confidential: false,
                is_urgent: false,
                is_fixed_on_spot: false,
            },
            truth,
        })
    }

    fn area_at(&self, point: (f64, f64), at: Timestamp) -> Option<&AreaCode> {
        let day = at.to_zoned(self.snapshot.city.calendar.zone().clone()).date();
        self.snapshot.area_at(Point::new(point.0, point.1).ok()?, day)
    }

    /// The point with the area it lies in; the middle of the area meant when it has strayed from the region.
    fn kept_within(
        &self,
        region: RegionId,
        at: Timestamp,
        point: (f64, f64),
        truth: Truth,
    ) -> Option<((f64, f64), Truth)> {
        let areas = &self.snapshot.city.areas;
        let found = self.area_at(point, at);
        match found.filter(|area| areas.get(area).is_some_and(|area| area.region == region)) {
            Some(area) => Some((point, Truth { area: area.clone(), ..truth })),
            None => {
                let middle = self.snapshot.shapes.get(&truth.area)?.point_on_surface();
                Some(((middle.lon(), middle.lat()), truth))
            }
        }
    }

    /// A report of a certain class, somewhere in a certain area or below it.
    pub fn report_of(&self, class: &ClassCode, area: &AreaCode, at: Timestamp, dice: &mut Dice) -> Option<Begun> {
        let areas = &self.snapshot.city.areas;
        let region = areas.get(area)?.region;
        let leaves: Vec<&AreaCode> = self
            .quarters
            .iter()
            .filter(|(other, _)| **other == region || areas.get(area).is_some_and(|area| area.parent.is_none()))
            .flat_map(|(_, quarter)| &quarter.leaves)
            .map(|(leaf, _)| leaf)
            .filter(|leaf| areas.is_within(leaf, area))
            .collect();
        let leaf = (*dice.pick(&leaves)?).clone();
        let point = somewhere(self.snapshot.shapes.get(&leaf)?, dice);
        let truth = self.truth(class.clone(), leaf, dice);
        let source = *dice.pick(&[Source::Patrol, Source::Resident, Source::Hotline])?;
        self.told(source, at, point, Truth { is_so: true, ..truth }, dice)
    }

    /// What is the matter, and where.
    fn trouble(
        &self,
        region: RegionId,
        hour: u8,
        is_wet: bool,
        source: Source,
        dice: &mut Dice,
    ) -> Option<((f64, f64), Truth)> {
        let quarter = self.quarters.get(&region)?;
        let weight = |family: &Family| {
            let [from, to] = family.hours;
            let in_time = if (from..to).contains(&hour) { 1.0 } else { 0.08 };
            let wet = if is_wet { family.rain } else { 1.0 };
            let fits = match (source, family.name.as_str()) {
                (Source::Sensor, "flood" | "manhole" | "lamp" | "sewage" | "water" | "site") => 1.0,
                (Source::Sensor, _) => 0.0,
                _ => 1.0,
            };
            family.classes.values().sum::<f64>() * in_time * wet * fits
        };
        let weights: Vec<f64> = self.texts.families.iter().map(weight).collect();
        if source != Source::Sensor && dice.chance(0.16) {
            let spot =
                quarter.hot.get(dice.weighted(quarter.hot.iter().map(|spot| spot.weight).collect::<Vec<_>>()))?;
            let truth = self.truth(spot.class.clone(), spot.area.clone(), dice);
            return Some((near(spot.point, 15.0, dice), truth));
        }
        let family = self.texts.families.get(dice.weighted(weights))?;
        // A device knows one thing.
        let class = match source {
            Source::Sensor => family.commonest()?.clone(),
            _ => class_of(family, dice)?,
        };
        let (leaf, _) = quarter.leaves.get(dice.weighted(quarter.leaves.iter().map(|(_, weight)| *weight)))?;
        let point = somewhere(self.snapshot.shapes.get(leaf)?, dice);
        Some((point, self.truth(class, leaf.clone(), dice)))
    }

    fn truth(&self, class: ClassCode, area: AreaCode, dice: &mut Dice) -> Truth {
        let scheme = &self.snapshot.city.policy.scheme;
        let conditions = self
            .snapshot
            .city
            .catalogues
            .current(scheme)
            .and_then(|catalogue| catalogue.get(&class))
            .map(|class| class.conditions.as_slice())
            .unwrap_or_default();
        // What is urgent is rarer than the rest.
        let weights: Vec<f64> = conditions
            .iter()
            .map(|condition| if condition.urgent && conditions.len() > 1 { 0.35 } else { 1.0 })
            .collect();
        let condition = conditions.get(dice.weighted(weights)).map_or(1, |condition| condition.no);
        Truth { class, condition, is_so: dice.chance(0.93), is_repeat: false, area }
    }

    fn told(&self, source: Source, at: Timestamp, point: (f64, f64), truth: Truth, dice: &mut Dice) -> Option<Begun> {
        let family = self.texts.family_of(&truth.class)?;
        let path = self.snapshot.city.areas.path(&truth.area);
        let around = path.iter().find_map(|area| self.surroundings.get(area))?;
        let is_fixed_on_spot = source == Source::Patrol
            && matches!(family.name.as_str(), "posters" | "bikes" | "rubbish" | "piles" | "stalls")
            && dice.chance(0.16)
            && !truth.is_repeat;
        let said = family.said_of(&truth.class);
        let words = match source {
            Source::Patrol => self.texts.one_of(said.patrol, around, dice),
            Source::Hotline => self.texts.one_of(said.call, around, dice),
            Source::Sensor => sensed(family),
            Source::Leader => format!("领导批示：{}", without_caller(&self.texts.one_of(said.call, around, dice))),
            Source::Media => format!("媒体反映：{}", without_caller(&self.texts.one_of(said.call, around, dice))),
            Source::Resident | Source::System => self.texts.one_of(said.say, around, dice),
        };
        let has_photo = match source {
            Source::Patrol => true,
            Source::Resident => dice.chance(0.62),
            Source::System | Source::Media => dice.chance(0.3),
            _ => false,
        };
        let photos = if has_photo { self.album.before(&family.photo, dice) } else { Vec::new() };
        let collectors = self.snapshot.city.collectors_for(&path);
        let centre = self.snapshot.city.centre(Axis::Supervision, &path, 0);
        let nobody = BTreeSet::new();
        let reporter = match source {
            Source::Patrol => self.staff.at(Role::Collector, &collectors?, &nobody, dice),
            Source::Hotline | Source::Leader | Source::Media => self.staff.at(Role::Acceptor, &centre?, &nobody, dice),
            _ => None,
        };
        let by = match (source, reporter) {
            (_, Some(member)) => member.actor(),
            (Source::Resident, None) => Actor::Reporter,
            _ => Actor::System,
        };
        let knows_class = match source {
            Source::Patrol | Source::Hotline | Source::Sensor => true,
            Source::Resident => dice.chance(0.7),
            _ => dice.chance(0.5),
        };
        let says_point = source != Source::Hotline && dice.chance(0.985) || source == Source::Patrol;
        let location = match (says_point, dice.chance(0.8)) {
            (true, _) => Location { point: Some(point), ..Location::default() },
            (false, true) => Location { area: Some(truth.area.clone()), ..Location::default() },
            (false, false) => Location { area: path.get(1).cloned(), ..Location::default() },
        };
        let location = Location { address: dice.chance(0.8).then(|| address(around, dice)), ..location };
        let is_urgent = matches!(family.name.as_str(), "gas" | "flood" | "wires" | "manhole") && dice.chance(0.25);
        let contact = match source {
            Source::Hotline => contact(dice, 0.95),
            Source::Resident => contact(dice, 0.45),
            _ => Contact::default(),
        };
        Some(Begun {
            at,
            by,
            reporter: reporter.cloned(),
            new: NewReport {
                source,
                location,
                class: knows_class.then(|| truth.class.clone()),
                words,
                photos: if is_fixed_on_spot && photos.is_empty() { return None } else { photos },
                contact,
                is_confidential: source == Source::Hotline && dice.chance(0.02),
                is_urgent,
                is_fixed_on_spot,
            },
            truth,
        })
    }

    /// What is the matter with a case somebody else reported: as its class and words say.
    pub fn suppose(&self, case: &Case, words: &str) -> Truth {
        let mut dice = Dice::named(self.seed, &case.number);
        let class = case
            .class
            .as_ref()
            .map(|class| class.code.clone())
            .or_else(|| self.texts.guess(words).cloned())
            .unwrap_or_else(|| ClassCode::new("event-01-36"));
        let area = case.place.deepest().cloned();
        let first = |region: &RegionId| self.quarters.get(region).and_then(|quarter| quarter.leaves.first());
        let leaf = first(&case.region).map(|(leaf, _)| leaf.clone()).unwrap_or_else(|| AreaCode::new(""));
        let area = area.filter(|_| case.place.is_placed).unwrap_or(leaf);
        let truth = self.truth(class, area, &mut dice);
        let condition = case.filed.as_ref().map_or(truth.condition, |filed| filed.condition);
        Truth { condition, is_so: true, ..truth }
    }
}

/// What a caller said, told by somebody else.
fn without_caller(call: &str) -> &str {
    ["来电人反映", "来电反映", "来电人称"].iter().find_map(|caller| call.strip_prefix(caller)).unwrap_or(call)
}

/// What a device reports about itself.
fn sensed(family: &Family) -> String {
    let what = match family.name.as_str() {
        "flood" => "积水监测点水位超过警戒值",
        "manhole" => "井盖倾角传感器报警",
        "lamp" => "单灯控制器上报：灯具故障",
        "sewage" => "管网液位计超高",
        "water" => "管网压力异常下降",
        _ => "扬尘噪声监测超标",
    };
    format!("{what}（设备自动上报）")
}

fn contact(dice: &mut Dice, chance: f64) -> Contact {
    if !dice.chance(chance) {
        return Contact::default();
    }
    let surname = dice.pick(&crate::names::SURNAMES).copied().unwrap_or_default();
    let title = if dice.chance(0.5) { "先生" } else { "女士" };
    // 129 is no prefix of any operator: the number is nobody's.
    Contact {
        name: format!("{surname}{title}"),
        phone: format!("129{:08}", dice.between(0, 100_000_000)),
        email: String::new(),
    }
}

fn class_of(family: &Family, dice: &mut Dice) -> Option<ClassCode> {
    let chosen = dice.weighted(family.classes.values().copied());
    family.classes.keys().nth(chosen).cloned()
}

/// A point in a shape, any as likely as any other.
fn somewhere(shape: &Shape, dice: &mut Dice) -> (f64, f64) {
    let bbox = shape.bbox();
    for _ in 0..40 {
        let (lon, lat) =
            (bbox.west + dice.unit() * (bbox.east - bbox.west), bbox.south + dice.unit() * (bbox.north - bbox.south));
        if let Ok(point) = Point::new(to_e7(lon), to_e7(lat))
            && shape.covers(point)
        {
            return (point.lon(), point.lat());
        }
    }
    let point = shape.point_on_surface();
    (point.lon(), point.lat())
}

fn near((lon, lat): (f64, f64), reach_m: f64, dice: &mut Dice) -> (f64, f64) {
    let (north, east) = (dice.bell() * reach_m / 111_000.0, dice.bell() * reach_m / 87_000.0);
    (to_e7(lon + east), to_e7(lat + north))
}

/// As precise as a telephone says it.
fn to_e7(degrees: f64) -> f64 {
    (degrees * 1e7).round() / 1e7
}

/// Random bytes for the house that can be begun again at a key, so that the same part of a past is the same whenever it
/// is made.
#[derive(Debug)]
pub struct Replayed {
    dice: Mutex<Dice>,
    seed: u64,
}

impl Replayed {
    pub fn new(seed: u64) -> Replayed {
        Replayed { dice: Mutex::new(Dice::new(seed, &[])), seed }
    }

    pub fn begin(&self, key: &[u64]) {
        *self.dice.lock().expect("no holder panics while storing a number") = Dice::new(self.seed, key);
    }
}

impl gewu_app::clock::Random for Replayed {
    fn fill(&self, bytes: &mut [u8]) {
        let mut dice = self.dice.lock().expect("no holder panics while throwing dice");
        for chunk in bytes.chunks_mut(8) {
            for (byte, random) in chunk.iter_mut().zip(dice.throw().to_le_bytes()) {
                *byte = random;
            }
        }
    }
}

/// The next step of a story, if it happens by `until`.
pub(crate) fn due(next: Option<crate::habits::Next>, case: &Case, until: Timestamp) -> Option<crate::habits::Next> {
    let mut next = next?;
    next.at = next.at.max(later(case.changed_at, 0.05));
    (next.at <= until).then_some(next)
}
