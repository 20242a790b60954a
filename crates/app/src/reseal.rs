//! After a change of keys: every contact and second factor sealed with an old key is opened and sealed with the one in use.
//!
//! It can be cut short anywhere and done again: what is sealed with the key in use is left alone, and a contact that is
//! erased or given anew meanwhile stays so.

use crate::{App, AppError};
use gewu_store::{Change, Page};
use std::collections::BTreeMap;

/// Contacts sealed anew in one transaction.
const BATCH: u16 = 200;

/// What a round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resealed {
    pub looked_at: u64,
    pub resealed: u64,
    /// Damaged, or sealed with a key that the key file does not have: left as they are.
    pub unopened: u64,
}

impl App {
    /// Seals every contact and second factor with the key in use. `progress` is told after each batch.
    ///
    /// # Errors
    /// When the store fails; what was sealed anew until then stays so.
    pub async fn reseal(&self, progress: &mut (dyn FnMut(Resealed) + Send)) -> Result<Resealed, AppError> {
        let [looked_at, resealed, unopened] = self.reseal_totps().await?;
        let mut done = Resealed { looked_at, resealed, unopened };
        for region in self.store.upkeep().regions().await? {
            let mut page = Page::first(BATCH);
            loop {
                let view = self.store.view(region).await?;
                let listing = view.sealed(&page).await?;
                drop(view);
                let mut changes = Vec::new();
                for row in listing.rows {
                    done.looked_at += 1;
                    if self.keyring.is_current(&row.sealed) {
                        continue;
                    }
                    match self.keyring.open(region, row.case, &row.field, &row.sealed) {
                        Ok(value) => {
                            let sealed = self.keyring.seal(region, row.case, &row.field, &value, self.random.as_ref());
                            changes.push(Change::Reseal { case: row.case, field: row.field, was: row.sealed, sealed });
                        }
                        Err(_) => done.unopened += 1,
                    }
                }
                let resealed = u64::try_from(changes.len()).unwrap_or(u64::MAX);
                if !changes.is_empty() {
                    self.store.apply(region, changes.into()).await?;
                }
                done.resealed = done.resealed.saturating_add(resealed);
                progress(done);
                match listing.next {
                    Some(next) => page = page.after(next),
                    None => break,
                }
            }
        }
        if done.resealed > 0 {
            // What the old key sealed must not be read from a freed page by whoever has the old key.
            self.store.upkeep().scrub().await?;
        }
        Ok(done)
    }

    /// How many contacts and second factors each key sealed; under `None` what no key did.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn seals(&self) -> Result<BTreeMap<Option<u16>, u64>, AppError> {
        let mut seals = BTreeMap::new();
        for (_, sealed) in self.store.city().await?.totps().await? {
            *seals.entry(self.keyring.number_of(&sealed)).or_default() += 1;
        }
        for region in self.store.upkeep().regions().await? {
            let mut page = Page::first(1_000);
            loop {
                let view = self.store.view(region).await?;
                let listing = view.sealed(&page).await?;
                for row in &listing.rows {
                    *seals.entry(self.keyring.number_of(&row.sealed)).or_default() += 1;
                }
                match listing.next {
                    Some(next) => page = page.after(next),
                    None => break,
                }
            }
        }
        Ok(seals)
    }
}
