//! Vector tiles for the map: areas and points, projected once, cut and written on demand.
//!
//! The format is the Mapbox Vector Tile specification 2.1. A tile of several layers is the concatenation of the tiles of
//! each. Knows nothing of permissions: give a layer only what its readers may see. Start at [`TileLayer::build`].

use std::collections::BTreeMap;
use std::ops::Range;

use crate::datum::Point;
use crate::shape::{Bbox, Shape, rings_of};

/// A square of the Web Mercator pyramid: zoom, column from the west, row from the north.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TileId {
    z: u8,
    x: u32,
    y: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no tile {z}/{x}/{y}; zoom goes from 0 to {MAX_ZOOM}, x and y from 0 to 2^zoom - 1")]
pub struct NoSuchTile {
    pub z: u8,
    pub x: u32,
    pub y: u32,
}

/// The largest zoom: a tile unit is then 2 cm. The map enlarges these tiles when one looks closer.
pub const MAX_ZOOM: u8 = 19;
const EXTENT_BITS: u8 = 12;
/// Tile units on a side.
pub const EXTENT: u32 = 1 << EXTENT_BITS;
/// Tile units by which areas are drawn beyond the tile, so that the cut itself is never seen.
const BUFFER: i32 = 64;
/// Below this zoom vertices are moved to a lattice of four tile units, half a pixel: neighbours move alike.
const FULL_DETAIL_ZOOM: u8 = 14;

impl TileId {
    pub fn new(z: u8, x: u32, y: u32) -> Result<TileId, NoSuchTile> {
        let exists = z <= MAX_ZOOM && x >> z == 0 && y >> z == 0;
        if exists { Ok(TileId { z, x, y }) } else { Err(NoSuchTile { z, x, y }) }
    }

    /// The tile of a zoom that holds the point; zoom above [`MAX_ZOOM`] counts as that.
    pub fn holding(point: Point, z: u8) -> TileId {
        let z = z.min(MAX_ZOOM);
        let [x, y] = project(point.lon(), point.lat());
        let tile = |world: u32| u32::try_from(u64::from(world) >> (32 - z)).expect("a shifted u32");
        TileId { z, x: tile(x), y: tile(y) }
    }

    pub fn z(self) -> u8 {
        self.z
    }

    pub fn x(self) -> u32 {
        self.x
    }

    pub fn y(self) -> u32 {
        self.y
    }

    /// The tile on the ground, without its buffer.
    pub fn bbox(self) -> Bbox {
        let across = f64::from(1u32 << self.z);
        let lon = |x: f64| x / across * 360.0 - 180.0;
        let lat = |y: f64| (std::f64::consts::PI * (1.0 - 2.0 * y / across)).sinh().atan().to_degrees();
        Bbox {
            west: lon(f64::from(self.x)),
            south: lat(f64::from(self.y) + 1.0),
            east: lon(f64::from(self.x) + 1.0),
            north: lat(f64::from(self.y)),
        }
    }

    fn shift(self) -> u8 {
        32 - EXTENT_BITS - self.z
    }

    /// World units (2^32 around the globe, not quite a centimetre each) the tile spans, with `buffer` tile units on each side, cut to the world.
    fn span(self, buffer: i32) -> World {
        let axis = |tile: u32| {
            let (start, buffer) = (i64::from(tile) << EXTENT_BITS, i64::from(buffer));
            let world = |units: i64| u32::try_from(units.clamp(0, i64::from(u32::MAX))).expect("clamped");
            let end = start + i64::from(EXTENT) + buffer;
            (world((start - buffer) << self.shift()), world((end << self.shift()) - 1))
        };
        let ((left, right), (top, bottom)) = (axis(self.x), axis(self.y));
        World { left, top, right, bottom }
    }
}

/// A rectangle in world units, borders included; y grows southward.
#[derive(Debug, Clone, Copy)]
struct World {
    left: u32,
    top: u32,
    right: u32,
    bottom: u32,
}

impl World {
    fn around(vertices: &[[u32; 2]]) -> World {
        let none = World { left: u32::MAX, top: u32::MAX, right: 0, bottom: 0 };
        vertices.iter().fold(none, |world, &[x, y]| World {
            left: world.left.min(x),
            top: world.top.min(y),
            right: world.right.max(x),
            bottom: world.bottom.max(y),
        })
    }

    fn intersects(&self, other: &World) -> bool {
        self.left <= other.right && other.left <= self.right && self.top <= other.bottom && other.top <= self.bottom
    }

    fn holds(&self, other: &World) -> bool {
        self.left <= other.left && other.right <= self.right && self.top <= other.top && other.bottom <= self.bottom
    }
}

/// Web Mercator in world units; beyond 85.05° north or south the edge of the world.
fn project(lon: f64, lat: f64) -> [u32; 2] {
    let world = 4_294_967_296.0;
    let y = lat.to_radians().sin().atanh() / std::f64::consts::TAU;
    [((lon / 360.0 + 0.5) * world) as u32, ((0.5 - y) * world) as u32]
}

