//! What stands before all doors, pages and machines alike, once in a process: the limits, the room
//! for bodies on their way in, and where a request comes from.
//!
//! Made once by whoever serves and given to both rooms. Start at [`Gate`].

use crate::{
    Settings,
    body::{Budget, Pace},
    limits::{Kind, Limits},
};
use axum::{
    extract::ConnectInfo,
    http::{Extensions, HeaderMap, request::Parts},
};
use gewu_app::{App, AppError};
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};
use tokio::sync::Semaphore;

/// For all small bodies at once.
const MEMORY_BYTES_MOST: u64 = 64 << 20;

/// The limits and what both rooms must agree on.
#[derive(Debug)]
pub struct Gate {
    pub limits: Limits,
    /// People reach the house by https: cookies travel in secret only.
    pub is_https: bool,
    trusted_proxies: usize,
    /// How slow a body may come.
    pub pace: Pace,
    /// Room for bodies that are read into memory, and for files that wait on the disk.
    pub memory: Arc<Budget>,
    pub disk: Arc<Budget>,
    /// Where files wait, without a name.
    pub folder: PathBuf,
    /// Files to publish are large and read into memory: one request at a time.
    pub publishing: Arc<Semaphore>,
}

impl Gate {
    pub fn new(settings: &Settings) -> Arc<Gate> {
        Arc::new(Gate {
            limits: Limits::new(settings.rates),
            is_https: settings.public_url.starts_with("https:"),
            trusted_proxies: usize::from(settings.trusted_proxies),
            pace: settings.pace,
            memory: Budget::new(MEMORY_BYTES_MOST),
            disk: Budget::new(settings.bodies_bytes_most),
            folder: settings.folder.clone(),
            publishing: Arc::new(Semaphore::new(1)),
        })
    }

