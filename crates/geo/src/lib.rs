//! Shapes on the ground: datums, boundaries, which grid a point lies in, faults of a partition, vector tiles.
//!
//! Pure: no I/O, clock, randomness or globals; knows nothing of cases, areas' codes or storage. A caller passes
//! handles (`u32`) and gets handles back. Start at [`datum`] for a point, [`shape`] for a boundary, [`index`] for
//! "which grid".

pub mod datum;
pub mod geojson;
pub mod index;
pub mod shape;
pub mod tessellate;
pub mod tile;
pub mod topology;

pub use datum::{Datum, Point, PointError, distance_m, from_wgs84, to_wgs84};
pub use index::GridIndex;
pub use shape::{Bbox, Shape, ShapeError};
