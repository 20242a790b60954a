//! A step as it is asked for. The words and photos that go with it stand beside it, never inside.

use super::{detail::ClassBody, report::LocationBody};
use crate::api::{codes::StateCode, v1::photos::PhotoNameBody};
use gewu_app::cases::{
    PhotoName,
    act::{Step, Stepped},
};
use gewu_domain::{
    case::{Asking, CheckKind, Command, Part, Place, Shown, StateKind},
    ids::{CaseId, Digest, ReasonCode, UnitCode},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// What to do with a case, with the words and photos that go with it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[schema(as = Step)]
pub struct StepBody {
    #[serde(flatten)]
    step: Do,
    /// The words that go with it, where the step takes any: the public answer when closing, else an inner note.
    #[serde(default)]
    note: String,
    /// What uploading each photo answered.
    #[serde(default)]
    photos: Vec<PhotoNameBody>,
    /// The version the person had before their eyes; another version now is a conflict.
    version: Option<u32>,
}

/// A unit asked to do its part.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[schema(as = Part)]
#[serde(deny_unknown_fields)]
struct PartBody {
    #[schema(value_type = String)]
    unit: UnitCode,
    /// Minutes granted instead of the condition's limit, for assisting units only.
    minutes: Option<u32>,
}

impl From<PartBody> for Part {
    fn from(body: PartBody) -> Part {
        Part { unit: body.unit, minutes: body.minutes }
    }
}

/// How a check is made.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[schema(as = CheckKind)]
#[serde(rename_all = "snake_case")]
enum CheckBody {
    Field,
    Desk,
}

/// What a unit asks for while it handles.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[schema(as = Asking)]
#[serde(tag = "for", rename_all = "snake_case")]
enum AskingBody {
    /// More time.
    Extension { minutes: u32 },
    /// Nothing can be done before then.
    Suspension { until: Timestamp },
}

/// The steps there are, by the field `do`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Do {
    SendToVerify {
        #[schema(value_type = String)]
        unit: UnitCode,
    },
    Verify {
        is_true: bool,
    },
    Submit,
    File {
        class: ClassBody,
        condition: u8,
    },
    Refuse {
        #[schema(value_type = String)]
        reason: ReasonCode,
    },
    Void {
        #[schema(value_type = String)]
        reason: ReasonCode,
    },
    SendBack {
        #[schema(value_type = String)]
        reason: ReasonCode,
    },
    Dispatch {
        lead: PartBody,
        #[serde(default)]
        assisting: Vec<PartBody>,
    },
    Accept {
        assignment: u8,
    },
    Return {
        assignment: u8,
        #[schema(value_type = String)]
        reason: ReasonCode,
    },
    Handle {
        assignment: u8,
    },
    SendToCheck {
        check: CheckBody,
        #[schema(value_type = Option<String>)]
        unit: Option<UnitCode>,
    },
    Check {
        passed: bool,
        #[schema(value_type = Option<String>)]
        reason: Option<ReasonCode>,
    },
    Close {
        /// Positions of the closing conditions that are met, from 0.
        ticks: BTreeSet<u8>,
    },
    ForceClose {
        #[schema(value_type = String)]
        reason: ReasonCode,
    },
    Reopen {
        #[schema(value_type = String)]
        reason: ReasonCode,
    },
    Resume,
    Ask {
        assignment: u8,
        asking: AskingBody,
        #[schema(value_type = String)]
        reason: ReasonCode,
    },
    Answer {
        granted: bool,
    },
    Escalate {
        #[schema(value_type = String)]
        reason: ReasonCode,
    },
    Urge,
    Place {
        location: LocationBody,
    },
    Correct {
        class: ClassBody,
    },
    Rate {
        is_solved: bool,
        /// 0 to 5.
        stars: u8,
    },
    Remark,
    /// Lets everybody see the words, photos, or versions of them.
    Show {
        #[serde(default)]
        words: bool,
        #[serde(default)]
        shown: Vec<ShownBody>,
    },
    /// Takes them out of everybody's sight, or says that they stay out of it.
    Withhold {
        #[serde(default)]
        words: bool,
        #[serde(default)]
        #[schema(value_type = Vec<String>)]
        withheld: Vec<Digest>,
        #[schema(value_type = String)]
        reason: ReasonCode,
    },
}

