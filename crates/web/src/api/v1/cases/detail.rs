//! A case with everything its page shows.

use super::{status::Label, summary::PointBody};
use crate::api::{
    codes::{AssignmentCode, LightCode, MoveCode, RoleCode, RuleCode, ShowingCode, SourceCode, StateCode},
    v1::photos::PhotoLink,
};
use gewu_app::cases::read::CasePage;
use gewu_domain::{
    case::{
        Asking, AssignmentState, Case, ClassRef, Closing, Deed, Fact, Move, Rule, Showing, Source, State, StateKind,
    },
    ids::{AreaCode, CaseId, ClassCode, ClientId, Digest, PersonId, ReasonCode, UnitCode},
    people::{Actor, Role},
    sla::Light,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A class of one version of one catalogue.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = ClassRef)]
#[serde(deny_unknown_fields)]
pub struct ClassBody {
    pub scheme: String,
    pub version: u32,
    #[schema(value_type = String)]
    pub code: ClassCode,
}

impl From<ClassRef> for ClassBody {
    fn from(class: ClassRef) -> ClassBody {
        ClassBody { scheme: class.scheme, version: class.version, code: class.code }
    }
}

impl From<ClassBody> for ClassRef {
    fn from(class: ClassBody) -> ClassRef {
        ClassRef { scheme: class.scheme, version: class.version, code: class.code }
    }
}

/// The number of a case in another system, as that writes it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Origin)]
struct OriginBody {
    number: String,
    /// Which system; empty where the city has taken in cases of one.
    system: String,
}

/// A case.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Case)]
pub struct CaseDetail {
    #[schema(example = "370102")]
    region: String,
    #[schema(value_type = String)]
    id: CaseId,
    number: String,
    /// What it is called in the system it was taken in from, if it was.
    origin: Option<OriginBody>,
    /// Send it back with a step, so that nobody overwrites what they have not seen.
    version: u32,
    #[schema(value_type = StateCode)]
    state: StateKind,
    /// Why it stands there, where the state has a reason.
    #[schema(value_type = Option<String>)]
    reason: Option<ReasonCode>,
    /// Suspended until, or open to the reporter's answer until.
    until: Option<Timestamp>,
    #[schema(value_type = SourceCode)]
    source: Source,
    place: PlaceBody,
    class: Option<ClassBody>,
    /// The filing condition, once filed.
    condition: Option<u8>,
    words: Option<String>,
    /// What everybody may see of the words and the address.
    #[schema(value_type = ShowingCode)]
    words_showing: &'static str,
    photos: Vec<PhotoLink>,
    is_confidential: bool,
    is_urgent: bool,
    is_fixed_on_spot: bool,
    reported_at: Timestamp,
    changed_at: Timestamp,
    due_at: Option<Timestamp>,
    #[schema(value_type = Option<LightCode>)]
    light: Option<Light>,
    /// The limit as it would be without the reopening: the second number.
    original_due_at: Option<Timestamp>,
    assignments: Vec<AssignmentBody>,
    asked: Option<AskedBody>,
    level: u8,
    returns: u8,
    reworks: u8,
    reopenings: u8,
    urges: u8,
    rating: Option<RatingBody>,
    contacts: Vec<ContactBody>,
    /// Whether this caller may look at a contact unmasked; each look is logged.
    may_unmask: bool,
    /// Every step of this state: what the caller may do now, and why not the rest.
    choices: Vec<ChoiceBody>,
    /// Units proposed for dispatching, best first.
    proposals: Vec<ProposalBody>,
    /// To be ticked before closing, by position from 0.
    closing_conditions: Vec<Label>,
    /// How each deadline came about, line by line.
    explanation: Vec<Label>,
    /// Oldest first.
    timeline: Vec<Entry>,
    /// How often its contacts were looked at.
    looks: usize,
}

/// Where a case is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Place)]
struct PlaceBody {
    /// Areas, root first, as they stood when it was placed.
    #[schema(value_type = Vec<String>)]
    path: Vec<AreaCode>,
    areas_version: u32,
    is_placed: bool,
    point: Option<PointBody>,
    part: Option<String>,
    address: Option<String>,
}

