//! Who sits at which desk of a made-up city, and who of them does the next thing.

use crate::{dice::Dice, town::Member};
use gewu_domain::{
    ids::{PersonId, UnitCode},
    people::Role,
};
use std::collections::{BTreeMap, BTreeSet};

/// Everybody by desk.
#[derive(Debug, Clone, Default)]
pub struct Staff {
    desks: BTreeMap<(Role, UnitCode), Vec<Member>>,
    shown: BTreeSet<(Role, UnitCode)>,
}

impl Staff {
    pub fn new(people: &[Member]) -> Staff {
        let mut staff = Staff::default();
        for member in people {
            let desk = (member.post.role, member.post.unit.clone());
            if member.login.is_some() {
                staff.shown.insert(desk.clone());
            }
            staff.desks.entry(desk).or_default().push(member.clone());
        }
        staff
    }

    /// Somebody at a desk, but none of these: rules that keep hands apart name them.
    pub fn at(&self, role: Role, unit: &UnitCode, but: &BTreeSet<PersonId>, dice: &mut Dice) -> Option<&Member> {
        let desk = self.desks.get(&(role, unit.clone()))?;
        let start = dice.index(desk.len());
        (0..desk.len())
            .filter_map(|step| desk.get((start + step) % desk.len()))
            .find(|member| !but.contains(&member.post.person))
    }

    /// Desks that somebody looking around can sit down at.
    pub fn shown(&self) -> impl Iterator<Item = &(Role, UnitCode)> {
        self.shown.iter()
    }

    pub fn is_shown(&self, role: Role, unit: &UnitCode) -> bool {
        self.shown.contains(&(role, unit.clone()))
    }
}
