//! The coordinate systems in which a Chinese map may name a place, and the way to WGS84, the only one stored.
//!
//! GCJ-02 (AMap, Tencent, Google in China) bends WGS84 by up to 700 m; BD-09 (Baidu) bends GCJ-02 again; CGCS2000, the
//! national system, equals WGS84 within centimetres. The bend has no published definition: the formula is the one every
//! map library uses. It applies inside a rectangle around China; outside, all four systems are the same. Within about
//! 2 km of that rectangle's border, which runs through sea, desert and other countries, a bent point cannot be told from
//! a straight one.

use std::{f64::consts::PI, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A coordinate system a position may be given in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Datum {
    #[default]
    Wgs84,
    Gcj02,
    Bd09,
    Cgcs2000,
}

impl Datum {
    pub const ALL: [Datum; 4] = [Datum::Wgs84, Datum::Gcj02, Datum::Bd09, Datum::Cgcs2000];

    pub fn name(self) -> &'static str {
        match self {
            Datum::Wgs84 => "wgs84",
            Datum::Gcj02 => "gcj02",
            Datum::Bd09 => "bd09",
            Datum::Cgcs2000 => "cgcs2000",
        }
    }
}

impl fmt::Display for Datum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown coordinate system {0:?}; use one of wgs84, gcj02, bd09, cgcs2000")]
pub struct UnknownDatum(pub String);

impl FromStr for Datum {
    type Err = UnknownDatum;

    /// Case does not matter.
    fn from_str(name: &str) -> Result<Self, UnknownDatum> {
        Datum::ALL
            .into_iter()
            .find(|datum| datum.name().eq_ignore_ascii_case(name))
            .ok_or_else(|| UnknownDatum(name.to_owned()))
    }
}

impl TryFrom<String> for Datum {
    type Error = UnknownDatum;

    fn try_from(name: String) -> Result<Self, UnknownDatum> {
        name.parse()
    }
}

impl From<Datum> for &'static str {
    fn from(datum: Datum) -> Self {
        datum.name()
    }
}

/// A position in degrees, WGS84 unless the caller says otherwise; always finite and on the globe.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawPoint")]
pub struct Point {
    lon: f64,
    lat: f64,
}

#[derive(Deserialize)]
struct RawPoint {
    lon: f64,
    lat: f64,
}

impl TryFrom<RawPoint> for Point {
    type Error = PointError;

