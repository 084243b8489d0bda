//! What only the macro's expansion names. It is not part of the public interface.
//!
//! The functions of its traits take a value, and not `self`: where a program calls a method that does not exist, the
//! compiler suggests the methods of all traits that are called alike.

#[cfg(cells_shuttle)]
use crate::cell::closable_cell::ClosableCell;
use crate::cell::wait_budget::Purpose;
use crate::check::BegunBy;
use crate::declared::async_cell::{AsyncCell, DeclaredAsync};
use crate::declared::cell_static::CellStatic;
use crate::declared::factory_output::keep_out_of;
use crate::declared::permanent_cell::{DeclaredPermanent, PermanentCell};
use crate::declared::static_cell::{Declared, StaticCell};
use crate::error::BoxError;
use crate::flight::frames;
use crate::info::CellInfo;
use crate::lifetime::{IntoLifetime, Lifetime, LifetimeOf};
use crate::payload::disposer::{Close, Disposer};
use crate::payload::lease::{Lease, Ref};
use crate::shared_error::keep;
use std::any::Any;
use std::future::Future;
use std::marker::PhantomData;
use std::ops::Deref;

pub use crate::__register as register;
pub use crate::check::{Begun, Checking, IntoCheck};
pub use crate::declared::any_cell::AnyCell;
pub use crate::declared::factory_output::{Alias, FactoryOutput, Keep, Kept};
pub use crate::declared::mode::{Fallible, Infallible, Mode};
pub use crate::declared::provided::Provided;
pub use crate::declared::static_cell::Factory;
pub use crate::info::Dependency;
pub use crate::payload::disposer::Disposing;
pub use crate::payload::payload_type::Payload;
#[cfg(not(all(target_os = "linux", not(any(cells_shuttle, cells_portable)))))]
pub use crate::program::section::CELLS;
#[cfg(not(all(target_os = "linux", not(any(cells_shuttle, cells_portable)))))]
pub use linkme;

/// A declared cell, whatever its factory.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a cell",
    label = "expected the static of a cell: that of the accessor `pool` is `POOL`"
)]
pub trait Cell: 'static {
    type Itself;
    type Payload;
    type Mode: Mode;
    const INFO: &'static CellInfo;
}

// The messages of these traits say what to do; a list of the implementations would only point into this file.
#[diagnostic::do_not_recommend]
impl<T: Payload, D: Declared<T>> Cell for CellStatic<StaticCell<T, D>> {
    type Itself = Self;
    type Payload = T;
    type Mode = D::Mode;
    const INFO: &'static CellInfo = D::INFO;
}

#[diagnostic::do_not_recommend]
impl<T: Payload, D: DeclaredAsync<T>> Cell for CellStatic<AsyncCell<T, D>> {
    type Itself = Self;
    type Payload = T;
    type Mode = D::Mode;
    const INFO: &'static CellInfo = D::INFO;
}

#[diagnostic::do_not_recommend]
impl<T: Payload, D: DeclaredPermanent<T>> Cell for CellStatic<PermanentCell<T, D>> {
    type Itself = Self;
    type Payload = T;
    type Mode = D::Mode;
    const INFO: &'static CellInfo = D::INFO;
}

/// Accepts only a cell. A type that is not a cell has no `Itself` either, so the compiler is silent about all further
/// use of the result, and reports the mistake once.
pub const fn cell<C: Cell<Itself = C>>(cell: &'static C) -> &'static C::Itself {
    cell
}

/// A cell whose payload can be injected into a synchronous factory.
#[diagnostic::on_unimplemented(
    message = "a synchronous factory cannot depend on an asynchronous cell",
    label = "callers await this cell, because it is an `async fn` or `blocking`; make the factory an `async fn` too, or add \
             the key `blocking`"
)]
pub trait Lend: Cell {
    /// A lease, or a reference if the cell is permanent.
    type Lent: Deref<Target = Self::Payload>;

    fn lend_payload(cell: &'static Self) -> Result<Self::Lent, BoxError>;
}

#[diagnostic::do_not_recommend]
impl<T: Payload, D: Declared<T>> Lend for CellStatic<StaticCell<T, D>> {
    type Lent = Ref<'static, T>;

