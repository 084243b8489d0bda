//! Who still uses a payload: counting readers without a write that two of them share.
//!
//! # Protocol
//!
//! Every payload that is published has a [`Lane`], and every thread that reads has a [table](crate::payload::tables) in
//! which leases on each lane are counted: by *seats*, which a lease takes and its drop gives back, and by numbers. The
//! number of leases out on a payload is the sum of what all tables have counted in its lane, plus the lane's `shared`
//! count. Only the sum means anything: a lease may end on another thread than it began on, so a number may be negative.
//!
//! The cell's [`Slot`] says what is published now. It says so twice: `published` is the lane, for the slow path; `word`
//! and `payload` are for the fast one. The word has the index of the lane in its highest bits, or 0 if the fast path does
//! not serve that lane, and below it a version, another one for each publication in this slot.
//!
//! | who | does |
//! |---|---|
//! | a fast reader, up to three times with other seats | loads the word, then the payload; takes a seat of that lane in its thread's table; **light fence**; loads the word again. If it is the same, the reader holds a lease on that payload. If not, the reader gives the seat back as a drop does, and takes the slow path |
//! | a slow reader | loads the lane; takes a seat or raises the number of that lane in its thread's table; **light fence**; loads the lane again. If it is the same, the reader holds a lease on the lane's payload. If not, the reader undoes this as a drop does, and starts over |
//! | a reader without a table | under the lock of the slot: loads the lane; raises `shared` |
//! | a clone | raises `shared` |
//! | a drop, on any thread | gives back the seat that the lease has taken; or, if it has none, lowers the number in its own thread's table (`shared`, if there is none); **light fence**; if the lane is in [`Draining`], looks |
//! | a publisher or closer, under the cell's lock and the slot's | word: no lane; `published`: the new lane or none; `payload` and then word, if the fast path serves the new lane and the slot is not shut; moves the old lane to `Retiring` and enters it in [`Draining`] |
//! | who shuts the slot or opens it, under the slot's lock | word: no lane; then, if it is not shut any more, `payload` and word of what is published |
//! | the same, after unlocking | **heavy fence**; moves the old lane to `Draining`; looks |
//! | whoever looks | under the lane's lock: if the lane is `Draining` and the sum is zero, frees the lane; then, unlocked, hands the lane on and finishes the payload |
//!
//! A lane goes `Free` → `Published` → `Retiring` → `Draining` → `Free`, always under its own lock, so a payload is
//! finished exactly once. A free lane belongs to no cell: it waits in the pool for the next payload of any cell. So a
//! reader may be counted, for a moment, in a lane that has moved on to another cell. That is a reader that fails, as if
//! the payload were its own cell's. If the lane has come back to its cell, a slow reader has a lease on what is published
//! there now; a fast one finds another version, and fails.
//!
//! # Why a fast reader's payload is the one that it has a lease on
//!
//! No two publications in a slot have the same word, and neither have a publication and the opening of the slot. If both
//! loads return the same word, both read the same store: the last step of one publication or opening. The first, an acquire, makes the store of that publication's payload visible, so the
//! load of the payload returns that or a later one. A later one was stored, as a release, after the word had been
//! changed; to read it, by an acquire, is to see that change, and the second load could not return the first word.
//!
//! # Fences
//!
//! [`read_path`] has both kinds. If the process loses `membarrier` later, or wants to do
//! without it, it changes over to `SeqCst` fences ([`Registry::change_to_fences`]). No thread can be made to take part,
//! and readers that do not know of the change may be anywhere between their two loads. So the change concerns lanes that
//! were never published before: the pool abandons all lanes that exist, and makes new ones, which the fast path does not
//! serve. A reader finds such a lane only by an acquire that pairs with its publication, which came after the change, so
//! its light fence is the `SeqCst` one; and so is that of a drop, which comes after its lease. A closer of such a lane
//! needs no more than a `SeqCst` fence. A closer of an older lane still needs `membarrier`; if that is denied, nobody can
//! tell whether a lease is out, and the payload is never finished.
//!
//! # Why a payload is never finished while a lease is out
//!
//! 1. *The beginning of a lease is seen.* After the closer's heavy fence, a reader either is visible in its table to all
//!    who look, or finds that what it loads again has changed, and fails. No look counts before that fence, because until
//!    then the lane is not `Draining`.
//! 2. *The end of a lease is not seen too early.* From then on seats of the lane are only given back, and numbers only
//!    fall, except for readers that fail: these undo what they did, in the same seat or number, which can only make a sum
//!    too large. So the sum over the tables is never less than what they hold when the last one has been read. Only
//!    `shared` can rise, by clones, and it is read after all tables: whoever sees that a lease has ended sees the clones
//!    that were made of it.
//!
//! # Why the last lease finishes the payload
//!
//! After the closer's heavy fence, a drop (or a reader that fails) either is visible to the closer's look, or finds the
//! lane in `Draining` and looks itself. Looks exclude one another, so of two leases that end at once, the later look sees
//! both ends.
//!
//! # Memory that stays
//!
//! Lanes and tables are never freed, so a late look at one is always harmless. They are handed on instead: tables to
//! the next thread with all that is counted in them, lanes to the next payload with a sum of zero. A lease that is
//! forgotten keeps its payload and its lane, and costs nothing else.
//!
//! # Reads in an allocator
//!
//! A read may create the thread's table, and choose the path, which may allocate. So that a global allocator may read
//! cells itself, nothing here allocates under a lock, no lock here allocates, and a thread that is creating its table
//! creates no other meanwhile: its reads and drops count in `shared`.

