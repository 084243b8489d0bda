//! The list of all cells.
//!
//! The linker builds it, so these tests should also pass in a release build with the most aggressive optimization:
//!
//! ```text
//! CARGO_PROFILE_RELEASE_LTO=fat cargo test --release -p cells-tests --test threads registry::
//! ```

// Nothing else of that crate is used here, and still its cells are listed.
use cells_tests_lints as _;

use cells::{AnyCell, BoxError, Close, Ref, State, runtime_cell};
use std::time::Duration;

/// Nothing refers to this cell.
#[runtime_cell]
fn untouched() -> u32 {
    unreachable!("listing builds nothing")
}

/// A payload that implements `Close`.
struct Pool;

impl Close for Pool {
    fn close(self) -> Result<(), BoxError> {
        Ok(())
    }
}

#[runtime_cell(name = "the pool", max_waiters = 3, wait_timeout = "250ms", cooldown = "5s", eager, after = [UNTOUCHED])]
#[allow(unreachable_code, reason = "it is never built")]
fn pool(one: &u32, #[from(other::ONE)] another: Ref<'static, u8>) -> Result<Pool, BoxError> {
    unreachable!("nobody asks for it: {one} {another}")
}

#[runtime_cell(dispose = forget)]
fn one() -> u32 {
    unreachable!("nobody asks for it")
}

fn forget(_: u32) {}

mod other {
    #[cells::runtime_cell]
    pub(super) fn one() -> u8 {
        unreachable!("nobody asks for it")
    }
}

fn here(name: &str) -> Vec<AnyCell> {
    let mut all = cells::all();
    all.retain(|cell| cell.info().name == name && cell.info().module_path.starts_with(module_path!()));
    all
}

#[test]
fn p5_a_cell_that_nothing_refers_to_is_listed() {
    let [cell] = here("untouched")[..] else { panic!("it is not listed once") };
    let snapshot = cell.snapshot();
    assert_eq!((snapshot.name, snapshot.state, snapshot.generation), ("untouched", State::Empty, None));
    assert_eq!(format!("{cell:?}"), r#"AnyCell { name: "untouched", state: Empty, .. }"#);
    assert_eq!(format!("{UNTOUCHED:?}"), r#"StaticCell { name: "untouched", state: Empty, .. }"#);
    assert!(cell == UNTOUCHED.any() && cells::all().iter().filter(|other| **other == cell).count() == 1);
}

#[test]
fn p5_a_cell_of_a_crate_that_nothing_is_used_of_is_listed() {
    let others = cells::all().into_iter().filter(|cell| cell.info().module_path == "cells_tests_lints");
    assert!(others.count() > 0);
}

#[test]
fn p5_two_cells_of_one_name_are_told_apart_by_their_modules() {
    let modules: Vec<_> = here("one").iter().map(|cell| cell.info().module_path).collect();
    assert_eq!(modules, [module_path!(), concat!(module_path!(), "::other")]);
}

#[test]
fn p5_everything_that_is_declared_is_told() {
    let [cell] = here("the pool")[..] else { panic!("it is not listed once") };
    let info = cell.info();
    assert_eq!((info.name, info.ident, info.payload_type), ("the pool", "POOL", "Pool"));
    assert_eq!((info.module_path, info.file), (module_path!(), file!()));
    let source = include_str!("registry.rs").lines().nth(info.line as usize - 1);
    assert!(source.is_some_and(|line| line.contains("the pool") || line.contains("fn pool")), "{source:?}");
    assert_eq!((info.fallible, info.disposer, info.eager), (true, "Close::close", true));
    assert_eq!(info.max_waiters, Some(3));
    assert_eq!(info.wait_timeout, Some(Duration::from_millis(250)));
    assert_eq!(info.cooldown, Duration::from_secs(5));
    let dependencies: Vec<_> =
        info.dependencies.iter().map(|on| format!("{:?} {}", on.kind, on.cell.module_path)).collect();
    let module = module_path!();
    assert_eq!(
        dependencies,
        [format!("Injected {module}"), format!("Injected {module}::other"), format!("After {module}")]
    );

    let [plain] = here("untouched")[..] else { panic!("it is not listed once") };
    let info = plain.info();
    assert_eq!((info.fallible, info.disposer, info.eager), (false, "drop", false));
    assert_eq!((info.max_waiters, info.wait_timeout, info.cooldown), (None, None, Duration::ZERO));
    assert!(info.dependencies.is_empty() && plain.observed().is_empty());
    assert_eq!(here("one")[0].info().disposer, "forget");
}

#[test]
fn p5_the_order_is_that_of_modules_and_lines() {
    let order = || cells::all().iter().map(AnyCell::info).collect::<Vec<_>>();
    let all = order();
    assert!(all.is_sorted_by_key(|info| (info.module_path, info.file, info.line)));
    assert!(all.iter().zip(order()).all(|(first, second)| std::ptr::eq(*first, second)));
    let mut distinct = all.clone();
    distinct.dedup_by(|left, right| std::ptr::eq(*left, *right));
    assert_eq!(distinct.len(), all.len(), "each once");
}

#[test]
fn p5_a_listed_cell_can_be_closed() {
    #[runtime_cell]
    fn listed() -> u32 {
        1
    }

    let [cell] = here("listed")[..] else { panic!("it is not listed once") };
    let lease = listed();
    assert_eq!(cell.close().status, cells::CloseStatus::Draining);
    drop(lease);
    assert_eq!(*listed(), 1);
    assert_eq!(cell.close_and_drain(Duration::ZERO).generation, Some(2));
    assert_eq!(LISTED.state(), State::Empty);
}
