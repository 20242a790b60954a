//! What survives of a photo and what does not. The photos of other programs lie in `tests/photos/`, beside the script
//! that made them.

use super::*;
use image::{ExtendedColorType, ImageEncoder, Rgb, Rgba, codecs::png::PngEncoder, codecs::webp::WebPEncoder};

const RED: [u8; 3] = [255, 0, 0];
const GREEN: [u8; 3] = [0, 192, 0];
const BLUE: [u8; 3] = [0, 0, 255];
const YELLOW: [u8; 3] = [255, 255, 0];
const WHITE: [u8; 3] = [255, 255, 255];

const PROGRESSIVE_TOLD: &[u8] = include_bytes!("../../tests/photos/progressive-told.jpg");
const LOSSY_TOLD: &[u8] = include_bytes!("../../tests/photos/lossy-told.webp");
const MARKER: &[u8] = b"GEWU-PLANTED-MARKER";

fn taken(bytes: &[u8]) -> Photo {
    prepare(bytes, &PhotoLimits::default()).unwrap_or_else(|refused| panic!("{refused}"))
}

fn refused(bytes: &[u8]) -> PhotoRefused {
    prepare(bytes, &PhotoLimits::default()).expect_err("refused")
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn decoded(jpeg: &[u8]) -> RgbImage {
    image::load_from_memory(jpeg).unwrap().into_rgb8()
}

/// The colours of the four quarters, from the top left by rows, as far as a JPEG keeps colours.
fn quarters(jpeg: &[u8]) -> [&'static str; 4] {
    let picture = decoded(jpeg);
    let (width, height) = picture.dimensions();
    [(1, 1), (3, 1), (1, 3), (3, 3)].map(|(x, y)| {
        let seen = picture.get_pixel(width * x / 4, height * y / 4).0;
        [("red", RED), ("green", GREEN), ("blue", BLUE), ("yellow", YELLOW), ("white", WHITE)]
            .into_iter()
            .find(|(_, colour)| colour.iter().zip(seen).all(|(wanted, seen)| wanted.abs_diff(seen) < 40))
            .map_or("another", |(name, _)| name)
    })
}

fn quartered(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb(match (x < width / 2, y < height / 2) {
            (true, true) => RED,
            (false, true) => GREEN,
            (true, false) => BLUE,
            (false, false) => YELLOW,
        })
    })
}

fn jpeg(picture: &RgbImage) -> Vec<u8> {
    encode(picture, 90)
}

fn png(picture: &DynamicImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes)
        .write_image(picture.as_bytes(), picture.width(), picture.height(), picture.color().into())
        .unwrap();
    bytes
}

fn webp(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    WebPEncoder::new_lossless(&mut bytes)
        .write_image(picture, picture.width(), picture.height(), ExtendedColorType::Rgb8)
        .unwrap();
    bytes
}

/// A JPEG with a segment right after its start.
fn with_segment(jpeg: &[u8], mark: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xff, mark], &length, content, &jpeg[2..]].concat()
}

