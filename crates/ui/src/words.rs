//! Words on screen: Fluent messages in Chinese and English, and how times and spans are said.
//!
//! Knows languages and messages, not pages. A message that is missing in a language is a fault the tests find; on
//! screen it shows its key. Start at [`Words`].

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use gewu_domain::{city::City, sla::Line};
use jiff::{
    Timestamp, Zoned,
    civil::{Date, Weekday},
    tz::TimeZone,
};
use std::sync::LazyLock;
use unic_langid::LanguageIdentifier;

/// A language pages are written in. Chinese is the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Chinese,
    English,
}

impl Language {
    pub const ALL: [Language; 2] = [Language::Chinese, Language::English];

    /// As in `lang="…"` and in the cookie.
    pub fn code(self) -> &'static str {
        match self {
            Language::Chinese => "zh-CN",
            Language::English => "en",
        }
    }

    pub fn from_code(code: &str) -> Option<Language> {
        Language::ALL.into_iter().find(|language| language.code() == code)
    }

    /// Of what a browser accepts, the language it likes best; Chinese when it names neither.
    pub fn accepted(header: &str) -> Language {
        let mut best = (0_u32, Language::Chinese);
        for part in header.split(',') {
            let mut pieces = part.split(';').map(str::trim);
            let tag = pieces.next().unwrap_or_default().to_ascii_lowercase();
            let quality = pieces
                .find_map(|piece| piece.strip_prefix("q=")?.parse::<f32>().ok())
                .map_or(1_000, |quality| if (0.0..=1.0).contains(&quality) { thousandths(quality) } else { 0 });
            let language = match tag.split('-').next() {
                Some("zh") => Language::Chinese,
                Some("en") => Language::English,
                _ => continue,
            };
            if quality > best.0 {
                best = (quality, language);
            }
        }
        best.1
    }
}

/// A share from 0 to 1 as whole thousandths.
fn thousandths(share: f32) -> u32 {
    (0..=1_000_u16).rev().find(|step| f32::from(*step) / 1_000.0 <= share).map_or(0, u32::from)
}

macro_rules! messages {
    ($($file:literal),* $(,)?) => {
        const CHINESE: &[(&str, &str)] = &[$(($file, include_str!(concat!("../i18n/zh-CN/", $file, ".ftl")))),*];
        const ENGLISH: &[(&str, &str)] = &[$(($file, include_str!(concat!("../i18n/en/", $file, ".ftl")))),*];
    };
}

messages!(
    "common", "time", "home", "report", "status", "sign_in", "inbox", "case", "steps", "cases", "areas", "people",
    "intake", "data", "audit", "failures",
);

static BUNDLES: LazyLock<[FluentBundle<FluentResource>; 2]> =
    LazyLock::new(|| [bundle("zh-CN", CHINESE), bundle("en", ENGLISH)]);

fn bundle(language: &str, files: &[(&str, &str)]) -> FluentBundle<FluentResource> {
    let language: LanguageIdentifier = language.parse().expect("a language tag");
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    // Isolation marks are for mixed directions of writing; both languages run from left to right.
    bundle.set_use_isolating(false);
    for (file, text) in files {
        let resource = FluentResource::try_new((*text).to_owned()).unwrap_or_else(|(whole, errors)| {
            tracing::error!(file, ?errors, "a file of messages does not read");
            whole
        });
        if let Err(errors) = bundle.add_resource(resource) {
            tracing::error!(file, ?errors, "a message is given twice");
        }
    }
    bundle
}

/// Something that can stand in a message: a number, which also picks its plural, or words.
pub trait Said {
    fn said(&self) -> FluentValue<'static>;
}

impl Said for str {
    fn said(&self) -> FluentValue<'static> {
        FluentValue::from(self.to_owned())
    }
}

impl Said for String {
    fn said(&self) -> FluentValue<'static> {
        FluentValue::from(self.clone())
    }
}

macro_rules! said_numbers {
    ($($number:ty),*) => {
        $(impl Said for $number {
            fn said(&self) -> FluentValue<'static> {
                FluentValue::from(*self)
            }
        })*
    };
}

said_numbers!(u8, u16, u32, i32, u64, i64, usize);

impl<T: Said + ?Sized> Said for &T {
    fn said(&self) -> FluentValue<'static> {
        (**self).said()
    }
}

