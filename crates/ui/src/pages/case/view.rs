//! The page of a case, put together from what [`App::case_page`](gewu_app::App::case_page) gives.

use super::{
    classes::{self, ClassPick},
    timeline::{self, Event, Photo},
};
use crate::{
    Ui,
    fields::Fields,
    frame::Frame,
    names,
    pages::{pick::AreaPick, report},
    rows::{Choice, LightView},
    session::Staff,
    words::Words,
};
use askama::Template;
use gewu_app::{
    AppError,
    cases::{PhotoName, read::CasePage},
    city::Snapshot,
};
use gewu_domain::{
    case::{Assignment, AssignmentState, CheckKind, Move, Showing, State, collectors_in_sight, handlers_in_sight},
    ids::UnitCode,
    policy::ReasonList,
    sla::{Clock, Stage},
};

/// A step somebody tried, to be shown again with what they typed.
pub struct Draft {
    pub step: Move,
    pub assignment: Option<u8>,
    pub fields: Fields,
    pub photos: Vec<PhotoName>,
    pub wrong: Vec<String>,
}

/// What came of looking at a contact.
pub struct Unmasked {
    pub field: String,
    pub value: Option<String>,
    pub wrong: Option<String>,
}

#[derive(Template)]
#[template(path = "case/page.html")]
pub struct CaseView {
    f: Frame,
    address: String,
    number: String,
    /// Its number in the system it was taken in from.
    origin: Option<String>,
    version: u32,
    key: String,
    title: String,
    class: Option<String>,
    state: String,
    state_code: &'static str,
    light: LightView,
    is_urgent: bool,
    is_confidential: bool,
    is_fixed_on_spot: bool,
    done: Option<String>,
    /// Of a step that is not open any more.
    wrong: Vec<String>,
    words: Option<String>,
    is_erased: bool,
    street_address: Option<String>,
    place: String,
    is_placed: bool,
    point: Option<(f64, f64)>,
    /// Code of the deepest area, for the map.
    grid: String,
    part: Option<String>,
    source: String,
    reported: (String, String),
    filed: Option<(String, String)>,
    before: Vec<Photo>,
    after: Vec<Photo>,
    assignments: Vec<AssignmentLine>,
    asked: Option<String>,
    contacts: Vec<ContactLine>,
    may_unmask: bool,
    looks: usize,
    events: Vec<Event>,
    clocks: Vec<ClockLine>,
    steps: Vec<StepForm>,
    refused: Vec<(String, String)>,
    rating: Option<String>,
}

struct AssignmentLine {
    unit: String,
    is_lead: bool,
    state: String,
    light: LightView,
    is_running: bool,
}

struct ContactLine {
    field: String,
    label: String,
    masked: String,
    ends: String,
    clear: Option<String>,
    wrong: Option<String>,
}

/// A promise, and how it came about.
struct ClockLine {
    title: String,
    light: LightView,
    is_running: bool,
    lines: Vec<String>,
}

/// The form of one open step.
struct StepForm {
    code: &'static str,
    label: String,
    /// Whose part it is about, where a case has several.
    about: Option<String>,
    assignment: Option<u8>,
    is_open: bool,
    key: &'static str,
    wrong: Vec<String>,
    note: Option<Note>,
    reasons: Vec<Choice>,
    units: Vec<Choice>,
    unit_none: Option<String>,
    photos: Option<PhotosPart>,
    detail: Detail,
}

/// A field for words.
struct Note {
    label: String,
    hint: String,
    typed: String,
}

struct PhotosPart {
    most: usize,
    limit: String,
    kept: Vec<report::KeptPhoto>,
}

/// What only one kind of step has.
enum Detail {
    None,
    Verify,
    File { picks: Vec<ClassPick>, typed: String, more: Option<String> },
    Dispatch { proposals: Vec<ProposalLine>, others: Vec<Choice> },
    Check,
    Close { ticks: Vec<String> },
    Ask { extension: Vec<Choice>, suspension: Vec<Choice>, hours_most: u32, days_most: u16 },
    Answer { what: String },
    Place { pick: AreaPick },
    Correct { classes: Vec<(String, Vec<Choice>)> },
    Show { words: Option<String>, photos: Vec<ShowLine> },
    Withhold { words: Option<String>, photos: Vec<ShowLine> },
}

