//! The browser's session, as both doors read it: the cookie, the token of its forms, and the caller's address.
//!
//! Knows how a session travels in HTTP, not what it may do: that is [`gewu_app`]'s. `ui` sets and clears the cookie
//! (sign-in and sign-out are pages); `/api/v1` accepts the same cookie together with [`CSRF_HEADER`]. Start at
//! [`SignedIn`].

use axum::{
    Json,
    extract::{ConnectInfo, FromRef, FromRequestParts},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use gewu_app::{
    App, AppError,
    people::sign_in::{Browser, Signed},
};
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

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

/// Where a request comes from, cut to /24 (IPv4) or /48 (IPv6) so that it names no household; empty when not known.
///
/// A proxy on this machine is believed about the address it forwards for; nobody else is.
pub fn origin(headers: &HeaderMap, peer: Option<SocketAddr>) -> String {
    let peer = peer.map(|peer| peer.ip().to_canonical());
    let forwarded = || {
        let list = headers.get("x-forwarded-for")?.to_str().ok()?;
        list.rsplit(',').next()?.trim().parse::<IpAddr>().ok().map(|address| address.to_canonical())
    };
    let address = match peer {
        Some(peer) if peer.is_loopback() => forwarded().or(Some(peer)),
        other => other,
    };
    match address {
        None => String::new(),
        Some(IpAddr::V4(address)) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        Some(IpAddr::V6(address)) => {
            let [a, b, c, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    }
}

/// [`origin`] of a request under way.
pub fn origin_of(parts: &Parts) -> String {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
    origin(&parts.headers, peer)
}

/// Who is signed in with this request's cookie.
///
/// # Errors
/// [`AppError::SignedOut`] without a cookie, and as [`App::signed`].
pub async fn signed(app: &App, parts: &Parts) -> Result<Signed, AppError> {
    let secret = cookie_secret(&parts.headers).ok_or(AppError::SignedOut)?;
    app.signed(secret, &origin_of(parts)).await
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

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(
            axum::http::HeaderName::from_static(name),
            HeaderValue::from_str(value).expect("visible ASCII"),
        )])
    }

    fn peer(address: &str) -> Option<SocketAddr> {
        Some(SocketAddr::new(address.parse().expect("an address"), 1))
    }

    #[test]
    fn the_secret_is_found_among_other_cookies() {
        let headers = headers("cookie", "a=1; gewu_session=abc; gewu_session_x=no");
        assert_eq!(cookie_secret(&headers), Some("abc"));
        assert_eq!(cookie(&headers, "b"), None);
    }

    #[test]
    fn an_address_is_cut_so_that_it_names_no_household() {
        let none = HeaderMap::new();
        assert_eq!(origin(&none, peer("203.0.113.77")), "203.0.113.0/24");
        assert_eq!(origin(&none, peer("2001:db8:7:8::9")), "2001:db8:7::/48");
        assert_eq!(origin(&none, peer("::ffff:203.0.113.77")), "203.0.113.0/24");
        assert_eq!(origin(&none, None), "");
    }

    #[test]
    fn only_a_proxy_on_this_machine_is_believed() {
        let headers = headers("x-forwarded-for", "9.9.9.9, 198.51.100.7");
        assert_eq!(origin(&headers, peer("127.0.0.1")), "198.51.100.0/24");
        assert_eq!(origin(&headers, peer("203.0.113.77")), "203.0.113.0/24");
    }
}
