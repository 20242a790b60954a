//! From the form of a step to the step.

use crate::{fields::Fields, pages::pick::AreaPick, words::Words};
use gewu_app::{
    Problem,
    cases::{PhotoName, act::Step},
    city::Snapshot,
    locate::Location,
};
use gewu_domain::{
    case::{Asking, CheckKind, ClassRef, Command, Move, Part, Place, Shown},
    ids::{ClassCode, ReasonCode, UnitCode},
};
use jiff::{ToSpan, civil::Date};

/// Reads a step. What the rules say of it is asked later; here only what no form can leave out.
///
/// # Errors
/// The first thing that is missing or cannot be read.
pub fn read(
    step: Move,
    fields: &Fields,
    words: &Words,
    mut photos: Vec<PhotoName>,
    snapshot: &Snapshot,
) -> Result<Step, Problem> {
    let reason = || ReasonCode::new(fields.text("reason"));
    let assignment = fields.number("assignment").unwrap_or(0);
    let unit = || fields.given("unit").map(UnitCode::from).ok_or_else(|| missing(words, "unit"));
    let command = match step {
        Move::SendToVerify => Command::SendToVerify { unit: unit()? },
        Move::Verify => Command::Verify { is_true: yes_or_no(fields, words, "true")?, note: None, photos: Vec::new() },
        Move::Submit => Command::Submit,
        Move::File => {
            let (class, condition) = fields
                .given("pick")
                .and_then(|pick| pick.rsplit_once(':'))
                .and_then(|(class, no)| Some((class_ref(snapshot, class)?, no.parse().ok()?)))
                .ok_or_else(|| missing(words, "class"))?;
            Command::File { class, condition }
        }
        Move::Refuse => Command::Refuse { reason: reason(), note: None },
        Move::Void => Command::Void { reason: reason(), note: None },
        Move::SendBack => Command::SendBack { reason: reason(), note: None },
        Move::Dispatch => dispatch(fields, words)?,
        Move::Accept => Command::Accept { assignment },
        Move::Return => Command::Return { assignment, reason: reason(), note: None },
        Move::Handle => Command::Handle { assignment, note: None, photos: Vec::new() },
        Move::SendToCheck => match fields.given("unit") {
            Some(unit) => Command::SendToCheck { check: CheckKind::Field, unit: Some(UnitCode::from(unit)) },
            None => Command::SendToCheck { check: CheckKind::Desk, unit: None },
        },
        Move::Check => {
            let passed = yes_or_no(fields, words, "passed")?;
            let reason = fields.given("reason").filter(|_| !passed).map(ReasonCode::from);
            Command::Check { passed, reason, note: None, photos: Vec::new() }
        }
        Move::Close => {
            Command::Close { ticks: fields.all("tick").filter_map(|no| no.parse().ok()).collect(), reply: None }
        }
        Move::ForceClose => Command::ForceClose { reason: reason(), note: None },
        Move::Reopen => Command::Reopen { reason: reason(), note: None },
        Move::Resume => Command::Resume,
        Move::Ask => ask(fields, words, assignment)?,
        Move::Answer => Command::Answer { granted: yes_or_no(fields, words, "granted")?, note: None },
        Move::Escalate => Command::Escalate { reason: reason(), note: None },
        Move::Urge => Command::Urge { note: None },
        Move::Place => Command::Place { place: Place::default() },
        Move::Correct => {
            let class = class_ref(snapshot, fields.text("class")).ok_or_else(|| missing(words, "class"))?;
            Command::Correct { class }
        }
        Move::Rate | Move::Remark => Command::Remark { text: None },
        Move::Show => {
            let (shown, made) = shown(fields);
            photos = made;
            Command::Show { words: fields.is_ticked("words"), photos: shown }
        }
        Move::Withhold => Command::Withhold {
            words: fields.is_ticked("words"),
            photos: fields.all("about").filter_map(|photo| photo.parse().ok()).collect(),
            reason: reason(),
        },
    };
    Ok(Step {
        command,
        note: fields.text("note").to_owned(),
        photos,
        location: (step == Move::Place).then(|| location(fields, words, snapshot)),
        version: fields.number("version"),
    })
}

/// The photos ticked, and the uploads shown in the place of some: `instead` names the photo and the upload.
fn shown(fields: &Fields) -> (Vec<Shown>, Vec<PhotoName>) {
    let (mut shown, mut made) = (Vec::new(), Vec::new());
    for ticked in fields.all("about") {
        let Ok(photo) = ticked.parse() else { continue };
        let version =
            fields.all("instead").filter_map(|pair| pair.split_once(':')).filter(|(of, _)| *of == ticked).last();
        let token = version.and_then(|(_, answer)| crate::photos::read(answer));
        shown.push(Shown { photo, instead: token.as_ref().map(|_| photo) });
        made.extend(token.map(PhotoName::Upload));
    }
    (shown, made)
}

fn missing(words: &Words, field: &'static str) -> Problem {
    let key = match field {
        "unit" => "step-missing-unit",
        "class" => "step-missing-class",
        "asking" => "step-missing-asking",
        _ => "step-missing-answer",
    };
    Problem::new(field, "missing", words.t(key), words.t(key))
}

