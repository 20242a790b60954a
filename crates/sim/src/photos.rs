//! Small drawn pictures that stand for photos: honest drawings, no stock pictures of anybody's street.
//!
//! Knows pixels. One seed gives the same bytes everywhere, so a thousand cases share a few dozen files. Start at
//! [`Album::paint`].

use crate::dice::Dice;
use gewu_app::{
    App, AppError,
    cases::{PhotoName, PhotoRef},
};
use image::{DynamicImage, Rgb, RgbImage, codecs::jpeg::JpegEncoder};
use std::collections::{BTreeMap, BTreeSet};

/// How many drawings there are of each scene, before and after.
const EACH: u64 = 2;
const WIDTH: u32 = 480;
const HEIGHT: u32 = 360;

/// Photos kept in the blobs, by scene: as found, and as mended.
#[derive(Debug, Clone, Default)]
pub struct Album {
    before: BTreeMap<String, Vec<PhotoRef>>,
    after: BTreeMap<String, Vec<PhotoRef>>,
    any: Option<PhotoRef>,
}

impl Album {
    /// Draws each scene a few times and keeps the pictures.
    ///
    /// # Errors
    /// When the blobs fail.
    pub async fn paint(app: &App, scenes: BTreeSet<String>, seed: u64) -> Result<Album, AppError> {
        let mut album = Album::default();
        for scene in scenes {
            for is_mended in [false, true] {
                let mut photos = Vec::new();
                for no in 0..EACH {
                    let drawn = draw(&scene, is_mended, &mut Dice::named(seed, &format!("{scene} {is_mended} {no}")));
                    photos.push(app.keep_photo(jpeg(&drawn)).await?);
                }
                let into = if is_mended { &mut album.after } else { &mut album.before };
                into.insert(scene.clone(), photos);
            }
        }
        Ok(album)
    }

    /// One picture for everything, where nobody looks: for tests and loads.
    ///
    /// # Errors
    /// When the blobs fail.
    pub async fn plain(app: &App) -> Result<Album, AppError> {
        let photo = app.keep_photo(jpeg(&RgbImage::from_pixel(32, 24, Rgb(PAVEMENT)))).await?;
        Ok(Album { any: Some(photo), ..Album::default() })
    }

    /// A picture of the matter.
    pub fn before(&self, scene: &str, dice: &mut Dice) -> Vec<PhotoName> {
        self.one(self.before.get(scene), dice)
    }

    /// A picture of the place when it is mended.
    pub fn after(&self, scene: &str, dice: &mut Dice) -> Vec<PhotoName> {
        self.one(self.after.get(scene), dice)
    }

    fn one(&self, photos: Option<&Vec<PhotoRef>>, dice: &mut Dice) -> Vec<PhotoName> {
        let photo = photos.and_then(|photos| dice.pick(photos)).or(self.any.as_ref()).cloned();
        photo.map(PhotoName::Kept).into_iter().collect()
    }
}

fn jpeg(image: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    DynamicImage::ImageRgb8(image.clone())
        .write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 72))
        .expect("a picture of this size is encoded into memory");
    bytes
}

type Colour = [u8; 3];

const ASPHALT: Colour = [92, 94, 98];
const PAVEMENT: Colour = [168, 164, 156];
const KERB: Colour = [205, 202, 194];
const GRASS: Colour = [110, 148, 84];
const LEAVES: Colour = [66, 112, 62];
const TRUNK: Colour = [104, 78, 56];
const WALL: Colour = [206, 190, 168];
const DARK: Colour = [38, 40, 44];
const STEEL: Colour = [130, 136, 142];
const WATER: Colour = [112, 136, 158];
const YELLOW: Colour = [236, 196, 64];
const RED: Colour = [188, 70, 58];
const WHITE: Colour = [240, 238, 232];

fn draw(scene: &str, is_mended: bool, dice: &mut Dice) -> RgbImage {
    let mut easel = Easel::street(dice, scene == "lamp");
    let broken = !is_mended;
    match scene {
        "lamp" => easel.lamp(broken),
        "manhole" | "gully" => easel.cover(broken, scene == "gully"),
        "flood" | "leak" => easel.puddle(if broken { 150.0 } else { 18.0 }),
        "rubbish" | "sofa" | "rubble" => easel.heap(scene, broken),
        "road" | "pothole" => easel.hole(broken, scene == "pothole"),
        "tree" | "green" => easel.tree(broken, scene == "green"),
        "river" => easel.river(broken),
        "bikes" | "lane" | "dog" => easel.row(scene, broken),
        "wires" => easel.wires(broken),
        "smoke" => easel.smoke(broken),
        _ => easel.board(scene, broken),
    }
    easel.image
}

