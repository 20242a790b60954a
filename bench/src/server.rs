//! The server under measurement: a process of its own, started, asked, stopped and killed as an operator would.

use crate::http::{Connection, Headers, request};
use crate::{Stand, connect, setting};
use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The password of every account of a made-up town.
const PASSWORD: &str = "gewu-demo-311";

/// Where a city is kept.
#[derive(Clone)]
pub struct Place {
    pub gewu: PathBuf,
    pub data: PathBuf,
    /// A PostgreSQL database; SQLite in `data` when there is none.
    pub database: Option<String>,
}

impl Place {
    /// The file of the SQLite store.
    pub fn sqlite(&self) -> PathBuf {
        self.data.join("record/gewu.sqlite")
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.gewu);
        command.arg("--data").arg(&self.data);
        if let Some(database) = &self.database {
            command.arg("--database").arg(database);
        }
        command.env("GEWU_LOG", "warn").env_remove("GEWU_DATABASE");
        command
    }

    /// Runs one of the binary's chores to its end and gives what it printed.
    pub fn gewu(&self, arguments: &[&str]) -> Result<String> {
        let output = self
            .command()
            .args(arguments)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("cannot start {}", self.gewu.display()))?;
        ensure!(output.status.success(), "gewu {} ended with {}", arguments.join(" "), output.status);
        Ok(String::from_utf8(output.stdout)?)
    }

    /// A made-up town with a history of so many cases.
    pub fn simulate(&self, cases: u64) -> Result<()> {
        eprintln!("  making a town of {cases} cases");
        self.gewu(&["simulate", "--cases", &cases.to_string()])?;
        Ok(())
    }

    /// Drops the SQLite store's files and the binary from the system's cache.
    pub fn forget(&self) -> Result<()> {
        let status = Command::new("sync").status()?;
        ensure!(status.success(), "sync ended with {status}");
        let record = std::fs::read_dir(self.data.join("record"))?;
        let files = record.filter_map(|entry| entry.ok().map(|entry| entry.path())).chain([self.gewu.clone()]);
        for file in files {
            let mut input = std::ffi::OsString::from("if=");
            input.push(&file);
            let status = Command::new("dd")
                .arg(input)
                .args(["iflag=nocache", "count=0", "status=none"])
                .stdin(Stdio::null())
                .status()?;
            ensure!(status.success(), "dd could not drop {} from the cache", file.display());
        }
        Ok(())
    }

    /// Headers of another system's requests, with a new key for reporting and reading.
    pub fn client(&self) -> Result<Headers> {
        let key = self.gewu(&["client", "add", "bench", "--scopes", "report,read"])?;
        Ok(vec![("authorization".to_owned(), format!("Bearer {}", key.trim()))])
    }
}

