//! Cases with a past: imports and simulated towns drive a case through the loop at the times things happened,
//! and write it once.
//!
//! The same rules decide as for a case of today. What comes out is one value for `Upkeep::load`.

use crate::{
    App, AppError,
    cases::{
        PhotoName, PhotoRef,
        act::{Step, decided},
        report::{NewReport, keep_photos, search_terms},
        write::day_of,
    },
    city::Snapshot,
};
use gewu_domain::{
    case::{Case, Context, Fact, Report, Source},
    city::City,
    ids::{Digest, RegionId},
    people::Actor,
};
use gewu_store::{Change, Changes, texts::Giver};
use jiff::Timestamp;
use std::sync::Arc;

/// A case being told from its first word on.
pub struct History<'a> {
    app: &'a App,
    snapshot: Arc<Snapshot>,
    /// The rules its steps are decided by.
    city: City,
    pub case: Case,
    /// Version and head of a case that is kept already.
    was: Option<(u32, Digest)>,
    facts: Vec<Fact>,
    changes: Changes,
    /// Of a case that is kept already, nothing.
    terms: Option<Vec<String>>,
}

impl App {
    /// Begins a case that was reported at `at`. `number` is taken as given: histories bring or make their own.
    ///
    /// # Errors
    /// As [`App::report`], but nothing is written.
    pub fn history(
        &self,
        actor: &Actor,
        at: Timestamp,
        number: impl FnOnce(RegionId) -> String,
        new: &NewReport,
    ) -> Result<History<'_>, AppError> {
        let snapshot = self.snapshot()?;
        let class = self.checked(new)?;
        let id = self.ids.case(at, self.random.as_ref());
        let mut changes = Changes::default();
        let giver = if new.source == Source::Patrol { Giver::Staff } else { Giver::Reporter };
        let address = new.location.address.as_deref().map(str::trim).filter(|address| !address.is_empty());
        let address_digest = address.map(|address| self.keep_text(&mut changes, id, address, giver, at));
        let located = snapshot.locate(&new.location, address_digest, day_of(&snapshot, at))?;
        let words = new.words.trim();
        let text = (!words.is_empty()).then(|| self.keep_text(&mut changes, id, words, giver, at));
        let gets_receipt = matches!(new.source, Source::Resident | Source::Hotline | Source::System);
        let report = Report {
            id,
            region: located.region,
            number: number(located.region),
            source: new.source,
            place: located.place,
            class,
            text,
            photos: kept_of(&new.photos).iter().map(|photo| photo.digest).collect(),
            // Whoever reported it then has no code of ours.
            receipt: None,
            is_answerable: gets_receipt,
            is_confidential: new.is_confidential,
            is_urgent: new.is_urgent,
            is_fixed_on_spot: new.is_fixed_on_spot,
        };
        let context = Context { at, actor, city: &snapshot.city };
        let (case, facts) = Case::open(report, &context)?;
        self.keep_contact(&mut changes, &case, &new.contact, at);
        keep_photos(&mut changes, id, &kept_of(&new.photos), giver, at);
        let terms = Some(search_terms(&case, words, address.unwrap_or_default()));
        let city = snapshot.city.clone();
        Ok(History { app: self, snapshot, city, case, was: None, facts, changes, terms })
    }

    /// Goes on with a case that is kept already, whose last fact has this hash.
    pub(crate) fn resumed(&self, case: Case, head: Digest) -> Result<History<'_>, AppError> {
        let snapshot = self.snapshot()?;
        let city = snapshot.city.clone();
        let was = Some((case.version, head));
        Ok(History {
            app: self,
            snapshot,
            city,
            case,
            was,
            facts: Vec::new(),
            changes: Changes::default(),
            terms: None,
        })
    }
}

impl History<'_> {
    /// What happened next. A step the rules refuse leaves the history as it was.
    ///
    /// # Errors
    /// [`AppError::Refused`].
    pub fn step(&mut self, actor: &Actor, at: Timestamp, step: &Step) -> Result<(), AppError> {
        let giver = if actor.person().is_some() { Giver::Staff } else { Giver::Reporter };
        self.step_in_words_of(giver, actor, at, step)
    }

    /// A step whose words are somebody else's than the actor's.
    pub(crate) fn step_in_words_of(
        &mut self,
        giver: Giver,
        actor: &Actor,
        at: Timestamp,
        step: &Step,
    ) -> Result<(), AppError> {
        let kept = self.changes.list.len();
        let decided = self.decide(actor, at, step, giver);
        if decided.is_err() {
            self.changes.list.truncate(kept);
        }
        let (case, facts) = decided?;
        self.case = case;
        self.facts.extend(facts);
        keep_photos(&mut self.changes, self.case.id, &kept_of(&step.photos), giver, at);
        Ok(())
    }

    /// Goes on under rules without what an export cannot bring, such as photos.
    pub(crate) fn under(mut self, city: City) -> Self {
        self.city = city;
        self
    }

    /// Is found by these words too.
    pub(crate) fn found_by(mut self, words: &str) -> Self {
        self.terms.iter_mut().for_each(|terms| terms.extend(gewu_text::terms(words)));
        self
    }

    /// The city it was decided against.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Everything it takes to keep the case, for the store's `load`. Nobody is told of what is past: nothing goes to the
    /// outbox.
    pub fn finish(mut self) -> (RegionId, Changes) {
        let region = self.case.region;
        let mut terms = self.terms.take();
        if let Some(terms) = &mut terms {
            terms.sort();
            terms.dedup();
        }
        self.app.write_case(&mut self.changes, &self.snapshot, self.case, self.was, &self.facts, terms);
        self.changes.list.retain(|change| !matches!(change, Change::Outbox(_)));
        (region, self.changes)
    }

    fn decide(
        &mut self,
        actor: &Actor,
        at: Timestamp,
        step: &Step,
        giver: Giver,
    ) -> Result<(Case, Vec<Fact>), AppError> {
        let note = step.note.trim();
        let note = (!note.is_empty()).then(|| self.app.keep_text(&mut self.changes, self.case.id, note, giver, at));
        let command = self.app.filled(&mut self.changes, &self.case, step, &kept_of(&step.photos), note, giver)?;
        let context = Context { at, actor, city: &self.city };
        Ok(decided(&self.case, command, note, self.app.draw(), &context)?)
    }
}

/// The photos of a past, which its teller has kept already.
fn kept_of(names: &[PhotoName]) -> Vec<PhotoRef> {
    let kept = |name: &PhotoName| match name {
        PhotoName::Kept(photo) => Some(photo.clone()),
        PhotoName::Upload(_) => None,
    };
    names.iter().filter_map(kept).collect()
}
