//! What a case is found by: its words, and marks for what lists narrow by (areas, class, source, units, squares of the
//! map, and what few cases are: in no grid, or dropped).
//!
//! Both are tokens of one inverted index, so that any of them together cost the length of the shortest list, and a new
//! case adds to one log-structured index instead of a page here and there in many trees. A token is the region, a letter
//! for its kind, and the thing itself: lists of one region never hold rows of another.
//!
//! The index is a contentless FTS5 table: it orders rows by an integer, which here sorts as the ids of cases do, second
//! by second (see [`first_of_second`]), but the newest first (see [`mirrored`]); within a second `find.rs` sorts by id.

use crate::{
    error::{broken, failed},
    row::{Terms, Writing, one, run, statements},
};
use gewu_domain::{
    case::{Case, Source, StateKind},
    ids::{AreaCode, CaseId, ClassCode, RegionId, UnitCode},
};
use gewu_store::StoreError;
use rusqlite::{Connection, params};
use std::fmt::Write as _;

statements! {
    SLOT = "select slot from regions where region = ?1";
    NEW_REGION = "insert into regions (region, slot) select ?1, count(*) from regions returning slot";
    LAST_IN_SECOND = "select max(found_at) from cases where region = ?1 and found_at between ?2 and ?3";
    INSERT_WORDS = "insert into case_words (region, id, words, marks) values (?1, ?2, ?3, ?4)";
    UPDATE_WORDS = "update case_words set words = ?3, marks = ?4 where region = ?1 and id = ?2";
    SELECT_WORDS = "select words, marks from case_words where region = ?1 and id = ?2";
    INSERT_TERMS = "insert into case_terms (rowid, terms) values (?1, ?2)";
    MERGE_TERMS = "insert into case_terms (case_terms, rank) values ('merge', ?1)";
    LEAST = "select v from case_terms_config where k = 'usermerge'";
    SET_LEAST = "insert into case_terms (case_terms, rank) values ('usermerge', ?1)";
    DELETE_TERMS = "insert into case_terms (case_terms, rowid, terms) values ('delete', ?1, ?2)";
}

/// For so many rows written to the term index, a page of it is merged: ten rows make a page, and each is merged some
/// four times until there are ten million.
const ROWS_PER_MERGED_PAGE: usize = 2;
/// To begin a merge costs about what a dozen pages do; to merge more at once is a longer wait for whoever is in that
/// transaction.
const MERGED_TOGETHER: usize = 128;
/// So many rows may be owed a merge before it is no longer put off.
const OWED_MOST: usize = 250_000;
/// When nobody waits, rows are merged as soon as there are so many: a search looks into every segment, and reports that
/// come one by one leave one each.
const DUE: usize = 16;
/// So many segments of one size are merged into one while others wait: fewer at a time would merge each row more often.
const WHEN_BUSY: i64 = 8;
/// The same when nobody does, so that few are left to look into.
const WHEN_QUIET: i64 = 2;

/// Bits of `found_at` below the second: the slot of the region, and a number within second and region.
const SECOND_BITS: u32 = 30;
const NUMBER_BITS: u32 = 20;
const LAST_SECOND: i64 = (1 << 33) - 1;
/// Above every `found_at`.
pub(crate) const LAST_PLACE: i64 = i64::MAX;
const SLOTS: i64 = 1 << (SECOND_BITS - NUMBER_BITS);

/// The time an id says it was minted at.
pub(crate) fn id_ms(id: CaseId) -> i64 {
    i64::try_from(id.0.as_u128() >> 80).expect("48 bits fit")
}

/// The second of an id as the index counts; ids beyond the year 2242 share one.
pub(crate) fn second_of(id: CaseId) -> i64 {
    (id_ms(id) / 1_000).min(LAST_SECOND)
}

/// The lowest `found_at` there can be in a second.
pub(crate) fn first_of_second(second: i64) -> i64 {
    second.clamp(0, LAST_SECOND) << SECOND_BITS
}

