//! The states of a case and the one table of transitions between them.
//!
//! Leaving a state never depends on policy, only entering does: so a policy
//! published while cases are under way cannot trap one of them.

use crate::ids::{ReasonCode, UnitCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a case stands, with what belongs to standing there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub enum State {
    /// 已上报: arrived, waiting for an acceptor.
    Reported,
    /// 核实中: a collector looks whether it is so.
    Verifying { unit: UnitCode },
    /// 待立案: waiting for the duty chief.
    AwaitingFiling,
    /// 不予受理. Final, with its reason.
    NotAccepted { reason: ReasonCode },
    /// 作废. Final, with its reason.
    Void { reason: ReasonCode },
    /// 待派遣: filed, waiting for a dispatcher.
    AwaitingDispatch,
    /// 已派遣: with the units, the lead has not taken it yet.
    Dispatched,
    /// 已回退: the lead handed it back with a reason.
    Returned { reason: ReasonCode },
    /// 处置中.
    Handling,
    /// 挂账: nothing can be done until then; comes back by itself.
    Suspended { until: Timestamp, reason: ReasonCode, in_rework: bool },
    /// 处置完毕: waiting to be sent to a checker.
    Handled,
    /// 核查中: somebody other than the handler looks.
    Checking { check: CheckKind, unit: Option<UnitCode> },
    /// 返工: the check failed, the same units do it again.
    Rework,
    /// 待结案: the check passed, waiting for the duty chief.
    AwaitingClose,
    /// 已结案. Final once the confirmation window has passed.
    Closed { how: Closing, confirm_until: Option<Timestamp> },
    /// 已重开: the reporter, or a checker later, says it is not solved.
    Reopened,
}

/// How the check before closing is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// A collector goes there.
    Field,
    /// An acceptor compares the photos before and after.
    Desk,
}

/// Why a case counts as closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Closing {
    /// Handled, checked by somebody else, all closing conditions ticked.
    Solved,
    /// 强制结案: closed unsolved, for a named reason; counted apart.
    Forced { reason: ReasonCode },
}

macro_rules! kinds {
    ($(#[$doc:meta])* $name:ident { $($variant:ident => $code:literal, $zh:literal, $en:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($variant,)* }

        impl $name {
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The stable code used in JSON, SQL and message keys.
            pub fn code(self) -> &'static str {
                match self { $($name::$variant => $code,)* }
            }
            /// The default Chinese label; a city's policy may say it otherwise.
            pub fn zh(self) -> &'static str {
                match self { $($name::$variant => $zh,)* }
            }
            /// The default English label.
            pub fn en(self) -> &'static str {
                match self { $($name::$variant => $en,)* }
            }
            pub fn from_code(code: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|kind| kind.code() == code)
            }
        }
    };
}

kinds! {
    /// A state without its data, for tables, filters and labels.
    StateKind {
        Reported => "reported", "已上报", "Reported";
        Verifying => "verifying", "核实中", "Verifying";
        AwaitingFiling => "awaiting_filing", "待立案", "Awaiting filing";
        NotAccepted => "not_accepted", "不予受理", "Not accepted";
        Void => "void", "已作废", "Void";
        AwaitingDispatch => "awaiting_dispatch", "待派遣", "Awaiting dispatch";
        Dispatched => "dispatched", "已派遣", "Dispatched";
        Returned => "returned", "已回退", "Returned";
        Handling => "handling", "处置中", "Handling";
        Suspended => "suspended", "挂账", "Suspended";
        Handled => "handled", "处置完毕", "Handled";
        Checking => "checking", "核查中", "Checking";
        Rework => "rework", "返工", "Rework";
        AwaitingClose => "awaiting_close", "待结案", "Awaiting close";
        Closed => "closed", "已结案", "Closed";
        Reopened => "reopened", "已重开", "Reopened";
    }
}

kinds! {
    /// What somebody can do to a case, without its data.
    Move {
        SendToVerify => "send_to_verify", "派发核实", "Send to be verified";
        Verify => "verify", "核实", "Verify";
        Submit => "submit", "提交立案", "Submit for filing";
        File => "file", "立案", "File";
        Refuse => "refuse", "不予受理", "Refuse";
        Void => "void", "作废", "Void";
        SendBack => "send_back", "退回上一步", "Send back";
        Dispatch => "dispatch", "派遣", "Dispatch";
        Accept => "accept", "接单", "Accept";
        Return => "return", "回退", "Return";
        Handle => "handle", "处置完毕", "Report as handled";
        SendToCheck => "send_to_check", "派发核查", "Send to be checked";
        Check => "check", "核查", "Check";
        Close => "close", "结案", "Close";
        ForceClose => "force_close", "强制结案", "Close by force";
        Reopen => "reopen", "重开", "Reopen";
        Resume => "resume", "恢复", "Resume";
        Ask => "ask", "申请延期或挂账", "Ask for time or suspension";
        Answer => "answer", "批复申请", "Answer the request";
        Escalate => "escalate", "逐级上报", "Escalate";
        Urge => "urge", "催办", "Urge";
        Place => "place", "定位", "Place";
        Correct => "correct", "改类别", "Correct the class";
        Rate => "rate", "评价", "Rate";
        Remark => "remark", "备注", "Remark";
        Show => "show", "公开", "Show to everybody";
        Withhold => "withhold", "不公开", "Withhold";
    }
}

