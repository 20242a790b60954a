//! What people in the made-up city say and write: from templates under `data/demo/texts`, seeded.
//!
//! In a template one of `[a|b|c]` is chosen and `{name}` is filled in. Knows families of matters and places' names;
//! nothing of cases. Start at [`Texts::shipped`].

use crate::{dice::Dice, names};
use gewu_domain::ids::{AreaCode, ClassCode};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Everything there is to say.
#[derive(Debug, Clone)]
pub struct Texts {
    pub families: Vec<Family>,
    common: BTreeMap<String, Vec<String>>,
    pub language: Language,
}

/// What people in the city speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Chinese,
    English,
}

/// A sort of matter, with the words for it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Family {
    pub name: String,
    /// What a photo of it shows.
    pub photo: String,
    /// Words by which it is recognised in what somebody wrote.
    pub words: Vec<String>,
    /// How much more of it there is while it rains.
    pub rain: f64,
    /// Hours of the day between which it is noticed.
    pub hours: [u8; 2],
    /// Classes with how often they come.
    pub classes: BTreeMap<ClassCode, f64>,
    /// As residents write it.
    pub say: Vec<String>,
    /// As collectors note it.
    pub patrol: Vec<String>,
    /// As the hotline writes it down.
    pub call: Vec<String>,
    /// What was done about it.
    pub done: Vec<String>,
    /// What is said of one class alone, instead of the above.
    #[serde(default)]
    pub own: BTreeMap<ClassCode, Own>,
}

/// What is said of one class.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Own {
    pub say: Vec<String>,
    pub patrol: Vec<String>,
    pub call: Vec<String>,
    pub done: Vec<String>,
}

/// What can be said of a matter: as residents write it, collectors note it, the hotline writes it down, and what was done.
#[derive(Debug, Clone, Copy)]
pub struct Said<'f> {
    pub say: &'f [String],
    pub patrol: &'f [String],
    pub call: &'f [String],
    pub done: &'f [String],
}

impl Family {
    pub fn said_of(&self, class: &ClassCode) -> Said<'_> {
        match self.own.get(class) {
            Some(own) => Said { say: &own.say, patrol: &own.patrol, call: &own.call, done: &own.done },
            None => Said { say: &self.say, patrol: &self.patrol, call: &self.call, done: &self.done },
        }
    }

    /// What there is most of.
    pub fn commonest(&self) -> Option<&ClassCode> {
        self.classes.iter().max_by(|a, b| a.1.total_cmp(b.1)).map(|(class, _)| class)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Families {
    family: Vec<Family>,
}

/// Names somebody at a place would use, made from the area's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surroundings {
    pub community: String,
    pub roads: Vec<&'static str>,
    pub estates: Vec<&'static str>,
}

impl Surroundings {
    /// The surroundings of a community; `street` shares its roads with all of its communities.
    pub fn of(seed: u64, street: &AreaCode, community: &AreaCode, name_zh: &str) -> Surroundings {
        let some = |key: &str, all: &[&'static str], count: usize| {
            let mut all = all.to_vec();
            Dice::named(seed, key).shuffle(&mut all);
            all.truncate(count);
            all
        };
        let mut roads = some(&format!("roads {street}"), &names::ROADS, 12);
        Dice::named(seed, &format!("roads {community}")).shuffle(&mut roads);
        roads.truncate(4);
        let estates = some(&format!("estates {community}"), &names::ESTATES, 4);
        Surroundings { community: name_zh.to_owned(), roads, estates }
    }
}

impl Texts {
    /// The texts that come with Gewu.
    pub fn shipped() -> Texts {
        let families: Families = toml::from_str(include_str!("../../../data/demo/texts/families.toml"))
            .expect("the shipped families read, as a test says");
        let common = toml::from_str(include_str!("../../../data/demo/texts/common.toml"))
            .expect("the shipped phrases read, as a test says");
        Texts { families: families.family, common, language: Language::Chinese }
    }

    /// What staff of an English-speaking city say, with families of its own.
    pub fn english(families: Vec<Family>) -> Texts {
        let common = toml::from_str(include_str!("../../../data/demo/texts/common.en.toml"))
            .expect("the shipped English phrases read, as a test says");
        Texts { families, common, language: Language::English }
    }