use crate::payload::read_path::{self, Choice, ReadPath};
use crate::payload::tables::{Counted, Index, LANES, Local, Seat, Tables};
use crate::sync::primitives::const_fn;
use crate::sync::primitives::inner::Mutex;
use crate::sync::primitives::inner::atomic::{AtomicPtr, AtomicU64, Ordering, fence};
use std::ptr::{self, NonNull};
// Of the change of the path, which is no part of the models.
use std::sync::atomic::AtomicBool;

/// The lanes with the lowest numbers, whose rows share one page of each table.
const NEAR_LANES: usize = if cfg!(any(cells_loom, test)) { 4 } else { 512 };
/// Lanes with a row below this number are for all payloads, those from there on for declared cells.
const RESERVED_FROM: usize = LANES - if cfg!(cells_loom) { 0 } else { LANES / 32 + 1 };
/// How many lists of free lanes with a row there are: of the near lanes, and of as many as come before them again and
/// again.
const FREE_LISTS: usize = (LANES / NEAR_LANES).ilog2() as usize + 1;

/// The lanes that are draining, by their index: how a drop finds out, and finds the lane.
pub(crate) struct Draining([AtomicPtr<Lane>; LANES]);

impl Draining {
    #[cfg(not(cells_loom))]
    #[cfg_attr(
        not(test),
        expect(clippy::large_stack_arrays, reason = "it initializes a static, and is never on a stack")
    )]
    pub(crate) const fn new() -> Self {
        Self([const { AtomicPtr::new(ptr::null_mut()) }; LANES])
    }

    #[cfg(cells_loom)]
    pub(crate) fn new() -> Self {
        Self(std::array::from_fn(|_| AtomicPtr::new(ptr::null_mut())))
    }

    #[inline]
    fn get(&self, lane: Index) -> Option<&'static Lane> {
        // SAFETY: an index is below the number of lanes.
        let entry = unsafe { self.0.get_unchecked(lane.get()) };
        // Relaxed: the light fence before it orders it against the closer's heavy fence. The lane itself is older than
        // the lease that has just ended.
        // SAFETY: lanes are never freed.
        unsafe { entry.load(Ordering::Relaxed).as_ref() }
    }

    fn set(&self, lane: Index, draining: Option<&'static Lane>) {
        let draining = draining.map_or(ptr::null(), ptr::from_ref).cast_mut();
        // Relaxed: the heavy fence in `settle` orders an entry against the light fence of a drop; whoever reads an old
        // one takes the lane's lock and finds nothing to do.
        self.0[lane.get()].store(draining, Ordering::Relaxed);
    }
}

