//! What happened. Facts are appended and never changed; a case is what its facts say.

use crate::{
    case::{
        command::{Asking, ClassRef, Place, Report},
        showing::Shown,
        state::{CheckKind, Closing},
    },
    ids::{Digest, ReasonCode, UnitCode},
    people::Actor,
    sla::{Clock, Limit},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One thing that happened, by whom and when, with the clocks as they stand after it.
///
/// Holds no personal data and no free text: those are digests of what lies in the erasable store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    pub at: Timestamp,
    pub by: Actor,
    pub deed: Deed,
    /// Promises as they were made: each clock this fact started, paused, extended or stopped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clocks: Vec<ClockSet>,
}

/// A clock put into its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClockSet {
    pub slot: ClockSlot,
    pub clock: Clock,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockSlot {
    /// The clock of the stage the whole case is in.
    Stage,
    /// The handling clock of one assignment.
    Assignment(u8),
    /// The first lead's clock, which a reopening lets run on.
    Original,
}

/// One unit's part, as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    pub no: u8,
    pub unit: UnitCode,
    pub is_lead: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "did", rename_all = "snake_case")]
pub enum Deed {
    Reported {
        report: Box<Report>,
        policy_version: u32,
        entry: Entry,
        /// The policy of the day shows what comes from this source before anybody has looked.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_public: bool,
    },
    SentToVerify {
        unit: UnitCode,
    },
    Verified {
        is_true: bool,
        note: Option<Digest>,
        photos: Vec<Digest>,
    },
    Submitted,
    Filed {
        class: ClassRef,
        condition: u8,
        limit: Limit,
    },
    Refused {
        reason: ReasonCode,
        note: Option<Digest>,
    },
    Voided {
        reason: ReasonCode,
        note: Option<Digest>,
    },
    SentBack {
        reason: ReasonCode,
        note: Option<Digest>,
    },
    Dispatched {
        given: Vec<Given>,
    },
    Accepted {
        assignment: u8,
    },
    Returned {
        assignment: u8,
        reason: ReasonCode,
        note: Option<Digest>,
    },
    Handled {
        assignment: u8,
        note: Option<Digest>,
        photos: Vec<Digest>,
    },
    SentToCheck {
        check: CheckKind,
        unit: Option<UnitCode>,
    },
    Checked {
        passed: bool,
        reason: Option<ReasonCode>,
        note: Option<Digest>,
        photos: Vec<Digest>,
    },
    Closed {
        how: Closing,
        ticks: BTreeSet<u8>,
        confirm_until: Option<Timestamp>,
        reply: Option<Digest>,
    },
    Reopened {
        reason: ReasonCode,
        note: Option<Digest>,
    },
    Suspended {
        until: Timestamp,
        reason: ReasonCode,
    },
    Resumed,
    Asked {
        assignment: u8,
        asking: Asking,
        reason: ReasonCode,
        note: Option<Digest>,
    },
    Answered {
        granted: bool,
        note: Option<Digest>,
    },
    Escalated {
        level: u8,
        reason: ReasonCode,
        note: Option<Digest>,
    },
    Urged {
        note: Option<Digest>,
    },
    Placed {
        place: Place,
    },
    Corrected {
        class: ClassRef,
    },
    Rated {
        is_solved: bool,
        stars: u8,
        note: Option<Digest>,
    },
    Remarked {
        text: Digest,
    },
    Shown {
        words: bool,
        photos: Vec<Shown>,
    },
    Withheld {
        words: bool,
        photos: Vec<Digest>,
        reason: ReasonCode,
    },
    /// Promises made anew, because the calendar announced days they rested on: due until then, and due now.
    Repromised {
        was: Option<Timestamp>,
        due_at: Option<Timestamp>,
    },
}

/// Where a report starts, by its source and the policy of the day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry {
    /// At the acceptor's desk.
    Accept,
    /// Straight to a collector, to look whether it is so.
    Verify { unit: UnitCode },
    /// Straight to the duty chief: the source is trusted to have looked.
    File,
    /// Mended on the spot: straight to a check of the photos.
    Check,
}

impl Deed {
    /// The stable code used in JSON and message keys: what serde writes into `did`.
    pub fn code(&self) -> &'static str {
        match self {
            Deed::Reported { .. } => "reported",
            Deed::SentToVerify { .. } => "sent_to_verify",
            Deed::Verified { .. } => "verified",
            Deed::Submitted => "submitted",
            Deed::Filed { .. } => "filed",
            Deed::Refused { .. } => "refused",
            Deed::Voided { .. } => "voided",
            Deed::SentBack { .. } => "sent_back",
            Deed::Dispatched { .. } => "dispatched",
            Deed::Accepted { .. } => "accepted",
            Deed::Returned { .. } => "returned",
            Deed::Handled { .. } => "handled",
            Deed::SentToCheck { .. } => "sent_to_check",
            Deed::Checked { .. } => "checked",
            Deed::Closed { .. } => "closed",
            Deed::Reopened { .. } => "reopened",
            Deed::Suspended { .. } => "suspended",
            Deed::Resumed => "resumed",
            Deed::Asked { .. } => "asked",
            Deed::Answered { .. } => "answered",
            Deed::Escalated { .. } => "escalated",
            Deed::Urged { .. } => "urged",
            Deed::Placed { .. } => "placed",
            Deed::Corrected { .. } => "corrected",
            Deed::Rated { .. } => "rated",
            Deed::Remarked { .. } => "remarked",
            Deed::Shown { .. } => "shown",
            Deed::Withheld { .. } => "withheld",
            Deed::Repromised { .. } => "repromised",
        }
    }

    /// Every digest of words the deed refers to, for the erasable store's bookkeeping.
    pub fn texts(&self) -> Vec<Digest> {
        match self {
            Deed::Reported { report, .. } => report.text.into_iter().chain(report.place.address).collect(),
            Deed::Verified { note, .. }
            | Deed::Refused { note, .. }
            | Deed::Voided { note, .. }
            | Deed::SentBack { note, .. }
            | Deed::Returned { note, .. }
            | Deed::Handled { note, .. }
            | Deed::Checked { note, .. }
            | Deed::Reopened { note, .. }
            | Deed::Asked { note, .. }
            | Deed::Answered { note, .. }
            | Deed::Escalated { note, .. }
            | Deed::Urged { note }
            | Deed::Rated { note, .. } => note.iter().copied().collect(),
            Deed::Closed { reply, .. } => reply.iter().copied().collect(),
            Deed::Placed { place } => place.address.iter().copied().collect(),
            Deed::Remarked { text } => vec![*text],
            _ => Vec::new(),
        }
    }

    /// Every photo that came with the deed.
    pub fn photos(&self) -> Vec<Digest> {
        match self {
            Deed::Reported { report, .. } => report.photos.clone(),
            Deed::Verified { photos, .. } | Deed::Handled { photos, .. } | Deed::Checked { photos, .. } => {
                photos.clone()
            }
            Deed::Shown { photos, .. } => photos.iter().filter_map(|shown| shown.instead).collect(),
            _ => Vec::new(),
        }
    }
}
