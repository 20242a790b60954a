//! Photos nobody named: uploaded, and then the report never came. They go when the grace is over.
//!
//! A photo is durable before the report that names it, so between the two only its upload ([`crate::uploads`]) stands for
//! it. An upload is taken once and has files of its own; so whose upload is gone and whom no case holds can never be named
//! again, by no process, and is deleted without a lock. The grace covers what is put and not yet written down.

use crate::{App, AppError};
use gewu_domain::ids::Digest;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// How old a file must be that nothing stands for. A phone out of reach keeps its photos and sends them again.
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
    /// When store or storage fail; what was removed until then stays removed. [`AppError::Invalid`] while the clock is in
    /// [doubt](crate::doubt).
    pub async fn sweep_photos(
        &self,
        after: Option<Digest>,
        before: Timestamp,
        dry_run: bool,
    ) -> Result<Swept, AppError> {
        if !dry_run && let Some(doubt) = self.look_at_clock().await? {
            return Err(doubt.problem().into());
        }
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
}
