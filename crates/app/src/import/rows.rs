//! The rows of an export: bytes of any encoding become cells of text, row by row.
//!
//! Knows CSV and encodings, not the city. It faces outside: whatever the bytes, memory stays within a few times
//! [`ROW_BYTES_MOST`]. Start at [`Rows::open`].

use super::mapping::Mapping;
use crate::{AppError, Problem};
use encoding_rs::{Decoder, DecoderResult, UTF_8};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io::Read,
};

/// A row may be so long. One that is longer lacks a quotation mark, and would swallow the rest of the file.
pub const ROW_BYTES_MOST: u64 = 16 * 1_048_576;
/// Bytes decoded at a time.
const CHUNK_BYTES: usize = 65_536;
/// Stands in the decoded text where bytes are none in their encoding; no UTF-8 has it.
const UNREADABLE: u8 = 0xff;
/// Columns of the file told of when one is missing.
const COLUMNS_TOLD: usize = 40;

/// A file being read.
pub struct Rows {
    reader: csv::Reader<Decoded>,
    /// Where each column stands.
    pub columns: BTreeMap<String, usize>,
    /// Cells of a row.
    pub width: usize,
    /// What the bytes are taken for.
    pub encoding: &'static str,
    record: csv::ByteRecord,
}

impl Rows {
    /// Reads the header; every column of the mapping must be there, once. A byte order mark is more than what the
    /// mapping says of the encoding.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with what the header lacks, and when the file cannot be read.
    pub fn open(file: Box<dyn Read + Send>, mapping: &Mapping) -> Result<Rows, AppError> {
        let encoding = mapping.csv.encoding().unwrap_or(UTF_8);
        let file = Decoded {
            file,
            decoder: encoding.new_decoder(),
            input: vec![0; CHUNK_BYTES],
            output: Vec::new(),
            given: 0,
            held: None,
            is_over: false,
            unread: 0,
            decoded: 0,
            is_line_begun: false,
            blank: VecDeque::new(),
        };
        let reader = csv::ReaderBuilder::new()
            .delimiter(u8::try_from(mapping.csv.delimiter).unwrap_or(b','))
            .flexible(true)
            .trim(csv::Trim::All)
            .has_headers(false)
            .from_reader(file);
        let mut rows = Rows {
            reader,
            columns: BTreeMap::new(),
            width: 0,
            encoding: encoding.name(),
            record: csv::ByteRecord::new(),
        };
        rows.header(mapping)?;
        Ok(rows)
    }

    /// The next row, with the line it begins in, from 1.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for a row longer than [`ROW_BYTES_MOST`], and when the file cannot be read. Nothing more can
    /// be read afterwards.
    pub fn next_row(&mut self) -> Result<Option<(u64, &csv::ByteRecord)>, AppError> {
        let (line, byte) = (self.reader.position().line(), self.reader.position().byte());
        let is_there = self.reader.read_byte_record(&mut self.record);
        let line = line + self.reader.get_mut().blank_lines_at(byte);
        match is_there {
            Ok(is_there) => {
                self.reader.get_mut().unread = 0;
                Ok(is_there.then_some((line, &self.record)))
            }
            Err(_) if self.reader.get_ref().unread > ROW_BYTES_MOST => Err(problem(
                "too_long",
                format!("从第 {line} 行开始的一行超过 16 MB：多半是引号没有成对。请改好文件再导入"),
                format!(
                    "the row that begins at line {line} is longer than 16 MB: a quotation mark lacks its partner; mend the file and import again"
                ),
            )),
            Err(error) => Err(AppError::Failed(Box::new(error))),
        }
    }