/// What the city calls its own, in the visitor's language.
#[derive(Debug, Clone)]
pub struct Own {
    /// Numbers to call where danger is near; `none`, which messages choose by, where the city names none.
    pub emergency: String,
    /// The number of the city's own line; `none` likewise.
    pub hotline: String,
    /// The level the record is divided by.
    pub region: String,
}

impl Default for Own {
    fn default() -> Own {
        Own { emergency: "none".to_owned(), hotline: "none".to_owned(), region: String::new() }
    }
}

impl Own {
    pub fn of(city: &City, language: Language) -> Own {
        let said = |zh: &str, en: &str| if language == Language::Chinese { zh.to_owned() } else { en.to_owned() };
        let (unsaid, telephones) = (Own::default(), &city.policy.telephones);
        Own {
            emergency: telephones.emergency.as_ref().map_or(unsaid.emergency, |label| said(&label.zh, &label.en)),
            hotline: telephones.hotline.clone().unwrap_or(unsaid.hotline),
            region: city.areas.region_level().map_or(unsaid.region, |level| said(&level.zh, &level.en)),
        }
    }
}

/// One visitor's language, with the time and zone their page is made for.
#[derive(Debug, Clone)]
pub struct Words {
    pub language: Language,
    pub now: Timestamp,
    pub zone: TimeZone,
    pub own: Own,
}

impl Words {
    /// The message with this key.
    pub fn t(&self, key: &str) -> String {
        self.message(key, None)
    }

    /// A message with one blank to fill.
    pub fn t1(&self, key: &str, name: &str, value: impl Said) -> String {
        self.with(key, &[(name, value.said())])
    }

    /// A message with two blanks to fill.
    pub fn t2(&self, key: &str, first: &str, one: impl Said, second: &str, two: impl Said) -> String {
        self.with(key, &[(first, one.said()), (second, two.said())])
    }

    /// A message with several blanks to fill.
    pub fn of_many(&self, key: &str, blanks: &[(&str, String)]) -> String {
        let blanks: Vec<_> = blanks.iter().map(|(name, value)| (*name, value.said())).collect();
        self.with(key, &blanks)
    }

