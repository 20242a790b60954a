//! What became of a report, for whoever holds its receipt: the steps in plain words, and the answers they may give.
//!
//! Number and code come in once, by form or by a link, go into a cookie and leave the address.

use crate::{
    Ui,
    failure::{Failure, sentence},
    fields::Fields,
    frame::{Frame, page},
    names, photos, receipts,
    session::{Sender, Visitor},
    words::Words,
};
use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use gewu_app::{
    AppError, Caller,
    cases::{
        CaseAddress, IdempotencyKey,
        act::Step,
        read::{StatusPage as Status, StatusStep},
    },
};
use gewu_domain::case::{Command, Rule, StateKind};
use serde::Deserialize;

#[derive(Deserialize, Default)]
pub struct Receipt {
    #[serde(default)]
    number: String,
    #[serde(default)]
    code: String,
}

#[derive(Template)]
#[template(path = "find.html")]
struct FindPage {
    f: Frame,
    is_wrong: bool,
}

/// The form that asks for number and code; a link that carries both goes on at once.
pub async fn find(State(ui): State<Ui>, visitor: Visitor, Query(receipt): Query<Receipt>) -> Result<Response, Failure> {
    if receipt.number.is_empty() && receipt.code.is_empty() {
        return Ok(page(&FindPage { f: Frame::of(&ui, visitor, "status"), is_wrong: false })?.into_response());
    }
    go_on(&ui, visitor, &receipt.number, &receipt.code).await
}

pub async fn open(State(ui): State<Ui>, visitor: Visitor, fields: Fields) -> Result<Response, Failure> {
    go_on(&ui, visitor, fields.text("number"), fields.text("code")).await
}

async fn go_on(ui: &Ui, visitor: Visitor, number: &str, code: &str) -> Result<Response, Failure> {
    let number: String = number.chars().filter(char::is_ascii_digit).collect();
    let code: String = code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
    let found = ui.gate.try_secret(&ui.app, &visitor.origin, ui.app.receipt_holder(&number, &code)).await;
    match (found, receipts::keep(&number, &code, ui.gate.is_https)) {
        (Ok(_), Some(cookie)) => {
            Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&format!("/status/{number}"))).into_response())
        }
        (Err(AppError::NotFound), _) | (Ok(_), None) => {
            let made = page(&FindPage { f: Frame::of(ui, visitor, "status"), is_wrong: true })?;
            Ok((StatusCode::NOT_FOUND, made).into_response())
        }
        (Err(error), _) => Err(error.into()),
    }
}

#[derive(Template)]
#[template(path = "status.html")]
struct StatusView {
    f: Frame,
    number: String,
    key: String,
    title: String,
    headline: String,
    state: String,
    state_code: &'static str,
    due: Option<String>,
    words: Option<String>,
    place: String,
    unit: Option<String>,
    steps: Vec<StepLine>,
    photos: Vec<String>,
    reply: Option<String>,
    may_rate: bool,
    may_urge: bool,
    may_reopen: bool,
    confirm_until: Option<String>,
    looks: Vec<(String, String)>,
    has_given: bool,
    is_final: bool,
    done: Option<String>,
    wrong: Option<String>,
}

struct StepLine {
    what: String,
    why: Option<String>,
    when: String,
    exactly: String,
    at: String,
}

fn step_line(words: &Words, step: &StatusStep) -> StepLine {
    let unit = step.unit.as_ref().map(|(zh, en)| words.of(zh, en).to_owned());
    let key = format!("told-{}", step.did.replace('_', "-"));
    StepLine {
        what: match (unit, step.due_at) {
            (Some(unit), _) => words.t1(&format!("{key}-by"), "unit", unit),
            (None, Some(due_at)) => words.t1(&key, "at", words.exactly(due_at)),
            (None, None) => words.t(&key),
        },
        why: step.reason.as_ref().map(|(zh, en)| words.of(zh, en).to_owned()),
        when: words.when(step.at),
        exactly: words.exactly(step.at),
        at: words.machine(step.at),
    }
}

