//! `gewu clock`: whether the clock is believed, a person's word for it, and days opened again that a wrong one sealed.

use crate::{
    args::{Clock, Place},
    commands::{confirmed, told, user::person},
    wiring,
};
use anyhow::{Result, bail};
use gewu_app::{App, Caller, Settings, doubt::Doubt};
use gewu_domain::ids::RegionId;
use jiff::civil::Date;

pub async fn run(place: &Place, clock: Clock) -> Result<()> {
    let app = wiring::open(place, Settings::default()).await?;
    match clock {
        Clock::Show => show(&app).await,
        Clock::Accept { yes } => accept(&app, yes).await,
        Clock::Reopen { day, reason, by, region, dry_run, yes } => {
            let by = match by {
                Some(login) => Some(person(&app, &login).await?),
                None => None,
            };
            let region = region.map(RegionId);
            let reopen = async |dry_run| {
                app.reopen_day(&Caller::system(), day, region, by, &reason, dry_run).await.map_err(told)
            };
            let asked = reopen(true).await?;
            if asked.is_empty() {
                bail!("{day} 和之后没有封存的日子 · neither {day} nor a day after it is sealed");
            }
            for one in &asked {
                let days: Vec<String> = one.days.iter().map(Date::to_string).collect();
                println!("{}: {}", one.region, days.join(" "));
            }
            if dry_run {
                return Ok(());
            }
            if !yes
                && !confirmed(
                    "这些日子的根会重新生成，链里永远留有记录 · their roots are made anew, and the chain keeps a note. 继续 go on?",
                )?
            {
                bail!("什么都没有改；不用终端时加 --yes · nothing was changed; without a terminal add --yes");
            }
            reopen(false).await?;
            println!("已重新打开 opened again");
            Ok(())
        }
    }
}

async fn show(app: &App) -> Result<()> {
    match app.look_at_clock().await.map_err(told)? {
        Some(doubt) => bail!("{} · {}", doubt.zh(), doubt.en()),
        None => println!("✓ {}", app.now()),
    }
    Ok(())
}

async fn accept(app: &App, yes: bool) -> Result<()> {
    let now = app.now();
    if !yes && !confirmed(&format!("现在是 {now} 吗 · is it {now} now?"))? {
        bail!("什么都没有改；不用终端时加 --yes · nothing was changed; without a terminal add --yes");
    }
    let accepted = app.accept_clock(&Caller::system()).await.map_err(told)?;
    println!("已确认 accepted: {accepted}");
    Ok(())
}

/// Asks once at the start; without a terminal it says so and goes on.
pub async fn ask_at_start(app: &App) -> Result<()> {
    let Some(doubt) = app.look_at_clock().await.map_err(told)? else { return Ok(()) };
    if matches!(doubt, Doubt::Ahead { .. }) {
        let question = format!("{} · {}\n现在是 {} 吗 · is that the time?", doubt.zh(), doubt.en(), app.now());
        if confirmed(&question)? {
            app.accept_clock(&Caller::system()).await.map_err(told)?;
            return Ok(());
        }
    }
    tracing::warn!("{}", doubt.en());
    Ok(())
}
