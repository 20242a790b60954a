//! Keyset paging: order and cursor are one value.

use serde::{Serialize, de::DeserializeOwned};

/// Which rows of a listing: at most `size`, after `after` in the listing's own order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<K> {
    /// 1 to [`Page::MOST`].
    pub size: u16,
    /// The key of the last row already seen; `None` for the first page.
    pub after: Option<K>,
    /// Walk towards the start instead: rows before `after`, nearest first.
    pub backwards: bool,
}

impl<K> Page<K> {
    pub const MOST: u16 = 1_000;

    pub fn first(size: u16) -> Page<K> {
        Page { size: size.clamp(1, Self::MOST), after: None, backwards: false }
    }

    pub fn after(self, key: K) -> Page<K> {
        Page { after: Some(key), ..self }
    }

    /// How many rows to fetch: one more than asked, to learn whether there are more.
    pub fn fetch(&self) -> i64 {
        i64::from(self.size) + 1
    }
}

/// One page of rows in the listing's order (also when walking backwards), with the keys to go on from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<T, K> {
    pub rows: Vec<T>,
    /// `Some` when there are rows after these.
    pub next: Option<K>,
    /// `Some` when there are rows before these (only known when the page had an `after`).
    pub previous: Option<K>,
}

impl<T, K: Clone> Listing<T, K> {
    /// Makes a page of the `page.fetch()` rows a query gave, in walking order.
    pub fn of(mut rows: Vec<T>, page: &Page<K>, key: impl Fn(&T) -> K) -> Listing<T, K> {
        let more = rows.len() > usize::from(page.size);
        rows.truncate(usize::from(page.size));
        if page.backwards {
            rows.reverse();
        }
        let first = rows.first().map(&key);
        let last = rows.last().map(&key);
        let (has_next, has_previous) =
            if page.backwards { (page.after.is_some(), more) } else { (more, page.after.is_some()) };
        Listing { next: if has_next { last } else { None }, previous: if has_previous { first } else { None }, rows }
    }
}

/// A key as clients see it: opaque, versioned, checked when it comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageToken(pub String);

impl PageToken {
    /// `scan` is the listing with its filters, so that a token of one listing is refused by another.
    pub fn of<K: Serialize>(scan: &str, key: &K) -> PageToken {
        let json = serde_json::to_vec(&(1_u8, fingerprint(scan), key)).expect("a key is plain data");
        PageToken(json.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// `None` when the token was not given for this scan.
    pub fn read<K: DeserializeOwned>(&self, scan: &str) -> Option<K> {
        if !self.0.is_ascii() || !self.0.len().is_multiple_of(2) {
            return None;
        }
        let bytes: Option<Vec<u8>> = self
            .0
            .as_bytes()
            .chunks_exact(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect();
        let (version, print, key): (u8, u32, K) = serde_json::from_slice(&bytes?).ok()?;
        (version == 1 && print == fingerprint(scan)).then_some(key)
    }
}

fn fingerprint(scan: &str) -> u32 {
    scan.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_by_its_own_scan_only() {
        let token = PageToken::of("cases?state=closed", &(5_i64, "x".to_owned()));
        assert_eq!(token.read("cases?state=closed"), Some((5_i64, "x".to_owned())));
        assert_eq!(token.read::<(i64, String)>("cases?state=void"), None);
        assert_eq!(PageToken("zz".to_owned()).read::<(i64, String)>("cases"), None);
    }
}
