//! `gewu demo`: a city to try, that is made once, moves by itself, and goes on where it was left.

use crate::{
    args::{Demo, DemoCity, Place},
    commands::{
        import::summary,
        serve::{listen, serve_on},
        simulate::{Bar, is_default},
        told,
    },
    wiring::{self, Parts},
};
use anyhow::{Context, Result, bail};
use gewu_app::{
    Settings,
    clock::{Clock, FastClock, SystemClock, SystemRandom},
};
use gewu_sim::{
    Town,
    days::{Numbers, Past},
    demo::{make, move_on, settle, world},
    nyc,
    town::{DEMO_PASSWORD, Member},
    world::Replayed,
};
use gewu_ui::DemoAccount;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

/// What the demonstration remembers between two starts.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Memory {
    city: String,
    seed: u64,
    days: u16,
    per_day: u32,
    /// Where its past ends.
    until: Timestamp,
    /// What its past is given, once it is settled.
    numbers: Option<Numbers>,
    /// How much of its past is kept.
    slices: u32,
    is_made: bool,
    /// What its clock has not gone beyond: time never goes back.
    shown: Timestamp,
}

pub async fn run(place: &Place, demo: Demo) -> Result<()> {
    let place = &at_home(place, demo.city);
    wiring::prepare(place).await?;
    let file = place.data.join("demo.json");
    let mut memory = remember(&file)?.unwrap_or_else(|| {
        let now = SystemClock.now();
        Memory {
            city: demo.city.code().to_owned(),
            seed: demo.seed,
            days: demo.days,
            per_day: demo.per_day,
            until: now,
            numbers: None,
            slices: 0,
            is_made: false,
            shown: now,
        }
    });
    if memory.city != demo.city.code() {
        bail!(
            "{} 里已经有另一座演示城市（{}）：请用 --data 换一个目录 · another city lives there: choose another directory",
            place.data.display(),
            memory.city
        );
    }
    let listener = listen(&demo.serve)?;
    println!(
        "演示城市在 {} ，下次接着来；删掉这个目录就重新开始 · it is kept there; delete the directory to begin anew",
        place.data.display()
    );
    let parts = wiring::parts(place).await?;
    let town = (demo.city == DemoCity::Town).then(|| Town::demo(memory.seed));
    let people = town.as_ref().map_or_else(|| nyc::people(memory.seed), |town| town.people.clone());
    if !memory.is_made {
        match &town {
            Some(town) => make_town(&parts, town, &file, &mut memory).await?,
            None => make_nyc(&parts, &people, &file, &mut memory).await?,
        }
    }

    let clock: Arc<dyn Clock> = match SystemClock.now() {
        now if demo.speed <= 1 && now >= memory.shown => Arc::new(SystemClock),
        now => Arc::new(FastClock::new(now.max(memory.shown), demo.speed)),
    };
    let settings = Settings { is_demo: true, ..demo.serve.app() };
    let app = Arc::new(parts.app(settings, clock, Arc::new(SystemRandom)).await?);
    let accounts: Vec<DemoAccount> = people.iter().filter_map(account).collect();
    println!("可登录的账户（密码都是 {DEMO_PASSWORD}）· who can sign in, all with that password:");
    for account in &accounts {
        println!("  {:<16} {:<14} {}", account.login, account.role.code(), account.who_zh);
    }
    let world = match &town {
        Some(town) => world(app.clone(), town).await.map_err(told)?,
        None => Arc::new(nyc::world(app.clone(), memory.seed, &people).map_err(told)?),
    };
    let per_day = f64::from(demo.live_per_day);
    let looking = app.clone();
    let mut kept_at: Option<Instant> = None;
    let (mut later, at) = (memory.clone(), file.clone());
    let moving = tokio::spawn(move_on(world, per_day, demo.speed, move || {
        if kept_at.is_none_or(|at| at.elapsed() >= LOOK_EVERY) {
            kept_at = Some(Instant::now());
            // As far as it may come before it is looked at again, should it be killed.
            let ahead = LOOK_EVERY.saturating_mul(u32::try_from(demo.speed).unwrap_or(1).saturating_mul(2));
            later.shown = looking.now().checked_add(ahead).unwrap_or(later.shown);
            if let Err(error) = keep(&at, &later) {
                tracing::warn!("{error:#}");
            }
        }
    }));
    let served = serve_on(listener, app.clone(), place, &demo.serve, accounts).await;
    moving.abort();
    memory.shown = app.now();
    served.and(keep(&file, &memory))
}

