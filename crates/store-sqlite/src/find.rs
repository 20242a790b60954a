//! How a list of cases is looked up: which index leads, and what is then asked of each row.
//!
//! The page asked for must cost about the same among ten million cases as among one. So what leads is, in this order:
//! 1. words, or a small square of the map: the term index, with every mark the filter allows; for open cases no further
//!    back than most of them are, the few oldest being read one by one;
//! 2. only open cases, also by words when they are one unit's and so few: the index of open cases, whose size is that of
//!    the work in hand, not of the past;
//! 3. marks (area, class, source, unit, dropped, in no grid): the term index again;
//! 4. changed since: everything reported since then, then what the facts since then are about;
//! 5. otherwise: the newest first.
//!
//! An area that nearly all cases have, such as the county of whoever looks, is asked of the rows that other terms lead to:
//! in the index, every one of them would be looked for in the longest list there is (see [`Search::by_terms`]).
//!
//! A time of reporting is a range of ids, because ids begin with it. Cases whose id does not ("odd" ones: imported with
//! foreign ids) are few and looked up beside the others.

use crate::{
    cases::ODD_MS,
    error::failed,
    row::{FIRST_ID, LAST_ID, SEPARATOR, ms, one, statements},
    words::{
        LAST_PLACE, area_token, cells_over, class_token, dropped_token, first_of_second, last_of_second, mirrored,
        second_of, second_of_place, source_token, unit_token, unplaced_token, word_token,
    },
};
use gewu_domain::{
    case::StateKind,
    ids::{AreaCode, CaseId, RegionId},
};
use gewu_store::{StoreError, cases::CaseFilter};
use jiff::Timestamp;
use rusqlite::{Connection, params_from_iter, types::Value};
use uuid::Uuid;

statements! {
    OLD = "select id from cases indexed by cases_open where region = ?1 and closed_at is null order by id limit 1 offset ?2";
    HAS_ODD = "select 1 from cases indexed by cases_odd where region = ?1 and is_odd = 1 limit 1";
}

/// So many of the oldest open cases may have been left over from long ago.
const LEFT_OVER: u32 = 50;

/// Rows are asked for their area as long as no more than one in so many does not have it, apart from the first.
const ELSEWHERE: usize = 8;

/// Within so many seconds the list of each token is read by itself, and no further: an AND is walked to its first match,
/// however far beyond that may be.
const BRIEF_S: i64 = 10 * 86_400;

/// What is looked up, in which direction, and how much of it.
struct Search<'a> {
    connection: &'a Connection,
    region: RegionId,
    filter: &'a CaseFilter,
    is_forwards: bool,
    most: usize,
}

/// Ids within which rows are looked for, both ends included.
#[derive(Clone, Copy)]
struct Span {
    first: CaseId,
    last: CaseId,
}

/// Ids of the cases a filter gives after (or before) one, newest first (or oldest first when walking backwards).
pub(crate) fn find(
    connection: &Connection,
    region: RegionId,
    filter: &CaseFilter,
    after: Option<CaseId>,
    backwards: bool,
    most: usize,
) -> Result<Vec<CaseId>, StoreError> {
    let search = Search { connection, region, filter, is_forwards: !backwards, most };
    let everything = Span { first: CaseId(Uuid::from_bytes(FIRST_ID)), last: CaseId(Uuid::from_bytes(LAST_ID)) };
    let page = match after.map(|id| id.0.as_u128()) {
        None => everything,
        Some(id) if backwards => match id.checked_add(1) {
            Some(next) => Span { first: CaseId(Uuid::from_u128(next)), ..everything },
            None => return Ok(Vec::new()),
        },
        Some(id) => match id.checked_sub(1) {
            Some(before) => Span { last: CaseId(Uuid::from_u128(before)), ..everything },
            None => return Ok(Vec::new()),
        },
    };
    if most == 0 || filter.within.is_some_and(|[west, south, east, north]| west > east || south > north) {
        return Ok(Vec::new());
    }
    let timed = page.within(filter);
    let mut ids = search.lead(timed)?;
    let is_timed = filter.from.is_some() || filter.to.is_some();
    if is_timed && one(connection, HAS_ODD, [region.0], |_| Ok(()))?.is_some() {
        ids.extend(search.by_index("indexed by cases_odd", "c.is_odd = 1", page)?);
        search.sort(&mut ids);
    }
    Ok(ids)
}

