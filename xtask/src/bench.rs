//! `cargo xtask bench`: sets up, measures in release, keeps the rows and writes the page.
//!
//! The measurements themselves are in the package `gewu-bench`, so that the chores build in seconds. It
//! prints a JSON row a line; a row replaces the earlier one of the same name. Start at [`run`].

use crate::machine;
use crate::postgres::{Cluster, Durability};
use crate::run;
use crate::tree::{Tree, fresh_cargo, text};
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

const ROWS: &str = "docs/performance.json";
const PAGE: &str = "docs/performance.md";

/// The folder with `gewu` and `gewu-bench` built before, so that measuring on a quiet machine starts no build.
const BUILT: &str = "GEWU_BENCH_BUILT";

/// Runs the measurements named, or all; true when each meets its target.
pub fn run(tree: &Tree, names: &[String]) -> Result<bool> {
    machine::provide(&[machine::C_COMPILER, machine::POSTGRES, machine::POSTGIS])?;
    let built = std::env::var_os(BUILT).map(PathBuf::from);
    let target = built.clone().unwrap_or_else(|| tree.target.join("release"));
    if built.is_none() {
        build(tree, "gewu-bench")?;
    }
    let program = target.join("gewu-bench");
    let listed = run::capture(&mut Command::new(&program))?;
    let known: Vec<(&str, Vec<&str>)> = listed
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?, words.collect()))
        })
        .collect();
    for wanted in names {
        if !known.iter().any(|(name, _)| name == wanted) {
            let known: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            bail!("there is no measurement {wanted:?}; there are: {}", known.join(", "));
        }
    }
    // What takes hours is only measured when it is named.
    let is_chosen = |name: &str, needs: &[&str]| match names {
        [] => !needs.contains(&"long"),
        names => names.iter().any(|wanted| wanted == name),
    };
    let chosen: Vec<(&str, Vec<&str>)> = known.into_iter().filter(|(name, needs)| is_chosen(name, needs)).collect();
    if built.is_none() && chosen.iter().any(|(_, needs)| needs.contains(&"server")) {
        build(tree, "gewu")?;
    }
    let mut is_met = true;
    let data = tree.target.join("bench-data");
    for (name, needs) in chosen {
        println!("── {name} ──");
        // A cluster of its own: no measurement finds another's tables, caches or dead rows.
        let cluster = if needs.contains(&"lasting") {
            Cluster::start_kept(data.join("postgres"))?
        } else {
            Cluster::start(tree, Durability::On)?
        };
        let scratch = tree.target.join(format!("bench-scratch-{name}"));
        let _ = std::fs::remove_dir_all(&scratch);
        std::fs::create_dir_all(&scratch)?;
        let output = Command::new(&program)
            .arg(name)
            .env("GEWU_BENCH_POSTGRES", cluster.url())
            .env("GEWU_BENCH_SCRATCH", &scratch)
            .env("GEWU_BENCH_DATA", &data)
            .env("GEWU_BIN", target.join("gewu"))
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()?;
        std::fs::remove_dir_all(&scratch)?;
        ensure!(output.status.success(), "the measurement {name} ended with {}", output.status);
        let rows: Vec<Value> = String::from_utf8(output.stdout)?
            .lines()
            .map(|line| {
                serde_json::from_str(line).with_context(|| format!("{name} printed a line that is no row: {line}"))
            })
            .collect::<Result<_>>()?;
        for row in &rows {
            println!("{}", line(row));
            is_met &= is_row_met(row).unwrap_or(true);
        }
        keep(tree, rows)?;
    }
    Ok(is_met)
}

fn build(tree: &Tree, package: &str) -> Result<()> {
    let status = fresh_cargo()
        .args(["build", "--release", "--locked", "-p", package])
        .current_dir(&tree.root)
        .stdin(Stdio::null())
        .status()?;
    ensure!(status.success(), "the release build failed");
    Ok(())
}

/// Puts the rows among the earlier ones and writes the page from all.
fn keep(tree: &Tree, rows: Vec<Value>) -> Result<()> {
    let file = tree.root.join(ROWS);
    let earlier: Value = match std::fs::read_to_string(&file) {
        Ok(text) => serde_json::from_str(&text).context(ROWS)?,
        Err(_) => json!([]),
    };
    let mut all = earlier.as_array().cloned().unwrap_or_default();
    let machine = machine_line();
    for mut row in rows {
        if let Some(fields) = row.as_object_mut() {
            fields.insert("machine".to_owned(), json!(machine));
        }
        merge(&mut all, row);
    }
    std::fs::write(file, format!("{}\n", serde_json::to_string_pretty(&all)?))?;
    std::fs::write(tree.root.join(PAGE), page(&all)?)?;
    Ok(())
}

