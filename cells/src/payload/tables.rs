//! Where each thread counts its leases: a [`Table`] of its own, with a row for every lane.
//!
//! # Seats
//!
//! A row has a few [`Seat`]s. A lease takes one of them, and its drop gives it back:
//!
//! | from | to | who |
//! |---|---|---|
//! | `NEW` (as the memory comes) or `FREE` | `TAKEN` | the thread that owns the table, for a lease that begins |
//! | `TAKEN` | `FREE` | the thread that ends this lease, whichever it is |
//!
//! A seat that is taken belongs to one lease, so each state has one kind of writer, and plain loads and stores suffice.
//! What is stored are constants, behind branches that the processor predicts, so no read waits for the one before. With
//! a plain count, each read has to load what the drop before it has stored, and each drop what its read has stored, which
//! takes four to five cycles each where the processor does not see through memory (Intel's do not; AMD's often do).
//!
//! The fast path looks at one seat of the row: that in the thread's current *column*, which is any but the last. It takes
//! the seat if it is `FREE`. If it is taken, by a lease that the thread has made, a second try looks at the next column,
//! and a third at the whole row. After a few such misses, the column in which a seat was found becomes the current one. So
//! the reads of a thread that keeps leases soon find a seat at once, in a column where it keeps none; and a read under
//! another one, again and again, does not change the column each time.
//!
//! # Extra leases
//!
//! Where no seat can be taken, a lease is counted in the thread's `extra` of that lane, when it begins and when it ends,
//! each time on the thread on which that happens. So `extra` may be negative. A change that would leave its range is
//! counted elsewhere, and so is what happens on a thread without a table. Before the first change of an `extra` its row is
//! marked, so that whoever adds up can leave out those that were never changed: most of them.
//!
//! # A sum
//!
//! The number of leases on a lane is the number of seats that are taken, plus all `extra`, plus what is counted
//! elsewhere. Whoever adds up loads seats and `extra` by acquire, which pairs with the release at the end of a lease: so
//! the end of a lease is not seen before its last use of the payload. That holds for a seat that several leases have had
//! one after the other too, because the thread that takes it loads it by acquire.
//!
//! # Tables
//!
//! A table has a row for each of [`LANES`] lanes, so the fast path checks no bound. Its memory is
//! [reserved](reserve), and used as far as it is written. A thread that has none, or has to take the slow path, has a
//! pointer into [`Never`], where all seats are `NEW` and no fast read finds one, so there is no check whether there is a
//! table either. Row 0 of every table is of no lane, and stays `NEW`. Rows are aligned to their size, so the address of a
//! seat tells its lane. Tables are never freed: the one of a thread that has ended goes to the next thread that needs
//! one, with all that is counted in it.

use crate::sync::primitives::const_fn;
use crate::sync::primitives::inner::Mutex;
use crate::sync::primitives::inner::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU8, Ordering};
#[cfg(not(cells_loom))]
use crate::sync::reserve;
use std::cell::Cell;
use std::ptr;

/// How many lanes have a row in every table, with number 0, which is none. Tests and models have few, so that they take
/// all paths.
pub(super) const LANES: usize = if cfg!(cells_loom) {
    4
} else if cfg!(test) {
    16
} else if cfg!(target_pointer_width = "64") {
    1 << 17
} else {
    1 << 14
};

/// How many seats are in a row: with the mark, as many bytes as a processor can scale an index by.
const COLUMNS: usize = if cfg!(cells_loom) {
    2
} else if cfg!(test) {
    3
} else {
    7
};

/// After how many misses another column becomes the current one.
const MISSES: u8 = if cfg!(cells_loom) { 1 } else { 8 };

/// How many tables have their memory from one reservation.
#[cfg(not(cells_loom))]
const BATCH: usize = 4;

/// How many rows there are: without a fast path only the one that is of no lane.
const ROWS: usize =
    if cfg!(any(cells_loom, all(target_os = "linux", not(any(cells_portable, miri))))) { LANES } else { 1 };

/// The number of a lane that has a row in every table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Index(
    /// Below [`LANES`]. As wide as a register: a narrower one is widened again and again in the code of a read.
    usize,
);

impl Index {
    /// That of the row which is of no lane.
    pub(super) const NONE: Self = Self(0);
    /// How many bits of a word are below it.
    const BELOW: u32 = u64::BITS - LANES.ilog2();

    /// `None` for a lane without a row.
    pub(super) fn of(lane: usize) -> Option<Self> {
        Some(lane).filter(|lane| *lane < LANES).map(Self)
    }

