use cells::runtime_cell;

#[runtime_cell(wait_timeout = "5 sec", cooldown = "99999999999999999999h")]
fn no_duration() -> Result<u8, cells::BoxError> {
    Ok(1)
}

#[runtime_cell(max_waiters = 0, wait_timeout = "0s", cooldown = "0ms")]
fn zero() -> Result<u8, cells::BoxError> {
    Ok(1)
}

#[runtime_cell(max_waiters = 1, wait_timeout = "1s", cooldown = "1s")]
fn infallible() -> u8 {
    1
}

#[runtime_cell(max_waiters = 1.min(2), wait_timeout = 2 * 3)]
fn not_of_the_type() -> Result<u8, cells::BoxError> {
    Ok(1)
}

#[runtime_cell(cooldown = second())]
fn not_const() -> Result<u8, cells::BoxError> {
    Ok(1)
}

fn second() -> std::time::Duration {
    std::time::Duration::from_secs(1)
}

fn main() {
    let _: u8 = *no_duration().unwrap();
    let _: u8 = *zero().unwrap();
    let _: u8 = *infallible();
    let _: u8 = *not_of_the_type().unwrap();
    let _: u8 = *not_const().unwrap();
}