    fn header(&mut self, mapping: &Mapping) -> Result<(), AppError> {
        let encoding = self.encoding;
        let Some((_, header)) = self.next_row()? else {
            return Err(problem(
                "empty",
                "文件是空的：第一行应是列名",
                "the file is empty: its first row names the columns",
            ));
        };
        let Some(names) = header.iter().map(|cell| std::str::from_utf8(cell).ok()).collect::<Option<Vec<&str>>>()
        else {
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
        let mut columns = BTreeMap::new();
        let mut repeated = BTreeSet::new();
        for (at, name) in names.iter().enumerate() {
            if columns.insert((*name).to_owned(), at).is_some() {
                repeated.insert(*name);
            }
        }
        let wanted = mapping.columns();
        let missing: Vec<&str> = wanted.iter().copied().filter(|column| !columns.contains_key(*column)).collect();
        if !missing.is_empty() {
            let (missing, there) = (missing.join("、"), names.iter().take(COLUMNS_TOLD).copied().collect::<Vec<_>>());
            let there = there.join("、");
            return Err(problem(
                "missing_columns",
                format!("文件没有这些列：{missing}。文件里有：{there}"),
                format!("the file has not these columns of the mapping: {missing}; it has: {there}"),
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

fn problem(code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> AppError {
    Problem::new("file", code, zh.into(), en.into()).into()
}

/// A file as UTF-8 with lines that end in LF, and [`UNREADABLE`] where its bytes are none in their encoding.
struct Decoded {
    file: Box<dyn Read + Send>,
    decoder: Decoder,
    input: Vec<u8>,
    output: Vec<u8>,
    given: usize,
    /// A CR that may be half of a line end.
    held: Option<u8>,
    is_over: bool,
    /// Bytes given since the last row was whole.
    unread: u64,
    /// Bytes decoded before `output`.
    decoded: u64,
    is_line_begun: bool,
    /// Runs of blank lines not asked for yet: the byte each begins at, and how many they are. The reader passes over them
    /// before a row without counting them as its own.
    blank: VecDeque<(u64, u64)>,
}

impl Decoded {
    /// How many blank lines begin at a byte of the decoded text; those before it are forgotten.
    fn blank_lines_at(&mut self, byte: u64) -> u64 {
        while self.blank.front().is_some_and(|(begin, _)| *begin < byte) {
            self.blank.pop_front();
        }
        self.blank.front().filter(|(begin, _)| *begin == byte).map_or(0, |(_, count)| *count)
    }

    fn note_blank_lines(&mut self) {
        for (at, byte) in (self.decoded..).zip(&self.output) {
            match (*byte == b'\n', self.is_line_begun) {
                (true, true) => self.is_line_begun = false,
                (true, false) => match self.blank.back_mut() {
                    Some((begin, count)) if *begin + *count == at => *count += 1,
                    _ => self.blank.push_back((at, 1)),
                },
                (false, _) => self.is_line_begun = true,
            }
        }
    }

    fn decode(&mut self) -> std::io::Result<()> {
        let read = loop {
            match self.file.read(&mut self.input) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.is_over = read == 0;
        self.given = 0;
        self.decoded += u64::try_from(self.output.len()).unwrap_or(0);
        self.output.clear();
        self.output.extend(self.held.take());
        let mut input = self.input.get(..read).unwrap_or_default();
        loop {
            let written = self.output.len();
            self.output.resize(written + CHUNK_BYTES, 0);
            let room = self.output.get_mut(written..).unwrap_or_default();
            let (result, used, filled) = self.decoder.decode_to_utf8_without_replacement(input, room, self.is_over);
            input = input.get(used..).unwrap_or_default();
            self.output.truncate(written + filled);
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => self.output.push(UNREADABLE),
            }
        }
        if !self.is_over && self.output.last() == Some(&b'\r') {
            self.held = self.output.pop();
        }
        self.join_line_ends();
        self.note_blank_lines();
        Ok(())
    }

    /// CR LF and CR become LF: otherwise the reader counts lines wrongly.
    fn join_line_ends(&mut self) {
        if self.output.contains(&b'\r') {
            let bytes = std::mem::take(&mut self.output);
            let next = bytes.iter().skip(1).map(Some).chain([None]);
            let is_kept = |(byte, next): &(&u8, Option<&u8>)| !(**byte == b'\r' && *next == Some(&b'\n'));
            self.output = bytes
                .iter()
                .zip(next)
                .filter(is_kept)
                .map(|(byte, _)| if *byte == b'\r' { b'\n' } else { *byte })
                .collect();
        }
    }
}

impl Read for Decoded {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        while self.given == self.output.len() && !self.is_over {
            self.decode()?;
        }
        let rest = self.output.get(self.given..).unwrap_or_default();
        let given = rest.len().min(into.len());
        for (to, from) in into.iter_mut().zip(rest) {
            *to = *from;
        }
        self.given += given;
        self.unread += u64::try_from(given).unwrap_or(0);
        if self.unread > ROW_BYTES_MOST {
            return Err(std::io::Error::other("a row without an end"));
        }
        Ok(given)
    }
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
        while let Some((line, record)) = rows.next_row().unwrap() {
            all.push((line, record.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect()));
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
            assert_eq!(lines, [5, 12, 13, 16, 18], "{ends}");
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
        let (_, first) = rows.next_row().unwrap().unwrap();
        assert!(std::str::from_utf8(&first[1]).is_err());
        let (_, second) = rows.next_row().unwrap().unwrap();
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
        assert_eq!(rows.next_row().unwrap().map(|(line, _)| line), Some(2));
        match rows.next_row() {
            Err(AppError::Invalid(problems)) => {
                assert_eq!(problems[0].code, "too_long");
                assert!(problems[0].en.contains("line 3"), "{}", problems[0].en);
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
}
