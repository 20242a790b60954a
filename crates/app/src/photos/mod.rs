//! Photos as they come in: what is taken, and what becomes of it before it is kept.
//!
//! A photo is decoded and encoded anew, so that nothing of the sender's file survives but what is seen: no place, time
//! or serial number of the camera, no comment, no script behind the picture. The kind is read from the first bytes,
//! never from a name or header. Sizes are judged before anything is decoded. Start at [`prepare`]; [`App::keep_photo`]
//! also puts the result away. Colours are taken as sRGB: a wider profile is dropped, which makes them a little paler.

mod kind;
#[cfg(test)]
mod tests;

use crate::{App, AppError, Problem, cases::PhotoRef};
use gewu_blobs::Blobs;
use gewu_domain::ids::Digest;
use image::{
    DynamicImage, ImageDecoder, ImageError, Limits, RgbImage,
    codecs::{
        jpeg::{JpegDecoder, JpegEncoder},
        png::PngDecoder,
        webp::WebPDecoder,
    },
    imageops::FilterType,
    metadata::Orientation,
};
use kind::Kind;
use std::io::Cursor;
use tokio::sync::Semaphore;

/// What every kept photo is.
pub const MEDIA_TYPE: &str = "image/jpeg";

/// How large a photo may be that comes in, and how large it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoLimits {
    pub bytes_most: usize,
    /// Width times height, before anything is decoded: a small file can claim any size. Decoding takes up to four bytes
    /// each.
    pub pixels_most: u64,
    /// Longer photos are made smaller.
    pub edge_most_px: u32,
    pub thumbnail_edge_px: u32,
    /// Of the JPEG that is kept, 1–100.
    pub quality: u8,
}

impl Default for PhotoLimits {
    fn default() -> PhotoLimits {
        PhotoLimits {
            bytes_most: 15 * 1024 * 1024,
            pixels_most: 50_000_000,
            edge_most_px: 2_560,
            thumbnail_edge_px: 360,
            quality: 85,
        }
    }
}

/// A photo ready to be kept: JPEG without metadata, upright.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Photo {
    pub full: Vec<u8>,
    pub thumbnail: Vec<u8>,
    pub media_type: &'static str,
    /// Of `full`, in pixels.
    pub width: u32,
    pub height: u32,
    pub digest: Digest,
    pub thumbnail_digest: Digest,
}

/// Why a photo is not taken, in words for whoever sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhotoRefused {
    Empty,
    TooLarge {
        bytes: usize,
        most: usize,
    },
    TooManyPixels {
        width: u32,
        height: u32,
        most: u64,
    },
    /// What iPhones write unless they are told otherwise.
    Heic,
    /// Known, and no photo we take: a name for it in Chinese and English.
    OtherKind {
        zh: &'static str,
        en: &'static str,
    },
    /// Nothing we know.
    UnknownKind,
    /// Cut short on the way, or broken.
    Damaged,
}

impl PhotoRefused {
    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            PhotoRefused::Empty => "photo_empty",
            PhotoRefused::TooLarge { .. } => "photo_too_large",
            PhotoRefused::TooManyPixels { .. } => "photo_too_many_pixels",
            PhotoRefused::Heic => "photo_heic",
            PhotoRefused::OtherKind { .. } | PhotoRefused::UnknownKind => "photo_kind",
            PhotoRefused::Damaged => "photo_damaged",
        }
    }

    pub fn zh(&self) -> String {
        match self {
            PhotoRefused::Empty => "照片是空的，请重新选择".to_owned(),
            PhotoRefused::TooLarge { bytes, most } => {
                format!(
                    "照片有 {} MB，最大 {} MB；请调低相机分辨率，或发送截图",
                    tenths_mb(*bytes, true),
                    tenths_mb(*most, false)
                )
            }
            PhotoRefused::TooManyPixels { width, height, most } => {
                format!("照片有 {width}×{height} 像素，超过 {} 万像素；请缩小后再上传", most / 10_000)
            }
            PhotoRefused::Heic => {
                "这是 HEIC 照片，暂不支持。iPhone 请在“设置”>“相机”>“格式”里选“兼容性最佳”后重拍，或上传这张照片的截图"
                    .to_owned()
            }
            PhotoRefused::OtherKind { zh, .. } => {
                format!("这是{zh}，请上传 JPEG、PNG 或 WebP 照片；也可以上传它的截图")
            }
            PhotoRefused::UnknownKind => "这不是照片，请上传 JPEG、PNG 或 WebP 照片".to_owned(),
            PhotoRefused::Damaged => "照片不完整或已损坏，请重新上传；如仍不行，请重拍一张".to_owned(),
        }
    }

    pub fn en(&self) -> String {
        match self {
            PhotoRefused::Empty => "the photo is empty: choose it again".to_owned(),
            PhotoRefused::TooLarge { bytes, most } => {
                format!(
                    "the photo has {} MB, at most {} MB are taken: lower the camera's resolution or send a screenshot",
                    tenths_mb(*bytes, true),
                    tenths_mb(*most, false)
                )
            }
            PhotoRefused::TooManyPixels { width, height, most } => {
                format!(
                    "the photo has {width}×{height} pixels, more than {} million: make it smaller first",
                    most / 1_000_000
                )
            }
            PhotoRefused::Heic => "this is a HEIC photo, which is not taken: on an iPhone choose Settings > Camera > Formats > Most Compatible and \
                 take it again, or send a screenshot of it"
                .to_owned(),
            PhotoRefused::OtherKind { en, .. } => {
                format!("this is {en}: send a JPEG, PNG or WebP photo, or a screenshot of it")
            }
            PhotoRefused::UnknownKind => "this is no photo: send a JPEG, PNG or WebP photo".to_owned(),
            PhotoRefused::Damaged => {
                "the photo is incomplete or broken: send it again, or take another one".to_owned()
            }
        }
    }
}