/// A photo that can be shown or withheld, and how it stands.
struct ShowLine {
    digest: String,
    photo: Photo,
    state: String,
}

struct ProposalLine {
    code: String,
    name: String,
    why: String,
    is_first: bool,
}

/// Steps that carry a case forward, in the order in which one of them is opened beforehand.
const FORWARD: [Move; 11] = [
    Move::File,
    Move::Dispatch,
    Move::Answer,
    Move::Accept,
    Move::Handle,
    Move::Check,
    Move::Close,
    Move::Verify,
    Move::Submit,
    Move::SendToCheck,
    Move::Resume,
];

/// Puts the page together.
///
/// # Errors
/// While nothing is published.
pub fn of(
    ui: &Ui,
    staff: Staff,
    page: CasePage,
    done: Option<Move>,
    mut draft: Option<Draft>,
    unmasked: Option<Unmasked>,
) -> Result<CaseView, AppError> {
    let snapshot = ui.app.snapshot()?;
    let words = staff.visitor.words.clone();
    let case = &page.case;
    let class = case.class.as_ref().and_then(|class| snapshot.city.class(class));
    let text = case.text.and_then(|text| page.texts.get(&text)).cloned();
    let title = match (class, &text) {
        (Some(class), _) => names::class_plain(&words, class).to_owned(),
        (None, Some(text)) => gewu_text::excerpt(text, 30),
        (None, None) => words.t("case-untitled"),
    };
    let handled: Vec<_> = page
        .facts
        .iter()
        .filter(|fact| matches!(fact.deed.code(), "handled" | "checked"))
        .flat_map(|fact| fact.deed.photos())
        .collect();
    let steps = forms(ui, &snapshot, &words, &page, &mut draft);
    let refused = page
        .choices
        .iter()
        .filter_map(|choice| {
            let refused = choice.refused.as_ref()?;
            Some((names::step(&snapshot, &words, choice.step), crate::failure::sentence(&words, refused)))
        })
        .collect();
    let filed = case.filed.as_ref().map(|filed| {
        let condition = case.class.as_ref().and_then(|class| snapshot.city.condition(class, filed.condition));
        let what = condition.map(|condition| words.of(&condition.filing_zh, &condition.filing_en).to_owned());
        (what.unwrap_or_default(), words.line(&filed.limit.text(&snapshot.city.calendar)).to_owned())
    });
    Ok(CaseView {
        address: format!("/cases/{}/{}", case.region, case.id),
        number: case.number.clone(),
        origin: page.origin.as_ref().map(|origin| format!("{} {}", origin.system, origin.number).trim().to_owned()),
        version: case.version,
        key: report::fresh_key(&ui.app),
        title,
        class: class.map(|class| format!("{} · {}", names::class_name(&words, class), class.code)),
        state: names::state(&snapshot, &words, case.state.kind()),
        state_code: case.state.kind().code(),
        light: LightView::of(&words, page.light, case.due_at()),
        is_urgent: case.is_urgent,
        is_confidential: case.is_confidential,
        is_fixed_on_spot: case.is_fixed_on_spot,
        done: done.map(|step| words.t1("step-done", "step", names::step(&snapshot, &words, step))),
        wrong: draft.map(|draft| draft.wrong).unwrap_or_default(),
        is_erased: case.text.is_some() && text.is_none(),
        words: text,
        street_address: case.place.address.and_then(|address| page.texts.get(&address)).cloned(),
        place: names::place_long(&snapshot, &words, &case.place.path),
        is_placed: case.place.is_placed,
        point: case.place.point,
        grid: case.place.deepest().map(ToString::to_string).unwrap_or_default(),
        part: case.place.part.clone(),
        source: names::source(&words, case.source),
        reported: (words.when(case.reported_at), words.exactly(case.reported_at)),
        filed,
        before: timeline::photos(&case.photos, &page, &words),
        after: timeline::photos(&handled, &page, &words),
        assignments: case.assignments.iter().map(|one| assignment(&snapshot, &words, one)).collect(),
        asked: case.asked.as_ref().map(|asked| {
            let unit = case.assignment(asked.assignment).map(|one| names::unit(&snapshot, &words, &one.unit));
            let what = timeline::asked(&words, &asked.asking);
            words.t2("case-asked", "unit", unit.unwrap_or_default(), "what", what)
        }),
        contacts: contacts(&words, &page, unmasked),
        may_unmask: page.may_unmask,
        looks: page.looks.len(),
        events: timeline::events(&page, &snapshot, &words),
        clocks: clocks(&snapshot, &words, &page),
        steps,
        refused,
        rating: case.rating.as_ref().map(|rating| {
            let solved = if rating.is_solved { words.t("rated-solved") } else { words.t("rated-not-solved") };
            format!("{solved} · {}", words.t1("rated-stars", "stars", rating.stars))
        }),
        f: Frame::of(ui, staff.visitor, "cases"),
    })
}

