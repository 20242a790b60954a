//! Giving out the photos of a case. Taking them in is [`crate::photos`].

use crate::{App, AppError, Caller, cases::CaseAddress, photos::MEDIA_TYPE};
use gewu_domain::ids::Digest;
use gewu_store::texts::Giver;

/// How a photo leaves the house.
#[derive(Debug, Clone)]
pub struct PhotoFile {
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
    /// Everybody may see it, so anybody on the way may keep a copy.
    pub is_public: bool,
}

impl App {
    /// A photo or thumbnail of a case, for somebody who may see it: public ones for all, those a reporter gave for
    /// the holder of the receipt, the rest for staff who may open the case.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when there is none or the caller may not see it.
    pub async fn photo(&self, caller: &Caller, address: CaseAddress, digest: Digest) -> Result<PhotoFile, AppError> {
        let snapshot = self.snapshot()?;
        let view = self.store.view(address.region).await?;
        let photos = view.attachments(address.id).await?;
        let held = photos.into_iter().find(|photo| photo.digest == digest || photo.thumbnail == digest);
        let held = held.ok_or(AppError::NotFound)?;
        if !held.is_public {
            let case = view.case(address.id).await?.ok_or(AppError::NotFound)?;
            let is_own = matches!(caller.identity, crate::Identity::Reporter { .. }) && held.by == Giver::Reporter;
            let is_staff = caller.post().is_some() || matches!(caller.identity, crate::Identity::System);
            if !caller.sees(&case, &snapshot.city.areas) || !(is_own || is_staff) {
                return Err(AppError::NotFound);
            }
        }
        drop(view);
        let bytes = self.blobs.get(digest).await?.ok_or(AppError::NotFound)?;
        Ok(PhotoFile { media_type: MEDIA_TYPE, bytes, is_public: held.is_public })
    }
}
