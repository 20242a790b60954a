//! Which grid a point lies in, answered from memory.
//!
//! A raster is laid over all shapes, several cells to a shape. A cell that no border passes through is answered by one
//! look-up; any other cell lists the few shapes that reach into it, and the exact crossing test decides among them.
//! The answer is therefore exact for any shapes, with or without gaps, overlaps, holes and islands.
//!
//! A point on a border belongs to every shape it borders on, and of those the lowest handle is answered, so each point
//! has one answer that does not depend on the order of loading. (`ST_Contains` answers none on a border.)
//! Knows nothing of codes or kinds of area: build one index for each layer of areas.

use std::ops::RangeInclusive;

use geo::Coord;
use geo::kernels::{Kernel, Orientation, RobustKernel};

use crate::datum::{EARTH_RADIUS_M, Point};
use crate::shape::{Bbox, Shape, Side, polygon_side, ring_side, rings_of};

/// An index over shapes known by handle.
#[derive(Debug, Clone)]
pub struct GridIndex {
    raster: Raster,
    /// One entry for each raster cell: [`EMPTY`]; or a slot with [`WHOLE`] set, if that shape alone reaches into the
    /// cell and covers it; or where its list starts in `lists`.
    cells: Vec<u32>,
    /// For each list its length, then slots in ascending order, with [`WHOLE`] set where the shape covers the cell.
    lists: Vec<u32>,
    /// In ascending order of handle.
    slots: Vec<Slot>,
    /// Closed rings, those of one slot together, the exterior first, with [`BREAK`] between them.
    vertices: Vec<Coord<f64>>,
}

/// One polygon of a shape. Polygons of one shape stand for themselves, so that none takes ground from another.
#[derive(Debug, Clone, Copy)]
struct Slot {
    handle: u32,
    first: usize,
    end: usize,
    has_holes: bool,
    bbox: Bbox,
}

const EMPTY: u32 = u32::MAX;
const WHOLE: u32 = 1 << 31;
const BREAK: Coord<f64> = Coord { x: f64::NAN, y: f64::NAN };

/// Raster cells for each 3 vertices: 17 for a grid of 12. Fewer cost time, more cost memory.
const CELLS_PER_3_VERTICES: usize = 4;
const MAX_CELLS: usize = 1 << 26;

