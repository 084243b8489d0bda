//! Who still uses a payload: counting readers without a shared write.
//!
//! # Protocol
//!
//! Every thread that reads owns a [`ThreadCounters`] of counters. Every payload that is published has a [`Lane`], which
//! names one counter in every table, and the cell's [`Slot`] points to the lane of what is published now. The
//! leases out on a payload are the sum of its lane's counters over all tables, plus the lane's `shared` count.
//! The sum is what counts: a lease may end in another thread than it began, so any one of them may be "negative"
//! (they wrap).
//!
//! | who | does |
//! |---|---|
//! | a reader | loads the lane; raises its own counter; **light fence**; loads the lane again. The same: it holds a lease. Another: it lowers the counter as a drop does, and starts over |
//! | a clone | raises `shared` |
//! | a drop, wherever the lease began | lowers the counter of its own thread (`shared`, where the thread has no table); **light fence**; if the lane is `draining`, looks |
//! | a closer, under the cell's lock | unpublishes; moves the lane to `Retiring`, sets `draining` |
//! | the same, after unlocking | **heavy fence**; moves the lane to `Draining`; looks |
//! | who looks | under the lane's lock: if the lane is `Draining` and the sum is zero, frees the lane; then, unlocked, finishes the payload |
//!
//! A lane goes `Free` → `Published` → `Retiring` → `Draining` → `Free`, always under its own lock, so a payload is
//! finished exactly once. It belongs to one cell until that cell is dropped.
//!
//! # Fences
//!
//! Light and heavy fences come in pairs: of what stands before the one and after the other, at least one side
//! sees the other. A light fence costs the reader nothing but the compiler's freedom to reorder; the heavy one is
//! `membarrier(2)`, which makes every running thread of the process pass a full fence (Linux,
//! `Documentation/scheduler/membarrier.rst`). The scheme is that of SRCU (Linux, `kernel/rcu/srcutree.c`) and of
//! folly's hazard pointers (`folly/synchronization/AsymmetricThreadFence.h`). Where there is no `membarrier`,
//! both are `SeqCst` fences. The choice is made once, before the first count ([`Registry::path`]).
//!
//! # Why a payload is never finished while a lease is out
//!
//! 1. *Its beginning is seen.* After the closer's heavy fence a reader either has its raise visible to all who
//!    look, or loads the lane after it was unpublished, and fails. Nobody's look counts before that fence, for the
//!    lane is not `Draining` before.
//! 2. *Its end is not seen too early.* From then on the counters in the tables only fall, but for readers that
//!    fail, whose raise is undone by themselves and can only make the sum too large. So a sum that is taken table
//!    by table is never less than it would be at its end. What can rise is `shared`, by clones, and it is read
//!    after all tables: whoever sees that a lease has ended sees the clones that were made of it.
//!
//! # Why the last one out finishes it
//!
//! After the closer's heavy fence a drop (or an undone raise) either has its lowering visible to the closer's
//! look, or sees `draining` and looks itself; and looks exclude one another, so of two that end together the
//! later sees both.
//!
//! # Memory that stays
//!
//! Lanes and tables are never freed, so a late look at one is always harmless: they are handed on, tables to the
//! next thread with their counters as they are, lanes to the next payload with a sum of zero. A lease that is
//! forgotten keeps its payload and its lane, and costs nobody else anything.

use crate::sync::primitives::const_fn;
use crate::sync::primitives::inner::Mutex;
use crate::sync::primitives::inner::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering, fence};
use std::cell::Cell;
use std::hint::cold_path;
use std::ptr::{self, NonNull};
use std::sync::OnceLock;
use std::sync::atomic::compiler_fence;

/// How many lanes the first counters of a table serve: those that the fast path reaches. Few where the protocol
/// is tested, so that all paths are taken.
const FAST_LANES: usize = if cfg!(loom) {
    1
} else if cfg!(test) {
    16
} else {
    256
};
/// How many further chunks of counters a table has; each doubles what came before.
const FURTHER_CHUNKS: usize = if cfg!(any(loom, test)) { 3 } else { 8 };
/// The lanes that have counters. Readers of one beyond take the cell's lock: slower, never wrong.
const COUNTED_LANES: usize = FAST_LANES << FURTHER_CHUNKS;

