//! What can be asked of a case. Words and pictures come as digests: they live apart from the record.

use crate::{
    case::{CheckKind, Move, Shown},
    ids::{AreaCode, CaseId, ClassCode, Digest, ReasonCode, RegionId, UnitCode},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Where a report comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// 巡查: a collector's round.
    Patrol,
    /// 居民: the resident page.
    Resident,
    /// 12345 热线.
    Hotline,
    /// 其他系统: Open311 or the API.
    System,
    /// 传感器.
    Sensor,
    /// 领导交办.
    Leader,
    /// 媒体.
    Media,
}

impl Source {
    pub const ALL: [Source; 7] = [
        Source::Patrol,
        Source::Resident,
        Source::Hotline,
        Source::System,
        Source::Sensor,
        Source::Leader,
        Source::Media,
    ];

    pub fn code(self) -> &'static str {
        match self {
            Source::Patrol => "patrol",
            Source::Resident => "resident",
            Source::Hotline => "hotline",
            Source::System => "system",
            Source::Sensor => "sensor",
            Source::Leader => "leader",
            Source::Media => "media",
        }
    }

    pub fn from_code(code: &str) -> Option<Source> {
        Source::ALL.into_iter().find(|source| source.code() == code)
    }
}

/// Where it is: the areas from the root down to the grid, as they stood when it was placed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Root first; empty or without a grid while the case is not placed.
    pub path: Vec<AreaCode>,
    /// The version of the areas the path was taken from.
    pub areas_version: u32,
    /// The deepest area is a grid (or whatever the city's deepest level is).
    pub is_placed: bool,
    /// WGS84 degrees, longitude then latitude.
    pub point: Option<(f64, f64)>,
    /// The identification code of the part concerned, when somebody gave one.
    pub part: Option<String>,
    /// The words of the address.
    pub address: Option<Digest>,
}

impl Place {
    pub fn deepest(&self) -> Option<&AreaCode> {
        self.path.last()
    }
}

/// A class of one version of one catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassRef {
    pub scheme: String,
    pub version: u32,
    pub code: ClassCode,
}

/// A report as it comes through a door. Ids and numbers are given by `app`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub id: CaseId,
    pub region: RegionId,
    /// The number people quote: region, date, sequence.
    pub number: String,
    pub source: Source,
    pub place: Place,
    pub class: Option<ClassRef>,
    pub text: Option<Digest>,
    pub photos: Vec<Digest>,
    /// Salted digest of the receipt code; `None` when nobody holds a receipt.
    pub receipt: Option<Digest>,
    /// The reporter can be asked afterwards (holds a receipt or left a contact).
    pub is_answerable: bool,
    /// 保密: units that handle it never see who reported.
    pub is_confidential: bool,
    /// Danger to life or limb: goes in front of everything.
    pub is_urgent: bool,
    /// 自行处置: the collector mended it while there; the photos show before and after.
    pub is_fixed_on_spot: bool,
}

/// A unit asked to do its part, and until when when the limit of the condition does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub unit: UnitCode,
    /// Minutes granted instead of the condition's limit, for assisting units only.
    pub minutes: Option<u32>,
}

/// What a unit asks for while it handles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum Asking {
    /// 延期: more time on this assignment, as the policy grants it.
    Extension { minutes: u32 },
    /// 挂账: nothing can be done before then.
    Suspension { until: Timestamp },
}