    fn with(&self, key: &str, blanks: &[(&str, FluentValue<'static>)]) -> String {
        let mut args = FluentArgs::new();
        for (name, value) in blanks {
            args.set((*name).to_owned(), value.clone());
        }
        self.message(key, Some(&args))
    }

    fn message(&self, key: &str, args: Option<&FluentArgs<'_>>) -> String {
        let [chinese, english] = &*BUNDLES;
        let bundle = match self.language {
            Language::Chinese => chinese,
            Language::English => english,
        };
        let pattern = bundle.get_message(key).and_then(|message| message.value());
        let Some(pattern) = pattern else {
            tracing::error!(key, language = self.language.code(), "there is no such message");
            return key.to_owned();
        };
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, args, &mut errors).into_owned();
        if !errors.is_empty() {
            tracing::error!(key, ?errors, "a message could not be filled in");
        }
        text
    }

    pub fn is_chinese(&self) -> bool {
        self.language == Language::Chinese
    }

    /// Of a thing said in both languages, the visitor's.
    pub fn of<'t>(&self, zh: &'t str, en: &'t str) -> &'t str {
        match self.language {
            Language::Chinese => zh,
            Language::English if en.is_empty() => zh,
            Language::English => en,
        }
    }

    /// A name that may have no English form.
    pub fn name<'t>(&self, zh: &'t str, en: Option<&'t str>) -> &'t str {
        self.of(zh, en.unwrap_or(zh))
    }

    pub fn line<'t>(&self, line: &'t Line) -> &'t str {
        self.of(&line.zh, &line.en)
    }

    fn zoned(&self, at: Timestamp) -> Zoned {
        at.to_zoned(self.zone.clone())
    }

    /// As people say it: `今天 14:20`, `昨天 9:05`, `11月3日 14:20`, `2025年12月31日`.
    pub fn when(&self, at: Timestamp) -> String {
        let (at, now) = (self.zoned(at), self.zoned(self.now));
        let time = format!("{}:{:02}", at.hour(), at.minute());
        let days = now.date().since(at.date()).map_or(0, |span| span.get_days());
        match days {
            0 => self.t1("time-today", "time", time),
            1 => self.t1("time-yesterday", "time", time),
            -1 => self.t1("time-tomorrow", "time", time),
            _ if at.year() == now.year() => self.t2("time-on-day", "day", self.day(at.date()), "time", time),
            _ => self.long_day(at.date()),
        }
    }

    /// `11月3日`, `3 Nov`.
    fn day(&self, date: Date) -> String {
        match self.language {
            Language::Chinese => format!("{}月{}日", date.month(), date.day()),
            Language::English => format!("{} {}", date.day(), month(date)),
        }
    }

    /// `2026年11月3日`, `3 Nov 2026`.
    pub fn long_day(&self, date: Date) -> String {
        match self.language {
            Language::Chinese => format!("{}年{}月{}日", date.year(), date.month(), date.day()),
            Language::English => format!("{} {} {}", date.day(), month(date), date.year()),
        }
    }

    /// `2026年11月3日 星期二 14:20`: what [`Words::when`] shortens.
    pub fn exactly(&self, at: Timestamp) -> String {
        let at = self.zoned(at);
        let (zh, en) = weekday(at.weekday());
        format!("{} {} {:02}:{:02}", self.long_day(at.date()), self.of(zh, en), at.hour(), at.minute())
    }

    /// For `<time datetime>`.
    pub fn machine(&self, at: Timestamp) -> String {
        at.to_string()
    }

    /// How long until then, or since: `还剩 2 小时 10 分`, `超时 1 天 3 小时`.
    pub fn left(&self, due_at: Timestamp) -> String {
        let minutes = due_at.duration_since(self.now).as_secs().div_euclid(60);
        if minutes >= 0 {
            self.t1("time-left", "span", self.span(minutes))
        } else {
            self.t1("time-over", "span", self.span(minutes.saturating_neg()))
        }
    }

    /// A whole number with its thousands apart: `12,345`.
    pub fn number(&self, number: impl std::fmt::Display) -> String {
        let digits = number.to_string();
        let mut text = String::with_capacity(digits.len().saturating_mul(2));
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && digits.len().saturating_sub(at).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        text
    }

    /// A span in its two largest units; hours alone from ten hours on, days alone from three days on.
    pub fn span(&self, minutes: i64) -> String {
        let (days, hours, rest) = (minutes / 1_440, minutes % 1_440 / 60, minutes % 60);
        let unit = |key: &str, count: i64| self.t1(key, "n", count);
        let parts = match (days, hours, rest) {
            (0, 0, rest) => vec![unit("time-minutes", rest.max(1))],
            (0, hours, rest) if rest == 0 || hours >= 10 => vec![unit("time-hours", hours)],
            (0, hours, rest) => vec![unit("time-hours", hours), unit("time-minutes", rest)],
            (days, hours, _) if hours == 0 || days > 2 => vec![unit("time-days", days)],
            (days, hours, _) => vec![unit("time-days", days), unit("time-hours", hours)],
        };
        parts.join(" ")
    }
}

fn month(date: Date) -> &'static str {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    usize::try_from(date.month() - 1).ok().and_then(|at| MONTHS.get(at)).copied().unwrap_or_default()
}

