//! `gewu keys`: a new key for contact data, everything sealed with it, and the old one dropped.

use crate::{
    args::{Keys, Place},
    commands::told,
    wiring,
};
use anyhow::{Context, Result, bail};
use gewu_app::{App, Settings, clock::SystemRandom, reseal::Resealed, sealing::Keyring};
use std::{path::Path, time::Duration};

/// A running server reads the key file every few seconds: so long after a change it surely seals with the new key.
const SETTLED: Duration = Duration::from_secs(60);

pub async fn run(place: &Place, keys: Keys) -> Result<()> {
    let file = place.data.join("keys");
    match keys {
        Keys::List => list(&open(place).await?).await,
        Keys::Rotate => {
            let app = open(place).await?;
            let number = Keyring::rotate(&file, &SystemRandom).context("写入新密钥 · writing the new key")?;
            app.keyring.reload().context("读取密钥 · reading the keys")?;
            app.check_keys().await.context("登记密钥 · noting the key")?;
            println!("新密钥 new key: {number}（请另存一份密钥文件 · keep a copy of the key file）");
            reseal(&app).await
        }
        Keys::Reseal => reseal(&open(place).await?).await,
        Keys::Drop { number } => drop_key(&open(place).await?, &file, number).await,
    }
}

async fn open(place: &Place) -> Result<App> {
    wiring::open(place, Settings::default()).await
}

async fn list(app: &App) -> Result<()> {
    let seals = app.seals().await.map_err(told)?;
    for (at, number) in app.keyring.numbers().into_iter().enumerate() {
        let contacts = seals.get(&Some(number)).copied().unwrap_or_default();
        let what = if at == 0 { "在用 in use" } else { "旧 old" };
        println!("{number} {what} · 联系方式与两步验证 contacts and second factors {contacts}");
    }
    Ok(())
}

async fn reseal(app: &App) -> Result<()> {
    let mut progress = |done: Resealed| {
        eprintln!("… 看过 looked at {} · 重新封存 sealed anew {}", done.looked_at, done.resealed);
    };
    let done = app
        .reseal(&mut progress)
        .await
        .map_err(told)
        .context("没有做完，再运行 gewu keys reseal 接着做 · not finished: `gewu keys reseal` goes on")?;
    println!("看过 looked at {} · 重新封存 sealed anew {}", done.looked_at, done.resealed);
    if done.unopened > 0 {
        bail!(
            "{} 条打不开，保持原样：密钥文件里缺少它们的密钥，或已损坏 · {} do not open and stay as they are",
            done.unopened,
            done.unopened
        );
    }
    Ok(())
}

async fn drop_key(app: &App, file: &Path, number: u16) -> Result<()> {
    let changed = std::fs::metadata(file).and_then(|data| data.modified()).context("密钥文件 · the key file")?;
    if changed.elapsed().unwrap_or_default() < SETTLED {
        bail!(
            "密钥文件刚改过，一分钟后再去掉旧密钥，好让运行中的服务先换过来 · the key file was changed just now: try again in a minute"
        );
    }
    let contacts = app.seals().await.map_err(told)?.get(&Some(number)).copied().unwrap_or_default();
    if contacts > 0 {
        bail!(
            "密钥 {number} 还封着 {contacts} 条联系方式或两步验证密钥，先运行 gewu keys reseal · still seals {contacts} contacts or second factors: run `gewu keys reseal` first"
        );
    }
    // First from the record: cut short, the key is in the file and is noted again.
    app.forget_key(number).await.map_err(told)?;
    Keyring::drop_key(file, number).context("去掉密钥 · dropping the key")?;
    println!("已去掉 dropped {number}");
    Ok(())
}
