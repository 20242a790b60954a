//! Requests as strangers and machines send them, to a whole house with all its doors.
//!
//! The input reads like a request: `METHOD /path?query`, lines of headers, an empty line, the body. `KEY` stands for
//! an API key that may report and read. No answer may blame the house: nothing of 500 and above, no panic.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use gewu_app::clock::{HandClock, SeededRandom};
use gewu_app::passwords::Cost;
use gewu_app::sealing::Keyring;
use gewu_app::{App, Caller};
use gewu_blobs::DiskBlobs;
use gewu_sim::Town;
use gewu_store_sqlite::SqliteStore;
use gewu_web::{gate::Gate, limits::Rates};
use std::sync::{Arc, OnceLock};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt;

struct House {
    runtime: Runtime,
    router: Router,
    key: String,
    _folder: TempDir,
}

static HOUSE: OnceLock<House> = OnceLock::new();

pub fn doors(data: &[u8]) {
    let house = HOUSE.get_or_init(House::open);
    if let Some(answer) = house.ask(data) {
        let Answer { status, body } = &answer;
        assert!(!status.is_server_error(), "the answer was {status}: {}", String::from_utf8_lossy(body));
    }
}

struct Answer {
    status: StatusCode,
    body: Vec<u8>,
}

impl House {
    fn open() -> House {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime starts");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (router, key) = runtime.block_on(settle(&folder));
        House { runtime, router, key, _folder: folder }
    }

    /// Nothing when the bytes are no request.
    fn ask(&self, data: &[u8]) -> Option<Answer> {
        let request = self.request(data)?;
        self.runtime.block_on(async {
            let response = self.router.clone().oneshot(request).await.expect("a router answers everything");
            let status = response.status();
            let kind = response.headers().get(header::CONTENT_TYPE);
            if kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream")) {
                return Some(Answer { status, body: Vec::new() });
            }
            let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body comes to its end");
            Some(Answer { status, body: body.to_vec() })
        })
    }

    fn request(&self, data: &[u8]) -> Option<Request<Body>> {
        let end = data.windows(2).position(|pair| pair == b"\n\n").unwrap_or(data.len());
        let (head, body) = data.split_at(end);
        let head = std::str::from_utf8(head).ok()?.replace("KEY", &self.key);
        let mut lines = head.lines();
        let (method, uri) = lines.next()?.split_once(' ')?;
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            request = request.header(name, value);
        }
        let body = with_key(body.strip_prefix(b"\n\n").unwrap_or_default(), self.key.as_bytes());
        request.body(Body::from(body)).ok()
    }
}

/// Puts the key in the place of the first `KEY`.
fn with_key(body: &[u8], key: &[u8]) -> Vec<u8> {
    match body.windows(3).position(|word| word == b"KEY") {
        Some(at) => {
            let (before, after) = body.split_at(at);
            [before, key, after.strip_prefix(b"KEY").unwrap_or_default()].concat()
        }
        None => body.to_vec(),
    }
}

async fn settle(folder: &TempDir) -> (Router, String) {
    let store = SqliteStore::open(folder.path(), gewu_store_sqlite::Settings::default()).expect("a store");
    let blobs = DiskBlobs::open(folder.path().join("photos")).expect("a folder");
    let random = Arc::new(SeededRandom::new(7));
    let clock = Arc::new(HandClock::at("2026-11-02T01:00:00Z".parse().expect("a time")));
    let keyring = Arc::new(Keyring::fresh(random.as_ref()));
    let cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };
    let settings = gewu_app::Settings { password_cost: cost, ..gewu_app::Settings::default() };
    let app = App::open(Arc::new(store), Arc::new(blobs), keyring, clock, random, settings);
    let app = Arc::new(app.await.expect("the house opens"));
    Town::tiny(7).settle(&app).await.expect("the town settles");
    let scopes = ["report", "read"].map(str::to_owned).to_vec();
    let (_, key) = app.add_client(&Caller::system(), None, "fuzz", scopes, None).await.expect("a key");
    // Otherwise nearly every request would be one too many.
    let settings = gewu_web::Settings { rates: Rates::OFF, ..gewu_web::Settings::default() };
    let gate = Gate::new(&settings);
    (gewu_web::routes(app, settings, gate), key.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_get_through_the_doors_they_knock_at() {
        let house = House::open();
        for (seed, wanted) in [
            ("case", 404),
            ("events", 200),
            ("list", 200),
            ("locate", 200),
            ("open311_list", 200),
            ("open311_multipart", 400),
            ("open311_post", 201),
            ("open311_service", 200),
            ("open311_token", 404),
            ("photo", 422),
            ("public", 200),
            ("report", 201),
            ("report_area", 201),
            ("search", 200),
            ("sign_in", 401),
            ("status", 404),
            ("tile", 200),
        ] {
            let path = format!("{}/seeds/doors/{seed}", env!("CARGO_MANIFEST_DIR"));
            let answer = house.ask(&std::fs::read(path).expect("a seed can be read")).expect("a seed is a request");
            let said = String::from_utf8_lossy(&answer.body);
            assert_eq!(answer.status.as_u16(), wanted, "{seed}: {said}");
        }
    }
}
