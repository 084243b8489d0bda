//! What a program meets that converts a `LazyLock` or a `OnceLock`: the errors that the chapter on converting names.

use cells::{Ref, RuntimeCell, runtime_cell};
use std::collections::HashMap;
use std::sync::Mutex;

#[runtime_cell]
fn counters() -> Mutex<HashMap<String, u64>> {
    Mutex::default()
}

#[runtime_cell]
fn limit() -> u32 {
    4
}

#[runtime_cell]
fn port() -> Option<u32> {
    None
}

#[runtime_cell]
fn names() -> Vec<String> {
    Vec::new()
}

static NAME: RuntimeCell<String> = RuntimeCell::new("name");

fn a_guard_outlives_its_lease() {
    let mut counts = counters().lock().unwrap();
    counts.insert("one".to_owned(), 1);
}

fn a_reference_outlives_its_lease() -> &'static Vec<String> {
    &names()
}

fn a_part_outlives_its_lease() -> Option<&'static str> {
    names().first().map(String::as_str)
}

fn a_local_shadows_the_accessor() {
    let limit = limit();
    let _ = limit();
    drop(limit);
}

fn a_static_has_no_method_of_its_payload() -> usize {
    NAMES.len()
}

fn a_static_does_not_dereference() -> u32 {
    *LIMIT + 1
}

fn a_lease_is_no_payload() -> u32 {
    limit()
}

fn a_payload_is_shared() {
    names().push(String::new());
}

fn a_value_is_moved_into_a_factory(name: String) -> Ref<'static, String> {
    NAME.get_or_init(|| name)
}

fn a_lease_is_a_number() -> u32 {
    limit() + 1
}

fn a_lease_is_an_argument() {
    takes(limit());
    takes_names(&names());
}

fn a_lease_is_matched() -> u32 {
    match port() {
        Some(port) => port,
        None => 80,
    }
}

fn a_lease_is_iterated() {
    for name in names() {
        drop(name);
    }
}

fn takes(_: u32) {}
fn takes_names(_: &[String]) {}

fn main() {}
