//! Calendars: which days and hours count as working time.

use super::cases::Label;
use crate::{
    Web,
    extract::{Path, Query},
    problem::{Document, INVALID, NOT_FOUND, Problem},
};
use axum::{Json, extract::State};
use gewu_domain::calendar::Calendar;
use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn doors() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(open))
}

/// One published version of a calendar.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Calendar)]
struct CalendarBody {
    id: String,
    version: u32,
    name: Label,
    zone: String,
    workday_minutes: u32,
    /// From then on holidays are announced; nothing where the calendar knows no holidays at all.
    #[schema(value_type = Option<String>, format = Date)]
    announced_from: Option<Date>,
    /// Until then. Before and after, only weekends and days off by law are known, and days are provisional.
    #[schema(value_type = String, format = Date)]
    announced_until: Date,
    sources: Vec<String>,
    /// New promises are made against this one.
    is_in_force: bool,
}

impl CalendarBody {
    fn of(calendar: &Calendar, in_force: &Calendar) -> CalendarBody {
        CalendarBody {
            id: calendar.id().to_owned(),
            version: calendar.version(),
            name: Label { zh: calendar.name_zh().to_owned(), en: calendar.name_en().to_owned() },
            zone: calendar.zone_name().to_owned(),
            workday_minutes: calendar.workday_minutes(),
            announced_from: Some(calendar.announced_from()).filter(|from| *from != Date::MIN),
            announced_until: calendar.announced_until(),
            sources: calendar.sources().to_vec(),
            is_in_force: calendar.reference() == in_force.reference(),
        }
    }
}

/// Every published version.
#[utoipa::path(get, path = "/api/v1/calendars", tag = "calendars",
    responses((status = 200, body = Vec<CalendarBody>), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn list(State(web): State<Web>) -> Result<Json<Vec<CalendarBody>>, Problem> {
    let snapshot = web.app.snapshot()?;
    let city = &snapshot.city;
    Ok(Json(city.calendars.iter().map(|calendar| CalendarBody::of(calendar, &city.calendar)).collect()))
}

/// Which days.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct DaysQuery {
    /// Today when not given.
    #[param(value_type = Option<String>, format = Date)]
    from: Option<Date>,
    /// The last day; 30 days after the first when not given, 400 at most.
    #[param(value_type = Option<String>, format = Date)]
    to: Option<Date>,
}

/// A calendar with some of its days.
#[derive(Debug, Serialize, ToSchema)]
struct CalendarDetail {
    #[serde(flatten)]
    calendar: CalendarBody,
    days: Vec<Day>,
}

/// One day.
#[derive(Debug, Serialize, ToSchema)]
struct Day {
    #[schema(value_type = String, format = Date)]
    date: Date,
    minutes: u32,
    shifts: Vec<Shift>,
    /// Outside the announced years: it may become, or have been, a day off or a make-up workday.
    is_provisional: bool,
    /// The holiday or make-up workday, where it is one.
    name: Option<Label>,
    /// The law that makes it a day off, where no announcement does.
    source: Option<String>,
}

/// A span of working time, in minutes after midnight.
#[derive(Debug, Serialize, ToSchema)]
struct Shift {
    from_minute: u16,
    to_minute: u16,
}

/// The calendar in its highest version, day by day.
#[utoipa::path(get, path = "/api/v1/calendars/{id}", tag = "calendars", params(("id" = String, Path), DaysQuery),
    responses((status = 200, body = CalendarDetail), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn open(
    State(web): State<Web>,
    Path(id): Path<String>,
    Query(query): Query<DaysQuery>,
) -> Result<Json<CalendarDetail>, Problem> {
    let snapshot = web.app.snapshot()?;
    let calendar = snapshot.city.calendars.current(&id).ok_or(NOT_FOUND)?;
    let from = query.from.unwrap_or_else(|| web.app.today());
    let to = query.to.unwrap_or_else(|| from.saturating_add(30.days()));
    if to < from || to > from.saturating_add(400.days()) {
        return Err(INVALID.because("to 应在 from 之后 400 天以内", "to must lie within 400 days after from"));
    }
    let days = from.series(1.day()).take_while(|date| *date <= to).map(|date| Day {
        date,
        minutes: calendar.minutes_on(date),
        shifts: calendar
            .shifts_on(date)
            .iter()
            .map(|shift| Shift { from_minute: shift.from_minute(), to_minute: shift.to_minute() })
            .collect(),
        is_provisional: calendar.is_provisional(date),
        name: calendar.days().get(&date).map(|day| Label { zh: day.name_zh.clone(), en: day.name_en.clone() }),
        source: calendar.days().get(&date).and_then(|day| day.source.clone()),
    });
    Ok(Json(CalendarDetail { calendar: CalendarBody::of(calendar, &snapshot.city.calendar), days: days.collect() }))
}
