//! Secrets that Gewu gives out: session and API tokens, and the codes on receipts.
//!
//! A token is random and only its digest is kept. A receipt code is short, because people write it down and read it out, so
//! what is kept of it is keyed ([`crate::sealing::Keyring::receipt_digest`]).

use crate::clock::Random;
use gewu_domain::ids::Digest;
use sha2::{Digest as _, Sha256};

/// A token of 256 random bits, as 64 hex digits behind a prefix that tells what it is.
pub fn token(prefix: &str, random: &dyn Random) -> String {
    let mut bytes = [0_u8; 32];
    random.fill(&mut bytes);
    token_of(prefix, bytes)
}

/// The token that these bytes are.
pub fn token_of(prefix: &str, bytes: [u8; 32]) -> String {
    bytes.iter().fold(prefix.to_owned(), |token, byte| format!("{token}{byte:02x}"))
}

/// What is kept of a token. Plain, because 256 random bits cannot be tried out; never for anything shorter.
pub fn digest(token: &str) -> Digest {
    Digest(Sha256::digest(token.as_bytes()).into())
}

/// Digits and capitals that are not taken for one another: no 0 and O, no 1, I and L.
const RECEIPT_ALPHABET: &[u8; 31] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";

const RECEIPT_CHARS: usize = 8;

/// The code of a receipt, of which the record keeps a digest only.
pub fn fresh_receipt_code(random: &dyn Random) -> String {
    let mut bytes = [0_u8; 32];
    random.fill(&mut bytes);
    receipt_code(bytes)
}

/// Eight characters that can be spoken and typed, one of 8.5 × 10¹¹, made of uniform bytes.
pub fn receipt_code(bytes: [u8; 32]) -> String {
    let [b0, b1, b2, b3, b4, b5, b6, b7, ..] = bytes;
    let mut number = u64::from_be_bytes([b0, b1, b2, b3, b4, b5, b6, b7]);
    let mut code = String::new();
    for _ in 0..RECEIPT_CHARS {
        let digit = usize::try_from(number % 31).expect("less than 31");
        code.push(char::from(*RECEIPT_ALPHABET.get(digit).expect("31 characters")));
        number /= 31;
    }
    code
}

/// A receipt code as it was typed: in small letters, full-width, with spaces or hyphens. `None` when it cannot be one.
pub fn read_receipt_code(typed: &str) -> Option<String> {
    let code: String = typed
        .chars()
        .map(|letter| match u32::from(letter) {
            wide @ 0xff01..=0xff5e => char::from_u32(wide - 0xfee0).unwrap_or(letter),
            _ => letter,
        })
        .filter(|letter| !letter.is_whitespace() && !matches!(letter, '-' | '–' | '—' | '.'))
        .map(|letter| letter.to_ascii_uppercase())
        .collect();
    let is_code = code.len() == RECEIPT_CHARS && code.bytes().all(|letter| RECEIPT_ALPHABET.contains(&letter));
    is_code.then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SeededRandom;
    use proptest::prelude::*;

    #[test]
    fn tokens_are_long_and_never_the_same() {
        let random = SeededRandom::new(1);
        let (one, two) = (token("gw_", &random), token("gw_", &random));
        assert_ne!(one, two);
        assert!(one.starts_with("gw_") && one.len() == 3 + 64, "{one}");
        assert_ne!(digest(&one), digest(&two));
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        for typed in ["ABCD2345", " abcd-2345 ", "abcd 2345", "ＡＢＣＤ２３４５", "AB.CD—23.45"] {
            assert_eq!(read_receipt_code(typed).as_deref(), Some("ABCD2345"), "{typed}");
        }
        for wrong in ["", "ABCD234", "ABCD23456", "ABCD234O", "ABCD2340", "路灯路灯路灯路灯"] {
            assert_eq!(read_receipt_code(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_character_comes_up_about_equally_often() {
        let random = SeededRandom::new(7);
        let mut counts = [0_u32; 128];
        for _ in 0..10_000 {
            let mut bytes = [0; 32];
            random.fill(&mut bytes);
            for letter in receipt_code(bytes).bytes() {
                counts[usize::from(letter)] += 1;
            }
        }
        for letter in RECEIPT_ALPHABET {
            assert!((2_300..2_870).contains(&counts[usize::from(*letter)]), "{}", char::from(*letter));
        }
    }

    proptest! {
        #[test]
        fn every_code_can_be_typed_back(bytes: [u8; 32]) {
            let code = receipt_code(bytes);
            prop_assert_eq!(read_receipt_code(&code.to_lowercase()), Some(code));
        }

        #[test]
        fn whatever_is_typed_is_a_code_or_none(typed in ".{0,20}") {
            prop_assert!(read_receipt_code(&typed).is_none_or(|code| code.len() == 8));
        }
    }
}
