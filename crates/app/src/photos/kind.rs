//! What a file is, by its first bytes.

use super::PhotoRefused;

/// The kinds that are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Jpeg,
    Png,
    Webp,
}

/// The kind of a file, or the reason why it is not taken.
pub fn of(bytes: &[u8]) -> Result<Kind, PhotoRefused> {
    let starts = |with: &[u8]| bytes.starts_with(with);
    let other = |zh, en| Err(PhotoRefused::OtherKind { zh, en });
    if starts(b"\xff\xd8\xff") {
        Ok(Kind::Jpeg)
    } else if starts(b"\x89PNG\r\n\x1a\n") {
        Ok(Kind::Png)
    } else if starts(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Ok(Kind::Webp)
    } else if bytes.get(4..8) == Some(b"ftyp") {
        match bytes.get(8..12).unwrap_or_default() {
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => Err(PhotoRefused::Heic),
            b"avif" | b"avis" => other(" AVIF 图片", "an AVIF picture"),
            _ => other("视频", "a video"),
        }
    } else if starts(b"GIF8") {
        other(" GIF 动图", "a GIF")
    } else if starts(b"%PDF") {
        other(" PDF 文件", "a PDF file")
    } else if starts(b"BM") {
        other(" BMP 图片", "a BMP picture")
    } else if starts(b"II*\0") || starts(b"MM\0*") {
        other(" TIFF 或 RAW 图片", "a TIFF or raw picture")
    } else if starts(b"\xff\x0a") || starts(b"\0\0\0\x0cJXL ") {
        other(" JPEG XL 图片", "a JPEG XL picture")
    } else if starts(b"PK\x03\x04") {
        other("压缩包或文档", "an archive or a document")
    } else if is_markup(bytes) {
        other(" SVG 图或网页", "an SVG drawing or a web page")
    } else {
        Err(PhotoRefused::UnknownKind)
    }
}

fn is_markup(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let head = bytes.get(..9).unwrap_or(bytes).to_ascii_lowercase();
    [b"<svg".as_slice(), b"<?xml", b"<!doctype", b"<html", b"<!--"].iter().any(|mark| head.starts_with(mark))
}

/// Did the file arrive whole? Decoders paint what is missing grey, or leave it out, and say nothing; as evidence that
/// is worthless. Of a PNG the decoder does complain.
pub fn is_whole(kind: Kind, bytes: &[u8]) -> bool {
    match kind {
        Kind::Jpeg => reaches_its_end(bytes),
        Kind::Png => true,
        Kind::Webp => bytes
            .get(4..)
            .and_then(<[u8]>::first_chunk)
            .and_then(|size| usize::try_from(u32::from_le_bytes(*size)).ok())
            .is_some_and(|size| size <= bytes.len().saturating_sub(8)),
    }
}

/// Does a JPEG have its end mark, outside its segments?
fn reaches_its_end(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(2..).unwrap_or_default();
    while let Some(mark) = rest.iter().position(|byte| *byte == 0xff) {
        rest = rest.get(mark + 1..).unwrap_or_default();
        match rest {
            [0xd9, ..] => return true,
            // Stuffing, fill bytes and restarts stand inside the picture's data; the others begin a segment of a given length.
            [0x00 | 0x01 | 0xd0..=0xd7 | 0xff, ..] => {}
            [_, high, low, ..] => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                rest = rest.get(1 + length..).unwrap_or_default();
            }
            _ => return false,
        }
    }
    false
}

/// Are the palette and its transparency as long as PNG says? The decoder panics on a palette that ends within a colour.
pub fn has_sound_palette(png: &[u8]) -> bool {
    let mut colours = 0;
    let mut rest = png.get(8..).unwrap_or_default();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let Some((name, body)) = after.split_first_chunk::<4>() else { break };
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        match name {
            b"PLTE" if length == 0 || !length.is_multiple_of(3) || length > 768 => return false,
            b"PLTE" => colours = length / 3,
            b"tRNS" if colours > 0 && length > colours => return false,
            b"IDAT" => return true,
            _ => {}
        }
        rest = body.get(length.saturating_add(4)..).unwrap_or_default();
    }
    true
}
