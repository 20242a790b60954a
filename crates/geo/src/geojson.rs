//! Reads boundaries from a GeoJSON FeatureCollection (RFC 7946) and writes them.
//!
//! Every fault of a file is reported, each with its place and what to do, not only the first. A ring that is not closed
//! is closed and noted; everything else that is wrong is refused. Start at [`read`].

use std::fmt;

use geo::{Coord, LineString, Polygon};
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, SeqAccess};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::datum::Point;
use crate::shape::{Shape, ShapeError};

/// One area of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// Position in the file's `features`, from 0.
    pub index: usize,
    pub id: Option<Value>,
    pub properties: Map<String, Value>,
    pub shape: Shape,
    /// Where rings ended without returning to their start; they were closed.
    pub unclosed: Vec<Point>,
}

/// What is wrong with a file, where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Fault {
    /// From 1.
    pub line: usize,
    /// Offset in the text, from 0.
    pub byte: usize,
    /// Position in the file's `features`, from 0; none if the file as a whole is wrong.
    pub feature: Option<usize>,
    pub what: String,
    pub remedy: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, byte {}", self.line, self.byte)?;
        if let Some(feature) = self.feature {
            write!(f, ", feature {feature}")?;
        }
        write!(f, ": {}; {}", self.what, self.remedy)
    }
}

#[derive(serde::Deserialize)]
struct RawCollection<'a> {
    #[serde(rename = "type")]
    kind: Option<String>,
    crs: Option<Value>,
    #[serde(borrow)]
    features: Option<Vec<&'a RawValue>>,
}

#[derive(serde::Deserialize)]
struct RawFeature<'a> {
    #[serde(rename = "type")]
    kind: Option<String>,
    id: Option<Value>,
    properties: Option<Map<String, Value>>,
    #[serde(borrow)]
    geometry: Option<RawGeometry<'a>>,
}

#[derive(serde::Deserialize)]
struct RawGeometry<'a> {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(borrow)]
    coordinates: Option<&'a RawValue>,
}

struct Position(Coord<f64>);

type Rings = Vec<Vec<Position>>;

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Position;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a position [longitude, latitude]")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Position, A::Error> {
                let x = seq.next_element()?.ok_or_else(|| de::Error::invalid_length(0, &self))?;
                let y = seq.next_element()?.ok_or_else(|| de::Error::invalid_length(1, &self))?;
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Position(Coord { x, y }))
            }
        }
        deserializer.deserialize_seq(Visitor)
    }
}

/// The text of a file, and the way from a place in it to a [`Fault`].
struct Source<'a> {
    text: &'a str,
}

impl Source<'_> {
    fn fault(&self, byte: usize, feature: Option<usize>, what: String, remedy: &str) -> Fault {
        let before = self.text.as_bytes().get(..byte).unwrap_or(self.text.as_bytes());
        let line = 1 + before.iter().filter(|&&b| b == b'\n').count();
        Fault { line, byte, feature, what, remedy: remedy.to_owned() }
    }

    /// Where `part`, a slice of the text, starts.
    fn offset(&self, part: &str) -> usize {
        (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize)
    }

    fn syntax(&self, part: &str, feature: Option<usize>, error: &serde_json::Error, remedy: &str) -> Fault {
        let lines_before = error.line().saturating_sub(1);
        let line_start: usize = part.split_inclusive('\n').take(lines_before).map(str::len).sum();
        let byte = self.offset(part) + line_start + error.column().saturating_sub(1);
        let what = error.to_string();
        let what = what.split_once(" at line ").map_or(what.as_str(), |(what, _)| what);
        self.fault(byte, feature, what.to_owned(), remedy)
    }
}

const NOT_A_COLLECTION: &str = "export the boundaries as a GeoJSON FeatureCollection";

