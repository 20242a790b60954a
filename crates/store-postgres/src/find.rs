//! Finding cases: which match a filter, newest first, as quickly for a word that is everywhere as for one that is rare.
//!
//! What a case is found by (its areas, class, source, units, place, words, and whether it is open or was dropped) stands
//! in `finds.keys` as hashed numbers, under an index that can intersect them. Each number is stamped with the stretch of
//! time, a *span*, that the case's id lies in: so the index is asked for one span after another, from the newest, and
//! never gathers more than a span of what is common. A hash also cannot be read: nothing of erased words stays behind in
//! the index.
//!
//! Start at [`Find::ids`], which says which way is taken when.

use crate::{
    row::{Stored, ms},
    snapshot::RegionSnapshot,
    tx::Tx,
};
use gewu_domain::{
    case::StateKind,
    ids::{AreaCode, CaseId, ClassCode, UnitCode},
};
use gewu_store::{
    StoreError,
    cases::{CaseFilter, CaseRow},
};
use jiff::Timestamp;
use tokio_postgres::{
    Error, Row,
    types::{ToSql, Type},
};
use uuid::Uuid;

/// The first 48 bits of an id are milliseconds; a span is 2²⁸ of them: three days.
const SPAN_BITS: u32 = 80 + 28;
/// So many spans are asked for in one statement at most.
const SPANS_MOST: u128 = 256;
/// Sides of the squares by which places are found, in degrees times 10⁷: from a quarter of a kilometre to 18 km.
const CELLS: [i64; 4] = [25_000, 100_000, 400_000, 1_600_000];
/// A box is covered by at most so many squares, or found another way.
const CELLS_MOST: i64 = 16;

/// Kinds of keys.
mod kind {
    pub const AREA: u8 = b'a';
    pub const CLASS: u8 = b'c';
    pub const LEAD: u8 = b'l';
    pub const SOURCE: u8 = b's';
    pub const STANDING: u8 = b'o';
    pub const TERM: u8 = b't';
    pub const UNPLACED: u8 = b'u';
    /// The first of `CELLS`; the others follow.
    pub const CELL: u8 = b'0';
}

/// The number something is found by: negative for words, so that they can be told from the rest and erased.
/// Spread over 63 bits: that two things share one is less likely than a disk that lies.
fn key(region: i64, kind: u8, value: &[u8]) -> i64 {
    // FNV-1a, stirred once more at the end.
    let hash = region
        .to_be_bytes()
        .iter()
        .chain(&[kind])
        .chain(value)
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    let positive = stir(hash);
    if kind == kind::TERM { positive | i64::MIN } else { positive }
}

fn stir(mut bits: u64) -> i64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    i64::from_ne_bytes((bits ^ (bits >> 31)).to_ne_bytes()) & i64::MAX
}

/// Which span an id lies in; ids and spans sort alike.
fn span(id: u128) -> u128 {
    id >> SPAN_BITS
}

/// What the keys of a span are stamped with (by exclusive or): never negative, so that words stay negative.
fn stamp(span: u128) -> i64 {
    stir(u64::try_from(span).expect("a span has 20 bits").wrapping_add(0x9e37_79b9_7f4a_7c15))
}

fn cell(size: i64, lon: i64, lat: i64) -> Vec<u8> {
    [lon.div_euclid(size).to_be_bytes(), lat.div_euclid(size).to_be_bytes()].concat()
}

/// Degrees times 10⁷.
#[expect(clippy::cast_possible_truncation, reason = "degrees are small, and a cast of a float saturates")]
fn units(degrees: f64) -> i64 {
    (degrees * 1e7).round() as i64
}

/// The id does not begin with the time of reporting.
pub(crate) fn is_odd(id: CaseId, reported_at: Timestamp) -> bool {
    i64::try_from(id.0.as_u128() >> 80) != Ok(ms(reported_at))
}

/// By which few cases stand out: the work in hand, and what ended without being handled. Nothing for closed cases: most
/// are.
fn standing(state: StateKind) -> Option<&'static str> {
    match state {
        StateKind::Closed => None,
        state if state.is_open() => Some("open"),
        state => Some(state.code()),
    }
}