impl GridIndex {
    /// About 0.25 µs and 30 bytes a vertex. Shapes given under one handle count as one area.
    pub fn build<'a>(shapes: impl IntoIterator<Item = (u32, &'a Shape)>) -> GridIndex {
        let mut shapes: Vec<(u32, &Shape)> = shapes.into_iter().collect();
        shapes.sort_by_key(|&(handle, _)| handle);

        let mut slots = Vec::with_capacity(shapes.len());
        let mut vertices = Vec::new();
        let mut extent = Bbox::EMPTY;
        for (handle, polygon) in
            shapes.into_iter().flat_map(|(handle, shape)| shape.polygons().iter().map(move |polygon| (handle, polygon)))
        {
            let first = vertices.len();
            for ring in rings_of(polygon) {
                if vertices.len() > first {
                    vertices.push(BREAK);
                }
                vertices.extend_from_slice(&ring.0);
            }
            let has_holes = !polygon.interiors().is_empty();
            let bbox = polygon.exterior().0.iter().fold(Bbox::EMPTY, |bbox, c| bbox.with(c.x, c.y));
            extent = extent.union(bbox);
            slots.push(Slot { handle, first, end: vertices.len(), has_holes, bbox });
        }

        let wanted = (vertices.len() / 3 * CELLS_PER_3_VERTICES).clamp(1, MAX_CELLS);
        let mut index =
            GridIndex { raster: Raster::over(extent, wanted), cells: Vec::new(), lists: Vec::new(), slots, vertices };
        index.fill_cells();
        index
    }

    /// The shape the point lies in; on borders and overlaps the one with the lowest handle. Outside all shapes, none.
    pub fn locate(&self, point: Point) -> Option<u32> {
        self.locate_among(point, |_| true)
    }

    /// As [`GridIndex::locate`], as if only the shapes were there whose handle is `wanted`.
    #[inline]
    pub fn locate_among(&self, point: Point, wanted: impl Fn(u32) -> bool) -> Option<u32> {
        let (row, column) = (self.raster.row(point.lat())?, self.raster.column(point.lon())?);
        let cell = *self.cells.get(self.raster.cell(row, column))?;
        if cell & WHOLE != 0 {
            return self.slot(cell).map(|slot| slot.handle).filter(|&handle| wanted(handle));
        }
        self.list(cell).iter().find_map(|&entry| {
            let slot = self.slot(entry).filter(|slot| wanted(slot.handle))?;
            let inside = entry & WHOLE != 0 || self.covers(slot, point);
            inside.then_some(slot.handle)
        })
    }

    /// Handles of all shapes that have a point in common with `bbox`, ascending. Exact.
    pub fn within(&self, bbox: Bbox) -> Vec<u32> {
        let mut handles: Vec<u32> =
            self.candidates(bbox).filter(|slot| self.meets(slot, bbox)).map(|slot| slot.handle).collect();
        handles.dedup();
        handles
    }

    /// The shape nearest to the point and how far it is, in metres; 0 inside. None if all are farther than `max_m`.
    /// Of several equally near the lowest handle. Measured on the plane that touches the globe at the point, so good
    /// to 0.5 % for distances of some kilometres.
    pub fn nearest(&self, point: Point, max_m: f64) -> Option<(u32, f64)> {
        if let Some(handle) = self.locate(point) {
            return Some((handle, 0.0));
        }
        let mut reach_m = max_m.min(100.0);
        loop {
            let mut best: Option<(u32, f64)> = None;
            for slot in self.candidates(Bbox::around(point, reach_m)) {
                let away_m = self.distance_m(slot, point);
                if away_m <= reach_m && best.is_none_or(|(_, best_m)| away_m < best_m) {
                    best = Some((slot.handle, away_m));
                }
            }
            if best.is_some() || reach_m >= max_m {
                return best;
            }
            reach_m = (reach_m * 4.0).min(max_m);
        }
    }

    /// Handles of shapes of which a polygon's bounding box meets `bbox`, ascending.
    pub(crate) fn meeting(&self, bbox: Bbox) -> Vec<u32> {
        let mut handles: Vec<u32> = self.candidates(bbox).map(|slot| slot.handle).collect();
        handles.dedup();
        handles
    }

    /// Handles of shapes whose border passes within `degrees` of a position, ascending.
    pub(crate) fn near(&self, at: Coord<f64>, degrees: f64) -> Vec<u32> {
        let bbox = Bbox::EMPTY.with(at.x - degrees, at.y - degrees).with(at.x + degrees, at.y + degrees);
        let away = |c: Coord<f64>| (c.x - at.x, c.y - at.y);
        let is_near = |slot: &&Slot| self.edges(slot).any(|(a, b)| origin_to_edge(away(a), away(b)) <= degrees);
        let mut handles: Vec<u32> = self.candidates(bbox).filter(is_near).map(|slot| slot.handle).collect();
        handles.dedup();
        handles
    }

    /// Handles indexed.
    pub fn len(&self) -> usize {
        self.slots.chunk_by(|a, b| a.handle == b.handle).count()
    }

    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The rectangle around all shapes; [`Bbox::EMPTY`] if there are none.
    pub fn bbox(&self) -> Bbox {
        self.slots.iter().fold(Bbox::EMPTY, |bbox, slot| bbox.union(slot.bbox))
    }

    pub fn size_bytes(&self) -> usize {
        size_of::<Self>()
            + size_of_val(self.cells.as_slice())
            + size_of_val(self.lists.as_slice())
            + size_of_val(self.slots.as_slice())
            + size_of_val(self.vertices.as_slice())
    }

    fn slot(&self, entry: u32) -> Option<&Slot> {
        self.slots.get((entry & !WHOLE) as usize)
    }

    fn list(&self, start: u32) -> &[u32] {
        let start = start as usize;
        let length = self.lists.get(start).map_or(0, |&length| length as usize);
        self.lists.get(start + 1..start + 1 + length).unwrap_or_default()
    }

    fn outline(&self, slot: &Slot) -> &[Coord<f64>] {
        self.vertices.get(slot.first..slot.end).unwrap_or_default()
    }

    fn rings(&self, slot: &Slot) -> impl Iterator<Item = &[Coord<f64>]> {
        self.outline(slot).split(|c| c.x.is_nan())
    }

    fn edges(&self, slot: &Slot) -> impl Iterator<Item = (Coord<f64>, Coord<f64>)> {
        self.rings(slot).flat_map(|ring| ring.iter().copied().zip(ring.iter().skip(1).copied()))
    }

    fn side(&self, slot: &Slot, lon: f64, lat: f64) -> Side {
        let at = Coord { x: lon, y: lat };
        if slot.has_holes { polygon_side(self.rings(slot), at) } else { ring_side(self.outline(slot), at) }
    }

    fn covers(&self, slot: &Slot, point: Point) -> bool {
        slot.bbox.contains(point) && self.side(slot, point.lon(), point.lat()) != Side::Outside
    }

    /// Every slot that may reach into `bbox`, once, in order.
    fn candidates(&self, bbox: Bbox) -> impl Iterator<Item = &Slot> {
        let mut found = Vec::new();
        for row in self.raster.rows(bbox) {
            for column in self.raster.columns(bbox) {
                match self.cells.get(self.raster.cell(row, column)) {
                    None | Some(&EMPTY) => {}
                    Some(&cell) if cell & WHOLE != 0 => found.push(cell & !WHOLE),
                    Some(&cell) => found.extend(self.list(cell).iter().map(|entry| entry & !WHOLE)),
                }
            }
            found.sort_unstable();
            found.dedup();
        }
        found.into_iter().filter_map(|entry| self.slot(entry)).filter(move |slot| slot.bbox.intersects(bbox))
    }

    fn meets(&self, slot: &Slot, bbox: Bbox) -> bool {
        self.side(slot, bbox.west, bbox.south) != Side::Outside || self.edges(slot).any(|(a, b)| edge_meets(a, b, bbox))
    }

    fn distance_m(&self, slot: &Slot, point: Point) -> f64 {
        let m_per_degree = EARTH_RADIUS_M.to_radians();
        let m_per_degree_lon = m_per_degree * point.lat().to_radians().cos();
        let plane = |c: Coord<f64>| ((c.x - point.lon()) * m_per_degree_lon, (c.y - point.lat()) * m_per_degree);
        self.edges(slot).map(|(a, b)| origin_to_edge(plane(a), plane(b))).fold(f64::INFINITY, f64::min)
    }

    fn fill_cells(&mut self) {
        let mut entries = Vec::new();
        let mut patch = Patch::default();
        for (number, slot) in self.slots.iter().enumerate() {
            let number = u32::try_from(number).ok().filter(|&n| n < WHOLE).expect("2^31 slots exceed any memory");
            patch.clear(self.raster.rows(slot.bbox), self.raster.columns(slot.bbox));
            self.edges(slot).for_each(|(a, b)| self.raster.mark(a, b, &mut patch));
            patch.flood(|row, column| {
                let centre = self.raster.centre(row, column);
                self.side(slot, centre.x, centre.y) == Side::Inside
            });
            patch.each(|row, column, reach| match reach {
                Reach::None => {}
                Reach::Border => entries.push((self.raster.cell(row, column), number)),
                Reach::Whole => entries.push((self.raster.cell(row, column), number | WHOLE)),
            });
        }
        self.lay_out(entries);
    }

    /// Sorts the entries by cell, keeping their order within a cell, and shares equal lists of neighbouring cells.
    fn lay_out(&mut self, mut entries: Vec<(usize, u32)>) {
        entries.sort_by_key(|&(cell, _)| cell);
        let columns = self.raster.columns as usize;
        self.cells = vec![EMPTY; self.raster.rows as usize * columns];
        for group in entries.chunk_by(|a, b| a.0 == b.0) {
            let Some(&(cell, first)) = group.first() else {
                continue;
            };
            let of = |&(_, entry): &(usize, u32)| entry;
            let start = if group.len() == 1 && first & WHOLE != 0 {
                first
            } else {
                let neighbours = [cell.checked_sub(1), cell.checked_sub(columns)];
                let equal = neighbours
                    .into_iter()
                    .filter_map(|neighbour| self.cells.get(neighbour?).copied())
                    .find(|&start| start & WHOLE == 0 && self.list(start).iter().copied().eq(group.iter().map(of)));
                equal.unwrap_or_else(|| {
                    let start = count(self.lists.len());
                    self.lists.push(count(group.len()));
                    self.lists.extend(group.iter().map(of));
                    start
                })
            };
            if let Some(slot) = self.cells.get_mut(cell) {
                *slot = start;
            }
        }
        self.lists.shrink_to_fit();
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).ok().filter(|&n| n < WHOLE).expect("2^31 list entries need 8 GB; MAX_CELLS is far below")
}