/// How the ready reads of this process keep clear of closers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ReadPath {
    /// Readers pay no fence, about a nanosecond for a read and its drop; a close calls `membarrier(2)`, which takes
    /// some microseconds. Linux since 4.14.
    Membarrier,
    /// Readers pay two memory fences, some ten nanoseconds for a read and its drop; closes are cheap. Everywhere
    /// else: other systems, older kernels, and sandboxes that deny the call.
    Fences,
}

/// One thread's counters, written by the thread that owns the table and by nobody else.
///
/// Aligned to two cache lines, which is what processors fetch at once: neighbours share nothing.
#[repr(align(128))]
struct ThreadCounters {
    first: [AtomicU64; FAST_LANES],
    /// Chunk `k` serves the lanes from `FAST_LANES << k` on, as many as all before it.
    further: [AtomicPtr<AtomicU64>; FURTHER_CHUNKS],
    next: *const ThreadCounters,
}

impl ThreadCounters {
    fn new(next: *const ThreadCounters) -> Self {
        Self {
            first: std::array::from_fn(|_| AtomicU64::new(0)),
            further: std::array::from_fn(|_| AtomicPtr::new(ptr::null_mut())),
            next,
        }
    }

    /// The counter of a lane below `COUNTED_LANES`, if it was ever raised.
    fn counter(&self, lane: usize) -> Option<&AtomicU64> {
        if let Some(counter) = self.first.get(lane) {
            return Some(counter);
        }
        let (chunk, offset) = Self::place(lane);
        // Acquire: pairs with the owner's release in `grow`.
        let counters = self.further[chunk].load(Ordering::Acquire);
        // SAFETY: a chunk that is there has `FAST_LANES << chunk` counters, more than the offset, and stays for ever.
        (!counters.is_null()).then(|| unsafe { &*counters.add(offset) })
    }

    /// The same for the table's owner, who makes the chunk where it is missing.
    fn counter_or_grow(&self, lane: usize) -> &AtomicU64 {
        self.counter(lane).unwrap_or_else(|| self.grow(lane))
    }

    #[cold]
    fn grow(&self, lane: usize) -> &AtomicU64 {
        let (chunk, offset) = Self::place(lane);
        let counters: Box<[AtomicU64]> = (0..FAST_LANES << chunk).map(|_| AtomicU64::new(0)).collect();
        let counters = Box::leak(counters);
        // Release: pairs with the acquire in `counter`. Only the owner stores here, and found nothing.
        self.further[chunk].store(counters.as_mut_ptr(), Ordering::Release);
        // SAFETY: the chunk has just been made, and is never freed; the offset is within it.
        unsafe { &*self.further[chunk].load(Ordering::Relaxed).add(offset) }
    }

    /// The chunk of a lane from `FAST_LANES` on, and where in it.
    fn place(lane: usize) -> (usize, usize) {
        let chunk = (lane / FAST_LANES).ilog2() as usize;
        (chunk, lane - (FAST_LANES << chunk))
    }
}

/// What the calling thread has: to be put into a thread-local without destructor, so that it can be reached for
/// as long as the thread runs.
pub(crate) struct Local {
    /// The thread's table, null before its first read and after [`Registry::leave`].
    table: Cell<*const ThreadCounters>,
    /// The same, if readers need no more than a compiler fence and nobody wants to hear of them; else null.
    fast: Cell<*const ThreadCounters>,
    /// Whether somebody wants to hear of this thread's reads.
    tracked: Cell<bool>,
}

impl Local {
    pub(crate) const fn new() -> Self {
        Self { table: Cell::new(ptr::null()), fast: Cell::new(ptr::null()), tracked: Cell::new(false) }
    }

    pub(crate) fn is_tracked(&self) -> bool {
        self.tracked.get()
    }

    #[cfg(test)]
    pub(crate) fn has_table(&self) -> bool {
        !(self.table.get().is_null() && self.fast.get().is_null())
    }