/// One sentence that says where it stands.
fn headline(words: &Words, state: StateKind) -> String {
    let key = match state {
        StateKind::Reported | StateKind::Verifying | StateKind::AwaitingFiling => "status-looking",
        StateKind::NotAccepted => "status-not-accepted",
        StateKind::Void => "status-void",
        StateKind::AwaitingDispatch | StateKind::Returned => "status-assigning",
        StateKind::Reopened => "status-reopened",
        StateKind::Dispatched | StateKind::Handling | StateKind::Rework => "status-handling",
        StateKind::Suspended => "status-suspended",
        StateKind::Handled | StateKind::Checking | StateKind::AwaitingClose => "status-checking",
        StateKind::Closed => "status-closed",
    };
    words.t(key)
}

/// The receipt in the browser's cookie, if it is for this number.
async fn holder(ui: &Ui, origin: &str, headers: &HeaderMap, number: &str) -> Result<(Caller, CaseAddress), AppError> {
    let (held, code) = receipts::held(headers).ok_or(AppError::NotFound)?;
    if held != number {
        return Err(AppError::NotFound);
    }
    ui.gate.try_secret(&ui.app, origin, ui.app.receipt_holder(&held, &code)).await
}

#[derive(Deserialize, Default)]
pub struct Done {
    #[serde(default)]
    done: String,
}

pub async fn show(
    State(ui): State<Ui>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(number): Path<String>,
    Query(done): Query<Done>,
) -> Result<Response, Failure> {
    let (caller, address) = match holder(&ui, &visitor.origin, &headers, &number).await {
        Ok(found) => found,
        Err(AppError::NotFound) => return Ok(Redirect::to("/status").into_response()),
        Err(error) => return Err(error.into()),
    };
    let status = ui.app.status_page(&caller, address).await?;
    let done = match done.done.as_str() {
        "rate" => Some(visitor.words.t("status-done-rate")),
        "reopen" => Some(visitor.words.t("status-done-reopen")),
        "urge" => Some(visitor.words.t("status-done-urge")),
        "erase" => Some(visitor.words.t("status-done-erase")),
        _ => None,
    };
    Ok(page(&made(&ui, visitor, status, done, None)?)?.into_response())
}

fn made(
    ui: &Ui,
    visitor: Visitor,
    status: Status,
    done: Option<String>,
    wrong: Option<String>,
) -> Result<StatusView, AppError> {
    let snapshot = ui.app.snapshot()?;
    let words = visitor.words.clone();
    let both = |zh: &Option<String>, en: &Option<String>| -> Option<String> {
        let zh = zh.as_deref()?;
        Some(words.of(zh, en.as_deref().unwrap_or(zh)).to_owned())
    };
    let place = match &status.address {
        Some(address) => address.clone(),
        None if status.place.path.len() > 1 => names::place_long(&snapshot, &words, &status.place.path),
        None => words.t("status-place-unknown"),
    };
    Ok(StatusView {
        title: both(&status.class_zh, &status.class_en).unwrap_or_else(|| words.t("status-title")),
        headline: headline(&words, status.state),
        state: names::state(&snapshot, &words, status.state),
        state_code: status.state.code(),
        due: status.due_at.filter(|_| status.state.is_open()).map(|due_at| words.exactly(due_at)),
        place,
        unit: both(&status.unit_zh, &status.unit_en),
        steps: status.steps.iter().rev().map(|step| step_line(&words, step)).collect(),
        photos: status.photos.iter().map(|photo| photo.row.digest.to_string()).collect(),
        may_reopen: status.confirm_until.is_some(),
        confirm_until: status.confirm_until.map(|until| words.exactly(until)),
        looks: status.looks.iter().map(|(at, reason)| (words.exactly(*at), reason.clone())).collect(),
        has_given: status.words.is_some() || !status.photos.is_empty(),
        is_final: status.state.is_final(),
        key: super::report::fresh_key(&ui.app),
        number: status.number,
        words: status.words,
        reply: status.reply,
        may_rate: status.may_rate,
        may_urge: status.may_urge,
        done,
        wrong,
        f: Frame::of(ui, visitor, "status"),
    })
}

