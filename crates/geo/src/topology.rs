//! What is wrong with a division of the ground into areas: gaps, overlaps, slivers, self-crossings, children that leave
//! their parent. Each fault has its place, its size and the areas concerned.
//!
//! Areas are taken level by level; areas of one level should tile the ground. Borders that neighbours share vertex for
//! vertex cancel out, so only what does not fit is looked at closely and a good division costs little. Knows nothing of
//! codes or names; different kinds of area that may lie over each other are to be checked apart. Start at [`check`].

use std::collections::{BTreeMap, BTreeSet};

use geo::kernels::{Kernel, Orientation, RobustKernel};
use geo::orient::{Direction, Orient};
use geo::{BooleanOps, Coord, LineString, MultiPolygon, Polygon};
use serde::Serialize;
use serde_json::{Value, json};

use crate::datum::{Point, distance_m};
use crate::geojson::geometry_to_json;
use crate::index::GridIndex;
use crate::shape::{Bbox, Crossing, Shape, Side, ring_area_m2, rings_of};
use crate::tessellate::{Edge, Outline, Turn, edges_of};

/// An area to be checked. Handles must differ.
#[derive(Debug, Clone, Copy)]
pub struct Area<'a> {
    pub handle: u32,
    /// The area it should lie in and, together with its siblings, fill. It may be absent from the list.
    pub parent: Option<u32>,
    pub shape: &'a Shape,
    /// Where its rings did not return to their start, from [`crate::geojson::Feature::unclosed`].
    pub unclosed: &'a [Point],
}

/// What is too small to matter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// Gaps, overlaps and protrusions smaller than this are not reported.
    pub ignore_below_m2: f64,
    /// Gaps and overlaps narrower than this are slivers, which come of careless drawing rather than of a wrong border.
    pub sliver_below_m: f64,
}

