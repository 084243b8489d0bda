//! Who still uses a payload: counting readers without a write that two of them share.
//!
//! # Protocol
//!
//! Every thread that reads owns a *table* of counters ([`ThreadCounters`]). Every published payload has a [`Lane`],
//! which names one counter in every table, and the cell's [`Slot`] points to the lane of what is published now. The
//! number of leases out on a payload is the sum of its lane's counters over all tables, plus the lane's `shared` count.
//! Only the sum means anything: a lease may end on another thread than it began on, so any one counter may be
//! "negative" (counters wrap).
//!
//! | who | does |
//! |---|---|
//! | a reader | loads the lane; raises its own counter; **light fence**; loads the lane again. If it is the same, the reader holds a lease. If not, the reader lowers the counter as a drop does, and starts over |
//! | a reader without a counter | under the lock of the slot: loads the lane; raises `shared` |
//! | a clone | raises `shared` |
//! | a drop, wherever the lease began | lowers the counter of its own thread (`shared`, if there is none); **light fence**; if the lane is `draining`, looks |
//! | a closer, under the cell's lock | unpublishes; moves the lane to `Retiring`, sets `draining` |
//! | the same, after unlocking | **heavy fence**; moves the lane to `Draining`; looks |
//! | whoever looks | under the lane's lock: if the lane is `Draining` and the sum is zero, frees the lane; then, unlocked, hands the lane on and finishes the payload |
//!
//! A lane goes `Free` → `Published` → `Retiring` → `Draining` → `Free`, always under its own lock, so a payload is
//! finished exactly once. A free lane belongs to no cell: it waits in the pool for the next payload of any cell. So a
//! reader may raise, and then lower again, the count of a lane that has moved on to another cell. That is a reader that
//! fails, as if the payload were its own cell's. If the lane has come back to its cell, the reader has a lease on what is
//! published there now.
//!
//! # Fences
//!
//! A light fence is always ordered against a heavy one: either what comes after the heavy fence sees what came before
//! the light one, or what comes after the light fence sees what came before the heavy one. A light fence only keeps the
//! compiler from reordering; the heavy one is `membarrier(2)`, which makes every running thread of the process pass a
//! full fence (Linux, `Documentation/scheduler/membarrier.rst`). The scheme is that of SRCU (Linux,
//! `kernel/rcu/srcutree.c`) and of folly's hazard pointers (`folly/synchronization/AsymmetricThreadFence.h`). Without
//! `membarrier`, both are `SeqCst` fences. The choice is made once ([`Registry::path`]). A reader before the choice takes
//! the `SeqCst` fence, which goes with either.
//!
//! If the process loses `membarrier` later, or wants to do without it, it changes over to `SeqCst` fences
//! ([`Registry::change_to_fences`]). No thread can be made to take part, and readers that do not know of the change may be
//! anywhere between their raise and their second load. So the change concerns lanes that were never published before:
//! the pool abandons all lanes that exist, and makes new ones, all beyond the first lanes. The fast path does not reach
//! those. A reader finds such a lane only by an acquire that pairs with its publication, which came after the change, so
//! its light fence is the `SeqCst` one; and so is that of a drop, which comes after its lease. A closer of such a lane
//! needs no more than a `SeqCst` fence. A closer of an older lane still needs `membarrier`; if that is denied, nobody can
//! tell whether a lease is out, and the payload is never finished.
//!
//! # Why a payload is never finished while a lease is out
//!
//! 1. *The beginning of a lease is seen.* After the closer's heavy fence, a reader either has its raise visible to all
//!    who look, or loads the lane after it was unpublished, and fails. No look counts before that fence, because until
//!    then the lane is not `Draining`.
//! 2. *The end of a lease is not seen too early.* From then on the counters in the tables only fall, except for readers
//!    that fail: these undo their own raise, which can only make a sum too large. So the sum over the tables is never
//!    less than what they hold when the last one has been read. Only `shared` can rise, by clones, and it is
//!    read after all tables: whoever sees that a lease has ended sees the clones that were made of it.
//!
//! # Why the last lease finishes the payload
//!
//! After the closer's heavy fence, a drop (or an undone raise) either has its lowering visible to the closer's look, or
//! sees `draining` and looks itself. Looks exclude one another, so of two leases that end at once, the later look sees
//! both ends.
//!
//! # Memory that stays
//!
//! Lanes and tables are never freed, so a late look at one is always harmless. They are handed on instead: tables to
//! the next thread with their counters as they are, lanes to the next payload with a sum of zero. A lease that is
//! forgotten keeps its payload and its lane, and costs nothing else.
//!
//! # Reads in an allocator
//!
//! A read may create the thread's table or enlarge it, and choose the path, all of which allocate. So that a global
//! allocator may read cells itself, nothing here allocates under a lock, no lock here allocates, and a thread that is
//! creating counters creates no others meanwhile ([`Local::create`]): its reads and drops count in `shared`.

