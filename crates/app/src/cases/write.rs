//! From decided facts to one [`Changes`]: what both reporting and acting write.

use crate::{App, Event, city::Snapshot};
use gewu_domain::{
    case::{Case, Fact, State},
    ids::Digest,
    record,
};
use gewu_store::{Change, Changes, cases::CaseWrite, counters::Count, outbox::OutboxRow};
use jiff::Timestamp;

/// Topic of what became of a case.
const CASE_CHANGED: &str = "case.changed";

impl App {
    /// Adds a case with its new facts, its tasks, its counters and, where a channel takes it, its outbox row.
    pub(crate) fn write_case(
        &self,
        changes: &mut Changes,
        snapshot: &Snapshot,
        case: Case,
        was: Option<(u32, Digest)>,
        facts: &[Fact],
        terms: Option<Vec<String>>,
    ) {
        let (version, head) = was.map_or((0, record::GENESIS), |(version, head)| (version, head));
        let sealed = record::seal(case.region, case.id, version, head, facts);
        let head = sealed.last().map_or(head, |sealed| sealed.hash);
        for fact in facts {
            changes.push(Change::Count(self.count(snapshot, &case, fact)));
        }
        if let Some(last) = facts.last()
            && self.settings.outgoing.iter().any(|topic| topic == CASE_CHANGED)
        {
            changes.push(Change::Outbox(OutboxRow {
                id: self.ids.row(last.at, self.random.as_ref()),
                case: Some(case.id),
                topic: CASE_CHANGED.to_owned(),
                body: format!(r#"{{"case":"{}","version":{},"did":"{}"}}"#, case.id, case.version, last.deed.code()),
                at: last.at,
            }));
        }
        let warn_at = case.first_clock().and_then(|clock| clock.warn_at(snapshot.city.calendar_of(clock)));
        changes.push(Change::Case(Box::new(CaseWrite {
            was: was.map(|(version, _)| version),
            at: facts.iter().map(|fact| fact.at).collect(),
            facts: sealed,
            head,
            tasks: case.tasks(&snapshot.city),
            warn_at,
            terms,
            is_as_reported: was.is_none() && facts.len() == 1,
            case,
        })));
    }

    fn count(&self, snapshot: &Snapshot, case: &Case, fact: &Fact) -> Count {
        let late = matches!(case.state, State::Closed { .. })
            && fact.deed.code() == "closed"
            && case.lead().is_some_and(|lead| lead.clock.is_overdue(fact.at));
        Count {
            day: day_of(snapshot, fact.at),
            measure: if late { "closed_late".to_owned() } else { fact.deed.code().to_owned() },
            area: case.place.path.get(2).cloned(),
            class: case.class.as_ref().map(|class| class.code.clone()),
            unit: case.lead().map(|lead| lead.unit.clone()),
            by: 1,
        }
    }

    /// Tells listeners, once the facts are durable.
    pub(crate) fn announce_facts(&self, case: &Case, facts: &[Fact]) {
        if let Some(last) = facts.last() {
            self.announce(Event {
                region: case.region,
                case: case.id,
                version: case.version,
                at: last.at,
                did: last.deed.code(),
                state: case.state.kind(),
                path: case.place.path.clone(),
                units: case.units().cloned().collect(),
            });
        }
    }
}

pub(super) fn day_of(snapshot: &Snapshot, at: Timestamp) -> jiff::civil::Date {
    at.to_zoned(snapshot.city.calendar.zone().clone()).date()
}