/// A row takes the place of the one of the same name, or comes last.
fn merge(all: &mut Vec<Value>, row: Value) {
    match all.iter_mut().find(|earlier| text(earlier, "name") == text(&row, "name")) {
        Some(earlier) => *earlier = row,
        None => all.push(row),
    }
}

/// Processor, number of cores and memory of this machine.
fn machine_line() -> String {
    let field = |file: &str, name: &str| -> String {
        std::fs::read_to_string(file)
            .unwrap_or_default()
            .lines()
            .find_map(|line| line.strip_prefix(name)?.split_once(':').map(|(_, value)| value.trim().to_owned()))
            .unwrap_or_default()
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory_kib: u64 = field("/proc/meminfo", "MemTotal").trim_end_matches(" kB").parse().unwrap_or(0);
    format!("{}, {cores} cores, {} GiB", field("/proc/cpuinfo", "model name"), memory_kib.div_ceil(1 << 20))
}

/// `None` of a figure of which nothing is asked.
fn is_row_met(row: &Value) -> Option<bool> {
    row.get("is_met").and_then(Value::as_bool)
}

pub fn page(rows: &[Value]) -> Result<String> {
    let mut page = format!(
        "<!-- Written from {ROWS} by `cargo xtask bench`. -->\n# Performance 性能\n\nEach figure is the median of one run, beside a reference measured in turn with it in the \
         same run on the same machine. Absolute figures wander with the machine; the ratio (ours ÷ reference) is what counts.\n\n\
         | | ours | reference | unit | ratio | asked | |\n|---|---:|---:|---|---:|---|---|\n"
    );
    for row in rows {
        let met = is_row_met(row).map_or("–", |is_met| if is_met { "✓" } else { "**missed**" });
        writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} | {met} |",
            text(row, "name"),
            figure(row, "ours"),
            figure(row, "reference"),
            text(row, "unit"),
            figure(row, "ratio"),
            text(row, "target"),
        )?;
    }
    page.push_str("\n## How each was measured\n");
    for row in rows {
        writeln!(
            page,
            "- **{}**: {} `{}` on {}.",
            text(row, "name"),
            text(row, "what"),
            text(row, "command"),
            text(row, "machine")
        )?;
    }
    Ok(page)
}

fn line(row: &Value) -> String {
    format!(
        "{}: {} beside {} {}, ratio {} (asked {})",
        text(row, "name"),
        figure(row, "ours"),
        figure(row, "reference"),
        text(row, "unit"),
        figure(row, "ratio"),
        text(row, "target")
    )
}

/// A number as people write it: 4,182,000 and 0.56.
fn figure(row: &Value, field: &str) -> String {
    let value = row.get(field).and_then(Value::as_f64).unwrap_or(f64::NAN);
    if value < 1_000.0 {
        return format!("{value}");
    }
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_row_replaces_the_earlier_of_its_name_where_it_stands() {
        let mut all = vec![json!({"name": "a", "ours": 1}), json!({"name": "b", "ours": 1})];
        merge(&mut all, json!({"name": "a", "ours": 2}));
        merge(&mut all, json!({"name": "c", "ours": 3}));
        let names: Vec<&str> = all.iter().map(|row| text(row, "name")).collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert_eq!(all[0]["ours"], 2);
    }

    #[test]
    fn the_page_shows_a_missed_target_and_what_was_not_asked() {
        let row = json!({"name": "a", "ours": 4_182_000.0, "reference": 0.56, "ratio": 2.0, "unit": "ms", "target": "≤ 1.5", "is_met": false});
        let told = json!({"name": "b", "ours": 3.0, "reference": 2.0, "ratio": 1.5, "unit": "ms", "target": "–", "is_met": null});
        let page = page(&[row, told]).expect("it is written");
        assert!(page.contains("| b | 3 | 2 | ms | 1.5 | – | – |"), "{page}");
        assert!(page.contains("| a | 4,182,000 | 0.56 | ms | 2 | ≤ 1.5 | **missed** |"), "{page}");
    }
}
