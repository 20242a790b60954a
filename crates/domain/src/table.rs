//! A CSV file that somebody edits in a spreadsheet, read with every fault kept.
//!
//! Knows nothing of what the columns mean. Rows whose first cell starts with `#` are settings of the document
//! (`#scheme,unit15`), so that one file says everything about itself and survives a round trip through a
//! spreadsheet. Start at [`Table::read`].

use crate::fault::Fault;

/// One sentence in both languages: English in lower case, neither with a full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    pub zh: String,
    pub en: String,
}

/// Chinese first, as on screen.
pub fn words(zh: impl Into<String>, en: impl Into<String>) -> Words {
    Words { zh: zh.into(), en: en.into() }
}

/// A fault from its two sentences.
pub fn fault(file: &str, line: Option<u32>, field: Option<&str>, what: Words, fix: Words) -> Fault {
    Fault {
        file: file.to_owned(),
        line,
        field: field.map(str::to_owned),
        what: what.en,
        what_zh: what.zh,
        fix: fix.en,
        fix_zh: fix.zh,
    }
}

/// A document's rows and settings, in file order.
#[derive(Debug, Clone)]
pub struct Table {
    pub file: String,
    header: Vec<String>,
    settings: Vec<Setting>,
    rows: Vec<(u32, Vec<String>)>,
}

/// `#key,value,…` at the head of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    pub line: u32,
    pub key: String,
    /// Without the empty cells a spreadsheet leaves at the end of a row.
    pub values: Vec<String>,
}

/// One row, its cells found by column name.
#[derive(Debug, Clone, Copy)]
pub struct Row<'t> {
    pub line: u32,
    table: &'t Table,
    cells: &'t [String],
}

