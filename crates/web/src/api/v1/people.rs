//! People: staff, the posts they hold, and passwords set for them.

use crate::{
    Web,
    access::Who,
    api::{codes::RoleCode, listing},
    extract::{Body, Key, Path, Query},
    problem::{Document, NOT_FOUND, Problem},
};
use axum::{Json, extract::State, http::StatusCode};
use gewu_app::people::accounts::{NewPerson, NewPost};
use gewu_domain::{
    ids::{AreaCode, PersonId, PostId, UnitCode},
    people::{Post, Role},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn doors() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(erase))
        .routes(routes!(posts))
        .routes(routes!(add_post))
        .routes(routes!(end_post))
        .routes(routes!(set_password))
}

/// Somebody with an account: staff, never a resident.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Person)]
pub struct PersonBody {
    #[schema(value_type = String)]
    pub id: PersonId,
    pub name: String,
    #[schema(value_type = String)]
    pub unit: UnitCode,
    pub is_active: bool,
}

/// A person's holding of a role in a unit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Post)]
pub struct PostBody {
    #[schema(value_type = String)]
    id: PostId,
    #[schema(value_type = String)]
    person: PersonId,
    #[schema(value_type = RoleCode)]
    role: Role,
    #[schema(value_type = String)]
    unit: UnitCode,
    /// Nothing for a post of the whole city.
    region: Option<String>,
    #[schema(value_type = String)]
    area: AreaCode,
    from: Timestamp,
    to: Option<Timestamp>,
}

impl From<Post> for PostBody {
    fn from(post: Post) -> PostBody {
        PostBody {
            id: post.id,
            person: post.person,
            role: post.role,
            unit: post.unit,
            region: post.region.map(|region| region.to_string()),
            area: post.area,
            from: post.from,
            to: post.to,
        }
    }
}

/// Narrows a list of people.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct PeopleQuery {
    /// Of any of these units, separated by commas.
    unit: Option<String>,
    /// 1 to 1,000.
    page_size: Option<u16>,
    page_token: Option<String>,
}

/// A page of people.
#[derive(Debug, Serialize, ToSchema)]
struct People {
    people: Vec<PersonBody>,
    next_page_token: Option<String>,
    previous_page_token: Option<String>,
}

/// People, by unit.
#[utoipa::path(get, path = "/api/v1/people", tag = "people", params(PeopleQuery), security(("session" = []), ("key" = [])),
    responses((status = 200, body = People), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn list(
    State(web): State<Web>,
    Who(caller): Who,
    Query(query): Query<PeopleQuery>,
) -> Result<Json<People>, Problem> {
    let wanted = query.unit.as_deref().unwrap_or_default();
    let units: Vec<UnitCode> =
        wanted.split(',').map(str::trim).filter(|code| !code.is_empty()).map(UnitCode::from).collect();
    let scan = listing::scan_of("people", &units);
    let page = listing::page(&scan, query.page_size, query.page_token.as_deref())?;
    let listing = web.app.people(&caller, &units, &page).await?;
    let (next_page_token, previous_page_token) = listing::tokens(&scan, &listing);
    let people = listing.rows.into_iter().map(|person| PersonBody {
        id: person.id,
        name: person.name,
        unit: person.unit,
        is_active: person.is_active,
    });
    Ok(Json(People { people: people.collect(), next_page_token, previous_page_token }))
}

/// Somebody who shall work with the system.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewPerson)]
#[serde(deny_unknown_fields)]
struct NewPersonBody {
    name: String,
    /// 3 to 64 characters, no spaces.
    login: String,
    /// At least 10 characters.
    #[schema(format = Password)]
    password: String,
    #[schema(value_type = String)]
    unit: UnitCode,
    /// Must choose a password of their own at the first sign-in; so unless said otherwise.
    #[serde(default = "yes")]
    must_change: bool,
}

fn yes() -> bool {
    true
}

/// The id of what was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct Made {
    pub id: String,
}

