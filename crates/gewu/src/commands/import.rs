//! `gewu import`: publishes a city's files, all of them valid together or nothing changes; takes in another system's cases.

use crate::{
    args::{Import, ImportCases, ImportData, Place},
    commands::told,
    wiring,
};
use anyhow::{Context, Result, bail};
use gewu_app::{
    Caller, Settings,
    city::{Draft, Kind, Publishing},
    import::{ImportOptions, Imported, Rejected, Told, bytes, mapping::Mapping},
    shapes::Finding,
};
use gewu_geo::datum::Datum;
use std::{
    fs::File,
    io::{BufReader, BufWriter, IsTerminal, Write},
    path::Path,
};

pub async fn run(place: &Place, import: Import) -> Result<()> {
    match import {
        Import::Data(data) => publish(place, data).await,
        Import::Cases(cases) => take_in(place, cases).await,
    }
}

async fn publish(place: &Place, data: ImportData) -> Result<()> {
    let mut drafts = data.files.iter().map(|file| draft(file)).collect::<Result<Vec<Draft>>>()?;
    if let Some(datum) = data.datum.as_deref() {
        let datum: Datum = datum.parse().context("坐标系 · datum: wgs84, gcj02, bd09, cgcs2000")?;
        let mut shapes = drafts.iter_mut().filter(|draft| draft.kind == Kind::Shapes).peekable();
        if shapes.peek().is_none() {
            bail!("--datum 说的是边界的坐标系，但没有给出 shapes=文件 · --datum is of boundaries: give shapes=FILE");
        }
        shapes.for_each(|draft| draft.datum = Some(datum));
    }
    let app = wiring::open(place, Settings::default()).await?;
    let how = Publishing { dry_run: data.dry_run, accept: data.accept };
    for one in app.publish(&Caller::system(), None, drafts, how).await.map_err(told)? {
        for Finding { zh, en, must_be_accepted, .. } in &one.findings {
            let mark = match (must_be_accepted, data.accept) {
                (true, true) => "! 已确认 accepted:",
                (true, false) => "✗ 需要 --accept needed:",
                (false, _) => "·",
            };
            println!("{mark} {zh} ({en})");
        }
        let what = match (one.is_unchanged, data.dry_run) {
            (true, _) => "没有变化 unchanged",
            (false, true) => "可以发布 would be published",
            (false, false) => "已发布 published",
        };
        println!("{what}: {} {} v{}", one.kind.code(), one.name, one.version);
    }
    Ok(())
}

async fn take_in(place: &Place, cases: ImportCases) -> Result<()> {
    let name = cases.mapping.display().to_string();
    let text = read(&name)?;
    let mapping = Mapping::parse(&name, &text).map_err(|faults| told(gewu_app::AppError::Faulty(faults)))?;
    let file = File::open(&cases.file).with_context(|| format!("读取 {} · reading", cases.file.display()))?;
    let mut report = match &cases.rejected {
        Some(path) => {
            Some(BufWriter::new(private(path).with_context(|| format!("写入 {} · writing", path.display()))?))
        }
        None => None,
    };
    if let Some(report) = &mut report {
        writeln!(report, "\u{feff}line,id,code,reason_zh,reason_en")?;
    }
    let app = wiring::open(place, Settings::default()).await?;
    let is_watched = std::io::stderr().is_terminal();
    let mut failed = None;
    let options = ImportOptions { dry_run: cases.dry_run };
    let imported = app
        .import_cases(&Caller::system(), Box::new(BufReader::new(file)), &mapping, &options, &mut |said| match said {
            Told::Rejected(rejected) => {
                if let Some(report) = &mut report {
                    failed = failed.take().or(writeln!(report, "{}", row(rejected)).err());
                }
            }
            Told::Progress(imported) if is_watched => {
                eprint!("\r  {} 行 rows, {} 件 cases ", imported.rows, imported.taken + imported.updated)
            }
            Told::Progress(_) => {}
        })
        .await
        .map_err(told)?;
    if is_watched {
        eprintln!();
    }
    if let Some(report) = &mut report {
        failed = failed.or(report.flush().err());
    }
    failed.map_or(Ok(()), Err).context("写入未导入清单 · writing the rows not taken")?;
    if !cases.dry_run {
        app.store.upkeep().analyze().await?;
    }
    println!("{}", summary(&imported, cases.dry_run));
    if !imported.rejected.is_empty() && cases.rejected.is_none() {
        println!("用 --rejected 清单.csv 可得到每一行的原因 · --rejected FILE.csv tells the reason of every row");
    }
    Ok(())
}