use crate::sync::primitives::const_fn;
use crate::sync::primitives::inner::Mutex;
use crate::sync::primitives::inner::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering, fence};
use std::cell::Cell;
use std::ptr::{self, NonNull};
// Of the choice of the path, which is no part of the models: they know only one.
use std::sync::atomic::{AtomicU8, AtomicUsize, compiler_fence};

/// How many lanes the first counters of a table serve, which are those that the fast path reaches. Tests and models
/// have few, so that they take all paths.
const FAST_LANES: usize = if cfg!(cells_loom) {
    1
} else if cfg!(test) {
    16
} else {
    256
};
/// How many further chunks of counters a table can have; each doubles the number of counters.
const FURTHER_CHUNKS: usize = if cfg!(any(cells_loom, test)) { 3 } else { 8 };
/// How many lanes have counters. Reads of a lane beyond lock the slot: slower, never wrong.
const COUNTED_LANES: usize = FAST_LANES << FURTHER_CHUNKS;
/// How many lists of free lanes there are: of the first lanes, of those of each further chunk, and of all others.
const FREE_LISTS: usize = FURTHER_CHUNKS + 2;

/// How ready reads in this process are synchronized with closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ReadPath {
    /// Readers pay no memory fence: a read and its drop take about a nanosecond. A close calls `membarrier(2)`, which
    /// takes a few microseconds. Linux since 4.14.
    Membarrier,
    /// Readers pay two memory fences: a read and its drop take about ten nanoseconds. Closes are cheap. Used everywhere
    /// else: other systems, older kernels, and sandboxes that deny the call.
    Fences,
}

/// One thread's table of counters, written only by the thread that owns it.
///
/// Aligned to two cache lines, which processors fetch together, so that neighbours share nothing.
#[repr(align(128))]
struct ThreadCounters {
    first: [AtomicU64; FAST_LANES],
    /// Chunk `k` serves the lanes from `FAST_LANES << k` on, and as many of them as come before it.
    further: [AtomicPtr<AtomicU64>; FURTHER_CHUNKS],
    /// The next one in the list of all tables.
    next: *const ThreadCounters,
    /// The next one in the list of idle tables; guarded by its lock.
    next_idle: AtomicPtr<ThreadCounters>,
}

