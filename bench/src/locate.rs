//! Which grid a point lies in: our index in memory beside a prepared `ST_Contains` on PostGIS.
//!
//! The reference is asked as a city system asks it: one prepared statement, one connection over loopback, one
//! point at a time, a GiST index on the grids, analysed and warm. First both answer a million points, the
//! database by one join, and every answer must be the same.

use crate::city;
use anyhow::{Context, Result, ensure};
use gewu_bench::{Numbers, Row, Stand, Target, in_turn, per_second};
use gewu_geo::{GridIndex, Point, Shape};
use std::hint::black_box;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, Statement};

const ROUNDS: usize = 7;
/// Points of one round of the database: about a quarter of a second.
const REFERENCE: usize = 4_000;
/// Points that both are asked for before the rounds.
const AGREEMENT: usize = 1_000_000;

pub fn run(stand: &Stand) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (grids, at_least) in [(6_325, 200.0), (100_000, 100.0)] {
        eprintln!("{grids} grids");
        rows.push(measure(stand, grids, at_least)?);
    }
    Ok(rows)
}

fn measure(stand: &Stand, grids: usize, at_least: f64) -> Result<Row> {
    let shapes = city::areas(grids);
    let index = GridIndex::build((0_u32..).zip(&shapes));
    let (runtime, client) = stand.postgres()?;
    runtime.block_on(load(&client, &shapes))?;

    let points = points(AGREEMENT);
    runtime.block_on(agree(&client, &index, &points))?;
    // Points outside every grid are the cheap ones.
    let (inside, outside): (Vec<Point>, Vec<Point>) =
        points.into_iter().partition(|point| index.locate(*point).is_some());
    eprintln!("  {AGREEMENT} points: every answer the same, {} of them outside", outside.len());
    ensure!(inside.len() > AGREEMENT / 4, "too few points lie in a grid to measure with");

    let statement = runtime.block_on(
        client.prepare("select id from areas where st_contains(shape, st_setsrid(st_makepoint($1, $2), 4326))"),
    )?;
    let (ours, reference) = in_turn(
        ROUNDS,
        || {
            per_second(inside.len(), || {
                for point in &inside {
                    black_box(index.locate(black_box(*point)));
                }
                Ok(())
            })
        },
        || per_second(REFERENCE, || one_by_one(&runtime, &client, &statement, &inside)),
    )?;
    Ok(Row {
        name: format!("point → grid, {grids} grids"),
        what: format!(
            "Points inside, one after another on one thread, {grids} irregular grids of 12 vertices without gaps; reference: prepared ST_Contains on \
             PostGIS, GiST index, one connection over loopback. Both gave the same answer for each of {AGREEMENT} points inside and outside."
        ),
        ours,
        reference,
        unit: "lookups/s",
        target: Target::AtLeast(at_least),
    })
}

/// Points in the city's rectangle; some lie outside every grid.
fn points(count: usize) -> Vec<Point> {
    let mut numbers = Numbers(7);
    let mut next = |from: f64, to: f64| from + (to - from) * numbers.next().unwrap_or_default();
    (0..count)
        .filter_map(|_| {
            Point::new(next(city::BBOX.west, city::BBOX.east), next(city::BBOX.south, city::BBOX.north)).ok()
        })
        .collect()
}

async fn load(client: &Client, shapes: &[Shape]) -> Result<()> {
    city::load(client, shapes).await?;
    client.batch_execute("create index on areas using gist (shape)").await?;
    client.batch_execute("vacuum analyze areas").await?;
    Ok(())
}

/// Asks both for every point; fails on the first that they answer differently.
async fn agree(client: &Client, index: &GridIndex, points: &[Point]) -> Result<()> {
    for batch in points.chunks(50_000) {
        let lons: Vec<f64> = batch.iter().map(|point| point.lon()).collect();
        let lats: Vec<f64> = batch.iter().map(|point| point.lat()).collect();
        let rows = client
            .query(
                "select given.n, areas.id from unnest($1::float8[], $2::float8[]) with ordinality as given (lon, lat, n)
                 left join areas on st_contains(areas.shape, st_setsrid(st_makepoint(given.lon, given.lat), 4326))
                 order by given.n",
                &[&lons, &lats],
            )
            .await?;
        ensure!(
            rows.len() == batch.len(),
            "the database answered {} times for {} points: its grids overlap",
            rows.len(),
            batch.len()
        );
        for (row, point) in rows.iter().zip(batch) {
            let theirs: Option<i32> = row.get(1);
            let ours = index.locate(*point).map(i32::try_from).transpose().context("a handle beyond 2^31")?;
            ensure!(ours == theirs, "{point:?}: ours {ours:?}, PostGIS {theirs:?}");
        }
    }
    Ok(())
}

fn one_by_one(runtime: &Runtime, client: &Client, statement: &Statement, points: &[Point]) -> Result<()> {
    runtime.block_on(async {
        for point in points.iter().take(REFERENCE) {
            black_box(client.query_opt(statement, &[&point.lon(), &point.lat()]).await?);
        }
        Ok(())
    })
}
