//! Text as tokens, as far as mutations need it.

/// The tokens of `text`, each with the blanks behind it.
pub(crate) fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let token = length(rest);
        let blanks = rest[token..].len() - rest[token..].trim_start().len();
        let (one, after) = rest.split_at(token + blanks);
        tokens.push(one);
        rest = after;
    }
    tokens
}

fn length(text: &str) -> usize {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let word = |text: &str| text.find(|c| !is_word(c)).unwrap_or(text.len());
    let first = text.chars().next().expect("there is a rest");
    match first {
        '"' => text[1..].find('"').map_or(text.len(), |end| end + 2),
        // A lifetime: there are no characters in quotes.
        '\'' => 1 + word(&text[1..]),
        _ if text.starts_with("r#") => 2 + word(&text[2..]),
        _ if is_word(first) => word(text),
        _ if text.starts_with("->") || text.starts_with("::") => 2,
        _ => first.len_utf8(),
    }
}

/// The delimiters that are still to be closed at the end of these tokens; `None` if one is closed that is not open.
pub(crate) fn unclosed(tokens: &[&str]) -> Option<String> {
    let mut open = Vec::new();
    for token in tokens {
        match token.trim() {
            "(" => open.push(')'),
            "[" => open.push(']'),
            "{" => open.push('}'),
            closing @ (")" | "]" | "}") => (open.pop() == closing.chars().next()).then_some(())?,
            _ => {}
        }
    }
    Some(open.into_iter().rev().collect())
}