impl ThreadCounters {
    fn new() -> Self {
        Self {
            first: std::array::from_fn(|_| AtomicU64::new(0)),
            further: std::array::from_fn(|_| AtomicPtr::new(ptr::null_mut())),
            next: ptr::null(),
            next_idle: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// The counter of a lane below `COUNTED_LANES`; `None` if its chunk does not exist, so it was never used.
    fn counter(&self, lane: usize) -> Option<&AtomicU64> {
        if let Some(counter) = self.first.get(lane) {
            return Some(counter);
        }
        let (chunk, offset) = Self::place(lane);
        // Acquire: pairs with the owner's release in `grow`.
        let counters = self.further[chunk].load(Ordering::Acquire);
        // SAFETY: a chunk that exists has `FAST_LANES << chunk` counters, more than the offset, and is never freed.
        (!counters.is_null()).then(|| unsafe { &*counters.add(offset) })
    }

    /// The same for the table's owner, which found no counter and allocates the chunk.
    #[cold]
    fn grow(&self, lane: usize) -> &AtomicU64 {
        let (chunk, offset) = Self::place(lane);
        let counters: Box<[AtomicU64]> = (0..FAST_LANES << chunk).map(|_| AtomicU64::new(0)).collect();
        let counters = Box::leak(counters);
        // Release: pairs with the acquire in `counter`. Only the owner stores here, and it found no chunk.
        self.further[chunk].store(counters.as_mut_ptr(), Ordering::Release);
        // SAFETY: the chunk was allocated just now and is never freed; the offset is within it.
        unsafe { &*self.further[chunk].load(Ordering::Relaxed).add(offset) }
    }

    /// The chunk of a lane from `FAST_LANES` on, and its offset there.
    fn place(lane: usize) -> (usize, usize) {
        let chunk = (lane / FAST_LANES).ilog2() as usize;
        (chunk, lane - (FAST_LANES << chunk))
    }
}

/// The calling thread's part. It belongs in a thread-local without a destructor, which can be reached for as long as
/// the thread runs.
pub(crate) struct Local {
    /// The thread's table, null before its first read and after [`Registry::leave`].
    table: Cell<*const ThreadCounters>,
    /// The same, if reads need only a compiler fence and are not tracked; else null.
    fast: Cell<*const ThreadCounters>,
    /// Whether this thread's reads take the slow path, because they are to be recorded.
    tracked: Cell<bool>,
    /// Whether this thread is creating a table or counters.
    creating: Cell<bool>,
}

impl Local {
    pub(crate) const fn new() -> Self {
        Self {
            table: Cell::new(ptr::null()),
            fast: Cell::new(ptr::null()),
            tracked: Cell::new(false),
            creating: Cell::new(false),
        }
    }

    /// Creates counters of this thread. `None` also if it is creating some already: then an allocator reads a cell.
    fn create<R>(&self, create: impl FnOnce() -> Option<R>) -> Option<R> {
        if self.creating.replace(true) {
            return None;
        }
        let created = create();
        self.creating.set(false);
        created
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

    /// The thread's counter of the lane at `place`, if the fast path serves that lane.
    #[inline]
    fn counter(&self, place: usize) -> Option<&'static AtomicU64> {
        let table = self.fast.get();
        if table.is_null() || place >= FAST_LANES {
            return None;
        }
        // SAFETY: tables are never freed, and the place was checked above.
        Some(unsafe { (*table).first.get_unchecked(place) })
    }
}

/// The first lanes, in an array, so that the fast path computes a lane's counter from its address and need not load its
/// index (target: ready read, docs/performance.md).
pub(crate) struct FirstLanes([Lane; FAST_LANES]);

impl FirstLanes {
    #[cfg(not(cells_loom))]
    #[cfg_attr(
        not(test),
        expect(clippy::large_stack_arrays, reason = "it initializes a static, and is never on a stack")
    )]
    pub(crate) const fn new() -> Self {
        Self([const { Lane::new(0) }; FAST_LANES])
    }

    #[cfg(cells_loom)]
    pub(crate) fn new() -> Self {
        Self(std::array::from_fn(|_| Lane::new(0)))
    }
}

/// How the code below reaches all tables and lanes of the process: two addresses that the compiler knows.
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

    /// The index of a lane among all.
    fn number(self, lane: &Lane) -> usize {
        Some(self.place(lane)).filter(|place| *place < FAST_LANES).unwrap_or(lane.index)
    }

    /// The index of a lane that has counters.
    fn index(self, lane: &Lane) -> Option<usize> {
        Some(self.number(lane)).filter(|index| *index < COUNTED_LANES)
    }

    /// The calling thread's counter of a lane in its table, created if need be.
    fn counter(
        self,
        local: &Local,
        table: Option<&'static ThreadCounters>,
        lane: &Lane,
    ) -> Option<&'static AtomicU64> {
        let (table, index) = (table?, self.index(lane)?);
        table.counter(index).or_else(|| local.create(|| Some(table.grow(index))))
    }

    /// Allocates the registry and first lanes of one model.
    #[cfg(cells_loom)]
    pub(crate) fn of_model(enlist: fn() -> bool) -> Self {
        let first = Box::leak(Box::new(FirstLanes::new()));
        Self { first, registry: Box::leak(Box::new(Registry::new(enlist))) }
    }

    /// Frees what `of_model` allocated, and all tables and lanes that were added since.
    ///
    /// # Safety
    /// Nothing of it is used any more, and all slots are dissolved.
    #[cfg(cells_loom)]
    pub(crate) unsafe fn free(self) {
        let mut next = self.registry.tables.load(Ordering::Acquire);
        while !next.is_null() {
            // SAFETY: it came from a box, and by the caller's promise nobody uses it.
            let table = unsafe { Box::from_raw(next) };
            next = table.next.cast_mut();
            for (chunk, counters) in table.further.iter().enumerate() {
                let counters =
                    ptr::slice_from_raw_parts_mut(counters.load(Ordering::Acquire), FAST_LANES << chunk);
                // SAFETY: as above; a chunk has that many counters.
                drop((!counters.is_null()).then(|| unsafe { Box::from_raw(counters) }));
            }
        }
        let mut pool = self.registry.lanes.lock();
        while let Some(lane) = pool.pop() {
            if self.place(lane) >= FAST_LANES {
                // SAFETY: as above.
                drop(unsafe { Box::from_raw(ptr::from_ref(lane).cast_mut()) });
            }
        }
        drop(pool);
        // SAFETY: as above.
        drop(unsafe { Box::from_raw(ptr::from_ref(self.first).cast_mut()) });
        // SAFETY: as above.
        drop(unsafe { Box::from_raw(ptr::from_ref(self.registry).cast_mut()) });
    }

    /// Takes a free lane, or makes one.
    fn lane(self) -> &'static Lane {
        let mut pool = self.registry.lanes.lock();
        if let Some(lane) = pool.pop() {
            return lane;
        }
        let index = pool.made;
        pool.made += 1;
        drop(pool);
        self.first.0.get(index).unwrap_or_else(|| Box::leak(Box::new(Lane::new(index))))
    }

    /// Hands on a lane that was freed, unless it was abandoned.
    fn give_back(self, lane: &'static Lane) {
        let number = self.number(lane);
        let mut pool = self.registry.lanes.lock();
        if self.registry.is_current(number) {
            pool.push(lane, number);
        }
    }
}

