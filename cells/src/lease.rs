//! What is published, who uses it, and who disposes it.
//!
//! A payload is in one of these states, and only moves downwards:
//!
//! | state | who holds it | who may change that |
//! |---|---|---|
//! | published | the slot, and any number of [`Ref`]s | `publish`, `replace` and `retire`, whose callers hold the cell's lock |
//! | retired | the [`Parting`], and [`Ref`]s | the drop of the `Parting` |
//! | draining | [`Ref`]s alone | the drop of the last one |
//! | handed | the [`Drain`] | a closer that waits |
//! | disposed | nobody | |
//!
//! Who is the last one, without a count that all readers share, is the matter of [`counters`](crate::counters),
//! which knows payloads as pointers. This file gives them their type: a payload lives in a box of its own, the
//! [`Tenancy`], which [`publish`](Leases::publish) gives away as a raw pointer and [`finish`] takes back, once.
//! `retire` leaves the [`Drain`] in the tenancy before the payload can be finished, so that whoever is last finds
//! it. What that thread does with it is the drain's matter.
//!
//! # Lifetimes
//!
//! A [`Ref`] points to a tenancy, a lane and a table, never to its cell. The lifetime that users see keeps a lease
//! from outliving its cell; nothing here stands on it. A lease that is on its way inside the library, in a
//! flight's outcome, is a `Ref<'static, T>`, and is sound wherever it goes: the tenancy stays until the lease is
//! dropped, and lanes and tables stay for ever.

use crate::counters::{Counters, First, Lane, Local, ReadPath, Registry, Retiring, Slot};
use crate::dispose::Disposal;
use crate::drain::{Closer, Drain, LastOut, Limit};
use crate::observe::CloseResult;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Mutex, thread_local};
use once_cell::sync::OnceCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::ptr::NonNull;
use std::sync::{Arc, Weak};

/// The published payload of one cell, and those that are draining.
pub(crate) struct Leases<T: Send + Sync + 'static> {
    slot: Slot,
    /// The published generation; 0 is none. For looks, which should not make a closer wait.
    generation: AtomicU64,
    drains: Mutex<Option<Box<Drains<T>>>>,
    /// It shares payloads among threads, and may drop them: `Send` and `Sync` where that is sound.
    payloads: PhantomData<Arc<T>>,
}

/// Payloads that were retired, and some that are disposed; apart, for most cells never retire one.
struct Drains<T: Send + Sync + 'static>(Vec<Weak<Drain<T>>>);

impl<T: Send + Sync + 'static> Default for Drains<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// A payload, and where it goes when it is retired.
struct Tenancy<T> {
    payload: T,
    generation: u64,
    lane: &'static Lane,
    drain: OnceCell<Arc<dyn LastOut<T>>>,
}

/// A lease on the payload of one generation of a cell.
///
/// The payload stays usable while a lease is out, also after the cell was closed or refreshed. Whoever drops the
/// last lease of a closed generation runs its disposer there. A lease may go to other threads and stay over an
/// `await`. One that is forgotten keeps its own payload from being disposed, and does no other harm.
///
/// ```
/// use cells::{CloseStatus, RuntimeCell};
///
/// let cell = RuntimeCell::new("greeting");
/// let greeting = cell.get_or_initialize(|| Ok::<_, cells::Error>("hello".to_owned()))?;
/// assert_eq!(cell.close().status, CloseStatus::Draining);
/// assert_eq!(*greeting, "hello"); // still there for those who have it
/// drop(greeting); // the last one out disposes
/// # Ok::<(), cells::Error>(())
/// ```
#[must_use = "a lease that is dropped at once keeps nothing alive"]
pub struct Ref<'a, T> {
    /// Valid until the lease is released, in `drop`.
    tenancy: NonNull<Tenancy<T>>,
    cell: PhantomData<(&'a (), Arc<Tenancy<T>>)>,
}

