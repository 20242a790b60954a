//! Requests: the public feed of cases, one of them, and the number behind a token.

use super::{
    Format, answer, bare, jurisdiction, mapping,
    query::{Asked, Meant},
    services::Jurisdiction,
    tree::Tree,
};
use crate::{
    Web,
    api::scan_of,
    extract::{Path, Query},
    language::Language,
    problem::{BAD_PAGE_TOKEN, BAD_REQUEST, NOT_FOUND, Problem},
};
use axum::{
    extract::{RawQuery, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use gewu_app::{AppError, cases::feed::PublicCase};
use gewu_domain::ids::{CaseId, ClassCode, RegionId};
use gewu_store::{PageToken, cases::CaseFilter};

pub async fn list(
    State(web): State<Web>,
    format: Format,
    language: Language,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let (asked, ignored) = Asked::of(query.as_deref().unwrap_or_default())?;
    let jurisdiction = jurisdiction(&web, asked.jurisdiction_id.as_deref())?;
    let snapshot = web.app.snapshot()?;
    let (cases, links) = match asked.numbers()? {
        Some(numbers) => (named(&web, jurisdiction.region, &numbers).await?, None),
        None => {
            let catalogues = &snapshot.city.catalogues;
            let in_force = || catalogues.schemes().filter_map(|scheme| catalogues.current(scheme));
            let is_known = |code: &ClassCode| in_force().any(|catalogue| catalogue.get(code).is_some());
            let meant = asked.meant(web.app.now(), snapshot.city.calendar.zone(), is_known)?;
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
    if let Some(names) = told(&ignored) {
        response.headers_mut().insert(IGNORED, names);
    }
    Ok(response)
}

/// Names the parameters that meant nothing.
pub const IGNORED: HeaderName = HeaderName::from_static("gewu-ignored-parameters");

/// Names as a header may have them: the first few, and what else they hold escaped.
fn told(names: &[String]) -> Option<HeaderValue> {
    let escaped = |name: &String| -> String {
        let start: String = name.chars().take(40).collect();
        form_urlencoded::byte_serialize(start.as_bytes()).collect()
    };
    let list: Vec<String> = names.iter().take(20).map(escaped).collect();
    (!list.is_empty()).then(|| HeaderValue::from_str(&list.join(", ")).ok()).flatten()
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
        from: meant.from,
        to: meant.to,
        changed_from: meant.changed_from,
        changed_to: meant.changed_to,
        ..CaseFilter::default()
    };
    let filters: Vec<CaseFilter> = if meant.codes.is_empty() {
        vec![filter]
    } else {
        meant.codes.iter().map(|code| CaseFilter { class: Some(code.clone()), ..filter.clone() }).collect()
    };
    let lists: Vec<(RegionId, CaseFilter)> =
        regions.iter().flat_map(|region| filters.iter().map(|filter| (*region, filter.clone()))).collect();
    if lists.len() > LISTS_MOST {
        let most = LISTS_MOST / regions.len().max(1);
        return Err(BAD_REQUEST.because(
            format!("这里一次最多 {most} 个 service_code；不写就是全部"),
            format!("at most {most} service_code at once here; without any, all are meant"),
        ));
    }
    // Without dates the range moves with the clock, so it is no part of what a token is bound to.
    let dates = (&asked.start_date, &asked.end_date, &asked.updated_after, &asked.updated_before);
    let scan = scan_of("open311", &(regions, &meant.codes, &meant.states, dates, meant.page_size));
    let after: Option<CaseId> = match asked.token() {
        Some(token) => Some(PageToken(token.to_owned()).read(&scan).ok_or(BAD_PAGE_TOKEN)?),
        None => None,
    };
    let size = usize::from(meant.page_size);
    let pages = if after.is_some() { 0 } else { usize::try_from(meant.page.saturating_sub(1)).unwrap_or(usize::MAX) };
    let (found, has_more) = web.app.public_merged(&lists, after, pages.saturating_mul(size), size).await?;
    let last = found.last().map(|(_, id)| *id).filter(|_| has_more);
    let cases = web.app.public_cases(&found, web.settings.description_public).await?;
    Ok((cases, last.map(|key| PageToken::of(&scan, &key).0)))
}

/// Lists, one for each region and service, that are merged for an answer at most.
const LISTS_MOST: usize = 256;

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
            ("updated_after", &asked.updated_after),
            ("updated_before", &asked.updated_before),
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
