//! Everything a city publishes as data, in one value: what decisions are made against.
//!
//! A `City` is a snapshot. Publishing makes a new one; a decision under way keeps the one it began with.

use crate::{
    area::{AreaClass, Areas},
    calendar::{Calendar, Calendars},
    case::{ClassRef, Place},
    catalogue::{Catalogues, Class, Condition},
    ids::{AreaCode, UnitCode, UnitKind},
    people::Axis,
    policy::Policy,
    sla::{Clock, Limit},
    unit::{Axis as UnitAxis, Unit, Units},
};
use jiff::Timestamp;
use std::sync::Arc;

/// The kind of unit collectors belong to.
pub const COLLECTORS: &str = "grid_station";
/// The kind of the centres that collect, accept, file, check and close.
pub const SUPERVISION: &str = "supervision_centre";
/// The kind of the centres that dispatch.
pub const COMMAND: &str = "command_centre";

/// One consistent snapshot of a city's published data.
#[derive(Debug, Clone)]
pub struct City {
    pub areas: Arc<Areas>,
    pub units: Arc<Units>,
    pub catalogues: Arc<Catalogues>,
    pub calendars: Arc<Calendars>,
    pub policy: Arc<Policy>,
    /// The calendar new promises are made against.
    pub calendar: Arc<Calendar>,
}

/// A city whose parts do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    #[error("the policy names the calendar {0:?}, which has not been published")]
    Calendar(String),
    #[error("the policy names the catalogue {0:?}, which has not been published")]
    Catalogue(String),
}

impl City {
    /// Puts the parts together.
    ///
    /// # Errors
    /// [`Misfit`] when the policy names a calendar or catalogue that is not there.
    pub fn new(
        areas: Arc<Areas>,
        units: Arc<Units>,
        catalogues: Arc<Catalogues>,
        calendars: Arc<Calendars>,
        policy: Arc<Policy>,
    ) -> Result<City, Misfit> {
        let calendar = calendars
            .current(&policy.calendar)
            .map(|calendar| Arc::new(calendar.clone()))
            .ok_or_else(|| Misfit::Calendar(policy.calendar.clone()))?;
        if catalogues.current(&policy.scheme).is_none() {
            return Err(Misfit::Catalogue(policy.scheme.clone()));
        }
        Ok(City { areas, units, catalogues, calendars, policy, calendar })
    }

    /// The calendar a clock was promised against; the one in force when that version is not loaded.
    pub fn calendar_of(&self, clock: &Clock) -> &Calendar {
        self.calendars.version(&clock.calendar).unwrap_or(&self.calendar)
    }

    /// Makes a promise anew, when it rested on days that its calendar has announced since. Says whether it did.
    pub fn repromise(&self, clock: &mut Clock, at: Timestamp) -> bool {
        let before = self.calendars.version(&clock.calendar);
        let after = self.calendars.current(&clock.calendar.id);
        before.zip(after).is_some_and(|(before, after)| clock.repromise(at, before, after))
    }

    pub fn class(&self, class: &ClassRef) -> Option<&Class> {
        self.catalogues.get(&class.scheme, class.version)?.get(&class.code)
    }

    /// The class, if it is one of the scheme and the version in force.
    pub fn class_in_force(&self, class: &ClassRef) -> Option<&Class> {
        let current = self.catalogues.current(&self.policy.scheme)?;
        let is_current = class.scheme == self.policy.scheme && class.version == current.version;
        is_current.then(|| current.get(&class.code)).flatten()
    }

    pub fn condition(&self, class: &ClassRef, no: u8) -> Option<&Condition> {
        self.class(class)?.condition(no)
    }

    /// The limit promised by filing under a condition at a place; `None` when class or condition
    /// does not exist in the version in force.
    pub fn limit(&self, class: &ClassRef, condition: u8, place: &Place) -> Option<Limit> {
        let found = self.class_in_force(class)?;
        let grade = place.deepest().map_or(AreaClass::B, |area| self.areas.class_of(area));
        found.condition(condition).map(|condition| condition.limits.of(grade))
    }

    /// The collectors' unit nearest to a place.
    pub fn collectors_for(&self, path: &[AreaCode]) -> Option<UnitCode> {
        self.units.of_kind_for(&UnitKind::new(COLLECTORS), path).map(|unit| unit.code.clone())
    }

    /// The centre of an axis that works at a level for a place: 0 is the lowest that covers it.
    ///
    /// Levels above the highest centre mean the highest. A place in no area is
    /// covered by the centres of the root.
    pub fn centre(&self, axis: Axis, path: &[AreaCode], level: u8) -> Option<UnitCode> {
        let centres = self.centres(axis, path);
        let last = centres.len().checked_sub(1)?;
        centres.get(usize::from(level).min(last)).map(|unit| unit.code.clone())
    }

    /// The highest level a case at this place can be escalated to.
    pub fn top_level(&self, path: &[AreaCode]) -> u8 {
        let most = self.centres(Axis::Command, path).len().max(self.centres(Axis::Supervision, path).len());
        u8::try_from(most.saturating_sub(1)).unwrap_or(u8::MAX)
    }

    /// Is this unit the one that answers for the territory of a place?
    pub fn is_territory(&self, unit: &UnitCode, path: &[AreaCode]) -> bool {
        let backstop = self.units.kinds.backstop().map(|kind| &kind.code);
        self.units.get(unit).is_some_and(|unit| Some(&unit.kind) == backstop && path.contains(&unit.area))
    }

    /// The centres of an axis that cover a place, lowest first.
    fn centres(&self, axis: Axis, path: &[AreaCode]) -> Vec<&Unit> {
        let (axis, kind) = match axis {
            Axis::Command => (UnitAxis::Command, COMMAND),
            _ => (UnitAxis::Supervision, SUPERVISION),
        };
        let kind = UnitKind::new(kind);
        let elsewhere = self.areas.roots().map(|area| &area.code).filter(|root| !path.contains(root));
        let of = |path: &[AreaCode]| self.units.all_of_kind_for(&kind, path).filter(|unit| unit.axis == axis).collect();
        let mut centres: Vec<&Unit> = of(path);
        for root in elsewhere {
            centres.extend::<Vec<&Unit>>(of(std::slice::from_ref(root)));
        }
        centres
    }
}
