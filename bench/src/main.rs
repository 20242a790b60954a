//! Measurements: each beside its reference, in the same run, on the same machine.
//!
//! Started by `cargo xtask bench`, which sets the machine up, keeps the rows and writes the page. A new
//! measurement is a file beside this one and a line in [`ALL`]. Start at [`gewu_bench::Stand`].

mod city;
mod locate;
mod tiles;

use anyhow::{Context, Result};
use gewu_bench::{Row, Stand};

struct Measurement {
    name: &'static str,
    /// Whether it starts the server, which then has to be built first.
    needs_server: bool,
    run: fn(&Stand) -> Result<Vec<Row>>,
}

const ALL: [Measurement; 2] = [
    Measurement { name: "locate", needs_server: false, run: locate::run },
    Measurement { name: "tiles", needs_server: false, run: tiles::run },
];

/// Without arguments lists the names, with `server` behind those that need it; with a name measures it and
/// prints one JSON row a line.
fn main() -> Result<()> {
    let Some(name) = std::env::args().nth(1) else {
        for measurement in ALL {
            let needs = if measurement.needs_server { " server" } else { "" };
            println!("{}{needs}", measurement.name);
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
