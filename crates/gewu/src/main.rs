//! One binary: wires the house and gives its chores names.
//!
//! Start at [`args`] (what can be asked) and [`wiring`] (how store, photos, keys and clock come together).

mod args;
mod commands;
mod connections;
mod logs;
mod private;
mod settings;
mod wiring;

use anyhow::Result;
use args::{Args, Command};
use clap::Parser;

/// A report makes some hundred small things and drops them on another thread: the C library takes three times as long.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<()> {
    let args = Args::parse();
    logs::start();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(workers(&args.place)).enable_all().build()?;
    runtime.block_on(async move {
        match args.command {
            Command::Init => commands::init::run(&args.place).await,
            Command::Serve(serve) => commands::serve::run(&args.place, serve).await,
            Command::Demo(demo) => commands::demo::run(&args.place, demo).await,
            Command::Simulate(simulate) => commands::simulate::run(&args.place, simulate).await,
            Command::Import(import) => commands::import::run(&args.place, import).await,
            Command::Check(check) => commands::check::run(check),
            Command::Verify(verify) => commands::verify::run(&args.place, verify).await,
            Command::Backup(backup) => commands::backup::backup(&args.place, backup).await,
            Command::Restore(restore) => commands::backup::restore(&args.place, restore).await,
            Command::User(user) => commands::user::run(&args.place, user).await,
            Command::Clock(clock) => commands::clock::run(&args.place, clock).await,
            Command::Person(person) => commands::person::run(&args.place, person).await,
            Command::Keys(keys) => commands::keys::run(&args.place, keys).await,
            Command::Photos(photos) => commands::photos::run(&args.place, photos).await,
            Command::Client(client) => commands::client::run(&args.place, client).await,
            Command::Openapi => {
                println!("{}", gewu_web::openapi_json());
                Ok(())
            }
        }
    })
}

/// Threads that answer. With the embedded store one processor is left to the thread that writes, for which all who report
/// wait; PostgreSQL has processes of its own.
fn workers(place: &args::Place) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    if place.database.is_some() { processors } else { processors.saturating_sub(1).max(1) }
}
