//! A collector's report from a round of the grid, and trifles mended on the spot 自行处置.

use crate::{
    Ui,
    failure::{Failure, sentence},
    fields::Fields,
    frame::{Frame, page},
    pages::report::{self, ReportForm, Wrong},
    photos,
    session::Staff,
};
use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use gewu_app::{AppError, cases::IdempotencyKey};
use gewu_domain::{case::Source, people::Role};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "patrol.html")]
struct PatrolPage {
    f: Frame,
    form: ReportForm,
    is_on_spot_allowed: bool,
    /// The number of the report just sent.
    sent: Option<String>,
}

#[derive(Deserialize)]
pub struct Sent {
    sent: Option<String>,
}

pub async fn show(State(ui): State<Ui>, staff: Staff, Query(sent): Query<Sent>) -> Result<Response, Failure> {
    collector(&staff)?;
    let snapshot = ui.app.snapshot()?;
    let form = ReportForm::of(&ui.app, &snapshot, &staff.visitor.words, &Fields::default(), &[]);
    let is_on_spot_allowed = snapshot.city.policy.on_spot.allowed;
    let f = Frame::of(&ui, staff.visitor, "patrol");
    Ok(page(&PatrolPage { f, form, is_on_spot_allowed, sent: sent.sent })?.into_response())
}

fn collector(staff: &Staff) -> Result<(), AppError> {
    match staff.caller().staff()?.role {
        Role::Collector => Ok(()),
        _ => Err(AppError::Forbidden("only collectors report from a round")),
    }
}

pub async fn send(State(ui): State<Ui>, staff: Staff, mut fields: Fields) -> Result<Response, Failure> {
    staff.check(&fields)?;
    collector(&staff)?;
    let snapshot = ui.app.snapshot()?;
    let words = staff.visitor.words.clone();
    let (kept, problems) = photos::keep(&ui.app, staff.caller(), &mut fields).await?;
    let form = ReportForm::of(&ui.app, &snapshot, &words, &fields, &kept);
    let key = staff.caller().person().and_then(|person| IdempotencyKey::new(&person.to_string(), &form.key));
    let sent = if fields.is_ticked("again") {
        Err(AppError::Invalid(Vec::new()))
    } else if problems.is_empty() {
        ui.app.report(staff.caller(), key.as_ref(), report::report(&form, &fields, Source::Patrol, kept)).await
    } else {
        Err(AppError::Invalid(problems))
    };
    let (status, form) = match sent {
        Ok(receipt) => return Ok(Redirect::to(&format!("/patrol?sent={}", receipt.number)).into_response()),
        Err(AppError::Invalid(problems)) if problems.is_empty() => (StatusCode::OK, form),
        Err(AppError::Invalid(problems)) => (StatusCode::UNPROCESSABLE_ENTITY, form.with(&words, &problems)),
        Err(AppError::Refused(refused)) => {
            let wrong = vec![Wrong { field: "photos".to_owned(), text: sentence(&words, &refused) }];
            (StatusCode::CONFLICT, ReportForm { wrong, ..form })
        }
        Err(error) => return Err(error.into()),
    };
    let is_on_spot_allowed = snapshot.city.policy.on_spot.allowed;
    let f = Frame::of(&ui, staff.visitor, "patrol");
    Ok((status, page(&PatrolPage { f, form, is_on_spot_allowed, sent: None })?).into_response())
}