/// Rates, says "not solved", urges or erases.
pub async fn answer(
    State(ui): State<Ui>,
    Sender(visitor): Sender,
    headers: HeaderMap,
    Path(number): Path<String>,
    fields: Fields,
) -> Result<Response, Failure> {
    let (caller, address) = holder(&ui, &visitor.origin, &headers, &number).await?;
    let verb = fields.text("do");
    let result = match verb {
        "erase" if fields.is_ticked("sure") => ui.app.erase_report(&caller, None, address, false).await.map(|_| None),
        "erase" => return Ok(Redirect::to(&format!("/status/{number}#erase")).into_response()),
        "rate" | "urge" => {
            let said = if verb == "urge" { Some(Command::Urge { note: None }) } else { rating(&fields) };
            let Some(command) = said else {
                let status = ui.app.status_page(&caller, address).await?;
                let wrong = visitor.words.t("status-rate-missing");
                let view = made(&ui, visitor, status, None, Some(wrong))?;
                return Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&view)?).into_response());
            };
            let key = IdempotencyKey::new(&address.id.to_string(), fields.text("key"));
            let step = Step {
                command,
                note: fields.text("note").to_owned(),
                photos: Vec::new(),
                location: None,
                version: None,
            };
            ui.app.act(&caller, address, key.as_ref(), step).await.map(|stepped| Some(stepped.state))
        }
        _ => Err(AppError::NotFound),
    };
    let wrong = match result {
        Ok(state) => {
            let is_reopened = verb == "rate" && state == Some(StateKind::Reopened);
            let done = if is_reopened { "reopen" } else { verb };
            return Ok(Redirect::to(&format!("/status/{number}?done={done}")).into_response());
        }
        Err(AppError::Refused(refused)) if verb == "urge" && refused.rule == Rule::TooEarly => {
            visitor.words.t("status-urged-before")
        }
        Err(AppError::Refused(refused)) => sentence(&visitor.words, &refused),
        Err(AppError::Invalid(problems)) => {
            let said = problems.iter().map(|problem| visitor.words.of(&problem.zh, &problem.en));
            said.collect::<Vec<_>>().join(" ")
        }
        Err(error) => return Err(error.into()),
    };
    let status = ui.app.status_page(&caller, address).await?;
    Ok((StatusCode::CONFLICT, page(&made(&ui, visitor, status, None, Some(wrong))?)?).into_response())
}

/// What the reporter says of the result; `None` until both questions are answered, as nothing is chosen for them.
fn rating(fields: &Fields) -> Option<Command> {
    let is_solved = match fields.text("solved") {
        "yes" => true,
        "no" => false,
        _ => return None,
    };
    let stars = fields.number("stars").filter(|stars| (1..=5).contains(stars))?;
    Some(Command::Rate { is_solved, stars, note: None })
}

/// A photo of the case, for whoever holds its receipt.
pub async fn photo(
    State(ui): State<Ui>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((number, digest)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let (caller, address) = holder(&ui, &visitor.origin, &headers, &number).await?;
    photos::send(&ui.app, &caller, address, &digest, &headers).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rating_is_what_the_reporter_chose_and_nothing_is_chosen_for_them() {
        let said = |pairs: &[(&str, &str)]| {
            let fields = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            rating(&Fields::of(fields))
        };
        for (solved, is_solved) in [("yes", true), ("no", false)] {
            let rate = Command::Rate { is_solved, stars: 2, note: None };
            assert_eq!(said(&[("solved", solved), ("stars", "2")]), Some(rate));
        }
        for pairs in [
            &[("solved", "no")][..],
            &[("stars", "5")],
            &[("solved", "perhaps"), ("stars", "5")],
            &[("solved", "yes"), ("stars", "0")],
            &[("solved", "yes"), ("stars", "6")],
        ] {
            assert_eq!(said(pairs), None, "{pairs:?}");
        }
    }
}