/// How the code below reaches all tables and lanes of the process: two addresses that the compiler knows.
#[derive(Clone, Copy)]
pub(crate) struct Counters {
    pub(crate) draining: &'static Draining,
    pub(crate) registry: &'static Registry,
}

impl Counters {
    /// Allocates the registry of one model.
    #[cfg(cells_loom)]
    pub(crate) fn of_model(enlist: fn() -> bool) -> Self {
        let draining = Box::leak(Box::new(Draining::new()));
        Self { draining, registry: Box::leak(Box::new(Registry::new(enlist))) }
    }

    /// Frees what `of_model` allocated, and all tables and lanes that were added since.
    ///
    /// # Safety
    /// Nothing of it is used any more, and all slots are dissolved.
    #[cfg(cells_loom)]
    pub(crate) unsafe fn free(self) {
        // SAFETY: the caller's promise.
        unsafe { self.registry.tables.free() };
        let mut pool = self.registry.lanes.lock();
        let Pool { free, free_reserved, free_beyond, .. } = &mut *pool;
        for list in free.iter_mut().chain([free_reserved, free_beyond]) {
            while let Some(lane) = Pool::pop(list) {
                // SAFETY: it came from a box, and by the caller's promise nobody uses it.
                drop(unsafe { Box::from_raw(ptr::from_ref(lane).cast_mut()) });
            }
        }
        drop(pool);
        // SAFETY: as above.
        drop(unsafe { Box::from_raw(ptr::from_ref(self.draining).cast_mut()) });
        // SAFETY: as above.
        drop(unsafe { Box::from_raw(ptr::from_ref(self.registry).cast_mut()) });
    }

    /// Undoes what a reader has counted too late.
    fn undo(self, local: &Local, lane: Index, counted: Counted) {
        match counted {
            Counted::Seat(seat) => seat.give_back(),
            Counted::Extra => drop(local.end_extra(lane)),
        }
        self.registry.path.light();
        if let Some(lane) = self.draining.get(lane) {
            lane.look(self);
        }
    }

    /// Ends a lease that has a seat. Returns the lane if it is draining: then the caller has to [look](Lane::look) at it.
    ///
    /// # Safety
    /// The caller holds the lease, or has taken the seat in vain; it uses the payload no more.
    #[inline]
    pub(crate) unsafe fn release_fast(self, seat: &Seat) -> Option<&'static Lane> {
        seat.give_back();
        read_path::light();
        self.draining.get(seat.lane())
    }
}

/// All tables and lanes of the process.
pub(crate) struct Registry {
    tables: Tables,
    lanes: Mutex<Pool>,
    path: Choice,
    /// Whether the lanes that the fast path serves were abandoned, because the path changed; set under the lock of
    /// `lanes`.
    abandoned: AtomicBool,
    /// Arranges that [`leave`](Self::leave) is called when the calling thread ends; `false` if it is too late for that.
    enlist: fn() -> bool,
}

/// The lanes that exist, by their numbers, and those of them that are free.
struct Pool {
    /// The first free lane of each list of lanes with a row. The nearer a lane, the earlier its list.
    free: [Option<&'static Lane>; FREE_LISTS],
    /// The first of those that are reserved.
    free_reserved: Option<&'static Lane>,
    /// The first of those without a row.
    free_beyond: Option<&'static Lane>,
    /// The lowest number that no lane has; 0 is none.
    next: usize,
    /// The same from `RESERVED_FROM` on.
    next_reserved: usize,
    /// The same from `LANES` on.
    next_beyond: usize,
}

impl Pool {
    const EMPTY: Self = Self {
        free: [None; FREE_LISTS],
        free_reserved: None,
        free_beyond: None,
        next: 1,
        next_reserved: RESERVED_FROM,
        next_beyond: LANES,
    };

