//! What the chapter on converting says to write. Its errors are in `ui/converting.rs`.

use cells::{FactoryCell, Ref, RuntimeCell, runtime_cell};
use std::collections::BTreeSet;
use std::fs;
use std::sync::Mutex;
use std::time::Duration;

#[runtime_cell]
fn counter() -> Mutex<u64> {
    Mutex::new(0)
}

#[runtime_cell]
fn names() -> Vec<String> {
    vec!["one fish".to_owned()]
}

/// The codes of errors in a text, such as `E0716`.
fn codes(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let is_code = |word: &&str| {
        word.len() == 5 && word.starts_with('E') && word[1..].chars().all(|c| c.is_ascii_digit())
    };
    words.filter(is_code).map(str::to_owned).collect()
}

#[test]
fn z9_the_chapter_explains_each_error_that_a_conversion_meets() {
    let explained = codes(&fs::read_to_string("../cells/src/guide/converting.md").expect("the chapter"));
    let met = codes(&fs::read_to_string("ui/converting.stderr").expect("what the compiler says"));
    assert!(met.len() > 5, "{met:?}");
    assert_eq!(explained, met);
}

#[test]
fn z9_a_guard_lives_as_long_as_a_bound_lease() {
    let counter = counter();
    let mut count = counter.lock().unwrap();
    *count += 1;
    assert_eq!(*count, 1);
}

#[test]
fn z9_a_lease_or_a_part_of_one_is_returned() {
    fn all() -> Ref<'static, Vec<String>> {
        names()
    }
    let first = Ref::filter_map(all(), |names| names.first()).ok().unwrap();
    assert_eq!(*first, "one fish");
    let payload: Vec<String> = names().clone();
    let lease: Ref<'static, Vec<String>> = Ref::clone(&names());
    assert_eq!(*lease, payload);
}

#[test]
fn z9_a_permanent_guard_is_static() {
    #[runtime_cell(permanent)]
    fn setup() -> Mutex<u64> {
        Mutex::new(0)
    }
    #[runtime_cell]
    fn holder() -> Mutex<&'static Mutex<u64>> {
        Mutex::new(setup())
    }

    let guard: std::sync::MutexGuard<'static, u64> = setup().lock().unwrap();
    drop(guard);
    assert!(std::ptr::eq(*holder().lock().unwrap(), setup()));
}

#[test]
fn z12_the_static_gives_the_lease_where_a_local_has_the_accessors_name() {
    let names = names();
    assert_eq!(*names, *NAMES.get());
}

#[test]
fn z8_an_array_of_lazy_values_is_an_array_of_cells() {
    struct Shard(u8);

    impl Shard {
        fn new() -> Self {
            Self(7)
        }
    }

    static SHARDS: [FactoryCell<Shard>; 4] = [const { FactoryCell::new("shard", Shard::new) }; 4];

    assert_eq!(SHARDS[3].get().0, 7);
    assert!(SHARDS[2].peek().is_none());
}

#[test]
fn z7_a_value_is_set_in_a_bare_cell() {
    static NAME: RuntimeCell<String> = RuntimeCell::new("name");

    let value = "one fish".to_owned();
    assert!(NAME.peek().is_none() && NAME.wait(Duration::ZERO).is_err());
    drop(NAME.get_or_init(|| value.clone()));
    assert_eq!(NAME.wait(Duration::ZERO).unwrap().as_str(), value);
}

#[test]
fn z7_a_value_that_others_wait_for_is_provided() {
    #[runtime_cell(provided)]
    fn limits() -> u32;

    let waiter = std::thread::spawn(|| pollster::block_on(LIMITS.wait_async(Duration::MAX)));
    assert!(LIMITS.provide(7).is_ok());
    assert_eq!(*waiter.join().unwrap().unwrap(), 7);
}

#[test]
fn z9_what_is_borrowed_from_a_payload_needs_a_bound_lease_or_is_owned() {
    use std::sync::Arc;

    /// A pool whose connections borrow from it, as those of bb8.
    struct Pool(Arc<str>);

    impl Pool {
        fn get(&self) -> &str {
            &self.0
        }

        fn get_owned(&self) -> Arc<str> {
            Arc::clone(&self.0)
        }
    }

    #[runtime_cell]
    fn db() -> std::io::Result<Pool> {
        Ok(Pool("connection".into()))
    }

    fn of_the_accessor() -> Result<Arc<str>, cells::Error> {
        Ok(db()?.get_owned())
    }

    let db = db().unwrap();
    let connection = db.get();
    assert_eq!(connection, &*of_the_accessor().unwrap());
}
