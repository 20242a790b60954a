//! What every page is sent with, and which requests are turned away before they reach one.
//!
//! Two fences against forged requests: a change must come from this site (told by the browser itself, for forms of
//! people who are not signed in), and a signed-in person's form must carry their session's token
//! ([`crate::session::Staff::check`]).

use crate::Ui;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// No script or style but the files of this site; pictures also from the page's own memory (previews of photos).
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    connect-src 'self'; worker-src 'self' blob:; font-src 'self'; manifest-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "geolocation=(self), camera=(self), microphone=()"),
];

const ELSEWHERE: &str = "这张表单是从别的网站发来的，什么都没有改变。\n\
    This form was sent from another site; nothing has changed.\n";

/// Turns away changes that another site asks for, and puts the headers on every answer.
pub async fn guard(State(ui): State<Ui>, mut request: Request, next: Next) -> Response {
    let headers = std::mem::take(request.headers_mut());
    ui.gate.note_origin(&headers, request.extensions_mut());
    *request.headers_mut() = headers;
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let mut response = if changes && !is_from_here(request.headers(), request.uri()) {
        (StatusCode::FORBIDDEN, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], ELSEWHERE).into_response()
    } else if request.uri().path_and_query().is_some_and(|asked| asked.as_str().contains("%00")) {
        (StatusCode::BAD_REQUEST, "there is a NUL character in the address").into_response()
    } else {
        next.run(request).await
    };
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    // What a page shows is for one person at one moment; assets say otherwise themselves.
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Does the browser say that a page of this site sent the request? Clients that say nothing are no browsers, and
/// nothing they send carries somebody else's cookie.
fn is_from_here(headers: &HeaderMap, uri: &Uri) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text("origin") else { return true };
    let host = text("x-forwarded-host").or(text("host")).or(uri.host());
    host.is_some_and(|host| origin.split_once("://").is_some_and(|(_, from)| from.eq_ignore_ascii_case(host)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_let_in(pairs: &[(&'static str, &'static str)]) -> bool {
        let headers = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        is_from_here(&headers, &Uri::from_static("/report"))
    }

    #[test]
    fn a_form_of_another_site_is_turned_away() {
        assert!(!is_let_in(&[("host", "city.example"), ("origin", "https://bad.example")]));
        assert!(!is_let_in(&[("host", "city.example"), ("sec-fetch-site", "cross-site")]));
        assert!(!is_let_in(&[("host", "city.example"), ("origin", "null")]));
    }

    #[test]
    fn a_form_of_this_site_comes_in_with_old_and_new_browsers() {
        assert!(is_let_in(&[("host", "city.example"), ("origin", "https://city.example")]));
        assert!(is_let_in(&[("host", "city.example"), ("sec-fetch-site", "same-origin")]));
        assert!(is_let_in(&[("host", "city.example")]));
    }
}