/// Everything a case is found by, stamped: first what is not words, then the words, each part in order.
pub(crate) fn keys(region: i64, row: &CaseRow, leads: &[&str], terms: &[String]) -> Vec<i64> {
    let of = |kind: u8, text: &str| key(region, kind, text.as_bytes());
    let mut keys: Vec<i64> = row.path.iter().map(|area| of(kind::AREA, area.as_str())).collect();
    keys.extend(row.class.iter().map(|class| of(kind::CLASS, class.as_str())));
    keys.push(of(kind::SOURCE, row.source.code()));
    keys.extend(standing(row.state).map(|standing| of(kind::STANDING, standing)));
    keys.extend(leads.iter().map(|unit| of(kind::LEAD, unit)));
    if !row.is_placed {
        keys.push(key(region, kind::UNPLACED, &[]));
    }
    if let Some((lon, lat)) = row.point {
        keys.extend(
            (kind::CELL..).zip(CELLS).map(|(kind, size)| key(region, kind, &cell(size, units(lon), units(lat)))),
        );
    }
    keys.extend(terms.iter().map(|term| of(kind::TERM, term)));
    let stamp = stamp(span(row.id.0.as_u128()));
    keys.iter_mut().for_each(|key| *key ^= stamp);
    keys.sort_unstable_by_key(|key| (*key < 0, *key));
    keys.dedup();
    keys
}

/// A search through one region's cases.
pub(crate) struct Find<'a> {
    view: &'a RegionSnapshot,
    filter: &'a CaseFilter,
    /// Ids from here to there, both included.
    low: u128,
    high: u128,
    /// Oldest first, for walking back.
    ascending: bool,
}