fn turned(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let exif =
        [b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".as_slice(), &[orientation], &[0; 6]].concat();
    with_segment(jpeg, 0xe1, &exif)
}

/// The marks of a JPEG's segments up to its data.
fn marks(jpeg: &[u8]) -> Vec<u8> {
    let mut marks = Vec::new();
    let mut at = 2;
    while jpeg[at + 1] != 0xda {
        marks.push(jpeg[at + 1]);
        at += 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
    }
    marks
}

#[test]
fn a_photo_is_turned_as_the_camera_was_held() {
    let plain = jpeg(&quartered(96, 64));
    for (orientation, expected) in [
        (1, ["red", "green", "blue", "yellow"]),
        (2, ["green", "red", "yellow", "blue"]),
        (3, ["yellow", "blue", "green", "red"]),
        (4, ["blue", "yellow", "red", "green"]),
        (5, ["red", "blue", "green", "yellow"]),
        (6, ["blue", "red", "yellow", "green"]),
        (7, ["yellow", "green", "blue", "red"]),
        (8, ["green", "yellow", "red", "blue"]),
    ] {
        let photo = taken(&turned(&plain, orientation));
        assert_eq!(quarters(&photo.full), expected, "orientation {orientation}");
        assert_eq!(quarters(&photo.thumbnail), expected, "thumbnail of orientation {orientation}");
        let size = if orientation < 5 { (96, 64) } else { (64, 96) };
        assert_eq!((photo.width, photo.height), size);
        assert_eq!(decoded(&photo.full).dimensions(), size);
    }
}

#[test]
fn nothing_that_a_file_tells_survives() {
    for bytes in [PROGRESSIVE_TOLD, LOSSY_TOLD] {
        assert!(holds(bytes, MARKER) && holds(bytes, b"x:xmpmeta"));
        let photo = taken(bytes);
        for kept in [&photo.full, &photo.thumbnail] {
            for told in [MARKER, b"Exif", b"xmp", b"ICC_PROFILE", b"Pillow", b"sRGB"] {
                assert!(!holds(kept, told), "{}", String::from_utf8_lossy(told));
            }
            assert!(marks(kept).iter().all(|mark| matches!(mark, 0xe0 | 0xdb | 0xc0 | 0xc4)), "{:x?}", marks(kept));
        }
        assert_eq!((photo.width, photo.height), (48, 64), "its orientation was applied");
        assert_eq!(quarters(&photo.full), ["blue", "red", "yellow", "green"]);
    }
}

#[test]
fn what_stands_before_or_behind_the_picture_does_not_survive() {
    let script = b"<script>alert(1)</script>";
    let plain = jpeg(&quartered(64, 48));
    let mut polyglot = with_segment(&plain, 0xfe, script);
    polyglot.extend_from_slice(script);
    polyglot.extend_from_slice(b"PK\x03\x04");
    let photo = taken(&polyglot);
    assert!(!holds(&photo.full, script) && !holds(&photo.thumbnail, script));
    assert_eq!(photo, taken(&plain));
}

#[test]
fn photos_of_other_programs_look_as_they_should() {
    let all = ["red", "green", "blue", "yellow"];
    for (name, bytes) in [
        ("cmyk.jpg", include_bytes!("../../tests/photos/cmyk.jpg").as_slice()),
        ("animated.png", include_bytes!("../../tests/photos/animated.png")),
        ("animated.webp", include_bytes!("../../tests/photos/animated.webp")),
    ] {
        assert_eq!(quarters(&taken(bytes).full), all, "{name}");
    }
    let see_through = quarters(&taken(include_bytes!("../../tests/photos/palette.png")).full);
    assert_eq!(see_through.iter().zip(all).filter(|(seen, wanted)| *seen == wanted).count(), 3);
    assert!(see_through.contains(&"white"));
    let grey = decoded(&taken(include_bytes!("../../tests/photos/grey.jpg")).full);
    assert!(grey.pixels().all(|pixel| pixel.0.iter().all(|part| part.abs_diff(pixel.0[0]) < 4)));
}

#[test]
fn sixteen_bits_and_transparency_become_eight_bits_on_white() {
    let deep = DynamicImage::ImageRgb8(quartered(64, 48)).into_rgb16();
    assert_eq!(quarters(&taken(&png(&deep.into())).full), ["red", "green", "blue", "yellow"]);
    let clear = image::RgbaImage::from_fn(64, 48, |x, _| Rgba([255, 0, 0, if x < 32 { 255 } else { 0 }]));
    assert_eq!(quarters(&taken(&png(&clear.into())).full), ["red", "white", "red", "white"]);
}

#[test]
fn large_photos_are_made_smaller_and_small_ones_stay() {
    let limits = PhotoLimits { edge_most_px: 200, thumbnail_edge_px: 50, ..PhotoLimits::default() };
    for (size, full, thumbnail) in [
        ((1000, 500), (200, 100), (50, 25)),
        ((300, 399), (150, 200), (38, 50)),
        ((200, 10), (200, 10), (50, 3)),
        ((40, 30), (40, 30), (40, 30)),
        ((3000, 1), (200, 1), (50, 1)),
    ] {
        let photo = prepare(&webp(&quartered(size.0, size.1)), &limits).unwrap();
        assert_eq!((photo.width, photo.height), full, "{size:?}");
        assert_eq!(decoded(&photo.full).dimensions(), full, "{size:?}");
        assert_eq!(decoded(&photo.thumbnail).dimensions(), thumbnail, "{size:?}");
    }
}

#[test]
fn the_same_photo_is_the_same_again_and_named_by_its_content() {
    let photo = taken(PROGRESSIVE_TOLD);
    assert_eq!(photo, taken(PROGRESSIVE_TOLD));
    assert_eq!(photo.digest, gewu_blobs::digest(&photo.full));
    assert_eq!(photo.thumbnail_digest, gewu_blobs::digest(&photo.thumbnail));
    assert!(photo.full.starts_with(b"\xff\xd8\xff"));
}

/// A PNG may lack its last chunk (12 bytes), which says nothing.
#[test]
fn a_photo_cut_short_anywhere_is_refused() {
    let picture = quartered(64, 48);
    for (bytes, spare) in [
        (jpeg(&picture), 0),
        (PROGRESSIVE_TOLD.to_vec(), 0),
        (png(&picture.clone().into()), 12),
        (webp(&picture), 0),
        (LOSSY_TOLD.to_vec(), 0),
    ] {
        for length in 1..bytes.len() - spare {
            assert!(prepare(&bytes[..length], &PhotoLimits::default()).is_err(), "{length} of {}", bytes.len());
        }
    }
}

#[test]
fn a_file_that_claims_too_many_pixels_is_refused_undecoded() {
    let mut png = png(&quartered(64, 48).into());
    png[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
    let crc = crc32(&png[12..29]).to_be_bytes();
    png[29..33].copy_from_slice(&crc);
    let many = PhotoRefused::TooManyPixels { width: 65_536, height: 65_536, most: 50_000_000 };
    assert_eq!(refused(&png), many);

    let mut jpeg = jpeg(&quartered(64, 48));
    let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
    assert!(matches!(refused(&jpeg), PhotoRefused::TooManyPixels { width: 65_500, height: 65_500, .. }));

    let limits = PhotoLimits { pixels_most: 64 * 48, ..PhotoLimits::default() };
    assert!(prepare(&webp(&quartered(64, 48)), &limits).is_ok());
    assert!(prepare(&webp(&quartered(65, 48)), &limits).is_err());
    let limits = PhotoLimits { memory_most: 64 * 48 * 4, ..PhotoLimits::default() };
    let deep = DynamicImage::ImageRgb8(quartered(64, 48)).into_rgba16();
    assert!(prepare(&self::png(&deep.into()), &limits).is_err(), "sixteen bits take twice the memory");
}

/// As PNG defines it.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

#[test]
fn a_picture_without_pixels_is_refused() {
    let mut jpeg = jpeg(&quartered(64, 48));
    let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0, 0, 0, 0]);
    assert_eq!(refused(&jpeg), PhotoRefused::Damaged);
    assert_eq!(refused(b""), PhotoRefused::Empty);
}

