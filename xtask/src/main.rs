//! The chores: `cargo xtask test | tidy | cells | write | demo | bench | postgres`.
//!
//! This crate must not depend on any other crate of the house, so that it builds in seconds
//! and can judge a tree that does not compile. Start at [`test::run`] and [`tidy::run`].

mod bench;
mod cells;
mod demo;
mod machine;
mod postgres;
mod run;
mod test;
mod tidy;
mod tree;

use anyhow::{Result, bail};
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <chore>

  demo [option…]        build the server and start the demo city on 127.0.0.1:8311
  test [suite…]         set up this machine and run every test (or only the suites named)
  tidy [quick]          format, lints and the rules of the house (quick: without clippy)
  bench [name…]         measure beside a reference and write docs/performance.md
  cells                 change each cell of the tables of duties and see a test turn red
  write                 write the generated files again
  postgres [durable] [command…]
                        run a command (or wait) with GEWU_TEST_POSTGRES naming a throw-away server
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match chore(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs one chore; false when it found something wrong and has said so.
fn chore(arguments: &[String]) -> Result<bool> {
    let tree = tree::Tree::open()?;
    let (name, rest) = match arguments.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => bail!("which chore?\n\n{USAGE}"),
    };
    match name {
        "test" => test::run(&tree, rest),
        "demo" => demo::run(&tree, rest),
        "bench" => bench::run(&tree, rest),
        "tidy" => tidy::run(&tree, rest),
        "cells" => cells::run(&tree),
        "write" => tidy::write(&tree),
        "postgres" => postgres::lend(&tree, rest),
        other => bail!("there is no chore {other:?}\n\n{USAGE}"),
    }
}