fn weekday(day: Weekday) -> (&'static str, &'static str) {
    match day {
        Weekday::Monday => ("星期一", "Monday"),
        Weekday::Tuesday => ("星期二", "Tuesday"),
        Weekday::Wednesday => ("星期三", "Wednesday"),
        Weekday::Thursday => ("星期四", "Thursday"),
        Weekday::Friday => ("星期五", "Friday"),
        Weekday::Saturday => ("星期六", "Saturday"),
        Weekday::Sunday => ("星期日", "Sunday"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeSet, fs, path::Path};

    fn words(language: Language) -> Words {
        let zone = TimeZone::get("Asia/Shanghai").expect("bundled");
        Words { language, now: "2026-11-21T06:30:00Z".parse().expect("a time"), zone, own: Own::default() }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn a_browser_gets_the_language_it_likes_best_and_chinese_by_default() {
        assert_eq!(Language::accepted("en-GB,en;q=0.9,zh;q=0.2"), Language::English);
        assert_eq!(Language::accepted("fr;q=1, zh-TW;q=0.8, en;q=0.5"), Language::Chinese);
        assert_eq!(Language::accepted("de"), Language::Chinese);
        assert_eq!(Language::accepted("en;q=0"), Language::Chinese);
    }

    #[test]
    fn times_are_said_as_people_say_them() {
        let words = words(Language::Chinese);
        assert_eq!(words.when(at("2026-11-21T06:20:00Z")), "今天 14:20");
        assert_eq!(words.when(at("2026-11-20T01:05:00Z")), "昨天 9:05");
        assert_eq!(words.when(at("2026-11-03T06:20:00Z")), "11月3日 14:20");
        assert_eq!(words.when(at("2025-12-30T06:20:00Z")), "2025年12月30日");
        assert_eq!(words.exactly(at("2026-11-03T06:20:00Z")), "2026年11月3日 星期二 14:20");
    }

    #[test]
    fn what_is_left_and_what_is_over_say_their_two_largest_units() {
        let words = words(Language::English);
        assert_eq!(words.left(at("2026-11-21T08:40:00Z")), "2 h 10 min left");
        assert_eq!(words.left(at("2026-11-20T03:00:00Z")), "1 day 3 h overdue");
        assert_eq!(words.left(at("2026-11-22T05:20:00Z")), "22 h left");
    }

    #[test]
    fn numbers_to_call_are_the_city_s_and_none_is_made_up() {
        for (language, known, unknown) in [
            (Language::English, ["311 hotline", "call 911."], ["Hotline", "call the emergency services."]),
            (Language::Chinese, ["311 热线", "请直接拨打 911。"], ["热线", "请直接拨打急救和报警电话。"]),
        ] {
            let mut words = words(language);
            let said = |words: &Words| {
                let foot = words.t1("foot-emergency", "numbers", &words.own.emergency);
                [crate::names::source(words, gewu_domain::case::Source::Hotline), foot]
            };
            for (expected, given) in unknown.iter().zip(said(&words)) {
                assert!(given.ends_with(expected), "{given}");
            }
            words.own = Own { emergency: "911".to_owned(), hotline: "311".to_owned(), region: String::new() };
            for (expected, given) in known.iter().zip(said(&words)) {
                assert!(given.ends_with(expected), "{given}");
            }
        }
    }

    #[test]
    fn every_file_of_messages_reads() {
        for (file, text) in CHINESE.iter().chain(ENGLISH) {
            assert!(FluentResource::try_new((*text).to_owned()).is_ok(), "{file}");
        }
    }

    fn is_key(text: &str) -> bool {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    }

    /// Message keys as templates and handlers ask for them (the literal in `t("…")`, `t1("…"`, `t2("…"`), and all
    /// other literals that could be keys.
    fn used(folder: &Path, into: &mut BTreeSet<String>, named: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).expect("a folder of the crate") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                used(&path, into, named);
                continue;
            }
            let text = fs::read_to_string(&path).expect("a text");
            named.extend(text.split('"').filter(|literal| is_key(literal)).map(str::to_owned));
            for call in [".t(\"", ".t1(\"", ".t2(\""] {
                for rest in text.split(call).skip(1) {
                    let key = rest.split('"').next().unwrap_or_default();
                    if is_key(key) {
                        into.insert(key.to_owned());
                    }
                }
            }
        }
    }

    fn defined(files: &[(&str, &str)]) -> BTreeSet<String> {
        let ids = |text: &str| -> Vec<String> {
            let key = |line: &str| {
                let (key, _) = line.split_once(" =")?;
                (!key.is_empty() && !line.starts_with([' ', '#'])).then(|| key.to_owned())
            };
            text.lines().filter_map(key).collect()
        };
        files.iter().flat_map(|(_, text)| ids(text)).collect()
    }

    #[test]
    fn every_message_a_page_asks_for_is_there_in_both_languages_and_none_is_left_over() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let (mut asked, mut named) = (BTreeSet::new(), BTreeSet::new());
        used(&root.join("src"), &mut asked, &mut named);
        used(&root.join("templates"), &mut asked, &mut named);
        let (chinese, english) = (defined(CHINESE), defined(ENGLISH));
        assert_eq!(chinese, english, "both languages have the same messages");
        let missing: Vec<&String> = asked.difference(&chinese).collect();
        assert!(missing.is_empty(), "asked for and not there: {missing:?}");
        let built = ["role-", "source-", "did-", "told-", "task-", "kind-"];
        let is_built = |key: &&String| built.iter().any(|prefix| key.starts_with(prefix)) || named.contains(*key);
        let unused: Vec<&String> = chinese.difference(&asked).filter(|key| !is_built(key)).collect();
        assert!(unused.is_empty(), "there and never asked for: {unused:?}");
    }
}