    /// The index in the highest bits of a word.
    #[inline]
    pub(super) fn of_word(word: u64) -> Self {
        const { assert!(LANES.is_power_of_two()) };
        Self((word >> Self::BELOW) as usize)
    }

    /// A word with this in the highest bits, and what fits of `version` in the others.
    pub(super) fn in_word(self, version: u64) -> u64 {
        ((self.0 as u64) << Self::BELOW) | (version & ((1 << Self::BELOW) - 1))
    }

    #[inline]
    pub(super) fn get(self) -> usize {
        self.0
    }
}

/// Where one lease at a time is counted.
pub(crate) struct Seat {
    state: AtomicU8,
    /// Models have other atomics, of another size.
    #[cfg(cells_loom)]
    lane: Index,
}

/// What zeroed memory has: no lease has been counted here.
const NEW: u8 = 0;
const FREE: u8 = 1;
const TAKEN: u8 = 2;

impl Seat {
    #[cfg(not(cells_loom))]
    const fn new() -> Self {
        Self { state: AtomicU8::new(NEW) }
    }

    /// Acquire: what the lease that had this seat before has done comes before the end of the next one.
    #[inline]
    fn state(&self) -> u8 {
        self.state.load(Ordering::Acquire)
    }

    /// Called by the owner of the table, for a seat that is not taken.
    #[inline]
    fn take(&self) {
        // Relaxed: the light fence that follows orders it against the closer's heavy fence.
        self.state.store(TAKEN, Ordering::Relaxed);
    }

    /// Called once for each lease that has taken it, on any thread.
    #[inline]
    pub(super) fn give_back(&self) {
        // Release: pairs with the acquire in `state`, so that all use of the payload by this lease comes before its end.
        self.state.store(FREE, Ordering::Release);
    }

    /// The lane that its row is of.
    #[inline]
    #[cfg(not(cells_loom))]
    pub(super) fn lane(&self) -> Index {
        const { assert!(ROWS == 1 || align_of::<Batch>() == size_of::<Rows>(), "rows are aligned to their size") };
        Index((ptr::from_ref(self).addr() / size_of::<Row>()) & (ROWS - 1))
    }

    #[cfg(cells_loom)]
    pub(super) fn lane(&self) -> Index {
        self.lane
    }
}

/// What one thread has for one lane.
#[repr(C)]
struct Row {
    seats: [Seat; COLUMNS],
    /// Whether the `extra` of this lane was changed.
    marked: AtomicBool,
}

impl Row {
    #[cfg(not(cells_loom))]
    const fn new() -> Self {
        Self { seats: [const { Seat::new() }; COLUMNS], marked: AtomicBool::new(false) }
    }

    #[cfg(cells_loom)]
    fn new(lane: usize) -> Self {
        let seat = |_| Seat { state: AtomicU8::new(NEW), lane: Index(lane) };
        Self { seats: std::array::from_fn(seat), marked: AtomicBool::new(false) }
    }
}

/// Those of a table are aligned to their size, which [`Seat::lane`] relies on.
#[repr(transparent)]
struct Rows([Row; ROWS]);

type Extra = [AtomicI32; LANES];

/// The rows of a thread without a table of its own, or on the slow path. Nobody writes them.
#[repr(transparent)]
pub(crate) struct Never(Rows);

impl Never {
    #[cfg(not(cells_loom))]
    #[cfg_attr(
        all(target_os = "linux", not(any(cells_portable, test, miri))),
        expect(clippy::large_stack_arrays, reason = "it initializes a static, and is never on a stack")
    )]
    pub(crate) const fn new() -> Self {
        Self(Rows([const { Row::new() }; ROWS]))
    }

    #[cfg(cells_loom)]
    pub(crate) fn new() -> Self {
        Self(Rows(std::array::from_fn(Row::new)))
    }
}

/// What one thread has counted.
pub(super) struct Table {
    rows: &'static Rows,
    extra: &'static Extra,
    /// The next one in the list of all tables; not written after the table was linked.
    next: *const Table,
    /// The next one in the list of idle tables; guarded by its lock.
    next_idle: AtomicPtr<Table>,
}

/// Memory for the numbers of a few tables: the system is asked once for all of them.
#[cfg(not(cells_loom))]
#[repr(C)]
#[cfg_attr(
    all(target_os = "linux", not(any(cells_portable, test, miri)), target_pointer_width = "64"),
    repr(align(0x10_0000))
)]
#[cfg_attr(
    all(target_os = "linux", not(any(cells_portable, test, miri)), not(target_pointer_width = "64")),
    repr(align(0x2_0000))
)]
#[cfg_attr(all(target_os = "linux", test, not(cells_portable)), repr(align(64)))]
struct Batch {
    rows: [Rows; BATCH],
    extra: [Extra; BATCH],
}