    /// The best lane for a payload, or the number of one that is to be made.
    fn take(&mut self, declared: bool) -> Result<&'static Lane, usize> {
        let number = |next: &mut usize, end| (*next < end).then(|| std::mem::replace(next, *next + 1));
        if let Some(lane) = self.free.iter_mut().find_map(Self::pop) {
            return Ok(lane);
        }
        if let Some(number) = number(&mut self.next, RESERVED_FROM) {
            return Err(number);
        }
        if declared {
            if let Some(lane) = Self::pop(&mut self.free_reserved) {
                return Ok(lane);
            }
            if let Some(number) = number(&mut self.next_reserved, LANES) {
                return Err(number);
            }
        }
        Self::pop(&mut self.free_beyond).ok_or_else(|| {
            self.next_beyond += 1;
            self.next_beyond - 1
        })
    }

    fn put(&mut self, lane: &'static Lane) {
        let first = if lane.number >= LANES {
            &mut self.free_beyond
        } else if lane.number >= RESERVED_FROM {
            &mut self.free_reserved
        } else {
            let list = (lane.number / NEAR_LANES).checked_ilog2();
            &mut self.free[list.map_or(0, |list| list as usize + 1)]
        };
        let next = first.replace(lane).map_or(ptr::null(), ptr::from_ref);
        // Relaxed: guarded by the pool's lock.
        lane.next_free.store(next.cast_mut(), Ordering::Relaxed);
    }

    fn pop(first: &mut Option<&'static Lane>) -> Option<&'static Lane> {
        let lane = first.take()?;
        // SAFETY: lanes are never freed. Relaxed: guarded by the pool's lock.
        *first = unsafe { lane.next_free.load(Ordering::Relaxed).as_ref() };
        Some(lane)
    }
}

impl Registry {
    const_fn! {
        pub(crate) fn new(enlist: fn() -> bool) -> Self {
            Self {
                tables: Tables::new(),
                lanes: Mutex::new(Pool::EMPTY),
                path: Choice::new(),
                abandoned: AtomicBool::new(false),
                enlist,
            }
        }
    }

    pub(crate) fn path(&self) -> ReadPath {
        self.path.path()
    }

    /// Makes reads and closes of all payloads that are published from now on do without `membarrier`. Returns whether
    /// this is so for all payloads, because none was published with it.
    #[cold]
    pub(crate) fn change_to_fences(&self) -> bool {
        if !self.path.choose_fences() {
            let mut pool = self.lanes.lock();
            // Once there is a choice, it changes only here, under the lock.
            if self.path() == ReadPath::Membarrier {
                (pool.free, pool.free_reserved, pool.free_beyond) = ([None; FREE_LISTS], None, None);
                self.abandoned.store(true, Ordering::Relaxed);
                // Whoever knows of the change knows that they are abandoned.
                self.path.set_fences();
            }
        }
        !self.abandoned.load(Ordering::Relaxed)
    }

    /// Whether a lane was abandoned when the path changed.
    fn is_abandoned(&self, lane: &Lane) -> bool {
        // Relaxed: whoever has a lane that was made after the change knows of the change.
        lane.served && self.abandoned.load(Ordering::Relaxed)
    }

    /// The closer's side, for one lane; `false` if the kernel now denies it. Then lanes that are made later do without.
    fn heavy(&self, lane: &Lane) -> bool {
        if self.path() == ReadPath::Fences && !self.is_abandoned(lane) {
            fence(Ordering::SeqCst);
            return true;
        }
        let done = read_path::heavy();
        if !done {
            self.change_to_fences();
        }
        done
    }

    /// Takes a free lane, or makes one.
    fn lane(&self, declared: bool) -> &'static Lane {
        let mut pool = self.lanes.lock();
        let number = match pool.take(declared) {
            Ok(lane) => return lane,
            Err(number) => number,
        };
        // Under the lock, so that it is known whether the path has changed. Before the choice no thread is on the fast
        // path, nor after it if fences are chosen.
        let served = cfg!(cells_loom) || self.path.chosen() != Some(ReadPath::Fences);
        drop(pool);
        Box::leak(Box::new(Lane::new(number, served)))
    }

