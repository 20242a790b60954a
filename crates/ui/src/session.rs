//! Who opens a page, in which language; the cookies of a browser; and the token each signed-in form carries.
//!
//! The cookie's name and reading are shared with the JSON API in [`gewu_web::session`]; setting and clearing it is
//! here. Start at [`Visitor`] (anybody) and [`Staff`] (signed in, or sent to the sign-in page).

use crate::{
    Ui,
    failure::Failure,
    fields::Fields,
    words::{Language, Own, Words},
};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, header, request::Parts},
};
use gewu_app::{App, AppError, Caller, people::sign_in::Signed};
use gewu_web::{
    gate::{Payer, origin_of},
    limits::Kind,
    session as shared,
};
use jiff::tz::TimeZone;

/// Keeps the language somebody chose.
const LANGUAGE_COOKIE: &str = "gewu_language";
const YEAR_S: u32 = 365 * 24 * 60 * 60;

/// Whoever opens a page.
#[derive(Debug, Clone)]
pub struct Visitor {
    pub words: Words,
    pub signed: Option<Signed>,
    /// A session cookie was sent, but it does not hold any more.
    pub was_signed_in: bool,
    /// Path and query, to come back to.
    pub address: String,
    /// Cut, as the audit record keeps it.
    pub origin: String,
}

impl FromRequestParts<Ui> for Visitor {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, ui: &Ui) -> Result<Visitor, Failure> {
        let visitor = Visitor::of(parts, ui).await?;
        if let Some(payer) = visitor.signed.as_ref().and_then(|signed| signed.caller.payer()) {
            parts.extensions.insert(Payer(payer.into()));
        }
        if visitor.signed.is_none() && parts.method.is_safe() {
            ui.gate.take(&ui.app, Kind::Read, &visitor.origin)?;
        }
        Ok(visitor)
    }
}

impl Visitor {
    /// Who it is, without counting the visit: for the page about a failure.
    ///
    /// # Errors
    /// When the session cannot be read.
    pub async fn of(parts: &Parts, ui: &Ui) -> Result<Visitor, Failure> {
        let signed = match shared::signed(&ui.app, parts).await {
            Ok(signed) => Some(signed),
            Err(AppError::SignedOut) => None,
            Err(error) => return Err(error.into()),
        };
        Ok(Visitor {
            words: words(&ui.app, &parts.headers),
            was_signed_in: signed.is_none() && shared::cookie_secret(&parts.headers).is_some(),
            signed,
            address: parts.uri.path_and_query().map_or("/", |address| address.as_str()).to_owned(),
            origin: origin_of(parts),
        })
    }
}

/// Whoever sends something without signing in: each time costs a token of their neighbourhood, taken before the body
/// is read.
#[derive(Debug, Clone)]
pub struct Sender(pub Visitor);

impl FromRequestParts<Ui> for Sender {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, ui: &Ui) -> Result<Sender, Failure> {
        let visitor = Visitor::from_request_parts(parts, ui).await?;
        if visitor.signed.is_none() {
            ui.gate.take(&ui.app, Kind::Write, &visitor.origin)?;
        }
        Ok(Sender(visitor))
    }
}

/// The words of a request's language, for now and the city's zone.
pub fn words(app: &App, headers: &HeaderMap) -> Words {
    let chosen = shared::cookie(headers, LANGUAGE_COOKIE).and_then(Language::from_code);
    let accepted =
        || headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).map(Language::accepted);
    let language = chosen.or_else(accepted).unwrap_or(Language::Chinese);
    let city = app.snapshot().ok();
    Words {
        language,
        now: app.now(),
        zone: city.as_ref().map_or(TimeZone::UTC, |snapshot| snapshot.city.calendar.zone().clone()),
        own: city.map(|snapshot| Own::of(&snapshot.city, language)).unwrap_or_default(),
    }
}

/// A signed-in member of staff.
#[derive(Debug, Clone)]
pub struct Staff {
    pub visitor: Visitor,
    pub signed: Signed,
    /// The session's secret, for choosing a post and signing out.
    pub secret: String,
}

impl Staff {
    pub fn caller(&self) -> &Caller {
        &self.signed.caller
    }

    /// The form must carry the token of the session it was made for.
    ///
    /// # Errors
    /// [`AppError::Forbidden`].
    pub fn check(&self, fields: &Fields) -> Result<(), AppError> {
        if shared::csrf_fits(&self.signed, fields.text("csrf")) {
            return Ok(());
        }
        Err(AppError::Forbidden("the form was made for another session"))
    }
}

impl FromRequestParts<Ui> for Staff {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, ui: &Ui) -> Result<Staff, Failure> {
        let visitor = Visitor::from_request_parts(parts, ui).await?;
        let secret = shared::cookie_secret(&parts.headers).map(str::to_owned);
        match (visitor.signed.clone(), secret) {
            (Some(signed), _) if signed.must_change && parts.uri.path() != crate::pages::account::PASSWORD => {
                Err(Failure::MustChange)
            }
            (Some(signed), _)
                if signed.must_enrol && !crate::pages::account::OPEN_BEFORE_TOTP.contains(&parts.uri.path()) =>
            {
                Err(Failure::MustEnrol)
            }
            (Some(signed), Some(secret)) => Ok(Staff { visitor, signed, secret }),
            _ => Err(AppError::SignedOut.into()),
        }
    }
}

/// Sets the session cookie; it ends with the browser, or when the session is idle for too long or too old.
pub fn keep(secret: &str, is_https: bool) -> HeaderValue {
    cookie(shared::COOKIE, secret, None, is_https)
}

/// Lets the browser be known when it comes back to sign in.
pub fn keep_device(secret: &str, is_https: bool) -> HeaderValue {
    let age_s = u32::try_from(shared::DEVICE_MAX_AGE_S).unwrap_or(YEAR_S);
    cookie(shared::DEVICE_COOKIE, secret, Some(age_s), is_https)
}

/// Clears the session cookie.
pub fn forget(is_https: bool) -> HeaderValue {
    cookie(shared::COOKIE, "", Some(0), is_https)
}

/// Keeps a language for a year.
pub fn keep_language(language: Language, is_https: bool) -> HeaderValue {
    cookie(LANGUAGE_COOKIE, language.code(), Some(YEAR_S), is_https)
}

fn cookie(name: &str, value: &str, max_age_s: Option<u32>, is_https: bool) -> HeaderValue {
    let age = max_age_s.map_or_else(String::new, |age| format!("; Max-Age={age}"));
    let secure = if is_https { "; Secure" } else { "" };
    HeaderValue::from_str(&format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{age}{secure}"))
        .expect("secrets and codes are hexadecimal or ASCII letters")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_cookie_is_hidden_from_scripts_and_other_sites() {
        let cookie = keep("abc", true);
        let text = cookie.to_str().expect("ASCII");
        assert!(text.contains("HttpOnly") && text.contains("SameSite=Lax") && text.contains("Secure"));
        assert!(!keep("abc", false).to_str().expect("ASCII").contains("Secure"));
    }
}
