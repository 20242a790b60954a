//! People and the posts they hold; administrators open accounts, give posts and end them.

use crate::{
    Ui,
    failure::Failure,
    fields::Fields,
    frame::{Frame, encode, page},
    names,
    pages::pick::AreaPick,
    paging,
    rows::Choice,
    session::Staff,
    words::Words,
};
use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use gewu_app::{
    AppError,
    city::Snapshot,
    people::accounts::{NewPerson, NewPost},
};
use gewu_domain::{
    ids::{PersonId, UnitCode},
    people::{Post, Role},
};

const ROWS: u16 = 30;

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    f: Frame,
    units: Vec<Choice>,
    rows: Vec<PersonLine>,
    next: Option<String>,
    previous: Option<String>,
    is_administrator: bool,
    form: PersonForm,
    done: Option<String>,
}

struct PersonLine {
    href: String,
    name: String,
    unit: String,
    is_active: bool,
    posts: Vec<String>,
}

/// The form for a new person, as it is filled in.
#[derive(Default)]
struct PersonForm {
    name: String,
    login: String,
    wrong: Vec<String>,
    is_open: bool,
}

fn units(snapshot: &Snapshot, words: &Words, chosen: &str) -> Vec<Choice> {
    let units = snapshot.city.units.all();
    units
        .map(|unit| {
            let name = words.name(&unit.name_zh, unit.name_en.as_deref());
            Choice::new(&unit.code, name, unit.code.as_str() == chosen)
        })
        .collect()
}

fn post_label(snapshot: &Snapshot, words: &Words, post: &Post) -> String {
    let area = names::area(snapshot, words, &post.area);
    format!("{} · {} · {area}", names::role(words, post.role), names::unit(snapshot, words, &post.unit))
}

/// A post beside its holder's unit, which is not said twice.
fn brief_label(snapshot: &Snapshot, words: &Words, post: &Post, unit: &UnitCode) -> String {
    if post.unit != *unit {
        return post_label(snapshot, words, post);
    }
    format!("{} · {}", names::role(words, post.role), names::area(snapshot, words, &post.area))
}

/// What is wrong with what was sent, in words; any other error stays one.
fn said(words: &Words, error: AppError) -> Result<Vec<String>, AppError> {
    match error {
        AppError::Invalid(problems) => {
            Ok(problems.iter().map(|problem| words.of(&problem.zh, &problem.en).to_owned()).collect())
        }
        other => Err(other),
    }
}

pub async fn show(
    State(ui): State<Ui>,
    staff: Staff,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let fields = Fields::of(pairs);
    let done = (fields.text("done") == "reset").then(|| staff.visitor.words.t("people-reset-done"));
    Ok(page(&list(&ui, staff, &fields, PersonForm::default(), done).await?)?.into_response())
}

async fn list(
    ui: &Ui,
    staff: Staff,
    fields: &Fields,
    form: PersonForm,
    done: Option<String>,
) -> Result<PeoplePage, AppError> {
    let snapshot = ui.app.snapshot()?;
    let words = staff.visitor.words.clone();
    let is_administrator = staff.caller().administrator().is_ok();
    let unit = fields.text("unit");
    let wanted: Vec<UnitCode> = fields.given("unit").map(UnitCode::from).into_iter().collect();
    let here = format!("/people?unit={}", encode(unit));
    let asked = paging::asked(fields, &here, ROWS);
    let listing = ui.app.people(staff.caller(), &wanted, &asked).await?;
    let mut rows = Vec::new();
    for person in &listing.rows {
        let posts = match is_administrator {
            true => ui.app.posts_of(staff.caller(), person.id).await,
            false => Ok(Vec::new()),
        };
        let posts = match posts {
            // Colleagues beyond the area of the post are listed; their posts are for those who administer them.
            Err(AppError::Forbidden(_)) => Vec::new(),
            posts => posts?,
        };
        let held = posts.iter().filter(|post| post.is_held_at(words.now));
        rows.push(PersonLine {
            href: format!("/people/{}", person.id),
            name: person.name.clone(),
            unit: names::unit(&snapshot, &words, &person.unit),
            is_active: person.is_active,
            posts: held.map(|post| brief_label(&snapshot, &words, post, &person.unit)).collect(),
        });
    }
    let [next, previous] = paging::beside(&here, &here, &listing);
    Ok(PeoplePage {
        units: units(&snapshot, &words, unit),
        rows,
        next,
        previous,
        is_administrator,
        form,
        done,
        f: Frame::of(ui, staff.visitor, "people"),
    })
}

