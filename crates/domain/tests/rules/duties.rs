//! Who makes which move and whose work waits where, written down a second time in the words of the field.
//!
//! The tables in `people::permission` and `case::desk` have no other copy; a cell changed there, wider, narrower or to
//! another desk, must turn one of these red (`cargo xtask cells` changes each and looks).

use crate::town::*;
use gewu_domain::{
    case::{
        Asking, AssignmentState, Case, CaseStep, CheckKind, Closing, Command, Move, Refused, Rule, State, TaskKind,
    },
    city::City,
    ids::{ClientId, ReasonCode, UnitCode},
    people::{Actor, Role, permission},
    policy::Policy,
};
use std::collections::BTreeSet;
use uuid::Uuid;

/// 步骤 × 岗位: ○ may, · may not. 决定 is whoever the policy lets answer requests: 派遣员 unless it says 值班长.
const MOVES: &str = "
                采集员 受理员 值班长 派遣员 处置员 督办员 考核员 管理员 审计员 反映人 系统   接口
派发核实        ·      ○      ·      ·      ·      ·      ·      ·      ·      ·      ·      ·
核实            ○      ·      ·      ·      ·      ·      ·      ·      ·      ·      ·      ·
提交立案        ·      ○      ·      ·      ·      ·      ·      ·      ·      ·      ·      ·
立案            ·      ·      ○      ·      ·      ·      ·      ·      ·      ·      ·      ·
不予受理        ·      ·      ○      ·      ·      ·      ·      ·      ·      ·      ·      ·
作废            ·      ·      ○      ·      ·      ·      ·      ·      ·      ·      ·      ·
退回上一步      ·      ·      ○      ○      ·      ·      ·      ·      ·      ·      ·      ·
派遣            ·      ·      ·      ○      ·      ·      ·      ·      ·      ·      ·      ·
接单            ·      ·      ·      ·      ○      ·      ·      ·      ·      ·      ·      ·
回退            ·      ·      ·      ·      ○      ·      ·      ·      ·      ·      ·      ·
处置完毕        ·      ·      ·      ·      ○      ·      ·      ·      ·      ·      ·      ·
派发核查        ·      ○      ·      ·      ·      ·      ·      ·      ·      ·      ·      ·
核查            ○      ○      ·      ·      ·      ·      ·      ·      ·      ·      ·      ·
结案            ·      ·      ○      ·      ·      ·      ·      ·      ·      ·      ·      ·
强制结案        ·      ·      ○      ·      ·      ·      ·      ·      ·      ·      ·      ·
重开            ·      ·      ○      ·      ·      ·      ·      ·      ·      ○      ·      ·
恢复            ·      ·      决定   决定   ·      ·      ·      ·      ·      ·      ○      ·
申请延期或挂账  ·      ·      ·      ·      ○      ·      ·      ·      ·      ·      ·      ·
批复申请        ·      ·      决定   决定   ·      ·      ·      ·      ·      ·      ·      ·
逐级上报        ·      ○      ○      ○      ·      ·      ·      ·      ·      ·      ○      ·
催办            ·      ○      ○      ·      ·      ○      ·      ·      ·      ○      ·      ·
定位            ·      ○      ○      ·      ·      ·      ·      ·      ·      ·      ·      ·
改类别          ·      ○      ○      ·      ·      ·      ·      ·      ·      ·      ·      ·
评价            ·      ·      ·      ·      ·      ·      ·      ·      ·      ○      ·      ·
备注            ○      ○      ○      ○      ○      ○      ·      ·      ·      ·      ·      ·
公开            ·      ○      ○      ·      ·      ·      ·      ·      ·      ·      ·      ·
不公开          ·      ○      ○      ·      ·      ·      ·      ·      ·      ·      ·      ·
";

/// 谁能看、谁能办: which posts of an area reach a case that lies in 青年一网格 (解放路, 历下, 泉城).
const AREAS: &str = "
泉城     ○
历下     ○
解放路   ○
青年     ○
一网格   ○
二网格   ·
大明湖   ·
湖滨     ·
三网格   ·
无此地   ·
";

