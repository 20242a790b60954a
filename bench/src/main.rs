//! Measurements: each beside its reference, in the same run, on the same machine.
//!
//! Started by `cargo xtask bench`, which sets the machine up, keeps the rows and writes the page. A new
//! measurement is a file beside this one and a line in [`ALL`]. Start at [`gewu_bench::Stand`].

mod city;
mod crash;
mod intake;
mod locate;
mod reads;
mod start;
mod tiles;

use anyhow::{Context, Result};
use gewu_bench::{Row, Stand};

struct Measurement {
    name: &'static str,
    /// Whether it starts the server, which then has to be built first.
    needs_server: bool,
    /// Takes hours or tens of gigabytes: only measured when it is named.
    is_long: bool,
    run: fn(&Stand) -> Result<Vec<Row>>,
}

const ALL: [Measurement; 9] = [
    Measurement { name: "locate", needs_server: false, is_long: false, run: locate::run },
    Measurement { name: "tiles", needs_server: false, is_long: false, run: tiles::run },
    Measurement { name: "intake", needs_server: true, is_long: false, run: intake::run },
    Measurement { name: "intake-sqlite", needs_server: true, is_long: true, run: intake::on_sqlite },
    Measurement { name: "intake-postgres", needs_server: true, is_long: true, run: intake::on_postgres },
    Measurement { name: "start", needs_server: true, is_long: false, run: start::run },
    Measurement { name: "reads", needs_server: true, is_long: false, run: reads::run },
    Measurement { name: "reads-10m", needs_server: true, is_long: true, run: reads::run_many },
    Measurement { name: "crash", needs_server: true, is_long: false, run: crash::run },
];

/// Without arguments lists the names, with `server` behind those that need it and `long` behind those that are only
/// measured when named; with a name measures it and prints one JSON row a line.
fn main() -> Result<()> {
    let Some(name) = std::env::args().nth(1) else {
        for measurement in ALL {
            let needs = if measurement.needs_server { " server" } else { "" };
            let long = if measurement.is_long { " long" } else { "" };
            println!("{}{needs}{long}", measurement.name);
        }
        return Ok(());
    };
    let measurement = ALL
        .iter()
        .find(|measurement| measurement.name == name)
        .with_context(|| format!("there is no measurement {name:?}"))?;
    for row in (measurement.run)(&Stand::from_environment()?)? {
        println!("{}", row.to_json(&name));
    }
    Ok(())
}
