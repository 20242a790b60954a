//! Which requests a query means: ids, services, dates and status, with the 90-day and 1,000-row rules.

use crate::problem::{BAD_REQUEST, Problem};
use gewu_domain::{case::StateKind, ids::ClassCode};
use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};
use serde::Deserialize;

/// As it comes; an empty argument counts as none.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    pub jurisdiction_id: Option<String>,
    pub service_request_id: Option<String>,
    pub service_code: Option<String>,
    pub start_date: Option<String>,
    pub end_date: Option<String>,
    pub status: Option<String>,
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
    pub from: Timestamp,
    /// Exclusive.
    pub to: Timestamp,
    pub page: u32,
    pub page_size: u16,
}

/// The longest span, and the most rows of an answer.
const SPAN: SignedDuration = SignedDuration::from_hours(90 * 24);
pub const ROWS_MOST: u16 = 1_000;
/// The furthest row that can be reached by a page's number; `Link` leads further.
pub const DEPTH_MOST: u32 = 10_000;

impl Asked {
    /// The numbers named, if any are: they override everything else.
    ///
    /// # Errors
    /// 400 for more than 1,000.
    pub fn numbers(&self) -> Result<Option<Vec<&str>>, Problem> {
        let numbers = list(self.service_request_id.as_deref());
        if numbers.len() > usize::from(ROWS_MOST) {
            return Err(BAD_REQUEST.because(
                format!("service_request_id 最多 {ROWS_MOST} 个"),
                format!("at most {ROWS_MOST} service_request_id at once"),
            ));
        }
        Ok((!numbers.is_empty()).then_some(numbers))
    }

    /// # Errors
    /// 400 for a date, status or page that cannot be meant.
    pub fn meant(&self, now: Timestamp, zone: &TimeZone) -> Result<Meant, Problem> {
        let start = date("start_date", self.start_date.as_deref(), zone)?;
        let end = date("end_date", self.end_date.as_deref(), zone)?;
        let (from, last) = match (start, end) {
            (Some(start), Some(end)) => (start, end),
            (Some(start), None) => (start, plus(start, SPAN).min(now.max(start))),
            (None, end) => {
                let end = end.unwrap_or(now);
                (plus(end, -SPAN), end)
            }
        };
        if last < from {
            return Err(BAD_REQUEST.because("end_date 早于 start_date", "end_date lies before start_date"));
        }
        if last.duration_since(from) > SPAN {
            return Err(BAD_REQUEST.because(
                "start_date 到 end_date 不能超过 90 天",
                "start_date and end_date may not span more than 90 days",
            ));
        }
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
        let codes = list(self.service_code.as_deref()).into_iter().map(ClassCode::from).collect();
        Ok(Meant { codes, states, from, to: plus(last, SignedDuration::from_millis(1)), page, page_size })
    }

    pub fn token(&self) -> Option<&str> {
        self.page_token.as_deref().filter(|token| !token.is_empty())
    }
}

fn plus(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
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
        asked.meant(at(NOW), &zone).map(|meant| (meant.from, meant.to))
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
            asked.meant(at(NOW), &TimeZone::UTC).map(|meant| (meant.page, meant.page_size))
        };
        assert_eq!(page("", "").expect("fine"), (1, 1_000));
        assert_eq!(page("100", "100").expect("fine"), (100, 100));
        for (number, size) in [("0", ""), ("x", ""), ("", "0"), ("", "1001"), ("101", "100")] {
            assert!(page(number, size).is_err(), "page {number} of {size}");
        }
    }
}
