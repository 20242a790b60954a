//! Photos as they come in: what is taken, and what becomes of it before it is kept.
//!
//! A photo is decoded and encoded anew, so that nothing of the sender's file survives but what is seen: no place, time
//! or serial number of the camera, no comment, no script behind the picture. The kind is read from the first bytes,
//! never from a name or header. Sizes are judged before anything is decoded. Start at [`prepare`]; [`App::keep_photo`]
//! also puts the result away. Colours are taken as sRGB: a wider profile is dropped, which makes them a little paler.

mod cost;
mod kind;
mod sent;
#[cfg(test)]
mod tests;
mod turns;

pub use sent::Sent;
pub use turns::Turns;

use crate::{App, AppError, Caller, Problem, cases::PhotoRef};
use cost::{Cost, Header};
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
use turns::Busy;

/// What every kept photo is.
pub const MEDIA_TYPE: &str = "image/jpeg";

/// How large a photo may be that comes in, and how large it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoLimits {
    pub bytes_most: usize,
    /// Width times height, before anything is decoded: a small file can claim any size. Decoding takes up to four bytes
    /// each.
    pub pixels_most: u64,
    /// Bytes that decoding may take: a progressive JPEG or a PNG of sixteen bits reaches this with fewer pixels.
    pub memory_most: u64,
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
            memory_most: 150_000_000,
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
    /// It claims more pixels than its few bytes can tell of.
    TooPlain {
        width: u32,
        height: u32,
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
            PhotoRefused::TooPlain { .. } => "photo_too_plain",
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
            PhotoRefused::TooPlain { width, height } => {
                format!("照片有 {width}×{height} 像素，里面却几乎没有内容；请重拍一张，或缩小后再上传")
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
            PhotoRefused::TooPlain { width, height } => {
                format!("the photo has {width}×{height} pixels and next to nothing in it: take another, or make it smaller first")
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
    let header = cost::header(&mut Cursor::new(bytes)).unwrap_or(Ok(None))?;
    let limits_of = Decoding { header, bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX), limits };
    let (picture, orientation) = match kind {
        Kind::Jpeg => limits_of.decode(JpegDecoder::new(Cursor::new(bytes)))?,
        Kind::Png => limits_of.decode(PngDecoder::with_limits(Cursor::new(bytes), decoding_limits(limits)))?,
        Kind::Webp => limits_of.decode(WebPDecoder::new(Cursor::new(bytes)))?,
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

/// What is known of a file before it is decoded, and how far one goes.
struct Decoding<'l> {
    header: Option<Header>,
    bytes: u64,
    limits: &'l PhotoLimits,
}

impl Decoding<'_> {
    fn decode<D: ImageDecoder>(
        &self,
        decoder: Result<D, ImageError>,
    ) -> Result<(DynamicImage, Orientation), PhotoRefused> {
        let mut decoder = decoder.map_err(|_| PhotoRefused::Damaged)?;
        let (width, height) = decoder.dimensions();
        let a_pixel = decoder.total_bytes() / (u64::from(width) * u64::from(height)).max(1);
        let memory_a_pixel = self.header.map_or(a_pixel, |header| header.memory_a_pixel.max(a_pixel));
        Cost::judge((width, height), memory_a_pixel, self.bytes, self.limits)?;
        decoder.set_limits(decoding_limits(self.limits)).map_err(|_| PhotoRefused::Damaged)?;
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        // The decoders are not ours: one that panics on a crafted file has met a damaged one.
        let picture = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| DynamicImage::from_decoder(decoder)))
            .map_err(|_| PhotoRefused::Damaged)?
            .map_err(|_| PhotoRefused::Damaged)?;
        Ok((picture, orientation))
    }
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

/// What a photo without a readable header is taken to cost.
const UNKNOWN: Cost = Cost { pixels: u64::MAX, memory: u64::MAX };

