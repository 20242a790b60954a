//! The boundary of an area: one or more polygons, possibly with holes, in WGS84 degrees.
//!
//! Edges are straight in longitude and latitude, as GeoJSON says. Shapes may not cross the antimeridian. Self-crossings
//! and repeated vertices are allowed here, so that [`crate::topology`] can report them.

use geo::kernels::{Kernel, Orientation, RobustKernel};
use geo::orient::{Direction, Orient};
use geo::{Centroid, Coord, InteriorPoint, LineString, MultiPolygon, Polygon};
use serde::{Deserialize, Serialize};

use crate::datum::{self, Datum, Point, PointError};

/// A rectangle in degrees, borders included.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bbox {
    pub west: f64,
    pub south: f64,
    pub east: f64,
    pub north: f64,
}

impl Bbox {
    /// Contains nothing; grows by [`Bbox::with`].
    pub const EMPTY: Bbox =
        Bbox { west: f64::INFINITY, south: f64::INFINITY, east: f64::NEG_INFINITY, north: f64::NEG_INFINITY };

    pub fn with(self, lon: f64, lat: f64) -> Bbox {
        Bbox {
            west: self.west.min(lon),
            south: self.south.min(lat),
            east: self.east.max(lon),
            north: self.north.max(lat),
        }
    }

    pub fn union(self, other: Bbox) -> Bbox {
        self.with(other.west, other.south).with(other.east, other.north)
    }

    pub fn contains(self, point: Point) -> bool {
        (self.west..=self.east).contains(&point.lon()) && (self.south..=self.north).contains(&point.lat())
    }

    pub fn intersects(self, other: Bbox) -> bool {
        self.west <= other.east && other.west <= self.east && self.south <= other.north && other.south <= self.north
    }

    /// The rectangle that holds every point within `radius_m` metres of `centre`, and a little more.
    pub fn around(centre: Point, radius_m: f64) -> Bbox {
        let reach_lat = (radius_m / datum::EARTH_RADIUS_M).to_degrees() * 1.001;
        let widest = (centre.lat().abs() + reach_lat).min(89.9).to_radians().cos();
        let reach_lon = reach_lat / widest;
        Bbox {
            west: centre.lon() - reach_lon,
            south: centre.lat() - reach_lat,
            east: centre.lon() + reach_lon,
            north: centre.lat() + reach_lat,
        }
    }
}

/// At least one polygon; every ring closed, with three distinct positions on the globe; exteriors counter-clockwise,
/// holes clockwise.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    polygons: Vec<Polygon<f64>>,
}

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ShapeError {
    #[error("the shape has no polygon")]
    Empty,
    #[error(
        "ring {ring} of polygon {polygon} has fewer than three different positions; a ring lists at least four, the last equal to the first"
    )]
    ShortRing { polygon: usize, ring: usize },
    #[error(
        "position {position} in ring {ring} of polygon {polygon}: {source}; positions are [longitude, latitude] in degrees, not metres"
    )]
    OffGlobe { polygon: usize, ring: usize, position: usize, source: PointError },
}

impl Shape {
    /// Closes open rings and turns them the normal way round.
    pub fn new(polygons: Vec<Polygon<f64>>) -> Result<Shape, ShapeError> {
        if polygons.is_empty() {
            return Err(ShapeError::Empty);
        }
        for (polygon, rings) in polygons.iter().enumerate() {
            for (ring, line) in rings_of(rings).enumerate() {
                check_ring(polygon, ring, line)?;
            }
        }
        Ok(Shape { polygons: polygons.into_iter().map(|polygon| polygon.orient(Direction::Default)).collect() })
    }

    /// A rectangle; its corners are its only vertices. `bbox` must have a width and a height.
    pub fn rectangle(bbox: Bbox) -> Result<Shape, ShapeError> {
        let Bbox { west, south, east, north } = bbox;
        let ring = vec![(west, south), (east, south), (east, north), (west, north)];
        Shape::new(vec![Polygon::new(LineString::from(ring), Vec::new())])
    }

    pub fn polygons(&self) -> &[Polygon<f64>] {
        &self.polygons
    }

