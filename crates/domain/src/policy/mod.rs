//! What differs between cities, as data: versioned, validated when loaded and when published.
//!
//! A policy chooses between paths the rules know; it cannot add a state, join
//! the two axes or let a handler close. [`Policy::parse`] refuses what would
//! leave a case without a way out.

use crate::{
    case::{Source, StateKind},
    fault::Fault,
    ids::ReasonCode,
    people::Role,
    sla::{Limit, Stage},
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One published version of a city's policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    pub version: u32,
    pub title_zh: String,
    pub title_en: String,
    /// Which calendar the working clocks run on.
    pub calendar: String,
    /// Which catalogue scheme new reports are filed under.
    pub scheme: String,
    /// Where a report starts; a source that is not named starts at the acceptor.
    #[serde(default)]
    pub entry: BTreeMap<Source, EntryRule>,
    /// How long each stage may take, except handling, which the filing condition says.
    pub stages: BTreeMap<Stage, Limit>,
    pub on_spot: OnSpot,
    pub check: Check,
    pub asking: AskingRules,
    pub confirmation: Confirmation,
    pub backstop: Backstop,
    /// 0 means that an urge may follow an urge at once.
    pub urge_every_minutes: u32,
    #[serde(default)]
    pub photos: Photos,
    /// What everybody may see of a report before somebody has looked; nothing from a source that is not named.
    #[serde(default)]
    pub showing: BTreeMap<Source, ShowRule>,
    /// The reasons people choose from, by list.
    pub reasons: BTreeMap<ReasonList, Vec<Reason>>,
    /// The city's own words for states, moves and roles, by code; the default label where absent.
    #[serde(default)]
    pub labels: BTreeMap<String, Label>,
    /// What the pages tell people to call.
    #[serde(default)]
    pub telephones: Telephones,
    /// Roles that sign in with a second factor; for others it is their own choice.
    #[serde(default)]
    pub second_factor: BTreeSet<Role>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryRule {
    /// An acceptor decides whether it must be verified.
    Accept,
    /// It is verified in the field before anybody files it.
    Verify,
    /// The source has looked already.
    File,
}

/// 自行处置: trifles a collector mends while there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnSpot {
    pub allowed: bool,
}

/// The check before closing. It always takes place, and never by who handled the case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Sent to a checker at once, or by an acceptor.
    pub is_automatic: bool,
    /// How many of a hundred handled cases a collector visits; the rest are checked by their photos.
    pub field_percent: u8,
    /// The unit must show what it did.
    pub needs_photo: bool,
}

/// Extensions 延期 and suspensions 挂账, which a unit asks for and somebody else grants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskingRules {
    /// `dispatcher` or `duty_chief`.
    pub decided_by: Role,
    /// Granted extensions for one assignment, at most; a refusal does not count.
    pub extensions_most: u8,
    /// The longest single extension, in percent of the limit as first granted.
    pub extension_percent_most: u16,
    /// An extension must be asked for before the limit has passed.
    pub before_due: bool,
    pub suspensions_most: u8,
    pub suspension_days_most: u16,
}

/// The reporter's answer after closing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// How long "not solved" reopens the case, in hours; 0 closes it for good at once.
    pub window_hours: u32,
    /// How often one case may be reopened by its reporter.
    pub reopenings_most: u8,
}

/// 兜底: when a case has been handed back so often, the territory takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backstop {
    /// After this many returns the street answers and may not hand it back; 0 means never.
    pub after_returns: u8,
}

/// Photos that go with a report or a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Photos {
    /// In one report or step.
    pub most: u8,
}

impl Default for Photos {
    fn default() -> Photos {
        Photos { most: 6 }
    }
}

/// Words and photos of a report, as they come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShowRule {
    /// Nobody outside sees them before somebody has looked.
    Unseen,
    /// Everybody sees them at once; they can be withheld afterwards.
    Public,
}

/// The list a reason is chosen from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonList {
    Refuse,
    Void,
    SendBack,
    Return,
    CheckFailed,
    ForceClose,
    Reopen,
    Extension,
    Suspension,
    Escalate,
    Withhold,
}

impl ReasonList {
    pub const ALL: [ReasonList; 11] = [
        ReasonList::Refuse,
        ReasonList::Void,
        ReasonList::SendBack,
        ReasonList::Return,
        ReasonList::CheckFailed,
        ReasonList::ForceClose,
        ReasonList::Reopen,
        ReasonList::Extension,
        ReasonList::Suspension,
        ReasonList::Escalate,
        ReasonList::Withhold,
    ];
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    pub code: ReasonCode,
    pub zh: String,
    pub en: String,
    /// Choosing it asks for a few words as well.
    #[serde(default)]
    pub needs_note: bool,
}

/// The numbers people in the city know; pages name none where they are absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telephones {
    /// Where danger is near, as the end of a sentence: "110, 119 or 120".
    pub emergency: Option<Label>,
    /// The city's own line.
    pub hotline: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    pub zh: String,
    pub en: String,
}