/// The whole part of a cell coordinate; below 0 it is 0, above `u32` it is the largest.
fn whole(coordinate: f64) -> u32 {
    coordinate as u32
}

#[derive(Debug, Clone)]
struct Raster {
    west: f64,
    south: f64,
    columns: u32,
    rows: u32,
    columns_per_degree: f64,
    rows_per_degree: f64,
}

/// How far, in cells, an edge reaches beyond itself when it is marked: far more than rounding moves it, so that a cell
/// that is not marked has no border in it for certain.
const MARGIN: f64 = 1e-6;

impl Raster {
    fn over(extent: Bbox, cells: usize) -> Raster {
        if extent.west > extent.east {
            return Raster {
                west: 0.0,
                south: 0.0,
                columns: 0,
                rows: 0,
                columns_per_degree: 0.0,
                rows_per_degree: 0.0,
            };
        }
        let (width, height) = ((extent.east - extent.west).max(1e-9), (extent.north - extent.south).max(1e-9));
        let side = (width * height / cells as f64).sqrt();
        let (columns, rows) = (whole((width / side).ceil()).max(1), whole((height / side).ceil()).max(1));
        Raster {
            west: extent.west,
            south: extent.south,
            columns,
            rows,
            columns_per_degree: f64::from(columns) / width,
            rows_per_degree: f64::from(rows) / height,
        }
    }

