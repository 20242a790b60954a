//! Giving out the photos of a case. Taking them in is [`crate::photos`].

use crate::{App, AppError, Caller, cases::CaseAddress, photos::MEDIA_TYPE};
use gewu_domain::{
    case::{Case, Showing},
    ids::Digest,
};
use gewu_store::{attachments::AttachmentRow, texts::Giver};

/// A photo of a case, with who may see it.
#[derive(Debug, Clone, PartialEq)]
pub struct CasePhoto {
    pub row: AttachmentRow,
    /// Everybody may see this very file.
    pub is_public: bool,
    /// What was decided about it; `None` while nobody has looked.
    pub showing: Option<Showing>,
}

impl CasePhoto {
    pub(crate) fn of(case: &Case, row: AttachmentRow) -> CasePhoto {
        let showing = case.showings.photos.get(&row.digest).cloned();
        CasePhoto { is_public: case.shows_photo(row.digest), showing, row }
    }

    /// May the holder of the receipt see it?
    pub(crate) fn is_for_reporter(&self) -> bool {
        self.is_public || self.row.by == Giver::Reporter
    }
}

/// How a photo leaves the house.
#[derive(Debug, Clone)]
pub struct PhotoFile {
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
    /// Everybody may see it now, so anybody on the way may keep a copy for a while.
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
        let case = view.case(address.id).await?.ok_or(AppError::NotFound)?;
        let is_public = case.shows_photo(held.digest);
        if !is_public {
            self.seen(caller, Some(case), &snapshot).await?;
            let is_own = matches!(caller.identity, crate::Identity::Reporter { .. }) && held.by == Giver::Reporter;
            let is_staff = caller.post().is_some() || matches!(caller.identity, crate::Identity::System);
            if !(is_own || is_staff) {
                return Err(AppError::NotFound);
            }
        }
        drop(view);
        let bytes = self.blobs.get(digest).await?.ok_or(AppError::NotFound)?;
        Ok(PhotoFile { media_type: MEDIA_TYPE, bytes, is_public })
    }
}