impl std::fmt::Display for PhotoRefused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.en())
    }
}

impl std::error::Error for PhotoRefused {}

impl From<PhotoRefused> for Problem {
    fn from(refused: PhotoRefused) -> Problem {
        Problem::new("photo", refused.code(), refused.zh(), refused.en())
    }
}

/// Megabytes (2^20) with one decimal; what a file has is rounded up, so that it never seems to be within the limit.
fn tenths_mb(bytes: usize, rounds_up: bool) -> String {
    let tenths = if rounds_up { bytes.saturating_mul(10).div_ceil(1 << 20) } else { bytes.saturating_mul(10) >> 20 };
    if tenths % 10 == 0 { (tenths / 10).to_string() } else { format!("{}.{}", tenths / 10, tenths % 10) }
}

/// Takes a photo apart and makes it anew: upright, without metadata, not larger than is kept, with a thumbnail.
///
/// The same bytes always give the same photo. Of an animated picture the first frame is taken; what is transparent
/// becomes white. Takes just under a second of a core for 12 million pixels, most of it for the filter that makes them
/// fewer, and up to ten bytes of memory for each, so callers run it apart ([`tokio::task::spawn_blocking`]) and few at
/// a time.
///
/// # Errors
/// [`PhotoRefused`], for the sender to read.
pub fn prepare(bytes: &[u8], limits: &PhotoLimits) -> Result<Photo, PhotoRefused> {
    if bytes.is_empty() {
        return Err(PhotoRefused::Empty);
    }
    if bytes.len() > limits.bytes_most {
        return Err(PhotoRefused::TooLarge { bytes: bytes.len(), most: limits.bytes_most });
    }
    let kind = kind::of(bytes)?;
    if !kind::is_whole(kind, bytes) || (kind == Kind::Png && !kind::has_sound_palette(bytes)) {
        return Err(PhotoRefused::Damaged);
    }
    let (picture, orientation) = match kind {
        Kind::Jpeg => decode(JpegDecoder::new(Cursor::new(bytes)), limits)?,
        Kind::Png => decode(PngDecoder::with_limits(Cursor::new(bytes), decoding_limits(limits)), limits)?,
        Kind::Webp => decode(WebPDecoder::new(Cursor::new(bytes)), limits)?,
    };
    let mut picture = DynamicImage::ImageRgb8(on_white(shrunk(picture, limits.edge_most_px)));
    picture.apply_orientation(orientation);
    let picture = picture.into_rgb8();
    let (width, height) = picture.dimensions();
    let full = encode(&picture, limits.quality);
    let thumbnail =
        encode(&shrunk(DynamicImage::ImageRgb8(picture), limits.thumbnail_edge_px).into_rgb8(), limits.quality);
    Ok(Photo {
        digest: gewu_blobs::digest(&full),
        thumbnail_digest: gewu_blobs::digest(&thumbnail),
        full,
        thumbnail,
        media_type: MEDIA_TYPE,
        width,
        height,
    })
}

/// What decoders may allocate beside the picture itself, for tables, profiles and texts.
const DECODER_BYTES: u64 = 64 << 20;

fn decoding_limits(limits: &PhotoLimits) -> Limits {
    let mut decoding = Limits::default();
    decoding.max_alloc = Some(limits.pixels_most.saturating_mul(4).saturating_add(DECODER_BYTES));
    decoding
}

