//! Towns that never were: irregular grids that tile an outline without gaps, the same for the same seed on every
//! machine; and dissolving neighbours into the area they make up together.
//!
//! Neighbouring cells share their vertices to the last bit, which is what makes [`merge`] exact and
//! [`crate::topology`] silent. Start at [`tessellate`].

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::f64::consts::TAU;

use geo::{Coord, LineString, Polygon};

use crate::datum::Point;
use crate::shape::{Bbox, Shape, Side, ring_area_m2, ring_side};

/// One grid of a made-up town. Rows run south to north, columns west to east; cells whose rows or columns differ by one
/// share a border.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    pub row: u32,
    pub column: u32,
    pub shape: Shape,
}

/// Exactly `n` cells of 12 vertices that together cover about the inside of `boundary`, in one piece, ordered by row
/// and column. The boundary is followed along cell borders, not cut. Vertices are rounded to 1e-8 degrees, a
/// millimetre; cells must be larger than a metre. About 6 µs a cell.
pub fn tessellate(boundary: &Shape, n: usize, seed: u64) -> Vec<Cell> {
    let bbox = boundary.bbox();
    let mut lattice = Lattice::new(bbox, n, seed);
    let places = loop {
        if let Some(places) = lattice.places(boundary, n) {
            break places;
        }
        lattice.step_lat *= 0.97;
        lattice.step_lon *= 0.97;
    };
    places.into_iter().map(|(row, column)| Cell { row, column, shape: lattice.cell(row, column) }).collect()
}

/// An irregular outline such as a city has, filling most of `bbox`.
pub fn outline(bbox: Bbox, seed: u64) -> Shape {
    const CORNERS: u32 = 120;
    let waves: Vec<(f64, f64, f64)> = (2..9u32)
        .map(|k| (f64::from(k), 0.25 * unit(seed, [k, 0, 0, 7]) / f64::from(k).sqrt(), TAU * unit(seed, [k, 1, 0, 7])))
        .collect();
    let radius = |angle: f64| 1.0 + waves.iter().map(|(k, size, phase)| size * (k * angle + phase).cos()).sum::<f64>();
    let angles: Vec<f64> = (0..CORNERS).map(|corner| TAU * f64::from(corner) / f64::from(CORNERS)).collect();
    let widest = angles.iter().map(|&angle| radius(angle)).fold(0.0, f64::max);
    let (half_width, half_height) = ((bbox.east - bbox.west) / 2.0, (bbox.north - bbox.south) / 2.0);
    let ring = angles
        .iter()
        .map(|&angle| {
            let reach = (radius(angle) / widest).max(0.2);
            Coord {
                x: round(bbox.west + half_width * (1.0 + reach * angle.cos())),
                y: round(bbox.south + half_height * (1.0 + reach * angle.sin())),
            }
        })
        .collect();
    Shape::new(vec![Polygon::new(ring, Vec::new())]).expect("120 corners around the middle of a box on the globe")
}

/// Lattice corners, moved; between two corners two more vertices, moved; the whole bent by a slow wave. The moves are so
/// small that no two borders cross: a corner moves by at most 0.2 steps, so borders leave it at least 22° apart, and
/// the vertices next to it turn each by at most 9°; the wave is nearly linear over a cell.
struct Lattice {
    bbox: Bbox,
    step_lon: f64,
    step_lat: f64,
    seed: u64,
}

const CORNER_MOVE: f64 = 0.2;
const BORDER_MOVE: f64 = 0.05;
/// Of the width of the whole; times 2π it must stay well below 1, or the plane would fold.
const BEND: f64 = 0.03;

impl Lattice {
    fn new(bbox: Bbox, n: usize, seed: u64) -> Lattice {
        let (width, height) = (bbox.east - bbox.west, bbox.north - bbox.south);
        let squash = ((bbox.north + bbox.south) / 2.0).to_radians().cos().max(0.01);
        let step_lat = (width * squash * height / n.max(1) as f64).sqrt();
        Lattice { bbox, step_lon: step_lat / squash, step_lat, seed }
    }

