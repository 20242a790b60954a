//! One case: what happened, how its deadlines came about, what may be done now and why the rest may not.

mod classes;
mod steps;
mod timeline;
mod view;

use crate::{
    Ui,
    failure::{Failure, sentence},
    fields::Fields,
    frame::page,
    photos,
    session::Staff,
};
use axum::{
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use gewu_app::{
    AppError,
    cases::{CaseAddress, IdempotencyKey},
};
use gewu_domain::case::Move;
use serde::Deserialize;
use view::{Draft, Unmasked};

pub use classes::classes;

#[derive(Deserialize)]
pub struct Where {
    region: String,
    id: String,
}

impl Where {
    fn address(&self) -> Result<CaseAddress, AppError> {
        let region = self.region.parse().map_err(|_| AppError::NotFound)?;
        let id = self.id.parse().map_err(|_| AppError::NotFound)?;
        Ok(CaseAddress { region, id })
    }
}

#[derive(Deserialize)]
pub struct Done {
    #[serde(default)]
    done: String,
    /// Words to find a class by, where no script fetches the list.
    #[serde(default)]
    q: String,
}

pub async fn show(
    State(ui): State<Ui>,
    staff: Staff,
    Path(place): Path<Where>,
    Query(done): Query<Done>,
) -> Result<Response, Failure> {
    let case = ui.app.case_page(staff.caller(), place.address()?).await?;
    let step = Move::from_code(&done.done);
    let searching = (!done.q.is_empty()).then(|| Draft {
        step: Move::File,
        assignment: None,
        fields: Fields::of([("q".to_owned(), done.q)]),
        photos: Vec::new(),
        wrong: Vec::new(),
    });
    Ok(page(&view::of(&ui, staff, case, step, searching, None)?)?.into_response())
}

/// Takes a step. When it is refused, the page comes back with what was typed.
pub async fn step(
    State(ui): State<Ui>,
    staff: Staff,
    Path(place): Path<Where>,
    mut fields: Fields,
) -> Result<Response, Failure> {
    staff.check(&fields)?;
    let address = place.address()?;
    let words = staff.visitor.words.clone();
    let (kept, problems) = photos::keep(&ui.app, staff.caller(), &mut fields).await?;
    let step = Move::from_code(fields.text("do")).ok_or(AppError::NotFound)?;
    let key = staff.caller().person().and_then(|person| IdempotencyKey::new(&person.to_string(), fields.text("key")));
    let taken = match steps::read(step, &fields, &words, kept.clone(), &*ui.app.snapshot()?) {
        _ if !problems.is_empty() => Err(AppError::Invalid(problems)),
        Ok(read) => ui.app.act(staff.caller(), address, key.as_ref(), read).await,
        Err(problem) => Err(problem.into()),
    };
    let (status, wrong) = match taken {
        Ok(_) => {
            return Ok(
                Redirect::to(&format!("/cases/{}/{}?done={}", place.region, place.id, step.code())).into_response()
            );
        }
        Err(AppError::Refused(refused)) => (StatusCode::CONFLICT, vec![sentence(&words, &refused)]),
        Err(AppError::Conflict) => (StatusCode::CONFLICT, vec![words.t("case-changed-meanwhile")]),
        Err(AppError::Invalid(problems)) => {
            let said = problems.iter().map(|problem| words.of(&problem.zh, &problem.en).to_owned());
            (StatusCode::UNPROCESSABLE_ENTITY, said.collect())
        }
        Err(error) => return Err(error.into()),
    };
    let draft = Draft { step, assignment: fields.number("assignment"), fields, photos: kept, wrong };
    let case = ui.app.case_page(staff.caller(), address).await?;
    Ok((status, page(&view::of(&ui, staff, case, None, Some(draft), None)?)?).into_response())
}

#[derive(Deserialize)]
pub struct WhereField {
    region: String,
    id: String,
    field: String,
}

/// Shows a contact in the clear, once: the look is in the record before the value is on the screen.
pub async fn look(
    State(ui): State<Ui>,
    staff: Staff,
    Path(place): Path<WhereField>,
    fields: Fields,
) -> Result<Response, Failure> {
    staff.check(&fields)?;
    let words = staff.visitor.words.clone();
    let address = Where { region: place.region, id: place.id }.address()?;
    let looked = ui.app.look_at_contact(staff.caller(), address, &place.field, fields.text("reason")).await;
    let unmasked = match looked {
        Ok(value) => Unmasked { field: place.field, value: Some(value), wrong: None },
        Err(AppError::Invalid(problems)) => {
            let wrong = problems.first().map(|problem| words.of(&problem.zh, &problem.en).to_owned());
            Unmasked { field: place.field, value: None, wrong }
        }
        Err(error) => return Err(error.into()),
    };
    let case = ui.app.case_page(staff.caller(), address).await?;
    Ok(page(&view::of(&ui, staff, case, None, None, Some(unmasked))?)?.into_response())
}

#[derive(Deserialize)]
pub struct WherePhoto {
    region: String,
    id: String,
    digest: String,
}

pub async fn photo(
    State(ui): State<Ui>,
    staff: Staff,
    headers: HeaderMap,
    Path(place): Path<WherePhoto>,
) -> Result<Response, Failure> {
    let address = Where { region: place.region, id: place.id }.address()?;
    photos::send(&ui.app, staff.caller(), address, &place.digest, &headers).await
}