impl Default for Tolerance {
    fn default() -> Self {
        Tolerance { ignore_below_m2: 0.1, sliver_below_m: 1.0 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Ground between areas that belongs to none.
    Gap,
    /// Ground within one area that belongs to none.
    Hole,
    /// Ground that belongs to two.
    Overlap,
    SliverGap,
    SliverOverlap,
    /// A border that crosses or touches itself, or runs back over itself.
    SelfCrossing,
    DuplicateVertex,
    UnclosedRing,
    /// Ground of a child that is not its parent's.
    OutsideParent,
    /// Ground of a parent that belongs to none of its children and is not enclosed by them.
    ParentNotCovered,
}

/// One fault of a division.
#[derive(Debug, Clone, PartialEq)]
pub struct GeoFault {
    pub kind: FaultKind,
    /// Where to look: a point on the fault.
    pub place: Point,
    /// Ground concerned; 0 for faults of a border.
    pub size_m2: f64,
    /// Mean width; 0 for faults of a border.
    pub width_m: f64,
    /// The areas concerned, ascending; for a child and its parent, the child first.
    pub handles: Vec<u32>,
    pub bbox: Bbox,
    /// The ground concerned; none for faults of a border.
    pub shape: Option<Shape>,
}

impl GeoFault {
    /// A GeoJSON feature; `name` says how an area is called in it.
    pub fn to_feature(&self, name: impl Fn(u32) -> String) -> Value {
        let names: Vec<String> = self.handles.iter().map(|&handle| name(handle)).collect();
        let geometry = self.shape.as_ref().map_or_else(
            || json!({ "type": "Point", "coordinates": [self.place.lon(), self.place.lat()] }),
            geometry_to_json,
        );
        json!({
            "type": "Feature",
            "geometry": geometry,
            "properties": {
                "kind": self.kind,
                "size_m2": self.size_m2,
                "width_m": self.width_m,
                "areas": names,
                "place": self.place,
            },
        })
    }

    fn of_border(kind: FaultKind, at: Coord<f64>, handle: u32) -> GeoFault {
        GeoFault {
            kind,
            place: Point::clamped(at.x, at.y),
            size_m2: 0.0,
            width_m: 0.0,
            handles: vec![handle],
            bbox: Bbox::EMPTY.with(at.x, at.y),
            shape: None,
        }
    }

    /// None if the ground is smaller than what matters.
    fn of_ground(kind: FaultKind, polygon: Polygon<f64>, handles: Vec<u32>, tolerance: Tolerance) -> Option<GeoFault> {
        let shape = Shape::new(vec![polygon]).ok()?;
        let size_m2 = shape.area_m2();
        if size_m2 < tolerance.ignore_below_m2 {
            return None;
        }
        let at = |c: Coord<f64>| Point::clamped(c.x, c.y);
        let border_m: f64 = edges_of(&shape).map(|(a, b)| distance_m(at(a), at(b))).sum();
        let width_m = size_m2 / (border_m / 2.0);
        let is_sliver = width_m < tolerance.sliver_below_m;
        let kind = match kind {
            FaultKind::Gap | FaultKind::Hole if is_sliver => FaultKind::SliverGap,
            FaultKind::Overlap if is_sliver => FaultKind::SliverOverlap,
            kind => kind,
        };
        let place = shape.point_on_surface();
        Some(GeoFault { kind, place, size_m2, width_m, handles, bbox: shape.bbox(), shape: Some(shape) })
    }
}

/// Every fault of the division, by kind and place. Nearly linear in the number of vertices where neighbours fit.
pub fn check(areas: &[Area], tolerance: Tolerance) -> Vec<GeoFault> {
    let mut faults: Vec<GeoFault> = areas.iter().flat_map(faults_of_border).collect();
    for level in levels(areas).values() {
        let layer = Layer::new(level, tolerance);
        faults.extend(layer.gaps());
        faults.extend(layer.overlaps());
    }
    let enclosed: Vec<Shape> = faults.iter().filter_map(|fault| fault.shape.clone()).collect();
    faults.extend(faults_of_parents(areas, &enclosed, tolerance));
    faults.sort_by(|a, b| {
        let place = |fault: &GeoFault| (fault.place.lon(), fault.place.lat());
        let ((ax, ay), (bx, by)) = (place(a), place(b));
        a.kind.cmp(&b.kind).then(ax.total_cmp(&bx)).then(ay.total_cmp(&by)).then_with(|| a.handles.cmp(&b.handles))
    });
    faults
}

/// Areas by how many ancestors they have in the list. (A circle of parents, which is refused elsewhere, ends the count.)
fn levels<'a, 'b>(areas: &'a [Area<'b>]) -> BTreeMap<usize, Vec<&'a Area<'b>>> {
    let parents: BTreeMap<u32, Option<u32>> = areas.iter().map(|area| (area.handle, area.parent)).collect();
    let mut levels: BTreeMap<usize, Vec<&Area>> = BTreeMap::new();
    for area in areas {
        let ancestors = std::iter::successors(area.parent, |parent| *parents.get(parent)?)
            .take_while(|ancestor| parents.contains_key(ancestor))
            .take(parents.len());
        levels.entry(ancestors.count()).or_default().push(area);
    }
    levels
}

fn faults_of_border(area: &Area) -> Vec<GeoFault> {
    let fault = |kind| move |at: Coord<f64>| GeoFault::of_border(kind, at, area.handle);
    let unclosed = area.unclosed.iter().map(|point| Coord { x: point.lon(), y: point.lat() });
    let duplicates = edges_of(area.shape).filter(|(a, b)| a == b).map(|(a, _)| a);
    unclosed
        .map(fault(FaultKind::UnclosedRing))
        .chain(duplicates.map(fault(FaultKind::DuplicateVertex)))
        .chain(self_crossings(area.shape).into_iter().map(fault(FaultKind::SelfCrossing)))
        .collect()
}

/// Where edges of a shape cross, a ring comes back to itself, or an edge runs back over the one before it. Edges are
/// swept from west to east.
fn self_crossings(shape: &Shape) -> Vec<Coord<f64>> {
    let mut found = Vec::new();
    let mut edges: Vec<(usize, Edge)> = Vec::new();
    for (number, ring) in shape.rings().enumerate() {
        let mut open: Vec<Coord<f64>> = ring.0.iter().skip(1).copied().collect();
        open.dedup();
        let around = open.iter().zip(open.iter().cycle().skip(1)).zip(open.iter().cycle().skip(2));
        edges.extend(around.clone().map(|((&a, &b), _)| (number, (a, b))));
        found.extend(around.filter(|&((&a, &b), &c)| runs_back(a, b, c)).map(|((_, &b), _)| b));
        open.sort_by(by_position);
        found.extend(open.windows(2).filter_map(|pair| if let [a, b] = pair { (a == b).then_some(*a) } else { None }));
    }
    let west = |(a, b): &Edge| a.x.min(b.x);
    edges.sort_by(|(_, a), (_, b)| west(a).total_cmp(&west(b)));
    for (number, (ring, edge)) in edges.iter().enumerate() {
        let east = edge.0.x.max(edge.1.x);
        let later = edges.iter().skip(number + 1).take_while(|(_, other)| west(other) <= east);
        found.extend(later.filter_map(|(other_ring, other)| {
            if crosses(*edge, *other) {
                Some(meeting_point(*edge, *other))
            } else {
                touching_point(*edge, *other).filter(|_| ring == other_ring)
            }
        }));
    }
    found.sort_by(by_position);
    found.dedup();
    found
}

fn by_position(a: &Coord<f64>, b: &Coord<f64>) -> std::cmp::Ordering {
    a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y))
}

fn runs_back(a: Coord<f64>, b: Coord<f64>, c: Coord<f64>) -> bool {
    let back = (b.x - a.x) * (c.x - b.x) + (b.y - a.y) * (c.y - b.y) < 0.0;
    back && RobustKernel::orient2d(a, b, c) == Orientation::Collinear
}

/// The end of one edge that lies on the inside of the other.
fn touching_point((a, b): Edge, (c, d): Edge) -> Option<Coord<f64>> {
    let is_on = |point: Coord<f64>, (from, to): Edge| {
        let within = |p: f64, a: f64, b: f64| a.min(b) <= p && p <= a.max(b);
        within(point.x, from.x, to.x)
            && within(point.y, from.y, to.y)
            && point != from
            && point != to
            && RobustKernel::orient2d(from, to, point) == Orientation::Collinear
    };
    let ends = [(c, (a, b)), (d, (a, b)), (a, (c, d)), (b, (c, d))];
    ends.into_iter().find(|&(end, edge)| is_on(end, edge)).map(|(end, _)| end)
}

