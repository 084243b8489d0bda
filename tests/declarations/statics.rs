//! The static: its name and its methods.

use cells::runtime_cell;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn m2_static_has_the_name_in_capitals() {
    #[runtime_cell]
    fn search_index() -> u8 {
        1
    }
    #[runtime_cell]
    fn r#type() -> u8 {
        2
    }
    #[runtime_cell(cell = CHOSEN)]
    fn named() -> u8 {
        3
    }

    assert_eq!(*SEARCH_INDEX.get(), 1);
    assert_eq!(*TYPE.get(), *r#type());
    assert_eq!(*CHOSEN.get(), *named());
    assert_eq!((SEARCH_INDEX.name(), TYPE.name(), CHOSEN.name()), ("search_index", "type", "named"));
    assert_eq!((TYPE.info().ident, CHOSEN.info().ident), ("TYPE", "CHOSEN"));
}

#[test]
fn m2_static_gets_tries_refreshes_and_tells() {
    static BUILT: AtomicUsize = AtomicUsize::new(0);

    #[runtime_cell(name = "counted")]
    fn counter() -> usize {
        BUILT.fetch_add(1, Ordering::Relaxed)
    }

    assert!(COUNTER.peek().is_none());
    assert_eq!(*COUNTER.get(), 0);
    assert_eq!(*COUNTER.try_get().unwrap(), 0);
    assert_eq!(*COUNTER.refresh().unwrap(), 1);
    assert_eq!(*counter(), 1);
    let info = COUNTER.info();
    assert_eq!((info.name, info.ident, info.payload_type), ("counted", "COUNTER", "usize"));
    assert_eq!((info.module_path, info.file), (module_path!(), file!()));
    assert!(info.line > 0 && info.line < line!());
}

#[test]
fn m3_trying_never_panics_on_its_own() {
    #[runtime_cell]
    fn circular() -> u8 {
        assert!(CIRCULAR.try_get().is_err_and(|error| error.is_reentrant()));
        1
    }

    assert_eq!(*circular(), 1);
}
