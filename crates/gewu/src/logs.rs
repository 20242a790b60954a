//! What goes to the log: what the operator asks for in `GEWU_LOG`, and never what somebody wrote.

use tracing::{Level, Metadata};
use tracing_subscriber::{EnvFilter, filter::filter_fn, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Crates that write statements with their values into the log below a warning.
const TALKATIVE: [&str; 3] = ["tokio_postgres", "postgres", "deadpool"];

/// Starts the log, on the standard error.
pub fn start() {
    let asked = EnvFilter::try_from_env("GEWU_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = fmt::layer().with_writer(std::io::stderr);
    tracing_subscriber::registry().with(asked).with(filter_fn(may_be_told)).with(lines).init();
}

/// Whatever was asked for: a statement stands in no log.
fn may_be_told(about: &Metadata<'_>) -> bool {
    let is_talkative = TALKATIVE.iter().any(|name| about.target().starts_with(name));
    !is_talkative || *about.level() <= Level::WARN
}
