//! How far somebody's word reaches: a post or an API key of one area administers that area and nothing beside it.
//!
//! A right is asked by role *and* area. [`App::reach`] asks both: who is no administrator has no reach at all; the others
//! are asked [`Reach::over`] for each thing they touch.

use crate::{App, AppError, Caller, city::Snapshot};
use gewu_domain::{
    area::Areas,
    case::Case,
    ids::{AreaCode, RegionId, UnitCode},
    people::{Post, permission},
};
use gewu_store::people::PersonRow;
use jiff::Timestamp;
use std::sync::Arc;

const OUTSIDE: &str = "this lies outside the area of your post or key";
const WHOLE: &str = "this is the whole city's: it needs a post or a key of the whole city";

/// What an administrator, or a key, has a say in.
#[derive(Debug, Clone)]
#[must_use]
pub enum Reach {
    City,
    /// This area and what lies in it.
    Area(AreaCode, Arc<Snapshot>),
}

impl Reach {
    /// # Errors
    /// [`AppError::Forbidden`] unless the area lies within the reach.
    pub fn over(&self, area: &AreaCode) -> Result<(), AppError> {
        if self.covers(area) { Ok(()) } else { Err(AppError::Forbidden(OUTSIDE)) }
    }

    /// # Errors
    /// [`AppError::Forbidden`] unless it reaches over the whole city.
    pub fn over_city(&self) -> Result<(), AppError> {
        match self {
            Reach::City => Ok(()),
            Reach::Area(..) => Err(AppError::Forbidden(WHOLE)),
        }
    }

    /// A unit belongs where its territory lies; one that nobody knows belongs to the city.
    ///
    /// # Errors
    /// [`AppError::Forbidden`].
    pub fn over_unit(&self, unit: &UnitCode) -> Result<(), AppError> {
        match self {
            Reach::City => Ok(()),
            Reach::Area(_, snapshot) => match snapshot.city.units.get(unit) {
                Some(unit) => self.over(&unit.area),
                None => Err(AppError::Forbidden(OUTSIDE)),
            },
        }
    }

    /// # Errors
    /// [`AppError::Forbidden`].
    pub fn over_post(&self, post: &Post) -> Result<(), AppError> {
        self.over_unit(&post.unit).and_then(|()| self.over(&post.area))
    }

    /// Somebody is within the reach with their unit and every post they hold or will hold: who sets the password of a
    /// colleague with a wider post has that post.
    ///
    /// # Errors
    /// [`AppError::Forbidden`].
    pub fn over_person(&self, person: &PersonRow, posts: &[Post], now: Timestamp) -> Result<(), AppError> {
        self.over_unit(&person.unit)?;
        let mut lasting = posts.iter().filter(|post| post.to.is_none_or(|to| to > now));
        lasting.try_for_each(|post| self.over_post(post))
    }

    /// Does the case lie within the reach?
    pub fn has(&self, case: &Case) -> bool {
        match self {
            Reach::City => true,
            Reach::Area(own, snapshot) => permission::sees(own, case, &snapshot.city.areas),
        }
    }

    /// Can any case of the region lie within the reach?
    pub fn meets(&self, region: RegionId) -> bool {
        match self {
            Reach::City => true,
            Reach::Area(own, snapshot) => region_of(own, &snapshot.city.areas).is_none_or(|own| own == region),
        }
    }

    pub fn covers(&self, area: &AreaCode) -> bool {
        match self {
            Reach::City => true,
            Reach::Area(own, snapshot) => snapshot.city.areas.is_within(area, own),
        }
    }

    /// Every area within the reach; none stands for all.
    pub fn areas(&self) -> Vec<AreaCode> {
        match self {
            Reach::City => Vec::new(),
            Reach::Area(own, snapshot) => {
                let below = snapshot.city.areas.descendants(own);
                std::iter::once(own.clone()).chain(below.into_iter().map(|area| area.code.clone())).collect()
            }
        }
    }
}

/// The region an area lies in; `None` for areas above the regions, in which several lie.
pub(crate) fn region_of(area: &AreaCode, areas: &Areas) -> Option<RegionId> {
    let lowest = areas.region_level().and_then(|level| areas.level(&level.code))?;
    areas.get(area).filter(|area| area.level >= lowest).map(|area| area.region)
}

impl App {
    /// What an administrator may administer.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] and [`AppError::SignedOut`] for whoever is none.
    pub fn reach(&self, caller: &Caller) -> Result<Reach, AppError> {
        caller.administrator()?;
        self.reach_of(caller)
    }

    /// How far the area of a post or key reaches, whatever it is for.
    pub(crate) fn reach_of(&self, caller: &Caller) -> Result<Reach, AppError> {
        let Some(own) = caller.area() else { return Ok(Reach::City) };
        let snapshot = self.snapshot()?;
        Ok(if snapshot.city.areas.is_whole(own) { Reach::City } else { Reach::Area(own.clone(), snapshot) })
    }
}
