//! What is published, who uses it, and who disposes it.
//!
//! A payload is in one of these states, and only moves downwards:
//!
//! | state | who holds it | who may change that |
//! |---|---|---|
//! | unpublished | a [`AnyPayload`] | `publish` and `replace`, whose callers hold the cell's lock |
//! | published | the slot, and any number of [`Lease`]s | `replace` and `retire`, whose callers hold the cell's lock |
//! | retired | the [`Parting`], and leases | the drop of the `Parting` |
//! | draining | leases alone | the drop of the last one |
//! | handed | the [`Drain`] | a closer that waits |
//! | disposed | nobody | |
//!
//! Who is the last one, without a count that all readers share, is the matter of [`counters`](crate::payload::counters),
//! which knows payloads as pointers. Here a payload lives in a box of its own, the [`PayloadBox`], which
//! [`publish`](Leases::publish) gives away as a raw pointer and [`finish`] takes back, once. `retire` leaves the
//! [`Drain`] in the tenancy before the payload can be finished, so that whoever is last finds it. What that thread
//! does with it is the drain's matter.
//!
//! # Types
//!
//! A tenancy begins with its [`Header`], which knows all that the library needs to know of a payload, so that the
//! library is compiled once and not for every type of payload. A [`AnyPayload`] and a [`Lease`] are without the type;
//! a [`Ref`] is a lease with it. That a cell publishes payloads of its own type alone is checked when it
//! publishes; readers trust that, and check nothing ([`Typed`]).
//!
//! # Lifetimes
//!
//! A lease points to a tenancy, a lane and a table, never to its cell. The lifetime that users see on a [`Ref`]
//! keeps it from outliving its cell; nothing here stands on it. One that is on its way inside the library has none,
//! and is sound wherever it goes: the tenancy stays until the lease is dropped, and lanes and tables stay for ever.

use crate::cell::raw_cell::{Config, RawCell};
use crate::declared::erased;
use crate::error::Error;
use crate::payload::counters::{
    Acquired, Counters, FirstLanes, Lane, Local, ReadPath, Registry, Released, Retiring, Slot,
};
use crate::payload::disposer::{Disposal, DisposeFn, Disposing};
use crate::payload::drain::{Drain, Retired};
use crate::payload::payload_type::PayloadType;
use crate::sync::primitives::atomic::{AtomicU64, Ordering};
use crate::sync::primitives::{Mutex, thread_local};
use once_cell::sync::OnceCell;
use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::ptr::NonNull;
use std::sync::{Arc, Weak};

/// The published payload of one cell, and those that are draining.
pub(crate) struct Leases {
    slot: Slot,
    /// The type of all payloads that are published here.
    payload: &'static PayloadType,
    /// The published generation; 0 is none. For looks, which should not make a closer wait.
    generation: AtomicU64,
    drains: Mutex<Option<Box<Drains>>>,
}

/// Payloads that were retired, and some that are disposed; apart, for most cells never retire one.
#[derive(Default)]
struct Drains(Vec<Weak<Drain>>);

/// What is known of a payload without its type.
struct Header {
    /// The tenancy that this is the head of; `None` until it is published.
    tenant: Option<NonNull<dyn PayloadVtable>>,
    generation: u64,
    /// Whether its disposer is more than a drop.
    calls: bool,
    /// Where it goes when it is retired.
    drain: OnceCell<Arc<Drain>>,
}

impl Header {
    const fn new() -> Self {
        Self { tenant: None, generation: 0, calls: false, drain: OnceCell::new() }
    }
}

// SAFETY: `tenant` stands for a `PayloadVtable`, which is `Send` and `Sync`.
unsafe impl Send for Header {}
// SAFETY: as above.
unsafe impl Sync for Header {}

/// A payload, and what ends it: `DisposeFn<T>`, or `()` for a drop. It begins with its head, so that a pointer to it is one
/// to that; and where its payload is does not depend on what comes after.
#[repr(C)]
struct PayloadBox<T, R = ()> {
    head: Header,
    payload: T,
    disposer: R,
}

/// A [`PayloadBox`] of any type, and nothing else.
trait PayloadVtable: Send + Sync {
    fn payload(&self) -> &(dyn Any + Send + Sync);
    /// Calls the disposer. May unwind with its panic.
    ///
    /// # Safety
    /// The payload is moved out: this is called once, and nothing is dropped after it.
    unsafe fn dispose(&mut self) -> Disposing;
}