/// How often it is noted how late it is.
const LOOK_EVERY: Duration = Duration::from_secs(15);

/// The directory given, or one of its own: a demonstration never moves into a city's.
fn at_home(place: &Place, city: DemoCity) -> Place {
    if place.database.is_some() || !is_default(place) {
        return place.clone();
    }
    let name = match city {
        DemoCity::Town => "gewu-demo".to_owned(),
        DemoCity::Nyc => "gewu-demo-nyc".to_owned(),
    };
    Place { data: PathBuf::from(name), ..place.clone() }
}

async fn make_town(parts: &Parts, town: &Town, file: &Path, memory: &mut Memory) -> Result<()> {
    let random = Arc::new(Replayed::new(memory.seed));
    let app = Arc::new(parts.app(Settings::default(), Arc::new(SystemClock), random.clone()).await?);
    let cases = u64::from(memory.days) * u64::from(memory.per_day);
    println!(
        "建立演示城市：2 个区县、12 个街道、120 个社区、1,536 个网格，{} 天的历史 · making the town and its {} days",
        memory.days, memory.days
    );
    keep(file, memory)?;
    settle(&app, town).await.map_err(told)?;
    let world = world(app, town).await.map_err(told)?;
    let past = Past { until: memory.until, days: memory.days, cases };
    let numbers = match &memory.numbers {
        Some(numbers) => numbers.clone(),
        None => Numbers::ahead(&world, &past).await.map_err(told)?,
    };
    memory.numbers = Some(numbers.clone());
    keep(file, memory)?;
    let slices = memory.slices;
    let mut bar = Bar::new(cases);
    let mut failed = None;
    let progress = make(world, random, past, &numbers, slices, &mut |progress| {
        memory.slices = progress.slices;
        failed = failed.take().or(keep(file, memory).err());
        bar.show(progress.cases);
    })
    .await
    .map_err(told)?;
    failed.map_or(Ok(()), Err)?;
    bar.end();
    for refused in &progress.refused {
        tracing::warn!(refused, "a made-up step was refused");
    }
    memory.is_made = true;
    keep(file, memory)
}

async fn make_nyc(parts: &Parts, people: &[Member], file: &Path, memory: &mut Memory) -> Result<()> {
    println!("建立纽约：5 个区、2,166 个普查区，1,000 条真实请求 · setting up New York and its requests");
    let app = parts.app(Settings::default(), Arc::new(SystemClock), Arc::new(SystemRandom)).await?;
    keep(file, memory)?;
    let imported = nyc::settle(&app, people, &mut |_| {}).await.map_err(told)?;
    println!("{}", summary(&imported, false));
    memory.is_made = true;
    keep(file, memory)
}

fn remember(file: &Path) -> Result<Option<Memory>> {
    if !file.exists() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(file).with_context(|| format!("读取 {} · reading", file.display()))?;
    let memory = serde_json::from_str(&text).with_context(|| {
        format!("{} 读不懂：删掉这个目录重新开始 · begin anew in another directory", file.display())
    })?;
    Ok(Some(memory))
}

fn keep(file: &Path, memory: &Memory) -> Result<()> {
    let new = file.with_extension("new");
    std::fs::write(&new, serde_json::to_string_pretty(memory)?)
        .and_then(|()| std::fs::rename(&new, file))
        .with_context(|| format!("写入 {} · writing", file.display()))
}

fn account(member: &Member) -> Option<DemoAccount> {
    Some(DemoAccount {
        role: member.post.role,
        login: member.login.clone()?,
        password: DEMO_PASSWORD.to_owned(),
        who_zh: format!("{} · {}", member.name, member.unit_zh),
        who_en: format!("{} · {}", member.name, member.unit_en),
    })
}
