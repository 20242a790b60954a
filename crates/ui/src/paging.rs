//! Lists by pages: which page a link asks for, and the links to the pages beside it.
//!
//! Knows tokens, not rows. Start at [`asked`].

use crate::{fields::Fields, frame::encode};
use gewu_store::{Listing, Page, PageToken};
use serde::{Serialize, de::DeserializeOwned};

/// The page that `after` or `before` asks for; the first when neither does, or for another list than `scan`.
pub fn asked<K: DeserializeOwned>(fields: &Fields, scan: &str, size: u16) -> Page<K> {
    let token = |side: &str| fields.given(side).and_then(|token| PageToken(token.to_owned()).read(scan));
    match (token("after"), token("before")) {
        (Some(after), _) => Page::first(size).after(after),
        (None, Some(before)) => Page { backwards: true, ..Page::first(size).after(before) },
        (None, None) => Page::first(size),
    }
}

/// The links to the next and the previous page; `address` has a query already.
pub fn beside<T, K: Serialize>(scan: &str, address: &str, listing: &Listing<T, K>) -> [Option<String>; 2] {
    let link = |side: &str, key: &K| format!("{address}&{side}={}", encode(&PageToken::of(scan, key).0));
    [listing.next.as_ref().map(|key| link("after", key)), listing.previous.as_ref().map(|key| link("before", key))]
}
