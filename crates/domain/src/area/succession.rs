//! What a new version of the areas may do to the one in force: add, end, and nothing else.
//!
//! Cases and figures name areas by code and day. They stay true only while no area of the past is dropped, moved or
//! given another period.

use super::{Area, Areas};
use crate::fault::Fault;
use crate::table::{Words, fault, words};

impl Areas {
    /// What is wrong with publishing these areas after `previous`: names may be corrected, and grades, totals and
    /// successors change; the past may not. `file` is the file these areas came from.
    pub fn check_after(&self, file: &str, previous: &Areas) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.version <= previous.version {
            let next = previous.version.saturating_add(1);
            faults.push(fault(
                file,
                None,
                Some("version"),
                words(
                    format!("版本 {} 不比已发布的 {} 新", self.version, previous.version),
                    format!("version {} is not newer than {}, which is published", self.version, previous.version),
                ),
                words(format!("写 #version,{next}"), format!("write #version,{next}")),
            ));
        }
        if self.scheme != previous.scheme {
            faults.push(fault(
                file,
                None,
                Some("scheme"),
                words(
                    format!("编码规则从 {} 变成了 {}", previous.scheme, self.scheme),
                    format!("the code scheme changed from {} to {}", previous.scheme, self.scheme),
                ),
                words("沿用原来的编码规则", "keep the scheme"),
            ));
        }
        for before in previous.all() {
            let periods = self.by_code.get(&before.code).map_or(&[][..], Vec::as_slice);
            let kept = periods.iter().filter_map(|at| Some((*at, self.all.get(*at)?)));
            match kept.into_iter().find(|(_, area)| area.valid_from == before.valid_from) {
                Some((at, now)) => {
                    let is_level_kept = previous.level_name(before).map(|level| &level.code)
                        == self.level_name(now).map(|level| &level.code);
                    let line = self.line_of(at);
                    let mut bad = |field: &str, what, fix| faults.push(fault(file, line, Some(field), what, fix));
                    check_period(before, now, is_level_kept, &mut bad);
                }
                None => faults.push(fault(
                    file,
                    None,
                    Some("code"),
                    words(
                        format!("从 {} 起的区域 {} {} 不见了", before.valid_from, before.code, before.name_zh),
                        format!("area {}, valid from {}, is gone", before.code, before.valid_from),
                    ),
                    words(
                        "把这一行放回来，不再用的写上最后一天",
                        "put the row back; give an area that ends its last day",
                    ),
                )),
            }
        }
        faults.sort();
        faults
    }
}

fn check_period(before: &Area, now: &Area, is_level_kept: bool, bad: &mut dyn FnMut(&str, Words, Words)) {
    if before.parent != now.parent || before.region != now.region {
        bad(
            "parent",
            words(
                format!("{} 换了上级，过去的数字会跟着变", now.code),
                format!("{} has another parent, which would change past figures", now.code),
            ),
            words(
                "旧行保持原样并写上最后一天，另起一行写新上级和起始日",
                "keep the row and give it its last day; add a row with the new parent from the day after",
            ),
        );
    }
    if !is_level_kept {
        bad(
            "level",
            words(format!("{} 换了层级", now.code), format!("{} is on another level", now.code)),
            words("旧行写上最后一天，新层级另用编码", "end the old row; give the area on the new level its own code"),
        );
    }
    if before.valid_to.is_some() && before.valid_to != now.valid_to {
        bad(
            "valid_to",
            words(
                format!("{} 的最后一天已经公布，不能再改", now.code),
                format!("the last day of {} was published and cannot change", now.code),
            ),
            words("保留原来的最后一天", "keep the last day"),
        );
    }
}
