//! Cases of another system: each row of its export becomes a case that has gone through the loop, by the rules of this
//! city, at the times the row gives.
//!
//! A row is taken once: the other system's number is kept, and is one case in the whole city. So a second import, or one
//! that was broken off, takes what is missing, and a newer export says what became of the others ([`follow`]). Rows are
//! read one by one, and a batch is told while the one before is written; of each row some twenty bytes are remembered, to
//! know a number that comes again. Start at [`App::import_cases`]; the columns are in [`mapping`].

pub mod bytes;
mod follow;
pub mod mapping;
pub mod rows;
mod story;

use crate::{App, AppError, Caller, Problem, cases::history::load, city::Snapshot, locate::Location};
use gewu_domain::{
    area::Areas,
    case::Source,
    catalogue::Catalogue,
    city::City,
    ids::{AreaCode, CaseId, ClassCode, RegionId, UnitCode},
    unit::Units,
};
use gewu_store::{Change, Changes, StoreError, origins::OriginRow};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use mapping::{By, EARLIEST, Given, Lookup, Mapping, Stage, Time, Unreadable, fill};
use rows::{Broken, Next, Rows};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::{
    collections::{BTreeMap, HashSet},
    io::Read,
    sync::Arc,
};
use tokio::task::JoinHandle;

/// Characters of a value that a reason shows.
const SHOWN_CHARS: usize = 60;
/// Cases written at once.
const BATCH: u64 = 400;
/// Characters of another system's number.
const ID_CHARS_MOST: usize = 200;
/// Different values of a column that are told of as named by no table; the others are counted together.
const UNNAMED_MOST: usize = 200;
/// Under this they are counted.
const UNNAMED_OTHERS: &str = "…";
/// A time so much later than now is no real time.
const FUTURE_HOURS_MOST: i64 = 366 * 24;

/// How an import shall be made.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// Only say what would happen.
    pub dry_run: bool,
}

/// A row that was not taken, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// Line of the file in which the row begins, from 1.
    pub line: u64,
    /// The other system's number, where the row has one.
    pub id: String,
    /// Stable code.
    pub code: &'static str,
    pub zh: String,
    pub en: String,
}

/// What has been taken so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    pub rows: u64,
    pub taken: u64,
    /// Of those taken: closed.
    pub closed: u64,
    /// Taken before, by an earlier import, and said the same.
    pub known: u64,
    /// Taken before, and followed in what the row says now.
    pub updated: u64,
    /// In what these were followed: `closed`, `reopened`, `advanced`, `moved`, `reclassified`, `reassigned`, `reworded`,
    /// `reclosed`.
    pub changes: BTreeMap<&'static str, u64>,
    /// Left out on purpose, as the mapping says.
    pub skipped: u64,
    /// Rows with a point, and how many of these lie in an area of the deepest level.
    pub located: u64,
    pub placed: u64,
    /// Not taken, by code.
    pub rejected: BTreeMap<&'static str, u64>,
    /// Values that no table of the mapping names, by section of the mapping, with how many rows have them.
    pub unnamed: BTreeMap<&'static str, BTreeMap<String, u64>>,
}

