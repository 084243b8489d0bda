//! Leases: what they have of their payloads, projections, and leases that outlive their cells.

use cells::{CloseStatus, MappedRef, Ref, RuntimeCell};
use cells_test_support::{
    Boom, Count, Heard, OnDrop, Recorder, Tally, cell, counted, eventually, lock, spawn,
};
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Barrier, Mutex};
use std::{io, thread};

/// A lease that needs no cell.
fn lease<T: Send + Sync + 'static>(payload: T) -> Ref<'static, T> {
    let mut payload = Some(payload);
    cell("db").get_or_initialize(|| payload.take().ok_or(Boom(0))).expect("a payload")
}

#[test]
fn z1_a_clone_of_a_lease_is_a_clone_of_the_payload() {
    let cell = cell("id");
    let id = || cell.get_or_initialize(|| Ok::<_, Boom>("run 7".to_owned())).expect("a payload");
    let text: String = id().clone();
    assert_eq!((text.as_str(), cell.close().status), ("run 7", CloseStatus::Ok));

    let part: MappedRef<'_, String> = Ref::map(id(), |id| id);
    let text: String = part.clone();
    drop(part);
    assert_eq!((text.as_str(), cell.close().status), ("run 7", CloseStatus::Ok));
}

#[test]
fn z1_a_lease_hides_no_method_of_the_payload() {
    struct Payload(u8);

    impl Payload {
        fn map(&self) -> u8 {
            self.0
        }

        fn filter_map(&self) -> u8 {
            self.0 + 1
        }

        fn generation(&self) -> u8 {
            self.0 + 2
        }
    }

    let payload = lease(Payload(7));
    assert_eq!((payload.map(), payload.filter_map(), payload.generation()), (7, 8, 9));
    let part = Ref::map(payload, |payload| payload);
    assert_eq!((part.map(), part.filter_map(), part.generation()), (7, 8, 9));

    let number = lease(5_u32);
    assert_eq!((number.min(3), number.max(8), number.clamp(6, 7)), (3, 8, 6));
    assert!(number.cmp(&4).is_gt() && number.eq(&5) && number.partial_cmp(&6).is_some_and(Ordering::is_lt));
    let option = lease(Some("text".to_owned()));
    assert_eq!(option.as_ref().map(String::len), Some(4));
    assert_eq!(option.as_deref(), Some("text"));
    assert_eq!(lease([1, 2, 3]).into_iter().sum::<i32>(), 6);
    assert_eq!(lease("text".to_owned()).to_string(), "text");
}

#[test]
fn z1_another_lease_is_an_associated_function_away() {
    let (tally, cell) = (Tally::new(), counted("db"));
    let first = cell.get_or_initialize(|| tally.build(1)).expect("a payload");
    let second = Ref::clone(&first);
    let third = Ref::map(Ref::clone(&first), |counted| &counted.id);
    let fourth = MappedRef::clone(&third);
    assert_eq!((Ref::generation(&second), MappedRef::generation(&fourth)), (1, 1));
    assert_eq!(cell.close().status, CloseStatus::Draining);
    drop((first, third, second));
    assert_eq!((*fourth, tally.disposed()), (1, vec![]));
    drop(fourth);
    assert_eq!(tally.disposed(), [1]);
}

#[test]
fn z2_a_projection_keeps_the_whole_payload() {
    let (tally, cell) = (Tally::new(), counted("db"));
    let whole = cell.get_or_initialize(|| tally.build(7)).expect("a payload");
    let part = Ref::map(whole, |counted| &counted.id);
    assert_eq!(cell.close().status, CloseStatus::Draining);
    assert_eq!((part == 7, tally.disposed()), (true, vec![]));
    drop(part);
    assert_eq!(tally.disposed(), [7]);
}

#[test]
fn z2_projections_of_projections() {
    let pair = lease(("one".to_owned(), [4_u8, 5]));
    let text: MappedRef<'static, String> = Ref::map(Ref::clone(&pair), |pair| &pair.0);
    let text: MappedRef<'static, str> = MappedRef::map(text, String::as_str);
    assert_eq!(&*text, "one");
    let text = MappedRef::filter_map(text, |text| text.get(9..)).expect_err("it is shorter");
    let text = MappedRef::filter_map(text, |text| text.get(1..)).expect("it is long enough");
    assert_eq!(text, "ne");
    let pair = Ref::filter_map(pair, |pair| pair.1.get(2)).expect_err("there are two");
    let number = Ref::filter_map(pair, |pair| pair.1.get(1)).expect("there are two");
    assert_eq!(number, 5);
    let object = Ref::map::<dyn std::fmt::Debug + Sync>(lease(3), |number| number);
    assert_eq!(format!("{:?}", &*object), "3");
}