/// All tables and lanes of the process.
pub(crate) struct Registry {
    /// The list of all tables; it only grows, under the lock of `idle`.
    tables: AtomicPtr<ThreadCounters>,
    /// The first of the tables whose threads have ended; null if there is none.
    idle: Mutex<Idle>,
    lanes: Mutex<Pool>,
    /// [`UNCHOSEN`], [`MEMBARRIER`] or [`FENCES`].
    path: AtomicU8,
    /// The lanes below this number were abandoned when the path changed; changed under the lock of `lanes`.
    current_from: AtomicUsize,
    /// Arranges that [`leave`](Self::leave) is called when the calling thread ends; `false` if it is too late for that.
    enlist: fn() -> bool,
}

/// Values of [`Registry::path`].
const UNCHOSEN: u8 = 0;
const MEMBARRIER: u8 = 1;
const FENCES: u8 = 2;

struct Idle(*mut ThreadCounters);

struct Pool {
    /// The first lane of each list of free lanes. The cheaper a lane's counters, the earlier its list.
    free: [Option<&'static Lane>; FREE_LISTS],
    /// How many lanes exist.
    made: usize,
}

impl Pool {
    /// Takes a free lane with the cheapest counters.
    fn pop(&mut self) -> Option<&'static Lane> {
        let first = self.free.iter_mut().find(|first| first.is_some())?;
        let lane = first.take()?;
        // SAFETY: lanes are never freed. Relaxed: guarded by the pool's lock.
        *first = unsafe { lane.aside.next_free.load(Ordering::Relaxed).as_ref() };
        Some(lane)
    }

    fn push(&mut self, lane: &'static Lane, number: usize) {
        let list = (number / FAST_LANES).checked_ilog2().map_or(0, |chunk| chunk as usize + 1);
        let first = &mut self.free[list.min(FREE_LISTS - 1)];
        let next = first.replace(lane).map_or(ptr::null(), ptr::from_ref);
        // Relaxed: guarded by the pool's lock.
        lane.aside.next_free.store(next.cast_mut(), Ordering::Relaxed);
    }
}

// SAFETY: tables are accessed only through atomics, except `next`, which is never written after the table was linked;
// the pointer in `idle` is valid on any thread.
unsafe impl Send for Registry {}
// SAFETY: as above.
unsafe impl Sync for Registry {}

impl Registry {
    const_fn! {
        pub(crate) fn new(enlist: fn() -> bool) -> Self {
            Self {
                tables: AtomicPtr::new(ptr::null_mut()),
                idle: Mutex::new(Idle(ptr::null_mut())),
                lanes: Mutex::new(Pool { free: [None; FREE_LISTS], made: 0 }),
                path: AtomicU8::new(UNCHOSEN),
                current_from: AtomicUsize::new(0),
                enlist,
            }
        }
    }

    pub(crate) fn path(&self) -> ReadPath {
        self.chosen().unwrap_or_else(|| self.choose())
    }

    fn chosen(&self) -> Option<ReadPath> {
        if !barrier::POSSIBLE {
            return Some(ReadPath::Fences);
        }
        // Acquire: pairs with the release in `change_to_fences`, so that `current_from` is known too.
        match self.path.load(Ordering::Acquire) {
            UNCHOSEN => None,
            MEMBARRIER => Some(ReadPath::Membarrier),
            _ => Some(ReadPath::Fences),
        }
    }

