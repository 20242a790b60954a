//! Facts, as people tell them.

use crate::{names, words::Words};
use gewu_app::{cases::read::CasePage, city::Snapshot};
use gewu_domain::{
    case::{Asking, Case, CheckKind, ClassRef, Closing, Deed, Fact, Given, Source},
    ids::{Digest, UnitCode},
    people::Actor,
};
use jiff::Timestamp;

/// One fact on the page.
pub struct Event {
    pub title: String,
    pub details: Vec<String>,
    pub who: String,
    pub note: Option<String>,
    /// The words were erased.
    pub is_erased: bool,
    pub photos: Vec<Photo>,
    pub at: String,
    pub when: String,
    pub exactly: String,
}

/// A photo by its addresses.
pub struct Photo {
    pub full: String,
    pub thumbnail: String,
    pub alt: String,
}

/// Oldest first.
pub fn events(page: &CasePage, snapshot: &Snapshot, words: &Words) -> Vec<Event> {
    page.facts.iter().map(|fact| event(fact, page, snapshot, words)).collect()
}

fn event(fact: &Fact, page: &CasePage, snapshot: &Snapshot, words: &Words) -> Event {
    let (title, details) = told(&fact.deed, &page.case, snapshot, words);
    let written = fact.deed.texts();
    // The report's own words and photos stand above the timeline.
    let is_report = matches!(fact.deed, Deed::Reported { .. });
    let note = written.iter().filter(|_| !is_report).find_map(|digest| page.texts.get(digest)).cloned();
    Event {
        title,
        details,
        who: who(&fact.by, page, snapshot, words),
        is_erased: !is_report && note.is_none() && !written.is_empty(),
        note,
        photos: if is_report { Vec::new() } else { photos(&fact.deed.photos(), page, words) },
        at: words.machine(fact.at),
        when: words.when(fact.at),
        exactly: words.exactly(fact.at),
    }
}

/// Photos of a case by their digests; erased ones are left out.
pub fn photos(digests: &[Digest], page: &CasePage, words: &Words) -> Vec<Photo> {
    let base = format!("/cases/{}/{}/photos", page.case.region, page.case.id);
    digests
        .iter()
        .filter_map(|digest| page.photos.iter().map(|photo| &photo.row).find(|photo| photo.digest == *digest))
        .enumerate()
        .map(|(at, photo)| Photo {
            full: format!("{base}/{}", photo.digest),
            thumbnail: format!("{base}/{}", photo.thumbnail),
            alt: words.t2("photo-alt", "no", at.saturating_add(1), "at", words.exactly(photo.given_at)),
        })
        .collect()
}

fn who(actor: &Actor, page: &CasePage, snapshot: &Snapshot, words: &Words) -> String {
    match actor {
        Actor::Post { person, role, unit, .. } => {
            let post = format!("{} · {}", names::unit(snapshot, words, unit), names::role(words, *role));
            match page.names.get(person) {
                Some(name) => format!("{name} · {post}"),
                None => post,
            }
        }
        Actor::Reporter => words.t("who-reporter"),
        Actor::Client { .. } => words.t("who-client"),
        Actor::System => words.t("who-system"),
    }
}