/// The highest `found_at` there can be in a second.
pub(crate) fn last_of_second(second: i64) -> i64 {
    first_of_second(second) | ((1 << SECOND_BITS) - 1)
}

pub(crate) fn second_of_place(found_at: i64) -> i64 {
    found_at >> SECOND_BITS
}

/// The row of the index for a place, and the place for a row: counted from the other end, because the index is walked
/// forwards faster than backwards, and the newest are asked for first.
pub(crate) fn mirrored(found_at: i64) -> i64 {
    LAST_PLACE - found_at
}

/// Squares of the map a point is marked with: side in degrees and letter, smallest first.
const CELLS: [(f64, char); 3] = [(0.0025, 'x'), (0.02, 'y'), (0.16, 'z')];
/// More squares than this are no help: a rectangle that large holds a good part of all cases.
const CELLS_MOST: i64 = 36;

fn cell(degrees: f64, side: f64) -> i64 {
    // Within ±360 / 0.0025.
    #[expect(clippy::cast_possible_truncation, reason = "degrees over a side fit an i64 by far")]
    let cell = ((degrees + 360.0) / side).floor() as i64;
    cell
}

/// The tokens whose union covers a rectangle of west, south, east, north, and whether they are of the smallest squares;
/// `None` when it is too large for any.
pub(crate) fn cells_over(region: RegionId, [west, south, east, north]: [f64; 4]) -> Option<(Vec<String>, bool)> {
    CELLS.iter().enumerate().find_map(|(no, &(side, letter))| {
        let (columns, rows) = (cell(west, side)..=cell(east, side), cell(south, side)..=cell(north, side));
        let count = (columns.end() - columns.start() + 1).checked_mul(rows.end() - rows.start() + 1)?;
        (count <= CELLS_MOST).then(|| {
            let cells = columns.flat_map(|column| rows.clone().map(move |row| cell_token(region, letter, column, row)));
            (cells.collect(), no == 0)
        })
    })
}

fn cell_token(region: RegionId, letter: char, column: i64, row: i64) -> String {
    format!("{region}{letter}{column}_{row}")
}

pub(crate) fn word_token(region: RegionId, word: &str) -> String {
    token(region, 'w', word)
}

pub(crate) fn area_token(region: RegionId, area: &AreaCode) -> String {
    token(region, 'a', area.as_str())
}

pub(crate) fn class_token(region: RegionId, class: &ClassCode) -> String {
    token(region, 'c', class.as_str())
}

pub(crate) fn source_token(region: RegionId, source: Source) -> String {
    token(region, 's', source.code())
}

pub(crate) fn unit_token(region: RegionId, unit: &UnitCode) -> String {
    token(region, 'u', unit.as_str())
}

/// In no grid yet.
pub(crate) fn unplaced_token(region: RegionId) -> String {
    token(region, 'n', "")
}

/// Ended without being handled, by itself or together with the class: both lists are long, and what is in both is little.
/// `None` for all other states, which change too often to be marks.
pub(crate) fn dropped_token(region: RegionId, state: StateKind, class: Option<&ClassCode>) -> Option<String> {
    matches!(state, StateKind::NotAccepted | StateKind::Void).then(|| match class {
        None => token(region, 'd', state.code()),
        Some(class) => token(region, 'e', &format!("{} {class}", state.code())),
    })
}

/// The tokenizer takes ASCII digits, letters (of which it forgets the case), `_` and whatever is not ASCII; so all other
/// ASCII is written as `_` and its two hex digits.
fn token(region: RegionId, kind: char, said: &str) -> String {
    let mut token = String::with_capacity(8 + said.len());
    add_token(&mut token, region, kind, said);
    token
}

fn add_token(tokens: &mut String, region: RegionId, kind: char, said: &str) {
    write!(tokens, "{region}{kind}").expect("a string takes whatever is written");
    for character in said.chars() {
        if character.is_ascii_digit() || character.is_ascii_lowercase() || !character.is_ascii() {
            tokens.push(character);
        } else {
            write!(tokens, "_{:02x}", u32::from(character)).expect("a string takes whatever is written");
        }
    }
}

