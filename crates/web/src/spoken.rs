//! Problems put into the caller's language and format, on their way out.
//!
//! Also what axum says by itself: no such route, wrong method, too large, too late. Start at [`spoken`].

use crate::{
    language::Language,
    open311,
    problem::{Kind, Problem, Unspoken, written},
};
use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderValue, Method, StatusCode, header},
    response::Response,
};
use std::sync::Arc;

/// What of a request decides how a problem with it is put.
pub struct Asked {
    pub method: Method,
    route: Option<MatchedPath>,
    language: Language,
    format: Option<open311::Format>,
}

impl Asked {
    pub fn of(request: &Request) -> Asked {
        Asked {
            method: request.method().clone(),
            route: request.extensions().get::<MatchedPath>().cloned(),
            language: Language::asked(request.headers()),
            format: open311::Format::asked(request.uri().path(), request.headers()),
        }
    }

    /// The route that matched, empty when none did.
    pub fn route(&self) -> &str {
        self.route.as_ref().map_or("", MatchedPath::as_str)
    }
}

/// Writes a problem in the caller's language and the door's format, and logs its cause. Leaves every other answer.
pub fn spoken(asked: &Asked, response: Response) -> Response {
    let status = response.status();
    let problem = match response.extensions().get::<Unspoken>() {
        Some(unspoken) => unspoken.0.clone(),
        None if status.is_client_error() || status.is_server_error() => {
            Arc::new(Problem::from(Kind::of_status(status)))
        }
        None => return response,
    };
    problem.log(asked.method.as_str(), asked.route());
    let mut spoken = match asked.format {
        Some(format) => open311::errors(&problem, asked.language, format),
        None => written(&problem, asked.language),
    };
    let headers = spoken.headers_mut();
    for kept in [header::ALLOW, header::WWW_AUTHENTICATE, header::SET_COOKIE] {
        if let Some(value) = response.headers().get(&kept) {
            headers.insert(kept, value.clone());
        }
    }
    if let Some(wait_s) = problem.more.retry_after_s {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(wait_s));
    }
    if problem.kind.status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    headers.insert(header::VARY, HeaderValue::from_static("accept, accept-language"));
    spoken
}
