//! Many callers' changes as a few statements: rows of one table go together, and all statements in one round trip.

use crate::{
    attachments, audit, cases, clients, contacts, counters, error, facts, find, idempotency, origins, outbox, people,
    publications, repromises, sessions, tasks, texts, tries, tx::Tx, uploads,
};
use futures_util::future::{BoxFuture, join_all};
use gewu_domain::ids::{CaseId, Digest};
use gewu_store::{Change, Changes, idempotency::Answer};
use std::collections::HashSet;
use tokio_postgres::Error;
use uuid::Uuid;

/// One caller's changes, ready to be written.
pub(crate) struct Job {
    pub region: i64,
    pub answer: Option<Answer>,
    pub cases: Vec<cases::Write>,
    /// Everything but cases.
    pub others: Vec<Change>,
    /// Whether all of it can be written beside other callers' changes, in whatever order.
    pub is_plain: bool,
}

/// Why a caller's changes were not written, and nothing with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// The idempotency key was used before.
    Repeated,
    /// This case has another version, or exists already, or not at all.
    Stale(CaseId),
    /// An upload it takes is not there any more.
    Gone,
    /// Some other row has moved on, or is gone.
    Moved(&'static str),
}

/// What stands in the way of a conditional write of one row, unless it was written.
fn unless(is_written: bool, what: &'static str) -> Result<Option<Obstacle>, Error> {
    Ok((!is_written).then_some(Obstacle::Moved(what)))
}

impl Job {
    pub fn of(region: i64, changes: Changes) -> Job {
        let mut cases = Vec::new();
        let mut others = Vec::new();
        for change in changes.list {
            match change {
                Change::Case(write) => cases.push(cases::Write::of(region, *write)),
                other => others.push(other),
            }
        }
        let (mut ids, mut tokens) = (HashSet::new(), HashSet::new());
        let is_plain = cases.iter().all(|write| ids.insert(write.row.id))
            && others.iter().all(is_plain)
            && taken(&others).all(|token| tokens.insert(token));
        Job { region, answer: changes.answer, cases, others, is_plain }
    }
}

/// The uploads that these changes take.
fn taken(others: &[Change]) -> impl Iterator<Item = Digest> {
    others.iter().filter_map(|change| match change {
        Change::TakeUpload(token) => Some(*token),
        _ => None,
    })
}

/// Whether the order does not matter in which this is written among others of its kind and other kinds.
fn is_plain(change: &Change) -> bool {
    match change {
        Change::Case(_)
        | Change::Text(_)
        | Change::Contact(_)
        | Change::Look(_)
        | Change::Attachment(_)
        | Change::Upload(_)
        | Change::TakeUpload(_)
        | Change::Count(_)
        | Change::Outbox(_)
        | Change::Origin(_)
        | Change::Repromise(_)
        | Change::Audit(_) => true,
        Change::Reseal { .. }
        | Change::Erase { .. }
        | Change::EraseText { .. }
        | Change::OriginSaid { .. }
        | Change::Publication(_)
        | Change::Person(_)
        | Change::ErasePerson(_)
        | Change::Post(_)
        | Change::EndPost { .. }
        | Change::OpenAccount(_)
        | Change::SetPassword { .. }
        | Change::Rehash { .. }
        | Change::SetTotp { .. }
        | Change::ResealTotp { .. }
        | Change::UseStep { .. }
        | Change::UseRecoveryCode { .. }
        | Change::OpenSession { .. }
        | Change::SeeSession { .. }
        | Change::SwitchPost { .. }
        | Change::EndSession(_)
        | Change::EndSessionsOf(_)
        | Change::EndOtherSessions { .. }
        | Change::KnowDevice(_)
        | Change::ForgetDevicesOf { .. }
        | Change::ForgetTries(_)
        | Change::Client(_)
        | Change::RevokeClient { .. } => false,
    }
}

/// What a group of callers writes together: no case, no idempotency key and no upload stands in it twice.
#[derive(Default)]
pub(crate) struct Apart {
    cases: HashSet<(i64, Uuid)>,
    keys: HashSet<(i64, String)>,
    uploads: HashSet<Digest>,
    is_closed: bool,
}

impl Apart {
    /// Nobody joins any more.
    pub fn close(&mut self) {
        self.is_closed = true;
    }