impl Table {
    /// Counts the begin of a lease of the owner, with a seat if the fast path serves the lane; `None` if it has to be
    /// counted elsewhere.
    #[inline]
    fn begin(&self, local: &Local, lane: Index, served: bool) -> Option<Counted> {
        if served && local.fast.get() {
            if let Some((column, seat)) = self.take(lane, local.column.get()) {
                if column != local.column.get() {
                    local.miss(column);
                }
                return Some(Counted::Seat(seat));
            }
        }
        // Relaxed: the light fence that follows orders it against the closer's heavy fence.
        self.add(lane, 1, Ordering::Relaxed).then_some(Counted::Extra)
    }

    /// Takes a seat, if there is one, and returns its column. Looks at `first` first.
    #[inline]
    fn take(&self, lane: Index, first: usize) -> Option<(usize, &'static Seat)> {
        let row = self.rows.0.get(lane.get())?;
        let mut column = first;
        while row.seats[column].state() == TAKEN {
            column = if column == COLUMNS - 1 { 0 } else { column + 1 };
            if column == first {
                return None;
            }
        }
        row.seats[column].take();
        Some((column, &row.seats[column]))
    }

    /// Changes the owner's `extra` by one; `false` if that leaves its range.
    fn add(&self, lane: Index, unit: i32, order: Ordering) -> bool {
        if let Some(row) = self.rows.0.get(lane.get()) {
            // Relaxed: as the change that follows, it is ordered by the light fence after both.
            row.marked.store(true, Ordering::Relaxed);
        }
        let extra = &self.extra[lane.get()];
        // Only this thread writes it.
        let sum = extra.load(Ordering::Relaxed).checked_add(unit);
        sum.inspect(|sum| extra.store(*sum, order)).is_some()
    }

    /// The number of leases that are counted here, as far as they end here; wraps.
    fn sum(&self, lane: Index) -> u64 {
        let (mut taken, mut marked) = (0, true);
        if let Some(row) = self.rows.0.get(lane.get()) {
            taken = row.seats.iter().filter(|seat| seat.state() == TAKEN).count();
            marked = row.marked.load(Ordering::Relaxed);
        }
        // Acquire: pairs with the release at the end of a lease.
        let extra = if marked { self.extra[lane.get()].load(Ordering::Acquire) } else { 0 };
        (taken as u64).wrapping_add_signed(extra.into())
    }
}

/// The calling thread's part. It belongs in a thread-local without a destructor, which can be reached for as long as
/// the thread runs.
pub(crate) struct Local {
    /// The current column, for the fast path: its seat in row 0 of the table, or of [`Never`].
    reads: Cell<*const Seat>,
    /// The same of `Never`.
    never: *const Seat,
    /// The thread's table, null before its first read and after [`Tables::leave`].
    table: Cell<*const Table>,
    /// The number of the current column.
    column: Cell<usize>,
    /// How often a seat in the current column was taken.
    missed: Cell<u8>,
    /// Whether this thread has a table and the fast path, for lanes that it serves.
    fast: Cell<bool>,
    /// Whether this thread's reads take the slow path, because they are to be recorded.
    tracked: Cell<bool>,
    /// Whether this thread is creating its table.
    creating: Cell<bool>,
}

impl Local {
    /// `never` points to a static.
    pub(crate) const fn new(never: *const Never) -> Self {
        let never: *const Seat = never.cast();
        Self {
            reads: Cell::new(never),
            never,
            table: Cell::new(ptr::null()),
            column: Cell::new(0),
            missed: Cell::new(0),
            fast: Cell::new(false),
            tracked: Cell::new(false),
            creating: Cell::new(false),
        }
    }

    pub(crate) fn is_tracked(&self) -> bool {
        self.tracked.get()
    }

    /// Turns tracking on or off; returns whether it was on. Tracked reads take the slow path.
    pub(crate) fn track(&self, on: bool) -> bool {
        let before = self.tracked.replace(on);
        self.set_reads();
        before
    }

    fn set_reads(&self) {
        let table = self.table().filter(|_| self.fast.get() && !self.tracked.get());
        // Any row has the same columns.
        let column = |table: &Table| ptr::from_ref(table.rows).cast::<Seat>().wrapping_add(self.column.get());
        self.reads.set(table.map_or(self.never, column));
    }

