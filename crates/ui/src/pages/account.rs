//! One's own account: language, post, password.

use crate::{
    Ui,
    failure::Failure,
    fields::Fields,
    frame::{self, Frame, page},
    names,
    session::{self, Staff},
    words::Language,
};
use askama::Template;
use axum::{
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use gewu_app::{AppError, people::totp::TotpState};
use gewu_web::session::path_of_ours;
use serde::Deserialize;

/// Where a password is changed; open also to those who must do so before anything else.
pub const PASSWORD: &str = "/account/password";

/// Where the second factor is set up.
pub const TOTP: &str = "/account/totp";

/// What is open to those who must set up a second factor before anything else.
pub const OPEN_BEFORE_TOTP: [&str; 3] = [TOTP, PASSWORD, "/sign-out"];

#[derive(Deserialize)]
pub struct Chosen {
    to: String,
    #[serde(default)]
    next: String,
}

/// Switches the language and goes back. Reading a page in another language changes nothing but a cookie.
pub async fn language(State(ui): State<Ui>, Query(chosen): Query<Chosen>) -> Response {
    let language = Language::from_code(&chosen.to).unwrap_or(Language::Chinese);
    let cookie = session::keep_language(language, ui.gate.is_https);
    let next = path_of_ours(&chosen.next).unwrap_or("/");
    ([(header::SET_COOKIE, cookie)], Redirect::to(next)).into_response()
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    f: Frame,
    name: String,
    posts: Vec<Held>,
    totp: TotpState,
    sessions: Vec<Open>,
}

/// One of the person's sessions.
struct Open {
    device: String,
    started_at: String,
    seen_at: String,
    is_this: bool,
}

/// A post somebody holds or held.
struct Held {
    label: String,
    area: String,
    from: String,
    to: Option<String>,
    is_held: bool,
}

pub async fn show(State(ui): State<Ui>, staff: Staff) -> Result<Response, Failure> {
    let snapshot = ui.app.snapshot()?;
    let words = &staff.visitor.words;
    let held = ui.app.posts_of(staff.caller(), staff.signed.person.id).await?;
    let day = |at: jiff::Timestamp| words.long_day(at.to_zoned(words.zone.clone()).date());
    let posts = held
        .iter()
        .map(|post| Held {
            label: format!("{} · {}", names::role(words, post.role), names::unit(&snapshot, words, &post.unit)),
            area: names::area(&snapshot, words, &post.area),
            from: day(post.from),
            to: post.to.map(day),
            is_held: post.is_held_at(words.now),
        })
        .collect();
    let totp = ui.app.totp_state(staff.caller()).await?;
    let open = ui.app.own_sessions(staff.caller()).await?.into_iter().map(|session| Open {
        is_this: Some(session.id) == staff.caller().session(),
        started_at: words.when(session.started_at),
        seen_at: words.when(session.seen_at),
        device: if session.device.is_empty() { words.t("account-device-unknown") } else { session.device },
    });
    let sessions = open.collect();
    let name = staff.signed.person.name.clone();
    Ok(page(&AccountPage { f: Frame::of(&ui, staff.visitor, "account"), name, posts, totp, sessions })?.into_response())
}

pub async fn end_others(State(ui): State<Ui>, staff: Staff, fields: Fields) -> Result<Response, Failure> {
    staff.check(&fields)?;
    ui.app.end_other_sessions(staff.caller()).await?;
    Ok(Redirect::to("/account").into_response())
}

pub async fn choose_post(State(ui): State<Ui>, staff: Staff, fields: Fields) -> Result<Response, Failure> {
    staff.check(&fields)?;
    let post = fields.text("post").parse().map_err(|_| AppError::NotFound)?;
    ui.app.choose_post(&staff.secret, post).await?;
    let role = staff.signed.posts.iter().find(|held| held.id == post).map(|held| held.role);
    Ok(Redirect::to(frame::first_page(role)).into_response())
}

#[derive(Template)]
#[template(path = "password.html")]
struct PasswordPage {
    f: Frame,
    is_forced: bool,
    wrong: Vec<String>,
}

pub async fn password(State(ui): State<Ui>, staff: Staff) -> Result<Response, Failure> {
    let is_forced = staff.signed.must_change;
    Ok(page(&PasswordPage { f: Frame::of(&ui, staff.visitor, "account"), is_forced, wrong: Vec::new() })?
        .into_response())
}

/// Changes the password, and signs in anew: every session of the person ended with the old one.
pub async fn change_password(
    State(ui): State<Ui>,
    staff: Staff,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, Failure> {
    staff.check(&fields)?;
    let words = staff.visitor.words.clone();
    let wrong = if fields.raw("password") == fields.raw("again") {
        let device = gewu_web::session::cookie(&headers, gewu_web::session::DEVICE_COOKIE);
        match ui.app.change_password(staff.caller(), fields.raw("present"), fields.raw("password"), device).await {
            Ok(()) => {
                let cookie = session::forget(ui.gate.is_https);
                return Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/sign-in?done=password")).into_response());
            }
            Err(AppError::Invalid(problems)) => {
                problems.iter().map(|problem| words.of(&problem.zh, &problem.en).to_owned()).collect()
            }
            Err(error) => return Err(error.into()),
        }
    } else {
        vec![words.t("password-differs")]
    };
    let is_forced = staff.signed.must_change;
    let made = page(&PasswordPage { f: Frame::of(&ui, staff.visitor, "account"), is_forced, wrong })?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, made).into_response())
}
