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
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use gewu_app::{
    AppError,
    people::{
        sign_in::{Attempt, Entered},
        tries::FREE,
    },
};
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
    /// The password was right, and the code of the second factor is asked for.
    step: Option<String>,
    hint: String,
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
        _ => visitor.was_signed_in.then(|| times(&ui, &visitor, "sign-in-idle")),
    };
    Ok(page(&made(&ui, visitor, asked.next, Given::default(), None, told))?.into_response())
}

/// What was given so far.
#[derive(Default)]
struct Given {
    login: String,
    step: Option<String>,
}

/// A message that says how long a session lasts.
fn times(ui: &Ui, visitor: &Visitor, key: &str) -> String {
    let settings = &ui.app.settings;
    visitor.words.t2(key, "minutes", settings.idle_minutes, "hours", settings.session_hours)
}

fn made(
    ui: &Ui,
    visitor: Visitor,
    next: String,
    given: Given,
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
    let groups = if ui.app.settings.is_demo && given.step.is_none() { groups } else { Vec::new() };
    let hint = times(ui, &visitor, "sign-in-hint");
    let Given { login, step } = given;
    let first = ui.accounts.first().map(|account| account.password.clone());
    let password = first.filter(|first| ui.accounts.iter().all(|account| account.password == *first));
    SignInPage { f: Frame::of(ui, visitor, "sign-in"), next, login, wrong, told, step, hint, groups, password }
}

pub async fn send(
    State(ui): State<Ui>,
    visitor: Visitor,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, Failure> {
    let browser = gewu_web::session::browser(&headers, &visitor.origin);
    let entered = match (ui.gate.take(&ui.app, Kind::SignIn, &visitor.origin), fields.given("step")) {
        (Err(error), _) => Err(error),
        (Ok(()), Some(step)) => ui.app.sign_in_with_code(step, fields.text("code"), browser).await.map(Entered::In),
        (Ok(()), None) => {
            // Spaces may belong to a password: it is taken as it was typed.
            let (login, password) = (fields.text("login"), fields.raw("password"));
            ui.app.sign_in(Attempt { login, password, code: "", browser }).await
        }
    };
    let next = fields.text("next").to_owned();
    let login = fields.text("login").to_owned();
    let step = fields.given("step").map(str::to_owned);
    let signed = match entered {
        Ok(Entered::In(signed)) => signed,
        Ok(Entered::CodeNeeded(step)) => {
            let given = Given { login, step: Some(step) };
            return Ok(page(&made(&ui, visitor, next, given, None, None))?.into_response());
        }
        Err(error) => {
            let words = &visitor.words;
            let (status, wrong, step) = match &error {
                AppError::Invalid(_) if step.is_some() => {
                    (StatusCode::UNPROCESSABLE_ENTITY, words.t("sign-in-wrong-code"), step)
                }
                AppError::Invalid(_) => {
                    (StatusCode::UNPROCESSABLE_ENTITY, words.t1("sign-in-wrong", "most", FREE), None)
                }
                AppError::SignedOut => (StatusCode::UNPROCESSABLE_ENTITY, words.t("sign-in-step-over"), None),
                AppError::TooMany { wait_s } => {
                    let span = words.span(i64::from(wait_s.div_ceil(60)));
                    (StatusCode::TOO_MANY_REQUESTS, words.t1("sign-in-locked", "span", span), step)
                }
                _ => return Err(error.into()),
            };
            let made = made(&ui, visitor, next, Given { login, step }, Some(wrong), None);
            return Ok((status, page(&made)?).into_response());
        }
    };
    // A session this browser had before ends: nobody goes on in what somebody else left open.
    if let Some(before) = gewu_web::session::cookie_secret(&headers) {
        ui.app.sign_out(before, &visitor.origin).await?;
    }
    let is_https = ui.gate.is_https;
    let cookies = [session::keep(&signed.secret, is_https), session::keep_device(&signed.device, is_https)];
    let first = if signed.must_change {
        super::account::PASSWORD
    } else {
        let role = ui.app.signed(&signed.secret, &visitor.origin).await?.caller.role();
        frame::first_page(role)
    };
    let next = if signed.must_change { first } else { path_of_ours(fields.text("next")).unwrap_or(first) };
    let cookies = AppendHeaders(cookies.map(|cookie| (header::SET_COOKIE, cookie)));
    Ok((cookies, Redirect::to(next)).into_response())
}

/// Signs out.
pub async fn leave(State(ui): State<Ui>, staff: Staff, fields: Fields) -> Result<Response, Failure> {
    staff.check(&fields)?;
    ui.app.sign_out(&staff.secret, &staff.visitor.origin).await?;
    let cookie = session::forget(ui.gate.is_https);
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/sign-in")).into_response())
}
