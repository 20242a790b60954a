//! Cases: list and search, report, open one, take a step, follow one's own report.

mod detail;
mod report;
mod status;
mod step;
mod summary;

pub use report::LocationBody;
pub use status::Label;
pub use summary::{PointBody, Summary};

use crate::{
    Web,
    access::Who,
    api::{codes::SourceCode, listing},
    extract::{Body, Key, Path, Query},
    problem::{Document, INVALID, KEY_NEEDED, NOT_FOUND, Problem},
};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use gewu_app::{AppError, Caller, Identity, cases::CaseAddress};
use gewu_domain::{
    case::{Source, StateKind},
    ids::{AreaCode, CaseId, ClassCode, RegionId, UnitCode},
};
use gewu_store::{
    Listing, Page,
    cases::{CaseFilter, CaseRow},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn doors() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list, report))
        .routes(routes!(public))
        .routes(routes!(by_number))
        .routes(routes!(open))
        .routes(routes!(step))
        .routes(routes!(status))
}

/// Narrows a list of cases; everything given must hold.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct CasesQuery {
    /// Six digits; all regions the caller may look into when not given.
    region: Option<String>,
    /// Any of these, separated by commas; or `open`, all that have not ended.
    #[param(example = "handling,rework")]
    state: Option<String>,
    /// In this area or below it.
    area: Option<String>,
    class: Option<String>,
    #[param(value_type = Option<SourceCode>)]
    source: Option<String>,
    /// With a part in it.
    unit: Option<String>,
    /// Reported at or after.
    from: Option<Timestamp>,
    /// Reported before.
    to: Option<Timestamp>,
    /// Changed at or after.
    changed_from: Option<Timestamp>,
    /// Due before, and still open.
    due_before: Option<Timestamp>,
    /// `false`: in no grid yet.
    is_placed: Option<bool>,
    /// Words of the report, its address or its number; all of them.
    q: Option<String>,
    /// West, south, east, north in degrees (WGS84), separated by commas.
    #[param(example = "116.3,39.8,116.5,40.0")]
    within: Option<String>,
    /// 1 to 1,000.
    page_size: Option<u16>,
    page_token: Option<String>,
}

impl CasesQuery {
    fn filter(&self) -> Result<CaseFilter, Problem> {
        let states = match self.state.as_deref().filter(|states| !states.is_empty()) {
            None => Vec::new(),
            Some("open") => gewu_app::App::open_states(),
            Some(states) => states
                .split(',')
                .map(|code| StateKind::from_code(code.trim()).ok_or_else(|| unknown("state", code)))
                .collect::<Result<_, _>>()?,
        };
        let source = self.source.as_deref().filter(|code| !code.is_empty());
        let source = source.map(|code| Source::from_code(code).ok_or_else(|| unknown("source", code))).transpose()?;
        Ok(CaseFilter {
            states,
            area: self.area.as_deref().map(AreaCode::from),
            class: self.class.as_deref().map(ClassCode::from),
            source,
            unit: self.unit.as_deref().map(UnitCode::from),
            from: self.from,
            to: self.to,
            changed_from: self.changed_from,
            changed_to: None,
            due_before: self.due_before,
            is_placed: self.is_placed,
            terms: self.q.as_deref().map(gewu_text::query_terms).unwrap_or_default(),
            within: self.within.as_deref().map(box_of).transpose()?,
        })
    }
}

/// West, south, east, north, in degrees times 10⁷.
fn box_of(text: &str) -> Result<[i64; 4], Problem> {
    let wrong = || {
        INVALID.because(
            "within 应为 西,南,东,北 四个经纬度",
            "within is west,south,east,north in degrees, west and south not above east and north",
        )
    };
    let edges: Vec<f64> = text.split(',').filter_map(|edge| edge.trim().parse().ok()).collect();
    match edges.as_slice() {
        &[west, south, east, north]
            if west.abs() <= 180.0
                && east.abs() <= 180.0
                && south.abs() <= 90.0
                && north.abs() <= 90.0
                && west <= east
                && south <= north =>
        {
            Ok([west, south, east, north].map(tenth_micro))
        }
        _ => Err(wrong()),
    }
}

/// Degrees times 10⁷.
#[allow(clippy::cast_possible_truncation, reason = "at most 180 × 10⁷, far inside an i64")]
pub fn tenth_micro(degrees: f64) -> i64 {
    (degrees * 1e7).round() as i64
}

pub(super) fn unknown(field: &str, code: &str) -> Problem {
    let one = gewu_app::Problem::new(field, "unknown", format!("没有 {code}"), format!("there is no {code}"));
    AppError::from(one).into()
}

