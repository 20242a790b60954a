//! What is wrong with a division of the ground into areas: gaps, overlaps, slivers, children that leave their parent; and
//! with the border of each by the rules of the OGC (ISO 19125-1, Simple Features, 6.1.11 and 6.1.14, as GEOS checks
//! them). Each fault has its place, its size and the areas concerned.
//!
//! Areas are taken level by level; areas of one level should tile the ground. A shape that breaks the rules is measured
//! by the ground it covers (see [`crate::shape`]). Borders that neighbours share vertex for
//! vertex cancel out, so only what does not fit is looked at closely and a good division costs little. Knows nothing of
//! codes or names; different kinds of area that may lie over each other are to be checked apart. Start at [`check`].

use std::collections::{BTreeMap, BTreeSet};

use geo::kernels::{Kernel, Orientation, RobustKernel};
use geo::orient::{Direction, Orient};
use geo::{Area as _, BooleanOps, Coord, LineString, MultiPolygon, Polygon};
use serde::Serialize;
use serde_json::{Value, json};

use crate::datum::{Point, distance_m};
use crate::geojson::geometry_to_json;
use crate::index::GridIndex;
use crate::shape::{Bbox, Shape, Side, ring_area_m2, ring_side, rings_of};
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
    /// A border that crosses or touches itself, or runs back over itself; rings of one polygon that cross or share a line.
    SelfCrossing,
    DuplicateVertex,
    UnclosedRing,
    /// A part of a shape that is there twice.
    PartTwice,
    /// A part of a shape that lies in another.
    NestedParts,
    /// Ground that two parts of one shape have in common.
    PartOverlap,
    /// Parts of one shape that share a line of border and no ground.
    PartsAdjoin,
    HoleOutside,
    /// A hole that lies in another.
    NestedHoles,
    /// Holes that touch so that the inside falls apart.
    SplitInside,
    /// An edge that goes more than half around the globe: the shape was drawn over the antimeridian.
    Antimeridian,
    /// Ground of a child that is not its parent's.
    OutsideParent,
    /// Ground of a parent that belongs to none of its children and is not enclosed by them.
    ParentNotCovered,
}

impl FaultKind {
    /// Whether it is not clear whose ground it is: one area takes it from another, or a shape can be read in two ways.
    pub fn is_of_ground(self) -> bool {
        use FaultKind::*;
        match self {
            Overlap | SelfCrossing | PartTwice | NestedParts | PartOverlap | HoleOutside | NestedHoles
            | Antimeridian => true,
            Gap | Hole | SliverGap | SliverOverlap | DuplicateVertex | UnclosedRing | PartsAdjoin | SplitInside
            | OutsideParent | ParentNotCovered => false,
        }
    }

    pub fn zh(self) -> &'static str {
        self.words().0
    }

    pub fn en(self) -> &'static str {
        self.words().1
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            FaultKind::Gap => ("缝隙", "gap"),
            FaultKind::Hole => ("孔洞", "hole"),
            FaultKind::Overlap => ("重叠", "overlap"),
            FaultKind::SliverGap => ("细缝", "sliver gap"),
            FaultKind::SliverOverlap => ("细条重叠", "sliver overlap"),
            FaultKind::SelfCrossing => ("边界自相交", "self-crossing"),
            FaultKind::DuplicateVertex => ("重复顶点", "duplicate vertex"),
            FaultKind::UnclosedRing => ("边界未闭合", "unclosed ring"),
            FaultKind::PartTwice => ("同一部分重复", "part drawn twice"),
            FaultKind::NestedParts => ("一部分在另一部分之内", "part inside another part"),
            FaultKind::PartOverlap => ("各部分互相重叠", "parts that overlap"),
            FaultKind::PartsAdjoin => ("各部分共用边界，应当合并", "parts that share a border and should be one"),
            FaultKind::HoleOutside => ("孔洞在边界之外", "hole outside its border"),
            FaultKind::NestedHoles => ("孔洞在另一孔洞之内", "hole inside another hole"),
            FaultKind::SplitInside => ("内部被孔洞隔断", "inside split by holes"),
            FaultKind::Antimeridian => {
                ("跨越 180° 经线，应在经线处分成两部分", "crosses the antimeridian and should be two parts")
            }
            FaultKind::OutsideParent => ("超出上级", "outside its parent"),
            FaultKind::ParentNotCovered => ("上级未覆盖", "parent not covered"),
        }
    }
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
    let borders: Vec<Vec<GeoFault>> = areas.iter().map(|area| faults_of_border(area, tolerance)).collect();
    let is_clear = |faults: &[GeoFault]| faults.iter().all(|fault| !fault.kind.is_of_ground());
    let cleared: Vec<Option<Shape>> = areas
        .iter()
        .zip(&borders)
        .map(|(area, faults)| if is_clear(faults) { None } else { area.shape.cleared() })
        .collect();
    let mut faults = borders.concat();
    let areas: Vec<Area> = areas
        .iter()
        .zip(&cleared)
        .map(|(area, cleared)| Area { shape: cleared.as_ref().unwrap_or(area.shape), ..*area })
        .collect();
    for level in levels(&areas).values() {
        let layer = Layer::new(level, tolerance);
        faults.extend(layer.gaps());
        faults.extend(layer.overlaps());
    }
    let enclosed: Vec<Shape> = faults.iter().filter_map(|fault| fault.shape.clone()).collect();
    faults.extend(faults_of_parents(&areas, &enclosed, tolerance));
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

