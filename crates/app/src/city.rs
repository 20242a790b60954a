//! The city as it is published: loading it, and publishing new versions of its parts.
//!
//! A publication is a file as it was given. A [`Snapshot`] is what all current
//! files say together; it is replaced whole, so a decision under way keeps the one it began with.

mod own;

use crate::{
    App,
    caller::Caller,
    cases::IdempotencyKey,
    error::AppError,
    parts::Parts,
    reach::Reach,
    shapes::{self, Drawn, Finding},
};
use gewu_domain::{
    area::{Areas, Period},
    calendar::{Calendar, Calendars},
    catalogue::{Catalogue, Catalogues},
    city::City,
    fault::Fault,
    ids::{AreaCode, Digest, RegionId},
    policy::Policy,
    unit::{UnitKinds, Units},
};
use gewu_geo::{
    datum::{Datum, Point},
    geojson,
    index::GridIndex,
    shape::Shape,
};
use gewu_store::{Change, Store, audit::AuditRow, publications::Publication};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeMap, sync::Arc};

/// What a published file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    UnitKinds,
    Areas,
    /// GeoJSON; each feature carries the area's `code`.
    Shapes,
    Units,
    Catalogue,
    Calendar,
    Policy,
    /// A city may do without.
    Parts,
}

impl Kind {
    /// In the order in which files lean on one another.
    pub const ALL: [Kind; 8] = [
        Kind::UnitKinds,
        Kind::Areas,
        Kind::Shapes,
        Kind::Units,
        Kind::Catalogue,
        Kind::Calendar,
        Kind::Policy,
        Kind::Parts,
    ];

    /// Without one of these there is no city yet.
    fn is_needed(self) -> bool {
        self != Kind::Parts
    }

    /// The needed kind of which nothing is among the files.
    fn first_missing(files: &Files) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.is_needed() && !files.keys().any(|(other, _)| other == kind))
    }

    pub fn code(self) -> &'static str {
        match self {
            Kind::UnitKinds => "unit_kinds",
            Kind::Areas => "areas",
            Kind::Shapes => "shapes",
            Kind::Units => "units",
            Kind::Catalogue => "catalogue",
            Kind::Calendar => "calendar",
            Kind::Policy => "policy",
            Kind::Parts => "parts",
        }
    }

    pub fn from_code(code: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// A file offered for publishing.
#[derive(Debug, Clone)]
pub struct Draft {
    pub kind: Kind,
    /// As the person named it, for messages.
    pub file: String,
    pub text: String,
    /// What the coordinates of shapes are in, where the file itself does not say it; WGS84 when nobody does.
    pub datum: Option<Datum>,
}

impl Draft {
    /// A file as its bytes came.
    ///
    /// # Errors
    /// As [`shapes::text_of`].
    pub fn of_bytes(kind: Kind, file: String, bytes: &[u8]) -> Result<Draft, Box<Fault>> {
        let text = shapes::text_of(&file, kind, bytes)?;
        Ok(Draft { kind, file, text, datum: None })
    }
}

/// How to publish.
#[derive(Debug, Clone, Copy, Default)]
pub struct Publishing {
    /// Everything is checked and nothing is written.
    pub dry_run: bool,
    /// What must be accepted is meant so.
    pub accept: bool,
}

/// What publishing did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    pub kind: Kind,
    pub name: String,
    pub version: u32,
    /// The very same document was published before: nothing was written.
    pub is_unchanged: bool,
    /// What there is to say of it, what must be accepted first.
    #[serde(default)]
    pub findings: Vec<Finding>,
}

impl Published {
    fn unchanged(kind: Kind, name: String, version: u32) -> Published {
        Published { kind, name, version, is_unchanged: true, findings: Vec::new() }
    }
}

/// Everything published, ready for use. Shapes are WGS84.
#[derive(Debug)]
pub struct Snapshot {
    pub city: City,
    /// Finds the areas at a point that are a place by themselves at some time; handles index into `located`.
    pub index: GridIndex,
    located: Vec<AreaCode>,
    /// When each area is a place by itself, from [`Areas::deepest_periods`].
    deepest: BTreeMap<AreaCode, Vec<Period>>,
    /// Of each of `located`, the same.
    periods: Vec<Vec<Period>>,
    pub shapes: BTreeMap<AreaCode, Shape>,
    /// Where rings of a boundary had to be closed.
    pub(crate) unclosed: BTreeMap<AreaCode, Vec<Point>>,
    pub parts: Parts,
    /// The regions the record is divided by, each with the highest area that lies in it.
    regions: BTreeMap<RegionId, AreaCode>,
    /// How many publications there were.
    pub(crate) count: u64,
    /// The city's day it was made for: what is valid changes at midnight.
    pub(crate) day: Date,
    files: BTreeMap<(Kind, String), Vec<Arc<Publication>>>,
}

