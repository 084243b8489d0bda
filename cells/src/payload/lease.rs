//! What is published, who uses it, and who gets it in the end.
//!
//! A payload is in one of these states, and only moves downwards:
//!
//! | state | who holds it | what may move it on |
//! |---|---|---|
//! | unpublished | an [`AnyPayload`] | `replace`, whose callers hold the cell's lock |
//! | published | the slot, and any number of [`Lease`]s | `replace` and `retire`, whose callers hold the cell's lock |
//! | retired | the [`Parting`], and any number of leases | the drop of the `Parting` |
//! | draining | leases alone | the drop of the last one |
//! | received | the [`Receiver`] | the receiver |
//!
//! [`counters`](crate::payload::counters) finds out which lease is the last, without a count that all readers share. It
//! knows payloads as pointers. Here a payload lives in a box of its own, the [`PayloadBox`], which
//! [`replace`](Published::replace) gives away as a raw pointer and [`finish`] takes back, once. Whoever retires a
//! payload sets its receiver before dropping the `Parting`, so that the thread that drops the last lease finds it in
//! the box.
//!
//! # Types
//!
//! A [`PayloadBox`] begins with its [`Header`], which holds all that the library needs to know about a payload. So the
//! library is compiled once and not for every payload type: an [`AnyPayload`] and a [`Lease`] have no payload type, and
//! a [`Ref`] is a lease with one. A cell checks the type of what it publishes; reads rely on that and check nothing
//! ([`Lease::assume_type`]).
//!
//! # Lifetimes
//!
//! A lease points to a payload's box and a lane, never to its cell, and is sound wherever it goes: the box stays until
//! the lease is dropped, and lanes and tables are never freed. So a lease may outlive its cell, whose drop retires the
//! payload as a close does: the receiver holds all that a disposal needs. The lifetime of a [`Ref`] is only for programs
//! that want a shorter one; every cell returns a `Ref<'static, T>`.
//!
//! # Projections
//!
//! A [`MappedRef`] is a lease with a pointer to what a function found behind the payload's reference. The function
//! accepts a reference of any lifetime, so what it returns is valid for as long as the payload is, which the lease
//! guarantees, or for longer. `T: 'static` and `U: 'static` are part of that: otherwise the lifetimes which the function
//! has to accept could be limited by one that appears in `T`, and what it returns could end with that, before the lease.

use crate::error::Error;
#[cfg(feature = "testing")]
use crate::payload::counters::SANDBOXES;
use crate::payload::counters::{AGED, Acquired, Counters, Held, Lane, Retiring, Slot};
use crate::payload::disposer::{DisposeFn, Disposing};
use crate::payload::payload_type::PayloadType;
use crate::payload::read_path::ReadPath;
use crate::payload::tables::{Local, Seat};
use crate::payload::threads::{counters, report_denied_membarrier, with_local};
use crate::sync::primitives::atomic::{AtomicU64, Ordering};
use once_cell::sync::OnceCell;
use std::any::Any;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::ptr::NonNull;
use std::sync::Arc;

/// What one cell has published. It is read without a lock, and changed under the cell's lock.
pub(crate) struct Published {
    slot: Slot,
    /// The type of all payloads published here.
    payload_type: &'static PayloadType,
    /// The published generation; 0 is none. For callers that only look: a lease could delay a disposal.
    generation: AtomicU64,
}

/// Gets a retired payload when its last lease has ended.
pub(crate) trait Receiver: Send + Sync {
    /// Called once, by the thread that drops the last lease, or the [`Parting`] if no lease is out. Must not unwind.
    fn receive(self: Arc<Self>, payload: AnyPayload);
}

/// What the library knows about a payload of any type.
struct Header {
    /// The box that this is the header of; `None` until it is published.
    payload_box: Option<NonNull<dyn PayloadVtable>>,
    /// The lane in which it is published.
    lane: Option<&'static Lane>,
    generation: u64,
    /// Whether its disposer is more than a drop.
    calls: bool,
    /// Set when the payload is retired.
    receiver: OnceCell<Arc<dyn Receiver>>,
}

impl Header {
    const fn new() -> Self {
        Self { payload_box: None, lane: None, generation: 0, calls: false, receiver: OnceCell::new() }
    }
}

