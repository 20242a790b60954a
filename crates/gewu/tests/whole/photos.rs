//! Photos in a bucket by `photos.toml`, and the sweep of those nobody named.

use crate::{
    house::{House, Keeper},
    server,
};
use gewu_app::{
    App, Caller, Settings,
    cases::report::NewReport,
    clock::{Clock, SeededRandom, SystemClock},
    sealing::Keyring,
};
use gewu_blobs::{Blobs, DiskBlobs, S3Blobs, S3Settings};
use gewu_domain::{case::Source, ids::Digest};
use gewu_sim::town::Town;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::{collections::BTreeSet, process::Child, sync::Arc};

const GREY: &[u8] = include_bytes!("../../../app/tests/photos/grey.jpg");
const TOLD: &[u8] = include_bytes!("../../../app/tests/photos/progressive-told.jpg");

fn use_bucket(house: &House, bucket: &S3Settings) {
    let S3Settings { endpoint, bucket, region, access_key_id, secret_access_key, .. } = bucket;
    let text = format!(
        "endpoint = {endpoint:?}\nbucket = {bucket:?}\nregion = {region:?}\naccess_key_id = {access_key_id:?}\n\
         secret_access_key = {secret_access_key:?}\nprefix = \"city/photos\"\n"
    );
    std::fs::write(house.data().join("photos.toml"), text).unwrap();
}

fn stop(mut server: Child) {
    server.kill().unwrap();
    server.wait().unwrap();
}

fn report(house: &House, key: &str, photos: Value) -> (u16, Value) {
    let body = json!({ "words": "路灯不亮", "photos": photos });
    house.post("/api/v1/cases", None, Some(key), &body)
}

#[test]
fn photos_go_to_the_bucket_and_come_from_it_and_without_it_no_report_with_a_photo_is_received() {
    let (settings, bucket) = server::start();
    let mut house = House::set_up(Keeper::Sqlite);
    use_bucket(&house, &settings);
    house.serve();
    let (status, photo) = house.upload(GREY);
    assert_eq!(status, 201, "{photo}");
    let (status, receipt) = report(&house, "k1", json!([photo]));
    assert_eq!(status, 201, "{receipt}");
    let (_, seen) = house.status(&receipt);
    let url = seen["photos"][0]["url"].as_str().unwrap().to_owned();
    let (status, bytes) = house.bytes(&url, &receipt);
    let digest: Digest = photo["digest"].as_str().unwrap().parse().unwrap();
    assert_eq!((status, gewu_blobs::digest(&bytes)), (200, digest));
    let there = S3Blobs::open(S3Settings { prefix: "city/photos".to_owned(), ..settings }).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert!(runtime.block_on(there.exists(digest)).unwrap(), "the photo lies in the bucket");
    let on_disk = walk(&house.data().join("photos"));
    assert!(on_disk.iter().all(|name| name == "lock"), "and not on the disk: {on_disk:?}");
    let (_, photo) = house.upload(GREY);

    stop(bucket);
    let (status, refused) = report(&house, "k2", json!([photo]));
    assert_eq!((status, refused["code"].as_str()), (503, Some("unavailable")), "{refused}");
    let (status, refused) = house.upload(TOLD);
    assert_eq!((status, refused["code"].as_str()), (503, Some("unavailable")), "{refused}");
    assert_eq!(house.bytes(&url, &receipt).0, 503);
    let (_, public) = house.get("/api/v1/cases/public", None);
    assert_eq!(public["cases"].as_array().unwrap().len(), 1, "nothing was received: {public}");
    assert_eq!(report(&house, "k3", json!([])).0, 201, "what has no photo needs no bucket");
    house.kill();
    let output = house.run(&["serve", "--listen", "127.0.0.1:0"]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && error.contains("reaching the bucket"), "{error}");
}

/// Names of files below a folder.
fn walk(folder: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            found.extend(walk(&entry.path()));
        } else {
            found.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    found
}