impl<'a> Find<'a> {
    /// What comes after (or, walking back, before) the case `after` in a list that has the newest first.
    pub fn after(view: &'a RegionSnapshot, filter: &'a CaseFilter, after: Option<Uuid>, backwards: bool) -> Find<'a> {
        let after = after.map(|id| id.as_u128());
        let (low, high) = match (after, backwards) {
            (None, _) => (0, u128::MAX),
            // From one to nothing is an empty stretch.
            (Some(id), false) => id.checked_sub(1).map_or((1, 0), |high| (0, high)),
            (Some(id), true) => id.checked_add(1).map_or((1, 0), |low| (low, u128::MAX)),
        };
        Find { view, filter, low, high, ascending: backwards }
    }

    /// The first `most` ids that match, in walking order.
    pub async fn ids(mut self, most: i64) -> Result<Vec<Uuid>, StoreError> {
        self.bound_by_time().await?;
        let is_nowhere = self.filter.within.is_some_and(|[west, south, east, north]| west > east || south > north);
        if self.low > self.high || most <= 0 || is_nowhere {
            return Ok(Vec::new());
        }
        let params = Params::of(self.view.region, self.filter);
        if self.filter.due_before.is_some() && self.has_few(COUNT_DUE, &params).await? {
            return self.ask([DUE_UP, DUE_DOWN], &params, most).await;
        }
        if self.filter.changed_from.is_some() && self.has_few(COUNT_CHANGED, &params).await? {
            return self.ask([CHANGED_UP, CHANGED_DOWN], &params, most).await;
        }
        if params.states.is_some() && self.has_few(COUNT_STATES, &params).await? {
            return self.ask([STATES_UP, STATES_DOWN], &params, most).await;
        }
        let wanted = Wanted::of(self.view.region, self.filter);
        if wanted.is_empty() {
            let sql = if params.states.is_some() { [MERGED_UP, MERGED_DOWN] } else { [ALL_UP, ALL_DOWN] };
            return self.ask(sql, &params, most).await;
        }
        let Some(next) = self.next().await? else { return Ok(Vec::new()) };
        let near = self.near(&wanted, params, span(next), most).await?;
        if i64::try_from(near.len()) == Ok(most) {
            return Ok(near);
        }
        self.by_spans(&wanted, most).await
    }

    /// How many match, counting no further than `most`.
    pub async fn count(self, most: u32) -> Result<u32, StoreError> {
        let only_states = CaseFilter { states: self.filter.states.clone(), ..CaseFilter::default() };
        if !self.filter.states.is_empty() && *self.filter == only_states {
            let params = Params::of(self.view.region, self.filter);
            let count = self.counted(COUNT_STATES, &params, i64::from(most)).await?;
            return Ok(u32::try_from(count).unwrap_or(most));
        }
        Ok(u32::try_from(self.ids(i64::from(most)).await?.len()).unwrap_or(most))
    }

    /// What matches among the nearest cases.
    async fn near(&self, wanted: &Wanted, params: Params<'_>, span: u128, most: i64) -> Result<Vec<Uuid>, StoreError> {
        let after = if self.ascending { span.saturating_add(1) } else { span.saturating_sub(1) };
        let stamps = [span, after].map(stamp);
        let params = Params {
            near: i64::from(self.view.settings.near).max(most.saturating_mul(2)),
            near_keys: stamps.map(|stamp| wanted.keys.iter().map(|key| key ^ stamp).collect()),
            keys: wanted.keys.clone(),
            stamps,
            ..params
        };
        let sql = match (wanted.keys.is_empty(), self.needs_rows()) {
            (true, _) => [NEAR_ROWS_UP, NEAR_ROWS_DOWN],
            (false, false) => [NEAR_KEYS_UP, NEAR_KEYS_DOWN],
            (false, true) => [NEAR_BOTH_UP, NEAR_BOTH_DOWN],
        };
        self.ask(sql, &params, most).await
    }

    /// Whether the filter asks for something that the keys do not tell, or not exactly.
    fn needs_rows(&self) -> bool {
        let CaseFilter { states, from, to, changed_from, changed_to, due_before, is_placed, within, .. } = self.filter;
        !states.is_empty()
            || [from, to, changed_from, changed_to, due_before].iter().any(|time| time.is_some())
            || *is_placed == Some(true)
            || within.is_some()
    }

    /// Where every id tells its time, a time of reporting is a range of ids.
    async fn bound_by_time(&mut self) -> Result<(), StoreError> {
        if self.filter.from.is_none() && self.filter.to.is_none() {
            return Ok(());
        }
        if self.view.snapshot.row(ODD, &[&self.view.region]).await?.is_some() {
            return Ok(());
        }
        let id_at = |at: Timestamp| u128::try_from(ms(at)).unwrap_or(0) << 80;
        if let Some(from) = self.filter.from {
            self.low = self.low.max(id_at(from));
        }
        if let Some(to) = self.filter.to {
            match id_at(to).checked_sub(1) {
                Some(high) => self.high = self.high.min(high),
                None => (self.low, self.high) = (1, 0),
            }
        }
        Ok(())
    }

    async fn has_few(&self, sql: &'static str, params: &Params<'_>) -> Result<bool, StoreError> {
        let few = i64::from(self.view.settings.few);
        Ok(self.counted(sql, params, few).await? < few)
    }

    async fn counted(&self, sql: &'static str, params: &Params<'_>, most: i64) -> Result<i64, StoreError> {
        let rows = self.view.snapshot.planned(sql, &params.list(&Bound::of(self.low, self.high, most))).await?;
        let row = rows.first().expect("a count is one row");
        Stored { row, table: "cases", key: &[] }.take("count")
    }

    async fn ask(
        &self,
        [up, down]: [&'static str; 2],
        params: &Params<'_>,
        most: i64,
    ) -> Result<Vec<Uuid>, StoreError> {
        let sql = if self.ascending { up } else { down };
        ids(&self.view.snapshot.planned(sql, &params.list(&Bound::of(self.low, self.high, most))).await?)
    }

    /// Goes on by the index of keys, more and more spans at a time.
    async fn by_spans(mut self, wanted: &Wanted, most: i64) -> Result<Vec<Uuid>, StoreError> {
        let mut found = Vec::new();
        let mut width = 1;
        while self.low <= self.high {
            let wants = i64::try_from(found.len()).map_or(0, |have| most.saturating_sub(have));
            if wants <= 0 {
                break;
            }
            found.extend(self.next_spans(wanted, width, wants).await?);
            width = (width * 2).min(SPANS_MOST);
        }
        Ok(found)
    }

    /// What matches in the next so many spans.
    async fn next_spans(&mut self, wanted: &Wanted, width: u128, wants: i64) -> Result<Vec<Uuid>, StoreError> {
        let [up, down] = match (wanted.cells.is_empty(), self.needs_rows()) {
            (true, false) => [SPANS_UP, SPANS_DOWN],
            (true, true) => [SPAN_ROWS_UP, SPAN_ROWS_DOWN],
            (false, _) => [CELLS_UP, CELLS_DOWN],
        };
        // Stretches without any case are stepped over.
        let Some(next) = self.next().await? else {
            self.go_on_after(None);
            return Ok(Vec::new());
        };
        let (first, last) = if self.ascending {
            (span(next), span(next).saturating_add(width - 1).min(span(self.high)))
        } else {
            (span(next).saturating_sub(width - 1).max(span(self.low)), span(next))
        };
        let floor = first << SPAN_BITS;
        let ceiling = (last << SPAN_BITS) | ((1 << SPAN_BITS) - 1);
        let stamps: Vec<i64> = (first..=last).map(stamp).collect();
        let span_keys = stamps.iter().map(|stamp| stamped(&wanted.keys, *stamp)).collect();
        let span_cells = stamps.iter().map(|stamp| stamped(&wanted.cells, *stamp)).collect();
        let params = Params { span_keys, span_cells, ..Params::of(self.view.region, self.filter) };
        let bound = Bound::of(self.low.max(floor), self.high.min(ceiling), wants);
        let sql = if self.ascending { up } else { down };
        let found = ids(&self.view.snapshot.planned(sql, &params.list(&bound)).await?)?;
        self.go_on_after(Some(if self.ascending { ceiling } else { floor }));
        Ok(found)
    }

    /// Everything up to this id, itself included, has been looked at; or everything.
    fn go_on_after(&mut self, id: Option<u128>) {
        let next = id.and_then(|id| if self.ascending { id.checked_add(1) } else { id.checked_sub(1) });
        match (next, self.ascending) {
            (Some(low), true) => self.low = low,
            (Some(high), false) => self.high = high,
            (None, _) => (self.low, self.high) = (1, 0),
        }
    }

    async fn next(&self) -> Result<Option<u128>, StoreError> {
        let sql = if self.ascending { NEXT_UP } else { NEXT_DOWN };
        let (low, high) = (Uuid::from_u128(self.low), Uuid::from_u128(self.high));
        let row = self.view.snapshot.row(sql, &[&self.view.region, &low, &high]).await?;
        row.map(|row| Stored { row: &row, table: "cases", key: &[] }.take::<Uuid>("id").map(|id| id.as_u128()))
            .transpose()
    }
}