    fn table(&self) -> Option<&'static ThreadCounters> {
        // SAFETY: tables are never freed.
        unsafe { self.table.get().as_ref() }
    }

    /// The thread's counter of the lane at `place`, if the fast path serves that.
    #[inline]
    fn counter(&self, place: usize) -> Option<&'static AtomicU64> {
        let table = self.fast.get();
        if table.is_null() || place >= FAST_LANES {
            cold_path();
            return None;
        }
        // SAFETY: tables are never freed, and the place was just looked at.
        Some(unsafe { (*table).first.get_unchecked(place) })
    }
}

/// The first lanes stand in a row, so that the fast path knows a lane's counter by its address and need not load
/// its index.
pub(crate) struct FirstLanes([Lane; FAST_LANES]);

impl FirstLanes {
    #[cfg(not(loom))]
    #[cfg_attr(
        not(test),
        expect(clippy::large_stack_arrays, reason = "a static's initializer: no stack sees it")
    )]
    pub(crate) const fn new() -> Self {
        Self([const { Lane::new(0) }; FAST_LANES])
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Self(std::array::from_fn(|_| Lane::new(0)))
    }
}

/// How the code below reaches all tables and lanes of the process: two words that the compiler knows.
#[derive(Clone, Copy)]
pub(crate) struct Counters {
    pub(crate) first: &'static FirstLanes,
    pub(crate) registry: &'static Registry,
}

impl Counters {
    /// The index of a lane among the first ones; `FAST_LANES` or more for any other lane, and for none.
    #[inline]
    fn place(self, lane: *const Lane) -> usize {
        let distance = lane.addr().wrapping_sub(ptr::from_ref(self.first).addr());
        distance / size_of::<Lane>()
    }

    /// The index of a lane that has counters.
    fn index(self, lane: &Lane) -> Option<usize> {
        Some(self.place(lane))
            .filter(|place| *place < FAST_LANES)
            .or(Some(lane.index))
            .filter(|index| *index < COUNTED_LANES)
    }

    /// Makes tables and lanes for one model.
    #[cfg(loom)]
    pub(crate) fn of_model(enlist: fn() -> bool) -> Self {
        let first = Box::leak(Box::new(FirstLanes::new()));
        Self { first, registry: Box::leak(Box::new(Registry::new(enlist))) }
    }

    /// Frees what `of_model` made and what came of it.
    ///
    /// # Safety
    /// Nothing of it is used any more, and all slots are dissolved.
    #[cfg(loom)]
    pub(crate) unsafe fn free(self) {
        let mut next = self.registry.tables.load(Ordering::Acquire);
        while !next.is_null() {
            // SAFETY: it came from a box, and the caller says that nobody uses it.
            let table = unsafe { Box::from_raw(next) };
            next = table.next.cast_mut();
            for (chunk, counters) in table.further.iter().enumerate() {
                let counters =
                    ptr::slice_from_raw_parts_mut(counters.load(Ordering::Acquire), FAST_LANES << chunk);
                // SAFETY: as above; a chunk has that many counters.
                drop((!counters.is_null()).then(|| unsafe { Box::from_raw(counters) }));
            }
        }
        for lane in self.registry.lanes.lock().free.drain(..).filter(|lane| self.place(*lane) >= FAST_LANES) {
            // SAFETY: as above.
            drop(unsafe { Box::from_raw(ptr::from_ref(lane).cast_mut()) });
        }
        // SAFETY: as above.
        drop(unsafe { Box::from_raw(ptr::from_ref(self.first).cast_mut()) });
        // SAFETY: as above.
        drop(unsafe { Box::from_raw(ptr::from_ref(self.registry).cast_mut()) });
    }

    /// A lane that no cell has.
    fn lane(self) -> &'static Lane {
        let mut pool = self.registry.lanes.lock();
        if let Some(lane) = pool.free.pop() {
            return lane;
        }
        let index = pool.made;
        pool.made += 1;
        self.first.0.get(index).unwrap_or_else(|| Box::leak(Box::new(Lane::new(index))))
    }
}

