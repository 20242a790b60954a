//! Tasks: the inbox of the caller's desk, what is due first.

use super::cases::{Summary, regions, unknown};
use crate::{
    Web,
    access::Who,
    api::{codes::TaskCode, listing},
    extract::Query,
    problem::{Document, Problem},
};
use axum::{Json, extract::State};
use gewu_domain::{case::TaskKind, ids::RegionId};
use gewu_store::{
    Listing,
    tasks::{TaskKey, TaskRow},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn doors() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(inbox))
}

/// Which inbox.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct InboxQuery {
    /// Six digits; all regions of the post when not given.
    region: Option<String>,
    /// Any of these, separated by commas; every kind when not given.
    #[param(example = "take,handle")]
    kind: Option<String>,
    /// 1 to 1,000.
    page_size: Option<u16>,
    page_token: Option<String>,
}

/// A page of an inbox.
#[derive(Debug, Serialize, ToSchema)]
struct Inbox {
    tasks: Vec<Task>,
    /// How much waits in all; counted no further than 1,000 for each region.
    waiting: u32,
    /// How much of it is overdue.
    overdue: u32,
    next_page_token: Option<String>,
    previous_page_token: Option<String>,
}

/// One thing that must be done next.
#[derive(Debug, Serialize, ToSchema)]
struct Task {
    #[schema(value_type = TaskCode)]
    kind: TaskKind,
    /// The assignment it is about, for units and for answers to them.
    assignment: Option<u8>,
    /// Nothing while the clock is paused.
    due_at: Option<Timestamp>,
    case: Summary,
}

/// The inbox of the caller's desk: due first, paused last.
#[utoipa::path(get, path = "/api/v1/inbox", tag = "cases", params(InboxQuery), security(("session" = [])),
    responses((status = 200, body = Inbox), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn inbox(
    State(web): State<Web>,
    Who(caller): Who,
    Query(query): Query<InboxQuery>,
) -> Result<Json<Inbox>, Problem> {
    let regions = regions(&web, &caller, query.region.as_deref())?;
    let wanted = query.kind.as_deref().unwrap_or_default();
    let kinds: Vec<TaskKind> = wanted
        .split(',')
        .map(str::trim)
        .filter(|code| !code.is_empty())
        .map(|code| TaskKind::from_code(code).ok_or_else(|| unknown("kind", code)))
        .collect::<Result<_, _>>()?;
    let desk = caller.post().map(|post| post.id);
    let scan = listing::scan_of("inbox", &(&regions, desk, &kinds));
    let page = listing::page::<TaskKey>(&scan, query.page_size, query.page_token.as_deref())?;
    let (mut waiting, mut overdue) = (0_u32, 0_u32);
    let mut listings: Vec<Listing<(RegionId, TaskKey, TaskRow), TaskKey>> = Vec::new();
    for region in regions {
        let inbox = web.app.inbox(&caller, region, &kinds, &page).await?;
        waiting = waiting.saturating_add(inbox.waiting);
        overdue = overdue.saturating_add(inbox.overdue);
        listings.push(Listing {
            rows: inbox.rows.rows.into_iter().map(|(key, row)| (region, key, row)).collect(),
            next: inbox.rows.next,
            previous: inbox.rows.previous,
        });
    }
    let order = |key: &TaskKey| (key.due_at.is_none(), key.due_at, key.case, key.no);
    let listing = listing::across(listings, &page, |(_, key, _)| *key, |one, other| order(one).cmp(&order(other)));
    let (next_page_token, previous_page_token) = listing::tokens(&scan, &listing);
    let now = web.app.now();
    let tasks = listing.rows.into_iter().map(|(region, _, row)| Task {
        kind: row.kind,
        assignment: row.assignment,
        due_at: row.due_at,
        case: Summary::of(region, row.case, now),
    });
    Ok(Json(Inbox { tasks: tasks.collect(), waiting, overdue, next_page_token, previous_page_token }))
}
