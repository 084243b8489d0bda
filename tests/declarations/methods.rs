//! The methods of the statics of each kind: those that the table of the reference names, and no others.

use cells::{NoopFactoryAdjuster, NullObserver, runtime_cell};
use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

#[runtime_cell(provided)]
fn plain() -> u8 {
    1
}

#[runtime_cell(provided)]
async fn asynchronous() -> u8 {
    2
}

#[runtime_cell(permanent, provided)]
fn permanent() -> u8 {
    3
}

/// A kind of cell, a method, and whether its call is awaited.
type Row = (&'static str, String, bool);

/// Compiles the calls, and lists them.
macro_rules! calls {
    ($kind:literal: $($call:expr,)+) => {{
        let _uncalled = async || { $(let _ = $call;)+ };
        [$(stringify!($call)),+].map(|call| {
            let (_, call) = call.split_once('.').expect("a call of a method");
            let (method, arguments) = call.split_once('(').expect("a call with arguments");
            ($kind, method.to_owned(), arguments.ends_with(".await"))
        })
    }};
}

fn called() -> BTreeSet<Row> {
    const LIMIT: Duration = Duration::ZERO;
    let plain = calls!("plain":
        PLAIN.get(),
        PLAIN.try_get(),
        PLAIN.wait(LIMIT),
        PLAIN.peek(),
        PLAIN.name(),
        PLAIN.state(),
        PLAIN.is_ready(),
        PLAIN.generation(),
        PLAIN.snapshot(),
        PLAIN.close(),
        PLAIN.close_generation(1),
        PLAIN.close_and_drain(LIMIT),
        PLAIN.invalidate(),
        PLAIN.invalidate_with_dependents(),
        PLAIN.refresh(),
        PLAIN.refresh_with_dependents(),
        PLAIN.wait_async(LIMIT).await,
        PLAIN.close_async().await,
        PLAIN.close_generation_async(1).await,
        PLAIN.close_and_drain_async(LIMIT).await,
        PLAIN.record_failure("broken", LIMIT),
        PLAIN.provide(1),
        PLAIN.replace(1),
        PLAIN.replace_with_dependents(1),
        PLAIN.seed(1),
        PLAIN.configure_observer(Arc::new(NullObserver)),
        PLAIN.configure_adjuster(Arc::new(NoopFactoryAdjuster)),
        PLAIN.info(),
        PLAIN.observed(),
        PLAIN.any(),
    );
    let asynchronous = calls!("async":
        ASYNCHRONOUS.get().await,
        ASYNCHRONOUS.try_get().await,
        ASYNCHRONOUS.try_get_ready(),
        ASYNCHRONOUS.wait(LIMIT).await,
        ASYNCHRONOUS.peek(),
        ASYNCHRONOUS.name(),
        ASYNCHRONOUS.state(),
        ASYNCHRONOUS.is_ready(),
        ASYNCHRONOUS.generation(),
        ASYNCHRONOUS.snapshot(),
        ASYNCHRONOUS.close().await,
        ASYNCHRONOUS.close_generation(1).await,
        ASYNCHRONOUS.close_and_drain(LIMIT).await,
        ASYNCHRONOUS.invalidate().await,
        ASYNCHRONOUS.invalidate_with_dependents().await,
        ASYNCHRONOUS.refresh().await,
        ASYNCHRONOUS.refresh_with_dependents().await,
        ASYNCHRONOUS.record_failure("broken", LIMIT),
        ASYNCHRONOUS.provide(1),
        ASYNCHRONOUS.replace(1),
        ASYNCHRONOUS.replace_with_dependents(1).await,
        ASYNCHRONOUS.seed(1),
        ASYNCHRONOUS.configure_observer(Arc::new(NullObserver)),
        ASYNCHRONOUS.configure_adjuster(Arc::new(NoopFactoryAdjuster)),
        ASYNCHRONOUS.info(),
        ASYNCHRONOUS.observed(),
        ASYNCHRONOUS.any(),
    );
    let permanent = calls!("permanent":
        PERMANENT.get(),
        PERMANENT.try_get(),
        PERMANENT.peek(),
        PERMANENT.name(),
        PERMANENT.state(),
        PERMANENT.is_ready(),
        PERMANENT.generation(),
        PERMANENT.snapshot(),
        PERMANENT.provide(1),
        PERMANENT.seed(1),
        PERMANENT.configure_observer(Arc::new(NullObserver)),
        PERMANENT.configure_adjuster(Arc::new(NoopFactoryAdjuster)),
        PERMANENT.info(),
        PERMANENT.observed(),
        PERMANENT.any(),
    );
    plain.into_iter().chain(asynchronous).chain(permanent).collect()
}

/// The rows of the table in the reference.
fn documented() -> BTreeSet<Row> {
    let page = fs::read_to_string("../cells/src/reference.md").expect("the reference");
    let table = page.lines().skip_while(|line| !line.starts_with("| to | call | plain ")).skip(2);
    let mut rows = BTreeSet::new();
    for line in table.take_while(|line| line.starts_with('|')) {
        let columns: Vec<_> = line.split('|').map(str::trim).collect();
        for (kind, how) in ["plain", "async", "permanent"].into_iter().zip(&columns[3..]) {
            let methods = columns[2].split('`').skip(1).step_by(2).filter(|word| *word != "AnyCell");
            let methods = methods.filter(|_| !how.is_empty());
            rows.extend(methods.map(|method| (kind, method.to_owned(), *how == "awaited")));
        }
    }
    rows
}

#[test]
fn z6_each_kind_has_the_methods_that_the_reference_names() {
    let (called, documented) = (called(), documented());
    let undocumented: Vec<_> = called.difference(&documented).collect();
    let missing: Vec<_> = documented.difference(&called).collect();
    assert!(undocumented.is_empty() && missing.is_empty(), "{undocumented:?} {missing:?}");
}