// SAFETY: `payload_box` points to a `PayloadVtable`, which is `Send` and `Sync`.
unsafe impl Send for Header {}
// SAFETY: as above.
unsafe impl Sync for Header {}

/// A payload, and what ends it: a [`DisposeFn`], or `()` for a plain drop, which is less code for each payload type
/// (targets: build time of 500 cells, code for each, docs/performance.md).
///
/// It begins with its header, so that a pointer to the box is also a pointer to the header, and the offset of the
/// payload does not depend on what comes after it.
#[repr(C)]
struct PayloadBox<T, D = ()> {
    header: Header,
    payload: T,
    disposer: D,
}

/// A [`PayloadBox`] of any type. Nothing else implements this.
trait PayloadVtable: Send + Sync {
    fn payload(&self) -> &(dyn Any + Send + Sync);
    /// Calls the disposer. May unwind with its panic.
    ///
    /// # Safety
    /// The payload is moved out: this is called once, and nothing in the box is dropped afterwards.
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
        // SAFETY: by the caller's promise the payload is neither used nor dropped again.
        self.disposer.call(unsafe { (&raw mut self.payload).read() })
    }
}

/// An owned payload whose type the compiler does not know.
pub struct AnyPayload(Box<dyn PayloadVtable>);

impl AnyPayload {
    pub(crate) fn new<T: Send + Sync + 'static>(payload: T, disposer: DisposeFn<T>) -> Self {
        let mut header = const { Header::new() };
        header.calls = disposer.calls();
        Self(Box::new(PayloadBox { header, payload, disposer }))
    }

    /// The same for a payload that ends with a plain drop: less code (see [`PayloadBox`]).
    pub(crate) fn new_dropped<T: Send + Sync + 'static>(payload: T) -> Self {
        Self(Box::new(PayloadBox { header: const { Header::new() }, payload, disposer: () }))
    }

    /// The payload itself, not disposed.
    ///
    /// # Panics
    /// If it is not a `T`.
    pub(crate) fn into_inner<T: 'static>(self) -> T {
        PayloadType::of::<T>().expect(self.payload());
        let mut emptied = self.emptied();
        // SAFETY: it is a box of `T`, as checked above, and `emptied` does not drop the payload in it.
        unsafe { (&raw mut (*(&raw mut **emptied).cast::<PayloadBox<T>>()).payload).read() }
    }

    /// The box without the drop of its contents, so that the payload can be moved out. Nothing else in it needs a drop:
    /// the header of a payload that is not published has no receiver.
    fn emptied(self) -> Box<ManuallyDrop<dyn PayloadVtable>> {
        // SAFETY: the same box, with a transparent wrapper around its contents.
        unsafe { Box::from_raw(Box::into_raw(self.0) as *mut ManuallyDrop<dyn PayloadVtable>) }
    }

    fn header(&self) -> &Header {
        // SAFETY: every payload's box begins with its header.
        unsafe { NonNull::from(&*self.0).cast().as_ref() }
    }

    pub(crate) fn payload(&self) -> &(dyn Any + Send + Sync) {
        self.0.payload()
    }

    /// Whether its disposer is more than a drop.
    pub(crate) fn calls(&self) -> bool {
        self.header().calls
    }

    /// Calls the disposer, or drops the payload. May unwind with a panic of either.
    pub(crate) fn dispose(self) -> Disposing {
        if self.calls() {
            // SAFETY: called once, and the emptied box drops nothing.
            unsafe { self.emptied().dispose() }
        } else {
            drop(self);
            Disposing::Done(Ok(()))
        }
    }
}

/// A lease on a payload whose type the compiler does not know.
pub(crate) struct Lease {
    /// Valid until the lease is released, in `drop`.
    header: NonNull<Header>,
    /// Where it is counted, if it has a seat.
    seat: Option<&'static Seat>,
}

// SAFETY: what a lease points to is `Send` and `Sync`, and its drop may end a payload on any thread, like that of an
// `Arc`. Lanes may be counted in from any thread.
unsafe impl Send for Lease {}
// SAFETY: as above.
unsafe impl Sync for Lease {}

impl UnwindSafe for Lease {}
impl RefUnwindSafe for Lease {}