    fn lend_payload(cell: &'static Self) -> Result<Ref<'static, T>, BoxError> {
        Ok(cell.any().get(Purpose::Get)?.typed())
    }
}

#[diagnostic::do_not_recommend]
impl<T: Payload, D: DeclaredPermanent<T>> Lend for CellStatic<PermanentCell<T, D>> {
    type Lent = &'static T;

    fn lend_payload(cell: &'static Self) -> Result<&'static T, BoxError> {
        Ok(cell.get_injected()?)
    }
}

/// A cell whose payload can be injected into an asynchronous factory: every cell.
pub trait LendAsync: Cell {
    /// A lease, or a reference if the cell is permanent.
    type Lent: Deref<Target = Self::Payload>;

    fn lend_payload_async(cell: &'static Self) -> impl Future<Output = Result<Self::Lent, BoxError>> + Send;
}

impl<T: Payload, D: DeclaredPermanent<T>> LendAsync for CellStatic<PermanentCell<T, D>> {
    type Lent = &'static T;

    async fn lend_payload_async(cell: &'static Self) -> Result<&'static T, BoxError> {
        Ok(cell.get_injected_async().await?)
    }
}

/// Waiting does not block the thread; running the factory does, because it is synchronous.
impl<T: Payload, D: Declared<T>> LendAsync for CellStatic<StaticCell<T, D>> {
    type Lent = Ref<'static, T>;

    async fn lend_payload_async(cell: &'static Self) -> Result<Ref<'static, T>, BoxError> {
        Ok(cell.any().get_async(Purpose::Get).await?.typed())
    }
}

impl<T: Payload, D: DeclaredAsync<T>> LendAsync for CellStatic<AsyncCell<T, D>> {
    type Lent = Ref<'static, T>;

    async fn lend_payload_async(cell: &'static Self) -> Result<Ref<'static, T>, BoxError> {
        Ok(cell.get_injected().await?)
    }
}

/// Gets the payload to inject into a fallible factory.
pub fn lend<C: Lend>(cell: &'static C) -> Result<C::Lent, BoxError> {
    C::lend_payload(cell)
}

/// Gets the payload to inject into an infallible factory.
pub fn lend_infallible<C: Lend<Mode: NeverFails>>(cell: &'static C) -> Result<C::Lent, BoxError> {
    C::lend_payload(cell)
}

/// Gets the payload to inject into a fallible asynchronous factory.
pub fn lend_async<C: LendAsync>(cell: &'static C) -> impl Future<Output = Result<C::Lent, BoxError>> + Send {
    C::lend_payload_async(cell)
}

/// Gets the payload to inject into an infallible asynchronous factory.
pub fn lend_async_infallible<C: LendAsync<Mode: NeverFails>>(
    cell: &'static C,
) -> impl Future<Output = Result<C::Lent, BoxError>> + Send {
    C::lend_payload_async(cell)
}

/// What a permanent cell lends, for a factory that takes it as `&'static T`; that of any other cell ends.
#[diagnostic::on_unimplemented(
    message = "the payload of a cell that is not permanent may end while the program runs",
    label = "the payload of this dependency is lent while the factory runs; take it as `&T`, or keep a lease on it with \
             `Ref<'static, T>`"
)]
pub trait IsPermanent: Deref<Target: Sized + 'static> {
    fn __permanent(lent: Self) -> &'static Self::Target;
}

impl<T: 'static> IsPermanent for &'static T {
    fn __permanent(lent: Self) -> &'static T {
        lent
    }
}

/// Accepts only what a permanent cell lends.
pub fn permanent<L: IsPermanent>(lent: L) -> &'static L::Target {
    L::__permanent(lent)
}

/// A payload to pass as the parameter `&U`, where `U` is a trait object. If `U` is what the payload dereferences to, as in
/// a `Box<dyn Clock>`, the inherent method is chosen and dereferences it. Otherwise that of [`PayloadItself`] is, and the
/// compiler converts the reference, if the payload implements the trait.
pub struct AsObject<'a, T, U: ?Sized>(&'a T, PhantomData<fn(&U)>);

impl<'a, T, U: ?Sized> AsObject<'a, T, U> {
    pub fn of(payload: &'a T) -> Self {
        Self(payload, PhantomData)
    }
}

impl<'a, T: Deref<Target = U>, U: ?Sized> AsObject<'a, T, U> {
    pub fn object(self) -> &'a U {
        self.0
    }
}

