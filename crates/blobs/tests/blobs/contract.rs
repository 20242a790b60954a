//! What every kind of storage promises, asked of each by the macro [`contract!`].

use gewu_blobs::{BlobError, Blobs, digest};
use gewu_domain::ids::Digest;
use jiff::Timestamp;

pub async fn what_was_put_is_given_back(blobs: &dyn Blobs) {
    let bytes = b"a photo \0\xff".to_vec();
    blobs.put(digest(&bytes), bytes.clone()).await.unwrap();
    assert_eq!(blobs.get(digest(&bytes)).await.unwrap(), Some(bytes.clone()));
    assert!(blobs.exists(digest(&bytes)).await.unwrap());
}

pub async fn what_was_never_put_is_not_there(blobs: &dyn Blobs) {
    assert_eq!(blobs.get(digest(b"nothing")).await.unwrap(), None);
    assert!(!blobs.exists(digest(b"nothing")).await.unwrap());
    blobs.delete(digest(b"nothing")).await.unwrap();
}

pub async fn an_empty_and_a_large_file_are_kept(blobs: &dyn Blobs) {
    for bytes in [Vec::new(), vec![7; 6_000_000]] {
        blobs.put(digest(&bytes), bytes.clone()).await.unwrap();
        assert!(blobs.get(digest(&bytes)).await.unwrap() == Some(bytes));
    }
}

pub async fn putting_again_is_fine(blobs: &dyn Blobs) {
    let bytes = b"twice".to_vec();
    blobs.put(digest(&bytes), bytes.clone()).await.unwrap();
    blobs.put(digest(&bytes), bytes.clone()).await.unwrap();
    assert_eq!(blobs.list(None, 10).await.unwrap(), [digest(&bytes)]);
}

pub async fn bytes_under_a_wrong_name_are_refused(blobs: &dyn Blobs) {
    let named = digest(b"one");
    let refused = blobs.put(named, b"another".to_vec()).await.unwrap_err();
    assert!(matches!(refused, BlobError::Misnamed { .. }), "{refused}");
    assert!(!blobs.exists(named).await.unwrap());
}

pub async fn what_was_deleted_is_gone(blobs: &dyn Blobs) {
    blobs.put(digest(b"short-lived"), b"short-lived".to_vec()).await.unwrap();
    blobs.delete(digest(b"short-lived")).await.unwrap();
    assert_eq!(blobs.get(digest(b"short-lived")).await.unwrap(), None);
    assert_eq!(blobs.list(None, 10).await.unwrap(), []);
}

/// 40 files in 256 folders: some share one, most do not.
pub async fn a_listing_walks_every_file_once_in_order(blobs: &dyn Blobs) {
    let mut all: Vec<Digest> = Vec::new();
    for number in 0..40_u8 {
        blobs.put(digest(&[number]), vec![number]).await.unwrap();
        all.push(digest(&[number]));
    }
    all.sort();
    for page in [1, 3, 7, 39, 40, 41] {
        let mut walked = Vec::new();
        loop {
            let found = blobs.list(walked.last().copied(), page).await.unwrap();
            walked.extend(&found);
            if found.len() < page {
                break;
            }
        }
        assert_eq!(walked, all, "pages of {page}");
    }
    assert_eq!(blobs.list(None, 0).await.unwrap(), []);
}

pub async fn a_listing_dates_each_file_by_when_it_was_last_put(blobs: &dyn Blobs) {
    blobs.put(digest(b"dated"), b"dated".to_vec()).await.unwrap();
    let first = blobs.list_dated(None, 10).await.unwrap();
    assert_eq!(first.len(), 1);
    // Buckets date their files to the second, and disks by a clock that ticks coarsely.
    let age_s = now().duration_since(first[0].1).as_secs_f64();
    assert!(first[0].0 == digest(b"dated") && (-1.0..60.0).contains(&age_s), "{first:?} is {age_s} s old");
    let mut again = first.clone();
    while again[0].1 == first[0].1 {
        blobs.put(digest(b"dated"), b"dated".to_vec()).await.unwrap();
        again = blobs.list_dated(None, 10).await.unwrap();
    }
    assert!(again[0].1 > first[0].1, "{again:?} is not after {first:?}");
}

#[allow(clippy::disallowed_methods, reason = "files are dated by the machine's clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

/// The file of `b"whole"` was overwritten with other bytes behind the back of `blobs`.
pub async fn a_damaged_file_is_named_and_mended_by_putting_it_again(blobs: &dyn Blobs) {
    let named = digest(b"whole");
    let damaged = blobs.get(named).await.unwrap_err();
    assert!(matches!(damaged, BlobError::Damaged { .. }), "{damaged}");
    assert!(damaged.to_string().contains(&named.to_string()), "{damaged}");
    blobs.put(named, b"whole".to_vec()).await.unwrap();
    assert_eq!(blobs.get(named).await.unwrap(), Some(b"whole".to_vec()));
}

/// Makes a test of each promise; `$empty` gives an empty storage and whatever must outlive it.
macro_rules! contract {
    ($empty:expr; $($promise:ident)*) => {
        $(
            #[tokio::test]
            async fn $promise() {
                let (blobs, _kept) = $empty;
                crate::contract::$promise(&blobs).await;
            }
        )*
    };
    ($empty:expr) => {
        crate::contract::contract! { $empty;
            what_was_put_is_given_back
            what_was_never_put_is_not_there
            an_empty_and_a_large_file_are_kept
            putting_again_is_fine
            bytes_under_a_wrong_name_are_refused
            what_was_deleted_is_gone
            a_listing_walks_every_file_once_in_order
            a_listing_dates_each_file_by_when_it_was_last_put
        }
    };
}
pub(crate) use contract;
