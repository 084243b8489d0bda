use cells::{BoxError, runtime_cell};
use std::time::{Duration, Instant};

struct Token {
    seconds: u64,
}

impl Token {
    fn new() -> Self {
        Token { seconds: 60 }
    }

    fn seconds(&self) -> u64 {
        self.seconds
    }

    fn into_end(self) -> Instant {
        Instant::now() + Duration::from_secs(self.seconds)
    }
}

const SECONDS: u64 = 60;

fn minute() -> Duration {
    Duration::from_secs(60)
}

fn of_a_string(_: &String) -> Duration {
    minute()
}

fn maybe_seconds(token: &Token) -> Option<u64> {
    Some(token.seconds)
}

#[runtime_cell(fresh = SECONDS)]
fn by_a_number() -> Token {
    Token::new()
}

#[runtime_cell(fresh = minute())]
fn not_const() -> Token {
    Token::new()
}

#[runtime_cell(fresh = minute)]
fn of_nothing() -> Token {
    Token::new()
}

#[runtime_cell(fresh = of_a_string, expires = Token::seconds)]
fn of_another_type() -> Token {
    Token::new()
}

#[runtime_cell(expires = Token::into_end)]
fn of_the_payload_itself() -> Token {
    Token::new()
}

#[runtime_cell(expires = maybe_seconds)]
fn of_an_option() -> Token {
    Token::new()
}

#[runtime_cell(fresh = |token| token.seconds, expires = || minute())]
fn by_closures() -> Token {
    Token::new()
}

#[runtime_cell(expires = |token: &String| minute())]
fn by_a_closure_of_another_type() -> Token {
    Token::new()
}

#[runtime_cell(fresh = Token::refresh_at, expires = |token| token.expires_at)]
fn by_what_is_not_there() -> Token {
    Token::new()
}

#[runtime_cell(fresh = "60m", expires = "1h")]
fn in_the_wrong_order() -> Token {
    Token::new()
}

#[runtime_cell(permanent, fresh = "5m", eager_refresh, expires = "1h")]
fn without_end() -> Token {
    Token::new()
}

#[runtime_cell(fresh = "1h", eager_refresh, linger = "1h")]
fn contradictory() -> Result<Token, BoxError> {
    Ok(Token::new())
}

fn main() {
    let _: u64 = by_a_number().seconds + not_const().seconds + of_nothing().seconds;
    let _: u64 = of_another_type().seconds + of_the_payload_itself().seconds + of_an_option().seconds;
    let _: u64 = by_closures().seconds + by_a_closure_of_another_type().seconds;
    let _: u64 = by_what_is_not_there().seconds + in_the_wrong_order().seconds + without_end().seconds;
    let _: u64 = contradictory().unwrap().seconds;
}
