//! The first word of a report: locate, classify as given, decide, keep, and hand out a receipt.

use crate::{
    App, AppError, Caller, Identity, Problem,
    cases::{
        IdempotencyKey, PhotoName, PhotoRef,
        act::TRIES,
        write::{self, day_of, in_time, record},
    },
    locate::Location,
    once::Once,
    secrets,
    uploads::too_many,
};
use gewu_domain::{
    case::{Case, ClassRef, Context, Report, Source},
    ids::{CaseId, ClassCode, Digest, RegionId},
    people::{Actor, Role},
    record::text_digest,
};
use gewu_store::{
    Change, Changes, StoreError,
    attachments::AttachmentRow,
    contacts::ContactRow,
    texts::{Giver, TextRow},
};
use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

/// A report as it comes through a door.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewReport {
    pub source: Source,
    #[serde(default)]
    pub location: Location,
    /// A class of the catalogue in force; nothing when the reporter does not know.
    #[serde(default)]
    pub class: Option<ClassCode>,
    #[serde(default)]
    pub words: String,
    #[serde(default)]
    pub photos: Vec<PhotoName>,
    #[serde(default)]
    pub contact: Contact,
    #[serde(default)]
    pub is_confidential: bool,
    #[serde(default)]
    pub is_urgent: bool,
    #[serde(default)]
    pub is_fixed_on_spot: bool,
}

/// How the reporter can be reached, as far as they want to be.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub phone: String,
    #[serde(default)]
    pub email: String,
}

impl Contact {
    /// Field names and values that were given.
    pub fn given(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [("name", self.name.trim()), ("phone", self.phone.trim()), ("email", self.email.trim())]
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
    }
}

impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Contact(…)")
    }
}

/// What the reporter keeps: with number and code they can follow, confirm and erase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    pub id: CaseId,
    pub region: RegionId,
    pub number: String,
    /// `None` for sources whose reporter is not given one (patrol, sensor).
    pub code: Option<String>,
    pub reported_at: Timestamp,
    pub is_placed: bool,
    pub due_at: Option<Timestamp>,
}

/// A receipt as it is kept for a repetition.
#[derive(Serialize, Deserialize)]
struct KeptReceipt {
    #[serde(flatten)]
    receipt: Receipt,
    /// Not so in answers of the first releases, which derived the code.
    #[serde(default)]
    is_random: bool,
    /// The code, sealed to this answer; it goes with it.
    #[serde(default)]
    sealed: Option<String>,
}

impl App {
    /// Takes a report in. When it returns, the report, its words and its photos are durable.
    ///
    /// The same key with the same report again gives the same receipt and does nothing.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every problem found, [`AppError::Refused`], [`AppError::KeyReused`].
    pub async fn report(
        &self,
        caller: &Caller,
        key: Option<&IdempotencyKey>,
        new: NewReport,
    ) -> Result<Receipt, AppError> {
        let mut open_from = Timestamp::MIN;
        for _ in 0..TRIES {
            match self.try_report(caller, key, &new, open_from).await? {
                Ok(receipt) => return Ok(receipt),
                Err(sealed) => open_from = write::open_from(sealed),
            }
        }
        Err(AppError::Conflict)
    }