fn faults_of_border(area: &Area, tolerance: Tolerance) -> Vec<GeoFault> {
    let fault = |kind| move |at: Coord<f64>| GeoFault::of_border(kind, at, area.handle);
    let unclosed = area.unclosed.iter().map(|point| Coord { x: point.lon(), y: point.lat() });
    let duplicates = edges_of(area.shape).filter(|(a, b)| a == b).map(|(a, _)| a);
    let parts = faults_of_parts(area.shape);
    let of_rings = faults_of_rings(area.shape, &parts).into_iter().map(|(kind, at)| fault(kind)(at));
    let of_parts = parts.iter().flat_map(|fault| {
        let ground = |polygon| GeoFault::of_ground(fault.kind, polygon, vec![area.handle], tolerance);
        fault.shared.iter().cloned().filter_map(ground)
    });
    unclosed
        .map(fault(FaultKind::UnclosedRing))
        .chain(duplicates.map(fault(FaultKind::DuplicateVertex)))
        .chain(of_rings)
        .chain(of_parts)
        .collect()
}

/// Whether each position is inside or outside whichever way the shape is read, and its parts have no ground in common.
pub(crate) fn is_ground_clear(shape: &Shape) -> bool {
    let is_simple = |(kind, _): &(FaultKind, Coord<f64>)| !kind.is_of_ground();
    faults_of_parts(shape).is_empty() && faults_of_rings(shape, &[]).iter().all(is_simple)
}

/// A ring, by the polygon it is of and its place there; 0 is the exterior.
type RingId = (usize, usize);