/// The regions a query means, of those the caller can look into.
pub(super) fn regions(web: &Web, caller: &Caller, wanted: Option<&str>) -> Result<Vec<RegionId>, Problem> {
    let own = web.app.regions_of(caller)?;
    match wanted.filter(|region| !region.is_empty()) {
        None => Ok(own),
        Some(wanted) => {
            let region: RegionId = wanted.parse().map_err(|_| unknown("region", wanted))?;
            if own.contains(&region) { Ok(vec![region]) } else { Err(NOT_FOUND.into()) }
        }
    }
}

/// A page of cases.
#[derive(Debug, Serialize, ToSchema)]
struct Cases {
    cases: Vec<Summary>,
    next_page_token: Option<String>,
    previous_page_token: Option<String>,
}

/// Cases the caller may see, newest first.
#[utoipa::path(get, path = "/api/v1/cases", tag = "cases", params(CasesQuery),
    security(("session" = []), ("key" = [])),
    responses((status = 200, body = Cases), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn list(
    State(web): State<Web>,
    Who(caller): Who,
    Query(query): Query<CasesQuery>,
) -> Result<Json<Cases>, Problem> {
    let regions = regions(&web, &caller, query.region.as_deref())?;
    let filter = query.filter()?;
    let scan = listing::scan_of("cases", &(&regions, &filter));
    let page = listing::page(&scan, query.page_size, query.page_token.as_deref())?;
    let mut listings = Vec::new();
    for region in regions {
        match web.app.cases(&caller, region, filter.clone(), &page).await {
            Ok(listing) => listings.push(of_region(region, listing)),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Json(cases(&web, &scan, merged(listings, &page))))
}

/// Rows with the region they came from.
pub fn of_region(region: RegionId, listing: Listing<CaseRow, CaseId>) -> Listing<(RegionId, CaseRow), CaseId> {
    Listing {
        rows: listing.rows.into_iter().map(|row| (region, row)).collect(),
        next: listing.next,
        previous: listing.previous,
    }
}

/// Newest first, over several regions.
pub fn merged(
    listings: Vec<Listing<(RegionId, CaseRow), CaseId>>,
    page: &Page<CaseId>,
) -> Listing<(RegionId, CaseRow), CaseId> {
    listing::across(listings, page, |(_, row)| row.id, |one, other| other.cmp(one))
}

fn cases(web: &Web, scan: &str, listing: Listing<(RegionId, CaseRow), CaseId>) -> Cases {
    let (next_page_token, previous_page_token) = listing::tokens(scan, &listing);
    let now = web.app.now();
    Cases {
        cases: listing.rows.into_iter().map(|(region, row)| Summary::of(region, row, now)).collect(),
        next_page_token,
        previous_page_token,
    }
}

/// Narrows what everybody may see.
#[derive(Debug, Default, Deserialize, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct PublicQuery {
    region: Option<String>,
    /// In this area or below it.
    area: Option<String>,
    class: Option<String>,
    /// Reported at or after.
    from: Option<Timestamp>,
    /// Reported before.
    to: Option<Timestamp>,
    /// 1 to 1,000.
    page_size: Option<u16>,
    page_token: Option<String>,
}

/// What everybody may see of the cases, newest first: no words, no photos, no contacts.
#[utoipa::path(get, path = "/api/v1/cases/public", tag = "cases", params(PublicQuery),
    responses((status = 200, body = Cases), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn public(State(web): State<Web>, Query(query): Query<PublicQuery>) -> Result<Json<Cases>, Problem> {
    let narrowed = CasesQuery {
        region: query.region,
        area: query.area,
        class: query.class,
        from: query.from,
        to: query.to,
        ..CasesQuery::default()
    };
    let filter = narrowed.filter()?;
    let regions = regions(&web, &Caller::public(""), narrowed.region.as_deref())?;
    let scan = listing::scan_of("public cases", &(&regions, &filter));
    let page: Page<CaseId> = listing::page(&scan, query.page_size, query.page_token.as_deref())?;
    if filter.area.is_none() && !page.backwards {
        // Of each region no more is read than the page shows of it.
        let lists: Vec<_> = regions.into_iter().map(|region| (region, filter.clone())).collect();
        let (found, has_more) = web.app.public_merged(&lists, page.after, 0, usize::from(page.size)).await?;
        let next = found.last().map(|(_, id)| *id).filter(|_| has_more);
        let previous = found.first().map(|(_, id)| *id).filter(|_| page.after.is_some());
        let shown = web.app.public_cases(&found, false).await?;
        let rows = shown.into_iter().map(|case| (case.region, case.row)).collect();
        return Ok(Json(cases(&web, &scan, Listing { rows, next, previous })));
    }
    let mut listings = Vec::new();
    for region in regions {
        let feed = web.app.public_feed(region, &filter, &page, false).await?;
        let rows = feed.rows.into_iter().map(|case| (region, case.row)).collect();
        listings.push(Listing { rows, next: feed.next, previous: feed.previous });
    }
    Ok(Json(cases(&web, &scan, merged(listings, &page))))
}

/// Where a case is to be found.
#[derive(Debug, Serialize, ToSchema)]
struct Found {
    #[schema(value_type = String, example = "370102")]
    region: String,
    #[schema(value_type = String)]
    id: CaseId,
}

/// Finds a case by its number.
#[utoipa::path(get, path = "/api/v1/cases/number/{number}", tag = "cases", params(("number" = String, Path)),
    security(("session" = []), ("key" = [])),
    responses((status = 200, body = Found), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn by_number(
    State(web): State<Web>,
    Who(caller): Who,
    Path(number): Path<String>,
) -> Result<Json<Found>, Problem> {
    let (region, id) = web.app.case_by_number(&caller, &number).await?;
    Ok(Json(Found { region: region.to_string(), id }))
}

/// Reports something. When this answers, the report, its words and its photos are durable.
///
/// Residents need no account; staff report from their posts, other systems with the scope `report`.
#[utoipa::path(post, path = "/api/v1/cases", tag = "cases", request_body = report::ReportBody,
    params(("idempotency-key" = Option<String>, Header, description = "API keys must send one")),
    security((), ("session" = []), ("key" = [])),
    responses((status = 201, body = report::ReceiptBody), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn report(
    State(web): State<Web>,
    Who(caller): Who,
    Key(key): Key,
    Body(body): Body<report::ReportBody>,
) -> Result<impl IntoResponse, Problem> {
    if key.is_none() && matches!(caller.identity, Identity::Client { .. }) {
        return Err(KEY_NEEDED.into());
    }
    let receipt = web.app.report(&caller, key.as_ref(), body.of(&caller)).await?;
    let place = format!("/api/v1/cases/{}/{}", receipt.region, receipt.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Json(report::ReceiptBody::from(receipt))))
}

/// The names in a case's path; what reads as neither names nothing.
pub(super) fn address(region: &str, id: &str) -> Result<CaseAddress, Problem> {
    let region = region.parse().map_err(|_| AppError::NotFound)?;
    let id = id.parse().map_err(|_| AppError::NotFound)?;
    Ok(CaseAddress { region, id })
}

/// A case with everything its page shows.
#[utoipa::path(get, path = "/api/v1/cases/{region}/{id}", tag = "cases",
    params(("region" = String, Path), ("id" = String, Path)),
    security(("session" = []), ("key" = [])),
    responses((status = 200, body = detail::CaseDetail), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn open(
    State(web): State<Web>,
    Who(caller): Who,
    Path((region, id)): Path<(String, String)>,
) -> Result<Json<detail::CaseDetail>, Problem> {
    let page = web.app.case_page(&caller, address(&region, &id)?).await?;
    Ok(Json(detail::CaseDetail::of(page)))
}

/// Takes a step with a case.
///
/// Which steps are open, and why the others are not, stands in the case's `choices`.
#[utoipa::path(post, path = "/api/v1/cases/{region}/{id}/steps", tag = "cases", request_body = step::StepBody,
    params(("region" = String, Path), ("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    security(("session" = []), ("receipt" = [])),
    responses((status = 200, body = step::SteppedBody), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn step(
    State(web): State<Web>,
    Who(caller): Who,
    Key(key): Key,
    Path((region, id)): Path<(String, String)>,
    Body(body): Body<step::StepBody>,
) -> Result<Json<step::SteppedBody>, Problem> {
    let stepped = web.app.act(&caller, address(&region, &id)?, key.as_ref(), body.into()).await?;
    Ok(Json(stepped.into()))
}

/// What became of one's own report, for the holder of its receipt.
#[utoipa::path(get, path = "/api/v1/status", tag = "cases", security(("receipt" = [])),
    responses((status = 200, body = status::StatusBody), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn status(State(web): State<Web>, Who(caller): Who) -> Result<Json<status::StatusBody>, Problem> {
    let Identity::Reporter { case } = caller.identity else { return Err(NOT_FOUND.into()) };
    // The receipt opened this very case, so one of the regions holds it.
    for region in web.app.regions_of(&caller)? {
        match web.app.status_page(&caller, CaseAddress { region, id: case }).await {
            Ok(page) => return Ok(Json(status::StatusBody::of(page))),
            Err(AppError::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(NOT_FOUND.into())
}
