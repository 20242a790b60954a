//! The key file, and the keys in memory.
//!
//! ```text
//! seal 2 <64 hex digits>      the first seals; the others only open what they sealed
//! seal 1 <64 hex digits>
//! lookup <64 hex digits>      finds contact data and checks receipt codes; never changes
//! ```
//! Contact data is lost without this file, and open with it: it is kept apart from the backups of the data.

use super::{Suite, XChaCha};
use crate::clock::Random;
use std::{
    fmt,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock, RwLockReadGuard},
};
use zeroize::Zeroizing;

type Key = Zeroizing<[u8; 32]>;

/// The keys of an installation. Overwritten in memory when dropped.
pub struct Keyring {
    pub(super) suite: Box<dyn Suite>,
    /// By number; the first is the one in use.
    seals: RwLock<Vec<(u16, Key)>>,
    lookup: Key,
    /// The file they were read from, where a new key appears first.
    path: Option<PathBuf>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({} sealing keys)", self.held().len())
    }
}

/// What is wrong with a key file. Never shows a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyringFault {
    #[error("line {line} of the key file {what}")]
    Line { line: usize, what: &'static str },
    #[error("the key file has no line `{0}`: bring it back from where it was kept")]
    Missing(&'static str),
    #[error("the lookup key in the file is another one: contact data would not be found by it")]
    OtherLookup,
    #[error(
        "the line `{0} {1}` of the key file holds another key than this record was written with: put back the file `keys` that belongs to this record; each backup has one"
    )]
    Foreign(&'static str, u16),
    #[error(
        "the key file has no line `seal {0}`, but this record was written with that key: put back the file `keys` that belongs to this record"
    )]
    Gone(u16),
    #[error(
        "the key file does not open what this record holds: put back the file `keys` that belongs to this record; each backup has one"
    )]
    Stranger,
    #[error("key {0} cannot be dropped: it is in use, or not in the file")]
    NotDroppable(u16),
    #[error("cannot {what} {}", path.display())]
    File { what: &'static str, path: PathBuf, source: io::Error },
}

const HEAD: &str = "\
# The keys of this city. Whoever has this file can read contact data; without it contact data is lost.
# Keep a copy apart from the backups of the data.
# seal NUMBER KEY: the first seals contact data, the others only open what they sealed.
# lookup KEY: finds contact data and checks receipt codes. It never changes.
";

impl Keyring {
    /// Reads a key file, and warns when everybody on the machine can read it.
    ///
    /// # Errors
    /// [`KeyringFault`].
    pub fn load(path: &Path) -> Result<Keyring, KeyringFault> {
        if is_open_to_all(path).map_err(failure("look at", path))? {
            tracing::warn!(path = %path.display(), "everybody on this machine can read the key file: chmod o= it");
        }
        Keyring::read(path)
    }

    fn read(path: &Path) -> Result<Keyring, KeyringFault> {
        let text = Zeroizing::new(fs::read_to_string(path).map_err(failure("read", path))?);
        Ok(Keyring { path: Some(path.to_owned()), ..Keyring::parse(&text)? })
    }

    /// Takes over what the key file says now: somebody may have added a key, or dropped one.
    ///
    /// # Errors
    /// [`KeyringFault`]; the keys held stay as they are.
    pub fn reload(&self) -> Result<(), KeyringFault> {
        let Some(path) = &self.path else { return Ok(()) };
        let now = Keyring::read(path)?;
        if now.lookup != self.lookup {
            return Err(KeyringFault::OtherLookup);
        }
        let exchanged = now
            .held()
            .iter()
            .find_map(|(number, key)| self.key(*number).is_some_and(|held| held != *key).then_some(*number));
        if let Some(number) = exchanged {
            return Err(KeyringFault::Foreign(super::SEAL, number));
        }
        *self.seals.write().unwrap_or_else(PoisonError::into_inner) = now.held().clone();
        Ok(())
    }

    fn held(&self) -> RwLockReadGuard<'_, Vec<(u16, Key)>> {
        self.seals.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a key file with fresh keys, readable by its owner only, durable when this returns.
    ///
    /// # Errors
    /// [`KeyringFault::File`], also when there is a file already: keys are never overwritten.
    pub fn make(path: &Path, random: &dyn Random) -> Result<(), KeyringFault> {
        write_new(path, &Keyring::fresh(random).text())
    }

    /// Writes a key file with a fresh key that seals from now on; the old keys go on opening what they sealed. The file
    /// is replaced whole, and durable when this returns. Gives the number of the new key.
    ///
    /// # Errors
    /// [`KeyringFault`].
    pub fn rotate(path: &Path, random: &dyn Random) -> Result<u16, KeyringFault> {
        let rotated = Keyring::read(path)?.with_fresh(random);
        replace(path, &rotated.text())?;
        Ok(rotated.current().0)
    }