impl Snapshot {
    /// The deepest area at a WGS84 point on a day, from memory.
    pub fn area_at(&self, point: Point, day: Date) -> Option<&AreaCode> {
        let is_there = |handle: u32| {
            let periods = usize::try_from(handle).ok().and_then(|at| self.periods.get(at));
            periods.is_some_and(|periods| is_within(periods, day))
        };
        let handle = self.index.locate_among(point, is_there)?;
        self.located.get(usize::try_from(handle).ok()?)
    }

    /// Whether the area was there on a day, with nothing below it.
    pub fn is_deepest_on(&self, area: &AreaCode, day: Date) -> bool {
        self.deepest.get(area).is_some_and(|periods| is_within(periods, day))
    }

    /// The region a report without any place goes to: the first.
    pub fn default_region(&self) -> Option<RegionId> {
        self.regions.keys().next().copied()
    }

    /// The area that is a region as a whole: the highest of those that lie in it. `None` for what is no region.
    pub fn region_area(&self, region: RegionId) -> Option<&AreaCode> {
        self.regions.get(&region)
    }

    /// The versions in force, by kind and name.
    pub fn versions(&self) -> impl Iterator<Item = &Publication> {
        self.files.values().filter_map(|versions| versions.last()).map(Arc::as_ref)
    }
}

fn is_within(periods: &[Period], day: Date) -> bool {
    periods.iter().any(|(from, to)| *from <= day && day <= *to)
}

type Files = BTreeMap<(Kind, String), Vec<Arc<Publication>>>;

/// Everything published, and how many publications that are.
#[derive(Clone)]
pub(crate) struct Shelf {
    /// Of kinds that this program does not know, too.
    pub count: u64,
    files: Files,
}

impl Shelf {
    /// # Errors
    /// When the store fails.
    pub async fn of(store: &dyn Store) -> Result<Shelf, AppError> {
        let view = store.city().await?;
        let heads = view.publications().await?;
        let count = u64::try_from(heads.len()).unwrap_or(u64::MAX);
        let mut files: Files = BTreeMap::new();
        for head in heads {
            let Some(kind) = Kind::from_code(&head.kind) else { continue };
            if let Some(publication) = view.publication(&head.kind, &head.name, head.version).await? {
                files.entry((kind, head.name)).or_default().push(Arc::new(publication));
            }
        }
        Ok(Shelf { count, files })
    }

    /// The city that the files make; `None` while it has not published all it needs.
    ///
    /// # Errors
    /// When a published file does not read any more (then `gewu` is older than its data).
    pub async fn open(self, now: Timestamp) -> Result<Option<Snapshot>, AppError> {
        if Kind::first_missing(&self.files).is_some() {
            return Ok(None);
        }
        tokio::task::spawn_blocking(move || read(self, now))
            .await
            .map_err(|error| AppError::Failed(Box::new(error)))?
            .map(Some)
            .map_err(AppError::Faulty)
    }
}