impl Span {
    /// From an id on, and what is before it.
    fn cut(self, id: u128) -> (Span, Span) {
        let newer = Span { first: self.first.max(CaseId(Uuid::from_u128(id))), ..self };
        let older = Span { last: self.last.min(CaseId(Uuid::from_u128(id.saturating_sub(1)))), ..self };
        (newer, older)
    }

    /// Cut to what can have been reported at the times asked for, odd cases apart.
    fn within(self, filter: &CaseFilter) -> Span {
        let lowest = |at: Timestamp| Uuid::from_u128(id_at(ms(at).saturating_sub(ODD_MS)));
        let highest = |at: Timestamp| Uuid::from_u128(id_at(ms(at).saturating_add(ODD_MS + 1)));
        Span {
            first: filter.from.map_or(self.first, |from| self.first.max(CaseId(lowest(from)))),
            last: filter.to.map_or(self.last, |to| self.last.min(CaseId(highest(to)))),
        }
    }
}

/// The lowest id of a millisecond.
fn id_at(ms: i64) -> u128 {
    u128::try_from(ms.clamp(0, (1 << 48) - 1)).expect("not negative") << 80
}

impl Search<'_> {
    fn lead(&self, span: Span) -> Result<Vec<CaseId>, StoreError> {
        let filter = self.filter;
        let region = self.region;
        let cells = filter.within.map(degrees).and_then(|rectangle| cells_over(region, rectangle));
        let is_small_place = cells.as_ref().is_some_and(|(_, is_fine)| *is_fine);
        let is_open = filter.due_before.is_some()
            || (!filter.states.is_empty() && filter.states.iter().all(|state| state.is_open()));
        let are_few = filter.terms.is_empty() || filter.unit.is_some();
        if is_open && are_few && !is_small_place {
            return self.by_index("indexed by cases_open", "c.closed_at is null", span);
        }
        let class = filter.class.as_ref();
        let dropped =
            filter.states.iter().map(|state| dropped_token(region, *state, class)).collect::<Option<Vec<_>>>();
        let dropped = any(&dropped.unwrap_or_default());
        let class = class.filter(|_| dropped.is_none()).map(|class| quoted(&class_token(region, class)));
        let mut tokens: Vec<String> = dropped.into_iter().chain(class).collect();
        tokens.extend(filter.unit.as_ref().map(|unit| quoted(&unit_token(region, unit))));
        tokens.extend(filter.terms.iter().map(|term| quoted(&word_token(region, term))));
        tokens.extend(filter.source.map(|source| quoted(&source_token(region, source))));
        tokens.extend((filter.is_placed == Some(false)).then(|| quoted(&unplaced_token(region))));
        tokens.extend(cells.and_then(|(cells, _)| any(&cells)));
        if !tokens.is_empty() || filter.area.is_some() {
            return if is_open { self.open_by_terms(&tokens, span) } else { self.by_terms(&tokens, span) };
        }
        match filter.changed_from {
            Some(from) => self.by_change(from, span),
            None => self.by_index("not indexed", "1", span),
        }
    }

    /// From the term index, by an area and other tokens. The area is asked of the rows as long as nearly all of them have
    /// it; otherwise of the index.
    fn by_terms(&self, tokens: &[String], span: Span) -> Result<Vec<CaseId>, StoreError> {
        let Some(area) = &self.filter.area else {
            return Ok(self.walk_terms(tokens, None, span)?.unwrap_or_default());
        };
        if !tokens.is_empty()
            && let Some(ids) = self.walk_terms(tokens, Some(area), span)?
        {
            return Ok(ids);
        }
        let token = quoted(&area_token(self.region, area));
        let tokens: Vec<String> = tokens.iter().cloned().chain([token]).collect();
        Ok(self.walk_terms(&tokens, None, span)?.unwrap_or_default())
    }

    /// From the term index, whose rows sort by the second of their id: whole seconds are read, then sorted. `None` when
    /// an area was to be asked of rows and too many do not have it.
    fn walk_terms(
        &self,
        tokens: &[String],
        area: Option<&AreaCode>,
        span: Span,
    ) -> Result<Option<Vec<CaseId>>, StoreError> {
        let (conditions, values) = self.conditions(Asked::NotMarks);
        let cases = if conditions.is_empty() && area.is_none() {
            String::new()
        } else {
            format!("cross join cases c on c.region = p.region and c.id = p.id{conditions}")
        };
        let has_area = if area.is_some() { "instr(c.path, ?) > 0" } else { "1" };
        let direction = if self.is_forwards { "asc" } else { "desc" };
        let [first, last] = [second_of(span.first), second_of(span.last)];
        let rows: [Value; 2] = [mirrored(last_of_second(last)).into(), mirrored(first_of_second(first)).into()];
        let lists = if last - first <= BRIEF_S { tokens.to_vec() } else { vec![together(self.region, tokens)] };
        let also = " and +case_terms.rowid in (
                select rowid from case_terms where case_terms match ? and rowid between ? and ?)"
            .repeat(lists.len() - 1);
        let sql = format!(
            "select case_terms.rowid, p.id, {has_area} from case_terms
             cross join cases p indexed by cases_by_place on p.region = ? and p.found_at = {LAST_PLACE} - case_terms.rowid
             {cases} where p.id between ? and ? and case_terms match ? and case_terms.rowid between ? and ?{also}
             order by case_terms.rowid {direction}"
        );
        let mut all: Vec<Value> = area.map(|area| enclosed(area.as_str())).into_iter().collect();
        all.push(self.region.0.into());
        all.extend(values);
        all.extend(span.values());
        for list in lists {
            all.push(list.into());
            all.extend(rows.clone());
        }
        let mut statement = self.connection.prepare_cached(&sql).map_err(failed)?;
        let mut rows = statement.query(params_from_iter(all)).map_err(failed)?;
        let mut ids = Vec::new();
        let mut second = None;
        let mut elsewhere = 0;
        while let Some(row) = rows.next().map_err(failed)? {
            let this = Some(second_of_place(mirrored(row.get(0).map_err(failed)?)));
            if this != second && ids.len() >= self.most {
                break;
            }
            second = this;
            if row.get(2).map_err(failed)? {
                ids.push(id(row.get(1).map_err(failed)?));
            } else {
                elsewhere += 1;
                if elsewhere > 1 + ids.len() / ELSEWHERE {
                    return Ok(None);
                }
            }
        }
        self.sort(&mut ids);
        Ok(Some(ids))
    }

    /// Open cases, from the term index; the oldest of them one by one, or it would be walked through all of the past for a
    /// few that were left over.
    fn open_by_terms(&self, tokens: &[String], span: Span) -> Result<Vec<CaseId>, StoreError> {
        let border = one(self.connection, OLD, [self.region.0, LEFT_OVER], |row| row.get(0).map(id).map_err(failed))?;
        let (newer, older) = span.cut(border.map_or(u128::MAX, |border| border.0.as_u128()));
        self.in_turn(
            || self.by_terms(tokens, newer),
            || self.by_index("indexed by cases_open", "c.closed_at is null", older),
        )
    }

    /// From an index of cases whose rows are in order of their ids.
    fn by_index(&self, indexed: &str, members: &str, span: Span) -> Result<Vec<CaseId>, StoreError> {
        let (conditions, values) = self.conditions(Asked::All);
        let direction = if self.is_forwards { "desc" } else { "asc" };
        let sql = format!(
            "select c.id from cases c {indexed}
             where c.region = ? and {members} and c.id between ? and ?{conditions} order by c.id {direction} limit ?"
        );
        let mut all: Vec<Value> = vec![self.region.0.into()];
        all.extend(span.values());
        all.extend(values);
        all.push(self.limit());
        self.ids(&sql, all)
    }

    /// What was reported since then has changed since then; of what is older, facts recorded since then tell.
    fn by_change(&self, from: Timestamp, span: Span) -> Result<Vec<CaseId>, StoreError> {
        let (newer, older) = span.cut(id_at(ms(from).saturating_add(ODD_MS + 1)));
        let by_facts = |span: Span| {
            let (conditions, values) = self.conditions(Asked::All);
            let direction = if self.is_forwards { "desc" } else { "asc" };
            let sql = format!(
                "select c.id from cases c where c.region = ? and c.id in (
                   select f.case_id from facts f indexed by facts_by_record
                   where f.region = ? and f.recorded_at >= ? and f.case_id between ? and ?)
                 {conditions} order by c.id {direction} limit ?"
            );
            let mut all: Vec<Value> = vec![self.region.0.into(), self.region.0.into(), ms(from).into()];
            all.extend(span.values());
            all.extend(values);
            all.push(self.limit());
            self.ids(&sql, all)
        };
        self.in_turn(|| self.by_index("not indexed", "1", newer), || by_facts(older))
    }

    /// What is newer than a border and what is older, in walking order; the second only as far as the first leaves room.
    fn in_turn(
        &self,
        newer: impl Fn() -> Result<Vec<CaseId>, StoreError>,
        older: impl Fn() -> Result<Vec<CaseId>, StoreError>,
    ) -> Result<Vec<CaseId>, StoreError> {
        let mut ids = if self.is_forwards { newer()? } else { older()? };
        if ids.len() < self.most {
            ids.extend(if self.is_forwards { older()? } else { newer()? });
        }
        ids.truncate(self.most);
        Ok(ids)
    }

    fn ids(&self, sql: &str, values: Vec<Value>) -> Result<Vec<CaseId>, StoreError> {
        crate::row::all(self.connection, sql, params_from_iter(values), |row| row.get(0).map(id).map_err(failed))
    }

    fn sort(&self, ids: &mut Vec<CaseId>) {
        ids.sort_unstable();
        ids.dedup();
        if self.is_forwards {
            ids.reverse();
        }
        ids.truncate(self.most);
    }

    fn limit(&self) -> Value {
        i64::try_from(self.most).unwrap_or(i64::MAX).into()
    }

    /// What must be asked of a row of `cases c`, each condition with its ` and `, and the values in their order.
    fn conditions(&self, asked: Asked) -> (String, Vec<Value>) {
        let filter = self.filter;
        let mut sql = String::new();
        let mut values: Vec<Value> = Vec::new();
        let mut ask = |condition: &str, asked: Vec<Value>| {
            sql.push_str(" and ");
            sql.push_str(condition);
            values.extend(asked);
        };
        let opens = || StateKind::ALL.iter().filter(|state| state.is_open());
        if !filter.states.is_empty() {
            if opens().count() == filter.states.len() && opens().all(|state| filter.states.contains(state)) {
                ask("c.closed_at is null", Vec::new());
            } else {
                let places = vec!["?"; filter.states.len()].join(", ");
                let codes = filter.states.iter().map(|state| state.code().to_owned().into()).collect();
                ask(&format!("c.state in ({places})"), codes);
            }
        }
        if let Asked::All = asked {
            if let Some(area) = &filter.area {
                ask("instr(c.path, ?) > 0", vec![enclosed(area.as_str())]);
            }
            if let Some(class) = &filter.class {
                ask("c.class = ?", vec![class.as_str().to_owned().into()]);
            }
            if let Some(source) = filter.source {
                ask("c.source = ?", vec![source.code().to_owned().into()]);
            }
            if let Some(unit) = &filter.unit {
                ask("instr(c.units, ?) > 0", vec![enclosed(unit.as_str())]);
            }
            if let Some(is_placed) = filter.is_placed {
                ask("c.is_placed = ?", vec![is_placed.into()]);
            }
            if !filter.terms.is_empty() {
                let has_words = " and instr(' ' || w.words || ' ', ?) > 0".repeat(filter.terms.len());
                let words = filter.terms.iter().map(|term| format!(" {} ", word_token(self.region, term)).into());
                ask(
                    &format!(
                        "exists (select 1 from case_words w where w.region = c.region and w.id = c.id{has_words})"
                    ),
                    words.collect(),
                );
            }
        } else if filter.is_placed == Some(true) {
            ask("c.is_placed", Vec::new());
        }
        if let Some(from) = filter.from {
            ask("c.reported_at >= ?", vec![ms(from).into()]);
        }
        if let Some(to) = filter.to {
            ask("c.reported_at < ?", vec![ms(to).into()]);
        }
        if let Some(from) = filter.changed_from {
            ask("c.changed_at >= ?", vec![ms(from).into()]);
        }
        if let Some(to) = filter.changed_to {
            ask("c.changed_at < ?", vec![ms(to).into()]);
        }
        if let Some(before) = filter.due_before {
            ask("c.closed_at is null and c.due_at < ?", vec![ms(before).into()]);
        }
        if let Some([west, south, east, north]) = filter.within.map(degrees) {
            ask(
                "c.lon >= ? and c.lon <= ? and c.lat >= ? and c.lat <= ?",
                vec![west.into(), east.into(), south.into(), north.into()],
            );
        }
        (sql, values)
    }
}

