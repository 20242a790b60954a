//! Opening a case: for staff everything the page shows; for the holder of a receipt what became of it.

use crate::{
    App, AppError, Caller, Identity, Problem,
    cases::{CaseAddress, photo::CasePhoto},
    city::Snapshot,
    secrets,
};
use gewu_domain::{
    case::{Case, Choice, Context, Deed, Fact, Line, Place, State, StateKind},
    catalogue::Tick,
    ids::{CaseId, Digest, PersonId, RegionId},
    people::{Actor, Role},
    sla::Light,
    unit::propose::{Proposal, propose},
};
use gewu_store::{
    Change, Changes, View,
    contacts::{ContactRow, LookRow},
    facts::FactRow,
    origins::OriginRow,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// Characters of the reason for looking at a contact.
const REASON_CHARS_MOST: usize = 200;
/// How long after the end of its case a code is honoured that the first releases derived from the installation's key.
const OLD_CODE_LASTS: SignedDuration = SignedDuration::from_hours(24 * 30);

/// A case with everything its page shows.
#[derive(Debug, Clone)]
pub struct CasePage {
    pub case: Case,
    /// What it is called in the system it was taken in from.
    pub origin: Option<OriginRow>,
    /// Oldest first.
    pub facts: Vec<Fact>,
    /// Words that have not been erased, by the digest that stands for them.
    pub texts: BTreeMap<Digest, String>,
    /// Oldest first.
    pub photos: Vec<CasePhoto>,
    /// Names of the staff who appear in the facts; who was erased is left out.
    pub names: BTreeMap<PersonId, String>,
    /// Masked contacts.
    pub contacts: Vec<MaskedContact>,
    /// Whether this caller may look at a contact unmasked.
    pub may_unmask: bool,
    /// Every move of the table in this state, open or refused.
    pub choices: Vec<Choice>,
    /// Units proposed for dispatching, best first; empty unless it can be dispatched now.
    pub proposals: Vec<Proposal>,
    pub closing_conditions: Vec<Tick>,
    pub light: Option<Light>,
    /// How each deadline came about.
    pub explanation: Vec<Line>,
    /// How often its contacts were looked at.
    pub looks: Vec<LookRow>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskedContact {
    pub field: String,
    /// `138****5678`; `None` when it does not open any more.
    pub masked: Option<String>,
    pub purpose: String,
    pub ends_at: Timestamp,
}

/// What the holder of a receipt sees: no staff names, no inner notes.
#[derive(Debug, Clone, PartialEq)]
pub struct StatusPage {
    pub id: CaseId,
    pub region: RegionId,
    pub number: String,
    pub version: u32,
    pub state: StateKind,
    pub reported_at: Timestamp,
    pub due_at: Option<Timestamp>,
    pub closed_at: Option<Timestamp>,
    pub words: Option<String>,
    pub place: Place,
    pub address: Option<String>,
    pub class_zh: Option<String>,
    pub class_en: Option<String>,
    pub unit_zh: Option<String>,
    pub unit_en: Option<String>,
    /// Oldest first.
    pub steps: Vec<StatusStep>,
    /// Their own and public ones, oldest first.
    pub photos: Vec<CasePhoto>,
    /// The public answer given at closing.
    pub reply: Option<String>,
    /// May say "not solved" until then.
    pub confirm_until: Option<Timestamp>,
    pub may_rate: bool,
    pub may_urge: bool,
    /// Who looked at the contact, as role and time, never as a name.
    pub looks: Vec<(Timestamp, String)>,
}

/// One step as the reporter sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct StatusStep {
    pub at: Timestamp,
    /// `domain::case::Deed::code`.
    pub did: &'static str,
    /// The reason given, by its label, where the reporter is told one.
    pub reason: Option<(String, String)>,
    pub unit: Option<(String, String)>,
    /// Promised anew: when it is due now.
    pub due_at: Option<Timestamp>,
}

impl App {
    /// The page of a case.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when there is none or the caller may not see it.
    pub async fn case_page(&self, caller: &Caller, address: CaseAddress) -> Result<CasePage, AppError> {
        let snapshot = self.snapshot()?;
        let view = self.store.view(address.region).await?;
        let case = self.seen(caller, view.case(address.id).await?, &snapshot).await?;
        let facts = read_facts(view.as_ref(), case.id).await?;
        let texts = view.texts(case.id).await?.into_iter().map(|text| (text.digest, text.body)).collect();
        let photos = view.attachments(case.id).await?.into_iter().map(|row| CasePhoto::of(&case, row)).collect();
        let contacts = view.contacts(case.id).await?;
        let looks = view.looks(case.id).await?;
        drop(view);
        let names = self.names(&facts).await?;
        let origin = self.store.city().await?.origin_of(case.region, case.id).await?;
        let now = self.now();
        let actor = caller.actor();
        let context = Context { at: now, actor: &actor, city: &snapshot.city };
        let light = case.first_clock().map(|clock| clock.light(now, snapshot.city.calendar_of(clock)));
        Ok(CasePage {
            choices: case.choices(&context),
            proposals: proposals(&case, &snapshot),
            closing_conditions: case.closing_conditions(&snapshot.city).to_vec(),
            explanation: case.explain(now, &snapshot.city),
            contacts: if hides_contacts(caller, &case) { Vec::new() } else { self.masked(&case, &contacts) },
            may_unmask: may_unmask(caller, &case) && !contacts.is_empty(),
            light,
            facts,
            texts,
            photos,
            names,
            looks,
            origin,
            case,
        })
    }

    /// The case, if there is one and the caller may see it. Who may not is told that there is none, and it is noted.
    pub(super) async fn seen(
        &self,
        caller: &Caller,
        case: Option<Case>,
        snapshot: &Snapshot,
    ) -> Result<Case, AppError> {
        let case = case.ok_or(AppError::NotFound)?;
        if !caller.sees(&case, &snapshot.city.areas) {
            self.note_refusal(caller, &case.id.to_string()).await;
            return Err(AppError::NotFound);
        }
        Ok(case)
    }

    /// A contact in the clear. The look is logged before the value is given.
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`AppError::Forbidden`] for posts that do not need it.
    pub async fn look_at_contact(
        &self,
        caller: &Caller,
        address: CaseAddress,
        field: &str,
        reason: &str,
    ) -> Result<String, AppError> {
        let post = caller.staff()?.clone();
        let snapshot = self.snapshot()?;
        let view = self.store.view(address.region).await?;
        let case = self.seen(caller, view.case(address.id).await?, &snapshot).await?;
        if !may_unmask(caller, &case) {
            return Err(AppError::Forbidden("this post does not need the reporter's contact"));
        }
        if reason.trim().is_empty() {
            return Err(Problem::new(
                "reason",
                "empty",
                "请说明为什么要看，反映人会看到这条记录",
                "say why: the reporter will see that you looked",
            )
            .into());
        }
        if reason.trim().chars().count() > REASON_CHARS_MOST {
            return Err(Problem::new(
                "reason",
                "too_long",
                format!("最多 {REASON_CHARS_MOST} 字"),
                format!("at most {REASON_CHARS_MOST} characters"),
            )
            .into());
        }
        let contact = view.contacts(case.id).await?.into_iter().find(|contact| contact.field == field);
        let contact = contact.ok_or(AppError::NotFound)?;
        drop(view);
        let value = self
            .keyring
            .open(case.region, case.id, field, &contact.sealed)
            .map_err(|error| AppError::Failed(Box::new(error)))?;
        let look = LookRow {
            case: case.id,
            at: self.now(),
            person: post.person,
            post: post.id,
            field: field.to_owned(),
            reason: reason.trim().to_owned(),
        };
        self.store.apply(case.region, Changes::one(Change::Look(look))).await?;
        Ok(value)
    }

    /// The case behind a receipt: number and code.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when either is wrong: which one is not said.
    pub async fn receipt_holder(&self, number: &str, code: &str) -> Result<(Caller, CaseAddress), AppError> {
        let number: String = number.chars().filter(char::is_ascii_digit).collect();
        let code = secrets::read_receipt_code(code).ok_or(AppError::NotFound)?;
        let region = number.get(..6).and_then(|region| region.parse::<RegionId>().ok()).ok_or(AppError::NotFound)?;
        let view = self.store.view(region).await?;
        let case = view.case_by_number(&number).await?.ok_or(AppError::NotFound)?;
        let fits = case.receipt == Some(self.keyring.receipt_digest(case.id, &code));
        if !fits || (self.has_ended(&case) && code == self.keyring.derived_receipt_code(&case.id.to_string())) {
            return Err(AppError::NotFound);
        }
        let caller = Caller { identity: Identity::Reporter { case: case.id }, origin: String::new() };
        Ok((caller, CaseAddress { region, id: case.id }))
    }

    /// A case that can be reopened by nobody but the house, and for whose reporter nothing has changed for a while.
    fn has_ended(&self, case: &Case) -> bool {
        let is_over = match case.state {
            State::Closed { confirm_until: Some(until), .. } => until < self.now(),
            _ => case.state.kind().is_final(),
        };
        is_over && self.now().duration_since(case.changed_at) > OLD_CODE_LASTS
    }

    /// What became of a report, for the holder of its receipt.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for anybody else.
    pub async fn status_page(&self, caller: &Caller, address: CaseAddress) -> Result<StatusPage, AppError> {
        if !matches!(&caller.identity, Identity::Reporter { case } if *case == address.id) {
            return Err(AppError::NotFound);
        }
        let snapshot = self.snapshot()?;
        let view = self.store.view(address.region).await?;
        let case = view.case(address.id).await?.ok_or(AppError::NotFound)?;
        let facts = read_facts(view.as_ref(), case.id).await?;
        let texts: BTreeMap<Digest, String> =
            view.texts(case.id).await?.into_iter().map(|text| (text.digest, text.body)).collect();
        let photos = view.attachments(case.id).await?.into_iter().map(|row| CasePhoto::of(&case, row));
        let photos = photos.filter(CasePhoto::is_for_reporter).collect();
        let looks = view.looks(case.id).await?;
        drop(view);
        let actor = Actor::Reporter;
        let context = Context { at: self.now(), actor: &actor, city: &snapshot.city };
        let open = |step| case.permits(step, gewu_domain::case::CaseStep::Whole, &context).is_ok();
        let confirm_until = match &case.state {
            gewu_domain::case::State::Closed { confirm_until, .. } if open(gewu_domain::case::Move::Reopen) => {
                *confirm_until
            }
            _ => None,
        };
        let class = case.class.as_ref().and_then(|class| snapshot.city.class(class));
        let unit = case.lead().and_then(|lead| snapshot.city.units.get(&lead.unit));
        let reply = facts.iter().rev().find_map(|fact| match &fact.deed {
            Deed::Closed { reply: Some(reply), .. } => texts.get(reply).cloned(),
            _ => None,
        });
        Ok(StatusPage {
            id: case.id,
            region: case.region,
            number: case.number.clone(),
            version: case.version,
            state: case.state.kind(),
            reported_at: case.reported_at,
            due_at: case.due_at(),
            closed_at: facts.iter().rev().find(|fact| fact.deed.code() == "closed").map(|fact| fact.at),
            words: case.text.and_then(|text| texts.get(&text).cloned()),
            address: case.place.address.and_then(|address| texts.get(&address).cloned()),
            class_zh: class.map(|class| class.plain_zh.clone()),
            class_en: class.map(|class| class.plain_en.clone()),
            unit_zh: unit.map(|unit| unit.name_zh.clone()),
            unit_en: unit.map(|unit| unit.name_en.clone().unwrap_or_else(|| unit.name_zh.clone())),
            steps: facts.iter().filter_map(|fact| status_step(fact, &case, &snapshot)).collect(),
            photos,
            reply,
            confirm_until,
            may_rate: open(gewu_domain::case::Move::Rate),
            may_urge: open(gewu_domain::case::Move::Urge),
            looks: looks.into_iter().map(|look| (look.at, look.reason)).collect(),
            place: case.place,
        })
    }

    fn masked(&self, case: &Case, contacts: &[ContactRow]) -> Vec<MaskedContact> {
        contacts
            .iter()
            .map(|contact| MaskedContact {
                field: contact.field.clone(),
                masked: self
                    .keyring
                    .open(case.region, case.id, &contact.field, &contact.sealed)
                    .ok()
                    .map(|value| crate::sealing::mask(&contact.field, &value)),
                purpose: contact.purpose.clone(),
                ends_at: contact.ends_at,
            })
            .collect()
    }

    async fn names(&self, facts: &[Fact]) -> Result<BTreeMap<PersonId, String>, AppError> {
        let mut ids: Vec<PersonId> = facts.iter().filter_map(|fact| fact.by.person()).collect();
        ids.sort();
        ids.dedup();
        let view = self.store.city().await?;
        Ok(view.people_named(&ids).await?.into_iter().map(|person| (person.id, person.name)).collect())
    }
}