/// All tables and lanes of the process.
pub(crate) struct Registry {
    /// All tables, linked; it only grows, under the lock of `idle`.
    tables: AtomicPtr<ThreadCounters>,
    /// The tables of threads that have ended.
    idle: Mutex<Vec<NonNull<ThreadCounters>>>,
    lanes: Mutex<Pool>,
    /// No part of the protocol's order: it is decided before there is anything to order.
    path: OnceLock<ReadPath>,
    /// Sees to it that [`leave`](Self::leave) is called when the calling thread ends; `false` if it is too late.
    enlist: fn() -> bool,
}

struct Pool {
    /// Lanes of cells that were dropped.
    free: Vec<&'static Lane>,
    made: usize,
}

// SAFETY: tables are reached through atomics alone, but for `next`, which is never written after the table was
// linked; the pointers among the idle ones are as good in one thread as in another.
unsafe impl Send for Registry {}
// SAFETY: as above.
unsafe impl Sync for Registry {}

impl Registry {
    const_fn! {
        pub(crate) fn new(enlist: fn() -> bool) -> Self {
            Self {
                tables: AtomicPtr::new(ptr::null_mut()),
                idle: Mutex::new(Vec::new()),
                lanes: Mutex::new(Pool { free: Vec::new(), made: 0 }),
                path: OnceLock::new(),
                enlist,
            }
        }
    }

    pub(crate) fn path(&self) -> ReadPath {
        if barrier::POSSIBLE { *self.path.get_or_init(barrier::choose) } else { ReadPath::Fences }
    }

    /// The reader's side: what it did before is visible to whoever passes a heavy fence later, or what it does
    /// after sees what that one did before.
    fn light(&self) {
        match self.path() {
            ReadPath::Membarrier => compiler_fence(Ordering::SeqCst),
            ReadPath::Fences => fence(Ordering::SeqCst),
        }
    }

    /// The closer's side; `false` if the kernel denies it by now.
    fn heavy(&self) -> bool {
        match self.path() {
            ReadPath::Membarrier => barrier::heavy(),
            ReadPath::Fences => {
                fence(Ordering::SeqCst);
                true
            }
        }
    }

    /// The calling thread's table; `None` if the thread is being torn down.
    fn table(&self, local: &Local) -> Option<&'static ThreadCounters> {
        local.table().or_else(|| self.adopt(local))
    }

    #[cold]
    fn adopt(&self, local: &Local) -> Option<&'static ThreadCounters> {
        if !(self.enlist)() {
            return None;
        }
        // The lock also hands the counters of an idle table from its former owner to the new one.
        let mut idle = self.idle.lock();
        let table = idle.pop().map_or_else(
            || {
                let table = Box::into_raw(Box::new(ThreadCounters::new(self.tables.load(Ordering::Relaxed))));
                // Release: pairs with the acquire in `sum`. It comes before this thread's first raise, so whoever
                // is bound to see that is bound to see the table.
                self.tables.store(table, Ordering::Release);
                table.cast_const()
            },
            |table| table.as_ptr().cast_const(),
        );
        drop(idle);
        local.table.set(table);
        self.set_fast(local);
        local.table()
    }

    fn set_fast(&self, local: &Local) {
        let fast = self.path() == ReadPath::Membarrier && !local.tracked.get();
        local.fast.set(if fast { local.table.get() } else { ptr::null() });
    }

    /// Sends the thread's reads the slow way, or back to the fast one; returns which way they went before.
    pub(crate) fn track(&self, local: &Local, on: bool) -> bool {
        let before = local.tracked.replace(on);
        self.set_fast(local);
        before
    }

    /// Hands the table of the ending thread on, with its counters: leases that began here may still be out.
    pub(crate) fn leave(&self, local: &Local) {
        local.fast.set(ptr::null());
        if let Some(table) = NonNull::new(local.table.replace(ptr::null()).cast_mut()) {
            self.idle.lock().push(table);
        }
    }

    /// How many tables and lanes there are.
    #[cfg(test)]
    pub(crate) fn size(&self) -> (usize, usize) {
        let idle = self.idle.lock();
        let mut tables = 0;
        let mut next = self.tables.load(Ordering::Acquire).cast_const();
        // SAFETY: tables are never freed.
        while let Some(table) = unsafe { next.as_ref() } {
            tables += 1;
            next = table.next;
        }
        drop(idle);
        (tables, self.lanes.lock().made)
    }
}