// SAFETY: a lease gives out `&T`, and its drop may take the `T` away from any thread, as that of an `Arc<T>`;
// `T: Send + Sync` allows both. What it counts in may be counted in from any thread.
unsafe impl<T: Send + Sync> Send for Ref<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Ref<'_, T> {}

impl<T: RefUnwindSafe> UnwindSafe for Ref<'_, T> {}
impl<T: RefUnwindSafe> RefUnwindSafe for Ref<'_, T> {}

static FIRST: First = First::new();
static REGISTRY: Registry = Registry::new(enlist);

#[inline]
fn counters() -> Counters {
    Counters { first: &FIRST, registry: &REGISTRY }
}

thread_local! {
    // No destructor: a thread can read, and drop leases, until its very end.
    static LOCAL: Local = const { Local::new() };
    static LEAVING: Leaving = const { Leaving };
}

/// Hands the thread's table on when the thread ends.
struct Leaving;

impl Drop for Leaving {
    fn drop(&mut self) {
        here(|all, local| all.registry.leave(local));
    }
}

/// Registers the destructor; says whether it will run. Shuttle's threads all run in one, and have no tables.
fn enlist() -> bool {
    !cfg!(shuttle) && LEAVING.try_with(|_| ()).is_ok()
}

/// Calls `f` with what the calling thread counts in.
#[inline]
fn here<R>(f: impl FnOnce(Counters, &Local) -> R) -> R {
    let mut f = Some(f);
    // Where thread-locals end with the thread, in a model checker, it is one that owns no table any more.
    let done = LOCAL.try_with(|local| f.take().map(|f| f(counters(), local)));
    match (done, f) {
        (Ok(Some(result)), _) => result,
        (_, Some(f)) => f(counters(), &Local::new()),
        (_, None) => unreachable!("it was either called or left"),
    }
}

/// Sends the thread's reads the slow way, where it is asked who reads, or back; returns which way they went before.
pub(crate) fn detour(on: bool) -> bool {
    here(|all, local| all.registry.detour(local, on))
}

/// Returns how ready reads of this process keep clear of closers: what they cost depends on it.
///
/// The choice is made once, when it is first needed. With `CELLS_READ_PATH=fences` in the environment it is
/// [`ReadPath::Fences`]: a program that denies itself `membarrier(2)` while it runs needs that, for otherwise its
/// closes can no longer tell whether a lease is out, and leave their payloads undisposed.
pub fn read_path() -> ReadPath {
    REGISTRY.path()
}

