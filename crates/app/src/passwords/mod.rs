//! Passwords: which are taken, how they are kept and compared.
//!
//! Knows no account and no lock-out (that is `people::sign_in`). Hashing and comparing take some 20 ms and 19 MB on purpose,
//! so they run [`apart`]. Start at [`check`] and [`Cost::hash`].

use crate::AppError;
use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version, password_hash::phc::Ident,
};
use serde::Deserialize;
use std::collections::BTreeSet;

/// NIST SP 800-63B asks for eight; accounts here open other people's data.
pub const CHARS_LEAST: usize = 10;

/// More would only cost time to hash.
pub const CHARS_MOST: usize = 128;

/// Words that people make passwords of, one a line, in small letters: English, pinyin, names, keyboard rows and our own trade.
const COMMON: &str = include_str!("common.txt");

/// Why a password is too weak, for the person who chose it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weak {
    pub zh: String,
    pub en: String,
}

fn weak(zh: impl Into<String>, en: impl Into<String>) -> Result<(), Weak> {
    Err(Weak { zh: zh.into(), en: en.into() })
}

/// Is a password good enough for this account?
///
/// Length, and not what everybody tries first; no demand for capitals and signs, which yields `Password1!` and is
/// advised against (NIST SP 800-63B 5.1.1.2). Turned-over letters (`p@ssw0rd`) count as the letters they stand for.
///
/// # Errors
/// [`Weak`] with the first reason found.
pub fn check(password: &str, login: &str) -> Result<(), Weak> {
    let chars = password.chars().count();
    if chars < CHARS_LEAST {
        return weak(
            format!("密码至少 {CHARS_LEAST} 个字符，现在是 {chars} 个；可以用几个不相干的词连起来"),
            format!("at least {CHARS_LEAST} characters, this has {chars}; several unrelated words in a row are good"),
        );
    }
    if chars > CHARS_MOST {
        return weak(format!("密码最多 {CHARS_MOST} 个字符"), format!("at most {CHARS_MOST} characters"));
    }
    let lower = password.to_lowercase();
    let login = login.trim().to_lowercase();
    if !login.is_empty() && (lower == login || (login.chars().count() > 2 && lower.contains(&login))) {
        return weak("密码里不能有用户名", "must not contain the sign-in name");
    }
    if lower.chars().all(|letter| !letter.is_alphabetic()) {
        return weak(
            "不能只用数字和符号，电话、生日、QQ 号很容易被猜到；请加上字母或汉字",
            "not of digits and signs alone: telephone numbers and birthdays are tried first; add letters",
        );
    }
    if lower.chars().collect::<BTreeSet<_>>().len() < 5 {
        return weak(
            "重复的字符太多，请用至少 5 个不同的字符",
            "too much repetition: use at least 5 different characters",
        );
    }
    if is_made_of_common_words(&lower) || is_made_of_common_words(&turned_back(&lower)) {
        return weak(
            "这个密码太常见，只由常用词、姓名或键盘顺序加数字组成；请换成别人想不到的",
            "too common: nothing but well-known words, names or keyboard rows with digits; choose what nobody would think of",
        );
    }
    Ok(())
}

/// Is a text nothing but listed words with digits and signs between them?
fn is_made_of_common_words(lower: &str) -> bool {
    let words: Vec<&str> = COMMON.lines().filter(|word| !word.is_empty()).collect();
    // Whether the text up to each byte is so made.
    let mut is_made = vec![false; lower.len() + 1];
    if let Some(start) = is_made.first_mut() {
        *start = true;
    }
    for (at, letter) in lower.char_indices() {
        if !is_made.get(at).copied().unwrap_or_default() {
            continue;
        }
        let rest = lower.get(at..).unwrap_or_default();
        let steps = words.iter().filter(|word| rest.starts_with(**word)).map(|word| word.len());
        for step in steps.chain((!letter.is_alphabetic()).then_some(letter.len_utf8())) {
            if let Some(reached) = is_made.get_mut(at + step) {
                *reached = true;
            }
        }
    }
    is_made.last().copied().unwrap_or_default()
}

/// `p@ssw0rd` → `password`. Digits at either end stay: there they are digits.
fn turned_back(lower: &str) -> String {
    let core = lower.trim_matches(|letter: char| !letter.is_alphabetic());
    core.chars()
        .map(|letter| match letter {
            '@' | '4' => 'a',
            '0' => 'o',
            '1' | '!' => 'i',
            '3' => 'e',
            '$' | '5' => 's',
            '7' => 't',
            other => other,
        })
        .collect()
}

/// What a hash costs whoever tries passwords, and us at each sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    pub memory_kib: u32,
    pub passes: u32,
    pub lanes: u32,
}

/// As the OWASP Password Storage Cheat Sheet advises for argon2id.
impl Default for Cost {
    fn default() -> Cost {
        Cost { memory_kib: 19_456, passes: 2, lanes: 1 }
    }
}

impl Cost {
    /// Hashes a password with argon2id (RFC 9106) into a PHC string, which says what it cost. The salt must be random.
    pub fn hash(self, password: &str, salt: &[u8; 16]) -> String {
        self.argon2()
            .hash_password_with_salt(password.as_bytes(), salt)
            .expect("a 16-byte salt is long enough, and the cost was made valid")
            .to_string()
    }

    /// Spends the time of a comparison when there is nobody to compare with: nothing fits.
    pub fn verify_nobody(self, password: &str) -> bool {
        self.hash(password, &[0; 16]).is_empty()
    }

