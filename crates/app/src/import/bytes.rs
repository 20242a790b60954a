//! The bytes of a file from elsewhere: what kind of file it is, unpacked where it is packed, and as UTF-8.
//!
//! Knows encodings and the beginnings of files, not CSV. A kind that is not read is refused by its name, with what to do
//! instead. Start at [`Decoded::open`] for a file read as it goes, at [`text`] for one that is read whole.

use crate::{AppError, Problem};
use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use flate2::read::MultiGzDecoder;
use std::io::{Cursor, Read};

/// Stands in the decoded text where bytes are none in their encoding; no UTF-8 has it.
const UNREADABLE: u8 = 0xff;
/// Bytes decoded at a time, and looked at to know what kind of file it is.
pub(super) const CHUNK_BYTES: usize = 65_536;
/// So many characters beyond ASCII, all of them right in UTF-8, do not come about in another encoding.
const PROVES_UTF_8: usize = 4;
/// A file read whole may unpack to so much.
const WHOLE_BYTES_MOST: u64 = 1 << 30;

const GZIP: &[u8] = &[0x1f, 0x8b];

/// Files that are not read: how they begin, and what they are called.
const KINDS: [(&[u8], &str, &str); 8] = [
    (b"PK\x03\x04", "Excel 工作簿（xlsx）或 zip 压缩包", "an Excel workbook (xlsx) or a zip archive"),
    (b"\xd0\xcf\x11\xe0", "旧式 Excel 工作簿（xls）", "an old Excel workbook (xls)"),
    (b"%PDF", "PDF", "a PDF"),
    (b"7z\xbc\xaf", "7z 压缩包", "a 7z archive"),
    (b"Rar!", "rar 压缩包", "a rar archive"),
    (b"BZh", "bzip2 压缩包", "a bzip2 file"),
    (b"\xfd7zXZ", "xz 压缩包", "an xz file"),
    (b"\x28\xb5\x2f\xfd", "zstd 压缩包", "a zstd file"),
];

/// A file as UTF-8 with lines that end in LF, and one byte that no UTF-8 has where its bytes are none in their encoding.
pub(super) struct Decoded {
    file: Box<dyn Read + Send>,
    decoder: Decoder,
    input: Vec<u8>,
    /// A CR that may be half of a line end.
    held: Option<u8>,
    is_over: bool,
}

impl Decoded {
    /// A byte order mark is more than what is said of the encoding; gzip is unpacked.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for a kind of file that is not read, and for UTF-8 said to be something else.
    pub fn open(file: Box<dyn Read + Send>, encoding: &'static Encoding) -> Result<Decoded, AppError> {
        let (head, file) = unpacked(file)?;
        known(&head)?;
        let is_marked = Encoding::for_bom(&head).is_some();
        if ![UTF_8, UTF_16LE, UTF_16BE].contains(&encoding) && !is_marked && is_utf_8(&head) {
            let encoding = encoding.name();
            return Err(problem(
                "encoding",
                format!("文件是 UTF-8，对应关系的 [csv] 却写着 {encoding}：请写 encoding = \"utf-8\""),
                format!(
                    "the file is UTF-8, but [csv] of the mapping says {encoding}: write encoding = \"utf-8\" there"
                ),
            ));
        }
        let file = Box::new(Cursor::new(head).chain(file));
        Ok(Decoded { file, decoder: encoding.new_decoder(), input: vec![0; CHUNK_BYTES], held: None, is_over: false })
    }

    /// Puts what comes next behind what is there; `false` when nothing came and nothing will.
    pub fn more(&mut self, into: &mut Vec<u8>) -> std::io::Result<bool> {
        if self.is_over {
            return Ok(false);
        }
        let read = loop {
            match self.file.read(&mut self.input) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.is_over = read == 0;
        let begin = into.len();
        into.extend(self.held.take());
        let mut input = self.input.get(..read).unwrap_or_default();
        loop {
            let written = into.len();
            into.resize(written + CHUNK_BYTES, 0);
            let room = into.get_mut(written..).unwrap_or_default();
            let (result, used, filled) = self.decoder.decode_to_utf8_without_replacement(input, room, self.is_over);
            input = input.get(used..).unwrap_or_default();
            into.truncate(written + filled);
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => into.push(UNREADABLE),
            }
        }
        if !self.is_over && into.len() > begin && into.last() == Some(&b'\r') {
            self.held = into.pop();
        }
        join_line_ends(into, begin);
        Ok(!self.is_over)
    }
}

/// CR LF and CR become LF from a byte on.
fn join_line_ends(bytes: &mut Vec<u8>, begin: usize) {
    let tail = bytes.get(begin..).unwrap_or_default();
    if !tail.contains(&b'\r') {
        return;
    }
    let next = tail.iter().skip(1).map(Some).chain([None]);
    let is_kept = |(byte, next): &(&u8, Option<&u8>)| !(**byte == b'\r' && *next == Some(&b'\n'));
    let joined: Vec<u8> =
        tail.iter().zip(next).filter(is_kept).map(|(byte, _)| if *byte == b'\r' { b'\n' } else { *byte }).collect();
    bytes.truncate(begin);
    bytes.extend(joined);
}