/// A running server; dropping it kills it.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    /// Starts it and waits until it listens. A client may read as fast as it can: that is what is measured.
    pub fn start(place: &Place, scratch: &Path) -> Result<Server> {
        Server::start_with(place, scratch, &["--rate-read", "off"])
    }

    /// The same with these arguments.
    pub fn start_with(place: &Place, scratch: &Path, arguments: &[&str]) -> Result<Server> {
        let log = File::options().create(true).append(true).open(scratch.join("server.log"))?;
        let mut child = place
            .command()
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", place.gewu.display()))?;
        let said = BufReader::new(child.stdout.take().context("the server's output is not ours")?);
        let address = said.lines().map_while(Result::ok).find_map(|line| {
            let (_, address) = line.split_once("http://")?;
            address.trim().parse().ok()
        });
        let Some(address) = address else {
            let _ = child.kill();
            let status = child.wait()?;
            let log = std::fs::read_to_string(scratch.join("server.log")).unwrap_or_default();
            let tail: Vec<&str> = log.lines().rev().take(20).collect();
            anyhow::bail!(
                "the server ended with {status} before it listened:\n{}",
                tail.into_iter().rev().collect::<Vec<_>>().join("\n")
            );
        };
        Ok(Server { child, address })
    }

    /// Memory of the process that is in RAM now, in megabytes of 10⁶ bytes.
    pub fn resident_mb(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
        let kib: f64 = kib.context("the system does not say VmRSS")?.trim().parse()?;
        Ok(kib * 1_024.0 / 1e6)
    }

    /// Ends it as the power does: SIGKILL, nothing is finished.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to end, and waits until it has.
    pub fn stop(mut self) -> Result<()> {
        self.end()
    }

    /// The same where another server takes its place.
    pub fn end(&mut self) -> Result<()> {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        ensure!(told.success(), "the server could not be told to end");
        let asked = Instant::now();
        while asked.elapsed() < Duration::from_secs(30) {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        anyhow::bail!("the server did not end within 30 s of being asked")
    }

    /// Signs a member of the made-up town's staff in; gives the headers that say so.
    pub async fn sign_in(&self, login: &str) -> Result<Headers> {
        let mut connection = Connection::open(self.address).await?;
        let body = json!({ "login": login, "password": PASSWORD });
        let answer = connection.call(&request("POST", "/api/v1/session", &[], Some(&body))).await?;
        let session = answer.json(201).with_context(|| format!("signing {login} in"))?;
        let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next()).context("no cookie")?;
        let token = session.get("csrf_token").and_then(|token| token.as_str()).context("no csrf_token")?;
        Ok(vec![("cookie".to_owned(), cookie.to_owned()), ("x-csrf-token".to_owned(), token.to_owned())])
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the cases are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// A city of so many cases that lasts; see [`lasting_in`]. Of PostgreSQL, the stand's own has to last too.
pub fn lasting(stand: &Stand, engine: Engine, cases: u64) -> Result<Place> {
    let (folder, database) = match engine {
        Engine::Sqlite => (format!("sqlite-{cases}"), None),
        Engine::Postgres => (format!("postgres-{cases}"), Some(format!("city_{cases}"))),
    };
    let data = stand.data.join(folder);
    let url = database.as_ref().map(|name| stand.database(name)).transpose()?;
    let place = Place { gewu: stand.gewu.clone(), data: data.clone(), database: url };
    let begin = || {
        if let Some(name) = &database {
            let (runtime, client) = stand.postgres()?;
            runtime.block_on(client.execute(&format!("drop database if exists {name}"), &[]))?;
            runtime.block_on(client.execute(&format!("create database {name}"), &[]))?;
        }
        Ok(())
    };
    let go_on = || {
        place.simulate(cases)?;
        if let Some(url) = &place.database {
            // As the database does by itself after some minutes.
            let (runtime, client) = connect(url)?;
            runtime.block_on(client.execute("vacuum analyze", &[]))?;
        }
        Ok(())
    };
    lasting_in(stand, &data, begin, go_on)?;
    Ok(place)
}

/// Makes what lasts in a folder from one measurement to the next, and makes it anew when the server was built anew. What
/// was broken off is gone on with.
///
/// The stamp is the length and the time of the binary: what an older one made is not measured, unless `GEWU_BENCH_KEEP`
/// is 1 because nothing that writes the record has changed since.
pub fn lasting_in(
    stand: &Stand,
    data: &Path,
    begin: impl FnOnce() -> Result<()>,
    go_on: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let about = std::fs::metadata(&stand.gewu)?;
    let stamp = format!("{} {:?}", about.len(), about.modified()?);
    let is_kept = setting("GEWU_BENCH_KEEP", 0)? == 1;
    let is_by_us = |file: &Path| std::fs::read_to_string(file).is_ok_and(|by| is_kept || by == stamp);
    let (begun_by, made_by) = (data.join("begun-by"), data.join("made-by"));
    if is_by_us(&made_by) {
        return Ok(());
    }
    if !is_by_us(&begun_by) {
        let _ = std::fs::remove_dir_all(data);
        std::fs::create_dir_all(data)?;
        begin()?;
        std::fs::write(&begun_by, stamp)?;
    }
    let started = Instant::now();
    go_on()?;
    eprintln!("  made in {:.0} s", started.elapsed().as_secs_f64());
    std::fs::rename(begun_by, made_by)?;
    Ok(())
}