/// 待办 × 工作台: state, then each thing that is owed: what, 岗位 @ 单位.
const TASKS: &str = "
已上报            受理 受理员@区监督中心
核实中            核实 采集员@青年网格站
待立案            立案 值班长@区监督中心
不予受理
已作废
待派遣            派遣 派遣员@区指挥中心
已派遣            接单 处置员@环卫局 接单 处置员@解放路街道办
已回退            派遣 派遣员@区指挥中心
处置中            处置 处置员@环卫局 处置 处置员@解放路街道办
挂账              等待 处置员@环卫局 等待 处置员@解放路街道办
处置完毕          派发核查 受理员@区监督中心
现场核查          核查 采集员@青年网格站
比对核查          核查 受理员@区监督中心
返工              返工 处置员@环卫局 返工 处置员@解放路街道办
待结案            结案 值班长@区监督中心
已结案
已重开            派遣 派遣员@区指挥中心
处置中有申请      处置 处置员@环卫局 处置 处置员@解放路街道办 批复 派遣员@区指挥中心
上报一级已上报    受理 受理员@市监督中心
上报一级待立案    立案 值班长@市监督中心
上报一级待派遣    派遣 派遣员@市指挥中心
上报一级处置完毕  派发核查 受理员@市监督中心
上报一级比对核查  核查 受理员@市监督中心
上报一级待结案    结案 值班长@市监督中心
上报二级待派遣    派遣 派遣员@市指挥中心
值班长批复的申请  处置 处置员@环卫局 处置 处置员@解放路街道办 批复 值班长@区监督中心
";

const ROLES: [(&str, Role); 9] = [
    ("采集员", Role::Collector),
    ("受理员", Role::Acceptor),
    ("值班长", Role::DutyChief),
    ("派遣员", Role::Dispatcher),
    ("处置员", Role::Handler),
    ("督办员", Role::Supervisor),
    ("考核员", Role::Assessor),
    ("管理员", Role::Administrator),
    ("审计员", Role::Auditor),
];

fn role(word: &str) -> Role {
    ROLES.into_iter().find(|(zh, _)| *zh == word).unwrap_or_else(|| panic!("{word} is no role")).1
}

fn actor(word: &str) -> Actor {
    match word {
        "反映人" => Actor::Reporter,
        "系统" => Actor::System,
        "接口" => Actor::Client { client: ClientId(Uuid::from_u128(1)) },
        post_of => post(1, role(post_of), "clean", "d"),
    }
}

fn asking_decided_by(decides: Role) -> Policy {
    let mut policy = policy();
    policy.asking.decided_by = decides;
    policy
}

fn may(actor: &Actor, step: Move, case: &Case, city: &City) -> Result<(), Refused> {
    permission::may(actor, step, case, CaseStep::Whole, &city.areas, &city.policy)
}

#[test]
fn each_move_is_made_by_whom_the_table_names_and_by_nobody_else() {
    let mut rows = MOVES.lines().filter(|line| !line.trim().is_empty());
    let heads: Vec<&str> = rows.next().unwrap().split_whitespace().collect();
    assert_eq!(heads.len(), ROLES.len() + 3, "every role, the reporter, the timer, another system");
    let rows: Vec<(&str, Vec<&str>)> = rows
        .map(|row| {
            let mut cells = row.split_whitespace();
            (cells.next().unwrap(), cells.collect())
        })
        .collect();
    let listed: BTreeSet<&str> = rows.iter().map(|(step, _)| *step).collect();
    assert_eq!(listed, Move::ALL.iter().map(|step| step.zh()).collect(), "every move once");
    assert_eq!(rows.len(), Move::ALL.len());
    for decides in [Role::Dispatcher, Role::DutyChief] {
        let (walk, _) = walk_with(asking_decided_by(decides));
        for (zh, cells) in &rows {
            let step = *Move::ALL.iter().find(|step| step.zh() == *zh).unwrap();
            assert_eq!(cells.len(), heads.len(), "{zh}");
            for (head, cell) in heads.iter().zip(cells) {
                let expected = match *cell {
                    "○" => true,
                    "·" => false,
                    "决定" => role(head) == decides,
                    odd => panic!("{zh} × {head}: {odd}"),
                };
                let answer = may(&actor(head), step, &walk.case, &walk.city);
                assert_eq!(answer.is_ok(), expected, "{head} {zh}, asking decided by {decides:?}");
                if let Err(refused) = answer {
                    assert_eq!(refused.rule, Rule::Role, "{head} {zh}");
                }
            }
        }
    }
}