/// A lease on the payload of one generation of a cell.
///
/// The payload stays usable while a lease is out, even after the cell was closed, refreshed or dropped. The thread that
/// drops the last lease of a closed generation runs its disposer. A lease can be sent to other threads and held across
/// an `await`. A forgotten lease keeps its own payload from being disposed, and does no other harm.
///
/// # What it has of the payload
///
/// A lease dereferences to the payload and hides none of its methods: `db().clone()` is a clone of the payload. What a
/// lease can do itself are associated functions, as of [`std::cell::Ref`]: [`Ref::clone`](Self::clone) is another lease
/// on the same payload, [`Ref::map`](Self::map) a lease that dereferences to a part of it.
///
/// A lease is compared and hashed as its payload, with other leases and with a payload: `a() == b()`, `limit() > 4`. It
/// is `Debug`, `Display`, [`Error`](std::error::Error) and `AsRef<U>` where the payload is, `&lease` is `IntoIterator`
/// where `&payload` is, and with the feature `serde` it is `Serialize`. It is not `Ord`, whose methods would hide those of
/// the payload: `limit().min(8)` is a number. Where the compiler finds no implementation, write `*lease`.
///
/// # It is shared
///
/// Other callers have leases on the same payload, so there is no `DerefMut`: `names().push(..)` gives "cannot borrow as
/// mutable". Put what changes into a [`Mutex`](std::sync::Mutex) or an atomic in the payload, or build another payload
/// with `refresh`.
///
/// Leases are not for signal handlers: a handler that takes, keeps or drops one may lose a count of the thread that it
/// interrupts, and the payload may then be disposed while a lease is out. Give a handler a reference behind a lease that
/// the program keeps, or let it read a permanent cell that is built.
///
/// ```
/// use cells::{CloseStatus, RuntimeCell};
///
/// let cell = RuntimeCell::new("greeting");
/// let greeting = cell.get_or_initialize(|| Ok::<_, cells::Error>("hello".to_owned()))?;
/// assert_eq!(cell.close().status, CloseStatus::Draining);
/// assert_eq!(*greeting, "hello"); // still there for whoever holds a lease
/// drop(greeting); // the end of the last lease disposes the payload
/// # Ok::<(), cells::Error>(())
/// ```
#[must_use = "this lease ends at once and keeps nothing alive; bind it to a name, or write `drop(..)` if the call is \
              only to build the payload"]
pub struct Ref<'a, T> {
    /// On a payload in a `PayloadBox<T>`.
    lease: Lease,
    /// It shares the payload among threads, and may drop it: `Send` and `Sync` where that is sound.
    payload: PhantomData<(&'a (), Arc<T>)>,
}

/// A lease that dereferences to a part of the payload, or to what the payload refers to. [`Ref::map`] makes one.
///
/// It keeps the whole payload usable, as the [`Ref`] did, and has the same traits.
///
/// ```
/// use cells::{MappedRef, Ref, runtime_cell};
///
/// #[derive(Debug)]
/// struct Settings {
///     host: String,
/// }
///
/// #[runtime_cell]
/// fn settings() -> Settings {
///     Settings { host: "localhost".to_owned() }
/// }
///
/// fn host() -> MappedRef<'static, str> {
///     Ref::map(settings(), |settings| settings.host.as_str())
/// }
///
/// assert_eq!(host(), "localhost");
/// ```
#[must_use = "this lease ends at once and keeps nothing alive; bind it to a name"]
pub struct MappedRef<'a, U: ?Sized> {
    /// Valid until the lease is released.
    value: NonNull<U>,
    lease: Lease,
    lifetime: PhantomData<&'a U>,
}

// SAFETY: it shares its `U` as a reference does. Whatever the payload is, it may be shared and dropped on any thread; but
// the part need not be `Sync` where the whole is.
unsafe impl<U: ?Sized + Sync> Send for MappedRef<'_, U> {}
// SAFETY: as above.
unsafe impl<U: ?Sized + Sync> Sync for MappedRef<'_, U> {}

impl Published {
    pub(crate) const fn new(payload_type: &'static PayloadType) -> Self {
        Self { slot: const { Slot::new() }, payload_type, generation: const { AtomicU64::new(0) } }
    }

