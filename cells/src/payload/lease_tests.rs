//! What the contract does not show: lanes, tables, and reads while a thread starts or ends. Tables have few counters in
//! test builds, so that every way of counting is taken.

use super::{AnyPayload, MappedRef, Published, Ref};
use crate::error::Error;
use crate::observe::observer::CloseStatus;
use crate::payload::counters::{Acquired, Held, Lane, Slot};
use crate::payload::disposer::{DisposeFn, Disposer};
use crate::payload::payload_type::PayloadType;
use crate::payload::tables::Seat;
use crate::payload::threads::{LEAVING, REGISTRY, counters, read_path, with_local};
use crate::{BoxError, RuntimeCell};
use std::cell::RefCell;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Instant;
use std::{mem, thread};

/// A payload that counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn get<T: Send + Sync>(cell: &RuntimeCell<T>, make: impl Fn() -> T) -> Ref<'_, T> {
    cell.get_or_initialize(|| Ok::<_, Error>(make())).unwrap_or_else(|error| panic!("{error}"))
}

fn counted(ends: &Arc<AtomicUsize>) -> impl Fn() -> Counted {
    let ends = Arc::clone(ends);
    move || Counted(Arc::clone(&ends))
}

#[test]
fn a_lease_is_two_words_and_goes_anywhere() {
    fn anywhere<R: Send + Sync + std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    anywhere::<Ref<'static, String>>();
    assert_eq!(size_of::<Ref<'static, [u64; 9]>>(), 2 * size_of::<usize>());
    assert_eq!(size_of::<Option<Ref<'static, u8>>>(), 2 * size_of::<usize>());
    assert_eq!(size_of::<Option<MappedRef<'static, u8>>>(), 3 * size_of::<usize>());
}

#[test]
fn leases_out_are_counted() {
    let cell = RuntimeCell::new("counted");
    let control = &cell.raw().control;
    let out = || (control.published().leases_out(), control.drains().len());
    assert_eq!(out(), (0, 0));
    let first = get(&cell, || 1);
    let second = Ref::clone(&first);
    let third = get(&cell, || 2);
    assert_eq!(out(), (3, 0));
    thread::scope(|scope| {
        scope.spawn(|| drop(third));
    });
    assert_eq!(out().0, 2);
    assert_eq!(cell.close().status, CloseStatus::Draining);
    assert_eq!(out(), (0, 1));
    drop((first, second));
    assert_eq!(out(), (0, 0));
}

#[test]
fn r5_thousands_of_instances_share_a_few_lanes() {
    let ends = Arc::new(AtomicUsize::new(0));
    let (_, before) = REGISTRY.size();
    for _ in 0..5_000 {
        let cell = RuntimeCell::new("instance");
        drop(get(&cell, counted(&ends)));
    }
    let (_, after) = REGISTRY.size();
    assert_eq!(ends.load(Ordering::SeqCst), 5_000);
    assert!(after - before < 500, "{} lanes for one cell at a time", after - before);
}

#[test]
fn r5_thousands_of_closes_share_one_lane() {
    let (_, before) = REGISTRY.size();
    let cell = RuntimeCell::new("reopened");
    for round in 0..5_000 {
        drop(get(&cell, || round));
        assert_eq!(cell.close().status, CloseStatus::Ok);
    }
    let (_, after) = REGISTRY.size();
    assert!(after - before < 500, "{} lanes for one payload at a time", after - before);
}

#[test]
fn more_cells_at_once_than_there_are_counters() {
    let ends = Arc::new(AtomicUsize::new(0));
    let cells: Vec<_> = (0..300).map(|_| RuntimeCell::new("many")).collect();
    let (first, second): (Vec<_>, Vec<_>) =
        cells.iter().map(|cell| (get(cell, counted(&ends)), get(cell, counted(&ends)))).unzip();
    thread::scope(|scope| {
        scope.spawn(|| drop(first));
        scope.spawn(|| {
            for cell in &cells {
                assert!(cell.peek().is_some());
            }
        });
    });
    for cell in &cells {
        assert_eq!(
            (cell.raw().control.published().leases_out(), cell.close().status),
            (1, CloseStatus::Draining)
        );
    }
    assert_eq!(ends.load(Ordering::SeqCst), 0);
    drop(second);
    assert_eq!(ends.load(Ordering::SeqCst), 300);
}

#[test]
fn r5_a_forgotten_lease_harms_its_own_payload_alone() {
    let ends = Arc::new(AtomicUsize::new(0));
    let cell = RuntimeCell::new("forgotten");
    for round in 0..200 {
        mem::forget(get(&cell, counted(&ends)));
        assert_eq!(cell.close().status, CloseStatus::Draining);
        assert_eq!(ends.load(Ordering::SeqCst), round);
        drop(get(&cell, counted(&ends)));
        assert_eq!(cell.close().status, CloseStatus::Ok);
        assert_eq!(ends.load(Ordering::SeqCst), round + 1);
    }
    mem::forget(get(&cell, counted(&ends)));
    drop(cell);
    assert_eq!(ends.load(Ordering::SeqCst), 200);
}

#[test]
fn r5_threads_that_come_and_go_share_a_few_tables() {
    let cell = RuntimeCell::new("visited");
    let (before, _) = REGISTRY.size();
    for _ in 0..400 {
        thread::scope(|scope| {
            for _ in 0..25 {
                scope.spawn(|| assert_eq!(*get(&cell, || 7), 7));
            }
        });
    }
    let (after, _) = REGISTRY.size();
    assert!(after - before < 200, "{} tables for 25 threads at a time", after - before);
    assert_eq!(cell.close().status, CloseStatus::Ok);
}

#[test]
fn a_lease_outlives_its_thread_and_goes_on_in_its_successor() {
    let ends = Arc::new(AtomicUsize::new(0));
    let cell = RuntimeCell::new("passed");
    drop(get(&cell, counted(&ends)));
    thread::scope(|scope| {
        for _ in 0..50 {
            let lease = scope.spawn(|| get(&cell, counted(&ends))).join().unwrap();
            scope.spawn(|| drop(lease)).join().unwrap();
        }
        let lease = scope.spawn(|| get(&cell, counted(&ends))).join().unwrap();
        assert_eq!(cell.close().status, CloseStatus::Draining);
        scope.spawn(|| drop(lease)).join().unwrap();
    });
    assert_eq!(ends.load(Ordering::SeqCst), 1);
}

static LATE: RuntimeCell<u64> = RuntimeCell::new("late");

/// Reads, clones and drops leases while its thread is torn down.
struct Late(Option<Ref<'static, u64>>);

impl Drop for Late {
    fn drop(&mut self) {
        assert_eq!(*get(&LATE, || 7), 7);
        let kept = Ref::clone(&get(&LATE, || 7));
        drop(self.0.take());
        assert_eq!(*kept, 7);
        close_and_end_a_chain();
        // A table that was handed on may belong to another thread now.
        let gone = LEAVING.try_with(|_| ()).is_err();
        assert!(!(gone && with_local(|_, local| local.has_table())));
        WITHOUT.fetch_add(usize::from(gone), Ordering::SeqCst);
    }
}

/// Closes with and without leases, and ends more payloads than nest.
fn close_and_end_a_chain() {
    #[expect(dead_code, reason = "only held")]
    struct Link(Option<Ref<'static, Link>>, Counted);

    let ends = Arc::new(AtomicUsize::new(0));
    let cell = RuntimeCell::new("closed late");
    let lease = get(&cell, counted(&ends));
    assert_eq!(cell.close().status, CloseStatus::Draining);
    drop(lease);
    drop(get(&cell, counted(&ends)));
    assert_eq!((cell.close().status, ends.load(Ordering::SeqCst)), (CloseStatus::Ok, 2));

    let chain: &'static RuntimeCell<Link> = Box::leak(Box::new(RuntimeCell::new("ended late")));
    for _ in 0..100 {
        let mut before = Some(chain.peek());
        let link = chain.refresh(|| Ok::<_, Error>(Link(before.take().flatten(), counted(&ends)())));
        assert!(link.is_ok());
    }
    assert_eq!((chain.close().status, ends.load(Ordering::SeqCst)), (CloseStatus::Ok, 102));
}

/// How many of these destructors ran after the thread's table was handed on.
static WITHOUT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static BEFORE: RefCell<Late> = const { RefCell::new(Late(None)) };
    static AFTER: RefCell<Late> = const { RefCell::new(Late(None)) };
}

#[test]
fn leases_in_thread_locals_destructors() {
    let run = |barrier: &Barrier| {
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    // One destructor is registered before the thread takes its table, one after.
                    BEFORE.with_borrow_mut(|late| late.0 = None);
                    let lease = get(&LATE, || 7);
                    AFTER.with_borrow_mut(|late| late.0 = Some(get(&LATE, || 7)));
                    BEFORE.with_borrow_mut(|late| late.0 = Some(lease));
                    barrier.wait();
                });
            }
        });
    };
    run(&Barrier::new(2));
    // A scope ends before its threads' destructors have run: until then leases are out.
    while LATE.raw().control.published().leases_out() > 0 {
        thread::yield_now();
    }
    assert!(WITHOUT.load(Ordering::SeqCst) > 0, "no destructor ran after the table was handed on");
    // The first read of these threads is in a destructor.
    let (before, _) = REGISTRY.size();
    for _ in 0..200 {
        assert!(thread::spawn(|| AFTER.with_borrow_mut(|late| late.0 = None)).join().is_ok());
    }
    let (after, _) = REGISTRY.size();
    assert!(after - before < 100, "{} tables for one thread at a time", after - before);
    assert_eq!(LATE.close_and_drain(std::time::Duration::from_secs(10)).status, CloseStatus::Ok);
}

