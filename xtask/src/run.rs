//! Running other programs: streamed to the reader, kept in a log, ended when they hang.
//!
//! Start at [`stream`]. It never reads standard input, so that a chore runs the same in CI.

use anyhow::{Context, Result};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

/// What a program left behind.
pub struct Ended {
    pub status: ExitStatus,
    /// Both streams, in the order they were written.
    pub output: String,
}

/// Runs `command`, shows each line as it comes and writes it to `log` as well.
pub fn stream(command: &mut Command, log: &Path) -> Result<Ended> {
    listen(command, log, |line| print!("{line}"))
}

/// Runs `command` and writes what it says to `log` only.
pub fn logged(command: &mut Command, log: &Path) -> Result<Ended> {
    listen(command, log, |_| ())
}

fn listen(command: &mut Command, log: &Path, show: impl Fn(&str)) -> Result<Ended> {
    if let Some(folder) = log.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut log_file = File::options()
        .create(true)
        .append(true)
        .open(log)
        .with_context(|| format!("cannot write {}", log.display()))?;
    writeln!(log_file, "$ {}", spelled(command))?;
    let (reader, writer) = std::io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let mut child =
        command.spawn().with_context(|| format!("cannot start {}", command.get_program().to_string_lossy()))?;
    // The command holds the writing ends of the pipe; the reader would wait for ever.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut output = String::new();
    let mut lines = BufReader::new(reader);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line);
        show(&text);
        log_file.write_all(&line)?;
        output.push_str(&text);
        line.clear();
    }
    let status = child.wait()?;
    Ok(Ended { status, output })
}

/// A command that `timeout` ends, with all its children, after so many seconds.
pub fn limited(program: &str, limit_s: u32) -> Command {
    let mut command = Command::new("timeout");
    command.arg("--kill-after=10").arg(limit_s.to_string()).arg(program);
    command
}

/// Runs a command quietly; its standard output when it succeeds, its complaint when it does not.
pub fn capture(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {}", command.get_program().to_string_lossy()))?;
    anyhow::ensure!(
        output.status.success(),
        "`{}` ended with {}:\n{}{}",
        spelled(command),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The command as one would type it.
pub fn spelled(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Is there such a program on the path?
pub fn has(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}
