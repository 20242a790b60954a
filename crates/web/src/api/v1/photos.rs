//! Photos: taken in before the report that names them; given out to who may see them.

use super::cases::address;
use crate::{
    Web,
    access::Who,
    api::codes::ShowingCode,
    body::{
        self,
        form::{Most, Part, Reader},
    },
    extract::Path,
    media::MediaType,
    problem::{Document, INVALID, MEDIA_TYPE, NOT_FOUND, Problem},
};
use axum::{
    Json,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use gewu_app::{
    cases::{
        PhotoName,
        photo::{CasePhoto, PhotoFile},
    },
    photos::Sent,
    uploads::Uploaded,
};
use gewu_domain::{
    case::Showing,
    ids::{CaseId, Digest, ReasonCode, RegionId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// A file as it is sent, with what multipart adds to it.
pub const PHOTO_BYTES_MOST: u64 = 16 * 1024 * 1024;

pub fn doors() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(upload)).routes(routes!(download))
}

/// A photo that lies ready: send this back, or its `token` alone, in one report or step.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Photo)]
pub struct PhotoBody {
    /// Names the photo, once, for whoever uploaded it.
    #[schema(example = "up_9f86…")]
    token: String,
    /// The photo may be named until then.
    ends_at: jiff::Timestamp,
    /// SHA-256 of the photo as kept.
    #[schema(value_type = String)]
    digest: Digest,
    /// SHA-256 of its thumbnail.
    #[schema(value_type = String)]
    thumbnail: Digest,
    width: u32,
    height: u32,
    bytes: u64,
}

impl From<Uploaded> for PhotoBody {
    fn from(uploaded: Uploaded) -> PhotoBody {
        let Uploaded { token, photo, ends_at } = uploaded;
        PhotoBody {
            token,
            ends_at,
            digest: photo.digest,
            thumbnail: photo.thumbnail,
            width: photo.width,
            height: photo.height,
            bytes: photo.bytes,
        }
    }
}

/// A photo that was uploaded by this caller. Whatever else uploading answered may stand beside the token; it is not read.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[schema(as = PhotoName)]
pub struct PhotoNameBody {
    /// What uploading the photo answered; good for one report or step.
    #[schema(example = "up_9f86…")]
    token: String,
}

impl From<PhotoNameBody> for PhotoName {
    fn from(body: PhotoNameBody) -> PhotoName {
        PhotoName::Upload(body.token)
    }
}

/// A photo of a case, and where to get it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhotoLink {
    #[schema(value_type = String)]
    digest: Digest,
    #[schema(example = "/api/v1/cases/370102/case_…/photos/9f86….jpg")]
    url: String,
    thumbnail_url: String,
    width: u32,
    height: u32,
    bytes: u64,
    /// `reporter` or `staff`.
    by: &'static str,
    given_at: jiff::Timestamp,
    /// Everybody may see this very file.
    is_public: bool,
    /// `unseen` until somebody has looked; then `public` or `withheld`.
    #[schema(value_type = ShowingCode)]
    showing: &'static str,
    /// Why it is withheld.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    withheld_for: Option<ReasonCode>,
    /// The version of it that everybody sees in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    instead: Option<Digest>,
}

/// Where a photo of a case is to be had.
pub fn url(region: RegionId, case: CaseId, digest: Digest) -> String {
    format!("/api/v1/cases/{region}/{case}/photos/{digest}.jpg")
}

impl PhotoLink {
    pub fn of(region: RegionId, photo: &CasePhoto) -> PhotoLink {
        let row = &photo.row;
        let (withheld_for, instead) = match &photo.showing {
            Some(Showing::Withheld { reason }) => (Some(reason.clone()), None),
            Some(Showing::Public { instead }) => (None, *instead),
            None => (None, None),
        };
        PhotoLink {
            digest: row.digest,
            url: url(region, row.case, row.digest),
            thumbnail_url: url(region, row.case, row.thumbnail),
            width: row.width,
            height: row.height,
            bytes: row.bytes,
            by: row.by.code(),
            given_at: row.given_at,
            is_public: photo.is_public,
            showing: Showing::code(photo.showing.as_ref()),
            withheld_for,
            instead,
        }
    }
}