    /// Hands on a lane that was freed, unless it was abandoned.
    fn give_back(&self, lane: &'static Lane) {
        let mut pool = self.lanes.lock();
        if !self.is_abandoned(lane) {
            pool.put(lane);
        }
    }

    /// Counts the begin of a lease on a lane with a row; `None` if it has to be counted in `shared`.
    fn begin(&self, local: &Local, lane: Index, served: bool) -> Option<Counted> {
        let has_fast = || (self.enlist)().then(|| cfg!(cells_loom) || self.path() == ReadPath::Membarrier);
        self.tables.begin(local, lane, served, has_fast)
    }

    /// Hands on the table of the ending thread, with all that is counted in it: leases that began here may still be out.
    pub(crate) fn leave(&self, local: &Local) {
        self.tables.leave(local);
    }

    /// How many tables and lanes there are.
    #[cfg(test)]
    pub(crate) fn size(&self) -> (usize, usize) {
        let pool = self.lanes.lock();
        let beyond = (pool.next_reserved - RESERVED_FROM) + (pool.next_beyond - LANES);
        (self.tables.count(), pool.next + beyond)
    }
}

/// Ends a payload; called once.
pub(crate) type Finish = unsafe fn(NonNull<()>);

/// One payload's place in all tables, and its state from publication to its end. The fast path does not touch it.
#[repr(align(64))]
pub(crate) struct Lane {
    number: usize,
    /// Whether it was made while there was a fast path, or could be one. That serves it, if it has a row.
    served: bool,
    payload: AtomicPtr<()>,
    /// Counts clones, publishers' leases, and what threads cannot count in a table; wraps.
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
    fn new(number: usize, served: bool) -> Self {
        Self {
            number,
            served,
            payload: AtomicPtr::new(ptr::null_mut()),
            shared: AtomicU64::new(0),
            occupant: Mutex::new(Occupant { phase: Phase::Free, finish: None }),
            next_free: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// Which row of each table is this lane's; `None` for a lane with too high a number.
    fn index(&self) -> Option<Index> {
        Index::of(self.number)
    }

    /// Whether the seat is one of this lane's.
    #[cfg(cells_loom)]
    pub(crate) fn has(&self, seat: &Seat) -> bool {
        self.index() == Some(seat.lane())
    }

    /// The same if the fast path serves it.
    fn fast(&self) -> Option<Index> {
        self.index().filter(|_| self.served)
    }

    /// The payload of a lane on which the caller holds a lease.
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
        let counted = self.index().map_or(0, |index| all.registry.tables.sum(index));
        // After the tables, because counts move from there to here. Acquire: pairs with the release in `lower`.
        counted.wrapping_add(self.shared.load(Ordering::Acquire))
    }

    /// Finishes the payload if it is draining and no longer in use.
    #[cold]
    pub(crate) fn look(&'static self, all: Counters) {
        let mut occupant = self.occupant.lock();
        if occupant.phase != Phase::Draining || self.sum(all) != 0 {
            return;
        }
        occupant.phase = Phase::Free;
        let finish = occupant.finish.take();
        let payload = self.payload();
        if let Some(index) = self.index() {
            all.draining.set(index, None);
        }
        drop(occupant);
        all.registry.give_back(self);
        if let Some(finish) = finish {
            // SAFETY: `finish` came with this payload, and only the thread that moves the lane to `Free` gets here. No
            // lease is out (see the top of the file), and none can begin.
            unsafe { finish(payload) };
        }
    }

    /// Counts one more lease. The caller holds one.
    pub(crate) fn share(&self) {
        // Relaxed: the lease that is cloned keeps the payload, and the release at its end publishes this count.
        self.shared.fetch_add(1, Ordering::Relaxed);
    }

    /// Ends a lease without a seat, or undoes what came too late; the payload is finished here if that was the last one.
    ///
    /// # Safety
    /// The caller has counted a lease for this, and no longer uses the payload by it.
    pub(crate) unsafe fn release(&'static self, all: Counters, local: &Local) {
        if !self.index().is_some_and(|index| local.end_extra(index)) {
            // Release: as in a table; pairs with the last acquire in `sum`.
            self.shared.fetch_sub(1, Ordering::Release);
        }
        all.registry.path.light();
        // A lane without an index is looked at each time.
        if self.index().is_none_or(|index| all.draining.get(index).is_some()) {
            self.look(all);
        }
    }
}

/// A lease as the counters know it.
pub(crate) struct Held {
    pub(crate) payload: NonNull<()>,
    /// `None` if it is to be ended by [`Lane::release`].
    pub(crate) seat: Option<&'static Seat>,
}

/// What one cell has published.
pub(crate) struct Slot {
    /// A version, and in the highest bits the index of what is published, as far as the fast path serves it.
    word: AtomicU64,
    /// What the word is about.
    payload: AtomicPtr<()>,
    published: AtomicPtr<Lane>,
    /// Why the fast path must not be taken. The lock is held for every change of the above, and while a reader without a
    /// table raises `shared`.
    shut: Mutex<Reasons>,
}

/// Why the fast path of a slot must not be taken, whatever is published: one bit for each reason.
type Reasons = u8;

/// Reads have to find out first whose cell they are about.
#[cfg(any(feature = "testing", cells_loom))]
pub(crate) const SANDBOXES: Reasons = 1;
/// Nobody uses what is published, and the next reader is to say that somebody does.
const RESTING: Reasons = 2;
/// Readers have to look at the clocks: what is published may be too old.
pub(crate) const AGED: Reasons = 4;

impl Slot {
    const_fn! {
        pub(crate) fn new() -> Self {
            Self {
                word: AtomicU64::new(0),
                payload: AtomicPtr::new(ptr::null_mut()),
                published: AtomicPtr::new(ptr::null_mut()),
                shut: Mutex::new(0),
            }
        }
    }

