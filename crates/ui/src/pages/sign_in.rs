//! Signing in and out.

use crate::{
    DemoAccount, Ui,
    failure::Failure,
    fields::Fields,
    frame::{self, Frame, page},
    names,
    session::{self, Staff, Visitor},
};
use askama::Template;
use axum::{
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use gewu_app::AppError;
use gewu_domain::people::Role;
use gewu_web::{limits::Kind, session::path_of_ours};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    f: Frame,
    next: String,
    login: String,
    /// What went wrong, if anything.
    wrong: Option<String>,
    /// Why somebody is asked again.
    told: Option<String>,
    idle_minutes: u32,
    groups: Vec<Group>,
    /// Of all demonstration accounts, where it is one and the same.
    password: Option<String>,
}

/// Roles in the order in which a case passes through their hands.
const FLOW: [Role; 9] = [
    Role::Acceptor,
    Role::DutyChief,
    Role::Dispatcher,
    Role::Handler,
    Role::Collector,
    Role::Supervisor,
    Role::Assessor,
    Role::Administrator,
    Role::Auditor,
];

/// The demonstration's accounts of one role.
struct Group {
    role: String,
    what: String,
    accounts: Vec<Account>,
}

struct Account {
    who: String,
    login: String,
    password: String,
}

#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    next: String,
    /// `password`: it has just been changed.
    #[serde(default)]
    done: String,
}

pub async fn show(State(ui): State<Ui>, visitor: Visitor, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let told = match asked.done.as_str() {
        "password" => Some(visitor.words.t("sign-in-changed")),
        _ => visitor.was_signed_in.then(|| visitor.words.t1("sign-in-idle", "minutes", ui.app.settings.idle_minutes)),
    };
    Ok(page(&made(&ui, visitor, asked.next, String::new(), None, told))?.into_response())
}

fn made(
    ui: &Ui,
    visitor: Visitor,
    next: String,
    login: String,
    wrong: Option<String>,
    told: Option<String>,
) -> SignInPage {
    let words = &visitor.words;
    let groups = FLOW
        .into_iter()
        .filter_map(|role| {
            let mine: Vec<&DemoAccount> = ui.accounts.iter().filter(|account| account.role == role).collect();
            (!mine.is_empty()).then(|| Group {
                role: names::role(words, role),
                what: words.t(&format!("role-{}-what", role.code().replace('_', "-"))),
                accounts: mine
                    .into_iter()
                    .map(|account| Account {
                        who: words.of(&account.who_zh, &account.who_en).to_owned(),
                        login: account.login.clone(),
                        password: account.password.clone(),
                    })
                    .collect(),
            })
        })
        .collect();
    let groups = if ui.app.settings.is_demo { groups } else { Vec::new() };
    let idle_minutes = ui.app.settings.idle_minutes;
    let first = ui.accounts.first().map(|account| account.password.clone());
    let password = first.filter(|first| ui.accounts.iter().all(|account| account.password == *first));
    SignInPage { f: Frame::of(ui, visitor, "sign-in"), next, login, wrong, told, idle_minutes, groups, password }
}

pub async fn send(
    State(ui): State<Ui>,
    visitor: Visitor,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, Failure> {
    let login = fields.text("login").to_owned();
    // Spaces may belong to a password: it is taken as it was typed.
    let signed = ui.gate.take(&ui.app, Kind::SignIn, &visitor.origin);
    let signed = match signed {
        Ok(()) => ui.app.sign_in(&login, fields.raw("password"), &visitor.origin).await,
        Err(error) => Err(error),
    };
    let signed = match signed {
        Ok(signed) => signed,
        Err(error) => {
            let (status, wrong) = match &error {
                AppError::Invalid(_) => {
                    let most = ui.app.settings.failures_most;
                    (StatusCode::UNPROCESSABLE_ENTITY, visitor.words.t1("sign-in-wrong", "most", most))
                }
                AppError::TooMany { wait_s } => {
                    let span = visitor.words.span(i64::from(wait_s.div_ceil(60)));
                    (StatusCode::TOO_MANY_REQUESTS, visitor.words.t1("sign-in-locked", "span", span))
                }
                _ => return Err(error.into()),
            };
            let next = fields.text("next").to_owned();
            return Ok((status, page(&made(&ui, visitor, next, login, Some(wrong), None))?).into_response());
        }
    };
    // A session this browser had before ends: nobody goes on in what somebody else left open.
    if let Some(before) = gewu_web::session::cookie_secret(&headers) {
        ui.app.sign_out(before, &visitor.origin).await?;
    }
    let cookie = session::keep(&signed.secret, ui.gate.is_https);
    let first = if signed.must_change {
        super::account::PASSWORD
    } else {
        let role = ui.app.signed(&signed.secret, &visitor.origin).await?.caller.role();
        frame::first_page(role)
    };
    let next = if signed.must_change { first } else { path_of_ours(fields.text("next")).unwrap_or(first) };
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(next)).into_response())
}

/// Signs out.
pub async fn leave(State(ui): State<Ui>, staff: Staff, fields: Fields) -> Result<Response, Failure> {
    staff.check(&fields)?;
    ui.app.sign_out(&staff.secret, &staff.visitor.origin).await?;
    let cookie = session::forget(ui.gate.is_https);
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/sign-in")).into_response())
}
