//! Forgetting what somebody gave: words, contacts and photos go; the facts and their chain stay whole.

use crate::{
    App, AppError, Caller, Identity, Problem,
    cases::{CaseAddress, IdempotencyKey},
    once::Once,
    reach::Reach,
    sealing::CONTACT_FIELDS,
};
use gewu_domain::ids::{CaseId, Digest, RegionId};
use gewu_store::{Change, Page, audit::AuditRow, contacts::ContactKey, texts::Giver};
use serde::{Deserialize, Serialize};

/// What erasing took away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    pub cases: Vec<CaseId>,
    pub texts: u32,
    pub contacts: u32,
    pub photos: u32,
}

impl Erased {
    fn add(&mut self, more: Erased) {
        self.cases.extend(more.cases);
        self.texts += more.texts;
        self.contacts += more.contacts;
        self.photos += more.photos;
    }
}

impl App {
    /// Erases what the reporter gave to one case. The holder of the receipt may, and administrators.
    ///
    /// With `dry_run` it says what would go.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for anybody else.
    pub async fn erase_report(
        &self,
        caller: &Caller,
        key: Option<&IdempotencyKey>,
        address: CaseAddress,
        dry_run: bool,
    ) -> Result<Erased, AppError> {
        let own = matches!(&caller.identity, Identity::Reporter { case } if *case == address.id);
        let reach = if own { Reach::City } else { self.reach(caller).map_err(|_| AppError::NotFound)? };
        let once = self.once(address.region, key.filter(|_| !dry_run), "erase_report", &address.id);
        let erased = match self.answered(&once).await? {
            Some(before) => before,
            None => self.erase_case(caller, &reach, &once, address, dry_run).await?.ok_or(AppError::NotFound)?,
        };
        if !dry_run {
            self.store.upkeep().scrub().await?;
        }
        Ok(erased)
    }

    /// Erases everything one person gave, found by a telephone number or e-mail address, in every region; in the area of
    /// whoever is limited to one.
    ///
    /// Each case is erased by itself. A request that is cut short and repeated erases the rest and tells of the rest.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] unless an administrator asks; [`AppError::Invalid`] for a field that no contact has.
    pub async fn erase_person_by_contact(
        &self,
        caller: &Caller,
        key: Option<&IdempotencyKey>,
        field: &str,
        value: &str,
        dry_run: bool,
    ) -> Result<Erased, AppError> {
        let reach = self.reach(caller)?;
        // One that nobody could have given anything under would find nothing and look as if all were gone.
        if !CONTACT_FIELDS.contains(&field) {
            return Err(Problem::new(
                "field",
                "contact_field_unknown",
                format!("没有联系方式 {field}，可以是 {}", CONTACT_FIELDS.join("、")),
                format!("{field} is no contact; there are {}", CONTACT_FIELDS.join(", ")),
            )
            .into());
        }
        let once = self.once(RegionId(0), key.filter(|_| !dry_run), "erase_contact", &(field, value));
        if let Some(before) = self.answered(&once).await? {
            return Ok(before);
        }
        let index = self.keyring.index(field, value);
        let mut erased = Erased::default();
        for region in self.store.upkeep().regions().await?.into_iter().filter(|region| reach.meets(*region)) {
            let mut page: Page<ContactKey> = Page::first(100);
            loop {
                let view = self.store.view(region).await?;
                let cases = view.cases_of_contact(index, &page).await?;
                drop(view);
                for id in cases.rows {
                    let unkeyed = self.once(region, None, "erase_report", &id);
                    let address = CaseAddress { region, id };
                    if let Some(more) = self.erase_case(caller, &reach, &unkeyed, address, dry_run).await? {
                        erased.add(more);
                    }
                }
                match cases.next {
                    Some(next) => page = page.after(next),
                    None => break,
                }
            }
        }
        if dry_run {
            return Ok(erased);
        }
        self.store.upkeep().scrub().await?;
        self.apply_once(&once, Vec::new(), erased).await
    }

    /// `None` for a case that lies outside the reach.
    async fn erase_case(
        &self,
        caller: &Caller,
        reach: &Reach,
        once: &Once<'_>,
        address: CaseAddress,
        dry_run: bool,
    ) -> Result<Option<Erased>, AppError> {
        let view = self.store.view(address.region).await?;
        let case = view.case(address.id).await?.ok_or(AppError::NotFound)?;
        if !reach.has(&case) {
            return Ok(None);
        }
        let texts = view.texts(address.id).await?.into_iter().filter(|text| text.by == Giver::Reporter).count();
        let contacts = view.contacts(address.id).await?.len();
        let photos: Vec<_> =
            view.attachments(address.id).await?.into_iter().filter(|photo| photo.by == Giver::Reporter).collect();
        drop(view);
        let erased = Erased {
            cases: vec![address.id],
            texts: count(texts),
            contacts: count(contacts),
            photos: count(photos.len()),
        };
        if dry_run {
            return Ok(Some(erased));
        }
        let area = case.place.deepest().cloned();
        let changes = vec![
            Change::Erase { case: address.id, at: self.now() },
            Change::Audit(AuditRow { area, ..self.audit_row(caller, "erased", address.id.to_string(), true) }),
        ];
        let erased = self.apply_once(once, changes, erased).await?;
        let files: Vec<Digest> = photos.iter().flat_map(|photo| [photo.digest, photo.thumbnail]).collect();
        for digest in self.store.upkeep().unreferenced(&files).await? {
            self.blobs.delete(digest).await?;
        }
        Ok(Some(erased))
    }

    /// The address of a case by its number, for the operator at the command line.
    ///
    /// # Errors
    /// [`AppError::NotFound`].
    pub async fn address_of(&self, number: &str) -> Result<CaseAddress, AppError> {
        let region: RegionId = number.get(..6).and_then(|region| region.parse().ok()).ok_or(AppError::NotFound)?;
        let view = self.store.view(region).await?;
        let case = view.case_by_number(number).await?.ok_or(AppError::NotFound)?;
        Ok(CaseAddress { region, id: case.id })
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
