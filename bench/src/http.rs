//! Speaks to the server as its clients do: HTTP/1.1 over loopback, connections kept, one request at a time on each.
//!
//! Small on purpose: on a machine of two cores, what the client burns the server lacks. Start at [`closed_loop`] (as
//! fast as answers come) and [`open_loop`] (at given times, whatever became of the requests before).

use crate::Numbers;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Nothing measured here may take longer.
const PATIENCE: Duration = Duration::from_secs(60);
/// Larger answers are a mistake.
const MOST_BYTES: usize = 64 << 20;

/// Names and values.
pub type Headers = Vec<(String, String)>;

/// A request as it goes over the wire.
pub fn request(method: &str, path: &str, headers: &[(String, String)], body: Option<&Value>) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
    if !body.is_empty() {
        head.push_str("content-type: application/json\r\n");
    }
    if method != "GET" {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    bytes.extend(body);
    bytes
}

/// Letters, digits and `-._~` stay, all else becomes `%XX`.
pub fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        encoded
    })
}

pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// What came back, until the next call.
pub struct Answer<'a> {
    pub status: u16,
    head: &'a str,
    pub body: &'a [u8],
}

impl Answer<'_> {
    pub fn header(&self, name: &str) -> Option<&str> {
        header(self.head, name)
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When the status is another than `wanted`, with what the server says about it.
    pub fn json(&self, wanted: u16) -> Result<Value> {
        let said = || String::from_utf8_lossy(self.body).chars().take(600).collect::<String>();
        ensure!(self.status == wanted, "the server answered {} instead of {wanted}: {}", self.status, said());
        serde_json::from_slice(self.body).with_context(|| format!("the answer is no JSON: {}", said()))
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Connection> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, received: Vec::with_capacity(16_384) })
    }

    /// Sends a request and waits for the whole answer.
    pub async fn call(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.received.clear();
        let mut seen = 0;
        let body = loop {
            ensure!(self.stream.read_buf(&mut self.received).await? > 0, "the server closed the connection");
            let from = seen.max(3) - 3;
            let fresh = self.received.get(from..).unwrap_or_default();
            if let Some(at) = fresh.windows(4).position(|window| window == b"\r\n\r\n") {
                break from + at + 4;
            }
            seen = self.received.len();
            ensure!(seen < MOST_BYTES, "the head of the answer has no end");
        };
        let head = std::str::from_utf8(self.received.get(..body).unwrap_or_default())?;
        let status = head.get(9..12).and_then(|code| code.parse().ok()).context("the answer has no status")?;
        let length: usize = match header(head, "content-length") {
            Some(length) => length.parse()?,
            None if status == 204 => 0,
            None => bail!("the answer has no content-length: {head}"),
        };
        ensure!(length < MOST_BYTES, "an answer of {length} bytes");
        while self.received.len() < body + length {
            ensure!(self.stream.read_buf(&mut self.received).await? > 0, "the server closed the connection");
        }
        let (head, rest) = self.received.split_at(body);
        Ok(Answer { status, head: std::str::from_utf8(head)?, body: rest.get(..length).unwrap_or_default() })
    }
}

/// One round of requests.
pub struct Round {
    pub elapsed: Duration,
    /// One for each request, in no order.
    pub latencies_ms: Vec<f64>,
}

impl Round {
    pub fn per_second(&self) -> f64 {
        self.latencies_ms.len() as f64 / self.elapsed.as_secs_f64()
    }
}