/// The facts of a case, as they were sealed.
///
/// # Errors
/// When a fact does not read any more.
pub(crate) async fn read_facts(view: &dyn View, case: CaseId) -> Result<Vec<Fact>, AppError> {
    view.facts(case).await?.iter().map(read_fact).collect()
}

fn read_fact(row: &FactRow) -> Result<Fact, AppError> {
    serde_json::from_str(&row.body).map_err(|error| AppError::Failed(Box::new(error)))
}

fn proposals(case: &Case, snapshot: &Snapshot) -> Vec<Proposal> {
    let can = matches!(case.state.kind(), StateKind::AwaitingDispatch | StateKind::Returned | StateKind::Reopened);
    let class = case.class.as_ref().and_then(|class| snapshot.city.class(class));
    match (can, class, case.place.deepest()) {
        (true, Some(class), Some(place)) => {
            propose(&class.responsible, class.kind, place, &snapshot.city.units, &snapshot.city.areas)
        }
        _ => Vec::new(),
    }
}

/// Who needs the reporter's contact: those who talk to reporters, and the lead unit unless it is confidential.
fn may_unmask(caller: &Caller, case: &Case) -> bool {
    match caller.role() {
        Some(Role::Acceptor | Role::DutyChief) => true,
        Some(Role::Handler) => {
            !case.is_confidential
                && case.lead().is_some_and(|lead| Some(&lead.unit) == caller.unit() && lead.state.is_running())
        }
        _ => false,
    }
}