fn yes_or_no(fields: &Fields, words: &Words, name: &str) -> Result<bool, Problem> {
    match fields.text(name) {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(missing(words, "answer")),
    }
}

/// A class of the catalogue in force.
fn class_ref(snapshot: &Snapshot, code: &str) -> Option<ClassRef> {
    let catalogue = crate::names::catalogue(snapshot)?;
    let class = catalogue.get(&ClassCode::from(code))?;
    Some(ClassRef { scheme: catalogue.scheme.clone(), version: catalogue.version, code: class.code.clone() })
}

/// The unit proposed, or another one from the list; and those that assist.
fn dispatch(fields: &Fields, words: &Words) -> Result<Command, Problem> {
    let lead = fields.given("other").or(fields.given("lead")).ok_or_else(|| missing(words, "unit"))?;
    let part = |unit: &str, minutes: Option<u32>| Part { unit: UnitCode::from(unit), minutes };
    let minutes = fields.number("assisting_hours").and_then(|hours: u32| hours.checked_mul(60));
    let assisting = fields.all("assisting").filter(|unit| *unit != lead).map(|unit| part(unit, minutes)).collect();
    Ok(Command::Dispatch { lead: part(lead, None), assisting })
}

fn ask(fields: &Fields, words: &Words, assignment: u8) -> Result<Command, Problem> {
    let (asking, reason) = match fields.text("asking") {
        "extension" => {
            let minutes = fields
                .number("hours")
                .and_then(|hours: u32| hours.checked_mul(60))
                .ok_or_else(|| missing(words, "asking"))?;
            (Asking::Extension { minutes }, fields.text("extension_reason"))
        }
        "suspension" => {
            let until = fields
                .given("until")
                .and_then(|day| day.parse::<Date>().ok())
                .and_then(|day| day.checked_add(1.day()).ok()?.to_zoned(words.zone.clone()).ok())
                .ok_or_else(|| missing(words, "asking"))?;
            (Asking::Suspension { until: until.timestamp() }, fields.text("suspension_reason"))
        }
        _ => return Err(missing(words, "asking")),
    };
    Ok(Command::Ask { assignment, asking, reason: ReasonCode::from(reason), note: None })
}

fn location(fields: &Fields, words: &Words, snapshot: &Snapshot) -> Location {
    let point = match (fields.number("lon"), fields.number("lat")) {
        (Some(lon), Some(lat)) => Some((lon, lat)),
        _ => None,
    };
    Location {
        point,
        datum: None,
        area: AreaPick::of_fields(snapshot, words, fields).deepest(),
        address: fields.given("address").map(str::to_owned),
        part: fields.given("part").map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;
    use jiff::{Timestamp, tz::TimeZone};

    fn words() -> Words {
        Words { language: Language::English, now: Timestamp::UNIX_EPOCH, zone: TimeZone::UTC, own: Default::default() }
    }

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        Fields::of(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn a_unit_chosen_from_the_list_goes_before_the_proposed_one_and_never_assists_itself() {
        let form = fields(&[("lead", "road"), ("other", "water"), ("assisting", "water"), ("assisting", "power")]);
        let Ok(Command::Dispatch { lead, assisting }) = dispatch(&form, &words()) else { panic!("a dispatch") };
        assert_eq!(lead.unit, UnitCode::from("water"));
        assert_eq!(assisting.iter().map(|part| part.unit.as_str()).collect::<Vec<_>>(), ["power"]);
    }

    #[test]
    fn a_suspension_lasts_until_its_last_day_has_ended() {
        let form = fields(&[("asking", "suspension"), ("until", "2026-12-31"), ("suspension_reason", "season")]);
        let Ok(Command::Ask { asking: Asking::Suspension { until }, .. }) = ask(&form, &words(), 1) else {
            panic!("a suspension")
        };
        assert_eq!(until.to_string(), "2027-01-01T00:00:00Z");
    }

    #[test]
    fn a_photo_is_shown_by_the_last_version_made_of_it_and_only_if_it_is_ticked() {
        let [one, two, three] = ["1", "2", "3"].map(|digit| digit.repeat(64));
        let form = fields(&[
            ("about", &one),
            ("about", &two),
            ("instead", &format!("{two}:up_a")),
            ("instead", &format!("{three}:up_b")),
            ("instead", &format!(r#"{two}:{{"token":"up_c","width":1}}"#)),
        ]);
        let (shown, made) = shown(&form);
        let instead: Vec<bool> = shown.iter().map(|shown| shown.instead.is_some()).collect();
        assert_eq!((instead, made), (vec![false, true], vec![PhotoName::Upload("up_c".to_owned())]));
    }

    #[test]
    fn a_question_left_open_is_told_instead_of_guessed() {
        assert_eq!(yes_or_no(&fields(&[]), &words(), "passed").map_err(|problem| problem.code), Err("missing"));
        assert!(dispatch(&fields(&[]), &words()).is_err());
    }
}