/// What an import came to, in a few lines.
pub fn summary(imported: &Imported, dry_run: bool) -> String {
    let Imported { rows, taken, closed, known, updated, changes, skipped, located, placed, rejected, unnamed } =
        imported;
    let (taken_zh, updated_zh) = if dry_run { ("可导入", "可更新") } else { ("已导入", "已更新") };
    let mut text = format!(
        "{rows} 行：{taken_zh} {taken} 件（其中结案 {closed}），以前导入过的：没有变化 {known}，{updated_zh} {updated}；按对应关系略过 {skipped}；有坐标 {located} 行，{placed} 行落在网格里\n\
         {rows} rows: {taken} taken ({closed} closed), {known} known already, {updated} known and updated, {skipped} skipped by the mapping; {located} have a point, {placed} of them lie in a grid"
    );
    for (what, count) in changes {
        text.push_str(&format!("\n  更新 updated: {count} × {what}"));
    }
    for (code, count) in rejected {
        text.push_str(&format!("\n  未导入 not taken: {count} × {code}"));
    }
    for (section, values) in unnamed {
        for (value, count) in values {
            text.push_str(&format!("\n  没有哪张表写到 named by no table: [{section}] {value:?}: {count}"));
        }
    }
    text
}

/// A line of the report. The reasons hold no words of people, only of the mapping's columns.
fn row(rejected: &Rejected) -> String {
    let Rejected { line, id, code, zh, en } = rejected;
    format!("{line},{},{code},{},{}", cell(id), cell(zh), cell(en))
}

/// A cell of a CSV file, quoted. A spreadsheet works out what begins like a formula: an apostrophe before it makes it text.
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let apostrophe = if is_formula { "'" } else { "" };
    format!("\"{apostrophe}{}\"", text.replace('"', "\"\""))
}

/// A new file that its owner alone can read: rows that were not taken may hold what somebody wrote. One that stands there
/// is emptied.
fn private(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(file)
}

/// A file of text; one that is none is refused with what it is.
fn read(file: &str) -> Result<String> {
    let bytes = std::fs::read(file).with_context(|| format!("读取 {file} · reading"))?;
    bytes::text(&bytes).map_err(told).with_context(|| format!("读取 {file} · reading"))
}

/// `KIND=FILE` as a draft.
fn draft(given: &str) -> Result<Draft> {
    let kinds = || Kind::ALL.map(Kind::code).join(", ");
    let (kind, file) = given
        .split_once('=')
        .with_context(|| format!("{given}：请写成 类型=文件 · write KIND=FILE; kinds: {}", kinds()))?;
    let kind = Kind::from_code(kind)
        .with_context(|| format!("没有类型 {kind} · there is no kind {kind}; kinds: {}", kinds()))?;
    let bytes = std::fs::read(file).with_context(|| format!("读取 {file} · reading"))?;
    Draft::of_bytes(kind, file.to_owned(), &bytes).map_err(|fault| told(gewu_app::AppError::Faulty(vec![*fault])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_like_a_formula_is_text_in_a_list() {
        for begin in ["=", "+", "-", "@", "\t", "\r", "\n", "＝"] {
            assert_eq!(cell(&format!("{begin}SUM(1)")), format!("\"'{begin}SUM(1)\""));
        }
        assert_eq!(cell("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!(cell("a=b"), "\"a=b\"");
        assert_eq!(cell(""), "\"\"");
    }
}
