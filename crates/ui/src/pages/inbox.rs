//! The inbox of a post: what it has to do, what is due first on top.

use crate::{
    Ui,
    failure::Failure,
    fields::Fields,
    frame::{Frame, page},
    names, paging,
    rows::{CaseLine, Choice},
    session::Staff,
    words::Words,
};
use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};
use gewu_app::{App, AppError, cases::list, city::Snapshot};
use gewu_domain::{case::TaskKind, ids::RegionId, people::Role, sla::Light};
use gewu_store::tasks::TaskRow;

/// Rows of a page.
const ROWS: u16 = 50;

#[derive(Template)]
#[template(path = "inbox.html")]
struct InboxPage {
    f: Frame,
    waiting: u32,
    overdue: u32,
    waiting_most: u32,
    kinds: Vec<Kind>,
    regions: Vec<Choice>,
    groups: Vec<Group>,
    next: Option<String>,
    previous: Option<String>,
}

/// A kind of work one can narrow the inbox to.
struct Kind {
    label: String,
    href: String,
    is_chosen: bool,
}

/// Work of one urgency.
struct Group {
    title: String,
    tasks: Vec<TaskLine>,
}

struct TaskLine {
    kind: String,
    case: CaseLine,
}

/// What a role is asked to do.
fn kinds_of(role: Role) -> &'static [TaskKind] {
    match role {
        Role::Collector => &[TaskKind::Verify, TaskKind::Check],
        Role::Acceptor => &[TaskKind::Accept, TaskKind::SendToCheck, TaskKind::Check],
        Role::DutyChief => &[TaskKind::File, TaskKind::Close, TaskKind::Answer],
        Role::Dispatcher => &[TaskKind::Dispatch, TaskKind::Answer],
        Role::Handler => &[TaskKind::Take, TaskKind::Handle, TaskKind::Rework, TaskKind::Wait],
        Role::Supervisor | Role::Assessor | Role::Administrator | Role::Auditor => &[],
    }
}

/// The region a page is about: the one asked for, if it is the caller's, else their first.
pub fn region(ui: &Ui, staff: &Staff, asked: Option<&str>) -> Result<(RegionId, Vec<RegionId>), AppError> {
    let regions = ui.app.regions_of(staff.caller())?;
    let asked = asked.and_then(|region| region.parse().ok()).filter(|region| regions.contains(region));
    let region = asked.or(regions.first().copied()).ok_or(AppError::NotFound)?;
    Ok((region, regions))
}

/// Regions to choose from; empty when there is no choice.
pub fn region_choices(snapshot: &Snapshot, words: &Words, chosen: RegionId, regions: &[RegionId]) -> Vec<Choice> {
    if regions.len() < 2 {
        return Vec::new();
    }
    regions
        .iter()
        .map(|region| Choice::new(region, names::region(snapshot, words, *region), *region == chosen))
        .collect()
}

pub async fn show(
    State(ui): State<Ui>,
    staff: Staff,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let fields = Fields::of(pairs);
    let role = staff.caller().staff()?.role;
    if !App::has_desk(role) {
        return Ok(Redirect::to(crate::frame::first_page(Some(role))).into_response());
    }
    let snapshot = ui.app.snapshot()?;
    let words = staff.visitor.words.clone();
    let (region, regions) = region(&ui, &staff, fields.given("region"))?;
    let chosen: Vec<TaskKind> = fields.all("kind").filter_map(TaskKind::from_code).collect();
    let query = |kind: Option<TaskKind>| {
        let kind = kind.map_or_else(String::new, |kind| format!("&kind={}", kind.code()));
        format!("/inbox?region={region}{kind}")
    };
    let here = query(chosen.first().copied());
    let wanted = paging::asked(&fields, &here, ROWS);
    let inbox = ui.app.inbox(staff.caller(), region, &chosen, &wanted).await?;
    let [next, previous] = paging::beside(&here, &here, &inbox.rows);
    let kinds = std::iter::once(Kind { label: words.t("inbox-all"), href: query(None), is_chosen: chosen.is_empty() })
        .chain(kinds_of(role).iter().map(|kind| Kind {
            label: names::task(&words, *kind),
            href: query(Some(*kind)),
            is_chosen: chosen.contains(kind),
        }))
        .collect();
    let view = InboxPage {
        waiting: inbox.waiting,
        overdue: inbox.overdue,
        waiting_most: 1_000,
        kinds,
        regions: region_choices(&snapshot, &words, region, &regions),
        next,
        previous,
        groups: groups(&snapshot, &words, region, inbox.rows.rows.iter().map(|(_, row)| row)),
        f: Frame::of(&ui, staff.visitor, "inbox"),
    };
    Ok(page(&view)?.into_response())
}

/// Rows come by what is due; their heads say how soon.
fn groups<'r>(
    snapshot: &Snapshot,
    words: &Words,
    region: RegionId,
    rows: impl Iterator<Item = &'r TaskRow>,
) -> Vec<Group> {
    let today = words.now.to_zoned(words.zone.clone()).date();
    let mut groups: Vec<Group> = Vec::new();
    for row in rows {
        let title = match row.due_at {
            None => words.t("inbox-paused"),
            Some(due_at) if list::light(None, Some(due_at), words.now) == Some(Light::Red) => words.t("inbox-overdue"),
            Some(due_at) if due_at.to_zoned(words.zone.clone()).date() == today => words.t("inbox-today"),
            Some(_) => words.t("inbox-later"),
        };
        let mut case = CaseLine::of(snapshot, words, region, &row.case);
        let warn_at = row.case.warn_at.filter(|_| row.case.due_at == row.due_at);
        case.light = crate::rows::LightView::of(words, list::light(warn_at, row.due_at, words.now), row.due_at);
        let line = TaskLine { kind: names::task(words, row.kind), case };
        match groups.last_mut().filter(|group| group.title == title) {
            Some(group) => group.tasks.push(line),
            None => groups.push(Group { title, tasks: vec![line] }),
        }
    }
    groups
}
