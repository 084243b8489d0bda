//! Misspelled words.

/// Whether somebody who wrote `written` may have meant `word`: after two slips at most, and not in most of the word.
pub(crate) fn is_misspelled(written: &str, word: &str) -> bool {
    slips(written, word) <= (word.len() / 3).min(2)
}

/// How many letters must be added, removed, replaced, or exchanged with their neighbor to make `word` of `written`.
pub(crate) fn slips(written: &str, word: &str) -> usize {
    let (written, word) = (written.as_bytes(), word.as_bytes());
    // `rows[i][j]` is the answer for the first `i` letters of `written` and the first `j` of `word`.
    let mut rows: Vec<Vec<usize>> = vec![(0..=word.len()).collect()];
    for i in 1..=written.len() {
        let above = &rows[i - 1];
        let mut row = vec![i];
        for j in 1..=word.len() {
            let replaced = above[j - 1] + usize::from(written[i - 1] != word[j - 1]);
            let mut least = replaced.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && written[i - 1] == word[j - 2] && written[i - 2] == word[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[written.len()][word.len()]
}