/// The value that a share of all values does not exceed. NaN of none.
pub fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = (values.len() as f64 * share).ceil() as usize;
    values.get(rank.saturating_sub(1).min(values.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

/// When the requests are due.
#[derive(Clone)]
enum Due {
    AtOnce,
    /// So long after the start, ascending.
    At(Arc<Vec<Duration>>),
}

/// Each connection sends the next request as soon as its last is answered.
///
/// # Errors
/// When a request is answered with another status than `wanted`.
pub async fn closed_loop(
    address: SocketAddr,
    connections: usize,
    requests: &Arc<Vec<Vec<u8>>>,
    wanted: u16,
) -> Result<Round> {
    run(address, connections, requests, wanted, &Due::AtOnce).await
}

/// Sends the requests at times of their own, so many a second on average with random gaps, as independent people do.
///
/// A request's time counts from when it was due: if all connections are waiting for answers, waiting for one of them
/// counts too. So a server that stalls is not spared the requests it would have got meanwhile.
pub async fn open_loop(
    address: SocketAddr,
    connections: usize,
    requests: &Arc<Vec<Vec<u8>>>,
    per_second: f64,
    wanted: u16,
) -> Result<Round> {
    let mut at = 0.0;
    let due = Numbers(11).take(requests.len()).map(|number| {
        at -= (1.0 - number).ln() / per_second;
        Duration::from_secs_f64(at)
    });
    run(address, connections, requests, wanted, &Due::At(Arc::new(due.collect()))).await
}

async fn run(
    address: SocketAddr,
    connections: usize,
    requests: &Arc<Vec<Vec<u8>>>,
    wanted: u16,
    due: &Due,
) -> Result<Round> {
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        open.push(Connection::open(address).await?);
    }
    let next = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    let started = Instant::now();
    for mut connection in open {
        let (requests, next, due) = (requests.clone(), next.clone(), due.clone());
        clients.spawn(async move {
            let mut latencies_ms = Vec::new();
            loop {
                let no = next.fetch_add(1, Ordering::Relaxed);
                let Some(request) = requests.get(no) else { return anyhow::Ok(latencies_ms) };
                let from = match &due {
                    Due::AtOnce => Instant::now(),
                    Due::At(times) => {
                        let at = started + times.get(no).copied().unwrap_or_default();
                        tokio::time::sleep_until(at.into()).await;
                        at
                    }
                };
                let answer = connection.call(request).await?;
                if answer.status != wanted {
                    answer.json(wanted)?;
                }
                latencies_ms.push(from.elapsed().as_secs_f64() * 1_000.0);
            }
        });
    }
    let all = async {
        let mut latencies_ms = Vec::with_capacity(requests.len());
        while let Some(done) = clients.join_next().await {
            latencies_ms.extend(done??);
        }
        anyhow::Ok(latencies_ms)
    };
    let patience = PATIENCE + PATIENCE;
    let latencies_ms = tokio::time::timeout(patience, all).await.context("the round did not end in two minutes")??;
    Ok(Round { elapsed: started.elapsed(), latencies_ms })
}

/// Sends one request after another on one connection; milliseconds each took, in order.
pub async fn one_by_one(address: SocketAddr, requests: &[Vec<u8>], wanted: u16) -> Result<Vec<f64>> {
    let mut connection = Connection::open(address).await?;
    let mut latencies_ms = Vec::with_capacity(requests.len());
    for request in requests {
        let from = Instant::now();
        let answer = connection.call(request).await?;
        latencies_ms.push(from.elapsed().as_secs_f64() * 1_000.0);
        if answer.status != wanted {
            let first = String::from_utf8_lossy(request).lines().next().unwrap_or_default().to_owned();
            answer.json(wanted).context(first)?;
        }
    }
    Ok(latencies_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_one_of_the_values() {
        let mut values: Vec<f64> = (1..=200).map(f64::from).collect();
        assert_eq!(quantile(&mut values, 0.99), 198.0);
        assert_eq!(quantile(&mut values, 1.0), 200.0);
        assert_eq!(quantile(&mut values, 0.0), 1.0);
        assert!(quantile(&mut [], 0.5).is_nan());
    }

    #[test]
    fn words_are_encoded_byte_by_byte() {
        assert_eq!(encoded("a-b 路"), "a-b%20%E8%B7%AF");
    }

    /// Answers each request with 201 after `delay`, one after another on each connection.
    async fn slow_server(delay: Duration) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut buffer = [0_u8; 4_096];
                    while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
                        tokio::time::sleep(delay).await;
                        stream.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
                    }
                });
            }
        });
        address
    }

    #[tokio::test]
    async fn the_open_loop_counts_the_wait_for_a_connection_and_the_closed_loop_does_not() {
        let address = slow_server(Duration::from_millis(20)).await;
        let requests = Arc::new(vec![request("POST", "/", &[], None); 20]);
        let mut closed = closed_loop(address, 1, &requests, 201).await.unwrap();
        assert!(quantile(&mut closed.latencies_ms, 0.5) < 60.0);
        let mut open = open_loop(address, 1, &requests, 10_000.0, 201).await.unwrap();
        assert!(quantile(&mut open.latencies_ms, 0.95) > 300.0);
    }

    #[tokio::test]
    async fn another_status_than_wanted_fails_the_round() {
        let address = slow_server(Duration::ZERO).await;
        let requests = Arc::new(vec![request("POST", "/", &[], None)]);
        assert!(closed_loop(address, 1, &requests, 200).await.is_err());
    }
}
