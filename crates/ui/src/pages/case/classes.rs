//! Finding a class and its filing condition: by words, with the limit each would promise at this place.

use super::Where;
use crate::{Ui, failure::Failure, names, session::Staff, words::Words};
use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{Html, IntoResponse, Response},
};
use gewu_app::city::Snapshot;
use gewu_domain::{
    case::Case,
    catalogue::{Catalogue, Class},
};
use serde::Deserialize;
use std::collections::BTreeSet;

/// Classes shown at once; the search narrows the rest.
const SHOWN_MOST: usize = 12;

/// A class with the ways it goes wrong.
pub struct ClassPick {
    pub plain: String,
    pub name: String,
    pub conditions: Vec<ConditionPick>,
}

pub struct ConditionPick {
    /// `class:number`, as the form sends it.
    pub value: String,
    pub what: String,
    pub limit: String,
    pub is_urgent: bool,
    pub is_chosen: bool,
}

/// Classes that fit what was typed, best first; and a word about those not shown.
pub fn find(
    snapshot: &Snapshot,
    words: &Words,
    case: &Case,
    typed: &str,
    chosen: &str,
) -> (Vec<ClassPick>, Option<String>) {
    let Some(catalogue) = names::catalogue(snapshot) else { return (Vec::new(), None) };
    let found = ranked(catalogue, typed);
    let hidden = found.len().saturating_sub(SHOWN_MOST);
    let more = (hidden > 0).then(|| words.t1("file-more", "n", hidden));
    let shown = found.into_iter().take(SHOWN_MOST);
    (shown.map(|class| pick(snapshot, words, case, class, chosen)).collect(), more)
}

/// The class given with the report, if it has one.
pub fn given(snapshot: &Snapshot, words: &Words, case: &Case, chosen: &str) -> Option<ClassPick> {
    let class = case.class.as_ref()?;
    let class = names::catalogue(snapshot)?.get(&class.code)?;
    let mut given = pick(snapshot, words, case, class, chosen);
    if let ([only], true) = (given.conditions.as_mut_slice(), chosen.is_empty()) {
        only.is_chosen = true;
    }
    Some(given)
}

fn ranked<'c>(catalogue: &'c Catalogue, typed: &str) -> Vec<&'c Class> {
    let wanted: BTreeSet<String> = gewu_text::terms(typed).into_iter().collect();
    let whole = typed.trim().to_lowercase();
    if whole.is_empty() {
        return Vec::new();
    }
    let score = |class: &Class| {
        let names = format!(
            "{} {} {} {} {} {} {}",
            class.plain_zh, class.plain_en, class.name_zh, class.name_en, class.major_zh, class.major_en, class.code
        );
        let conditions: String = class.conditions.iter().map(|c| format!("{} {} ", c.filing_zh, c.filing_en)).collect();
        let shared = |text: &str| gewu_text::terms(text).iter().filter(|term| wanted.contains(*term)).count();
        let holds_whole = usize::from(names.to_lowercase().contains(&whole)) * 100;
        holds_whole + shared(&names) * 3 + shared(&conditions)
    };
    let mut found: Vec<(usize, &Class)> =
        catalogue.classes().iter().map(|class| (score(class), class)).filter(|(score, _)| *score > 0).collect();
    found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    found.into_iter().map(|(_, class)| class).collect()
}

fn pick(snapshot: &Snapshot, words: &Words, case: &Case, class: &Class, chosen: &str) -> ClassPick {
    let grade = case.place.deepest().map(|area| snapshot.city.areas.class_of(area));
    let conditions = class.conditions.iter().map(|condition| {
        let value = format!("{}:{}", class.code, condition.no);
        let limit = grade.map(|grade| condition.limits.of(grade).text(&snapshot.city.calendar));
        ConditionPick {
            what: words.of(&condition.filing_zh, &condition.filing_en).to_owned(),
            limit: limit.as_ref().map(|limit| words.line(limit).to_owned()).unwrap_or_default(),
            is_urgent: condition.urgent,
            is_chosen: value == chosen,
            value,
        }
    });
    ClassPick {
        plain: names::class_plain(words, class).to_owned(),
        name: names::class_name(words, class).to_owned(),
        conditions: conditions.collect(),
    }
}

#[derive(Template)]
#[template(path = "case/classes.html")]
struct ClassesPart {
    f: Words,
    picks: Vec<ClassPick>,
    more: Option<String>,
    typed: String,
}

#[derive(Deserialize)]
pub struct Typed {
    #[serde(default)]
    q: String,
}

/// What scripts fetch while somebody types.
pub async fn classes(
    State(ui): State<Ui>,
    staff: Staff,
    Path(place): Path<Where>,
    Query(typed): Query<Typed>,
) -> Result<Response, Failure> {
    let case = ui.app.case_page(staff.caller(), place.address()?).await?.case;
    let snapshot = ui.app.snapshot()?;
    let words = staff.visitor.words;
    let (picks, more) = find(&snapshot, &words, &case, &typed.q, "");
    Ok(Html(ClassesPart { f: words, picks, more, typed: typed.q }.render()?).into_response())
}