    /// The receipt; or, when this day was sealed before the report was written, up to which day all are. Nothing before
    /// `open_from` can be recorded.
    async fn try_report(
        &self,
        caller: &Caller,
        key: Option<&IdempotencyKey>,
        new: &NewReport,
        open_from: Timestamp,
    ) -> Result<Result<Receipt, Date>, AppError> {
        self.may_report(caller, new.source)?;
        let request = self.request_digest(new);
        let key = key.map(|key| key.for_request(request));
        let snapshot = self.snapshot()?;
        let now = self.now();
        in_time(&snapshot.city.policy, now, now)?;
        let class = self.checked(new)?;

        let id = self.ids.case(now, self.random.as_ref());
        let giver =
            if caller.person().is_some() && new.source == Source::Patrol { Giver::Staff } else { Giver::Reporter };
        let mut changes = Changes::default();
        let address = new.location.address.as_deref().map(str::trim).filter(|address| !address.is_empty());
        let address_digest = address.map(|address| self.keep_text(&mut changes, id, address, giver, now));
        let located = snapshot.locate(&new.location, address_digest, day_of(&snapshot, now))?;
        if let Identity::Client { area: Some(own), .. } = &caller.identity
            && !located.place.path.contains(own)
        {
            return Err(AppError::Forbidden("the API key reports from another area"));
        }
        let named = match self.named(caller, &new.photos).await {
            Ok(named) => named,
            Err(error) => {
                // Asked for again, the first time took the photos.
                let Some(key) = key else { return Err(error) };
                let view = self.store.view(located.region).await?;
                return match view.answer(key.as_str()).await? {
                    Some(answer) if answer.request == request => {
                        self.repeat_receipt(&Once::of(located.region, &key, request), &answer.body).map(Ok)
                    }
                    _ => Err(error),
                };
            }
        };
        let words = new.words.trim();
        let text = (!words.is_empty()).then(|| self.keep_text(&mut changes, id, words, giver, now));

        let code = matches!(new.source, Source::Resident | Source::Hotline | Source::System)
            .then(|| secrets::fresh_receipt_code(self.random.as_ref()));
        let has_contact = new.contact.given().next().is_some();
        let number = self.numbers.next(self.store.as_ref(), located.region, day_of(&snapshot, now)).await?;
        let actor = match &caller.identity {
            Identity::Staff { post, .. } => Actor::of(post),
            Identity::Client { client, .. } => Actor::Client { client: *client },
            Identity::System => Actor::System,
            Identity::Reporter { .. } | Identity::Public | Identity::Postless { .. } => Actor::Reporter,
        };
        let report = Report {
            id,
            region: located.region,
            number: number.clone(),
            source: new.source,
            place: located.place,
            class,
            text,
            photos: named.photos.iter().map(|photo| photo.digest).collect(),
            receipt: code.as_ref().map(|code| self.keyring.receipt_digest(id, code)),
            is_answerable: code.is_some() || has_contact,
            is_confidential: new.is_confidential,
            is_urgent: new.is_urgent,
            is_fixed_on_spot: new.is_fixed_on_spot,
        };
        let context = Context { at: now, actor: &actor, city: &snapshot.city };
        let (case, mut facts) = Case::open(report, &context)?;
        record(&mut facts, now.max(open_from));

        self.keep_contact(&mut changes, &case, &new.contact, now);
        named.take(&mut changes);
        keep_photos(&mut changes, id, &named.photos, giver, now);
        let receipt = Receipt {
            id,
            region: located.region,
            number,
            code,
            reported_at: now,
            is_placed: case.place.is_placed,
            due_at: case.due_at(),
        };
        changes.answer = key.as_ref().map(|key| {
            let once = Once::of(located.region, key, request);
            let sealed = receipt.code.as_ref().and_then(|code| self.seal_answer(&once, code));
            let kept = KeptReceipt { receipt: Receipt { code: None, ..receipt.clone() }, is_random: true, sealed };
            key.answer(request, serde_json::to_string(&kept).expect("a receipt is plain data"), now)
        });
        let terms = search_terms(&case, words, address.unwrap_or_default());
        self.write_case(&mut changes, &snapshot, case.clone(), None, &facts, Some(terms));
        match self.store.apply(located.region, changes).await {
            Ok(()) => {
                self.announce_facts(&case, &facts);
                Ok(Ok(receipt))
            }
            Err(StoreError::Sealed { day }) => Ok(Err(day)),
            Err(StoreError::Repeated(answer)) => match key {
                Some(key) if answer.request == request => {
                    self.repeat_receipt(&Once::of(located.region, &key, request), &answer.body).map(Ok)
                }
                _ => Err(AppError::KeyReused),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// The receipt as it was given the first time; without its code when the key that sealed it has been dropped since.
    fn repeat_receipt(&self, once: &Once<'_>, body: &str) -> Result<Receipt, AppError> {
        let kept: KeptReceipt = serde_json::from_str(body).map_err(|error| AppError::Failed(Box::new(error)))?;
        let code = match &kept.sealed {
            Some(sealed) => self.open_answer(once, sealed).ok(),
            None if kept.is_random => None,
            None => Some(self.keyring.derived_receipt_code(&kept.receipt.id.to_string())),
        };
        Ok(Receipt { code, ..kept.receipt })
    }

    fn may_report(&self, caller: &Caller, source: Source) -> Result<(), AppError> {
        match (&caller.identity, source) {
            (Identity::System, _) => Ok(()),
            (Identity::Public | Identity::Reporter { .. }, Source::Resident) => Ok(()),
            (Identity::Client { .. }, Source::System | Source::Sensor) => caller.scope("report"),
            (Identity::Client { .. }, _) => Err(AppError::Forbidden("an API client reports as system or sensor")),
            (Identity::Staff { post, .. }, Source::Patrol) if post.role == Role::Collector => Ok(()),
            (Identity::Staff { post, .. }, Source::Hotline | Source::Leader | Source::Media)
                if matches!(post.role, Role::Acceptor | Role::DutyChief) =>
            {
                Ok(())
            }
            (Identity::Staff { .. }, Source::Resident) => Ok(()),
            _ => Err(AppError::Forbidden("this post does not report from this source")),
        }
    }

    /// Everything about a report that can be wrong by itself, and its class in the version in force.
    pub(crate) fn checked(&self, new: &NewReport) -> Result<Option<ClassRef>, AppError> {
        let snapshot = self.snapshot()?;
        let mut problems = Vec::new();
        let most = self.settings.text_chars_most;
        if new.words.chars().count() > most {
            problems.push(Problem::new(
                "words",
                "too_long",
                format!("文字最多 {most} 字"),
                format!("at most {most} characters"),
            ));
        }
        let location = &new.location;
        let says_where = location.point.is_some()
            || location.area.is_some()
            || location.part.as_deref().is_some_and(|part| !part.trim().is_empty())
            || location.address.as_deref().is_some_and(|address| !address.trim().is_empty());
        if !says_where && new.photos.is_empty() && new.words.trim().is_empty() {
            problems.push(Problem::new(
                "words",
                "empty",
                "请写一句话、拍一张照片，或者说明地点",
                "say something: a sentence, a photo or a place",
            ));
        }
        if location.address.as_deref().is_some_and(|address| address.chars().count() > 200) {
            problems.push(Problem::new("address", "too_long", "地址最多 200 字", "at most 200 characters"));
        }
        let most = usize::from(snapshot.city.policy.photos.most);
        if new.photos.len() > most {
            problems.push(too_many(most));
        }
        if !new.contact.email.trim().is_empty() && !looks_like_email(new.contact.email.trim()) {
            problems.push(Problem::new("email", "bad_email", "邮箱写得不对", "this is no e-mail address"));
        }
        let digits = new.contact.phone.chars().filter(char::is_ascii_digit).count();
        if !new.contact.phone.trim().is_empty() && !(5..=15).contains(&digits) {
            problems.push(Problem::new("phone", "bad_phone", "电话号码写得不对", "this is no telephone number"));
        }
        let scheme = &snapshot.city.policy.scheme;
        let class = match (&new.class, snapshot.city.catalogues.current(scheme)) {
            (Some(code), Some(catalogue)) if catalogue.get(code).is_some() => {
                Some(ClassRef { scheme: scheme.clone(), version: catalogue.version, code: code.clone() })
            }
            (Some(code), _) => {
                problems.push(Problem::new(
                    "class",
                    "unknown_class",
                    format!("没有类别 {code}"),
                    format!("there is no class {code}"),
                ));
                None
            }
            (None, _) => None,
        };
        if problems.is_empty() { Ok(class) } else { Err(AppError::Invalid(problems)) }
    }

    /// Keeps words apart from the record and gives the digest that stands for them.
    pub(super) fn keep_text(
        &self,
        changes: &mut Changes,
        case: CaseId,
        body: &str,
        by: Giver,
        at: Timestamp,
    ) -> Digest {
        let mut salt = [0_u8; 16];
        self.random.fill(&mut salt);
        let digest = text_digest(&salt, body);
        changes.push(Change::Text(TextRow { case, digest, salt, body: body.to_owned(), by, written_at: at }));
        digest
    }

    pub(super) fn keep_contact(&self, changes: &mut Changes, case: &Case, contact: &Contact, now: Timestamp) {
        let days = i64::from(self.settings.contact_days);
        let ends_at = now.checked_add(SignedDuration::from_hours(24 * days)).unwrap_or(Timestamp::MAX);
        for (field, value) in contact.given() {
            changes.push(Change::Contact(ContactRow {
                case: case.id,
                field: field.to_owned(),
                sealed: self.keyring.seal(case.region, case.id, field, value, self.random.as_ref()),
                index: self.keyring.index(field, value),
                purpose: "reply".to_owned(),
                basis: "consent".to_owned(),
                given_at: now,
                ends_at,
            }));
        }
    }
}

/// Rows for photos that lie in the blobs.
pub(super) fn keep_photos(changes: &mut Changes, case: CaseId, photos: &[PhotoRef], by: Giver, at: Timestamp) {
    for photo in photos {
        changes.push(Change::Attachment(AttachmentRow {
            case,
            digest: photo.digest,
            thumbnail: photo.thumbnail,
            media_type: "image/jpeg".to_owned(),
            bytes: photo.bytes,
            width: photo.width,
            height: photo.height,
            by,
            given_at: at,
        }));
    }
}

/// What the case is found by: its words and address, and its number.
pub(super) fn search_terms(case: &Case, words: &str, address: &str) -> Vec<String> {
    let mut terms = gewu_text::terms(&format!("{words}\n{address}"));
    terms.push(case.number.clone());
    terms.sort();
    terms.dedup();
    terms
}

fn looks_like_email(value: &str) -> bool {
    value.len() <= 254
        && value.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && host.contains('.') && !host.starts_with('.') && !host.ends_with('.')
        })
        && !value.chars().any(char::is_whitespace)
}