    fn published(&self) -> Option<&'static Lane> {
        // Acquire: pairs with the release in `replace`, so that the lane and its payload are as published.
        let lane = self.published.load(Ordering::Acquire);
        // SAFETY: lanes are never freed.
        unsafe { lane.as_ref() }
    }

    /// Takes a lease on what is published, if this thread can do so without a fence and its reads are not tracked.
    #[inline]
    pub(crate) fn acquire_fast(&self, local: &Local) -> Acquired {
        self.acquire_by(|lane| local.take_fast(lane))
    }

    /// The same for a thread that holds a lease on this payload in the seat that the first try has looked at.
    #[inline]
    pub(crate) fn acquire_next(&self, local: &Local) -> Acquired {
        self.acquire_by(|lane| local.take_next(lane))
    }

    #[inline]
    fn acquire_by(&self, take: impl FnOnce(Index) -> Option<&'static Seat>) -> Acquired {
        // Acquire, both: see the top of the file.
        let word = self.word.load(Ordering::Acquire);
        let payload = self.payload.load(Ordering::Acquire);
        let Some(seat) = take(Index::of_word(word)) else { return Acquired::Not };
        read_path::light();
        // Relaxed: the light fence orders it against the closer's heavy fence.
        if self.word.load(Ordering::Relaxed) != word {
            return Acquired::Late(seat);
        }
        // SAFETY: row 0 has no free seat, and a payload is published with every other index.
        Acquired::Lease(Held { payload: unsafe { NonNull::new_unchecked(payload) }, seat: Some(seat) })
    }

    /// The same for a thread that holds several, or reads this payload for the first time. `None` also if the slow path
    /// has to take the lease.
    pub(crate) fn acquire_again(&self, all: Counters, local: &Local) -> Option<Held> {
        // The steps of the fast path.
        let word = self.word.load(Ordering::Acquire);
        let payload = self.payload.load(Ordering::Acquire);
        let index = Index::of_word(word);
        let counted = local.begin_again(index)?;
        read_path::light();
        if self.word.load(Ordering::Relaxed) == word {
            // SAFETY: as there.
            return Some(Held { payload: unsafe { NonNull::new_unchecked(payload) }, seat: counted.seat() });
        }
        all.undo(local, index, counted);
        None
    }

