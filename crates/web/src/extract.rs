//! What handlers take out of a request, with every mistake told as a problem.

use crate::{
    BODY_BYTES_MOST, Web,
    access::Who,
    body::{self, Budget, Kept, Unread},
    media::MediaType,
    problem::{BAD_REQUEST, INVALID, KEY_BAD, MEDIA_TYPE, NOT_FOUND, Problem},
};
use axum::{
    extract::{FromRequest, FromRequestParts, Request, rejection::JsonRejection},
    http::request::Parts,
};
use gewu_app::{Identity, cases::IdempotencyKey};
use serde::de::DeserializeOwned;

/// A JSON body.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Web> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, web: &Web) -> Result<Body<T>, Problem> {
        let (parts, body) = request.into_parts();
        let kind = json_kind(&parts)?;
        let read = body::read(&web.gate, &web.gate.memory, &parts, body, BODY_BYTES_MOST).await?;
        Ok(Body(parsed(&kind, &read)?))
    }
}

/// A JSON body that holds files to publish; large, and therefore read one at a time.
pub struct Files<T>(pub T);

/// The boundaries of 100,000 grids are some 60 MB.
const FILES_BYTES_MOST: usize = 128 * 1024 * 1024;

impl<T: DeserializeOwned> FromRequest<Web> for Files<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, web: &Web) -> Result<Files<T>, Problem> {
        let (parts, body) = request.into_parts();
        let kind = json_kind(&parts)?;
        let _turn = web.gate.publishing.try_acquire().map_err(|_| Unread::Full)?;
        // Whoever publishes was asked who they are, so the room is theirs alone.
        let room = Budget::alone(FILES_BYTES_MOST);
        let read = body::read(&web.gate, &room, &parts, body, FILES_BYTES_MOST).await?;
        Ok(Files(parsed(&kind, &read)?))
    }
}

/// What is declared about a JSON body, before any of it is read.
fn json_kind(parts: &Parts) -> Result<MediaType, Problem> {
    let kind = MediaType::of(&parts.headers);
    if kind.is_json() { Ok(kind) } else { Err(MEDIA_TYPE.because("请用 application/json", "send application/json")) }
}

fn parsed<T: DeserializeOwned>(kind: &MediaType, read: &Kept) -> Result<T, Problem> {
    let text = read.text(kind)?;
    if holds_nul(text.as_bytes()) {
        return Err(nul());
    }
    match axum::Json::<T>::from_bytes(text.as_bytes()) {
        Ok(axum::Json(value)) => Ok(value),
        Err(JsonRejection::JsonDataError(error)) => {
            let why = error.body_text();
            Err(INVALID.because(format!("内容不对：{why}"), why))
        }
        Err(JsonRejection::JsonSyntaxError(error)) => {
            let why = error.body_text();
            Err(BAD_REQUEST.because(format!("不是合法的 JSON：{why}"), why))
        }
        Err(other) => Err(BAD_REQUEST.because(other.body_text(), other.body_text())),
    }
}

/// The character NUL in JSON text, as such or written `\u0000`. No text of a person has it, and not every store keeps it.
fn holds_nul(json: &[u8]) -> bool {
    json.contains(&0)
        || json.windows(6).enumerate().any(|(at, window)| {
            window == br"\u0000" && json.iter().take(at).rev().take_while(|byte| **byte == b'\\').count() % 2 == 0
        })
}

/// Text with the character NUL in it.
pub fn nul() -> Problem {
    BAD_REQUEST
        .because("文字里有空字符（U+0000），请去掉", "there is a NUL character (U+0000) in the text: leave it out")
}

/// The query string.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Query<T>, Problem> {
        match axum::extract::Query::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(value)) => Ok(Query(value)),
            Err(error) => Err(BAD_REQUEST.because(format!("查询参数不对：{}", error.body_text()), error.body_text())),
        }
    }
}

/// Names in the path. What cannot be such a name names nothing: not found.
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Path<T>, Problem> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Path(value)),
            Err(_) => Err(NOT_FOUND.into()),
        }
    }
}

/// The `Idempotency-Key`, if one was sent, kept apart by caller.
pub struct Key(pub Option<IdempotencyKey>);

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Key, Problem> {
        let Some(given) = parts.headers.get("idempotency-key").cloned() else { return Ok(Key(None)) };
        let Who(caller) = Who::from_request_parts(parts, state).await?;
        let scope = match &caller.identity {
            Identity::Staff { person, .. } | Identity::Postless { person, .. } => person.to_string(),
            Identity::Client { client, .. } => client.to_string(),
            Identity::Reporter { case } => case.to_string(),
            Identity::System => "system".to_owned(),
            Identity::Public => String::new(),
        };
        let key = given.to_str().ok().and_then(|given| match caller.identity {
            Identity::Public => IdempotencyKey::of_stranger(&caller.origin, given),
            _ => IdempotencyKey::new(&scope, given),
        });
        key.map(|key| Key(Some(key))).ok_or_else(|| KEY_BAD.into())
    }
}

#[cfg(test)]
mod tests {
    use super::holds_nul;

    #[test]
    fn a_nul_is_found_however_it_is_written_and_a_backslash_before_it_makes_it_none() {
        for nul in [b"{\"a\":\"\\u0000\"}".as_slice(), b"\"\\\\\\u0000\"", b"\"a\0\""] {
            assert!(holds_nul(nul), "{}", String::from_utf8_lossy(nul));
        }
        for fine in [b"\"\\\\u0000\"".as_slice(), b"\"u0000 0000\"", b"\"\\u00001\"".get(..5).unwrap_or_default()] {
            assert!(!holds_nul(fine), "{}", String::from_utf8_lossy(fine));
        }
    }
}
