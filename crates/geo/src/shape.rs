//! The boundary of an area: one or more polygons, possibly with holes, in WGS84 degrees.
//!
//! Edges are straight in longitude and latitude, as GeoJSON says. Shapes may not cross the antimeridian. What the rules
//! of the OGC do not allow is allowed here, so that [`crate::topology`] can report it; such a shape covers what any of
//! its polygons covers, and a polygon what its exterior goes around at least once and none of its holes does. So nothing
//! drawn twice takes itself away.

use std::borrow::Cow;

use geo::bool_ops::{FillRule, OpType};
use geo::kernels::{Kernel, Orientation, RobustKernel};
use geo::orient::{Direction, Orient};
use geo::{BooleanOps, Centroid, Coord, InteriorPoint, LineString, MultiPolygon, Polygon};
use serde::{Deserialize, Serialize};

use crate::datum::{self, Datum, Point, PointError};
use crate::topology;

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

/// Polygons, rings and positions are counted from 1; ring 1 is the exterior.
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
        for (polygon, rings) in (1..).zip(&polygons) {
            for (ring, line) in (1..).zip(rings_of(rings)) {
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

    /// Area in square metres on the WGS84 ellipsoid, holes taken off, ground that is drawn twice counted once. Areas of a
    /// partition add up to the area of the whole. Within 1e-4 of the geodesic area for edges under 10 km.
    pub fn area_m2(&self) -> f64 {
        self.ground()
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
        self.side(Coord { x: point.lon(), y: point.lat() }) != Side::Outside
    }

    /// Inside where any polygon has its inside.
    pub(crate) fn side(&self, at: Coord<f64>) -> Side {
        let sides =
            self.polygons.iter().map(|polygon| polygon_side(rings_of(polygon).map(|ring| ring.0.as_slice()), at));
        sides.max().unwrap_or(Side::Outside)
    }

    /// What the shape covers, as polygons that do not meet: its own where the rules of the OGC hold, else computed.
    pub(crate) fn ground(&self) -> Cow<'_, [Polygon<f64>]> {
        if topology::is_ground_clear(self) {
            return Cow::Borrowed(&self.polygons);
        }
        let filled = |ring: &LineString<f64>| Polygon::new(ring.clone(), Vec::new());
        let parts: Vec<MultiPolygon<f64>> = self
            .polygons
            .iter()
            .map(|polygon| {
                let holes = MultiPolygon(polygon.interiors().iter().map(filled).collect());
                let exterior = filled(polygon.exterior());
                exterior
                    .boolean_op_with_fill_rule(&holes, OpType::Difference, FillRule::NonZero)
                    .orient(Direction::Default)
            })
            .collect();
        Cow::Owned(geo::unary_union(&parts).0)
    }

    /// The same ground without what the rules of the OGC do not allow; nothing where they hold, and where a shape that
    /// covers no ground is left.
    pub(crate) fn cleared(&self) -> Option<Shape> {
        match self.ground() {
            Cow::Borrowed(_) => None,
            Cow::Owned(polygons) => Shape::new(polygons).ok(),
        }
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
    for (position, c) in (1..).zip(&line.0) {
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Outside,
    Border,
    Inside,
}

/// The side of a polygon given as its closed rings, the exterior first. A hole's border belongs to the polygon.
pub(crate) fn polygon_side<'a>(mut rings: impl Iterator<Item = &'a [Coord<f64>]>, at: Coord<f64>) -> Side {
    let mut side = rings.next().map_or(Side::Outside, |exterior| ring_side(exterior, at));
    if side == Side::Outside {
        return side;
    }
    for hole in rings {
        match ring_side(hole, at) {
            Side::Inside => return Side::Outside,
            Side::Border => side = Side::Border,
            Side::Outside => {}
        }
    }
    side
}

/// The side of one closed ring: inside is what it goes around at least once, either way.
#[inline]
pub(crate) fn ring_side(ring: &[Coord<f64>], at: Coord<f64>) -> Side {
    let mut crossing = Crossing::new(at);
    for pair in ring.windows(2) {
        if let [a, b] = pair {
            crossing.edge(*a, *b);
        }
    }
    crossing.side()
}

/// Counts how often a ray eastward from a position crosses a ring upward, less how often downward: so often the ring
/// goes around it. Exact for all doubles: orientation is computed with adaptive precision (Shewchuk), and an edge is
/// half-open in latitude, so a ray through a vertex counts once.
struct Crossing {
    at: Coord<f64>,
    turns: i32,
    border: bool,
}

impl Crossing {
    fn new(at: Coord<f64>) -> Crossing {
        Crossing { at, turns: 0, border: false }
    }

    #[inline]
    fn edge(&mut self, a: Coord<f64>, b: Coord<f64>) {
        let p = self.at;
        if (a.y > p.y) != (b.y > p.y) {
            if a.x < p.x && b.x < p.x {
                return;
            }
            let turn = if a.y < b.y { 1 } else { -1 };
            if a.x > p.x && b.x > p.x {
                self.turns += turn;
                return;
            }
            let (low, high) = if a.y < b.y { (a, b) } else { (b, a) };
            match RobustKernel::orient2d(low, high, p) {
                Orientation::CounterClockwise => self.turns += turn,
                Orientation::Collinear => self.border = true,
                Orientation::Clockwise => {}
            }
        } else if (a.y == p.y || b.y == p.y) && touches_level(a, b, p) {
            self.border = true;
        }
    }

    fn side(&self) -> Side {
        match (self.border, self.turns) {
            (true, _) => Side::Border,
            (false, 0) => Side::Outside,
            (false, _) => Side::Inside,
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
        assert_eq!(Shape::new(vec![line]), Err(ShapeError::ShortRing { polygon: 1, ring: 1 }));
        let metres = polygon(&SQUARE, &[&[(500_000.0, 4_000_000.0), (1.0, 1.0), (2.0, 1.0)]]);
        let error = Shape::new(vec![metres]).unwrap_err();
        assert!(matches!(error, ShapeError::OffGlobe { polygon: 1, ring: 2, position: 1, .. }), "{error:?}");
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

    /// The squares of these corners, each as a part of one shape.
    fn squares(corners: &[(f64, f64, f64)]) -> Shape {
        let square = |&(x, y, side): &(f64, f64, f64)| {
            polygon(&[(x, y), (x + side, y), (x + side, y + side), (x, y + side)], &[])
        };
        Shape::new(corners.iter().map(square).collect()).unwrap()
    }

    #[test]
    fn a_part_drawn_twice_or_inside_another_or_over_another_takes_no_ground_away() {
        let alone = squares(&[(0.0, 0.0, 0.4)]).area_m2();
        for second in [(0.0, 0.0, 0.4), (0.1, 0.1, 0.1)] {
            let shape = squares(&[(0.0, 0.0, 0.4), second]);
            assert!(shape.covers(at(0.15, 0.15)) && shape.covers(at(0.3, 0.3)), "{second:?}");
            assert!((shape.area_m2() / alone - 1.0).abs() < 1e-8, "{second:?}");
        }
        let over = squares(&[(0.0, 0.0, 0.4), (0.3, 0.3, 0.4)]);
        assert!(over.covers(at(0.35, 0.35)) && over.covers(at(0.6, 0.6)) && !over.covers(at(0.6, 0.1)));
        let sum = alone + squares(&[(0.3, 0.3, 0.4)]).area_m2() - squares(&[(0.3, 0.3, 0.1)]).area_m2();
        assert!((over.area_m2() / sum - 1.0).abs() < 1e-8);
    }

    #[test]
    fn a_part_fills_the_hole_of_another_and_a_hole_outside_its_part_takes_nothing_from_the_next() {
        let filled = Shape::new(vec![polygon(&SQUARE, &[&HOLE]), polygon(&HOLE, &[])]).unwrap();
        assert!(filled.covers(at(116.5, 39.5)));
        let stray = [(118.0, 39.0), (118.1, 39.0), (118.1, 39.1), (118.0, 39.1)];
        let next = [(117.9, 38.9), (118.2, 38.9), (118.2, 39.2), (117.9, 39.2)];
        let shape = Shape::new(vec![polygon(&SQUARE, &[&stray]), polygon(&next, &[])]).unwrap();
        assert!(shape.covers(at(118.05, 39.05)));
        let whole = Shape::new(vec![polygon(&SQUARE, &[]), polygon(&next, &[])]).unwrap();
        assert!((shape.area_m2() / whole.area_m2() - 1.0).abs() < 1e-8);
    }

    #[test]
    fn both_wings_of_a_bow_tie_are_ground() {
        let bow_tie = shape(&[(116.0, 39.0), (116.2, 39.2), (116.2, 39.0), (116.0, 39.2)], &[]);
        assert!(bow_tie.covers(at(116.05, 39.1)) && bow_tie.covers(at(116.15, 39.1)));
        assert!(!bow_tie.covers(at(116.1, 39.05)));
        let half = shape(&[(116.0, 39.0), (116.2, 39.0), (116.2, 39.2), (116.0, 39.2)], &[]).area_m2() / 2.0;
        assert!((bow_tie.area_m2() / half - 1.0).abs() < 1e-3);
    }

    type Ring = Vec<(i64, i64)>;

    /// Turns around a position along a ray northward, in whole numbers: slow, and independent of the code under test.
    fn side_in_whole_numbers(ring: &[(i64, i64)], (x, y): (i64, i64)) -> Side {
        let mut turns = 0;
        for (&(ax, ay), &(bx, by)) in ring.iter().zip(ring.iter().cycle().skip(1)) {
            let turn = (bx - ax) * (y - ay) - (by - ay) * (x - ax);
            let in_box = (ax.min(bx)..=ax.max(bx)).contains(&x) && (ay.min(by)..=ay.max(by)).contains(&y);
            if turn == 0 && in_box {
                return Side::Border;
            }
            let is_rightward = bx > ax;
            let above = if is_rightward { turn < 0 } else { turn > 0 };
            if (ax > x) != (bx > x) && above {
                turns += if is_rightward { 1 } else { -1 };
            }
        }
        if turns == 0 { Side::Outside } else { Side::Inside }
    }

    /// In the exterior and in none of the holes of any polygon.
    fn side_of_polygons_in_whole_numbers(polygons: &[(Ring, Vec<Ring>)], at: (i64, i64)) -> Side {
        let side = |(exterior, holes): &(Ring, Vec<Ring>)| {
            let exterior = side_in_whole_numbers(exterior, at);
            let holes: Vec<Side> = holes.iter().map(|hole| side_in_whole_numbers(hole, at)).collect();
            if exterior == Side::Outside || holes.contains(&Side::Inside) {
                Side::Outside
            } else if holes.contains(&Side::Border) {
                Side::Border
            } else {
                exterior
            }
        };
        polygons.iter().map(side).max().unwrap_or(Side::Outside)
    }

    fn coords(ring: &[(i64, i64)]) -> LineString<f64> {
        ring.iter().map(|&(x, y)| Coord { x: x as f64, y: y as f64 }).collect()
    }

    fn ring() -> impl Strategy<Value = Ring> {
        prop::collection::vec((0..6i64, 0..6i64), 3..9)
    }

    proptest! {
        /// On a small lattice, so that vertices, borders and level edges are met often.
        #[test]
        fn the_crossing_test_is_right_on_vertices_borders_and_level_edges(
            ring in ring(), x in 0..6i64, y in 0..6i64,
        ) {
            let mut closed = coords(&ring);
            closed.close();
            let side = ring_side(&closed.0, Coord { x: x as f64, y: y as f64 });
            prop_assert_eq!(side, side_in_whole_numbers(&ring, (x, y)));
        }

        /// Whatever rings they are: crossing, one in the other, twice, holes anywhere.
        #[test]
        fn a_shape_covers_what_any_of_its_polygons_does(
            polygons in prop::collection::vec((ring(), prop::collection::vec(ring(), 0..3)), 1..4),
        ) {
            let drawn = polygons.iter().map(|(exterior, holes)| {
                Polygon::new(coords(exterior), holes.iter().map(|hole| coords(hole)).collect())
            });
            let Ok(shape) = Shape::new(drawn.collect()) else { return Ok(()) };
            let index = crate::index::GridIndex::build([(7, &shape)]);
            for (x, y) in (-1..7i64).flat_map(|x| (-1..7i64).map(move |y| (x, y))) {
                let point = at(x as f64, y as f64);
                let covers = side_of_polygons_in_whole_numbers(&polygons, (x, y)) != Side::Outside;
                prop_assert_eq!(shape.covers(point), covers, "{} {}", x, y);
                prop_assert_eq!(index.locate(point), covers.then_some(7), "{} {}", x, y);
            }
        }
    }
}
