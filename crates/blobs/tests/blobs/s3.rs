//! Files in a bucket, on a server that others wrote: moto (Apache-2.0), which checks signatures as Amazon does.
//!
//! One server serves all tests of this program, each below its own prefix.

use crate::{
    contract::{self, contract},
    server,
};
use gewu_blobs::{BlobError, Blobs, S3Blobs, S3Settings, digest};
use object_store::{ObjectStoreExt, aws::AmazonS3Builder, path::Path as Key};
use std::{
    process::Child,
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};

/// The server, for as long as this program runs: it ends when its standard input closes.
static SERVER: LazyLock<(S3Settings, Child)> = LazyLock::new(server::start);

fn settings() -> S3Settings {
    static TESTS: AtomicU32 = AtomicU32::new(0);
    let prefix = format!("test-{}/photos", TESTS.fetch_add(1, Ordering::Relaxed));
    S3Settings { prefix, ..SERVER.0.clone() }
}

async fn empty() -> (S3Blobs, ()) {
    let blobs = S3Blobs::open(settings()).unwrap();
    blobs.check().await.unwrap();
    (blobs, ())
}

contract!(empty().await);

#[tokio::test]
async fn a_damaged_file_is_named_and_mended_by_putting_it_again() {
    let settings = settings();
    let blobs = S3Blobs::open(settings.clone()).unwrap();
    let behind = AmazonS3Builder::new()
        .with_endpoint(&settings.endpoint)
        .with_allow_http(true)
        .with_bucket_name(&settings.bucket)
        .with_access_key_id(&settings.access_key_id)
        .with_secret_access_key(&settings.secret_access_key)
        .build()
        .unwrap();
    let hex = digest(b"whole").to_string();
    let key = Key::from(format!("{}/{}/{hex}", settings.prefix, &hex[..2]));
    behind.put(&key, b"whale".to_vec().into()).await.unwrap();
    contract::a_damaged_file_is_named_and_mended_by_putting_it_again(&blobs).await;
}

#[tokio::test]
async fn a_wrong_secret_is_a_failure_and_not_an_absent_file() {
    let blobs = S3Blobs::open(S3Settings { secret_access_key: "wrong".to_owned(), ..settings() }).unwrap();
    for failed in [
        blobs.check().await.unwrap_err(),
        blobs.exists(digest(b"x")).await.unwrap_err(),
        blobs.get(digest(b"x")).await.unwrap_err(),
        blobs.put(digest(b"x"), b"x".to_vec()).await.unwrap_err(),
    ] {
        assert!(matches!(failed, BlobError::Unavailable(_)), "{failed}");
    }
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_a_failure_that_names_it() {
    let blobs = S3Blobs::open(S3Settings { bucket: "elsewhere".to_owned(), ..settings() }).unwrap();
    blobs.get(digest(b"x")).await.unwrap_err();
    let BlobError::Unavailable(source) = blobs.check().await.unwrap_err() else { panic!("reached") };
    assert!(source.to_string().contains("bucket elsewhere at http://"), "{source}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_a_failure() {
    let endpoint = "http://127.0.0.1:9".to_owned();
    let blobs = S3Blobs::open(S3Settings { endpoint, ..settings() }).unwrap();
    assert!(matches!(blobs.check().await.unwrap_err(), BlobError::Unavailable(_)));
}
