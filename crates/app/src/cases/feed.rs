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
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};

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

    /// Where the cases of one page stand that is merged from several lists, newest first, and whether more follow. Steps over
    /// `skip` of them.
    ///
    /// Of each list a few rows are read, and more of one only when its last has been taken: some twice the rows that are
    /// stepped over and given, whatever they are asked for by.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn public_merged(
        &self,
        lists: &[(RegionId, CaseFilter)],
        after: Option<CaseId>,
        skip: usize,
        size: usize,
    ) -> Result<(Vec<(RegionId, CaseId)>, bool), AppError> {
        let wanted = skip.saturating_add(size).saturating_add(1);
        let step = wanted.saturating_mul(2) / lists.len().max(1);
        let step = u16::try_from(step).unwrap_or(u16::MAX).clamp(STEP_LEAST, Page::<CaseKey>::MOST);
        let mut heads = BinaryHeap::new();
        let mut walks = Vec::with_capacity(lists.len());
        for (at, (region, filter)) in lists.iter().enumerate() {
            let mut walk = Walk { region: *region, filter, read: VecDeque::new(), after, is_over: false };
            heads.extend(walk.next(self, step).await?.map(|id| (id, at)));
            walks.push(walk);
        }
        let mut found = Vec::new();
        for _ in 0..wanted {
            let Some((id, at)) = heads.pop() else { break };
            let Some(walk) = walks.get_mut(at) else { break };
            found.push((walk.region, id));
            heads.extend(walk.next(self, step).await?.map(|id| (id, at)));
        }
        let has_more = found.len() == wanted;
        Ok((found.into_iter().skip(skip).take(size).collect(), has_more))
    }

    /// These cases as everybody may see them, in this order; those nobody may see are left out.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn public_cases(
        &self,
        cases: &[(RegionId, CaseId)],
        with_words: bool,
    ) -> Result<Vec<PublicCase>, AppError> {
        let mut found = BTreeMap::new();
        let regions: BTreeSet<RegionId> = cases.iter().map(|(region, _)| *region).collect();
        for region in regions {
            let view = self.store.view(region).await?;
            let ids: Vec<CaseId> = cases.iter().filter(|(of, _)| *of == region).map(|(_, id)| *id).collect();
            for row in view.case_rows(&ids).await? {
                let id = row.id;
                if let Some(case) = public(view.as_ref(), region, row, with_words).await? {
                    found.insert(id, case);
                }
            }
        }
        Ok(cases.iter().filter_map(|(_, id)| found.remove(id)).collect())
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

/// Rows read of a list at a time, at least.
const STEP_LEAST: u16 = 16;

/// How far one of several lists has been walked.
struct Walk<'f> {
    region: RegionId,
    filter: &'f CaseFilter,
    read: VecDeque<CaseId>,
    after: Option<CaseId>,
    is_over: bool,
}

impl Walk<'_> {
    async fn next(&mut self, app: &App, step: u16) -> Result<Option<CaseId>, AppError> {
        if self.read.is_empty() && !self.is_over {
            let view = app.store.view(self.region).await?;
            let listing = view.cases(self.filter, &Page { size: step, after: self.after, backwards: false }).await?;
            self.is_over = listing.next.is_none();
            self.after = listing.next;
            self.read.extend(listing.rows.iter().map(|row| row.id));
        }
        Ok(self.read.pop_front())
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
