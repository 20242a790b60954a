//! Contact data, encrypted at rest.
//!
//! A value is sealed to its place (region, case, field), so that a row copied elsewhere does not open, and indexed by a
//! keyed digest, so that everything one person gave can be found without opening anything. [`Keyring`] holds the keys and does both; `suite`
//! has the ciphers, `contact` what a phone number or a name is. Nothing here is logged, and `Debug` shows no key.

mod contact;
mod keys;
mod suite;

pub use contact::{CONTACT_FIELDS, mask};
pub use keys::{Keyring, KeyringFault};
pub use suite::{Suite, XChaCha};

use crate::{clock::Random, secrets};
use contact::normal;
use gewu_domain::ids::{CaseId, ClientId, Digest, RegionId};

/// Why a sealed value does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    #[error("it was sealed with key {0}, which the key file does not have: add its line again")]
    KeyMissing(u16),
    #[error("it was sealed by cipher {0}, which this installation does not use")]
    OtherCipher(u8),
    /// Another region, case or field, or other bytes than were written.
    #[error("it was sealed for another place, or is damaged")]
    Foreign,
}

/// Cipher and number of the key stand before nonce and ciphertext.
const HEAD_BYTES: usize = 3;

/// What a key is for, as the record notes it.
pub const SEAL: &str = "seal";
pub const LOOKUP: &str = "lookup";

impl Keyring {
    /// Seals a contact to its place: it opens for this region, case and field only. Never the same twice.
    pub fn seal(&self, region: RegionId, case: CaseId, field: &str, value: &str, random: &dyn Random) -> Vec<u8> {
        self.seal_at(&place(region, case, field), value, random)
    }

    /// # Errors
    /// [`Unopened`].
    pub fn open(&self, region: RegionId, case: CaseId, field: &str, sealed: &[u8]) -> Result<String, Unopened> {
        self.open_at(&place(region, case, field), sealed)
    }

    /// Seals a value to a place, in whose words the purpose comes first.
    pub(crate) fn seal_at(&self, place: &str, value: &str, random: &dyn Random) -> Vec<u8> {
        let (number, key) = self.current();
        let mut nonce = vec![0; self.suite.nonce_bytes()];
        random.fill(&mut nonce);
        let sealed = self.suite.seal(&key, &nonce, place.as_bytes(), value.as_bytes());
        [&[self.suite.code()], number.to_be_bytes().as_slice(), &nonce, &sealed].concat()
    }

    /// # Errors
    /// [`Unopened`].
    pub(crate) fn open_at(&self, place: &str, sealed: &[u8]) -> Result<String, Unopened> {
        let (&[cipher, high, low], rest) = sealed.split_first_chunk::<HEAD_BYTES>().ok_or(Unopened::Foreign)?;
        if cipher != self.suite.code() {
            return Err(Unopened::OtherCipher(cipher));
        }
        let number = u16::from_be_bytes([high, low]);
        let key = match self.key(number) {
            Some(key) => key,
            None => {
                // Sealed with a key that was added since the file was read.
                self.reload().map_err(|_| Unopened::KeyMissing(number))?;
                self.key(number).ok_or(Unopened::KeyMissing(number))?
            }
        };
        let (nonce, rest) = rest.split_at_checked(self.suite.nonce_bytes()).ok_or(Unopened::Foreign)?;
        let value = self.suite.open(&key, nonce, place.as_bytes(), rest);
        value.and_then(|value| String::from_utf8(value).ok()).ok_or(Unopened::Foreign)
    }