/// What ends a payload, once.
pub(crate) type Finish = unsafe fn(NonNull<()>);

/// One payload's counters, and its way from publication to the end.
///
/// What readers read and what some of them write are apart: on lines of their own.
#[repr(C, align(128))]
pub(crate) struct Lane {
    /// Which counter of a table is this lane's; for the first ones their place tells it.
    index: usize,
    payload: AtomicPtr<()>,
    draining: AtomicBool,
    aside: Aside,
}

#[repr(align(64))]
struct Aside {
    /// Clones, and what threads do that have no table; wraps.
    shared: AtomicU64,
    occupant: Mutex<Occupant>,
    /// The next lane of the same cell; the lock of its `lanes` guards it.
    sibling: AtomicPtr<Lane>,
}

struct Occupant {
    phase: Phase,
    finish: Option<Finish>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Free,
    /// Published, or about to be.
    Published,
    /// Unpublished; the heavy fence is still to come, so no sum means anything.
    Retiring,
    /// Whoever finds the sum zero finishes the payload.
    Draining,
}

impl Lane {
    const_fn! {
        fn new(index: usize) -> Self {
            let occupant = Mutex::new(Occupant { phase: Phase::Free, finish: None });
            Self {
                index,
                payload: AtomicPtr::new(ptr::null_mut()),
                draining: AtomicBool::new(false),
                aside: Aside {
                    shared: AtomicU64::new(0),
                    occupant,
                    sibling: AtomicPtr::new(ptr::null_mut()),
                },
            }
        }
    }

    fn is_free(&self) -> bool {
        self.aside.occupant.lock().phase == Phase::Free
    }