fn assignment(snapshot: &Snapshot, words: &Words, one: &Assignment) -> AssignmentLine {
    let key = match one.state {
        AssignmentState::Offered => "assignment-offered",
        AssignmentState::Accepted => "assignment-accepted",
        AssignmentState::Done => "assignment-done",
        AssignmentState::Rework => "assignment-rework",
        AssignmentState::Returned => "assignment-returned",
        AssignmentState::Withdrawn => "assignment-withdrawn",
    };
    let light = one.clock.light(words.now, snapshot.city.calendar_of(&one.clock));
    AssignmentLine {
        unit: names::unit(snapshot, words, &one.unit),
        is_lead: one.is_lead,
        state: words.t(key),
        light: LightView::of(words, Some(light), one.clock.due_at),
        is_running: one.state.is_running(),
    }
}

fn contacts(words: &Words, page: &CasePage, unmasked: Option<Unmasked>) -> Vec<ContactLine> {
    page.contacts
        .iter()
        .map(|contact| {
            let looked = unmasked.as_ref().filter(|looked| looked.field == contact.field);
            let label = match contact.field.as_str() {
                "phone" => words.t("contact-phone"),
                "email" => words.t("contact-email"),
                _ => words.t("contact-name"),
            };
            ContactLine {
                field: contact.field.clone(),
                label,
                masked: contact.masked.clone().unwrap_or_else(|| words.t("contact-unreadable")),
                ends: words.long_day(contact.ends_at.to_zoned(words.zone.clone()).date()),
                clear: looked.and_then(|looked| looked.value.clone()),
                wrong: looked.and_then(|looked| looked.wrong.clone()),
            }
        })
        .collect()
}

/// Every promise of the case, the running ones first.
fn clocks(snapshot: &Snapshot, words: &Words, page: &CasePage) -> Vec<ClockLine> {
    let case = &page.case;
    let stage = |stage: Stage| match stage {
        Stage::Accept => words.t("stage-accept"),
        Stage::Verify => words.t("stage-verify"),
        Stage::File => words.t("stage-file"),
        Stage::Dispatch => words.t("stage-dispatch"),
        Stage::Handle => words.t("stage-handle"),
        Stage::Check => words.t("stage-check"),
        Stage::Close => words.t("stage-close"),
    };
    let line = |title: String, clock: &Clock| {
        let calendar = snapshot.city.calendar_of(clock);
        ClockLine {
            title,
            light: LightView::of(words, Some(clock.light(words.now, calendar)), clock.due_at),
            is_running: clock.stopped_at.is_none(),
            lines: clock.explain(words.now, calendar).iter().map(|line| words.line(line).to_owned()).collect(),
        }
    };
    let whole = case.past.iter().chain(&case.clock).map(|clock| line(stage(clock.stage), clock));
    let parts = case.assignments.iter().map(|one| {
        let unit = names::unit(snapshot, words, &one.unit);
        let part = if one.is_lead { words.t("part-lead") } else { words.t("part-assisting") };
        line(format!("{} · {unit} · {part}", stage(Stage::Handle)), &one.clock)
    });
    let original = case.original.iter().map(|clock| line(words.t("clock-original"), clock));
    let mut clocks: Vec<ClockLine> = whole.chain(parts).chain(original).collect();
    clocks.sort_by_key(|clock| !clock.is_running);
    clocks
}