impl Table {
    /// Reads a document and checks its columns. Cells are trimmed; a byte-order mark and blank rows are ignored.
    ///
    /// A missing required column makes the rows unreadable, and so does a quotation mark without its partner: the table
    /// then comes back without rows, so that one fault is reported instead of one per row.
    pub fn read(file: &str, text: &str, required: &[&str], optional: &[&str], faults: &mut Vec<Fault>) -> Table {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut table = Table { file: file.to_owned(), header: Vec::new(), settings: Vec::new(), rows: Vec::new() };
        let strays = lines_with_stray_marks(text);
        if !strays.is_empty() {
            faults.extend(strays.into_iter().map(|line| stray_mark(file, line)));
            return table;
        }
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let mut lines = Lines::of(text);
        let mut record = csv::StringRecord::new();
        loop {
            match reader.read_record(&mut record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    faults.push(fault(
                        file,
                        None,
                        None,
                        words(format!("读不懂的 CSV：{error}"), format!("this is not readable CSV: {error}")),
                        words("另存为 UTF-8 编码的 CSV", "save it as CSV in UTF-8"),
                    ));
                    break;
                }
            }
            let line = lines.at(record.position().map_or(0, csv::Position::byte));
            if record.iter().all(str::is_empty) {
                continue;
            }
            let cells: Vec<String> = record.iter().map(str::to_owned).collect();
            if let Some(key) = cells.first().and_then(|first| first.strip_prefix('#')) {
                let mut values: Vec<String> = cells.iter().skip(1).cloned().collect();
                while values.last().is_some_and(String::is_empty) {
                    values.pop();
                }
                table.settings.push(Setting { line, key: key.trim().to_owned(), values });
            } else if table.header.is_empty() {
                table.header = cells;
                table.check_header(line, required, optional, faults);
            } else {
                table.push_row(line, cells, faults);
            }
        }
        if table.header.is_empty() {
            faults.push(fault(
                file,
                None,
                None,
                words("没有表头", "there is no header row"),
                words(
                    format!("第一行写列名：{}", required.join(",")),
                    format!("give the column names in a row: {}", required.join(",")),
                ),
            ));
        }
        if required.iter().any(|name| !table.header.iter().any(|column| column == name)) {
            table.rows.clear();
        }
        table
    }

    fn check_header(&self, line: u32, required: &[&str], optional: &[&str], faults: &mut Vec<Fault>) {
        for name in required {
            if !self.header.iter().any(|column| column == name) {
                faults.push(fault(
                    &self.file,
                    Some(line),
                    Some(name),
                    words(format!("缺少列“{name}”"), format!("the column {name:?} is missing")),
                    words("在表头补上这一列", "add this column to the header"),
                ));
            }
        }
        for (at, column) in self.header.iter().enumerate() {
            if column.is_empty() {
                continue;
            }
            if !required.contains(&column.as_str()) && !optional.contains(&column.as_str()) {
                faults.push(fault(
                    &self.file,
                    Some(line),
                    Some(column),
                    words(format!("没有名为“{column}”的列"), format!("there is no column called {column:?}")),
                    words(
                        format!("改正或删去；可用的列：{}", [required, optional].concat().join(",")),
                        format!("correct or remove it; known columns: {}", [required, optional].concat().join(",")),
                    ),
                ));
            }
            if self.header.iter().take(at).any(|earlier| earlier == column) {
                faults.push(fault(
                    &self.file,
                    Some(line),
                    Some(column),
                    words(format!("列“{column}”出现两次"), format!("the column {column:?} occurs twice")),
                    words("只留一列", "keep one of them"),
                ));
            }
        }
    }

    fn push_row(&mut self, line: u32, cells: Vec<String>, faults: &mut Vec<Fault>) {
        if let Some(extra) = cells.iter().skip(self.header.len()).find(|cell| !cell.is_empty()) {
            faults.push(fault(
                &self.file,
                Some(line),
                None,
                words(
                    format!("单元格“{extra}”超出了表头的列数"),
                    format!("the cell {extra:?} lies beyond the last column"),
                ),
                words("含逗号的内容要加双引号", "put text that holds a comma in double quotes"),
            ));
        }
        self.rows.push((line, cells));
    }

    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|(line, cells)| Row { line: *line, table: self, cells })
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The settings of this name, in file order.
    pub fn settings<'t>(&'t self, key: &'t str) -> impl Iterator<Item = &'t Setting> {
        self.settings.iter().filter(move |setting| setting.key == key)
    }

    /// The single value of a setting that must be there once. Adds a fault when it is not.
    pub fn setting(&self, key: &str, example: &str, faults: &mut Vec<Fault>) -> Option<&Setting> {
        let mut found = self.settings.iter().filter(|setting| setting.key == key);
        let first = found.next();
        if let Some(second) = found.next() {
            faults.push(fault(
                &self.file,
                Some(second.line),
                Some(key),
                words(format!("“#{key}”写了两次"), format!("\"#{key}\" is given twice")),
                words("只留一行", "keep one of them"),
            ));
        }
        if first.is_none_or(|setting| setting.values.is_empty()) {
            faults.push(fault(
                &self.file,
                first.map(|setting| setting.line),
                Some(key),
                words(format!("缺少“#{key}”"), format!("\"#{key}\" is missing")),
                words(
                    format!("在表头前加一行，例如：#{key},{example}"),
                    format!("add a row before the header, for example: #{key},{example}"),
                ),
            ));
            return None;
        }
        first
    }

    /// The `#version` of the document: a whole number from 1. Adds a fault, and answers 0, when there is none.
    pub fn version(&self, faults: &mut Vec<Fault>) -> u32 {
        let Some(setting) = self.setting("version", "1", faults) else {
            return 0;
        };
        let text = setting.values.first().map_or("", String::as_str);
        match text.parse::<u32>() {
            Ok(version) if version > 0 => version,
            _ => {
                faults.push(fault(
                    &self.file,
                    Some(setting.line),
                    Some("version"),
                    words(format!("版本号“{text}”不是从 1 起的整数"), format!("{text:?} is not a version number")),
                    words("写 1、2、3……", "write 1, 2, 3 and so on"),
                ));
                0
            }
        }
    }

    /// Adds a fault for each setting whose name is not among these.
    pub fn only_settings(&self, known: &[&str], faults: &mut Vec<Fault>) {
        for setting in &self.settings {
            if !known.contains(&setting.key.as_str()) {
                faults.push(fault(
                    &self.file,
                    Some(setting.line),
                    Some(&setting.key),
                    words(
                        format!("没有名为“#{}”的设置", setting.key),
                        format!("there is no setting \"#{}\"", setting.key),
                    ),
                    words(
                        format!("改正或删去；可用的设置：{}", known.join(",")),
                        format!("correct or remove it; known settings: {}", known.join(",")),
                    ),
                ));
            }
        }
    }
}