    /// A lane and those behind it, for who holds the lock of their cell's `lanes`.
    fn siblings(first: Option<&'static Self>) -> impl Iterator<Item = &'static Self> {
        // SAFETY: lanes are never freed.
        std::iter::successors(first, |lane| unsafe { lane.aside.sibling.load(Ordering::Relaxed).as_ref() })
    }

    /// The payload of a lane that the caller holds a lease on.
    #[inline]
    pub(crate) fn payload(&self) -> NonNull<()> {
        // Relaxed: whoever holds a lease has an acquire behind it that pairs with the publisher's release, and
        // the payload does not change while a lease is out.
        let payload = self.payload.load(Ordering::Relaxed);
        debug_assert!(!payload.is_null(), "a lane that is in use has a payload");
        // SAFETY: it was stored from a `NonNull` before the lane was published.
        unsafe { NonNull::new_unchecked(payload) }
    }

    /// The number of leases out, if the lane is `Draining`; otherwise a guess.
    fn sum(&self, all: Counters) -> u64 {
        let mut sum = 0_u64;
        if let Some(index) = all.index(self) {
            // Acquire: pairs with the release in `adopt`.
            let mut next = all.registry.tables.load(Ordering::Acquire).cast_const();
            // SAFETY: tables are never freed.
            while let Some(table) = unsafe { next.as_ref() } {
                // Acquire: pairs with the release of a drop, so that all use of the payload comes before its end;
                // and keeps the load of `shared` below it.
                sum = sum.wrapping_add(table.counter(index).map_or(0, |own| own.load(Ordering::Acquire)));
                next = table.next;
            }
        }
        // After the tables, for counts move from there to here. Acquire: as above.
        sum.wrapping_add(self.aside.shared.load(Ordering::Acquire))
    }

    /// Finishes the payload if it is draining and nobody uses it any more.
    #[cold]
    pub(crate) fn look(&self, all: Counters) {
        let mut occupant = self.aside.occupant.lock();
        if occupant.phase != Phase::Draining || self.sum(all) != 0 {
            return;
        }
        occupant.phase = Phase::Free;
        let finish = occupant.finish.take();
        let payload = self.payload();
        // Relaxed: who reads an old `true` takes the lock, and finds that there is nothing to do.
        self.draining.store(false, Ordering::Relaxed);
        drop(occupant);
        if let Some(finish) = finish {
            // SAFETY: `finish` came with this payload, and only who moves the lane to `Free` gets here. No lease
            // is out (see the top of the file), and none can begin.
            unsafe { finish(payload) };
        }
    }

    /// Counts one lease more, for the holder of one.
    pub(crate) fn share(&self) {
        // Relaxed: the lease that is cloned keeps the payload, and its end is what publishes this.
        self.aside.shared.fetch_add(1, Ordering::Relaxed);
    }

    /// Ends a lease, as far as that takes no more than the thread's own counter.
    ///
    /// # Safety
    /// The caller has a lease on this lane's payload, and uses it no more. What is returned is seen to.
    #[inline]
    pub(crate) unsafe fn release_fast(&self, all: Counters, local: &Local) -> Released {
        let Some(counter) = local.counter(all.place(self)) else {
            cold_path();
            return Released::Not;
        };
        lower(counter);
        compiler_fence(Ordering::SeqCst);
        if self.is_draining() {
            cold_path();
            return Released::Draining;
        }
        Released::Entirely
    }

    /// Ends a lease, or undoes a raise that came too late; the payload is finished here if it was the last.
    ///
    /// # Safety
    /// The caller has raised this lane's count, and uses what that was for no more.
    #[cold]
    pub(crate) unsafe fn release_slow(&self, all: Counters, local: &Local) {
        match (local.table(), all.index(self)) {
            (Some(table), Some(index)) => lower(table.counter_or_grow(index)),
            // Release: as in `lower`.
            _ => drop(self.aside.shared.fetch_sub(1, Ordering::Release)),
        }
        all.registry.light();
        if self.is_draining() {
            self.look(all);
        }
    }

    #[inline]
    fn is_draining(&self) -> bool {
        // Relaxed: the fence before it does the ordering.
        self.draining.load(Ordering::Relaxed)
    }
}

/// How far the fast path has ended a lease.
#[must_use]
pub(crate) enum Released {
    Entirely,
    /// The lane is draining, and somebody has to [look](Lane::look) at it.
    Draining,
    /// Not at all: the [slow path](Lane::release_slow) does.
    Not,
}

/// Raises a counter of the calling thread's own table: nobody else writes it, so a load and a store will do.
#[inline]
fn raise(counter: &AtomicU64) {
    // Relaxed: the light fence that follows orders it.
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}

#[inline]
fn lower(counter: &AtomicU64) {
    // Release: pairs with the acquire in `sum`: what the lease was used for comes before the payload's end.
    counter.store(counter.load(Ordering::Relaxed).wrapping_sub(1), Ordering::Release);
}

/// What one cell has published.
pub(crate) struct Slot {
    published: AtomicPtr<Lane>,
    /// The first of this cell's lanes; its lock also guards every change of `published`.
    lanes: Mutex<Option<&'static Lane>>,
}

impl Slot {
    const_fn! {
        pub(crate) fn new() -> Self {
            Self { published: AtomicPtr::new(ptr::null_mut()), lanes: Mutex::new(None) }
        }
    }

    #[inline]
    fn lane(&self) -> *const Lane {
        // Acquire: pairs with the release in `replace`, so that the lane and its payload are as published.
        self.published.load(Ordering::Acquire)
    }

    fn published(&self) -> Option<&'static Lane> {
        // SAFETY: lanes are never freed.
        unsafe { self.lane().as_ref() }
    }

    /// Takes a lease on what is published, if this thread can without a fence and is on no detour.
    #[inline]
    pub(crate) fn acquire_fast(&self, all: Counters, local: &Local) -> Acquired {
        let lane = self.lane();
        let Some(counter) = local.counter(all.place(lane)) else {
            cold_path();
            return Acquired::Not;
        };
        // SAFETY: what has a place is one of the first lanes, and no null pointer.
        let lane = unsafe { NonNull::new_unchecked(lane.cast_mut()).as_ref() };
        if !self.count(lane, counter, || compiler_fence(Ordering::SeqCst)) {
            cold_path();
            return Acquired::Late(lane);
        }
        Acquired::Lease(lane)
    }

