//! Contact data, encrypted at rest.

use crate::clock::Random;
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use gewu_domain::ids::{CaseId, Digest, RegionId};
use sha2::{Digest as _, Sha256};

/// The keys of an installation.
pub struct Keyring {
    key: [u8; 32],
}

/// A sealed value that does not open: another key, another case, or damage.
#[derive(Debug, thiserror::Error)]
#[error("the sealed value does not open with this key in this place")]
pub struct Sealed;

const RECEIPT_ALPHABET: &[u8] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";

impl Keyring {
    pub fn new(key: [u8; 32]) -> Keyring {
        Keyring { key }
    }

    /// Eight characters that can be spoken and typed, derived from the case's id: nothing to store, nothing to leak.
    pub fn receipt_code(&self, case: &str) -> String {
        let hash = self.keyed("receipt", case.as_bytes());
        hash.iter()
            .take(8)
            .filter_map(|byte| RECEIPT_ALPHABET.get(usize::from(*byte) % RECEIPT_ALPHABET.len()))
            .map(|byte| char::from(*byte))
            .collect()
    }

    /// Seals a value to its place: it opens for this region, case and field only.
    pub fn seal(&self, region: RegionId, case: CaseId, field: &str, value: &str, random: &dyn Random) -> Vec<u8> {
        let mut nonce = [0_u8; 24];
        random.fill(&mut nonce);
        let place = place(region, case, field);
        let payload = Payload { msg: value.as_bytes(), aad: place.as_bytes() };
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), payload).expect("a contact is short");
        [nonce.as_slice(), &sealed].concat()
    }

    /// # Errors
    /// [`Sealed`].
    pub fn open(&self, region: RegionId, case: CaseId, field: &str, sealed: &[u8]) -> Result<String, Sealed> {
        let (nonce, sealed) = sealed.split_first_chunk::<24>().ok_or(Sealed)?;
        let place = place(region, case, field);
        let payload = Payload { msg: sealed, aad: place.as_bytes() };
        let value = self.cipher().decrypt(&XNonce::from(*nonce), payload).map_err(|_| Sealed)?;
        String::from_utf8(value).map_err(|_| Sealed)
    }

    /// Keyed digest of a normalised value, to find everything one person gave.
    pub fn index(&self, field: &str, value: &str) -> Digest {
        Digest(self.keyed(field, normal(field, value).as_bytes()))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.key.into())
    }

    fn keyed(&self, purpose: &str, value: &[u8]) -> [u8; 32] {
        let inner: [u8; 32] =
            Sha256::new().chain_update(self.key).chain_update(purpose).chain_update(value).finalize().into();
        Sha256::new().chain_update(self.key).chain_update(inner).finalize().into()
    }
}

fn place(region: RegionId, case: CaseId, field: &str) -> String {
    format!("{region} {case} {field}")
}

fn normal(field: &str, value: &str) -> String {
    match field {
        "phone" => value.chars().filter(char::is_ascii_digit).collect(),
        _ => value.trim().to_lowercase(),
    }
}

/// `138****5678`, `李**`, `l***@example.com`.
pub fn mask(field: &str, value: &str) -> String {
    let first: String = value.chars().take(1).collect();
    match field {
        "phone" if value.chars().count() >= 8 => {
            let head: String = value.chars().take(3).collect();
            let tail: String = value.chars().skip(value.chars().count() - 4).collect();
            format!("{head}****{tail}")
        }
        "email" => format!("{first}***@{}", value.split_once('@').map_or("", |(_, host)| host)),
        _ => format!("{first}**"),
    }
}
