//! Are these the keys this record was written with? Asked whenever a house is opened.
//!
//! The record notes a digest of each key. A record that has noted none, because an older release wrote it, is tried: what
//! it holds sealed must open.

use crate::{
    App, AppError,
    sealing::{KeyringFault, LOOKUP, SEAL},
};
use gewu_store::{Page, keys::KeyRow};
use std::collections::BTreeMap;

/// So many contacts of a region are tried: one of them may be damaged.
const TRIED: u16 = 20;

impl App {
    /// Compares the key file with what the record knows, and notes keys that are new.
    ///
    /// # Errors
    /// [`AppError::Failed`] with the [`KeyringFault`] for a key file of another record, and for one that lacks a key.
    pub async fn check_keys(&self) -> Result<(), AppError> {
        let upkeep = self.store.upkeep();
        let noted: BTreeMap<(String, u16), _> =
            upkeep.keys().await?.into_iter().map(|row| ((row.purpose, row.number), row.digest)).collect();
        if noted.is_empty() {
            self.try_keys().await?;
        }
        let held = self.keyring.digests();
        for (purpose, number, digest) in &held {
            let stands = noted.get(&((*purpose).to_owned(), *number));
            if stands.is_some_and(|stands| stands != digest) {
                return Err(refused(KeyringFault::Foreign(purpose, *number)));
            }
        }
        let is_held = |number: u16| held.iter().any(|(purpose, other, _)| *purpose == SEAL && *other == number);
        if let Some((_, number)) = noted.keys().find(|(purpose, number)| purpose == SEAL && !is_held(*number)) {
            return Err(refused(KeyringFault::Gone(*number)));
        }
        for (purpose, number, digest) in held {
            if !noted.contains_key(&(purpose.to_owned(), number)) {
                let purpose = purpose.to_owned();
                upkeep.put_key(KeyRow { purpose, number, digest, noted_at: self.now() }).await?;
            }
        }
        Ok(())
    }

    /// Forgets a sealing key that is about to go from the key file.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget_key(&self, number: u16) -> Result<(), AppError> {
        Ok(self.store.upkeep().drop_key(SEAL, number).await?)
    }

    /// Is anything kept here? Then it had keys.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn is_lived_in(store: &dyn gewu_store::Store) -> Result<bool, gewu_store::StoreError> {
        let upkeep = store.upkeep();
        Ok(!upkeep.keys().await?.is_empty()
            || !upkeep.regions().await?.is_empty()
            || store.city().await?.publication_count().await? > 0)
    }

    /// Something that was sealed opens, and is found by the lookup key; or nothing was.
    async fn try_keys(&self) -> Result<(), AppError> {
        let mut tried = 0_u32;
        for region in self.store.upkeep().regions().await? {
            let view = self.store.view(region).await?;
            for row in view.sealed(&Page::first(TRIED)).await?.rows {
                tried += 1;
                let Ok(value) = self.keyring.open(region, row.case, &row.field, &row.sealed) else { continue };
                let contacts = view.contacts(row.case).await?;
                let index = self.keyring.index(&row.field, &value);
                let is_found = contacts.iter().any(|contact| contact.field == row.field && contact.index == index);
                return if is_found { Ok(()) } else { Err(refused(KeyringFault::Foreign(LOOKUP, 0))) };
            }
        }
        if tried == 0 { Ok(()) } else { Err(refused(KeyringFault::Stranger)) }
    }
}

fn refused(fault: KeyringFault) -> AppError {
    AppError::Failed(Box::new(fault))
}