    /// Raises a counter of the calling thread; `false` if the lane is not the published one by then, and the
    /// counter has to be lowered again.
    ///
    /// The lane may have come back meanwhile, with another payload: that is the one this lease is on.
    #[inline]
    fn count(&self, lane: &'static Lane, counter: &AtomicU64, light: impl FnOnce()) -> bool {
        raise(counter);
        light();
        ptr::eq(self.lane(), lane)
    }

    /// Takes a lease on what is published, wherever the thread is.
    #[cold]
    pub(crate) fn acquire_slow(&self, all: Counters, local: &Local) -> Option<&'static Lane> {
        loop {
            let lane = self.published()?;
            let (Some(table), Some(index)) = (all.registry.table(local), all.index(lane)) else {
                return self.acquire_shared();
            };
            if self.count(lane, table.counter_or_grow(index), || all.registry.light()) {
                return Some(lane);
            }
            // SAFETY: it was raised, and for nothing.
            unsafe { lane.release_slow(all, local) };
        }
    }

    /// For who has no counter: with the lock held nobody unpublishes the lane.
    #[cold]
    fn acquire_shared(&self) -> Option<&'static Lane> {
        let lanes = self.lanes.lock();
        let lane = self.published()?;
        // The lock orders it before the unpublication, and so before every look.
        lane.share();
        drop(lanes);
        Some(lane)
    }

    /// Chooses the lane of the next payload.
    pub(crate) fn vacancy(&self, all: Counters) -> Vacancy {
        let mut lanes = self.lanes.lock();
        let free = Lane::siblings(*lanes).find(|lane| lane.is_free());
        let lane = free.unwrap_or_else(|| {
            let lane = all.lane();
            let next = lanes.replace(lane).map_or(ptr::null(), ptr::from_ref);
            // Relaxed: under the lock.
            lane.aside.sibling.store(next.cast_mut(), Ordering::Relaxed);
            lane
        });
        lane.aside.occupant.lock().phase = Phase::Published;
        Vacancy { lane }
    }

    /// Publishes a payload, in the place of the one that is published, if any, with one lease on it.
    ///
    /// # Safety
    /// `finish` may be called with the payload, once, in any thread, from when no lease is out on it any more and
    /// it has been retired. Until then the payload stays valid.
    #[expect(clippy::needless_pass_by_value, reason = "a vacancy is filled once")]
    pub(crate) unsafe fn publish(
        &self,
        vacancy: Vacancy,
        payload: NonNull<()>,
        finish: Finish,
    ) -> Option<Retiring> {
        let Vacancy { lane } = vacancy;
        let lanes = self.lanes.lock();
        lane.aside.occupant.lock().finish = Some(finish);
        // Relaxed: the release that publishes the lane publishes this too.
        lane.payload.store(payload.as_ptr(), Ordering::Relaxed);
        lane.share();
        let old = self.replace(Some(lane));
        drop(lanes);
        old
    }

    /// Unpublishes the payload.
    pub(crate) fn retire(&self) -> Option<Retiring> {
        let lanes = self.lanes.lock();
        let old = self.replace(None);
        drop(lanes);
        old
    }

    /// Changes what is published. The caller holds the lock of `lanes`.
    fn replace(&self, lane: Option<&'static Lane>) -> Option<Retiring> {
        let old = self.published();
        let lane = lane.map_or(ptr::null(), ptr::from_ref);
        // Release: pairs with the acquire in `published`.
        self.published.store(lane.cast_mut(), Ordering::Release);
        let old = old?;
        let mut occupant = old.aside.occupant.lock();
        debug_assert_eq!(occupant.phase, Phase::Published);
        occupant.phase = Phase::Retiring;
        // Relaxed: the heavy fence of `settle` orders it.
        old.draining.store(true, Ordering::Relaxed);
        drop(occupant);
        Some(Retiring { lane: Some(old) })
    }

    /// The number of leases out on what is published, roughly.
    pub(crate) fn out(&self, all: Counters) -> usize {
        let sum = self.published().map_or(0, |lane| lane.sum(all));
        // Counts that move while they are summed may be missed: no lease, rather than less than none.
        usize::try_from(sum.cast_signed()).unwrap_or(0)
    }

    /// Ends a cell: finishes what it has published still, and gives its lanes to other cells, but for those whose
    /// leases were forgotten.
    pub(crate) fn dissolve(&mut self, all: Counters) {
        if let Some(mut retiring) = self.retire() {
            retiring.settle(all);
        }
        let lanes = self.lanes.lock().take();
        if lanes.is_some() {
            let mut pool = all.registry.lanes.lock();
            pool.free.extend(Lane::siblings(lanes).filter(|lane| lane.is_free()));
        }
    }
}

