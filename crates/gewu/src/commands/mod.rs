//! One file per subcommand: read the arguments, call the use case, tell the person.

pub mod backup;
pub mod check;
pub mod client;
pub mod clock;
pub mod demo;
pub mod import;
pub mod init;
pub mod keys;
pub mod person;
pub mod photos;
pub mod serve;
pub mod simulate;
pub mod user;
pub mod verify;

use anyhow::{Context, Result};
use std::io::{BufRead, IsTerminal, Write};

/// Reads one line from standard input, asking for it when somebody sits there.
pub fn ask_line(question: &str) -> Result<String> {
    if std::io::stdin().is_terminal() {
        eprint!("{question}: ");
        std::io::stderr().flush().ok();
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("读取标准输入 · reading standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Asks before something that cannot be undone; without a terminal the answer is no.
pub fn confirmed(question: &str) -> Result<bool> {
    Ok(std::io::stdin().is_terminal() && matches!(ask_line(&format!("{question} [y/N]"))?.as_str(), "y" | "Y" | "yes"))
}

/// Says what went wrong with every problem, fault or rule named.
pub fn told(error: gewu_app::AppError) -> anyhow::Error {
    use gewu_app::AppError;
    match error {
        AppError::Faulty(faults) => {
            let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
            anyhow::anyhow!("什么都没有改 · nothing was changed:\n{}", lines.join("\n"))
        }
        AppError::Invalid(problems) => {
            let lines: Vec<String> =
                problems.iter().map(|problem| format!("{}: {} ({})", problem.field, problem.zh, problem.en)).collect();
            anyhow::anyhow!("{}", lines.join("\n"))
        }
        AppError::Refused(refused) => anyhow::anyhow!("{} ({})", refused.zh(), refused.en()),
        other => anyhow::Error::new(other),
    }
}