    /// The `n` places that grow from the middle of the boundary, nearest first; none if they do not fit.
    fn places(&self, boundary: &Shape, n: usize) -> Option<BTreeSet<(u32, u32)>> {
        let start = boundary.point_on_surface();
        let middle = self.place_of(start);
        let distance = |(row, column): (u32, u32)| {
            let (up, right) = (u64::from(row.abs_diff(middle.0)), u64::from(column.abs_diff(middle.1)));
            up * up + right * right
        };
        let mut seen = BTreeSet::from([middle]);
        let mut front = BinaryHeap::from([Reverse((0, middle))]);
        let mut taken = BTreeSet::new();
        while taken.len() < n {
            let Reverse((_, place)) = front.pop()?;
            let (row, column) = place;
            if place != middle && !self.centre(place).is_some_and(|centre| boundary.covers(centre)) {
                continue;
            }
            taken.insert(place);
            let sides = [
                (row.checked_add(1), Some(column)),
                (row.checked_sub(1), Some(column)),
                (Some(row), column.checked_add(1)),
                (Some(row), column.checked_sub(1)),
            ];
            for side in sides {
                if let (Some(row), Some(column)) = side
                    && seen.insert((row, column))
                {
                    front.push(Reverse((distance((row, column)), (row, column))));
                }
            }
        }
        Some(taken)
    }

    /// Undoes [`Lattice::bend`], to within a small part of a cell: each round gains a digit.
    fn place_of(&self, point: Point) -> (u32, u32) {
        let whole = |steps: f64| steps as u32;
        let (mut row, mut column) = (0.0, 0.0);
        for _ in 0..12 {
            let at = self.bend(row, column);
            row += (point.lat() - at.y) / self.step_lat;
            column += (point.lon() - at.x) / self.step_lon;
        }
        (whole(row), whole(column))
    }

    fn centre(&self, (row, column): (u32, u32)) -> Option<Point> {
        let at = self.bend(f64::from(row) + 0.5, f64::from(column) + 0.5);
        Point::new(at.x, at.y).ok()
    }

    /// Where a row and column lie. The first row and column lie outside the box, however the wave bends them.
    fn bend(&self, row: f64, column: f64) -> Coord<f64> {
        let (width, height) = (self.bbox.east - self.bbox.west, self.bbox.north - self.bbox.south);
        let (x, y) = (column * self.step_lon, row * self.step_lat);
        let phase = |k| TAU * unit(self.seed, [k, 0, 0, 8]);
        let (wave_x, wave_y) = ((TAU * y / height + phase(0)).sin(), (TAU * x / width + phase(1)).sin());
        Coord {
            x: round(self.bbox.west + x + BEND * width * (wave_x - 1.0)),
            y: round(self.bbox.south + y + BEND * height * (wave_y - 1.0)),
        }
    }

    /// A corner's row and column after its move.
    fn corner(&self, row: u32, column: u32) -> (f64, f64) {
        let part = |k| CORNER_MOVE * (2.0 * unit(self.seed, [row, column, k, 0]) - 1.0);
        (f64::from(row) + part(0), f64::from(column) + part(1))
    }

    /// The first corner and the two vertices after it on the border between two corners that are neighbours; `from` is
    /// south or west of `to`.
    fn border(&self, from: (u32, u32), to: (u32, u32)) -> [Coord<f64>; 3] {
        let direction = if from.0 == to.0 { 1 } else { 2 };
        let (a, b) = (self.corner(from.0, from.1), self.corner(to.0, to.1));
        let along = (b.0 - a.0, b.1 - a.1);
        let between = |k: u32| {
            let t = f64::from(k) / 3.0;
            let aside = BORDER_MOVE * (2.0 * unit(self.seed, [from.0, from.1, k, direction]) - 1.0);
            self.bend(a.0 + t * along.0 + aside * along.1, a.1 + t * along.1 - aside * along.0)
        };
        [self.bend(a.0, a.1), between(1), between(2)]
    }

    fn cell(&self, row: u32, column: u32) -> Shape {
        let (south_west, south_east) = ((row, column), (row, column + 1));
        let (north_west, north_east) = ((row + 1, column), (row + 1, column + 1));
        let corner = |(row, column)| {
            let (row, column) = self.corner(row, column);
            self.bend(row, column)
        };
        let backwards = |from, to| {
            let [_, first, second] = self.border(from, to);
            [corner(to), second, first]
        };
        let ring: LineString<f64> = [
            self.border(south_west, south_east),
            self.border(south_east, north_east),
            backwards(north_west, north_east),
            backwards(south_west, north_west),
        ]
        .into_iter()
        .flatten()
        .collect();
        Shape::new(vec![Polygon::new(ring, Vec::new())]).expect("a cell larger than its rounding, on the globe")
    }
}