    /// Every ring, exteriors and holes alike.
    pub fn rings(&self) -> impl Iterator<Item = &LineString<f64>> {
        self.polygons.iter().flat_map(rings_of)
    }

    pub fn bbox(&self) -> Bbox {
        self.rings().flat_map(|ring| &ring.0).fold(Bbox::EMPTY, |bbox, c| bbox.with(c.x, c.y))
    }

    /// Area in square metres on the WGS84 ellipsoid, holes taken off. Areas of a partition add up to the area of the
    /// whole. Within 1e-4 of the geodesic area for edges under 10 km.
    pub fn area_m2(&self) -> f64 {
        self.polygons
            .iter()
            .map(|polygon| {
                let holes: f64 = polygon.interiors().iter().map(|hole| ring_area_m2(hole).abs()).sum();
                ring_area_m2(polygon.exterior()).abs() - holes
            })
            .sum()
    }

    /// Centre of mass, which may lie outside the shape.
    pub fn centroid(&self) -> Point {
        let centre = self.geometry().centroid().expect("a shape has positions");
        Point::clamped(centre.x(), centre.y())
    }

    /// A position inside the shape, well away from its border where there is room: the place for a label.
    pub fn point_on_surface(&self) -> Point {
        let inside = self.geometry().interior_point().expect("a shape has positions");
        Point::clamped(inside.x(), inside.y())
    }

    /// Whether the point lies inside or on the border. Exact.
    pub fn covers(&self, point: Point) -> bool {
        let mut crossing = Crossing::new(point.lon(), point.lat());
        for ring in self.rings() {
            crossing.ring(&ring.0);
        }
        crossing.side() != Side::Outside
    }

    /// The shape given in `datum`, in WGS84.
    pub fn to_wgs84(&self, datum: Datum) -> Shape {
        let convert = |ring: &LineString<f64>| -> LineString<f64> {
            let moved = |c: &Coord<f64>| {
                let point = datum::to_wgs84(datum, Point::clamped(c.x, c.y));
                Coord { x: point.lon(), y: point.lat() }
            };
            ring.0.iter().map(moved).collect()
        };
        let polygons = self
            .polygons
            .iter()
            .map(|polygon| Polygon::new(convert(polygon.exterior()), polygon.interiors().iter().map(convert).collect()))
            .collect();
        Shape { polygons }
    }

    fn geometry(&self) -> MultiPolygon<f64> {
        MultiPolygon(self.polygons.clone())
    }
}

pub(crate) fn rings_of(polygon: &Polygon<f64>) -> impl Iterator<Item = &LineString<f64>> {
    std::iter::once(polygon.exterior()).chain(polygon.interiors())
}

fn check_ring(polygon: usize, ring: usize, line: &LineString<f64>) -> Result<(), ShapeError> {
    let mut distinct: Vec<&Coord<f64>> = Vec::with_capacity(3);
    for (position, c) in line.0.iter().enumerate() {
        Point::new(c.x, c.y).map_err(|source| ShapeError::OffGlobe { polygon, ring, position, source })?;
        if distinct.len() < 3 && !distinct.contains(&c) {
            distinct.push(c);
        }
    }
    if distinct.len() < 3 { Err(ShapeError::ShortRing { polygon, ring }) } else { Ok(()) }
}

/// Signed area of a closed ring: the shoelace formula in the equal-area cylindrical projection of the ellipsoid
/// (Snyder, Map Projections, 3-12), taken from the first vertex to keep the digits.
pub(crate) fn ring_area_m2(ring: &LineString<f64>) -> f64 {
    const A: f64 = 6_378_137.0;
    const E2: f64 = 0.006_694_379_990_141_317;
    let e = E2.sqrt();
    let flat = |c: &Coord<f64>| {
        let s = c.y.to_radians().sin();
        let q = (1.0 - E2) * (s / (1.0 - E2 * s * s) + (e * s).atanh() / e);
        (c.x.to_radians(), q)
    };
    let Some((x0, y0)) = ring.0.first().map(flat) else {
        return 0.0;
    };
    let mut twice = 0.0;
    let mut last = (0.0, 0.0);
    for (x, y) in ring.0.iter().map(flat) {
        let next = (x - x0, y - y0);
        twice += last.0 * next.1 - next.0 * last.1;
        last = next;
    }
    twice / 2.0 * A * A / 2.0
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Inside,
    Border,
    Outside,
}