    /// Takes a lease on what is published, on any thread.
    #[cold]
    pub(crate) fn acquire_slow(&self, all: Counters, local: &Local) -> Option<Held> {
        loop {
            let lane = self.published()?;
            let counted = lane.index().and_then(|index| all.registry.begin(local, index, lane.served));
            let Some(counted) = counted else { return self.acquire_shared() };
            all.registry.path.light();
            // If the lane was freed and published again meanwhile, with another payload, the lease is on that one.
            if self.published().is_some_and(|published| ptr::eq(published, lane)) {
                return Some(Held { payload: lane.payload(), seat: counted.seat() });
            }
            if let Some(index) = lane.index() {
                all.undo(local, index, counted);
            }
        }
    }

    /// Takes a lease without a table: the lock keeps the lane published meanwhile.
    #[cold]
    fn acquire_shared(&self) -> Option<Held> {
        let changing = self.shut.lock();
        let lane = self.published()?;
        // The lock orders this before the lane is unpublished, and so before every look.
        lane.share();
        drop(changing);
        Some(Held { payload: lane.payload(), seat: None })
    }

    /// Reserves a lane for the next payload.
    #[expect(clippy::unused_self, reason = "a lane is reserved for this slot")]
    pub(crate) fn vacancy(&self, all: Counters, declared: bool) -> Vacancy {
        let lane = all.registry.lane(declared);
        let mut occupant = lane.occupant.lock();
        debug_assert_eq!(occupant.phase, Phase::Free);
        occupant.phase = Phase::Published;
        drop(occupant);
        Vacancy { lane }
    }

    /// Publishes a payload in place of the published one, if any, with one lease on it. If it is `aged`, readers look at the
    /// clocks before they get it, until the slot is [opened](Self::shut).
    ///
    /// # Safety
    /// `finish` may be called with the payload, once, on any thread, as soon as the payload has been retired and no
    /// lease on it is out. Until then the payload stays valid.
    #[expect(clippy::needless_pass_by_value, reason = "a vacancy can be filled only once")]
    pub(crate) unsafe fn publish(
        &self,
        all: Counters,
        vacancy: Vacancy,
        payload: NonNull<()>,
        finish: Finish,
        aged: bool,
    ) -> Option<Retiring> {
        let Vacancy { lane } = vacancy;
        let mut shut = self.shut.lock();
        *shut &= !(RESTING | AGED);
        if aged {
            *shut |= AGED;
        }
        lane.occupant.lock().finish = Some(finish);
        // Relaxed: the release in `replace` publishes this with the lane.
        lane.payload.store(payload.as_ptr(), Ordering::Relaxed);
        lane.share();
        let old = self.replace(all, Some(lane), *shut);
        drop(shut);
        old
    }

    /// Unpublishes the payload.
    pub(crate) fn retire(&self, all: Counters) -> Option<Retiring> {
        let shut = self.shut.lock();
        let old = self.replace(all, None, *shut);
        drop(shut);
        old
    }

    /// Changes what is published. The caller holds the lock of `shut`.
    fn replace(&self, all: Counters, lane: Option<&'static Lane>, shut: Reasons) -> Option<Retiring> {
        let old = self.published();
        let version = self.hide();
        // Release: pairs with the acquire in `published`.
        self.published.store(lane.map_or(ptr::null(), ptr::from_ref).cast_mut(), Ordering::Release);
        self.show(version, lane, shut);
        let old = old?;
        let mut occupant = old.occupant.lock();
        debug_assert_eq!(occupant.phase, Phase::Published);
        occupant.phase = Phase::Retiring;
        if let Some(index) = old.index() {
            all.draining.set(index, Some(old));
        }
        drop(occupant);
        Some(Retiring { lane: Some(old) })
    }