/// What the fast path of a read came to.
#[must_use]
pub(crate) enum Acquired {
    Lease(&'static Lane),
    /// The lane was raised too late, and is still to be [lowered](Lane::release_slow).
    Late(&'static Lane),
    /// Nothing is published, or the [slow path](Slot::acquire_slow) gets it.
    Not,
}

/// A lane that is taken for a payload to come.
#[must_use]
pub(crate) struct Vacancy {
    lane: &'static Lane,
}

impl Vacancy {
    pub(crate) fn lane(&self) -> &'static Lane {
        self.lane
    }
}

/// A payload that is unpublished and has still to be [settled](Self::settle): until then it is not finished.
#[must_use]
pub(crate) struct Retiring {
    lane: Option<&'static Lane>,
}

impl Retiring {
    /// The payload, which stays until this is settled.
    pub(crate) fn payload(&self) -> Option<NonNull<()>> {
        self.lane.map(Lane::payload)
    }

    /// Lets the payload go: finishes it here if no lease is out, else leaves it to the last one. Does nothing the
    /// second time.
    pub(crate) fn settle(&mut self, all: Counters) {
        if let Some(lane) = self.lane.take()
            // Denied, nobody can tell any more whether a lease is out: then the payload stays, for ever.
            && all.registry.heavy()
        {
            let mut occupant = lane.aside.occupant.lock();
            debug_assert_eq!(occupant.phase, Phase::Retiring);
            occupant.phase = Phase::Draining;
            drop(occupant);
            lane.look(all);
        }
    }
}

/// The heavy fence.
#[cfg(all(target_os = "linux", not(any(loom, miri))))]
mod barrier {
    use super::ReadPath;
    use rustix::thread::{MembarrierCommand, membarrier};
    use std::sync::atomic::{Ordering, fence};

    pub(super) const POSSIBLE: bool = true;

    /// Takes `membarrier` where the kernel grants it. `CELLS_READ_PATH=fences` takes the other path anyway, for
    /// tests and for sandboxes that deny the call later on.
    pub(super) fn choose() -> ReadPath {
        let fences = std::env::var_os("CELLS_READ_PATH").is_some_and(|path| path == "fences");
        if !fences && register() && call() { ReadPath::Membarrier } else { ReadPath::Fences }
    }

    #[cold]
    pub(super) fn heavy() -> bool {
        // For the compiler, and for this thread itself.
        fence(Ordering::SeqCst);
        // A process that was cloned from this one may have to register for itself.
        let done = call() || (register() && call());
        fence(Ordering::SeqCst);
        done
    }

    fn register() -> bool {
        membarrier(MembarrierCommand::RegisterPrivateExpedited).is_ok()
    }

    fn call() -> bool {
        membarrier(MembarrierCommand::PrivateExpedited).is_ok()
    }
}

#[cfg(not(all(target_os = "linux", not(any(loom, miri)))))]
mod barrier {
    use super::ReadPath;

    pub(super) const POSSIBLE: bool = false;

    pub(super) fn choose() -> ReadPath {
        ReadPath::Fences
    }

    pub(super) fn heavy() -> bool {
        false
    }
}
