//! `gewu demo`: a city to try, with people who can be signed in as.

use crate::{
    args::{Demo, Place},
    commands::{serve::serve_app, told},
    wiring,
};
use anyhow::Result;
use gewu_app::Settings;
use gewu_sim::town::{DEMO_PASSWORD, Member, Town};
use gewu_ui::DemoAccount;
use std::sync::Arc;

pub async fn run(place: &Place, demo: Demo) -> Result<()> {
    wiring::prepare(place)?;
    let app = Arc::new(wiring::open(place, Settings { is_demo: true, ..Settings::default() }).await?);
    let town = Town::demo(demo.seed);
    if app.snapshot().is_err() {
        println!("建立演示城市…… · making the town");
        town.settle(&app).await.map_err(told)?;
    }
    println!("可登录的账户（密码都是 {DEMO_PASSWORD}）· who can sign in, all with that password:");
    let accounts: Vec<DemoAccount> = town.accounts().filter_map(account).collect();
    for account in &accounts {
        println!("  {:<16} {:<14} {}", account.login, account.role.code(), account.who_zh);
    }
    serve_app(app, &demo.serve, accounts).await
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