impl<T: Send + Sync + 'static> PayloadVtable for PayloadBox<T> {
    fn payload(&self) -> &(dyn Any + Send + Sync) {
        &self.payload
    }

    unsafe fn dispose(&mut self) -> Disposing {
        Disposing::Done(Ok(()))
    }
}

impl<T: Send + Sync + 'static> PayloadVtable for PayloadBox<T, DisposeFn<T>> {
    fn payload(&self) -> &(dyn Any + Send + Sync) {
        &self.payload
    }

    unsafe fn dispose(&mut self) -> Disposing {
        // SAFETY: by the caller's word it is not used again.
        self.disposer.call(unsafe { (&raw mut self.payload).read() })
    }
}

/// A payload without its type, owned.
pub struct AnyPayload(Box<dyn PayloadVtable>);

impl AnyPayload {
    pub(crate) fn new<T: Send + Sync + 'static>(payload: T, disposer: DisposeFn<T>) -> Self {
        let mut head = const { Header::new() };
        head.calls = disposer.calls();
        Self(Box::new(PayloadBox { head, payload, disposer }))
    }

    /// The same for a payload that is dropped in the end: less to compile.
    pub(crate) fn dropped<T: Send + Sync + 'static>(payload: T) -> Self {
        Self(Box::new(PayloadBox { head: const { Header::new() }, payload, disposer: () }))
    }

    /// The payload, not disposed.
    ///
    /// # Panics
    /// If it is of another type.
    pub(crate) fn open<T: 'static>(self) -> T {
        PayloadType::of::<T>().expect(self.payload());
        let mut tenant = self.emptied();
        // SAFETY: it is a tenancy of `T`, whose payload is not dropped where it is.
        unsafe { (&raw mut (*(&raw mut **tenant).cast::<PayloadBox<T>>()).payload).read() }
    }

    /// The box, which drops nothing of what is in it. That is for the payload to be moved out; the rest needs no drop,
    /// as the head of what is not published any more has no drain.
    fn emptied(self) -> Box<ManuallyDrop<dyn PayloadVtable>> {
        // SAFETY: the same box, with a transparent type around its contents.
        unsafe { Box::from_raw(Box::into_raw(self.0) as *mut ManuallyDrop<dyn PayloadVtable>) }
    }

    fn head(&self) -> &Header {
        // SAFETY: every tenant begins with its head.
        unsafe { NonNull::from(&*self.0).cast().as_ref() }
    }

    pub(crate) fn payload(&self) -> &(dyn Any + Send + Sync) {
        self.0.payload()
    }

    /// Whether its disposer is more than a drop.
    pub(crate) fn calls(&self) -> bool {
        self.head().calls
    }

    /// Calls the disposer. May unwind with its panic.
    pub(crate) fn dispose(self) -> Disposing {
        if self.calls() {
            // SAFETY: once, and on what drops nothing.
            unsafe { self.emptied().dispose() }
        } else {
            drop(self);
            Disposing::Done(Ok(()))
        }
    }
}

/// A lease on a payload, without its type.
pub(crate) struct Lease {
    /// Valid until the lease is released, in `drop`.
    head: NonNull<Header>,
    /// Where it is counted, and the head is the payload.
    lane: &'static Lane,
}

// SAFETY: what a lease points to is `Send` and `Sync`, and its drop may take a payload away from any thread, as that
// of an `Arc`. What it counts in may be counted in from any thread.
unsafe impl Send for Lease {}
// SAFETY: as above.
unsafe impl Sync for Lease {}

impl UnwindSafe for Lease {}
impl RefUnwindSafe for Lease {}

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
    /// On a `PayloadBox<T>`.
    lease: Lease,
    /// It shares the payload among threads, and may drop it: `Send` and `Sync` where that is sound.
    payload: PhantomData<(&'a (), Arc<T>)>,
}

static FIRST_LANES: FirstLanes = FirstLanes::new();
static REGISTRY: Registry = Registry::new(enlist);

