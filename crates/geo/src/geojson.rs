//! Reads boundaries from a GeoJSON FeatureCollection (RFC 7946) and writes them.
//!
//! Every fault of a file is reported, each with its place and what to do, not only the first. A ring that is not closed
//! is closed and noted; everything else that is wrong is refused. A member `datum` beside `features` says what the
//! coordinates are in, WGS84 when there is none; what is read is WGS84. Start at [`read`].

use std::fmt;

use geo::{Coord, LineString, Polygon};
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, SeqAccess};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::datum::{self, Datum, Point};
use crate::shape::{Shape, ShapeError};

/// One area of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// Position in the file's `features`, from 1.
    pub number: usize,
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
    /// Position in the file's `features`, from 1; none if the file as a whole is wrong.
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
    datum: Option<Value>,
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

    /// A text that stops being JSON, and in which feature.
    fn broken(&self, body: &str, error: &serde_json::Error) -> Fault {
        let remedy = "the file is not GeoJSON from here on; export it again";
        let mut fault = self.syntax(body, None, error, remedy);
        fault.feature = feature_at(self.text.get(..fault.byte).unwrap_or(self.text));
        if error.is_eof() {
            fault.remedy = "the file was cut off; copy or export it again, whole".to_owned();
        } else if fault.what.starts_with("trailing characters") {
            fault.what = "something follows after the end of the collection".to_owned();
            fault.remedy =
                "a file holds one FeatureCollection; put all features into it, with commas between them".to_owned();
        }
        fault
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

/// In which feature, from 1, a text breaks off: how many objects have begun in the list within the outermost object, if
/// the last of them has not ended.
fn feature_at(before: &str) -> Option<usize> {
    let (mut open, mut begun, mut in_text, mut is_escaped) = (Vec::new(), 0, false, false);
    for byte in before.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'{' | b'[' => {
                if byte == b'[' && open == [b'{'] {
                    begun = 0;
                }
                begun += usize::from(byte == b'{' && open == [b'{', b'[']);
                open.push(byte);
            }
            b'}' | b']' => _ = open.pop(),
            _ => {}
        }
    }
    (open.len() > 2 && open.starts_with(b"{[{")).then_some(begun)
}

const NOT_A_COLLECTION: &str = "export the boundaries as a GeoJSON FeatureCollection";

/// Reads every feature, or says everything that is wrong. Heights and unknown members are ignored.
pub fn read(text: &str) -> Result<Vec<Feature>, Vec<Fault>> {
    read_as(text, None)
}

/// As [`read`], when somebody says beside the file what its coordinates are in.
pub fn read_as(text: &str, datum: Option<Datum>) -> Result<Vec<Feature>, Vec<Fault>> {
    read_all(text, datum, true)
}

/// As [`read`], of a file that was taken before: a `crs` that nobody looked at then is let pass.
pub fn read_published(text: &str) -> Result<Vec<Feature>, Vec<Fault>> {
    read_all(text, None, false)
}

/// The text of a collection, with its member `datum` added.
pub fn with_datum(text: &str, datum: Datum) -> String {
    match text.split_once('{') {
        Some((before, after)) => format!("{before}{{\"datum\":\"{datum}\",{after}"),
        None => text.to_owned(),
    }
}

/// What the file's own member `datum` says; nothing where there is none or it cannot be read.
pub fn datum_of(text: &str) -> Option<Datum> {
    #[derive(serde::Deserialize)]
    struct Said {
        datum: Option<Datum>,
    }
    serde_json::from_str::<Said>(text.strip_prefix('\u{feff}').unwrap_or(text)).ok()?.datum
}

