//! The rows of an export: text becomes cells, row by row.
//!
//! Knows CSV, not the city. It faces outside: whatever the bytes, memory stays within a few times [`ROW_BYTES_MOST`], and
//! no row's text ends up in another's: after a closing quotation mark only a delimiter or a line end may follow, and where
//! a mark lacks its partner, its line alone is given up. Start at [`Rows::open`].

use super::{
    bytes::{CHUNK_BYTES, Decoded, broken_off, problem},
    mapping::Mapping,
};
use crate::AppError;
use csv::ByteRecord;
use encoding_rs::UTF_8;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
};

/// A row may be so long.
pub const ROW_BYTES_MOST: usize = 16 * 1_048_576;
/// Columns of the file told of when one is missing.
const COLUMNS_TOLD: usize = 40;

/// A file being read.
pub struct Rows {
    lines: Lines,
    /// Where each column stands.
    pub columns: BTreeMap<String, usize>,
    /// Cells of a row.
    pub width: usize,
    /// What the bytes are taken for.
    pub encoding: &'static str,
    record: ByteRecord,
}

/// What stands next in a file, with the line it begins in, from 1.
#[derive(Debug)]
pub enum Next<'r> {
    Row(u64, &'r ByteRecord),
    /// A line whose quotation marks are wrong, with the cells before them. The next row begins in the line after it.
    Broken(u64, Broken, &'r ByteRecord),
}

/// Why a line is no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// Something follows a closing mark that is neither a delimiter nor a line end.
    AfterQuote,
    /// A mark has no partner, or one so far away that the cells do not come out, or that whole rows lie between.
    Unclosed,
}

impl Rows {
    /// Reads the header; every column of the mapping must be there, once. A byte order mark is more than what the
    /// mapping says of the encoding.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with what the header lacks, and when the file cannot be read.
    pub fn open(file: Box<dyn Read + Send>, mapping: &Mapping) -> Result<Rows, AppError> {
        let encoding = mapping.csv.encoding().unwrap_or(UTF_8);
        let lines = Lines {
            file: Decoded::open(file, encoding)?,
            text: Vec::new(),
            at: 0,
            line: 1,
            delimiter: u8::try_from(mapping.csv.delimiter).unwrap_or(b','),
            cell: Vec::new(),
        };
        let mut rows =
            Rows { lines, columns: BTreeMap::new(), width: 0, encoding: encoding.name(), record: ByteRecord::new() };
        rows.header(mapping)?;
        Ok(rows)
    }

