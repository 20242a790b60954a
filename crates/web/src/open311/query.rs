//! Which requests a query means: ids, services, dates and status, with the 90-day and 1,000-row rules.

use super::services::unknown_service;
use crate::{
    body::form,
    media::MediaType,
    problem::{BAD_REQUEST, Problem},
};
use gewu_domain::{case::StateKind, ids::ClassCode};
use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};
use std::collections::BTreeSet;

/// As it comes; an empty argument counts as none.
#[derive(Debug, Default)]
pub struct Asked {
    pub jurisdiction_id: Option<String>,
    pub service_request_id: Option<String>,
    pub service_code: Option<String>,
    pub start_date: Option<String>,
    pub end_date: Option<String>,
    pub status: Option<String>,
    /// Of the extension that most servers have.
    pub updated_after: Option<String>,
    pub updated_before: Option<String>,
    pub page: Option<String>,
    pub page_size: Option<String>,
    /// Ours: where a `Link` leads on from, whatever the page's number.
    pub page_token: Option<String>,
}

/// As it is meant.
#[derive(Debug, PartialEq, Eq)]
pub struct Meant {
    /// Any of these; empty: every service.
    pub codes: Vec<ClassCode>,
    pub states: Vec<StateKind>,
    /// Reported from; from ever, when it is asked what changed.
    pub from: Option<Timestamp>,
    /// Exclusive.
    pub to: Option<Timestamp>,
    pub changed_from: Option<Timestamp>,
    /// Exclusive.
    pub changed_to: Option<Timestamp>,
    pub page: u32,
    pub page_size: u16,
}

/// The longest span, and the most rows of an answer.
const SPAN: SignedDuration = SignedDuration::from_hours(90 * 24);
pub const ROWS_MOST: u16 = 1_000;
/// The furthest row that can be reached by a page's number; `Link` leads further.
pub const DEPTH_MOST: u32 = 10_000;

/// What other servers narrow their lists by, and this one does not: whoever asks for it and is given everything is misled.
const FILTERS_ELSEWHERE: [&str; 26] = [
    "address",
    "address_id",
    "address_string",
    "agency_responsible",
    "area",
    "bbox",
    "category",
    "closed_after",
    "closed_before",
    "created_after",
    "created_before",
    "description",
    "group",
    "has_photo",
    "keyword",
    "lat",
    "lng",
    "long",
    "priority",
    "q",
    "radius",
    "search",
    "service_name",
    "source",
    "updated_datetime",
    "zipcode",
];

impl Asked {
    /// Reads a query; gives the names that mean nothing here as well.
    ///
    /// # Errors
    /// 400 for a filter that this server does not have, or that is given twice or spelt otherwise; for text that is no UTF-8.
    pub fn of(query: &str) -> Result<(Asked, Vec<String>), Problem> {
        let mut asked = Asked::default();
        let mut ignored = Vec::new();
        for (name, value) in form::pairs(query.as_bytes(), &MediaType::default())? {
            match asked.field(&name) {
                Some(field @ None) => *field = Some(value),
                Some(Some(_)) => {
                    return Err(BAD_REQUEST.because(
                        format!("{name} 给了两次：多个值用逗号分隔"),
                        format!("{name} was given twice: separate several values by commas"),
                    ));
                }
                None if name == "api_key" => {}
                None => {
                    let plain = name.trim().trim_end_matches("[]").to_ascii_lowercase().replace('-', "_");
                    if asked.field(&plain).is_some() || FILTERS_ELSEWHERE.contains(&plain.as_str()) {
                        return Err(BAD_REQUEST.because(
                            format!("这里不能按 {name} 筛选"),
                            format!("lists cannot be narrowed by {name:?} here"),
                        ));
                    }
                    ignored.push(name);
                }
            }
        }
        Ok((asked, ignored))
    }