/// Reads every feature, or says everything that is wrong. Heights and unknown members are ignored. Coordinates are
/// degrees; which datum they are in is the caller's knowledge.
pub fn read(text: &str) -> Result<Vec<Feature>, Vec<Fault>> {
    let source = Source { text };
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let collection: RawCollection = serde_json::from_str(body)
        .map_err(|e| vec![source.syntax(body, None, &e, "the file is not GeoJSON from here on; export it again")])?;
    if collection.kind.as_deref() != Some("FeatureCollection") {
        let found = collection.kind.as_deref().unwrap_or("missing");
        return Err(vec![source.fault(0, None, format!("type is {found}"), NOT_A_COLLECTION)]);
    }
    let Some(raws) = collection.features else {
        return Err(vec![source.fault(0, None, "features is missing".into(), NOT_A_COLLECTION)]);
    };

    let mut faults = Vec::new();
    if let Some(name) = collection.crs.as_ref().and_then(foreign_crs) {
        let what = format!("coordinates are in {name}");
        faults.push(source.fault(0, None, what, "convert them to degrees of WGS84 (EPSG:4326) before importing"));
    }
    let mut features = Vec::with_capacity(raws.len());
    for (index, raw) in raws.into_iter().enumerate() {
        match read_feature(&source, index, raw.get()) {
            Ok(feature) => features.push(feature),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() { Ok(features) } else { Err(faults) }
}

/// The name in the obsolete `crs` member, if it is not one in degrees that we know.
fn foreign_crs(crs: &Value) -> Option<&str> {
    let name = crs.pointer("/properties/name")?.as_str()?;
    let known = ["CRS84", "4326", "4490", "WGS84"];
    (!known.iter().any(|end| name.ends_with(end))).then_some(name)
}

fn read_feature(source: &Source, index: usize, raw: &str) -> Result<Feature, Fault> {
    let here = |what: String, remedy: &str| source.fault(source.offset(raw), Some(index), what, remedy);
    let feature: RawFeature = serde_json::from_str(raw)
        .map_err(|e| source.syntax(raw, Some(index), &e, "a feature has type, properties and geometry"))?;
    if feature.kind.as_deref() != Some("Feature") {
        return Err(here("type is not Feature".into(), NOT_A_COLLECTION));
    }
    let Some(geometry) = feature.geometry else {
        return Err(here("geometry is missing".into(), "draw its boundary or remove the feature"));
    };
    let kind = geometry.kind.as_deref().unwrap_or("missing");
    if kind != "Polygon" && kind != "MultiPolygon" {
        let what = format!("geometry type is {kind}");
        return Err(here(what, "an area is a Polygon or a MultiPolygon; draw its boundary or remove the feature"));
    }
    let Some(coordinates) = geometry.coordinates.map(RawValue::get) else {
        return Err(here("coordinates are missing".into(), "draw its boundary or remove the feature"));
    };
    let parsed = if kind == "Polygon" {
        serde_json::from_str::<Rings>(coordinates).map(|rings| vec![rings])
    } else {
        serde_json::from_str::<Vec<Rings>>(coordinates)
    };
    let polygons = parsed.map_err(|e| {
        let remedy = format!("coordinates of a {kind} are lists of rings of positions [longitude, latitude]");
        source.syntax(coordinates, Some(index), &e, &remedy)
    })?;

    let mut unclosed = Vec::new();
    let polygons = polygons.into_iter().map(|rings| to_polygon(rings, &mut unclosed)).collect();
    let shape = Shape::new(polygons).map_err(|error| {
        let remedy = match &error {
            ShapeError::Empty | ShapeError::ShortRing { .. } => "draw its boundary again or remove the feature",
            ShapeError::OffGlobe { .. } => "convert the file to degrees of WGS84 (EPSG:4326)",
        };
        here(error.to_string(), remedy)
    })?;
    Ok(Feature { index, id: feature.id, properties: feature.properties.unwrap_or_default(), shape, unclosed })
}

fn to_polygon(rings: Rings, unclosed: &mut Vec<Point>) -> Polygon<f64> {
    let mut lines = rings.into_iter().map(|ring| {
        let line: LineString<f64> = ring.into_iter().map(|position| position.0).collect();
        if let Some(last) = line.0.last().filter(|_| !line.is_closed()) {
            unclosed.push(Point::clamped(last.x, last.y));
        }
        line
    });
    let exterior = lines.next().unwrap_or_else(|| LineString::new(Vec::new()));
    Polygon::new(exterior, lines.collect())
}

/// One feature as GeoJSON; positions are written with every digit needed to read back the same number.
pub fn feature_to_json(id: Option<Value>, properties: Map<String, Value>, shape: &Shape) -> Value {
    let mut feature = json!({ "type": "Feature", "properties": properties, "geometry": geometry_to_json(shape) });
    if let (Some(id), Some(members)) = (id, feature.as_object_mut()) {
        members.insert("id".into(), id);
    }
    feature
}

pub fn geometry_to_json(shape: &Shape) -> Value {
    let rings = |polygon: &Polygon<f64>| -> Value {
        crate::shape::rings_of(polygon)
            .map(|ring| ring.0.iter().map(|c| json!([c.x, c.y])).collect::<Value>())
            .collect()
    };
    match shape.polygons() {
        [polygon] => json!({ "type": "Polygon", "coordinates": rings(polygon) }),
        polygons => {
            json!({ "type": "MultiPolygon", "coordinates": polygons.iter().map(rings).collect::<Value>() })
        }
    }
}

/// A FeatureCollection, one feature a line.
pub fn write(features: impl IntoIterator<Item = Value>) -> String {
    let lines: Vec<String> = features.into_iter().map(|feature| feature.to_string()).collect();
    format!("{{\"type\":\"FeatureCollection\",\"features\":[\n{}\n]}}\n", lines.join(",\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn collection(feature: &str) -> String {
        format!("{{\"type\":\"FeatureCollection\",\"features\":[\n{feature}\n]}}")
    }

    fn polygon(coordinates: &str) -> String {
        collection(&format!(
            r#"{{"type":"Feature","properties":{{"code":"1"}},"geometry":{{"type":"Polygon","coordinates":{coordinates}}}}}"#
        ))
    }

    fn only_fault(text: &str) -> Fault {
        let mut faults = read(text).unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:?}");
        faults.remove(0)
    }

    #[test]
    fn a_polygon_with_properties_heights_and_a_byte_order_mark_is_read() {
        let text = format!("\u{feff}{}", polygon("[[[116,39,5],[117,39,5],[117,40,5],[116,39,5]]]"));
        let features = read(&text).unwrap();
        assert_eq!(features.len(), 1);
        assert_eq!(features[0].properties["code"], "1");
        assert!(features[0].unclosed.is_empty());
        assert_eq!(features[0].shape.polygons()[0].exterior().0.len(), 4);
    }

    #[test]
    fn an_unclosed_ring_is_closed_and_noted() {
        let features = read(&polygon("[[[116,39],[117,39],[117,40]]]")).unwrap();
        assert_eq!(features[0].unclosed, [Point::new(117.0, 40.0).unwrap()]);
        assert!(features[0].shape.polygons()[0].exterior().is_closed());
    }

    #[test]
    fn a_syntax_error_is_placed_at_its_byte() {
        let text = polygon("[[[116,39],[117,x],[117,40]]]");
        let fault = only_fault(&text);
        assert_eq!(&text[fault.byte..=fault.byte], "x");
        assert_eq!(fault.line, 2);
    }

    #[test]
    fn a_wrong_position_is_placed_at_its_byte_and_feature() {
        let text = polygon("[[[116,39],[117,\"40\"],[117,40]]]");
        let fault = only_fault(&text);
        assert_eq!(fault.feature, Some(0));
        assert!(text[..=fault.byte].ends_with("\"40\""), "{}", &text[..=fault.byte]);
        assert!(fault.remedy.contains("[longitude, latitude]"));
    }

    #[test]
    fn every_wrong_feature_is_reported_not_only_the_first() {
        let good = r#"{"type":"Feature","properties":null,"geometry":{"type":"Polygon","coordinates":[[[1,1],[2,1],[2,2],[1,1]]]}}"#;
        let point = r#"{"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[1,1]}}"#;
        let none = r#"{"type":"Feature","properties":{},"geometry":null}"#;
        let short =
            r#"{"type":"Feature","properties":{},"geometry":{"type":"Polygon","coordinates":[[[1,1],[2,1],[1,1]]]}}"#;
        let metres = r#"{"type":"Feature","properties":{},"geometry":{"type":"MultiPolygon","coordinates":[[[[500000,1],[2,1],[2,2],[1,1]]]]}}"#;
        let faults = read(&collection(&[good, point, none, short, metres].join(",\n"))).unwrap_err();
        let places: Vec<_> = faults.iter().map(|fault| (fault.feature, fault.line)).collect();
        assert_eq!(places, [(Some(1), 3), (Some(2), 4), (Some(3), 5), (Some(4), 6)]);
        assert!(faults[0].what.contains("Point"));
        assert!(faults[3].to_string().contains("500000"), "{}", faults[3]);
    }

    #[test]
    fn a_file_that_is_not_a_collection_or_not_in_degrees_is_refused() {
        assert!(only_fault(r#"{"type":"Topology"}"#).what.contains("Topology"));
        assert!(only_fault(r#"{"type":"FeatureCollection"}"#).what.contains("features"));
        let utm =
            r#"{"type":"FeatureCollection","crs":{"properties":{"name":"urn:ogc:def:crs:EPSG::32650"}},"features":[]}"#;
        assert!(only_fault(utm).what.contains("32650"));
        let degrees = r#"{"type":"FeatureCollection","crs":{"properties":{"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}},"features":[]}"#;
        assert_eq!(read(degrees), Ok(Vec::new()));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            corners in prop::collection::vec((-179.0..179.0f64, -89.0..89.0f64), 1..4),
            size in 1e-6..1.0f64,
            name in ".{0,8}",
        ) {
            let square = |&(x, y): &(f64, f64)| {
                let ring = vec![(x, y), (x + size, y), (x + size, y + size), (x, y + size)];
                Polygon::new(LineString::from(ring), Vec::new())
            };
            let shape = Shape::new(corners.iter().map(square).collect()).unwrap();
            let properties = Map::from_iter([("name".to_owned(), Value::from(name))]);
            let text = write([feature_to_json(Some(json!(7)), properties.clone(), &shape)]);
            let features = read(&text).unwrap();
            prop_assert_eq!(features, [Feature { index: 0, id: Some(json!(7)), properties, shape, unclosed: Vec::new() }]);
        }

        #[test]
        fn no_text_makes_the_reader_fall(text in ".{0,60}", cut in 0usize..200) {
            let _ = read(&text);
            let whole = polygon("[[[116,39],[117,39],[117,40],[116,39]]]");
            let _ = read(whole.get(..cut).unwrap_or(&whole));
        }
    }
}