    /// What stands next.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for a row longer than [`ROW_BYTES_MOST`], and when the file cannot be read. Nothing more can
    /// be read afterwards.
    pub fn next_row(&mut self) -> Result<Option<Next<'_>>, AppError> {
        let next = self.lines.next(&mut self.record, Some(self.width))?;
        Ok(next.map(|(line, broken)| match broken {
            None => Next::Row(line, &self.record),
            Some(broken) => Next::Broken(line, broken, &self.record),
        }))
    }

    /// The names in the next row, if there is one.
    fn names(&mut self) -> Result<Option<Vec<String>>, AppError> {
        let encoding = self.encoding;
        let Some((line, broken)) = self.lines.next(&mut self.record, None)? else { return Ok(None) };
        if broken.is_some() {
            return Err(problem(
                "quote",
                format!("第 {line} 行的列名里引号没有成对"),
                format!("a quotation mark in the names of the columns (line {line}) lacks its partner"),
            ));
        }
        let names = self.record.iter().map(|cell| std::str::from_utf8(cell).ok().map(str::to_owned));
        let Some(names) = names.collect::<Option<Vec<String>>>() else {
            return Err(problem(
                "encoding",
                format!("列名不是 {encoding} 编码：请在对应关系的 [csv] 里写明编码，例如 encoding = \"gb18030\""),
                format!(
                    "the names of the columns are not {encoding}: say which encoding it is in [csv] of the mapping, e.g. encoding = \"gb18030\""
                ),
            ));
        };
        if names.iter().any(|name| name.contains('\0')) {
            return Err(problem(
                "encoding",
                "列名里有 NUL 字节：文件多半是 UTF-16，请在对应关系的 [csv] 里写 encoding = \"utf-16le\"",
                "the names of the columns have NUL bytes: the file may be UTF-16; write encoding = \"utf-16le\" in [csv] of the mapping",
            ));
        }
        Ok(Some(names))
    }

    fn header(&mut self, mapping: &Mapping) -> Result<(), AppError> {
        let mut names = self.names()?;
        if names.as_deref().is_some_and(is_about_the_delimiter) {
            names = self.names()?;
        }
        let Some(names) = names else {
            return Err(problem(
                "empty",
                "文件是空的：第一行应是列名",
                "the file is empty: its first row names the columns",
            ));
        };
        let mut columns = BTreeMap::new();
        let mut repeated = BTreeSet::new();
        for (at, name) in names.iter().enumerate() {
            if columns.insert(name.clone(), at).is_some() {
                repeated.insert(name.as_str());
            }
        }
        let wanted = mapping.columns();
        let missing: Vec<&str> = wanted.iter().copied().filter(|column| !columns.contains_key(*column)).collect();
        if !missing.is_empty() {
            if let [only] = names.as_slice()
                && let Some(delimiter) = [';', '\t', '|', ','].into_iter().find(|other| only.contains(*other))
            {
                return Err(other_delimiter(delimiter));
            }
            let below = self.names()?.unwrap_or_default();
            let (missing, there) = (
                missing.join("、"),
                names.iter().take(COLUMNS_TOLD).map(String::as_str).collect::<Vec<_>>().join("、"),
            );
            let (zh, en) = if wanted.iter().all(|column| below.iter().any(|name| name == column)) {
                ("。列名在下一行：请删掉它上面的标题行", "; they stand in the row below: remove the title above them")
            } else if names.first().is_some_and(|first| first.starts_with(['<', '{'])) {
                ("。这像是网页或 JSON，不是 CSV", "; this looks like a web page or JSON, not CSV")
            } else {
                ("", "")
            };
            return Err(problem(
                "missing_columns",
                format!("文件没有这些列：{missing}。文件里有：{there}{zh}"),
                format!("the file has not these columns of the mapping: {missing}; it has: {there}{en}"),
            ));
        }
        let repeated: Vec<&str> = wanted.into_iter().filter(|column| repeated.contains(column)).collect();
        if !repeated.is_empty() {
            let repeated = repeated.join("、");
            return Err(problem(
                "repeated_columns",
                format!("文件里这些列不止一个：{repeated}。请改名"),
                format!("the file has these columns more than once: {repeated}; give them other names"),
            ));
        }
        self.width = names.len();
        self.columns = columns;
        Ok(())
    }
}

/// Is this the line `sep=;` that Excel puts first, with the delimiter that is read?
fn is_about_the_delimiter(names: &[String]) -> bool {
    matches!(names, [said, rest] if said == "sep=" && rest.is_empty())
}

fn other_delimiter(delimiter: char) -> AppError {
    let delimiter = delimiter.escape_default();
    problem(
        "delimiter",
        format!("列之间的分隔符不是对应关系里写的：请在 [csv] 里写 delimiter = \"{delimiter}\""),
        format!("the columns are not delimited as the mapping says: write delimiter = \"{delimiter}\" in its [csv]"),
    )
}

/// The decoded text of a file, line by line into rows.
struct Lines {
    file: Decoded,
    /// What has been decoded; what stands before `at` has been read.
    text: Vec<u8>,
    at: usize,
    line: u64,
    delimiter: u8,
    /// The cell being read.
    cell: Vec<u8>,
}

impl Lines {
    /// The cells of the next row that is not blank, and the line it begins in. Where it is broken, the next row begins in
    /// the line after.
    fn next(
        &mut self,
        cells: &mut ByteRecord,
        width: Option<usize>,
    ) -> Result<Option<(u64, Option<Broken>)>, AppError> {
        cells.clear();
        if self.at > CHUNK_BYTES && self.at > self.text.len() / 2 {
            self.text.drain(..self.at);
            self.at = 0;
        }
        while self.peek(self.at)? == Some(b'\n') {
            self.at += 1;
            self.line += 1;
        }
        if self.peek(self.at)?.is_none() {
            return Ok(None);
        }
        let (line, begin) = (self.line, self.at);
        match self.row(begin, cells, width)? {
            Ok(end) => {
                self.line += count(self.text.get(begin..end).unwrap_or_default(), b'\n');
                self.at = end;
                Ok(Some((line, None)))
            }
            Err(broken) => {
                let end = self.find(begin, begin, |byte| byte == b'\n')?;
                self.at = end.map_or(self.text.len(), |end| end + 1);
                self.line += 1;
                Ok(Some((line, Some(broken))))
            }
        }
    }

