//! Files in a folder.
//!
//! `<folder>/ab/ab12…`: 256 folders, made and synced when the folder is opened, so that a new file needs one sync of its own and one
//! of its folder. A file is written whole under `incoming/`, synced, and then renamed: under its name it is whole or
//! not there, also after a loss of power. Several processes may share the folder.

use crate::{BlobError, Blobs, digest_of, key, named_rightly, undamaged};
use async_trait::async_trait;
use gewu_domain::ids::Digest;
use jiff::Timestamp;
use std::{
    fs::{self, File},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Content-addressed files in a folder.
#[derive(Debug, Clone)]
pub struct DiskBlobs {
    folder: Arc<Folder>,
}

#[derive(Debug)]
struct Folder {
    path: PathBuf,
    incoming: PathBuf,
    /// Held shared for as long as the folder is open, so that nobody sweeps `incoming` under somebody else's hands.
    _lock: File,
}

impl DiskBlobs {
    /// Opens a folder, making it if it is not there. What a crash left half written is removed, unless another process
    /// has the folder open.
    ///
    /// # Errors
    /// [`BlobError::Unavailable`] naming the file or folder that cannot be made, read or locked.
    pub fn open(folder: impl Into<PathBuf>) -> Result<DiskBlobs, BlobError> {
        let path = folder.into();
        let incoming = path.join("incoming");
        make_folder(&path)?;
        make_folder(&incoming)?;
        for first in 0..=u8::MAX {
            make_folder(&path.join(format!("{first:02x}")))?;
        }
        sync_folder(&path)?;
        if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
            sync_folder(above)?;
        }
        let lock = lock(&path.join("lock"), &incoming)?;
        Ok(DiskBlobs { folder: Arc::new(Folder { path, incoming, _lock: lock }) })
    }

    /// Runs file work where waiting for the disk holds nobody up.
    async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Folder) -> Result<T, BlobError> + Send + 'static,
    ) -> Result<T, BlobError> {
        let folder = Arc::clone(&self.folder);
        tokio::task::spawn_blocking(move || work(&folder))
            .await
            .map_err(|error| BlobError::unavailable("finish work in", self.folder.path.display(), error))?
    }
}

#[async_trait]
impl Blobs for DiskBlobs {
    async fn put(&self, digest: Digest, bytes: Vec<u8>) -> Result<(), BlobError> {
        self.apart(move |folder| folder.put(digest, &bytes)).await
    }

    async fn get(&self, digest: Digest) -> Result<Option<Vec<u8>>, BlobError> {
        self.apart(move |folder| folder.get(digest)).await
    }

    async fn exists(&self, digest: Digest) -> Result<bool, BlobError> {
        self.apart(move |folder| {
            let path = folder.file(digest);
            path.try_exists().map_err(failure("look for", &path))
        })
        .await
    }

    async fn delete(&self, digest: Digest) -> Result<(), BlobError> {
        self.apart(move |folder| folder.delete(digest)).await
    }

    async fn list_dated(&self, after: Option<Digest>, most: usize) -> Result<Vec<(Digest, Timestamp)>, BlobError> {
        self.apart(move |folder| folder.list(after, most)).await
    }
}

impl Folder {
    fn file(&self, digest: Digest) -> PathBuf {
        self.path.join(key(digest))
    }

    fn put(&self, digest: Digest, bytes: &[u8]) -> Result<(), BlobError> {
        named_rightly(digest, bytes)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.incoming).map_err(failure("write in", &self.incoming))?;
        let path = self.file(digest);
        file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(failure("write", &path))?;
        file.persist(&path).map_err(|error| BlobError::unavailable("write", path.display(), error.error))?;
        sync_folder_of(&path)
    }

    fn get(&self, digest: Digest) -> Result<Option<Vec<u8>>, BlobError> {
        let path = self.file(digest);
        match fs::read(&path) {
            Ok(bytes) => undamaged(digest, bytes, path.display()).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failure("read", &path)(error)),
        }
    }

    fn delete(&self, digest: Digest) -> Result<(), BlobError> {
        let path = self.file(digest);
        fs::remove_file(&path).or_else(unless(ErrorKind::NotFound)).map_err(failure("delete", &path))?;
        sync_folder_of(&path)
    }

    /// Reads one of the 256 folders at a time until there are enough.
    fn list(&self, after: Option<Digest>, most: usize) -> Result<Vec<(Digest, Timestamp)>, BlobError> {
        let first = after.map_or(0, |Digest([first, ..])| first);
        let mut found = Vec::new();
        for folder in (first..=u8::MAX).map(|first| self.path.join(format!("{first:02x}"))) {
            if found.len() >= most {
                break;
            }
            let mut here = Vec::new();
            for entry in fs::read_dir(&folder).map_err(failure("list", &folder))? {
                let entry = entry.map_err(failure("list", &folder))?;
                here.extend(entry.file_name().to_str().and_then(digest_of));
            }
            here.sort_unstable();
            found.extend(here.into_iter().filter(|digest| after.is_none_or(|after| *digest > after)));
        }
        found.truncate(most);
        let mut dated = Vec::with_capacity(found.len());
        for digest in found {
            let path = self.file(digest);
            match fs::metadata(&path).and_then(|data| data.modified()) {
                Ok(at) => dated.push((digest, Timestamp::try_from(at).unwrap_or(Timestamp::MAX))),
                // Somebody deleted it meanwhile; the caller still learns where to go on.
                Err(error) if error.kind() == ErrorKind::NotFound => dated.push((digest, Timestamp::MAX)),
                Err(error) => return Err(failure("look at", &path)(error)),
            }
        }
        Ok(dated)
    }
}

/// Takes the folder's lock shared; whoever is alone for a moment sweeps `incoming` first.
fn lock(path: &Path, incoming: &Path) -> Result<File, BlobError> {
    let mut options = File::options();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let lock = options.open(path).map_err(failure("open", path))?;
    if lock.try_lock().is_ok() {
        for entry in fs::read_dir(incoming).map_err(failure("list", incoming))? {
            let path = entry.map_err(failure("list", incoming))?.path();
            fs::remove_file(&path).map_err(failure("delete", &path))?;
        }
        lock.unlock().map_err(failure("unlock", path))?;
    }
    lock.lock_shared().map_err(failure("lock", path))?;
    Ok(lock)
}

/// Makes a folder for its owner only, or takes one that is there from everybody else.
fn make_folder(path: &Path) -> Result<(), BlobError> {
    let mut maker = fs::DirBuilder::new();
    maker.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut maker, 0o700);
    maker.create(path).map_err(failure("make", path))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(path).map_err(failure("look at", path))?.permissions().mode();
        if mode & 0o077 != 0 {
            fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(failure("close", path))?;
        }
    }
    Ok(())
}

/// A new or removed name is durable only after its folder was synced too.
fn sync_folder(path: &Path) -> Result<(), BlobError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(failure("sync", path))
}

fn sync_folder_of(file: &Path) -> Result<(), BlobError> {
    sync_folder(file.parent().expect("files lie in one of the 256 folders"))
}

fn failure(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BlobError {
    move |source| BlobError::unavailable(what, path.display(), source)
}

/// Makes one kind of error a success.
fn unless(fine: ErrorKind) -> impl FnOnce(io::Error) -> io::Result<()> {
    move |error| if error.kind() == fine { Ok(()) } else { Err(error) }
}
