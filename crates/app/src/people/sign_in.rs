//! Signing in and out, and knowing again who is signed in.

use super::{devices, totp, tries};
use crate::{App, AppError, Caller, Identity, Problem, passwords, secrets, secrets::digest};
use gewu_domain::{
    ids::{PersonId, PostId, RegionId},
    people::Post,
};
use gewu_store::{
    Change, Changes, StoreError,
    people::{AccountRow, PasswordHash, PersonRow},
    sessions::{DeviceRow, SessionRow},
    tries::TryKey,
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// A try to sign in, with what is known of the browser.
#[derive(Clone, Copy, Default)]
pub struct Attempt<'a> {
    pub login: &'a str,
    pub password: &'a str,
    /// Of the second factor, or a recovery code; empty when none was given.
    pub code: &'a str,
    pub browser: Browser<'a>,
}

/// The browser that tries.
#[derive(Clone, Copy, Default)]
pub struct Browser<'a> {
    /// The secret it was given when somebody signed in with it before.
    pub device: Option<&'a str>,
    /// Its `User-Agent`.
    pub agent: &'a str,
    /// The network address, cut to /24 or /48.
    pub origin: &'a str,
}

/// How a right password was answered.
#[derive(Clone)]
pub enum Entered {
    In(SignedIn),
    /// The second factor is asked for; this goes back with its code ([`App::sign_in_with_code`]), for a few minutes.
    CodeNeeded(String),
}

/// A fresh session: the secrets go into cookies and nowhere else.
#[derive(Clone)]
pub struct SignedIn {
    pub secret: String,
    /// By this the browser is known when it comes back.
    pub device: String,
    pub person: PersonId,
    pub must_change: bool,
}

/// Somebody signed in, with what their pages need.
#[derive(Debug, Clone)]
pub struct Signed {
    pub caller: Caller,
    pub person: PersonRow,
    /// Posts held now, by id.
    pub posts: Vec<Post>,
    /// Goes into every form and is compared when it comes back.
    pub csrf: String,
    /// Must choose a password of their own before anything else.
    pub must_change: bool,
    /// Must set up a second factor before anything else: the policy asks for it in a post they hold.
    pub must_enrol: bool,
}

/// How long the second factor may take after the password.
const STEP_FOR: SignedDuration = SignedDuration::from_mins(5);

impl App {
    /// Signs somebody in. Wrong name and wrong password are not told apart, take as long, and are slowed down alike (see
    /// [`super::tries`]).
    ///
    /// # Errors
    /// [`AppError::Invalid`] for a wrong name, password or code, [`AppError::TooMany`] while there is to be waited.
    pub async fn sign_in(&self, attempt: Attempt<'_>) -> Result<Entered, AppError> {
        let now = self.now();
        let login = attempt.login.trim().to_lowercase();
        let view = self.store.city().await?;
        let account = view.account(&login).await?;
        drop(view);
        let person = account.as_ref().map(|account| account.person);
        let browser = attempt.browser;
        let device = self.known_device(person, browser.device, now).await?;
        let keys = self.sign_in_keys(&login, device, browser.origin);
        let caller = Caller::public(browser.origin);
        if let Err(barred) = self.take_try(&keys, now).await {
            self.note_sign_in(&caller, "sign_in_locked", person, Vec::new()).await?;
            return Err(barred);
        }
        let (given, cost) = (attempt.password.to_owned(), self.settings.password_cost);
        let stored = account.as_ref().map(|account| account.password.0.clone());
        let fits = passwords::apart(move || match stored {
            Some(stored) => passwords::verify(&given, &stored),
            None => cost.verify_nobody(&given),
        });
        let (true, Some(account)) = (fits.await?, account) else {
            self.note_sign_in(&caller, "sign_in_refused", person, Vec::new()).await?;
            return Err(wrong());
        };
        if account.totp.is_some() && attempt.code.is_empty() {
            return Ok(Entered::CodeNeeded(self.step_of(&account, now)));
        }
        let mut changes = self.second_factor(&account, attempt.code, &caller).await?;
        if cost.is_outdated(&account.password.0) {
            let password = PasswordHash(self.hashed(attempt.password.to_owned()).await?);
            changes.push(Change::Rehash { person: account.person, was: account.version, password });
        }
        self.enter(&account, browser, changes, &keys).await.map(Entered::In)
    }