/// Counts how often a ray eastward from a position crosses rings. Exact for all doubles: orientation is computed with
/// adaptive precision (Shewchuk), and an edge is half-open in latitude, so a ray through a vertex counts once.
pub(crate) struct Crossing {
    at: Coord<f64>,
    odd: bool,
    border: bool,
}

impl Crossing {
    pub fn new(lon: f64, lat: f64) -> Crossing {
        Crossing { at: Coord { x: lon, y: lat }, odd: false, border: false }
    }

    pub fn ring(&mut self, ring: &[Coord<f64>]) {
        for pair in ring.windows(2) {
            if let [a, b] = pair {
                self.edge(*a, *b);
            }
        }
    }

    #[inline]
    pub fn edge(&mut self, a: Coord<f64>, b: Coord<f64>) {
        let p = self.at;
        if (a.y > p.y) != (b.y > p.y) {
            if a.x < p.x && b.x < p.x {
                return;
            }
            if a.x > p.x && b.x > p.x {
                self.odd ^= true;
                return;
            }
            let (low, high) = if a.y < b.y { (a, b) } else { (b, a) };
            match RobustKernel::orient2d(low, high, p) {
                Orientation::CounterClockwise => self.odd ^= true,
                Orientation::Collinear => self.border = true,
                Orientation::Clockwise => {}
            }
        } else if (a.y == p.y || b.y == p.y) && touches_level(a, b, p) {
            self.border = true;
        }
    }

    pub fn side(&self) -> Side {
        match (self.border, self.odd) {
            (true, _) => Side::Border,
            (false, true) => Side::Inside,
            (false, false) => Side::Outside,
        }
    }
}