    /// Was it hashed at another cost or by another method? Then it is hashed anew at the next sign-in, when the password is known.
    pub fn is_outdated(self, stored: &str) -> bool {
        let argon2 = self.argon2();
        !PasswordHash::new(stored).is_ok_and(|stored| {
            stored.algorithm == Ident::new(Algorithm::Argon2id.as_str()).expect("the name is an identifier")
                && stored.version == Some(Version::V0x13.into())
                && Params::try_from(&stored).is_ok_and(|cost| {
                    (cost.m_cost(), cost.t_cost(), cost.p_cost())
                        == (argon2.params().m_cost(), argon2.params().t_cost(), argon2.params().p_cost())
                })
        })
    }

    /// Values below what argon2 can do are raised to it.
    fn argon2(self) -> Argon2<'static> {
        let lanes = self.lanes.clamp(1, 64);
        let params = Params::new(self.memory_kib.max(8 * lanes), self.passes.max(1), lanes, None)
            .expect("at least 8 KiB a lane, one pass and one lane");
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
    }
}

/// Runs the work of a hash where it holds up nobody else.
///
/// # Errors
/// [`AppError::Failed`] when the work panics.
pub async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, AppError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| AppError::Failed(Box::new(error)))
}

/// Does the password fit the stored hash, whatever that cost? Compares in constant time; `false` for what is no hash.
pub fn verify(password: &str, stored: &str) -> bool {
    PasswordHash::new(stored)
        .is_ok_and(|stored| Argon2::default().verify_password(password.as_bytes(), &stored).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };

    fn says(password: &str, login: &str) -> String {
        check(password, login).err().map_or_else(|| "taken".to_owned(), |weak| weak.en)
    }

    #[test]
    fn weak_passwords_are_refused_with_their_reason() {
        for (password, reason) in [
            ("kurz", "at least 10"),
            ("井盖路灯垃圾桶树叶", "at least 10"),
            (&"x y".repeat(50), "at most 128"),
            ("Zhang.San-88", "sign-in name"),
            ("13812345678", "digits and signs"),
            ("1990-01-01 !!", "digits and signs"),
            ("aaaaaaaaaaaa", "repetition"),
            ("abababababab", "repetition"),
            ("Password2026!", "too common"),
            ("P@ssw0rd2026", "too common"),
            ("woaini5201314", "too common"),
            ("WoAiNi1314Baobei", "too common"),
            ("qq123456789", "too common"),
            ("1qaz2wsx3edc", "too common"),
            ("qwertyuiop", "too common"),
            ("abc123456789", "too common"),
            ("Admin@123456", "too common"),
            ("wangge12345", "too common"),
            ("Gewu@2026!!", "too common"),
            ("adminadmin1", "too common"),
            ("a123456789", "too common"),
        ] {
            let said = says(password, "zhang.san");
            assert!(said.contains(reason), "{password}: {said}");
            assert!(check(password, "zhang.san").unwrap_err().zh.contains("密码") || reason != "too common");
        }
    }

    #[test]
    fn good_passwords_are_taken_whatever_they_are_made_of() {
        for password in [
            "井盖不见了快来修一下",
            "correct horse battery",
            "lantern teapot 9 river",
            "kX7#pQ2!vB9m",
            "passwords of my aunt's cat",
            "wodelaojiazaishandong",
        ] {
            assert_eq!(says(password, "zhang.san"), "taken", "{password}");
        }
    }

    #[test]
    fn a_very_short_name_may_occur_inside() {
        assert_eq!(says("lantern teapot river", "te"), "taken");
        assert_eq!(says("lantern teapot river", "tea"), "must not contain the sign-in name");
        assert_eq!(says("lantern teapot river", ""), "taken");
    }

    #[test]
    fn the_list_is_sorted_small_and_single() {
        let words: Vec<&str> = COMMON.lines().collect();
        assert!(words.windows(2).all(|pair| pair[0] < pair[1]), "sort it: {words:?}");
        assert!(words.iter().all(|word| word.bytes().all(|letter| letter.is_ascii_lowercase())));
    }

    #[test]
    fn a_password_fits_its_own_hash_only() {
        let stored = CHEAP.hash("lantern teapot", &[7; 16]);
        assert!(verify("lantern teapot", &stored));
        assert!(!verify("lantern teapoT", &stored));
        assert!(!verify("lantern teapot", "no hash"));
        assert_ne!(CHEAP.hash("lantern teapot", &[8; 16]), stored);
    }

    #[test]
    fn the_usual_cost_is_what_owasp_advises() {
        let stored = Cost::default().hash("lantern teapot", &[7; 16]);
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(verify("lantern teapot", &stored));
    }

    #[test]
    fn a_hash_of_another_cost_or_method_is_outdated() {
        let stored = CHEAP.hash("lantern teapot", &[7; 16]);
        assert!(!CHEAP.is_outdated(&stored));
        assert!(Cost { passes: 2, ..CHEAP }.is_outdated(&stored));
        assert!(Cost { memory_kib: 128, ..CHEAP }.is_outdated(&stored));
        assert!(CHEAP.is_outdated(&stored.replace("argon2id", "argon2i")));
        assert!(CHEAP.is_outdated("$2b$12$abcdefghijklmnopqrstuv"));
    }

    #[test]
    fn a_senseless_cost_is_raised_to_what_can_be() {
        let nothing = Cost { memory_kib: 0, passes: 0, lanes: 0 };
        assert!(verify("lantern teapot", &nothing.hash("lantern teapot", &[7; 16])));
    }

    proptest! {
        #[test]
        fn any_text_is_judged(password in ".{0,150}", login in ".{0,10}") {
            if check(&password, &login).is_ok() {
                prop_assert!((CHARS_LEAST..=CHARS_MOST).contains(&password.chars().count()));
            }
        }
    }
}