#[test]
fn a_file_that_is_too_large_says_how_large_and_how_large_it_may_be() {
    let refused = refused(&vec![0xff; 15 * 1024 * 1024 + 1]);
    assert!(refused.en().contains("15.1 MB, at most 15 MB"), "{refused}");
    assert!(refused.zh().contains("15.1 MB，最大 15 MB"));
}

#[test]
fn what_is_no_photo_is_named_in_words_that_help() {
    for (bytes, code, zh, en) in [
        (b"\0\0\0\x18ftypheic\0\0\0\0".as_slice(), "photo_heic", "兼容性最佳", "Most Compatible"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0", "photo_heic", "兼容性最佳", "Most Compatible"),
        (b"\0\0\0\x1cftypavif\0\0\0\0", "photo_kind", "AVIF", "AVIF"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0", "photo_kind", "视频", "a video"),
        (b"GIF89a", "photo_kind", "GIF", "a GIF"),
        (b"%PDF-1.7", "photo_kind", "PDF", "a PDF"),
        (b"BM\x36\0", "photo_kind", "BMP", "a BMP"),
        (b"II*\0\x08\0", "photo_kind", "TIFF", "a TIFF"),
        (b"PK\x03\x04\x14", "photo_kind", "压缩包", "an archive"),
        (b"\xef\xbb\xbf \n<SVG xmlns=", "photo_kind", "SVG", "an SVG"),
        (b"<?xml version=\"1.0\"?><svg/>", "photo_kind", "SVG", "an SVG"),
        (b"<!DOCTYPE html>", "photo_kind", "网页", "a web page"),
        (b"MZ\x90\0", "photo_kind", "不是照片", "no photo"),
        (b"RIFF\x10\0\0\0WAVE", "photo_kind", "不是照片", "no photo"),
        (b"\xff\xd8", "photo_kind", "不是照片", "no photo"),
    ] {
        let refused = refused(bytes);
        assert_eq!(refused.code(), code, "{refused}");
        assert!(refused.zh().contains(zh), "{}", refused.zh());
        assert!(refused.en().contains(en), "{refused}");
    }
}

#[tokio::test]
async fn a_photo_and_its_thumbnail_are_kept_under_the_names_that_are_answered() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = gewu_blobs::DiskBlobs::open(folder.path()).unwrap();
    let kept = put(&blobs, taken(PROGRESSIVE_TOLD)).await.unwrap();
    let photo = taken(PROGRESSIVE_TOLD);
    assert_eq!((kept.width, kept.height, kept.bytes), (48, 64, photo.full.len() as u64));
    assert_eq!(blobs.get(kept.digest).await.unwrap(), Some(photo.full));
    assert_eq!(blobs.get(kept.thumbnail).await.unwrap(), Some(photo.thumbnail));
}

/// What is asked before a file is decoded, or why it is not.
fn judged(bytes: &[u8]) -> Result<Cost, String> {
    match cost_of(&mut Sent::from(bytes.to_vec()), &PhotoLimits::default()) {
        Ok(cost) => Ok(cost),
        Err(AppError::Invalid(problems)) => Err(problems[0].code.to_owned()),
        Err(other) => panic!("{other}"),
    }
}

/// A JPEG that claims another size.
fn claiming(mut jpeg: Vec<u8>, width: u16, height: u16) -> Vec<u8> {
    let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    jpeg[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    jpeg
}

#[test]
fn a_photo_of_a_few_bytes_that_claims_millions_of_pixels_is_refused_by_its_header() {
    let bomb = claiming(jpeg(&quartered(8, 8)), 7_000, 7_000);
    assert!(bomb.len() < 1_000, "{}", bomb.len());
    assert_eq!(judged(&bomb), Err("photo_too_plain".to_owned()));
    assert_eq!(refused(&bomb), PhotoRefused::TooPlain { width: 7_000, height: 7_000 });
    assert_eq!(judged(&claiming(jpeg(&quartered(8, 8)), 9_000, 9_000)), Err("photo_too_many_pixels".to_owned()));
    let plain = webp(&RgbImage::new(2_000, 1_500));
    assert!(judged(&plain).is_ok(), "a screenshot of nothing is a picture too");
}

#[test]
fn the_header_tells_what_decoding_will_take_of_every_kind() {
    let picture = quartered(64, 48);
    let size = |memory_a_pixel: u64| Cost { pixels: 64 * 48, memory: 64 * 48 * memory_a_pixel };
    assert_eq!(judged(&jpeg(&picture)), Ok(size(3)));
    assert_eq!(judged(PROGRESSIVE_TOLD), Ok(size(9)), "two bytes more for each part of a pixel");
    assert_eq!(judged(&png(&picture.clone().into())), Ok(size(3)));
    let deep = DynamicImage::ImageRgb8(picture.clone()).into_rgba16();
    assert_eq!(judged(&png(&deep.into())), Ok(size(8)));
    assert_eq!(judged(&webp(&picture)), Ok(size(8)));
}

#[test]
fn what_is_no_photo_or_too_large_is_refused_before_its_turn() {
    assert_eq!(judged(b"GIF89a"), Err("photo_kind".to_owned()));
    assert_eq!(judged(b""), Err("photo_empty".to_owned()));
    let dropped = cost_of(&mut Sent::dropped(16 << 20), &PhotoLimits::default());
    let Err(AppError::Invalid(problems)) = dropped else { panic!("refused") };
    assert_eq!(problems[0].code, "photo_too_large");
}

#[tokio::test]
async fn the_same_picture_brought_twice_is_two_files_of_the_same_picture() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = gewu_blobs::DiskBlobs::open(folder.path()).unwrap();
    let mut kept = Vec::new();
    for salt in [[1; 16], [2; 16]] {
        kept.push(put(&blobs, salted(taken(PROGRESSIVE_TOLD), salt)).await.unwrap());
    }
    assert_ne!(kept[0].digest, kept[1].digest);
    assert_ne!(kept[0].thumbnail, kept[1].thumbnail);
    for files in [[kept[0].digest, kept[1].digest], [kept[0].thumbnail, kept[1].thumbnail]] {
        let mut pictures = Vec::new();
        for file in files {
            let bytes = blobs.get(file).await.unwrap().unwrap();
            pictures.push(image::load_from_memory(&bytes).unwrap().into_rgb8());
        }
        assert_eq!(pictures[0], pictures[1]);
    }
}
