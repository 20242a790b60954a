//! How every deadline of a case came about, line by line, for a person.

pub use crate::sla::Line;
use crate::sla::Stage;
use crate::{
    case::{Case, ClockSlot},
    city::City,
};
use jiff::Timestamp;

impl Case {
    /// The story of each clock, in the order they ran: heading lines, then what `sla` tells of it.
    pub fn explain(&self, now: Timestamp, city: &City) -> Vec<Line> {
        let mut lines = Vec::new();
        for clock in self.past.iter().chain(&self.clock) {
            lines.push(stage_heading(clock.stage));
            lines.extend(clock.explain(now, city.calendar_of(clock)));
        }
        for assignment in &self.assignments {
            let unit = city.units.get(&assignment.unit);
            let zh = unit.map_or(assignment.unit.as_str(), |unit| unit.name_zh.as_str());
            let en = unit.and_then(|unit| unit.name_en.as_deref()).unwrap_or(zh);
            let (part_zh, part_en) = if assignment.is_lead { ("牵头", "lead") } else { ("协办", "assisting") };
            lines.push(heading(&format!("处置：{zh}（{part_zh}）"), &format!("Handling: {en} ({part_en})")));
            lines.extend(assignment.clock.explain(now, city.calendar_of(&assignment.clock)));
        }
        if let Some(clock) = self.clock_in(ClockSlot::Original) {
            lines.push(heading(
                "重开前的原时限（第二个数字，从第一次派遣起一直在走）",
                "The original limit before reopening (the second number, running since the first dispatch)",
            ));
            lines.extend(clock.explain(now, city.calendar_of(clock)));
        }
        lines
    }
}

fn stage_heading(stage: Stage) -> Line {
    let (zh, en) = match stage {
        Stage::Accept => ("受理", "Accepting"),
        Stage::Verify => ("核实", "Verifying"),
        Stage::File => ("立案", "Filing"),
        Stage::Dispatch => ("派遣", "Dispatching"),
        Stage::Handle => ("处置", "Handling"),
        Stage::Check => ("核查", "Checking"),
        Stage::Close => ("结案", "Closing"),
    };
    heading(zh, en)
}

fn heading(zh: &str, en: &str) -> Line {
    Line { zh: zh.to_owned(), en: en.to_owned() }
}
