//! What the holder of a receipt sees: no staff names, no inner notes.

use super::summary::PointBody;
use crate::api::{codes::StateCode, v1::photos::PhotoLink};
use gewu_app::cases::read::StatusPage;
use gewu_domain::{
    case::StateKind,
    ids::{AreaCode, CaseId},
};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A text in both languages.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Label {
    pub zh: String,
    pub en: String,
}

impl From<(String, String)> for Label {
    fn from((zh, en): (String, String)) -> Label {
        Label { zh, en }
    }
}

/// What became of a report.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Status)]
pub struct StatusBody {
    #[schema(example = "370102")]
    region: String,
    #[schema(value_type = String)]
    id: CaseId,
    number: String,
    version: u32,
    #[schema(value_type = StateCode)]
    state: StateKind,
    reported_at: Timestamp,
    due_at: Option<Timestamp>,
    closed_at: Option<Timestamp>,
    words: Option<String>,
    /// Areas, root first.
    #[schema(value_type = Vec<String>)]
    path: Vec<AreaCode>,
    point: Option<PointBody>,
    address: Option<String>,
    class: Option<Label>,
    unit: Option<Label>,
    /// Oldest first.
    steps: Vec<StatusStep>,
    photos: Vec<PhotoLink>,
    /// The public answer given at closing.
    reply: Option<String>,
    /// May say "not solved" until then.
    confirm_until: Option<Timestamp>,
    may_rate: bool,
    may_urge: bool,
    /// Looks at the reporter's contact: when, and why.
    looks: Vec<Look>,
}

/// One step as the reporter sees it.
#[derive(Debug, Serialize, ToSchema)]
struct StatusStep {
    at: Timestamp,
    did: &'static str,
    reason: Option<Label>,
    unit: Option<Label>,
    /// Promised anew: when it is due now.
    due_at: Option<Timestamp>,
}

/// One look at a contact.
#[derive(Debug, Serialize, ToSchema)]
struct Look {
    at: Timestamp,
    reason: String,
}

impl StatusBody {
    pub fn of(page: StatusPage) -> StatusBody {
        let both = |zh: Option<String>, en: Option<String>| Some(Label { zh: zh?, en: en? });
        StatusBody {
            region: page.region.to_string(),
            id: page.id,
            number: page.number,
            version: page.version,
            state: page.state,
            reported_at: page.reported_at,
            due_at: page.due_at,
            closed_at: page.closed_at,
            words: page.words,
            path: page.place.path,
            point: page.place.point.map(PointBody::from),
            address: page.address,
            class: both(page.class_zh, page.class_en),
            unit: both(page.unit_zh, page.unit_en),
            steps: page
                .steps
                .into_iter()
                .map(|step| StatusStep {
                    at: step.at,
                    did: step.did,
                    reason: step.reason.map(Label::from),
                    unit: step.unit.map(Label::from),
                    due_at: step.due_at,
                })
                .collect(),
            photos: page.photos.iter().map(|photo| PhotoLink::of(page.region, photo)).collect(),
            reply: page.reply,
            confirm_until: page.confirm_until,
            may_rate: page.may_rate,
            may_urge: page.may_urge,
            looks: page.looks.into_iter().map(|(at, reason)| Look { at, reason }).collect(),
        }
    }
}