fn stamped(keys: &[i64], stamp: i64) -> String {
    let keys: Vec<String> = keys.iter().map(|key| (key ^ stamp).to_string()).collect();
    format!("{{{}}}", keys.join(","))
}

fn ids(rows: &[Row]) -> Result<Vec<Uuid>, StoreError> {
    rows.iter().map(|row| Stored { row, table: "cases", key: &[] }.take("id")).collect()
}

/// What a filter can be found by, not yet stamped.
struct Wanted {
    /// All of these.
    keys: Vec<i64>,
    /// And any of these, unless there are none.
    cells: Vec<i64>,
}

impl Wanted {
    fn of(region: i64, filter: &CaseFilter) -> Wanted {
        let of = |kind: u8, text: &str| key(region, kind, text.as_bytes());
        let mut keys: Vec<i64> = filter.terms.iter().map(|term| of(kind::TERM, term)).collect();
        keys.extend(filter.area.as_ref().map(|area| of(kind::AREA, area.as_str())));
        keys.extend(filter.class.as_ref().map(|class| of(kind::CLASS, class.as_str())));
        keys.extend(filter.source.map(|source| of(kind::SOURCE, source.code())));
        keys.extend(filter.unit.as_ref().map(|unit| of(kind::LEAD, unit.as_str())));
        if filter.is_placed == Some(false) {
            keys.push(key(region, kind::UNPLACED, &[]));
        }
        let cells = filter.within.map(|bounds| cells(region, bounds)).unwrap_or_default();
        // By itself a state is found by the index of states.
        if !keys.is_empty() || !cells.is_empty() {
            let wanted = states(filter);
            let alike = wanted.first().and_then(|state| standing(*state));
            let alike = alike.filter(|alike| wanted.iter().all(|state| standing(*state) == Some(*alike)));
            keys.extend(alike.map(|alike| of(kind::STANDING, alike)));
        }
        Wanted { keys, cells }
    }

    fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.cells.is_empty()
    }
}

/// The states asked for, none for all. What is due is open.
fn states(filter: &CaseFilter) -> Vec<StateKind> {
    if filter.states.is_empty() && filter.due_before.is_some() {
        return StateKind::ALL.iter().copied().filter(|state| state.is_open()).collect();
    }
    filter.states.clone()
}

