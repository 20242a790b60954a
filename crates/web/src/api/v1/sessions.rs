//! One's own session: signing in and out, the post one acts in, one's password and second factor, one's other sessions.
//!
//! The cookie is the one the pages use; [`crate::session`] reads it. Here it is also set, for clients without pages.

use super::people::{PersonBody, PostBody};
use crate::{
    Web,
    access::{Session, Who, limit},
    extract::Body,
    limits::Kind,
    problem::{CODE_NEEDED, Document, Problem, WRONG_CODE, WRONG_PASSWORD},
    session,
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{AppendHeaders, IntoResponse},
};
use gewu_app::{
    AppError,
    people::{
        sign_in::{Attempt, Entered, Signed},
        totp::{Offer, TotpState},
    },
};
use gewu_domain::ids::PostId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn doors() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(sign_in, open, sign_out))
        .routes(routes!(choose_post))
        .routes(routes!(change_password))
        .routes(routes!(sessions))
        .routes(routes!(end_others))
        .routes(routes!(totp, offer_totp, enrol_totp))
        .routes(routes!(remove_totp))
}

/// A try to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignIn {
    login: String,
    #[schema(format = Password)]
    password: String,
    /// Of the second factor, or a recovery code; asked for with `code_needed`.
    #[serde(default)]
    code: String,
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
    /// Must set up a second factor before anything else.
    must_enrol: bool,
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
            must_enrol: signed.must_enrol,
        }
    }
}

/// Signs in: sets the session cookie, and one by which the browser is known when it comes back: send that too, so that
/// wrong passwords of strangers do not hinder you.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body = SignIn,
    responses((status = 201, body = SessionBody), (status = 401, description = "wrong name or password (the two are not told apart); or the code is needed or wrong", body = Document, content_type = "application/problem+json"),
        (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn sign_in(
    State(web): State<Web>,
    Who(caller): Who,
    headers: HeaderMap,
    Body(body): Body<SignIn>,
) -> Result<impl IntoResponse, Problem> {
    limit(&web, Kind::SignIn, &caller.origin)?;
    let browser = session::browser(&headers, &caller.origin);
    let attempt = Attempt { login: &body.login, password: &body.password, code: &body.code, browser };
    let signed_in = match web.app.sign_in(attempt).await {
        Ok(Entered::In(signed_in)) => signed_in,
        Ok(Entered::CodeNeeded(_)) => return Err(CODE_NEEDED.into()),
        Err(AppError::Invalid(problems)) if problems.iter().any(|one| one.field == "code") => {
            return Err(WRONG_CODE.into());
        }
        Err(AppError::Invalid(_)) => return Err(WRONG_PASSWORD.into()),
        Err(error) => return Err(error.into()),
    };
    // A session this browser had before ends: nobody goes on in what somebody else left open.
    if let Some(before) = session::cookie_secret(&headers) {
        web.app.sign_out(before, &caller.origin).await?;
    }
    let signed = web.app.signed(&signed_in.secret, &caller.origin).await?;
    let age = format!("; Max-Age={}", session::DEVICE_MAX_AGE_S);
    let cookies = [
        (header::SET_COOKIE, cookie(&web, session::COOKIE, &signed_in.secret, "")),
        (header::SET_COOKIE, cookie(&web, session::DEVICE_COOKIE, &signed_in.device, &age)),
    ];
    Ok((StatusCode::CREATED, AppendHeaders(cookies), Json(SessionBody::of(&signed))))
}

/// A cookie, for scripts out of reach, and for this site only.
fn cookie(web: &Web, name: &str, secret: &str, more: &str) -> String {
    let secure = if web.gate.is_https { "; Secure" } else { "" };
    format!("{name}={secret}; Path=/; HttpOnly; SameSite=Lax{secure}{more}")
}

/// The session cookie taken away.
fn no_session(web: &Web) -> String {
    cookie(web, session::COOKIE, "", "; Max-Age=0")
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
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(header::SET_COOKIE, no_session(&web))])))
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
    headers: HeaderMap,
    Body(body): Body<ChangePassword>,
) -> Result<impl IntoResponse, Problem> {
    limit(&web, Kind::SignIn, &caller.origin)?;
    let device = session::cookie(&headers, session::DEVICE_COOKIE);
    web.app.change_password(&caller, &body.present, &body.new, device).await?;
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(header::SET_COOKIE, no_session(&web))])))
}