#[test]
fn z2_a_projection_that_panics_gives_its_lease_back() {
    let (tally, cell) = (Tally::new(), counted("db"));
    let whole = cell.get_or_initialize(|| tally.build(1)).expect("a payload");
    cells_test_support::panic_of(move || drop(Ref::map(whole, |_| -> &u8 { panic!("luck") })));
    assert_eq!((cell.close().status, tally.disposed()), (CloseStatus::Ok, vec![1]));
}

#[test]
fn z2_a_projection_goes_where_its_part_may_be_shared() {
    fn anywhere<R: Send + Sync + UnwindSafe + RefUnwindSafe + Unpin>() {}
    fn sent<R: Send + Sync>() {}
    anywhere::<MappedRef<'static, str>>();
    anywhere::<MappedRef<'static, [u8; 9]>>();
    // A part need not be `Send`: nobody takes it out.
    sent::<MappedRef<'static, std::sync::MutexGuard<'static, u8>>>();

    let part = Ref::map(lease(vec![1, 2]), |numbers| &numbers[1]);
    assert_eq!(thread::spawn(move || *part).join().expect("it only reads"), 2);
}

/// A getter of every kind returns a lease that has nothing to do with the cell's lifetime.
#[test]
fn z2_a_lease_may_outlive_its_cell() {
    let tally = Tally::new();
    let cell = Arc::new(counted("db"));
    let recorder = Recorder::on(&cell);
    let leases = [
        cell.get_or_initialize(|| tally.build(1)).expect("a payload"),
        cell.refresh(|| tally.build(2)).expect("a payload"),
        cell.peek().expect("a payload"),
        pollster::block_on(cell.get_or_initialize_async(async || tally.build(3))).expect("a payload"),
        pollster::block_on(cell.refresh_async(async || tally.build(4))).expect("a payload"),
    ];
    drop(cell);
    assert_eq!(leases.each_ref().map(|lease| lease.id), [1, 2, 2, 2, 4]);
    assert!(tally.disposed().is_empty(), "the drop of the cell retires, and does not dispose what is leased");
    drop(leases);
    assert_eq!(tally.disposed(), [1, 2, 4]);
    assert_eq!(recorder.heard().last(), Some(&Heard::Close(Some(3), CloseStatus::Ok)));
    assert_eq!(tally.dropped(), 3);
}

#[test]
fn z2_leases_and_the_last_arc_of_their_cell_end_on_any_threads() {
    const THREADS: usize = 3;
    let tally = Tally::new();
    for round in 0..300 {
        let (cell, start) = (Arc::new(counted("db")), Arc::new(Barrier::new(THREADS)));
        let jobs: Vec<_> = (0..THREADS)
            .map(|_| {
                let (cell, start) = (Arc::clone(&cell), Arc::clone(&start));
                spawn(move || {
                    let lease = cell.get_or_initialize(|| tally.build(round)).expect("a payload");
                    start.wait();
                    drop(cell);
                    let again = Ref::clone(&lease);
                    drop(lease);
                    assert_eq!(again.id, round);
                })
            })
            .collect();
        drop(cell);
        for job in jobs {
            job.join();
        }
    }
    assert_eq!((tally.made(), tally.disposed().len(), tally.dropped()), (300, 300, 300));
}

/// The drop of a cell while another thread is inside the disposer of an earlier payload, and leases of both are out.
#[test]
fn z2_a_cell_that_is_dropped_while_earlier_payloads_drain() {
    let (tally, ends) = (Tally::new(), Count::new());
    let cell = counted("db");
    let first = cell.get_or_initialize(|| tally.build(1)).expect("a payload");
    let second = cell.refresh(|| tally.build(2)).expect("a payload");
    drop(cell);
    let job = spawn(move || {
        drop(second);
        ends.up();
    });
    eventually("the second one is disposed", || tally.disposed() == [2]);
    job.join();
    drop(first);
    assert_eq!(tally.disposed(), [2, 1]);
}

