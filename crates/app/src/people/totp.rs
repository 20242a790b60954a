//! The second factor: codes of six digits that change every half minute (RFC 6238), and recovery codes for a lost phone.
//!
//! The secret is kept sealed, recovery codes as keyed digests. A code is taken once: its time step is noted, and only later
//! ones are taken after it. Which roles must have one is the city's policy. Start at [`App::offer_totp`].

use crate::{App, AppError, Caller, Problem, passwords, sealing::Keyring, secrets};
use gewu_domain::ids::{PersonId, RegionId};
use gewu_store::{Change, people::AccountRow};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha1::Sha1;

/// The length of HMAC-SHA-1's output, as RFC 4226 advises.
const SECRET_BYTES: usize = 20;
const STEP_S: i64 = 30;
const DIGITS: usize = 6;
/// Clocks of phones go wrong by a step to either side.
const DRIFT: i64 = 1;
const RECOVERY_CODES: usize = 10;

/// A secret on its way into somebody's phone; nothing is kept of it until a code made of it comes back.
#[derive(Clone)]
pub struct Offer {
    /// To be typed by hand.
    pub key: String,
    /// To be scanned.
    pub uri: String,
    /// The secret, sealed: sent back with the first code.
    pub sealed: String,
}

/// How somebody's second factor stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TotpState {
    pub is_on: bool,
    /// The policy asks for it in a post that is held now.
    pub is_needed: bool,
    pub recovery_codes: usize,
}

impl App {
    /// # Errors
    /// [`AppError::SignedOut`] for callers without an account.
    pub async fn totp_state(&self, caller: &Caller) -> Result<TotpState, AppError> {
        let account = self.own_account(caller).await?;
        let view = self.store.city().await?;
        let posts = view.posts_of(account.person).await?;
        let now = self.now();
        let is_needed = posts.iter().any(|post| post.is_held_at(now) && self.asks_totp_of(post.role));
        let recovery_codes = view.recovery_codes(account.person).await?.len();
        Ok(TotpState { is_on: account.totp.is_some(), is_needed, recovery_codes })
    }

    /// Does the policy ask for a second factor in this role?
    pub(super) fn asks_totp_of(&self, role: gewu_domain::people::Role) -> bool {
        self.snapshot().is_ok_and(|snapshot| snapshot.city.policy.second_factor.contains(&role))
    }

    /// A fresh secret for the caller's phone.
    ///
    /// # Errors
    /// [`AppError::SignedOut`] for callers without an account.
    pub async fn offer_totp(&self, caller: &Caller) -> Result<Offer, AppError> {
        let account = self.own_account(caller).await?;
        let mut secret = [0; SECRET_BYTES];
        self.random.fill(&mut secret);
        let key = base32(&secret);
        let uri = format!(
            "otpauth://totp/Gewu:{}?secret={key}&issuer=Gewu&algorithm=SHA1&digits={DIGITS}&period={STEP_S}",
            percent_encoded(&account.login)
        );
        let sealed = self.keyring.seal_at(&offer_place(&account), &hex(&secret), self.random.as_ref());
        Ok(Offer { key, uri, sealed: hex(&sealed) })
    }

    /// Turns the second factor on, or on with another secret. Gives the recovery codes, which are shown this once.
    ///
    /// # Errors
    /// [`AppError::Invalid`] when the present password or the code is wrong, or the offer is not the caller's any more;
    /// [`AppError::TooMany`] after too many wrong ones.
    pub async fn enrol_totp(
        &self,
        caller: &Caller,
        present: &str,
        offer: &str,
        code: &str,
    ) -> Result<Vec<String>, AppError> {
        let account = self.own_account(caller).await?;
        self.compare_present(caller, &account, present).await?;
        let offered = unhex(offer).and_then(|sealed| self.keyring.open_at(&offer_place(&account), &sealed).ok());
        let secret = offered.and_then(|secret| unhex(&secret)).ok_or_else(|| {
            Problem::new(
                "offer",
                "stale",
                "这个密钥已失效，请重新打开页面",
                "this key is out of date: open the page again",
            )
        })?;
        let step = step_of(&secret, code, self.now()).ok_or_else(wrong_code)?;
        let codes: Vec<String> = (0..RECOVERY_CODES)
            .map(|_| {
                let mut bytes = [0; 32];
                self.random.fill(&mut bytes);
                secrets::receipt_code(bytes)
            })
            .collect();
        let person = account.person;
        let totp = self.keyring.seal_at(&place(person), &hex(&secret), self.random.as_ref());
        let recovery_codes = codes.iter().map(|code| self.keyring.recovery_digest(person, code)).collect();
        let changes = vec![
            Change::SetTotp { person, was: account.version, totp: Some(totp), recovery_codes },
            Change::UseStep { person, step },
            Change::Audit(self.audit_row(caller, "totp_set", person.to_string(), true)),
        ];
        self.store.apply(RegionId(0), changes.into()).await?;
        Ok(codes)
    }