/// Squares that cover the box, the smallest that are few enough; none when it is too large for any.
fn cells(region: i64, [west, south, east, north]: [i64; 4]) -> Vec<i64> {
    for (kind, size) in (kind::CELL..).zip(CELLS) {
        let (left, right) = (west.div_euclid(size), east.div_euclid(size));
        let (bottom, top) = (south.div_euclid(size), north.div_euclid(size));
        let across = right.saturating_sub(left).saturating_add(1);
        let up = top.saturating_sub(bottom).saturating_add(1);
        if across.saturating_mul(up) <= CELLS_MOST {
            let columns = left..=right;
            return columns
                .flat_map(|x| (bottom..=top).map(move |y| [x.to_be_bytes(), y.to_be_bytes()].concat()))
                .map(|cell| key(region, kind, &cell))
                .collect();
        }
    }
    Vec::new()
}

/// A filter as parameters.
#[derive(Clone)]
struct Params<'a> {
    region: i64,
    states: Option<Vec<&'static str>>,
    area: Option<&'a str>,
    class: Option<&'a str>,
    source: Option<&'static str>,
    unit: Option<&'a str>,
    from: Option<i64>,
    to: Option<i64>,
    changed_from: Option<i64>,
    changed_to: Option<i64>,
    due_before: Option<i64>,
    is_placed: Option<bool>,
    within: [Option<i64>; 4],
    terms: Option<Vec<i64>>,
    near: i64,
    /// Keys not stamped; and stamped for the two spans that are nearest, with their stamps.
    keys: Vec<i64>,
    stamps: [i64; 2],
    near_keys: [Vec<i64>; 2],
    /// For each span, its keys, and keys of which one will do, as arrays are written.
    span_keys: Vec<String>,
    span_cells: Vec<String>,
}

type List<'a> = Vec<(&'a (dyn ToSql + Sync), Type)>;

impl<'a> Params<'a> {
    fn of(region: i64, filter: &'a CaseFilter) -> Params<'a> {
        let mut states: Vec<_> = states(filter).into_iter().map(StateKind::code).collect();
        states.sort_unstable();
        states.dedup();
        let terms: Vec<_> = filter.terms.iter().map(|term| key(region, kind::TERM, term.as_bytes())).collect();
        Params {
            region,
            states: (!states.is_empty()).then_some(states),
            area: filter.area.as_ref().map(AreaCode::as_str),
            class: filter.class.as_ref().map(ClassCode::as_str),
            source: filter.source.map(|source| source.code()),
            unit: filter.unit.as_ref().map(UnitCode::as_str),
            from: filter.from.map(ms),
            to: filter.to.map(ms),
            changed_from: filter.changed_from.map(ms),
            changed_to: filter.changed_to.map(ms),
            due_before: filter.due_before.map(ms),
            is_placed: filter.is_placed,
            within: filter.within.map_or([None; 4], |bounds| bounds.map(Some)),
            terms: (!terms.is_empty()).then_some(terms),
            near: 0,
            keys: Vec::new(),
            stamps: [0; 2],
            near_keys: [Vec::new(), Vec::new()],
            span_keys: Vec::new(),
            span_cells: Vec::new(),
        }
    }

    fn list(&'a self, bound: &'a Bound) -> List<'a> {
        let [west, south, east, north] = &self.within;
        let [first, second] = &self.stamps;
        let [first_keys, second_keys] = &self.near_keys;
        let values: [(&(dyn ToSql + Sync), Type); 28] = [
            (&self.region, Type::INT8),
            (&bound.low, Type::UUID),
            (&bound.high, Type::UUID),
            (&bound.most, Type::INT8),
            (&self.states, Type::TEXT_ARRAY),
            (&self.area, Type::TEXT),
            (&self.class, Type::TEXT),
            (&self.source, Type::TEXT),
            (&self.unit, Type::TEXT),
            (&self.from, Type::INT8),
            (&self.to, Type::INT8),
            (&self.changed_from, Type::INT8),
            (&self.due_before, Type::INT8),
            (&self.is_placed, Type::BOOL),
            (west, Type::INT8),
            (south, Type::INT8),
            (east, Type::INT8),
            (north, Type::INT8),
            (&self.terms, Type::INT8_ARRAY),
            (&self.near, Type::INT8),
            (&self.span_keys, Type::TEXT_ARRAY),
            (&self.span_cells, Type::TEXT_ARRAY),
            (first, Type::INT8),
            (second, Type::INT8),
            (first_keys, Type::INT8_ARRAY),
            (second_keys, Type::INT8_ARRAY),
            (&self.keys, Type::INT8_ARRAY),
            (&self.changed_to, Type::INT8),
        ];
        values.into()
    }
}