    /// Not under a lock, because it allocates: of two threads that choose, the first decides.
    #[cold]
    fn choose(&self) -> ReadPath {
        let path = match barrier::choose() {
            ReadPath::Membarrier => MEMBARRIER,
            ReadPath::Fences => FENCES,
        };
        let _ = self.path.compare_exchange(UNCHOSEN, path, Ordering::AcqRel, Ordering::Acquire);
        self.chosen().unwrap_or(ReadPath::Fences)
    }

    /// Makes reads and closes of all payloads that are published from now on do without `membarrier`. Returns whether
    /// this is so for all payloads, because none was published with it.
    #[cold]
    pub(crate) fn change_to_fences(&self) -> bool {
        if self.path.compare_exchange(UNCHOSEN, FENCES, Ordering::AcqRel, Ordering::Acquire).is_err() {
            let mut pool = self.lanes.lock();
            // Relaxed: once there is a choice, it changes only here, under the lock.
            if self.path.load(Ordering::Relaxed) == MEMBARRIER {
                pool.free = [None; FREE_LISTS];
                pool.made = pool.made.max(FAST_LANES);
                self.current_from.store(pool.made, Ordering::Relaxed);
                // Release: pairs with the acquire in `chosen`.
                self.path.store(FENCES, Ordering::Release);
            }
        }
        self.is_current(0)
    }

    /// Whether a lane was never published before the last change of the path.
    fn is_current(&self, number: usize) -> bool {
        // Relaxed: whoever has a lane that was made after the change knows of the change.
        number >= self.current_from.load(Ordering::Relaxed)
    }

    /// The reader's side: what it did before is visible after every later heavy fence, or what it does afterwards sees
    /// what was done before that fence.
    fn light(&self) {
        match self.chosen() {
            Some(ReadPath::Membarrier) => compiler_fence(Ordering::SeqCst),
            Some(ReadPath::Fences) | None => fence(Ordering::SeqCst),
        }
    }

    /// The closer's side, for one lane; `false` if the kernel now denies it. Then lanes that are made later do without.
    fn heavy(&self, number: usize) -> bool {
        if self.path() == ReadPath::Fences && self.is_current(number) {
            fence(Ordering::SeqCst);
            return true;
        }
        let done = barrier::heavy();
        if !done {
            self.change_to_fences();
        }
        done
    }

