//! The same change asked for again under the same key gets the same answer and does nothing.
//!
//! A use case begins with [`App::once`], gives a repetition its answer back ([`App::answered`]) and hands its changes to
//! [`App::apply_once`], which writes the answer in the same transaction. A secret that was answered is kept only as long as
//! the answer, and sealed to it; of a request only a keyed digest is kept: what somebody gave cannot be tried out against it.

use crate::{App, AppError, sealing::Unopened};
use gewu_domain::ids::{Digest, RegionId};
use gewu_store::{Change, Changes, StoreError, idempotency::Answer};
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

/// A key the client chose so that the same change is never made twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    key: String,
    /// Only the same request is a repetition: the key alone tells no two callers apart.
    is_by_content: bool,
}

impl IdempotencyKey {
    /// 1 to 200 visible ASCII characters; `scope` keeps two callers' keys apart.
    pub fn new(scope: &str, key: &str) -> Option<IdempotencyKey> {
        let fits = (1..=200).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| IdempotencyKey { key: format!("{scope} {key}"), is_by_content: false })
    }

    /// A stranger's key. Nothing tells who a stranger is, so it is theirs by where they are and by all that they sent: of
    /// two who chose the same key, neither gets the other's answer, nor is told that it is taken.
    pub fn of_stranger(origin: &str, key: &str) -> Option<IdempotencyKey> {
        let key = IdempotencyKey::new(&format!("stranger {origin}"), key)?;
        Some(IdempotencyKey { is_by_content: true, ..key })
    }

    /// The key under which this request is known.
    pub(crate) fn for_request(&self, request: Digest) -> IdempotencyKey {
        let key = if self.is_by_content { format!("{} {request}", self.key) } else { self.key.clone() };
        IdempotencyKey { key, is_by_content: false }
    }

    pub fn as_str(&self) -> &str {
        &self.key
    }

    pub(crate) fn answer(&self, request: Digest, body: String, at: Timestamp) -> Answer {
        Answer { key: self.key.clone(), request, body, at }
    }
}

/// One request as its answer is kept: in which region, under which key.
pub(crate) struct Once<'k> {
    region: RegionId,
    key: Option<&'k IdempotencyKey>,
    request: Digest,
}

impl App {
    /// What was asked, to tell a repetition from a mistake.
    pub(crate) fn request_digest(&self, request: &impl Serialize) -> Digest {
        self.keyring.request_digest(&serde_json::to_vec(request).expect("requests are plain data"))
    }

    /// A request to do `what`. Answers stand in the region the changes go to.
    pub(crate) fn once<'k>(
        &self,
        region: RegionId,
        key: Option<&'k IdempotencyKey>,
        what: &'static str,
        request: &impl Serialize,
    ) -> Once<'k> {
        Once { region, key, request: self.request_digest(&(what, request)) }
    }

    /// What was answered, if this was asked before.
    ///
    /// # Errors
    /// [`AppError::KeyReused`] when something else was asked under the key.
    pub(crate) async fn answered<T: DeserializeOwned>(&self, once: &Once<'_>) -> Result<Option<T>, AppError> {
        let Some(key) = once.key else { return Ok(None) };
        let view = self.store.view(once.region).await?;
        view.answer(key.as_str()).await?.map(|answer| once.again(&answer)).transpose()
    }

    /// A secret as the answer keeps it; `None` where nobody can repeat the request.
    pub(crate) fn seal_answer(&self, once: &Once<'_>, secret: &str) -> Option<String> {
        let key = once.key?;
        let sealed = self.keyring.seal_at(&place(once.region, key), secret, self.random.as_ref());
        Some(sealed.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The secret of an answer.
    ///
    /// # Errors
    /// [`AppError::Failed`] when it was sealed to another answer, or with a key that has been dropped since.
    pub(crate) fn open_answer(&self, once: &Once<'_>, sealed: &str) -> Result<String, AppError> {
        let opened = once.key.zip(bytes(sealed)).ok_or(Unopened::Foreign);
        let opened = opened.and_then(|(key, sealed)| self.keyring.open_at(&place(once.region, key), &sealed));
        opened.map_err(|error| AppError::Failed(Box::new(error)))
    }

    /// Writes the changes and the answer together, and gives the answer; that of the first, when another was faster.
    ///
    /// # Errors
    /// [`AppError::KeyReused`], and as the store says.
    pub(crate) async fn apply_once<T: Serialize + DeserializeOwned>(
        &self,
        once: &Once<'_>,
        list: Vec<Change>,
        answer: T,
    ) -> Result<T, AppError> {
        if list.is_empty() && once.key.is_none() {
            return Ok(answer);
        }
        let mut changes = Changes::from(list);
        changes.answer = once.key.map(|key| {
            let body = serde_json::to_string(&answer).expect("an answer is plain data");
            key.answer(once.request, body, self.now())
        });
        match self.store.apply(once.region, changes).await {
            Ok(()) => Ok(answer),
            Err(StoreError::Repeated(before)) => once.again(&before),
            Err(error) => Err(error.into()),
        }
    }
}

fn place(region: RegionId, key: &IdempotencyKey) -> String {
    format!("gewu answer {region} {}", key.as_str())
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

impl<'k> Once<'k> {
    /// A request under a key, its digest made already.
    pub(crate) fn of(region: RegionId, key: &'k IdempotencyKey, request: Digest) -> Once<'k> {
        Once { region, key: Some(key), request }
    }

    fn again<T: DeserializeOwned>(&self, before: &Answer) -> Result<T, AppError> {
        if before.request != self.request {
            return Err(AppError::KeyReused);
        }
        serde_json::from_str(&before.body).map_err(|error| AppError::Failed(Box::new(error)))
    }
}