    fn cell(&self, row: u32, column: u32) -> usize {
        row as usize * self.columns as usize + column as usize
    }

    fn u(&self, lon: f64) -> f64 {
        (lon - self.west) * self.columns_per_degree
    }

    fn v(&self, lat: f64) -> f64 {
        (lat - self.south) * self.rows_per_degree
    }

    fn column(&self, lon: f64) -> Option<u32> {
        on_raster(self.u(lon), self.columns)
    }

    fn row(&self, lat: f64) -> Option<u32> {
        on_raster(self.v(lat), self.rows)
    }

    fn columns(&self, bbox: Bbox) -> RangeInclusive<u32> {
        span(self.u(bbox.west), self.u(bbox.east), self.columns)
    }

    fn rows(&self, bbox: Bbox) -> RangeInclusive<u32> {
        span(self.v(bbox.south), self.v(bbox.north), self.rows)
    }

    fn centre(&self, row: u32, column: u32) -> Coord<f64> {
        Coord {
            x: self.west + (f64::from(column) + 0.5) / self.columns_per_degree,
            y: self.south + (f64::from(row) + 0.5) / self.rows_per_degree,
        }
    }

    /// Marks every cell the edge passes through or comes near.
    fn mark(&self, a: Coord<f64>, b: Coord<f64>, patch: &mut Patch) {
        let (mut low, mut high) = ((self.u(a.x), self.v(a.y)), (self.u(b.x), self.v(b.y)));
        if low.1 > high.1 {
            (low, high) = (high, low);
        }
        let slope = if high.1 > low.1 { (high.0 - low.0) / (high.1 - low.1) } else { 0.0 };
        let (left, right) = (low.0.min(high.0), low.0.max(high.0));
        for row in span(low.1, high.1, self.rows) {
            let (bottom, top) = (f64::from(row) - MARGIN, f64::from(row) + 1.0 + MARGIN);
            let (u1, u2) = if high.1 - low.1 < MARGIN {
                (left, right)
            } else {
                let at = |v: f64| (low.0 + (v.clamp(low.1, high.1) - low.1) * slope).clamp(left, right);
                (at(bottom), at(top))
            };
            for column in span(u1.min(u2), u1.max(u2), self.columns) {
                patch.mark(row, column);
            }
        }
    }
}