#[inline]
fn counters() -> Counters {
    Counters { first: &FIRST_LANES, registry: &REGISTRY }
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
#[cfg(not(shuttle))]
#[inline]
fn here<R>(f: impl FnOnce(Counters, &Local) -> R) -> R {
    LOCAL.with(|local| f(counters(), local))
}

/// The same in a model checker, where all thread-locals end with the thread: then it owns no table any more.
#[cfg(shuttle)]
fn here<R>(f: impl FnOnce(Counters, &Local) -> R) -> R {
    let mut f = Some(f);
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

/// Whether the thread's reads go the slow way.
pub(crate) fn is_tracked() -> bool {
    here(|_, local| local.is_tracked())
}

/// Returns how ready reads of this process keep clear of closers: what they cost depends on it.
///
/// The choice is made once, when it is first needed. With `CELLS_READ_PATH=fences` in the environment it is
/// [`ReadPath::Fences`]: a program that denies itself `membarrier(2)` while it runs needs that, for otherwise its
/// closes can no longer tell whether a lease is out, and leave their payloads undisposed.
pub fn read_path() -> ReadPath {
    REGISTRY.path()
}

impl Leases {
    pub(crate) const fn new(payload: &'static PayloadType) -> Self {
        Self {
            slot: const { Slot::new() },
            payload,
            generation: const { AtomicU64::new(0) },
            drains: const { Mutex::new(None) },
        }
    }

    /// The type of the payloads, as the compiler calls it.
    pub(crate) fn payload_type(&self) -> &'static str {
        self.payload.name()
    }

    /// Gives a lease on the published payload.
    #[inline]
    pub(crate) fn lease(&self) -> Option<Lease> {
        // A step of its own for shuttle, which does not see those of the counters.
        #[cfg(shuttle)]
        let _ = self.generation.load(Ordering::SeqCst);
        match self.lease_fast() {
            Some(lease) => Some(lease),
            None => self.lease_slow(),
        }
    }

    /// Gives a lease on the published payload, unless the thread is on a [`detour`]; also not where the fast way is
    /// closed for other reasons.
    #[inline]
    pub(crate) fn lease_fast(&self) -> Option<Lease> {
        // SAFETY: the lease was taken for this.
        acquire_fast(&self.slot).map(|lane| unsafe { Lease::new(lane) })
    }

    /// The same for a thread that is on no [`detour`], also where the fast way is closed.
    pub(crate) fn lease_unheard(&self) -> Option<Lease> {
        if is_tracked() { None } else { self.lease_slow() }
    }

    #[cold]
    #[inline(never)]
    fn lease_slow(&self) -> Option<Lease> {
        // SAFETY: the lease was taken for this.
        here(|all, local| self.slot.acquire_slow(all, local)).map(|lane| unsafe { Lease::new(lane) })
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
    pub(crate) fn publish(&self, payload: AnyPayload, generation: u64) -> Lease {
        let (lease, old) = self.put(payload, generation);
        debug_assert!(old.is_none(), "what is published is retired first, or replaced");
        lease
    }

    /// Publishes a payload in the place of the one that is published, if any: no reader finds the cell empty in
    /// between. The caller holds the cell's lock, and settles what it gets after unlocking. `disposal` tells how the
    /// old one, of which it gets the generation and whether its disposer is more than a drop, ends.
    pub(crate) fn replace(
        &self,
        payload: AnyPayload,
        generation: u64,
        disposal: impl FnOnce(u64, bool) -> Disposal,
    ) -> (Lease, Option<Retired>) {
        let (lease, old) = self.put(payload, generation);
        (lease, old.and_then(|old| self.drain(old, disposal)))
    }

    fn put(&self, payload: AnyPayload, generation: u64) -> (Lease, Option<Retiring>) {
        self.payload.expect(payload.payload());
        let vacancy = self.slot.vacancy(counters());
        let lane = vacancy.lane();
        let tenant = NonNull::from(Box::leak(payload.0));
        let mut head = tenant.cast::<Header>();
        // SAFETY: every tenant begins with its head, and nobody else has this one yet.
        let new = unsafe { head.as_mut() };
        (new.tenant, new.generation) = (Some(tenant), generation);
        // SAFETY: `finish` takes the box back, once; until then it stays.
        let old = unsafe { self.slot.publish(vacancy, head.cast(), finish) };
        self.generation.store(generation, Ordering::Release);
        // SAFETY: the lane's payload is the tenancy that has just been published, with this lease on it.
        (unsafe { Lease::new(lane) }, old)
    }

    /// Unpublishes the payload. The caller holds the cell's lock, and settles what it gets after unlocking. For
    /// `disposal` see [`replace`](Self::replace).
    #[must_use]
    pub(crate) fn retire(&self, disposal: impl FnOnce(u64, bool) -> Disposal) -> Option<Retired> {
        self.generation.store(0, Ordering::Release);
        self.slot.retire().and_then(|retiring| self.drain(retiring, disposal))
    }

    /// Tells a retired payload where it goes.
    fn drain(&self, retiring: Retiring, disposal: impl FnOnce(u64, bool) -> Disposal) -> Option<Retired> {
        let parting = Parting(retiring);
        // SAFETY: only `put` puts payloads into this slot: they are heads, and this one's tenancy is not finished
        // before `parting` is dropped.
        let head = unsafe { parting.0.payload()?.cast::<Header>().as_ref() };
        let drain = Arc::new(Drain::new(disposal(head.generation, head.calls)));
        let _ = head.drain.set(Arc::clone(&drain));
        let mut drains = self.drains.lock();
        let Drains(known) = &mut **drains.get_or_insert_default();
        known.retain(|drain| drain.strong_count() > 0);
        known.push(Arc::downgrade(&drain));
        drop(drains);
        Some(Retired::published(parting, drain))
    }

    /// The payloads that were retired and may still be in use.
    pub(crate) fn drains(&self) -> Vec<Arc<Drain>> {
        let drains = self.drains.lock();
        let known = drains.as_ref().into_iter().flat_map(|drains| &drains.0);
        let mut known: Vec<_> = known.filter_map(Weak::upgrade).collect();
        drop(drains); // before any of them ends here, with what is the user's
        known.retain(|drain| drain.is_open());
        known
    }
}

/// Drops a payload that nobody retired, and gives back what the cell counted with.
impl Drop for Leases {
    fn drop(&mut self) {
        self.slot.dissolve(counters());
    }
}

/// Ends a tenancy that nobody uses any more.
///
/// # Safety
/// `head` was published by `put`; it is not used any more, and this is called once.
unsafe fn finish(head: NonNull<()>) {
    // SAFETY: the caller's word.
    let head = unsafe { head.cast::<Header>().as_mut() };
    let drain = head.drain.take();
    let Some(tenant) = head.tenant else { unreachable!("it was published") };
    // SAFETY: `put` leaked it from a box, and by the caller's word it is taken back once.
    let payload = AnyPayload(unsafe { Box::from_raw(tenant.as_ptr()) });
    match drain {
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

impl Lease {
    /// Makes a lease out of one that is counted in a lane.
    ///
    /// # Safety
    /// The payload of `lane` was published by `put`, and the lease is the caller's to give.
    #[inline]
    unsafe fn new(lane: &'static Lane) -> Self {
        Self { head: lane.payload().cast(), lane }
    }

    #[inline]
    fn head(&self) -> &Header {
        // SAFETY: the tenancy stays until the lease is released, and nobody has more than `&` to it till then.
        unsafe { self.head.as_ref() }
    }

    pub(crate) fn generation(&self) -> u64 {
        self.head().generation
    }

    pub(crate) fn payload(&self) -> &(dyn Any + Send + Sync) {
        let Some(tenant) = self.head().tenant else { unreachable!("what is leased was published") };
        // SAFETY: as in `head`.
        unsafe { tenant.as_ref() }.payload()
    }

    /// The lease with the type of its payload.
    ///
    /// # Panics
    /// If it is another.
    pub(crate) fn typed<'a, T: Send + Sync + 'static>(self) -> Ref<'a, T> {
        PayloadType::of::<T>().expect(self.payload());
        Ref { lease: self, payload: PhantomData }
    }
}

impl Clone for Lease {
    fn clone(&self) -> Self {
        self.lane.share();
        Self { head: self.head, lane: self.lane }
    }
}

impl Drop for Lease {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the lease ends here, and with it all use of the tenancy through it.
        unsafe { release(self.lane) };
    }
}

// What stands wherever a cell is read: the fast ways, and calls of the slow ones with no more than the lane. Nothing
// unwinds out of a lease's drop, whatever runs there, and `extern "C"` has the compiler know that: wherever a lease is
// held it has nothing to clean up after its drop.

#[inline]
fn acquire_fast(slot: &Slot) -> Option<&'static Lane> {
    match here(|all, local| slot.acquire_fast(all, local)) {
        Acquired::Lease(lane) => Some(lane),
        Acquired::Late(lane) => {
            // SAFETY: it was raised, and for nothing.
            unsafe { release_slow(lane) };
            None
        }
        Acquired::Not => None,
    }
}

/// Ends a lease; the payload is finished here if it was the last.
///
/// # Safety
/// The caller has a lease on the lane's payload, and uses it no more.
#[inline]
unsafe fn release(lane: &'static Lane) {
    // SAFETY: the caller's word.
    match here(|all, local| unsafe { lane.release_fast(all, local) }) {
        Released::Entirely => {}
        Released::Draining => look(lane),
        // SAFETY: the caller's word.
        Released::Not => unsafe { release_slow(lane) },
    }
}

/// # Safety
/// As [`Lane::release_slow`].
#[cold]
#[inline(never)]
unsafe extern "C" fn release_slow(lane: &'static Lane) {
    // SAFETY: the caller's word.
    here(|all, local| unsafe { lane.release_slow(all, local) });
}

#[cold]
#[inline(never)]
extern "C" fn look(lane: &'static Lane) {
    lane.look(counters());
}

/// A raw whose payloads are `T`, and whose leases need not be looked at to know that.
pub struct Typed<T: Send + Sync + 'static> {
    /// Made here, with the type, and never replaced.
    raw: RawCell,
    payloads: PhantomData<fn() -> T>,
}

