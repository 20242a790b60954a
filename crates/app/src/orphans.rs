//! Photos nobody named: uploaded, and then the report never came. They go when the grace is over.
//!
//! A photo is durable before the report that names it, so between the two it belongs to nothing. Who names photos holds
//! [`App::held`] until the report is durable; the sweep waits for that and looks again. Another process that names a
//! photo of this age in the very moment of its sweep is not seen.

use crate::{App, AppError, Problem, cases::PhotoRef};
use gewu_domain::ids::Digest;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio::sync::RwLockReadGuard;

/// How long a photo may wait for its report. A phone out of reach keeps its photos and sends them again.
pub const GRACE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Files looked at in one stretch.
const STRETCH: usize = 500;

/// What one stretch of a sweep found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    pub looked_at: u64,
    /// Removed, or in a dry run to be removed: photos and thumbnails.
    pub orphans: Vec<Digest>,
    /// Where to go on; nothing at the end.
    pub next: Option<Digest>,
}

impl App {
    /// Sweeps the files after `after`: those put before `before` that no case holds. With `dry_run` it says which.
    ///
    /// # Errors
    /// When store or storage fail; what was removed until then stays removed.
    pub async fn sweep_photos(
        &self,
        after: Option<Digest>,
        before: Timestamp,
        dry_run: bool,
    ) -> Result<Swept, AppError> {
        let _alone = self.naming.write().await;
        let files = self.blobs.list_dated(after, STRETCH).await?;
        let old: Vec<Digest> = files.iter().filter(|(_, at)| *at < before).map(|(digest, _)| *digest).collect();
        let orphans = if old.is_empty() { Vec::new() } else { self.store.upkeep().unreferenced(&old).await? };
        if !dry_run {
            for orphan in &orphans {
                self.blobs.delete(*orphan).await?;
            }
        }
        let next = files.last().map(|(digest, _)| *digest).filter(|_| files.len() == STRETCH);
        Ok(Swept { looked_at: u64::try_from(files.len()).unwrap_or(u64::MAX), orphans, next })
    }

    /// Makes sure that photos are there to be named. While the guard lives, none is swept.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for one that is not whole, [`AppError::Unavailable`] when the storage does not answer.
    pub(crate) async fn held(&self, photos: &[PhotoRef]) -> Result<Option<RwLockReadGuard<'_, ()>>, AppError> {
        if photos.is_empty() {
            return Ok(None);
        }
        let guard = self.naming.read().await;
        for photo in photos {
            if !(self.blobs.exists(photo.digest).await? && self.blobs.exists(photo.thumbnail).await?) {
                return Err(Problem::new(
                    "photos",
                    "photo_not_there",
                    "照片没有传完，请重新上传这一张",
                    "the photo has not arrived whole: upload it again",
                )
                .into());
            }
        }
        Ok(Some(guard))
    }
}