fn round(degrees: f64) -> f64 {
    (degrees * 1e8).round() / 1e8
}

/// A number in 0..1 that depends on the seed and the key alone (splitmix64's finaliser, chained).
fn unit(seed: u64, key: [u32; 4]) -> f64 {
    let mixed = key.iter().fold(seed, |state, &part| {
        let mut z = (state ^ u64::from(part)).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    });
    (mixed >> 11) as f64 / (1u64 << 53) as f64
}

/// The area that shapes make up together. Borders they share to the last bit disappear; nothing is computed, so every
/// vertex of the answer is one of theirs. The shapes must not overlap. None if there are no shapes. O(n log n).
pub fn merge(shapes: &[&Shape]) -> Option<Shape> {
    let mut exteriors = Vec::new();
    let mut holes = Vec::new();
    for ring in Outline::of(shapes.iter().copied()).rings(Turn::Left) {
        let ring = LineString::new(ring);
        if ring_area_m2(&ring) > 0.0 { exteriors.push((ring, Vec::new())) } else { holes.push(ring) }
    }
    exteriors.sort_by(|(a, _), (b, _)| ring_area_m2(a).total_cmp(&ring_area_m2(b)));
    for hole in holes {
        if let Some((_, inside)) = exteriors.iter_mut().find(|(exterior, _)| holds(exterior, &hole)) {
            inside.push(hole);
        }
    }
    exteriors.sort_by(|(a, _), (b, _)| by_position(first(a), first(b)));
    let polygons = exteriors.into_iter().map(|(exterior, holes)| Polygon::new(exterior, holes)).collect();
    Shape::new(polygons).ok()
}

fn first(ring: &LineString<f64>) -> Coord<f64> {
    ring.0.first().copied().unwrap_or_default()
}

/// Whether the hole lies in the exterior; they do not cross, but may touch in vertices.
fn holds(exterior: &LineString<f64>, hole: &LineString<f64>) -> bool {
    let side = |c: &Coord<f64>| ring_side(&exterior.0, *c);
    hole.0.iter().map(side).find(|&side| side != Side::Border) == Some(Side::Inside)
}

pub(crate) type Edge = (Coord<f64>, Coord<f64>);

/// Directed edges with the inside on their left; where one runs against another to the last bit, both taken out.
pub(crate) struct Outline {
    /// By start, then by end.
    edges: Vec<Edge>,
}

