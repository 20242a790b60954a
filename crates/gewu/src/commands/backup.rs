//! `gewu backup` and `gewu restore`: the record, the photos and the keys, in one directory.

use crate::{
    args::{Backup, Place, Restore},
    private, wiring,
};
use anyhow::{Context, Result, bail};
use std::path::Path;

pub async fn backup(place: &Place, backup: Backup) -> Result<()> {
    if backup.into.exists() {
        bail!("{} 已存在，请给一个新目录 · exists already: name a new directory", backup.into.display());
    }
    let part = backup.into.with_extension("part");
    private::folder(&part)?;
    private::folder(&part.join("record"))?;
    let store = wiring::store(place).await?;
    // The record first: every photo it names was durable before the record named it.
    store.upkeep().backup(&part.join("record")).await.context("备份记录 · backing up the record")?;
    let photos = copy_tree(&place.data.join("photos"), &part.join("photos"))?;
    if place.data.join(wiring::BUCKET).exists() {
        println!(
            "照片在存储桶里，不在备份里：请用存储桶自己的版本或复制 · the photos lie in the bucket, not in this backup"
        );
    }
    std::fs::copy(place.data.join("keys"), part.join("keys")).context("复制密钥 · copying the keys")?;
    private::tighten(&part);
    std::fs::rename(&part, &backup.into)?;
    println!("已备份到 {}（照片 {photos}）· backed up", backup.into.display());
    println!("备份含密钥，请像密钥一样保管 · it holds the keys: keep it as you keep them");
    Ok(())
}

pub async fn restore(place: &Place, restore: Restore) -> Result<()> {
    for part in ["record", "keys"] {
        if !restore.from.join(part).exists() {
            bail!("{} 不是完整的备份：缺少 {part} · is no whole backup: {part} is missing", restore.from.display());
        }
    }
    if place.data.join("keys").exists() {
        bail!("{} 不是空的，恢复会覆盖它 · is not empty: restore into a new place", place.data.display());
    }
    if restore.dry_run {
        println!("备份完整，可以恢复 · the backup is whole");
        return Ok(());
    }
    private::folder(&place.data)?;
    let store = wiring::store(place).await?;
    store.upkeep().restore(&restore.from.join("record")).await.context("恢复记录 · restoring the record")?;
    let photos = copy_tree(&restore.from.join("photos"), &place.data.join("photos"))?;
    std::fs::copy(restore.from.join("keys"), place.data.join("keys"))?;
    private::tighten(&place.data);
    println!(
        "已恢复到 {}（照片 {photos}）。请运行 gewu verify · restored; now run `gewu verify`",
        place.data.display()
    );
    Ok(())
}

/// Copies files that are not there yet; gives how many there are.
fn copy_tree(from: &Path, to: &Path) -> Result<u64> {
    std::fs::create_dir_all(to)?;
    let mut files = 0;
    if !from.exists() {
        return Ok(0);
    }
    for entry in std::fs::read_dir(from).with_context(|| format!("读取 {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            files += copy_tree(&entry.path(), &target)?;
        } else {
            if !target.exists() {
                std::fs::copy(entry.path(), &target)?;
            }
            files += 1;
        }
    }
    Ok(files)
}