/// What is wrong with the rings of a shape, each by itself and with those of its polygon, and where; parts that have
/// ground in common may share lines. Edges are swept from west to east.
fn faults_of_rings(shape: &Shape, parts: &[PartFault]) -> Vec<(FaultKind, Coord<f64>)> {
    let mut crossings = Vec::new();
    let mut adjoining: BTreeMap<(usize, usize), Coord<f64>> = BTreeMap::new();
    let mut crossed: BTreeSet<(RingId, RingId)> = BTreeSet::new();
    let mut touches: Vec<((RingId, RingId), Coord<f64>)> = Vec::new();
    let mut edges: Vec<(RingId, Edge)> = Vec::new();
    for (part, polygon) in shape.polygons().iter().enumerate() {
        for (number, ring) in rings_of(polygon).enumerate() {
            let mut open: Vec<Coord<f64>> = ring.0.iter().skip(1).copied().collect();
            open.dedup();
            if open.len() > 1 && open.first() == open.last() {
                open.pop();
            }
            let around = open.iter().zip(open.iter().cycle().skip(1)).zip(open.iter().cycle().skip(2));
            edges.extend(around.clone().map(|((&a, &b), _)| ((part, number), (a, b))));
            crossings.extend(around.filter(|&((&a, &b), &c)| runs_back(a, b, c)).map(|((_, &b), _)| b));
            open.sort_by(by_position);
            crossings.extend(
                open.windows(2).filter_map(|pair| if let [a, b] = pair { (a == b).then_some(*a) } else { None }),
            );
        }
    }
    let west = |(a, b): &Edge| a.x.min(b.x);
    edges.sort_by(|(_, a), (_, b)| west(a).total_cmp(&west(b)));
    for (place, &(ring, edge)) in edges.iter().enumerate() {
        let east = edge.0.x.max(edge.1.x);
        for &(other_ring, other) in edges.iter().skip(place + 1).take_while(|(_, other)| west(other) <= east) {
            let is_one_polygon = ring.0 == other_ring.0;
            if ring == other_ring {
                let at =
                    if crosses(edge, other) { Some(meeting_point(edge, other)) } else { touching_point(edge, other) };
                crossings.extend(at);
            } else if crosses(edge, other) {
                if is_one_polygon {
                    crossings.push(meeting_point(edge, other));
                    crossed.insert((ring.min(other_ring), ring.max(other_ring)));
                }
            } else if let Some(at) = runs_along(edge, other) {
                if is_one_polygon {
                    crossings.push(at);
                    crossed.insert((ring.min(other_ring), ring.max(other_ring)));
                } else {
                    adjoining.entry((ring.0.min(other_ring.0), ring.0.max(other_ring.0))).or_insert(at);
                }
            } else if is_one_polygon && let Some(at) = touching_point(edge, other).or_else(|| common_end(edge, other)) {
                touches.push(((ring.min(other_ring), ring.max(other_ring)), at));
            }
        }
    }
    crossings.sort_by(by_position);
    crossings.dedup();
    let mut found: Vec<(FaultKind, Coord<f64>)> =
        crossings.into_iter().map(|at| (FaultKind::SelfCrossing, at)).collect();
    parts.iter().for_each(|fault| _ = adjoining.remove(&fault.parts));
    found.extend(adjoining.into_values().map(|at| (FaultKind::PartsAdjoin, at)));
    found.extend(edges_of(shape).find(|(a, b)| (a.x - b.x).abs() > 180.0).map(|(a, _)| (FaultKind::Antimeridian, a)));
    for (part, polygon) in shape.polygons().iter().enumerate() {
        found.extend(faults_of_holes(part, polygon, &crossed));
    }
    touches.retain(|(pair, _)| !crossed.contains(pair));
    let ties = touches.into_iter().flat_map(|((one, other), at)| [(one, at), (other, at)]).collect();
    found.extend(splits(ties).map(|at| (FaultKind::SplitInside, at)));
    found
}

/// Holes that lie outside their exterior or in one another. Rings that cross were told of already.
fn faults_of_holes(
    part: usize,
    polygon: &Polygon<f64>,
    crossed: &BTreeSet<(RingId, RingId)>,
) -> Vec<(FaultKind, Coord<f64>)> {
    let rings: Vec<&LineString<f64>> = rings_of(polygon).collect();
    let is_apart = |a: usize, b: usize| !crossed.contains(&((part, a.min(b)), (part, a.max(b))));
    let on_side = |ring: &LineString<f64>, of: &LineString<f64>, side: Side| {
        ring.lines()
            .flat_map(|line| [line.start, (line.start + line.end) / 2.0])
            .find(|at| ring_side(&of.0, *at) == side)
    };
    let mut found = Vec::new();
    for (number, hole) in rings.iter().enumerate().skip(1) {
        let outside = rings.first().filter(|_| is_apart(0, number));
        found.extend(
            outside.and_then(|exterior| on_side(hole, exterior, Side::Outside)).map(|at| (FaultKind::HoleOutside, at)),
        );
        for (other, around) in rings.iter().enumerate().skip(1) {
            if other != number && is_apart(number, other) && bbox_meets(hole, around) {
                found.extend(on_side(hole, around, Side::Inside).map(|at| (FaultKind::NestedHoles, at)));
            }
        }
    }
    found
}