/// A value a map style or a pop-up may use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TagValue<'a> {
    Text(&'a str),
    Integer(i64),
    Number(f64),
    Flag(bool),
}

#[derive(Debug, Clone, Copy)]
pub enum Place<'a> {
    Area(&'a Shape),
    Point(Point),
}

/// One thing on the map. Each name at most once among its tags.
#[derive(Debug, Clone)]
pub struct TileFeature<'a> {
    pub id: u64,
    pub place: Place<'a>,
    pub tags: Vec<(&'a str, TagValue<'a>)>,
}

/// A layer ready to be cut into tiles, features in the order given. 8 bytes a vertex, 60 a feature.
#[derive(Debug, Clone)]
pub struct TileLayer {
    name: String,
    keys: Vec<String>,
    /// Each written as the specification's `Value`.
    values: Vec<Vec<u8>>,
    features: Vec<Prepared>,
    /// What a query looks at first, so kept apart from `features`, which it runs beside.
    bounds: Vec<World>,
    tags: Vec<[u32; 2]>,
    rings: Vec<Ring>,
    vertices: Vec<[u32; 2]>,
}

#[derive(Debug, Clone)]
struct Prepared {
    id: u64,
    is_point: bool,
    tags: Range<usize>,
    rings: Range<usize>,
}

/// Not closed: the last vertex is not the first. A point is a ring of one vertex.
#[derive(Debug, Clone)]
struct Ring {
    is_hole: bool,
    vertices: Range<usize>,
}

impl TileLayer {
    pub fn build<'a>(name: &str, features: impl IntoIterator<Item = TileFeature<'a>>) -> TileLayer {
        let mut layer = TileLayer {
            name: name.to_owned(),
            keys: Vec::new(),
            values: Vec::new(),
            features: Vec::new(),
            bounds: Vec::new(),
            tags: Vec::new(),
            rings: Vec::new(),
            vertices: Vec::new(),
        };
        let (mut keys, mut values) = (Numbered::default(), Numbered::default());
        for feature in features {
            let (first_tag, first_ring, first_vertex) = (layer.tags.len(), layer.rings.len(), layer.vertices.len());
            for (key, value) in &feature.tags {
                layer.tags.push([keys.number((*key).to_owned()), values.number(encode_value(*value))]);
            }
            match feature.place {
                Place::Point(point) => layer.push_ring(false, [project(point.lon(), point.lat())].into_iter()),
                Place::Area(shape) => {
                    for polygon in shape.polygons() {
                        for (number, ring) in rings_of(polygon).enumerate() {
                            let open = ring.0.iter().skip(1).rev().map(|c| project(c.x, c.y));
                            layer.push_ring(number > 0, open);
                        }
                    }
                }
            }
            layer.bounds.push(World::around(layer.vertices.get(first_vertex..).unwrap_or_default()));
            layer.features.push(Prepared {
                id: feature.id,
                is_point: matches!(feature.place, Place::Point(_)),
                tags: first_tag..layer.tags.len(),
                rings: first_ring..layer.rings.len(),
            });
        }
        layer.keys = keys.in_order();
        layer.values = values.in_order();
        layer
    }

    fn push_ring(&mut self, is_hole: bool, vertices: impl Iterator<Item = [u32; 2]>) {
        let first = self.vertices.len();
        self.vertices.extend(vertices);
        self.rings.push(Ring { is_hole, vertices: first..self.vertices.len() });
    }

    /// The tile, not compressed; no bytes if nothing of the layer is on it. Areas too small to see at this zoom, less
    /// than a tile unit across, are left out. Points are on exactly one tile.
    pub fn encode(&self, tile: TileId) -> Vec<u8> {
        let (area_span, point_span) = (tile.span(BUFFER), tile.span(0));
        let mut out = LayerWriter::new(self);
        let mut pen = Pen::new(tile);
        for (feature, bounds) in self.features.iter().zip(&self.bounds) {
            let span = if feature.is_point { &point_span } else { &area_span };
            if !bounds.intersects(span) {
                continue;
            }
            pen.start();
            if feature.is_point {
                self.rings_of(feature).for_each(|(_, vertices)| pen.point(vertices));
            } else {
                let must_cut = !span.holds(bounds);
                let mut exterior_is_drawn = false;
                for (ring, vertices) in self.rings_of(feature) {
                    if !ring.is_hole || exterior_is_drawn {
                        let is_drawn = pen.ring(vertices, ring.is_hole, must_cut);
                        exterior_is_drawn = if ring.is_hole { exterior_is_drawn } else { is_drawn };
                    }
                }
            }
            if !pen.commands.is_empty() {
                out.feature(feature, self.tags.get(feature.tags.clone()).unwrap_or_default(), &pen.commands);
            }
        }
        out.finish()
    }

    fn rings_of(&self, feature: &Prepared) -> impl Iterator<Item = (&Ring, &[[u32; 2]])> {
        let rings = self.rings.get(feature.rings.clone()).unwrap_or_default();
        rings.iter().map(|ring| (ring, self.vertices.get(ring.vertices.clone()).unwrap_or_default()))
    }
}