impl App {
    /// Keeps a photo for a case with a past; it is durable when this returns. The same bytes are the same file.
    /// Whatever comes through a door is taken in by [`App::upload`].
    ///
    /// # Errors
    /// [`AppError::Invalid`] with the reason in words when it is not taken; [`AppError::Unavailable`].
    pub async fn keep_photo(&self, bytes: Vec<u8>) -> Result<PhotoRef, AppError> {
        let (photo, _) = self.prepared(&Caller::system(), bytes.into()).await?;
        put(self.blobs.as_ref(), photo).await
    }

    /// Keeps a photo in files of its own, told apart by these bytes; gives the digest of what was sent as well.
    ///
    /// What is no photo, or claims too much, is refused by its first bytes; the rest is decoded when its turn has come.
    pub(crate) async fn keep_apart(
        &self,
        caller: &Caller,
        photo: Sent,
        salt: [u8; 16],
    ) -> Result<(PhotoRef, Digest), AppError> {
        let (photo, sent) = self.prepared(caller, photo).await?;
        Ok((put(self.blobs.as_ref(), salted(photo, salt)).await?, sent))
    }

    /// Decodes a photo and makes it anew, in its caller's turn; gives the digest of what was sent as well.
    async fn prepared(&self, caller: &Caller, mut photo: Sent) -> Result<(Photo, Digest), AppError> {
        let limits = PhotoLimits::default();
        let cost = cost_of(&mut photo, &limits)?;
        let payer = caller.payer();
        let turn = self.turns.take(payer.as_deref(), cost, self.now()).await;
        let turn = turn.map_err(|Busy| AppError::Busy { wait_s: RETRY_S })?;
        // The turn goes along: it is over when the work is, also if nobody waits for it any more.
        let prepared = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let bytes = photo.read().map_err(|error| AppError::Unavailable(Box::new(error)))?;
            let made = prepare(&bytes, &limits).map_err(|refused| AppError::from(Problem::from(refused)))?;
            Ok((made, gewu_blobs::digest(&bytes)))
        });
        prepared.await.map_err(|error| AppError::Failed(Box::new(error)))?
    }
}

/// Another file of the same picture: with a comment of these bytes behind the first marker of each JPEG.
fn salted(photo: Photo, salt: [u8; 16]) -> Photo {
    let salted = |jpeg: &[u8]| {
        let (start, rest) = jpeg.split_at(jpeg.len().min(2));
        // Marker `COM`, and the length of what follows with the length itself.
        [start, &[0xff, 0xfe, 0, 18], &salt, rest].concat()
    };
    let (full, thumbnail) = (salted(&photo.full), salted(&photo.thumbnail));
    Photo {
        digest: gewu_blobs::digest(&full),
        thumbnail_digest: gewu_blobs::digest(&thumbnail),
        full,
        thumbnail,
        ..photo
    }
}

/// When to come back, if too many wait.
const RETRY_S: u32 = 3;

/// What decoding will cost, or why it is not begun.
fn cost_of(photo: &mut Sent, limits: &PhotoLimits) -> Result<Cost, AppError> {
    let refused = |refused| AppError::from(Problem::from(refused));
    if photo.is_empty() {
        return Err(refused(PhotoRefused::Empty));
    }
    let bytes = photo.len();
    let most = u64::try_from(limits.bytes_most).unwrap_or(u64::MAX);
    if bytes > most {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        return Err(refused(PhotoRefused::TooLarge { bytes, most: limits.bytes_most }));
    }
    let header = photo.look(cost::header).map_err(|error| AppError::Unavailable(Box::new(error)))?;
    match header.map_err(refused)? {
        Some(header) => Cost::judge(header.size, header.memory_a_pixel, bytes, limits).map_err(refused),
        None => Ok(UNKNOWN),
    }
}

async fn put(blobs: &dyn Blobs, photo: Photo) -> Result<PhotoRef, AppError> {
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