/// On the far border itself the last cell.
fn on_raster(coordinate: f64, count: u32) -> Option<u32> {
    let inside = coordinate >= 0.0 && coordinate <= f64::from(count) + MARGIN && count > 0;
    inside.then(|| whole(coordinate).min(count - 1))
}

/// Cells from one coordinate to another, with the margin, cut to the raster; empty if it has none.
fn span(from: f64, to: f64, count: u32) -> RangeInclusive<u32> {
    if count == 0 || to < -MARGIN || from > f64::from(count) + MARGIN {
        return RangeInclusive::new(1, 0);
    }
    whole(from - MARGIN).min(count - 1)..=whole(to + MARGIN).min(count - 1)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    None,
    Border,
    Whole,
}

/// The part of the raster one shape may reach into.
#[derive(Default)]
struct Patch {
    row: u32,
    column: u32,
    columns: usize,
    reach: Vec<Reach>,
}

impl Patch {
    fn clear(&mut self, rows: RangeInclusive<u32>, columns: RangeInclusive<u32>) {
        (self.row, self.column) = (*rows.start(), *columns.start());
        self.columns = columns.count();
        self.reach.clear();
        self.reach.resize(rows.count() * self.columns, Reach::None);
    }

    fn mark(&mut self, row: u32, column: u32) {
        if row >= self.row && column >= self.column {
            let (row, column) = ((row - self.row) as usize, (column - self.column) as usize);
            if let Some(reach) = self.reach.get_mut(row * self.columns + column).filter(|_| column < self.columns) {
                *reach = Reach::Border;
            }
        }
    }

    fn place(&self, at: usize) -> (u32, u32) {
        (self.row + whole_index(at / self.columns), self.column + whole_index(at % self.columns))
    }

    /// Finds the cells the shape covers. No border runs between two adjacent cells without a border, so a cell is as
    /// its neighbour to the left or below; only where both have borders is its centre tested.
    fn flood(&mut self, is_inside: impl Fn(u32, u32) -> bool) {
        for at in 0..self.reach.len() {
            if self.reach.get(at) == Some(&Reach::Border) {
                continue;
            }
            let left = if at % self.columns > 0 { self.reach.get(at - 1) } else { None };
            let below = at.checked_sub(self.columns).and_then(|below| self.reach.get(below));
            let known = [left, below].into_iter().flatten().copied().find(|&reach| reach != Reach::Border);
            let reach = known.unwrap_or_else(|| {
                let (row, column) = self.place(at);
                if is_inside(row, column) { Reach::Whole } else { Reach::None }
            });
            if let Some(cell) = self.reach.get_mut(at) {
                *cell = reach;
            }
        }
    }

    fn each(&self, mut visit: impl FnMut(u32, u32, Reach)) {
        for (at, &reach) in self.reach.iter().enumerate() {
            let (row, column) = self.place(at);
            visit(row, column, reach);
        }
    }
}

fn whole_index(index: usize) -> u32 {
    u32::try_from(index).expect("rows and columns of the raster are u32")
}

/// Whether the edge from `a` to `b` and the rectangle have a point in common. Exact.
fn edge_meets(a: Coord<f64>, b: Coord<f64>, bbox: Bbox) -> bool {
    if !Bbox::EMPTY.with(a.x, a.y).with(b.x, b.y).intersects(bbox) {
        return false;
    }
    let mut corners =
        [(bbox.west, bbox.south), (bbox.east, bbox.south), (bbox.east, bbox.north), (bbox.west, bbox.north)]
            .into_iter()
            .map(|(x, y)| RobustKernel::orient2d(a, b, Coord { x, y }));
    let first = corners.next();
    first == Some(Orientation::Collinear) || corners.any(|side| Some(side) != first)
}

