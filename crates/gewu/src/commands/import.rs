//! `gewu import data`: publishes a city's files, all of them valid together or nothing changes.

use crate::{
    args::{Import, ImportData, Place},
    commands::told,
    wiring,
};
use anyhow::{Context, Result};
use gewu_app::{
    Caller, Settings,
    city::{Draft, Kind},
};

pub async fn run(place: &Place, import: Import) -> Result<()> {
    match import {
        Import::Data(data) => publish(place, data).await,
    }
}

async fn publish(place: &Place, data: ImportData) -> Result<()> {
    let drafts = data.files.iter().map(|file| draft(file)).collect::<Result<Vec<Draft>>>()?;
    let app = wiring::open(place, Settings::default()).await?;
    for one in app.publish(&Caller::system(), drafts, data.dry_run).await.map_err(told)? {
        let what = match (one.is_unchanged, data.dry_run) {
            (true, _) => "没有变化 unchanged",
            (false, true) => "可以发布 would be published",
            (false, false) => "已发布 published",
        };
        println!("{what}: {} {} v{}", one.kind.code(), one.name, one.version);
    }
    Ok(())
}

/// `KIND=FILE` as a draft.
fn draft(given: &str) -> Result<Draft> {
    let kinds = || Kind::ALL.map(Kind::code).join(", ");
    let (kind, file) = given
        .split_once('=')
        .with_context(|| format!("{given}：请写成 类型=文件 · write KIND=FILE; kinds: {}", kinds()))?;
    let kind = Kind::from_code(kind)
        .with_context(|| format!("没有类型 {kind} · there is no kind {kind}; kinds: {}", kinds()))?;
    let text = std::fs::read_to_string(file).with_context(|| format!("读取 {file} · reading"))?;
    Ok(Draft { kind, file: file.to_owned(), text })
}
