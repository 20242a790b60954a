//! A house for one test: a store, photos and keys in a directory that goes with it.

use gewu_app::{
    App, Settings,
    clock::{HandClock, Random, SeededRandom},
    sealing::Keyring,
};
use gewu_blobs::DiskBlobs;
use gewu_sim::{
    Town,
    photos::Album,
    world::{Replayed, World},
};
use gewu_store_sqlite::SqliteStore;
use jiff::Timestamp;
use std::sync::Arc;
use tempfile::TempDir;

pub struct House {
    pub app: Arc<App>,
    pub random: Arc<Replayed>,
    pub clock: Arc<HandClock>,
    _directory: TempDir,
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub async fn house(seed: u64, now: Timestamp) -> House {
    let directory = TempDir::new().unwrap();
    let store = SqliteStore::open(&directory.path().join("record"), gewu_store_sqlite::Settings::default()).unwrap();
    let blobs = DiskBlobs::open(directory.path().join("photos")).unwrap();
    let random = Arc::new(Replayed::new(seed));
    let clock = Arc::new(HandClock::at(now));
    let app = App::open(
        Arc::new(store),
        Arc::new(blobs),
        Arc::new(Keyring::fresh(&SeededRandom::new(7))),
        clock.clone(),
        random.clone() as Arc<dyn Random>,
        Settings::default(),
    )
    .await
    .unwrap();
    House { app: Arc::new(app), random, clock, _directory: directory }
}

/// A town that people live in, with nothing reported yet.
pub async fn settled(house: &House, town: &Town) -> Arc<World> {
    town.settle(&house.app).await.unwrap();
    let album = Album::plain(&house.app).await.unwrap();
    Arc::new(World::new(house.app.clone(), town.seed, &town.people, album).unwrap())
}
