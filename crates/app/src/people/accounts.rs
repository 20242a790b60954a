//! Persons, their accounts and the posts they hold.

use crate::{
    App, AppError, Caller, Problem,
    cases::IdempotencyKey,
    passwords,
    reach::{Reach, region_of},
    secrets::digest,
};
use gewu_domain::{
    ids::{AreaCode, PersonId, PostId, RegionId, UnitCode},
    people::{Axis, Post, Role},
};
use gewu_store::{
    Change, Listing, Page,
    audit::AuditRow,
    people::{AccountRow, FIRST_VERSION, PasswordHash, PersonKey, PersonRow},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Somebody who shall work with the system.
#[derive(Clone, Serialize, Deserialize)]
pub struct NewPerson {
    pub name: String,
    pub login: String,
    pub password: String,
    pub unit: UnitCode,
    /// Must choose a password of their own at first sign-in.
    #[serde(default)]
    pub must_change: bool,
}

/// A post to be held.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewPost {
    pub person: PersonId,
    pub role: Role,
    pub unit: UnitCode,
    /// The unit's own territory when not said.
    pub area: Option<AreaCode>,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
}

/// How often a password is set anew for an account that others change at the same time.
const SETS_MOST: u32 = 5;

impl App {
    /// Opens an account.
    ///
    /// # Errors
    /// [`AppError::Forbidden`], [`AppError::Invalid`] for a weak password, an unknown unit or a taken name.
    pub async fn add_person(
        &self,
        caller: &Caller,
        key: Option<&IdempotencyKey>,
        new: NewPerson,
    ) -> Result<PersonId, AppError> {
        let reach = self.reach(caller)?;
        let once = self.once(RegionId(0), key, "add_person", &new);
        if let Some(before) = self.answered(&once).await? {
            return Ok(before);
        }
        let snapshot = self.snapshot()?;
        let login = new.login.trim().to_lowercase();
        let mut problems = Vec::new();
        if new.name.trim().is_empty() {
            problems.push(Problem::new("name", "empty", "请写姓名", "a name is needed"));
        }
        if !(3..=64).contains(&login.chars().count()) || login.chars().any(char::is_whitespace) {
            problems.push(Problem::new(
                "login",
                "bad_login",
                "用户名须为 3 到 64 个字，不含空格",
                "a sign-in name has 3 to 64 characters and no spaces",
            ));
        }
        if snapshot.city.units.get(&new.unit).is_none() {
            problems.push(Problem::new(
                "unit",
                "unknown_unit",
                format!("没有单位 {}", new.unit),
                format!("there is no unit {}", new.unit),
            ));
        }
        if let Err(weak) = passwords::check(&new.password, &login) {
            problems.push(Problem::new("password", "weak", weak.zh, weak.en));
        }
        if self.store.city().await?.account(&login).await?.is_some() {
            problems.push(Problem::new("login", "taken", "这个用户名已经有人用了", "this sign-in name is taken"));
        }
        if !problems.is_empty() {
            return Err(AppError::Invalid(problems));
        }
        reach.over_unit(&new.unit)?;
        let area = self.area_of_unit(&new.unit);
        let now = self.now();
        let id = self.ids.person(now, self.random.as_ref());
        let password = self.hashed(new.password).await?;
        let changes = vec![
            Change::Person(PersonRow { id, name: new.name.trim().to_owned(), unit: new.unit, is_active: true }),
            Change::OpenAccount(AccountRow {
                person: id,
                login,
                password: PasswordHash(password),
                must_change: new.must_change,
                changed_at: now,
                version: FIRST_VERSION,
                totp: None,
            }),
            Change::Audit(AuditRow { area, ..self.audit_row(caller, "person_added", id.to_string(), true) }),
        ];
        self.apply_once(&once, changes, id).await
    }

    /// Gives somebody a post. The role must lie on the unit's axis: nobody supervises and dispatches from one unit.
    ///
    /// # Errors
    /// [`AppError::Forbidden`], [`AppError::Invalid`], [`AppError::NotFound`] for an unknown person.
    pub async fn add_post(
        &self,
        caller: &Caller,
        key: Option<&IdempotencyKey>,
        new: NewPost,
    ) -> Result<PostId, AppError> {
        let reach = self.reach(caller)?;
        let once = self.once(RegionId(0), key, "add_post", &new);
        if let Some(before) = self.answered(&once).await? {
            return Ok(before);
        }
        let snapshot = self.snapshot()?;
        let view = self.store.city().await?;
        let person = view.person(new.person).await?.ok_or(AppError::NotFound)?;
        drop(view);
        reach.over_unit(&person.unit)?;
        let Some(unit) = snapshot.city.units.get(&new.unit) else {
            return Err(Problem::new("unit", "unknown_unit", "没有这个单位", "there is no such unit").into());
        };
        if !fits(new.role, unit.axis) {
            return Err(Problem::new(
                "role",
                "other_axis",
                "这个岗位不属于该单位的轴线：监督中心采集、受理、立案、核查、结案，指挥中心派遣，处置单位处置",
                "this role is not of the unit's axis: supervision collects, files, checks and closes; command dispatches; units handle",
            )
            .into());
        }
        let area = new.area.unwrap_or_else(|| unit.area.clone());
        let areas = &snapshot.city.areas;
        let Some(found) = areas.get(&area) else {
            return Err(Problem::new("area", "unknown_area", "没有这个区域", "there is no such area").into());
        };
        reach.over_unit(&new.unit)?;
        reach.over(&found.code)?;
        let region = if areas.is_whole(&area) { None } else { region_of(&area, areas) };
        let now = self.now();
        let post = Post {
            id: self.ids.post(now, self.random.as_ref()),
            person: new.person,
            role: new.role,
            unit: new.unit,
            region,
            area,
            from: new.from.unwrap_or(now),
            to: new.to,
        };
        let id = post.id;
        let audit =
            AuditRow { area: Some(post.area.clone()), ..self.audit_row(caller, "post_added", id.to_string(), true) };
        let changes = vec![Change::Post(post), Change::Audit(audit)];
        self.apply_once(&once, changes, id).await
    }

