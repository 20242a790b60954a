//! Two hundred who send what costs most, beside twenty who send a photo now and then.
//!
//! The hostile never wait: a quarter of them declare 93 MB and stall, a quarter send pictures that claim 49 million pixels in a
//! few bytes, the others send photos as fast as they are answered, and none cares when to come back. They come from one
//! origin, then from two hundred through a trusted proxy. The honest send a photo of 2 MB each, wait as long as the
//! server asks, and think some seconds before the next. Start at [`run`].

use anyhow::{Context, Result, ensure};
use gewu_bench::http::{Connection, quantile};
use gewu_bench::server::{Engine, Server, lasting};
use gewu_bench::{Numbers, Row, Stand, Target, grouped, runtime, setting};
use image::{ExtendedColorType, codecs::jpeg::JpegEncoder};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const CASES: u64 = 100_000;
const HOSTILE: u64 = 200;
const HONEST: u64 = 20;
/// How long each of the two attacks lasts.
const SECONDS: u64 = 90;
/// What an honest sender thinks between two photos, in seconds.
const THINKS: [f64; 2] = [8.0, 16.0];
const PHOTO_BYTES: usize = 1_950_000;
const SIZE: [u32; 2] = [2_560, 1_920];
const P95_MS: f64 = 2_000.0;
const RESIDENT_MB: f64 = 400.0;

pub fn run(stand: &Stand) -> Result<Vec<Row>> {
    let cases = setting("GEWU_BENCH_CASES", CASES)?;
    let lasts = Duration::from_secs(setting("GEWU_BENCH_HOSTILE_S", SECONDS)?);
    let place = lasting(stand, Engine::Sqlite, cases)?;
    let runtime = runtime()?;
    let photo = Arc::new(photo()?);
    eprintln!("  a photo of {} bytes", photo.len());
    let mut rows = Vec::new();
    for (origins, from) in [(1, "one origin"), (HOSTILE, "200 origins")] {
        let server = Server::start_with(&place, &stand.scratch, &["--trusted-proxies", "1"])?;
        let (mut waits_ms, resident_mb) = runtime.block_on(attack(&server, &photo, origins, lasts))?;
        ensure!(!waits_ms.is_empty(), "no honest photo was taken");
        eprintln!(
            "  from {from}: {} honest photos taken, the slowest in {:.0} ms",
            waits_ms.len(),
            quantile(&mut waits_ms, 1.0)
        );
        rows.push(Row {
            name: format!("an honest photo of 2 MB beside 200 hostile senders from {from}, p95"),
            what: format!(
                "At {} cases, {} photos of {HONEST} people in {} s: from the first try to its being kept, waits that the server \
                 asked for included. Reference: what was asked.",
                grouped(cases),
                waits_ms.len(),
                lasts.as_secs()
            ),
            ours: quantile(&mut waits_ms, 0.95),
            reference: P95_MS,
            unit: "ms",
            target: Target::AtMost(1.0),
        });
        rows.push(Row {
            name: format!("resident memory beside 200 hostile senders from {from}"),
            what: "The most VmRSS of the server, looked at ten times a second, in megabytes of 10⁶ bytes. Reference: what was asked."
                .to_owned(),
            ours: resident_mb,
            reference: RESIDENT_MB,
            unit: "MB",
            target: Target::AtMost(1.0),
        });
        server.stop()?;
    }
    Ok(rows)
}