/// The key that opens a step's form.
fn key(step: Move) -> &'static str {
    match step {
        Move::File => "f",
        Move::Dispatch => "d",
        Move::Accept => "a",
        Move::Handle => "h",
        Move::Check => "k",
        Move::Close => "c",
        Move::Refuse => "x",
        Move::Return | Move::SendBack => "r",
        Move::Remark => "m",
        Move::Urge => "u",
        Move::SendToVerify | Move::Verify => "v",
        Move::Submit | Move::SendToCheck => "s",
        Move::Place => "l",
        Move::Correct => "t",
        Move::Escalate => "e",
        Move::Ask => "w",
        Move::Answer => "n",
        Move::Reopen | Move::Resume => "o",
        Move::Show => "p",
        Move::Void | Move::ForceClose | Move::Rate | Move::Withhold => "",
    }
}

fn forms(ui: &Ui, snapshot: &Snapshot, words: &Words, page: &CasePage, draft: &mut Option<Draft>) -> Vec<StepForm> {
    let open: Vec<_> =
        page.choices.iter().filter(|choice| choice.refused.is_none() && choice.step != Move::Rate).collect();
    let is_open = |step: Move| open.iter().any(|choice| choice.step == step);
    // A case in no grid cannot be filed: placing it comes first.
    let first = match page.case.place.is_placed {
        false if is_open(Move::Place) => Some(Move::Place),
        _ => FORWARD.into_iter().find(|step| is_open(*step)),
    };
    let mut has_opened = draft.is_some();
    let mut forms: Vec<StepForm> = open
        .iter()
        .map(|choice| {
            let tried = draft.take_if(|draft| draft.step == choice.step && draft.assignment == choice.assignment);
            let is_first = !has_opened && Some(choice.step) == first;
            has_opened |= is_first;
            form(ui, snapshot, words, page, choice.step, choice.assignment, is_first, tried)
        })
        .collect();
    forms.sort_by_key(|form| !form.is_open);
    forms
}