/// Everything that can be done to a case once it exists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Command {
    SendToVerify {
        unit: UnitCode,
    },
    Verify {
        is_true: bool,
        note: Option<Digest>,
        #[serde(default)]
        photos: Vec<Digest>,
    },
    Submit,
    File {
        class: ClassRef,
        condition: u8,
    },
    Refuse {
        reason: ReasonCode,
        note: Option<Digest>,
    },
    Void {
        reason: ReasonCode,
        note: Option<Digest>,
    },
    SendBack {
        reason: ReasonCode,
        note: Option<Digest>,
    },
    Dispatch {
        lead: Part,
        assisting: Vec<Part>,
    },
    Accept {
        assignment: u8,
    },
    Return {
        assignment: u8,
        reason: ReasonCode,
        note: Option<Digest>,
    },
    Handle {
        assignment: u8,
        note: Option<Digest>,
        #[serde(default)]
        photos: Vec<Digest>,
    },
    SendToCheck {
        check: CheckKind,
        unit: Option<UnitCode>,
    },
    Check {
        passed: bool,
        reason: Option<ReasonCode>,
        note: Option<Digest>,
        #[serde(default)]
        photos: Vec<Digest>,
    },
    Close {
        ticks: BTreeSet<u8>,
        reply: Option<Digest>,
    },
    ForceClose {
        reason: ReasonCode,
        note: Option<Digest>,
    },
    Reopen {
        reason: ReasonCode,
        note: Option<Digest>,
    },
    Resume,
    Ask {
        assignment: u8,
        asking: Asking,
        reason: ReasonCode,
        note: Option<Digest>,
    },
    Answer {
        granted: bool,
        note: Option<Digest>,
    },
    Escalate {
        reason: ReasonCode,
        note: Option<Digest>,
    },
    Urge {
        note: Option<Digest>,
    },
    Place {
        #[serde(default)]
        place: Place,
    },
    Correct {
        class: ClassRef,
    },
    Rate {
        is_solved: bool,
        stars: u8,
        note: Option<Digest>,
    },
    Remark {
        text: Option<Digest>,
    },
    Show {
        words: bool,
        photos: Vec<Shown>,
    },
    Withhold {
        words: bool,
        photos: Vec<Digest>,
        reason: ReasonCode,
    },
}

impl Command {
    pub fn step(&self) -> Move {
        match self {
            Command::SendToVerify { .. } => Move::SendToVerify,
            Command::Verify { .. } => Move::Verify,
            Command::Submit => Move::Submit,
            Command::File { .. } => Move::File,
            Command::Refuse { .. } => Move::Refuse,
            Command::Void { .. } => Move::Void,
            Command::SendBack { .. } => Move::SendBack,
            Command::Dispatch { .. } => Move::Dispatch,
            Command::Accept { .. } => Move::Accept,
            Command::Return { .. } => Move::Return,
            Command::Handle { .. } => Move::Handle,
            Command::SendToCheck { .. } => Move::SendToCheck,
            Command::Check { .. } => Move::Check,
            Command::Close { .. } => Move::Close,
            Command::ForceClose { .. } => Move::ForceClose,
            Command::Reopen { .. } => Move::Reopen,
            Command::Resume => Move::Resume,
            Command::Ask { .. } => Move::Ask,
            Command::Answer { .. } => Move::Answer,
            Command::Escalate { .. } => Move::Escalate,
            Command::Urge { .. } => Move::Urge,
            Command::Place { .. } => Move::Place,
            Command::Correct { .. } => Move::Correct,
            Command::Rate { .. } => Move::Rate,
            Command::Remark { .. } => Move::Remark,
            Command::Show { .. } => Move::Show,
            Command::Withhold { .. } => Move::Withhold,
        }
    }

    /// Whether photos go with it.
    pub fn takes_photos(&self) -> bool {
        matches!(self.step(), Move::Verify | Move::Handle | Move::Check | Move::Show)
    }

    /// Photos of the case that it says something about.
    pub fn about(&self) -> Vec<Digest> {
        match self {
            Command::Show { photos, .. } => photos.iter().map(|shown| shown.photo).collect(),
            Command::Withhold { photos, .. } => photos.clone(),
            _ => Vec::new(),
        }
    }

    /// The assignment the command is about, for the moves of units.
    pub fn assignment(&self) -> Option<u8> {
        match self {
            Command::Accept { assignment }
            | Command::Return { assignment, .. }
            | Command::Handle { assignment, .. }
            | Command::Ask { assignment, .. } => Some(*assignment),
            _ => None,
        }
    }
}
