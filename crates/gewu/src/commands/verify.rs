//! `gewu verify`: has a single byte of the record been altered?

use crate::{
    args::{Place, Verify},
    commands::told,
    wiring,
};
use anyhow::{Result, bail};
use gewu_app::Settings;

pub async fn run(place: &Place, verify: Verify) -> Result<()> {
    let app = wiring::open(place, Settings::default()).await?;
    let mut shown = 0;
    let mut progress = |facts: u64| {
        if facts >= shown + 100_000 {
            shown = facts;
            eprintln!("… {facts} 条记录 facts");
        }
    };
    let verified = app.verify(verify.photos, &mut progress).await.map_err(told)?;
    if verify.json {
        println!("{}", serde_json::to_string_pretty(&verified)?);
    } else {
        println!(
            "案件 cases {} · 记录 facts {} · 文字 texts {} · 照片 photos {} · 日根 days {}",
            verified.cases, verified.facts, verified.texts, verified.photos, verified.days
        );
        for finding in &verified.findings {
            let case = finding.case.map(|case| case.to_string()).unwrap_or_default();
            let seq = finding.seq.map(|seq| format!(" #{seq}")).unwrap_or_default();
            println!("✗ {} {case}{seq}: {} ({}) {}", finding.region, finding.zh, finding.what, finding.detail);
        }
        for remark in &verified.remarks {
            println!("· {}: {} ({}) {}", remark.region, remark.zh, remark.what, remark.detail);
        }
    }
    if !verified.findings.is_empty() {
        bail!("{} 处与当初写下的不符 · not as it was written", verified.findings.len());
    }
    println!("✓ 完整 whole");
    Ok(())
}
