//! Which column of another system's export is what: a TOML file somebody writes once for that system.
//!
//! Knows columns and values, not the city. The fields are explained in `docs/import-cases.md`. Start at
//! [`Mapping::parse`].

use encoding_rs::Encoding;
use gewu_domain::{case::Source, fault::Fault};
use gewu_geo::datum::Datum;
use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime},
    fmt::strtime,
    tz::{AmbiguousOffset, TimeZone},
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Seconds and milliseconds since 1970 in UTC, as a format.
pub const UNIX_S: &str = "unix_s";
pub const UNIX_MS: &str = "unix_ms";
/// Zero of a clock, of a spreadsheet or of a database lies before it: 1601, 1753, 1899, 1900, 1904, 1970, 1980.
pub const EARLIEST: Date = jiff::civil::date(1981, 1, 1);
/// Characters of a system's name, which stands in the numbers of its cases.
const SYSTEM_CHARS_MOST: usize = 20;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// What is taken in, for whoever reads the mapping.
    #[serde(default)]
    pub title: String,
    /// Zone of the times that name none; the city's own when not said.
    #[serde(default)]
    pub zone: Option<String>,
    /// No time is real before this day; [`EARLIEST`] when not said.
    #[serde(default)]
    pub earliest: Option<Date>,
    /// By how many minutes the other system's clocks may have been apart: a closing so little before the report is taken
    /// as the moment of the report, a time so little in the future as now.
    #[serde(default)]
    pub slack_minutes: u16,
    #[serde(default)]
    pub csv: Csv,
    /// The other system's number; without one, a digest of the row stands for it.
    #[serde(default)]
    pub id: Option<Id>,
    /// Rows that are not taken on purpose.
    #[serde(default)]
    pub skip: Vec<Match>,
    pub reported_at: Time,
    #[serde(default)]
    pub closed_at: Option<Time>,
    /// Which rows are closed; without it, those with a time of closing.
    #[serde(default)]
    pub closed: Option<Match>,
    /// How far the others have come.
    #[serde(default)]
    pub reached: Option<Reached>,
    #[serde(default)]
    pub place: PlaceColumns,
    /// Without it only reports can be taken, which somebody files here.
    #[serde(default)]
    pub class: Option<Lookup>,
    #[serde(default)]
    pub unit: Option<Lookup>,
    #[serde(default)]
    pub source: Option<SourceLookup>,
    /// The words of the report, e.g. `{Complaint Type}: {Descriptor}`.
    #[serde(default)]
    pub words: String,
    /// The words of the answer at closing.
    #[serde(default)]
    pub reply: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Csv {
    /// One ASCII character.
    pub delimiter: char,
    /// Any label of the WHATWG Encoding Standard, e.g. `utf-8`, `gb18030`, `utf-16le`.
    pub encoding: String,
}

impl Default for Csv {
    fn default() -> Csv {
        Csv { delimiter: ',', encoding: "utf-8".to_owned() }
    }
}