    /// The calling thread's table; `None` if the thread is ending.
    fn table(&self, local: &Local) -> Option<&'static ThreadCounters> {
        local.table().or_else(|| self.adopt(local))
    }

    #[cold]
    fn adopt(&self, local: &Local) -> Option<&'static ThreadCounters> {
        local.create(|| {
            if !(self.enlist)() {
                return None;
            }
            local.table.set(self.idle_table().unwrap_or_else(|| self.new_table()));
            self.set_fast(local);
            local.table()
        })
    }

    /// Takes over the table of a thread that has ended. The lock also makes its counters visible, as that thread left
    /// them.
    fn idle_table(&self) -> Option<*const ThreadCounters> {
        let mut idle = self.idle.lock();
        let table = idle.0;
        // SAFETY: tables are never freed. Relaxed: guarded by the lock.
        idle.0 = unsafe { table.as_ref() }?.next_idle.load(Ordering::Relaxed);
        Some(table)
    }

    fn new_table(&self) -> *const ThreadCounters {
        let mut table = Box::new(ThreadCounters::new());
        let idle = self.idle.lock();
        table.next = self.tables.load(Ordering::Relaxed);
        let table = Box::into_raw(table);
        // Release: pairs with the acquire in `sum`. It comes before this thread's first raise, so whoever must see that
        // raise also sees the table.
        self.tables.store(table, Ordering::Release);
        drop(idle);
        table
    }

    fn set_fast(&self, local: &Local) {
        let fast = self.path() == ReadPath::Membarrier && !local.tracked.get();
        local.fast.set(if fast { local.table.get() } else { ptr::null() });
    }

    /// Turns tracking of the thread's reads on or off; returns whether it was on. Tracked reads take the slow path.
    pub(crate) fn track(&self, local: &Local, on: bool) -> bool {
        let before = local.tracked.replace(on);
        self.set_fast(local);
        before
    }

    /// Hands on the table of the ending thread, with its counters: leases that began here may still be out.
    pub(crate) fn leave(&self, local: &Local) {
        local.fast.set(ptr::null());
        let table = local.table();
        local.table.set(ptr::null());
        if let Some(table) = table {
            let mut idle = self.idle.lock();
            // Relaxed: guarded by the lock.
            table.next_idle.store(idle.0, Ordering::Relaxed);
            idle.0 = ptr::from_ref(table).cast_mut();
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

/// Ends a payload; called once.
pub(crate) type Finish = unsafe fn(NonNull<()>);

/// One payload's place in all tables, and its state from publication to its end.
///
/// What all readers read and what some of them write are on separate cache lines.
#[repr(C, align(128))]
pub(crate) struct Lane {
    /// Which counter of a table is this lane's. The first lanes know it from their address.
    index: usize,
    payload: AtomicPtr<()>,
    draining: AtomicBool,
    aside: Aside,
}

#[repr(align(64))]
struct Aside {
    /// Counts clones, publishers' leases, and the reads and drops of threads without a counter for the lane; wraps.
    shared: AtomicU64,
    occupant: Mutex<Occupant>,
    /// The next one in the list of free lanes; guarded by the pool's lock.
    next_free: AtomicPtr<Lane>,
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
    /// Unpublished; the heavy fence is yet to come, so no sum means anything.
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
                    next_free: AtomicPtr::new(ptr::null_mut()),
                },
            }
        }
    }

    /// The payload of a lane on which the caller holds a lease.
    #[inline]
    pub(crate) fn payload(&self) -> NonNull<()> {
        // Relaxed: every lease began on the publishing thread or with an acquire that pairs with the publisher's
        // release, and the payload does not change while a lease is out.
        let payload = self.payload.load(Ordering::Relaxed);
        debug_assert!(!payload.is_null(), "a lane that is in use has a payload");
        // SAFETY: it was stored from a `NonNull` before the lane was published.
        unsafe { NonNull::new_unchecked(payload) }
    }

    /// The number of leases out, or more, if the lane is `Draining`; otherwise only an estimate.
    fn sum(&self, all: Counters) -> u64 {
        let mut sum = 0_u64;
        if let Some(index) = all.index(self) {
            // Acquire: pairs with the release in `adopt`.
            let mut next = all.registry.tables.load(Ordering::Acquire).cast_const();
            // SAFETY: tables are never freed.
            while let Some(table) = unsafe { next.as_ref() } {
                // Acquire: pairs with the release in `lower`, so that all use of the payload comes before its end;
                // and keeps the load of `shared` after it.
                sum = sum.wrapping_add(table.counter(index).map_or(0, |own| own.load(Ordering::Acquire)));
                next = table.next;
            }
        }
        // After the tables, because counts move from there to here. Acquire: as above, for the release in
        // `release_slow`.
        sum.wrapping_add(self.aside.shared.load(Ordering::Acquire))
    }

    /// Finishes the payload if it is draining and no longer in use.
    #[cold]
    pub(crate) fn look(&'static self, all: Counters) {
        let mut occupant = self.aside.occupant.lock();
        if occupant.phase != Phase::Draining || self.sum(all) != 0 {
            return;
        }
        occupant.phase = Phase::Free;
        let finish = occupant.finish.take();
        let payload = self.payload();
        // Relaxed: whoever reads an old `true` takes the lock and finds nothing to do.
        self.draining.store(false, Ordering::Relaxed);
        drop(occupant);
        all.give_back(self);
        if let Some(finish) = finish {
            // SAFETY: `finish` came with this payload, and only the thread that moves the lane to `Free` gets here. No
            // lease is out (see the top of the file), and none can begin.
            unsafe { finish(payload) };
        }
    }

    /// Counts one more lease. The caller holds one.
    pub(crate) fn share(&self) {
        // Relaxed: the lease that is cloned keeps the payload, and the release at its end publishes this count.
        self.aside.shared.fetch_add(1, Ordering::Relaxed);
    }

    /// Ends a lease, as far as the thread's own counter suffices.
    ///
    /// # Safety
    /// The caller holds a lease on this lane's payload, uses it no more, and does what the result says.
    #[inline]
    pub(crate) unsafe fn release_fast(&self, all: Counters, local: &Local) -> Released {
        let Some(counter) = local.counter(all.place(self)) else {
            return Released::Not;
        };
        lower(counter);
        compiler_fence(Ordering::SeqCst);
        if self.is_draining() {
            return Released::Draining;
        }
        Released::Entirely
    }

    /// Ends a lease, or undoes a raise that came too late; the payload is finished here if that was the last one.
    ///
    /// # Safety
    /// The caller has raised this lane's count once for this, and no longer uses the payload by it.
    #[cold]
    pub(crate) unsafe fn release_slow(&'static self, all: Counters, local: &Local) {
        match all.counter(local, local.table(), self) {
            Some(counter) => lower(counter),
            // Release: as in `lower`; pairs with the last acquire in `sum`.
            None => drop(self.aside.shared.fetch_sub(1, Ordering::Release)),
        }
        all.registry.light();
        if self.is_draining() {
            self.look(all);
        }
    }

    #[inline]
    fn is_draining(&self) -> bool {
        // Relaxed: the light fence before it orders it against the closer's heavy fence.
        self.draining.load(Ordering::Relaxed)
    }
}