#[allow(clippy::too_many_arguments, reason = "the parts of one form, named at the one place that makes it")]
fn form(
    ui: &Ui,
    snapshot: &Snapshot,
    words: &Words,
    page: &CasePage,
    step: Move,
    assignment: Option<u8>,
    is_first: bool,
    tried: Option<Draft>,
) -> StepForm {
    let case = &page.case;
    let was_tried = tried.is_some();
    let empty = Fields::default();
    let typed = tried.as_ref().map_or(&empty, |draft| &draft.fields);
    let reasons = |list: ReasonList, name: &str| reasons(snapshot, words, list, typed.text(name));
    let list = match step {
        Move::Refuse => Some(ReasonList::Refuse),
        Move::Void => Some(ReasonList::Void),
        Move::SendBack => Some(ReasonList::SendBack),
        Move::Return => Some(ReasonList::Return),
        Move::ForceClose => Some(ReasonList::ForceClose),
        Move::Reopen => Some(ReasonList::Reopen),
        Move::Escalate => Some(ReasonList::Escalate),
        Move::Check => Some(ReasonList::CheckFailed),
        Move::Withhold => Some(ReasonList::Withhold),
        _ => None,
    };
    let note = match step {
        Move::SendToVerify
        | Move::Submit
        | Move::File
        | Move::Dispatch
        | Move::Accept
        | Move::SendToCheck
        | Move::Resume
        | Move::Place
        | Move::Correct
        | Move::Show
        | Move::Withhold
        | Move::Rate => None,
        Move::Close => Some(("note-reply", "note-reply-hint")),
        Move::ForceClose => Some(("note-reply", "note-forced-hint")),
        Move::Remark => Some(("note-remark", "note-remark-hint")),
        Move::Refuse => Some(("note-refuse", "note-refuse-hint")),
        _ => Some(("note-words", "note-words-hint")),
    };
    let takes_photos = matches!(step, Move::Verify | Move::Handle | Move::Check);
    let kept = tried.as_ref().map(|draft| draft.photos.as_slice()).unwrap_or_default();
    let several = case.round().count() > 1;
    StepForm {
        code: step.code(),
        label: names::step(snapshot, words, step),
        about: assignment
            .filter(|_| several)
            .and_then(|no| case.assignment(no))
            .map(|one| names::unit(snapshot, words, &one.unit)),
        assignment,
        is_open: is_first || was_tried,
        key: key(step),
        wrong: tried.as_ref().map(|draft| draft.wrong.clone()).unwrap_or_default(),
        note: note.map(|(label, hint)| Note {
            label: words.t(label),
            hint: words.t(hint),
            typed: typed.text("note").to_owned(),
        }),
        reasons: list.map(|list| reasons(list, "reason")).unwrap_or_default(),
        units: match step {
            Move::SendToVerify | Move::SendToCheck => collectors(snapshot, words, page, typed.text("unit")),
            _ => Vec::new(),
        },
        unit_none: (step == Move::SendToCheck).then(|| words.t("check-desk")),
        photos: takes_photos.then(|| PhotosPart {
            most: crate::photos::most(&ui.app),
            limit: crate::photos::limit(words, &ui.app),
            kept: kept
                .iter()
                .enumerate()
                .map(|(at, photo)| report::KeptPhoto {
                    name: crate::photos::name(photo),
                    label: words.t1("photos-kept", "no", at.saturating_add(1)),
                })
                .collect(),
        }),
        detail: detail(snapshot, words, page, step, assignment, typed),
    }
}

fn detail(
    snapshot: &Snapshot,
    words: &Words,
    page: &CasePage,
    step: Move,
    assignment: Option<u8>,
    typed: &Fields,
) -> Detail {
    let case = &page.case;
    match step {
        Move::Verify => Detail::Verify,
        Move::File => {
            let chosen = typed.text("pick");
            let text = case.text.and_then(|text| page.texts.get(&text)).map_or("", String::as_str);
            let given = classes::given(snapshot, words, case, chosen);
            let asked = typed.text("q");
            if !asked.is_empty() {
                let (picks, more) = classes::find(snapshot, words, case, asked, chosen);
                return Detail::File { picks, typed: asked.to_owned(), more };
            }
            let (found, _) = match given {
                Some(_) => (Vec::new(), None),
                None => classes::find(snapshot, words, case, text, chosen),
            };
            let picks: Vec<ClassPick> = given.into_iter().chain(found.into_iter().take(5)).collect();
            Detail::File { picks, typed: String::new(), more: None }
        }
        Move::Dispatch => Detail::Dispatch {
            proposals: page
                .proposals
                .iter()
                .enumerate()
                .map(|(at, proposal)| ProposalLine {
                    code: proposal.unit.to_string(),
                    name: names::unit(snapshot, words, &proposal.unit),
                    why: words.of(&proposal.reason.zh, &proposal.reason.en).to_owned(),
                    is_first: at == 0,
                })
                .collect(),
            others: handlers_in_sight(case, &snapshot.city)
                .map(|unit| {
                    let name = words.name(&unit.name_zh, unit.name_en.as_deref());
                    Choice::new(&unit.code, name, unit.code.as_str() == typed.text("other"))
                })
                .collect(),
        },
        Move::Check => Detail::Check,
        Move::Close => Detail::Close {
            ticks: page.closing_conditions.iter().map(|tick| words.of(&tick.zh, &tick.en).to_owned()).collect(),
        },
        Move::Ask => {
            let rules = &snapshot.city.policy.asking;
            let granted = assignment.and_then(|no| case.assignment(no)).map_or(0, |one| one.clock.limit.minutes);
            let most = u64::from(granted).saturating_mul(u64::from(rules.extension_percent_most)) / 100 / 60;
            Detail::Ask {
                extension: reasons(snapshot, words, ReasonList::Extension, typed.text("extension_reason")),
                suspension: reasons(snapshot, words, ReasonList::Suspension, typed.text("suspension_reason")),
                hours_most: u32::try_from(most).unwrap_or(u32::MAX).max(1),
                days_most: rules.suspension_days_most,
            }
        }
        Move::Answer => Detail::Answer {
            what: case.asked.as_ref().map(|asked| timeline::asked(words, &asked.asking)).unwrap_or_default(),
        },
        Move::Place => Detail::Place {
            pick: match case.place.deepest() {
                Some(area) => AreaPick::at(snapshot, words, area),
                None => AreaPick::of(snapshot, words, &[]),
            },
        },
        Move::Correct => {
            let now = case.class.as_ref().map(|class| class.code.as_str()).unwrap_or_default();
            Detail::Correct { classes: report::classes(snapshot, words, now) }
        }
        Move::Show => {
            let (said, photos) = show_lines(snapshot, words, page);
            Detail::Show { words: said, photos }
        }
        Move::Withhold => {
            let (said, photos) = show_lines(snapshot, words, page);
            Detail::Withhold { words: said, photos }
        }
        _ => Detail::None,
    }
}

