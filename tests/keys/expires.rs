//! `expires`: how long a payload may be used.

use cells::{BoxError, runtime_cell};
use std::time::{Duration, SystemTime};

const HOUR: Duration = Duration::from_secs(3600);

struct Token {
    expires_at: Option<SystemTime>,
}

impl Token {
    fn expires_at(&self) -> Option<SystemTime> {
        self.expires_at
    }
}

#[test]
fn f2_expires_is_a_duration_or_a_function() {
    #[runtime_cell(expires = "1h", linger = "1h")]
    fn by_literal() -> u8 {
        1
    }

    #[runtime_cell(fresh = HOUR, expires = Duration::from_secs(7200))]
    fn by_expression() -> Result<u8, BoxError> {
        Ok(2)
    }

    #[runtime_cell(expires = Token::expires_at, cell = TOKEN)]
    fn by_path() -> Token {
        Token { expires_at: None }
    }

    #[runtime_cell(expires = |token| token.expires_at.map(|end| end - HOUR))]
    fn by_closure() -> Result<Token, BoxError> {
        Ok(Token { expires_at: None })
    }

    type Alias = Result<Token, BoxError>;

    #[runtime_cell(expires = |_: &Token| HOUR, fallible)]
    fn of_an_alias() -> Alias {
        Ok(Token { expires_at: None })
    }

    #[runtime_cell(expires = |payload| *payload, provided)]
    fn of_what_is_provided() -> Duration;

    // Named as a variable of the expansion is.
    fn payload(_: &Token) -> Duration {
        HOUR
    }

    #[runtime_cell(expires = payload)]
    fn by_a_common_name() -> Token {
        Token { expires_at: None }
    }

    let _ = by_a_common_name();
    let _ = (by_literal(), by_expression(), by_path(), by_closure(), of_an_alias());
    let _ = OF_WHAT_IS_PROVIDED.provide(HOUR);
    let _ = of_what_is_provided();
    assert_eq!(BY_A_COMMON_NAME.info().expires, Some("payload"));
    assert_eq!((BY_LITERAL.info().expires, BY_LITERAL.info().fresh), (Some("1h"), None));
    assert_eq!(BY_EXPRESSION.info().expires, Some("Duration::from_secs(7200)"));
    assert_eq!(TOKEN.info().expires, Some("Token::expires_at"));
    assert_eq!(BY_CLOSURE.info().expires, Some("a closure"));
    assert_eq!(OF_AN_ALIAS.info().expires, Some("a closure"));
    assert_eq!(OF_WHAT_IS_PROVIDED.info().expires, Some("a closure"));
}