#[test]
fn a_disposer_drops_leases_and_closes() {
    static INNER: RuntimeCell<u64> = RuntimeCell::new("inner");
    static OUTER: RuntimeCell<Ref<'static, u64>> =
        RuntimeCell::new("outer").disposer(Disposer::with(dispose));

    #[expect(clippy::unnecessary_wraps, reason = "a disposer's signature")]
    fn dispose(inner: Ref<'static, u64>) -> Result<(), BoxError> {
        assert_eq!(INNER.close().status, CloseStatus::Draining);
        // A cell can be asked while it is being closed.
        assert!(OUTER.peek().is_none());
        drop(inner);
        Ok(())
    }

    let outer = get(&OUTER, || get(&INNER, || 7));
    assert_eq!(OUTER.close().status, CloseStatus::Draining);
    assert!(INNER.is_ready());
    drop(outer);
    assert!(!INNER.is_ready());
    assert_eq!(INNER.raw().control.drains().len(), 0);
}

#[test]
fn a_payload_holds_a_lease_on_the_one_before() {
    struct Node(Option<Ref<'static, Node>>);
    static CHAIN: RuntimeCell<Node> = RuntimeCell::new("chain");

    drop(get(&CHAIN, || Node(None)));
    for _ in 0..50 {
        let before = CHAIN.peek();
        let mut before = Some(before);
        let after = CHAIN.refresh(|| Ok::<_, Error>(Node(before.take().flatten())));
        assert!(after.is_ok_and(|node| node.0.is_some()));
    }
    assert_eq!(CHAIN.raw().control.drains().len(), 50);
    // The end of each payload ends the one before it, all inside this close.
    assert_eq!(CHAIN.close().status, CloseStatus::Ok);
    assert_eq!(CHAIN.raw().control.drains().len(), 0);
}

/// Runs on a thread with a stack of 2 MiB.
fn on_a_small_stack(run: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(2 << 20).spawn(run).expect("a thread");
    assert!(thread.join().is_ok());
}

/// Publishes `links` payloads, each with a lease on the one before.
fn chain<T: Send + Sync>(
    cell: &'static RuntimeCell<T>,
    links: usize,
    make: fn(usize, Option<Ref<'static, T>>) -> T,
) {
    for number in 0..links {
        let mut before = Some(cell.peek());
        let link = cell.refresh(|| Ok::<_, Error>(make(number, before.take().flatten())));
        assert!(link.is_ok());
    }
}

/// How long the chains are: longer than a small stack has room for.
fn links() -> usize {
    std::env::var("CELLS_CHAIN_LINKS").ok().and_then(|links| links.parse().ok()).unwrap_or(100_000)
}

#[test]
fn x25_a_long_chain_of_payloads_ends_link_by_link() {
    static CHAIN: RuntimeCell<Link> = RuntimeCell::new("long chain").disposer(Disposer::with(dispose));
    static LEFT: AtomicUsize = AtomicUsize::new(0);

    struct Link(usize, #[expect(dead_code, reason = "only held")] Option<Ref<'static, Link>>);

    impl Drop for Link {
        fn drop(&mut self) {
            let left = LEFT.swap(self.0, Ordering::SeqCst);
            assert_eq!(left, self.0 + 1, "each once, and before the one that it leases");
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "a disposer's signature")]
    fn dispose(link: Link) -> Result<(), BoxError> {
        match link.0 % 1000 {
            999 => panic!("link {}", link.0),
            998 => Err("not closed".into()),
            _ => Ok(()),
        }
    }

    on_a_small_stack(|| {
        LEFT.store(links(), Ordering::SeqCst);
        chain(&CHAIN, links(), Link);
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| ()));
        let closed = CHAIN.close();
        std::panic::set_hook(hook);
        assert_eq!((closed.status, LEFT.load(Ordering::SeqCst)), (CloseStatus::Error, 0));
    });
    assert_eq!(CHAIN.raw().control.drains().len(), 0);
}

#[test]
fn x25_a_long_chain_of_payloads_with_asynchronous_disposers() {
    static CHAIN: RuntimeCell<Link> =
        RuntimeCell::new("long async chain").disposer(Disposer::with_async(|link| {
            Box::pin(async move {
                drop(link);
                Ok(())
            })
        }));
    static ENDS: AtomicUsize = AtomicUsize::new(0);

    struct Link(#[expect(dead_code, reason = "only held")] Option<Ref<'static, Link>>);

    impl Drop for Link {
        fn drop(&mut self) {
            ENDS.fetch_add(1, Ordering::SeqCst);
        }
    }

    // Without an executor all but the first are abandoned, and dropped where their last lease ends.
    on_a_small_stack(|| {
        chain(&CHAIN, links(), |_, before| Link(before));
        assert_eq!(CHAIN.close_and_drain(std::time::Duration::from_secs(60)).status, CloseStatus::Error);
    });
    assert_eq!(ENDS.load(Ordering::SeqCst), links());
}

/// In a chain that is too deep to be disposed inline: the payloads at its end are waited for by a closer in another
/// thread, and by the disposer that let go of them itself.
#[test]
fn x25_closers_of_what_is_put_off_are_served() {
    const LIMIT: std::time::Duration = std::time::Duration::from_secs(60);
    type Held = Ref<'static, u64>;
    static INNER: RuntimeCell<u64> = RuntimeCell::new("inner of a chain");
    static OUTER: RuntimeCell<Held> = RuntimeCell::new("outer of a chain");
    static ELSEWHERE: RuntimeCell<u64> = RuntimeCell::new("closed elsewhere");
    static CLOSED: RuntimeCell<u64> = RuntimeCell::new("closed in a disposer");
    static CHAIN: RuntimeCell<Link> = RuntimeCell::new("deep chain").disposer(Disposer::with(dispose));
    static DISPOSED: AtomicUsize = AtomicUsize::new(0);

    struct Link {
        number: usize,
        before: Option<Ref<'static, Link>>,
        held: Option<(Ref<'static, Held>, Held)>,
    }

    #[expect(clippy::unnecessary_wraps, reason = "a disposer's signature")]
    fn dispose(mut link: Link) -> Result<(), BoxError> {
        if let Some((outer, elsewhere)) = link.held.take() {
            // A close without leases disposes inside the call, however deep.
            drop(get(&CLOSED, || 7));
            assert_eq!(CLOSED.close().status, CloseStatus::Ok);
            drop(elsewhere);
            // The last lease on `OUTER`, whose payload has the last one on `INNER`.
            drop(outer);
            assert_eq!(INNER.close_and_drain(LIMIT).status, CloseStatus::Ok);
            assert_eq!((INNER.raw().control.drains().len(), OUTER.raw().control.drains().len()), (0, 0));
            assert_ne!(ELSEWHERE.close_and_drain(LIMIT).status, CloseStatus::Draining);
        }
        drop(link.before.take());
        DISPOSED.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    chain(&CHAIN, 100, |number, before| Link {
        number,
        before,
        held: (number == 45).then(|| (get(&OUTER, || get(&INNER, || 7)), get(&ELSEWHERE, || 7))),
    });
    let last = CHAIN.peek().expect("it is published");
    assert_eq!(last.number, 99);
    thread::scope(|scope| {
        let closer = scope.spawn(|| ELSEWHERE.close_and_drain(LIMIT).status);
        while ELSEWHERE.is_ready() {
            thread::yield_now();
        }
        assert_eq!(
            (OUTER.close().status, INNER.close().status),
            (CloseStatus::Draining, CloseStatus::Draining)
        );
        assert_eq!(CHAIN.close().status, CloseStatus::Draining);
        drop(last);
        // Outside of disposers, everything is disposed on return.
        assert_eq!(DISPOSED.load(Ordering::SeqCst), 100);
        assert_eq!(closer.join().ok(), Some(CloseStatus::Ok));
    });
    assert_eq!(CHAIN.raw().control.drains().len(), 0);
}

#[test]
fn x25_lanes_of_many_leased_generations_serve_other_cells() {
    let ends = Arc::new(AtomicUsize::new(0));
    let lanes = |cells: usize| {
        let made: Vec<_> = (0..cells)
            .map(|_| {
                let cell = RuntimeCell::new("many generations");
                let leases: Vec<_> =
                    (0..2_000).map(|_| cell.refresh(|| Ok::<_, Error>(counted(&ends)())).ok()).collect();
                assert_eq!(cell.raw().control.drains().len(), 1_999);
                drop(leases);
                // The list of drains holds those that are left, not all that ever were.
                assert_eq!(cell.raw().control.drains().len(), 0);
                cell
            })
            .collect();
        drop(made);
        REGISTRY.size().1
    };
    let before = lanes(1);
    assert!(lanes(10) - before < 2_000, "each cell has lanes of its own");
    assert_eq!(ends.load(Ordering::SeqCst), 22_000);
}

#[test]
fn leases_that_were_never_closed_drop_their_payload() {
    let ends = Arc::new(AtomicUsize::new(0));
    let leases = Published::new(PayloadType::of::<Counted>());
    drop(leases.replace(AnyPayload::new(counted(&ends)(), DisposeFn::Drop), 1, false, false));
    drop(leases);
    assert_eq!(ends.load(Ordering::SeqCst), 1);
}

#[test]
fn a_refresh_never_leaves_the_cell_empty() {
    let cell = RuntimeCell::new("refreshed");
    drop(get(&cell, || 0_u64));
    let done = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut reads = 0_u64;
            while done.load(Ordering::SeqCst) == 0 || reads < 1_000 {
                assert!(cell.peek().is_some());
                assert!(cell.is_ready());
                reads += 1;
            }
        });
        for value in 0..2_000 {
            assert!(cell.refresh(|| Ok::<_, Error>(value)).is_ok());
        }
        done.store(1, Ordering::SeqCst);
    });
}