    /// Whether the job can join, and if so, notes what it holds.
    pub fn takes(&mut self, job: &Job) -> bool {
        if self.is_closed {
            return false;
        }
        let key = job.answer.as_ref().map(|answer| (job.region, answer.key.clone()));
        let meets = |case: &cases::Write| self.cases.contains(&(job.region, case.row.id.0));
        let is_taken = taken(&job.others).any(|token| self.uploads.contains(&token));
        if is_taken || job.cases.iter().any(meets) || key.as_ref().is_some_and(|key| self.keys.contains(key)) {
            return false;
        }
        self.cases.extend(job.cases.iter().map(|case| (job.region, case.row.id.0)));
        self.keys.extend(key);
        self.uploads.extend(taken(&job.others));
        true
    }
}

/// Writes a group of plain jobs, or one job of any kind, inside a transaction that `begin` begins when it is given.
/// What stands in a job's way is told in its place; then the transaction is to be rolled back.
pub(crate) async fn write(tx: &Tx, begin: Option<&str>, jobs: &[&Job]) -> Result<Vec<Option<Obstacle>>, Error> {
    match jobs {
        [job] if !job.is_plain => write_in_order(tx, begin, job).await.map(|obstacle| vec![obstacle]),
        _ => Rows::of(jobs).write(tx, begin, jobs).await,
    }
}

/// Cases first, because everything else hangs on them, then the others one by one.
async fn write_in_order(tx: &Tx, begin: Option<&str>, job: &Job) -> Result<Option<Obstacle>, Error> {
    let answers = Rows { answers: job.answer.iter().map(|answer| (job.region, answer)).collect(), ..Rows::default() };
    let free = answers.written(tx, begin).await?.keys;
    if free.len() < answers.answers.len() {
        return Ok(Some(Obstacle::Repeated));
    }
    for case in &job.cases {
        let row = Rows { cases: vec![(job.region, case)], ..Rows::default() };
        let stale = row.written(tx, None).await?.missing(job.region, std::slice::from_ref(case));
        if stale.is_some() {
            return Ok(stale);
        }
    }
    for token in taken(&job.others) {
        if uploads::take(tx, &[token]).await?.is_empty() {
            return Ok(Some(Obstacle::Gone));
        }
    }
    for change in &job.others {
        let obstacle = write_one(tx, job.region, change).await?;
        if obstacle.is_some() {
            return Ok(obstacle);
        }
    }
    Ok(None)
}

async fn write_one(tx: &Tx, region: i64, change: &Change) -> Result<Option<Obstacle>, Error> {
    let done = match change {
        Change::Case(_)
        | Change::Text(_)
        | Change::Contact(_)
        | Change::Look(_)
        | Change::Attachment(_)
        | Change::Upload(_)
        | Change::Count(_)
        | Change::Outbox(_)
        | Change::Origin(_)
        | Change::Repromise(_)
        | Change::Audit(_) => {
            let mut rows = Rows::default();
            rows.add(region, change);
            rows.written(tx, None).await.map(|_| ())
        }
        // Before all others, where what stands in the way is told.
        Change::TakeUpload(_) => Ok(()),
        Change::Reseal { case, field, was, sealed } => contacts::reseal(tx, region, *case, field, [was, sealed]).await,
        Change::Erase { case, at } => {
            texts::erase(tx, region, *case).await?;
            contacts::erase(tx, region, *case).await?;
            attachments::erase(tx, region, *case, *at).await?;
            find::erase(tx, region, *case).await
        }
        Change::EraseText { case, digest } => {
            texts::erase_one(tx, region, *case, *digest).await?;
            find::erase(tx, region, *case).await
        }
        Change::OriginSaid { number, system, said } => origins::put_said(tx, number, system, said).await,
        Change::Publication(row) => publications::insert(tx, row).await,
        Change::Person(row) => people::insert(tx, row).await,
        Change::ErasePerson(person) => people::erase(tx, *person).await,
        Change::Post(post) => people::insert_post(tx, post).await,
        Change::EndPost { post, at } => people::end_post(tx, *post, *at).await,
        Change::OpenAccount(row) => people::insert_account(tx, row).await,
        Change::SetPassword { person, was, password, must_change, at } => {
            return unless(people::set_password(tx, *person, *was, password, *must_change, *at).await?, "account");
        }
        Change::Rehash { person, was, password } => {
            return unless(people::rehash(tx, *person, *was, password).await?, "account");
        }
        Change::SetTotp { person, was, totp, recovery_codes } => {
            return unless(people::set_totp(tx, *person, *was, totp.as_deref(), recovery_codes).await?, "account");
        }
        Change::ResealTotp { person, was, sealed } => people::reseal_totp(tx, *person, [was, sealed]).await,
        Change::UseStep { person, step } => return unless(people::use_step(tx, *person, *step).await?, "time step"),
        Change::UseRecoveryCode { person, code } => {
            return unless(people::use_recovery_code(tx, *person, *code).await?, "recovery code");
        }
        Change::OpenSession { session, was } => return unless(sessions::open(tx, session, *was).await?, "account"),
        Change::SeeSession { session, at } => sessions::see(tx, *session, *at).await,
        Change::SwitchPost { session, post } => {
            return unless(sessions::switch_post(tx, *session, *post).await?, "session");
        }
        Change::EndSession(session) => sessions::end(tx, *session).await,
        Change::EndSessionsOf(person) => sessions::end_all(tx, *person).await,
        Change::EndOtherSessions { person, but } => sessions::end_others(tx, *person, *but).await,
        Change::KnowDevice(row) => sessions::know_device(tx, row).await,
        Change::ForgetDevicesOf { person, but } => sessions::forget_devices(tx, *person, *but).await,
        Change::ForgetTries(keys) => tries::forget(tx, keys).await,
        Change::Client(row) => clients::insert(tx, row).await,
        Change::RevokeClient { client, at } => clients::revoke(tx, *client, *at).await,
    };
    done.map(|()| None)
}

