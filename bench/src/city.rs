//! The made-up city that places are measured in, in memory and in PostGIS.

use anyhow::Result;
use gewu_geo::tessellate::{outline, tessellate};
use gewu_geo::{Bbox, Shape};
use std::fmt::Write;
use tokio_postgres::Client;

/// A city of about 50 by 50 km, inside one tile of zoom 8.
pub const BBOX: Bbox = Bbox { west: 118.5, south: 32.2, east: 119.1, north: 32.7 };

/// Irregular areas of 12 vertices that tile the city without gaps; the same each time.
pub fn areas(count: usize) -> Vec<Shape> {
    tessellate(&outline(BBOX, 1), count, 1).into_iter().map(|cell| cell.shape).collect()
}

/// Makes the table `areas (id, shape)` anew, ids from 0 in order; no index yet.
pub async fn load(client: &Client, shapes: &[Shape]) -> Result<()> {
    client
        .batch_execute(
            "create extension if not exists postgis;
             drop table if exists areas;
             create table areas (id integer primary key, shape geometry(multipolygon, 4326) not null)",
        )
        .await?;
    let numbered: Vec<(i32, String)> = (0..).zip(shapes.iter().map(ewkt)).collect();
    for batch in numbered.chunks(1_000) {
        let ids: Vec<i32> = batch.iter().map(|(id, _)| *id).collect();
        let texts: Vec<&str> = batch.iter().map(|(_, text)| text.as_str()).collect();
        client
            .execute(
                "insert into areas (id, shape)
                 select id, st_geomfromewkt(text) from unnest($1::integer[], $2::text[]) as given (id, text)",
                &[&ids, &texts],
            )
            .await?;
    }
    Ok(())
}

/// Seventeen digits, so that both sides see the same borders to the last bit.
fn ewkt(shape: &Shape) -> String {
    let mut text = "SRID=4326;MULTIPOLYGON(".to_owned();
    for (number, polygon) in shape.polygons().iter().enumerate() {
        text.push_str(if number == 0 { "(" } else { ",(" });
        for (number, ring) in std::iter::once(polygon.exterior()).chain(polygon.interiors()).enumerate() {
            text.push_str(if number == 0 { "(" } else { ",(" });
            for (number, at) in ring.0.iter().enumerate() {
                let comma = if number == 0 { "" } else { "," };
                write!(text, "{comma}{:.17} {:.17}", at.x, at.y).expect("a string takes what is written");
            }
            text.push(')');
        }
        text.push(')');
    }
    text.push(')');
    text
}
