//! What a sender says its bytes are: the media type, and the charset of text.

use axum::http::{HeaderMap, header};
use encoding_rs::{Encoding, UTF_8};

/// A media type as it was declared, in small letters: case means nothing in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MediaType {
    /// Such as `application/json`; empty when nothing was said.
    pub essence: String,
    pub charset: Option<String>,
}

impl MediaType {
    /// Of a body.
    pub fn of(headers: &HeaderMap) -> MediaType {
        let given = headers.get(header::CONTENT_TYPE).and_then(|given| given.to_str().ok());
        given.map(MediaType::parse).unwrap_or_default()
    }

    pub fn parse(given: &str) -> MediaType {
        let mut parts = given.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
        let charset = parts.filter_map(|part| part.split_once('=')).find_map(|(name, value)| {
            let value = value.trim().trim_matches('"').to_ascii_lowercase();
            name.trim().eq_ignore_ascii_case("charset").then_some(value)
        });
        MediaType { essence, charset }
    }

    pub fn is(&self, essence: &str) -> bool {
        self.essence == essence
    }

    /// `application/json`, or a type that is written in it.
    pub fn is_json(&self) -> bool {
        self.is("application/json") || self.essence.starts_with("application/") && self.essence.ends_with("+json")
    }

    pub fn is_image(&self) -> bool {
        self.essence.starts_with("image/")
    }

    /// The text that bytes are in the declared charset, UTF-8 when none was declared; `None` when they are none in it, or
    /// nobody knows the charset.
    pub fn text(&self, bytes: &[u8]) -> Option<String> {
        let encoding = match &self.charset {
            Some(label) => Encoding::for_label(label.as_bytes())?,
            None => UTF_8,
        };
        Some(encoding.decode_without_bom_handling_and_without_replacement(bytes)?.into_owned())
    }
}

/// Undoes percent-encoding, and `+` for a blank.
pub fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        rest = match rest {
            [] => return plain,
            [b'%', high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                plain.push(digit(*high) << 4 | digit(*low));
                after
            }
            [b'+', after @ ..] => {
                plain.push(b' ');
                after
            }
            [byte, after @ ..] => {
                plain.push(*byte);
                after
            }
        };
    }
}

fn digit(hex: u8) -> u8 {
    match hex {
        b'0'..=b'9' => hex - b'0',
        _ => hex.to_ascii_lowercase().saturating_sub(b'a').saturating_add(10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_means_nothing_in_a_media_type_and_the_charset_is_found() {
        let kind = MediaType::parse("Application/JSON ; Charset=\"GBK\"; x=y");
        assert_eq!((kind.essence.as_str(), kind.charset.as_deref()), ("application/json", Some("gbk")));
        assert!(kind.is_json() && MediaType::parse("application/Problem+Json").is_json());
        assert!(MediaType::parse("IMAGE/jpeg").is_image());
    }

    #[test]
    fn text_is_what_the_declared_charset_says_or_none() {
        let text = |kind: &str, bytes: &[u8]| MediaType::parse(kind).text(bytes);
        assert_eq!(text("text/plain; charset=gbk", b"\xc2\xb7\xb5\xc6").as_deref(), Some("路灯"));
        assert_eq!(text("text/plain", "路灯".as_bytes()).as_deref(), Some("路灯"));
        assert_eq!(text("text/plain", b"\xc2\xb7\xb5\xc6"), None);
        assert_eq!(text("text/plain; charset=gbk", b"\xff\xff"), None);
        assert_eq!(text("text/plain; charset=klingon", b"a"), None);
    }

    #[test]
    fn percents_and_plus_signs_are_undone_and_lone_percents_stay() {
        assert_eq!(unescaped(b"a%20b+c%zz%4"), b"a b c%zz%4");
    }
}
