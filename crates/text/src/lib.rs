//! Words: search terms, and later classes and duplicates. Pure.

/// Terms a text is found by.
pub fn terms(text: &str) -> Vec<String> {
    let mut terms: Vec<String> = text
        .split(|letter: char| !letter.is_alphanumeric())
        .flat_map(|word| {
            let letters: Vec<char> = word.to_lowercase().chars().collect();
            if letters.iter().all(char::is_ascii) {
                vec![letters.iter().collect::<String>()]
            } else {
                letters.windows(2).map(|pair| pair.iter().collect()).collect()
            }
        })
        .filter(|term| !term.is_empty())
        .collect();
    terms.sort();
    terms.dedup();
    terms
}
