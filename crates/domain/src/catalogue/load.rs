//! Reads the document of a catalogue and says everything that is wrong with it.

use super::{Catalogue, Class, ClassKind, Condition, Limits, Tick, limit_text};
use crate::fault::Fault;
use crate::ids::{ClassCode, UnitKind};
use crate::sla::Limit;
use crate::table::{Row, Table, words};
use crate::unit::UnitKinds;
use std::collections::BTreeMap;

pub(super) const COLUMNS: [&str; 22] = [
    "code",
    "major_zh",
    "major_en",
    "name_zh",
    "name_en",
    "plain_zh",
    "plain_en",
    "local",
    "responsible",
    "provenance",
    "condition",
    "defect",
    "filing_zh",
    "filing_en",
    "limit",
    "limit_a",
    "limit_b",
    "limit_c",
    "urgent",
    "closing_zh",
    "closing_en",
    "source",
];
const REQUIRED: [&str; 14] = [
    "code",
    "major_zh",
    "major_en",
    "name_zh",
    "name_en",
    "responsible",
    "condition",
    "defect",
    "filing_zh",
    "filing_en",
    "limit",
    "closing_zh",
    "closing_en",
    "source",
];
/// Filled on the first row of a class; empty, or the same again, on its further rows.
const OF_THE_CLASS: [&str; 9] =
    ["major_zh", "major_en", "name_zh", "name_en", "plain_zh", "plain_en", "local", "responsible", "provenance"];
const USUAL_WORKING_DAY_MINUTES: u32 = 8 * 60;

impl Catalogue {
    /// Reads a CSV document of classes: settings `#scheme`, `#version`, `#title,zh,en` and perhaps
    /// `#working_day_minutes` (480) and `#attribute` rows; then one row per filing condition, the class's own columns
    /// filled on its first.
    ///
    /// # Errors
    /// Every fault of the document, by line.
    pub fn parse(file: &str, text: &str, kinds: &UnitKinds) -> Result<Catalogue, Vec<Fault>> {
        let mut faults = Vec::new();
        let optional: Vec<&str> = COLUMNS.into_iter().filter(|column| !REQUIRED.contains(column)).collect();
        let table = Table::read(file, text, &REQUIRED, &optional, &mut faults);
        table.only_settings(&["scheme", "version", "title", "working_day_minutes", "attribute"], &mut faults);
        let scheme = scheme(&table, &mut faults);
        let version = table.version(&mut faults);
        let (title_zh, title_en) = title(&table, &mut faults);
        let working_day_minutes = working_day(&table, &mut faults);

        let mut catalogue = Catalogue {
            scheme,
            version,
            title_zh,
            title_en,
            working_day_minutes,
            classes: Vec::new(),
            by_code: BTreeMap::new(),
        };
        let mut firsts: Vec<Row> = Vec::new();
        for row in table.rows() {
            let code = ClassCode::from(row.needed("code", &mut faults));
            if code.as_str().is_empty() {
                continue;
            }
            let at = match catalogue.by_code.get(&code) {
                Some(at) => *at,
                None => {
                    let Some(class) = class(row, &code, kinds, &mut faults) else {
                        continue;
                    };
                    catalogue.by_code.insert(code.clone(), catalogue.classes.len());
                    catalogue.classes.push(class);
                    firsts.push(row);
                    catalogue.classes.len() - 1
                }
            };
            let Some(class) = catalogue.classes.get_mut(at) else {
                continue;
            };
            if let Some(first) = firsts.get(at) {
                check_repeated(row, *first, &mut faults);
            }
            if row.some("condition").is_some() || row.some("filing_zh").is_some() {
                let condition = condition(row, working_day_minutes, &mut faults);
                if class.conditions.iter().any(|known| known.no == condition.no && condition.no > 0) {
                    faults.push(row.fault(
                        "condition",
                        words(
                            format!("{code} 的第 {} 条重复", condition.no),
                            format!("{code} already has a condition {}", condition.no),
                        ),
                        words("改成没有用过的序号，或删去一行", "give it a free number, or remove it"),
                    ));
                }
                class.conditions.push(condition);
            }
        }
        for (class, first) in catalogue.classes.iter_mut().zip(&firsts) {
            class.conditions.sort_by_key(|condition| condition.no);
            if class.conditions.is_empty() {
                faults.push(first.fault(
                    "condition",
                    words(
                        format!("{} {} 一条立案条件也没有", class.code, class.name_zh),
                        format!("{} has no filing condition", class.code),
                    ),
                    words("至少写一条立案条件", "give it at least one"),
                ));
            }
        }
        check_majors(&catalogue.classes, &firsts, &mut faults);
        catalogue.attach_attributes(&table, &mut faults);
        if !faults.is_empty() {
            faults.sort();
            return Err(faults);
        }
        Ok(catalogue)
    }
}