    /// The type of the payloads, as the compiler names it.
    pub(crate) fn payload_type(&self) -> &'static str {
        self.payload_type.name()
    }

    /// Takes a lease on the published payload, after the fast path has found none.
    #[cold]
    #[inline(never)]
    pub(crate) fn lease_not_fast(&self) -> Option<Lease> {
        // A step that shuttle sees; it does not see those of the counters.
        #[cfg(cells_shuttle)]
        let _ = self.generation.load(Ordering::SeqCst);
        self.lease_again().or_else(|| self.lease_slow())
    }

    /// Takes a lease by the fast path. `None` also while the thread's reads are tracked, at its first read, and where
    /// the process or the lane has no fast path.
    #[inline]
    pub(crate) fn lease_fast(&self) -> Option<Lease> {
        Lease::acquired(with_local(|_, local| self.slot.acquire_fast(local)))
    }

    /// Takes a lease by the fast path's second try, for a thread that holds leases on the payload already. `None` in the
    /// same cases.
    #[cold]
    #[inline(never)]
    pub(crate) fn lease_again(&self) -> Option<Lease> {
        let fast = |_: Counters, local: &Local| local.has_fast_reads().then(|| self.slot.acquire_next(local));
        Lease::acquired(with_local(fast)?).or_else(|| self.lease_among_others())
    }

    #[inline(never)]
    fn lease_among_others(&self) -> Option<Lease> {
        let held = with_local(|counters, local| self.slot.acquire_again(counters, local))?;
        // SAFETY: as above.
        Some(unsafe { Lease::new(held) })
    }

    /// Takes a lease on any thread.
    #[cold]
    #[inline(never)]
    pub(crate) fn lease_slow(&self) -> Option<Lease> {
        let held = with_local(|counters, local| self.slot.acquire_slow(counters, local))?;
        // SAFETY: as above.
        Some(unsafe { Lease::new(held) })
    }

    /// While it is shut for sandboxes, no lease is taken by the fast path.
    #[cfg(feature = "testing")]
    pub(crate) fn shut_for_sandboxes(&self, shut: bool) {
        self.slot.shut(SANDBOXES, shut);
    }

    /// Shuts the fast path until somebody reads, unless a lease is out; returns whether it is shut. The caller holds the
    /// cell's lock.
    pub(crate) fn rest(&self) -> bool {
        self.slot.rest(counters())
    }

    /// Whether nobody has read since it came to rest.
    pub(crate) fn rests(&self) -> bool {
        self.slot.rests()
    }

    /// Opens the fast path after that.
    pub(crate) fn wake(&self) {
        self.slot.wake();
    }

    /// While it is shut because of its age, no lease is taken by the fast path. The caller holds the cell's lock.
    pub(crate) fn shut_for_age(&self, shut: bool) {
        self.slot.shut(AGED, shut);
    }

    /// No lease on it is taken by the fast path any more in this process, which is a child that was forked just now.
    pub(crate) fn hide_in_child(&self) {
        self.slot.hide_in_child();
    }

    #[cfg(feature = "testing")]
    pub(crate) fn type_of_payloads(&self) -> &'static PayloadType {
        self.payload_type
    }

    /// The published generation.
    pub(crate) fn generation(&self) -> Option<u64> {
        // Acquire: pairs with the release in `replace`, so that whoever sees a generation finds its payload.
        Some(self.generation.load(Ordering::Acquire)).filter(|generation| *generation != 0)
    }

    /// How reads of the published payload are synchronized with closes.
    pub(crate) fn read_path(&self) -> ReadPath {
        self.slot.read_path(counters())
    }

    /// The approximate number of leases out on the published payload: some may come and go during the count.
    pub(crate) fn leases_out(&self) -> usize {
        self.slot.out(counters())
    }

    /// Publishes a payload in place of the published one, if any: no reader finds the cell empty in between. The caller
    /// holds the cell's lock, and drops what it gets after unlocking. Payloads of declared cells read fast however many
    /// others there are; one that is `aged` does so once [`shut_for_age`](Self::shut_for_age) opens it.
    pub(crate) fn replace(
        &self,
        payload: AnyPayload,
        generation: u64,
        declared: bool,
        aged: bool,
    ) -> (Lease, Option<Parting>) {
        self.payload_type.expect(payload.payload());
        let vacancy = self.slot.vacancy(counters(), declared);
        let lane = vacancy.lane();
        let payload_box = NonNull::from(Box::leak(payload.0));
        let mut header = payload_box.cast::<Header>();
        // SAFETY: every payload's box begins with its header, and nobody else can reach this one yet.
        let new = unsafe { header.as_mut() };
        (new.payload_box, new.lane, new.generation) = (Some(payload_box), Some(lane), generation);
        // SAFETY: the box stays valid until `finish` takes it back, once.
        let old = unsafe { self.slot.publish(counters(), vacancy, header.cast(), finish, aged) };
        self.generation.store(generation, Ordering::Release);
        // It has been published with this lease on it.
        (Lease { header, seat: None }, old.map(Parting))
    }

    /// Unpublishes the payload. The caller holds the cell's lock, and drops what it gets after unlocking.
    #[must_use]
    pub(crate) fn retire(&self) -> Option<Parting> {
        self.generation.store(0, Ordering::Release);
        self.slot.retire(counters()).map(Parting)
    }
}