impl<'t> Row<'t> {
    /// The cell under this column; empty when the column or the cell is not there.
    pub fn cell(&self, column: &str) -> &'t str {
        self.table
            .header
            .iter()
            .position(|name| name == column)
            .and_then(|at| self.cells.get(at))
            .map_or("", String::as_str)
    }

    /// The cell, or nothing when it is empty.
    pub fn some(&self, column: &str) -> Option<&'t str> {
        Some(self.cell(column)).filter(|cell| !cell.is_empty())
    }

    /// The cell, with a fault when it is empty.
    pub fn needed(&self, column: &str, faults: &mut Vec<Fault>) -> &'t str {
        let cell = self.cell(column);
        if cell.is_empty() {
            faults.push(self.fault(
                column,
                words(format!("“{column}”没有填"), format!("{column:?} is empty")),
                words("填上", "fill it in"),
            ));
        }
        cell
    }

    /// The values of a cell that lists several, separated by `;` (or `；`, as a Chinese keyboard types it).
    pub fn list(&self, column: &str) -> impl Iterator<Item = &'t str> {
        self.cell(column).split([';', '；']).map(str::trim).filter(|value| !value.is_empty())
    }

    /// A date written as `2024-01-31`; adds a fault and answers nothing when it is not one.
    pub fn date(&self, column: &str, faults: &mut Vec<Fault>) -> Option<jiff::civil::Date> {
        let cell = self.some(column)?;
        let date = cell.parse().ok();
        if date.is_none() {
            faults.push(self.fault(
                column,
                words(format!("“{cell}”不是日期"), format!("{cell:?} is not a date")),
                words("写成 2024-01-31 的样子", "write it like 2024-01-31"),
            ));
        }
        date
    }

    /// A whole number from 0; adds a fault and answers nothing when it is not one.
    pub fn number(&self, column: &str, faults: &mut Vec<Fault>) -> Option<u32> {
        let cell = self.some(column)?;
        let number = cell.parse().ok();
        if number.is_none() {
            faults.push(self.fault(
                column,
                words(format!("“{cell}”不是整数"), format!("{cell:?} is not a whole number")),
                words("写成 0 或更大的整数", "write a whole number from 0"),
            ));
        }
        number
    }

    /// `yes` or `no` (empty means no); adds a fault for anything else.
    pub fn is_yes(&self, column: &str, faults: &mut Vec<Fault>) -> bool {
        match self.cell(column) {
            "yes" => true,
            "no" | "" => false,
            other => {
                faults.push(self.fault(
                    column,
                    words(format!("“{other}”不是 yes 或 no"), format!("{other:?} is neither yes nor no")),
                    words("写 yes 或 no", "write yes or no"),
                ));
                false
            }
        }
    }

    pub fn fault(&self, column: &str, what: Words, fix: Words) -> Fault {
        fault(&self.table.file, Some(self.line), Some(column), what, fix)
    }
}

/// Writes rows as they are read: settings first, then the header, then the rows.
pub fn write(settings: &[Vec<String>], header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    let proof = "writing to memory does not fail";
    for setting in settings {
        writer.write_record(setting).expect(proof);
    }
    writer.write_record(header).expect(proof);
    for row in rows {
        writer.write_record(row).expect(proof);
    }
    String::from_utf8(writer.into_inner().expect(proof)).expect("only strings were written")
}

/// Lines in which a row begins whose quotation marks are wrong: after a closing one only a comma or a line end may follow.
/// The reader would take whatever stands between it and the next mark for one cell.
fn lines_with_stray_marks(text: &str) -> Vec<u32> {
    let (mut strays, mut line, mut rest) = (Vec::new(), 1_u32, text);
    while !rest.is_empty() {
        let end = end_of_row(rest.as_bytes()).unwrap_or_else(|| {
            strays.push(line);
            rest.find('\n').map_or(rest.len(), |end| end + 1)
        });
        let (row, after) = rest.split_at(end);
        line = line.saturating_add(u32::try_from(row.matches('\n').count()).unwrap_or(u32::MAX));
        rest = after;
    }
    strays
}

/// Where the first row ends; nothing when its quotation marks are wrong.
fn end_of_row(text: &[u8]) -> Option<usize> {
    let find = |from: usize, wanted: &[u8]| {
        let rest = text.get(from..).unwrap_or_default();
        rest.iter().position(|byte| wanted.contains(byte)).map(|found| from + found)
    };
    let mut at = 0;
    loop {
        if text.get(at) == Some(&b'"') {
            at += 1;
            loop {
                at = find(at, b"\"")? + 1;
                match text.get(at) {
                    Some(b'"') => at += 1,
                    None | Some(b',' | b'\n' | b'\r') => break,
                    Some(_) => return None,
                }
            }
        } else {
            at = find(at, b",\n\r").unwrap_or(text.len());
        }
        match text.get(at) {
            Some(b',') => at += 1,
            Some(_) => return Some(at + 1),
            None => return Some(text.len()),
        }
    }
}