impl Outline {
    pub fn of<'a>(shapes: impl IntoIterator<Item = &'a Shape>) -> Outline {
        Outline::of_edges(shapes.into_iter().flat_map(edges_of))
    }

    pub fn of_edges(edges: impl IntoIterator<Item = Edge>) -> Outline {
        let clean = |c: Coord<f64>| Coord { x: c.x + 0.0, y: c.y + 0.0 };
        let mut edges: Vec<Edge> =
            edges.into_iter().map(|(a, b)| (clean(a), clean(b))).filter(|(a, b)| a != b).collect();
        let upward = |&(a, b): &Edge| by_position(a, b) == Ordering::Less;
        let low_high = |edge: &Edge| if upward(edge) { (edge.0, edge.1) } else { (edge.1, edge.0) };
        edges.sort_by(|a, b| by_edge(low_high(a), low_high(b)).then_with(|| upward(a).cmp(&upward(b))));
        let mut left = Vec::new();
        for same in edges.chunk_by(|a, b| low_high(a) == low_high(b)) {
            let downwards = same.iter().filter(|edge| !upward(edge)).count();
            let upwards = same.len() - downwards;
            let cancelled = upwards.min(downwards);
            left.extend(same.iter().take(downwards - cancelled));
            left.extend(same.iter().skip(downwards + cancelled));
        }
        left.sort_by(|a, b| by_edge(*a, *b));
        Outline { edges: left }
    }

    pub fn is_empty(&self) -> bool {
        self.edges.is_empty()
    }

    /// Simple closed rings, each closed where the walk first comes back to one of its vertices.
    pub fn rings(&self, at_junctions: Turn) -> Vec<Vec<Coord<f64>>> {
        let mut rings = Vec::new();
        let mut unused: BTreeSet<usize> = (0..self.edges.len()).collect();
        while let Some(start) = unused.pop_first() {
            let mut path: Vec<Coord<f64>> = Vec::new();
            let mut steps: BTreeMap<(u64, u64), usize> = BTreeMap::new();
            let mut edge = start;
            while let Some(&(from, to)) = self.edges.get(edge) {
                steps.insert(bits(from), path.len());
                path.push(from);
                if let Some(&closing) = steps.get(&bits(to)) {
                    let mut ring: Vec<Coord<f64>> = path.drain(closing..).collect();
                    ring.iter().for_each(|c| _ = steps.remove(&bits(*c)));
                    ring.push(to);
                    rings.push(ring);
                    if path.is_empty() {
                        break;
                    }
                }
                let Some(next) = self.next(from, to, at_junctions, &unused) else {
                    break;
                };
                unused.remove(&next);
                edge = next;
            }
        }
        rings
    }

    fn next(&self, from: Coord<f64>, at: Coord<f64>, at_junctions: Turn, unused: &BTreeSet<usize>) -> Option<usize> {
        let first = self.edges.partition_point(|edge| by_position(edge.0, at) == Ordering::Less);
        let turn = |edge: &usize| {
            let (dx, dy) = (at.x - from.x, at.y - from.y);
            let to = self.edges.get(*edge).map_or(at, |edge| edge.1);
            let (ex, ey) = (to.x - at.x, to.y - at.y);
            let left = (dx * ey - dy * ex).atan2(dx * ex + dy * ey);
            if at_junctions == Turn::Left { left } else { -left }
        };
        unused
            .range(first..)
            .copied()
            .take_while(|&edge| self.edges.get(edge).is_some_and(|edge| edge.0 == at))
            .max_by(|a, b| turn(a).total_cmp(&turn(b)))
    }
}

/// Which way a walk along an outline goes where borders touch in a vertex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Keeps to the ground inside: two areas that touch are two rings.
    Left,
    /// Keeps to the ground outside: two gaps that touch are two rings.
    Right,
}

/// Every edge of every ring, the inside on its left.
pub(crate) fn edges_of(shape: &Shape) -> impl Iterator<Item = Edge> {
    shape.rings().flat_map(|ring| ring.0.iter().copied().zip(ring.0.iter().skip(1).copied()))
}

fn bits(c: Coord<f64>) -> (u64, u64) {
    (c.x.to_bits(), c.y.to_bits())
}

fn by_position(a: Coord<f64>, b: Coord<f64>) -> Ordering {
    a.x.total_cmp(&b.x).then_with(|| a.y.total_cmp(&b.y))
}