    /// Goes on after [`Entered::CodeNeeded`].
    ///
    /// # Errors
    /// [`AppError::SignedOut`] when it took too long or the account changed meanwhile; else as [`App::sign_in`].
    pub async fn sign_in_with_code(&self, step: &str, code: &str, browser: Browser<'_>) -> Result<SignedIn, AppError> {
        let now = self.now();
        let account = self.account_of_step(step, now).await?.ok_or(AppError::SignedOut)?;
        let device = self.known_device(Some(account.person), browser.device, now).await?;
        let keys = self.sign_in_keys(&account.login, device, browser.origin);
        let caller = Caller::public(browser.origin);
        if let Err(barred) = self.take_try(&keys, now).await {
            self.note_sign_in(&caller, "sign_in_locked", Some(account.person), Vec::new()).await?;
            return Err(barred);
        }
        let changes = self.second_factor(&account, code, &caller).await?;
        self.enter(&account, browser, changes, &keys).await
    }

    /// The changes that use the code up, when the account asks for one.
    async fn second_factor(&self, account: &AccountRow, code: &str, caller: &Caller) -> Result<Vec<Change>, AppError> {
        if account.totp.is_none() {
            return Ok(Vec::new());
        }
        match self.code_used(account, code, self.now())? {
            Some(used) => Ok(vec![used]),
            None => {
                self.note_sign_in(caller, "sign_in_refused", Some(account.person), Vec::new()).await?;
                Err(totp::wrong_code())
            }
        }
    }