/// Makes a snapshot of files, locating in the areas that are valid on the city's day. Each file is checked by itself, then
/// all of them together.
fn read(shelf: Shelf, now: Timestamp) -> Result<Snapshot, Vec<Fault>> {
    let Shelf { count, files } = shelf;
    let current = |kind: Kind| {
        files
            .iter()
            .filter(|((other, _), _)| *other == kind)
            .filter_map(|(_, versions)| versions.last())
            .map(|file| (file_name(file), text_of(file)))
            .next()
            .ok_or_else(|| vec![missing(kind)])
    };
    let (file, text) = current(Kind::UnitKinds)?;
    let kinds = UnitKinds::parse(&file, &text)?;
    let (areas_file, text) = current(Kind::Areas)?;
    let areas = Areas::parse(&areas_file, &text)?;
    let (file, text) = current(Kind::Units)?;
    let units = Units::parse(&file, &text, &areas, &kinds)?;
    let mut faults = units.check_hosts(&areas_file, &areas);

    let mut catalogues = Catalogues::default();
    let mut calendars = Calendars::default();
    for ((kind, _), versions) in &files {
        for file in versions {
            match kind {
                Kind::Catalogue => {
                    catalogues.insert(Catalogue::parse(&file_name(file), &text_of(file), &kinds)?);
                }
                Kind::Calendar => {
                    let calendar = Calendar::parse(&file_name(file), &text_of(file))?;
                    if calendars.publish(calendar).is_err() {
                        faults.push(fault(
                            &file_name(file),
                            "this version of the calendar is published already",
                            "这个版本的日历已经发布",
                            "raise the version",
                            "请把版本号加一",
                        ));
                    }
                }
                _ => {}
            }
        }
    }
    let (policy_file, text) = current(Kind::Policy)?;
    let policy = Policy::parse(&policy_file, &text)?;

    let (file, text) = current(Kind::Shapes)?;
    let Drawn { shapes, unclosed } = shapes::read(&file, &text, &areas, &mut faults);
    let parts = match current(Kind::Parts) {
        Ok((file, text)) => Parts::parse(&file, &text)?,
        Err(_) => Parts::default(),
    };
    let city = City::new(Arc::new(areas), Arc::new(units), Arc::new(catalogues), Arc::new(calendars), Arc::new(policy))
        .map_err(|misfit| {
            vec![fault(
                &policy_file,
                &misfit.to_string(),
                &format!("政策与其他文件对不上：{misfit}"),
                "publish it together with the policy, or name another",
                "请与政策一起发布，或改用已发布的名称",
            )]
        })?;
    if !faults.is_empty() {
        return Err(faults);
    }
    let today = now.to_zoned(city.calendar.zone().clone()).date();
    let deepest = city.areas.deepest_periods();
    let (mut located, mut periods, mut indexed) = (Vec::new(), Vec::new(), Vec::new());
    for (code, shape) in &shapes {
        if let Some(of_area) = deepest.get(code) {
            indexed.push((u32::try_from(located.len()).unwrap_or(u32::MAX), shape));
            located.push(code.clone());
            periods.push(of_area.clone());
        }
    }
    let index = GridIndex::build(indexed);
    let regions = regions(&city.areas);
    Ok(Snapshot { city, index, located, deepest, periods, shapes, unclosed, parts, regions, count, day: today, files })
}

/// What the offered files would do to the past: old cases name areas, units and kinds.
fn check_past(before: &City, after: &City, offered: &BTreeMap<Kind, String>) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let Some(file) = offered.get(&Kind::Areas) {
        faults.extend(after.areas.check_after(file, &before.areas));
    }
    if let Some(file) = offered.get(&Kind::Units) {
        faults.extend(after.units.check_after(file, &before.units));
    }
    if let Some(file) = offered.get(&Kind::UnitKinds) {
        faults.extend(after.units.kinds.check_after(file, &before.units.kinds));
    }
    faults
}

/// Each region with the highest area that lies in it.
fn regions(areas: &Areas) -> BTreeMap<RegionId, AreaCode> {
    let regions = areas.regions().into_iter().filter_map(|region| {
        let lies_in = |code: &AreaCode| areas.get(code).is_some_and(|area| area.region == region);
        let mut within = areas.all().iter().filter(|area| area.region == region);
        let highest = within.find(|area| area.parent.as_ref().is_none_or(|parent| !lies_in(parent)))?;
        Some((region, highest.code.clone()))
    });
    regions.collect()
}

fn text_of(file: &Publication) -> String {
    String::from_utf8_lossy(&file.body).into_owned()
}

fn file_name(file: &Publication) -> String {
    let extension = match Kind::from_code(&file.kind) {
        Some(Kind::Shapes) => "geojson",
        Some(Kind::Calendar | Kind::Policy) => "toml",
        _ => "csv",
    };
    if file.name.is_empty() {
        format!("{}.{extension}", file.kind)
    } else {
        format!("{}-{}.{extension}", file.kind, file.name)
    }
}

/// Faults with the files called as the person named them.
fn named(mut faults: Vec<Fault>, names: &BTreeMap<String, String>) -> Vec<Fault> {
    for fault in &mut faults {
        if let Some(name) = names.get(&fault.file) {
            fault.file.clone_from(name);
        }
    }
    faults
}

fn missing(kind: Kind) -> Fault {
    fault(
        kind.code(),
        "has never been published",
        "还没有发布过",
        "publish it with `gewu import`, alone or together with others",
        "请用 gewu import 发布，可以与其他文件一起",
    )
}