    /// Where the row that begins at a byte ends.
    fn row(
        &mut self,
        begin: usize,
        cells: &mut ByteRecord,
        width: Option<usize>,
    ) -> Result<Result<usize, Broken>, AppError> {
        let delimiter = self.delimiter;
        let mut at = begin;
        let mut has_lines = false;
        loop {
            if self.peek(at)? == Some(b'"') {
                match self.quoted(begin, at + 1)? {
                    Ok(end) => at = end,
                    Err(broken) => return Ok(Err(broken)),
                }
                has_lines |= self.cell.contains(&b'\n');
                cells.push_field(self.cell.trim_ascii());
            } else {
                let end = self.find(begin, at, |byte| byte == delimiter || byte == b'\n')?;
                let end = end.unwrap_or(self.text.len());
                cells.push_field(self.text.get(at..end).unwrap_or_default().trim_ascii());
                at = end;
            }
            // Beyond the last column a cell that is not empty shows that another row has begun: no need to read on.
            let is_beyond = width.is_some_and(|width| cells.len() > width)
                && cells.get(cells.len().saturating_sub(1)).is_some_and(|cell| !cell.is_empty());
            if has_lines && is_beyond {
                return Ok(Err(Broken::Unclosed));
            }
            match self.peek(at)? {
                Some(b'\n') | None => break,
                Some(_) => at += 1,
            }
        }
        if let Some(width) = width {
            while cells.len() > width && cells.get(cells.len() - 1).is_some_and(<[u8]>::is_empty) {
                cells.truncate(cells.len() - 1);
            }
            let text = self.text.get(begin..at).unwrap_or_default();
            if has_lines && (cells.len() != width || holds_rows(text, delimiter, width)) {
                return Ok(Err(Broken::Unclosed));
            }
        }
        Ok(Ok((at + 1).min(self.text.len())))
    }

    /// Reads a quoted cell from behind its first mark; gives the byte behind the last.
    fn quoted(&mut self, begin: usize, mut at: usize) -> Result<Result<usize, Broken>, AppError> {
        self.cell.clear();
        loop {
            let Some(end) = self.find(begin, at, |byte| byte == b'"')? else { return Ok(Err(Broken::Unclosed)) };
            self.cell.extend_from_slice(self.text.get(at..end).unwrap_or_default());
            at = end + 1;
            match self.peek(at)? {
                Some(b'"') => {
                    self.cell.push(b'"');
                    at += 1;
                }
                Some(byte) if byte != self.delimiter && byte != b'\n' => return Ok(Err(Broken::AfterQuote)),
                _ => return Ok(Ok(at)),
            }
        }
    }

    /// The first such byte from one on, in a row that begins at another; nothing where the row cannot go so far, because
    /// the file ends or the row is too long for one that has line ends.
    fn find(&mut self, begin: usize, from: usize, is_it: impl Fn(u8) -> bool) -> Result<Option<usize>, AppError> {
        let mut from = from;
        loop {
            let rest = self.text.get(from..).unwrap_or_default();
            if let Some(found) = rest.iter().position(|byte| is_it(*byte)) {
                return Ok(Some(from + found));
            }
            from = self.text.len();
            if from - begin > ROW_BYTES_MOST {
                if self.text.get(begin..).unwrap_or_default().contains(&b'\n') {
                    return Ok(None);
                }
                let line = self.line;
                return Err(problem(
                    "too_long",
                    format!("从第 {line} 行开始的一行超过 16 MB：这不是一行案件。请改好文件再导入"),
                    format!(
                        "the row that begins at line {line} is longer than 16 MB, which no case is; mend the file and import again"
                    ),
                ));
            }
            if !self.more()? {
                return Ok(None);
            }
        }
    }

    fn peek(&mut self, at: usize) -> Result<Option<u8>, AppError> {
        while at >= self.text.len() {
            if !self.more()? {
                return Ok(None);
            }
        }
        Ok(self.text.get(at).copied())
    }

    fn more(&mut self) -> Result<bool, AppError> {
        let before = self.text.len();
        // The end may still give what was held back.
        let goes_on = self.file.more(&mut self.text).map_err(|error| broken_off(&error))?;
        Ok(goes_on || self.text.len() > before)
    }
}

/// Are there lines within a row that are rows by themselves, as far as their delimiters tell?
fn holds_rows(text: &[u8], delimiter: u8, width: usize) -> bool {
    let delimiters = u64::try_from(width.saturating_sub(1)).unwrap_or(u64::MAX);
    let alone = text.split(|byte| *byte == b'\n').filter(|line| count(line, delimiter) == delimiters);
    width > 2 && alone.take(2).count() == 2
}