impl State {
    pub fn kind(&self) -> StateKind {
        match self {
            State::Reported => StateKind::Reported,
            State::Verifying { .. } => StateKind::Verifying,
            State::AwaitingFiling => StateKind::AwaitingFiling,
            State::NotAccepted { .. } => StateKind::NotAccepted,
            State::Void { .. } => StateKind::Void,
            State::AwaitingDispatch => StateKind::AwaitingDispatch,
            State::Dispatched => StateKind::Dispatched,
            State::Returned { .. } => StateKind::Returned,
            State::Handling => StateKind::Handling,
            State::Suspended { .. } => StateKind::Suspended,
            State::Handled => StateKind::Handled,
            State::Checking { .. } => StateKind::Checking,
            State::Rework => StateKind::Rework,
            State::AwaitingClose => StateKind::AwaitingClose,
            State::Closed { .. } => StateKind::Closed,
            State::Reopened => StateKind::Reopened,
        }
    }
}

impl StateKind {
    /// Nothing is owed any more (a closed case may still be reopened inside its window).
    pub fn is_final(self) -> bool {
        matches!(self, StateKind::NotAccepted | StateKind::Void | StateKind::Closed)
    }

    /// Filed and not yet ended: what counts as an open case in every rate.
    pub fn is_open(self) -> bool {
        !self.is_final()
    }
}

/// Every transition there is: move, from where, to where it may lead.
///
/// A move listed with the same state on both sides leaves the state as it is.
pub const TRANSITIONS: &[(Move, &[StateKind], &[StateKind])] = {
    use Move as M;
    use StateKind as S;
    &[
        (M::SendToVerify, &[S::Reported], &[S::Verifying]),
        (M::Verify, &[S::Verifying], &[S::AwaitingFiling]),
        (M::Submit, &[S::Reported], &[S::AwaitingFiling]),
        (M::File, &[S::AwaitingFiling], &[S::AwaitingDispatch]),
        (M::Refuse, &[S::Reported, S::AwaitingFiling], &[S::NotAccepted]),
        (M::Void, &[S::AwaitingFiling, S::AwaitingDispatch, S::Returned], &[S::Void]),
        (
            M::SendBack,
            &[S::AwaitingFiling, S::AwaitingDispatch, S::Returned, S::Reopened],
            &[S::Reported, S::AwaitingFiling],
        ),
        (M::Dispatch, &[S::AwaitingDispatch, S::Returned, S::Reopened], &[S::Dispatched]),
        (M::Accept, &[S::Dispatched, S::Handling], &[S::Dispatched, S::Handling]),
        (
            M::Return,
            &[S::Dispatched, S::Handling, S::Rework],
            &[S::Returned, S::Dispatched, S::Handling, S::Rework, S::Handled, S::Checking],
        ),
        (M::Handle, &[S::Dispatched, S::Handling, S::Rework], &[S::Dispatched, S::Handling, S::Handled, S::Checking]),
        (M::SendToCheck, &[S::Handled], &[S::Checking]),
        (M::Check, &[S::Checking], &[S::AwaitingClose, S::Rework, S::AwaitingFiling]),
        (M::Close, &[S::AwaitingClose], &[S::Closed]),
        (
            M::ForceClose,
            &[
                S::AwaitingDispatch,
                S::Dispatched,
                S::Returned,
                S::Handling,
                S::Suspended,
                S::Handled,
                S::Checking,
                S::Rework,
                S::AwaitingClose,
                S::Reopened,
            ],
            &[S::Closed],
        ),
        (M::Reopen, &[S::Closed], &[S::Reopened]),
        (M::Resume, &[S::Suspended], &[S::Handling, S::Rework]),
        (M::Ask, &[S::Dispatched, S::Handling, S::Rework], &[S::Dispatched, S::Handling, S::Rework]),
        (M::Answer, &[S::Dispatched, S::Handling, S::Rework], &[S::Dispatched, S::Handling, S::Rework, S::Suspended]),
    ]
};

/// Moves that change no state and are open in every state that is not final; what may be seen is decided in any.
pub const BESIDE: &[Move] =
    &[Move::Escalate, Move::Urge, Move::Place, Move::Correct, Move::Remark, Move::Show, Move::Withhold];

/// The moves the table allows from a state, in the order of the table.
///
/// Whether a given person may make them is another question: see `people::permission`.
pub fn moves_from(state: StateKind) -> impl Iterator<Item = Move> {
    let listed = TRANSITIONS.iter().filter(move |(_, from, _)| from.contains(&state)).map(|(step, _, _)| *step);
    let beside = BESIDE.iter().copied().filter(move |step| match step {
        Move::Remark | Move::Withhold => true,
        Move::Show => !matches!(state, StateKind::NotAccepted | StateKind::Void),
        Move::Place => {
            matches!(state, StateKind::Reported | StateKind::Verifying | StateKind::AwaitingFiling)
        }
        Move::Correct => matches!(state, StateKind::Reported | StateKind::Verifying | StateKind::AwaitingFiling),
        _ => !state.is_final(),
    });
    let rate = (state == StateKind::Closed).then_some(Move::Rate);
    listed.chain(beside).chain(rate)
}