/// For an edge with an end on the latitude of `p` that the ray does not cross: whether `p` is that end, or on the edge.
fn touches_level(a: Coord<f64>, b: Coord<f64>, p: Coord<f64>) -> bool {
    a == p || b == p || (a.y == b.y && (a.x < p.x) != (b.x < p.x))
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::GeodesicArea;
    use proptest::prelude::*;

    fn polygon(exterior: &[(f64, f64)], holes: &[&[(f64, f64)]]) -> Polygon<f64> {
        Polygon::new(
            LineString::from(exterior.to_vec()),
            holes.iter().map(|hole| LineString::from(hole.to_vec())).collect(),
        )
    }

    fn shape(exterior: &[(f64, f64)], holes: &[&[(f64, f64)]]) -> Shape {
        Shape::new(vec![polygon(exterior, holes)]).unwrap()
    }

    fn at(lon: f64, lat: f64) -> Point {
        Point::new(lon, lat).unwrap()
    }

    const SQUARE: [(f64, f64); 4] = [(116.0, 39.0), (117.0, 39.0), (117.0, 40.0), (116.0, 40.0)];
    const HOLE: [(f64, f64); 4] = [(116.4, 39.4), (116.6, 39.4), (116.6, 39.6), (116.4, 39.6)];

    #[test]
    fn rings_are_closed_and_turned_the_normal_way() {
        let mut clockwise = SQUARE;
        clockwise.reverse();
        let shape = shape(&clockwise, &[&HOLE]);
        let [polygon] = shape.polygons() else { panic!("one polygon") };
        assert!(ring_area_m2(polygon.exterior()) > 0.0);
        assert!(ring_area_m2(&polygon.interiors()[0]) < 0.0);
        assert!(shape.rings().all(LineString::is_closed));
    }

    #[test]
    fn what_is_not_a_boundary_is_refused_with_its_place() {
        assert_eq!(Shape::new(Vec::new()), Err(ShapeError::Empty));
        let line = polygon(&[(1.0, 1.0), (2.0, 2.0), (1.0, 1.0)], &[]);
        assert_eq!(Shape::new(vec![line]), Err(ShapeError::ShortRing { polygon: 0, ring: 0 }));
        let metres = polygon(&SQUARE, &[&[(500_000.0, 4_000_000.0), (1.0, 1.0), (2.0, 1.0)]]);
        let error = Shape::new(vec![metres]).unwrap_err();
        assert!(matches!(error, ShapeError::OffGlobe { polygon: 0, ring: 1, position: 0, .. }), "{error:?}");
    }

    #[test]
    fn the_area_agrees_with_geodesics_and_takes_holes_off() {
        let block = [(116.39, 39.90), (116.41, 39.901), (116.409, 39.918), (116.40, 39.915), (116.391, 39.917)];
        let court = [(116.400, 39.905), (116.402, 39.905), (116.402, 39.907), (116.400, 39.907)];
        let shape = shape(&block, &[&court]);
        let geodesic = shape.polygons()[0].geodesic_area_unsigned();
        assert!((shape.area_m2() / geodesic - 1.0).abs() < 1e-5, "{} {geodesic}", shape.area_m2());
    }

    #[test]
    fn the_place_for_a_label_lies_inside_even_where_the_centroid_does_not() {
        let horseshoe = shape(
            &[(0.0, 0.0), (3.0, 0.0), (3.0, 3.0), (2.0, 3.0), (2.0, 1.0), (1.0, 1.0), (1.0, 3.0), (0.0, 3.0)],
            &[],
        );
        assert!(!horseshoe.covers(at(1.5, 1.6)));
        assert!(horseshoe.covers(horseshoe.point_on_surface()));
        let centre = shape(&SQUARE, &[]).centroid();
        assert!((centre.lon() - 116.5).abs() < 1e-9 && (centre.lat() - 39.5).abs() < 1e-9);
    }

    #[test]
    fn a_hole_is_outside_but_its_border_belongs_to_the_shape() {
        let ring = shape(&SQUARE, &[&HOLE]);
        assert!(ring.covers(at(116.1, 39.5)));
        assert!(!ring.covers(at(116.5, 39.5)));
        assert!(ring.covers(at(116.4, 39.5)));
        assert!(ring.covers(at(116.6, 39.6)));
    }

    #[test]
    fn a_boundary_drawn_on_gcj02_is_moved_as_its_points_are() {
        let moved = shape(&SQUARE, &[]).to_wgs84(Datum::Gcj02);
        let corner = datum::to_wgs84(Datum::Gcj02, at(116.0, 39.0));
        assert!(moved.rings().any(|ring| ring.0.contains(&Coord { x: corner.lon(), y: corner.lat() })));
    }

    /// Even-odd along a ray northward, in whole numbers: slow, and independent of the code under test.
    fn side_in_whole_numbers(ring: &[(i64, i64)], (x, y): (i64, i64)) -> Side {
        let mut odd = false;
        for (&(ax, ay), &(bx, by)) in ring.iter().zip(ring.iter().cycle().skip(1)) {
            let turn = (bx - ax) * (y - ay) - (by - ay) * (x - ax);
            let in_box = (ax.min(bx)..=ax.max(bx)).contains(&x) && (ay.min(by)..=ay.max(by)).contains(&y);
            if turn == 0 && in_box {
                return Side::Border;
            }
            let above = if bx > ax { turn < 0 } else { turn > 0 };
            odd ^= (ax > x) != (bx > x) && above;
        }
        if odd { Side::Inside } else { Side::Outside }
    }

    proptest! {
        /// On a small lattice, so that vertices, borders and level edges are met often.
        #[test]
        fn the_crossing_test_is_right_on_vertices_borders_and_level_edges(
            ring in prop::collection::vec((0..6i64, 0..6i64), 3..9),
            x in 0..6i64, y in 0..6i64,
        ) {
            let coord = |(x, y): (i64, i64)| Coord { x: x as f64, y: y as f64 };
            let mut crossing = Crossing::new(x as f64, y as f64);
            crossing.ring(LineString::from_iter(ring.iter().copied().map(coord)).0.as_slice());
            crossing.edge(coord(ring[ring.len() - 1]), coord(ring[0]));
            prop_assert_eq!(crossing.side(), side_in_whole_numbers(&ring, (x, y)));
        }
    }
}