/// Drops a payload that was not retired.
impl Drop for Published {
    fn drop(&mut self) {
        self.slot.dissolve(counters());
    }
}

/// Takes back the box of a payload that is no longer in use, and hands it to its receiver.
///
/// # Safety
/// `header` was published by `replace` and is no longer used, and this is called once for it.
unsafe fn finish(header: NonNull<()>) {
    // SAFETY: by the caller's promise nobody else uses it.
    let header = unsafe { header.cast::<Header>().as_mut() };
    let receiver = header.receiver.take();
    let Some(payload_box) = header.payload_box else { unreachable!("it was published") };
    // SAFETY: `replace` leaked it from a box, and by the caller's promise it is taken back once.
    let payload = AnyPayload(unsafe { Box::from_raw(payload_box.as_ptr()) });
    match receiver {
        Some(receiver) => receiver.receive(payload),
        // Never retired: the cell itself was dropped, and the payload with it.
        None => drop(payload),
    }
}

/// The cell's own hold on a payload that was unpublished. Its drop hands the payload to its receiver if no lease is
/// out; otherwise the last lease does.
#[must_use]
pub(crate) struct Parting(Retiring);

impl Parting {
    fn header(&self) -> &Header {
        let Some(payload) = self.0.payload() else { unreachable!("only the drop settles it") };
        // SAFETY: only `replace` puts payloads into the slot, so this points to a header, and its box is not finished
        // before the parting is dropped.
        unsafe { payload.cast::<Header>().as_ref() }
    }

    pub(crate) fn generation(&self) -> u64 {
        self.header().generation
    }

    /// Whether its disposer is more than a drop.
    pub(crate) fn calls(&self) -> bool {
        self.header().calls
    }

    /// Sets the payload's receiver, once.
    pub(crate) fn leave_to(&self, receiver: Arc<dyn Receiver>) {
        let first = self.header().receiver.set(receiver).is_ok();
        debug_assert!(first, "a payload is retired once");
    }
}

impl Drop for Parting {
    fn drop(&mut self) {
        if !self.0.settle(counters()) {
            report_denied_membarrier();
        }
    }
}

impl Lease {
    /// What the fast path has taken, on a slot of a [`Published`].
    #[inline]
    fn acquired(acquired: Acquired) -> Option<Self> {
        match acquired {
            // SAFETY: only `replace` puts payloads into such a slot.
            Acquired::Lease(held) => Some(unsafe { Self::new(held) }),
            Acquired::Late(seat) => {
                // SAFETY: no lease came of it.
                unsafe { give_back(seat) };
                None
            }
            Acquired::Not => None,
        }
    }

    /// # Safety
    /// The payload was published by `replace`.
    #[inline]
    unsafe fn new(Held { payload, seat }: Held) -> Self {
        Self { header: payload.cast(), seat }
    }

    #[inline]
    fn header(&self) -> &Header {
        // SAFETY: the box stays until the lease is released, and until then there are only shared references to it.
        unsafe { self.header.as_ref() }
    }

