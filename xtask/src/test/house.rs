//! The rules of the house as tests: one per check of `cargo xtask tidy`.

use super::{Prepared, Row};
use crate::tidy;
use anyhow::Result;
use std::time::Instant;

pub fn tidy(prepared: &Prepared) -> Result<Vec<Row>> {
    let started = Instant::now();
    let (passed, failed) = tidy::check(prepared.tree, tidy::Extent::Whole)?;
    Ok(vec![Row { name: "tidy".to_owned(), passed, failed, took: started.elapsed() }])
}
