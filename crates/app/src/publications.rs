//! Reading what was published: the list of all versions, and one document as it was given.

use crate::{App, AppError, Caller, city::Kind};
use gewu_store::publications::{Publication, PublicationHead};

impl App {
    /// Every version of every document, by kind, name and version.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] unless an administrator asks.
    pub async fn publications(&self, caller: &Caller) -> Result<Vec<PublicationHead>, AppError> {
        caller.administrator()?;
        let view = self.store.city().await?;
        Ok(view.publications().await?)
    }

    /// One version as it was given.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] unless an administrator asks, [`AppError::NotFound`].
    pub async fn publication(
        &self,
        caller: &Caller,
        kind: Kind,
        name: &str,
        version: u32,
    ) -> Result<Publication, AppError> {
        caller.administrator()?;
        let view = self.store.city().await?;
        view.publication(kind.code(), name, version).await?.ok_or(AppError::NotFound)
    }
}
