//! Each kind of change, written. No wildcard: a new kind does not compile until it is written here.

use crate::{
    attachments, audit, cases, clients, contacts, counters, idempotency, outbox, people, publications, sessions, texts,
};
use cases::Written;
use gewu_domain::ids::RegionId;
use gewu_store::{Change, Changes, StoreError, idempotency::Answer};
use rusqlite::Connection;

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
    pub fn write(&self, connection: &Connection, region: RegionId) -> Result<(), StoreError> {
        if let Some(answer) = &self.answer {
            idempotency::insert(connection, region, answer)?;
        }
        for written in &self.cases {
            cases::write(connection, region, written)?;
        }
        for other in &self.others {
            write(connection, region, other)?;
        }
        Ok(())
    }
}

fn write(connection: &Connection, region: RegionId, other: &Other) -> Result<(), StoreError> {
    match &other.change {
        Change::Case(write) => cases::write(connection, region, &Written::of(write.clone())?),
        Change::Text(text) => texts::insert(connection, region, text),
        Change::Contact(contact) => contacts::put(connection, region, contact),
        Change::Look(look) => contacts::insert_look(connection, region, look),
        Change::Attachment(photo) => attachments::put(connection, region, photo),
        Change::Count(count) => counters::add(connection, region, count),
        Change::Outbox(row) => outbox::insert(connection, region, row),
        Change::Erase { case, at: _ } => {
            texts::erase_given(connection, region, *case)?;
            contacts::erase(connection, region, *case)?;
            attachments::erase_given(connection, region, *case)?;
            cases::forget_words(connection, region, *case)
        }
        Change::EraseText { case, digest } => {
            texts::erase_one(connection, region, *case, *digest)?;
            cases::forget_words(connection, region, *case)
        }
        Change::Publication(publication) => publications::insert(connection, publication, &other.body),
        Change::Person(person) => people::put(connection, person),
        Change::ErasePerson(person) => people::erase(connection, *person),
        Change::Post(post) => people::put_post(connection, post),
        Change::EndPost { post, at } => people::end_post(connection, *post, *at),
        Change::Account(account) => people::put_account(connection, account),
        Change::Session(session) => sessions::put(connection, session),
        Change::EndSession(session) => sessions::end(connection, *session),
        Change::EndSessionsOf(person) => sessions::end_of(connection, *person),
        Change::Client(client) => clients::put(connection, client),
        Change::RevokeClient { client, at } => clients::revoke(connection, *client, *at),
        Change::Audit(row) => audit::insert(connection, row),
    }
}
