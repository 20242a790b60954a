//! What a form sent: its fields, in order and as often as they came, and its files.
//!
//! Reads both ways in which browsers send forms. Knows no page: what a field means stands with the page that asks.

use crate::failure::Failure;
use axum::{
    extract::{FromRequest, Multipart, Request, multipart::MultipartError},
    http::header,
};

/// Fields and files of one form.
#[derive(Debug, Default, Clone)]
pub struct Fields {
    fields: Vec<(String, String)>,
    pub files: Vec<File>,
}

/// One file of a form; inputs left empty are not among them.
#[derive(Debug, Clone)]
pub struct File {
    pub field: String,
    /// As the person's machine calls it, for messages.
    pub name: String,
    pub bytes: Vec<u8>,
}

impl Fields {
    /// What was typed into a field, without spaces around it; empty when the field was not sent.
    pub fn text(&self, name: &str) -> &str {
        self.fields.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.trim())
    }

    /// What was typed into a field, spaces and all: for passwords.
    pub fn raw(&self, name: &str) -> &str {
        self.fields.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value)
    }

    /// What was typed, or nothing.
    pub fn given(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|value| !value.is_empty())
    }

    /// All values of fields with this name that are not empty, in order.
    pub fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.fields
            .iter()
            .filter(move |(field, value)| field == name && !value.trim().is_empty())
            .map(|(_, value)| value.trim())
    }

    /// Is a box of this name ticked?
    pub fn is_ticked(&self, name: &str) -> bool {
        self.given(name).is_some()
    }

    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.given(name).and_then(|value| value.parse().ok())
    }

    /// Fields from a query or a test.
    pub fn of(pairs: impl IntoIterator<Item = (String, String)>) -> Fields {
        Fields { fields: pairs.into_iter().collect(), files: Vec::new() }
    }
}

/// Nobody types the character NUL, and not every store keeps it.
fn without_nul(value: String) -> String {
    if value.contains('\0') { value.replace('\0', "") } else { value }
}

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Fields, Failure> {
        let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !media_type.is_some_and(|media_type| media_type.starts_with("multipart/form-data")) {
            let fields = axum::Form::<Vec<(String, String)>>::from_request(request, state).await;
            return match fields {
                Ok(axum::Form(fields)) => {
                    let fields = fields.into_iter().map(|(field, value)| (field, without_nul(value))).collect();
                    Ok(Fields { fields, files: Vec::new() })
                }
                Err(error) => Err(Failure::Unreadable(error.status())),
            };
        }
        let unreadable = |error: MultipartError| Failure::Unreadable(error.status());
        let mut form =
            Multipart::from_request(request, state).await.map_err(|error| Failure::Unreadable(error.status()))?;
        let mut read = Fields::default();
        while let Some(part) = form.next_field().await.map_err(unreadable)? {
            let field = part.name().unwrap_or_default().to_owned();
            match part.file_name().map(str::to_owned) {
                Some(name) => {
                    let bytes = part.bytes().await.map_err(unreadable)?.to_vec();
                    if !bytes.is_empty() {
                        read.files.push(File { field, name, bytes });
                    }
                }
                None => {
                    let value = part.text().await.map_err(unreadable)?;
                    read.fields.push((field, without_nul(value)));
                }
            }
        }
        Ok(read)
    }
}
