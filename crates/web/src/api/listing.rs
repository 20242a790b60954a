//! Pages of lists: from the query to a page, from a listing to its tokens, and one list of several regions.

use crate::problem::{BAD_PAGE_TOKEN, INVALID, Problem};
use gewu_store::{Listing, Page, PageToken};
use serde::{Serialize, de::DeserializeOwned};
use std::cmp::Ordering;

/// What a page token is bound to: the list and everything that narrows it.
pub fn scan_of(list: &str, filter: &impl Serialize) -> String {
    format!("{list} {}", serde_json::to_string(filter).expect("a filter is plain data"))
}

/// The page a query asks for.
///
/// # Errors
/// A size outside 1 to 1,000; a token of another query.
pub fn page<K: DeserializeOwned>(scan: &str, size: Option<u16>, token: Option<&str>) -> Result<Page<K>, Problem> {
    let size = size.unwrap_or(50);
    if !(1..=Page::<K>::MOST).contains(&size) {
        let most = Page::<K>::MOST;
        return Err(
            INVALID.because(format!("page_size 应为 1 到 {most}"), format!("page_size must be from 1 to {most}"))
        );
    }
    let first = Page::first(size);
    let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(first) };
    let token = PageToken(token.to_owned());
    if let Some(key) = token.read::<K>(scan) {
        return Ok(first.after(key));
    }
    let key = token.read::<K>(&backwards(scan)).ok_or(BAD_PAGE_TOKEN)?;
    Ok(Page { backwards: true, ..first.after(key) })
}

/// The tokens that lead on and back.
pub fn tokens<T, K: Serialize>(scan: &str, listing: &Listing<T, K>) -> (Option<String>, Option<String>) {
    let next = listing.next.as_ref().map(|key| PageToken::of(scan, key).0);
    let previous = listing.previous.as_ref().map(|key| PageToken::of(&backwards(scan), key).0);
    (next, previous)
}

fn backwards(scan: &str) -> String {
    format!("{scan} <")
}

/// One list of several regions: each gave a page of the same list after the same key.
pub fn across<T, K: Clone>(
    listings: Vec<Listing<T, K>>,
    page: &Page<K>,
    key: impl Fn(&T) -> K,
    order: impl Fn(&K, &K) -> Ordering,
) -> Listing<T, K> {
    let size = usize::from(page.size);
    let more_after = listings.iter().any(|listing| listing.next.is_some());
    let more_before = listings.iter().any(|listing| listing.previous.is_some());
    let mut rows: Vec<T> = listings.into_iter().flat_map(|listing| listing.rows).collect();
    rows.sort_by(|one, other| order(&key(one), &key(other)));
    let is_cut = rows.len() > size;
    if page.backwards {
        rows.drain(..rows.len().saturating_sub(size));
    } else {
        rows.truncate(size);
    }
    let (has_next, has_previous) = if page.backwards {
        (page.after.is_some(), is_cut || more_before)
    } else {
        (is_cut || more_after, page.after.is_some())
    };
    let first = rows.first().map(&key);
    let last = rows.last().map(&key);
    Listing { next: last.filter(|_| has_next), previous: first.filter(|_| has_previous), rows }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A region's list of numbers, highest first, as a store pages it.
    fn region(all: &[u32], page: &Page<u32>) -> Listing<u32, u32> {
        let mut rows: Vec<u32> = all.to_vec();
        rows.sort_unstable_by(|one, other| other.cmp(one));
        if page.backwards {
            rows.reverse();
            rows.retain(|row| page.after.is_none_or(|after| *row > after));
        } else {
            rows.retain(|row| page.after.is_none_or(|after| *row < after));
        }
        rows.truncate(usize::from(page.size) + 1);
        Listing::of(rows, page, |row| *row)
    }

    fn both(page: &Page<u32>) -> Listing<u32, u32> {
        let listings = vec![region(&[9, 7, 5, 3, 1], page), region(&[8, 6], page), region(&[], page)];
        across(listings, page, |row| *row, |one, other| other.cmp(one))
    }

    #[test]
    fn several_regions_are_walked_as_one_list_both_ways() {
        for size in 1..=8 {
            let mut seen = Vec::new();
            let mut page = Page::first(size);
            let last = loop {
                let got = both(&page);
                assert!(got.rows.len() <= usize::from(size));
                seen.extend(got.rows.clone());
                let Some(next) = got.next else { break got };
                page = Page::first(size).after(next);
            };
            assert_eq!(seen, [9, 8, 7, 6, 5, 3, 1], "pages of {size}");

            let mut back = last.rows.clone();
            let mut previous = last.previous;
            while let Some(key) = previous {
                let got = both(&Page { backwards: true, ..Page::first(size).after(key) });
                assert!(got.next.is_some() || got.rows.is_empty());
                back.splice(0..0, got.rows);
                previous = got.previous;
            }
            assert_eq!(back, [9, 8, 7, 6, 5, 3, 1], "back in pages of {size}");
        }
    }

    #[test]
    fn a_token_leads_on_in_its_own_query_and_direction_only() {
        let listing = Listing { rows: vec![1], next: Some(7_u32), previous: Some(8_u32) };
        let (next, previous) = tokens("a", &listing);
        let on = page::<u32>("a", None, next.as_deref()).expect("its own token");
        assert_eq!((on.after, on.backwards), (Some(7), false));
        let back = page::<u32>("a", None, previous.as_deref()).expect("its own token");
        assert_eq!((back.after, back.backwards), (Some(8), true));
        assert!(page::<u32>("b", None, next.as_deref()).is_err());
        assert!(page::<u32>("a", Some(0), None).is_err() && page::<u32>("a", Some(1_001), None).is_err());
    }
}