/// The fallback of [`AsObject`].
pub trait PayloadItself<'a> {
    type Payload;
    fn object(self) -> &'a Self::Payload;
}

impl<'a, T, U: ?Sized> PayloadItself<'a> for AsObject<'a, T, U> {
    type Payload = T;

    fn object(self) -> &'a T {
        self.0
    }
}

/// In the place of the factory of a declaration without a body. It is never called: no flight of such a cell begins.
pub fn no_factory<R>() -> R {
    unreachable!("no flight begins in a cell without a factory")
}

/// How long a payload is fresh, or may be used, by the value or the function that the declaration names.
pub fn lifetime<T: 'static, How>(
    payload: &(dyn Any + Send + Sync),
    how: impl LifetimeOf<T, How>,
) -> Lifetime {
    let Some(payload) = payload.downcast_ref() else { unreachable!("a cell's payloads have its type") };
    LifetimeOf::lifetime_of(how, payload)
}

/// The same, by a closure. Only a bound that is no other trait's tells the compiler the type of its parameter.
pub fn lifetime_by<T: 'static, L: IntoLifetime>(
    payload: &(dyn Any + Send + Sync),
    how: impl FnOnce(&T) -> L,
) -> Lifetime {
    lifetime::<T, _>(payload, how)
}

/// Whether a check is asynchronous; it is not called.
pub const fn is_async_check<'a, T: 'a, C: Begun>(_: &impl FnOnce(&'a T) -> C) -> bool {
    C::IS_ASYNC
}

/// The payload that a check is called with. A lease on a permanent payload is one on a reference to it.
pub fn checked_payload<T: Payload>(lease: Box<dyn Any + Send>) -> Ref<'static, T> {
    let Ok(lease) = lease.downcast::<Lease>() else { unreachable!("it is called with a lease") };
    lease.typed()
}

/// Calls a check. Only a bound tells the compiler the type of a closure's parameter.
pub fn check_payload<'a, T, R>(payload: &'a T, check: impl FnOnce(&'a T) -> R) -> R {
    check(payload)
}

/// What a check has returned.
pub fn begun_check<'a, R: IntoCheck<Marker> + 'a, Marker: 'a>(answer: R) -> impl Begun + use<'a, R, Marker> {
    BegunBy { check: Box::pin(R::into_check(answer)), by: PhantomData::<fn() -> (R, Marker)> }
}

/// What a factory returned, after a note on whether its error is one that no later attempt would mend.
pub fn fatal_if<T, E>(returned: Result<T, E>, is_fatal: impl FnOnce(&E) -> bool) -> Result<T, E> {
    let fatal = returned.as_ref().is_err_and(is_fatal);
    frames::judge(|verdict| verdict.fatal = fatal);
    returned
}

/// What a factory returned, after a note on whether its error is one that the next attempt may not meet.
pub fn transient_if<T, E>(returned: Result<T, E>, is_transient: impl FnOnce(&E) -> bool) -> Result<T, E> {
    let transient = returned.as_ref().err().map(is_transient);
    frames::judge(|verdict| verdict.transient = transient);
    returned
}

/// Shuts one cell down, as a shutdown of the process does with each. For the models: a process shuts down once.
#[cfg(cells_shuttle)]
pub fn shut_down<T: Send + Sync>(cell: &ClosableCell<T>) {
    drop(cell.raw().shut_down());
}

/// The same for a declared cell.
#[cfg(cells_shuttle)]
pub fn shut_down_any(cell: AnyCell) {
    drop(cell.shut_down());
}

/// A lease, for a factory that takes one as its parameter; a permanent cell has none.
#[diagnostic::on_unimplemented(
    message = "a permanent cell has no leases",
    label = "the payload of this dependency is permanent; take it as `&T`"
)]
pub trait IsLease: Deref<Target: Payload + Sized> {
    fn as_lease(lease: Self) -> Ref<'static, Self::Target>;
}

impl<T: Payload> IsLease for Ref<'static, T> {
    fn as_lease(lease: Self) -> Self {
        lease
    }
}

/// Accepts only a lease.
pub fn leased<L: IsLease>(lease: L) -> Ref<'static, L::Target> {
    L::as_lease(lease)
}