/// Rows by table, each with its region.
#[derive(Default)]
struct Rows<'a> {
    answers: Vec<(i64, &'a Answer)>,
    cases: Vec<(i64, &'a cases::Write)>,
    texts: Vec<(i64, &'a gewu_store::texts::TextRow)>,
    contacts: Vec<(i64, &'a gewu_store::contacts::ContactRow)>,
    looks: Vec<(i64, &'a gewu_store::contacts::LookRow)>,
    attachments: Vec<(i64, &'a gewu_store::attachments::AttachmentRow)>,
    uploads: Vec<&'a gewu_store::uploads::UploadRow>,
    taken: Vec<Digest>,
    counts: Vec<(i64, &'a gewu_store::counters::Count)>,
    outbox: Vec<(i64, &'a gewu_store::outbox::OutboxRow)>,
    origins: Vec<&'a gewu_store::origins::OriginRow>,
    repromises: Vec<(i64, &'a gewu_store::repromises::RepromiseRow)>,
    audit: Vec<&'a gewu_store::audit::AuditRow>,
}

/// Which keys were free, which cases were written and which uploads were there.
struct Written {
    keys: HashSet<(i64, String)>,
    cases: HashSet<(i64, Uuid)>,
    uploads: HashSet<Digest>,
}

impl Written {
    fn obstacle(&self, job: &Job) -> Option<Obstacle> {
        let is_free = |answer: &Answer| self.keys.contains(&(job.region, answer.key.clone()));
        if job.answer.as_ref().is_some_and(|answer| !is_free(answer)) {
            return Some(Obstacle::Repeated);
        }
        let is_gone = || taken(&job.others).any(|token| !self.uploads.contains(&token)).then_some(Obstacle::Gone);
        self.missing(job.region, &job.cases).or_else(is_gone)
    }

    fn missing(&self, region: i64, cases: &[cases::Write]) -> Option<Obstacle> {
        let missing = cases.iter().find(|case| !self.cases.contains(&(region, case.row.id.0)));
        missing.map(|case| Obstacle::Stale(case.row.id))
    }
}

impl<'a> Rows<'a> {
    fn of(jobs: &[&'a Job]) -> Rows<'a> {
        let mut rows = Rows::default();
        for job in jobs {
            rows.answers.extend(job.answer.iter().map(|answer| (job.region, answer)));
            rows.cases.extend(job.cases.iter().map(|case| (job.region, case)));
            job.others.iter().for_each(|change| rows.add(job.region, change));
        }
        // Every group takes its locks in the same order, so that groups never wait for each other in a ring.
        rows.answers.sort_unstable_by_key(|(region, answer)| (*region, answer.key.as_str()));
        rows.cases.sort_unstable_by_key(|(region, case)| (*region, case.row.id));
        rows.taken.sort_unstable();
        rows
    }

    /// Takes a plain change other than a case.
    fn add(&mut self, region: i64, change: &'a Change) {
        match change {
            Change::Text(row) => self.texts.push((region, row)),
            Change::Contact(row) => {
                self.contacts
                    .retain(|(there, other)| (*there, other.case, &other.field) != (region, row.case, &row.field));
                self.contacts.push((region, row));
            }
            Change::Look(row) => self.looks.push((region, row)),
            Change::Attachment(row) => self.attachments.push((region, row)),
            Change::Upload(row) => self.uploads.push(row),
            Change::TakeUpload(token) => self.taken.push(*token),
            Change::Count(count) => self.counts.push((region, count)),
            Change::Outbox(row) => self.outbox.push((region, row)),
            Change::Origin(row) => self.origins.push(row),
            Change::Repromise(row) => self.repromises.push((region, row)),
            Change::Audit(row) => self.audit.push(row),
            _ => {}
        }
    }

    async fn write(&self, tx: &Tx, begin: Option<&str>, jobs: &[&Job]) -> Result<Vec<Option<Obstacle>>, Error> {
        let written = self.written(tx, begin).await?;
        Ok(jobs.iter().map(|job| written.obstacle(job)).collect())
    }

    /// Sends every statement before the first is answered.
    async fn written(&self, tx: &Tx, begin: Option<&str>) -> Result<Written, Error> {
        let facts: Vec<facts::NewFact<'_>> =
            self.cases.iter().flat_map(|(region, case)| case.new_facts(*region)).collect();
        let start = async {
            match begin {
                Some(begin) => tx.client.batch_execute(begin).await,
                None => Ok(()),
            }
        };
        let others: [BoxFuture<'_, Result<(), Error>>; 17] = [
            Box::pin(cases::put_bodies(tx, true, &self.cases)),
            Box::pin(cases::put_bodies(tx, false, &self.cases)),
            Box::pin(tasks::delete(tx, &self.cases)),
            Box::pin(find::put(tx, true, &self.cases)),
            Box::pin(find::put(tx, false, &self.cases)),
            Box::pin(facts::insert(tx, &facts)),
            Box::pin(tasks::insert(tx, &self.cases)),
            Box::pin(texts::insert(tx, &self.texts)),
            Box::pin(contacts::insert(tx, &self.contacts)),
            Box::pin(contacts::look(tx, &self.looks)),
            Box::pin(attachments::insert(tx, &self.attachments)),
            Box::pin(uploads::insert(tx, &self.uploads)),
            Box::pin(counters::add(tx, &self.counts)),
            Box::pin(outbox::insert(tx, &self.outbox)),
            Box::pin(origins::insert(tx, &self.origins)),
            Box::pin(repromises::put(tx, &self.repromises)),
            Box::pin(audit::insert(tx, &self.audit)),
        ];
        let (began, keys, inserted, updated, taken, rest) = tokio::join!(
            biased;
            start,
            idempotency::insert(tx, &self.answers),
            cases::put(tx, true, &self.cases),
            cases::put(tx, false, &self.cases),
            uploads::take(tx, &self.taken),
            join_all(others),
        );
        began?;
        let known_keys = keys.as_ref().ok().map(Vec::len);
        let known_cases = inserted.as_ref().ok().map(Vec::len).zip(updated.as_ref().ok().map(Vec::len));
        let is_short = known_keys.is_some_and(|keys| keys < self.answers.len())
            || taken.as_ref().is_ok_and(|taken| taken.len() < self.taken.len())
            || known_cases.is_some_and(|(new, old)| new + old < self.cases.len());
        if !is_short {
            // What failed first is what is wrong; what failed after it failed for that.
            let mut errors = Vec::new();
            let keys = keys.map_err(|error| errors.push(error)).unwrap_or_default();
            let mut cases = inserted.map_err(|error| errors.push(error)).unwrap_or_default();
            cases.extend(updated.map_err(|error| errors.push(error)).unwrap_or_default());
            let taken = taken.map_err(|error| errors.push(error)).unwrap_or_default();
            errors.extend(rest.into_iter().filter_map(Result::err));
            let first = errors.iter().position(|error| !error::followed(error)).unwrap_or(0);
            if first < errors.len() {
                return Err(errors.swap_remove(first));
            }
            return Ok(Written {
                keys: keys.into_iter().collect(),
                cases: cases.into_iter().collect(),
                uploads: taken.into_iter().collect(),
            });
        }
        // A key, a version or an upload stands in somebody's way: whatever failed besides, that is what they are told.
        let keys = keys.unwrap_or_default();
        let cases = match (inserted, updated) {
            (Ok(new), Ok(old)) => new.into_iter().chain(old).collect(),
            _ => self.cases.iter().map(|(region, case)| (*region, case.row.id.0)).collect(),
        };
        let uploads = match taken {
            Ok(taken) => taken.into_iter().collect(),
            Err(_) => self.taken.iter().copied().collect(),
        };
        Ok(Written { keys: keys.into_iter().collect(), cases, uploads })
    }
}
