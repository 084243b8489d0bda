//! In which order the cells behind one declaration are shut down.

use super::*;
use crate::cell::runtime_cell::RuntimeCell;
use parking_lot::Mutex;

/// An asynchronous cell that has another one as soon as it is asked for all.
struct Growing {
    declared: RuntimeCell<u8>,
    adjuster: Hook<dyn AsyncAdjuster>,
    added: Mutex<Option<&'static RuntimeCell<u8>>>,
}

impl AnyAsyncCell for Growing {
    fn declared(&self) -> &RawCell {
        self.declared.raw()
    }

    fn here(&self) -> &CellBase {
        self.declared.base()
    }

    /// A runtime adds its cell just after the list was made. As it does so, it looks whether the declared one is shut
    /// down.
    fn everywhere(&self, _: bool) -> Vec<&RawCell> {
        let added = Box::leak(Box::new(RuntimeCell::new("added")));
        if self.declared.raw().control.is_shut_down() {
            let _ = added.raw().shut_down();
        }
        *self.added.lock() = Some(added);
        vec![self.declared.raw()]
    }

    #[cfg(feature = "tokio")]
    fn is_detached(&self) -> bool {
        false
    }

    fn adjuster(&self) -> &Hook<dyn AsyncAdjuster> {
        &self.adjuster
    }

    fn build(&'static self) -> BoxFuture<'static, Result<AnyPayload, BoxError>> {
        unreachable!("nobody asks for it")
    }
}

#[test]
fn p7_a_cell_that_is_added_while_the_others_are_listed_is_shut_down_too() {
    let cell: &'static Growing = Box::leak(Box::new(Growing {
        declared: RuntimeCell::new("declared"),
        adjuster: Hook::none(),
        added: Mutex::new(None),
    }));
    assert!(AnyCell::asynchronous(cell).shut_down().is_empty());
    let added = cell.added.lock().expect("it was added");
    assert!(cell.declared.raw().control.is_shut_down() && added.raw().control.is_shut_down());
}