    /// Opens a session, if the account still is as it was compared with, and the code was not used before.
    async fn enter(
        &self,
        account: &AccountRow,
        browser: Browser<'_>,
        mut changes: Vec<Change>,
        keys: &[TryKey],
    ) -> Result<SignedIn, AppError> {
        let (now, person) = (self.now(), account.person);
        let secret = secrets::token("", self.random.as_ref());
        // One browser may be several people's: a secret it has stays.
        let device = browser.device.filter(|device| devices::is_secret(device)).map(str::to_owned);
        let device = device.unwrap_or_else(|| secrets::token("", self.random.as_ref()));
        let session = SessionRow {
            id: self.ids.session(now, self.random.as_ref()),
            secret: digest(&secret),
            person,
            post: self.posts_now(person, now).await?.first().map(|post| post.id),
            started_at: now,
            seen_at: now,
            device: devices::described(browser.agent),
        };
        let ends_at = now.saturating_add(devices::KNOWN_FOR).unwrap_or(now);
        let used_a_code = account.totp.is_some();
        changes.push(Change::OpenSession { session, was: account.version });
        changes.push(Change::KnowDevice(DeviceRow { person, secret: digest(&device), ends_at }));
        changes.push(Change::ForgetTries(tries::digests(keys)));
        let caller = Caller::public(browser.origin);
        match self.note_sign_in(&caller, "signed_in", Some(person), changes).await {
            Ok(()) => Ok(SignedIn { secret, device, person, must_change: account.must_change }),
            Err(StoreError::Stale { .. }) if used_a_code => {
                self.note_sign_in(&caller, "sign_in_refused", Some(person), Vec::new()).await?;
                Err(totp::wrong_code())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Says that the password of this account was right just now.
    fn step_of(&self, account: &AccountRow, now: Timestamp) -> String {
        let ends_at = now.saturating_add(STEP_FOR).unwrap_or(now).as_second();
        let (person, version) = (account.person, account.version);
        let seal = self.keyring.digest_of("sign-in step", &[&format!("{person}.{version}.{ends_at}")]);
        format!("{person}.{version}.{ends_at}.{seal}")
    }

    /// The account such words are about, while they hold.
    async fn account_of_step(&self, step: &str, now: Timestamp) -> Result<Option<AccountRow>, AppError> {
        let Some((said, seal)) = step.rsplit_once('.') else { return Ok(None) };
        // Compared as digests of digests: how long it takes tells nothing of what is right.
        let wanted = self.keyring.digest_of("sign-in step", &[said]).to_string();
        let is_ours = digest(&wanted) == digest(seal);
        let mut parts = said.split('.');
        let (person, version, ends_at) = (parts.next(), parts.next(), parts.next());
        let is_in_time =
            ends_at.and_then(|text| text.parse().ok()).is_some_and(|ends_at: i64| now.as_second() <= ends_at);
        let Some(person) = person.and_then(|text| text.parse().ok()).filter(|_| is_ours && is_in_time) else {
            return Ok(None);
        };
        let account = self.store.city().await?.account_of(person).await?;
        Ok(account.filter(|account| version == Some(account.version.to_string().as_str())))
    }

    /// Who holds this session secret, if it still holds. Touches the session at most once a minute.
    ///
    /// # Errors
    /// [`AppError::SignedOut`] when the session is unknown, ended, idle for too long or too old.
    pub async fn signed(&self, secret: &str, origin: &str) -> Result<Signed, AppError> {
        self.signed_in(secret, origin, true).await
    }

    /// As [`App::signed`], for what goes on by itself (a live stream): it keeps no session from going idle.
    ///
    /// # Errors
    /// As [`App::signed`].
    pub async fn still_signed(&self, secret: &str, origin: &str) -> Result<Signed, AppError> {
        self.signed_in(secret, origin, false).await
    }

    async fn signed_in(&self, secret: &str, origin: &str, touches: bool) -> Result<Signed, AppError> {
        let now = self.now();
        let view = self.store.city().await?;
        let session = view.session(digest(secret)).await?.ok_or(AppError::SignedOut)?;
        let person = view.person(session.person).await?.filter(|person| person.is_active);
        let account = view.account_of(session.person).await?;
        drop(view);
        let idle = now.duration_since(session.seen_at);
        if !self.holds(&session, now) {
            self.store.apply(RegionId(0), Changes::one(Change::EndSession(session.id))).await?;
            return Err(AppError::SignedOut);
        }
        let person = person.ok_or(AppError::SignedOut)?;
        let posts = self.posts_now(person.id, now).await?;
        if touches && idle > SignedDuration::from_mins(1) {
            self.store.apply(RegionId(0), Changes::one(Change::SeeSession { session: session.id, at: now })).await?;
        }
        let post = posts.iter().find(|post| Some(post.id) == session.post).or(posts.first()).cloned();
        let must_enrol = account.as_ref().is_some_and(|account| account.totp.is_none())
            && posts.iter().any(|post| self.asks_totp_of(post.role));
        let identity = match post {
            Some(post) => Identity::Staff { person: person.id, session: Some(session.id), post },
            None => Identity::Postless { person: person.id, session: Some(session.id) },
        };
        Ok(Signed {
            caller: Caller { identity, origin: origin.to_owned() },
            person,
            posts,
            csrf: digest(&format!("csrf {secret}")).to_string(),
            must_change: account.as_ref().is_some_and(|account| account.must_change),
            must_enrol,
        })
    }

    /// Goes on in another of one's own posts.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] for a post that is not held now.
    pub async fn choose_post(&self, secret: &str, post: PostId) -> Result<(), AppError> {
        let now = self.now();
        let view = self.store.city().await?;
        let session = view.session(digest(secret)).await?.ok_or(AppError::SignedOut)?;
        drop(view);
        if !self.posts_now(session.person, now).await?.iter().any(|held| held.id == post) {
            return Err(AppError::Forbidden("you do not hold this post now"));
        }
        let session = session.id;
        let changes = vec![Change::SwitchPost { session, post }, Change::SeeSession { session, at: now }];
        match self.store.apply(RegionId(0), changes.into()).await {
            // It ended between the look and the write.
            Err(StoreError::Stale { .. }) => Err(AppError::SignedOut),
            written => Ok(written?),
        }
    }

    /// Ends a session; an unknown one is fine.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sign_out(&self, secret: &str, origin: &str) -> Result<(), AppError> {
        let view = self.store.city().await?;
        let session = view.session(digest(secret)).await?;
        drop(view);
        if let Some(session) = session {
            let ended = vec![Change::EndSession(session.id)];
            self.note_sign_in(&Caller::public(origin), "signed_out", Some(session.person), ended).await?;
        }
        Ok(())
    }

    async fn posts_now(&self, person: PersonId, now: Timestamp) -> Result<Vec<Post>, AppError> {
        let view = self.store.city().await?;
        let mut posts = view.posts_of(person).await?;
        posts.retain(|post| post.is_held_at(now));
        posts.sort_by_key(|post| post.id);
        Ok(posts)
    }

    async fn note_sign_in(
        &self,
        caller: &Caller,
        action: &str,
        person: Option<PersonId>,
        changes: Vec<Change>,
    ) -> Result<(), StoreError> {
        let object = person.map(|person| person.to_string()).unwrap_or_default();
        let mut row =
            self.audit_row(caller, action, object, !action.ends_with("refused") && !action.ends_with("locked"));
        row.person = person;
        // Looked for also when there is none, so that a name nobody has takes as long.
        let signs = self.store.city().await?.person(person.unwrap_or(PersonId(Uuid::nil()))).await?;
        row.area = signs.and_then(|signs| self.area_of_unit(&signs.unit));
        let mut changes = Changes::from(changes);
        changes.push(Change::Audit(row));
        self.store.apply(RegionId(0), changes).await
    }
}

fn wrong() -> AppError {
    Problem::new("login", "wrong", "用户名或密码不对", "wrong name or password").into()
}
