//! Forms part by part: fields in memory, within a limit for all of them; files on the disk, within one for each.
//!
//! Both ways in which forms are sent come out alike. Text is read in the charset that was declared for it. What comes out of
//! a file is read when its turn has come. Start at [`Reader`].

use super::{Budget, Share, Unread, spool::Spool};
use crate::{
    gate::{Gate, payer_of},
    media::{MediaType, unescaped},
};
use axum::{
    body::Body,
    extract::{
        DefaultBodyLimit, FromRequest, Multipart, Request,
        multipart::{Field, MultipartError},
    },
    http::{header, request::Parts},
};
use futures_util::stream;
use gewu_app::photos::Sent;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

/// What a form may have.
#[derive(Debug, Clone, Copy)]
pub struct Most {
    /// Of all fields together, with their names.
    pub words: usize,
    /// Of each file.
    pub file: u64,
    /// Of everything.
    pub total: u64,
}

impl Most {
    /// A form of words alone.
    pub const WORDS: Most = Most { words: 128 * 1024, file: 0, total: 128 * 1024 };
}

/// Fields and files at most: nobody has a form with more.
const PARTS_MOST: usize = 1_000;

/// One part of a form.
pub enum Part {
    Field(String, String),
    File(File),
}

/// A file of a form.
#[derive(Debug)]
pub struct File {
    pub field: String,
    /// As the sender's machine calls it.
    pub name: String,
    pub content: Sent,
}

enum Source {
    Fields(std::vec::IntoIter<(String, String)>),
    Multipart(Box<Multipart>),
}

/// A form under way.
pub struct Reader {
    /// Until it is known who sends, a file may be one too many.
    pub takes_files: bool,
    source: Source,
    most: Most,
    words: usize,
    parts: usize,
    fault: Arc<Mutex<Option<Unread>>>,
    folder: PathBuf,
    disk: Arc<Budget>,
    payer: Arc<str>,
    /// Of the words.
    memory: Share,
}

impl Reader {
    /// Judges what is declared; of a multipart form nothing is read yet.
    ///
    /// # Errors
    /// [`Unread`].
    pub async fn open(gate: &Gate, parts: &Parts, body: Body, most: Most) -> Result<Reader, Unread> {
        let kind = MediaType::of(&parts.headers);
        let payer = payer_of(parts);
        let fault = Arc::default();
        let source = if kind.is("multipart/form-data") {
            Source::Multipart(Box::new(multipart(gate, parts, body, most, &fault).await?))
        } else if kind.is("application/x-www-form-urlencoded") {
            let read = super::read(gate, &gate.memory, parts, body, most.words).await?;
            Source::Fields(pairs(&read.bytes, &kind)?.into_iter())
        } else {
            return Err(Unread::MediaType);
        };
        let memory = gate.memory.share(&payer);
        let (folder, disk) = (gate.folder.clone(), gate.disk.clone());
        Ok(Reader { takes_files: true, source, most, words: 0, parts: 0, fault, folder, disk, payer, memory })
    }

    /// The next part, in the order in which they were sent. An input for files that was left empty is no part.
    ///
    /// # Errors
    /// [`Unread`].
    pub async fn next(&mut self) -> Result<Option<Part>, Unread> {
        loop {
            self.parts = self.parts.saturating_add(1);
            if self.parts > PARTS_MOST {
                return Err(Unread::TooLarge);
            }
            let part = match &mut self.source {
                Source::Fields(fields) => fields.next().map(|(name, value)| Part::Field(name, value)),
                Source::Multipart(form) => match form.next_field().await {
                    Ok(Some(field)) => {
                        let mut taking = Taking {
                            most: self.most,
                            takes_files: self.takes_files,
                            words: &mut self.words,
                            memory: &mut self.memory,
                            disk: &self.disk,
                            payer: &self.payer,
                            folder: &self.folder,
                        };
                        match taking.part(field).await {
                            Ok(None) => continue,
                            Ok(part) => part,
                            Err(unread) => return Err(self.fault_or(unread)),
                        }
                    }
                    Ok(None) => None,
                    Err(error) => return Err(self.fault_or(Unread::Broken(error.body_text()))),
                },
            };
            return Ok(part);
        }
    }

