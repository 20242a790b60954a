//! Everything one use case decided, as one value.

use crate::{
    attachments::AttachmentRow,
    audit::AuditRow,
    cases::CaseWrite,
    clients::ClientRow,
    contacts::{ContactRow, LookRow},
    counters::Count,
    idempotency::Answer,
    origins::OriginRow,
    outbox::OutboxRow,
    people::{AccountRow, PersonRow},
    publications::Publication,
    sessions::SessionRow,
    texts::TextRow,
    uploads::UploadRow,
};
use gewu_domain::{
    ids::{CaseId, ClientId, Digest, PersonId, PostId, SessionId},
    people::Post,
};
use jiff::Timestamp;

/// Applied all or nothing: cases first, wherever they stand, because everything else hangs on them; then the others in
/// order.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Refuses the whole with [`crate::StoreError::Repeated`] when the key was used before in this region.
    pub answer: Option<Answer>,
    pub list: Vec<Change>,
}

/// One kind of row written. A new kind of change is a new variant; backends match without a wildcard.
#[derive(Debug, Clone)]
pub enum Change {
    /// A case with its new facts, its tasks and its search terms, replacing what stood.
    Case(Box<CaseWrite>),
    Text(TextRow),
    Contact(ContactRow),
    /// Seals a contact anew, if it still is as it was read; one that was erased meanwhile does not come back.
    Reseal {
        case: CaseId,
        field: String,
        was: Vec<u8>,
        sealed: Vec<u8>,
    },
    Look(LookRow),
    Attachment(AttachmentRow),
    /// Keeps a photo that waits to be named.
    Upload(UploadRow),
    /// Takes an upload by the digest of its token. One that is not there, because somebody was faster or its time is
    /// over, refuses the whole with [`crate::StoreError::Taken`].
    TakeUpload(Digest),
    Count(Count),
    Outbox(OutboxRow),
    /// Takes everything a person gave to a case out of the side stores: texts written by the reporter, contacts,
    /// their photos' rows, search terms; that it was done stays known. Facts stay, and so do the looks somebody took. Nothing can be read any more when
    /// this is applied, and no byte of it is left on disk after [`crate::Upkeep::scrub`].
    Erase {
        case: CaseId,
        at: Timestamp,
    },
    /// Takes single words out, whoever wrote them, and with them all terms of the case, which were made from its words.
    EraseText {
        case: CaseId,
        digest: Digest,
    },

    /// The number a new case has in the system it was taken in from. One that another case has there, or this one, is
    /// [`crate::StoreError::Taken`].
    Origin(OriginRow),
    /// What that system says of the case now; a number that is not there is left so.
    OriginSaid {
        number: String,
        system: String,
        said: Vec<u8>,
    },

    Publication(Publication),
    Person(PersonRow),
    /// Forgets a member of staff: the name is emptied, the account and the sessions go; id, unit and posts stay.
    ErasePerson(PersonId),
    Post(Post),
    EndPost {
        post: PostId,
        at: Timestamp,
    },
    Account(AccountRow),
    Session(SessionRow),
    EndSession(SessionId),
    /// Ends every session of a person, for a changed password or a lost post.
    EndSessionsOf(PersonId),
    Client(ClientRow),
    RevokeClient {
        client: ClientId,
        at: Timestamp,
    },
    Audit(AuditRow),
}

impl Changes {
    pub fn one(change: Change) -> Changes {
        Changes { answer: None, list: vec![change] }
    }

    pub fn push(&mut self, change: Change) {
        self.list.push(change);
    }
}

impl From<Vec<Change>> for Changes {
    fn from(list: Vec<Change>) -> Changes {
        Changes { answer: None, list }
    }
}
