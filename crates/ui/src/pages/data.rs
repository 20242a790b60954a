//! The city's published data: its versions, and publishing new ones after a rehearsal.

use crate::{
    Ui,
    failure::Failure,
    fields::Fields,
    frame::{Frame, page},
    session::Staff,
    words::Words,
};
use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use gewu_app::{
    AppError,
    city::{Draft, Kind, Published, Publishing},
    shapes::Finding,
};
use gewu_domain::{
    fault::Fault,
    ids::{PersonId, RegionId},
};
use gewu_geo::datum::Datum;
use gewu_store::{publications::PublicationHead, repromises::RepromiseRow};
use std::collections::BTreeMap;

/// A text up to this size goes back into the page after a rehearsal, so that publishing it needs no second choosing.
const KEPT_BYTES_MOST: usize = 2 * 1024 * 1024;

#[derive(Template)]
#[template(path = "data.html")]
struct DataPage {
    f: Frame,
    kinds: Vec<KindLine>,
    faults: Vec<FaultLine>,
    results: Vec<String>,
    findings: Vec<FindingLine>,
    must_accept: bool,
    /// Files that passed the rehearsal and can be published as they are.
    kept: Vec<Kept>,
    is_published: bool,
    wrong: Option<String>,
    datums: [&'static str; 4],
    /// How far promises have been made anew after announcements, newest first.
    walks: Vec<String>,
}

struct KindLine {
    code: &'static str,
    name: String,
    what: String,
    current: Vec<VersionLine>,
    older: Vec<VersionLine>,
}

struct VersionLine {
    name: String,
    version: u32,
    when: String,
    exactly: String,
    by: String,
    size: String,
    digest: String,
}

struct FaultLine {
    place: String,
    what: String,
    fix: String,
}

struct FindingLine {
    must_be_accepted: bool,
    text: String,
}

struct Kept {
    kind: &'static str,
    file: String,
    text: String,
    /// Empty when nobody said.
    datum: &'static str,
}

/// What came of the files just sent.
#[derive(Default)]
struct Outcome {
    faults: Vec<Fault>,
    results: Vec<Published>,
    kept: Vec<Kept>,
    is_published: bool,
    wrong: Option<String>,
}

pub async fn show(State(ui): State<Ui>, staff: Staff) -> Result<Response, Failure> {
    Ok(page(&made(&ui, staff, Outcome::default()).await?)?.into_response())
}

async fn made(ui: &Ui, staff: Staff, outcome: Outcome) -> Result<DataPage, AppError> {
    let words = staff.visitor.words.clone();
    let heads = ui.app.publications(staff.caller()).await?;
    let mut people: Vec<_> = heads.iter().filter_map(|head| head.by).collect();
    people.sort();
    people.dedup();
    let people = ui.app.names_of(staff.caller(), &people).await?;
    Ok(DataPage {
        kinds: Kind::ALL.into_iter().map(|kind| kind_line(&words, kind, &heads, &people)).collect(),
        faults: outcome.faults.iter().map(|fault| fault_line(&words, fault)).collect(),
        results: outcome.results.iter().map(|one| result(&words, one)).collect(),
        findings: outcome.results.iter().flat_map(|one| &one.findings).map(|one| finding(&words, one)).collect(),
        must_accept: outcome.results.iter().flat_map(|one| &one.findings).any(|one| one.must_be_accepted),
        kept: outcome.kept,
        is_published: outcome.is_published,
        wrong: outcome.wrong,
        datums: Datum::ALL.map(Datum::name),
        walks: walks(&words, &ui.app.repromises(staff.caller()).await?),
        f: Frame::of(ui, staff.visitor, "data"),
    })
}

fn walks(words: &Words, rows: &[(RegionId, RepromiseRow)]) -> Vec<String> {
    let line = |(region, row): &(RegionId, RepromiseRow)| {
        let key = if row.ended_at.is_some() { "data-walk-ended" } else { "data-walk" };
        words.of_many(
            key,
            &[
                ("name", row.calendar.clone()),
                ("version", row.version.to_string()),
                ("region", region.to_string()),
                ("seen", words.number(row.looked_at)),
                ("cases", words.number(row.cases)),
                ("anew", words.number(row.repromised)),
            ],
        )
    };
    let mut rows: Vec<_> = rows.iter().collect();
    rows.sort_by_key(|(region, row)| (std::cmp::Reverse(row.begun_at), *region));
    rows.into_iter().map(line).collect()
}

pub fn kind_name(words: &Words, kind: Kind) -> String {
    words.t(&format!("kind-{}", kind.code().replace('_', "-")))
}

fn kind_line(words: &Words, kind: Kind, heads: &[PublicationHead], people: &BTreeMap<PersonId, String>) -> KindLine {
    let code = kind.code();
    let mut mine: Vec<&PublicationHead> = heads.iter().filter(|head| head.kind == code).collect();
    mine.sort_by(|a, b| a.name.cmp(&b.name).then(b.version.cmp(&a.version)));
    let (mut current, mut older) = (Vec::new(), Vec::new());
    let mut newest: Option<&str> = None;
    for head in mine {
        let line = version_line(words, head, people);
        if newest == Some(head.name.as_str()) {
            older.push(line);
        } else {
            newest = Some(&head.name);
            current.push(line);
        }
    }
    let what = words.t(&format!("kind-{}-what", code.replace('_', "-")));
    KindLine { code, name: kind_name(words, kind), what, current, older }
}

fn version_line(words: &Words, head: &PublicationHead, people: &BTreeMap<PersonId, String>) -> VersionLine {
    VersionLine {
        name: head.name.clone(),
        version: head.version,
        when: words.when(head.published_at),
        exactly: words.exactly(head.published_at),
        by: head.by.and_then(|by| people.get(&by).cloned()).unwrap_or_else(|| words.t("who-system")),
        size: words.t1("data-kib", "n", words.number(head.bytes.div_ceil(1024))),
        digest: head.digest.to_string().chars().take(12).collect(),
    }
}

fn fault_line(words: &Words, fault: &Fault) -> FaultLine {
    let line = fault.line.map(|line| words.t1("data-line", "n", line));
    let place: Vec<String> = std::iter::once(fault.file.clone()).chain(line).chain(fault.field.clone()).collect();
    FaultLine {
        place: place.join(" · "),
        what: words.of(&fault.what_zh, &fault.what).to_owned(),
        fix: words.of(&fault.fix_zh, &fault.fix).to_owned(),
    }
}

fn result(words: &Words, one: &Published) -> String {
    let name = kind_name(words, one.kind);
    let name = if one.name.is_empty() { name } else { format!("{name} {}", one.name) };
    if one.is_unchanged {
        words.t1("data-unchanged", "name", name)
    } else {
        words.t2("data-version", "name", name, "version", one.version)
    }
}

fn finding(words: &Words, one: &Finding) -> FindingLine {
    FindingLine { must_be_accepted: one.must_be_accepted, text: words.of(&one.zh, &one.en).to_owned() }
}

/// The files of a form, and those a rehearsal put back into the page; or why some are no text.
fn drafts(fields: &mut Fields) -> Result<Result<Vec<Draft>, Vec<Fault>>, Failure> {
    let mut faults = Vec::new();
    let mut drafts: Vec<Draft> = Vec::new();
    for mut file in std::mem::take(&mut fields.files) {
        let Some(kind) = Kind::from_code(&file.field) else { continue };
        let bytes = file.content.read().map_err(|error| Failure::Unread(error.into()))?;
        match Draft::of_bytes(kind, file.name, &bytes) {
            Ok(draft) => drafts.push(draft),
            Err(fault) => faults.push(*fault),
        }
    }
    for kind in Kind::ALL {
        let text = fields.raw(&format!("{}-text", kind.code()));
        if !text.is_empty() {
            let file = fields.text(&format!("{}-file", kind.code())).to_owned();
            // Browsers send line ends as two characters; the file had one.
            drafts.push(Draft { kind, file, text: text.replace("\r\n", "\n"), datum: None });
        }
    }
    let datum = fields.text("shapes-datum").parse().ok();
    drafts.iter_mut().filter(|draft| draft.kind == Kind::Shapes).for_each(|draft| draft.datum = datum);
    Ok(if faults.is_empty() { Ok(drafts) } else { Err(faults) })
}

/// Rehearses or publishes the files given, all or none.
pub async fn send(State(ui): State<Ui>, staff: Staff, mut fields: Fields) -> Result<Response, Failure> {
    staff.check(&fields)?;
    let words = staff.visitor.words.clone();
    let is_rehearsal = fields.text("do") != "publish";
    let how = Publishing { dry_run: is_rehearsal, accept: fields.text("accept") == "yes" };
    let (drafts, unread) = match drafts(&mut fields)? {
        Ok(drafts) => (drafts, Vec::new()),
        Err(faults) => (Vec::new(), faults),
    };
    let fits = |draft: &Draft| draft.text.len() <= KEPT_BYTES_MOST && !draft.text.contains('\r');
    let kept = if is_rehearsal && drafts.iter().all(fits) { drafts.clone() } else { Vec::new() };
    let published = match (unread.is_empty(), drafts.is_empty()) {
        (false, _) => Err(AppError::Faulty(unread)),
        (true, true) => Ok(Vec::new()),
        (true, false) => ui.app.publish(staff.caller(), None, drafts, how).await,
    };
    let outcome = match published {
        Ok(results) if results.is_empty() => Outcome { wrong: Some(words.t("data-none")), ..Outcome::default() },
        Ok(results) => {
            let kept = kept.into_iter().map(|draft| Kept {
                kind: draft.kind.code(),
                file: draft.file,
                text: draft.text,
                datum: draft.datum.map(Datum::name).unwrap_or_default(),
            });
            Outcome { results, kept: kept.collect(), is_published: !is_rehearsal, ..Outcome::default() }
        }
        Err(AppError::Faulty(faults)) => Outcome { faults, ..Outcome::default() },
        Err(AppError::Invalid(problems)) => {
            let wrong = problems.first().map(|problem| words.of(&problem.zh, &problem.en).to_owned());
            Outcome { wrong, ..Outcome::default() }
        }
        Err(error) => return Err(error.into()),
    };
    let is_good = !outcome.results.is_empty();
    let status = if is_good { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok((status, page(&made(&ui, staff, outcome).await?)?).into_response())
}
