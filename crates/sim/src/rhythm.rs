//! When a city reports: by hour, weekday, holiday and rain, and from where.
//!
//! Knows dates and hours, nothing of cases.

use crate::dice::Dice;
use gewu_domain::{calendar::Calendar, case::Source};
use jiff::civil::{Date, Weekday};

/// Share of a source in all reports, and its weight for each hour of the day.
const SOURCES: [(Source, f64, [f64; 24]); 7] = [
    (
        Source::Patrol,
        0.50,
        [0., 0., 0., 0., 0., 1., 3., 8., 10., 10., 9., 6., 3., 5., 9., 10., 9., 7., 4., 3., 2., 1., 0., 0.],
    ),
    (
        Source::Resident,
        0.25,
        [1., 0.5, 0.3, 0.2, 0.3, 1., 3., 7., 8., 6., 5., 5., 6., 5., 5., 5., 6., 8., 9., 9., 8., 6., 4., 2.],
    ),
    (
        Source::Hotline,
        0.16,
        [1., 0.5, 0.3, 0.3, 0.5, 1., 3., 6., 9., 9., 8., 6., 5., 6., 8., 8., 7., 6., 6., 5., 5., 4., 3., 2.],
    ),
    (
        Source::System,
        0.03,
        [1., 1., 1., 1., 1., 1., 2., 3., 4., 5., 5., 4., 3., 4., 5., 5., 4., 3., 2., 2., 2., 1., 1., 1.],
    ),
    (
        Source::Sensor,
        0.03,
        [2., 2., 2., 2., 2., 2., 2., 2., 2., 2., 2., 2., 2., 2., 2., 2., 2., 2., 2., 2., 2., 2., 2., 2.],
    ),
    (
        Source::Leader,
        0.02,
        [0., 0., 0., 0., 0., 0., 0., 1., 4., 6., 6., 3., 1., 2., 6., 6., 4., 2., 1., 0., 0., 0., 0., 0.],
    ),
    (
        Source::Media,
        0.01,
        [0., 0., 0., 0., 0., 0., 1., 3., 5., 5., 4., 3., 2., 3., 4., 4., 3., 2., 2., 2., 1., 1., 0., 0.],
    ),
];

/// How lively a day is: 1 for a usual working day.
pub fn liveliness(seed: u64, calendar: &Calendar, date: Date) -> f64 {
    let by_day = match (calendar.minutes_on(date) > 0, date.weekday()) {
        (true, Weekday::Monday) => 1.12,
        (true, _) => 1.0,
        (false, Weekday::Saturday | Weekday::Sunday) => 0.78,
        (false, _) => 0.62,
    };
    let by_rain = if rain(seed, date).is_some() { 1.35 } else { 1.0 };
    by_day * by_rain * Dice::new(seed, &[day_key(date), 1]).skewed(0.08)
}

/// The hours in which it rains that day, if it does.
pub fn rain(seed: u64, date: Date) -> Option<(u8, u8)> {
    let mut dice = Dice::new(seed, &[day_key(date), 2]);
    dice.chance(0.17).then(|| {
        let from = dice.between(0, 18);
        let hours = dice.between(3, 11);
        (small(from), small((from + hours).min(24)))
    })
}

/// Is its trouble there at this hour? Water stands a while after the rain.
pub fn is_wet(seed: u64, date: Date, hour: u8) -> bool {
    rain(seed, date).is_some_and(|(from, to)| (from..to.saturating_add(4)).contains(&hour))
}

/// The second of the day before which this share of its reports has come.
pub fn second_at(seed: u64, date: Date, share: f64) -> u32 {
    let hours = hours(seed, date);
    let total: f64 = hours.iter().sum();
    let mut left = share.clamp(0.0, 0.999_999) * total;
    for (hour, weight) in (0_u32..).zip(hours) {
        if left < weight {
            return hour * 3_600 + (left / weight * 3_600.0) as u32;
        }
        left -= weight;
    }
    86_399
}

/// The share of a day's reports that has come by this second.
pub fn share_by(seed: u64, date: Date, second: u32) -> f64 {
    let hours = hours(seed, date);
    let total: f64 = hours.iter().sum();
    let before: f64 = hours.iter().take(usize::try_from(second / 3_600).unwrap_or(0)).sum();
    let within = usize::try_from(second / 3_600).ok().and_then(|hour| hours.get(hour)).copied().unwrap_or(0.0);
    (before + within * f64::from(second % 3_600) / 3_600.0) / total
}

/// Where a report of this hour comes from.
pub fn source(hour: u8, dice: &mut Dice) -> Source {
    let weight = |(_, share, hours): &(Source, f64, [f64; 24])| {
        let total: f64 = hours.iter().sum();
        share * hours.get(usize::from(hour)).copied().unwrap_or(0.0) / total
    };
    let chosen = dice.weighted(SOURCES.iter().map(weight).collect::<Vec<_>>());
    SOURCES.get(chosen).map_or(Source::Patrol, |(source, ..)| *source)
}

fn hours(seed: u64, date: Date) -> [f64; 24] {
    let mut sum = [0.0; 24];
    for (_, share, hours) in &SOURCES {
        let total: f64 = hours.iter().sum();
        for (sum, weight) in sum.iter_mut().zip(hours) {
            *sum += share * weight / total;
        }
    }
    if let Some((from, to)) = rain(seed, date) {
        for (hour, sum) in (0_u8..).zip(sum.iter_mut()) {
            if (from..to).contains(&hour) {
                *sum *= 1.8;
            }
        }
    }
    sum
}

fn day_key(date: Date) -> u64 {
    let part = |number: i16| u64::try_from(number).unwrap_or(0);
    part(date.year()) * 512 + part(date.day_of_year())
}

fn small(number: u64) -> u8 {
    u8::try_from(number).unwrap_or(24)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::town::SHIPPED;
    use jiff::civil::date;

    #[test]
    fn shares_and_seconds_are_two_sides_of_one_curve() {
        for day in 1..28 {
            let date = date(2026, 9, day);
            for part in 1..20 {
                let share = f64::from(part) / 20.0;
                let back = share_by(5, date, second_at(5, date, share));
                assert!((back - share).abs() < 0.001, "{date} {share} {back}");
            }
        }
    }

    #[test]
    fn nights_are_quiet_and_mornings_busy() {
        let date = date(2026, 9, 2);
        let in_hour = |hour: u32| share_by(1, date, (hour + 1) * 3_600 - 1) - share_by(1, date, hour * 3_600);
        assert!(in_hour(9) > 8.0 * in_hour(3));
    }

    #[test]
    fn a_holiday_is_quieter_than_a_working_day() {
        let calendar = Calendar::parse("cn.toml", SHIPPED[2].2).unwrap();
        let mean =
            |dates: &[Date]| dates.iter().map(|date| liveliness(1, &calendar, *date)).sum::<f64>() / dates.len() as f64;
        let holiday: Vec<Date> = (1..8).map(|day| date(2026, 10, day)).collect();
        let working: Vec<Date> = [12, 13, 14, 15, 16, 19, 20].map(|day| date(2026, 10, day)).to_vec();
        assert!(mean(&holiday) < 0.85 * mean(&working));
    }

    #[test]
    fn it_rains_on_about_one_day_in_six() {
        let wet =
            (0..1_000).filter(|day| rain(1, date(2024, 1, 1).saturating_add(jiff::Span::new().days(*day))).is_some());
        assert!((130..210).contains(&wet.count()));
    }
}