/// Opens an account.
#[utoipa::path(post, path = "/api/v1/people", tag = "people", request_body = NewPersonBody,
    params(("idempotency-key" = Option<String>, Header, description = "sent again with the same content: the same answer, nothing done twice")),
    security(("session" = []), ("key" = [])),
    responses((status = 201, body = Made), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn add(
    State(web): State<Web>,
    Who(caller): Who,
    Key(key): Key,
    Body(body): Body<NewPersonBody>,
) -> Result<(StatusCode, Json<Made>), Problem> {
    let NewPersonBody { name, login, password, unit, must_change } = body;
    let new = NewPerson { name, login, password, unit, must_change };
    let id = web.app.add_person(&caller, key.as_ref(), new).await?;
    Ok((StatusCode::CREATED, Json(Made { id: id.to_string() })))
}

/// Forgets a member of staff: the name goes, account and sessions end, the id stays in the record.
#[utoipa::path(delete, path = "/api/v1/people/{id}", tag = "people",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header, description = "sent again with the same content: the same answer, nothing done twice")),
    security(("session" = []), ("key" = [])),
    responses((status = 204, description = "forgotten"), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn erase(
    State(web): State<Web>,
    Who(caller): Who,
    Key(key): Key,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    web.app.erase_person(&caller, key.as_ref(), person(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn person(id: &str) -> Result<PersonId, Problem> {
    id.parse().map_err(|_| NOT_FOUND.into())
}

/// Every post somebody holds or held, newest first: for administrators, and for oneself.
#[utoipa::path(get, path = "/api/v1/people/{id}/posts", tag = "people", params(("id" = String, Path)),
    security(("session" = []), ("key" = [])),
    responses((status = 200, body = Vec<PostBody>), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn posts(
    State(web): State<Web>,
    Who(caller): Who,
    Path(id): Path<String>,
) -> Result<Json<Vec<PostBody>>, Problem> {
    let posts = web.app.posts_of(&caller, person(&id)?).await?;
    Ok(Json(posts.into_iter().map(PostBody::from).collect()))
}

/// A post to be held.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewPost)]
#[serde(deny_unknown_fields)]
struct NewPostBody {
    #[schema(value_type = String)]
    person: PersonId,
    #[schema(value_type = RoleCode)]
    role: Role,
    #[schema(value_type = String)]
    unit: UnitCode,
    /// The unit's own territory when not said.
    #[schema(value_type = Option<String>)]
    area: Option<AreaCode>,
    /// Now when not said.
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

/// Gives somebody a post.
#[utoipa::path(post, path = "/api/v1/posts", tag = "people", request_body = NewPostBody,
    params(("idempotency-key" = Option<String>, Header, description = "sent again with the same content: the same answer, nothing done twice")),
    security(("session" = []), ("key" = [])),
    responses((status = 201, body = Made), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn add_post(
    State(web): State<Web>,
    Who(caller): Who,
    Key(key): Key,
    Body(body): Body<NewPostBody>,
) -> Result<(StatusCode, Json<Made>), Problem> {
    let NewPostBody { person, role, unit, area, from, to } = body;
    let new = NewPost { person, role, unit, area, from, to };
    let id = web.app.add_post(&caller, key.as_ref(), new).await?;
    Ok((StatusCode::CREATED, Json(Made { id: id.to_string() })))
}

/// Ends a post now. One that has ended keeps its end.
#[utoipa::path(delete, path = "/api/v1/posts/{id}", tag = "people",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header, description = "sent again with the same content: the same answer, nothing done twice")),
    security(("session" = []), ("key" = [])),
    responses((status = 204, description = "ended"), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn end_post(
    State(web): State<Web>,
    Who(caller): Who,
    Key(key): Key,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let post: PostId = id.parse().map_err(|_| NOT_FOUND)?;
    web.app.end_post(&caller, key.as_ref(), post).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A password set for somebody.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SetPassword {
    login: String,
    #[schema(format = Password)]
    password: String,
}

/// Sets somebody's password; they must choose their own at the next sign-in.
#[utoipa::path(post, path = "/api/v1/passwords", tag = "people", request_body = SetPassword,
    params(("idempotency-key" = Option<String>, Header, description = "sent again with the same content: the same answer, nothing done twice")),
    security(("session" = []), ("key" = [])),
    responses((status = 204, description = "set"), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn set_password(
    State(web): State<Web>,
    Who(caller): Who,
    Key(key): Key,
    Body(body): Body<SetPassword>,
) -> Result<StatusCode, Problem> {
    web.app.reset_password(&caller, key.as_ref(), &body.login, &body.password).await?;
    Ok(StatusCode::NO_CONTENT)
}
