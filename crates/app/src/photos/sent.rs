//! A file as it was sent: in memory, or on the disk without a name, until its turn has come.

use std::{
    fmt,
    fs::File,
    io::{self, Cursor, Read, Seek, SeekFrom},
};

/// A file on its way in. Dropping it forgets it, and gives back the room that was held for it.
pub struct Sent {
    bytes: u64,
    source: Source,
    _room: Option<Box<dyn Send + Sync>>,
}

enum Source {
    Memory(Vec<u8>),
    File(File),
    /// It was larger than is taken, so it was not kept.
    Dropped,
}

impl From<Vec<u8>> for Sent {
    fn from(bytes: Vec<u8>) -> Sent {
        Sent { bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX), source: Source::Memory(bytes), _room: None }
    }
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sent({} bytes)", self.bytes)
    }
}

impl Sent {
    /// What lies in a file that has no name.
    pub fn of_file(file: File, bytes: u64) -> Sent {
        Sent { bytes, source: Source::File(file), _room: None }
    }

    /// So large that nobody kept it.
    pub fn dropped(bytes: u64) -> Sent {
        Sent { bytes, source: Source::Dropped, _room: None }
    }

    /// Holds on to the room it takes.
    pub fn holding(self, room: impl Send + Sync + 'static) -> Sent {
        Sent { _room: Some(Box::new(room)), ..self }
    }

    pub fn len(&self) -> u64 {
        self.bytes
    }

    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// All of it, in memory. Waits for the disk.
    ///
    /// # Errors
    /// When the file cannot be read, or was never kept.
    pub fn read(&mut self) -> io::Result<Vec<u8>> {
        match &mut self.source {
            Source::Memory(bytes) => Ok(std::mem::take(bytes)),
            Source::File(file) => {
                let mut bytes = Vec::with_capacity(usize::try_from(self.bytes).unwrap_or_default());
                file.seek(SeekFrom::Start(0))?;
                file.read_to_end(&mut bytes)?;
                Ok(bytes)
            }
            Source::Dropped => Err(io::Error::from(io::ErrorKind::FileTooLarge)),
        }
    }

    /// Looks into it without reading all of it.
    pub(super) fn look<T>(&mut self, look: impl FnOnce(&mut dyn ReadSeek) -> io::Result<T>) -> io::Result<T> {
        match &mut self.source {
            Source::Memory(bytes) => look(&mut Cursor::new(bytes.as_slice())),
            Source::File(file) => {
                file.seek(SeekFrom::Start(0))?;
                look(file)
            }
            Source::Dropped => Err(io::Error::from(io::ErrorKind::FileTooLarge)),
        }
    }
}

/// What can be read here and there.
pub(super) trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}
