//! The receipt a browser holds: number and code in a cookie, so that the code stands in no address and no log.

use axum::http::{HeaderMap, HeaderValue};
use gewu_web::session::cookie;

const COOKIE: &str = "gewu_receipt";
/// A month: as long as most cases take, and no longer on a shared machine than it must.
const MONTH_S: u32 = 30 * 24 * 60 * 60;

/// Number and code of the receipt this browser holds.
pub fn held(headers: &HeaderMap) -> Option<(String, String)> {
    let (number, code) = cookie(headers, COOKIE)?.split_once('.')?;
    Some((number.to_owned(), code.to_owned()))
}

/// Keeps a receipt; `None` when number or code hold what neither can.
pub fn keep(number: &str, code: &str, is_https: bool) -> Option<HeaderValue> {
    let is_plain = |text: &str| !text.is_empty() && text.len() <= 40 && text.bytes().all(|b| b.is_ascii_alphanumeric());
    let secure = if is_https { "; Secure" } else { "" };
    (is_plain(number) && is_plain(code))
        .then(|| format!("{COOKIE}={number}.{code}; Path=/; HttpOnly; SameSite=Lax; Max-Age={MONTH_S}{secure}"))
        .and_then(|cookie| HeaderValue::from_str(&cookie).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::header;

    #[test]
    fn a_kept_receipt_is_held() {
        let set = keep("11010120261121000017", "ABCD2345", true).expect("plain");
        let sent = set.to_str().expect("ASCII").split(';').next().expect("a pair").to_owned();
        let headers = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(&sent).expect("ASCII"))]);
        assert_eq!(held(&headers), Some(("11010120261121000017".to_owned(), "ABCD2345".to_owned())));
    }

    #[test]
    fn nothing_but_letters_and_digits_is_kept() {
        assert!(keep("1; Path=/", "ABCD", false).is_none());
        assert!(keep("1", "", false).is_none());
    }
}
