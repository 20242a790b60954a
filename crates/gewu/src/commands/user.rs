//! `gewu user`: accounts and posts, for the operator.

use crate::{
    args::{Place, User},
    commands::{ask_line, confirmed, told},
    wiring,
};
use anyhow::{Context, Result, bail};
use gewu_app::{
    App, Caller, Settings,
    people::accounts::{NewPerson, NewPost},
};
use gewu_domain::{
    ids::{AreaCode, PersonId, UnitCode},
    people::Role,
};

pub async fn run(place: &Place, user: User) -> Result<()> {
    let app = wiring::open(place, Settings::default()).await?;
    let system = Caller::system();
    match user {
        User::Add { login, name, unit } => {
            let password = ask_line("密码 password")?;
            let new = NewPerson { name, login: login.clone(), password, unit: UnitCode::new(unit), must_change: true };
            let id = app.add_person(&system, None, new).await.map_err(told)?;
            println!("{login} → {id}（第一次登录须改密码 · must choose a new password at first sign-in）");
        }
        User::Post { login, role, unit, area } => {
            let role = Role::from_code(&role).with_context(|| {
                let all: Vec<&str> = Role::ALL.iter().map(|role| role.code()).collect();
                format!("没有岗位 {role}；可选 · one of: {}", all.join(", "))
            })?;
            let new = NewPost {
                person: person(&app, &login).await?,
                role,
                unit: UnitCode::new(unit),
                area: area.map(AreaCode::new),
                from: None,
                to: None,
            };
            let id = app.add_post(&system, None, new).await.map_err(told)?;
            println!("{login} → {id}");
        }
        User::Password { login } => {
            let password = ask_line("新密码 new password")?;
            app.reset_password(&system, None, &login, &password).await.map_err(told)?;
            println!("已重设；{login} 下次登录须改密码 · must choose a new one at the next sign-in");
        }
        User::TotpReset { login, yes } => {
            person(&app, &login).await?;
            let question = format!("去掉 {login} 的两步验证？· take away the second factor of {login}?");
            if !yes && !confirmed(&question)? {
                bail!("没有改动；不在终端里时请加 --yes · nothing changed; without a terminal add --yes");
            }
            app.reset_totp(&system, &login).await.map_err(told)?;
            println!("已去掉；{login} 登录后可重新设置 · taken away; {login} can set it up anew after signing in");
        }
    }
    Ok(())
}

/// Who signs in with this name.
pub async fn person(app: &App, login: &str) -> Result<PersonId> {
    let view = app.store.city().await?;
    let account = view.account(&login.trim().to_lowercase()).await?;
    account.map(|account| account.person).with_context(|| format!("没有用户 {login} · there is no such account"))
}
