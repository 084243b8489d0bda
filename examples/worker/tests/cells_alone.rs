//! Parts that need no runtime and no loop.

use crate::support::World;
use cells::testing::Sandbox;
use std::fs;
use worker::args::{ARGS, args};
use worker::results::results;
use worker::watch::Watch;

#[test]
fn the_arguments_are_those_of_the_test() {
    let world = World::new();
    let _cells = world.sandbox().enter();
    assert_eq!((args().model.clone(), args().at_once), (world.model(), 4));
}

/// What `main` provides is not there in a sandbox, and whoever needs it says so.
#[test]
fn without_arguments_there_are_no_results() {
    let _cells = Sandbox::new().enter();
    assert!(ARGS.peek().is_none());
    let error = results().err().expect("there are no arguments");
    assert_eq!(
        error.root_cause().to_string(),
        "cell `args`: no value was provided; call `ARGS.provide(..)` first"
    );
}

#[test]
fn the_results_get_their_name_at_the_end() {
    let world = World::new();
    let cells = world.sandbox().enter();
    results().unwrap().write("one").unwrap();
    assert!(world.found("one") && !world.results().exists());
    drop(cells);
    assert_eq!(world.complete(), ["one"]);
}

#[test]
fn a_watch_sees_each_change_once() {
    let world = World::new();
    let mut watch = Watch::new(world.model());
    assert!(!watch.changed());
    world.replace_model("another");
    assert!(watch.changed() && !watch.changed());
    fs::write(world.model(), "longer than another").unwrap();
    assert!(watch.changed() && !watch.changed());
    fs::remove_file(world.model()).unwrap();
    assert!(!watch.changed(), "another file is about to come");
    world.replace_model("this one");
    assert!(watch.changed());
}