impl<T: Send + Sync + 'static> Leases<T> {
    pub(crate) const fn new() -> Self {
        Self {
            slot: Slot::new(),
            generation: AtomicU64::new(0),
            drains: Mutex::new(None),
            payloads: PhantomData,
        }
    }

    /// Gives a lease on the published payload.
    #[inline]
    pub(crate) fn lease(&self) -> Option<Ref<'static, T>> {
        // A step of its own for shuttle, which does not see those of the counters.
        #[cfg(shuttle)]
        let _ = self.generation.load(Ordering::SeqCst);
        // SAFETY: only `put` puts payloads into this slot: they are tenancies of `T`.
        here(|all, local| self.slot.acquire(all, local)).map(|lane| unsafe { Ref::new(lane) })
    }

    /// Gives a lease on the published payload, unless the thread is on a [`detour`]; also not where the fast way is
    /// closed for other reasons.
    #[inline]
    pub(crate) fn lease_fast(&self) -> Option<Ref<'static, T>> {
        // SAFETY: as in `lease`.
        here(|all, local| self.slot.acquire_fast(all, local)).map(|lane| unsafe { Ref::new(lane) })
    }

    /// The published generation.
    pub(crate) fn generation(&self) -> Option<u64> {
        // Acquire: pairs with the release of who changed it, so that who has seen a generation finds it.
        Some(self.generation.load(Ordering::Acquire)).filter(|generation| *generation != 0)
    }

    /// The number of leases out on the published payload, roughly: others take and drop some meanwhile.
    pub(crate) fn out(&self) -> usize {
        self.slot.out(counters())
    }

    /// Publishes a payload where none is published. The caller holds the cell's lock.
    pub(crate) fn publish(&self, payload: T, generation: u64) -> Ref<'static, T> {
        let (lease, old) = self.put(payload, generation);
        debug_assert!(old.is_none(), "what is published is retired first, or replaced");
        lease
    }

    /// Publishes a payload in the place of the one that is published, if any: no reader finds the cell empty in
    /// between. The caller holds the cell's lock, and settles what it gets after unlocking.
    pub(crate) fn replace(
        &self,
        payload: T,
        generation: u64,
        disposal: Disposal<T>,
    ) -> (Ref<'static, T>, Option<Retired<T>>) {
        let (lease, old) = self.put(payload, generation);
        (lease, old.and_then(|old| self.drain(old, disposal)))
    }

    fn put(&self, payload: T, generation: u64) -> (Ref<'static, T>, Option<Retiring>) {
        let vacancy = self.slot.vacancy(counters());
        let lane = vacancy.lane();
        let tenancy = Box::new(Tenancy { payload, generation, lane, drain: OnceCell::new() });
        let tenancy = NonNull::from(Box::leak(tenancy)).cast();
        // SAFETY: `finish` takes the box back, once; until then it stays.
        let old = unsafe { self.slot.publish(vacancy, tenancy, finish::<T>) };
        self.generation.store(generation, Ordering::Release);
        // SAFETY: the lane's payload is the tenancy that has just been published, with this lease on it.
        (unsafe { Ref::new(lane) }, old)
    }

    /// Unpublishes the payload. The caller holds the cell's lock, and settles what it gets after unlocking.
    #[must_use]
    pub(crate) fn retire(&self, disposal: Disposal<T>) -> Option<Retired<T>> {
        self.generation.store(0, Ordering::Release);
        self.slot.retire().and_then(|retiring| self.drain(retiring, disposal))
    }

    /// Tells a retired payload where it goes.
    fn drain(&self, retiring: Retiring, disposal: Disposal<T>) -> Option<Retired<T>> {
        let parting = Parting(retiring);
        let tenancy = parting.0.payload()?.cast::<Tenancy<T>>();
        // SAFETY: it is a tenancy of `T`, as in `lease`, and is not finished before `parting` is dropped.
        let tenancy = unsafe { tenancy.as_ref() };
        let drain = Arc::new(Drain::new(tenancy.generation, disposal));
        let last_out: Arc<dyn LastOut<T>> = Arc::clone(&drain) as _;
        let _ = tenancy.drain.set(last_out);
        let mut drains = self.drains.lock();
        let Drains(known) = &mut **drains.get_or_insert_default();
        known.retain(|drain| drain.strong_count() > 0);
        known.push(Arc::downgrade(&drain));
        drop(drains);
        Some(Retired { held: Held::Published(parting), drain })
    }

    /// The payloads that were retired and may still be in use.
    pub(crate) fn drains(&self) -> Vec<Arc<Drain<T>>> {
        let drains = self.drains.lock();
        let known = drains.as_ref().into_iter().flat_map(|drains| &drains.0);
        let mut known: Vec<_> = known.filter_map(Weak::upgrade).collect();
        drop(drains); // before any of them ends here, with what is the user's
        known.retain(|drain| drain.is_open());
        known
    }
}

/// Drops a payload that nobody retired, and gives back what the cell counted with.
impl<T: Send + Sync + 'static> Drop for Leases<T> {
    fn drop(&mut self) {
        self.slot.dissolve(counters());
    }
}

