//! What people give to be reached by: `name`, `phone`, `email`; how it is compared, and how it is shown to those who need not know.

/// What a contact can be.
pub const CONTACT_FIELDS: [&str; 3] = ["name", "phone", "email"];

/// One spelling of a value, so that the same person is found however it was written. Not for showing.
///
/// A phone number keeps its digits. Chinese ones lose the country code (`+86`, `0086`, `86`) and regain the 0 of a city
/// code; those of other countries keep a `+`, so that they do not meet Chinese ones. Everything else is lower-cased, with single spaces.
pub fn normal(field: &str, value: &str) -> String {
    let value: String = value.chars().map(half_width).collect();
    match field {
        "phone" => normal_phone(&value),
        _ => value.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase(),
    }
}

fn normal_phone(value: &str) -> String {
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    let has_plus = value.trim_start().starts_with('+');
    let abroad = if has_plus { Some(digits.as_str()) } else { digits.strip_prefix("00") };
    match abroad {
        Some(number) => number.strip_prefix("86").map_or_else(|| format!("+{number}"), within_china),
        None => match digits.strip_prefix("86") {
            Some(number) if is_mobile(number) => number.to_owned(),
            _ => digits,
        },
    }
}

fn within_china(number: &str) -> String {
    if is_mobile(number) || number.starts_with('0') { number.to_owned() } else { format!("0{number}") }
}

fn is_mobile(number: &str) -> bool {
    number.len() == 11 && number.starts_with('1') && !number.starts_with("10")
}

/// `138****5678`, `李**`, `l***@example.com`. Never tells how long the hidden part is, and hides everything of what is too short to be
/// hidden in part.
pub fn mask(field: &str, value: &str) -> String {
    let value = value.trim();
    match field {
        "phone" => {
            let number: Vec<char> = normal("phone", value).chars().collect();
            let shown = |from: usize, to: usize| number.iter().skip(from).take(to - from).collect::<String>();
            match number.len() {
                11.. => format!("{}****{}", shown(0, 3), shown(number.len() - 4, number.len())),
                8..=10 => format!("****{}", shown(number.len() - 4, number.len())),
                _ => "****".to_owned(),
            }
        }
        "email" => match value.rsplit_once('@') {
            Some((name, host)) => format!("{}***@{host}", first_of_several(name)),
            None => format!("{}***", first_of_several(value)),
        },
        _ => format!("{}**", first_of_several(value)),
    }
}

/// The first character, if it is not all there is.
fn first_of_several(value: &str) -> String {
    let mut letters = value.chars();
    letters.next().filter(|_| letters.next().is_some()).map(String::from).unwrap_or_default()
}

fn half_width(letter: char) -> char {
    match u32::from(letter) {
        wide @ 0xff01..=0xff5e => char::from_u32(wide - 0xfee0).unwrap_or(letter),
        0x3000 => ' ',
        _ => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_number_has_one_spelling() {
        for (written, expected) in [
            ("138 1234 5678", "13812345678"),
            ("+86 138-1234-5678", "13812345678"),
            ("0086 13812345678", "13812345678"),
            ("8613812345678", "13812345678"),
            ("＋８６ １３８１２３４５６７８", "13812345678"),
            ("010-8888 6666", "01088886666"),
            ("(010)88886666", "01088886666"),
            ("+86 10 8888 6666", "01088886666"),
            ("+86 010 8888 6666", "01088886666"),
            ("86886666", "86886666"),
            ("12345", "12345"),
            ("+1 381 234 5678", "+13812345678"),
            ("001 381 234 5678", "+13812345678"),
        ] {
            assert_eq!(normal("phone", written), expected, "{written}");
        }
    }

    #[test]
    fn mail_and_names_ignore_case_and_spaces() {
        assert_eq!(normal("email", " Li.Ming@Example.COM "), "li.ming@example.com");
        assert_eq!(normal("name", "Li \u{3000} Ming"), "li ming");
        assert_eq!(normal("name", "李明"), "李明");
    }

    #[test]
    fn a_mask_shows_enough_to_know_again_and_not_to_know() {
        for (field, value, expected) in [
            ("phone", "13812345678", "138****5678"),
            ("phone", "+86 138 1234 5678", "138****5678"),
            ("phone", "010-88886666", "010****6666"),
            ("phone", "88886666", "****6666"),
            ("phone", "12345", "****"),
            ("name", "李明", "李**"),
            ("name", "欧阳小明", "欧**"),
            ("name", " 李 ", "**"),
            ("name", "", "**"),
            ("email", "liming@example.com", "l***@example.com"),
            ("email", "l@example.com", "***@example.com"),
            ("email", "li@ming@example.com", "l***@example.com"),
            ("email", "nonsense", "n***"),
        ] {
            assert_eq!(mask(field, value), expected, "{field} {value}");
        }
    }
}
