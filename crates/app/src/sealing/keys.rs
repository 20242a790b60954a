//! The key file, and the keys in memory.
//!
//! ```text
//! seal 2 <64 hex digits>      the first seals; the others only open what they sealed
//! seal 1 <64 hex digits>
//! lookup <64 hex digits>      finds contact data and makes receipt codes; never changes
//! ```
//! Contact data is lost without this file, and open with it: it is kept apart from the backups of the data.

use super::{Suite, XChaCha};
use crate::clock::Random;
use std::{
    fmt,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

type Key = Zeroizing<[u8; 32]>;

/// The keys of an installation. Overwritten in memory when dropped.
pub struct Keyring {
    pub(super) suite: Box<dyn Suite>,
    /// By number; the first is the one in use.
    seals: Vec<(u16, Key)>,
    lookup: Key,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({} sealing keys)", self.seals.len())
    }
}

/// What is wrong with a key file. Never shows a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyringFault {
    #[error("line {line} of the key file {what}")]
    Line { line: usize, what: &'static str },
    #[error("the key file has no line `{0}`: bring it back from where it was kept")]
    Missing(&'static str),
    #[error("cannot {what} {}", path.display())]
    File { what: &'static str, path: PathBuf, source: io::Error },
}

const HEAD: &str = "\
# The keys of this city. Whoever has this file can read contact data; without it contact data is lost.
# Keep a copy apart from the backups of the data.
# seal NUMBER KEY: the first seals contact data, the others only open what they sealed.
# lookup KEY: finds contact data and makes receipt codes. It never changes.
";

impl Keyring {
    /// Reads a key file, and warns when everybody on the machine can read it.
    ///
    /// # Errors
    /// [`KeyringFault`].
    pub fn load(path: &Path) -> Result<Keyring, KeyringFault> {
        let text = Zeroizing::new(fs::read_to_string(path).map_err(failure("read", path))?);
        if is_open_to_all(path).map_err(failure("look at", path))? {
            tracing::warn!(path = %path.display(), "everybody on this machine can read the key file: chmod o= it");
        }
        Keyring::parse(&text)
    }

    /// Makes a key file with fresh keys, readable by its owner only, durable when this returns.
    ///
    /// # Errors
    /// [`KeyringFault::File`], also when there is a file already: keys are never overwritten.
    pub fn make(path: &Path, random: &dyn Random) -> Result<(), KeyringFault> {
        let text = Keyring::fresh(random).text();
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(failure("make", path))?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failure("write", path))?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failure("sync", folder))
    }

    /// New keys, kept nowhere.
    pub fn fresh(random: &dyn Random) -> Keyring {
        Keyring { suite: Box::new(XChaCha), seals: vec![(1, fresh_key(random))], lookup: fresh_key(random) }
    }

    /// # Errors
    /// [`KeyringFault`] naming the line.
    pub fn parse(text: &str) -> Result<Keyring, KeyringFault> {
        let mut seals: Vec<(u16, Key)> = Vec::new();
        let mut lookup = None;
        for (line, words) in (1..).zip(text.lines()) {
            let fault = |what| KeyringFault::Line { line, what };
            let words = words.split('#').next().unwrap_or_default();
            match words.split_whitespace().collect::<Vec<_>>().as_slice() {
                [] => {}
                ["seal", number, key] => {
                    let number: u16 =
                        number.parse().map_err(|_| fault("has no number from 0 to 65535 after `seal`"))?;
                    if seals.iter().any(|(other, _)| *other == number) {
                        return Err(fault("has a number that another line has"));
                    }
                    seals.push((number, parse_key(key).ok_or_else(|| fault("has no key of 64 hex digits"))?));
                }
                ["lookup", _] if lookup.is_some() => return Err(fault("is a second lookup key")),
                ["lookup", key] => {
                    lookup = Some(parse_key(key).ok_or_else(|| fault("has no key of 64 hex digits"))?);
                }
                _ => return Err(fault("is neither `seal NUMBER KEY` nor `lookup KEY`")),
            }
        }
        if seals.is_empty() {
            return Err(KeyringFault::Missing("seal"));
        }
        let lookup = lookup.ok_or(KeyringFault::Missing("lookup"))?;
        Ok(Keyring { suite: Box::new(XChaCha), seals, lookup })
    }

    /// The text of a key file in which a fresh key seals from now on, and those there are still open.
    pub fn rotated(&self, random: &dyn Random) -> Zeroizing<String> {
        let number = (1..=u16::MAX).find(|number| self.key(*number).is_none()).expect("nobody keeps 65,535 old keys");
        let mut seals = vec![(number, fresh_key(random))];
        seals.extend(self.seals.iter().cloned());
        Keyring { suite: Box::new(XChaCha), seals, lookup: self.lookup.clone() }.text()
    }

    fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(HEAD.to_owned());
        for (number, key) in &self.seals {
            text.push_str(&format!("seal {number} {}\n", *hex(key)));
        }
        text.push_str(&format!("lookup {}\n", *hex(&self.lookup)));
        text
    }

    pub(super) fn current(&self) -> (u16, &[u8; 32]) {
        let (number, key) = self.seals.first().expect("a keyring is made with at least one sealing key");
        (*number, key)
    }

    pub(super) fn key(&self, number: u16) -> Option<&[u8; 32]> {
        self.seals.iter().find(|(other, _)| *other == number).map(|(_, key)| &**key)
    }

    pub(super) fn lookup(&self) -> &[u8; 32] {
        &self.lookup
    }
}