#[test]
fn a_post_reaches_what_lies_in_its_area_and_nothing_beside_it() {
    let codes = [
        ("泉城", "c"),
        ("历下", "d"),
        ("解放路", "s1"),
        ("大明湖", "s2"),
        ("青年", "k1"),
        ("湖滨", "k2"),
        ("一网格", "g1"),
        ("二网格", "g2"),
        ("三网格", "g3"),
        ("无此地", "nowhere"),
    ];
    let (walk, _) = walk_with(policy());
    let rows: Vec<(&str, &str)> = AREAS
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.split_once(char::is_whitespace).unwrap())
        .collect();
    assert_eq!(rows.len(), codes.len());
    for (zh, cell) in rows {
        let code = codes.iter().find(|(area, _)| *area == zh).unwrap().1;
        let reaches = cell.trim() == "○";
        let chief = post(1, Role::DutyChief, "supervise", code);
        let answer = may(&chief, Move::File, &walk.case, &walk.city);
        assert_eq!(
            answer.as_ref().map_err(|refused| refused.rule),
            if reaches { Ok(&()) } else { Err(Rule::Area) },
            "{zh}"
        );
    }
}

#[test]
fn a_unit_s_own_part_is_moved_by_that_unit_alone() {
    let (walk, _) = with_two_parts(policy());
    for step in [Move::Accept, Move::Return, Move::Handle, Move::Ask] {
        for (unit, no, expected) in [
            ("clean", 1, Ok(())),
            ("clean", 2, Err(Rule::Unit)),
            ("office-1", 2, Ok(())),
            ("office-1", 1, Err(Rule::Unit)),
        ] {
            let handler = post(1, Role::Handler, unit, "d");
            let target = CaseStep::Assignment(no);
            let answer = permission::may(&handler, step, &walk.case, target, &walk.city.areas, &walk.city.policy);
            assert_eq!(answer.map_err(|refused| refused.rule), expected, "{unit} {step:?} {no}");
        }
    }
    for (state, unit, step) in [
        (State::Verifying { unit: UnitCode::from("station-1") }, "station-1", Move::Verify),
        (checking(CheckKind::Field), "station-1", Move::Check),
    ] {
        let case = Case { state, ..walk.case.clone() };
        for (station, expected) in [(unit, Ok(())), ("station-2", Err(Rule::Unit))] {
            let collector = post(1, Role::Collector, station, "d");
            let answer = may(&collector, step, &case, &walk.city);
            assert_eq!(answer.map_err(|refused| refused.rule), expected, "{station} {step:?}");
        }
    }
}

fn checking(check: CheckKind) -> State {
    State::Checking { check, unit: (check == CheckKind::Field).then(|| UnitCode::from("station-1")) }
}

/// The case of a row of [`TASKS`]: where it stands, how its parts stand, whether something is asked, how high it is.
fn standing(words: &str, walk: &Walk) -> Case {
    let (level, words) = match words.split_once("级") {
        Some(("上报一", rest)) => (1, rest),
        Some(("上报二", rest)) => (2, rest),
        _ => (0, words),
    };
    let mut case = walk.case.clone();
    case.level = level;
    case.asked = None;
    let reason = ReasonCode::from("not_ours");
    let (state, parts) = match words {
        "已上报" => (State::Reported, None),
        "核实中" => (State::Verifying { unit: UnitCode::from("station-1") }, None),
        "待立案" => (State::AwaitingFiling, None),
        "不予受理" => (State::NotAccepted { reason }, None),
        "已作废" => (State::Void { reason }, None),
        "待派遣" => (State::AwaitingDispatch, None),
        "已派遣" => (State::Dispatched, Some(AssignmentState::Offered)),
        "已回退" => (State::Returned { reason }, Some(AssignmentState::Returned)),
        "处置中" | "处置中有申请" | "值班长批复的申请" => {
            (State::Handling, Some(AssignmentState::Accepted))
        }
        "挂账" => (State::Suspended { until: walk.now, reason, in_rework: false }, Some(AssignmentState::Accepted)),
        "处置完毕" => (State::Handled, Some(AssignmentState::Done)),
        "现场核查" => (checking(CheckKind::Field), Some(AssignmentState::Done)),
        "比对核查" => (checking(CheckKind::Desk), Some(AssignmentState::Done)),
        "返工" => (State::Rework, Some(AssignmentState::Rework)),
        "待结案" => (State::AwaitingClose, Some(AssignmentState::Done)),
        "已结案" => (State::Closed { how: Closing::Solved, confirm_until: None }, Some(AssignmentState::Done)),
        "已重开" => (State::Reopened, Some(AssignmentState::Withdrawn)),
        odd => panic!("{odd} is no state of the table"),
    };
    case.state = state;
    match parts {
        None => case.assignments.clear(),
        Some(parts) => case.assignments.iter_mut().for_each(|part| part.state = parts),
    }
    if words.contains("申请") {
        case.asked.clone_from(&walk.case.asked);
    }
    case
}