impl Csv {
    /// What the label stands for, if for anything.
    pub fn encoding(&self) -> Option<&'static Encoding> {
        Encoding::for_label_no_replacement(self.encoding.as_bytes())
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Id {
    pub column: String,
    /// Which system these are the numbers of, where the city takes in cases of several.
    #[serde(default)]
    pub system: String,
}

/// A column with some of its values.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    pub column: String,
    pub values: Vec<String>,
    /// Why, for rows that are skipped.
    #[serde(default)]
    pub why: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Time {
    pub column: String,
    /// Tried one after the other, in `strftime` notation, [`UNIX_S`] or [`UNIX_MS`]; RFC 3339 is always understood.
    #[serde(default)]
    pub formats: Vec<String>,
    /// Values that mean "none", beside the empty one, e.g. `1900-01-01`.
    #[serde(default)]
    pub none: Vec<String>,
}

/// How far a case has come that is not closed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reached {
    pub column: String,
    #[serde(default)]
    pub table: BTreeMap<String, Stage>,
    #[serde(default)]
    pub default: Stage,
    /// Values under which a case is open although a time of closing stands there.
    #[serde(default)]
    pub despite_closing_time: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    #[default]
    Reported,
    Filed,
    Dispatched,
    Handling,
    Closed,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceColumns {
    #[serde(default)]
    pub lon: Option<String>,
    #[serde(default)]
    pub lat: Option<String>,
    #[serde(default)]
    pub datum: Option<Datum>,
    /// Points that stand for "unknown" in the export: longitude, latitude.
    #[serde(default)]
    pub ignore: Vec<(f64, f64)>,
    /// A column with an area: its code, or its name in either language.
    #[serde(default)]
    pub area: Option<Lookup>,
    /// Columns of the address, in order.
    #[serde(default)]
    pub address: Vec<String>,
}

/// From a value of the export to a code of the city.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    pub column: String,
    /// Asked first.
    #[serde(default)]
    pub table: BTreeMap<String, String>,
    /// Then: the value is the code, or with `name` a name in either language.
    #[serde(default)]
    pub by: By,
    /// Put before the value when it is the code.
    #[serde(default)]
    pub prefix: String,
    /// For values that are found nowhere, and for empty ones; without it a row with such a value is not taken.
    #[serde(default)]
    pub default: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    #[default]
    Code,
    Name,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceLookup {
    pub column: String,
    pub table: BTreeMap<String, Source>,
    #[serde(default)]
    pub default: Option<Source>,
}

impl Mapping {
    /// Reads a mapping.
    ///
    /// # Errors
    /// What is wrong with it, by line where that is known.
    pub fn parse(file: &str, text: &str) -> Result<Mapping, Vec<Fault>> {
        let mapping: Mapping = toml::from_str(text).map_err(|error| {
            let line = error
                .span()
                .and_then(|span| text.get(..span.start))
                .map(|before| u32::try_from(before.matches('\n').count()).unwrap_or(0).saturating_add(1));
            vec![fault(file, line, None, error.message(), &format!("无法读取：{}", error.message()))]
        })?;
        let mut faults = Vec::new();
        if let Some(zone) = &mapping.zone
            && TimeZone::get(zone).is_err()
        {
            faults.push(fault(
                file,
                None,
                Some("zone"),
                &format!("there is no zone {zone:?}"),
                &format!("没有时区“{zone}”"),
            ));
        }
        if !mapping.csv.delimiter.is_ascii() {
            faults.push(fault(
                file,
                None,
                Some("csv.delimiter"),
                "is not one ASCII character",
                "分隔符须为一个 ASCII 字符",
            ));
        }
        if mapping.csv.encoding().is_none() {
            faults.push(fault(
                file,
                None,
                Some("csv.encoding"),
                &format!("{:?} is no encoding; e.g. utf-8, gb18030, big5, utf-16le", mapping.csv.encoding),
                &format!("没有编码“{}”；可以写 utf-8、gb18030、big5、utf-16le 等", mapping.csv.encoding),
            ));
        }
        if let Some(id) = &mapping.id
            && (id.system.len() > SYSTEM_CHARS_MOST || !id.system.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        {
            faults.push(fault(
                file,
                None,
                Some("id.system"),
                "has other characters than letters and digits, or more than 20",
                "只能用字母和数字，最多 20 个",
            ));
        }
        if mapping.place.lon.is_some() != mapping.place.lat.is_some() {
            faults.push(fault(file, None, Some("place"), "has one of lon and lat only", "经度和纬度须同时给出"));
        }
        for (name, template) in [("words", &mapping.words), ("reply", &mapping.reply)] {
            if template.matches('{').count() != template.matches('}').count() {
                faults.push(fault(file, None, Some(name), "has a brace without its partner", "花括号没有成对"));
            }
        }
        if faults.is_empty() { Ok(mapping) } else { Err(faults) }
    }

    /// Every column the mapping names.
    pub fn columns(&self) -> Vec<&str> {
        let mut columns: Vec<&str> = vec![&self.reported_at.column];
        columns.extend(self.class.iter().map(|class| class.column.as_str()));
        columns.extend(self.id.iter().map(|id| id.column.as_str()));
        columns.extend(self.skip.iter().map(|skip| skip.column.as_str()));
        columns.extend(self.closed_at.iter().map(|time| time.column.as_str()));
        columns.extend(self.closed.iter().map(|closed| closed.column.as_str()));
        columns.extend(self.reached.iter().map(|reached| reached.column.as_str()));
        columns.extend(self.unit.iter().map(|unit| unit.column.as_str()));
        columns.extend(self.source.iter().map(|source| source.column.as_str()));
        let place = &self.place;
        columns.extend(place.lon.iter().chain(&place.lat).chain(&place.address).map(String::as_str));
        columns.extend(place.area.iter().map(|area| area.column.as_str()));
        columns.extend(named(&self.words).chain(named(&self.reply)));
        columns.sort_unstable();
        columns.dedup();
        columns
    }
}

impl Match {
    pub fn fits(&self, value: &str) -> bool {
        self.values.iter().any(|one| one == value)
    }
}

/// A time as an export gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Given {
    /// Of a bare day, its beginning.
    pub at: Timestamp,
    /// The last moment that is meant: of a bare day, its last millisecond.
    pub until: Timestamp,
}

/// A time that reads in none of the formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable;

impl Time {
    /// A time of the export; `None` when there is none.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn read(&self, value: &str, zone: &TimeZone) -> Result<Option<Given>, Unreadable> {
        if value.is_empty() || self.none.iter().any(|none| value.starts_with(none.as_str())) {
            return Ok(None);
        }
        let exact = |at: Timestamp| Given { at, until: at };
        if let Ok(at) = value.parse::<Timestamp>() {
            return Ok(Some(exact(at)));
        }
        for format in &self.formats {
            let read = match format.as_str() {
                UNIX_S => value.parse().ok().and_then(|s| Timestamp::from_second(s).ok()).map(exact),
                UNIX_MS => value.parse().ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).map(exact),
                format => in_format(format, value, zone),
            };
            if read.is_some() {
                return Ok(read);
            }
        }
        Err(Unreadable)
    }
}