fn stray_mark(file: &str, line: u32) -> Fault {
    fault(
        file,
        Some(line),
        None,
        words(
            "引号没有成对，或者右引号后面还有字",
            "a quotation mark lacks its partner, or words follow a closing one",
        ),
        words(
            "单元格里的引号写两遍，整格再用引号括起来",
            "double the marks within a cell, and put the whole cell in marks",
        ),
    )
}

/// Counts lines up to a growing byte offset: the CSV reader's own line number is one behind on blank lines and CRLF.
struct Lines<'t> {
    bytes: &'t [u8],
    seen: usize,
    line: u32,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        Self { bytes: text.as_bytes(), seen: 0, line: 1 }
    }

    fn at(&mut self, offset: u64) -> u32 {
        let mut until = usize::try_from(offset).unwrap_or(usize::MAX);
        while self.bytes.get(until).is_some_and(|byte| matches!(byte, b'\r' | b'\n')) {
            until += 1;
        }
        let passed = self.bytes.get(self.seen..until).unwrap_or_default();
        let breaks = passed.iter().filter(|byte| **byte == b'\n').count();
        self.line += u32::try_from(breaks).unwrap_or(u32::MAX);
        self.seen = until;
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Table, Vec<Fault>) {
        let mut faults = Vec::new();
        let table = Table::read("t.csv", text, &["code", "name"], &["note"], &mut faults);
        (table, faults)
    }

    #[test]
    fn a_row_keeps_the_line_it_stands_on_whatever_the_line_ends_and_blank_rows() {
        let (table, faults) = read("\u{feff}#version,3,,\r\n\r\ncode,name\r\n1,\"two\r\nlines\"\r\n,,\r\n\r\n2,b\r\n");
        assert_eq!(faults, []);
        assert_eq!(table.rows().map(|row| row.line).collect::<Vec<_>>(), [4, 8]);
        assert_eq!(
            table.settings("version").map(|s| (s.line, s.values.clone())).collect::<Vec<_>>(),
            [(1, vec!["3".to_owned()])]
        );
    }

    #[test]
    fn each_line_with_a_stray_quotation_mark_is_a_fault_and_no_row_ends_up_in_another() {
        let (table, faults) = read(
            "code,name\r\n1,\"a 20\" wide\"\r\n2,\"b\r\nb\"\r\n3,5\" pipe\r\n4,\"say \"\"no\"\"\"\r\n5,\"c\r\n6,d\r\n",
        );
        assert!(table.is_empty());
        assert_eq!(faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [Some(2), Some(7)]);
        let (table, faults) = read("code,name\n1,\"say \"\"no\"\"\"\n2,5\" pipe\n3,\"\"");
        assert_eq!(faults, []);
        assert_eq!(table.rows().count(), 3);
    }

    #[test]
    fn every_fault_of_the_header_is_told_at_once() {
        let (table, faults) = read("code,nmae,code\n1,a,1\n");
        assert!(table.is_empty());
        let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_deref().unwrap_or_default()).collect();
        assert_eq!(fields, ["name", "nmae", "code"]);
        assert!(faults.iter().all(|fault| fault.line == Some(1)));
    }

    #[test]
    fn a_cell_beyond_the_last_column_is_a_fault_of_its_line() {
        let (_, faults) = read("code,name\n1,a\n2,b,c\n");
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].line, Some(3));
    }

    #[test]
    fn an_empty_file_has_no_header() {
        let (_, faults) = read("");
        assert!(faults.iter().any(|fault| fault.what == "there is no header row"));
    }

    #[test]
    fn a_setting_given_twice_is_a_fault_of_the_second() {
        let (table, mut faults) = read("#version,1\n#version,2\n#versoin,3\ncode,name\n");
        assert_eq!(table.version(&mut faults), 1);
        table.only_settings(&["version"], &mut faults);
        let found: Vec<_> = faults.iter().map(|fault| (fault.line, fault.field.as_deref())).collect();
        assert_eq!(found, [(Some(2), Some("version")), (Some(3), Some("versoin"))]);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let settings = [vec!["#version".to_owned(), "1".to_owned()]];
        let text = write(&settings, &["code", "name"], [vec!["1".to_owned(), "逗号,引号\"换行\n".to_owned()]]);
        let (table, faults) = read(&text);
        assert_eq!(faults, []);
        let names: Vec<_> = table.rows().map(|row| row.cell("name").to_owned()).collect();
        assert_eq!(names, ["逗号,引号\"换行"]);
    }
}
