//! Panic hooks that do more than print.

use super::payload::{AT, Payload, all_disposed};
use cells::{CloseStatus, runtime_cell};
use cells_test_support::{Boom, Count, LONG, eventually, multi_thread, panic_of, spawn};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::process;

/// Whether the factory of [`flaky`] panics.
static PANICS: Count = Count::zero();
static HOOKS: Count = Count::zero();

/// Panics at its first run.
#[runtime_cell(dispose = Payload::dispose)]
fn flaky() -> Result<Payload, Boom> {
    if PANICS.up() == 1 {
        AT.pause();
        panic!("the factory's panic");
    }
    Ok(Payload::make())
}

#[runtime_cell(dispose = Payload::dispose)]
fn steady() -> Payload {
    Payload::make()
}

#[runtime_cell(dispose = Payload::dispose)]
fn untouched() -> Payload {
    Payload::make()
}

/// Calls `hook` at each panic.
fn hook(hook: impl Fn() + Send + Sync + 'static) {
    set_hook(Box::new(move |_| {
        HOOKS.up();
        hook();
    }));
}

/// The panic of the first run, with a thread that waits for it.
fn panic_once() {
    let stage = AT.set();
    let flight = spawn(|| catch_unwind(AssertUnwindSafe(|| drop(flaky()))).is_err());
    stage.reached();
    let waiter = spawn(|| flaky().map(drop));
    eventually("a waiter", || FLAKY.snapshot().waiters == 1);
    stage.release();
    assert!(flight.join(), "the factory's panic unwinds in its caller");
    // The waiter may have been superseded, or shut out.
    let _ = waiter.join();
    assert_eq!(HOOKS.get(), 1);
}

pub(crate) fn a_panic_hook_exits_while_a_factory_panics() {
    drop(steady());
    hook(|| process::exit(7));
    panic_once();
}

pub(crate) fn a_panic_hook_aborts_while_a_factory_panics() {
    drop(steady());
    hook(|| process::abort());
    panic_once();
}

pub(crate) fn a_panic_hook_reads_the_cell_that_fails_and_others() {
    drop(steady());
    hook(|| {
        assert!(flaky().is_err_and(|error| error.is_reentrant()));
        drop((steady(), untouched()));
        assert_eq!(cells::snapshot().len(), cells::all().len());
    });
    panic_once();
    drop(flaky().expect("the second run"));
    assert!(cells::close_all(LONG).is_ok());
    all_disposed();
}

pub(crate) fn a_panic_hook_closes_the_cell_that_fails() {
    hook(|| assert_eq!(FLAKY.close().status, CloseStatus::Superseded));
    panic_once();
    drop(flaky().expect("the second run"));
    assert_eq!(FLAKY.close().status, CloseStatus::Ok);
    all_disposed();
}

pub(crate) fn x16_a_panic_hook_closes_all_cells_while_a_factory_panics() {
    drop(steady());
    hook(|| {
        let _ = cells::close_all(LONG);
        assert!(!STEADY.is_ready());
    });
    panic_once();
    drop(flaky().expect("the second run"));
    assert!(cells::close_all(LONG).is_ok());
    all_disposed();
}

fn shut_down() {
    let _ = cells::shutdown(LONG);
    assert!(!STEADY.is_ready());
}

pub(crate) fn x16_a_panic_hook_shuts_down_while_a_factory_panics() {
    drop(steady());
    hook(shut_down);
    panic_once();
    assert!(flaky().is_err_and(|error| error.is_shut_down()));
    all_disposed();
}

pub(crate) fn x16_a_panic_hook_shuts_down_while_a_factory_inside_another_panics() {
    #[runtime_cell(dispose = Payload::dispose)]
    fn outer() -> Result<Payload, cells::Error> {
        drop(flaky()?);
        Ok(Payload::make())
    }
    drop(steady());
    hook(shut_down);
    panic_of(|| drop(outer()));
    assert!(outer().is_err_and(|error| error.is_shut_down()));
    all_disposed();
}

pub(crate) fn x16_a_panic_hook_shuts_down_while_a_permanent_cells_factory_panics() {
    #[runtime_cell(permanent)]
    fn fixed() -> Result<u8, Boom> {
        panic!("the factory's panic");
    }
    drop(steady());
    hook(shut_down);
    panic_of(|| drop(fixed()));
    assert!(fixed().is_err_and(|error| error.is_shut_down()));
    all_disposed();
}

pub(crate) fn x16_a_panic_hook_shuts_down_while_an_async_factory_panics() {
    #[runtime_cell]
    async fn fails() -> Result<u8, Boom> {
        tokio::task::yield_now().await;
        panic!("the factory's panic");
    }
    drop(steady());
    hook(shut_down);
    let runtime = multi_thread();
    let task = runtime.spawn(async { drop(fails().await) });
    assert!(runtime.block_on(task).is_err_and(|error| error.is_panic()));
    all_disposed();
}

pub(crate) fn x16_a_panic_hook_shuts_down_while_a_blocking_factory_panics() {
    #[runtime_cell(blocking)]
    fn fails() -> Result<u8, Boom> {
        panic!("the factory's panic");
    }
    drop(steady());
    hook(shut_down);
    let runtime = multi_thread();
    let answer = runtime.block_on(async { fails().await.map(drop) });
    assert!(answer.is_err(), "{answer:?}");
    all_disposed();
}

pub(crate) fn x16_a_panic_hook_shuts_down_while_a_disposer_panics() {
    #[runtime_cell(dispose = wild)]
    fn ends_badly() -> u8 {
        1
    }
    fn wild(_: u8) {
        panic!("the disposer's panic");
    }
    drop((steady(), ends_badly()));
    hook(shut_down);
    assert_eq!(ENDS_BADLY.close().status, CloseStatus::Error);
    assert_eq!(HOOKS.get(), 1);
    all_disposed();
}