#[test]
fn work_waits_at_the_desk_the_table_names_and_at_no_other() {
    let kinds = [
        ("受理", TaskKind::Accept),
        ("核实", TaskKind::Verify),
        ("立案", TaskKind::File),
        ("派遣", TaskKind::Dispatch),
        ("接单", TaskKind::Take),
        ("处置", TaskKind::Handle),
        ("返工", TaskKind::Rework),
        ("等待", TaskKind::Wait),
        ("派发核查", TaskKind::SendToCheck),
        ("核查", TaskKind::Check),
        ("结案", TaskKind::Close),
        ("批复", TaskKind::Answer),
    ];
    let mut seen: BTreeSet<TaskKind> = BTreeSet::new();
    for row in TASKS.lines().filter(|line| !line.trim().is_empty()) {
        let mut cells = row.split_whitespace();
        let words = cells.next().unwrap();
        let decides = if words == "值班长批复的申请" { Role::DutyChief } else { Role::Dispatcher };
        let (mut walk, cast) = with_two_parts(asking_decided_by(decides));
        let reason = ReasonCode::from("parts");
        let asking = Asking::Extension { minutes: 60 };
        walk.step(&cast.cleaner, Command::Ask { assignment: 1, asking, reason, note: None }).unwrap();
        let named = |unit: &UnitCode| walk.city.units.get(unit).unwrap().name_zh.clone();
        let mut expected: Vec<(TaskKind, Role, String)> = Vec::new();
        while let (Some(kind), Some(desk)) = (cells.next(), cells.next()) {
            let kind = kinds.iter().find(|(zh, _)| *zh == kind).unwrap().1;
            let (post_of, unit) = desk.split_once('@').unwrap();
            expected.push((kind, role(post_of), unit.to_owned()));
        }
        let owed = standing(words, &walk).tasks(&walk.city);
        let found: Vec<(TaskKind, Role, String)> =
            owed.iter().map(|task| (task.kind, task.desk.role, named(&task.desk.unit))).collect();
        assert_eq!(found, expected, "{words}");
        seen.extend(owed.iter().map(|task| task.kind));
    }
    assert_eq!(seen, TaskKind::ALL.into(), "the table shows every kind of work");
}

#[test]
fn a_field_check_is_the_collectors_and_a_desk_check_the_acceptors() {
    let (walk, cast) = with_two_parts(policy());
    let collector = post(50, Role::Collector, "station-1", "d");
    for (check, by, expected) in [
        (CheckKind::Field, &collector, Ok(())),
        (CheckKind::Field, &cast.acceptor, Err(Rule::Unit)),
        (CheckKind::Desk, &cast.acceptor, Ok(())),
        (CheckKind::Desk, &collector, Err(Rule::Role)),
    ] {
        let case = Case { state: checking(check), ..walk.case.clone() };
        let context = gewu_domain::case::Context { at: walk.now, actor: by, city: &walk.city };
        let answer = case.permits(Move::Check, CaseStep::Whole, &context);
        assert_eq!(answer.map_err(|refused| refused.rule), expected, "{check:?} {:?}", by.role());
    }
}

#[test]
fn the_chief_sends_back_what_awaits_filing_and_the_dispatcher_what_awaits_dispatch() {
    let (walk, cast) = with_two_parts(policy());
    for (state, is_chiefs) in
        [(State::AwaitingFiling, true), (State::AwaitingDispatch, false), (State::Reopened, false)]
    {
        let case = Case { state: state.clone(), ..walk.case.clone() };
        for (by, is_chief) in [(&cast.chief_2, true), (&cast.dispatcher_2, false)] {
            let context = gewu_domain::case::Context { at: walk.now, actor: by, city: &walk.city };
            let answer = case.permits(Move::SendBack, CaseStep::Whole, &context);
            let expected = if is_chief == is_chiefs { Ok(()) } else { Err(Rule::Role) };
            assert_eq!(answer.map_err(|refused| refused.rule), expected, "{state:?} {:?}", by.role());
        }
    }
}
