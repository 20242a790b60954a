//! A text in short, for a line in a list.

/// The first `chars_most` characters of a text on one line, with `…` as the last of them where something was left out.
///
/// Runs of white space and control characters become one space. The cut never falls before a combining mark or a joined
/// emoji part: it moves forward to the start of what would be torn, so the result may be shorter.
pub fn excerpt(text: &str, chars_most: usize) -> String {
    let mut line = String::new();
    for word in text.split(|letter: char| letter.is_whitespace() || letter.is_control()) {
        if !word.is_empty() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    let letters: Vec<(usize, char)> = line.char_indices().collect();
    if letters.len() <= chars_most {
        return line;
    }
    let mut kept = chars_most.saturating_sub(1);
    while kept > 0 && letters.get(kept).is_some_and(|(_, next)| joins(*next)) {
        kept -= 1;
    }
    let after_joiner = kept.checked_sub(1).and_then(|last| letters.get(last)).is_some_and(|(_, last)| *last == JOINER);
    if after_joiner {
        kept = kept.saturating_sub(2);
    }
    let end = letters.get(kept).map_or(line.len(), |(at, _)| *at);
    line.truncate(end);
    line.truncate(line.trim_end().len());
    if chars_most > 0 {
        line.push('…');
    }
    line
}

const JOINER: char = '\u{200d}';

/// Does a character belong to the one before it?
fn joins(letter: char) -> bool {
    matches!(letter,
        JOINER
        | '\u{0300}'..='\u{036f}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}')
}

#[cfg(test)]
mod tests {
    use super::excerpt;
    use proptest::prelude::*;

    #[test]
    fn a_short_text_stays_and_a_long_one_ends_in_an_ellipsis() {
        assert_eq!(excerpt("路灯不亮", 4), "路灯不亮");
        assert_eq!(excerpt("路灯不亮了", 4), "路灯不…");
        assert_eq!(excerpt("路灯不亮", 0), "");
    }

    #[test]
    fn lines_and_gaps_become_one_space() {
        assert_eq!(excerpt("  路灯\r\n\t 不亮\u{3000}了 ", 10), "路灯 不亮 了");
        assert_eq!(excerpt("ab cdef", 4), "ab…");
    }

    #[test]
    fn a_joined_sign_is_not_torn() {
        assert_eq!(excerpt("cafe\u{301}s", 5), "caf…");
        assert_eq!(excerpt("好👩\u{200d}👧们都在", 4), "好…");
        assert_eq!(excerpt("好👩\u{200d}👧们都在", 3), "好…");
    }

    proptest! {
        #[test]
        fn an_excerpt_is_never_longer_than_asked(text in ".{0,60}", most in 0_usize..40) {
            prop_assert!(excerpt(&text, most).chars().count() <= most);
        }
    }
}
