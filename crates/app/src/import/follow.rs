//! What a newer export says of a case that was taken in before: closed, reopened, moved, corrected.
//!
//! Of each row digests are kept of what it said, part by part; what says the same is passed over. What says something
//! new becomes facts: steps where the rules allow them, and a remark with what they do not. Start at
//! [`Importer::follow`].

use super::{Failure, Imported, Importer, Known, Row, mapping::Stage, not_taken, reason, rejected, story};
use crate::{
    App, AppError,
    cases::{act::Step, history::History, report::NewReport},
    locate::Located,
};
use gewu_domain::{
    case::{Case, ClassRef, Command, Place, State},
    ids::{CaseId, Digest, ReasonCode, RegionId},
    people::Actor,
    policy::ReasonList,
};
use gewu_store::{Change, Changes, StoreError, origins::OriginRow, texts::Giver};
use serde::Serialize;

/// Bytes of a part's digest.
const PART_BYTES: usize = 8;

/// What a row says, part by part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Said {
    /// Of nothing, so that digests under another key are known as such.
    key: [u8; PART_BYTES],
    state: [u8; PART_BYTES],
    place: [u8; PART_BYTES],
    class: [u8; PART_BYTES],
    unit: [u8; PART_BYTES],
    words: [u8; PART_BYTES],
}

impl Said {
    pub fn of(app: &App, row: &Row) -> Said {
        fn part(app: &App, said: impl Serialize) -> [u8; PART_BYTES] {
            let mut part = [0; PART_BYTES];
            part.iter_mut().zip(app.request_digest(&said).0).for_each(|(to, from)| *to = from);
            part
        }
        let reached = match row.reached {
            Stage::Reported => 0_u8,
            Stage::Filed => 1,
            Stage::Dispatched => 2,
            Stage::Handling => 3,
            Stage::Closed => 4,
        };
        Said {
            key: part(app, "import"),
            state: part(app, ("state", reached, row.closed_at)),
            place: part(app, ("place", &row.location)),
            class: part(app, ("class", &row.class)),
            unit: part(app, ("unit", &row.unit)),
            words: part(app, ("words", &row.words)),
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        [self.key, self.state, self.place, self.class, self.unit, self.words].concat()
    }

    /// What was kept; nothing when it is of another shape.
    fn read(bytes: &[u8]) -> Option<Said> {
        let (parts, rest) = bytes.as_chunks::<PART_BYTES>();
        match parts {
            [key, state, place, class, unit, words] if rest.is_empty() => {
                Some(Said { key: *key, state: *state, place: *place, class: *class, unit: *unit, words: *words })
            }
            _ => None,
        }
    }
}

/// A case under way to what a newer export says of it.
struct Following<'a> {
    history: History<'a>,
    /// What it was followed in, as [`Imported::changes`] counts.
    did: Vec<&'static str>,
    /// What the rules do not let become a step.
    remarks: Vec<String>,
}