/// One unit's part.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Assignment)]
struct AssignmentBody {
    no: u8,
    #[schema(value_type = String)]
    unit: UnitCode,
    is_lead: bool,
    #[schema(value_type = AssignmentCode)]
    state: AssignmentState,
    due_at: Option<Timestamp>,
    extensions: u8,
    suspensions: u8,
}

/// A request of a unit that waits for its answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Asked)]
struct AskedBody {
    assignment: u8,
    /// `extension` or `suspension`.
    r#for: &'static str,
    minutes: Option<u32>,
    until: Option<Timestamp>,
    #[schema(value_type = String)]
    reason: ReasonCode,
    at: Timestamp,
}

/// What the reporter said of the result.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rating)]
struct RatingBody {
    is_solved: bool,
    stars: u8,
    at: Timestamp,
}

/// A masked contact.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MaskedContact)]
struct ContactBody {
    field: String,
    #[schema(example = "138****5678")]
    masked: Option<String>,
    purpose: String,
    ends_at: Timestamp,
}

/// A step of the present state.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Choice)]
struct ChoiceBody {
    #[serde(rename = "do")]
    #[schema(value_type = MoveCode)]
    step: Move,
    /// The assignment it is about, for the steps of units.
    assignment: Option<u8>,
    is_open: bool,
    /// The rule that says no.
    #[schema(value_type = Option<RuleCode>)]
    rule: Option<Rule>,
    why: Option<Label>,
}

/// A unit that could handle the case.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Proposal)]
struct ProposalBody {
    #[schema(value_type = String)]
    unit: UnitCode,
    why: Label,
}

/// One thing that happened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TimelineEntry)]
struct Entry {
    seq: usize,
    at: Timestamp,
    #[schema(example = "dispatched")]
    did: &'static str,
    by: By,
    #[serde(flatten)]
    what: What,
}

/// Who did it.
#[derive(Debug, Serialize, ToSchema)]
struct By {
    /// `post`, `reporter`, `client` or `system`.
    r#as: &'static str,
    #[schema(value_type = Option<String>)]
    person: Option<PersonId>,
    /// Nothing once the person was erased.
    name: Option<String>,
    #[schema(value_type = Option<RoleCode>)]
    role: Option<Role>,
    #[schema(value_type = Option<String>)]
    unit: Option<UnitCode>,
    #[schema(value_type = Option<String>)]
    client: Option<ClientId>,
}

/// The particulars; which are there depends on what was done.
#[derive(Debug, Default, Serialize, ToSchema)]
struct What {
    #[serde(skip_serializing_if = "Option::is_none")]
    assignment: Option<u8>,
    /// Units it went to, the lead first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    units: Vec<UnitCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<ClassBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    reason: Option<ReasonCode>,
    /// Verified as true, check passed, request granted, rated as solved.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_positive: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stars: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minutes: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    /// Promised anew: due until then. Nothing while it was paused.
    #[serde(skip_serializing_if = "Option::is_none")]
    was_due_at: Option<Timestamp>,
    /// Promised anew: due now.
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<u8>,
    /// Closed by force.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_forced: bool,
    /// The report's words are meant, too: shown or withheld.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<bool>,
    /// The words that went with it; nothing once they were erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    photos: Vec<Digest>,
}

