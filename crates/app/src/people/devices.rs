//! Browsers that somebody has signed in with before, and what a browser is called.

use crate::{App, AppError, secrets::digest};
use gewu_domain::ids::{Digest, PersonId};
use jiff::{SignedDuration, Timestamp};

/// A browser is known for so long after a sign-in.
pub const KNOWN_FOR: SignedDuration = SignedDuration::from_hours(180 * 24);

/// Digits of the secret in a browser's cookie.
const SECRET_CHARS: usize = 64;

/// Could this be a secret that was given to a browser?
pub(super) fn is_secret(text: &str) -> bool {
    text.len() == SECRET_CHARS && text.bytes().all(|letter| letter.is_ascii_hexdigit())
}

impl App {
    /// The digest of a browser's secret, when the person signed in with it before. Looks it up for nobody too, so that names
    /// nobody has take as long.
    pub(super) async fn known_device(
        &self,
        person: Option<PersonId>,
        secret: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<Digest>, AppError> {
        let Some(secret) = secret.filter(|secret| is_secret(secret)).map(digest) else { return Ok(None) };
        let view = self.store.city().await?;
        let known = view.device(person.unwrap_or(PersonId(uuid::Uuid::nil())), secret).await?;
        Ok(known.filter(|device| device.ends_at > now).map(|device| device.secret))
    }
}

/// Browsers by a word of their `User-Agent`; several claim to be others too, so the first that fits counts.
const BROWSERS: [(&str, &str); 10] = [
    ("MicroMessenger", "微信 WeChat"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("HuaweiBrowser", "华为浏览器 Huawei"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
    ("curl", "curl"),
];

const SYSTEMS: [(&str, &str); 8] = [
    ("HarmonyOS", "HarmonyOS"),
    ("OpenHarmony", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// A browser in a few words that its owner knows again and that fit thousands of others; empty when nothing is known.
pub fn described(agent: &str) -> String {
    let find =
        |list: &[(&str, &'static str)]| list.iter().find(|(word, _)| agent.contains(word)).map(|(_, name)| *name);
    [find(&BROWSERS), find(&SYSTEMS)].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_called_by_its_make_and_system_and_nothing_more() {
        for (agent, words) in [
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0", "Firefox · Windows"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
                "Edge · Windows",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
                "Chrome · Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.60 NetType/WIFI",
                "微信 WeChat · iPhone",
            ),
            ("curl/8.5.0", "curl"),
            ("", ""),
            ("<script>", ""),
        ] {
            assert_eq!(described(agent), words, "{agent}");
        }
    }
}
