//! Everything a store keeps, as one value: to say that two stores are equal, or that nothing has changed.

use super::sample::{HERE, THERE, at, day};
use crate::{
    CityView, Page, Store, View,
    attachments::AttachmentRow,
    audit::{AuditFilter, AuditRow},
    cases::{CaseFilter, CaseRow},
    clients::ClientRow,
    contacts::{ContactRow, LookRow},
    counters::CountRow,
    facts::FactRow,
    keys::KeyRow,
    origins::OriginRow,
    people::{AccountRow, PersonRow},
    publications::Publication,
    repromises::RepromiseRow,
    roots::RootRow,
    sessions::SessionRow,
    tasks::{InboxFilter, TaskKey, TaskRow},
    texts::TextRow,
    uploads::UploadRow,
};
use gewu_domain::{
    case::Case,
    ids::{CaseId, Digest, RegionId, UnitCode},
    people::{Post, Role},
};
use jiff::Timestamp;

#[derive(Debug, PartialEq)]
pub struct Kept {
    regions: Vec<RegionId>,
    records: Vec<Record>,
    origins: Vec<OriginRow>,
    publications: Vec<Publication>,
    people: Vec<KeptPerson>,
    clients: Vec<ClientRow>,
    audit: Vec<AuditRow>,
    uploads: Vec<UploadRow>,
    keys: Vec<KeyRow>,
}

impl Kept {
    /// What belongs to one of the two regions.
    pub fn of(&self, region: RegionId) -> &Record {
        &self.records[usize::from(region == THERE)]
    }
}

#[derive(Debug, PartialEq)]
struct KeptPerson {
    row: PersonRow,
    posts: Vec<Post>,
    account: Option<AccountRow>,
    recovery_codes: Vec<Digest>,
    sessions: Vec<SessionRow>,
}

#[derive(Debug, PartialEq)]
pub struct Record {
    cases: Vec<KeptCase>,
    inboxes: Vec<(TaskKey, TaskRow)>,
    counts: Vec<CountRow>,
    roots: Vec<RootRow>,
    repromises: Vec<RepromiseRow>,
    suspended: Vec<CaseId>,
    found: Vec<Vec<CaseId>>,
}

#[derive(Debug, PartialEq)]
struct KeptCase {
    row: CaseRow,
    case: Case,
    head: Digest,
    facts: Vec<FactRow>,
    texts: Vec<TextRow>,
    contacts: Vec<ContactRow>,
    looks: Vec<LookRow>,
    attachments: Vec<AttachmentRow>,
    erased_at: Option<Timestamp>,
}

/// Reads all there is in the regions, desks and days the samples use.
pub async fn kept(store: &dyn Store) -> Kept {
    let mut records = Vec::new();
    for region in [HERE, THERE] {
        let view = store.view(region).await.unwrap();
        records.push(record(view.as_ref()).await);
    }
    let city = store.city().await.unwrap();
    let mut uploads = Vec::new();
    for no in 0..10 {
        uploads.extend(city.upload(super::uploads::upload(no, 0).token).await.unwrap());
    }
    let mut origins = Vec::new();
    for (region, record) in [HERE, THERE].into_iter().zip(&records) {
        for kept in &record.cases {
            origins.extend(city.origin_of(region, kept.case.id).await.unwrap());
        }
    }
    Kept {
        regions: store.upkeep().regions().await.unwrap(),
        records,
        origins,
        publications: publications(city.as_ref()).await,
        people: people(city.as_ref()).await,
        clients: city.clients().await.unwrap(),
        audit: city.audit(&AuditFilter::default(), &everything()).await.unwrap().rows,
        uploads,
        keys: store.upkeep().keys().await.unwrap(),
    }
}

async fn record(view: &dyn View) -> Record {
    let mut cases = Vec::new();
    for row in all_cases(view, &CaseFilter::default()).await {
        let id = row.id;
        cases.push(KeptCase {
            row,
            case: view.case(id).await.unwrap().unwrap(),
            head: view.head(id).await.unwrap().unwrap(),
            facts: view.facts(id).await.unwrap(),
            texts: view.texts(id).await.unwrap(),
            contacts: view.contacts(id).await.unwrap(),
            looks: view.looks(id).await.unwrap(),
            attachments: view.attachments(id).await.unwrap(),
            erased_at: view.erased_at(id).await.unwrap(),
        });
    }
    let mut inboxes = Vec::new();
    for role in Role::ALL {
        for unit in super::sample::UNITS {
            let filter = InboxFilter { role, unit: UnitCode::from(unit), area: None, kinds: Vec::new() };
            inboxes.extend(view.inbox(&filter, &everything()).await.unwrap().rows);
        }
    }
    let mut found = Vec::new();
    for term in super::sample::TERMS {
        let filter = CaseFilter { terms: vec![term.to_owned()], ..CaseFilter::default() };
        found.push(all_cases(view, &filter).await.into_iter().map(|row| row.id).collect());
    }
    Record {
        cases,
        inboxes,
        counts: view.counts(day(1), day(31)).await.unwrap(),
        roots: view.roots().await.unwrap(),
        repromises: view.repromises().await.unwrap(),
        suspended: view.suspended_until(far(), 1_000).await.unwrap(),
        found,
    }
}

/// Every row a filter gives, newest first.
pub async fn all_cases(view: &dyn View, filter: &CaseFilter) -> Vec<CaseRow> {
    let mut rows = Vec::new();
    let mut page = everything();
    loop {
        let listing = view.cases(filter, &page).await.unwrap();
        rows.extend(listing.rows);
        let Some(next) = listing.next else { return rows };
        page = page.after(next);
    }
}

async fn publications(city: &dyn CityView) -> Vec<Publication> {
    let mut bodies = Vec::new();
    for head in city.publications().await.unwrap() {
        bodies.push(city.publication(&head.kind, &head.name, head.version).await.unwrap().unwrap());
    }
    bodies
}

async fn people(city: &dyn CityView) -> Vec<KeptPerson> {
    let mut people = Vec::new();
    for row in city.people(&[], &everything()).await.unwrap().rows {
        people.push(KeptPerson {
            posts: city.posts_of(row.id).await.unwrap(),
            account: city.account_of(row.id).await.unwrap(),
            recovery_codes: city.recovery_codes(row.id).await.unwrap(),
            sessions: city.sessions_of(row.id).await.unwrap(),
            row,
        });
    }
    people
}

fn far() -> Timestamp {
    at(1_000_000_000_000)
}

fn everything<K>() -> Page<K> {
    Page::first(Page::<K>::MOST)
}