/// Gives equal things equal numbers, counting from 0.
struct Numbered<T>(BTreeMap<T, u32>);

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Numbered(BTreeMap::new())
    }
}

impl<T: Ord> Numbered<T> {
    fn number(&mut self, thing: T) -> u32 {
        let next = u32::try_from(self.0.len()).expect("2^32 different tags exceed any memory");
        *self.0.entry(thing).or_insert(next)
    }

    fn in_order(self) -> Vec<T> {
        let mut things: Vec<(T, u32)> = self.0.into_iter().collect();
        things.sort_by_key(|&(_, number)| number);
        things.into_iter().map(|(thing, _)| thing).collect()
    }
}

/// Draws in tile units, as geometry commands relative to where the last one ended.
struct Pen {
    tile: TileId,
    commands: Vec<u8>,
    at: [i32; 2],
    ring: Vec<[i32; 2]>,
    spare: Vec<[i32; 2]>,
}

const MOVE_TO: u32 = 1;
const LINE_TO: u32 = 2;
const CLOSE_PATH: u32 = 7;

impl Pen {
    fn new(tile: TileId) -> Pen {
        Pen { tile, commands: Vec::new(), at: [0, 0], ring: Vec::new(), spare: Vec::new() }
    }

    fn start(&mut self) {
        self.commands.clear();
        self.at = [0, 0];
    }

    fn point(&mut self, vertices: &[[u32; 2]]) {
        for &vertex in vertices {
            let to = self.unit(vertex, 0);
            self.command(MOVE_TO, 1);
            self.go(to);
        }
    }

    /// A world position in tile units of this tile, on a lattice of 2^`coarse` units.
    fn unit(&self, [x, y]: [u32; 2], coarse: u8) -> [i32; 2] {
        let shift = u32::from(self.tile.shift() + coarse);
        let axis = |world: u32, tile: u32| {
            let unit = (i64::from(world >> shift) << coarse) - (i64::from(tile) << EXTENT_BITS);
            i32::try_from(unit).expect("the world is 2^31 tile units wide at MAX_ZOOM")
        };
        [axis(x, self.tile.x), axis(y, self.tile.y)]
    }

    /// False if nothing of the ring is left at this zoom.
    fn ring(&mut self, vertices: &[[u32; 2]], is_hole: bool, must_cut: bool) -> bool {
        let coarse = if self.tile.z < FULL_DETAIL_ZOOM { 2 } else { 0 };
        let mut ring = std::mem::take(&mut self.ring);
        ring.clear();
        for &vertex in vertices {
            let unit = self.unit(vertex, coarse);
            if ring.last() != Some(&unit) {
                ring.push(unit);
            }
        }
        if must_cut {
            cut(&mut ring, &mut self.spare);
        }
        straighten(&mut ring);
        let area = twice_area(&ring);
        let is_drawn = if is_hole { area < 0 } else { area > 0 };
        if let (true, [first, rest @ ..]) = (is_drawn, ring.as_slice()) {
            self.command(MOVE_TO, 1);
            self.go(*first);
            self.command(LINE_TO, rest.len());
            rest.iter().for_each(|&to| self.go(to));
            self.command(CLOSE_PATH, 1);
        }
        self.ring = ring;
        is_drawn
    }

    fn command(&mut self, command: u32, count: usize) {
        put_varint(&mut self.commands, (count as u64) << 3 | u64::from(command));
    }

    fn go(&mut self, to: [i32; 2]) {
        let ([x, y], [from_x, from_y]) = (to, self.at);
        put_varint(&mut self.commands, zigzag(i64::from(x) - i64::from(from_x)));
        put_varint(&mut self.commands, zigzag(i64::from(y) - i64::from(from_y)));
        self.at = to;
    }
}

/// Cuts a ring to the tile and its buffer, one side after the other (Sutherland and Hodgman). Where a ring leaves and
/// comes back, its parts stay joined along the cut, in the buffer.
fn cut(ring: &mut Vec<[i32; 2]>, spare: &mut Vec<[i32; 2]>) {
    let (low, high) = (-BUFFER, i32::try_from(EXTENT).expect("4096") + BUFFER);
    for (axis, limit, keeps_below) in [(0, low, false), (0, high, true), (1, low, false), (1, high, true)] {
        let along = |[x, y]: [i32; 2]| if axis == 0 { x } else { y };
        let is_in = |vertex: [i32; 2]| {
            if keeps_below { along(vertex) <= limit } else { along(vertex) >= limit }
        };
        spare.clear();
        let mut from = ring.last().copied().unwrap_or_default();
        for &to in ring.iter() {
            if is_in(from) != is_in(to) {
                spare.push(meet(from, to, axis, limit));
            }
            if is_in(to) {
                spare.push(to);
            }
            from = to;
        }
        std::mem::swap(ring, spare);
    }
}

