//! The register of parts 部件: where each numbered thing that the city looks after stands, so that the code on its plate
//! is enough to place a report.
//!
//! A published file like the areas ([`Kind::Parts`](crate::city::Kind::Parts)), but a city may do without.

use gewu_domain::{
    area::code::{PartCode, PartCodeForm},
    fault::Fault,
    table::{Row, Table, fault, words},
};
use gewu_geo::datum::{Datum, Point, to_wgs84};

/// Where every part stands, in WGS84. About 60 bytes a part.
#[derive(Debug, Default)]
pub struct Parts {
    pub version: u32,
    /// In order of code.
    places: Vec<(Box<str>, Point)>,
}

impl Parts {
    /// Reads a CSV document of parts: `#version`, if need be `#datum`, then `code,lon,lat`.
    ///
    /// # Errors
    /// Every fault of the document, by line.
    pub fn parse(file: &str, text: &str) -> Result<Parts, Vec<Fault>> {
        let mut faults = Vec::new();
        let table = Table::read(file, text, &["code", "lon", "lat"], &[], &mut faults);
        table.only_settings(&["version", "datum"], &mut faults);
        let version = table.version(&mut faults);
        let datum = datum(&table, &mut faults);
        let mut lines = Vec::new();
        for row in table.rows() {
            let code = row.needed("code", &mut faults);
            if !code.is_empty() && !is_plain(code) {
                faults.push(row.fault(
                    "code",
                    words(format!("“{code}”不能用作编码"), format!("{code:?} cannot be a code")),
                    words("用 1–40 个字母、数字、- _ .", "use 1 to 40 letters, digits, - _ ."),
                ));
            }
            if let Some(point) = point(row, &mut faults) {
                lines.push((code, row.line, to_wgs84(datum, point)));
            }
        }
        lines.sort_by_key(|(code, line, _)| (*code, *line));
        for pair in lines.windows(2) {
            if let [(one, first, _), (two, line, _)] = pair
                && one == two
            {
                faults.push(fault(
                    file,
                    Some(*line),
                    Some("code"),
                    words(
                        format!("编码 {two} 与第 {first} 行重复"),
                        format!("the code {two} is already on line {first}"),
                    ),
                    words("一个编码只写一行", "give each code once"),
                ));
            }
        }
        if !faults.is_empty() {
            faults.sort();
            return Err(faults);
        }
        Ok(Parts { version, places: lines.into_iter().map(|(code, _, point)| (code.into(), point)).collect() })
    }

    /// Every part by its code, and where it stands.
    pub fn all(&self) -> impl Iterator<Item = (&str, Point)> {
        self.places.iter().map(|(code, point)| (code.as_ref(), *point))
    }

    /// Where the part of this code stands, in WGS84. Logarithmic.
    pub fn place(&self, code: &str) -> Option<Point> {
        let at = self.places.binary_search_by(|(other, _)| other.as_ref().cmp(code)).ok()?;
        self.places.get(at).map(|(_, point)| *point)
    }
}

/// The standard's own form of a code, for a part that the register does not have (yet).
pub fn standard(code: &str) -> Option<PartCode> {
    [PartCodeForm::Minor2, PartCodeForm::Minor3].into_iter().find_map(|form| PartCode::parse(code, form).ok())
}

fn is_plain(code: &str) -> bool {
    code.len() <= 40 && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

fn datum(table: &Table, faults: &mut Vec<Fault>) -> Datum {
    let Some(setting) = table.settings("datum").next() else {
        return Datum::Wgs84;
    };
    let name = setting.values.first().map_or("", String::as_str);
    name.parse().unwrap_or_else(|_| {
        faults.push(fault(
            &table.file,
            Some(setting.line),
            Some("datum"),
            words(format!("没有坐标系“{name}”"), format!("there is no coordinate system {name:?}")),
            words("写 wgs84、gcj02、bd09 或 cgcs2000", "write wgs84, gcj02, bd09 or cgcs2000"),
        ));
        Datum::Wgs84
    })
}

fn point(row: Row, faults: &mut Vec<Fault>) -> Option<Point> {
    let (lon, lat) = (degrees(row, "lon", faults), degrees(row, "lat", faults));
    Point::new(lon?, lat?)
        .map_err(|error| {
            faults.push(row.fault(
                "lon",
                words(format!("坐标不对：{error}"), error.to_string()),
                words("经度在前，纬度在后，单位是度", "longitude first, then latitude, in degrees"),
            ));
        })
        .ok()
}

fn degrees(row: Row, column: &str, faults: &mut Vec<Fault>) -> Option<f64> {
    let cell = row.needed(column, faults);
    let degrees: Option<f64> = cell.parse().ok().filter(|degrees: &f64| degrees.is_finite());
    if degrees.is_none() && !cell.is_empty() {
        faults.push(row.fault(
            column,
            words(format!("“{cell}”不是度数"), format!("{cell:?} is no number of degrees")),
            words("写成 117.0231 的样子", "write it like 117.0231"),
        ));
    }
    degrees
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_found_by_its_code_and_in_wgs84() {
        let text =
            "#version,3\n#datum,gcj02\ncode,lon,lat\n3701020106000002,117.03,36.67\n3701020106000001,117.02,36.66\n";
        let parts = Parts::parse("parts.csv", text).unwrap();
        let given = Point::new(117.02, 36.66).unwrap();
        assert_eq!(parts.version, 3);
        assert_eq!(parts.place("3701020106000001"), Some(to_wgs84(Datum::Gcj02, given)));
        assert_ne!(parts.place("3701020106000001"), Some(given));
        assert_eq!(parts.place("3701020106000003"), None);
    }

    #[test]
    fn every_fault_is_told_with_its_line() {
        let text = "#version,1\n#datum,mars\ncode,lon,lat\na,1,2\nb,x,2\n,1,2\na,3,4\nc,10,99\nd d,1,1\n";
        let faults = Parts::parse("parts.csv", text).unwrap_err();
        let told: Vec<(Option<u32>, Option<&str>)> =
            faults.iter().map(|fault| (fault.line, fault.field.as_deref())).collect();
        let code = Some("code");
        let expected = [(2, Some("datum")), (5, Some("lon")), (6, code), (7, code), (8, Some("lon")), (9, code)];
        assert_eq!(told, expected.map(|(line, field)| (Some(line), field)), "{faults:#?}");
    }

    #[test]
    fn the_example_of_the_paper_on_formats_is_without_fault() {
        let paper = include_str!("../../../docs/data-formats.md");
        let from = paper.split("```csv parts\n").nth(1).expect("the paper has this example");
        let parts = Parts::parse("parts", from.split("```").next().unwrap_or_default()).unwrap();
        assert!(parts.place("3701020103000017").is_some());
    }
}