/// The marks of a case, separated by spaces.
pub(crate) fn marks(case: &Case) -> String {
    let region = case.region;
    let mut marks: Vec<String> = case.place.path.iter().map(|area| area_token(region, area)).collect();
    marks.extend(case.class.as_ref().map(|class| class_token(region, &class.code)));
    marks.push(source_token(region, case.source));
    let leads = case.assignments.iter().filter(|assignment| assignment.is_lead);
    marks.extend(leads.map(|lead| unit_token(region, &lead.unit)));
    marks.extend((!case.place.is_placed).then(|| unplaced_token(region)));
    marks.extend(dropped_token(region, case.state.kind(), None));
    let class = case.class.as_ref().map(|class| &class.code);
    marks.extend(class.and_then(|class| dropped_token(region, case.state.kind(), Some(class))));
    if let Some((lon, lat)) = case.place.point {
        marks.extend(CELLS.map(|(side, letter)| cell_token(region, letter, cell(lon, side), cell(lat, side))));
    }
    marks.join(" ")
}

/// The words of a case, separated by spaces.
pub(crate) fn words(region: RegionId, terms: &[String]) -> String {
    let mut words = String::with_capacity(16 * terms.len());
    for term in terms {
        if !words.is_empty() {
            words.push(' ');
        }
        add_token(&mut words, region, 'w', term);
    }
    words
}

/// Makes a case findable; gives its place in the index.
pub(crate) fn insert(
    writing: &Writing<'_>,
    region: RegionId,
    id: CaseId,
    words: &str,
    marks: &str,
) -> Result<i64, StoreError> {
    let found_at = place(writing, region, id)?;
    writing.run(INSERT_WORDS, params![region.0, id.0.as_bytes(), words, marks]).map_err(failed)?;
    let text = format!("{words} {marks}");
    writing.terms.borrow_mut().push(Terms { row: mirrored(found_at), goes_out: false, text });
    Ok(found_at)
}

/// Rows of the term index that no merge has answered for yet; from one transaction to the next.
#[derive(Default)]
pub(crate) struct Unmerged {
    owed: usize,
    /// Of these, rows written since the last merge.
    lately: usize,
}

impl Unmerged {
    /// What an earlier run left is not written down anywhere.
    pub fn unknown() -> Unmerged {
        Unmerged { owed: OWED_MOST, lately: 0 }
    }

    /// Enough is owed for a merge of its own to be worth beginning.
    pub fn is_due(&self) -> bool {
        self.owed >= DUE
    }
}

/// Brings the term index up to date, at the end of a transaction and in the order of its rows: whenever a row comes before
/// the last, the index writes all that it holds in memory.
pub(crate) fn write_terms(writing: &Writing<'_>, unmerged: &mut Unmerged) -> Result<(), StoreError> {
    let mut terms = writing.terms.take();
    terms.sort_by_key(|terms| terms.row);
    for Terms { row, goes_out, text } in &terms {
        let sql = if *goes_out { DELETE_TERMS } else { INSERT_TERMS };
        writing.run(sql, params![row, text]).map_err(failed)?;
    }
    unmerged.owed += terms.len();
    unmerged.lately += terms.len();
    Ok(())
}

/// Merges a little, at the end of a transaction that somebody waits for: half of what its rows ask for. The rest is for
/// when nothing is to be written; at once, it would double what a report costs for as long as a large merge takes.
pub(crate) fn merge_half(writing: &Writing<'_>, unmerged: &mut Unmerged) -> Result<(), StoreError> {
    if unmerged.lately < MERGED_TOGETHER {
        return Ok(());
    }
    let lately = std::mem::take(&mut unmerged.lately);
    let rows = if unmerged.owed > OWED_MOST { lately } else { lately / 2 };
    unmerged.owed -= rows.min(unmerged.owed);
    merge(writing, rows / ROWS_PER_MERGED_PAGE, WHEN_BUSY).map(drop)
}

