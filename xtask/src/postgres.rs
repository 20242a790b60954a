//! A PostgreSQL server for tests and benchmarks: made, used, and removed or, for what takes long to make, kept.
//!
//! It listens on a free loopback port and in its own folder, trusts everybody who reaches it, and
//! ends with the [`Cluster`]. Start at [`Cluster::start`].

use crate::machine;
use crate::run;
use crate::tree::Tree;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Whether a commit reaches the disk before it is answered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// For tests: fast, and lost with the machine.
    Off,
    /// For benchmarks: as in service.
    On,
}

/// A running server; dropping it stops it and, unless it is kept, removes its folder.
pub struct Cluster {
    server: Child,
    folder: PathBuf,
    port: u16,
    is_kept: bool,
}

impl Cluster {
    /// Makes a cluster and waits until it answers: about 2 s.
    pub fn start(tree: &Tree, durability: Durability) -> Result<Cluster> {
        let owner = Owner::find()?;
        sweep(tree);
        Cluster::start_in(place(tree, &owner)?, &owner, durability, false)
    }

    /// The cluster of a folder, made if there is none, that stays there with all its data.
    pub fn start_kept(folder: PathBuf) -> Result<Cluster> {
        let owner = Owner::find()?;
        std::fs::create_dir_all(&folder)?;
        owner.owns(&folder)?;
        Cluster::start_in(folder, &owner, Durability::On, true)
    }

    fn start_in(folder: PathBuf, owner: &Owner, durability: Durability, is_kept: bool) -> Result<Cluster> {
        let programs = machine::postgres_programs()?;
        let data = folder.join("data");
        if !data.join("PG_VERSION").exists() {
            let mut initdb = Command::new(programs.join("initdb"));
            initdb
                .args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8"])
                .args(["--no-instructions", "--no-sync", "--pgdata"])
                .arg(&data)
                .current_dir(&folder);
            run::capture(owner.becomes(&mut initdb))?;
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let log = File::create(folder.join("server.log"))?;
        let mut postgres = Command::new(programs.join("postgres"));
        postgres
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(&folder)
            .args(["-h", "127.0.0.1", "-p", &port.to_string()])
            .args(["-c", "max_connections=300", "-c", "shared_buffers=256MB"])
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        if durability == Durability::Off {
            postgres.args(["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]);
        }
        let server = owner.becomes(&mut postgres).spawn().context("cannot start the PostgreSQL server")?;
        let mut cluster = Cluster { server, folder, port, is_kept };
        cluster.wait(&programs)?;
        Ok(cluster)
    }

    /// Where a client finds it, with a role that may create databases.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn wait(&mut self, programs: &Path) -> Result<()> {
        for _ in 0..300 {
            if let Some(status) = self.server.try_wait()? {
                let log = std::fs::read_to_string(self.folder.join("server.log")).unwrap_or_default();
                bail!("the PostgreSQL server ended with {status} while starting:\n{log}");
            }
            let ready = Command::new(programs.join("pg_isready"))
                .args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()])
                .status()?;
            if ready.success() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        bail!("the PostgreSQL server did not answer within 30 s; see {}", self.folder.join("server.log").display())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let pid = self.server.id().to_string();
        if self.is_kept {
            end(&pid, "INT");
            let _ = self.server.wait();
        } else {
            end(&pid, "QUIT");
            let _ = self.server.wait();
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// Tells a server to end with its children: by QUIT at once, by INT after everything is written. By the shell's own
/// `kill`, since a small machine has no other.
fn end(pid: &str, signal: &str) {
    let _ = Command::new("sh").args(["-c", "kill -\"$1\" \"$0\"", pid, signal]).stderr(Stdio::null()).status();
}

/// Who the server runs as: it refuses to be root.
struct Owner(Option<(u32, u32)>);

impl Owner {
    fn find() -> Result<Owner> {
        if !machine::is_root()? {
            return Ok(Owner(None));
        }
        let id = |flag: &str| -> Result<u32> {
            let id = run::capture(Command::new("id").args([flag, "postgres"]))
                .context("we are root, and there is no user postgres to run the server as")?;
            Ok(id.trim().parse()?)
        };
        Ok(Owner(Some((id("-u")?, id("-g")?))))
    }

    fn owns(&self, folder: &Path) -> Result<()> {
        if let Some((user, group)) = self.0 {
            std::os::unix::fs::chown(folder, Some(user), Some(group))?;
        }
        Ok(())
    }

    fn becomes<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group);
        }
        command
    }
}

/// The head of our folders' names; the rest is the process that made them.
const PREFIX: &str = "gewu-postgres-";

/// An empty folder that the owner may enter: under the target folder, or else among the temporary files.
fn place(tree: &Tree, owner: &Owner) -> Result<PathBuf> {
    let name = format!("{PREFIX}{}", std::process::id());
    for parent in [tree.target.clone(), std::env::temp_dir()] {
        let folder = parent.join(&name);
        // A socket's path may have 107 bytes.
        if folder.as_os_str().len() > 80 {
            continue;
        }
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder)?;
        owner.owns(&folder)?;
        let entered = owner.becomes(Command::new("ls").arg(&folder)).output()?.status.success();
        if entered {
            return Ok(folder);
        }
        std::fs::remove_dir_all(&folder)?;
    }
    bail!("no folder for a PostgreSQL cluster: neither the target folder nor the temporary folder will do")
}

/// Ends and removes what a killed run left behind.
fn sweep(tree: &Tree) {
    for parent in [tree.target.clone(), std::env::temp_dir()] {
        for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let Some(maker) = name.strip_prefix(PREFIX) else {
                continue;
            };
            if Path::new("/proc").join(maker).exists() {
                continue;
            }
            let pid_file = entry.path().join("data/postmaster.pid");
            if let Some(pid) =
                std::fs::read_to_string(pid_file).ok().and_then(|text| text.lines().next().map(str::to_owned))
            {
                end(&pid, "QUIT");
            }
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Runs a command with `GEWU_TEST_POSTGRES` set, or waits for the end of standard input.
/// With `durable` in front the server syncs to disk as in service, and PostGIS is there.
pub fn lend(tree: &Tree, words: &[String]) -> Result<bool> {
    let (durability, command) = match words.split_first() {
        Some((word, rest)) if word == "durable" => (Durability::On, rest),
        _ => (Durability::Off, words),
    };
    machine::provide(&[machine::POSTGRES])?;
    if durability == Durability::On {
        machine::provide(&[machine::POSTGIS])?;
    }
    let cluster = Cluster::start(tree, durability)?;
    let Some((program, arguments)) = command.split_first() else {
        println!("export GEWU_TEST_POSTGRES={}\nEnds with the input (Ctrl-D).", cluster.url());
        std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
        return Ok(true);
    };
    let status = Command::new(program)
        .args(arguments)
        .env("GEWU_TEST_POSTGRES", cluster.url())
        .status()
        .with_context(|| format!("cannot start {program}"))?;
    Ok(status.success())
}
