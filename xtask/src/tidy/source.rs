//! Rust source as the checks read it: comments, strings and test code blanked out, lines kept.
//!
//! A small scanner, not a parser: it knows strings, raw strings, characters, comments and the braces
//! after `#[cfg(test)]`. Start at [`bare`].

/// Is the whole file test code? A `tests.rs` is the test module of its neighbour, which has the head.
pub fn is_tests(file: &str) -> bool {
    file.ends_with("/tests.rs") || file.contains("/tests/")
}

/// `text` with everything blank that is not code of the product; the same number of lines.
pub fn bare(text: &str) -> String {
    without_tests(&without_words(text))
}

/// `text` without its comments; strings and tests stay.
pub fn without_comments(text: &str) -> String {
    blanked(text, false)
}

/// Blanks comments and the insides of strings and character literals.
fn without_words(text: &str) -> String {
    blanked(text, true)
}

fn blanked(text: &str, strings_too: bool) -> String {
    let characters: Vec<char> = text.chars().collect();
    let at = |index: usize| characters.get(index).copied().unwrap_or('\0');
    let mut bare = String::with_capacity(text.len());
    let mut index = 0;
    while index < characters.len() {
        let end = match at(index) {
            '/' if at(index + 1) == '/' => line_end(&characters, index),
            '/' if at(index + 1) == '*' => block_end(&characters, index),
            '"' => string_end(&characters, index),
            'r' if starts_raw(&characters, index) => raw_end(&characters, index + 1),
            '\'' if at(index + 1) == '\\' => quote_end(&characters, index + 2),
            '\'' if at(index + 2) == '\'' => index + 3,
            _ => index,
        };
        if end == index {
            bare.push(at(index));
            index += 1;
        } else if at(index) != '/' && !strings_too {
            bare.extend(characters.iter().skip(index).take(end - index));
            index = end;
        } else {
            bare.extend(characters.iter().skip(index).take(end - index).map(|c| if *c == '\n' { '\n' } else { ' ' }));
            index = end;
        }
    }
    bare
}

fn line_end(text: &[char], from: usize) -> usize {
    text.iter().skip(from).position(|c| *c == '\n').map_or(text.len(), |length| from + length)
}

fn block_end(text: &[char], from: usize) -> usize {
    let mut depth = 0;
    let mut index = from;
    while index < text.len() {
        match (text.get(index), text.get(index + 1)) {
            (Some('/'), Some('*')) => {
                depth += 1;
                index += 2;
            }
            (Some('*'), Some('/')) => {
                depth -= 1;
                index += 2;
                if depth == 0 {
                    return index;
                }
            }
            _ => index += 1,
        }
    }
    text.len()
}

fn string_end(text: &[char], from: usize) -> usize {
    let mut index = from + 1;
    while let Some(character) = text.get(index) {
        match character {
            '\\' => index += 2,
            '"' => return index + 1,
            _ => index += 1,
        }
    }
    text.len()
}

fn quote_end(text: &[char], from: usize) -> usize {
    text.iter().skip(from + 1).position(|c| *c == '\'').map_or(text.len(), |length| from + length + 2)
}

/// Is the `r` at `index` the head of `r"…"` or `r#"…"#`, rather than the end of a name or `r#name`?
fn starts_raw(text: &[char], index: usize) -> bool {
    let follows_name = index
        .checked_sub(1)
        .and_then(|before| text.get(before))
        .is_some_and(|c| (c.is_alphanumeric() && *c != 'b') || *c == '_');
    let hashes = text.iter().skip(index + 1).take_while(|c| **c == '#').count();
    !follows_name && text.get(index + 1 + hashes) == Some(&'"')
}

fn raw_end(text: &[char], from: usize) -> usize {
    let hashes = text.iter().skip(from).take_while(|c| **c == '#').count();
    let mut index = from + hashes + 1;
    while index < text.len() {
        if text.get(index) == Some(&'"')
            && text.iter().skip(index + 1).take(hashes).filter(|c| **c == '#').count() == hashes
        {
            return index + 1 + hashes;
        }
        index += 1;
    }
    text.len()
}

/// Blanks the item after each `#[cfg(test)]`: up to its closing brace, or its semicolon.
fn without_tests(text: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut bare = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(MARK) {
        let (before, item) = rest.split_at(start);
        bare.push_str(before);
        let end = item_end(item);
        let (item, after) = item.split_at(end);
        bare.extend(item.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = after;
    }
    bare.push_str(rest);
    bare
}

fn item_end(item: &str) -> usize {
    let mut depth = 0_u32;
    for (index, character) in item.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return index + 1;
                }
            }
            ';' if depth == 0 => return index + 1,
            _ => {}
        }
    }
    item.len()
}

#[cfg(test)]
mod tests {
    use super::bare;

    #[test]
    fn comments_strings_and_characters_are_blanked_and_lines_kept() {
        let text = "let a = \"std::fs\"; // std::fs\n/* std /* fs */ */ let b = 'x'; let c = '\\''; let d: &'a str = r#\"std::\"fs\"#;\nend";
        let found = bare(text);
        assert!(!found.contains("std"), "{found}");
        assert!(found.contains("let b =") && found.contains("let d: &'a str ="), "{found}");
        assert_eq!(found.lines().count(), 3);
    }

    #[test]
    fn strings_may_stay_when_only_comments_go() {
        let found = super::without_comments("let a = \"// kept\"; // gone\n");
        assert!(found.contains("// kept") && !found.contains("gone"), "{found}");
    }

    #[test]
    fn test_code_is_blanked_and_what_follows_is_not() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n  fn b() { std::fs::read(); }\n}\nfn c() {}\n#[cfg(test)]\nmod more;\nfn d() {}";
        let found = bare(text);
        assert!(!found.contains("fn b") && !found.contains("more"));
        assert!(found.contains("fn a") && found.contains("fn c") && found.contains("fn d"));
    }
}