    fn field(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "jurisdiction_id" => &mut self.jurisdiction_id,
            "service_request_id" => &mut self.service_request_id,
            "service_code" => &mut self.service_code,
            "start_date" => &mut self.start_date,
            "end_date" => &mut self.end_date,
            "status" => &mut self.status,
            "updated_after" => &mut self.updated_after,
            "updated_before" => &mut self.updated_before,
            "page" => &mut self.page,
            "page_size" => &mut self.page_size,
            "page_token" => &mut self.page_token,
            _ => return None,
        })
    }

    /// The numbers named, if any are: they override everything else.
    ///
    /// # Errors
    /// 400 for more than 1,000.
    pub fn numbers(&self) -> Result<Option<Vec<&str>>, Problem> {
        let mut numbers = list(self.service_request_id.as_deref());
        if numbers.len() > usize::from(ROWS_MOST) {
            return Err(BAD_REQUEST.because(
                format!("service_request_id 最多 {ROWS_MOST} 个"),
                format!("at most {ROWS_MOST} service_request_id at once"),
            ));
        }
        let mut seen = BTreeSet::new();
        numbers.retain(|number| seen.insert(*number));
        Ok((!numbers.is_empty()).then_some(numbers))
    }

    /// # Errors
    /// 400 for a date, status or page that cannot be meant, 404 for a service that there is not.
    pub fn meant(
        &self,
        now: Timestamp,
        zone: &TimeZone,
        is_known: impl Fn(&ClassCode) -> bool,
    ) -> Result<Meant, Problem> {
        let reported = span(["start_date", "end_date"], [&self.start_date, &self.end_date], now, zone)?;
        let changed =
            span(["updated_after", "updated_before"], [&self.updated_after, &self.updated_before], now, zone)?;
        // What changed lately may have been reported long ago.
        let reported = reported.or_else(|| changed.is_none().then(|| (plus(now, -SPAN), now)));
        let exclusive = |last: Timestamp| plus(last, SignedDuration::from_millis(1));
        let mut states = Vec::new();
        for status in list(self.status.as_deref()) {
            states.extend(super::mapping::states(status).ok_or_else(|| {
                BAD_REQUEST.because(
                    format!("status 只有 open 和 closed，没有 {status}"),
                    format!("status is open or closed, not {status}"),
                )
            })?);
        }
        let page = number("page", self.page.as_deref(), 1)?;
        let page_size = number("page_size", self.page_size.as_deref(), u32::from(ROWS_MOST))?;
        let page_size = u16::try_from(page_size).ok().filter(|size| *size <= ROWS_MOST).ok_or_else(|| {
            BAD_REQUEST.because(format!("page_size 最大 {ROWS_MOST}"), format!("page_size is at most {ROWS_MOST}"))
        })?;
        if self.token().is_none() && page.saturating_mul(u32::from(page_size)) > DEPTH_MOST {
            return Err(BAD_REQUEST.because(
                format!("按页码最多翻到第 {DEPTH_MOST} 行：请缩短日期范围，或沿着 Link 里的 rel=\"next\" 翻页"),
                format!("a page number reaches {DEPTH_MOST} rows: narrow the dates, or follow rel=\"next\" of the Link header"),
            ));
        }
        let codes: BTreeSet<ClassCode> = list(self.service_code.as_deref()).into_iter().map(ClassCode::from).collect();
        if let Some(unknown) = codes.iter().find(|code| !is_known(code)) {
            return Err(unknown_service(unknown.as_str()));
        }
        Ok(Meant {
            codes: codes.into_iter().collect(),
            states,
            from: reported.map(|(from, _)| from),
            to: reported.map(|(_, last)| exclusive(last)),
            changed_from: changed.map(|(from, _)| from),
            changed_to: changed.map(|(_, last)| exclusive(last)),
            page,
            page_size,
        })
    }

    pub fn token(&self) -> Option<&str> {
        self.page_token.as_deref().filter(|token| !token.is_empty())
    }
}

fn plus(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}

/// The first and the last moment of a span of at most 90 days, of which one end may be left out.
fn span(
    names: [&str; 2],
    texts: [&Option<String>; 2],
    now: Timestamp,
    zone: &TimeZone,
) -> Result<Option<(Timestamp, Timestamp)>, Problem> {
    let ([first, last], [from, to]) = (names, texts);
    let (from, to) = match (date(first, from.as_deref(), zone)?, date(last, to.as_deref(), zone)?) {
        (None, None) => return Ok(None),
        (Some(from), Some(to)) => (from, to),
        (Some(from), None) => (from, plus(from, SPAN).min(now.max(from))),
        (None, Some(to)) => (plus(to, -SPAN), to),
    };
    if to < from {
        return Err(BAD_REQUEST.because(format!("{last} 早于 {first}"), format!("{last} lies before {first}")));
    }
    if to.duration_since(from) > SPAN {
        return Err(BAD_REQUEST.because(
            format!("{first} 到 {last} 不能超过 90 天"),
            format!("{first} and {last} may not span more than 90 days"),
        ));
    }
    Ok(Some((from, to)))
}

