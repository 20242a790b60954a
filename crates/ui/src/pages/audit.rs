//! The audit record, for auditors: every sign-in and every change that is not a case's own fact, newest first.

use crate::{
    Ui,
    failure::Failure,
    fields::Fields,
    frame::{Frame, page},
    pages::data::kind_name,
    paging,
    session::Staff,
    words::Words,
};
use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use gewu_app::{Caller, city::Kind};
use gewu_domain::ids::PersonId;
use gewu_store::audit::AuditRow;
use std::collections::BTreeMap;

const ROWS: u16 = 50;

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    f: Frame,
    rows: Vec<AuditLine>,
    person: Option<String>,
    next: Option<String>,
    previous: Option<String>,
}

struct AuditLine {
    when: String,
    exactly: String,
    at: String,
    who: String,
    href: Option<String>,
    action: String,
    object: String,
    succeeded: bool,
    origin: String,
}

pub async fn show(
    State(ui): State<Ui>,
    staff: Staff,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let fields = Fields::of(pairs);
    let words = staff.visitor.words.clone();
    let person: Option<PersonId> = fields.given("person").and_then(|person| person.parse().ok());
    let here = format!("/audit?person={}", person.map(|person| person.to_string()).unwrap_or_default());
    let asked = paging::asked(&fields, &here, ROWS);
    let listing = ui.app.audit(staff.caller(), person, &asked).await?;
    let mut people: Vec<PersonId> = listing.rows.iter().filter_map(|row| row.person).chain(person).collect();
    people.extend(listing.rows.iter().filter_map(|row| row.object.parse::<PersonId>().ok()));
    people.sort();
    people.dedup();
    let people = ui.app.names_of(staff.caller(), &people).await?;
    let [next, previous] = paging::beside(&here, &here, &listing);
    let view = AuditPage {
        rows: listing.rows.iter().map(|row| line(&words, row, &people)).collect(),
        person: person.map(|person| people.get(&person).cloned().unwrap_or_else(|| person.to_string())),
        next,
        previous,
        f: Frame::of(&ui, staff.visitor, "audit"),
    };
    Ok(page(&view)?.into_response())
}

fn line(words: &Words, row: &AuditRow, people: &BTreeMap<PersonId, String>) -> AuditLine {
    let named = |person: PersonId| people.get(&person).cloned();
    let person = row.object.parse().ok().and_then(named);
    let object = person.or_else(|| published(words, &row.object)).unwrap_or_else(|| row.object.clone());
    let who = match (row.person, row.client) {
        (Some(person), _) => named(person).unwrap_or_else(|| person.to_string()),
        (None, Some(client)) => client.to_string(),
        (None, None) if row.origin == Caller::system().origin => words.t("audit-machine"),
        (None, None) => words.t("audit-nobody"),
    };
    AuditLine {
        when: words.when(row.at),
        exactly: words.exactly(row.at),
        at: words.machine(row.at),
        who,
        href: row.person.map(|person| format!("/audit?person={person}")),
        action: action(words, &row.action),
        object,
        succeeded: row.succeeded,
        origin: if row.origin == Caller::system().origin { String::new() } else { row.origin.clone() },
    }
}

/// A published version in words: `calendar cn 1` is version 1 of the calendar `cn`.
fn published(words: &Words, object: &str) -> Option<String> {
    let (what, version) = object.rsplit_once(' ')?;
    let (kind, name) = what.split_once(' ').unwrap_or((what, ""));
    let version: u32 = version.parse().ok()?;
    let kind = kind_name(words, Kind::from_code(kind)?);
    let no = words.t1("data-version-no", "version", version);
    Some(if name.is_empty() { format!("{kind} {no}") } else { format!("{kind} {name} {no}") })
}

/// What was done, in words; the code itself for what has no words yet.
fn action(words: &Words, code: &str) -> String {
    match code {
        "signed_in" => words.t("action-signed-in"),
        "signed_out" => words.t("action-signed-out"),
        "sign_in_refused" => words.t("action-sign-in-refused"),
        "sign_in_locked" => words.t("action-sign-in-locked"),
        "person_added" => words.t("action-person-added"),
        "person_erased" => words.t("action-person-erased"),
        "post_added" => words.t("action-post-added"),
        "post_ended" => words.t("action-post-ended"),
        "password_changed" => words.t("action-password-changed"),
        "password_refused" => words.t("action-password-refused"),
        "sessions_ended" => words.t("action-sessions-ended"),
        "totp_set" => words.t("action-totp-set"),
        "totp_removed" => words.t("action-totp-removed"),
        "totp_reset" => words.t("action-totp-reset"),
        "client_added" => words.t("action-client-added"),
        "client_revoked" => words.t("action-client-revoked"),
        "published" => words.t("action-published"),
        "access_refused" => words.t("action-access-refused"),
        _ => code.to_owned(),
    }
}