    /// Notes that the seat in the current column was taken, and one in `column` was not.
    #[inline]
    fn miss(&self, column: usize) {
        let missed = self.missed.get() + 1;
        if missed < MISSES {
            self.missed.set(missed);
            return;
        }
        self.missed.set(0);
        self.column.set(if column < COLUMNS - 1 { column } else { 0 });
        self.set_reads();
    }

    fn table(&self) -> Option<&'static Table> {
        // SAFETY: tables are never freed.
        unsafe { self.table.get().as_ref() }
    }

    #[cfg(test)]
    pub(crate) fn has_table(&self) -> bool {
        self.table().is_some() || self.has_fast_reads()
    }

    /// Whether reads can take the fast path now.
    #[inline]
    pub(crate) fn has_fast_reads(&self) -> bool {
        self.reads.get() != self.never
    }

    /// Takes the seat in the current column of a lane, if that is `FREE`.
    #[inline]
    pub(super) fn take_fast(&self, lane: Index) -> Option<&'static Seat> {
        self.take_free(lane, 0)
    }

    /// The same with the next column, which there always is.
    #[inline]
    pub(super) fn take_next(&self, lane: Index) -> Option<&'static Seat> {
        let seat = self.take_free(lane, 1)?;
        self.miss(self.column.get() + 1);
        Some(seat)
    }

    #[inline]
    fn take_free(&self, lane: Index, further: usize) -> Option<&'static Seat> {
        // SAFETY: a column is that of a table or of `Never`, which are never freed; an index that a word has is below the
        // number of their rows.
        let seat = unsafe { &*self.reads.get().cast::<Row>().add(lane.get()).cast::<Seat>().add(further) };
        if seat.state() != FREE {
            return None;
        }
        seat.take();
        Some(seat)
    }

    /// Counts the begin of a lease on a lane that the fast path serves, where that path has found no seat. `None` if the
    /// slow path has to do it.
    #[inline]
    pub(super) fn begin_again(&self, lane: Index) -> Option<Counted> {
        let fast = lane != Index::NONE && self.has_fast_reads();
        self.table().filter(|_| fast)?.begin(self, lane, true)
    }

    /// Counts the end of a lease without a seat; `false` if that has to be counted elsewhere.
    pub(super) fn end_extra(&self, lane: Index) -> bool {
        // Release: pairs with the acquire in `sum`, as that of a seat.
        self.table().is_some_and(|table| table.add(lane, -1, Ordering::Release))
    }
}

/// All tables of the process.
pub(super) struct Tables {
    /// The list of all tables; it only grows, under the lock of `idle`.
    all: AtomicPtr<Table>,
    idle: Mutex<Idle>,
}

struct Idle {
    /// The first of the tables whose threads have ended; null if there is none.
    first: *mut Table,
    /// Memory for further tables, and how many of it have theirs.
    #[cfg(not(cells_loom))]
    batch: Option<(&'static Batch, usize)>,
}

impl Idle {
    const NONE: Self = Self {
        first: ptr::null_mut(),
        #[cfg(not(cells_loom))]
        batch: None,
    };

    #[cfg(not(cells_loom))]
    fn memory(&mut self) -> Option<(&'static Rows, &'static Extra)> {
        let (batch, used) = self.batch.as_mut().filter(|(_, used)| *used < BATCH)?;
        let memory = (&batch.rows[*used], &batch.extra[*used]);
        *used += 1;
        Some(memory)
    }
}

// SAFETY: tables are accessed only through atomics, except `next`, which is never written after the table was linked;
// the pointers are valid on any thread.
unsafe impl Send for Tables {}
// SAFETY: as above.
unsafe impl Sync for Tables {}

/// How a lease is counted in a table.
#[derive(Clone, Copy)]
pub(super) enum Counted {
    Seat(&'static Seat),
    Extra,
}

impl Counted {
    pub(super) fn seat(self) -> Option<&'static Seat> {
        match self {
            Self::Seat(seat) => Some(seat),
            Self::Extra => None,
        }
    }
}

impl Tables {
    const_fn! {
        pub(super) fn new() -> Self {
            Self { all: AtomicPtr::new(ptr::null_mut()), idle: Mutex::new(Idle::NONE) }
        }
    }

    /// Counts the begin of a lease, on any thread; with a seat, if the fast path serves the lane. `has_fast` is asked
    /// whether a thread may have a table, and then whether it has the fast path. Returns `None` if the lease has to be
    /// counted elsewhere.
    pub(super) fn begin(
        &self,
        local: &Local,
        lane: Index,
        served: bool,
        has_fast: impl FnOnce() -> Option<bool>,
    ) -> Option<Counted> {
        let table = local.table().or_else(|| self.adopt(local, has_fast))?;
        table.begin(local, lane, served)
    }