#[test]
fn r7_the_read_path_is_chosen_once() {
    assert_eq!(read_path(), read_path());
    assert_eq!(read_path(), counters().registry.path());
}

/// A payload of the storm below.
struct Payload {
    live: AtomicBool,
    /// What the library finds in a header.
    lane: AtomicPtr<Lane>,
}

const PAYLOADS: usize = 64;
static ALL: [Payload; PAYLOADS] =
    [const { Payload { live: AtomicBool::new(false), lane: AtomicPtr::new(std::ptr::null_mut()) } };
        PAYLOADS];

#[expect(unsafe_code, reason = "calls the counters directly")]
unsafe fn finish(payload: NonNull<()>) {
    // SAFETY: it is one of the payloads, which are static.
    unsafe { payload.cast::<Payload>().as_ref() }.live.store(false, Ordering::Relaxed);
}

fn spin(n: usize) {
    for _ in 0..n {
        std::hint::spin_loop();
    }
}

fn give_back(seat: &Seat) {
    // SAFETY: every caller has taken it, and uses the payload no more.
    #[expect(unsafe_code, reason = "calls the counters directly")]
    let draining = unsafe { counters().release_fast(seat) };
    if let Some(lane) = draining {
        lane.look(counters());
    }
}

fn release(lease: &Held) {
    match lease.seat {
        Some(seat) => give_back(seat),
        None => with_local(|all, local| {
            // SAFETY: it is one of the payloads, which are static, and so are lanes; the lease ends here.
            #[expect(unsafe_code, reason = "calls the counters directly")]
            unsafe {
                let payload: &Payload = lease.payload.cast().as_ref();
                (*payload.lane.load(Ordering::Relaxed)).release(all, local);
            }
        }),
    }
}