/// Opens an account, or sets somebody's password anew.
pub async fn add(State(ui): State<Ui>, staff: Staff, fields: Fields) -> Result<Response, Failure> {
    staff.check(&fields)?;
    let words = staff.visitor.words.clone();
    let (login, password) = (fields.text("login").to_owned(), fields.raw("password").to_owned());
    let form = if fields.text("do") == "reset" {
        let wrong = match ui.app.reset_password(staff.caller(), None, &login, &password).await {
            Ok(()) => return Ok(Redirect::to("/people?done=reset").into_response()),
            Err(AppError::NotFound) => vec![words.t("people-no-login")],
            Err(error) => said(&words, error)?,
        };
        PersonForm { wrong, ..PersonForm::default() }
    } else {
        let name = fields.text("name").to_owned();
        let unit = UnitCode::from(fields.text("unit"));
        let new = NewPerson { name: name.clone(), login: login.clone(), password, unit, must_change: true };
        match ui.app.add_person(staff.caller(), None, new).await {
            Ok(id) => return Ok(Redirect::to(&format!("/people/{id}")).into_response()),
            Err(error) => PersonForm { name, login, wrong: said(&words, error)?, is_open: true },
        }
    };
    let made = page(&list(&ui, staff, &fields, form, None).await?)?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, made).into_response())
}

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage {
    f: Frame,
    address: String,
    name: String,
    unit: String,
    is_active: bool,
    posts: Vec<PostLine>,
    roles: Vec<Choice>,
    units: Vec<Choice>,
    pick: AreaPick,
    wrong: Vec<String>,
}

struct PostLine {
    id: String,
    label: String,
    from: String,
    to: Option<String>,
    is_held: bool,
}

pub async fn show_person(State(ui): State<Ui>, staff: Staff, Path(id): Path<String>) -> Result<Response, Failure> {
    let id = id.parse().map_err(|_| AppError::NotFound)?;
    Ok(page(&one(&ui, staff, id, &Fields::default(), Vec::new()).await?)?.into_response())
}

/// The page with the post to be given as far as it is filled in.
async fn one(ui: &Ui, staff: Staff, id: PersonId, fields: &Fields, wrong: Vec<String>) -> Result<PersonPage, AppError> {
    staff.caller().administrator()?;
    let snapshot = ui.app.snapshot()?;
    let words = staff.visitor.words.clone();
    let person = ui.app.person(staff.caller(), id).await?;
    let posts = ui.app.posts_of(staff.caller(), id).await?;
    let day = |at: jiff::Timestamp| words.long_day(at.to_zoned(words.zone.clone()).date());
    Ok(PersonPage {
        address: format!("/people/{id}"),
        unit: names::unit(&snapshot, &words, &person.unit),
        is_active: person.is_active,
        posts: posts
            .iter()
            .map(|post| PostLine {
                id: post.id.to_string(),
                label: post_label(&snapshot, &words, post),
                from: day(post.from),
                to: post.to.map(day),
                is_held: post.is_held_at(words.now),
            })
            .collect(),
        roles: Role::ALL
            .into_iter()
            .map(|role| Choice::new(role.code(), names::role(&words, role), role.code() == fields.text("role")))
            .collect(),
        units: units(&snapshot, &words, fields.given("unit").unwrap_or(person.unit.as_str())),
        pick: AreaPick::of_fields(&snapshot, &words, fields),
        name: person.name,
        wrong,
        f: Frame::of(ui, staff.visitor, "people"),
    })
}

/// Gives a post, or ends one.
pub async fn change(
    State(ui): State<Ui>,
    staff: Staff,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, Failure> {
    staff.check(&fields)?;
    let person: PersonId = id.parse().map_err(|_| AppError::NotFound)?;
    let words = staff.visitor.words.clone();
    if fields.is_ticked("again") {
        return Ok(page(&one(&ui, staff, person, &fields, Vec::new()).await?)?.into_response());
    }
    let changed = if fields.text("do") == "end" {
        let post = fields.text("post").parse().map_err(|_| AppError::NotFound)?;
        ui.app.end_post(staff.caller(), None, post).await
    } else {
        let role = Role::from_code(fields.text("role")).ok_or(AppError::NotFound)?;
        let area = AreaPick::of_fields(ui.app.snapshot()?.as_ref(), &words, &fields).deepest();
        let unit = UnitCode::from(fields.text("unit"));
        let new = NewPost { person, role, unit, area, from: None, to: None };
        ui.app.add_post(staff.caller(), None, new).await.map(|_| ())
    };
    match changed {
        Ok(()) => Ok(Redirect::to(&format!("/people/{person}")).into_response()),
        Err(error) => {
            let wrong = said(&words, error)?;
            let made = page(&one(&ui, staff, person, &fields, wrong).await?)?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, made).into_response())
        }
    }
}
