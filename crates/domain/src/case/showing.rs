//! What everybody may see of a case: its words and each of its photos are shown once somebody has looked, or withheld.
//!
//! One state for both. Nothing said means that nobody has looked, and what nobody has looked at is not public, unless
//! the policy shows what comes from this source unseen. A confidential case, and one that was refused or made void,
//! shows nothing whatever was said before.

use crate::{
    case::{Case, StateKind},
    ids::{Digest, ReasonCode},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was decided about words or a photo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Showing {
    /// May be public: as it is, or in the version made of it, with faces and plates blurred.
    Public {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instead: Option<Digest>,
    },
    Withheld {
        reason: ReasonCode,
    },
}

impl Showing {
    /// The stable code used in JSON and message keys; `unseen` where nothing was said.
    pub fn code(showing: Option<&Showing>) -> &'static str {
        match showing {
            None => "unseen",
            Some(Showing::Public { .. }) => "public",
            Some(Showing::Withheld { .. }) => "withheld",
        }
    }
}

/// A photo that is to be shown, and what is shown in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    pub photo: Digest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<Digest>,
}

/// What was decided so far, by what it is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Showings {
    /// The report's words, those of its address among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Showing>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub photos: BTreeMap<Digest, Showing>,
}

impl Showings {
    pub(super) fn is_empty(&self) -> bool {
        *self == Showings::default()
    }

    pub(super) fn show(&mut self, words: bool, photos: &[Shown]) {
        if words {
            self.words = Some(Showing::Public { instead: None });
        }
        for shown in photos {
            self.photos.insert(shown.photo, Showing::Public { instead: shown.instead });
        }
    }

    pub(super) fn withhold(&mut self, words: bool, photos: &[Digest], reason: &ReasonCode) {
        let withheld = || Showing::Withheld { reason: reason.clone() };
        if words {
            self.words = Some(withheld());
        }
        for photo in photos {
            self.photos.insert(*photo, withheld());
        }
    }
}

impl Case {
    /// May everybody read the reporter's words?
    pub fn shows_words(&self) -> bool {
        self.shows_anything() && matches!(self.showings.words, Some(Showing::Public { .. }))
    }

    /// May everybody see this photo, as it is? A version made of another photo may be seen as long as that one is shown
    /// by it.
    pub fn shows_photo(&self, photo: Digest) -> bool {
        let as_it_is = |(original, showing): (&Digest, &Showing)| match showing {
            Showing::Public { instead: None } => *original == photo,
            Showing::Public { instead: Some(instead) } => *instead == photo,
            Showing::Withheld { .. } => false,
        };
        self.shows_anything() && self.showings.photos.iter().any(as_it_is)
    }

    fn shows_anything(&self) -> bool {
        !self.is_confidential && !matches!(self.state.kind(), StateKind::NotAccepted | StateKind::Void)
    }
}