/// Where the edge meets the line on which the axis has the limit; the same in both directions of the edge.
fn meet(a: [i32; 2], b: [i32; 2], axis: u8, limit: i32) -> [i32; 2] {
    let ([ax, ay], [bx, by]) = if a < b { (a, b) } else { (b, a) };
    let part = |from: i32, to: i32, across_from: i32, across_to: i32| {
        let t = (f64::from(limit) - f64::from(from)) / (f64::from(to) - f64::from(from));
        (f64::from(across_from) + t * (f64::from(across_to) - f64::from(across_from))).round() as i32
    };
    if axis == 0 { [limit, part(ax, bx, ay, by)] } else { [part(ay, by, ax, bx), limit] }
}

/// Takes out vertices on a straight line between their neighbours, and spikes.
fn straighten(ring: &mut Vec<[i32; 2]>) {
    let mut kept = 0;
    for next in 0..ring.len() {
        let Some(&vertex) = ring.get(next) else { break };
        while let Some([a, b]) = ring.get(kept.max(2) - 2..kept).and_then(|last| <[_; 2]>::try_from(last).ok()) {
            if turn(a, b, vertex) != 0 {
                break;
            }
            kept -= 1;
        }
        if let Some(place) = ring.get_mut(kept) {
            *place = vertex;
        }
        kept += 1;
    }
    ring.truncate(kept);
    while let [first, second, .., before, last] = ring.as_slice() {
        if turn(*before, *last, *first) == 0 {
            ring.pop();
        } else if turn(*last, *first, *second) == 0 {
            ring.remove(0);
        } else {
            break;
        }
    }
}

fn turn([ax, ay]: [i32; 2], [bx, by]: [i32; 2], [cx, cy]: [i32; 2]) -> i64 {
    let less = |a: i32, b: i32| i64::from(a) - i64::from(b);
    less(bx, ax) * less(cy, by) - less(by, ay) * less(cx, bx)
}

/// Positive for an exterior, which runs clockwise on the screen.
fn twice_area(ring: &[[i32; 2]]) -> i64 {
    let (Some(&origin), true) = (ring.first(), ring.len() >= 3) else {
        return 0;
    };
    ring.windows(2).map(|pair| if let [a, b] = pair { turn(origin, *a, *b) } else { 0 }).sum()
}

/// Writes the layer message, with only the keys and values that its features use.
struct LayerWriter<'a> {
    layer: &'a TileLayer,
    features: Vec<u8>,
    /// Number in this tile plus one, by number in the layer; 0 if not used yet.
    keys: Renumbered,
    values: Renumbered,
    body: Vec<u8>,
}

#[derive(Default)]
struct Renumbered {
    local: Vec<u32>,
    used: Vec<u32>,
}

impl Renumbered {
    fn new(count: usize) -> Renumbered {
        Renumbered { local: vec![0; count], used: Vec::new() }
    }

    fn number(&mut self, global: u32) -> u32 {
        let Some(local) = self.local.get_mut(global as usize) else {
            return 0;
        };
        if *local == 0 {
            self.used.push(global);
            *local = u32::try_from(self.used.len()).expect("no more than the layer has");
        }
        *local - 1
    }
}

