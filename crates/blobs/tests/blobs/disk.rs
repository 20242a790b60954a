//! Files in a folder.

use crate::contract::{self, contract};
use gewu_blobs::{BlobError, Blobs, DiskBlobs, digest};
use std::fs;
use tempfile::TempDir;

fn empty() -> (DiskBlobs, TempDir) {
    let folder = TempDir::new().unwrap();
    (DiskBlobs::open(folder.path().join("photos")).unwrap(), folder)
}

contract!(empty());

#[tokio::test]
async fn a_damaged_file_is_named_and_mended_by_putting_it_again() {
    let (blobs, folder) = empty();
    let hex = digest(b"whole").to_string();
    blobs.put(digest(b"whole"), b"whole".to_vec()).await.unwrap();
    fs::write(folder.path().join("photos").join(&hex[..2]).join(&hex), b"whale").unwrap();
    contract::a_damaged_file_is_named_and_mended_by_putting_it_again(&blobs).await;
}

#[tokio::test]
async fn files_are_there_when_the_folder_is_opened_again() {
    let (blobs, folder) = empty();
    blobs.put(digest(b"kept"), b"kept".to_vec()).await.unwrap();
    drop(blobs);
    let again = DiskBlobs::open(folder.path().join("photos")).unwrap();
    assert_eq!(again.get(digest(b"kept")).await.unwrap(), Some(b"kept".to_vec()));
}

#[tokio::test]
async fn what_a_crash_left_half_written_is_swept_only_when_nobody_else_has_the_folder_open() {
    let (blobs, folder) = empty();
    let half = folder.path().join("photos/incoming/half");
    fs::write(&half, b"ha").unwrap();
    let second = DiskBlobs::open(folder.path().join("photos")).unwrap();
    assert!(half.exists());
    assert_eq!(blobs.list(None, 10).await.unwrap(), []);
    drop((blobs, second));
    let _alone = DiskBlobs::open(folder.path().join("photos")).unwrap();
    assert!(!half.exists());
}

#[tokio::test]
async fn nothing_stays_in_incoming() {
    let (blobs, folder) = empty();
    blobs.put(digest(b"kept"), b"kept".to_vec()).await.unwrap();
    blobs.put(digest(b"kept"), b"kept".to_vec()).await.unwrap();
    assert_eq!(fs::read_dir(folder.path().join("photos/incoming")).unwrap().count(), 0);
}

#[tokio::test]
async fn many_writers_of_one_file_leave_it_whole() {
    let (blobs, _folder) = empty();
    let bytes = vec![5; 100_000];
    let writers: Vec<_> = (0..16)
        .map(|_| {
            let (blobs, bytes) = (blobs.clone(), bytes.clone());
            tokio::spawn(async move { blobs.put(digest(&bytes), bytes).await })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    assert!(blobs.get(digest(&bytes)).await.unwrap() == Some(bytes));
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("file"), b"").unwrap();
    let error = DiskBlobs::open(folder.path().join("file/photos")).unwrap_err();
    let BlobError::Unavailable(source) = error else { panic!("{error}") };
    assert!(source.to_string().contains("file/photos"), "{source}");
    assert!(source.source().is_some(), "the reason is kept");
}
