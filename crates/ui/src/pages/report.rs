//! Reporting a problem without an account, and the receipt for it.
//!
//! One form, one sending. Without script photos travel with it; with script they are uploaded as they are taken and
//! the form names them. The form's key makes a second click harmless.

use crate::{
    Ui,
    failure::Failure,
    fields::Fields,
    frame::{Frame, page},
    names,
    pages::pick::AreaPick,
    photos, receipts,
    rows::Choice,
    session::{Sender, Visitor},
    words::Words,
};
use askama::Template;
use axum::{
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use gewu_app::{
    App, AppError, Caller, Problem,
    cases::{
        IdempotencyKey, PhotoName,
        report::{Contact, NewReport},
    },
    city::Snapshot,
    locate::Location,
};
use gewu_domain::{case::Source, ids::ClassCode};

/// A report's form as it is filled in so far. The hotline and collectors use its parts as well.
pub struct ReportForm {
    pub key: String,
    pub words: String,
    pub address: String,
    pub part: String,
    pub lon: String,
    pub lat: String,
    pub pick: AreaPick,
    /// By major: name and plain words of its classes.
    pub classes: Vec<(String, Vec<Choice>)>,
    pub name: String,
    pub phone: String,
    pub email: String,
    pub is_confidential: bool,
    pub is_urgent: bool,
    pub is_fixed_on_spot: bool,
    pub photos: Vec<KeptPhoto>,
    pub photos_most: usize,
    pub photos_limit: String,
    pub wrong: Vec<Wrong>,
}

/// A photo that is kept already, as the form names it.
pub struct KeptPhoto {
    pub name: String,
    pub label: String,
}

/// One problem, with the field to go to.
pub struct Wrong {
    pub field: String,
    pub text: String,
}

impl ReportForm {
    pub fn of(app: &App, snapshot: &Snapshot, words: &Words, fields: &Fields, kept: &[PhotoName]) -> ReportForm {
        let text = |name: &str| fields.text(name).to_owned();
        // A key that this house did not make tells nobody's form from another's.
        let given = fields.given("key").filter(|key| is_key(key));
        let key = given.map_or_else(|| fresh_key(app), str::to_owned);
        ReportForm {
            key,
            words: text("words"),
            address: text("address"),
            part: text("part"),
            lon: text("lon"),
            lat: text("lat"),
            pick: AreaPick::of_fields(snapshot, words, fields),
            classes: classes(snapshot, words, fields.text("class")),
            name: text("name"),
            phone: text("phone"),
            email: text("email"),
            is_confidential: fields.is_ticked("confidential"),
            is_urgent: fields.is_ticked("urgent"),
            is_fixed_on_spot: fields.is_ticked("fixed"),
            photos: kept
                .iter()
                .enumerate()
                .map(|(at, photo)| KeptPhoto {
                    name: photos::name(photo),
                    label: words.t1("photos-kept", "no", at.saturating_add(1)),
                })
                .collect(),
            photos_most: photos::most(app),
            photos_limit: photos::limit(words, app),
            wrong: Vec::new(),
        }
    }

    pub fn with(self, words: &Words, problems: &[Problem]) -> ReportForm {
        let wrong = problems
            .iter()
            .map(|problem| Wrong {
                field: match problem.field.as_str() {
                    "point" => "address".to_owned(),
                    field => field.to_owned(),
                },
                text: words.of(&problem.zh, &problem.en).to_owned(),
            })
            .collect();
        ReportForm { wrong, ..self }
    }

    pub fn is_wrong(&self, field: &str) -> bool {
        self.wrong.iter().any(|wrong| wrong.field == field)
    }

    pub fn wrongs<'f>(&'f self, field: &'f str) -> impl Iterator<Item = &'f Wrong> {
        self.wrong.iter().filter(move |wrong| wrong.field == field)
    }
}

/// A key for a new form.
pub fn fresh_key(app: &App) -> String {
    let mut bytes = [0_u8; 16];
    app.random.fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_key(key: &str) -> bool {
    key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Classes by major, each as people call it.
pub fn classes(snapshot: &Snapshot, words: &Words, chosen: &str) -> Vec<(String, Vec<Choice>)> {
    let mut majors: Vec<(String, Vec<Choice>)> = Vec::new();
    for class in names::catalogue(snapshot).map(|catalogue| catalogue.classes()).unwrap_or_default() {
        let major = words.of(&class.major_zh, &class.major_en);
        let choice = Choice::new(&class.code, names::class_plain(words, class), class.code.as_str() == chosen);
        match majors.iter_mut().find(|(name, _)| name == major) {
            Some((_, choices)) => choices.push(choice),
            None => majors.push((major.to_owned(), vec![choice])),
        }
    }
    majors
}

/// The report a form makes.
pub fn report(form: &ReportForm, fields: &Fields, source: Source, photos: Vec<PhotoName>) -> NewReport {
    let point = match (form.lon.parse(), form.lat.parse()) {
        (Ok(lon), Ok(lat)) => Some((lon, lat)),
        _ => None,
    };
    NewReport {
        source,
        location: Location {
            point,
            datum: None,
            area: form.pick.deepest(),
            address: Some(form.address.clone()).filter(|address| !address.is_empty()),
            part: Some(form.part.clone()).filter(|part| !part.is_empty()),
        },
        class: fields.given("class").map(ClassCode::from),
        words: form.words.clone(),
        photos,
        contact: Contact { name: form.name.clone(), phone: form.phone.clone(), email: form.email.clone() },
        is_confidential: form.is_confidential,
        is_urgent: form.is_urgent,
        is_fixed_on_spot: form.is_fixed_on_spot,
    }
}

#[derive(Template)]
#[template(path = "report.html")]
struct ReportPage {
    f: Frame,
    form: ReportForm,
}

pub async fn show(
    State(ui): State<Ui>,
    visitor: Visitor,
    Query(mut pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let snapshot = ui.app.snapshot()?;
    // A link may fill in the form; its key is this visitor's alone.
    pairs.retain(|(name, _)| name != "key");
    let form = ReportForm::of(&ui.app, &snapshot, &visitor.words, &Fields::of(pairs), &[]);
    Ok(page(&ReportPage { f: Frame::of(&ui, visitor, "report"), form })?.into_response())
}

pub async fn send(State(ui): State<Ui>, Sender(visitor): Sender, mut fields: Fields) -> Result<Response, Failure> {
    let snapshot = ui.app.snapshot()?;
    let caller = Caller::public(visitor.origin.clone());
    let (kept, problems) = photos::keep(&ui.app, &caller, &mut fields).await?;
    let form = ReportForm::of(&ui.app, &snapshot, &visitor.words, &fields, &kept);
    if fields.is_ticked("again") {
        return Ok(page(&ReportPage { f: Frame::of(&ui, visitor, "report"), form })?.into_response());
    }
    let key = IdempotencyKey::new("report", &form.key);
    let sent = if problems.is_empty() {
        ui.app.report(&caller, key.as_ref(), report(&form, &fields, Source::Resident, kept)).await
    } else {
        Err(AppError::Invalid(problems))
    };
    match sent {
        Ok(receipt) => {
            let code = receipt.code.unwrap_or_default();
            let cookie = receipts::keep(&receipt.number, &code, ui.gate.is_https).ok_or(AppError::NotFound)?;
            Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/receipt")).into_response())
        }
        Err(AppError::Invalid(problems)) => {
            let form = form.with(&visitor.words, &problems);
            let made = page(&ReportPage { f: Frame::of(&ui, visitor, "report"), form })?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, made).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Template)]
#[template(path = "receipt.html")]
struct ReceiptPage {
    f: Frame,
    number: String,
    code: String,
    is_placed: bool,
    due: Option<String>,
}

/// The receipt this browser holds.
pub async fn receipt(State(ui): State<Ui>, visitor: Visitor, headers: HeaderMap) -> Result<Response, Failure> {
    let (number, code) = receipts::held(&headers).ok_or(AppError::NotFound)?;
    let trying = ui.app.receipt_holder(&number, &code);
    let (caller, address) = ui.gate.try_secret(&ui.app, &visitor.origin, trying).await?;
    let status = ui.app.status_page(&caller, address).await?;
    let due = status.due_at.map(|due_at| visitor.words.exactly(due_at));
    let is_placed = status.place.is_placed;
    Ok(page(&ReceiptPage { f: Frame::of(&ui, visitor, "report"), number, code, is_placed, due })?.into_response())
}
