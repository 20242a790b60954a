//! Everything that is done to a case after its report: read, decide, apply; decided anew when somebody was faster.

use crate::{
    App, AppError, Caller, Problem,
    cases::{CaseAddress, IdempotencyKey, PhotoName, PhotoRef, report::keep_photos},
    locate::Location,
};
use gewu_domain::{
    case::{Case, Command, Context, Draw, Fact, Place, Refused, Shown},
    ids::{CaseId, Digest, RegionId},
};
use gewu_store::{Changes, StoreError, texts::Giver};
use serde::{Deserialize, Serialize};

/// A step somebody takes: the command with its words as words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What to do. Its digests of words and photos are filled in from the fields below.
    #[serde(flatten)]
    pub command: Command,
    /// The words that go with it, where the step takes any.
    #[serde(default)]
    pub note: String,
    /// Photos that were uploaded before. For `show`: the versions to show, in the order of those it names an `instead` for.
    #[serde(default)]
    pub photos: Vec<PhotoName>,
    /// For `place`: where it is.
    #[serde(default)]
    pub location: Option<Location>,
    /// The version the person had before their eyes; another version now is a conflict.
    #[serde(default)]
    pub version: Option<u32>,
}

/// What a step led to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stepped {
    pub id: CaseId,
    pub region: RegionId,
    pub number: String,
    pub version: u32,
    pub state: gewu_domain::case::StateKind,
    pub due_at: Option<jiff::Timestamp>,
}

/// How often a step is decided anew when somebody else changes the case at the same time.
const TRIES: u8 = 3;

impl App {
    /// Takes a step with a case.
    ///
    /// # Errors
    /// [`AppError::Refused`] by a rule; [`AppError::NotFound`] also for cases the caller may not see;
    /// [`AppError::Conflict`] when `version` is not the case's any more.
    pub async fn act(
        &self,
        caller: &Caller,
        address: CaseAddress,
        key: Option<&IdempotencyKey>,
        step: Step,
    ) -> Result<Stepped, AppError> {
        let request = self.request_digest(&(address.id, &step));
        if step.note.chars().count() > self.settings.text_chars_most {
            let most = self.settings.text_chars_most;
            return Err(Problem::new(
                "note",
                "too_long",
                format!("文字最多 {most} 字"),
                format!("at most {most} characters"),
            )
            .into());
        }
        if !step.photos.is_empty() && !step.command.takes_photos() {
            return Err(
                Problem::new("photos", "photos_not_taken", "这一步不收照片", "this step takes no photos").into()
            );
        }
        let actor = caller.actor();
        for _ in 0..TRIES {
            let snapshot = self.snapshot()?;
            let view = self.store.view(address.region).await?;
            if let Some(key) = key
                && let Some(answer) = view.answer(key.as_str()).await?
            {
                return repeat(answer.request == request, &answer.body);
            }
            let named = self.named(caller, &step.photos).await?;
            let case = self.seen(caller, view.case(address.id).await?, &snapshot).await?;
            let head = view.head(address.id).await?.ok_or(AppError::NotFound)?;
            let about = step.command.about();
            let rows = if named.photos.is_empty() && about.is_empty() {
                Vec::new()
            } else {
                view.attachments(case.id).await?
            };
            if about.iter().any(|photo| rows.iter().all(|row| row.digest != *photo)) {
                return Err(Problem::new(
                    "photos",
                    "photo_not_of_the_case",
                    "案件里没有这张照片",
                    "the case has no such photo",
                )
                .into());
            }
            if !named.photos.is_empty() {
                let held = &rows;
                let held: Vec<Digest> = held.iter().flat_map(|photo| [photo.digest, photo.thumbnail]).collect();
                if named.comes_back(&held) {
                    return Err(Problem::new(
                        "photos",
                        "photo_of_the_case",
                        "这张照片是从本案件里取下来的，请拍一张新的",
                        "this photo was taken out of this very case: take a new one",
                    )
                    .into());
                }
            }
            drop(view);
            if step.version.is_some_and(|version| version != case.version) {
                return Err(AppError::Conflict);
            }

            let now = self.now();
            let mut changes = Changes::default();
            let giver = if actor.person().is_some() { Giver::Staff } else { Giver::Reporter };
            let note = step.note.trim();
            let note = (!note.is_empty()).then(|| self.keep_text(&mut changes, case.id, note, giver, now));
            let command = self.filled(&mut changes, &case, &step, &named.photos, note, giver)?;
            let context = Context { at: now, actor: &actor, city: &snapshot.city };
            let (after, facts) = decided(&case, command, note, self.draw(), &context)?;

            named.take(&mut changes);
            match &step.command {
                // A version of a photo is its giver's, and goes when they take theirs out.
                Command::Show { photos, .. } => {
                    let of = photos.iter().filter(|shown| shown.instead.is_some()).map(|shown| shown.photo);
                    for (photo, of) in named.photos.iter().zip(of) {
                        let by = rows.iter().find(|row| row.digest == of).map_or(giver, |row| row.by);
                        keep_photos(&mut changes, case.id, std::slice::from_ref(photo), by, now);
                    }
                }
                _ => keep_photos(&mut changes, case.id, &named.photos, giver, now),
            }
            let stepped = Stepped {
                id: after.id,
                region: after.region,
                number: after.number.clone(),
                version: after.version,
                state: after.state.kind(),
                due_at: after.due_at(),
            };
            changes.answer = key.map(|key| {
                let body = serde_json::to_string(&stepped).expect("an answer is plain data");
                key.answer(request, body, now)
            });
            self.write_case(&mut changes, &snapshot, after.clone(), Some((case.version, head)), &facts, None);
            match self.store.apply(address.region, changes).await {
                Ok(()) => {
                    self.announce_facts(&after, &facts);
                    return Ok(stepped);
                }
                Err(StoreError::Stale { .. }) => {}
                Err(StoreError::Repeated(answer)) => return repeat(answer.request == request, &answer.body),
                Err(error) => return Err(error.into()),
            }
        }
        Err(AppError::Conflict)
    }

