//! Vector tiles of 3,000 areas: our writer beside `ST_AsMVT` on PostGIS, on the same z/x/y.
//!
//! The reference has what a careful city system gives it: geometries already in Web Mercator, a GiST index,
//! a prepared statement, one connection over loopback. Neither side compresses. Before the rounds the number of
//! areas on every tile is compared.

use crate::city;
use anyhow::{Result, ensure};
use gewu_bench::{Row, Stand, Target, in_turn, per_second};
use gewu_geo::Shape;
use gewu_geo::tile::{Place, TagValue, TileFeature, TileId, TileLayer};
use gewu_geo::{Bbox, Point};
use std::hint::black_box;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, Statement};

const AREAS: usize = 3_000;
const ROUNDS: usize = 7;

pub fn run(stand: &Stand) -> Result<Vec<Row>> {
    let shapes = city::areas(AREAS);
    let names: Vec<String> = (0..AREAS).map(|number| format!("320100001{number:06}")).collect();
    let layer = layer(&shapes, &names);
    let (runtime, client) = stand.postgres()?;
    runtime.block_on(load(&client, &shapes))?;
    let statement = runtime.block_on(client.prepare(
        "select st_asmvt(cut, 'areas', 4096, 'shape', 'id') from (
           select id, code, st_asmvtgeom(shape, st_tileenvelope($1, $2, $3), 4096, 64, true) as shape
           from mercator where shape && st_tileenvelope($1, $2, $3, margin => 64.0 / 4096)
         ) as cut where shape is not null",
    ))?;
    let reference = Reference { runtime, client, statement };

    let whole = tiles(8);
    ensure!(whole.len() == 1, "the city lies on {} tiles of zoom 8", whole.len());
    let pyramid: Vec<TileId> = (9..=14).flat_map(tiles).collect();
    Ok(vec![
        measure(
            &layer,
            &reference,
            &whole,
            40,
            format!("vector tile of {AREAS} areas"),
            "The one tile that holds all areas.",
        )?,
        measure(
            &layer,
            &reference,
            &pyramid,
            1,
            format!("vector tiles of a city of {AREAS} areas, zoom 9 to 14"),
            "Every tile of the city once, from the widest to the closest.",
        )?,
    ])
}

fn measure(
    layer: &TileLayer,
    reference: &Reference,
    tiles: &[TileId],
    repeats: usize,
    name: String,
    which: &str,
) -> Result<Row> {
    eprintln!("{name}: {} tiles", tiles.len());
    let (mut on_ours, mut on_theirs) = (0, 0);
    for tile in tiles {
        let (ours, theirs) = (features(&layer.encode(*tile)), features(&reference.tile(*tile)?));
        // Areas that only touch the buffer: after rounding, one side may find nothing left to draw.
        ensure!(ours.abs_diff(theirs) <= 3 + theirs / 100, "{tile:?}: ours has {ours} areas, PostGIS {theirs}");
        on_ours += ours;
        on_theirs += theirs;
    }
    eprintln!("  ours puts {on_ours} areas on them, PostGIS {on_theirs}");
    let (ours, theirs) = in_turn(
        ROUNDS,
        || {
            per_second(tiles.len() * repeats, || {
                for _ in 0..repeats {
                    tiles.iter().for_each(|tile| drop(black_box(layer.encode(black_box(*tile)))));
                }
                Ok(())
            })
        },
        || {
            per_second(tiles.len() * repeats.div_ceil(4), || {
                for _ in 0..repeats.div_ceil(4) {
                    for tile in tiles {
                        black_box(reference.tile(*tile)?);
                    }
                }
                Ok(())
            })
        },
    )?;
    Ok(Row {
        name,
        what: format!(
            "{which} Not compressed, one thread; areas of 12 vertices with a number and a code. Reference: prepared ST_AsMVT on PostGIS, geometries in \
             Web Mercator, GiST index, one connection over loopback. Areas put on the tiles: {on_ours} and {on_theirs}, the difference being slivers in the buffer; below zoom 14 ours \
             rounds vertices to four tile units, half a pixel."
        ),
        ours,
        reference: theirs,
        unit: "tiles/s",
        target: Target::AtLeast(15.0),
    })
}

fn layer(shapes: &[Shape], codes: &[String]) -> TileLayer {
    let features = (0_u64..).zip(shapes.iter().zip(codes)).map(|(id, (shape, code))| TileFeature {
        id,
        place: Place::Area(shape),
        tags: vec![("code", TagValue::Text(code))],
    });
    TileLayer::build("areas", features)
}

struct Reference {
    runtime: Runtime,
    client: Client,
    statement: Statement,
}

impl Reference {
    fn tile(&self, tile: TileId) -> Result<Vec<u8>> {
        let (z, x, y) = (i32::from(tile.z()), i32::try_from(tile.x())?, i32::try_from(tile.y())?);
        Ok(self.runtime.block_on(self.client.query_one(&self.statement, &[&z, &x, &y]))?.get(0))
    }
}

async fn load(client: &Client, shapes: &[Shape]) -> Result<()> {
    city::load(client, shapes).await?;
    client
        .batch_execute(
            "drop table if exists mercator;
             create table mercator as
               select id, '320100001' || lpad(id::text, 6, '0') as code, st_transform(shape, 3857) as shape from areas;
             create index on mercator using gist (shape)",
        )
        .await?;
    client.batch_execute("vacuum analyze mercator").await?;
    Ok(())
}

/// The tiles of a zoom that the city lies on.
fn tiles(z: u8) -> Vec<TileId> {
    let Bbox { west, south, east, north } = city::BBOX;
    let corner = |lon: f64, lat: f64| Point::new(lon, lat).map(|point| TileId::holding(point, z));
    let (Ok(first), Ok(last)) = (corner(west, north), corner(east, south)) else { return Vec::new() };
    (first.x()..=last.x()).flat_map(|x| (first.y()..=last.y()).filter_map(move |y| TileId::new(z, x, y).ok())).collect()
}

/// How many features a tile has: field 3 of a tile is a layer, field 2 of a layer a feature.
fn features(tile: &[u8]) -> usize {
    fields(tile)
        .filter(|(number, _)| *number == 3)
        .map(|(_, layer)| fields(layer).filter(|(number, _)| *number == 2).count())
        .sum()
}

/// The fields of a protocol buffer message, each with its number and what it holds.
fn fields(mut message: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    std::iter::from_fn(move || {
        let tag = varint(&mut message)?;
        let length = match tag & 7 {
            2 => usize::try_from(varint(&mut message)?).ok()?,
            0 => {
                varint(&mut message)?;
                0
            }
            _ => return None,
        };
        let (held, rest) = message.split_at_checked(length)?;
        message = rest;
        Some((tag >> 3, held))
    })
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