/// Ends a tenancy that nobody uses any more.
///
/// # Safety
/// `tenancy` was leaked by `put` of the same `T`; it is not used any more, and this is called once.
unsafe fn finish<T>(tenancy: NonNull<()>) {
    // SAFETY: the caller's word.
    let tenancy = unsafe { Box::from_raw(tenancy.cast::<Tenancy<T>>().as_ptr()) };
    let Tenancy { payload, drain, .. } = *tenancy;
    match drain.into_inner() {
        Some(drain) => drain.last_out(payload),
        // Never retired: the leases themselves were dropped, and the payload with them.
        None => drop(payload),
    }
}

/// The cell's own hold on a payload that was unpublished. Its drop disposes the payload if no lease is out, and
/// leaves that to the last one otherwise.
pub(crate) struct Parting(Retiring);

impl Drop for Parting {
    fn drop(&mut self) {
        self.0.settle(counters());
    }
}

/// A payload that is not, or not any more, published, on its way out.
#[must_use]
pub(crate) struct Retired<T: Send + Sync + 'static> {
    held: Held<T>,
    drain: Arc<Drain<T>>,
}

enum Held<T> {
    /// The cell's own hold, beside leases that may be out.
    Published(Parting),
    /// A payload that nobody has seen.
    Unpublished(T),
}

impl<T: Send + Sync + 'static> Retired<T> {
    /// A payload that was never published.
    pub(crate) fn unpublished(payload: T, generation: u64, disposal: Disposal<T>) -> Self {
        Self { held: Held::Unpublished(payload), drain: Arc::new(Drain::new(generation, disposal)) }
    }

    fn let_go(held: Held<T>, drain: &Arc<Drain<T>>) {
        match held {
            Held::Published(parting) => drop(parting),
            Held::Unpublished(payload) => Arc::clone(drain).last_out(payload),
        }
    }

    /// Lets go, and disposes the payload on this thread if nobody else uses it, or waits for that.
    pub(crate) fn close(self, limit: Limit) -> CloseResult {
        let Self { held, drain } = self;
        match limit {
            Limit::No => {
                Self::let_go(held, &drain);
                drain.look()
            }
            Limit::Until(deadline) => {
                let closer = Closer::new(&drain);
                Self::let_go(held, &drain);
                closer.wait(deadline)
            }
        }
    }

    /// The same in a task, where the disposer may be asynchronous.
    pub(crate) async fn close_async(self, limit: Limit) -> CloseResult {
        let Self { held, drain } = self;
        let closer = Closer::new(&drain);
        Self::let_go(held, &drain);
        closer.wait_async(limit).await
    }
}

impl<T> Ref<'_, T> {
    /// Makes a lease out of one that is counted in a lane.
    ///
    /// # Safety
    /// The payload of `lane` is a tenancy of `T`, and the lease is the caller's to give.
    #[inline]
    unsafe fn new(lane: &Lane) -> Self {
        Self { tenancy: lane.payload().cast(), cell: PhantomData }
    }

    /// Returns the generation this lease is on. An associated function, so that it hides no method of `T`.
    pub fn generation(this: &Self) -> u64 {
        this.tenancy().generation
    }

    #[inline]
    fn tenancy(&self) -> &Tenancy<T> {
        // SAFETY: the tenancy stays until the lease is released, and nobody has more than `&` to it till then.
        unsafe { self.tenancy.as_ref() }
    }
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.tenancy().payload
    }
}

impl<T> Clone for Ref<'_, T> {
    fn clone(&self) -> Self {
        self.tenancy().lane.share();
        Self { tenancy: self.tenancy, cell: PhantomData }
    }
}

impl<T> Drop for Ref<'_, T> {
    #[inline]
    fn drop(&mut self) {
        let lane = self.tenancy().lane;
        // SAFETY: the lease ends here, and with it all use of the tenancy through it.
        here(|all, local| unsafe { lane.release(all, local) });
    }
}

impl<T: fmt::Debug> fmt::Debug for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: fmt::Display> fmt::Display for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl<T> AsRef<T> for Ref<'_, T> {
    fn as_ref(&self) -> &T {
        self
    }
}

#[cfg(all(test, not(shuttle)))]
#[path = "lease_tests.rs"]
mod tests;