    /// Takes what is published off the fast path; returns the version of the next word. The caller excludes other changes.
    fn hide(&self) -> u64 {
        // Relaxed: written under the lock.
        let version = self.word.load(Ordering::Relaxed).wrapping_add(1);
        // Relaxed: for the store of the payload, its release is enough; for a closer, the heavy fence.
        self.word.store(Index::NONE.in_word(version), Ordering::Relaxed);
        version
    }

    /// Puts what is published on the fast path, if that may be taken. The caller holds the lock of `shut`, and has hidden
    /// what was there.
    fn show(&self, version: u64, lane: Option<&'static Lane>, shut: Reasons) {
        let fast = lane.and_then(|lane| Some((lane, lane.fast()?)));
        if let Some((lane, index)) = fast.filter(|_| shut == 0) {
            // Release: pairs with the acquire of a reader that must not take it for what the word was about before.
            self.payload.store(lane.payload().as_ptr(), Ordering::Release);
            // Release: pairs with the acquire of a reader, so that it finds the payload as published.
            self.word.store(index.in_word(version), Ordering::Release);
        }
    }

    /// Adds a reason why the fast path must not be taken, or takes it away. What is published stays so.
    pub(crate) fn shut(&self, reason: Reasons, on: bool) {
        let mut shut = self.shut.lock();
        let reasons = if on { *shut | reason } else { *shut & !reason };
        if reasons != *shut {
            *shut = reasons;
            let version = self.hide();
            self.show(version, self.published(), reasons);
        }
        drop(shut);
    }

    /// Takes what is published off the fast path, in a forked child: without the lock, which a thread of its parent may hold.
    /// No other thread exists there. What is published next is on the fast path again.
    pub(crate) fn hide_in_child(&self) {
        let _ = self.hide();
    }

    /// Shuts the slot until somebody reads, unless a lease is out; returns whether it is shut. The caller has excluded
    /// changes of what is published.
    ///
    /// A lease that was taken by the fast path is counted: after the heavy fence its reader either is visible in its table
    /// or finds another word. The reader of any other [wakes](Self::wake) the slot before it gets its lease. While leases
    /// move between threads the number is an estimate, so a payload in use may be taken for one that is not; it rests, and
    /// its next reader wakes it.
    pub(crate) fn rest(&self, all: Counters) -> bool {
        let Some(lane) = self.published() else { return false };
        self.shut(RESTING, true);
        let rests = all.registry.heavy(lane) && lane.sum(all) == 0;
        if !rests {
            self.wake();
        }
        rests
    }

    /// Whether nobody has read since the slot came to rest.
    pub(crate) fn rests(&self) -> bool {
        *self.shut.lock() & RESTING != 0
    }

    /// Opens a slot that rests.
    pub(crate) fn wake(&self) {
        self.shut(RESTING, false);
    }

    /// How reads of what is published are synchronized with closes.
    pub(crate) fn read_path(&self, all: Counters) -> ReadPath {
        match self.published() {
            Some(lane) if lane.index().is_none() => ReadPath::Lock,
            Some(lane) if !lane.served => ReadPath::Fences,
            _ => all.registry.path(),
        }
    }

    /// The approximate number of leases out on what is published.
    pub(crate) fn out(&self, all: Counters) -> usize {
        let sum = self.published().map_or(0, |lane| lane.sum(all));
        // A sum that is taken while leases come and go may be "negative": that counts as zero.
        isize::try_from(sum).map_or(0, isize::unsigned_abs)
    }

    /// Ends a cell: lets go of what is still published.
    pub(crate) fn dissolve(&mut self, all: Counters) {
        if let Some(mut retiring) = self.retire(all) {
            let _ = retiring.settle(all);
        }
    }
}

/// The result of a read's fast path.
#[must_use]
pub(crate) enum Acquired {
    Lease(Held),
    /// The seat was taken too late, and has to be [given back](Counters::release_fast).
    Late(&'static Seat),
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
        let fenced = all.registry.heavy(lane);
        if fenced {
            let mut occupant = lane.occupant.lock();
            debug_assert_eq!(occupant.phase, Phase::Retiring);
            occupant.phase = Phase::Draining;
            drop(occupant);
            lane.look(all);
        }
        fenced
    }
}
