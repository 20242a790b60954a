//! Photos that are brought before the report or the step that names them, and who may name them.
//!
//! A photo is kept first and named later. What joins the two is a token: random, kept as a digest only, good for one
//! naming by whoever brought the photo, and ended after [`crate::Settings::upload_hours`]. Nothing else names a photo
//! at a door: that a file exists says nothing of whose it is. Each upload gets files of its own, told apart by random
//! bytes, so no two people ever share one, and taking out what one gave never takes what another gave.

use crate::{
    App, AppError, Caller, Identity, Problem,
    cases::{PhotoName, PhotoRef},
    photos::Sent,
    secrets,
};
use gewu_domain::ids::{Digest, RegionId};
use gewu_store::{Change, Changes, uploads::UploadRow};
use jiff::{SignedDuration, Timestamp};

/// What a token begins with.
const PREFIX: &str = "up_";

/// A photo that lies ready, for whoever brought it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uploaded {
    /// Names the photo in one report or step.
    pub token: String,
    pub photo: PhotoRef,
    /// May not be named from then on.
    pub ends_at: Timestamp,
}

/// The photos of one report or step, found and not yet taken.
#[derive(Debug, Default)]
pub(crate) struct Named {
    pub photos: Vec<PhotoRef>,
    rows: Vec<UploadRow>,
}

impl App {
    /// Takes a photo in; it is durable when this returns. It belongs to nothing until a report or a step of the same
    /// caller names it by its token.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with the reason in words when it is not taken; [`AppError::Busy`]; [`AppError::Unavailable`].
    pub async fn upload(&self, caller: &Caller, photo: impl Into<Sent>) -> Result<Uploaded, AppError> {
        let mut salt = [0_u8; 16];
        self.random.fill(&mut salt);
        let (photo, sent) = self.keep_apart(caller, photo.into(), salt).await?;
        let token = secrets::token(PREFIX, self.random.as_ref());
        let hours = i64::from(self.settings.upload_hours);
        let ends_at = self.now().checked_add(SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MAX);
        let row = UploadRow {
            token: secrets::digest(&token),
            digest: photo.digest,
            thumbnail: photo.thumbnail,
            bytes: photo.bytes,
            width: photo.width,
            height: photo.height,
            sent,
            holder: holder(caller),
            ends_at,
        };
        self.store.apply(RegionId(0), Changes::one(Change::Upload(row))).await?;
        Ok(Uploaded { token, photo, ends_at })
    }

    /// The photos that this caller names, each once. They are taken by [`Named::take`] with the changes that name them.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for a token that is not this caller's, was used or has ended: which, is not said.
    pub(crate) async fn named(&self, caller: &Caller, names: &[PhotoName]) -> Result<Named, AppError> {
        let mut named = Named::default();
        if names.is_empty() {
            return Ok(named);
        }
        let most = usize::from(self.snapshot()?.city.policy.photos.most);
        if names.len() > most {
            return Err(too_many(most).into());
        }
        let view = self.store.city().await?;
        let holder = holder(caller);
        for name in names {
            let PhotoName::Upload(token) = name else { return Err(not_there().into()) };
            let row = view.upload(secrets::digest(token)).await?;
            let row = row.filter(|row| row.ends_at > self.now() && fits(row.holder.as_deref(), &holder));
            let row = row.ok_or_else(not_there)?;
            if !(self.blobs.exists(row.digest).await? && self.blobs.exists(row.thumbnail).await?) {
                return Err(not_there().into());
            }
            if named.rows.iter().all(|other| other.token != row.token) {
                named.photos.push(PhotoRef {
                    digest: row.digest,
                    thumbnail: row.thumbnail,
                    width: row.width,
                    height: row.height,
                    bytes: row.bytes,
                });
                named.rows.push(row);
            }
        }
        Ok(named)
    }
}

impl Named {
    /// Takes the uploads, in the transaction that names their photos.
    pub fn take(&self, changes: &mut Changes) {
        self.rows.iter().for_each(|row| changes.push(Change::TakeUpload(row.token)));
    }

    /// Is one of these photos a file that the case gave out before, sent back as it was?
    pub fn comes_back(&self, held: &[Digest]) -> bool {
        self.rows.iter().any(|row| held.contains(&row.sent))
    }
}

/// Who brings a photo, as its row keeps it. A stranger is nobody: the token is all there is.
fn holder(caller: &Caller) -> Option<String> {
    match &caller.identity {
        Identity::Staff { person, .. } | Identity::Postless { person, .. } => Some(person.to_string()),
        Identity::Client { client, .. } => Some(client.to_string()),
        Identity::Reporter { case } => Some(case.to_string()),
        Identity::System => Some("system".to_owned()),
        Identity::Public => None,
    }
}

/// A stranger's token is for strangers; what somebody known brought is for them alone.
fn fits(brought: Option<&str>, names: &Option<String>) -> bool {
    brought == names.as_deref()
}

pub(crate) fn too_many(most: usize) -> Problem {
    Problem::new("photos", "too_many", format!("最多 {most} 张照片"), format!("at most {most} photos"))
}

/// One answer for what never was, is somebody else's, was used or has ended.
pub(crate) fn not_there() -> Problem {
    Problem::new(
        "photos",
        "photo_not_there",
        "这张照片不能用：没有传完、已经用过，或放得太久；请重新上传这一张",
        "this photo cannot be used: it has not arrived whole, was used before, or waited too long; upload it again",
    )
}
