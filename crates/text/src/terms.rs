//! What a text is found by: pairs of Chinese characters and whole words, without a dictionary.
//!
//! Letters are folded first ([`fold`]): full-width forms to half-width, upper case to lower case. Traditional and
//! simplified characters stay what they are: turning one into the other is a guess. Then the text falls into runs
//! ([`runs`]): a run of CJK characters gives each pair of neighbours (路灯不亮 → 路灯, 灯不, 不亮), or itself when it
//! is one character; a run of other letters and digits is one word (`LED`, `A3`, `12345`). Everything else parts runs.
//!
//! No beginnings of words are among the terms: the words of the texts are few and short, and whoever stores the terms in
//! order can look a beginning up as a range.

/// A longer word is found by its first so many characters, in texts and in queries alike, because indexes bound
/// their keys.
pub const TERM_CHARS_MOST: usize = 64;

/// The terms a text is found by: sorted, each once, none empty. At most as many as the text has characters, so whoever
/// bounds the text bounds the terms. Linear but for the sorting.
pub fn terms(text: &str) -> Vec<String> {
    let folded: String = text.chars().map(fold).collect();
    sorted(runs(&folded).iter().flat_map(Run::terms).collect())
}

/// The terms that a text must all have to be found by a query: sorted, each once. None when the query has no letter or
/// digit.
///
/// Whatever run of two or more CJK characters stands in a text finds that text. A CJK character that stands alone beside
/// other words is left out of the query, because within a longer run it is not a term; alone in the query it finds texts
/// in which it stands alone.
pub fn query_terms(query: &str) -> Vec<String> {
    let folded: String = query.chars().map(fold).collect();
    let runs = runs(&folded);
    let telling: Vec<&str> = runs.iter().filter(|run| !run.is_one_character()).flat_map(Run::terms).collect();
    if telling.is_empty() { sorted(runs.iter().flat_map(Run::terms).collect()) } else { sorted(telling) }
}

fn sorted(mut terms: Vec<&str>) -> Vec<String> {
    terms.sort_unstable();
    terms.dedup();
    terms.into_iter().map(str::to_owned).collect()
}

/// Letters of one sort that stand together.
struct Run<'t> {
    letters: &'t str,
    is_cjk: bool,
}

impl<'t> Run<'t> {
    fn is_one_character(&self) -> bool {
        self.is_cjk && self.letters.chars().nth(1).is_none()
    }

    fn terms(&self) -> impl Iterator<Item = &'t str> + use<'t> {
        let letters = self.letters;
        let is_paired = self.is_cjk && !self.is_one_character();
        // Where each term begins, and how many characters it has at most; the last of a run of pairs ends the pair before.
        let most = if is_paired { 2 } else { TERM_CHARS_MOST };
        let begins = letters.char_indices().map(|(at, _)| at).take(if is_paired { usize::MAX } else { 1 });
        begins.filter_map(move |at| {
            let rest = letters.get(at..)?;
            let end = rest.char_indices().nth(most).map_or(rest.len(), |(end, _)| end);
            let term = rest.get(..end)?;
            (!is_paired || term.chars().nth(1).is_some()).then_some(term)
        })
    }
}

fn runs(folded: &str) -> Vec<Run<'_>> {
    let mut runs = Vec::new();
    // Where the run under way began, and what it is of.
    let mut open: Option<(usize, bool)> = None;
    let mut end = |open: &mut Option<(usize, bool)>, at: usize| {
        if let Some((from, is_cjk)) = open.take() {
            runs.extend(folded.get(from..at).map(|letters| Run { letters, is_cjk }));
        }
    };
    for (at, letter) in folded.char_indices() {
        let is_cjk = is_cjk(letter);
        let is_part = is_cjk || letter.is_alphanumeric();
        if open.is_some_and(|(_, of)| !is_part || of != is_cjk) {
            end(&mut open, at);
        }
        if is_part && open.is_none() {
            open = Some((at, is_cjk));
        }
    }
    end(&mut open, folded.len());
    runs
}

