//! Requests: the public feed of cases, one of them, and the number behind a token.

use super::{
    Format, answer, bare, jurisdiction, mapping,
    query::{Asked, Meant},
    services::Jurisdiction,
    tree::Tree,
};
use crate::{
    Web,
    api::{across, scan_of},
    extract::{Path, Query},
    language::Language,
    problem::{BAD_PAGE_TOKEN, NOT_FOUND, Problem},
};
use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use gewu_app::{AppError, cases::feed::PublicCase};
use gewu_domain::ids::{CaseId, RegionId};
use gewu_store::{Listing, Page, PageToken, cases::CaseFilter};

pub async fn list(
    State(web): State<Web>,
    format: Format,
    language: Language,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let jurisdiction = jurisdiction(&web, asked.jurisdiction_id.as_deref())?;
    let snapshot = web.app.snapshot()?;
    let (cases, links) = match asked.numbers()? {
        Some(numbers) => (named(&web, jurisdiction.region, &numbers).await?, None),
        None => {
            let meant = asked.meant(web.app.now(), snapshot.city.calendar.zone())?;
            let regions = match jurisdiction.region {
                Some(region) => vec![region],
                None => snapshot.city.areas.regions(),
            };
            let (listing, token) = page(&web, &regions, &asked, &meant).await?;
            (listing, Some(links(&web, format, &asked, &meant, token.as_deref())))
        }
    };
    let requests = cases.iter().map(|case| mapping::request(case, &snapshot, &web, language));
    let requests = Tree::list("request", requests);
    let mut response = answer(StatusCode::OK, format, language, "service_requests", &requests);
    if let Some(link) = links.and_then(|links| HeaderValue::from_str(&links).ok()) {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// The cases of these numbers, in the order named; those there are none of are left out.
async fn named(web: &Web, region: Option<RegionId>, numbers: &[&str]) -> Result<Vec<PublicCase>, Problem> {
    let mut cases = Vec::new();
    for number in numbers {
        match web.app.public_by_number(number, web.settings.description_public).await {
            Ok(case) if region.is_none_or(|region| region == case.region) => cases.push(case),
            Ok(_) | Err(AppError::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(cases)
}

/// The wanted page, newest first, and the token of the next if there is one.
async fn page(
    web: &Web,
    regions: &[RegionId],
    asked: &Asked,
    meant: &Meant,
) -> Result<(Vec<PublicCase>, Option<String>), Problem> {
    let filter = CaseFilter {
        states: meant.states.clone(),
        from: Some(meant.from),
        to: Some(meant.to),
        ..CaseFilter::default()
    };
    let filters: Vec<CaseFilter> = if meant.codes.is_empty() {
        vec![filter]
    } else {
        meant.codes.iter().map(|code| CaseFilter { class: Some(code.clone()), ..filter.clone() }).collect()
    };
    // Without dates the range moves with the clock, so it is no part of what a token is bound to.
    let dates = (&asked.start_date, &asked.end_date);
    let scan = scan_of("open311", &(regions, &meant.codes, &meant.states, dates, meant.page_size));
    let mut after: Option<CaseId> = match asked.token() {
        Some(token) => Some(PageToken(token.to_owned()).read(&scan).ok_or(BAD_PAGE_TOKEN)?),
        None => None,
    };
    let skipped = if asked.token().is_some() { 0 } else { meant.page.saturating_sub(1) };
    for _ in 0..skipped {
        let page = Page { size: meant.page_size, after, backwards: false };
        let mut listings = Vec::new();
        for region in regions {
            for filter in &filters {
                let listing = web.app.public_ids(*region, filter, &page).await?;
                listings.push(listing);
            }
        }
        match across(listings, &page, |id| *id, |one, other| other.cmp(one)).next {
            Some(next) => after = Some(next),
            None => return Ok((Vec::new(), None)),
        }
    }
    let page = Page { size: meant.page_size, after, backwards: false };
    let mut listings: Vec<Listing<PublicCase, CaseId>> = Vec::new();
    for region in regions {
        for filter in &filters {
            listings.push(web.app.public_feed(*region, filter, &page, web.settings.description_public).await?);
        }
    }
    let listing = across(listings, &page, |case| case.row.id, |one, other| other.cmp(one));
    let token = listing.next.map(|key| PageToken::of(&scan, &key).0);
    Ok((listing.rows, token))
}

/// `Link`: the first page, the one before and the next, as far as there are such.
fn links(web: &Web, format: Format, asked: &Asked, meant: &Meant, token: Option<&str>) -> String {
    let ending = match format {
        Format::Xml => "xml",
        Format::Json => "json",
    };
    let link = |page: u32, token: Option<&str>, rel: &str| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in [
            ("jurisdiction_id", &asked.jurisdiction_id),
            ("service_code", &asked.service_code),
            ("start_date", &asked.start_date),
            ("end_date", &asked.end_date),
            ("status", &asked.status),
        ] {
            if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
                query.append_pair(name, value);
            }
        }
        query.append_pair("page", &page.to_string()).append_pair("page_size", &meant.page_size.to_string());
        if let Some(token) = token {
            query.append_pair("page_token", token);
        }
        format!("<{}/open311/v2/requests.{ending}?{}>; rel=\"{rel}\"", web.settings.public_url, query.finish())
    };
    let mut links = vec![link(1, None, "first")];
    if let Some(before) = meant.page.checked_sub(1).filter(|before| *before > 0 && asked.token().is_none()) {
        links.push(link(before, None, "prev"));
    }
    if let Some(token) = token {
        links.push(link(meant.page.saturating_add(1), Some(token), "next"));
    }
    links.join(", ")
}

pub async fn open(
    State(web): State<Web>,
    format: Format,
    language: Language,
    Path(id): Path<String>,
    Query(query): Query<Jurisdiction>,
) -> Result<Response, Problem> {
    let jurisdiction = jurisdiction(&web, query.jurisdiction_id.as_deref())?;
    let snapshot = web.app.snapshot()?;
    let number = bare(&id);
    let cases = named(&web, jurisdiction.region, &[number]).await?;
    let case = cases.first().ok_or_else(|| {
        NOT_FOUND
            .because(format!("没有 service_request_id {number}"), format!("service_request_id {number} was not found"))
    })?;
    let requests = Tree::list("request", [mapping::request(case, &snapshot, &web, language)]);
    Ok(answer(StatusCode::OK, format, language, "service_requests", &requests))
}

pub async fn token(
    State(web): State<Web>,
    format: Format,
    language: Language,
    Path(token): Path<String>,
    Query(query): Query<Jurisdiction>,
) -> Result<Response, Problem> {
    jurisdiction(&web, query.jurisdiction_id.as_deref())?;
    let token = bare(&token);
    let unknown = || NOT_FOUND.because(format!("没有 token {token}"), format!("token {token} was not found"));
    let id: CaseId = token.parse().map_err(|_| unknown())?;
    let number = match web.app.number_of(id).await {
        Ok(number) => number,
        Err(AppError::NotFound) => return Err(unknown()),
        Err(error) => return Err(error.into()),
    };
    let request = Tree::record([("service_request_id", Tree::text(number)), ("token", Tree::text(token))]);
    let requests = Tree::list("request", [request]);
    Ok(answer(StatusCode::OK, format, language, "service_requests", &requests))
}
