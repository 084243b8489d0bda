use cells::runtime_cell;
use std::time::Duration;

const NEVER: Duration = Duration::ZERO;

#[runtime_cell(linger = NEVER)]
fn ends_at_once() -> u8 {
    1
}

#[runtime_cell(linger = "1h", permanent)]
fn settings() -> u8 {
    1
}

fn main() {}
