//! Bodies on their way in: how large, how slow and how many at once, for pages and machines alike.
//!
//! Who may send, and how often, is decided before ([`crate::access`], the extractors of the pages). Here the declared
//! length is judged before a byte is read; then every byte is counted against the [`budget`] and the clock. Small bodies
//! are read into memory ([`read`]), forms part by part ([`form`]), and their files go to the disk. Start at [`Arriving`].

mod budget;
pub mod form;
mod spool;

pub use budget::{Budget, Full, Share};
pub use spool::file;

use crate::{
    gate::{Gate, payer_of},
    media::MediaType,
    problem::{BAD_REQUEST, BUSY, FORBIDDEN, MEDIA_TYPE, Problem, TIMEOUT, TOO_LARGE},
};
use axum::{
    body::{Body, BodyDataStream, Bytes},
    http::{HeaderMap, header, request::Parts},
};
use futures_util::StreamExt;
use std::{io, sync::Arc, time::Duration};
use tokio::time::{Instant, timeout_at};

/// Why a body was not read to its end.
#[derive(Debug, Clone)]
pub enum Unread {
    TooLarge,
    /// Slower than [`Pace`] allows.
    TooSlow,
    /// No room for it at the moment.
    Full,
    /// Another type than those taken here.
    MediaType,
    /// A file of somebody who has not said who they are.
    FileUnasked,
    /// Bytes that are no text in the declared charset.
    Charset,
    /// The character NUL in text.
    Nul,
    /// It broke off, or is no form at all; in the words of whoever found out.
    Broken(String),
    /// It could not be put on the disk.
    Failed(Arc<io::Error>),
}

/// When to try again, of what was refused for want of room.
pub const RETRY_S: u32 = 2;

impl From<Full> for Unread {
    fn from(Full: Full) -> Unread {
        Unread::Full
    }
}

impl From<io::Error> for Unread {
    fn from(error: io::Error) -> Unread {
        Unread::Failed(Arc::new(error))
    }
}

impl From<Unread> for Problem {
    fn from(unread: Unread) -> Problem {
        match unread {
            Unread::TooLarge => TOO_LARGE.into(),
            Unread::TooSlow => TIMEOUT.into(),
            Unread::Full => BUSY.wait(RETRY_S),
            Unread::MediaType => MEDIA_TYPE.because(
                "请用 application/x-www-form-urlencoded；附照片时用 multipart/form-data",
                "send application/x-www-form-urlencoded, or multipart/form-data with photos",
            ),
            Unread::FileUnasked => FORBIDDEN.because(
                "没有给出 api_key；放在表单里时，应在文件之前",
                "api_key was not provided; in a form it stands before the files",
            ),
            Unread::Charset => BAD_REQUEST.because(
                "内容不是所声明的字符集（没有声明就是 UTF-8）",
                "the content is not in the charset that was declared, UTF-8 where none was",
            ),
            Unread::Nul => crate::extract::nul(),
            Unread::Broken(why) => BAD_REQUEST.because(format!("表单读不懂：{why}"), why),
            Unread::Failed(error) => gewu_app::AppError::Unavailable(Box::new(error)).into(),
        }
    }
}

/// How slow a body may come: so long, and longer by what has arrived.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    pub grace: Duration,
    pub bytes_per_s: u32,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace { grace: Duration::from_secs(20), bytes_per_s: 16 * 1024 }
    }
}

/// A body under way.
pub struct Arriving {
    stream: BodyDataStream,
    pace: Pace,
    began: Instant,
    arrived: u64,
    most: u64,
}

impl Arriving {
    /// Judges the declared length; nothing is read yet.
    ///
    /// # Errors
    /// [`Unread::TooLarge`].
    pub fn open(gate: &Gate, headers: &HeaderMap, body: Body, most: u64) -> Result<Arriving, Unread> {
        let declared = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if declared.is_some_and(|declared| declared > most) {
            return Err(Unread::TooLarge);
        }
        Ok(Arriving { stream: body.into_data_stream(), pace: gate.pace, began: Instant::now(), arrived: 0, most })
    }

    /// The next bytes, in time.
    ///
    /// # Errors
    /// [`Unread::TooLarge`], [`Unread::TooSlow`], [`Unread::Broken`].
    pub async fn next(&mut self) -> Result<Option<Bytes>, Unread> {
        let earned_s = self.arrived.checked_div(u64::from(self.pace.bytes_per_s)).unwrap_or_default();
        let until = self.began + self.pace.grace + Duration::from_secs(earned_s);
        let next = timeout_at(until, self.stream.next()).await.map_err(|_| Unread::TooSlow)?;
        let Some(bytes) = next.transpose().map_err(|error| Unread::Broken(error.to_string()))? else {
            return Ok(None);
        };
        self.arrived = self.arrived.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if self.arrived > self.most { Err(Unread::TooLarge) } else { Ok(Some(bytes)) }
    }
}

/// Reads a body into memory.
///
/// # Errors
/// [`Unread`].
pub async fn read(gate: &Gate, room: &Arc<Budget>, parts: &Parts, body: Body, most: usize) -> Result<Kept, Unread> {
    let mut incoming = Arriving::open(gate, &parts.headers, body, u64::try_from(most).unwrap_or(u64::MAX))?;
    let mut share = room.share(&payer_of(parts));
    let mut bytes = Vec::new();
    while let Some(more) = incoming.next().await? {
        share.grow(u64::try_from(more.len()).unwrap_or(u64::MAX))?;
        bytes.extend_from_slice(&more);
    }
    Ok(Kept { bytes, _share: share })
}

/// Bytes with the room they hold.
pub struct Kept {
    pub bytes: Vec<u8>,
    _share: Share,
}

impl Kept {
    /// The text they are in the charset that was declared.
    ///
    /// # Errors
    /// [`Unread::Charset`].
    pub fn text(&self, kind: &MediaType) -> Result<String, Unread> {
        kind.text(&self.bytes).ok_or(Unread::Charset)
    }
}
