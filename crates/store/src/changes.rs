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
    people::{AccountRow, PasswordHash, PersonRow},
    publications::Publication,
    repromises::RepromiseRow,
    sessions::{DeviceRow, SessionRow},
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
    /// How far promises have been made anew. A row that has looked at more cases stays as it stands.
    Repromise(RepromiseRow),
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
    /// Once: a person who is there already is [`crate::StoreError::Taken`].
    Person(PersonRow),
    /// Forgets a member of staff: the name is emptied; the account, its recovery codes, the sessions and the devices go; id,
    /// unit and posts stay.
    ErasePerson(PersonId),
    /// Once: a post that is there already is [`crate::StoreError::Taken`].
    Post(Post),
    /// Ends a post; one that ends earlier keeps its end.
    EndPost {
        post: PostId,
        at: Timestamp,
    },
    /// Once: a person with an account, or a sign-in name that somebody has, is [`crate::StoreError::Taken`].
    OpenAccount(AccountRow),
    /// Moves the version and ends every session of the person. [`crate::StoreError::Stale`] under another version than `was`,
    /// so a second time too.
    SetPassword {
        person: PersonId,
        was: u32,
        password: PasswordHash,
        must_change: bool,
        at: Timestamp,
    },
    /// The same password at another cost: the version stays. [`crate::StoreError::Stale`] under another than `was`.
    Rehash {
        person: PersonId,
        was: u32,
        password: PasswordHash,
    },
    /// Sets or takes away the second factor with all its recovery codes, and moves the version. [`crate::StoreError::Stale`]
    /// under another version than `was`.
    SetTotp {
        person: PersonId,
        was: u32,
        totp: Option<Vec<u8>>,
        recovery_codes: Vec<Digest>,
    },
    /// Seals a second factor anew, if it still is as it was read; otherwise nothing.
    ResealTotp {
        person: PersonId,
        was: Vec<u8>,
        sealed: Vec<u8>,
    },
    /// Notes the time step of a code that is taken. [`crate::StoreError::Stale`] unless it is later than the one noted last: a
    /// code is taken once.
    UseStep {
        person: PersonId,
        step: i64,
    },
    /// [`crate::StoreError::Stale`] when the person has no such code, so a second time too.
    UseRecoveryCode {
        person: PersonId,
        code: Digest,
    },
    /// Once, and only while the account stands at the version the password was compared at: [`crate::StoreError::Stale`]
    /// otherwise.
    OpenSession {
        session: SessionRow,
        was: u32,
    },
    /// Moves `seen_at` on, never back. One that has ended stays ended.
    SeeSession {
        session: SessionId,
        at: Timestamp,
    },
    /// [`crate::StoreError::Stale`] when the session has ended.
    SwitchPost {
        session: SessionId,
        post: PostId,
    },
    /// One that has ended is fine.
    EndSession(SessionId),
    /// Ends every session of a person.
    EndSessionsOf(PersonId),
    /// Ends every session of a person but this.
    EndOtherSessions {
        person: PersonId,
        but: SessionId,
    },
    /// A known one is known until the new time.
    KnowDevice(DeviceRow),
    ForgetDevicesOf {
        person: PersonId,
        but: Option<Digest>,
    },
    /// Tries under these keys begin anew.
    ForgetTries(Vec<Digest>),
    /// Once: a client that is there already is [`crate::StoreError::Taken`].
    Client(ClientRow),
    /// One that was revoked keeps its time.
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
