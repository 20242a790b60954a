//! Each kind of change, written. No wildcard: a new kind does not compile until it is written here.

use crate::{
    attachments, audit, cases, clients, contacts, counters, idempotency, origins, outbox, people, publications,
    repromises, row::Writing, sessions, texts, tries, uploads,
};
use cases::Written;
use gewu_domain::ids::RegionId;
use gewu_store::{Change, Changes, StoreError, idempotency::Answer};

/// Changes made ready by the caller, so that the writing thread only binds and steps.
pub(crate) struct Prepared {
    answer: Option<Answer>,
    /// First, because everything else hangs on them.
    cases: Vec<Written>,
    others: Vec<Other>,
}

/// A change that is not a case, with its compressed body when it is a publication.
struct Other {
    change: Change,
    body: Vec<u8>,
}

impl Prepared {
    pub fn of(changes: Changes) -> Result<Prepared, StoreError> {
        let mut prepared = Prepared { answer: changes.answer, cases: Vec::new(), others: Vec::new() };
        for change in changes.list {
            match change {
                Change::Case(write) => prepared.cases.push(Written::of(write)?),
                Change::Publication(publication) => {
                    let body = publications::compress(&publication.body)?;
                    prepared.others.push(Other { change: Change::Publication(publication), body });
                }
                change => prepared.others.push(Other { change, body: Vec::new() }),
            }
        }
        Ok(prepared)
    }

    /// Writes it all inside the transaction that is open. After an error the caller undoes what was written.
    pub fn write(&self, writing: &Writing<'_>, region: RegionId) -> Result<(), StoreError> {
        if let Some(answer) = &self.answer {
            idempotency::insert(writing, region, answer)?;
        }
        for written in &self.cases {
            cases::write(writing, region, written)?;
        }
        for other in &self.others {
            write(writing, region, other)?;
        }
        Ok(())
    }
}

fn write(writing: &Writing<'_>, region: RegionId, other: &Other) -> Result<(), StoreError> {
    match &other.change {
        Change::Case(write) => cases::write(writing, region, &Written::of(write.clone())?),
        Change::Text(text) => texts::insert(writing, region, text),
        Change::Contact(contact) => contacts::put(writing, region, contact),
        Change::Reseal { case, field, was, sealed } => contacts::reseal(writing, region, *case, field, [was, sealed]),
        Change::Look(look) => contacts::insert_look(writing, region, look),
        Change::Attachment(photo) => attachments::put(writing, region, photo),
        Change::Upload(upload) => uploads::insert(writing, upload),
        Change::TakeUpload(token) => uploads::take(writing, *token),
        Change::Count(count) => counters::add(writing, region, count),
        Change::Outbox(row) => outbox::insert(writing, region, row),
        Change::Repromise(row) => repromises::put(writing, region, row),
        Change::Erase { case, at } => {
            texts::erase_given(writing, region, *case)?;
            contacts::erase(writing, region, *case)?;
            attachments::erase_given(writing, region, *case, *at)?;
            cases::forget_words(writing, region, *case)
        }
        Change::EraseText { case, digest } => {
            texts::erase_one(writing, region, *case, *digest)?;
            cases::forget_words(writing, region, *case)
        }
        Change::Origin(origin) => origins::insert(writing, origin),
        Change::OriginSaid { number, system, said } => origins::put_said(writing, number, system, said),
        Change::Publication(publication) => publications::insert(writing, publication, &other.body),
        Change::Person(person) => people::insert(writing, person),
        Change::ErasePerson(person) => people::erase(writing, *person),
        Change::Post(post) => people::insert_post(writing, post),
        Change::EndPost { post, at } => people::end_post(writing, *post, *at),
        Change::OpenAccount(account) => people::insert_account(writing, account),
        Change::SetPassword { person, was, password, must_change, at } => {
            people::set_password(writing, *person, *was, password, *must_change, *at)
        }
        Change::Rehash { person, was, password } => people::rehash(writing, *person, *was, password),
        Change::SetTotp { person, was, totp, recovery_codes } => {
            people::set_totp(writing, *person, *was, totp.as_deref(), recovery_codes)
        }
        Change::ResealTotp { person, was, sealed } => people::reseal_totp(writing, *person, [was, sealed]),
        Change::UseStep { person, step } => people::use_step(writing, *person, *step),
        Change::UseRecoveryCode { person, code } => people::use_recovery_code(writing, *person, *code),
        Change::OpenSession { session, was } => sessions::open(writing, session, *was),
        Change::SeeSession { session, at } => sessions::see(writing, *session, *at),
        Change::SwitchPost { session, post } => sessions::switch_post(writing, *session, *post),
        Change::EndSession(session) => sessions::end(writing, *session),
        Change::EndSessionsOf(person) => sessions::end_of(writing, *person),
        Change::EndOtherSessions { person, but } => sessions::end_others(writing, *person, *but),
        Change::KnowDevice(device) => sessions::know_device(writing, device),
        Change::ForgetDevicesOf { person, but } => sessions::forget_devices(writing, *person, *but),
        Change::ForgetTries(keys) => tries::forget(writing, keys),
        Change::Client(client) => clients::insert(writing, client),
        Change::RevokeClient { client, at } => clients::revoke(writing, *client, *at),
        Change::Audit(row) => audit::insert(writing, row),
    }
}