struct Easel<'d> {
    image: RgbImage,
    dice: &'d mut Dice,
    horizon: i32,
}

impl Easel<'_> {
    /// Sky, a wall with windows, pavement, road.
    fn street(dice: &mut Dice, is_night: bool) -> Easel<'_> {
        let horizon = i32::try_from(dice.between(120, 170)).unwrap_or(150);
        let mut easel = Easel { image: RgbImage::new(WIDTH, HEIGHT), dice, horizon };
        let sky: Colour = if is_night { [28, 34, 58] } else { [186, 204, 220] };
        easel.fill(0, 0, 480, 360, sky);
        let shade = i16::try_from(easel.dice.between(0, 40)).unwrap_or(0) - if is_night { 120 } else { 0 };
        easel.fill(0, horizon - 90, 480, horizon, shaded(WALL, shade));
        for column in 0..9 {
            for row in 0..2 {
                let (x, y) = (14 + column * 54, horizon - 80 + row * 40);
                let lit = is_night && easel.dice.chance(0.3);
                easel.fill(x, y, x + 26, y + 24, if lit { YELLOW } else { shaded([96, 112, 128], shade / 2) });
            }
        }
        let night = if is_night { -46 } else { 0 };
        easel.fill(0, horizon, 480, horizon + 60, shaded(PAVEMENT, night));
        for joint in 0..16 {
            let x = joint * 30 + 8;
            easel.line((x, horizon), (x - 20, horizon + 60), shaded(PAVEMENT, night - 16), 1);
        }
        easel.fill(0, horizon + 60, 480, horizon + 68, shaded(KERB, night));
        easel.fill(0, horizon + 68, 480, 360, shaded(ASPHALT, night));
        for dash in 0..5 {
            easel.fill(dash * 110, 330, dash * 110 + 60, 336, shaded(WHITE, night));
        }
        easel.grain();
        easel
    }

    fn lamp(&mut self, is_dark: bool) {
        let (x, foot) = (200 + self.around(60), self.horizon + 50);
        self.line((x, foot), (x, 40), STEEL, 4);
        self.line((x, 40), (x + 60, 34), STEEL, 3);
        self.fill(x + 48, 30, x + 84, 40, DARK);
        if !is_dark {
            for reach in (1..14).rev() {
                self.disc(x + 66, 44 + reach * 6, reach * 9, [250, 226, 150], 0.10);
            }
            self.fill(x + 50, 38, x + 82, 43, [255, 246, 210]);
        }
    }

    fn cover(&mut self, is_broken: bool, is_grate: bool) {
        let (x, y) = (240 + self.around(50), self.horizon + 140);
        if is_grate {
            self.fill(x - 60, y - 26, x + 60, y + 26, DARK);
            for bar in 0..9 {
                if !(is_broken && (3..6).contains(&bar)) {
                    self.fill(x - 56 + bar * 13, y - 22, x - 50 + bar * 13, y + 22, STEEL);
                }
            }
        } else {
            self.oval(x, y, 62, 34, STEEL);
            self.oval(x, y, 54, 29, if is_broken { DARK } else { shaded(STEEL, -30) });
            if is_broken {
                self.oval(x + 40, y + 8, 50, 22, shaded(STEEL, -20));
            } else {
                for ring in 1..4 {
                    self.fill(x - 34, y - 20 + ring * 9, x + 34, y - 17 + ring * 9, shaded(STEEL, 10));
                }
            }
        }
    }

    fn puddle(&mut self, reach: f64) {
        let (x, y) = (240, self.horizon + 120);
        for _ in 0..9 {
            let wide = (reach * (0.5 + self.dice.unit())) as i32;
            let (dx, dy) = (self.around(80), self.around(20));
            self.oval(x + dx, y + dy, wide, wide / 3 + 2, WATER);
        }
        if reach > 50.0 {
            for ring in 0..5 {
                let at = (x + self.around(120), y + self.around(24));
                self.oval(at.0, at.1, 12 + ring, 3, shaded(WATER, 26));
            }
        }
    }

    fn heap(&mut self, scene: &str, is_there: bool) {
        let (x, y) = (250 + self.around(60), self.horizon + 64);
        if scene == "rubbish" {
            self.fill(x - 110, y - 62, x - 62, y, [74, 116, 86]);
            self.fill(x - 114, y - 68, x - 58, y - 60, shaded([74, 116, 86], -20));
        }
        if !is_there {
            return;
        }
        if scene == "sofa" {
            self.fill(x - 70, y - 44, x + 70, y - 4, [140, 92, 70]);
            self.fill(x - 78, y - 26, x - 60, y, [120, 78, 60]);
            self.fill(x + 60, y - 26, x + 78, y, [120, 78, 60]);
            self.fill(x - 4, y - 40, x + 2, y - 8, [112, 70, 54]);
            return;
        }
        let colours: &[Colour] = if scene == "rubble" {
            &[[170, 160, 150], [150, 110, 90], [120, 116, 112], [190, 182, 172]]
        } else {
            &[DARK, [60, 70, 110], WHITE, [150, 60, 60], [90, 100, 80]]
        };
        for layer in 0..5 {
            for _ in 0..(11 - layer * 2) {
                let colour = self.dice.pick(colours).copied().unwrap_or(DARK);
                let (dx, size) = (self.around(74 - layer * 13), 9 + self.around(4));
                self.oval(x + dx, y - layer * 11, size + 6, size, colour);
            }
        }
    }

    fn hole(&mut self, is_broken: bool, is_deep: bool) {
        let (x, y) = (240 + self.around(60), self.horizon + 130);
        if is_broken {
            for _ in 0..8 {
                let (dx, dy) = (self.around(44), self.around(14));
                self.oval(x + dx, y + dy, 34, 13, if is_deep { [54, 50, 46] } else { [122, 104, 82] });
            }
            if is_deep {
                self.oval(x, y + 4, 34, 10, DARK);
            }
        } else if is_deep {
            self.fill(x - 70, y - 22, x + 70, y + 22, shaded(ASPHALT, -26));
        }
    }

    fn tree(&mut self, is_broken: bool, is_green: bool) {
        let (x, foot) = (230 + self.around(50), self.horizon + 56);
        if is_green {
            self.fill(0, self.horizon + 10, 480, self.horizon + 60, GRASS);
            if is_broken {
                for _ in 0..10 {
                    let at = (240 + self.around(200), self.horizon + 34 + self.around(16));
                    self.oval(at.0, at.1, 26, 9, [150, 126, 92]);
                }
                return;
            }
            for bush in 0..8 {
                self.disc(30 + bush * 60, self.horizon + 30, 22, LEAVES, 1.0);
            }
            return;
        }
        let crown = if is_broken { (x + 120, foot - 20) } else { (x, foot - 130) };
        self.line((x, foot), (if is_broken { x + 16 } else { x }, foot - 70), TRUNK, 8);
        self.line((x + if is_broken { 14 } else { 0 }, foot - 66), crown, TRUNK, 6);
        for _ in 0..16 {
            let (dx, dy) = (self.around(46), self.around(26));
            let shade = i16::try_from(self.around(18)).unwrap_or(0);
            self.disc(crown.0 + dx, crown.1 + dy, 20, shaded(LEAVES, shade), 1.0);
        }
    }

    fn river(&mut self, is_dirty: bool) {
        self.fill(0, self.horizon + 30, 480, 360, WATER);
        for wave in 0..14 {
            let y = self.horizon + 44 + wave * 12;
            let x = self.around(200) + 200;
            self.fill(x, y, x + 70, y + 2, shaded(WATER, 22));
        }
        for post in 0..13 {
            self.fill(post * 40, self.horizon, post * 40 + 6, self.horizon + 30, STEEL);
        }
        self.fill(0, self.horizon + 4, if is_dirty { 300 } else { 480 }, self.horizon + 9, STEEL);
        if is_dirty {
            for _ in 0..26 {
                let colour = self.dice.pick(&[WHITE, [90, 120, 70], [160, 130, 90], RED]).copied().unwrap_or(WHITE);
                let at = (240 + self.around(200), self.horizon + 100 + self.around(40));
                self.oval(at.0, at.1, 9, 4, colour);
            }
        }
    }

    fn row(&mut self, scene: &str, is_bad: bool) {
        let y = self.horizon + 40;
        match scene {
            "bikes" => {
                for bike in 0..if is_bad { 13 } else { 6 } {
                    let (dx, dy) = if is_bad { (self.around(14), self.around(18)) } else { (0, 0) };
                    let x = 40 + bike * if is_bad { 32 } else { 68 } + dx;
                    let colour = self.dice.pick(&[YELLOW, [70, 130, 180], [80, 160, 110]]).copied().unwrap_or(YELLOW);
                    self.ring(x, y + dy, 14, DARK);
                    self.ring(x + 34, y + dy, 14, DARK);
                    self.line((x, y + dy), (x + 22, y - 22 + dy), colour, 3);
                    self.line((x + 22, y - 22 + dy), (x + 34, y + dy), colour, 3);
                }
            }
            "lane" => {
                self.fill(150, self.horizon + 70, 330, 360, YELLOW);
                self.fill(158, self.horizon + 76, 322, 360, ASPHALT);
                if is_bad {
                    self.fill(170, self.horizon + 84, 310, self.horizon + 150, [150, 60, 56]);
                    self.fill(190, self.horizon + 60, 290, self.horizon + 96, [120, 48, 46]);
                    self.fill(200, self.horizon + 68, 280, self.horizon + 92, WATER);
                }
            }
            _ => {
                if is_bad {
                    let x = 240 + self.around(60);
                    self.oval(x, y + 20, 34, 15, TRUNK);
                    self.disc(x + 34, y + 4, 13, TRUNK, 1.0);
                    for leg in 0..4 {
                        self.fill(x - 24 + leg * 15, y + 28, x - 19 + leg * 15, y + 50, TRUNK);
                    }
                }
            }
        }
    }

    fn wires(&mut self, is_hanging: bool) {
        for pole in [90, 390] {
            self.fill(pole - 4, 20, pole + 4, self.horizon + 50, TRUNK);
        }
        for wire in 0..5 {
            let sag = if is_hanging && wire > 2 { 190 } else { 26 };
            let top = 34 + wire * 9;
            for x in 90..390 {
                let along = f64::from(x - 90) / 300.0;
                let y = top + (f64::from(sag) * 4.0 * along * (1.0 - along)) as i32;
                self.fill(x, y, x + 1, y + 2, DARK);
            }
        }
    }

    fn smoke(&mut self, is_burning: bool) {
        let (x, y) = (240 + self.around(50), self.horizon + 54);
        self.fill(x - 40, y - 26, x + 40, y - 8, STEEL);
        self.fill(x - 34, y - 8, x - 28, y + 12, STEEL);
        self.fill(x + 28, y - 8, x + 34, y + 12, STEEL);
        if is_burning {
            self.fill(x - 36, y - 32, x + 36, y - 26, RED);
            for puff in 0..12 {
                let dx = self.around(14 + puff * 3);
                self.disc(x + dx + puff * 4, y - 44 - puff * 14, 14 + puff * 2, [196, 194, 192], 0.45);
            }
        }
    }

    /// A thing that stands there: a box, a sign, a stall, a shed.
    fn board(&mut self, scene: &str, is_bad: bool) {
        let colour = match scene {
            "stall" => RED,
            "site" => [70, 120, 170],
            "box" => [96, 128, 104],
            "sign" => [58, 96, 150],
            "toilet" => [90, 132, 150],
            "bench" => TRUNK,
            "pipe" => YELLOW,
            "poster" => WHITE,
            _ => [150, 130, 104],
        };
        let (x, foot) = (240 + self.around(60), self.horizon + 58);
        let lean = if is_bad { 30 } else { 0 };
        match scene {
            "poster" => {
                for _ in 0..if is_bad { 14 } else { 0 } {
                    let at = (240 + self.around(210), self.horizon - 46 + self.around(30));
                    self.fill(at.0, at.1, at.0 + 20, at.1 + 26, WHITE);
                    self.fill(at.0 + 3, at.1 + 5, at.0 + 17, at.1 + 9, RED);
                }
            }
            "pipe" => {
                self.fill(0, self.horizon - 30, 480, self.horizon - 22, if is_bad { [150, 104, 60] } else { YELLOW });
                self.fill(x, self.horizon - 30, x + 8, self.horizon + 40, if is_bad { [150, 104, 60] } else { YELLOW });
            }
            "sign" => {
                self.line((x, foot), (x + lean, foot - 110), STEEL, 4);
                self.fill(x - 40 + lean, foot - 146, x + 50 + lean, foot - 104, colour);
                self.fill(x - 30 + lean, foot - 130, x + 40 + lean, foot - 122, WHITE);
            }
            "stall" if !is_bad => {}
            "bench" => {
                for slat in 0..4 {
                    if !(is_bad && slat == 1) {
                        self.fill(x - 70, foot - 34 + slat * 9, x + 70, foot - 29 + slat * 9, colour);
                    }
                }
                self.fill(x - 60, foot, x - 52, foot + 20, DARK);
                self.fill(x + 52, foot, x + 60, foot + 20, DARK);
            }
            "site" => {
                for panel in 0..6 {
                    if !(is_bad && panel == 3) {
                        self.fill(panel * 80, foot - 70, panel * 80 + 76, foot, colour);
                        self.fill(panel * 80, foot - 40, panel * 80 + 76, foot - 34, WHITE);
                    }
                }
                if is_bad {
                    self.disc(278, foot - 10, 40, [176, 150, 116], 0.9);
                }
            }
            _ => {
                self.fill(x - 44, foot - 84, x + 44, foot, colour);
                self.fill(x - 48, foot - 92, x + 48, foot - 82, shaded(colour, -26));
                if is_bad {
                    self.fill(x - 6, foot - 76, x + 38, foot - 4, DARK);
                    for wire in 0..4 {
                        self.line((x + wire * 8, foot - 70), (x + 30 - wire * 6, foot - 10), YELLOW, 1);
                    }
                    self.line((x + 44, foot - 80), (x + 70, foot - 4), shaded(colour, 20), 3);
                }
            }
        }
    }

    /// At most `reach` to either side.
    fn around(&mut self, reach: i32) -> i32 {
        let width = u64::try_from(reach).unwrap_or(0) * 2 + 1;
        i32::try_from(self.dice.between(0, width)).unwrap_or(0) - reach
    }

    fn dot(&mut self, x: i32, y: i32, colour: Colour, weight: f64) {
        if let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y))
            && let Some(pixel) = self.image.get_pixel_mut_checked(x, y)
        {
            let mix = |old: u8, new: u8| (f64::from(old) * (1.0 - weight) + f64::from(new) * weight) as u8;
            let [red, green, blue] = pixel.0;
            *pixel = Rgb([mix(red, colour[0]), mix(green, colour[1]), mix(blue, colour[2])]);
        }
    }

    fn fill(&mut self, west: i32, north: i32, east: i32, south: i32, colour: Colour) {
        for y in north..south {
            for x in west..east {
                self.dot(x, y, colour, 1.0);
            }
        }
    }

    fn oval(&mut self, x: i32, y: i32, wide: i32, high: i32, colour: Colour) {
        for dy in -high..=high {
            for dx in -wide..=wide {
                let part = f64::from(dx).powi(2) / f64::from(wide.max(1)).powi(2)
                    + f64::from(dy).powi(2) / f64::from(high.max(1)).powi(2);
                if part <= 1.0 {
                    self.dot(x + dx, y + dy, colour, 1.0);
                }
            }
        }
    }

    fn disc(&mut self, x: i32, y: i32, reach: i32, colour: Colour, weight: f64) {
        for dy in -reach..=reach {
            for dx in -reach..=reach {
                if dx * dx + dy * dy <= reach * reach {
                    self.dot(x + dx, y + dy, colour, weight);
                }
            }
        }
    }

    fn ring(&mut self, x: i32, y: i32, reach: i32, colour: Colour) {
        for dy in -reach..=reach {
            for dx in -reach..=reach {
                if (dx * dx + dy * dy - reach * reach).abs() <= 2 * reach {
                    self.dot(x + dx, y + dy, colour, 1.0);
                }
            }
        }
    }

    fn line(&mut self, from: (i32, i32), to: (i32, i32), colour: Colour, width: i32) {
        let steps = (to.0 - from.0).abs().max((to.1 - from.1).abs()).max(1);
        for step in 0..=steps {
            let x = from.0 + (to.0 - from.0) * step / steps;
            let y = from.1 + (to.1 - from.1) * step / steps;
            self.fill(x - width / 2, y - width / 2, x + (width + 1) / 2, y + (width + 1) / 2, colour);
        }
    }

    /// A little noise, so that it looks like something seen rather than printed.
    fn grain(&mut self) {
        for pixel in self.image.pixels_mut() {
            let shade = i16::try_from(self.dice.between(0, 13)).unwrap_or(0) - 6;
            pixel.0 = shaded(pixel.0, shade);
        }
    }
}

fn shaded(colour: Colour, by: i16) -> Colour {
    colour.map(|part| u8::try_from((i16::from(part) + by).clamp(0, 255)).unwrap_or(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::Texts;

    #[test]
    fn pictures_are_small_repeatable_and_show_whether_it_is_mended() {
        let scenes: BTreeSet<String> = Texts::shipped().families.into_iter().map(|family| family.photo).collect();
        for scene in &scenes {
            let paint = |is_mended| jpeg(&draw(scene, is_mended, &mut Dice::named(1, scene)));
            assert_eq!(paint(false), paint(false));
            assert_ne!(paint(false), paint(true), "{scene}");
            assert!((4_000..60_000).contains(&paint(false).len()), "{scene} {}", paint(false).len());
        }
    }
}