    /// Turns the caller's second factor off.
    ///
    /// # Errors
    /// [`AppError::Invalid`] when the present password is wrong, or the policy asks for a second factor.
    pub async fn remove_totp(&self, caller: &Caller, present: &str) -> Result<(), AppError> {
        if self.totp_state(caller).await?.is_needed {
            return Err(Problem::new(
                "totp",
                "needed",
                "您的岗位必须使用两步验证，不能关闭；换手机请重新设置",
                "your post must have a second factor: set it up anew on another phone instead",
            )
            .into());
        }
        let account = self.own_account(caller).await?;
        self.compare_present(caller, &account, present).await?;
        let person = account.person;
        let changes = vec![
            Change::SetTotp { person, was: account.version, totp: None, recovery_codes: Vec::new() },
            Change::Audit(self.audit_row(caller, "totp_removed", person.to_string(), true)),
        ];
        Ok(self.store.apply(RegionId(0), changes.into()).await?)
    }

    /// Takes somebody's second factor away, for a lost phone without recovery codes; their sessions end.
    ///
    /// # Errors
    /// [`AppError::Forbidden`], [`AppError::NotFound`].
    pub async fn reset_totp(&self, caller: &Caller, login: &str) -> Result<(), AppError> {
        let reach = self.reach(caller)?;
        let view = self.store.city().await?;
        let account = view.account(&login.trim().to_lowercase()).await?.ok_or(AppError::NotFound)?;
        let person = view.person(account.person).await?.ok_or(AppError::NotFound)?;
        reach.over_person(&person, &view.posts_of(person.id).await?, self.now())?;
        drop(view);
        let person = account.person;
        let changes = vec![
            Change::SetTotp { person, was: account.version, totp: None, recovery_codes: Vec::new() },
            Change::EndSessionsOf(person),
            Change::Audit(self.audit_row(caller, "totp_reset", person.to_string(), true)),
        ];
        Ok(self.store.apply(RegionId(0), changes.into()).await?)
    }

    /// The change that uses a code up; none when it fits nothing. Whether it was used before the store says.
    pub(super) fn code_used(
        &self,
        account: &AccountRow,
        code: &str,
        now: Timestamp,
    ) -> Result<Option<Change>, AppError> {
        let Some(sealed) = &account.totp else { return Ok(None) };
        let person = account.person;
        if let Some(code) = secrets::read_receipt_code(code) {
            return Ok(Some(Change::UseRecoveryCode { person, code: self.keyring.recovery_digest(person, &code) }));
        }
        let secret = self.keyring.open_at(&place(person), sealed).map_err(|error| AppError::Failed(Box::new(error)))?;
        let secret = unhex(&secret).unwrap_or_default();
        Ok(step_of(&secret, code, now).map(|step| Change::UseStep { person, step }))
    }

    pub(super) async fn own_account(&self, caller: &Caller) -> Result<AccountRow, AppError> {
        let person = caller.person().ok_or(AppError::SignedOut)?;
        self.store.city().await?.account_of(person).await?.ok_or(AppError::SignedOut)
    }

    /// Compares the password of somebody who is signed in. A wrong one is counted: a session left open is no place to guess
    /// it.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for a wrong one, [`AppError::TooMany`].
    pub(super) async fn compare_present(
        &self,
        caller: &Caller,
        account: &AccountRow,
        present: &str,
    ) -> Result<(), AppError> {
        self.take_try(&self.own_keys(account.person), self.now()).await?;
        let (given, stored) = (present.to_owned(), account.password.0.clone());
        if passwords::apart(move || passwords::verify(&given, &stored)).await? {
            let right = Change::ForgetTries(super::tries::digests(&self.own_keys(account.person)));
            self.store.apply(RegionId(0), vec![right].into()).await?;
            return Ok(());
        }
        let refused = self.audit_row(caller, "password_refused", account.person.to_string(), false);
        self.store.apply(RegionId(0), vec![Change::Audit(refused)].into()).await?;
        Err(Problem::new("present", "wrong", "现在的密码不对", "the present password is wrong").into())
    }

    /// Seals every second factor with the key in use; gives how many were looked at, sealed anew and did not open.
    pub(crate) async fn reseal_totps(&self) -> Result<[u64; 3], AppError> {
        let totps = self.store.city().await?.totps().await?;
        let mut done = [0_u64; 3];
        let [looked_at, resealed, unopened] = &mut done;
        for (person, was) in totps {
            *looked_at += 1;
            if self.keyring.is_current(&was) {
                continue;
            }
            match self.keyring.open_at(&place(person), &was) {
                Ok(secret) => {
                    let sealed = self.keyring.seal_at(&place(person), &secret, self.random.as_ref());
                    let change = Change::ResealTotp { person, was, sealed };
                    self.store.apply(RegionId(0), vec![change].into()).await?;
                    *resealed += 1;
                }
                Err(_) => *unopened += 1,
            }
        }
        Ok(done)
    }
}