fn bbox_meets(a: &LineString<f64>, b: &LineString<f64>) -> bool {
    let bbox = |ring: &LineString<f64>| ring.0.iter().fold(Bbox::EMPTY, |bbox, c| bbox.with(c.x, c.y));
    bbox(a).intersects(bbox(b))
}

/// Where rings that touch close a circle around ground: each touch ties its ring to its point, and a second tie between
/// what is tied already closes one.
fn splits(mut ties: Vec<(RingId, Coord<f64>)>) -> impl Iterator<Item = Coord<f64>> {
    ties.sort_by(|(a, at), (b, other)| a.cmp(b).then(by_position(at, other)));
    ties.dedup();
    let mut group: BTreeMap<RingId, usize> = BTreeMap::new();
    let mut by_point: BTreeMap<(usize, u64, u64), Vec<RingId>> = BTreeMap::new();
    for (ring, at) in ties {
        let fresh = group.len();
        group.entry(ring).or_insert(fresh);
        by_point.entry((ring.0, at.x.to_bits(), at.y.to_bits())).or_default().push(ring);
    }
    let mut found = Vec::new();
    for ((_, x, y), rings) in by_point {
        let groups: Vec<usize> = rings.iter().filter_map(|ring| group.get(ring).copied()).collect();
        let distinct: BTreeSet<usize> = groups.iter().copied().collect();
        if distinct.len() < groups.len() {
            found.push(Coord { x: f64::from_bits(x), y: f64::from_bits(y) });
        }
        let first = distinct.first().copied().unwrap_or_default();
        group.values_mut().filter(|group| distinct.contains(group)).for_each(|group| *group = first);
    }
    found.into_iter()
}

/// Ground that two parts of one shape have in common.
struct PartFault {
    kind: FaultKind,
    /// Places among the polygons, ascending.
    parts: (usize, usize),
    shared: MultiPolygon<f64>,
}

