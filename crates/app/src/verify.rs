//! Verifying the record: every chain, every root, every word that is still kept, every case against its facts, and that
//! nothing is left without its case or its root.

use crate::{App, AppError};
use gewu_domain::{
    case::{Case, Deed, Fact, Source},
    ids::{CaseId, Digest, RegionId},
    record::{self, DayRoot, GENESIS, Reopening},
};
use gewu_store::{
    Page, StoreError, View,
    facts::{FactKey, FactRow, TimeKey},
    roots::{ReopenedDay, RootRow},
    upkeep::{Owned, Stray},
};
use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date, tz::TimeZone};
use serde::Serialize;
use std::collections::BTreeSet;

/// Rows without a case asked for in one go.
const STRAYS_AT_ONCE: u16 = 500;

/// One thing that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub region: RegionId,
    pub case: Option<CaseId>,
    /// The fact's place in its case.
    pub seq: Option<u32>,
    pub what: &'static str,
    pub zh: &'static str,
    /// Which day, which photo, which words, which row.
    pub detail: String,
}

/// How much was looked at, and what was found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Verified {
    pub cases: u64,
    pub facts: u64,
    pub texts: u64,
    pub photos: u64,
    pub days: u64,
    pub findings: Vec<Finding>,
    /// What was done to the record in its own way, and whoever verifies should know.
    pub remarks: Vec<Finding>,
}