fn scheme(table: &Table, faults: &mut Vec<Fault>) -> String {
    let Some(setting) = table.setting("scheme", "gbt30428", faults) else {
        return String::new();
    };
    let scheme = setting.values.first().map_or("", String::as_str);
    if !is_word(scheme) {
        faults.push(crate::table::fault(
            &table.file,
            Some(setting.line),
            Some("scheme"),
            words(format!("“{scheme}”不能用作分类体系的代码"), format!("{scheme:?} cannot name a scheme")),
            words("用小写字母、数字和 _", "use lower-case letters, digits and _"),
        ));
    }
    scheme.to_owned()
}

fn title(table: &Table, faults: &mut Vec<Fault>) -> (String, String) {
    let Some(setting) = table.setting("title", "部件和事件,Parts and events", faults) else {
        return (String::new(), String::new());
    };
    match setting.values.as_slice() {
        [zh, en] if !zh.is_empty() && !en.is_empty() => (zh.clone(), en.clone()),
        _ => {
            faults.push(crate::table::fault(
                &table.file,
                Some(setting.line),
                Some("title"),
                words("标题要有中文和英文", "the title needs Chinese and English"),
                words("写成 #title,部件和事件,Parts and events", "write it like #title,部件和事件,Parts and events"),
            ));
            (String::new(), String::new())
        }
    }
}

fn working_day(table: &Table, faults: &mut Vec<Fault>) -> u32 {
    let Some(setting) = table.settings("working_day_minutes").next() else {
        return USUAL_WORKING_DAY_MINUTES;
    };
    let text = setting.values.first().map_or("", String::as_str);
    match text.parse::<u32>() {
        Ok(minutes) if (1..=24 * 60).contains(&minutes) => minutes,
        _ => {
            faults.push(crate::table::fault(
                &table.file,
                Some(setting.line),
                Some("working_day_minutes"),
                words(
                    format!("“{text}”不是一个工作日的分钟数"),
                    format!("{text:?} is not the minutes of a working day"),
                ),
                words("写 1 到 1440，八小时是 480", "write 1 to 1440; eight hours are 480"),
            ));
            USUAL_WORKING_DAY_MINUTES
        }
    }
}

fn class(row: Row, code: &ClassCode, kinds: &UnitKinds, faults: &mut Vec<Fault>) -> Option<Class> {
    let Some((kind, major_code, minor_code)) = split(code.as_str()) else {
        faults.push(row.fault(
            "code",
            words(format!("“{code}”不是类别编码"), format!("{:?} is not the code of a class", code.as_str())),
            words(
                "写成 part-01-02 或 event-01-02：部件或事件、大类、小类；后两段用小写字母、数字和 _，各不超过 40 个",
                "write it like part-01-02 or event-01-02: kind, major, minor; the last two of lower-case letters, digits and _, 40 at most each",
            ),
        ));
        return None;
    };
    let name_zh = row.needed("name_zh", faults).to_owned();
    let name_en = row.needed("name_en", faults).to_owned();
    let mut responsible: Vec<UnitKind> = Vec::new();
    for kind in row.list("responsible").map(UnitKind::from) {
        if !kinds.contains(&kind) {
            faults.push(row.fault(
                "responsible",
                words(format!("没有单位类别 {kind}"), format!("there is no kind of unit {kind}")),
                words("改正，或在单位类别表里补上", "correct it, or add it to the kinds of unit"),
            ));
        } else if responsible.contains(&kind) {
            faults.push(row.fault(
                "responsible",
                words(format!("单位类别 {kind} 写了两次"), format!("the kind {kind} is given twice")),
                words("删去一个", "remove one"),
            ));
        }
        responsible.push(kind);
    }
    Some(Class {
        code: code.clone(),
        kind,
        major_code: major_code.to_owned(),
        major_zh: row.needed("major_zh", faults).to_owned(),
        major_en: row.needed("major_en", faults).to_owned(),
        minor_code: minor_code.to_owned(),
        plain_zh: row.some("plain_zh").unwrap_or(&name_zh).to_owned(),
        plain_en: row.some("plain_en").unwrap_or(&name_en).to_owned(),
        name_zh,
        name_en,
        conditions: Vec::new(),
        responsible,
        is_local: row.is_yes("local", faults),
        provenance: row.cell("provenance").to_owned(),
        attributes: Vec::new(),
    })
}

/// Kind, major and minor of a class code.
fn split(code: &str) -> Option<(ClassKind, &str, &str)> {
    let mut parts = code.splitn(3, '-');
    let kind = match parts.next()? {
        "part" => ClassKind::Part,
        "event" => ClassKind::Event,
        _ => return None,
    };
    let (major, minor) = (parts.next()?, parts.next()?);
    (is_word(major) && is_word(minor)).then_some((kind, major, minor))
}