    fn lane(&self) -> &'static Lane {
        let Some(lane) = self.header().lane else { unreachable!("a leased payload was published") };
        lane
    }

    pub(crate) fn generation(&self) -> u64 {
        self.header().generation
    }

    pub(crate) fn payload(&self) -> &(dyn Any + Send + Sync) {
        let Some(payload_box) = self.header().payload_box else {
            unreachable!("a leased payload was published")
        };
        // SAFETY: as in `header`.
        unsafe { payload_box.as_ref() }.payload()
    }

    /// The lease with the type of its payload.
    ///
    /// # Panics
    /// If the payload is not a `T`.
    pub(crate) fn typed<'a, T: Send + Sync + 'static>(self) -> Ref<'a, T> {
        PayloadType::of::<T>().expect(self.payload());
        // SAFETY: checked above.
        unsafe { self.assume_type() }
    }

    /// The lease with the type of its payload, unchecked: what a ready read does.
    ///
    /// # Safety
    /// The payload is a `T`. That holds for leases of a [`Published`] of that [`PayloadType`].
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "otherwise a debug build contains one more function per cell")]
    pub(crate) const unsafe fn assume_type<'a, T>(self) -> Ref<'a, T> {
        Ref { lease: self, payload: PhantomData }
    }

    /// The same for the result of a slow read, in one step: two would be 16 bytes more per cell in a debug build (target:
    /// `.text` per cell).
    ///
    /// # Safety
    /// As above.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "otherwise a debug build contains one more function per cell")]
    pub(crate) unsafe fn assume_type_of<'a, T>(result: Result<Self, Error>) -> Result<Ref<'a, T>, Error> {
        match result {
            Ok(lease) => Ok(Ref { lease, payload: PhantomData }),
            Err(error) => Err(error),
        }
    }
}

impl Clone for Lease {
    fn clone(&self) -> Self {
        self.lane().share();
        // What is shared has no seat.
        Self { header: self.header, seat: None }
    }
}

impl Drop for Lease {
    #[inline]
    fn drop(&mut self) {
        match self.seat {
            // SAFETY: the lease has this seat, and its use of the box ends here.
            Some(seat) => unsafe { release(seat) },
            // SAFETY: as above; the lease has none.
            None => unsafe { release_slow(self.header) },
        }
    }
}

// Wherever a cell is read, the fast paths are inlined, and calls of the slow ones. Nothing unwinds out of the drop of a
// lease, whatever runs there; `extern "C"` tells the compiler so, and then code that holds a lease needs no cleanup for
// a panic in that drop.

/// # Safety
/// As [`Counters::release_fast`](crate::payload::counters::Counters::release_fast).
#[inline]
unsafe fn release(seat: &'static Seat) {
    // SAFETY: the caller's promise.
    if let Some(lane) = unsafe { counters().release_fast(seat) } {
        look(lane);
    }
}

/// Gives back a seat that was taken too late.
///
/// # Safety
/// As of [`release`].
#[cold]
#[inline(never)]
unsafe extern "C" fn give_back(seat: &'static Seat) {
    // SAFETY: the caller's promise.
    unsafe { release(seat) };
}

/// # Safety
/// The caller holds a lease without a seat on the payload with this header, and uses it no more.
#[cold]
#[inline(never)]
unsafe extern "C" fn release_slow(header: NonNull<Header>) {
    // SAFETY: the box stays until the lease is released.
    let Some(lane) = unsafe { header.as_ref() }.lane else { unreachable!("it was published") };
    // SAFETY: the caller's promise.
    with_local(|counters, local| unsafe { lane.release(counters, local) });
}

#[cold]
#[inline(never)]
extern "C" fn look(lane: &'static Lane) {
    lane.look(counters());
}

/// Associated functions, so that they hide no method of `T`.
impl<'a, T> Ref<'a, T> {
    /// Returns the generation of the leased payload.
    ///
    /// [`ClosableCell::close_generation`](crate::ClosableCell::close_generation) has an example.
    pub fn generation(this: &Self) -> u64 {
        this.lease.generation()
    }

    /// Returns another lease on the same payload. `lease.clone()` is a clone of the payload.
    ///
    /// ```
    /// use cells::{Ref, RuntimeCell};
    ///
    /// let words = RuntimeCell::new("words");
    /// let lease = words.get_or_init(|| vec!["tea"]);
    /// let other = Ref::clone(&lease); // for another thread, for example
    /// assert_eq!(words.snapshot().leases, 2);
    /// let copy: Vec<_> = lease.clone(); // of the payload
    /// assert_eq!(copy, *other);
    /// ```
    #[expect(clippy::should_implement_trait, reason = "the method of the trait would hide the payload's")]
    pub fn clone(this: &Self) -> Self {
        Self { lease: this.lease.clone(), payload: PhantomData }
    }