/// Which conditions a row still has to meet.
enum Asked {
    All,
    /// The term index has seen to words, areas, classes, sources, units and what is in no grid.
    NotMarks,
}

impl Span {
    fn values(self) -> [Value; 2] {
        [self.first, self.last].map(|id| id.0.as_bytes().to_vec().into())
    }
}

/// What matches rows with all of these tokens. The third is only looked for where the first two are together, the others
/// where all three are: an AND of many would be walked by asking each in turn, whichever does not fit. Brackets within an
/// AND go unheeded by the index, but not those around an OR, here with what is nowhere.
fn together(region: RegionId, tokens: &[String]) -> String {
    match tokens {
        [first, second, third, rest @ ..] => {
            let three = format!("({first} AND {second} OR \"{region}\") AND {third}");
            if rest.is_empty() { three } else { format!("({three} OR \"{region}\") AND {}", rest.join(" AND ")) }
        }
        few => few.join(" AND "),
    }
}

fn quoted(token: &str) -> String {
    format!("\"{token}\"")
}

/// Any of these; `None` of none.
fn any(tokens: &[String]) -> Option<String> {
    (!tokens.is_empty()).then(|| format!("(\"{}\")", tokens.join("\" OR \"")))
}

fn enclosed(code: &str) -> Value {
    format!("{SEPARATOR}{code}{SEPARATOR}").into()
}