fn in_format(format: &str, value: &str, zone: &TimeZone) -> Option<Given> {
    let parts = strtime::parse(format, value).ok()?;
    let exact = |at: Timestamp| Given { at, until: at };
    if parts.offset().is_some() {
        return parts.to_timestamp().ok().map(exact);
    }
    if let Some(at) = parts.timestamp() {
        return Some(exact(at));
    }
    let begin_of = |day: Date| day.to_zoned(zone.clone()).ok().map(|at| at.timestamp());
    if parts.hour().is_none() {
        let day = parts.to_date().ok()?;
        let next = begin_of(day.tomorrow().ok()?)?;
        return Some(Given { at: begin_of(day)?, until: next.checked_sub(SignedDuration::from_millis(1)).ok()? });
    }
    let local: DateTime = parts.to_datetime().ok()?;
    let moment = zone.to_ambiguous_timestamp(local);
    if matches!(moment.offset(), AmbiguousOffset::Gap { .. }) {
        return None;
    }
    // The last hours of the year 9999, as some databases write "never", are no moment.
    let never = if local.year() > 0 { Timestamp::MAX } else { Timestamp::MIN };
    Some(exact(moment.compatible().unwrap_or(never)))
}

/// The columns a template names.
fn named(template: &str) -> impl Iterator<Item = &str> {
    template.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

/// A template with its columns filled in; empty when every column it names is.
pub fn fill<'v>(template: &str, value: impl Fn(&str) -> &'v str) -> String {
    let mut text = String::new();
    let mut has_value = false;
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((name, after)) = after.split_once('}') else { break };
        let value = value(name);
        has_value |= !value.is_empty();
        text.push_str(value);
        rest = after;
    }
    text.push_str(rest);
    if has_value { text.trim().trim_end_matches([':', '：', ',', '，']).trim().to_owned() } else { String::new() }
}