/// A file of the city's data as text: UTF-8, or UTF-16 with its mark, packed with gzip or not.
///
/// # Errors
/// [`AppError::Invalid`] with what it is instead, and how to make it what it should be.
pub fn text(bytes: &[u8]) -> Result<String, AppError> {
    let (head, mut rest) = unpacked(Box::new(Cursor::new(bytes.to_vec())))?;
    known(&head)?;
    let mut bytes = head;
    rest.by_ref().take(WHOLE_BYTES_MOST).read_to_end(&mut bytes).map_err(|error| broken_off(&error))?;
    let encoding = Encoding::for_bom(&bytes).map_or(UTF_8, |(encoding, _)| encoding);
    let (text, is_bad) = encoding.decode_with_bom_removal(&bytes);
    if !is_bad && !text.contains('\0') {
        return Ok(text.into_owned());
    }
    let name = if looks_like_gb18030(&bytes) { "gb18030" } else { "?" };
    let (zh, en) = match name {
        "gb18030" => (
            "文件不是 UTF-8，像是 GBK（GB 18030）：请另存为 UTF-8（Excel：“CSV UTF-8”），或者 iconv -f gb18030 -t utf-8",
            "the file is not UTF-8, it looks like GBK (GB 18030): save it as UTF-8 (Excel: \"CSV UTF-8\"), or iconv -f gb18030 -t utf-8",
        ),
        _ => (
            "文件不是 UTF-8：请另存为 UTF-8（Excel：“CSV UTF-8”），或者用 iconv 转换",
            "the file is not UTF-8: save it as UTF-8 (Excel: \"CSV UTF-8\"), or convert it with iconv",
        ),
    };
    Err(problem("encoding", zh, en))
}

/// Why a file that is read as it goes cannot be read on.
pub(super) fn broken_off(error: &std::io::Error) -> AppError {
    problem(
        "damaged",
        format!("文件读到一半就断了：{error}。压缩包可能没有传完整，请重新取一份"),
        format!(
            "the file cannot be read to its end: {error}; a packed file may not have been copied whole, fetch it again"
        ),
    )
}

/// The beginning of a file, out of its gzip, and what comes after.
fn unpacked(mut file: Box<dyn Read + Send>) -> Result<(Vec<u8>, Box<dyn Read + Send>), AppError> {
    let head = beginning(&mut file).map_err(|error| broken_off(&error))?;
    if !head.starts_with(GZIP) {
        return Ok((head, file));
    }
    let mut file: Box<dyn Read + Send> = Box::new(MultiGzDecoder::new(Cursor::new(head).chain(file)));
    let head = beginning(&mut file).map_err(|error| broken_off(&error))?;
    Ok((head, file))
}

fn beginning(file: &mut Box<dyn Read + Send>) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    file.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut head)?;
    Ok(head)
}

fn known(head: &[u8]) -> Result<(), AppError> {
    let Some((_, zh, en)) = KINDS.iter().find(|(magic, ..)| head.starts_with(magic)) else { return Ok(()) };
    Err(problem(
        "kind",
        format!("这个文件是{zh}，不是文本：请在原来的程序里另存为 CSV（UTF-8），或者先解压"),
        format!("the file is {en}, not text: save it as CSV (UTF-8) in the program it comes from, or unpack it first"),
    ))
}

/// Is everything beyond ASCII in the beginning right as UTF-8, and is there enough of it to tell?
fn is_utf_8(head: &[u8]) -> bool {
    let sound = match std::str::from_utf8(head) {
        Ok(text) => text,
        // A character may be cut in two at the end of what was looked at.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(head.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default()
        }
        Err(_) => return false,
    };
    sound.chars().filter(|char| !char.is_ascii()).count() >= PROVES_UTF_8
}

fn looks_like_gb18030(bytes: &[u8]) -> bool {
    let (_, is_bad) = encoding_rs::GB18030.decode_without_bom_handling(bytes);
    !is_bad && bytes.windows(2).any(|pair| pair.iter().all(|byte| *byte >= 0xa1))
}

pub(super) fn problem(code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> AppError {
    Problem::new("file", code, zh.into(), en.into()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn refused(bytes: &[u8]) -> (&'static str, String) {
        match text(bytes) {
            Err(AppError::Invalid(problems)) => (problems[0].code, problems[0].en.clone()),
            other => panic!("{other:?}"),
        }
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_data_file_is_read_in_utf_8_and_utf_16_packed_or_not() {
        let utf_16: Vec<u8> = "\u{feff}代码,名称".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in ["代码,名称".as_bytes(), "\u{feff}代码,名称".as_bytes(), &utf_16] {
            assert_eq!(text(bytes).unwrap(), "代码,名称");
            assert_eq!(text(&packed(bytes)).unwrap(), "代码,名称");
        }
    }

    #[test]
    fn a_data_file_that_is_no_utf_8_is_refused_with_what_it_looks_like_and_the_cure() {
        let (gbk, ..) = encoding_rs::GBK.encode("代码,名称\nA,井盖");
        let (code, en) = refused(&gbk);
        assert_eq!(code, "encoding");
        assert!(en.contains("GBK") && en.contains("iconv -f gb18030"), "{en}");
        assert!(!refused(b"caf\xe9,name").1.contains("GBK"));
        let unmarked: Vec<u8> = "code,name".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(refused(&unmarked).0, "encoding");
    }

    #[test]
    fn a_file_that_is_no_text_is_refused_by_its_name() {
        for (bytes, name) in [
            (&b"PK\x03\x04rest"[..], "xlsx"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1", "xls"),
            (b"%PDF-1.7", "PDF"),
            (&packed(b"PK\x03\x04rest"), "xlsx"),
        ] {
            let (code, en) = refused(bytes);
            assert_eq!(code, "kind");
            assert!(en.contains(name) && en.contains("CSV"), "{en}");
        }
        let whole = packed(&[b'x'; 9_000]);
        assert_eq!(refused(&whole[..whole.len() - 9]).0, "damaged");
    }
}