/// A code that does not fit, was used before, or whose time is over.
pub(super) fn wrong_code() -> AppError {
    Problem::new(
        "code",
        "wrong_code",
        "验证码不对，或已经用过；请等下一个",
        "the code is wrong or was used before: wait for the next one",
    )
    .into()
}

fn place(person: PersonId) -> String {
    format!("gewu totp {person}")
}

/// An offer ends when the account changes.
fn offer_place(account: &AccountRow) -> String {
    format!("gewu totp offer {} {}", account.person, account.version)
}

/// The time step whose code this is; none when it is no code of about now.
fn step_of(secret: &[u8], code: &str, now: Timestamp) -> Option<i64> {
    let digits: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
    let step = now.as_second().div_euclid(STEP_S);
    (step - DRIFT..=step + DRIFT).find(|step| code_of(secret, *step, DIGITS) == digits)
}

/// The code of a time step (RFC 4226, 5.3).
fn code_of(secret: &[u8], step: i64, digits: usize) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(&step.to_be_bytes());
    let mac = mac.finalize().into_bytes();
    let offset = usize::from(mac.last().copied().unwrap_or_default() & 0x0f);
    let word = mac.get(offset..offset + 4).and_then(|word| word.try_into().ok()).map_or(0, u32::from_be_bytes);
    let number = u64::from(word & 0x7fff_ffff);
    let code = format!("{number:0digits$}");
    code.get(code.len().saturating_sub(digits)..).unwrap_or_default().to_owned()
}

/// RFC 4648 without padding.
fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::new();
    for chunk in bytes.chunks(5) {
        let mut word = [0_u8; 8];
        word.iter_mut().skip(3).zip(chunk).for_each(|(to, from)| *to = *from);
        let bits = u64::from_be_bytes(word);
        for at in 0..(chunk.len() * 8).div_ceil(5) {
            let letter = usize::try_from(bits >> (35 - 5 * at) & 31).unwrap_or_default();
            text.push(char::from(ALPHABET.get(letter).copied().unwrap_or(b'A')));
        }
    }
    text
}

fn percent_encoded(text: &str) -> String {
    let kept = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if kept(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let is_hex = text.len().is_multiple_of(2) && text.bytes().all(|letter| letter.is_ascii_hexdigit());
    let pairs = text.as_bytes().chunks_exact(2).map(|pair| std::str::from_utf8(pair).ok());
    is_hex.then(|| pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()).flatten()
}

impl Keyring {
    /// What is kept of a recovery code. Keyed, because eight characters could be tried out against a plain digest.
    fn recovery_digest(&self, person: PersonId, code: &str) -> gewu_domain::ids::Digest {
        self.digest_of("recovery code", &[&person.to_string(), code])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Appendix B of RFC 6238, SHA-1: eight digits.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let secret = b"12345678901234567890";
        for (second, code) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(code_of(secret, second / STEP_S, 8), code, "at {second}");
        }
    }

    /// Appendix D of RFC 4226: six digits.
    #[test]
    fn codes_of_six_digits_are_those_of_the_older_rfc() {
        let codes: Vec<String> = (0..10).map(|step| code_of(b"12345678901234567890", step, 6)).collect();
        assert_eq!(
            codes,
            ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]
        );
    }

    #[test]
    fn a_code_is_taken_a_step_early_or_late_and_no_more() {
        let secret = b"12345678901234567890";
        let at = |second| Timestamp::from_second(second).unwrap();
        for (second, step) in [(29, None), (30, Some(2)), (59, Some(2)), (60, Some(2)), (119, Some(2)), (120, None)] {
            assert_eq!(step_of(secret, "359 152", at(second)), step, "at {second}");
        }
        assert_eq!(step_of(secret, "", at(60)), None);
        assert_eq!(step_of(secret, "35915", at(60)), None);
    }

    /// The vectors of RFC 4648, 10.
    #[test]
    fn keys_are_written_in_base32() {
        for (text, written) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(text.as_bytes()), written);
        }
    }

    #[test]
    fn names_are_written_so_that_a_phone_reads_them() {
        assert_eq!(percent_encoded("zhang.san"), "zhang.san");
        assert_eq!(percent_encoded("张三&x"), "%E5%BC%A0%E4%B8%89%26x");
    }

    #[test]
    fn what_is_no_hex_is_none() {
        assert_eq!(unhex("00ff"), Some(vec![0, 255]));
        for wrong in ["0", "0g", "+1", "路"] {
            assert_eq!(unhex(wrong), None, "{wrong}");
        }
    }
}