/// Units never learn who reported a confidential case, not even masked.
fn hides_contacts(caller: &Caller, case: &Case) -> bool {
    case.is_confidential && !matches!(caller.role(), Some(Role::Acceptor | Role::DutyChief))
}

/// What the reporter is told of a fact; inner steps are left out.
fn status_step(fact: &Fact, case: &Case, snapshot: &Snapshot) -> Option<StatusStep> {
    let policy = &snapshot.city.policy;
    let label = |code: &gewu_domain::ids::ReasonCode| {
        let (zh, en) = policy.reason_label(code);
        Some((zh.to_owned(), en.to_owned()))
    };
    let unit_of = |no: u8| {
        let unit = snapshot.city.units.get(&case.assignment(no)?.unit)?;
        Some((unit.name_zh.clone(), unit.name_en.clone().unwrap_or_else(|| unit.name_zh.clone())))
    };
    let (reason, unit) = match &fact.deed {
        Deed::Reported { .. }
        | Deed::SentToVerify { .. }
        | Deed::Verified { .. }
        | Deed::Filed { .. }
        | Deed::Checked { passed: true, .. }
        | Deed::Resumed
        | Deed::Rated { .. } => (None, None),
        Deed::Dispatched { given } => {
            (None, given.iter().find(|given| given.is_lead).and_then(|given| unit_of(given.no)))
        }
        Deed::Accepted { assignment } | Deed::Handled { assignment, .. } => (None, unit_of(*assignment)),
        Deed::Returned { assignment, reason, .. } => (label(reason), unit_of(*assignment)),
        Deed::Refused { reason, .. }
        | Deed::Voided { reason, .. }
        | Deed::Suspended { reason, .. }
        | Deed::Escalated { reason, .. }
        | Deed::Reopened { reason, .. } => (label(reason), None),
        Deed::Checked { passed: false, reason, .. } => (reason.as_ref().and_then(label), None),
        Deed::Closed { how, .. } => match how {
            gewu_domain::case::Closing::Forced { reason } => (label(reason), None),
            gewu_domain::case::Closing::Solved => (None, None),
        },
        Deed::Urged { .. } | Deed::Shown { .. } => (None, None),
        Deed::Withheld { reason, .. } => (label(reason), None),
        // Only a date that moves is news.
        Deed::Repromised { was, due_at } if was != due_at && due_at.is_some() => (None, None),
        Deed::Submitted
        | Deed::SentBack { .. }
        | Deed::SentToCheck { .. }
        | Deed::Asked { .. }
        | Deed::Answered { .. }
        | Deed::Placed { .. }
        | Deed::Corrected { .. }
        | Deed::Repromised { .. }
        | Deed::Remarked { .. } => return None,
    };
    let due_at = match &fact.deed {
        Deed::Repromised { due_at, .. } => *due_at,
        _ => None,
    };
    Some(StatusStep { at: fact.at, did: fact.deed.code(), reason, unit, due_at })
}