    /// Where a request comes from, cut to /24 (IPv4) or /48 (IPv6) so that it names no household; empty when not known.
    ///
    /// Each trusted proxy wrote whom it heard at the end of `X-Forwarded-For`, so the caller is as many entries from the
    /// end as there are proxies, over all lines of the header. What stands before that, the caller may have written.
    /// Without trusted proxies the header is not looked at; where it is too short or no address, it is the peer.
    pub fn origin(&self, headers: &HeaderMap, peer: Option<SocketAddr>) -> String {
        let forwarded = || {
            let lines = headers.get_all("x-forwarded-for").iter();
            let entries: Vec<&str> = lines.flat_map(|line| line.to_str().unwrap_or_default().split(',')).collect();
            let at = entries.len().checked_sub(self.trusted_proxies)?;
            address(entries.get(at)?.trim())
        };
        let peer = peer.map(|peer| peer.ip());
        let caller = if self.trusted_proxies == 0 { peer } else { forwarded().or(peer) };
        match caller.map(|caller| caller.to_canonical()) {
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

    /// Notes the origin of a request for all who ask [`origin_of`]. The first thing done to it.
    pub fn note_origin(&self, headers: &HeaderMap, extensions: &mut Extensions) {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
        extensions.insert(Origin(self.origin(headers, peer).into()));
    }

    /// Takes a token from a bucket.
    ///
    /// # Errors
    /// [`AppError::TooMany`] with the seconds to wait.
    pub fn take(&self, app: &App, kind: Kind, origin: &str) -> Result<(), AppError> {
        self.limits.take(kind, origin, app.now()).map_err(|wait_s| AppError::TooMany { wait_s })
    }

    /// Tries a secret that could be guessed: costs a token unless it is right, and is not even looked at without one.
    ///
    /// # Errors
    /// [`AppError::TooMany`], and what trying says.
    pub async fn try_secret<T>(
        &self,
        app: &App,
        origin: &str,
        trying: impl Future<Output = Result<T, AppError>>,
    ) -> Result<T, AppError> {
        self.take(app, Kind::Secret, origin)?;
        let tried = trying.await;
        if tried.is_ok() {
            self.limits.give_back(Kind::Secret, origin, app.now());
        }
        tried
    }
}

/// An address, with or without a port; one of IPv6 in brackets when it has a port.
fn address(entry: &str) -> Option<IpAddr> {
    let bare = entry.strip_prefix('[').and_then(|entry| entry.strip_suffix(']')).unwrap_or(entry);
    bare.parse::<IpAddr>().ok().or_else(|| entry.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// See [`Gate::note_origin`].
#[derive(Debug, Clone)]
struct Origin(Arc<str>);

/// Where a request under way comes from, as it was noted at the gate.
pub fn origin_of(parts: &Parts) -> String {
    parts.extensions.get::<Origin>().map_or_else(String::new, |Origin(origin)| origin.to_string())
}

/// Who pays for the room a body takes, once the door knows: a person, or a key.
#[derive(Debug, Clone)]
pub struct Payer(pub Arc<str>);

/// Who pays for a request under way; a stranger's origin where nobody is known.
pub fn payer_of(parts: &Parts) -> Arc<str> {
    let extensions = &parts.extensions;
    let payer = extensions.get::<Payer>().map(|Payer(payer)| payer.clone());
    payer.or_else(|| extensions.get::<Origin>().map(|Origin(origin)| origin.clone())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderValue, header::HeaderName};

    fn peer(address: &str) -> Option<SocketAddr> {
        Some(SocketAddr::new(address.parse().expect("an address"), 1))
    }

    /// The origin of somebody whom the last of so many proxies, at 10.9.9.9, forwards with these lines.
    fn forwarded(trusted_proxies: u8, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            let name = HeaderName::from_static("x-forwarded-for");
            headers.append(name, HeaderValue::from_bytes(line.as_bytes()).expect("a header"));
        }
        Gate::new(&Settings { trusted_proxies, ..Settings::default() }).origin(&headers, peer("10.9.9.9"))
    }

    #[test]
    fn an_address_is_cut_so_that_it_names_no_household() {
        let gate = Gate::new(&Settings::default());
        let cut = |address| gate.origin(&HeaderMap::new(), address);
        assert_eq!(cut(peer("203.0.113.77")), "203.0.113.0/24");
        assert_eq!(cut(peer("2001:db8:7:8::9")), "2001:db8:7::/48");
        assert_eq!(cut(peer("::ffff:203.0.113.77")), "203.0.113.0/24");
        assert_eq!(cut(None), "");
    }

    #[test]
    fn without_trusted_proxies_nobody_is_believed_about_an_address() {
        assert_eq!(forwarded(0, &["198.51.100.7"]), "10.9.9.0/24");
    }

    #[test]
    fn the_caller_is_the_one_before_as_many_proxies_as_are_trusted_over_all_lines() {
        let first = "198.51.100.0/24";
        assert_eq!(forwarded(1, &["203.0.113.1, 198.51.100.7"]), first);
        assert_eq!(forwarded(1, &["203.0.113.1", "198.51.100.7"]), first, "of two lines the last counts");
        assert_eq!(forwarded(2, &["203.0.113.1, 198.51.100.7, 192.0.2.1"]), first);
        assert_eq!(forwarded(2, &["203.0.113.1", "198.51.100.7", "192.0.2.1"]), first);
        assert_eq!(forwarded(2, &["203.0.113.1, 198.51.100.7", "192.0.2.1"]), first);
        assert_eq!(forwarded(1, &["\u{e9}, 203.0.113.1", "198.51.100.7"]), first, "whatever the caller wrote before");
    }

    #[test]
    fn an_address_may_have_a_port_and_brackets() {
        for entry in ["198.51.100.7:4711", " 198.51.100.7 "] {
            assert_eq!(forwarded(1, &[entry]), "198.51.100.0/24", "{entry}");
        }
        for entry in ["2001:db8:7::9", "[2001:db8:7::9]", "[2001:db8:7::9]:443"] {
            assert_eq!(forwarded(1, &[entry]), "2001:db8:7::/48", "{entry}");
        }
    }

    #[test]
    fn where_the_header_does_not_say_it_is_the_peer() {
        for lines in [&[][..], &["unknown"], &[""], &["203.0.113.1, _hidden"]] {
            assert_eq!(forwarded(1, lines), "10.9.9.0/24", "{lines:?}");
        }
        assert_eq!(forwarded(3, &["203.0.113.1, 203.0.113.2"]), "10.9.9.0/24", "somebody came past a proxy");
    }
}