/// Runs a synchronous factory on tokio's blocking pool.
#[cfg(feature = "tokio")]
pub fn blocking<R: Send + 'static>(
    factory: impl FnOnce() -> R + Send + 'static,
) -> impl Future<Output = R> + Send {
    crate::flight::blocking::blocking(factory)
}

/// What a disposer function of an asynchronous cell returns: a [`Disposed`] value, or a future of one. `Marker` keeps
/// the two implementations from overlapping.
#[diagnostic::on_unimplemented(
    message = "a disposer returns `()`, a `Result<(), E>` whose error converts into `cells::BoxError`, or a `Send` \
               future of one of these",
    label = "a disposer cannot return this"
)]
pub trait IntoDisposing<Marker> {
    fn into_disposing(returned: Self) -> Disposing;
}

/// The marker of a disposer that has ended when it returns.
#[derive(Debug)]
pub struct Now;

/// The marker of a disposer that returns a future.
#[derive(Debug)]
pub struct Later;

impl<R: Disposed> IntoDisposing<Now> for R {
    fn into_disposing(returned: Self) -> Disposing {
        Disposing::Done(R::into_disposed(returned))
    }
}

impl<F: Future<Output: Disposed> + Send + 'static> IntoDisposing<Later> for F {
    fn into_disposing(returned: Self) -> Disposing {
        Disposing::Later(Box::pin(async { Disposed::into_disposed(returned.await) }))
    }
}

/// The mode of cells that an infallible factory may depend on.
#[diagnostic::on_unimplemented(
    message = "an infallible factory cannot depend on a cell whose factory may fail",
    label = "this dependency may fail; return a `Result` from the factory"
)]
pub trait NeverFails {}

impl NeverFails for Infallible {}

/// What a disposer function returns.
#[diagnostic::on_unimplemented(
    message = "a disposer returns `()` or a `Result<(), E>` whose error converts into `cells::BoxError`",
    label = "a disposer cannot return this"
)]
pub trait Disposed {
    fn into_disposed(returned: Self) -> Result<(), BoxError>;
}

impl Disposed for () {
    fn into_disposed((): Self) -> Result<(), BoxError> {
        Ok(())
    }
}

impl<E: Into<BoxError>> Disposed for Result<(), E> {
    fn into_disposed(returned: Self) -> Result<(), BoxError> {
        returned.map_err(Into::into)
    }
}

/// Chooses the disposer of a type. `Resolve::<T>::DISPOSER` is the inherent constant if it exists, which is where
/// `T: Close`, and otherwise that of [`ResolveDrop`]. (The crates `static_assertions` and `impls` use the same trick.)
pub struct Resolve<T>(PhantomData<T>);

impl<T: Close> Resolve<T> {
    pub const DISPOSER: Disposer<T> = Disposer::close();
}

/// The fallback of [`Resolve`]: a plain drop.
pub trait ResolveDrop {
    type Payload;
    const DISPOSER: Disposer<Self::Payload>;
}

impl<T> ResolveDrop for Resolve<T> {
    type Payload = T;
    const DISPOSER: Disposer<T> = Disposer::drop();
}

/// `Resolve::<R>::KEEP` says how the error of a factory is boxed that returns `R`.
impl<T, E: Kept> Resolve<Result<T, E>> {
    pub const KEEP: Keep = Some(keep_out_of::<E>);
}

/// The fallback: the error converts itself.
pub trait ResolveKeep {
    const KEEP: Keep = None;
}

impl<R> ResolveKeep for Resolve<R> {}

/// What a disposer function returned. Its methods prepare an error that is to be [kept](Kept); they are inherent where
/// there is one, and otherwise those of [`ReturnedAsIs`].
pub struct Returned<R>(pub R);

impl<E: Kept> Returned<Result<(), E>> {
    pub fn now(self) -> Returned<Result<(), BoxError>> {
        Returned(self.0.map_err(keep))
    }
}

impl<E: Kept, F: Future<Output = Result<(), E>>> Returned<F> {
    pub fn later(self) -> Returned<impl Future<Output = Result<(), BoxError>>> {
        Returned(async { self.0.await.map_err(keep) })
    }
}

/// The fallback of [`Returned`].
pub trait ReturnedAsIs: Sized {
    #[must_use]
    fn now(self) -> Self {
        self
    }

    #[must_use]
    fn later(self) -> Self {
        self
    }
}

impl<R> ReturnedAsIs for Returned<R> {}