fn told(deed: &Deed, case: &Case, snapshot: &Snapshot, words: &Words) -> (String, Vec<String>) {
    let title = |key: &str| words.t(&format!("did-{key}"));
    let reason = |code: &gewu_domain::ids::ReasonCode| names::reason(snapshot, words, code);
    let unit = |code: &UnitCode| names::unit(snapshot, words, code);
    let assigned = |no: u8| case.assignment(no).map(|assignment| unit(&assignment.unit)).into_iter().collect();
    match deed {
        Deed::Reported { report, .. } => {
            let fixed = report.is_fixed_on_spot.then(|| words.t("case-fixed"));
            (title("reported"), std::iter::once(source(words, report.source)).chain(fixed).collect())
        }
        Deed::SentToVerify { unit: to } => (title("sent-to-verify"), vec![unit(to)]),
        Deed::Verified { is_true: true, .. } => (title("verified"), Vec::new()),
        Deed::Verified { is_true: false, .. } => (title("verified-not"), Vec::new()),
        Deed::Submitted => (title("submitted"), Vec::new()),
        Deed::Filed { class, condition, limit } => {
            let found = snapshot.city.condition(class, *condition);
            let what = found.map(|found| words.of(&found.filing_zh, &found.filing_en).to_owned());
            let limit = words.t1("case-limit", "limit", words.line(&limit.text(&snapshot.city.calendar)));
            (title("filed"), std::iter::once(class_name(snapshot, words, class)).chain(what).chain([limit]).collect())
        }
        Deed::Refused { reason: why, .. } => (title("refused"), vec![reason(why)]),
        Deed::Voided { reason: why, .. } => (title("voided"), vec![reason(why)]),
        Deed::SentBack { reason: why, .. } => (title("sent-back"), vec![reason(why)]),
        Deed::Dispatched { given } => {
            (title("dispatched"), given.iter().map(|given| part(snapshot, words, given)).collect())
        }
        Deed::Accepted { assignment } => (title("accepted"), assigned(*assignment)),
        Deed::Returned { assignment, reason: why, .. } => {
            let from: Vec<String> = assigned(*assignment);
            (title("returned"), from.into_iter().chain([reason(why)]).collect())
        }
        Deed::Handled { assignment, .. } => (title("handled"), assigned(*assignment)),
        Deed::SentToCheck { check, unit: to } => {
            let how = match check {
                CheckKind::Field => words.t("check-field"),
                CheckKind::Desk => words.t("check-desk"),
            };
            (title("sent-to-check"), std::iter::once(how).chain(to.as_ref().map(unit)).collect())
        }
        Deed::Checked { passed: true, .. } => (title("checked"), Vec::new()),
        Deed::Checked { passed: false, reason: why, .. } => {
            (title("checked-not"), why.as_ref().map(reason).into_iter().collect())
        }
        Deed::Closed { how: Closing::Solved, .. } => (title("closed"), Vec::new()),
        Deed::Closed { how: Closing::Forced { reason: why }, .. } => (title("closed-forced"), vec![reason(why)]),
        Deed::Reopened { reason: why, .. } => (title("reopened"), vec![reason(why)]),
        Deed::Suspended { until, reason: why } => {
            (title("suspended"), vec![words.t1("case-until", "at", words.exactly(*until)), reason(why)])
        }
        Deed::Resumed => (title("resumed"), Vec::new()),
        Deed::Asked { assignment, asking, reason: why, .. } => {
            let from: Vec<String> = assigned(*assignment);
            (title("asked"), from.into_iter().chain([asked(words, asking), reason(why)]).collect())
        }
        Deed::Answered { granted: true, .. } => (title("answered"), Vec::new()),
        Deed::Answered { granted: false, .. } => (title("answered-not"), Vec::new()),
        Deed::Escalated { reason: why, .. } => (title("escalated"), vec![reason(why)]),
        Deed::Urged { .. } => (title("urged"), Vec::new()),
        Deed::Placed { place } => (title("placed"), vec![names::place_long(snapshot, words, &place.path)]),
        Deed::Corrected { class } => (title("corrected"), vec![class_name(snapshot, words, class)]),
        Deed::Rated { is_solved, stars, .. } => {
            let solved = if *is_solved { words.t("rated-solved") } else { words.t("rated-not-solved") };
            (title("rated"), vec![solved, words.t1("rated-stars", "stars", *stars)])
        }
        Deed::Remarked { .. } => (title("remarked"), Vec::new()),
        Deed::Shown { words: with_words, photos } => {
            let photos: Vec<Digest> = photos.iter().map(|shown| shown.photo).collect();
            (title("shown"), about(words, *with_words, &photos))
        }
        Deed::Withheld { words: with_words, photos, reason: why } => {
            (title("withheld"), about(words, *with_words, photos).into_iter().chain([reason(why)]).collect())
        }
        Deed::Repromised { was, due_at } => (title("repromised"), vec![moved(words, *was, *due_at)]),
    }
}

/// What a promise made anew did to the date.
fn moved(words: &Words, was: Option<Timestamp>, due_at: Option<Timestamp>) -> String {
    match (was, due_at) {
        (Some(was), Some(due_at)) if was == due_at => words.t1("repromised-same", "at", words.exactly(due_at)),
        (Some(was), Some(due_at)) => {
            words.t2("repromised-moved", "was", words.exactly(was), "at", words.exactly(due_at))
        }
        (None, Some(due_at)) => words.t1("repromised-at", "at", words.exactly(due_at)),
        (_, None) => words.t("repromised-paused"),
    }
}

/// What was shown or withheld.
fn about(words: &Words, with_words: bool, photos: &[Digest]) -> Vec<String> {
    let said = with_words.then(|| words.t("show-words"));
    let photos = (!photos.is_empty()).then(|| words.t1("show-photos", "n", photos.len()));
    said.into_iter().chain(photos).collect()
}

fn source(words: &Words, source: Source) -> String {
    words.t1("case-source", "source", names::source(words, source))
}

fn part(snapshot: &Snapshot, words: &Words, given: &Given) -> String {
    let unit = names::unit(snapshot, words, &given.unit);
    if given.is_lead { words.t1("part-lead-unit", "unit", unit) } else { words.t1("part-assisting-unit", "unit", unit) }
}

/// A class by its official name.
pub fn class_name(snapshot: &Snapshot, words: &Words, class: &ClassRef) -> String {
    let found = snapshot.city.class(class);
    found.map_or_else(|| class.code.to_string(), |found| names::class_name(words, found).to_owned())
}

/// What a unit asks for.
pub fn asked(words: &Words, asking: &Asking) -> String {
    match asking {
        Asking::Extension { minutes } => words.t1("ask-extension-of", "span", words.span(i64::from(*minutes))),
        Asking::Suspension { until } => words.t1("ask-suspension-until", "at", words.exactly(*until)),
    }
}
