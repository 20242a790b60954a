//! What went wrong, as a page: what happened, what is kept, what to do.
//!
//! Handlers answer with [`Failure`]; the status is that of `gewu_web::problem`, and [`show`], wrapped around all pages,
//! makes a page of it in the visitor's language. The log gets the cause, once.

use crate::{
    Ui,
    frame::{Frame, page},
    session::Visitor,
};
use askama::Template;
use axum::{
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use gewu_app::AppError;
use gewu_web::body::{RETRY_S, Unread};
use std::{error::Error, sync::Arc};

/// Why there is no page.
#[derive(Debug, Clone)]
pub enum Failure {
    App(Arc<AppError>),
    /// A form that could not be read to its end.
    Unread(Unread),
    /// A password of one's own must be chosen before anything else.
    MustChange,
    /// A second factor must be set up before anything else.
    MustEnrol,
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Failure {
        Failure::App(Arc::new(error))
    }
}

impl From<askama::Error> for Failure {
    fn from(error: askama::Error) -> Failure {
        AppError::Failed(Box::new(error)).into()
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = match &self {
            Failure::App(error) => status(error),
            Failure::Unread(unread) => unread_status(unread),
            Failure::MustChange | Failure::MustEnrol => StatusCode::FORBIDDEN,
        };
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The status of each answer nobody hoped for: that of the machines' doors.
fn status(error: &AppError) -> StatusCode {
    gewu_web::problem::kind(error).status
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage {
    f: Frame,
    status: u16,
    title: String,
    what: String,
    lines: Vec<String>,
    fix: String,
    is_staff: bool,
}

/// Makes a page of a [`Failure`], and sends those who must sign in, or choose a password, to do so.
pub async fn show(State(ui): State<Ui>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let mut again = axum::http::Request::new(());
    *again.uri_mut() = parts.uri.clone();
    *again.headers_mut() = parts.headers.clone();
    let (mut kept, ()) = again.into_parts();
    let method = parts.method.clone();
    kept.extensions = parts.extensions.clone();
    let response = next.run(Request::from_parts(parts, body)).await;
    let failure = match response.extensions().get::<Failure>() {
        Some(failure) => failure.clone(),
        None => return response,
    };
    let address = kept.uri.path_and_query().map_or("/", |address| address.as_str()).to_owned();
    let error = match failure {
        Failure::MustChange => return Redirect::to(crate::pages::account::PASSWORD).into_response(),
        Failure::MustEnrol => return Redirect::to(crate::pages::account::TOTP).into_response(),
        Failure::Unread(unread) => {
            let status = unread_status(&unread);
            let made = match Visitor::of(&kept, &ui).await {
                Ok(visitor) => unread_page(&ui, visitor, &unread, status),
                Err(_) => (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], PLAIN).into_response(),
            };
            return match unread {
                Unread::Full => wait(made, RETRY_S),
                _ => made,
            };
        }
        Failure::App(error) => error,
    };
    if let AppError::Failed(_) | AppError::Unavailable(_) = *error {
        tracing::error!(path = kept.uri.path(), cause = chain(error.as_ref()), "a page failed");
    }
    if matches!(*error, AppError::SignedOut) {
        let next = if method == Method::GET { address } else { "/inbox".to_owned() };
        return Redirect::to(&format!("/sign-in?next={}", crate::frame::encode(&next))).into_response();
    }
    let made = match Visitor::of(&kept, &ui).await {
        Ok(visitor) if matches!(*error, AppError::Forbidden(_)) => {
            if let Some(signed) = &visitor.signed {
                // The first step of the address says which page, and nothing that anybody typed.
                let page = kept.uri.path().split('/').nth(1).unwrap_or_default();
                ui.app.note_refusal(&signed.caller, &format!("{method} /{page}")).await;
            }
            error_page(&ui, visitor, &error)
        }
        Ok(visitor) => error_page(&ui, visitor, &error),
        Err(_) => (status(&error), [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], PLAIN).into_response(),
    };
    match *error {
        AppError::TooMany { wait_s } | AppError::Busy { wait_s } => wait(made, wait_s),
        _ => made,
    }
}

/// Says when to try again.
fn wait(mut response: Response, wait_s: u32) -> Response {
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait_s));
    response
}

/// The status of each form that was not read to its end.
fn unread_status(unread: &Unread) -> StatusCode {
    match unread {
        Unread::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Unread::TooSlow => StatusCode::REQUEST_TIMEOUT,
        Unread::Full | Unread::Failed(_) => StatusCode::SERVICE_UNAVAILABLE,
        Unread::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Unread::FileUnasked | Unread::Charset | Unread::Nul | Unread::Broken(_) => StatusCode::BAD_REQUEST,
    }
}

/// When not even the page about the failure can be made.
const PLAIN: &str = "系统暂时无法使用，请稍后再试。已提交的内容没有丢失。\n\
    The system cannot be used at the moment. Please try again later; what was received is kept.\n";

fn unread_page(ui: &Ui, visitor: Visitor, unread: &Unread, status: StatusCode) -> Response {
    let words = visitor.words.clone();
    let (title, what, fix) = match unread {
        Unread::TooLarge => {
            let what = words.t1("failure-too-large-what", "most", crate::PHOTOS_MOST.total / 1_048_576);
            (words.t("failure-too-large"), what, words.t("failure-too-large-fix"))
        }
        Unread::TooSlow => {
            (words.t("failure-too-slow"), words.t("failure-too-slow-what"), words.t("failure-too-slow-fix"))
        }
        Unread::Full => (words.t("failure-busy"), words.t("failure-busy-what"), words.t("failure-busy-fix")),
        Unread::Failed(error) => {
            tracing::error!(error = error.as_ref() as &dyn Error, "a file on its way in could not be kept");
            (words.t("failure-unavailable"), words.t("failure-unavailable-what"), words.t("failure-unavailable-fix"))
        }
        Unread::MediaType | Unread::FileUnasked | Unread::Charset | Unread::Nul | Unread::Broken(_) => {
            (words.t("failure-unreadable"), words.t("failure-unreadable-what"), words.t("failure-unreadable-fix"))
        }
    };
    made(ui, visitor, status, Said { title, what, fix, lines: Vec::new() })
}

/// The words of a page about a failure.
struct Said {
    title: String,
    what: String,
    fix: String,
    lines: Vec<String>,
}

fn made(ui: &Ui, visitor: Visitor, status: StatusCode, said: Said) -> Response {
    let Said { title, what, fix, lines } = said;
    let is_staff = visitor.signed.is_some();
    let f = Frame::of(ui, visitor, "");
    match page(&FailurePage { f, status: status.as_u16(), title, what, lines, fix, is_staff }) {
        Ok(response) => (status, response).into_response(),
        Err(_) => (status, PLAIN).into_response(),
    }
}

fn error_page(ui: &Ui, visitor: Visitor, error: &AppError) -> Response {
    let words = visitor.words.clone();
    let (title, what, fix) = match error {
        AppError::Refused(refused) => {
            (words.t("failure-refused"), sentence(&words, refused), words.t("failure-refused-fix"))
        }
        AppError::Invalid(_) | AppError::Faulty(_) => {
            (words.t("failure-invalid"), words.t("failure-invalid-what"), words.t("failure-back-fix"))
        }
        AppError::NotFound => {
            (words.t("failure-not-found"), words.t("failure-not-found-what"), words.t("failure-not-found-fix"))
        }
        AppError::SignedOut => (words.t("failure-forbidden"), words.t("failure-forbidden-what"), String::new()),
        AppError::Forbidden(_) => {
            (words.t("failure-forbidden"), words.t("failure-forbidden-what"), words.t("failure-forbidden-fix"))
        }
        AppError::KeyReused => (words.t("failure-twice"), words.t("failure-twice-what"), words.t("failure-twice-fix")),
        AppError::Conflict => {
            (words.t("failure-conflict"), words.t("failure-conflict-what"), words.t("failure-conflict-fix"))
        }
        AppError::TooMany { wait_s } => (
            words.t("failure-too-many"),
            words.t1("failure-too-many-what", "span", words.span(i64::from(wait_s.div_ceil(60)))),
            words.t1("failure-too-many-fix", "number", &words.own.hotline),
        ),
        AppError::Busy { .. } => (words.t("failure-busy"), words.t("failure-busy-what"), words.t("failure-busy-fix")),
        AppError::Unavailable(_) => {
            (words.t("failure-unavailable"), words.t("failure-unavailable-what"), words.t("failure-unavailable-fix"))
        }
        AppError::Failed(_) => {
            (words.t("failure-failed"), words.t("failure-failed-what"), words.t("failure-failed-fix"))
        }
    };
    let lines = match error {
        AppError::Invalid(problems) => {
            problems.iter().map(|problem| words.of(&problem.zh, &problem.en).to_owned()).collect()
        }
        AppError::Faulty(faults) => faults.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    };
    made(ui, visitor, status(error), Said { title, what, fix, lines })
}

/// A refusal in the visitor's language.
pub fn sentence(words: &crate::words::Words, refused: &gewu_domain::case::Refused) -> String {
    if words.is_chinese() { refused.zh() } else { refused.en() }
}

/// An error with everything that caused it, for the log.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