    /// Drawn anew for each decision, so that nobody knows beforehand what it says.
    pub(super) fn draw(&self) -> Draw {
        let mut bytes = [0; 8];
        self.random.fill(&mut bytes);
        Draw(u64::from_le_bytes(bytes))
    }

    /// The command with its digests filled in from the step's words, photos and location.
    pub(super) fn filled(
        &self,
        changes: &mut Changes,
        case: &Case,
        step: &Step,
        photos: &[PhotoRef],
        note: Option<Digest>,
        giver: Giver,
    ) -> Result<Command, AppError> {
        let photos: Vec<Digest> = photos.iter().map(|photo| photo.digest).collect();
        Ok(match step.command.clone() {
            Command::Verify { is_true, .. } => Command::Verify { is_true, note, photos },
            Command::Refuse { reason, .. } => Command::Refuse { reason, note },
            Command::Void { reason, .. } => Command::Void { reason, note },
            Command::SendBack { reason, .. } => Command::SendBack { reason, note },
            Command::Return { assignment, reason, .. } => Command::Return { assignment, reason, note },
            Command::Handle { assignment, .. } => Command::Handle { assignment, note, photos },
            Command::Check { passed, reason, .. } => Command::Check { passed, reason, note, photos },
            Command::Close { ticks, .. } => Command::Close { ticks, reply: note },
            Command::ForceClose { reason, .. } => Command::ForceClose { reason, note },
            Command::Reopen { reason, .. } => Command::Reopen { reason, note },
            Command::Ask { assignment, asking, reason, .. } => Command::Ask { assignment, asking, reason, note },
            Command::Answer { granted, .. } => Command::Answer { granted, note },
            Command::Escalate { reason, .. } => Command::Escalate { reason, note },
            Command::Urge { .. } => Command::Urge { note },
            Command::Rate { is_solved, stars, .. } => Command::Rate { is_solved, stars, note },
            Command::Remark { .. } => Command::Remark { text: note },
            Command::Show { words, photos: shown } => {
                let wanted = shown.iter().filter(|shown| shown.instead.is_some()).count();
                if wanted != photos.len() {
                    return Err(crate::uploads::not_there().into());
                }
                let mut made = photos.into_iter();
                let photos = shown
                    .into_iter()
                    .map(|shown| Shown { photo: shown.photo, instead: shown.instead.and_then(|_| made.next()) });
                Command::Show { words, photos: photos.collect() }
            }
            Command::Place { .. } => Command::Place { place: self.place(changes, case, step, giver)? },
            whole @ (Command::SendToVerify { .. }
            | Command::Submit
            | Command::File { .. }
            | Command::Dispatch { .. }
            | Command::Accept { .. }
            | Command::SendToCheck { .. }
            | Command::Resume
            | Command::Withhold { .. }
            | Command::Correct { .. }) => whole,
        })
    }

    fn place(&self, changes: &mut Changes, case: &Case, step: &Step, giver: Giver) -> Result<Place, AppError> {
        let location = step.location.clone().unwrap_or_default();
        let address = location.address.as_deref().map(str::trim).filter(|address| !address.is_empty());
        let address = match address {
            Some(address) => Some(self.keep_text(changes, case.id, address, giver, self.now())),
            None => case.place.address,
        };
        let located = self.snapshot()?.locate(&location, address, self.today())?;
        if located.region != case.region {
            return Err(Problem::new(
                "location",
                "other_region",
                "这个位置由另一个地区受理，请在那里另行上报",
                "this place lies in another region: report it there",
            )
            .into());
        }
        Ok(located.place)
    }
}

/// The facts of a command and the case after them. Words given with a step that takes none stay as a remark beside it.
pub(super) fn decided(
    case: &Case,
    command: Command,
    note: Option<Digest>,
    draw: Draw,
    context: &Context<'_>,
) -> Result<(Case, Vec<Fact>), Refused> {
    let mut facts = case.decide(command, draw, context)?;
    let mut after = case.clone();
    facts.iter().for_each(|fact| after.apply(fact));
    let is_kept = |text: &Digest| facts.iter().any(|fact| fact.deed.texts().contains(text));
    if let Some(text) = note.filter(|text| !is_kept(text)) {
        let remark = after.decide(Command::Remark { text: Some(text) }, draw, context)?;
        remark.iter().for_each(|fact| after.apply(fact));
        facts.extend(remark);
    }
    Ok((after, facts))
}

fn repeat(is_same: bool, body: &str) -> Result<Stepped, AppError> {
    if !is_same {
        return Err(AppError::KeyReused);
    }
    serde_json::from_str(body).map_err(|error| AppError::Failed(Box::new(error)))
}