    /// Writes the key file without a key. Whoever calls this knows that nothing is sealed with it any more.
    ///
    /// # Errors
    /// [`KeyringFault::NotDroppable`] for the key in use and for one that is not there.
    pub fn drop_key(path: &Path, number: u16) -> Result<(), KeyringFault> {
        let keyring = Keyring::read(path)?;
        if keyring.current().0 == number || keyring.key(number).is_none() {
            return Err(KeyringFault::NotDroppable(number));
        }
        keyring.seals.write().unwrap_or_else(PoisonError::into_inner).retain(|(other, _)| *other != number);
        replace(path, &keyring.text())
    }

    /// Numbers of the sealing keys, the one in use first.
    pub fn numbers(&self) -> Vec<u16> {
        self.held().iter().map(|(number, _)| *number).collect()
    }

    /// New keys, kept nowhere.
    pub fn fresh(random: &dyn Random) -> Keyring {
        let seals = vec![(1, fresh_key(random))];
        Keyring { suite: Box::new(XChaCha), seals: RwLock::new(seals), lookup: fresh_key(random), path: None }
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
        Ok(Keyring { suite: Box::new(XChaCha), seals: RwLock::new(seals), lookup, path: None })
    }

    /// A fresh key before those there are. Its number is above all others, so that no number ever means two keys.
    pub(super) fn with_fresh(&self, random: &dyn Random) -> Keyring {
        let held = self.held();
        let most = held.iter().map(|(number, _)| *number).max().unwrap_or_default();
        let number = most.checked_add(1).expect("nobody changes keys 65,535 times");
        let seals = std::iter::once((number, fresh_key(random))).chain(held.iter().cloned()).collect();
        Keyring { suite: Box::new(XChaCha), seals: RwLock::new(seals), lookup: self.lookup.clone(), path: None }
    }

    pub(super) fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(HEAD.to_owned());
        for (number, key) in self.held().iter() {
            text.push_str(&format!("seal {number} {}\n", *hex(key)));
        }
        text.push_str(&format!("lookup {}\n", *hex(&self.lookup)));
        text
    }

    pub(super) fn current(&self) -> (u16, Key) {
        self.held().first().cloned().expect("a keyring is made with at least one sealing key")
    }

    pub(super) fn key(&self, number: u16) -> Option<Key> {
        self.held().iter().find(|(other, _)| *other == number).map(|(_, key)| key.clone())
    }

    pub(super) fn lookup(&self) -> &[u8; 32] {
        &self.lookup
    }
}

/// Writes a file that is not there yet, for its owner only, durably.
fn write_new(path: &Path, text: &str) -> Result<(), KeyringFault> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(failure("make", path))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failure("write", path))?;
    sync_folder_of(path)
}

/// Replaces a file whole: whoever reads it meanwhile reads the old or the new one.
fn replace(path: &Path, text: &str) -> Result<(), KeyringFault> {
    let beside = path.with_extension("new");
    // Left by an attempt that was cut short.
    fs::remove_file(&beside).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(failure("remove", &beside)(error)),
    })?;
    write_new(&beside, text)?;
    fs::rename(&beside, path).map_err(failure("replace", path))?;
    sync_folder_of(path)
}

fn sync_folder_of(path: &Path) -> Result<(), KeyringFault> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failure("sync", folder))
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
        assert_ne!(*loaded.current().1, *loaded.lookup());
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
        let rotated = Keyring::parse(&keyring.with_fresh(&SeededRandom::new(1)).text()).unwrap();
        assert_eq!(rotated.numbers(), [8, 1, 7]);
        assert_eq!(rotated.lookup(), keyring.lookup());
    }

    #[test]
    fn a_key_file_is_rotated_and_a_key_dropped_while_others_have_it_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        Keyring::make(&path, &SeededRandom::new(1)).unwrap();
        let open = Keyring::load(&path).unwrap();
        assert_eq!(Keyring::rotate(&path, &SeededRandom::new(2)).unwrap(), 2);
        assert!(!is_open_to_all(&path).unwrap());
        assert_eq!(open.numbers(), [1]);
        open.reload().unwrap();
        assert_eq!(open.numbers(), [2, 1]);
        for number in [2, 7] {
            assert!(matches!(Keyring::drop_key(&path, number), Err(KeyringFault::NotDroppable(_))));
        }
        Keyring::drop_key(&path, 1).unwrap();
        open.reload().unwrap();
        assert_eq!(open.numbers(), [2]);
        assert_eq!(Keyring::rotate(&path, &SeededRandom::new(3)).unwrap(), 3);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside the file");
        let other = Keyring::fresh(&SeededRandom::new(9)).text();
        fs::write(&path, other.as_bytes()).unwrap();
        assert!(matches!(open.reload(), Err(KeyringFault::OtherLookup)));
        assert_eq!(open.numbers(), [2], "what cannot be taken over changes nothing");
    }
}