/// Merges what the rows of a bulk load ask for.
pub(crate) fn merge_load(writing: &Writing<'_>, unmerged: &Unmerged) -> Result<(), StoreError> {
    merge(writing, unmerged.owed / ROWS_PER_MERGED_PAGE, WHEN_BUSY).map(drop)
}

/// Merges a step of what was put off.
pub(crate) fn merge_step(connection: &Connection, unmerged: &mut Unmerged) -> Result<(), StoreError> {
    unmerged.lately = 0;
    if !merge_further(connection)? {
        unmerged.owed = 0;
    }
    Ok(())
}

/// Merges a step on the way to few segments; `false` when there are few.
pub(crate) fn merge_further(connection: &Connection) -> Result<bool, StoreError> {
    merge(connection, MERGED_TOGETHER / ROWS_PER_MERGED_PAGE, WHEN_QUIET)
}

/// Merges so many pages where there are so many segments of one size. `false` when there was nothing to merge.
fn merge(connection: &Connection, pages: usize, least: i64) -> Result<bool, StoreError> {
    let is_set = one(connection, LEAST, [], |row| row.get::<_, i64>(0).map_err(failed))? == Some(least);
    if !is_set {
        run(connection, SET_LEAST, [least]).map_err(failed)?;
    }
    merge_pages(connection, i64::try_from(pages).unwrap_or(i64::MAX))
}

/// Merges so many pages of the term index; a negative number begins with all segments, however few there are. `false` when
/// there was nothing to merge.
pub(crate) fn merge_pages(connection: &Connection, pages: i64) -> Result<bool, StoreError> {
    let before = connection.total_changes();
    run(connection, MERGE_TERMS, [pages]).map_err(failed)?;
    // The command itself counts as a change.
    Ok(connection.total_changes() - before > 1)
}

/// Changes what a case is found by, where it changes; `None` leaves that part.
pub(crate) fn update(
    writing: &Writing<'_>,
    region: RegionId,
    id: CaseId,
    found_at: i64,
    words: Option<&str>,
    marks: Option<&str>,
) -> Result<(), StoreError> {
    let key = params![region.0, id.0.as_bytes()];
    let stood = one(writing, SELECT_WORDS, key, |row| {
        Ok((row.get::<_, String>(0).map_err(failed)?, row.get::<_, String>(1).map_err(failed)?))
    })?;
    let Some((old_words, old_marks)) = stood else {
        return Err(broken(format!("case_words has no row for {id} of region {region}")));
    };
    let (words, marks) = (words.unwrap_or(&old_words), marks.unwrap_or(&old_marks));
    if (words, marks) == (&old_words, &old_marks) {
        return Ok(());
    }
    let row = mirrored(found_at);
    let terms = |goes_out, words: &str, marks: &str| Terms { row, goes_out, text: format!("{words} {marks}") };
    writing.terms.borrow_mut().extend([terms(true, &old_words, &old_marks), terms(false, words, marks)]);
    writing.run(UPDATE_WORDS, params![region.0, id.0.as_bytes(), words, marks]).map_err(failed)?;
    Ok(())
}

/// The next free place of the id's second.
fn place(writing: &Writing<'_>, region: RegionId, id: CaseId) -> Result<i64, StoreError> {
    let second = second_of(id);
    let last = writing.last_places.borrow().get(&region).copied().filter(|(of, _)| *of == second);
    let found_at = match last {
        Some((_, last)) if (last + 1) % (1 << NUMBER_BITS) == 0 => return Err(full(region)),
        Some((_, last)) => last + 1,
        None => first_free(writing, region, second)?,
    };
    writing.last_places.borrow_mut().insert(region, (second, found_at));
    Ok(found_at)
}