/// How far the fast path has ended a lease.
#[must_use]
pub(crate) enum Released {
    Entirely,
    /// The count is lowered, but the lane is draining: the caller has to [look](Lane::look) at it.
    Draining,
    /// Not at all: the caller takes the [slow path](Lane::release_slow).
    Not,
}

/// Raises a counter of the calling thread's own table. No other thread writes it, so a load and a store suffice.
#[inline]
fn raise(counter: &AtomicU64) {
    // Relaxed: the light fence that follows orders it against the closer's heavy fence.
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}

/// Lowers a counter of the calling thread's own table.
#[inline]
fn lower(counter: &AtomicU64) {
    // Release: pairs with the acquire in `sum`, so that all use of the payload by this lease comes before its end.
    counter.store(counter.load(Ordering::Relaxed).wrapping_sub(1), Ordering::Release);
}

/// What one cell has published.
pub(crate) struct Slot {
    published: AtomicPtr<Lane>,
    /// Held for every change of `published`, and while a reader without a counter raises `shared`.
    changing: Mutex<()>,
}

impl Slot {
    const_fn! {
        pub(crate) fn new() -> Self {
            Self { published: AtomicPtr::new(ptr::null_mut()), changing: Mutex::new(()) }
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

    /// Takes a lease on what is published, if this thread can do so without a fence and its reads are not tracked.
    #[inline]
    pub(crate) fn acquire_fast(&self, all: Counters, local: &Local) -> Acquired {
        let lane = self.lane();
        let Some(counter) = local.counter(all.place(lane)) else {
            return Acquired::Not;
        };
        // SAFETY: what has a place is one of the first lanes, so it is not null.
        let lane = unsafe { NonNull::new_unchecked(lane.cast_mut()).as_ref() };
        if !self.count(lane, counter, || compiler_fence(Ordering::SeqCst)) {
            return Acquired::Late(lane);
        }
        Acquired::Lease(lane)
    }

    /// Raises a counter of the calling thread. `false` if the lane is no longer the published one: the counter has to
    /// be lowered again.
    ///
    /// If the lane was freed and published again meanwhile, with another payload, the lease is on that one.
    #[inline]
    fn count(&self, lane: &'static Lane, counter: &AtomicU64, light: impl FnOnce()) -> bool {
        raise(counter);
        light();
        ptr::eq(self.lane(), lane)
    }

    /// Takes a lease on what is published, on any thread.
    #[cold]
    pub(crate) fn acquire_slow(&self, all: Counters, local: &Local) -> Option<&'static Lane> {
        loop {
            let lane = self.published()?;
            let Some(counter) = all.counter(local, all.registry.table(local), lane) else {
                return self.acquire_shared();
            };
            if self.count(lane, counter, || all.registry.light()) {
                return Some(lane);
            }
            // SAFETY: its count was raised, and no lease came of it.
            unsafe { lane.release_slow(all, local) };
        }
    }

    /// Takes a lease without a counter: the lock keeps the lane published meanwhile.
    #[cold]
    fn acquire_shared(&self) -> Option<&'static Lane> {
        let changing = self.changing.lock();
        let lane = self.published()?;
        // The lock orders this before the lane is unpublished, and so before every look.
        lane.share();
        drop(changing);
        Some(lane)
    }

    /// Reserves a lane for the next payload.
    #[expect(clippy::unused_self, reason = "a lane is reserved for this slot")]
    pub(crate) fn vacancy(&self, all: Counters) -> Vacancy {
        let lane = all.lane();
        let mut occupant = lane.aside.occupant.lock();
        debug_assert_eq!(occupant.phase, Phase::Free);
        occupant.phase = Phase::Published;
        drop(occupant);
        Vacancy { lane }
    }

    /// Publishes a payload in place of the published one, if any, with one lease on it.
    ///
    /// # Safety
    /// `finish` may be called with the payload, once, on any thread, as soon as the payload has been retired and no
    /// lease on it is out. Until then the payload stays valid.
    #[expect(clippy::needless_pass_by_value, reason = "a vacancy can be filled only once")]
    pub(crate) unsafe fn publish(
        &self,
        vacancy: Vacancy,
        payload: NonNull<()>,
        finish: Finish,
    ) -> Option<Retiring> {
        let Vacancy { lane } = vacancy;
        let changing = self.changing.lock();
        lane.aside.occupant.lock().finish = Some(finish);
        // Relaxed: the release in `replace` publishes this with the lane.
        lane.payload.store(payload.as_ptr(), Ordering::Relaxed);
        lane.share();
        let old = self.replace(Some(lane));
        drop(changing);
        old
    }