impl CaseDetail {
    pub fn of(page: CasePage) -> CaseDetail {
        let CasePage { case, facts, texts, names, .. } = page;
        let (reason, until) = standing(&case.state);
        CaseDetail {
            region: case.region.to_string(),
            id: case.id,
            version: case.version,
            state: case.state.kind(),
            reason,
            until,
            source: case.source,
            class: case.class.clone().map(ClassBody::from),
            condition: case.filed.as_ref().map(|filed| filed.condition),
            words: case.text.and_then(|text| texts.get(&text).cloned()),
            words_showing: Showing::code(case.showings.words.as_ref()),
            photos: page.photos.iter().map(|photo| PhotoLink::of(case.region, photo)).collect(),
            is_confidential: case.is_confidential,
            is_urgent: case.is_urgent,
            is_fixed_on_spot: case.is_fixed_on_spot,
            reported_at: case.reported_at,
            changed_at: case.changed_at,
            due_at: case.due_at(),
            light: page.light,
            original_due_at: case.original.as_ref().and_then(|clock| clock.due_at),
            assignments: assignments(&case),
            asked: case.asked.as_ref().map(|asked| {
                let (r#for, minutes, until) = asking(&asked.asking);
                AskedBody {
                    assignment: asked.assignment,
                    r#for,
                    minutes,
                    until,
                    reason: asked.reason.clone(),
                    at: asked.at,
                }
            }),
            level: case.level,
            returns: case.returns,
            reworks: case.reworks,
            reopenings: case.reopenings,
            urges: case.urges,
            rating: case.rating.as_ref().map(|rating| RatingBody {
                is_solved: rating.is_solved,
                stars: rating.stars,
                at: rating.at,
            }),
            contacts: page
                .contacts
                .into_iter()
                .map(|contact| ContactBody {
                    field: contact.field,
                    masked: contact.masked,
                    purpose: contact.purpose,
                    ends_at: contact.ends_at,
                })
                .collect(),
            may_unmask: page.may_unmask,
            choices: page
                .choices
                .into_iter()
                .map(|choice| ChoiceBody {
                    step: choice.step,
                    assignment: choice.assignment,
                    is_open: choice.refused.is_none(),
                    rule: choice.refused.as_ref().map(|refused| refused.rule),
                    why: choice.refused.map(|refused| Label { zh: refused.zh(), en: refused.en() }),
                })
                .collect(),
            proposals: page
                .proposals
                .into_iter()
                .map(|proposal| ProposalBody {
                    unit: proposal.unit,
                    why: Label { zh: proposal.reason.zh, en: proposal.reason.en },
                })
                .collect(),
            closing_conditions: page
                .closing_conditions
                .into_iter()
                .map(|tick| Label { zh: tick.zh, en: tick.en })
                .collect(),
            explanation: page.explanation.into_iter().map(|line| Label { zh: line.zh, en: line.en }).collect(),
            timeline: facts.iter().enumerate().map(|(seq, fact)| entry(seq, fact, &texts, &names)).collect(),
            looks: page.looks.len(),
            place: PlaceBody {
                path: case.place.path,
                areas_version: case.place.areas_version,
                is_placed: case.place.is_placed,
                point: case.place.point.map(PointBody::from),
                part: case.place.part,
                address: case.place.address.and_then(|address| texts.get(&address).cloned()),
            },
            number: case.number,
            origin: page.origin.map(|origin| OriginBody { number: origin.number, system: origin.system }),
        }
    }
}

/// The reason and the date that belong to a state.
fn standing(state: &State) -> (Option<ReasonCode>, Option<Timestamp>) {
    match state {
        State::NotAccepted { reason } | State::Void { reason } | State::Returned { reason } => {
            (Some(reason.clone()), None)
        }
        State::Suspended { until, reason, .. } => (Some(reason.clone()), Some(*until)),
        State::Closed { how: Closing::Forced { reason }, confirm_until } => (Some(reason.clone()), *confirm_until),
        State::Closed { how: Closing::Solved, confirm_until } => (None, *confirm_until),
        _ => (None, None),
    }
}

fn asking(asking: &Asking) -> (&'static str, Option<u32>, Option<Timestamp>) {
    match asking {
        Asking::Extension { minutes } => ("extension", Some(*minutes), None),
        Asking::Suspension { until } => ("suspension", None, Some(*until)),
    }
}

fn assignments(case: &Case) -> Vec<AssignmentBody> {
    case.assignments
        .iter()
        .map(|assignment| AssignmentBody {
            no: assignment.no,
            unit: assignment.unit.clone(),
            is_lead: assignment.is_lead,
            state: assignment.state,
            due_at: assignment.clock.due_at,
            extensions: assignment.extensions,
            suspensions: assignment.suspensions,
        })
        .collect()
}

fn entry(seq: usize, fact: &Fact, texts: &BTreeMap<Digest, String>, names: &BTreeMap<PersonId, String>) -> Entry {
    let note = |digest: &Option<Digest>| digest.and_then(|digest| texts.get(&digest).cloned());
    let what = match &fact.deed {
        Deed::Reported { report, .. } => What {
            class: report.class.clone().map(ClassBody::from),
            note: note(&report.text),
            photos: report.photos.clone(),
            ..What::default()
        },
        Deed::SentToVerify { unit } => What { units: vec![unit.clone()], ..What::default() },
        Deed::Verified { is_true, note: words, photos } => {
            What { is_positive: Some(*is_true), note: note(words), photos: photos.clone(), ..What::default() }
        }
        Deed::Filed { class, condition, limit } => What {
            class: Some(class.clone().into()),
            condition: Some(*condition),
            minutes: Some(limit.minutes),
            ..What::default()
        },
        Deed::Refused { reason, note: words }
        | Deed::Voided { reason, note: words }
        | Deed::SentBack { reason, note: words }
        | Deed::Reopened { reason, note: words } => {
            What { reason: Some(reason.clone()), note: note(words), ..What::default() }
        }
        Deed::Dispatched { given } => {
            let mut given: Vec<_> = given.iter().collect();
            given.sort_by_key(|given| !given.is_lead);
            What { units: given.into_iter().map(|given| given.unit.clone()).collect(), ..What::default() }
        }
        Deed::Accepted { assignment } => What { assignment: Some(*assignment), ..What::default() },
        Deed::Returned { assignment, reason, note: words } => {
            What { assignment: Some(*assignment), reason: Some(reason.clone()), note: note(words), ..What::default() }
        }
        Deed::Handled { assignment, note: words, photos } => {
            What { assignment: Some(*assignment), note: note(words), photos: photos.clone(), ..What::default() }
        }
        Deed::SentToCheck { unit, .. } => What { units: unit.iter().cloned().collect(), ..What::default() },
        Deed::Checked { passed, reason, note: words, photos } => What {
            is_positive: Some(*passed),
            reason: reason.clone(),
            note: note(words),
            photos: photos.clone(),
            ..What::default()
        },
        Deed::Closed { how, confirm_until, reply, .. } => {
            let (is_forced, reason) = match how {
                Closing::Solved => (false, None),
                Closing::Forced { reason } => (true, Some(reason.clone())),
            };
            What { is_forced, reason, until: *confirm_until, note: note(reply), ..What::default() }
        }
        Deed::Suspended { until, reason } => {
            What { until: Some(*until), reason: Some(reason.clone()), ..What::default() }
        }
        Deed::Resumed | Deed::Submitted => What::default(),
        Deed::Asked { assignment, asking: wish, reason, note: words } => {
            let (_, minutes, until) = asking(wish);
            What {
                assignment: Some(*assignment),
                minutes,
                until,
                reason: Some(reason.clone()),
                note: note(words),
                ..What::default()
            }
        }
        Deed::Answered { granted, note: words } => {
            What { is_positive: Some(*granted), note: note(words), ..What::default() }
        }
        Deed::Escalated { level, reason, note: words } => {
            What { level: Some(*level), reason: Some(reason.clone()), note: note(words), ..What::default() }
        }
        Deed::Urged { note: words } => What { note: note(words), ..What::default() },
        Deed::Placed { place } => What { note: note(&place.address), ..What::default() },
        Deed::Corrected { class } => What { class: Some(class.clone().into()), ..What::default() },
        Deed::Rated { is_solved, stars, note: words } => {
            What { is_positive: Some(*is_solved), stars: Some(*stars), note: note(words), ..What::default() }
        }
        Deed::Shown { words, photos } => {
            What { words: Some(*words), photos: photos.iter().map(|shown| shown.photo).collect(), ..What::default() }
        }
        Deed::Withheld { words, photos, reason } => {
            What { words: Some(*words), photos: photos.clone(), reason: Some(reason.clone()), ..What::default() }
        }
        Deed::Repromised { was, due_at } => What { was_due_at: *was, due_at: *due_at, ..What::default() },
        Deed::Remarked { text } => What { note: texts.get(text).cloned(), ..What::default() },
    };
    Entry { seq, at: fact.at, did: fact.deed.code(), by: by(&fact.by, names), what }
}

fn by(actor: &Actor, names: &BTreeMap<PersonId, String>) -> By {
    let nobody = By { r#as: "system", person: None, name: None, role: None, unit: None, client: None };
    match actor {
        Actor::Post { person, role, unit, .. } => By {
            r#as: "post",
            person: Some(*person),
            name: names.get(person).cloned(),
            role: Some(*role),
            unit: Some(unit.clone()),
            client: None,
        },
        Actor::Reporter => By { r#as: "reporter", ..nobody },
        Actor::Client { client } => By { r#as: "client", client: Some(*client), ..nobody },
        Actor::System => nobody,
    }
}
