//! What everybody may see of a case, whatever the policy and whatever happened to it.

use crate::town::*;
use gewu_domain::{
    case::{Case, Command, Context, Fact, Shown, Source},
    ids::ReasonCode,
    policy::{Policy, ReasonList, ShowRule},
};

fn open(rules: Policy, source: Source, is_confidential: bool) -> (Case, Fact) {
    let city = city(rules);
    let mut report = report(&city, source);
    report.is_confidential = is_confidential;
    let actor = &actors()[0];
    let (case, facts) =
        Case::open(report, &Context { at: "2026-11-02T01:00:00Z".parse().unwrap(), actor, city: &city }).unwrap();
    (case, facts.into_iter().next().unwrap())
}

#[test]
fn nothing_is_public_before_somebody_has_looked_unless_the_policy_says_so_of_its_source() {
    for source in Source::ALL {
        let (case, _) = open(policy(), source, false);
        assert!(!case.shows_words() && !case.shows_photo(digest(2)), "{source:?}");
        let mut trusting = policy();
        trusting.showing.insert(source, ShowRule::Public);
        for other in Source::ALL {
            for is_confidential in [false, true] {
                let (case, fact) = open(trusting.clone(), other, is_confidential);
                let is_shown = other == source && !is_confidential;
                assert_eq!((case.shows_words(), case.shows_photo(digest(2))), (is_shown, is_shown), "{other:?}");
                assert_eq!(Case::replay([&fact]), Some(case));
            }
        }
    }
}

#[test]
fn the_last_word_on_a_photo_holds_and_a_version_is_seen_as_long_as_its_photo_is_shown_by_it() {
    let (mut walk, cast) = walk_with(policy());
    let show = |photo: u8, instead: Option<u8>| Command::Show {
        words: false,
        photos: vec![Shown { photo: digest(photo), instead: instead.map(digest) }],
    };
    let withhold = || Command::Withhold { words: true, photos: vec![digest(2)], reason: ReasonCode::from("face") };
    let mut seen = |command: Command| {
        walk.step(&cast.acceptor, command).unwrap();
        let replayed = Case::replay(&walk.facts).unwrap();
        assert_eq!(replayed, walk.case);
        (replayed.shows_photo(digest(2)), replayed.shows_photo(digest(9)), replayed.shows_words())
    };
    assert_eq!(seen(show(2, None)), (true, false, false));
    assert_eq!(seen(show(2, Some(9))), (false, true, false));
    assert_eq!(seen(Command::Show { words: true, photos: Vec::new() }), (false, true, true));
    assert_eq!(seen(withhold()), (false, false, false));
    assert_eq!(seen(show(2, None)), (true, false, false));
}

#[test]
fn cases_and_reports_from_before_anybody_looked_still_read_and_show_nothing() {
    let (case, fact) = open(policy(), Source::Resident, false);
    let (case_json, fact_json) = (serde_json::to_string(&case).unwrap(), serde_json::to_string(&fact).unwrap());
    assert!(!case_json.contains("showing") && !fact_json.contains("is_public"), "they are written as they were before");
    assert_eq!(serde_json::from_str::<Case>(&case_json).unwrap(), case);
    assert_eq!(serde_json::from_str::<Fact>(&fact_json).unwrap(), fact);
}

#[test]
fn a_policy_from_before_there_was_the_list_goes_on_with_the_shipped_reasons() {
    let shipped = include_str!("../../../../data/policy/default.toml");
    let (before, _) = shipped.split_once("withhold = [").unwrap();
    let before = before.replace("[photos]\nmost = 6\n", "");
    let old = Policy::parse("old.toml", &before).unwrap();
    assert_eq!(old.reasons[&ReasonList::Withhold], policy().reasons[&ReasonList::Withhold]);
    assert_eq!(old.photos.most, 6);
}
