//! Measurements: each beside its reference, in the same run, on the same machine.
//!
//! Started by `cargo xtask bench`, which sets the machine up, keeps the rows and writes the page. A new
//! measurement is a file beside this one and a line in [`ALL`]. Start at [`gewu_bench::Stand`].

mod city;
mod crash;
mod hostile;
mod intake;
mod locate;
mod reads;
mod start;
mod tiles;

use anyhow::{Context, Result};
use gewu_bench::{Row, Stand};

struct Measurement {
    name: &'static str,
    /// What the chore must know: `server` starts the server, which then has to be built first; `long` takes hours or
    /// tens of gigabytes, so it is only measured when it is named; `lasting` wants the PostgreSQL that stays.
    needs: &'static str,
    run: fn(&Stand) -> Result<Vec<Row>>,
}

const ALL: [Measurement; 11] = [
    Measurement { name: "locate", needs: "", run: locate::run },
    Measurement { name: "tiles", needs: "", run: tiles::run },
    Measurement { name: "intake", needs: "server", run: intake::run },
    Measurement { name: "intake-sqlite", needs: "server long", run: intake::on_sqlite },
    Measurement { name: "intake-postgres", needs: "server long", run: intake::on_postgres },
    Measurement { name: "start", needs: "server", run: start::run },
    Measurement { name: "reads", needs: "server", run: reads::on_sqlite },
    Measurement { name: "reads-postgres", needs: "server lasting", run: reads::on_postgres },
    Measurement { name: "reads-10m", needs: "server long", run: reads::run_many },
    Measurement { name: "crash", needs: "server", run: crash::run },
    Measurement { name: "hostile", needs: "server", run: hostile::run },
];

/// Without arguments lists the names, each with its needs behind it; with a name measures it and prints one JSON row a
/// line.
fn main() -> Result<()> {
    let Some(name) = std::env::args().nth(1) else {
        for Measurement { name, needs, .. } in ALL {
            println!("{name} {needs}");
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