/// What the honest waited for each photo, and the most memory.
async fn attack(server: &Server, photo: &Arc<Vec<u8>>, origins: u64, lasts: Duration) -> Result<(Vec<f64>, f64)> {
    let until = Instant::now() + lasts;
    let address = server.address;
    let mut hostile = JoinSet::new();
    for no in 0..HOSTILE {
        let origin = format!("10.{}.{}.1", 1 + no % origins / 200, no % origins % 200);
        let photo = photo.clone();
        hostile.spawn(async move {
            while Instant::now() < until {
                // The server may hang up on them; they come again.
                let _ = tokio::time::timeout_at(until.into(), harm(address, no, &origin, &photo)).await;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
    }
    let mut honest = JoinSet::new();
    for no in 0..HONEST {
        let photo = photo.clone();
        honest.spawn(send_now_and_then(address, no, photo, until));
    }
    let mut resident_mb = 0.0_f64;
    while Instant::now() < until {
        resident_mb = resident_mb.max(server.resident_mb()?);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut waits_ms = Vec::new();
    while let Some(ended) = honest.join_next().await {
        waits_ms.extend(ended??);
    }
    hostile.shutdown().await;
    Ok((waits_ms, resident_mb))
}

/// One blow, and as many more as the connection bears.
async fn harm(address: SocketAddr, no: u64, origin: &str, photo: &[u8]) -> Result<()> {
    match no % 4 {
        0 => {
            let mut stream = TcpStream::connect(address).await?;
            let head = format!(
                "POST /report HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: {origin}\r\n\
                 content-type: multipart/form-data; boundary=b\r\ncontent-length: 93000000\r\n\r\n\
                 --b\r\ncontent-disposition: form-data; name=\"photos\"; filename=\"a.jpg\"\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(photo).await?;
            std::future::pending().await
        }
        1 => {
            let mut bomb = photo.get(..600).context("a photo has a head")?.to_vec();
            let frame = bomb.windows(2).position(|pair| pair == [0xff, 0xc0]).context("a frame")?;
            let size = bomb.get_mut(frame + 5..frame + 9).context("a size")?;
            size.copy_from_slice(&[0x1b, 0x58, 0x1b, 0x58]);
            bomb.extend([0xff, 0xd9]);
            let mut connection = Connection::open(address).await?;
            loop {
                connection.call(&upload(origin, &bomb)).await?;
            }
        }
        _ => {
            let mut connection = Connection::open(address).await?;
            let request = upload(origin, photo);
            loop {
                connection.call(&request).await?;
            }
        }
    }
}

async fn send_now_and_then(address: SocketAddr, no: u64, photo: Arc<Vec<u8>>, until: Instant) -> Result<Vec<f64>> {
    let request = upload(&format!("172.16.{no}.1"), &photo);
    let mut numbers = Numbers(no + 1);
    let mut between = move |from: f64, to: f64| from + numbers.next().unwrap_or_default() * (to - from);
    let mut waits_ms = Vec::new();
    let mut think_s = between(0.0, THINKS[1]);
    loop {
        tokio::time::sleep(Duration::from_secs_f64(think_s)).await;
        // What is begun too late to be ended is not counted.
        if Instant::now() + Duration::from_secs(5) > until {
            return Ok(waits_ms);
        }
        let began = Instant::now();
        loop {
            let mut connection = Connection::open(address).await?;
            let answer = connection.call(&request).await?;
            match answer.status {
                201 => break,
                429 | 503 => {
                    let asked_s: f64 = answer.header("retry-after").and_then(|wait| wait.parse().ok()).unwrap_or(2.0);
                    tokio::time::sleep(Duration::from_secs_f64(asked_s * between(1.0, 2.0))).await;
                }
                other => {
                    anyhow::bail!("an honest photo was answered {other}: {}", String::from_utf8_lossy(answer.body))
                }
            }
        }
        waits_ms.push(began.elapsed().as_secs_f64() * 1_000.0);
        think_s = between(THINKS[0], THINKS[1]);
    }
}

fn upload(origin: &str, photo: &[u8]) -> Vec<u8> {
    let mut request = format!(
        "POST /api/v1/photos HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: {origin}\r\ncontent-type: image/jpeg\r\n\
         content-length: {}\r\n\r\n",
        photo.len()
    )
    .into_bytes();
    request.extend_from_slice(photo);
    request
}

/// Sky over noise, with as much noise as makes 2 MB.
fn photo() -> Result<Vec<u8>> {
    let [width, height] = SIZE;
    for noise in (4..=128_u32).step_by(4) {
        let mut seed = 1_u32;
        let pixels: Vec<u8> = (0..width * height * 3)
            .map(|at| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                u8::try_from((at / 3 / width * 120 / height + (seed >> 16) % noise).min(255)).unwrap_or(u8::MAX)
            })
            .collect();
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, 85).encode(&pixels, width, height, ExtendedColorType::Rgb8)?;
        if jpeg.len() >= PHOTO_BYTES {
            return Ok(jpeg);
        }
    }
    anyhow::bail!("no noise makes a photo of {PHOTO_BYTES} bytes")
}
