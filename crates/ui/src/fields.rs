//! What a form sent: its fields, in order and as often as they came, and its files.
//!
//! Reads both ways in which browsers send forms. Knows no page: what a field means stands with the page that asks.

use crate::{Ui, failure::Failure};
use axum::extract::{FromRequest, Request};
use gewu_web::body::form::{File, Most, Part, Reader};

/// Fields and files of one form.
#[derive(Debug, Default)]
pub struct Fields {
    fields: Vec<(String, String)>,
    pub files: Vec<File>,
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

impl FromRequest<Ui> for Fields {
    type Rejection = Failure;

    /// By the time this runs, whoever sends has been asked who they are and how often they send: it stands last.
    async fn from_request(request: Request, ui: &Ui) -> Result<Fields, Failure> {
        let (parts, body) = request.into_parts();
        let most = parts.extensions.get::<Most>().copied().unwrap_or(Most::WORDS);
        let mut form = Reader::open(&ui.gate, &parts, body, most).await.map_err(Failure::Unread)?;
        let mut read = Fields::default();
        while let Some(part) = form.next().await.map_err(Failure::Unread)? {
            match part {
                Part::Field(name, value) => read.fields.push((name, without_nul(value))),
                Part::File(file) => read.files.push(file),
            }
        }
        Ok(read)
    }
}
