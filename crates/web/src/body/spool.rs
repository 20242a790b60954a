//! A file as it arrives: into memory while it is small, then onto the disk, where it has no name and ends with its handle.

use super::{Arriving, Share, Unread};
use crate::gate::{Gate, payer_of};
use axum::{
    body::Body,
    http::{HeaderMap, request::Parts},
};
use gewu_app::photos::Sent;
use std::path::PathBuf;
use tokio::{fs::File, io::AsyncWriteExt};

/// A file that is not larger stays in memory.
const SMALL: usize = 64 * 1024;

/// Where the bytes of one file go.
pub struct Spool<'g> {
    folder: &'g PathBuf,
    share: Share,
    most: u64,
    bytes: u64,
    head: Vec<u8>,
    file: Option<File>,
}

impl<'g> Spool<'g> {
    pub fn new(folder: &'g PathBuf, share: Share, most: u64) -> Spool<'g> {
        Spool { folder, share, most, bytes: 0, head: Vec::new(), file: None }
    }

    /// Of a file that is larger than is taken nothing is kept, but its end is waited for: the sender is told in words.
    ///
    /// # Errors
    /// [`Unread::Full`], [`Unread::Failed`].
    pub async fn push(&mut self, more: &[u8]) -> Result<(), Unread> {
        let length = u64::try_from(more.len()).unwrap_or(u64::MAX);
        self.bytes = self.bytes.saturating_add(length);
        if self.bytes > self.most {
            (self.head, self.file) = (Vec::new(), None);
            return Ok(());
        }
        self.share.grow(length)?;
        if self.file.is_none() && self.head.len().saturating_add(more.len()) > SMALL {
            self.file = Some(File::from_std(tempfile::tempfile_in(self.folder)?));
        }
        match &mut self.file {
            None => self.head.extend_from_slice(more),
            Some(file) => {
                file.write_all(&std::mem::take(&mut self.head)).await?;
                file.write_all(more).await?;
            }
        }
        Ok(())
    }

    /// # Errors
    /// [`Unread::Failed`].
    pub async fn done(self) -> Result<Sent, Unread> {
        let sent = match self.file {
            _ if self.bytes > self.most => return Ok(Sent::dropped(self.bytes)),
            None => Sent::from(self.head),
            Some(mut file) => {
                file.flush().await?;
                Sent::of_file(file.into_std().await, self.bytes)
            }
        };
        Ok(sent.holding(self.share))
    }
}

/// Takes in a body that is one file.
///
/// # Errors
/// [`Unread`].
pub async fn file(gate: &Gate, parts: &Parts, body: Body, most: u64) -> Result<Sent, Unread> {
    let headers: &HeaderMap = &parts.headers;
    let mut arriving = Arriving::open(gate, headers, body, most)?;
    let mut spool = Spool::new(&gate.folder, gate.disk.share(&payer_of(parts)), most);
    while let Some(more) = arriving.next().await? {
        spool.push(&more).await?;
    }
    spool.done().await
}
