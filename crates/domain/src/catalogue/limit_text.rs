//! A limit as people write it: `2h`, `1d`, `4wh`, `2wd`, `30m`, `30wm`.

use crate::sla::{ClockKind, Limit};

/// Reads a limit: a whole number from 1 and a unit. `m`, `h`, `d` run day and night; `wm`, `wh`, `wd` run in working
/// hours only, a `wd` being `working_day_minutes` long. Nothing when it is not a limit.
pub(super) fn parse(text: &str, working_day_minutes: u32) -> Option<Limit> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let number: u32 = number.parse().ok().filter(|number| *number > 0)?;
    let (kind, minutes) = match unit {
        "m" => (ClockKind::Continuous, 1),
        "h" => (ClockKind::Continuous, 60),
        "d" => (ClockKind::Continuous, 24 * 60),
        "wm" => (ClockKind::Working, 1),
        "wh" => (ClockKind::Working, 60),
        "wd" => (ClockKind::Working, working_day_minutes),
        _ => return None,
    };
    Some(Limit { minutes: number.checked_mul(minutes)?, kind })
}

/// Writes a limit in the largest unit that holds it whole.
pub fn limit_text(limit: Limit, working_day_minutes: u32) -> String {
    let (prefix, day) = match limit.kind {
        ClockKind::Continuous => ("", 24 * 60),
        ClockKind::Working => ("w", working_day_minutes),
    };
    let whole =
        |unit: u32| (unit > 0 && limit.minutes > 0 && limit.minutes.is_multiple_of(unit)).then(|| limit.minutes / unit);
    match (whole(day), whole(60)) {
        (Some(days), _) => format!("{days}{prefix}d"),
        (None, Some(hours)) => format!("{hours}{prefix}h"),
        (None, None) => format!("{}{prefix}m", limit.minutes),
    }
}