fn decode<D: ImageDecoder>(
    decoder: Result<D, ImageError>,
    limits: &PhotoLimits,
) -> Result<(DynamicImage, Orientation), PhotoRefused> {
    let mut decoder = decoder.map_err(|_| PhotoRefused::Damaged)?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(PhotoRefused::Damaged);
    }
    let is_too_many = u64::from(width) * u64::from(height) > limits.pixels_most;
    if is_too_many || decoder.total_bytes() > limits.pixels_most.saturating_mul(4) {
        return Err(PhotoRefused::TooManyPixels { width, height, most: limits.pixels_most });
    }
    decoder.set_limits(decoding_limits(limits)).map_err(|_| PhotoRefused::Damaged)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    // The decoders are not ours: one that panics on a crafted file has met a damaged one.
    let picture = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| DynamicImage::from_decoder(decoder)))
        .map_err(|_| PhotoRefused::Damaged)?
        .map_err(|_| PhotoRefused::Damaged)?;
    Ok((picture, orientation))
}

/// The picture with its longer edge at most `edge_px`.
fn shrunk(picture: DynamicImage, edge_px: u32) -> DynamicImage {
    let longer = picture.width().max(picture.height());
    if longer <= edge_px {
        return picture;
    }
    // Filtering well takes 16 bytes for each pixel of a row that goes in, so what is much too large is averaged first.
    let twice = edge_px.saturating_mul(2);
    let picture = if longer > twice { picture.thumbnail(twice, twice) } else { picture };
    picture.resize(edge_px, edge_px, FilterType::Triangle)
}

fn on_white(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let picture = picture.into_rgba8();
    let mut flat = RgbImage::new(picture.width(), picture.height());
    for (to, from) in flat.pixels_mut().zip(picture.pixels()) {
        let [red, green, blue, alpha] = from.0.map(u16::from);
        let blend = |part: u16| u8::try_from((part * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX);
        to.0 = [blend(red), blend(green), blend(blue)];
    }
    flat
}

fn encode(picture: &RgbImage, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality)
        .encode_image(picture)
        .expect("memory takes every byte, and a picture of the size kept fits a JPEG");
    bytes
}

/// Photos are decoded two at a time, because each can take half a gigabyte.
static DECODING: Semaphore = Semaphore::const_new(2);

impl App {
    /// Keeps a photo for a case with a past; it is durable when this returns. The same bytes are the same file.
    /// Whatever comes through a door is taken in by [`App::upload`].
    ///
    /// # Errors
    /// [`AppError::Invalid`] with the reason in words when it is not taken; [`AppError::Unavailable`].
    pub async fn keep_photo(&self, bytes: Vec<u8>) -> Result<PhotoRef, AppError> {
        keep(self.blobs.as_ref(), bytes, None).await
    }

    /// Keeps a photo in files of its own, told apart by these bytes.
    pub(crate) async fn keep_apart(&self, bytes: Vec<u8>, salt: [u8; 16]) -> Result<PhotoRef, AppError> {
        keep(self.blobs.as_ref(), bytes, Some(salt)).await
    }
}

/// The JPEG with a comment of these bytes behind its first marker: another file of the same picture.
fn salted(jpeg: &[u8], salt: [u8; 16]) -> Vec<u8> {
    let (start, rest) = jpeg.split_at(jpeg.len().min(2));
    // Marker `COM`, and the length of what follows with the length itself.
    [start, &[0xff, 0xfe, 0, 18], &salt, rest].concat()
}

async fn keep(blobs: &dyn Blobs, bytes: Vec<u8>, salt: Option<[u8; 16]>) -> Result<PhotoRef, AppError> {
    let turn = DECODING.acquire().await.map_err(|error| AppError::Failed(Box::new(error)))?;
    let prepared = tokio::task::spawn_blocking(move || prepare(&bytes, &PhotoLimits::default())).await;
    drop(turn);
    let mut photo = prepared.map_err(|error| AppError::Failed(Box::new(error)))?.map_err(Problem::from)?;
    if let Some(salt) = salt {
        photo.full = salted(&photo.full, salt);
        photo.thumbnail = salted(&photo.thumbnail, salt);
        photo.digest = gewu_blobs::digest(&photo.full);
        photo.thumbnail_digest = gewu_blobs::digest(&photo.thumbnail);
    }
    let kept = PhotoRef {
        digest: photo.digest,
        thumbnail: photo.thumbnail_digest,
        width: photo.width,
        height: photo.height,
        bytes: u64::try_from(photo.full.len()).unwrap_or(u64::MAX),
    };
    blobs.put(kept.thumbnail, photo.thumbnail).await?;
    blobs.put(kept.digest, photo.full).await?;
    Ok(kept)
}
