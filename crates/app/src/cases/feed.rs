//! What everybody may see of the cases: for open feeds. Never a contact; words only where the city says so.

use crate::{App, AppError};
use gewu_domain::{
    case::{Case, Closing, State},
    ids::{CaseId, ReasonCode, RegionId},
};
use gewu_store::{
    Listing, Page, View,
    attachments::AttachmentRow,
    cases::{CaseFilter, CaseKey, CaseRow},
};
use jiff::Timestamp;

/// A case as everybody may see it. Of a confidential one: what it is and in which street, not where exactly.
#[derive(Debug, Clone)]
pub struct PublicCase {
    pub region: RegionId,
    /// Without an excerpt; without a point and below street level without areas when confidential.
    pub row: CaseRow,
    /// Why it stands where it stands, where the state has a reason.
    pub reason: Option<ReasonCode>,
    /// When the unit that leads promised to have it done.
    pub expected_at: Option<Timestamp>,
    /// The reporter's words, if they were asked for, may be shown and are not erased.
    pub words: Option<String>,
    /// The reporter's words of the address, likewise.
    pub address: Option<String>,
    /// Photos that may be shown, oldest first.
    pub photos: Vec<AttachmentRow>,
}

/// How many areas of the path a confidential case shows: city, county, street.
const CONFIDENTIAL_DEPTH: usize = 3;

impl App {
    /// The open feed of a region, newest first. By an area below the street, confidential cases are not found: one would
    /// tell where it lies by being there.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn public_feed(
        &self,
        region: RegionId,
        filter: &CaseFilter,
        page: &Page<CaseKey>,
        with_words: bool,
    ) -> Result<Listing<PublicCase, CaseKey>, AppError> {
        let view = self.store.view(region).await?;
        let size = usize::from(page.size);
        let mut wanted = page.clone();
        let mut rows = Vec::new();
        loop {
            let listing = view.cases(filter, &wanted).await?;
            let mut found = Vec::with_capacity(listing.rows.len());
            for row in listing.rows {
                let case = public(view.as_ref(), region, row, with_words).await?;
                found.extend(case.filter(|case| filter.area.as_ref().is_none_or(|area| case.row.path.contains(area))));
            }
            if filter.area.is_none() {
                return Ok(Listing { rows: found, next: listing.next, previous: listing.previous });
            }
            // Hidden rows leave no gap in a page, and no key that would tell of them.
            let further = if page.backwards { listing.previous } else { listing.next };
            if page.backwards {
                found.append(&mut rows);
                rows = found;
            } else {
                rows.append(&mut found);
            }
            match further {
                Some(key) if rows.len() <= size => wanted = wanted.after(key),
                _ => break,
            }
        }
        let has_more = rows.len() > size;
        if page.backwards {
            rows.drain(..rows.len().saturating_sub(size));
        } else {
            rows.truncate(size);
        }
        let is_on = page.after.is_some();
        let (has_next, has_previous) = if page.backwards { (is_on, has_more) } else { (has_more, is_on) };
        let next = rows.last().map(|case| case.row.id).filter(|_| has_next);
        let previous = rows.first().map(|case| case.row.id).filter(|_| has_previous);
        Ok(Listing { rows, next, previous })
    }

    /// The ids alone of a page of the open feed: to step over it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn public_ids(
        &self,
        region: RegionId,
        filter: &CaseFilter,
        page: &Page<CaseKey>,
    ) -> Result<Listing<CaseId, CaseKey>, AppError> {
        let view = self.store.view(region).await?;
        let listing = view.cases(filter, page).await?;
        let rows = listing.rows.iter().map(|row| row.id).collect();
        Ok(Listing { rows, next: listing.next, previous: listing.previous })
    }

    /// One case of the open feed, by its number.
    ///
    /// # Errors
    /// [`AppError::NotFound`].
    pub async fn public_by_number(&self, number: &str, with_words: bool) -> Result<PublicCase, AppError> {
        let region: RegionId = number.get(..6).and_then(|region| region.parse().ok()).ok_or(AppError::NotFound)?;
        let view = self.store.view(region).await?;
        let case = view.case_by_number(number).await?.ok_or(AppError::NotFound)?;
        let row = view.case_rows(&[case.id]).await?.into_iter().next().ok_or(AppError::NotFound)?;
        public(view.as_ref(), region, row, with_words).await?.ok_or(AppError::NotFound)
    }

    /// The number of a case, for whoever has its id.
    ///
    /// # Errors
    /// [`AppError::NotFound`].
    pub async fn number_of(&self, id: CaseId) -> Result<String, AppError> {
        for region in self.snapshot()?.city.areas.regions() {
            let view = self.store.view(region).await?;
            if let Some(row) = view.case_rows(&[id]).await?.into_iter().next() {
                return Ok(row.number);
            }
        }
        Err(AppError::NotFound)
    }
}

async fn public(
    view: &dyn View,
    region: RegionId,
    mut row: CaseRow,
    with_words: bool,
) -> Result<Option<PublicCase>, AppError> {
    let Some(case) = view.case(row.id).await? else { return Ok(None) };
    row.excerpt = None;
    if case.is_confidential {
        row.point = None;
        row.path.truncate(CONFIDENTIAL_DEPTH);
    }
    let photos = if !case.showings.photos.is_empty() {
        view.attachments(case.id).await?.into_iter().filter(|photo| case.shows_photo(photo.digest)).collect()
    } else {
        Vec::new()
    };
    let (mut words, mut address) = (None, None);
    if with_words && case.shows_words() {
        for text in view.texts(case.id).await? {
            if Some(text.digest) == case.text {
                words = Some(text.body);
            } else if Some(text.digest) == case.place.address {
                address = Some(text.body);
            }
        }
    }
    row.has_photo = !photos.is_empty();
    Ok(Some(PublicCase { region, reason: reason(&case), expected_at: expected_at(&case), words, address, photos, row }))
}

fn reason(case: &Case) -> Option<ReasonCode> {
    match &case.state {
        State::NotAccepted { reason }
        | State::Void { reason }
        | State::Suspended { reason, .. }
        | State::Closed { how: Closing::Forced { reason }, .. } => Some(reason.clone()),
        _ => None,
    }
}

fn expected_at(case: &Case) -> Option<Timestamp> {
    if case.state.kind().is_final() { None } else { case.lead().and_then(|lead| lead.clock.due_at) }
}
