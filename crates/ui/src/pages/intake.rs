//! The hotline: an acceptor types while the caller speaks; cases that may be the same appear beside the form.

use crate::{
    Ui,
    failure::Failure,
    fields::Fields,
    frame::{Frame, page},
    pages::report::{self, ReportForm},
    photos,
    rows::{CaseLine, Choice},
    session::Staff,
    words::Words,
};
use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
};
use gewu_app::{App, AppError, cases::IdempotencyKey};
use gewu_domain::{case::Source, ids::AreaCode};
use gewu_store::{Page, cases::CaseFilter};

/// Similar cases shown beside the form.
const SIMILAR: u16 = 6;

#[derive(Template)]
#[template(path = "intake.html")]
struct IntakePage {
    f: Frame,
    form: ReportForm,
    sources: Vec<Choice>,
    hints: Hints,
}

/// What is open already and may be the same.
#[derive(Default)]
struct Hints {
    similar: Vec<CaseLine>,
    was_asked: bool,
}

fn sources(words: &Words, chosen: &str) -> Vec<Choice> {
    let chosen = if chosen.is_empty() { Source::Hotline.code() } else { chosen };
    [Source::Hotline, Source::Leader, Source::Media]
        .into_iter()
        .map(|source| Choice::new(source.code(), crate::names::source(words, source), source.code() == chosen))
        .collect()
}

pub async fn show(
    State(ui): State<Ui>,
    staff: Staff,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    staff.caller().staff()?;
    let snapshot = ui.app.snapshot()?;
    let fields = Fields::of(pairs);
    let words = staff.visitor.words.clone();
    let form = ReportForm::of(&ui.app, &snapshot, &words, &fields, &[]);
    let hints = Hints::default();
    let sources = sources(&words, fields.text("source"));
    Ok(page(&IntakePage { f: Frame::of(&ui, staff.visitor, "intake"), form, sources, hints })?.into_response())
}

pub async fn send(State(ui): State<Ui>, staff: Staff, mut fields: Fields) -> Result<Response, Failure> {
    staff.check(&fields)?;
    let snapshot = ui.app.snapshot()?;
    let words = staff.visitor.words.clone();
    let (kept, problems) = photos::keep(&ui.app, staff.caller(), &mut fields).await?;
    let form = ReportForm::of(&ui.app, &snapshot, &words, &fields, &kept);
    let source = Source::from_code(fields.text("source")).unwrap_or(Source::Hotline);
    let key = staff.caller().person().and_then(|person| IdempotencyKey::new(&person.to_string(), &form.key));
    let sent = if fields.is_ticked("again") {
        Err(AppError::Invalid(Vec::new()))
    } else if problems.is_empty() {
        ui.app.report(staff.caller(), key.as_ref(), report::report(&form, &fields, source, kept)).await
    } else {
        Err(AppError::Invalid(problems))
    };
    match sent {
        Ok(receipt) => Ok(Redirect::to(&format!("/cases/{}/{}", receipt.region, receipt.id)).into_response()),
        Err(AppError::Invalid(problems)) => {
            let form = form.with(&words, &problems);
            let hints = hints(&ui, &staff, &fields).await?;
            let sources = sources(&words, source.code());
            let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
            let made = page(&IntakePage { f: Frame::of(&ui, staff.visitor, "intake"), form, sources, hints })?;
            Ok((status, made).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// Open cases that share the words, in the area chosen so far.
async fn hints(ui: &Ui, staff: &Staff, fields: &Fields) -> Result<Hints, AppError> {
    let snapshot = ui.app.snapshot()?;
    let words = &staff.visitor.words;
    let typed = format!("{} {}", fields.text("words"), fields.text("address"));
    let terms = telling(&gewu_text::query_terms(&typed));
    let area = fields.all("area").map(AreaCode::from).filter(|area| snapshot.city.areas.get(area).is_some()).last();
    if terms.is_empty() {
        return Ok(Hints::default());
    }
    let region = area.as_ref().and_then(|area| snapshot.city.areas.get(area)).map(|area| area.region);
    let regions = ui.app.regions_of(staff.caller())?;
    let regions = regions.into_iter().filter(|one| region.is_none_or(|region| region == *one));
    let mut similar: Vec<CaseLine> = Vec::new();
    for region in regions {
        for term in &terms {
            let filter = CaseFilter {
                states: App::open_states(),
                area: area.clone().filter(|area| snapshot.city.areas.path(area).len() > 2),
                terms: vec![term.clone()],
                ..CaseFilter::default()
            };
            let found = ui.app.cases(staff.caller(), region, filter, &Page::first(SIMILAR)).await?;
            for row in &found.rows {
                let line = CaseLine::of(&snapshot, words, region, row);
                if !similar.iter().any(|known| known.number == line.number) {
                    similar.push(line);
                }
            }
        }
    }
    similar.truncate(usize::from(SIMILAR));
    Ok(Hints { similar, was_asked: true })
}

/// A few terms that tell most: each is one look into the index.
fn telling(terms: &[String]) -> Vec<String> {
    const LOOKS: usize = 4;
    terms.iter().take(LOOKS).cloned().collect()
}

#[derive(Template)]
#[template(path = "parts/similar.html")]
struct SimilarPart {
    f: Words,
    hints: Hints,
}

/// What scripts fetch while somebody types.
pub async fn similar(
    State(ui): State<Ui>,
    staff: Staff,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let hints = hints(&ui, &staff, &Fields::of(pairs)).await?;
    Ok(Html(SimilarPart { f: staff.visitor.words, hints }.render()?).into_response())
}