/// Types of the parameters, in the order in which every statement here numbers them.
pub fn types() -> Vec<Type> {
    let (filter, bound) = (CaseFilter::default(), Bound::of(0, 0, 0));
    Params::of(0, &filter).list(&bound).into_iter().map(|(_, kind)| kind).collect()
}

/// Which ids, both ends included, and how many.
struct Bound {
    low: Uuid,
    high: Uuid,
    most: i64,
}

impl Bound {
    fn of(low: u128, high: u128, most: i64) -> Bound {
        Bound { low: Uuid::from_u128(low), high: Uuid::from_u128(high), most }
    }
}

/// What every search reads of a case.
macro_rules! columns {
    () => {
        "id, state, path, class, source, units, reported_at, changed_at, due_at, closed_at, is_placed, lon, lat"
    };
}

/// The filter on a case `c`, but for its words. A part that is null falls away when the statement is planned.
macro_rules! fits {
    () => {
        "c.id >= $2 and c.id <= $3
        and ($5::text[] is null or c.state = any($5))
        and ($6::text is null or c.path @> array[$6])
        and ($7::text is null or c.class = $7)
        and ($8::text is null or c.source = $8)
        and ($9::text is null or c.units @> array[$9])
        and ($10::int8 is null or c.reported_at >= $10)
        and ($11::int8 is null or c.reported_at < $11)
        and ($12::int8 is null or c.changed_at >= $12)
        and ($28::int8 is null or c.changed_at < $28)
        and ($13::int8 is null or (c.due_at < $13 and c.closed_at is null))
        and ($14::bool is null or c.is_placed = $14)
        and ($15::int8 is null or (c.lon >= $15 / 1e7::float8 and c.lat >= $16 / 1e7::float8
            and c.lon <= $17 / 1e7::float8 and c.lat <= $18 / 1e7::float8))"
    };
}

