//! In which language somebody is answered: Chinese first, English when they ask for it.

use axum::http::{HeaderMap, header};
use std::convert::Infallible;

/// A language Gewu speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Language {
    #[default]
    Zh,
    En,
}

impl Language {
    /// As `Content-Language` writes it.
    pub fn tag(self) -> &'static str {
        match self {
            Language::Zh => "zh-CN",
            Language::En => "en",
        }
    }

    /// Of two texts that say the same, the one in this language.
    pub fn of<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Language::Zh => zh,
            Language::En => en,
        }
    }

    /// The one `Accept-Language` likes best; Chinese when it likes neither, or both alike.
    pub fn asked(headers: &HeaderMap) -> Language {
        let wish = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut best = (Language::Zh, 0_u16);
        for part in wish.split(',') {
            let mut pieces = part.split(';').map(str::trim);
            let tag = pieces.next().unwrap_or_default().to_ascii_lowercase();
            let weight = pieces.find_map(|piece| piece.strip_prefix("q=")).map_or(1_000, thousandths);
            let language = match tag.split('-').next() {
                Some("zh") => Language::Zh,
                Some("en") => Language::En,
                _ => continue,
            };
            if weight > best.1 {
                best = (language, weight);
            }
        }
        best.0
    }
}

/// `0.8` is 800; what is no weight is 0.
fn thousandths(weight: &str) -> u16 {
    let (whole, part) = weight.split_once('.').unwrap_or((weight, ""));
    let digits: String = part.chars().chain("000".chars()).take(3).collect();
    match (whole, digits.parse::<u16>()) {
        ("1", _) => 1_000,
        ("0", Ok(part)) => part,
        _ => 0,
    }
}

impl<S: Sync> axum::extract::FromRequestParts<S> for Language {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, _: &S) -> Result<Language, Infallible> {
        Ok(Language::asked(&parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(wish: &str) -> Language {
        Language::asked(&HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, wish.parse().expect("visible ASCII"))]))
    }

    #[test]
    fn the_language_liked_best_is_spoken() {
        assert_eq!(asked("en-GB,en;q=0.9,zh;q=0.8"), Language::En);
        assert_eq!(asked("zh-CN,zh;q=0.9,en;q=0.8"), Language::Zh);
        assert_eq!(asked("en;q=0.2, zh;q=0.7"), Language::Zh);
        assert_eq!(asked("fr, en;q=0.5"), Language::En);
    }

    #[test]
    fn chinese_is_spoken_to_whoever_does_not_say() {
        assert_eq!(Language::asked(&HeaderMap::new()), Language::Zh);
        assert_eq!(asked("fr,de"), Language::Zh);
        assert_eq!(asked("en;q=0"), Language::Zh);
    }
}