impl Policy {
    /// Reads a policy from TOML and refuses one that could not be worked by.
    ///
    /// # Errors
    /// Every fault found, each with the field and what to do.
    pub fn parse(file: &str, text: &str) -> Result<Policy, Vec<Fault>> {
        let mut policy: Policy = toml::from_str(text).map_err(|error| {
            let line = error.span().and_then(|span| {
                text.get(..span.start).map(|before| u32::try_from(before.matches('\n').count()).unwrap_or(0) + 1)
            });
            vec![Fault {
                file: file.to_owned(),
                line,
                field: None,
                what: error.message().to_owned(),
                what_zh: format!("无法读取：{}", error.message()),
                fix: "correct the line; data/policy/default.toml shows every field that must be there".to_owned(),
                fix_zh: "请改正这一行；data/policy/default.toml 列出了全部必填字段".to_owned(),
            }]
        })?;
        // Policies from before there was this list go on with the shipped one.
        policy.reasons.entry(ReasonList::Withhold).or_insert_with(withhold_reasons);
        let faults = policy.faults(file);
        if faults.is_empty() { Ok(policy) } else { Err(faults) }
    }

    /// What is wrong with the policy, if anything.
    pub fn faults(&self, file: &str) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut fault = |field: String, what: &str, what_zh: &str, fix: &str, fix_zh: &str| {
            faults.push(Fault {
                file: file.to_owned(),
                line: None,
                field: Some(field),
                what: what.to_owned(),
                what_zh: what_zh.to_owned(),
                fix: fix.to_owned(),
                fix_zh: fix_zh.to_owned(),
            });
        };
        for stage in [Stage::Accept, Stage::Verify, Stage::File, Stage::Dispatch, Stage::Check, Stage::Close] {
            if self.stages.get(&stage).is_none_or(|limit| limit.minutes == 0) {
                fault(
                    format!("stages.{}", serde_name(stage)),
                    "a stage without a limit never comes due",
                    "没有时限的阶段永远不会到期",
                    "give the stage a limit of at least one minute",
                    "请给这个阶段至少一分钟的时限",
                );
            }
        }
        for list in ReasonList::ALL {
            let reasons = self.reasons.get(&list).map(Vec::as_slice).unwrap_or_default();
            if reasons.is_empty() {
                fault(
                    format!("reasons.{}", serde_name(list)),
                    "nobody could take this step, because it needs a reason from an empty list",
                    "清单为空，需要理由的这一步就没有人能做",
                    "list at least one reason",
                    "请至少列出一个理由",
                );
            }
            for (index, reason) in reasons.iter().enumerate() {
                if reasons.iter().take(index).any(|other| other.code == reason.code) {
                    fault(
                        format!("reasons.{}", serde_name(list)),
                        &format!("the reason {} is listed twice", reason.code),
                        &format!("理由 {} 重复", reason.code),
                        "keep one of them",
                        "请只保留一个",
                    );
                }
            }
        }
        if self.check.field_percent > 100 {
            fault(
                "check.field_percent".to_owned(),
                "more than a hundred of a hundred cases cannot be visited",
                "抽查比例不能超过 100",
                "give a number from 0 to 100",
                "请填 0 到 100 之间的数",
            );
        }
        if !matches!(self.asking.decided_by, Role::Dispatcher | Role::DutyChief) {
            fault(
                "asking.decided_by".to_owned(),
                "only a dispatcher or a duty chief can grant time",
                "延期和挂账只能由派遣员或值班长批复",
                "write dispatcher or duty_chief",
                "请填 dispatcher 或 duty_chief",
            );
        }
        if self.asking.suspensions_most > 0 && self.asking.suspension_days_most == 0 {
            fault(
                "asking.suspension_days_most".to_owned(),
                "suspensions are allowed but may last no day",
                "允许挂账，却不允许任何天数",
                "give at least one day, or set suspensions_most to 0",
                "请至少允许一天，或把 suspensions_most 设为 0",
            );
        }
        faults
    }

    /// The limit of a stage that is not handling.
    pub fn stage_limit(&self, stage: Stage) -> Option<Limit> {
        self.stages.get(&stage).copied()
    }

    pub fn entry_of(&self, source: Source) -> EntryRule {
        self.entry.get(&source).copied().unwrap_or(EntryRule::Accept)
    }

    /// Is a report from this source shown before anybody has looked?
    pub fn shows_unseen(&self, source: Source) -> bool {
        self.showing.get(&source) == Some(&ShowRule::Public)
    }

    /// States no case can come to rest in under this policy.
    pub fn unused_states(&self) -> Vec<StateKind> {
        let mut unused = Vec::new();
        if self.check.is_automatic {
            unused.push(StateKind::Handled);
        }
        if self.asking.suspensions_most == 0 {
            unused.push(StateKind::Suspended);
        }
        unused
    }

    pub fn reason(&self, list: ReasonList, code: &ReasonCode) -> Option<&Reason> {
        self.reasons.get(&list)?.iter().find(|reason| &reason.code == code)
    }

    /// The words for a reason wherever it was chosen from; the code itself when the list no longer has it.
    pub fn reason_label<'a>(&'a self, code: &'a ReasonCode) -> (&'a str, &'a str) {
        self.reasons
            .values()
            .flatten()
            .find(|reason| &reason.code == code)
            .map_or((code.as_str(), code.as_str()), |reason| (&reason.zh, &reason.en))
    }
}

/// Reasons to withhold words or photos, for a policy that lists none.
fn withhold_reasons() -> Vec<Reason> {
    #[derive(Deserialize)]
    struct Shipped {
        withhold: Vec<Reason>,
    }
    let shipped: Shipped = toml::from_str(include_str!("../../../../data/policy/withhold.toml"))
        .expect("the shipped list reads, as a test says");
    shipped.withhold
}

fn serde_name(value: impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