/// Where two edges that cross do so.
fn meeting_point((a, b): Edge, (c, d): Edge) -> Coord<f64> {
    let (along, across) = (b - a, d - c);
    let t = ((c.x - a.x) * across.y - (c.y - a.y) * across.x) / (along.x * across.y - along.y * across.x);
    a + along * t
}

/// Areas that should tile the ground.
struct Layer<'a> {
    areas: &'a [&'a Area<'a>],
    boxes: Vec<Bbox>,
    /// Handles are places in `areas`.
    index: GridIndex,
    tolerance: Tolerance,
}

/// How far apart, in degrees, borders are that count as touching: a centimetre.
const TOUCH: f64 = 1e-7;

impl<'a> Layer<'a> {
    fn new(areas: &'a [&'a Area<'a>], tolerance: Tolerance) -> Layer<'a> {
        let index = GridIndex::build((0..).zip(areas.iter().map(|area| area.shape)));
        Layer { areas, boxes: areas.iter().map(|area| area.shape.bbox()).collect(), index, tolerance }
    }

    fn gaps(&self) -> Vec<GeoFault> {
        let (islands, holes) = rings_around(&union(Outline::of(self.areas.iter().map(|area| area.shape))));
        let islands: Vec<(Bbox, Polygon<f64>)> = islands.into_iter().map(|island| (bbox_of(&island), island)).collect();
        holes
            .into_iter()
            .flat_map(|gap| {
                let bbox = bbox_of(&gap);
                let inside = islands.iter().filter(|(island, _)| bbox.union(*island) == bbox);
                let inside: Vec<Polygon<f64>> = inside.map(|(_, island)| island.clone()).collect();
                if inside.is_empty() { vec![gap] } else { gap.difference(&MultiPolygon(inside)).0 }
            })
            .filter_map(|gap| {
                let handles = self.touching(&gap);
                let kind = if handles.len() == 1 { FaultKind::Hole } else { FaultKind::Gap };
                GeoFault::of_ground(kind, gap, handles, self.tolerance)
            })
            .collect()
    }

    /// Areas whose border runs along that of the polygon.
    fn touching(&self, polygon: &Polygon<f64>) -> Vec<u32> {
        let lines = std::iter::once(polygon.exterior()).chain(polygon.interiors()).flat_map(LineString::lines);
        let probes = lines.flat_map(|line| [line.start, (line.start + line.end) / 2.0]);
        let places: BTreeSet<u32> = probes.flat_map(|at| self.index.near(at, TOUCH)).collect();
        let mut handles: Vec<u32> = places.into_iter().filter_map(|place| self.handle(place)).collect();
        handles.sort_unstable();
        handles
    }

    fn handle(&self, place: u32) -> Option<u32> {
        self.areas.get(place as usize).map(|area| area.handle)
    }

    fn overlaps(&self) -> Vec<GeoFault> {
        let mut faults = Vec::new();
        for (place, (area, bbox)) in (0u32..).zip(self.areas.iter().zip(&self.boxes)) {
            for other in self.index.meeting(*bbox).filter(|&other| other > place) {
                let (Some(other), Some(other_bbox)) = (self.areas.get(other as usize), self.boxes.get(other as usize))
                else {
                    continue;
                };
                if may_overlap((area.shape, *bbox), (other.shape, *other_bbox)) {
                    let shared = multi(area.shape).intersection(&multi(other.shape));
                    let mut handles = vec![area.handle, other.handle];
                    handles.sort_unstable();
                    faults.extend(shared.0.into_iter().filter_map(|polygon| {
                        GeoFault::of_ground(FaultKind::Overlap, polygon, handles.clone(), self.tolerance)
                    }));
                }
            }
        }
        faults
    }
}

fn multi(shape: &Shape) -> MultiPolygon<f64> {
    MultiPolygon(shape.polygons().to_vec())
}

fn bbox_of(polygon: &Polygon<f64>) -> Bbox {
    polygon.exterior().0.iter().fold(Bbox::EMPTY, |bbox, c| bbox.with(c.x, c.y))
}

/// What the outline encloses at least once. Its rings add up to the areas they were made of: those that run the wrong
/// way round take away. `unary_union` takes the way round from the first ring, so the largest goes first.
fn union(outline: Outline) -> MultiPolygon<f64> {
    let mut rings: Vec<(f64, Polygon<f64>)> = outline
        .rings(Turn::Left)
        .into_iter()
        .map(LineString::new)
        .map(|ring| (ring_area_m2(&ring), Polygon::new(ring, Vec::new())))
        .collect();
    rings.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    geo::unary_union(rings.iter().map(|(_, ring)| ring))
}

/// The ground's outer borders and the borders of what it encloses, each filled. What is enclosed only by areas that
/// touch in a vertex is enclosed all the same. (Holes that touch the outer border come from `unary_union` the wrong way
/// round.)
fn rings_around(ground: &MultiPolygon<f64>) -> (Vec<Polygon<f64>>, Vec<Polygon<f64>>) {
    let ground = ground.orient(Direction::Default);
    let rings = ground.0.iter().flat_map(rings_of);
    let edges = rings.flat_map(LineString::lines).map(|line| (line.start, line.end));
    let polygons = Outline::of_edges(edges)
        .rings(Turn::Right)
        .into_iter()
        .map(|ring| Polygon::new(LineString::new(ring), Vec::new()));
    polygons.partition(|polygon| ring_area_m2(polygon.exterior()) > 0.0)
}

/// False only if the shapes have no ground in common: no edges cross, and neither a vertex nor the middle of an edge of
/// one lies inside the other, nor is one the other.
fn may_overlap(a: (&Shape, Bbox), b: (&Shape, Bbox)) -> bool {
    let common = Bbox {
        west: a.1.west.max(b.1.west),
        south: a.1.south.max(b.1.south),
        east: a.1.east.min(b.1.east),
        north: a.1.north.min(b.1.north),
    };
    if common.west >= common.east || common.south >= common.north {
        return false;
    }
    let near = |shape: &Shape| -> Vec<Edge> {
        edges_of(shape).filter(|(p, q)| Bbox::EMPTY.with(p.x, p.y).with(q.x, q.y).intersects(common)).collect()
    };
    let (a_edges, b_edges) = (near(a.0), near(b.0));
    let a_sides = sides(&a_edges, b.0, common);
    let b_sides = sides(&b_edges, a.0, common);
    a_sides.inside
        || b_sides.inside
        || a_edges.iter().any(|a| b_edges.iter().any(|b| crosses(*a, *b)))
        || (!a_sides.outside && b.0.covers(a.0.point_on_surface()))
        || (!b_sides.outside && a.0.covers(b.0.point_on_surface()))
}

#[derive(Default)]
struct Sides {
    inside: bool,
    outside: bool,
}

/// On which sides of the shape the edges begin and have their middles.
fn sides(edges: &[Edge], shape: &Shape, within: Bbox) -> Sides {
    let mut sides = Sides::default();
    for (a, b) in edges {
        for at in [*a, (*a + *b) / 2.0] {
            if !(within.west..=within.east).contains(&at.x) || !(within.south..=within.north).contains(&at.y) {
                sides.outside = true;
                continue;
            }
            match side_of(shape, at) {
                Side::Inside => sides.inside = true,
                Side::Outside => sides.outside = true,
                Side::Border => {}
            }
        }
        if sides.inside {
            break;
        }
    }
    sides
}

fn side_of(shape: &Shape, at: Coord<f64>) -> Side {
    let mut crossing = Crossing::new(at.x, at.y);
    shape.rings().for_each(|ring| crossing.ring(&ring.0));
    crossing.side()
}

/// Whether the edges cross in the inside of both.
fn crosses((a, b): Edge, (c, d): Edge) -> bool {
    let apart = a.x.max(b.x) < c.x.min(d.x)
        || c.x.max(d.x) < a.x.min(b.x)
        || a.y.max(b.y) < c.y.min(d.y)
        || c.y.max(d.y) < a.y.min(b.y);
    let opposite = |one, other| {
        matches!(
            (one, other),
            (Orientation::Clockwise, Orientation::CounterClockwise)
                | (Orientation::CounterClockwise, Orientation::Clockwise)
        )
    };
    let turn = RobustKernel::orient2d;
    !apart && opposite(turn(a, b, c), turn(a, b, d)) && opposite(turn(c, d, a), turn(c, d, b))
}

/// False only if no ground of the child is outside the parent.
fn leaves(child: &Shape, parent: &Shape) -> bool {
    let bbox = child.bbox();
    let own: Vec<Edge> = edges_of(child).collect();
    let near: Vec<Edge> =
        edges_of(parent).filter(|(p, q)| Bbox::EMPTY.with(p.x, p.y).with(q.x, q.y).intersects(bbox)).collect();
    sides(&near, child, bbox).inside
        || own.iter().any(|(a, b)| [*a, (*a + *b) / 2.0].iter().any(|at| side_of(parent, *at) == Side::Outside))
        || own.iter().any(|a| near.iter().any(|b| crosses(*a, *b)))
        || !parent.covers(child.point_on_surface())
}

/// What children have outside their parents, and what parents have that is not their children's. Ground that is in
/// `enclosed` was reported already.
fn faults_of_parents(areas: &[Area], enclosed: &[Shape], tolerance: Tolerance) -> Vec<GeoFault> {
    let by_handle: BTreeMap<u32, &Area> = areas.iter().map(|area| (area.handle, area)).collect();
    let mut families: BTreeMap<u32, Vec<&Area>> = BTreeMap::new();
    for area in areas {
        if let Some(parent) = area.parent.filter(|parent| by_handle.contains_key(parent) && *parent != area.handle) {
            families.entry(parent).or_default().push(area);
        }
    }
    let enclosed = GridIndex::build((0..).zip(enclosed));
    let mut faults = Vec::new();
    for (handle, children) in families {
        let Some(parent) = by_handle.get(&handle) else { continue };
        let backwards = edges_of(parent.shape).map(|(a, b)| (b, a));
        let borders = children.iter().flat_map(|child| edges_of(child.shape));
        if Outline::of_edges(borders.chain(backwards)).is_empty() {
            continue;
        }
        let ground = multi(parent.shape);
        for child in &children {
            if !leaves(child.shape, parent.shape) {
                continue;
            }
            let outside = multi(child.shape).difference(&ground).0.into_iter();
            let handles = vec![child.handle, handle];
            faults.extend(outside.filter_map(|polygon| {
                GeoFault::of_ground(FaultKind::OutsideParent, polygon, handles.clone(), tolerance)
            }));
        }
        let bare = ground.difference(&union(Outline::of(children.iter().map(|child| child.shape)))).0.into_iter();
        faults.extend(
            bare.filter_map(|polygon| {
                GeoFault::of_ground(FaultKind::ParentNotCovered, polygon, vec![handle], tolerance)
            })
            .filter(|fault| enclosed.locate(fault.place).is_none()),
        );
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tessellate::{Cell, merge, outline, tessellate};
    use proptest::prelude::*;

    const STRICT: Tolerance = Tolerance { ignore_below_m2: 0.1, sliver_below_m: 1.0 };

    fn at(lon: f64, lat: f64) -> Point {
        Point::new(lon, lat).unwrap()
    }

    fn rectangle(west: f64, south: f64, east: f64, north: f64) -> Shape {
        Shape::rectangle(Bbox { west, south, east, north }).unwrap()
    }

    fn ring(points: &[(f64, f64)]) -> LineString<f64> {
        LineString::from(points.to_vec())
    }

    fn shape(exterior: &[(f64, f64)], holes: &[&[(f64, f64)]]) -> Shape {
        Shape::new(vec![Polygon::new(ring(exterior), holes.iter().map(|hole| ring(hole)).collect())]).unwrap()
    }

    fn town(n: usize, seed: u64) -> Vec<Cell> {
        tessellate(&outline(Bbox { west: 116.0, south: 39.5, east: 116.1, north: 39.6 }, seed), n, seed)
    }

    fn merged<'a>(shapes: impl IntoIterator<Item = &'a Shape>) -> Shape {
        merge(&shapes.into_iter().collect::<Vec<_>>()).unwrap()
    }

    fn faults<'a>(shapes: impl IntoIterator<Item = &'a Shape>) -> Vec<GeoFault> {
        let areas: Vec<Area> =
            (0..).zip(shapes).map(|(handle, shape)| Area { handle, parent: None, shape, unclosed: &[] }).collect();
        check(&areas, STRICT)
    }