    pub fn family_of(&self, class: &ClassCode) -> Option<&Family> {
        self.families.iter().find(|family| family.classes.contains_key(class))
    }

    /// The class somebody most likely means by these words.
    pub fn guess(&self, words: &str) -> Option<&ClassCode> {
        let hits = |family: &Family| family.words.iter().filter(|word| words.contains(word.as_str())).count();
        let family = self.families.iter().filter(|family| hits(family) > 0).max_by_key(|family| hits(family))?;
        family.commonest()
    }

    /// One of these templates, filled in.
    pub fn one_of(&self, templates: &[String], at: &Surroundings, dice: &mut Dice) -> String {
        let template = dice.pick(templates).cloned().unwrap_or_default();
        self.fill(&template, at, dice)
    }

    /// One of the common phrases of this name, filled in.
    pub fn common(&self, name: &str, at: &Surroundings, dice: &mut Dice) -> String {
        let phrases = self.common.get(name).map(Vec::as_slice).unwrap_or_default();
        self.one_of(phrases, at, dice)
    }

    fn fill(&self, template: &str, at: &Surroundings, dice: &mut Dice) -> String {
        let mut text = template.to_owned();
        // Names may stand for templates themselves: open a few times, which is deeper than any of them goes.
        for _ in 0..4 {
            if !text.contains(['[', '{']) {
                break;
            }
            text = self.open(&text, at, dice);
        }
        text
    }

    fn open(&self, template: &str, at: &Surroundings, dice: &mut Dice) -> String {
        let mut text = String::with_capacity(template.len() * 2);
        let mut rest = template;
        while let Some(start) = rest.find(['[', '{']) {
            let (before, marked) = rest.split_at(start);
            text.push_str(before);
            let (close, is_choice) = if marked.starts_with('[') { (']', true) } else { ('}', false) };
            let Some((inside, after)) = marked.get(1..).and_then(|inside| inside.split_once(close)) else {
                text.push_str(marked);
                return text;
            };
            if is_choice {
                let choices: Vec<&str> = inside.split('|').collect();
                text.push_str(dice.pick(&choices).copied().unwrap_or_default());
            } else {
                text.push_str(&self.name(inside, at, dice));
            }
            rest = after;
        }
        text.push_str(rest);
        text
    }

