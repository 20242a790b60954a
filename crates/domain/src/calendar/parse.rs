//! Reads a calendar file (TOML) and lists every fault of it. `data/calendars/cn.toml` shows the whole format.

use super::{Axis, Calendar, CalendarRef, Day, DayKind, Shift, day_after};
use crate::fault::Fault;
use jiff::{
    civil::Date,
    tz::{TimeZone, TimeZoneDatabase},
};
use std::{collections::BTreeMap, ops::Range};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// A range of days longer than this is taken for a slip of the pen.
const LONGEST_RANGE_DAYS: usize = 366;

/// From the database compiled in, so that the same file means the same everywhere.
pub(super) fn zone(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

pub(super) fn calendar(file: &str, text: &str) -> Result<Calendar, Vec<Fault>> {
    let mut reader = Reader { file, text, faults: Vec::new() };
    let calendar = reader.calendar();
    match calendar {
        Some(calendar) if reader.faults.is_empty() => Ok(calendar),
        _ => {
            reader.faults.sort();
            Err(reader.faults)
        }
    }
}

/// A sentence in both languages.
struct Say {
    en: String,
    zh: String,
}

fn say(en: impl Into<String>, zh: impl Into<String>) -> Say {
    Say { en: en.into(), zh: zh.into() }
}

/// Shifts of Monday to Sunday.
type Week = [Vec<Shift>; 7];

type Value<'t, 'i> = &'t Spanned<DeValue<'i>>;

/// A table of the file; remembers which keys were asked for.
struct Section<'t, 'i> {
    table: &'t DeTable<'i>,
    span: Range<usize>,
    known: Vec<&'static str>,
}

struct Reader<'t> {
    file: &'t str,
    text: &'t str,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn fault(&mut self, span: Option<Range<usize>>, field: &str, what: Say, fix: Say) {
        let line = span.map(|span| {
            let before = self.text.as_bytes().iter().take(span.start);
            u32::try_from(before.filter(|byte| **byte == b'\n').count())
                .map_or(u32::MAX, |lines| lines.saturating_add(1))
        });
        self.faults.push(Fault {
            file: self.file.to_owned(),
            line,
            field: (!field.is_empty()).then(|| field.to_owned()),
            what: what.en,
            what_zh: what.zh,
            fix: fix.en,
            fix_zh: fix.zh,
        });
    }

    fn calendar(&mut self) -> Option<Calendar> {
        let (document, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            self.fault(
                error.span(),
                "",
                say(format!("not TOML: {}", error.message()), format!("不是合法的 TOML：{}", error.message())),
                say("correct the spelling of this line", "请改正这一行的写法"),
            );
        }
        if !self.faults.is_empty() {
            return None;
        }
        let mut top = Section { table: document.get_ref(), span: 0..0, known: Vec::new() };

        let id = self.id(&mut top);
        let version = self.version(&mut top);
        let zone = self.zone(&mut top);
        let name_zh = self.text(&mut top, "name_zh");
        let name_en = self.text(&mut top, "name_en");
        let announced_from = self.announced(&mut top, "announced_from", false);
        let announced_until = self.announced(&mut top, "announced_until", true);
        let sources = self.sources(&mut top);
        let stated = self.workday_minutes(&mut top);
        let week = self.week(&mut top);
        let workday_minutes = week.as_ref().and_then(|(week, _)| self.workday(week, stated));
        let days = self.days(&mut top, week.as_ref(), announced_from, announced_until);
        self.unknown_keys(&top, "");

        let (zone_name, zone) = zone?;
        let (week, _) = week?;
        let first_listed = days.iter().find(|(_, day)| day.kind != DayKind::Statutory).map(|(date, _)| *date);
        Some(Calendar {
            reference: CalendarRef { id: id?, version: version? },
            name_zh: name_zh?,
            name_en: name_en?,
            sources,
            axis: Axis::new(week, days.iter().map(|(date, day)| (*date, day.shifts.clone())), &zone),
            zone_name,
            zone,
            days,
            // A file that does not say begins with the year of its first listed day; without any, it knows no holidays.
            announced_from: announced_from.unwrap_or_else(|| first_listed.map_or(Date::MIN, Date::first_of_year)),
            announced_until: announced_until?,
            workday_minutes: workday_minutes?,
        })
    }

    fn id(&mut self, top: &mut Section) -> Option<String> {
        let id = self.text(top, "id")?;
        if id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
            return Some(id);
        }
        self.fault(
            self.span_of(top, "id"),
            "id",
            say(format!("{id:?} is not an id"), format!("“{id}”不能作标识")),
            say("use small letters, digits and hyphens, e.g. \"cn\"", "请用小写字母、数字和连字符，例如 \"cn\""),
        );
        None
    }

    fn version(&mut self, top: &mut Section) -> Option<u32> {
        self.whole_number(top, "version", u32::MAX, true)
    }

    fn workday_minutes(&mut self, top: &mut Section) -> Option<(u32, Range<usize>)> {
        let minutes = self.whole_number(top, "workday_minutes", 1440, false)?;
        self.span_of(top, "workday_minutes").map(|span| (minutes, span))
    }

    fn whole_number(&mut self, top: &mut Section, key: &'static str, max: u32, needed: bool) -> Option<u32> {
        let value = if needed { self.value(top, key)? } else { top.value(key)? };
        let number =
            value.get_ref().as_integer().and_then(|number| u32::from_str_radix(number.as_str(), number.radix()).ok());
        let number = number.filter(|number| (1..=max).contains(number));
        if number.is_none() {
            self.fault(
                Some(value.span()),
                key,
                say(format!("not a whole number from 1 to {max}"), format!("不是 1 到 {max} 之间的整数")),
                say(format!("write e.g. {key} = 1"), format!("请写成例如 {key} = 1")),
            );
        }
        number
    }

    fn zone(&mut self, top: &mut Section) -> Option<(String, TimeZone)> {
        let name = self.text(top, "zone")?;
        if let Some(zone) = zone(&name) {
            return Some((name, zone));
        }
        self.fault(
            self.span_of(top, "zone"),
            "zone",
            say(format!("no time zone is called {name:?}"), format!("没有名为“{name}”的时区")),
            say("use a name of the IANA database, e.g. \"Asia/Shanghai\"", "请用 IANA 时区名，例如 \"Asia/Shanghai\""),
        );
        None
    }

    fn announced(&mut self, top: &mut Section, key: &'static str, needed: bool) -> Option<Date> {
        let value = if needed { self.value(top, key)? } else { top.value(key)? };
        let dates = self.dates_of(value, key)?;
        match dates.as_slice() {
            [date] => Some(*date),
            _ => {
                self.fault(
                    Some(value.span()),
                    key,
                    say("one day is wanted, not a range", "这里要一个日期，不是一段"),
                    say(
                        "write the first, or last, day whose holidays are announced",
                        "请写节假日安排已公布的第一天或最后一天",
                    ),
                );
                None
            }
        }
    }

    fn sources(&mut self, top: &mut Section) -> Vec<String> {
        let Some(value) = top.value("sources") else {
            return Vec::new();
        };
        let items =
            value.get_ref().as_array().map(|items| items.iter().map(|item| item.get_ref().as_str().map(str::to_owned)));
        let sources: Option<Vec<String>> = items.and_then(Iterator::collect);
        if sources.is_none() {
            self.fault(
                Some(value.span()),
                "sources",
                say("not a list of texts", "不是文字列表"),
                say(
                    "write e.g. sources = [\"where the days were announced\"]",
                    "请写成例如 sources = [\"公布文件的名称\"]",
                ),
            );
        }
        sources.unwrap_or_default()
    }

    /// The shifts of Monday to Sunday, and of a make-up workday.
    fn week(&mut self, top: &mut Section) -> Option<(Week, Vec<Shift>)> {
        let value = self.value(top, "week")?;
        let Some(table) = value.get_ref().as_table() else {
            self.not_a_table(value.span(), "week");
            return None;
        };
        let mut section = Section { table, span: value.span(), known: Vec::new() };
        let week: Week = WEEKDAYS.map(|weekday| self.shifts(&mut section, weekday).unwrap_or_default());
        let make_up = self.shifts(&mut section, "make_up");
        self.unknown_keys(&section, "week.");
        let Some(first) = week.iter().find(|shifts| !shifts.is_empty()).cloned() else {
            self.fault(
                Some(value.span()),
                "week",
                say(
                    "nobody works on any weekday, so nothing would ever fall due",
                    "一周中没有任何工作时间，时限永远不会到期",
                ),
                say(
                    "give at least one weekday shifts, e.g. mon = [\"09:00-17:00\"]",
                    "请至少给一天排班，例如 mon = [\"09:00-17:00\"]",
                ),
            );
            return None;
        };
        Some((week, make_up.unwrap_or(first)))
    }

    /// The length of one workday: what the file states, or what every working weekday has.
    fn workday(&mut self, week: &Week, stated: Option<(u32, Range<usize>)>) -> Option<u32> {
        let mut lengths: Vec<u32> = week
            .iter()
            .map(|shifts| shifts.iter().map(|shift| u32::from(shift.minutes())).sum())
            .filter(|minutes| *minutes > 0)
            .collect();
        lengths.sort_unstable();
        lengths.dedup();
        let list = lengths.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        match (stated, lengths.as_slice()) {
            (Some((minutes, _)), _) if lengths.contains(&minutes) => Some(minutes),
            (Some((minutes, span)), _) => {
                self.fault(
                    Some(span),
                    "workday_minutes",
                    say(
                        format!("no weekday works {minutes} minutes, they work {list}"),
                        format!("没有哪个工作日是 {minutes} 分钟，实际为 {list} 分钟"),
                    ),
                    say(
                        "state the length of one of the weekdays, or leave the line out",
                        "请写其中一种工作日的长度，或删去这一行",
                    ),
                );
                None
            }
            (None, [minutes]) => Some(*minutes),
            (None, _) => {
                self.fault(
                    None,
                    "workday_minutes",
                    say(
                        format!("weekdays differ in length ({list} minutes), so it is open what one workday is"),
                        format!("各工作日长短不一（{list} 分钟），无法确定一个工作日有多长"),
                    ),
                    say("add workday_minutes with one of these lengths", "请加上 workday_minutes，取其中一个长度"),
                );
                None
            }
        }
    }

    /// Every listed day. Without a readable week the days are still read, for their own faults.
    fn days(
        &mut self,
        top: &mut Section,
        week: Option<&(Week, Vec<Shift>)>,
        announced_from: Option<Date>,
        announced_until: Option<Date>,
    ) -> BTreeMap<Date, Day> {
        let make_up = week.map_or(&[][..], |(_, make_up)| make_up.as_slice());
        let week = week.map(|(week, _)| week);
        let mut days = Days { week, announced_from, announced_until, listed: BTreeMap::new() };
        for mut section in self.sections(top, "holiday") {
            let names = (self.text(&mut section, "name_zh"), self.text(&mut section, "name_en"));
            let off = self.dates(&mut section, "off");
            let work = self.dates(&mut section, "work");
            self.unknown_keys(&section, "holiday.");
            if section.value("off").is_none() && section.value("work").is_none() {
                self.missing(section.span.clone(), "off");
            }
            for (date, span) in off {
                self.list(&mut days, date, span, DayKind::Holiday, &names, &[]);
            }
            for (date, span) in work {
                self.list(&mut days, date, span, DayKind::MakeUp, &names, make_up);
            }
        }
        for mut section in self.sections(top, "special") {
            let names = (self.text(&mut section, "name_zh"), self.text(&mut section, "name_en"));
            if section.value("on").is_none() {
                self.missing(section.span.clone(), "on");
            }
            let on = self.dates(&mut section, "on");
            let shifts = self.shifts(&mut section, "shifts");
            if shifts.as_ref().is_some_and(Vec::is_empty) || section.value("shifts").is_none() {
                self.missing(section.span.clone(), "shifts");
            }
            self.unknown_keys(&section, "special.");
            for (date, span) in on {
                self.list(&mut days, date, span, DayKind::Special, &names, shifts.as_deref().unwrap_or_default());
            }
        }
        self.statutory(top, &mut days);
        days.listed.into_iter().map(|(date, (day, _))| (date, day)).collect()
    }

    /// Days off that the law fixes. What an announcement says of a day stands before them, but cannot make it a workday;
    /// two of them may fall on one day.
    fn statutory(&mut self, top: &mut Section, days: &mut Days) {
        for mut section in self.sections(top, "statutory") {
            let (name_zh, name_en) = (self.text(&mut section, "name_zh"), self.text(&mut section, "name_en"));
            let source = self.text(&mut section, "source");
            if section.value("on").is_none() {
                self.missing(section.span.clone(), "on");
            }
            let on = self.dates(&mut section, "on");
            self.unknown_keys(&section, "statutory.");
            for (date, span) in on {
                match days.listed.get(&date) {
                    Some((Day { kind: DayKind::MakeUp, .. }, _)) => self.fault(
                        Some(span),
                        "statutory.on",
                        say(
                            format!("{date} is a day off by law, but listed as a make-up workday"),
                            format!("{date} 是法定节假日，却又列为调休上班"),
                        ),
                        say("correct one of the two", "请改正其中一处"),
                    ),
                    Some(_) => {}
                    None => {
                        let day = Day {
                            kind: DayKind::Statutory,
                            name_zh: name_zh.clone().unwrap_or_default(),
                            name_en: name_en.clone().unwrap_or_default(),
                            shifts: Vec::new(),
                            source: source.clone(),
                        };
                        days.listed.insert(date, (day, span));
                    }
                }
            }
        }
    }

    fn list(
        &mut self,
        days: &mut Days,
        date: Date,
        span: Range<usize>,
        kind: DayKind,
        names: &(Option<String>, Option<String>),
        shifts: &[Shift],
    ) {
        let field = match kind {
            DayKind::Holiday => "holiday.off",
            DayKind::Statutory => "statutory.on",
            DayKind::MakeUp => "holiday.work",
            DayKind::Special => "special.on",
        };
        if let Some((_, first)) = days.listed.get(&date) {
            let first = first.start;
            let line = self.text.as_bytes().iter().take(first).filter(|byte| **byte == b'\n').count() + 1;
            self.fault(
                Some(span),
                field,
                say(format!("{date} is already listed in line {line}"), format!("{date} 已在第 {line} 行列出")),
                say("keep one of the two", "请只保留一处"),
            );
            return;
        }
        let weekday = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0);
        if kind == DayKind::MakeUp
            && days.week.and_then(|week| week.get(weekday)).is_some_and(|shifts| !shifts.is_empty())
        {
            self.fault(
                Some(span.clone()),
                field,
                say(
                    format!("{date} is a weekday that is worked anyway"),
                    format!("{date} 本来就是工作日，不会是调休上班"),
                ),
                say(
                    "correct the date, or list it under [[special]] if its shifts differ",
                    "请改正日期；若只是班次不同，请写在 [[special]] 下",
                ),
            );
        }
        if days.announced_until.is_some_and(|until| date > until) {
            self.fault(
                Some(span.clone()),
                field,
                say(format!("{date} lies after announced_until"), format!("{date} 晚于 announced_until")),
                say(
                    "move announced_until to the last day of the announcement, or take the day out",
                    "请把 announced_until 改为公布安排的最后一天，或删去这一天",
                ),
            );
        }
        if days.announced_from.is_some_and(|from| date < from) {
            self.fault(
                Some(span.clone()),
                field,
                say(format!("{date} lies before announced_from"), format!("{date} 早于 announced_from")),
                say(
                    "move announced_from to the first day of the announcements, or take the day out",
                    "请把 announced_from 改为所载安排的第一天，或删去这一天",
                ),
            );
        }
        let name = |name: &Option<String>| name.clone().unwrap_or_default();
        let (name_zh, name_en) = (name(&names.0), name(&names.1));
        let day = Day { kind, name_zh, name_en, shifts: shifts.to_vec(), source: None };
        days.listed.insert(date, (day, span));
    }

    fn sections<'t, 'i>(&mut self, top: &mut Section<'t, 'i>, key: &'static str) -> Vec<Section<'t, 'i>> {
        let Some(value) = top.value(key) else {
            return Vec::new();
        };
        let Some(items) = value.get_ref().as_array() else {
            self.not_a_table(value.span(), key);
            return Vec::new();
        };
        let mut sections = Vec::new();
        for item in items {
            match item.get_ref().as_table() {
                Some(table) => sections.push(Section { table, span: item.span(), known: Vec::new() }),
                None => self.not_a_table(item.span(), key),
            }
        }
        sections
    }

    fn text(&mut self, section: &mut Section, key: &'static str) -> Option<String> {
        let value = self.value(section, key)?;
        let text = value.get_ref().as_str().map(str::trim).filter(|text| !text.is_empty());
        if text.is_none() {
            self.fault(
                Some(value.span()),
                key,
                say("not a text, or empty", "不是文字，或为空"),
                say(format!("write {key} = \"…\""), format!("请写成 {key} = \"…\"")),
            );
        }
        text.map(str::to_owned)
    }

    /// The days of an optional list, each with the place it stands in.
    fn dates(&mut self, section: &mut Section, key: &'static str) -> Vec<(Date, Range<usize>)> {
        let Some(value) = section.value(key) else {
            return Vec::new();
        };
        let Some(items) = value.get_ref().as_array() else {
            self.fault(
                Some(value.span()),
                key,
                say("not a list of days", "不是日期列表"),
                say(
                    format!("write e.g. {key} = [\"2026-10-01..2026-10-07\"]"),
                    format!("请写成例如 {key} = [\"2026-10-01..2026-10-07\"]"),
                ),
            );
            return Vec::new();
        };
        let mut dates = Vec::new();
        for item in items {
            let found = self.dates_of(item, key).unwrap_or_default();
            dates.extend(found.into_iter().map(|date| (date, item.span())));
        }
        dates
    }

    /// One day, or a range of days, both ends included.
    fn dates_of(&mut self, value: Value, key: &'static str) -> Option<Vec<Date>> {
        let text = match value.get_ref() {
            DeValue::String(text) => text.trim().to_owned(),
            DeValue::Datetime(datetime) => datetime.to_string(),
            _ => String::new(),
        };
        let (from, to) = text.split_once("..").unwrap_or((&text, &text));
        let days = match (day(from), day(to)) {
            (Some(from), Some(to)) if from <= to => {
                std::iter::successors(Some(from), |date| day_after(*date).filter(|date| *date <= to))
                    .take(LONGEST_RANGE_DAYS + 1)
                    .collect()
            }
            _ => Vec::new(),
        };
        if days.is_empty() || days.len() > LONGEST_RANGE_DAYS {
            self.fault(
                Some(value.span()),
                key,
                say(
                    format!("{text:?} is neither a day nor a range of at most {LONGEST_RANGE_DAYS} days"),
                    format!("“{text}”既不是日期，也不是不超过 {LONGEST_RANGE_DAYS} 天的一段日期"),
                ),
                say(
                    "write \"2026-10-01\" or \"2026-10-01..2026-10-07\"",
                    "请写成 \"2026-10-01\" 或 \"2026-10-01..2026-10-07\"",
                ),
            );
            return None;
        }
        Some(days)
    }

    /// The shifts under an optional key, ascending.
    fn shifts(&mut self, section: &mut Section, key: &'static str) -> Option<Vec<Shift>> {
        let value = section.value(key)?;
        let example = || {
            say(
                format!(
                    "write e.g. {key} = [\"08:00-12:00\", \"14:00-18:00\"]; a shift over midnight is split at 24:00"
                ),
                format!("请写成例如 {key} = [\"08:00-12:00\", \"14:00-18:00\"]；跨零点的班次在 24:00 处分开写"),
            )
        };
        let Some(items) = value.get_ref().as_array() else {
            self.fault(Some(value.span()), key, say("not a list of shifts", "不是班次列表"), example());
            return None;
        };
        let mut shifts: Vec<(Shift, Range<usize>)> = Vec::new();
        for item in items {
            let text = item.get_ref().as_str().unwrap_or_default();
            match shift(text) {
                Some(shift) => shifts.push((shift, item.span())),
                None => self.fault(
                    Some(item.span()),
                    key,
                    say(format!("{text:?} is not a shift"), format!("“{text}”不是班次")),
                    example(),
                ),
            }
        }
        shifts.sort_by_key(|(shift, _)| *shift);
        for ((before, _), (after, span)) in shifts.iter().zip(shifts.iter().skip(1)) {
            if after.from_minute < before.to_minute {
                self.fault(
                    Some(span.clone()),
                    key,
                    say(format!("{after} overlaps {before}"), format!("{after} 与 {before} 重叠")),
                    say("make the shifts follow one another", "请使各班次前后相接、互不重叠"),
                );
            }
        }
        Some(shifts.into_iter().map(|(shift, _)| shift).collect())
    }

    fn value<'t, 'i>(&mut self, section: &mut Section<'t, 'i>, key: &'static str) -> Option<Value<'t, 'i>> {
        let value = section.value(key);
        if value.is_none() {
            self.missing(section.span.clone(), key);
        }
        value
    }

    fn missing(&mut self, span: Range<usize>, key: &str) {
        self.fault(
            Some(span),
            key,
            say(format!("{key} is missing"), format!("缺少 {key}")),
            say(
                format!("add {key}; data/calendars/cn.toml shows how"),
                format!("请加上 {key}，写法见 data/calendars/cn.toml"),
            ),
        );
    }

    fn not_a_table(&mut self, span: Range<usize>, key: &str) {
        let header = if key == "week" { "[week]".to_owned() } else { format!("[[{key}]]") };
        self.fault(
            Some(span),
            key,
            say(format!("{key} is not a section"), format!("{key} 不是一节")),
            say(format!("begin it with a line {header}"), format!("请以 {header} 一行开头")),
        );
    }

    fn unknown_keys(&mut self, section: &Section, prefix: &str) {
        for key in section.table.keys() {
            let name: &str = key.get_ref();
            if !section.known.contains(&name) {
                self.fault(
                    Some(key.span()),
                    &format!("{prefix}{name}"),
                    say(format!("{name} means nothing here"), format!("这里不认识 {name}")),
                    say(
                        format!("correct it to one of {}, or take it out", section.known.join(", ")),
                        format!("请改为 {} 之一，或删去", section.known.join("、")),
                    ),
                );
            }
        }
    }

    fn span_of(&self, section: &Section, key: &str) -> Option<Range<usize>> {
        section.table.get(key).map(Spanned::span)
    }
}

impl<'t, 'i> Section<'t, 'i> {
    fn value(&mut self, key: &'static str) -> Option<Value<'t, 'i>> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.table.get(key)
    }
}

struct Days<'w> {
    week: Option<&'w Week>,
    announced_from: Option<Date>,
    announced_until: Option<Date>,
    listed: BTreeMap<Date, (Day, Range<usize>)>,
}

/// `2026-10-01` and nothing else; years are those a time zone is known for.
fn day(text: &str) -> Option<Date> {
    let text = text.trim();
    let date: Date = (text.len() == 10).then(|| text.parse().ok()).flatten()?;
    (1970..2100).contains(&date.year()).then_some(date)
}

/// `08:00-12:00`; the end may be 24:00, and [`Shift::new`] refuses what is later.
fn shift(text: &str) -> Option<Shift> {
    let (from, to) = text.split_once(['-', '–'])?;
    Shift::new(minute_of_day(from)?, minute_of_day(to)?)
}

fn minute_of_day(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let digits = |part: &str| {
        (part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit())).then(|| part.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = (digits(hour)?, digits(minute)?);
    (minute < 60).then_some(hour * 60 + minute)
}
