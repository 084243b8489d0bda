//! What the stock does. Each test has a database of its own.

use crate::support::{World, server};
use shared_server::config::{CONFIG, Config};
use shared_server::pool::POOL;
use shared_server::stock::{StockError, count, receive, take, take_all};
use std::thread;
use std::time::Duration;

#[test]
fn what_is_received_is_in_stock() {
    let Some(_world) = World::enter() else { return };
    assert_eq!(count("tea").unwrap(), 0);
    assert_eq!(receive("tea", 3).unwrap(), 3);
    assert_eq!(receive("tea", 4).unwrap(), 7);
    assert_eq!((count("tea").unwrap(), count("coffee").unwrap()), (7, 0));
}

#[test]
fn what_is_taken_is_gone() {
    let Some(_world) = World::enter() else { return };
    receive("tea", 3).unwrap();
    assert_eq!(take("tea", 1).unwrap(), 2);
    assert_eq!(take("tea", 2).unwrap(), 0);
}

#[test]
fn no_more_is_taken_than_there_is() {
    let Some(_world) = World::enter() else { return };
    receive("tea", 3).unwrap();
    for (item, pieces) in [("tea", 4), ("coffee", 1)] {
        let refusal = take(item, pieces).unwrap_err();
        assert!(matches!(&refusal, StockError::NotEnough(of) if of == item), "{refusal}");
    }
    assert_eq!(count("tea").unwrap(), 3);
}

#[test]
fn an_order_takes_all_or_nothing() {
    let Some(_world) = World::enter() else { return };
    receive("coffee", 5).unwrap();
    receive("tea", 1).unwrap();
    assert!(
        matches!(take_all(&[("tea", 2), ("coffee", 5)]), Err(StockError::NotEnough(item)) if item == "tea")
    );
    assert_eq!((count("coffee").unwrap(), count("tea").unwrap()), (5, 1));
    take_all(&[("tea", 1), ("coffee", 4)]).unwrap();
    assert_eq!((count("coffee").unwrap(), count("tea").unwrap()), (1, 0));
}

#[test]
fn many_threads_take_each_piece_once() {
    let Some(world) = World::enter() else { return };
    receive("tea", 50).unwrap();
    let take_all = || (0..20).filter(|_| take("tea", 1).is_ok()).count();
    let all: Vec<_> = (0..8).map(|_| world.cells.handle().spawn(take_all)).collect();
    let taken: usize = all.into_iter().map(|thread| thread.join().unwrap()).sum();
    assert_eq!((taken, count("tea").unwrap()), (50, 0));
}

#[test]
fn orders_of_the_same_items_do_not_wait_for_each_other_in_a_circle() {
    let Some(world) = World::enter() else { return };
    receive("coffee", 60).unwrap();
    receive("tea", 60).unwrap();
    let take = |order: [(&'static str, u16); 2]| {
        world.cells.handle().spawn(move || (0..30).for_each(|_| take_all(&order).unwrap()))
    };
    for thread in [take([("coffee", 1), ("tea", 1)]), take([("tea", 1), ("coffee", 1)])] {
        thread.join().unwrap();
    }
    assert_eq!((count("coffee").unwrap(), count("tea").unwrap()), (0, 0));
}

#[test]
fn a_connection_that_the_server_ended_is_replaced() {
    let Some(world) = World::enter() else { return };
    receive("tea", 3).unwrap();
    let end = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = $1";
    let ended = server().connect().unwrap().query(end, &[&world.database.name]).unwrap();
    assert_eq!(ended.len(), 1);
    assert_eq!(count("tea").unwrap(), 3);
    assert_eq!(POOL.generation(), Some(1));
}

#[test]
fn a_database_that_is_not_there_yet_is_asked_for_again() {
    let Some(world) = World::enter() else { return };
    let later = format!("{}_later", world.database.name);
    CONFIG.invalidate();
    CONFIG.seed(Config { database: server().database(&later), connections: 1 }).unwrap();
    assert!(
        matches!(count("tea"), Err(StockError::Unavailable(error)) if error.to_string().contains("pool"))
    );
    server().connect().unwrap().batch_execute(&format!("CREATE DATABASE {later}")).unwrap();
    world.cells.advance(Duration::from_secs(1));
    assert_eq!(count("tea").unwrap(), 0);
    POOL.invalidate();
    server().connect().unwrap().batch_execute(&format!("DROP DATABASE {later}")).unwrap();
}

#[test]
fn two_worlds_have_the_server_in_common_and_no_piece() {
    let test = |pieces| {
        let world = World::enter()?;
        receive("tea", pieces).unwrap();
        let started = "SELECT pg_postmaster_start_time()::text";
        let started: String = server().connect().unwrap().query_one(started, &[]).unwrap().get(0);
        Some((world, started))
    };
    let Some((_world, started)) = test(3) else { return };
    // Another thread is in no sandbox until it enters one.
    let other = thread::spawn(move || test(4).map(|(_world, started)| (count("tea").unwrap(), started)));
    assert_eq!(other.join().unwrap(), Some((4, started)));
    assert_eq!(count("tea").unwrap(), 3);
}
