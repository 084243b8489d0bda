//! Methods that a declared cell does not have: those of its payload, which `pool()` gives, and those of other cells.

use cells::{AsyncCell, RuntimeCell, StaticCell, runtime_cell};
use std::time::Duration;

pub struct Pool;

impl Pool {
    fn len(&self) -> usize {
        0
    }

    fn send(&self) {}

    fn leases(&self) {}
}

#[runtime_cell]
fn pool() -> Pool {
    Pool
}

#[runtime_cell]
async fn client() -> Pool {
    Pool
}

#[runtime_cell(permanent)]
fn settings() -> Pool {
    Pool
}

fn z5_methods_of_the_payload() {
    POOL.len();
    POOL.send();
    POOL.lent();
    POOL.leases();
    CLIENT.send();
    SETTINGS.send();
    Pool.output();
    Pool.dispose();
    Pool.lend();
}

fn another_factory() {
    POOL.get_or_initialize(|| Ok::<_, cells::Error>(Pool));
    POOL.get_or_init(|| Pool);
    POOL.refresh(|| Ok::<_, cells::Error>(Pool));
    CLIENT.get_or_initialize_async(|| async { Ok::<_, cells::Error>(Pool) });
    CLIENT.refresh_async(|| async { Ok::<_, cells::Error>(Pool) });
    SETTINGS.get_or_initialize(|| Ok::<_, cells::Error>(Pool));
    let _: &RuntimeCell<Pool> = &POOL;
}

fn closes_that_are_not_awaited() {
    StaticCell::close(&CLIENT);
    AsyncCell::close(&CLIENT).status;
    CLIENT.close_generation(1).status;
    CLIENT.close_and_drain(Duration::ZERO).status;
}

fn closes_of_what_is_permanent() {
    SETTINGS.close_generation(1);
    SETTINGS.close_and_drain(Duration::ZERO);
    SETTINGS.close_async();
    SETTINGS.record_failure("broken", Duration::ZERO);
}

fn moved() {
    POOL.into_inner();
}

fn main() {}