pub(crate) fn fault(file: &str, what: &str, what_zh: &str, fix: &str, fix_zh: &str) -> Fault {
    Fault {
        file: file.to_owned(),
        line: None,
        field: None,
        what: what.to_owned(),
        what_zh: what_zh.to_owned(),
        fix: fix.to_owned(),
        fix_zh: fix_zh.to_owned(),
    }
}

/// The name and version a file says it has; 0 where its kind carries no version.
fn title(draft: &Draft, kinds: Option<&UnitKinds>) -> Result<(String, Option<u32>), Vec<Fault>> {
    if draft.datum.is_some() && draft.kind != Kind::Shapes {
        return Err(vec![fault(
            &draft.file,
            "a datum was given for a file that is not of shapes",
            "给出了坐标系，但文件不是边界",
            "leave it out; parts say theirs in the row #datum",
            "请去掉；部件在 #datum 一行里写",
        )]);
    }
    match draft.kind {
        Kind::UnitKinds => UnitKinds::parse(&draft.file, &draft.text).map(|_| (String::new(), None)),
        Kind::Areas => Areas::parse(&draft.file, &draft.text).map(|areas| (String::new(), Some(areas.version))),
        Kind::Units => Ok((String::new(), None)),
        Kind::Shapes => geojson::read_as(&draft.text, draft.datum)
            .map(|_| (String::new(), None))
            .map_err(|found| shapes::unreadable(&draft.file, found)),
        Kind::Catalogue => match kinds {
            Some(kinds) => Catalogue::parse(&draft.file, &draft.text, kinds)
                .map(|catalogue| (catalogue.scheme.clone(), Some(catalogue.version))),
            None => Err(vec![missing(Kind::UnitKinds)]),
        },
        Kind::Calendar => Calendar::parse(&draft.file, &draft.text)
            .map(|calendar| (calendar.id().to_owned(), Some(calendar.version()))),
        Kind::Policy => Policy::parse(&draft.file, &draft.text).map(|policy| (String::new(), Some(policy.version))),
        Kind::Parts => Parts::parse(&draft.file, &draft.text).map(|parts| (String::new(), Some(parts.version))),
    }
}