    /// Unpublishes the payload.
    pub(crate) fn retire(&self) -> Option<Retiring> {
        let changing = self.changing.lock();
        let old = self.replace(None);
        drop(changing);
        old
    }

    /// Changes what is published. The caller holds the lock of `changing`.
    fn replace(&self, lane: Option<&'static Lane>) -> Option<Retiring> {
        let old = self.published();
        let lane = lane.map_or(ptr::null(), ptr::from_ref);
        // Release: pairs with the acquire in `lane`.
        self.published.store(lane.cast_mut(), Ordering::Release);
        let old = old?;
        let mut occupant = old.aside.occupant.lock();
        debug_assert_eq!(occupant.phase, Phase::Published);
        occupant.phase = Phase::Retiring;
        // Relaxed: the heavy fence in `settle` orders it against the light fence of a drop.
        old.draining.store(true, Ordering::Relaxed);
        drop(occupant);
        Some(Retiring { lane: Some(old) })
    }

    /// The approximate number of leases out on what is published.
    pub(crate) fn out(&self, all: Counters) -> usize {
        let sum = self.published().map_or(0, |lane| lane.sum(all));
        // A sum that is taken while leases come and go may be "negative": that counts as zero.
        isize::try_from(sum).map_or(0, isize::unsigned_abs)
    }

    /// Ends a cell: lets go of what is still published.
    pub(crate) fn dissolve(&mut self, all: Counters) {
        if let Some(mut retiring) = self.retire() {
            let _ = retiring.settle(all);
        }
    }
}

/// The result of a read's fast path.
#[must_use]
pub(crate) enum Acquired {
    Lease(&'static Lane),
    /// The lane's count was raised too late, and has to be [lowered](Lane::release_slow) again.
    Late(&'static Lane),
    /// Nothing is published, or only the [slow path](Slot::acquire_slow) can take a lease.
    Not,
}

/// A lane that is reserved for a payload to come.
#[must_use]
pub(crate) struct Vacancy {
    lane: &'static Lane,
}

impl Vacancy {
    pub(crate) fn lane(&self) -> &'static Lane {
        self.lane
    }
}

/// A payload that is unpublished and has yet to be [settled](Self::settle); until then it is not finished.
#[must_use]
pub(crate) struct Retiring {
    lane: Option<&'static Lane>,
}

impl Retiring {
    /// The payload, which stays valid until this is settled.
    pub(crate) fn payload(&self) -> Option<NonNull<()>> {
        self.lane.map(Lane::payload)
    }

    /// Lets the payload go: finishes it here if no lease is out, else leaves it to the last one. Returns `false` if the
    /// kernel denies the heavy fence: then it is never finished. A second call does nothing.
    #[must_use]
    pub(crate) fn settle(&mut self, all: Counters) -> bool {
        let Some(lane) = self.lane.take() else { return true };
        let fenced = all.registry.heavy(all.number(lane));
        if fenced {
            let mut occupant = lane.aside.occupant.lock();
            debug_assert_eq!(occupant.phase, Phase::Retiring);
            occupant.phase = Phase::Draining;
            drop(occupant);
            lane.look(all);
        }
        fenced
    }
}

/// The heavy fence.
#[cfg(all(target_os = "linux", not(any(cells_loom, miri))))]
mod barrier {
    use super::ReadPath;
    use rustix::thread::{MembarrierCommand, membarrier};
    use std::sync::atomic::{Ordering, fence};

    pub(super) const POSSIBLE: bool = true;

    /// Chooses `membarrier` if the kernel grants it. `CELLS_READ_PATH=fences` forces the other path, for tests and for
    /// sandboxes that deny the call later on. Allocates.
    pub(super) fn choose() -> ReadPath {
        let fences = std::env::var_os("CELLS_READ_PATH").is_some_and(|path| path == "fences");
        if !fences && register() && call() { ReadPath::Membarrier } else { ReadPath::Fences }
    }

    #[cold]
    pub(super) fn heavy() -> bool {
        // For the compiler, and for this thread itself.
        fence(Ordering::SeqCst);
        // After a fork, the child may have to register for itself.
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

#[cfg(not(all(target_os = "linux", not(any(cells_loom, miri)))))]
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
