//! `fresh`: how long a payload is fresh.

use cells::runtime_cell;
use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_secs(60);

struct Token {
    refresh_at: Instant,
}

impl Token {
    fn new() -> Self {
        Self { refresh_at: Instant::now() + MINUTE }
    }

    fn refresh_at(&self) -> Instant {
        self.refresh_at
    }
}

#[test]
fn f2_fresh_is_a_duration_or_a_function() {
    #[runtime_cell(fresh = "50m")]
    fn by_literal() -> u8 {
        1
    }

    #[runtime_cell(fresh = MINUTE.saturating_mul(2))]
    fn by_expression() -> u8 {
        2
    }

    #[runtime_cell(fresh = Token::refresh_at)]
    fn by_path() -> Token {
        Token::new()
    }

    #[runtime_cell(fresh = |token| token.refresh_at)]
    fn by_closure() -> Token {
        Token::new()
    }

    #[runtime_cell]
    fn always() -> u8 {
        3
    }

    let _ = (by_literal(), by_expression(), by_path(), by_closure(), always());
    assert_eq!(BY_LITERAL.info().fresh, Some("50m"));
    assert_eq!(BY_EXPRESSION.info().fresh, Some("MINUTE.saturating_mul(2)"));
    assert_eq!(BY_PATH.info().fresh, Some("Token::refresh_at"));
    assert_eq!(BY_CLOSURE.info().fresh, Some("a closure"));
    assert_eq!((ALWAYS.info().fresh, ALWAYS.info().eager_refresh), (None, false));
}