fn origin_to_edge((ax, ay): (f64, f64), (bx, by): (f64, f64)) -> f64 {
    let (dx, dy) = (bx - ax, by - ay);
    let length2 = dx * dx + dy * dy;
    let t = if length2 > 0.0 { (-(ax * dx + ay * dy) / length2).clamp(0.0, 1.0) } else { 0.0 };
    (ax + t * dx).hypot(ay + t * dy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datum::distance_m;
    use geo::{LineString, Polygon};
    use proptest::prelude::*;

    fn at(lon: f64, lat: f64) -> Point {
        Point::new(lon, lat).unwrap()
    }

    fn ring(points: &[(f64, f64)]) -> LineString<f64> {
        LineString::from(points.to_vec())
    }

    fn square(x: f64, y: f64, side: f64) -> Vec<(f64, f64)> {
        vec![(x, y), (x + side, y), (x + side, y + side), (x, y + side)]
    }

    fn bbox(west: f64, south: f64, east: f64, north: f64) -> Bbox {
        Bbox { west, south, east, north }
    }

    fn shape(exterior: &[(f64, f64)]) -> Shape {
        Shape::new(vec![Polygon::new(ring(exterior), Vec::new())]).unwrap()
    }

    fn index(shapes: &[Shape]) -> GridIndex {
        GridIndex::build((0..).zip(shapes))
    }

    #[test]
    fn a_point_is_found_in_its_grid_and_nowhere_outside() {
        let index =
            index(&[shape(&square(0.0, 0.0, 1.0)), shape(&square(1.0, 0.0, 1.0)), shape(&square(3.0, 0.0, 1.0))]);
        assert_eq!(index.locate(at(0.5, 0.5)), Some(0));
        assert_eq!(index.locate(at(1.5, 0.5)), Some(1));
        assert_eq!(index.locate(at(2.5, 0.5)), None);
        assert_eq!(index.locate(at(0.5, -0.5)), None);
        assert_eq!(index.locate(at(0.5, 1.5)), None);
    }

    #[test]
    fn a_point_on_a_shared_border_belongs_to_the_lowest_handle_in_any_order_of_loading() {
        let (west, east) = (shape(&square(0.0, 0.0, 1.0)), shape(&square(1.0, 0.0, 1.0)));
        for pair in [[(4, &west), (9, &east)], [(9, &east), (4, &west)]] {
            let index = GridIndex::build(pair);
            assert_eq!(index.locate(at(1.0, 0.3)), Some(4));
            assert_eq!(index.locate(at(1.0, 1.0)), Some(4));
            assert_eq!(index.locate(at(2.0, 1.0)), Some(9));
        }
    }

    #[test]
    fn holes_and_islands_are_seen() {
        let lake = Polygon::new(ring(&square(0.0, 0.0, 9.0)), vec![ring(&square(3.0, 3.0, 3.0))]);
        let island = Polygon::new(ring(&square(4.0, 4.0, 1.0)), Vec::new());
        let index = index(&[Shape::new(vec![lake, island]).unwrap(), shape(&square(3.2, 3.2, 0.5))]);
        assert_eq!(index.locate(at(1.0, 1.0)), Some(0));
        assert_eq!(index.locate(at(4.5, 4.5)), Some(0));
        assert_eq!(index.locate(at(3.5, 3.5)), Some(1));
        assert_eq!(index.locate(at(5.5, 5.5)), None);
    }

    #[test]
    fn of_shapes_over_one_another_the_lowest_that_is_wanted_is_found() {
        let index =
            index(&[shape(&square(0.0, 0.0, 2.0)), shape(&square(0.0, 0.0, 1.0)), shape(&square(1.0, 0.0, 1.0))]);
        let among = |x: f64, wanted: &[u32]| index.locate_among(at(x, 0.5), |handle| wanted.contains(&handle));
        assert_eq!((among(0.5, &[0, 1, 2]), among(0.5, &[1, 2]), among(1.5, &[1, 2])), (Some(0), Some(1), Some(2)));
        assert_eq!(among(1.5, &[1]), None);
        assert_eq!(index.len(), 3);
    }

    #[test]
    fn an_index_of_nothing_answers_nothing() {
        let index = index(&[]);
        assert!(index.is_empty());
        assert_eq!(index.locate(at(0.0, 0.0)), None);
        assert!(index.within(bbox(-180.0, -90.0, 180.0, 90.0)).is_empty());
        assert_eq!(index.nearest(at(0.0, 0.0), 1e7), None);
    }

    #[test]
    fn a_rectangle_finds_what_it_touches_what_it_holds_and_what_holds_it() {
        let index = index(&[
            shape(&square(0.0, 0.0, 10.0)),
            shape(&square(2.0, 2.0, 0.1)),
            shape(&[(5.0, 0.0), (10.0, 0.0), (10.0, 5.0)]),
            shape(&square(20.0, 20.0, 1.0)),
        ]);
        assert_eq!(index.within(bbox(1.0, 1.0, 3.0, 3.0)), [0, 1]);
        assert_eq!(index.within(bbox(2.02, 2.02, 2.05, 2.05)), [0, 1]);
        assert_eq!(index.within(bbox(6.0, 3.0, 7.0, 4.0)), [0], "bounding box only");
        assert_eq!(index.within(bbox(7.0, 1.9, 7.2, 4.0)), [0, 2]);
        assert_eq!(index.within(bbox(10.0, 10.0, 20.0, 20.0)), [0, 3]);
        assert!(index.within(bbox(11.0, 11.0, 12.0, 12.0)).is_empty());
    }

    #[test]
    fn the_nearest_grid_is_suggested_with_its_distance_but_not_beyond_the_limit() {
        let index = index(&[shape(&square(116.0, 39.0, 0.1)), shape(&square(116.3, 39.0, 0.1))]);
        assert_eq!(index.nearest(at(116.05, 39.05), 0.0), Some((0, 0.0)));
        let outside = at(116.11, 39.05);
        let expected_m = distance_m(outside, at(116.1, 39.05));
        let (handle, away_m) = index.nearest(outside, 2_000.0).unwrap();
        assert_eq!(handle, 0);
        assert!((away_m / expected_m - 1.0).abs() < 1e-3, "{away_m} {expected_m}");
        assert_eq!(index.nearest(outside, expected_m * 0.99), None);
        assert_eq!(index.nearest(at(116.28, 39.05), 20_000.0).map(|(handle, _)| handle), Some(1));
    }

    /// Triangles on a coarse lattice: they overlap, touch, share borders and vertices.
    fn triangles() -> impl Strategy<Value = Vec<Shape>> {
        let corner = (0..8u8, 0..8u8).prop_map(|(x, y)| (f64::from(x) * 0.1, f64::from(y) * 0.1));
        let triangle = [corner.clone(), corner.clone(), corner].prop_filter_map("three corners", |corners| {
            Shape::new(vec![Polygon::new(ring(&corners), Vec::new())]).ok()
        });
        prop::collection::vec(triangle, 1..20)
    }

    proptest! {
        #[test]
        fn the_index_answers_as_trying_every_shape_would(
            shapes in triangles(),
            points in prop::collection::vec((0..=32u8, 0..=32u8), 40),
            (dx, dy) in (-1e-3..1e-3f64, -1e-3..1e-3f64),
        ) {
            let index = index(&shapes);
            for (x, y) in points {
                for (dx, dy) in [(0.0, 0.0), (dx, dy)] {
                    let point = at(f64::from(x) * 0.025 - 0.05 + dx, f64::from(y) * 0.025 - 0.05 + dy);
                    let slow = (0..).zip(&shapes).find(|(_, shape)| shape.covers(point)).map(|(handle, _)| handle);
                    prop_assert_eq!(index.locate(point), slow, "{:?}", point);
                }
            }
        }

        #[test]
        fn what_a_rectangle_finds_does_not_depend_on_the_raster(
            shapes in triangles(), x in 0.0..0.7f64, y in 0.0..0.7f64, w in 0.0..0.3f64, h in 0.0..0.3f64,
        ) {
            let bbox = bbox(x, y, x + w, y + h);
            let rectangle = geo::Rect::new((x, y), (x + w, y + h));
            let slow: Vec<u32> = (0..).zip(&shapes)
                .filter(|(_, shape)| geo::Intersects::intersects(&shape.polygons()[0], &rectangle))
                .map(|(handle, _)| handle)
                .collect();
            prop_assert_eq!(index(&shapes).within(bbox), slow);
        }

        #[test]
        fn the_nearest_is_nearer_than_every_other(shapes in triangles(), x in -0.5..1.5f64, y in -0.5..1.5f64) {
            let index = index(&shapes);
            let found = index.nearest(at(x, y), 1e6).unwrap();
            let slow = index.slots.iter()
                .map(|slot| if index.covers(slot, at(x, y)) { 0.0 } else { index.distance_m(slot, at(x, y)) })
                .fold(f64::INFINITY, f64::min);
            prop_assert!((found.1 - slow).abs() < 1e-9, "{:?} {}", found, slow);
        }
    }
}
