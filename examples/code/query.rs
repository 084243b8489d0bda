//! Turns what the user typed into a query for FTS5.

use super::problem::Problem;

/// The words to find; a match has all of them in one line.
#[derive(Debug)]
pub struct Query {
    words: Vec<String>,
}

impl Query {
    /// Splits what was typed into words.
    ///
    /// Words are separated by white space. Those without a letter or digit are left out, because FTS5 cannot find them.
    ///
    /// # Errors
    /// If no word is left.
    pub fn parse(typed: &str) -> Result<Self, Problem> {
        let searchable = |word: &&str| word.contains(char::is_alphanumeric);
        let words: Vec<_> = typed.split_whitespace().filter(searchable).map(str::to_owned).collect();
        if words.is_empty() { Err(Problem::EmptyQuery) } else { Ok(Self { words }) }
    }

    /// Quotes each word, so that FTS5 takes none for an operator: <https://www.sqlite.org/fts5.html#fts5_strings>.
    pub fn to_fts5(&self) -> String {
        let quoted = self.words.iter().map(|word| format!("\"{}\"", word.replace('"', "\"\"")));
        quoted.collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::Query;

    #[test]
    fn operators_are_words() {
        let query = Query::parse(r#"a OR NEAR(b) "c* -> col:d"#).unwrap();
        assert_eq!(query.to_fts5(), r#""a" "OR" "NEAR(b)" """c*" "col:d""#);
    }

    #[test]
    fn without_words_it_is_empty() {
        for typed in ["", " \t", "\"\"", "-> *"] {
            assert!(Query::parse(typed).is_err(), "{typed:?}");
        }
    }
}