    fn family<'a>(parent: &'a Shape, children: impl IntoIterator<Item = &'a Shape>) -> Vec<GeoFault> {
        let child = |(handle, shape)| Area { handle, parent: Some(1000), shape, unclosed: &[] };
        let mut areas: Vec<Area> = (0..).zip(children).map(child).collect();
        areas.push(Area { handle: 1000, parent: None, shape: parent, unclosed: &[] });
        check(&areas, STRICT)
    }

    #[track_caller]
    fn only(faults: Vec<GeoFault>) -> GeoFault {
        assert_eq!(faults.len(), 1, "{faults:#?}");
        faults.into_iter().next().unwrap()
    }

    #[track_caller]
    fn assert_size(fault: &GeoFault, expected_m2: f64) {
        assert!((fault.size_m2 / expected_m2 - 1.0).abs() < 1e-4, "{} is not {expected_m2}", fault.size_m2);
        assert!(fault.shape.as_ref().unwrap().covers(fault.place));
    }

    #[test]
    fn a_town_of_three_levels_without_faults_has_none() {
        let cells = town(200, 5);
        let mut blocks: BTreeMap<(u32, u32), Vec<&Shape>> = BTreeMap::new();
        for cell in &cells {
            blocks.entry((cell.row / 4, cell.column / 4)).or_default().push(&cell.shape);
        }
        let communities: Vec<(Shape, usize)> =
            blocks.values().map(|shapes| (merge(shapes).unwrap(), shapes.len())).collect();
        let city = merged(cells.iter().map(|cell| &cell.shape));
        let mut areas = vec![Area { handle: 9000, parent: None, shape: &city, unclosed: &[] }];
        for (number, ((community, _), grids)) in (0u32..).zip(communities.iter().zip(blocks.values())) {
            areas.push(Area { handle: 8000 + number, parent: Some(9000), shape: community, unclosed: &[] });
            for shape in grids {
                let handle = u32::try_from(areas.len()).unwrap();
                areas.push(Area { handle, parent: Some(8000 + number), shape, unclosed: &[] });
            }
        }
        assert_eq!(check(&areas, STRICT), []);
    }

    #[test]
    fn a_grid_loaded_twice_overlaps_itself_wholly() {
        let cells = town(30, 2);
        let fault = only(faults(cells.iter().chain([&cells[7]]).map(|cell| &cell.shape)));
        assert_eq!((fault.kind, fault.handles.as_slice()), (FaultKind::Overlap, [7, 30].as_slice()));
        assert_size(&fault, cells[7].shape.area_m2());
    }

    #[test]
    fn two_equal_rectangles_overlap_though_no_vertex_of_one_is_inside_the_other() {
        let rectangle = rectangle(116.0, 39.0, 116.5, 39.5);
        assert_size(&only(faults([&rectangle, &rectangle])), rectangle.area_m2());
    }

    #[test]
    fn a_grid_wholly_inside_another_is_an_overlap_even_if_no_borders_meet() {
        let (outer, inner) = (rectangle(116.0, 39.0, 116.1, 39.1), rectangle(116.04, 39.04, 116.05, 39.05));
        let fault = only(faults([&outer, &inner]));
        assert_eq!(fault.kind, FaultKind::Overlap);
        assert_size(&fault, inner.area_m2());
    }

    #[test]
    fn two_rectangles_laid_crosswise_overlap_where_they_cross() {
        let (lying, standing) = (rectangle(116.0, 39.04, 116.1, 39.06), rectangle(116.02, 39.0, 116.03, 39.3));
        let fault = only(faults([&lying, &standing]));
        assert_size(&fault, rectangle(116.02, 39.04, 116.03, 39.06).area_m2());
        assert!(distance_m(fault.place, at(116.025, 39.05)) < 1.0, "{fault:?}");
    }

    #[test]
    fn a_vertex_only_one_neighbour_has_is_no_fault() {
        let west = rectangle(116.0, 39.0, 116.1, 39.1);
        let east = shape(&[(116.1, 39.0), (116.2, 39.0), (116.2, 39.1), (116.1, 39.1), (116.1, 39.03)], &[]);
        assert_eq!(faults([&west, &east]), []);
    }

    #[test]
    fn a_border_drawn_half_a_metre_off_is_a_sliver() {
        let half_a_metre = 0.5 / 111_195.0;
        let south = rectangle(116.0, 39.0, 116.01, 39.01);
        let apart = rectangle(116.0, 39.01 + half_a_metre, 116.01, 39.02);
        let east = rectangle(116.01, 39.0, 116.02, 39.02);
        let west = rectangle(115.99, 39.0, 116.0, 39.02);
        let gap = only(faults([&south, &apart, &east, &west]));
        assert_eq!((gap.kind, gap.handles.len()), (FaultKind::SliverGap, 4));
        assert!((gap.width_m - 0.5).abs() < 0.01, "{}", gap.width_m);
        let over = rectangle(116.0, 39.01 - half_a_metre, 116.01, 39.02);
        let overlap = only(faults([&south, &over]));
        assert_eq!((overlap.kind, overlap.handles.as_slice()), (FaultKind::SliverOverlap, [0, 1].as_slice()));
        assert_size(&overlap, rectangle(116.0, 39.01 - half_a_metre, 116.01, 39.01).area_m2());
    }

    #[test]
    fn what_is_smaller_than_the_tolerance_is_not_reported() {
        let (a, b) = (rectangle(116.0, 39.0, 116.01, 39.01), rectangle(116.0, 39.005, 116.01, 39.02));
        let area = |shape| Area { handle: 0, parent: None, shape, unclosed: &[] };
        let areas = [area(&a), Area { handle: 1, ..area(&b) }];
        assert_eq!(check(&areas, STRICT).len(), 1);
        assert_eq!(check(&areas, Tolerance { ignore_below_m2: 1e6, ..STRICT }), []);
    }

    #[test]
    fn at_the_tolerance_itself_a_fault_is_reported_and_is_no_sliver() {
        let (a, b) = (rectangle(116.0, 39.0, 116.01, 39.01), rectangle(116.0, 39.005, 116.01, 39.02));
        let areas = [
            Area { handle: 0, parent: None, shape: &a, unclosed: &[] },
            Area { handle: 1, parent: None, shape: &b, unclosed: &[] },
        ];
        let found = only(check(&areas, STRICT));
        let kinds = |ignore_below_m2: f64, sliver_below_m: f64| -> Vec<FaultKind> {
            check(&areas, Tolerance { ignore_below_m2, sliver_below_m }).iter().map(|fault| fault.kind).collect()
        };
        let (size, width) = (found.size_m2, found.width_m);
        assert_eq!(kinds(size, width), [FaultKind::Overlap]);
        assert_eq!(kinds(size.next_up(), width), []);
        assert_eq!(kinds(size, width.next_up()), [FaultKind::SliverOverlap]);
    }

    #[test]
    fn faults_come_by_kind_and_place_and_name_their_areas_ascending() {
        let overlapping =
            |west: f64| [rectangle(west, 39.0, west + 0.01, 39.01), rectangle(west, 39.005, west + 0.01, 39.02)];
        let [a, b] = overlapping(116.5);
        let [c, d] = overlapping(116.2);
        let court = [(116.84, 39.04), (116.85, 39.04), (116.85, 39.05), (116.84, 39.05)];
        let around = shape(&[(116.8, 39.0), (116.9, 39.0), (116.9, 39.1), (116.8, 39.1)], &[&court]);
        let area = |handle, shape| Area { handle, parent: None, shape, unclosed: &[] };
        let found = check(&[area(9, &a), area(4, &b), area(7, &c), area(1, &d), area(5, &around)], STRICT);
        let told: Vec<_> = found.iter().map(|fault| (fault.kind, fault.handles.as_slice())).collect();
        assert_eq!(told, [(FaultKind::Hole, &[5][..]), (FaultKind::Overlap, &[1, 7]), (FaultKind::Overlap, &[4, 9])]);
    }

    #[test]
    fn a_parent_that_is_absent_is_not_missed_and_a_circle_of_parents_ends() {
        let (west, east) = (rectangle(116.0, 39.0, 116.05, 39.1), rectangle(116.05, 39.0, 116.1, 39.1));
        let area = |handle, parent, shape| Area { handle, parent, shape, unclosed: &[] };
        assert_eq!(check(&[area(0, Some(99), &west), area(1, Some(99), &east)], STRICT), []);
        let wide = rectangle(116.0, 39.0, 116.07, 39.1);
        let overlap = only(check(&[area(0, Some(99), &wide), area(1, None, &east)], STRICT));
        assert_eq!(overlap.kind, FaultKind::Overlap, "whoever has no parent here is of the same level");
        let circle = check(&[area(0, Some(1), &west), area(1, Some(0), &east)], STRICT);
        assert!(circle.iter().any(|fault| fault.kind == FaultKind::OutsideParent), "{circle:?}");
    }

    #[test]
    fn a_hole_is_reported_unless_another_grid_fills_it() {
        let court = [(116.04, 39.04), (116.05, 39.04), (116.05, 39.05), (116.04, 39.05)];
        let around = shape(&[(116.0, 39.0), (116.1, 39.0), (116.1, 39.1), (116.0, 39.1)], &[&court]);
        let fault = only(faults([&around]));
        assert_eq!((fault.kind, fault.handles.as_slice()), (FaultKind::Hole, [0].as_slice()));
        assert_size(&fault, shape(&court, &[]).area_m2());
        assert_eq!(faults([&around, &shape(&court, &[])]), []);
        let islet = rectangle(116.044, 39.044, 116.046, 39.046);
        assert_size(&only(faults([&around, &islet])), shape(&court, &[]).area_m2() - islet.area_m2());
    }

    #[test]
    fn a_gap_that_touches_the_outside_in_a_vertex_is_a_gap_all_the_same() {
        let squares: Vec<Shape> = (0..9u8)
            .filter(|place| ![4, 8].contains(place))
            .map(|place| (f64::from(place % 3) * 0.01, f64::from(place / 3) * 0.01))
            .map(|(x, y)| rectangle(116.0 + x, 39.0 + y, 116.01 + x, 39.01 + y))
            .collect();
        let fault = only(faults(&squares));
        assert_eq!(fault.kind, FaultKind::Gap);
        assert_size(&fault, rectangle(116.01, 39.01, 116.02, 39.02).area_m2());
    }

    #[test]
    fn faults_of_a_border_are_placed_where_they_are() {
        let place = |shape: &Shape| {
            let fault = only(faults([shape]));
            (fault.kind, fault.place, fault.size_m2)
        };
        let bow_tie = shape(&[(116.0, 39.0), (116.2, 39.2), (116.2, 39.0), (116.0, 39.2)], &[]);
        let (kind, at_crossing, _) = place(&bow_tie);
        assert_eq!(kind, FaultKind::SelfCrossing);
        assert!(distance_m(at_crossing, at(116.1, 39.1)) < 0.01);
        let spike = shape(&[(116.0, 39.0), (116.1, 39.0), (116.3, 39.0), (116.1, 39.0), (116.1, 39.1)], &[]);
        let kinds: BTreeSet<FaultKind> = faults([&spike]).iter().map(|fault| fault.kind).collect();
        assert_eq!(kinds, BTreeSet::from([FaultKind::SelfCrossing]));
        let pinched =
            shape(&[(116.0, 39.0), (116.1, 39.1), (116.2, 39.0), (116.2, 39.2), (116.1, 39.1), (116.0, 39.2)], &[]);
        assert_eq!(place(&pinched), (FaultKind::SelfCrossing, at(116.1, 39.1), 0.0));
        let twice = shape(&[(116.0, 39.0), (116.1, 39.0), (116.1, 39.0), (116.1, 39.1)], &[]);
        assert_eq!(place(&twice), (FaultKind::DuplicateVertex, at(116.1, 39.0), 0.0));
        let whole = rectangle(116.0, 39.0, 116.1, 39.1);
        let open = Area { handle: 3, parent: None, shape: &whole, unclosed: &[at(116.0, 39.1)] };
        let fault = only(check(&[open], STRICT));
        assert_eq!((fault.kind, fault.place), (FaultKind::UnclosedRing, at(116.0, 39.1)));
    }

    #[test]
    fn a_hole_or_a_part_may_touch_its_shape_in_a_point() {
        let touching = shape(
            &[(116.0, 39.0), (116.1, 39.0), (116.1, 39.1), (116.0, 39.1)],
            &[&[(116.0, 39.05), (116.05, 39.02), (116.05, 39.08)]],
        );
        assert_eq!(only(faults([&touching])).kind, FaultKind::Hole);
        let parts = [rectangle(116.0, 39.0, 116.1, 39.1), rectangle(116.1, 39.1, 116.2, 39.2)];
        let parts = Shape::new(parts.iter().flat_map(|part| part.polygons().to_vec()).collect()).unwrap();
        assert_eq!(faults([&parts]), []);
    }

    #[test]
    fn a_child_that_leaves_its_parent_and_ground_of_the_parent_without_child_are_told_apart() {
        let parent = rectangle(116.0, 39.0, 116.1, 39.1);
        let (west, east) = (rectangle(116.0, 39.0, 116.05, 39.1), rectangle(116.05, 39.0, 116.12, 39.1));
        let outside = only(family(&parent, [&west, &east]));
        assert_eq!((outside.kind, outside.handles.as_slice()), (FaultKind::OutsideParent, [1, 1000].as_slice()));
        assert_size(&outside, rectangle(116.1, 39.0, 116.12, 39.1).area_m2());
        let bare = only(family(&parent, [&west]));
        assert_eq!((bare.kind, bare.handles.as_slice()), (FaultKind::ParentNotCovered, [1000].as_slice()));
        assert_size(&bare, rectangle(116.05, 39.0, 116.1, 39.1).area_m2());
        let far = rectangle(117.0, 39.0, 117.1, 39.1);
        let kinds: Vec<FaultKind> = family(&parent, [&far]).iter().map(|fault| fault.kind).collect();
        assert_eq!(kinds, [FaultKind::OutsideParent, FaultKind::ParentNotCovered]);
    }

    #[test]
    fn a_fault_is_written_as_geojson_with_names() {
        let (a, b) = (rectangle(116.0, 39.0, 116.01, 39.01), rectangle(116.0, 39.005, 116.01, 39.02));
        let feature = only(faults([&a, &b])).to_feature(|handle| format!("grid {handle}"));
        assert_eq!(feature["properties"]["kind"], "overlap");
        assert_eq!(feature["properties"]["areas"], json!(["grid 0", "grid 1"]));
        let text = crate::geojson::write([feature]);
        assert_eq!(crate::geojson::read(&text).unwrap().len(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn a_grid_taken_out_of_a_town_is_one_gap_or_ground_the_town_lacks(
            seed: u64, n in 20usize..120, out in any::<prop::sample::Index>(),
        ) {
            let cells = town(n, seed);
            let city = merged(cells.iter().map(|cell| &cell.shape));
            let out = out.index(n);
            let missing = &cells[out];
            let rest = cells.iter().filter(|cell| *cell != missing).map(|cell| &cell.shape);
            let fault = only(family(&city, rest));
            assert_size(&fault, missing.shape.area_m2());
            let is_side = |cell: &&Cell| cell.row.abs_diff(missing.row) + cell.column.abs_diff(missing.column) == 1;
            if cells.iter().filter(is_side).count() == 4 {
                prop_assert_eq!(fault.kind, FaultKind::Gap);
                for (place, cell) in (0u32..).zip(&cells) {
                    let handle = if place as usize > out { place - 1 } else { place };
                    prop_assert!(!is_side(&cell) || fault.handles.contains(&handle));
                }
            } else {
                prop_assert_eq!(fault.kind, FaultKind::ParentNotCovered);
            }
        }

        #[test]
        fn a_grid_that_swallows_its_neighbour_overlaps_it_and_nothing_else(seed: u64, n in 20usize..120) {
            let mut cells = town(n, seed);
            let greedy = n / 2;
            let is_side = |cell: &Cell| {
                cell.row.abs_diff(cells[greedy].row) + cell.column.abs_diff(cells[greedy].column) == 1
            };
            let victim = cells.iter().position(is_side).unwrap();
            cells[greedy].shape = merged([&cells[greedy].shape, &cells[victim].shape]);
            let fault = only(faults(cells.iter().map(|cell| &cell.shape)));
            prop_assert_eq!(fault.kind, FaultKind::Overlap);
            assert_size(&fault, cells[victim].shape.area_m2());
            let (low, high) = (greedy.min(victim) as u32, greedy.max(victim) as u32);
            prop_assert_eq!(fault.handles, [low, high]);
        }

        #[test]
        fn two_towns_laid_over_each_other_overlap_by_as_much_as_geo_says(seed: u64) {
            let (one, other) = (town(12, seed), town(12, seed ^ 1));
            let sum: f64 = faults(one.iter().chain(&other).map(|cell| &cell.shape))
                .iter()
                .filter(|fault| matches!(fault.kind, FaultKind::Overlap | FaultKind::SliverOverlap))
                .map(|fault| fault.size_m2)
                .sum();
            let whole = |cells: &[Cell]| multi(&merged(cells.iter().map(|cell| &cell.shape)));
            let common = whole(&one).intersection(&whole(&other));
            let expected = Shape::new(common.0).map_or(0.0, |shape| shape.area_m2());
            prop_assert!((sum - expected).abs() <= 1e-4 * expected + 1.0, "{} {}", sum, expected);
        }
    }
}
