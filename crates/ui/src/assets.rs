//! Style and scripts, inside the binary.
//!
//! A page names a file by [`url`], which carries its content's hash: that address may be kept for ever. Files that
//! scripts load by their plain names are asked for again each time and answered by their tag. What can be made smaller
//! is made so once, when somebody first asks for it.

use axum::{
    body::Bytes,
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use flate2::{Compression, write::GzEncoder};
use rust_embed::{EmbeddedFile, RustEmbed};
use std::{
    collections::HashMap,
    io::Write,
    sync::{LazyLock, Mutex},
};

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Files;

/// Where a file of `assets/` is served.
pub fn url(name: &str) -> String {
    match Files::get(name) {
        Some(file) => format!("/assets/{name}?v={}", tag(&file)),
        None => format!("/assets/{name}"),
    }
}

fn tag(file: &EmbeddedFile) -> String {
    file.metadata.sha256_hash().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

pub async fn show(Path(name): Path<String>, uri: Uri, headers: HeaderMap) -> Response {
    let Some(file) = Files::get(&name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let tag = tag(&file);
    let is_pinned = uri.query().is_some_and(|query| query == format!("v={tag}"));
    let cache = if is_pinned { "public, max-age=31536000, immutable" } else { "no-cache" };
    let quoted = format!("\"{tag}\"");
    let is_known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == quoted.as_bytes());
    let tag = HeaderValue::from_str(&quoted).expect("hexadecimal digits are visible ASCII");
    let head = [
        (header::CACHE_CONTROL, HeaderValue::from_static(cache)),
        (header::ETAG, tag),
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type(&name))),
    ];
    if is_known {
        return (StatusCode::NOT_MODIFIED, head).into_response();
    }
    let mut response = match takes_gzip(&headers).then(|| gzipped(&name, &file.data)).flatten() {
        Some(small) => ([(header::CONTENT_ENCODING, "gzip")], small).into_response(),
        None => file.data.into_owned().into_response(),
    };
    response.headers_mut().extend(HeaderMap::from_iter(head));
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|one| one.trim() == "gzip" || one.trim().starts_with("gzip;q=1"))
}

/// Texts made small, by name: a megabyte of script takes tens of milliseconds, once.
static GZIPPED: LazyLock<Mutex<HashMap<String, Bytes>>> = LazyLock::new(Mutex::default);

/// `None` where it would not help.
fn gzipped(name: &str, data: &[u8]) -> Option<Bytes> {
    let mut known = GZIPPED.lock().expect("no holder panics while it compresses");
    if let Some(small) = known.get(name) {
        return Some(small.clone());
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).ok()?;
    let small = Bytes::from(encoder.finish().ok()?);
    if small.len() >= data.len() {
        return None;
    }
    known.insert(name.to_owned(), small.clone());
    Some(small)
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
