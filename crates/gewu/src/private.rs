//! Folders and files that are nobody else's on this machine: 0700 and 0600, those made now and those there before.

use anyhow::{Context, Result};
use std::{fs, io, path::Path};

/// Makes a folder for its owner only, and what is missing above it.
pub fn folder(path: &Path) -> Result<()> {
    let mut maker = fs::DirBuilder::new();
    maker.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut maker, 0o700);
    maker.create(path).with_context(|| format!("建立目录 {} · making the directory", path.display()))
}

/// Takes a folder and all in it from everybody else. What cannot be changed is told in the log: it belongs to another user.
///
/// Photos are many: where nobody else can enter their folder, they are not walked through again.
pub fn tighten(path: &Path) {
    if let Err(error) = walk(path) {
        tracing::warn!(
            path = %path.display(),
            error = &error as &dyn std::error::Error,
            "others on this machine may be able to read here: chmod -R go= it"
        );
    }
}

#[cfg(unix)]
fn walk(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let about = fs::symlink_metadata(path)?;
    if about.is_symlink() {
        return Ok(());
    }
    let was_private = about.permissions().mode() & 0o077 == 0;
    if !was_private {
        let mode = if about.is_dir() { 0o700 } else { 0o600 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    }
    if !about.is_dir() || was_private && path.file_name().is_some_and(|name| name == "photos") {
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        match walk(&entry?.path()) {
            // A file of the moment has gone meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other?,
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn walk(_: &Path) -> io::Result<()> {
    Ok(())
}