    /// Ends a post now; the person's sessions go on in their other posts. One that has ended keeps its end.
    ///
    /// # Errors
    /// [`AppError::Forbidden`], [`AppError::NotFound`].
    pub async fn end_post(&self, caller: &Caller, key: Option<&IdempotencyKey>, post: PostId) -> Result<(), AppError> {
        let reach = self.reach(caller)?;
        let once = self.once(RegionId(0), key, "end_post", &post);
        if self.answered::<()>(&once).await?.is_some() {
            return Ok(());
        }
        let now = self.now();
        let stands = self.store.city().await?.post(post).await?.ok_or(AppError::NotFound)?;
        reach.over_post(&stands)?;
        let mut changes = Vec::new();
        if stands.to.is_none_or(|to| to > now) {
            changes.push(Change::EndPost { post, at: now });
            let row = self.audit_row(caller, "post_ended", post.to_string(), true);
            changes.push(Change::Audit(AuditRow { area: Some(stands.area), ..row }));
        }
        self.apply_once(&once, changes, ()).await
    }

    /// Chooses a new password; every session of the person ends, and every browser is forgotten but the one that asks (by its
    /// device secret). A wrong present password is counted, so that a session left open is no place to guess it.
    ///
    /// # Errors
    /// [`AppError::Invalid`] when the present password is wrong or the new one too weak, [`AppError::TooMany`] after too many
    /// wrong ones, [`AppError::Conflict`] when it was changed by somebody else at the same time.
    pub async fn change_password(
        &self,
        caller: &Caller,
        present: &str,
        new: &str,
        device: Option<&str>,
    ) -> Result<(), AppError> {
        let account = self.own_account(caller).await?;
        self.compare_present(caller, &account, present).await?;
        if let Err(weak) = passwords::check(new, &account.login) {
            return Err(Problem::new("password", "weak", weak.zh, weak.en).into());
        }
        let once = self.once(RegionId(0), None, "change_password", &());
        let password = PasswordHash(self.hashed(new.to_owned()).await?);
        let forgotten = Change::ForgetDevicesOf { person: account.person, but: device.map(digest) };
        let changes = self.password_set(caller, &account, password, false, forgotten);
        self.apply_once(&once, changes, ()).await
    }

    /// Sets somebody's password; they must choose their own at the next sign-in.
    ///
    /// # Errors
    /// [`AppError::Forbidden`], [`AppError::NotFound`], [`AppError::Invalid`] for a weak one.
    pub async fn reset_password(
        &self,
        caller: &Caller,
        key: Option<&IdempotencyKey>,
        login: &str,
        new: &str,
    ) -> Result<(), AppError> {
        let reach = self.reach(caller)?;
        let once = self.once(RegionId(0), key, "reset_password", &(login, new));
        if self.answered::<()>(&once).await?.is_some() {
            return Ok(());
        }
        let login = login.trim().to_lowercase();
        let mut hashed = None;
        let mut tries = 0;
        loop {
            tries += 1;
            let view = self.store.city().await?;
            let account = view.account(&login).await?.ok_or(AppError::NotFound)?;
            let person = view.person(account.person).await?.ok_or(AppError::NotFound)?;
            reach.over_person(&person, &view.posts_of(person.id).await?, self.now())?;
            drop(view);
            if let Err(weak) = passwords::check(new, &account.login) {
                return Err(Problem::new("password", "weak", weak.zh, weak.en).into());
            }
            let password = match &hashed {
                Some(password) => PasswordHash::clone(password),
                None => hashed.insert(PasswordHash(self.hashed(new.to_owned()).await?)).clone(),
            };
            let forgotten = Change::ForgetDevicesOf { person: account.person, but: None };
            let changes = self.password_set(caller, &account, password, true, forgotten);
            match self.apply_once(&once, changes, ()).await {
                // Whatever the account was before, this is what it shall be.
                Err(AppError::Conflict) if tries < SETS_MOST => {}
                done => return done,
            }
        }
    }

