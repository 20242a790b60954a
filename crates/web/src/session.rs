//! The browser's session, as both doors read it: the cookie, the token of its forms, and where to go on.
//!
//! Knows how a session travels in HTTP, not what it may do: that is [`gewu_app`]'s. `ui` sets and clears the cookie
//! (sign-in and sign-out are pages); `/api/v1` accepts the same cookie together with [`CSRF_HEADER`]. Start at
//! [`SignedIn`].

use axum::{
    Json,
    extract::{FromRef, FromRequestParts},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use gewu_app::{
    App, AppError,
    people::sign_in::{Browser, Signed},
};
use std::sync::Arc;

/// The cookie that holds the session's secret.
pub const COOKIE: &str = "gewu_session";

/// The cookie by which a browser is known that somebody signed in with before.
pub const DEVICE_COOKIE: &str = "gewu_device";

/// How long a browser keeps it after a sign-in.
pub const DEVICE_MAX_AGE_S: u64 = gewu_app::people::devices::KNOWN_FOR.unsigned_abs().as_secs();

/// Scripts send the session's form token back in this header with everything that changes something.
pub const CSRF_HEADER: &str = "x-csrf-token";

/// The value of a cookie; `None` when it was not sent, or is empty.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, value)| *found == name && !value.is_empty())
        .map(|(_, value)| value)
}

/// The secret of the session cookie.
pub fn cookie_secret(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, COOKIE)
}

/// What is known of the browser that tries to sign in.
pub fn browser<'h>(headers: &'h HeaderMap, origin: &'h str) -> Browser<'h> {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    Browser { device: cookie(headers, DEVICE_COOKIE), agent, origin }
}

/// A path of this site to go on to, as somebody's address or form names it; `None` for all else.
///
/// Visible ASCII only: browsers leave tabs and line ends out of an address, so that `/<tab>/elsewhere` would lead elsewhere,
/// and take a backslash for a slash.
pub fn path_of_ours(next: &str) -> Option<&str> {
    let is_path = next.starts_with('/') && !next.starts_with("//");
    let is_plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    (is_path && is_plain).then_some(next)
}

/// Who is signed in with this request's cookie.
///
/// # Errors
/// [`AppError::SignedOut`] without a cookie, and as [`App::signed`].
pub async fn signed(app: &App, parts: &Parts) -> Result<Signed, AppError> {
    let secret = cookie_secret(&parts.headers).ok_or(AppError::SignedOut)?;
    app.signed(secret, &crate::gate::origin_of(parts)).await
}

/// Is this the token that was given into the session's forms? Looks at every byte, so that time tells nothing.
pub fn csrf_fits(signed: &Signed, given: &str) -> bool {
    let wanted = signed.csrf.as_bytes();
    let differing = wanted.iter().zip(given.bytes()).fold(0, |differing, (wanted, given)| differing | (wanted ^ given));
    differing == 0 && given.len() == wanted.len()
}

/// Extracts whoever is signed in. Reads only: a handler that changes something also asks [`csrf_fits`].
#[derive(Debug, Clone)]
pub struct SignedIn(pub Signed);

/// Why nobody could be extracted. Doors with a manner of their own map the error inside.
#[derive(Debug)]
pub struct NobodySignedIn(pub AppError);

impl<S> FromRequestParts<S> for SignedIn
where
    Arc<App>: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = NobodySignedIn;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<SignedIn, NobodySignedIn> {
        let app = Arc::<App>::from_ref(state);
        signed(&app, parts).await.map(SignedIn).map_err(NobodySignedIn)
    }
}

impl IntoResponse for NobodySignedIn {
    fn into_response(self) -> Response {
        let (status, title) = match self.0 {
            AppError::SignedOut => (StatusCode::UNAUTHORIZED, "nobody is signed in"),
            _ => (StatusCode::SERVICE_UNAVAILABLE, "the session could not be read, try again"),
        };
        let body = serde_json::json!({ "type": "about:blank", "title": title, "status": status.as_u16() });
        (status, [(header::CONTENT_TYPE, "application/problem+json")], Json(body)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use proptest::prelude::*;
    use url::Url;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(
            axum::http::HeaderName::from_static(name),
            HeaderValue::from_str(value).expect("visible ASCII"),
        )])
    }

    #[test]
    fn the_secret_is_found_among_other_cookies() {
        let headers = headers("cookie", "a=1; gewu_session=abc; gewu_session_x=no");
        assert_eq!(cookie_secret(&headers), Some("abc"));
        assert_eq!(cookie(&headers, "b"), None);
    }

    #[test]
    fn nobody_is_sent_on_to_another_site() {
        for ours in ["/", "/cases?state=closed", "/a//b", "/%09/c", "/@d:e", "/#//f"] {
            assert_eq!(path_of_ours(ours), Some(ours));
        }
        for elsewhere in [
            "https://bad.example",
            "//bad.example",
            "/\\bad.example",
            "/\t/bad.example",
            "\t//bad.example",
            "/\u{1}",
            "/\n/bad.example",
            "/ /bad.example",
            "/路",
            "",
            "javascript:1",
        ] {
            assert_eq!(path_of_ours(elsewhere), None, "{elsewhere:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_for_a_path_of_ours_is_one_to_a_browser_too(next in r"[/\\\t\n\r\x01 :@.?#%a09-]{0,12}") {
            let here = Url::parse("https://ours.example/sign-in").expect("an address");
            if let Some(path) = path_of_ours(&next) {
                let there = here.join(path).expect("a path leads somewhere");
                prop_assert_eq!(there.origin(), here.origin());
                prop_assert!(HeaderValue::from_str(path).is_ok());
            }
        }
    }
}
