//! Names taken apart: `RoundTrip_atMs` is round, trip, at, ms. Shared by the checks of words.

/// The parts of a name, in lower case.
pub fn parts(name: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut is_inside = false;
    let mut was_lower = false;
    for character in name.chars() {
        if !character.is_alphanumeric() {
            is_inside = false;
            continue;
        }
        if !is_inside || (was_lower && character.is_uppercase()) {
            parts.push(String::new());
        }
        is_inside = true;
        was_lower = character.is_lowercase() || character.is_ascii_digit();
        if let Some(part) = parts.last_mut() {
            part.extend(character.to_lowercase());
        }
    }
    parts
}

/// Does `name` hold the parts of `word` in a row? A plural counts as its singular.
pub fn holds(name: &[String], word: &[String]) -> bool {
    !word.is_empty()
        && name.windows(word.len()).any(|window| window.iter().zip(word).all(|(found, wanted)| is_form(found, wanted)))
}

fn is_form(found: &str, wanted: &str) -> bool {
    found == wanted || found.strip_suffix('s') == Some(wanted)
}

/// The names in a text, each with its line.
pub fn names(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().flat_map(|(index, line)| {
        line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
            .map(move |name| (index + 1, name))
    })
}

#[cfg(test)]
mod tests {
    use super::{holds, parts};

    #[test]
    fn names_come_apart_at_underscores_and_humps() {
        assert_eq!(parts("PersonScore_atMs"), ["person", "score", "at", "ms"]);
        assert_eq!(parts("URL2"), ["url2"]);
    }

    #[test]
    fn a_word_is_found_as_whole_parts_in_a_row() {
        let is_in = |name: &str, word: &str| holds(&parts(name), &parts(word));
        assert!(is_in("old_person_scores", "person_score") && is_in("FaceId", "face_id"));
        assert!(!is_in("surface_id", "face_id") && !is_in("person_of_score", "person_score"));
    }
}
