//! Photos that somebody bent: whatever comes in, `prepare` answers, and what it takes is a whole JPEG of the size it
//! says.
//!
//! Seeds of every kind, changed at random places. A second of it in an ordinary run; `GEWU_FUZZ_S` says how many. What
//! breaks is written to the target's folder for temporary files.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on says so")]

use gewu_app::photos::{PhotoLimits, prepare};
use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll() % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        [0, 1, 0x7f, 0x80, 0xff, self.roll().to_le_bytes()[0]][self.below(6)]
    }
}

/// One to six changes: another byte, a bit turned, a stretch cut out, doubled, or taken from another seed.
fn bend(dice: &mut Dice, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seeds[dice.below(seeds.len())].clone();
    for _ in 0..=dice.below(6) {
        let from = dice.below(bytes.len());
        let to = (from + dice.below(40)).min(bytes.len());
        match dice.below(5) {
            _ if bytes.is_empty() => {}
            0 => bytes[from] = dice.byte(),
            1 => bytes[from] ^= 1 << dice.below(8),
            2 => drop(bytes.drain(from..to)),
            3 => {
                let stretch = bytes[from..to].to_vec();
                bytes.splice(from..from, stretch);
            }
            _ => {
                let other = &seeds[dice.below(seeds.len())];
                let start = dice.below(other.len());
                let stretch = other[start..(start + to - from).min(other.len())].to_vec();
                bytes.splice(from..to, stretch);
            }
        }
    }
    bytes
}

fn check(bytes: &[u8], limits: &PhotoLimits) {
    let Ok(photo) = prepare(bytes, limits) else { return };
    for (jpeg, edge) in [(&photo.full, limits.edge_most_px), (&photo.thumbnail, limits.thumbnail_edge_px)] {
        let picture = image::load_from_memory_with_format(jpeg, image::ImageFormat::Jpeg).unwrap();
        assert!(picture.width() <= edge && picture.height() <= edge);
    }
    let full = image::load_from_memory(&photo.full).unwrap();
    assert_eq!((full.width(), full.height()), (photo.width, photo.height));
}

#[test]
fn no_bent_photo_breaks_the_taking() {
    let seconds =
        std::env::var("GEWU_FUZZ_S").map_or(1, |text| text.parse().expect("GEWU_FUZZ_S is a number of seconds"));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/photos");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let seeds: Vec<Vec<u8>> = files
        .iter()
        .filter(|path| path.extension().is_some_and(|kind| kind != "py"))
        .map(|path| fs::read(path).unwrap())
        .collect();
    assert!(seeds.len() > 5);
    // A claim of a million pixels is allowed to be decoded, so that the decoders are tried and a second is enough for many.
    let limits =
        PhotoLimits { pixels_most: 1_000_000, edge_most_px: 64, thumbnail_edge_px: 16, ..PhotoLimits::default() };
    let started = Instant::now();
    let mut tried = 0_u64;
    while tried < 50 || started.elapsed() < Duration::from_secs(seconds) {
        let bytes = bend(&mut Dice(tried), &seeds);
        if std::panic::catch_unwind(|| check(&bytes, &limits)).is_err() {
            let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bent-photo-{tried}"));
            fs::write(&kept, &bytes).unwrap();
            panic!("photo {tried} broke the taking; it lies in {}", kept.display());
        }
        tried += 1;
    }
    println!("{tried} bent photos");
}