fn read(slot: &Slot, held: usize) -> Option<bool> {
    let lease = match with_local(|_, local| slot.acquire_fast(local)) {
        Acquired::Lease(lease) => lease,
        missed => {
            if let Acquired::Late(seat) = missed {
                give_back(seat);
            }
            with_local(|all, local| slot.acquire_slow(all, local))?
        }
    };
    spin(held);
    // SAFETY: as in `finish`.
    #[expect(unsafe_code, reason = "calls the counters directly")]
    let live = unsafe { lease.payload.cast::<Payload>().as_ref() }.live.load(Ordering::Relaxed);
    release(&lease);
    Some(live)
}

/// A stress test with as little code around the counters as possible, so that a reader's raise and a closer's look
/// often coincide: on real hardware this test fails if `membarrier` is left out.
#[test]
fn raises_meet_looks() {
    /// Cache lines that both sides write, so that a reader's stores to them, and the raise after them, stay in the
    /// processor's store buffer for a while.
    static HOT: [Line; 24] = [const { Line(AtomicUsize::new(0)) }; 24];

    #[repr(align(128))]
    struct Line(AtomicUsize);

    fn touch(lines: usize) {
        for line in &HOT[..lines] {
            line.0.store(lines, Ordering::Relaxed);
        }
    }

    let mut slot = Slot::new();
    let (stop, reads, wrong) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let mut closes = 0;
    let start = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| {
            let (mut n, mut last) = (0_usize, 0);
            while stop.load(Ordering::Relaxed) == 0 {
                n += 1;
                touch(n % HOT.len());
                if let Some(live) = read(&slot, n % 7 * 20) {
                    wrong.fetch_add(usize::from(!live), Ordering::Relaxed);
                    last += 1;
                    reads.store(last, Ordering::Relaxed);
                }
            }
        });
        let worth = |closes| closes > 20_000 && reads.load(Ordering::Relaxed) > 20_000;
        let ms = std::env::var("CELLS_STRESS_MS").ok().and_then(|ms| ms.parse().ok()).unwrap_or(300);
        while start.elapsed().as_millis() < ms || (!worth(closes) && start.elapsed().as_secs() < 30) {
            // A lease on it may still be out, because its reader was preempted.
            let payload = &ALL[closes % PAYLOADS];
            while payload.live.swap(true, Ordering::Relaxed) {
                thread::yield_now();
            }
            closes += 1;
            let vacancy = slot.vacancy(counters(), false);
            payload.lane.store(std::ptr::from_ref(vacancy.lane()).cast_mut(), Ordering::Relaxed);
            let payload = NonNull::from(payload).cast();
            // SAFETY: the payloads are static.
            #[expect(unsafe_code, reason = "calls the counters directly")]
            let old = unsafe { slot.publish(counters(), vacancy, payload, finish, false) };
            assert!(old.is_none());
            release(&Held { payload, seat: None });
            touch(HOT.len());
            spin(closes % 13);
            if let Some(mut retiring) = slot.retire(counters()) {
                assert!(retiring.settle(counters()));
            }
        }
        assert!(worth(closes), "too few reads or closes to prove anything: {closes} closes");
        stop.store(1, Ordering::Relaxed);
    });
    slot.dissolve(counters());
    println!("{closes} closes, {reads:?} reads");
    assert_eq!(wrong.load(Ordering::SeqCst), 0, "leases on finished payloads, in {closes} closes");
    assert!(
        ALL.iter().all(|payload| !payload.live.load(Ordering::SeqCst)),
        "payloads that were not finished"
    );
}
