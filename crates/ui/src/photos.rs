//! Photos of a form: those sent along with it, and those a script uploaded before.

use crate::{failure::Failure, fields::Fields, words::Words};
use axum::{http::HeaderMap, response::Response};
use gewu_app::{App, AppError, Caller, Problem, cases::CaseAddress, cases::PhotoName};
use gewu_domain::ids::Digest;

/// Keeps the files of the form's field `photos` and adds those named by its hidden fields `photo`.
///
/// One bad file does not cost the others: they come back with the problems, so that the form can name them again.
///
/// # Errors
/// When the photos cannot be kept at all.
pub async fn keep(app: &App, caller: &Caller, fields: &mut Fields) -> Result<(Vec<PhotoName>, Vec<Problem>), AppError> {
    let mut photos: Vec<PhotoName> = fields.all("photo").filter_map(read).map(PhotoName::Upload).collect();
    let mut problems = Vec::new();
    for file in std::mem::take(&mut fields.files) {
        if file.field != "photos" {
            continue;
        }
        match app.upload(caller, file.content).await {
            Ok(uploaded) => photos.push(PhotoName::Upload(uploaded.token)),
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
pub fn name(photo: &PhotoName) -> String {
    match photo {
        PhotoName::Upload(token) => token.clone(),
        PhotoName::Kept(_) => String::new(),
    }
}

/// The token of a hidden field: by itself, or in what uploading the photo answered.
pub fn read(name: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Answer {
        token: String,
    }
    if name.starts_with('{') {
        serde_json::from_str(name).ok().map(|answer: Answer| answer.token)
    } else {
        Some(name.to_owned())
    }
}

/// A photo or thumbnail, if this caller may see it.
///
/// # Errors
/// As [`App::photo`].
pub async fn send(
    app: &App,
    caller: &Caller,
    address: CaseAddress,
    digest: &str,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    let digest: Digest = digest.parse().map_err(|_| AppError::NotFound)?;
    let photo = app.photo(caller, address, digest).await?;
    Ok(gewu_web::photo_sent(photo, digest, headers))
}

/// How many photos a form takes; none while nothing is published.
pub fn most(app: &App) -> usize {
    app.snapshot().map_or(0, |snapshot| usize::from(snapshot.city.policy.photos.most))
}

/// How many photos a form takes, in words.
pub fn limit(words: &Words, app: &App) -> String {
    words.t1("photos-limit", "most", most(app))
}