/// What an import tells while it works.
#[derive(Debug)]
pub enum Told<'a> {
    Rejected(&'a Rejected),
    Progress(&'a Imported),
}

/// A row as the city understands it.
#[derive(Debug, Clone)]
struct Row {
    line: u64,
    id: String,
    reported_at: Timestamp,
    closed_at: Option<Timestamp>,
    reached: Stage,
    location: Location,
    class: Option<ClassCode>,
    unit: Option<UnitCode>,
    source: Source,
    words: String,
    reply: String,
}

/// Why a row is not taken: code, Chinese, English.
type Reason = (&'static str, String, String);

impl App {
    /// Takes in the rows of a CSV file. Every row is either taken, known already, skipped by the mapping, or told of as
    /// rejected.
    ///
    /// The cases are made by people called after the import, one for each role; photos, which an export does not bring,
    /// are not asked for. Everything else is as the city's rules say.
    ///
    /// # Errors
    /// [`AppError::Forbidden`], [`AppError::Invalid`] when the file has not the columns of the mapping, and when the
    /// store fails; what was told of as taken is then kept.
    pub async fn import_cases(
        &self,
        caller: &Caller,
        file: Box<dyn Read + Send>,
        mapping: &Mapping,
        options: &ImportOptions,
        tell: &mut (dyn FnMut(Told<'_>) + Send),
    ) -> Result<Imported, AppError> {
        self.reach(caller)?.over_city()?;
        let snapshot = self.snapshot()?;
        let mut rows = Rows::open(file, mapping)?;
        let mut import = Importer::new(self, snapshot, mapping, &rows, options).await?;
        if !options.dry_run {
            import.move_in().await?;
        }
        let mut imported = Imported::default();
        while let Some(next) = rows.next_row()? {
            imported.rows += 1;
            let taken = match next {
                Next::Row(line, record) => import.take(record, line, &mut imported).await,
                Next::Broken(line, broken, cells) => Err(Failure::Row(import.broken(line, broken, cells))),
            };
            match taken {
                Ok(()) => {}
                Err(Failure::Store(error)) => return Err(error),
                Err(Failure::Row(rejected)) => {
                    *imported.rejected.entry(rejected.code).or_default() += 1;
                    tell(Told::Rejected(&rejected));
                }
            }
            if import.waiting.size >= BATCH {
                import.write(&mut imported).await?;
                tell(Told::Progress(&imported));
            }
        }
        import.write(&mut imported).await?;
        import.written(&mut imported).await?;
        tell(Told::Progress(&imported));
        Ok(imported)
    }
}

enum Failure {
    Row(Rejected),
    Store(AppError),
}

/// An import under way.
struct Importer<'a> {
    app: &'a App,
    snapshot: Arc<Snapshot>,
    /// The city's rules, without what an export cannot bring.
    city: City,
    mapping: &'a Mapping,
    header: BTreeMap<String, usize>,
    width: usize,
    encoding: &'static str,
    zone: TimeZone,
    names: Names,
    people: story::People,
    /// Regions that had cases when the import began: some may have been taken in before numbers of other systems were
    /// kept.
    older: Vec<RegionId>,
    /// Digests of the numbers that this file has brought.
    seen: HashSet<u64>,
    is_dry: bool,
    waiting: Batch,
    writing: Option<(Batch, JoinHandle<Result<(), StoreError>>)>,
}

/// Cases that are written together.
#[derive(Default)]
struct Batch {
    cases: u64,
    closed: u64,
    updated: u64,
    /// Cases and numbers in `changes`.
    size: u64,
    changes: BTreeMap<RegionId, Vec<Changes>>,
}

impl Batch {
    fn push(&mut self, region: RegionId, changes: Changes) {
        self.changes.entry(region).or_default().push(changes);
        self.size += 1;
    }
}

/// Names of classes, areas and units in either language, to codes.
struct Names {
    classes: BTreeMap<String, String>,
    areas: BTreeMap<String, String>,
    units: BTreeMap<String, String>,
}

impl<'a> Importer<'a> {
    async fn new(
        app: &'a App,
        snapshot: Arc<Snapshot>,
        mapping: &'a Mapping,
        rows: &Rows,
        options: &ImportOptions,
    ) -> Result<Importer<'a>, AppError> {
        let mut city = snapshot.city.clone();
        let mut policy = city.policy.as_ref().clone();
        policy.check.needs_photo = false;
        city.policy = Arc::new(policy);
        let own = city.calendar.zone().clone();
        let zone = mapping.zone.as_deref().and_then(|zone| TimeZone::get(zone).ok()).unwrap_or(own);
        let older = app.store.upkeep().regions().await?;
        let names = Names::of(&city);
        let people = story::People::of(&city, app.now());
        Ok(Importer {
            app,
            snapshot,
            city,
            mapping,
            header: rows.columns.clone(),
            width: rows.width,
            encoding: rows.encoding,
            zone,
            names,
            people,
            older,
            seen: HashSet::new(),
            is_dry: options.dry_run,
            waiting: Batch::default(),
            writing: None,
        })
    }

    async fn take(&mut self, record: &csv::ByteRecord, line: u64, imported: &mut Imported) -> Result<(), Failure> {
        let mut id = String::new();
        let row = match self.read(record, line, &mut id, imported) {
            Ok(Some(row)) => row,
            Ok(None) => {
                imported.skipped += 1;
                return Ok(());
            }
            Err(reason) => return Err(rejected(line, &id, reason)),
        };
        let new = story::new_report(&row);
        let there = row.reported_at.to_zoned(self.city.calendar.zone().clone()).date();
        let located = self.snapshot.locate(&new.location, None, there).map_err(|error| not_taken(line, &id, error))?;
        if row.location.point.is_some() {
            imported.located += 1;
            imported.placed += u64::from(located.place.is_placed);
        }
        if self.seen.contains(&digest_of(&row.id)) {
            let reason = reason("repeated_id", "这个编号在文件里出现过", "this number stands in the file before");
            return Err(rejected(line, &id, reason));
        }
        if let Some(known) = self.known(located.region, &row.id).await.map_err(Failure::Store)? {
            self.follow(&row, &new, &located, known, imported).await?;
            self.seen.insert(digest_of(&row.id));
            return Ok(());
        }
        if row.reached > Stage::Reported {
            if !located.place.is_placed {
                return Err(rejected(line, &id, no_place(&row.location)));
            }
            if row.class.is_none() {
                let reason = reason(
                    "unknown_class",
                    "这一行已经立案，对应关系却没有 [class]：请写上",
                    "the row says it was filed, but the mapping has no [class]: add it",
                );
                return Err(rejected(line, &id, reason));
            }
        }
        let number = number(located.region, self.system(), &row.id);
        let story = story::tell(self.app, &self.city, &self.people, &row, &new, &number)
            .map_err(|error| not_taken(line, &id, error))?;
        self.seen.insert(digest_of(&row.id));
        let story = if self.mapping.id.is_some() { story.found_by(&row.id) } else { story };
        let case = story.case.id;
        let (region, mut changes) = story.finish();
        if self.mapping.id.is_some() {
            let said = follow::Said::of(self.app, &row).bytes();
            let (number, system) = (row.id.clone(), self.system().to_owned());
            changes.push(Change::Origin(OriginRow { number, system, region, case, said }));
        }
        let waiting = &mut self.waiting;
        waiting.closed += u64::from(row.reached == Stage::Closed);
        waiting.cases += 1;
        waiting.push(region, changes);
        Ok(())
    }

    /// A line that is no row, called by its number where that stands before what is wrong.
    fn broken(&self, line: u64, broken: Broken, cells: &csv::ByteRecord) -> Rejected {
        let at = self.mapping.id.as_ref().and_then(|id| self.header.get(&id.column)).copied();
        let is_here = |at: usize| cells.iter().take(at + 1).all(|cell| !cell.contains(&b'\n'));
        let id = at.filter(|at| is_here(*at)).and_then(|at| cells.get(at));
        let id = id.and_then(|id| std::str::from_utf8(id).ok()).map(shown).unwrap_or_default();
        let (zh, en) = match broken {
            Broken::AfterQuote => (
                "右引号后面只能是分隔符或者行尾：单元格里的引号要写两遍",
                "after a closing quotation mark only a delimiter or a line end may follow: marks within a cell are doubled",
            ),
            Broken::Unclosed => (
                "这一行里的引号没有成对",
                "a quotation mark in this line lacks its partner, or takes in the rows below",
            ),
        };
        Rejected { line, id, code: "quote", zh: zh.to_owned(), en: en.to_owned() }
    }

    /// Which system the numbers are of.
    fn system(&self) -> &str {
        self.mapping.id.as_ref().map_or("", |id| id.system.as_str())
    }

    /// The case that an earlier import made of this number, in whatever region.
    async fn known(&self, here: RegionId, id: &str) -> Result<Option<Known>, AppError> {
        if self.mapping.id.is_none() {
            let view = self.app.store.view(here).await?;
            let case = view.case_by_number(&number(here, "", id)).await?;
            return Ok(case.map(|_| Known::Digest));
        }
        let origins = self.app.store.city().await?.origins(id).await?;
        if let Some(origin) = origins.into_iter().find(|origin| origin.system == self.system()) {
            return Ok(Some(Known::Origin(origin)));
        }
        for region in self.older.iter().filter(|_| self.system().is_empty()) {
            let view = self.app.store.view(*region).await?;
            if let Some(case) = view.case_by_number(&number(*region, "", id)).await? {
                return Ok(Some(Known::Older(*region, case.id)));
            }
        }
        Ok(None)
    }

    /// Begins to write what waits, once the batch before is written.
    async fn write(&mut self, imported: &mut Imported) -> Result<(), AppError> {
        self.written(imported).await?;
        let mut batch = std::mem::take(&mut self.waiting);
        let changes = std::mem::take(&mut batch.changes);
        let store = (!self.is_dry).then(|| (self.app.store.clone(), self.app.now()));
        let writing = tokio::spawn(async move {
            let Some((store, now)) = store else { return Ok(()) };
            for (region, changes) in changes {
                load(store.as_ref(), now, region, changes).await?;
            }
            Ok(())
        });
        self.writing = Some((batch, writing));
        Ok(())
    }

    /// Waits for the batch that is being written.
    async fn written(&mut self, imported: &mut Imported) -> Result<(), AppError> {
        let Some((batch, writing)) = self.writing.take() else { return Ok(()) };
        writing.await.map_err(|error| AppError::Failed(Box::new(error)))??;
        imported.taken += batch.cases;
        imported.closed += batch.closed;
        imported.updated += batch.updated;
        Ok(())
    }

    /// The people of the import, unless an earlier one brought them.
    async fn move_in(&self) -> Result<(), AppError> {
        let view = self.app.store.city().await?;
        let mut changes = Vec::new();
        for (person, posts) in self.people.rows() {
            if view.person(person.id).await?.is_none() {
                changes.push(gewu_store::Change::Person(person));
                changes.extend(posts.into_iter().map(gewu_store::Change::Post));
            }
        }
        drop(view);
        if changes.is_empty() { Ok(()) } else { Ok(self.app.store.apply(RegionId(0), changes.into()).await?) }
    }

    /// A row as the city understands it; nothing when the mapping leaves it out.
    fn read(
        &self,
        record: &csv::ByteRecord,
        line: u64,
        id: &mut String,
        imported: &mut Imported,
    ) -> Result<Option<Row>, Reason> {
        let mut cells = Vec::with_capacity(record.len());
        for cell in record {
            let cell = std::str::from_utf8(cell).map_err(|_| {
                let encoding = self.encoding;
                reason(
                    "encoding",
                    &format!("有不是 {encoding} 编码的字节：请在对应关系的 [csv] 里写对 encoding"),
                    &format!("has bytes that are not {encoding}: correct `encoding` in [csv] of the mapping"),
                )
            })?;
            if cell.contains('\0') {
                return Err(reason("nul", "有 NUL 字节：请从文件里删掉", "has a NUL byte: remove it from the file"));
            }
            cells.push(cell);
        }
        let value = |column: &str| -> &str {
            self.header.get(column).and_then(|at| cells.get(*at)).copied().unwrap_or_default()
        };
        let mapping = self.mapping;
        *id = match &mapping.id {
            Some(column) => value(&column.column).to_owned(),
            None => digest(record),
        };
        if id.is_empty() {
            return Err(reason("no_id", "没有编号", "has no number"));
        }
        if id.chars().count() > ID_CHARS_MOST {
            let long = std::mem::replace(id, shown(id));
            let have = long.chars().count();
            return Err(reason(
                "long_id",
                &format!("编号有 {have} 个字，最多 {ID_CHARS_MOST} 个"),
                &format!("the number has {have} characters, at most {ID_CHARS_MOST} are kept"),
            ));
        }
        if cells.len() != self.width {
            let (have, want) = (cells.len(), self.width);
            return Err(reason(
                "cells",
                &format!("有 {have} 个单元格，表头有 {want} 列：引号可能没有成对"),
                &format!("has {have} cells, the header {want}: a quotation mark may lack its partner"),
            ));
        }
        if mapping.skip.iter().any(|skip| skip.fits(value(&skip.column))) {
            return Ok(None);
        }
        self.unnamed(&value, imported);
        let now = self.app.now();
        let Some(reported) = self.time(&mapping.reported_at, value(&mapping.reported_at.column), now)? else {
            return Err(reason("no_time", "没有上报时间", "has no time of reporting"));
        };
        if reported.at > self.late(now) {
            return Err(reason("future", "上报时间在未来", "was reported in the future"));
        }
        let reported_at = reported.at.min(now);
        let closed = match &mapping.closed_at {
            Some(time) => self.time(time, value(&time.column), now)?,
            None => None,
        };
        let is_closed = match &mapping.closed {
            Some(closed) => closed.fits(value(&closed.column)),
            None => closed.is_some(),
        };
        let is_open_despite = mapping
            .reached
            .as_ref()
            .is_some_and(|reached| reached.despite_closing_time.iter().any(|one| one == value(&reached.column)));
        let closed_at = match (is_closed, closed) {
            (false, Some(_)) if !is_open_despite => {
                let status = mapping.closed.as_ref().map(|closed| shown(value(&closed.column))).unwrap_or_default();
                return Err(reason(
                    "closing_time_on_open",
                    &format!(
                        "有结案时间，状态“{status}”却不算结案：请把它写进 [closed] 的 values，或者 [reached] 的 despite_closing_time"
                    ),
                    &format!(
                        "has a time of closing, but {status:?} counts as open: put it into `values` of [closed], or into `despite_closing_time` of [reached]"
                    ),
                ));
            }
            (false, _) => None,
            (true, None) => {
                return Err(reason("no_closing_time", "已结案但没有结案时间", "is closed but has no time of closing"));
            }
            (true, Some(closed)) if closed.until < reported_at && closed.until < self.early(reported_at) => {
                return Err(reason(
                    "closed_before_reported",
                    "结案时间早于上报时间",
                    "was closed before it was reported",
                ));
            }
            (true, Some(closed)) if closed.at > self.late(now) => {
                return Err(reason("future", "结案时间在未来", "was closed in the future"));
            }
            (true, Some(closed)) => Some(closed.until.min(now).max(reported_at)),
        };
        let reached = match (&mapping.reached, closed_at) {
            (_, Some(_)) => Stage::Closed,
            (Some(reached), None) => {
                reached.table.get(value(&reached.column)).copied().unwrap_or(reached.default).min(Stage::Handling)
            }
            (None, None) => Stage::Reported,
        };
        let class = mapping.class.as_ref().map(|class| self.code("class", class, value(&class.column))).transpose()?;
        let unit = self.code_of("unit", mapping.unit.as_ref(), value)?;
        let source = mapping
            .source
            .as_ref()
            .and_then(|source| source.table.get(value(&source.column)).copied().or(source.default));
        Ok(Some(Row {
            line,
            id: id.clone(),
            reported_at: whole_ms(reported_at),
            closed_at: closed_at.map(whole_ms),
            reached,
            location: self.location(value)?,
            class: class.map(ClassCode::new),
            unit: unit.map(UnitCode::new),
            source: source.unwrap_or(Source::System),
            words: fill(&mapping.words, value),
            reply: fill(&mapping.reply, value),
        }))
    }

    /// A time of the export, if it is one that can have been.
    fn time(&self, time: &Time, value: &str, now: Timestamp) -> Result<Option<Given>, Reason> {
        let Some(given) = time.read(value, &self.zone).map_err(|Unreadable| bad_time(value, time, &self.zone))? else {
            return Ok(None);
        };
        let earliest = self.mapping.earliest.unwrap_or(EARLIEST);
        let latest = now.checked_add(SignedDuration::from_hours(FUTURE_HOURS_MOST)).unwrap_or(Timestamp::MAX);
        if given.at.to_zoned(self.zone.clone()).date() >= earliest && given.at <= latest {
            return Ok(Some(given));
        }
        let (value, column) = (shown(value), &time.column);
        Err(reason(
            "no_real_time",
            &format!(
                "“{value}”不是真实的时间（早于 {earliest}，或者晚了一年以上）：它若表示“不知道”，请写进这一列（{column}）的 none；真有这么早的，请写 earliest"
            ),
            &format!(
                "{value:?} is no real time (before {earliest}, or more than a year ahead): if it means \"unknown\", put it into `none` of this column ({column}); if cases are that old, say `earliest`"
            ),
        ))
    }

    /// A moment, later by what clocks may be apart.
    fn late(&self, at: Timestamp) -> Timestamp {
        at.checked_add(self.slack()).unwrap_or(Timestamp::MAX)
    }

    fn early(&self, at: Timestamp) -> Timestamp {
        at.checked_sub(self.slack()).unwrap_or(Timestamp::MIN)
    }

    fn slack(&self) -> SignedDuration {
        SignedDuration::from_mins(i64::from(self.mapping.slack_minutes))
    }

    /// Counts values that no table names, so that what is taken by default is seen.
    fn unnamed<'v>(&self, value: &impl Fn(&str) -> &'v str, imported: &mut Imported) {
        let mapping = self.mapping;
        let mut count = |section: &'static str, value: &str| {
            let counts = imported.unnamed.entry(section).or_default();
            let value = shown(value);
            let is_told = counts.len() < UNNAMED_MOST || counts.contains_key(&value);
            *counts.entry(if is_told { value } else { UNNAMED_OTHERS.to_owned() }).or_default() += 1;
        };
        let closed = mapping.closed.as_ref();
        if let Some(reached) = &mapping.reached {
            let is_closed = match closed {
                Some(closed) => closed.fits(value(&closed.column)),
                None => mapping.closed_at.as_ref().is_some_and(|time| !value(&time.column).is_empty()),
            };
            let value = value(&reached.column);
            if !is_closed && !reached.table.contains_key(value) {
                count("reached", value);
            }
        } else if let Some(closed) = closed
            && !closed.fits(value(&closed.column))
        {
            count("closed", value(&closed.column));
        }
        let lookups = [("class", &mapping.class), ("unit", &mapping.unit), ("place.area", &mapping.place.area)];
        for (section, lookup) in lookups.into_iter().filter_map(|(section, lookup)| Some((section, lookup.as_ref()?))) {
            let what = if section == "place.area" { "area" } else { section };
            let value = value(&lookup.column);
            let is_left_out = value.is_empty() && lookup.default.is_none();
            if !is_left_out && self.named(what, lookup, value).is_none() {
                count(section, value);
            }
        }
        if let Some(source) = &mapping.source
            && !source.table.contains_key(value(&source.column))
        {
            count("source", value(&source.column));
        }
    }

    fn location<'v>(&self, value: impl Fn(&str) -> &'v str) -> Result<Location, Reason> {
        let place = &self.mapping.place;
        let point = match (&place.lon, &place.lat) {
            (Some(lon), Some(lat)) => {
                let (lon, lat) = (value(lon), value(lat));
                match (lon.parse::<f64>(), lat.parse::<f64>()) {
                    _ if lon.is_empty() && lat.is_empty() => None,
                    (Ok(lon), Ok(lat)) if lon.abs() <= 180.0 && lat.abs() <= 90.0 => Some((lon, lat)),
                    _ => {
                        let (lon, lat) = (shown(lon), shown(lat));
                        return Err(reason(
                            "bad_point",
                            &format!("坐标不对：{lon}, {lat}"),
                            &format!("{lon}, {lat} is no point"),
                        ));
                    }
                }
            }
            _ => None,
        };
        let is_unknown = |point: &(f64, f64)| {
            place.ignore.iter().any(|no| (no.0 - point.0).abs() < 1e-7 && (no.1 - point.1).abs() < 1e-7)
        };
        let area = self.code_of("area", place.area.as_ref(), &value)?.map(AreaCode::new);
        let address: Vec<&str> =
            place.address.iter().map(|column| value(column)).filter(|part| !part.is_empty()).collect();
        let address = address.join(", ");
        Ok(Location {
            point: point.filter(|point| !is_unknown(point)),
            datum: place.datum,
            area,
            address: (!address.is_empty()).then_some(address),
            part: None,
        })
    }

    /// The city's code for a cell that may be empty.
    fn code_of<'v>(
        &self,
        what: &str,
        lookup: Option<&Lookup>,
        value: impl Fn(&str) -> &'v str,
    ) -> Result<Option<String>, Reason> {
        match lookup {
            Some(lookup) if lookup.default.is_some() || !value(&lookup.column).is_empty() => {
                self.code(what, lookup, value(&lookup.column)).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The city's code for a value of the export.
    fn code(&self, what: &str, lookup: &Lookup, value: &str) -> Result<String, Reason> {
        let by_default = || lookup.default.clone().filter(|code| self.exists(what, code));
        let found = self.named(what, lookup, value).or_else(by_default);
        found.ok_or_else(|| {
            let value = shown(value);
            let (code, zh, en, section) = match what {
                "class" => ("unknown_class", "类别", "class", "class"),
                "unit" => ("unknown_unit", "单位", "unit", "unit"),
                _ => ("unknown_area", "区域", "area", "place.area"),
            };
            reason(
                code,
                &format!("没有{zh}“{value}”：请写进 [{section}] 的 table，或者给出 default"),
                &format!("there is no {en} for {value:?}: put it into the table of [{section}], or give a default"),
            )
        })
    }
}

impl Importer<'_> {
    /// The city's code that table, code or name give for a value, without the default.
    fn named(&self, what: &str, lookup: &Lookup, value: &str) -> Option<String> {
        let names = match what {
            "class" => &self.names.classes,
            "unit" => &self.names.units,
            _ => &self.names.areas,
        };
        let found = match (lookup.table.get(value), lookup.by) {
            (Some(code), _) => Some(code.clone()),
            (None, By::Code) => Some(format!("{}{value}", lookup.prefix)),
            (None, By::Name) => names.get(value).cloned(),
        };
        found.filter(|code| self.exists(what, code))
    }

    fn exists(&self, what: &str, code: &str) -> bool {
        match what {
            "class" => current(&self.city).is_some_and(|catalogue| catalogue.get(&ClassCode::from(code)).is_some()),
            "unit" => self.city.units.get(&UnitCode::from(code)).is_some(),
            _ => self.city.areas.get(&AreaCode::from(code)).is_some(),
        }
    }
}

/// What an earlier import left of a number.
enum Known {
    Origin(OriginRow),
    /// It was made before numbers of other systems were kept.
    Older(RegionId, CaseId),
    /// The rows have no numbers: the same row has been taken.
    Digest,
}

impl Names {
    fn of(city: &City) -> Names {
        let areas: &Areas = &city.areas;
        let units: &Units = &city.units;
        let mut names = Names { classes: BTreeMap::new(), areas: BTreeMap::new(), units: BTreeMap::new() };
        let note = |names: &mut BTreeMap<String, String>, name: &str, code: &str| {
            if !name.is_empty() {
                names.entry(name.to_owned()).or_insert_with(|| code.to_owned());
            }
        };
        for class in current(city).map(Catalogue::classes).unwrap_or_default() {
            for name in [&class.name_zh, &class.name_en, &class.plain_zh, &class.plain_en] {
                note(&mut names.classes, name, class.code.as_str());
            }
        }
        for area in areas.all() {
            note(&mut names.areas, &area.name_zh, area.code.as_str());
            note(&mut names.areas, area.name_en.as_deref().unwrap_or_default(), area.code.as_str());
        }
        for unit in units.all() {
            note(&mut names.units, &unit.name_zh, unit.code.as_str());
            note(&mut names.units, unit.name_en.as_deref().unwrap_or_default(), unit.code.as_str());
        }
        names
    }
}

fn current(city: &City) -> Option<&Catalogue> {
    city.catalogues.current(&city.policy.scheme)
}

/// The number of an imported case: its region and the other system's number, or what stands for that.
fn number(region: RegionId, system: &str, id: &str) -> String {
    let is_plain = id.len() <= 40 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let id = if is_plain { id.to_owned() } else { short(&Sha256::digest(id.as_bytes())) };
    if system.is_empty() { format!("{region}-{id}") } else { format!("{region}-{system}-{id}") }
}

fn rejected(line: u64, id: &str, (code, zh, en): Reason) -> Failure {
    Failure::Row(Rejected { line, id: id.to_owned(), code, zh, en })
}

/// What the rules, or the checks of a report, say of a row.
fn not_taken(line: u64, id: &str, error: AppError) -> Failure {
    match error {
        AppError::Refused(refused) => {
            let zh = format!("规则不允许：{}", refused.zh());
            rejected(line, id, ("refused", zh, format!("the rules refuse it: {}", refused.en())))
        }
        AppError::Invalid(problems) => {
            let told = |of: fn(&Problem) -> &str| problems.iter().map(of).collect::<Vec<_>>();
            let fields = |zh: bool| {
                let words = told(if zh { |problem| &problem.zh } else { |problem| &problem.en });
                let named = problems.iter().zip(words).map(|(problem, words)| format!("{}: {words}", problem.field));
                named.collect::<Vec<_>>().join("; ")
            };
            let code = problems.first().map_or("invalid", |problem| problem.code);
            rejected(line, id, (code, fields(true), fields(false)))
        }
        other => Failure::Store(other),
    }
}

fn digest_of(id: &str) -> u64 {
    let hash = Sha256::digest(id.as_bytes());
    hash.iter().take(8).fold(0, |digest, byte| digest << 8 | u64::from(*byte))
}

fn digest(record: &csv::ByteRecord) -> String {
    let mut hash = Sha256::new();
    for cell in record {
        hash.update(cell);
        hash.update([0]);
    }
    short(&hash.finalize())
}

fn short(hash: &[u8]) -> String {
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn reason(code: &'static str, zh: &str, en: &str) -> Reason {
    (code, zh.to_owned(), en.to_owned())
}

/// A value as it is told of: in one line, and of a long one the beginning.
fn shown(value: &str) -> String {
    let line = value.replace(char::is_control, " ");
    if line.chars().count() <= SHOWN_CHARS { line } else { line.chars().take(SHOWN_CHARS).chain(['…']).collect() }
}

/// Why a row that was filed cannot be taken: what is missing, or what does not lead to a grid.
fn no_place(location: &Location) -> Reason {
    let (zh, en) = match (&location.point, &location.area) {
        (_, Some(area)) => (
            format!("区域 {area} 下面还有更小的区域：请给出网格，或者坐标"),
            format!("area {area} has smaller ones below it: give the grid, or coordinates"),
        ),
        (Some((lon, lat)), None) => (
            format!("坐标 {lon}, {lat} 不在当天的任何网格里：请改坐标，或者给出区域"),
            format!("the point {lon}, {lat} lies in no grid of that day: correct it, or give an area"),
        ),
        (None, None) => (
            "没有坐标，也没有区域：请补一样，或者在 [place.area] 里写 default".to_owned(),
            "has neither coordinates nor an area: give one, or write a default in [place.area]".to_owned(),
        ),
    };
    let (zh, en) = (format!("这一行已经立案，但是{zh}"), format!("the row says it was filed, but {en}"));
    ("no_place", zh, en)
}

fn bad_time(value: &str, time: &Time, zone: &TimeZone) -> Reason {
    let (value, zone) = (shown(value), zone.iana_name().unwrap_or("UTC"));
    let formats = time.formats.join("\u{201d} \u{201c}");
    reason(
        "bad_time",
        &format!("时间“{value}”读不懂，或者在 {zone} 没有过这一刻；试过：RFC 3339 “{formats}”"),
        &format!("the time {value:?} does not read, or never was in {zone}; tried: RFC 3339 \u{201c}{formats}\u{201d}"),
    )
}

fn whole_ms(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}