/// The whole filter on a case `c`.
macro_rules! matches {
    () => {
        concat!(
            fits!(),
            "
        and ($19::int8[] is null or exists (
            select 1 from finds f where f.region = $1 and f.case_id = c.id
                and f.keys @> array(select wanted # f.stamp from unnest($19) as wanted)))"
        )
    };
}

/// The keys a row of `finds` must have: known for the nearest spans, stamped on the spot for the others.
macro_rules! near_keys {
    () => {
        "f.keys @> case f.stamp
            when $23 then $25 when $24 then $26
            else array(select wanted # f.stamp from unnest($27) as wanted) end"
    };
}

/// A statement that walks up and its twin that walks down.
macro_rules! both_ways {
    ($up:ident, $down:ident, $($part:expr),+) => {
        pub(crate) const $up: &str = concat!($($part),+, " order by c.id limit $4");
        pub(crate) const $down: &str = concat!($($part),+, " order by c.id desc limit $4");
    };
}

both_ways!(ALL_UP, ALL_DOWN, "select c.id from cases c where c.region = $1 and ", matches!());
both_ways!(
    DUE_UP,
    DUE_DOWN,
    "with c as materialized (select ",
    columns!(),
    " from cases where region = $1 and due_at < $13) select c.id from c where ",
    matches!()
);
both_ways!(
    CHANGED_UP,
    CHANGED_DOWN,
    "with c as materialized (select ",
    columns!(),
    " from cases where region = $1 and changed_at >= $12) select c.id from c where ",
    matches!()
);
both_ways!(
    STATES_UP,
    STATES_DOWN,
    "with c as materialized (select ",
    columns!(),
    " from cases where region = $1 and state = any($5) and id >= $2 and id <= $3) select c.id from c where ",
    matches!()
);
/// Each state in its own order, merged.
pub(crate) const MERGED_UP: &str = concat!(
    "select found.id from unnest($5::text[]) as wanted (state) cross join lateral (
        select c.id from cases c where c.region = $1 and c.state = wanted.state and ",
    matches!(),
    " order by c.id limit $4) as found order by found.id limit $4"
);
pub(crate) const MERGED_DOWN: &str = concat!(
    "select found.id from unnest($5::text[]) as wanted (state) cross join lateral (
        select c.id from cases c where c.region = $1 and c.state = wanted.state and ",
    matches!(),
    " order by c.id desc limit $4) as found order by found.id desc limit $4"
);
pub(crate) const NEAR_ROWS_UP: &str = concat!(
    "select c.id from (select ",
    columns!(),
    " from cases where region = $1 and id >= $2 and id <= $3 order by id limit $20) as c where ",
    fits!(),
    " order by c.id limit $4"
);
pub(crate) const NEAR_KEYS_UP: &str = concat!(
    "select f.id from (
        select case_id as id, stamp, keys from finds
        where region = $1 and case_id >= $2 and case_id <= $3 order by case_id limit $20) as f
    where ",
    near_keys!(),
    " order by f.id limit $4"
);
pub(crate) const NEAR_BOTH_UP: &str = concat!(
    "select f.id from (
        select case_id as id, stamp, keys from finds
        where region = $1 and case_id >= $2 and case_id <= $3 order by case_id limit $20) as f
    cross join lateral (select 1 from cases c where c.region = $1 and c.id = f.id and ",
    fits!(),
    " offset 0) as c
    where ",
    near_keys!(),
    " order by f.id limit $4"
);
pub(crate) const NEAR_ROWS_DOWN: &str = concat!(
    "select c.id from (select ",
    columns!(),
    " from cases where region = $1 and id >= $2 and id <= $3 order by id desc limit $20) as c where ",
    fits!(),
    " order by c.id desc limit $4"
);
pub(crate) const NEAR_KEYS_DOWN: &str = concat!(
    "select f.id from (
        select case_id as id, stamp, keys from finds
        where region = $1 and case_id >= $2 and case_id <= $3 order by case_id desc limit $20) as f
    where ",
    near_keys!(),
    " order by f.id desc limit $4"
);
pub(crate) const NEAR_BOTH_DOWN: &str = concat!(
    "select f.id from (
        select case_id as id, stamp, keys from finds
        where region = $1 and case_id >= $2 and case_id <= $3 order by case_id desc limit $20) as f
    cross join lateral (select 1 from cases c where c.region = $1 and c.id = f.id and ",
    fits!(),
    " offset 0) as c
    where ",
    near_keys!(),
    " order by f.id desc limit $4"
);
/// Asks the index of keys, and no other, for each span by itself: `offset 0` keeps the planner from turning that round,
/// and what else is asked stands outside. A key knows its region.
macro_rules! of_spans {
    () => {
        "with c as materialized (
            select found.id from unnest($21::text[]) as span (keys) cross join lateral (
                select f.case_id as id from finds f where f.keys @> span.keys::int8[] offset 0) as found)"
    };
}

macro_rules! of_cells {
    () => {
        "with c as materialized (
            select found.id from unnest($21::text[], $22::text[]) as span (keys, cells) cross join lateral (
                select f.case_id as id from finds f
                where f.keys && span.cells::int8[] and f.keys @> span.keys::int8[] offset 0) as found)"
    };
}