/// Takes a photo in: as the body itself, or as a form's first file.
///
/// JPEG, PNG or WebP, at most 15 MB. It is turned upright, made smaller and stripped of where and with what it was
/// taken before it is kept; it is durable when this answers. It belongs to nothing, and nobody can get it, until a
/// report or a step of the same caller names it by the token: somebody signed in, an API key, the holder of a receipt, or
/// a stranger who has the token. Each upload is a photo of its own, also of the same bytes.
#[utoipa::path(post, path = "/api/v1/photos", tag = "photos",
    request_body(content(([u8] = "image/jpeg"), ([u8] = "image/png"), ([u8] = "image/webp"), (Object = "multipart/form-data"))),
    security((), ("session" = []), ("key" = [])),
    responses((status = 201, body = PhotoBody), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn upload(State(web): State<Web>, Who(caller): Who, request: Request) -> Result<impl IntoResponse, Problem> {
    let (parts, body) = request.into_parts();
    let kind = MediaType::of(&parts.headers);
    let sent = if kind.is("multipart/form-data") {
        first_file(&web, &parts, body).await?
    } else if kind.is_image() || kind.is("application/octet-stream") {
        body::file(&web.gate, &parts, body, PHOTO_BYTES_MOST).await?
    } else {
        return Err(MEDIA_TYPE.because(
            "请直接发送照片（image/jpeg 等），或用 multipart/form-data",
            "send the photo itself (image/jpeg …) or a form (multipart/form-data)",
        ));
    };
    let uploaded = web.app.upload(&caller, sent).await?;
    Ok((StatusCode::CREATED, Json(PhotoBody::from(uploaded))))
}

async fn first_file(web: &Web, parts: &Parts, body: Body) -> Result<Sent, Problem> {
    let most = Most { words: 64 * 1024, file: PHOTO_BYTES_MOST, total: PHOTO_BYTES_MOST };
    let mut form = Reader::open(&web.gate, parts, body, most).await?;
    while let Some(part) = form.next().await? {
        if let Part::File(file) = part {
            return Ok(file.content);
        }
    }
    Err(INVALID.because("表单里没有照片", "the form holds no photo"))
}

/// A photo or thumbnail of a case: public ones for everybody, the others for who may open the case.
///
/// The bytes never change, but who may see them does: copies are asked about again after at most two minutes.
#[utoipa::path(get, path = "/api/v1/cases/{region}/{id}/photos/{digest}", tag = "photos",
    params(("region" = String, Path), ("id" = String, Path),
        ("digest" = String, Path, description = "of the photo or the thumbnail, with or without `.jpg`")),
    security((), ("session" = []), ("key" = []), ("receipt" = [])),
    responses((status = 200, content_type = "image/jpeg", body = [u8]), (status = 304, description = "still the same"),
        (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn download(
    State(web): State<Web>,
    Who(caller): Who,
    Path((region, id, digest)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let digest: Digest = digest.strip_suffix(".jpg").unwrap_or(&digest).parse().map_err(|_| NOT_FOUND)?;
    let photo = web.app.photo(&caller, address(&region, &id)?, digest).await?;
    Ok(sent(photo, digest, &headers))
}

/// A photo on its way out. What everybody may see can be taken down, so nobody on the way keeps it longer than two
/// minutes without asking again; what is not public is kept by this browser only, which asks each time.
pub fn sent(photo: PhotoFile, digest: Digest, headers: &HeaderMap) -> Response {
    let tag = format!("\"{digest}\"");
    let cache = if photo.is_public { "public, max-age=120, must-revalidate" } else { "private, no-cache" };
    let kept = [
        (header::ETAG, HeaderValue::from_str(&tag).expect("hexadecimal digits in quotes")),
        (header::CACHE_CONTROL, HeaderValue::from_static(cache)),
        (header::VARY, HeaderValue::from_static("cookie, authorization")),
    ];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|given| given.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, kept).into_response();
    }
    let kind = HeaderValue::from_static(photo.media_type);
    (kept, [(header::CONTENT_TYPE, kind)], photo.bytes).into_response()
}