    /// Returns a lease on a part of the payload, or on what the payload refers to.
    ///
    /// ```
    /// use cells::{Ref, RuntimeCell};
    ///
    /// let cell = RuntimeCell::new("words");
    /// let words = cell.get_or_initialize(|| Ok::<_, cells::Error>(vec!["one", "two"]))?;
    /// let last = Ref::map(words, |words| &words[1]);
    /// assert_eq!(*last, "two");
    /// # Ok::<(), cells::Error>(())
    /// ```
    pub fn map<U: ?Sized + 'static>(this: Self, part: impl FnOnce(&T) -> &U) -> MappedRef<'a, U>
    where
        T: 'static,
    {
        let value = NonNull::from(part(&this));
        MappedRef { value, lease: this.lease, lifetime: PhantomData }
    }

    /// As [`map`](Self::map), for a part that may not be there.
    ///
    /// ```
    /// use cells::{Ref, RuntimeCell};
    ///
    /// let words = RuntimeCell::new("words");
    /// let lease = words.get_or_init(|| vec!["tea"]);
    /// let lease = Ref::filter_map(lease, |words| words.get(7)).unwrap_err();
    /// let first = Ref::filter_map(lease, |words| words.first()).unwrap();
    /// assert_eq!(*first, "tea");
    /// ```
    ///
    /// # Errors
    /// The lease itself if there is no such part.
    pub fn filter_map<U: ?Sized + 'static>(
        this: Self,
        part: impl FnOnce(&T) -> Option<&U>,
    ) -> Result<MappedRef<'a, U>, Self>
    where
        T: 'static,
    {
        match part(&this).map(NonNull::from) {
            Some(value) => Ok(MappedRef { value, lease: this.lease, lifetime: PhantomData }),
            None => Err(this),
        }
    }
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the header belongs to a box of `T`, which stays until the lease is released.
        unsafe { &self.lease.header.cast::<PayloadBox<T>>().as_ref().payload }
    }
}

/// Associated functions, so that they hide no method of `U`.
impl<'a, U: ?Sized> MappedRef<'a, U> {
    /// Returns the generation of the leased payload.
    ///
    /// [`ClosableCell::close_generation`](crate::ClosableCell::close_generation) has an example.
    pub fn generation(this: &Self) -> u64 {
        this.lease.generation()
    }

    /// Returns another lease on the same part. `lease.clone()` is a clone of the part.
    ///
    /// [`Ref::clone`] has an example.
    #[expect(clippy::should_implement_trait, reason = "the method of the trait would hide the payload's")]
    pub fn clone(this: &Self) -> Self {
        Self { value: this.value, lease: this.lease.clone(), lifetime: PhantomData }
    }

    /// Returns a lease on a part of the part.
    ///
    /// [`Ref::map`] has an example.
    ///
    /// [`Ref::map`] has an example.
    pub fn map<V: ?Sized + 'static>(this: Self, part: impl FnOnce(&U) -> &V) -> MappedRef<'a, V>
    where
        U: 'static,
    {
        let value = NonNull::from(part(&this));
        MappedRef { value, lease: this.lease, lifetime: PhantomData }
    }

    /// As [`map`](Self::map), for a part that may not be there.
    ///
    /// [`Ref::filter_map`] has an example.
    ///
    /// # Errors
    /// The lease itself if there is no such part.
    pub fn filter_map<V: ?Sized + 'static>(
        this: Self,
        part: impl FnOnce(&U) -> Option<&V>,
    ) -> Result<MappedRef<'a, V>, Self>
    where
        U: 'static,
    {
        match part(&this).map(NonNull::from) {
            Some(value) => Ok(MappedRef { value, lease: this.lease, lifetime: PhantomData }),
            None => Err(this),
        }
    }
}

impl<U: ?Sized> Deref for MappedRef<'_, U> {
    type Target = U;

    #[inline]
    fn deref(&self) -> &U {
        // SAFETY: it points into a payload that stays until the lease is released, or to what lives longer than that.
        unsafe { self.value.as_ref() }
    }
}

#[cfg(all(test, not(cells_shuttle)))]
#[path = "lease_tests.rs"]
mod tests;
