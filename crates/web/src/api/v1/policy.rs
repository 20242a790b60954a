//! The policy in force: what differs between cities, with the labels and reasons people choose from.

use super::cases::Label;
use crate::{
    Web,
    api::codes::{MoveCode, StateCode},
    problem::{Document, Problem},
};
use axum::{Json, extract::State};
use gewu_domain::{
    case::{Move, StateKind},
    policy::Policy,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn doors() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(open))
}

/// The policy in force.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Policy)]
struct PolicyBody {
    /// As published; see `data/policy/default.toml` for what each field means.
    #[schema(value_type = Object)]
    policy: Policy,
    /// What this city calls each state.
    states: Vec<StateName>,
    /// What this city calls each step.
    steps: Vec<Step>,
}

/// A state and its name.
#[derive(Debug, Serialize, ToSchema)]
struct StateName {
    #[schema(value_type = StateCode)]
    code: StateKind,
    name: Label,
    is_open: bool,
}

/// A step and its name.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StepName)]
struct Step {
    #[schema(value_type = MoveCode)]
    code: Move,
    name: Label,
}

/// What the city calls something; the default where it says nothing.
pub fn label(policy: &Policy, code: &str, zh: &str, en: &str) -> Label {
    match policy.labels.get(code) {
        Some(label) => Label { zh: label.zh.clone(), en: label.en.clone() },
        None => Label { zh: zh.to_owned(), en: en.to_owned() },
    }
}

/// The policy in force.
#[utoipa::path(get, path = "/api/v1/policy", tag = "policy",
    responses((status = 200, body = PolicyBody), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn open(State(web): State<Web>) -> Result<Json<PolicyBody>, Problem> {
    let snapshot = web.app.snapshot()?;
    let policy = snapshot.city.policy.as_ref().clone();
    let states = StateKind::ALL.iter().map(|state| StateName {
        code: *state,
        name: label(&policy, state.code(), state.zh(), state.en()),
        is_open: state.is_open(),
    });
    let steps =
        Move::ALL.iter().map(|step| Step { code: *step, name: label(&policy, step.code(), step.zh(), step.en()) });
    let (states, steps) = (states.collect(), steps.collect());
    Ok(Json(PolicyBody { policy, states, steps }))
}