/// The end of the last lease disposes the payload, and with that the cell itself.
#[test]
fn z2_a_payload_may_own_the_last_handle_of_its_cell() {
    struct Node(
        Mutex<Option<Arc<RuntimeCell<Node>>>>,
        #[expect(dead_code, reason = "only held")] OnDrop<fn()>,
    );
    static ENDS: Count = Count::zero();

    let cell = Arc::new(cell("node"));
    let build = || {
        Ok::<_, Boom>(Node(
            Mutex::new(None),
            OnDrop(|| {
                ENDS.up();
            }),
        ))
    };
    let node = cell.get_or_initialize(build).expect("a payload");
    *lock(&node.0) = Some(Arc::clone(&cell));
    assert_eq!(cell.close().status, CloseStatus::Draining);
    let later = cell.get_or_initialize(build).expect("another payload");
    drop(cell);
    drop(node);
    assert_eq!(ENDS.get(), 1, "the cell is gone, and retired what is still leased");
    drop(later);
    assert_eq!(ENDS.get(), 2);
}

/// A map of cells whose entries are replaced while their payloads are in use.
#[test]
fn z2_a_lease_from_a_cell_in_a_map_needs_no_lock() {
    let tenants = Mutex::new(HashMap::from([("a", cell::<String>("tenant"))]));
    let greet = |tenant: &str| -> Ref<'static, String> {
        let tenants = lock(&tenants);
        tenants[tenant].get_or_initialize(|| Ok::<_, Boom>("hello".to_owned())).expect("a payload")
    };
    let greeting = greet("a");
    lock(&tenants).clear();
    assert_eq!(greeting, "hello");
}

#[test]
fn z2_a_lease_is_compared_as_its_payload() {
    let (four, five, again) = (lease(4), lease(5), lease(4));
    assert!(four == again && four != five && four < five && five >= four);
    assert!(four == 4 && four != 5 && four < 5 && *four == 4);
    assert_eq!(four, 4);
    assert!(lease(0.5) < 1.0 && lease(f64::NAN).partial_cmp(&1.0).is_none());
    let (name, same) = (lease("db".to_owned()), "db".to_owned());
    assert!(name == "db" && name == *"db" && name == same && *name == "db" && name.eq("db"));
    let part = Ref::map(Ref::clone(&name), String::as_str);
    assert!(part == "db" && part == *"db" && *part == *"db" && part < *"dc");
    assert!(lease(vec![1, 2]) == vec![1, 2] && lease(Some(1)) == Some(1));
    let (whole, other) = (Ref::map(lease(4), |n| n), Ref::map(lease(4), |n| n));
    assert!(whole == other && whole == 4);
}

#[test]
#[expect(
    clippy::mutable_key_type,
    reason = "a lease is hashed as its payload, which is what does not change"
)]
fn z2_a_lease_is_hashed_as_its_payload() {
    let hash = RandomState::new();
    let name = lease("db".to_owned());
    assert_eq!(hash.hash_one(&name), hash.hash_one("db"));
    let names: HashSet<_> = ["db", "search"].map(|name| lease(name.to_owned())).into_iter().collect();
    let (there, not_there) = ("db".to_owned(), "cache".to_owned());
    assert!(names.contains(&there) && !names.contains(&not_there));
    assert_eq!(names.get(&name), Some(&name));
    let parts: HashMap<MappedRef<'_, str>, u8> = [(Ref::map(name, String::as_str), 1)].into();
    assert_eq!(parts.get("db"), Some(&1));
}

#[test]
fn z2_a_lease_has_the_traits_of_its_payload() {
    fn length(path: impl AsRef<Path>) -> usize {
        path.as_ref().as_os_str().len()
    }
    let path = lease(PathBuf::from("/etc"));
    assert_eq!((length(&path), length(path)), (4, 4));
    assert_eq!(length(Ref::map(lease("name".to_owned()), String::as_str)), 4);

    let mut sum = 0;
    let numbers = lease(vec![1, 2, 3]);
    for number in &numbers {
        sum += number;
    }
    for number in &Ref::map(numbers, Vec::as_slice) {
        sum += number;
    }
    assert_eq!(sum, 12);

    let error = lease(io::Error::new(io::ErrorKind::NotFound, Boom(1)));
    assert_eq!((format!("{error}"), format!("{:?}", *error)), (Boom(1).to_string(), format!("{error:?}")));
    let boxed: Box<dyn std::error::Error + Send + Sync> = Box::new(error);
    assert_eq!(boxed.to_string(), Boom(1).to_string());
}

#[test]
fn z2_a_lease_is_serialized_as_its_payload() {
    let numbers = lease(vec![1, 2]);
    assert_eq!(serde_json::to_string(&numbers).expect("plain numbers"), "[1,2]");
    let text = Ref::map(lease("db".to_owned()), String::as_str);
    assert_eq!(serde_json::to_string(&text).expect("plain text"), "\"db\"");
}