/// Named photos, one nobody named, and when everything was put: before `tomorrow` and not before `yesterday`.
async fn the_sweep_takes_what_nobody_named_and_nothing_else(blobs: Arc<dyn Blobs>) {
    let dir = tempfile::tempdir().unwrap();
    let store = gewu_store_sqlite::SqliteStore::open(dir.path(), gewu_store_sqlite::Settings::default()).unwrap();
    let random = Arc::new(SeededRandom::new(1));
    let keyring = Arc::new(Keyring::fresh(random.as_ref()));
    let settings = Settings::default();
    let app =
        App::open(Arc::new(store), blobs.clone(), keyring, Arc::new(SystemClock), random, settings).await.unwrap();
    Town::tiny(1).settle(&app).await.unwrap();
    let stranger = Caller::public("");
    let named = app.upload(&stranger, GREY.to_vec()).await.unwrap();
    let orphan = app.upload(&stranger, TOLD.to_vec()).await.unwrap();
    let new: NewReport =
        serde_json::from_value(json!({ "source": Source::Resident, "photos": [{ "upload": named.token }] })).unwrap();
    app.report(&stranger, None, new).await.unwrap();
    let (named, late) = (named.photo, orphan.token);
    let orphan = orphan.photo;
    let day = |days: i64| -> Timestamp { SystemClock.now() + SignedDuration::from_hours(24 * days) };

    let fresh = app.sweep_photos(None, day(-1), false).await.unwrap();
    assert_eq!((fresh.looked_at, fresh.orphans), (2, Vec::new()), "what was put just now stays");
    assert_eq!(app.sweep_photos(None, day(1), false).await.unwrap().orphans, [], "what may still be named stays");
    app.store.upkeep().sweep_uploads(day(4)).await.unwrap();
    // Small photos are their own thumbnails.
    let expected = Vec::from_iter(BTreeSet::from([orphan.digest, orphan.thumbnail]));
    let rehearsed = app.sweep_photos(None, day(1), true).await.unwrap();
    assert_eq!(rehearsed.orphans, expected);
    assert_eq!(blobs.list(None, 10).await.unwrap().len(), 2, "a dry run removes nothing");
    assert_eq!(app.sweep_photos(None, day(1), false).await.unwrap().orphans, expected);
    let left = Vec::from_iter(BTreeSet::from([named.digest, named.thumbnail]));
    assert_eq!(blobs.list(None, 10).await.unwrap(), left);
    assert_eq!(app.sweep_photos(None, day(1), false).await.unwrap().orphans, []);
    let new: NewReport =
        serde_json::from_value(json!({ "source": Source::Resident, "photos": [{ "upload": late }] })).unwrap();
    let refused = app.report(&stranger, None, new).await.unwrap_err();
    let gewu_app::AppError::Invalid(problems) = refused else { panic!("{refused}") };
    assert_eq!(problems[0].code, "photo_not_there", "a report that comes too late is told to send it again");
}

#[tokio::test]
async fn the_sweep_of_a_folder_takes_what_nobody_named_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    the_sweep_takes_what_nobody_named_and_nothing_else(Arc::new(DiskBlobs::open(dir.path()).unwrap())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sweep_of_a_bucket_takes_what_nobody_named_and_nothing_else() {
    let (settings, bucket) = server::start();
    the_sweep_takes_what_nobody_named_and_nothing_else(Arc::new(S3Blobs::open(settings).unwrap())).await;
    stop(bucket);
}

#[test]
fn the_command_sweeps_what_is_older_than_a_week_and_says_so_before() {
    let mut house = House::set_up(Keeper::Sqlite);
    house.serve();
    let (_, named) = house.upload(GREY);
    assert_eq!(report(&house, "k1", json!([named])).0, 201);
    house.kill();
    // What stands for nothing: its upload ended long ago.
    let digest = gewu_blobs::digest(TOLD);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = DiskBlobs::open(house.data().join("photos")).unwrap();
    runtime.block_on(folder.put(digest, TOLD.to_vec())).unwrap();
    drop(folder);
    let orphan = json!({ "digest": digest, "thumbnail": digest });
    assert_eq!(house.told(&["photos", "sweep"]), "", "what is fresh stays");
    let week_ago = std::time::SystemTime::from(SystemClock.now() - SignedDuration::from_hours(24 * 8));
    for photo in [&named, &orphan] {
        for part in ["digest", "thumbnail"] {
            let hex = photo[part].as_str().unwrap();
            let file = house.data().join("photos").join(&hex[..2]).join(hex);
            std::fs::File::options().write(true).open(file).unwrap().set_modified(week_ago).unwrap();
        }
    }
    let expected = Vec::from_iter(BTreeSet::from(["digest", "thumbnail"].map(|part| orphan[part].as_str().unwrap())));
    for args in [["photos", "sweep", "--dry-run"].as_slice(), &["photos", "sweep"]] {
        assert_eq!(house.told(args).lines().collect::<Vec<_>>(), expected, "{args:?}");
    }
    assert_eq!(house.told(&["photos", "sweep"]), "");
    assert!(house.told(&["verify", "--photos"]).contains("whole"));
}