    fn try_from(raw: RawPoint) -> Result<Self, PointError> {
        Point::new(raw.lon, raw.lat)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum PointError {
    #[error("longitude {0} is not between -180 and 180 degrees")]
    Longitude(f64),
    #[error("latitude {0} is not between -90 and 90 degrees; are longitude and latitude the wrong way round?")]
    Latitude(f64),
}

impl Point {
    pub fn new(lon: f64, lat: f64) -> Result<Point, PointError> {
        if !(-180.0..=180.0).contains(&lon) {
            Err(PointError::Longitude(lon))
        } else if !(-90.0..=90.0).contains(&lat) {
            Err(PointError::Latitude(lat))
        } else {
            Ok(Point { lon, lat })
        }
    }

    pub fn lon(self) -> f64 {
        self.lon
    }

    pub fn lat(self) -> f64 {
        self.lat
    }

    /// For positions this crate computed itself, which rounding may have pushed past the edge of the globe.
    pub(crate) fn clamped(lon: f64, lat: f64) -> Point {
        Point { lon: lon.clamp(-180.0, 180.0), lat: lat.clamp(-90.0, 90.0) }
    }
}

/// Radius of the sphere that distances are measured on: the mean radius of WGS84.
pub const EARTH_RADIUS_M: f64 = 6_371_008.8;

/// Great-circle distance in metres (haversine; within 0.5 % of the ellipsoid).
pub fn distance_m(a: Point, b: Point) -> f64 {
    let (lat_a, lat_b) = (a.lat.to_radians(), b.lat.to_radians());
    let half_lat = ((lat_b - lat_a) / 2.0).sin();
    let half_lon = ((b.lon - a.lon).to_radians() / 2.0).sin();
    let h = half_lat * half_lat + lat_a.cos() * lat_b.cos() * half_lon * half_lon;
    2.0 * EARTH_RADIUS_M * h.sqrt().min(1.0).asin()
}

/// A position given in `datum`, in WGS84. Undoes [`from_wgs84`] to 1e-9 degrees, a tenth of a millimetre.
pub fn to_wgs84(datum: Datum, point: Point) -> Point {
    match datum {
        Datum::Wgs84 | Datum::Cgcs2000 => point,
        Datum::Gcj02 => undo(wgs84_to_gcj02, point),
        Datum::Bd09 => undo(wgs84_to_bd09, point),
    }
}

/// A WGS84 position as a map in `datum` names it.
pub fn from_wgs84(datum: Datum, point: Point) -> Point {
    let bend = match datum {
        Datum::Wgs84 | Datum::Cgcs2000 => return point,
        Datum::Gcj02 => wgs84_to_gcj02,
        Datum::Bd09 => wgs84_to_bd09,
    };
    if bends_at(point) { bend(point) } else { point }
}

fn bends_at(point: Point) -> bool {
    (72.004..=137.8347).contains(&point.lon) && (0.8293..=55.8271).contains(&point.lat)
}

/// The `w` with `bend(w) = bent`, by fixed-point iteration: the bend changes by less than 1 % of a step, so each round
/// gains two digits. A solution outside the rectangle was never bent.
fn undo(bend: fn(Point) -> Point, bent: Point) -> Point {
    let mut guess = bent;
    for _ in 0..20 {
        let image = bend(guess);
        let (d_lon, d_lat) = (bent.lon - image.lon, bent.lat - image.lat);
        guess = Point::clamped(guess.lon + d_lon, guess.lat + d_lat);
        if d_lon.abs().max(d_lat.abs()) < 1e-12 {
            break;
        }
    }
    if bends_at(guess) { guess } else { bent }
}

fn wgs84_to_bd09(point: Point) -> Point {
    gcj02_to_bd09(wgs84_to_gcj02(point))
}

fn wgs84_to_gcj02(point: Point) -> Point {
    /// Krasovsky 1940, the ellipsoid the formula is written on.
    const A: f64 = 6_378_245.0;
    const E2: f64 = 0.006_693_421_622_965_943;

    let (x, y) = (point.lon - 105.0, point.lat - 35.0);
    let waves = 20.0 * (6.0 * x * PI).sin() + 20.0 * (2.0 * x * PI).sin();
    let north = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * x.abs().sqrt()
        + (waves
            + 20.0 * (y * PI).sin()
            + 40.0 * (y / 3.0 * PI).sin()
            + 160.0 * (y / 12.0 * PI).sin()
            + 320.0 * (y / 30.0 * PI).sin())
            * 2.0
            / 3.0;
    let east = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * x.abs().sqrt()
        + (waves
            + 20.0 * (x * PI).sin()
            + 40.0 * (x / 3.0 * PI).sin()
            + 150.0 * (x / 12.0 * PI).sin()
            + 300.0 * (x / 30.0 * PI).sin())
            * 2.0
            / 3.0;

    let lat = point.lat.to_radians();
    let w2 = 1.0 - E2 * lat.sin() * lat.sin();
    let meridian_radius = A * (1.0 - E2) / (w2 * w2.sqrt());
    let parallel_radius = A / w2.sqrt() * lat.cos();
    Point::clamped(
        point.lon + (east / parallel_radius).to_degrees(),
        point.lat + (north / meridian_radius).to_degrees(),
    )
}

fn gcj02_to_bd09(point: Point) -> Point {
    const STEP: f64 = PI * 3000.0 / 180.0;
    let radius = point.lon.hypot(point.lat) + 0.000_02 * (point.lat * STEP).sin();
    let angle = point.lat.atan2(point.lon) + 0.000_003 * (point.lon * STEP).cos();
    Point::clamped(radius * angle.cos() + 0.0065, radius * angle.sin() + 0.006)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(lon: f64, lat: f64) -> Point {
        Point::new(lon, lat).unwrap()
    }

    #[track_caller]
    fn assert_near(a: Point, b: Point, degrees: f64) {
        assert!((a.lon - b.lon).abs() < degrees && (a.lat - b.lat).abs() < degrees, "{a:?} is not {b:?}");
    }

    #[test]
    fn published_reference_points_of_gcj02_and_bd09_are_met() {
        // coordtransform's README, Beijing.
        let gcj = at(116.410_244_499_169_38, 39.916_404_281_501_64);
        assert_near(from_wgs84(Datum::Gcj02, at(116.404, 39.915)), gcj, 1e-9);
        assert_near(gcj02_to_bd09(at(116.404, 39.915)), at(116.410_369_493_710_29, 39.921_336_993_510_21), 1e-9);
        // eviltransform's tests, which use another radius: Shanghai, Shenzhen, Beijing.
        for (wgs, gcj) in [
            (at(121.5272106, 31.1774276), at(121.531541859215, 31.17530398364597)),
            (at(113.912316, 22.543847), at(113.9171764808363, 22.540796131694766)),
            (at(116.377817, 39.911954), at(116.38404722455657, 39.91334545536069)),
        ] {
            assert!(distance_m(from_wgs84(Datum::Gcj02, wgs), gcj) < 0.05);
            assert!(distance_m(to_wgs84(Datum::Gcj02, gcj), wgs) < 0.05);
        }
    }

    #[test]
    fn outside_china_nothing_is_bent() {
        let new_york = at(-73.98, 40.75);
        for datum in Datum::ALL {
            assert_eq!(from_wgs84(datum, new_york), new_york);
            assert_eq!(to_wgs84(datum, new_york), new_york);
        }
    }

    #[test]
    fn cgcs2000_is_taken_as_wgs84() {
        assert_eq!(to_wgs84(Datum::Cgcs2000, at(116.4, 39.9)), at(116.4, 39.9));
    }

    #[test]
    fn names_are_read_in_any_case_and_an_unknown_one_lists_the_choices() {
        assert_eq!("GCJ02".parse(), Ok(Datum::Gcj02));
        assert_eq!(serde_json::from_str::<Datum>("\"Bd09\"").unwrap(), Datum::Bd09);
        assert_eq!(serde_json::to_string(&Datum::Cgcs2000).unwrap(), "\"cgcs2000\"");
        let error = "mars".parse::<Datum>().unwrap_err().to_string();
        assert!(Datum::ALL.iter().all(|datum| error.contains(datum.name())), "{error}");
    }

    #[test]
    fn a_point_off_the_globe_cannot_be_made_or_read() {
        assert!(Point::new(f64::NAN, 0.0).is_err());
        assert!(Point::new(180.1, 0.0).is_err());
        assert!(Point::new(39.9, 116.4).unwrap_err().to_string().contains("wrong way round"));
        assert!(serde_json::from_str::<Point>(r#"{"lon":1,"lat":91}"#).is_err());
    }

    #[test]
    fn a_degree_of_the_equator_is_111_kilometres() {
        assert!((distance_m(at(0.0, 0.0), at(1.0, 0.0)) - 111_195.1).abs() < 0.1);
        assert!((distance_m(at(179.5, 0.0), at(-179.5, 0.0)) - 111_195.1).abs() < 0.1);
    }

    proptest! {
        #[test]
        fn there_and_back_is_the_same_place(lon in 72.1..137.8f64, lat in 0.9..55.8f64) {
            for datum in Datum::ALL {
                let back = to_wgs84(datum, from_wgs84(datum, at(lon, lat)));
                prop_assert!((back.lon - lon).abs() < 1e-9 && (back.lat - lat).abs() < 1e-9, "{datum}: {back:?}");
            }
        }

        #[test]
        fn the_bend_is_felt_but_stays_below_two_kilometres(lon in 73.0..135.0f64, lat in 18.0..53.0f64) {
            for datum in [Datum::Gcj02, Datum::Bd09] {
                let moved = distance_m(at(lon, lat), from_wgs84(datum, at(lon, lat)));
                prop_assert!(moved > 1.0 && moved < 2_500.0, "{datum}: {moved}");
            }
        }
    }
}
