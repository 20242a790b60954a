//! Refused access, as the audit record keeps it: who, what, from where; never what somebody wrote.
//!
//! Bounded, so that knocking at a closed door fills no disk: the same door and the same person once an hour, and so many
//! rows an hour in all, of which strangers get few.

use crate::{App, Caller};
use gewu_domain::ids::RegionId;
use gewu_store::{Change, Changes};
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

const WINDOW: SignedDuration = SignedDuration::from_hours(1);
/// Rows an hour: some 100 kB.
const ROWS_MOST: usize = 500;
/// Of which so many of people and keys nobody knows.
const STRANGERS_MOST: usize = 50;

/// What was noted in this hour.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<Noted>);

#[derive(Debug, Default)]
struct Noted {
    since: Timestamp,
    seen: HashSet<(String, String)>,
    strangers: usize,
}

impl Refusals {
    /// Shall this be noted? Says so once an hour.
    fn is_new(&self, who: String, what: &str, is_stranger: bool, now: Timestamp) -> bool {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now.duration_since(noted.since).abs() >= WINDOW {
            *noted = Noted { since: now, ..Noted::default() };
        }
        if noted.seen.len() >= ROWS_MOST || (is_stranger && noted.strangers >= STRANGERS_MOST) {
            return false;
        }
        let is_new = noted.seen.insert((who, what.to_owned()));
        noted.strangers += usize::from(is_new && is_stranger);
        is_new
    }
}

impl App {
    /// Notes that somebody was refused. `what` is a route or an id, never words. A record that cannot be written now
    /// keeps nobody from their answer.
    pub async fn note_refusal(&self, caller: &Caller, what: &str) {
        let (who, is_stranger) = match (caller.person(), caller.client()) {
            (Some(person), _) => (person.to_string(), false),
            (None, Some(client)) => (client.to_string(), false),
            (None, None) => (caller.origin.clone(), true),
        };
        if !self.refusals.is_new(who, what, is_stranger, self.now()) {
            return;
        }
        let row = self.audit_row(caller, "access_refused", what.to_owned(), false);
        if let Err(error) = self.store.apply(RegionId(0), Changes::one(Change::Audit(row))).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "a refused access was not noted");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + 60 * minutes).expect("a time of 2026")
    }

    #[test]
    fn the_same_door_and_person_are_noted_once_an_hour() {
        let refusals = Refusals::default();
        let knock = |who: &str, what, minutes| refusals.is_new(who.to_owned(), what, false, at(minutes));
        assert!(knock("a", "GET /x", 0) && knock("a", "GET /y", 0) && knock("b", "GET /x", 0));
        assert!(!knock("a", "GET /x", 59));
        assert!(knock("a", "GET /x", 60));
    }

    #[test]
    fn however_many_knock_few_rows_are_written_and_strangers_leave_room_for_those_who_are_known() {
        let refusals = Refusals::default();
        let strangers = (0..10_000).filter(|no| refusals.is_new(format!("10.{no}"), "GET /x", true, at(0))).count();
        let known = (0..10_000).filter(|no| refusals.is_new(format!("person_{no}"), "GET /x", false, at(1))).count();
        assert_eq!((strangers, known), (STRANGERS_MOST, ROWS_MOST - STRANGERS_MOST));
        assert!(refusals.is_new("10.1".to_owned(), "GET /x", true, at(60)));
    }
}