    fn password_set(
        &self,
        caller: &Caller,
        account: &AccountRow,
        password: PasswordHash,
        must_change: bool,
        forgotten: Change,
    ) -> Vec<Change> {
        let person = account.person;
        let mut keys = self.sign_in_keys(&account.login, None, &caller.origin);
        keys.extend(self.own_keys(person));
        vec![
            Change::SetPassword { person, was: account.version, password, must_change, at: self.now() },
            forgotten,
            Change::ForgetTries(super::tries::digests(&keys)),
            Change::Audit(self.audit_row(caller, "password_changed", person.to_string(), true)),
        ]
    }

    /// Forgets a member of staff: the name goes, the account and posts end, the id stays in the facts.
    ///
    /// # Errors
    /// [`AppError::Forbidden`], [`AppError::NotFound`].
    pub async fn erase_person(
        &self,
        caller: &Caller,
        key: Option<&IdempotencyKey>,
        person: PersonId,
    ) -> Result<(), AppError> {
        let reach = self.reach(caller)?;
        let once = self.once(RegionId(0), key, "erase_person", &person);
        if self.answered::<()>(&once).await?.is_some() {
            return Ok(());
        }
        let view = self.store.city().await?;
        let row = view.person(person).await?.ok_or(AppError::NotFound)?;
        reach.over_person(&row, &view.posts_of(person).await?, self.now())?;
        drop(view);
        let area = self.area_of_unit(&row.unit);
        let changes = vec![
            Change::EndSessionsOf(person),
            Change::ErasePerson(person),
            Change::Audit(AuditRow { area, ..self.audit_row(caller, "person_erased", person.to_string(), true) }),
        ];
        self.apply_once(&once, changes, ()).await
    }

    /// People, by unit and id. Whoever is limited to an area finds those of the units in it, and of the units it lies in.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] for callers who are not staff.
    pub async fn people(
        &self,
        caller: &Caller,
        units: &[UnitCode],
        page: &Page<PersonKey>,
    ) -> Result<Listing<PersonRow, PersonKey>, AppError> {
        if caller.administrator().is_err() {
            caller.staff()?;
        }
        let near = match self.reach_of(caller)? {
            Reach::City => units.to_vec(),
            Reach::Area(own, snapshot) => {
                let areas = &snapshot.city.areas;
                let is_near = |area| areas.is_within(area, &own) || areas.is_within(&own, area);
                let all = snapshot.city.units.all().filter(|unit| is_near(&unit.area)).map(|unit| &unit.code);
                let near: Vec<UnitCode> =
                    all.filter(|unit| units.is_empty() || units.contains(unit)).cloned().collect();
                if near.is_empty() {
                    return Ok(Listing { rows: Vec::new(), next: None, previous: None });
                }
                near
            }
        };
        let view = self.store.city().await?;
        Ok(view.people(&near, page).await?)
    }

    /// One person, for administrators and themselves.
    ///
    /// # Errors
    /// [`AppError::Forbidden`], [`AppError::NotFound`].
    pub async fn person(&self, caller: &Caller, person: PersonId) -> Result<PersonRow, AppError> {
        let is_own = caller.person() == Some(person);
        let reach = if is_own { Reach::City } else { self.reach(caller)? };
        let view = self.store.city().await?;
        let row = view.person(person).await?.ok_or(AppError::NotFound)?;
        reach.over_unit(&row.unit)?;
        Ok(row)
    }

    /// What colleagues call these people; who was erased is left out.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] for callers who are not staff.
    pub async fn names_of(&self, caller: &Caller, people: &[PersonId]) -> Result<BTreeMap<PersonId, String>, AppError> {
        caller.staff()?;
        let view = self.store.city().await?;
        Ok(view.people_named(people).await?.into_iter().map(|person| (person.id, person.name)).collect())
    }

    /// Every post somebody holds or held, newest first.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] for anybody but administrators and the person.
    pub async fn posts_of(&self, caller: &Caller, person: PersonId) -> Result<Vec<Post>, AppError> {
        self.person(caller, person).await.map(drop).or_else(|error| match error {
            // Somebody without a row holds no post.
            AppError::NotFound => Ok(()),
            error => Err(error),
        })?;
        let view = self.store.city().await?;
        Ok(view.posts_of(person).await?)
    }

    pub(super) async fn hashed(&self, password: String) -> Result<String, AppError> {
        let mut salt = [0_u8; 16];
        self.random.fill(&mut salt);
        let cost = self.settings.password_cost;
        passwords::apart(move || cost.hash(&password, &salt)).await
    }
}

/// Does a role lie on a unit's axis? Oversight and administration sit wherever the city puts them.
fn fits(role: Role, axis: gewu_domain::unit::Axis) -> bool {
    use gewu_domain::unit::Axis as UnitAxis;
    match role.axis() {
        Axis::Supervision => axis == UnitAxis::Supervision,
        Axis::Command => axis == UnitAxis::Command,
        Axis::Handling => axis == UnitAxis::Handling,
        Axis::Oversight | Axis::Administration => true,
    }
}