fn fault(file: &str, line: Option<u32>, field: Option<&str>, what: &str, what_zh: &str) -> Fault {
    Fault {
        file: file.to_owned(),
        line,
        field: field.map(str::to_owned),
        what: what.to_owned(),
        what_zh: what_zh.to_owned(),
        fix: "correct it; docs/import-cases.md explains every field".to_owned(),
        fix_zh: "请改正；docs/import-cases.md 说明了每一项".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(formats: &[&str]) -> Time {
        Time {
            column: "t".to_owned(),
            formats: formats.iter().map(|format| (*format).to_owned()).collect(),
            none: vec!["1900".to_owned()],
        }
    }

    #[test]
    fn times_read_in_the_zone_of_the_export() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let time = time(&["%m/%d/%Y %I:%M:%S %p", "%Y-%m-%d"]);
        let read = |value: &str| time.read(value, &zone).map(|given| given.map(|given| given.at.to_string()));
        assert_eq!(read("06/26/2018 10:58:54 AM"), Ok(Some("2018-06-26T14:58:54Z".to_owned())));
        assert_eq!(read("2018-01-02"), Ok(Some("2018-01-02T05:00:00Z".to_owned())));
        assert_eq!(read("2018-01-02T03:04:05+08:00"), Ok(Some("2018-01-01T19:04:05Z".to_owned())));
        assert_eq!(read(""), Ok(None));
        assert_eq!(read("1900-01-01 00:00:00"), Ok(None));
        assert_eq!(read("26/06/2018"), Err(Unreadable));
        assert_eq!(read("13/45/2018 10:58:54 AM"), Err(Unreadable));
    }

    #[test]
    fn a_bare_day_ends_with_its_last_moment_in_the_zone_and_an_hour_with_itself() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let time = time(&["%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%Y年%m月%d日", "%Y-%m-%d %H"]);
        let until = |value: &str| time.read(value, &zone).unwrap().unwrap().until.to_string();
        assert_eq!(until("2024-05-01"), "2024-05-01T15:59:59.999Z");
        assert_eq!(until("2024年05月01日"), "2024-05-01T15:59:59.999Z");
        assert_eq!(until("2024-05-01 09:00:00"), "2024-05-01T01:00:00Z");
        assert_eq!(until("2024-05-01 09"), "2024-05-01T01:00:00Z");
        let new_york = TimeZone::get("America/New_York").unwrap();
        let short = time.read("2024-03-10", &new_york).unwrap().unwrap();
        assert_eq!(short.until.duration_since(short.at).as_millis(), 23 * 3_600_000 - 1, "the clocks were put forward");
    }

    #[test]
    fn a_time_is_read_right_or_not_at_all() {
        let zone = TimeZone::get("America/New_York").unwrap();
        for (format, value, read) in [
            ("%Y-%m-%d %H:%M:%S%.f", "2024-05-01 09:00:00.1234567", "2024-05-01T13:00:00.1234567Z"),
            ("%Y-%m-%dT%H:%M:%S%z", "2024-05-01T09:00:00+0800", "2024-05-01T01:00:00Z"),
            ("%m/%d/%Y %I:%M %p", "05/01/2024 12:30 AM", "2024-05-01T04:30:00Z"),
            ("%Y%m%d%H%M%S", "20240501090000", "2024-05-01T13:00:00Z"),
            ("%Y年%m月%d日 %H时%M分", "2024年5月1日 9时5分", "2024-05-01T13:05:00Z"),
            ("%d.%m.%Y", "2024-05-01T09:00:00Z", "2024-05-01T09:00:00Z"),
            ("%Y-%m-%d %H:%M", "2024-11-03 01:30", "2024-11-03T05:30:00Z"),
            ("%Y-%m-%d %H:%M", "2024-03-10 02:30", "not at all"),
            ("%Y-%m-%d %H:%M:%S", "2024-05-01 24:00:00", "not at all"),
            ("%Y-%m-%d %H:%M:%S", "2024-02-30 09:00:00", "not at all"),
            ("%Y-%m-%d %H:%M:%S", "2024-05-01 09:00:00 ", "not at all"),
            ("%Y-%m-%d", "2024-05-01 09:00", "not at all"),
            ("%Y-%m-%d %H:%M", "2024-05-01", "not at all"),
            ("%Y-%m-%d", "45413.375", "not at all"),
            ("%Y-%m", "2024-05", "not at all"),
        ] {
            let given = time(&[format]).read(value, &zone);
            let said = given.map_or_else(|Unreadable| "not at all".to_owned(), |given| given.unwrap().at.to_string());
            assert_eq!(said, read, "{value} as {format}");
        }
    }

    #[test]
    fn seconds_and_milliseconds_since_1970_are_read_where_the_mapping_says_so() {
        let read = |format: &str, value: &str| {
            let given = time(&[format]).read(value, &TimeZone::UTC).map(|given| given.unwrap().at.to_string());
            given.unwrap_or_else(|Unreadable| "unreadable".to_owned())
        };
        assert_eq!(read("unix_s", "1714525200"), "2024-05-01T01:00:00Z");
        assert_eq!(read("unix_ms", "1714525200123"), "2024-05-01T01:00:00.123Z");
        assert_eq!(read("%s", "1714525200"), "2024-05-01T01:00:00Z");
        assert_eq!(read("%Y-%m-%d", "1714525200"), "unreadable");
        assert_eq!(read("unix_s", "1.7e9"), "unreadable");
    }

    #[test]
    fn a_template_fills_and_vanishes_when_nothing_is_there() {
        let row = |name: &str| match name {
            "a" => "one",
            _ => "",
        };
        assert_eq!(fill("{a}: {b}", row), "one");
        assert_eq!(fill("{a} and {a}", row), "one and one");
        assert_eq!(fill("{b}: {c}", row), "");
        assert_eq!(named("{a}: {b c}").collect::<Vec<_>>(), ["a", "b c"]);
    }

    #[test]
    fn a_mapping_with_an_unknown_field_or_zone_is_refused_with_its_line() {
        let sound = "[reported_at]\ncolumn = \"t\"\n[class]\ncolumn = \"c\"\n";
        assert!(Mapping::parse("m.toml", sound).is_ok());
        let faults = Mapping::parse("m.toml", &format!("{sound}colour = \"red\"\n")).unwrap_err();
        assert_eq!(faults[0].line, Some(5));
        let faults = Mapping::parse("m.toml", &format!("zone = \"Moon/Crater\"\n{sound}")).unwrap_err();
        assert_eq!(faults[0].field.as_deref(), Some("zone"));
        let faults = Mapping::parse("m.toml", &format!("[csv]\nencoding = \"gb2313\"\n{sound}")).unwrap_err();
        assert_eq!(faults[0].field.as_deref(), Some("csv.encoding"));
    }

    #[test]
    fn every_class_in_the_table_for_pingshan_is_in_the_shipped_catalogue() {
        let mapping = Mapping::parse("pingshan", include_str!("../../../../data/real/pingshan/mapping.toml")).unwrap();
        let catalogue = include_str!("../../../../data/catalogue/gbt30428.csv");
        let table = mapping.class.unwrap().table;
        assert!(table.len() > 30);
        for (name, code) in table {
            assert!(catalogue.lines().any(|line| line.starts_with(&format!("{code},"))), "{name}: {code}");
        }
    }

    #[test]
    fn the_example_of_the_paper_and_the_shipped_mappings_read() {
        let paper = include_str!("../../../../docs/import-cases.md");
        let example = paper.split("```toml mapping\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let mapping = Mapping::parse("import-cases.md", example).unwrap();
        assert!(mapping.columns().contains(&"办理结果"));
        for shipped in [
            include_str!("../../../../data/real/nyc/mapping.toml"),
            include_str!("../../../../data/real/boston/mapping.toml"),
            include_str!("../../../../data/real/pingshan/mapping.toml"),
            include_str!("../../../../data/real/messages_zh/mapping.toml"),
        ] {
            Mapping::parse("shipped", shipped).unwrap();
        }
    }
}
