//! Who acts: roles, posts and actors.
//!
//! A post is role × unit × area × from–to, and a person holds posts. Two axes
//! are kept apart (facts: 监督 supervision collects, files, checks and closes;
//! 指挥 command dispatches); who may do what stands in [`permission`].

pub mod permission;

use crate::ids::{AreaCode, ClientId, PersonId, PostId, RegionId, UnitCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a post is for. Closed: a city renames roles by labels, it does not invent axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 采集员 / 网格员: patrols, verifies before filing, checks before closing.
    Collector,
    /// 受理员: takes reports in, sends them to be verified and checked.
    Acceptor,
    /// 值班长: files or refuses, closes what was checked.
    DutyChief,
    /// 派遣员: dispatches to units, answers their requests.
    Dispatcher,
    /// 处置人员: works for the unit that answers for the matter.
    Handler,
    /// 督办 / 领导: sees everything in the area, urges, escalates.
    Supervisor,
    /// 考核员: reads figures.
    Assessor,
    /// 系统管理员: publishes data, opens accounts. Sees no case for being that.
    Administrator,
    /// 审计员: reads the audit record and nothing else.
    Auditor,
}

/// The two axes, and what stands beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    Supervision,
    Command,
    Handling,
    Oversight,
    Administration,
}

impl Role {
    pub const ALL: [Role; 9] = [
        Role::Collector,
        Role::Acceptor,
        Role::DutyChief,
        Role::Dispatcher,
        Role::Handler,
        Role::Supervisor,
        Role::Assessor,
        Role::Administrator,
        Role::Auditor,
    ];

    pub fn axis(self) -> Axis {
        match self {
            Role::Collector | Role::Acceptor | Role::DutyChief => Axis::Supervision,
            Role::Dispatcher => Axis::Command,
            Role::Handler => Axis::Handling,
            Role::Supervisor | Role::Assessor => Axis::Oversight,
            Role::Administrator | Role::Auditor => Axis::Administration,
        }
    }

    /// The stable code used in JSON, SQL and message keys.
    pub fn code(self) -> &'static str {
        match self {
            Role::Collector => "collector",
            Role::Acceptor => "acceptor",
            Role::DutyChief => "duty_chief",
            Role::Dispatcher => "dispatcher",
            Role::Handler => "handler",
            Role::Supervisor => "supervisor",
            Role::Assessor => "assessor",
            Role::Administrator => "administrator",
            Role::Auditor => "auditor",
        }
    }

    pub fn from_code(code: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.code() == code)
    }
}

/// A person's holding of a role in a unit, for an area and a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    pub id: PostId,
    pub person: PersonId,
    pub role: Role,
    pub unit: UnitCode,
    /// The region whose cases this post sees; `None` for a post of the whole city.
    pub region: Option<RegionId>,
    /// The area it is limited to; sees and acts on cases filed in it or below.
    pub area: AreaCode,
    pub from: Timestamp,
    /// Exclusive; `None` while it lasts.
    pub to: Option<Timestamp>,
}

impl Post {
    pub fn is_held_at(&self, at: Timestamp) -> bool {
        self.from <= at && self.to.is_none_or(|to| at < to)
    }
}

/// Who stands behind a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "as", rename_all = "snake_case")]
pub enum Actor {
    /// A person acting in one of their posts.
    Post { person: PersonId, post: PostId, role: Role, unit: UnitCode, area: AreaCode },
    /// Whoever holds the receipt of this case (number and code).
    Reporter,
    /// Another system with an API key.
    Client { client: ClientId },
    /// Gewu itself: a timer came due.
    System,
}

impl Actor {
    /// An actor for the post, as of now.
    pub fn of(post: &Post) -> Actor {
        Actor::Post {
            person: post.person,
            post: post.id,
            role: post.role,
            unit: post.unit.clone(),
            area: post.area.clone(),
        }
    }

    pub fn person(&self) -> Option<PersonId> {
        match self {
            Actor::Post { person, .. } => Some(*person),
            _ => None,
        }
    }

    pub fn role(&self) -> Option<Role> {
        match self {
            Actor::Post { role, .. } => Some(*role),
            _ => None,
        }
    }
}