/// A photo of the case that everybody may see.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[schema(as = Shown)]
#[serde(deny_unknown_fields)]
struct ShownBody {
    #[schema(value_type = String)]
    photo: Digest,
    /// An upload that is shown in its place: the same picture, with faces and plates blurred.
    instead: Option<PhotoNameBody>,
}

impl From<StepBody> for Step {
    fn from(body: StepBody) -> Step {
        let mut location = None;
        // Words and photos become digests in `app`, once they are kept.
        let (note, photos) = (None, Vec::new());
        let mut named: Vec<PhotoName> = body.photos.into_iter().map(Into::into).collect();
        let command = match body.step {
            Do::SendToVerify { unit } => Command::SendToVerify { unit },
            Do::Verify { is_true } => Command::Verify { is_true, note, photos },
            Do::Submit => Command::Submit,
            Do::File { class, condition } => Command::File { class: class.into(), condition },
            Do::Refuse { reason } => Command::Refuse { reason, note },
            Do::Void { reason } => Command::Void { reason, note },
            Do::SendBack { reason } => Command::SendBack { reason, note },
            Do::Dispatch { lead, assisting } => {
                Command::Dispatch { lead: lead.into(), assisting: assisting.into_iter().map(Part::from).collect() }
            }
            Do::Accept { assignment } => Command::Accept { assignment },
            Do::Return { assignment, reason } => Command::Return { assignment, reason, note },
            Do::Handle { assignment } => Command::Handle { assignment, note, photos },
            Do::SendToCheck { check, unit } => {
                let check = match check {
                    CheckBody::Field => CheckKind::Field,
                    CheckBody::Desk => CheckKind::Desk,
                };
                Command::SendToCheck { check, unit }
            }
            Do::Check { passed, reason } => Command::Check { passed, reason, note, photos },
            Do::Close { ticks } => Command::Close { ticks, reply: None },
            Do::ForceClose { reason } => Command::ForceClose { reason, note },
            Do::Reopen { reason } => Command::Reopen { reason, note },
            Do::Resume => Command::Resume,
            Do::Ask { assignment, asking, reason } => {
                let asking = match asking {
                    AskingBody::Extension { minutes } => Asking::Extension { minutes },
                    AskingBody::Suspension { until } => Asking::Suspension { until },
                };
                Command::Ask { assignment, asking, reason, note }
            }
            Do::Answer { granted } => Command::Answer { granted, note },
            Do::Escalate { reason } => Command::Escalate { reason, note },
            Do::Urge => Command::Urge { note },
            Do::Place { location: place } => {
                location = Some(place.into());
                Command::Place { place: Place::default() }
            }
            Do::Correct { class } => Command::Correct { class: class.into() },
            Do::Rate { is_solved, stars } => Command::Rate { is_solved, stars, note },
            Do::Remark => Command::Remark { text: None },
            Do::Show { words, shown } => {
                let mut photos = Vec::new();
                for ShownBody { photo, instead } in shown {
                    // Which version it is, `app` says when it has found the upload.
                    photos.push(Shown { photo, instead: instead.as_ref().map(|_| photo) });
                    named.extend(instead.map(PhotoName::from));
                }
                Command::Show { words, photos }
            }
            Do::Withhold { words, withheld, reason } => Command::Withhold { words, photos: withheld, reason },
        };
        Step { command, note: body.note, photos: named, location, version: body.version }
    }
}

/// What a step led to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Stepped)]
pub struct SteppedBody {
    #[schema(example = "370102")]
    region: String,
    #[schema(value_type = String)]
    id: CaseId,
    number: String,
    version: u32,
    #[schema(value_type = StateCode)]
    state: StateKind,
    due_at: Option<Timestamp>,
}

impl From<Stepped> for SteppedBody {
    fn from(stepped: Stepped) -> SteppedBody {
        SteppedBody {
            region: stepped.region.to_string(),
            id: stepped.id,
            number: stepped.number,
            version: stepped.version,
            state: stepped.state,
            due_at: stepped.due_at,
        }
    }
}