impl App {
    /// Reads the whole record and says what does not fit. `progress` is told the number of facts read so far.
    ///
    /// # Errors
    /// When the store cannot be read at all; damage is a finding, not an error.
    pub async fn verify(
        &self,
        with_photos: bool,
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<Verified, AppError> {
        let mut verified = Verified::default();
        for region in self.store.upkeep().regions().await? {
            self.verify_cases(region, with_photos, &mut verified, progress).await?;
            self.verify_roots(region, &mut verified).await?;
        }
        self.find_strays(&mut verified).await?;
        Ok(verified)
    }

    /// Rows of cases that are not there, which nothing else would ever come upon.
    async fn find_strays(&self, verified: &mut Verified) -> Result<(), AppError> {
        for kind in Owned::ALL {
            let (what, zh) = match kind {
                Owned::Case => ("a case has no facts", "案件没有任何记录"),
                Owned::Fact => ("a fact belongs to no case", "一条记录不属于任何案件"),
                Owned::Task => ("a task belongs to no case", "一项待办不属于任何案件"),
                Owned::Text => ("words belong to no case", "一段文字不属于任何案件"),
                Owned::Contact => ("a contact belongs to no case", "一项联系方式不属于任何案件"),
                Owned::Look => ("a look at a contact belongs to no case", "一次查看联系方式的记录不属于任何案件"),
                Owned::Photo => ("a photo belongs to no case", "一张照片不属于任何案件"),
            };
            let mut after: Option<Stray> = None;
            loop {
                let strays = self.store.upkeep().strays(kind, after.as_ref(), STRAYS_AT_ONCE).await?;
                let is_last = strays.len() < usize::from(STRAYS_AT_ONCE);
                after = strays.last().cloned();
                for Stray { region, case, key } in strays {
                    verified.findings.push(Finding { region, case: Some(case), seq: None, what, zh, detail: key });
                }
                if is_last {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn verify_cases(
        &self,
        region: RegionId,
        with_photos: bool,
        verified: &mut Verified,
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<(), AppError> {
        let mut page: Page<FactKey> = Page::first(Page::<FactKey>::MOST);
        let mut held: Vec<FactRow> = Vec::new();
        loop {
            let view = self.store.view(region).await?;
            let listing = view.record(&page).await?;
            for row in listing.rows {
                if held.first().is_some_and(|first| first.case != row.case) {
                    let case = std::mem::take(&mut held);
                    self.verify_case(view.as_ref(), region, &case, with_photos, verified).await?;
                }
                held.push(row);
                verified.facts += 1;
            }
            progress(verified.facts);
            match listing.next {
                Some(next) => page = page.after(next),
                None => {
                    if !held.is_empty() {
                        self.verify_case(view.as_ref(), region, &held, with_photos, verified).await?;
                    }
                    return Ok(());
                }
            }
        }
    }

    async fn verify_case(
        &self,
        view: &dyn View,
        region: RegionId,
        rows: &[FactRow],
        with_photos: bool,
        verified: &mut Verified,
    ) -> Result<(), AppError> {
        let Some(id) = rows.first().map(|row| row.case) else { return Ok(()) };
        verified.cases += 1;
        let mut found = |seq: Option<u32>, what, zh, detail: String| {
            verified.findings.push(Finding { region, case: Some(id), seq, what, zh, detail });
        };
        let mut previous = GENESIS;
        let mut facts: Vec<Fact> = Vec::with_capacity(rows.len());
        for (expected, row) in (0_u32..).zip(rows) {
            if row.seq != expected {
                found(Some(expected), "a fact is missing", "缺少一条记录", format!("next is {}", row.seq));
                return Ok(());
            }
            if record::hash(region, id, row.seq, previous, row.body.as_bytes()) != row.hash {
                found(Some(row.seq), "a fact was altered", "一条记录被改动过", row.hash.to_string());
                return Ok(());
            }
            previous = row.hash;
            match serde_json::from_str::<Fact>(&row.body) {
                Ok(fact) if (fact.at, fact.recorded_at()) == (row.at, row.recorded_at) => facts.push(fact),
                Ok(fact) => {
                    found(
                        Some(row.seq),
                        "the time beside a fact was altered",
                        "记录旁的时间被改动过",
                        fact.at.to_string(),
                    );
                    return Ok(());
                }
                Err(error) => {
                    found(Some(row.seq), "a fact does not read", "一条记录无法读取", error.to_string());
                    return Ok(());
                }
            }
        }
        match view.head(id).await? {
            Some(head) if head == previous => {}
            _ => found(None, "the last facts of the case are missing", "案件末尾缺少记录", previous.to_string()),
        }
        let stored = match view.case(id).await {
            Err(error @ StoreError::Corrupt { .. }) => {
                found(None, "the case does not read", "案件无法读取", error.to_string());
                return Ok(());
            }
            stored => stored?,
        };
        if stored != Case::replay(&facts) {
            found(None, "the case is not what its facts say", "案件与它的记录不符", String::new());
        }
        let named: Vec<Digest> = facts.iter().flat_map(|fact| fact.deed.texts()).collect();
        for text in view.texts(id).await? {
            verified.texts += 1;
            let is_same = record::text_digest(&text.salt, &text.body) == text.digest;
            if !is_same || !named.contains(&text.digest) {
                verified.findings.push(Finding {
                    region,
                    case: Some(id),
                    seq: None,
                    what: "words were altered",
                    zh: "文字被改动过",
                    detail: text.digest.to_string(),
                });
            }
        }
        if with_photos {
            self.verify_photos(view, region, id, &facts, verified).await?;
        }
        Ok(())
    }

    /// Every photo that a fact names has its row, unless its reporter took it out, and every row its whole files and a
    /// fact that names it.
    async fn verify_photos(
        &self,
        view: &dyn View,
        region: RegionId,
        case: CaseId,
        facts: &[Fact],
        verified: &mut Verified,
    ) -> Result<(), AppError> {
        let rows = view.attachments(case).await?;
        let mut found = |seq: Option<u32>, what, zh, photo: Digest| {
            let detail = photo.to_string();
            verified.findings.push(Finding { region, case: Some(case), seq, what, zh, detail });
        };
        let mut named = BTreeSet::new();
        for (seq, fact) in (0_u32..).zip(facts) {
            for photo in fact.deed.photos() {
                named.insert(photo);
                if rows.iter().any(|row| row.digest == photo) {
                    continue;
                }
                let was_erased = is_of_reporter(fact) && view.erased_at(case).await?.is_some();
                if !was_erased {
                    found(Some(seq), "a photo that a fact names is not kept", "记录提到的照片没有保存", photo);
                }
            }
        }
        for row in &rows {
            if !named.contains(&row.digest) {
                found(None, "a photo is named by no fact", "没有任何记录提到这张照片", row.digest);
            }
            let mut is_whole = true;
            for file in [row.digest, row.thumbnail] {
                is_whole &= matches!(self.blobs.get(file).await, Ok(Some(_)));
            }
            if !is_whole {
                found(None, "a photo is missing or damaged", "照片缺失或损坏", row.digest);
            }
        }
        verified.photos += u64::try_from(rows.len()).unwrap_or(u64::MAX);
        Ok(())
    }

    async fn verify_roots(&self, region: RegionId, verified: &mut Verified) -> Result<(), AppError> {
        let view = self.store.view(region).await?;
        let (roots, reopened) = (view.roots().await?, view.reopened_days().await?);
        let said = |what, zh, detail| Finding { region, case: None, seq: None, what, zh, detail };
        let mut before = GENESIS;
        for (no, day) in (1..).zip(&reopened) {
            let Reopening { no: stood, day: opened, at, by, reason, .. } = &day.reopening;
            if (*stood, day.reopening.hash(before)) != (no, day.hash) {
                let detail = format!("{no}: {opened}");
                verified.findings.push(said(
                    "a note of a day opened again was altered",
                    "重新打开某日的记录被改动过",
                    detail,
                ));
            }
            before = day.hash;
            let by = by.map_or_else(|| "the command line".to_owned(), |person| person.to_string());
            let detail = format!("{opened}, on {at} by {by}: {reason}");
            verified.remarks.push(said(
                "a day was opened again, roots from it on were made anew",
                "某日被重新打开，从那天起的根重新生成",
                detail,
            ));
        }
        let mut previous = GENESIS;
        let mut open_from = Timestamp::MIN;
        for link in chain(roots, reopened) {
            match link {
                Link::Reopened(day) => {
                    if day.reopening.previous != previous {
                        let detail = day.reopening.day.to_string();
                        verified.findings.push(said(
                            "roots before a day opened again are missing",
                            "重新打开的那天之前缺少根",
                            detail,
                        ));
                    }
                    previous = day.hash;
                }
                Link::Root(row) => {
                    verified.days += 1;
                    if let Some(day) = first_recorded(view.as_ref(), open_from, start_of(row.day)).await? {
                        verified.findings.push(said(
                            "facts of a day without a root",
                            "有记录的日子没有根",
                            day.to_string(),
                        ));
                    }
                    let (root, facts) = day_root(view.as_ref(), region, row.day, previous).await?;
                    if root != row.root || facts != row.facts {
                        let detail = format!("{}: {facts} facts now, {} then", row.day, row.facts);
                        verified.findings.push(said(
                            "a day's root does not fit its facts",
                            "某日的根与当日记录不符",
                            detail,
                        ));
                    }
                    previous = row.root;
                    open_from = start_of(tomorrow(row.day));
                }
            }
        }
        let to_come = self.now().checked_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX);
        if let Some(day) = first_recorded(view.as_ref(), to_come, Timestamp::MAX).await? {
            let what = "facts were recorded by a clock that was ahead; their day gets its root when it is over";
            verified.remarks.push(said(what, "有记录是时钟走快时写下的，那一天过完才会有根", day.to_string()));
        }
        Ok(())
    }
}

/// Did the reporter give what this fact names, so that they may take it out? Others' photos stay.
fn is_of_reporter(fact: &Fact) -> bool {
    match &fact.deed {
        // A version of a photo goes with the photo it was made of.
        Deed::Shown { .. } => true,
        Deed::Reported { report, .. } => fact.by.person().is_none() || report.source != Source::Patrol,
        _ => fact.by.person().is_none(),
    }
}

/// What stands in a region's chain.
pub(crate) enum Link {
    Root(RootRow),
    Reopened(ReopenedDay),
}

impl Link {
    pub(crate) fn hash(&self) -> Digest {
        match self {
            Link::Root(row) => row.root,
            Link::Reopened(day) => day.hash,
        }
    }
}

/// The chain in its order: a day opened again stands before the first root that was made after it, unless a later one
/// took that root away again and stands for both.
pub(crate) fn chain(roots: Vec<RootRow>, reopened: Vec<ReopenedDay>) -> Vec<Link> {
    let mut standing: Vec<ReopenedDay> = Vec::new();
    for day in reopened {
        standing.retain(|before| before.reopening.day < day.reopening.day);
        standing.push(day);
    }
    let mut links: Vec<Link> =
        roots.into_iter().map(Link::Root).chain(standing.into_iter().map(Link::Reopened)).collect();
    links.sort_by_key(|link| match link {
        Link::Reopened(day) => (day.reopening.day, false),
        Link::Root(row) => (row.day, true),
    });
    links
}

/// The day of the first fact that was recorded in this time.
pub(crate) async fn first_recorded(view: &dyn View, from: Timestamp, to: Timestamp) -> Result<Option<Date>, AppError> {
    let page: Page<TimeKey> = Page::first(1);
    let first = view.facts_recorded(from, to, &page).await?.rows.into_iter().next();
    Ok(first.map(|fact| fact.recorded_at.to_zoned(TimeZone::UTC).date()))
}

/// The root of a day over the facts as they are now, and how many they are.
pub(crate) async fn day_root(
    view: &dyn View,
    region: RegionId,
    day: Date,
    previous: Digest,
) -> Result<(Digest, u64), AppError> {
    let mut root = DayRoot::new(region, &day.to_string(), previous);
    let mut facts = 0;
    let mut page: Page<TimeKey> = Page::first(Page::<TimeKey>::MOST);
    loop {
        let listing = view.facts_recorded(start_of(day), start_of(tomorrow(day)), &page).await?;
        for row in &listing.rows {
            root.add(row.hash);
            facts += 1;
        }
        match listing.next {
            Some(next) => page = page.after(next),
            None => return Ok((root.finish(), facts)),
        }
    }
}

pub(crate) fn tomorrow(day: Date) -> Date {
    day.saturating_add(1.day())
}

/// Midnight UTC.
pub(crate) fn start_of(day: Date) -> Timestamp {
    day.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |midnight| midnight.timestamp())
}
