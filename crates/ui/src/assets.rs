//! Style and scripts, inside the binary.
//!
//! A page names a file by [`url`], which carries its content's hash: that address may be kept for ever. Files that
//! scripts load by their plain names are asked for again each time and answered by their tag.

use axum::{
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};

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
        (StatusCode::NOT_MODIFIED, head).into_response()
    } else {
        (head, file.data.into_owned()).into_response()
    }
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