    /// What became of the body itself, if that is why the form broke off.
    fn fault_or(&self, unread: Unread) -> Unread {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or(unread)
    }
}

/// The parser of a multipart form, over a body that is judged as it comes.
async fn multipart(
    gate: &Gate,
    parts: &Parts,
    body: Body,
    most: Most,
    fault: &Arc<Mutex<Option<Unread>>>,
) -> Result<Multipart, Unread> {
    let arriving = super::Arriving::open(gate, &parts.headers, body, most.total)?;
    let slot = fault.clone();
    let chunks = stream::unfold(Some(arriving), move |arriving| {
        let slot = slot.clone();
        async move {
            let mut arriving = arriving?;
            match arriving.next().await {
                Ok(bytes) => bytes.map(|bytes| (Ok(bytes), Some(arriving))),
                Err(unread) => {
                    *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(unread);
                    Some((Err(std::io::Error::other("the body was not read to its end")), None))
                }
            }
        }
    });
    let mut request = Request::new(Body::from_stream(chunks));
    if let Some(kind) = parts.headers.get(header::CONTENT_TYPE) {
        request.headers_mut().insert(header::CONTENT_TYPE, kind.clone());
    }
    DefaultBodyLimit::disable().apply(&mut request);
    Multipart::from_request(request, &()).await.map_err(|error| Unread::Broken(error.body_text()))
}

/// What taking one part in needs.
struct Taking<'r> {
    most: Most,
    takes_files: bool,
    words: &'r mut usize,
    memory: &'r mut Share,
    disk: &'r Arc<Budget>,
    payer: &'r Arc<str>,
    folder: &'r PathBuf,
}

impl Taking<'_> {
    async fn part(&mut self, field: Field<'_>) -> Result<Option<Part>, Unread> {
        let name = field.name().unwrap_or_default().to_owned();
        let kind = field.content_type().map(MediaType::parse).unwrap_or_default();
        let file_name = field.file_name().map(str::to_owned);
        if file_name.is_some() || kind.is_image() || kind.is("application/octet-stream") {
            if !self.takes_files {
                return Err(Unread::FileUnasked);
            }
            let file_name = file_name.unwrap_or_default();
            let content = self.file(field).await?;
            let is_left_empty = file_name.is_empty() && content.is_empty();
            let file = |content| Part::File(File { field: name, name: file_name, content });
            return Ok((!is_left_empty).then(|| file(content)));
        }
        self.count(name.len())?;
        let mut bytes = Vec::new();
        let mut field = field;
        while let Some(more) = field.chunk().await.map_err(broken)? {
            self.count(more.len())?;
            bytes.extend_from_slice(&more);
        }
        Ok(Some(Part::Field(name, kind.text(&bytes).ok_or(Unread::Charset)?)))
    }

    fn count(&mut self, bytes: usize) -> Result<(), Unread> {
        *self.words = self.words.saturating_add(bytes);
        if *self.words > self.most.words {
            return Err(Unread::TooLarge);
        }
        Ok(self.memory.grow(u64::try_from(bytes).unwrap_or(u64::MAX))?)
    }

    async fn file(&mut self, mut field: Field<'_>) -> Result<Sent, Unread> {
        let share = self.disk.share(self.payer);
        let mut spool = Spool::new(self.folder, share, self.most.file);
        while let Some(more) = field.chunk().await.map_err(broken)? {
            spool.push(&more).await?;
        }
        spool.done().await
    }
}

fn broken(error: MultipartError) -> Unread {
    Unread::Broken(error.body_text())
}

/// Names and values of an urlencoded form, in their order.
///
/// # Errors
/// [`Unread::Charset`].
pub fn pairs(body: &[u8], kind: &MediaType) -> Result<Vec<(String, String)>, Unread> {
    let text = |part: &[u8]| kind.text(&unescaped(part)).ok_or(Unread::Charset);
    body.split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let at = pair.iter().position(|byte| *byte == b'=');
            let (name, value) = at.map_or((pair, &[][..]), |at| {
                let (name, value) = pair.split_at(at);
                (name, value.get(1..).unwrap_or_default())
            });
            Ok((text(name)?, text(value)?))
        })
        .collect()
}