impl<'a> LayerWriter<'a> {
    fn new(layer: &'a TileLayer) -> LayerWriter<'a> {
        LayerWriter {
            layer,
            features: Vec::new(),
            keys: Renumbered::new(layer.keys.len()),
            values: Renumbered::new(layer.values.len()),
            body: Vec::new(),
        }
    }

    fn feature(&mut self, feature: &Prepared, tags: &[[u32; 2]], commands: &[u8]) {
        self.body.clear();
        put_number(&mut self.body, 1, feature.id);
        if !tags.is_empty() {
            let mut packed = Vec::with_capacity(tags.len() * 4);
            for &[key, value] in tags {
                put_varint(&mut packed, u64::from(self.keys.number(key)));
                put_varint(&mut packed, u64::from(self.values.number(value)));
            }
            put_bytes(&mut self.body, 2, &packed);
        }
        put_number(&mut self.body, 3, if feature.is_point { 1 } else { 3 });
        put_bytes(&mut self.body, 4, commands);
        put_bytes(&mut self.features, 2, &self.body);
    }

    fn finish(self) -> Vec<u8> {
        if self.features.is_empty() {
            return Vec::new();
        }
        let mut layer = Vec::with_capacity(self.features.len() + 1024);
        put_bytes(&mut layer, 1, self.layer.name.as_bytes());
        layer.extend_from_slice(&self.features);
        for key in self.keys.used.iter().filter_map(|&key| self.layer.keys.get(key as usize)) {
            put_bytes(&mut layer, 3, key.as_bytes());
        }
        for value in self.values.used.iter().filter_map(|&value| self.layer.values.get(value as usize)) {
            put_bytes(&mut layer, 4, value);
        }
        put_number(&mut layer, 5, u64::from(EXTENT));
        put_number(&mut layer, 15, 2);
        let mut tile = Vec::with_capacity(layer.len() + 8);
        put_bytes(&mut tile, 3, &layer);
        tile
    }
}

fn encode_value(value: TagValue) -> Vec<u8> {
    let mut out = Vec::new();
    match value {
        TagValue::Text(text) => put_bytes(&mut out, 1, text.as_bytes()),
        TagValue::Number(number) => {
            out.push(3 << 3 | 1);
            out.extend_from_slice(&number.to_le_bytes());
        }
        TagValue::Integer(integer) => match u64::try_from(integer) {
            Ok(natural) => put_number(&mut out, 5, natural),
            Err(_) => put_number(&mut out, 6, zigzag(integer)),
        },
        TagValue::Flag(flag) => put_number(&mut out, 7, u64::from(flag)),
    }
    out
}

fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63).cast_unsigned()
}

fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn put_number(out: &mut Vec<u8>, field: u32, number: u64) {
    put_varint(out, u64::from(field << 3));
    put_varint(out, number);
}