fn first_free(connection: &Connection, region: RegionId, second: i64) -> Result<i64, StoreError> {
    let slot = match one(connection, SLOT, [region.0], |row| row.get::<_, i64>(0).map_err(failed))? {
        Some(slot) => slot,
        None => one(connection, NEW_REGION, [region.0], |row| row.get(0).map_err(failed))?
            .ok_or_else(|| broken("a new region has no slot"))?,
    };
    if slot >= SLOTS {
        return Err(broken(format!("a SQLite store holds {SLOTS} regions at most: use PostgreSQL")));
    }
    let first = first_of_second(second) | (slot << NUMBER_BITS);
    let last = first | ((1 << NUMBER_BITS) - 1);
    let taken = one(connection, LAST_IN_SECOND, params![region.0, first, last], |row| {
        row.get::<_, Option<i64>>(0).map_err(failed)
    })?;
    match taken.flatten() {
        None => Ok(first),
        Some(taken) if taken < last => Ok(taken + 1),
        Some(_) => Err(full(region)),
    }
}

fn full(region: RegionId) -> StoreError {
    let most = 1 << NUMBER_BITS;
    broken(format!("region {region} has {most} cases of one second, and there is room for no more"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn tokens_are_told_apart_whatever_is_in_them() {
        let said = ["a", "A", "_41", "a b", "a_20b", "", "路", "é", "_", "__"];
        let mut tokens: Vec<String> = said.iter().map(|said| word_token(RegionId(7), said)).collect();
        assert!(tokens.iter().all(|token| {
            token.chars().all(|c| !c.is_ascii() || c == '_' || c.is_ascii_digit() || c.is_ascii_lowercase())
        }));
        tokens.sort();
        tokens.dedup();
        assert_eq!(tokens.len(), said.len());
    }

    #[test]
    fn cases_of_one_second_in_two_regions_are_two_rows_of_the_index() {
        let mut connection = Connection::open_in_memory().unwrap();
        crate::migrate::migrate(&mut connection).unwrap();
        let regions = [RegionId(1), RegionId(2)];
        let words = regions.map(|region| word_token(region, "路灯"));
        let writing = Writing::of(&connection);
        for (region, word) in regions.into_iter().zip(&words) {
            insert(&writing, region, CaseId(Uuid::from_u128(1_000 << 80)), word, "").unwrap();
        }
        write_terms(&writing, &mut Unmerged::default()).unwrap();
        let rows = |query: &str| -> i64 {
            let sql = "select count(*) from case_terms where case_terms match ?1";
            connection.query_row(sql, [query], |row| row.get(0)).unwrap()
        };
        let [here, there] = words.map(|word| format!("\"{word}\""));
        assert_eq!((rows(&here), rows(&there)), (1, 1));
        assert_eq!(rows(&format!("{here} OR {there}")), 2);
        assert_eq!(rows(&format!("{here} AND {there}")), 0, "no row holds the words of two regions");
    }

    #[test]
    fn places_sort_as_ids_do_second_by_second() {
        let ids =
            [0, 1 << 80, 999 << 80, 1_000 << 80, (1 << 45) << 80, u128::MAX].map(|id| CaseId(Uuid::from_u128(id)));
        let seconds = ids.map(second_of);
        assert!(seconds.is_sorted());
        assert_eq!(seconds[..4], [0, 0, 0, 1]);
        for second in seconds {
            assert_eq!(second_of_place(first_of_second(second)), second);
            assert_eq!(second_of_place(last_of_second(second)), second);
        }
    }

    #[test]
    fn a_small_rectangle_is_covered_by_the_cells_of_its_points() {
        let region = RegionId(7);
        let (cells, is_fine) = cells_over(region, [116.401, 39.9, 116.409, 39.907]).unwrap();
        assert!(is_fine && cells.len() <= 36);
        for (lon, lat) in [(116.401, 39.9), (116.409, 39.907), (116.405, 39.903)] {
            let (side, letter) = CELLS[0];
            assert!(cells.contains(&cell_token(region, letter, cell(lon, side), cell(lat, side))));
        }
        assert!(cells_over(region, [110.0, 30.0, 120.0, 40.0]).is_none());
    }
}