    /// Was it sealed with the key in use? After a change of keys, what was not is opened and sealed again, and then the
    /// old line may go from the key file.
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        let [high, low] = self.current().0.to_be_bytes();
        sealed.starts_with(&[self.suite.code(), high, low])
    }

    /// The number of the key it was sealed with; `None` for what no key sealed.
    pub fn number_of(&self, sealed: &[u8]) -> Option<u16> {
        match sealed {
            [cipher, high, low, ..] if *cipher == self.suite.code() => Some(u16::from_be_bytes([*high, *low])),
            _ => None,
        }
    }

    /// Keyed digest of a value, however it was written, to find everything one person gave. Does not change with the sealing keys.
    pub fn index(&self, field: &str, value: &str) -> Digest {
        Digest(self.keyed(field, normal(field, value).as_bytes()))
    }

    /// The code that the first releases put on the receipt of a case. New ones are random; this one is honoured until its
    /// case has ended (`docs/adr/0016-codes-and-keys-are-random.md`).
    pub fn derived_receipt_code(&self, case: &str) -> String {
        secrets::receipt_code(self.keyed("receipt", case.as_bytes()))
    }

    /// What the record keeps of a receipt code. Keyed, because eight characters could be tried out against a plain digest.
    pub fn receipt_digest(&self, case: CaseId, code: &str) -> Digest {
        Digest(self.keyed("receipt digest", format!("{case} {code}").as_bytes()))
    }

    /// The secret that the first releases gave an API client: an answer of theirs that is repeated holds only the id.
    pub fn derived_client_key(&self, client: ClientId) -> [u8; 32] {
        self.keyed("client key", client.to_string().as_bytes())
    }

    /// What is kept of a request with an idempotency key. Keyed, because a telephone number or a password in it could be
    /// tried out against a plain digest.
    pub fn request_digest(&self, request: &[u8]) -> Digest {
        Digest(self.keyed("request", request))
    }

    /// What tries of a secret are counted under: whose, and from where, cannot be read from it.
    pub(crate) fn try_digest(&self, of: &[&str]) -> Digest {
        self.digest_of("try", of)
    }

    /// What tells these keys from others, by purpose and number, and says nothing of them.
    pub fn digests(&self) -> Vec<(&'static str, u16, Digest)> {
        let digest = |key: &[u8; 32]| Digest(self.suite.keyed(key, b"gewu key\0"));
        let seals = self.numbers().into_iter().filter_map(|number| Some((SEAL, number, digest(&*self.key(number)?))));
        seals.chain([(LOOKUP, 0, digest(self.lookup()))]).collect()
    }

    /// A keyed digest of several words in their order.
    pub(crate) fn digest_of(&self, purpose: &str, words: &[&str]) -> Digest {
        let whole = words.iter().map(|word| format!("{} {word}", word.len())).collect::<Vec<_>>().join(" ");
        Digest(self.keyed(purpose, whole.as_bytes()))
    }

    /// A purpose never sees the digests of another.
    fn keyed(&self, purpose: &str, value: &[u8]) -> [u8; 32] {
        self.suite.keyed(self.lookup(), &[purpose.as_bytes(), b"\0", value].concat())
    }
}

