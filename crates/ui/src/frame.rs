//! What stands around every page: language, navigation, who is signed in and in which post.
//!
//! A [`Frame`] is the first field `f` of every template; it gives its [`Words`] through to them.

use crate::{
    Ui, assets,
    failure::Failure,
    names,
    session::Visitor,
    words::{Language, Words},
};
use askama::Template;
use axum::response::Html;
use gewu_app::{App, people::sign_in::Signed};
use gewu_domain::people::Role;
use jiff::civil::Date;
use std::ops::Deref;

pub struct Frame {
    pub words: Words,
    /// The page one is on, as the navigation names it.
    pub here: &'static str,
    /// To come back to after changing the language.
    pub address: String,
    /// The city's name.
    pub city: String,
    pub is_demo: bool,
    pub person: Option<FramePerson>,
    /// That the calendar ends soon, for who must see to the next.
    pub calendar_ends: Option<String>,
}

/// Who is signed in, as the frame shows them.
pub struct FramePerson {
    pub name: String,
    /// Role and unit of the post they act in; empty for somebody without a post.
    pub post: String,
    pub role: Option<Role>,
    pub posts: Vec<FramePost>,
    pub csrf: String,
    pub pages: Vec<FramePage>,
}

pub struct FramePost {
    pub id: String,
    pub label: String,
    pub is_chosen: bool,
}

/// One entry of the navigation.
pub struct FramePage {
    pub name: &'static str,
    pub href: &'static str,
    pub label: String,
    /// `g` and then this letter opens it.
    pub key: char,
}

impl Deref for Frame {
    type Target = Words;

    fn deref(&self) -> &Words {
        &self.words
    }
}

impl Frame {
    pub fn of(ui: &Ui, visitor: Visitor, here: &'static str) -> Frame {
        let snapshot = ui.app.snapshot().ok();
        let words = visitor.words;
        let city = snapshot.as_ref().and_then(|snapshot| {
            snapshot.city.areas.roots().next().map(|root| words.name(&root.name_zh, root.name_en.as_deref()).to_owned())
        });
        let person = visitor.signed.map(|signed| person(ui, &words, signed));
        let role = person.as_ref().and_then(|person| person.role);
        let calendar_ends = ui.app.calendar_ends().zip(snapshot).and_then(|(until, snapshot)| {
            let calendar = &snapshot.city.calendar;
            calendar_ends(&words, role, words.of(calendar.name_zh(), calendar.name_en()), until)
        });
        Frame {
            calendar_ends,
            here,
            address: visitor.address,
            city: city.unwrap_or_default(),
            is_demo: ui.app.settings.is_demo,
            person,
            words,
        }
    }

    pub fn csrf(&self) -> &str {
        self.person.as_ref().map_or("", |person| &person.csrf)
    }

    /// Where the work of whoever is signed in begins.
    pub fn first_page(&self) -> &'static str {
        self.person.as_ref().and_then(|person| person.pages.first()).map_or("/account", |page| page.href)
    }

    pub fn asset(&self, name: &str) -> String {
        assets::url(name)
    }

    /// The other language, as one switches to it.
    pub fn other_language(&self) -> Language {
        match self.words.language {
            Language::Chinese => Language::English,
            Language::English => Language::Chinese,
        }
    }

    pub fn encoded_address(&self) -> String {
        encode(&self.address)
    }
}

fn person(ui: &Ui, words: &Words, signed: Signed) -> FramePerson {
    let post = signed.caller.post().cloned();
    let label = |post: &gewu_domain::people::Post| {
        let unit = ui.app.snapshot().map_or_else(|_| post.unit.to_string(), |s| names::unit(&s, words, &post.unit));
        format!("{} · {unit}", names::role(words, post.role))
    };
    FramePerson {
        name: signed.person.name,
        post: post.as_ref().map(label).unwrap_or_default(),
        role: post.as_ref().map(|post| post.role),
        posts: signed
            .posts
            .iter()
            .map(|held| FramePost {
                id: held.id.to_string(),
                label: label(held),
                is_chosen: post.as_ref().is_some_and(|post| post.id == held.id),
            })
            .collect(),
        csrf: signed.csrf,
        pages: post.map_or_else(Vec::new, |post| pages(words, post.role)),
    }
}

/// What those are told who can publish the next calendar, or ask for it.
fn calendar_ends(words: &Words, role: Option<Role>, name: &str, until: Date) -> Option<String> {
    let sees_to_it = matches!(role, Some(Role::DutyChief | Role::Administrator));
    sees_to_it.then(|| words.t2("calendar-ends", "name", name, "day", words.long_day(until)))
}

/// The pages a role works with, most used first.
fn pages(words: &Words, role: Role) -> Vec<FramePage> {
    let sees_cases = !matches!(role, Role::Administrator | Role::Assessor | Role::Auditor);
    let takes_calls = matches!(role, Role::Acceptor | Role::DutyChief);
    [
        (App::has_desk(role), "inbox", "/inbox", words.t("nav-inbox"), 'i'),
        (takes_calls, "intake", "/intake", words.t("nav-intake"), 'n'),
        (role == Role::Collector, "patrol", "/patrol", words.t("nav-patrol"), 'n'),
        (sees_cases, "cases", "/cases", words.t("nav-cases"), 'c'),
        (true, "areas", "/areas", words.t("nav-areas"), 'a'),
        (role == Role::Administrator, "people", "/people", words.t("nav-people"), 'p'),
        (role == Role::Administrator, "data", "/data", words.t("nav-data"), 'd'),
        (role == Role::Auditor, "audit", "/audit", words.t("nav-audit"), 'u'),
    ]
    .into_iter()
    .filter(|(is_shown, ..)| *is_shown)
    .map(|(_, name, href, label, key)| FramePage { name, href, label, key })
    .collect()
}

/// The first page of somebody who has just signed in.
pub fn first_page(role: Option<Role>) -> &'static str {
    match role {
        Some(role) if App::has_desk(role) => "/inbox",
        Some(Role::Administrator) => "/people",
        Some(Role::Auditor) => "/audit",
        Some(Role::Supervisor) => "/cases",
        Some(_) => "/areas",
        None => "/account",
    }
}

/// Renders a template.
///
/// # Errors
/// When a template fails while rendering.
pub fn page(template: &impl Template) -> Result<Html<String>, Failure> {
    Ok(Html(template.render()?))
}

/// Percent-encodes a value for a query.
pub fn encode(value: &str) -> String {
    value.bytes().fold(String::with_capacity(value.len()), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/') {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Own;

    #[test]
    fn that_the_calendar_ends_is_told_to_duty_chiefs_and_administrators_in_their_language() {
        let told = |language, role| {
            let zone = jiff::tz::TimeZone::UTC;
            let words = Words { language, now: jiff::Timestamp::UNIX_EPOCH, zone, own: Own::default() };
            calendar_ends(&words, role, "cn", jiff::civil::date(2026, 12, 31))
        };
        for role in [Role::DutyChief, Role::Administrator] {
            let zh = told(Language::Chinese, Some(role)).unwrap();
            assert!(zh.contains("“cn”") && zh.contains("2026年12月31日"), "{zh}");
            let en = told(Language::English, Some(role)).unwrap();
            assert!(en.contains("“cn”") && en.contains("2026"), "{en}");
        }
        assert_eq!(told(Language::English, Some(Role::Dispatcher)), None);
        assert_eq!(told(Language::English, None), None);
    }
}
