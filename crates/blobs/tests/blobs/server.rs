//! An S3-compatible server for tests: moto, installed from PyPI once per target folder.

use gewu_blobs::S3Settings;
use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

const PACKAGES: [&str; 5] =
    ["moto==5.2.5", "flask==3.1.3", "flask-cors==6.0.5", "py-partiql-parser==0.6.3", "PyYAML==6.0.3"];

/// Starts a server of one's own. It ends when its standard input closes.
pub fn start() -> (S3Settings, Child) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../blobs/tests/blobs/s3_server.py");
    let mut server = Command::new("python3")
        .arg(script)
        .env("PYTHONPATH", installed())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("python3 starts");
    let mut ready = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    let settings = serde_json::from_str(&ready).unwrap_or_else(|error| panic!("the server said {ready:?}: {error}"));
    (settings, server)
}

/// The folder with moto in it. Installed beside and renamed, so that an interrupted or doubled installation does no
/// harm.
fn installed() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(PACKAGES.join("-").replace("==", "-"));
    if !folder.is_dir() {
        let beside = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let pip = Command::new("python3")
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-warn-conflicts", "--target"])
            .arg(beside.path().join("moto"))
            .args(PACKAGES)
            .output()
            .expect("python3 with pip is there");
        assert!(pip.status.success(), "{}", String::from_utf8_lossy(&pip.stderr));
        let renamed = fs::rename(beside.path().join("moto"), &folder);
        assert!(renamed.is_ok() || folder.is_dir(), "{renamed:?}");
    }
    folder
}