fn place(region: RegionId, case: CaseId, field: &str) -> String {
    format!("gewu contact {region} {case} {field}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SeededRandom;
    use proptest::prelude::*;
    use uuid::Uuid;

    const REGION: RegionId = RegionId(110_101);

    fn case(number: u128) -> CaseId {
        CaseId(Uuid::from_u128(number))
    }

    fn keyring() -> Keyring {
        Keyring::parse("seal 1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\nlookup 202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f\n").unwrap()
    }

    fn sealed(keyring: &Keyring, value: &str) -> Vec<u8> {
        keyring.seal(REGION, case(7), "phone", value, &SeededRandom::new(1))
    }

    #[test]
    fn a_value_opens_in_its_own_place_only() {
        let keyring = keyring();
        let sealed = sealed(&keyring, "13812345678");
        assert_eq!(keyring.open(REGION, case(7), "phone", &sealed).unwrap(), "13812345678");
        for (region, case, field) in
            [(RegionId(110_102), case(7), "phone"), (REGION, case(8), "phone"), (REGION, case(7), "name")]
        {
            assert_eq!(keyring.open(region, case, field, &sealed), Err(Unopened::Foreign));
        }
    }

    #[test]
    fn a_changed_or_shortened_value_does_not_open() {
        let keyring = keyring();
        let sealed = sealed(&keyring, "13812345678");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(keyring.open(REGION, case(7), "phone", &changed).is_err(), "byte {at}");
            assert!(keyring.open(REGION, case(7), "phone", &sealed[..at]).is_err(), "{at} bytes");
        }
    }

    #[test]
    fn the_same_value_is_never_sealed_the_same() {
        let keyring = keyring();
        let random = SeededRandom::new(1);
        let twice = [(); 2].map(|()| keyring.seal(REGION, case(7), "name", "李明", &random));
        assert_ne!(twice[0], twice[1]);
    }

    #[test]
    fn after_a_change_of_keys_old_values_open_and_new_ones_use_the_new_key() {
        let before = keyring();
        let old = sealed(&before, "13812345678");
        let both = before.with_fresh(&SeededRandom::new(5));
        assert_eq!(both.open(REGION, case(7), "phone", &old).unwrap(), "13812345678");
        assert!(before.is_current(&old) && !both.is_current(&old));
        let new = sealed(&both, "13812345678");
        assert!(both.is_current(&new));
        assert_eq!(before.open(REGION, case(7), "phone", &new), Err(Unopened::KeyMissing(2)));
        assert_eq!(both.index("phone", "13812345678"), before.index("phone", "13812345678"));
        assert_eq!(both.derived_receipt_code("case_1"), before.derived_receipt_code("case_1"));
    }

    /// Made with libsodium (PyNaCl) and Python's hmac: what was sealed before opens after every change of this code.
    #[test]
    fn what_another_program_sealed_opens() {
        let keyring = keyring();
        let hex = "010001404142434445464748494a4b4c4d4e4f5051525354555657e50a3d41e2d34d23b9c3bf32f0fd6475c2c00829fb2395385f1fff";
        let bytes: Vec<u8> =
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
        assert_eq!(keyring.open(REGION, case(7), "phone", &bytes).unwrap(), "13812345678");
        assert_eq!(
            keyring.index("phone", "13812345678").to_string(),
            "f93f3e9223777edeaaa2ccb123705ca5a74ef17c867cf016a221ef2d9933f0d8"
        );
        assert_eq!(keyring.derived_receipt_code("case_1"), "5FATCEEU");
    }

    #[test]
    fn one_number_in_many_spellings_has_one_index_and_another_field_has_another() {
        let keyring = keyring();
        let index = keyring.index("phone", "13812345678");
        for spelling in ["138 1234 5678", "+86 138-1234-5678", "008613812345678", "１３８１２３４５６７８"] {
            assert_eq!(keyring.index("phone", spelling), index, "{spelling}");
        }
        assert_ne!(keyring.index("phone", "13812345679"), index);
        assert_ne!(keyring.index("name", "13812345678"), index);
    }

    #[test]
    fn the_digest_of_a_receipt_code_depends_on_case_and_keys() {
        let keyring = keyring();
        let digest = keyring.receipt_digest(case(7), "ABCD2345");
        assert_ne!(keyring.receipt_digest(case(8), "ABCD2345"), digest);
        assert_ne!(Keyring::fresh(&SeededRandom::new(3)).receipt_digest(case(7), "ABCD2345"), digest);
    }

    proptest! {
        #[test]
        fn whatever_was_sealed_opens_and_does_not_show(value in ".{0,80}", seed: u64) {
            let keyring = keyring();
            let sealed = keyring.seal(REGION, case(9), "name", &value, &SeededRandom::new(seed));
            prop_assert!(value.len() < 4 || !sealed.windows(value.len()).any(|part| part == value.as_bytes()));
            prop_assert_eq!(keyring.open(REGION, case(9), "name", &sealed).unwrap(), value);
        }

        #[test]
        fn no_bytes_whatever_break_the_opening(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            prop_assert!(keyring().open(REGION, case(9), "name", &bytes).is_err());
        }
    }
}