/// Full-width ASCII (U+FF01–FF5E) to half-width, then lower case where that is one letter too.
fn fold(letter: char) -> char {
    let letter = match u32::from(letter) {
        wide @ 0xff01..=0xff5e => char::from_u32(wide - 0xfee0).unwrap_or(letter),
        _ => letter,
    };
    let mut lower = letter.to_lowercase();
    lower.next().filter(|_| lower.next().is_none()).unwrap_or(letter)
}

/// Characters written without spaces between words: Han with its extensions and iteration mark, kana and Hangul (blocks
/// of Unicode 16).
fn is_cjk(letter: char) -> bool {
    matches!(letter,
        '\u{3005}' | '\u{3007}'
        | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{323af}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn finds(query: &str, text: &str) -> bool {
        let terms = terms(text);
        let wanted = query_terms(query);
        !wanted.is_empty() && wanted.iter().all(|term| terms.binary_search(term).is_ok())
    }

    #[test]
    fn chinese_falls_into_pairs_and_the_rest_into_words() {
        assert_eq!(terms("路灯不亮，LED 3号"), ["3", "led", "不亮", "号", "灯不", "路灯"]);
    }

    #[test]
    fn width_and_case_make_no_difference() {
        assert_eq!(terms("ＬＥＤ灯，Ａ３"), terms("led灯 a3"));
    }

    #[test]
    fn traditional_characters_stay() {
        assert_eq!(terms("路燈"), ["路燈"]);
        assert!(!finds("路灯", "路燈壞了"));
    }

    #[test]
    fn a_single_character_beside_other_words_does_not_hide_the_text() {
        assert!(finds("3号", "3号楼门前积水"));
        assert!(finds("灯", "灯 坏"));
        assert!(!finds("灯", "路灯"));
    }

    #[test]
    fn characters_beyond_the_basic_plane_and_kana_are_paired() {
        assert_eq!(terms("𠮷野家"), ["野家", "𠮷野"]);
        assert_eq!(terms("ゴミ"), ["ゴミ"]);
    }

    #[test]
    fn signs_alone_ask_for_nothing() {
        assert_eq!(query_terms("，。!? \u{3000}"), Vec::<String>::new());
        assert_eq!(terms(""), Vec::<String>::new());
    }

    #[test]
    fn a_very_long_word_is_found_by_its_beginning_alike() {
        let word = "x".repeat(5_000);
        assert_eq!(terms(&word), ["x".repeat(TERM_CHARS_MOST)]);
        assert!(finds(&word, &word));
    }

    fn any_text() -> impl Strategy<Value = String> {
        proptest::collection::vec(
            prop_oneof![
                6 => prop::char::range('\u{4e00}', '\u{4e20}'),
                2 => prop::sample::select(vec!['Ａ', 'b', 'C', '３', '7', ' ', '，', '-', 'ß', 'İ', '々', '한', 'é']),
                1 => any::<char>(),
            ],
            0..60,
        )
        .prop_map(String::from_iter)
    }

    proptest! {
        #[test]
        fn every_run_of_two_or_more_chinese_characters_finds_its_text(
            before in any_text(),
            part in proptest::collection::vec(prop::char::range('\u{4e00}', '\u{4e20}'), 2..12),
            after in any_text(),
        ) {
            let part = String::from_iter(part);
            let text = format!("{before}{part}{after}");
            prop_assert!(finds(&part, &text), "{} in {}", part, text);
        }

        #[test]
        fn a_text_finds_itself(text in any_text()) {
            prop_assert!(query_terms(&text).is_empty() || finds(&text, &text));
        }

        #[test]
        fn terms_are_sorted_single_bounded_and_no_more_than_characters(text in any_text()) {
            let terms = terms(&text);
            prop_assert!(terms.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(terms.len() <= text.chars().count());
            prop_assert!(terms.iter().all(|term| (1..=TERM_CHARS_MOST).contains(&term.chars().count())));
        }
    }
}