fn fresh_key(random: &dyn Random) -> Key {
    let mut key = Key::default();
    random.fill(key.as_mut_slice());
    key
}

fn hex(key: &Key) -> Zeroizing<String> {
    Zeroizing::new(key.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn parse_key(text: &str) -> Option<Key> {
    let digits = text.as_bytes();
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut key = Key::default();
    for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(key)
}

#[cfg(unix)]
fn is_open_to_all(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::metadata(path)?.permissions().mode() & 0o007 != 0)
}

#[cfg(not(unix))]
fn is_open_to_all(_: &Path) -> io::Result<bool> {
    Ok(false)
}

fn failure(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> KeyringFault {
    move |source| KeyringFault::File { what, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SeededRandom;

    const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    #[test]
    fn a_key_file_that_was_made_loads_and_is_the_owners_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        Keyring::make(&path, &SeededRandom::new(1)).unwrap();
        let made = Keyring::fresh(&SeededRandom::new(1));
        let loaded = Keyring::load(&path).unwrap();
        assert_eq!((loaded.current(), loaded.lookup()), (made.current(), made.lookup()));
        assert_ne!(loaded.current().1, loaded.lookup());
        assert!(!is_open_to_all(&path).unwrap());
    }

    #[test]
    fn keys_are_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        Keyring::make(&path, &SeededRandom::new(1)).unwrap();
        let before = fs::read(&path).unwrap();
        Keyring::make(&path, &SeededRandom::new(2)).unwrap_err();
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_wrong_line_is_named_and_no_key_is_shown() {
        for (text, message) in [
            (format!("seal 1 {KEY}\nlookup {KEY}0\n"), "line 2 of the key file has no key of 64 hex digits"),
            (format!("# keys\nseal one {KEY}\n"), "line 2 of the key file has no number"),
            (format!("seal 1 {KEY}\nseal 1 {KEY}\n"), "line 2 of the key file has a number that another"),
            (format!("lookup {KEY}\nlookup {KEY}\n"), "line 2 of the key file is a second lookup key"),
            (format!("key {KEY}\n"), "line 1 of the key file is neither"),
            (format!("seal 1 {KEY}\n"), "no line `lookup`"),
            (format!("lookup {KEY}\n"), "no line `seal`"),
        ] {
            let fault = Keyring::parse(&text).unwrap_err().to_string();
            assert!(fault.contains(message) && !fault.contains(KEY), "{fault}");
        }
        let keyring = Keyring::parse(&format!("seal 1 {KEY}\n\nlookup {KEY} # found by\n")).unwrap();
        assert_eq!(format!("{keyring:?}"), "Keyring(1 sealing keys)");
    }

    #[test]
    fn a_new_key_stands_before_the_old_ones() {
        let keyring = Keyring::parse(&format!("seal 1 {KEY}\nseal 7 {KEY}\nlookup {KEY}\n")).unwrap();
        let rotated = Keyring::parse(&keyring.rotated(&SeededRandom::new(1))).unwrap();
        assert_eq!(rotated.seals.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [2, 1, 7]);
        assert_eq!(rotated.lookup(), keyring.lookup());
    }
}