/// The words and photos of the case, each with what everybody may see of it.
fn show_lines(snapshot: &Snapshot, words: &Words, page: &CasePage) -> (Option<String>, Vec<ShowLine>) {
    let state = |showing: Option<&Showing>, is_version: bool| match showing {
        Some(Showing::Public { instead: None }) => words.t("show-state-public"),
        Some(Showing::Public { instead: Some(_) }) => words.t("show-state-instead"),
        Some(Showing::Withheld { reason }) => {
            words.t1("show-state-withheld", "reason", names::reason(snapshot, words, reason))
        }
        None if is_version => words.t("show-state-version"),
        None => words.t("show-state-unseen"),
    };
    let case = &page.case;
    let has_words = case.text.or(case.place.address).is_some_and(|text| page.texts.contains_key(&text));
    let digests: Vec<_> = page.photos.iter().map(|photo| photo.row.digest).collect();
    let photos = timeline::photos(&digests, page, words);
    let lines = page.photos.iter().zip(photos).map(|(one, photo)| ShowLine {
        digest: one.row.digest.to_string(),
        photo,
        state: state(one.showing.as_ref(), one.is_public),
    });
    (has_words.then(|| state(case.showings.words.as_ref(), false)), lines.collect())
}

fn reasons(snapshot: &Snapshot, words: &Words, list: ReasonList, chosen: &str) -> Vec<Choice> {
    let reasons = snapshot.city.policy.reasons.get(&list).map(Vec::as_slice).unwrap_or_default();
    reasons
        .iter()
        .map(|reason| {
            let label = words.of(&reason.zh, &reason.en);
            let label =
                if reason.needs_note { words.t1("reason-needs-note", "reason", label) } else { label.to_owned() };
            Choice::new(&reason.code, label, reason.code.as_str() == chosen)
        })
        .collect()
}

/// Collectors' units that see the place, the nearest first and chosen.
fn collectors(snapshot: &Snapshot, words: &Words, page: &CasePage, chosen: &str) -> Vec<Choice> {
    let case = &page.case;
    let nearest = snapshot.city.collectors_for(&case.place.path);
    // A case that was sent to be checked before goes back to whoever knows it.
    let last = match &case.state {
        State::Checking { check: CheckKind::Field, unit } => unit.clone(),
        _ => None,
    };
    let wanted = Some(chosen).filter(|chosen| !chosen.is_empty()).map(UnitCode::from).or(last).or(nearest);
    let mut units: Vec<Choice> = collectors_in_sight(case, &snapshot.city)
        .map(|unit| {
            let name = words.name(&unit.name_zh, unit.name_en.as_deref());
            Choice::new(&unit.code, name, wanted.as_ref() == Some(&unit.code))
        })
        .collect();
    units.sort_by_key(|unit| !unit.is_chosen);
    units
}