fn faults_of_parts(shape: &Shape) -> Vec<PartFault> {
    let [_, _, ..] = shape.polygons() else { return Vec::new() };
    let single = |part: &Polygon<f64>| Some((bbox_of(part), Shape::new(vec![part.clone()]).ok()?));
    let mut parts: Vec<(usize, (Bbox, Shape))> =
        shape.polygons().iter().enumerate().filter_map(|(number, part)| Some((number, single(part)?))).collect();
    parts.sort_by(|(_, (a, _)), (_, (b, _))| a.west.total_cmp(&b.west));
    let mut found = Vec::new();
    for (place, (number, (bbox, one))) in parts.iter().enumerate() {
        let later = parts.iter().skip(place + 1).take_while(|(_, (other, _))| other.west <= bbox.east);
        for (other_number, (other_bbox, two)) in later.filter(|(_, (other, _))| other.intersects(*bbox)) {
            if !may_overlap((one, *bbox), (two, *other_bbox)) {
                continue;
            }
            let ground = |shape: &Shape| MultiPolygon(shape.ground().into_owned());
            let (one, two) = (ground(one), ground(two));
            let shared = one.intersection(&two);
            let common = shared.unsigned_area();
            let is_all = |of: &MultiPolygon<f64>| common >= of.unsigned_area() * (1.0 - 1e-6);
            let kind = match (is_all(&one), is_all(&two)) {
                (true, true) => FaultKind::PartTwice,
                (false, false) => FaultKind::PartOverlap,
                (true, false) | (false, true) => FaultKind::NestedParts,
            };
            if common > 0.0 {
                found.push(PartFault { kind, parts: (*number.min(other_number), *number.max(other_number)), shared });
            }
        }
    }
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

/// The middle of the line two edges share.
fn runs_along((a, b): Edge, (c, d): Edge) -> Option<Coord<f64>> {
    let turn = RobustKernel::orient2d;
    if turn(a, b, c) != Orientation::Collinear || turn(a, b, d) != Orientation::Collinear {
        return None;
    }
    let sorted = |p: Coord<f64>, q: Coord<f64>| if by_position(&p, &q).is_lt() { (p, q) } else { (q, p) };
    let ((a, b), (c, d)) = (sorted(a, b), sorted(c, d));
    let from = if by_position(&a, &c).is_lt() { c } else { a };
    let to = if by_position(&b, &d).is_lt() { b } else { d };
    by_position(&from, &to).is_lt().then(|| (from + to) / 2.0)
}

fn common_end((a, b): Edge, (c, d): Edge) -> Option<Coord<f64>> {
    [a, b].into_iter().find(|end| *end == c || *end == d)
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
            for other in self.index.meeting(*bbox).into_iter().filter(|&other| other > place) {
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
            match shape.side(at) {
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
        || own.iter().any(|(a, b)| [*a, (*a + *b) / 2.0].iter().any(|at| parent.side(*at) == Side::Outside))
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

    fn kinds_of(text: &str) -> BTreeSet<FaultKind> {
        let features = crate::geojson::read(text).unwrap();
        let shapes = features.iter().map(|feature| &feature.shape);
        faults(shapes).iter().map(|fault| fault.kind).collect()
    }

    #[test]
    fn each_border_is_judged_by_the_rules_of_the_ogc() {
        use FaultKind::*;
        let files: [(&str, &[FaultKind]); 13] = [
            (include_str!("../tests/files/antimeridian.geojson"), &[Antimeridian]),
            (include_str!("../tests/files/antimeridian_split.geojson"), &[]),
            (include_str!("../tests/files/bowtie.geojson"), &[SelfCrossing]),
            (include_str!("../tests/files/contained.geojson"), &[Overlap]),
            (include_str!("../tests/files/dup_part.geojson"), &[PartTwice]),
            (include_str!("../tests/files/dup_part_rev.geojson"), &[PartTwice]),
            (include_str!("../tests/files/dupstart.geojson"), &[DuplicateVertex]),
            (include_str!("../tests/files/figure8.geojson"), &[SelfCrossing]),
            (include_str!("../tests/files/hole_touch_point.geojson"), &[Hole]),
            (include_str!("../tests/files/nested.geojson"), &[NestedParts]),
            (include_str!("../tests/files/part_overlap.geojson"), &[PartOverlap]),
            (include_str!("../tests/files/same_twice.geojson"), &[Overlap]),
            (include_str!("../tests/files/spike.geojson"), &[SelfCrossing]),
        ];
        for (text, expected) in files {
            assert_eq!(kinds_of(text), BTreeSet::from_iter(expected.iter().copied()), "{text}");
        }
    }

    #[test]
    fn a_doubled_vertex_is_no_self_crossing_wherever_it_stands() {
        let corners = [(116.0, 39.0), (116.1, 39.0), (116.1, 39.1), (116.0, 39.1)];
        for doubled in 0..4 {
            let mut ring = corners.to_vec();
            ring.insert(doubled, corners[doubled]);
            let fault = only(faults([&shape(&ring, &[])]));
            let (x, y) = corners[doubled];
            assert_eq!((fault.kind, fault.place), (FaultKind::DuplicateVertex, at(x, y)));
        }
    }

    #[test]
    fn a_hole_outside_or_in_another_hole_or_along_the_border_is_told_and_holes_that_cut_the_inside_apart() {
        const SQUARE: [(f64, f64); 4] = [(116.0, 39.0), (116.1, 39.0), (116.1, 39.1), (116.0, 39.1)];
        let box_of = |x: f64, y: f64, side: f64| [(x, y), (x + side, y), (x + side, y + side), (x, y + side)];
        let border_kinds = |holes: &[&[(f64, f64)]]| -> BTreeSet<FaultKind> {
            faults_of_rings(&shape(&SQUARE, holes), &[]).into_iter().map(|(kind, _)| kind).collect()
        };
        assert_eq!(border_kinds(&[&box_of(116.2, 39.0, 0.01)]), BTreeSet::from([FaultKind::HoleOutside]));
        let (outer, inner) = (box_of(116.02, 39.02, 0.05), box_of(116.03, 39.03, 0.01));
        assert_eq!(border_kinds(&[&outer, &inner]), BTreeSet::from([FaultKind::NestedHoles]));
        assert_eq!(border_kinds(&[&box_of(116.0, 39.02, 0.01)]), BTreeSet::from([FaultKind::SelfCrossing]));
        assert_eq!(border_kinds(&[&box_of(116.05, 39.05, 0.1)]), BTreeSet::from([FaultKind::SelfCrossing]));
        let across = [(116.0, 39.05), (116.05, 39.04), (116.1, 39.05), (116.05, 39.06)];
        assert_eq!(border_kinds(&[&across]), BTreeSet::from([FaultKind::SplitInside]));
        let halves: [&[(f64, f64)]; 2] =
            [&[(116.0, 39.05), (116.05, 39.04), (116.05, 39.06)], &[(116.05, 39.04), (116.1, 39.05), (116.06, 39.03)]];
        assert_eq!(border_kinds(&halves), BTreeSet::from([FaultKind::SplitInside]));
        assert_eq!(border_kinds(&halves[..1]), BTreeSet::new(), "one touch splits nothing");
    }

    #[test]
    fn grids_joined_into_one_shape_as_they_are_share_a_border_and_lose_no_ground() {
        let [west, east] = [rectangle(116.0, 39.0, 116.1, 39.1), rectangle(116.1, 39.0, 116.2, 39.1)];
        let joined = Shape::new([&west, &east].iter().flat_map(|part| part.polygons().to_vec()).collect()).unwrap();
        let fault = only(faults([&joined]));
        assert_eq!(fault.kind, FaultKind::PartsAdjoin);
        assert!(!fault.kind.is_of_ground());
        assert_eq!(joined.area_m2(), west.area_m2() + east.area_m2());
    }

    #[test]
    fn ground_drawn_twice_is_still_laid_over_the_next_grid() {
        let part = rectangle(116.0, 39.0, 116.1, 39.1);
        let twice = Shape::new([part.polygons(), part.polygons()].concat()).unwrap();
        let next = rectangle(116.05, 39.0, 116.15, 39.1);
        let found = faults([&twice, &next]);
        let [overlap, of_part] = found.as_slice() else { panic!("{found:#?}") };
        assert_eq!((overlap.kind, of_part.kind), (FaultKind::Overlap, FaultKind::PartTwice));
        assert_size(overlap, rectangle(116.05, 39.0, 116.1, 39.1).area_m2());
    }

    /// Rings around ground on a coarse lattice: triangles, rectangles and whatever else.
    fn lattice_ring() -> impl Strategy<Value = Vec<(f64, f64)>> {
        let corner = || (0..6u8, 0..6u8).prop_map(|(x, y)| (f64::from(x) * 0.125, f64::from(y) * 0.125));
        let rectangle = (corner(), corner()).prop_map(|((x, y), (u, v))| vec![(x, y), (u, y), (u, v), (x, v)]);
        prop_oneof![3 => rectangle, 2 => prop::collection::vec(corner(), 3), 1 => prop::collection::vec(corner(), 4..7)]
            .prop_map(|mut ring| {
                ring.dedup();
                if ring.first() == ring.last() {
                    ring.pop();
                }
                ring
            })
            .prop_filter("a line goes around no ground", |ring| {
                let turn = |w: &[(f64, f64)]| RobustKernel::orient2d(w[0].into(), w[1].into(), w[2].into());
                ring.len() > 2 && ring.windows(3).any(|w| turn(w) != Orientation::Collinear)
            })
    }

    proptest! {
        /// The library's own judge looks at each pair of rings by their whole relation; it does not look for a split inside.
        #[test]
        fn a_shape_breaks_the_rules_exactly_where_an_independent_judge_says(
            polygons in prop::collection::vec((lattice_ring(), prop::collection::vec(lattice_ring(), 0..2)), 1..3),
        ) {
            let drawn = polygons.iter().map(|(exterior, holes)| {
                Polygon::new(ring(exterior), holes.iter().map(|hole| ring(hole)).collect())
            });
            let Ok(shape) = Shape::new(drawn.collect()) else { return Ok(()) };
            let parts = faults_of_parts(&shape);
            let rings = faults_of_rings(&shape, &parts);
            let is_valid = parts.is_empty() && rings.iter().all(|(kind, _)| *kind == FaultKind::SplitInside);
            let judged: Vec<String> =
                geo::Validation::validation_errors(&multi(&shape)).iter().map(ToString::to_string).collect();
            prop_assert_eq!(is_valid, judged.is_empty(), "{:?} {:?}", rings, judged);
        }
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
