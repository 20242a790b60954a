//! `gewu photos sweep`: photos that were uploaded and never named by a case.

use crate::{
    args::{Photos, Place},
    commands::told,
    wiring,
};
use anyhow::{Context, Result};
use gewu_app::{
    App, AppError, Settings,
    clock::{Clock, SystemClock},
    orphans::{GRACE, Swept},
};

pub async fn run(place: &Place, photos: Photos) -> Result<()> {
    let Photos::Sweep { dry_run } = photos;
    let app = wiring::open(place, Settings::default()).await?;
    let swept = sweep(&app, dry_run).await.map_err(told).context("清理照片 · sweeping photos")?;
    for orphan in &swept.orphans {
        println!("{orphan}");
    }
    let done = if dry_run { "可清理 to remove" } else { "已清理 removed" };
    eprintln!("看过 looked at {} · {done} {}", swept.looked_at, swept.orphans.len());
    Ok(())
}

/// One sweep over all files. Files are dated by the machine's clock, which a demonstration's clock may have left behind.
pub async fn sweep(app: &App, dry_run: bool) -> Result<Swept, AppError> {
    let before = SystemClock.now().checked_sub(GRACE).unwrap_or_default();
    let mut all = Swept::default();
    loop {
        let stretch = app.sweep_photos(all.next, before, dry_run).await?;
        all.looked_at = all.looked_at.saturating_add(stretch.looked_at);
        all.orphans.extend(stretch.orphans);
        all.next = stretch.next;
        if all.next.is_none() {
            return Ok(all);
        }
    }
}
