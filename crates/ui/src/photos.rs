//! Photos of a form: those sent along with it, and those a script uploaded before.

use crate::{failure::Failure, fields::Fields, words::Words};
use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use gewu_app::{App, AppError, Caller, Problem, cases::CaseAddress, cases::PhotoRef};
use gewu_domain::ids::Digest;

/// Keeps the files of the form's field `photos` and adds those named by its hidden fields `photo`.
///
/// One bad file does not cost the others: they come back with the problems, so that the form can name them again.
///
/// # Errors
/// When the photos cannot be kept at all.
pub async fn keep(app: &App, fields: &mut Fields) -> Result<(Vec<PhotoRef>, Vec<Problem>), AppError> {
    let mut photos: Vec<PhotoRef> = fields.all("photo").filter_map(read).collect();
    let mut problems = Vec::new();
    for file in std::mem::take(&mut fields.files) {
        if file.field != "photos" {
            continue;
        }
        match app.keep_photo(file.bytes).await {
            Ok(photo) if photos.iter().any(|known| known.digest == photo.digest) => {}
            Ok(photo) => photos.push(photo),
            Err(AppError::Invalid(found)) => problems.extend(found.into_iter().map(|problem| Problem {
                field: "photos".to_owned(),
                zh: format!("{}：{}", file.name, problem.zh),
                en: format!("{}: {}", file.name, problem.en),
                ..problem
            })),
            Err(error) => return Err(error),
        }
    }
    Ok((photos, problems))
}

/// A photo that is kept already, as a hidden field names it.
pub fn name(photo: &PhotoRef) -> String {
    serde_json::to_string(photo).expect("a photo's reference is plain data")
}

fn read(name: &str) -> Option<PhotoRef> {
    serde_json::from_str(name).ok()
}

/// A photo or thumbnail, if this caller may see it.
///
/// # Errors
/// As [`App::photo`].
pub async fn send(app: &App, caller: &Caller, address: CaseAddress, digest: &str) -> Result<Response, Failure> {
    let digest: Digest = digest.parse().map_err(|_| AppError::NotFound)?;
    let photo = app.photo(caller, address, digest).await?;
    let cache = if photo.is_public { "public, max-age=31536000, immutable" } else { "private, max-age=3600" };
    Ok(([(header::CONTENT_TYPE, photo.media_type), (header::CACHE_CONTROL, cache)], photo.bytes).into_response())
}

/// How many photos a form still takes, in words.
pub fn limit(words: &Words, app: &App) -> String {
    words.t1("photos-limit", "most", app.settings.photos_most)
}