/// Parts between commas, without empty ones.
fn list(text: Option<&str>) -> Vec<&str> {
    text.unwrap_or_default().split(',').map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn number(name: &str, text: Option<&str>, usual: u32) -> Result<u32, Problem> {
    match text.map(str::trim).filter(|text| !text.is_empty()) {
        None => Ok(usual),
        Some(text) => text.parse().ok().filter(|number| *number > 0).ok_or_else(|| {
            BAD_REQUEST.because(format!("{name} 应为正整数"), format!("{name} must be a whole number from 1"))
        }),
    }
}

/// A time with its zone, as the specification wants it. What has no zone is read in the city's; a mere date is its
/// midnight.
fn date(name: &str, text: Option<&str>, zone: &TimeZone) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    // In an unescaped query a plus sign arrives as a blank.
    let text = text.replace(' ', "+");
    let in_zone = |at: civil::DateTime| at.to_zoned(zone.clone()).ok().map(|at| at.timestamp());
    let at = text
        .parse::<Timestamp>()
        .ok()
        .or_else(|| text.parse::<civil::DateTime>().ok().and_then(in_zone))
        .or_else(|| text.parse::<civil::Date>().ok().and_then(|date| in_zone(date.at(0, 0, 0, 0))));
    at.map(Some).ok_or_else(|| {
        BAD_REQUEST
            .because(format!("{name} 应如 2010-01-01T00:00:00Z"), format!("{name} must look like 2010-01-01T00:00:00Z"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-21T10:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn meant(start: &str, end: &str) -> Result<(Timestamp, Timestamp), Problem> {
        let asked = Asked { start_date: Some(start.into()), end_date: Some(end.into()), ..Asked::default() };
        let zone = TimeZone::get("Asia/Shanghai").expect("bundled");
        let meant = asked.meant(at(NOW), &zone, |_| true)?;
        Ok((meant.from.expect("a start"), meant.to.expect("an end")))
    }

    #[test]
    fn without_dates_the_last_ninety_days_are_meant() {
        assert_eq!(meant("", "").expect("fine"), (at("2026-08-23T10:00:00Z"), at("2026-11-21T10:00:00.001Z")));
    }

    #[test]
    fn one_date_reaches_ninety_days_from_it_and_never_beyond_now() {
        assert_eq!(meant("2026-01-01T00:00:00Z", "").expect("fine").1, at("2026-04-01T00:00:00.001Z"));
        assert_eq!(meant("2026-11-01T00:00:00Z", "").expect("fine").1, at("2026-11-21T10:00:00.001Z"));
        assert_eq!(meant("", "2026-04-01T00:00:00Z").expect("fine").0, at("2026-01-01T00:00:00Z"));
    }

    #[test]
    fn ninety_days_are_served_and_a_second_more_is_not() {
        assert!(meant("2026-01-01T00:00:00Z", "2026-04-01T00:00:00Z").is_ok());
        assert!(meant("2026-01-01T00:00:00Z", "2026-04-01T00:00:01Z").is_err());
        assert!(meant("2026-04-01T00:00:00Z", "2026-01-01T00:00:00Z").is_err());
    }

    #[test]
    fn a_time_is_read_with_its_zone_and_in_the_citys_where_it_has_none() {
        assert_eq!(meant("2026-11-01T08:00:00+08:00", "").expect("fine").0, at("2026-11-01T00:00:00Z"));
        assert_eq!(meant("2026-11-01T08:00:00 08:00", "").expect("fine").0, at("2026-11-01T00:00:00Z"));
        assert_eq!(meant("2026-11-01T08:00:00", "").expect("fine").0, at("2026-11-01T00:00:00Z"));
        assert_eq!(meant("2026-11-01", "").expect("fine").0, at("2026-10-31T16:00:00Z"));
        assert!(meant("yesterday", "").is_err());
    }

    #[test]
    fn pages_are_counted_from_one_and_only_so_far() {
        let page = |page: &str, size: &str| {
            let asked = Asked { page: Some(page.into()), page_size: Some(size.into()), ..Asked::default() };
            asked.meant(at(NOW), &TimeZone::UTC, |_| true).map(|meant| (meant.page, meant.page_size))
        };
        assert_eq!(page("", "").expect("fine"), (1, 1_000));
        assert_eq!(page("100", "100").expect("fine"), (100, 100));
        for (number, size) in [("0", ""), ("x", ""), ("", "0"), ("", "1001"), ("101", "100")] {
            assert!(page(number, size).is_err(), "page {number} of {size}");
        }
    }

    #[test]
    fn a_filter_that_is_none_here_is_refused_and_other_names_are_told() {
        for refused in [
            "lat=1",
            "q=x",
            "Status=open",
            "status[]=open",
            "service-code=x",
            "status=open&status=closed",
            "status=%ff",
        ] {
            assert!(Asked::of(refused).is_err(), "{refused}");
        }
        let (asked, ignored) = Asked::of("status=open&api_key=k&extensions=true&_=1&page=2").expect("fine");
        assert_eq!((asked.status.as_deref(), asked.page.as_deref()), (Some("open"), Some("2")));
        assert_eq!(ignored, ["extensions", "_"]);
    }

    #[test]
    fn each_service_is_meant_once_and_only_if_there_is_one() {
        let asked = Asked { service_code: Some("b,a,b, a".into()), ..Asked::default() };
        let meant = asked.meant(at(NOW), &TimeZone::UTC, |_| true).expect("fine");
        assert_eq!(meant.codes, ["a", "b"].map(ClassCode::from));
        assert!(asked.meant(at(NOW), &TimeZone::UTC, |code| code.as_str() == "a").is_err());
    }

    #[test]
    fn what_changed_lately_may_have_been_reported_long_ago() {
        let asked = Asked { updated_after: Some("2026-11-20T00:00:00Z".into()), ..Asked::default() };
        let meant = asked.meant(at(NOW), &TimeZone::UTC, |_| true).expect("fine");
        assert_eq!((meant.from, meant.changed_from), (None, Some(at("2026-11-20T00:00:00Z"))));
        assert_eq!(meant.changed_to, Some(at("2026-11-21T10:00:00.001Z")));
    }
}