fn by_edge(a: Edge, b: Edge) -> Ordering {
    by_position(a.0, b.0).then_with(|| by_position(a.1, b.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::GridIndex;
    use proptest::prelude::*;

    fn town(n: usize, seed: u64) -> Vec<Cell> {
        let bbox = Bbox { west: 116.0, south: 39.5, east: 116.4, north: 39.8 };
        tessellate(&outline(bbox, seed), n, seed)
    }

    fn merged<'a>(cells: impl IntoIterator<Item = &'a Cell>) -> Shape {
        merge(&cells.into_iter().map(|cell| &cell.shape).collect::<Vec<_>>()).unwrap()
    }

    fn square(x: f64, y: f64, side: f64) -> Shape {
        Shape::rectangle(Bbox { west: x, south: y, east: x + side, north: y + side }).unwrap()
    }

    fn ring_sizes(shape: &Shape) -> Vec<Vec<usize>> {
        shape.polygons().iter().map(|p| crate::shape::rings_of(p).map(|ring| ring.0.len() - 1).collect()).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_town_and_another_seed_another() {
        assert_eq!(town(50, 7), town(50, 7));
        assert_ne!(town(50, 7), town(50, 8));
        let corner = town(50, 7)[0].shape.polygons()[0].exterior().0[0];
        assert_eq!((corner.x, corner.y), (116.14339961, 39.51126963));
    }

    #[test]
    fn a_rectangle_is_tiled_as_well_as_a_city() {
        let cells = tessellate(&square(0.0, 0.0, 0.1), 100, 1);
        assert_eq!(cells.len(), 100);
        let share = merged(&cells).area_m2() / square(0.0, 0.0, 0.1).area_m2();
        assert!((0.9..1.1).contains(&share), "{share}");
    }

    #[test]
    fn squares_merge_into_their_outline_with_every_vertex_kept() {
        let (a, b) = (square(0.0, 0.0, 1.0), square(1.0, 0.0, 1.0));
        assert_eq!(ring_sizes(&merge(&[&a, &b]).unwrap()), [[6]]);
        assert_eq!(merge(&[&a]), Some(a));
        assert_eq!(merge(&[]), None);
    }

    #[test]
    fn a_court_between_merged_squares_becomes_a_hole_and_a_filled_court_none() {
        let squares: Vec<Shape> = (0..9).map(|i| square(f64::from(i % 3), f64::from(i / 3), 1.0)).collect();
        let around: Vec<&Shape> = squares.iter().enumerate().filter(|(i, _)| *i != 4).map(|(_, s)| s).collect();
        assert_eq!(ring_sizes(&merge(&around).unwrap()), [[12, 4]]);
        assert_eq!(ring_sizes(&merge(&squares.iter().collect::<Vec<_>>()).unwrap()), [[12]]);
        let back = merge(&[&merge(&around).unwrap(), &squares[4]]).unwrap();
        assert_eq!(ring_sizes(&back), [[12]]);
    }

    #[test]
    fn squares_that_touch_in_a_corner_stay_apart_and_a_court_touching_the_outside_stays_a_hole() {
        let (a, b) = (square(0.0, 0.0, 1.0), square(1.0, 1.0, 1.0));
        assert_eq!(ring_sizes(&merge(&[&a, &b]).unwrap()), [[4], [4]]);
        let without = |left_out: &[u8]| {
            let squares: Vec<Shape> = (0..9u8)
                .filter(|place| !left_out.contains(place))
                .map(|place| square(f64::from(place % 3), f64::from(place / 3), 1.0))
                .collect();
            ring_sizes(&merge(&squares.iter().collect::<Vec<_>>()).unwrap())
        };
        assert_eq!(without(&[4, 8]), [[12, 4]]);
        assert_eq!(without(&[0, 4, 8]), [[8], [8]], "two angles that touch in two corners");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn a_town_has_as_many_grids_as_asked_for_in_one_piece_without_gaps_or_overlaps(n in 1usize..400, seed: u64) {
            let cells = town(n, seed);
            prop_assert_eq!(cells.len(), n);
            let whole = merged(&cells);
            prop_assert_eq!(whole.polygons().len(), 1);
            let sum: f64 = cells.iter().map(|cell| cell.shape.area_m2()).sum();
            prop_assert!((sum / whole.area_m2() - 1.0).abs() < 1e-9);
            let index = GridIndex::build((0..).zip(cells.iter().map(|cell| &cell.shape)));
            for (handle, cell) in (0..).zip(&cells) {
                prop_assert_eq!(cell.shape.polygons()[0].exterior().0.len(), 13);
                prop_assert_eq!(index.locate(cell.shape.centroid()), Some(handle));
            }
        }

        #[test]
        fn merging_in_two_steps_is_merging_at_once(n in 2usize..300, seed: u64, width in 1u32..9) {
            let cells = town(n, seed);
            let mut blocks: BTreeMap<(u32, u32), Vec<&Cell>> = BTreeMap::new();
            for cell in &cells {
                blocks.entry((cell.row / width, cell.column / width)).or_default().push(cell);
            }
            let communities: Vec<Shape> = blocks.into_values().map(merged).collect();
            let in_two_steps = merge(&communities.iter().collect::<Vec<_>>()).unwrap();
            prop_assert!((in_two_steps.area_m2() / merged(&cells).area_m2() - 1.0).abs() < 1e-9);
            prop_assert_eq!(ring_sizes(&in_two_steps), ring_sizes(&merged(&cells)));
        }
    }
}
