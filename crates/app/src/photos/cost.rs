//! What decoding a photo will cost, by its header alone: nothing is decoded to learn it.

use super::{
    PhotoLimits, PhotoRefused,
    kind::{self, Kind},
    sent::ReadSeek,
};
use std::io::{self, SeekFrom};

/// Pixels, and the bytes of memory that decoding them takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    pub pixels: u64,
    pub memory: u64,
}

/// A picture of this size may hold nothing but one colour.
const PLAIN_PIXELS: u64 = 6_000_000;
/// Of a larger one, each byte may stand for so many pixels: a camera's JPEG has four to ten.
const PIXELS_A_BYTE: u64 = 64;

impl Cost {
    /// Of a picture of this size, which was sent in so many bytes.
    ///
    /// # Errors
    /// [`PhotoRefused`] when it claims more than is decoded, or more than its bytes can hold.
    pub fn judge(
        (width, height): (u32, u32),
        memory_a_pixel: u64,
        bytes: u64,
        limits: &PhotoLimits,
    ) -> Result<Cost, PhotoRefused> {
        let pixels = u64::from(width) * u64::from(height);
        let cost = Cost { pixels, memory: pixels.saturating_mul(memory_a_pixel) };
        if pixels == 0 {
            Err(PhotoRefused::Damaged)
        } else if pixels > limits.pixels_most || cost.memory > limits.memory_most {
            Err(PhotoRefused::TooManyPixels { width, height, most: limits.pixels_most })
        } else if pixels > PLAIN_PIXELS.max(bytes.saturating_mul(PIXELS_A_BYTE)) {
            Err(PhotoRefused::TooPlain { width, height })
        } else {
            Ok(cost)
        }
    }
}

/// What the file is, how large, and what a pixel of it takes while it is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub size: (u32, u32),
    pub memory_a_pixel: u64,
}

/// Reads the header of a photo; `None` when it is not where it should be, so that the decoder must be asked.
///
/// # Errors
/// [`PhotoRefused`] by the first bytes; an error of reading.
pub fn header(file: &mut dyn ReadSeek) -> io::Result<Result<Option<Header>, PhotoRefused>> {
    let mut head = Vec::new();
    io::Read::take(&mut *file, 64).read_to_end(&mut head)?;
    Ok(match kind::of(&head) {
        Err(refused) => Err(refused),
        Ok(Kind::Png) => Ok(png(&head)),
        Ok(Kind::Webp) => Ok(webp(&head)),
        Ok(Kind::Jpeg) => Ok(jpeg(file)?),
    })
}

use io::Read as _;

fn png(head: &[u8]) -> Option<Header> {
    let number = |at: usize| head.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
    let (depth, colour) = (*head.get(24)?, *head.get(25)?);
    let parts = match colour {
        // Grey, and a palette, whose colours take three.
        0 => 1,
        3 | 2 => 3,
        4 => 2,
        _ => 4,
    };
    let memory_a_pixel = if depth == 16 { parts * 2 } else { parts };
    Some(Header { size: (number(16)?, number(20)?), memory_a_pixel })
}

fn webp(head: &[u8]) -> Option<Header> {
    let bytes = |at: usize| head.get(at..)?.first_chunk::<4>().copied();
    let size = match head.get(12..16)? {
        b"VP8 " => {
            let [width_low, width_high, height_low, height_high] = bytes(26)?;
            let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3fff);
            (side(width_low, width_high), side(height_low, height_high))
        }
        b"VP8L" => {
            let packed = u32::from_le_bytes(bytes(21)?);
            ((packed & 0x3fff) + 1, (packed >> 14 & 0x3fff) + 1)
        }
        b"VP8X" => {
            let side =
                |at: usize| bytes(at).map(|[low, middle, high, _]| u32::from_le_bytes([low, middle, high, 0]) + 1);
            (side(24)?, side(27)?)
        }
        _ => return None,
    };
    // The picture, its frame buffer and, of a lossless one, what was read before it was put together.
    Some(Header { size, memory_a_pixel: 8 })
}

/// Walks the segments to the one that says the size.
fn jpeg(file: &mut dyn ReadSeek) -> io::Result<Option<Header>> {
    let mut at = file.seek(SeekFrom::Start(2))?;
    // Profiles and previews take some hundred segments at most.
    for _ in 0..1_000 {
        let mut segment = Vec::new();
        io::Read::take(&mut *file, 10).read_to_end(&mut segment)?;
        let &[0xff, marker, high, low, ..] = segment.as_slice() else { return Ok(None) };
        let length = u64::from(u16::from_be_bytes([high, low]));
        match (marker, segment.as_slice()) {
            (0xff, _) => at += 1,
            (0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf, &[.., h0, h1, w0, w1, parts]) => {
                let size = (u32::from(u16::from_be_bytes([w0, w1])), u32::from(u16::from_be_bytes([h0, h1])));
                // A progressive one keeps two bytes of each part of each pixel until its end.
                let is_sequential = matches!(marker, 0xc0 | 0xc1);
                let kept = if is_sequential { 0 } else { u64::from(parts) * 2 };
                return Ok(Some(Header { size, memory_a_pixel: 3 + kept }));
            }
            (0xda | 0xd9, _) => return Ok(None),
            (0x01 | 0xd0..=0xd8, _) => at += 2,
            _ => at += 2 + length,
        }
        file.seek(SeekFrom::Start(at))?;
    }
    Ok(None)
}