// The compiler would find this out by itself, by way of all that a raw consists of, and anew for every static that
// holds one or points to one. That is what it does for most of the time that it takes to check such a static.
//
// SAFETY: each part of a raw is `Send` and `Sync`, as the compiler proves once, below.
unsafe impl Send for RawCell {}
// SAFETY: as above.
unsafe impl Sync for RawCell {}

const _: fn(&RawCell) = |raw| {
    const fn proved<T: Send + Sync>(_: &T) {}
    let RawCell { config, leases, control } = raw;
    proved(config);
    proved(leases);
    proved(control);
};

impl<T: Send + Sync + 'static> Typed<T> {
    pub(crate) const fn new(config: Config) -> Self {
        Self { raw: RawCell::new(config, PayloadType::of::<T>()), payloads: PhantomData }
    }

    pub(crate) const fn config_mut(&mut self) -> &mut Config {
        &mut self.raw.config
    }

    #[inline]
    pub(crate) const fn raw(&self) -> &RawCell {
        &self.raw
    }

    // Whatever this raw publishes is of type `T`: `put` sees to it.

    /// [`Leases::lease`].
    #[inline]
    pub(crate) fn lease<'a>(&self) -> Option<Ref<'a, T>> {
        match self.raw.leases.lease() {
            Some(lease) => Some(Ref { lease, payload: PhantomData }),
            None => None,
        }
    }

    /// [`Leases::lease_fast`].
    #[inline]
    pub(crate) fn lease_fast<'a>(&self) -> Option<Ref<'a, T>> {
        match self.raw.leases.lease_fast() {
            Some(lease) => Some(Ref { lease, payload: PhantomData }),
            None => None,
        }
    }

    /// Gets the payload of a declared cell for who calls its accessor.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "nothing but the type comes in here")]
    pub(crate) fn called(&'static self) -> Result<Ref<'static, T>, Error> {
        if let Some(lease) = self.raw.leases.lease_fast() {
            return Ok(Ref { lease, payload: PhantomData });
        }
        Self::asked(&self.raw)
    }

    /// The rest, which no optimized program has more than once for all types, as it is the same for all.
    #[cold]
    #[inline(never)]
    fn asked(raw: &'static RawCell) -> Result<Ref<'static, T>, Error> {
        match erased::called(raw) {
            Ok(lease) => Ok(Ref { lease, payload: PhantomData }),
            Err(error) => Err(error),
        }
    }
}

impl<T> Ref<'_, T> {
    /// Returns the generation this lease is on. An associated function, so that it hides no method of `T`.
    pub fn generation(this: &Self) -> u64 {
        this.lease.generation()
    }
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: it is a tenancy of `T`, and stays until the lease is released.
        unsafe { &self.lease.head.cast::<PayloadBox<T>>().as_ref().payload }
    }
}

impl<T> Clone for Ref<'_, T> {
    fn clone(&self) -> Self {
        Self { lease: self.lease.clone(), payload: PhantomData }
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