fn count(text: &[u8], wanted: u8) -> u64 {
    text.iter().map(|byte| u64::from(*byte == wanted)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPPING: &str = "[reported_at]\ncolumn = \"时间\"\n[class]\ncolumn = \"类\"\n";

    fn opened(encoding: &str, file: Vec<u8>) -> Result<Rows, AppError> {
        let mapping = Mapping::parse("m.toml", &format!("[csv]\nencoding = \"{encoding}\"\n{MAPPING}")).unwrap();
        Rows::open(Box::new(std::io::Cursor::new(file)), &mapping)
    }

    fn all(mut rows: Rows) -> Vec<(u64, Vec<String>)> {
        let mut all = Vec::new();
        while let Some(next) = rows.next_row().unwrap() {
            if let Next::Row(line, record) = next {
                all.push((line, record.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect()));
            }
        }
        all
    }

    fn refused(result: Result<Rows, AppError>) -> (&'static str, String) {
        match result {
            Err(AppError::Invalid(problems)) => (problems[0].code, problems[0].en.clone()),
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("it was taken"),
        }
    }

    const TEXT: &str = "时间,类\r\n2026-01-01,\"路灯\r\n不亮\"\r\n2026-01-02,井盖\r\n";

    #[test]
    fn the_same_rows_are_read_in_every_encoding_the_world_writes() {
        let utf_16 = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        let with_mark: String = format!("\u{feff}{TEXT}");
        let expected = [
            (2, vec!["2026-01-01".to_owned(), "路灯\n不亮".to_owned()]),
            (4, vec!["2026-01-02".to_owned(), "井盖".to_owned()]),
        ];
        for (encoding, file) in [
            ("utf-8", TEXT.replace("\r\n", "\n").into_bytes()),
            ("utf-8", TEXT.replace("\r\n", "\r").into_bytes()),
            ("utf-8", TEXT.as_bytes().to_vec()),
            ("utf-8", with_mark.as_bytes().to_vec()),
            ("gb18030", encoding_rs::GB18030.encode(TEXT).0.into_owned()),
            ("gbk", encoding_rs::GBK.encode(TEXT).0.into_owned()),
            ("utf-16le", utf_16(TEXT)),
            ("utf-8", utf_16(&with_mark)),
            ("gb18030", with_mark.as_bytes().to_vec()),
        ] {
            assert_eq!(all(opened(encoding, file).unwrap()), expected, "{encoding}");
        }
    }

    #[test]
    fn lines_are_counted_where_a_line_end_is_cut_in_two() {
        for length in CHUNK_BYTES - 40..CHUNK_BYTES + 4 {
            let file = format!("时间,类\r\n1,{}\r\n2,3\r\n", "x".repeat(length));
            let lines: Vec<u64> =
                all(opened("utf-8", file.into_bytes()).unwrap()).iter().map(|(line, _)| *line).collect();
            assert_eq!(lines, [2, 3], "{length}");
        }
    }

    #[test]
    fn a_row_is_called_by_its_line_after_blank_lines_and_quoted_line_ends() {
        let file = "\r\n\r\n时间,类\r\n\r\n1,\"路灯\r\n\r\n\r\n不亮\r\n\"\r\n\r\n\r\n2,3\r\n4,\"\r\n\r\n5\"\r\n6,7\r\n\r\n8,\"9";
        for (file, ends) in
            [(file.to_owned(), "CR LF"), (file.replace("\r\n", "\n"), "LF"), (file.replace("\r\n", "\r"), "CR")]
        {
            let lines: Vec<u64> =
                all(opened("utf-8", file.into_bytes()).unwrap()).iter().map(|(line, _)| *line).collect();
            assert_eq!(lines, [5, 12, 13, 16], "{ends}");
        }
    }

    #[test]
    fn blank_lines_that_fill_a_chunk_and_more_are_counted() {
        let file = format!("时间,类\n1,2\n{}3,4\n{}", "\n".repeat(CHUNK_BYTES * 2), "\n".repeat(9));
        let lines: Vec<u64> = all(opened("utf-8", file.into_bytes()).unwrap()).iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [2, 3 + CHUNK_BYTES as u64 * 2]);
    }

    #[test]
    fn a_quoted_header_after_a_byte_order_mark_is_found() {
        let rows = opened("utf-8", "\u{feff}\"时间\",\"类\"\n".into()).unwrap();
        assert_eq!(rows.columns.get("时间"), Some(&0));
    }

    #[test]
    fn a_header_in_another_encoding_is_refused_with_what_to_write() {
        let file = encoding_rs::GBK.encode(TEXT).0.into_owned();
        let (code, en) = refused(opened("utf-8", file));
        assert_eq!(code, "encoding");
        assert!(en.contains("gb18030"), "{en}");
        let file: Vec<u8> = TEXT.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let (code, _) = refused(opened("utf-8", file));
        assert_eq!(code, "encoding");
    }

    #[test]
    fn bytes_that_are_none_in_their_encoding_stay_unreadable_in_their_row_alone() {
        let mut file = encoding_rs::GBK.encode(TEXT).0.into_owned();
        let at = file.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        file.splice(at..at, *b"2026-01-01,\xff\xff\r\n");
        let mut rows = opened("gbk", file).unwrap();
        let Some(Next::Row(_, first)) = rows.next_row().unwrap() else { panic!("no row") };
        assert!(std::str::from_utf8(&first[1]).is_err());
        let Some(Next::Row(_, second)) = rows.next_row().unwrap() else { panic!("no row") };
        assert_eq!(std::str::from_utf8(&second[1]), Ok("路灯\n不亮"));
    }

    #[test]
    fn an_empty_file_a_missing_and_a_repeated_column_are_refused() {
        assert_eq!(refused(opened("utf-8", Vec::new())).0, "empty");
        let (code, en) = refused(opened("utf-8", "时间,别的\n".into()));
        assert_eq!(code, "missing_columns");
        assert!(en.contains('类') && en.contains("别的"), "{en}");
        assert_eq!(refused(opened("utf-8", "时间,类,类\n".into())).0, "repeated_columns");
        assert!(opened("utf-8", "时间,类,,\n".into()).is_ok(), "columns nobody asked for may be called alike");
    }

    #[test]
    fn a_quotation_mark_without_its_partner_does_not_swallow_a_large_file() {
        let mut file = b"\xe6\x97\xb6\xe9\x97\xb4,\xe7\xb1\xbb\n1,2\n3,\"4\n".to_vec();
        file.resize(file.len() + 20 * 1_048_576, b'x');
        let mut rows = opened("utf-8", file).unwrap();
        assert!(matches!(rows.next_row(), Ok(Some(Next::Row(2, _)))));
        assert!(matches!(rows.next_row(), Ok(Some(Next::Broken(3, Broken::Unclosed, _)))));
        match rows.next_row() {
            Err(AppError::Invalid(problems)) => {
                assert_eq!(problems[0].code, "too_long");
                assert!(problems[0].en.contains("line 4"), "{}", problems[0].en);
            }
            _ => panic!("it was taken"),
        }
    }

    #[test]
    fn a_cell_of_ten_megabytes_is_one_cell() {
        let rows = opened("utf-8", format!("时间,类\n1,{}\n2,3\n", "长".repeat(3_500_000)).into_bytes()).unwrap();
        let all = all(rows);
        assert_eq!(all.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(all[0].1[1].len(), 10_500_000);
    }

    type Walked<T> = Vec<(u64, T)>;

    /// Lines and second cells of the rows that are taken, then those of the lines that are given up.
    fn walked(file: &str) -> (Walked<String>, Walked<Broken>) {
        let mapping = Mapping::parse("m.toml", "[reported_at]\ncolumn = \"opened\"\n").unwrap();
        let mut rows = Rows::open(Box::new(std::io::Cursor::new(file.as_bytes().to_vec())), &mapping).unwrap();
        let (mut taken, mut broken) = (Vec::new(), Vec::new());
        while let Some(next) = rows.next_row().unwrap() {
            match next {
                Next::Row(line, cells) => taken.push((line, String::from_utf8(cells[1].to_vec()).unwrap())),
                Next::Broken(line, why, _) => broken.push((line, why)),
            }
        }
        (taken, broken)
    }

    const STRAY: &str = "id,what,opened,lon\n";

    #[test]
    fn after_a_closing_mark_only_a_delimiter_or_a_line_end_may_follow() {
        let (taken, broken) = walked(&format!(
            "{STRAY}1,\"drain cover 20\" wide broken\",2024,1\n2,neighbour 555-0100,2024,1\n\
             3,\"lamp, corner of 5\" street\",2024,1\n4,5\" pipe,2024,1\n5,\"he said \"\"no\"\"\",2024,1\n"
        ));
        let words = ["neighbour 555-0100", "5\" pipe", "he said \"no\""].map(str::to_owned);
        assert_eq!(taken, [3, 5, 6].into_iter().zip(words).collect::<Vec<_>>());
        assert_eq!(broken, [(2, Broken::AfterQuote), (4, Broken::AfterQuote)]);
    }

    #[test]
    fn a_mark_without_its_partner_takes_its_own_line_and_no_other_row() {
        let callers: String = (2..30).map(|no| format!("{no},caller {no} tel 555-01{no:02},2024,1\n")).collect();
        // The marks of the last row would close a cell of 29 rows: by the rules of CSV it is one row of the right width.
        for last in
            ["30,hole\" here,2024,1\n", "30,hole\",2024,1\n", "30,\"\",2024,1\n", "30,none,2024,1\n", "30,\"x\",2024,1"]
        {
            let (taken, broken) = walked(&format!("{STRAY}1,\"pothole,2024,1\n{callers}{last}"));
            assert_eq!(taken.len(), 29, "{last}");
            assert!(taken.iter().all(|(_, words)| !words.contains('\n')), "{last}");
            assert_eq!(broken.len(), 1, "{last}");
            assert_eq!(broken[0].0, 2, "{last}");
        }
    }

    #[test]
    fn a_cell_of_several_lines_is_one_cell_where_its_lines_are_no_rows() {
        let (taken, broken) = walked(&format!("{STRAY}1,\"one, two\n\nthree\",2024,1\n2,x,2024,1\n"));
        assert_eq!(taken, [(2, "one, two\n\nthree".to_owned()), (5, "x".to_owned())]);
        assert_eq!(broken, []);
    }

    #[test]
    fn empty_cells_behind_the_last_column_are_left_out() {
        let (taken, _) = walked(&format!("{STRAY}1,x,2024,1,,\n2,y,2024,1,,z\n"));
        assert_eq!(taken.len(), 2);
        let mapping = Mapping::parse("m.toml", "[reported_at]\ncolumn = \"opened\"\n").unwrap();
        let file = format!("{STRAY}1,x,2024,1,,\n2,y,2024,1,,z\n").into_bytes();
        let widths: Vec<usize> = all(Rows::open(Box::new(std::io::Cursor::new(file)), &mapping).unwrap())
            .iter()
            .map(|row| row.1.len())
            .collect();
        assert_eq!(widths, [4, 6]);
    }

    #[test]
    fn marks_on_every_line_cost_a_large_file_no_more_than_its_length() {
        // Every line opens a cell that each line after it neither closes for good nor leaves alone.
        let file = format!("{STRAY}{}", "a\",\"\n".repeat(400_000));
        let before = std::time::Instant::now();
        let (taken, broken) = walked(&file);
        assert_eq!((taken.len(), broken.len()), (0, 400_000));
        assert!(before.elapsed().as_secs() < 60, "{:?}", before.elapsed());
    }

    #[test]
    fn what_excel_says_of_the_delimiter_is_heard() {
        let text = "时间;类\n1;2\n";
        let semicolon = |file: &str| {
            let mapping = Mapping::parse("m.toml", &format!("[csv]\ndelimiter = \";\"\n{MAPPING}")).unwrap();
            Rows::open(Box::new(std::io::Cursor::new(file.as_bytes().to_vec())), &mapping)
        };
        for file in [text.to_owned(), format!("sep=;\n{text}")] {
            assert_eq!(all(semicolon(&file).unwrap()).len(), 1);
            let (code, en) = refused(opened("utf-8", file.into_bytes()));
            assert!(code == "delimiter" && en.contains("delimiter = \";\""), "{code}: {en}");
        }
    }

    #[test]
    fn a_title_above_the_names_and_a_web_page_are_told_apart() {
        let (code, en) = refused(opened("utf-8", "五月一日导出,,\n时间,类,\n1,2,\n".into()));
        assert!(code == "missing_columns" && en.contains("remove the title"), "{en}");
        let (code, en) = refused(opened("utf-8", "<html><table>\n".into()));
        assert!(code == "missing_columns" && en.contains("web page"), "{en}");
    }

    #[test]
    fn utf_8_that_is_said_to_be_something_else_is_found_out() {
        for encoding in ["gb18030", "windows-1252"] {
            let (code, en) = refused(opened(encoding, TEXT.as_bytes().to_vec()));
            assert!(code == "encoding" && en.contains("encoding = \"utf-8\""), "{en}");
        }
    }
}
