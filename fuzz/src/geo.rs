//! Boundaries from outside.

use crate::text;
use gewu_geo::{GridIndex, geojson};

/// What is read can be indexed and is found again, and what is written is read as the same shapes.
pub fn geojson(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Ok(features) = geojson::read(text) else { return };
    let index = GridIndex::build((0_u32..).zip(features.iter().map(|feature| &feature.shape)));
    for feature in features.iter().take(4) {
        let inside = feature.shape.point_on_surface();
        if feature.shape.covers(inside) {
            assert!(index.locate(inside).is_some(), "a point inside a shape is found");
        }
        let _ = feature.shape.area_m2();
    }
    let written = geojson::write(
        features
            .iter()
            .map(|feature| geojson::feature_to_json(feature.id.clone(), feature.properties.clone(), &feature.shape)),
    );
    let again = geojson::read(&written).expect("what was written can be read");
    assert_eq!(again.len(), features.len());
}