fn read_all(text: &str, datum: Option<Datum>, must_know_crs: bool) -> Result<Vec<Feature>, Vec<Fault>> {
    let source = Source { text };
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let whole = |what: &str, remedy: &str| vec![source.fault(0, None, what.to_owned(), remedy)];
    if let Some((what, remedy)) = other_file(body) {
        return Err(whole(what, remedy));
    }
    let collection: RawCollection = serde_json::from_str(body).map_err(|error| vec![source.broken(body, &error)])?;
    if collection.kind.as_deref() != Some("FeatureCollection") {
        return Err(match collection.kind.as_deref() {
            Some("Feature" | "Polygon" | "MultiPolygon" | "GeometryCollection") => {
                whole("this is one boundary, not a collection", "put it into the features of a FeatureCollection")
            }
            Some(found) => whole(&format!("type is {found}"), NOT_A_COLLECTION),
            None => whole("type is missing; Esri's own JSON has none", NOT_A_COLLECTION),
        });
    }
    let Some(raws) = collection.features else {
        return Err(whole("features is missing", NOT_A_COLLECTION));
    };

    let mut faults = Vec::new();
    if must_know_crs && let Some(name) = collection.crs.as_ref().and_then(foreign_crs) {
        let what = format!("coordinates are in {name}");
        let remedy = "convert them to degrees of WGS84 (EPSG:4326) or CGCS2000 (EPSG:4490) before importing";
        faults.push(source.fault(0, None, what, remedy));
    }
    let own = match collection.datum.map(serde_json::from_value::<Datum>).transpose() {
        Ok(own) => own,
        Err(error) => {
            faults.extend(whole(&format!("member datum: {error}"), "write it as a text, or take it out"));
            None
        }
    };
    if let (Some(own), Some(said)) = (own, datum)
        && own != said
    {
        faults.extend(whole(&format!("the file says datum {own}, but {said} was given"), "say the same, or only one"));
    }
    let datum = own.or(datum).unwrap_or_default();
    let mut features = Vec::with_capacity(raws.len());
    for (number, raw) in (1..).zip(raws) {
        match read_feature(&source, number, raw.get()) {
            Ok(feature) => features.push(feature.moved_from(datum)),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() { Ok(features) } else { Err(faults) }
}

impl Feature {
    fn moved_from(self, datum: Datum) -> Feature {
        if matches!(datum, Datum::Wgs84 | Datum::Cgcs2000) {
            return self;
        }
        let unclosed = self.unclosed.into_iter().map(|point| datum::to_wgs84(datum, point)).collect();
        Feature { shape: self.shape.to_wgs84(datum), unclosed, ..self }
    }
}

/// Files that people take for GeoJSON: what it is, and what to do.
fn other_file(body: &str) -> Option<(&'static str, &'static str)> {
    let start = body.trim_start();
    if start.is_empty() {
        return Some(("the file is empty", "export the boundaries again"));
    }
    if start.starts_with('<') {
        let remedy = "a link may lead to a page for people, or to a sign-in: download the file itself, as GeoJSON";
        return Some(("this is a web page or XML, not GeoJSON", remedy));
    }
    if start.starts_with("version https://git-lfs.github.com/") {
        return Some(("this is a pointer of Git LFS, not the file", "fetch the file itself with `git lfs pull`"));
    }
    None
}

/// The `crs` member, obsolete but still written, if it is not one in degrees that we know.
fn foreign_crs(crs: &Value) -> Option<String> {
    let properties = crs.get("properties")?;
    if let Some(code) = properties.get("code").and_then(Value::as_u64) {
        return (!matches!(code, 4326 | 4490)).then(|| format!("EPSG:{code}"));
    }
    if let Some(link) = properties.get("href").and_then(Value::as_str) {
        return Some(format!("the system behind the link {link}"));
    }
    let name = properties.get("name")?.as_str()?;
    let mut words = name.rsplit([':', '/']);
    let is_known = match words.next() {
        Some("CRS84" | "WGS84" | "WGS 84") => true,
        Some("4326" | "4490") => words.any(|word| word.eq_ignore_ascii_case("epsg")),
        _ => false,
    };
    (!is_known).then(|| name.to_owned())
}

fn read_feature(source: &Source, number: usize, raw: &str) -> Result<Feature, Fault> {
    let here = |what: String, remedy: &str| source.fault(source.offset(raw), Some(number), what, remedy);
    let feature: RawFeature = serde_json::from_str(raw)
        .map_err(|e| source.syntax(raw, Some(number), &e, "a feature has type, properties and geometry"))?;
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
        source.syntax(coordinates, Some(number), &e, &remedy)
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
    Ok(Feature { number, id: feature.id, properties: feature.properties.unwrap_or_default(), shape, unclosed })
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
        assert_eq!(fault.feature, Some(1));
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
        assert_eq!(places, [(Some(2), 3), (Some(3), 4), (Some(4), 5), (Some(5), 6)]);
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

    /// Feature, what is wrong, what to do; or how many features.
    type Outcome = Result<usize, (Option<usize>, &'static str, &'static str)>;

    #[test]
    fn every_spelling_is_read_or_refused_with_its_feature_and_the_cure() {
        let files: [(&str, Outcome); 35] = [
            (include_str!("../tests/files/bare_geometry.geojson"), Err((None, "one boundary", "FeatureCollection"))),
            (include_str!("../tests/files/bom.geojson"), Ok(2)),
            (include_str!("../tests/files/code_in_id.geojson"), Ok(2)),
            (include_str!("../tests/files/code_number.geojson"), Ok(2)),
            (include_str!("../tests/files/code_upper.geojson"), Ok(2)),
            (include_str!("../tests/files/crs_3857.geojson"), Err((None, "3857", "EPSG:4326"))),
            (include_str!("../tests/files/crs_4214.geojson"), Err((None, "4214", "EPSG:4490"))),
            (include_str!("../tests/files/crs_4490.geojson"), Ok(2)),
            (include_str!("../tests/files/crs_4610.geojson"), Err((None, "4610", "EPSG:4490"))),
            (include_str!("../tests/files/crs_code.geojson"), Err((None, "EPSG:2263", "EPSG:4326"))),
            (include_str!("../tests/files/crs_epsg4326urn.geojson"), Ok(2)),
            (include_str!("../tests/files/crs_esri_4326.geojson"), Err((None, "ESRI:104326", "EPSG:4326"))),
            (include_str!("../tests/files/crs_link.geojson"), Err((None, "example.org/2263", "EPSG:4326"))),
            (include_str!("../tests/files/crs_null.geojson"), Ok(2)),
            (include_str!("../tests/files/cut_after_first.geojson"), Err((Some(1), "EOF", "cut off"))),
            (include_str!("../tests/files/deep_prop.geojson"), Err((Some(2), "recursion limit", "properties"))),
            (include_str!("../tests/files/dup_keys.geojson"), Err((None, "duplicate field", "export it again"))),
            (include_str!("../tests/files/empty_fc.geojson"), Ok(0)),
            (include_str!("../tests/files/esri.geojson"), Err((None, "Esri", "FeatureCollection"))),
            (include_str!("../tests/files/geomcollection.geojson"), Err((Some(1), "GeometryCollection", "Polygon"))),
            (include_str!("../tests/files/html.geojson"), Err((None, "web page", "the file itself"))),
            (include_str!("../tests/files/lfs.geojson"), Err((None, "Git LFS", "git lfs pull"))),
            (include_str!("../tests/files/nan.geojson"), Err((Some(1), "expected value", "export it again"))),
            (include_str!("../tests/files/ndjson.geojson"), Err((None, "follows", "one FeatureCollection"))),
            (include_str!("../tests/files/nullgeom.geojson"), Err((Some(1), "geometry is missing", "remove"))),
            (include_str!("../tests/files/rounded2.geojson"), Ok(2)),
            (include_str!("../tests/files/same_code_two_features.geojson"), Ok(2)),
            (include_str!("../tests/files/single_feature.geojson"), Err((None, "one boundary", "FeatureCollection"))),
            (include_str!("../tests/files/space_code.geojson"), Ok(2)),
            (include_str!("../tests/files/stringcoords.geojson"), Err((Some(1), "116.01", "[longitude, latitude]"))),
            (include_str!("../tests/files/topo.geojson"), Err((None, "Topology", "FeatureCollection"))),
            (include_str!("../tests/files/trailing.geojson"), Err((None, "trailing comma", "export it again"))),
            (include_str!("../tests/files/two_docs.geojson"), Err((None, "follows", "one FeatureCollection"))),
            (include_str!("../tests/files/zero.geojson"), Err((None, "empty", "export"))),
            (include_str!("../tests/files/zm.geojson"), Ok(2)),
        ];
        for (text, expected) in files {
            match (read(text), expected) {
                (Ok(features), Ok(count)) => assert_eq!(features.len(), count, "{text}"),
                (Err(faults), Err((feature, what, remedy))) => {
                    let [fault] = faults.as_slice() else { panic!("{text}: {faults:?}") };
                    assert_eq!(fault.feature, feature, "{text}: {fault}");
                    assert!(fault.what.contains(what) && fault.remedy.contains(remedy), "{text}: {fault}");
                }
                (read, expected) => panic!("{text}: {read:?} is not {expected:?}"),
            }
        }
        let deep = format!(
            "{{\"type\":\"FeatureCollection\",\"features\":[],\"x\":{}{}}}",
            "[".repeat(9_999),
            "]".repeat(9_999)
        );
        assert_eq!(read(&deep), Ok(Vec::new()), "what is not asked for is passed over, however deep");
        let taken = include_str!("../tests/files/crs_code.geojson");
        assert_eq!(read_published(taken).map(|features| features.len()), Ok(2), "what was taken before still opens");
    }

    #[test]
    fn a_file_may_say_what_its_coordinates_are_in() {
        // A point of Shanghai as eviltransform publishes it, in WGS84 and in GCJ-02.
        let (wgs, gcj) = ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597));
        let text = polygon(&format!("[[[{},{}],[121.6,31.1],[121.6,31.2]]]", gcj.0, gcj.1));
        for said in [read_as(&text, Some(Datum::Gcj02)), read(&with_datum(&text, Datum::Gcj02))] {
            let feature = said.unwrap().remove(0);
            let corners: Vec<Point> =
                feature.shape.rings().flat_map(|ring| &ring.0).map(|c| Point::new(c.x, c.y).unwrap()).collect();
            let expected = Point::new(wgs.0, wgs.1).unwrap();
            assert!(corners.iter().any(|corner| datum::distance_m(*corner, expected) < 0.05), "{corners:?}");
            assert!(datum::distance_m(feature.unclosed[0], Point::new(121.6, 31.2).unwrap()) > 300.0);
        }
        let twice = with_datum(&text, Datum::Gcj02);
        assert_eq!(datum_of(&twice), Some(Datum::Gcj02));
        assert!(read_as(&twice, Some(Datum::Gcj02)).is_ok());
        let fault = read_as(&twice, Some(Datum::Bd09)).unwrap_err().remove(0);
        assert!(fault.what.contains("gcj02") && fault.what.contains("bd09"), "{fault}");
        assert!(only_fault(&text.replacen('{', "{\"datum\":\"mars\",", 1)).what.contains("cgcs2000"));
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
            prop_assert_eq!(features, [Feature { number: 1, id: Some(json!(7)), properties, shape, unclosed: Vec::new() }]);
        }

        #[test]
        fn no_text_makes_the_reader_fall(text in ".{0,60}", cut in 0usize..200) {
            let _ = read(&text);
            let whole = polygon("[[[116,39],[117,39],[117,40],[116,39]]]");
            let _ = read(whole.get(..cut).unwrap_or(&whole));
        }
    }
}