    /// `None` also if the thread is creating its table already: then an allocator reads a cell.
    #[cold]
    fn adopt(&self, local: &Local, has_fast: impl FnOnce() -> Option<bool>) -> Option<&'static Table> {
        if local.creating.replace(true) {
            return None;
        }
        let table = has_fast().and_then(|fast| {
            let table = self.idle_table().or_else(|| self.new_table())?;
            local.table.set(table);
            local.fast.set(fast);
            local.set_reads();
            local.table()
        });
        local.creating.set(false);
        table
    }

    /// Takes over the table of a thread that has ended. The lock also makes visible what that thread has counted.
    fn idle_table(&self) -> Option<*const Table> {
        let mut idle = self.idle.lock();
        let table = idle.first;
        // SAFETY: tables are never freed. Relaxed: guarded by the lock.
        idle.first = unsafe { table.as_ref() }?.next_idle.load(Ordering::Relaxed);
        Some(table)
    }

    fn new_table(&self) -> Option<*const Table> {
        let (rows, extra) = self.memory()?;
        let next_idle = AtomicPtr::new(ptr::null_mut());
        let mut table = Box::new(Table { rows, extra, next: ptr::null(), next_idle });
        let idle = self.idle.lock();
        table.next = self.all.load(Ordering::Relaxed);
        let table = Box::into_raw(table);
        // Release: pairs with the acquire in `iter`. It comes before this thread's first lease, so whoever must see that
        // lease also sees the table.
        self.all.store(table, Ordering::Release);
        drop(idle);
        Some(table)
    }

    /// Zeros, for one more table.
    #[cfg(not(cells_loom))]
    fn memory(&self) -> Option<(&'static Rows, &'static Extra)> {
        if let Some(memory) = self.idle.lock().memory() {
            return Some(memory);
        }
        // Not under the lock, because it may allocate. Of two threads that do this at once, one wastes some addresses.
        // SAFETY: zeros are what a new table has, and the memory stays.
        let batch = unsafe { reserve::zeroed::<Batch>()?.as_ref() };
        let mut idle = self.idle.lock();
        idle.batch = Some((batch, 0));
        idle.memory()
    }

    #[cfg(cells_loom)]
    #[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "as the same function of the library")]
    fn memory(&self) -> Option<(&'static Rows, &'static Extra)> {
        let rows = Box::leak(Box::new(Rows(std::array::from_fn(Row::new))));
        Some((rows, Box::leak(Box::new(std::array::from_fn(|_| AtomicI32::new(0))))))
    }

    /// Hands on the table of the ending thread, with all that is counted in it: leases that began here may still be out.
    pub(super) fn leave(&self, local: &Local) {
        let table = local.table();
        local.table.set(ptr::null());
        local.fast.set(false);
        local.set_reads();
        if let Some(table) = table {
            let mut idle = self.idle.lock();
            // Relaxed: guarded by the lock.
            table.next_idle.store(idle.first, Ordering::Relaxed);
            idle.first = ptr::from_ref(table).cast_mut();
        }
    }

    /// The sum over all tables; wraps.
    pub(super) fn sum(&self, lane: Index) -> u64 {
        self.iter().fold(0, |sum, table| sum.wrapping_add(table.sum(lane)))
    }

    fn iter(&self) -> impl Iterator<Item = &'static Table> {
        // Acquire: pairs with the release in `new_table`.
        let first = self.all.load(Ordering::Acquire).cast_const();
        // SAFETY: tables are never freed.
        std::iter::successors(unsafe { first.as_ref() }, |table| unsafe { table.next.as_ref() })
    }

    /// How many tables there are.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.iter().count()
    }

    /// Frees all tables of one model.
    ///
    /// # Safety
    /// They are not used any more.
    #[cfg(cells_loom)]
    pub(super) unsafe fn free(&self) {
        let mut next = self.all.load(Ordering::Acquire);
        while !next.is_null() {
            // SAFETY: it came from a box, and by the caller's promise nobody uses it.
            let table = unsafe { Box::from_raw(next) };
            next = table.next.cast_mut();
            // SAFETY: as above, all of them.
            unsafe {
                drop(Box::from_raw(ptr::from_ref(table.rows).cast_mut()));
                drop(Box::from_raw(ptr::from_ref(table.extra).cast_mut()));
            }
        }
    }
}