/// One of one's own sessions.
#[derive(Debug, Serialize, ToSchema)]
struct OwnSession {
    /// The browser and system it was opened with, e.g. `Firefox · Windows`; empty when not known.
    device: String,
    started_at: Timestamp,
    /// To the minute.
    seen_at: Timestamp,
    /// The one that asks.
    is_this: bool,
}

/// One's own sessions, newest first.
#[utoipa::path(get, path = "/api/v1/sessions", tag = "session", security(("session" = [])),
    responses((status = 200, body = Vec<OwnSession>), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn sessions(State(web): State<Web>, Who(caller): Who) -> Result<Json<Vec<OwnSession>>, Problem> {
    let sessions = web.app.own_sessions(&caller).await?.into_iter().map(|session| OwnSession {
        is_this: Some(session.id) == caller.session(),
        device: session.device,
        started_at: session.started_at,
        seen_at: session.seen_at,
    });
    Ok(Json(sessions.collect()))
}

/// Ends every session of one's own but this.
#[utoipa::path(delete, path = "/api/v1/sessions/others", tag = "session", security(("session" = [])),
    responses((status = 204, description = "ended"), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn end_others(State(web): State<Web>, Who(caller): Who) -> Result<StatusCode, Problem> {
    web.app.end_other_sessions(&caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How one's second factor stands.
#[derive(Debug, Serialize, ToSchema)]
struct Totp {
    is_on: bool,
    /// The policy asks for it in a post one holds.
    is_needed: bool,
    /// Recovery codes that have not been used.
    recovery_codes: usize,
}

/// How one's second factor stands.
#[utoipa::path(get, path = "/api/v1/session/totp", tag = "session", security(("session" = [])),
    responses((status = 200, body = Totp), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn totp(State(web): State<Web>, Who(caller): Who) -> Result<Json<Totp>, Problem> {
    let TotpState { is_on, is_needed, recovery_codes } = web.app.totp_state(&caller).await?;
    Ok(Json(Totp { is_on, is_needed, recovery_codes }))
}

/// A secret for one's phone.
#[derive(Serialize, ToSchema)]
struct TotpOffer {
    /// To be typed by hand, in base32.
    key: String,
    /// `otpauth://totp/…`, to be shown as a QR code.
    uri: String,
    /// Goes back with the first code.
    offer: String,
}

/// Asks for a secret for one's phone. Nothing changes until a code made of it comes back.
#[utoipa::path(post, path = "/api/v1/session/totp", tag = "session", security(("session" = [])),
    responses((status = 200, body = TotpOffer), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn offer_totp(State(web): State<Web>, Who(caller): Who) -> Result<Json<TotpOffer>, Problem> {
    let Offer { key, uri, sealed } = web.app.offer_totp(&caller).await?;
    Ok(Json(TotpOffer { key, uri, offer: sealed }))
}

/// The first code of a secret that was asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EnrolTotp {
    #[schema(format = Password)]
    present: String,
    offer: String,
    code: String,
}

/// Recovery codes, each good once.
#[derive(Serialize, ToSchema)]
struct RecoveryCodes {
    recovery_codes: Vec<String>,
}

/// Turns the second factor on. The recovery codes are told this once.
#[utoipa::path(put, path = "/api/v1/session/totp", tag = "session", request_body = EnrolTotp, security(("session" = [])),
    responses((status = 200, body = RecoveryCodes), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn enrol_totp(
    State(web): State<Web>,
    Who(caller): Who,
    Body(body): Body<EnrolTotp>,
) -> Result<Json<RecoveryCodes>, Problem> {
    limit(&web, Kind::SignIn, &caller.origin)?;
    let recovery_codes = web.app.enrol_totp(&caller, &body.present, &body.offer, &body.code).await?;
    Ok(Json(RecoveryCodes { recovery_codes }))
}

/// One's present password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RemoveTotp {
    #[schema(format = Password)]
    present: String,
}

/// Turns the second factor off, where the policy does not ask for it.
#[utoipa::path(post, path = "/api/v1/session/totp/removal", tag = "session", request_body = RemoveTotp,
    security(("session" = [])),
    responses((status = 204, description = "off"), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn remove_totp(
    State(web): State<Web>,
    Who(caller): Who,
    Body(body): Body<RemoveTotp>,
) -> Result<StatusCode, Problem> {
    limit(&web, Kind::SignIn, &caller.origin)?;
    web.app.remove_totp(&caller, &body.present).await?;
    Ok(StatusCode::NO_CONTENT)
}