impl App {
    /// Publishes files together: all of them valid, also with one another, or nothing changes.
    ///
    /// Boundaries are looked over whenever they or the areas are offered: see [`crate::shapes`].
    ///
    /// # Errors
    /// [`AppError::Faulty`] with every fault of the first stage that found any, or with what must be accepted and was
    /// not; [`AppError::Forbidden`].
    pub async fn publish(
        &self,
        caller: &Caller,
        key: Option<&IdempotencyKey>,
        drafts: Vec<Draft>,
        how: Publishing,
    ) -> Result<Vec<Published>, AppError> {
        let reach = self.reach(caller)?;
        let Publishing { dry_run, accept } = how;
        let offered: Vec<_> =
            drafts.iter().map(|draft| (draft.kind, &draft.file, &draft.text, draft.datum, accept)).collect();
        let once = self.once(RegionId(0), key.filter(|_| !dry_run), "publish", &offered);
        if let Some(before) = self.answered(&once).await? {
            return Ok(before);
        }
        let now = self.now();
        // What another server published a moment ago is what this must fit.
        self.refresh().await?;
        let before = self.snapshot().ok();
        let Shelf { count, mut files } = match &before {
            Some(snapshot) => Shelf { count: snapshot.count, files: snapshot.files.clone() },
            None => Shelf::of(self.store.as_ref()).await?,
        };
        if before.is_none() || !drafts.iter().all(|draft| own::is_by_area(draft.kind)) {
            reach.over_city()?;
        }
        let mut drafts = drafts;
        drafts.sort_by_key(|draft| draft.kind);
        let (by, today) = (caller.person(), self.today());
        let area = match &reach {
            Reach::City => None,
            Reach::Area(own, _) => Some(own.clone()),
        };

        let earlier = before.clone();
        let changed = |changes: &Vec<Change>| u64::try_from(changes.len()).unwrap_or(u64::MAX);
        let (read, mut published, changes, found) = tokio::task::spawn_blocking(move || {
            let mut published = Vec::new();
            let mut changes = Vec::new();
            let mut faults = Vec::new();
            let mut offered = BTreeMap::new();
            let mut names = BTreeMap::new();
            for draft in drafts {
                let kinds = files
                    .get(&(Kind::UnitKinds, String::new()))
                    .and_then(|versions| versions.last())
                    .and_then(|file| UnitKinds::parse(&file_name(file), &text_of(file)).ok());
                let (name, said) = match title(&draft, kinds.as_ref()) {
                    Ok(title) => title,
                    Err(found) => {
                        faults.extend(found);
                        continue;
                    }
                };
                let mut draft = draft;
                if let Some(datum) = draft.datum.filter(|_| draft.kind == Kind::Shapes)
                    && datum != geojson::datum_of(&draft.text).unwrap_or_default()
                {
                    draft.text = geojson::with_datum(&draft.text, datum);
                }
                let versions = files.entry((draft.kind, name.clone())).or_default();
                let last = versions.last().map_or(0, |file| file.version);
                let digest = Digest(Sha256::digest(draft.text.as_bytes()).into());
                if versions.last().is_some_and(|file| file.digest == digest) {
                    published.push(Published::unchanged(draft.kind, name, last));
                    continue;
                }
                let version = said.unwrap_or_else(|| last.saturating_add(1));
                if version <= last {
                    faults.push(fault(
                        &draft.file,
                        &format!("says version {version}, but version {last} is published already"),
                        &format!("版本号是 {version}，但第 {last} 版已经发布"),
                        &format!("write version {}", last.saturating_add(1)),
                        &format!("请写成第 {} 版", last.saturating_add(1)),
                    ));
                    continue;
                }
                offered.insert(draft.kind, draft.file.clone());
                let publication = Publication {
                    kind: draft.kind.code().to_owned(),
                    name: name.clone(),
                    version,
                    published_at: now,
                    by,
                    digest,
                    edition: Some(count.saturating_add(changed(&changes)).saturating_add(1)),
                    body: draft.text.into_bytes(),
                };
                names.insert(file_name(&publication), draft.file);
                versions.push(Arc::new(publication.clone()));
                changes.push(Change::Publication(publication));
                published.push(Published { is_unchanged: false, ..Published::unchanged(draft.kind, name, version) });
            }
            if !faults.is_empty() {
                return Err(faults);
            }
            let read = match Kind::first_missing(&files) {
                Some(_) => None,
                None => Some(
                    read(Shelf { count: count.saturating_add(changed(&changes)), files }, now)
                        .map_err(|faults| named(faults, &names))?,
                ),
            };
            if let (Some(before), Some(after)) = (&before, &read) {
                let mut faults = check_past(&before.city, &after.city, &offered);
                if let Reach::Area(own, _) = &reach {
                    faults.extend(own::check(own, before, after, &offered));
                }
                if !faults.is_empty() {
                    return Err(faults);
                }
            }
            let on_shapes = [Kind::Shapes, Kind::Areas].into_iter().find_map(|kind| offered.get(&kind));
            let found = match (&read, on_shapes) {
                (Some(after), Some(file)) => Some((shapes::findings(after, before.as_deref(), today), file.clone())),
                _ => None,
            };
            Ok((read, published, changes, found))
        })
        .await
        .map_err(|error| AppError::Failed(Box::new(error)))?
        .map_err(AppError::Faulty)?;

        if let Some((mut findings, file)) = found {
            if let (Some(before), Some(after)) = (&earlier, &read) {
                findings.splice(0..0, self.displaced(before, after).await?);
            }
            let unaccepted = shapes::unaccepted(&file, &findings);
            if !unaccepted.is_empty() && !accept && !dry_run {
                return Err(AppError::Faulty(unaccepted));
            }
            let of_shapes = |one: &&mut Published| matches!(one.kind, Kind::Shapes | Kind::Areas) && !one.is_unchanged;
            if let Some(one) = published.iter_mut().rfind(of_shapes) {
                one.findings = findings;
            }
        }
        if dry_run {
            return Ok(published);
        }
        let mut changes = changes;
        for one in published.iter().filter(|one| !one.is_unchanged) {
            let what = format!("{} {} {}", one.kind.code(), one.name, one.version);
            let row = self.audit_row(caller, "published", what, true);
            changes.push(Change::Audit(AuditRow { area: area.clone(), ..row }));
        }
        let is_changed = !changes.is_empty();
        let published = self.apply_once(&once, changes, published).await?;
        if let Some(snapshot) = read.filter(|_| is_changed) {
            self.replace_snapshot(snapshot);
        }
        Ok(published)
    }
}