fn is_word(text: &str) -> bool {
    (1..=40).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

fn check_repeated(row: Row, first: Row, faults: &mut Vec<Fault>) {
    for column in OF_THE_CLASS {
        if row.some(column).is_some_and(|cell| cell != first.cell(column)) {
            faults.push(row.fault(
                column,
                words(
                    format!("与同一类别第 {} 行写的不一样", first.line),
                    format!("it differs from line {} of the same class", first.line),
                ),
                words("类别的内容只写在它的第一行", "give what belongs to the class on its first row only"),
            ));
        }
    }
}

fn check_majors(classes: &[Class], firsts: &[Row], faults: &mut Vec<Fault>) {
    let mut majors: BTreeMap<(ClassKind, &str), (&str, &str, u32)> = BTreeMap::new();
    for (class, first) in classes.iter().zip(firsts) {
        let said = (class.major_zh.as_str(), class.major_en.as_str(), first.line);
        let (zh, en, line) = *majors.entry((class.kind, &class.major_code)).or_insert(said);
        if (zh, en) != (said.0, said.1) {
            faults.push(first.fault(
                "major_zh",
                words(
                    format!("大类 {} 在第 {line} 行叫“{zh}”", class.major_code),
                    format!("on line {line} the major class {} is called {en:?}", class.major_code),
                ),
                words("同一大类用同一个名称", "use one name for each major class"),
            ));
        }
    }
}

fn condition(row: Row, working_day_minutes: u32, faults: &mut Vec<Fault>) -> Condition {
    row.needed("condition", faults);
    let no = row.number("condition", faults).unwrap_or(0);
    let no = u8::try_from(no).unwrap_or_else(|_| {
        faults.push(row.fault(
            "condition",
            words("序号大于 255", "the number is above 255"),
            words("从 1 起编号", "number from 1"),
        ));
        0
    });
    if no == 0 && row.cell("condition") == "0" {
        faults.push(row.fault(
            "condition",
            words("序号从 1 起", "conditions are numbered from 1"),
            words("改正序号", "correct the number"),
        ));
    }
    Condition {
        no,
        code: row.needed("defect", faults).to_owned(),
        filing_zh: row.needed("filing_zh", faults).to_owned(),
        filing_en: row.needed("filing_en", faults).to_owned(),
        limits: limits(row, working_day_minutes, faults),
        closing: closing(row, faults),
        urgent: row.is_yes("urgent", faults),
        source: row.cell("source").to_owned(),
    }
}

fn limits(row: Row, working_day_minutes: u32, faults: &mut Vec<Fault>) -> Limits {
    let before = faults.len();
    let mut read = |column: &str| {
        let text = row.some(column)?;
        let limit = limit_text::parse(text, working_day_minutes);
        if limit.is_none() {
            faults.push(row.fault(
                column,
                words(format!("“{text}”不是时限"), format!("{text:?} is not a limit")),
                words(
                    "写 2h（小时）、1d（自然日）、4wh（工作时）、2wd（工作日）的样子",
                    "write it like 2h, 1d (day and night), 4wh or 2wd (working hours and days)",
                ),
            ));
        }
        limit
    };
    let default = read("limit");
    let [a, b, c] = ["limit_a", "limit_b", "limit_c"].map(|column| read(column).or(default));
    if let (Some(a), Some(b), Some(c)) = (a, b, c) {
        return Limits { a, b, c };
    }
    if faults.len() == before {
        faults.push(row.fault(
            "limit",
            words("没有时限", "there is no limit"),
            words(
                "写 limit，或 limit_a、limit_b、limit_c 三个都写",
                "fill limit, or all of limit_a, limit_b and limit_c",
            ),
        ));
    }
    Limits::all(Limit::continuous(1))
}

fn closing(row: Row, faults: &mut Vec<Fault>) -> Vec<Tick> {
    let zh: Vec<&str> = row.list("closing_zh").collect();
    let en: Vec<&str> = row.list("closing_en").collect();
    if zh.is_empty() {
        faults.push(row.fault(
            "closing_zh",
            words("没有结案条件", "there is no closing condition"),
            words("写清做到什么才算办完", "say what must be so before it counts as done"),
        ));
    } else if zh.len() != en.len() {
        faults.push(row.fault(
            "closing_en",
            words(
                format!("中文 {} 条、英文 {} 条，对不上", zh.len(), en.len()),
                format!("{} conditions in Chinese but {} in English", zh.len(), en.len()),
            ),
            words("逐条对应，用 ; 隔开", "match them one to one, separated by ;"),
        ));
    }
    zh.into_iter().zip(en).map(|(zh, en)| Tick { zh: zh.to_owned(), en: en.to_owned() }).collect()
}
