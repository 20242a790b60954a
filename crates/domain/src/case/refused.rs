//! The rules say no: which rule, and what would be allowed instead.

use crate::case::{Case, Move, StateKind, moves_from};
use serde::Serialize;

/// An answer, not a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    pub rule: Rule,
    pub step: Move,
    pub state: StateKind,
    /// The moves the table allows in this state, whoever makes them.
    pub allowed: Vec<Move>,
    /// What exactly, when the rule alone does not say it: a code, a count, a list.
    pub detail: Option<String>,
}

impl Refused {
    pub fn new(rule: Rule, step: Move, case: &Case) -> Refused {
        Refused { rule, step, state: case.state.kind(), allowed: moves_from(case.state.kind()).collect(), detail: None }
    }

    pub fn because(mut self, detail: impl Into<String>) -> Refused {
        self.detail = Some(detail.into());
        self
    }

    /// One Chinese sentence for the person who tried.
    pub fn zh(&self) -> String {
        self.sentence(self.rule.zh(), "（", "）")
    }

    /// One English sentence for the person who tried.
    pub fn en(&self) -> String {
        self.sentence(self.rule.en(), " (", ")")
    }

    fn sentence(&self, rule: &str, open: &str, close: &str) -> String {
        match &self.detail {
            Some(detail) => format!("{rule}{open}{detail}{close}"),
            None => rule.to_owned(),
        }
    }
}

macro_rules! rules {
    ($($(#[$doc:meta])* $variant:ident => $code:literal, $zh:literal, $en:literal;)*) => {
        /// The rule that refused. Its code is stable: clients may test for it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Rule { $($(#[$doc])* $variant,)* }

        impl Rule {
            pub const ALL: &'static [Rule] = &[$(Rule::$variant,)*];
            pub fn code(self) -> &'static str {
                match self { $(Rule::$variant => $code,)* }
            }
            pub fn zh(self) -> &'static str {
                match self { $(Rule::$variant => $zh,)* }
            }
            pub fn en(self) -> &'static str {
                match self { $(Rule::$variant => $en,)* }
            }
        }
    };
}

rules! {
    State => "state", "案件当前状态不能做这一步", "this cannot be done in the case's present state";
    Role => "role", "您的岗位不做这一步", "your post does not make this move";
    Area => "area", "案件不在您负责的区域", "the case lies outside your area";
    Unit => "unit", "这一步归另一个单位", "this step belongs to another unit";
    FilesOrDispatches => "files_or_dispatches", "同一案件，立案的人不能派遣，派遣的人不能立案", "whoever filed a case may not dispatch it, nor the other way round";
    HandlesOrJudges => "handles_or_judges", "同一案件，处置的人不能核查或结案", "whoever handled a case may neither check nor close it, nor the other way round";
    ReturnReceiver => "return_receiver", "案件刚退回给您，下一步须由另一位同事来做", "the case was just returned to you: a colleague makes the next step";
    Reason => "reason", "需要从清单中选一个理由", "a reason from the list is needed";
    Note => "note", "这一步需要文字说明", "this step needs a few words of explanation";
    Unplaced => "unplaced", "案件还没有落到网格，请先定位", "the case is in no grid yet: place it first";
    Class => "class", "类别或立案条件不存在，或不是现行版本", "no such class or filing condition in the version in force";
    Units => "units", "单位不存在、重复，或不是处置单位", "a unit does not exist, is named twice, or does not handle cases";
    /// The detail lists the units that could be chosen instead.
    OutOfSight => "out_of_sight", "案件不在这个单位的辖区内，请从辖区包含它的单位中选", "the case lies outside that unit's territory: choose a unit whose territory contains it";
    Assignment => "assignment", "没有这项承办任务，或它已经结束", "no such assignment, or it has ended";
    Photos => "photos", "需要至少一张现场照片", "at least one photo of the place is needed";
    Conditions => "conditions", "结案条件还没有全部满足", "not every closing condition is ticked";
    AskedAlready => "asked_already", "已有一项申请等待批复", "a request is already waiting for its answer";
    NothingAsked => "nothing_asked", "没有等待批复的申请", "no request is waiting for an answer";
    AskerAnswers => "asker_answers", "申请人不能批复自己的申请", "whoever asked may not answer";
    TooOften => "too_often", "已达到政策允许的次数", "the policy allows no more of these";
    TooLong => "too_long", "超过政策允许的时长", "longer than the policy allows";
    TooLate => "too_late", "已经超过时限，不能再申请", "the limit has passed: it is too late to ask";
    TooEarly => "too_early", "还没有到时间", "it is too early for this";
    WindowPassed => "window_passed", "确认期已过，请重新上报", "the confirmation window has passed: please report again";
    TopLevel => "top_level", "已在最高一级，不能再上报", "it is at the highest level already";
    NoOneToAsk => "no_one_to_ask", "这一步现在没有可接的单位", "there is no unit to take this step";
    OnSpot => "on_spot", "本市不允许这样来源的现场自行处置", "this city does not take on-the-spot fixes from this source";
    Backstop => "backstop", "已多次回退，由属地兜底，不能再回退", "it has been returned so often that the territory answers for it";
    Rated => "rated", "已经评价过", "it has been rated already";
    Confidential => "confidential", "保密案件的文字和照片不公开", "nothing of a confidential case is shown";
    NothingChosen => "nothing_chosen", "请先选择文字或照片", "choose the words or a photo first";
}
