//! `gewu simulate`: a past of any size for the made-up city, in constant memory; broken off, it is gone on with.

use crate::{args::Place, args::Simulate, commands::told, wiring};
use anyhow::{Context, Result};
use gewu_app::{
    Settings,
    clock::{Clock, SystemClock},
};
use gewu_domain::case::StateKind;
use gewu_sim::{
    Town,
    days::{Numbers, Past, live},
    demo::settle,
    photos::Album,
    world::{Replayed, World},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    io::{IsTerminal, Write},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

/// How far a simulation has come.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    until: Timestamp,
    numbers: Numbers,
    slices: u32,
    cases: u64,
    facts: u64,
    states: BTreeMap<StateKind, u64>,
}

pub async fn run(place: &Place, simulate: Simulate) -> Result<()> {
    wiring::prepare(place).await?;
    let Simulate { seed, cases, days, until } = simulate;
    let file = place.data.join(format!("simulate-{seed}-{cases}-{days}.json"));
    let random = Arc::new(Replayed::new(seed));
    let app =
        Arc::new(wiring::parts(place).await?.app(Settings::default(), Arc::new(SystemClock), random.clone()).await?);
    let town = Town::demo(seed);
    settle(&app, &town).await.map_err(told)?;
    let album = Album::plain(&app).await.map_err(told)?;
    let world = Arc::new(World::new(app.clone(), seed, &town.people, album).map_err(told)?);
    let mut kept = match std::fs::read_to_string(&file) {
        Ok(text) => serde_json::from_str(&text).with_context(|| {
            format!("{} 读不懂：请换一个数据目录 · does not read: use another data directory", file.display())
        })?,
        Err(_) => {
            let until = until.unwrap_or_else(|| SystemClock.now());
            let numbers = Numbers::ahead(&world, &Past { until, days, cases }).await.map_err(told)?;
            Kept { until, numbers, slices: 0, cases: 0, facts: 0, states: BTreeMap::new() }
        }
    };
    keep(&file, &kept)?;
    let before = kept.clone();
    if kept.slices > 0 {
        println!("接着上次的 {} 件 · going on after {} cases", kept.cases, kept.cases);
    }
    let started = Instant::now();
    let mut bar = Bar::new(cases);
    let mut failed = None;
    let past = Past { until: kept.until, days, cases };
    let progress = live(world, random, past, &before.numbers, before.slices, &mut |progress| {
        kept.slices = progress.slices;
        kept.cases = before.cases + progress.cases;
        kept.facts = before.facts + progress.facts;
        kept.states = before.states.clone();
        for (state, count) in &progress.states {
            *kept.states.entry(*state).or_default() += count;
        }
        failed = failed.take().or(keep(&file, &kept).err());
        bar.show(kept.cases);
    })
    .await
    .map_err(told)?;
    failed.map_or(Ok(()), Err)?;
    bar.end();
    let seconds = started.elapsed().as_secs_f64();
    app.store.upkeep().analyze().await?;
    println!(
        "{} 件，{} 条事实，{:.0} 件/秒 · {} cases, {} facts, {:.0} cases/s",
        kept.cases,
        kept.facts,
        progress.cases as f64 / seconds,
        kept.cases,
        kept.facts,
        progress.cases as f64 / seconds
    );
    for (state, count) in &kept.states {
        println!("  {:<12} {count}", state.zh());
    }
    for refused in &progress.refused {
        tracing::warn!(refused, "a made-up step was refused");
    }
    Ok(())
}

/// Is this the directory nobody chose?
pub fn is_default(place: &Place) -> bool {
    place.data == Path::new("gewu-data")
}

fn keep(file: &Path, kept: &Kept) -> Result<()> {
    let new = file.with_extension("new");
    std::fs::write(&new, serde_json::to_string(kept)?)
        .and_then(|()| std::fs::rename(&new, file))
        .with_context(|| format!("写入 {} · writing", file.display()))
}

/// How far it is: on a terminal in one line that is written over, elsewhere now and then in a line of its own.
pub struct Bar {
    all: u64,
    started: Instant,
    shown: Instant,
    is_terminal: bool,
}

impl Bar {
    pub fn new(all: u64) -> Bar {
        let now = Instant::now();
        Bar { all, started: now, shown: now, is_terminal: std::io::stderr().is_terminal() }
    }

    pub fn show(&mut self, done: u64) {
        let every = if self.is_terminal { Duration::from_millis(200) } else { Duration::from_secs(5) };
        if self.shown.elapsed() < every {
            return;
        }
        self.shown = Instant::now();
        let percent = done.saturating_mul(100) / self.all.max(1);
        let seconds = self.started.elapsed().as_secs();
        let (begin, end) = if self.is_terminal { ("\r", " ") } else { ("", "\n") };
        eprint!("{begin}  {percent:>3} %  {done} / {}  {seconds} s{end}", self.all);
        std::io::stderr().flush().ok();
    }

    pub fn end(&self) {
        let begin = if self.is_terminal { "\r" } else { "" };
        eprintln!("{begin}  100 %  {} s                              ", self.started.elapsed().as_secs());
    }
}
