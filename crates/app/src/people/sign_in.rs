//! Signing in and out, and knowing again who is signed in.

use crate::{App, AppError, Caller, Identity, Problem, passwords, secrets, secrets::digest};
use gewu_domain::{
    ids::{PersonId, PostId, RegionId},
    people::Post,
};
use gewu_store::{
    Change, Changes,
    people::{AccountRow, PersonRow},
    sessions::SessionRow,
};
use jiff::{SignedDuration, Timestamp};

/// A fresh session: the secret goes into the cookie and nowhere else.
#[derive(Clone)]
pub struct SignedIn {
    pub secret: String,
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
}

impl App {
    /// Signs somebody in. Wrong name and wrong password are not told apart, and take as long.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for a wrong name or password, [`AppError::TooMany`] while the account is locked.
    pub async fn sign_in(&self, login: &str, password: &str, origin: &str) -> Result<SignedIn, AppError> {
        let now = self.now();
        let login = login.trim().to_lowercase();
        let view = self.store.city().await?;
        let account = view.account(&login).await?;
        drop(view);
        let caller = Caller::public(origin);
        let Some(account) = account else {
            let (cost, given) = (self.settings.password_cost, password.to_owned());
            passwords::apart(move || cost.verify_nobody(&given)).await?;
            self.note_sign_in(&caller, "sign_in_refused", None, Vec::new()).await?;
            return Err(wrong());
        };
        if let Err(locked) = self.unlocked(&account) {
            self.note_sign_in(&caller, "sign_in_locked", Some(account.person), Vec::new()).await?;
            return Err(locked);
        }
        let stored = account.password.clone();
        let given = password.to_owned();
        if !passwords::apart(move || passwords::verify(&given, &stored)).await? {
            let person = account.person;
            let account = self.after_failure(account);
            self.note_sign_in(&caller, "sign_in_refused", Some(person), vec![Change::Account(account)]).await?;
            return Err(wrong());
        }
        let secret = secrets::token("", self.random.as_ref());
        let posts = self.posts_now(account.person, now).await?;
        let session = SessionRow {
            id: self.ids.session(now, self.random.as_ref()),
            secret: digest(&secret),
            person: account.person,
            post: posts.first().map(|post| post.id),
            started_at: now,
            seen_at: now,
        };
        let person = account.person;
        let must_change = account.must_change;
        let mut changes = vec![Change::Session(session)];
        let is_outdated = self.settings.password_cost.is_outdated(&account.password);
        if is_outdated || account.failures > 0 || account.locked_until.is_some() {
            let password = if is_outdated { self.hashed(password.to_owned()).await? } else { account.password.clone() };
            changes.push(Change::Account(AccountRow { password, failures: 0, locked_until: None, ..account }));
        }
        self.note_sign_in(&caller, "signed_in", Some(person), changes).await?;
        Ok(SignedIn { secret, person, must_change })
    }

    /// # Errors
    /// [`AppError::TooMany`] while too many wrong passwords lock the account.
    pub(super) fn unlocked(&self, account: &AccountRow) -> Result<(), AppError> {
        let now = self.now();
        let Some(until) = account.locked_until.filter(|until| *until > now) else { return Ok(()) };
        let wait_s = until.duration_since(now).as_secs().clamp(1, i64::from(u32::MAX));
        Err(AppError::TooMany { wait_s: u32::try_from(wait_s).unwrap_or(u32::MAX) })
    }

    /// The account after one more wrong password: locked for a while when that was one too many.
    pub(super) fn after_failure(&self, account: AccountRow) -> AccountRow {
        let failures = account.failures.saturating_add(1);
        if failures < self.settings.failures_most {
            return AccountRow { failures, locked_until: None, ..account };
        }
        let lock = SignedDuration::from_mins(i64::from(self.settings.lock_minutes));
        AccountRow { failures: 0, locked_until: self.now().checked_add(lock).ok(), ..account }
    }

    /// Who holds this session secret, if it still holds. Touches the session at most once a minute.
    ///
    /// # Errors
    /// [`AppError::SignedOut`] when the session is unknown, ended or idle for too long.
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
        let must_change = view.account_of(session.person).await?.is_some_and(|account| account.must_change);
        drop(view);
        let idle = now.duration_since(session.seen_at);
        if idle > SignedDuration::from_mins(i64::from(self.settings.idle_minutes)) {
            self.store.apply(RegionId(0), Changes::one(Change::EndSession(session.id))).await?;
            return Err(AppError::SignedOut);
        }
        let person = person.ok_or(AppError::SignedOut)?;
        let posts = self.posts_now(person.id, now).await?;
        if touches && idle > SignedDuration::from_mins(1) {
            let seen = SessionRow { seen_at: now, ..session.clone() };
            self.store.apply(RegionId(0), Changes::one(Change::Session(seen))).await?;
        }
        let post = posts.iter().find(|post| Some(post.id) == session.post).or(posts.first()).cloned();
        let identity = match post {
            Some(post) => Identity::Staff { person: person.id, session: Some(session.id), post },
            None => Identity::Postless { person: person.id, session: Some(session.id) },
        };
        Ok(Signed {
            caller: Caller { identity, origin: origin.to_owned() },
            person,
            posts,
            csrf: digest(&format!("csrf {secret}")).to_string(),
            must_change,
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
        let session = SessionRow { post: Some(post), seen_at: now, ..session };
        self.store.apply(RegionId(0), Changes::one(Change::Session(session))).await?;
        Ok(())
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
    ) -> Result<(), AppError> {
        let object = person.map(|person| person.to_string()).unwrap_or_default();
        let mut row =
            self.audit_row(caller, action, object, !action.ends_with("refused") && !action.ends_with("locked"));
        row.person = person;
        let mut changes = Changes::from(changes);
        changes.push(Change::Audit(row));
        self.store.apply(RegionId(0), changes).await?;
        Ok(())
    }
}

fn wrong() -> AppError {
    Problem::new("login", "wrong", "用户名或密码不对", "wrong name or password").into()
}
