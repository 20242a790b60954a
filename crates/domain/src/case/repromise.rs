//! Promises made anew: a deadline that rested on days nobody had announced is computed again once they are.
//!
//! Nobody decides this, so it is no move of the table: it follows from the calendar, by [`Clock::repromise`].

use crate::{
    case::{Case, ClockSet, ClockSlot, Context, Deed, Fact},
    people::Actor,
    sla::Clock,
};

impl Case {
    /// The fact that makes every running promise anew which rested on days its calendar has announced since; `None`
    /// when there is none. No unit is ever due earlier by it.
    pub fn repromise(&self, context: &Context<'_>) -> Option<Fact> {
        if self.state.kind().is_final() {
            return None;
        }
        let clocks: Vec<ClockSet> = self
            .clocks()
            .filter_map(|(slot, clock)| {
                let mut clock = clock.clone();
                context.city.repromise(&mut clock, context.at).then_some(ClockSet { slot, clock })
            })
            .collect();
        if clocks.is_empty() {
            return None;
        }
        let fact = |due_at| Fact {
            at: context.at,
            by: Actor::System,
            deed: Deed::Repromised { was: self.due_at(), due_at },
            clocks: clocks.clone(),
        };
        let mut after = self.clone();
        after.apply(&fact(None));
        Some(fact(after.due_at()))
    }

    /// Every clock with its slot; of those that have stopped, only the assignments'.
    fn clocks(&self) -> impl Iterator<Item = (ClockSlot, &Clock)> {
        let assignments = self.assignments.iter().map(|one| (ClockSlot::Assignment(one.no), &one.clock));
        let stage = self.clock.iter().map(|clock| (ClockSlot::Stage, clock));
        stage.chain(assignments).chain(self.original.iter().map(|clock| (ClockSlot::Original, clock)))
    }
}
