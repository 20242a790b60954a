//! One's own session: signing in and out, the post one acts in, one's password.
//!
//! The cookie is the one the pages use; [`crate::session`] reads it. Here it is also set, for clients without pages.

use super::people::{PersonBody, PostBody};
use crate::{
    Web,
    access::{Session, Who, limit},
    extract::Body,
    limits::Kind,
    problem::{Document, Problem, WRONG_PASSWORD},
    session,
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{AppendHeaders, IntoResponse},
};
use gewu_app::{AppError, people::sign_in::Signed};
use gewu_domain::ids::PostId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn doors() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(sign_in, open, sign_out))
        .routes(routes!(choose_post))
        .routes(routes!(change_password))
}

/// A try to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignIn {
    login: String,
    #[schema(format = Password)]
    password: String,
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
struct SessionBody {
    person: PersonBody,
    /// The post one acts in; nothing for somebody who holds none.
    #[schema(value_type = Option<String>)]
    post: Option<PostId>,
    /// Posts held now.
    posts: Vec<PostBody>,
    /// Send it as `x-csrf-token` with every change.
    csrf_token: String,
    /// Must choose a password of their own before anything else.
    must_change: bool,
}

impl SessionBody {
    fn of(signed: &Signed) -> SessionBody {
        let person = &signed.person;
        SessionBody {
            person: PersonBody {
                id: person.id,
                name: person.name.clone(),
                unit: person.unit.clone(),
                is_active: person.is_active,
            },
            post: signed.caller.post().map(|post| post.id),
            posts: signed.posts.iter().cloned().map(PostBody::from).collect(),
            csrf_token: signed.csrf.clone(),
            must_change: signed.must_change,
        }
    }
}

/// Signs in: sets the session cookie.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body = SignIn,
    responses((status = 201, body = SessionBody), (status = 401, description = "wrong name or password", body = Document, content_type = "application/problem+json"),
        (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn sign_in(
    State(web): State<Web>,
    Who(caller): Who,
    headers: HeaderMap,
    Body(body): Body<SignIn>,
) -> Result<impl IntoResponse, Problem> {
    limit(&web, Kind::SignIn, &caller.origin)?;
    let signed_in = match web.app.sign_in(&body.login, &body.password, &caller.origin).await {
        Ok(signed_in) => signed_in,
        Err(AppError::Invalid(_)) => return Err(WRONG_PASSWORD.into()),
        Err(error) => return Err(error.into()),
    };
    // A session this browser had before ends: nobody goes on in what somebody else left open.
    if let Some(before) = session::cookie_secret(&headers) {
        web.app.sign_out(before, &caller.origin).await?;
    }
    let signed = web.app.signed(&signed_in.secret, &caller.origin).await?;
    let cookie = cookie(&web, &signed_in.secret, "");
    Ok((StatusCode::CREATED, AppendHeaders([(header::SET_COOKIE, cookie)]), Json(SessionBody::of(&signed))))
}

/// The cookie, for scripts out of reach, and for this site only.
fn cookie(web: &Web, secret: &str, more: &str) -> String {
    let secure = if web.gate.is_https { "; Secure" } else { "" };
    format!("{}={secret}; Path=/; HttpOnly; SameSite=Lax{secure}{more}", session::COOKIE)
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/v1/session", tag = "session", security(("session" = [])),
    responses((status = 200, body = SessionBody), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn open(Session(signed): Session) -> Json<SessionBody> {
    Json(SessionBody::of(&signed))
}

/// Signs out: the session ends and the cookie goes.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", security(("session" = [])),
    responses((status = 204, description = "signed out"), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn sign_out(State(web): State<Web>, Who(caller): Who, headers: HeaderMap) -> Result<impl IntoResponse, Problem> {
    web.app.sign_out(session::cookie_secret(&headers).unwrap_or_default(), &caller.origin).await?;
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(header::SET_COOKIE, cookie(&web, "", "; Max-Age=0"))])))
}

/// Another of one's own posts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChoosePost {
    #[schema(value_type = String)]
    post: PostId,
}

/// Goes on in another of one's own posts.
#[utoipa::path(put, path = "/api/v1/session/post", tag = "session", request_body = ChoosePost, security(("session" = [])),
    responses((status = 204, description = "chosen"), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn choose_post(
    State(web): State<Web>,
    headers: HeaderMap,
    Body(body): Body<ChoosePost>,
) -> Result<StatusCode, Problem> {
    web.app.choose_post(session::cookie_secret(&headers).unwrap_or_default(), body.post).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A new password, and the present one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangePassword {
    #[schema(format = Password)]
    present: String,
    /// At least 10 characters.
    #[schema(format = Password)]
    new: String,
}

/// Chooses a new password. Every session ends, this one too: sign in again.
#[utoipa::path(put, path = "/api/v1/session/password", tag = "session", request_body = ChangePassword,
    security(("session" = [])),
    responses((status = 204, description = "changed"), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn change_password(
    State(web): State<Web>,
    Who(caller): Who,
    Body(body): Body<ChangePassword>,
) -> Result<impl IntoResponse, Problem> {
    limit(&web, Kind::SignIn, &caller.origin)?;
    web.app.change_password(&caller, &body.present, &body.new).await?;
    let gone = HeaderValue::from_str(&cookie(&web, "", "; Max-Age=0")).map_err(|_| WRONG_PASSWORD)?;
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(header::SET_COOKIE, gone)])))
}