fn id(bytes: [u8; 16]) -> CaseId {
    CaseId(Uuid::from_bytes(bytes))
}

/// Degrees, from degrees times 10⁷.
fn degrees(scaled: [i64; 4]) -> [f64; 4] {
    #[expect(clippy::cast_precision_loss, reason = "a degree times 10⁷ is far below 2⁵³")]
    scaled.map(|scaled| scaled as f64 / 1e7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_in_brackets_match_the_rows_that_have_all_of_them() {
        let region = RegionId(7);
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("create virtual table case_terms using fts5 (terms, content = '', detail = none)")
            .unwrap();
        let tokens: Vec<String> = (0..6).map(|no| word_token(region, &no.to_string())).collect();
        for row in 0..64 {
            let held: Vec<&str> = (0..6).filter(|no| row >> no & 1 == 1).map(|no| tokens[no].as_str()).collect();
            let values = (row, held.join(" "));
            connection.execute("insert into case_terms (rowid, terms) values (?, ?)", values).unwrap();
        }
        for many in 1..=6 {
            let quoted: Vec<String> = tokens.iter().take(many).map(|token| quoted(token)).collect();
            let mut rows = connection.prepare("select rowid from case_terms where case_terms match ?").unwrap();
            let rows = rows.query_map([together(region, &quoted)], |row| row.get(0)).unwrap();
            let rows: Vec<i64> = rows.map(Result::unwrap).collect();
            let all = (1_i64 << many) - 1;
            assert_eq!(rows, (0..64).filter(|row| row & all == all).collect::<Vec<_>>(), "{many} tokens");
        }
    }
}