both_ways!(SPANS_UP, SPANS_DOWN, of_spans!(), " select c.id from c where c.id >= $2 and c.id <= $3");
/// Of cases `c`, in order, those that fit. Each is looked up by its id: left to itself, the planner may read all that are
/// in a state instead.
macro_rules! looked_up {
    ($found:expr, $direction:literal) => {
        concat!(
            $found,
            " select found.id from (
                select id from c where id >= $2 and id <= $3 order by id",
            $direction,
            " offset 0) as found
            cross join lateral (select 1 from cases c where c.region = $1 and c.id = found.id and ",
            fits!(),
            " offset 0) as looked order by found.id",
            $direction,
            " limit $4"
        )
    };
}

pub(crate) const SPAN_ROWS_UP: &str = looked_up!(of_spans!(), "");
pub(crate) const SPAN_ROWS_DOWN: &str = looked_up!(of_spans!(), " desc");
pub(crate) const CELLS_UP: &str = looked_up!(of_cells!(), "");
pub(crate) const CELLS_DOWN: &str = looked_up!(of_cells!(), " desc");

pub(crate) const COUNT_DUE: &str =
    "select count(*) from (select 1 from cases where region = $1 and due_at < $13 limit $4) as counted";
pub(crate) const COUNT_CHANGED: &str =
    "select count(*) from (select 1 from cases where region = $1 and changed_at >= $12 limit $4) as counted";
pub(crate) const COUNT_STATES: &str = "
    select count(*) from (
        select 1 from cases where region = $1 and state = any($5) and id >= $2 and id <= $3 limit $4) as counted";

pub(crate) const ODD: &str = "select 1 from cases where region = $1 and is_odd limit 1";
pub(crate) const NEXT_UP: &str = "
    select id from cases where region = $1 and id >= $2 and id <= $3 order by id limit 1";
pub(crate) const NEXT_DOWN: &str = "
    select id from cases where region = $1 and id >= $2 and id <= $3 order by id desc limit 1";

pub(crate) const INSERT: &str = "
    insert into finds (region, case_id, stamp, keys)
    select region, case_id, stamp, ($6::int8[])[first:last]
    from unnest($1::int8[], $2::uuid[], $3::int8[], $4::int4[], $5::int4[]) as new (region, case_id, stamp, first, last)
    on conflict (region, case_id) do nothing";
/// Words stay unless new ones come; what has not changed is not written.
pub(crate) const UPDATE: &str = "
    update finds f set keys = new.keys
    from (
        select old.region, old.case_id, ($6::int8[])[first:last] || case
            when has_terms then array[]::int8[]
            else array(select key from unnest(old.keys) as key where key < 0) end as keys
        from unnest($1::int8[], $2::uuid[], $3::bool[], $4::int4[], $5::int4[])
            as change (region, case_id, has_terms, first, last)
        join finds old on old.region = change.region and old.case_id = change.case_id) as new
    where f.region = new.region and f.case_id = new.case_id and f.keys is distinct from new.keys";

/// Writes what new cases are found by (`is_new`), or known ones.
pub(crate) async fn put(tx: &Tx, is_new: bool, writes: &[(i64, &crate::cases::Write)]) -> Result<(), Error> {
    let writes: Vec<_> = writes.iter().filter(|write| write.1.was.is_none() == is_new).collect();
    if writes.is_empty() {
        return Ok(());
    }
    let region: Vec<_> = writes.iter().map(|write| write.0).collect();
    let case: Vec<_> = writes.iter().map(|write| write.1.row.id.0).collect();
    let mut keys: Vec<i64> = Vec::new();
    let (mut first, mut last) = (Vec::new(), Vec::new());
    for write in &writes {
        first.push(i32::try_from(keys.len()).unwrap_or(i32::MAX).saturating_add(1));
        keys.extend(&write.1.keys);
        last.push(i32::try_from(keys.len()).unwrap_or(i32::MAX));
    }
    if is_new {
        let stamp: Vec<_> = writes.iter().map(|write| stamp(span(write.1.row.id.0.as_u128()))).collect();
        tx.run(INSERT, &[&region, &case, &stamp, &first, &last, &keys]).await?;
    } else {
        let has_terms: Vec<_> = writes.iter().map(|write| write.1.has_terms).collect();
        tx.run(UPDATE, &[&region, &case, &has_terms, &first, &last, &keys]).await?;
    }
    Ok(())
}

pub(crate) const ERASE: &str = "
    update finds set keys = array(select key from unnest(keys) as key where key >= 0) where region = $1 and case_id = $2";

/// Takes the words out; the case is found by everything else as before.
pub(crate) async fn erase(tx: &Tx, region: i64, case: CaseId) -> Result<(), Error> {
    tx.run(ERASE, &[&region, &case.0]).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_negative_and_everything_else_is_not_also_when_stamped() {
        for span in 0..1_000 {
            assert!(stamp(span) >= 0);
            assert!(key(110_101, kind::TERM, b"lamp") ^ stamp(span) < 0);
            assert!(key(110_101, kind::AREA, b"lamp") ^ stamp(span) >= 0);
        }
    }

    #[test]
    fn a_point_lies_in_a_cell_of_every_box_around_it() {
        let (lon, lat) = (116.391_234_5, -39.907_123_4);
        for half in [1, 9_999, 30_000, 250_000, 2_000_000] {
            let bounds = [units(lon) - half, units(lat) - half, units(lon) + half, units(lat) + half];
            let own: Vec<i64> = (kind::CELL..)
                .zip(CELLS)
                .map(|(kind, size)| key(7, kind, &cell(size, units(lon), units(lat))))
                .collect();
            assert!(cells(7, bounds).iter().any(|cell| own.contains(cell)), "half a side of {half}");
        }
    }

    #[test]
    fn the_whole_earth_has_no_cells() {
        assert!(cells(7, [-1_800_000_000, -900_000_000, 1_800_000_000, 900_000_000]).is_empty());
        assert!(cells(7, [i64::MIN, i64::MIN, i64::MAX, i64::MAX]).is_empty());
    }
}