    fn name(&self, name: &str, at: &Surroundings, dice: &mut Dice) -> String {
        let pick = |from: &[&'static str], dice: &mut Dice| dice.pick(from).copied().unwrap_or_default().to_owned();
        match name {
            "road" => at.roads.first().copied().unwrap_or_default().to_owned(),
            "road2" => pick(at.roads.get(1..).unwrap_or_default(), dice),
            "no" => dice.between(1, 260).to_string(),
            "building" => dice.between(1, 28).to_string(),
            "estate" => pick(&at.estates, dice),
            "landmark" => pick(&names::LANDMARKS, dice),
            "community" => at.community.clone(),
            other => match self.common.get(other) {
                Some(phrases) => dice.pick(phrases).cloned().unwrap_or_default(),
                None => format!("{{{other}}}"),
            },
        }
    }
}

/// An address as somebody would write it.
pub fn address(at: &Surroundings, dice: &mut Dice) -> String {
    let road = at.roads.first().copied().unwrap_or_default();
    match dice.index(3) {
        0 => format!("{road}{}号", dice.between(1, 260)),
        1 => format!("{}{}", road, dice.pick(&names::LANDMARKS).copied().unwrap_or_default()),
        _ => {
            format!("{}{}号楼", dice.pick(&at.estates).copied().unwrap_or_default(), dice.between(1, 28))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::town::SHIPPED;
    use gewu_domain::{catalogue::Catalogue, unit::UnitKinds};
    use std::collections::BTreeSet;

    fn here() -> Surroundings {
        Surroundings::of(1, &AreaCode::new("780101001000"), &AreaCode::new("780101001003"), "柳坊社区")
    }

    #[test]
    fn every_template_fills_without_a_mark_left() {
        let texts = Texts::shipped();
        let mut dice = Dice::new(1, &[]);
        let mut all: Vec<&Vec<String>> = texts.common.values().collect();
        for family in &texts.families {
            all.extend([&family.say, &family.patrol, &family.call, &family.done]);
            for own in family.own.values() {
                all.extend([&own.say, &own.patrol, &own.call, &own.done]);
            }
        }
        for template in all.into_iter().flatten() {
            for _ in 0..20 {
                let text = texts.fill(&template.replace("{unit}", "市政"), &here(), &mut dice);
                assert!(!text.contains(['[', ']', '{', '}', '|']), "{template} gives {text}");
            }
        }
    }

    #[test]
    fn whatever_staff_say_in_chinese_they_can_say_in_english() {
        let (texts, english) = (Texts::shipped(), Texts::english(Vec::new()));
        let habits = include_str!("habits.rs");
        let asked = |name: &&String| habits.contains(&format!("\"{name}\""));
        for name in texts.common.keys().filter(asked) {
            assert!(english.common.contains_key(name), "{name}");
        }
        let mut dice = Dice::new(1, &[]);
        for template in english.common.values().flatten() {
            let text = english.fill(&template.replace("{unit}", "DOT"), &here(), &mut dice);
            assert!(!text.contains(['[', ']', '{', '}', '|']), "{template} gives {text}");
        }
    }

    #[test]
    fn every_class_is_in_the_catalogue_and_in_one_family() {
        let texts = Texts::shipped();
        let kinds = UnitKinds::parse("kinds.csv", SHIPPED[0].2).unwrap();
        let catalogue = Catalogue::parse("gbt30428.csv", SHIPPED[1].2, &kinds).unwrap();
        let mut seen = BTreeSet::new();
        for class in texts.families.iter().flat_map(|family| family.classes.keys()) {
            assert!(catalogue.get(class).is_some(), "{class}");
            assert!(seen.insert(class), "{class} twice");
        }
    }

    #[test]
    fn residents_hardly_ever_say_the_same_twice() {
        let texts = Texts::shipped();
        let mut dice = Dice::new(1, &[]);
        let said: Vec<String> = (0..1_000)
            .map(|_| {
                let family = dice.pick(&texts.families).unwrap();
                texts.one_of(&family.say, &here(), &mut dice)
            })
            .collect();
        let different: BTreeSet<&String> = said.iter().collect();
        assert!(different.len() > 900, "{}", different.len());
    }

    #[test]
    fn whatever_is_said_of_a_class_alone_is_said_by_everybody_and_what_is_common_is_left_for_some_class() {
        for family in Texts::shipped().families {
            let shares = |class: &&ClassCode| !family.own.contains_key(*class);
            assert!(family.classes.keys().any(|class| shares(&class)), "{}", family.name);
            for class in family.own.keys().chain(family.classes.keys()) {
                assert!(family.classes.contains_key(class), "{class} of {}", family.name);
                let said = family.said_of(class);
                assert!([said.say, said.patrol, said.call, said.done].iter().all(|list| !list.is_empty()), "{class}");
            }
        }
    }

    #[test]
    fn what_is_said_of_a_leaflet_is_not_said_of_a_banner() {
        let texts = Texts::shipped();
        let said = |class: &str| {
            let class = ClassCode::from(class);
            let said = texts.family_of(&class).unwrap().said_of(&class);
            [said.say, said.patrol, said.call, said.done].concat().join(" ")
        };
        assert!(said("event-02-02").contains("传单") && !said("event-02-02").contains("条幅"));
        assert!(said("event-02-07").contains("条幅") && !said("event-02-01").contains("条幅"));
    }

    #[test]
    fn words_are_recognised() {
        let texts = Texts::shipped();
        let guess = |words: &str| texts.guess(words).map(|class| class.as_str().to_owned());
        assert_eq!(guess("门口的路灯不亮了").as_deref(), Some("part-01-37"));
        assert_eq!(guess("桥洞积水很深").as_deref(), Some("event-05-06"));
        assert_eq!(guess("随便说说"), None);
    }
}