fn put_bytes(out: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    put_varint(out, u64::from(field << 3 | 2));
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tessellate::{outline, tessellate};
    use geo::{Area, Geometry, LineString, MultiPolygon, Polygon};
    use mvt_reader::Reader;
    use mvt_reader::feature::{Feature, Value};
    use proptest::prelude::*;

    fn tile(z: u8, x: u32, y: u32) -> TileId {
        TileId::new(z, x, y).unwrap()
    }

    fn areas<'a>(shapes: impl IntoIterator<Item = &'a Shape>) -> TileLayer {
        let features = shapes.into_iter().zip(1..).map(|(shape, id)| TileFeature {
            id,
            place: Place::Area(shape),
            tags: Vec::new(),
        });
        TileLayer::build("areas", features)
    }

    fn decode(layer: &TileLayer, tile: TileId) -> Vec<Feature<f64>> {
        let bytes = layer.encode(tile);
        if bytes.is_empty() {
            return Vec::new();
        }
        let reader = Reader::new(bytes).unwrap();
        let metadata = reader.get_layer_metadata().unwrap();
        assert_eq!(
            (metadata[0].version, metadata[0].extent, metadata[0].name.as_str()),
            (2, 4096, layer.name.as_str())
        );
        reader.get_features_as(0).unwrap()
    }

    fn polygons(feature: &Feature<f64>) -> Vec<Polygon<f64>> {
        match &feature.geometry {
            Geometry::MultiPolygon(MultiPolygon(polygons)) => polygons.clone(),
            other => panic!("not an area: {other:?}"),
        }
    }

    /// The position of a tile unit on the ground, a quarter of a unit inside it so that rounding cannot move it.
    fn ground(tile: TileId, unit_x: f64, unit_y: f64) -> (f64, f64) {
        let across = 4096.0 * f64::from(1u32 << tile.z());
        let x = (f64::from(tile.x()) * 4096.0 + unit_x + 0.25) / across;
        let y = (f64::from(tile.y()) * 4096.0 + unit_y + 0.25) / across;
        let lat =
            (2.0 * (std::f64::consts::PI * (1.0 - 2.0 * y)).exp().atan() - std::f64::consts::FRAC_PI_2).to_degrees();
        (x * 360.0 - 180.0, lat)
    }

    fn drawn(tile: TileId, rings: &[&[(f64, f64)]]) -> Polygon<f64> {
        let mut rings = rings
            .iter()
            .map(|ring| ring.iter().map(|&(x, y)| ground(tile, x, y)).collect::<Vec<_>>())
            .map(LineString::from);
        Polygon::new(rings.next().unwrap(), rings.collect())
    }

    #[test]
    fn tiles_that_do_not_exist_cannot_be_asked_for() {
        assert!(TileId::new(0, 0, 0).is_ok());
        assert!(TileId::new(0, 1, 0).is_err());
        assert!(TileId::new(3, 7, 8).is_err());
        assert!(TileId::new(MAX_ZOOM, 0, (1 << MAX_ZOOM) - 1).is_ok());
        assert_eq!(
            TileId::new(20, 0, 0).unwrap_err().to_string(),
            "there is no tile 20/0/0; zoom goes from 0 to 19, x and y from 0 to 2^zoom - 1"
        );
    }

    #[test]
    fn tiles_and_places_agree_with_the_slippy_map() {
        let bbox = tile(0, 0, 0).bbox();
        assert!((bbox.north - 85.051_128_779_806_59).abs() < 1e-9 && (bbox.west, bbox.east) == (-180.0, 180.0));
        // Beijing, Tian'anmen, on OpenStreetMap.
        let tiananmen = Point::new(116.3913, 39.9075).unwrap();
        assert_eq!(TileId::holding(tiananmen, 14), tile(14, 13489, 6208));
        assert!(tile(14, 13489, 6208).bbox().contains(tiananmen));
    }

    #[test]
    fn an_area_with_a_hole_arrives_with_its_exact_units_winding_and_id() {
        let tile = tile(14, 13489, 6208);
        let exterior = [(100.0, 200.0), (3000.0, 210.0), (2900.0, 4000.0), (90.0, 3900.0)];
        let hole = [(1000.0, 1000.0), (1000.0, 1500.0), (1600.0, 1500.0), (1600.0, 1000.0)];
        let island = [(3500.0, 3500.0), (3600.0, 3500.0), (3600.0, 3600.0)];
        let shape = Shape::new(vec![drawn(tile, &[&exterior, &hole]), drawn(tile, &[&island])]).unwrap();
        let features = decode(&areas([&shape]), tile);
        assert_eq!(features.len(), 1);
        assert_eq!(features[0].id, Some(1));
        let found = polygons(&features[0]);
        assert_eq!(found.len(), 2);
        assert!(found[0].exterior().signed_ring_area() > 0.0 && found[0].interiors()[0].signed_ring_area() < 0.0);
        let units = |line: &LineString<f64>| {
            let mut units: Vec<(f64, f64)> = line.0.iter().skip(1).map(|c| (c.x, c.y)).collect();
            units.sort_by(|a, b| a.partial_cmp(b).unwrap());
            units
        };
        let sorted = |ring: &[(f64, f64)]| {
            let mut ring = ring.to_vec();
            ring.sort_by(|a, b| a.partial_cmp(b).unwrap());
            ring
        };
        assert_eq!(units(found[0].exterior()), sorted(&exterior));
        assert_eq!(units(&found[0].interiors()[0]), sorted(&hole));
        assert_eq!(units(found[1].exterior()), sorted(&island));
    }

    trait RingArea {
        fn signed_ring_area(&self) -> f64;
    }

    impl RingArea for LineString<f64> {
        /// As the specification has it, with y downward.
        fn signed_ring_area(&self) -> f64 {
            self.lines().map(|l| l.start.x * l.end.y - l.end.x * l.start.y).sum::<f64>() / 2.0
        }
    }

    #[test]
    fn vertices_on_a_straight_line_and_spikes_are_left_out() {
        let tile = tile(14, 13489, 6208);
        let ring =
            [(0.0, 0.0), (50.0, 0.0), (100.0, 0.0), (100.0, 100.0), (100.0, 300.0), (100.0, 100.0), (0.0, 100.0)];
        let shape = Shape::new(vec![drawn(tile, &[&ring])]).unwrap();
        let found = polygons(&decode(&areas([&shape]), tile)[0]);
        assert_eq!((found[0].exterior().0.len(), found[0].unsigned_area()), (5, 10_000.0));
    }

    #[test]
    fn tags_of_every_kind_arrive_and_equal_ones_are_written_once() {
        let here = |lon| Place::Point(Point::new(lon, 39.9).unwrap());
        let long = "一个只写一次的很长的名字".repeat(4);
        let feature = |id, count| TileFeature {
            id,
            place: here(116.0 + f64::from(count) * 1e-5),
            tags: vec![
                ("name", TagValue::Text(&long)),
                ("count", TagValue::Integer(i64::from(count))),
                ("share", TagValue::Number(0.25)),
                ("open", TagValue::Flag(true)),
            ],
        };
        let layer = TileLayer::build("cases", [feature(7, 300), feature(u64::MAX, -300)]);
        let tile = TileId::holding(Point::new(116.0, 39.9).unwrap(), 10);
        let features = decode(&layer, tile);
        let ids: Vec<_> = features.iter().map(|feature| feature.id).collect();
        assert_eq!(ids, [Some(7), Some(u64::MAX)]);
        let first = features[0].properties.as_ref().unwrap();
        assert_eq!(first["name"], Value::String(long.clone()));
        assert_eq!(first["count"], Value::UInt(300));
        assert_eq!(first["share"], Value::Double(0.25));
        assert_eq!(first["open"], Value::Bool(true));
        assert_eq!(features[1].properties.as_ref().unwrap()["count"], Value::SInt(-300));
        let bytes = layer.encode(tile);
        let times = bytes.windows(long.len()).filter(|window| *window == long.as_bytes()).count();
        assert_eq!(times, 1);
    }

    #[test]
    fn only_tags_of_the_features_on_a_tile_are_written() {
        let feature = |id, lon, name| TileFeature {
            id,
            place: Place::Point(Point::new(lon, 0.5).unwrap()),
            tags: vec![("name", TagValue::Text(name))],
        };
        let layer = TileLayer::build("cases", [feature(1, -90.0, "west"), feature(2, 90.0, "east")]);
        let bytes = layer.encode(tile(1, 1, 0));
        assert!(bytes.windows(4).any(|window| window == b"east"));
        assert!(!bytes.windows(4).any(|window| window == b"west"));
    }

    #[test]
    fn a_tile_with_nothing_on_it_has_no_bytes() {
        let far = Shape::rectangle(Bbox { west: 10.0, south: 10.0, east: 11.0, north: 11.0 }).unwrap();
        assert!(areas([&far]).encode(tile(4, 0, 0)).is_empty());
        assert!(areas([]).encode(tile(0, 0, 0)).is_empty());
        let speck = Shape::rectangle(Bbox { west: 10.0, south: 10.0, east: 10.0001, north: 10.0001 }).unwrap();
        assert!(areas([&speck]).encode(tile(0, 0, 0)).is_empty(), "too small to see");
    }

    #[test]
    fn an_area_is_drawn_from_one_step_of_its_lattice_on_and_left_out_below_it() {
        for (z, step) in [(FULL_DETAIL_ZOOM, 1.0), (FULL_DETAIL_ZOOM - 1, 4.0)] {
            let tile = TileId::holding(Point::new(116.2, 39.65).unwrap(), z);
            let square = |across: f64| {
                let (near, far) = (200.0, 200.0 + across);
                drawn(tile, &[&[(near, near), (far, near), (far, far), (near, far)]])
            };
            let found = |across: f64| decode(&areas([&Shape::new(vec![square(across)]).unwrap()]), tile);
            assert_eq!(polygons(&found(step)[0])[0].unsigned_area(), step * step, "zoom {z}");
            assert!(found(step - 0.5).is_empty(), "zoom {z}");
            // Whatever is drawn lies on the lattice.
            let corners = polygons(&found(1_001.0)[0])[0].exterior().0.clone();
            assert!(corners.iter().all(|at| at.x % step == 0.0 && at.y % step == 0.0), "{corners:?}");
        }
    }

    #[test]
    fn an_area_beside_the_tile_is_drawn_as_far_as_the_buffer_reaches_and_no_further() {
        let tile = tile(14, 13489, 6208);
        let beside = |from: f64| {
            let ring = [(from, 10.0), (from + 500.0, 10.0), (from + 500.0, 900.0), (from, 900.0)];
            decode(&areas([&Shape::new(vec![drawn(tile, &[&ring])]).unwrap()]), tile)
        };
        assert_eq!(polygons(&beside(4096.0 + 62.0)[0])[0].unsigned_area(), 2.0 * 890.0);
        assert!(beside(4096.0 + 64.0).is_empty());
    }

    #[test]
    fn what_lies_beyond_the_world_of_the_map_is_at_its_edge() {
        let held = |lat: f64, z: u8| TileId::holding(Point::new(0.0, lat).unwrap(), z);
        for z in [0, 5, MAX_ZOOM] {
            let last = (1_u32 << z) - 1;
            assert_eq!([held(85.06, z).y(), held(90.0, z).y()], [0, 0]);
            assert_eq!([held(-85.06, z).y(), held(-90.0, z).y()], [last, last]);
        }
        assert_eq!(held(40.0, MAX_ZOOM + 1), held(40.0, MAX_ZOOM), "a closer look is taken at the largest zoom");
    }

    #[test]
    fn a_tile_unit_is_two_centimetres_at_the_largest_zoom() {
        let unit_m = 40_075_016.7 / f64::from(1_u32 << MAX_ZOOM) / f64::from(EXTENT);
        assert!((0.015..0.025).contains(&unit_m), "{unit_m}");
    }

    #[test]
    fn features_arrive_in_the_order_given() {
        let tile = tile(14, 13489, 6208);
        let (lon, lat) = ground(tile, 2_000.0, 2_000.0);
        let place = Place::Point(Point::new(lon, lat).unwrap());
        let ids = [7_u64, 3, 9, 1];
        let layer = TileLayer::build("cases", ids.map(|id| TileFeature { id, place, tags: Vec::new() }));
        assert_eq!(decode(&layer, tile).iter().map(|feature| feature.id).collect::<Vec<_>>(), ids.map(Some));
    }

    #[test]
    fn an_area_larger_than_the_tile_is_cut_to_its_buffer() {
        let world = Shape::rectangle(Bbox { west: -180.0, south: -85.0, east: 180.0, north: 85.0 }).unwrap();
        for tile in [tile(5, 20, 11), tile(MAX_ZOOM, 400_000, 200_000)] {
            let found = polygons(&decode(&areas([&world]), tile)[0]);
            assert_eq!(found[0].unsigned_area(), (4096.0 + 128.0) * (4096.0 + 128.0));
        }
    }

    #[test]
    fn a_lattice_of_areas_tiles_the_view_without_gaps_at_every_zoom() {
        let bbox = Bbox { west: 116.0, south: 39.5, east: 116.4, north: 39.8 };
        let cells = tessellate(&outline(bbox, 3), 400, 3);
        let whole = crate::tessellate::merge(&cells.iter().map(|cell| &cell.shape).collect::<Vec<_>>()).unwrap();
        let centre = Point::new(116.2, 39.65).unwrap();
        let (parts, whole) = (areas(cells.iter().map(|cell| &cell.shape)), areas([&whole]));
        for z in 6..=15 {
            let tile = TileId::holding(centre, z);
            let sum = |layer: &TileLayer| -> f64 {
                decode(layer, tile).iter().flat_map(polygons).map(|polygon| polygon.unsigned_area()).sum()
            };
            let (parts, whole) = (sum(&parts), sum(&whole));
            assert!((parts - whole).abs() <= 0.002 * whole, "zoom {z}: {parts} of {whole}");
        }
    }

    proptest! {
        #[test]
        fn every_point_is_on_one_tile_of_each_zoom_at_its_place(
            lon in -180.0..=180.0f64, lat in -85.0..85.0f64, z in 0..=MAX_ZOOM,
        ) {
            let point = Point::new(lon, lat).unwrap();
            let feature = TileFeature { id: 1, place: Place::Point(point), tags: Vec::new() };
            let layer = TileLayer::build("cases", [feature]);
            let home = TileId::holding(point, z);
            let features = decode(&layer, home);
            prop_assert_eq!(features.len(), 1);
            let Geometry::MultiPoint(points) = &features[0].geometry else { panic!("not a point") };
            let (x, y) = (points.0[0].x(), points.0[0].y());
            prop_assert!((0.0..4096.0).contains(&x) && (0.0..4096.0).contains(&y), "{x} {y}");
            let (lon_back, lat_back) = ground(home, x, y);
            let unit = 360.0 / 4096.0 / f64::from(1u32 << z);
            prop_assert!((lon_back - lon).abs() <= unit && (lat_back - lat).abs() <= unit);
            for (dx, dy) in [(-1i64, 0i64), (1, 0), (0, -1), (0, 1)] {
                let moved = |at: u32, by: i64| u32::try_from(i64::from(at) + by);
                if let (Ok(x), Ok(y)) = (moved(home.x(), dx), moved(home.y(), dy))
                    && let Ok(neighbour) = TileId::new(z, x, y)
                {
                    prop_assert!(layer.encode(neighbour).is_empty());
                }
            }
        }

        #[test]
        fn no_area_arrives_inside_out_however_thin_it_is(
            triangles in prop::collection::vec([(0.0..40.0f64, 0.0..40.0f64), (0.0..40.0, 0.0..40.0), (0.0..40.0, 0.0..40.0)], 30),
        ) {
            let tile = tile(9, 421, 194);
            let shapes: Vec<Shape> = triangles.iter()
                .filter_map(|corners| Shape::new(vec![drawn(tile, &[corners])]).ok())
                .collect();
            for feature in decode(&areas(&shapes), tile) {
                for polygon in polygons(&feature) {
                    prop_assert!(polygon.exterior().signed_ring_area() > 0.0, "{:?}", polygon);
                }
            }
        }

        #[test]
        fn a_cut_ring_covers_what_geo_says_it_should(
            corners in prop::collection::vec((-6000..10_000i32, -6000..10_000i32), 3..8),
        ) {
            let mut ring: Vec<[i32; 2]> = corners.iter().map(|&(x, y)| [x, y]).collect();
            let centre = corners.iter().fold((0, 0), |sum, c| (sum.0 + c.0, sum.1 + c.1));
            let count = i32::try_from(corners.len()).unwrap();
            let (cx, cy) = (f64::from(centre.0 / count), f64::from(centre.1 / count));
            ring.sort_by(|a, b| {
                let angle = |[x, y]: [i32; 2]| (f64::from(y) - cy).atan2(f64::from(x) - cx);
                angle(*a).total_cmp(&angle(*b))
            });
            let line = |ring: &[[i32; 2]]| ring.iter().map(|&[x, y]| (f64::from(x), f64::from(y))).collect::<LineString<f64>>();
            let window = geo::Rect::new((-64.0, -64.0), (4160.0, 4160.0)).to_polygon();
            let expected = geo::BooleanOps::intersection(&Polygon::new(line(&ring), vec![]), &window).unsigned_area();
            cut(&mut ring, &mut Vec::new());
            straighten(&mut ring);
            let found = (twice_area(&ring) as f64 / 2.0).abs();
            prop_assert!((found - expected).abs() <= 20_000.0, "{} {}", found, expected);
        }
    }
}