impl Importer<'_> {
    /// Follows a row whose number is known.
    pub(super) async fn follow(
        &mut self,
        row: &Row,
        new: &NewReport,
        located: &Located,
        known: Known,
        imported: &mut Imported,
    ) -> Result<(), Failure> {
        let now_said = Said::of(self.app, row);
        let (region, case, before, is_older) = match known {
            Known::Digest => {
                imported.known += 1;
                return Ok(());
            }
            Known::Origin(origin) => (origin.region, origin.case, Said::read(&origin.said), false),
            Known::Older(region, case) => (region, case, None, true),
        };
        let before = before.filter(|before| before.key == now_said.key);
        let kept = self.keeping(row, region, case, now_said, is_older);
        if before == Some(now_said) {
            imported.known += 1;
            return Ok(());
        }
        let (case, head, is_ours, is_erased) = self.stored(region, case).await.map_err(Failure::Store)?;
        let is_closed = matches!(case.state, State::Closed { .. });
        // Of a case whose row was not kept, nothing is known to be new but what contradicts it.
        let is_new =
            |part: fn(&Said) -> [u8; PART_BYTES]| before.is_some_and(|before| part(&before) != part(&now_said));
        let is_state_new = match before {
            Some(before) => before.state != now_said.state,
            None => is_closed != (row.reached == Stage::Closed),
        };
        let class = story::class(&self.city, row);
        let told = |error| not_taken(row.line, &row.id, error);
        self.app.checked(new).map_err(told)?;
        let mut following = Following {
            history: self.app.resumed(case, head).map_err(told)?.under(self.city.clone()),
            did: Vec::new(),
            remarks: Vec::new(),
        };
        if is_state_new {
            self.follow_state(row, &mut following, is_ours)?;
        }
        if is_new(|said| said.place) {
            self.follow_place(row, located, &mut following, is_erased).map_err(told)?;
        }
        if is_new(|said| said.class) {
            self.follow_class(class, &mut following).map_err(told)?;
        }
        if is_new(|said| said.unit)
            && let Some(unit) = &row.unit
        {
            following.did.push("reassigned");
            following.remarks.push(format!("承办单位 unit: {unit}"));
        }
        if is_new(|said| said.words) {
            following.did.push("reworded");
            let words = if is_erased { "" } else { row.words.as_str() };
            following.remarks.push(format!("内容 words: {words}"));
        }
        self.remark(&mut following).map_err(told)?;
        if following.did.is_empty() {
            imported.known += 1;
            self.waiting.push(region, Changes::one(kept));
            return Ok(());
        }
        for did in following.did {
            *imported.changes.entry(did).or_default() += 1;
        }
        let (region, mut changes) = following.history.finish();
        changes.push(kept);
        self.waiting.updated += 1;
        self.waiting.push(region, changes);
        Ok(())
    }

    /// That the row has been followed as far as it says now.
    fn keeping(&self, row: &Row, region: RegionId, case: CaseId, said: Said, is_older: bool) -> Change {
        let (number, system, said) = (row.id.clone(), self.system().to_owned(), said.bytes());
        if is_older {
            Change::Origin(OriginRow { number, system, region, case, said })
        } else {
            Change::OriginSaid { number, system, said }
        }
    }

    /// A case that was taken in, the hash of its last fact, whether nobody here has touched it, and whether its words were
    /// erased.
    async fn stored(&self, region: RegionId, id: CaseId) -> Result<(Case, Digest, bool, bool), AppError> {
        let view = self.app.store.view(region).await?;
        let lost = || StoreError::Corrupt {
            table: "origins",
            column: "case_id",
            row: id.to_string(),
            why: "there is no such case".to_owned(),
        };
        let case = view.case(id).await?.ok_or_else(lost)?;
        let head = view.head(id).await?.ok_or_else(lost)?;
        let facts = crate::cases::read::read_facts(view.as_ref(), id).await?;
        let texts = view.texts(id).await?;
        let is_ours = !facts.iter().any(|fact| self.people.are_not(&fact.by));
        let is_gone = |digest: Option<Digest>| digest.is_some_and(|one| texts.iter().all(|text| text.digest != one));
        let is_erased = is_gone(case.text) || is_gone(case.place.address);
        Ok((case, head, is_ours, is_erased))
    }

    fn follow_state(&self, row: &Row, following: &mut Following<'_>, is_ours: bool) -> Result<(), Failure> {
        let refuse = |code, zh: &str, en: &str| Err(rejected(row.line, &row.id, reason(code, zh, en)));
        let told = |error| not_taken(row.line, &row.id, error);
        let (history, now) = (&mut following.history, self.people.until());
        let is_closed = matches!(history.case.state, State::Closed { .. });
        match (is_closed, row.closed_at) {
            (true, Some(closed_at)) if closed_at != history.case.changed_at => {
                following.did.push("reclosed");
                following.remarks.push(format!("结案时间 closed at: {closed_at}"));
                return Ok(());
            }
            (true, Some(_)) => return Ok(()),
            _ if !is_ours => {
                return refuse(
                    "changed_here",
                    "导出里的状态变了，但是这个案件在这里已经有人办过：请在这里接着办",
                    "its state is another in the export, but somebody here has worked on the case: go on with it here",
                );
            }
            (false, Some(closed_at)) if closed_at < history.case.changed_at => {
                let last = history.case.changed_at;
                return refuse(
                    "closed_before_last_step",
                    &format!("结案时间早于这里已经记下的最后一步（{last}）"),
                    &format!("was closed before the last step that is kept here ({last})"),
                );
            }
            (false, Some(_)) => {
                let first = story::go_on(history, &self.city, &self.people, row, None).map_err(told)?;
                if let Some(first) = first {
                    self.unsealed(history.case.region, first).map_err(|reason| rejected(row.line, &row.id, reason))?;
                }
                if !matches!(history.case.state, State::Closed { .. }) {
                    let state = history.case.state.kind().code();
                    return refuse(
                        "not_followed",
                        &format!("导出里已结案，这里的案件却到不了结案（现在是 {state}）"),
                        &format!("is closed in the export, but cannot come to its close here (it is {state})"),
                    );
                }
                following.did.push("closed");
            }
            (true, None) => {
                let reasons = self.city.policy.reasons.get(&ReasonList::Reopen);
                let reason = reasons.and_then(|reasons| reasons.first()).map(|reason| reason.code.clone());
                let reason = reason.unwrap_or_else(|| ReasonCode::new("not_solved"));
                let reopen = Step {
                    note: "导出里已重开 · reopened in the export".to_owned(),
                    ..step(Command::Reopen { reason, note: None })
                };
                let chief = self.people.chief(&self.city, &history.case);
                history.step(&chief, now, &reopen).map_err(told)?;
                story::go_on(history, &self.city, &self.people, row, Some(now)).map_err(told)?;
                following.did.push("reopened");
            }
            (false, None) => {
                let first = story::go_on(history, &self.city, &self.people, row, Some(now)).map_err(told)?;
                if first.is_some() {
                    following.did.push("advanced");
                }
            }
        }
        Ok(())
    }

    fn follow_place(
        &self,
        row: &Row,
        located: &Located,
        following: &mut Following<'_>,
        is_erased: bool,
    ) -> Result<(), AppError> {
        following.did.push("moved");
        let chief = self.people.chief(&self.city, &following.history.case);
        let mut location = row.location.clone();
        if is_erased {
            location.address = None;
        }
        if located.place.is_placed && located.region == following.history.case.region {
            let place = Step { location: Some(location.clone()), ..step(Command::Place { place: Place::default() }) };
            match following.history.step(&chief, self.people.until(), &place) {
                Err(AppError::Refused(_)) => {}
                done => return done,
            }
        }
        let point = located.place.point.map(|(lon, lat)| format!("{lon:.6}, {lat:.6}"));
        let area = located.place.deepest().map(ToString::to_string);
        let said: Vec<String> = [point, area, location.address].into_iter().flatten().collect();
        following.remarks.push(format!("位置 place: {}", said.join("; ")));
        Ok(())
    }

    fn follow_class(&self, class: Option<ClassRef>, following: &mut Following<'_>) -> Result<(), AppError> {
        let Some(class) = class else { return Ok(()) };
        if following.history.case.class.as_ref().is_some_and(|present| present.code == class.code) {
            return Ok(());
        }
        following.did.push("reclassified");
        let chief = self.people.chief(&self.city, &following.history.case);
        let correct = step(Command::Correct { class: class.clone() });
        match following.history.step(&chief, self.people.until(), &correct) {
            Err(AppError::Refused(_)) => {
                following.remarks.push(format!("类别 class: {}", class.code));
                Ok(())
            }
            done => done,
        }
    }

    /// Writes down what could not become a step. The words are the reporter's, and go when theirs are erased.
    fn remark(&self, following: &mut Following<'_>) -> Result<(), AppError> {
        if following.remarks.is_empty() {
            return Ok(());
        }
        let chief: Actor = self.people.chief(&self.city, &following.history.case);
        let note = format!("导出更新 · a newer export says\n{}", following.remarks.join("\n"));
        let remark = Step { note, ..step(Command::Remark { text: None }) };
        following.history.step_in_words_of(Giver::Reporter, &chief, self.people.until(), &remark)
    }
}

fn step(command: Command) -> Step {
    Step { command, note: String::new(), photos: Vec::new(), location: None, version: None }
}
